// SPDX-License-Identifier: GPL-2.0
/*
 * AES-256-GCM, as small as it can be. Tables are computed, data-dependent timing is no matter
 * of concern: this is an example, and the host could single-step it anyway.
 */
#include "guest.h"

#define ROUNDS	14

static uint8_t sbox[256];

static uint8_t times_2(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
}

static uint8_t rotate(uint8_t x, int n)
{
	return (uint8_t)(x << n | x >> (8 - n));
}

/* p runs through all elements as powers of 3, q through their inverses. */
static void sbox_make(void)
{
	uint8_t p = 1, q = 1;

	do {
		p ^= times_2(p);
		q ^= q << 1;
		q ^= q << 2;
		q ^= q << 4;
		if (q & 0x80)
			q ^= 0x09;
		sbox[p] = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4) ^ 0x63;
	} while (p != 1);
	sbox[0] = 0x63;
}

static void key_expand(const uint8_t key[32], uint8_t round[16 * (ROUNDS + 1)])
{
	uint8_t rcon = 1;

	for (int i = 0; i < 32; i++)
		round[i] = key[i];
	for (int i = 32; i < 16 * (ROUNDS + 1); i += 4) {
		uint8_t *w = round + i, t[4] = { w[-4], w[-3], w[-2], w[-1] };

		if (i % 32 == 0) {
			uint8_t first = t[0];

			for (int j = 0; j < 3; j++)
				t[j] = sbox[t[j + 1]];
			t[3] = sbox[first];
			t[0] ^= rcon;
			rcon = times_2(rcon);
		} else if (i % 32 == 16) {
			for (int j = 0; j < 4; j++)
				t[j] = sbox[t[j]];
		}
		for (int j = 0; j < 4; j++)
			w[j] = w[j - 32] ^ t[j];
	}
}

static void mix_columns(uint8_t s[16])
{
	for (uint8_t *c = s; c < s + 16; c += 4) {
		uint8_t all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];

		for (int i = 0; i < 3; i++)
			c[i] ^= all ^ times_2(c[i] ^ c[i + 1]);
		c[3] ^= all ^ times_2(c[3] ^ first);
	}
}

void aes256_block(const uint8_t key[32], uint8_t block[16])
{
	uint8_t round[16 * (ROUNDS + 1)], t[16];

	if (!sbox[0])
		sbox_make();
	key_expand(key, round);
	for (int i = 0; i < 16; i++)
		block[i] ^= round[i];
	for (int n = 1; n <= ROUNDS; n++) {
		for (int i = 0; i < 16; i++)
			t[i] = sbox[block[(i + 4 * (i % 4)) % 16]];
		if (n < ROUNDS)
			mix_columns(t);
		for (int i = 0; i < 16; i++)
			block[i] = t[i] ^ round[16 * n + i];
	}
}

/* Multiplication in GF(2^128), in GCM's order of bits. */
static void ghash_multiply(uint8_t x[16], const uint8_t h[16])
{
	uint8_t z[16] = { 0 }, v[16];

	for (int i = 0; i < 16; i++)
		v[i] = h[i];
	for (int bit = 0; bit < 128; bit++) {
		bool low = v[15] & 1;

		if (x[bit / 8] & 0x80 >> bit % 8)
			for (int i = 0; i < 16; i++)
				z[i] ^= v[i];
		for (int i = 15; i > 0; i--)
			v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
		v[0] >>= 1;
		if (low)
			v[0] ^= 0xe1;
	}
	for (int i = 0; i < 16; i++)
		x[i] = z[i];
}

static void ghash(uint8_t x[16], const uint8_t h[16], const uint8_t *data, size_t len)
{
	for (size_t at = 0; at < len; at += 16) {
		for (int i = 0; i < 16; i++)
			x[i] ^= data[at + i];
		ghash_multiply(x, h);
	}
}

/* Encrypt, or decrypt, with the counters from 2 on. */
static void counter_mode(const struct gcm_message *m, const uint8_t first[16])
{
	uint8_t block[16];

	for (size_t at = 0; at < m->len; at += 16) {
		uint32_t counter = (uint32_t)(at / 16 + 2);

		for (int i = 0; i < 12; i++)
			block[i] = first[i];
		for (int i = 0; i < 4; i++)
			block[12 + i] = (uint8_t)(counter >> (24 - 8 * i));
		aes256_block(m->key, block);
		for (int i = 0; i < 16; i++)
			m->text[at + i] ^= block[i];
	}
}

void gcm_crypt(const struct gcm_message *m, bool seal, uint8_t tag[16])
{
	uint8_t h[16] = { 0 }, first[16] = { 0 }, x[16] = { 0 }, lengths[16] = { 0 };

	aes256_block(m->key, h);
	for (int i = 0; i < 8; i++)
		first[i] = (uint8_t)(m->number >> 8 * i);
	first[15] = 1;
	for (int i = 0; i < 8; i++) {
		lengths[7 - i] = (uint8_t)(8 * m->covered_len >> 8 * i);
		lengths[15 - i] = (uint8_t)(8 * m->len >> 8 * i);
	}
	if (seal)
		counter_mode(m, first);
	ghash(x, h, m->covered, m->covered_len);
	ghash(x, h, m->text, m->len);
	ghash(x, h, lengths, 16);
	if (!seal)
		counter_mode(m, first);
	aes256_block(m->key, first);
	for (int i = 0; i < 16; i++)
		tag[i] = x[i] ^ first[i];
}
