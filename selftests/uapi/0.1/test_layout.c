// SPDX-License-Identifier: GPL-2.0
/*
 * The UAPI structs against a table of offsets and sizes typed from the SEV API,
 * in the order in which the API lists the fields, and without a look at the
 * header. "end" is the documented size of the block.
 */
#include <stddef.h>
#include <linux/kvm.h>
#include <uapi/linux/sev-fw.h>
#include "kselftest_harness.h"

struct field {
	const char *name;
	size_t is_off, is_size;		/* what the compiler says */
	size_t off, size;		/* what the SEV API says */
};

#define F(type, member, off, size) \
	{ #type "." #member, offsetof(struct type, member), \
	  sizeof(((struct type *)0)->member), off, size }
#define END(type, size) \
	{ #type, 0, sizeof(struct type), 0, size }

static const struct field fields[] = {
	F(sev_fw_init, flags, 0x00, 4),
	F(sev_fw_init, tmr_address, 0x08, 8),
	F(sev_fw_init, tmr_len, 0x10, 4),
	END(sev_fw_init, 0x14),

	F(sev_fw_init_ex, length, 0x00, 4),
	F(sev_fw_init_ex, flags, 0x04, 4),
	F(sev_fw_init_ex, tmr_address, 0x08, 8),
	F(sev_fw_init_ex, tmr_len, 0x10, 4),
	F(sev_fw_init_ex, nv_address, 0x18, 8),
	F(sev_fw_init_ex, nv_len, 0x20, 4),
	END(sev_fw_init_ex, 0x24),

	F(sev_fw_platform_status, api_major, 0x00, 1),
	F(sev_fw_platform_status, api_minor, 0x01, 1),
	F(sev_fw_platform_status, state, 0x02, 1),
	F(sev_fw_platform_status, owner, 0x03, 1),
	F(sev_fw_platform_status, config, 0x04, 2),
	F(sev_fw_platform_status, build, 0x07, 1),
	F(sev_fw_platform_status, guest_count, 0x08, 4),
	END(sev_fw_platform_status, 0x0c),

	F(sev_fw_pek_csr, address, 0x00, 8),
	F(sev_fw_pek_csr, len, 0x08, 4),
	END(sev_fw_pek_csr, 0x0c),

	F(sev_fw_pek_cert_import, pek_address, 0x00, 8),
	F(sev_fw_pek_cert_import, pek_len, 0x08, 4),
	F(sev_fw_pek_cert_import, oca_address, 0x10, 8),
	F(sev_fw_pek_cert_import, oca_len, 0x18, 4),
	END(sev_fw_pek_cert_import, 0x1c),

	F(sev_fw_pdh_cert_export, pdh_address, 0x00, 8),
	F(sev_fw_pdh_cert_export, pdh_len, 0x08, 4),
	F(sev_fw_pdh_cert_export, chain_address, 0x10, 8),
	F(sev_fw_pdh_cert_export, chain_len, 0x18, 4),
	END(sev_fw_pdh_cert_export, 0x1c),

	F(sev_fw_download_firmware, address, 0x00, 8),
	F(sev_fw_download_firmware, len, 0x08, 4),
	END(sev_fw_download_firmware, 0x0c),

	F(sev_fw_get_id, address, 0x00, 8),
	F(sev_fw_get_id, len, 0x08, 4),
	END(sev_fw_get_id, 0x0c),

	F(sev_fw_ring_buffer, lo_cmd_address, 0x00, 8),
	F(sev_fw_ring_buffer, lo_status_address, 0x08, 8),
	F(sev_fw_ring_buffer, hi_cmd_address, 0x10, 8),
	F(sev_fw_ring_buffer, hi_status_address, 0x18, 8),
	F(sev_fw_ring_buffer, lo_pages, 0x20, 1),
	F(sev_fw_ring_buffer, hi_pages, 0x21, 1),
	F(sev_fw_ring_buffer, lo_threshold, 0x22, 2),
	F(sev_fw_ring_buffer, hi_threshold, 0x24, 2),
	F(sev_fw_ring_buffer, int_on_empty, 0x26, 2),
	END(sev_fw_ring_buffer, 0x28),

	F(sev_fw_decommission, handle, 0x00, 4),
	END(sev_fw_decommission, 0x04),

	F(sev_fw_activate, handle, 0x00, 4),
	F(sev_fw_activate, asid, 0x04, 4),
	END(sev_fw_activate, 0x08),

	F(sev_fw_deactivate, handle, 0x00, 4),
	END(sev_fw_deactivate, 0x04),

	F(sev_fw_guest_status, handle, 0x00, 4),
	F(sev_fw_guest_status, policy, 0x04, 4),
	F(sev_fw_guest_status, asid, 0x08, 4),
	F(sev_fw_guest_status, state, 0x0c, 1),
	END(sev_fw_guest_status, 0x0d),

	F(sev_fw_copy, handle, 0x00, 4),
	F(sev_fw_copy, len, 0x04, 4),
	F(sev_fw_copy, src_address, 0x08, 8),
	F(sev_fw_copy, dst_address, 0x10, 8),
	END(sev_fw_copy, 0x18),

	F(sev_fw_activate_ex, length, 0x00, 4),
	F(sev_fw_activate_ex, handle, 0x04, 4),
	F(sev_fw_activate_ex, asid, 0x08, 4),
	F(sev_fw_activate_ex, numids, 0x0c, 4),
	F(sev_fw_activate_ex, ids_address, 0x10, 8),
	END(sev_fw_activate_ex, 0x18),

	F(sev_fw_launch_start, handle, 0x00, 4),
	F(sev_fw_launch_start, policy, 0x04, 4),
	F(sev_fw_launch_start, dh_address, 0x08, 8),
	F(sev_fw_launch_start, dh_len, 0x10, 4),
	F(sev_fw_launch_start, session_address, 0x18, 8),
	F(sev_fw_launch_start, session_len, 0x20, 4),
	END(sev_fw_launch_start, 0x24),

	F(sev_fw_launch_update_data, handle, 0x00, 4),
	F(sev_fw_launch_update_data, address, 0x08, 8),
	F(sev_fw_launch_update_data, len, 0x10, 4),
	END(sev_fw_launch_update_data, 0x14),

	F(sev_fw_launch_update_vmsa, handle, 0x00, 4),
	F(sev_fw_launch_update_vmsa, address, 0x08, 8),
	F(sev_fw_launch_update_vmsa, len, 0x10, 4),
	END(sev_fw_launch_update_vmsa, 0x14),

	F(sev_fw_launch_measure, handle, 0x00, 4),
	F(sev_fw_launch_measure, address, 0x08, 8),
	F(sev_fw_launch_measure, len, 0x10, 4),
	END(sev_fw_launch_measure, 0x14),

	F(sev_fw_launch_update_secret, handle, 0x00, 4),
	F(sev_fw_launch_update_secret, hdr_address, 0x08, 8),
	F(sev_fw_launch_update_secret, hdr_len, 0x10, 4),
	F(sev_fw_launch_update_secret, guest_address, 0x18, 8),
	F(sev_fw_launch_update_secret, guest_len, 0x20, 4),
	F(sev_fw_launch_update_secret, trans_address, 0x28, 8),
	F(sev_fw_launch_update_secret, trans_len, 0x30, 4),
	END(sev_fw_launch_update_secret, 0x34),

	F(sev_fw_launch_finish, handle, 0x00, 4),
	END(sev_fw_launch_finish, 0x04),

	F(sev_fw_attestation, handle, 0x00, 4),
	F(sev_fw_attestation, address, 0x08, 8),
	F(sev_fw_attestation, mnonce, 0x10, 16),
	F(sev_fw_attestation, len, 0x20, 4),
	END(sev_fw_attestation, 0x24),

	F(sev_fw_send_start, handle, 0x00, 4),
	F(sev_fw_send_start, policy, 0x04, 4),
	F(sev_fw_send_start, pdh_address, 0x08, 8),
	F(sev_fw_send_start, pdh_len, 0x10, 4),
	F(sev_fw_send_start, plat_address, 0x18, 8),
	F(sev_fw_send_start, plat_len, 0x20, 4),
	F(sev_fw_send_start, amd_address, 0x28, 8),
	F(sev_fw_send_start, amd_len, 0x30, 4),
	F(sev_fw_send_start, session_address, 0x38, 8),
	F(sev_fw_send_start, session_len, 0x40, 4),
	END(sev_fw_send_start, 0x44),

	F(sev_fw_send_update_data, handle, 0x00, 4),
	F(sev_fw_send_update_data, hdr_address, 0x08, 8),
	F(sev_fw_send_update_data, hdr_len, 0x10, 4),
	F(sev_fw_send_update_data, guest_address, 0x18, 8),
	F(sev_fw_send_update_data, guest_len, 0x20, 4),
	F(sev_fw_send_update_data, trans_address, 0x28, 8),
	F(sev_fw_send_update_data, trans_len, 0x30, 4),
	END(sev_fw_send_update_data, 0x34),

	F(sev_fw_send_update_vmsa, handle, 0x00, 4),
	F(sev_fw_send_update_vmsa, hdr_address, 0x08, 8),
	F(sev_fw_send_update_vmsa, hdr_len, 0x10, 4),
	F(sev_fw_send_update_vmsa, guest_address, 0x18, 8),
	F(sev_fw_send_update_vmsa, guest_len, 0x20, 4),
	F(sev_fw_send_update_vmsa, trans_address, 0x28, 8),
	F(sev_fw_send_update_vmsa, trans_len, 0x30, 4),
	END(sev_fw_send_update_vmsa, 0x34),

	F(sev_fw_send_finish, handle, 0x00, 4),
	END(sev_fw_send_finish, 0x04),

	F(sev_fw_send_cancel, handle, 0x00, 4),
	END(sev_fw_send_cancel, 0x04),

	F(sev_fw_receive_start, handle, 0x00, 4),
	F(sev_fw_receive_start, policy, 0x04, 4),
	F(sev_fw_receive_start, pdh_address, 0x08, 8),
	F(sev_fw_receive_start, pdh_len, 0x10, 4),
	F(sev_fw_receive_start, session_address, 0x18, 8),
	F(sev_fw_receive_start, session_len, 0x20, 4),
	END(sev_fw_receive_start, 0x24),

	F(sev_fw_receive_update_data, handle, 0x00, 4),
	F(sev_fw_receive_update_data, hdr_address, 0x08, 8),
	F(sev_fw_receive_update_data, hdr_len, 0x10, 4),
	F(sev_fw_receive_update_data, guest_address, 0x18, 8),
	F(sev_fw_receive_update_data, guest_len, 0x20, 4),
	F(sev_fw_receive_update_data, trans_address, 0x28, 8),
	F(sev_fw_receive_update_data, trans_len, 0x30, 4),
	END(sev_fw_receive_update_data, 0x34),

	F(sev_fw_receive_update_vmsa, handle, 0x00, 4),
	F(sev_fw_receive_update_vmsa, hdr_address, 0x08, 8),
	F(sev_fw_receive_update_vmsa, hdr_len, 0x10, 4),
	F(sev_fw_receive_update_vmsa, guest_address, 0x18, 8),
	F(sev_fw_receive_update_vmsa, guest_len, 0x20, 4),
	F(sev_fw_receive_update_vmsa, trans_address, 0x28, 8),
	F(sev_fw_receive_update_vmsa, trans_len, 0x30, 4),
	END(sev_fw_receive_update_vmsa, 0x34),

	F(sev_fw_receive_finish, handle, 0x00, 4),
	END(sev_fw_receive_finish, 0x04),

	F(sev_fw_dbg_decrypt, handle, 0x00, 4),
	F(sev_fw_dbg_decrypt, src_address, 0x08, 8),
	F(sev_fw_dbg_decrypt, dst_address, 0x10, 8),
	F(sev_fw_dbg_decrypt, len, 0x18, 4),
	END(sev_fw_dbg_decrypt, 0x1c),

	F(sev_fw_dbg_encrypt, handle, 0x00, 4),
	F(sev_fw_dbg_encrypt, src_address, 0x08, 8),
	F(sev_fw_dbg_encrypt, dst_address, 0x10, 8),
	F(sev_fw_dbg_encrypt, len, 0x18, 4),
	END(sev_fw_dbg_encrypt, 0x1c),

	F(sev_fw_swap_out, handle, 0x00, 4),
	F(sev_fw_swap_out, flags, 0x04, 4),
	F(sev_fw_swap_out, src_address, 0x08, 8),
	F(sev_fw_swap_out, dst_address, 0x10, 8),
	F(sev_fw_swap_out, mdata_address, 0x18, 8),
	F(sev_fw_swap_out, software_data, 0x20, 8),
	END(sev_fw_swap_out, 0x28),

	F(sev_fw_swap_in, handle, 0x00, 4),
	F(sev_fw_swap_in, flags, 0x04, 4),
	F(sev_fw_swap_in, src_address, 0x08, 8),
	F(sev_fw_swap_in, dst_address, 0x10, 8),
	F(sev_fw_swap_in, mdata_address, 0x18, 8),
	END(sev_fw_swap_in, 0x20),
};

TEST(blocks)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		EXPECT_EQ(fields[i].off, fields[i].is_off)
			TH_LOG("offset of %s", fields[i].name);
		EXPECT_EQ(fields[i].size, fields[i].is_size)
			TH_LOG("size of %s", fields[i].name);
		EXPECT_LE(fields[i].off + fields[i].size, SEV_FW_BLOCK_MAX)
			TH_LOG("%s does not fit", fields[i].name);
	}
}

