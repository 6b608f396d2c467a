// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that the firmware executes on units of guest memory, for callers of legacy
 * commands who name any byte: KVM's debugging.
 *
 * A range is a part of a unit, then whole units, then a part of a unit. Whole units are
 * the firmware's command as it is. A unit of which a part is meant is read first; a
 * write puts the caller's bytes over it and has the firmware write all of it, so that no
 * byte beside the caller's changes, but for what the guest itself writes meanwhile.
 *
 * Ranges may be as long as the guest's memory: no more than a window of it is pinned.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "psp.h"

#define WINDOW		SZ_2M
#define MAX_GRAIN	16

/**
 * struct stretch - memory on both sides, or what is left to be done
 * @guest: guest memory, user address
 * @host: the other side
 * @len: of both
 */
struct stretch {
	u64 guest;
	u64 host;
	u32 len;
};

static const struct psp_buf *side(const struct psp_row *row, bool guest)
{
	return &row->buf[(row->buf[0].kind == SEV_FW_BUF_GUEST) != guest];
}

static u64 get64(const struct psp_user_block *block, u8 off)
{
	u64 value;

	memcpy(&value, block->byte + off, sizeof(value));
	return value;
}

/* A command on whole units. */
static int issue_units(struct psp *psp, struct psp_issue *issue, const struct psp_row *row,
		       const struct stretch *range)
{
	struct psp_user_block block = {};

	memcpy(block.byte + side(row, true)->addr, &range->guest, sizeof(u64));
	memcpy(block.byte + side(row, false)->addr, &range->host, sizeof(u64));
	psp_put32(block.byte, side(row, true)->len, range->len);
	return psp_issue_block(psp, issue, row, &block);
}

/* A command on a part of one unit. */
static int issue_part(struct psp *psp, struct psp_issue *issue, const struct psp_form *form,
		      const struct psp_row *row, const struct stretch *range)
{
	const struct stretch unit = {
		.guest = round_down(range->guest, form->grain), .len = form->grain,
	};
	void __user *host = u64_to_user_ptr(range->host);
	u8 bytes[MAX_GRAIN] = {}, *part = bytes + (range->guest - unit.guest);
	int ret;

	issue->kernel = bytes;
	ret = issue_units(psp, issue, psp_row_find(form->peek), &unit);
	if (!ret && !(side(row, true)->dir & SEV_FW_BUF_WRITE))
		ret = copy_to_user(host, part, range->len) ? -EFAULT : 0;
	else if (!ret)
		ret = copy_from_user(part, host, range->len) ? -EFAULT :
		      issue_units(psp, issue, row, &unit);
	issue->kernel = NULL;
	return ret;
}

/**
 * psp_issue_grains() - execute a command on guest memory of any length and alignment
 * @psp: PSP
 * @issue: command; its @cmd.error is set in any case
 * @form: legacy command, with a @grain
 * @row: its firmware command, one on a range of guest memory and a blob of the same length
 * @block: checked block
 *
 * Stops at the first failure; what was done before stays done.
 *
 * Context: as psp_issue_block().
 * Return: as psp_issue_block().
 */
int psp_issue_grains(struct psp *psp, struct psp_issue *issue, const struct psp_form *form,
		     const struct psp_row *row, const struct psp_user_block *block)
{
	u64 guest = get64(block, side(row, true)->addr);
	u64 host = get64(block, side(row, false)->addr);
	u32 left = psp_get32(block->byte, side(row, true)->len), into, len;
	int ret = 0;

	for (; !ret && left; guest += len, host += len, left -= len) {
		struct stretch range = { .guest = guest, .host = host };

		into = guest & (form->grain - 1);
		if (into || left < form->grain) {
			len = min(left, form->grain - into);
			range.len = len;
			ret = issue_part(psp, issue, form, row, &range);
		} else {
			len = min_t(u32, round_down(left, form->grain), WINDOW);
			range.len = len;
			ret = issue_units(psp, issue, row, &range);
		}
	}
	return ret;
}
