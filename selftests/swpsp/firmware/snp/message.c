// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of a guest to the firmware, which the hypervisor carries in pages and can
 * neither read nor change: AES-256-GCM under one of the guest's four keys, each with
 * a sequence number of its own. The IV is that number, so it must never be used twice
 * for two contents: a request that is refused changes nothing, and is answered by
 * nothing that was encrypted [D-MESSAGE-FAILURE].
 *
 * The requests in messages are served by report.c, derive.c, agent.c, and the end of
 * this file. A request that is well-formed is always answered; a refusal is then a status
 * in the answer, which the hypervisor does not see.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define REQUEST_ADDR		0x08
#define RESPONSE_ADDR		0x10

#define MSG_TAG			0x00
#define MSG_TAG_UNUSED		0x10
#define MSG_SEQNO		0x20
#define MSG_RESERVED		0x28
#define MSG_ALGO		0x30	/* from here on the header is covered by the tag */
#define MSG_HDR_VERSION		0x31
#define MSG_HDR_SIZE		0x32
#define MSG_TYPE		0x34
#define MSG_VERSION		0x35
#define MSG_SIZE		0x36
#define MSG_RESERVED_2		0x38
#define MSG_VMPCK		0x3c
#define MSG_RESERVED_3		0x3d
#define MSG_PAYLOAD		0x60
#define ALGO_AES_256_GCM	1

#define CPUID_FUNCTIONS		0x10
#define CPUID_FUNCTION_SIZE	0x30
#define CPUID_SIZE_MAX		(CPUID_FUNCTIONS + 64 * CPUID_FUNCTION_SIZE)

#define TSC_STATUS		0x00
#define TSC_SCALE		0x08
#define TSC_ONE			(1ull << 32)	/* scale: a number with 32 bits of fraction */

#define API(major, minor)	((major) << 8 | (minor))

/* ---- the envelope ---- */

/* Not covered by the tag, or not decided by it: must be right before it is looked at. */
static bool header_valid(const uint8_t *page)
{
	uint16_t size = get16(page + MSG_SIZE);

	return page[MSG_ALGO] == ALGO_AES_256_GCM && page[MSG_HDR_VERSION] == 1 &&
	       get16(page + MSG_HDR_SIZE) == MSG_PAYLOAD && page[MSG_VMPCK] < SNP_VMPCKS &&
	       size && size <= SNP_MESSAGE_MAX &&
	       all_zero(page + MSG_TAG_UNUSED, MSG_SEQNO - MSG_TAG_UNUSED) &&
	       all_zero(page + MSG_RESERVED, MSG_ALGO - MSG_RESERVED) &&
	       all_zero(page + MSG_RESERVED_2, MSG_VMPCK - MSG_RESERVED_2) &&
	       all_zero(page + MSG_RESERVED_3, MSG_PAYLOAD - MSG_RESERVED_3);
}

/* Seals or opens the payload of the message whose header is @page. */
static bool payload_crypt(bool seal, const uint8_t key[32], uint8_t *page, const uint8_t *in,
			  uint8_t *out)
{
	const struct piece covered = { page + MSG_ALGO, MSG_PAYLOAD - MSG_ALGO };
	uint8_t nonce[12] = { 0 };

	memcpy(nonce, page + MSG_SEQNO, 8);
	return crypto_gcm(seal, key, nonce, &covered, in, out, get16(page + MSG_SIZE),
			  page + MSG_TAG);
}

/* The next request has the number @last + 1, its answer the one after that. */
static uint16_t request_open(const struct snp_guest *g, uint8_t *page, uint8_t *payload)
{
	uint64_t last;

	if (!header_valid(page))
		return SWPSP_INVALID_PARAM;			/* [D-MESSAGE-HEADER] */
	last = g->messages[page[MSG_VMPCK]];
	if (last >= UINT64_MAX - 1)
		return SWPSP_AEAD_OFLOW;			/* [D-MESSAGE-OVERFLOW] */
	if (get64(page + MSG_SEQNO) != last + 1)
		return SWPSP_INVALID_PARAM;			/* [D-MESSAGE-SEQNO] */
	if (!payload_crypt(false, g->vmpck[page[MSG_VMPCK]], page, page + MSG_PAYLOAD, payload))
		return SWPSP_BAD_MEASUREMENT;			/* [D-MESSAGE-TAG] */
	return SWPSP_SUCCESS;
}

/* ---- the messages ---- */

/* [D-CPUID-MESSAGE]: the answer has the corrected functions, whatever its status. */
static bool message_cpuid(struct swpsp *p, struct snp_guest *g, const struct snp_message *m,
			  uint8_t *answer)
{
	uint32_t status = SWPSP_INVALID_PARAM;

	(void)g;
	memcpy(answer, m->request, m->size);
	switch (snp_cpuid_correct(p, answer, m->size)) {
	case SNP_CPUID_MALFORMED:
		memset(answer, 0, m->size);
		break;
	case SNP_CPUID_RIGHT:
		status = SWPSP_SUCCESS;
		/* fall through */
	case SNP_CPUID_CORRECTED:
		put32(answer + 4, get32(answer));		/* count */
		break;
	}
	put32(answer, status);
	return true;
}

/* The simulated processor's TSC runs at one speed for all [D-TSC-INFO]. */
static bool message_tsc_info(struct swpsp *p, struct snp_guest *g, const struct snp_message *m,
			     uint8_t *answer)
{
	(void)p;
	(void)g;
	if (all_zero(m->request, m->size))
		put64(answer + TSC_SCALE, TSC_ONE);
	else
		put32(answer + TSC_STATUS, SWPSP_INVALID_PARAM);
	return true;
}

