// SPDX-License-Identifier: GPL-2.0
/*
 * The command table: all that the driver knows of each firmware command.
 *
 * The kernel owns addresses, identities and time; firmware owns meaning. A row
 * records only the former. The columns are explained in row.h; above each row
 * stands the block as firmware sees it (offset in hex:size in bytes, I read, O written, and
 * with a star an address of what is read or written), and why it demands something of its
 * caller, if it does.
 *
 * A command that is not here does not exist for anybody. CONTRIBUTING.md lists the files
 * that a new one has lines in.
 */
#ifdef __KERNEL__
#include <linux/array_size.h>
#endif
#include "layout.h"
#include "row.h"

/*
 * The block's struct, with the size that it had when it was first published, which layout.h
 * has: a block that is not read there does not compile. And the offset of one of its members.
 */
#define BLOCK(type)		.size = sizeof(struct type), .first = type##_first_size
#define AT(type, member)	offsetof(struct type, member)

#define USER(type, member) \
	{ AT(type, member), sizeof(((struct type *)0)->member) }
/* Members that follow each other. */
#define USER_TO(type, member, last) {			\
	AT(type, member),				\
	AT(type, last) + sizeof(((struct type *)0)->last) - AT(type, member) }
#define OWN(type, member, what) \
	{ .off = AT(type, member), .kind = PSP_OWN_##what }

#define R	SEV_FW_BUF_READ
#define W	SEV_FW_BUF_WRITE

/*
 * In which states of the RMP the pages are once SNP is initialised: a legacy command may
 * write to those of the firmware only, and leaves what it has written to be reclaimed.
 */
#define PAGES(d) \
	.before = (d) & W ? SEV_FW_PAGE_FIRMWARE : SEV_FW_PAGE_ANY,	\
	.after = (d) & W ? SEV_FW_PAGE_RECLAIM : SEV_FW_PAGE_ANY

/* Host data, copied through a bounce buffer of at most @cap bytes. */
#define BLOB(type, a, l, d, cap) {			\
	.addr = AT(type, a), .len = AT(type, l),	\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_BLOB, .max = (cap) }

#define OPTIONAL_BLOB(type, a, l, d, cap) {		\
	.addr = AT(type, a), .len = AT(type, l),	\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_BLOB, .max = (cap), .optional = true }

/* The length that comes back is the caller's, whatever there is. */
#define UNTOLD_BLOB(type, a, l, cap, size) {		\
	.addr = AT(type, a), .len = AT(type, l),	\
	PAGES(W), .dir = W, .kind = SEV_FW_BUF_BLOB, .max = (cap), .writes = (size) }

#define FIXED_BLOB(type, a, d, size) {			\
	.addr = AT(type, a), .len = SEV_FW_BUF_FIXED,	\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_BLOB, .max = (size) }

/* Guest memory, pinned in place. */
#define GUEST(type, a, l, d) {				\
	.addr = AT(type, a), .len = AT(type, l),	\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_GUEST }

/* The same in a packet. Only here does older firmware insist on the C-bit. */
#define PACKET_GUEST(type, a, l, d) {			\
	.addr = AT(type, a), .len = AT(type, l),	\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_GUEST, .c_bit = true }

/* A page, small or huge, pinned in place, be it the guest's or the host's. */
#define PAGE(type, a, d) {				\
	.addr = AT(type, a), .len = SEV_FW_BUF_PAGE,	\
	.flags = AT(type, flags),			\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_GUEST, .max = 0x1000 }

/* The save area of a vCPU; to the caller its address is the vCPU's number. */
#define VMSA(type, a, l, d) {				\
	.addr = AT(type, a), .len = AT(type, l),	\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_VMSA, .max = SEV_FW_VMSA_SIZE }

#define PACKET_VMSA(type, a, l, d) {			\
	.addr = AT(type, a), .len = AT(type, l),	\
	PAGES(d), .dir = (d), .kind = SEV_FW_BUF_VMSA, .max = SEV_FW_VMSA_SIZE,	\
	.c_bit = true }

/* A firmware image: like a blob, but aligned, and larger. */
#define IMAGE(type, a, l) {				\
	.addr = AT(type, a), .len = AT(type, l),	\
	.dir = R, .kind = SEV_FW_BUF_IMAGE, .max = IMAGE_MAX }

