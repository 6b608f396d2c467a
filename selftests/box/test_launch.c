// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's launch from the first command to its output, by pass-through, by the
 * legacy ioctls, and changing over in the middle. The guest owner, whose code is
 * not firmware's, is the judge: it must compute the measurement that firmware
 * delivers, and the guest must print what the owner has sealed.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "kselftest_harness.h"
#include "glue.h"
#include "host.h"
#include "steps.h"

#define RAM	(2 << 20)
#define SECRET	"what only this guest may know"

FIXTURE(launch) {
	struct launch l;
};

/* Which way a command goes: start, then update, then the rest. */
FIXTURE_VARIANT(launch) {
	const struct launch_ops *start, *update, *rest;
	bool by_dev;
	bool session;
};

FIXTURE_VARIANT_ADD(launch, vm_session) {
	.start = &launch_fw, .update = &launch_fw, .rest = &launch_fw, .session = true,
};

FIXTURE_VARIANT_ADD(launch, dev_session) {
	.start = &launch_fw, .update = &launch_fw, .rest = &launch_fw, .by_dev = true,
	.session = true,
};

FIXTURE_VARIANT_ADD(launch, legacy_session) {
	.start = &launch_legacy, .update = &launch_legacy, .rest = &launch_legacy,
	.session = true,
};

FIXTURE_VARIANT_ADD(launch, legacy_start_session) {
	.start = &launch_legacy, .update = &launch_fw, .rest = &launch_fw, .session = true,
};

FIXTURE_VARIANT_ADD(launch, legacy_start_dev_session) {
	.start = &launch_legacy, .update = &launch_fw, .rest = &launch_legacy,
	.by_dev = true, .session = true,
};

FIXTURE_VARIANT_ADD(launch, legacy_update_session) {
	.start = &launch_fw, .update = &launch_legacy, .rest = &launch_fw, .session = true,
};

FIXTURE_VARIANT_ADD(launch, legacy_end_session) {
	.start = &launch_fw, .update = &launch_fw, .rest = &launch_legacy, .by_dev = true,
	.session = true,
};

FIXTURE_VARIANT_ADD(launch, vm) {
	.start = &launch_fw, .update = &launch_fw, .rest = &launch_fw,
};

FIXTURE_VARIANT_ADD(launch, dev) {
	.start = &launch_fw, .update = &launch_fw, .rest = &launch_fw, .by_dev = true,
};

FIXTURE_VARIANT_ADD(launch, legacy) {
	.start = &launch_legacy, .update = &launch_legacy, .rest = &launch_legacy,
};

FIXTURE_VARIANT_ADD(launch, legacy_start) {
	.start = &launch_legacy, .update = &launch_fw, .rest = &launch_fw,
};

FIXTURE_VARIANT_ADD(launch, legacy_update) {
	.start = &launch_fw, .update = &launch_legacy, .rest = &launch_legacy,
};

FIXTURE_SETUP(launch)
{
	bool stock = variant->start == &launch_legacy && variant->update == &launch_legacy &&
		     variant->rest == &launch_legacy;
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | (stock ? 0 : HOST_FW));
	/* pass-through goes together with KVM's own handlers, too */
	serve_legacy(stock);
	GOES(launch_open(l, stock ? &launch_legacy : &launch_fw, OWNER_POLICY_NODBG));
	l->by_dev = variant->by_dev;
	GOES(launch_version(l));
	GOES(launch_certs(l));
	GOES(launch_trust(l, NULL));
	if (variant->session)
		GOES(launch_session(l));
	GOES(launch_vm(l, RAM));
	GOES(launch_init(l));
	GOES(launch_load(l));
	l->ops = variant->start;
}

FIXTURE_TEARDOWN(launch)
{
	launch_close(&self->l);
	serve_legacy(true);
}

/*
 * Run the guest, and see that it prints @expected. Emulated CPUs cannot decrypt:
 * there, a guest whose memory has really been encrypted is not run.
 */
static void run_and_expect(struct __test_metadata *_metadata, struct launch *l,
			   const char *expected)
{
	static const uint8_t mov_si[] = { 0xbe, VM_DATA & 0xff, VM_DATA >> 8 };
	bool readable = !memcmp(l->vm.memory + VM_ENTRY, mov_si, sizeof(mov_si));
	char out[64];

	if (host_swpsp() && !readable)
		return;
	GOES(launch_run(l, out, sizeof(out)));
	EXPECT_STREQ(expected, out);
}

TEST_F(launch, whole)
{
	struct launch *l = &self->l;

	GOES(launch_start(l));
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	l->ops = variant->update;
	GOES(launch_update(l));
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	l->ops = variant->rest;
	GOES(launch_measure(l));
	EXPECT_EQ(GUEST_LSECRET, state_of(l));
	GOES(launch_check(l));
	GOES(launch_secret(l, SECRET));
	GOES(launch_finish(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));
	run_and_expect(_metadata, l, SECRET);
}

