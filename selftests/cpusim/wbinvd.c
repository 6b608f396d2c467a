// SPDX-License-Identifier: GPL-2.0
/*
 * WBINVD that is executed elsewhere than in the kernel's function for it (main.c): inline in
 * a module that is loaded after this one, as in ccp and psp_sev when the kernel panics, or by
 * a CPU that is stopped.
 *
 *  - In a module, and in the function of crash dumps, kprobes are on the instructions
 *    themselves. They are looked for byte by byte; kprobes refuse those that only look like
 *    one.
 *  - stop_this_cpu() executes WBINVD if CPUID says that the processor has SME, as each has
 *    that has SEV. Here CPUID cannot say so: the kernel would have had to encrypt its memory
 *    from boot. The function's beginning counts instead.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "compat.h"
#include "sim.h"

#define SITES		24
#define CALLBACK_SIZE	64	/* more than the function has */

static const u8 code[] = { 0x0f, 0x09 };

/**
 * struct site - a WBINVD
 * @probe: kprobe on it, if @used
 * @module: that has it; NULL: the kernel
 * @used: there is one
 */
struct site {
	struct kprobe probe;
	const struct module *module;
	bool used;
};

static struct site sites[SITES];
static DEFINE_MUTEX(sites_lock);

static int executed(struct kprobe *probe, struct pt_regs *regs)
{
	sim_count_wbinvd();
	return 0;
}

NOKPROBE_SYMBOL(executed);

/* With it a kprobe stays a breakpoint, and no code is patched later. */
static void done(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

NOKPROBE_SYMBOL(done);

static void watch_site(const struct module *module, void *at)
{
	struct site *site = sites;

	while (site < sites + SITES && site->used)
		site++;
	if (site == sites + SITES) {
		pr_err("cannot watch more than %u WBINVD\n", SITES);
		return;
	}
	site->probe = (struct kprobe) { .addr = at, .pre_handler = executed, .post_handler = done };
	site->module = module;
	site->used = !register_kprobe(&site->probe);
}

static void watch(const struct module *module, void *text, size_t size)
{
	size_t at;

	mutex_lock(&sites_lock);
	for (at = 0; at + sizeof(code) <= size; at++)
		if (!memcmp(text + at, code, sizeof(code)))
			watch_site(module, text + at);
	mutex_unlock(&sites_lock);
}

void sim_wbinvd_module(const struct module *module)
{
	watch(module, sim_module_text(module), sim_module_text_size(module));
}

static void forget(bool all, const struct module *module)
{
	struct site *site;

	mutex_lock(&sites_lock);
	for (site = sites; site < sites + SITES; site++) {
		if (!site->used || (!all && site->module != module))
			continue;
		unregister_kprobe(&site->probe);
		site->used = false;
	}
	mutex_unlock(&sites_lock);
}

void sim_wbinvd_forget(const struct module *module)
{
	forget(false, module);
}

static struct kprobe stop_probe = {
	.symbol_name = "stop_this_cpu",
	.pre_handler = executed,
};

static bool stops_watched;

/* Kernels without SNP have no such function. */
void sim_wbinvd_start(void)
{
	void *callback = (void *)sim_symbol("kdump_sev_callback");

	stops_watched = !register_kprobe(&stop_probe);
	if (!stops_watched)
		pr_err("cannot watch CPUs that are stopped\n");
	if (callback)
		watch(NULL, callback, CALLBACK_SIZE);
}

void sim_wbinvd_stop(void)
{
	if (stops_watched)
		unregister_kprobe(&stop_probe);
	stops_watched = false;
	forget(true, NULL);
}
