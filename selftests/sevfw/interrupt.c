// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into sevfw: sends it the signal SEVFW_SIGNAL at the step SEVFW_STEP of the writing
 * of files, as an impatient person does. Steps are calls of open, write, close and rename, from
 * the first file on whose name ends with ".new"; a write is done by half before the signal.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fd_new = -1;	/* the file that is being written */
static int steps;

static void step(void)
{
	if (++steps == atoi(getenv("SEVFW_STEP")))
		raise(atoi(getenv("SEVFW_SIGNAL")));
}

int open(const char *path, int flags, ...)
{
	typeof(open) *real = dlsym(RTLD_NEXT, "open");
	const char *end = strrchr(path, '.');
	va_list arg;
	mode_t mode;
	int fd;

	va_start(arg, flags);
	mode = flags & O_CREAT ? va_arg(arg, mode_t) : 0;
	va_end(arg);
	fd = real(path, flags, mode);
	if (end && !strcmp(end, ".new")) {
		fd_new = fd;
		step();
	}
	return fd;
}

ssize_t write(int fd, const void *data, size_t len)
{
	typeof(write) *real = dlsym(RTLD_NEXT, "write");
	ssize_t done;

	if (fd != fd_new)
		return real(fd, data, len);
	done = real(fd, data, (len + 1) / 2);
	step();
	return done;
}

int close(int fd)
{
	typeof(close) *real = dlsym(RTLD_NEXT, "close");

	if (fd == fd_new)
		step();
	return real(fd);
}

int rename(const char *from, const char *to)
{
	typeof(rename) *real = dlsym(RTLD_NEXT, "rename");

	step();
	return real(from, to);
}
