// SPDX-License-Identifier: GPL-2.0
/*
 * The machine's memory: which addresses firmware accepts, copies in and out, and
 * the memory controller's encryption under the key of an ASID.
 *
 * Every access of swpsp to memory is in this file or behind mem_at(), and every
 * one is preceded by a range check, so a hostile address can do no harm. Memory
 * may change under our hands at any time: what is checked is a private copy.
 *
 * While SNP is initialised, every write is preceded by a check of the reverse map
 * table, too: mem_write_in() and mem_guest_write_in() say in which states a page may
 * be, mem_write() and mem_guest_write(), which legacy commands use, mean "Firmware".
 */
#include <openssl/crypto.h>

#include "internal.h"

#define ADDRESS_MAX	0x3ffcffffffffull
#define ASEG_START	0xa0000ull
#define ASEG_SIZE	0x20000ull
#define WINDOW_SHIFT	26

/* Wherever the C-bit comes with an address, it is taken off [D-CBIT]. */
uint64_t mem_address(const struct swpsp *p, uint64_t addr)
{
	return addr & ~p->cbit;
}

bool mem_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

static bool ring_overlaps(const struct ring *ring, uint64_t addr, uint64_t len)
{
	const struct ring_queue *q;

	for (q = ring->queue; ring->on && q < ring->queue + RING_QUEUES; q++)
		if (q->exists && (mem_overlap(addr, len, q->commands, PAGE_SIZE) ||
				  mem_overlap(addr, len, q->statuses, PAGE_SIZE)))
			return true;
	return false;
}

/* The TMR, and pages of the rings, which no command may name. */
bool mem_taken(const struct swpsp *p, uint64_t addr, uint64_t len)
{
	addr = mem_address(p, addr);
	return (p->es && mem_overlap(addr, len, p->tmr, p->tmr_size)) ||
	       ring_overlaps(&p->ring, addr, len);
}

void mem_disturb(const struct swpsp *p)
{
	if (p->config.disturb)
		p->config.disturb(p->config.disturb_arg);
}

/* May firmware touch [addr, addr + len)? No promise beyond that it is plain RAM. */
uint16_t mem_range(const struct swpsp *p, uint64_t addr, uint64_t len)
{
	const struct swpsp_config *c = &p->config;

	mem_disturb(p);
	addr = mem_address(p, addr);
	if (!len)
		return SWPSP_INVALID_PARAM;
	if (addr > ADDRESS_MAX || len - 1 > ADDRESS_MAX - addr)
		return SWPSP_INVALID_ADDRESS;
	if (mem_overlap(addr, len, ASEG_START, ASEG_SIZE))
		return SWPSP_INVALID_ADDRESS;
	if (mem_taken(p, addr, len))
		return SWPSP_INVALID_ADDRESS;
	if (addr + len > c->memory_size)
		return SWPSP_INVALID_ADDRESS;
	if (c->hole_end > c->hole_start &&
	    mem_overlap(addr, len, c->hole_start, c->hole_end - c->hole_start))
		return SWPSP_INVALID_ADDRESS;
	return SWPSP_SUCCESS;
}

/*
 * Firmware maps memory in windows of 64 MiB, two for a copy. Only COPY, which needs
 * one for its source and one for its target, handles more than a window's worth.
 */
bool mem_in_window(const struct swpsp *p, uint64_t addr, uint64_t len)
{
	addr = mem_address(p, addr);
	if (len - 1 > UINT64_MAX - addr)
		return true;	/* left to mem_range() */
	return (addr + len - 1) >> WINDOW_SHIFT == addr >> WINDOW_SHIFT;
}

/* The caller has checked the range. */
uint8_t *mem_at(const struct swpsp *p, uint64_t addr)
{
	return p->memory + mem_address(p, addr);
}

uint16_t mem_read(struct swpsp *p, uint64_t addr, void *out, size_t len)
{
	uint16_t status = mem_range(p, addr, len);

	if (!status)
		memcpy(out, mem_at(p, addr), len);
	return status;
}

/* State of the page of @addr, and its entry (@entry may be NULL). */
enum rmp_state mem_state(const struct swpsp *p, uint64_t addr, struct rmp_page *entry)
{
	struct rmp_page page = { 0 };
	enum rmp_state state = RMP_DEFAULT;

