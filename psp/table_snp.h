/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of SEV-SNP, a part of psp_rows[] in table.c: all that is said there holds here.
 *
 * Guests are named by their context page, and results go to pages of their own: no SNP
 * command writes to its block. In which state of the RMP the firmware wants a page, and
 * in which it leaves it, stands in the buffer's row (-> Reclaim, say, in the line above).
 *
 * KVM, which issues some of them itself, changes the states of its pages by itself, too. A
 * command that only KVM issues has no buffers here. Such a command has a row all the same,
 * because every command goes through one path.
 */

#define SNP(command, text)	.id = SEV_FW_SNP_##command, .name = "SNP_" text, .snp = true

/* Host data in one page: what the firmware reads, or what it answers. */
#define SNP_INPUT(type, a, size)	FIXED_BLOB(type, a, R, size)
#define SNP_ANSWER(type, a, size) {			\
	.addr = AT(type, a), .len = SEV_FW_BUF_FIXED,	\
	.dir = W, .kind = SEV_FW_BUF_BLOB, .max = (size), \
	.before = SEV_FW_PAGE_FIRMWARE, .after = SEV_FW_PAGE_RECLAIM }

/* A page of private memory that is the guest's already: it is only read, or it is changed. */
#define SNP_GUEST_PAGE(type, a, d, state) {		\
	.addr = AT(type, a), .len = SEV_FW_BUF_FIXED, .max = 0x1000, \
	.dir = (d), .kind = SEV_FW_BUF_PRIVATE,		\
	.before = (state), .after = SEV_FW_PAGE_GUEST }

/* One that leaves the guest, and one that comes to it without content of the host's. */
#define SNP_LEAVING(type, a) {				\
	.addr = AT(type, a), .len = SEV_FW_BUF_PAGE, IF(type, 0, 0), .max = 0x1000, \
	.dir = R, .kind = SEV_FW_BUF_PRIVATE,		\
	.before = SEV_FW_PAGE_PRE_SWAP, .after = SEV_FW_PAGE_PRE_GUEST }
#define SNP_COMING(type, a) {				\
	.addr = AT(type, a), .len = SEV_FW_BUF_PAGE, IF(type, 0, 0), .max = 0x1000, \
	.dir = W, .kind = SEV_FW_BUF_PRIVATE,		\
	.before = SEV_FW_PAGE_PRE_GUEST, .after = SEV_FW_PAGE_GUEST }

/* The content of a page that has left the guest, and the entry about it. */
#define SNP_SEALED(type, a, d, from, to) {		\
	.addr = AT(type, a), .len = SEV_FW_BUF_PAGE, IF(type, 0, 0), .max = 0x1000, \
	.dir = (d), .kind = SEV_FW_BUF_BLOB, .before = (from), .after = (to) }
#define SNP_ENTRY(type, a) {				\
	.addr = AT(type, a), .len = SEV_FW_BUF_FIXED, .max = 0x40, \
	.dir = R | W, .kind = SEV_FW_BUF_METADATA,	\
	.before = SEV_FW_PAGE_METADATA, .after = SEV_FW_PAGE_METADATA }

/* A buffer for flags of this value only, under a mask of the bits that count. */
#define IF(type, mask, value)				\
	.flags = AT(type, flags), .if_mask = (mask), .if_value = (value)

