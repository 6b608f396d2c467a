// SPDX-License-Identifier: GPL-2.0
/*
 * Many short lives of guests with encrypted state, SNP and SEV-ES mixed, several at a time. Each
 * is a process with the guest of tools/guest, which dies at a random step of the launch or
 * of the guest's run, or at a random moment; or the guest comes to its end. Nothing may be left:
 * no page that is not the hypervisor's, no guest in the firmware, no ASID, no pinned page.
 *
 * SEV_LIVES says how many lives there are of each kind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "../../tools/guest/guest.h"
#include "common.h"
#include "host.h"
#include "patience.h"
#include "snp.h"

#define LIVES		10	/* of each kind, if nobody says otherwise */
#define AT_ONCE		3	/* fewer than there are ASIDs */
#define ROUND		50	/* lives, after which all must be as it was */
#define EXITS		250	/* of a guest's whole run, about */
#define MOMENT_US	400000
#define MANY		100	/* lives, of which some come to any step */
#define PART_BYTES	0x5000
#define STOPPED		100	/* exit status: the guest has stopped in its own way */

/* How a process lets go of what it has. */
enum way { LEAVE, CLOSE, KILL, WAYS };

/* One life, as it is drawn. */
struct life {
	bool snp;
	bool pass;		/* by pass-through */
	unsigned int step;	/* after which it ends; the number of steps: the guest runs */
	unsigned int exits;	/* of the guest, after which it ends; 0: it comes to its end */
	enum way way;
	unsigned int moment;	/* microseconds until it is killed, 0: never */
};

/* Shared by all of them. */
static struct reached {
	unsigned int launched, exits, requests, ends, killed;
} *reached;

static struct launch es;
static struct snp_launch snp;
static size_t pages;		/* of the guest's program */

static bool is_ours(void)
{
	return !host_missing(HOST_FW);
}

/* ---- the steps of a SEV-ES guest's launch ---- */

static int es_vm(const struct life *life)
{
	int ret = launch_open(&es, life->pass ? &launch_fw : &launch_legacy,
			      OWNER_POLICY_NODBG | OWNER_POLICY_ES);

	return ret ? ret : launch_vm(&es, GUEST_RAM);
}

static int es_init(const struct life *life)
{
	(void)life;
	return launch_init(&es);
}

static int es_load(const struct life *life)
{
	(void)life;
	pages = snp_load_guest(es.vm.memory + GUEST_ENTRY);
	return pages ? vm_register(&es.vm) : -ENOENT;
}

static int es_start(const struct life *life)
{
	(void)life;
	return launch_start(&es);
}

static int es_update(const struct life *life)
{
	(void)life;
	return launch_update_at(&es, GUEST_ENTRY, PART_BYTES);
}

static int es_update_rest(const struct life *life)
{
	(void)life;
	return launch_update_at(&es, GUEST_ENTRY + PART_BYTES, pages * PAGE - PART_BYTES);
}

static int es_vmsa(const struct life *life)
{
	int ret = launch_update_vmsa(&es);

	(void)life;
	/* where KVM keeps that to itself */
	return ret == -EPERM ? launch_legacy.update_vmsa(&es) : ret;
}

static int es_measure(const struct life *life)
{
	(void)life;
	return launch_measure(&es);
}

static int es_finish(const struct life *life)
{
	(void)life;
	return launch_finish(&es);
}

/* ---- and of an SNP guest's ---- */

static int snp_vm(const struct life *life)
{
	int ret = snp_launch_open(&snp, GUEST_RAM);

	snp.ops = life->pass ? &snp_launch_pass : &snp_launch_kvm;
	return ret;
}

static int snp_load(const struct life *life)
{
	(void)life;
	pages = snp_load_guest(snp.vm.memory + GUEST_ENTRY);
	return pages ? 0 : -ENOENT;
}

static int snp_start(const struct life *life)
{
	(void)life;
	return snp_launch_start(&snp, SNP_POLICY_PLAIN);
}

static int snp_update(const struct life *life)
{
	(void)life;
	return snp_launch_update(&snp, SNP_PAGE_NORMAL, GUEST_ENTRY, PART_BYTES / PAGE);
}

