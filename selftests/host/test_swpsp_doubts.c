// SPDX-License-Identifier: GPL-2.0
/*
 * The table of doubts of SNP: what the code marks is explained there, and what is
 * explained there is marked in the code.
 */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#define IDS_MAX		256
#define ID_MAX		48

struct ids {
	char id[IDS_MAX][ID_MAX];
	int count;
};

static bool has(const struct ids *ids, const char *id)
{
	for (int i = 0; i < ids->count; i++)
		if (!strcmp(ids->id[i], id))
			return true;
	return false;
}

static void add(struct ids *ids, const char *id, size_t len)
{
	char text[ID_MAX] = "";

	if (len >= ID_MAX || ids->count == IDS_MAX)
		abort();
	memcpy(text, id, len);
	if (!has(ids, text))
		strcpy(ids->id[ids->count++], text);
}

/* "[D-NAME]" in a line of code, as often as it occurs. */
static void marks_in_line(struct ids *ids, const char *line)
{
	for (const char *at = line; (at = strstr(at, "[D-")); at++) {
		size_t len = strcspn(at + 1, "]");

		if (at[1 + len] == ']' && !strncmp(at + 1, "D-NAME", len))
			continue;		/* an explanation of the marks */
		if (at[1 + len] == ']' && strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
		    == len)
			add(ids, at + 1, len);
	}
}

static int marks_in_files(struct ids *ids, const char *pattern)
{
	char line[1024];
	glob_t files;
	int count = 0;

	if (glob(pattern, 0, NULL, &files))
		return 0;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *f = fopen(files.gl_pathv[i], "r");

		if (!f)
			continue;
		while (fgets(line, sizeof(line), f))
			marks_in_line(ids, line);
		fclose(f);
		count++;
	}
	globfree(&files);
	return count;
}

/* The ids of the table; *@bad: lines that do not have four fields, or an id twice. */
static void table_read(struct ids *ids, int *bad)
{
	FILE *f = fopen(FIRMWARE_DIR "/snp/doubts.txt", "r");
	char line[2048];

	while (f && fgets(line, sizeof(line), f)) {
		int fields = 1;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		for (const char *c = line; *c; c++)
			fields += *c == ';';
		line[strcspn(line, ";")] = 0;
		if (fields < 4 || strncmp(line, "D-", 2) || has(ids, line)) {
			printf("# doubts.txt: %s\n", line);
			(*bad)++;
			continue;
		}
		add(ids, line, strlen(line));
	}
	if (f)
		fclose(f);
}

static struct ids marked, explained;

TEST(every_doubt_in_the_code_is_explained_and_the_reverse)
{
	int bad = 0;

	EXPECT_LT(1, marks_in_files(&marked, FIRMWARE_DIR "/snp/*.[ch]"));
	EXPECT_LT(1, marks_in_files(&marked, FIRMWARE_DIR "/*.[ch]"));
	table_read(&explained, &bad);
	EXPECT_EQ(0, bad);
	EXPECT_LT(5, marked.count);
	for (int i = 0; i < marked.count; i++) {
		EXPECT_TRUE(has(&explained, marked.id[i]))
			TH_LOG("%s is not in doubts.txt", marked.id[i]);
	}
	for (int i = 0; i < explained.count; i++) {
		EXPECT_TRUE(has(&marked, explained.id[i]))
			TH_LOG("%s is not in the code", explained.id[i]);
	}
}

/*
 * No vector, public tool or stock driver moves or swaps a page, has metadata, unsmashes, sets
 * a state, activates on some threads or is an agent: what was decided there was never compared
 * with anything, and each line says so.
 */
TEST(doubts_that_nothing_public_exercises_say_so)
{
	static const char * const unused[] = {
		"PAGE_MOVE", "SWAP_OUT", "SWAP_IN", "MD_INIT", "UNSMASH", "SET_STATE",
		"EXPORT_REQ", "IMPORT_REQ", "ABSORB", "VMRK_REQ", "ACTIVATE_EX",
	};
	FILE *f = fopen(FIRMWARE_DIR "/snp/doubts.txt", "r");
	char line[2048], about[128];
	uint32_t lines = 0;

	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f)) {
		bool of_those = false;

		if (sscanf(line, "D-%*[^;]; %127[^;];", about) != 1)
			continue;
		for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
			of_those = of_those || strstr(about, unused[i]);
		if (!of_those)
			continue;
		lines++;
		EXPECT_NE(NULL, strstr(line, "No public user")) TH_LOG("%s", line);
	}
	fclose(f);
	EXPECT_LT(12, lines);
}

TEST_HARNESS_MAIN
