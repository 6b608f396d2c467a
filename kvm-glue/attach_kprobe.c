// SPDX-License-Identifier: GPL-2.0
/*
 * Puts kvm_sev_passthrough() into the path of KVM_MEMORY_ENCRYPT_OP on a stock
 * kvm_amd, which has no hook for it.
 *
 * Owns one kprobe, on the entry of kvm_amd's sev_mem_enc_ioctl(). Its handler does
 * not look at the call at all, it sends each one to enc_ioctl() here, which runs
 * in ordinary process context: a pass-through id stays with us, everything else is
 * handed to the stock function as if nothing had been. The handler knows that
 * call by a third argument, which the stock function does not have. (The return
 * address would not do: a kretprobe or the function graph tracer may have put
 * their own there, and the call would be sent round for ever.)
 *
 * attach_lock guards ->attached and the registration of the probe. It is taken
 * from module notifiers, so it is never held while registering one.
 *
 * Life of the attachment: kvm_amd may come and go while we are loaded. It cannot
 * go while a call is in flight, since each comes through a VM fd, and that holds
 * kvm_amd. We ourselves may be unloaded with calls in flight; drain() says how.
 *
 * Must never attach to a kvm_amd other than the one that kvm_layout.h was made
 * from: everything in layout.h would be some other data.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/sev-fw.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <linux/wait_bit.h>

#include "compat.h"
#include "glue.h"
#include "layout.h"
#include "psp_guest.h"

#define BUILD_ID_PATH "/sys/module/kvm_amd/notes/.note.gnu.build-id"

static int redirect(struct kprobe *p, struct pt_regs *regs);
static void no_optimization(struct kprobe *p, struct pt_regs *regs,
			    unsigned long flags);

/* A post_handler marks the probe as one that changes where execution goes on. */
static struct kprobe probe = {
	.symbol_name = "kvm_amd:sev_mem_enc_ioctl",
	.pre_handler = redirect,
	.post_handler = no_optimization,
};

static DEFINE_MUTEX(attach_lock);
static bool attached;

/* Tasks between the first and the last line of enc_ioctl(). */
static atomic_t in_flight = ATOMIC_INIT(0);

/* Its address is the third argument that means "do not redirect". */
static const char to_stock;

/*
 * The argument goes beyond the stock function's prototype, to no harm on x86-64:
 * it travels in a register that the callee may clobber anyhow.
 */
static __nocfi int call_stock(struct kvm *kvm, void __user *argp)
{
	int (*stock)(struct kvm *kvm, void __user *argp, const char *marker);

	stock = glue_entry(probe.addr);
	return stock(kvm, argp, &to_stock);
}

/*
 * Called in place of sev_mem_enc_ioctl(). The envelope is read once; what is ours
 * goes on with that copy. If it is not ours, or cannot be read, or there is none
 * (callers probe with NULL), the stock function reads it again and may find other
 * bytes there, but none that help anyone: it does not know ids of ours, and
 * refuses them like any unknown id.
 */
static int enc_ioctl(struct kvm *kvm, void __user *argp)
{
	struct sev_fw_cmd cmd;
	int ret;

	atomic_inc(&in_flight);
	if (argp && !copy_from_user(&cmd, argp, sizeof(cmd)) &&
	    (cmd.id & SEV_FW_PASSTHROUGH))
		ret = kvm_sev_passthrough(kvm, &cmd, argp);
	else
		ret = call_stock(kvm, argp);
	if (atomic_dec_and_test(&in_flight))
		wake_up_var(&in_flight);
	return ret;
}

static int __kprobes redirect(struct kprobe *p, struct pt_regs *regs)
{
	if (regs->dx == (unsigned long)&to_stock)
		return 0;
	regs->ip = (unsigned long)enc_ioctl;
	return 1;
}

static void __kprobes no_optimization(struct kprobe *p, struct pt_regs *regs,
				      unsigned long flags)
{
}

/*
 * Is the kvm_amd that is loaded the one that kvm_layout.h describes? The build id
 * is the tail of its note. -ENOENT if there is none. (Not kernel_read_file(): that
 * is for what the kernel trusts, and security modules want to know about it.)
 */
