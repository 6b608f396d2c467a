// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that move within memory or leave it, sealed, and come back. The use of a
 * guest's page is kept in a metadata entry that only the firmware writes: it can be used
 * once, so that no old content comes back. Metadata pages can leave as well; the last
 * one's entry, the root, is in the guest's context.
 *
 * No vector, public tool or stock driver exercises any of this [D-SWAP].
 */
#include <stdlib.h>

#include <openssl/crypto.h>

#include "internal.h"

#define MOVE_FLAGS		0x08
#define MOVE_SRC		0x10
#define MOVE_DST		0x18
#define MOVE_2M			BIT(0)

#define INIT_PAGE		0x08

#define SWAP_SRC		0x08
#define SWAP_DST		0x10
#define SWAP_MDATA		0x18
#define SWAP_SOFTWARE		0x20
#define SWAP_FLAGS		0x28
#define SWAP_2M			BIT(0)
#define SWAP_TYPE(flags)	((flags) >> 1 & 3)
#define SWAP_IN_PLACE		BIT(3)
#define SWAP_ROOT		BIT(4)
#define SWAP_KNOWN		0x1full

#define ENTRY_SOFTWARE		0x00
#define ENTRY_IV		0x08
#define ENTRY_TAG		0x10
#define ENTRY_FLAGS		0x20	/* and the GPA, from bit 12 on */
#define ENTRY_PERMS		0x28
#define ENTRY_VALID		BIT(0)
#define ENTRY_VALIDATED		BIT(1)
#define ENTRY_VMSA		BIT(2)
#define ENTRY_METADATA		BIT(3)
#define ENTRY_2M		BIT(4)
#define ENTRY_KIND		(ENTRY_VMSA | ENTRY_METADATA | ENTRY_2M)

#define LEAVING		(SNP_PAGE_IN(RMP_PRE_GUEST) | SNP_PAGE_IN(RMP_PRE_SWAP))

enum kind {
	KIND_DATA,
	KIND_METADATA,
	KIND_VMSA,
	KINDS
};

/* Guests whose policy has nothing against it, and that have a key in memory. */
static struct snp_guest *movable_guest(struct swpsp *p, const uint8_t *cmd, uint16_t *status)
{
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_LAUNCH | SNP_IN_RUNNING,
					    status);

	if (g && (g->policy & SNP_POLICY_NO_SWAP))
		*status = SWPSP_POLICY_FAILURE;
	else if (g && !g->asid)
		*status = SWPSP_INACTIVE;
	return *status ? NULL : g;
}

/* A page that leaves: of the guest and immutable, or Metadata of this guest. */
static uint16_t check_leaving(const struct swpsp *p, const struct snp_guest *g, uint64_t addr,
			      uint32_t size, bool metadata, struct rmp_page *entry)
{
	uint16_t status;

	if (!metadata)
		return snp_page_check(p, addr, size, LEAVING, g->asid, entry);
	status = snp_page_check(p, addr, size, SNP_PAGE_IN(RMP_METADATA), 0, entry);
	if (!status && entry->gpa != g->page)
		status = SWPSP_INVALID_PAGE_OWNER;
	return status;
}

/* The page that is left behind can be reclaimed [D-MOVE-SOURCE]. */
static void page_has_left(struct swpsp *p, uint64_t addr, const struct rmp_page *entry)
{
	struct rmp_page left = *entry;

	if (entry->asid) {
		left.validated = false;
		left.vmsa = false;
	} else {
		left = snp_page_firmware();
	}
	snp_page_set(p, addr, &left);
}

/* The guest's page is where it shall be, and is as it was. */
static void page_has_arrived(struct swpsp *p, uint64_t addr, const struct rmp_page *was)
{
	struct rmp_page now = *was;

	if (was->asid)
		now.immutable = false;
	snp_page_set(p, addr, &now);
}

/* ---- PAGE_MD_INIT [D-METADATA] ---- */

uint16_t cmd_snp_page_md_init(struct swpsp *p, uint8_t *cmd)
{
	static const uint8_t empty[SNP_PAGE_4K];
	struct rmp_page metadata = snp_page_firmware();
	uint64_t page = get64(cmd + INIT_PAGE);
	uint16_t status;
	const struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_LAUNCH | SNP_IN_RUNNING,
						  &status);

	if (!g)
		return status;
	status = snp_page_check(p, page, SNP_PAGE_4K, SNP_PAGE_IN(RMP_FIRMWARE), 0, NULL);
	if (!status)
		status = mem_write_in(p, SNP_PAGE_OUTPUT, page, empty, sizeof(empty));
	if (status)
		return status;
	metadata.gpa = g->page;
	snp_page_set(p, page, &metadata);
	return SWPSP_SUCCESS;
}

