// SPDX-License-Identifier: GPL-2.0
/*
 * A second user of the PSP in the kernel, beside KVM, as a test of the driver that
 * serves both.
 *
 * The module holds at most one guest of its own. Each write to the debugfs file
 * "second_user" carries out one word:
 *
 *   start ASID   make a guest, bring it to RUNNING, bind it to ASID
 *   activate     bind the guest again, after "deactivate"
 *   deactivate   DEACTIVATE
 *   end          DECOMMISSION; the guest is gone
 *   flush        WBINVD on all CPUs, then DF_FLUSH
 *   shutdown     sev_platform_shutdown(), where the PSP driver exports it
 *
 * The write fails with the errno of the PSP driver's function; a read of the file
 * returns the firmware's status of the last command as a decimal number.
 *
 * The module does no more than any driver can that links to the PSP driver's
 * exports. In particular kvm_amd's lock around DEACTIVATE is private to kvm_amd, so
 * that nothing in here can take it. Imports are those that ccp.ko and psp_sev.ko
 * both offer, with the same modversions: the module loads on either.
 *
 * @lock guards the guest. A command sleeps with it held, hence one word at a time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/psp-sev.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/mem_encrypt.h>
#include <asm/smp.h>

#define STATUS_DF_FLUSH_REQUIRED	0x0f
#define MEASURE_ROOM			256
#define WORD_MAX			32

static DEFINE_MUTEX(lock);
static struct dentry *file;
static struct file *sev;	/* an open /dev/sev, while there is a guest */
static u32 handle;		/* of the guest, 0 if there is none */
static u32 asid;
static int status;		/* of the firmware, for the last command */

static int issue(int cmd, void *data)
{
	return sev_issue_cmd_external_user(sev, cmd, data, &status);
}

static int flush_asids(void)
{
	wbinvd_on_all_cpus();
	return sev_guest_df_flush(&status);
}

static int bind_guest(void)
{
	struct sev_data_activate data = { .handle = handle, .asid = asid };

	return sev_guest_activate(&data, &status);
}

static int unbind_guest(void)
{
	struct sev_data_deactivate data = { .handle = handle };

	return sev_guest_deactivate(&data, &status);
}

static int end_guest(void)
{
	struct sev_data_decommission data = { .handle = handle };
	int ret = sev_guest_decommission(&data, &status);

	handle = 0;
	if (sev)
		filp_close(sev, NULL);
	sev = NULL;
	return ret;
}

/* LAUNCH_FINISH is accepted after LAUNCH_MEASURE only. */
static int measure_guest(void)
{
	struct sev_data_launch_measure data = { .handle = handle, .len = MEASURE_ROOM };
	void *room = kzalloc(MEASURE_ROOM, GFP_KERNEL);
	int ret;

	if (!room)
		return -ENOMEM;
	data.address = __sme_pa(room);
	ret = issue(SEV_CMD_LAUNCH_MEASURE, &data);
	kfree(room);
	return ret;
}

static int launch_guest(void)
{
	struct sev_data_launch_start start = {};
	struct sev_data_launch_finish finish = {};
	int ret = issue(SEV_CMD_LAUNCH_START, &start);

	if (ret)
		return ret;
	handle = start.handle;
	finish.handle = handle;
	ret = bind_guest();
	if (ret && status == STATUS_DF_FLUSH_REQUIRED) {
		ret = flush_asids();
		if (!ret)
			ret = bind_guest();
	}
	if (!ret)
		ret = measure_guest();
	if (!ret)
		ret = issue(SEV_CMD_LAUNCH_FINISH, &finish);
	return ret;
}

static int start_guest(u32 on_asid)
{
	int ret, why;

	if (handle)
		return -EBUSY;
	sev = filp_open("/dev/sev", O_RDWR, 0);
	if (IS_ERR(sev)) {
		ret = PTR_ERR(sev);
		sev = NULL;
		return ret;
	}
	asid = on_asid;
	ret = launch_guest();
	if (!ret)
		return 0;
	why = status;
	if (handle)
		unbind_guest();
	end_guest();
	status = why;
	return ret;
}

/* Since 6.9 only, hence no import that older kernels could not resolve. */
static int platform_shutdown(void)
{
	void (*shutdown)(void);

	shutdown = __symbol_get("sev_platform_shutdown");
	if (!shutdown)
		return -EOPNOTSUPP;
	shutdown();
	__symbol_put("sev_platform_shutdown");
	return 0;
}

static int carry_out(const char *word)
{
	u32 number;

	if (sscanf(word, "start %u", &number) == 1)
		return start_guest(number);
	if (!strcmp(word, "flush"))
		return flush_asids();
	if (!strcmp(word, "shutdown"))
		return platform_shutdown();
	if (!handle)
		return -ENOENT;
	if (!strcmp(word, "activate"))
		return bind_guest();
	if (!strcmp(word, "deactivate"))
		return unbind_guest();
	if (!strcmp(word, "end"))
		return end_guest();
	return -EINVAL;
}

static ssize_t second_user_write(struct file *unused, const char __user *from, size_t len,
				 loff_t *pos)
{
	char word[WORD_MAX];
	int ret;

	if (len >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, len))
		return -EFAULT;
	word[len] = '\0';
	mutex_lock(&lock);
	ret = carry_out(strim(word));
	mutex_unlock(&lock);
	return ret ?: len;
}

static ssize_t second_user_read(struct file *unused, char __user *to, size_t len, loff_t *pos)
{
	char text[16];
	int size = scnprintf(text, sizeof(text), "%d\n", READ_ONCE(status));

	return simple_read_from_buffer(to, len, pos, text, size);
}

static const struct file_operations second_user_fops = {
	.owner = THIS_MODULE,
	.read = second_user_read,
	.write = second_user_write,
};

static int __init second_user_init(void)
{
	file = debugfs_create_file(KBUILD_MODNAME, 0600, NULL, NULL, &second_user_fops);
	return PTR_ERR_OR_ZERO(file);
}

static void __exit second_user_exit(void)
{
	debugfs_remove(file);
	if (!handle)
		return;
	unbind_guest();
	end_guest();
}

module_init(second_user_init);
module_exit(second_user_exit);

MODULE_DESCRIPTION("Test: a user of the AMD Secure Processor beside KVM");
MODULE_LICENSE("GPL");
