/* SPDX-License-Identifier: BSD-2-Clause */
/* This machine's counter and clocks, as a publisher needs them. */
#ifndef HOST_H
#define HOST_H

#include "vdsogen.h"

/* The architecture this program runs on, or NULL if the library has it not. */
const struct vdsogen_arch *host_arch(void);

/* An ordered reading of the counter for a publisher, a vdsogen_counter_fn. */
uint64_t host_counter(void *unused);

/*
 * The same without waiting for earlier stores: what a reader of the clocks does.
 * Inline, because measurements count what it costs.
 */
static inline uint64_t host_ordered_counter(void)
{
#if defined __x86_64__
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#elif defined __aarch64__
	uint64_t counter;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(counter) : : "memory");
	return counter;
#else
#error "no counter known for this architecture: add it here"
#endif
}

/* The counter's frequency in Hz: told by the processor, else measured, in some 20 ms. */
uint64_t host_counter_hz(void);

/* Whether the counter runs at one rate on all processors, always. */
int host_counter_is_invariant(void);

/* The host's clocks between two readings of the counter: the tightest of a few tries. */
void host_sample(struct vdsogen_sample *sample);

/* The best getcpu this processor and kernel offer: enum vdsogen_getcpu. */
uint32_t host_getcpu(void);

/* clock_getres of the coarse clocks, ns. */
uint32_t host_res_coarse(void);

#endif
