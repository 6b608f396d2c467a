// SPDX-License-Identifier: GPL-2.0
/*
 * Windows into a guest: the debug commands, which let the host in if the policy
 * allows it, and swapping, which takes sealed pages out and in again.
 */
#include <stdlib.h>

#include <openssl/crypto.h>

#include "internal.h"

#define DBG_SRC			0x08
#define DBG_DST			0x10
#define DBG_LEN			0x18

#define SWAP_FLAGS		0x04
#define SWAP_SRC		0x08
#define SWAP_DST		0x10
#define SWAP_MDATA		0x18
#define SWAP_SOFTWARE		0x20
#define SWAP_2M			BIT(0)
#define SWAP_TYPE(flags)	((flags) >> 1 & 3)
#define SWAP_TYPE_VMSA		2
#define SWAP_IN_PLACE		BIT(3)
#define SWAP_KIND		7u		/* size and type: kept in the entry */

#define ENTRY_SIZE		0x40
#define ENTRY_SOFTWARE		0x00
#define ENTRY_IV		0x08
#define ENTRY_TAG		0x10
#define ENTRY_FLAGS		0x3c

/* ---- DBG_DECRYPT, DBG_ENCRYPT ---- */

/* Source and target are both checked before a chunk is touched. */
static uint16_t dbg_chunk(struct swpsp *p, const struct guest *g, bool decrypt, uint64_t src,
			  uint64_t dst, uint32_t len)
{
	uint16_t status = mem_range(p, src, len);

	if (!status)
		status = mem_range(p, dst, len);
	if (status)
		return status;
	if (decrypt) {
		status = mem_guest_read(p, g->asid, src, p->chunk, len);
		return status ? status : mem_write(p, dst, p->chunk, len);
	}
	status = mem_read(p, src, p->chunk, len);
	return status ? status : mem_guest_write(p, g->asid, dst, p->chunk, len);
}

static uint16_t dbg(struct swpsp *p, uint8_t *cmd, bool decrypt)
{
	uint64_t src = get64(cmd + DBG_SRC), dst = get64(cmd + DBG_DST);
	uint32_t len = get32(cmd + DBG_LEN);
	const struct guest *g = guest_get(p, get32(cmd));
	uint16_t status;

	if (src % 16 || dst % 16)
		return SWPSP_INVALID_ADDRESS;
	if (len % 16)
		return SWPSP_INVALID_LENGTH;
	if (!g)
		return SWPSP_INVALID_GUEST;
	if (g->policy & POLICY_NODBG)
		return SWPSP_POLICY_FAILURE;
	status = mem_lent(p, dst, len);
	if (status)
		return status;
	if (!g->asid)
		return SWPSP_INACTIVE;
	if (!len)
		return SWPSP_INVALID_PARAM;
	for (uint32_t done = 0; !status && done < len;) {
		uint32_t n = len - done < CHUNK_SIZE ? len - done : CHUNK_SIZE;

		status = dbg_chunk(p, g, decrypt, src + done, dst + done, n);
		done += n;
	}
	return status;
}

uint16_t cmd_dbg_decrypt(struct swpsp *p, uint8_t *cmd)
{
	return dbg(p, cmd, true);
}

uint16_t cmd_dbg_encrypt(struct swpsp *p, uint8_t *cmd)
{
	return dbg(p, cmd, false);
}

/* ---- SWAP_OUT, SWAP_IN ---- */

struct swap {
	uint64_t src;
	uint64_t dst;
	uint64_t mdata;
	uint32_t flags;
	uint32_t size;
	bool vmsa;
	uint8_t entry[ENTRY_SIZE];
};

static void swap_parse(const uint8_t *cmd, struct swap *s)
{
	s->src = get64(cmd + SWAP_SRC);
	s->dst = get64(cmd + SWAP_DST);
	s->mdata = get64(cmd + SWAP_MDATA);
	s->flags = get32(cmd + SWAP_FLAGS);
	s->size = s->flags & SWAP_2M ? 512 * PAGE_SIZE : PAGE_SIZE;
	s->vmsa = SWAP_TYPE(s->flags) == SWAP_TYPE_VMSA;
}

/* @dst_align: SWAP_IN asks for less than a page of the size given. */
static uint16_t swap_check(const struct swpsp *p, const struct swap *s, uint32_t dst_align)
{
	if (mem_range(p, s->src, s->size) || mem_range(p, s->dst, s->size) ||
	    mem_range(p, s->mdata, ENTRY_SIZE))
		return SWPSP_INVALID_ADDRESS;
	if (s->src % s->size || s->dst % dst_align || s->mdata % ENTRY_SIZE)
		return SWPSP_INVALID_ADDRESS;
	if (mem_overlap(mem_address(p, s->mdata), ENTRY_SIZE, mem_address(p, s->src), s->size) ||
	    mem_overlap(mem_address(p, s->mdata), ENTRY_SIZE, mem_address(p, s->dst), s->size))
		return SWPSP_INVALID_PARAM;
	return SWPSP_SUCCESS;
}

