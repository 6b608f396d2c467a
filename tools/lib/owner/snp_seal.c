// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets that are sealed to a key of an SNP guest's: the owner's half and the guest's.
 * The guest's program in tools/guest is linked with this file, and has no other of the library.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <sevfw/snp_seal.h>

#define AES_KEY_BYTES	32
#define IV_BYTES	12
#define CURVE		"X25519"
#define REPORT_DATA_BYTES	sizeof(((struct snp_report *)0)->report_data)

enum owner_result snp_seal_report_data(const uint8_t *nonce, const uint8_t *key, uint8_t *data)
{
	uint8_t both[SNP_NONCE_BYTES + SNP_SEAL_KEY_BYTES];

	memcpy(both, nonce, SNP_NONCE_BYTES);
	memcpy(both + SNP_NONCE_BYTES, key, SNP_SEAL_KEY_BYTES);
	return EVP_Digest(both, sizeof(both), data, NULL, EVP_sha512(), NULL) == 1 ?
		OWNER_OK : OWNER_CRYPTO;
}

EVP_PKEY *snp_seal_key(uint8_t *key)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, CURVE);
	size_t len = SNP_SEAL_KEY_BYTES;

	if (pair && EVP_PKEY_get_raw_public_key(pair, key, &len) != 1) {
		EVP_PKEY_free(pair);
		pair = NULL;
	}
	return pair;
}

/* libcrypto refuses keys of the other side's for which the outcome would be no secret. */
static enum owner_result agree_secret(EVP_PKEY *pair, const uint8_t *other, uint8_t *shared)
{
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(NULL, CURVE, NULL, other,
							SNP_SEAL_KEY_BYTES);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
	size_t len = SNP_SEAL_KEY_BYTES;
	enum owner_result ret = OWNER_CRYPTO;

	if (peer && ctx && EVP_PKEY_derive_init(ctx) == 1)
		ret = EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		      EVP_PKEY_derive(ctx, shared, &len) == 1 ? OWNER_OK : OWNER_KEY;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return ret;
}

static enum owner_result expand_secret(uint8_t *shared, const uint8_t *data,
				       const uint8_t *owner_key, uint8_t *aes_key)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA512", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, shared, SNP_SEAL_KEY_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)data,
						  REPORT_DATA_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)owner_key,
						  SNP_SEAL_KEY_BYTES),
		OSSL_PARAM_construct_end(),
	};
	int done = ctx ? EVP_KDF_derive(ctx, aes_key, AES_KEY_BYTES, params) : 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done == 1 ? OWNER_OK : OWNER_CRYPTO;
}

/*
 * The AES key, for either side.
 * @pair: keys of that side
 * @other: the other side's public key
 * @owner_key: the public key that the owner has made
 */
static enum owner_result make_aes_key(EVP_PKEY *pair, const uint8_t *other, const uint8_t *data,
				      const uint8_t *owner_key, uint8_t *aes_key)
{
	uint8_t shared[SNP_SEAL_KEY_BYTES];
	enum owner_result ret = agree_secret(pair, other, shared);

	if (!ret)
		ret = expand_secret(shared, data, owner_key, aes_key);
	OPENSSL_cleanse(shared, sizeof(shared));
	return ret;
}

/* The key is used once, so that the IV need not be another one each time. */
static const uint8_t iv[IV_BYTES];

static enum owner_result encrypt(const uint8_t *key, const void *in, int len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done, rest;
	int good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
		   EVP_EncryptUpdate(ctx, out, &done, in, len) == 1 &&
		   EVP_EncryptFinal_ex(ctx, out + done, &rest) == 1 &&
		   EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SNP_SEAL_TAG_BYTES,
				       out + len) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return good ? OWNER_OK : OWNER_CRYPTO;
}

static enum owner_result decrypt(const uint8_t *key, const uint8_t *in, int len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	enum owner_result ret = OWNER_CRYPTO;
	int done, rest;

	if (ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
	    EVP_DecryptUpdate(ctx, out, &done, in, len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SNP_SEAL_TAG_BYTES,
				(void *)(in + len)) == 1)
		ret = EVP_DecryptFinal_ex(ctx, out + done, &rest) == 1 ? OWNER_OK : OWNER_SIGNATURE;
	EVP_CIPHER_CTX_free(ctx);
	if (ret)
		OPENSSL_cleanse(out, len);
	return ret;
}

enum owner_result snp_seal(const struct snp_report *report, const uint8_t *nonce,
			   const uint8_t *key, const void *secret, size_t len, uint8_t *sealed)
{
	uint8_t data[sizeof(report->report_data)], aes_key[AES_KEY_BYTES];
	enum owner_result ret = snp_seal_report_data(nonce, key, data);
	EVP_PKEY *pair;

	if (ret)
		return ret;
	if (CRYPTO_memcmp(data, report->report_data, sizeof(data)))
		return OWNER_REPORT;
	if (!len || len > SNP_SEAL_MAX)
		return OWNER_LENGTH;
	pair = snp_seal_key(sealed);
	if (!pair)
		return OWNER_CRYPTO;
	ret = make_aes_key(pair, key, data, sealed, aes_key);
	if (!ret)
		ret = encrypt(aes_key, secret, (int)len, sealed + SNP_SEAL_KEY_BYTES);
	OPENSSL_cleanse(aes_key, sizeof(aes_key));
	EVP_PKEY_free(pair);
	return ret;
}

enum owner_result snp_seal_open(EVP_PKEY *pair, const uint8_t *data, const uint8_t *sealed,
				size_t len, void *secret)
{
	uint8_t aes_key[AES_KEY_BYTES];
	enum owner_result ret;

	if (len <= SNP_SEAL_BYTES || len > SNP_SEAL_MAX + SNP_SEAL_BYTES)
		return OWNER_LENGTH;
	memset(secret, 0, len - SNP_SEAL_BYTES);
	ret = make_aes_key(pair, sealed, data, sealed, aes_key);
	if (!ret)
		ret = decrypt(aes_key, sealed + SNP_SEAL_KEY_BYTES, (int)(len - SNP_SEAL_BYTES),
			      secret);
	OPENSSL_cleanse(aes_key, sizeof(aes_key));
	return ret;
}
