/* SPDX-License-Identifier: BSD-2-Clause */
/* What watches a program: the trace of the start, the counters, the debugger's stub. No machine is
 * needed. */
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

#include "gdb-signals.h"
#include "gdb-threads.h"
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
	fake_process_begin(&program, &thread);
}

static void tear_down(void)
{
	fake_process_end(&program, &thread);
}

static void run_script(void)
{
	struct fake_step script[] = {
		CALL(.number = SYS_fsync), /* in the order of their numbers on all processors */
		CALL(.number = SYS_fsync),
		CALL(.number = 500),
		CALL(.number = SYS_clock_gettime),
		{ .exit = { .why = VM_INTERRUPTED } },
		{ .exit = { .why = VM_INTERRUPTED, .kicked = true } },
		{ .exit = { .why = VM_INTERRUPTED, .kicked = true } },
		{ .exit = { .why = VM_FAULT, .fault = { .signal = SIGSEGV } } },
	};
	struct loop_end end;

	stats_begin(&program.counts);
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
	ck_assert_str_eq(without_times(written(run_script)), "       8 exit all\n"
							     "       4 exit call\n"
							     "       1 exit fault\n"
							     "       1 exit interruption\n"
							     "       2 exit kick\n"
							     "       2 call fsync\n"
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

/* -------------------------------------------------------------------------
 * Packets.
 */
static struct gdb_packet packet;
static struct gdb_answer answer;

/* What the last byte says; the ones before say nothing. */
static enum gdb_event feed(const void *bytes, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		ck_assert_int_eq(gdb_packet_take(&packet, ((const uint8_t *)bytes)[i]), GDB_MORE);
	return gdb_packet_take(&packet, ((const uint8_t *)bytes)[size - 1]);
}

#define FEED(text) feed(text, sizeof(text) - 1)

START_TEST(packet_is_taken_with_its_sum)
{
	ck_assert_int_eq(FEED("+$qC#b4"), GDB_WHOLE);
	ck_assert_uint_eq(packet.size, 2);
	ck_assert_mem_eq(packet.data, "qC", 2);
	ck_assert_int_eq(FEED("$qC#B4"), GDB_WHOLE);
	ck_assert_int_eq(FEED("$#00"), GDB_WHOLE);
	ck_assert_uint_eq(packet.size, 0);
	ck_assert_int_eq(FEED("$qC#b5"), GDB_DAMAGED);
	ck_assert_int_eq(FEED("$qC#b"), GDB_MORE);
	ck_assert_int_eq(FEED("/"), GDB_DAMAGED);	/* no digit, though its bits would fit */
	ck_assert_int_eq(FEED("$qX$qC#b4"), GDB_WHOLE);
	ck_assert_uint_eq(packet.size, 2);
}
END_TEST

START_TEST(packet_keeps_bytes_that_mean_something_elsewhere)
{
	ck_assert_int_eq(FEED("\x03"), GDB_INTERRUPT);
	ck_assert_int_eq(FEED("-"), GDB_RESEND);
	ck_assert_int_eq(FEED("$X\x03-+}\x03}]#0d"), GDB_WHOLE);
	ck_assert_uint_eq(packet.size, 6);
	ck_assert_mem_eq(packet.data, "X\x03-+#}", 6);
}
END_TEST

START_TEST(packet_has_an_end)
{
	ck_assert_int_eq(FEED("$"), GDB_MORE);
	for (size_t i = 0; i < GDB_PACKET_MAX; i++)
		ck_assert_int_eq(FEED("@"), GDB_MORE);
	ck_assert_int_eq(FEED("#00"), GDB_WHOLE);	/* 16384 * 64 */
	ck_assert_uint_eq(packet.size, GDB_PACKET_MAX);
	ck_assert_int_eq(FEED("$"), GDB_MORE);
	for (size_t i = 0; i < 5 * GDB_PACKET_MAX; i++)
		ck_assert_int_eq(FEED("@"), GDB_MORE);
	ck_assert_int_eq(FEED("#00"), GDB_DAMAGED);
	ck_assert_int_eq(FEED("$qC#b4"), GDB_WHOLE);
}
END_TEST

static struct gdb_text text_of(const char *string)
{
	return (struct gdb_text){ (const uint8_t *)string, strlen(string) };
}

START_TEST(packet_text_is_taken_or_stays)
{
	struct gdb_text text = text_of("ffffffffffffffff,10000000000000000");
	char string[4];
	uint8_t byte[2];
	uint64_t number;

	ck_assert(gdb_take_number(&text, &number));
	ck_assert_uint_eq(number, UINT64_MAX);
	ck_assert(!gdb_take_word(&text, ",2"));
	ck_assert(gdb_take_word(&text, ","));
	ck_assert(!gdb_take_number(&text, &number));
	ck_assert_uint_eq(text.size, 17);
	text = text_of("12x4");
	ck_assert(!gdb_take_bytes(&text, byte, 2));
	ck_assert(gdb_take_bytes(&text, byte, 1));
	ck_assert_uint_eq(byte[0], 0x12);
	ck_assert(!gdb_take_number(&text, &number));
	text = text_of("616263,61626364");
	ck_assert(gdb_take_string(&text, string, sizeof string));
	ck_assert_str_eq(string, "abc");
	ck_assert(gdb_take_word(&text, ","));
	ck_assert(!gdb_take_string(&text, string, sizeof string));
	gdb_skip_to(&text, ';');
	ck_assert_uint_eq(text.size, 0);
	ck_assert(!gdb_take_bytes(&text, byte, SIZE_MAX));
}
END_TEST

/* What went out, without its frame. */
static const char *sent(void)
{
	static char text[sizeof answer.data];

	ck_assert_uint_ge(answer.size, 4);
	ck_assert_uint_eq(answer.data[0], '$');
	ck_assert_int_eq(feed(answer.data, answer.size), GDB_WHOLE);
	memcpy(text, packet.data, packet.size);
	text[packet.size] = '\0';
	return text;
}

START_TEST(packet_answer_is_escaped_and_never_too_long)
{
	gdb_answer_start(&answer);
	gdb_put(&answer, "a#$*}b", 6);
	gdb_answer_end(&answer);
	ck_assert_mem_eq(answer.data, "$a}\x03}\x04}\n}]b#", 12);
	ck_assert_str_eq(sent(), "a#$*}b");
	gdb_answer_start(&answer);
	for (size_t i = 0; i < sizeof answer.data; i++)
		gdb_put(&answer, "#", 1);
	gdb_answer_end(&answer);
	ck_assert_str_eq(sent(), "E.too long");
}
END_TEST

static const char *piece(uint64_t offset, uint64_t length)
{
	gdb_answer_start(&answer);
	gdb_put_piece(&answer, "abcdef", 6, offset, length);
	gdb_answer_end(&answer);
	return sent();
}

START_TEST(packet_pieces_make_a_whole)
{
	ck_assert_str_eq(piece(0, 4), "mabcd");
	ck_assert_str_eq(piece(4, 4), "lef");
	ck_assert_str_eq(piece(0, 6), "labcdef");
	ck_assert_str_eq(piece(0, UINT64_MAX), "labcdef");
	ck_assert_str_eq(piece(6, 1), "l");
	ck_assert_str_eq(piece(UINT64_MAX, 2), "l");
}
END_TEST

/* -------------------------------------------------------------------------
 * What commands do.
 */
#define CODE 0x10000ull		/* a page to be executed, one to be written behind it */

static struct gdb_target target;
static struct gdb_session session;

static void set_up_target(void)
{
	const struct gdb_stop stop = { .thread = getpid(), .signal = SIGTRAP };

	set_up();
	memset(&target, 0, sizeof target);
	target.process = getpid();
	target.space = program.space;
	target.path = "/bin/a program";
	space_make(program.space, (struct guest_range){ guest_at(CODE), guest_at(CODE + VM_PAGE) },
		   GUEST_EXEC, true);
	space_make(program.space,
		   (struct guest_range){ guest_at(CODE + VM_PAGE), guest_at(CODE + 2 * VM_PAGE) },
		   GUEST_READ | GUEST_WRITE, false);
	space_fill(program.space, guest_at(CODE), "\x10\x11\x12\x13\x14\x15\x16\x17", 8);
	thread.tid = getpid();
	ck_assert(gdb_threads_create(&target));
	ck_assert(gdb_threads_add(&target, &thread));
	gdb_session_start(&session, &target, &stop);
}

static const char *asks(const char *command)
{
	gdb_command(&session, (const uint8_t *)command, strlen(command), &answer);
	return sent();
}

static const char *numbered(const char *format)
{
	static char text[64];

	snprintf(text, sizeof text, format, getpid(), getpid());
	return text;
}

START_TEST(commands_are_answered)
{
	ck_assert_str_eq(asks(""), "");
	ck_assert_str_eq(asks("vMustReplyEmpty"), "");
	ck_assert_str_eq(asks("?"), numbered("T05thread:%x;"));
	asks("qSupported:foo+;x=1");
	ck_assert(!session.many);
	asks("qSupported:multiprocess+;foo+");
	ck_assert(session.many);
	session.many = false;
	ck_assert_ptr_nonnull(
		strstr(asks("qSupported:foo+;multiprocess+;x=1"), "QStartNoAckMode+"));
	ck_assert_str_eq(asks("?"), numbered("T05thread:p%x.%x;"));
	ck_assert_str_eq(asks("qC"), numbered("QCp%x.%x"));
	ck_assert_str_eq(asks("qfThreadInfo"), numbered("mp%x.%x"));
	ck_assert_str_eq(asks("qsThreadInfo"), "l");
	ck_assert_str_eq(asks("Hgp1.-1"), "OK");
	ck_assert_str_eq(asks("Hg1"), "E03");
	ck_assert_str_eq(asks("Hx1"), "E16");
	ck_assert_str_eq(asks("T1"), "E0e");
	ck_assert_str_eq(asks("QStartNoAckMode"), "OK");
	ck_assert(session.plain);
	ck_assert_str_eq(asks("qXfer:exec-file:read:1:0,fff"), "l/bin/a program");
	ck_assert_str_eq(asks("qXfer:exec-file:read::5,2"), "ma ");
	ck_assert_str_eq(asks("qXfer:libraries:read::0,fff"), "E00");
	ck_assert_str_eq(asks("qXfer:auxv:read::zz"), "E16");
}
END_TEST

START_TEST(commands_know_no_breakpoint_in_memory)
{
	uint8_t byte;

	ck_assert_str_eq(asks("m10000,4"), "10111213");
	ck_assert_str_eq(asks("Z0,10001,1"), "OK");
	ck_assert_str_eq(asks("Z0,10001,1"), "OK");
	space_read(program.space, &byte, guest_at(CODE + 1), 1);
	ck_assert_uint_eq(byte, gdb_break_code[0]);
	ck_assert_str_eq(asks("m10000,4"), "10111213");
	ck_assert_str_eq(asks("m10001,1"), "11");
	ck_assert_str_eq(asks("M10000,3:202122"), "OK");
	space_read(program.space, &byte, guest_at(CODE + 1), 1);
	ck_assert_uint_eq(byte, gdb_break_code[0]);
	ck_assert_str_eq(asks("m10000,4"), "20212213");
	ck_assert_str_eq(asks("z0,10001,1"), "OK");
	space_read(program.space, &byte, guest_at(CODE + 1), 1);
	ck_assert_uint_eq(byte, 0x21);
	ck_assert_str_eq(asks("z0,10001,1"), "OK");
	ck_assert_str_eq(asks("Z0,0,1"), "E0e");
	ck_assert_str_eq(asks("Z1,10001,1"), "");
}
END_TEST

/* A breakpoint does not come back from memory that is another's by now. */
START_TEST(commands_leave_new_memory_alone)
{
	const struct guest_range range = { guest_at(CODE), guest_at(CODE + VM_PAGE) };

	ck_assert_str_eq(asks("Z0,10001,1"), "OK");
	space_make(program.space, range, GUEST_READ, false);
	ck_assert_str_eq(asks("m10000,4"), "00000000");
	ck_assert_str_eq(asks("z0,10001,1"), "OK");
	ck_assert_str_eq(asks("m10000,4"), "00000000");
}
END_TEST

START_TEST(commands_reach_memory_that_is_there)
{
	static char command[GDB_PACKET_MAX + 1];
	size_t at;

	ck_assert_str_eq(asks("m11ffe,8"), "0000");
	ck_assert_str_eq(asks("m12000,1"), "E0e");
	ck_assert_str_eq(asks("m0,1"), "E0e");
	ck_assert_str_eq(asks("m10000,0"), "E0e");
	ck_assert_str_eq(asks("mffffffffffffffff,ffffffffffffffff"), "E0e");
	ck_assert_str_eq(asks("M11ffe,3:010203"), "E0e");
	ck_assert_str_eq(asks("m11ffe,2"), "0000");
	ck_assert_str_eq(asks("M11ffe,3:0102"), "E16");
	ck_assert_str_eq(asks("X11ffe,2:a}"), "OK");
	ck_assert_str_eq(asks("m11ffe,2"), "617d");
	ck_assert_str_eq(asks("X11ffe,3:ab"), "E16");
	ck_assert_str_eq(asks("X11ffe,0:"), "OK");
	at = (size_t)sprintf(command, "M11000,7f0:");
	memset(command + at, '5', 2 * 0x7f0);
	ck_assert_str_eq(asks(command), "OK");
	ck_assert_uint_eq(strlen(asks("m10000,ffffff")), 4 * VM_PAGE);
}
END_TEST

START_TEST(commands_watch_what_changes)
{
	guest_addr at;

	ck_assert_str_eq(asks("Z2,11000,4"), "OK");
	ck_assert_str_eq(asks("Z2,12000,4"), "E0e");
	ck_assert_str_eq(asks("Z2,11000,1000"), "E0e");
	gdb_watches_begin(&target.watches, target.space);
	ck_assert(!gdb_watches_changed(&target.watches, target.space, &at));
	space_fill(program.space, guest_at(CODE + VM_PAGE + 4), "x", 1);
	ck_assert(!gdb_watches_changed(&target.watches, target.space, &at));
	space_fill(program.space, guest_at(CODE + VM_PAGE + 3), "x", 1);
	ck_assert(gdb_watches_changed(&target.watches, target.space, &at));
	ck_assert_uint_eq(at.v, CODE + VM_PAGE);
	ck_assert_str_eq(asks("z2,11000,4"), "OK");
	ck_assert(!gdb_watches_changed(&target.watches, target.space, &at));
}
END_TEST

START_TEST(commands_read_files_and_no_others)
{
	const char *text;
	char command[128];

	ck_assert_str_eq(asks("vFile:setfs:0"), "F0");
	ck_assert_str_eq(asks("vFile:pread:0,10,0"), "F-1,9");
	ck_assert_str_eq(asks("vFile:open:2f6e6f6e65737563682f,0,0"), "F-1,2");
	ck_assert_str_eq(asks("vFile:open:2f746d70,1,0"), "F-1,d");
	ck_assert_str_eq(asks("vFile:open:2f746d7"), "F-1,16");
	strcpy(command, "vFile:open:");
	for (const char *c = numbered("/proc/%d/maps"); *c; c++)
		sprintf(command + strlen(command), "%02x", (unsigned int)*c);
	strcat(command, ",0,0");
	ck_assert_str_eq(asks(command), "F0");
	text = asks("vFile:pread:0,1000,0");
	ck_assert_ptr_nonnull(strstr(text, ";00010000-00011000 "));
	ck_assert_ptr_nonnull(strstr(text, "\n00011000-00012000 rw-p"));
	ck_assert_str_eq(asks("vFile:pread:0,1000,1000"), "F0;");
	ck_assert_mem_eq(asks("vFile:fstat:0"), "F40;", 4);
	for (int i = 1; i < GDB_FILES; i++)
		ck_assert_str_ne(asks(command), "F-1,18");
	ck_assert_str_eq(asks(command), "F-1,18");
	ck_assert_str_eq(asks("vFile:close:0"), "F0");
	ck_assert_str_eq(asks("vFile:close:0"), "F-1,9");
	gdb_files_close_all(&target.files);
	ck_assert_str_eq(asks("vFile:pread:1,10,0"), "F-1,9");
}
END_TEST

START_TEST(commands_let_go_or_are_wrong)
{
	static const char *const wrong[] = { "vCont;",	      "vCont;x", "vCont;C", "vCont;c:",
					     "vCont;c;s:p1.", "c10",	 "C5" };
	static const char *const right[] = {
		"c", "s", "C05", "vCont;c", "vCont;s:p1.-1;c", "vCont"
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		ck_assert_int_eq(
			gdb_command(&session, (const uint8_t *)wrong[i], strlen(wrong[i]), &answer),
			GDB_ANSWER);
		ck_assert_str_eq(sent(), "E16");
	}
	for (size_t i = 0; i < COUNT(right); i++)
		ck_assert_int_eq(
			gdb_command(&session, (const uint8_t *)right[i], strlen(right[i]), &answer),
			GDB_RESUME);
	ck_assert_int_eq(gdb_command(&session, (const uint8_t *)"D;1", 3, &answer), GDB_DETACH);
	ck_assert_int_eq(gdb_command(&session, (const uint8_t *)"vKill;1", 7, &answer), GDB_KILL);
	gdb_tell_end(&session, 7, 0, &answer);
	ck_assert_str_eq(sent(), "W07");
	gdb_tell_end(&session, 0, SIGBUS, &answer);
	ck_assert_str_eq(sent(), "X0a");
}
END_TEST

/* -------------------------------------------------------------------------
 * Numbers.
 */
START_TEST(signals_come_back)
{
	ck_assert_int_eq(gdb_signal_out(0), 0);
	ck_assert_int_eq(gdb_signal_in(0), 0);
	for (int i = 1; i <= 64; i++)
		if (i != SIGSTKFLT)	/* GDB has none for it */
			ck_assert_int_eq(gdb_signal_in(gdb_signal_out(i)), i);
	ck_assert_int_eq(gdb_signal_out(SIGSEGV), 11);
	ck_assert_int_eq(gdb_signal_out(SIGUSR1), 30);
	ck_assert_int_eq(gdb_signal_in(200), 0);
}
END_TEST

/* As GDB numbers them; what is before is general. */
#if defined __x86_64__
enum { PC = 16 };
#else
enum { PC = 32 };
#endif

START_TEST(registers_are_set_and_described)
{
	struct vm_registers *registers = gdb_registers_create();
	size_t size, bits = 0, described = 0;
	const char *xml = gdb_registers_description(&size), *at = xml;
	uint8_t value[GDB_REGISTER_MAX], is[GDB_REGISTER_MAX];
	guest_addr break_at;

	ck_assert_uint_eq(strlen(xml), size);
	for (; (at = strstr(at, "bitsize=\"")); described++)
		bits += strtoul(at += strlen("bitsize=\""), NULL, 10);
	ck_assert_uint_eq(described, gdb_registers());
	for (unsigned int i = 0; i < gdb_registers(); i++) {
		bits -= 8 * gdb_register_size(i);
		memset(value, (int)i + 1, sizeof value);
		gdb_register_set(registers, i, value);
	}
	ck_assert_uint_eq(bits, 0);
	ck_assert_uint_eq(gdb_register_size(gdb_registers()), 0);
	for (unsigned int i = 0; i <= PC; i++) {
		memset(value, (int)i + 1, sizeof value);
		gdb_register_get(registers, i, is);
		ck_assert_mem_eq(is, value, gdb_register_size(i));
	}
	break_at = gdb_break_at(registers);
	gdb_break_rewind(registers);
	gdb_register_get(registers, PC, is);
	ck_assert_mem_eq(is, &break_at, sizeof break_at);
	free(registers);
}
END_TEST

/* ------------------------------------------------------------------------- */
static void add(Suite *suite, const char *name, SFun before, const TTest *const *tests,
		size_t count)
{
	TCase *tcase = tcase_create(name);

	if (before)
		tcase_add_checked_fixture(tcase, before, tear_down);
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
	const TTest *const packets[] = {
		packet_is_taken_with_its_sum, packet_keeps_bytes_that_mean_something_elsewhere,
		packet_has_an_end, packet_text_is_taken_or_stays,
		packet_answer_is_escaped_and_never_too_long, packet_pieces_make_a_whole,
		signals_come_back, registers_are_set_and_described,
	};
	const TTest *const commands[] = {
		commands_are_answered, commands_know_no_breakpoint_in_memory,
		commands_leave_new_memory_alone, commands_reach_memory_that_is_there,
		commands_watch_what_changes, commands_read_files_and_no_others,
		commands_let_go_or_are_wrong,
	};
	Suite *suite = suite_create("gdb");
	SRunner *runner;
	int failed;

	add(suite, "startup", NULL, startup, COUNT(startup));
	add(suite, "stats", set_up, stats, COUNT(stats));
	add(suite, "packets", NULL, packets, COUNT(packets));
	add(suite, "commands", set_up_target, commands, COUNT(commands));
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
