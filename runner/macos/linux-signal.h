/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals as arm64 Linux has them: include/uapi/asm-generic/signal.h, siginfo.h and
 * signal-defs.h, arch/arm64/include/uapi/asm/signal.h.
 */
#ifndef MACOS_LINUX_SIGNAL_H
#define MACOS_LINUX_SIGNAL_H

#include <stdint.h>

#include "../kernel.h"

enum linux_signal {
	LINUX_SIGHUP = 1, LINUX_SIGINT, LINUX_SIGQUIT, LINUX_SIGILL, LINUX_SIGTRAP, LINUX_SIGABRT,
	LINUX_SIGBUS, LINUX_SIGFPE, LINUX_SIGKILL, LINUX_SIGUSR1, LINUX_SIGSEGV, LINUX_SIGUSR2,
	LINUX_SIGPIPE, LINUX_SIGALRM, LINUX_SIGTERM, LINUX_SIGSTKFLT, LINUX_SIGCHLD, LINUX_SIGCONT,
	LINUX_SIGSTOP, LINUX_SIGTSTP, LINUX_SIGTTIN, LINUX_SIGTTOU, LINUX_SIGURG, LINUX_SIGXCPU,
	LINUX_SIGXFSZ, LINUX_SIGVTALRM, LINUX_SIGPROF, LINUX_SIGWINCH, LINUX_SIGIO, LINUX_SIGPWR,
	LINUX_SIGSYS, LINUX_SIGRTMIN, LINUX_SIGRTMAX = 64,
};

enum linux_handler { LINUX_SIG_DFL, LINUX_SIG_IGN };

enum linux_sigaction_flags {
	LINUX_SA_NOCLDSTOP = 0x1,
	LINUX_SA_NOCLDWAIT = 0x2,
	LINUX_SA_SIGINFO = 0x4,
	LINUX_SA_EXPOSE_TAGBITS = 0x800,
	LINUX_SA_RESTORER = 0x04000000,
	LINUX_SA_ONSTACK = 0x08000000,
	LINUX_SA_RESTART = 0x10000000,
	LINUX_SA_NODEFER = 0x40000000,
};
#define LINUX_SA_RESETHAND 0x80000000u

enum linux_si_code {
	LINUX_SI_USER = 0,
	LINUX_SI_KERNEL = 0x80,
	LINUX_SI_QUEUE = -1,
	LINUX_SI_TIMER = -2,
	LINUX_SI_TKILL = -6,
	LINUX_CLD_EXITED = 1,
	LINUX_CLD_KILLED = 2,
	LINUX_CLD_DUMPED = 3,
	LINUX_CLD_TRAPPED = 4,
	LINUX_CLD_STOPPED = 5,
	LINUX_CLD_CONTINUED = 6,
};

enum linux_sigev { LINUX_SIGEV_SIGNAL, LINUX_SIGEV_NONE, LINUX_SIGEV_THREAD,
		   LINUX_SIGEV_THREAD_ID = 4 };

/* Of files that all hosts share. */
#define linux_siginfo kernel_siginfo

struct linux_sigevent {
	uint64_t value;
	int32_t signo, notify, tid;
	int32_t room[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "as SIGEV_MAX_SIZE has it");

#endif
