/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals and the codes of faults, as Linux numbers them for its programs: the host may have
 * others. Linux include/uapi/asm-generic/signal.h and siginfo.h.
 */
#ifndef GUEST_SIGNALS_H
#define GUEST_SIGNALS_H

enum guest_signal {
	GUEST_SIGHUP = 1,
	GUEST_SIGINT = 2,
	GUEST_SIGQUIT = 3,
	GUEST_SIGILL = 4,
	GUEST_SIGTRAP = 5,
	GUEST_SIGABRT = 6,
	GUEST_SIGBUS = 7,
	GUEST_SIGFPE = 8,
	GUEST_SIGKILL = 9,
	GUEST_SIGUSR1 = 10,
	GUEST_SIGSEGV = 11,
	GUEST_SIGUSR2 = 12,
	GUEST_SIGPIPE = 13,
	GUEST_SIGALRM = 14,
	GUEST_SIGTERM = 15,
	GUEST_SIGCHLD = 17,
	GUEST_SIGCONT = 18,
	GUEST_SIGSTOP = 19,
	GUEST_SIGTSTP = 20,
	GUEST_SIGTTIN = 21,
	GUEST_SIGTTOU = 22,
	GUEST_SIGURG = 23,
	GUEST_SIGXCPU = 24,
	GUEST_SIGXFSZ = 25,
	GUEST_SIGVTALRM = 26,
	GUEST_SIGPROF = 27,
	GUEST_SIGWINCH = 28,
	GUEST_SIGIO = 29,
	GUEST_SIGPWR = 30,
	GUEST_SIGSYS = 31,
};

enum guest_code {
	GUEST_SI_USER = 0,
	GUEST_ILL_ILLOPC = 1,
	GUEST_ILL_ILLOPN = 2,
	GUEST_FPE_INTDIV = 1,
	GUEST_FPE_FLTDIV = 3,
	GUEST_FPE_FLTOVF = 4,
	GUEST_FPE_FLTUND = 5,
	GUEST_FPE_FLTRES = 6,
	GUEST_FPE_FLTINV = 7,
	GUEST_FPE_FLTUNK = 14,
	GUEST_SEGV_MAPERR = 1,
	GUEST_SEGV_ACCERR = 2,
	GUEST_BUS_ADRALN = 1,
	GUEST_BUS_ADRERR = 2,
	GUEST_TRAP_BRKPT = 1,
	GUEST_TRAP_TRACE = 2,
	GUEST_SI_KERNEL = 0x80,
};

/* Of struct sigaction. */
enum guest_sa {
	GUEST_SA_SIGINFO = 0x00000004,
	GUEST_SA_RESTORER = 0x04000000,
	GUEST_SA_ONSTACK = 0x08000000,
};

/* What rt_sigprocmask() does with a set. */
enum guest_how {
	GUEST_SIG_BLOCK = 0,
	GUEST_SIG_UNBLOCK = 1,
	GUEST_SIG_SETMASK = 2,
};

/* Of a stack_t: include/uapi/linux/signal.h. */
enum guest_ss {
	GUEST_SS_ONSTACK = 1,
	GUEST_SS_DISABLE = 2,
};
#define GUEST_SS_AUTODISARM (1u << 31)

#endif
