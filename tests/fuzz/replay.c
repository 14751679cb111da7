/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds the files of one folder to a fuzz target, as a TAP test: replay FOLDER. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20 };

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* An input of its own memory, so that a sanitizer sees a read behind it. */
static void feed(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAX);
	size_t size;

	if (!file || !data)
		exit(2);
	size = fread(data, 1, INPUT_MAX, file);
	if (ferror(file) || !feof(file))
		exit(2);
	fclose(file);
	data = realloc(data, size ? size : 1);
	if (!data)
		exit(2);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	exit(0);
}

/* In a child, so that one crash does not hide the rest. */
static int replay(const char *folder, const char *name)
{
	char path[4096];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		feed(path);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

int main(int argc, char **argv)
{
	struct dirent **inputs;
	int n, failed = 0;

	n = argc == 2 ? scandir(argv[1], &inputs, is_input, alphasort) : 0;
	if (n < 1) {
		printf("Bail out! no inputs in '%s'\n", argc == 2 ? argv[1] : "");
		return EXIT_FAILURE;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		int status = replay(argv[1], inputs[i]->d_name);

		printf("%s %d - %s\n", status ? "not ok" : "ok", i + 1, inputs[i]->d_name);
		if (status)
			printf("# wait status %#x\n", (unsigned int)status);
		failed += status != 0;
		free(inputs[i]);
	}
	free(inputs);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
