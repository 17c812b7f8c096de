/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings of files, shared ones, and the calls that move or advise: every error, and what is
 * in memory then. Each line is what Linux prints. `die` touches what a file does not have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 5.14; C libraries may be older. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE 4096ull
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* -------------------------------------------------------------------------
 * Descriptors of every kind.
 */
enum kind { NONE, CLOSED, READER, WRITER, BOTH, APPENDER, FOLDER, PIPE, ZERO, PATH, KINDS };
static const char *const kinds[] = { "none",	 "closed", "reader", "writer", "both",
				     "appender", "folder", "pipe",   "zero",   "path" };
static int fds[KINDS];
static char file[] = "/tmp/mappings.XXXXXX";

/* Of two pages and a half: "a", "b", "c". */
static void open_all(void)
{
	int fd[2];
	char page[PAGE];

	fds[BOTH] = mkstemp(file);
	for (int i = 0; i < 3; i++) {
		memset(page, 'a' + i, sizeof page);
		if (write(fds[BOTH], page, i < 2 ? PAGE : PAGE / 2) < 0)
			exit(2);
	}
	fds[NONE] = -1;
	fds[CLOSED] = 555;
	fds[READER] = open(file, O_RDONLY);
	fds[WRITER] = open(file, O_WRONLY);
	fds[APPENDER] = open(file, O_RDWR | O_APPEND);
	fds[FOLDER] = open("/tmp", O_RDONLY | O_DIRECTORY);
	fds[PIPE] = pipe(fd) ? -1 : fd[0];
	fds[ZERO] = open("/dev/zero", O_RDWR);
	fds[PATH] = open(file, O_PATH);
	unlink(file);
}

static const char *result(long value)
{
	return value == -1 ? strerror(errno) : "done";
}

/* -------------------------------------------------------------------------
 * mmap.
 */
static void tables_of_errors(void)
{
	static const struct {
		const char *name;
		uint64_t at, size;
		int prot, flags;
		uint64_t offset;
	} tries[] = {
		{ "private", 0, PAGE, PROT_READ, MAP_PRIVATE, 0 },
		{ "private to write", 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0 },
		{ "private to execute", 0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0 },
		{ "shared", 0, PAGE, PROT_READ, MAP_SHARED, 0 },
		{ "shared to write", 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0 },
		{ "shared, only to write", 0, PAGE, PROT_WRITE, MAP_SHARED, 0 },
		{ "shared for nothing", 0, PAGE, PROT_NONE, MAP_SHARED, 0 },
		{ "validated", 0, PAGE, PROT_READ, MAP_SHARED_VALIDATE, 0 },
		{ "validated, flag unknown", 0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 1 << 24, 0 },
		{ "synchronous", 0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, 0 },
		{ "shared, flag unknown", 0, PAGE, PROT_READ, MAP_SHARED | 1 << 24, 0 },
		{ "no type", 0, PAGE, PROT_READ, 0, 0 },
		{ "odd type", 0, PAGE, PROT_READ, 5, 0 },
		{ "no size", 0, 0, PROT_READ, MAP_PRIVATE, 0 },
		{ "odd size", 0, 1, PROT_READ, MAP_PRIVATE, 0 },
		{ "too large", 0, 1ull << 60, PROT_READ, MAP_PRIVATE, 0 },
		{ "size without end", 0, UINT64_MAX, PROT_READ, MAP_PRIVATE, 0 },
		{ "odd offset", 0, PAGE, PROT_READ, MAP_PRIVATE, 1 },
		{ "behind the end", 0, PAGE, PROT_READ, MAP_PRIVATE, 100 * PAGE },
		{ "offset without end", 0, 2 * PAGE, PROT_READ, MAP_PRIVATE, -PAGE },
		{ "offset below zero", 0, PAGE, PROT_READ, MAP_PRIVATE, 1ull << 63 },
		{ "odd place", 0x10000001, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0 },
		{ "place too high", 1ull << 47, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0 },
		{ "place without end", -PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0 },
		{ "hint too high", 1ull << 50, PAGE, PROT_READ, MAP_PRIVATE, 0 },
		{ "grows down", 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, 0 },
		{ "shared, grows down", 0, PAGE, PROT_READ, MAP_SHARED | MAP_GROWSDOWN, 0 },
		{ "huge", 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, 0 },
		{ "huge, of 3", 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB | 3 << MAP_HUGE_SHIFT,
		  0 },
		{ "populated", 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_POPULATE, 0 },
		{ "stack", 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK | MAP_NORESERVE, 0 },
		{ "odd protection", 0, PAGE, PROT_READ | 0x100, MAP_PRIVATE, 0 },
	};

	for (size_t i = 0; i < COUNT(tries); i++)
		for (int kind = 0; kind < 2 * KINDS; kind++) {
			/* anonymous memory cares for no descriptor */
			const int anonymous = kind >= KINDS ? MAP_ANONYMOUS : 0;
			void *at;

			if (kind > KINDS)
				break;
			at = mmap((void *)(uintptr_t)tries[i].at, tries[i].size, tries[i].prot,
				  tries[i].flags | anonymous, fds[kind % KINDS],
				  (off_t)tries[i].offset);
			printf("%s, %s: %s\n", tries[i].name, anonymous ? "anonymous" : kinds[kind],
			       result(at == MAP_FAILED ? -1 : 0));
			if (at != MAP_FAILED)
				munmap(at, tries[i].size);
		}
}

