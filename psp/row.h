/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A row of the command table: a memory map of one firmware command's block, plus
 * a few facts. There are no callbacks on purpose: what differs between commands
 * is an enumerated value, and the code for each value exists once.
 *
 * Default deny: a byte of the block that no column gives to the caller must be
 * zero. A row that forgets a field thus refuses it, and can never let a raw
 * physical address through to firmware.
 *
 * This file, table.c with table_snp.h, and check.c know nothing of the kernel but its types. They
 * compile in user space as they are, where their tests run under sanitizers.
 */
#ifndef PSP_ROW_H
#define PSP_ROW_H

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/types.h>
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
#define BIT(n)		(1u << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#include <uapi/linux/sev-fw.h>

#define PSP_API(major, minor)	((major) << 8 | (minor))

/* Which fds a command may come in by; none: it belongs to the driver. */
#define PSP_DOOR_DRIVER		0
#define PSP_DOOR_PLATFORM	BIT(0)
#define PSP_DOOR_GUEST		BIT(1)

/*
 * Privilege that a command demands of its caller, beyond a /dev/sev that is open at all;
 * each demand includes those before it. The legacy ioctl shares it; SNP_COMMIT alone
 * demands more here than it does in the stock driver, which lets every reader do it.
 *
 * A command on a guest demands nothing: the VM fd says that the guest is the caller's,
 * and KVM's legacy ioctls ask no more. So a VMM can do without a writable /dev/sev. Of
 * the platform, reading is free. Identity and configuration of the platform are a
 * writer's, as in the stock driver; to demand more of them here would protect nothing as long as
 * the legacy ioctls give the same to any writer. A command
 * that decides which code the PSP executes, or that cannot be undone before the machine
 * is replaced, demands the administrator.
 */
enum psp_demand {
	PSP_DEMAND_NOTHING,
	PSP_DEMAND_WRITE,	/* the /dev/sev fd is open for writing */
	PSP_DEMAND_ADMIN,	/* CAP_SYS_ADMIN */
};

/* State of the platform that the command needs to make sense. */
enum psp_platform_need {
	PSP_PLATFORM_ANY,
	PSP_PLATFORM_UP,	/* INIT is issued first, on demand */
	PSP_PLATFORM_DOWN,	/* SHUTDOWN is issued first; refused while guests exist */
	PSP_PLATFORM_SNP,	/* SNP_INIT_EX is issued first, on demand */
	PSP_PLATFORM_OFF,	/* as DOWN, and SNP goes down, too */
};

/*
 * State of the guest that the command needs. This protects the driver's own
 * bookkeeping; it must not become a copy of the firmware's guest state machine.
 */
enum psp_guest_need {
	PSP_GUEST_ANY,
	PSP_GUEST_NONE,		/* the VM has no guest context yet */
	PSP_GUEST_STARTED,	/* the VM has a guest context */
};

/* How one block becomes firmware commands. */
enum psp_each {
	PSP_ONCE,		/* one command; buffers are contiguous, or it is refused */
	PSP_EACH_RUN,		/* a command for each physically contiguous run of guest memory */
	PSP_EACH_VCPU,		/* a command for one vCPU, or for each of them */
};

/* Effect of a successful command on the state that the submit path keeps. */
enum psp_then {
	PSP_THEN_NOTHING,
	PSP_THEN_UP,		/* the platform is initialised, all ASIDs are dirty */
	PSP_THEN_DOWN,		/* the platform is down, all guests are gone */
	PSP_THEN_OPEN,		/* a guest context exists */
	PSP_THEN_CLOSE,		/* the guest context is gone */
	PSP_THEN_BIND,		/* the guest holds its ASID */
	PSP_THEN_UNBIND,	/* the ASID is dirty */
	PSP_THEN_CLEAN,		/* all dirty ASIDs are free */
	PSP_THEN_PERSIST,	/* the firmware may have changed its NV area */
	PSP_THEN_RESET,		/* the persistent data is void, wherever it is kept */
	PSP_THEN_RELOAD,	/* the firmware was replaced; read its version again */
	PSP_THEN_SNP_UP,	/* SNP is initialised, all ASIDs are dirty */
	PSP_THEN_SNP_DOWN,	/* SNP is down, all its guests are gone */
	PSP_THEN_CREATE,	/* the context of an SNP guest exists */
	PSP_THEN_DESTROY,	/* the context is gone, the guest's ASID is dirty */
	PSP_THEN_LAUNCH,	/* an SNP guest has a context, made for it, and its ASID */
	PSP_THEN_RUN,		/* the launch of an SNP guest is over */
	PSP_THEN_RING,		/* the mailbox's registers have other meanings */
};

