// SPDX-License-Identifier: GPL-2.0
/*
 * The guest owner's computations: session, launch digest, measurement, secret
 * packet, attestation report. The formats are those of the SEV API; the code
 * shares nothing with the simulated firmware, so that each can judge the other.
 */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <sevfw/owner.h>

/* First byte of what a MAC is computed over: what the MAC is for. */
#define MAC_SECRET	0x01
#define MAC_DATA	0x02
#define MAC_MEASURE	0x04

struct session_blob {
	uint8_t nonce[OWNER_NONCE_SIZE];
	uint8_t wrapped[2 * OWNER_KEY_SIZE];
	uint8_t iv[16];
	uint8_t wrap_mac[OWNER_HASH_SIZE];
	uint8_t policy_mac[OWNER_HASH_SIZE];
} __attribute__((packed));

static_assert(sizeof(struct session_blob) == OWNER_SESSION_SIZE, "session");

struct packet_header {
	uint32_t flags;
	uint8_t iv[16];
	uint8_t mac[OWNER_HASH_SIZE];
} __attribute__((packed));

static_assert(sizeof(struct packet_header) == OWNER_HEADER_SIZE, "header");

struct report {
	uint8_t mnonce[OWNER_NONCE_SIZE];
	uint8_t ld[OWNER_HASH_SIZE];
	uint32_t policy;
	uint32_t sig_usage;
	uint32_t sig_algo;
	uint32_t reserved;
	uint8_t sig[144];
} __attribute__((packed));

static_assert(sizeof(struct report) == OWNER_REPORT_SIZE, "report");
#define REPORT_SIGNED	offsetof(struct report, sig_usage)

enum owner_result owner_random(void *out, size_t len)
{
	return RAND_bytes(out, len) == 1 ? OWNER_OK : OWNER_CRYPTO;
}

/* Primitives */

struct part {
	const void *data;
	size_t len;
};

/* HMAC-SHA256 over @count parts, one after the other. */
static enum owner_result hmac(uint8_t out[OWNER_HASH_SIZE], const void *key, size_t key_len,
			      const struct part *parts, int count)
{
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, sizeof(sha256) - 1),
		OSSL_PARAM_END,
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	int ok = ctx && EVP_MAC_init(ctx, key, key_len, params) == 1;
	size_t len;

	for (int i = 0; ok && i < count; i++)
		ok = !parts[i].len || EVP_MAC_update(ctx, parts[i].data, parts[i].len) == 1;
	ok = ok && EVP_MAC_final(ctx, out, &len, OWNER_HASH_SIZE) == 1;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return ok ? OWNER_OK : OWNER_CRYPTO;
}

static enum owner_result aes_ctr(const uint8_t key[OWNER_KEY_SIZE], const uint8_t iv[16],
				 const void *in, void *out, uint32_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done;
	int ok = ctx && EVP_EncryptInit_ex2(ctx, EVP_aes_128_ctr(), key, iv, NULL) == 1 &&
		 EVP_EncryptUpdate(ctx, out, &done, in, len) == 1 && done == (int)len;

	EVP_CIPHER_CTX_free(ctx);
	return ok ? OWNER_OK : OWNER_CRYPTO;
}

enum owner_result owner_kdf(uint8_t *out, size_t out_len, const void *key, size_t key_len,
			    const char *label, const void *context, size_t context_len)
{
	uint32_t bits = htole32(out_len * 8), counter;
	uint8_t block[OWNER_HASH_SIZE];
	enum owner_result ret = OWNER_OK;
	const struct part parts[] = {
		{ &counter, sizeof(counter) },
		{ label, strlen(label) + 1 },
		{ context, context_len },
		{ &bits, sizeof(bits) },
	};

	if (out_len > 255 * sizeof(block))
		return OWNER_LENGTH;
	for (size_t done = 0; done < out_len && !ret; done += sizeof(block)) {
		size_t n = out_len - done;

		counter = htole32(done / sizeof(block) + 1);
		ret = hmac(block, key, key_len, parts, 4);
		memcpy(out + done, block, n < sizeof(block) ? n : sizeof(block));
	}
	OPENSSL_cleanse(block, sizeof(block));
	return ret;
}

/* Session */

