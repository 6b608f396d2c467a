// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUID table of a guest: what a hypervisor may claim of the processor. Real
 * firmware has a rule for each register, which the manuals of each product list. The
 * rules here are those that public tools are known to run into [D-CPUID].
 */
#include "internal.h"

#define TABLE_COUNT		0x00
#define TABLE_FIRST		0x10
#define TABLE_MAX		64
#define FN_SIZE			0x30
#define FN_EAX_IN		0x00
#define FN_ECX_IN		0x04
#define FN_OUT(reg)		(0x18 + 4 * (reg))
#define FN_RESERVED		0x28

enum reg {
	EAX,
	EBX,
	ECX,
	EDX,
};

#define ANY_SUBLEAF	UINT32_MAX
#define CBIT_POSITION	0x3fu

/* Bits that a guest may not be told of, because firmware or processor deny them. */
struct rule {
	uint32_t leaf;
	uint32_t subleaf;
	enum reg reg;
	uint32_t forbidden;
};

static const struct rule rules[] = {
	{ 0x00000001, ANY_SUBLEAF, ECX, BIT(24) },		/* TSC deadline timer */
	{ 0x00000007, 0, EBX, BIT(1) },				/* TSC_ADJUST */
	/* SPEC_CTRL, STIBP, L1D flush, ARCH_CAPABILITIES, CORE_CAPABILITIES, SSBD */
	{ 0x00000007, 0, EDX, 0xfc000000u },
	{ 0x80000008, ANY_SUBLEAF, EBX, BIT(25) },		/* VIRT_SSBD */
};

/* With stepping 1. */
uint32_t snp_product_fms(const struct swpsp *p)
{
	static const uint32_t fms[] = {
		[SWPSP_MILAN] = 0x00a00f11, [SWPSP_GENOA] = 0x00a10f11, [SWPSP_TURIN] = 0x00b00f21,
	};

	return fms[p->config.product];
}

static bool rule_applies(const struct rule *r, uint32_t leaf, uint32_t subleaf)
{
	return r->leaf == leaf && (r->subleaf == ANY_SUBLEAF || r->subleaf == subleaf);
}

/* Write what would have been accepted. Return: whether there was nothing to correct. */
static bool function_correct(const struct swpsp *p, uint8_t *fn)
{
	uint32_t leaf = get32(fn + FN_EAX_IN), subleaf = get32(fn + FN_ECX_IN), now, want;
	bool right = true;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rule_applies(&rules[i], leaf, subleaf))
			continue;
		now = get32(fn + FN_OUT(rules[i].reg));
		put32(fn + FN_OUT(rules[i].reg), now & ~rules[i].forbidden);
		right = right && !(now & rules[i].forbidden);
	}
	if (leaf == 0x8000001f && p->config.cbit && !p->config.any_cbit) {
		now = get32(fn + FN_OUT(EBX));
		want = (now & ~CBIT_POSITION) | p->config.cbit;
		put32(fn + FN_OUT(EBX), want);
		right = right && now == want;
	}
	return right;
}

enum snp_cpuid snp_cpuid_correct(const struct swpsp *p, uint8_t *table, size_t len)
{
	uint32_t count;
	bool right = true;

	if (len < TABLE_FIRST || !all_zero(table + TABLE_COUNT + 4, TABLE_FIRST - 4))
		return SNP_CPUID_MALFORMED;
	count = get32(table + TABLE_COUNT);
	if (count > TABLE_MAX || len < TABLE_FIRST + (size_t)FN_SIZE * count)
		return SNP_CPUID_MALFORMED;
	for (uint32_t i = 0; i < count; i++)
		if (get64(table + TABLE_FIRST + FN_SIZE * i + FN_RESERVED))
			return SNP_CPUID_MALFORMED;
	for (uint32_t i = 0; i < count; i++)
		right = function_correct(p, table + TABLE_FIRST + FN_SIZE * i) && right;
	return right ? SNP_CPUID_RIGHT : SNP_CPUID_CORRECTED;
}
