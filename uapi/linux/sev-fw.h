/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * SEV firmware pass-through: a firmware command is a data structure.
 *
 * Each block below has, bit for bit, the layout of the command buffer that the
 * SEV API defines for that command. A caller fills in what is marked [in],
 * leaves everything else zero, and hands the block to the kernel inside the
 * envelope &struct sev_fw_cmd:
 *
 *   ioctl(vm_fd, KVM_MEMORY_ENCRYPT_OP, &cmd)   a command on this VM's guest
 *   ioctl(sev_fd, SEV_FW_ISSUE, &cmd)           a platform command, or a guest
 *                                               command with cmd.fd = a VM fd
 *
 * Blocks may grow. The kernel takes shorter ones, of an earlier header, and treats what
 * they lack as zero; it copies back no more than it was given. Longer ones, of a later
 * header, are taken if the bytes that the kernel does not know are zero.
 *
 * How each member is used:
 *
 *   [in]      set by the caller, read by firmware
 *   [out]     written by firmware, must be zero on input
 *   [in,out]  both
 *   [driver]  owned by the kernel: must be zero on input, zero on return
 *             unless said otherwise. Handles and ASIDs are of this kind, since
 *             the file descriptor says which guest is meant
 *   [mbz]     reserved, must be zero
 *
 * Address members hold user virtual addresses and come back as they were given.
 * Address 0 with a length asks for the length as length 0 does, where the length of
 * an output can be asked for; where a member says that 0 stands for something else
 * (no session, vCPU number 0), it does; in all other places it is an address like any
 * other, at which there usually is no memory (EFAULT).
 * Lengths are in bytes. Blocks are copied in once, and copied back once firmware
 * was asked, whatever it answered; nothing is copied back otherwise.
 *
 * Errors, the same for each command (errno of the ioctl):
 *
 *   EOPNOTSUPP  this kernel or this firmware has no such command
 *   ENOTTY      the VM is not a SEV guest; for a VMSA command, not a SEV-ES guest; for a
 *               command of SNP, not an SNP guest, and the other way round
 *   EBADF       @fd of the envelope is not the kind of file that is needed
 *   EPERM       the command demands a /dev/sev fd that is open for writing, or
 *               CAP_SYS_ADMIN, of its caller; or it is not for this door, or not for
 *               a VM that mirrors another; or, as EACCES, a security module of the
 *               kernel's refuses a firmware image
 *   EINVAL      block shorter than it ever was; a [driver], [out] or [mbz] byte is not
 *               zero, or a flag in @id of the envelope; a length that the kernel can
 *               tell is wrong (zero, above the cap)
 *   E2BIG       longer block with a nonzero tail
 *   EFAULT      memory that cannot be read, written or pinned, or is broken; or a page
 *               whose entry of the reverse map table an instruction of the guest is just
 *               changing, which may be tried again
 *   ENOMEM      no memory, or pinning would exceed RLIMIT_MEMLOCK
 *   EBUSY       the guest has been started already; or guests exist and the command
 *               needs a platform without any; or the command is on vCPU state, and a
 *               vCPU of the VM is just being made; or the guest can still reach the page
 *               that is to leave it; or the page is a vCPU's save area, or a vCPU is just
 *               getting one, which may be tried again; or this is a crash kernel (kdump),
 *               which may only read
 *   ENOENT      the guest has not been started; or the page of private memory, which the
 *               command expects to be the guest's, is not yet
 *   EEXIST      the page of private memory is the guest's already
 *   EINTR       the caller is being killed; or, of a command that makes a page of private
 *               memory the guest's, has any signal pending. @error is SEV_FW_NO_CALL,
 *               nothing has been done, and the command may be tried again
 *   EIO         the firmware refused, and @error says why; or it was not asked
 *               (@error is SEV_FW_NO_CALL), because the VM was made by another
 *               process, or KVM has declared it dead, for instance since its guest
 *               has been moved to another VM
 *   ENODATA     the platform's keys are in a file (init_ex_path) that cannot be used
 *   ESTALE, ENOSPC, EROFS, EEXIST, ...
 *               the platform's keys could not be saved to that file: errno of the file
 *               system; ESTALE: it is not the file that was read. If @error is 0 the
 *               firmware has done what it was asked, and saving is retried; if it is
 *               SEV_FW_NO_CALL the platform could not be initialised for the command
 *   ETIMEDOUT   the firmware did not answer in time; the PSP is dead from now on
 *   ESHUTDOWN   the PSP is dead: it has left an earlier command unanswered, or its
 *               registers cannot be read any more; or the guest is lost: the platform
 *               that it was started on has been shut down, or its PSP removed. The VM
 *               can only be destroyed
 *   ENODEV      there is no PSP, or it has been removed
 *   EINTR       the caller is being killed, between two commands of the firmware
 *
 * @error is always the last answer of the firmware: its status (enum sev_fw_status),
 * or SEV_FW_NO_CALL where the firmware was not asked, or did not answer.
 * There is one exception: on the fd of a VM that is dead or another process's, KVM
 * answers EIO itself and leaves @error as it was, so that a caller who wants to tell
 * that from a refusal sets @error to SEV_FW_NO_CALL first. Any errno with @error 0
 * means that the firmware has done the command, and the kernel could not do what was
 * to follow, such as to copy the block back.
 *
 * Legacy ioctls (SEV_ISSUE_CMD, and the ids of enum sev_cmd_id) keep the errnos that
 * they have always had: there, a dead PSP is EIO.
 *
 * Some commands are issued several times, piece by piece; what has been done before
 * one of the pieces failed is done, and the length in the block tells how much it is.
 */
#ifndef _UAPI_LINUX_SEV_FW_H
#define _UAPI_LINUX_SEV_FW_H

#include <linux/types.h>
#include <linux/ioctl.h>