enum owner_result owner_session_seal(struct owner_session *session,
				     const uint8_t shared[OWNER_SHARED_SIZE],
				     const uint8_t nonce[OWNER_NONCE_SIZE], const uint8_t iv[16])
{
	struct session_blob *blob = (struct session_blob *)session->blob;
	uint8_t master[OWNER_KEY_SIZE], kek[OWNER_KEY_SIZE], kik[OWNER_KEY_SIZE];
	uint8_t keys[2 * OWNER_KEY_SIZE];
	uint32_t policy = htole32(session->policy);
	const struct part wrapped = { blob->wrapped, sizeof(blob->wrapped) };
	const struct part policy_part = { &policy, sizeof(policy) };
	enum owner_result ret;

	memcpy(blob->nonce, nonce, sizeof(blob->nonce));
	memcpy(blob->iv, iv, sizeof(blob->iv));
	memcpy(keys, session->tek, OWNER_KEY_SIZE);
	memcpy(keys + OWNER_KEY_SIZE, session->tik, OWNER_KEY_SIZE);

	ret = owner_kdf(master, sizeof(master), shared, OWNER_SHARED_SIZE, "sev-master-secret",
			nonce, OWNER_NONCE_SIZE);
	if (!ret)
		ret = owner_kdf(kek, sizeof(kek), master, sizeof(master), "sev-kek", NULL, 0);
	if (!ret)
		ret = owner_kdf(kik, sizeof(kik), master, sizeof(master), "sev-kik", NULL, 0);
	if (!ret)
		ret = aes_ctr(kek, iv, keys, blob->wrapped, sizeof(keys));
	if (!ret)
		ret = hmac(blob->wrap_mac, kik, sizeof(kik), &wrapped, 1);
	if (!ret)
		ret = hmac(blob->policy_mac, session->tik, OWNER_KEY_SIZE, &policy_part, 1);

	OPENSSL_cleanse(master, sizeof(master));
	OPENSSL_cleanse(kek, sizeof(kek));
	OPENSSL_cleanse(kik, sizeof(kik));
	OPENSSL_cleanse(keys, sizeof(keys));
	return ret;
}

static enum owner_result ecdh(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t out[OWNER_SHARED_SIZE])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
	size_t len = OWNER_SHARED_SIZE;
	int ok = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		 EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
		 EVP_PKEY_derive(ctx, out, &len) == 1 && len == OWNER_SHARED_SIZE;

	EVP_PKEY_CTX_free(ctx);
	return ok ? OWNER_OK : OWNER_CRYPTO;
}

enum owner_result owner_session_make(struct owner_session *session, const struct sev_cert *pdh,
				     uint32_t policy)
{
	uint8_t shared[OWNER_SHARED_SIZE], nonce[OWNER_NONCE_SIZE], iv[16];
	EVP_PKEY *ours = NULL, *theirs;
	enum owner_result ret;

	if (le32toh(pdh->usage) != SEV_USAGE_PDH || le32toh(pdh->algo) != SEV_ALGO_ECDH_SHA256)
		return OWNER_FORMAT;
	ret = sev_cert_key(pdh, &theirs);
	if (ret)
		return ret;

	owner_session_none(session, policy);
	ours = EVP_EC_gen("P-384");
	ret = OWNER_CRYPTO;
	if (!ours || owner_random(session->tek, sizeof(session->tek)) ||
	    owner_random(session->tik, sizeof(session->tik)) ||
	    owner_random(nonce, sizeof(nonce)) || owner_random(iv, sizeof(iv)))
		goto out;
	ret = sev_cert_make_dh(&session->dh_cert, ours);
	if (!ret)
		ret = ecdh(ours, theirs, shared);
	if (!ret)
		ret = owner_session_seal(session, shared, nonce, iv);
out:
	OPENSSL_cleanse(shared, sizeof(shared));
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	return ret;
}

void owner_session_none(struct owner_session *session, uint32_t policy)
{
	memset(session, 0, sizeof(*session));
	session->policy = policy;
}

void owner_session_wipe(struct owner_session *session)
{
	OPENSSL_cleanse(session, sizeof(*session));
}

/* Launch digest and measurement */

struct owner_digest {
	EVP_MD_CTX *ctx;
};

struct owner_digest *owner_digest_new(void)
{
	struct owner_digest *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return NULL;
	digest->ctx = EVP_MD_CTX_new();
	if (!digest->ctx || EVP_DigestInit_ex2(digest->ctx, EVP_sha256(), NULL) != 1) {
		owner_digest_final(digest, NULL);
		return NULL;
	}
	return digest;
}

enum owner_result owner_digest_update(struct owner_digest *digest, const void *data, size_t len)
{
	return EVP_DigestUpdate(digest->ctx, data, len) == 1 ? OWNER_OK : OWNER_CRYPTO;
}

enum owner_result owner_digest_final(struct owner_digest *digest, uint8_t ld[OWNER_HASH_SIZE])
{
	int ok = !ld || EVP_DigestFinal_ex(digest->ctx, ld, NULL) == 1;

