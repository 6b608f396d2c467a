// SPDX-License-Identifier: GPL-2.0
/*
 * How the guest speaks to the hypervisor: by the GHCB's MSR before there is a GHCB, and by the
 * GHCB, a shared page, afterwards. #VC is raised by an instruction that the hypervisor has to
 * help with; the handler tells it what it must know, and no more.
 */
#include "guest.h"

#define MSR_VERSION_MIN(v)	((v) >> 32 & 0xffff)
#define MSR_VERSION_MAX(v)	((v) >> 48 & 0xffff)
#define MSR_SEV_INFO		0x001
#define MSR_REGISTER		0x012
#define MSR_PAGE_STATE		0x014
#define MSR_PAGE_SHARED		(2ull << 52)
#define MSR_TERMINATE		0x100
#define REASON_SET		(1 << 12)

#define GHCB_RAX		0x1f8
#define GHCB_RCX		0x308
#define GHCB_RDX		0x310
#define GHCB_RBX		0x318
#define GHCB_EXIT_CODE		0x390
#define GHCB_EXIT_INFO_1	0x398
#define GHCB_EXIT_INFO_2	0x3a0
#define GHCB_XCR0		0x3e8
#define GHCB_VALID		0x3f0
#define GHCB_VERSION		0xffa
#define GHCB_USAGE		0xffc

#define EXIT_CPUID		0x72
#define EXIT_IOIO		0x7b
#define EXIT_MSR		0x7c
#define EXIT_GUEST_REQUEST	0x80000011
#define EXIT_EXTENDED_REQUEST	0x80000012
#define EXIT_AP_CREATION	0x80000013
#define AP_CREATE		1	/* at once, and not only after INIT */

#define IOIO_IN			1
#define IOIO_8			(1 << 4)
#define IOIO_ADDRESS_64		(1 << 9)

/* Version of the protocol: SNP needs 2; SEV-ES does with 1, and Linux 6.1 has no other. */
static uint16_t protocol;

static volatile uint8_t *const ghcb = (volatile uint8_t *)GHCB_PAGE;

/* Registers that entry.S pushes, and the processor before. */
struct frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t code, rip, cs, rflags, rsp, ss;
};

static void vmgexit(void)
{
	asm volatile(".byte 0xf3, 0x0f, 0x01, 0xd9" : : : "memory");
}

static uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return (uint64_t)high << 32 | low;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((uint32_t)value), "d" ((uint32_t)(value >> 32)));
}

static uint64_t ask_by_msr(uint64_t question)
{
	wrmsr(MSR_GHCB, question);
	vmgexit();
	return rdmsr(MSR_GHCB);
}

void terminate(unsigned int reason)
{
	for (;;)
		ask_by_msr(MSR_TERMINATE | REASON_SET | (uint64_t)reason << 16);
}

/* ---- the GHCB ---- */

/* Each field that is passed has its bit, one for 8 bytes. */
static void ghcb_set(unsigned int offset, uint64_t value)
{
	*(volatile uint64_t *)(ghcb + offset) = value;
	ghcb[GHCB_VALID + offset / 64] |= 1 << offset / 8 % 8;
}

static uint64_t ghcb_get(unsigned int offset)
{
	if (!(ghcb[GHCB_VALID + offset / 64] & 1 << offset / 8 % 8))
		terminate(TERMINATE_GHCB);
	return *(volatile uint64_t *)(ghcb + offset);
}

static void ghcb_begin(void)
{
	for (int i = 0; i < 16; i++)
		ghcb[GHCB_VALID + i] = 0;
	*(volatile uint16_t *)(ghcb + GHCB_VERSION) = protocol;
	*(volatile uint32_t *)(ghcb + GHCB_USAGE) = 0;
}

/* Return: the low half of EXITINFO1: 0, or the hypervisor does not do it. */
static uint32_t ghcb_call(uint64_t code, uint64_t info_1, uint64_t info_2)
{
	ghcb_set(GHCB_EXIT_CODE, code);
	ghcb_set(GHCB_EXIT_INFO_1, info_1);
	ghcb_set(GHCB_EXIT_INFO_2, info_2);
	wrmsr(MSR_GHCB, GHCB_PAGE);
	vmgexit();
	return *(volatile uint32_t *)(ghcb + GHCB_EXIT_INFO_1);
}

uint64_t ghcb_guest_request(void)
{
	ghcb_begin();
	if (ghcb_call(EXIT_GUEST_REQUEST, REQUEST_PAGE, RESPONSE_PAGE))
		return ~0ull;
	return ghcb_get(GHCB_EXIT_INFO_2);
}

