// SPDX-License-Identifier: GPL-2.0
/*
 * SEV and SEV-ES guests, each in a slot: they come, are launched step by step, are mirrored and
 * moved, have memory registered, run, and go.
 */
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include <linux/kvm.h>

#include "acts_internal.h"

#define ENTER_US	2000	/* a vCPU is called back after that */

static void slot_close(struct launch *l)
{
	if (l->ops)
		launch_close(l);
	*l = (struct launch){ .vm = VM_NONE, .sev_fd = -1 };
}

static int slot_fill(struct launch *l, uint8_t how)
{
	int ret = launch_open(l, how & 4 ? &launch_legacy : &launch_fw,
			      how & 1 ? OWNER_POLICY_ES : 0);

	l->by_dev = how & 2;
	l->typed = how & 64 && vm_has_type(VM_TYPE_SEV_ES);
	if (!ret)
		ret = launch_steps(l, RAM, STEP_VM | STEP_INIT);
	if (!ret)
		vm_load_payload(&l->vm);
	return ret ? ret : vm_register(&l->vm);
}

/* Any step, and it is counted as the command that it is. */
int slot_step(struct launch *l, uint32_t id, int (*take_step)(struct launch *l))
{
	int ret;

	l->status = SEV_FW_NO_CALL;
	ret = take_step(l);
	count_command(id, ret, l->status);
	return ret;
}

/* A guest that is started, where there is none */
void slot_start(struct launch *l)
{
	if (!slot_fill(l, 0))
		slot_step(l, SEV_FW_LAUNCH_START, launch_start);
}

static int update_payload(struct launch *l)
{
	return l->ops->update(l, l->vm.memory, PAGE);
}

void act_guest(struct reader *r)
{
	struct launch *l = arg_slot(r);
	uint8_t how = arg_byte(r);
	int ret;

	slot_close(l);
	if (how & 0x80)
		return;
	ret = slot_fill(l, how);
	if (!ret && how & 8)
		ret = slot_step(l, SEV_FW_LAUNCH_START, launch_start);
	if (!ret && how & 16)
		ret = slot_step(l, SEV_FW_LAUNCH_UPDATE_DATA, update_payload);
	if (!ret && how & 32 && launch_es(l))
		ret = slot_step(l, SEV_FW_LAUNCH_UPDATE_VMSA, launch_update_vmsa);
	if (!ret && how & 32)
		ret = slot_step(l, SEV_FW_LAUNCH_MEASURE, launch_measure);
}

void act_step(struct reader *r)
{
	struct launch *l = arg_guest(r);
	uint8_t buffer[OWNER_REPORT_SIZE] = { 0 }, how = arg_byte(r);
	uint8_t at = arg_byte(r), len = arg_byte(r);
	uint32_t policy, state;
	int ret;

	if (l->vm.vm_fd < 0)
		return;
	l->ops = how & 0x80 ? &launch_legacy : &launch_fw;
	l->by_dev = how & 0x40;
	l->status = SEV_FW_NO_CALL;
	switch (how % 8) {
	case 0:
		slot_step(l, SEV_FW_LAUNCH_START, launch_start);
		break;
	case 1:
		ret = l->ops->update(l, l->vm.memory + at % (RAM / PAGE) * PAGE, 16 << len % 15);
		count_command(SEV_FW_LAUNCH_UPDATE_DATA, ret, l->status);
		break;
	case 2:
		slot_step(l, SEV_FW_LAUNCH_UPDATE_VMSA, launch_update_vmsa);
		break;
	case 3:
		slot_step(l, SEV_FW_LAUNCH_MEASURE, launch_measure);
		break;
	case 4:
		slot_step(l, SEV_FW_LAUNCH_FINISH, launch_finish);
		break;
	case 5:
		ret = l->ops->state(l, &policy, &state);
		count_command(SEV_FW_GUEST_STATUS, ret, l->status);
		break;
	case 6:
		ret = l->ops->report(l, buffer, buffer);
		count_command(SEV_FW_ATTESTATION, ret, l->status);
		break;
	default:
		slot_step(l, SEV_FW_PDH_CERT_EXPORT, launch_certs);
	}
}

void act_context(struct reader *r)
{
	struct launch *to = arg_slot(r), *from = arg_slot(r);
	uint8_t how = arg_byte(r);
	struct kvm_enable_cap enable = {
		.cap = how & 1 ? KVM_CAP_VM_COPY_ENC_CONTEXT_FROM :
				 KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM,
		.args = { from->vm.vm_fd },
	};

	if (how & 6 && to != from) {
		slot_close(to);
		if (launch_open(to, &launch_fw, from->policy) || launch_vm(to, RAM))
			return;
		if (how & 8)
			vm_add_vcpu(&to->vm);
	}
	ioctl(to->vm.vm_fd, KVM_ENABLE_CAP, &enable);
}

void act_region(struct reader *r)
{
	const struct launch *l = arg_guest(r);
	uint8_t how = arg_byte(r);
	uint64_t addr = arg_address(r);
	struct kvm_enc_region region = { .addr = addr, .size = arg_length(r) };

	if (how & 2) {
		region.addr = (uintptr_t)l->vm.memory;
		region.size = RAM;
	}
	if (how & 1)
		ioctl(l->vm.vm_fd, KVM_MEMORY_ENCRYPT_REG_REGION, &region);
	else
		ioctl(l->vm.vm_fd, KVM_MEMORY_ENCRYPT_UNREG_REGION, &region);
}

static struct kvm_run *entered;

/* vm_enter() must end, whatever the guest does. */
static void call_back(int signal)
{
	(void)signal;
	if (entered)
		entered->immediate_exit = 1;
}

void act_vcpu(struct reader *r)
{
	static const struct itimerval soon = { .it_value.tv_usec = ENTER_US }, never;
	struct launch *l = arg_guest(r);
	uint8_t how = arg_byte(r);
	struct vm view;

	if (!l->vm.run || l->vm.vcpu_fd < 0)
		return;
	if (how & 1) {
		vm_more_vcpu(&l->vm, 1 + how % 3, &view);
		vm_drop_vcpu(&view);
	}
	/* only a guest whose registers KVM can see runs in the box */
	l->vm.run->immediate_exit = launch_es(l) || how & 2;
	entered = l->vm.run;
	setitimer(ITIMER_REAL, &soon, NULL);
	vm_enter(&l->vm);
	setitimer(ITIMER_REAL, &never, NULL);
	entered = NULL;
}

void slots_close(void)
{
	for (int i = 0; i < SLOTS; i++)
		slot_close(&world.slot[i]);
}

int slots_open(void)
{
	const struct sigaction act = { .sa_handler = call_back };

	slots_close();
	return sigaction(SIGALRM, &act, NULL) ? -errno : 0;
}