static char *map(size_t pages, int prot, int flags, enum kind kind)
{
	char *at = mmap(NULL, pages * PAGE, prot, flags | (kind == NONE ? MAP_ANONYMOUS : 0),
			fds[kind], 0);

	if (at == MAP_FAILED) {
		printf("%zu pages of %s: %s\n", pages, kinds[kind], strerror(errno));
		exit(1);
	}
	return at;
}

static const char *can(int write_it, char *at)
{
	int fd = open(write_it ? "/dev/zero" : "/dev/null", O_RDWR), pipe_fd[2];
	const char *answer;

	if (write_it) {
		answer = read(fd, at, 1) == 1 ? "yes" : strerror(errno);
	} else {
		answer = pipe(pipe_fd) || write(pipe_fd[1], at, 1) != 1 ? strerror(errno) : "yes";
		close(pipe_fd[0]);
		close(pipe_fd[1]);
	}
	close(fd);
	return answer;
}

/* What is written where, and who sees it. */
static void files(void)
{
	char *private = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE, READER);
	char *shared = map(4, PROT_READ | PROT_WRITE, MAP_SHARED, BOTH);
	char *reader = map(4, PROT_READ, MAP_SHARED, READER), byte = 0;

	printf("%c%c%c %d, %c%c %d\n", private[0], private[PAGE], private[2 * PAGE],
	       private[3 * PAGE - 1], shared[0], reader[PAGE], reader[3 * PAGE - 1]);
	private[0] = 'P';
	shared[1] = 'S';
	if (pread(fds[READER], &byte, 1, 0) != 1)
		byte = '?';
	printf("file %c, shared %c, reader %c\n", byte, shared[0], reader[0]);
	if (pread(fds[READER], &byte, 1, 1) != 1)
		byte = '?';
	printf("file %c, reader %c, private %c\n", byte, reader[1], private[1]);
	printf("pwrite %zd: ", pwrite(fds[BOTH], "W", 1, PAGE));
	printf("%c %c %c\n", private[PAGE], shared[PAGE], reader[PAGE]);
	printf("reader to write: %s\n", result(mprotect(reader, PAGE, PROT_READ | PROT_WRITE)));
	printf("reader for nothing: %s", result(mprotect(reader, PAGE, PROT_NONE)));
	printf(", %s, and again: %s", can(0, reader), result(mprotect(reader, PAGE, PROT_READ)));
	printf(", %s, %s\n", can(0, reader), can(1, reader));
	printf("private to read: %s", result(mprotect(private, PAGE, PROT_READ)));
	printf(", %c, %s\n", private[0], can(1, private));
	printf("behind the end: %s, %s, %s, %s\n", can(0, private + 3 * PAGE),
	       can(1, shared + 3 * PAGE), can(0, private + 3 * PAGE - 1),
	       can(0, reader + 3 * PAGE));
	printf("sync: %s, %s, %s\n", result(msync(shared, 3 * PAGE, MS_SYNC)),
	       result(msync(private, PAGE, MS_ASYNC)),
	       result(msync(shared, PAGE, MS_SYNC | MS_ASYNC)));
	printf("sync: %s", result(msync(shared + 1, PAGE, MS_SYNC)));
	printf(", %s\n", result(msync(shared, PAGE, 64)));
	printf("over a file: %d", mmap(shared, PAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == shared);
	printf(", %d, %c\n", shared[0], shared[PAGE]);
	printf("a file over that: %d",
	       mmap(shared, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fds[READER], 0) == shared);
	printf(", %c%c\n", shared[0], shared[1]);
	/* an error leaves what was there, or it takes it away: as Linux does */
	printf("a folder over it: %s",
	       result(mmap(private + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fds[FOLDER],
			   0) == MAP_FAILED
			      ? -1
			      : 0));
	printf(", %s\n", can(0, private + PAGE));
	munmap(private, 4 * PAGE);
	munmap(shared, 4 * PAGE);
	munmap(reader, 4 * PAGE);
}

