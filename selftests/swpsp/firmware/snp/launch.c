// SPDX-License-Identifier: GPL-2.0
/*
 * Launch of an SNP guest: from an empty context to a measured, encrypted, running
 * guest. The identity (ID block) is judged in idblock.c.
 */
#include <stdio.h>

#include <openssl/crypto.h>

#include "internal.h"

#define START_POLICY		0x08
#define START_MA		0x10
#define START_FLAGS		0x18
#define START_TSC		0x1c
#define START_GOSVW		0x20
#define START_MA_EN		BIT(0)
#define START_IMI_EN		BIT(1)

#define UPDATE_FLAGS		0x08
#define UPDATE_PAGE		0x10
#define UPDATE_PERMS		0x18	/* a reserved byte, then VMPL 1, 2, 3 */
#define UPDATE_2M		BIT(0)
#define UPDATE_TYPE(flags)	((flags) >> 1 & 7)
#define UPDATE_IMI		BIT(4)
#define UPDATE_KNOWN		0x1fu

#define FINISH_BLOCK		0x08
#define FINISH_AUTH		0x10
#define FINISH_FLAGS		0x18
#define FINISH_HOST_DATA	0x20
#define FINISH_BLOCK_EN		BIT(0)
#define FINISH_AUTH_EN		BIT(1)
#define FINISH_VCEK_OFF		BIT(2)

#define SECRETS_VERSION		0x000
#define SECRETS_IMI		0x004
#define SECRETS_FMS		0x008
#define SECRETS_GOSVW		0x010
#define SECRETS_VMPCK(n)	(0x020 + 32 * (n))
#define SECRETS_TSC_FACTOR	0x160
#define SECRETS_MITIGATIONS	0x168

#define POLICY_ALWAYS	(0xffffull | SNP_POLICY_SMT | SNP_POLICY_ONE | SNP_POLICY_MIGRATE | \
			 SNP_POLICY_DEBUG | SNP_POLICY_ONE_SOCKET)

/* One line for each step, with the digest after it, to be compared with the owner's. */
static void launch_log_snp(struct swpsp *p, struct snp_guest *g, const char *step,
			   unsigned int type, uint64_t gpa)
{
	FILE *f = p->config.transcript;

	g->steps++;
	if (!f)
		return;
	fprintf(f, "launch gctx=0x%llx step=%u %s", (unsigned long long)g->page, g->steps, step);
	if (type)
		fprintf(f, " type=%u gpa=0x%llx", type, (unsigned long long)gpa);
	fprintf(f, " digest=");
	for (size_t i = 0; i < sizeof(g->ld); i++)
		fprintf(f, "%02x", g->ld[i]);
	fputc('\n', f);
}

/* ---- LAUNCH_START ---- */

static uint64_t policy_known(const struct swpsp *p)
{
	uint32_t features = snp_features(p);
	uint64_t known = POLICY_ALWAYS;

	if (features & SNP_FEATURE_CXL)
		known |= SNP_POLICY_CXL;
	if (features & SNP_FEATURE_XTS)
		known |= SNP_POLICY_XTS;
	if (features & SNP_FEATURE_RAPL_OFF)
		known |= SNP_POLICY_RAPL_OFF;
	if (features & SNP_FEATURE_HIDING)
		known |= SNP_POLICY_HIDING;
	if (snp_api_is(p, 1, 57))
		known |= SNP_POLICY_NO_SWAP;
	return known;
}

bool snp_policy_met(const struct swpsp *p, uint64_t policy)
{
	uint32_t options = p->config.snp_options;

	if (!(policy & SNP_POLICY_ONE) || (policy & ~policy_known(p)))
		return false;				/* [D-POLICY-RESERVED] */
	if (!snp_api_is(p, SNP_POLICY_MAJOR(policy), SNP_POLICY_MINOR(policy)))
		return false;
	if (!(policy & SNP_POLICY_SMT) && !(options & SWPSP_SNP_ONE_THREAD))
		return false;
	if (!(policy & SNP_POLICY_CXL) && (options & SWPSP_SNP_CXL))
		return false;
	if (policy & SNP_POLICY_XTS)
		return false;				/* memory is never so encrypted here */
	if ((policy & SNP_POLICY_RAPL_OFF) && !p->snp.rapl_off)
		return false;
	return !(policy & SNP_POLICY_HIDING) || p->snp.hiding;
}

/* The migration agent that is to serve the guest. */
static uint16_t find_agent(struct swpsp *p, const uint8_t *cmd, struct snp_guest **agent)
{
	uint16_t status;

	*agent = NULL;
	if (!(get32(cmd + START_FLAGS) & START_MA_EN))
		return SWPSP_SUCCESS;
	*agent = snp_guest_get(p, get64(cmd + START_MA), SNP_IN_RUNNING, &status);
	if (status)
		return status == SWPSP_INVALID_ADDRESS ? SWPSP_INVALID_GUEST : status;
	return get64(cmd + START_POLICY) & SNP_POLICY_MIGRATE ? SWPSP_SUCCESS :
							       SWPSP_POLICY_FAILURE;
}

