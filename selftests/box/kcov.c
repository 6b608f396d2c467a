// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel notes the address of each place that this thread comes by in memory that it
 * shares with us, until there is no more room.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "common.h"
#include "control.h"
#include "kcov.h"

#define KCOV_FILE	"/sys/kernel/debug/kcov"
#define ALL_FILE	"/sys/kernel/debug/sev_cover"
#define PAIRS		(1 << 20)
#define HASHED		(4 * KCOV_PLACES)

static struct {
	int fd;
	unsigned long *area;
	size_t words;
	unsigned int full;
	uint8_t seen[PAIRS / 8];
	uint16_t number[HASHED];	/* of a place, plus 1, by its address */
	unsigned long place[KCOV_PLACES];
	size_t count;
	struct kcov_set drained;	/* since kcov_begin() */
	unsigned int drained_news;
} kcov = { .fd = -1 };

bool kcov_open(size_t words)
{
	kcov.words = words;
	kcov.fd = open(KCOV_FILE, O_RDWR | O_CLOEXEC);
	if (kcov.fd < 0)
		return false;
	if (!ioctl(kcov.fd, KCOV_INIT_TRACE, words)) {
		kcov.area = mmap(NULL, words * sizeof(*kcov.area), PROT_READ | PROT_WRITE,
				 MAP_SHARED, kcov.fd, 0);
		if (kcov.area != MAP_FAILED && !ioctl(kcov.fd, KCOV_ENABLE, KCOV_TRACE_PC))
			return true;
	}
	close(kcov.fd);
	kcov.fd = -1;
	return false;
}

void kcov_close(void)
{
	if (kcov.fd < 0)
		return;
	ioctl(kcov.fd, KCOV_DISABLE, 0);
	/* a mapping would keep the file from being opened again */
	munmap(kcov.area, kcov.words * sizeof(*kcov.area));
	close(kcov.fd);
	kcov.fd = -1;
}

static void forget_noted(void)
{
	if (kcov.fd >= 0)
		__atomic_store_n(&kcov.area[0], 0, __ATOMIC_RELAXED);
}

void kcov_begin(void)
{
	forget_noted();
	memset(&kcov.drained, 0, sizeof(kcov.drained));
	kcov.drained_news = 0;
}

static unsigned long mixed(unsigned long value)
{
	return value * 0x9e3779b97f4a7c15ull >> 32;
}

/* Return: the number of a place, which is new if it has none yet */
static unsigned int number_of(unsigned long pc)
{
	for (unsigned long at = mixed(pc); ; at++) {
		uint16_t *number = &kcov.number[at % HASHED];

		if (*number && kcov.place[*number - 1] == pc)
			return *number - 1;
		if (*number)
			continue;
		if (kcov.count == KCOV_PLACES)
			abort();
		kcov.place[kcov.count++] = pc;
		*number = kcov.count;
		return kcov.count - 1;
	}
}

static unsigned long noted(void)
{
	return kcov.fd < 0 ? 0 : __atomic_load_n(&kcov.area[0], __ATOMIC_RELAXED);
}

static unsigned int news_of_area(void)
{
	unsigned long n = noted(), before = 0;
	unsigned int news = 0;

	kcov.full += n && n + 1 == kcov.words;
	for (unsigned long i = 1; i <= n; i++) {
		unsigned long pc = kcov.area[i];
		uint32_t bit = mixed(pc ^ before << 7) % PAIRS;

		before = pc;
		if (kcov.seen[bit / 8] >> bit % 8 & 1)
			continue;
		kcov.seen[bit / 8] |= 1 << bit % 8;
		number_of(pc);
		news++;
	}
	return news;
}

unsigned int kcov_news(void)
{
	return kcov.drained_news + news_of_area();
}

unsigned int kcov_full(void)
{
	return kcov.full;
}

static void add_area(struct kcov_set *set)
{
	unsigned long n = noted();

	for (unsigned long i = 1; i <= n; i++) {
		unsigned int number = number_of(kcov.area[i]);

		set->word[number / 64] |= 1ull << number % 64;
	}
}

void kcov_which(struct kcov_set *set)
{
	*set = kcov.drained;
	add_area(set);
}

void kcov_drain(void)
{
	if (noted() < kcov.words / 4)
		return;
	kcov.drained_news += news_of_area();
	add_area(&kcov.drained);
	forget_noted();
}

size_t kcov_count(void)
{
	return kcov.count;
}

void kcov_write(FILE *file)
{
	static const char * const modules[] = { "psp_sev", "kvm_sev_glue" };
	char path[64], base[32];
	FILE *all;

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s/sections/.text", modules[i]);
		if (control_read(path, base, sizeof(base)) > 0)
			fprintf(file, "base %s %s", modules[i], base);
	}
	for (size_t i = 0; i < kcov.count; i++)
		fprintf(file, "%#lx\n", kcov.place[i]);
	all = fopen(ALL_FILE, "re");
	while (all && fgets(base, sizeof(base), all))
		fprintf(file, "all %s", base);
	if (all)
		fclose(all);
}
