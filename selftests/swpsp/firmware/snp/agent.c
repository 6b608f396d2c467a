// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of a migration agent, a guest that moves other guests from one platform to
 * another: it exports what the firmware knows of a guest, keys and all, under the
 * protection of its own message, and has it imported on the other side. The layouts are
 * public; of the rules, little is [D-AGENT].
 */
#include <openssl/crypto.h>

#include "internal.h"

#define EXPORT_GCTX		0x00
#define EXPORT_FLAGS		0x08
#define EXPORT_RESERVED		0x0c
#define EXPORT_IMI		BIT(0)

#define EXPORTED_STATUS		0x00
#define EXPORTED_SIZE		0x04
#define EXPORTED_VERSION	0x08
#define EXPORTED_CONTEXT	0x20

#define IMPORT_GCTX		0x00
#define IMPORT_SIZE		0x08
#define IMPORT_VERSION		0x0c
#define IMPORT_RESERVED		0x10
#define IMPORT_CONTEXT		0x20

#define VMRK_GCTX		0x00
#define VMRK_RESERVED		0x08
#define VMRK_KEY		0x20

#define C_SIZE			0x300
#define C_VERSION		2
#define C_LD			0x000
#define C_OEK			0x030
#define C_VMPCK(n)		(0x050 + 32 * (n))
#define C_VMRK			0x0d0
#define C_HOST_DATA		0x0f0
#define C_ID_KEY		0x110
#define C_AUTHOR_KEY		0x140
#define C_REPORT_ID		0x170
#define C_IMD			0x190
#define C_MESSAGES(n)		(0x1c0 + 8 * (n))
#define C_ROOT_ENTRY		0x1e0
#define C_FLAGS			0x220
#define C_AUTHOR_EN		BIT(0)
#define C_ID_BLOCK_EN		BIT(1)
#define C_POLICY		0x228
#define C_STATE			0x230
#define C_OEK_IV		0x238
#define C_ID_BLOCK		0x240
#define C_GOSVW			0x2a0
#define C_RESERVED		0x2b0

/* Fields that are bytes, and travel as they are. */
static const struct field {
	uint16_t at;
	uint16_t len;
	size_t in_guest;
} fields[] = {
#define FIELD(at, member) \
	{ at, sizeof(((struct snp_guest *)NULL)->member), offsetof(struct snp_guest, member) }
	FIELD(C_LD, ld),
	FIELD(C_OEK, oek),
	FIELD(C_VMPCK(0), vmpck),
	FIELD(C_VMRK, vmrk),
	FIELD(C_HOST_DATA, host_data),
	FIELD(C_ID_KEY, id_key_digest),
	FIELD(C_AUTHOR_KEY, author_key_digest),
	FIELD(C_REPORT_ID, report_id),
	FIELD(C_IMD, imd),
	FIELD(C_ROOT_ENTRY, root_entry),
	FIELD(C_ID_BLOCK, id_block),
	FIELD(C_GOSVW, gosvw),
};

static void context_put(const struct snp_guest *g, uint8_t *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		memcpy(c + fields[i].at, (const uint8_t *)g + fields[i].in_guest, fields[i].len);
	for (int i = 0; i < SNP_VMPCKS; i++)
		put64(c + C_MESSAGES(i), g->messages[i]);
	put64(c + C_FLAGS, (g->author_key_en ? C_AUTHOR_EN : 0) |
			   (g->id_block_en ? C_ID_BLOCK_EN : 0));
	put64(c + C_POLICY, g->policy);
	c[C_STATE] = (uint8_t)g->state;
	put64(c + C_OEK_IV, g->oek_iv);
}

/* A root key of zeros is none that was set [D-EXPORT-VMRK]. */
static void context_get(struct snp_guest *g, const uint8_t *c)
{
	uint64_t flags = get64(c + C_FLAGS);

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		memcpy((uint8_t *)g + fields[i].in_guest, c + fields[i].at, fields[i].len);
	for (int i = 0; i < SNP_VMPCKS; i++)
		g->messages[i] = get64(c + C_MESSAGES(i));
	g->author_key_en = flags & C_AUTHOR_EN;
	g->id_block_en = flags & C_ID_BLOCK_EN;
	g->policy = get64(c + C_POLICY);
	g->oek_iv = get64(c + C_OEK_IV);
	g->vmrk_set = !all_zero(g->vmrk, sizeof(g->vmrk));
}

