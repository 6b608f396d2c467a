/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands, one line each: internal.h makes a prototype of its handler, dispatch.c
 * a row of the table, sev_count.c in selftests/box a name. There is no include guard, because
 * each makes something else of the lines.
 *
 * COMMAND(id, name, handler, class, size of the command buffer, platform states,
 *	   other columns of struct command by name)
 */
COMMAND(0x01, "INIT", cmd_init, CLASS_A, 0x14, UNINIT)
COMMAND(0x02, "SHUTDOWN", cmd_shutdown, CLASS_N, 0, ANY)
COMMAND(0x03, "PLATFORM_RESET", cmd_platform_reset, CLASS_N, 0, UNINIT)
COMMAND(0x04, "PLATFORM_STATUS", cmd_platform_status, CLASS_B, 0x0c, ANY)
COMMAND(0x05, "PEK_GEN", cmd_pek_gen, CLASS_N, 0, INIT)
COMMAND(0x06, "PEK_CSR", cmd_pek_csr, CLASS_D, 0x0c, UP)
COMMAND(0x07, "PEK_CERT_IMPORT", cmd_pek_cert_import, CLASS_A, 0x1c, INIT)
COMMAND(0x08, "PDH_CERT_EXPORT", cmd_pdh_cert_export, CLASS_D, 0x1c, UP)
COMMAND(0x09, "PDH_GEN", cmd_pdh_gen, CLASS_N, 0, UP)
COMMAND(0x0a, "DF_FLUSH", cmd_df_flush, CLASS_N, 0, ANY)
COMMAND(0x0b, "DOWNLOAD_FIRMWARE", cmd_download_firmware, CLASS_A, 0x0c, UNINIT | SNP_DOWN,
	.since = API(0, 15))
COMMAND(0x0c, "GET_ID", cmd_get_id, CLASS_D, 0x0c, ANY, .since = API(0, 16))
COMMAND(0x0d, "INIT_EX", cmd_init_ex, CLASS_A, 0x24, UNINIT)
COMMAND(0x0e, "NOP", cmd_nop, CLASS_N, 0, ANY)
/* SNP's state may do in place of SEV's. */
COMMAND(0x0f, "RING_BUFFER", cmd_ring_buffer, CLASS_A, 0x28, ANY)
COMMAND(0x20, "DECOMMISSION", cmd_decommission, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x21, "ACTIVATE", cmd_activate, CLASS_A, 0x08, WORKING, .handle = AT(0), .asid = AT(4))
COMMAND(0x22, "DEACTIVATE", cmd_deactivate, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x23, "GUEST_STATUS", cmd_guest_status, CLASS_C, 0x0d, UP, .handle = AT(0))
COMMAND(0x24, "COPY", cmd_copy, CLASS_A, 0x18, WORKING, .handle = AT(0))
COMMAND(0x25, "ACTIVATE_EX", cmd_activate_ex, CLASS_A, 0x18, WORKING, .handle = AT(4),
	.asid = AT(8))
COMMAND(0x30, "LAUNCH_START", cmd_launch_start, CLASS_C, 0x24, UP, .handle = AT(0))
COMMAND(0x31, "LAUNCH_UPDATE_DATA", cmd_launch_update_data, CLASS_A, 0x14, WORKING,
	.handle = AT(0))
/* Checks its length first, then the platform's state. */
COMMAND(0x32, "LAUNCH_UPDATE_VMSA", cmd_launch_update_vmsa, CLASS_A, 0x14, ANY, .handle = AT(0))
COMMAND(0x33, "LAUNCH_MEASURE", cmd_launch_measure, CLASS_D, 0x14, WORKING, .handle = AT(0))
COMMAND(0x34, "LAUNCH_UPDATE_SECRET", cmd_launch_update_secret, CLASS_A, 0x34, WORKING,
	.handle = AT(0))
COMMAND(0x35, "LAUNCH_FINISH", cmd_launch_finish, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x36, "ATTESTATION", cmd_attestation, CLASS_D, 0x24, WORKING, .handle = AT(0))
COMMAND(0x40, "SEND_START", cmd_send_start, CLASS_D, 0x44, WORKING, .handle = AT(0))
COMMAND(0x41, "SEND_UPDATE_DATA", cmd_send_update_data, CLASS_D, 0x34, WORKING,
	.handle = AT(0), .packet = AT(TRANSPORT_GUEST))
