// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of calls (acts.h), led by coverage. Where it is known which code of the drivers a
 * program has reached ("make cover"), one that has reached something new is kept, and changed
 * programs are tried. Elsewhere the corpus, guided.hex, is run as it is: on each kernel, with
 * whatever looks for bugs there.
 *
 * No answer is judged. The kernel must not complain, the PSP must live, and nothing may be held
 * at the end.
 *
 * GUIDED_SECONDS in the environment says for how long changed programs are tried (default 0),
 * GUIDED_CORPUS names a file with a program in each line, in hexadecimal and with xN behind it
 * if its bursts are to be repeated N times, GUIDED_DEATHS says for how long programs are tried in
 * which the firmware dies (not at all), GUIDED_OUT a directory for results:
 * programs that were kept (corpus.hex), as few of them as reach all that was reached
 * (small.hex), addresses that were reached (covered), counts for each command (commands), and
 * the program that a test is running (running.TEST.hex), in case it is the last one. test_seed()
 * says where random numbers begin.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "acts.h"
#include "bar.h"
#include "common.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "kcov.h"
#include "patience.h"

#define RAM		(256 << 10)
#define CORPUS_MAX	4096
#define DEATH_TIMEOUT	1	/* seconds on a quiet machine */
#define TIMES		64	/* for each burst of some programs */
#define TEXT_MAX	(2 * PROGRAM_MAX + 16)
#define REPLAY_SECONDS	5	/* of a corpus, without coverage */

struct kept {
	struct program p;
	struct kcov_set places;
};

static struct {
	struct kept *kept;
	size_t count;
	uint64_t random;
	unsigned long programs;
	int running;		/* file for the program that runs */
	int tainted;
	char taint[32];
	bool complained;
} corpus;

