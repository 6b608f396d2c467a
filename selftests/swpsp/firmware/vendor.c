// SPDX-License-Identifier: GPL-2.0
/*
 * The simulated vendor: an ARK and an ASK of its own, with key ids that nobody
 * can take for a real generation's, the chain check of SEND_START, and signatures
 * of firmware images.
 *
 * RSA keys of 4096 bits take seconds to make, so they are made only when someone
 * needs the chain or an image, and kept in a directory that several platforms may share:
 * for a platform, the ARK of that directory is the one fused into the chip.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "internal.h"

#define VENDOR_VERSION		0x00
#define VENDOR_KEY_ID		0x04
#define VENDOR_SIGNER_ID	0x14
#define VENDOR_USAGE		0x24
#define VENDOR_EXPONENT_BITS	0x38
#define VENDOR_MODULUS_BITS	0x3c
#define VENDOR_EXPONENT		0x40

static const uint8_t ark_id[16] = "SIMULATED-ARK-00";
static const uint8_t ask_id[16] = "SIMULATED-ASK-00";

/* ---- making ---- */

static bool put_number(EVP_PKEY *key, const char *name, uint8_t *le)
{
	BIGNUM *n = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, name, &n) &&
		  BN_bn2lebinpad(n, le, RSA_BYTES) == RSA_BYTES;

	BN_free(n);
	return ok;
}

static bool make_cert(struct swpsp *p, uint8_t *cert, enum cert_usage usage,
		      const uint8_t id[16], EVP_PKEY *key, EVP_PKEY *signer)
{
	uint8_t *modulus = cert + VENDOR_EXPONENT + RSA_BYTES;

	memset(cert, 0, VENDOR_CERT_SIZE);
	put32(cert + VENDOR_VERSION, 1);
	memcpy(cert + VENDOR_KEY_ID, id, 16);
	memcpy(cert + VENDOR_SIGNER_ID, ark_id, 16);
	put32(cert + VENDOR_USAGE, usage);
	put32(cert + VENDOR_EXPONENT_BITS, RSA_BITS);
	put32(cert + VENDOR_MODULUS_BITS, RSA_BITS);
	return put_number(key, OSSL_PKEY_PARAM_RSA_E, cert + VENDOR_EXPONENT) &&
	       put_number(key, OSSL_PKEY_PARAM_RSA_N, modulus) &&
	       rsa_sign(p, RANDOM_VENDOR, signer, cert, (size_t)(modulus + RSA_BYTES - cert),
			modulus + RSA_BYTES);
}

static bool make_all(struct swpsp *p)
{
	struct vendor *v = &p->vendor;

	v->ark = rsa_generate(p, RANDOM_VENDOR);
	v->ask = rsa_generate(p, RANDOM_VENDOR);
	return v->ark && v->ask &&
	       make_cert(p, v->ark_cert, USAGE_ARK, ark_id, v->ark, v->ark) &&
	       make_cert(p, v->ask_cert, USAGE_ASK, ask_id, v->ask, v->ark);
}

/* ---- keeping: one file, so that it is either all there or not at all ---- */

/* The ASVK came later, and few ask for it: it has a file of its own. */

static bool vendor_read(struct vendor *v, FILE *f)
{
	v->ark = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	v->ask = v->ark ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	return v->ask && fread(v->ark_cert, sizeof(v->ark_cert), 1, f) == 1 &&
	       fread(v->ask_cert, sizeof(v->ask_cert), 1, f) == 1;
}

static bool vendor_write(struct vendor *v, FILE *f)
{
	return PEM_write_PrivateKey(f, v->ark, NULL, NULL, 0, NULL, NULL) &&
	       PEM_write_PrivateKey(f, v->ask, NULL, NULL, 0, NULL, NULL) &&
	       fwrite(v->ark_cert, sizeof(v->ark_cert), 1, f) == 1 &&
	       fwrite(v->ask_cert, sizeof(v->ask_cert), 1, f) == 1;
}

static bool asvk_read(struct vendor *v, FILE *f)
{
	v->asvk = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	return v->asvk;
}

static bool asvk_write(struct vendor *v, FILE *f)
{
	return PEM_write_PrivateKey(f, v->asvk, NULL, NULL, 0, NULL, NULL);
}

