// SPDX-License-Identifier: GPL-2.0
/*
 * Symmetric cryptography and randomness: what the firmware's primitives are,
 * expressed in libcrypto's. No state of the platform is used except its random
 * generator. Public keys are in pubkey.c.
 */
#include <limits.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "internal.h"

/*
 * With a seed, random bytes are the key stream of a cipher whose key is the seed and
 * the number of the stream. Good enough to be different everywhere, and the same in
 * every run.
 */
static bool random_seeded(struct swpsp *p, enum random_stream stream, uint8_t *out, size_t len)
{
	static const uint8_t zero_iv[16];
	EVP_CIPHER_CTX *drbg = p->drbg[stream];
	uint8_t key[32], seed[9];
	int n;

	if (!drbg) {
		put64(seed, p->config.seed);
		seed[8] = (uint8_t)stream;
		drbg = EVP_CIPHER_CTX_new();
		p->drbg[stream] = drbg;
		if (!drbg || !crypto_sha256(seed, sizeof(seed), key) ||
		    !EVP_EncryptInit_ex2(drbg, EVP_aes_256_ctr(), key, zero_iv, NULL))
			return false;
	}
	memset(out, 0, len);
	return EVP_EncryptUpdate(drbg, out, &n, out, (int)len);
}

bool crypto_random_from(struct swpsp *p, enum random_stream stream, void *out, size_t len)
{
	if (p->config.seed)
		return random_seeded(p, stream, out, len);
	return RAND_priv_bytes(out, (int)len) == 1;
}

bool crypto_random(struct swpsp *p, void *out, size_t len)
{
	return crypto_random_from(p, RANDOM_PLATFORM, out, len);
}

bool crypto_sha256(const void *data, size_t len, uint8_t out[32])
{
	return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1;
}

bool crypto_sha384(const void *data, size_t len, uint8_t out[48])
{
	return EVP_Digest(data, len, out, NULL, EVP_sha384(), NULL) == 1;
}

bool crypto_hmac(const void *key, size_t key_len, const struct piece *pieces, size_t n,
		 uint8_t out[32])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t done;
	bool ok;

	ok = ctx && EVP_MAC_init(ctx, key, key_len, params);
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_MAC_update(ctx, pieces[i].data, pieces[i].len);
	ok = ok && EVP_MAC_final(ctx, out, &done, 32) && done == 32;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return ok;
}

/*
 * SP 800-108 in counter mode with HMAC-SHA256. Firmware stores counter and output
 * length (in bits) little-endian, so libcrypto's own KBKDF cannot be used.
 */
bool crypto_kdf(uint8_t *out, size_t out_len, const void *key, size_t key_len,
		const void *label, size_t label_len, const void *context, size_t context_len)
{
	uint8_t counter[4], bits[4], block[32];
	const struct piece pieces[] = {
		{ counter, 4 }, { label, label_len }, { "", 1 },
		{ context, context_len }, { bits, 4 },
	};
	size_t done = 0;

	put32(bits, (uint32_t)(8 * out_len));
	for (uint32_t i = 1; done < out_len; i++) {
		size_t n = out_len - done < 32 ? out_len - done : 32;

		put32(counter, i);
		if (!crypto_hmac(key, key_len, pieces, ARRAY_SIZE(pieces), block))
			return false;
		memcpy(out + done, block, n);
		done += n;
	}
	OPENSSL_cleanse(block, sizeof(block));
	return true;
}

bool crypto_ctr(const uint8_t key[16], const uint8_t iv[16], const void *in, void *out,
		size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool ok;

	ok = ctx && len <= INT_MAX &&
	     EVP_EncryptInit_ex2(ctx, EVP_aes_128_ctr(), key, iv, NULL) &&
	     EVP_EncryptUpdate(ctx, out, &n, in, (int)len);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* Opening fails in the same way whether the tag is wrong or the machine is broken. */
bool crypto_gcm(bool seal, const uint8_t key[32], const uint8_t nonce[12],
		const struct piece *aad, const uint8_t *in, uint8_t *out, size_t len,
		uint8_t tag[16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t rest[16];
	int n;
	bool ok;

	ok = ctx && EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, seal, NULL) &&
	     EVP_CipherUpdate(ctx, NULL, &n, aad->data, (int)aad->len) &&
	     EVP_CipherUpdate(ctx, out, &n, in, (int)len);
	if (!seal)
		ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag) > 0;
	ok = ok && EVP_CipherFinal_ex(ctx, rest, &n) > 0;
	if (seal)
		ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
