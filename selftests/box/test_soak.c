// SPDX-License-Identifier: GPL-2.0
/*
 * Guests of each kind, several at a time: SEV, SEV-ES, SNP, guests that are sent and received,
 * mirrored, moved. Each lives in a process of its own, which stops at a random step or is
 * killed from outside, while the firmware refuses, delays, and loses interrupts. A step may
 * fail only if the firmware had a fault meanwhile. At the end the host must hold what it held
 * before: guests in the firmware, ASIDs, pinned pages, pages in the reverse map table, files,
 * slab objects, free memory.
 *
 * SOAK_SECONDS in the environment says for how long (default 3), test_seed() where the
 * random numbers begin. Lines that begin with "# soak" are for scripts/soak.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/launch.h>
#include <sevfw/migrate.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "patience.h"
#include "snp_steps.h"

#define RAM		(256 << 10)
#define AT		0x10000		/* guest address of what is sent */
#define WORKERS_MAX	3
#define POOL_MAX	64
#define STEPS_MAX	14
#define CACHES_MAX	512
#define FAULT_US	300000		/* how long a fault waits for its command */

/* Pages for answers, which the firmware has for as long as it wants them: see psp/answer.c */
#define ANSWER_PAGES	16

/*
 * Growth that is no leak: a kernel's caches vary by themselves, and lives leave nothing behind.
 * For each processor the kernel counts one slab of a cache as in use. Beside that, a leak of one
 * object in 32 lives is noticed, and of one page in 16. A run of seconds tells nothing of caches.
 */
#define FILES_GROWTH	(32 * sysconf(_SC_NPROCESSORS_ONLN))	/* not yet summed up */
#define CACHE_GROWTH(lives)	((lives) < 200 ? 1000 : 20 + (lives) / 32)
#define VMALLOC_GROWTH(lives)	(1024 + (lives) / 4)	/* in KiB */
#define MEMORY_GROWTH(lives)	(8192 + (lives) / 4)	/* in KiB */

/* ---- random numbers ---- */

static uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull >> 16;
}

static bool one_in(uint64_t *state, unsigned int n)
{
	return rnd(state) % n == 0;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

/* ---- shared by all processes of the test ---- */

enum end { WHOLE, STOPPED, KILLED, REFUSED_LIFE, ENDS };

static const char *const end_names[ENDS] = { "whole", "stopped", "killed", "refused" };

enum fault_kind { FAULT_STATUS, FAULT_DROP, FAULT_DELAY, FAULT_STRAY, FAULT_KINDS };

static const char *const fault_names[FAULT_KINDS] = {
	"refused", "no interrupt", "late", "stray interrupt",
};

#define KINDS	8

static struct shared {
	uint64_t end_us;
	uint32_t epoch;			/* odd while a fault is armed */
	uint32_t lives[KINDS];
	uint32_t ends[ENDS];
	uint32_t struck[FAULT_KINDS];
	char wrong[256];		/* the first life that failed for no reason */
} *shared;

static void count(uint32_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static uint32_t epoch(void)
{
	return __atomic_load_n(&shared->epoch, __ATOMIC_SEQ_CST);
}

static bool over(void)
{
	return now_us() >= shared->end_us || shared->wrong[0];
}

/* ---- one life ---- */

static struct life {
	uint64_t random;
	uint32_t policy;
	struct launch a, b;
	struct migrate_target target;
	struct migrate_session session;
	struct migrate_packet packet;
	struct snp_launch snp;
} life;

/* Legacy ioctls or pass-through, from step to step */
static void either_way(void)
{
	life.a.ops = one_in(&life.random, 2) ? &launch_fw : &launch_legacy;
}

static int make(void)
{
	return guest_new(&life.a, life.policy, one_in(&life.random, 2), RAM);
}

static int make_running(void)
{
	return guest_running(&life.a, life.policy, one_in(&life.random, 2), RAM);
}

static int make_other(void)
{
	return guest_new(&life.b, life.policy, one_in(&life.random, 2), RAM);
}

/* A VM that is no guest */
static int make_vm(void)
{
	int ret = launch_open(&life.b, &launch_fw, life.policy);

	return ret ? ret : launch_vm(&life.b, RAM);
}

static int session(void)
{
	int ret = launch_session(&life.a);

	vm_load_payload(&life.a.vm);
	return ret;
}

static int start(void)
{
	either_way();
	return launch_start(&life.a);
}

static int update(void)
{
	either_way();
	return launch_update(&life.a);
}

static int update_vmsa(void)
{
	either_way();
	return launch_es(&life.a) ? launch_update_vmsa(&life.a) : 0;
}

static int measure(void)
{
	either_way();
	return launch_measure(&life.a);
}

static int check(void)
{
	either_way();
	return launch_check(&life.a);
}

static int secret(void)
{
	either_way();
	return launch_secret(&life.a, "soaked");
}

static int finish(void)
{
	either_way();
	return launch_finish(&life.a);
}

/* Only a guest whose registers KVM can see runs in the box. */
static int run(void)
{
	char out[256];

	return launch_es(&life.a) ? 0 : launch_run(&life.a, out, sizeof(out));
}

static int send_start(void)
{
	int ret = migrate_target(&life.b, NULL, &life.target);

	return ret ? ret : migrate_send_start(&life.a, &life.target, &life.session);
}

static int send_data(void)
{
	return migrate_send_data(&life.a, AT, PAGE, &life.packet);
}

static int receive_start(void)
{
	return migrate_receive_start(&life.b, &life.session);
}

static int receive_data(void)
{
	return migrate_receive_data(&life.b, AT, &life.packet);
}

static int pass_vmsa(void)
{
	int ret;

	if (!launch_es(&life.a))
		return 0;
	ret = migrate_send_vmsa(&life.a, 0, &life.packet);
	return ret ? ret : migrate_receive_vmsa(&life.b, 0, &life.packet);
}

static int receive_finish(void)
{
	return migrate_receive_finish(&life.b);
}

static int send_end(void)
{
	if (one_in(&life.random, 2))
		return migrate_send_finish(&life.a);
	return migrate_send_cancel(&life.a);
}

static int take_context(uint32_t cap)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { life.a.vm.vm_fd } };

	return ioctl(life.b.vm.vm_fd, KVM_ENABLE_CAP, &enable) ? -errno : 0;
}

