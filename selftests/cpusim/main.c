// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a virtual machine look like a SEV host to the drivers that are loaded
 * after this module. For the box only: it tells lies about the processor.
 *
 * swpsp is behind the BAR of an ivshmem device, or of each of several, and says in
 * the spare part of that BAR (bar.h) what is to be simulated:
 *
 *  - each of these PCI devices poses as a PSP: ids are changed in memory, so that
 *    drivers match their ordinary id tables, also when it is removed and comes back;
 *  - CPUID leaf 0x8000001f, as the kernel reads it, says SEV and SEV-ES, and leaf 0x80000000
 *    that there are leaves up to that one: KVM tells a VMM of no others. The
 *    paravirt CPUID function is an out-of-line copy of an inline one, hence
 *    not traceable by ftrace, and of its several copies only the one that is
 *    pointed to counts: a kretprobe by address;
 *  - the feature bits that kvm_amd looks at are set;
 *  - if swpsp has SNP, the machine is a host for it: snp.c. The bit in the MSR SYSCFG by
 *    which the kernel switches it on is set, also for those who read that by
 *    /dev/cpu/N/msr; with the parameter "snp" this is all of SNP that there is;
 *  - a WBINVD becomes visible to firmware. The kernel's WBINVD function is
 *    replaced, by ftrace, by one that executes the instruction and then counts
 *    it in each BAR, since it is for all firmware to see. swpsp does not learn that
 *    a WBINVD was due: a driver that forgets one, or misses a CPU, gets
 *    WBINVD_REQUIRED. A kretprobe would not
 *    do here: one that hits while this CPU is inside another probe is skipped,
 *    and that WBINVD would be lost. An inline WBINVD elsewhere is seen, too: wbinvd.c;
 *  - a CPU that comes online is given these bits, too: the kernel asks it anew for its
 *    features, and no longer has those of its own that this CPU lacks;
 *  - a CPU that goes offline executes WBINVD, as the kernel's loop for dead CPUs makes
 *    a real one do, and none after that. Firmware insists on each CPU that is
 *    present, so what comes later (INIT, the end of a guest) needs it back online;
 *  - VMRUN of a SEV guest is executed as a processor that has SEV does it: run.c. With a
 *    kvm_amd that run.c does not know, a vCPU of a SEV-ES guest is stopped before it
 *    runs: the emulated VMRUN neither loads the encrypted save area, nor saves and restores
 *    the host's registers, so the host would go on with some of the guest's. KVM is
 *    told that the VM is dead, and KVM_RUN fails with EIO.
 *
 * With no_mebibyte set, memory looks as on a machine that has been up for long; with
 * no_page_for, to one process, as where there is none.
 *
 * KVM patches a branch in the scheduler when the first VM comes and when the last
 * one goes. The emulation of QEMU 7.2, with several CPUs, now and then goes on to
 * execute what was there in between, an int3; so we hold that branch as it is.
 *
 * All of it is undone on unload, which is refused while kvm_amd runs guests by run.c. A
 * driver that is bound then keeps what it has read.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/ftrace.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <asm/msr-index.h>
#include <asm/paravirt.h>
#include <asm/processor.h>
#include <asm/special_insns.h>

#include "bar.h"
#include "compat.h"
#include "run.h"
#include "sim.h"

#define IVSHMEM_VENDOR	PCI_VENDOR_ID_REDHAT_QUMRANET
#define IVSHMEM_DEVICE	0x1110
#define IVSHMEM_BAR	2

#define CPUID_EXTENDED	0x80000000	/* the highest leaf */
#define CPUID_SEV	0x8000001f
#define CPUID_SEV_EAX	(BIT(1) | BIT(3))	/* SEV, SEV-ES */

#define SYSCFG_SNP_EN	BIT_ULL(24)

static bool snp;
module_param(snp, bool, 0644);
MODULE_PARM_DESC(snp, "the MSR SYSCFG says that SNP is switched on (default: on a host for SNP)");

/*
 * Without NRIPS KVM would look at an encrypted instruction to skip it, and give up. A flush of a
 * SEV guest's ASID it asks for by FLUSHBYASID only.
 */
