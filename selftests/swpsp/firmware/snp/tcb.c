// SPDX-License-Identifier: GPL-2.0
/*
 * Versions of the firmware: which API it speaks, and the security versions of its
 * parts, eight bytes that are compared part by part.
 */
#include "internal.h"

/* Bytes of a TCB version that a product uses; the others are zero. */
static const uint64_t tcb_parts[] = {
	/* boot loader, TEE, SNP, microcode */
	[SWPSP_MILAN] = 0xffff00000000ffffull,
	[SWPSP_GENOA] = 0xffff00000000ffffull,
	/* FMC, boot loader, TEE, SNP, microcode */
	[SWPSP_TURIN] = 0xff000000ffffffffull,
};

static const uint64_t tcb_default[] = {
	[SWPSP_MILAN] = 0x7318000000000004ull,
	[SWPSP_GENOA] = 0x4817000000000009ull,
	[SWPSP_TURIN] = 0x4800000004010100ull,
};

uint64_t snp_tcb_configured(const struct swpsp_config *config)
{
	return config->tcb ? config->tcb : tcb_default[config->product];
}

bool snp_tcb_valid(const struct swpsp *p, uint64_t tcb)
{
	return !(tcb & ~tcb_parts[p->config.product]);
}

bool snp_tcb_within(uint64_t tcb, uint64_t limit)
{
	for (unsigned int shift = 0; shift < 64; shift += 8)
		if ((uint8_t)(tcb >> shift) > (uint8_t)(limit >> shift))
			return false;
	return true;
}

/* Of each part the lower version. */
uint64_t snp_tcb_lower(uint64_t a, uint64_t b)
{
	uint64_t tcb = 0;

	for (unsigned int shift = 0; shift < 64; shift += 8) {
		uint8_t of_a = (uint8_t)(a >> shift), of_b = (uint8_t)(b >> shift);

		tcb |= (uint64_t)(of_a < of_b ? of_a : of_b) << shift;
	}
	return tcb;
}

static unsigned int snp_shift(const struct swpsp *p)
{
	return p->config.product == SWPSP_TURIN ? 24 : 48;
}

uint8_t snp_tcb_snp(const struct swpsp *p, uint64_t tcb)
{
	return (uint8_t)(tcb >> snp_shift(p));
}

uint64_t snp_tcb_with_snp(const struct swpsp *p, uint64_t tcb, uint8_t svn)
{
	return (tcb & ~(0xffull << snp_shift(p))) | (uint64_t)svn << snp_shift(p);
}

bool snp_api_is(const struct swpsp *p, unsigned int major, unsigned int minor)
{
	return p->config.api_major > major ||
	       (p->config.api_major == major && p->config.api_minor >= minor);
}