static int mirror(void)
{
	return take_context(KVM_CAP_VM_COPY_ENC_CONTEXT_FROM);
}

static int move(void)
{
	return take_context(KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM);
}

/* Of two VMs with one guest, one closes, and the other one still has it. */
static int leave_one(void)
{
	uint32_t policy, state;

	if (one_in(&life.random, 2)) {
		launch_close(&life.a);
		return life.b.ops->state(&life.b, &policy, &state);
	}
	launch_close(&life.b);
	return life.a.ops->state(&life.a, &policy, &state);
}

static int look_moved(void)
{
	uint32_t policy, state;

	launch_close(&life.a);
	return life.b.ops->state(&life.b, &policy, &state);
}

static int snp_make(void)
{
	bool pass = one_in(&life.random, 2);
	int ret = snp_step_open(&life.snp, pass ? &snp_launch_pass : &snp_launch_kvm);

	life.snp.by_dev = one_in(&life.random, 2);
	return ret;
}

static int snp_start(void)
{
	return snp_launch_start(&life.snp, SNP_POLICY_PLAIN);
}

static int snp_update(void)
{
	return snp_step_update(&life.snp, one_in(&life.random, 2) ? &snp_launch_pass :
			       &snp_launch_kvm);
}

static int snp_finish(void)
{
	return snp_launch_finish(&life.snp, NULL);
}

static int snp_late(void)
{
	return snp_launch_prefault(&life.snp, GPA_LATE, 3);
}

/* The guest of tools/guest, which runs and talks to the firmware, is another program's. */
static int snp_whole(void)
{
	char path[PATH_MAX] = "";
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash = len < 0 ? NULL : strrchr(path, '/');
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!slash || null < 0)
		return -ENOENT;
	strcpy(slash + 1, "sev_snp_life");
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execl(path, path, "whole", NULL);
	return -errno;
}

typedef int (*step_t)(void);