static const unsigned int features[] = {
	X86_FEATURE_SEV, X86_FEATURE_SEV_ES, X86_FEATURE_DECODEASSISTS, X86_FEATURE_NRIPS,
	X86_FEATURE_FLUSHBYASID,
	SIM_MORE_FEATURES
};

#define PSPS	2

/**
 * struct sim_psp - a device with swpsp behind it
 * @pdev: the device
 * @bar: its BAR
 * @pci_id: that it poses as
 */
struct sim_psp {
	struct pci_dev *pdev;
	void __iomem *bar;
	u16 pci_id;
};

static struct sim_psp psps[PSPS];
static unsigned int psps_found;

/* Of the leaf, as the first one has it; it may be removed, which the CPU may not notice. */
static u32 sev_ebx, sev_ecx, sev_edx;

/* Of the callbacks for CPUs that come online and go offline. */
static int hotplug_state;

/* Which of @features we have set, so that only these are cleared. */
static DECLARE_BITMAP(features_set, ARRAY_SIZE(features));

struct cpuid_call {
	u32 leaf;
	u32 *eax;
	u32 *ebx;
	u32 *ecx;
	u32 *edx;
};

static int cpuid_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct cpuid_call *call = (void *)instance->data;

	call->eax = (u32 *)regs->di;
	call->ebx = (u32 *)regs->si;
	call->ecx = (u32 *)regs->dx;
	call->edx = (u32 *)regs->cx;
	/* The leaf is an input in *eax; of other leaves we want no return. */
	call->leaf = *call->eax;
	return call->leaf != CPUID_SEV && call->leaf != CPUID_EXTENDED;
}

NOKPROBE_SYMBOL(cpuid_entry);

static int cpuid_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct cpuid_call *call = (void *)instance->data;

	if (call->leaf == CPUID_EXTENDED) {
		/*
		 * A CPU that is being brought up would find SEV by it, and a HWCR that no BIOS
		 * has locked, and clear a feature that the other CPUs' code is patched for.
		 */
		if (cpu_online(raw_smp_processor_id()))
			*call->eax = max_t(u32, *call->eax, CPUID_SEV);
		return 0;
	}
	*call->eax = CPUID_SEV_EAX;
	*call->ebx = sev_ebx;
	*call->ecx = sev_ecx;
	*call->edx = sev_edx;
	return 0;
}

NOKPROBE_SYMBOL(cpuid_return);

static struct kretprobe cpuid_probe = {
	.entry_handler = cpuid_entry,
	.handler = cpuid_return,
	.data_size = sizeof(struct cpuid_call),
};

struct msr_call {
	u64 *output;
};

static int msr_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct msr_call *call = (void *)instance->data;

	call->output = (u64 *)regs->si;
	return (u32)regs->di != MSR_AMD64_SYSCFG || !READ_ONCE(snp);
}

NOKPROBE_SYMBOL(msr_entry);

static int msr_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct msr_call *call = (void *)instance->data;

	sim_set_msr_bits(regs, call->output, SYSCFG_SNP_EN);
	return 0;
}

NOKPROBE_SYMBOL(msr_return);

static struct kretprobe msr_probe = {
	.entry_handler = msr_entry,
	.handler = msr_return,
	.data_size = sizeof(struct msr_call),
};

notrace void sim_count_wbinvd(void)
{
	u32 offset = SWPSP_BAR_WBINVD(raw_smp_processor_id());
	unsigned int i;

	/* Only this CPU writes the word, and not from an interrupt's nested one. */
	for (i = 0; i < psps_found; i++)
		writel(readl(psps[i].bar + offset) + 1, psps[i].bar + offset);
}

NOKPROBE_SYMBOL(sim_count_wbinvd);

/* In place of the kernel's; called on each CPU, interrupts off. */
static notrace void counting_wbinvd(void *unused)
{
	wbinvd();
	sim_count_wbinvd();
}

static notrace void redirect_wbinvd(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	sim_redirect(fregs, (unsigned long)counting_wbinvd);
}

