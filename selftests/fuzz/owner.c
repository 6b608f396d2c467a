// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile certificates, reports, measurements and firmware images for the guest owner's
 * library. The first byte of an input says which function gets the rest of it.
 */
#include <openssl/evp.h>

#include <sevfw/measure.h>
#include <sevfw/owner.h>
#include <sevfw/snp_report.h>

#include "fuzz.h"

#define NOW	1767225600	/* 1 January 2026 */

/* @size bytes, from the input or zeros */
static void fill(struct input *in, void *to, size_t size)
{
	size_t some = in->left < size ? in->left : size;

	memset(to, 0, size);
	memcpy(to, in->at, some);
	in->at += some;
	in->left -= some;
}

static void one_cert(struct input *in)
{
	struct owner_session session;
	struct sev_cert cert;
	EVP_PKEY *key = NULL;

	fill(in, &cert, sizeof(cert));
	insist(owner_strerror(sev_cert_key(&cert, &key)), "a reason");
	EVP_PKEY_free(key);
	sev_cert_signed_by(&cert, &cert);
	if (!owner_session_make(&session, &cert, 0))
		owner_session_wipe(&session);
}

/* The rest of the input are the vendor's certificates. */
static void platform(struct input *in)
{
	static struct sev_chain chain;
	struct sev_vendor vendor = { .cek = &chain.cek };
	uint8_t digest[SEV_ARK_DIGEST];
	struct sev_cert pdh;

	fill(in, &pdh, sizeof(pdh));
	fill(in, &chain, sizeof(chain));
	vendor.ca = in->at;
	vendor.ca_len = in->left;
	sev_chain_verify(&pdh, &chain, NULL);
	sev_chain_verify(&pdh, &chain, &vendor);
	sev_ark_digest(&vendor, digest);
}

static void vendors(struct input *in)
{
	struct sev_vendor vendor = { .ca = in->at, .ca_len = in->left };
	uint8_t digest[SEV_ARK_DIGEST];

	sev_ark_digest(&vendor, digest);
}

static void report(struct input *in)
{
	uint8_t report[OWNER_REPORT_SIZE], nonce[OWNER_NONCE_SIZE] = { 0 };
	struct sev_cert pek;

	fill(in, report, sizeof(report));
	fill(in, &pek, sizeof(pek));
	owner_report_check(&pek, report, nonce, 0, NULL);
	owner_report_check(&pek, report, nonce, 0, owner_report_digest(report));
}

/* A report, two bytes of length, a leaf; the rest is the chain. */
static void snp(struct input *in)
{
	uint8_t digest[SNP_DIGEST_BYTES];
	struct snp_report report;
	const uint8_t *leaf;
	size_t len;

	fill(in, &report, sizeof(report));
	len = take(in);
	len |= (size_t)take(in) << 8;
	len = len < in->left ? len : in->left;
	leaf = in->at;
	in->at += len;
	in->left -= len;
	snp_report_verify(&report, leaf, len);
	snp_leaf_verify(leaf, len, in->at, in->left, NOW, digest);
}

static void measurement(struct input *in)
{
	struct owner_platform version = { take(in), take(in), take(in) };
	uint8_t ld[OWNER_HASH_SIZE] = { 0 }, measure[OWNER_MEASURE_SIZE], header[OWNER_HEADER_SIZE];
	uint8_t secret[64] = { 0 };
	struct owner_session session;

	owner_session_none(&session, take(in));
	fill(in, measure, sizeof(measure));
	owner_measure_check(&session, &version, ld, measure);
	owner_secret_seal(&session, measure, secret, secret, take(in) % sizeof(secret), header);
	owner_session_wipe(&session);
}

/* The image is in a file of a hostile host, and ends as the input does. */
static void firmware(struct input *in)
{
	uint8_t how = take(in), ld[MEASURE_SHA384];
	struct measure m = {
		.vcpus = take(in) % 4, .kernel = how & 1, .features = how & 2,
		.vmm = how / 4 % (MEASURE_GCE + 1),
	};
	size_t pages = (in->left + 0xfff) / 0x1000;
	uint8_t *image = calloc(pages ? pages : 1, 0x1000);

	m.firmware = image;
	m.firmware_len = 0x1000 * pages;
	insist(image, "memory");
	memcpy(image + m.firmware_len - in->left, in->at, in->left);
	measure_snp(&m, ld);
	measure_sev(&m, how & 8, ld);
	free(image);
	/* unpadded, for lengths that are no pages */
	m.firmware = in->at;
	m.firmware_len = in->left;
	measure_sev(&m, true, ld);
}

static void (*const acts[])(struct input *in) = {
	one_cert, platform, vendors, report, snp, measurement, firmware,
};

#define ACTS	(sizeof(acts) / sizeof(acts[0]))

/*
 * Nothing is left over from one input to the next. libcrypto looks for an algorithm when it is
 * first used, which each process need not repeat.
 */
void fuzz_ready(unsigned int worlds)
{
	static const uint8_t zeros[16];

	(void)worlds;
	for (size_t i = 0; i < ACTS; i++)
		acts[i](&(struct input){ zeros, sizeof(zeros) });
}

void fuzz_one(unsigned int world, const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	(void)world;
	acts[take(&in) % ACTS](&in);
}
