/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command buffer that LAUNCH_UPDATE_SECRET, SEND_UPDATE_* and RECEIVE_UPDATE_*
 * share, and the header of the packets that they exchange.
 */
#ifndef SWPSP_TRANSPORT_H
#define SWPSP_TRANSPORT_H

#define TRANSPORT_HANDLE	0x00
#define TRANSPORT_HDR		0x08
#define TRANSPORT_HDR_LEN	0x10
#define TRANSPORT_GUEST		0x18
#define TRANSPORT_GUEST_LEN	0x20
#define TRANSPORT_TRANS		0x28
#define TRANSPORT_TRANS_LEN	0x30

#define HEADER_FLAGS		0x00
#define HEADER_IV		0x04
#define HEADER_MAC		0x14
#define HEADER_COMPRESSED	BIT(0)

#endif /* SWPSP_TRANSPORT_H */
