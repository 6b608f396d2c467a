// SPDX-License-Identifier: GPL-2.0
/*
 * A launch in one call, for tests of what comes after it.
 */
#include "guest.h"
#include "steps.h"

int guest_new(struct launch *l, uint32_t policy, bool by_dev, size_t ram)
{
	int ret = launch_open(l, &launch_fw, policy);

	l->by_dev = by_dev;
	if (!ret)
		ret = launch_steps(l, ram, STEP_VERSION | STEP_CERTS | STEP_VM | STEP_INIT);
	return ret ? ret : vm_register(&l->vm);
}

int guest_loaded(struct launch *l, bool by_dev, size_t ram)
{
	int ret = launch_open(l, &launch_fw, 0);

	l->by_dev = by_dev;
	return ret ? ret : launch_steps(l, ram, STEPS_HOST);
}

int guest_started(struct launch *l, bool by_dev, size_t ram)
{
	int ret = guest_loaded(l, by_dev, ram);

	return ret ? ret : launch_start(l);
}

int guest_running(struct launch *l, uint32_t policy, bool by_dev, size_t ram)
{
	int ret = guest_new(l, policy, by_dev, ram);

	return ret ? ret : launch_steps(l, ram, STEP_SESSION | STEPS_FIRMWARE);
}

int guest_peek(struct launch *l, const void *guest, void *to, uint32_t len, uint32_t *done)
{
	struct sev_fw_dbg_decrypt block = {
		.src_address = addr_of(guest), .dst_address = addr_of(to), .len = len,
	};
	int ret = ISSUE(l, DBG_DECRYPT, block);

	if (done)
		*done = block.len;
	return ret;
}

int guest_poke(struct launch *l, void *guest, const void *from, uint32_t len, uint32_t *done)
{
	struct sev_fw_dbg_encrypt block = {
		.src_address = addr_of(from), .dst_address = addr_of(guest), .len = len,
	};
	int ret = ISSUE(l, DBG_ENCRYPT, block);

	if (done)
		*done = block.len;
	return ret;
}
