/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the tests of SNP: the machine of swpsp_test.h with a reverse map table,
 * the hypervisor's instructions on it, and one function for each command. Numbers
 * are typed from the description of the firmware interface.
 *
 * Memory: command buffer at 4 KiB; results at RESULT; contexts at GCTX(n); lists and
 * blobs for the firmware to read at BLOB; guest pages from PAGES on.
 */
#ifndef SNP_TEST_H
#define SNP_TEST_H

#include "swpsp_test.h"
#include "snp/rmp.h"

#define RMP_PAGES	(MEMORY / 0x1000u)
#define RMP_BYTES	(0x4000u + 16 * RMP_PAGES)
#define RESULT		0x240000u
#define METADATA	0x250000u
#define GCTX(n)		(0x300000u + 0x1000u * (n))
#define PAGE(n)		(PAGES + 0x1000u * (n))
#define HUGE		0x600000u	/* a region of 2 MiB of its own */
#define GPA(n)		(0x80000000ull + 0x1000ull * (n))
#define POLICY		0x30000ull
#define P_MIGRATE	(1ull << 18)
#define P_DEBUG		(1ull << 19)
#define C_BIT		(1ull << 51)

enum {
	SNP_INIT_CMD = 0x81, SNP_SHUTDOWN, SNP_PLATFORM_STATUS, SNP_DF_FLUSH, SNP_INIT_EX,
	SNP_SHUTDOWN_EX,
	SNP_DECOMMISSION = 0x90, SNP_ACTIVATE, SNP_GUEST_STATUS, SNP_GCTX_CREATE,
	SNP_GUEST_REQUEST, SNP_ACTIVATE_EX, SNP_HV_REPORT_REQ,
	SNP_LAUNCH_START = 0xa0, SNP_LAUNCH_UPDATE, SNP_LAUNCH_FINISH,
	SNP_DBG_DECRYPT = 0xb0, SNP_DBG_ENCRYPT, SNP_VERIFY_MITIGATION,
	SNP_SWAP_OUT = 0xc0, SNP_SWAP_IN, SNP_PAGE_MOVE, SNP_MD_INIT,
	SNP_SET_STATE = 0xc6, SNP_RECLAIM, SNP_UNSMASH, SNP_CONFIG, SNP_DOWNLOAD_EX,
	SNP_COMMIT, SNP_VLEK_LOAD = 0xcd, SNP_FEATURE_INFO,
};

enum { T_NORMAL = 1, T_VMSA, T_ZERO, T_UNMEASURED, T_SECRETS, T_CPUID };
enum { G_INIT, G_LAUNCH, G_RUNNING };

/* ---- the machine ---- */

static inline void snp_box_config(struct box *b)
{
	box_config(b);
	b->config.rmp = calloc(1, RMP_BYTES);
	b->config.rmp_pages = RMP_PAGES;
	b->config.product = SWPSP_GENOA;
}

static inline void snp_box_free(struct box *b)
{
	void *rmp = b->config.rmp;

	box_free(b);
	free(rmp);
}

static inline struct rmp table(struct box *b)
{
	struct rmp rmp;

	rmp_init(&rmp, b->config.rmp, RMP_PAGES);
	return rmp;
}

static inline struct rmp_page entry_of(struct box *b, uint64_t addr)
{
	struct rmp rmp = table(b);
	struct rmp_page page = { 0 };

	rmp_lookup(&rmp, addr, &page);
	return page;
}

static inline enum rmp_state state_of(struct box *b, uint64_t addr)
{
	struct rmp_page page = entry_of(b, addr);

	return rmp_state(&page);
}

/* ---- acts of the hypervisor ---- */

static inline int hv_update(struct box *b, uint64_t addr, uint64_t gpa, uint32_t asid,
			    bool assigned, bool large, bool immutable)
{
	const struct rmp_request r = {
		.gpa = gpa, .asid = asid, .assigned = assigned, .large = large,
		.immutable = immutable,
	};
	struct rmp rmp = table(b);

	return rmp_update(&rmp, addr, &r);
}

static inline int hv_firmware(struct box *b, uint64_t addr)
{
	return hv_update(b, addr, 0, 0, true, false, true);
}

static inline int hv_pre_guest(struct box *b, uint64_t addr, uint64_t gpa, uint32_t asid)
{
	return hv_update(b, addr, gpa, asid, true, false, true);
}

static inline int hv_take(struct box *b, uint64_t addr)
{
	return hv_update(b, addr, 0, 0, false, false, false);
}

/* A page in a state that the hypervisor could not always bring about. */
static inline void poke(struct box *b, uint64_t addr, enum rmp_state state, uint32_t asid,
			bool large)
{
	struct rmp_page page = { .assigned = true, .large = large };
	struct rmp rmp = table(b);

	page.immutable = state == RMP_FIRMWARE || state == RMP_METADATA ||
			 state == RMP_PRE_GUEST || state == RMP_PRE_SWAP;
	page.validated = state == RMP_PRE_SWAP || state == RMP_GUEST_VALID;
	if (state == RMP_HYPERVISOR || state == RMP_HV_FIXED)
		page.assigned = false;
	page.hv_fixed = state == RMP_HV_FIXED;
	if (state == RMP_METADATA)
		page.gpa = GCTX(0);
	if (state >= RMP_PRE_GUEST) {
		page.asid = asid;
		page.gpa = GPA(0);
		page.perms[0] = 0xf;
	}
	if (!page.assigned)
		page.large = false;
	if (state == RMP_METADATA)
		memset(at(b, addr), 0, 0x1000);		/* no entry is in use */
	rmp_store(&rmp, addr, &page);
}