/*
 * The handler calls nothing that is traced, so it needs no protection against
 * recursion, and none may cause a call to be skipped.
 */
static struct ftrace_ops wbinvd_ops = {
	.func = redirect_wbinvd,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_RECURSION,
};

static void set_feature(struct cpuinfo_x86 *cpu, unsigned int feature, bool on)
{
	if (on)
		set_cpu_cap(cpu, feature);
	else
		clear_bit(feature, (unsigned long *)cpu->x86_capability);
}

/* Which features CPUs have by our doing; written with CPU hotplug locked. */
static DECLARE_BITMAP(features_shown, NCAPINTS * 32);

static void show_feature(unsigned int feature, bool on)
{
	unsigned int cpu;

	__assign_bit(feature, features_shown, on);
	set_feature(&boot_cpu_data, feature, on);
	for_each_possible_cpu(cpu)
		set_feature(&cpu_data(cpu), feature, on);
}

/*
 * A CPU that comes online meanwhile would otherwise be shown a feature again that has just
 * been hidden, and keep it when this module is gone.
 */
void sim_set_feature(unsigned int feature, bool on)
{
	cpus_read_lock();
	show_feature(feature, on);
	cpus_read_unlock();
}

/*
 * The kernel has asked this CPU anew for its features, and has cleared in boot_cpu_data those
 * that it lacks. CPU hotplug is locked for writing, so that no feature is shown or hidden
 * meanwhile.
 */
static int cpu_comes_online(unsigned int cpu)
{
	unsigned int feature;

	for_each_set_bit(feature, features_shown, NCAPINTS * 32)
		show_feature(feature, true);
	return 0;
}

/* On the CPU that is going; what it still does before it is gone needs no flush. */
static int cpu_goes_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	counting_wbinvd(NULL);
	local_irq_restore(flags);
	return 0;
}

/* Symbols are not to be looked up by modules, but a kprobe tells a function's address. */
static unsigned long function_address(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return address;
}

unsigned long sim_symbol(const char *name)
{
	static unsigned long (*lookup)(const char *name);

	if (!lookup)
		lookup = (void *)function_address("kallsyms_lookup_name");
	return lookup ? lookup(name) : 0;
}

static int wbinvd_start(void)
{
	unsigned long ip = function_address(SIM_WBINVD_FUNCTION);
	int ret;

	if (!ip)
		return -ENOENT;
	ret = ftrace_set_filter_ip(&wbinvd_ops, ip, 0, 0);
	if (ret)
		return ret;
	ret = register_ftrace_function(&wbinvd_ops);
	if (ret)
		return ret;
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "sev_cpu_sim:online",
						  cpu_comes_online, cpu_goes_offline);
	if (hotplug_state < 0)
		unregister_ftrace_function(&wbinvd_ops);
	else
		sim_wbinvd_start();
	return min(hotplug_state, 0);
}

static void wbinvd_stop(void)
{
	sim_wbinvd_stop();
	cpuhp_remove_state_nocalls(hotplug_state);
	unregister_ftrace_function(&wbinvd_ops);
	ftrace_free_filter(&wbinvd_ops);
	/* The handler runs with preemption off, so this waits for the last one. */
	synchronize_rcu();
}

/* A machine whose memory is in small pieces: __get_free_pages() has no MiB in one. */
static bool no_mebibyte;
module_param(no_mebibyte, bool, 0644);
MODULE_PARM_DESC(no_mebibyte, "let there be no MiB of memory in one piece, nor two");

/* A process for which there is no memory at all by that function, not even a page. */
static int no_page_for;
module_param(no_page_for, int, 0644);
MODULE_PARM_DESC(no_page_for, "let there be no page for the process with this number; 0: none");

static int pages_entry(struct kprobe *probe, struct pt_regs *regs)
{
	/* more than there ever is; who asks for a MiB has said that this may fail */
	if (no_mebibyte && (regs->si == get_order(1 << 20) || regs->si == get_order(2 << 20)))
		regs->si = BITS_PER_LONG;
	if (no_page_for && no_page_for == current->tgid) {
		regs->di |= (__force unsigned long)__GFP_NOWARN;
		regs->si = BITS_PER_LONG;
	}
	return 0;
}

