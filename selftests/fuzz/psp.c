// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile commands for the software PSP, in either of two machines: one with SEV and SEV-ES,
 * one with SNP. An input is a program: commands whose blocks are words from a list of
 * addresses, small numbers, lengths, or anything; bytes written to memory, or what chance would
 * not find (signatures, pages that make a large one); instructions on the reverse map table;
 * WBINVD; a ring of commands; guests in a state.
 */
#include "idblock_test.h"
#include "message_test.h"

#include "fuzz.h"

#define STEPS_MAX	64
#define RING_MAX	32
#define IMAGE_SIZE	0x400
#define LENGTHS		(sizeof(lengths) / sizeof(lengths[0]))
#define PLACES		(sizeof(places) / sizeof(places[0]))
#define IDS		(sizeof(ids) / sizeof(ids[0]))

static struct {
	struct box boxes[2];
	struct talker talker;	/* in the second one */
} worlds[FUZZ_WORLDS];
static EVP_PKEY *owner, *author;

static const uint8_t ids[] = {
	INIT, SHUTDOWN, PLATFORM_RESET, PLATFORM_STATUS, PEK_GEN, PEK_CSR, PEK_CERT_IMPORT,
	PDH_CERT_EXPORT, PDH_GEN, DF_FLUSH, DOWNLOAD_FIRMWARE, GET_ID, INIT_EX, NOP, RING_BUFFER,
	DECOMMISSION, ACTIVATE, DEACTIVATE, GUEST_STATUS, COPY, ACTIVATE_EX, LAUNCH_START,
	LAUNCH_UPDATE_DATA, LAUNCH_UPDATE_VMSA, LAUNCH_MEASURE, LAUNCH_UPDATE_SECRET,
	LAUNCH_FINISH, ATTESTATION, SEND_START, SEND_UPDATE_DATA, SEND_UPDATE_VMSA, SEND_FINISH,
	SEND_CANCEL, RECEIVE_START, RECEIVE_UPDATE_DATA, RECEIVE_UPDATE_VMSA, RECEIVE_FINISH,
	DBG_DECRYPT, DBG_ENCRYPT, SWAP_OUT, SWAP_IN, SNP_INIT_CMD, SNP_SHUTDOWN,
	SNP_PLATFORM_STATUS, SNP_DF_FLUSH, SNP_INIT_EX, SNP_SHUTDOWN_EX, SNP_DECOMMISSION,
	SNP_ACTIVATE, SNP_GUEST_STATUS, SNP_GCTX_CREATE, SNP_GUEST_REQUEST, SNP_ACTIVATE_EX,
	SNP_HV_REPORT_REQ, SNP_LAUNCH_START, SNP_LAUNCH_UPDATE, SNP_LAUNCH_FINISH,
	SNP_DBG_DECRYPT, SNP_DBG_ENCRYPT, SNP_VERIFY_MITIGATION, SNP_SWAP_OUT, SNP_SWAP_IN,
	SNP_PAGE_MOVE, SNP_MD_INIT, SNP_SET_STATE, SNP_RECLAIM, SNP_UNSMASH, SNP_CONFIG,
	SNP_DOWNLOAD_EX, SNP_COMMIT, SNP_VLEK_LOAD, SNP_FEATURE_INFO,
};

static const uint64_t places[] = {
	CMD, TMR, BLOB, BLOB2, BLOB3, BLOB4, RESULT, METADATA, GCTX(0), GCTX(1), GCTX(2),
	REQUEST, RESPONSE, PAGE(0), PAGE(1), PAGE(2), PAGE(40), PAGE(200), HUGE,
	MEMORY - 0x1000, MEMORY - 16, OUTSIDE, ASEG, BLOB3 + 0x1000, BLOB3 + 0x4000,
	C_BIT | PAGE(0), GPA(0), GPA(1), 0x301000, 0x302000, 0x303000, ~0ull - 4095,
};

static const uint32_t lengths[] = {
	0x80, 0xd0, 0x100, 0x200, 0x824, 0xc80, 0x1000, 0x186c, 0x2000, 0x4000, 0x5000, 0x8000,
	0x20000, 0x100000, 0x30000, IMAGE_SIZE, 0xfa0, 0xffffffff, 0x80000000, 0x7fffffff,
	0xfffffff0,
};

