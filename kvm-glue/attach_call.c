// SPDX-License-Identifier: GPL-2.0
/*
 * Puts kvm_sev_passthrough() into the path of KVM_MEMORY_ENCRYPT_OP on a stock
 * kvm_amd, which has no hook for it.
 *
 * Owns where KVM's static call kvm_x86_mem_enc_ioctl goes while attached: to
 * glue_called() (redirect.S) instead of kvm_amd's sev_mem_enc_ioctl(). A command of the
 * firmware is answered there, every other call continues in the stock function.
 *
 * The stock function itself is not touched. An ftrace hook on its entry, as live
 * patching uses it, would have to be shared with tracers: a BPF trampoline preserves
 * no register beyond the function's prototype, those registers contain what the caller
 * of the ioctl chose, and kernels up to 6.12 at least oops when a BPF fexit program or
 * an fprobe comes or goes at the same place. As it is, tracers see each call of the
 * stock function once, with its own arguments and result, and are not concerned with
 * this module.
 *
 * KVM exports the keys of only two static calls. Where this one's is relative to
 * theirs is a fact of one kvm.ko, and is in kvm_layout.h.
 *
 * attach_lock guards attached, leaving and all that attach() and detach() do. The
 * module notifier takes it, so it must never be held while registering the notifier.
 *
 * Lifetime: kvm_amd may come and go while this module is loaded, kvm may not. kvm_amd
 * cannot go while a call is in flight, since each call comes through a VM fd, which
 * holds kvm_amd. A call that this module works on holds this module too: that call may
 * sleep for as long as its caller likes, for instance on memory that a userfaultfd
 * manages, and rmmod is then refused instead of hanging.
 *
 * Must never attach to a kvm or kvm_amd other than those that kvm_layout.h was made
 * from: everything in private.h would be some other data.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/sev-fw.h>
#include <linux/static_call.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>

#include "glue.h"
#include "private.h"
#include "psp_guest.h"

#define KVM_AMD "kvm_amd"
/* Where sysfs has something of a module. */
#define KVM_BUILD_ID "module/kvm/notes/.note.gnu.build-id"
#define KVM_AMD_BUILD_ID "module/" KVM_AMD "/notes/.note.gnu.build-id"
#define KVM_AMD_STATE "module/" KVM_AMD "/initstate"

#define IOCTL_KEY ((struct static_call_key *)((void *)				\
	&STATIC_CALL_KEY(kvm_x86_get_cs_db_l_bits) + KVM_LAYOUT_IOCTL_KEY))
#define IOCTL_TRAMP ((void *)							\
	&STATIC_CALL_TRAMP(kvm_x86_get_cs_db_l_bits) + KVM_LAYOUT_IOCTL_TRAMP)

static DEFINE_MUTEX(attach_lock);
static bool attached;

/*
 * Switching it while VMs run is safe. Each call looks at it once; either side holds
 * kvm->lock over its command, and all that it keeps of a guest is kvm_amd's own state.
 */
static bool legacy = true;
module_param(legacy, bool, 0644);
MODULE_PARM_DESC(legacy, "serve KVM's own SEV commands by the PSP driver's engine; 0: by kvm_amd's handlers (default: 1)");

/* glue_init() has failed: the notifier must not attach any more. */
static bool leaving;

/*
 * The stock function, for redirect.S. Set before the first call that can need it, and
 * does not change while there is a VM.
 */
void *glue_stock;

/* Return: false if the stock function has to answer. */
static bool answer(struct kvm *kvm, struct sev_fw_cmd *cmd, void __user *argp, int *ret)
{
	if (cmd->id & SEV_FW_PASSTHROUGH)
		*ret = kvm_sev_passthrough(kvm, cmd, argp);
	else if (READ_ONCE(legacy) && psp_guest_legacy_knows(cmd->id))
		*ret = kvm_sev_legacy(kvm, cmd, argp);
	else
		return false;
	return true;
}

/**
 * glue_answers() - answer a call, if it is a pass-through command, or legacy ones are ours
 * @kvm: first argument of sev_mem_enc_ioctl()
 * @argp: second argument of sev_mem_enc_ioctl()
 * @ret: receives what the call shall return
 *
 * The envelope is read once; a command of ours continues with that copy. If it
 * is another command, or cannot be read, or is not there (callers probe with NULL),
 * the stock function reads it again and may find other bytes there, but none that
 * help anyone: it refuses pass-through ids like all that it does not know.
 *
 * Context: process context, may sleep, but not while the module is not held: see
 * stop().
 * Return: false if the stock function has to answer.
 */
bool glue_answers(struct kvm *kvm, void __user *argp, int *ret)
{
	struct sev_fw_cmd cmd;
	bool ours = false;

	if (!argp || !try_module_get(THIS_MODULE))
		return false;
	if (!copy_from_user(&cmd, argp, sizeof(cmd)))
		ours = answer(kvm, &cmd, argp, ret);
	module_put(THIS_MODULE);
	return ours;
}

