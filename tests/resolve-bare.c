/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdsogen-resolve.h without a C library, for tests/check-resolve.sh: finds the
 * vDSO behind the environment on the first stack and calls clock_gettime. Exit
 * status 0: it works, with the right name and version alone; 77: no vDSO.
 */
#include <vdsogen-resolve.h>


enum { OK = 0, NOT_FOUND = 1, FOUND_TOO_MUCH = 2, FAILED = 3, NO_VDSO = 77 };

struct time {
	long sec, nsec;
};

typedef int clock_gettime_fn(int clock, struct time *time);

#if defined(__x86_64__)
static _Noreturn void leave(int status)
{
	for (;;)
		__asm__ volatile("syscall" : : "a"(60L), "D"((long)status)
				 : "rcx", "r11", "memory");
}

__asm__(".globl _start\n_start: xor %ebp, %ebp; mov %rsp, %rdi; and $-16, %rsp; call start");
#elif defined(__i386__)
static _Noreturn void leave(int status)
{
	for (;;)
		__asm__ volatile("int $0x80" : : "a"(1), "b"(status) : "memory");
}

__asm__(".globl _start\n"
	"_start: xor %ebp, %ebp; mov %esp, %eax; and $-16, %esp\n"
	"sub $12, %esp; push %eax; call start");
#elif defined(__aarch64__)
static _Noreturn void leave(int status)
{
	register long x8 __asm__("x8") = 93;
	register long x0 __asm__("x0") = status;

	for (;;)
		__asm__ volatile("svc #0" : : "r"(x8), "r"(x0) : "memory");
}

__asm__(".globl _start\n_start: mov x29, #0; mov x30, #0; mov x0, sp; bl start");
#else
#error "this test does not know how programs of this architecture begin and end"
#endif

_Noreturn void start(const long *stack);

/* What execve() leaves: argc, the arguments, NULL, the environment, NULL, the vector. */
_Noreturn void start(const long *stack)
{
	const char *const *envp = (const char *const *)(stack + 1 + stack[0] + 1);
	const void *vdso = vdsogen_vdso_from_envp(envp);
	struct time time;
	clock_gettime_fn *clock_gettime;
	void *found;
	const int monotonic = 1;

	if (!vdso)
		leave(NO_VDSO);
	time.sec = time.nsec = 0;
	found = vdsogen_resolve_prefixed(vdso, "clock_gettime");
	if (!found)
		leave(NOT_FOUND);
	clock_gettime = (clock_gettime_fn *)(uintptr_t)found;
	if (vdsogen_resolve_prefixed(vdso, "clock_gettim") ||
	    vdsogen_resolve(vdso, "__vdso_clock_gettime", "LINUX_1.0") ||
	    vdsogen_resolve(vdso, "__kernel_clock_gettime", "LINUX_1.0"))
		leave(FOUND_TOO_MUCH);
	leave(clock_gettime(monotonic, &time) || (!time.sec && !time.nsec) ? FAILED : OK);
}