static uint64_t rnd(void)
{
	corpus.random ^= corpus.random << 13;
	corpus.random ^= corpus.random >> 7;
	corpus.random ^= corpus.random << 17;
	return corpus.random * 0x2545f4914f6cdd1dull >> 16;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ---- files ---- */

static FILE *out_file(const char *name)
{
	const char *dir = getenv("GUIDED_OUT");
	char path[PATH_MAX];

	if (!dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "we");
}

/* Each test has a file of its own: it may be the only trace of a test that did not end. */
static void open_running(const char *test)
{
	const char *dir = getenv("GUIDED_OUT");
	char path[PATH_MAX];

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/running.%s.hex", dir, test);
	corpus.running = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

static unsigned int to_text(const struct program *p, char text[TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned int i;

	for (i = 0; i < p->size; i++) {
		text[2 * i] = digits[p->byte[i] >> 4];
		text[2 * i + 1] = digits[p->byte[i] & 15];
	}
	return 2 * i + (p->times ? sprintf(text + 2 * i, "x%u\n", p->times) :
				   sprintf(text + 2 * i, "\n"));
}

static void write_program(FILE *file, const struct program *p)
{
	char text[TEXT_MAX];

	to_text(p, text);
	fputs(text, file);
}

static void from_text(const char *text, struct program *p)
{
	unsigned int byte;

	p->size = 0;
	while (p->size < PROGRAM_MAX && sscanf(text, "%2x", &byte) == 1) {
		p->byte[p->size++] = byte;
		text += 2;
	}
	p->times = *text == 'x' ? atoi(text + 1) : 0;
}

static struct kept *keep(const struct program *p)
{
	if (corpus.count == CORPUS_MAX)
		return NULL;
	corpus.kept[corpus.count].p = *p;
	return &corpus.kept[corpus.count++];
}

static void read_corpus(const char *path)
{
	char line[TEXT_MAX];
	FILE *file = fopen(path, "re");
	struct program p;

	while (file && fgets(line, sizeof(line), file)) {
		from_text(line, &p);
		if (p.size)
			keep(&p);
	}
	if (file)
		fclose(file);
}

/* The one in the repository, unless another one is named */
static void find_corpus(void)
{
	const char *given = getenv("GUIDED_CORPUS");
	char path[PATH_MAX] = "";
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash = len < 0 ? NULL : strrchr(path, '/');

	if (slash)
		strcpy(slash, "/../../selftests/box/guided.hex");
	read_corpus(given ? given : path);
}

/* ---- programs ---- */

/* Bytes go, come, or change; or it goes on as another one does. */
static void change_once(struct program *p)
{
	const struct program *other = corpus.count ? &corpus.kept[rnd() % corpus.count].p : p;
	unsigned int at = p->size ? rnd() % p->size : 0, len = 1 + rnd() % 16;

	switch (rnd() % 7) {
	case 0:
		p->byte[at] ^= 1 << rnd() % 8;
		break;
	case 1:
	case 2:
		p->byte[at] = rnd();
		break;
	case 3:
		if (p->size + len > PROGRAM_MAX)
			break;
		memmove(p->byte + at + len, p->byte + at, p->size - at);
		for (unsigned int i = 0; i < len; i++)
			p->byte[at + i] = rnd();
		p->size += len;
		break;
	case 4:
		if (at + len >= p->size)
			break;
		memmove(p->byte + at, p->byte + at + len, p->size - at - len);
		p->size -= len;
		break;
	case 5:
		len = other->size / 2;
		if (at + len > PROGRAM_MAX)
			break;
		memmove(p->byte + at, other->byte + other->size - len, len);
		p->size = at + len;
		break;
	default:
		for (unsigned int i = 0; i < len && p->size < PROGRAM_MAX; i++)
			p->byte[p->size++] = rnd();
	}
}

/* Something to begin with: a guest in some state, then calls, most of them on it */
static void sensible(struct program *p)
{
	static const uint8_t states[] = { 0x00, 0x08, 0x0a, 0x18, 0x38, 0x09, 0x29, 0x3c, 0x4d };
	/* commands of arrays that change a guest, or the platform */
	static const uint8_t ids[] = {
		SEV_FW_LAUNCH_UPDATE_DATA, SEV_FW_DBG_ENCRYPT, SEV_FW_SWAP_OUT, SEV_FW_COPY,
		SEV_FW_SEND_UPDATE_DATA, SEV_FW_SNP_LAUNCH_UPDATE, SEV_FW_SNP_DBG_ENCRYPT,
		SEV_FW_SNP_CONFIG,
	};

	p->size = 0;
	p->times = 0;
	if (rnd() % 3) {
		p->byte[p->size++] = ACT_GUEST;
		p->byte[p->size++] = 0;
		p->byte[p->size++] = states[rnd() % sizeof(states)];
	} else {
		p->byte[p->size++] = ACT_SNP;
		p->byte[p->size++] = rnd() % 0x20;
		for (int i = 0; i < 3; i++)
			p->byte[p->size++] = rnd() % 0x40;
	}
	for (int n = 2 + rnd() % 10; n; n--) {
		p->byte[p->size++] = rnd() % 3 ? rnd() % ACTS : ACT_BURST;
		p->byte[p->size++] = rnd() % 3 ? rnd() : ids[rnd() % sizeof(ids)];
		p->byte[p->size++] = rnd() % 4 ? 0 : rnd();
		for (int i = rnd() % 8; i; i--)
			p->byte[p->size++] = rnd() % 4 ? rnd() : 0;
	}
}

/* The kernel's complaints since it was booted, as bits */
static void read_taint(char taint[32])
{
	ssize_t len = pread(corpus.tainted, taint, 31, 0);

	taint[len > 0 ? len : 0] = '\0';
}

/* After a part of a program: what has reached something new is kept. */
static void keep_news(const struct program *p)
{
	struct kept *kept = kcov_news() ? keep(p) : NULL;

	if (kept)
		kcov_which(&kept->places);
	kcov_begin();
}

/* Return: how much of it was new */
static unsigned int try_program(const struct program *p)
{
	char text[TEXT_MAX], taint[32];
	unsigned int news;
	FILE *file;

	if (corpus.running >= 0 &&
	    ftruncate(corpus.running, pwrite(corpus.running, text, to_text(p, text), 0)))
		return 0;
	kcov_begin();
	acts_run(p, keep_news);
	acts_restore();
	news = kcov_news();
	corpus.programs++;
	read_taint(taint);
	if (!strcmp(taint, corpus.taint))
		return news;
	/* the first one of them is told; whoever runs it again finds the complaint */
	corpus.complained = true;
	strcpy(corpus.taint, taint);
	file = out_file("complaint.hex");
	to_text(p, text);
	printf("# guided: the kernel complains of %s", text);
	if (file) {
		fputs(text, file);
		fclose(file);
	}
	return news;
}

static void try_and_keep(const struct program *p)
{
	struct kept *kept = try_program(p) ? keep(p) : NULL;

	if (!kept)
		return;
	kept->p.times = 0;
	kcov_which(&kept->places);
}

/* ---- results ---- */

static unsigned int gain(const struct kcov_set *covered, const struct kcov_set *set)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(set->word); i++)
		n += __builtin_popcountll(set->word[i] & ~covered->word[i]);
	return n;
}

/* As few as reach all: the one that adds most for its length, until there is nothing to add */
static void write_small(FILE *file)
{
	struct kcov_set covered = { 0 };
	const struct kept *best;
	double best_worth;

	do {
		best = NULL;
		best_worth = 0;
		for (size_t i = 0; i < corpus.count; i++) {
			const struct kept *k = &corpus.kept[i];
			double worth = gain(&covered, &k->places) / (64.0 + k->p.size);

			if (worth > best_worth) {
				best_worth = worth;
				best = k;
			}
		}
		if (best) {
			write_program(file, &best->p);
			for (size_t i = 0; i < ARRAY_SIZE(covered.word); i++)
				covered.word[i] |= best->places.word[i];
		}
	} while (best);
}

static void write_all(FILE *file)
{
	for (size_t i = 0; i < corpus.count; i++)
		write_program(file, &corpus.kept[i].p);
}

static void write_results(void)
{
	static const struct {
		const char *name;
		void (*write)(FILE *file);
	} results[] = {
		{ "corpus.hex", write_all }, { "small.hex", write_small },
		{ "covered", kcov_write }, { "commands", acts_table },
	};

	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		FILE *file = out_file(results[i].name);

		if (!file)
			continue;
		results[i].write(file);
		fclose(file);
	}
}

