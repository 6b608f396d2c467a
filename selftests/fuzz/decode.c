// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile files for sevfw: what it decodes and verifies. The first byte of an input chooses a
 * command line; the rest is the file. sevfw's own main() is in this program under another name,
 * and its exit() comes back to fuzz_one(); what sevfw keeps until then is lost memory.
 */
#include <setjmp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define WORDS_MAX	8
#define HERE		"/proc/self/fd/%d"

int sevfw_main(int argc, char **argv);
void sevfw_exit(int status) __attribute__((noreturn));

static jmp_buf back;

void sevfw_exit(int status)
{
	(void)status;
	longjmp(back, 1);
}

static const char *const lines[][WORDS_MAX] = {
	{ "decode", "@" },
	{ "decode", "--json", "@" },
	{ "decode", "--command=LAUNCH_START", "@" },
	{ "decode", "--command=SNP_LAUNCH_UPDATE", "--json", "@" },
	{ "decode", "--command=SEND_UPDATE_DATA", "@" },
	{ "verify", "report", "@", "--leaf=@", "--chain=@" },
	{ "measure", "@", "--mode=snp", "--vcpus=2" },
	{ "measure", "@", "--mode=es", "--vcpus=2", "--kernel=@", "--append=quiet" },
	{ "measure", "@", "--mode=snp", "--vcpus=1", "--vmm=gce" },
	{ "explain", "#" },
	{ "verify", "measurement", "#", "--owner=/", "--firmware-version=1.55.21", "--digest=00" },
	{ "decode", "--command=PLATFORM_STATUS", "#" },
};

#define LINES	(sizeof(lines) / sizeof(lines[0]))

void fuzz_ready(unsigned int worlds)
{
	(void)worlds;
}

/* "@" is the file, "#" its bytes as a word */
static char *word_of(const char *word, const char *file, const uint8_t *data, size_t size)
{
	const char *mark = strchr(word, '@');
	char *out = NULL;

	if (*word == '#')
		out = strndup((const char *)data, size);
	else if (!mark)
		out = strdup(word);
	else if (asprintf(&out, "%.*s%s", (int)(mark - word), word, file) < 0)
		out = NULL;
	insist(out, "memory");
	return out;
}

static void run(int argc, char **argv)
{
	fuzz_silence();
	if (!setjmp(back))
		sevfw_main(argc, argv);
	fflush(NULL);
}

void fuzz_one(unsigned int world, const uint8_t *data, size_t size)
{
	const char *const *line = lines[size ? *data % LINES : 0];
	int fd = memfd_create("file", 0), argc = 1;
	char *words[WORDS_MAX + 2] = { strdup("sevfw") }, *argv[WORDS_MAX + 2], file[32];

	(void)world;
	if (size) {
		data++;
		size--;
	}
	insist(fd >= 0 && write(fd, data, size) == (ssize_t)size, "a file");
	snprintf(file, sizeof(file), HERE, fd);
	for (int i = 0; i < WORDS_MAX && line[i]; i++)
		words[argc++] = word_of(line[i], file, data, size);
	memcpy(argv, words, sizeof(argv));	/* which sevfw sorts */
	run(argc, argv);
	close(fd);
	for (int i = 0; words[i]; i++)
		free(words[i]);
}