static int snp_update_rest(const struct life *life)
{
	(void)life;
	return snp_launch_update(&snp, SNP_PAGE_NORMAL, GUEST_ENTRY + PART_BYTES,
				 pages - PART_BYTES / PAGE);
}

static int snp_secrets(const struct life *life)
{
	(void)life;
	return snp_launch_update(&snp, SNP_PAGE_SECRETS, SECRETS_PAGE, 1);
}

static int snp_finish(const struct life *life)
{
	(void)life;
	return snp_launch_finish(&snp, NULL);
}

struct step {
	int (*take)(const struct life *life);
};

static const struct step es_steps[] = {
	{ es_vm }, { es_init }, { es_load }, { es_start }, { es_update }, { es_update_rest },
	{ es_vmsa }, { es_measure }, { es_finish },
};

static const struct step snp_steps[] = {
	{ snp_vm }, { snp_load }, { snp_start }, { snp_update }, { snp_update_rest },
	{ snp_secrets }, { snp_finish },
};

#define STEPS(is_snp)	((is_snp) ? ARRAY_SIZE(snp_steps) : ARRAY_SIZE(es_steps))

/* ---- one life ---- */

static void count(unsigned int *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

static void die(const struct life *life, int status)
{
	if (life->way == CLOSE && life->snp)
		snp_launch_close(&snp);
	else if (life->way == CLOSE)
		launch_close(&es);
	else if (life->way == KILL && !status)
		raise(SIGKILL);
	_exit(status);
}

/* The text of a guest says how far the guest is. */
static int run(const struct life *life)
{
	struct vm *vm = life->snp ? &snp.vm : &es.vm;
	const struct kvm_run *run = vm->run;
	static char out[4096];
	size_t len = 0;

	for (unsigned int n = 0; !life->exits || n < life->exits; n++) {
		if (vm_enter(vm) || run->exit_reason != KVM_EXIT_IO)
			return STOPPED;
		if (!n)
			count(&reached->exits);
		if (run->io.port == VM_END_PORT) {
			count(&reached->ends);
			break;
		}
		if (len < sizeof(out) - 1)
			out[len++] = *((const char *)run + run->io.data_offset);
	}
	if (strstr(out, "handed out its attestation report"))
		count(&reached->requests);
	return life->exits || strstr(out, life->snp ? "attestation report\n" : "secret is: ") ?
		0 : STOPPED;
}

static void live(const struct life *life)
{
	const struct itimerval timer = { .it_value.tv_usec = life->moment };
	const struct step *steps = life->snp ? snp_steps : es_steps;

	setitimer(ITIMER_REAL, &timer, NULL);
	for (unsigned int i = 0; i < STEPS(life->snp); i++) {
		if (steps[i].take(life))
			_exit(1 + i);
		if (i == life->step)
			die(life, 0);
	}
	count(&reached->launched);
	die(life, run(life));
}

/* A third ends in the launch, a third in the guest's run, a third with that. */
static struct life draw(bool is_snp)
{
	struct life life = {
		.snp = is_snp, .pass = is_ours() && rand() % 2, .way = rand() % WAYS,
		.step = STEPS(is_snp),
	};

	switch (rand() % 3) {
	case 0:
		life.step = rand() % STEPS(is_snp);
		break;
	case 1:
		life.exits = 1 + rand() % EXITS;
		break;
	}
	if (rand() % 4 == 0)
		life.moment = 1 + rand() % MOMENT_US;
	return life;
}

/* ---- many ---- */

struct running {
	pid_t pid;
	unsigned int number;
	struct life life;
};

/* Wait for any of them. Return: has it ended as it was to? */
static bool bury(struct running *all)
{
	int status, i;
	pid_t pid = wait(&status);

	for (i = 0; i < AT_ONCE && all[i].pid != pid; i++)
		;
	if (i == AT_ONCE)
		return false;
	all[i].pid = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM && all[i].life.moment) {
		count(&reached->killed);
		return true;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && all[i].life.way == KILL)
		return true;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	fprintf(stderr, "# life %u, %s, step %u, exits %u, way %d, moment %u, by %s: status %#x\n",
		all[i].number, all[i].life.snp ? "SNP" : "SEV-ES", all[i].life.step,
		all[i].life.exits, all[i].life.way, all[i].life.moment,
		all[i].life.pass ? "pass-through" : "KVM", status);
	return false;
}

