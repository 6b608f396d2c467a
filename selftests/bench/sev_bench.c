// SPDX-License-Identifier: GPL-2.0
/*
 * sev-bench: how long commands take, on whichever driver is loaded, with firmware that takes
 * as long as it is told. Short slices, each of one command by one way at one service time;
 * scripts/bench has many of them, of both drivers in turn, within one boot.
 *
 * Prints one line for each slice, see --help.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bar.h"
#include "bench.h"
#include "host.h"

#define SAMPLES_MAX	4000	/* calls of one slice */
#define SAMPLES_MIN	9
#define WARM_MIN	3
#define CALLERS_MAX	4
#define CROWD_US	20000	/* until the crowd is there */
#define WORDS_MAX	32

static const char usage[] =
"Usage: sev-bench [--slice-ms=N] [--service=US,...] [--only=WORK,...] [--batch=N] WAY...\n"
"Measures commands by these ways: floor (no driver may be loaded), stock or ours (legacy\n"
"ioctls, of the driver that is loaded), kvm (as ours, VMs by kvm_amd's handlers), pass\n"
"(pass-through, one by one), array (N at a time: 256, or 64 if the firmware takes more than\n"
"200 us), ring (as array, by the firmware's ring; scattered pages by one block). The\n"
"firmware, which must be the software PSP, takes US microseconds for each.\n"
"Prints, separated by commas, for each slice:\n"
"  work        the command, with what distinguishes it from others of its kind\n"
"  service_us  how long the firmware was told to take\n"
"  driver      the way\n"
"  median_us   of a call; of arrays and of scattered pages, of one command in it\n"
"  p99_us      likewise\n"
"  cpu_us      processor time of the caller for a command\n"
"  per_s       commands in a second\n"
"  min_us      of the shortest call, as median_us\n"
"  max_us      of the longest call, of all that is in it\n"
"  busy        share of the time in which the firmware was at work, 0 to 1\n"
"  limit_per_s commands in a second that the firmware could have done\n";

/* Order for a caller, and its findings. */
struct found {
	const struct work *work;
	enum way way;
	unsigned int batch;
	int ret;
	unsigned int count;
	double seconds;
	double cpu;
	double us[SAMPLES_MAX];
};

static struct options {
	double slice;	/* seconds */
	unsigned int service[WORDS_MAX];
	unsigned int nr_service;
	char *only[WORDS_MAX];
	unsigned int nr_only;
	unsigned int batch;	/* 0: as long as the firmware allows */
} options = {
	.slice = 0.1,
	.service = { 0, 5, 20, 50, 200, 1000, 5000 },
	.nr_service = 7,
};

static const char * const way_names[WAYS] = {
	"floor", "stock", "kvm", "ours", "pass", "array", "ring",
};

static struct scene scene;
static struct found found[CALLERS_MAX];	/* of each caller */
static atomic_bool crowd_stop;
static int crowd_ret;

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Counters of the software PSP, and when they were read. */
struct counters {
	double at;
	double firmware;	/* seconds of work */
	uint32_t commands;
};

static void read_counters(struct counters *c)
{
	uint64_t ns = (uint64_t)host_counter(SWPSP_BAR_SERVICE_NS + 4) << 32 |
		      host_counter(SWPSP_BAR_SERVICE_NS);

	*c = (struct counters){
		.at = seconds(CLOCK_MONOTONIC),
		.firmware = ns / 1e9,
		.commands = host_counter(SWPSP_BAR_COMMANDS),
	};
}

