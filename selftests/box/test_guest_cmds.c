// SPDX-License-Identifier: GPL-2.0
/*
 * The commands on a guest that is not being launched: GUEST_STATUS, ATTESTATION,
 * DBG_DECRYPT and DBG_ENCRYPT, COPY, SWAP_OUT and SWAP_IN.
 *
 * Guest memory is looked at only by DBG_DECRYPT, so that all this holds whether
 * memory is really encrypted or not.
 */
#include <errno.h>
#include <string.h>

#include <sevfw/migrate.h>

#include "kselftest_harness.h"
#include "control.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "steps.h"

#define RAM		(2 << 20)
#define FAR		(1 << 20)	/* offset in RAM of where things are copied to */
#define PAGES		64
#define SWAP_2M		0x1
#define SWAP_VMSA	0x4
#define SWAP_IN_PLACE	0x8
#define MDATA_TAG	0x10		/* offset in the metadata entry */

/* A guest that runs and may be debugged, and host memory beside it. */
FIXTURE(guest) {
	struct launch l;
	uint8_t *ram;		/* the guest's, scattered */
	uint8_t *host;
	uint8_t *seen;
};

FIXTURE_VARIANT(guest) {
	bool by_dev;
};

FIXTURE_VARIANT_ADD(guest, vm) {
	.by_dev = false,
};

FIXTURE_VARIANT_ADD(guest, dev) {
	.by_dev = true,
};

FIXTURE_SETUP(guest)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	GOES(guest_running(l, 0, variant->by_dev, RAM));
	self->ram = memory_scattered(RAM / PAGE);
	self->host = memory_scattered(PAGES);
	self->seen = memory_scattered(PAGES);
	ASSERT_NE(NULL, self->ram);
	ASSERT_NE(NULL, self->host);
	ASSERT_NE(NULL, self->seen);
}

FIXTURE_TEARDOWN(guest)
{
	launch_close(&self->l);
}

static int copy(struct launch *l, void *to, const void *from, uint32_t len, uint32_t *done)
{
	struct sev_fw_copy block = {
		.len = len, .src_address = addr_of(from), .dst_address = addr_of(to),
	};
	int ret = ISSUE(l, COPY, block);

	if (done)
		*done = block.len;
	return ret;
}

