// SPDX-License-Identifier: GPL-2.0
/*
 * Steps of an SNP guest's launch, of the host and of the owner alike: taken in order, timed, and
 * if one fails, the reason.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/kvm.h>

#include <sevfw/sevfw.h>

#include "snp.h"

/* Of later headers: KVM_RUN fails with EFAULT; flags, then the address. */
#define EXIT_MEMORY_FAULT	39
#define MEMORY_FAULT_PRIVATE	(1 << 3)

static void take_failure(struct vmm_failure *failure, const struct snp_run *r,
			 const struct snp_step *step, int ret)
{
	const struct kvm_run *run = r->l.vm.run;
	const size_t size = sizeof(failure->why);

	*failure = (struct vmm_failure){
		.step = step->name, .error = -ret,
		.status = snp_launch_status(&r->l, ret),
	};
	if (r->refused)
		snprintf(failure->why, size, "%s", r->refused);
	else if (failure->status != SEV_FW_NO_CALL)
		snprintf(failure->why, size, "%s", sev_failure_text(ret, failure->status));
	else if (linux_error(ret))
		snprintf(failure->why, size, "%s", linux_error(ret));
	else if (ret == -ENOEXEC && run && run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
		snprintf(failure->why, size, "the guest has ended itself: %#llx",
			 (unsigned long long)run->system_event.data[0]);
	else if (ret == -ENOEXEC && run && run->exit_reason)
		snprintf(failure->why, size, "KVM exit %u", run->exit_reason);
	else if (ret == -EFAULT && run && run->exit_reason == EXIT_MEMORY_FAULT)
		snprintf(failure->why, size, "the guest accesses %#llx as %s memory",
			 (unsigned long long)((const uint64_t *)run->padding)[1],
			 ((const uint64_t *)run->padding)[0] & MEMORY_FAULT_PRIVATE ?
				"private" : "shared");
	else if (ret == -EOPNOTSUPP && !r->opt->legacy)
		snprintf(failure->why, size,
			 "this kernel keeps private memory from pass-through; try --legacy");
	else
		snprintf(failure->why, size, "%s", strerror(-ret));
}

/* A step that fails within another one is the one that counts. */
int snp_go(struct snp_run *r, const struct snp_step *step)
{
	int ret = 0;

	for (; step->name && !ret; step++) {
		double begin = vmm_time_us();

		ret = step->act(r);
		if (ret && !r->failure->step)
			take_failure(r->failure, r, step, ret);
		else if (!ret && !r->opt->quiet)
			printf("%-36s %10.1f us\n", step->name, vmm_time_us() - begin);
		fflush(stdout);
	}
	return ret;
}
