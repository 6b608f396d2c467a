// SPDX-License-Identifier: GPL-2.0
/*
 * Platform commands of SNP: bringing it up and down, and what it says of itself.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define INIT_FLAGS		0x00
#define INIT_LIST		0x08
#define INIT_MAX_ASID		0x10
#define INIT_SIZE		0x40
#define INIT_RMP		BIT(0)
#define INIT_LIST_EN		BIT(1)
#define INIT_RAPL_OFF		BIT(2)
#define INIT_HIDING		BIT(3)

#define SHUTDOWN_LENGTH		0x00
#define SHUTDOWN_FLAGS		0x04
#define SHUTDOWN_SIZE		0x08
#define SHUTDOWN_IOMMU		BIT(0)
#define SHUTDOWN_X86		BIT(1)

#define STATUS_SIZE		0x20
#define STATUS_RMP_INIT		BIT(0)
#define STATUS_ALIAS_CHECKED	BIT(1)
#define STATUS_MASK_CHIP_ID	BIT(0)
#define STATUS_MASK_CHIP_KEY	BIT(1)
#define STATUS_VLEK		BIT(2)
#define STATUS_FEATURE_INFO	BIT(3)
#define STATUS_RAPL_OFF		BIT(4)
#define STATUS_HIDING_CAP	BIT(5)
#define STATUS_HIDING		BIT(6)

#define CONFIG_TCB		0x00
#define CONFIG_FLAGS		0x08
#define CONFIG_SIZE		0x40
#define CONFIG_MASK_CHIP_ID	BIT(0)
#define CONFIG_MASK_CHIP_KEY	BIT(1)

#define COMMIT_SIZE		0x04

#define SYSCFG_MFDM		(1ull << 19)
#define SYSCFG_SNP		(1ull << 24)
#define SYSCFG_VMPL		(1ull << 25)
#define SYSCFG_LOOKED_AT	(SYSCFG_MFDM | SYSCFG_SNP | SYSCFG_VMPL)
#define RMP_ALIGN		0x2000
#define RMP_COUNTS		0x4000

/* ---- the processor's part ---- */

/* As a kernel sets all threads up before it asks for SNP. */
static void cores_power_on(struct swpsp *p)
{
	const struct swpsp_core core = {
		.syscfg = SYSCFG_LOOKED_AT, .rmp_base = RMP_ALIGN,
		.rmp_end = RMP_ALIGN + RMP_COUNTS + 16ull * p->config.rmp_pages - 1,
	};

	for (uint32_t i = 0; i < p->config.cpus; i++)
		p->snp.cores[i] = core;
}

void snp_power_on(struct swpsp *p)
{
	const struct swpsp_config *c = &p->config;
	struct snp *s = &p->snp;

	/* Known to the factory, too, which has no table. */
	s->current = (struct snp_version) {
		.tcb = snp_tcb_configured(c),
		.major = c->api_major, .minor = c->api_minor, .build = c->build,
	};
	s->committed = s->current;
	s->reported_tcb = s->current.tcb;
	if (!c->rmp)
		return;
	rmp_init(&s->rmp, c->rmp, c->rmp_pages);
	cores_power_on(p);
}

void swpsp_set_core(struct swpsp *p, uint32_t cpu, const struct swpsp_core *core)
{
	if (cpu < p->config.cpus)
		p->snp.cores[cpu] = *core;
}

bool snp_enabled(const struct swpsp *p)
{
	return p->snp.rmp.pages && (p->snp.cores[0].syscfg & SYSCFG_SNP);
}

/* [D-INIT-CONFIG]: a table that is out of place could also be INVALID_ADDRESS. */
static bool cores_ready(const struct swpsp *p)
{
	const struct swpsp_core *first = &p->snp.cores[0];
	uint64_t size = RMP_COUNTS + 16ull * p->snp.rmp.pages;

	for (uint32_t i = 0; i < p->config.cpus; i++) {
		const struct swpsp_core *core = &p->snp.cores[i];

		if ((core->syscfg & SYSCFG_LOOKED_AT) != SYSCFG_LOOKED_AT || core->hsave_pa ||
		    core->rmp_base != first->rmp_base || core->rmp_end != first->rmp_end)
			return false;
	}
	return first->rmp_base % RMP_ALIGN == 0 && (first->rmp_end + 1) % RMP_ALIGN == 0 &&
	       first->rmp_end > first->rmp_base && first->rmp_end - first->rmp_base + 1 >= size;
}

/* ---- SNP_INIT, SNP_INIT_EX ---- */

