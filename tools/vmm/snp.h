/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An SNP guest of the example VMM: what the files about it have for each other.
 *
 *   snp.c         the host: launch, run, end
 *   snp_steps.c   steps of both, and why one has failed
 *   snp_judge.c   the owner: is the report good? Then a Linux guest gets a secret
 *   line.c        the files by which the owner is asked who is elsewhere
 */
#ifndef SEV_VMM_SNP_H
#define SEV_VMM_SNP_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <sevfw/snp_launch.h>
#include <sevfw/snp_seal.h>

#include "../guest/linux.h"
#include "linux.h"
#include "vmm.h"

/* An entry of a table of certificates; one of zeros is behind the last. */
#define CERTS_ENTRY	24

/* A Linux guest tells this, one behind the other; of a small one only the report is used. */
struct told {
	struct snp_report report;
	uint8_t key[SNP_SEAL_KEY_BYTES];
	char digest[LINUX_DIGEST_CHARS + 1];
};

static_assert(offsetof(struct told, digest) == sizeof(struct snp_report) + SNP_SEAL_KEY_BYTES,
	      "no gaps");

/* Bytes that the guest may tell. The 0 behind its digest is ours: text ends there. */
#define TOLD_BYTES	(offsetof(struct told, digest) + LINUX_DIGEST_CHARS)

static_assert(offsetof(struct told, digest[LINUX_DIGEST_CHARS]) >= TOLD_BYTES,
	      "the terminator is not the guest's");

/* And is told that, when it has told a report and a key. */
struct answer {
	uint32_t len;
	uint8_t sealed[LINUX_SECRET_BYTES + SNP_SEAL_BYTES];
};

/**
 * struct snp_run - one guest, from its launch to its end
 * @opt: options of the launch
 * @failure: receives why it has failed
 * @l: launch
 * @pages: pages of the small guest's program
 * @linux_guest: the guest, if it is a Linux
 * @nonce: the owner's
 * @told: from the guest
 * @answer: the owner's, to a Linux guest
 * @output: text from a small guest
 * @refused: why the owner refuses, or NULL
 */
struct snp_run {
	const struct vmm_options *opt;
	struct vmm_failure *failure;
	struct snp_launch l;
	size_t pages;
	struct linux_guest linux_guest;
	uint8_t nonce[SNP_NONCE_BYTES];
	struct told told;
	struct answer answer;
	char output[4096];
	const char *refused;
};

/**
 * struct snp_step - a step of a launch
 * @name: says who does what
 * @act: does it; returns 0 or a negative errno
 */
struct snp_step {
	const char *name;
	int (*act)(struct snp_run *r);
};

/* ---- snp_steps.c ---- */

/** snp_go() - steps up to one without a name, or to the first that fails, which is noted */
int snp_go(struct snp_run *r, const struct snp_step *step);

/* ---- snp_judge.c ---- */

/** snp_ask_owner() - a Linux guest waits for an answer to its report, and gets one */
int snp_ask_owner(struct linux_guest *guest);

/** snp_verify_signature() - has this platform signed the report? */
int snp_verify_signature(struct snp_run *r);

/** snp_verify_content() - is it about this guest? */
int snp_verify_content(struct snp_run *r);

/** snp_check_told() - the owner hears from a Linux guest that it has the secret */
int snp_check_told(struct snp_run *r);

/** snp_tell_certificates() - print the host's answer to a small guest that wanted certificates */
void snp_tell_certificates(const struct snp_run *r);

#endif /* SEV_VMM_SNP_H */