/* A line for people and scripts, see scripts/cover */
static void report(const char *what, double seconds)
{
	struct acts_count c = acts_total();

	printf("# guided %s: %.0f seconds, %lu programs, %lu executed, %lu reached, %lu changed; "
	       "%.0f %.0f %.0f per second; %zu places, %zu programs kept, "
	       "%u times too much for one area\n",
	       what, seconds, corpus.programs, c.executed, c.reached, c.changed,
	       c.executed / seconds, c.reached / seconds, c.changed / seconds, kcov_count(),
	       corpus.count, kcov_full());
	fflush(stdout);
}

/* ---- the test ---- */

FIXTURE(guided) {
	struct launch anchor;	/* keeps the platform from being reset */
	struct host_use before;
	uint64_t seed;
	double seconds;
	long quarantined;
	uint32_t asked;		/* commands that the firmware has counted before */
	bool covers;
};

FIXTURE_SETUP(guided)
{
	const char *seconds = getenv("GUIDED_SECONDS");

	HOST_NEEDS(HOST_SEV | HOST_FW | HOST_SWPSP);
	ASSERT_EQ(0, guest_started(&self->anchor, false, RAM));
	self->seed = test_seed(1);
	self->seconds = seconds ? atoi(seconds) : 0;
	corpus.random = self->seed << 8 | 1;
	corpus.kept = calloc(CORPUS_MAX, sizeof(*corpus.kept));
	ASSERT_NE(NULL, corpus.kept);
	self->covers = kcov_open(KCOV_WORDS);
	corpus.running = -1;
	corpus.tainted = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	read_taint(corpus.taint);
	find_corpus();
	if (!corpus.count)
		SKIP_SETUP("the corpus is not beside the sources of this program");
	ASSERT_EQ(0, acts_open());
	self->quarantined = psp_attr_number("quarantined_pages");
	self->asked = host_counter(SWPSP_BAR_COMMANDS);
	ASSERT_EQ(0, host_use(&self->before));
}