static uint32_t init_flags_known(const struct swpsp *p)
{
	uint32_t features = snp_features(p), known = INIT_RMP;

	if (snp_api_is(p, 1, 52))
		known |= INIT_LIST_EN;
	if (features & SNP_FEATURE_RAPL_OFF)
		known |= INIT_RAPL_OFF;
	if (features & SNP_FEATURE_HIDING)
		known |= INIT_HIDING;
	return known;
}

static bool init_reserved_zero(const struct swpsp *p, const uint8_t *cmd)
{
	uint32_t flags = get32(cmd + INIT_FLAGS);
	size_t known = flags & INIT_HIDING ? INIT_MAX_ASID + 2 : INIT_MAX_ASID;

	return !(flags & ~init_flags_known(p)) && all_zero(cmd + INIT_FLAGS + 4, 4) &&
	       all_zero(cmd + known, INIT_SIZE - known);
}

static bool max_asid_valid(const struct swpsp *p, const uint8_t *cmd)
{
	uint32_t asid = get16(cmd + INIT_MAX_ASID);

	if (!(get32(cmd + INIT_FLAGS) & INIT_HIDING))
		return true;
	return asid && asid < p->config.min_sev_asid;
}

/* Pages that are to be HV-Fixed: any, if the table is made anew. */
static uint16_t init_read_list(struct swpsp *p, const uint8_t *cmd, struct snp_ranges *ranges)
{
	uint32_t flags = get32(cmd + INIT_FLAGS);
	uint16_t status;

	ranges->count = 0;
	if (!(flags & INIT_LIST_EN))
		return SWPSP_SUCCESS;
	status = snp_ranges_read(p, get64(cmd + INIT_LIST), ranges);
	if (status || (flags & INIT_RMP))
		return status;
	/* [D-INIT-LIST]: of a table that is kept, HV-Fixed pages may stay so. */
	return snp_ranges_check(p, ranges, SNP_PAGE_IN(RMP_FIRMWARE) | SNP_PAGE_IN(RMP_HV_FIXED));
}

/* All that was set for the time between two SNP_INIT is forgotten [D-SHUTDOWN-FORGETS]. */
static void forget_config(struct snp *s)
{
	s->reported_tcb = s->current.tcb;
	s->mask_chip_id = false;
	s->mask_chip_key = false;
	s->rapl_off = false;
	s->hiding = false;
	s->max_asid = 0;
	snp_drop_vlek(s);
}

static uint16_t init(struct swpsp *p, const uint8_t *cmd)
{
	uint32_t flags = get32(cmd + INIT_FLAGS);
	struct snp *s = &p->snp;
	struct snp_ranges ranges;
	uint16_t status;

	if (!init_reserved_zero(p, cmd) || !max_asid_valid(p, cmd))
		return SWPSP_INVALID_PARAM;
	if (!cores_ready(p))
		return SWPSP_INVALID_CONFIG;
	if (!(flags & INIT_RMP) && !s->rmp_ready)
		return SWPSP_RMP_INIT_REQUIRED;
	status = init_read_list(p, cmd, &ranges);
	if (status)
		return status;
	if (flags & INIT_RMP)
		rmp_clear(&s->rmp);		/* [D-INIT-PAGES], [D-INIT-WBINVD] */
	snp_ranges_fix(p, &ranges);
	forget_config(s);
	s->rapl_off = flags & INIT_RAPL_OFF;
	s->hiding = flags & INIT_HIDING;
	s->max_asid = s->hiding ? get16(cmd + INIT_MAX_ASID) : 0;
	s->used_since_flush = false;
	s->rmp_ready = true;
	s->state = SNP_INIT;
	asid_reset_all(p);
	return SWPSP_SUCCESS;
}

uint16_t cmd_snp_init(struct swpsp *p, uint8_t *cmd)
{
	const uint8_t as_ex[INIT_SIZE] = { INIT_RMP };

	(void)cmd;
	return init(p, as_ex);
}

uint16_t cmd_snp_init_ex(struct swpsp *p, uint8_t *cmd)
{
	return init(p, cmd);
}

/* ---- SNP_SHUTDOWN, SNP_SHUTDOWN_EX ---- */

/*
 * No guest's data may be left in a cache when its key is gone. Guests that are still
 * active count as if they had just been decommissioned [D-SHUTDOWN-FLUSH].
 */
static uint16_t check_flushed(const struct swpsp *p)
{
	if (!p->asids_dirty && !p->snp.used_since_flush)
		return SWPSP_SUCCESS;
	for (uint32_t i = 0; i < p->config.cpus; i++)
		if (!p->wbinvd_done[i] || (p->snp.used_since_flush && !p->snp.written_back[i]))
			return SWPSP_WBINVD_REQUIRED;
	return SWPSP_DF_FLUSH_REQUIRED;
}

