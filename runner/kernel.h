/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel takes and gives, where the C library has something else. */
#ifndef KERNEL_H
#define KERNEL_H

#include <signal.h>
#include <stdint.h>
#include <string.h>

#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif
#ifndef SA_EXPOSE_TAGBITS
#define SA_EXPOSE_TAGBITS 0x00000800
#endif
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
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

struct kernel_termios {
	uint32_t flags[4];
	uint8_t line, control[19];
};

/* The C library's sets begin with the kernel's. */
static inline uint64_t kernel_signals(const sigset_t *set)
{
	uint64_t bits;

	memcpy(&bits, set, sizeof bits);
	return bits;
}

#endif
