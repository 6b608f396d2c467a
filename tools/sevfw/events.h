/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands as they are answered: the tracepoint of psp_sev, in a trace instance of its own,
 * so that nothing else that is traced is disturbed.
 */
#ifndef SEVFW_EVENTS_H
#define SEVFW_EVENTS_H

#include "block.h"

/**
 * struct events - a trace instance
 * @dir: its directory
 * @fd: trace_pipe in it
 * @len: bytes in @text that are not yet lines
 * @text: what was read
 */
struct events {
	char dir[256];
	int fd;
	size_t len;
	char text[16384];
};

/**
 * events_open() - begin to follow; ends the program, with the reason, if that cannot be
 *
 * From now on SIGINT, SIGTERM, SIGHUP and SIGPIPE do not end the program, because the
 * instance has to be removed: see events_stopped().
 */
void events_open(struct events *events);

/** events_stopped() - the signal that asked for the end, 0 if there was none */
int events_stopped(void);

/**
 * events_next() - next command, without waiting
 *
 * Return: false if there is none yet.
 */
bool events_next(struct events *events, struct traced *traced);

/** events_close() - remove the instance */
void events_close(struct events *events);

/**
 * events_end() - how a program ends that followed events
 * @error: errno of output that could not be written, 0 if all could be
 *
 * Ctrl-C and the like are the ordinary end. If the reader of a pipe is gone, the program
 * ends by SIGPIPE, as others do.
 *
 * Return: the exit status.
 */
int events_end(int error);

#endif /* SEVFW_EVENTS_H */
