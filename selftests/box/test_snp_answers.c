// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of SEV's commands on a host for SNP: they cost no command for pages of theirs, be these
 * written or not, and whether or not the firmware keeps them (option --snp-keep-output of
 * the software PSP). The page of the block is another matter: firmware that keeps it is asked for
 * it, once a command.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/migrate.h>
#include <sevfw/sevfw.h>

#include "kselftest_harness.h"
#include "common.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "snp.h"

#define ROOM		0x4000
#define TIMES		8
#define ID_SIZE		0x40
#define SHORT		0x100

static uint8_t room[2][ROOM];

FIXTURE(answers) {
	struct sev_fw_door door;
	bool kept;	/* the page of a block is */
	long lost;
};

static uint32_t reclaims(void)
{
	return host_counter(SWPSP_BAR_COUNT(SEV_FW_SNP_PAGE_RECLAIM));
}

FIXTURE_SETUP(answers)
{
	struct sev_fw_platform_status status = { 0 };
	uint32_t before, fw;

	HOST_NEEDS(HOST_SNP | HOST_FW | HOST_SWPSP);
	self->door = sev_fw_door_dev(open("/dev/sev", O_RDWR | O_CLOEXEC), -1);
	ASSERT_LE(0, self->door.fd);
	self->lost = psp_attr_number("quarantined_pages");
	before = reclaims();
	ASSERT_EQ(0, sev_fw_issue(&self->door, SEV_FW_PLATFORM_STATUS, &status, sizeof(status),
				  &fw));
	self->kept = reclaims() - before;
	memset(room, 0xee, sizeof(room));
}

FIXTURE_TEARDOWN(answers)
{
	close(self->door.fd);
	EXPECT_EQ(self->lost, psp_attr_number("quarantined_pages"));
}

static int get_id(const struct sev_fw_door *door, uint32_t len, uint32_t *fw)
{
	struct sev_fw_get_id get = { .address = (uintptr_t)room[0], .len = len };

	return sev_fw_issue(door, SEV_FW_GET_ID, &get, sizeof(get), fw);
}

/* All of a platform's certificates: pages in two buffers. */
static int export_all(const struct sev_fw_door *door, struct sev_fw_pdh_cert_export *export,
		      uint32_t *fw)
{
	*export = (struct sev_fw_pdh_cert_export){
		.pdh_address = (uintptr_t)room[0], .pdh_len = ROOM,
		.chain_address = (uintptr_t)room[1], .chain_len = ROOM,
	};
	return sev_fw_issue(door, SEV_FW_PDH_CERT_EXPORT, export, sizeof(*export), fw);
}

TEST_F(answers, a_page_that_is_not_written_costs_no_command)
{
	uint32_t before = reclaims(), fw;
	uint8_t id[ID_SIZE];

	for (int i = 0; i < TIMES; i++) {
		memset(room, 0xee, sizeof(room));
		ASSERT_EQ(0, get_id(&self->door, ROOM, &fw)) TH_LOG("status 0x%02x", fw);
		if (!i)
			memcpy(id, room[0], sizeof(id));
		EXPECT_EQ(0, memcmp(id, room[0], sizeof(id)));
		EXPECT_NE(0xeeeeeeee, *(uint32_t *)room[0]);
		for (size_t at = ID_SIZE; at < ROOM; at++)
			ASSERT_EQ(0xee, room[0][at]) TH_LOG("more than the answer");
	}
	EXPECT_EQ(self->kept ? TIMES : 0, reclaims() - before);
}

TEST_F(answers, nor_do_many_pages_in_two_buffers)
{
	struct sev_fw_pdh_cert_export export;
	uint32_t before = reclaims(), fw;

	for (int i = 0; i < TIMES; i++) {
		ASSERT_EQ(0, export_all(&self->door, &export, &fw)) TH_LOG("status 0x%02x", fw);
		EXPECT_EQ(SEV_FW_CERT_SIZE, export.pdh_len);
		EXPECT_EQ(SEV_FW_CHAIN_SIZE, export.chain_len);
		EXPECT_EQ((uintptr_t)room[0], export.pdh_address);
		EXPECT_EQ(0xee, room[0][SEV_FW_CERT_SIZE]);
		EXPECT_EQ(0xee, room[1][SEV_FW_CHAIN_SIZE]);
		EXPECT_NE(0xee, room[1][SEV_FW_CHAIN_SIZE - 1] & room[1][0]);
	}
	EXPECT_EQ(self->kept ? TIMES : 0, reclaims() - before);
}