static const struct kind {
	const char *name;
	unsigned int needs;
	uint32_t policy;
	step_t steps[STEPS_MAX];
} kinds[KINDS] = {
	{ "sev", HOST_SEV, 0,
	  { make, session, start, update, measure, check, secret, finish, run } },
	{ "sev-es", HOST_ES, OWNER_POLICY_ES,
	  { make, session, start, update, update_vmsa, measure, check, finish } },
	{ "sent", HOST_SEV, 0,
	  { make_running, make_other, send_start, send_data, receive_start, receive_data,
	    receive_finish, send_end } },
	{ "sent-es", HOST_ES, OWNER_POLICY_ES,
	  { make_running, make_other, send_start, send_data, receive_start, receive_data,
	    pass_vmsa, receive_finish, send_end } },
	{ "mirrored", HOST_SEV, 0, { make, session, start, make_vm, mirror, leave_one } },
	{ "moved", HOST_SEV, 0, { make, session, start, make_vm, move, look_moved } },
	{ "snp", HOST_SNP, 0, { snp_make, snp_start, snp_update, snp_finish, snp_late } },
	{ "snp-run", HOST_SNP, 0, { snp_whole } },
};

static unsigned int steps_of(const struct kind *kind)
{
	unsigned int n = 0;

	while (n < STEPS_MAX && kind->steps[n])
		n++;
	return n;
}

static void failed(const struct kind *kind, unsigned int step, int ret)
{
	const struct launch *l = life.b.ops && life.b.status ? &life.b : &life.a;
	uint32_t status = kind->needs == HOST_SNP ? life.snp.status : l->status;

	snprintf(shared->wrong, sizeof(shared->wrong), "%s, step %u: %s, %s", kind->name, step + 1,
		 strerror(-ret), sev_status_text(status));
}

/* In the process of that life, which leaves all that it has to the kernel. */
static void live(const struct kind *kind, uint64_t random, bool whole)
{
	unsigned int steps = steps_of(kind), i;
	uint32_t began = epoch();
	int ret = 0;

	life.random = random | 1;
	life.policy = kind->policy;
	life.snp = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	if (!whole)
		steps = 1 + rnd(&life.random) % steps;
	for (i = 0; i < steps && !ret; i++)
		ret = kind->steps[i]();
	if (ret && began == epoch() && began % 2 == 0)
		failed(kind, i - 1, ret);
	_exit(ret ? REFUSED_LIFE : steps == steps_of(kind) ? WHOLE : STOPPED);
}

/* ---- those who begin and end lives ---- */

struct worker {
	uint64_t random;
	uint64_t mean_us;	/* of a life */
};