static int check_layout(void)
{
	static const char id[] = KVM_LAYOUT_BUILD_ID;
	const ssize_t len = sizeof(id) - 1;
	struct file *file;
	char note[64];
	loff_t pos = 0;
	ssize_t size;

	file = filp_open(BUILD_ID_PATH, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	size = kernel_read(file, note, sizeof(note), &pos);
	filp_close(file, NULL);

	if (size >= len && !memcmp(note + size - len, id, len) &&
	    !strcmp(init_utsname()->release, KVM_LAYOUT_RELEASE))
		return 0;
	pr_err("built for the kvm_amd of %s, another one is loaded: build it for this kernel, %s\n",
	       KVM_LAYOUT_RELEASE, init_utsname()->release);
	return -ENOEXEC;
}

/* Return: 0, -ENOENT if there is no kvm_amd, or why it cannot be attached to. */
static int attach(void)
{
	int ret;

	lockdep_assert_held(&attach_lock);
	if (attached)
		return 0;
	ret = check_layout();
	if (ret)
		return ret;
	ret = psp_guest_ops_register(&kvm_sev_guest_ops);
	if (ret)
		return ret;
	/* What an earlier registration has left in it is in the way of another. */
	probe.addr = NULL;
	probe.flags = 0;
	ret = register_kprobe(&probe);
	if (ret) {
		pr_err("cannot take over kvm_amd's sev_mem_enc_ioctl() (error %d): is it live-patched?\n",
		       ret);
		psp_guest_ops_unregister(&kvm_sev_guest_ops);
		return ret;
	}
	attached = true;
	return 0;
}

static void detach(void)
{
	lockdep_assert_held(&attach_lock);
	if (!attached)
		return;
	unregister_kprobe(&probe);
	psp_guest_ops_unregister(&kvm_sev_guest_ops);
	attached = false;
}

/*
 * After detach(): wait until no task is in this module's code. A task may have
 * been redirected, but not counted itself yet; once every task has slept, or been
 * in user space, it has. Then those that are counted finish. The last of them may
 * be preempted just behind its decrement; the second round waits for that.
 */
static void drain(void)
{
	synchronize_rcu_tasks();
	wait_var_event(&in_flight, !atomic_read(&in_flight));
	synchronize_rcu_tasks();
}

/*
 * LIVE rather than COMING, since kvm_amd's build id has to be in sysfs. No drain()
 * when kvm_amd goes: no VM is left, so nobody can be here.
 */
static int module_changed(struct notifier_block *nb, unsigned long state, void *data)
{
	const struct module *mod = data;

	if (strcmp(mod->name, "kvm_amd"))
		return NOTIFY_DONE;
	mutex_lock(&attach_lock);
	if (state == MODULE_STATE_LIVE && attach() == -ENOENT)
		pr_err("cannot tell which kvm_amd this is, there is no " BUILD_ID_PATH "\n");
	else if (state == MODULE_STATE_GOING)
		detach();
	mutex_unlock(&attach_lock);
	return NOTIFY_OK;
}

/* Ahead of kprobes' own notifier, so that the probe is gone when that looks. */
static struct notifier_block module_nb = {
	.notifier_call = module_changed,
	.priority = 1,
};

static void stop(void)
{
	unregister_module_notifier(&module_nb);
	mutex_lock(&attach_lock);
	detach();
	mutex_unlock(&attach_lock);
	drain();
}

/*
 * kvm_amd need not be there yet. The notifier comes first: between the two steps
 * kvm_amd may arrive, and attach() does not mind being called twice.
 */
static int __init glue_init(void)
{
	int ret;

	ret = register_module_notifier(&module_nb);
	if (ret)
		return ret;
	mutex_lock(&attach_lock);
	ret = attach();
	mutex_unlock(&attach_lock);
	if (ret && ret != -ENOENT) {
		stop();
		return ret;
	}
	return 0;
}

static void __exit glue_exit(void)
{
	stop();
}

module_init(glue_init);
module_exit(glue_exit);

MODULE_DESCRIPTION("SEV firmware pass-through on the VM fd of a stock kvm_amd");
MODULE_LICENSE("GPL");
