// SPDX-License-Identifier: GPL-2.0
/*
 * Devices: every AMD PSP that has SEV, the registers of each generation as data,
 * and the choice of the one that commands go to among several: the one with the lowest
 * PCI address, as the firmware has it. The choice stands as long as that PSP is there,
 * because it has guests, and memory of ours. No other is ever sent a command.
 *
 * Devices are not probed in the order of their addresses, so that the first of them is
 * known when all have been probed: once the driver has been registered, since it has
 * them probed one after the other. A PSP that cannot be used, because it does not
 * answer for example, stays bound to the driver, which says why, and is tried again
 * when the one in use is removed.
 *
 * A struct psp outlives its device. Holders get -ENODEV once the device is gone;
 * registers must be touched under psp->lock only, after a look at psp->end.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpufeature.h>
#include <linux/crash_dump.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/panic_notifier.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/slab.h>
#include <asm/msr.h>

#include "compat.h"
#include "psp.h"

#define PSP_BAR		2
#define PSP_DMA_BITS	48

#define SYSCFG_SNP_EN	BIT(24)

static LIST_HEAD(psp_list);	/* psp_master_lock */
static bool psp_electing;	/* from the time that all have been probed, until unload */

static int no_sev(struct pci_dev *pdev, int error, const char *reason)
{
	psp_set_reason(pdev, reason);
	return dev_err_probe(&pdev->dev, error, "no SEV: %s\n", reason);
}

/* The last user is gone. */
static void free_psp(struct psp *psp)
{
	psp_platform_exit(psp);
	psp_mailbox_exit(psp);
	psp_observe_exit(psp);
	mutex_destroy(&psp->lock);
	kfree(psp);
}

static irqreturn_t psp_irq(int irq, void *data)
{
	psp_mailbox_interrupt(data);
	return IRQ_HANDLED;
}

static bool comes_before(const struct pci_dev *a, const struct pci_dev *b)
{
	if (pci_domain_nr(a->bus) != pci_domain_nr(b->bus))
		return pci_domain_nr(a->bus) < pci_domain_nr(b->bus);
	if (a->bus->number != b->bus->number)
		return a->bus->number < b->bus->number;
	return a->devfn < b->devfn;
}

static void list_add_sorted(struct psp *psp)
{
	struct psp *other;

	list_for_each_entry(other, &psp_list, list)
		if (comes_before(psp->pdev, other->pdev))
			break;
	list_add_tail(&psp->list, &other->list);
}

/* Say why the PSP cannot be used. */
static void not_elected(const struct psp *psp, int error)
{
	char refused[PSP_REASON_LEN];

	if (error == -ENOMEM) {
		no_sev(psp->pdev, error, "there is no memory");
	} else if (error == -E2BIG) {
		no_sev(psp->pdev, error,
		       "more memory is reserved than SNP_INIT_EX can be told of; boot with sev=nosnp");
	} else if (psp->end == PSP_DEAD || !psp->failed_row) {
		no_sev(psp->pdev, error, PSP_NO_ANSWER);
	} else {
		snprintf(refused, sizeof(refused), "firmware refuses %s, %s (0x%02x)",
			 psp->failed_row->name, psp_status_name(psp->failed_status),
			 psp->failed_status);
		no_sev(psp->pdev, error, refused);
	}
}

static void become_master(struct psp *psp)
{
	u32 ignored;
	int ret = psp_platform_init(psp);

	if (ret) {
		not_elected(psp, ret);
		return;
	}
	psp_load_firmware(psp);
	psp_try_interrupt(psp);
	/* should the kernel panic now, the firmware has memory of ours */
	psp_master = psp;
	if (psp_init_on_probe)
		psp_bring_up(psp, true, &ignored);
	/* a refused INIT can be tried again later, but a dead PSP must make room for the next */
	if (psp->end != PSP_ALIVE) {
		psp_master = NULL;
		not_elected(psp, -EIO);
		return;
	}
	psp_observe_asids(psp);
	psp_debugfs_show(psp);
}

/* /dev/sev is there while there is a PSP that commands go to. */
static void show_dev(void)
{
	static bool registered;
	int ret;

	if (psp_master && !registered) {
		ret = psp_dev_register();
		registered = !ret;
		if (ret)
			no_sev(psp_master->pdev, ret, "/dev/sev is somebody else's");
	} else if (!psp_master && registered) {
		psp_dev_unregister();
		registered = false;
	}
}

/*
 * If there is no PSP that commands go to, the first one of the list that works is it
 * from now on.
 */
static void elect(void)
{
	struct psp *psp;

	lockdep_assert_held(&psp_master_lock);
	list_for_each_entry(psp, &psp_list, list) {
		if (!psp_electing)
			break;
		if (!psp_master)
			become_master(psp);
		if (psp_master && psp->end == PSP_ALIVE)
			psp_set_reason(psp->pdev, psp_master == psp ? "ok" : "another PSP is used");
	}
	show_dev();
}

