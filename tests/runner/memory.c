/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What mmap, munmap, mprotect and brk promise, by what read() may write to. Each line is
 * what Linux prints; `die NAME` touches what it should not, and does not return.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static const char *can_write(void *at)
{
	int fd = open("/dev/zero", O_RDONLY);
	ssize_t got = read(fd, at, 1);
	int number = errno;

	close(fd);
	return got == 1 ? "yes" : strerror(number);
}

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static char *map(size_t pages, int prot)
{
	return mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void changes(void)
{
	char *p = map(8, PROT_READ | PROT_WRITE);
	int kept = 0;

	memset(p, 1, 8 * PAGE);
	say("read only", mprotect(p + PAGE, PAGE, PROT_READ));
	printf("0 %s, 1 %s, 2 %s\n", can_write(p), can_write(p + PAGE), can_write(p + 2 * PAGE));
	say("a hole", munmap(p + 3 * PAGE, PAGE));
	say("across the hole", mprotect(p, 8 * PAGE, PROT_READ));
	printf("0 %s, 4 %s\n", can_write(p), can_write(p + 4 * PAGE));
	say("again", mprotect(p, 3 * PAGE, PROT_READ | PROT_WRITE));
	say("filled", mmap(p + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + 3 * PAGE ? 0 : -1);
	say("not replaced", mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
				 -1, 0) == MAP_FAILED ? -1 : 0);
	for (int i = 0; i < 8 * PAGE; i++)
		kept += p[i];
	printf("kept %d\n", kept);
	say("replaced", mmap(p, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p ? 0 : -1);
	printf("zeros %d\n", p[0] + p[PAGE]);
	say("gone", munmap(p, 8 * PAGE));
	printf("0 %s\n", can_write(p));
	say("odd address", munmap(p + 1, PAGE));
	say("no size", munmap(p, 0));
	say("nothing there", mprotect(p, PAGE, PROT_READ));
}

/* Memory that was given back and taken again is zeros, and nobody sees the old page. */
static void recycle(void)
{
	long dirty = 0;

	for (int i = 0; i < 200; i++) {
		char *p = map(4, PROT_READ | PROT_WRITE);

		for (int j = 0; j < 4 * PAGE; j++)
			dirty += p[j];
		memset(p, i + 1, 4 * PAGE);
		munmap(p + (size_t)(i % 4) * PAGE, PAGE);
		p = mmap(p + (size_t)(i % 4) * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		dirty += p[7];
		munmap(p - (size_t)(i % 4) * PAGE, 4 * PAGE);
	}
	printf("dirty %ld\n", dirty);
}

static void reserve(void)
{
	const size_t size = 64ull << 30;
	char *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	say("64 GiB of nothing", p == MAP_FAILED ? -1 : 0);
	say("a part", mprotect(p + size / 2, 4 * PAGE, PROT_READ | PROT_WRITE));
	p[size / 2 + PAGE] = 1;
	printf("%s, %s\n", can_write(p), can_write(p + size / 2));
	say("given back", munmap(p, size));
}

/* A call whose memory is in several pieces, or ends. */
static void pieces(const char *file)
{
	char *p = map(6, PROT_READ | PROT_WRITE), *q;
	int fd = open(file, O_RDONLY);

	mprotect(p + 4 * PAGE, 2 * PAGE, PROT_NONE);
	q = mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	printf("pieces %d, %zd", q == p + PAGE, pread(fd, p, 3 * PAGE, 0));
	q = map(3, PROT_READ | PROT_WRITE);
	printf(", %zd, same %d\n", pread(fd, q, 3 * PAGE, 0), !memcmp(p, q, 3 * PAGE));
	printf("short %zd\n", pread(fd, p + 2 * PAGE, 3 * PAGE, 0));
	q = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	printf("mapped %d\n", memcmp(p, q, 2 * PAGE));
	close(fd);
}

static void heap(void)
{
	char *start = sbrk(0), *p = sbrk(10 * PAGE);

	if (p == (void *)-1) {	/* as musl has it */
		puts("no heap");
		return;
	}
	printf("heap %d", p == start);
	memset(p, 3, 10 * PAGE);
	say(", shrunk", sbrk(-5 * PAGE) == (void *)-1 ? -1 : 0);
	printf("%s\n", can_write(start + 12 * PAGE));
	sbrk(5 * PAGE);
	printf("zeros %d\n", start[9 * PAGE + 1]);
}

static void die(const char *how)
{
	volatile char *p = map(2, PROT_READ | PROT_WRITE);
	volatile int zero = 0;

	p[0] = p[PAGE] = 1;
	if (!strcmp(how, "read-only")) {
		mprotect((char *)p, PAGE, PROT_READ);
		printf("%d\n", p[0]);
		fflush(stdout);
		p[0] = 2;
	} else if (!strcmp(how, "unmapped")) {
		munmap((char *)p, PAGE);
		fflush(stdout);
		p[0]++;
	} else if (!strcmp(how, "null")) {
		*(volatile char *)(uintptr_t)(zero + 8) = 1;
	} else if (!strcmp(how, "execute")) {
		*p = (char)0xc3;
		((void (*)(void))(uintptr_t)p)();
	} else if (!strcmp(how, "divide")) {
		zero = 1 / zero;
	} else if (!strcmp(how, "trap")) {
		__builtin_trap();
	} else if (!strcmp(how, "abort")) {
		abort();
	} else if (!strcmp(how, "privileged")) {
#if defined __x86_64__
		__asm__ volatile("hlt");
#elif defined __aarch64__
		__asm__ volatile("mrs x0, ttbr0_el1" ::: "x0");
#endif
	}
	puts("still alive");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		die(argv[1]);
		return 0;
	}
	changes();
	recycle();
	reserve();
	pieces(argv[0]);
	heap();
	return 0;
}
