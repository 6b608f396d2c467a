/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The digest that a Linux guest tells of its owner's secret: the VMM reads it, and so may the
 * host. Of a secret that can be guessed it is enough to check a guess; a key cannot be guessed.
 */
#ifndef SEV_GUEST_DIGEST_H
#define SEV_GUEST_DIGEST_H

#include <stdbool.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "linux.h"

/* SHA-256 of @len bytes as text, with a zero behind it; false: libcrypto cannot */
static inline bool secret_digest(const void *secret, size_t len, char text[LINUX_DIGEST_CHARS + 1])
{
	unsigned char digest[LINUX_DIGEST_CHARS / 2];

	if (EVP_Digest(secret, len, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	return true;
}

#endif /* SEV_GUEST_DIGEST_H */
