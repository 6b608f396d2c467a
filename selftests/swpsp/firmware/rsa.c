// SPDX-License-Identifier: GPL-2.0
/*
 * RSA for the simulated vendor: keys of 4096 bits, and PSS signatures with SHA-384.
 *
 * libcrypto makes both, but draws primes and salts from a generator of its own that
 * cannot be seeded. Here they come from crypto_random_from(), so that a seeded vendor
 * has the same keys, and makes the same signatures, in every run.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "internal.h"

#define PRIME_BYTES	(RSA_BYTES / 2)
#define EXPONENT	65537
#define HASH_SIZE	48
#define MASKED_SIZE	(RSA_BYTES - HASH_SIZE - 1)

/* The numbers of a private key: two primes, and all that is computed from them. */
enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static const char * const names[NUMBERS] = {
	[N] = OSSL_PKEY_PARAM_RSA_N,
	[E] = OSSL_PKEY_PARAM_RSA_E,
	[D] = OSSL_PKEY_PARAM_RSA_D,
	[P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
	[QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

/*
 * The first prime from a random number on. The two highest bits are set, so that
 * the product of two has all bits; @e must have an inverse modulo prime - 1.
 */
static bool random_prime(struct swpsp *p, enum random_stream stream, BIGNUM *prime,
			 const BIGNUM *e, BN_CTX *ctx)
{
	uint8_t bytes[PRIME_BYTES];
	bool ok = crypto_random_from(p, stream, bytes, sizeof(bytes));
	BIGNUM *rest = BN_new();
	int found = 0;

	bytes[0] |= 0xc0;
	bytes[PRIME_BYTES - 1] |= 1;
	ok = ok && rest && BN_bin2bn(bytes, sizeof(bytes), prime);
	while (ok && found != 1) {
		ok = BN_add_word(prime, 2) && BN_mod(rest, prime, e, ctx);
		if (ok && !BN_is_one(rest))
			found = BN_check_prime(prime, ctx, NULL);
		ok = ok && found >= 0;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	BN_free(rest);
	return ok;
}

static bool compute_numbers(struct swpsp *p, enum random_stream stream, BIGNUM *k[NUMBERS],
			    BN_CTX *ctx)
{
	BIGNUM *p1 = BN_new(), *q1 = BN_new(), *phi = BN_new();
	bool ok;

	ok = p1 && q1 && phi && BN_set_word(k[E], EXPONENT) &&
	     random_prime(p, stream, k[P], k[E], ctx) &&
	     random_prime(p, stream, k[Q], k[E], ctx) &&
	     BN_mul(k[N], k[P], k[Q], ctx) && BN_sub(p1, k[P], BN_value_one()) &&
	     BN_sub(q1, k[Q], BN_value_one()) && BN_mul(phi, p1, q1, ctx) &&
	     BN_mod_inverse(k[D], k[E], phi, ctx) && BN_mod(k[DP], k[D], p1, ctx) &&
	     BN_mod(k[DQ], k[D], q1, ctx) && BN_mod_inverse(k[QINV], k[Q], k[P], ctx);
	BN_clear_free(phi);
	BN_clear_free(q1);
	BN_clear_free(p1);
	return ok;
}

static EVP_PKEY *key_from_numbers(BIGNUM *k[NUMBERS])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	bool ok = bld;

	for (unsigned int i = 0; ok && i < NUMBERS; i++)
		ok = OSSL_PARAM_BLD_push_BN(bld, names[i], k[i]);
	if (ok)
		params = OSSL_PARAM_BLD_to_param(bld);
	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* Return: a key that the caller frees, or NULL. */
EVP_PKEY *rsa_generate(struct swpsp *p, enum random_stream stream)
{
	BIGNUM *k[NUMBERS] = { NULL };
	BN_CTX *ctx = BN_CTX_secure_new();
	EVP_PKEY *key = NULL;
	bool ok = ctx;

	for (unsigned int i = 0; i < NUMBERS; i++) {
		k[i] = BN_new();
		ok = ok && k[i];
	}
	if (ok && compute_numbers(p, stream, k, ctx))
		key = key_from_numbers(k);
	for (unsigned int i = 0; i < NUMBERS; i++)
		BN_clear_free(k[i]);
	BN_CTX_free(ctx);
	return key;
}

/* MGF1 with SHA-384, exclusive-ored to @out. */
static bool mask(uint8_t *out, size_t len, const uint8_t seed[HASH_SIZE])
{
	uint8_t block[HASH_SIZE + 4] = { 0 }, hash[HASH_SIZE];

	memcpy(block, seed, HASH_SIZE);
	for (size_t i = 0; i < len; i++) {
		block[HASH_SIZE + 3] = (uint8_t)(i / HASH_SIZE);
		if (i % HASH_SIZE == 0 &&
		    EVP_Digest(block, sizeof(block), hash, NULL, EVP_sha384(), NULL) != 1)
			return false;
		out[i] ^= hash[i % HASH_SIZE];
	}
	return true;
}

/* EMSA-PSS: maskedDB, H, 0xbc; DB is zeros, 1, the salt. */
static bool encode(struct swpsp *p, enum random_stream stream, const void *data, size_t len,
		   uint8_t em[RSA_BYTES])
{
	uint8_t block[8 + 2 * HASH_SIZE] = { 0 };
	uint8_t *salt = block + 8 + HASH_SIZE, *hash = em + MASKED_SIZE;

	if (EVP_Digest(data, len, block + 8, NULL, EVP_sha384(), NULL) != 1 ||
	    !crypto_random_from(p, stream, salt, HASH_SIZE) ||
	    EVP_Digest(block, sizeof(block), hash, NULL, EVP_sha384(), NULL) != 1)
		return false;
	memset(em, 0, MASKED_SIZE);
	em[MASKED_SIZE - HASH_SIZE - 1] = 1;
	memcpy(em + MASKED_SIZE - HASH_SIZE, salt, HASH_SIZE);
	em[RSA_BYTES - 1] = 0xbc;
	if (!mask(em, MASKED_SIZE, hash))
		return false;
	em[0] &= 0x7f;
	return true;
}

/*
 * RSA-PSS with SHA-384, the salt as long as the hash and drawn from @stream; stored as
 * a little-endian number.
 */
bool rsa_sign(struct swpsp *p, enum random_stream stream, EVP_PKEY *key, const void *data,
	      size_t len, uint8_t sig_le[RSA_BYTES])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t em[RSA_BYTES], be[RSA_BYTES];
	size_t size = sizeof(be);
	bool ok;

	ok = ctx && encode(p, stream, data, len, em) && EVP_PKEY_sign_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	     EVP_PKEY_sign(ctx, be, &size, em, sizeof(em)) == 1 && size == sizeof(be);
	if (ok)
		pubkey_reverse(sig_le, be, sizeof(be));
	EVP_PKEY_CTX_free(ctx);
	return ok;
}
