/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen bench: its command line, and the order of things. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { SETTING = 0x100, FUNCTION, ROUNDS, GOALS, COUNT, JSON, CHART };

#define ROUNDS_DEFAULT 1001
#define ROUNDS_MAX 100000

/* What a vDSO's functions are called here. */
static const char *function_name(unsigned int function)
{
	const char *name = vdsogen_function_name(function);

	return name && !bench_is_measured(function) ? "" : name;
}

static const struct tool_option options[] = {
	{ "setting", "NAME", "measure in this setting only; may be repeated:", SETTING,
	  bench_setting_name },
	{ "function", "NAME", "measure this function only; may be repeated:", FUNCTION,
	  function_name },
	{ "rounds", "N", "rounds that each figure is the median of (default: 1001)", ROUNDS, NULL },
	{ "goals", NULL, "say which goals are met; exit 1 if one is missed in three tries", GOALS,
	  NULL },
	{ "count", NULL, "count executed instructions instead of measuring times", COUNT, NULL },
	{ "json", NULL, "print one JSON object", JSON, NULL },
	{ "chart", NULL, "bars of block characters although the output is no terminal", CHART,
	  NULL },
	{ NULL, NULL, NULL, 0, NULL }
};

static const struct tool_syntax syntax = {
	.command = "bench", .operands = "", .options = options,
	.summary = "Compares the generated page with the running kernel's vDSO, the system call and\n"
		   "the bare counter: by ratios, which hardly differ between runs.",
};

struct wanted {
	uint32_t settings, functions;	/* bits */
	unsigned int rounds;
	bool goals, count, json, chart;
};

/* -------------------------------------------------------------------------
 * The command line.
 */
static bool add_word(const char *option, const char *(*word)(unsigned int), uint32_t *bits)
{
	char words[256] = "";
	size_t at = 0;
	const char *name;

	for (unsigned int i = 0; (name = word(i)); i++) {
		if (*name && !strcmp(name, optarg)) {
			*bits |= (uint32_t)1 << i;
			return true;
		}
		if (*name && at < sizeof words)
			at += (size_t)snprintf(words + at, sizeof words - at, "%s%s",
					       at ? ", " : "", name);
	}
	tool_error("bench: --%s: '%s' is not one of: %s", option, optarg, words);
	return false;
}

static bool read_rounds(unsigned int *rounds)
{
	size_t digits = strspn(optarg, "0123456789");
	unsigned long value = digits && !optarg[digits] ? strtoul(optarg, NULL, 10) : 0;

	*rounds = (unsigned int)value;
	if (value && value <= ROUNDS_MAX)
		return true;
	tool_error("bench: --rounds: '%s' is not a number from 1 to %d", optarg, ROUNDS_MAX);
	return false;
}

static bool take_option(int option, struct wanted *w)
{
	switch (option) {
	case SETTING:
		return add_word("setting", bench_setting_name, &w->settings);
	case FUNCTION:
		return add_word("function", function_name, &w->functions);
	case ROUNDS:
		return read_rounds(&w->rounds);
	case GOALS:
		w->goals = true;
		break;
	case COUNT:
		w->count = true;
		break;
	case JSON:
		w->json = true;
		break;
	case CHART:
		w->chart = true;
		break;
	}
	return true;
}

/* By the rules for LC_CTYPE; the C library's own tables may not be there for a static program. */
static bool is_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (unsigned int i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

/* -------------------------------------------------------------------------
 * The order of things.
 */

/* Where we are: elsewhere, another counter and other caches would come into it. */
static bool stay_on_processor(void)
{
	int processor = sched_getcpu();
	cpu_set_t one;

	if (processor >= 0 && processor < CPU_SETSIZE) {
		CPU_ZERO(&one);
		CPU_SET(processor, &one);
		if (!sched_setaffinity(0, sizeof one, &one))
			return true;
	}
	tool_error("bench: cannot stay on one processor: %s", strerror(errno));
	return false;
}

static bool prepare(struct bench *b)
{
	bench_fn *kernel[VDSOGEN_FUNCTIONS] = { NULL };

	if (!stay_on_processor() || !bench_make_page(b) || !bench_find_kernel(b, kernel) ||
	    !bench_make_subjects(b, kernel))
		return false;
	bench_prepare(b);
	return true;
}

static bool measure(struct bench *b, const struct wanted *w, const struct bench_subject *subject,
		    enum bench_setting setting, struct bench_result *result)
{
	unsigned int tries = result->tries;

	if (!bench_measure(b, subject, setting, w->rounds, result))
		return false;
	bench_set_goal(result);
	result->tries = tries + 1;
	return true;
}

static bool measure_all(struct bench *b, const struct wanted *w, struct bench_report *report)
{
	for (unsigned int setting = 0; setting < BENCH_SETTINGS; setting++)
		for (unsigned int i = 0; i < b->subjects; i++) {
			const struct bench_subject *s = &b->subject[i];

			if (!(w->settings >> setting & 1) || !(w->functions >> s->function & 1) ||
			    !bench_has(s, setting))
				continue;
			if (!measure(b, w, s, setting, &report->result[report->count++]))
				return false;
		}
	bench_library(b, report);
	return true;
}

/* Something else on the machine may have spoilt a row: each may be measured three times. */
static bool measure_missed(struct bench *b, const struct wanted *w, struct bench_report *report)
{
	enum { TRIES = 3 };

	for (unsigned int i = 0; i < report->count; i++) {
		struct bench_result *r = &report->result[i];

		while (bench_missed(r) && r->tries < TRIES)
			if (!measure(b, w, r->subject, r->setting, r))
				return false;
	}
	return true;
}

static int report_all(const struct bench *b, const struct wanted *w,
		      const struct bench_report *report)
{
	if (w->json)
		bench_print_json(b, report);
	else
		bench_print_table(b, report, is_utf8() && (w->chart || isatty(STDOUT_FILENO)));
	if (w->goals && !w->json) {
		putchar('\n');
		bench_print_goals(report);
	}
	for (unsigned int i = 0; w->goals && i < report->count; i++)
		if (bench_missed(&report->result[i]))
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

static int run(struct bench *b, const struct wanted *w)
{
	static struct bench_result results[BENCH_SETTINGS * BENCH_SUBJECTS_MAX];
	struct bench_report report = { .rounds = w->rounds, .result = results };

	if (!prepare(b))
		return EXIT_FAILURE;
	if (w->count)
		return bench_count(b, w->functions, w->json);
	if (!measure_all(b, w, &report) || (w->goals && !measure_missed(b, w, &report)))
		return EXIT_FAILURE;
	return report_all(b, w, &report);
}

int cmd_bench(int argc, char **argv)
{
	struct wanted wanted = { .rounds = ROUNDS_DEFAULT };
	static struct bench bench;
	int option;

	while ((option = tool_option(&syntax, argc, argv, NULL)) != TOOL_END) {
		if (option == TOOL_HELP)
			return EXIT_SUCCESS;
		if (option == TOOL_BAD || !take_option(option, &wanted))
			return EXIT_USAGE;
	}
	if (optind < argc) {
		tool_error("bench: '%s': bench takes no operand", argv[optind]);
		return EXIT_USAGE;
	}
	if (wanted.count && (wanted.goals || wanted.settings)) {
		tool_error("bench: --count measures no time: leave out --goals and --setting");
		return EXIT_USAGE;
	}
	if (!wanted.settings)
		wanted.settings = ~(uint32_t)0;
	if (!wanted.functions)
		wanted.functions = ~(uint32_t)0;
	return run(&bench, &wanted);
}
