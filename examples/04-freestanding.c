/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library where there is no C library, as in a kernel or a boot loader.
 * It asks for four functions, memcpy() and its kin, and brings no
 * architecture along but the one that is named. Writes the image of this
 * machine's architecture to standard output:
 *
 *	./04-freestanding >vdso.so
 */
#include <vdsogen.h>

/* ---- what a kernel has anyway ------------------------------------------- */

/* Keeps the compiler from making a call of the function out of its own loop. */
#define BARRIER() __asm__ volatile("" : : : "memory")

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
_Noreturn void start(void);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
		BARRIER();
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, size);
	for (size_t i = size; i-- > 0;) {
		((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
		BARRIER();
	}
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		((unsigned char *)to)[i] = (unsigned char)byte;
		BARRIER();
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

/* ---- system calls, and the place where the program begins --------------- */

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 60 };

static long system_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

__asm__(".globl _start\n_start: xor %ebp, %ebp; and $-16, %rsp; call start");

#define THIS_MACHINE vdsogen_arch_x86_64
#elif defined(__aarch64__)
enum { WRITE = 64, EXIT = 93 };

static long system_call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

__asm__(".globl _start\n_start: mov x29, #0; mov x30, #0; bl start");

#define THIS_MACHINE vdsogen_arch_aarch64
#else
#error "this example does not know the system calls of this architecture"
#endif

static int write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		long written = system_call(WRITE, fd, (long)at, (long)size);

		if (written <= 0)
			return 1;
		at += written;
		size -= (size_t)written;
	}
	return 0;
}

/* ---- the example ---------------------------------------------------------- */

static _Alignas(VDSOGEN_PAGE) unsigned char page[VDSOGEN_PAGE];

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

_Noreturn void start(void)
{
	enum { OUTPUT = 1, MESSAGES = 2 };
	size_t size = sizeof page;
	int error = vdsogen_build(THIS_MACHINE(), NULL, page, &size);
	int status = error ? 1 : write_all(OUTPUT, page, size);

	if (error) {
		const char *text = vdsogen_strerror(error);

		write_all(MESSAGES, text, length(text));
		write_all(MESSAGES, "\n", 1);
	}
	for (;;)
		system_call(EXIT, status, 0, 0);
}