/* The memory of a mapping that is gone is new memory for the next. */
static void many(void)
{
	char *at[400];
	long sum = 0;

	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < COUNT(at); i++) {
			at[i] = i % 3 ? map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE,
					    i % 3 == 1 ? BOTH : NONE)
				      : map(2, PROT_READ, MAP_SHARED, READER);
			sum += i % 3 == 2 ? at[i][PAGE] : 0;
			if (i % 3)
				memset(at[i], 1, 2 * PAGE);
		}
		for (size_t i = 0; i < COUNT(at); i += 2)
			munmap(at[i], 2 * PAGE);
		for (size_t i = 1; i < COUNT(at); i += 2) {
			sum += at[i][0];
			munmap(at[i], 2 * PAGE);
		}
	}
	printf("sum %ld\n", sum);
}

/* -------------------------------------------------------------------------
 * mremap.
 */
static void remap_errors(void)
{
	static const struct {
		const char *name;
		int64_t old, old_size, new_size;
		int flags;
		int64_t new;
	} tries[] = {
		/* pages from the start of four; a hole is in front, and behind what follows */
		{ "nothing", 0, 4, 4, 0, 0 },
		{ "unknown flag", 0, 4, 4, 8, 0 },
		{ "no new size", 0, 4, 0, MREMAP_MAYMOVE, 0 },
		{ "too large", 0, 4, 1ll << 40, MREMAP_MAYMOVE, 0 },
		{ "cannot grow", 0, 2, 3, 0, 0 },
		{ "no area", 8, 1, 2, MREMAP_MAYMOVE, 0 },
		{ "beyond its end", 0, 6, 7, MREMAP_MAYMOVE, 0 },
		{ "fixed, may not move", 0, 4, 4, MREMAP_FIXED, 16 },
		{ "over itself", 0, 4, 4, MREMAP_FIXED | MREMAP_MAYMOVE, 1 },
		{ "over its end", 0, 4, 4, MREMAP_FIXED | MREMAP_MAYMOVE, 3 },
		{ "too high", 0, 4, 4, MREMAP_FIXED | MREMAP_MAYMOVE, 1ll << 36 },
		{ "private, twice", 0, 0, 4, MREMAP_MAYMOVE, 0 },
		{ "left, other size", 0, 4, 5, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0 },
		{ "left, may not move", 0, 4, 4, MREMAP_DONTUNMAP, 0 },
		{ "shrinks over a hole", 0, 8, 4, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(tries); i++) {
		char *p = map(32, PROT_READ | PROT_WRITE, MAP_PRIVATE, NONE), *got;

		munmap(p, PAGE);
		munmap(p + 8 * PAGE, 2 * PAGE);
		p += PAGE;
		mprotect(p + 4 * PAGE, PAGE, PROT_READ);
		got = (char *)syscall(SYS_mremap, p + tries[i].old * (int64_t)PAGE,
				      tries[i].old_size * (int64_t)PAGE,
				      tries[i].new_size * (int64_t)PAGE, tries[i].flags,
				      p + tries[i].new * (int64_t)PAGE);
		printf("mremap, %s: %s\n", tries[i].name, result(got == MAP_FAILED ? -1 : 0));
		munmap(p, 31 * PAGE);
	}
	printf("odd address: %s\n", result((long)syscall(SYS_mremap, 0x10001, PAGE, PAGE, 0, 0)));
	printf("too high: %s\n", result((long)syscall(SYS_mremap, 1ull << 47, PAGE, PAGE, 0, 0)));
}

static void fill(char *at, size_t pages, char first)
{
	for (size_t i = 0; i < pages; i++)
		memset(at + i * PAGE, first + (int)i, PAGE);
}

static void show(const char *what, const char *at, size_t pages)
{
	printf("%s: ", what);
	for (size_t i = 0; i < pages; i++)
		printf("%c", at[i * PAGE] ? at[i * PAGE] : '0');
	printf("%c\n", at[pages * PAGE - 1] ? at[pages * PAGE - 1] : '0');
}

static void remap(void)
{
	char *p = map(64, PROT_NONE, MAP_PRIVATE, NONE), *q, *r;
	int fd;

	munmap(p, 64 * PAGE);
	q = mmap(p, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0);
	fill(q, 4, 'A');
	q = mremap(q, 4 * PAGE, 8 * PAGE, 0);
	printf("in place %d\n", q == p);
	show("longer", q, 8);
	q = mremap(q, 8 * PAGE, 3 * PAGE, 0);
	printf("shorter %d, %s, %s\n", q == p, can(0, p + 2 * PAGE), can(0, p + 3 * PAGE));
	mmap(p + 3 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	q = mremap(p, 3 * PAGE, 20 * PAGE, MREMAP_MAYMOVE);
	printf("moved %d, %s\n", q != p && q != MAP_FAILED, can(0, p));
	show("moved", q, 20);
	fill(q, 20, 'B');
	r = mremap(q + 5 * PAGE, 10 * PAGE, 10 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	printf("middle %d, %s %s %s\n", r == p, can(0, q + 4 * PAGE), can(0, q + 5 * PAGE),
	       can(0, q + 15 * PAGE));
	show("middle", p, 10);
	show("rest", q + 15 * PAGE, 5);
	r = mremap(p, 10 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + 5 * PAGE);
	printf("shorter elsewhere %d, %s\n", r == q + 5 * PAGE, can(0, p + 4 * PAGE));
	show("between", q, 9);
	r = mremap(q, 9 * PAGE, 9 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, p);
	printf("left %d\n", r == p);
	show("new", p, 9);
	show("old", q, 9);
	munmap(p, 64 * PAGE);
	munmap(q, 20 * PAGE);

	q = map(2, PROT_READ, MAP_SHARED, READER);
	q = mremap(q, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	show("a file", q, 3);
	printf("to write: %s\n", result(mprotect(q, PAGE, PROT_READ | PROT_WRITE)));
	munmap(q, 3 * PAGE);
	q = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE, READER);
	q[PAGE] = 'x';
	q = mremap(q + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	show("a changed file", q, 2);
	munmap(q, 2 * PAGE);
	p = map(2, PROT_READ | PROT_WRITE, MAP_SHARED, BOTH);
	q = mremap(p, 0, 2 * PAGE, MREMAP_MAYMOVE);
	p[5] = 'Z';
	printf("twice: %c%c\n", q[5], q[PAGE]);
	munmap(p, 2 * PAGE);
	munmap(q, 2 * PAGE);
	p = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE, READER);
	fill(p, 1, 'y');
	q = (char *)syscall(SYS_mremap, p, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
			    0);
	show("a file's", q, 3);
	show("left of it", p, 3);
	munmap(p, 3 * PAGE);
	munmap(q, 3 * PAGE);
	strcpy(file + sizeof file - 7, "XXXXXX");
	fd = mkstemp(file);
	unlink(file);
	if (ftruncate(fd, (off_t)(8 * PAGE)))
		exit(2);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 2; i <= 8; i++) {
		p = mremap(p, (i - 1) * PAGE, i * PAGE, MREMAP_MAYMOVE);
		p[(i - 1) * PAGE] = (char)('0' + i);
		p[0]++;
	}
	q = mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	show("grown", q, 8);
	printf("%d\n", q[0]);
	close(fd);
}

/* -------------------------------------------------------------------------
 * madvise, mincore, mlock.
 */
static void advise(void)
{
	/* clang-format off */
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, 5, 6, 7,
		MADV_FREE, MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
		MADV_REMOVE, 99, -1,
	};
	/* clang-format on */
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE, NONE);
	char *f = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE, READER);
	char *s = map(3, PROT_READ, MAP_SHARED, READER);
	char *n = map(3, PROT_NONE, MAP_PRIVATE, NONE);
	unsigned char pages[4] = { 0 };

	for (size_t i = 0; i < COUNT(advices); i++) {
		printf("advice %d: %s", advices[i], result(madvise(p, 4 * PAGE, advices[i])));
		printf(", %s", result(madvise(f, PAGE, advices[i])));
		printf(", %s", result(madvise(s, PAGE, advices[i])));
		printf(", %s", result(madvise(n, PAGE, advices[i])));
		printf(", %s", result(madvise(p + 1, PAGE, advices[i])));
		printf(", %s", result(madvise(p, 0, advices[i])));
		printf(", %s\n", result(madvise(p, -PAGE, advices[i])));
	}
	fill(p, 4, 'A');
	fill(f, 3, 'A');
	madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED);
	madvise(f + PAGE, PAGE, MADV_DONTNEED);
	show("not needed", p, 4);
	show("of a file", f, 3);
	munmap(p + PAGE, PAGE);
	printf("a hole: %s", result(madvise(p, 4 * PAGE, MADV_DONTNEED)));
	show("", p + 2 * PAGE, 2);
	printf("in core: %s", result(mincore(p, 2 * PAGE, pages)));
	p[0] = 1;
	printf(", %s", result(mincore(p, PAGE, pages)));
	printf(" %d", pages[0] & 1);
	printf(", %s", result(mincore(p + 1, PAGE, pages)));
	printf(", %s", result(mincore(p, PAGE, NULL)));
	printf(", %s", result(mincore((void *)(1ull << 50), PAGE, pages)));
	printf(", %s", result(mincore(n, 3 * PAGE, pages)));
	printf(" %d\n", pages[0] | pages[1]);
	printf("lock: %s", result(mlock(p, PAGE)));
	printf(", %s", result(mlock(p, 2 * PAGE)));
	printf(", %s", result(mlock(p + 2 * PAGE + 1, PAGE)));
	printf(", %s", result(mlock(n, PAGE)));
	printf(", %s", result((int)syscall(SYS_mlock2, p, PAGE, 4)));
	printf(", %s", result((int)syscall(SYS_mlock2, p, PAGE, MLOCK_ONFAULT)));
	printf(", %s", result(madvise(p, PAGE, MADV_DONTNEED)));
	printf(", %s", result(munlock(p, PAGE)));
	printf(", %s", result(munlock(p, 2 * PAGE)));
	printf(", %s", result(madvise(p, PAGE, MADV_DONTNEED)));
	printf(", %s", result(mlockall(0)));
	printf(", %s", result(mlockall(MCL_ONFAULT)));
	printf(", %s\n", result(munlockall()));
}

