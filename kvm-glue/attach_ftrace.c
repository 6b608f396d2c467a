// SPDX-License-Identifier: GPL-2.0
/*
 * Puts kvm_sev_passthrough() into the path of KVM_MEMORY_ENCRYPT_OP on a stock
 * kvm_amd, which has no hook for it.
 *
 * Owns one ftrace hook, on the entry of kvm_amd's sev_mem_enc_ioctl(), of the kind
 * that live patching uses. It does not look at the call at all but sends each one
 * to enc_ioctl() here, which runs in ordinary process context: a pass-through id
 * stays with us, everything else is handed to the stock function as if nothing had
 * been. The hook knows that call by a third argument, which the stock function
 * does not have. (The return address would not do: kretprobes and the function
 * graph tracer put their own there, and the call would be sent round for ever. A
 * kprobe in place of the hook would not do either: the kernel keeps those that
 * change where execution goes on apart from others, but mixes up the two when both
 * are on one function, and oopses when they are removed.)
 *
 * attach_lock guards ->attached and what attach() and detach() do. It is taken
 * from a module notifier, so it is never held while registering one.
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
#include <linux/ftrace.h>
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

#define KVM_AMD "kvm_amd"
#define SYSFS "/sys/module/" KVM_AMD

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
static __nocfi int call_stock(unsigned long ip, struct kvm *kvm, void __user *argp)
{
	int (*stock)(struct kvm *kvm, void __user *argp, const char *marker);

	stock = (void *)glue_entry(ip);
	return stock(kvm, argp, &to_stock);
}

/*
 * Called in place of sev_mem_enc_ioctl(), with the place where that was hooked as
 * a third argument. The envelope is read once; what is ours goes on with that
 * copy. If it is not ours, or cannot be read, or there is none (callers probe with
 * NULL), the stock function reads it again and may find other bytes there, but
 * none that help anyone: it does not know ids of ours, and refuses them like any
 * unknown id.
 */
static int enc_ioctl(struct kvm *kvm, void __user *argp, unsigned long ip)
{
	struct sev_fw_cmd cmd;
	int ret;

	atomic_inc(&in_flight);
	if (argp && !copy_from_user(&cmd, argp, sizeof(cmd)) &&
	    (cmd.id & SEV_FW_PASSTHROUGH))
		ret = kvm_sev_passthrough(kvm, &cmd, argp);
	else
		ret = call_stock(ip, kvm, argp);
	if (atomic_dec_and_test(&in_flight))
		wake_up_var(&in_flight);
	return ret;
}

static void notrace redirect(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (regs->dx == (unsigned long)&to_stock)
		return;
	regs->dx = ip;
	regs->ip = (unsigned long)enc_ioctl;
}

/* PERMANENT: sysctl kernel.ftrace_enabled cannot switch us off unnoticed. */
static struct ftrace_ops hook = {
	.func = redirect,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY |
		 FTRACE_OPS_FL_PERMANENT,
};

/* Return: bytes read from the start of a file, at most @size, or an errno. */
static ssize_t read_start(const char *path, char *buf, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t ret;

	/* Not kernel_read_file(): that is for what the kernel is going to trust. */
	file = filp_open(path, O_RDONLY, 0);
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
static bool kvm_amd_is_live(void)
{
	static const char live[] = "live\n";
	char state[16];
	const ssize_t len = sizeof(live) - 1;

	return read_start(SYSFS "/initstate", state, sizeof(state)) == len &&
	       !memcmp(state, live, len);
}

/*
 * Is the kvm_amd that is loaded the one that kvm_layout.h describes? The build id
 * is the tail of its note.
 */
static bool layout_fits(void)
{
	static const char id[] = KVM_LAYOUT_BUILD_ID;
	const ssize_t len = sizeof(id) - 1;
	char note[64];
	ssize_t size;

	size = read_start(SYSFS "/notes/.note.gnu.build-id", note, sizeof(note));
	return size >= len && !memcmp(note + size - len, id, len) &&
	       !strcmp(init_utsname()->release, KVM_LAYOUT_RELEASE);
}

static int set_hook(void)
{
	static unsigned char name[] = "sev_mem_enc_ioctl";
	int ret;

	ret = ftrace_set_filter(&hook, name, sizeof(name) - 1, 1);
	if (!ret)
		ret = register_ftrace_function(&hook);
	if (ret)
		pr_err("cannot hook %s (error %d): is it live-patched, is ftrace off?\n",
		       name, ret);
	return ret;
}

/* Return: 0, also without a kvm_amd, or why the one there cannot be attached to. */
static int attach(void)
{
	int ret;

	lockdep_assert_held(&attach_lock);
	if (attached || !kvm_amd_is_live())
		return 0;
	if (!layout_fits()) {
		pr_err("built for the kvm_amd of %s, another one is loaded: build it for this kernel, %s\n",
		       KVM_LAYOUT_RELEASE, init_utsname()->release);
		return -ENOEXEC;
	}
	ret = psp_guest_ops_register(&kvm_sev_guest_ops);
	if (ret)
		return ret;
	ret = set_hook();
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
	unregister_ftrace_function(&hook);
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
 * No drain() when kvm_amd goes: no VM is left, so nobody can be here.
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
	drain();
	/* Once only, for it leaves dangling pointers; until then the filter is kept. */
	ftrace_free_filter(&hook);
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