bool snp_guest_new_keys(struct swpsp *p, struct snp_guest *g)
{
	return crypto_random(p, g->vek, sizeof(g->vek)) &&
	       crypto_random(p, g->oek, sizeof(g->oek)) &&
	       crypto_random(p, g->vmpck, sizeof(g->vmpck)) &&
	       crypto_random(p, g->report_id, sizeof(g->report_id));
}

uint16_t cmd_snp_launch_start(struct swpsp *p, uint8_t *cmd)
{
	uint32_t flags = get32(cmd + START_FLAGS);
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_INIT, &status), *agent;

	if (!g)
		return status;
	if (flags & ~(START_MA_EN | START_IMI_EN))
		return SWPSP_INVALID_PARAM;
	if (!snp_policy_met(p, get64(cmd + START_POLICY)))
		return SWPSP_POLICY_FAILURE;
	status = find_agent(p, cmd, &agent);
	if (status)
		return status;
	if (!snp_guest_new_keys(p, g))
		return hardware_error(p, ERROR_CRYPTO);
	g->policy = get64(cmd + START_POLICY);
	g->imi_en = flags & START_IMI_EN;
	g->tsc_khz = get32(cmd + START_TSC);
	memcpy(g->gosvw, cmd + START_GOSVW, sizeof(g->gosvw));
	g->ma_en = agent;
	g->ma = agent ? agent->page : 0;
	memset(g->report_id_ma, 0xff, sizeof(g->report_id_ma));
	if (agent)
		memcpy(g->report_id_ma, agent->report_id, sizeof(g->report_id_ma));
	g->launch_tcb = p->snp.current.tcb;
	g->launch_mitigations = p->snp.mitigations;
	g->state = SNP_GUEST_LAUNCH;
	launch_log_snp(p, g, "SNP_LAUNCH_START", 0, 0);
	return SWPSP_SUCCESS;
}

/* ---- LAUNCH_UPDATE ---- */

struct update {
	uint64_t page;
	uint32_t size;
	struct snp_measured m;
};

static bool update_parse(const struct snp_guest *g, const uint8_t *cmd, struct update *u)
{
	uint32_t flags = get32(cmd + UPDATE_FLAGS), type = UPDATE_TYPE(flags);

	u->page = get64(cmd + UPDATE_PAGE);
	u->size = flags & UPDATE_2M ? SNP_PAGE_2M : SNP_PAGE_4K;
	u->m.type = (enum snp_page_type)type;
	u->m.imi = flags & UPDATE_IMI;
	memcpy(u->m.perms, cmd + UPDATE_PERMS + 1, sizeof(u->m.perms));
	if (type < SNP_TYPE_NORMAL || type > SNP_TYPE_CPUID || (flags & ~UPDATE_KNOWN) ||
	    get32(cmd + UPDATE_FLAGS + 4) || cmd[UPDATE_PERMS] || get32(cmd + UPDATE_PERMS + 4))
		return false;
	for (size_t i = 0; i < sizeof(u->m.perms); i++)
		if (u->m.perms[i] & ~RMP_PERM_ALL)
			return false;
	/* [D-UPDATE-LARGE]: this could be INVALID_PAGE_SIZE, too. */
	if (u->size == SNP_PAGE_2M && (type == SNP_TYPE_VMSA || type == SNP_TYPE_SECRETS ||
				       type == SNP_TYPE_CPUID))
		return false;
	return !u->m.imi || g->imi_en;
}

static void secrets_page(const struct swpsp *p, const struct snp_guest *g, uint8_t *page)
{
	memset(page, 0, SNP_PAGE_4K);
	put32(page + SECRETS_VERSION, snp_api_is(p, 1, 55) ? 3 : 2);	/* [D-SECRETS] */
	put32(page + SECRETS_IMI, g->imi_en);
	put32(page + SECRETS_FMS, snp_product_fms(p));
	memcpy(page + SECRETS_GOSVW, g->gosvw, sizeof(g->gosvw));
	for (int i = 0; i < SNP_VMPCKS; i++)
		memcpy(page + SECRETS_VMPCK(i), g->vmpck[i], sizeof(g->vmpck[i]));
	if (snp_api_is(p, 1, 58))
		put64(page + SECRETS_MITIGATIONS, g->launch_mitigations);
}

/*
 * A table that had to be corrected goes back to the host, who may try again with it.
 * The page has not been measured and is still Pre-Guest.
 */
static uint16_t check_cpuid(struct swpsp *p, uint64_t addr, uint8_t *page)
{
	enum snp_cpuid verdict = snp_cpuid_correct(p, page, SNP_PAGE_4K);

	if (verdict == SNP_CPUID_CORRECTED)
		mem_write_in(p, SNP_PAGE_IN(RMP_PRE_GUEST), addr, page, SNP_PAGE_4K);
	return verdict == SNP_CPUID_RIGHT ? SWPSP_SUCCESS : SWPSP_INVALID_PARAM;
}