NOKPROBE_SYMBOL(pages_entry);

static struct kprobe pages_probe = {
	.symbol_name = SIM_PAGES_FUNCTION,
	.pre_handler = pages_entry,
};

/* A kernel in which no kprobe tells where snp_prepare() is: another name is looked for. */
static bool no_snp_prepare;
module_param(no_snp_prepare, bool, 0644);
MODULE_PARM_DESC(no_snp_prepare, "let nobody find the function snp_prepare() by a kprobe");

static int register_entry(struct kprobe *probe, struct pt_regs *regs)
{
	struct kprobe *wanted = (struct kprobe *)regs->di;

	if (no_snp_prepare && wanted->symbol_name && !strcmp(wanted->symbol_name, "snp_prepare"))
		wanted->symbol_name = "no_snp_prepare";
	return 0;
}

NOKPROBE_SYMBOL(register_entry);

static struct kprobe register_probe = {
	.symbol_name = "register_kprobe",
	.pre_handler = register_entry,
};

static struct kprobe *entry_probes[] = { &pages_probe, &register_probe };

/* KVM's, for the vCPU that this CPU is about to run. */
static struct kvm_vcpu *(*running_vcpu)(void);

/*
 * KVM calls the watched function for vCPUs of SEV-ES guests only, on the way to VMRUN
 * and before it looks for requests for the last time.
 */
static void stop_es_vcpu(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			 struct ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu = running_vcpu();

	if (!vcpu)
		return;
	kvm_make_request(KVM_REQ_VM_DEAD, vcpu);
	pr_err_once("SEV-ES guests can be launched here, but cannot run: KVM_RUN fails\n");
}

static struct ftrace_ops es_run_ops = {
	.func = stop_es_vcpu,
};

static bool es_run_watched, guests_run;

/* With kvm_amd built in this succeeds at once, otherwise when it is being loaded. */
static void es_run_start(void)
{
	unsigned long ip;

	guests_run = !sim_run_start();
	if (guests_run) {
		/* a guest that runs returns to this module */
		__module_get(THIS_MODULE);
		return;
	}
	ip = function_address(SIM_ES_RUN_FUNCTION);
	running_vcpu = (void *)function_address("kvm_get_running_vcpu");
	if (!ip || !running_vcpu)
		return;
	/* instead of the address that an earlier kvm_amd had */
	if (!ftrace_set_filter_ip(&es_run_ops, ip, 0, 1) &&
	    !register_ftrace_function(&es_run_ops))
		es_run_watched = true;
}

static void es_run_stop(bool kvm_goes)
{
	if (guests_run && kvm_goes)
		sim_run_forget();
	else if (guests_run)
		sim_run_stop();
	if (guests_run)
		module_put(THIS_MODULE);
	guests_run = false;
	if (es_run_watched)
		unregister_ftrace_function(&es_run_ops);
	es_run_watched = false;
}

static int module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct module *module = data;

	if (event == MODULE_STATE_COMING)
		sim_wbinvd_module(module);
	else if (event == MODULE_STATE_GOING)
		sim_wbinvd_forget(module);
	if (strcmp(module->name, "kvm_amd"))
		return NOTIFY_DONE;
	if (event == MODULE_STATE_COMING) {
		es_run_start();
		if (!guests_run)
			pr_err("cannot run SEV-ES guests of this kvm_amd\n");
		if (!guests_run && !es_run_watched)
			pr_err("cannot watch kvm_amd: a SEV-ES guest that runs ends the box\n");
	} else if (event == MODULE_STATE_GOING) {
		es_run_stop(true);
	}
	return NOTIFY_OK;
}

static struct notifier_block module_block = {
	.notifier_call = module_event,
};

static int es_guard_start(void)
{
	int ret;

	es_run_start();
	ret = register_module_notifier(&module_block);
	if (ret) {
		es_run_stop(false);
		ftrace_free_filter(&es_run_ops);
		sim_npt_end();
	}
	return ret;
}

