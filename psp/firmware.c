// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware images that the administrator has put beside the kernel's others: the
 * best match for this CPU is loaded before the platform is initialised. Each image that
 * is there leaves one line in the log, be it loaded or not; names that are only tried
 * leave none.
 */
#include <linux/crash_dump.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/firmware.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/path.h>
#include <linux/pci.h>
#include <linux/processor.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "addr.h"
#include "psp.h"

/* API versions before this one must be updated twice. */
#define API_ONE_STEP	PSP_API(1, 50)

#define NAME_SIZE	48

/*
 * An initramfs carries what is named here. The names that are tried follow from family
 * and model; these are the ones of processors with SEV: Naples, Rome, Milan, Genoa,
 * Bergamo and Siena, Turin and Turin Dense.
 */
MODULE_FIRMWARE("amd/amd_sev_fam17h_model01h.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam17h_model0xh.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam17h_model31h.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam17h_model3xh.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam19h_model01h.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam19h_model0xh.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam19h_model11h.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam19h_model1xh.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam19h_modela0h.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam19h_modelaxh.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam1ah_model02h.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam1ah_model0xh.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam1ah_model11h.sbin");
MODULE_FIRMWARE("amd/amd_sev_fam1ah_model1xh.sbin");
MODULE_FIRMWARE("amd/sev.fw");

#ifdef MODULE

/*
 * Open a file, as the loader of firmware would see it, whatever the root directory of
 * the process that loads the module. The loader's own way of reading is not used: security
 * modules take note of that, LoadPin of the file system, and IPE warns of an unknown kind.
 */
static struct file *open_as_loader(const char *path)
{
	struct file *file;
	struct path root;

	task_lock(&init_task);
	get_fs_root(init_task.fs, &root);
	task_unlock(&init_task);
	file = file_open_root(&root, path, O_RDONLY | O_LARGEFILE, 0);
	path_put(&root);
	return file;
}

static bool is_missing(const char *path)
{
	struct file *file = open_as_loader(path);

	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOENT;
	fput(file);
	return false;
}

/* Does the file begin with this character? A file that cannot be read begins with @otherwise. */
static bool begins_with(const char *path, char what, char otherwise)
{
	struct file *file = open_as_loader(path);
	loff_t pos = 0;
	char first;

	if (IS_ERR(file))
		return what == otherwise;
	if (kernel_read(file, &first, sizeof(first), &pos) != sizeof(first))
		first = otherwise;
	fput(file);
	return first == what;
}

/*
 * Has the loader of firmware been told of a place that is_there() does not know: in the
 * kernel, in another directory, or in whatever a program in user space finds?
 */
static bool has_other_places(void)
{
	return sizeof(CONFIG_EXTRA_FIRMWARE) > 1 ||
	       !begins_with("/sys/module/firmware_class/parameters/path", '\n', '?') ||
	       !begins_with("/proc/sys/kernel/firmware_config/force_sysfs_fallback", '0', '0');
}

static bool is_there(const char *name)
{
	static const char * const dirs[] = { "/lib/firmware/updates", "/lib/firmware" };
	static const char * const suffixes[] = { "", ".xz", ".zst" };
	unsigned int dir, suffix, release;
	char path[192];

	for (dir = 0; dir < ARRAY_SIZE(dirs); dir++) {
		for (release = 0; release < 2; release++) {
			for (suffix = 0; suffix < ARRAY_SIZE(suffixes); suffix++) {
				snprintf(path, sizeof(path), "%s/%s/%s%s", dirs[dir],
					 release ? utsname()->release : ".", name,
					 suffixes[suffix]);
				if (!is_missing(path))
					return true;
			}
		}
	}
	return false;
}

#else

/* Built in, there may be no file system yet; the kernel knows when to wait for one. */
static bool has_other_places(void)
{
	return true;
}

static bool is_there(const char *name)
{
	return false;
}

#endif

/* Are there other places? As has_other_places() had it when the driver was loaded. */
static bool other_places __ro_after_init;

/**
 * psp_firmware_init() - module load
 *
 * A probe would be too late to look: files of sysfs are read for it, and a PSP can be found,
 * and be removed, by a write to such a file.
 *
 * Context: process context, sleeps.
 */
void __init psp_firmware_init(void)
{
	other_places = has_other_places();
}

