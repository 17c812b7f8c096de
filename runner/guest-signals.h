/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals of faults and their codes, as Linux numbers them for its programs: the host may
 * have others. Linux include/uapi/asm-generic/signal.h and siginfo.h.
 */
#ifndef GUEST_SIGNALS_H
#define GUEST_SIGNALS_H

enum guest_signal {
	GUEST_SIGILL = 4,
	GUEST_SIGTRAP = 5,
	GUEST_SIGBUS = 7,
	GUEST_SIGFPE = 8,
	GUEST_SIGSEGV = 11,
};

enum guest_code {
	GUEST_ILL_ILLOPC = 1,
	GUEST_ILL_ILLOPN = 2,
	GUEST_FPE_INTDIV = 1,
	GUEST_FPE_FLTINV = 7,
	GUEST_SEGV_MAPERR = 1,
	GUEST_SEGV_ACCERR = 2,
	GUEST_BUS_ADRALN = 1,
	GUEST_BUS_ADRERR = 2,
	GUEST_TRAP_BRKPT = 1,
	GUEST_TRAP_TRACE = 2,
	GUEST_SI_KERNEL = 0x80,
};

#endif
