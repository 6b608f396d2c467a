/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A secret for an SNP guest that runs: sealed to a key that the guest has made, and that its
 * attestation report is about.
 *
 *	guest owner                          the host carries         guest
 *	a nonce                              -- nonce -->
 *	                                                              a pair of keys; a report
 *	                                     <-- report, key --       on nonce and public key
 *	the report is good, and about
 *	this nonce and this key:
 *	a secret, sealed to the key          -- sealed secret -->     opens it
 *
 * REPORT_DATA is SHA-512 of the nonce and of the public key, one behind the other. Keys are
 * of X25519. A sealed secret begins with the public key of a pair that was made for it alone, then
 * comes the secret, as long as it is, by AES-256-GCM (an IV of zeros), then the tag. The
 * AES key is what HKDF with SHA-512 makes of the shared secret: the salt is REPORT_DATA, the
 * info is the owner's public key.
 *
 * Needs libcrypto of OpenSSL 3 and nothing of Linux. All sizes are in bytes.
 */
#ifndef SEVFW_SNP_SEAL_H
#define SEVFW_SNP_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "snp_report.h"

#define SNP_NONCE_BYTES		64
#define SNP_SEAL_KEY_BYTES	32	/* a public key */
#define SNP_SEAL_TAG_BYTES	16

#define SNP_SEAL_MAX		0x10000	/* length of a secret */

/* A sealed secret is longer than the secret by so much. */
#define SNP_SEAL_BYTES		(SNP_SEAL_KEY_BYTES + SNP_SEAL_TAG_BYTES)

/**
 * snp_seal_report_data() - REPORT_DATA of a guest that can be given a secret
 * @nonce: from the guest's owner, SNP_NONCE_BYTES
 * @key: the guest's public key, SNP_SEAL_KEY_BYTES
 * @data: receives 64 bytes
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result snp_seal_report_data(const uint8_t *nonce, const uint8_t *key, uint8_t *data);

/**
 * snp_seal() - guest owner: seal a secret
 * @report: the guest's report, which has been verified (snp_report_verify()), as have the
 *	measurement and the policy in it
 * @nonce: that the owner has sent, SNP_NONCE_BYTES
 * @key: that the host says is the guest's public key, SNP_SEAL_KEY_BYTES
 * @secret: secret
 * @len: of @secret, from 1 to SNP_SEAL_MAX
 * @sealed: receives @len + SNP_SEAL_BYTES
 *
 * Return: OWNER_OK; OWNER_REPORT: the report is not about this nonce and this key, so that
 * whoever has the other half of the key need not be the guest; OWNER_LENGTH; OWNER_KEY: that
 * is no key; OWNER_CRYPTO.
 */
enum owner_result snp_seal(const struct snp_report *report, const uint8_t *nonce,
			   const uint8_t *key, const void *secret, size_t len, uint8_t *sealed);

/**
 * snp_seal_key() - guest: make a pair of keys
 * @key: receives the public one, SNP_SEAL_KEY_BYTES
 *
 * Return: the pair, for EVP_PKEY_free(); NULL if libcrypto has failed.
 */
EVP_PKEY *snp_seal_key(uint8_t *key);

/**
 * snp_seal_open() - guest: open a sealed secret
 * @pair: keys of the guest
 * @data: REPORT_DATA of the report that the owner has seen, 64 bytes
 * @sealed: sealed secret
 * @len: of @sealed
 * @secret: receives @len - SNP_SEAL_BYTES; zeros unless OWNER_OK is returned
 *
 * Return: OWNER_OK; OWNER_LENGTH; OWNER_KEY: what it begins with is no key; OWNER_SIGNATURE:
 * it was sealed for another guest, or changed; OWNER_CRYPTO.
 */
enum owner_result snp_seal_open(EVP_PKEY *pair, const uint8_t *data, const uint8_t *sealed,
				size_t len, void *secret);

#endif /* SEVFW_SNP_SEAL_H */
