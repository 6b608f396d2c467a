// SPDX-License-Identifier: GPL-2.0
/*
 * sev-side: whole pieces of a host's work for SNP, on whichever driver is loaded: how long each
 * takes, and what it costs in firmware commands and in changes of the reverse map table, and
 * whether pages are lost. scripts/bench has both drivers do it in turn, within one boot.
 *
 * Prints one line for each piece, see --help.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <linux/kvm.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "../../tools/guest/guest.h"
#include "bar.h"
#include "host.h"
#include "memory.h"
#include "snp.h"

#define BIT(way)	(1u << (way))
#define MIB		(1u << 20)
#define SEV_MIB		16	/* memory of the plain SEV guest */
#define SNP_MIB		16	/* of an SNP guest, if a page is a command of user space's */
#define SNP_LARGE_MIB	256	/* and if it is not */
#define LIFE_PAGES	16	/* of one that only lives and dies */

static const char usage[] =
"Usage: sev-side [--service=US,...] [--only=WORK,...] [--requests=N] [--lives=N] WAY...\n"
"Does whole pieces of work in a box that is a host for SNP, in these ways: stock or ours\n"
"(legacy ioctls and KVM's own, of the driver that is loaded), pass (pass-through, a block\n"
"for each page), array (the same, 4096 blocks a call). The firmware takes US microseconds for\n"
"each command (0). Of floor, kvm and ring, ways of sev-bench, nothing is done.\n"
"Prints, separated by commas, for each piece:\n"
"  work        SEV_LAUNCH: a SEV guest of 16 MiB, in pages that are next to no other\n"
"              SNP_LAUNCH_256M, SNP_LAUNCH_16M: an SNP guest of as much memory\n"
"              REQUESTS: an SNP guest that has N requests for the firmware (10000)\n"
"              LIVES: N SNP guests of 64 KiB, launched and destroyed one after another (1000)\n"
"  service_us  how long the firmware was told to take\n"
"  driver      the way\n"
"  seconds     from the making of the VM to the last reference to it\n"
"  commands    of the firmware, meanwhile\n"
"  updates     RMPUPDATE and PSMASH, meanwhile\n"
"  leaked      pages that are not the hypervisor's, and were before\n";

enum way { WAY_STOCK, WAY_OURS, WAY_PASS, WAY_ARRAY, WAYS };

static const char * const way_names[WAYS] = { "stock", "ours", "pass", "array" };

#define KERNELS_OWN	(BIT(WAY_STOCK) | BIT(WAY_OURS))

static unsigned int requests = 10000, lives = 1000;

/* ---- pieces of work: 0 or a negative errno ---- */

/* The owner's part is left out: no digest is made. */
static int sev_launch(enum way way)
{
	const size_t bytes = SEV_MIB * MIB;
	uint8_t *memory = memory_scattered(bytes / PAGE);
	struct launch l;
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = launch_open(&l, way == WAY_PASS ? &launch_fw : &launch_legacy, 0);
	if (!ret)
		ret = launch_steps(&l, MIB, STEPS_HOST | STEP_START);
	if (!ret)
		ret = l.ops->update(&l, memory, bytes);
	if (!ret)
		ret = launch_measure(&l);
	if (!ret)
		ret = launch_finish(&l);
	launch_close(&l);
	munmap(memory, bytes);
	return ret;
}

/* One call for @pages, at most as many as an array may have */
static int update_array(struct snp_launch *l, uint64_t gpa, size_t pages)
{
	static struct sev_fw_snp_launch_update blocks[SEV_FW_ARRAY_MAX];
	static struct sev_fw_cmd cmds[SEV_FW_ARRAY_MAX];
	struct sev_fw_door door = sev_fw_door_vm(l->vm.vm_fd, l->sev_fd);
	uint32_t done;

	for (size_t i = 0; i < pages; i++) {
		blocks[i] = (struct sev_fw_snp_launch_update){
			.flags = SNP_PAGE_UNMEASURED << 1,
			.address = (uintptr_t)l->vm.memory + gpa + i * PAGE,
		};
		cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(SEV_FW_SNP_LAUNCH_UPDATE), .len = sizeof(blocks[i]),
			.data = (uintptr_t)&blocks[i],
		};
	}
	return sev_fw_issue_many(&door, cmds, pages, 0, &done);
}

static int update(struct snp_launch *l, enum way way, size_t pages)
{
	int ret = 0;

	if (way != WAY_ARRAY)
		return snp_launch_update(l, SNP_PAGE_UNMEASURED, 0, pages);
	for (size_t at = 0, n; at < pages && !ret; at += n) {
		n = pages - at < SEV_FW_ARRAY_MAX ? pages - at : SEV_FW_ARRAY_MAX;
		ret = update_array(l, at * PAGE, n);
	}
	return ret;
}

/* Pages that are not measured, so that the owner's part of it takes no time. */
static int snp_launch(enum way way, size_t pages)
{
	struct snp_launch l;
	int ret = snp_launch_open(&l, pages * PAGE + MIB);

	if (way >= WAY_PASS)
		l.ops = &snp_launch_pass;
	if (!ret)
		ret = snp_launch_start(&l, SNP_POLICY_PLAIN);
	if (!ret)
		ret = update(&l, way, pages);
	if (!ret)
		ret = snp_launch_finish(&l, NULL);
	snp_launch_close(&l);
	return ret;
}

static int snp_launch_16m(enum way way)
{
	return snp_launch(way, SNP_MIB * MIB / PAGE);
}

static int snp_launch_256m(enum way way)
{
	return snp_launch(way, SNP_LARGE_MIB * MIB / PAGE);
}

