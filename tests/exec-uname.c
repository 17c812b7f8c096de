/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uname's buffer: any alignment, not a byte beyond its end, and what bad
 * pointers come to. The fast path faults, the fallback gives the system's error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "exec.h"

#define POISON 0xa5
#define ALIGNMENTS 16
#define FAULTED 1
#define UTS_SIZE sizeof(struct vdsogen_utsname)

/* Its own page and more, and behind it none. */
static uint8_t *memory, *memory_end;
#define MEMORY_SIZE 65536u	/* a page of any size */

static void map_memory(void)
{
	memory = mmap(NULL, 2 * MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (!CHECK(memory != MAP_FAILED, "no memory"))
		return;
	memory_end = memory + MEMORY_SIZE;
	mprotect(memory_end, MEMORY_SIZE, PROT_NONE);
}

static bool poisoned(const uint8_t *from, const uint8_t *to)
{
	while (from < to && *from == POISON)
		from++;
	return from == to;
}

static sigjmp_buf out;

static void on_fault(int signal_number)
{
	(void)signal_number;
	siglongjmp(out, 1);
}

static long call(const struct page *page, uintptr_t buffer)
{
	if (sigsetjmp(out, 1))
		return FAULTED;
	return page_call(page, VDSOGEN_UNAME, buffer, 0, 0);
}

/* -------------------------------------------------------------------------
 * Good buffers
 */
static void check_buffer(const struct page *page, uint8_t *buffer,
			 const struct vdsogen_utsname *want, bool fast)
{
	const uint8_t *end = buffer + UTS_SIZE;
	long value;

	memset(memory, POISON, MEMORY_SIZE);
	trap.count = 0;
	value = call(page, (uintptr_t)buffer);
	CHECK(value == 0, "uname = %ld", value);
	CHECK(trap.count == !fast, "uname: %lu fallbacks, %d expected", trap.count, !fast);
	CHECK(!memcmp(buffer, want, UTS_SIZE), "uname: not the names that were published");
	CHECK(poisoned(memory, buffer), "uname writes before the buffer");
	CHECK(poisoned(end, memory_end), "uname writes behind the buffer");
}

static void check_buffers(const struct page *page, const struct vdsogen_utsname *want, bool fast)
{
	for (unsigned int i = 0; i < ALIGNMENTS; i++) {
		check_buffer(page, memory + i, want, fast);
		check_buffer(page, memory_end - UTS_SIZE - i, want, fast);
	}
}

/* -------------------------------------------------------------------------
 * Bad ones
 */
static void check_bad(const struct page *page, const char *what, const void *buffer, bool fast)
{
	long asked = ask(SYS_uname, (uintptr_t)buffer, 0, 0);
	long want = fast ? FAULTED : asked;
	long value = call(page, (uintptr_t)buffer);

	CHECK(asked == -EFAULT, "uname(%s): the system call %ld", what, asked);
	CHECK(value == want, "uname(%s) = %ld, not %ld", what, value, want);
}

static void check_bad_buffers(const struct page *page, bool fast)
{
	check_bad(page, "NULL", NULL, fast);
	check_bad(page, "no memory", memory_end, fast);
	check_bad(page, "one byte too few", memory_end - UTS_SIZE + 1, fast);
	mprotect(memory, MEMORY_SIZE, PROT_READ);
	check_bad(page, "memory to read", memory, fast);
	mprotect(memory, MEMORY_SIZE, PROT_READ | PROT_WRITE);
	check_bad(page, "the page itself", page->code, fast);
}

/* -------------------------------------------------------------------------
 * Both, by each way
 */
static void check_page(void)
{
	const struct vdsogen_config config = { .functions = 1u << VDSOGEN_UNAME };
	struct vdsogen_identity identity = { .known = 1u << VDSOGEN_UTSNAME };
	struct vdsogen_utsname asked;
	struct page page;

	ask(SYS_uname, (uintptr_t)&asked, 0, 0);
	long_names(&identity.uts);
	page_make(&page, &config, PAGE_COUNTS);
	for (int fast = 0; fast < 2; fast++) {
		check_about("uname, %s", fast ? "known" : "unknown");
		if (fast)
			CHECK(!vdsogen_process_set(page.process, &identity), "vdsogen_process_set");
		check_buffers(&page, fast ? &identity.uts : &asked, fast);
		check_bad_buffers(&page, fast);
	}
	page_free(&page);
}

void exec_uname(void)
{
	const struct sigaction action = { .sa_handler = on_fault };
	struct sigaction segv, bus;

	check_about("uname");
	map_memory();
	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	check_page();
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	munmap(memory, 2 * MEMORY_SIZE);
}