/* ---- platform commands ---- */

static inline uint16_t snp_init_flags(struct box *b, uint32_t flags, uint64_t list)
{
	uint8_t *c = cmd_new(b);

	put32(c, flags);
	put64(c + 8, list);
	return run(b, SNP_INIT_EX);
}

static inline uint16_t snp_flush(struct box *b)
{
	wbinvd_all(b);
	return run(b, SNP_DF_FLUSH);
}

/* An initialised platform whose ASIDs are clean. */
static inline bool snp_box_new(struct box *b)
{
	snp_box_config(b);
	return box_start(b) && !snp_init_flags(b, 1, 0) && !snp_flush(b);
}

/* The result stays at RESULT; its page is made Firmware and taken back. */
static inline uint16_t snp_status(struct box *b, uint8_t out[0x20])
{
	uint8_t *c = cmd_new(b);
	uint16_t status;

	hv_take(b, RESULT);
	hv_firmware(b, RESULT);
	put64(c, RESULT);
	status = run(b, SNP_PLATFORM_STATUS);
	memcpy(out, at(b, RESULT), 0x20);
	return status;
}

static inline uint16_t snp_shutdown_ex(struct box *b)
{
	uint8_t *c = cmd_new(b);

	put32(c, 8);
	put32(c + 4, 1);
	return run(b, SNP_SHUTDOWN_EX);
}

static inline uint16_t snp_config(struct box *b, uint64_t tcb, uint32_t flags)
{
	uint8_t *c = cmd_new(b);

	put64(c, tcb);
	put32(c + 8, flags);
	return run(b, SNP_CONFIG);
}

static inline uint16_t snp_commit_cmd(struct box *b)
{
	put32(cmd_new(b), 4);
	return run(b, SNP_COMMIT);
}

/* ---- guest commands ---- */

static inline uint16_t by_gctx(struct box *b, uint32_t id, uint64_t gctx)
{
	put64(cmd_new(b), gctx);
	return run(b, id);
}

static inline uint16_t snp_activate(struct box *b, uint64_t gctx, uint32_t asid)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	put32(c + 8, asid);
	return run(b, SNP_ACTIVATE);
}

static inline uint16_t snp_launch_start(struct box *b, uint64_t gctx, uint64_t policy)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	put64(c + 8, policy);
	return run(b, SNP_LAUNCH_START);
}

static inline uint16_t snp_update(struct box *b, uint64_t gctx, uint64_t page, uint32_t type)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	put32(c + 8, type << 1);
	put64(c + 0x10, page);
	return run(b, SNP_LAUNCH_UPDATE);
}

static inline uint16_t snp_finish(struct box *b, uint64_t gctx)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	count_up(c + 0x20, 0x80, 32);
	return run(b, SNP_LAUNCH_FINISH);
}

static inline uint16_t snp_guest_status(struct box *b, uint64_t gctx, uint8_t out[0x20])
{
	uint8_t *c = cmd_new(b);
	uint16_t status;

	hv_take(b, RESULT);
	hv_firmware(b, RESULT);
	put64(c, gctx);
	put64(c + 8, RESULT);
	status = run(b, SNP_GUEST_STATUS);
	memcpy(out, at(b, RESULT), 0x20);
	return status;
}

static inline int snp_guest_state(struct box *b, uint64_t gctx)
{
	uint8_t out[0x20];

	return snp_guest_status(b, gctx, out) ? -1 : out[0xc];
}

static inline uint16_t snp_reclaim(struct box *b, uint64_t addr, bool large)
{
	return by_gctx(b, SNP_RECLAIM, addr | large);
}

static inline bool snp_context(struct box *b, uint64_t gctx)
{
	return !hv_firmware(b, gctx) && !by_gctx(b, SNP_GCTX_CREATE, gctx);
}

/* A guest from nothing to @state; @asid 0: not active. */
static inline bool snp_guest_to(struct box *b, uint64_t gctx, uint64_t policy, uint32_t asid,
				int state)
{
	if (!snp_context(b, gctx))
		return false;
	if (state == G_INIT)
		return true;
	if (snp_launch_start(b, gctx, policy) || (asid && snp_activate(b, gctx, asid)))
		return false;
	return state == G_LAUNCH || !snp_finish(b, gctx);
}

/* Hand a page over and launch it. */
static inline uint16_t snp_launch_page(struct box *b, uint64_t gctx, uint32_t asid, uint64_t page,
				       uint64_t gpa, uint32_t type)
{
	return hv_pre_guest(b, page, gpa, asid) ? 0xffff : snp_update(b, gctx, page, type);
}

#endif /* SNP_TEST_H */
