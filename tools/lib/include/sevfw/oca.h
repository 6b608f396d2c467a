/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The owner of a platform: a certificate authority that endorses the platform's
 * PEK. Taking ownership is PEK_CSR, oca_sign(), PEK_CERT_IMPORT.
 */
#ifndef SEVFW_OCA_H
#define SEVFW_OCA_H

#include "cert.h"

/**
 * struct oca - an owner's certificate authority
 * @key: key pair on P-384
 * @cert: the OCA's certificate, signed by itself
 */
struct oca {
	EVP_PKEY *key;
	struct sev_cert cert;
};

/**
 * oca_make() - a new owner
 * @oca: receives it; oca_free() it in any case
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result oca_make(struct oca *oca);

/**
 * oca_sign() - endorse a platform
 * @oca: owner
 * @csr: the output of PEK_CSR; its first signature becomes the owner's
 *
 * Return: OWNER_OK, OWNER_FORMAT (not a request for a PEK, or already signed),
 * OWNER_CRYPTO.
 */
enum owner_result oca_sign(const struct oca *oca, struct sev_cert *csr);

void oca_free(struct oca *oca);

#endif /* SEVFW_OCA_H */
