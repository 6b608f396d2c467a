/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The users of the PSP: KVM's VMs, and a driver that is not KVM. They are the same on both
 * drivers. The including file says what a call into the PSP driver is:
 *
 *   CALL(cmd, user, asid)   one command, or UNIT
 *   UNIT                    START and ACTIVATE in one call, where there is such
 *   REFUSED(step)           something was not done; may that be?
 *
 * KVM hands ASIDs out of a bitmap. One that has been used waits in a second bitmap until
 * the first is empty; then KVM executes WBINVD and DF_FLUSH, and has all of them again.
 * A lock that only KVM knows keeps its DEACTIVATEs away meanwhile: the lock in KVM.
 *
 * The second user has an ASID of its own, which KVM does not hand out, and flushes when it
 * is told to, as second_user.ko does.
 */
#define KVM_ASIDS	(ASIDS - 1)
#define SECOND_ASID	ASIDS
#define KVM_ALL		((1 << KVM_ASIDS) - 1)

/* Steps that may be refused, for REFUSED() */
#define KVM_INIT	1	/* KVM_SEV_INIT: no ASID, although some are free */
#define KVM_START	2
#define KVM_BIND	3
#define KVM_END		4
#define SECOND_BIND	5	/* told to flush */
#define SECOND_FLUSH	6	/* which then failed */
#define SECOND_START	7
#define SECOND_END	8

#define MUST(step)					\
	if						\
	:: status != SUCCESS -> REFUSED(step)		\
	:: else						\
	fi

byte kvm_free = KVM_ALL;	/* bit n - 1: ASID n */
byte kvm_reclaim;
bool kvm_bitmap_lock;
bool kvm_flushing;		/* the lock in KVM, held for writing */
byte kvm_deactivating;		/* and for reading */

/* On all processors, which are in no hurry */
inline wbinvd_on_all_cpus()
{
	cpu = 0;
	do
	:: cpu < CPUS -> OTHERS_MAY_RUN(); wbinvd(cpu); cpu++
	:: else -> break
	od;
	cpu = 0
}

inline take_free_asid()
{
	d_step {
		asid = 1;
		do
		:: asid <= KVM_ASIDS && !(kvm_free & (1 << (asid - 1))) -> asid++
		:: else -> break
		od;
		asid = (asid <= KVM_ASIDS -> asid : 0);
		kvm_free = (asid -> kvm_free & ~(1 << (asid - 1)) : kvm_free)
	}
}

/* Of a user, what comes next */
#define NEXT_INIT	0	/* KVM_SEV_INIT */
#define NEXT_START	1
#define NEXT_BIND	2
#define NEXT_UNDO	3	/* it could not be bound */
#define NEXT_FINISH	4
#define NEXT_UNBIND	5
#define NEXT_END	6
#define NEXT_FLUSH	7
#define NEXT_FREE	8	/* the ASID is KVM's again */

/*
 * KVM's locks around the call. An SNP guest's DECOMMISSION unbinds it, and takes the lock
 * in KVM alone.
 */
inline kvm_lock()
{
	if
	:: cmd == DEACTIVATE && me <= VMS -> atomic { !kvm_flushing -> kvm_deactivating++ }
	:: cmd == DECOMMISSION && IS_SNP(me) ->
		atomic { !kvm_flushing && !kvm_deactivating -> kvm_flushing = true }
	:: else
	fi
}

inline kvm_unlock()
{
	if
	:: cmd == DEACTIVATE && me <= VMS -> kvm_deactivating--
	:: cmd == DECOMMISSION && IS_SNP(me) -> kvm_flushing = false
	:: else
	fi
}

/* KVM_SEV_INIT: the bitmap's lock is held until new_asid_end() */
inline new_asid_begin()
{
	atomic { !kvm_bitmap_lock -> kvm_bitmap_lock = true };
	take_free_asid();
	if
	:: !asid && kvm_reclaim ->
		atomic { !kvm_flushing && !kvm_deactivating -> kvm_flushing = true };
		wbinvd_on_all_cpus();
		cmd = DF_FLUSH
	:: else
	fi
}

inline new_asid_end()
{
	if
	:: cmd == DF_FLUSH && status == SUCCESS ->
		kvm_flushing = false;
		kvm_free = kvm_free | kvm_reclaim;
		kvm_reclaim = 0;
		take_free_asid();
		assert(asid)
	:: cmd == DF_FLUSH && status != SUCCESS ->
		kvm_flushing = false;
		REFUSED(KVM_INIT)
	:: else
	fi;
	kvm_bitmap_lock = false;
	/* all of them may be in use, which is an error for whoever wanted one more */
	next = (asid -> NEXT_START : NEXT_INIT)
}

