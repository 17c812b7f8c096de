/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What 02-map-and-call.c and 06-clone-page.c need to know of the Linux machine they
 * run on. An embedder has its own: a guest's counter need not be the host's.
 */
#ifndef HOST_H
#define HOST_H

#include <stdint.h>
#include <time.h>
#include <vdsogen.h>

/*
 * The counter, in order: no load or store before it in the program is done
 * after it, and none that follows is done before.
 */
static inline uint64_t host_counter(void *unused)
{
	(void)unused;
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t counter;

	__asm__ volatile("dsb ish; isb; mrs %0, cntvct_el0; isb" : "=r"(counter) : : "memory");
	return counter;
#else
#error "this example does not know the counter of this architecture"
#endif
}

static inline struct vdsogen_time host_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (struct vdsogen_time){ .sec = t.tv_sec, .nsec = (uint32_t)t.tv_nsec };
}

/*
 * The clocks of Linux, read between two readings of the counter. The closer
 * these are together the better the sample: an interrupt in between is seen,
 * and another try is made.
 */
static inline struct vdsogen_sample host_sample(void)
{
	struct vdsogen_sample best = { .after = UINT64_MAX }, s;
	const int tries = 5;

	for (int i = 0; i < tries; i++) {
		s.before = host_counter(NULL);
		s.realtime = host_clock(CLOCK_REALTIME);
		s.monotonic = host_clock(CLOCK_MONOTONIC);
		s.boottime = host_clock(CLOCK_BOOTTIME);
		s.raw = host_clock(CLOCK_MONOTONIC_RAW);
		s.after = host_counter(NULL);
		s.tai_offset = (int32_t)(host_clock(CLOCK_TAI).sec - s.realtime.sec);
		if (s.after - s.before < best.after - best.before)
			best = s;
	}
	return best;
}

/* Ticks a second: a register tells on aarch64; elsewhere it is measured. */
static inline uint64_t host_counter_hz(void)
{
#if defined(__aarch64__)
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
#else
	const uint64_t second = 1000000000, while_ns = 20000000;
	struct vdsogen_sample first = host_sample(), last;
	uint64_t ns;

	do {
		last = host_sample();
		ns = (uint64_t)(last.raw.sec - first.raw.sec) * second +
		     last.raw.nsec - first.raw.nsec;
	} while (ns < while_ns);
	return (uint64_t)((unsigned __int128)(last.before - first.before) * second / ns);
#endif
}

#endif
