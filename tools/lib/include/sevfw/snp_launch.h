/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The launch of an SNP guest, step by step, and the digest that its owner expects meanwhile.
 * A launch goes by KVM's own ioctls (snp_launch.c), or by the firmware's blocks (snp_pass.c) if
 * @ops is changed; on one guest, steps of both kinds can be mixed.
 *
 *	snp_launch_open()      VM, private memory, a vCPU in real mode
 *	snp_launch_start()
 *	snp_launch_update()    for each range of pages
 *	snp_launch_finish()    the vCPU's state, and the end
 *	snp_launch_close()     at any time
 *
 * Guest memory is private from the beginning: what is launched is copied out of the
 * memory slot, vm.memory, at the address that it has in there.
 *
 * Functions return 0 or a negative errno. -EIO: the firmware refused, @status says why.
 */
#ifndef SEVFW_SNP_LAUNCH_H
#define SEVFW_SNP_LAUNCH_H

#include <stdbool.h>

#include "sevfw.h"
#include "snp_owner.h"
#include "vm.h"

struct snp_finish;
struct snp_launch;

/**
 * struct snp_launch_ops - a way to launch
 * @start: snp_launch_start()
 * @update: snp_launch_update()
 * @finish: snp_launch_finish()
 */
struct snp_launch_ops {
	int (*start)(struct snp_launch *l, uint64_t policy);
	int (*update)(struct snp_launch *l, enum snp_page_kind kind, uint64_t gpa, size_t pages);
	int (*finish)(struct snp_launch *l, const struct snp_finish *finish);
};

extern const struct snp_launch_ops snp_launch_kvm;	/* after snp_launch_open() */
extern const struct snp_launch_ops snp_launch_pass;

/**
 * struct snp_launch - a launch
 * @vm: the machine
 * @ops: how it goes on
 * @sev_fd: /dev/sev
 * @by_dev: blocks go in by /dev/sev, and not by the VM
 * @more_vcpus: that the VM has by vm_more_vcpu(), numbered from 1 on
 * @status: the firmware's last status, or SEV_FW_NO_CALL
 * @returned: the same command's return value; see snp_launch_status()
 * @policy: policy that the guest was started with
 * @digest: digest that the owner expects
 */
struct snp_launch {
	struct vm vm;
	const struct snp_launch_ops *ops;
	int sev_fd;
	bool by_dev;
	unsigned int more_vcpus;
	uint32_t status;
	int returned;
	uint64_t policy;
	uint8_t digest[SNP_DIGEST_BYTES];
};

/** snp_launch_status() - as launch_status() */
uint32_t snp_launch_status(const struct snp_launch *l, int ret);

/** snp_launch_create() - a VM with @ram bytes of RAM, no vCPU; snp_launch_close() it in any case */
int snp_launch_create(struct snp_launch *l, size_t ram);

/** snp_launch_open() - snp_launch_create(), and the vCPU */
int snp_launch_open(struct snp_launch *l, size_t ram);

/** snp_launch_start() - with @policy, SNP_POLICY_* */
int snp_launch_start(struct snp_launch *l, uint64_t policy);

/**
 * snp_launch_update() - make pages the guest's
 * @l: launch
 * @kind: their type
 * @gpa: address of the first one
 * @pages: how many
 *
 * The expected digest goes along with those that were launched.
 *
 * Return: 0 or a negative errno.
 */
int snp_launch_update(struct snp_launch *l, enum snp_page_kind kind, uint64_t gpa, size_t pages);

/**
 * struct snp_finish - options of LAUNCH_FINISH
 * @block: ID block, SNP_ID_BLOCK_BYTES; NULL: none
 * @auth: page that authenticates it, SNP_ID_AUTH_BYTES
 * @author: the page has an author's key
 * @no_vcek: the guest must not use the chip's key
 * @host_data: appears in reports
 */
struct snp_finish {
	const void *block;
	const void *auth;
	bool author;
	bool no_vcek;
	uint8_t host_data[32];
};

/** snp_launch_expect_vcpu() - add the state of all vCPUs to the expected digest */
int snp_launch_expect_vcpu(struct snp_launch *l);

/** snp_launch_finish() - @finish may be NULL; the expected digest is not changed */
int snp_launch_finish(struct snp_launch *l, const struct snp_finish *finish);

/** snp_pass_issue() - any command on the guest, with @block of @len bytes as its block */
int snp_pass_issue(struct snp_launch *l, uint32_t id, void *block, uint32_t len);

/** snp_pass_vcpu() - only the state of a vCPU, which is not added to the digest */
int snp_pass_vcpu(struct snp_launch *l, unsigned int number);

/** snp_pass_end() - SNP_LAUNCH_FINISH alone */
int snp_pass_end(struct snp_launch *l, const struct snp_finish *finish);

/** snp_launch_prefault() - let KVM give the guest private pages that were never launched */
int snp_launch_prefault(struct snp_launch *l, uint64_t gpa, size_t pages);

/** snp_launch_close() - end the guest */
void snp_launch_close(struct snp_launch *l);

#endif /* SEVFW_SNP_LAUNCH_H */