/* Make the guest's content out of the bytes that the host gave. @page: private copy. */
static uint16_t page_content(struct swpsp *p, const struct snp_guest *g, const struct update *u,
			     uint64_t addr, uint8_t *page)
{
	uint16_t status = mem_read(p, addr, page, SNP_PAGE_4K);

	if (status)
		return status;
	if (u->m.type == SNP_TYPE_ZERO)
		memset(page, 0, SNP_PAGE_4K);
	else if (u->m.type == SNP_TYPE_SECRETS)
		secrets_page(p, g, page);
	else if (u->m.type == SNP_TYPE_CPUID)
		status = check_cpuid(p, addr, page);
	return status;
}

/* One page of 4 KiB, if need be of 512 [D-UPDATE-512]. @ld, @imd: the guest's digests to be. */
static uint16_t update_page(struct swpsp *p, const struct snp_guest *g, const struct update *u,
			    uint64_t offset, uint8_t *ld, uint8_t *imd)
{
	struct snp_measured m = u->m;
	uint16_t status;

	m.gpa += offset;
	status = page_content(p, g, u, u->page + offset, p->chunk);
	if (status)
		return status;
	if (!snp_measure(ld, &m, p->chunk) || (m.imi && !snp_measure(imd, &m, p->chunk)))
		return hardware_error(p, ERROR_CRYPTO);		/* IMD: [D-IMI] */
	return mem_guest_write_in(p, SNP_PAGE_IN(RMP_PRE_GUEST), g->asid, u->page + offset,
				  p->chunk, SNP_PAGE_4K);
}

static void page_becomes_valid(struct swpsp *p, const struct update *u, struct rmp_page *entry)
{
	entry->immutable = false;
	entry->validated = true;
	entry->vmsa = u->m.type == SNP_TYPE_VMSA;	/* content: [D-VMSA-TSC] */
	entry->perms[0] = RMP_PERM_ALL;
	memcpy(entry->perms + 1, u->m.perms, sizeof(u->m.perms));
	snp_page_set(p, u->page, entry);
}

uint16_t cmd_snp_launch_update(struct swpsp *p, uint8_t *cmd)
{
	uint8_t ld[SNP_DIGEST_SIZE], imd[SNP_DIGEST_SIZE];
	struct rmp_page entry;
	struct update u;
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_LAUNCH, &status);

	if (!g)
		return status;
	if (!g->asid)
		return SWPSP_INACTIVE;				/* [D-UPDATE-INACTIVE] */
	if (!update_parse(g, cmd, &u))
		return SWPSP_INVALID_PARAM;
	status = snp_page_check(p, u.page, u.size, SNP_PAGE_IN(RMP_PRE_GUEST), g->asid, &entry);
	if (status)
		return status;
	u.m.gpa = entry.gpa;
	memcpy(ld, g->ld, sizeof(ld));
	memcpy(imd, g->imd, sizeof(imd));
	for (uint32_t at = 0; !status && at < u.size; at += SNP_PAGE_4K)
		status = update_page(p, g, &u, at, ld, imd);
	OPENSSL_cleanse(p->chunk, sizeof(p->chunk));
	if (status)
		return status;
	memcpy(g->ld, ld, sizeof(ld));
	memcpy(g->imd, imd, sizeof(imd));
	page_becomes_valid(p, &u, &entry);
	launch_log_snp(p, g, "SNP_LAUNCH_UPDATE", u.m.type, u.m.gpa);
	return SWPSP_SUCCESS;
}

/* ---- LAUNCH_FINISH ---- */

uint16_t cmd_snp_launch_finish(struct swpsp *p, uint8_t *cmd)
{
	uint64_t flags = get64(cmd + FINISH_FLAGS);
	struct snp_identity id = { .present = flags & FINISH_BLOCK_EN };
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_LAUNCH, &status);

	if (!g)
		return status;
	if (flags & ~(uint64_t)(FINISH_BLOCK_EN | FINISH_AUTH_EN | FINISH_VCEK_OFF) ||
	    ((flags & FINISH_AUTH_EN) && !id.present))
		return SWPSP_INVALID_PARAM;
	if (g->imi_en && id.present)
		return SWPSP_INVALID_PARAM;			/* [D-FINISH-IMI] */
	id.author = flags & FINISH_AUTH_EN;
	if (id.present)
		status = snp_identity_check(p, g, get64(cmd + FINISH_BLOCK),
					    get64(cmd + FINISH_AUTH), &id);
	if (status)
		return status;
	snp_identity_store(g, &id);
	memcpy(g->host_data, cmd + FINISH_HOST_DATA, sizeof(g->host_data));
	g->vcek_disabled = flags & FINISH_VCEK_OFF;
	g->state = SNP_GUEST_RUNNING;				/* [D-FINISH-ASID] */
	launch_log_snp(p, g, "SNP_LAUNCH_FINISH", 0, 0);
	return SWPSP_SUCCESS;
}
