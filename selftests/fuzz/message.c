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

static struct box box;
static struct talker talkers[4];
static uint8_t exported[PAYLOAD_MAX];

/* By the agent; GCTX(@n) with ASID @n + 1 */
static void launch_served(struct box *b, struct talker *t, unsigned int n, uint32_t flags)
{
	uint8_t *c, secrets[0x1000];

	t->gctx = GCTX(n);
	insist(snp_context(b, t->gctx), "a context");
	c = cmd_new(b);
	put64(c, t->gctx);
	put64(c + 8, POLICY | P_MIGRATE);
	put64(c + 0x10, talkers[0].gctx);
	put32(c + 0x18, 1 | flags);
	insist(!run(b, SNP_LAUNCH_START) && !snp_activate(b, t->gctx, n + 1),
	       "a guest with an agent");
	insist(!snp_launch_page(b, t->gctx, n + 1, PAGE(200 + n), GPA(n), T_SECRETS) &&
	       !swpsp_guest_read(b->psp, n + 1, PAGE(200 + n), secrets, sizeof(secrets)),
	       "its secrets");
	memcpy(t->key, secrets + 0x20, sizeof(t->key));
}

void fuzz_ready(void)
{
	uint8_t request[0x10] = { 0 };
	struct box *b = &box;

	snp_box_config(b);
	b->config.seed = 1;
	b->config.api_minor = 58;
	insist(box_start(b) && !snp_init_flags(b, 1, 0) && !snp_flush(b), "SNP is up");
	insist(talker_new(b, &talkers[0], 0, POLICY), "an agent");
	launch_served(b, &talkers[1], 1, 0);
	insist(!snp_finish(b, talkers[1].gctx), "it runs");
	launch_served(b, &talkers[3], 3, IMAGE_FLAG);
	put64(request, talkers[1].gctx);
	insist(talk(b, &talkers[0], 0, M_EXPORT, 1, request, sizeof(request), exported) ==
	       CONTEXT_AT + CONTEXT_SIZE && !get32(exported), "an exported guest");
	/* which it will be when it has been imported */
	talkers[2] = talkers[1];
	talkers[2].gctx = GCTX(2);
	insist(snp_context(b, GCTX(2)), "an empty context");
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
static size_t name_guest(struct input *in, bool brings, uint8_t payload[PAYLOAD_MAX], size_t len)
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

void fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct box *b = &box;
	uint8_t answer[0x1000];

	for (int i = 0; in.left && i < MESSAGES_MAX; i++) {
		uint8_t how = take(&in), type = take(&in), version = take(&in);
		struct talker *t = &talkers[(how & 1) | (how >> 2 & 2)];
		int vmpck = how >> 1 & 3, number = how & 0x40 ? take(&in) : 1;
		uint8_t payload[PAYLOAD_MAX] = { 0 };
		size_t len = take_some(&in, payload, sizeof(payload));

		if (type & ABOUT_GUEST)
			len = name_guest(&in, type & BRINGS_GUEST, payload, len);
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
	swpsp_free(b->psp);
}