static bool asvk_make(struct swpsp *p)
{
	p->vendor.asvk = rsa_generate(p, RANDOM_ASVK);
	return p->vendor.asvk;
}

/* Content of a file of the vendor's directory. */
struct kept {
	const char *name;
	bool (*make)(struct swpsp *p);
	bool (*read)(struct vendor *v, FILE *f);
	bool (*write)(struct vendor *v, FILE *f);
};

static const struct kept vendor_file = { "vendor", make_all, vendor_read, vendor_write };
static const struct kept asvk_file = { "vendor-vlek", asvk_make, asvk_read, asvk_write };

static bool load_or_make(struct swpsp *p, const char *dir, const struct kept *kept)
{
	struct vendor *v = &p->vendor;
	char path[PATH_MAX], temp[PATH_MAX];
	FILE *f;
	bool ok;

	if (snprintf(path, sizeof(path), "%s/%s", dir, kept->name) >= (int)sizeof(path) ||
	    snprintf(temp, sizeof(temp), "%s/%s.new", dir, kept->name) >= (int)sizeof(temp))
		return false;
	f = fopen(path, "r");
	if (f) {
		ok = kept->read(v, f);
		fclose(f);
		return ok;
	}
	if (errno != ENOENT || !kept->make(p))
		return false;
	f = fopen(temp, "w");
	if (!f)
		return false;
	ok = fchmod(fileno(f), 0600) == 0 && kept->write(v, f);
	ok = fclose(f) == 0 && ok;
	return ok && rename(temp, path) == 0;
}

/* Two platforms that start together must not make two vendors. */
static bool load_locked(struct swpsp *p, const char *dir, const struct kept *kept)
{
	char path[PATH_MAX];
	int lock;
	bool ok;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return false;
	if (snprintf(path, sizeof(path), "%s/vendor.lock", dir) >= (int)sizeof(path))
		return false;
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return false;
	ok = flock(lock, LOCK_EX) == 0 && load_or_make(p, dir, kept);
	close(lock);
	return ok;
}

bool vendor_load(struct swpsp *p)
{
	struct vendor *v = &p->vendor;

	if (v->ready)
		return true;
	vendor_free(p);
	v->ready = p->ca_dir ? load_locked(p, p->ca_dir, &vendor_file) : make_all(p);
	if (!v->ready)
		error_record(p, ERROR_VENDOR);
	return v->ready;
}

/* Call vendor_load() first. */
bool vendor_load_asvk(struct swpsp *p)
{
	bool ok = true;

	if (!p->vendor.asvk)
		ok = p->ca_dir ? load_locked(p, p->ca_dir, &asvk_file) : asvk_make(p);
	if (!ok)
		error_record(p, ERROR_VENDOR);
	return ok;
}

void vendor_free(struct swpsp *p)
{
	EVP_PKEY_free(p->vendor.asvk);
	EVP_PKEY_free(p->vendor.ark);
	EVP_PKEY_free(p->vendor.ask);
	memset(&p->vendor, 0, sizeof(p->vendor));
}

int swpsp_export_ca(struct swpsp *p, void *cek, void *chain)
{
	uint8_t cert[CERT_SIZE], sig[RSA_BYTES];

	if (!vendor_load(p))
		return -1;
	if (cek) {
		cert_init(p, cert, USAGE_CEK, ALGO_ECDSA_SHA256, &p->cek);
		if (!rsa_sign(p, RANDOM_PLATFORM, p->vendor.ask, cert, CERT_BODY, sig))
			return -1;
		cert_put_signature(cert, 0, USAGE_ASK, ALGO_RSA_SHA384, sig, sizeof(sig));
		memcpy(cek, cert, sizeof(cert));
	}
	if (chain) {
		memcpy(chain, p->vendor.ask_cert, VENDOR_CERT_SIZE);
		memcpy((uint8_t *)chain + VENDOR_CERT_SIZE, p->vendor.ark_cert,
		       VENDOR_CERT_SIZE);
	}
	return 0;
}

/* ---- checking ---- */

/* Where the parts of a vendor certificate are; all derived from its two sizes. */
struct vendor_view {
	const uint8_t *cert;
	size_t signed_len;
	size_t len;
	struct cert_key key;
};

static bool size_ok(uint32_t bits)
{
	return bits == 2048 || bits == 4096;
}

