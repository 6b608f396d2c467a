/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one reading of the command blocks that is independent of the UAPI header: offsets
 * and sizes of the fields, typed from the SEV API in the order in which the API lists them.
 * A change of the header that moves a field does not compile, neither in the driver nor
 * in the tests.
 *
 * This file needs nothing but the header, so that it is kept with each published version.
 */
#ifndef PSP_LAYOUT_H
#define PSP_LAYOUT_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

#include <uapi/linux/sev-fw.h>

#define FIELD_IS(type, member, off, size) \
	static_assert(offsetof(struct type, member) == (off) && \
		      sizeof(((struct type *)0)->member) == (size), #type "." #member)

/*
 * The documented size of a block. A block that grows has two sizes: the one that it was
 * first published with is the least that callers may pass, and never changes.
 */
#define BLOCK_GREW(type, first, size) \
	static_assert(sizeof(struct type) == (size) && (first) <= (size) && \
		      (size) <= SEV_FW_BLOCK_MAX, #type); \
	enum { type##_first_size = (first) }
#define BLOCK_IS(type, size)	BLOCK_GREW(type, size, size)

FIELD_IS(sev_fw_init, flags, 0x00, 4);
FIELD_IS(sev_fw_init, tmr_address, 0x08, 8);
FIELD_IS(sev_fw_init, tmr_len, 0x10, 4);
BLOCK_IS(sev_fw_init, 0x14);

FIELD_IS(sev_fw_init_ex, length, 0x00, 4);
FIELD_IS(sev_fw_init_ex, flags, 0x04, 4);
FIELD_IS(sev_fw_init_ex, tmr_address, 0x08, 8);
FIELD_IS(sev_fw_init_ex, tmr_len, 0x10, 4);
FIELD_IS(sev_fw_init_ex, nv_address, 0x18, 8);
FIELD_IS(sev_fw_init_ex, nv_len, 0x20, 4);
BLOCK_IS(sev_fw_init_ex, 0x24);

FIELD_IS(sev_fw_platform_status, api_major, 0x00, 1);
FIELD_IS(sev_fw_platform_status, api_minor, 0x01, 1);
FIELD_IS(sev_fw_platform_status, state, 0x02, 1);
FIELD_IS(sev_fw_platform_status, owner, 0x03, 1);
FIELD_IS(sev_fw_platform_status, config, 0x04, 2);
FIELD_IS(sev_fw_platform_status, build, 0x07, 1);
FIELD_IS(sev_fw_platform_status, guest_count, 0x08, 4);
BLOCK_IS(sev_fw_platform_status, 0x0c);

FIELD_IS(sev_fw_pek_csr, address, 0x00, 8);
FIELD_IS(sev_fw_pek_csr, len, 0x08, 4);
BLOCK_IS(sev_fw_pek_csr, 0x0c);

FIELD_IS(sev_fw_pek_cert_import, pek_address, 0x00, 8);
FIELD_IS(sev_fw_pek_cert_import, pek_len, 0x08, 4);
FIELD_IS(sev_fw_pek_cert_import, oca_address, 0x10, 8);
FIELD_IS(sev_fw_pek_cert_import, oca_len, 0x18, 4);
BLOCK_IS(sev_fw_pek_cert_import, 0x1c);

FIELD_IS(sev_fw_pdh_cert_export, pdh_address, 0x00, 8);
FIELD_IS(sev_fw_pdh_cert_export, pdh_len, 0x08, 4);
FIELD_IS(sev_fw_pdh_cert_export, chain_address, 0x10, 8);
FIELD_IS(sev_fw_pdh_cert_export, chain_len, 0x18, 4);
BLOCK_IS(sev_fw_pdh_cert_export, 0x1c);

FIELD_IS(sev_fw_download_firmware, address, 0x00, 8);
FIELD_IS(sev_fw_download_firmware, len, 0x08, 4);
BLOCK_IS(sev_fw_download_firmware, 0x0c);

FIELD_IS(sev_fw_get_id, address, 0x00, 8);
FIELD_IS(sev_fw_get_id, len, 0x08, 4);
BLOCK_IS(sev_fw_get_id, 0x0c);

FIELD_IS(sev_fw_ring_buffer, lo_cmd_address, 0x00, 8);
FIELD_IS(sev_fw_ring_buffer, lo_status_address, 0x08, 8);
FIELD_IS(sev_fw_ring_buffer, hi_cmd_address, 0x10, 8);
FIELD_IS(sev_fw_ring_buffer, hi_status_address, 0x18, 8);
FIELD_IS(sev_fw_ring_buffer, lo_pages, 0x20, 1);
FIELD_IS(sev_fw_ring_buffer, hi_pages, 0x21, 1);
FIELD_IS(sev_fw_ring_buffer, lo_threshold, 0x22, 2);
FIELD_IS(sev_fw_ring_buffer, hi_threshold, 0x24, 2);
FIELD_IS(sev_fw_ring_buffer, int_on_empty, 0x26, 2);
BLOCK_IS(sev_fw_ring_buffer, 0x28);

FIELD_IS(sev_fw_decommission, handle, 0x00, 4);
BLOCK_IS(sev_fw_decommission, 0x04);

FIELD_IS(sev_fw_activate, handle, 0x00, 4);
FIELD_IS(sev_fw_activate, asid, 0x04, 4);
BLOCK_IS(sev_fw_activate, 0x08);

FIELD_IS(sev_fw_deactivate, handle, 0x00, 4);
BLOCK_IS(sev_fw_deactivate, 0x04);

FIELD_IS(sev_fw_guest_status, handle, 0x00, 4);
FIELD_IS(sev_fw_guest_status, policy, 0x04, 4);
FIELD_IS(sev_fw_guest_status, asid, 0x08, 4);
FIELD_IS(sev_fw_guest_status, state, 0x0c, 1);
BLOCK_IS(sev_fw_guest_status, 0x0d);

FIELD_IS(sev_fw_copy, handle, 0x00, 4);
FIELD_IS(sev_fw_copy, len, 0x04, 4);
FIELD_IS(sev_fw_copy, src_address, 0x08, 8);
FIELD_IS(sev_fw_copy, dst_address, 0x10, 8);
BLOCK_IS(sev_fw_copy, 0x18);

FIELD_IS(sev_fw_activate_ex, length, 0x00, 4);
FIELD_IS(sev_fw_activate_ex, handle, 0x04, 4);
FIELD_IS(sev_fw_activate_ex, asid, 0x08, 4);
FIELD_IS(sev_fw_activate_ex, numids, 0x0c, 4);
FIELD_IS(sev_fw_activate_ex, ids_address, 0x10, 8);
BLOCK_IS(sev_fw_activate_ex, 0x18);

FIELD_IS(sev_fw_launch_start, handle, 0x00, 4);
FIELD_IS(sev_fw_launch_start, policy, 0x04, 4);
FIELD_IS(sev_fw_launch_start, dh_address, 0x08, 8);
FIELD_IS(sev_fw_launch_start, dh_len, 0x10, 4);
FIELD_IS(sev_fw_launch_start, session_address, 0x18, 8);
FIELD_IS(sev_fw_launch_start, session_len, 0x20, 4);
BLOCK_IS(sev_fw_launch_start, 0x24);

FIELD_IS(sev_fw_launch_update_data, handle, 0x00, 4);
FIELD_IS(sev_fw_launch_update_data, address, 0x08, 8);
FIELD_IS(sev_fw_launch_update_data, len, 0x10, 4);
BLOCK_IS(sev_fw_launch_update_data, 0x14);

FIELD_IS(sev_fw_launch_update_vmsa, handle, 0x00, 4);
FIELD_IS(sev_fw_launch_update_vmsa, address, 0x08, 8);
FIELD_IS(sev_fw_launch_update_vmsa, len, 0x10, 4);
BLOCK_IS(sev_fw_launch_update_vmsa, 0x14);

FIELD_IS(sev_fw_launch_measure, handle, 0x00, 4);
FIELD_IS(sev_fw_launch_measure, address, 0x08, 8);
FIELD_IS(sev_fw_launch_measure, len, 0x10, 4);
BLOCK_IS(sev_fw_launch_measure, 0x14);

FIELD_IS(sev_fw_launch_update_secret, handle, 0x00, 4);
FIELD_IS(sev_fw_launch_update_secret, hdr_address, 0x08, 8);
FIELD_IS(sev_fw_launch_update_secret, hdr_len, 0x10, 4);
FIELD_IS(sev_fw_launch_update_secret, guest_address, 0x18, 8);
FIELD_IS(sev_fw_launch_update_secret, guest_len, 0x20, 4);
FIELD_IS(sev_fw_launch_update_secret, trans_address, 0x28, 8);
FIELD_IS(sev_fw_launch_update_secret, trans_len, 0x30, 4);
BLOCK_IS(sev_fw_launch_update_secret, 0x34);

FIELD_IS(sev_fw_launch_finish, handle, 0x00, 4);
BLOCK_IS(sev_fw_launch_finish, 0x04);

FIELD_IS(sev_fw_attestation, handle, 0x00, 4);
FIELD_IS(sev_fw_attestation, address, 0x08, 8);
FIELD_IS(sev_fw_attestation, mnonce, 0x10, 16);
FIELD_IS(sev_fw_attestation, len, 0x20, 4);
BLOCK_IS(sev_fw_attestation, 0x24);

FIELD_IS(sev_fw_send_start, handle, 0x00, 4);
FIELD_IS(sev_fw_send_start, policy, 0x04, 4);
FIELD_IS(sev_fw_send_start, pdh_address, 0x08, 8);
FIELD_IS(sev_fw_send_start, pdh_len, 0x10, 4);
FIELD_IS(sev_fw_send_start, plat_address, 0x18, 8);
FIELD_IS(sev_fw_send_start, plat_len, 0x20, 4);
FIELD_IS(sev_fw_send_start, amd_address, 0x28, 8);
FIELD_IS(sev_fw_send_start, amd_len, 0x30, 4);
FIELD_IS(sev_fw_send_start, session_address, 0x38, 8);
FIELD_IS(sev_fw_send_start, session_len, 0x40, 4);
BLOCK_IS(sev_fw_send_start, 0x44);

FIELD_IS(sev_fw_send_update_data, handle, 0x00, 4);
FIELD_IS(sev_fw_send_update_data, hdr_address, 0x08, 8);
FIELD_IS(sev_fw_send_update_data, hdr_len, 0x10, 4);
FIELD_IS(sev_fw_send_update_data, guest_address, 0x18, 8);
FIELD_IS(sev_fw_send_update_data, guest_len, 0x20, 4);
FIELD_IS(sev_fw_send_update_data, trans_address, 0x28, 8);
FIELD_IS(sev_fw_send_update_data, trans_len, 0x30, 4);
BLOCK_IS(sev_fw_send_update_data, 0x34);

FIELD_IS(sev_fw_send_update_vmsa, handle, 0x00, 4);
FIELD_IS(sev_fw_send_update_vmsa, hdr_address, 0x08, 8);
FIELD_IS(sev_fw_send_update_vmsa, hdr_len, 0x10, 4);
FIELD_IS(sev_fw_send_update_vmsa, guest_address, 0x18, 8);
FIELD_IS(sev_fw_send_update_vmsa, guest_len, 0x20, 4);
FIELD_IS(sev_fw_send_update_vmsa, trans_address, 0x28, 8);
FIELD_IS(sev_fw_send_update_vmsa, trans_len, 0x30, 4);
BLOCK_IS(sev_fw_send_update_vmsa, 0x34);

FIELD_IS(sev_fw_send_finish, handle, 0x00, 4);
BLOCK_IS(sev_fw_send_finish, 0x04);

FIELD_IS(sev_fw_send_cancel, handle, 0x00, 4);
BLOCK_IS(sev_fw_send_cancel, 0x04);

FIELD_IS(sev_fw_receive_start, handle, 0x00, 4);
FIELD_IS(sev_fw_receive_start, policy, 0x04, 4);
FIELD_IS(sev_fw_receive_start, pdh_address, 0x08, 8);
FIELD_IS(sev_fw_receive_start, pdh_len, 0x10, 4);
FIELD_IS(sev_fw_receive_start, session_address, 0x18, 8);
FIELD_IS(sev_fw_receive_start, session_len, 0x20, 4);
BLOCK_IS(sev_fw_receive_start, 0x24);

FIELD_IS(sev_fw_receive_update_data, handle, 0x00, 4);
FIELD_IS(sev_fw_receive_update_data, hdr_address, 0x08, 8);
FIELD_IS(sev_fw_receive_update_data, hdr_len, 0x10, 4);
FIELD_IS(sev_fw_receive_update_data, guest_address, 0x18, 8);
FIELD_IS(sev_fw_receive_update_data, guest_len, 0x20, 4);
FIELD_IS(sev_fw_receive_update_data, trans_address, 0x28, 8);
FIELD_IS(sev_fw_receive_update_data, trans_len, 0x30, 4);
BLOCK_IS(sev_fw_receive_update_data, 0x34);

FIELD_IS(sev_fw_receive_update_vmsa, handle, 0x00, 4);
FIELD_IS(sev_fw_receive_update_vmsa, hdr_address, 0x08, 8);
FIELD_IS(sev_fw_receive_update_vmsa, hdr_len, 0x10, 4);
FIELD_IS(sev_fw_receive_update_vmsa, guest_address, 0x18, 8);
FIELD_IS(sev_fw_receive_update_vmsa, guest_len, 0x20, 4);
FIELD_IS(sev_fw_receive_update_vmsa, trans_address, 0x28, 8);
FIELD_IS(sev_fw_receive_update_vmsa, trans_len, 0x30, 4);
BLOCK_IS(sev_fw_receive_update_vmsa, 0x34);

FIELD_IS(sev_fw_receive_finish, handle, 0x00, 4);
BLOCK_IS(sev_fw_receive_finish, 0x04);

FIELD_IS(sev_fw_dbg_decrypt, handle, 0x00, 4);
FIELD_IS(sev_fw_dbg_decrypt, src_address, 0x08, 8);
FIELD_IS(sev_fw_dbg_decrypt, dst_address, 0x10, 8);
FIELD_IS(sev_fw_dbg_decrypt, len, 0x18, 4);
BLOCK_IS(sev_fw_dbg_decrypt, 0x1c);

FIELD_IS(sev_fw_dbg_encrypt, handle, 0x00, 4);
FIELD_IS(sev_fw_dbg_encrypt, src_address, 0x08, 8);
FIELD_IS(sev_fw_dbg_encrypt, dst_address, 0x10, 8);
FIELD_IS(sev_fw_dbg_encrypt, len, 0x18, 4);
BLOCK_IS(sev_fw_dbg_encrypt, 0x1c);

FIELD_IS(sev_fw_swap_out, handle, 0x00, 4);
FIELD_IS(sev_fw_swap_out, flags, 0x04, 4);
FIELD_IS(sev_fw_swap_out, src_address, 0x08, 8);
FIELD_IS(sev_fw_swap_out, dst_address, 0x10, 8);
FIELD_IS(sev_fw_swap_out, mdata_address, 0x18, 8);
FIELD_IS(sev_fw_swap_out, software_data, 0x20, 8);
BLOCK_IS(sev_fw_swap_out, 0x28);

FIELD_IS(sev_fw_swap_in, handle, 0x00, 4);
FIELD_IS(sev_fw_swap_in, flags, 0x04, 4);
FIELD_IS(sev_fw_swap_in, src_address, 0x08, 8);
FIELD_IS(sev_fw_swap_in, dst_address, 0x10, 8);
FIELD_IS(sev_fw_swap_in, mdata_address, 0x18, 8);
BLOCK_IS(sev_fw_swap_in, 0x20);

FIELD_IS(sev_fw_snp_platform_status, address, 0x00, 8);
BLOCK_IS(sev_fw_snp_platform_status, 0x08);

FIELD_IS(sev_fw_snp_platform_info, api_major, 0x00, 1);
FIELD_IS(sev_fw_snp_platform_info, api_minor, 0x01, 1);
FIELD_IS(sev_fw_snp_platform_info, state, 0x02, 1);
FIELD_IS(sev_fw_snp_platform_info, rmp, 0x03, 1);
FIELD_IS(sev_fw_snp_platform_info, build, 0x04, 4);
FIELD_IS(sev_fw_snp_platform_info, flags, 0x08, 4);
FIELD_IS(sev_fw_snp_platform_info, guest_count, 0x0c, 4);
FIELD_IS(sev_fw_snp_platform_info, current_tcb, 0x10, 8);
FIELD_IS(sev_fw_snp_platform_info, reported_tcb, 0x18, 8);
BLOCK_IS(sev_fw_snp_platform_info, 0x20);

FIELD_IS(sev_fw_snp_init_ex, flags, 0x00, 4);
FIELD_IS(sev_fw_snp_init_ex, list_address, 0x08, 8);
FIELD_IS(sev_fw_snp_init_ex, max_snp_asid, 0x10, 2);
BLOCK_IS(sev_fw_snp_init_ex, 0x40);

FIELD_IS(sev_fw_snp_shutdown_ex, length, 0x00, 4);
FIELD_IS(sev_fw_snp_shutdown_ex, flags, 0x04, 4);
BLOCK_IS(sev_fw_snp_shutdown_ex, 0x08);

FIELD_IS(sev_fw_snp_decommission, context, 0x00, 8);
BLOCK_IS(sev_fw_snp_decommission, 0x08);

FIELD_IS(sev_fw_snp_activate, context, 0x00, 8);
FIELD_IS(sev_fw_snp_activate, asid, 0x08, 4);
BLOCK_IS(sev_fw_snp_activate, 0x0c);

FIELD_IS(sev_fw_snp_guest_status, context, 0x00, 8);
FIELD_IS(sev_fw_snp_guest_status, address, 0x08, 8);
BLOCK_IS(sev_fw_snp_guest_status, 0x10);

FIELD_IS(sev_fw_snp_gctx_create, context, 0x00, 8);
BLOCK_IS(sev_fw_snp_gctx_create, 0x08);

FIELD_IS(sev_fw_snp_guest_request, context, 0x00, 8);
FIELD_IS(sev_fw_snp_guest_request, request_address, 0x08, 8);
FIELD_IS(sev_fw_snp_guest_request, response_address, 0x10, 8);
BLOCK_IS(sev_fw_snp_guest_request, 0x18);

FIELD_IS(sev_fw_snp_activate_ex, length, 0x00, 4);
FIELD_IS(sev_fw_snp_activate_ex, context, 0x08, 8);
FIELD_IS(sev_fw_snp_activate_ex, asid, 0x10, 4);
FIELD_IS(sev_fw_snp_activate_ex, numids, 0x14, 4);
FIELD_IS(sev_fw_snp_activate_ex, ids_address, 0x18, 8);
BLOCK_IS(sev_fw_snp_activate_ex, 0x20);

FIELD_IS(sev_fw_snp_hv_report_req, length, 0x00, 4);
FIELD_IS(sev_fw_snp_hv_report_req, key_sel, 0x04, 4);
FIELD_IS(sev_fw_snp_hv_report_req, context, 0x08, 8);
FIELD_IS(sev_fw_snp_hv_report_req, address, 0x10, 8);
BLOCK_IS(sev_fw_snp_hv_report_req, 0x18);

FIELD_IS(sev_fw_snp_launch_start, context, 0x00, 8);
FIELD_IS(sev_fw_snp_launch_start, policy, 0x08, 8);
FIELD_IS(sev_fw_snp_launch_start, ma_context, 0x10, 8);
FIELD_IS(sev_fw_snp_launch_start, flags, 0x18, 4);
FIELD_IS(sev_fw_snp_launch_start, desired_tsc_khz, 0x1c, 4);
FIELD_IS(sev_fw_snp_launch_start, gosvw, 0x20, 16);
BLOCK_IS(sev_fw_snp_launch_start, 0x30);

FIELD_IS(sev_fw_snp_launch_update, context, 0x00, 8);
FIELD_IS(sev_fw_snp_launch_update, flags, 0x08, 4);
FIELD_IS(sev_fw_snp_launch_update, address, 0x10, 8);
FIELD_IS(sev_fw_snp_launch_update, vmpl1_perms, 0x19, 1);
FIELD_IS(sev_fw_snp_launch_update, vmpl2_perms, 0x1a, 1);
FIELD_IS(sev_fw_snp_launch_update, vmpl3_perms, 0x1b, 1);
BLOCK_IS(sev_fw_snp_launch_update, 0x20);

FIELD_IS(sev_fw_snp_launch_finish, context, 0x00, 8);
FIELD_IS(sev_fw_snp_launch_finish, id_block_address, 0x08, 8);
FIELD_IS(sev_fw_snp_launch_finish, id_auth_address, 0x10, 8);
FIELD_IS(sev_fw_snp_launch_finish, flags, 0x18, 8);
FIELD_IS(sev_fw_snp_launch_finish, host_data, 0x20, 32);
BLOCK_IS(sev_fw_snp_launch_finish, 0x40);

FIELD_IS(sev_fw_snp_dbg_decrypt, context, 0x00, 8);
FIELD_IS(sev_fw_snp_dbg_decrypt, src_address, 0x08, 8);
FIELD_IS(sev_fw_snp_dbg_decrypt, dst_address, 0x10, 8);
BLOCK_IS(sev_fw_snp_dbg_decrypt, 0x18);

FIELD_IS(sev_fw_snp_dbg_encrypt, context, 0x00, 8);
FIELD_IS(sev_fw_snp_dbg_encrypt, src_address, 0x08, 8);
FIELD_IS(sev_fw_snp_dbg_encrypt, dst_address, 0x10, 8);
BLOCK_IS(sev_fw_snp_dbg_encrypt, 0x18);

FIELD_IS(sev_fw_snp_verify_mitigation, length, 0x00, 4);
FIELD_IS(sev_fw_snp_verify_mitigation, subcommand, 0x04, 2);
FIELD_IS(sev_fw_snp_verify_mitigation, vector, 0x08, 8);
FIELD_IS(sev_fw_snp_verify_mitigation, flags, 0x10, 4);
FIELD_IS(sev_fw_snp_verify_mitigation, src_address, 0x18, 8);
FIELD_IS(sev_fw_snp_verify_mitigation, dst_address, 0x20, 8);
BLOCK_IS(sev_fw_snp_verify_mitigation, 0x40);

FIELD_IS(sev_fw_snp_page_swap_out, context, 0x00, 8);
FIELD_IS(sev_fw_snp_page_swap_out, src_address, 0x08, 8);
FIELD_IS(sev_fw_snp_page_swap_out, dst_address, 0x10, 8);
FIELD_IS(sev_fw_snp_page_swap_out, mdata_address, 0x18, 8);
FIELD_IS(sev_fw_snp_page_swap_out, software_data, 0x20, 8);
FIELD_IS(sev_fw_snp_page_swap_out, flags, 0x28, 4);
BLOCK_IS(sev_fw_snp_page_swap_out, 0x30);

FIELD_IS(sev_fw_snp_page_swap_in, context, 0x00, 8);
FIELD_IS(sev_fw_snp_page_swap_in, src_address, 0x08, 8);
FIELD_IS(sev_fw_snp_page_swap_in, dst_address, 0x10, 8);
FIELD_IS(sev_fw_snp_page_swap_in, mdata_address, 0x18, 8);
FIELD_IS(sev_fw_snp_page_swap_in, flags, 0x28, 4);
BLOCK_IS(sev_fw_snp_page_swap_in, 0x30);

FIELD_IS(sev_fw_snp_page_move, context, 0x00, 8);
FIELD_IS(sev_fw_snp_page_move, flags, 0x08, 4);
FIELD_IS(sev_fw_snp_page_move, src_address, 0x10, 8);
FIELD_IS(sev_fw_snp_page_move, dst_address, 0x18, 8);
BLOCK_IS(sev_fw_snp_page_move, 0x20);

FIELD_IS(sev_fw_snp_page_md_init, context, 0x00, 8);
FIELD_IS(sev_fw_snp_page_md_init, address, 0x08, 8);
BLOCK_IS(sev_fw_snp_page_md_init, 0x10);

FIELD_IS(sev_fw_snp_page_set_state, length, 0x00, 4);
FIELD_IS(sev_fw_snp_page_set_state, list_address, 0x08, 8);
BLOCK_IS(sev_fw_snp_page_set_state, 0x10);

FIELD_IS(sev_fw_snp_page_reclaim, address, 0x00, 8);
BLOCK_IS(sev_fw_snp_page_reclaim, 0x08);

FIELD_IS(sev_fw_snp_page_unsmash, address, 0x00, 8);
BLOCK_IS(sev_fw_snp_page_unsmash, 0x08);

FIELD_IS(sev_fw_snp_config, reported_tcb, 0x00, 8);
FIELD_IS(sev_fw_snp_config, flags, 0x08, 4);
BLOCK_IS(sev_fw_snp_config, 0x40);

FIELD_IS(sev_fw_snp_download_firmware_ex, length, 0x00, 4);
FIELD_IS(sev_fw_snp_download_firmware_ex, address, 0x08, 8);
FIELD_IS(sev_fw_snp_download_firmware_ex, len, 0x10, 4);
FIELD_IS(sev_fw_snp_download_firmware_ex, flags, 0x14, 4);
BLOCK_IS(sev_fw_snp_download_firmware_ex, 0x18);

FIELD_IS(sev_fw_snp_commit, length, 0x00, 4);
BLOCK_IS(sev_fw_snp_commit, 0x04);

FIELD_IS(sev_fw_snp_vlek_load, length, 0x00, 4);
FIELD_IS(sev_fw_snp_vlek_load, wrapped_version, 0x04, 1);
FIELD_IS(sev_fw_snp_vlek_load, address, 0x08, 8);
BLOCK_IS(sev_fw_snp_vlek_load, 0x10);

FIELD_IS(sev_fw_snp_feature_info, length, 0x00, 4);
FIELD_IS(sev_fw_snp_feature_info, ecx_in, 0x04, 4);
FIELD_IS(sev_fw_snp_feature_info, address, 0x08, 8);
BLOCK_IS(sev_fw_snp_feature_info, 0x10);

#undef FIELD_IS
#undef BLOCK_GREW
#undef BLOCK_IS

#endif /* PSP_LAYOUT_H */