TEST(envelope_is_kvm_sev_cmd)
{
	EXPECT_EQ(sizeof(struct kvm_sev_cmd), sizeof(struct sev_fw_cmd));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, id), offsetof(struct sev_fw_cmd, id));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, data), offsetof(struct sev_fw_cmd, data));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, error), offsetof(struct sev_fw_cmd, error));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, sev_fd), offsetof(struct sev_fw_cmd, fd));
}

/* Whatever else a program calls by these names must stay what it is. */
TEST(blocks_have_structs_of_their_own)
{
#if defined(sev_fw_launch_update_secret) || defined(sev_fw_launch_finish) ||		\
	defined(sev_fw_send_update_data) || defined(sev_fw_send_update_vmsa) ||		\
	defined(sev_fw_send_finish) || defined(sev_fw_send_cancel) ||			\
	defined(sev_fw_receive_update_data) || defined(sev_fw_receive_update_vmsa) ||	\
	defined(sev_fw_receive_finish) || defined(sev_fw_dbg_decrypt) ||		\
	defined(sev_fw_dbg_encrypt)
	EXPECT_TRUE(false) TH_LOG("a macro renames a struct");
#endif
	EXPECT_FALSE(__builtin_types_compatible_p(struct sev_fw_send_finish,
						  struct sev_fw_send_cancel));
	EXPECT_FALSE(__builtin_types_compatible_p(struct sev_fw_dbg_decrypt,
						  struct sev_fw_dbg_encrypt));
}

