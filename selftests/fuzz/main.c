// SPDX-License-Identifier: GPL-2.0
/*
 * The program around a target. Without arguments it eats standard input, or inputs that AFL++ has
 * put into memory that they share, one for each of the target's worlds. With names of files it
 * replays these, each in a process of its own, and names those that it died of. A file that ends
 * in .hex has an input in each line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "fuzz.h"

#define FILE_BYTES_MAX	(4u << 20)

static int report_fd = STDERR_FILENO;

/* Memory that is still held at exit goes with the process. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "abort_on_error=1:detect_leaks=0:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

void fuzz_dies(const char *what)
{
	dprintf(report_fd, "does not hold: %s\n", what);
	abort();
}

void fuzz_silence(void)
{
	int null;

	if (report_fd != STDERR_FILENO)
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	report_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	__sanitizer_set_report_fd((void *)(intptr_t)report_fd);
	insist(null >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0,
	       "/dev/null");
	close(null);
}

/* ---- inputs ---- */

/* Exactly as large as it is, so that the sanitizer sees a step beyond its end. */
struct content {
	uint8_t *data;
	size_t size;
};

static struct content cut(const uint8_t *data, size_t size)
{
	struct content c = { malloc(size ? size : 1), size };

	insist(c.data, "memory");
	memcpy(c.data, data, size);
	return c;
}

static struct content read_all(FILE *file)
{
	static uint8_t room[FILE_BYTES_MAX];

	return cut(room, fread(room, 1, sizeof(room), file));
}

/* The file is closed again before there is a second process, which could move its offset. */
static struct content read_file(const char *name)
{
	FILE *file = fopen(name, "re");
	struct content c;

	if (!file) {
		perror(name);
		exit(2);
	}
	c = read_all(file);
	fclose(file);
	return c;
}

static int digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next line of a .hex file. Return: false at its end. */
static bool next_line(const struct content *file, size_t *at, struct content *c)
{
	static uint8_t room[FILE_BYTES_MAX];
	size_t size = 0;

	for (; *at + 1 < file->size; *at += 2) {
		int high = digit(file->data[*at]), low = digit(file->data[*at + 1]);

		if (high < 0 || low < 0)
			break;
		room[size++] = (uint8_t)(high << 4 | low);
	}
	insist(*at == file->size || file->data[*at] == '\n', "a line of hexadecimal digits");
	++*at;
	if (size)
		*c = cut(room, size);
	return size;
}

/* ---- replaying ---- */

static unsigned int inputs, deadly;

static void replay(const char *name, unsigned int line, struct content c)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (!child) {
		alarm(60);
		fuzz_one(0, c.data, c.size);
		_exit(0);
	}
	free(c.data);
	insist(child > 0 && waitpid(child, &status, 0) == child, "a process");
	inputs++;
	if (!WIFSIGNALED(status))
		return;
	deadly++;
	printf("%s, input %u: signal %d\n", name, line, WTERMSIG(status));
}

static void replay_file(const char *name)
{
	const char *end = strrchr(name, '.');
	struct content file = read_file(name), c;
	size_t at = 0;

	if (!end || strcmp(end, ".hex")) {
		replay(name, 1, file);
		return;
	}
	for (unsigned int line = 1; next_line(&file, &at, &c); line++)
		replay(name, line, c);
	free(file.data);
}

/* ---- corpora ---- */

static void pack(const char *name)
{
	struct content c = read_file(name);

	for (size_t i = 0; i < c.size; i++)
		printf("%02x", c.data[i]);
	if (c.size)
		putchar('\n');
	free(c.data);
}

static int unpack(const char *dir, const char *name)
{
	struct content file = read_file(name), c;
	char path[4096];
	size_t at = 0;
	FILE *out;

	for (unsigned int line = 1; next_line(&file, &at, &c); line++) {
		snprintf(path, sizeof(path), "%s/%u", dir, line);
		out = fopen(path, "we");
		if (!out || fwrite(c.data, 1, c.size, out) != c.size || fclose(out))
			return 2;
		free(c.data);
	}
	free(file.data);
	return 0;
}

/* ---- AFL++ ---- */

#ifdef __AFL_LOOP
__AFL_FUZZ_INIT();

static void eat(void)
{
	const uint8_t *data;

	__AFL_INIT();
	data = __AFL_FUZZ_TESTCASE_BUF;
	for (unsigned int world = 0; __AFL_LOOP(FUZZ_WORLDS); world++) {
		struct content c = cut(data, __AFL_FUZZ_TESTCASE_LEN);

		fuzz_one(world, c.data, c.size);
		free(c.data);
	}
}
#else
static void eat(void)
{
	struct content c = read_all(stdin);

	fuzz_one(0, c.data, c.size);
}
#endif

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--pack")) {
		for (int i = 2; i < argc; i++)
			pack(argv[i]);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "--unpack"))
		return unpack(argv[2], argv[3]);
	fuzz_ready(argc < 2 ? FUZZ_WORLDS : 1);
	if (argc < 2) {
		eat();
		_exit(0);
	}
	for (int i = 1; i < argc; i++)
		replay_file(argv[i]);
	printf("%u inputs, %u of them deadly\n", inputs, deadly);
	return deadly || !inputs;
}
