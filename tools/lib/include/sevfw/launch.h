/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Launching a SEV guest, step by step. Each step exists twice: as the block that
 * firmware defines (launch_fw.c) and as the legacy ioctl (launch_legacy.c). Read
 * the two side by side; a launch may also change from one to the other at any
 * step, since both work on the same guest.
 *
 * Here the VMM plays the guest owner too, so one struct holds what in real life
 * two parties hold.
 *
 * A step returns 0 or a negative errno. -EIO: firmware has refused, @status
 * says why. -EKEYREJECTED: the owner has refused, @verdict says why.
 */
#ifndef SEVFW_LAUNCH_H
#define SEVFW_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "owner.h"
#include "sevfw.h"
#include "vm.h"

struct launch;

/**
 * struct launch_ops - one way to speak to firmware
 * @name: the step's name
 * @version: PLATFORM_STATUS, into @platform and @guest_count of the launch
 * @certs: PDH_CERT_EXPORT, into @pdh and @chain
 * @start: LAUNCH_START with @policy and @session
 * @update: LAUNCH_UPDATE_DATA of @len bytes at @addr
 * @update_vmsa: LAUNCH_UPDATE_VMSA, all vCPUs
 * @measure: LAUNCH_MEASURE, into @measure
 * @secret: LAUNCH_UPDATE_SECRET: @len bytes from @packet, header @header, to @addr
 * @finish: LAUNCH_FINISH
 * @report: ATTESTATION with @mnonce, into @report
 * @state: GUEST_STATUS, into *@policy and *@state
 */
struct launch_ops {
	const char *name;
	int (*version)(struct launch *l);
	int (*certs)(struct launch *l);
	int (*start)(struct launch *l);
	int (*update)(struct launch *l, void *addr, uint32_t len);
	int (*update_vmsa)(struct launch *l);
	int (*measure)(struct launch *l);
	int (*secret)(struct launch *l, const void *header, const void *packet, void *addr,
		      uint32_t len);
	int (*finish)(struct launch *l);
	int (*report)(struct launch *l, const uint8_t *mnonce, uint8_t *report);
	int (*state)(struct launch *l, uint32_t *policy, uint32_t *state);
};

extern const struct launch_ops launch_fw;
extern const struct launch_ops launch_legacy;

/* Guest states, as GUEST_STATUS tells them */
#define GUEST_LUPDATE	1
#define GUEST_LSECRET	2
#define GUEST_RUNNING	3
#define GUEST_SUPDATE	4
#define GUEST_RUPDATE	5
#define GUEST_SENT	6

/**
 * struct launch - one guest on its way, set up by launch_open()
 * @ops: how to speak to firmware; may be changed between steps
 * @sev_fd: /dev/sev
 * @by_dev: pass-through commands on the guest go through /dev/sev
 * @typed: the VM is made as a SEV guest, and not made one later; see launch_type()
 * @with_session: the owner has a session with firmware
 * @policy: guest policy
 * @vm: the machine
 * @ram: its RAM in bytes, as launch_steps() was told
 * @platform: firmware's version
 * @guest_count: guests that firmware held when @version was asked
 * @pdh: the platform's PDH certificate
 * @chain: its chain
 * @session: the owner's keys
 * @digest: the memory that has been loaded so far
 * @ld: launch digest, once launch_check() has run
 * @measure: measurement from firmware
 * @status: firmware's status of the last command
 * @returned: the same command's return value; see launch_status()
 * @verdict: the owner's last decision
 */
struct launch {
	const struct launch_ops *ops;
	int sev_fd;
	bool by_dev;
	bool typed;
	bool with_session;
	uint32_t policy;
	struct vm vm;
	size_t ram;
	struct owner_platform platform;
	uint32_t guest_count;
	struct sev_cert pdh;
	struct sev_chain chain;
	struct owner_session session;
	struct owner_digest *digest;
	uint8_t ld[OWNER_HASH_SIZE];
	uint8_t measure[OWNER_MEASURE_SIZE];
	uint32_t status;
	int returned;
	enum owner_result verdict;
};

/* The steps, in order. Memory sizes are in bytes. */

/** launch_open() - set up *@l and open /dev/sev; launch_close() it in any case */
int launch_open(struct launch *l, const struct launch_ops *ops, uint32_t policy);

/** launch_version() - firmware's version */
int launch_version(struct launch *l);