	mem_disturb(p);
	if (p->snp.state == SNP_INIT && rmp_lookup(&p->snp.rmp, mem_address(p, addr), &page))
		state = rmp_state(&page);
	if (entry)
		*entry = page;
	return state;
}

/*
 * Has the host lent all pages of [addr, addr + len) to the firmware? Legacy commands ask for the
 * whole of what they write at an early step, before they change anything. Memory without entries
 * passes: that there is none is told at a later step. Each write asks again, as the host may
 * change the table meanwhile.
 */
uint16_t mem_lent(const struct swpsp *p, uint64_t addr, uint64_t len)
{
	uint64_t end = p->snp.rmp.pages * SNP_PAGE_4K, page;

	addr = mem_address(p, addr);
	if (p->snp.state != SNP_INIT || addr >= end)
		return SWPSP_SUCCESS;
	if (len < end - addr)
		end = addr + len;
	for (page = addr & ~(PAGE_SIZE - 1ull); page < end; page += PAGE_SIZE)
		if (!(SNP_PAGE_IN(mem_state(p, page, NULL)) & SNP_PAGE_OUTPUT))
			return SWPSP_INVALID_PAGE_STATE;
	return SWPSP_SUCCESS;
}

/* May firmware write [addr, addr + len)? @states: SNP_PAGE_IN() of its pages. */
uint16_t mem_writable(const struct swpsp *p, unsigned int states, uint64_t addr, size_t len)
{
	uint16_t status = mem_range(p, addr, len);
	uint64_t page;

	if (status || p->snp.state != SNP_INIT)
		return status;
	addr = mem_address(p, addr);
	for (page = addr & ~(PAGE_SIZE - 1ull); page < addr + len; page += PAGE_SIZE)
		if (!(SNP_PAGE_IN(mem_state(p, page, NULL)) & states))
			return SWPSP_INVALID_PAGE_STATE;
	return SWPSP_SUCCESS;
}

uint16_t mem_write_in(struct swpsp *p, unsigned int states, uint64_t addr, const void *in,
		      size_t len)
{
	uint16_t status = mem_writable(p, states, addr, len);

	mem_disturb(p);
	if (!status)
		memcpy(mem_at(p, addr), in, len);
	return status;
}

/*
 * A legacy command has written here. Pages of the output are in Reclaim once the command has
 * succeeded, see snp_legacy_end().
 *
 * Chunks of one buffer come one after the other, upwards or, in COPY, downwards, and
 * make one range. No command writes more than a handful of buffers.
 */
void mem_wrote(struct swpsp *p, uint64_t addr, uint64_t len)
{
	struct written *w = p->written;

	if (p->snp.state != SNP_INIT)
		return;
	addr = mem_address(p, addr);
	for (; w < p->written + ARRAY_SIZE(p->written); w++) {
		if (w->len && addr + len != w->addr && addr != w->addr + w->len)
			continue;
		if (!w->len || addr < w->addr)
			w->addr = addr;
		w->len += len;
		return;
	}
	/* More buffers than that: pages stay Firmware, which a host can reclaim, too. */
}

uint16_t mem_write(struct swpsp *p, uint64_t addr, const void *in, size_t len)
{
	uint16_t status = mem_write_in(p, SNP_PAGE_OUTPUT, addr, in, len);

	if (!status)
		mem_wrote(p, addr, len);
	return status;
}

static void forget_key(struct asid *a)
{
	EVP_CIPHER_CTX_free(a->encrypt);
	EVP_CIPHER_CTX_free(a->decrypt);
	EVP_CIPHER_CTX_free(a->tweak);
	a->encrypt = NULL;
	a->decrypt = NULL;
	a->tweak = NULL;
	a->keyed = false;
}

void mem_forget_key(struct swpsp *p, uint32_t asid)
{
	forget_key(&p->asids[asid]);
}

void mem_forget_keys(struct swpsp *p)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(p->asids); i++)
		mem_forget_key(p, i);
}

