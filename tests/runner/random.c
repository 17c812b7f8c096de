/* SPDX-License-Identifier: BSD-2-Clause */
/* Random bytes: how many, where to, and never the same again. With a number: so many calls more. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MOST = 300 };

static uint8_t *pages;	/* two, the second of which is not there */

static void say(const char *what, ssize_t result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %zd\n", what, result);
}

/* All that was asked for, nothing else, and bytes that are not all the same. */
static int lengths(ssize_t (*get)(void *to, size_t size))
{
	uint8_t buffer[MOST + 2], other[MOST];
	int wrong = 0;

	for (size_t size = 0; size <= MOST; size++) {
		memset(buffer, 0x55, sizeof buffer);
		wrong += get(buffer + 1, size) != (ssize_t)size;
		wrong += buffer[0] != 0x55 || buffer[size + 1] != 0x55;
		wrong += get(other, size) != (ssize_t)size;
		wrong += size >= 16 && !memcmp(buffer + 1, other, size);
	}
	return wrong;
}

static int urandom;

static ssize_t by_getrandom(void *to, size_t size)
{
	return getrandom(to, size, 0);
}

static ssize_t by_read(void *to, size_t size)
{
	return read(urandom, to, size);
}

static void edges(const char *name, ssize_t (*get)(void *to, size_t size))
{
	printf("%s: %d wrong\n", name, lengths(get));
	say("up to the end", get(pages + PAGE - 16, 16));
	say("over the end", get(pages + PAGE - 16, 17) > 0);
	say("behind the end", get(pages + PAGE, 1));
	say("nothing, nowhere", get(NULL, 0));
	say("nowhere", get(NULL, 1));
	say("the kernel's", get((void *)0xffff800000001000, 8));
	say("the last page's", get((void *)0x7fffffffeff8, 16));
	say("wrapped", get((void *)(UINTPTR_MAX - 3), 8));
	mprotect(pages, PAGE, PROT_READ);
	say("to be read only", get(pages, 8));
	mprotect(pages, PAGE, PROT_NONE);
	say("not to be used", get(pages, 8));
	mprotect(pages, PAGE, PROT_READ | PROT_WRITE);
	say("to be used again", get(pages, 8));
}

static void flags(void)
{
	uint8_t byte;

	for (unsigned int flags = 0; flags < 16; flags++)
		printf("%d%c", getrandom(&byte, 1, flags) == 1 ? 0 : errno, flags < 15 ? ' ' : '\n');
}

/* A child has other bytes than its parent. */
static void children(void)
{
	uint8_t *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	if (!pid)
		_exit(getrandom(shared, 64, 0) != 64 || read(urandom, shared + 64, 64) != 64);
	waitpid(pid, NULL, 0);
	say("parent's", getrandom(shared + 128, 64, 0));
	say("parent's", read(urandom, shared + 192, 64));
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			if (!memcmp(shared + 64 * i, shared + 64 * j, 64))
				puts("the same bytes");
}

static void descriptors(void)
{
	char bytes[16] = "";
	int other = dup(urandom), only_written = open("/dev/urandom", O_WRONLY);

	say("a duplicate", read(other, bytes, 8));
	say("only written", read(only_written, bytes, 8));
	close(urandom);
	say("closed", read(urandom, bytes, 8));
	urandom = open("/dev/zero", O_RDONLY);
	say("another", read(urandom, bytes, 8));
	printf("zeros: %d\n", !memcmp(bytes, "\0\0\0\0\0\0\0\0", 8));
	dup2(other, urandom);
	memset(bytes, 0, sizeof bytes);
	say("put over it", read(urandom, bytes, 8));
	printf("zeros: %d\n", !memcmp(bytes, "\0\0\0\0\0\0\0\0", 8));
	close(other);
	close(only_written);
	close(urandom);
	syscall(SYS_close_range, 3u, 100u, 0u);
	urandom = open("/dev/urandom", O_RDONLY);
	say("again", read(urandom, bytes, 8));
	syscall(SYS_close_range, (unsigned int)urandom, (unsigned int)urandom, 0u);
	say("closed in a range", read(urandom, bytes, 8));
}

int main(int argc, char **argv)
{
	uint8_t bytes[32];
	int more = argc > 1 ? atoi(argv[1]) : 0;

	urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < more; i++)
		if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != sizeof bytes || read(urandom, bytes, 1) != 1)
			puts("none");
	if (more)
		return 0;
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + PAGE, PAGE);
	edges("getrandom", by_getrandom);
	edges("read", by_read);
	flags();
	children();
	descriptors();
	return 0;
}
