/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list: all VMs, a row each. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "vm/status.h"
#include "commands.h"
#include "info_json.h"
#include "output.h"

enum { COLUMNS = 9 };

static const char *const headings[COLUMNS] = { "NAME", "STATE", "IP", "MAC",   "CPU",
					       "MEM",  "DISK",	"OS", "UPTIME" };

static const char *dash(const char *text)
{
	return text && *text ? text : "-";
}

/* --image records a path: its last part says enough in a table. */
static const char *os_word(const char *os)
{
	return dash(os ? file_base_name(os) : NULL);
}

static void list_row(const struct vm_info *info, struct strv *cells)
{
	const struct vm_config *vm = &info->config;
	char text[IP_TEXT_MAX];

	strv_push(cells, info->name);
	strv_push(cells, vm_state_word(info->state));
	vm_nic_format_ip(&vm->nics[0], text);
	text[strcspn(text, "/")] = '\0';
	strv_push(cells, info->state == VM_STATE_DAMAGED ? "-" : dash(text));
	mac_format(&vm->nics[0].mac, text);
	strv_push(cells, info->state == VM_STATE_DAMAGED ? "-" : text);
	strv_pushf(cells, "%u", vm->cpus);
	size_format(vm->memory_mib << 20, text);
	strv_push(cells, text);
	size_format(info->disk_bytes, text);
	strv_push(cells, info->disk_bytes ? text : "-");
	strv_push(cells, output_clean(os_word(vm->os)));
	output_uptime(info->usage.uptime_s, text);
	strv_push(cells, info->process.pid ? text : "-");
}

static void list_table(const struct vm_list *list)
{
	AUTO_STRV cells = STRV_INIT;

	for (size_t i = 0; i < list->n; i++)
		list_row(&list->v[i], &cells);
	output_table(headings, COLUMNS, (const char *const *)cells.v, list->n);
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].problem[0])
			fprintf(stderr, "%s: %s\n", list->v[i].name,
				output_clean(list->v[i].problem));
}

static void list_json(const struct vm_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, info_json(&list->v[i]));
	output_json(array);
}

static int run_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(vm_list_done) struct vm_list list = { .n = 0 };
	int r = vm_list_get(&cli->host, &list, err);

	(void)args;
	if (r)
		return r;
	if (cli->json) {
		list_json(&list);
	} else if (cli->quiet) {
		for (size_t i = 0; i < list.n; i++)
			puts(list.v[i].name);
	} else {
		list_table(&list);
	}
	return 0;
}

const struct command command_list = {
	.name = "list",
	.alias = "ls",
	.words = "",
	.summary = "all VMs",
	.run = run_list,
};