static enum end one_life(struct worker *w, unsigned int kind, bool whole)
{
	uint64_t began = now_us(), random = rnd(&w->random);
	bool kill_it = !whole && one_in(&w->random, 3);
	uint32_t epoch_before = epoch();
	enum end end = KILLED;
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (!child)
		live(&kinds[kind], random, whole);
	if (kill_it) {
		usleep(rnd(&w->random) % (w->mean_us + 1));
		kill(child, SIGKILL);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		snprintf(shared->wrong, sizeof(shared->wrong), "no process: %m");
	else if (WIFEXITED(status) && WEXITSTATUS(status) < ENDS)
		end = WEXITSTATUS(status);
	else if (WIFEXITED(status) || WTERMSIG(status) != SIGKILL)
		snprintf(shared->wrong, sizeof(shared->wrong), "%s: status %#x", kinds[kind].name,
			 status);
	/* sev_snp_life knows nothing of epochs */
	if (end == STOPPED && !kinds[kind].steps[1])
		end = REFUSED_LIFE;
	if (end == REFUSED_LIFE && !kinds[kind].steps[1] && epoch_before % 2 == 0 &&
	    epoch_before == epoch())
		snprintf(shared->wrong, sizeof(shared->wrong), "%s has failed", kinds[kind].name);
	count(&shared->lives[kind]);
	count(&shared->ends[end]);
	if (end != KILLED)
		w->mean_us += ((int64_t)(now_us() - began) - (int64_t)w->mean_us) / 8;
	return end;
}

static bool can_live(unsigned int kind)
{
	return !host_missing(kinds[kind].needs);
}

/* Each may have two guests, and SNP guests have ASIDs of SEV-ES. */
static unsigned int workers(void)
{
	unsigned int n = host_asids(!host_missing(HOST_ES)) / 2;

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : n;
}

static void work(uint64_t random)
{
	struct worker w = { .random = random, .mean_us = 50000 };

	while (!over()) {
		unsigned int kind = rnd(&w.random) % KINDS;

		if (can_live(kind))
			one_life(&w, kind, false);
	}
	_exit(0);
}

/*
 * Commands that the firmware may refuse, after which nobody owns more than before. A guest
 * that cannot be ended is one that the firmware keeps, so commands that end one are not
 * among them.
 */
static const uint32_t refusable[] = {
	SEV_FW_LAUNCH_START, SEV_FW_LAUNCH_UPDATE_DATA, SEV_FW_LAUNCH_UPDATE_VMSA,
	SEV_FW_LAUNCH_MEASURE, SEV_FW_LAUNCH_UPDATE_SECRET, SEV_FW_LAUNCH_FINISH,
	SEV_FW_ATTESTATION, SEV_FW_GUEST_STATUS, SEV_FW_ACTIVATE, SEV_FW_PDH_CERT_EXPORT,
	SEV_FW_SEND_START, SEV_FW_SEND_UPDATE_DATA, SEV_FW_SEND_UPDATE_VMSA, SEV_FW_SEND_FINISH,
	SEV_FW_RECEIVE_START, SEV_FW_RECEIVE_UPDATE_DATA, SEV_FW_RECEIVE_UPDATE_VMSA,
	SEV_FW_RECEIVE_FINISH, SEV_FW_SNP_GCTX_CREATE, SEV_FW_SNP_LAUNCH_START,
	SEV_FW_SNP_ACTIVATE, SEV_FW_SNP_LAUNCH_UPDATE, SEV_FW_SNP_LAUNCH_FINISH,
	SEV_FW_SNP_GUEST_REQUEST,
};

static const uint32_t refusals[] = {
	SEV_FW_STATUS_RESOURCE_LIMIT, SEV_FW_STATUS_INVALID_PARAM, SEV_FW_STATUS_POLICY_FAILURE,
	SEV_FW_STATUS_INVALID_GUEST_STATE, SEV_FW_STATUS_HWERROR_PLATFORM,
};

static struct fault some_fault(uint64_t *random, enum fault_kind kind)
{
	struct fault fault = { .after = rnd(random) % 4, .count = 1 };

	switch (kind) {
	case FAULT_STATUS:
		fault.kind = SWPSP_FAULT_STATUS;
		fault.id = refusable[rnd(random) % ARRAY_SIZE(refusable)] & ~SEV_FW_PASSTHROUGH;
		fault.value = refusals[rnd(random) % ARRAY_SIZE(refusals)];
		fault.after = rnd(random) % 2;
		break;
	case FAULT_DROP:
		fault.kind = SWPSP_FAULT_DROP_IRQ;
		break;
	case FAULT_DELAY:
		fault.kind = SWPSP_FAULT_DELAY;
		fault.value = rnd(random) % 20000;
		break;
	default:
		fault.kind = SWPSP_FAULT_STRAY_IRQ;
	}
	return fault;
}

static void disturb(uint64_t random)
{
	while (!over()) {
		enum fault_kind kind = rnd(&random) % FAULT_KINDS;
		struct fault fault;

		if (one_in(&random, 3))
			kind = FAULT_STATUS;
		fault = some_fault(&random, kind);
		usleep(rnd(&random) % 200000);
		count(&shared->epoch);
		if (fault_arm(&fault))
			snprintf(shared->wrong, sizeof(shared->wrong), "no fault can be armed");
		for (int i = 0; i < FAULT_US / 1000 && !fault_hits(); i++)
			usleep(1000);
		if (fault_hits())
			count(&shared->struck[kind]);
		fault_clear();
		count(&shared->epoch);
	}
	_exit(0);
}

/* ---- things that the host holds ---- */

/* A VM with an ASID of its own, if there is one */
static int guest_with_asid(struct launch *l, uint32_t policy)
{
	int ret = launch_open(l, &launch_fw, policy);

	return ret ? ret : launch_steps(l, RAM, STEP_VM | STEP_INIT);
}

/* Guests that can exist at a time, of SEV-ES or without: KVM's idea of which ASIDs are free */
static long pool(uint32_t policy)
{
	static struct launch guests[POOL_MAX];
	unsigned int n = 0;
	int ret = 0;

	while (!ret && n < POOL_MAX) {
		ret = guest_with_asid(&guests[n], policy);
		n++;
	}
	for (unsigned int i = 0; i < n; i++)
		launch_close(&guests[i]);
	return n - !!ret;
}

struct cache {
	char name[48];
	long objects;
	long per_slab;
};

static struct holding {
	struct host_use use;
	struct snp_use pages;
	long pool[2];			/* without SEV-ES, and with it */
	long files;
	long vmalloc_kib;
	long free_kib;
	long quarantined;
	unsigned int caches;
	struct cache cache[CACHES_MAX];
} before, after;

/* Free objects that a cache keeps would count as objects in use. */
static void shrink_caches(void)
{
	glob_t found;

	control_write("/proc/sys/vm/drop_caches", "3");
	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		control_write(found.gl_pathv[i], "1");
	globfree(&found);
}

static void read_caches(struct holding *h)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	struct cache *c = h->cache;
	char line[512];