/* @first: number of the first one. Return: how many have not ended as they were to */
static unsigned int round_of(unsigned int first, unsigned int lives, unsigned int kinds)
{
	struct running all[AT_ONCE] = { 0 };
	unsigned int begun = 0, ended = 0, wrong = 0;

	while (ended < lives) {
		struct running *free_one = NULL;

		for (int i = 0; i < AT_ONCE; i++)
			if (!all[i].pid)
				free_one = &all[i];
		if (!free_one || begun == lives) {
			wrong += !bury(all);
			ended++;
			continue;
		}
		free_one->number = first + begun;
		free_one->life = draw(kinds == 2 && free_one->number % 2);
		begun++;
		free_one->pid = fork();
		if (!free_one->pid)
			live(&free_one->life);
	}
	return wrong;
}

/* Each ASID of these guests can be had. Return: how many there are that can */
static unsigned int free_asids(void)
{
	struct launch all[16];
	unsigned int n = 0, free_ones = 0;

	while (n < host_asids(true) && n < ARRAY_SIZE(all)) {
		struct launch *l = &all[n++];

		if (launch_open(l, &launch_legacy, OWNER_POLICY_ES) ||
		    launch_steps(l, PAGE * 16, STEPS_HOST | STEP_START))
			break;
		free_ones++;
	}
	while (n)
		launch_close(&all[--n]);
	return free_ones;
}

FIXTURE(lives) {
	struct snp_use pages;
	struct host_use use;
	unsigned int kinds;
};

FIXTURE_SETUP(lives)
{
	HOST_NEEDS(HOST_SEV | HOST_ES | HOST_SWPSP);
	reached = mmap(NULL, sizeof(*reached), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)reached);
	self->kinds = host_missing(HOST_SNP) ? 1 : 2;
	/* the first guest of all may be what makes the driver keep something */
	ASSERT_EQ(host_asids(true), free_asids());
	ASSERT_EQ(0, host_use(&self->use));
	snp_use(&self->pages);
}

FIXTURE_TEARDOWN(lives)
{
	munmap(reached, sizeof(*reached));
}

TEST_F_TIMEOUT(lives, nothing_is_left_of_them, 3600)
{
	const char *given = getenv("SEV_LIVES");
	unsigned int lives = (given ? atoi(given) : LIVES) * self->kinds;
	uint64_t seed = test_seed(14);
	struct snp_use now;
	struct host_use use;

	srand(seed);
	fprintf(stderr, "# %u lives of %u kinds, SEV_SEED=%llu\n", lives, self->kinds,
		(unsigned long long)seed);
	for (unsigned int first = 0; first < lives; first += ROUND) {
		unsigned int n = lives - first < ROUND ? lives - first : ROUND;

		EXPECT_EQ(0, round_of(first, n, self->kinds));
		ASSERT_EQ(0, host_use(&use));
		ASSERT_EQ(NULL, host_use_differs(&self->use, &use))
			TH_LOG("%s, after life %u", host_use_differs(&self->use, &use), first + n);
		snp_use(&now);
		ASSERT_EQ(0, memcmp(&self->pages, &now, sizeof(now))) TH_LOG("life %u", first + n);
	}
	fprintf(stderr, "# %u launched, %u had an exit, %u a report, %u an end, %u were killed\n",
		reached->launched, reached->exits, reached->requests, reached->ends,
		reached->killed);
	if (lives >= MANY) {
		EXPECT_LT(lives / 4, reached->exits);
		EXPECT_LT(lives / 10, reached->ends);
		EXPECT_LT(0, reached->killed);
		if (self->kinds == 2)
			EXPECT_LT(lives / 20, reached->requests);
	}
	EXPECT_EQ(host_asids(true), free_asids());
}

HOST_TESTS_MAIN
