/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vendor's publications about a platform, as files: cek.cert (the CEK with the
 * vendor's signature) and ask_ark.cert.
 */
#ifndef SEVFW_VENDOR_H
#define SEVFW_VENDOR_H

#include "cert.h"

#define VENDOR_CA_MAX	0xc80	/* ASK and ARK with 4096-bit keys */

/**
 * struct vendor_files - contents of the two files
 * @cek: CEK certificate
 * @ca: ASK and ARK
 * @ca_len: their length
 */
struct vendor_files {
	struct sev_cert cek;
	uint8_t ca[VENDOR_CA_MAX];
	uint32_t ca_len;
};

/**
 * vendor_read() - read them
 * @files: receives them
 * @dir: directory
 *
 * Return: 0, -EINVAL if one is too short, another negative errno.
 */
int vendor_read(struct vendor_files *files, const char *dir);

/** vendor_of() - the same, for sev_chain_verify() */
struct sev_vendor vendor_of(const struct vendor_files *files);

#endif /* SEVFW_VENDOR_H */