/* Bytes of the block that the caller may set, in addition to those of buffers. */
struct psp_range {
	u8 off;
	u8 size;
};

/* Bits of one byte, which is the caller's, that the caller may not set all the same. */
struct psp_bits {
	u8 off;
	u8 mask;
};

/* Fields of the block that the driver fills in; 4 bytes each, but for a context. */
enum psp_own_kind {
	PSP_OWN_NONE,
	PSP_OWN_HANDLE,		/* the guest's handle; zero again on return */
	PSP_OWN_NEW_HANDLE,	/* zero, or whose key to share; on return the new handle */
	PSP_OWN_ASID,		/* the guest's ASID; zero again on return */
	PSP_OWN_HIDDEN,		/* zero to firmware; its answer is not passed on */
	PSP_OWN_LENGTH,		/* the block's size; zero again on return */
	PSP_OWN_ONE,		/* 1, which says that there is a buffer; zero again on return */
	PSP_OWN_CONTEXT,	/* address of the guest's context page, 8 bytes; zero on return */
};

struct psp_own {
	u8 off;
	u8 kind;		/* enum psp_own_kind */
};

static inline u32 psp_own_size(u8 kind)
{
	return kind == PSP_OWN_CONTEXT ? 8 : 4;
}

/*
 * A buffer that the block points to. @addr, @len and @max are those of struct
 * sev_fw_buf_info; a caller may set the address, and the length if it is in the
 * block.
 *
 * Some are there only if the block's flags, whose lowest byte is at @flags, say so. Of two
 * with one address the first that is there has it.
 */
struct psp_buf {
	u8 addr;
	u8 len;			/* or SEV_FW_BUF_FIXED, SEV_FW_BUF_PAGE */
	u8 dir;			/* SEV_FW_BUF_READ | SEV_FW_BUF_WRITE, by firmware */
	u8 kind;		/* SEV_FW_BUF_* */
	bool optional;		/* may be absent: address and length zero */
	bool c_bit;		/* its address has the C-bit even where SME is off */
	u8 flags;		/* where the flags are, of what depends on them */
	u8 if_mask;		/* there if these flags ... */
	u8 if_value;		/* ... are these */
	u8 before;		/* SEV_FW_PAGE_* that the firmware wants its pages in */
	u8 after;		/* and leaves them in on success; on failure: as they were */
	u32 max;		/* blob to read: longer is refused; to write: is clamped */
	u32 writes;		/* bytes of a blob, if the firmware leaves their number unsaid */
};

#define PSP_RANGES	3
#define PSP_OWNS	3

/**
 * struct psp_row - one firmware command
 * @name: as the SEV API calls it
 * @id: as the SEV API numbers it
 * @size: of the block, in bytes; 0 if there is none
 * @first: size of the block when first published; callers may know no more of it than
 *	that. A buffer that is added to the block since must be optional, and zero in an
 *	added field must mean what its absence meant
 * @since: lowest API version, major << 8 | minor
 * @door: PSP_DOOR_*
 * @demand: enum psp_demand
 * @back: the block has outputs and is copied back
 * @mirror: a mirror VM may issue it
 * @snp: a command of SNP, which only a host for it has
 * @final: keys, owner or firmware of the platform are replaced, and no command brings the
 *	old ones back; told to user space, so that tools ask before they issue it
 * @platform: enum psp_platform_need
 * @guest: enum psp_guest_need
 * @each: enum psp_each
 * @then: enum psp_then
 * @user: bytes that the caller may set
 * @never: bits for what the firmware has, and the driver does not give
 * @own: fields that the driver fills in, those that there are first
 * @buf: buffers
 */
struct psp_row {
	const char *name;
	u16 id;
	u16 size;
	u16 first;
	u16 since;
	u8 door;
	u8 demand;
	bool back;
	bool mirror;
	bool snp;
	bool final;
	u8 platform;
	u8 guest;
	u8 each;
	u8 then;
	struct psp_range user[PSP_RANGES];
	struct psp_bits never;
	struct psp_own own[PSP_OWNS];
	struct psp_buf buf[SEV_FW_BUFS];
};

/*
 * The two worlds of a block. They have the same bytes but for addresses, and
 * incompatible types: user addresses are read from the one only, physical ones
 * are written to the other only.
 */
struct psp_user_block {
	u8 byte[SEV_FW_BLOCK_MAX];
};

struct psp_fw_block {
	u8 byte[SEV_FW_BLOCK_MAX];
};

extern const struct psp_row psp_rows[];
extern const unsigned int psp_nr_rows;