static int launch_program(struct snp_launch *l)
{
	size_t pages = snp_load_guest(l->vm.memory + GUEST_ENTRY);
	int ret = pages ? snp_launch_start(l, SNP_POLICY_PLAIN) : -ENOENT;

	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_NORMAL, GUEST_ENTRY, pages);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_SECRETS, SECRETS_PAGE, 1);
	return ret ? ret : snp_launch_finish(l, NULL);
}

/* KVM carries them, by whichever driver; the guest's own are two. */
static int guest_requests(enum way way)
{
	struct snp_launch l;
	char out[4096];
	int ret = snp_launch_open(&l, GUEST_RAM);

	(void)way;
	if (!ret)
		ret = launch_program(&l);
	if (!ret) {
		memcpy(l.vm.memory + MAILBOX_PAGE + MAILBOX_REQUESTS,
		       &(uint64_t){ requests - 2 }, sizeof(uint64_t));
		ret = vm_run(&l.vm, out, sizeof(out));
	}
	snp_launch_close(&l);
	return ret;
}

static int many_lives(enum way way)
{
	int ret = 0;

	for (unsigned int i = 0; i < lives && !ret; i++)
		ret = snp_launch(way, LIFE_PAGES);
	return ret;
}

static const struct work {
	const char *name;
	unsigned int ways;
	int (*act)(enum way way);
} works[] = {
	{ "SEV_LAUNCH", KERNELS_OWN | BIT(WAY_PASS), sev_launch },
	{ "SNP_LAUNCH_256M", KERNELS_OWN, snp_launch_256m },
	{ "SNP_LAUNCH_16M", KERNELS_OWN | BIT(WAY_PASS) | BIT(WAY_ARRAY), snp_launch_16m },
	{ "REQUESTS", KERNELS_OWN, guest_requests },
	{ "LIVES", KERNELS_OWN | BIT(WAY_PASS), many_lives },
};

#define WORKS	(sizeof(works) / sizeof(*works))

/* ---- costs ---- */

struct cost {
	double seconds;
	uint32_t commands;
	long updates;
	long assigned;
};

static struct cost count(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct cost){
		.seconds = now.tv_sec + now.tv_nsec / 1e9,
		.commands = host_counter(SWPSP_BAR_COMMANDS),
		.updates = snp_stat("updates") + snp_stat("smashes"),
		.assigned = snp_assigned(),
	};
}

static void serve_in(unsigned int us)
{
	__atomic_store_n(&host_swpsp()[SWPSP_BAR_SERVICE_US / 4], us, __ATOMIC_SEQ_CST);
}

static int measure(const struct work *work, unsigned int service, enum way way)
{
	struct cost before, after;
	int ret;

	serve_in(service);
	before = count();
	ret = work->act(way);
	after = count();
	serve_in(0);
	if (ret) {
		fprintf(stderr, "sev-side: %s by %s: %s\n", work->name, way_names[way],
			strerror(-ret));
		return ret;
	}
	printf("%s,%u,%s,%.3f,%u,%ld,%ld\n", work->name, service, way_names[way],
	       after.seconds - before.seconds, after.commands - before.commands,
	       after.updates - before.updates, after.assigned - before.assigned);
	fflush(stdout);
	return 0;
}

/* ---- the command line ---- */

static struct options {
	unsigned int service[8];
	unsigned int nr_service;
	const char *only;
	unsigned int ways;
} options = { .nr_service = 1 };

static bool is_wanted(const char *work)
{
	const size_t len = strlen(work);

	for (const char *at = options.only; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, work, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return !options.only;
}

static int run_all(void)
{
	int ret = 0;

	for (unsigned int i = 0; i < options.nr_service; i++)
		for (unsigned int work = 0; work < WORKS; work++)
			for (unsigned int way = 0; way < WAYS && !ret; way++)
				if (options.ways & works[work].ways & BIT(way) &&
				    is_wanted(works[work].name))
					ret = measure(&works[work], options.service[i], way);
	return ret;
}

static bool parse_services(char *text)
{
	char *word;

	options.nr_service = 0;
	while ((word = strsep(&text, ",")) && options.nr_service < 8)
		options.service[options.nr_service++] = atoi(word);
	return !word;
}

static bool parse_option(char *arg)
{
	char *value = strchr(arg, '=');

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(arg, "--service"))
		return parse_services(value);
	if (!strcmp(arg, "--only"))
		options.only = value;
	else if (!strcmp(arg, "--requests"))
		requests = atoi(value);
	else if (!strcmp(arg, "--lives"))
		lives = atoi(value);
	else
		return false;
	return requests >= 2 && lives;
}

static bool parse_way(const char *arg)
{
	for (unsigned int way = 0; way < WAYS; way++)
		if (!strcmp(arg, way_names[way])) {
			options.ways |= BIT(way);
			return true;
		}
	return !strcmp(arg, "floor") || !strcmp(arg, "kvm") || !strcmp(arg, "ring");
}

/* A driver keeps pages of its own from its first guest on, which are not lost. */
static int warm_up(void)
{
	int ret = snp_launch(WAY_OURS, LIFE_PAGES);

	return ret ? ret : sev_launch(WAY_OURS);
}

int main(int argc, char **argv)
{
	int ret;

	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-' ? !parse_option(argv[i]) : !parse_way(argv[i])) {
			bool asked = argc == 2 && !strcmp(argv[1], "--help");

			fputs(usage, asked ? stdout : stderr);
			return asked ? 0 : 2;
		}
	if (!options.ways)
		return 0;
	if (!host_swpsp() || snp_assigned() < 0) {
		fputs("sev-side: needs a box that is a host for SNP; scripts/bench has one\n",
		      stderr);
		return 1;
	}
	serve_in(0);
	ret = warm_up();
	if (ret)
		fprintf(stderr, "sev-side: no guest can be launched: %s\n", strerror(-ret));
	return ret || run_all();
}