/* Any number of pieces, wherever they begin and end: only the bytes count. */
TEST_F(launch, measurement)
{
	struct launch *l = &self->l;
	static const struct {
		uint64_t gpa;
		uint32_t len;
	} pieces[] = {
		{ 0x1000, 0x1000 }, { 0x10000, 16 }, { 0x10ff0, 32 }, { 0x20010, 0x8000 },
		{ 0x100000, 0x80000 }, { RAM - 0x1000, 0x1000 },
	};

	for (size_t i = 0; i < RAM - 0x3000; i += 5)
		l->vm.memory[0x3000 + i] = i * 37 >> 3;
	GOES(launch_start(l));
	l->ops = variant->update;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		GOES(launch_update_at(l, pieces[i].gpa, pieces[i].len));
	l->ops = variant->rest;
	GOES(launch_measure(l));
	GOES(launch_check(l));
}

/* The host loads something else than the owner thinks. */
TEST_F(launch, measurement_of_another)
{
	struct launch *l = &self->l;

	GOES(launch_start(l));
	l->ops = variant->update;
	ASSERT_EQ(OWNER_OK, owner_digest_update(l->digest, l->vm.memory + VM_ENTRY, 0x1000));
	l->vm.memory[VM_ENTRY + 0x123] ^= 1;
	GOES(l->ops->update(l, l->vm.memory + VM_ENTRY, 0x1000));
	l->ops = variant->rest;
	GOES(launch_measure(l));
	EXPECT_EQ(-EKEYREJECTED, launch_check(l));
	EXPECT_EQ(OWNER_MEASUREMENT, l->verdict);
}

TEST_F(launch, wrong_secrets)
{
	struct launch *l = &self->l;
	uint8_t packet[64] = SECRET, header[OWNER_HEADER_SIZE];
	void *to = l->vm.memory + VM_DATA;

	GOES(launch_start(l));
	l->ops = variant->update;
	GOES(launch_update(l));
	l->ops = variant->rest;
	ASSERT_EQ(OWNER_OK, owner_secret_seal(&l->session, l->measure, packet, packet, 64, header));
	REFUSED(INVALID_GUEST_STATE, l->ops->secret(l, header, packet, to, 64));
	GOES(launch_measure(l));
	GOES(launch_check(l));
	/* sealed for a measurement that did not exist yet */
	REFUSED(BAD_MEASUREMENT, l->ops->secret(l, header, packet, to, 64));

	ASSERT_EQ(OWNER_OK, owner_secret_seal(&l->session, l->measure, packet, packet, 64, header));
	for (int i = 0; i < OWNER_HEADER_SIZE; i += 7) {
		header[i] ^= 0x40;
		REFUSED(BAD_MEASUREMENT, l->ops->secret(l, header, packet, to, 64));
		header[i] ^= 0x40;
	}
	packet[63] ^= 1;
	REFUSED(BAD_MEASUREMENT, l->ops->secret(l, header, packet, to, 64));
	packet[63] ^= 1;
	REFUSED(BAD_MEASUREMENT, l->ops->secret(l, header, packet, to, 48));
	/* and nothing of all that has spoilt the launch */
	GOES(l->ops->secret(l, header, packet, to, 64));
	GOES(launch_finish(l));
}

/* Two secrets, the second one over the first. */
TEST_F(launch, second_secret)
{
	struct launch *l = &self->l;

	GOES(launch_start(l));
	l->ops = variant->update;
	GOES(launch_update(l));
	l->ops = variant->rest;
	GOES(launch_measure(l));
	GOES(launch_secret(l, "the first secret"));
	GOES(launch_secret(l, SECRET));
	GOES(launch_finish(l));
	run_and_expect(_metadata, l, SECRET);
}

TEST_F(launch, order)
{
	struct launch *l = &self->l;

	GOES(launch_start(l));
	l->ops = variant->update;
	REFUSED(INVALID_GUEST_STATE, launch_finish(l));
	GOES(launch_update(l));
	l->ops = variant->rest;
	GOES(launch_measure(l));
	REFUSED(INVALID_GUEST_STATE, launch_measure(l));
	REFUSED(INVALID_GUEST_STATE, launch_update(l));
	GOES(launch_finish(l));
	REFUSED(INVALID_GUEST_STATE, launch_finish(l));
	REFUSED(INVALID_GUEST_STATE, launch_secret(l, SECRET));
}

