// SPDX-License-Identifier: GPL-2.0
/*
 * Things that change in the firmware over time: its features by API version, its image,
 * the verified mitigations, and the VLEK that the vendor lends to the chip.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define INFO_LENGTH		0x00
#define INFO_LEAF		0x04
#define INFO_ADDR		0x08
#define INFO_SIZE		0x10
#define INFO_LEAF_MAX		1

#define IMAGE_LENGTH		0x00
#define IMAGE_RESERVED		0x04
#define IMAGE_ADDR		0x08
#define IMAGE_LEN		0x10
#define IMAGE_FLAGS		0x14
#define IMAGE_SIZE		0x18
#define IMAGE_COMMIT		BIT(0)

#define VLEK_LENGTH		0x00
#define VLEK_VERSION		0x04
#define VLEK_ADDR		0x08
#define VLEK_SIZE		0x10

/* The wrapped hash stick. */
#define WRAPPED_IV		0x000
#define WRAPPED_STICK		0x010
#define WRAPPED_TCB		0x190
#define WRAPPED_TAG		0x1a0

#define MITIGATION_LENGTH	0x00
#define MITIGATION_COMMAND	0x04
#define MITIGATION_VECTOR	0x08
#define MITIGATION_FLAGS	0x10
#define MITIGATION_SRC		0x18
#define MITIGATION_DST		0x20
#define MITIGATION_SIZE		0x40
#define MITIGATION_DST_EN	BIT(0)
#define MITIGATION_SRC_EN	BIT(1)
#define MITIGATION_RESULT	0x14
#define MITIGATIONS_SUPPORTED	0x3ull

/* ---- features: bits of SNP_FEATURE_INFO's ECX [D-FEATURES] ---- */

uint32_t snp_features(const struct swpsp *p)
{
	uint32_t features = 0;

	if (snp_api_is(p, 1, 54))
		features |= SNP_FEATURE_VLEK;
	if (snp_api_is(p, 1, 56))
		features |= SNP_FEATURE_RAPL_OFF | SNP_FEATURE_HIDING | SNP_FEATURE_XTS |
			    SNP_FEATURE_CXL;
	if (snp_api_is(p, 1, 57))
		features |= SNP_FEATURE_X86_SHUTDOWN;
	if (snp_api_is(p, 1, 58))
		features |= SNP_FEATURE_MITIGATION;
	return features;
}

