// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the two sides of a migration to people. Standard output is the wire, hence
 * standard error.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "sides.h"

void side_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int side_failed(const struct launch *l, const char *what, int ret)
{
	side_say("%s: %s", what, launch_error(l, ret));
	return ret;
}

double side_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

double side_rate(unsigned int pages, double seconds)
{
	return seconds > 0 ? pages * 4096.0 / (1 << 20) / seconds : 0;
}
