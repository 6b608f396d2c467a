// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that a guest derives from the chip's secret, from the VLEK or from the secret of
 * its migration agent: equal for equal inputs, and useless to anyone who is another guest
 * in a way that the guest has chosen to count.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define REQ_SELECT		0x00
#define REQ_RESERVED		0x04
#define REQ_FIELDS		0x08
#define REQ_VMPL		0x10
#define REQ_SVN			0x14
#define REQ_TCB			0x18
#define REQ_MITIGATIONS		0x20	/* version 2 */
#define SELECT_VMRK		BIT(0)
#define SELECT_KEY(flags)	((flags) >> 1 & 3)

#define FIELD_POLICY		BIT(0)
#define FIELD_IMAGE		BIT(1)
#define FIELD_FAMILY		BIT(2)
#define FIELD_MEASUREMENT	BIT(3)
#define FIELD_SVN		BIT(4)
#define FIELD_TCB		BIT(5)
#define FIELD_MITIGATIONS	BIT(6)	/* version 2 */

#define RSP_STATUS		0x00
#define RSP_KEY			0x20
#define KEY_SIZE		32

#define BLOCK_FAMILY		0x30
#define BLOCK_IMAGE		0x40
#define BLOCK_SVN		0x54

/* Fields in the order in which they are mixed; those not selected are zero. */
#define MIX_ROOT		0x00
#define MIX_VMPL		0x04
#define MIX_FIELDS		0x08
#define MIX_TCB			0x10
#define MIX_MITIGATIONS		0x18
#define MIX_POLICY		0x20
#define MIX_SVN			0x28
#define MIX_IMAGE		0x30
#define MIX_FAMILY		0x40
#define MIX_MEASUREMENT		0x50
#define MIX_HOST_DATA		0x80
#define MIX_ID_KEY		0xa0
#define MIX_SIZE		0xd0

struct key_request {
	uint32_t select;
	uint64_t fields;
	uint32_t vmpl;
	uint32_t svn;
	uint64_t tcb;
	uint64_t mitigations;
};

static void request_parse(const struct snp_message *m, struct key_request *r)
{
	r->select = get32(m->request + REQ_SELECT);
	r->fields = get64(m->request + REQ_FIELDS);
	r->vmpl = get32(m->request + REQ_VMPL);
	r->svn = get32(m->request + REQ_SVN);
	r->tcb = get64(m->request + REQ_TCB);
	r->mitigations = m->version > 1 ? get64(m->request + REQ_MITIGATIONS) : 0;
}

/* SVN, TCB and mitigations must be real also where they do not count [D-KEY-UNSELECTED]. */
static bool request_valid(const struct swpsp *p, const struct snp_guest *g,
			  const struct snp_message *m, const struct key_request *r)
{
	uint32_t select = snp_features(p) & SNP_FEATURE_VLEK ? 7 : SELECT_VMRK;
	uint64_t fields = m->version > 1 ? 0x7f : 0x3f;

	return !(r->select & ~select) && !get32(m->request + REQ_RESERVED) &&
	       !(r->fields & ~fields) && snp_vmpl_allowed(m, r->vmpl) &&
	       r->svn <= get32(g->id_block + BLOCK_SVN) &&
	       snp_tcb_within(r->tcb, p->snp.committed.tcb) &&
	       !(r->mitigations & ~g->launch_mitigations);
}

/* Unlike a report, a key cannot go without the VCEK that is masked. */
static uint32_t root_find(const struct swpsp *p, const struct snp_guest *g,
			  const struct key_request *r, enum snp_root *root)
{
	uint32_t status;

	if (r->select & SELECT_VMRK)
		return g->vmrk_set ? SWPSP_SUCCESS : SWPSP_INVALID_KEY;
	status = snp_root_select(p, g, SELECT_KEY(r->select), root);
	if (!status && *root == SNP_ROOT_VCEK && p->snp.mask_chip_key)
		status = SWPSP_INVALID_KEY;
	return status;
}

static void mix_fields(const struct snp_guest *g, const struct key_request *r, uint8_t *mix)
{
	memset(mix, 0, MIX_SIZE);
	put32(mix + MIX_ROOT, r->select & SELECT_VMRK);
	put32(mix + MIX_VMPL, r->vmpl);
	put64(mix + MIX_FIELDS, r->fields);
	if (r->fields & FIELD_TCB)
		put64(mix + MIX_TCB, r->tcb);
	if (r->fields & FIELD_MITIGATIONS)
		put64(mix + MIX_MITIGATIONS, r->mitigations);
	if (r->fields & FIELD_POLICY)
		put64(mix + MIX_POLICY, g->policy);
	if (r->fields & FIELD_SVN)
		put32(mix + MIX_SVN, r->svn);
	if (r->fields & FIELD_IMAGE)
		memcpy(mix + MIX_IMAGE, g->id_block + BLOCK_IMAGE, 16);
	if (r->fields & FIELD_FAMILY)
		memcpy(mix + MIX_FAMILY, g->id_block + BLOCK_FAMILY, 16);
	if (r->fields & FIELD_MEASUREMENT)
		memcpy(mix + MIX_MEASUREMENT, g->ld, sizeof(g->ld));
	memcpy(mix + MIX_HOST_DATA, g->host_data, sizeof(g->host_data));	/* [D-KEY-MIX] */
	memcpy(mix + MIX_ID_KEY, g->id_key_digest, sizeof(g->id_key_digest));
}

/* A key for no TCB in particular must be the same under each [D-KEY-TCB]. */
static bool root_secret(const struct swpsp *p, const struct snp_guest *g,
			const struct key_request *r, enum snp_root root, uint8_t secret[32])
{
	if (!(r->select & SELECT_VMRK))
		return snp_root_secret(p, root, r->fields & FIELD_TCB ? r->tcb : 0, secret);
	memcpy(secret, g->vmrk, 32);
	return true;
}

bool snp_message_key(struct swpsp *p, struct snp_guest *g, const struct snp_message *m,
		     uint8_t *answer)
{
	static const char label[] = "gmsg-keyreq";
	uint32_t status = SWPSP_INVALID_PARAM;
	enum snp_root root = SNP_ROOT_VCEK;
	uint8_t mix[MIX_SIZE], secret[32];
	struct key_request r;
	bool ok;

	request_parse(m, &r);
	if (request_valid(p, g, m, &r))
		status = root_find(p, g, &r, &root);
	put32(answer + RSP_STATUS, status);
	if (status)
		return true;
	mix_fields(g, &r, mix);
	ok = root_secret(p, g, &r, root, secret) &&
	     crypto_kdf(answer + RSP_KEY, KEY_SIZE, secret, sizeof(secret), label,
			sizeof(label) - 1, mix, sizeof(mix));
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}