/** launch_certs() - the platform's certificates */
int launch_certs(struct launch *l);

/** launch_trust() - the owner verifies them, up to the vendor's if @vendor is given */
int launch_trust(struct launch *l, const struct sev_vendor *vendor);

/** launch_session() - the owner makes a session for this platform */
int launch_session(struct launch *l);

/** launch_vm() - a VM with @size bytes of RAM */
int launch_vm(struct launch *l, size_t size);

/** launch_init() - make it a SEV guest (or SEV-ES, by policy) and add a vCPU */
int launch_init(struct launch *l);

/** launch_load() - put the payload into RAM and pin it */
int launch_load(struct launch *l);

int launch_start(struct launch *l);

/** launch_update() - encrypt the payload's page, and let the owner know of it */
int launch_update(struct launch *l);

/** launch_update_at() - the same for @len bytes at guest address @gpa */
int launch_update_at(struct launch *l, uint64_t gpa, uint32_t len);

int launch_update_vmsa(struct launch *l);
int launch_measure(struct launch *l);

/**
 * launch_check() - the owner compares the measurement
 * @l: launch
 *
 * With SEV-ES the owner cannot know the vCPU state that KVM has made up, and
 * takes the launch digest from a report that the platform has signed.
 */
int launch_check(struct launch *l);

/** launch_secret() - the owner seals @text, firmware puts it at VM_DATA */
int launch_secret(struct launch *l, const char *text);

/** launch_secret_at() - the same for guest address @gpa, a multiple of 16 */
int launch_secret_at(struct launch *l, uint64_t gpa, const char *text);

int launch_finish(struct launch *l);

/* Steps that launch_steps() takes, in this order. */
#define STEP_VERSION		0x001	/* launch_version() and so on */
#define STEP_CERTS		0x002
#define STEP_SESSION		0x004
#define STEP_VM			0x008
#define STEP_INIT		0x010
#define STEP_LOAD		0x020
#define STEP_START		0x040
#define STEP_UPDATE		0x080
#define STEP_UPDATE_VMSA	0x100	/* of a SEV-ES guest only */
#define STEP_MEASURE		0x200
#define STEP_CHECK		0x400
#define STEP_FINISH		0x800
/* The machine, ready for LAUNCH_START; and the firmware's part, from there to the end. */
#define STEPS_HOST		(STEP_VM | STEP_INIT | STEP_LOAD)
#define STEPS_FIRMWARE		(STEP_START | STEP_UPDATE | STEP_UPDATE_VMSA | STEP_MEASURE | \
				 STEP_CHECK | STEP_FINISH)

/**
 * launch_steps() - take several steps, in order, up to the first that fails
 * @l: launch, for which launch_open() was called
 * @ram: bytes of RAM, for STEP_VM
 * @steps: STEP_*
 *
 * Return: 0 or the negative errno of the step that has failed.
 */
int launch_steps(struct launch *l, size_t ram, unsigned int steps);

/** launch_run() - run the guest; @out receives what it has printed */
int launch_run(struct launch *l, char *out, size_t size);

/** launch_close() - end the guest, release everything */
void launch_close(struct launch *l);

/** launch_door() - the door that pass-through commands on the guest use */
struct sev_fw_door launch_door(const struct launch *l);

/** launch_issue() - a pass-through command on the guest, by that door; see sev_fw_issue() */
int launch_issue(struct launch *l, uint32_t id, void *block, uint32_t len);

/** launch_es() - is it to be a SEV-ES guest? */
static inline bool launch_es(const struct launch *l)
{
	return l->policy & OWNER_POLICY_ES;
}

/** launch_type() - the type of its VM */
static inline unsigned int launch_type(const struct launch *l)
{
	if (!l->typed)
		return VM_TYPE_DEFAULT;
	return launch_es(l) ? VM_TYPE_SEV_ES : VM_TYPE_SEV;
}

/**
 * launch_status() - the firmware's status, if a command is why a step has failed
 * @l: launch
 * @ret: return value of the step
 *
 * Return: the status of the last command; 0 if the firmware has done it, and the kernel not
 * what was to follow; SEV_FW_NO_CALL if something else has failed.
 */
uint32_t launch_status(const struct launch *l, int ret);

/** launch_error() - why a step has failed, as a clause in a static buffer */
const char *launch_error(const struct launch *l, int err);

#endif /* SEVFW_LAUNCH_H */
