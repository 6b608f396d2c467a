// SPDX-License-Identifier: GPL-2.0
/* The files by which an SNP guest's owner, who is elsewhere, and the host talk; see line.h. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/snp_seal.h>

#include "../sevfw/files.h"
#include "../sevfw/tool.h"
#include "line.h"

#define POLL_MS		100
#define PATIENCE_MS	300000

int line_receive_nonce(const char *dir, uint8_t *nonce, size_t len)
{
	const char *path;
	size_t got;
	int ret;

	/* answers to an earlier guest's report */
	unlink(blob_join(dir, "sealed.bin"));
	unlink(blob_join(dir, "refused"));
	path = blob_join(dir, "nonce.bin");
	ret = file_load(path, nonce, len, &got);
	if (!ret && got < len) {
		warn("%s: the nonce has %zu bytes, and not %zu", path, got, len);
		ret = -EINVAL;
	}
	return ret;
}

int line_receive_sealed(const char *dir, uint8_t *sealed, size_t room, size_t *len,
			bool (*over)(void))
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	size_t got, before = 0;
	int ret;

	for (int waited = 0; waited < PATIENCE_MS && !over(); waited += POLL_MS) {
		if (!access(blob_join(dir, "refused"), F_OK))
			return -EKEYREJECTED;
		ret = file_try(blob_join(dir, "sealed.bin"), sealed, room, &got);
		if (ret == -EFBIG)
			return -EMSGSIZE;
		if (ret && ret != -ENOENT)
			return ret;
		/*
		 * A shell makes the file before "sevfw seal" has anything to write, and a file
		 * that is being copied here grows.
		 */
		if (got > SNP_SEAL_BYTES && got == before) {
			*len = got;
			return 0;
		}
		before = got;
		nanosleep(&pause, NULL);
	}
	return -ETIME;
}

void line_send(const char *dir, const char *name, const void *data, size_t len)
{
	blob_write(blob_join(dir, name), data, len, false);
}
