// SPDX-License-Identifier: GPL-2.0
/*
 * Seeing it work: the tracepoint, attributes of the PCI device in sysfs, counters
 * and the ASID table in debugfs. Everything here reads; nothing here changes what
 * a command does. Nothing that is looked at asks the firmware, since a firmware that
 * does not answer would be given up because of it, and nothing takes psp->lock, since
 * whoever holds it may be waiting for such a firmware.
 *
 * sysfs, in the PCI device's directory:
 *   api_version build owner                what PLATFORM_STATUS has said
 *   state guests                           what PLATFORM_STATUS would say, by the
 *                                          driver's own books
 *   dead                                   1 once a command was not answered
 *   quarantined_pages                      memory lost to it, in pages
 *   busy                                   what firmware is executing, since when
 *   asids, asids_es                        how many are free, bound, dirty: of all,
 *                                          and of those for SEV-ES guests
 *   last_failure                           the last command that firmware refused
 *   init_failure                           why the platform could not be initialised,
 *                                          when that was last tried
 *   persistent_data                        where it is kept, and what is wrong with that
 *   sev_es                                 on, or why it is off
 *
 * debugfs, psp_sev/<device>:
 *   commands  for each command: how often, how often refused, a histogram of the
 *             time firmware took, in powers of two of a microsecond
 *   asids     state of each ASID, and the handle of the guest that holds it
 *   waiting   how answers were found: by polling, by sleeping after polling in vain, by
 *             sleeping at once; how many of those slept for had lost their interrupt,
 *             so that a timer found them; interrupts, and how they behaved at probe
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/crash_dump.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "psp.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static struct dentry *debugfs_root;

/**
 * psp_observe() - a command has been answered, or has not
 * @psp: PSP
 * @call: command, as it came back
 * @handle: guest that was meant, 0 if none
 * @asid: ASID that was meant, 0 if none
 *
 * Context: psp->lock held.
 */
void psp_observe(struct psp *psp, const struct psp_call *call, u32 handle, u32 asid)
{
	struct psp_stat *stat = &psp->stat[call->row - psp_rows];
	u64 us = call->firmware_ns / NSEC_PER_USEC;

	lockdep_assert_held(&psp->lock);

	trace_psp_command(call, handle, asid, call->queue_ns, call->firmware_ns);
	stat->count++;
	stat->time[min_t(unsigned int, us ? ilog2(us) + 1 : 0, PSP_BUCKETS - 1)]++;
	if (psp_call_refused(call))
		stat->refused++;
}

/*
 * A CPU that is present but offline executes no WBINVD, but the firmware insists on one
 * of each, once a guest may have run there.
 */
static const char *wbinvd_hint(void)
{
	if (num_online_cpus() < num_present_cpus())
		return "CPUs are offline and cannot flush their caches, set them online";
	return "not every CPU of the machine has executed WBINVD";
}

/* The firmware wants this of the machine before it can be initialised. */
static const char *init_hint(const struct psp_row *row, u32 status)
{
	static const struct {
		u8 status;
		const char *hint;
	} hints[] = {
		{ SEV_FW_STATUS_INVALID_PLATFORM_STATE,
		  "it is up already, or SNP is on and its RMP is not" },
		{ SEV_FW_STATUS_INVALID_CONFIG, "the memory for SEV-ES does not suit it" },
		{ SEV_FW_STATUS_INVALID_LENGTH, "the memory for SEV-ES does not suit it" },
		{ SEV_FW_STATUS_INVALID_ADDRESS, "the memory for SEV-ES does not suit it" },
		{ SEV_FW_STATUS_HWERROR_PLATFORM,
		  "memory encryption (SMEE) is off in the BIOS, or its storage is broken" },
		{ SEV_FW_STATUS_UNSUPPORTED, "it is not made for this processor" },
		{ SEV_FW_STATUS_SECURE_DATA_INVALID,
		  "its persistent data is damaged or another's, PLATFORM_RESET makes new" },
	};
	unsigned int i;

	if (status == SEV_FW_STATUS_WBINVD_REQUIRED)
		return wbinvd_hint();
	if (row->then != PSP_THEN_UP)
		return "there can be no guest before that has succeeded";
	for (i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].status == status)
			return hints[i].hint;
	return "the SEV API does not say why";
}

