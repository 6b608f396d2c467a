// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of hostile guests: in good envelopes, so that the firmware opens them, and in
 * envelopes that were changed afterwards. One guest is a migration agent and serves a second
 * one, which was exported; a third one is empty, so that the second can be imported, and a fourth
 * is an image that was launched to absorb it.
 */
#include "message_test.h"

#include "fuzz.h"

#define MESSAGES_MAX	8
#define CONTEXT_AT	0x20	/* of an exported guest, in each of an agent's messages */
#define CONTEXT_SIZE	0x300
#define IMAGE_FLAG	2	/* of LAUNCH_START */
#define ABOUT_GUEST	0x20	/* beside the type of a message */
#define BRINGS_GUEST	0x40

static struct world {
	struct box box;
	struct talker talkers[4];
	uint8_t exported[PAYLOAD_MAX];
} worlds[FUZZ_WORLDS];

static void ready(struct world *w)
{
	uint8_t request[0x10] = { 0 };
	struct talker *t = w->talkers;
	struct box *b = &w->box;

	snp_box_config(b);
	b->config.seed = 1;
	b->config.api_minor = 58;
	insist(box_start(b) && !snp_init_flags(b, 1, 0) && !snp_flush(b), "SNP is up");
	insist(talker_new(b, &t[0], 0, POLICY), "an agent");
	insist(talker_launch_served(b, &t[1], &t[0], 1, 0) && !snp_finish(b, t[1].gctx),
	       "a guest with an agent");
	insist(talker_launch_served(b, &t[3], &t[0], 3, IMAGE_FLAG), "an image");
	put64(request, t[1].gctx);
	insist(talk(b, &t[0], 0, M_EXPORT, 1, request, sizeof(request), w->exported) ==
	       CONTEXT_AT + CONTEXT_SIZE && !get32(w->exported), "an exported guest");
	/* which it will be when it has been imported */
	t[2] = t[1];
	t[2].gctx = GCTX(2);
	insist(snp_context(b, GCTX(2)), "an empty context");
}

void fuzz_ready(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		ready(&worlds[i]);
}

/* Bytes of the envelope that are not as they were sealed */
static void change(struct box *b, struct input *in)
{
	for (int n = take(in) & 7; n; n--) {
		uint32_t where = take(in);

		at(b, REQUEST)[where] ^= take(in);
	}
}

/* An agent's request names a guest, and perhaps brings what was exported, but for some bytes. */
static size_t name_guest(const uint8_t *exported, struct input *in, bool brings,
			 uint8_t payload[PAYLOAD_MAX], size_t len)
{
	put64(payload, GCTX(take(in) & 3));
	if (!brings)
		return len;
	put32(payload + 8, CONTEXT_SIZE);
	put32(payload + 12, get32(exported + 8));
	memcpy(payload + CONTEXT_AT, exported + CONTEXT_AT, CONTEXT_SIZE);
	for (int n = take(in) & 7; n; n--) {
		size_t where = take(in);

		where |= (size_t)take(in) << 8;
		payload[where % (CONTEXT_AT + CONTEXT_SIZE)] ^= take(in);
	}
	return CONTEXT_AT + CONTEXT_SIZE;
}

void fuzz_one(unsigned int world, const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct world *w = &worlds[world];
	struct box *b = &w->box;
	uint8_t answer[0x1000];

	for (int i = 0; in.left && i < MESSAGES_MAX; i++) {
		uint8_t how = take(&in), type = take(&in), version = take(&in);
		struct talker *t = &w->talkers[(how & 1) | (how >> 2 & 2)];
		int vmpck = how >> 1 & 3, number = how & 0x40 ? take(&in) : 1;
		uint8_t payload[PAYLOAD_MAX] = { 0 };
		size_t len = take_some(&in, payload, sizeof(payload));

		if (type & ABOUT_GUEST)
			len = name_guest(w->exported, &in, type & BRINGS_GUEST, payload, len);
		message_seal(b, t, vmpck, t->last[vmpck] + number, type & 0x1f, version, payload,
			     len);
		if (how & 0x80)
			change(b, &in);
		if (message_send(b, t->gctx))
			continue;
		t->last[vmpck] += 2;
		/* the guest can open each answer, unless its envelope was changed */
		insist(how & 0xc0 || message_open(b, t, answer) >= 0, "an answer that opens");
	}
	/* which touches so many pages that it would take a third of the time */
	if (size & 1)
		swpsp_free(b->psp);
}
