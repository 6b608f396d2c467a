// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of a launch: which command when, what the owner does in between.
 * How a command reaches firmware is in launch_fw.c and launch_legacy.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/launch.h>

#define PAGE_SIZE	4096

int launch_open(struct launch *l, const struct launch_ops *ops, uint32_t policy)
{
	*l = (struct launch){
		.ops = ops,
		.policy = policy,
		.status = SEV_FW_NO_CALL,
		.vm = VM_NONE,
	};
	owner_session_none(&l->session, policy);
	l->digest = owner_digest_new();
	l->sev_fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	if (l->sev_fd < 0)
		return -errno;
	return l->digest ? 0 : -ENOMEM;
}

struct sev_fw_door launch_door(const struct launch *l)
{
	return l->by_dev ? sev_fw_door_dev(l->sev_fd, l->vm.vm_fd) :
			   sev_fw_door_vm(l->vm.vm_fd, l->sev_fd);
}

/* The owner's verdict becomes an error of the step. */
static int verdict(struct launch *l, enum owner_result result)
{
	l->verdict = result;
	return result ? -EKEYREJECTED : 0;
}

int launch_version(struct launch *l)
{
	return l->ops->version(l);
}

int launch_certs(struct launch *l)
{
	return l->ops->certs(l);
}

int launch_trust(struct launch *l, const struct sev_vendor *vendor)
{
	return verdict(l, sev_chain_verify(&l->pdh, &l->chain, vendor));
}

int launch_session(struct launch *l)
{
	l->with_session = true;
	return verdict(l, owner_session_make(&l->session, &l->pdh, l->policy));
}

int launch_vm(struct launch *l, size_t size)
{
	return vm_create(&l->vm, launch_type(l), size);
}

int launch_init(struct launch *l)
{
	uint32_t id = launch_es(l) ? KVM_SEV_ES_INIT : KVM_SEV_INIT;
	struct vm_sev_init init = { 0 };
	int ret;

	if (l->typed)
		ret = sev_kvm_op(l->vm.vm_fd, l->sev_fd, VM_SEV_INIT2, &init, &l->status);
	else
		ret = sev_kvm_op(l->vm.vm_fd, l->sev_fd, id, NULL, &l->status);
	/* no command of the firmware: a status of 0 says nothing */
	l->returned = l->status ? ret : 0;
	return ret ? ret : vm_add_vcpu(&l->vm);
}

int launch_load(struct launch *l)
{
	vm_load_payload(&l->vm);
	return vm_register(&l->vm);
}

int launch_start(struct launch *l)
{
	return l->ops->start(l);
}

int launch_update(struct launch *l)
{
	return launch_update_at(l, VM_ENTRY, PAGE_SIZE);
}

/* The owner looks first: afterwards there is only ciphertext. */
int launch_update_at(struct launch *l, uint64_t gpa, uint32_t len)
{
	void *addr = l->vm.memory + gpa;
	int ret = verdict(l, owner_digest_update(l->digest, addr, len));

	return ret ? ret : l->ops->update(l, addr, len);
}

int launch_update_vmsa(struct launch *l)
{
	return l->ops->update_vmsa(l);
}

int launch_measure(struct launch *l)
{
	return l->ops->measure(l);
}

/* The launch digest as the platform has signed it. */
static int digest_from_report(struct launch *l)
{
	uint8_t mnonce[OWNER_NONCE_SIZE], report[OWNER_REPORT_SIZE];
	int ret = verdict(l, owner_random(mnonce, sizeof(mnonce)));

	if (!ret)
		ret = l->ops->report(l, mnonce, report);
	if (!ret)
		ret = verdict(l, owner_report_check(&l->chain.pek, report, mnonce, l->policy,
						    NULL));
	if (!ret)
		memcpy(l->ld, owner_report_digest(report), sizeof(l->ld));
	return ret;
}

int launch_check(struct launch *l)
{
	int ret = verdict(l, owner_digest_final(l->digest, l->ld));

	l->digest = NULL;
	if (!ret && launch_es(l))
		ret = digest_from_report(l);
	if (ret)
		return ret;
	return verdict(l, owner_measure_check(&l->session, &l->platform, l->ld, l->measure));
}

int launch_secret_at(struct launch *l, uint64_t gpa, const char *text)
{
	uint8_t secret[VM_DATA_SIZE] = { 0 }, header[OWNER_HEADER_SIZE];
	uint32_t len = (strlen(text) + 1 + 15) & ~15u;
	int ret;

	if (len > sizeof(secret))
		return -E2BIG;
	memcpy(secret, text, strlen(text));
	ret = verdict(l, owner_secret_seal(&l->session, l->measure, secret, secret, len, header));
	return ret ? ret : l->ops->secret(l, header, secret, l->vm.memory + gpa, len);
}

int launch_secret(struct launch *l, const char *text)
{
	return launch_secret_at(l, VM_DATA, text);
}

int launch_finish(struct launch *l)
{
	return l->ops->finish(l);
}

int launch_run(struct launch *l, char *out, size_t size)
{
	return vm_run(&l->vm, out, size);
}

static int step_vm(struct launch *l)
{
	return launch_vm(l, l->ram);
}

static int step_update_vmsa(struct launch *l)
{
	return launch_es(l) ? launch_update_vmsa(l) : 0;
}

static const struct {
	unsigned int step;
	int (*take)(struct launch *l);
} way[] = {
	{ STEP_VERSION, launch_version },
	{ STEP_CERTS, launch_certs },
	{ STEP_SESSION, launch_session },
	{ STEP_VM, step_vm },
	{ STEP_INIT, launch_init },
	{ STEP_LOAD, launch_load },
	{ STEP_START, launch_start },
	{ STEP_UPDATE, launch_update },
	{ STEP_UPDATE_VMSA, step_update_vmsa },
	{ STEP_MEASURE, launch_measure },
	{ STEP_CHECK, launch_check },
	{ STEP_FINISH, launch_finish },
};

int launch_steps(struct launch *l, size_t ram, unsigned int steps)
{
	int ret = 0;

	l->ram = ram;
	for (size_t i = 0; !ret && i < sizeof(way) / sizeof(way[0]); i++)
		if (steps & way[i].step)
			ret = way[i].take(l);
	return ret;
}

uint32_t launch_status(const struct launch *l, int ret)
{
	return l->returned == ret ? l->status : SEV_FW_NO_CALL;
}

void launch_close(struct launch *l)
{
	vm_destroy(&l->vm);
	owner_session_wipe(&l->session);
	if (l->digest)
		owner_digest_final(l->digest, NULL);
	l->digest = NULL;
	if (l->sev_fd >= 0)
		close(l->sev_fd);
	l->sev_fd = -1;
}

const char *launch_error(const struct launch *l, int err)
{
	const uint32_t status = launch_status(l, err);
	const struct kvm_run *run = l->vm.run;
	static char text[192];

	if (err == -EKEYREJECTED)
		snprintf(text, sizeof(text), "guest owner: %s", owner_strerror(l->verdict));
	else if (status == SEV_FW_NO_CALL && err == -ESHUTDOWN)
		snprintf(text, sizeof(text), "%s",
			 "the PSP is dead, or the guest gone with its platform");
	else if (status == SEV_FW_NO_CALL && err == -ENOEXEC && run && run->exit_reason)
		snprintf(text, sizeof(text), "guest: unexpected exit %u", run->exit_reason);
	else
		snprintf(text, sizeof(text), "%s", sev_failure_text(err, status));
	return text;
}
