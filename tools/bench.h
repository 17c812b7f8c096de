/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdsogen bench: the generated page, the running kernel's vDSO, the system
 * call and the bare counter, side by side in one process on one processor.
 * What is compared are ratios within a round: times differ between machines
 * and moments, these hardly do.
 */
#ifndef BENCH_H
#define BENCH_H

#include "tool.h"

/* Who answers. FLOOR: no answer at all, see struct bench_subject. */
enum bench_variant {
	BENCH_PAGE,
	BENCH_KERNEL,
	BENCH_FLOOR,
	BENCH_SYSTEM_CALL,
	BENCH_VARIANTS
};

/* What the processor does meanwhile; bench-loops.c and bench-cold.c. */
enum bench_setting {
	BENCH_BACK_TO_BACK,	/* one call after another: throughput */
	BENCH_DEPENDENT,	/* a call needs the result of the one before: latency */
	BENCH_INSIDE,		/* what a call adds to other work */
	BENCH_DATA_COLD,	/* the data was in no cache */
	BENCH_COLD,		/* neither data nor code */
	BENCH_SETTINGS
};

/* Subjects with the same floor and the same goals. */
enum bench_kind {
	BENCH_CLOCK,		/* clock_gettime that reads the counter */
	BENCH_TIMEOFDAY,
	BENCH_COARSE,
	BENCH_PLAIN,		/* time, clock_getres, getcpu */
	BENCH_IDENTITY,		/* a number of the process block */
	BENCH_NAMES,		/* uname */
	BENCH_RANDOM,		/* getrandom of what keys and nonces take: 16 to 96 bytes */
	BENCH_OTHER_RANDOM,
	BENCH_KINDS
};

/* Where a function has its result: at its first argument, at its second, or it returns it. */
enum bench_place { BENCH_FIRST, BENCH_SECOND, BENCH_RETURNED };

/* A vDSO function, called through a pointer with as many words as getrandom has. */
typedef long bench_fn(long, long, long, long, long);

enum { BENCH_ARGUMENTS = 5 };

/*
 * A function with its arguments. The floor stores two words as an answer does;
 * that of BENCH_CLOCK and BENCH_TIMEOFDAY reads the counter in order, too.
 */
struct bench_subject {
	enum vdsogen_function function;
	unsigned int clock;	/* BENCH_NO_CLOCK for functions without */
	unsigned int bytes;	/* of getrandom; 0 for others */
	unsigned int period;	/* calls until all is as before them; 0: too long to be counted */
	enum bench_kind kind;
	long argument[BENCH_VARIANTS][BENCH_ARGUMENTS];
	const volatile uint32_t *answer; /* what a call is waited for; NULL: the value returned */
	bench_fn *call[BENCH_VARIANTS];	/* NULL: there is none */
	bench_fn *cold_floor;		/* which loads a line of the page's data, too */
};

#define BENCH_NO_CLOCK VDSOGEN_CLOCK_IDS

/* Memory that can be flushed from the caches. */
struct bench_span {
	uintptr_t from, to;
};

enum { BENCH_SPANS = 8, BENCH_SUBJECTS_MAX = 32, BENCH_ARCHS = 8 };

struct bench_spans {
	unsigned int count;
	struct bench_span span[BENCH_SPANS];
};

struct bench {
	/* the page, as a guest has it and as its publisher has it */
	struct vdsogen_image image;
	const char *code;
	struct vdsogen_clock *clock;
	struct vdsogen_random *random;
	uint64_t hz;

	/* the kernel's vDSO; start 0: there is none */
	struct bench_span kernel_code;

	/* what a call reads, and what it executes, of the page and of the kernel */
	struct bench_spans data, text;

	/* where the measuring writes: lines that alias nothing that is read */
	uint64_t *result;	/* four words */
	char *buffer;		/* BENCH_BUFFER bytes, for longer results */
	size_t state;		/* offset in a page of a state of getrandom */
	uint64_t *table;	/* BENCH_TABLE words for the other work */
	size_t stack;		/* offset in a page; the stack begins below it */
	unsigned int steps;	/* of the other work in one go */

	unsigned int subjects;
	struct bench_subject subject[BENCH_SUBJECTS_MAX];
};

/* The rest of a stack that is in use while a call is measured, and the table: bytes, words. */
#define BENCH_STACK 512
#define BENCH_TABLE 32
#define BENCH_BUFFER VDSOGEN_PAGE

/* The median, and what 10 % and 90 % of the rounds are below. 0: not measured. */
struct bench_spread {
	double median, low, high;
};

