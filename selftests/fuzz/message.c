// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of hostile guests: in good envelopes, so that the firmware opens them, and in
 * envelopes that were changed afterwards. One guest is a migration agent and serves the
 * other; a third one is empty, so that it can be imported.
 */
#include "message_test.h"

#include "fuzz.h"

#define MESSAGES_MAX	8

static struct box box;
static struct talker talkers[2];

static void launch_served(struct box *b, const struct talker *agent, struct talker *t)
{
	uint8_t *c, secrets[0x1000];

	t->gctx = GCTX(1);
	insist(snp_context(b, t->gctx), "a context");
	c = cmd_new(b);
	put64(c, t->gctx);
	put64(c + 8, POLICY | P_MIGRATE);
	put64(c + 0x10, agent->gctx);
	put32(c + 0x18, 1);
	insist(!run(b, SNP_LAUNCH_START) && !snp_activate(b, t->gctx, 2), "a guest with an agent");
	insist(!snp_launch_page(b, t->gctx, 2, PAGE(201), GPA(1), T_SECRETS) &&
	       !swpsp_guest_read(b->psp, 2, PAGE(201), secrets, sizeof(secrets)), "its secrets");
	memcpy(t->key, secrets + 0x20, sizeof(t->key));
	insist(!snp_finish(b, t->gctx), "it runs");
}

void fuzz_ready(void)
{
	struct box *b = &box;

	snp_box_config(b);
	b->config.seed = 1;
	b->config.api_minor = 58;
	insist(box_start(b) && !snp_init_flags(b, 1, 0) && !snp_flush(b), "SNP is up");
	insist(talker_new(b, &talkers[0], 0, POLICY), "an agent");
	launch_served(b, &talkers[0], &talkers[1]);
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

void fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct box *b = &box;
	uint8_t answer[0x1000];

	for (int i = 0; in.left && i < MESSAGES_MAX; i++) {
		uint8_t how = take(&in), type = take(&in), version = take(&in);
		struct talker *t = &talkers[how & 1];
		int vmpck = how >> 1 & 3, number = how & 0x40 ? take(&in) : 1;
		uint8_t payload[PAYLOAD_MAX] = { 0 };
		size_t len = take_some(&in, payload, sizeof(payload));

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