uint16_t cmd_snp_feature_info(struct swpsp *p, uint8_t *cmd)
{
	uint32_t leaf = get32(cmd + INFO_LEAF);
	uint8_t out[16] = { 0 };

	if (get32(cmd + INFO_LENGTH) != INFO_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (leaf > INFO_LEAF_MAX)
		return SWPSP_INVALID_PARAM;			/* [D-FEATURE-LEAF] */
	if (!leaf) {
		put32(out, INFO_LEAF_MAX);
		put32(out + 8, snp_features(p));
	}
	return snp_output_write(p, get64(cmd + INFO_ADDR), out, sizeof(out));
}

/* ---- DOWNLOAD_FIRMWARE_EX ---- */

static bool version_older(const struct snp_version *a, const struct snp_version *b)
{
	if (a->major != b->major)
		return a->major < b->major;
	if (a->minor != b->minor)
		return a->minor < b->minor;
	return a->build < b->build;
}

void snp_drop_vlek(struct snp *s)
{
	OPENSSL_cleanse(s->vlek, sizeof(s->vlek));
	s->vlek_loaded = false;
}

/* A VLEK is good for one TCB version only. Before SNP_INIT: [D-CONFIG-STATE]. */
void snp_set_reported(struct snp *s, uint64_t tcb)
{
	if (s->reported_tcb != tcb)
		snp_drop_vlek(s);
	s->reported_tcb = tcb;
}

void snp_commit(struct snp *s)
{
	s->committed = s->current;
	snp_set_reported(s, s->current.tcb);
}

/* The SVN of an update that is committed is the least that DOWNLOAD_FIRMWARE may bring, too. */
void snp_commit_update(struct swpsp *p)
{
	const struct snp_version *now = &p->snp.current, *old = &p->snp.committed;
	uint32_t svn = snp_tcb_snp(p, now->tcb);
	bool update = now->tcb != old->tcb || version_older(old, now);

	if (update && p->security_level < svn)
		p->security_level = svn;
	snp_commit(&p->snp);
}

/*
 * Another firmware runs from now on, with the state and the guests of the old one
 * [D-DOWNLOAD-STATE].
 */
void snp_set_version(struct swpsp *p, const struct snp_version *v, bool commit)
{
	p->config.api_major = v->major;
	p->config.api_minor = v->minor;
	p->config.build = v->build;
	p->snp.current = *v;
	/* no report says that newer firmware runs */
	snp_set_reported(&p->snp, snp_tcb_lower(p->snp.reported_tcb, v->tcb));
	if (commit)
		snp_commit(&p->snp);
}

/*
 * As cmd_download_firmware() judges an image, but against the committed version,
 * and without an end for the guests. The SVN is the SNP component of the TCB.
 */
static uint16_t check_image(const struct swpsp *p, const struct image *image,
			    struct snp_version *v)
{
	uint64_t svn = snp_tcb_snp(p, p->snp.committed.tcb);

	if (image->security_level > UINT8_MAX || image->security_level < svn)
		return SWPSP_BAD_SVN;
	v->build = (uint8_t)image->version;
	v->minor = (uint8_t)(image->version >> 8);
	v->major = (uint8_t)(image->version >> 16);
	v->tcb = snp_tcb_with_snp(p, p->snp.current.tcb, (uint8_t)image->security_level);
	return version_older(v, &p->snp.committed) ? SWPSP_BAD_VERSION : SWPSP_SUCCESS;
}

uint16_t cmd_snp_download_firmware_ex(struct swpsp *p, uint8_t *cmd)
{
	uint32_t flags = get32(cmd + IMAGE_FLAGS);
	struct snp_version version;
	struct image image;
	uint16_t status;

	if (get32(cmd + IMAGE_LENGTH) != IMAGE_SIZE)		/* [D-DOWNLOAD-LENGTH] */
		return SWPSP_INVALID_LENGTH;
	if (get32(cmd + IMAGE_RESERVED) || (flags & ~IMAGE_COMMIT))
		return SWPSP_INVALID_PARAM;
	status = image_read(p, get64(cmd + IMAGE_ADDR), get32(cmd + IMAGE_LEN), &image);
	if (!status)
		status = check_image(p, &image, &version);
	if (status)
		return status;
	snp_set_version(p, &version, false);
	if (flags & IMAGE_COMMIT)
		snp_commit_update(p);
	return SWPSP_SUCCESS;
}

/* ---- VLEK_LOAD ---- */

/* The TCB version and the eight bytes after it are covered [D-VLEK-AAD]. */
static bool vlek_crypt(const struct swpsp *p, bool wrap, uint8_t *wrapped,
		       uint8_t stick[SNP_VLEK_SIZE])
{
	const struct piece covered = { wrapped + WRAPPED_TCB, WRAPPED_TAG - WRAPPED_TCB };
	uint8_t key[32];
	bool ok;

	ok = snp_wrapping_key(p, key) &&
	     crypto_gcm(wrap, key, wrapped + WRAPPED_IV, &covered,
			wrap ? stick : wrapped + WRAPPED_STICK,
			wrap ? wrapped + WRAPPED_STICK : stick, SNP_VLEK_SIZE,
			wrapped + WRAPPED_TAG);
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

int swpsp_wrap_vlek(struct swpsp *p, const void *stick, uint64_t tcb, void *wrapped)
{
	uint8_t *out = wrapped, copy[SNP_VLEK_SIZE];
	bool ok;

	memset(out, 0, SWPSP_WRAPPED_VLEK_SIZE);
	memcpy(copy, stick, sizeof(copy));
	put64(out + WRAPPED_TCB, tcb ? tcb : p->snp.reported_tcb);
	ok = crypto_random(p, out + WRAPPED_IV, 12) && vlek_crypt(p, true, out, copy);
	OPENSSL_cleanse(copy, sizeof(copy));
	return ok ? 0 : -1;
}

uint16_t cmd_snp_vlek_load(struct swpsp *p, uint8_t *cmd)
{
	uint8_t wrapped[SWPSP_WRAPPED_VLEK_SIZE], stick[SNP_VLEK_SIZE];
	struct snp *s = &p->snp;
	uint16_t status;

	if (get32(cmd + VLEK_LENGTH) != VLEK_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (get32(cmd + VLEK_VERSION))
		return SWPSP_INVALID_PARAM;
	status = mem_read(p, get64(cmd + VLEK_ADDR), wrapped, sizeof(wrapped));
	if (status)
		return status;
	if (!all_zero(wrapped + WRAPPED_IV + 12, 4) || !all_zero(wrapped + WRAPPED_TCB + 8, 8) ||
	    get64(wrapped + WRAPPED_TCB) != s->reported_tcb)	/* [D-VLEK-TCB] */
		return SWPSP_INVALID_PARAM;
	if (vlek_crypt(p, false, wrapped, stick)) {
		memcpy(s->vlek, stick, sizeof(s->vlek));
		s->vlek_loaded = true;
	} else {
		status = SWPSP_BAD_MEASUREMENT;			/* [D-VLEK-TAG] */
	}
	OPENSSL_cleanse(stick, sizeof(stick));
	return status;
}

/* ---- VERIFY_MITIGATION: outline only [D-MITIGATION] ---- */

static bool mitigation_reserved_zero(const uint8_t *cmd)
{
	return all_zero(cmd + MITIGATION_COMMAND + 2, 2) &&
	       !(get32(cmd + MITIGATION_FLAGS) & ~(MITIGATION_DST_EN | MITIGATION_SRC_EN)) &&
	       all_zero(cmd + MITIGATION_FLAGS + 4, 4) &&
	       all_zero(cmd + MITIGATION_DST + 8, MITIGATION_SIZE - MITIGATION_DST - 8);
}

uint16_t cmd_snp_verify_mitigation(struct swpsp *p, uint8_t *cmd)
{
	uint16_t verify = get16(cmd + MITIGATION_COMMAND);
	uint64_t vector = get64(cmd + MITIGATION_VECTOR);
	bool dst = get32(cmd + MITIGATION_FLAGS) & MITIGATION_DST_EN;
	uint8_t out[MITIGATION_RESULT] = { 0 };
	uint16_t status = SWPSP_SUCCESS;

	if (get32(cmd + MITIGATION_LENGTH) != MITIGATION_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (verify > 1 || !mitigation_reserved_zero(cmd))
		return SWPSP_INVALID_PARAM;
	if (verify && (!vector || (vector & (vector - 1)) || (vector & ~MITIGATIONS_SUPPORTED)))
		return SWPSP_INVALID_PARAM;
	if (dst)
		status = snp_output_check(p, get64(cmd + MITIGATION_DST), sizeof(out));
	if (status)
		return status;
	if (verify)
		p->snp.mitigations |= vector;
	put64(out, p->snp.mitigations);
	put64(out + 8, MITIGATIONS_SUPPORTED);
	return dst ? snp_output_write(p, get64(cmd + MITIGATION_DST), out, sizeof(out)) : status;
}
