// SPDX-License-Identifier: GPL-2.0
/*
 * Many guests launched and killed at the same time, as many as there are ASIDs,
 * so that ACTIVATE, DEACTIVATE, WBINVD and DF_FLUSH meet in every order. Not one
 * command may fail for that, no measurement may be another guest's, and in the
 * end nothing is held.
 *
 * COLLIDE_SECONDS in the environment says for how long, each time (default 6).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "control.h"
#include "glue.h"
#include "host.h"

#define RAM		(64 << 10)
#define WORKERS_MAX	16
#define STAGES		7

/* One worker, and what it leaves for the parent to read. */
struct worker {
	unsigned int number;
	bool es;
	bool passthrough;
	struct owner_platform platform;
	time_t end;
	/* results */
	unsigned long guests;
	const char *failed;
	int err;
	uint32_t status;
};

static bool step(struct worker *w, struct launch *l, const char *name, int err)
{
	if (err && !w->failed) {
		w->failed = name;
		w->err = err;
		w->status = l->status;
	}
	return !err;
}

#define STEP(call)	step(w, &l, #call, call)

/* One guest, which dies at @stage of its launch. It runs unless its memory is ciphertext to KVM. */
static void one_guest(struct worker *w, unsigned int stage, const struct launch_ops *ops)
{
	uint32_t policy = w->es ? OWNER_POLICY_ES : 0;
	struct launch l;
	char out[64];
	bool ok;

	ok = STEP(launch_open(&l, ops, policy)) && STEP(launch_vm(&l, RAM)) &&
	     STEP(launch_init(&l)) && STEP(launch_load(&l));
	l.platform = w->platform;
	l.by_dev = w->guests & 2;
	if (stage > 0)
		ok = ok && STEP(launch_start(&l));
	if (stage > 1)
		ok = ok && STEP(launch_update(&l));
	if (stage > 2)
		ok = ok && STEP(launch_measure(&l));
	if (stage > 2 && !w->es)
		ok = ok && STEP(launch_check(&l));
	if (stage > 3)
		ok = ok && STEP(launch_secret(&l, "collide"));
	if (stage > 4)
		ok = ok && STEP(launch_finish(&l));
	if (stage > 5 && !w->es && !host_cipher() && ok && STEP(launch_run(&l, out, sizeof(out))) &&
	    strcmp(out, "collide"))
		step(w, &l, "the guest printed something else", -EPROTO);
	launch_close(&l);
}

/* A slow machine gets more time: each ASID has to be used more than once. */
#define GUESTS_MIN	3

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Half of all guests come up to their end, the others die on the way. */
static void *work(void *arg)
{
	struct worker *w = arg;

	while ((now() < w->end || w->guests < GUESTS_MIN) && !w->failed) {
		unsigned int turn = w->guests + w->number;
		bool legacy = !w->passthrough || turn % 3 == 0;

		/* by the driver and by KVM's own handlers, while others are at it */
		serve_legacy(turn & 4);
		one_guest(w, turn % 2 ? STAGES - 1 : turn / 2 % STAGES,
			  legacy ? &launch_legacy : &launch_fw);
		w->guests++;
	}
	return NULL;
}

/* Meanwhile somebody looks at the platform. */
static void *look(void *arg)
{
	struct worker *w = arg;
	struct launch l;

	if (STEP(launch_open(&l, &launch_legacy, 0))) {
		while (now() < w->end && !w->failed) {
			l.ops = w->passthrough && w->guests % 2 ? &launch_fw : &launch_legacy;
			STEP(launch_version(&l));
			STEP(launch_certs(&l));
			w->guests++;
		}
	}
	launch_close(&l);
	return NULL;
}

FIXTURE(collide) {
	struct worker *workers;		/* shared with children */
	unsigned int count;
	struct host_use before;
	uint32_t flushes;
};

/* Kinds of workers, and of the guests that they make. */
FIXTURE_VARIANT(collide) {
	bool threads;
	bool sev, es;
};

FIXTURE_VARIANT_ADD(collide, processes) {
	.sev = true,
};

FIXTURE_VARIANT_ADD(collide, threads) {
	.threads = true, .sev = true,
};

FIXTURE_VARIANT_ADD(collide, es_processes) {
	.es = true,
};

FIXTURE_VARIANT_ADD(collide, both_processes) {
	.sev = true, .es = true,
};

static void add_workers(FIXTURE_DATA(collide) *self, const struct launch *l, bool es,
			unsigned int max)
{
	unsigned int n = host_asids(es);
	const char *seconds = getenv("COLLIDE_SECONDS");

	for (unsigned int i = 0; i < n && i < max; i++)
		self->workers[self->count++] = (struct worker){
			.number = i,
			.es = es,
			.passthrough = !host_missing(HOST_FW),
			.platform = l->platform,
			.end = now() + (seconds ? atoi(seconds) : 6),
		};
}