struct bench_goal {
	enum bench_variant to;	/* whom the page is compared with */
	double ratio;		/* 0: there is none */
	double here;		/* what can be asked of this machine: not below `ratio` */
	double margin;		/* beyond which it is missed, as a factor */
};

struct bench_result {
	const struct bench_subject *subject;
	enum bench_setting setting;
	double ns[BENCH_VARIANTS];		/* medians; 0: not measured */
	struct bench_spread page_to[BENCH_VARIANTS]; /* the page's time by theirs */
	struct bench_spread floor_to[BENCH_VARIANTS];
	struct bench_goal goal;
	unsigned int tries;
};

struct bench_report {
	unsigned int rounds, count;
	struct bench_result *result;
	double update_ns, read_ns;		/* of the publisher */
	double build_ns[BENCH_ARCHS];	/* by number of the architecture */
	double build_all_ns[BENCH_ARCHS]; /* with all functions that it has */
	double set_ns, change_ns, fork_ns; /* of the process block */
};

/* -------------------------------------------------------------------------
 * Subjects. These report what is wrong; in this order.
 */
bool bench_make_page(struct bench *bench);
bool bench_find_kernel(struct bench *bench, bench_fn *function[VDSOGEN_FUNCTIONS]);

/* Of the identity functions, one of each kind is. rt_sigreturn returns to nobody. */
bool bench_is_measured(unsigned int function);

bool bench_make_subjects(struct bench *bench, bench_fn *const kernel[VDSOGEN_FUNCTIONS]);

/* Memory for results and other work, and where the stack is to be. */
bool bench_make_places(struct bench *bench);

/*
 * A state of getrandom for this implementation, as it asks to have it mapped. The
 * size is 0 if that is not possible; no report.
 */
struct bench_state {
	void *state;
	size_t size;
};

struct bench_state bench_page_state(const struct bench *bench, bench_fn *getrandom);
struct bench_state bench_kernel_state(const struct bench *bench, bench_fn *getrandom);

/* What no answer of that kind takes less than, NULL: not known; with cold data, the third argument is its line. */
bench_fn *bench_floor(enum bench_kind kind, enum bench_place place);
bench_fn *bench_cold_floor(enum bench_kind kind, enum bench_place place);

/* A new anchor for the page, as a timer does it. */
void bench_publish(struct bench *bench);

/* -------------------------------------------------------------------------
 * Measuring.
 */
const char *bench_setting_name(unsigned int setting);	/* NULL past the last */

/* Chooses `steps`, warms up. Once, before the others. */
void bench_prepare(struct bench *bench);

/* One subject in one setting. False if memory ran out. */
bool bench_measure(struct bench *bench, const struct bench_subject *subject,
		   enum bench_setting setting, unsigned int rounds, struct bench_result *result);

/* The library's own calls. */
void bench_library(struct bench *bench, struct bench_report *report);

/* A batch of calls of one variant. */
struct bench_batch {
	const struct bench *bench;
	const struct bench_subject *subject;
	bench_fn *call;			/* NULL: the other work alone */
	const long *argument;
	unsigned int calls;
};

/* Chooses how many calls; the ticks of one, in the mean of a batch. */
void bench_choose_calls(enum bench_setting setting, struct bench_batch *batch);
double bench_ticks(enum bench_setting setting, const struct bench_batch *batch);

bool bench_is_cold(enum bench_setting setting);

/* Whether there is such a measurement. */
bool bench_has(const struct bench_subject *subject, enum bench_setting setting);

/* Ticks of one call after a flush; with `text`, of code too. */
double bench_cold_call(const struct bench_batch *batch, bool text);

/* Sorts; percent of the values are below the answer. */
double bench_quantile(double *values, unsigned int count, unsigned int percent);

/* -------------------------------------------------------------------------
 * Goals, and what is printed.
 */
/* The ratio is 0 if there is no goal, or nobody to be compared with. */
void bench_set_goal(struct bench_result *result);
bool bench_missed(const struct bench_result *result);

/* "clock_gettime monotonic", in one of a few buffers. */
const char *bench_subject_name(const struct bench_subject *subject);
const char *bench_variant_name(unsigned int variant);

void bench_print_table(const struct bench *bench, const struct bench_report *report, bool blocks);
void bench_print_goals(const struct bench_report *report);
void bench_print_json(const struct bench *bench, const struct bench_report *report);

/* Instructions executed, by single steps: prints them. The exit status. */
int bench_count(struct bench *bench, uint32_t functions, bool json);

/* What is known of this machine; empty strings for what is not. */
struct bench_machine {
	char processor[128], kernel[80], architecture[80];
	long processors;
};

void bench_machine(struct bench_machine *machine);

#endif
