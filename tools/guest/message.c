// SPDX-License-Identifier: GPL-2.0
/*
 * Messages to the firmware. The hypervisor carries them, but can neither read nor change
 * them: they are sealed by a key that the firmware has put into the secrets page, and counted.
 */
#include "guest.h"

#define VMPCK_0		0x20	/* in the secrets page */

#define MSG_TAG		0x00
#define MSG_NUMBER	0x20
#define MSG_COVERED	0x30
#define MSG_ALGO	0x30
#define MSG_HDR_VERSION	0x31
#define MSG_HDR_SIZE	0x32
#define MSG_TYPE	0x34
#define MSG_VERSION	0x35
#define MSG_SIZE	0x36
#define MSG_PAYLOAD	0x60

#define TYPE_KEY	3
#define TYPE_REPORT	5
#define KEY_REQUEST	0x20
#define KEY_FIELDS	0x08
#define KEY_POLICY	(1 << 0)	/* mix the guest's policy into the key */
#define KEY_MEASUREMENT	(1 << 3)	/* the same for its measurement */
#define KEY_ANSWER	0x40
#define KEY_AT		0x20
#define REPORT_REQUEST	0x60
#define REPORT_ANSWER	0x4c0
#define REPORT_AT	0x20
#define REPORT_SIZE	0x4a0

static uint64_t number;			/* number of the last message, in either direction */
static uint8_t page[0x1000];		/* the host must not see a message in the making */

static void copy(volatile void *to, const volatile void *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((volatile uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}

static void clear(uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = 0;
}

static struct gcm_message of_page(size_t len)
{
	return (struct gcm_message){
		.key = (const uint8_t *)SECRETS_PAGE + VMPCK_0, .number = number,
		.covered = page + MSG_COVERED, .covered_len = MSG_PAYLOAD - MSG_COVERED,
		.text = page + MSG_PAYLOAD, .len = len,
	};
}

static void seal(uint8_t type, uint16_t len)
{
	struct gcm_message m;

	number++;
	page[MSG_ALGO] = 1;
	page[MSG_HDR_VERSION] = 1;
	page[MSG_HDR_SIZE] = MSG_PAYLOAD;
	page[MSG_TYPE] = type;
	page[MSG_VERSION] = 1;
	copy(page + MSG_SIZE, &len, sizeof(len));
	copy(page + MSG_NUMBER, &number, sizeof(number));
	m = of_page(len);
	gcm_crypt(&m, true, page + MSG_TAG);
}

/* The answer to message @type: of the right kind, number and size, and from the firmware. */
static bool open_answer(uint8_t type, uint16_t len)
{
	uint8_t tag[16], wrong = 0;
	struct gcm_message m;

	number++;
	m = of_page(len);
	if (page[MSG_TYPE] != type + 1 || *(uint16_t *)(page + MSG_SIZE) != len ||
	    *(uint64_t *)(page + MSG_NUMBER) != number)
		return false;
	gcm_crypt(&m, false, tag);
	for (int i = 0; i < 16; i++)
		wrong |= tag[i] ^ page[MSG_TAG + i];
	return !wrong && !*(uint32_t *)(page + MSG_PAYLOAD);
}

/*
 * A request that the hypervisor refuses because of @certs is made again without them, and must
 * then be the same message: the same number for another one would tell what both say.
 */
static bool exchange(uint8_t type, uint16_t len, uint16_t answer_len, struct certs *certs)
{
	seal(type, len);
	copy((void *)REQUEST_PAGE, page, sizeof(page));
	if (!(certs && ghcb_extended_request(certs)) && ghcb_guest_request())
		return false;
	copy(page, (void *)RESPONSE_PAGE, sizeof(page));
	return open_answer(type, answer_len);
}

bool message_key(uint8_t key[32])
{
	clear(page, sizeof(page));
	page[MSG_PAYLOAD + KEY_FIELDS] = KEY_POLICY | KEY_MEASUREMENT;
	if (!exchange(TYPE_KEY, KEY_REQUEST, KEY_ANSWER, NULL))
		return false;
	copy(key, page + MSG_PAYLOAD + KEY_AT, 32);
	return true;
}

bool message_report(const uint8_t *nonce, uint8_t *report, struct certs *certs)
{
	clear(page, sizeof(page));
	copy(page + MSG_PAYLOAD, nonce, 64);
	if (!exchange(TYPE_REPORT, REPORT_REQUEST, REPORT_ANSWER, certs))
		return false;
	copy(report, page + MSG_PAYLOAD + REPORT_AT, REPORT_SIZE);
	return true;
}
