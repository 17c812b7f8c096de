/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen bench for people: tables, with bars. */
#include <string.h>

#include "bench.h"

const char *bench_variant_name(unsigned int variant)
{
	static const char *const names[BENCH_VARIANTS] = {
		[BENCH_PAGE] = "page",
		[BENCH_KERNEL] = "kernel",
		[BENCH_FLOOR] = "floor",
		[BENCH_SYSTEM_CALL] = "syscall",
	};

	return names[variant];
}

/* -------------------------------------------------------------------------
 * Bars: as long as the page's time by the kernel's, with a mark where they are equal.
 */
enum { BAR = 15, MARK = 10, EIGHTHS = 8 };

static const char *cell(int eighths, bool mark, bool blocks)
{
	static const char *const part[EIGHTHS + 1] = { " ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" };

	if (mark)
		return blocks ? "│" : "|";
	if (eighths < 0)
		eighths = 0;
	if (eighths > EIGHTHS)
		eighths = EIGHTHS;
	return blocks ? part[eighths] : eighths >= EIGHTHS / 2 ? "#" : " ";
}

static void print_bar(double ratio, bool blocks)
{
	int length = (int)((ratio < 2 ? ratio : 2) * MARK * EIGHTHS + 0.5);

	for (int i = 0; i < BAR && (i <= MARK || i * EIGHTHS < length); i++)
		fputs(i == BAR - 1 && length > BAR * EIGHTHS ? ">" :
		      cell(length - i * EIGHTHS, i == MARK, blocks), stdout);
}

/* -------------------------------------------------------------------------
 * Tables.
 */
static const char *meaning(enum bench_setting setting)
{
	static const char *const texts[BENCH_SETTINGS] = {
		[BENCH_BACK_TO_BACK] = "one call after another",
		[BENCH_DEPENDENT] = "each call waits for the result of the one before",
		[BENCH_INSIDE] = "what a call adds to other work",
		[BENCH_DATA_COLD] = "the data was in no cache (with two readings of the counter)",
		[BENCH_COLD] = "neither data nor code was in a cache (likewise)",
	};

	return texts[setting];
}

static void print_heading(enum bench_setting setting)
{
	printf("\n%s: %s\n%-30s", bench_setting_name(setting), meaning(setting), "  ns");
	for (unsigned int v = 0; v < BENCH_VARIANTS; v++)
		printf(" %7s", bench_variant_name(v));
	printf("  page/kernel [10%% 90%%]  page/floor  page/syscall  goal         0%*s\n", MARK + 2,
	       "kernel");
}

static void print_ns(double ns)
{
	if (ns > 0)
		printf(" %7.1f", ns);
	else
		printf(" %7s", "-");
}

/* The goal, and what can be asked of this machine if that is less. */
static void print_goal(const struct bench_goal *goal)
{
	char text[32] = "-";

	if (goal->ratio > 0)
		snprintf(text, sizeof text, goal->here > goal->ratio ? "%.2f/%.3g" : "%.2f",
			 goal->ratio, goal->here);
	printf("  %-11s  ", text);
}

/* In the width of its heading. */
static void print_ratio(const char *heading, int digits, double ratio)
{
	if (ratio > 0)
		printf("  %*.*f", (int)strlen(heading), digits, ratio);
	else
		printf("  %*s", (int)strlen(heading), "-");
}

static void print_row(const struct bench_result *r, bool blocks)
{
	const struct bench_spread *kernel = &r->page_to[BENCH_KERNEL];

	printf("%-30s", bench_subject_name(r->subject));
	for (unsigned int v = 0; v < BENCH_VARIANTS; v++)
		print_ns(r->ns[v]);
	if (kernel->median > 0)
		printf("  %7.3f [%5.3f %5.3f]", kernel->median, kernel->low, kernel->high);
	else
		printf("  %7s %13s", "-", "");
	print_ratio("page/floor", 3, r->page_to[BENCH_FLOOR].median);
	print_ratio("page/syscall", 4, r->page_to[BENCH_SYSTEM_CALL].median);
	print_goal(&r->goal);
	if (kernel->median > 0)
		print_bar(kernel->median, blocks);
	putchar('\n');
}

static void print_library(const struct bench_report *report)
{
	const char *arch;

	printf("\nthe library's own calls, ns\n");
	for (unsigned int i = 0; i < BENCH_ARCHS && (arch = tool_arch_name(i)); i++)
		printf("%-30s %7.0f  (%s)\n%-30s %7.0f  (%s, with all functions)\n", "vdsogen_build",
		       report->build_ns[i], arch, "vdsogen_build", report->build_all_ns[i], arch);
	printf("%-30s %7.0f\n%-30s %7.1f\n", "vdsogen_clock_update", report->update_ns,
	       "vdsogen_clock_read", report->read_ns);
	printf("%-30s %7.1f\n%-30s %7.1f  (a user)\n%-30s %7.1f\n", "vdsogen_process_set",
	       report->set_ns, "vdsogen_process_change", report->change_ns,
	       "vdsogen_process_fork", report->fork_ns);
}

void bench_print_table(const struct bench *b, const struct bench_report *report, bool blocks)
{
	struct bench_machine machine;
	int setting = -1;

	bench_machine(&machine);
	printf("%s, %ld processors, %s, kernel %s, counter %.3f MHz, %u rounds\n"
	       "goal: of page/kernel (getpid and so on: of page/syscall); and, after a '/', what the\n"
	       "floor leaves possible here\n",
	       machine.processor, machine.processors, machine.architecture, machine.kernel,
	       (double)b->hz / 1e6, report->rounds);
	for (unsigned int i = 0; i < report->count; i++) {
		const struct bench_result *r = &report->result[i];

		if ((int)r->setting != setting)
			print_heading(r->setting);
		setting = (int)r->setting;
		print_row(r, blocks);
	}
	print_library(report);
}
