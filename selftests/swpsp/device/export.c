// SPDX-License-Identifier: GPL-2.0
/*
 * The vendor's publications about a platform, as files. For SEV: cek.cert and
 * ask_ark.cert. For SNP each thing is there twice: under the name that clients give it
 * when they have fetched it, and under its path on the vendor's server, so that a server
 * of static files can take that one's place.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>

#include "export.h"

#define CEK_SIZE	0x824
#define CHAIN_SIZE	0xc80
#define X509_SIZE	4096
#define CERTS_MAX	2
#define SHORT_ID_SIZE	8

enum form {
	DER,
	PEM,
};

/*
 * path: %P stands for the product, %I for the chip's id.
 * certs: one, or a chain.
 */
static const struct file {
	const char *path;
	enum form form;
	int count;
	enum swpsp_x509 certs[CERTS_MAX];
} files[] = {
	{ "ark.pem", PEM, 1, { SWPSP_X509_ARK } },
	{ "ask.pem", PEM, 1, { SWPSP_X509_ASK } },
	{ "asvk.pem", PEM, 1, { SWPSP_X509_ASVK } },
	{ "vcek.der", DER, 1, { SWPSP_X509_VCEK } },
	{ "vlek.der", DER, 1, { SWPSP_X509_VLEK } },
	{ "crl.der", DER, 1, { SWPSP_X509_CRL } },
	{ "vcek/v1/%P/cert_chain", PEM, 2, { SWPSP_X509_ASK, SWPSP_X509_ARK } },
	{ "vcek/v1/%P/crl", DER, 1, { SWPSP_X509_CRL } },
	{ "vcek/v1/%P/%I", DER, 1, { SWPSP_X509_VCEK } },
	{ "vlek/v1/%P/cert_chain", PEM, 2, { SWPSP_X509_ASVK, SWPSP_X509_ARK } },
	{ "vlek/v1/%P/crl", DER, 1, { SWPSP_X509_CRL } },
	{ "vlek/v1/%P/cert", DER, 1, { SWPSP_X509_VLEK } },
};

#define HASH_STICK	"vlek-hashstick.bin"

/* All certificates, so that each is signed once and is the same in each file. */
struct cert {
	unsigned char der[X509_SIZE];
	size_t len;
};

/* ---- files ---- */

static bool fail(const char *path)
{
	fprintf(stderr, "swpsp: cannot write %s: %s.\n", path, strerror(errno));
	return false;
}

/* Makes the directories of @path, which begins with one that is there. */
static bool make_directories(char *path, size_t base)
{
	for (char *slash = strchr(path + base + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0777) && errno != EEXIST)
			return fail(path);
		*slash = '/';
	}
	return true;
}

/* @name with product and chip id filled in, in @dir. */
static bool make_path(char path[PATH_MAX], const char *dir, const char *name,
		      const char *product, const char *id)
{
	int len = snprintf(path, PATH_MAX, "%s/", dir);

	for (; *name && len < PATH_MAX - 1; name++) {
		const char *more = NULL;

		if (*name == '%')
			more = *++name == 'P' ? product : id;
		len += more ? snprintf(path + len, (size_t)(PATH_MAX - len), "%s", more) :
			      snprintf(path + len, (size_t)(PATH_MAX - len), "%c", *name);
	}
	if (len < PATH_MAX - 1)
		return make_directories(path, strlen(dir));
	errno = ENAMETOOLONG;
	return fail(dir);
}

static bool write_data(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");
	bool ok = f && fwrite(data, len, 1, f) == 1;

	if (f && fclose(f))
		ok = false;
	return ok ? true : fail(path);
}

static bool write_pem(const char *path, const struct file *file, const struct cert *certs)
{
	FILE *f = fopen(path, "w");
	bool ok = f;

	for (int i = 0; ok && i < file->count; i++) {
		const struct cert *c = &certs[file->certs[i]];

		ok = PEM_write(f, "CERTIFICATE", "", c->der, (long)c->len) > 0;
	}
	if (f && fclose(f))
		ok = false;
	return ok ? true : fail(path);
}

/* ---- files that are written ---- */

static bool export_sev(struct swpsp *psp, const char *dir)
{
	static unsigned char cek[CEK_SIZE], chain[CHAIN_SIZE];
	char path[PATH_MAX];

	if (swpsp_export_ca(psp, cek, chain)) {
		fputs("swpsp: the vendor's certificates could not be made.\n", stderr);
		return false;
	}
	return make_path(path, dir, "cek.cert", NULL, NULL) &&
	       write_data(path, cek, sizeof(cek)) &&
	       make_path(path, dir, "ask_ark.cert", NULL, NULL) &&
	       write_data(path, chain, sizeof(chain));
}

/* Without the prefix of a chip whose id is padded, clients ask with or without the padding. */
static void chip_id_text(struct swpsp *psp, size_t len, char *text)
{
	unsigned char id[SWPSP_CHIP_ID_SIZE] = { 0 };

	swpsp_chip_id(psp, id);
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", id[i]);
}

static bool write_files(struct swpsp *psp, const char *dir, enum swpsp_product product,
			const struct cert *certs)
{
	char path[PATH_MAX], id[2 * SWPSP_CHIP_ID_SIZE + 1];
	const char *name = swpsp_product_name(product);

	chip_id_text(psp, SWPSP_CHIP_ID_SIZE, id);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct file *file = &files[i];
		const struct cert *c = &certs[file->certs[0]];

		if (!make_path(path, dir, file->path, name, id) ||
		    !(file->form == PEM ? write_pem(path, file, certs) :
					  write_data(path, c->der, c->len)))
			return false;
	}
	if (product != SWPSP_TURIN)
		return true;
	chip_id_text(psp, SHORT_ID_SIZE, id);
	return make_path(path, dir, "vcek/v1/%P/%I", name, id) &&
	       write_data(path, certs[SWPSP_X509_VCEK].der, certs[SWPSP_X509_VCEK].len);
}

/* For the platform's host, which loads it by SNP_VLEK_LOAD. */
static bool export_stick(struct swpsp *psp, const char *dir)
{
	unsigned char stick[SWPSP_VLEK_STICK_SIZE], wrapped[SWPSP_WRAPPED_VLEK_SIZE];
	char path[PATH_MAX];

	if (swpsp_vlek_stick(psp, 0, stick) || swpsp_wrap_vlek(psp, stick, 0, wrapped)) {
		fputs("swpsp: the VLEK could not be made.\n", stderr);
		return false;
	}
	return make_path(path, dir, HASH_STICK, NULL, NULL) &&
	       write_data(path, wrapped, sizeof(wrapped));
}

static bool export_snp(struct swpsp *psp, const char *dir, enum swpsp_product product)
{
	static struct cert certs[SWPSP_X509_COUNT];

	for (int i = 0; i < SWPSP_X509_COUNT; i++) {
		certs[i].len = swpsp_export_x509(psp, (enum swpsp_x509)i, 0, certs[i].der,
						 sizeof(certs[i].der));
		if (!certs[i].len) {
			fputs("swpsp: the vendor's certificates for SNP could not be made.\n",
			      stderr);
			return false;
		}
	}
	return write_files(psp, dir, product, certs) && export_stick(psp, dir);
}

bool export_files(struct swpsp *psp, const char *dir, enum swpsp_product product, bool snp)
{
	if (mkdir(dir, 0777) && errno != EEXIST)
		return fail(dir);
	return export_sev(psp, dir) && (!snp || export_snp(psp, dir, product));
}
