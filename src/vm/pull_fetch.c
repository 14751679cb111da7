/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One transfer of a pull: a confined worker speaks to the server, and we read what it passes on. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"
#include "jail/worker.h"
#include "ca.h"
#include "image_writer.h"
#include "pull_steps.h"

enum { CHUNK = 1 << 20 };

/*
 * Longer than the worker's own limits, of stall_timeout_s for the connection and for each stall and
 * of what the resolver takes (resolv.conf(5)): for one that does not keep them any more.
 */
enum { SILENCE_FACTOR = 3, SILENCE_MORE_S = 60 };

/* Once, and before the fork: the worker can load and open nothing. */
static int prepare(struct pull *pull, struct error *err)
{
	int r;

	if (pull->ca.len)
		return 0;
	r = http_prepare(err);
	return r ? r : ca_read(pull->host->config.ca_file, &pull->ca, err);
}

static int work(void *arg, void *shared, int output_fd, struct error *err)
{
	return http_get(arg, output_fd, shared, err);
}

static void tick(void *arg)
{
	struct pull *pull = arg;

	pull_tell(pull, pull->progress.done);
}

static int wait_for_output(struct pull *pull, const struct worker_process *process)
{
	int64_t silence_s = (int64_t)pull->host->config.stall_timeout_s * SILENCE_FACTOR +
			    SILENCE_MORE_S;

	return worker_wait(process, silence_s * 1000, tick, pull);
}

static uint64_t told_total(const struct worker_process *process)
{
	const volatile struct http_result *result = process->shared;

	return result->total;
}

/* Until its end: then 0. A worker that falls silent is cut off, and its own error tells nothing. */
static int read_all(struct pull *pull, const struct pull_request *request,
		    const struct worker_process *process, bool *ret_silent, struct error *err)
{
	AUTO_FREE char *chunk = xmalloc(CHUNK);

	for (;;) {
		int r = wait_for_output(pull, process);
		ssize_t len;

		if (r == -ETIMEDOUT) {
			*ret_silent = true;
			return 0;
		}
		if (r < 0)
			return error_errno(err, -r, "wait for a download");
		len = read(process->output_fd, chunk, CHUNK);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return error_errno(err, errno, "read a download");
		if (len == 0)
			return 0;
		r = request->take(request->arg, chunk, (size_t)len, told_total(process), err);
		if (r)
			return r;
	}
}

/* What the worker says of itself is believed only as far as it does no harm. */
static void judge(struct pull *pull, const char *url, struct worker_process *process,
		  struct pull_answer *ret)
{
	struct http_result result;
	int r = worker_end(process, &ret->why);

	memcpy(&result, process->shared, sizeof(result));
	ret->retry_after_s = result.retry_after_s;
	ret->outcome = result.outcome;
	if (!r) {
		ret->outcome = HTTP_DONE;
		pull->answered = true;
		return;
	}
	if (ret->outcome != HTTP_AGAIN && ret->outcome != HTTP_NO_RANGE)
		ret->outcome = HTTP_FAILED;
	ret->reason = result.reason;
	ret->unreached = http_is_unreached(result.reason);
	pull->answered |= !ret->unreached;
	pull->small |= result.reason == HTTP_REASON_SILENT;
	pull_hint(pull, url, &result, &ret->why);
}

static void fall_silent(const char *url, struct pull_answer *ret)
{
	ret->outcome = HTTP_AGAIN;
	error_set(&ret->why, ERROR_TIMEOUT, ETIMEDOUT, "download '%s': nothing comes any more",
		  url);
}

int pull_fetch(struct pull *pull, const struct pull_request *request, struct pull_answer *ret,
	       struct error *err)
{
	AUTO(worker_done) struct worker_process process = WORKER_INIT;
	const struct host_config *config = &pull->host->config;
	struct http_request http = {
		.url = request->url,
		.plain = strncmp(request->url, "http://", strlen("http://")) == 0,
		.offset = request->offset,
		.max = request->max,
		.stall_timeout_s = config->stall_timeout_s,
		.small = pull->small,
		.ca = &pull->ca,
		.proxy = config->proxy,
		.agent = "mnmivm-se",
	};
	const struct worker worker = {
		.name = "download",
		.uid = host_config_worker_uid(config),
		.network = true,
		.cpu_s = image_cpu_s(request->max),
		.work = work,
		.arg = &http,
		.shared_size = sizeof(struct http_result),
	};
	bool silent = false;
	int r = prepare(pull, err);

