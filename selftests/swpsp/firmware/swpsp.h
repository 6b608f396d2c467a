/* SPDX-License-Identifier: GPL-2.0 */
/*
 * swpsp: the SEV firmware as a library. Bytes in, bytes out.
 *
 * The library is the firmware proper: platform and guest state, keys, the ASID
 * rules, real cryptography. The library knows nothing of mailboxes, sockets or QEMU; a
 * front-end gives it the machine's memory as one flat buffer in which an offset
 * is a system physical address, and calls swpsp_command() for each doorbell.
 *
 * Not thread-safe: one caller at a time for each struct swpsp.
 */
#ifndef SWPSP_H
#define SWPSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/sev-fw.h>

/*
 * Status codes of the SEV API (low 16 bits of the mailbox response). The list is the UAPI
 * header's; of that header nothing else is used here.
 */
#define SWPSP_STATUS(name, value, meaning)	SWPSP_##name = value,

enum swpsp_status {
	SEV_FW_STATUSES(SWPSP_STATUS)
};

/**
 * enum swpsp_product - generation of the simulated processor, for SNP
 * @SWPSP_MILAN: family 19h, models 00h to 0Fh
 * @SWPSP_GENOA: family 19h, models 10h to 1Fh
 * @SWPSP_TURIN: family 1Ah; another layout of TCB versions, a chip id of 8 bytes
 */
enum swpsp_product {
	SWPSP_MILAN,
	SWPSP_GENOA,
	SWPSP_TURIN,
};

/* Options of struct swpsp_config, where public sources leave a choice. */
#define SWPSP_SNP_KEEP_OUTPUT	1u	/* pages written by legacy commands stay Firmware */
#define SWPSP_SNP_ONE_THREAD	2u	/* SMT is off: a policy without SMT is accepted */
#define SWPSP_SNP_CXL		4u	/* CXL memory is populated */
#define SWPSP_SNP_RECLAIM_COMMAND 8u	/* a refused legacy command's own page is in Reclaim, too */

/**
 * enum swpsp_memory - effect of encryption on guest memory
 * @SWPSP_MEMORY_PLAIN: memory keeps its plaintext, so that a guest can run under
 *	emulation; what firmware writes into guest memory it writes in the clear.
 *	Digests and packets are the same
 * @SWPSP_MEMORY_CIPHER: memory is encrypted in place, tweaked by its physical
 *	address, under the key of the guest
 */
enum swpsp_memory {
	SWPSP_MEMORY_PLAIN,
	SWPSP_MEMORY_CIPHER,
};

/**
 * struct swpsp_config - properties of a platform
 * @memory: the machine's RAM; offset 0 is physical address 0
 * @memory_size: size of the memory in bytes
 * @mode: see enum swpsp_memory
 * @state_dir: directory of the persistent identity (flash, chip key,
 *	certificates of the simulated vendor); created if it is missing. NULL: the
 *	identity lives as long as the struct swpsp
 * @transcript: file that every command is logged to, one line each; or NULL.
 *	The caller closes it
 * @seed: 0: keys come from the system's random source; else everything random
 *	is derived from this number, so that two runs are the same, bit by bit
 * @api_major: API version to report and to behave as
 * @api_minor: likewise
 * @build: firmware build to report
 * @max_asid: highest ASID, 1..1006
 * @min_sev_asid: lowest ASID of guests without SEV-ES, 1..max_asid + 1
 * @cpus: threads that must execute WBINVD, 1..SWPSP_CPUS_MAX
 * @ca_dir: directory of the simulated vendor's keys (ARK, ASK), made there when
 *	they are first needed. Platforms that share it accept each other in
 *	SEND_START. NULL: @state_dir
 * @cbit: position of the C-bit in an address; 0: 51
 * @sockets: 1 or 2, for GET_ID; 0: 1
 * @ccx_threads: threads of one core complex; 0: all threads are in one. At most
 *	64 complexes
 * @hole_start: first byte of a part of @memory that is not RAM
 * @hole_end: first byte after it; equal to @hole_start: no hole
 * @rmp: reverse map table, shared with the simulated processor: SWPSP_RMP_SIZE bytes
 *	as in bar.h, or less if @rmp_pages is less. NULL: a platform without SNP, which
 *	does not know SNP's commands. The table outlives the struct swpsp
 * @rmp_pages: pages of 4 KiB that the table has entries for
 * @product: see enum swpsp_product
 * @tcb: TCB version of the firmware; 0: a default of the product
 * @snp_options: SWPSP_SNP_*
 * @any_image: take firmware images whoever has signed them, those of a real vendor for
 *	instance, and look at nothing of them but version (at 0x60) and security level
 * @any_cbit: take CPUID tables of SNP guests wherever they say that the C-bit is, for VMMs
 *	that ask a processor which knows of none
 * @disturb: for tests of what a host does meanwhile: called before each access of a command
 *	to memory and to the table, and between a check and the write that it is for. It may
 *	change both, and must not call swpsp
 * @disturb_arg: its argument
 *
 * All fields after @cpus may be left zero.
 */