static EVP_CIPHER_CTX *block_cipher(const uint8_t key[32], bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex2(ctx, EVP_aes_256_ecb(), key, NULL, encrypt, NULL) &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/*
 * Load the key of a guest into the memory controller: one channel, and a second
 * key, which hardware has in some other form, for the tweak.
 */
bool mem_set_key(struct swpsp *p, uint32_t asid, const uint8_t seed[32])
{
	static const char label[] = "sev-vm-encryption-key-0";	/* with the NUL */
	static const char tweak_label[] = "swpsp-memory-tweak";
	static const uint8_t channel[4];
	struct asid *a = &p->asids[asid];
	uint8_t key[32], tweak[32];
	bool ok;

	forget_key(a);
	if (p->config.mode == SWPSP_MEMORY_CIPHER) {
		ok = crypto_kdf(key, 32, seed, 32, label, sizeof(label), channel, 4) &&
		     crypto_kdf(tweak, 32, seed, 32, tweak_label, sizeof(tweak_label) - 1,
				NULL, 0);
		if (ok) {
			a->encrypt = block_cipher(key, true);
			a->decrypt = block_cipher(key, false);
			a->tweak = block_cipher(tweak, true);
		}
		OPENSSL_cleanse(key, sizeof(key));
		OPENSSL_cleanse(tweak, sizeof(tweak));
		if (!a->encrypt || !a->decrypt || !a->tweak) {
			forget_key(a);
			return false;
		}
	}
	a->keyed = true;
	return true;
}

/* One page at most: C = E(K1, P ^ T) ^ T, T = E(K2, address of the 16 bytes). */
static bool xex(struct asid *a, EVP_CIPHER_CTX *cipher, uint64_t addr, const uint8_t *in,
		uint8_t *out, size_t len)
{
	uint8_t tweak[PAGE_SIZE], block[PAGE_SIZE];
	int n;

	memset(tweak, 0, len);
	for (size_t i = 0; i < len; i += 16)
		put64(tweak + i, addr + i);
	if (!EVP_CipherUpdate(a->tweak, tweak, &n, tweak, (int)len))
		return false;
	for (size_t i = 0; i < len; i++)
		block[i] = in[i] ^ tweak[i];
	if (!EVP_CipherUpdate(cipher, block, &n, block, (int)len))
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = block[i] ^ tweak[i];
	return true;
}

static uint16_t guest_transfer(struct swpsp *p, uint32_t asid, bool write, uint64_t addr,
			       const uint8_t *in, uint8_t *out, size_t len)
{
	struct asid *a = &p->asids[asid];
	EVP_CIPHER_CTX *cipher = write ? a->encrypt : a->decrypt;

	if (p->config.mode == SWPSP_MEMORY_PLAIN) {
		memmove(out, in, len);
		return SWPSP_SUCCESS;
	}
	for (size_t done = 0; done < len;) {
		size_t n = len - done < PAGE_SIZE ? len - done : PAGE_SIZE;

		if (!xex(a, cipher, addr + done, in + done, out + done, n))
			return hardware_error(p, ERROR_CRYPTO);
		done += n;
	}
	return SWPSP_SUCCESS;
}

/* Address and length are multiples of 16; the ASID has a key. */
uint16_t mem_guest_read(struct swpsp *p, uint32_t asid, uint64_t addr, uint8_t *out, size_t len)
{
	uint16_t status = mem_range(p, addr, len);

	if (status)
		return status;
	addr = mem_address(p, addr);
	return guest_transfer(p, asid, false, addr, mem_at(p, addr), out, len);
}

uint16_t mem_guest_write_in(struct swpsp *p, unsigned int states, uint32_t asid, uint64_t addr,
			    const uint8_t *in, size_t len)
{
	uint16_t status = mem_writable(p, states, addr, len);

	mem_disturb(p);
	if (status)
		return status;
	addr = mem_address(p, addr);
	return guest_transfer(p, asid, true, addr, in, mem_at(p, addr), len);
}

uint16_t mem_guest_write(struct swpsp *p, uint32_t asid, uint64_t addr, const uint8_t *in,
			 size_t len)
{
	uint16_t status = mem_guest_write_in(p, SNP_PAGE_OUTPUT, asid, addr, in, len);

	if (!status)
		mem_wrote(p, addr, len);
	return status;
}

int swpsp_guest_read(struct swpsp *p, uint32_t asid, uint64_t addr, void *out, size_t len)
{
	if (!asid || asid > p->config.max_asid || !p->asids[asid].keyed)
		return -1;
	if (addr % 16 || len % 16 || mem_range(p, addr, len))
		return -1;
	addr = mem_address(p, addr);
	return guest_transfer(p, asid, false, addr, mem_at(p, addr), out, len) ? -1 : 0;
}