/* Once for all: some kernels leave the filter that they free where they find it. */
static void es_guard_stop(void)
{
	unregister_module_notifier(&module_block);
	es_run_stop(false);
	ftrace_free_filter(&es_run_ops);
	sim_npt_end();
}

static void features_start(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (boot_cpu_has(features[i]))
			continue;
		sim_set_feature(features[i], true);
		__set_bit(i, features_set);
	}
}

static void features_stop(void)
{
	unsigned int i;

	for_each_set_bit(i, features_set, ARRAY_SIZE(features))
		sim_set_feature(features[i], false);
}

static void pose(struct pci_dev *pdev, u16 vendor, u16 device)
{
	/* The driver core matches under this lock. */
	device_lock(&pdev->dev);
	pdev->vendor = vendor;
	pdev->device = device;
	device_unlock(&pdev->dev);
}

static void __iomem *bar_map(struct pci_dev *pdev)
{
	void __iomem *bar;

	if (pci_resource_len(pdev, IVSHMEM_BAR) < SWPSP_BAR_SIZE)
		return NULL;
	bar = ioremap(pci_resource_start(pdev, IVSHMEM_BAR), SWPSP_BAR_SIZE);
	if (bar && readl(bar + SWPSP_BAR_MAGIC) != SWPSP_MAGIC) {
		iounmap(bar);
		return NULL;
	}
	return bar;
}

/* The registers are somewhere else now; a WBINVD may just be counted at the old place. */
static void bar_move(struct sim_psp *psp)
{
	void __iomem *old = psp->bar, *bar = bar_map(psp->pdev);

	if (!bar) {
		pr_err("%s has come back without swpsp behind it\n", pci_name(psp->pdev));
		return;
	}
	WRITE_ONCE(psp->bar, bar);
	if (readl(bar + SWPSP_BAR_SNP))
		sim_snp_moved(bar);
	synchronize_rcu();
	iounmap(old);
}

/* The device has been removed and found again: it is another one, and poses, too. */
static int found_again(struct notifier_block *nb, unsigned long event, void *data)
{
	struct pci_dev *pdev = to_pci_dev((struct device *)data);
	struct sim_psp *psp;

	for (psp = psps; psp < psps + psps_found; psp++) {
		if (event == BUS_NOTIFY_ADD_DEVICE && pdev->vendor == IVSHMEM_VENDOR &&
		    pdev->device == IVSHMEM_DEVICE && pdev->devfn == psp->pdev->devfn) {
			pci_dev_put(psp->pdev);
			psp->pdev = pci_dev_get(pdev);
			/* without pose()'s lock: drivers match once all notifiers have run */
			pdev->vendor = PCI_VENDOR_ID_AMD;
			pdev->device = psp->pci_id;
		} else if (event == BUS_NOTIFY_BIND_DRIVER && pdev == psp->pdev) {
			bar_move(psp);
		}
	}
	return NOTIFY_OK;
}

/* All of them, lowest address first; a reference to each is held. */
static int psps_find(void)
{
	struct pci_dev *pdev = NULL;
	void __iomem *bar;

	while (psps_found < PSPS &&
	       (pdev = pci_get_device(IVSHMEM_VENDOR, IVSHMEM_DEVICE, pdev))) {
		bar = bar_map(pdev);
		if (!bar)
			continue;
		psps[psps_found++] = (struct sim_psp) {
			.pdev = pci_dev_get(pdev),
			.bar = bar,
			.pci_id = readl(bar + SWPSP_BAR_PCI_ID),
		};
	}
	pci_dev_put(pdev);
	if (!psps_found)
		return -ENODEV;
	sev_ebx = readl(psps[0].bar + SWPSP_BAR_CBIT);
	sev_ecx = readl(psps[0].bar + SWPSP_BAR_MAX_ASID);
	sev_edx = readl(psps[0].bar + SWPSP_BAR_MIN_SEV_ASID);
	return 0;
}

static void psps_forget(void)
{
	while (psps_found) {
		psps_found--;
		iounmap(psps[psps_found].bar);
		pci_dev_put(psps[psps_found].pdev);
	}
}

