// SPDX-License-Identifier: GPL-2.0
/*
 * Certificates: from the platform's encoding (little-endian numbers in fixed
 * fields) to libcrypto's keys and signatures, and the rules of who signs whom.
 *
 * Nothing in here is secret, and nothing in here decides whom to trust.
 */
#include <endian.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <sevfw/cert.h>

#define P384_BYTES	48
#define COORD_BYTES	72	/* room for a number in a certificate */

const char *owner_strerror(enum owner_result result)
{
	static const char * const text[] = {
		[OWNER_OK] = "no error",
		[OWNER_CRYPTO] = "libcrypto failed",
		[OWNER_LENGTH] = "length not valid",
		[OWNER_FORMAT] = "not a certificate of the expected kind",
		[OWNER_KEY] = "public key not valid",
		[OWNER_SIGNER] = "not signed by the expected key",
		[OWNER_SIGNATURE] = "wrong signature",
		[OWNER_MISMATCH] = "certificates differ",
		[OWNER_MEASUREMENT] = "wrong measurement",
		[OWNER_REPORT] = "report is not about this launch",
		[OWNER_EXPIRED] = "certificate not valid at this time",
	};

	if ((size_t)result >= sizeof(text) / sizeof(text[0]))
		return "unknown error";
	return text[result];
}

/* Keys */

/* The key of type @type that @bld describes; bad numbers make no key. */
static enum owner_result key_from(OSSL_PARAM_BLD *bld, const char *type, EVP_PKEY **key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	enum owner_result ret = OWNER_CRYPTO;

	*key = NULL;
	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
		ret = EVP_PKEY_fromdata(ctx, key, EVP_PKEY_PUBLIC_KEY, params) == 1 ?
			OWNER_OK : OWNER_KEY;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

static enum owner_result ec_key(const struct sev_cert *cert, EVP_PKEY **key)
{
	uint8_t point[1 + 2 * P384_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
	OSSL_PARAM_BLD *bld;
	enum owner_result ret = OWNER_CRYPTO;

	if (le32toh(cert->ec.curve) != SEV_CURVE_P384)
		return OWNER_KEY;
	for (int i = 0; i < P384_BYTES; i++) {
		point[P384_BYTES - i] = cert->ec.x[i];
		point[2 * P384_BYTES - i] = cert->ec.y[i];
	}
	for (int i = P384_BYTES; i < COORD_BYTES; i++)
		if (cert->ec.x[i] || cert->ec.y[i])
			return OWNER_KEY;

	bld = OSSL_PARAM_BLD_new();
	if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)))
		ret = key_from(bld, "EC", key);
	OSSL_PARAM_BLD_free(bld);
	return ret;
}

static enum owner_result rsa_key(const uint8_t *exponent, size_t exponent_len,
				 const uint8_t *modulus, size_t modulus_len, EVP_PKEY **key)
{
	BIGNUM *e = BN_lebin2bn(exponent, exponent_len, NULL);
	BIGNUM *n = BN_lebin2bn(modulus, modulus_len, NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	enum owner_result ret = OWNER_CRYPTO;

	if (e && n && (size_t)BN_num_bytes(n) != modulus_len)
		ret = OWNER_KEY;
	else if (bld && e && n && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) &&
		 OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n))
		ret = key_from(bld, "RSA", key);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return ret;
}

enum owner_result sev_cert_key(const struct sev_cert *cert, EVP_PKEY **key)
{
	uint32_t bits = le32toh(cert->rsa.bits);

	if (le32toh(cert->version) != 1)
		return OWNER_FORMAT;
	switch (le32toh(cert->algo)) {
	case SEV_ALGO_ECDSA_SHA256:
	case SEV_ALGO_ECDSA_SHA384:
	case SEV_ALGO_ECDH_SHA256:
		return ec_key(cert, key);
	case SEV_ALGO_RSA_SHA256:
	case SEV_ALGO_RSA_SHA384:
		if (!bits || bits % 8 || bits / 8 > sizeof(cert->rsa.modulus))
			return OWNER_KEY;
		return rsa_key(cert->rsa.exponent, sizeof(cert->rsa.exponent),
			       cert->rsa.modulus, bits / 8, key);
	default:
		return OWNER_FORMAT;
	}
}

/* Signatures */

