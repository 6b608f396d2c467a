// SPDX-License-Identifier: GPL-2.0
/*
 * Public-key cryptography: P-384 keys, ECDH, ECDSA and RSA-PSS verification, and
 * the firmware's little-endian encoding of their numbers.
 *
 * Private keys and ECDSA nonces are drawn from crypto_random(), so that a seeded
 * platform makes the same keys and signatures in every run. This is why signing
 * is spelled out here, while everything that checks goes through EVP.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "internal.h"

#define COORD_SIZE	72		/* a number in a certificate */
#define CURVE_P384	2
#define RSA_BITS_MAX	4096

void pubkey_reverse(uint8_t *out, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = in[len - 1 - i];
}

/* Computes the public half of @d, which must be 0 < d < n. */
bool pubkey_from_scalar(struct swpsp *p, struct ec_key *key, const BIGNUM *d)
{
	EC_POINT *q = EC_POINT_new(p->p384);
	BIGNUM *x = BN_new(), *y = BN_new();
	bool ok;

	ok = q && x && y && EC_POINT_mul(p->p384, q, d, NULL, NULL, NULL) &&
	     EC_POINT_get_affine_coordinates(p->p384, q, x, y, NULL) &&
	     BN_bn2binpad(d, key->d, 48) == 48 && BN_bn2binpad(x, key->x, 48) == 48 &&
	     BN_bn2binpad(y, key->y, 48) == 48;
	BN_free(x);
	BN_free(y);
	EC_POINT_free(q);
	return ok;
}

/* (number mod (n - 1)) + 1: a valid private key out of any number. */
static BIGNUM *scalar_from(const struct swpsp *p, const uint8_t *le, size_t len)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *d = BN_lebin2bn(le, (int)len, NULL);
	BIGNUM *m = BN_dup(EC_GROUP_get0_order(p->p384));
	bool ok;

	ok = ctx && d && m && BN_sub_word(m, 1) && BN_nnmod(d, d, m, ctx) && BN_add_word(d, 1);
	BN_free(m);
	BN_CTX_free(ctx);
	if (ok)
		return d;
	BN_clear_free(d);
	return NULL;
}

static bool key_from_material(struct swpsp *p, const uint8_t *le, size_t len,
			      struct ec_key *key)
{
	BIGNUM *d = scalar_from(p, le, len);
	bool ok = d && pubkey_from_scalar(p, key, d);

	BN_clear_free(d);
	return ok;
}

bool pubkey_generate(struct swpsp *p, struct ec_key *key)
{
	uint8_t material[56];
	bool ok = crypto_random(p, material, sizeof(material)) &&
		  key_from_material(p, material, sizeof(material), key);

	OPENSSL_cleanse(material, sizeof(material));
	return ok;
}

bool pubkey_derive_cek(struct swpsp *p, const uint8_t material[56], struct ec_key *key)
{
	return key_from_material(p, material, 56, key);
}

/* GET_ID's value: the chip-unique key as a point of secp256k1, big-endian. */
bool pubkey_chip_id(const uint8_t chip_key[32], uint8_t id[ID_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp256k1);
	EC_POINT *q = group ? EC_POINT_new(group) : NULL;
	BIGNUM *d = BN_bin2bn(chip_key, 32, NULL), *x = BN_new(), *y = BN_new();
	bool ok;

	ok = q && d && x && y && EC_POINT_mul(group, q, d, NULL, NULL, NULL) &&
	     EC_POINT_get_affine_coordinates(group, q, x, y, NULL) &&
	     BN_bn2binpad(x, id, 32) == 32 && BN_bn2binpad(y, id + 32, 32) == 32;
	BN_free(y);
	BN_free(x);
	BN_clear_free(d);
	EC_POINT_free(q);
	EC_GROUP_free(group);
	return ok;
}

/*
 * Coordinates that are not below the field's prime are refused, although libcrypto
 * would reduce them: two encodings of one key must not both be valid.
 */