static bool context_valid(const uint8_t *c)
{
	uint64_t flags = get64(c + C_FLAGS);

	return !(flags & ~(uint64_t)(C_AUTHOR_EN | C_ID_BLOCK_EN)) &&
	       (!(flags & C_AUTHOR_EN) || (flags & C_ID_BLOCK_EN)) &&
	       (c[C_STATE] == SNP_GUEST_LAUNCH || c[C_STATE] == SNP_GUEST_RUNNING) &&
	       all_zero(c + C_STATE + 1, 7) && all_zero(c + C_RESERVED, C_SIZE - C_RESERVED);
}

/* The guest that @gctx names, if @agent is the one that may move it. */
static struct snp_guest *served_guest(struct swpsp *p, const struct snp_guest *agent,
				      uint64_t gctx, unsigned int states)
{
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, gctx, states, &status);

	return g && g->ma_en && g->ma == agent->page ? g : NULL;
}

/* A guest that is being launched can be exported if it is an incoming migration image. */
bool snp_message_export(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
			uint8_t *answer)
{
	const struct snp_guest *g = served_guest(p, agent, get64(m->request + EXPORT_GCTX),
						 SNP_IN_LAUNCH | SNP_IN_RUNNING);
	uint32_t flags = get32(m->request + EXPORT_FLAGS);

	if (!g || (flags & ~EXPORT_IMI) || get32(m->request + EXPORT_RESERVED) ||
	    (!g->imi_en && ((flags & EXPORT_IMI) || g->state == SNP_GUEST_LAUNCH))) {
		put32(answer + EXPORTED_STATUS, SWPSP_INVALID_PARAM);
		return true;
	}
	put32(answer + EXPORTED_SIZE, C_SIZE);
	put32(answer + EXPORTED_VERSION, C_VERSION);
	context_put(g, answer + EXPORTED_CONTEXT);
	return true;
}

static bool import_valid(const struct snp_message *m)
{
	return get32(m->request + IMPORT_SIZE) == C_SIZE &&
	       get32(m->request + IMPORT_VERSION) == C_VERSION &&
	       all_zero(m->request + IMPORT_RESERVED, IMPORT_CONTEXT - IMPORT_RESERVED) &&
	       context_valid(m->request + IMPORT_CONTEXT);
}

/* The policy as at LAUNCH_START with an agent. */
static uint32_t policy_status(const struct swpsp *p, uint64_t policy)
{
	return (policy & SNP_POLICY_MIGRATE) && snp_policy_met(p, policy) ?
	       SWPSP_SUCCESS : SWPSP_POLICY_FAILURE;
}

/*
 * An empty context becomes the exported guest, with a memory key of its own: pages come
 * by PAGE_SWAP_IN. The importing guest is its agent from now on [D-IMPORT-AGENT].
 */
bool snp_message_import(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
			uint8_t *answer)
{
	const uint8_t *c = m->request + IMPORT_CONTEXT;
	uint32_t state = SWPSP_INVALID_PARAM;
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, get64(m->request + IMPORT_GCTX), SNP_IN_INIT,
					    &status);

	if (g && import_valid(m))
		state = policy_status(p, get64(c + C_POLICY));
	put32(answer, state);
	if (state)
		return true;
	if (!crypto_random(p, g->vek, sizeof(g->vek)))
		return false;
	context_get(g, c);
	g->ma_en = true;
	g->ma = agent->page;
	memcpy(g->report_id_ma, agent->report_id, sizeof(g->report_id_ma));
	g->launch_tcb = p->snp.current.tcb;
	g->launch_mitigations = p->snp.mitigations;
	g->state = SNP_GUEST_RUNNING;
	return true;
}

/* An image that was launched to receive a guest becomes it; its pages stay. */
bool snp_message_absorb(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
			uint8_t *answer)
{
	const uint8_t *c = m->request + IMPORT_CONTEXT;
	uint32_t state = SWPSP_INVALID_PARAM;
	struct snp_guest *g = served_guest(p, agent, get64(m->request + IMPORT_GCTX),
					   SNP_IN_LAUNCH);

	if (g && g->imi_en && import_valid(m))
		state = policy_status(p, get64(c + C_POLICY));
	put32(answer, state);
	if (state)
		return true;
	context_get(g, c);
	g->state = SNP_GUEST_RUNNING;
	return true;
}

/* Once only: a guest that has derived keys from it must keep them. */
bool snp_message_vmrk(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
		      uint8_t *answer)
{
	struct snp_guest *g = served_guest(p, agent, get64(m->request + VMRK_GCTX), SNP_IN_ANY);

	if (!g || g->vmrk_set ||
	    !all_zero(m->request + VMRK_RESERVED, VMRK_KEY - VMRK_RESERVED)) {
		put32(answer, SWPSP_INVALID_PARAM);
		return true;
	}
	memcpy(g->vmrk, m->request + VMRK_KEY, sizeof(g->vmrk));
	g->vmrk_set = true;
	return true;
}