/* ---- PAGE_MOVE ---- */

/* Metadata is not encrypted: what is secret in it is sealed. */
static uint16_t move_content(struct swpsp *p, const struct snp_guest *g, uint64_t src,
			     uint64_t dst, uint32_t size, bool metadata)
{
	uint16_t status = SWPSP_SUCCESS;

	if (metadata) {
		status = mem_read(p, src, p->chunk, SNP_PAGE_4K);
		if (!status)
			status = mem_write_in(p, SNP_PAGE_OUTPUT, dst, p->chunk, SNP_PAGE_4K);
		return status;
	}
	for (uint32_t at = 0; !status && at < size; at += SNP_PAGE_4K) {
		status = mem_guest_read(p, g->asid, src + at, p->chunk, SNP_PAGE_4K);
		if (!status)
			status = mem_guest_write_in(p, SNP_PAGE_IN(RMP_PRE_GUEST), g->asid,
						    dst + at, p->chunk, SNP_PAGE_4K);
	}
	return status;
}

uint16_t cmd_snp_page_move(struct swpsp *p, uint8_t *cmd)
{
	uint64_t src = get64(cmd + MOVE_SRC), dst = get64(cmd + MOVE_DST);
	uint32_t flags = get32(cmd + MOVE_FLAGS);
	uint32_t size = flags & MOVE_2M ? SNP_PAGE_2M : SNP_PAGE_4K;
	struct rmp_page from, to;
	bool metadata;
	uint16_t status;
	const struct snp_guest *g = movable_guest(p, cmd, &status);

	if (!g)
		return status;
	if (flags & ~MOVE_2M || get32(cmd + MOVE_FLAGS + 4))
		return SWPSP_INVALID_PARAM;
	metadata = mem_state(p, src, NULL) == RMP_METADATA;
	status = check_leaving(p, g, src, size, metadata, &from);
	if (status)
		return status;
	if (metadata)
		status = snp_page_check(p, dst, size, SNP_PAGE_IN(RMP_FIRMWARE), 0, &to);
	else
		status = snp_page_check(p, dst, size, SNP_PAGE_IN(RMP_PRE_GUEST), g->asid, &to);
	if (!status && !metadata && (to.gpa != from.gpa ||
				     mem_address(p, src) == mem_address(p, dst)))
		status = SWPSP_INVALID_PAGE_STATE;		/* [D-MOVE-GPA] */
	if (!status)
		status = move_content(p, g, src, dst, size, metadata);
	OPENSSL_cleanse(p->chunk, sizeof(p->chunk));
	if (status)
		return status;
	page_has_arrived(p, dst, &from);
	page_has_left(p, src, &from);
	return SWPSP_SUCCESS;
}

/* ---- PAGE_SWAP_OUT, PAGE_SWAP_IN ---- */

struct swap {
	uint64_t src;
	uint64_t dst;
	uint64_t mdata;
	uint64_t flags;
	uint32_t size;
	enum kind kind;
	struct rmp_page page;		/* entry of the guest's page */
	uint8_t entry[SNP_ENTRY_SIZE];
};

/* Checks of the arguments themselves, the same in both directions. */
static uint16_t swap_parse(const struct swpsp *p, const uint8_t *cmd, struct swap *s)
{
	s->src = mem_address(p, get64(cmd + SWAP_SRC));
	s->dst = mem_address(p, get64(cmd + SWAP_DST));
	s->mdata = mem_address(p, get64(cmd + SWAP_MDATA));
	s->flags = get64(cmd + SWAP_FLAGS);
	s->size = s->flags & SWAP_2M ? SNP_PAGE_2M : SNP_PAGE_4K;
	s->kind = SWAP_TYPE(s->flags);
	if (s->flags & ~SWAP_KNOWN || s->kind >= KINDS ||
	    (s->kind != KIND_DATA && s->size != SNP_PAGE_4K))
		return SWPSP_INVALID_PARAM;
	/* Only the last metadata page has its entry in the context [D-SWAP-ROOT]. */
	if ((s->flags & SWAP_ROOT) && s->kind != KIND_METADATA)
		return SWPSP_INVALID_PARAM;
	if (s->src % s->size || s->dst % s->size ||
	    (!(s->flags & SWAP_ROOT) && s->mdata % SNP_ENTRY_SIZE))
		return SWPSP_INVALID_ADDRESS;
	return SWPSP_SUCCESS;
}

