// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that arguments are in, and guests': it comes and goes, and so does the right to lock it.
 * The test's own memory is set apart, since lengths may be any.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acts_internal.h"

#define ARENA_ROOM	64		/* pages behind it, where nothing is */
#define MAPS_FROM	0x700000000000ul	/* where libraries and other mappings are */
#define GAP_MAX		(1ul << 30)	/* the one before the stack is larger, and is not used */
#define ROOM		(64ul << 20)

static int file;	/* memory that can be cut off */

/* Pages of the arena, or of a guest, go, come, are shared, or can only be read. */
void act_memory(struct reader *r)
{
	struct launch *l = arg_slot(r);
	uint8_t at = arg_byte(r), how = arg_byte(r);
	uint8_t *page = world.arena + at % ARENA_PAGES * PAGE;
	size_t len = (1 + how % 4) * PAGE;

	if (how & 0x80 && l->vm.memory)
		page = l->vm.memory + at % (RAM / PAGE - 4) * PAGE;
	switch (how >> 4 & 7) {
	case 0:
		mmap(page, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		break;
	case 1:
		mprotect(page, len, PROT_READ);
		break;
	case 2:
		mmap(page, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 3:
		mmap(page, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		break;
	case 4:		/* behind the end of its file there is nothing */
		mmap(page, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
		break;
	case 5:
		madvise(page, len, MADV_DONTNEED);
		break;
	case 6:
		mlock(page, len);
		break;
	default:
		mprotect(page, len, PROT_READ | PROT_WRITE);
	}
}

void act_limit(struct reader *r)
{
	uint8_t how = arg_byte(r);
	struct rlimit limit = { .rlim_max = RLIM_INFINITY };

	limit.rlim_cur = how < 0x80 ? RLIM_INFINITY : how % 64 * PAGE;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

/*
 * A length may be any, and memory behind a guest's, or behind the arena, be written to. The
 * test's own memory must not be there: each gap within it is closed, so that what is mapped
 * from now on lies below all of it, with room in between that belongs to nobody.
 */
static int set_apart(void)
{
	unsigned long begin, end, last = 0, lowest = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int ret = 0;

	while (maps && !ret && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &begin, &end) != 2 || begin < MAPS_FROM)
			continue;
		lowest = lowest ? lowest : begin;
		if (last && begin > last && begin - last < GAP_MAX &&
		    mmap((void *)last, begin - last, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
			ret = -errno;
		last = end;
	}
	if (maps)
		fclose(maps);
	if (!ret && mmap((void *)(lowest - ROOM), ROOM, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		ret = -errno;
	/* no block of the heap may come to lie there, either */
	mallopt(M_MMAP_MAX, 0);
	return ret;
}

void arena_restore(void)
{
	static const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &all);
	mmap(world.arena, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	/* a buffer that begins in the last page may end behind it */
	mmap(world.arena + ARENA_PAGES * PAGE, ARENA_ROOM * PAGE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

int arena_open(void)
{
	int ret = set_apart();

	if (ret)
		return ret;
	file = memfd_create("guided", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, 2 * PAGE))
		return -errno;
	world.arena = mmap(NULL, (ARENA_PAGES + ARENA_ROOM) * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return world.arena == MAP_FAILED ? -errno : 0;
}