	h->caches = 0;
	/* areas of vmalloc() are given back in thousands, their memory at once */
	while (file && h->caches < CACHES_MAX && fgets(line, sizeof(line), file))
		if (sscanf(line, "%47s %ld %*d %*d %ld", c->name, &c->objects, &c->per_slab) == 3 &&
		    strcmp(c->name, "vmap_area")) {
			c++;
			h->caches++;
		}
	if (file)
		fclose(file);
}

static long number_at(const char *path, const char *key)
{
	char text[4096];
	const char *at;

	if (control_read(path, text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, key);
	return at ? atol(at + strlen(key)) : 0;
}

static void look(struct holding *h)
{
	h->pool[0] = pool(0);
	h->pool[1] = host_missing(HOST_ES) ? 0 : pool(OWNER_POLICY_ES);
	shrink_caches();
	host_use(&h->use);
	snp_use(&h->pages);
	h->files = number_at("/proc/sys/fs/file-nr", "");
	h->quarantined = psp_attr_number("quarantined_pages");
	read_caches(h);
	h->vmalloc_kib = number_at("/proc/meminfo", "VmallocUsed:");
	h->free_kib = number_at("/proc/meminfo", "MemFree:");
}

static long more(uint64_t now, uint64_t was)
{
	return now > was ? (long)(now - was) : 0;
}

static long assigned(const struct snp_use *p)
{
	return p->firmware + p->context + p->reclaim + p->pre_guest + p->guest_valid +
	       p->guest_invalid + p->others;
}

/* The cache that has grown most, and by how much beside one slab for each processor */
static long growth(const char **name)
{
	long most = 0, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*name = "none";
	for (unsigned int i = 0; i < after.caches; i++)
		for (unsigned int k = 0; k < before.caches; k++) {
			const struct cache *now = &after.cache[i], *was = &before.cache[k];
			long grown = now->objects - was->objects - cpus * now->per_slab;

			if (strcmp(now->name, was->name) || grown <= most)
				continue;
			most = grown;
			*name = after.cache[i].name;
		}
	return most;
}

/* KASAN keeps what was freed for a while, and kmemleak finds on such kernels what was not. */
static bool keeps_freed(void)
{
	static int answer = -1;
	char line[512];
	FILE *file;

	if (answer >= 0)
		return answer;
	file = fopen("/proc/kallsyms", "re");
	answer = 0;
	while (file && !answer && fgets(line, sizeof(line), file))
		answer = !!strstr(line, " kasan_quarantine_reduce");
	if (file)
		fclose(file);
	return answer;
}

/* Compares, says what there is more of if that is asked for, and counts it. */
static long leaks(uint32_t lives, bool say)
{
	long guests = more(after.use.guests, before.use.guests);
	long asids = more(after.use.asids, before.use.asids) + more(before.pool[0], after.pool[0]) +
		more(before.pool[1], after.pool[1]);
	long pins = more(after.use.pins, before.use.pins);
	long pages = more(assigned(&after.pages), assigned(&before.pages));
	long files = more(after.files, before.files);
	long quarantined = more(after.quarantined, before.quarantined);
	long vmalloc = after.vmalloc_kib - before.vmalloc_kib;
	long kib = before.free_kib - after.free_kib, objects;
	const char *cache;

	objects = growth(&cache);
	if (say)
		printf("# soak leaks: guests %ld, ASIDs %ld, pins %ld, assigned pages %ld, "
		       "quarantined pages %ld, files %ld; slab: %s %+ld objects; vmalloc %+ld KiB; "
		       "memory %+ld KiB\n", guests, asids, pins, pages, quarantined, files, cache,
		       objects, vmalloc, kib);
	return guests + asids + pins + (pages > ANSWER_PAGES ? pages : 0) + quarantined +
	       (files > FILES_GROWTH ? files : 0) +
	       (keeps_freed() ? 0 :
		(objects > CACHE_GROWTH((long)lives)) + (vmalloc > VMALLOC_GROWTH((long)lives)) +
		(kib > MEMORY_GROWTH((long)lives)));
}

/* ---- the test ---- */

static uint32_t sum(const uint32_t *counters, unsigned int n)
{
	uint32_t all = 0;

	while (n--)
		all += *counters++;
	return all;
}

static void say_counts(const char *what, const uint32_t *counters, const char *const *names,
		       unsigned int n)
{
	printf("# soak %s: %u", what, sum(counters, n));
	for (unsigned int i = 0; i < n; i++)
		printf("%s%s %u", i ? ", " : " (", names[i], counters[i]);
	printf(")\n");
}

static void say(uint64_t seed, long leaked)
{
	const char *names[KINDS];

	for (unsigned int i = 0; i < KINDS; i++)
		names[i] = kinds[i].name;
	printf("# soak seed: %llu\n", (unsigned long long)seed);
	say_counts("lives", shared->lives, names, KINDS);
	say_counts("ends", shared->ends, end_names, ENDS);
	say_counts("faults", shared->struck, fault_names, FAULT_KINDS);
	leaks(sum(shared->lives, KINDS), true);
	printf("# soak: %u lives, %ld leaks\n", sum(shared->lives, KINDS), leaked);
	fflush(stdout);
}

static pid_t begin(void (*act)(uint64_t random), uint64_t random)
{
	pid_t child = fork();

	if (!child)
		act(random | 1);
	return child;
}

FIXTURE(soak) {
	uint64_t seed, seconds;
};

FIXTURE_SETUP(soak)
{
	const char *seconds = getenv("SOAK_SECONDS");

	HOST_NEEDS(HOST_SEV | HOST_FW | HOST_SWPSP);
	self->seed = test_seed(1);
	self->seconds = seconds ? atoi(seconds) : 3;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)shared);
	ASSERT_EQ(0, fault_clear());
	shared->end_us = UINT64_MAX;
}