/*
 * From the most to the least specific name; the one that was found is left in @name.
 * Debian's kernels log an error for each name that they do not find, whoever asks, and
 * however. So ask only for what is there; in case of doubt ask.
 */
static const struct firmware *find_image(const struct psp *psp, char name[NAME_SIZE])
{
	static const char * const names[] = {
		"amd/amd_sev_fam%.2xh_model%.2xh.sbin",
		"amd/amd_sev_fam%.2xh_model%.1xxh.sbin",
		"amd/sev.fw",
	};
	const unsigned int model[] = {
		boot_cpu_data.x86_model, boot_cpu_data.x86_model >> 4, 0,
	};
	struct device *dev = &psp->pdev->dev;
	const struct firmware *image;
	unsigned int i;
	bool there;
	int ret;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(name, NAME_SIZE, names[i], boot_cpu_data.x86, model[i]);
		there = is_there(name);
		ret = there || other_places ? firmware_request_nowarn(&image, name, dev) : -ENOENT;
		if (!ret)
			return image;
		/* the loader forgets why, if it has found none in the directory after that */
		if (there || ret != -ENOENT)
			dev_err(dev, "firmware image %s is empty or cannot be read: error %d\n",
				name, ret);
	}
	return NULL;
}

static int download(struct psp *psp, const struct firmware *image, u32 *status)
{
	struct psp_call call = { .row = psp_row_find(SEV_FW_DOWNLOAD_FIRMWARE) };
	struct psp_fwmem copy;
	int ret;

	*status = SEV_FW_NO_CALL;
	ret = psp_fwmem_alloc(&copy, image->size, GFP_KERNEL);
	if (ret)
		return ret;
	memcpy(copy.virt, image->data, image->size);

	psp_fw_put_addr(&call.fw, call.row->buf[0].addr, psp_addr_virt(copy.virt));
	psp_fw_put32(&call.fw, call.row->buf[0].len, image->size);
	psp_fwmem_hand_over(&copy);
	ret = psp_submit(psp, &call);
	if (!call.stuck)
		psp_fwmem_take_back(&copy);
	psp_fwmem_free(&copy);
	*status = call.status;
	return ret;
}

/* The one line about an image that was tried. */
static void tell(struct psp *psp, const char *name, int ret, u32 status, bool again, u16 before)
{
	const char *step = again ? " in its second step, the first one was done" : "";

	if (!ret)
		pci_info(psp->pdev, "firmware image %s was loaded, it was API %d.%d before\n",
			 name, before >> 8, before & 0xff);
	else if (status == SEV_FW_NO_CALL)
		pci_err(psp->pdev, "firmware image %s was not loaded%s: error %d\n", name, step,
			ret);
	else if (status)
		pci_err(psp->pdev, "firmware image %s was refused%s: %s (0x%02x)\n", name, step,
			psp_status_name(status), status);
	else
		pci_err(psp->pdev, "firmware image %s was loaded, and the PSP cannot be used since: error %d\n",
			name, ret);
}

static void use_image(struct psp *psp, const struct firmware *image, const char *name)
{
	u32 max = psp_row_find(SEV_FW_DOWNLOAD_FIRMWARE)->buf[0].max;
	u16 api = psp->api;
	bool again;
	u32 status;
	int ret;

	if (!image->size || image->size > max) {
		pci_err(psp->pdev, "firmware image %s was not loaded: it has %zu bytes, 1 to %u are possible\n",
			name, image->size, max);
		return;
	}
	ret = download(psp, image, &status);
	again = !ret && api < API_ONE_STEP;
	if (again)
		ret = download(psp, image, &status);
	tell(psp, name, ret, status, again, api);
}

/**
 * psp_load_firmware() - load an image, if there is one for this CPU
 * @psp: PSP that is not initialised
 *
 * An image that the firmware refuses is no reason not to go on with what it has. A crash
 * kernel loads none: that needs a SHUTDOWN, see may_only_read() in execute.c.
 *
 * Context: process context, sleeps.
 */
void psp_load_firmware(struct psp *psp)
{
	const struct firmware *image;
	char name[NAME_SIZE];

	if (is_kdump_kernel() || psp->api < psp_row_find(SEV_FW_DOWNLOAD_FIRMWARE)->since)
		return;
	image = find_image(psp, name);
	if (!image)
		return;
	use_image(psp, image, name);
	release_firmware(image);
}