struct swpsp_config {
	void *memory;
	size_t memory_size;
	enum swpsp_memory mode;
	const char *state_dir;
	void *transcript;	/* FILE * */
	uint64_t seed;
	uint8_t api_major;
	uint8_t api_minor;
	uint8_t build;
	uint32_t max_asid;
	uint32_t min_sev_asid;
	uint32_t cpus;
	const char *ca_dir;
	uint32_t cbit;
	uint32_t sockets;
	uint32_t ccx_threads;
	uint64_t hole_start;
	uint64_t hole_end;
	void *rmp;
	uint32_t rmp_pages;
	enum swpsp_product product;
	uint64_t tcb;
	uint32_t snp_options;
	bool any_image;
	bool any_cbit;
	void (*disturb)(void *arg);
	void *disturb_arg;
};

#define SWPSP_CPUS_MAX	256

struct swpsp;

/**
 * swpsp_new() - power a platform on
 * @config: kind of platform, copied
 * @error: receives a static sentence that says what is wrong; may be NULL
 *
 * Return: the platform, in state UNINIT, or NULL (bad configuration, state
 * directory not usable, no memory). swpsp_free() ends it.
 */
struct swpsp *swpsp_new(const struct swpsp_config *config, const char **error);

/**
 * struct swpsp_core - how a thread of the processor is set up for SNP
 * @syscfg: SYSCFG; of it: bit 19 MtrrFixDramModEn, 24 SNPEn, 25 VMPLEn
 * @rmp_base: address of the reverse map table's first byte
 * @rmp_end: of its last byte
 * @hsave_pa: VM_HSAVE_PA, which must be 0 for SNP_INIT
 */
struct swpsp_core {
	uint64_t syscfg;
	uint64_t rmp_base;
	uint64_t rmp_end;
	uint64_t hsave_pa;
};

/**
 * swpsp_set_core() - a thread has been set up
 * @psp: platform
 * @cpu: thread, below config.cpus; others are ignored
 * @core: copied. Threads that were never mentioned are as SNP_INIT wants them
 */
void swpsp_set_core(struct swpsp *psp, uint32_t cpu, const struct swpsp_core *core);

/** swpsp_free() - power off; the state directory keeps the identity */
void swpsp_free(struct swpsp *psp);

/**
 * swpsp_command() - execute one firmware command
 * @psp: platform
 * @id: command id as the SEV API numbers it
 * @cmdbuf: physical address of the command buffer
 *
 * Checks, their order, effects and what is written back are firmware's.
 *
 * Return: the status.
 */
uint16_t swpsp_command(struct swpsp *psp, uint32_t id, uint64_t cmdbuf);

/**
 * struct swpsp_ring_io - registers in ring-buffer mode, and the command that is due
 * @ctl: [in] RBCtl, which is the mailbox's command register
 * @tail: [in] RBTail, which is the high half of its address
 * @head: [out] RBHead, to be written to the low half, before the interrupt
 * @interrupt: [out] the interrupt is due
 * @queue: [out] of a command: 0 low priority, 1 high
 * @id: [out] command
 * @flags: [out] flags of its entry
 * @cmdbuf: [out] physical address of its buffer
 */