	*ret = (struct pull_answer){ .outcome = HTTP_FAILED };
	if (!r)
		r = worker_start(&worker, &process, err);
	if (!r)
		r = read_all(pull, request, &process, &silent, err);
	if (r)
		return r;
	if (silent)
		fall_silent(request->url, ret);
	else
		judge(pull, request->url, &process, ret);
	return 0;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

enum retry_event pull_event(enum http_outcome outcome)
{
	switch (outcome) {
	case HTTP_AGAIN:
		return RETRY_AGAIN;
	case HTTP_NO_RANGE:
		return RETRY_NO_RANGE;
	case HTTP_FAILED:
	case HTTP_DONE:
		break;
	}
	return RETRY_REFUSED;
}

/*
 * Where a pull before this one has tried in vain for as long as it may to reach anybody at all,
 * there is nothing to wait for: each mirror is asked once.
 */
static bool is_offline(const struct pull *pull, const struct pull_answer *answer,
		       enum retry_step step, unsigned int delay_ms)
{
	bool *offline = pull->options ? pull->options->offline : NULL;

	if (!offline)
		return false;
	if (!answer->unreached)
		*offline = false;
	else if (step == RETRY_GIVE_UP)
		*offline = true;
	return *offline && delay_ms > 0;
}

/*
 * As long as nobody at all has answered there is little reason to think that anybody will: that is
 * to be told soon. Each mirror is asked once at least.
 */
static bool is_alone_for_long(struct pull *pull, unsigned int delay_ms)
{
	enum { ALONE_MS = 2000 }; /* for each of the tries */
	int64_t now = clock_ms();

	if (pull->answered)
		return false;
	if (!pull->alone_ms)
		pull->alone_ms = now;
	return delay_ms &&
	       now + delay_ms - pull->alone_ms > (int64_t)pull->host->config.pull_tries * ALONE_MS;
}

/* That nobody can be reached is noted once, and again only for another reason. */
static void note_again(struct pull *pull, const struct pull_answer *answer, unsigned int delay_ms)
{
	const char *name = pull->entry->name, *why = answer->why.message;

	if (!pull->answered && pull->told == answer->reason && answer->reason)
		return;
	pull->told = answer->reason;
	if (delay_ms)
		vm_note(pull->host, "%s: %s; again in %u s", name, why, (delay_ms + 999) / 1000);
	else
		vm_note(pull->host, "%s: %s; going on", name, why);
}

enum retry_step pull_retry(struct pull *pull, struct retry *retry, enum retry_event event,
			   uint64_t bytes, const struct pull_answer *answer)
{
	unsigned int delay_ms = 0;
	uint32_t jitter = 0;
	enum retry_step step;

	if (getrandom(&jitter, sizeof(jitter), GRND_NONBLOCK) != sizeof(jitter))
		jitter = (uint32_t)clock_ms();
	step = retry_failed(retry, event, bytes, answer->retry_after_s, jitter, &delay_ms);
	if (is_alone_for_long(pull, delay_ms))
		step = RETRY_GIVE_UP;
	if (is_offline(pull, answer, step, delay_ms))
		step = RETRY_GIVE_UP;
	if (step == RETRY_GIVE_UP)
		return step;
	note_again(pull, answer, delay_ms);
	sleep_ms(delay_ms);
	return step;
}

int pull_give_up(const struct retry *retry, const struct error *why, struct error *err)
{
	*err = *why;
	if (retry->tries_all > 1)
		return error_prefix(err, "given up after %u tries at %zu mirror%s",
				    retry->tries_all, retry->n_mirrors,
				    retry->n_mirrors == 1 ? "" : "s");
	return -err->code;
}
