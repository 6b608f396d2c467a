// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of <linux/sev-fw.h>. The blocks are compared with the SEV API by the compiler,
 * in psp/layout.h; numbers and structs of our own are below.
 */
#include <stdbool.h>
#include <linux/kvm.h>
#include "psp/layout.h"
#include "kselftest_harness.h"

TEST(envelope_is_kvm_sev_cmd)
{
	EXPECT_EQ(sizeof(struct kvm_sev_cmd), sizeof(struct sev_fw_cmd));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, id), offsetof(struct sev_fw_cmd, id));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, data), offsetof(struct sev_fw_cmd, data));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, error), offsetof(struct sev_fw_cmd, error));
	EXPECT_EQ(offsetof(struct kvm_sev_cmd, sev_fd), offsetof(struct sev_fw_cmd, fd));
}

/* Other things that a program calls by these names must keep their meaning. */
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

TEST(no_legacy_id_of_kvm_can_be_taken_for_one_of_ours)
{
	EXPECT_EQ(0, KVM_SEV_NR_MAX & SEV_FW_PASSTHROUGH);
}

TEST(query_has_no_holes)
{
	EXPECT_EQ(96, sizeof(struct sev_fw_cmd_info));
	EXPECT_EQ(14, offsetof(struct sev_fw_cmd_info, name));
	EXPECT_EQ(40, offsetof(struct sev_fw_cmd_info, user));
	EXPECT_EQ(56, offsetof(struct sev_fw_cmd_info, buf));
	EXPECT_EQ(88, offsetof(struct sev_fw_cmd_info, page_before));
	EXPECT_EQ(24, sizeof(struct sev_fw_query));
	EXPECT_EQ(8, sizeof(struct sev_fw_buf_info));
}

TEST_HARNESS_MAIN