inline vm_begins()
{
	if
	:: next == NEXT_INIT -> new_asid_begin()
	:: next == NEXT_START && IS_SNP(me) -> cmd = UNIT
	:: next == NEXT_START && !IS_SNP(me) ->
		if
		:: cmd = START
		:: cmd = UNIT
		fi
	:: next == NEXT_BIND -> cmd = ACTIVATE
	:: next == NEXT_UNDO || next == NEXT_END -> cmd = DECOMMISSION
	:: next == NEXT_FINISH -> cmd = FINISH
	:: next == NEXT_UNBIND -> cmd = DEACTIVATE
	:: next == NEXT_FREE ->
		atomic {
			!kvm_bitmap_lock ->
			kvm_reclaim = kvm_reclaim | (1 << (asid - 1));
			asid = 0
		}
	fi
}

/* It runs, or dies before it has run. */
inline vm_is_bound()
{
	if
	:: IS_SNP(me) -> next = NEXT_END
	:: !IS_SNP(me) -> next = NEXT_FINISH
	:: !IS_SNP(me) -> next = NEXT_UNBIND
	fi
}

inline vm_goes_on()
{
	if
	:: next == NEXT_INIT -> new_asid_end()
	:: next == NEXT_START && status != SUCCESS -> REFUSED(KVM_START); next = NEXT_FREE
	:: next == NEXT_START && status == SUCCESS && cmd == START -> next = NEXT_BIND
	:: next == NEXT_START && status == SUCCESS && cmd != START -> vm_is_bound()
	:: next == NEXT_BIND && status == SUCCESS -> vm_is_bound()
	:: next == NEXT_BIND && status != SUCCESS -> REFUSED(KVM_BIND); next = NEXT_UNDO
	:: next == NEXT_UNDO -> next = NEXT_FREE
	:: next == NEXT_FINISH -> MUST(KVM_END); next = NEXT_UNBIND
	:: next == NEXT_UNBIND -> MUST(KVM_END); next = NEXT_END
	:: next == NEXT_END -> MUST(KVM_END); next = NEXT_FREE
	:: next == NEXT_FREE -> next = NEXT_INIT
	fi
}

/* A guest that is bound, runs, is unbound, and now and then bound for a second time */
inline second_begins()
{
	if
	:: next == NEXT_INIT -> cmd = START; asid = SECOND_ASID
	:: next == NEXT_BIND -> cmd = ACTIVATE
	:: next == NEXT_FLUSH -> wbinvd_on_all_cpus(); cmd = DF_FLUSH
	:: next == NEXT_FINISH -> cmd = FINISH
	:: next == NEXT_UNBIND -> cmd = DEACTIVATE
	:: next == NEXT_END -> cmd = DECOMMISSION
	fi
}

inline second_goes_on()
{
	if
	:: next == NEXT_INIT && status != SUCCESS -> REFUSED(SECOND_START)
	:: next == NEXT_INIT && status == SUCCESS -> next = NEXT_BIND
	:: next == NEXT_BIND && status == SUCCESS -> next = NEXT_FINISH
	:: next == NEXT_BIND && status == DF_FLUSH_REQUIRED ->
		REFUSED(SECOND_BIND);
		next = NEXT_FLUSH
	:: next == NEXT_BIND && status != SUCCESS && status != DF_FLUSH_REQUIRED ->
		REFUSED(SECOND_START);
		next = NEXT_END
	:: next == NEXT_FLUSH && status == SUCCESS -> next = NEXT_BIND
	:: next == NEXT_FLUSH && status != SUCCESS -> REFUSED(SECOND_FLUSH); next = NEXT_END
	:: next == NEXT_FINISH -> MUST(SECOND_END); next = NEXT_UNBIND
	:: next == NEXT_UNBIND ->
		MUST(SECOND_END);
		if
		:: next = NEXT_BIND
		:: next = NEXT_END
		fi
	:: next == NEXT_END -> MUST(SECOND_END); next = NEXT_INIT
	fi
}

/* One VM after the other, or one guest; or, as user 0, nothing but SHUTDOWN */
proctype user(byte me)
{
	byte asid, next, cmd, status, failed, cpu, i, n;

end:	do
	:: atomic {
		if
		:: !me -> cmd = SHUTDOWN
		:: me && me <= VMS -> vm_begins()
		:: me == SECOND_USER -> second_begins()
		fi;
		if
		:: cmd ->
			OTHERS_MAY_RUN();
			kvm_lock();
			CALL(cmd, me, asid);
			kvm_unlock()
		:: else
		fi;
		if
		:: !me
		:: me && me <= VMS -> vm_goes_on()
		:: me == SECOND_USER -> second_goes_on()
		fi;
		cmd = 0;
		status = 0
	}
	od
}

inline begin_users()
{
	who = VMS + 1 - vms;
	do
	:: who <= VMS -> run user(who); who++
	:: else -> break
	od;
	if
	:: !alone -> run user(SECOND_USER)
	:: else
	fi;
	who = 0
}
