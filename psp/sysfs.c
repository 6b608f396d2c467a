// SPDX-License-Identifier: GPL-2.0
/*
 * The administrator's view: attributes of the PCI device in sysfs, counters and the ASID
 * table in debugfs. Everything here reads. Nothing that is looked at asks
 * the firmware, since a firmware that does not answer would be given up because of it, and
 * nothing takes psp->lock, since whoever holds it may be waiting for such a firmware.
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
 *   asids_lost                             those that no SNP guest can have: the firmware
 *                                          keeps a page of an earlier one
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
#include <linux/crash_dump.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>

#include "psp.h"

static struct dentry *debugfs_root;

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
			  psp_clock_since(since) / NSEC_PER_MSEC);
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

static ssize_t asids_lost_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct psp *psp = psp_of(dev);
	const struct psp_asid *table = smp_load_acquire(&psp->asid);	/* as show_asids() */
	int len = 0;
	u32 asid;

	for (asid = 1; table && asid <= psp->max_asid; asid++)
		if (READ_ONCE(table[asid].lost))
			len += sysfs_emit_at(buf, len, "%s%u", len ? " " : "", asid);
	return len + sysfs_emit_at(buf, len, "%s\n", len ? "" : "none");
}
static DEVICE_ATTR_RO(asids_lost);

static ssize_t show_failure(struct psp *psp, char *buf, bool init)
{
	const struct psp_row *row;
	int unasked;
	bool hint;
	u32 status;

	spin_lock(&psp->failure_lock);
	row = init ? psp->init_row : psp->failed_row;
	status = init ? psp->init_status : psp->failed_status;
	unasked = init ? psp->init_unasked : 0;
	spin_unlock(&psp->failure_lock);
	if (!row)
		return sysfs_emit(buf, "none\n");
	if (unasked)
		return sysfs_emit(buf, "%s was not issued: %s (error %d)\n", row->name,
				  psp_unasked_hint(unasked), unasked);
	if (status == SEV_FW_NO_CALL)
		return sysfs_emit(buf, "%s was not answered\n", row->name);
	hint = init || status == SEV_FW_STATUS_WBINVD_REQUIRED;
	return sysfs_emit(buf, "%s %s (0x%02x)%s%s\n", row->name, psp_status_name(status), status,
			  hint ? ": " : "", hint ? psp_init_hint(row, status) : "");
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
	&dev_attr_asids_lost.attr,
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
		if (!READ_ONCE(stat->count))
			continue;
		seq_printf(seq, "%-20s %8llu %8llu ;", psp_rows[i].name,
			   READ_ONCE(stat->count), READ_ONCE(stat->refused));
		for (bucket = 0; bucket < PSP_BUCKETS; bucket++)
			seq_printf(seq, " %llu", READ_ONCE(stat->time[bucket]));
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
	seq_printf(seq, "ring %llu\n", READ_ONCE(psp->ring.posted));
	seq_printf(seq, "interrupts %u\ninterrupt %s\n", READ_ONCE(psp->interrupts),
		   interrupts[psp->interrupt]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(waiting);

/**
 * psp_debugfs_show() - let debugfs show it
 * @psp: PSP that commands go to
 */
void psp_debugfs_show(struct psp *psp)
{
	psp->debugfs = debugfs_create_dir(pci_name(psp->pdev), debugfs_root);
	debugfs_create_file("commands", 0400, psp->debugfs, psp, &commands_fops);
	debugfs_create_file("asids", 0400, psp->debugfs, psp, &asid_table_fops);
	debugfs_create_file("waiting", 0400, psp->debugfs, psp, &waiting_fops);
}

/**
 * psp_debugfs_hide() - debugfs shows it no more, and nobody is looking
 * @psp: PSP
 */
void psp_debugfs_hide(struct psp *psp)
{
	debugfs_remove_recursive(psp->debugfs);
	psp->debugfs = NULL;
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
