/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls after a flush of the caches. Both sides' lines are flushed before
 * every call, whichever is measured, so the work before a call is the same for
 * all: the page's clock block (10 lines) and the kernel's readable data pages
 * (64 lines each, as only the kernel knows which of them it reads), and, for
 * cold code, all of the page and of the kernel's vDSO. What differs is only how
 * many of the flushed lines a call has to fetch, and that is to be measured.
 * The result's line and the stack stay warm. The two readings of the counter
 * around a call, some 20 ns, are in all figures.
 */
#include "bench.h"
#include "host.h"

#if defined __x86_64__
#define LINE 64	/* CLFLUSH: all processors of this architecture */

static size_t line_size(void)
{
	return LINE;
}

static void flush_line(uintptr_t line)
{
	__asm__ volatile("clflush %0" : : "m"(*(const volatile char *)line) : "memory");
}

static void wait_for_flush(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

#elif defined __aarch64__

/* CTR_EL0.DminLine: log2 of the words of the smallest data cache line (Arm ARM D17.2.34). */
static size_t line_size(void)
{
	enum { DMINLINE_SHIFT = 16, DMINLINE_MASK = 15, WORD = 4 };
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return (size_t)WORD << (ctr >> DMINLINE_SHIFT & DMINLINE_MASK);
}

/* IC IVAU: what was executed is in another cache; harmless for data. */
static void flush_line(uintptr_t line)
{
	__asm__ volatile("dc civac, %0\n\tic ivau, %0" : : "r"(line) : "memory");
}

static void wait_for_flush(void)
{
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

#else
#error "no cache flush known for this architecture: add it here"
#endif

static void flush(const struct bench_span *span)
{
	size_t step = line_size();

	for (uintptr_t line = span->from & ~(step - 1); line < span->to; line += step)
		flush_line(line);
}

static void flush_all(const struct bench_spans *spans)
{
	for (unsigned int i = 0; i < spans->count; i++)
		flush(&spans->span[i]);
}

/* The floors' code is in lines of its own: FLOOR(). */
static void flush_text(const struct bench_batch *batch)
{
	uintptr_t floor = (uintptr_t)batch->subject->cold_floor;
	struct bench_span span = { floor, floor + 1 };

	flush_all(&batch->bench->text);
	flush(&span);
}

static uint64_t cold_call(const struct bench_batch *batch, bool text)
{
	const long *a = batch->argument;
	uint64_t start;

	flush_all(&batch->bench->data);
	if (text)
		flush_text(batch);
	wait_for_flush();
	start = host_ordered_counter();
	batch->call(a[0], a[1], a[2], a[3], a[4]);
	return host_ordered_counter() - start;
}

/* The mean of the middle half: the counter may advance in coarse steps, and interrupts come. */
double bench_cold_call(const struct bench_batch *batch, bool text)
{
	enum { SAMPLES = 16, QUARTER = SAMPLES / 4 };
	double ticks[SAMPLES], sum = 0;

	for (unsigned int i = 0; i < SAMPLES; i++)
		ticks[i] = (double)cold_call(batch, text);
	bench_quantile(ticks, SAMPLES, 50);	/* sorts */
	for (unsigned int i = QUARTER; i < SAMPLES - QUARTER; i++)
		sum += ticks[i];
	return sum / (SAMPLES - 2 * QUARTER);
}
