// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware images that the administrator has put beside the kernel's others: the
 * best match for this CPU is loaded before the platform is initialised.
 */
#include <linux/crash_dump.h>
#include <linux/device.h>
#include <linux/firmware.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <asm/processor.h>

#include "addr.h"
#include "psp.h"

/* Older ones take two steps to a new one. */
#define API_ONE_STEP	PSP_API(1, 50)

MODULE_FIRMWARE("amd/sev.fw");

/* From the most to the least specific name. */
static const struct firmware *find_image(struct device *dev)
{
	static const char * const names[] = {
		"amd/amd_sev_fam%.2xh_model%.2xh.sbin",
		"amd/amd_sev_fam%.2xh_model%.1xxh.sbin",
		"amd/sev.fw",
	};
	const unsigned int model[] = {
		boot_cpu_data.x86_model, boot_cpu_data.x86_model >> 4, 0,
	};
	const struct firmware *image;
	char name[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(name, sizeof(name), names[i], boot_cpu_data.x86, model[i]);
		if (!firmware_request_nowarn(&image, name, dev))
			return image;
	}
	return NULL;
}

static int download(struct psp *psp, const struct firmware *image)
{
	struct psp_call call = { .row = psp_row_find(SEV_FW_DOWNLOAD_FIRMWARE) };
	size_t size = PAGE_ALIGN(image->size);
	void *copy;
	int ret;

	if (!image->size || image->size > call.row->buf[0].max)
		return -EINVAL;
	copy = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, image->data, image->size);

	psp_fw_put_addr(&call.fw, call.row->buf[0].addr, psp_addr_virt(copy));
	psp_fw_put32(&call.fw, call.row->buf[0].len, image->size);
	ret = psp_submit(psp, &call);
	if (call.stuck)
		psp_quarantine_pages(size >> PAGE_SHIFT);
	else
		free_pages_exact(copy, size);
	if (ret && call.status != SEV_FW_NO_CALL)
		pci_err(psp->pdev, "firmware image was refused: %s (0x%02x)\n",
			psp_status_name(call.status), call.status);
	return ret;
}

/**
 * psp_load_firmware() - load an image, if there is one for this CPU
 * @psp: PSP that is not initialised
 *
 * An image that firmware refuses is no reason not to go on with what it has. A crash
 * kernel loads none: that needs a SHUTDOWN, see may_only_read() in submit.c.
 *
 * Context: process context, sleeps.
 */
void psp_load_firmware(struct psp *psp)
{
	const struct firmware *image;
	u16 api = psp->api;

	if (is_kdump_kernel() || api < psp_row_find(SEV_FW_DOWNLOAD_FIRMWARE)->since)
		return;
	image = find_image(&psp->pdev->dev);
	if (!image)
		return;
	if (!download(psp, image) && api < API_ONE_STEP)
		download(psp, image);
	release_firmware(image);
}
