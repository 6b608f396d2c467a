/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A writer of DER, for certificates. See der.c.
 */
#ifndef SWPSP_SNP_DER_H
#define SWPSP_SNP_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DER_BOOLEAN		0x01
#define DER_INTEGER		0x02
#define DER_BIT_STRING		0x03
#define DER_OCTET_STRING	0x04
#define DER_NULL		0x05
#define DER_OID			0x06
#define DER_UTF8		0x0c
#define DER_PRINTABLE		0x13
#define DER_IA5			0x16
#define DER_UTC_TIME		0x17
#define DER_SEQUENCE		0x30
#define DER_SET			0x31
#define DER_CONTEXT(n)		(0xa0 | (n))	/* explicit, or of a structure */
#define DER_IMPLICIT(n)		(0x80 | (n))

#define OID_END			UINT32_MAX

/**
 * struct der - output of the functions below
 * @len: bytes of @data
 * @full: @data was too small, and is not valid
 * @data: the bytes
 */
struct der {
	size_t len;
	bool full;
	uint8_t data[4096];
};

void der_init(struct der *d);
void der_raw(struct der *d, const void *data, size_t len);
void der_put(struct der *d, uint8_t tag, const void *data, size_t len);
void der_text(struct der *d, uint8_t tag, const char *text);
void der_number(struct der *d, uint64_t value);
void der_bits(struct der *d, const void *data, size_t len);
void der_oid(struct der *d, const uint32_t *numbers);

/** der_open() - begin a structure. Return: for der_close() */
size_t der_open(struct der *d, uint8_t tag);
void der_close(struct der *d, size_t start);

#endif /* SWPSP_SNP_DER_H */