COMMAND(0x42, "SEND_UPDATE_VMSA", cmd_send_update_vmsa, CLASS_D, 0x34, WORKING,
	.handle = AT(0), .packet = AT(TRANSPORT_GUEST))
COMMAND(0x43, "SEND_FINISH", cmd_send_finish, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x44, "SEND_CANCEL", cmd_send_cancel, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x50, "RECEIVE_START", cmd_receive_start, CLASS_C, 0x24, UP, .handle = AT(0))
COMMAND(0x51, "RECEIVE_UPDATE_DATA", cmd_receive_update_data, CLASS_A, 0x34, WORKING,
	.handle = AT(0), .packet = AT(TRANSPORT_GUEST))
COMMAND(0x52, "RECEIVE_UPDATE_VMSA", cmd_receive_update_vmsa, CLASS_A, 0x34, WORKING,
	.handle = AT(0), .packet = AT(TRANSPORT_GUEST))
COMMAND(0x53, "RECEIVE_FINISH", cmd_receive_finish, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x60, "DBG_DECRYPT", cmd_dbg_decrypt, CLASS_A, 0x1c, WORKING, .handle = AT(0))
COMMAND(0x61, "DBG_ENCRYPT", cmd_dbg_encrypt, CLASS_A, 0x1c, WORKING, .handle = AT(0))
COMMAND(0x70, "SWAP_OUT", cmd_swap_out, CLASS_D, 0x28, WORKING, .handle = AT(0))
COMMAND(0x71, "SWAP_IN", cmd_swap_in, CLASS_A, 0x20, WORKING, .handle = AT(0))
COMMAND(0x81, "SNP_INIT", cmd_snp_init, CLASS_N, 0, UNINIT | SNP_DOWN, .since = API(1, 51))
COMMAND(0x82, "SNP_SHUTDOWN", cmd_snp_shutdown, CLASS_N, 0, SNP_ANY, .since = API(1, 51))
COMMAND(0x83, "SNP_PLATFORM_STATUS", cmd_snp_platform_status, CLASS_A, 0x08, SNP_ANY,
	.page = AT(0), .since = API(1, 51))
COMMAND(0x84, "SNP_DF_FLUSH", cmd_df_flush, CLASS_N, 0, SNP_UP, .since = API(1, 51))
COMMAND(0x85, "SNP_INIT_EX", cmd_snp_init_ex, CLASS_A, 0x40, UNINIT | SNP_DOWN,
	.since = API(1, 51))
COMMAND(0x86, "SNP_SHUTDOWN_EX", cmd_snp_shutdown_ex, CLASS_A, 0x08, SNP_ANY,
	.since = API(1, 51))
COMMAND(0x90, "SNP_DECOMMISSION", cmd_snp_decommission, CLASS_A, 0x08, SNP_UP,
	.gctx = AT(0), .since = API(1, 51))
COMMAND(0x91, "SNP_ACTIVATE", cmd_snp_activate, CLASS_A, 0x0c, SNP_UP,
	.gctx = AT(0), .asid = AT(8), .since = API(1, 51))
COMMAND(0x92, "SNP_GUEST_STATUS", cmd_snp_guest_status, CLASS_A, 0x10, SNP_UP,
	.gctx = AT(0), .page = AT(8), .since = API(1, 51))
COMMAND(0x93, "SNP_GCTX_CREATE", cmd_snp_gctx_create, CLASS_A, 0x08, SNP_UP,
	.page = AT(0), .since = API(1, 51))
COMMAND(0x94, "SNP_GUEST_REQUEST", cmd_snp_guest_request, CLASS_A, 0x18, SNP_UP,
	.gctx = AT(0), .page = AT(0x10), .since = API(1, 51))
COMMAND(0x95, "SNP_ACTIVATE_EX", cmd_snp_activate_ex, CLASS_A, 0x20, SNP_UP,
	.gctx = AT(8), .asid = AT(0x10), .since = API(1, 51))
