// SPDX-License-Identifier: GPL-2.0
/*
 * Launch digests. The image of the firmware is not trusted to be one: each offset in it is
 * checked against its length.
 */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include <openssl/evp.h>

#include <sevfw/measure.h>

#define PAGE		4096u
#define VMSA_GPA	0xfffffffff000ull
#define RESET_VECTOR	0xfffffff0u

/* The type of a page of SNP. */
enum page_kind {
	PAGE_NORMAL = 1, PAGE_VMSA, PAGE_ZERO, PAGE_UNMEASURED, PAGE_SECRETS, PAGE_CPUID,
};

/* The use of a section of the image. */
#define SECTION_MEMORY	1
#define SECTION_SECRETS	2
#define SECTION_CPUID	3
#define SECTION_SVSM	4
#define SECTION_HASHES	0x10

/* ---- the table of GUIDs at the end of an image ---- */

struct guid {
	uint8_t byte[16];
};

static const struct guid table_guid = { {
	0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
	0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
} };

static const struct guid reset_guid = { {
	0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
	0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e,
} };

static const struct guid sections_guid = { {
	0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
	0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc,
} };

static const struct guid hashes_guid = { {
	0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
	0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54,
} };

#define ENTRY_TAIL	18u	/* length of the entry, and its GUID, behind its data */
#define TABLE_END	32u	/* from the table's end to that of the image */

static uint32_t get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static void put32(uint8_t *p, uint32_t value)
{
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
}

static void put64(uint8_t *p, uint64_t value)
{
	value = htole64(value);
	memcpy(p, &value, sizeof(value));
}

/* First word of the entry @guid, which has at least that. Return: false if there is none. */
static bool table_word(const struct measure *m, const struct guid *guid, uint32_t *word)
{
	size_t end, stop, len;

	if (m->firmware_len < TABLE_END + ENTRY_TAIL)
		return false;
	end = m->firmware_len - TABLE_END;
	if (memcmp(m->firmware + end - 16, &table_guid, 16))
		return false;
	len = get16(m->firmware + end - ENTRY_TAIL);
	if (len > end || len < ENTRY_TAIL)
		return false;
	stop = end - len;
	end -= ENTRY_TAIL;
	while (end - stop >= ENTRY_TAIL) {
		len = get16(m->firmware + end - ENTRY_TAIL);
		if (len < ENTRY_TAIL || len > end - stop)
			return false;
		if (!memcmp(m->firmware + end - 16, guid, 16)) {
			*word = get32(m->firmware + end - len);
			return len >= ENTRY_TAIL + 4;
		}
		end -= len;
	}
	return false;
}

/* ---- memory that a VMM fills next to the image ---- */

#define HASHES_BYTES	168u	/* GUID, length; three entries of GUID, length, hash */
#define HASH_ENTRY	50u

static void hashes_make(const struct measure *m, uint8_t *at)
{
	static const struct guid table = { {
		0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
		0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21,
	} };
	static const struct guid entry[3] = {
		{ { 0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
		    0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a } },
		{ { 0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
		    0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d } },
		{ { 0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
		    0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b } },
	};
	const uint8_t *hash[3] = { m->line_hash, m->initrd_hash, m->kernel_hash };

	memcpy(at, &table, sizeof(table));
	at[16] = HASHES_BYTES;
	at += ENTRY_TAIL;
	for (int i = 0; i < 3; i++, at += HASH_ENTRY) {
		memcpy(at, &entry[i], sizeof(entry[i]));
		at[16] = HASH_ENTRY;
		memcpy(at + ENTRY_TAIL, hash[i], MEASURE_SHA256);
	}
}

static void put_segment(uint8_t *at, uint16_t selector, uint16_t attributes, uint32_t limit,
			uint32_t base)
{
	put32(at, (uint32_t)attributes << 16 | selector);
	put32(at + 4, limit);
	put64(at + 8, base);
}

static void put_segments(const struct measure *m, uint32_t eip, uint8_t *page)
{
	bool ec2 = m->vmm == MEASURE_EC2;

	put_segment(page + 0x00, 0, 0x93, 0xffff, 0);				/* ES */
	put_segment(page + 0x10, 0xf000, ec2 && eip == RESET_VECTOR ? 0x9a : 0x9b, 0xffff,
		    eip & 0xffff0000);						/* CS */
	put_segment(page + 0x20, 0, ec2 ? 0x92 : 0x93, 0xffff, 0);		/* SS */
	put_segment(page + 0x30, 0, 0x93, 0xffff, 0);				/* DS */
	put_segment(page + 0x40, 0, 0x93, 0xffff, 0);				/* FS */
	put_segment(page + 0x50, 0, 0x93, 0xffff, 0);				/* GS */
	put_segment(page + 0x60, 0, 0, 0xffff, 0);				/* GDTR */
	put_segment(page + 0x70, 0, 0x82, 0xffff, 0);				/* LDTR */
	put_segment(page + 0x80, 0, 0, 0xffff, 0);				/* IDTR */
	put_segment(page + 0x90, 0, ec2 ? 0x83 : 0x8b, 0xffff, 0);		/* TR */
}