FIXTURE_TEARDOWN(guided)
{
	launch_close(&self->anchor);
}

/* Of those that were there, only one stays that reaches what no other has. */
static void replay(double end, bool covers)
{
	size_t n = corpus.count, i;
	struct program p;

	if (covers)
		corpus.count = 0;
	/* a program that is kept comes to lie where it was, or before */
	for (i = 0; i < n && (covers || now() < end); i++) {
		p = corpus.kept[i].p;
		if (covers)
			try_and_keep(&p);
		else
			try_program(&p);
	}
	if (i < n)
		printf("# guided: no time for %zu of %zu programs\n", n - i, n);
}

/* One in @new is a new one. */
static void change(struct program *p, unsigned int new)
{
	if (corpus.count && rnd() % new)
		*p = corpus.kept[rnd() % corpus.count].p;
	else
		sensible(p);
	for (int n = 1 + rnd() % 4; n; n--)
		change_once(p);
}

/*
 * In the firmware's ring, since there bursts cost least. An act of the program says so, and not
 * its @times: a place that is reached there is credited to a program without these.
 */
static void repeat_bursts(struct program *p)
{
	static const uint8_t ring[] = { ACT_LOOK, LOOK_RING };

	p->times = TIMES;
	if (p->size >= sizeof(ring) && !memcmp(p->byte, ring, sizeof(ring)))
		return;
	if (p->size > PROGRAM_MAX - sizeof(ring))
		p->size = PROGRAM_MAX - sizeof(ring);
	memmove(p->byte + sizeof(ring), p->byte, p->size);
	memcpy(p->byte, ring, sizeof(ring));
	p->size += sizeof(ring);
}

/* A program in four takes longer than the others. */
static void try_changed(double began, double seconds, bool covers)
{
	double told = began;
	struct program p;
	bool repeats;

	while (now() < began + seconds) {
		repeats = rnd() % 4 == 0;
		change(&p, repeats ? 2 : 16);
		p.times = 0;
		if (repeats)
			repeat_bursts(&p);
		if (covers)
			try_and_keep(&p);
		else
			try_program(&p);
		if (now() >= told + 60) {
			told = now();
			report("so far", told - began);
		}
	}
}

TEST_F_TIMEOUT(guided, programs_of_calls, 7200)
{
	double began = now();
	struct host_use after;
	struct launch l;

	open_running(_metadata->name);
	replay(began + REPLAY_SECONDS * patience(), self->covers);
	report("corpus", now() - began);
	try_changed(began, self->seconds, self->covers);
	kcov_close();
	report("whole", now() - began);
	write_results();

	EXPECT_FALSE(corpus.complained);
	EXPECT_LT(0, acts_total().reached);
	/* which has had others, too: those by which guests end */
	EXPECT_LE(acts_total().reached, host_counter(SWPSP_BAR_COMMANDS) - self->asked);
	EXPECT_LT(0, acts_total().changed);
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_EQ(self->quarantined, psp_attr_number("quarantined_pages"));
	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(&self->before, &after))
		TH_LOG("%s", host_use_differs(&self->before, &after));
	EXPECT_EQ(0, guest_started(&l, false, RAM));
	launch_close(&l);
}

static struct {
	unsigned int calls;
	struct program last;
} repeated;

static void note_burst(const struct program *p)
{
	repeated.calls++;
	repeated.last = *p;
}

