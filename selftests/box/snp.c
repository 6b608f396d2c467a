// SPDX-License-Identifier: GPL-2.0
/*
 * Reads states of pages from debugfs and out of the table itself, and has the
 * instructions on it executed. Loads the guest of tools/guest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/guest/guest.h"
#include "snp/rmp.h"
#include "common.h"
#include "control.h"
#include "snp.h"

#define DIRECTORY	"/sys/kernel/debug/sev_cpu_sim/"

/* The number behind @name on a line of its own; -1 if there is none. */
static long number_in(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *line = text;

	while (line && (strncmp(line, name, len) || line[len] != ' ')) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line ? atol(line + len) : -1;
}

static long number_of(const char *file, const char *name)
{
	char text[512];

	return control_read(file, text, sizeof(text)) < 0 ? -1 : number_in(text, name);
}

long snp_pages(const char *state)
{
	return number_of(DIRECTORY "pages", state);
}

long snp_stat(const char *name)
{
	return number_of(DIRECTORY "stats", name);
}

int snp_use(struct snp_use *use)
{
	char text[512];
	long ret = control_read(DIRECTORY "pages", text, sizeof(text));

	*use = (struct snp_use){ 0 };
	if (ret < 0)
		return (int)ret;
	*use = (struct snp_use){
		.firmware = number_in(text, "Firmware"),
		.context = number_in(text, "Context"),
		.reclaim = number_in(text, "Reclaim"),
		.pre_guest = number_in(text, "Pre-Guest"),
		.guest_valid = number_in(text, "Guest-Valid"),
		.guest_invalid = number_in(text, "Guest-Invalid"),
		.others = number_in(text, "Metadata") + number_in(text, "Pre-Swap"),
	};
	return 0;
}

long snp_assigned(void)
{
	struct snp_use use;

	if (snp_use(&use))
		return -1;
	return use.firmware + use.context + use.reclaim + use.pre_guest + use.guest_valid +
	       use.guest_invalid + use.others;
}

static bool lookup(uint64_t addr, struct rmp_page *page)
{
	uint32_t *bar = host_swpsp();
	struct rmp table;

	if (!bar)
		return false;
	rmp_init(&table, (char *)bar + SWPSP_BAR_RMP, SWPSP_RMP_PAGES);
	return rmp_lookup(&table, addr, page);
}

int snp_state(uint64_t addr)
{
	struct rmp_page page;

	return lookup(addr, &page) ? (int)rmp_state(&page) : -1;
}

uint64_t snp_find(int state, uint64_t after)
{
	struct rmp_page page;
	uint64_t addr;

	for (addr = after + RMP_4K; lookup(addr, &page); addr += RMP_4K)
		if ((int)rmp_state(&page) == state)
			return addr;
	return 0;
}

static int execute(const char *line)
{
	int fd = open(DIRECTORY "execute", O_RDWR | O_CLOEXEC);
	char text[16] = "";
	int ret;

	if (fd < 0)
		return -errno;
	if (write(fd, line, strlen(line)) < 0 || pread(fd, text, sizeof(text) - 1, 0) < 0)
		ret = -errno;
	else
		ret = atoi(text);
	close(fd);
	return ret;
}

int snp_store(int cpu, uint64_t addr)
{
	cpu_set_t before, one;
	char line[64];
	int ret;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_getaffinity(0, sizeof(before), &before) ||
	    sched_setaffinity(0, sizeof(one), &one))
		return -errno;
	snprintf(line, sizeof(line), "store %#llx", (unsigned long long)addr);
	ret = execute(line);
	sched_setaffinity(0, sizeof(before), &before);
	return ret;
}

int snp_page_refs(uint64_t addr, bool hold)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %#llx", hold ? "hold" : "refs", (unsigned long long)addr);
	return execute(line);
}

int snp_lock(uint64_t addr, bool locked)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %#llx", locked ? "lock" : "unlock",
		 (unsigned long long)addr);
	return execute(line);
}

int snp_rmpupdate(uint64_t addr, const struct snp_update *u)
{
	char line[160];

	snprintf(line, sizeof(line), "rmpupdate %#llx %#llx %u %u %u %u",
		 (unsigned long long)addr, (unsigned long long)u->gpa, u->asid, u->assigned,
		 u->large, u->immutable);
	return execute(line);
}

int snp_psmash(uint64_t addr)
{
	char line[64];

	snprintf(line, sizeof(line), "psmash %#llx", (unsigned long long)addr);
	return execute(line);
}

size_t snp_load_guest(uint8_t *to)
{
	char path[PATH_MAX] = "";
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash = len < 0 ? NULL : strrchr(path, '/');
	size_t bytes;
	FILE *f;

	if (!slash)
		return 0;
	strcpy(slash + 1, "sev-guest.bin");
	f = fopen(path, "rb");
	if (!f)
		return 0;
	bytes = fread(to, 1, GUEST_IMAGE_END - GUEST_ENTRY, f);
	fclose(f);
	return (bytes + PAGE - 1) / PAGE;
}
