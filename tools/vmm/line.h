/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The line to the owner of an SNP guest, who is elsewhere, is a directory:
 *
 *	nonce.bin	the owner's nonce, there before the launch
 *	report.bin	from the guest
 *	guest.key	likewise, its public key
 *	sealed.bin	the owner's secret, sealed to that
 *	refused		in place of it: the owner does not trust the guest
 *	told.bin	from the guest: the SHA-256 of the secret that it has got, as text
 *
 * A file appears when it is complete. The host can read and change all of them, as it can
 * in any other way that they go.
 */
#ifndef SEV_VMM_LINE_H
#define SEV_VMM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** line_receive_nonce() - return: 0 or a negative errno */
int line_receive_nonce(const char *dir, uint8_t *nonce, size_t len);

/**
 * line_receive_sealed() - wait for the owner's answer
 * @dir: directory
 * @sealed: receives the sealed secret
 * @room: room for it
 * @len: receives its length
 * @over: asked again and again; if it says so, no answer is waited for any more
 *
 * Return: 0; -EKEYREJECTED: the owner refuses; -ETIME: there is no answer, within 5 minutes or
 * before it is over; another negative errno.
 */
int line_receive_sealed(const char *dir, uint8_t *sealed, size_t room, size_t *len,
			bool (*over)(void));

/** line_send() - write file @name; ends the program if that cannot be done */
void line_send(const char *dir, const char *name, const void *data, size_t len);

#endif /* SEV_VMM_LINE_H */
