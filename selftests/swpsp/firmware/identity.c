// SPDX-License-Identifier: GPL-2.0
/*
 * Identity of the platform: the chip's secret, the keys and certificates derived from
 * or endorsed by it, and their sealed copy in flash or in the NV area of INIT_EX.
 *
 * The sealed form, 32 KiB filled up with 0xff: IV, HMAC over ciphertext and IV,
 * ciphertext of struct identity. All ones in its first four bytes mean "empty".
 * A flash that cannot be read is an error of the hardware; one that has been
 * tampered with is erased, and the caller told once.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "internal.h"

#define NV_IV		0
#define NV_MAC		16
#define NV_DATA		48

struct nv_keys {
	uint8_t encryption[16];
	uint8_t integrity[16];
};

/* ---- files of the state directory ---- */

static bool state_path(const struct swpsp *p, const char *name, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/%s", p->state_dir, name) < PATH_MAX;
}

/* Return: bytes read, up to @len; -1 error; -2 no such file. */
static long file_read(const struct swpsp *p, const char *name, uint8_t *out, size_t len)
{
	char path[PATH_MAX];
	size_t done;
	FILE *f;
	long n;

	if (!state_path(p, name, path))
		return -1;
	f = fopen(path, "r");
	if (!f)
		return errno == ENOENT ? -2 : -1;
	done = fread(out, 1, len, f);
	n = ferror(f) ? -1 : (long)done;
	fclose(f);
	return n;
}

/* The old file stays until the new one is complete. */
static bool file_write(const struct swpsp *p, const char *name, const uint8_t *in, size_t len)
{
	char path[PATH_MAX], temp[PATH_MAX];
	FILE *f;
	bool ok;

	if (!state_path(p, name, path) || !state_path(p, "new", temp))
		return false;
	f = fopen(temp, "w");
	if (!f)
		return false;
	ok = fchmod(fileno(f), 0600) == 0 && fwrite(in, len, 1, f) == 1;
	ok = fclose(f) == 0 && ok;
	return ok && rename(temp, path) == 0;
}

/* ---- the two stores ---- */

static bool store_read(struct swpsp *p, uint8_t area[NV_SIZE])
{
	long n;

	if (p->nv_area)
		return mem_read(p, p->nv_area, area, NV_SIZE) == SWPSP_SUCCESS;
	if (!p->state_dir) {
		memcpy(area, p->flash, NV_SIZE);
		return true;
	}
	memset(area, 0xff, NV_SIZE);
	n = file_read(p, "flash", area, NV_SIZE);
	return n != -1;
}

static bool store_write(struct swpsp *p, const uint8_t area[NV_SIZE])
{
	if (p->nv_area)
		return mem_write(p, p->nv_area, area, NV_SIZE) == SWPSP_SUCCESS;
	if (p->state_dir)
		return file_write(p, "flash", area, NV_SIZE);
	memcpy(p->flash, area, NV_SIZE);
	return true;
}

static uint16_t store_error(struct swpsp *p)
{
	return hardware_error(p, p->nv_area ? ERROR_NV_AREA : ERROR_FLASH);
}

static bool store_erase(struct swpsp *p)
{
	uint8_t area[NV_SIZE];

	memset(area, 0xff, sizeof(area));
	return store_write(p, area);
}

uint16_t identity_erase_flash(struct swpsp *p)
{
	return store_erase(p) ? SWPSP_SUCCESS : store_error(p);
}

/* ---- sealing ---- */

static bool nv_keys(struct swpsp *p, struct nv_keys *keys)
{
	static const char enc[] = "sev-persistent-encryption";
	static const char mac[] = "sev-persistent-integrity";

	return crypto_kdf(keys->encryption, 16, p->chip_key, 32, enc, sizeof(enc) - 1, NULL, 0) &&
	       crypto_kdf(keys->integrity, 16, p->chip_key, 32, mac, sizeof(mac) - 1, NULL, 0);
}

static bool nv_mac(const struct nv_keys *keys, const uint8_t *area, uint8_t mac[32])
{
	const struct piece pieces[] = {
		{ area + NV_DATA, sizeof(struct identity) }, { area + NV_IV, 16 },
	};

	return crypto_hmac(keys->integrity, 16, pieces, ARRAY_SIZE(pieces), mac);
}

static bool nv_empty(const uint8_t *area)
{
	return get32(area + NV_IV) == UINT32_MAX;
}

static bool nv_seal(struct swpsp *p, const struct identity *id, uint8_t area[NV_SIZE])
{
	struct nv_keys keys;
	bool ok;

	memset(area, 0xff, NV_SIZE);
	do {
		if (!crypto_random(p, area + NV_IV, 16))
			return false;
	} while (nv_empty(area));
	ok = nv_keys(p, &keys) &&
	     crypto_ctr(keys.encryption, area + NV_IV, id, area + NV_DATA, sizeof(*id)) &&
	     nv_mac(&keys, area, area + NV_MAC);
	OPENSSL_cleanse(&keys, sizeof(keys));
	return ok;
}

