// SPDX-License-Identifier: GPL-2.0
/*
 * SEV_FW_QUERY, and that the documentation's table of commands is what it says; and each
 * command that only reads, on the platform or a guest, issued as it says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sevfw/describe.h>
#include <sevfw/sevfw.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"

#include "common.h"
#include "guest.h"
#include "host.h"
#include "steps.h"

#define RAM		(1 << 20)

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

/* The flags of each command follow from the firmware's version, and from SNP. */
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
		TH_LOG("the table in %s should be, as make docs writes it:\n%s", COMMANDS,
		       table);
	free(text);
	free(table);
}

/* A platform command that demands no writable /dev/sev changes nothing; the others may. */
static bool only_reads(const struct sev_fw_cmd_info *info)
{
	const uint32_t mask = SEV_FW_INFO_AVAILABLE | SEV_FW_INFO_PLATFORM | SEV_FW_INFO_GUEST |
			      SEV_FW_INFO_WRITE;

	return (info->flags & mask) == (SEV_FW_INFO_AVAILABLE | SEV_FW_INFO_PLATFORM);
}

static uint8_t room[SEV_FW_BUFS][SEV_FW_PACKET_MAX] __attribute__((aligned(4096)));

/* A block of zeroes but for its buffers, each of which gets as much room as it can use. */
static bool make_block(const struct sev_fw_cmd_info *info, uint8_t block[SEV_FW_BLOCK_MAX])
{
	memset(room, UNWRITTEN & 0xff, sizeof(room));
	memset(block, 0, SEV_FW_BLOCK_MAX);
	for (int i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++) {
		const struct sev_fw_buf_info *buf = &info->buf[i];
		uint64_t address = (uintptr_t)room[i];

		if (buf->dir != SEV_FW_BUF_WRITE || buf->max > sizeof(room[i]))
			return false;
		memcpy(block + buf->addr, &address, sizeof(address));
		if (buf->len < SEV_FW_BLOCK_MAX)
			memcpy(block + buf->len, &buf->max, sizeof(buf->max));
	}
	return true;
}

/* Has the firmware written to each buffer, or, where there is none, to the block? */
static bool has_answered(const struct sev_fw_cmd_info *info, const uint8_t *block)
{
	static const uint8_t zeroes[SEV_FW_BLOCK_MAX];
	int i;

	for (i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++) {
		uint32_t n = 0;

		while (n < info->buf[i].max && room[i][n] == (UNWRITTEN & 0xff))
			n++;
		if (n == info->buf[i].max)
			return false;
	}
	return i || !info->size || memcmp(block, zeroes, info->size);
}

/* A writer goes first, because a reader does not initialise the platform. */
TEST_F(query, each_command_that_only_reads_succeeds_and_answers)
{
	struct sev_fw_door writer = sev_fw_door_dev(open("/dev/sev", O_RDWR | O_CLOEXEC), -1);
	const struct sev_fw_door *doors[] = { &writer, &self->door };
	uint8_t block[SEV_FW_BLOCK_MAX];
	unsigned int found = 0;
	uint32_t status;

	ASSERT_LE(0, writer.fd);
	for (uint32_t i = 0; i < self->answer.count; i++) {
		const struct sev_fw_cmd_info *info = &self->infos[i];

		if (!only_reads(info))
			continue;
		found++;
		for (int j = 0; j < 2; j++) {
			ASSERT_TRUE(make_block(info, block))
				TH_LOG("%s reads more than its block", info->name);
			EXPECT_EQ(0, sev_fw_issue(doors[j], info->id, info->size ? block : NULL,
						  info->size, &status))
				TH_LOG("%s: %s", info->name, sev_status_text(status));
			EXPECT_EQ(0, status)
				TH_LOG("%s", info->name);
			EXPECT_TRUE(has_answered(info, block))
				TH_LOG("%s wrote nothing", info->name);
		}
	}
	EXPECT_LT(0, found);
	close(writer.fd);
}

