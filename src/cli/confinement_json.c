/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's confinement as JSON; what is not known is null. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "confinement_view.h"
#include "output.h"

/* Unlimited is null, too: there is no number for it. */
static void set_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key,
			    value < 0 || value == VM_UNLIMITED ? json_null() : json_integer(value));
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key,
			    text && *text ? json_string(output_clean(text)) : json_null());
}

static json_t *layers_json(const struct vm_confinement *confinement)
{
	json_t *object = json_object();

	for (unsigned int i = 0; i < LAYERS; i++) {
		const struct vm_layer *at = &confinement->layers[i];

		json_object_set_new(object, layer_words[i],
				    json_string(vm_layer_state_words[at->state]));
	}
	return object;
}

static json_t *allowed_json(const struct vm_confinement *confinement)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < LAYERS; i++)
		if (confinement->layers[i].state == VM_LAYER_MISSING &&
		    confinement->layers[i].allowed)
			json_array_append_new(array, json_string(layer_words[i]));
	return array;
}

static json_t *capabilities_json(const struct vm_confinement *confinement)
{
	static const char *const sets[] = { "inheritable", "permitted", "effective", "bounding",
					    "ambient" };
	json_t *object;

	if (!confinement->has_capabilities)
		return json_null();
	object = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		char text[24];

		snprintf(text, sizeof(text), "%016" PRIx64, confinement->capabilities[i]);
		json_object_set_new(object, sets[i], json_string(text));
	}
	return object;
}

static void set_count(json_t *object, const char *key, bool known, uint64_t value)
{
	json_object_set_new(object, key,
			    known && value != UINT64_MAX ? json_integer((json_int_t)value)
							 : json_null());
}

static json_t *usage_json(const struct vm_confinement *confinement)
{
	const struct cgroup_state *state = &confinement->cgroup_state;
	json_t *object;

	if (!confinement->has_cgroup_state)
		return json_null();
	object = json_object();
	set_count(object, "memory_bytes", state->has_memory, state->memory_current);
	set_count(object, "memory_max_bytes", state->has_memory, state->memory_max);
	set_count(object, "oom_kills", state->has_memory, state->oom_kills);
	set_count(object, "cpu_usage_us", state->has_cpu, state->cpu_usage_us);
	set_count(object, "cpu_max_percent", state->has_cpu && state->cpu_max_percent,
		  state->cpu_max_percent);
	set_count(object, "tasks", state->has_pids, state->pids_current);
	set_count(object, "tasks_max", state->has_pids, state->pids_max);
	return object;
}

static json_t *descriptors_json(const struct vm_confinement *confinement)
{
	const struct vm_descriptors *has = &confinement->descriptors;

	if (!confinement->has_descriptors)
		return json_null();
	return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "files", has->files, "sockets",
			 has->sockets, "taps", has->taps, "vhost", has->vhost, "kvm", has->kvm,
			 "memory", has->memory, "pipes", has->pipes, "null", has->null, "other",
			 has->other);
}

static json_t *findings_json(const struct vm_confinement *confinement)
{
	json_t *array = json_array();

	for (size_t i = 0; i < confinement->findings.n; i++)
		json_array_append_new(array, json_string(output_clean(confinement->findings.v[i])));
	return array;
}

json_t *confinement_json(const struct vm_confinement *confinement)
{
	json_t *object = json_object();

	json_object_set_new(object, "layers", layers_json(confinement));
	json_object_set_new(object, "allowed_missing", allowed_json(confinement));
	set_number(object, "uid", confinement->uid);
	set_number(object, "gid", confinement->gid);
	set_number(object, "groups", confinement->n_groups);
	json_object_set_new(object, "capabilities", capabilities_json(confinement));
	json_object_set_new(object, "no_new_privs",
			    confinement->no_new_privs < 0
				    ? json_null()
				    : json_boolean(confinement->no_new_privs));
	set_number(object, "seccomp", confinement->seccomp);
	set_number(object, "seccomp_filters", confinement->seccomp_filters);
	set_number(object, "inner_pid", confinement->inner_pid);
	set_number(object, "mounts", confinement->mounts);
	set_number(object, "core_bytes", confinement->core_bytes);
	set_number(object, "file_size_bytes", confinement->file_size_bytes);
	set_number(object, "processes", confinement->processes);
	json_object_set_new(object, "nice",
			    confinement->has_priority ? json_integer(confinement->nice)
						      : json_null());
	json_object_set_new(object, "oom_score_adj",
			    confinement->has_priority ? json_integer(confinement->oom_score_adj)
						      : json_null());
	set_text(object, "cpus", confinement->cpus);
	set_text(object, "cgroup", confinement->cgroup);
	set_text(object, "cgroup_note", confinement->cgroup_note);
	json_object_set_new(object, "usage", usage_json(confinement));
	set_text(object, "apparmor", confinement->apparmor);
	json_object_set_new(object, "descriptors", descriptors_json(confinement));
	json_object_set_new(object, "findings", findings_json(confinement));
	return object;
}
