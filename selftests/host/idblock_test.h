/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An ID block and its authentication page, as a guest's owner makes them: keys of his own, and
 * signatures by libcrypto, with no part of swpsp.
 *
 * Memory: the block at ID_BLOCK, the page at ID_AUTH.
 */
#ifndef IDBLOCK_TEST_H
#define IDBLOCK_TEST_H

#include "snp_test.h"
#include "swpsp_owner.h"

#define ID_BLOCK	BLOB
#define ID_AUTH		BLOB2

static inline void id_key(EVP_PKEY *key, uint8_t out[0x404])
{
	uint8_t point[97];
	size_t n;

	memset(out, 0, 0x404);
	put32(out, 2);
	EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n);
	o_reverse(out + 4, point + 1, 48);
	o_reverse(out + 0x4c, point + 49, 48);
}

static inline void id_sign(EVP_PKEY *key, const void *data, size_t len, uint8_t sig[0x200])
{
	uint8_t der[128];
	const uint8_t *p = der;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof(der);
	ECDSA_SIG *pair;

	EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key);
	EVP_DigestSign(ctx, der, &n, data, len);
	EVP_MD_CTX_free(ctx);
	pair = d2i_ECDSA_SIG(NULL, &p, (long)n);
	memset(sig, 0, 0x200);
	BN_bn2lebinpad(ECDSA_SIG_get0_r(pair), sig, 72);
	BN_bn2lebinpad(ECDSA_SIG_get0_s(pair), sig + 72, 72);
	ECDSA_SIG_free(pair);
}

static inline void unhex(const char *hex, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char digits[] = { hex[2 * i], hex[2 * i + 1], 0 };

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

/* Block for digest @ld and the policy of the tests, authenticated, with an author. */
static inline void id_make(struct box *b, const char *ld, EVP_PKEY *id, EVP_PKEY *author)
{
	uint8_t *block = at(b, ID_BLOCK), *auth = at(b, ID_AUTH);

	memset(block, 0, 0x60);
	memset(auth, 0, 0x1000);
	unhex(ld, block, 48);
	count_up(block + 0x30, 0xa0, 32);
	put32(block + 0x50, 1);
	put32(block + 0x54, 7);
	put64(block + 0x58, POLICY);
	put32(auth, 1);
	put32(auth + 4, 1);
	id_key(id, auth + 0x240);
	id_key(author, auth + 0x880);
	id_sign(id, block, 0x60, auth + 0x40);
	id_sign(author, auth + 0x240, 0x404, auth + 0x680);
}

#endif /* IDBLOCK_TEST_H */
