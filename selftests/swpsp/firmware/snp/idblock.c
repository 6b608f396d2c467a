// SPDX-License-Identifier: GPL-2.0
/*
 * ID block and its authentication page: the guest owner says, before the launch,
 * what must have been measured, and an author may vouch for the key that says so.
 */
#include "internal.h"

#define BLOCK_LD		0x00
#define BLOCK_VERSION		0x50
#define BLOCK_POLICY		0x58

#define AUTH_ID_ALGO		0x000
#define AUTH_AUTHOR_ALGO	0x004
#define AUTH_BLOCK_SIG		0x040
#define AUTH_ID_KEY		0x240
#define AUTH_KEY_SIG		0x680
#define AUTH_AUTHOR_KEY		0x880
#define AUTH_SIZE		0x1000
#define ALGO_P384_SHA384	1

#define KEY_CURVE		0x000
#define KEY_X			0x004
#define KEY_Y			0x04c
#define CURVE_P384		2

/* Is @sig a signature [D-FINISH-SIGNATURE] of the key at @key over @data? */
static bool signed_by(struct swpsp *p, const uint8_t *key, const uint8_t *sig, const void *data,
		      size_t len)
{
	struct cert_key pub = { .algo = ALGO_ECDSA_SHA384 };

	memcpy(pub.key, key, sizeof(pub.key));
	return pubkey_on_curve(p, key + KEY_X, key + KEY_Y) &&
	       pubkey_verify(&pub, data, len, sig);
}

/* Not looked at: reserved bytes [D-AUTH-RESERVED], an author who is not enabled [D-AUTHOR]. */
static bool algorithms_known(const uint8_t *block, const uint8_t *auth, bool author)
{
	if (get32(block + BLOCK_VERSION) != 1 || get32(auth + AUTH_ID_ALGO) != ALGO_P384_SHA384 ||
	    get32(auth + AUTH_ID_KEY + KEY_CURVE) != CURVE_P384)
		return false;
	return !author || (get32(auth + AUTH_AUTHOR_ALGO) == ALGO_P384_SHA384 &&
			   get32(auth + AUTH_AUTHOR_KEY + KEY_CURVE) == CURVE_P384);
}

uint16_t snp_identity_check(struct swpsp *p, const struct snp_guest *g, uint64_t block_addr,
			    uint64_t auth_addr, struct snp_identity *id)
{
	uint8_t auth[AUTH_SIZE];
	uint16_t status = mem_read(p, block_addr, id->block, sizeof(id->block));

	if (!status)
		status = mem_read(p, auth_addr, auth, sizeof(auth));
	if (status)
		return status;
	if (!algorithms_known(id->block, auth, id->author))
		return SWPSP_INVALID_PARAM;
	if (!signed_by(p, auth + AUTH_ID_KEY, auth + AUTH_BLOCK_SIG, id->block,
		       sizeof(id->block)))
		return SWPSP_BAD_SIGNATURE;
	if (id->author && !signed_by(p, auth + AUTH_AUTHOR_KEY, auth + AUTH_KEY_SIG,
				     auth + AUTH_ID_KEY, PUBKEY_SIZE))
		return SWPSP_BAD_SIGNATURE;
	if (memcmp(id->block + BLOCK_LD, g->ld, sizeof(g->ld)))
		return SWPSP_BAD_MEASUREMENT;			/* [D-FINISH-DIGEST] */
	if (get64(id->block + BLOCK_POLICY) != g->policy)
		return SWPSP_POLICY_FAILURE;			/* [D-FINISH-POLICY] */
	if (!crypto_sha384(auth + AUTH_ID_KEY, PUBKEY_SIZE, id->key_digest) ||
	    (id->author && !crypto_sha384(auth + AUTH_AUTHOR_KEY, PUBKEY_SIZE,
					  id->author_digest)))
		return hardware_error(p, ERROR_CRYPTO);
	return SWPSP_SUCCESS;
}

/* Without an ID block all of it reads as zero. */
void snp_identity_store(struct snp_guest *g, const struct snp_identity *id)
{
	g->id_block_en = id->present;
	g->author_key_en = id->author;
	memcpy(g->id_block, id->block, sizeof(g->id_block));
	memcpy(g->id_key_digest, id->key_digest, sizeof(g->id_key_digest));
	memcpy(g->author_key_digest, id->author_digest, sizeof(g->author_key_digest));
}
