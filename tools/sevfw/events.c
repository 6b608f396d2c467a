// SPDX-License-Identifier: GPL-2.0
/*
 * Following the tracepoint. The instance must not outlive the program: it would go on
 * recording, with a buffer for each CPU.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events.h"
#include "host.h"

#define EVENT	"events/psp_sev/psp_command"

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

int events_stopped(void)
{
	return stopped;
}

static const char *find_tracefs(void)
{
	static const char * const places[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/events", places[i]);
		if (!access(path, F_OK))
			return places[i];
		if (errno == EACCES)
			fail(EXIT_NO_ACCESS, "%s may not be read; be root", places[i]);
	}
	fail(EXIT_NO_ACCESS, "there is no tracefs; \"mount -t tracefs none /sys/kernel/tracing\" "
	     "brings it");
}

static void need_event(const char *tracefs)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/" EVENT, tracefs);
	if (access(path, F_OK))
		fail(EXIT_NO_ACCESS, "psp_sev, which has the tracepoint, is not loaded; the stock "
		     "driver has none");
}

/* Writes "1" to @name in the instance; removes the instance if that fails. */
static void enable(const struct events *events)
{
	char path[400];
	int fd, error = 0;

	snprintf(path, sizeof(path), "%s/" EVENT "/enable", events->dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (!error)
		return;
	close(events->fd);
	rmdir(events->dir);
	fail(EXIT_NO_ACCESS, "%s: %s", path, strerror(error));
}

void events_open(struct events *events)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	const struct sigaction action = { .sa_handler = stop };
	const char *tracefs = find_tracefs();
	char path[400];

	need_event(tracefs);
	events->len = 0;
	snprintf(events->dir, sizeof(events->dir), "%s/instances/sevfw-%ld", tracefs,
		 (long)getpid());
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
	if (mkdir(events->dir, 0700) && errno != EEXIST)
		fail(EXIT_NO_ACCESS, "%s: %s; be root", events->dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/trace_pipe", events->dir);
	events->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (events->fd < 0) {
		const int error = errno;

		rmdir(events->dir);
		fail(EXIT_NO_ACCESS, "%s: %s", path, strerror(error));
	}
	enable(events);
}

/* A line that is longer than the buffer is no event of ours, and is dropped. */
static bool read_more(struct events *events)
{
	ssize_t got;

	if (events->len == sizeof(events->text) - 1)
		events->len = 0;
	got = read(events->fd, events->text + events->len,
		   sizeof(events->text) - 1 - events->len);
	if (got <= 0)
		return false;
	events->len += got;
	return true;
}

bool events_next(struct events *events, struct traced *traced)
{
	for (;;) {
		char *end = memchr(events->text, '\n', events->len);
		bool found;

		if (!end) {
			if (!read_more(events))
				return false;
			continue;
		}
		*end = '\0';
		found = traced_parse(events->text, traced);
		events->len -= end + 1 - events->text;
		memmove(events->text, end + 1, events->len);
		if (found)
			return true;
	}
}

void events_close(struct events *events)
{
	close(events->fd);
	if (rmdir(events->dir))
		warn("%s: %s; remove it, it goes on recording", events->dir, strerror(errno));
}

int events_end(int error)
{
	if (stopped == SIGPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	errno = error;
	if (error)
		fail_to_save(NULL);
	return 0;
}