/* A burst is repeated with other blocks, and what it counts is what the firmware counts. */
TEST_F(guided, bursts_that_are_repeated)
{
	/* by /dev/sev, 64 of them, whatever they are answered, blocks by seed 0x201 */
	struct program p = {
		.size = 7, .times = 2, .byte = { ACT_BURST, SEV_FW_NOP, 0, 0, 7, 1, 2 },
	};
	uint32_t nops = host_counter(SWPSP_BAR_COUNT(SEV_FW_NOP));
	struct acts_count first;

	acts_run(&p, note_burst);
	first = acts_total();
	EXPECT_EQ(first.executed, first.reached);
	EXPECT_EQ(first.reached, host_counter(SWPSP_BAR_COUNT(SEV_FW_NOP)) - nops);

	/* the last one alone; there is one on a machine that is very slow */
	ASSERT_LE(1, repeated.calls);
	ASSERT_GE(2, repeated.calls);
	EXPECT_EQ(0, repeated.last.times);
	EXPECT_EQ(repeated.calls, repeated.last.byte[5]);
	acts_run(&repeated.last, NULL);
	EXPECT_EQ(first.executed - (repeated.calls - 1) * 64,
		  acts_total().executed - first.executed);
	acts_restore();
}

/* A burst that is kept goes by the ring, as it did when it was repeated. */
TEST_F(guided, bursts_that_are_repeated_in_the_ring)
{
	struct program p = { .size = 7, .byte = { ACT_BURST, SEV_FW_NOP, 0, 0, 7, 1, 2 } };
	long by_ring = psp_waits("ring");

	if (host_snp())
		SKIP(return, "on a host for SNP the driver does not use the ring");
	repeat_bursts(&p);
	p.times = 1;
	acts_run(&p, note_burst);
	acts_restore();
	EXPECT_EQ(by_ring + 64, psp_waits("ring"));

	by_ring = psp_waits("ring");
	acts_run(&repeated.last, NULL);
	acts_restore();
	EXPECT_EQ(by_ring + 64, psp_waits("ring"));
}

/* What the firmware has done is tried again with little changed: it does more of that. */
TEST_F(guided, bursts_that_are_repeated_like_what_was_done)
{
	/* a guest that is started, and LAUNCH_UPDATE_DATA on it */
	struct program p = {
		.size = 10, .times = 3, .byte = {
			ACT_GUEST, 0, 8, ACT_BURST, SEV_FW_LAUNCH_UPDATE_DATA, 0, 0, 7, 1, 2,
		},
	};
	struct acts_count c;

	acts_run(&p, note_burst);
	c = acts_total();
	/* there is one on a machine that is very slow */
	EXPECT_LE(1, repeated.calls);
	EXPECT_LT(c.executed, 4 * c.changed)
		TH_LOG("%lu of %lu", c.changed, c.executed);
	acts_restore();
}

/* A firmware that says that it takes commands from a ring, and does not, would be given up. */
TEST_F(guided, a_ring_that_is_only_said_to_be_on)
{
	const struct program p = {
		.size = 13, .byte = {
			ACT_LOOK, LOOK_RING, ACT_FAULT, 0, 0, SEV_FW_RING_BUFFER,
			ACT_BURST, SEV_FW_NOP, 0, 0, 7, 1, 2,
		},
	};

	acts_run(&p, NULL);
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_LT(0, acts_total().reached);
	acts_restore();
}

/* Four pages from the arena's last one on are locked, three of which are behind it. */
TEST_F(guided, memory_that_a_program_locks)
{
	const struct program p = { .size = 4, .byte = { ACT_MEMORY, 0, 47, 0x63 } };
	struct host_use after;

	acts_run(&p, NULL);
	ASSERT_EQ(0, host_use(&after));
	EXPECT_LT(self->before.locked_kib, after.locked_kib);
	acts_restore();
	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(self->before.locked_kib, after.locked_kib);
}