bool ghcb_extended_request(struct certs *certs)
{
	ghcb_begin();
	ghcb_set(GHCB_RAX, certs->gpa);
	ghcb_set(GHCB_RBX, certs->pages);
	certs->refused = ghcb_call(EXIT_EXTENDED_REQUEST, REQUEST_PAGE, RESPONSE_PAGE);
	certs->error = ghcb_get(GHCB_EXIT_INFO_2);
	/* the register is the hypervisor's only if it has something to say */
	certs->pages = *(volatile uint64_t *)(ghcb + GHCB_RBX);
	return !certs->refused && !certs->error;
}

bool ghcb_start_cpu(uint32_t id, uint64_t save_area, uint64_t features)
{
	ghcb_begin();
	ghcb_set(GHCB_RAX, features);
	return !ghcb_call(EXIT_AP_CREATION, (uint64_t)id << 32 | AP_CREATE, save_area);
}

/* ---- #VC ---- */

void vc_handle(struct frame *f);

static void vc_ioio(struct frame *f, uint8_t opcode)
{
	uint64_t info = (f->rdx & 0xffff) << 16 | IOIO_8 | IOIO_ADDRESS_64;

	if (opcode == 0xec)
		info |= IOIO_IN;
	else if (opcode != 0xee)
		terminate(TERMINATE_VC);
	ghcb_set(GHCB_RAX, f->rax & 0xff);
	if (ghcb_call(EXIT_IOIO, info, 0))
		terminate(TERMINATE_VC);
	if (opcode == 0xec)
		f->rax = (f->rax & ~0xffull) | (ghcb_get(GHCB_RAX) & 0xff);
	f->rip += 1;
}

static void vc_cpuid(struct frame *f)
{
	ghcb_set(GHCB_RAX, (uint32_t)f->rax);
	ghcb_set(GHCB_RCX, (uint32_t)f->rcx);
	ghcb_set(GHCB_XCR0, 1);
	if (ghcb_call(EXIT_CPUID, 0, 0))
		terminate(TERMINATE_VC);
	f->rax = ghcb_get(GHCB_RAX);
	f->rbx = ghcb_get(GHCB_RBX);
	f->rcx = ghcb_get(GHCB_RCX);
	f->rdx = ghcb_get(GHCB_RDX);
	f->rip += 2;
}

void vc_handle(struct frame *f)
{
	const uint8_t *insn = (const uint8_t *)f->rip;

	ghcb_begin();
	if (f->code == EXIT_IOIO)
		vc_ioio(f, insn[0]);
	else if (f->code == EXIT_CPUID && insn[0] == 0x0f && insn[1] == 0xa2)
		vc_cpuid(f);
	else
		terminate(TERMINATE_VC);
}

/* ---- memory ---- */

int pvalidate(uint64_t gpa, bool validate)
{
	uint64_t rax = gpa;
	bool unchanged;

	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xff"
		     : "+a" (rax), "=@ccc" (unchanged) : "c" (0), "d" (validate) : "memory");
	return rax ? (int)rax : unchanged ? -1 : 0;
}

int rmpadjust(uint64_t gpa, uint64_t rights)
{
	uint64_t rax = gpa;

	asm volatile(".byte 0xf3, 0x0f, 0x01, 0xfe"
		     : "+a" (rax) : "c" (0), "d" (rights) : "memory", "cc");
	return (int)rax;
}

void page_share(uint64_t gpa)
{
	uint64_t answer;

	/* a page that was never validated need not be given up */
	answer = ask_by_msr(MSR_PAGE_STATE | MSR_PAGE_SHARED | gpa);
	if (answer >> 32 || (answer & 0xfff) != MSR_PAGE_STATE + 1)
		terminate(TERMINATE_GHCB);
}

void ghcb_start(bool snp)
{
	uint64_t info = ask_by_msr(MSR_SEV_INFO_REQ);

	protocol = snp ? 2 : 1;
	if ((info & 0xfff) != MSR_SEV_INFO || MSR_VERSION_MIN(info) > protocol ||
	    MSR_VERSION_MAX(info) < protocol)
		terminate(TERMINATE_GHCB);
	if (!snp)
		return;
	for (uint64_t gpa = SHARED_FIRST; gpa < SHARED_FIRST + SHARED_PAGES * 0x1000; gpa += 0x1000)
		page_share(gpa);
	if (ask_by_msr(MSR_REGISTER | GHCB_PAGE) != (GHCB_PAGE | (MSR_REGISTER + 1)))
		terminate(TERMINATE_GHCB);
}
