// SPDX-License-Identifier: GPL-2.0
/*
 * SEV certificates: how they are laid out, made, and judged, in the order in
 * which firmware judges them. Vendor (ARK, ASK) certificates are in vendor.c.
 */
#include "internal.h"

#define CERT_VERSION		0x000
#define CERT_API_MAJOR		0x004
#define CERT_API_MINOR		0x005
#define CERT_USAGE		0x008
#define CERT_ALGO		0x00c
#define CERT_KEY		0x010
#define CERT_SIG(slot)		(0x414 + 0x208 * (slot))
#define SIG_USAGE		0
#define SIG_ALGO		4
#define SIG_DATA		8
#define SIG_SIZE		0x208
#define SLOTS			2

#define KEY_CURVE		0x000	/* the same word is the size of an RSA key */
#define KEY_X			0x004
#define KEY_Y			0x04c
#define CURVE_P384		2
#define RSA_BITS_MAX		4096

void cert_clear_signatures(uint8_t *cert)
{
	memset(cert + CERT_BODY, 0, CERT_SIZE - CERT_BODY);
	for (int i = 0; i < SLOTS; i++)
		put32(cert + CERT_SIG(i) + SIG_USAGE, USAGE_EMPTY);
}

void cert_init(struct swpsp *p, uint8_t *cert, enum cert_usage usage, enum cert_algo algo,
	       const struct ec_key *key)
{
	memset(cert, 0, CERT_SIZE);
	put32(cert + CERT_VERSION, 1);
	cert[CERT_API_MAJOR] = p->config.api_major;
	cert[CERT_API_MINOR] = p->config.api_minor;
	put32(cert + CERT_USAGE, usage);
	put32(cert + CERT_ALGO, algo);
	put32(cert + CERT_KEY + KEY_CURVE, CURVE_P384);
	pubkey_reverse(cert + CERT_KEY + KEY_X, key->x, 48);
	pubkey_reverse(cert + CERT_KEY + KEY_Y, key->y, 48);
	cert_clear_signatures(cert);
}

/* Return: first empty signature slot, or -1. */
int cert_free_slot(const uint8_t *cert)
{
	for (int i = 0; i < SLOTS; i++)
		if (get32(cert + CERT_SIG(i) + SIG_USAGE) == USAGE_EMPTY &&
		    get32(cert + CERT_SIG(i) + SIG_ALGO) == ALGO_EMPTY)
			return i;
	return -1;
}

void cert_put_signature(uint8_t *cert, int slot, enum cert_usage usage, enum cert_algo algo,
			const uint8_t *sig, size_t len)
{
	uint8_t *s = cert + CERT_SIG(slot);

	memset(s, 0, SIG_SIZE);
	put32(s + SIG_USAGE, usage);
	put32(s + SIG_ALGO, algo);
	memcpy(s + SIG_DATA, sig, len);
}

/* Sign into the first empty slot. */
bool cert_sign(struct swpsp *p, uint8_t *cert, enum cert_usage usage,
	       const struct ec_key *signer)
{
	int slot = cert_free_slot(cert);
	uint8_t sig[144];

	if (slot < 0 || !pubkey_sign(p, signer, ALGO_ECDSA_SHA256, cert, CERT_BODY, sig))
		return false;
	cert_put_signature(cert, slot, usage, ALGO_ECDSA_SHA256, sig, sizeof(sig));
	return true;
}

void cert_get_key(const uint8_t *cert, struct cert_key *key)
{
	key->usage = get32(cert + CERT_USAGE);
	key->algo = get32(cert + CERT_ALGO);
	memcpy(key->key, cert + CERT_KEY, PUBKEY_SIZE);
}

static bool key_is_ec(uint32_t algo)
{
	return algo == ALGO_ECDSA_SHA256 || algo == ALGO_ECDSA_SHA384 ||
	       algo == ALGO_ECDH_SHA256 || algo == ALGO_ECDH_SHA384;
}

static bool key_valid(struct swpsp *p, const struct cert_key *key)
{
	uint32_t word = get32(key->key);

	switch (key->usage) {
	case USAGE_ARK:
	case USAGE_ASK:
	case USAGE_OCA:
	case USAGE_PEK:
	case USAGE_PDH:
	case USAGE_CEK:
		break;
	default:
		return false;
	}
	if (key->algo == ALGO_RSA_SHA256 || key->algo == ALGO_RSA_SHA384)
		return word && word <= RSA_BITS_MAX;
	return key_is_ec(key->algo) && word == CURVE_P384 &&
	       pubkey_on_curve(p, key->key + KEY_X, key->key + KEY_Y);
}

/*
 * A slot that is half empty condemns the certificate. Slots of other signers are
 * passed over; if both are this signer's, the second one decides.
 */
static uint16_t check_signatures(const uint8_t *cert, const struct cert_key *signer)
{
	uint16_t status = SWPSP_INVALID_CERTIFICATE;

	for (int i = 0; i < SLOTS; i++) {
		const uint8_t *sig = cert + CERT_SIG(i);
		uint32_t usage = get32(sig + SIG_USAGE);
		uint32_t algo = get32(sig + SIG_ALGO);
		bool no_usage = usage == USAGE_EMPTY, no_algo = algo == ALGO_EMPTY;

		if (no_usage != no_algo)
			return SWPSP_BAD_SIGNATURE;
		if (usage != signer->usage || algo != signer->algo)
			continue;
		if (algo == ALGO_ECDH_SHA256 || algo == ALGO_ECDH_SHA384)
			return SWPSP_UNSUPPORTED;
		status = pubkey_verify(signer, cert, CERT_BODY, sig + SIG_DATA) ?
			 SWPSP_SUCCESS : SWPSP_BAD_SIGNATURE;
	}
	return status;
}

static bool may_sign(uint32_t signer, uint32_t usage)
{
	switch (usage) {
	case USAGE_PDH:
		return signer == USAGE_PEK;
	case USAGE_PEK:
		return signer == USAGE_OCA || signer == USAGE_CEK;
	case USAGE_OCA:
		return signer == USAGE_OCA;
	case USAGE_CEK:
		return signer == USAGE_ASK;
	default:
		return false;
	}
}

/* Is @cert valid, and signed by @signer? @cert is a private copy. */
uint16_t cert_validate(struct swpsp *p, const uint8_t *cert, const struct cert_key *signer)
{
	struct cert_key own;
	uint16_t status;

	if (!key_valid(p, signer))
		return SWPSP_INVALID_CERTIFICATE;
	status = check_signatures(cert, signer);
	if (status)
		return status;
	cert_get_key(cert, &own);
	if (get32(cert + CERT_VERSION) != 1 || !key_valid(p, &own))
		return SWPSP_INVALID_CERTIFICATE;
	return may_sign(signer->usage, own.usage) ? SWPSP_SUCCESS : SWPSP_INVALID_CERTIFICATE;
}

/* A peer's key-agreement certificate. The signatures are not looked at. */
uint16_t cert_check_pdh(struct swpsp *p, const uint8_t *cert, struct ec_key *key)
{
	struct cert_key own;

	cert_get_key(cert, &own);
	if (get32(cert + CERT_VERSION) != 1 || own.usage != USAGE_PDH ||
	    own.algo != ALGO_ECDH_SHA256 || !key_valid(p, &own))
		return SWPSP_INVALID_CERTIFICATE;
	memset(key->d, 0, sizeof(key->d));
	pubkey_reverse(key->x, own.key + KEY_X, 48);
	pubkey_reverse(key->y, own.key + KEY_Y, 48);
	return SWPSP_SUCCESS;
}