static void protect(void)
{
	char *p = map(4, PROT_READ, MAP_PRIVATE, NONE);

	printf("protect: %s", result(mprotect(p, PAGE, PROT_READ | 8)));
	printf(", %s", result(mprotect(p, PAGE, 0x10)));
	printf(", %s", result(mprotect(p, 0, 0x10)));
	printf(", %s", result(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN)));
	printf(", %s", result(mprotect(p, PAGE, PROT_READ | PROT_GROWSUP)));
	printf(", %s", result(mprotect(p, PAGE, PROT_READ | PROT_GROWSUP | PROT_GROWSDOWN)));
	printf(", %s", result(mprotect(p, -PAGE, PROT_READ)));
	printf(", %s", result(mprotect(p, UINT64_MAX, PROT_READ)));
	printf(", %s\n", result(mprotect(p + 1, PAGE, PROT_READ)));
}

#ifdef MAP_32BIT
static void low(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char *q = mmap((void *)0x50000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		       -1, 0);
	char *r = mmap((void *)0x90000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		       -1, 0);

	printf("low %d %d %d", (uintptr_t)p >> 31 == 0, (uintptr_t)q == 0x50000000,
	       (uintptr_t)r >> 31 == 0);
	printf(" %s\n", result(mmap(NULL, 1ull << 31, PROT_READ,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0) == MAP_FAILED
				       ? -1
				       : 0));
}
#else
static void low(void)
{
}
#endif

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	open_all();
	if (argc > 1) {
		volatile char *p = map(4, PROT_READ | PROT_WRITE,
				       *argv[1] == 's' ? MAP_SHARED : MAP_PRIVATE, BOTH);

		printf("%c\n", p[3 * PAGE - PAGE / 2 - 1]);
		p[3 * PAGE - 1] = 1;
		p[3 * PAGE] = 1;
		puts("still alive");
		return 0;
	}
	tables_of_errors();
	files();
	many();
	remap_errors();
	remap();
	advise();
	protect();
	low();
	return 0;
}
