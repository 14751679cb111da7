/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's confinement as lines of status --verbose. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/parse.h"
#include "confinement_view.h"
#include "output.h"

static const char *yes_no(int value)
{
	return value < 0 ? "unknown" : value ? "yes" : "no";
}

void capabilities_format(const struct vm_confinement *confinement, char out[CAPABILITIES_TEXT_MAX])
{
	const uint64_t *sets = confinement->capabilities;

	if (!confinement->has_capabilities)
		snprintf(out, CAPABILITIES_TEXT_MAX, "unknown");
	else if (!(sets[0] | sets[1] | sets[2] | sets[3] | sets[4]))
		snprintf(out, CAPABILITIES_TEXT_MAX, "none");
	else
		snprintf(out, CAPABILITIES_TEXT_MAX,
			 "%015" PRIx64 " %015" PRIx64 " %015" PRIx64 " %015" PRIx64 " %015" PRIx64,
			 sets[0], sets[1], sets[2], sets[3], sets[4]);
}

static void print_identity(const struct vm_confinement *confinement)
{
	char text[CAPABILITIES_TEXT_MAX];

	if (confinement->uid < 0)
		printf("uid:          unknown\n");
	else if (confinement->n_groups > 0)
		printf("uid:          %" PRId64 ", group %" PRId64 " and %d further ones\n",
		       confinement->uid, confinement->gid, confinement->n_groups);
	else
		printf("uid:          %" PRId64 ", group %" PRId64 " alone\n", confinement->uid,
		       confinement->gid);
	capabilities_format(confinement, text);
	printf("capabilities: %s\n", text);
	printf("no new privs: %s\n", yes_no(confinement->no_new_privs));
}

/* What is worth a word of a layer that is there. */
static void print_more(const struct vm_confinement *confinement, enum layer layer)
{
	if (layer == LAYER_ROOT)
		printf(", read-only, %d mounts", confinement->mounts);
	else if (layer == LAYER_SECCOMP)
		printf(", %d filters with QEMU's own", confinement->seccomp_filters);
	else if (layer == LAYER_CGROUP && confinement->cgroup)
		printf(", %s", output_clean(confinement->cgroup));
	if (layer == LAYER_CGROUP && confinement->cgroup_note)
		printf(", %s", output_clean(confinement->cgroup_note));
}

/* A cgroup can be missing in part, and where nobody wanted one. */
static void print_missing(const struct vm_confinement *confinement, enum layer layer)
{
	const char *note = layer == LAYER_CGROUP ? confinement->cgroup_note : NULL;

	if (layer == LAYER_CGROUP && confinement->cgroup_unasked)
		printf("none");
	else
		printf(confinement->layers[layer].allowed ? "missing, as allowed" : "MISSING");
	if (note)
		printf(": %s", output_clean(note));
}

static void print_layer(const struct vm_confinement *confinement, enum layer layer)
{
	const struct vm_layer *at = &confinement->layers[layer];

	printf("%s:%*s", layer_words[layer], (int)(13 - strlen(layer_words[layer])), "");
	if (at->state == VM_LAYER_MISSING)
		print_missing(confinement, layer);
	else
		printf("%s", vm_layer_state_words[at->state]);
	if (at->state == VM_LAYER_ON)
		print_more(confinement, layer);
	if (at->as_launched && at->state != VM_LAYER_UNKNOWN)
		printf(" (as launched)");
	printf("\n");
}

static void limit_add(struct buf *line, const char *what, int64_t value, bool is_size)
{
	char text[SIZE_TEXT_MAX];

	if (value < 0)
		return;
	if (is_size)
		size_format((uint64_t)value, text);
	else
		snprintf(text, sizeof(text), "%" PRId64, value);
	buf_printf(line, "%s%s %s", line->len ? ", " : "", what,
		   value == VM_UNLIMITED ? "unlimited" : text);
}

static void print_limits(const struct vm_confinement *confinement)
{
	AUTO_BUF line = BUF_INIT;

	/* a launch asks for 1, which is none where they are piped, too (core(5)) */
	if (confinement->core_bytes == 1)
		buf_puts(&line, "no core file");
	else
		limit_add(&line, "core file", confinement->core_bytes, true);
	limit_add(&line, "file", confinement->file_size_bytes, true);
	limit_add(&line, "processes", confinement->processes, false);
	printf("limits:       %s\n", line.len ? buf_str(&line) : "unknown");
	if (confinement->has_priority)
		printf("priority:     nice %d, OOM score %+d, CPUs %s\n", confinement->nice,
		       confinement->oom_score_adj,
		       confinement->cpus[0] ? confinement->cpus : "unknown");
}

/* UINT64_MAX and 0 are no limit, as cgroup_read() has them. */
static void print_usage(const struct cgroup_state *state)
{
	char used[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX] = "unlimited";
	const char *before = "";

	printf("resources:    ");
	if (state->has_memory) {
		size_format(state->memory_current, used);
		if (state->memory_max != UINT64_MAX)
			size_format(state->memory_max, most);
		printf("memory %s of %s", used, most);
		before = ", ";
	}
	if (state->has_cpu) {
		printf("%sCPU %" PRIu64 " s", before, state->cpu_usage_us / 1000000);
		if (state->cpu_max_percent)
			printf(" at %u %% at most", state->cpu_max_percent);
		before = ", ";
	}
	if (state->has_pids) {
		printf("%stasks %" PRIu64, before, state->pids_current);
		if (state->pids_max != UINT64_MAX)
			printf(" of %" PRIu64, state->pids_max);
		before = ", ";
	}
	printf("%s\n", *before ? "" : "not counted");
	if (state->oom_kills)
		printf("problem:      out of memory %" PRIu64 " times\n", state->oom_kills);
}

static void print_descriptors(const struct vm_confinement *confinement)
{
	const struct vm_descriptors *has = &confinement->descriptors;
	const struct {
		const char *what;
		unsigned int n;
	} kinds[] = {
		{ "files", has->files }, { "sockets", has->sockets }, { "taps", has->taps },
		{ "vhost", has->vhost }, { "kvm", has->kvm },	      { "memory", has->memory },
		{ "pipes", has->pipes }, { "/dev/null", has->null },  { "other", has->other },
	};
	const char *before = "";

	if (!confinement->has_descriptors) {
		printf("descriptors:  unknown\n");
		return;
	}
	printf("descriptors:  ");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].n)
			continue;
		printf("%s%s %u", before, kinds[i].what, kinds[i].n);
		before = ", ";
	}
	printf("%s\n", *before ? "" : "none");
}

void confinement_print(const struct vm_confinement *confinement)
{
	print_identity(confinement);
	for (unsigned int i = 0; i < LAYERS; i++)
		print_layer(confinement, (enum layer)i);
	print_limits(confinement);
	if (confinement->has_cgroup_state)
		print_usage(&confinement->cgroup_state);
	print_descriptors(confinement);
	if (confinement->apparmor[0])
		printf("apparmor:     %s\n", output_clean(confinement->apparmor));
	for (size_t i = 0; i < confinement->findings.n; i++)
		printf("finding:      QEMU %s\n", output_clean(confinement->findings.v[i]));
}