static uint16_t shutdown(struct swpsp *p)
{
	uint16_t status;

	if (p->snp.state == SNP_UNINIT)
		return SWPSP_SUCCESS;			/* [D-SHUTDOWN-TWICE] */
	if (p->state != PLATFORM_UNINIT)
		return SWPSP_INVALID_PLATFORM_STATE;
	status = check_flushed(p);
	if (status)
		return status;
	snp_guests_destroy(p);
	asid_forget_all(p);
	mem_forget_keys(p);
	forget_config(&p->snp);
	p->snp.state = SNP_UNINIT;
	return SWPSP_SUCCESS;
}

/* As SHUTDOWN_EX without flags [D-SHUTDOWN]. */
uint16_t cmd_snp_shutdown(struct swpsp *p, uint8_t *cmd)
{
	(void)cmd;
	return shutdown(p);
}

/* The box has no IOMMU whose pages could be given back. */
uint16_t cmd_snp_shutdown_ex(struct swpsp *p, uint8_t *cmd)
{
	uint32_t flags = get32(cmd + SHUTDOWN_FLAGS), known = SHUTDOWN_IOMMU;
	uint16_t status;

	if (snp_features(p) & SNP_FEATURE_X86_SHUTDOWN)
		known |= SHUTDOWN_X86;
	if (get32(cmd + SHUTDOWN_LENGTH) != SHUTDOWN_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (flags & ~known)
		return SWPSP_INVALID_PARAM;
	status = shutdown(p);
	for (uint32_t i = 0; !status && (flags & SHUTDOWN_X86) && i < p->config.cpus; i++)
		p->snp.cores[i].syscfg &= ~SYSCFG_SNP;
	return status;
}

/* ---- SNP_PLATFORM_STATUS ---- */

static uint32_t status_flags(const struct swpsp *p)
{
	const struct snp *s = &p->snp;

	return (s->mask_chip_id ? STATUS_MASK_CHIP_ID : 0) |
	       (s->mask_chip_key ? STATUS_MASK_CHIP_KEY : 0) |
	       (s->vlek_loaded ? STATUS_VLEK : 0) |
	       (snp_api_is(p, 1, 55) ? STATUS_FEATURE_INFO : 0) |
	       (s->rapl_off ? STATUS_RAPL_OFF : 0) |
	       (snp_features(p) & SNP_FEATURE_HIDING ? STATUS_HIDING_CAP : 0) |
	       (s->hiding ? STATUS_HIDING : 0);
}

uint16_t cmd_snp_platform_status(struct swpsp *p, uint8_t *cmd)
{
	const struct snp *s = &p->snp;
	uint8_t out[STATUS_SIZE] = {
		s->current.major, s->current.minor, (uint8_t)s->state,
	};

	if (s->rmp_ready)
		out[3] = STATUS_RMP_INIT | (snp_api_is(p, 1, 55) ? STATUS_ALIAS_CHECKED : 0);
	put32(out + 0x04, s->current.build);
	put32(out + 0x08, status_flags(p));
	put32(out + 0x0c, s->guest_count);
	put64(out + 0x10, s->current.tcb);
	put64(out + 0x18, s->reported_tcb);
	return snp_output_write(p, get64(cmd), out, sizeof(out));
}

/* ---- SNP_CONFIG, SNP_COMMIT ---- */

uint16_t cmd_snp_config(struct swpsp *p, uint8_t *cmd)
{
	uint64_t tcb = get64(cmd + CONFIG_TCB);
	uint32_t flags = get32(cmd + CONFIG_FLAGS);
	struct snp *s = &p->snp;

	if (flags & ~(CONFIG_MASK_CHIP_ID | CONFIG_MASK_CHIP_KEY) ||
	    !all_zero(cmd + CONFIG_FLAGS + 4, CONFIG_SIZE - CONFIG_FLAGS - 4))
		return SWPSP_INVALID_PARAM;
	if (!snp_tcb_valid(p, tcb) || !snp_tcb_within(tcb, s->committed.tcb))
		return SWPSP_INVALID_PARAM;
	snp_set_reported(s, tcb ? tcb : s->committed.tcb);	/* [D-CONFIG-ZERO] */
	s->mask_chip_id = flags & CONFIG_MASK_CHIP_ID;
	s->mask_chip_key = flags & CONFIG_MASK_CHIP_KEY;
	return SWPSP_SUCCESS;
}

uint16_t cmd_snp_commit(struct swpsp *p, uint8_t *cmd)
{
	if (get32(cmd) != COMMIT_SIZE)
		return SWPSP_INVALID_LENGTH;
	snp_commit_update(p);
	return SWPSP_SUCCESS;
}