/* r and s in the form that libcrypto wants; returns its length, 0 if it fails. */
static int ec_sig_to_der(const uint8_t *sig, unsigned char **der)
{
	BIGNUM *r = BN_lebin2bn(sig, COORD_BYTES, NULL);
	BIGNUM *s = BN_lebin2bn(sig + COORD_BYTES, COORD_BYTES, NULL);
	ECDSA_SIG *ec = ECDSA_SIG_new();
	int len = 0;

	*der = NULL;
	if (ec && r && s && ECDSA_SIG_set0(ec, r, s)) {
		len = i2d_ECDSA_SIG(ec, der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(ec);
	return len > 0 ? len : 0;
}

static int rsa_sig_to_be(EVP_PKEY *key, const uint8_t *sig, unsigned char **out)
{
	int len = EVP_PKEY_get_size(key);

	*out = len > 0 ? OPENSSL_malloc(len) : NULL;
	if (!*out)
		return 0;
	for (int i = 0; i < len; i++)
		(*out)[i] = sig[len - 1 - i];
	return len;
}

enum owner_result sev_verify(EVP_PKEY *key, uint32_t algo, const void *data, size_t len,
			     const uint8_t *sig)
{
	int rsa = algo == SEV_ALGO_RSA_SHA256 || algo == SEV_ALGO_RSA_SHA384;
	const EVP_MD *md = algo & 0x100 ? EVP_sha384() : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum owner_result ret = OWNER_CRYPTO;
	EVP_PKEY_CTX *pctx;
	unsigned char *plain;
	int size;

	size = rsa ? rsa_sig_to_be(key, sig, &plain) : ec_sig_to_der(sig, &plain);
	if (!ctx || !size || EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key) != 1)
		goto out;
	if (rsa && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1 ||
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) != 1))
		goto out;
	ret = EVP_DigestVerify(ctx, plain, size, data, len) == 1 ? OWNER_OK : OWNER_SIGNATURE;
out:
	OPENSSL_free(plain);
	EVP_MD_CTX_free(ctx);
	return ret;
}

/* Has @key, which is for @usage and @algo, signed @cert? */
static enum owner_result cert_signed_by_key(const struct sev_cert *cert, EVP_PKEY *key,
					    uint32_t usage, uint32_t algo)
{
	enum owner_result ret = OWNER_SIGNER;

	for (int i = 0; i < 2; i++) {
		const struct sev_cert_sig *sig = &cert->sig[i];

		if (le32toh(sig->usage) != usage || le32toh(sig->algo) != algo)
			continue;
		ret = sev_verify(key, algo, cert, SEV_CERT_SIGNED, sig->data);
		if (ret)
			break;
	}
	return ret;
}

enum owner_result sev_cert_signed_by(const struct sev_cert *cert, const struct sev_cert *signer)
{
	EVP_PKEY *key;
	enum owner_result ret = sev_cert_key(signer, &key);

	if (ret)
		return ret;
	ret = cert_signed_by_key(cert, key, le32toh(signer->usage), le32toh(signer->algo));
	EVP_PKEY_free(key);
	return ret;
}

/* The vendor's own certificates */

/* Header of an ASK or ARK certificate; exponent, modulus, signature follow. */
struct vendor_header {
	uint32_t version;
	uint8_t key_id[16];
	uint8_t certifying_id[16];
	uint32_t usage;
	uint8_t reserved[16];
	uint32_t exponent_bits;
	uint32_t modulus_bits;
} __attribute__((packed));

struct vendor_cert {
	const struct vendor_header *header;
	size_t key_size;	/* of exponent, modulus, and of the signature */
	EVP_PKEY *key;
};

static size_t vendor_cert_size(size_t key_size)
{
	return sizeof(struct vendor_header) + 3 * key_size;
}

/* One certificate at @data; the vendor uses keys of 2048 and of 4096 bits only. */
static enum owner_result vendor_cert_parse(struct vendor_cert *cert, const void *data, size_t len,
					   uint32_t usage)
{
	const struct vendor_header *header = data;
	const uint8_t *number = (const uint8_t *)(header + 1);
	size_t size;

	if (len < sizeof(*header))
		return OWNER_LENGTH;
	size = le32toh(header->modulus_bits) / 8;
	if (le32toh(header->version) != 1 || le32toh(header->usage) != usage ||
	    header->exponent_bits != header->modulus_bits || (size != 256 && size != 512))
		return OWNER_FORMAT;
	if (len < vendor_cert_size(size))
		return OWNER_LENGTH;
	cert->header = header;
	cert->key_size = size;
	return rsa_key(number, size, number + size, size, &cert->key);
}

static uint32_t vendor_algo(const struct vendor_cert *cert)
{
	return cert->key_size == 256 ? SEV_ALGO_RSA_SHA256 : SEV_ALGO_RSA_SHA384;
}