static void set_electing(bool electing)
{
	mutex_lock(&psp_master_lock);
	psp_electing = electing;
	elect();
	mutex_unlock(&psp_master_lock);
}

static void drop(struct psp *psp)
{
	list_del(&psp->list);
	psp_debugfs_hide(psp);
	psp_take_down(psp, PSP_GONE);
	psp_nv_save(psp);	/* retry a save that has failed before */
	if (psp_master == psp)
		psp_master = NULL;
}

static void psp_add(struct psp *psp)
{
	mutex_lock(&psp_master_lock);
	list_add_sorted(psp);
	elect();
	mutex_unlock(&psp_master_lock);
}

static int psp_map(struct pci_dev *pdev, struct psp *psp)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(PSP_BAR), KBUILD_MODNAME);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(PSP_DMA_BITS));
	if (ret)
		return ret;
	psp->bar = pcim_iomap_table(pdev)[PSP_BAR];
	return 0;
}

static int psp_irq_setup(struct pci_dev *pdev, struct psp *psp)
{
	int ret;

	/* vector 0 is the PSP's, with MSI it is the only one */
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX | PCI_IRQ_MSI);
	if (ret < 0)
		return ret;
	ret = request_irq(pci_irq_vector(pdev, 0), psp_irq, 0, KBUILD_MODNAME, psp);
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

static void psp_irq_teardown(struct pci_dev *pdev, struct psp *psp)
{
	psp_mailbox_quiet(psp);
	free_irq(pci_irq_vector(pdev, 0), psp);
	psp_mailbox_stop(psp);
	pci_free_irq_vectors(pdev);
}

static struct psp *psp_alloc(struct pci_dev *pdev, const struct psp_regs *regs)
{
	struct psp *psp = kzalloc(sizeof(*psp), GFP_KERNEL);

	if (!psp)
		return NULL;
	kref_init(&psp->ref);
	psp->release = free_psp;
	mutex_init(&psp->lock);
	init_waitqueue_head(&psp->turn);
	spin_lock_init(&psp->failure_lock);
	psp->pdev = pdev;
	psp->reason = psp_set_reason(pdev, "it has not been tried yet");
	psp->regs = regs;
	if (psp_kernel_has_snp() && !is_kdump_kernel())
		psp->snp_prepare = psp_find_snp_prepare();
	psp->snp = psp->snp_prepare;
	return psp;
}

/*
 * SNP stays on until the machine is reset, also in the kernel that kexec starts, so that
 * the processor is asked as well as the kernel. With it on, each page that the firmware
 * writes to must be handed over to it in the RMP, which takes a kernel that knows how.
 */
static bool snp_is_on(void)
{
	u32 low, high;

	return !rdmsr_safe(MSR_AMD64_SYSCFG, &low, &high) && low & SYSCFG_SNP_EN;
}

static int psp_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct psp *psp;
	int ret;

	if (!boot_cpu_has(X86_FEATURE_SEV))
		return no_sev(pdev, -ENODEV, "the CPU has none, or the BIOS has it off");
	if (snp_is_on() && !(psp_kernel_has_snp() && psp_find_snp_prepare()))
		return no_sev(pdev, -ENODEV,
			      "SNP is on, which psp_sev cannot use with this kernel; boot with sev=nosnp, or use ccp");
	/* driver_override binds any device, so the registers may be unknown */
	if (!id->driver_data)
		return no_sev(pdev, -ENODEV, "this is no PSP whose registers are known");

	psp = psp_alloc(pdev, (const struct psp_regs *)id->driver_data);
	if (!psp)
		return no_sev(pdev, -ENOMEM, "there is no memory");
	if (psp_kernel_has_snp() && !psp->snp && !is_kdump_kernel())
		pr_warn("no SNP guests: the kernel's snp_prepare(), which switches SNP on, cannot be found; all else works\n");
	ret = psp_observe_init(psp);
	if (ret) {
		no_sev(pdev, ret, "there is no memory");
		goto put;
	}
	ret = psp_map(pdev, psp);
	if (ret) {
		no_sev(pdev, ret, "the registers of the PSP cannot be mapped");
		goto put;
	}
	ret = psp_mailbox_init(psp);
	if (ret) {
		no_sev(pdev, ret, ret == -ENOMEM ? "there is no memory" :
		       "this PSP does not offer it");
		goto put;
	}
	ret = psp_irq_setup(pdev, psp);
	if (ret) {
		no_sev(pdev, ret, "the PSP gets no interrupt");
		goto put;
	}
	pci_set_drvdata(pdev, psp);
	psp_add(psp);
	return 0;

put:
	psp_put(psp);
	return ret;
}

static void psp_remove(struct pci_dev *pdev)
{
	struct psp *psp = pci_get_drvdata(pdev);

	mutex_lock(&psp_master_lock);
	drop(psp);
	psp_drop_reason(psp);
	psp_set_reason(pdev, "the device has been removed, or unbound from the driver");
	elect();
	mutex_unlock(&psp_master_lock);
	psp_irq_teardown(pdev, psp);
	psp_put(psp);
}