	EVP_MD_CTX_free(digest->ctx);
	free(digest);
	return ok ? OWNER_OK : OWNER_CRYPTO;
}

enum owner_result owner_measure(const struct owner_session *session,
				const struct owner_platform *platform,
				const uint8_t ld[OWNER_HASH_SIZE],
				const uint8_t nonce[OWNER_NONCE_SIZE],
				uint8_t out[OWNER_HASH_SIZE])
{
	const uint8_t head[] = {
		MAC_MEASURE, platform->api_major, platform->api_minor, platform->build,
	};
	uint32_t policy = htole32(session->policy);
	const struct part parts[] = {
		{ head, sizeof(head) },
		{ &policy, sizeof(policy) },
		{ ld, OWNER_HASH_SIZE },
		{ nonce, OWNER_NONCE_SIZE },
	};

	return hmac(out, session->tik, OWNER_KEY_SIZE, parts, 4);
}

enum owner_result owner_measure_check(const struct owner_session *session,
				      const struct owner_platform *platform,
				      const uint8_t ld[OWNER_HASH_SIZE],
				      const uint8_t measure[OWNER_MEASURE_SIZE])
{
	uint8_t expected[OWNER_HASH_SIZE];
	enum owner_result ret;

	ret = owner_measure(session, platform, ld, measure + OWNER_HASH_SIZE, expected);
	if (!ret && CRYPTO_memcmp(expected, measure, OWNER_HASH_SIZE))
		ret = OWNER_MEASUREMENT;
	return ret;
}

/* Packets */

enum owner_result owner_packet_seal(const struct owner_session *session, const uint8_t *measure,
				    const uint8_t iv[16], const void *in, void *out, uint32_t len,
				    uint8_t header[OWNER_HEADER_SIZE])
{
	struct packet_header *h = (struct packet_header *)header;
	uint8_t purpose = measure ? MAC_SECRET : MAC_DATA;
	uint32_t le_len = htole32(len);
	const struct part parts[] = {
		{ &purpose, sizeof(purpose) },
		{ &h->flags, sizeof(h->flags) },
		{ iv, 16 },
		{ &le_len, sizeof(le_len) },	/* of guest memory */
		{ &le_len, sizeof(le_len) },	/* of the packet: never compressed */
		{ out, len },
		{ measure, measure ? OWNER_HASH_SIZE : 0 },
	};
	enum owner_result ret;

	if (!len || len % 16)
		return OWNER_LENGTH;
	h->flags = 0;
	memcpy(h->iv, iv, sizeof(h->iv));
	ret = aes_ctr(session->tek, iv, in, out, len);
	if (!ret)
		ret = hmac(h->mac, session->tik, OWNER_KEY_SIZE, parts, 7);
	return ret;
}

enum owner_result owner_secret_seal(const struct owner_session *session,
				    const uint8_t measure[OWNER_MEASURE_SIZE],
				    const void *secret, void *out, uint32_t len,
				    uint8_t header[OWNER_HEADER_SIZE])
{
	uint8_t iv[16];

	if (owner_random(iv, sizeof(iv)))
		return OWNER_CRYPTO;
	return owner_packet_seal(session, measure, iv, secret, out, len, header);
}

/* Report */

enum owner_result owner_report_check(const struct sev_cert *pek,
				     const uint8_t report[OWNER_REPORT_SIZE],
				     const uint8_t mnonce[OWNER_NONCE_SIZE], uint32_t policy,
				     const uint8_t *ld)
{
	const struct report *r = (const struct report *)report;
	EVP_PKEY *key;
	enum owner_result ret;

	if (r->sig_usage != pek->usage || r->sig_algo != pek->algo)
		return OWNER_SIGNATURE;
	/* A report has no room for a longer signature; the host may have made this PEK. */
	if (le32toh(pek->algo) != SEV_ALGO_ECDSA_SHA256 &&
	    le32toh(pek->algo) != SEV_ALGO_ECDSA_SHA384)
		return OWNER_KEY;
	ret = sev_cert_key(pek, &key);
	if (ret)
		return ret;
	ret = sev_verify(key, le32toh(r->sig_algo), report, REPORT_SIGNED, r->sig);
	EVP_PKEY_free(key);
	if (ret)
		return ret;
	if (memcmp(r->mnonce, mnonce, sizeof(r->mnonce)) || le32toh(r->policy) != policy ||
	    (ld && memcmp(r->ld, ld, sizeof(r->ld))))
		return OWNER_REPORT;
	return OWNER_OK;
}

const uint8_t *owner_report_digest(const uint8_t report[OWNER_REPORT_SIZE])
{
	return ((const struct report *)report)->ld;
}