/* The pages are the firmware's after that, and are for the next command. */
TEST_F(answers, nor_does_a_command_that_is_refused)
{
	uint32_t before = reclaims(), fw;

	for (int i = 0; i < TIMES; i++) {
		EXPECT_EQ(-EIO, get_id(&self->door, 1, &fw));
		EXPECT_EQ(SEV_FW_STATUS_INVALID_LENGTH, fw);
		EXPECT_EQ(0xee, room[0][0]) TH_LOG("an answer to what was refused");
	}
	/* a block that is refused stays the firmware's, whichever that is */
	EXPECT_EQ(TIMES, reclaims() - before);
	EXPECT_EQ(0, get_id(&self->door, ROOM, &fw));
}

/* The firmware has written an answer, and says that it has not, by a status that nobody knows. */
TEST_F(answers, one_that_is_not_believed_spoils_no_later_one)
{
	struct fault garble = { .kind = SWPSP_FAULT_GARBLE, .count = 1 };
	struct sev_fw_pdh_cert_export export;
	uint32_t fw;

	for (int many = 0; many <= 1; many++) {
		garble.id = many ? SEV_FW_PDH_CERT_EXPORT : SEV_FW_GET_ID;
		ASSERT_EQ(0, fault_arm(&garble));
		EXPECT_EQ(-EIO, many ? export_all(&self->door, &export, &fw) :
				       get_id(&self->door, ROOM, &fw));
		EXPECT_EQ(1, fault_hits());
		ASSERT_EQ(0, fault_clear());
		EXPECT_EQ(0xee, room[0][0]) TH_LOG("an answer to what was refused");
		for (int i = 0; i < TIMES; i++) {
			memset(room, 0xee, sizeof(room));
			EXPECT_EQ(0, export_all(&self->door, &export, &fw));
			memset(room, 0xee, sizeof(room));
			EXPECT_EQ(0, get_id(&self->door, ROOM, &fw)) TH_LOG("status 0x%02x", fw);
		}
		memset(room, 0xee, sizeof(room));
	}
}

/* A whole launch, with a measurement that its owner checks: by blocks, and by KVM's structs. */
TEST_F(answers, a_launch_is_measured_as_ever)
{
	const struct launch_ops * const ways[] = { &launch_fw, &launch_legacy };
	struct launch launch, *l = &launch;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_EQ(0, launch_open(l, ways[i], 0));
		ASSERT_EQ(0, launch_steps(l, 0x10000, ~0u))
			TH_LOG("%s", launch_error(l, -EIO));
		launch_close(l);
	}
}

/* So has a measurement, and the page is that of the answers before. */
TEST_F(answers, nothing_of_an_earlier_answer_comes_along)
{
	struct sev_fw_launch_measure measure = { .address = (uintptr_t)room[1], .len = ROOM };
	struct sev_fw_pdh_cert_export export;
	struct launch launch;
	uint32_t fw;

	ASSERT_EQ(0, export_all(&self->door, &export, &fw));
	ASSERT_EQ(0, guest_started(&launch, false, ROOM));
	ASSERT_EQ(0, launch_issue(&launch, SEV_FW_LAUNCH_MEASURE, &measure, sizeof(measure)))
		TH_LOG("%s", launch_error(&launch, -EIO));
	EXPECT_EQ(ROOM, measure.len) TH_LOG("it does not tell how much it has written");
	for (size_t at = SEV_FW_MEASURE_SIZE; at < ROOM; at++)
		ASSERT_EQ(0, room[1][at]);
	launch_close(&launch);
}

/* A packet has the room's length, whatever the firmware writes of it. */
TEST_F(answers, nothing_of_an_earlier_packet_comes_along)
{
	static const uint32_t lens[] = { PAGE, SHORT };
	struct launch sender, target;
	struct migrate_target shown;
	struct migrate_session session;
	struct sev_fw_send_update_data block;

	ASSERT_EQ(0, guest_running(&sender, 0, false, ROOM));
	ASSERT_EQ(0, guest_new(&target, 0, false, ROOM));
	ASSERT_EQ(0, migrate_target(&target, NULL, &shown));
	ASSERT_EQ(0, migrate_send_start(&sender, &shown, &session));
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		block = (struct sev_fw_send_update_data){
			.hdr_address = (uintptr_t)room[0], .hdr_len = SEV_FW_HEADER_SIZE,
			.guest_address = (uintptr_t)sender.vm.memory, .guest_len = lens[i],
			.trans_address = (uintptr_t)room[1], .trans_len = PAGE,
		};
		ASSERT_EQ(0, launch_issue(&sender, SEV_FW_SEND_UPDATE_DATA, &block, sizeof(block)))
			TH_LOG("%s", launch_error(&sender, -EIO));
		for (size_t at = lens[i]; at < PAGE; at++)
			ASSERT_EQ(0, room[1][at]);
	}
	launch_close(&target);
	launch_close(&sender);
}

HOST_TESTS_MAIN