/* The tag covers the page, and the entry with the tag's own place empty. */
static bool swap_crypt(bool seal, const struct guest *g, struct swap *s, const uint8_t *in,
		       uint8_t *out)
{
	uint8_t nonce[12] = { 0 }, aad[ENTRY_SIZE];
	const struct piece covered = { aad, sizeof(aad) };

	memcpy(nonce, s->entry + ENTRY_IV, 8);
	memcpy(aad, s->entry, sizeof(aad));
	memset(aad + ENTRY_TAG, 0, 16);
	return crypto_gcm(seal, g->offline_key, nonce, &covered, in, out, s->size,
			  s->entry + ENTRY_TAG);
}

/* No save area may leave disguised as data, and nothing else as a save area. */
static bool type_is_true(const struct swpsp *p, const struct guest *g, const struct swap *s,
			 const uint8_t *page)
{
	for (uint32_t at = 0; at < s->size; at += PAGE_SIZE)
		if (vmsa_is_valid(p, guest_handle(p, g), page + at) != s->vmsa)
			return false;
	return true;
}

static uint16_t swap_out(struct swpsp *p, struct guest *g, struct swap *s, uint8_t *buffer)
{
	uint16_t status = mem_guest_read(p, g->asid, s->src, buffer, s->size);

	if (status)
		return status;
	if (!type_is_true(p, g, s, buffer))
		return SWPSP_INVALID_PARAM;
	put64(s->entry + ENTRY_IV, g->swap_iv);
	put32(s->entry + ENTRY_FLAGS, s->flags & SWAP_KIND);
	if (!swap_crypt(true, g, s, buffer, buffer))
		return hardware_error(p, ERROR_CRYPTO);
	g->swap_iv++;
	status = mem_write(p, s->dst, buffer, s->size);
	return status ? status : mem_write(p, s->mdata, s->entry, sizeof(s->entry));
}

uint16_t cmd_swap_out(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd));
	struct swap s = { 0 };
	uint8_t *buffer;
	uint16_t status;

	swap_parse(cmd, &s);
	put64(s.entry + ENTRY_SOFTWARE, get64(cmd + SWAP_SOFTWARE));
	status = swap_check(p, &s, s.size);
	if (status)
		return status;
	if (s.vmsa && (s.flags & SWAP_2M))
		return SWPSP_INVALID_PARAM;
	if (!g)
		return SWPSP_INVALID_GUEST;
	if (!g->asid)
		return SWPSP_INACTIVE;
	if (g->swap_iv >= UINT64_MAX - 1)
		return SWPSP_AEAD_OFLOW;
	status = mem_lent(p, s.dst, s.size);
	if (!status)
		status = mem_lent(p, s.mdata, ENTRY_SIZE);
	if (status)
		return status;
	buffer = malloc(s.size);
	if (!buffer)
		return hardware_error(p, ERROR_CRYPTO);
	status = swap_out(p, g, &s, buffer);
	OPENSSL_cleanse(buffer, s.size);
	free(buffer);
	return status;
}

static uint16_t swap_in(struct swpsp *p, struct guest *g, struct swap *s, uint8_t *buffer)
{
	uint16_t status = mem_read(p, s->src, buffer, s->size);

	if (status)
		return status;
	if (!swap_crypt(false, g, s, buffer, buffer))
		return SWPSP_BAD_MEASUREMENT;
	return mem_guest_write(p, g->asid, s->dst, buffer, s->size);
}

uint16_t cmd_swap_in(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd));
	struct swap s = { 0 };
	uint8_t *buffer;
	uint16_t status;

	swap_parse(cmd, &s);
	status = swap_check(p, &s, PAGE_SIZE);
	if (!status)
		status = mem_read(p, s.mdata, s.entry, sizeof(s.entry));
	if (status)
		return status;
	if ((get32(s.entry + ENTRY_FLAGS) ^ s.flags) & SWAP_KIND)
		return SWPSP_INVALID_PARAM;
	if ((s.flags & SWAP_IN_PLACE) &&
	    (s.vmsa || mem_address(p, s.src) != mem_address(p, s.dst)))
		return SWPSP_INVALID_PARAM;
	if (!g)
		return SWPSP_INVALID_GUEST;
	if (!g->asid)
		return SWPSP_INACTIVE;
	status = mem_lent(p, s.dst, s.size);
	if (status)
		return status;
	buffer = malloc(s.size);
	if (!buffer)
		return hardware_error(p, ERROR_CRYPTO);
	status = swap_in(p, g, &s, buffer);
	OPENSSL_cleanse(buffer, s.size);
	free(buffer);
	return status;
}
