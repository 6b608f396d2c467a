// SPDX-License-Identifier: GPL-2.0
/*
 * A launch by the ioctls that KVM has had for SNP since Linux 6.11. Headers of
 * distributions do not have all of them yet, so they are written down here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/sevfw.h>
#include <sevfw/snp_launch.h>

#define OP_LAUNCH_START		100
#define OP_LAUNCH_UPDATE	101
#define OP_LAUNCH_FINISH	102

struct op_start {
	uint64_t policy;
	uint8_t gosvw[16];
	uint16_t flags;
	uint8_t pad0[6];
	uint64_t pad1[4];
};

/* KVM moves @gfn, @uaddr and @len on with each page that it has done. */
struct op_update {
	uint64_t gfn;
	uint64_t uaddr;
	uint64_t len;
	uint8_t type;
	uint8_t pad0;
	uint16_t flags;
	uint32_t pad1;
	uint64_t pad2[4];
};

struct op_finish {
	uint64_t block_uaddr;
	uint64_t auth_uaddr;
	uint8_t block_en;
	uint8_t author_en;
	uint8_t no_vcek;
	uint8_t host_data[32];
	uint8_t pad0[3];
	uint16_t flags;
	uint64_t pad1[4];
};

struct prefault {
	uint64_t gpa;
	uint64_t size;
	uint64_t flags;
	uint64_t pad[5];
};

#define PRE_FAULT_MEMORY	_IOWR(KVMIO, 0xd5, struct prefault)

/* KVM's own ioctls set the status to 0 at failures before the command, too. */
static int on_guest(struct snp_launch *l, uint32_t id, void *data)
{
	int ret = sev_kvm_op(l->vm.vm_fd, l->sev_fd, id, data, &l->status);

	l->returned = l->status ? ret : 0;
	return ret;
}

uint32_t snp_launch_status(const struct snp_launch *l, int ret)
{
	return l->returned == ret ? l->status : SEV_FW_NO_CALL;
}

int snp_launch_create(struct snp_launch *l, size_t ram)
{
	struct vm_sev_init init = { .ghcb_version = 2 };
	int ret;

	*l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1, .ops = &snp_launch_kvm };
	ret = vm_create(&l->vm, VM_TYPE_SNP, ram);
	if (ret)
		return ret;
	l->sev_fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	if (l->sev_fd < 0)
		return -errno;
	return on_guest(l, VM_SEV_INIT2, &init);
}

int snp_launch_open(struct snp_launch *l, size_t ram)
{
	int ret = snp_launch_create(l, ram);

	return ret ? ret : vm_add_vcpu(&l->vm);
}

static int kvm_start(struct snp_launch *l, uint64_t policy)
{
	struct op_start op = { .policy = policy };

	l->policy = policy;
	memset(l->digest, 0, sizeof(l->digest));
	return on_guest(l, OP_LAUNCH_START, &op);
}

/*
 * KVM ends at the first page that fails, or when a signal comes. If it has launched others before
 * that one, it says so by what it leaves, and otherwise nothing: only the next call tells why.
 * A page of CPUID that is refused comes back corrected, and the next call would launch it:
 * such pages go one by one, so that the caller hears of it.
 */
static int kvm_update(struct snp_launch *l, enum snp_page_kind kind, uint64_t gpa, size_t pages)
{
	const uint64_t end = gpa + pages * SNP_PAGE_BYTES;
	uint64_t at = gpa;
	int ret;

	do {
		struct op_update op = {
			.gfn = at / SNP_PAGE_BYTES, .uaddr = (uintptr_t)l->vm.memory + at,
			.len = kind == SNP_PAGE_CPUID ? SNP_PAGE_BYTES : end - at, .type = kind,
		};

		ret = on_guest(l, OP_LAUNCH_UPDATE, &op);
		if (!ret && op.gfn <= at / SNP_PAGE_BYTES)
			ret = -EIO;
		for (; at / SNP_PAGE_BYTES < op.gfn; at += SNP_PAGE_BYTES)
			if (snp_digest_page(l->digest, kind, at, l->vm.memory + at))
				return -ENOMEM;
	} while (!ret && at < end);
	return ret;
}

int snp_launch_expect_vcpu(struct snp_launch *l)
{
	uint8_t vmsa[SNP_PAGE_BYTES];

	snp_vmsa_real_mode(vmsa, VM_ENTRY);
	for (unsigned int i = 0; i <= l->more_vcpus; i++)
		if (snp_digest_page(l->digest, SNP_PAGE_VMSA, SNP_VMSA_GPA, vmsa))
			return -ENOMEM;
	return 0;
}

static int kvm_finish(struct snp_launch *l, const struct snp_finish *finish)
{
	struct op_finish op = { 0 };

	if (finish) {
		op.block_uaddr = (uintptr_t)finish->block;
		op.auth_uaddr = (uintptr_t)finish->auth;
		op.block_en = !!finish->block;
		op.author_en = finish->author;
		op.no_vcek = finish->no_vcek;
		memcpy(op.host_data, finish->host_data, sizeof(op.host_data));
	}
	return on_guest(l, OP_LAUNCH_FINISH, &op);
}

const struct snp_launch_ops snp_launch_kvm = {
	.start = kvm_start,
	.update = kvm_update,
	.finish = kvm_finish,
};

int snp_launch_start(struct snp_launch *l, uint64_t policy)
{
	return l->ops->start(l, policy);
}

int snp_launch_update(struct snp_launch *l, enum snp_page_kind kind, uint64_t gpa, size_t pages)
{
	return l->ops->update(l, kind, gpa, pages);
}

int snp_launch_finish(struct snp_launch *l, const struct snp_finish *finish)
{
	return l->ops->finish(l, finish);
}

int snp_launch_prefault(struct snp_launch *l, uint64_t gpa, size_t pages)
{
	struct prefault range = { .gpa = gpa, .size = pages * SNP_PAGE_BYTES };

	return ioctl(l->vm.vcpu_fd, PRE_FAULT_MEMORY, &range) ? -errno : 0;
}

void snp_launch_close(struct snp_launch *l)
{
	vm_destroy(&l->vm);
	if (l->sev_fd >= 0)
		close(l->sev_fd);
	l->sev_fd = -1;
}
