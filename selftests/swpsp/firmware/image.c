// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware images: what the boot loader does with one. The code in there is not run, of course.
 *
 * An image is a header of 0x100 bytes, the body, and a signature of 0x200 bytes. The
 * header is as far as it is public; what is not listed is 0, and covered all the same:
 *
 *	0x10	 4	"$PS1"
 *	0x14	 4	size of the body in bytes
 *	0x30	 4	1: signed
 *	0x38	16	id of the key that has signed it
 *	0x4c	 4	security level
 *	0x60	 4	version: build, API minor, API major, 0
 *
 * The signature is RSA-PSS with SHA-384 by the simulated vendor's ARK, over header and
 * body. Images of another vendor name another key, and are refused before the vendor's
 * keys, which may have to be made first, are needed.
 */
#include <stdlib.h>

#include "internal.h"

#define IMAGE_MAGIC		0x10
#define IMAGE_BODY_SIZE		0x14
#define IMAGE_SIGNED		0x30
#define IMAGE_KEY_ID		0x38
#define IMAGE_SECURITY_LEVEL	0x4c
#define IMAGE_VERSION		0x60
#define IMAGE_HEADER		0x100

static const uint8_t magic[4] = { '$', 'P', 'S', '1' };

/* The length is the header's word for it, since nothing else says where to look. */
static uint16_t check_signature(struct swpsp *p, const uint8_t *image, uint32_t len)
{
	uint32_t covered = len - RSA_BYTES;

	if (memcmp(image + IMAGE_MAGIC, magic, sizeof(magic)) ||
	    get32(image + IMAGE_SIGNED) != 1 || !vendor_is_root(image + IMAGE_KEY_ID))
		return SWPSP_BAD_SIGNATURE;
	if (len < SWPSP_IMAGE_MIN ||
	    get32(image + IMAGE_BODY_SIZE) != covered - IMAGE_HEADER)
		return SWPSP_INVALID_LENGTH;
	return vendor_verify(p, image, covered, image + covered);
}

static uint16_t check_image(struct swpsp *p, const uint8_t *copy, uint32_t len,
			    struct image *image)
{
	uint16_t status = SWPSP_SUCCESS;

	if (!p->config.any_image)
		status = check_signature(p, copy, len);
	if (status)
		return status;
	image->version = get32(copy + IMAGE_VERSION);
	image->security_level = get32(copy + IMAGE_SECURITY_LEVEL);
	if (!image->version || image->version == UINT32_MAX)
		return SWPSP_INVALID_PARAM;	/* no firmware of this kind, signed or not */
	return SWPSP_SUCCESS;
}

/* All is read once: what has been verified is what counts, whatever the host does. */
uint16_t image_read(struct swpsp *p, uint64_t addr, uint32_t len, struct image *image)
{
	uint16_t status;
	uint8_t *copy;

	if (addr % 32)
		return SWPSP_INVALID_ADDRESS;
	status = mem_range(p, addr, IMAGE_HEADER);
	if (status)
		return status;
	if (len < IMAGE_HEADER || len > SWPSP_IMAGE_MAX)
		return SWPSP_INVALID_LENGTH;
	copy = malloc(len);
	if (!copy)
		return SWPSP_RESOURCE_LIMIT;
	status = mem_read(p, addr, copy, len);
	if (!status)
		status = check_image(p, copy, len, image);
	free(copy);
	return status;
}

int swpsp_sign_image(struct swpsp *p, void *image, size_t size, uint32_t version,
		     uint32_t security_level)
{
	uint8_t *header = image;
	size_t covered = size - RSA_BYTES;

	if (size < SWPSP_IMAGE_MIN || size > SWPSP_IMAGE_MAX)
		return -1;
	memset(header, 0, IMAGE_HEADER);
	memcpy(header + IMAGE_MAGIC, magic, sizeof(magic));
	put32(header + IMAGE_BODY_SIZE, (uint32_t)(covered - IMAGE_HEADER));
	put32(header + IMAGE_SIGNED, 1);
	vendor_put_root(header + IMAGE_KEY_ID);
	put32(header + IMAGE_SECURITY_LEVEL, security_level);
	put32(header + IMAGE_VERSION, version);
	return vendor_sign(p, header, covered, header + covered) ? 0 : -1;
}