static void serve_in(unsigned int us)
{
	__atomic_store_n(&host_swpsp()[SWPSP_BAR_SERVICE_US / 4], us, __ATOMIC_SEQ_CST);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static unsigned int batch_for(unsigned int service)
{
	if (options.batch)
		return options.batch;
	return service <= BATCH_MAX_US ? BATCH_MAX : BATCH;
}

static int call(const struct found *f)
{
	return f->way == WAY_FLOOR ? floor_do(f->work) :
		work_do(&scene, f->work, f->way, f->batch);
}

/* The driver learns how to wait; what it does before it knows is not measured. */
static int warm_up(const struct found *f)
{
	double end = seconds(CLOCK_MONOTONIC) + options.slice / 4;
	int ret = 0;

	for (unsigned int i = 0; !ret && (i < WARM_MIN || seconds(CLOCK_MONOTONIC) < end); i++)
		ret = call(f);
	return ret;
}

static void measure(struct found *f)
{
	double began, now, start, cpu;

	f->ret = warm_up(f);
	f->count = 0;
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	start = seconds(CLOCK_MONOTONIC);
	now = start;
	while (!f->ret && f->count < SAMPLES_MAX &&
	       (f->count < SAMPLES_MIN || now < start + options.slice)) {
		began = now;
		f->ret = call(f);
		now = seconds(CLOCK_MONOTONIC);
		f->us[f->count++] = (now - began) * 1e6;
	}
	f->seconds = now - start;
	f->cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	if (pthread_create(thread, NULL, run, arg)) {
		fputs("sev-bench: cannot start a thread\n", stderr);
		exit(1);
	}
}

static void *measure_caller(void *arg)
{
	measure(arg);
	return NULL;
}

static void measure_callers(unsigned int callers)
{
	pthread_t threads[CALLERS_MAX];

	for (unsigned int i = 0; i < callers; i++)
		start_thread(&threads[i], measure_caller, &found[i]);
	for (unsigned int i = 0; i < callers; i++)
		pthread_join(threads[i], NULL);
}

static void *crowd(void *arg)
{
	while (!atomic_load(&crowd_stop) && !crowd_ret)
		crowd_ret = work_crowd(&scene, *(const enum way *)arg);
	return NULL;
}

static void measure_in_crowd(enum way way, struct counters *after)
{
	pthread_t thread;

	atomic_store(&crowd_stop, false);
	crowd_ret = 0;
	start_thread(&thread, crowd, &way);
	usleep(CROWD_US);
	measure(found);
	read_counters(after);
	atomic_store(&crowd_stop, true);
	serve_in(0);	/* a long array ends sooner so */
	pthread_join(thread, NULL);
	if (crowd_ret)
		found->ret = crowd_ret;
}

static int print_slice(const struct work *work, unsigned int service, enum way way,
		       const struct counters *before, const struct counters *after)
{
	double firmware = after->firmware - before->firmware;
	static double all[CALLERS_MAX * SAMPLES_MAX];
	unsigned int callers = work->callers ? work->callers : 1, n = 0;
	double units = work->units ? work->units : 1, cpu = 0, per_s = 0;

	if (work_is_array(work, way))
		units = batch_for(service);
	for (unsigned int i = 0; i < callers; i++) {
		if (found[i].ret)
			return found[i].ret;
		memcpy(all + n, found[i].us, found[i].count * sizeof(*all));
		n += found[i].count;
		cpu += found[i].cpu;
		per_s += found[i].count * units / found[i].seconds;
	}
	qsort(all, n, sizeof(*all), compare);
	printf("%s,%u,%s,%.2f,%.2f,%.2f,%.1f,%.2f,%.2f,%.3f,%.1f\n", work->name, service,
	       way_names[way], all[n / 2] / units, all[n * 99 / 100] / units,
	       cpu * 1e6 / (n * units), per_s, all[0] / units, all[n - 1],
	       firmware / (after->at - before->at),
	       (after->commands - before->commands) / firmware);
	fflush(stdout);
	return 0;
}

/* A driver that has no such parameter has nothing to choose from. */
static void set_parameter(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, value, strlen(value)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

static void prepare_way(enum way way)
{
	set_parameter("/sys/module/psp_sev/parameters/psp_ring", way == WAY_RING ? "on" : "off");
	set_parameter("/sys/module/kvm_sev_glue/parameters/legacy", way == WAY_KVM ? "N" : "Y");
}

/* The counters are about the same slice, with its warming up. */
static int run_slice(const struct work *work, unsigned int service, enum way way)
{
	struct counters before, after;

	for (unsigned int i = 0; i < CALLERS_MAX; i++) {
		found[i].work = work;
		found[i].way = way;
		found[i].batch = batch_for(service);
	}
	serve_in(service);
	prepare_way(way);
	read_counters(&before);
	if (work->callers)
		measure_callers(work->callers);
	else if (work->crowd)
		measure_in_crowd(way, &after);
	else
		measure(found);
	if (!work->crowd)
		read_counters(&after);
	serve_in(0);
	return print_slice(work, service, way, &before, &after);
}

/* As kvm_amd says, with whichever driver beneath it */
static bool is_snp_host(void)
{
	int fd = open("/sys/module/kvm_amd/parameters/sev_snp", O_RDONLY | O_CLOEXEC);
	char on = 'N';

	if (fd >= 0 && read(fd, &on, 1) != 1)
		on = 'N';
	if (fd >= 0)
		close(fd);
	return on == 'Y';
}

static bool is_wanted(const struct work *work)
{
	if (work->snp && !is_snp_host())
		return false;
	for (unsigned int i = 0; i < options.nr_only; i++)
		if (!strcmp(options.only[i], work->name))
			return true;
	return !options.nr_only;
}

/* All ways are next to each other, so that they see the same machine. */
static int run_all(unsigned int ways)
{
	int ret = 0;

	for (unsigned int i = 0; i < options.nr_service; i++)
		for (const struct work *work = works; work < works + nr_works; work++)
			for (unsigned int way = 0; way < WAYS; way++) {
				if (!(ways & work->ways & 1u << way) || !is_wanted(work))
					continue;
				ret = run_slice(work, options.service[i], way);
				if (ret) {
					fprintf(stderr, "sev-bench: %s by %s, %u us: %s\n",
						work->name, way_names[way], options.service[i],
						strerror(-ret));
					return ret;
				}
			}
	return 0;
}

static unsigned int split(char *text, char **words)
{
	unsigned int n = 0;
	char *word;

	while ((word = strsep(&text, ",")) && n < WORDS_MAX)
		words[n++] = word;
	return n;
}

static bool parse_option(char *arg)
{
	char *words[WORDS_MAX], *value = strchr(arg, '=');

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(arg, "--slice-ms")) {
		options.slice = atoi(value) / 1e3;
	} else if (!strcmp(arg, "--service")) {
		options.nr_service = split(value, words);
		for (unsigned int i = 0; i < options.nr_service; i++)
			options.service[i] = (unsigned int)atoi(words[i]);
	} else if (!strcmp(arg, "--only")) {
		options.nr_only = split(value, options.only);
	} else if (!strcmp(arg, "--batch")) {
		options.batch = atoi(value);
		return options.batch && options.batch <= BATCH_MAX;
	} else {
		return false;
	}
	return true;
}

/* Return: a bit for each way, 0 if something is wrong. */
static unsigned int parse(int argc, char **argv)
{
	unsigned int ways = 0, way;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-') {
			if (!parse_option(argv[i]))
				return 0;
			continue;
		}
		for (way = 0; way < WAYS && strcmp(argv[i], way_names[way]); way++)
			;
		if (way == WAYS)
			return 0;
		ways |= 1u << way;
	}
	return ways;
}

int main(int argc, char **argv)
{
	unsigned int ways = parse(argc, argv);
	int ret;

	if (!ways) {
		bool asked = argc == 2 && !strcmp(argv[1], "--help");

		fputs(usage, asked ? stdout : stderr);
		return asked ? 0 : 2;
	}
	if (!host_swpsp()) {
		fputs("sev-bench: needs the software PSP; scripts/bench has one\n", stderr);
		return 1;
	}
	serve_in(0);
	ret = ways == 1u << WAY_FLOOR ? floor_open() :
		scene_open(&scene, ways & (1u << WAY_PASS | 1u << WAY_ARRAY | 1u << WAY_RING));
	if (ret)
		fprintf(stderr, "sev-bench: cannot set up what is measured: %s\n", strerror(-ret));
	return ret || run_all(ways);
}
