/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings, as the checks make them. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/quote.h"
#include "check.h"
#include "host_files.h"

const char *const doctor_level_words[] = { "PASS", "WARN", "FAIL" };

/* Names of links, files and VMs are in it, and what programs said. */
static char *clean(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));
static char *clean(const char *fmt, va_list args)
{
	AUTO_FREE char *text = xvasprintf(fmt, args);
	size_t size = 3 * strlen(text) + 1;
	char *out = xmalloc(size);

	error_sanitise(out, size, text);
	return out;
}

static char *clean_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *clean_text(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = clean(fmt, args);
	va_end(args);
	return text;
}

static void say(struct check *check, enum doctor_level level, const char *object, const char *fmt,
		va_list args) __attribute__((format(printf, 4, 0)));
static void say(struct check *check, enum doctor_level level, const char *object, const char *fmt,
		va_list args)
{
	struct doctor_report *report = check->report;

	report->v = xreallocarray(report->v, report->n + 1, sizeof(*report->v));
	report->v[report->n++] = (struct doctor_finding){
		.id = check->id,
		.group = check->group,
		.object = clean_text("%s", object),
		.level = level,
		.text = clean(fmt, args),
	};
}

void check_pass(struct check *check, const char *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(check, DOCTOR_PASS, object, fmt, args);
	va_end(args);
}

void check_warn(struct check *check, const char *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(check, DOCTOR_WARN, object, fmt, args);
	va_end(args);
}

void check_fail(struct check *check, const char *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(check, DOCTOR_FAIL, object, fmt, args);
	va_end(args);
}

void check_error(struct check *check, const char *object, const struct error *err)
{
	if (geteuid() != 0 && (err->code == EACCES || err->code == EPERM))
		check_warn(check, object, "%s: not looked at", err->message);
	else
		check_fail(check, object, "%s", err->message);
	if (err->hint[0])
		check_fix(check, "%s", err->hint);
}

char *check_quoted(const char *word)
{
	AUTO_BUF text = BUF_INIT;

	quote_word(&text, word);
	return buf_steal(&text);
}

static struct doctor_finding *last(struct check *check)
{
	return &check->report->v[check->report->n - 1];
}

void check_fix(struct check *check, const char *fmt, ...)
{
	va_list args;

	free(last(check)->fix);
	va_start(args, fmt);
	last(check)->fix = clean(fmt, args);
	va_end(args);
}

void check_keep(struct check *check, const char *fmt, ...)
{
	va_list args;

	free(last(check)->keep);
	va_start(args, fmt);
	last(check)->keep = clean(fmt, args);
	va_end(args);
}

void check_change(struct check *check, enum doctor_change_kind kind, const char *name,
		  const char *value)
{
	struct doctor_finding *finding = last(check);

	if (finding->n_changes == DOCTOR_CHANGES_MAX)
		return;
	finding->changes[finding->n_changes++] = (struct doctor_change){
		.kind = kind,
		.name = xstrdup(name),
		.value = value ? xstrdup(value) : NULL,
	};
}

void check_fix_module(struct check *check, const char *module)
{
	check_fix(check, "modprobe %s", module);
	check_keep(check, "'%s' as a line of %s", module, host_modules_file());
	check_change(check, DOCTOR_MODULE, module, NULL);
}

void check_fix_sysctl(struct check *check, const char *name, const char *value)
{
	check_fix(check, "sysctl -w %s=%s", name, value);
	check_keep(check, "'%s = %s' in %s", name, value, HOST_SYSCTL_FILE);
	check_change(check, DOCTOR_SYSCTL, name, value);
}

void doctor_report_done(struct doctor_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		struct doctor_finding *finding = &report->v[i];

		for (size_t j = 0; j < finding->n_changes; j++) {
			free(finding->changes[j].name);
			free(finding->changes[j].value);
		}
		free(finding->object);
		free(finding->text);
		free(finding->fix);
		free(finding->keep);
	}
	free(report->v);
	*report = (struct doctor_report){ .n = 0 };
}
