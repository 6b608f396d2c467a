// SPDX-License-Identifier: GPL-2.0
/*
 * SEV_FW_QUERY, and that the documentation's table of commands is what it says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sevfw/describe.h>
#include <sevfw/sevfw.h>

#include "kselftest_harness.h"

#include "host.h"

#define INFOS_MAX	128
#define COMMANDS	"Documentation/commands.md"
#define BEGIN		"<!-- commands -->\n"
#define END		"<!-- end of commands -->\n"

FIXTURE(query) {
	struct sev_fw_door door;
	struct sev_fw_query answer;
	struct sev_fw_cmd_info infos[INFOS_MAX];
};

FIXTURE_SETUP(query)
{
	HOST_NEEDS(HOST_FW);
	self->door = sev_fw_door_dev(open("/dev/sev", O_RDONLY | O_CLOEXEC), -1);
	ASSERT_LE(0, self->door.fd);
	ASSERT_EQ(0, sev_fw_query(&self->door, &self->answer, self->infos, INFOS_MAX));
	ASSERT_LT(0, self->answer.count);
	ASSERT_GE(INFOS_MAX, self->answer.count);
}

FIXTURE_TEARDOWN(query)
{
	close(self->door.fd);
}

/* What firmware's version says, the flags say for each command; so they do of SNP. */
TEST_F(query, availability)
{
	unsigned int version = self->answer.api_major << 8 | self->answer.api_minor;
	bool snp = getenv("SEV_BOX_SNP");

	for (uint32_t i = 0; i < self->answer.count; i++) {
		struct sev_fw_cmd_info *info = &self->infos[i];
		unsigned int since = info->api_major << 8 | info->api_minor;

		bool possible = !(info->flags & SEV_FW_INFO_SNP) || snp;

		EXPECT_EQ(version >= since && possible, !!(info->flags & SEV_FW_INFO_AVAILABLE))
			TH_LOG("%s", info->name);
	}
}

/* A table that has been moved must fail here, so only a directory without documents skips. */
TEST_F(query, the_documented_table_is_what_query_says)
{
	FILE *commands = fopen(COMMANDS, "re");
	char *table = NULL, *text = NULL;
	size_t table_size, text_size = 0;
	FILE *out;

	if (!commands && access("selftests/box", F_OK))
		SKIP(return, "not run from the project's directory");
	ASSERT_NE(NULL, commands)
		TH_LOG("there is no %s", COMMANDS);
	ASSERT_LT(0, getdelim(&text, &text_size, '\0', commands));
	fclose(commands);

	out = open_memstream(&table, &table_size);
	ASSERT_NE(NULL, out);
	fputs(BEGIN, out);
	describe_title(out);
	for (uint32_t i = 0; i < self->answer.count; i++)
		describe_command(out, &self->infos[i]);
	fputs(END, out);
	fclose(out);
	EXPECT_NE(NULL, strstr(text, table))
		TH_LOG("the table in %s should be, as sev_query prints it:\n%s", COMMANDS,
		       table);
	free(text);
	free(table);
}

HOST_TESTS_MAIN
