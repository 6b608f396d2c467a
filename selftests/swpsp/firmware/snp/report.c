// SPDX-License-Identifier: GPL-2.0
/*
 * Attestation reports: what the firmware says of a guest and of itself, signed by the
 * VCEK or the VLEK. A guest asks by a message; a hypervisor may ask for one, too.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define REQ_DATA		0x00
#define REQ_VMPL		0x40
#define REQ_FLAGS		0x44
#define REQ_RESERVED		0x48

#define RSP_STATUS		0x00
#define RSP_SIZE		0x04
#define RSP_REPORT		0x20

#define HV_LENGTH		0x00
#define HV_FLAGS		0x04
#define HV_GCTX			0x08
#define HV_ADDR			0x10
#define HV_SIZE			0x18
#define HV_VMPL			UINT32_MAX

#define R_VERSION		0x000
#define R_GUEST_SVN		0x004
#define R_POLICY		0x008
#define R_FAMILY_ID		0x010
#define R_IMAGE_ID		0x020
#define R_VMPL			0x030
#define R_ALGO			0x034
#define R_CURRENT_TCB		0x038
#define R_PLATFORM		0x040
#define R_KEY			0x048
#define R_DATA			0x050
#define R_MEASUREMENT		0x090
#define R_HOST_DATA		0x0c0
#define R_ID_KEY		0x0e0
#define R_AUTHOR_KEY		0x110
#define R_REPORT_ID		0x140
#define R_REPORT_ID_MA		0x160
#define R_REPORTED_TCB		0x180
#define R_FAMILY		0x188
#define R_MODEL			0x189
#define R_STEPPING		0x18a
#define R_CHIP_ID		0x1a0
#define R_COMMITTED_TCB		0x1e0
#define R_CURRENT		0x1e8	/* build, minor, major */
#define R_COMMITTED		0x1ec
#define R_LAUNCH_TCB		0x1f0
#define R_LAUNCH_MITIGATIONS	0x1f8
#define R_MITIGATIONS		0x200
#define R_SIGNATURE		0x2a0
#define R_SIZE			0x4a0

#define ALGO_P384_SHA384	1
#define PLATFORM_SMT		BIT(0)
#define PLATFORM_RAPL_OFF	BIT(3)
#define PLATFORM_HIDING		BIT(4)
#define PLATFORM_ALIAS_CHECKED	BIT(5)
#define KEY_AUTHOR		BIT(0)
#define KEY_MASKED		BIT(1)
#define KEY_SIGNER(n)		((n) << 2)
#define SIGNER_NONE		7u

#define BLOCK_FAMILY		0x30
#define BLOCK_IMAGE		0x40
#define BLOCK_SVN		0x54

_Static_assert(RSP_REPORT + R_SIZE == SNP_REPORT_ANSWER, "size of the answer");

uint32_t snp_root_select(const struct swpsp *p, const struct snp_guest *g, uint32_t select,
			 enum snp_root *root)
{
	enum { EITHER, VCEK, VLEK };

	if (select > VLEK)
		return SWPSP_INVALID_PARAM;
	*root = SNP_ROOT_VCEK;
	if (select == VLEK || (select == EITHER && p->snp.vlek_loaded))
		*root = SNP_ROOT_VLEK;
	if (*root == SNP_ROOT_VLEK)
		return p->snp.vlek_loaded ? SWPSP_SUCCESS : SWPSP_INVALID_KEY;
	return g->vcek_disabled ? SWPSP_INVALID_KEY : SWPSP_SUCCESS;	/* [D-REPORT-VCEK] */
}

/* [D-REPORT-VERSION] */
static uint32_t report_version(const struct swpsp *p)
{
	if (snp_api_is(p, 1, 58))
		return 5;
	return snp_api_is(p, 1, 55) ? 3 : 2;
}

static void put_version(uint8_t *at, const struct snp_version *v)
{
	at[0] = v->build;
	at[1] = v->minor;
	at[2] = v->major;
}

static void put_guest(const struct snp_guest *g, uint8_t *r)
{
	put32(r + R_GUEST_SVN, get32(g->id_block + BLOCK_SVN));
	put64(r + R_POLICY, g->policy);
	memcpy(r + R_FAMILY_ID, g->id_block + BLOCK_FAMILY, 16);
	memcpy(r + R_IMAGE_ID, g->id_block + BLOCK_IMAGE, 16);
	memcpy(r + R_MEASUREMENT, g->ld, sizeof(g->ld));
	memcpy(r + R_HOST_DATA, g->host_data, sizeof(g->host_data));
	memcpy(r + R_ID_KEY, g->id_key_digest, sizeof(g->id_key_digest));
	memcpy(r + R_AUTHOR_KEY, g->author_key_digest, sizeof(g->author_key_digest));
	memcpy(r + R_REPORT_ID, g->report_id, sizeof(g->report_id));
	memcpy(r + R_REPORT_ID_MA, g->report_id_ma, sizeof(g->report_id_ma));
	put64(r + R_LAUNCH_TCB, g->launch_tcb);
}

/* Which version has begun to tell what: [D-PLATFORM-INFO]. */
static uint64_t platform_info(const struct swpsp *p)
{
	return (p->config.snp_options & SWPSP_SNP_ONE_THREAD ? 0 : PLATFORM_SMT) |
	       (p->snp.rapl_off ? PLATFORM_RAPL_OFF : 0) |
	       (p->snp.hiding ? PLATFORM_HIDING : 0) |
	       (snp_api_is(p, 1, 55) ? PLATFORM_ALIAS_CHECKED : 0);
}

int swpsp_chip_id(struct swpsp *p, void *id)
{
	return identity_chip_id(p, 0, id) ? 0 : -1;
}

