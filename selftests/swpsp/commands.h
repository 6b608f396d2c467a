/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands, one line each: internal.h makes a prototype of its handler, dispatch.c
 * a row of the table. There is no include guard, because both include this file.
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
COMMAND(0x0b, "DOWNLOAD_FIRMWARE", cmd_download_firmware, CLASS_A, 0x0c, UNINIT,
	.since = API(0, 15))
COMMAND(0x0c, "GET_ID", cmd_get_id, CLASS_D, 0x0c, ANY, .since = API(0, 16))
COMMAND(0x0d, "INIT_EX", cmd_init_ex, CLASS_A, 0x24, UNINIT)
COMMAND(0x0e, "NOP", cmd_nop, CLASS_N, 0, ANY)
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
COMMAND(0x41, "SEND_UPDATE_DATA", cmd_send_update_data, CLASS_D, 0x34, WORKING, .handle = AT(0))
COMMAND(0x42, "SEND_UPDATE_VMSA", cmd_send_update_vmsa, CLASS_D, 0x34, WORKING, .handle = AT(0))
COMMAND(0x43, "SEND_FINISH", cmd_send_finish, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x44, "SEND_CANCEL", cmd_send_cancel, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x50, "RECEIVE_START", cmd_receive_start, CLASS_C, 0x24, UP, .handle = AT(0))
COMMAND(0x51, "RECEIVE_UPDATE_DATA", cmd_receive_update_data, CLASS_A, 0x34, WORKING,
	.handle = AT(0))
COMMAND(0x52, "RECEIVE_UPDATE_VMSA", cmd_receive_update_vmsa, CLASS_A, 0x34, WORKING,
	.handle = AT(0))
COMMAND(0x53, "RECEIVE_FINISH", cmd_receive_finish, CLASS_A, 0x04, WORKING, .handle = AT(0))
COMMAND(0x60, "DBG_DECRYPT", cmd_dbg_decrypt, CLASS_A, 0x1c, WORKING, .handle = AT(0))
COMMAND(0x61, "DBG_ENCRYPT", cmd_dbg_encrypt, CLASS_A, 0x1c, WORKING, .handle = AT(0))
COMMAND(0x70, "SWAP_OUT", cmd_swap_out, CLASS_D, 0x28, WORKING, .handle = AT(0))
COMMAND(0x71, "SWAP_IN", cmd_swap_in, CLASS_A, 0x20, WORKING, .handle = AT(0))
