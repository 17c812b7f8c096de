/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of a vDSO for x86_64, each a system call, for images that ld makes. */
#include <sys/syscall.h>

static long call(long number, long a, long b)
{
	register long result __asm__("rax") = number;

	__asm__ volatile("syscall" : "+r"(result) : "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

#define FUNCTION(name) \
	long __vdso_##name(long a, long b); \
	long __vdso_##name(long a, long b) { return call(SYS_##name, a, b); }

FUNCTION(clock_gettime)
FUNCTION(gettimeofday)
FUNCTION(time)
FUNCTION(clock_getres)
FUNCTION(getcpu)