FIXTURE_SETUP(collide)
{
	struct launch l;

	HOST_NEEDS(HOST_SEV | (variant->es ? HOST_ES : 0));
	self->workers = mmap(NULL, (WORKERS_MAX + 1) * sizeof(*self->workers),
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->workers);
	ASSERT_EQ(0, launch_open(&l, &launch_legacy, 0));
	ASSERT_EQ(0, launch_version(&l));
	ASSERT_EQ(0, launch_certs(&l));	/* initialises the platform, if nobody has yet */
	launch_close(&l);
	if (variant->sev)
		add_workers(self, &l, false, variant->es ? WORKERS_MAX / 2 : WORKERS_MAX);
	if (variant->es)
		add_workers(self, &l, true, WORKERS_MAX - self->count);
	ASSERT_LT(0, self->count);
	self->workers[self->count] = self->workers[0];	/* for look() */
	ASSERT_EQ(0, host_use(&self->before));
	self->flushes = host_counter(SWPSP_BAR_COUNT(host_flush_id()));
}

FIXTURE_TEARDOWN(collide)
{
	serve_legacy(true);
	munmap(self->workers, (WORKERS_MAX + 1) * sizeof(*self->workers));
}

static void run_threads(struct __test_metadata *_metadata, FIXTURE_DATA(collide) *self)
{
	pthread_t thread[WORKERS_MAX + 1];

	for (unsigned int i = 0; i <= self->count; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, i < self->count ? work : look,
					    &self->workers[i]));
	for (unsigned int i = 0; i <= self->count; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
}

static void run_processes(struct __test_metadata *_metadata, FIXTURE_DATA(collide) *self)
{
	int status;

	for (unsigned int i = 0; i <= self->count; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			(i < self->count ? work : look)(&self->workers[i]);
			_exit(0);
		}
	}
	for (unsigned int i = 0; i <= self->count; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
}

TEST_F_TIMEOUT(collide, launch_and_die, 600)
{
	struct host_use after;
	unsigned long guests = 0;
	uint32_t flushes;

	if (variant->threads)
		run_threads(_metadata, self);
	else
		run_processes(_metadata, self);

	for (unsigned int i = 0; i <= self->count; i++) {
		struct worker *w = &self->workers[i];

		EXPECT_EQ(NULL, w->failed) {
			TH_LOG("worker %u, guest %lu: %s: %s, %s", i, w->guests, w->failed,
			       strerror(-w->err), sev_status_text(w->status));
		}
		guests += i < self->count ? w->guests : 0;
	}
	/* if each ASID has been used more than once, there was something to flush */
	EXPECT_LT(self->count, guests);
	flushes = host_counter(SWPSP_BAR_COUNT(host_flush_id())) - self->flushes;
	if (!host_missing(HOST_SWPSP))
		EXPECT_LT(0, flushes);
	TH_LOG("%u workers, %lu guests, %u flushes", self->count, guests, flushes);

	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(&self->before, &after))
		TH_LOG("%s", host_use_differs(&self->before, &after));
}

/* One guest more than there are ASIDs for it */

FIXTURE(pool) {
	struct launch *guests;
	unsigned int count;
};

FIXTURE_VARIANT(pool) {
	bool es;
	const char *attr;
};

FIXTURE_VARIANT_ADD(pool, sev) {
	.attr = "asids",
};

FIXTURE_VARIANT_ADD(pool, es) {
	.es = true, .attr = "asids_es",
};

FIXTURE_SETUP(pool)
{
	HOST_NEEDS(HOST_SEV | HOST_SWPSP | (variant->es ? HOST_ES : 0));
	self->count = host_asids(variant->es);
	ASSERT_LT(0, self->count);
	self->guests = calloc(self->count + 1, sizeof(*self->guests));
	ASSERT_NE(NULL, self->guests);
}

FIXTURE_TEARDOWN(pool)
{
	free(self->guests);
}

static int begin(struct launch *l, bool es, bool start)
{
	int ret = launch_open(l, &launch_legacy, es ? OWNER_POLICY_ES : 0);

	if (!ret)
		ret = launch_steps(l, RAM, STEP_VM | STEP_INIT |
					   (start ? STEP_LOAD | STEP_START : 0));
	return ret;
}

/* How many ASIDs are bound, and how many are not, as the driver says. */
static bool count_asids(const char *attr, unsigned int *bound, unsigned int *others)
{
	unsigned int free, dirty;
	int fields = sscanf(psp_attr(attr), "free %u bound %u dirty %u", &free, bound, &dirty);

	*others = free + dirty;
	return fields == 3;
}

TEST_F(pool, exhausted)
{
	unsigned int i, bound, left, others = 0;
	struct launch *extra = &self->guests[self->count];

	/* "asids" is about all of them */
	if (!host_missing(HOST_FW) && !variant->es)
		ASSERT_TRUE(count_asids("asids_es", &bound, &others));
	for (i = 0; i < self->count; i++)
		ASSERT_EQ(0, begin(&self->guests[i], variant->es, true))
			TH_LOG("guest %u", i);
	EXPECT_EQ(-EBUSY, begin(extra, variant->es, false));
	launch_close(extra);
	if (!host_missing(HOST_FW)) {
		EXPECT_TRUE(count_asids(variant->attr, &bound, &left));
		EXPECT_EQ(self->count, bound);
		EXPECT_EQ(others, left);
	}

	/* there is room as soon as one has gone */
	launch_close(&self->guests[0]);
	EXPECT_EQ(0, begin(extra, variant->es, true));
	for (i = 1; i <= self->count; i++)
		launch_close(&self->guests[i]);
}

HOST_TESTS_MAIN