FIXTURE_TEARDOWN(soak)
{
	fault_clear();
}

/* An hour, and what a slow kernel takes to begin and to end. */
TEST_F_TIMEOUT(soak, lives_leave_nothing_behind, 4200)
{
	struct worker w = { .random = self->seed << 8 | 0xff, .mean_us = 50000 };
	pid_t children[WORKERS_MAX + 1];
	unsigned int n = workers();
	uint32_t lives;
	long leaked;
	int status;

	/* each kind once, to its end, so that what exists once only is there */
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		if (!can_live(kind))
			continue;
		EXPECT_EQ(WHOLE, one_life(&w, kind, true)) TH_LOG("%s", shared->wrong);
	}
	ASSERT_STREQ("", shared->wrong);
	look(&before);

	shared->end_us = now_us() + self->seconds * 1000000;
	for (unsigned int i = 0; i < n; i++)
		children[i] = begin(work, self->seed << 8 | (i + 1) << 1);
	children[n] = begin(disturb, self->seed << 8 | 0x80);
	for (unsigned int i = 0; i <= n; i++) {
		ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_STREQ("", shared->wrong);

	/* VMs end a little later than the processes that had them */
	lives = sum(shared->lives, KINDS);
	for (int i = 0; i < 10; i++) {
		look(&after);
		leaked = leaks(lives, false);
		if (!leaked)
			break;
		sleep(1);
	}
	say(self->seed, leaked);
	EXPECT_EQ(0, leaked);
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_LT(0, shared->ends[WHOLE]);
	/* a run of seconds may have had neither */
	if (lives > 100) {
		EXPECT_LT(0, shared->ends[KILLED]);
		EXPECT_LT(0, sum(shared->struck, FAULT_KINDS));
	}
	/* nor is any ASID or handle lost that the firmware would count as free */
	EXPECT_EQ(WHOLE, one_life(&w, 0, true)) TH_LOG("%s", shared->wrong);
}

HOST_TESTS_MAIN
