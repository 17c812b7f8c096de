/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goes for what is the machine's own: every page of the upper half that the shim may have,
 * what is above user code, and the page of the clock. Through calls, it gets an error;
 * `touch ADDRESS`, `out PORT` and `jump` are the direct way, and the end. Where there are no ports,
 * signals.c has instructions that are not a program's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 16 };
/* What the machine has at the end of user code's half, and is in /proc/self/maps. */
#if defined __x86_64__
static const uint64_t kernel_half = 0xffff800000000000;
static const uint64_t shim = 0x7fffff7ff000, shim_end = 0x7ffffffff000;
#elif defined __aarch64__
static const uint64_t kernel_half = 0xffff000000000000;
static const uint64_t shim = 0xfffffffff000, shim_end = 0x1000000000000;
#endif
static int failed;

static void want(const char *what, uint64_t at, long result, int number)
{
	if (result == -1 && errno == number)
		return;
	printf("%s %#llx: %ld, %s\n", what, (unsigned long long)at, result, strerror(errno));
	failed = 1;
}

static char page[2 * PAGE] __attribute__((aligned(PAGE)));

static void through_calls(uint64_t at)
{
	int zero = open("/dev/zero", O_RDONLY), null = open("/tmp", O_RDONLY | O_DIRECTORY), pipe_fd[2];

	const uint64_t place = (uintptr_t)page;
	const int sealed = at >= shim && at < shim_end;
	/* a range without an end; what is there and not the program's */
	const int outside = !(at + PAGE) ? EINVAL : sealed ? EPERM : ENOMEM;

	close(null);
	if (pipe(pipe_fd))
		return;
	want("read", at, syscall(SYS_read, zero, at, 8), EFAULT);
	want("write", at, syscall(SYS_write, pipe_fd[1], at, 8), EFAULT);
	want("uname", at, syscall(SYS_uname, at), EFAULT);
	want("open", at, syscall(SYS_openat, AT_FDCWD, at, 0), EFAULT);
	want("clock_gettime", at, syscall(SYS_clock_gettime, 0, at), EFAULT);
	want("readv", at, syscall(SYS_readv, zero, at, 1), EFAULT);
	want("mprotect", at, syscall(SYS_mprotect, at, PAGE, PROT_READ | PROT_WRITE), ENOMEM);
	want("mmap", at, syscall(SYS_mmap, at, PAGE, PROT_READ,
				 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	want("munmap", at, syscall(SYS_munmap, at, PAGE), EINVAL);
	want("mremap from", at, syscall(SYS_mremap, at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place),
	     sealed ? EINVAL : EFAULT);
	want("mremap to", at, syscall(SYS_mremap, place, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at), EINVAL);
	want("madvise", at, syscall(SYS_madvise, at, PAGE, MADV_DONTNEED), outside);
	want("mincore", at, syscall(SYS_mincore, at, PAGE, place), ENOMEM);
	want("mlock", at, syscall(SYS_mlock, at, PAGE), outside);
	close(zero);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

/* May be read and executed; nothing else, by nobody. */
static void clock_page(uint64_t at)
{
	int zero = open("/dev/zero", O_RDONLY);

	want("read", at, syscall(SYS_read, zero, at, 8), EFAULT);
	want("mprotect", at, syscall(SYS_mprotect, at, PAGE, PROT_READ | PROT_WRITE), EPERM);
	want("munmap", at, syscall(SYS_munmap, at, PAGE), EPERM);
	want("munmap", at, syscall(SYS_munmap, at - PAGE, 2 * PAGE), EPERM);
	want("mmap", at, syscall(SYS_mmap, at, PAGE, PROT_READ,
				 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EPERM);
	want("mremap from", at, syscall(SYS_mremap, at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page),
	     EINVAL);
	want("mremap longer", at, syscall(SYS_mremap, at, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), EINVAL);
	want("mremap to", at, syscall(SYS_mremap, page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at), EINVAL);
	want("madvise", at, syscall(SYS_madvise, at, PAGE, MADV_DONTNEED), EPERM);
	want("madvise", at, syscall(SYS_madvise, at, PAGE, MADV_DONTFORK), EPERM);
	want("mlock", at, syscall(SYS_mlock, at, PAGE), EPERM);
	want("mincore", at, syscall(SYS_mincore, at, PAGE, page), ENOMEM);
	close(zero);
}

/* The runner's own are none. What this process was started with ends early, and may be closed. */
static void descriptors(void)
{
	for (int fd = 3; fd < 4096; fd++)
		close(fd);
	for (int fd = 3; fd < 4096; fd++)
		want("close", (uint64_t)fd, close(fd), EBADF);
}

int main(int argc, char **argv)
{
	uint64_t at = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;

	if (argc > 2 && !strcmp(argv[1], "touch"))
		*(volatile char *)(uintptr_t)at = 1;
	else if (argc > 2 && !strcmp(argv[1], "look"))
		return *(volatile char *)(uintptr_t)at;
#ifdef __x86_64__
	else if (argc > 2 && !strcmp(argv[1], "out"))
		__asm__ volatile("out %%al, %%dx" : : "a"(0), "d"((uint16_t)at));
#endif
	else if (argc > 1 && !strcmp(argv[1], "clock"))
		*(volatile char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR) = 1;
	else if (argc > 2 && !strcmp(argv[1], "jump"))
#if defined __x86_64__
		__asm__ volatile("jmp *%0" : : "r"(at), "c"(~(uint64_t)0 << 47), "a"(SYS_getpid));
#elif defined __aarch64__
		__asm__ volatile("mov x8, %1\n\tbr %0" : : "r"(at), "r"((uint64_t)SYS_getpid) : "x8");
#endif
	const uint64_t last = shim_end - shim < PAGES / 2 * PAGE ? shim : shim_end - PAGES / 2 * PAGE;

	for (uint64_t i = 0; i < PAGES; i++) {
		through_calls(kernel_half + i * PAGE);
		through_calls(shim + i * PAGE);
		through_calls(last + i * PAGE);
	}
	through_calls(~(uint64_t)0 - PAGE + 1);
	clock_page(getauxval(AT_SYSINFO_EHDR));
	descriptors();
	puts(failed ? "reached" : "unreachable");
	return failed;
}
