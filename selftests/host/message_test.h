/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that talks to the firmware: it knows its keys from its secrets page, seals
 * requests and opens answers. The cryptography is done here, with no part of swpsp.
 *
 * Memory: requests at REQUEST, which is an ordinary page; answers at RESPONSE.
 */
#ifndef MESSAGE_TEST_H
#define MESSAGE_TEST_H

#include <openssl/evp.h>

#include "snp_test.h"

#define REQUEST		0x260000u
#define RESPONSE	0x270000u
#define HEADER		0x60u
#define PAYLOAD_MAX	0xfa0u
#define REPORT		0x4a0u
#define ANSWER_REPORT	0x20u	/* where an answer has the report */

enum {
	M_CPUID = 1, M_KEY = 3, M_REPORT = 5, M_EXPORT = 7, M_IMPORT = 9, M_ABSORB = 0xb,
	M_VMRK = 0xd, M_ABSORB_NOMA = 0xf, M_TSC_INFO = 0x11,
};

/* @last: number of the last message under each key. */
struct talker {
	uint64_t gctx;
	uint8_t key[4][32];
	uint64_t last[4];
};

/* Of a guest with ASID @n + 1, from the secrets page that it gets */
static inline bool talker_keys(struct box *b, struct talker *t, unsigned int n)
{
	uint64_t page = PAGE(200 + n);
	uint8_t secrets[0x1000];

	if (snp_launch_page(b, t->gctx, n + 1, page, GPA(n), T_SECRETS) ||
	    swpsp_guest_read(b->psp, n + 1, page, secrets, sizeof(secrets)))
		return false;
	memcpy(t->key, secrets + 0x20, sizeof(t->key));
	return true;
}

/* A guest in LAUNCH with context GCTX(@n), ASID @n + 1 and a secrets page. */
static inline bool talker_launch(struct box *b, struct talker *t, unsigned int n, uint64_t policy)
{
	memset(t, 0, sizeof(*t));
	t->gctx = GCTX(n);
	if (!snp_guest_to(b, t->gctx, policy, n + 1, G_LAUNCH) || !talker_keys(b, t, n))
		return false;
	hv_firmware(b, RESPONSE);
	return true;
}

/* As talker_launch(), of a guest whose agent is @agent. */
static inline bool talker_launch_served(struct box *b, struct talker *t, const struct talker *agent,
					unsigned int n, uint32_t flags)
{
	uint8_t *c;

	memset(t, 0, sizeof(*t));
	t->gctx = GCTX(n);
	if (!snp_context(b, t->gctx))
		return false;
	c = cmd_new(b);
	put64(c, t->gctx);
	put64(c + 8, POLICY | P_MIGRATE);
	put64(c + 0x10, agent->gctx);
	put32(c + 0x18, 1 | flags);
	return !run(b, SNP_LAUNCH_START) && !snp_activate(b, t->gctx, n + 1) &&
	       talker_keys(b, t, n);
}

static inline bool talker_new(struct box *b, struct talker *t, unsigned int n, uint64_t policy)
{
	return talker_launch(b, t, n, policy) && !snp_finish(b, t->gctx);
}

/* Return: whether it worked, which for opening depends on the tag. */
static inline bool talker_crypt(const uint8_t key[32], uint8_t *page, bool seal)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, len = page[0x36] | page[0x37] << 8;
	uint8_t nonce[12] = { 0 };
	bool ok;

	memcpy(nonce, page + 0x20, 8);
	ok = EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, seal, NULL) &&
	     EVP_CipherUpdate(ctx, NULL, &n, page + 0x30, 0x30) &&
	     EVP_CipherUpdate(ctx, page + HEADER, &n, page + HEADER, len) &&
	     (seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, page)) &&
	     EVP_CipherFinal_ex(ctx, page + HEADER + len, &n) > 0 &&
	     (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, page));
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* A message as it should be, except perhaps for what the arguments say. */
static inline void message_seal(struct box *b, const struct talker *t, int vmpck, uint64_t number,
				int type, int version, const void *payload, size_t size)
{
	uint8_t *page = memset(at(b, REQUEST), 0, 0x1000);

	put64(page + 0x20, number);
	page[0x30] = 1;
	page[0x31] = 1;
	page[0x32] = HEADER;
	page[0x34] = (uint8_t)type;
	page[0x35] = (uint8_t)version;
	page[0x36] = (uint8_t)size;
	page[0x37] = (uint8_t)(size >> 8);
	page[0x3c] = (uint8_t)vmpck;
	memcpy(page + HEADER, payload, size);
	if (!talker_crypt(t->key[vmpck & 3], page, true))
		abort();
}

static inline uint16_t message_send(struct box *b, uint64_t gctx)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	put64(c + 8, REQUEST);
	put64(c + 0x10, RESPONSE);
	return run(b, SNP_GUEST_REQUEST);
}

/* The answer to the request at REQUEST. Return: size of its payload, or -1. */
static inline int message_open(struct box *b, const struct talker *t, uint8_t *answer)
{
	const uint8_t *request = at(b, REQUEST);
	uint8_t page[0x1010], want[HEADER];

	memcpy(page, at(b, RESPONSE), 0x1000);
	memcpy(want, request, HEADER);
	put64(want + 0x20, get64(request + 0x20) + 1);
	want[0x34]++;
	memcpy(want, page, 16);
	memcpy(want + 0x36, page + 0x36, 2);
	if (memcmp(want, page, HEADER) || get32(page + 0x34) >> 16 > PAYLOAD_MAX ||
	    !talker_crypt(t->key[page[0x3c] & 3], page, false))
		return -1;
	memcpy(answer, page + HEADER, 0x1000 - HEADER);
	return page[0x36] | page[0x37] << 8;
}

/* Return: size of the answer's payload, or -1 - status of the command. */
static inline int talk(struct box *b, struct talker *t, int vmpck, int type, int version,
		       const void *payload, size_t size, uint8_t *answer)
{
	uint16_t status;

	message_seal(b, t, vmpck, t->last[vmpck] + 1, type, version, payload, size);
	status = message_send(b, t->gctx);
	if (status)
		return -1 - status;
	t->last[vmpck] += 2;
	return message_open(b, t, answer);
}

/* ---- reports ---- */

static inline void report_request(uint8_t request[0x60], uint32_t vmpl, uint32_t key_select)
{
	count_up(request, 0, 64);
	put32(request + 0x40, vmpl);
	put32(request + 0x44, key_select);
	memset(request + 0x48, 0, 0x18);
}

/* Return: status in the answer, or -1; the report is at @answer + ANSWER_REPORT. */
static inline int ask_report(struct box *b, struct talker *t, uint32_t vmpl, uint32_t key_select,
			     uint8_t *answer)
{
	uint8_t request[0x60];

	report_request(request, vmpl, key_select);
	if (talk(b, t, 0, M_REPORT, 1, request, sizeof(request), answer) !=
	    ANSWER_REPORT + REPORT)
		return -1;
	return (int)get32(answer);
}

#endif /* MESSAGE_TEST_H */