/**
 * psp_observe_bring_up() - firmware could not be initialised
 * @row: command that it has refused
 * @status: the firmware's answer
 *
 * Callers get the status only; the administrator is told what to look at.
 *
 * Context: any.
 */
void psp_observe_bring_up(const struct psp_row *row, u32 status)
{
	pr_err_ratelimited("firmware refuses %s, %s (0x%02x): %s\n", row->name,
			   psp_status_name(status), status, init_hint(row, status));
}

/**
 * psp_observe_unflushed() - no ASID of an earlier guest can be used again
 *
 * KVM says no more than EBUSY or EIO to whoever starts a guest.
 *
 * Context: any.
 */
void psp_observe_unflushed(void)
{
	pr_err_ratelimited("ASIDs cannot be used again, DF_FLUSH failed with %s (0x%02x): %s\n",
			   psp_status_name(SEV_FW_STATUS_WBINVD_REQUIRED),
			   SEV_FW_STATUS_WBINVD_REQUIRED, wbinvd_hint());
}

/**
 * psp_observe_asids() - how many guests of each kind there can be at the same time
 * @psp: PSP that commands go to
 *
 * KVM refuses a guest of a kind that has no ASIDs without saying why.
 */
void psp_observe_asids(const struct psp *psp)
{
	u32 es = min(psp->min_sev_asid, psp->max_asid + 1);

	es = es ? es - 1 : 0;
	pci_info(psp->pdev, "SEV API %d.%d build %d, ASIDs: %u for SEV guests, %u for SEV-ES guests\n",
		 psp->api >> 8, psp->api & 0xff, psp->build, psp->max_asid - es, es);
	if (!es)
		pci_warn(psp->pdev, "no SEV-ES guests: the BIOS gives them no ASIDs\n");
	if (es == psp->max_asid)
		pci_warn(psp->pdev, "no SEV guests without SEV-ES: the BIOS gives them no ASIDs\n");
}

/**
 * psp_observe_interrupt() - the interrupt does not behave
 * @psp: PSP that has been tried
 *
 * Commands are answered all the same; the administrator learns why they cost more.
 *
 * Context: any.
 */
void psp_observe_interrupt(const struct psp *psp)
{
	if (psp->interrupt == PSP_INTERRUPT_STRAYS)
		pci_info(psp->pdev, "interrupts come although they are masked, so they are left on\n");
	else if (psp->interrupt == PSP_INTERRUPT_ABSENT)
		pci_warn(psp->pdev, "no interrupt comes for an answer, so that a timer has to look for it: slow commands get slower by some milliseconds\n");
}

static struct psp *psp_of(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static ssize_t api_version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u.%u\n", psp_of(dev)->api >> 8, psp_of(dev)->api & 0xff);
}
static DEVICE_ATTR_RO(api_version);

static ssize_t build_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", psp_of(dev)->build);
}
static DEVICE_ATTR_RO(build);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct psp *psp = psp_of(dev);

	if (!READ_ONCE(psp->up))
		return sysfs_emit(buf, "0\n");
	return sysfs_emit(buf, "%d\n", READ_ONCE(psp->guests) ? 2 : 1);
}
static DEVICE_ATTR_RO(state);

static ssize_t owner_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(psp_of(dev)->owner));
}
static DEVICE_ATTR_RO(owner);

static ssize_t guests_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(psp_of(dev)->guests));
}
static DEVICE_ATTR_RO(guests);

static ssize_t dead_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(psp_of(dev)->end) == PSP_DEAD);
}
static DEVICE_ATTR_RO(dead);

static ssize_t quarantined_pages_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", psp_fwmem_lost());
}
static DEVICE_ATTR_RO(quarantined_pages);

/* Slow, hanging or idle: without a look at the lock, which may be long in coming. */
static ssize_t busy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct psp_row *row = READ_ONCE(psp_of(dev)->busy);
	u64 since = READ_ONCE(psp_of(dev)->busy_since);

	if (!row)
		return sysfs_emit(buf, "idle\n");
	return sysfs_emit(buf, "%s %llu ms\n", row->name,
			  (ktime_get_ns() - since) / NSEC_PER_MSEC);
}
static DEVICE_ATTR_RO(busy);

