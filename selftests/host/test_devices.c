// SPDX-License-Identifier: GPL-2.0
/*
 * A Linux guest whose owner is asked, and takes long. The vCPUs are made up: the first wants
 * an answer, the second goes on, as one that Linux schedules processes on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "kselftest_harness.h"
#include "tools/guest/linux.h"
#include "tools/vmm/linux.h"

#define RUN_BYTES	8192
#define TURN_US		1000
#define ANSWER		0x5a
#define OWNER_WORD	0xa5

/* The tool filters text for a terminal; that is tested elsewhere. */
void print_harmless(const char *text, int indent);

void print_harmless(const char *text, int indent)
{
	printf("%*s# %s", indent, "", text);
}

/* ---- vCPUs: the port that each accesses, again and again ---- */

static struct {
	uint16_t port;
	uint8_t direction;
	unsigned int most;	/* so often, then the guest ends */
	unsigned int turns;	/* so often until now; by its own thread */
	uint8_t got;		/* at last */
} vcpus[2];

int vm_enter(struct vm *vm)
{
	const int cpu = vm->vcpu_fd;
	uint8_t *data = (uint8_t *)vm->run + sizeof(*vm->run);
	struct kvm_run *run = vm->run;

	if (__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST))
		return -EINTR;
	usleep(TURN_US);
	if (vcpus[cpu].turns && vcpus[cpu].direction == KVM_EXIT_IO_IN)
		vcpus[cpu].got = *data;
	run->exit_reason = KVM_EXIT_IO;
	run->io.port = vcpus[cpu].port;
	run->io.direction = vcpus[cpu].direction;
	run->io.size = 1;
	run->io.count = 1;
	run->io.data_offset = sizeof(*run);
	*data = OWNER_WORD;
	if (__atomic_fetch_add(&vcpus[cpu].turns, 1, __ATOMIC_SEQ_CST) == vcpus[cpu].most) {
		run->io.port = VM_END_PORT;
		run->io.direction = KVM_EXIT_IO_OUT;
		*data = 0;
	}
	return 0;
}

static unsigned int turns(unsigned int cpu)
{
	return __atomic_load_n(&vcpus[cpu].turns, __ATOMIC_SEQ_CST);
}

/* ---- the owner ---- */

static const uint8_t answer = ANSWER;
static unsigned int asked, turns_meanwhile;

static void answered(struct linux_guest *guest)
{
	guest->inbox = &answer;
	guest->inbox_len = 1;
	guest->inbox_read = 0;
}

/* Answers when the other vCPU has gone on for a while, or never. */
static int ask_slowly(struct linux_guest *guest)
{
	const unsigned int before = turns(1);

	asked++;
	for (int i = 0; turns(1) < before + 20 && i < 1000; i++)
		usleep(TURN_US);
	turns_meanwhile = turns(1) - before;
	answered(guest);
	return 0;
}

static unsigned int asking, most_asking;

/* For any vCPU. */
static int ask_alone(struct linux_guest *guest)
{
	const unsigned int now = __atomic_add_fetch(&asking, 1, __ATOMIC_SEQ_CST);

	asked++;
	if (now > most_asking)
		most_asking = now;
	usleep(20 * TURN_US);
	answered(guest);
	__atomic_sub_fetch(&asking, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int ask_in_vain(struct linux_guest *guest)
{
	(void)guest;
	asked++;
	while (!linux_over())
		usleep(TURN_US);
	return -ETIME;
}

/* ---- the guest ---- */

FIXTURE(devices) {
	struct vm vm;
	struct linux_guest guest;
	uint8_t outbox[100];
};

FIXTURE_SETUP(devices)
{
	self->vm = (struct vm)VM_NONE;
	self->vm.vcpu_fd = 0;
	self->vm.run = calloc(1, RUN_BYTES);
	self->guest.vm = &self->vm;
	self->guest.cpus = 2;
	self->guest.more[0] = self->vm;
	self->guest.more[0].vcpu_fd = 1;
	self->guest.more[0].run = calloc(1, RUN_BYTES);
	self->guest.outbox = self->outbox;
	self->guest.outbox_room = sizeof(self->outbox);
	ASSERT_TRUE(self->vm.run && self->guest.more[0].run);
	memset(vcpus, 0, sizeof(vcpus));
	asked = 0;
	most_asking = 0;
	turns_meanwhile = 0;
	vcpus[0].port = OWNER_PORT;
	vcpus[0].direction = KVM_EXIT_IO_IN;
	vcpus[0].most = 1;
	vcpus[1].port = VM_PORT;
	vcpus[1].direction = KVM_EXIT_IO_OUT;
	vcpus[1].most = ~0u;
}

FIXTURE_TEARDOWN(devices)
{
	free(self->vm.run);
	free(self->guest.more[0].run);
}

TEST_F_TIMEOUT(devices, other_vcpus_go_on_while_the_owner_is_asked, 20)
{
	self->guest.ask = ask_slowly;
	EXPECT_EQ(0, linux_run(&self->guest));
	EXPECT_EQ(1, asked);
	EXPECT_LE(20, turns_meanwhile);
	EXPECT_EQ(ANSWER, vcpus[0].got);
}

/* Another vCPU of a hostile guest must neither ask meanwhile nor read half of an answer. */
TEST_F_TIMEOUT(devices, one_vcpu_at_a_time_speaks_to_the_owner, 20)
{
	self->guest.ask = ask_alone;
	for (int cpu = 0; cpu < 2; cpu++) {
		vcpus[cpu].port = OWNER_PORT;
		vcpus[cpu].direction = KVM_EXIT_IO_IN;
		vcpus[cpu].most = 100;
	}
	EXPECT_EQ(0, linux_run(&self->guest));
	EXPECT_LE(1, asked);
	EXPECT_EQ(1, most_asking);
}

TEST_F_TIMEOUT(devices, nothing_is_added_to_a_question, 20)
{
	self->guest.ask = ask_slowly;
	vcpus[1].port = OWNER_PORT;
	EXPECT_EQ(0, linux_run(&self->guest));
	EXPECT_EQ(1, asked);
	EXPECT_LE(20, turns_meanwhile);
	/* some before, some after it, and none of the 20 */
	EXPECT_GE(turns(1) - turns_meanwhile + 1, self->guest.outbox_len);
}

TEST_F_TIMEOUT(devices, a_limit_holds_while_the_owner_is_awaited, 20)
{
	struct timespec begin, end;

	self->guest.ask = ask_in_vain;
	self->guest.limit = 1;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	EXPECT_EQ(-ETIME, linux_run(&self->guest));
	clock_gettime(CLOCK_MONOTONIC, &end);
	EXPECT_EQ(1, asked);
	EXPECT_LE(1, end.tv_sec - begin.tv_sec);
	EXPECT_GE(10, end.tv_sec - begin.tv_sec);
}

TEST_HARNESS_MAIN
