/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen bench for programs: one JSON object (RFC 8259). What there is not, is null. */
#include "bench.h"

/* Strings come from the kernel and are printable, but for an unusual machine. */
static void print_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c > '~')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_key(const char *key)
{
	print_string(key);
	fputs(": ", stdout);
}

static void print_number(double value, const char *format)
{
	if (value > 0)
		printf(format, value);
	else
		fputs("null", stdout);
}

static void print_spread(const char *name, const struct bench_spread *spread)
{
	printf(",\n\t\t\t");
	print_key(name);
	if (spread->median > 0)
		printf("{ \"median\": %.5g, \"p10\": %.5g, \"p90\": %.5g }", spread->median,
		       spread->low, spread->high);
	else
		fputs("null", stdout);
}

static void print_goal(const struct bench_result *r)
{
	fputs(",\n\t\t\t\"goal\": ", stdout);
	if (r->goal.ratio > 0)
		printf("{ \"of\": \"page/%s\", \"ratio\": %.2f, \"here\": %.5g, \"margin\": %.2f, "
		       "\"tries\": %u, \"met\": %s }", bench_variant_name(r->goal.to),
		       r->goal.ratio, r->goal.here, r->goal.margin, r->tries,
		       bench_missed(r) ? "false" : "true");
	else
		fputs("null", stdout);
}

static void print_result(const struct bench_result *r)
{
	bool clock = r->subject->clock != BENCH_NO_CLOCK;

	printf("\t\t{ \"setting\": \"%s\", \"function\": \"%s\", \"clock\": ",
	       bench_setting_name(r->setting), vdsogen_function_name(r->subject->function));
	if (clock)
		print_string(tool_clock_name(r->subject->clock));
	else
		fputs("null", stdout);
	fputs(", \"bytes\": ", stdout);
	print_number(r->subject->bytes, "%.0f");
	fputs(",\n\t\t\t\"ns\": { ", stdout);
	for (unsigned int v = 0; v < BENCH_VARIANTS; v++) {
		fputs(v ? ", " : "", stdout);
		print_key(bench_variant_name(v));
		print_number(r->ns[v], "%.3f");
	}
	fputs(" }", stdout);
	print_spread("page/kernel", &r->page_to[BENCH_KERNEL]);
	print_spread("page/floor", &r->page_to[BENCH_FLOOR]);
	print_spread("page/syscall", &r->page_to[BENCH_SYSTEM_CALL]);
	print_spread("floor/kernel", &r->floor_to[BENCH_KERNEL]);
	print_spread("floor/syscall", &r->floor_to[BENCH_SYSTEM_CALL]);
	print_goal(r);
	fputs(" }", stdout);
}

static void print_machine(const struct bench *b)
{
	struct bench_machine machine;

	bench_machine(&machine);
	fputs("\t\"machine\": { \"processor\": ", stdout);
	print_string(machine.processor);
	fputs(", \"architecture\": ", stdout);
	print_string(machine.architecture);
	printf(", \"processors\": %ld },\n\t\"kernel\": ", machine.processors);
	print_string(machine.kernel);
	printf(",\n\t\"counter_hz\": %llu,\n", (unsigned long long)b->hz);
}

/* The settings that were measured, in the order of the results. */
static void print_settings(const struct bench_report *report)
{
	int setting = -1;

	fputs("\t\"settings\": [ ", stdout);
	for (unsigned int i = 0; i < report->count; i++) {
		if ((int)report->result[i].setting == setting)
			continue;
		fputs(setting < 0 ? "" : ", ", stdout);
		setting = (int)report->result[i].setting;
		print_string(bench_setting_name((unsigned int)setting));
	}
	printf(" ],\n\t\"rounds\": %u,\n", report->rounds);
}

static void print_builds(const char *key, const double *ns)
{
	const char *arch;

	print_key(key);
	fputs("{ ", stdout);
	for (unsigned int i = 0; i < BENCH_ARCHS && (arch = tool_arch_name(i)); i++) {
		fputs(i ? ", " : "", stdout);
		print_key(arch);
		print_number(ns[i], "%.0f");
	}
	fputs(" }, ", stdout);
}

static void print_library(const struct bench_report *report)
{
	const struct {
		const char *key;
		double ns;
	} rows[] = {
		{ "update_ns", report->update_ns }, { "read_ns", report->read_ns },
		{ "process_set_ns", report->set_ns }, { "process_change_ns", report->change_ns },
		{ "process_fork_ns", report->fork_ns },
	};

	fputs("\t\"library\": { ", stdout);
	print_builds("build_ns", report->build_ns);
	print_builds("build_all_ns", report->build_all_ns);
	for (unsigned int i = 0; i < sizeof rows / sizeof *rows; i++) {
		fputs(i ? ", " : "", stdout);
		print_key(rows[i].key);
		print_number(rows[i].ns, "%.1f");
	}
	fputs(" }\n", stdout);
}

void bench_print_json(const struct bench *b, const struct bench_report *report)
{
	fputs("{\n", stdout);
	print_machine(b);
	print_settings(report);
	fputs("\t\"results\": [\n", stdout);
	for (unsigned int i = 0; i < report->count; i++) {
		print_result(&report->result[i]);
		fputs(i + 1 < report->count ? ",\n" : "\n", stdout);
	}
	fputs("\t],\n", stdout);
	print_library(report);
	fputs("}\n", stdout);
}