/* The last program of a test that was killed is still there after the next test. */
TEST_F(guided, the_program_that_a_test_was_running)
{
	static const struct program last = { .size = 2, .byte = { ACT_LOOK, 0x80 } };
	static const struct program other = { .size = 2, .byte = { ACT_LOOK, 0x81 } };
	char dir[] = "/tmp/guided.XXXXXX", path[64], text[16];

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, setenv("GUIDED_OUT", dir, 1));
	open_running("killed");
	try_program(&other);
	try_program(&last);
	open_running("next");
	try_program(&other);
	snprintf(path, sizeof(path), "%s/running.killed.hex", dir);
	EXPECT_EQ(5, control_read(path, text, sizeof(text)));
	EXPECT_STREQ("0f80\n", text);
	unlink(path);
	snprintf(path, sizeof(path), "%s/running.next.hex", dir);
	EXPECT_EQ(0, unlink(path));
	EXPECT_EQ(0, rmdir(dir));
}

/* The largest burst has room for all places, and so have many; a lack of it is noticed. */
TEST_F(guided, room_for_places)
{
	/* LAUNCH_UPDATE_DATA on a guest that is started, 1,024 of it; the first one is done */
	static const struct program p = {
		.size = 10, .byte = {
			ACT_GUEST, 0, 8, ACT_BURST, SEV_FW_LAUNCH_UPDATE_DATA, 0, 0, 15, 1, 2,
		},
	};

	if (!self->covers)
		SKIP(return, "these drivers do not tell where they are");
	kcov_begin();
	for (int i = 0; i < 20; i++)
		acts_run(&p, NULL);
	EXPECT_LT(0, kcov_news());
	EXPECT_EQ(0, kcov_full());
	kcov_close();

	/* neither the guest nor the burst */
	ASSERT_TRUE(kcov_open(64));
	acts_run(&p, NULL);
	EXPECT_EQ(2, kcov_full());
	acts_restore();
}

/* All answers are errors from then on, and all guests end. */
static void die_in_program(struct __test_metadata *_metadata, const struct program *p, bool *dies)
{
	static const uint32_t kinds[] = {
		SWPSP_FAULT_HANG, SWPSP_FAULT_GARBLE, SWPSP_FAULT_ALL_ONES,
	};
	uint32_t kind = kinds[rnd() % ARRAY_SIZE(kinds)];

	ASSERT_EQ(0, acts_dying(kind, rnd() % 4 ? rnd() % 8 : rnd() % 256));
	try_program(p);
	*dies = psp_attr_number("dead") == 1;
	EXPECT_EQ(0, acts_alive());
}

/* The drivers find a firmware that lives again. */
static void load_anew(struct __test_metadata *_metadata, struct launch *anchor)
{
	char timeout[sizeof("psp_timeout=") + 10];
	const char *params[] = { timeout, NULL };

	snprintf(timeout, sizeof(timeout), "psp_timeout=%u", DEATH_TIMEOUT * patience());
	launch_close(anchor);
	acts_end();
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(params));
	ASSERT_EQ(0, psp_attr_number("dead"));
	ASSERT_EQ(0, guest_started(anchor, false, RAM));
	ASSERT_EQ(0, acts_begin());
}

TEST_F_TIMEOUT(guided, programs_in_which_the_firmware_dies, 7200)
{
	const char *seconds = getenv("GUIDED_DEATHS");
	double began = now();
	unsigned int deaths = 0;
	bool dies = false;
	struct program p;

	if (!seconds || drivers_missing())
		SKIP(return, "takes long: for \"make cover\"");
	kcov_close();
	open_running(_metadata->name);
	load_anew(_metadata, &self->anchor);
	while (now() < began + atoi(seconds) && !corpus.complained) {
		change(&p, 16);
		die_in_program(_metadata, &p, &dies);
		deaths += dies;
		if (dies)
			load_anew(_metadata, &self->anchor);
	}
	printf("# guided deaths: %.0f seconds, %lu programs, %u deaths\n", now() - began,
	       corpus.programs, deaths);
	fflush(stdout);
	EXPECT_FALSE(corpus.complained);
	EXPECT_LT(0, deaths);
}

TEST_HARNESS_MAIN