/* Values for the driver's fields of a block. */
struct psp_fill {
	u32 handle;
	u32 asid;
	u32 share;		/* handle of the guest whose key a new one shares, or 0 */
};

const struct psp_row *psp_row_find(u32 id);
void psp_row_user_mask(const struct psp_row *row, u64 mask[2]);
bool psp_row_in_array(const struct psp_row *row);
bool psp_takes_len(const struct psp_row *row, u32 len);
u32 psp_back_len(const struct psp_row *row, u32 len);
int psp_check(const struct psp_row *row, const struct psp_user_block *block);
void psp_fill(const struct psp_row *row, const struct psp_user_block *user,
	      const struct psp_fill *fill, struct psp_fw_block *fw);
void psp_scrub(const struct psp_row *row, const struct psp_fw_block *fw,
	       struct psp_user_block *user);
void psp_row_info(const struct psp_row *row, u16 api, struct sev_fw_cmd_info *info);
const char *psp_status_name(u32 status);

/* Blocks are little-endian and packed; so is every machine that has a PSP. */
static inline u32 psp_get32(const u8 *block, u8 off)
{
	u32 value;

	memcpy(&value, block + off, sizeof(value));
	return value;
}

static inline void psp_put32(u8 *block, u8 off, u32 value)
{
	memcpy(block + off, &value, sizeof(value));
}

static inline u32 psp_fw_get32(const struct psp_fw_block *fw, u8 off)
{
	return psp_get32(fw->byte, off);
}

static inline void psp_fw_put32(struct psp_fw_block *fw, u8 off, u32 value)
{
	psp_put32(fw->byte, off, value);
}

static inline bool psp_len_in_block(const struct psp_buf *buf)
{
	return buf->len < SEV_FW_BLOCK_MAX;
}

/*
 * Does the firmware write to the block itself? A block that is issued slice by slice goes
 * back because of the length that the driver counts; SNP commands answer elsewhere.
 */
static inline bool psp_writes_block(const struct psp_row *row)
{
	return row->back && row->each == PSP_ONCE;
}

#define PSP_FLAG_2M		BIT(0)

static inline bool psp_buf_wanted(const struct psp_buf *buf, const u8 *block)
{
	return buf->kind != SEV_FW_BUF_NONE && (block[buf->flags] & buf->if_mask) == buf->if_value;
}

/* Is there a buffer @i? User's and firmware's block have the same flags. */
static inline bool psp_buf_there(const struct psp_row *row, unsigned int i, const u8 *block)
{
	unsigned int j;

	if (!psp_buf_wanted(&row->buf[i], block))
		return false;
	for (j = 0; j < i; j++)
		if (row->buf[j].addr == row->buf[i].addr && psp_buf_wanted(&row->buf[j], block))
			return false;
	return true;
}

static inline bool psp_is_large(const struct psp_buf *buf, const u8 *block)
{
	return buf->len == SEV_FW_BUF_PAGE && psp_get32(block, buf->flags) & PSP_FLAG_2M;
}

/* A page that becomes the guest's by the command, or is already, and is immutable meanwhile. */
static inline bool psp_is_guests(const struct psp_buf *buf)
{
	return buf->before == SEV_FW_PAGE_PRE_GUEST || buf->before == SEV_FW_PAGE_PRE_SWAP;
}

/* Pages that the driver gives to the firmware, or to the guest, for the command. */
static inline bool psp_changes_hands(const struct psp_buf *buf)
{
	return buf->before == SEV_FW_PAGE_FIRMWARE || psp_is_guests(buf);
}

/* A page that is the guest's from this command on. */
static inline bool psp_moves_in(const struct psp_buf *buf)
{
	return buf->kind == SEV_FW_BUF_PRIVATE && buf->before == SEV_FW_PAGE_PRE_GUEST;
}

/* A page that is the guest's until this command, and then the host's. */
static inline bool psp_moves_out(const struct psp_buf *buf)
{
	return buf->before == SEV_FW_PAGE_PRE_SWAP && buf->after == SEV_FW_PAGE_PRE_GUEST;
}

/* What the caller has becomes the content of a page of the guest's. */
static inline bool psp_brings_content(const struct psp_buf *buf)
{
	return psp_moves_in(buf) && buf->dir & SEV_FW_BUF_READ;
}

/* The length that the caller gave for a buffer. */
static inline u32 psp_user_len(const struct psp_buf *buf, const struct psp_user_block *user)
{
	if (psp_len_in_block(buf))
		return psp_get32(user->byte, buf->len);
	return psp_is_large(buf, user->byte) ? 0x200000 : buf->max;
}

#endif /* PSP_ROW_H */
