// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that stem from a secret of the chip, or from the secret that the vendor has
 * lent to it (the hash stick of a VLEK). Real parts derive them by a chain of
 * hashes, from which a newer TCB can compute the keys of an older one and never the
 * reverse. The firmware here knows its own TCB, so it derives from the root each
 * time, and the commands check that nothing above the committed TCB is asked for.
 */
#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "internal.h"

static bool chip_secret(const struct swpsp *p, const char *label, const void *context,
			size_t context_len, uint8_t *out, size_t len)
{
	uint8_t root[32];
	bool ok;

	ok = crypto_sha256(p->chip_key, sizeof(p->chip_key), root) &&
	     crypto_kdf(out, len, root, sizeof(root), label, strlen(label), context,
			context_len);
	OPENSSL_cleanse(root, sizeof(root));
	return ok;
}

/* The secret that the VLEK is made of, out of the stick. */
static bool stick_secret(const uint8_t stick[SNP_VLEK_SIZE], uint64_t tcb, uint8_t secret[32])
{
	uint8_t version[8];

	put64(version, tcb);
	return crypto_kdf(secret, 32, stick, SNP_VLEK_SIZE, "snp-vlek-root", 13, version,
			  sizeof(version));
}

/* What the same chip and TCB have in common, hardware decides in secret [D-VCEK]. */
bool snp_root_secret(const struct swpsp *p, enum snp_root root, uint64_t tcb,
		     uint8_t secret[32])
{
	uint8_t version[8];

	put64(version, tcb);
	if (root == SNP_ROOT_VCEK)
		return chip_secret(p, "snp-vcek-root", version, sizeof(version), secret, 32);
	return stick_secret(p->snp.vlek, tcb, secret);
}

static bool key_from_secret(struct swpsp *p, const uint8_t secret[32], struct ec_key *key)
{
	static const char label[] = "snp-endorsement-key";
	uint8_t material[56];
	bool ok;

	ok = crypto_kdf(material, sizeof(material), secret, 32, label, sizeof(label) - 1, NULL,
			0) &&
	     pubkey_derive_cek(p, material, key);
	OPENSSL_cleanse(material, sizeof(material));
	return ok;
}

bool snp_endorsement_key(struct swpsp *p, enum snp_root root, uint64_t tcb,
			 struct ec_key *key)
{
	uint8_t secret[32];
	bool ok = snp_root_secret(p, root, tcb, secret) && key_from_secret(p, secret, key);

	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}

/* A provider has the same stick for all its chips, so it stems from the vendor's key. */
int swpsp_vlek_stick(struct swpsp *p, uint64_t tcb, void *stick)
{
	static const char label[] = "snp-vlek-hash-stick";
	unsigned char *der = NULL;
	uint8_t secret[32], version[8];
	bool ok;
	int len;

	if (!vendor_load(p) || !vendor_load_asvk(p))
		return -1;
	put64(version, tcb ? tcb : p->snp.reported_tcb);
	len = i2d_PrivateKey(p->vendor.asvk, &der);
	ok = len > 0 && crypto_sha256(der, (size_t)len, secret) &&
	     crypto_kdf(stick, SNP_VLEK_SIZE, secret, sizeof(secret), label, sizeof(label) - 1,
			version, sizeof(version));
	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok ? 0 : -1;
}

bool snp_vendor_key(struct swpsp *p, enum snp_root root, uint64_t tcb, struct ec_key *key)
{
	uint8_t stick[SNP_VLEK_SIZE], secret[32];
	bool ok;

	if (root == SNP_ROOT_VCEK)
		return snp_endorsement_key(p, root, tcb, key);
	ok = !swpsp_vlek_stick(p, tcb, stick) && stick_secret(stick, tcb, secret) &&
	     key_from_secret(p, secret, key);
	OPENSSL_cleanse(stick, sizeof(stick));
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}

bool snp_wrapping_key(const struct swpsp *p, uint8_t key[32])
{
	return chip_secret(p, "snp-vlek-wrapping-key", NULL, 0, key, 32);
}
