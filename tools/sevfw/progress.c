// SPDX-License-Identifier: GPL-2.0
/*
 * One line on standard error, overwritten in place and cut to the terminal: a line that
 * wraps could not be taken back. The cursor stays visible and is never moved up, so that
 * nothing has to be mended after Ctrl-C.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

#define PATIENCE	1.0	/* seconds without a bar */
#define INTERVAL	0.2	/* between two drawings */
#define BAR		16	/* columns of the bar itself */
#define LINE_MAX	160

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void progress_begin(struct progress *progress, const char *label, uint64_t total)
{
	*progress = (struct progress){
		.label = label, .total = total, .begin = now(), .terminal = isatty(STDERR_FILENO),
	};
}

/* "1.5 MiB": a number that keeps its width, and its unit. */
static void amount(char *text, size_t size, double bytes)
{
	static const char * const unit[] = { "B", "KiB", "MiB", "GiB" };
	size_t i = 0;

	for (; bytes >= 1024 && i < 3; i++)
		bytes /= 1024;
	snprintf(text, size, "%5.1f %s", bytes, unit[i]);
}

static void draw(const struct progress *p, double seconds)
{
	struct winsize size = { .ws_col = 80 };
	const double rate = p->done / seconds, share = p->total ? (double)p->done / p->total : 1;
	char line[LINE_MAX], bar[BAR + 1], done[24], total[24], speed[24];
	unsigned long left = rate > 0 ? (p->total - p->done) / rate + 0.5 : 0;

	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	if (!size.ws_col)
		size.ws_col = 80;
	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)(share * BAR));
	bar[BAR] = '\0';
	amount(done, sizeof(done), p->done);
	amount(total, sizeof(total), p->total);
	amount(speed, sizeof(speed), rate);
	snprintf(line, sizeof(line), "%s [%s] %3.0f %% %s of %s, %s/s, %lu:%02lu left", p->label,
		 bar, share * 100, done, total, speed, left / 60, left % 60);
	fprintf(stderr, "\r%.*s\033[K", size.ws_col - 1, line);
}

void progress_add(struct progress *progress, uint64_t bytes)
{
	double time;

	progress->done += bytes;
	if (progress->done > progress->total)
		progress->done = progress->total;
	if (!progress->terminal)
		return;
	time = now();
	if (time - progress->begin < PATIENCE || time - progress->drawn < INTERVAL)
		return;
	draw(progress, time - progress->begin);
	progress->drawn = time;
}

void progress_clear(struct progress *progress)
{
	if (progress->drawn > 0)
		fputs("\r\033[K", stderr);
	progress->drawn = 0;
}
