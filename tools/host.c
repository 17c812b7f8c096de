/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <string.h>
#ifdef __linux__
#include <sys/timex.h>
#endif
#include <time.h>

#include "host.h"

#define NSEC_PER_SEC 1000000000

/* -------------------------------------------------------------------------
 * What depends on the processor.
 */
#if defined __x86_64__
#include <cpuid.h>

const struct vdsogen_arch *host_arch(void)
{
	return vdsogen_arch_x86_64();
}

/*
 * MFENCE: earlier stores are seen by all; LFENCE: RDTSC does not begin before
 * it is done (Intel SDM volume 2, RDTSC).
 */
uint64_t host_counter(void *unused)
{
	uint32_t low, high;

	(void)unused;
	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* CPUID 8000_0007 EDX bit 8: invariant TSC (SDM volume 3, 18.17.1). */
int host_counter_is_invariant(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && d >> 8 & 1;
}

/*
 * Linux fills IA32_TSC_AUX on every processor, for its own vDSO. RDPID: CPUID
 * 7 ECX bit 22; RDTSCP: CPUID 8000_0001 EDX bit 27.
 */
uint32_t host_getcpu(void)
{
	unsigned int a, b, c, d;

	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && c >> 22 & 1)
		return VDSOGEN_GETCPU_RDPID;
	if (__get_cpuid(0x80000001, &a, &b, &c, &d) && d >> 27 & 1)
		return VDSOGEN_GETCPU_RDTSCP;
	return VDSOGEN_GETCPU_FALLBACK;
}

static uint64_t told_hz(void)
{
	return 0;	/* CPUID 15h is off by tens of ppm where it is there at all */
}

#elif defined __aarch64__

const struct vdsogen_arch *host_arch(void)
{
	return vdsogen_arch_aarch64();
}

uint64_t host_counter(void *unused)
{
	uint64_t counter;

	(void)unused;
	__asm__ volatile("dsb ish\n\tisb\n\tmrs %0, cntvct_el0" : "=r"(counter) : : "memory");
	return counter;
}

int host_counter_is_invariant(void)
{
	return 1;	/* Arm ARM D12.1: the system counter is */
}

/* Linux leaves TPIDRRO_EL0 at 0 for 64-bit programs. */
uint32_t host_getcpu(void)
{
	return VDSOGEN_GETCPU_FALLBACK;
}

static uint64_t told_hz(void)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz >= VDSOGEN_HZ_MIN && hz <= VDSOGEN_HZ_MAX ? hz : 0;
}

#else
#error "no counter known for this architecture: add it here"
#endif

/* -------------------------------------------------------------------------
 * What does not.
 */
#define TRIES 5

#ifdef __APPLE__
/* Its MONOTONIC is in microseconds, and of REALTIME; this one is the counter, also while asleep. */
enum { MONOTONIC = CLOCK_MONOTONIC_RAW, BOOTTIME = CLOCK_MONOTONIC_RAW };
#else
enum { MONOTONIC = CLOCK_MONOTONIC, BOOTTIME = CLOCK_BOOTTIME };
#endif

static struct vdsogen_time read_clock(clockid_t id)
{
	struct timespec now = { 0 };

	clock_gettime(id, &now);
	return (struct vdsogen_time){ .sec = now.tv_sec, .nsec = (uint32_t)now.tv_nsec };
}

/* TAI - UTC, as the kernel was told; 0 if it was not. */
static int32_t tai_offset(void)
{
#ifdef __linux__
	struct timex timex = { .modes = 0 };

	return adjtimex(&timex) < 0 ? 0 : timex.tai;
#else
	return 0;
#endif
}

/* The time in the middle is what update() takes the counters' middle for: MONOTONIC. */
void host_sample(struct vdsogen_sample *sample)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		struct vdsogen_sample s;

		memset(&s, 0, sizeof s);
		s.before = host_counter(NULL);
		s.realtime = read_clock(CLOCK_REALTIME);
		s.raw = read_clock(CLOCK_MONOTONIC_RAW);
		s.monotonic = read_clock(MONOTONIC);
		s.boottime = read_clock(BOOTTIME);
		s.after = host_counter(NULL);
		if (s.after - s.before < best) {
			best = s.after - s.before;
			*sample = s;
		}
	}
	sample->tai_offset = tai_offset();
}

/* MONOTONIC_RAW and the counter at one moment, as nearly as a few tries get. */
static void measure(uint64_t *counter, uint64_t *nsec)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = host_counter(NULL);
		struct vdsogen_time raw = read_clock(CLOCK_MONOTONIC_RAW);
		uint64_t after = host_counter(NULL);

		if (after - before < best) {
			best = after - before;
			*counter = before + best / 2;
			*nsec = (uint64_t)raw.sec * NSEC_PER_SEC + raw.nsec;
		}
	}
}

uint64_t host_counter_hz(void)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	uint64_t c0, c1, t0, t1, hz = told_hz();

	if (hz)
		return hz;
	measure(&c0, &t0);
	nanosleep(&pause, NULL);
	measure(&c1, &t1);
	return (uint64_t)((unsigned __int128)(c1 - c0) * NSEC_PER_SEC / (t1 - t0));
}

uint32_t host_res_coarse(void)
{
	const uint32_t usual = 4000000;
#ifdef CLOCK_MONOTONIC_COARSE
	struct timespec res = { 0 };

	if (!clock_getres(CLOCK_MONOTONIC_COARSE, &res) && !res.tv_sec && res.tv_nsec)
		return (uint32_t)res.tv_nsec;
#endif
	return usual;
}
