// SPDX-License-Identifier: GPL-2.0
/*
 * Register state of SEV-ES guests: firmware writes into each save area where its
 * checksum is kept, and exports it only while the checksum still holds. Real
 * firmware keeps the checksums in the TMR, where the processor updates them; swpsp keeps them
 * to itself, and finds in the TMR only whether the processor has changed the save area. From
 * then on any state of it is good. The list of free slots is private, too. It is written into
 * the TMR all the same, and the TMR is cleared in the end as real firmware does both: a host
 * that gives the memory to somebody else meanwhile spoils their data.
 */
#include <stdlib.h>

#include "../device/bar.h"
#include "internal.h"

#define VMSA_ZERO	0x380
#define VMSA_SLOT	SWPSP_VMSA_SUM_AT
#define VMSA_SUMMED	0xfc0		/* bytes that the checksum covers */
#define SLOTS_OFFSET	(TMR_SIZE / 2)	/* first half: the free list */

static uint32_t crc32c(const uint8_t *data, size_t len, uint32_t crc)
{
	while (len--) {
		crc ^= *data++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

/* Three interleaved CRCs, 8 bytes each in turn; the last takes the remainder. */
uint64_t vmsa_checksum(const uint8_t *data, size_t len)
{
	uint32_t c[3] = { UINT32_MAX, UINT32_MAX, UINT32_MAX };
	uint8_t all[12];
	size_t done = 0;

	for (; len - done >= 24; done += 24)
		for (int i = 0; i < 3; i++)
			c[i] = crc32c(data + done + 8 * i, 8, c[i]);
	c[2] = crc32c(data + done, len - done, c[2]);
	for (int i = 0; i < 3; i++) {
		c[i] = ~c[i];
		put32(all + 4 * i, c[i]);
	}
	return (uint64_t)(c[0] ^ c[1] ^ c[2]) << 32 |
	       (uint32_t)~crc32c(all, sizeof(all), UINT32_MAX);
}

bool vmsa_pool_build(struct swpsp *p)
{
	p->pool = calloc(1, sizeof(*p->pool));
	if (!p->pool)
		return false;
	p->pool->next = 1;
	for (uint32_t i = 0; i < VMSA_SLOTS; i++)
		put64(mem_at(p, p->tmr) + 8ull * i, (i + 1) % VMSA_SLOTS);
	return true;
}

void vmsa_pool_free(struct swpsp *p)
{
	free(p->pool);
	p->pool = NULL;
	if (p->es)
		memset(mem_at(p, p->tmr), 0, p->tmr_size);
}

bool vmsa_available(const struct swpsp *p)
{
	return p->pool && p->pool->count < VMSA_SLOTS - 1;
}

static uint32_t take_slot(struct vmsa_pool *pool, uint32_t handle)
{
	uint32_t slot = pool->next;

	while (!slot || pool->owner[slot])
		slot = (slot + 1) % VMSA_SLOTS;
	pool->owner[slot] = (uint16_t)handle;
	pool->next = (slot + 1) % VMSA_SLOTS;
	pool->count++;
	return slot;
}

static uint64_t slots_address(const struct swpsp *p)
{
	return p->tmr + SLOTS_OFFSET;
}

/* Within the TMR, whose range INIT has checked. */
static uint8_t *slot_at(const struct swpsp *p, uint32_t slot)
{
	return mem_at(p, slots_address(p) + 8ull * slot);
}

/* Patch a plaintext save area, and remember what it looks like. */
uint16_t vmsa_import(struct swpsp *p, uint32_t handle, uint8_t *page)
{
	uint32_t slot;

	if (!vmsa_available(p))
		return SWPSP_RESOURCE_LIMIT;
	slot = take_slot(p->pool, handle);
	put64(page + VMSA_ZERO, 0);
	put64(page + VMSA_SLOT, slots_address(p) + 8ull * slot);
	put64(slot_at(p, slot), SWPSP_VMSA_SUM_KEPT);
	p->pool->checksum[slot] = vmsa_checksum(page, VMSA_SUMMED);
	p->guests[handle].vmsas++;
	return SWPSP_SUCCESS;
}

/* Is this plaintext page a save area of this guest that only the processor has changed? */
bool vmsa_is_valid(const struct swpsp *p, uint32_t handle, const uint8_t *page)
{
	uint64_t offset = get64(page + VMSA_SLOT) - slots_address(p);

	if (!p->pool || offset % 8 || offset / 8 >= VMSA_SLOTS ||
	    p->pool->owner[offset / 8] != handle)
		return false;
	return get64(slot_at(p, offset / 8)) == SWPSP_VMSA_SUM_RUN ||
	       p->pool->checksum[offset / 8] == vmsa_checksum(page, VMSA_SUMMED);
}

void vmsa_release(struct swpsp *p, uint32_t handle)
{
	struct guest *g = &p->guests[handle];

	for (uint32_t i = 1; g->vmsas && i < VMSA_SLOTS; i++) {
		if (p->pool->owner[i] != handle)
			continue;
		p->pool->owner[i] = 0;
		p->pool->count--;
		g->vmsas--;
	}
}