/* Fetch the metadata entry, from the context or from a page of the guest's. */
static uint16_t entry_read(struct swpsp *p, const struct snp_guest *g, struct swap *s)
{
	uint64_t page = s->mdata & ~(SNP_PAGE_4K - 1ull);
	struct rmp_page metadata;
	uint16_t status;

	if (s->flags & SWAP_ROOT) {
		memcpy(s->entry, g->root_entry, sizeof(s->entry));
		return SWPSP_SUCCESS;
	}
	status = check_leaving(p, g, page, SNP_PAGE_4K, true, &metadata);
	if (!status && (page == s->src || page == s->dst))
		status = SWPSP_INVALID_PARAM;	/* an entry in the very page that it is of */
	return status ? status : mem_read(p, s->mdata, s->entry, sizeof(s->entry));
}

static uint16_t entry_write(struct swpsp *p, struct snp_guest *g, const struct swap *s)
{
	if (!(s->flags & SWAP_ROOT))
		return mem_write_in(p, SNP_PAGE_IN(RMP_METADATA), s->mdata, s->entry,
				    sizeof(s->entry));
	memcpy(g->root_entry, s->entry, sizeof(s->entry));
	return SWPSP_SUCCESS;
}

static uint64_t kind_bits(const struct swap *s)
{
	return (s->kind == KIND_VMSA ? ENTRY_VMSA : 0) |
	       (s->kind == KIND_METADATA ? ENTRY_METADATA : 0) |
	       (s->size == SNP_PAGE_2M ? ENTRY_2M : 0);
}

/* The tag covers the page, and the entry with the tag's own place empty [D-SWAP-AAD]. */
static bool swap_crypt(bool seal, const struct snp_guest *g, struct swap *s, uint8_t *buffer)
{
	uint8_t nonce[12] = { 0 }, aad[SNP_ENTRY_SIZE];
	const struct piece covered = { aad, sizeof(aad) };

	memcpy(nonce, s->entry + ENTRY_IV, 8);
	memcpy(aad, s->entry, sizeof(aad));
	memset(aad + ENTRY_TAG, 0, 16);
	return crypto_gcm(seal, g->oek, nonce, &covered, buffer, buffer, s->size,
			  s->entry + ENTRY_TAG);
}

static void entry_fill(struct swap *s, const struct snp_guest *g, uint64_t software)
{
	uint64_t word = kind_bits(s) | ENTRY_VALID;

	if (s->kind != KIND_METADATA)
		word |= s->page.gpa | (s->page.validated ? ENTRY_VALIDATED : 0);
	memset(s->entry, 0, sizeof(s->entry));
	put64(s->entry + ENTRY_SOFTWARE, software);
	put64(s->entry + ENTRY_IV, g->oek_iv);
	put64(s->entry + ENTRY_FLAGS, word);
	if (s->kind != KIND_METADATA)
		memcpy(s->entry + ENTRY_PERMS, s->page.perms, sizeof(s->page.perms));
}

static uint16_t swap_out(struct swpsp *p, struct snp_guest *g, struct swap *s, uint64_t software,
			 uint8_t *buffer)
{
	struct rmp_page reclaim = snp_page_reclaim();
	uint16_t status;

	status = s->kind == KIND_METADATA ? mem_read(p, s->src, buffer, s->size) :
		 mem_guest_read(p, g->asid, s->src, buffer, s->size);
	if (status)
		return status;
	entry_fill(s, g, software);
	if (!swap_crypt(true, g, s, buffer))
		return hardware_error(p, ERROR_CRYPTO);
	g->oek_iv++;
	status = mem_write_in(p, SNP_PAGE_OUTPUT, s->dst, buffer, s->size);
	if (!status)
		status = entry_write(p, g, s);
	if (status)
		return status;
	page_has_left(p, s->src, &s->page);
	reclaim.large = s->size == SNP_PAGE_2M;
	if (mem_state(p, s->dst, NULL) == RMP_FIRMWARE)
		snp_page_set(p, s->dst, &reclaim);
	return SWPSP_SUCCESS;
}

static uint16_t swap_out_check(struct swpsp *p, const struct snp_guest *g, struct swap *s)
{
	uint16_t status;

	if (s->flags & SWAP_IN_PLACE)
		return SWPSP_INVALID_PARAM;
	status = check_leaving(p, g, s->src, s->size, s->kind == KIND_METADATA, &s->page);
	if (status)
		return status;
	if (s->kind == KIND_DATA ? s->page.vmsa : s->kind == KIND_VMSA && !s->page.vmsa)
		return SWPSP_INVALID_PARAM;			/* [D-SWAP-KIND] */
	status = snp_page_check(p, s->dst, s->size, SNP_PAGE_OUTPUT, 0, NULL);
	if (!status)
		status = entry_read(p, g, s);
	if (status)
		return status;
	if (get64(s->entry + ENTRY_FLAGS) & ENTRY_VALID)
		return SWPSP_INVALID_MDATA_ENTRY;
	return g->oek_iv >= UINT64_MAX - 1 ? SWPSP_AEAD_OFLOW : SWPSP_SUCCESS;
}

