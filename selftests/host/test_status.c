// SPDX-License-Identifier: GPL-2.0
/*
 * Names of the firmware's statuses: all that is made from the UAPI header's list, in the
 * driver, in the library and in the software PSP, has each name at its value and no other.
 * That the values stay what they are is for selftests/scripts/test_uapi.
 */

#include <sevfw/sevfw.h>

#include "psp/row.h"
#include "kselftest_harness.h"
#include "swpsp.h"

#define UAPI_NAME(name, value, meaning)	\
	[SEV_FW_STATUS_##name] = #name,

static const char * const names[0x10000] = {
	SEV_FW_STATUSES(UAPI_NAME)
};

TEST(every_status_has_one_name)
{
	unsigned int named = 0;
	u32 status;

	for (status = 0; status <= 0xffff; status++) {
		const char *name = names[status];
		char text[64];

		if (!name) {
			EXPECT_EQ('(', psp_status_name(status)[0]) TH_LOG("%#x", status);
			EXPECT_EQ('(', swpsp_status_name(status)[0]) TH_LOG("%#x", status);
		} else {
			named++;
			EXPECT_STREQ(name, psp_status_name(status));
			EXPECT_STREQ(name, swpsp_status_name(status));
			EXPECT_STRNE("not a status that the SEV API names",
				     sev_status_meaning(status));
		}
		/* the kernel prints these two, the library does it for its caller */
		snprintf(text, sizeof(text), "%s (0x%02x)", psp_status_name(status), status);
		EXPECT_STREQ(text, sev_status_text(status));
	}
	EXPECT_LE(40, named);
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
