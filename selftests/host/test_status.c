// SPDX-License-Identifier: GPL-2.0
/*
 * Names of the firmware's statuses: four lists must agree on every value, namely the
 * one below, typed from the description of the firmware interface, the UAPI header's
 * with all that is made from it, and the software PSP's.
 */

#include <sevfw/sevfw.h>

#include "psp/row.h"
#include "kselftest_harness.h"
#include "swpsp.h"

static const char * const names[] = {
	/* 0x00 to 0x28, in this order */
	"SUCCESS", "INVALID_PLATFORM_STATE", "INVALID_GUEST_STATE", "INVALID_CONFIG",
	"INVALID_LENGTH", "ALREADY_OWNED", "INVALID_CERTIFICATE", "POLICY_FAILURE", "INACTIVE",
	"INVALID_ADDRESS", "BAD_SIGNATURE", "BAD_MEASUREMENT", "ASID_OWNED", "INVALID_ASID",
	"WBINVD_REQUIRED", "DF_FLUSH_REQUIRED", "INVALID_GUEST", "INVALID_COMMAND", "ACTIVE",
	"HWERROR_PLATFORM", "HWERROR_UNSAFE", "UNSUPPORTED", "INVALID_PARAM", "RESOURCE_LIMIT",
	"SECURE_DATA_INVALID", "INVALID_PAGE_SIZE", "INVALID_PAGE_STATE", "INVALID_MDATA_ENTRY",
	"INVALID_PAGE_OWNER", "AEAD_OFLOW", NULL, "RING_BUFFER_EXIT", "RMP_INIT_REQUIRED",
	"BAD_SVN", "BAD_VERSION", "SHUTDOWN_REQUIRED", "UPDATE_FAILED", "RESTORE_REQUIRED",
	"RMP_INITIALIZATION_FAILED", "INVALID_KEY", "SHUTDOWN_INCOMPLETE",
};

#define UAPI_NAME(name, value, meaning)	\
	[SEV_FW_STATUS_##name] = #name,

static const char * const uapi_names[0x10000] = {
	SEV_FW_STATUSES(UAPI_NAME)
};

#define COUNT(name, value, meaning)	+ 1

TEST(every_status_has_one_name)
{
	unsigned int named = 0;
	u32 status;

	for (status = 0; status <= 0xffff; status++) {
		const char *name = status < ARRAY_SIZE(names) ? names[status] : NULL;
		char text[64];

		if (!name) {
			EXPECT_EQ(NULL, uapi_names[status]);
			EXPECT_EQ('(', psp_status_name(status)[0]) TH_LOG("%#x", status);
			EXPECT_EQ('(', swpsp_status_name(status)[0]) TH_LOG("%#x", status);
		} else {
			named++;
			ASSERT_NE(NULL, uapi_names[status]) TH_LOG("%s", name);
			EXPECT_STREQ(name, uapi_names[status]);
			EXPECT_STREQ(name, psp_status_name(status));
			EXPECT_STREQ(name, swpsp_status_name(status));
			EXPECT_STRNE("not a status that the SEV API names",
				     sev_status_meaning(status));
		}
		/* the kernel prints these two, the library does it for its caller */
		snprintf(text, sizeof(text), "%s (0x%02x)", psp_status_name(status), status);
		EXPECT_STREQ(text, sev_status_text(status));
	}
	EXPECT_EQ(40, named);
	EXPECT_EQ(named, 0 SEV_FW_STATUSES(COUNT));
}

TEST(classes_without_a_name_are_told_apart)
{
	EXPECT_STREQ("(no answer)", psp_status_name(SEV_FW_NO_CALL));
	EXPECT_STREQ("(no answer) (0xffffffff)", sev_status_text(SEV_FW_NO_CALL));
	EXPECT_STREQ("(unknown)", psp_status_name(0x1e));
	EXPECT_STREQ("(unknown)", psp_status_name(0x29));
	EXPECT_STREQ("(unknown)", psp_status_name(0x5b));
	EXPECT_STREQ("(unknown)", psp_status_name(0x7fff));
	EXPECT_STREQ("(RMP state of the command buffer)", psp_status_name(0x59));
	EXPECT_STREQ("(RMP state of the command buffer)", psp_status_name(0x5a));
	EXPECT_STREQ("(RMP state of the command buffer)", psp_status_name(0x5c));
	EXPECT_STREQ("(internal to the PSP)", psp_status_name(0x8000));
	EXPECT_STREQ("(internal to the PSP)", psp_status_name(0xffff));
}

TEST_HARNESS_MAIN