/* Half of a word: a small number, or one from the list of lengths. */
static uint32_t half(struct input *in)
{
	uint8_t b = take(in);

	return b < 0x80 ? b : lengths[(b & 0x7f) % LENGTHS];
}

static uint64_t word(struct input *in)
{
	uint8_t tag = take(in);
	uint64_t value;

	if (tag < 0x40)
		return places[tag % PLACES];
	if (tag < 0x80)
		return places[tag % PLACES] + 16ull * take(in);
	if (tag < 0xc0) {
		value = half(in);
		return value | (uint64_t)half(in) << 32;
	}
	if (tag < 0xe0)
		return tag & 0x1f;
	value = 0;
	for (int i = 0; i < 8; i++)
		value |= (uint64_t)take(in) << 8 * i;
	return value;
}

/* In the machine's memory, with room for @size bytes */
static uint64_t place(struct input *in, size_t size)
{
	return word(in) % (MEMORY - size);
}

static void command(struct box *b, struct input *in)
{
	uint8_t *c = cmd_new(b), words = take(in) % 14, id = take(in);

	for (int i = 0; i < words; i++)
		put64(c + 8 * i, word(in));
	swpsp_command(b->psp, id < 0xf0 ? ids[id % IDS] : id, id == 0xff ? word(in) : CMD);
}

static void poke_memory(struct box *b, struct input *in)
{
	uint8_t bytes[0x1000];
	uint64_t to = place(in, sizeof(bytes));

	memcpy(at(b, to), bytes, take_some(in, bytes, sizeof(bytes)));
}

static void change_table(struct box *b, struct input *in)
{
	uint64_t addr = place(in, 0x1000) & ~0xfffull, gpa = word(in);
	uint8_t asid = take(in), flags = take(in);

	if (b->config.rmp)
		hv_update(b, addr, gpa, asid, flags & 1, flags & 2, flags & 4);
}

static void send_message(struct box *b, struct talker *t, struct input *in)
{
	uint8_t payload[PAYLOAD_MAX] = { 0 }, vmpck = take(in) & 3, type = take(in);
	size_t size = take_some(in, payload, sizeof(payload));

	if (!b->config.rmp)
		return;
	message_seal(b, t, vmpck, ++t->last[vmpck], type, 1, payload, size);
	message_send(b, t->gctx);
	t->last[vmpck]++;
}

/* Of SNP_INIT_EX and SNP_PAGE_SET_STATE, at BLOB */
static void make_list(struct box *b, struct input *in)
{
	uint8_t *list = at(b, BLOB), count = take(in);

	put64(list, count);
	for (int i = 0; i < (count & 7); i++) {
		put64(list + 8 + 16 * i, word(in));
		put64(list + 16 + 16 * i, half(in));
	}
}

/* At BLOB: of firmware that is newer or older, signed */
static void make_image(struct box *b, struct input *in)
{
	uint32_t version = take(in), level;

	version = version << 8 | take(in);
	version = version << 8 | take(in);
	level = half(in);
	insist(!swpsp_sign_image(b->psp, at(b, BLOB), IMAGE_SIZE, version, level), "a signature");
}

/* At BLOB, for the TCB version that is in force */
static void make_vlek(struct box *b)
{
	uint8_t stick[384] = { 1 };

	insist(!swpsp_wrap_vlek(b->psp, stick, 0, at(b, BLOB)), "a wrapped key");
}

/* Small pages in the place of a large one, all but perhaps some of them alike */
static void make_small(struct box *b, struct input *in)
{
	uint8_t asid = take(in), others = take(in) & 3;
	enum rmp_state state = take(in) & 1 ? RMP_PRE_SWAP : RMP_PRE_GUEST;
	struct rmp_page page;
	struct rmp rmp = table(b);

	poke(b, HUGE, state, asid, false);
	page = entry_of(b, HUGE);
	for (uint64_t at = 0; at < 0x200000; at += 0x1000, page.gpa += 0x1000)
		rmp_store(&rmp, HUGE + at, &page);
	for (; others; others--) {
		uint64_t at = 0x1000ull * take(in);

		poke(b, HUGE + at, take(in) % (RMP_PRE_SWAP + 1), asid, false);
	}
}