static uint16_t nv_open(struct swpsp *p, const uint8_t area[NV_SIZE], struct identity *id)
{
	struct nv_keys keys;
	uint8_t mac[32];
	uint16_t status = SWPSP_SUCCESS;

	if (!nv_keys(p, &keys) || !nv_mac(&keys, area, mac))
		status = hardware_error(p, ERROR_CRYPTO);
	else if (!crypto_equal(mac, area + NV_MAC, sizeof(mac)))
		status = SWPSP_SECURE_DATA_INVALID;
	else if (!crypto_ctr(keys.encryption, area + NV_IV, area + NV_DATA, id, sizeof(*id)))
		status = hardware_error(p, ERROR_CRYPTO);
	OPENSSL_cleanse(&keys, sizeof(keys));
	return status;
}

/* Read back what was written: firmware does not trust its flash either. */
uint16_t identity_save(struct swpsp *p, const struct identity *id)
{
	uint8_t area[NV_SIZE], check[NV_SIZE];

	if (!nv_seal(p, id, area))
		return hardware_error(p, ERROR_CRYPTO);
	if (store_write(p, area) && store_read(p, check) && !memcmp(area, check, NV_SIZE))
		return SWPSP_SUCCESS;
	store_erase(p);
	return store_error(p);
}

/* Into p->identity; it stays invalid if the store is empty. */
uint16_t identity_load(struct swpsp *p)
{
	uint8_t area[NV_SIZE];
	uint16_t status;

	memset(&p->identity, 0, sizeof(p->identity));
	if (!store_read(p, area))
		return store_error(p);
	if (nv_empty(area))
		return SWPSP_SUCCESS;
	status = nv_open(p, area, &p->identity);
	if (status == SWPSP_SECURE_DATA_INVALID && !store_erase(p))
		return store_error(p);
	return status;
}

/* ---- keys ---- */

static bool new_oca(struct swpsp *p, struct identity *id)
{
	if (!pubkey_generate(p, &id->oca))
		return false;
	cert_init(p, id->oca_cert, USAGE_OCA, ALGO_ECDSA_SHA256, &id->oca);
	id->external = 0;
	return cert_sign(p, id->oca_cert, USAGE_OCA, &id->oca);
}

bool identity_new_pdh(struct swpsp *p, struct identity *id)
{
	if (!pubkey_generate(p, &id->pdh))
		return false;
	cert_init(p, id->pdh_cert, USAGE_PDH, ALGO_ECDH_SHA256, &id->pdh);
	return cert_sign(p, id->pdh_cert, USAGE_PEK, &id->pek);
}

/* A new PEK needs an owner that signs it, and endorses a new PDH: all three. */
bool identity_new_pek(struct swpsp *p, struct identity *id)
{
	if (!new_oca(p, id) || !pubkey_generate(p, &id->pek))
		return false;
	cert_init(p, id->pek_cert, USAGE_PEK, ALGO_ECDSA_SHA256, &id->pek);
	if (!cert_sign(p, id->pek_cert, USAGE_OCA, &id->oca) ||
	    !cert_sign(p, id->pek_cert, USAGE_CEK, &p->cek) || !identity_new_pdh(p, id))
		return false;
	id->valid = 1;
	return true;
}

/* INIT's part: what was not stored is made, and stored. */
uint16_t identity_complete(struct swpsp *p)
{
	if (p->identity.valid)
		return SWPSP_SUCCESS;
	if (!identity_new_pek(p, &p->identity))
		return hardware_error(p, ERROR_CRYPTO);
	return identity_save(p, &p->identity);
}

/*
 * The second socket's chip has a secret of its own. Neither ever changes, and to multiply a
 * point takes as long as hundreds of other commands do.
 */
bool identity_chip_id(struct swpsp *p, unsigned int socket, uint8_t id[ID_SIZE])
{
	uint8_t key[32];

	if (!p->chip_id_known[socket]) {
		memcpy(key, p->chip_key, sizeof(key));
		if (socket && !crypto_sha256(p->chip_key, sizeof(key), key))
			return false;
		if (!pubkey_chip_id(key, p->chip_id[socket]))
			return false;
		p->chip_id_known[socket] = true;
	}
	memcpy(id, p->chip_id[socket], ID_SIZE);
	return true;
}

static bool derive_cek(struct swpsp *p)
{
	static const char label[] = "sev-chip-endorsement-key";
	uint8_t root[32], material[56];
	bool ok;

	ok = crypto_sha256(p->chip_key, sizeof(p->chip_key), root) &&
	     crypto_kdf(material, sizeof(material), root, sizeof(root), label,
			sizeof(label) - 1, NULL, 0) &&
	     pubkey_derive_cek(p, material, &p->cek);
	OPENSSL_cleanse(root, sizeof(root));
	OPENSSL_cleanse(material, sizeof(material));
	return ok;
}

/* The chip as it comes out of the factory, or as its directory remembers it. */
bool identity_power_on(struct swpsp *p)
{
	long n = -2;

	if (p->state_dir) {
		if (mkdir(p->state_dir, 0700) && errno != EEXIST)
			return false;
		n = file_read(p, "chip-key", p->chip_key, sizeof(p->chip_key));
		if (n != -2 && n != (long)sizeof(p->chip_key))
			return false;
	} else {
		p->flash = malloc(NV_SIZE);
		if (!p->flash)
			return false;
		memset(p->flash, 0xff, NV_SIZE);
	}
	if (n == -2) {
		if (!crypto_random(p, p->chip_key, sizeof(p->chip_key)))
			return false;
		if (p->state_dir &&
		    !file_write(p, "chip-key", p->chip_key, sizeof(p->chip_key)))
			return false;
	}
	return derive_cek(p);
}
