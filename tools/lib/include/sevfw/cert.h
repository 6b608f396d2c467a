/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The certificates of a SEV platform, as its guest owner sees them: their
 * layout, the keys in them, who has signed whom.
 *
 *   PDH <- PEK <- OCA (self-signed: the platform's owner)
 *              <- CEK <- ASK <- ARK (self-signed: the vendor)
 *
 * Needs libcrypto of OpenSSL 3 and nothing of Linux: a guest owner need not be
 * near the host. All sizes are in bytes unless said otherwise.
 */
#ifndef SEVFW_CERT_H
#define SEVFW_CERT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

/**
 * enum owner_result - results of the functions of the owner side
 * @OWNER_OK: done
 * @OWNER_CRYPTO: libcrypto failed (memory, no randomness)
 * @OWNER_LENGTH: a length that cannot be
 * @OWNER_FORMAT: not a certificate of version 1, or not of the expected use
 * @OWNER_KEY: the public key is none, e.g. its point is not on the curve
 * @OWNER_SIGNER: no signature of the key that should have signed the certificate
 * @OWNER_SIGNATURE: a signature of that key, which is wrong
 * @OWNER_MISMATCH: two copies of one certificate differ
 * @OWNER_MEASUREMENT: the measurement is not what the owner computes
 * @OWNER_REPORT: the attestation report is not about this launch
 * @OWNER_EXPIRED: a certificate is not valid yet, or no longer
 */
enum owner_result {
	OWNER_OK,
	OWNER_CRYPTO,
	OWNER_LENGTH,
	OWNER_FORMAT,
	OWNER_KEY,
	OWNER_SIGNER,
	OWNER_SIGNATURE,
	OWNER_MISMATCH,
	OWNER_MEASUREMENT,
	OWNER_REPORT,
	OWNER_EXPIRED,
};

/** owner_strerror() - a clause that says what @result means, never NULL */
const char *owner_strerror(enum owner_result result);

/* The use of a key. */
#define SEV_USAGE_ARK		0x0000
#define SEV_USAGE_ASK		0x0013
#define SEV_USAGE_NONE		0x1000	/* marks an empty signature slot */
#define SEV_USAGE_OCA		0x1001
#define SEV_USAGE_PEK		0x1002
#define SEV_USAGE_PDH		0x1003
#define SEV_USAGE_CEK		0x1004

/* The algorithm of a key. */
#define SEV_ALGO_NONE		0x000
#define SEV_ALGO_RSA_SHA256	0x001
#define SEV_ALGO_ECDSA_SHA256	0x002
#define SEV_ALGO_ECDH_SHA256	0x003
#define SEV_ALGO_RSA_SHA384	0x101
#define SEV_ALGO_ECDSA_SHA384	0x102

#define SEV_CURVE_P384		2

/* Numbers are little-endian, coordinates and signatures too, padded by zeros. */
struct sev_cert_sig {
	uint32_t usage;
	uint32_t algo;
	uint8_t data[512];
} __attribute__((packed));

/**
 * struct sev_cert - a certificate as the platform makes it
 * @version: 1
 * @api_major: SEV API version of the firmware that made it, major
 * @api_minor: and minor
 * @reserved: 0
 * @usage: SEV_USAGE_*
 * @algo: SEV_ALGO_*
 * @ec: public key on a curve, if @algo says so
 * @rsa: public RSA key otherwise; @bits is the size of the modulus
 * @sig: signatures over all that is before them
 */
struct sev_cert {
	uint32_t version;
	uint8_t api_major;
	uint8_t api_minor;
	uint16_t reserved;
	uint32_t usage;
	uint32_t algo;
	union {
		struct {
			uint32_t curve;
			uint8_t x[72];
			uint8_t y[72];
			uint8_t zero[0x370];
		} __attribute__((packed)) ec;
		struct {
			uint32_t bits;
			uint8_t exponent[512];
			uint8_t modulus[512];
		} __attribute__((packed)) rsa;
	};
	struct sev_cert_sig sig[2];
} __attribute__((packed));

#define SEV_CERT_SIZE	0x824
#define SEV_CERT_SIGNED	0x414	/* the part that is signed */

static_assert(sizeof(struct sev_cert) == SEV_CERT_SIZE, "certificate");
static_assert(offsetof(struct sev_cert, sig) == SEV_CERT_SIGNED, "certificate body");

/** struct sev_chain - certificates from PDH_CERT_EXPORT, except the PDH's */
struct sev_chain {
	struct sev_cert pek;
	struct sev_cert oca;
	struct sev_cert cek;
} __attribute__((packed));

static_assert(sizeof(struct sev_chain) == 0x186c, "chain");

/**
 * struct sev_vendor - the vendor's certificates of a platform
 * @cek: the platform's CEK certificate, signed by the ASK
 * @ca: ASK and ARK certificates, one after the other, in the vendor's format
 * @ca_len: their length, 0x680 (2048-bit keys) or 0xc80 (4096-bit keys)
 */
struct sev_vendor {
	const struct sev_cert *cek;
	const void *ca;
	size_t ca_len;
};

/**
 * sev_chain_verify() - is this PDH one of a platform that we may trust?
 * @pdh: PDH certificate
 * @chain: PEK, OCA and CEK certificates
 * @vendor: the vendor's part, or NULL to stop at the CEK
 *
 * Without @vendor, the answer OWNER_OK says no more than that the certificates
 * belong together: anyone can make such a chain. With it, the chain ends in the
 * ARK, and it is for the caller to know that ARK (compare it with a copy from
 * a place that is trusted).
 *
 * Return: OWNER_OK, or what is wrong with the first certificate that fails.
 */
enum owner_result sev_chain_verify(const struct sev_cert *pdh, const struct sev_chain *chain,
				   const struct sev_vendor *vendor);

#define SEV_ARK_DIGEST	48	/* SHA-384 */

/**
 * sev_ark_digest() - which ARK is it that vouches for a platform?
 * @vendor: the vendor's part, after sev_chain_verify() accepted it
 * @digest: receives the SHA-384 of the ARK certificate, in the vendor's format
 *
 * Return: OWNER_OK, OWNER_LENGTH, OWNER_FORMAT, OWNER_KEY, OWNER_CRYPTO.
 */
enum owner_result sev_ark_digest(const struct sev_vendor *vendor, uint8_t digest[SEV_ARK_DIGEST]);

/**
 * sev_cert_signed_by() - check one signature
 * @cert: certificate
 * @signer: certificate of the key that should have signed it
 *
 * Return: OWNER_OK if at least one slot of @cert holds a signature of @signer
 * and every such slot verifies; otherwise OWNER_FORMAT, _KEY, _SIGNER,
 * _SIGNATURE, _CRYPTO.
 */
enum owner_result sev_cert_signed_by(const struct sev_cert *cert, const struct sev_cert *signer);

/**
 * sev_cert_key() - the public key of a certificate
 * @cert: certificate
 * @key: receives the key; EVP_PKEY_free() it
 *
 * Return: OWNER_OK, OWNER_FORMAT, OWNER_KEY, OWNER_CRYPTO.
 */
enum owner_result sev_cert_key(const struct sev_cert *cert, EVP_PKEY **key);

/**
 * sev_cert_make_dh() - a certificate for an owner's own Diffie-Hellman key
 * @cert: receives it; it is not signed, as firmware does not ask for that
 * @key: key pair on P-384
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result sev_cert_make_dh(struct sev_cert *cert, const EVP_PKEY *key);

/**
 * sev_verify() - check a signature in the platform's encoding
 * @key: public key
 * @algo: SEV_ALGO_*
 * @data: the bytes that are signed
 * @len: its length
 * @sig: signature: r and s of 72 bytes each, or the RSA number; little-endian
 *
 * Return: OWNER_OK, OWNER_SIGNATURE, OWNER_CRYPTO.
 */
enum owner_result sev_verify(EVP_PKEY *key, uint32_t algo, const void *data, size_t len,
			     const uint8_t *sig);

#endif /* SEVFW_CERT_H */