/* What its sender has signed, or wrapped */
static void make_good(struct box *b, struct input *in)
{
	char digest[2 * 48 + 1] = "";
	uint8_t what = take(in) % 5;

	if (!b->config.rmp && what)
		what = 1;
	switch (what) {
	case 0:
		make_list(b, in);
		break;
	case 1:
		make_image(b, in);
		break;
	case 2:
		make_vlek(b);
		break;
	case 3:
		make_small(b, in);
		break;
	default:	/* for a guest without a page */
		memset(digest, '0', sizeof(digest) - 1);
		id_make(b, digest, owner, author);
	}
}

static void make_guest(struct box *b, struct input *in)
{
	uint8_t how = take(in), asid = take(in) % 16, policy = take(in);

	if (how & 0x80)
		guest_in_state(b, policy, asid, how % (SENT + 1));
	else if (b->config.rmp)
		snp_guest_to(b, GCTX(how % 3), POLICY | (uint64_t)(policy & 3) << 18, asid,
			     how / 3 % 3);
}

static void use_ring(struct box *b, struct input *in)
{
	struct swpsp_ring_io io = { .ctl = 0xc0000000u };

	io.ctl ^= half(in);
	io.tail = half(in) | half(in) << 16;
	if (!swpsp_ring_on(b->psp))
		return;
	swpsp_ring_woken(b->psp);
	for (int i = 0; i < RING_MAX && swpsp_ring_next(b->psp, &io) == SWPSP_RING_COMMAND; i++) {
		swpsp_ring_done(b->psp, &io, swpsp_ring_command(b->psp, &io));
		if (!swpsp_ring_on(b->psp))
			return;
	}
}

static void set_core(struct box *b, struct input *in)
{
	struct swpsp_core core = { .syscfg = word(in), .rmp_base = word(in) };
	uint8_t cpu = take(in);

	core.rmp_end = word(in);
	core.hsave_pa = word(in);
	swpsp_set_core(b->psp, cpu, &core);
}

static void step(struct box *b, struct talker *t, struct input *in)
{
	uint8_t op = take(in);

	switch (op & 0xf) {
	case 0:
		poke_memory(b, in);
		break;
	case 1:
		change_table(b, in);
		break;
	case 2:
		send_message(b, t, in);
		break;
	case 3:
		make_guest(b, in);
		break;
	case 4:
		use_ring(b, in);
		break;
	case 5:
		set_core(b, in);
		break;
	case 6:
		swpsp_longer(b->psp, take(in) & 3);
		break;
	case 7:
		wbinvd_all(b);
		swpsp_command(b->psp, op & 0x80 ? SNP_DF_FLUSH : DF_FLUSH, CMD);
		break;
	case 8:
		make_good(b, in);
		break;
	default:
		command(b, in);
	}
}

static void start(struct box *b)
{
	b->config.seed = 1;
	b->config.api_minor = 58;
	insist(box_start(b), "a platform");
}

static void ready(struct box *b)
{
	box_config(b);
	start(b);
	insist(!init(b, true) && !flush(b), "SEV is up");
	insist(give_certs(b, b), "certificates");
}

static void ready_snp(struct box *b, struct talker *t)
{
	snp_box_config(b);
	start(b);
	insist(!snp_init_flags(b, 1, 0) && !snp_flush(b), "SNP is up");
	insist(talker_new(b, t, 0, POLICY | P_MIGRATE | P_DEBUG), "a guest");
}

void fuzz_ready(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		ready(&worlds[i].boxes[0]);
		ready_snp(&worlds[i].boxes[1], &worlds[i].talker);
	}
	owner = o_new_key();
	author = o_new_key();
}

void fuzz_one(unsigned int world, const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct box *b = &worlds[world].boxes[take(&in) & 1];
	struct swpsp_counts counts;

	for (int i = 0; in.left && i < STEPS_MAX; i++)
		step(b, &worlds[world].talker, &in);
	swpsp_counts(b->psp, &counts);
	/* which touches so many pages that it would take a third of the time */
	if (size & 1)
		swpsp_free(b->psp);
}
