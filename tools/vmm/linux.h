/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Linux kernel as guest of the example VMM, booted without guest firmware: what the files
 * about it have for each other. The addresses are those of ../guest/linux.h.
 *
 *   linux.c     the image in memory: kernel, initrd, boot parameters; the vCPU's registers
 *   acpi.c      the tables by which Linux finds its interrupt controllers
 *   cpuid.c     what the vCPU is, for KVM and for the guest's own table
 *   devices.c   the ports, and the loop that runs the guest
 */
#ifndef SEV_VMM_LINUX_H
#define SEV_VMM_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sevfw/vm.h>

/**
 * enum linux_kind - kind of guest
 * @LINUX_SEV: memory is encrypted
 * @LINUX_ES: and the state of vCPUs
 * @LINUX_SNP: and the host cannot exchange memory
 */
enum linux_kind {
	LINUX_SEV,
	LINUX_ES,
	LINUX_SNP,
};

/**
 * struct linux_files - a kernel to boot
 * @loader: file of the loader, linux-loader.bin
 * @kernel: file of the kernel, a bzImage
 * @initrd: file of the initrd
 * @append: more of the kernel's command line, or NULL
 */
struct linux_files {
	const char *loader;
	const char *kernel;
	const char *initrd;
	const char *append;
};

/**
 * struct linux_range - memory that is launched; page-aligned
 * @begin: guest physical address
 * @end: likewise
 */
struct linux_range {
	uint64_t begin;
	uint64_t end;
};

/* Ranges that are launched as they are: low memory, kernel, initrd. */
#define LINUX_LAUNCHED	3

#define LINUX_CPUS_MAX	8
#define LINUX_SERIAL_REGS	8

/* How the guest restarts itself, as acpi.c tells it. */
#define LINUX_RESET_PORT	0x64
#define LINUX_RESET		0xfe

/**
 * struct linux_guest - a Linux guest
 * @vm: its machine
 * @kind: kind
 * @cpus: how many vCPUs it has; more than one only of kind LINUX_SNP
 * @more: the VM as vCPUs 1 and so on have it
 * @verbose: print the kernel's own console
 * @limit: seconds that linux_run() takes at most, an owner's answer included; 0: any number
 * @launched: ranges that linux_load() has filled, in order
 * @secret: guest physical address of the file /secret, LINUX_SECRET_BYTES of zeros, page-aligned
 * @inbox: bytes that the owner sends the guest's program
 * @inbox_len: how many
 * @inbox_read: how many of them it has got
 * @ask: called when the program wants more than that: fills the inbox anew, or returns a
 *	negative errno, which ends the guest; NULL: the program gets zeros. The call may take long:
 *	other vCPUs go on meanwhile, without inbox and outbox; it returns soon after linux_over()
 * @outbox: receives bytes that it sends to the owner
 * @outbox_room: room for them
 * @outbox_len: how many it has sent
 * @hear: called with each byte that it sends, in place of the outbox; NULL: there is the outbox
 * @serial: registers of the serial port
 */
struct linux_guest {
	struct vm *vm;
	enum linux_kind kind;
	unsigned int cpus;
	struct vm more[LINUX_CPUS_MAX - 1];
	bool verbose;
	unsigned int limit;
	struct linux_range launched[LINUX_LAUNCHED];
	uint64_t secret;
	const uint8_t *inbox;
	size_t inbox_len;
	size_t inbox_read;
	int (*ask)(struct linux_guest *guest);
	uint8_t *outbox;
	size_t outbox_room;
	size_t outbox_len;
	void (*hear)(struct linux_guest *guest, uint8_t byte);
	uint8_t serial[LINUX_SERIAL_REGS];
};

/** linux_has_secret() - does a guest that has told @told have @secret? */
bool linux_has_secret(const char *told, const char *secret);

/**
 * linux_add_cpus() - vCPUs after the first one
 * @guest: guest, which has that one; linux_drop_cpus() it in any case
 * @cpus: how many it shall have, up to LINUX_CPUS_MAX
 *
 * Return: 0 or a negative errno.
 */
int linux_add_cpus(struct linux_guest *guest, unsigned int cpus);

/** linux_drop_cpus() - close what linux_add_cpus() has opened */
void linux_drop_cpus(struct linux_guest *guest);

/**
 * linux_load() - put all into the guest's memory that is measured; no vCPU is needed
 *
 * Says which file is the reason if that fails, and why.
 *
 * Return: 0; -ENOEXEC: that is no kernel which can be booted so; -E2BIG: its command line is too
 * long for it; -EFBIG: there is no room for a file, or for the kernel when it has unpacked itself;
 * another negative errno.
 */
int linux_load(struct linux_guest *guest, const struct linux_files *files);

/** linux_set_vcpus() - the state that the vCPUs begin in, and an SNP guest's CPUID table */
int linux_set_vcpus(struct linux_guest *guest);

/**
 * linux_run() - run the guest until its program ends
 *
 * Return: 0; -EPROTO: the program says that it has failed; -ECONNRESET: the kernel has
 * restarted the machine, which a kernel does that panics, and the end of its console has been
 * printed; -ENOEXEC: vm->run says what else
 * has happened; -ETIME: it has taken too long, and the end of the kernel's console has been
 * printed; another negative errno.
 */
int linux_run(struct linux_guest *guest);

/**
 * linux_interrupt() - let linux_run(), in another thread, return -EINTR
 *
 * The guest goes on when linux_run() is called again.
 */
void linux_interrupt(void);

/** linux_over() - has the guest ended, or had its time? Not for linux_guest.hear() */
bool linux_over(void);

/** linux_error() - a text if @ret has a meaning of its own, see linux_run(); or NULL */
const char *linux_error(int ret);

/** linux_acpi() - write the tables to @page, which the guest has at @gpa */
void linux_acpi(uint8_t *page, uint32_t gpa, unsigned int cpus);

/** linux_cpuid() - tell KVM what the vCPUs are, and an SNP guest's table, at LINUX_CPUID */
int linux_cpuid(struct linux_guest *guest);

/**
 * linux_cpuid_corrected() - say what the firmware has corrected in an SNP guest's table
 * @before: table as it was
 * @after: table that the firmware has refused, and written
 *
 * Return: whether that is anything.
 */
bool linux_cpuid_corrected(const void *before, const void *after);

#endif /* SEV_VMM_LINUX_H */
