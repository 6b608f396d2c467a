// SPDX-License-Identifier: GPL-2.0
/*
 * sev-bench: how long commands take, on whichever driver is loaded. Prints one
 * line for each measurement, "NAME MEDIAN P99" in microseconds; scripts/bench runs
 * it on both drivers within one boot and divides.
 *
 * Only legacy ioctls are timed by default, since both drivers have them; --fw times
 * the pass-through ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/launch.h>

#define ROUND_TRIPS	3000
#define UPDATES		8
#define UPDATE_SIZE	(16u << 20)
#define PAGE		4096u
#define HUGE		(2u << 20)

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *name, double *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
	printf("%s %.1f %.1f\n", name, samples[count / 2], samples[count * 99 / 100]);
	fflush(stdout);
}

static int round_trips(const struct launch_ops *ops)
{
	static double samples[ROUND_TRIPS];
	struct launch l;
	int ret = launch_open(&l, ops, 0);

	for (size_t i = 0; !ret && i < ROUND_TRIPS; i++) {
		double began = now_us();

		ret = launch_version(&l);
		samples[i] = now_us() - began;
	}
	launch_close(&l);
	if (!ret)
		report("PLATFORM_STATUS", samples, ROUND_TRIPS);
	return ret;
}

/* One guest, its RAM encrypted by one LAUNCH_UPDATE_DATA. */
static int update(const struct launch_ops *ops, int advice, double *took)
{
	struct launch l;
	double began;
	int ret = launch_open(&l, ops, 0);

	if (!ret)
		ret = launch_vm(&l, UPDATE_SIZE + HUGE);
	if (!ret) {
		uint8_t *from = (uint8_t *)(((uintptr_t)l.vm.memory + HUGE - 1) & ~(HUGE - 1ul));

		madvise(l.vm.memory, l.vm.size, advice);
		for (size_t i = 0; i < UPDATE_SIZE; i += PAGE)
			from[i] = i / PAGE;
		ret = launch_init(&l);
		if (!ret)
			ret = launch_start(&l);
		began = now_us();
		if (!ret)
			ret = ops->update(&l, from, UPDATE_SIZE);
		*took = now_us() - began;
	}
	launch_close(&l);
	return ret;
}

static int updates(const struct launch_ops *ops, const char *name, int advice)
{
	double samples[UPDATES];
	int ret = 0;

	for (size_t i = 0; !ret && i < UPDATES; i++)
		ret = update(ops, advice, &samples[i]);
	if (!ret)
		report(name, samples, UPDATES);
	return ret;
}

int main(int argc, char **argv)
{
	const struct launch_ops *ops = &launch_legacy;
	int ret;

	if (argc == 2 && !strcmp(argv[1], "--fw")) {
		ops = &launch_fw;
	} else if (argc != 1) {
		puts("Usage: sev-bench [--fw]\n"
		     "Prints NAME MEDIAN P99 in microseconds; --fw: of pass-through commands.");
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2;
	}

	ret = round_trips(ops);
	if (!ret)
		ret = updates(ops, "UPDATE_16M_SMALL_PAGES", MADV_NOHUGEPAGE);
	if (!ret)
		ret = updates(ops, "UPDATE_16M_HUGE_PAGES", MADV_HUGEPAGE);
	if (ret)
		fprintf(stderr, "sev-bench: %s\n", strerror(-ret));
	return !!ret;
}