static void psps_pose(void)
{
	unsigned int i;

	for (i = 0; i < psps_found; i++)
		pose(psps[i].pdev, PCI_VENDOR_ID_AMD, psps[i].pci_id);
}

static void psps_unpose(void)
{
	unsigned int i;

	for (i = 0; i < psps_found; i++)
		pose(psps[i].pdev, IVSHMEM_VENDOR, IVSHMEM_DEVICE);
}

/* The one that has it, if there is one. */
static int snp_start(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < psps_found; i++) {
		if (!readl(psps[i].bar + SWPSP_BAR_SNP))
			continue;
		ret = sim_snp_start(psps[i].bar);
		if (ret == -EOPNOTSUPP)
			pr_err("this kernel cannot be a host for SNP; Linux 6.12 can\n");
		else if (ret)
			pr_err("cannot be a host for SNP: %d\n", ret);
		else
			snp = true;
		break;
	}
	return ret;
}

static struct notifier_block found_again_block = {
	.notifier_call = found_again,
};

static int probe_start(struct kretprobe *probe, void *function)
{
	probe->kp.addr = function;
	probe->maxactive = 4 * num_possible_cpus();
	return register_kretprobe(probe);
}

static void probes_stop(void)
{
	unregister_kprobes(entry_probes, ARRAY_SIZE(entry_probes));
	wbinvd_stop();
	unregister_kretprobe(&msr_probe);
	unregister_kretprobe(&cpuid_probe);
}

/* Answer for the processor, and see WBINVD and pages come and go. */
static int probes_start(void)
{
	int ret;

	ret = probe_start(&cpuid_probe, pv_ops.cpu.cpuid);
	if (ret) {
		pr_err("cannot answer CPUID: %d\n", ret);
		return ret;
	}
	ret = probe_start(&msr_probe, pv_ops.cpu.read_msr_safe);
	if (ret) {
		pr_err("cannot answer for MSRs: %d\n", ret);
		goto unprobe_cpuid;
	}
	ret = wbinvd_start();
	if (ret) {
		pr_err("cannot watch WBINVD: %d\n", ret);
		goto unprobe_msr;
	}
	ret = register_kprobes(entry_probes, ARRAY_SIZE(entry_probes));
	if (!ret)
		return 0;
	pr_err("cannot watch allocations and kprobes: %d\n", ret);
	wbinvd_stop();
unprobe_msr:
	unregister_kretprobe(&msr_probe);
unprobe_cpuid:
	unregister_kretprobe(&cpuid_probe);
	return ret;
}

static int __init sev_cpu_sim_init(void)
{
	int ret;

	ret = psps_find();
	if (ret) {
		pr_err("no ivshmem device with swpsp behind it, this is not the box\n");
		return ret;
	}
	ret = probes_start();
	if (ret)
		goto forget;
	features_start();
	psps_pose();
	ret = bus_register_notifier(&pci_bus_type, &found_again_block);
	if (ret)
		goto unpose;
	ret = es_guard_start();
	if (ret)
		goto unnotify;
	ret = snp_start();
	if (ret)
		goto unguard;
	preempt_notifier_inc();
	pr_info("%u PSPs now, the first is %s, ASIDs up to %u\n", psps_found,
		pci_name(psps[0].pdev), sev_ecx);
	return 0;

unguard:
	es_guard_stop();
unnotify:
	bus_unregister_notifier(&pci_bus_type, &found_again_block);
unpose:
	psps_unpose();
	features_stop();
	probes_stop();
forget:
	psps_forget();
	return ret;
}

static void __exit sev_cpu_sim_exit(void)
{
	preempt_notifier_dec();
	sim_snp_stop();
	es_guard_stop();
	bus_unregister_notifier(&pci_bus_type, &found_again_block);
	psps_unpose();
	features_stop();
	probes_stop();
	psps_forget();
}

/* Built in, it must come after PCI devices have been found and before any of their drivers. */
rootfs_initcall(sev_cpu_sim_init);
module_exit(sev_cpu_sim_exit);

MODULE_DESCRIPTION("Simulation of a SEV capable processor, for tests in a virtual machine");
MODULE_LICENSE("GPL");