COMMAND(0x96, "SNP_HV_REPORT_REQ", cmd_snp_hv_report_req, CLASS_A, 0x18, SNP_UP,
	.gctx = AT(8), .page = AT(0x10), .since = API(1, 58))
COMMAND(0xa0, "SNP_LAUNCH_START", cmd_snp_launch_start, CLASS_A, 0x30, SNP_UP,
	.gctx = AT(0), .since = API(1, 51))
COMMAND(0xa1, "SNP_LAUNCH_UPDATE", cmd_snp_launch_update, CLASS_A, 0x20, SNP_UP,
	.gctx = AT(0), .page = AT(0x10), .since = API(1, 51))
COMMAND(0xa2, "SNP_LAUNCH_FINISH", cmd_snp_launch_finish, CLASS_A, 0x40, SNP_UP,
	.gctx = AT(0), .since = API(1, 51))
COMMAND(0xb0, "SNP_DBG_DECRYPT", cmd_snp_dbg_decrypt, CLASS_A, 0x18, SNP_UP,
	.gctx = AT(0), .page = AT(8), .since = API(1, 51))
COMMAND(0xb1, "SNP_DBG_ENCRYPT", cmd_snp_dbg_encrypt, CLASS_A, 0x18, SNP_UP,
	.gctx = AT(0), .page = AT(0x10), .since = API(1, 51))
COMMAND(0xb2, "SNP_VERIFY_MITIGATION", cmd_snp_verify_mitigation, CLASS_A, 0x40, SNP_UP,
	.page = AT(0x20), .since = API(1, 58))
COMMAND(0xc0, "SNP_PAGE_SWAP_OUT", cmd_snp_page_swap_out, CLASS_A, 0x30, SNP_UP,
	.gctx = AT(0), .page = AT(8), .since = API(1, 51))
COMMAND(0xc1, "SNP_PAGE_SWAP_IN", cmd_snp_page_swap_in, CLASS_A, 0x30, SNP_UP,
	.gctx = AT(0), .page = AT(0x10), .since = API(1, 51))
COMMAND(0xc2, "SNP_PAGE_MOVE", cmd_snp_page_move, CLASS_A, 0x20, SNP_UP,
	.gctx = AT(0), .page = AT(0x18), .since = API(1, 51))
COMMAND(0xc3, "SNP_PAGE_MD_INIT", cmd_snp_page_md_init, CLASS_A, 0x10, SNP_UP,
	.gctx = AT(0), .page = AT(8), .since = API(1, 51))
COMMAND(0xc6, "SNP_PAGE_SET_STATE", cmd_snp_page_set_state, CLASS_A, 0x10, SNP_UP,
	.since = API(1, 51))
COMMAND(0xc7, "SNP_PAGE_RECLAIM", cmd_snp_page_reclaim, CLASS_A, 0x08, SNP_UP,
	.page = AT(0), .since = API(1, 51))
COMMAND(0xc8, "SNP_PAGE_UNSMASH", cmd_snp_page_unsmash, CLASS_A, 0x08, SNP_UP,
	.page = AT(0), .since = API(1, 51))
COMMAND(0xc9, "SNP_CONFIG", cmd_snp_config, CLASS_A, 0x40, SNP_UP, .since = API(1, 51))
COMMAND(0xca, "SNP_DOWNLOAD_FIRMWARE_EX", cmd_snp_download_firmware_ex, CLASS_A, 0x18,
	UNINIT | SNP_ANY, .since = API(1, 51))
COMMAND(0xcb, "SNP_COMMIT", cmd_snp_commit, CLASS_A, 0x04, SNP_ANY, .since = API(1, 51))
COMMAND(0xcd, "SNP_VLEK_LOAD", cmd_snp_vlek_load, CLASS_A, 0x10, SNP_UP,
	.since = API(1, 54))
COMMAND(0xce, "SNP_FEATURE_INFO", cmd_snp_feature_info, CLASS_A, 0x10, SNP_ANY,
	.page = AT(8), .since = API(1, 55))
