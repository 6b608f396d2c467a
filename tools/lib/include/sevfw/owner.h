/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest owner: the party that trusts the platform's firmware, and not the
 * host. In order of a launch:
 *
 *   sev_chain_verify()      is this platform one to trust? (cert.h)
 *   owner_session_make()    keys that only this owner and that firmware share
 *   owner_digest_*()        what should have been loaded
 *   owner_measure_check()   what has been loaded
 *   owner_secret_seal()     a secret that only this guest, thus loaded, receives
 *   owner_report_check()    later: what is running
 *
 * A VMM carries the results between the owner and firmware and can neither read
 * nor change them. Needs libcrypto of OpenSSL 3 and nothing of Linux. All sizes
 * are in bytes. Functions return OWNER_OK or why not; no other state is kept.
 */
#ifndef SEVFW_OWNER_H
#define SEVFW_OWNER_H

#include <stdint.h>

#include "cert.h"

#define OWNER_KEY_SIZE		16
#define OWNER_HASH_SIZE		32
#define OWNER_NONCE_SIZE	16
#define OWNER_SHARED_SIZE	48	/* result of ECDH on P-384 */
#define OWNER_SESSION_SIZE	0x80
#define OWNER_MEASURE_SIZE	0x30	/* HMAC, then nonce */
#define OWNER_HEADER_SIZE	0x34
#define OWNER_REPORT_SIZE	0xd0

/* Guest policy */
#define OWNER_POLICY_NODBG	0x01	/* no debug access to guest memory */
#define OWNER_POLICY_NOKS	0x02	/* no other guest shares the memory key */
#define OWNER_POLICY_ES		0x04	/* register state is encrypted as well */
#define OWNER_POLICY_NOSEND	0x08	/* no migration */
#define OWNER_POLICY_DOMAIN	0x10	/* migration only within the owner's domain */
#define OWNER_POLICY_SEV	0x20	/* migration only to the vendor's platforms */
/*
 * Keeps the host out. Without NOSEND and SEV the host may send the guest to any key, also to
 * one that it has made itself; without NOKS it may launch a guest of its own with the same
 * memory key. DOMAIN is no help against a host whose operator holds the key of the domain.
 */
#define OWNER_POLICY_CLOSED	(OWNER_POLICY_NODBG | OWNER_POLICY_NOKS | OWNER_POLICY_NOSEND)
#define OWNER_POLICY_API(major, minor)	((uint32_t)(major) << 16 | (uint32_t)(minor) << 24)

/**
 * struct owner_platform - the firmware version, part of the measurement
 * @api_major: SEV API version, as PLATFORM_STATUS tells it
 * @api_minor: likewise
 * @build: firmware build
 */
struct owner_platform {
	uint8_t api_major;
	uint8_t api_minor;
	uint8_t build;
};

/**
 * struct owner_session - one launch, from the owner's side
 * @policy: policy of the guest
 * @tek: transport encryption key. Secret
 * @tik: transport integrity key. Secret
 * @dh_cert: for the VMM: the dh_address of LAUNCH_START
 * @blob: for the VMM: the session_address of LAUNCH_START
 */
struct owner_session {
	uint32_t policy;
	uint8_t tek[OWNER_KEY_SIZE];
	uint8_t tik[OWNER_KEY_SIZE];
	struct sev_cert dh_cert;
	uint8_t blob[OWNER_SESSION_SIZE];
};

/**
 * owner_session_make() - new keys for one launch on one platform
 * @session: receives them
 * @pdh: the platform's PDH certificate; verify its chain first
 * @policy: OWNER_POLICY_* of the guest. Firmware enforces it only with a session
 *
 * Call owner_session_wipe() when the launch is over.
 *
 * Return: OWNER_OK, OWNER_FORMAT (not a PDH), OWNER_KEY, OWNER_CRYPTO.
 */
enum owner_result owner_session_make(struct owner_session *session, const struct sev_cert *pdh,
				     uint32_t policy);

/**
 * owner_session_none() - the keys of a launch without session: all zero
 * @session: receives them; @dh_cert and @blob are zero and not for use
 * @policy: policy of the guest
 *
 * The measurement of such a guest proves nothing, as anyone can compute it.
 */
void owner_session_none(struct owner_session *session, uint32_t policy);

/** owner_session_wipe() - forget the keys of @session */
void owner_session_wipe(struct owner_session *session);

/**
 * owner_session_seal() - the reproducible part of owner_session_make()
 * @session: in: @policy, @tek, @tik; out: @blob
 * @shared: x coordinate of the ECDH result, big-endian
 * @nonce: random
 * @iv: random
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result owner_session_seal(struct owner_session *session,
				     const uint8_t shared[OWNER_SHARED_SIZE],
				     const uint8_t nonce[OWNER_NONCE_SIZE], const uint8_t iv[16]);

/**
 * owner_kdf() - derive a key (SP 800-108, counter mode, numbers little-endian)
 * @out: receives @out_len bytes
 * @out_len: at most 255 * 32
 * @key: key to derive from
 * @key_len: its length
 * @label: the new key's use, zero-terminated
 * @context: the data that the key is bound to; may be NULL if @context_len is 0
 * @context_len: its length
 *
 * Return: OWNER_OK, OWNER_LENGTH or OWNER_CRYPTO.
 */