struct swpsp_ring_io {
	uint32_t ctl;
	uint32_t tail;
	uint32_t head;
	bool interrupt;
	unsigned int queue;
	uint16_t id;
	uint16_t flags;
	uint64_t cmdbuf;
};

enum swpsp_ring_state {
	SWPSP_RING_IDLE,	/* nothing to do until the doorbell is rung again */
	SWPSP_RING_COMMAND,	/* a command is due */
	SWPSP_RING_LEFT,	/* the mode is over; the write to RBCtl is no command */
};

/* In RBCtl while the mode is on */
#define SWPSP_RING_ACTIVE	0x40000000u

/* Status in the mailbox once the mode is over */
#define SWPSP_RING_EXIT		0x1f

/** swpsp_ring_on() - has RING_BUFFER been successful, and the mode not been left? */
bool swpsp_ring_on(const struct swpsp *psp);

/** swpsp_ring_woken() - the doorbell was rung; errors of earlier commands are forgotten */
void swpsp_ring_woken(struct swpsp *psp);

/** swpsp_ring_next() - look at the registers, which have just been read again */
enum swpsp_ring_state swpsp_ring_next(struct swpsp *psp, struct swpsp_ring_io *io);

/** swpsp_ring_command() - execute the command that is due; returns its status */
uint16_t swpsp_ring_command(struct swpsp *psp, const struct swpsp_ring_io *io);

/** swpsp_ring_done() - write its status into the ring, and go past it */
void swpsp_ring_done(struct swpsp *psp, struct swpsp_ring_io *io, uint16_t status);

/**
 * swpsp_wbinvd() - a CPU thread has executed WBINVD
 * @psp: platform
 * @cpu: thread, below config.cpus; others are ignored
 */
void swpsp_wbinvd(struct swpsp *psp, uint32_t cpu);

/* Value of the bytes that swpsp_longer() adds to an output. */
#define SWPSP_LONGER_BYTE	0x1e

/**
 * swpsp_longer() - answer as later firmware may, with longer ids, chains and reports
 * @psp: platform
 * @bytes: how much longer each output is that tells its own length; 0 from the start
 */
void swpsp_longer(struct swpsp *psp, uint32_t bytes);

/**
 * swpsp_error_info() - extended error information of the last command
 * @psp: platform
 *
 * Content of the two address registers when a mailbox command is complete: 0, or up to
 * six ids of 10 bits, newest lowest. The ids are swpsp's own.
 *
 * Return: value of the registers, high word in bits 63:32.
 */
uint64_t swpsp_error_info(const struct swpsp *psp);

/**
 * struct swpsp_counts - how much of the platform is in use
 * @guests: guest contexts
 * @asids_bound: ASIDs allocated or in use
 * @asids_dirty: ASIDs that need WBINVD and DF_FLUSH before they can be bound
 */
struct swpsp_counts {
	uint32_t guests;
	uint32_t asids_bound;
	uint32_t asids_dirty;
};

/** swpsp_counts() - as of now; cheap enough to call after every command */
void swpsp_counts(const struct swpsp *psp, struct swpsp_counts *counts);

/** swpsp_status_name() - "INVALID_GUEST" for 0x10 and so on; "(unknown)" */
const char *swpsp_status_name(uint16_t status);

/** swpsp_command_name() - "LAUNCH_START" for 0x30 and so on; NULL if unknown */
const char *swpsp_command_name(uint32_t id);

/**
 * swpsp_guest_read() - read memory as a guest sees it (for tests)
 * @psp: platform
 * @asid: ASID that the guest is bound to
 * @addr: physical address, aligned to 16
 * @out: receives the plaintext
 * @len: multiple of 16
 *
 * Return: 0, or -1 (no key for @asid, not in memory, not aligned).
 */
int swpsp_guest_read(struct swpsp *psp, uint32_t asid, uint64_t addr, void *out, size_t len);

#define SWPSP_WRAPPED_VLEK_SIZE	0x1b0

/**
 * swpsp_wrap_vlek() - the VLEK that the vendor gives a cloud provider for this chip
 * @psp: platform
 * @stick: hash stick that the VLEK is derived from, 384 bytes
 * @tcb: TCB version that it is good for; 0: the one that the platform reports
 * @wrapped: receives SWPSP_WRAPPED_VLEK_SIZE bytes for SNP_VLEK_LOAD
 *
 * Return: 0, or -1 if the machine is broken.
 */
