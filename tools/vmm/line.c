// SPDX-License-Identifier: GPL-2.0
/* The files by which an SNP guest's owner, who is elsewhere, and the host talk; see line.h. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/snp_seal.h>

#include "../sevfw/files.h"
#include "line.h"

#define POLL_MS		100
#define PATIENCE_MS	300000

/* Return: the length, or a negative errno. */
static ssize_t read_file(const char *path, uint8_t *data, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	if (!f)
		return -errno;
	len = fread(data, 1, room, f);
	fclose(f);
	return (ssize_t)len;
}

int line_receive_nonce(const char *dir, uint8_t *nonce, size_t len)
{
	ssize_t got;

	/* answers to an earlier guest's report */
	unlink(blob_join(dir, "sealed.bin"));
	unlink(blob_join(dir, "refused"));
	got = read_file(blob_join(dir, "nonce.bin"), nonce, len);

	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : -EMSGSIZE;
}

int line_receive_sealed(const char *dir, uint8_t *sealed, size_t room, size_t *len)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	ssize_t got, before = 0;

	for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (!access(blob_join(dir, "refused"), F_OK))
			return -EKEYREJECTED;
		got = read_file(blob_join(dir, "sealed.bin"), sealed, room);
		if (got == (ssize_t)room)
			return -EMSGSIZE;
		/*
		 * A shell makes the file before "sevfw seal" has anything to write, and a file
		 * that is being copied here grows.
		 */
		if (got > SNP_SEAL_BYTES && got == before) {
			*len = (size_t)got;
			return 0;
		}
		before = got;
		if (got < 0 && got != -ENOENT)
			return (int)got;
		nanosleep(&pause, NULL);
	}
	return -ETIME;
}

void line_send(const char *dir, const char *name, const void *data, size_t len)
{
	blob_write(blob_join(dir, name), data, len, false);
}
