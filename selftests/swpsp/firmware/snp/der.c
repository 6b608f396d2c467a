// SPDX-License-Identifier: GPL-2.0
/*
 * DER, as much as the vendor's certificates need. libcrypto could write certificates,
 * but not sign them with a salt that comes from us, which a seeded platform needs.
 *
 * A structure is opened, filled and closed; its length is put in front of it when it
 * is closed. A buffer that is too small is remembered, and reported at the end.
 */
#include "internal.h"
#include "der.h"

void der_init(struct der *d)
{
	d->len = 0;
	d->full = false;
}

void der_raw(struct der *d, const void *data, size_t len)
{
	if (d->full || len > sizeof(d->data) - d->len) {
		d->full = true;
		return;
	}
	memcpy(d->data + d->len, data, len);
	d->len += len;
}

size_t der_open(struct der *d, uint8_t tag)
{
	der_raw(d, &tag, 1);
	return d->len;
}

/* Lengths to 127 take a byte, to 255 two, and three above. */
void der_close(struct der *d, size_t start)
{
	size_t len = d->len - start, extra = len < 0x80 ? 1 : len < 0x100 ? 2 : 3;
	static const uint8_t room[3];
	uint8_t *at = d->data + start;

	der_raw(d, room, extra);
	if (d->full || len > 0xffff) {
		d->full = true;
		return;
	}
	memmove(at + extra, at, len);
	if (extra > 1)
		at[0] = (uint8_t)(0x80 + extra - 1);
	if (extra > 2)
		at[1] = (uint8_t)(len >> 8);
	at[extra - 1] = (uint8_t)len;
}

void der_put(struct der *d, uint8_t tag, const void *data, size_t len)
{
	size_t start = der_open(d, tag);

	der_raw(d, data, len);
	der_close(d, start);
}

void der_text(struct der *d, uint8_t tag, const char *text)
{
	der_put(d, tag, text, strlen(text));
}

/* Big-endian, without leading zeros, but with one before a highest bit that is set. */
void der_number(struct der *d, uint64_t value)
{
	uint8_t be[9];
	size_t skip = 0;

	be[0] = 0;
	for (int i = 0; i < 8; i++)
		be[8 - i] = (uint8_t)(value >> 8 * i);
	while (skip < 8 && !be[skip] && be[skip + 1] < 0x80)
		skip++;
	der_put(d, DER_INTEGER, be + skip, sizeof(be) - skip);
}

/* Whole bytes: no bit of the last one is unused. */
void der_bits(struct der *d, const void *data, size_t len)
{
	static const uint8_t unused;
	size_t start = der_open(d, DER_BIT_STRING);

	der_raw(d, &unused, 1);
	der_raw(d, data, len);
	der_close(d, start);
}

/* @numbers ends with OID_END. The first number stands for the first two: 40 a + b. */
void der_oid(struct der *d, const uint32_t *numbers)
{
	size_t start = der_open(d, DER_OID);

	for (; *numbers != OID_END; numbers++) {
		for (int shift = 28; shift >= 0; shift -= 7) {
			uint8_t byte = *numbers >> shift & 0x7f;

			if (shift && !(*numbers >> shift))
				continue;
			if (shift)
				byte |= 0x80;
			der_raw(d, &byte, 1);
		}
	}
	der_close(d, start);
}