/* Run @work, which needs a private copy of the page. */
static uint16_t with_buffer(struct swpsp *p, struct snp_guest *g, struct swap *s, uint64_t arg,
			    uint16_t (*work)(struct swpsp *, struct snp_guest *, struct swap *,
					     uint64_t, uint8_t *))
{
	uint8_t *buffer = malloc(s->size);
	uint16_t status;

	if (!buffer)
		return hardware_error(p, ERROR_CRYPTO);
	status = work(p, g, s, arg, buffer);
	OPENSSL_cleanse(buffer, s->size);
	free(buffer);
	return status;
}

uint16_t cmd_snp_page_swap_out(struct swpsp *p, uint8_t *cmd)
{
	struct swap s = { 0 };
	uint16_t status;
	struct snp_guest *g = movable_guest(p, cmd, &status);

	if (!g)
		return status;
	status = swap_parse(p, cmd, &s);
	if (!status)
		status = swap_out_check(p, g, &s);
	return status ? status : with_buffer(p, g, &s, get64(cmd + SWAP_SOFTWARE), swap_out);
}

/* Checks the destination page, whose address in the guest must be the metadata entry's. */
static uint16_t check_arrival(const struct swpsp *p, const struct snp_guest *g, struct swap *s)
{
	uint16_t status;

	if (s->kind == KIND_METADATA)
		return snp_page_check(p, s->dst, s->size, SNP_PAGE_IN(RMP_FIRMWARE), 0, &s->page);
	status = snp_page_check(p, s->dst, s->size, SNP_PAGE_IN(RMP_PRE_GUEST), g->asid,
				&s->page);
	if (!status && s->page.gpa != (get64(s->entry + ENTRY_FLAGS) & RMP_GPA))
		status = SWPSP_INVALID_PAGE_STATE;
	return status;
}

static uint16_t swap_in_check(struct swpsp *p, const struct snp_guest *g, const uint8_t *cmd,
			      struct swap *s)
{
	uint64_t word;
	uint16_t status;

	if (get64(cmd + SWAP_SOFTWARE))
		return SWPSP_INVALID_PARAM;
	if ((s->flags & SWAP_IN_PLACE) && (s->kind != KIND_DATA || s->src != s->dst))
		return SWPSP_INVALID_PARAM;
	status = mem_range(p, s->src, s->size) ? SWPSP_INVALID_ADDRESS : entry_read(p, g, s);
	if (status)
		return status;
	word = get64(s->entry + ENTRY_FLAGS);
	if (!(word & ENTRY_VALID) || (word & ENTRY_KIND) != kind_bits(s))
		return SWPSP_INVALID_MDATA_ENTRY;		/* [D-SWAP-ENTRY] */
	return check_arrival(p, g, s);
}

static uint16_t swap_in(struct swpsp *p, struct snp_guest *g, struct swap *s, uint64_t unused,
			uint8_t *buffer)
{
	uint64_t word = get64(s->entry + ENTRY_FLAGS);
	struct rmp_page page = s->page;
	uint16_t status = mem_read(p, s->src, buffer, s->size);

	(void)unused;
	if (status)
		return status;
	if (!swap_crypt(false, g, s, buffer))
		return SWPSP_BAD_MEASUREMENT;			/* [D-SWAP-TAG] */
	if (s->kind == KIND_METADATA) {
		page.gpa = g->page;
		status = mem_write_in(p, SNP_PAGE_OUTPUT, s->dst, buffer, s->size);
	} else {
		page.validated = word & ENTRY_VALIDATED;
		page.vmsa = word & ENTRY_VMSA;
		memcpy(page.perms, s->entry + ENTRY_PERMS, sizeof(page.perms));
		status = mem_guest_write_in(p, SNP_PAGE_IN(RMP_PRE_GUEST), g->asid, s->dst,
					    buffer, s->size);
	}
	put64(s->entry + ENTRY_FLAGS, word & ~(uint64_t)ENTRY_VALID);
	if (!status)
		status = entry_write(p, g, s);
	if (!status)
		page_has_arrived(p, s->dst, &page);
	return status;
}

uint16_t cmd_snp_page_swap_in(struct swpsp *p, uint8_t *cmd)
{
	struct swap s = { 0 };
	uint16_t status;
	struct snp_guest *g = movable_guest(p, cmd, &status);

	if (!g)
		return status;
	status = swap_parse(p, cmd, &s);
	if (!status)
		status = swap_in_check(p, g, cmd, &s);
	return status ? status : with_buffer(p, g, &s, 0, swap_in);
}