#define ID(a, size) {					\
	.addr = AT(sev_fw_snp_launch_finish, a), .len = SEV_FW_BUF_FIXED, \
	IF(sev_fw_snp_launch_finish, 0x01, 0x01),	\
	.dir = R, .kind = SEV_FW_BUF_BLOB, .max = (size) }

	{
		SNP(INIT, "INIT"), .since = PSP_API(1, 51),
		.platform = PSP_PLATFORM_DOWN, .then = PSP_THEN_SNP_UP,
	},
	{
		SNP(SHUTDOWN, "SHUTDOWN"), .since = PSP_API(1, 51),
		.platform = PSP_PLATFORM_DOWN, .then = PSP_THEN_SNP_DOWN,
	},
	/* 00:8 status O* -> Reclaim */
	{
		SNP(PLATFORM_STATUS, "PLATFORM_STATUS"), BLOCK(sev_fw_snp_platform_status),
		.since = PSP_API(1, 51), .door = PSP_DOOR_PLATFORM,
		.buf = { SNP_ANSWER(sev_fw_snp_platform_status, address, SEV_FW_SNP_STATUS_SIZE) },
	},
	{
		SNP(DF_FLUSH, "DF_FLUSH"), .since = PSP_API(1, 51),
		.platform = PSP_PLATFORM_SNP, .then = PSP_THEN_CLEAN,
	},
	/* 00:4 flags I, 08:8 list I*, 10:2 max_asid I */
	{
		SNP(INIT_EX, "INIT_EX"), BLOCK(sev_fw_snp_init_ex),
		.since = PSP_API(1, 52),
		.platform = PSP_PLATFORM_DOWN, .then = PSP_THEN_SNP_UP,
	},
	/* 00:4 length I, 04:4 flags I */
	{
		SNP(SHUTDOWN_EX, "SHUTDOWN_EX"), BLOCK(sev_fw_snp_shutdown_ex),
		.since = PSP_API(1, 51),
		.platform = PSP_PLATFORM_DOWN, .then = PSP_THEN_SNP_DOWN,
		.own = { OWN(sev_fw_snp_shutdown_ex, length, LENGTH) },
	},

	/* 00:8 context I */
	{
		SNP(DECOMMISSION, "DECOMMISSION"), BLOCK(sev_fw_snp_decommission),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
		.guest = PSP_GUEST_STARTED, .then = PSP_THEN_DESTROY,
		.own = { OWN(sev_fw_snp_decommission, context, CONTEXT) },
	},
	/* 00:8 context I, 08:4 asid I */
	{
		SNP(ACTIVATE, "ACTIVATE"), BLOCK(sev_fw_snp_activate),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
		.guest = PSP_GUEST_STARTED, .then = PSP_THEN_BIND,
		.own = {
			OWN(sev_fw_snp_activate, context, CONTEXT),
			OWN(sev_fw_snp_activate, asid, ASID),
		},
	},
	/* 00:8 context I, 08:8 status O* -> Reclaim */
	{
		SNP(GUEST_STATUS, "GUEST_STATUS"), BLOCK(sev_fw_snp_guest_status),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.own = { OWN(sev_fw_snp_guest_status, context, CONTEXT) },
		.buf = { SNP_ANSWER(sev_fw_snp_guest_status, address, SEV_FW_SNP_STATUS_SIZE) },
	},
	/* 00:8 context I */
	{
		SNP(GCTX_CREATE, "GCTX_CREATE"), BLOCK(sev_fw_snp_gctx_create),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
		.guest = PSP_GUEST_NONE, .then = PSP_THEN_CREATE,
		.own = { OWN(sev_fw_snp_gctx_create, context, CONTEXT) },
	},
	/* 00:8 context I, 08:8 request I*, 10:8 response O* (Firmware -> Firmware) */
	{
		SNP(GUEST_REQUEST, "GUEST_REQUEST"), BLOCK(sev_fw_snp_guest_request),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.own = { OWN(sev_fw_snp_guest_request, context, CONTEXT) },
		.buf = {
			SNP_INPUT(sev_fw_snp_guest_request, request_address,
				  SEV_FW_SNP_MESSAGE_SIZE),
			{
				.addr = AT(sev_fw_snp_guest_request, response_address),
				.len = SEV_FW_BUF_FIXED, .dir = W, .kind = SEV_FW_BUF_BLOB,
				.max = SEV_FW_SNP_MESSAGE_SIZE,
				.before = SEV_FW_PAGE_FIRMWARE, .after = SEV_FW_PAGE_FIRMWARE,
			},
		},
	},
	/* 00:4 length I, 08:8 context I, 10:4 asid I, 14:4 numids I, 18:8 ids I* */
	{
		SNP(ACTIVATE_EX, "ACTIVATE_EX"), BLOCK(sev_fw_snp_activate_ex),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
		.guest = PSP_GUEST_STARTED, .then = PSP_THEN_BIND,
		.own = {
			OWN(sev_fw_snp_activate_ex, length, LENGTH),
			OWN(sev_fw_snp_activate_ex, context, CONTEXT),
			OWN(sev_fw_snp_activate_ex, asid, ASID),
		},
	},
	/* 00:4 length I, 04:4 key I, 08:8 context I, 10:8 report O* -> Reclaim */
	{
		SNP(HV_REPORT_REQ, "HV_REPORT_REQ"), BLOCK(sev_fw_snp_hv_report_req),
		.since = PSP_API(1, 58), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.user = { USER(sev_fw_snp_hv_report_req, key_sel) },
		.own = {
			OWN(sev_fw_snp_hv_report_req, length, LENGTH),
			OWN(sev_fw_snp_hv_report_req, context, CONTEXT),
		},
		.buf = { SNP_ANSWER(sev_fw_snp_hv_report_req, address, SEV_FW_SNP_REPORT_SIZE) },
	},

	/* 00:8 context I, 08:8 policy I, 10:8 agent I, 18:4 flags I, 1c:4 tsc I, 20:16 gosvw I */
	{
		SNP(LAUNCH_START, "LAUNCH_START"), BLOCK(sev_fw_snp_launch_start),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_NONE,
		.door = PSP_DOOR_GUEST, .then = PSP_THEN_LAUNCH,
		.user = {
			USER(sev_fw_snp_launch_start, policy),
			USER_TO(sev_fw_snp_launch_start, flags, gosvw),
		},
		/* a migration agent, whose context page is no caller's to name */
		.never = { AT(sev_fw_snp_launch_start, flags), 0x01 },
		.own = { OWN(sev_fw_snp_launch_start, context, CONTEXT) },
	},
	/* 00:8 context I, 08:4 flags I, 10:8 page IO* -> Guest, 19:3 permissions I */
	/* in flags 08: 2 MiB, of which KVM has none; and the type, of which VMSA is one */
	{
		SNP(LAUNCH_UPDATE, "LAUNCH_UPDATE"), BLOCK(sev_fw_snp_launch_update),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.user = {
			USER(sev_fw_snp_launch_update, flags),
			USER_TO(sev_fw_snp_launch_update, vmpl1_perms, vmpl3_perms),
		},
		.own = { OWN(sev_fw_snp_launch_update, context, CONTEXT) },
		.buf = {
			{
				.addr = AT(sev_fw_snp_launch_update, address),
				.len = SEV_FW_BUF_FIXED, .max = SEV_FW_VMSA_SIZE,
				.dir = R | W, .kind = SEV_FW_BUF_VMSA,
				IF(sev_fw_snp_launch_update, 0x0e, 0x04),
				.before = SEV_FW_PAGE_PRE_GUEST, .after = SEV_FW_PAGE_GUEST,
			},
			{
				.addr = AT(sev_fw_snp_launch_update, address),
				.len = SEV_FW_BUF_PAGE, .max = 0x1000,
				.dir = R | W, .kind = SEV_FW_BUF_PRIVATE,
				IF(sev_fw_snp_launch_update, 0, 0),
				.before = SEV_FW_PAGE_PRE_GUEST, .after = SEV_FW_PAGE_GUEST,
			},
		},
	},
	/* 00:8 context I, 08:8 block I*, 10:8 auth I*, 18:8 flags I, 20:32 host data I */
	{
		SNP(LAUNCH_FINISH, "LAUNCH_FINISH"), BLOCK(sev_fw_snp_launch_finish),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST, .then = PSP_THEN_RUN,
		.user = {
			USER(sev_fw_snp_launch_finish, flags),
			USER(sev_fw_snp_launch_finish, host_data),
		},
		.own = { OWN(sev_fw_snp_launch_finish, context, CONTEXT) },
		.buf = {
			ID(id_block_address, SEV_FW_SNP_ID_BLOCK_SIZE),
			ID(id_auth_address, SEV_FW_SNP_ID_AUTH_SIZE),
		},
	},

	/* 00:8 context I, 08:8 guest I*, 10:8 host O* -> Reclaim */
	{
		SNP(DBG_DECRYPT, "DBG_DECRYPT"), BLOCK(sev_fw_snp_dbg_decrypt),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.own = { OWN(sev_fw_snp_dbg_decrypt, context, CONTEXT) },
		.buf = {
			SNP_GUEST_PAGE(sev_fw_snp_dbg_decrypt, src_address, R, SEV_FW_PAGE_GUEST),
			SNP_ANSWER(sev_fw_snp_dbg_decrypt, dst_address, 0x1000),
		},
	},
	/* 00:8 context I, 08:8 host I*, 10:8 guest O* -> Guest, immutable meanwhile */
	{
		SNP(DBG_ENCRYPT, "DBG_ENCRYPT"), BLOCK(sev_fw_snp_dbg_encrypt),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.own = { OWN(sev_fw_snp_dbg_encrypt, context, CONTEXT) },
		.buf = {
			SNP_INPUT(sev_fw_snp_dbg_encrypt, src_address, 0x1000),
			SNP_GUEST_PAGE(sev_fw_snp_dbg_encrypt, dst_address, W,
				       SEV_FW_PAGE_PRE_SWAP),
		},
	},
	/* demand: what is verified shows in every guest's reports */
	/* 00:4 length I, 04:2 sub I, 08:8 vector I, 10:4 flags I, 20:8 dst O* -> Reclaim */
	{
		SNP(VERIFY_MITIGATION, "VERIFY_MITIGATION"),
		BLOCK(sev_fw_snp_verify_mitigation),
		.since = PSP_API(1, 58), .platform = PSP_PLATFORM_SNP,
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE,
		.user = {
			USER(sev_fw_snp_verify_mitigation, subcommand),
			USER(sev_fw_snp_verify_mitigation, vector),
		},
		.own = {
			OWN(sev_fw_snp_verify_mitigation, length, LENGTH),
			OWN(sev_fw_snp_verify_mitigation, flags, ONE),
		},
		.buf = { SNP_ANSWER(sev_fw_snp_verify_mitigation, dst_address, 0x14) },
	},

	/* Of pages only data, and only by number of the entry: metadata stays where it is. */
	/* 00:8 context I, 08:8 src I* (-> Pre-Guest), 10:8 dst O* -> Reclaim, 18:8 entry IO* */
	/* 20:8 data I, 28:4 flags I */
	{
		SNP(PAGE_SWAP_OUT, "PAGE_SWAP_OUT"), BLOCK(sev_fw_snp_page_swap_out),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.user = { USER_TO(sev_fw_snp_page_swap_out, software_data, flags) },
		.never = { AT(sev_fw_snp_page_swap_out, flags), 0x1e },
		.own = { OWN(sev_fw_snp_page_swap_out, context, CONTEXT) },
		.buf = {
			SNP_LEAVING(sev_fw_snp_page_swap_out, src_address),
			SNP_SEALED(sev_fw_snp_page_swap_out, dst_address, W,
				   SEV_FW_PAGE_FIRMWARE, SEV_FW_PAGE_RECLAIM),
			SNP_ENTRY(sev_fw_snp_page_swap_out, mdata_address),
		},
	},
	/* 00:8 context I, 08:8 src I*, 10:8 dst O* -> Guest, 18:8 entry IO*, 28:4 flags I */
	{
		SNP(PAGE_SWAP_IN, "PAGE_SWAP_IN"), BLOCK(sev_fw_snp_page_swap_in),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.user = { USER(sev_fw_snp_page_swap_in, flags) },
		.never = { AT(sev_fw_snp_page_swap_in, flags), 0x1e },
		.own = { OWN(sev_fw_snp_page_swap_in, context, CONTEXT) },
		.buf = {
			SNP_SEALED(sev_fw_snp_page_swap_in, src_address, R,
				   SEV_FW_PAGE_ANY, SEV_FW_PAGE_ANY),
			SNP_COMING(sev_fw_snp_page_swap_in, dst_address),
			SNP_ENTRY(sev_fw_snp_page_swap_in, mdata_address),
		},
	},
	/* 00:8 context I, 08:4 flags I, 10:8 src I* (-> Pre-Guest), 18:8 dst O* -> Guest */
	{
		SNP(PAGE_MOVE, "PAGE_MOVE"), BLOCK(sev_fw_snp_page_move),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.door = PSP_DOOR_GUEST,
		.user = { USER(sev_fw_snp_page_move, flags) },
		.own = { OWN(sev_fw_snp_page_move, context, CONTEXT) },
		.buf = {
			SNP_LEAVING(sev_fw_snp_page_move, src_address),
			SNP_COMING(sev_fw_snp_page_move, dst_address),
		},
	},
	/* 00:8 context I, 08:8 page I */
	{
		SNP(PAGE_MD_INIT, "PAGE_MD_INIT"), BLOCK(sev_fw_snp_page_md_init),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP, .guest = PSP_GUEST_STARTED,
		.own = { OWN(sev_fw_snp_page_md_init, context, CONTEXT) },
	},
	/* 00:4 length I, 08:8 list I* */
	{
		SNP(PAGE_SET_STATE, "PAGE_SET_STATE"), BLOCK(sev_fw_snp_page_set_state),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
		.own = { OWN(sev_fw_snp_page_set_state, length, LENGTH) },
	},
	/* 00:8 page I -> Reclaim, or still the firmware's, so that KVM must not free it */
	{
		SNP(PAGE_RECLAIM, "PAGE_RECLAIM"), BLOCK(sev_fw_snp_page_reclaim),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
		.buf = { {
			.addr = AT(sev_fw_snp_page_reclaim, address),
			.len = SEV_FW_BUF_FIXED, .max = 0x1000, .dir = R, .kind = SEV_FW_BUF_GUEST,
			.before = SEV_FW_PAGE_ANY, .after = SEV_FW_PAGE_RECLAIM,
		} },
	},
	/* 00:8 page I */
	{
		SNP(PAGE_UNSMASH, "PAGE_UNSMASH"), BLOCK(sev_fw_snp_page_unsmash),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
	},
	/* demand: the stock driver's; it changes what every guest's reports say */
	/* 00:8 tcb I, 08:4 flags I */
	{
		SNP(CONFIG, "CONFIG"), BLOCK(sev_fw_snp_config),
		.since = PSP_API(1, 51), .platform = PSP_PLATFORM_SNP,
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE,
		.user = { USER(sev_fw_snp_config, reported_tcb), USER(sev_fw_snp_config, flags) },
	},
	/* 00:4 length I, 08:8 image I*, 10:4 len I, 14:4 flags I */
	{
		SNP(DOWNLOAD_FIRMWARE_EX, "DOWNLOAD_FIRMWARE_EX"),
		BLOCK(sev_fw_snp_download_firmware_ex),
		.since = PSP_API(1, 51), .then = PSP_THEN_RELOAD,
		.own = { OWN(sev_fw_snp_download_firmware_ex, length, LENGTH) },
	},
	/* demand: cannot be undone before the machine is replaced */
	/* 00:4 length I */
	{
		SNP(COMMIT, "COMMIT"), BLOCK(sev_fw_snp_commit),
		.since = PSP_API(1, 51),
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_ADMIN, .final = true,
		.own = { OWN(sev_fw_snp_commit, length, LENGTH) },
	},
	/* demand: the stock driver's; reports are signed by this key from then on */
	/* 00:4 length I, 04:1 version I, 08:8 key I* */
	{
		SNP(VLEK_LOAD, "VLEK_LOAD"), BLOCK(sev_fw_snp_vlek_load),
		.since = PSP_API(1, 54), .platform = PSP_PLATFORM_SNP,
		.door = PSP_DOOR_PLATFORM, .demand = PSP_DEMAND_WRITE,
		.user = { USER(sev_fw_snp_vlek_load, wrapped_version) },
		.own = { OWN(sev_fw_snp_vlek_load, length, LENGTH) },
		.buf = { SNP_INPUT(sev_fw_snp_vlek_load, address, SEV_FW_SNP_VLEK_SIZE) },
	},
	/* 00:4 length I, 04:4 ecx I, 08:8 info O* -> Reclaim */
	{
		SNP(FEATURE_INFO, "FEATURE_INFO"), BLOCK(sev_fw_snp_feature_info),
		.since = PSP_API(1, 55), .door = PSP_DOOR_PLATFORM,
		.user = { USER(sev_fw_snp_feature_info, ecx_in) },
		.own = { OWN(sev_fw_snp_feature_info, length, LENGTH) },
		.buf = { SNP_ANSWER(sev_fw_snp_feature_info, address, 0x10) },
	},

#undef SNP
#undef SNP_INPUT
#undef SNP_ANSWER
#undef SNP_GUEST_PAGE
#undef SNP_LEAVING
#undef SNP_COMING
#undef SNP_SEALED
#undef SNP_ENTRY
#undef IF
#undef ID