/*
 * The same for commands on a guest: all that come with no data and make no guest, but have
 * something to answer. They need guests at different stages of a launch, so that each is
 * tried at each stage and must succeed at one. LAUNCH_MEASURE, which also ends a stage, has
 * its place there anyway.
 */
static bool only_answers(const struct sev_fw_cmd_info *info, bool snp)
{
	const uint32_t mask = SEV_FW_INFO_AVAILABLE | SEV_FW_INFO_GUEST | SEV_FW_INFO_WRITE |
			      SEV_FW_INFO_START | SEV_FW_INFO_SNP;
	const uint32_t want = SEV_FW_INFO_AVAILABLE | SEV_FW_INFO_GUEST |
			      (snp ? SEV_FW_INFO_SNP : 0);
	uint8_t block[SEV_FW_BLOCK_MAX];

	if ((info->flags & mask) != want || !make_block(info, block))
		return false;
	/* nothing but the guest's name: there is no room for an answer */
	return info->buf[0].kind || info->size > sizeof(uint64_t);
}

/* Try each command that has not succeeded yet. */
static void try_readers(const struct sev_fw_query *query, const struct sev_fw_cmd_info *infos,
			const struct sev_fw_door *door, bool snp, bool answered[INFOS_MAX])
{
	uint8_t block[SEV_FW_BLOCK_MAX];
	uint32_t status;

	for (uint32_t i = 0; i < query->count; i++)
		if (!answered[i] && only_answers(&infos[i], snp) && make_block(&infos[i], block))
			answered[i] = !sev_fw_issue(door, infos[i].id, block, infos[i].size,
						    &status) && has_answered(&infos[i], block);
}

/* How many commands have been tried; *@silent: the last one of those that never answered. */
static unsigned int readers(const struct sev_fw_query *query, const struct sev_fw_cmd_info *infos,
			    bool snp, const bool answered[INFOS_MAX], const char **silent)
{
	unsigned int found = 0;

	*silent = NULL;
	for (uint32_t i = 0; i < query->count; i++) {
		if (!only_answers(&infos[i], snp))
			continue;
		found++;
		if (!answered[i])
			*silent = infos[i].name;
	}
	return found;
}

TEST_F(query, each_guest_command_that_only_reads_succeeds_and_answers)
{
	bool answered[INFOS_MAX] = {};
	struct launch guest, *l = &guest;
	struct sev_fw_door door;
	const char *silent;

	HOST_NEEDS(HOST_SEV);
	GOES(guest_started(l, false, RAM));
	GOES(launch_update(l));
	door = launch_door(l);
	try_readers(&self->answer, self->infos, &door, false, answered);
	GOES(launch_finish(l));
	try_readers(&self->answer, self->infos, &door, false, answered);
	EXPECT_LT(2, readers(&self->answer, self->infos, false, answered, &silent));
	EXPECT_EQ(NULL, silent)
		TH_LOG("%s never answered", silent);
	launch_close(l);
}

TEST_F(query, each_snp_guest_command_that_only_reads_succeeds_and_answers)
{
	struct snp_launch guest = { .vm = VM_NONE, .sev_fd = -1 }, *l = &guest;
	bool answered[INFOS_MAX] = {};
	struct sev_fw_door door;
	const char *silent;

	HOST_NEEDS(HOST_SNP);
	ASSERT_EQ(0, snp_launch_open(l, RAM));
	l->ops = &snp_launch_pass;
	ASSERT_EQ(0, snp_launch_start(l, SNP_POLICY_PLAIN));
	door = sev_fw_door_vm(l->vm.vm_fd, l->sev_fd);
	try_readers(&self->answer, self->infos, &door, true, answered);
	ASSERT_EQ(0, snp_launch_finish(l, NULL));
	try_readers(&self->answer, self->infos, &door, true, answered);
	EXPECT_LT(0, readers(&self->answer, self->infos, true, answered, &silent));
	EXPECT_EQ(NULL, silent)
		TH_LOG("%s never answered", silent);
	snp_launch_close(l);
}

HOST_TESTS_MAIN