typedef bool message_fn(struct swpsp *p, struct snp_guest *g, const struct snp_message *m,
			uint8_t *answer);

/*
 * type, version: of the request; the answer's type is the next one.
 * request: size of its payload; CPUID's grows in steps of a function.
 * answer: size of the answer's payload; 0: as long as the request.
 * since: first API version that has it.
 * ABSORB_NOMA (0fh), by which an incoming guest would absorb itself, is unknown here
 * [D-ABSORB-NOMA].
 */
static const struct row {
	uint8_t type;
	uint8_t version;
	uint16_t request;
	uint16_t answer;
	uint16_t since;
	message_fn *handler;
} rows[] = {
	{ 0x01, 1, CPUID_FUNCTIONS, 0, API(1, 51), message_cpuid },
	{ 0x03, 1, 0x20, 0x40, API(1, 51), snp_message_key },
	{ 0x03, 2, 0x28, 0x40, API(1, 58), snp_message_key },
	{ 0x05, 1, 0x60, SNP_REPORT_ANSWER, API(1, 51), snp_message_report },
	{ 0x07, 1, 0x10, 0x320, API(1, 51), snp_message_export },
	{ 0x09, 1, 0x320, 0x10, API(1, 51), snp_message_import },
	{ 0x0b, 1, 0x320, 0x10, API(1, 51), snp_message_absorb },
	{ 0x0d, 1, 0x40, 0x10, API(1, 51), snp_message_vmrk },
	{ 0x11, 1, 0x80, 0x80, API(1, 51), message_tsc_info },
};

static bool size_fits(const struct row *row, uint16_t size)
{
	if (row->answer)
		return size == row->request;
	return size >= row->request && size <= CPUID_SIZE_MAX &&
	       (size - row->request) % CPUID_FUNCTION_SIZE == 0;
}

static const struct row *row_find(const struct swpsp *p, const uint8_t *page)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		if (row->type == page[MSG_TYPE] && row->version == page[MSG_VERSION] &&
		    snp_api_is(p, row->since >> 8, row->since & 0xff) &&
		    size_fits(row, get16(page + MSG_SIZE)))
			return row;
	}
	return NULL;
}

/* ---- SNP_GUEST_REQUEST ---- */

/* Pages in the firmware's scratch buffer: request, its payload, answer. */
struct work {
	uint8_t request[SNP_PAGE_4K];
	uint8_t payload[SNP_PAGE_4K];
	uint8_t answer[SNP_PAGE_4K];
};

static uint16_t request_answer(struct swpsp *p, struct snp_guest *g, struct work *w)
{
	const struct snp_message m = {
		.request = w->payload, .size = get16(w->request + MSG_SIZE),
		.version = w->request[MSG_VERSION], .vmpck = w->request[MSG_VMPCK],
	};
	const struct row *row = row_find(p, w->request);
	uint8_t *payload = w->answer + MSG_PAYLOAD;
	uint16_t size;

	if (!row)
		return SWPSP_INVALID_PARAM;			/* [D-MESSAGE-KIND] */
	size = row->answer ? row->answer : m.size;
	memset(w->answer, 0, sizeof(w->answer));
	memcpy(w->answer + MSG_ALGO, w->request + MSG_ALGO, MSG_PAYLOAD - MSG_ALGO);
	put64(w->answer + MSG_SEQNO, g->messages[m.vmpck] + 2);
	w->answer[MSG_TYPE] = row->type + 1;
	w->answer[MSG_SIZE] = (uint8_t)size;
	w->answer[MSG_SIZE + 1] = (uint8_t)(size >> 8);
	if (!row->handler(p, g, &m, payload) ||
	    !payload_crypt(true, g->vmpck[m.vmpck], w->answer, payload, payload))
		return hardware_error(p, ERROR_CRYPTO);
	return SWPSP_SUCCESS;
}

/*
 * The response page stays Firmware, because a hypervisor keeps it for the next
 * request; what is behind the answer in it is left as it was [D-RESPONSE-PAGE].
 */
static uint16_t request_serve(struct swpsp *p, struct snp_guest *g, uint64_t response,
			      struct work *w)
{
	uint8_t vmpck = w->request[MSG_VMPCK];
	uint16_t status = request_open(g, w->request, w->payload);

	if (!status)
		status = request_answer(p, g, w);
	if (!status)
		status = mem_write_in(p, SNP_PAGE_OUTPUT, response, w->answer,
				      MSG_PAYLOAD + get16(w->answer + MSG_SIZE));
	if (!status)
		g->messages[vmpck] += 2;
	return status;
}

uint16_t cmd_snp_guest_request(struct swpsp *p, uint8_t *cmd)
{
	uint64_t request = mem_address(p, get64(cmd + REQUEST_ADDR));
	uint64_t response = get64(cmd + RESPONSE_ADDR);
	struct work *w = (struct work *)p->chunk;
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_RUNNING, &status);

	_Static_assert(sizeof(*w) <= sizeof(p->chunk), "three pages of scratch");
	if (!g)
		return status;
	if (request % SNP_PAGE_4K)
		return SWPSP_INVALID_ADDRESS;
	/* The only copy: a host may change the page at any time. */
	status = mem_read(p, request, w->request, sizeof(w->request));
	if (!status)
		status = snp_page_check(p, response, SNP_PAGE_4K, SNP_PAGE_OUTPUT, 0, NULL);
	if (!status)
		status = request_serve(p, g, response, w);
	OPENSSL_cleanse(w, sizeof(*w));
	return status;
}
