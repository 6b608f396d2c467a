/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other end of what swpsp does, for its tests: a guest owner or certificate
 * authority made of direct calls of libcrypto, independent of swpsp's code.
 */
#ifndef SWPSP_OWNER_H
#define SWPSP_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

static inline void o_reverse(uint8_t *out, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = in[len - 1 - i];
}

static inline void o_hmac(const void *key, size_t key_len, const void *data, size_t len,
			  uint8_t out[32])
{
	size_t n;

	EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, data, len, out, 32, &n);
}

/* One block is enough: no key of a session is longer than 16 bytes. */
static inline void o_kdf(const void *key, size_t key_len, const char *label, const void *context,
			 size_t context_len, uint8_t out[16])
{
	uint8_t data[128] = { 1, 0, 0, 0 }, mac[32];
	size_t n = 4;

	memcpy(data + n, label, strlen(label) + 1);
	n += strlen(label) + 1;
	if (context_len)
		memcpy(data + n, context, context_len);
	n += context_len;
	data[n] = 128;
	n += 4;
	o_hmac(key, key_len, data, n, mac);
	memcpy(out, mac, 16);
}

static inline void o_ctr(const uint8_t *key, const uint8_t *iv, const void *in, void *out, int len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	EVP_EncryptInit_ex2(ctx, EVP_aes_128_ctr(), key, iv, NULL);
	EVP_EncryptUpdate(ctx, out, &n, in, len);
	EVP_CIPHER_CTX_free(ctx);
}

static inline void o_sha256(const void *data, size_t len, uint8_t out[32])
{
	EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL);
}

/* ---- public keys in certificates ---- */

static inline EVP_PKEY *o_build(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	EVP_PKEY_fromdata_init(ctx);
	EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

static inline EVP_PKEY *o_ec_key(const uint8_t *cert)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	uint8_t point[97] = { 4 };

	o_reverse(point + 1, cert + 0x14, 48);
	o_reverse(point + 49, cert + 0x5c, 48);
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0);
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
	return o_build("EC", bld);
}

/* A 4096-bit key of a vendor certificate. */
static inline EVP_PKEY *o_rsa_key(const uint8_t *cert)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *e = BN_lebin2bn(cert + 0x40, 512, NULL);
	BIGNUM *n = BN_lebin2bn(cert + 0x240, 512, NULL);
	EVP_PKEY *key;

	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e);
	key = o_build("RSA", bld);
	BN_free(n);
	BN_free(e);
	return key;
}

static inline bool o_ecdsa(EVP_PKEY *key, const uint8_t *data, size_t len, const uint8_t *sig)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *der = NULL;
	int der_len;
	bool ok;

	ECDSA_SIG_set0(pair, BN_lebin2bn(sig, 72, NULL), BN_lebin2bn(sig + 72, 72, NULL));
	der_len = i2d_ECDSA_SIG(pair, &der);
	ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	     EVP_DigestVerify(ctx, der, (size_t)der_len, data, len) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	ECDSA_SIG_free(pair);
	return ok;
}

static inline bool o_pss(EVP_PKEY *key, const uint8_t *data, size_t len, const uint8_t *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	uint8_t be[512];
	bool ok;

	o_reverse(be, sig, sizeof(be));
	ok = EVP_DigestVerifyInit(ctx, &pctx, EVP_sha384(), NULL, key) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 48) == 1 &&
	     EVP_DigestVerify(ctx, be, sizeof(be), data, len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* Is @cert's signature in @slot by the P-384 key of @signer? */
static inline bool o_cert_signed(const uint8_t *cert, int slot, const uint8_t *signer)
{
	EVP_PKEY *key = o_ec_key(signer);
	bool ok = key && o_ecdsa(key, cert, 0x414, cert + 0x41c + 0x208 * slot);

	EVP_PKEY_free(key);
	return ok;
}

/* ---- certificates of one's own ---- */

static inline EVP_PKEY *o_new_key(void)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
}