bool pubkey_on_curve(struct swpsp *p, const uint8_t x_le[72], const uint8_t y_le[72])
{
	const BIGNUM *prime = EC_GROUP_get0_field(p->p384);
	BIGNUM *x = BN_lebin2bn(x_le, COORD_SIZE, NULL);
	BIGNUM *y = BN_lebin2bn(y_le, COORD_SIZE, NULL);
	EC_POINT *q = EC_POINT_new(p->p384);
	bool ok;

	ok = x && y && q && BN_cmp(x, prime) < 0 && BN_cmp(y, prime) < 0 &&
	     EC_POINT_set_affine_coordinates(p->p384, q, x, y, NULL) == 1;
	EC_POINT_free(q);
	BN_free(y);
	BN_free(x);
	return ok;
}

static EVP_PKEY *pkey_from(const char *type, int selection, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &pkey, selection, params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

/* @d_be is NULL for a public key. */
static EVP_PKEY *pkey_ec(const uint8_t x_be[48], const uint8_t y_be[48], const uint8_t *d_be)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *d = d_be ? BN_bin2bn(d_be, 48, NULL) : NULL;
	EVP_PKEY *pkey = NULL;
	uint8_t point[97];

	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, x_be, 48);
	memcpy(point + 49, y_be, 48);
	if (bld && (d || !d_be) &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point,
					     sizeof(point)) &&
	    (!d || OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, d, 48)))
		pkey = pkey_from("EC", d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, bld);
	BN_clear_free(d);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

bool pubkey_ecdh(const struct ec_key *own, const struct ec_key *peer, uint8_t z_be[48])
{
	EVP_PKEY *a = pkey_ec(own->x, own->y, own->d);
	EVP_PKEY *b = pkey_ec(peer->x, peer->y, NULL);
	EVP_PKEY_CTX *ctx = a ? EVP_PKEY_CTX_new(a, NULL) : NULL;
	size_t len = 48;
	bool ok;

	ok = ctx && b && EVP_PKEY_derive_init(ctx) == 1 &&
	     EVP_PKEY_derive_set_peer(ctx, b) == 1 &&
	     EVP_PKEY_derive(ctx, z_be, &len) == 1 && len == 48;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(b);
	EVP_PKEY_free(a);
	return ok;
}

/* r = x(kG) mod n, s = (z + r d) / k mod n. A zero in either has chance 2^-384. */
static bool ecdsa_numbers(struct swpsp *p, const struct ec_key *key, const BIGNUM *z,
			  const BIGNUM *k, uint8_t sig[144])
{
	const BIGNUM *n = EC_GROUP_get0_order(p->p384);
	BN_CTX *ctx = BN_CTX_secure_new();
	EC_POINT *point = EC_POINT_new(p->p384);
	BIGNUM *d = BN_bin2bn(key->d, 48, NULL);
	BIGNUM *r = BN_new(), *s = BN_new(), *inv = BN_new();
	bool ok;

	ok = ctx && point && d && r && s && inv &&
	     EC_POINT_mul(p->p384, point, k, NULL, NULL, ctx) &&
	     EC_POINT_get_affine_coordinates(p->p384, point, r, NULL, ctx) &&
	     BN_nnmod(r, r, n, ctx) && BN_mod_mul(s, r, d, n, ctx) &&
	     BN_mod_add(s, s, z, n, ctx) && BN_mod_inverse(inv, k, n, ctx) &&
	     BN_mod_mul(s, s, inv, n, ctx) && !BN_is_zero(r) && !BN_is_zero(s) &&
	     BN_bn2lebinpad(r, sig, COORD_SIZE) == COORD_SIZE &&
	     BN_bn2lebinpad(s, sig + COORD_SIZE, COORD_SIZE) == COORD_SIZE;
	BN_clear_free(inv);
	BN_free(s);
	BN_free(r);
	BN_clear_free(d);
	EC_POINT_free(point);
	BN_CTX_free(ctx);
	return ok;
}

