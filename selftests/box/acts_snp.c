// SPDX-License-Identifier: GPL-2.0
/*
 * The SNP guest, of which there is one at most: steps of its launch, and its pages.
 */
#include <linux/kvm.h>

#include "acts_internal.h"

static int snp_step(uint32_t id, int ret)
{
	count_command(id, ret, world.snp.status);
	world.snp.status = SEV_FW_NO_CALL;
	return ret;
}

void snp_guest_close(void)
{
	if (world.snp_open)
		snp_launch_close(&world.snp);
	world.snp_open = false;
}

#define SNP_PASS	0x01
#define SNP_DEVICE	0x02
#define SNP_START	0x04
#define SNP_UPDATE	0x08
#define SNP_FINISH	0x10

/* Steps of an SNP guest, which is made if there is none */
static void launch(uint8_t how, uint8_t kind, uint8_t page, uint8_t n)
{
	struct snp_launch *l = &world.snp;
	int ret = 0;

	if (!world.snp_open) {
		ret = snp_launch_open(l, RAM);
		world.snp_open = true;
	}
	l->status = SEV_FW_NO_CALL;
	l->ops = how & SNP_PASS ? &snp_launch_pass : &snp_launch_kvm;
	l->by_dev = how & SNP_DEVICE;
	if (!ret && how & SNP_START)
		ret = snp_step(SEV_FW_SNP_LAUNCH_START,
			       snp_launch_start(l, n & 0x80 ? page : SNP_POLICY_PLAIN));
	if (!ret && how & SNP_UPDATE)
		ret = snp_step(SEV_FW_SNP_LAUNCH_UPDATE,
			       snp_launch_update(l, kind, page % (RAM / PAGE) * PAGE, 1 + n % 3));
	if (!ret && how & SNP_FINISH)
		ret = snp_step(SEV_FW_SNP_LAUNCH_FINISH, snp_launch_finish(l, NULL));
}

void snp_guest_start(void)
{
	launch(SNP_START | SNP_UPDATE, SNP_PAGE_NORMAL, 0, 2);
}

void act_snp(struct reader *r)
{
	uint8_t how = arg_byte(r), kind = 1 + arg_byte(r) % SNP_PAGE_CPUID;
	uint8_t page = arg_byte(r), n = arg_byte(r);

	if (!(how & 0x40))
		snp_guest_close();
	if (!(how & 0x80) && world.snp_there)
		launch(how, kind, page, n);
}

/* Pages of an SNP guest become private, shared, nobody's, another guest frame's. */
void act_pages(struct reader *r)
{
	uint8_t how = arg_byte(r), at = arg_byte(r), n = arg_byte(r);
	uint64_t gpa = at % (RAM / PAGE) * PAGE;
	size_t size = (1 + n % 8) * PAGE;
	struct snp_launch *l = &world.snp;

	if (!world.snp_open || l->vm.private_fd < 0)
		return;
	switch (how % 6) {
	case 0:
		vm_set_private(&l->vm, gpa, size, true);
		break;
	case 1:
		vm_set_private(&l->vm, gpa, size, false);
		break;
	case 2:
		vm_drop_private(&l->vm, gpa, size);
		break;
	case 3:
		snp_launch_prefault(l, gpa, 1 + n % 8);
		break;
	case 4:
		vm_alias(&l->vm, 1, RAM + gpa, gpa, how & 0x80 ? 0 : PAGE);
		break;
	default:
		if (l->vm.run && l->vm.vcpu_fd >= 0) {
			l->vm.run->immediate_exit = 1;
			vm_enter(&l->vm);
		}
	}
}
