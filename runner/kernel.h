/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel takes and gives, where the C library has something else. */
#ifndef KERNEL_H
#define KERNEL_H

#include <signal.h>
#include <stdint.h>

#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif
#ifndef SA_EXPOSE_TAGBITS
#define SA_EXPOSE_TAGBITS 0x00000800
#endif

struct kernel_sigset {
	uint64_t bits;
};

struct kernel_sigaction {
	uint64_t handler, flags, restorer;
	struct kernel_sigset mask;
};

struct kernel_stack {
	uint64_t base;
	int32_t flags;
	uint64_t size;
};

/* As all processors have it: include/uapi/asm-generic/siginfo.h. */
struct kernel_siginfo {
	int32_t signo, error, code, pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			union {
				uint64_t value;	/* SI_QUEUE */
				struct {
					int32_t status, pad;
					int64_t utime, stime;
				} child;	/* SIGCHLD */
			};
		};
		struct {
			int32_t id, overrun;
			uint64_t value;
		} timer;	/* SI_TIMER */
		struct {
			uint64_t address;
			int16_t lsb;
		} fault;
		uint64_t room[14];
	};
};
_Static_assert(sizeof(struct kernel_siginfo) == 128, "SI_MAX_SIZE");

struct kernel_termios {
	uint32_t flags[4];
	uint8_t line, control[19];
};

struct kernel_termios2 {
	struct kernel_termios termios;
	uint32_t speed[2];
};

struct kernel_termio {
	uint16_t flags[4];
	uint8_t line, control[8];
};

#define KERNEL_TCGETS2 _IOR('T', 0x2a, struct kernel_termios2)
#define KERNEL_TCSETS2 _IOW('T', 0x2b, struct kernel_termios2)
#define KERNEL_TCSETSW2 _IOW('T', 0x2c, struct kernel_termios2)
#define KERNEL_TCSETSF2 _IOW('T', 0x2d, struct kernel_termios2)

/* A file's handle, as long as one can be. */
struct kernel_handle {
	uint32_t bytes;
	int32_t type;
	uint8_t handle[128];
};

/* Numbers are the same for all processors, and newer than some headers. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#endif
