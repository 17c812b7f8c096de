/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bad pointers: the fast path faults, as Linux's own does; the fallback gives
 * the system's error. Where nothing is to be stored there is no fault.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "exec.h"

#define FAULTED 1

static sigjmp_buf out;

static void on_fault(int signal_number)
{
	(void)signal_number;
	siglongjmp(out, 1);
}

static long call(const struct page *page, unsigned int function, uintptr_t a, uintptr_t b)
{
	if (sigsetjmp(out, 1))
		return FAULTED;
	return page_call(page, function, a, b, 0);
}

static void check_pointer(const struct page *page, uintptr_t bad, bool seeded)
{
	long want = seeded ? FAULTED : -EFAULT;
	struct timeval now = { .tv_usec = -1 };
	int zone[2];
	long value;

	value = call(page, VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC, bad);
	CHECK((int)value == want, "clock_gettime = %ld, not %ld", value, want);
	value = call(page, VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC_COARSE, bad);
	CHECK((int)value == want, "clock_gettime (coarse) = %ld, not %ld", value, want);
	value = call(page, VDSOGEN_GETTIMEOFDAY, (uintptr_t)&now, bad);
	CHECK(value == (bad ? want : 0), "gettimeofday(, bad) = %ld", value);
	CHECK(now.tv_usec >= 0, "gettimeofday(, bad) does not store the time");
	value = call(page, VDSOGEN_GETTIMEOFDAY, bad, (uintptr_t)zone);
	CHECK(value == (bad ? want : 0), "gettimeofday(bad) = %ld", value);
	if (!seeded || !bad)	/* QEMU's does not look at the pointer */
		want = ask(SYS_clock_getres, CLOCK_MONOTONIC, bad, 0);
	value = call(page, VDSOGEN_CLOCK_GETRES, VDSOGEN_MONOTONIC, bad);
	CHECK((int)value == want, "clock_getres(, bad) = %ld, not %ld", value, want);
	if (bad && seeded) {
		value = call(page, VDSOGEN_TIME, bad, 0);
		CHECK(value == FAULTED, "time(bad) = %ld", value);
	}
	value = call(page, VDSOGEN_GETCPU, bad, 0);
	CHECK((int)value == (bad ? -EFAULT : 0), "getcpu(bad) = %ld", value);
}

void exec_faults(void)
{
	const struct sigaction action = { .sa_handler = on_fault };
	struct sigaction segv, bus;
	struct page page;
	long size;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	page_make(&page, NULL, PAGE_ASKS);
	size = (long)page.size;
	for (int seeded = 0; seeded < 2; seeded++) {
		static const int protections[] = { PROT_NONE, PROT_READ };

		if (seeded)
			page_start(&page);
		check_about("%s page, NULL", seeded ? "started" : "unseeded");
		check_pointer(&page, 0, seeded);
		for (int i = 0; i < 2; i++) {
			void *bad = mmap(NULL, (size_t)size, protections[i],
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			check_about("%s page, memory of protection %d",
				    seeded ? "started" : "unseeded", protections[i]);
			check_pointer(&page, (uintptr_t)bad, seeded);
			munmap(bad, (size_t)size);
		}
	}
	page_free(&page);
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
}