/* A program has these numbers compiled in. */
TEST(numbers_of_ioctls)
{
	EXPECT_EQ(0xc018d500, SEV_FW_ISSUE);
	EXPECT_EQ(0xc018d501, SEV_FW_QUERY);
	EXPECT_EQ(0xffffffff, SEV_FW_CMD(SEV_FW_FLAGS | 0xffff));
	EXPECT_EQ(0, SEV_FW_FLAGS & SEV_FW_CMD(0xffff));
}

TEST(ids)
{
	/* no legacy id of KVM can be taken for one of ours */
	EXPECT_EQ(0, KVM_SEV_NR_MAX & SEV_FW_PASSTHROUGH);

	EXPECT_EQ(0x001, SEV_FW_INIT);
	EXPECT_EQ(0x004, SEV_FW_PLATFORM_STATUS);
	EXPECT_EQ(0x00d, SEV_FW_INIT_EX);
	EXPECT_EQ(0x00f, SEV_FW_RING_BUFFER);
	EXPECT_EQ(0x020, SEV_FW_DECOMMISSION);
	EXPECT_EQ(0x025, SEV_FW_ACTIVATE_EX);
	EXPECT_EQ(0x030, SEV_FW_LAUNCH_START);
	EXPECT_EQ(0x036, SEV_FW_ATTESTATION);
	EXPECT_EQ(0x044, SEV_FW_SEND_CANCEL);
	EXPECT_EQ(0x053, SEV_FW_RECEIVE_FINISH);
	EXPECT_EQ(0x061, SEV_FW_DBG_ENCRYPT);
	EXPECT_EQ(0x071, SEV_FW_SWAP_IN);
}

TEST(query_has_no_holes)
{
	EXPECT_EQ(88, sizeof(struct sev_fw_cmd_info));
	EXPECT_EQ(14, offsetof(struct sev_fw_cmd_info, name));
	EXPECT_EQ(40, offsetof(struct sev_fw_cmd_info, user));
	EXPECT_EQ(56, offsetof(struct sev_fw_cmd_info, buf));
	EXPECT_EQ(24, sizeof(struct sev_fw_query));
	EXPECT_EQ(8, sizeof(struct sev_fw_buf_info));
}

TEST_HARNESS_MAIN