/*
 * A vCPU after reset, as the VMM sets it up; the first one begins at the reset vector. KVM
 * leaves out the FPU's state, @fpu, of a SEV-ES VM that KVM_SEV_ES_INIT has made.
 */
static void save_area(const struct measure *m, uint32_t eip, bool fpu, uint8_t page[PAGE])
{
	bool qemu = m->vmm == MEASURE_QEMU;

	fpu = fpu && qemu;
	memset(page, 0, PAGE);
	put_segments(m, eip, page);
	put64(page + 0xd0, 0x1000);						/* EFER */
	put64(page + 0x148, 0x40);						/* CR4 */
	put64(page + 0x158, 0x10);						/* CR0 */
	put64(page + 0x160, 0x400);						/* DR7 */
	put64(page + 0x168, 0xffff0ff0);					/* DR6 */
	put64(page + 0x170, 2);							/* RFLAGS */
	put64(page + 0x178, eip & 0xffff);					/* RIP */
	put64(page + 0x268, m->vmm == MEASURE_GCE ? 0x70106 : 0x0007040600070406ull);
	put64(page + 0x310, qemu ? m->cpu_signature : 0x600);			/* RDX */
	put64(page + 0x3b0, m->features);
	put64(page + 0x3e8, 1);							/* XCR0 */
	put32(page + 0x408, fpu ? 0x1f80 : 0);					/* MXCSR */
	put32(page + 0x410, fpu ? 0x37f : 0);					/* x87 control */
}

/* Where vCPU @n begins. */
static enum owner_result vcpu_begin(const struct measure *m, uint32_t n, uint32_t *eip)
{
	*eip = RESET_VECTOR;
	return !n || table_word(m, &reset_guid, eip) ? OWNER_OK : OWNER_FORMAT;
}

static enum owner_result check_sizes(const struct measure *m)
{
	return !m->firmware_len || m->firmware_len > MEASURE_FIRMWARE_MAX ||
	       m->vcpus > MEASURE_VCPUS_MAX ? OWNER_LENGTH : OWNER_OK;
}

/* ---- SEV, SEV-ES: one digest over all ---- */

static enum owner_result add_bytes(EVP_MD_CTX *ctx, const void *data, size_t len)
{
	return EVP_DigestUpdate(ctx, data, len) == 1 ? OWNER_OK : OWNER_CRYPTO;
}

static enum owner_result add_vcpus(EVP_MD_CTX *ctx, const struct measure *m)
{
	enum owner_result ret = OWNER_OK;
	uint8_t page[PAGE];
	uint32_t eip;

	for (uint32_t i = 0; !ret && i < m->vcpus; i++) {
		ret = vcpu_begin(m, i, &eip);
		if (ret)
			break;
		save_area(m, eip, m->init2, page);
		ret = add_bytes(ctx, page, sizeof(page));
	}
	return ret;
}

enum owner_result measure_sev(const struct measure *m, bool es, uint8_t ld[MEASURE_SHA256])
{
	/* the table of hashes, filled up to what LAUNCH_UPDATE_DATA takes */
	uint8_t hashes[(HASHES_BYTES + 15) & ~15u] = { 0 };
	enum owner_result ret = check_sizes(m);
	EVP_MD_CTX *ctx;
	uint32_t at;

	if (ret)
		return ret;
	if (m->kernel && !table_word(m, &hashes_guid, &at))
		return OWNER_FORMAT;
	ctx = EVP_MD_CTX_new();
	ret = ctx && EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1 ? OWNER_OK : OWNER_CRYPTO;
	if (!ret)
		ret = add_bytes(ctx, m->firmware, m->firmware_len);
	hashes_make(m, hashes);
	if (!ret && m->kernel)
		ret = add_bytes(ctx, hashes, sizeof(hashes));
	if (!ret && es)
		ret = add_vcpus(ctx, m);
	if (!ret && EVP_DigestFinal_ex(ctx, ld, NULL) != 1)
		ret = OWNER_CRYPTO;
	EVP_MD_CTX_free(ctx);
	return ret;
}

/* ---- SNP: a chain of digests, a link for each page ---- */

struct page_info {
	uint8_t before[MEASURE_SHA384];
	uint8_t content[MEASURE_SHA384];
	uint16_t len;
	uint8_t kind;
	uint8_t imi;
	uint32_t vmpls;
	uint64_t gpa;
} __attribute__((packed));

static_assert(sizeof(struct page_info) == 0x70, "struct page_info");

