/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goals of vdsogen bench: ratios to the running kernel's vDSO; of what it does not
 * have, to the system call. Never a time.
 *
 * They were found where the kernel's reading of the counter (RDTSCP) takes
 * longer than LFENCE and RDTSC. Where it does not, the floor alone can be more
 * than the goal, and no right code could reach it. So no machine is asked for
 * less than the floor's ratio to the kernel, and the distance that the page may
 * have to the floor. Both figures are shown.
 */
#include "bench.h"

/* What the page may take, by the floor of the same setting. */
#define TO_FLOOR 1.15

/* Beyond it a goal is missed. A cycle is a tenth of a plain function: theirs is wider. */
#define MARGIN 1.10

static const struct {
	double ratio, margin;
} goals[BENCH_SETTINGS][BENCH_KINDS] = {
	[BENCH_BACK_TO_BACK] = {
		[BENCH_CLOCK] = { 0.85, MARGIN },
		[BENCH_TIMEOFDAY] = { 0.85, MARGIN },
		[BENCH_COARSE] = { 0.90, MARGIN },
		[BENCH_PLAIN] = { 1.00, 1.15 },
		[BENCH_IDENTITY] = { 0.02, 1.15 },
		[BENCH_RANDOM] = { 0.60, MARGIN },
	},
	[BENCH_INSIDE] = {
		[BENCH_CLOCK] = { 0.70, MARGIN },
		[BENCH_TIMEOFDAY] = { 0.75, MARGIN },
	},
	[BENCH_DATA_COLD][BENCH_CLOCK] = { 0.65, MARGIN },
	[BENCH_COLD][BENCH_CLOCK] = { 0.75, MARGIN },
};

/* The call floor of a plain function is most of it: there, it would excuse everything. */
static double possible(const struct bench_result *result)
{
	return result->subject->kind == BENCH_PLAIN ? 0 :
	       TO_FLOOR * result->floor_to[result->goal.to].median;
}

/* Its ratio is 0 if there is none. */
static struct bench_goal wanted(const struct bench_result *result)
{
	enum bench_kind kind = result->subject->kind;

	return (struct bench_goal){
		.to = kind == BENCH_IDENTITY ? BENCH_SYSTEM_CALL : BENCH_KERNEL,
		.ratio = goals[result->setting][kind].ratio,
		.margin = goals[result->setting][kind].margin,
	};
}

void bench_set_goal(struct bench_result *result)
{
	struct bench_goal *goal = &result->goal;

	*goal = wanted(result);
	if (!result->subject->call[goal->to])
		goal->ratio = 0;	/* nothing to be compared with */
	if (goal->ratio == 0)
		return;
	goal->here = possible(result);
	if (goal->here < goal->ratio)
		goal->here = goal->ratio;
}

bool bench_missed(const struct bench_result *result)
{
	const struct bench_goal *goal = &result->goal;

	return goal->ratio > 0 && result->page_to[goal->to].median > goal->here * goal->margin;
}

static const char *verdict(const struct bench_result *r)
{
	if (bench_missed(r))
		return "MISSED";
	return r->page_to[r->goal.to].median > r->goal.here ? "near" : "met";
}

static void print_goal(const struct bench_result *r)
{
	const struct bench_goal *goal = &r->goal;

	printf("%-6s  %-12s  %-30s %5.3f  goal %.2f of the %s", verdict(r),
	       bench_setting_name(r->setting), bench_subject_name(r->subject),
	       r->page_to[goal->to].median, goal->ratio, bench_variant_name(goal->to));
	if (goal->here > goal->ratio)
		printf("; here the floor alone is %.3f of it: %.3g",
		       r->floor_to[goal->to].median, goal->here);
	if (r->tries > 1)
		printf("; try %u", r->tries);
	putchar('\n');
}

static void print_no_ratio(const struct bench_result *r)
{
	const struct bench_goal goal = wanted(r);

	printf("%-6s  %-12s  %-30s     -  goal %.2f of the %s, which has none here: no ratio\n", "none",
	       bench_setting_name(r->setting), bench_subject_name(r->subject), goal.ratio,
	       bench_variant_name(goal.to));
}

void bench_print_goals(const struct bench_report *report)
{
	unsigned int missed = 0, count = 0;

	for (unsigned int i = 0; i < report->count; i++) {
		const struct bench_result *r = &report->result[i];

		if (r->goal.ratio > 0) {
			count++;
			missed += bench_missed(r);
			print_goal(r);
		} else if (wanted(r).ratio > 0) {
			print_no_ratio(r);
		}
	}
	printf("%u goals, %u missed (near: beyond the goal, within its margin)\n", count, missed);
}