static ssize_t show_asids(struct psp *psp, char *buf, u32 end)
{
	/* a PSP that commands do not go to has none; once there it stays there */
	const struct psp_asid *table = smp_load_acquire(&psp->asid);
	unsigned int count[PSP_ASID_STATES] = {};
	u32 asid;

	for (asid = 1; table && asid < end; asid++)
		count[READ_ONCE(table[asid].state)]++;
	return sysfs_emit(buf, "free %u bound %u dirty %u\n", count[PSP_ASID_FREE],
			  count[PSP_ASID_BOUND], count[PSP_ASID_DIRTY]);
}

static ssize_t asids_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_asids(psp_of(dev), buf, psp_of(dev)->max_asid + 1);
}
static DEVICE_ATTR_RO(asids);

static ssize_t asids_es_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct psp *psp = psp_of(dev);

	return show_asids(psp, buf, min(psp->min_sev_asid, psp->max_asid + 1));
}
static DEVICE_ATTR_RO(asids_es);

static ssize_t show_failure(struct psp *psp, char *buf, bool init)
{
	const struct psp_row *row;
	bool hint;
	u32 status;

	spin_lock(&psp->failure_lock);
	row = init ? psp->init_row : psp->failed_row;
	status = init ? psp->init_status : psp->failed_status;
	spin_unlock(&psp->failure_lock);
	if (!row)
		return sysfs_emit(buf, "none\n");
	if (status == SEV_FW_NO_CALL)
		return sysfs_emit(buf, "%s was not answered\n", row->name);
	hint = init || status == SEV_FW_STATUS_WBINVD_REQUIRED;
	return sysfs_emit(buf, "%s %s (0x%02x)%s%s\n", row->name, psp_status_name(status), status,
			  hint ? ": " : "", hint ? init_hint(row, status) : "");
}

static ssize_t last_failure_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_failure(psp_of(dev), buf, false);
}
static DEVICE_ATTR_RO(last_failure);

static ssize_t init_failure_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	if (psp_nv_keeps_down(psp_of(dev)))
		return psp_nv_show(psp_of(dev), buf);
	return show_failure(psp_of(dev), buf, true);
}
static DEVICE_ATTR_RO(init_failure);

static ssize_t persistent_data_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return psp_nv_show(psp_of(dev), buf);
}
static DEVICE_ATTR_RO(persistent_data);

static ssize_t sev_es_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct psp *psp = psp_of(dev);

	if (is_kdump_kernel())
		return sysfs_emit(buf, "off: a crash kernel has no guests\n");
	if (!smp_load_acquire(&psp->asid))	/* pairs with psp_asid_init() */
		return sysfs_emit(buf, "off: this PSP is not used\n");
	if (!READ_ONCE(psp->tmr_wanted))
		return sysfs_emit(buf, "off: the processor has no SEV-ES, or no ASIDs for it\n");
	if (READ_ONCE(psp->end) != PSP_ALIVE)
		return sysfs_emit(buf, "off: the PSP does not answer\n");
	if (!READ_ONCE(psp->up))
		return sysfs_emit(buf, "off: the platform is not initialised\n");
	if (!READ_ONCE(psp->tmr.virt))
		return sysfs_emit(buf, "off: no memory for it in one piece\n");
	return sysfs_emit(buf, "on\n");
}
static DEVICE_ATTR_RO(sev_es);

static struct attribute *psp_attrs[] = {
	&dev_attr_api_version.attr,
	&dev_attr_build.attr,
	&dev_attr_state.attr,
	&dev_attr_owner.attr,
	&dev_attr_guests.attr,
	&dev_attr_dead.attr,
	&dev_attr_quarantined_pages.attr,
	&dev_attr_busy.attr,
	&dev_attr_asids.attr,
	&dev_attr_asids_es.attr,
	&dev_attr_last_failure.attr,
	&dev_attr_init_failure.attr,
	&dev_attr_persistent_data.attr,
	&dev_attr_sev_es.attr,
	NULL
};

static const struct attribute_group psp_group = {
	.attrs = psp_attrs,
};

