/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoint of the submit path: one event for each command that firmware was
 * asked, whoever asked.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM psp_sev

#if !defined(PSP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PSP_TRACE_H

#include <linux/tracepoint.h>

#include "compat.h"
#include "psp.h"

TRACE_EVENT(psp_command,
	TP_PROTO(const struct psp_call *call, u32 handle, u32 asid, u64 queue_ns, u64 firmware_ns),
	TP_ARGS(call, handle, asid, queue_ns, firmware_ns),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, call->row->name)
		__field(u32, handle)
		__field(u32, asid)
		__field(u32, status)
		__string(status_name, psp_status_name(call->status))
		__field(u64, queue_ns)
		__field(u64, firmware_ns)
	),

	TP_fast_assign(
		__entry->id = call->row->id;
		psp_assign_str(name, call->row->name);
		__entry->handle = handle;
		__entry->asid = asid;
		__entry->status = call->status;
		psp_assign_str(status_name, psp_status_name(call->status));
		__entry->queue_ns = queue_ns;
		__entry->firmware_ns = firmware_ns;
	),

	TP_printk("id=0x%03x %s handle=%u asid=%u status=0x%02x %s queue_ns=%llu firmware_ns=%llu",
		  __entry->id, __get_str(name), __entry->handle, __entry->asid,
		  __entry->status, __get_str(status_name),
		  __entry->queue_ns, __entry->firmware_ns)
);

#endif /* PSP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