/* @page is NULL for kinds whose content is not measured. */
static enum owner_result add_page(uint8_t ld[MEASURE_SHA384], enum page_kind kind, uint64_t gpa,
				  const uint8_t *page)
{
	struct page_info info = {
		.len = htole16(sizeof(info)), .kind = (uint8_t)kind, .gpa = htole64(gpa),
	};

	memcpy(info.before, ld, sizeof(info.before));
	if (page && EVP_Digest(page, PAGE, info.content, NULL, EVP_sha384(), NULL) != 1)
		return OWNER_CRYPTO;
	return EVP_Digest(&info, sizeof(info), ld, NULL, EVP_sha384(), NULL) == 1 ?
		OWNER_OK : OWNER_CRYPTO;
}

static enum owner_result add_span(uint8_t *ld, enum page_kind kind, uint64_t gpa, uint32_t len)
{
	enum owner_result ret = len % PAGE || len > MEASURE_FIRMWARE_MAX ? OWNER_FORMAT : OWNER_OK;

	for (uint32_t at = 0; !ret && at < len; at += PAGE)
		ret = add_page(ld, kind, gpa + at, NULL);
	return ret;
}

static enum owner_result add_hashes(uint8_t *ld, const struct measure *m, uint64_t gpa)
{
	uint8_t page[PAGE] = { 0 };
	uint32_t at;

	if (!table_word(m, &hashes_guid, &at) || at % PAGE > PAGE - HASHES_BYTES)
		return OWNER_FORMAT;
	hashes_make(m, page + at % PAGE);
	return add_page(ld, PAGE_NORMAL, gpa, page);
}

static enum owner_result add_section(uint8_t *ld, const struct measure *m, const uint8_t *section)
{
	uint32_t gpa = get32(section), len = get32(section + 4);

	switch (get32(section + 8)) {
	case SECTION_MEMORY:
		return add_span(ld, m->vmm == MEASURE_GCE ? PAGE_UNMEASURED : PAGE_ZERO, gpa, len);
	case SECTION_SECRETS:
		return add_page(ld, PAGE_SECRETS, gpa, NULL);
	case SECTION_CPUID:
		/* EC2 has this page come last */
		return m->vmm == MEASURE_EC2 ? OWNER_OK : add_page(ld, PAGE_CPUID, gpa, NULL);
	case SECTION_SVSM:
		return add_span(ld, PAGE_ZERO, gpa, len);
	case SECTION_HASHES:
		return m->kernel ? add_hashes(ld, m, gpa) : add_span(ld, PAGE_ZERO, gpa, len);
	default:
		return OWNER_FORMAT;
	}
}

#define SECTIONS_HEAD	16u	/* "ASEV", length, version, number */
#define SECTION_BYTES	12u
#define SECTIONS_MAX	64u	/* images have about ten; each may cost 64 MiB of hashing */

static enum owner_result add_sections(uint8_t *ld, const struct measure *m)
{
	enum owner_result ret = OWNER_OK;
	bool hashes = false, cpuid = false;
	const uint8_t *at;
	uint32_t from_end, count, cpuid_gpa = 0;

	if (!table_word(m, &sections_guid, &from_end) || from_end > m->firmware_len ||
	    from_end < SECTIONS_HEAD)
		return OWNER_FORMAT;
	at = m->firmware + m->firmware_len - from_end;
	count = get32(at + 12);
	if (memcmp(at, "ASEV", 4) || get32(at + 8) != 1 ||
	    count > SECTIONS_MAX || count > (from_end - SECTIONS_HEAD) / SECTION_BYTES)
		return OWNER_FORMAT;
	for (at += SECTIONS_HEAD; !ret && count--; at += SECTION_BYTES) {
		hashes |= get32(at + 8) == SECTION_HASHES;
		if (get32(at + 8) == SECTION_CPUID) {
			cpuid_gpa = get32(at);
			cpuid = true;
		}
		ret = add_section(ld, m, at);
	}
	if (!ret && m->kernel && !hashes)
		return OWNER_FORMAT;
	if (!ret && m->vmm == MEASURE_EC2 && cpuid)
		ret = add_page(ld, PAGE_CPUID, cpuid_gpa, NULL);
	return ret;
}

enum owner_result measure_snp(const struct measure *m, uint8_t ld[MEASURE_SHA384])
{
	uint64_t gpa = (1ull << 32) - m->firmware_len;
	enum owner_result ret = check_sizes(m);
	uint8_t page[PAGE];
	uint32_t eip;

	memset(ld, 0, MEASURE_SHA384);
	if (!ret && m->firmware_len % PAGE)
		ret = OWNER_LENGTH;
	for (size_t at = 0; !ret && at < m->firmware_len; at += PAGE)
		ret = add_page(ld, PAGE_NORMAL, gpa + at, m->firmware + at);
	if (!ret && m->vcpus)
		ret = add_sections(ld, m);
	for (uint32_t i = 0; !ret && i < m->vcpus; i++) {
		ret = vcpu_begin(m, i, &eip);
		if (ret)
			break;
		save_area(m, eip, true, page);
		ret = add_page(ld, PAGE_VMSA, VMSA_GPA, page);
	}
	return ret;
}