static bool vendor_parse(const uint8_t *cert, size_t len, struct vendor_view *view)
{
	uint32_t exponent, modulus;

	if (len < VENDOR_EXPONENT || get32(cert + VENDOR_VERSION) != 1)
		return false;
	exponent = get32(cert + VENDOR_EXPONENT_BITS);
	modulus = get32(cert + VENDOR_MODULUS_BITS);
	if (!size_ok(exponent) || !size_ok(modulus))
		return false;
	view->cert = cert;
	view->signed_len = VENDOR_EXPONENT + exponent / 8 + modulus / 8;
	view->len = view->signed_len + modulus / 8;
	if (view->len > len)
		return false;
	memset(&view->key, 0, sizeof(view->key));
	view->key.usage = get32(cert + VENDOR_USAGE);
	view->key.algo = ALGO_RSA_SHA384;	/* this generation: whatever the size */
	put32(view->key.key, modulus);
	memcpy(view->key.key + 4, cert + VENDOR_EXPONENT, exponent / 8);
	memcpy(view->key.key + 0x204, cert + VENDOR_EXPONENT + exponent / 8, modulus / 8);
	return true;
}

static bool vendor_signed(const struct vendor_view *view, const struct cert_key *signer)
{
	/* A signature of the signer's size must be there to be looked at. */
	return get32(signer->key) / 8 == view->len - view->signed_len &&
	       pubkey_verify(signer, view->cert, view->signed_len,
			     view->cert + view->signed_len);
}

static bool ark_is_fused(struct swpsp *p, const struct vendor_view *ark)
{
	return ark->signed_len == VENDOR_CERT_SIZE - RSA_BYTES &&
	       crypto_equal(ark->cert, p->vendor.ark_cert, ark->signed_len);
}

/*
 * @chain is ASK, then ARK. The real check of the ARK is by a fused hash; here the
 * vendor's own certificate is at hand, and comparing all of it is the same thing.
 */
uint16_t vendor_check_chain(struct swpsp *p, const uint8_t *chain, size_t len,
			    struct cert_key *ask_key)
{
	struct vendor_view ask, ark;

	if (!vendor_load(p))
		return SWPSP_HWERROR_PLATFORM;
	if (!vendor_parse(chain, len, &ask) ||
	    !vendor_parse(chain + ask.len, len - ask.len, &ark) || ask.len + ark.len != len)
		return SWPSP_INVALID_CERTIFICATE;
	if (!vendor_signed(&ark, &ark.key))
		return SWPSP_BAD_SIGNATURE;
	if (ark.key.usage != USAGE_ARK ||
	    memcmp(ark.cert + VENDOR_KEY_ID, ark_id, 16) ||
	    memcmp(ark.cert + VENDOR_SIGNER_ID, ark_id, 16) || !ark_is_fused(p, &ark))
		return SWPSP_INVALID_CERTIFICATE;
	if (!vendor_signed(&ask, &ark.key))
		return SWPSP_BAD_SIGNATURE;
	if (ask.key.usage != USAGE_ASK ||
	    memcmp(ask.cert + VENDOR_SIGNER_ID, ark.cert + VENDOR_KEY_ID, 16))
		return SWPSP_INVALID_CERTIFICATE;
	*ask_key = ask.key;
	return SWPSP_SUCCESS;
}

/* ---- firmware images: the ARK is the key that the boot loader knows ---- */

bool vendor_is_root(const uint8_t id[16])
{
	return !memcmp(id, ark_id, sizeof(ark_id));
}

void vendor_put_root(uint8_t id[16])
{
	memcpy(id, ark_id, sizeof(ark_id));
}

bool vendor_sign(struct swpsp *p, const void *data, size_t len, uint8_t sig_le[RSA_BYTES])
{
	return vendor_load(p) && rsa_sign(p, RANDOM_PLATFORM, p->vendor.ark, data, len, sig_le);
}

uint16_t vendor_verify(struct swpsp *p, const void *data, size_t len,
		       const uint8_t sig_le[RSA_BYTES])
{
	struct vendor_view ark;

	if (!vendor_load(p) || !vendor_parse(p->vendor.ark_cert, VENDOR_CERT_SIZE, &ark))
		return SWPSP_HWERROR_PLATFORM;
	return pubkey_verify(&ark.key, data, len, sig_le) ? SWPSP_SUCCESS :
							    SWPSP_BAD_SIGNATURE;
}
