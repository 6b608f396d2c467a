// SPDX-License-Identifier: GPL-2.0
/*
 * Signatures that a platform's owner makes. Verifying them is in cert.c, which
 * shares no more than the layout with this.
 */
#include <endian.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <sevfw/oca.h>

#define NUMBER_BYTES	72	/* of r and of s, in a signature */

/* From libcrypto's form of a signature to the certificate's. */
static enum owner_result put_signature(struct sev_cert_sig *sig, const unsigned char *der,
				       size_t len)
{
	ECDSA_SIG *ec = d2i_ECDSA_SIG(NULL, &der, len);
	int ok = ec && BN_bn2lebinpad(ECDSA_SIG_get0_r(ec), sig->data, NUMBER_BYTES) > 0 &&
		 BN_bn2lebinpad(ECDSA_SIG_get0_s(ec), sig->data + NUMBER_BYTES,
				NUMBER_BYTES) > 0;

	ECDSA_SIG_free(ec);
	return ok ? OWNER_OK : OWNER_CRYPTO;
}

static enum owner_result sign(const struct oca *oca, struct sev_cert *cert)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[256];
	size_t len = sizeof(der);
	enum owner_result ret = OWNER_CRYPTO;

	memset(&cert->sig[0], 0, sizeof(cert->sig[0]));
	if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, oca->key) == 1 &&
	    EVP_DigestSign(ctx, der, &len, (const void *)cert, SEV_CERT_SIGNED) == 1)
		ret = put_signature(&cert->sig[0], der, len);
	cert->sig[0].usage = htole32(SEV_USAGE_OCA);
	cert->sig[0].algo = htole32(SEV_ALGO_ECDSA_SHA256);
	EVP_MD_CTX_free(ctx);
	return ret;
}

enum owner_result oca_make(struct oca *oca)
{
	enum owner_result ret = OWNER_CRYPTO;

	oca->key = EVP_EC_gen("P-384");
	if (oca->key)
		ret = sev_cert_make_dh(&oca->cert, oca->key);
	if (ret)
		return ret;
	/* a P-384 key either way: this one signs, and makes no shared secret */
	oca->cert.usage = htole32(SEV_USAGE_OCA);
	oca->cert.algo = htole32(SEV_ALGO_ECDSA_SHA256);
	return sign(oca, &oca->cert);
}

enum owner_result oca_sign(const struct oca *oca, struct sev_cert *csr)
{
	if (le32toh(csr->version) != 1 || le32toh(csr->usage) != SEV_USAGE_PEK ||
	    le32toh(csr->sig[0].usage) != SEV_USAGE_NONE)
		return OWNER_FORMAT;
	return sign(oca, csr);
}

void oca_free(struct oca *oca)
{
	EVP_PKEY_free(oca->key);
	oca->key = NULL;
}
