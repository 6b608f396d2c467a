// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions: the transport keys that a guest's owner and firmware, or two firmwares,
 * share by way of ECDH between their PDHs; and the blob that carries them.
 *
 * LAUNCH_START and RECEIVE_START describe a session with the same fields.
 */
#include <openssl/crypto.h>

#include "internal.h"

/* Command fields of both START commands */
#define START_CERT	0x08
#define START_CERT_LEN	0x10
#define START_BLOB	0x18
#define START_BLOB_LEN	0x20

#define BLOB_NONCE	0x00
#define BLOB_WRAPPED	0x10
#define BLOB_IV		0x30
#define BLOB_WRAP_MAC	0x40
#define BLOB_POLICY_MAC	0x60

static bool derive(uint8_t out[16], const void *key, size_t key_len, const char *label,
		   const uint8_t *context, size_t context_len)
{
	return crypto_kdf(out, 16, key, key_len, label, strlen(label), context, context_len);
}

bool session_derive(const uint8_t z_be[48], const uint8_t nonce[16],
		    struct session_derived *keys)
{
	uint8_t master[16];
	bool ok = derive(master, z_be, 48, "sev-master-secret", nonce, 16) &&
		  derive(keys->kek, master, 16, "sev-kek", NULL, 0) &&
		  derive(keys->kik, master, 16, "sev-kik", NULL, 0);

	OPENSSL_cleanse(master, sizeof(master));
	return ok;
}

bool session_policy_mac(const uint8_t tik[16], uint32_t policy, uint8_t mac[32])
{
	uint8_t bytes[4];
	const struct piece piece = { bytes, sizeof(bytes) };

	put32(bytes, policy);
	return crypto_hmac(tik, 16, &piece, 1, mac);
}

static bool wrap_mac(const struct session_derived *keys, const uint8_t *wrapped, uint8_t mac[32])
{
	const struct piece piece = { wrapped, sizeof(struct session_keys) };

	return crypto_hmac(keys->kik, 16, &piece, 1, mac);
}

static bool agree(struct swpsp *p, const struct ec_key *peer, const uint8_t nonce[16],
		  struct session_derived *keys)
{
	uint8_t z[48];
	bool ok = pubkey_ecdh(&p->identity.pdh, peer, z) && session_derive(z, nonce, keys);

	OPENSSL_cleanse(z, sizeof(z));
	return ok;
}

static bool api_satisfies(const struct swpsp *p, uint32_t policy)
{
	uint8_t major = POLICY_API_MAJOR(policy);

	if (p->config.api_major != major)
		return p->config.api_major > major;
	return p->config.api_minor >= POLICY_API_MINOR(policy);
}

static uint16_t unwrap(struct swpsp *p, const uint8_t *blob, const struct ec_key *peer,
		       uint32_t policy, struct session_keys *keys)
{
	struct session_derived kd;
	uint8_t mac[32];
	uint16_t status = SWPSP_SUCCESS;

	if (!agree(p, peer, blob + BLOB_NONCE, &kd) || !wrap_mac(&kd, blob + BLOB_WRAPPED, mac))
		status = hardware_error(p, ERROR_CRYPTO);
	else if (!crypto_equal(mac, blob + BLOB_WRAP_MAC, sizeof(mac)))
		status = SWPSP_BAD_MEASUREMENT;
	else if (!crypto_ctr(kd.kek, blob + BLOB_IV, blob + BLOB_WRAPPED, keys, sizeof(*keys)) ||
		 !session_policy_mac(keys->tik, policy, mac))
		status = hardware_error(p, ERROR_CRYPTO);
	else if (!crypto_equal(mac, blob + BLOB_POLICY_MAC, sizeof(mac)))
		status = SWPSP_BAD_MEASUREMENT;
	OPENSSL_cleanse(&kd, sizeof(kd));
	return status;
}

/* The session of a START command: read, check, and take the transport keys out. */
uint16_t session_open(struct swpsp *p, const uint8_t *cmd, uint32_t policy,
		      struct session_keys *keys)
{
	uint8_t blob[SESSION_SIZE], cert[CERT_SIZE];
	struct ec_key peer;
	uint16_t status;

	if (get32(cmd + START_BLOB_LEN) != SESSION_SIZE)
		return SWPSP_INVALID_LENGTH;
	status = mem_read(p, get64(cmd + START_BLOB), blob, sizeof(blob));
	if (status)
		return status;
	if (get32(cmd + START_CERT_LEN) != CERT_SIZE)
		return SWPSP_INVALID_LENGTH;
	status = mem_read(p, get64(cmd + START_CERT), cert, sizeof(cert));
	if (!status)
		status = cert_check_pdh(p, cert, &peer);
	if (!status)
		status = unwrap(p, blob, &peer, policy, keys);
	if (status)
		return status;
	if (!api_satisfies(p, policy) || (policy & POLICY_RESERVED))
		return SWPSP_POLICY_FAILURE;
	return SWPSP_SUCCESS;
}

/* The other side: new transport keys for a guest that is going to @peer. */
uint16_t session_create(struct swpsp *p, const struct ec_key *peer, uint32_t policy,
			struct session_keys *keys, uint8_t blob[SESSION_SIZE])
{
	struct session_derived kd;
	bool ok;

	ok = crypto_random(p, keys, sizeof(*keys)) && crypto_random(p, blob + BLOB_NONCE, 16) &&
	     crypto_random(p, blob + BLOB_IV, 16) && agree(p, peer, blob + BLOB_NONCE, &kd) &&
	     crypto_ctr(kd.kek, blob + BLOB_IV, keys, blob + BLOB_WRAPPED, sizeof(*keys)) &&
	     wrap_mac(&kd, blob + BLOB_WRAPPED, blob + BLOB_WRAP_MAC) &&
	     session_policy_mac(keys->tik, policy, blob + BLOB_POLICY_MAC);
	OPENSSL_cleanse(&kd, sizeof(kd));
	return ok ? SWPSP_SUCCESS : hardware_error(p, ERROR_CRYPTO);
}