TEST_F(launch, report)
{
	struct launch *l = &self->l;
	uint8_t mnonce[OWNER_NONCE_SIZE], report[OWNER_REPORT_SIZE];

	GOES(launch_start(l));
	l->ops = variant->update;
	GOES(launch_update(l));
	l->ops = variant->rest;
	ASSERT_EQ(OWNER_OK, owner_random(mnonce, sizeof(mnonce)));
	REFUSED(INVALID_GUEST_STATE, l->ops->report(l, mnonce, report));
	GOES(launch_measure(l));
	GOES(launch_check(l));
	GOES(l->ops->report(l, mnonce, report));
	EXPECT_EQ(OWNER_OK, owner_report_check(&l->chain.pek, report, mnonce, l->policy, l->ld));
	GOES(launch_finish(l));
	GOES(l->ops->report(l, mnonce, report));
	EXPECT_EQ(OWNER_OK, owner_report_check(&l->chain.pek, report, mnonce, l->policy, l->ld));
	mnonce[0] ^= 1;
	EXPECT_EQ(OWNER_REPORT, owner_report_check(&l->chain.pek, report, mnonce, l->policy,
						   l->ld));
}

/* Sessions that the firmware must refuse; the VM can still be started after that. */
TEST_F(launch, wrong_sessions)
{
	struct launch *l = &self->l;
	struct owner_session good;

	GOES(launch_session(l));
	good = l->session;
	for (int i = 0; i < OWNER_SESSION_SIZE; i += 9) {
		l->session.blob[i] ^= 0x10;
		REFUSED(BAD_MEASUREMENT, launch_start(l));
		l->session.blob[i] ^= 0x10;
	}
	l->policy = OWNER_POLICY_NOKS;
	REFUSED(BAD_MEASUREMENT, launch_start(l));
	l->policy = good.policy;
	l->session.dh_cert.usage = SEV_USAGE_PEK;
	REFUSED(INVALID_CERTIFICATE, launch_start(l));
	l->session = good;
	l->session.dh_cert.ec.x[5] ^= 1;
	REFUSED(INVALID_CERTIFICATE, launch_start(l));

	l->policy = OWNER_POLICY_NODBG | OWNER_POLICY_API(l->platform.api_major,
							  l->platform.api_minor + 1);
	GOES(launch_session(l));
	REFUSED(POLICY_FAILURE, launch_start(l));
	l->policy = OWNER_POLICY_NODBG | 0x8000;
	GOES(launch_session(l));
	REFUSED(POLICY_FAILURE, launch_start(l));

	l->policy = good.policy;
	l->session = good;
	GOES(launch_start(l));
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
}

/* SEV-ES: launched with its vCPU's state, and attested; not run. */
FIXTURE(es) {
	struct launch l;
};

FIXTURE_VARIANT(es) {
	const struct launch_ops *ops, *vmsa;
};

FIXTURE_VARIANT_ADD(es, legacy) {
	.ops = &launch_legacy, .vmsa = &launch_legacy,
};

FIXTURE_VARIANT_ADD(es, mixed) {
	.ops = &launch_fw, .vmsa = &launch_legacy,
};

FIXTURE_VARIANT_ADD(es, vm) {
	.ops = &launch_fw, .vmsa = &launch_fw,
};

FIXTURE_SETUP(es)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | HOST_ES | (variant->ops == &launch_fw ? HOST_FW : 0));
	GOES(launch_open(l, variant->ops, OWNER_POLICY_NODBG | OWNER_POLICY_ES));
	GOES(launch_version(l));
	GOES(launch_certs(l));
	GOES(launch_session(l));
	GOES(launch_vm(l, RAM));
	GOES(launch_init(l));
	GOES(launch_load(l));
}

/* Is LAUNCH_UPDATE_VMSA one that a VMM may issue, or does KVM keep it to itself? */
static bool may_issue_vmsa(const struct launch *l)
{
	struct sev_fw_door door = launch_door(l);
	struct sev_fw_cmd_info infos[64] = { 0 };
	struct sev_fw_query query;

	if (sev_fw_query(&door, &query, infos, ARRAY_SIZE(infos)))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++)
		if (infos[i].id == SEV_FW_CMD(SEV_FW_LAUNCH_UPDATE_VMSA))
			return infos[i].flags & SEV_FW_INFO_GUEST;
	return false;
}

FIXTURE_TEARDOWN(es)
{
	launch_close(&self->l);
}