enum owner_result owner_kdf(uint8_t *out, size_t out_len, const void *key, size_t key_len,
			    const char *label, const void *context, size_t context_len);

/*
 * struct owner_digest: the launch digest: all that is loaded, in that order
 *
 * owner_digest_new() returns NULL if there is no memory. owner_digest_update()
 * adds what one LAUNCH_UPDATE_* is given, before it is encrypted.
 * owner_digest_final() tells the digest and frees @digest, NULL @ld only frees.
 */
struct owner_digest;

struct owner_digest *owner_digest_new(void);
enum owner_result owner_digest_update(struct owner_digest *digest, const void *data, size_t len);
enum owner_result owner_digest_final(struct owner_digest *digest, uint8_t ld[OWNER_HASH_SIZE]);

/**
 * owner_measure() - the measurement that LAUNCH_MEASURE should deliver
 * @session: session of the launch
 * @platform: version of the firmware
 * @ld: launch digest
 * @nonce: the nonce in the measurement that firmware has delivered
 * @hmac: receives the first part of the measurement
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result owner_measure(const struct owner_session *session,
				const struct owner_platform *platform,
				const uint8_t ld[OWNER_HASH_SIZE],
				const uint8_t nonce[OWNER_NONCE_SIZE],
				uint8_t hmac[OWNER_HASH_SIZE]);

/**
 * owner_measure_check() - is @measure that of this launch?
 * @session: session of the launch
 * @platform: version of the firmware
 * @ld: launch digest that the owner expects
 * @measure: the output of LAUNCH_MEASURE
 *
 * Return: OWNER_OK, OWNER_MEASUREMENT or OWNER_CRYPTO.
 */
enum owner_result owner_measure_check(const struct owner_session *session,
				      const struct owner_platform *platform,
				      const uint8_t ld[OWNER_HASH_SIZE],
				      const uint8_t measure[OWNER_MEASURE_SIZE]);

/**
 * owner_secret_seal() - package a secret for LAUNCH_UPDATE_SECRET
 * @session: session of the launch
 * @measure: the guest's measurement, checked
 * @secret: the secret
 * @out: receives the encrypted secret, may be @secret
 * @len: length of both, a multiple of 16, at most 0x4000 on all firmware
 * @header: receives the packet header
 *
 * Return: OWNER_OK, OWNER_LENGTH or OWNER_CRYPTO.
 */
enum owner_result owner_secret_seal(const struct owner_session *session,
				    const uint8_t measure[OWNER_MEASURE_SIZE],
				    const void *secret, void *out, uint32_t len,
				    uint8_t header[OWNER_HEADER_SIZE]);

/**
 * owner_packet_seal() - the reproducible part of owner_secret_seal()
 * @session: session of the launch
 * @measure: measurement for a secret; NULL for a packet of a migration
 * @iv: random, never twice in one session
 * @in: plaintext
 * @out: receives ciphertext, may be @in
 * @len: length of both, a multiple of 16
 * @header: receives the packet header
 *
 * Return: OWNER_OK, OWNER_LENGTH or OWNER_CRYPTO.
 */
enum owner_result owner_packet_seal(const struct owner_session *session, const uint8_t *measure,
				    const uint8_t iv[16], const void *in, void *out, uint32_t len,
				    uint8_t header[OWNER_HEADER_SIZE]);

/**
 * owner_report_check() - has this platform's firmware launched that?
 * @pek: PEK certificate of the platform, verified
 * @report: the output of ATTESTATION
 * @mnonce: the nonce that the owner has asked with
 * @policy: policy that the guest should have
 * @ld: launch digest that the owner expects, or NULL to learn it from @report
 *
 * Return: OWNER_OK, OWNER_SIGNATURE, OWNER_REPORT (signed, but about something
 * else), OWNER_KEY, OWNER_FORMAT, OWNER_CRYPTO.
 */
enum owner_result owner_report_check(const struct sev_cert *pek,
				     const uint8_t report[OWNER_REPORT_SIZE],
				     const uint8_t mnonce[OWNER_NONCE_SIZE], uint32_t policy,
				     const uint8_t *ld);

/** owner_report_digest() - the launch digest in a report, OWNER_HASH_SIZE bytes */
const uint8_t *owner_report_digest(const uint8_t report[OWNER_REPORT_SIZE]);

/**
 * owner_random() - random bytes for nonces
 * @out: receives them
 * @len: how many
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result owner_random(void *out, size_t len);

#endif /* SEVFW_OWNER_H */