/* Firmware must not own memory, nor hold guests, when the next kernel comes. */
static void psp_shutdown(struct pci_dev *pdev)
{
	struct psp *psp = pci_get_drvdata(pdev);

	psp_take_down(psp, PSP_GONE);
	psp_nv_tell_lost(psp);
}

/* The next kernel must not find a firmware that still writes to this kernel's memory. */
static int psp_panic(struct notifier_block *nb, unsigned long event, void *unused)
{
	struct psp *psp = psp_master;

	/*
	 * A crash kernel has given it nothing, and has to leave to it what the kernel before
	 * has. A command that is under way can be neither awaited nor overtaken.
	 */
	if (psp && (psp->given || psp->snp_up) && psp->end == PSP_ALIVE &&
	    mutex_trylock(&psp->lock))
		psp_mailbox_panic(psp);
	return NOTIFY_DONE;
}

static struct notifier_block psp_panic_block = {
	.notifier_call = psp_panic,
};

static int psp_pm_suspend(struct device *dev)
{
	struct psp *psp = dev_get_drvdata(dev);

	psp->snp_slept = READ_ONCE(psp->snp_up);
	return psp_suspend(psp);
}

static int psp_pm_resume(struct device *dev)
{
	struct psp *psp = dev_get_drvdata(dev);
	u32 ignored;

	psp_mailbox_quiet(psp);	/* INIT comes on demand */
	/* but SNP comes now: later KVM is in its way */
	psp->resuming = true;
	if (psp->snp_slept)
		psp_bring_up_snp(psp, &ignored);
	psp->resuming = false;
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(psp_pm_ops, psp_pm_suspend, psp_pm_resume);

static const struct psp_regs psp_v1 = {
	.cmdresp = 0x10580,
	.addr_lo = 0x105e0,
	.addr_hi = 0x105e4,
	.feature = 0x105fc,
	.inten = 0x10610,
	.intsts = 0x10614,
};

static const struct psp_regs psp_v2 = {
	.cmdresp = 0x10980,
	.addr_lo = 0x109e0,
	.addr_hi = 0x109e4,
	.feature = 0x109fc,
	.inten = 0x10690,
	.intsts = 0x10694,
};

static const struct psp_regs psp_v6 = {
	.cmdresp = 0x10980,
	.addr_lo = 0x109e0,
	.addr_hi = 0x109e4,
	.feature = 0x109fc,
	.inten = 0x10510,
	.intsts = 0x10514,
};

#define PSP(id, regs) \
	{ PCI_VDEVICE(AMD, id), .driver_data = (kernel_ulong_t)&(regs) }

static const struct pci_device_id psp_ids[] = {
	PSP(0x1456, psp_v1),
	PSP(0x1486, psp_v2),
	PSP(0x14ca, psp_v2),	/* the fourth generation kept the second one's registers */
	PSP(0x156e, psp_v6),
	PSP(0x17d8, psp_v6),
	{}
};
MODULE_DEVICE_TABLE(pci, psp_ids);

static ssize_t reason_show(struct device_driver *driver, char *buf)
{
	return psp_show_reasons(buf);
}
static DRIVER_ATTR_RO(reason);

static struct attribute *psp_driver_attrs[] = {
	&driver_attr_reason.attr,
	NULL
};
ATTRIBUTE_GROUPS(psp_driver);

static struct pci_driver psp_driver = {
	.name = KBUILD_MODNAME,
	.id_table = psp_ids,
	.probe = psp_probe,
	.remove = psp_remove,
	.shutdown = psp_shutdown,
	.groups = psp_driver_groups,
	.dev_groups = psp_attr_groups,
	.driver.pm = pm_sleep_ptr(&psp_pm_ops),
	/* all must have been probed before one is elected, whatever the command line says */
	.driver.probe_type = PROBE_FORCE_SYNCHRONOUS,
};

static int __init psp_module_init(void)
{
	static bool done __initdata;
	int ret;

	if (done)
		return 0;
	psp_debugfs_init();
	psp_firmware_init();
	ret = pci_register_driver(&psp_driver);
	if (ret) {
		psp_debugfs_exit();
		return ret;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &psp_panic_block);
	set_electing(true);
	done = true;
	return 0;
}
module_init(psp_module_init);

#ifndef MODULE
/**
 * sev_module_init() - register the driver, unless that has been done
 *
 * A kvm_amd that is built in calls this: in the order of initialisation it comes before
 * this driver, but needs the PSP to decide what guests it can offer.
 *
 * Return: 0 or a negative errno.
 */
int __init sev_module_init(void)
{
	return psp_module_init();
}
#endif

static void __exit psp_module_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &psp_panic_block);
	/* none is to take over, only to be removed next */
	set_electing(false);
	pci_unregister_driver(&psp_driver);
	psp_handle_drop_all();
	psp_fwmem_drain();
	psp_forget_reasons();
	psp_debugfs_exit();
}
module_exit(psp_module_exit);

MODULE_DESCRIPTION("AMD SEV firmware: one path for all commands");
MODULE_LICENSE("GPL");