/* [D-CHIP-ID] */
size_t snp_chip_id(struct swpsp *p, uint8_t id[ID_SIZE])
{
	size_t len = p->config.product == SWPSP_TURIN ? 8 : ID_SIZE;

	if (!identity_chip_id(p, 0, id))
		return 0;
	memset(id + len, 0, ID_SIZE - len);
	return len;
}

static bool put_platform(struct swpsp *p, uint8_t *r)
{
	const struct snp *s = &p->snp;

	put64(r + R_CURRENT_TCB, s->current.tcb);
	put64(r + R_PLATFORM, platform_info(p));
	put64(r + R_REPORTED_TCB, s->reported_tcb);
	put64(r + R_COMMITTED_TCB, s->committed.tcb);
	put_version(r + R_CURRENT, &s->current);
	put_version(r + R_COMMITTED, &s->committed);
	return s->mask_chip_id || snp_chip_id(p, r + R_CHIP_ID);
}

/* Fields that older versions have zeros for. */
static void put_later_fields(const struct swpsp *p, const struct snp_guest *g, uint8_t *r)
{
	uint32_t version = report_version(p), fms = snp_product_fms(p);

	put32(r + R_VERSION, version);
	if (version >= 3) {
		r[R_FAMILY] = (uint8_t)((fms >> 8 & 0xf) + (fms >> 20 & 0xff));
		r[R_MODEL] = (uint8_t)((fms >> 12 & 0xf0) | (fms >> 4 & 0xf));
		r[R_STEPPING] = (uint8_t)(fms & 0xf);
	}
	if (version >= 5) {
		put64(r + R_LAUNCH_MITIGATIONS, g->launch_mitigations);
		put64(r + R_MITIGATIONS, p->snp.mitigations);
	}
}

/* The two numbers take 144 of 512 bytes. */
static bool report_sign(struct swpsp *p, enum snp_root root, uint8_t *r)
{
	struct ec_key key;
	bool ok = snp_endorsement_key(p, root, p->snp.reported_tcb, &key) &&
		  pubkey_sign(p, &key, ALGO_ECDSA_SHA384, r, R_SIGNATURE, r + R_SIGNATURE);

	OPENSSL_cleanse(&key, sizeof(key));
	return ok;
}

/* A request for a report, by either side. */
struct ask {
	const uint8_t *data;	/* 64 bytes of the guest's, or NULL */
	uint32_t vmpl;
	uint32_t key_select;
};

/*
 * Status, size and report, @answer being zero. A VCEK that is masked is no error: the
 * report is not signed [D-REPORT-MASKED].
 */
static bool report_make(struct swpsp *p, const struct snp_guest *g, const struct ask *ask,
			uint8_t *answer)
{
	uint8_t *r = answer + RSP_REPORT;
	uint32_t flags, status;
	enum snp_root root;
	bool masked;

	status = snp_root_select(p, g, ask->key_select, &root);
	put32(answer + RSP_STATUS, status);
	if (status)
		return true;					/* [D-REPORT-REFUSED] */
	put32(answer + RSP_SIZE, R_SIZE);
	put_guest(g, r);
	put_later_fields(p, g, r);
	put32(r + R_VMPL, ask->vmpl);
	put32(r + R_ALGO, ALGO_P384_SHA384);
	if (ask->data)
		memcpy(r + R_DATA, ask->data, 64);
	masked = root == SNP_ROOT_VCEK && p->snp.mask_chip_key;
	flags = KEY_SIGNER(masked ? SIGNER_NONE : (uint32_t)root);
	flags |= (g->author_key_en ? KEY_AUTHOR : 0) | (p->snp.mask_chip_key ? KEY_MASKED : 0);
	put32(r + R_KEY, flags);
	return put_platform(p, r) && (masked || report_sign(p, root, r));
}

/* Selecting a key came with the VLEK. */
static uint32_t flags_known(const struct swpsp *p)
{
	return snp_features(p) & SNP_FEATURE_VLEK ? 3 : 0;
}

bool snp_message_report(struct swpsp *p, struct snp_guest *g, const struct snp_message *m,
			uint8_t *answer)
{
	const struct ask ask = {
		.data = m->request + REQ_DATA, .vmpl = get32(m->request + REQ_VMPL),
		.key_select = get32(m->request + REQ_FLAGS),
	};

	if (snp_vmpl_allowed(m, ask.vmpl) && !(ask.key_select & ~flags_known(p)) &&
	    all_zero(m->request + REQ_RESERVED, m->size - REQ_RESERVED))
		return report_make(p, g, &ask, answer);
	put32(answer + RSP_STATUS, SWPSP_INVALID_PARAM);
	return true;
}

/* A key that may not be used is a status in the result, as for a guest [D-HV-REPORT]. */
uint16_t cmd_snp_hv_report_req(struct swpsp *p, uint8_t *cmd)
{
	const struct ask ask = { .vmpl = HV_VMPL, .key_select = get32(cmd + HV_FLAGS) };
	uint8_t answer[SNP_REPORT_ANSWER] = { 0 };
	const struct snp_guest *g;
	uint16_t status;

	if (get32(cmd + HV_LENGTH) != HV_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (ask.key_select & ~flags_known(p))
		return SWPSP_INVALID_PARAM;
	g = snp_guest_get(p, get64(cmd + HV_GCTX), SNP_IN_RUNNING, &status);
	if (!g)
		return status;
	/* [D-HV-REPORT-PAGE] */
	status = snp_output_check(p, get64(cmd + HV_ADDR), sizeof(answer));
	if (status)
		return status;
	if (!report_make(p, g, &ask, answer))
		return hardware_error(p, ERROR_CRYPTO);
	return snp_output_write(p, get64(cmd + HV_ADDR), answer, sizeof(answer));
}