const struct attribute_group *psp_attr_groups[] = {
	&psp_group,
	NULL
};

static int commands_show(struct seq_file *seq, void *unused)
{
	struct psp *psp = seq->private;
	const struct psp_stat *stat;
	unsigned int i, bucket;

	seq_puts(seq, "# command count refused; commands that took <1us <2us <4us ...\n");
	for (i = 0; i < psp_nr_rows; i++) {
		stat = &psp->stat[i];
		if (!stat->count)
			continue;
		seq_printf(seq, "%-20s %8llu %8llu ;", psp_rows[i].name, stat->count,
			   stat->refused);
		for (bucket = 0; bucket < PSP_BUCKETS; bucket++)
			seq_printf(seq, " %llu", stat->time[bucket]);
		seq_putc(seq, '\n');
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(commands);

static int asid_table_show(struct seq_file *seq, void *unused)
{
	static const char * const names[PSP_ASID_STATES] = {
		[PSP_ASID_DIRTY] = "dirty", [PSP_ASID_FREE] = "free", [PSP_ASID_BOUND] = "bound",
	};
	struct psp *psp = seq->private;
	u64 guest;
	u32 asid;

	seq_puts(seq, "# asid state handle\n");
	for (asid = 1; asid <= psp->max_asid; asid++) {
		guest = READ_ONCE(psp->asid[asid].guest);
		seq_printf(seq, "%u %s ", asid, names[READ_ONCE(psp->asid[asid].state)]);
		if (guest & PSP_ID_CONTEXT)
			seq_puts(seq, "snp\n");
		else
			seq_printf(seq, "%llu\n", guest);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(asid_table);

static int waiting_show(struct seq_file *seq, void *unused)
{
	static const char * const interrupts[] = {
		[PSP_INTERRUPT_OBEYS] = "on while somebody sleeps",
		[PSP_INTERRUPT_STRAYS] = "always on, since the mask does not hold it back",
		[PSP_INTERRUPT_ABSENT] = "does not come",
	};
	const struct psp *psp = seq->private;

	seq_printf(seq, "polled %llu\nmissed %llu\nslept %llu\nrechecked %llu\n",
		   READ_ONCE(psp->polled), READ_ONCE(psp->missed), READ_ONCE(psp->slept),
		   READ_ONCE(psp->rechecked));
	seq_printf(seq, "interrupts %u\ninterrupt %s\n", READ_ONCE(psp->interrupts),
		   interrupts[psp->interrupt]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(waiting);

/**
 * psp_observe_init() - begin to count
 * @psp: PSP, before its first command
 *
 * Return: 0 or -ENOMEM.
 */
int psp_observe_init(struct psp *psp)
{
	psp->stat = kvcalloc(psp_nr_rows, sizeof(*psp->stat), GFP_KERNEL);
	return psp->stat ? 0 : -ENOMEM;
}

/**
 * psp_observe_show() - let debugfs show it
 * @psp: PSP that commands go to
 */
void psp_observe_show(struct psp *psp)
{
	psp->debugfs = debugfs_create_dir(pci_name(psp->pdev), debugfs_root);
	debugfs_create_file("commands", 0400, psp->debugfs, psp, &commands_fops);
	debugfs_create_file("asids", 0400, psp->debugfs, psp, &asid_table_fops);
	debugfs_create_file("waiting", 0400, psp->debugfs, psp, &waiting_fops);
}

/**
 * psp_observe_hide() - debugfs shows it no more, and nobody is looking
 * @psp: PSP
 */
void psp_observe_hide(struct psp *psp)
{
	debugfs_remove_recursive(psp->debugfs);
	psp->debugfs = NULL;
}

/**
 * psp_observe_exit() - release what psp_observe_init() took
 * @psp: PSP that nobody uses any more
 */
void psp_observe_exit(struct psp *psp)
{
	kvfree(psp->stat);
	psp->stat = NULL;
}

/**
 * psp_debugfs_init() - module load
 */
void psp_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir(KBUILD_MODNAME, NULL);
}

/**
 * psp_debugfs_exit() - module unload
 */
void psp_debugfs_exit(void)
{
	debugfs_remove_recursive(debugfs_root);
}