/*
 * Certificates, headers and sessions have a size that the firmware knows and tests;
 * later firmware may have longer ids, chains and reports than today's. The cap only
 * bounds the memory that a caller can have the kernel allocate.
 */
#define CAP		SEV_FW_PACKET_MAX
#define IMAGE_MAX	0x100000	/* larger than any that has been published */

const struct psp_row psp_rows[] = {
	/* 00:4 flags I, 04:4 0, 08:8 tmr I, 10:4 tmr_len I */
	{
		.id = SEV_FW_INIT, .name = "INIT", BLOCK(sev_fw_init),
		.platform = PSP_PLATFORM_DOWN, .then = PSP_THEN_UP,
	},
	{
		.id = SEV_FW_SHUTDOWN, .name = "SHUTDOWN",
		.then = PSP_THEN_DOWN,
	},
	/* demand: destroys the identity, and with it all sessions that owners have made */
	{
		.id = SEV_FW_PLATFORM_RESET, .name = "PLATFORM_RESET",
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE, .final = true,
		.platform = PSP_PLATFORM_DOWN, .then = PSP_THEN_RESET,
	},
	/* 00:1 major O, 01:1 minor O, 02:1 state O, 03:1 owner O, 04:2 config O, 07:1 build O,
	 * 08:4 guests O
	 */
	{
		.id = SEV_FW_PLATFORM_STATUS, .name = "PLATFORM_STATUS",
		BLOCK(sev_fw_platform_status),
		.door = PSP_DOOR_PLATFORM, .back = true,
	},
	/* demand: a new identity; the owner is the platform itself again */
	{
		.id = SEV_FW_PEK_GEN, .name = "PEK_GEN",
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE, .final = true,
		.platform = PSP_PLATFORM_UP, .then = PSP_THEN_PERSIST,
	},
	/* demand: the stock driver's; a request is of use to its next owner only */
	/* 00:8 csr O*, 08:4 len IO */
	{
		.id = SEV_FW_PEK_CSR, .name = "PEK_CSR", BLOCK(sev_fw_pek_csr),
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE, .back = true,
		.platform = PSP_PLATFORM_UP,
		.buf = { BLOB(sev_fw_pek_csr, address, len, W, CAP) },
	},
	/* demand: gives the platform to another owner */
	/* 00:8 pek I*, 08:4 len I, 10:8 oca I*, 18:4 len I */
	{
		.id = SEV_FW_PEK_CERT_IMPORT, .name = "PEK_CERT_IMPORT",
		BLOCK(sev_fw_pek_cert_import),
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE, .final = true,
		.platform = PSP_PLATFORM_UP, .then = PSP_THEN_PERSIST,
		.buf = {
			BLOB(sev_fw_pek_cert_import, pek_address, pek_len, R, CAP),
			BLOB(sev_fw_pek_cert_import, oca_address, oca_len, R, CAP),
		},
	},
	/* demand: none, since certificates are public */
	/* 00:8 pdh O*, 08:4 len IO, 10:8 chain O*, 18:4 len IO */
	{
		.id = SEV_FW_PDH_CERT_EXPORT, .name = "PDH_CERT_EXPORT",
		BLOCK(sev_fw_pdh_cert_export),
		.door = PSP_DOOR_PLATFORM, .back = true, .platform = PSP_PLATFORM_UP,
		.buf = {
			BLOB(sev_fw_pdh_cert_export, pdh_address, pdh_len, W, CAP),
			BLOB(sev_fw_pdh_cert_export, chain_address, chain_len, W, CAP),
		},
	},
	/* demand: sessions that were made for the old key are refused from now on */
	{
		.id = SEV_FW_PDH_GEN, .name = "PDH_GEN",
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE, .final = true,
		.platform = PSP_PLATFORM_UP, .then = PSP_THEN_PERSIST,
	},
	{
		.id = SEV_FW_DF_FLUSH, .name = "DF_FLUSH",
		.then = PSP_THEN_CLEAN,
	},
	/* demand: an older image, which is signed as well, brings its old faults back */
	/* 00:8 image I*, 08:4 len I */
	{
		.id = SEV_FW_DOWNLOAD_FIRMWARE, .name = "DOWNLOAD_FIRMWARE",
		BLOCK(sev_fw_download_firmware),
		.since = PSP_API(0, 15),
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_ADMIN, .final = true,
		.platform = PSP_PLATFORM_OFF, .then = PSP_THEN_RELOAD,
		.buf = { IMAGE(sev_fw_download_firmware, address, len) },
	},
	/* demand: none, as in the stock driver, though this tells machines apart */
	/* 00:8 ids O*, 08:4 len IO */
	{
		.id = SEV_FW_GET_ID, .name = "GET_ID", BLOCK(sev_fw_get_id),
		.since = PSP_API(0, 16),
		.door = PSP_DOOR_PLATFORM, .back = true,
		.buf = { BLOB(sev_fw_get_id, address, len, W, CAP) },
	},
	/* 00:4 length I, 04:4 flags I, 08:8 tmr I, 10:4 tmr_len I, 18:8 nv I, 20:4 nv_len I */
	{
		.id = SEV_FW_INIT_EX, .name = "INIT_EX", BLOCK(sev_fw_init_ex),
		.platform = PSP_PLATFORM_DOWN, .then = PSP_THEN_UP,
	},
	{
		.id = SEV_FW_NOP, .name = "NOP",
		.door = PSP_DOOR_PLATFORM,
	},
	/* 00:8 lo_cmd I, 08:8 lo_status I, 10:8 hi_cmd I, 18:8 hi_status I, 20:1 lo_pages I,
	 * 21:1 hi_pages I, 22:2 lo_threshold I, 24:2 hi_threshold I, 26:2 int_on_empty I
	 */
	{
		.id = SEV_FW_RING_BUFFER, .name = "RING_BUFFER", BLOCK(sev_fw_ring_buffer),
		.then = PSP_THEN_RING,
	},

	/* 00:4 handle I */
	{
		.id = SEV_FW_DECOMMISSION, .name = "DECOMMISSION", BLOCK(sev_fw_decommission),
		.guest = PSP_GUEST_STARTED, .then = PSP_THEN_CLOSE,
		.own = { OWN(sev_fw_decommission, handle, HANDLE) },
	},
	/* 00:4 handle I, 04:4 asid I */
	{
		.id = SEV_FW_ACTIVATE, .name = "ACTIVATE", BLOCK(sev_fw_activate),
		.guest = PSP_GUEST_STARTED, .then = PSP_THEN_BIND,
		.own = {
			OWN(sev_fw_activate, handle, HANDLE),
			OWN(sev_fw_activate, asid, ASID),
		},
	},
	/* 00:4 handle I */
	{
		.id = SEV_FW_DEACTIVATE, .name = "DEACTIVATE", BLOCK(sev_fw_deactivate),
		.guest = PSP_GUEST_STARTED, .then = PSP_THEN_UNBIND,
		.own = { OWN(sev_fw_deactivate, handle, HANDLE) },
	},
	/* 00:4 handle I, 04:4 policy O, 08:4 asid O, 0c:1 state O */
	{
		.id = SEV_FW_GUEST_STATUS, .name = "GUEST_STATUS", BLOCK(sev_fw_guest_status),
		.door = PSP_DOOR_GUEST, .back = true, .mirror = true,
		.guest = PSP_GUEST_STARTED,
		.own = {
			OWN(sev_fw_guest_status, handle, HANDLE),
			OWN(sev_fw_guest_status, asid, HIDDEN),
		},
	},

	/* 00:4 handle I, 04:4 len I, 08:8 guest I*, 10:8 guest O* */
	{
		.id = SEV_FW_COPY, .name = "COPY", BLOCK(sev_fw_copy),
		.door = PSP_DOOR_GUEST, .back = true,
		.guest = PSP_GUEST_STARTED, .each = PSP_EACH_RUN,
		.own = { OWN(sev_fw_copy, handle, HANDLE) },
		.buf = {
			GUEST(sev_fw_copy, src_address, len, R),
			GUEST(sev_fw_copy, dst_address, len, W),
		},
	},
	/* 00:4 length I, 04:4 handle I, 08:4 asid I, 0c:4 numids I, 10:8 ids I* */
	{
		.id = SEV_FW_ACTIVATE_EX, .name = "ACTIVATE_EX", BLOCK(sev_fw_activate_ex),
		.guest = PSP_GUEST_STARTED, .then = PSP_THEN_BIND,
		.own = {
			OWN(sev_fw_activate_ex, handle, HANDLE),
			OWN(sev_fw_activate_ex, asid, ASID),
		},
	},

	/* 00:4 handle IO, 04:4 policy I, 08:8 cert I*, 10:4 len I, 18:8 session I*, 20:4 len I */
	{
		.id = SEV_FW_LAUNCH_START, .name = "LAUNCH_START", BLOCK(sev_fw_launch_start),
		.door = PSP_DOOR_GUEST, .back = true,
		.platform = PSP_PLATFORM_UP, .guest = PSP_GUEST_NONE, .then = PSP_THEN_OPEN,
		.user = { USER(sev_fw_launch_start, policy) },
		.own = { OWN(sev_fw_launch_start, handle, NEW_HANDLE) },
		.buf = {
			OPTIONAL_BLOB(sev_fw_launch_start, dh_address, dh_len, R, CAP),
			OPTIONAL_BLOB(sev_fw_launch_start, session_address, session_len, R, CAP),
		},
	},
	/* 00:4 handle I, 08:8 memory IO*, 10:4 len I */
	{
		.id = SEV_FW_LAUNCH_UPDATE_DATA, .name = "LAUNCH_UPDATE_DATA",
		BLOCK(sev_fw_launch_update_data),
		.door = PSP_DOOR_GUEST, .back = true,
		.guest = PSP_GUEST_STARTED, .each = PSP_EACH_RUN,
		.own = { OWN(sev_fw_launch_update_data, handle, HANDLE) },
		.buf = { GUEST(sev_fw_launch_update_data, address, len, R | W) },
	},
	/* 00:4 handle I, 08:8 VMSA IO*, 10:4 len I */
	{
		.id = SEV_FW_LAUNCH_UPDATE_VMSA, .name = "LAUNCH_UPDATE_VMSA",
		BLOCK(sev_fw_launch_update_vmsa),
		.door = PSP_DOOR_GUEST, .back = true, .mirror = true,
		.guest = PSP_GUEST_STARTED, .each = PSP_EACH_VCPU,
		.own = { OWN(sev_fw_launch_update_vmsa, handle, HANDLE) },
		.buf = { VMSA(sev_fw_launch_update_vmsa, address, len, R | W) },
	},
	/* 00:4 handle I, 08:8 measurement O*, 10:4 len IO */
	{
		.id = SEV_FW_LAUNCH_MEASURE, .name = "LAUNCH_MEASURE",
		BLOCK(sev_fw_launch_measure),
		.door = PSP_DOOR_GUEST, .back = true,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_launch_measure, handle, HANDLE) },
		.buf = { UNTOLD_BLOB(sev_fw_launch_measure, address, len, CAP,
				     SEV_FW_MEASURE_SIZE) },
	},
	/* 00:4 handle I, 08:8 hdr I*, 10:4 len, 18:8 guest O*, 20:4 len, 28:8 data I*, 30:4 len */
	{
		.id = SEV_FW_LAUNCH_UPDATE_SECRET, .name = "LAUNCH_UPDATE_SECRET",
		BLOCK(sev_fw_launch_update_secret),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_launch_update_secret, handle, HANDLE) },
		.buf = {
			BLOB(sev_fw_launch_update_secret, hdr_address, hdr_len, R, CAP),
			GUEST(sev_fw_launch_update_secret, guest_address, guest_len, W),
			BLOB(sev_fw_launch_update_secret, trans_address, trans_len, R, CAP),
		},
	},
	/* 00:4 handle I */
	{
		.id = SEV_FW_LAUNCH_FINISH, .name = "LAUNCH_FINISH",
		BLOCK(sev_fw_launch_finish),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_launch_finish, handle, HANDLE) },
	},
	/* 00:4 handle I, 08:8 report O*, 10:16 mnonce I, 20:4 len IO */
	{
		.id = SEV_FW_ATTESTATION, .name = "ATTESTATION", BLOCK(sev_fw_attestation),
		.door = PSP_DOOR_GUEST, .back = true,
		.guest = PSP_GUEST_STARTED,
		.user = { USER(sev_fw_attestation, mnonce) },
		.own = { OWN(sev_fw_attestation, handle, HANDLE) },
		.buf = { BLOB(sev_fw_attestation, address, len, W, CAP) },
	},

	/* 00:4 handle I, 04:4 policy O, 08:8 pdh I*, 10:4 len, 18:8 plat I*, 20:4 len,
	 * 28:8 amd I*, 30:4 len, 38:8 session O*, 40:4 len IO
	 */
	{
		.id = SEV_FW_SEND_START, .name = "SEND_START", BLOCK(sev_fw_send_start),
		.door = PSP_DOOR_GUEST, .back = true,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_send_start, handle, HANDLE) },
		.buf = {
			BLOB(sev_fw_send_start, pdh_address, pdh_len, R, CAP),
			BLOB(sev_fw_send_start, plat_address, plat_len, R, CAP),
			BLOB(sev_fw_send_start, amd_address, amd_len, R, CAP),
			BLOB(sev_fw_send_start, session_address, session_len, W, CAP),
		},
	},
	/* 00:4 handle I, 08:8 hdr O*, 10:4 len, 18:8 guest I*, 20:4 len, 28:8 data O*, 30:4 len */
	{
		.id = SEV_FW_SEND_UPDATE_DATA, .name = "SEND_UPDATE_DATA",
		BLOCK(sev_fw_send_update_data),
		.door = PSP_DOOR_GUEST, .back = true,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_send_update_data, handle, HANDLE) },
		.buf = {
			BLOB(sev_fw_send_update_data, hdr_address, hdr_len, W, CAP),
			PACKET_GUEST(sev_fw_send_update_data, guest_address, guest_len, R),
			BLOB(sev_fw_send_update_data, trans_address, trans_len, W, CAP),
		},
	},
	/* 00:4 handle I, 08:8 hdr O*, 10:4 len, 18:8 VMSA I*, 20:4 len, 28:8 data O*, 30:4 len */
	{
		.id = SEV_FW_SEND_UPDATE_VMSA, .name = "SEND_UPDATE_VMSA",
		BLOCK(sev_fw_send_update_vmsa),
		.door = PSP_DOOR_GUEST, .back = true,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_send_update_vmsa, handle, HANDLE) },
		.buf = {
			BLOB(sev_fw_send_update_vmsa, hdr_address, hdr_len, W, CAP),
			PACKET_VMSA(sev_fw_send_update_vmsa, guest_address, guest_len, R),
			BLOB(sev_fw_send_update_vmsa, trans_address, trans_len, W, CAP),
		},
	},
	/* 00:4 handle I */
	{
		.id = SEV_FW_SEND_FINISH, .name = "SEND_FINISH", BLOCK(sev_fw_send_finish),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_send_finish, handle, HANDLE) },
	},
	/* 00:4 handle I */
	{
		.id = SEV_FW_SEND_CANCEL, .name = "SEND_CANCEL", BLOCK(sev_fw_send_cancel),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_send_cancel, handle, HANDLE) },
	},

	/* 00:4 handle IO, 04:4 policy I, 08:8 pdh I*, 10:4 len I, 18:8 session I*, 20:4 len I */
	{
		.id = SEV_FW_RECEIVE_START, .name = "RECEIVE_START",
		BLOCK(sev_fw_receive_start),
		.door = PSP_DOOR_GUEST, .back = true,
		.platform = PSP_PLATFORM_UP, .guest = PSP_GUEST_NONE, .then = PSP_THEN_OPEN,
		.user = { USER(sev_fw_receive_start, policy) },
		.own = { OWN(sev_fw_receive_start, handle, NEW_HANDLE) },
		.buf = {
			BLOB(sev_fw_receive_start, pdh_address, pdh_len, R, CAP),
			BLOB(sev_fw_receive_start, session_address, session_len, R, CAP),
		},
	},
	/* 00:4 handle I, 08:8 hdr I*, 10:4 len, 18:8 guest O*, 20:4 len, 28:8 data I*, 30:4 len */
	{
		.id = SEV_FW_RECEIVE_UPDATE_DATA, .name = "RECEIVE_UPDATE_DATA",
		BLOCK(sev_fw_receive_update_data),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_receive_update_data, handle, HANDLE) },
		.buf = {
			BLOB(sev_fw_receive_update_data, hdr_address, hdr_len, R, CAP),
			PACKET_GUEST(sev_fw_receive_update_data, guest_address, guest_len, W),
			BLOB(sev_fw_receive_update_data, trans_address, trans_len, R, CAP),
		},
	},
	/* 00:4 handle I, 08:8 hdr I*, 10:4 len, 18:8 VMSA O*, 20:4 len, 28:8 data I*, 30:4 len */
	{
		.id = SEV_FW_RECEIVE_UPDATE_VMSA, .name = "RECEIVE_UPDATE_VMSA",
		BLOCK(sev_fw_receive_update_vmsa),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_receive_update_vmsa, handle, HANDLE) },
		.buf = {
			BLOB(sev_fw_receive_update_vmsa, hdr_address, hdr_len, R, CAP),
			PACKET_VMSA(sev_fw_receive_update_vmsa, guest_address, guest_len, W),
			BLOB(sev_fw_receive_update_vmsa, trans_address, trans_len, R, CAP),
		},
	},
	/* 00:4 handle I */
	{
		.id = SEV_FW_RECEIVE_FINISH, .name = "RECEIVE_FINISH",
		BLOCK(sev_fw_receive_finish),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_receive_finish, handle, HANDLE) },
	},

	/* 00:4 handle I, 08:8 guest I*, 10:8 host O*, 18:4 len I */
	{
		.id = SEV_FW_DBG_DECRYPT, .name = "DBG_DECRYPT", BLOCK(sev_fw_dbg_decrypt),
		.door = PSP_DOOR_GUEST, .back = true, .mirror = true,
		.guest = PSP_GUEST_STARTED, .each = PSP_EACH_RUN,
		.own = { OWN(sev_fw_dbg_decrypt, handle, HANDLE) },
		.buf = {
			GUEST(sev_fw_dbg_decrypt, src_address, len, R),
			BLOB(sev_fw_dbg_decrypt, dst_address, len, W, CAP),
		},
	},
	/* 00:4 handle I, 08:8 host I*, 10:8 guest O*, 18:4 len I */
	{
		.id = SEV_FW_DBG_ENCRYPT, .name = "DBG_ENCRYPT", BLOCK(sev_fw_dbg_encrypt),
		.door = PSP_DOOR_GUEST, .back = true, .mirror = true,
		.guest = PSP_GUEST_STARTED, .each = PSP_EACH_RUN,
		.own = { OWN(sev_fw_dbg_encrypt, handle, HANDLE) },
		.buf = {
			BLOB(sev_fw_dbg_encrypt, src_address, len, R, CAP),
			GUEST(sev_fw_dbg_encrypt, dst_address, len, W),
		},
	},

	/* 00:4 handle I, 04:4 flags I, 08:8 guest I*, 10:8 host O*, 18:8 mdata O*, 20:8 data I */
	{
		.id = SEV_FW_SWAP_OUT, .name = "SWAP_OUT", BLOCK(sev_fw_swap_out),
		.door = PSP_DOOR_GUEST, .back = true,	/* unchanged, but the firmware writes it */
		.guest = PSP_GUEST_STARTED,
		.user = { USER(sev_fw_swap_out, flags), USER(sev_fw_swap_out, software_data) },
		.own = { OWN(sev_fw_swap_out, handle, HANDLE) },
		.buf = {
			PAGE(sev_fw_swap_out, src_address, R),
			PAGE(sev_fw_swap_out, dst_address, W),
			FIXED_BLOB(sev_fw_swap_out, mdata_address, W, SEV_FW_SWAP_MDATA_SIZE),
		},
	},
	/* 00:4 handle I, 04:4 flags I, 08:8 host I*, 10:8 guest O*, 18:8 mdata I* */
	{
		.id = SEV_FW_SWAP_IN, .name = "SWAP_IN", BLOCK(sev_fw_swap_in),
		.door = PSP_DOOR_GUEST,
		.guest = PSP_GUEST_STARTED,
		.user = { USER(sev_fw_swap_in, flags) },
		.own = { OWN(sev_fw_swap_in, handle, HANDLE) },
		.buf = {
			PAGE(sev_fw_swap_in, src_address, R),
			PAGE(sev_fw_swap_in, dst_address, W),
			FIXED_BLOB(sev_fw_swap_in, mdata_address, R, SEV_FW_SWAP_MDATA_SIZE),
		},
	},

#include "table_snp.h"
};

const unsigned int psp_nr_rows = ARRAY_SIZE(psp_rows);
