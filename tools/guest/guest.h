/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small guest with encrypted state, SEV-ES or SNP: where its memory is, for itself and for
 * the VMM that launches it, and what its files have for each other.
 *
 *	0x001000  long_mode.S, in real mode
 *	0x002000  the owner's secret (SEV-ES: LAUNCH_UPDATE_SECRET)
 *	0x003000  the rest of the program
 *	0x07e000  SNP: secrets page
 *	0x07f000  SNP: CPUID page
 *	0x080000  shared: GHCB, request, response, mailbox to the VMM
 *	0x084000  SNP: shared if the VMM wants certificates, room for them
 *	0x090000  SNP: private memory that is not launched, but validated by the guest; its last
 *	          page becomes the save area of a second vCPU if the VMM wants one
 *	0x200000  end
 */
#ifndef SEV_GUEST_H
#define SEV_GUEST_H

#define GUEST_RAM		0x200000
#define GUEST_ENTRY		0x1000
#define GUEST_SECRET		0x2000
#define GUEST_IMAGE_END		0x7e000
#define SECRETS_PAGE		0x7e000
#define CPUID_PAGE		0x7f000
#define SHARED_FIRST		0x80000
#define SHARED_PAGES		4
#define GHCB_PAGE		0x80000
#define REQUEST_PAGE		0x81000
#define RESPONSE_PAGE		0x82000
#define MAILBOX_PAGE		0x83000
#define CERTS_FIRST		0x84000
#define CERTS_PAGES		4
#define VALIDATE_FIRST		0x90000
#define VALIDATE_PAGES		16
#define CPU_SAVE_AREA		0x9f000

/* In the mailbox: from the VMM, then from the guest. */
#define MAILBOX_NONCE		0x000	/* 64 bytes, the owner's */
#define MAILBOX_CERTS_WANTED	0x040	/* 8 bytes: 1: ask for certificates with the report */
#define MAILBOX_CERTS_AT	0x048	/* 8 bytes: the address to have them at */
#define MAILBOX_CERTS_ROOM	0x050	/* 8 bytes: how many pages there are */
#define MAILBOX_REQUESTS	0x058	/* 8 bytes: so many requests more, which nobody needs */
#define MAILBOX_CPU_WANTED	0x060	/* 8 bytes: 1: start vCPU 1 */
#define MAILBOX_REPORT		0x100	/* 0x4a0 bytes */
#define MAILBOX_KEY_DIGEST	0x600	/* 16 bytes: a known text under the derived key */
#define MAILBOX_CERTS_NEEDED	0x610	/* 8 bytes: how many pages the hypervisor wants */
#define MAILBOX_CERTS_REFUSED	0x618	/* 8 bytes: EXITINFO1, 0: not by the hypervisor */
#define MAILBOX_CERTS_ERROR	0x620	/* 8 bytes: EXITINFO2: the firmware, then the VMM */
#define MAILBOX_CPU_TURNS	0x628	/* 8 bytes: how often vCPU 1 has run, up to HLT */

#define CONSOLE_PORT		0x3f8
#define END_PORT		0xf4

#define MSR_GHCB		0xc0010130
#define MSR_SEV_STATUS		0xc0010131
#define MSR_SEV_INFO_REQ	0x002

/* In SEV_STATUS. */
#define STATUS_ES		2
#define STATUS_SNP		4

/* Segments, as long_mode.S has them. */
#define CODE32			0x08
#define CODE64			0x10
#define DATA			0x18

/* Why a guest has ended itself, as GHCB_TERM of reason set 1. */
#define TERMINATE_EXCEPTION	1
#define TERMINATE_VC		2
#define TERMINATE_GHCB		3
#define TERMINATE_VALIDATE	4
#define TERMINATE_MESSAGE	5
#define TERMINATE_CPU		6

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- ghcb.c ---- */

/** terminate() - tell the hypervisor that the guest has to end, and why */
void terminate(unsigned int reason) __attribute__((noreturn));

/** ghcb_start() - agree on the protocol, and take the GHCB into use */
void ghcb_start(bool snp);

/** page_share() - SNP: a private page becomes one that the host sees */
void page_share(uint64_t gpa);

/** pvalidate() - accept, or give up, a private page; answers RAX, or -1: no change */
int pvalidate(uint64_t gpa, bool validate);

/** rmpadjust() - rights of a lower level to a private page, and what it is for; answers RAX */
int rmpadjust(uint64_t gpa, uint64_t rights);

/** ghcb_start_cpu() - have the hypervisor run vCPU @id from its save area; does it? */
bool ghcb_start_cpu(uint32_t id, uint64_t save_area, uint64_t features);

/**
 * ghcb_guest_request() - hand REQUEST_PAGE to the firmware, get RESPONSE_PAGE
 *
 * Return: 0, or the hypervisor's or the firmware's refusal.
 */
uint64_t ghcb_guest_request(void);

/**
 * struct certs - shared memory for certificates, and the hypervisor's answer
 * @gpa: address of the first page
 * @pages: pages that there are; receives how many are needed, if these are too few
 * @refused: receives EXITINFO1: 0, or the hypervisor does not do it
 * @error: receives EXITINFO2: the firmware's status, and in the upper half the VMM's
 */
struct certs {
	uint64_t gpa;
	uint64_t pages;
	uint64_t refused;
	uint64_t error;
};

/** ghcb_extended_request() - as ghcb_guest_request(), and get certificates; is all well? */
bool ghcb_extended_request(struct certs *certs);

/* ---- cpu.c ---- */

/** cpu_start() - SNP: start vCPU @id with a state made in CPU_SAVE_AREA; will it run? */
bool cpu_start(uint32_t id);

/* ---- gcm.c ---- */

struct gcm_message {
	const uint8_t *key;	/* 32 bytes */
	uint64_t number;	/* the nonce */
	const uint8_t *covered;	/* multiple of 16 bytes */
	size_t covered_len;
	uint8_t *text;		/* multiple of 16 bytes, in place */
	size_t len;
};

/** aes256_block() - encrypt 16 bytes in place */
void aes256_block(const uint8_t key[32], uint8_t block[16]);

/** gcm_crypt() - AES-256-GCM; @seal or open; @tag receives the tag of either */
void gcm_crypt(const struct gcm_message *m, bool seal, uint8_t tag[16]);

/* ---- message.c ---- */

/** message_key() - SNP: a key of 32 bytes, derived from the chip's secret */
bool message_key(uint8_t key[32]);

/**
 * message_report() - SNP: an attestation report
 * @nonce: 64 bytes that will be in it
 * @report: receives 0x4a0 bytes
 * @certs: room for certificates, which the hypervisor may have; NULL: do not ask for them
 *
 * Return: is there a report? If the hypervisor refuses the certificates it still may be.
 */
bool message_report(const uint8_t *nonce, uint8_t *report, struct certs *certs);

#endif /* __ASSEMBLER__ */

#endif /* SEV_GUEST_H */