/* ECDSA: with SHA-256 in SEV's certificates, with SHA-384 in SNP's reports. */
bool pubkey_sign(struct swpsp *p, const struct ec_key *key, enum cert_algo algo,
		 const void *data, size_t len, uint8_t sig[144])
{
	bool longer = algo == ALGO_ECDSA_SHA384;
	uint8_t material[56], hash[48];
	BIGNUM *k = NULL, *z = NULL;
	bool ok;

	ok = longer ? crypto_sha384(data, len, hash) : crypto_sha256(data, len, hash);
	if (!ok || !crypto_random(p, material, sizeof(material)))
		return false;
	k = scalar_from(p, material, sizeof(material));
	z = BN_bin2bn(hash, longer ? 48 : 32, NULL);
	ok = k && z && ecdsa_numbers(p, key, z, k, sig);
	BN_clear_free(k);
	BN_free(z);
	OPENSSL_cleanse(material, sizeof(material));
	return ok;
}

static EVP_PKEY *pkey_rsa(const uint8_t *key)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *e = BN_lebin2bn(key + 4, 512, NULL);
	BIGNUM *n = BN_lebin2bn(key + 0x204, 512, NULL);
	EVP_PKEY *pkey = NULL;

	if (bld && e && n && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
		pkey = pkey_from("RSA", EVP_PKEY_PUBLIC_KEY, bld);
	BN_free(n);
	BN_free(e);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

static bool verify_rsa(const struct cert_key *key, const EVP_MD *md, const void *data,
		       size_t len, const uint8_t *sig)
{
	size_t size = (get32(key->key) + 7) / 8;
	EVP_PKEY *pkey = pkey_rsa(key->key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t be[RSA_BITS_MAX / 8];
	EVP_PKEY_CTX *pctx;
	bool ok;

	pubkey_reverse(be, sig, size);
	ok = pkey && ctx && EVP_DigestVerifyInit(ctx, &pctx, md, NULL, pkey) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1 &&
	     EVP_DigestVerify(ctx, be, size, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

/* The two numbers of a certificate as the DER structure that EVP wants. */
static int ecdsa_to_der(const uint8_t *sig, unsigned char **der)
{
	BIGNUM *r = BN_lebin2bn(sig, COORD_SIZE, NULL);
	BIGNUM *s = BN_lebin2bn(sig + COORD_SIZE, COORD_SIZE, NULL);
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int len = -1;

	if (r && s && pair && ECDSA_SIG_set0(pair, r, s)) {
		r = NULL;
		s = NULL;
		len = i2d_ECDSA_SIG(pair, der);
	}
	ECDSA_SIG_free(pair);
	BN_free(s);
	BN_free(r);
	return len;
}

static bool verify_ecdsa(const struct cert_key *key, const EVP_MD *md, const void *data,
			 size_t len, const uint8_t *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t x[48], y[48];
	unsigned char *der = NULL;
	int der_len = ecdsa_to_der(sig, &der);
	EVP_PKEY *pkey;
	bool ok;

	pubkey_reverse(x, key->key + 4, 48);
	pubkey_reverse(y, key->key + 4 + COORD_SIZE, 48);
	pkey = pkey_ec(x, y, NULL);
	ok = pkey && ctx && der_len > 0 &&
	     EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) == 1 &&
	     EVP_DigestVerify(ctx, der, (size_t)der_len, data, len) == 1;
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* @key has passed the validity check of cert.c: sizes and curve are sane. */
bool pubkey_verify(const struct cert_key *key, const void *data, size_t len, const uint8_t *sig)
{
	switch (key->algo) {
	case ALGO_RSA_SHA256:
		return verify_rsa(key, EVP_sha256(), data, len, sig);
	case ALGO_RSA_SHA384:
		return verify_rsa(key, EVP_sha384(), data, len, sig);
	case ALGO_ECDSA_SHA256:
		return verify_ecdsa(key, EVP_sha256(), data, len, sig);
	case ALGO_ECDSA_SHA384:
		return verify_ecdsa(key, EVP_sha384(), data, len, sig);
	default:
		return false;
	}
}
