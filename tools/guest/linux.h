/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Linux guest without guest firmware: where the VMM puts what (low memory, then the kernel
 * and the initrd), the word that it leaves for the loader, and the ports by which the
 * program in the initrd speaks to the world.
 *
 *	0x0001000  loader: long_mode.S, loader.c
 *	0x0010000  struct linux_handover
 *	0x0011000  boot_params, the "zero page"
 *	0x0012000  kernel command line
 *	0x0013000  setup_data, and what it points to
 *	0x0014000  ACPI tables
 *	0x0015000  SNP: secrets page
 *	0x0016000  SNP: CPUID page
 *	0x1000000  kernel
 *	0x9000000  initrd
 */
#ifndef SEV_GUEST_LINUX_H
#define SEV_GUEST_LINUX_H

#include <stdint.h>

#define LINUX_RAM		0xc000000
#define LINUX_LOADER		0x1000
#define LINUX_HANDOVER		0x10000
#define LINUX_ZERO_PAGE		0x11000
#define LINUX_COMMAND_LINE	0x12000
#define LINUX_SETUP_DATA	0x13000
#define LINUX_ACPI		0x14000
#define LINUX_SECRETS		0x15000
#define LINUX_CPUID		0x16000
#define LINUX_LOW_FREE		0x17000
#define LINUX_LOW_END		0x9f000
#define LINUX_HIGH		0x100000
#define LINUX_KERNEL		0x1000000
#define LINUX_INITRD		0x9000000

#define LINUX_SECRET_BYTES	0x1000
#define LINUX_DIGEST_CHARS	64	/* SHA-256, hexadecimal */

#define LINUX_ENTRY_64		0x200	/* of the kernel, where a loader in long mode enters it */
#define LINUX_RANGES		8

/**
 * struct linux_handover - what the loader has to do
 * @ranges: SNP: memory that was not launched, and that the loader validates; begin and end
 * @count: how many
 */
struct linux_handover {
	uint64_t count;
	struct {
		uint64_t begin;
		uint64_t end;
	} ranges[LINUX_RANGES];
};

/*
 * The program's ports, each of a byte: text for people, and a line to the guest's owner. By that
 * line an SNP guest gets a nonce, tells its report and its public key, gets the length of
 * a sealed secret in 4 bytes, and the sealed secret (sevfw/snp_seal.h). All guests tell the
 * digest of the secret that they have got, since the host reads the line.
 */
#define TEXT_PORT		0xe9
#define OWNER_PORT		0xea

/* This word in the kernel's command line makes the program count instead. */
#define COUNT_WORD		"sev-count"
#define COUNT_EVERY_MS		20

/**
 * struct linux_count - a message of the program's to the owner, again and again
 * @number: from 0 on
 * @reserved: 0
 * @monotonic: the guest's clock, in nanoseconds
 * @realtime: the guest's time of day, likewise
 */
struct linux_count {
	uint32_t number;
	uint32_t reserved;
	uint64_t monotonic;
	uint64_t realtime;
};

#endif /* SEV_GUEST_LINUX_H */