#if defined(__cplusplus)
extern "C" {
#endif

/*
 * The id in an envelope: bit 31 tells it from those of enum sev_cmd_id of
 * <linux/kvm.h>; bits 16 to 30 are reserved for flags, of which there are none yet;
 * bits 0 to 15 are the command.
 */
#define SEV_FW_PASSTHROUGH	0x80000000u
#define SEV_FW_FLAGS		0x7fff0000u
#define SEV_FW_CMD(x)		(SEV_FW_PASSTHROUGH | (x))

/* @error of the envelope when firmware was not asked, or did not answer (SEV_RET_NO_FW_CALL) */
#define SEV_FW_NO_CALL		0xffffffffu

/*
 * Statuses of the firmware: FN(name, value, meaning). All other lists of statuses
 * are made from this one. <linux/psp-sev.h> has most of them as SEV_RET_*. Those
 * from 0x19 on are answers to commands of SEV-SNP, or of a host that has SEV-SNP
 * initialised; 0x1e is not assigned.
 */
#define SEV_FW_STATUSES(FN)							\
	FN(SUCCESS,			0x00, "the command was executed")	\
	FN(INVALID_PLATFORM_STATE,	0x01, "not in this state of the platform") \
	FN(INVALID_GUEST_STATE,		0x02, "not in this state of the guest")	\
	FN(INVALID_CONFIG,		0x03, "configuration that is not valid here") \
	FN(INVALID_LENGTH,		0x04, "wrong length, or too little room") \
	FN(ALREADY_OWNED,		0x05, "the platform has an owner already") \
	FN(INVALID_CERTIFICATE,		0x06, "a certificate is not valid")	\
	FN(POLICY_FAILURE,		0x07, "a policy forbids this")		\
	FN(INACTIVE,			0x08, "the guest has no ASID")		\
	FN(INVALID_ADDRESS,		0x09, "an address is not valid")	\
	FN(BAD_SIGNATURE,		0x0a, "a signature is wrong")		\
	FN(BAD_MEASUREMENT,		0x0b, "a measurement or a MAC is wrong") \
	FN(ASID_OWNED,			0x0c, "the ASID belongs to another guest") \
	FN(INVALID_ASID,		0x0d, "no such ASID for this kind of guest") \
	FN(WBINVD_REQUIRED,		0x0e, "not every CPU has executed WBINVD") \
	FN(DF_FLUSH_REQUIRED,		0x0f, "the ASID needs a DF_FLUSH first") \
	FN(INVALID_GUEST,		0x10, "no such guest")			\
	FN(INVALID_COMMAND,		0x11, "no such command")		\
	FN(ACTIVE,			0x12, "the guest still has an ASID")	\
	FN(HWERROR_PLATFORM,		0x13, "hardware error, the platform is safe") \
	FN(HWERROR_UNSAFE,		0x14, "hardware error, reset the machine") \
	FN(UNSUPPORTED,			0x15, "not supported")			\
	FN(INVALID_PARAM,		0x16, "a parameter is not valid")	\
	FN(RESOURCE_LIMIT,		0x17, "out of a resource of the firmware") \
	FN(SECURE_DATA_INVALID,		0x18, "persistent data is corrupt")	\
	FN(INVALID_PAGE_SIZE,		0x19, "RMP entry has another page size") \
	FN(INVALID_PAGE_STATE,		0x1a, "RMP entry has another page state") \
	FN(INVALID_MDATA_ENTRY,		0x1b, "metadata entry is not valid")	\
	FN(INVALID_PAGE_OWNER,		0x1c, "the page belongs to another guest") \
	FN(AEAD_OFLOW,			0x1d, "a counter would overflow")	\
	FN(RING_BUFFER_EXIT,		0x1f, "ring buffer mode has ended")	\
	FN(RMP_INIT_REQUIRED,		0x20, "the RMP must be initialised first") \
	FN(BAD_SVN,			0x21, "older than the committed security version") \
	FN(BAD_VERSION,			0x22, "older than the committed version") \
	FN(SHUTDOWN_REQUIRED,		0x23, "the platform must be shut down first") \
	FN(UPDATE_FAILED,		0x24, "state could not be converted")	\
	FN(RESTORE_REQUIRED,		0x25, "the committed firmware must be restored") \
	FN(RMP_INITIALIZATION_FAILED,	0x26, "the RMP could not be initialised") \
	FN(INVALID_KEY,			0x27, "the key is absent or forbidden")	\
	FN(SHUTDOWN_INCOMPLETE,		0x28, "the shutdown must be repeated")

#define __SEV_FW_STATUS(name, value, meaning)	SEV_FW_STATUS_##name = value,

enum sev_fw_status {
	SEV_FW_STATUSES(__SEV_FW_STATUS)
};

/*
 * Two classes of values that the SEV API does not name. With SEV-SNP initialised,
 * a command whose block lies in a page of a wrong RMP state is answered with the
 * status of that page plus SEV_FW_STATUS_BLOCK_PAGE (0x59, 0x5a, 0x5c). Values with
 * SEV_FW_STATUS_INTERNAL set come from within the PSP, its boot loader for example;
 * only the vendor can say what they mean.
 */
#define SEV_FW_STATUS_BLOCK_PAGE	0x40
#define SEV_FW_STATUS_INTERNAL		0x8000

/**
 * enum sev_fw_id - command ids, as the SEV API numbers them
 * @SEV_FW_INIT: initialise the platform (driver only)
 * @SEV_FW_SHUTDOWN: shut the platform down (driver only)
 * @SEV_FW_PLATFORM_RESET: factory reset, needs a platform without guests
 * @SEV_FW_PLATFORM_STATUS: version, state, owner, guest count
 * @SEV_FW_PEK_GEN: make a new platform endorsement key
 * @SEV_FW_PEK_CSR: export a certificate signing request for the PEK
 * @SEV_FW_PEK_CERT_IMPORT: take ownership of the platform
 * @SEV_FW_PDH_CERT_EXPORT: export the PDH certificate and its chain
 * @SEV_FW_PDH_GEN: make a new platform Diffie-Hellman key
 * @SEV_FW_DF_FLUSH: flush the data fabric (driver only)
 * @SEV_FW_DOWNLOAD_FIRMWARE: load another firmware image
 * @SEV_FW_GET_ID: the chip's unique id
 * @SEV_FW_INIT_EX: initialise with caller-kept NV storage (driver only)
 * @SEV_FW_NOP: do nothing
 * @SEV_FW_RING_BUFFER: enter ring buffer mode (driver only)
 * @SEV_FW_DECOMMISSION: destroy a guest context (driver only)
 * @SEV_FW_ACTIVATE: bind a guest to an ASID (driver only)
 * @SEV_FW_DEACTIVATE: unbind a guest from its ASID (driver only)
 * @SEV_FW_GUEST_STATUS: policy, ASID and state of a guest
 * @SEV_FW_COPY: copy guest memory to another address of the same guest
 * @SEV_FW_ACTIVATE_EX: bind a guest to an ASID on chosen cores (driver only)
 * @SEV_FW_LAUNCH_START: begin a launch
 * @SEV_FW_LAUNCH_UPDATE_DATA: measure and encrypt memory
 * @SEV_FW_LAUNCH_UPDATE_VMSA: measure and encrypt vCPU state
 * @SEV_FW_LAUNCH_MEASURE: end the measured part, return the measurement
 * @SEV_FW_LAUNCH_UPDATE_SECRET: inject a secret of the guest owner
 * @SEV_FW_LAUNCH_FINISH: end the launch
 * @SEV_FW_ATTESTATION: signed report of the launch digest
 * @SEV_FW_SEND_START: begin to send a guest
 * @SEV_FW_SEND_UPDATE_DATA: encrypt memory for the receiver
 * @SEV_FW_SEND_UPDATE_VMSA: encrypt vCPU state for the receiver
 * @SEV_FW_SEND_FINISH: end sending, the guest may not run here any more
 * @SEV_FW_SEND_CANCEL: give up sending, the guest runs on
 * @SEV_FW_RECEIVE_START: begin to receive a guest
 * @SEV_FW_RECEIVE_UPDATE_DATA: receive memory
 * @SEV_FW_RECEIVE_UPDATE_VMSA: receive vCPU state
 * @SEV_FW_RECEIVE_FINISH: end receiving
 * @SEV_FW_DBG_DECRYPT: decrypt guest memory, policy permitting
 * @SEV_FW_DBG_ENCRYPT: write guest memory, policy permitting
 * @SEV_FW_SWAP_OUT: encrypt a page for storage outside of the guest
 * @SEV_FW_SWAP_IN: bring a swapped page back
 * @SEV_FW_SNP_INIT: initialise SNP (driver only)
 * @SEV_FW_SNP_SHUTDOWN: shut SNP down (driver only)
 * @SEV_FW_SNP_PLATFORM_STATUS: version, state, TCB and guest count of SNP
 * @SEV_FW_SNP_DF_FLUSH: flush the data fabric (driver only)
 * @SEV_FW_SNP_INIT_EX: initialise SNP, with options (driver only)
 * @SEV_FW_SNP_SHUTDOWN_EX: shut SNP down, with options (driver only)
 * @SEV_FW_SNP_DECOMMISSION: destroy a guest's context (driver only)
 * @SEV_FW_SNP_ACTIVATE: bind a guest to an ASID (driver only)
 * @SEV_FW_SNP_GUEST_STATUS: policy, ASID and state of a guest
 * @SEV_FW_SNP_GCTX_CREATE: make a guest's context (driver only)
 * @SEV_FW_SNP_GUEST_REQUEST: pass on a message of a guest's
 * @SEV_FW_SNP_ACTIVATE_EX: bind a guest to an ASID on chosen cores (driver only)
 * @SEV_FW_SNP_HV_REPORT_REQ: attestation report that the host asks for
 * @SEV_FW_SNP_LAUNCH_START: begin a launch
 * @SEV_FW_SNP_LAUNCH_UPDATE: measure and encrypt a page
 * @SEV_FW_SNP_LAUNCH_FINISH: end the launch, with the guest owner's identity for it
 * @SEV_FW_SNP_DBG_DECRYPT: decrypt a page of a guest, policy permitting
 * @SEV_FW_SNP_DBG_ENCRYPT: write a page of a guest, policy permitting
 * @SEV_FW_SNP_VERIFY_MITIGATION: ask for mitigations, or have one verified
 * @SEV_FW_SNP_PAGE_SWAP_OUT: encrypt a page for storage outside of the guest
 * @SEV_FW_SNP_PAGE_SWAP_IN: bring a swapped page back
 * @SEV_FW_SNP_PAGE_MOVE: move a page of a guest to another one of the host
 * @SEV_FW_SNP_PAGE_MD_INIT: make a page for swapped pages' metadata (driver only)
 * @SEV_FW_SNP_PAGE_SET_STATE: leave pages to the hypervisor for good (driver only)
 * @SEV_FW_SNP_PAGE_RECLAIM: take a page back (driver only)
 * @SEV_FW_SNP_PAGE_UNSMASH: make 512 pages one of 2 MiB (driver only)
 * @SEV_FW_SNP_CONFIG: what reports say of the platform
 * @SEV_FW_SNP_DOWNLOAD_FIRMWARE_EX: replace the firmware that is running (driver only)
 * @SEV_FW_SNP_COMMIT: never go back behind this version of the firmware
 * @SEV_FW_SNP_VLEK_LOAD: load a key that a cloud provider shares between its machines
 * @SEV_FW_SNP_FEATURE_INFO: what this firmware can do
 *
 * Ids from 0x081 on are those of SEV-SNP: on a host that has it, and only there. The SNP
 * ABI leaves 0x0c4, 0x0c5 and 0x0cc out.
 */
enum sev_fw_id {
	SEV_FW_INIT			= 0x001,
	SEV_FW_SHUTDOWN			= 0x002,
	SEV_FW_PLATFORM_RESET		= 0x003,
	SEV_FW_PLATFORM_STATUS		= 0x004,
	SEV_FW_PEK_GEN			= 0x005,
	SEV_FW_PEK_CSR			= 0x006,
	SEV_FW_PEK_CERT_IMPORT		= 0x007,
	SEV_FW_PDH_CERT_EXPORT		= 0x008,
	SEV_FW_PDH_GEN			= 0x009,
	SEV_FW_DF_FLUSH			= 0x00a,
	SEV_FW_DOWNLOAD_FIRMWARE	= 0x00b,
	SEV_FW_GET_ID			= 0x00c,
	SEV_FW_INIT_EX			= 0x00d,
	SEV_FW_NOP			= 0x00e,
	SEV_FW_RING_BUFFER		= 0x00f,

	SEV_FW_DECOMMISSION		= 0x020,
	SEV_FW_ACTIVATE			= 0x021,
	SEV_FW_DEACTIVATE		= 0x022,
	SEV_FW_GUEST_STATUS		= 0x023,
	SEV_FW_COPY			= 0x024,
	SEV_FW_ACTIVATE_EX		= 0x025,

	SEV_FW_LAUNCH_START		= 0x030,
	SEV_FW_LAUNCH_UPDATE_DATA	= 0x031,
	SEV_FW_LAUNCH_UPDATE_VMSA	= 0x032,
	SEV_FW_LAUNCH_MEASURE		= 0x033,
	SEV_FW_LAUNCH_UPDATE_SECRET	= 0x034,
	SEV_FW_LAUNCH_FINISH		= 0x035,
	SEV_FW_ATTESTATION		= 0x036,

	SEV_FW_SEND_START		= 0x040,
	SEV_FW_SEND_UPDATE_DATA		= 0x041,
	SEV_FW_SEND_UPDATE_VMSA		= 0x042,
	SEV_FW_SEND_FINISH		= 0x043,
	SEV_FW_SEND_CANCEL		= 0x044,

	SEV_FW_RECEIVE_START		= 0x050,
	SEV_FW_RECEIVE_UPDATE_DATA	= 0x051,
	SEV_FW_RECEIVE_UPDATE_VMSA	= 0x052,
	SEV_FW_RECEIVE_FINISH		= 0x053,

	SEV_FW_DBG_DECRYPT		= 0x060,
	SEV_FW_DBG_ENCRYPT		= 0x061,

	SEV_FW_SWAP_OUT			= 0x070,
	SEV_FW_SWAP_IN			= 0x071,

	SEV_FW_SNP_INIT			= 0x081,
	SEV_FW_SNP_SHUTDOWN		= 0x082,
	SEV_FW_SNP_PLATFORM_STATUS	= 0x083,
	SEV_FW_SNP_DF_FLUSH		= 0x084,
	SEV_FW_SNP_INIT_EX		= 0x085,
	SEV_FW_SNP_SHUTDOWN_EX		= 0x086,

	SEV_FW_SNP_DECOMMISSION		= 0x090,
	SEV_FW_SNP_ACTIVATE		= 0x091,
	SEV_FW_SNP_GUEST_STATUS		= 0x092,
	SEV_FW_SNP_GCTX_CREATE		= 0x093,
	SEV_FW_SNP_GUEST_REQUEST	= 0x094,
	SEV_FW_SNP_ACTIVATE_EX		= 0x095,
	SEV_FW_SNP_HV_REPORT_REQ	= 0x096,

	SEV_FW_SNP_LAUNCH_START		= 0x0a0,
	SEV_FW_SNP_LAUNCH_UPDATE	= 0x0a1,
	SEV_FW_SNP_LAUNCH_FINISH	= 0x0a2,

	SEV_FW_SNP_DBG_DECRYPT		= 0x0b0,
	SEV_FW_SNP_DBG_ENCRYPT		= 0x0b1,
	SEV_FW_SNP_VERIFY_MITIGATION	= 0x0b2,

	SEV_FW_SNP_PAGE_SWAP_OUT	= 0x0c0,
	SEV_FW_SNP_PAGE_SWAP_IN		= 0x0c1,
	SEV_FW_SNP_PAGE_MOVE		= 0x0c2,
	SEV_FW_SNP_PAGE_MD_INIT		= 0x0c3,
	SEV_FW_SNP_PAGE_SET_STATE	= 0x0c6,
	SEV_FW_SNP_PAGE_RECLAIM		= 0x0c7,
	SEV_FW_SNP_PAGE_UNSMASH		= 0x0c8,
	SEV_FW_SNP_CONFIG		= 0x0c9,
	SEV_FW_SNP_DOWNLOAD_FIRMWARE_EX	= 0x0ca,
	SEV_FW_SNP_COMMIT		= 0x0cb,
	SEV_FW_SNP_VLEK_LOAD		= 0x0cd,
	SEV_FW_SNP_FEATURE_INFO		= 0x0ce,
};

/* An id of no firmware command, for a VM fd: its block is &struct sev_fw_query. */
#define SEV_FW_QUERY_ID		0xfff
/* Another one: its block is &struct sev_fw_array. */
#define SEV_FW_ARRAY_ID		0xffe

/**
 * struct sev_fw_cmd - the envelope of a firmware command
 * @id: [in] SEV_FW_CMD(enum sev_fw_id). The bits of SEV_FW_FLAGS must be zero
 * @len: [in] size of the block at @data, 0 for a command that has none
 * @data: [in] address of the block
 * @error: [out] firmware's status, or SEV_FW_NO_CALL; always written, on
 *	success too. Need not be zero on input
 * @fd: [in] on a VM fd: an open /dev/sev. On /dev/sev: the VM fd of a guest
 *	command, -1 for a platform command
 *
 * The layout is that of struct kvm_sev_cmd.
 */
struct sev_fw_cmd {
	__u32 id;
	__u32 len;
	__u64 data;
	__u32 error;
	__s32 fd;
};

/**
 * struct sev_fw_buf_info - one buffer that a block points to
 * @addr: offset in the block of the __u64 that holds the address
 * @len: offset in the block of the __u32 that holds the length; SEV_FW_BUF_FIXED
 *	if the length is always @max; SEV_FW_BUF_PAGE if it is 4 KiB or, with bit 0
 *	of the block's flags set, 2 MiB
 * @dir: SEV_FW_BUF_READ, SEV_FW_BUF_WRITE: whether the firmware reads or writes it
 * @kind: one of SEV_FW_BUF_BLOB, _GUEST, _IMAGE, _VMSA, _PRIVATE, _METADATA. Of two buffers
 *	with the same @addr, the block's flags say which one is meant
 * @max: largest length the kernel passes on; 0 for no limit but __u32. The limit
 *	bounds memory, and is no size of an answer: for that see INVALID_LENGTH
 */
struct sev_fw_buf_info {
	__u8 addr;
	__u8 len;
	__u8 dir;
	__u8 kind;
	__u32 max;
};

#define SEV_FW_BUF_FIXED	0xff	/* @len: not in the block */
#define SEV_FW_BUF_PAGE		0xfe	/* @len: a page of the size that bit 0 of flags says */

#define SEV_FW_BUF_READ		0x01	/* @dir: firmware reads it */
#define SEV_FW_BUF_WRITE	0x02	/* @dir: firmware writes it */

#define SEV_FW_BUF_NONE		0	/* @kind: no buffer in this slot */
#define SEV_FW_BUF_BLOB		1	/* @kind: host data, copied by the kernel */
#define SEV_FW_BUF_GUEST	2	/* @kind: guest memory, pinned in place */
#define SEV_FW_BUF_IMAGE	3	/* @kind: like a blob, aligned and larger */
#define SEV_FW_BUF_VMSA		4	/* @kind: a vCPU's save area; the address is its number */
#define SEV_FW_BUF_PRIVATE	5	/* @kind: page of private memory, see SNP_LAUNCH_UPDATE */
#define SEV_FW_BUF_METADATA	6	/* @kind: an entry's number, see SNP_PAGE_SWAP_OUT */

/*
 * States of a page in the reverse map table (RMP). On a host for SEV-SNP, the firmware
 * wants a page in one of them, and leaves it in one when the command has succeeded. The
 * kernel sees to it; none of it is a caller's business, unless that is to know the cost.
 */
#define SEV_FW_PAGE_ANY		0	/* is only read, in any state */
#define SEV_FW_PAGE_FIRMWARE	1	/* the firmware may write it */
#define SEV_FW_PAGE_RECLAIM	2	/* can be taken back without asking the firmware */
#define SEV_FW_PAGE_CONTEXT	3	/* a guest's context */
#define SEV_FW_PAGE_METADATA	4	/* the firmware's records of swapped pages */
#define SEV_FW_PAGE_PRE_GUEST	5	/* on its way to a guest, or away from it */
#define SEV_FW_PAGE_GUEST	6	/* a guest's */
#define SEV_FW_PAGE_HV_FIXED	7	/* the hypervisor's until the machine is reset */
#define SEV_FW_PAGE_PRE_SWAP	8	/* a guest's, which the guest cannot write meanwhile */

#define SEV_FW_BUFS		4	/* buffers of one command, at most */
#define SEV_FW_BLOCK_MAX	128	/* no block will be larger than this, in bytes */

/**
 * struct sev_fw_cmd_info - a command, as the kernel knows it
 * @id: SEV_FW_CMD(enum sev_fw_id)
 * @flags: SEV_FW_INFO_*
 * @size: size of the block in bytes
 * @min_size: size of the block when first published, the shortest that is taken
 * @api_major: lowest SEV API version that has this command, major
 * @api_minor: and minor
 * @name: name, zero-terminated
 * @user: bit n is set if the caller may set byte n of the block; all other
 *	bytes must be zero. Bit n is bit n % 64 of word n / 64
 * @buf: the buffers; unused ones are SEV_FW_BUF_NONE
 * @page_before: SEV_FW_PAGE_* that each buffer's pages must be in
 * @page_after: and that success leaves them in
 */
struct sev_fw_cmd_info {
	__u32 id;
	__u32 flags;
	__u16 size;
	__u16 min_size;
	__u8 api_major;
	__u8 api_minor;
	char name[26];
	__u64 user[2];
	struct sev_fw_buf_info buf[SEV_FW_BUFS];
	__u8 page_before[SEV_FW_BUFS];
	__u8 page_after[SEV_FW_BUFS];
};

#define SEV_FW_INFO_AVAILABLE	0x01	/* this firmware's API version has it */
#define SEV_FW_INFO_PLATFORM	0x02	/* on /dev/sev, envelope fd -1 */
#define SEV_FW_INFO_GUEST	0x04	/* on a VM fd, or /dev/sev with a VM fd */
#define SEV_FW_INFO_WRITE	0x08	/* the /dev/sev fd must be open for writing */
#define SEV_FW_INFO_START	0x10	/* makes the guest context and binds its ASID */
#define SEV_FW_INFO_REPEAT	0x20	/* one block may become several firmware commands */
#define SEV_FW_INFO_ADMIN	0x40	/* the caller must have CAP_SYS_ADMIN */
#define SEV_FW_INFO_SNP		0x80	/* a command of SEV-SNP; available if the host has it */
#define SEV_FW_INFO_FINAL	0x100	/* replaces keys, owner or firmware: ask a person first */
#define SEV_FW_INFO_ARRAY	0x200	/* may be one of many in &struct sev_fw_array */

/**
 * struct sev_fw_query - which commands there are
 * @infos: [in] address of an array of &struct sev_fw_cmd_info
 * @count: [in,out] in: elements that the array has; out: elements that the
 *	kernel has, of which no more than the array holds are written
 * @info_size: [in] sizeof(struct sev_fw_cmd_info) as the caller knows it. A
 *	smaller one than the kernel's gets the first part of each element, a
 *	larger one gets its tail zeroed
 * @flags: [mbz]
 * @api_major: [out] SEV API version of the firmware, major
 * @api_minor: [out] and minor
 * @build: [out] firmware build
 * @reserved: [mbz]
 *
 * Commands that belong to the driver are listed with neither
 * SEV_FW_INFO_PLATFORM nor SEV_FW_INFO_GUEST.
 *
 * Return: 0, or EINVAL (@flags, @reserved, @info_size), EFAULT.
 */
struct sev_fw_query {
	__u64 infos;
	__u32 count;
	__u32 info_size;
	__u32 flags;
	__u8 api_major;
	__u8 api_minor;
	__u8 build;
	__u8 reserved;
};

/**
 * struct sev_fw_array - many commands at once
 * @cmds: [in] address of an array of &struct sev_fw_cmd. Only the @error of each is written
 * @count: [in] how many, 1 to SEV_FW_ARRAY_MAX
 * @flags: [in] SEV_FW_ARRAY_GO_ON, or 0
 * @done: [out] how many envelopes were dealt with; 0 after an early refusal
 * @reserved: [mbz]
 *
 * The commands are executed in their order, as if they had been issued one by one, but the
 * kernel works on one while the firmware works on another. All have the same @fd: on
 * /dev/sev as in a single envelope, on a VM fd that of the envelope around the array.
 *
 * Without SEV_FW_ARRAY_GO_ON the first failure is the end: @done commands have succeeded,
 * and the errno is that of the envelope with this index. With it all of them are tried,
 * @done is @count, and the errno is that of the first that has failed; an envelope's @error
 * does not tell of failures in which the firmware was not asked, or has succeeded.
 *
 * Once the array has been found well-formed, @error of each envelope is SEV_FW_NO_CALL
 * until the firmware has answered it, so that it tells exactly what was executed; before
 * that none is written. Where a copy to the caller's memory fails although it could be
 * written before (EFAULT, after a munmap() by another thread), the command after that one
 * may have been executed, too; if the kernel uses the firmware's ring (psp_ring), up to 62.
 *
 * A command's block, and all memory that the block points to, is read, and may be given
 * to the firmware, before the answer and the outputs of the command before it are written.
 * So neither may overlap what any of the commands before it writes. Others' commands come
 * in between: a turn is 2 ms of the firmware's time, or one command that takes longer. The
 * memory of two commands, by the ring of up to 63, is locked at a time if the limit permits,
 * else that of fewer.
 *
 * Errors before anything is done, beside those of a single command:
 *
 *   EINVAL  @count, @flags or @reserved; or @fd is not the same in all envelopes
 *   EPERM   a command that cannot be one of many: SEV_FW_INFO_ARRAY tells
 *
 * EINTR: the caller is being killed; @done commands were executed.
 */
struct sev_fw_array {
	__u64 cmds;
	__u32 count;
	__u32 flags;
	__u32 done;
	__u32 reserved;
};

#define SEV_FW_ARRAY_MAX	4096
#define SEV_FW_ARRAY_GO_ON	0x01

/*
 * On /dev/sev, beside the ioctls of <linux/psp-sev.h>. Reading commands work
 * on a fd that is open for reading only, and so do commands on guests
 * (SEV_FW_INFO_WRITE and SEV_FW_INFO_ADMIN tell).
 */
#define SEV_FW_IOC_TYPE		0xd5	/* 00-1f; the kernel's list gives it to nobody else */
#define SEV_FW_ISSUE		_IOWR(SEV_FW_IOC_TYPE, 0x00, struct sev_fw_cmd)
#define SEV_FW_QUERY		_IOWR(SEV_FW_IOC_TYPE, 0x01, struct sev_fw_query)
#define SEV_FW_ISSUE_MANY	_IOWR(SEV_FW_IOC_TYPE, 0x02, struct sev_fw_array)

/*
 * Sizes in the SEV API of today, in bytes. Ids, certificate chains and reports may grow:
 * a caller that must work with later firmware asks for the length first.
 */
#define SEV_FW_CERT_SIZE	0x824	/* a SEV certificate */
#define SEV_FW_CHAIN_SIZE	0x186c	/* PEK, OCA, CEK certificates */
#define SEV_FW_SESSION_SIZE	0x80	/* launch and migration session */
#define SEV_FW_MEASURE_SIZE	0x30	/* measurement: HMAC and nonce */
#define SEV_FW_HEADER_SIZE	0x34	/* packet header */
#define SEV_FW_PACKET_MAX	0x5000	/* payload of one packet */
#define SEV_FW_REPORT_SIZE	0xd0	/* attestation report */
#define SEV_FW_VMSA_SIZE	0x1000	/* vCPU state of SEV-ES */
#define SEV_FW_SWAP_MDATA_SIZE	0x40	/* entry that describes a swapped page */
#define SEV_FW_SNP_STATUS_SIZE	0x20	/* of the platform, or of a guest */
#define SEV_FW_SNP_MESSAGE_SIZE	0x1000	/* of a guest, or to it */
#define SEV_FW_SNP_REPORT_SIZE	0x4c0	/* attestation report, with the header before it */
#define SEV_FW_SNP_ID_BLOCK_SIZE	0x60
#define SEV_FW_SNP_ID_AUTH_SIZE	0x1000
#define SEV_FW_SNP_VLEK_SIZE	0x1b0	/* wrapped VLEK hashstick */

#define __sev_fw_packed __attribute__((__packed__))

/**
 * struct sev_fw_init - INIT (driver only)
 * @flags: [driver] bit 0: SEV-ES
 * @reserved: [mbz]
 * @tmr_address: [driver] trusted memory region
 * @tmr_len: [driver] its size
 */
struct sev_fw_init {
	__u32 flags;
	__u32 reserved;
	__u64 tmr_address;
	__u32 tmr_len;
} __sev_fw_packed;

/**
 * struct sev_fw_init_ex - INIT_EX (driver only)
 * @length: [driver] size of this block
 * @flags: [driver] bit 0: SEV-ES
 * @tmr_address: [driver] trusted memory region
 * @tmr_len: [driver] its size
 * @reserved: [mbz]
 * @nv_address: [driver] NV area
 * @nv_len: [driver] its size
 */
struct sev_fw_init_ex {
	__u32 length;
	__u32 flags;
	__u64 tmr_address;
	__u32 tmr_len;
	__u32 reserved;
	__u64 nv_address;
	__u32 nv_len;
} __sev_fw_packed;

/**
 * struct sev_fw_platform_status - PLATFORM_STATUS
 * @api_major: [out] SEV API version, major
 * @api_minor: [out] and minor
 * @state: [out] 0 uninitialised, 1 initialised, 2 working
 * @owner: [out] bit 0: externally owned
 * @config: [out] bit 0: initialised for SEV-ES
 * @reserved: [mbz]
 * @build: [out] firmware build
 * @guest_count: [out] guests that firmware holds
 */
struct sev_fw_platform_status {
	__u8 api_major;
	__u8 api_minor;
	__u8 state;
	__u8 owner;
	__u16 config;
	__u8 reserved;
	__u8 build;
	__u32 guest_count;
} __sev_fw_packed;

/**
 * struct sev_fw_pek_csr - PEK_CSR
 * @address: [in] receives the certificate signing request
 * @len: [in,out] in: room; out: what firmware wrote, or needs
 *	(EIO with INVALID_LENGTH). 0 asks for the length
 */
struct sev_fw_pek_csr {
	__u64 address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_pek_cert_import - PEK_CERT_IMPORT
 * @pek_address: [in] PEK certificate, signed by the OCA
 * @pek_len: [in] its length
 * @reserved: [mbz]
 * @oca_address: [in] OCA certificate
 * @oca_len: [in] its length
 */
struct sev_fw_pek_cert_import {
	__u64 pek_address;
	__u32 pek_len;
	__u32 reserved;
	__u64 oca_address;
	__u32 oca_len;
} __sev_fw_packed;

/**
 * struct sev_fw_pdh_cert_export - PDH_CERT_EXPORT
 * @pdh_address: [in] receives the PDH certificate
 * @pdh_len: [in,out] in: room; out: what firmware wrote, or needs
 * @reserved: [mbz]
 * @chain_address: [in] receives PEK, OCA and CEK certificates
 * @chain_len: [in,out] in: room; out: what firmware wrote, or needs
 *
 * If either length is too small firmware answers INVALID_LENGTH and sets both.
 */
struct sev_fw_pdh_cert_export {
	__u64 pdh_address;
	__u32 pdh_len;
	__u32 reserved;
	__u64 chain_address;
	__u32 chain_len;
} __sev_fw_packed;

/**
 * struct sev_fw_download_firmware - DOWNLOAD_FIRMWARE
 * @address: [in] firmware image
 * @len: [in] its length
 *
 * Needs CAP_SYS_ADMIN in the initial user namespace: the PSP accepts older images, too.
 * The kernel's security modules are asked as for any firmware that is loaded from
 * memory: with LoadPin enforced it is EPERM, and EACCES with an IMA policy that wants
 * firmware to be signed.
 */
struct sev_fw_download_firmware {
	__u64 address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_get_id - GET_ID
 * @address: [in] receives the ids, 64 bytes a socket; firmware of today gives that
 *	of the second socket only where @len is 128
 * @len: [in,out] in: room; out: what firmware wrote, or needs
 */
struct sev_fw_get_id {
	__u64 address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_ring_buffer - RING_BUFFER (driver only)
 * @lo_cmd_address: [driver] low priority command page
 * @lo_status_address: [driver] low priority status page
 * @hi_cmd_address: [driver] high priority command page
 * @hi_status_address: [driver] high priority status page
 * @lo_pages: [driver] pages of the low priority queue
 * @hi_pages: [driver] pages of the high priority queue
 * @lo_threshold: [driver] "nearly empty" of the low priority queue
 * @hi_threshold: [driver] "nearly empty" of the high priority queue
 * @int_on_empty: [driver] interrupt when all queues are empty
 */
struct sev_fw_ring_buffer {
	__u64 lo_cmd_address;
	__u64 lo_status_address;
	__u64 hi_cmd_address;
	__u64 hi_status_address;
	__u8 lo_pages;
	__u8 hi_pages;
	__u16 lo_threshold;
	__u16 hi_threshold;
	__u16 int_on_empty;
} __sev_fw_packed;

/**
 * struct sev_fw_decommission - DECOMMISSION (driver only)
 * @handle: [driver] guest
 */
struct sev_fw_decommission {
	__u32 handle;
} __sev_fw_packed;

/**
 * struct sev_fw_activate - ACTIVATE (driver only)
 * @handle: [driver] guest
 * @asid: [driver] ASID
 */
struct sev_fw_activate {
	__u32 handle;
	__u32 asid;
} __sev_fw_packed;

/**
 * struct sev_fw_deactivate - DEACTIVATE (driver only)
 * @handle: [driver] guest
 */
struct sev_fw_deactivate {
	__u32 handle;
} __sev_fw_packed;

/**
 * struct sev_fw_guest_status - GUEST_STATUS
 * @handle: [driver]
 * @policy: [out] guest policy
 * @asid: [driver] firmware's answer is not passed on
 * @state: [out] 1 launch update, 2 launch secret, 3 running, 4 send update,
 *	5 receive update, 6 sent
 */
struct sev_fw_guest_status {
	__u32 handle;
	__u32 policy;
	__u32 asid;
	__u8 state;
} __sev_fw_packed;

/**
 * struct sev_fw_copy - COPY
 * @handle: [driver]
 * @len: [in] multiple of 4096
 * @src_address: [in] guest memory, aligned to 4096
 * @dst_address: [in] guest memory, aligned to 4096
 *
 * @len tells on return how many bytes have been copied. EINVAL also if the two
 * regions overlap.
 */
struct sev_fw_copy {
	__u32 handle;
	__u32 len;
	__u64 src_address;
	__u64 dst_address;
} __sev_fw_packed;

/**
 * struct sev_fw_activate_ex - ACTIVATE_EX (driver only)
 * @length: [driver] size of this block
 * @handle: [driver] guest
 * @asid: [driver] ASID
 * @numids: [driver] number of APIC ids
 * @ids_address: [driver] APIC ids, 4 bytes each
 */
struct sev_fw_activate_ex {
	__u32 length;
	__u32 handle;
	__u32 asid;
	__u32 numids;
	__u64 ids_address;
} __sev_fw_packed;

/**
 * struct sev_fw_launch_start - LAUNCH_START, then ACTIVATE on the VM's ASID
 * @handle: [driver] on return the new guest's handle, for information; 0 if there is
 *	none
 * @policy: [in] guest policy
 * @dh_address: [in] guest owner's DH certificate; 0 for a launch without
 *	session (then @dh_len, @session_address and @session_len must be 0)
 * @dh_len: [in] SEV_FW_CERT_SIZE
 * @reserved: [mbz]
 * @session_address: [in] session, made for this platform's PDH
 * @session_len: [in] SEV_FW_SESSION_SIZE
 *
 * EBUSY if this VM has been started already.
 */
struct sev_fw_launch_start {
	__u32 handle;
	__u32 policy;
	__u64 dh_address;
	__u32 dh_len;
	__u32 reserved;
	__u64 session_address;
	__u32 session_len;
} __sev_fw_packed;

/**
 * struct sev_fw_launch_update_data - LAUNCH_UPDATE_DATA
 * @handle: [driver]
 * @reserved: [mbz]
 * @address: [in] memory to measure and encrypt in place, aligned to 16
 * @len: [in,out] in: multiple of 16; out: bytes that firmware took
 *
 * Memory scattered in physical pages becomes several firmware commands. If one
 * fails, @len says how many bytes were measured and encrypted before it.
 */
struct sev_fw_launch_update_data {
	__u32 handle;
	__u32 reserved;
	__u64 address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_launch_update_vmsa - LAUNCH_UPDATE_VMSA
 * @handle: [driver]
 * @reserved: [mbz]
 * @address: [in] number of the vCPU, in the order of their creation from 0 on
 * @len: [in,out] in: SEV_FW_VMSA_SIZE; or 0, with @address 0 too, for all vCPUs in
 *	order. out: bytes that firmware took, SEV_FW_VMSA_SIZE for each vCPU
 *
 * The vCPU's state, as its ioctls have set it, is put into its save area, which
 * firmware measures and encrypts. After that KVM cannot see or set it any more.
 *
 * EINVAL also if there is no such vCPU, or it has been encrypted already.
 */
struct sev_fw_launch_update_vmsa {
	__u32 handle;
	__u32 reserved;
	__u64 address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_launch_measure - LAUNCH_MEASURE
 * @handle: [driver]
 * @reserved: [mbz]
 * @address: [in] receives the measurement: HMAC (32), nonce (16); the room behind it
 *	becomes zero
 * @len: [in,out] in: room; out: bytes needed, if firmware answers
 *	INVALID_LENGTH, else as given. 0 asks for the length
 */
struct sev_fw_launch_measure {
	__u32 handle;
	__u32 reserved;
	__u64 address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_launch_update_secret - LAUNCH_UPDATE_SECRET
 * @handle: [driver]
 * @reserved0: [mbz]
 * @hdr_address: [in] packet header
 * @hdr_len: [in] SEV_FW_HEADER_SIZE
 * @reserved1: [mbz]
 * @guest_address: [in] guest memory, aligned to 16, physically contiguous
 * @guest_len: [in] its length, a multiple of 16, at most SEV_FW_PACKET_MAX
 * @reserved2: [mbz]
 * @trans_address: [in] the packet's payload
 * @trans_len: [in] its length
 *
 * EINVAL also if the guest memory is not physically contiguous. The packet's MAC
 * covers all of it, so the firmware must be given it at once; it takes one address;
 * and the memory cannot be moved, since its ciphertext depends on where it is.
 * Memory within one page, or one huge page, always is contiguous.
 */
struct sev_fw_launch_update_secret {
	__u32 handle;
	__u32 reserved0;
	__u64 hdr_address;
	__u32 hdr_len;
	__u32 reserved1;
	__u64 guest_address;
	__u32 guest_len;
	__u32 reserved2;
	__u64 trans_address;
	__u32 trans_len;
} __sev_fw_packed;

/**
 * struct sev_fw_launch_finish - LAUNCH_FINISH
 * @handle: [driver]
 */
struct sev_fw_launch_finish {
	__u32 handle;
} __sev_fw_packed;

/**
 * struct sev_fw_attestation - ATTESTATION
 * @handle: [driver]
 * @reserved: [mbz]
 * @address: [in] receives the report
 * @mnonce: [in] copied into the report
 * @len: [in,out] in: room; out: what firmware wrote, or needs
 */
struct sev_fw_attestation {
	__u32 handle;
	__u32 reserved;
	__u64 address;
	__u8 mnonce[16];
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_send_start - SEND_START
 * @handle: [driver]
 * @policy: [out] guest policy
 * @pdh_address: [in] receiver's PDH certificate
 * @pdh_len: [in] its length
 * @reserved0: [mbz]
 * @plat_address: [in] receiver's PEK, OCA, CEK certificates
 * @plat_len: [in] their length
 * @reserved1: [mbz]
 * @amd_address: [in] ASK and ARK certificates
 * @amd_len: [in] their length
 * @reserved2: [mbz]
 * @session_address: [in] receives the session
 * @session_len: [in,out] in: SEV_FW_SESSION_SIZE, and no more; 0 asks for the length
 */
struct sev_fw_send_start {
	__u32 handle;
	__u32 policy;
	__u64 pdh_address;
	__u32 pdh_len;
	__u32 reserved0;
	__u64 plat_address;
	__u32 plat_len;
	__u32 reserved1;
	__u64 amd_address;
	__u32 amd_len;
	__u32 reserved2;
	__u64 session_address;
	__u32 session_len;
} __sev_fw_packed;

/**
 * struct sev_fw_send_update_data - SEND_UPDATE_DATA
 * @handle: [driver]
 * @reserved0: [mbz]
 * @hdr_address: [in] receives the packet header
 * @hdr_len: [in,out] SEV_FW_HEADER_SIZE; 0 asks for the length
 * @reserved1: [mbz]
 * @guest_address: [in] guest memory, aligned to 16, physically contiguous
 * @guest_len: [in] its length, a multiple of 16, at most SEV_FW_PACKET_MAX
 * @reserved2: [mbz]
 * @trans_address: [in] receives the packet's payload
 * @trans_len: [in] room for it, at least @guest_len
 *
 * EINVAL also if the guest memory is not physically contiguous, see &struct
 * sev_fw_launch_update_secret.
 */
struct sev_fw_send_update_data {
	__u32 handle;
	__u32 reserved0;
	__u64 hdr_address;
	__u32 hdr_len;
	__u32 reserved1;
	__u64 guest_address;
	__u32 guest_len;
	__u32 reserved2;
	__u64 trans_address;
	__u32 trans_len;
} __sev_fw_packed;

/**
 * struct sev_fw_send_update_vmsa - SEND_UPDATE_VMSA
 * @handle: [driver]
 * @reserved0: [mbz]
 * @hdr_address: [in] receives the packet header
 * @hdr_len: [in,out] SEV_FW_HEADER_SIZE; 0 asks for the length
 * @reserved1: [mbz]
 * @guest_address: [in] number of the vCPU, in the order of their creation
 * @guest_len: [in] SEV_FW_VMSA_SIZE
 * @reserved2: [mbz]
 * @trans_address: [in] receives the packet's payload
 * @trans_len: [in] room for it, at least @guest_len
 */
struct sev_fw_send_update_vmsa {
	__u32 handle;
	__u32 reserved0;
	__u64 hdr_address;
	__u32 hdr_len;
	__u32 reserved1;
	__u64 guest_address;
	__u32 guest_len;
	__u32 reserved2;
	__u64 trans_address;
	__u32 trans_len;
} __sev_fw_packed;

/**
 * struct sev_fw_send_finish - SEND_FINISH
 * @handle: [driver]
 */
struct sev_fw_send_finish {
	__u32 handle;
} __sev_fw_packed;

/**
 * struct sev_fw_send_cancel - SEND_CANCEL
 * @handle: [driver]
 */
struct sev_fw_send_cancel {
	__u32 handle;
} __sev_fw_packed;

/**
 * struct sev_fw_receive_start - RECEIVE_START, then ACTIVATE on the VM's ASID
 * @handle: [driver] on return the new guest's handle, for information; 0 if there is
 *	none
 * @policy: [in] guest policy
 * @pdh_address: [in] sender's PDH certificate
 * @pdh_len: [in] SEV_FW_CERT_SIZE
 * @reserved: [mbz]
 * @session_address: [in] session that SEND_START made
 * @session_len: [in] SEV_FW_SESSION_SIZE
 */
struct sev_fw_receive_start {
	__u32 handle;
	__u32 policy;
	__u64 pdh_address;
	__u32 pdh_len;
	__u32 reserved;
	__u64 session_address;
	__u32 session_len;
} __sev_fw_packed;

/**
 * struct sev_fw_receive_update_data - RECEIVE_UPDATE_DATA
 * @handle: [driver]
 * @reserved0: [mbz]
 * @hdr_address: [in] packet header
 * @hdr_len: [in] SEV_FW_HEADER_SIZE
 * @reserved1: [mbz]
 * @guest_address: [in] guest memory, aligned to 16, physically contiguous
 * @guest_len: [in] its length, a multiple of 16, at most SEV_FW_PACKET_MAX
 * @reserved2: [mbz]
 * @trans_address: [in] the packet's payload
 * @trans_len: [in] its length
 *
 * EINVAL also if the guest memory is not physically contiguous, see &struct
 * sev_fw_launch_update_secret.
 */
struct sev_fw_receive_update_data {
	__u32 handle;
	__u32 reserved0;
	__u64 hdr_address;
	__u32 hdr_len;
	__u32 reserved1;
	__u64 guest_address;
	__u32 guest_len;
	__u32 reserved2;
	__u64 trans_address;
	__u32 trans_len;
} __sev_fw_packed;

/**
 * struct sev_fw_receive_update_vmsa - RECEIVE_UPDATE_VMSA
 * @handle: [driver]
 * @reserved0: [mbz]
 * @hdr_address: [in] packet header
 * @hdr_len: [in] SEV_FW_HEADER_SIZE
 * @reserved1: [mbz]
 * @guest_address: [in] number of the vCPU, in the order of their creation
 * @guest_len: [in] SEV_FW_VMSA_SIZE
 * @reserved2: [mbz]
 * @trans_address: [in] the packet's payload
 * @trans_len: [in] its length
 */
struct sev_fw_receive_update_vmsa {
	__u32 handle;
	__u32 reserved0;
	__u64 hdr_address;
	__u32 hdr_len;
	__u32 reserved1;
	__u64 guest_address;
	__u32 guest_len;
	__u32 reserved2;
	__u64 trans_address;
	__u32 trans_len;
} __sev_fw_packed;

/**
 * struct sev_fw_receive_finish - RECEIVE_FINISH
 * @handle: [driver]
 */
struct sev_fw_receive_finish {
	__u32 handle;
} __sev_fw_packed;

/**
 * struct sev_fw_dbg_decrypt - DBG_DECRYPT
 * @handle: [driver]
 * @reserved: [mbz]
 * @src_address: [in] guest memory, aligned to 16
 * @dst_address: [in] receives its content, host memory, aligned to 16
 * @len: [in,out] in: multiple of 16; out: bytes done
 */
struct sev_fw_dbg_decrypt {
	__u32 handle;
	__u32 reserved;
	__u64 src_address;
	__u64 dst_address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_dbg_encrypt - DBG_ENCRYPT
 * @handle: [driver]
 * @reserved: [mbz]
 * @src_address: [in] content, host memory, aligned to 16
 * @dst_address: [in] guest memory, aligned to 16
 * @len: [in,out] in: multiple of 16; out: bytes done
 */
struct sev_fw_dbg_encrypt {
	__u32 handle;
	__u32 reserved;
	__u64 src_address;
	__u64 dst_address;
	__u32 len;
} __sev_fw_packed;

/**
 * struct sev_fw_swap_out - SWAP_OUT
 * @handle: [driver]
 * @flags: [in] bit 0: 2 MiB page; bits 2:1: page type, 0 data, 2 VMSA
 * @src_address: [in] guest page, aligned to its size
 * @dst_address: [in] host page, aligned to its size; written in place
 * @mdata_address: [in] receives the metadata entry, SEV_FW_SWAP_MDATA_SIZE bytes
 * @software_data: [in] stored in the entry
 *
 * EINVAL also if a 2 MiB page is not one page to the kernel.
 */
struct sev_fw_swap_out {
	__u32 handle;
	__u32 flags;
	__u64 src_address;
	__u64 dst_address;
	__u64 mdata_address;
	__u64 software_data;
} __sev_fw_packed;

/**
 * struct sev_fw_swap_in - SWAP_IN
 * @handle: [driver]
 * @flags: [in] as SWAP_OUT; bit 3: in place
 * @src_address: [in] host page; in place: the guest page itself
 * @dst_address: [in] guest page
 * @mdata_address: [in] metadata entry, SEV_FW_SWAP_MDATA_SIZE bytes
 */
struct sev_fw_swap_in {
	__u32 handle;
	__u32 flags;
	__u64 src_address;
	__u64 dst_address;
	__u64 mdata_address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_platform_status - SNP_PLATFORM_STATUS
 * @address: [in] receives &struct sev_fw_snp_platform_info
 */
struct sev_fw_snp_platform_status {
	__u64 address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_platform_info - answer of SNP_PLATFORM_STATUS
 * @api_major: SNP ABI version, major
 * @api_minor: and minor
 * @state: 0 uninitialised, 1 initialised
 * @rmp: bit 0: the RMP is initialised; bit 1: memory was checked for aliases
 * @build: firmware build
 * @flags: bit 0: reports do not name the chip; bit 1: the VCEK is not used; bit 2: a VLEK
 *	is loaded; bit 3: there is SNP_FEATURE_INFO; bit 4: RAPL is off; bit 5: there is
 *	ciphertext hiding; bit 6: and it is on
 * @guest_count: guest contexts
 * @current_tcb: security versions of the firmware that runs
 * @reported_tcb: those that reports are signed for
 */
struct sev_fw_snp_platform_info {
	__u8 api_major;
	__u8 api_minor;
	__u8 state;
	__u8 rmp;
	__u32 build;
	__u32 flags;
	__u32 guest_count;
	__u64 current_tcb;
	__u64 reported_tcb;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_init_ex - SNP_INIT_EX (driver only)
 * @flags: [driver] bit 0: initialise the RMP; bit 1: there is a list; bit 2: RAPL off; bit
 *	3: ciphertext hiding; bit 4: TIO
 * @reserved: [mbz]
 * @list_address: [driver] ranges that are no guest's ever: __u32 count, __u32 0, and for
 *	each __u64 base, __u32 pages, __u32 0
 * @max_snp_asid: [driver] with ciphertext hiding, the highest ASID of an SNP guest
 * @reserved1: [mbz]
 */
struct sev_fw_snp_init_ex {
	__u32 flags;
	__u32 reserved;
	__u64 list_address;
	__u16 max_snp_asid;
	__u8 reserved1[46];
} __sev_fw_packed;

/**
 * struct sev_fw_snp_shutdown_ex - SNP_SHUTDOWN_EX (driver only)
 * @length: [driver] size of this block
 * @flags: [driver] bit 0: the IOMMU, too; bit 1: the processor, too
 */
struct sev_fw_snp_shutdown_ex {
	__u32 length;
	__u32 flags;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_decommission - SNP_DECOMMISSION (driver only)
 * @context: [driver] context page
 */
struct sev_fw_snp_decommission {
	__u64 context;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_activate - SNP_ACTIVATE (driver only)
 * @context: [driver] context page
 * @asid: [driver] ASID
 */
struct sev_fw_snp_activate {
	__u64 context;
	__u32 asid;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_guest_status - SNP_GUEST_STATUS
 * @context: [driver]
 * @address: [in] receives the status, SEV_FW_SNP_STATUS_SIZE bytes: __u64 policy, __u32 ASID,
 *	__u8 state (0 initial, 1 launch, 2 running), 3 x 0, __u32 bit 0: the VCEK is not used
 *	for it; rest 0
 */
struct sev_fw_snp_guest_status {
	__u64 context;
	__u64 address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_gctx_create - SNP_GCTX_CREATE (driver only)
 * @context: [driver] page that becomes the context
 */
struct sev_fw_snp_gctx_create {
	__u64 context;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_guest_request - SNP_GUEST_REQUEST
 * @context: [driver]
 * @request_address: [in] the guest's message, SEV_FW_SNP_MESSAGE_SIZE bytes
 * @response_address: [in] receives the answer to it, as many
 */
struct sev_fw_snp_guest_request {
	__u64 context;
	__u64 request_address;
	__u64 response_address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_activate_ex - SNP_ACTIVATE_EX (driver only)
 * @length: [driver] size of this block
 * @reserved: [mbz]
 * @context: [driver] context page
 * @asid: [driver] ASID
 * @numids: [driver] number of APIC ids
 * @ids_address: [driver] APIC ids, 4 bytes each
 */
struct sev_fw_snp_activate_ex {
	__u32 length;
	__u32 reserved;
	__u64 context;
	__u32 asid;
	__u32 numids;
	__u64 ids_address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_hv_report_req - SNP_HV_REPORT_REQ
 * @length: [driver] size of this block
 * @key_sel: [in] bits 1:0: key that signs, 0 VLEK if there is one, else VCEK; 1 VCEK; 2 VLEK
 * @context: [driver]
 * @address: [in] receives the report, SEV_FW_SNP_REPORT_SIZE bytes: __u32 status, __u32 size
 *	of the report, 24 x 0, report
 */
struct sev_fw_snp_hv_report_req {
	__u32 length;
	__u32 key_sel;
	__u64 context;
	__u64 address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_launch_start - SNP_LAUNCH_START
 * @context: [driver]
 * @policy: [in] guest policy
 * @ma_context: [driver] context of a migration agent
 * @flags: [in] bit 0: must be zero (EINVAL): there is a migration agent, another guest, which
 *	the kernel does not name to the firmware; bit 1: this is an incoming migration image
 * @desired_tsc_khz: [in] 0 for the host's
 * @gosvw: [in] workarounds that the guest's OS is told of
 *
 * The kernel makes the guest's context before, and binds its ASID afterwards; if one of the
 * three fails none has been done, and @error is the answer to that one.
 *
 * EIO with ASID_OWNED in @error: KVM has given the VM an ASID that is lost, since the firmware
 * keeps a page of an earlier guest's. It may be asked again; a new VM, made before this one
 * is closed, has another ASID.
 */
struct sev_fw_snp_launch_start {
	__u64 context;
	__u64 policy;
	__u64 ma_context;
	__u32 flags;
	__u32 desired_tsc_khz;
	__u8 gosvw[16];
} __sev_fw_packed;

/**
 * struct sev_fw_snp_launch_update - SNP_LAUNCH_UPDATE
 * @context: [driver]
 * @flags: [in] bit 0: 2 MiB page; bits 3:1: page type, 1 normal, 2 VMSA, 3 zero, 4
 *	unmeasured, 5 secrets, 6 CPUID; bit 4: of an incoming migration image
 * @reserved: [mbz]
 * @address: [in] page, or number of the vCPU
 * @reserved1: [mbz]
 * @vmpl1_perms: [in] what VMPL 1 may do: bit 0 read, 1 write, 2 and 3 execute
 * @vmpl2_perms: [in] VMPL 2
 * @vmpl3_perms: [in] VMPL 3
 * @reserved2: [mbz]
 *
 * A page of private memory is named by the user address of the same frame's shared memory in a
 * memory slot. Content that stands there moves into the private page, of any type, and is encrypted
 * there; the frame must be private (KVM_SET_MEMORY_ATTRIBUTES). INVALID_PARAM: the shared
 * memory has what the firmware has made of the page, a table of CPUID that it would accept;
 * all other failures change nothing. The state of a vCPU (page type 2) is named by the
 * vCPU's number, and is launched once.
 *
 * KVM has private memory in pages of 4 KiB only, so that 2 MiB are refused (EINVAL).
 * EINVAL also: @address is not that of a whole page in a memory slot with private memory,
 * or is so in two of them, or the frame is shared. EOPNOTSUPP: this kernel keeps private memory
 * from modules.
 */
struct sev_fw_snp_launch_update {
	__u64 context;
	__u32 flags;
	__u32 reserved;
	__u64 address;
	__u8 reserved1;
	__u8 vmpl1_perms;
	__u8 vmpl2_perms;
	__u8 vmpl3_perms;
	__u32 reserved2;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_launch_finish - SNP_LAUNCH_FINISH
 * @context: [driver]
 * @id_block_address: [in] ID block, SEV_FW_SNP_ID_BLOCK_SIZE bytes; 0 without bit 0 of @flags
 * @id_auth_address: [in] its signatures, SEV_FW_SNP_ID_AUTH_SIZE bytes; 0 without it
 * @flags: [in] bit 0: there is an ID block; bit 1: there is an author's key; bit 2: the VCEK
 *	is not to be used for this guest
 * @host_data: [in] goes into reports
 *
 * The firmware's command and nothing else: the states of vCPUs, which KVM's own ioctl of this
 * name launches first, must have been launched by SNP_LAUNCH_UPDATE.
 */
struct sev_fw_snp_launch_finish {
	__u64 context;
	__u64 id_block_address;
	__u64 id_auth_address;
	__u64 flags;
	__u8 host_data[32];
} __sev_fw_packed;

/**
 * struct sev_fw_snp_dbg_decrypt - SNP_DBG_DECRYPT
 * @context: [driver]
 * @src_address: [in] page of private memory, named as for SNP_LAUNCH_UPDATE (EINVAL as there);
 *	ENOENT: the guest does not have that page yet; EBUSY: a vCPU has it for a save area, or a
 *	vCPU of the guest's is just getting one
 * @dst_address: [in] receives its content, 4096 bytes
 *
 * The guest's policy must allow debugging. The state of a vCPU cannot be named.
 */
struct sev_fw_snp_dbg_decrypt {
	__u64 context;
	__u64 src_address;
	__u64 dst_address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_dbg_encrypt - SNP_DBG_ENCRYPT
 * @context: [driver]
 * @src_address: [in] content, 4096 bytes
 * @dst_address: [in] page of private memory, as @src_address of SNP_DBG_DECRYPT
 *
 * The page stays the guest's, validated or not as before. While the firmware is at it the guest
 * cannot validate it, or take its validation back.
 */
struct sev_fw_snp_dbg_encrypt {
	__u64 context;
	__u64 src_address;
	__u64 dst_address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_verify_mitigation - SNP_VERIFY_MITIGATION
 * @length: [driver] size of this block
 * @subcommand: [in] 0: which there are; 1: verify one
 * @reserved: [mbz]
 * @vector: [in] bit of the mitigation that is to be verified
 * @flags: [driver] bit 0: there is a @dst_address; bit 1: there is a @src_address
 * @reserved1: [mbz]
 * @src_address: [mbz] of no command that is known
 * @dst_address: [in] receives 0x14 bytes: __u64 verified vector, __u64 supported vector,
 *	__u32 status of a failure
 * @reserved2: [mbz]
 */
struct sev_fw_snp_verify_mitigation {
	__u32 length;
	__u16 subcommand;
	__u16 reserved;
	__u64 vector;
	__u32 flags;
	__u32 reserved1;
	__u64 src_address;
	__u64 dst_address;
	__u8 reserved2[24];
} __sev_fw_packed;

/**
 * struct sev_fw_snp_page_swap_out - SNP_PAGE_SWAP_OUT
 * @context: [driver]
 * @src_address: [in] page of the guest: address in the memory slot, as SNP_LAUNCH_UPDATE has it
 * @dst_address: [in] receives its ciphertext, a page
 * @mdata_address: [in] number of the metadata entry, below SEV_FW_SNP_ENTRIES
 * @software_data: [in] stored in the entry
 * @flags: [in] bit 0: 2 MiB page, of which KVM has none. [mbz] bits 2:1: page type, of which
 *	data has 0; bit 4: the entry is kept in the context
 * @reserved: [mbz]
 *
 * The frame must be shared in KVM's attributes, so that the guest cannot reach the page; else
 * -EBUSY, as for a page that a vCPU has for a save area, and while a vCPU of the guest's is just
 * getting one. On success the private page is the host's. It stays in its guest_memfd, without
 * content, until the VMM punches a hole there, or SNP_PAGE_SWAP_IN has use for it.
 *
 * The kernel keeps the entries, in pages of 64 that it gives the firmware when an entry
 * of theirs is first used, until the guest ends. An entry has the use of one page that is
 * swapped out: the firmware refuses one that is in use with INVALID_MDATA_ENTRY.
 */
struct sev_fw_snp_page_swap_out {
	__u64 context;
	__u64 src_address;
	__u64 dst_address;
	__u64 mdata_address;
	__u64 software_data;
	__u32 flags;
	__u32 reserved;
} __sev_fw_packed;

#define SEV_FW_SNP_ENTRIES	0x40000000

/**
 * struct sev_fw_snp_page_swap_in - SNP_PAGE_SWAP_IN
 * @context: [driver]
 * @src_address: [in] ciphertext, a page
 * @dst_address: [in] page of the guest, as in SNP_PAGE_SWAP_OUT; its address in the guest must be
 *	that of the page which left
 * @mdata_address: [in] number of the metadata entry, which is free again on success; ENOENT: this
 *	guest has used none of the 64 around it
 * @reserved: [mbz]
 * @flags: [in] as SNP_PAGE_SWAP_OUT. [mbz] bit 3: in place
 * @reserved1: [mbz]
 *
 * The frame must be private in KVM's attributes, without a page that is the guest's already;
 * else -EEXIST.
 */
struct sev_fw_snp_page_swap_in {
	__u64 context;
	__u64 src_address;
	__u64 dst_address;
	__u64 mdata_address;
	__u64 reserved;
	__u32 flags;
	__u32 reserved1;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_page_move - SNP_PAGE_MOVE
 * @context: [driver]
 * @flags: [in] bit 0: 2 MiB page, of which KVM has none
 * @reserved: [mbz]
 * @src_address: [in] page of the guest, as in SNP_PAGE_SWAP_OUT
 * @dst_address: [in] the same address: the guest's page becomes another one of the host, which
 *	the kernel chooses by the memory policy of the calling thread
 *
 * As with SNP_PAGE_SWAP_OUT, the frame must be shared in KVM's attributes.
 */
struct sev_fw_snp_page_move {
	__u64 context;
	__u32 flags;
	__u32 reserved;
	__u64 src_address;
	__u64 dst_address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_page_md_init - SNP_PAGE_MD_INIT (driver only)
 * @context: [driver] context page
 * @address: [driver] page for metadata
 */
struct sev_fw_snp_page_md_init {
	__u64 context;
	__u64 address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_page_set_state - SNP_PAGE_SET_STATE (driver only)
 * @length: [driver] size of this block
 * @reserved: [mbz]
 * @list_address: [driver] ranges, as in &struct sev_fw_snp_init_ex
 */
struct sev_fw_snp_page_set_state {
	__u32 length;
	__u32 reserved;
	__u64 list_address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_page_reclaim - SNP_PAGE_RECLAIM (driver only)
 * @address: [driver] page; bit 0: of 2 MiB
 */
struct sev_fw_snp_page_reclaim {
	__u64 address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_page_unsmash - SNP_PAGE_UNSMASH (driver only)
 * @address: [driver] first of the pages
 */
struct sev_fw_snp_page_unsmash {
	__u64 address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_config - SNP_CONFIG
 * @reported_tcb: [in] security versions that reports are signed for; 0 for the committed ones
 * @flags: [in] bit 0: reports do not name the chip; bit 1: the VCEK is not used
 * @reserved: [mbz]
 */
struct sev_fw_snp_config {
	__u64 reported_tcb;
	__u32 flags;
	__u8 reserved[52];
} __sev_fw_packed;

/**
 * struct sev_fw_snp_download_firmware_ex - SNP_DOWNLOAD_FIRMWARE_EX (driver only)
 * @length: [driver] size of this block
 * @reserved: [mbz]
 * @address: [driver] firmware image
 * @len: [driver] its length
 * @flags: [driver] bit 0: commit it
 */
struct sev_fw_snp_download_firmware_ex {
	__u32 length;
	__u32 reserved;
	__u64 address;
	__u32 len;
	__u32 flags;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_commit - SNP_COMMIT
 * @length: [driver] size of this block
 *
 * Cannot be undone, hence needs CAP_SYS_ADMIN in the initial user namespace.
 */
struct sev_fw_snp_commit {
	__u32 length;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_vlek_load - SNP_VLEK_LOAD
 * @length: [driver] size of this block
 * @wrapped_version: [in] 0
 * @reserved: [mbz]
 * @address: [in] wrapped VLEK hashstick, SEV_FW_SNP_VLEK_SIZE bytes
 */
struct sev_fw_snp_vlek_load {
	__u32 length;
	__u8 wrapped_version;
	__u8 reserved[3];
	__u64 address;
} __sev_fw_packed;

/**
 * struct sev_fw_snp_feature_info - SNP_FEATURE_INFO
 * @length: [driver] size of this block
 * @ecx_in: [in] sub-function, 0 or 1
 * @address: [in] receives four __u32: eax, ebx, ecx, edx
 */
struct sev_fw_snp_feature_info {
	__u32 length;
	__u32 ecx_in;
	__u64 address;
} __sev_fw_packed;

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_LINUX_SEV_FW_H */
