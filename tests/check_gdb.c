/* SPDX-License-Identifier: BSD-2-Clause */
/* What watches a program: the trace of the start, the counters, the debugger's stub. No machine is needed. */
#define _GNU_SOURCE
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "runner-fake.h"
#include "startup.h"
#include "vdsogen.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define CALL(...) { .exit = { .why = VM_CALL }, __VA_ARGS__ }

/* -------------------------------------------------------------------------
 * The clock that this program's own code reads, in place of the C library's.
 */
static unsigned int readings;
static time_t fake_seconds;	/* 0: the real one */

int clock_gettime(clockid_t id, struct timespec *time)
{
	readings++;
	if (!fake_seconds)
		return (int)syscall(SYS_clock_gettime, id, time);
	*time = (struct timespec){ .tv_sec = fake_seconds++ };
	return 0;
}

/* What a function writes to standard error. */
static const char *written(void (*function)(void))
{
	static char text[4096];
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	size_t size;

	ck_assert(file && before >= 0);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	function();
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	size = fread(text, 1, sizeof text - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

/* -------------------------------------------------------------------------
 * The start.
 */
static void steps(void)
{
	startup_step("one");
	startup_step("two");
	startup_end();
}

START_TEST(startup_untraced_reads_no_clock)
{
	unsigned int before = readings;

	ck_assert_str_eq(written(steps), "");
	ck_assert_uint_eq(readings, before);
}
END_TEST

static void traced_steps(void)
{
	startup_begin();
	steps();
	startup_step("late");
}

START_TEST(startup_traced_has_each_step_and_the_sum)
{
	unsigned int before = readings;
	const char *text;

	fake_seconds = 1;
	text = written(traced_steps);
	ck_assert_uint_eq(readings - before, 3);
	fake_seconds = 0;
	ck_assert_str_eq(text, "vdsorun: start: 1000000.0 us one\n"
			       "vdsorun: start: 1000000.0 us two\n"
			       "vdsorun: start: 2000000.0 us in all\n");
	ck_assert(!startup_traced);
}
END_TEST

static void many_steps(void)
{
	startup_begin();
	for (int i = 0; i < 1000; i++)
		startup_step("one of many");
	startup_end();
}

START_TEST(startup_many_steps_lose_no_time)
{
	fake_seconds = 1;
	ck_assert_ptr_nonnull(strstr(written(many_steps), "1000000000.0 us in all\n"));
	fake_seconds = 0;
}
END_TEST

/* -------------------------------------------------------------------------
 * Counters.
 */
static struct process program;
static struct thread thread;

static void set_up(void)
{
	struct runner_error error;

	memset(&program, 0, sizeof program);
	thread = (struct thread){ .process = &program };
	ck_assert_int_eq(vm_create(&program.vm, &error), 0);
	program.space = space_create(program.vm);
	program.signals = signals_create();
	ck_assert_ptr_nonnull(program.space);
	ck_assert_ptr_nonnull(program.signals);
	ck_assert_int_eq(vcpu_create(&thread.vcpu, program.vm, guest_at(0x400000), guest_at(0), &error), 0);
}

static void tear_down(void)
{
	free(thread.vcpu);
	signals_destroy(program.signals);
	space_destroy(program.space);
	vm_destroy(program.vm);
}

static bool shim(void *machine, unsigned int number, struct stats_shim *counter)
{
	static const struct stats_shim counters[] = { { "getpid", 12 }, { "never", 0 }, { "futex", 3 } };

	ck_assert_ptr_eq(machine, &program);
	if (number < COUNT(counters))
		*counter = counters[number];
	return number < COUNT(counters);
}

static void run_script(void)
{
	struct fake_step script[] = {
		CALL(.number = SYS_getpid),
		CALL(.number = SYS_getpid),
		CALL(.number = 500),
		CALL(.number = SYS_clock_gettime),
		{ .exit = { .why = VM_INTERRUPTED } },
		{ .exit = { .why = VM_INTERRUPTED, .kicked = true } },
		{ .exit = { .why = VM_FAULT, .fault = { .signal = SIGSEGV } } },
	};
	struct loop_end end;

	stats_begin(&program.counts);
	stats_shim(&program.counts, shim, &program);
	fake_play(script, COUNT(script));
	loop_run(&thread, &end);
	stats_print(&program);
}

/* But for the last two, which are times. */
static const char *without_times(const char *text)
{
	char *times = strstr(text, " usec machine\n");

	ck_assert_ptr_nonnull(times);
	ck_assert_ptr_nonnull(strstr(times, " usec host\n"));
	while (times > text && times[-1] != '\n')
		times--;
	*times = '\0';
	return text;
}

START_TEST(stats_name_every_reason)
{
	ck_assert_str_eq(without_times(written(run_script)), "       7 exit all\n"
							     "       4 exit call\n"
							     "       1 exit fault\n"
							     "       1 exit interruption\n"
							     "       1 exit kick\n"
							     "       2 call getpid\n"
							     "       1 call clock_gettime\n"
							     "       1 call 500\n"
							     "       1 fault SIGSEGV\n"
							     "       1 clock none\n"
							     "      12 shim getpid\n"
							     "       3 shim futex\n");
}
END_TEST

static void print_forked(void)
{
	stats_begin(&program.counts);
	program.counts.call[SYS_read] = 5;
	stats_forked(&program.counts, false);
	stats_print(&program);
	stats_forked(&program.counts, true);
	stats_print(&program);
}

START_TEST(stats_of_a_child_begin_anew)
{
	char line[64];
	const char *text = written(print_forked), *second;

	snprintf(line, sizeof line, "%d:        5 call read\n", getpid());
	ck_assert_ptr_nonnull(strstr(text, line));
	second = strstr(text, " usec host\n");
	ck_assert_ptr_nonnull(second);
	snprintf(line, sizeof line, "\n%d:        0 exit all\n", getpid());
	ck_assert_ptr_nonnull(strstr(second, line));
	ck_assert_ptr_null(strstr(second, "read"));
}
END_TEST

/* Each state of a page. */
START_TEST(stats_say_why_the_clock_asked)
{
	static _Alignas(VDSOGEN_ALIGN) uint8_t image[4 * VDSOGEN_PAGE];
	const struct vdsogen_source source = { .hz = 1000000000 };
	const struct vdsogen_sample sample = { .before = 1000, .after = 1000 };
	const struct vdsogen_config config = { .options = VDSOGEN_GUARD };
	size_t size = sizeof image;
	struct vdsogen_image view;
	struct vdsogen_clock *clock;

	ck_assert_int_eq(vdsogen_build(vdsogen_arch_at(0), &config, image, &size), 0);
	ck_assert_int_eq(vdsogen_open(image, size, &view), 0);
	clock = (struct vdsogen_clock *)(image + view.clock);
	ck_assert_int_eq(stats_why(clock, VDSOGEN_MONOTONIC, 2000), STATS_CLOCK_UNSEEDED);
	ck_assert_int_eq(vdsogen_clock_start(clock, &source, &sample), 0);
	ck_assert_int_eq(stats_why(clock, VDSOGEN_MONOTONIC, 2000), STATS_CLOCK_RACE);
	ck_assert_int_eq(stats_why(clock, CLOCK_PROCESS_CPUTIME_ID, 2000), STATS_CLOCK_ID);
	ck_assert_int_eq(stats_why(clock, -6, 2000), STATS_CLOCK_ID);
	ck_assert_int_eq(stats_why(clock, VDSOGEN_MONOTONIC, 10), STATS_CLOCK_UNDERFLOW);
	ck_assert_int_eq(stats_why(clock, VDSOGEN_MONOTONIC_COARSE, 10), STATS_CLOCK_RACE);
	vdsogen_clock_attention(clock, 1, 0);
	ck_assert_int_eq(stats_why(clock, VDSOGEN_MONOTONIC, 2000), STATS_CLOCK_ATTENTION);
	vdsogen_clock_attention(clock, 0, 1);
	clock->max_age = 100;
	ck_assert_int_eq(stats_why(clock, VDSOGEN_MONOTONIC, 2000), STATS_CLOCK_AGE);
	clock->line[0].seq |= 1;
	ck_assert_int_eq(stats_why(clock, VDSOGEN_MONOTONIC, 1000), STATS_CLOCK_ODD);
}
END_TEST

/* ------------------------------------------------------------------------- */
static void add(Suite *suite, const char *name, bool fixture, const TTest *const *tests, size_t count)
{
	TCase *tcase = tcase_create(name);

	if (fixture)
		tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	const TTest *const startup[] = {
		startup_untraced_reads_no_clock, startup_traced_has_each_step_and_the_sum,
		startup_many_steps_lose_no_time,
	};
	const TTest *const stats[] = {
		stats_name_every_reason, stats_of_a_child_begin_anew, stats_say_why_the_clock_asked,
	};
	Suite *suite = suite_create("gdb");
	SRunner *runner;
	int failed;

	add(suite, "startup", false, startup, COUNT(startup));
	add(suite, "stats", true, stats, COUNT(stats));
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
