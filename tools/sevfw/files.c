// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing. A file that is written appears whole or not at all, also if the
 * program is killed in the middle: it is written under another name first.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "files.h"

#define FILE_MAX	(256u << 20)
#define BASE64_MAX	(32u << 10)

struct blob blob_read(const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct blob blob = { NULL, 0 };
	size_t room = 0, got = 1;

	if (!file)
		fail(EXIT_NO, "%s: %s", path, strerror(errno));
	while (got) {
		if (room - blob.len < 2) {
			room = room ? 2 * room : 65536;
			blob.data = room <= FILE_MAX ? realloc(blob.data, room) : NULL;
			if (!blob.data)
				fail(EXIT_NO, "%s: larger than there is memory for", path);
		}
		got = fread(blob.data + blob.len, 1, room - blob.len - 1, file);
		blob.len += got;
	}
	if (ferror(file))
		fail(EXIT_NO, "%s: %s", path, strerror(errno));
	if (file != stdin)
		fclose(file);
	blob.data[blob.len] = 0;
	return blob;
}

/* Only a read fails where the file is a directory. */
int file_try(const char *path, void *data, size_t room, size_t *len)
{
	FILE *file = fopen(path, "re");
	int ret = 0;

	*len = 0;
	if (!file)
		return -errno;
	errno = 0;
	*len = fread(data, 1, room, file);
	if (*len == room && fgetc(file) != EOF)
		ret = -EFBIG;
	else if (ferror(file))
		ret = errno ? -errno : -EIO;
	fclose(file);
	if (ret)
		*len = 0;
	return ret;
}

int file_load(const char *path, void *data, size_t room, size_t *len)
{
	int ret = file_try(path, data, room, len);

	if (!ret && !*len)
		ret = -ENODATA;
	if (ret == -ENODATA)
		warn("%s: the file is empty", path);
	else if (ret == -EFBIG)
		warn("%s: the file has more than %zu bytes, for which there is room", path, room);
	else if (ret)
		warn("%s: %s", path, strerror(-ret));
	return ret;
}

void blob_free(struct blob *blob)
{
	if (blob->data)
		OPENSSL_cleanse(blob->data, blob->len);
	free(blob->data);
	*blob = (struct blob){ NULL, 0 };
}

/* Hexadecimal digits with white space between them. Return: number of bytes, 0 if it is not. */
static size_t hex_bytes(const char *text, uint8_t *out)
{
	size_t digits = 0;

	if (!strncmp(text, "0x", 2))
		text += 2;
	for (; *text; text++) {
		const char digit[] = { *text, '\0' };

		if (isspace((unsigned char)*text))
			continue;
		if (!isxdigit((unsigned char)*text))
			return 0;
		out[digits / 2] = digits % 2 ? out[digits / 2] << 4 : 0;
		out[digits / 2] |= strtoul(digit, NULL, 16);
		digits++;
	}
	return digits % 2 ? 0 : digits / 2;
}

/* base64, in lines or in one. Return: number of bytes, 0 if it is not. */
static size_t base64_bytes(const char *text, uint8_t *out)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	int len = 0, rest = 0;
	bool ok = ctx;

	if (ok) {
		EVP_DecodeInit(ctx);
		ok = EVP_DecodeUpdate(ctx, out, &len, (const uint8_t *)text,
				      (int)strlen(text)) >= 0 &&
		     EVP_DecodeFinal(ctx, out + len, &rest) == 1;
	}
	EVP_ENCODE_CTX_free(ctx);
	return ok ? (size_t)(len + rest) : 0;
}

bool blob_try(const char *text, size_t len, struct blob *blob)
{
	size_t chars = strlen(text);

	blob->data = chars <= FILE_MAX ? calloc(1, chars + 4) : NULL;
	if (!blob->data)
		fail(EXIT_NO, "out of memory");
	blob->len = hex_bytes(text, blob->data);
	if (!blob->len || (len && blob->len != len))
		blob->len = base64_bytes(text, blob->data);
	if (blob->len && (!len || blob->len == len))
		return true;
	blob_free(blob);
	return false;
}

struct blob blob_text(const char *what, const char *text, size_t len)
{
	struct blob blob;

	if (blob_try(text, len, &blob))
		return blob;
	if (len)
		fail(EXIT_USAGE, "%s: needs %zu bytes, as hexadecimal digits or base64, or @FILE",
		     what, len);
	fail(EXIT_USAGE, "%s: neither hexadecimal digits nor base64; a file is given as "
		"@FILE", what);
}

struct blob blob_given(const char *what, const char *text, size_t len)
{
	struct blob blob, decoded;

	if (*text != '@')
		return blob_text(what, text, len);
	blob = blob_read(text + 1);
	if (!len || blob.len == len)
		return blob;
	if (!blob_try((char *)blob.data, len, &decoded))
		fail(EXIT_USAGE, "%s: %s has %zu bytes, must have %zu, or so many as hexadecimal "
			"digits or base64",
		     what, text + 1, blob.len, len);
	blob_free(&blob);
	return decoded;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		data += done;
		len -= done;
	}
	return true;
}

/* A device or a pipe is written to: a file in its place would break other programs. */
static void write_special(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || !write_all(fd, data, len))
		error = errno;
	if (fd >= 0 && close(fd) && !error)
		error = errno;
	if (!error)
		return;
	errno = error;
	fail_to_save(path);
}

/* Return: 0 or an errno; the file is there as a whole then, or not at all. */
static int write_new(const char *path, const void *data, size_t len, bool secret)
{
	char new[4096];
	int fd, error;

	snprintf(new, sizeof(new), "%s.%ld.new", path, (long)getpid());
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0666);
	if (fd < 0)
		return errno;
	error = write_all(fd, data, len) ? 0 : errno;
	if (close(fd) && !error)
		error = errno;
	if (!error && rename(new, path))
		error = errno;
	if (error)
		unlink(new);
	return error;
}

/* Ctrl-C, a shell that goes away, a limit for files: none of them leaves half a file. */
void blob_write(const char *path, const void *data, size_t len, bool secret)
{
	sigset_t end, before;
	struct stat st;
	int error;

	if (!strcmp(path, "-")) {
		if (fwrite(data, 1, len, stdout) != len || fflush(stdout))
			fail_to_save(NULL);
		return;
	}
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		write_special(path, data, len);
		return;
	}
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGHUP);
	sigprocmask(SIG_BLOCK, &end, &before);
	signal(SIGXFSZ, SIG_IGN);
	error = write_new(path, data, len, secret);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!error)
		return;
	errno = error;
	fail_to_save(path);
}

const char *blob_join(const char *dir, const char *name)
{
	static char path[2][4096];
	static int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

const char *base64(const void *data, size_t len)
{
	static char text[BASE64_MAX / 3 * 4 + 8];

	if (len > BASE64_MAX)
		fail(EXIT_NO, "%zu bytes are too many for base64", len);
	EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return text;
}