static enum owner_result vendor_signed_by(const struct vendor_cert *cert,
					  const struct vendor_cert *signer)
{
	size_t body = sizeof(*cert->header) + 2 * cert->key_size;

	if (cert->key_size != signer->key_size ||
	    memcmp(cert->header->certifying_id, signer->header->key_id, 16))
		return OWNER_SIGNER;
	return sev_verify(signer->key, vendor_algo(signer), cert->header, body,
			  (const uint8_t *)cert->header + body);
}

/* ASK and ARK of @vendor; the caller frees their keys, also after a failure. */
static enum owner_result vendor_parse(const struct sev_vendor *vendor, struct vendor_cert *ask,
				      struct vendor_cert *ark)
{
	enum owner_result ret;
	size_t ask_size;

	ret = vendor_cert_parse(ask, vendor->ca, vendor->ca_len, SEV_USAGE_ASK);
	if (ret)
		return ret;
	ask_size = vendor_cert_size(ask->key_size);
	return vendor_cert_parse(ark, (const uint8_t *)vendor->ca + ask_size,
				 vendor->ca_len - ask_size, SEV_USAGE_ARK);
}

enum owner_result sev_ark_digest(const struct sev_vendor *vendor, uint8_t digest[SEV_ARK_DIGEST])
{
	struct vendor_cert ask = { 0 }, ark = { 0 };
	enum owner_result ret = vendor_parse(vendor, &ask, &ark);

	if (!ret && EVP_Digest(ark.header, vendor_cert_size(ark.key_size), digest, NULL,
			       EVP_sha384(), NULL) != 1)
		ret = OWNER_CRYPTO;
	EVP_PKEY_free(ark.key);
	EVP_PKEY_free(ask.key);
	return ret;
}

static enum owner_result vendor_verify(const struct sev_vendor *vendor, const struct sev_cert *cek)
{
	struct vendor_cert ask = { 0 }, ark = { 0 };
	enum owner_result ret;

	if (memcmp(vendor->cek, cek, SEV_CERT_SIGNED))
		return OWNER_MISMATCH;
	ret = vendor_parse(vendor, &ask, &ark);
	if (ret)
		goto out;
	ret = vendor_signed_by(&ark, &ark);
	if (!ret)
		ret = vendor_signed_by(&ask, &ark);
	if (!ret)
		ret = cert_signed_by_key(vendor->cek, ask.key, SEV_USAGE_ASK, vendor_algo(&ask));
out:
	EVP_PKEY_free(ark.key);
	EVP_PKEY_free(ask.key);
	return ret;
}

/* The whole chain */

enum owner_result sev_chain_verify(const struct sev_cert *pdh, const struct sev_chain *chain,
				   const struct sev_vendor *vendor)
{
	const struct {
		const struct sev_cert *cert;
		uint32_t usage;
		const struct sev_cert *signer;
	} links[] = {
		{ &chain->oca, SEV_USAGE_OCA, &chain->oca },
		{ &chain->cek, SEV_USAGE_CEK, NULL },
		{ &chain->pek, SEV_USAGE_PEK, &chain->oca },
		{ &chain->pek, SEV_USAGE_PEK, &chain->cek },
		{ pdh, SEV_USAGE_PDH, &chain->pek },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		enum owner_result ret;

		if (le32toh(links[i].cert->version) != 1 ||
		    le32toh(links[i].cert->usage) != links[i].usage)
			return OWNER_FORMAT;
		if (!links[i].signer)
			continue;
		ret = sev_cert_signed_by(links[i].cert, links[i].signer);
		if (ret)
			return ret;
	}
	return vendor ? vendor_verify(vendor, &chain->cek) : OWNER_OK;
}

/* Making a certificate */

static int bn_to_le(const EVP_PKEY *key, const char *name, uint8_t *out)
{
	BIGNUM *n = NULL;
	int ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
		 BN_bn2lebinpad(n, out, COORD_BYTES) == COORD_BYTES;

	BN_free(n);
	return ok;
}

enum owner_result sev_cert_make_dh(struct sev_cert *cert, const EVP_PKEY *key)
{
	memset(cert, 0, sizeof(*cert));
	cert->version = htole32(1);
	cert->usage = htole32(SEV_USAGE_PDH);
	cert->algo = htole32(SEV_ALGO_ECDH_SHA256);
	cert->ec.curve = htole32(SEV_CURVE_P384);
	cert->sig[0].usage = htole32(SEV_USAGE_NONE);
	cert->sig[1].usage = htole32(SEV_USAGE_NONE);
	if (!bn_to_le(key, OSSL_PKEY_PARAM_EC_PUB_X, cert->ec.x) ||
	    !bn_to_le(key, OSSL_PKEY_PARAM_EC_PUB_Y, cert->ec.y))
		return OWNER_CRYPTO;
	return OWNER_OK;
}