int swpsp_wrap_vlek(struct swpsp *psp, const void *stick, uint64_t tcb, void *wrapped);

#define SWPSP_VLEK_STICK_SIZE	384

/**
 * swpsp_vlek_stick() - the hash stick that the simulated vendor lends to its one provider
 * @psp: platform; those that share a vendor get the same
 * @tcb: TCB version; 0: the one that the platform reports
 * @stick: receives SWPSP_VLEK_STICK_SIZE bytes
 *
 * Return: 0, or -1 if it could not be made.
 */
int swpsp_vlek_stick(struct swpsp *psp, uint64_t tcb, void *stick);

/**
 * enum swpsp_x509 - certificates that the simulated vendor publishes for SNP
 * @SWPSP_X509_ARK: root
 * @SWPSP_X509_ASK: signs VCEKs
 * @SWPSP_X509_ASVK: signs VLEKs
 * @SWPSP_X509_VCEK: key of the chip, for a TCB
 * @SWPSP_X509_VLEK: key of the provider, for a TCB
 * @SWPSP_X509_CRL: list of revoked certificates, signed by the root
 * @SWPSP_X509_COUNT: number of the above
 */
enum swpsp_x509 {
	SWPSP_X509_ARK,
	SWPSP_X509_ASK,
	SWPSP_X509_ASVK,
	SWPSP_X509_VCEK,
	SWPSP_X509_VLEK,
	SWPSP_X509_CRL,
	SWPSP_X509_COUNT
};

/**
 * swpsp_export_x509() - a certificate
 * @psp: platform; one without SNP will do
 * @which: which one
 * @tcb: TCB version of a leaf; 0: the one that the platform reports
 * @der: receives it
 * @size: room for it; 4096 bytes are enough
 *
 * Return: length of the certificate, or 0 if it could not be made.
 */
size_t swpsp_export_x509(struct swpsp *psp, enum swpsp_x509 which, uint64_t tcb, void *der,
			 size_t size);

/** swpsp_product_name() - "Genoa" and so on, as in the vendor's names and URLs */
const char *swpsp_product_name(enum swpsp_product product);

#define SWPSP_CHIP_ID_SIZE	64

/**
 * swpsp_chip_id() - the first socket's chip id, as GET_ID has it
 * @psp: platform
 * @id: receives SWPSP_CHIP_ID_SIZE bytes
 *
 * Return: 0, or -1 if the machine is broken.
 */
int swpsp_chip_id(struct swpsp *psp, void *id);

/**
 * swpsp_export_ca() - the simulated vendor's certificates of this platform
 * @psp: platform
 * @cek: receives the CEK certificate signed by the ASK (SEV certificate, 0x824
 *	bytes); may be NULL
 * @chain: receives ASK and ARK (vendor format, 0xc80 bytes); may be NULL
 *
 * Return: 0, or -1 if they could not be made.
 */
int swpsp_export_ca(struct swpsp *psp, void *cek, void *chain);

#define SWPSP_IMAGE_MIN		0x300u
#define SWPSP_IMAGE_MAX		0x20000u

/* Version of a firmware image. */
#define SWPSP_IMAGE_VERSION(major, minor, build)	((major) << 16 | (minor) << 8 | (build))

/**
 * swpsp_sign_image() - make a firmware image that this platform accepts
 * @psp: platform; others with the same vendor accept the image, too
 * @image: receives header (0x100 bytes) and signature (the last 0x200 bytes); what is
 *	between them is the body, and stays as it is
 * @size: of the image in bytes, SWPSP_IMAGE_MIN to SWPSP_IMAGE_MAX
 * @version: SWPSP_IMAGE_VERSION()
 * @security_level: a platform refuses images of a lower level than it has had
 *
 * Return: 0, or -1 (size, or the vendor's keys could not be made).
 */
int swpsp_sign_image(struct swpsp *psp, void *image, size_t size, uint32_t version,
		     uint32_t security_level);

#endif /* SWPSP_H */
