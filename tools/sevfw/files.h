/* SPDX-License-Identifier: GPL-2.0 */
/* Whole files. A function that cannot do it ends the program, with the reason; file_*() do not. */
#ifndef SEVFW_FILES_H
#define SEVFW_FILES_H

#include "tool.h"

struct blob {
	uint8_t *data;
	size_t len;
};

/** blob_read() - a file, "-" for standard input; to be freed. An extra 0 follows @data */
struct blob blob_read(const char *path);

/**
 * file_try() - a file into memory that is there
 * @path: file
 * @data: receives the content
 * @room: bytes that the file may have
 * @len: receives how many it has; 0 if that fails
 *
 * Return: 0, also if the file is empty; -EFBIG: it has more than @room; another negative errno.
 */
int file_try(const char *path, void *data, size_t room, size_t *len);

/** file_load() - as file_try(), and says why a file cannot be had; an empty one is -ENODATA */
int file_load(const char *path, void *data, size_t room, size_t *len);

/** blob_free() - of blob_read() */
void blob_free(struct blob *blob);

/**
 * blob_try() - text as bytes, if that is what it is
 * @text: hexadecimal digits or base64
 * @len: number of bytes that there must be, 0 for any
 * @blob: receives them
 */
bool blob_try(const char *text, size_t len, struct blob *blob);

/**
 * blob_text() - hexadecimal or base64 text as bytes
 * @what: for the message
 * @text: an even number of hexadecimal digits, white space between them; or base64
 * @len: number of bytes that there must be, 0 for any
 */
struct blob blob_text(const char *what, const char *text, size_t len);

/**
 * blob_given() - bytes that a user gives
 * @what: for the message
 * @text: "@FILE" for the content of FILE, otherwise what blob_text() takes
 * @len: number of bytes that there must be, 0 for any
 *
 * A file may have the bytes as they are, or in hexadecimal, or in base64, if @len tells.
 */
struct blob blob_given(const char *what, const char *text, size_t len);

/**
 * blob_write() - a new file with that content, or none
 * @path: file; "-" for standard output
 * @secret: only its owner may read it
 *
 * The file appears under its name when it is complete, so that no reader sees a half.
 */
void blob_write(const char *path, const void *data, size_t len, bool secret);

/** blob_join() - @dir, a slash and @name, in one of two static buffers */
const char *blob_join(const char *dir, const char *name);

/** base64() - bytes as base64, in a static buffer; @len up to 32 KiB */
const char *base64(const void *data, size_t len);

#endif /* SEVFW_FILES_H */