static inline void o_put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static inline void o_make_cert(uint8_t *cert, uint32_t usage, uint32_t algo, EVP_PKEY *key)
{
	uint8_t point[97];
	size_t n;

	memset(cert, 0, 0x824);
	o_put32(cert, 1);
	o_put32(cert + 8, usage);
	o_put32(cert + 0xc, algo);
	o_put32(cert + 0x10, 2);
	EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n);
	o_reverse(cert + 0x14, point + 1, 48);
	o_reverse(cert + 0x5c, point + 49, 48);
	o_put32(cert + 0x414, 0x1000);
	o_put32(cert + 0x61c, 0x1000);
}

static inline void o_sign_slot(uint8_t *cert, int slot, uint32_t usage, EVP_PKEY *key)
{
	uint8_t *sig = cert + 0x414 + 0x208 * slot, der[128];
	const uint8_t *at = der;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(der);
	ECDSA_SIG *pair;

	EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key);
	EVP_DigestSign(ctx, der, &len, cert, 0x414);
	EVP_MD_CTX_free(ctx);
	pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
	memset(sig, 0, 0x208);
	o_put32(sig, usage);
	o_put32(sig + 4, 2);
	BN_bn2lebinpad(ECDSA_SIG_get0_r(pair), sig + 8, 72);
	BN_bn2lebinpad(ECDSA_SIG_get0_s(pair), sig + 80, 72);
	ECDSA_SIG_free(pair);
}

/* ---- sessions ---- */

struct o_session {
	uint8_t dh_cert[0x824];
	uint8_t blob[0x80];
	uint8_t tek[16];
	uint8_t tik[16];
	uint8_t kek[16];
	uint8_t kik[16];
};

/* The MACs again, after the blob or the policy has been changed. */
static inline void o_session_seal(struct o_session *s, uint32_t policy)
{
	uint8_t tk[32];

	memcpy(tk, s->tek, 16);
	memcpy(tk + 16, s->tik, 16);
	o_ctr(s->kek, s->blob + 0x30, tk, s->blob + 0x10, 32);
	o_hmac(s->kik, 16, s->blob + 0x10, 32, s->blob + 0x40);
	o_hmac(s->tik, 16, &policy, 4, s->blob + 0x60);
}

/* As an owner: a DH key of its own, and a session for the platform whose PDH is @pdh. */
static inline bool o_session(struct o_session *s, const uint8_t *pdh, uint32_t policy)
{
	EVP_PKEY *own = o_new_key(), *peer = o_ec_key(pdh);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	uint8_t z[48], master[16];
	size_t len = sizeof(z);
	bool ok;

	ok = EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	     EVP_PKEY_derive(ctx, z, &len) == 1;
	o_make_cert(s->dh_cert, 0x1003, 3, own);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	memset(s->blob, 0x17, 16);
	memset(s->blob + 0x30, 0x2b, 16);
	memset(s->tek, 0xa5, 16);
	memset(s->tik, 0xc3, 16);
	o_kdf(z, 48, "sev-master-secret", s->blob, 16, master);
	o_kdf(master, 16, "sev-kek", NULL, 0, s->kek);
	o_kdf(master, 16, "sev-kik", NULL, 0, s->kik);
	o_session_seal(s, policy);
	return ok;
}

/* The measurement that the firmware must have made. */
static inline void o_measurement(const uint8_t *tik, const uint8_t version[3], uint32_t policy,
				 const uint8_t digest[32], const uint8_t *nonce, uint8_t out[32])
{
	uint8_t data[56] = { 4, version[0], version[1], version[2] };

	o_put32(data + 4, policy);
	memcpy(data + 8, digest, 32);
	memcpy(data + 40, nonce, 16);
	o_hmac(tik, 16, data, sizeof(data), out);
}

/* A packet's MAC; @trailer: the measurement for a secret, NULL for a data packet. */
static inline void o_packet_mac(const uint8_t *tik, const uint8_t *header, const uint8_t *payload,
				uint32_t len, const uint8_t *trailer, uint8_t out[32])
{
	static uint8_t data[0x6000];
	size_t n = 29 + len;

	data[0] = trailer ? 1 : 2;
	memcpy(data + 1, header, 20);
	o_put32(data + 21, len);
	o_put32(data + 25, len);
	memcpy(data + 29, payload, len);
	if (trailer) {
		memcpy(data + n, trailer, 32);
		n += 32;
	}
	o_hmac(tik, 16, data, n, out);
}

#endif /* SWPSP_OWNER_H */