/* Registered memory must not move, or it could not be decrypted any more. */
TEST_F(guest, registered_memory_stays)
{
	struct launch *l = &self->l;
	uint8_t text[PAGE], seen[PAGE];
	struct host_use use;

	/* by this process and by others, where the kernel counts */
	ASSERT_EQ(0, host_use(&use));
	if (host_swpsp() || use.pins)
		EXPECT_LE(RAM / PAGE, use.pins);
	memory_fill(text, PAGE, 1);
	GOES(guest_poke(l, l->vm.memory + RAM / 2, text, PAGE, NULL));
	for (int i = 0; i < 3; i++)
		if (control_write("/proc/sys/vm/compact_memory", "1"))
			SKIP(return, "this kernel cannot be made to move memory");
	GOES(guest_peek(l, l->vm.memory + RAM / 2, seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(text, seen, PAGE));
}

/* States and reports */

static int send_start(struct launch *l)
{
	struct migrate_target target;
	struct migrate_session session;
	int ret = migrate_target(l, NULL, &target);

	return ret ? ret : migrate_send_start(l, &target, &session);
}

TEST_F(guest, states)
{
	struct launch *l = &self->l;
	struct sev_fw_guest_status status = { 0 };

	EXPECT_EQ(GUEST_RUNNING, state_of(l));
	GOES(send_start(l));
	EXPECT_EQ(GUEST_SUPDATE, state_of(l));
	GOES(migrate_send_cancel(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));
	REFUSED(INVALID_GUEST_STATE, migrate_send_finish(l));
	GOES(send_start(l));
	GOES(migrate_send_finish(l));
	EXPECT_EQ(GUEST_SENT, state_of(l));
	REFUSED(INVALID_GUEST_STATE, send_start(l));

	GOES(ISSUE(l, GUEST_STATUS, status));
	EXPECT_EQ(0, status.handle);
	EXPECT_EQ(0, status.asid);
}

static enum owner_result report(struct launch *l, const uint8_t *mnonce, uint8_t *out)
{
	if (l->ops->report(l, mnonce, out))
		return OWNER_LENGTH;
	return owner_report_check(&l->chain.pek, out, mnonce, l->policy, l->ld);
}

TEST_F(guest, attestation)
{
	struct launch *l = &self->l;
	uint8_t mnonce[OWNER_NONCE_SIZE], out[2 * OWNER_REPORT_SIZE];
	struct sev_fw_attestation block = { 0 };

	ASSERT_EQ(OWNER_OK, owner_random(mnonce, sizeof(mnonce)));
	EXPECT_EQ(OWNER_OK, report(l, mnonce, out));
	for (int i = 0; i < OWNER_REPORT_SIZE; i += 11) {
		out[i] ^= 4;
		EXPECT_NE(OWNER_OK, owner_report_check(&l->chain.pek, out, mnonce, l->policy,
						       l->ld)) {
			TH_LOG("byte %d", i);
		}
		out[i] ^= 4;
	}
	GOES(send_start(l));
	EXPECT_EQ(OWNER_OK, report(l, mnonce, out));
	GOES(migrate_send_finish(l));
	EXPECT_EQ(OWNER_OK, report(l, mnonce, out));

	/* the length, by asking; then with more room than needed */
	REFUSED(INVALID_LENGTH, ISSUE(l, ATTESTATION, block));
	EXPECT_EQ(SEV_FW_REPORT_SIZE, block.len);
	memset(out, 0x5a, sizeof(out));
	block = (struct sev_fw_attestation){ .address = addr_of(out), .len = sizeof(out) };
	memcpy(block.mnonce, mnonce, sizeof(mnonce));
	GOES(ISSUE(l, ATTESTATION, block));
	EXPECT_EQ(SEV_FW_REPORT_SIZE, block.len);
	EXPECT_EQ(addr_of(out), block.address);
	EXPECT_EQ(0x5a, out[SEV_FW_REPORT_SIZE]);
	EXPECT_EQ(OWNER_OK, owner_report_check(&l->chain.pek, out, mnonce, l->policy, l->ld));
}

/* Debugging */

TEST_F(guest, debug_large_and_scattered)
{
	static const struct {
		uint32_t guest, host, len;
	} piece[] = {
		{ 0, 0, PAGES * PAGE }, { 16, 32, PAGES * PAGE - 48 }, { 0xff0, 0, 32 },
		{ 0xff0, 0x10, 0x5000 }, { 0x2000, 0x1230, 0x1000 }, { 0x30, 0xfe0, 16 },
	};
	struct launch *l = &self->l;
	uint32_t done;

	for (size_t i = 0; i < ARRAY_SIZE(piece); i++) {
		uint8_t *host = self->host + piece[i].host, *seen = self->seen + piece[i].host;
		uint8_t *guest = self->ram + piece[i].guest;
		uint32_t len = piece[i].len;

		memory_fill(self->host, PAGES * PAGE, i);
		memset(self->seen, 0x5a, PAGES * PAGE);
		GOES(guest_poke(l, guest, host, len, &done));
		EXPECT_EQ(len, done);
		GOES(guest_peek(l, guest, seen, len, &done));
		EXPECT_EQ(len, done);
		EXPECT_EQ(0, memcmp(host, seen, len)) {
			TH_LOG("piece %zu", i);
		}
		/* no byte beside it */
		if (piece[i].host)
			EXPECT_EQ(0x5a, seen[-1]);
		if (piece[i].host + len < PAGES * PAGE)
			EXPECT_EQ(0x5a, seen[len]);
	}
}

TEST_F(guest, debug_wrong)
{
	struct launch *l = &self->l;

	REFUSED(INVALID_ADDRESS, guest_peek(l, self->ram + 8, self->seen, 16, NULL));
	REFUSED(INVALID_LENGTH, guest_peek(l, self->ram, self->seen, 24, NULL));
	REFUSED(INVALID_ADDRESS, guest_poke(l, self->ram + 1, self->host, 16, NULL));
	REFUSED(INVALID_LENGTH, guest_poke(l, self->ram, self->host, 17, NULL));
	DENIED(EINVAL, guest_peek(l, self->ram, self->seen, 0, NULL));
	DENIED(EFAULT, guest_peek(l, NULL, self->seen, 16, NULL));
	DENIED(EFAULT, guest_peek(l, self->ram, NULL, 16, NULL));
}

/* How far it went is told, and what was done until then is there. */
TEST_F(guest, debug_interrupted)
{
	struct launch *l = &self->l;
	uint32_t done, first;

	HOST_NEEDS(HOST_SWPSP);
	memory_fill(self->host, PAGES * PAGE, 1);
	memset(self->seen, 0x5a, PAGES * PAGE);
	GOES(guest_poke(l, self->ram, self->host, PAGES * PAGE, NULL));
	first = memory_run(self->ram, 0x5000);
	ASSERT_EQ(0, fault_refuse(SEV_FW_DBG_DECRYPT, 1, RESOURCE_LIMIT));
	REFUSED(RESOURCE_LIMIT, guest_peek(l, self->ram, self->seen, PAGES * PAGE, &done));
	ASSERT_EQ(0, fault_clear());
	EXPECT_EQ(first, done);
	EXPECT_EQ(0, memcmp(self->host, self->seen, done));
	EXPECT_EQ(0x5a, self->seen[done]);
}

TEST(debug_forbidden)
{
	struct launch guest, *l = &guest;
	uint8_t data[32] __attribute__((aligned(16))) = { 0 };

	HOST_NEEDS(HOST_SEV | HOST_FW);
	GOES(guest_running(l, OWNER_POLICY_NODBG, false, RAM));
	REFUSED(POLICY_FAILURE, guest_peek(l, l->vm.memory, data, sizeof(data), NULL));
	REFUSED(POLICY_FAILURE, guest_poke(l, l->vm.memory, data, sizeof(data), NULL));
	launch_close(l);
}

/* Copying */

TEST_F(guest, copy)
{
	struct launch *l = &self->l;
	uint32_t done, before = host_counter(SWPSP_BAR_COUNT(SEV_FW_COPY));
	uint8_t *to = self->ram + FAR;
	unsigned int runs = 0;

	memory_fill(self->host, PAGES * PAGE, 7);
	GOES(guest_poke(l, self->ram, self->host, PAGES * PAGE, NULL));
	GOES(copy(l, to, self->ram, PAGES * PAGE, &done));
	EXPECT_EQ(PAGES * PAGE, done);
	GOES(guest_peek(l, to, self->seen, PAGES * PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->host, self->seen, PAGES * PAGE));
	GOES(guest_peek(l, self->ram, self->seen, PAGES * PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->host, self->seen, PAGES * PAGE));
	if (!host_swpsp())
		return;
	for (size_t at = 0; at < PAGES * PAGE; runs++) {
		size_t from = memory_run(self->ram + at, PAGES * PAGE - at);
		size_t here = memory_run(to + at, PAGES * PAGE - at);

		at += from < here ? from : here;
	}
	EXPECT_LT(PAGES / 2, runs);
	EXPECT_EQ(runs, host_counter(SWPSP_BAR_COUNT(SEV_FW_COPY)) - before);
}

TEST_F(guest, copy_wrong)
{
	struct launch *l = &self->l;
	bool in_one_piece = memory_run(self->ram, 2 * PAGE) == 2 * PAGE &&
			    memory_run(self->ram + FAR, PAGE) == PAGE;

	DENIED(EINVAL, copy(l, self->ram, self->ram, PAGE, NULL));
	DENIED(EINVAL, copy(l, self->ram + PAGE, self->ram, 2 * PAGE, NULL));
	DENIED(EINVAL, copy(l, self->ram, self->ram + 3 * PAGE, 4 * PAGE, NULL));
	DENIED(EINVAL, copy(l, self->ram, self->ram + FAR, 0, NULL));
	GOES(copy(l, self->ram + 2 * PAGE, self->ram, 2 * PAGE, NULL));
	REFUSED(INVALID_LENGTH, copy(l, self->ram, self->ram + FAR, 16, NULL));
	/*
	 * Two pieces, neither of which is a page; or one, if the kernel has put both pages
	 * side by side, and then the firmware objects to where it begins.
	 */
	if (in_one_piece)
		REFUSED(INVALID_ADDRESS, copy(l, self->ram + 16, self->ram + FAR, PAGE, NULL));
	else
		REFUSED(INVALID_LENGTH, copy(l, self->ram + 16, self->ram + FAR, PAGE, NULL));
}

/* Swapping */

struct swap {
	uint32_t flags;
	uint8_t *guest, *host;
	uint8_t mdata[SEV_FW_SWAP_MDATA_SIZE];
};

#define SOFTWARE_DATA	0x1122334455667788ull

static int swap_out(struct launch *l, struct swap *s)
{
	struct sev_fw_swap_out block = {
		.flags = s->flags & ~SWAP_IN_PLACE, .src_address = addr_of(s->guest),
		.dst_address = addr_of(s->host), .mdata_address = addr_of(s->mdata),
		.software_data = SOFTWARE_DATA,
	};

	return ISSUE(l, SWAP_OUT, block);
}

static int swap_in(struct launch *l, const struct swap *s)
{
	struct sev_fw_swap_in block = {
		.flags = s->flags, .src_address = addr_of(s->host),
		.dst_address = addr_of(s->guest), .mdata_address = addr_of(s->mdata),
	};

	return ISSUE(l, SWAP_IN, block);
}

TEST_F(guest, swap)
{
	struct launch *l = &self->l;
	struct swap s = { .guest = self->ram, .host = self->host + PAGE };
	uint64_t software;

	memory_fill(self->host, PAGE, 3);
	GOES(guest_poke(l, self->ram, self->host, PAGE, NULL));
	GOES(swap_out(l, &s));
	EXPECT_NE(0, memcmp(self->host, s.host, PAGE));
	memcpy(&software, s.mdata, sizeof(software));
	EXPECT_EQ(SOFTWARE_DATA, software);

	/* in at the same place, and at another one */
	memset(self->seen, 0, PAGE);
	GOES(guest_poke(l, self->ram, self->seen, PAGE, NULL));
	GOES(swap_in(l, &s));
	GOES(guest_peek(l, self->ram, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->host, self->seen, PAGE));
	s.guest = self->ram + FAR;
	GOES(swap_in(l, &s));
	GOES(guest_peek(l, s.guest, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->host, self->seen, PAGE));
}

TEST_F(guest, swap_tampered)
{
	struct launch *l = &self->l;
	struct swap s = { .guest = self->ram, .host = self->host };

	GOES(swap_out(l, &s));
	memory_fill(self->host + PAGE, PAGE, 4);
	GOES(guest_poke(l, self->ram, self->host + PAGE, PAGE, NULL));
	for (int i = 0; i < MDATA_TAG + 16; i += 5) {
		s.mdata[i] ^= 0x20;
		REFUSED(BAD_MEASUREMENT, swap_in(l, &s));
		s.mdata[i] ^= 0x20;
	}
	s.host[PAGE - 1] ^= 1;
	REFUSED(BAD_MEASUREMENT, swap_in(l, &s));
	s.host[PAGE - 1] ^= 1;
	s.flags = SWAP_VMSA;
	REFUSED(INVALID_PARAM, swap_in(l, &s));
	REFUSED(INVALID_PARAM, swap_out(l, &s));
	s.flags = SWAP_IN_PLACE;
	REFUSED(INVALID_PARAM, swap_in(l, &s));
	s.flags = 0;
	s.guest += 16;
	DENIED(EINVAL, swap_out(l, &s));
	s.guest -= 16;
	GOES(guest_peek(l, self->ram, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->host + PAGE, self->seen, PAGE));
	GOES(swap_in(l, &s));
}

TEST_F(guest, swap_in_place)
{
	struct launch *l = &self->l;
	struct swap s = { .flags = SWAP_IN_PLACE, .guest = self->ram, .host = self->ram };

	memory_fill(self->host, PAGE, 5);
	GOES(guest_poke(l, self->ram, self->host, PAGE, NULL));
	GOES(swap_out(l, &s));
	GOES(guest_peek(l, self->ram, self->seen, PAGE, NULL));
	EXPECT_NE(0, memcmp(self->host, self->seen, PAGE));
	GOES(swap_in(l, &s));
	GOES(guest_peek(l, self->ram, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->host, self->seen, PAGE));
}

TEST_F(guest, swap_huge)
{
	struct launch *l = &self->l;
	uint8_t *guest = memory_huge(1), *host = memory_huge(1), *seen = memory_huge(1);
	struct swap s = { .flags = SWAP_2M, .guest = guest, .host = host };

	if (!guest || !host || !seen)
		SKIP(return, "the kernel has no huge pages to give");
	memory_fill(host, HUGE_PAGE, 6);
	GOES(guest_poke(l, guest, host, HUGE_PAGE, NULL));
	GOES(swap_out(l, &s));
	memset(seen, 0, HUGE_PAGE);
	GOES(guest_poke(l, guest, seen, HUGE_PAGE, NULL));
	s.flags = 0;
	REFUSED(INVALID_PARAM, swap_in(l, &s));
	s.flags = SWAP_2M;
	GOES(swap_in(l, &s));
	GOES(guest_peek(l, guest, seen, HUGE_PAGE, NULL));
	memory_fill(host, HUGE_PAGE, 6);
	EXPECT_EQ(0, memcmp(host, seen, HUGE_PAGE));
}

/* 2 MiB of small pages are not one page. */
TEST_F(guest, swap_huge_that_is_not)
{
	struct launch *l = &self->l;
	uint8_t *host = memory_huge(1);
	struct swap s = { .flags = SWAP_2M, .guest = self->ram, .host = host };

	if (!host)
		SKIP(return, "the kernel has no huge pages to give");
	DENIED(EINVAL, swap_out(l, &s));
	DENIED(EINVAL, swap_in(l, &s));
}

HOST_TESTS_MAIN
