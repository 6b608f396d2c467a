// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that stem from a secret of the chip, or from the secret that the vendor has
 * lent to it (the hash stick of a VLEK). Real parts derive them by a chain of
 * hashes, from which a newer TCB can compute the keys of an older one and never the
 * reverse. The firmware here knows its own TCB, so it derives from the root each
 * time, and the commands check that nothing above the committed TCB is asked for.
 */
#include <openssl/crypto.h>

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

bool snp_root_secret(const struct swpsp *p, enum snp_root root, uint64_t tcb,
		     uint8_t secret[32])
{
	uint8_t version[8];

	put64(version, tcb);
	if (root == SNP_ROOT_VCEK)
		return chip_secret(p, "snp-vcek-root", version, sizeof(version), secret, 32);
	return crypto_kdf(secret, 32, p->snp.vlek, sizeof(p->snp.vlek), "snp-vlek-root", 13,
			  version, sizeof(version));
}

bool snp_endorsement_key(struct swpsp *p, enum snp_root root, uint64_t tcb,
			 struct ec_key *key)
{
	static const char label[] = "snp-endorsement-key";
	uint8_t secret[32], material[56];
	bool ok;

	ok = snp_root_secret(p, root, tcb, secret) &&
	     crypto_kdf(material, sizeof(material), secret, sizeof(secret), label,
			sizeof(label) - 1, NULL, 0) &&
	     pubkey_derive_cek(p, material, key);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(material, sizeof(material));
	return ok;
}

bool snp_wrapping_key(const struct swpsp *p, uint8_t key[32])
{
	return chip_secret(p, "snp-vlek-wrapping-key", NULL, 0, key, 32);
}