/* Return: bytes read from the start of a file in sysfs, or an errno. */
static ssize_t read_start(struct vfsmount *sysfs, const char *path, char *buf, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t ret;

	/* Not kernel_read_file(): that is for what the kernel is going to trust. */
	file = file_open_root_mnt(sysfs, path, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_read(file, buf, size, &pos);
	filp_close(file, NULL);
	return ret;
}

/*
 * If kvm_amd is live now, it stays until its notifier has been called, which waits
 * for attach_lock.
 */
static bool kvm_amd_is_live(struct vfsmount *sysfs)
{
	static const char live[] = "live\n";
	char state[16];
	const ssize_t len = sizeof(live) - 1;

	return read_start(sysfs, KVM_AMD_STATE, state, sizeof(state)) == len &&
	       !memcmp(state, live, len);
}

/* Return: true if a module has this build id, which is the tail of its note. */
static bool has_build_id(struct vfsmount *sysfs, const char *path, const char *id, ssize_t len)
{
	char note[64];
	ssize_t size;

	size = read_start(sysfs, path, note, sizeof(note));
	return size >= len && !memcmp(note + size - len, id, len);
}

/* Are the kvm and kvm_amd that are loaded those that kvm_layout.h describes? */
static bool layout_fits(struct vfsmount *sysfs)
{
	static const char kvm[] = KVM_LAYOUT_KVM_BUILD_ID;
	static const char kvm_amd[] = KVM_LAYOUT_BUILD_ID;

	return has_build_id(sysfs, KVM_BUILD_ID, kvm, sizeof(kvm) - 1) &&
	       has_build_id(sysfs, KVM_AMD_BUILD_ID, kvm_amd, sizeof(kvm_amd) - 1) &&
	       !strcmp(init_utsname()->release, KVM_LAYOUT_RELEASE);
}

/*
 * Look up kvm_amd in sysfs, by a mount of this module's own: /sys need not be
 * mounted, and modprobe may run in a root directory that has another /sys, or none.
 * Return: 1 if there is a kvm_amd to attach to, 0 if there is none, or an errno.
 */
static int find_kvm_amd(void)
{
	struct file_system_type *type = get_fs_type("sysfs");
	struct vfsmount *sysfs;
	int ret = 1;

	sysfs = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	if (IS_ERR(sysfs)) {
		pr_err("not attached: cannot look for kvm_amd, mounting sysfs failed (error %ld)\n",
		       PTR_ERR(sysfs));
		return PTR_ERR(sysfs);
	}
	if (!kvm_amd_is_live(sysfs)) {
		ret = 0;
	} else if (!layout_fits(sysfs)) {
		pr_err("not attached: built for kvm and kvm_amd of %s, others are loaded; build it for this kernel, %s\n",
		       KVM_LAYOUT_RELEASE, init_utsname()->release);
		ret = -ENOEXEC;
	}
	kern_unmount(sysfs);
	return ret;
}

static int redirect(void)
{
	glue_stock = READ_ONCE(IOCTL_KEY->func);
	if (!glue_stock) {
		pr_err("not attached: this kvm_amd does not support SEV\n");
		return -EOPNOTSUPP;
	}
	__static_call_update(IOCTL_KEY, IOCTL_TRAMP, glue_called);
	return 0;
}

/* Return: 0, also without a kvm_amd, or why the one there cannot be attached to. */
static int attach(void)
{
	int ret;

	lockdep_assert_held(&attach_lock);
	if (attached || leaving)
		return 0;
	ret = find_kvm_amd();
	if (ret <= 0) {
		if (!ret)
			pr_info("not attached yet: kvm_amd is not loaded\n");
		return ret;
	}
	ret = psp_guest_ops_register(&kvm_sev_guest_ops);
	if (ret) {
		pr_err("not attached: psp_sev has the guests of another module (error %d)\n", ret);
		return ret;
	}
	ret = redirect();
	if (ret)
		psp_guest_ops_unregister(&kvm_sev_guest_ops);
	else
		attached = true;
	return ret;
}

static void detach(void)
{
	lockdep_assert_held(&attach_lock);
	if (!attached)
		return;
	__static_call_update(IOCTL_KEY, IOCTL_TRAMP, glue_stock);
	psp_guest_ops_unregister(&kvm_sev_guest_ops);
	attached = false;
}

/*
 * When kvm_amd goes, there is no VM left, so no task can be in this module's code.
 */
static int module_changed(struct notifier_block *nb, unsigned long state, void *data)
{
	const struct module *mod = data;

	if (strcmp(mod->name, KVM_AMD))
		return NOTIFY_DONE;
	mutex_lock(&attach_lock);
	if (state == MODULE_STATE_LIVE)
		attach();
	else if (state == MODULE_STATE_GOING)
		detach();
	mutex_unlock(&attach_lock);
	return NOTIFY_OK;
}

static struct notifier_block module_nb = {
	.notifier_call = module_changed,
};

static void stop(void)
{
	unregister_module_notifier(&module_nb);
	mutex_lock(&attach_lock);
	detach();
	mutex_unlock(&attach_lock);
	/*
	 * No call holds this module, or rmmod would have been refused. But a task may have
	 * come in and not have got hold of it, or have let go of it and not have left yet:
	 * such a task leaves without sleeping.
	 */
	synchronize_rcu_tasks();
}

/*
 * kvm_amd need not be there yet. The notifier comes first: between the two steps
 * kvm_amd may arrive, and attach() does not mind being called twice. If this fails,
 * nothing is attached, and nothing will be: no call can hold the module then.
 */
static int __init glue_init(void)
{
	int ret;

	ret = register_module_notifier(&module_nb);
	if (ret)
		return ret;
	mutex_lock(&attach_lock);
	ret = attach();
	leaving = ret;
	mutex_unlock(&attach_lock);
	if (ret)
		stop();
	return ret;
}

static void __exit glue_exit(void)
{
	stop();
}

module_init(glue_init);
module_exit(glue_exit);

MODULE_DESCRIPTION("SEV firmware pass-through on the VM fd of a stock kvm_amd");
MODULE_LICENSE("GPL");
