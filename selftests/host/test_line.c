// SPDX-License-Identifier: GPL-2.0
/*
 * The directory by which a host and the owner of its SNP guest talk, as the host reads it: the
 * owner's answer is taken when it is whole, and is the answer to this guest's report.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/snp_seal.h>

#include "kselftest_harness.h"
#include "tools/vmm/line.h"

#define PART		100		/* more than a sealed secret has at least */
#define WHOLE		300
#define ROOM		1000
#define PAUSE_US	20000

/* The tool ends by these; here nothing gets so far. */
void fail(int status, const char *format, ...);
void fail_to_save(const char *path);
void warn(const char *format, ...);

void fail(int status, const char *format, ...)
{
	fprintf(stderr, "%d: %s\n", status, format);
	abort();
}

void fail_to_save(const char *path)
{
	fail(1, path);
}

static char warned[256];

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warned, sizeof(warned), format, args);
	va_end(args);
}

FIXTURE(line) {
	char dir[64];
	uint8_t sealed[ROOM];
	size_t len;
};

FIXTURE_SETUP(line)
{
	strcpy(self->dir, "/tmp/test_line.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	self->len = 0;
}

FIXTURE_TEARDOWN(line)
{
	static const char * const names[] = { "sealed.bin", "refused", "nonce.bin" };
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", self->dir, names[i]);
		unlink(path);
	}
	EXPECT_EQ(0, rmdir(self->dir));
}

static int put(const char *dir, const char *name, size_t len)
{
	char path[128], bytes[ROOM];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	memset(bytes, 0x5e, sizeof(bytes));
	done = write(fd, bytes, len);
	close(fd);
	return done == (ssize_t)len ? 0 : -1;
}

static bool never(void)
{
	return false;
}

/* As a shell does it, whose program takes a while; then by a slow copy */
static void *write_slowly(void *dir)
{
	static const size_t parts[] = { 0, SNP_SEAL_BYTES, PART - SNP_SEAL_BYTES, WHOLE - PART };

	for (size_t i = 0; i < 4; i++) {
		usleep(PAUSE_US);
		if (put(dir, "sealed.bin", parts[i]))
			abort();
	}
	return NULL;
}

TEST_F(line, an_answer_that_grows_is_waited_for)
{
	pthread_t thread;

	ASSERT_EQ(0, put(self->dir, "sealed.bin", 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_slowly, self->dir));
	EXPECT_EQ(0, line_receive_sealed(self->dir, self->sealed, ROOM, &self->len, never));
	EXPECT_EQ(WHOLE, self->len);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

/* Begins with half of it, which is more than the least, and is there at the first look */
static void *write_the_rest(void *dir)
{
	usleep(PAUSE_US);
	if (put(dir, "sealed.bin", WHOLE - PART))
		abort();
	return NULL;
}

TEST_F(line, half_an_answer_is_none)
{
	pthread_t thread;

	ASSERT_EQ(0, put(self->dir, "sealed.bin", PART));
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_the_rest, self->dir));
	EXPECT_EQ(0, line_receive_sealed(self->dir, self->sealed, ROOM, &self->len, never));
	EXPECT_EQ(WHOLE, self->len);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_F(line, answers_to_an_earlier_report_go_with_a_new_nonce)
{
	uint8_t nonce[SNP_NONCE_BYTES];

	ASSERT_EQ(0, put(self->dir, "sealed.bin", WHOLE));
	ASSERT_EQ(0, put(self->dir, "refused", 1));
	ASSERT_EQ(0, put(self->dir, "nonce.bin", sizeof(nonce)));
	EXPECT_EQ(0, line_receive_nonce(self->dir, nonce, sizeof(nonce)));
	EXPECT_EQ(0x5e, nonce[SNP_NONCE_BYTES - 1]);
	ASSERT_EQ(0, put(self->dir, "sealed.bin", PART));
	EXPECT_EQ(0, line_receive_sealed(self->dir, self->sealed, ROOM, &self->len, never));
	EXPECT_EQ(PART, self->len) TH_LOG("the earlier answer is still there");
}

TEST_F(line, a_nonce_is_neither_short_nor_long)
{
	uint8_t nonce[SNP_NONCE_BYTES];

	EXPECT_EQ(-ENOENT, line_receive_nonce(self->dir, nonce, sizeof(nonce)));
	EXPECT_NE(NULL, strstr(warned, "nonce.bin: No such file"));
	ASSERT_EQ(0, put(self->dir, "nonce.bin", sizeof(nonce) - 1));
	EXPECT_EQ(-EINVAL, line_receive_nonce(self->dir, nonce, sizeof(nonce)));
	EXPECT_NE(NULL, strstr(warned, "nonce.bin: the nonce has 63 bytes, and not 64"));
	ASSERT_EQ(0, put(self->dir, "nonce.bin", 1));
	EXPECT_EQ(0, line_receive_nonce(self->dir, nonce, sizeof(nonce)));
	ASSERT_EQ(0, put(self->dir, "nonce.bin", 1));
	EXPECT_EQ(-EFBIG, line_receive_nonce(self->dir, nonce, sizeof(nonce)));
	EXPECT_NE(NULL, strstr(warned, "nonce.bin: the file has more than 64 bytes"));
}

TEST_F(line, an_answer_that_is_too_long_is_refused)
{
	ASSERT_EQ(0, put(self->dir, "sealed.bin", ROOM));
	ASSERT_EQ(0, put(self->dir, "sealed.bin", 1));
	EXPECT_EQ(-EMSGSIZE, line_receive_sealed(self->dir, self->sealed, ROOM, &self->len, never));
}

TEST_F(line, the_owner_may_refuse)
{
	ASSERT_EQ(0, put(self->dir, "sealed.bin", 0));
	ASSERT_EQ(0, put(self->dir, "refused", 1));
	EXPECT_EQ(-EKEYREJECTED,
		  line_receive_sealed(self->dir, self->sealed, ROOM, &self->len, never));
}

static int questions;

static bool after_a_while(void)
{
	return ++questions > 2;
}

/* The wait itself is of five minutes. */
TEST_F(line, an_answer_is_waited_for_only_while_there_is_a_guest)
{
	questions = 0;
	EXPECT_EQ(-ETIME, line_receive_sealed(self->dir, self->sealed, ROOM, &self->len,
					      after_a_while));
	EXPECT_EQ(3, questions);
}

TEST_HARNESS_MAIN
