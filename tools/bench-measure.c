/* SPDX-License-Identifier: BSD-2-Clause */
/* Rounds of vdsogen bench: every variant in every round, in shuffled order. */
#include <stdlib.h>

#include "bench.h"

/* Beside the variants: the other work alone, in the setting that subtracts it. */
enum { WORK = BENCH_VARIANTS, KINDS };

struct rounds {
	enum bench_setting setting;
	unsigned int count, rounds;
	unsigned int order[KINDS];	/* `count` of them, to be shuffled */
	struct bench_batch batch[KINDS];
	double *ns[KINDS];		/* by round */
};

/* NULL: takes no part. A cold system call: the kernel's side of it could not be flushed. */
static bench_fn *call_of(const struct bench_subject *subject, enum bench_setting setting,
			 enum bench_variant variant)
{
	if (bench_is_cold(setting) && variant == BENCH_FLOOR)
		return subject->cold_floor;
	if (bench_is_cold(setting) && variant == BENCH_SYSTEM_CALL)
		return NULL;
	return subject->call[variant];
}

static void prepare_rounds(struct rounds *r, struct bench *b, const struct bench_subject *subject)
{
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		bench_fn *call = kind == WORK ? NULL : call_of(subject, r->setting, kind);

		if (!call && (kind != WORK || r->setting != BENCH_INSIDE))
			continue;
		r->order[r->count++] = kind;
		r->batch[kind] = (struct bench_batch){ .bench = b, .subject = subject, .call = call };
		if (call)
			r->batch[kind].argument = subject->argument[kind];
		bench_publish(b);
		bench_choose_calls(r->setting, &r->batch[kind]);
	}
}

/* Any order as often as another; always the same orders. */
static void shuffle(unsigned int *order, unsigned int count)
{
	static uint32_t state = 1;

	for (unsigned int i = count; i > 1; i--) {
		unsigned int j, kept = order[i - 1];

		state = state * 1664525 + 1013904223;	/* Numerical Recipes' generator */
		j = (state >> 16) % i;
		order[i - 1] = order[j];
		order[j] = kept;
	}
}

static void one_round(struct rounds *r, struct bench *b, unsigned int round)
{
	bench_publish(b);
	shuffle(r->order, r->count);
	for (unsigned int i = 0; i < r->count; i++) {
		unsigned int kind = r->order[i];

		r->ns[kind][round] = bench_ticks(r->setting, &r->batch[kind]) * 1e9 / (double)b->hz;
	}
}

/*
 * What is hidden behind the other work costs nothing, more or less: less than
 * this, a fraction of a cycle, is not told apart.
 */
#define HIDDEN_NS 0.1

static void subtract_work(struct rounds *r)
{
	for (unsigned int i = 0; i < r->count; i++)
		for (unsigned int n = 0; r->order[i] != WORK && n < r->rounds; n++) {
			double *ns = &r->ns[r->order[i]][n];

			*ns -= r->ns[WORK][n];
			*ns = *ns < HIDDEN_NS ? HIDDEN_NS : *ns;
		}
}

/* -------------------------------------------------------------------------
 * What comes out of them.
 */
static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(double *values, unsigned int count, unsigned int percent)
{
	qsort(values, count, sizeof *values, ascending);
	return values[(uint64_t)(count - 1) * percent / 100];
}

static void spread(struct bench_spread *spread, double *scratch, const double *of,
		   const double *to, unsigned int rounds)
{
	for (unsigned int n = 0; n < rounds; n++)
		scratch[n] = of[n] / to[n];
	spread->low = bench_quantile(scratch, rounds, 10);
	spread->high = bench_quantile(scratch, rounds, 90);
	spread->median = bench_quantile(scratch, rounds, 50);
}

static void evaluate(const struct rounds *r, double *scratch, struct bench_result *result)
{
	const struct bench_batch *batch = r->batch;

	for (unsigned int v = 0; v < BENCH_VARIANTS; v++) {
		if (batch[v].call && v != BENCH_PAGE)
			spread(&result->page_to[v], scratch, r->ns[BENCH_PAGE], r->ns[v], r->rounds);
		if (batch[v].call && v != BENCH_FLOOR && batch[BENCH_FLOOR].call)
			spread(&result->floor_to[v], scratch, r->ns[BENCH_FLOOR], r->ns[v],
			       r->rounds);
	}
	for (unsigned int v = 0; v < BENCH_VARIANTS; v++)	/* sorts them: last */
		if (batch[v].call)
			result->ns[v] = bench_quantile(r->ns[v], r->rounds, 50);
}

bool bench_measure(struct bench *b, const struct bench_subject *subject,
		   enum bench_setting setting, unsigned int rounds, struct bench_result *result)
{
	struct rounds r = { .setting = setting, .rounds = rounds };
	double *values = calloc(rounds, (KINDS + 1) * sizeof *values);

	*result = (struct bench_result){ .subject = subject, .setting = setting };
	if (!values) {
		tool_error("bench: --rounds: no memory for %u; give a smaller number", rounds);
		return false;
	}
	for (unsigned int kind = 0; kind < KINDS; kind++)
		r.ns[kind] = values + (size_t)kind * rounds;
	prepare_rounds(&r, b, subject);
	for (unsigned int n = 0; n < rounds; n++)
		one_round(&r, b, n);
	if (setting == BENCH_INSIDE)
		subtract_work(&r);
	evaluate(&r, values + (size_t)KINDS * rounds, result);
	free(values);
	return true;
}