TEST_F(es, whole)
{
	struct launch *l = &self->l;
	struct owner_digest *data = owner_digest_new();
	uint8_t ld[OWNER_HASH_SIZE];

	ASSERT_NE(NULL, data);
	ASSERT_EQ(OWNER_OK, owner_digest_update(data, l->vm.memory + VM_ENTRY, 0x1000));
	ASSERT_EQ(OWNER_OK, owner_digest_final(data, ld));
	GOES(launch_start(l));
	GOES(launch_update(l));
	l->ops = variant->vmsa;
	if (l->ops == &launch_fw && !may_issue_vmsa(l))
		SKIP(return, "LAUNCH_UPDATE_VMSA is the driver's own here");
	GOES(launch_update_vmsa(l));
	l->ops = variant->ops;
	GOES(launch_measure(l));
	GOES(launch_check(l));
	/* The save area has been measured, after the data. */
	EXPECT_NE(0, memcmp(ld, l->ld, sizeof(ld)));
	GOES(launch_secret(l, SECRET));
	GOES(launch_finish(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));
}

/* KVM remembers /dev/sev by the number that START came with, also for legacy ioctls. */
TEST(number_of_dev_sev)
{
	struct sev_fw_launch_start block = { 0 };
	struct sev_fw_door door;
	uint32_t status;
	struct launch l;
	int other;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	ASSERT_EQ(0, launch_open(&l, &launch_legacy, 0));
	ASSERT_EQ(0, launch_vm(&l, RAM));
	ASSERT_EQ(0, launch_init(&l));
	ASSERT_EQ(0, launch_load(&l));
	other = dup(l.sev_fd);
	ASSERT_LT(l.sev_fd, other);
	door = sev_fw_door_vm(l.vm.vm_fd, other);
	EXPECT_EQ(0, sev_fw_issue(&door, SEV_FW_LAUNCH_START, &block, sizeof(block), &status));
	close(l.sev_fd);
	l.sev_fd = other;
	EXPECT_EQ(0, launch_update(&l));
	EXPECT_EQ(0, launch_measure(&l));
	launch_close(&l);
}

/*
 * A SEV-ES guest runs with the state that was measured, and ends itself by the protocol of
 * the GHCB's MSR, which needs no handler of exceptions. A vCPU whose state is not encrypted
 * yet has no save area that may be run.
 */
#define TERMINATE_REASON	0x42

/* mov $GHCB's MSR, %ecx; mov $reason << 16 | 0x100, %eax; xor %edx, %edx; wrmsr; vmgexit */
static const uint8_t terminate_code[] = {
	0x66, 0xb9, 0x30, 0x01, 0x01, 0xc0,
	0x66, 0xb8, 0x00, 0x01, TERMINATE_REASON, 0x00,
	0x66, 0x31, 0xd2, 0x0f, 0x30, 0xf3, 0x0f, 0x01, 0xd9, 0xf4,
};

FIXTURE(es_guest) {
	struct launch l;
};

FIXTURE_VARIANT(es_guest) {
	const struct launch_ops *ops;
	bool launched;		/* the vCPU's state is encrypted, and the launch is finished */
};

FIXTURE_VARIANT_ADD(es_guest, fw) {
	.ops = &launch_fw, .launched = true,
};

FIXTURE_VARIANT_ADD(es_guest, legacy) {
	.ops = &launch_legacy, .launched = true,
};

FIXTURE_VARIANT_ADD(es_guest, legacy_at_once) {
	.ops = &launch_legacy, .launched = false,
};

FIXTURE_SETUP(es_guest)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | HOST_ES | HOST_SWPSP |
		   (variant->ops == &launch_legacy ? 0 : HOST_FW));
	GOES(launch_open(l, variant->ops, OWNER_POLICY_NODBG | OWNER_POLICY_ES));
	GOES(launch_version(l));
	GOES(launch_vm(l, RAM));
	GOES(launch_init(l));
	GOES(launch_load(l));
	memcpy(l->vm.memory + VM_ENTRY, terminate_code, sizeof(terminate_code));
	GOES(launch_start(l));
	if (!variant->launched)
		return;
	GOES(launch_update(l));
	GOES(launch_update_vmsa(l));
	GOES(launch_measure(l));
	GOES(launch_finish(l));
}

FIXTURE_TEARDOWN(es_guest)
{
	launch_close(&self->l);
}

TEST_F(es_guest, runs_if_its_state_is_encrypted_and_the_host_lives)
{
	struct kvm_run *run = self->l.vm.run;
	char out[64];

	for (int i = 0; i < 3; i++) {
		EXPECT_GT(0, launch_run(&self->l, out, sizeof(out)));
		if (!variant->launched || i > 0)
			continue;
		/* the simulated processor cannot decrypt: no state that it could load */
		if (host_cipher()) {
			EXPECT_EQ(KVM_EXIT_FAIL_ENTRY, run->exit_reason);
			continue;
		}
		EXPECT_EQ(KVM_EXIT_SYSTEM_EVENT, run->exit_reason);
		EXPECT_EQ(0x100 | TERMINATE_REASON << 16, run->system_event.data[0]);
	}
	EXPECT_STREQ("", out);
}

HOST_TESTS_MAIN
