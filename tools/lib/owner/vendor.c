// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the vendor's files about a platform.
 */
#include <errno.h>
#include <stdio.h>

#include <sevfw/vendor.h>

static long read_file(const char *dir, const char *name, void *data, size_t room)
{
	char path[4096];
	FILE *file;
	long len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	len = fread(data, 1, room, file);
	fclose(file);
	return len;
}

int vendor_read(struct vendor_files *files, const char *dir)
{
	long len = read_file(dir, "cek.cert", &files->cek, sizeof(files->cek));

	if (len != sizeof(files->cek))
		return len < 0 ? len : -EINVAL;
	len = read_file(dir, "ask_ark.cert", files->ca, sizeof(files->ca));
	if (len <= 0)
		return len ? len : -EINVAL;
	files->ca_len = len;
	return 0;
}

struct sev_vendor vendor_of(const struct vendor_files *files)
{
	return (struct sev_vendor){ &files->cek, files->ca, files->ca_len };
}
