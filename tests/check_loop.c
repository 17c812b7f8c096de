/* SPDX-License-Identifier: BSD-2-Clause */
/* The runner's loop, calls and address space on a machine that plays a script. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fds.h"
#include "loop.h"
#include "runner-fake.h"
#include "tests/runner-suites.h"

#define CALL(...) { .exit = { .why = VM_CALL }, __VA_ARGS__ }
#define DATA 0x10000ull		/* two pages to write to, one to read */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct process program;
static struct thread thread;

static void set_up(void)
{
	fake_process_begin(&program, &thread);
	program.path = "/program";
	ck_assert_int_eq(space_make(program.space,
				    (struct guest_range){ guest_at(DATA), guest_at(DATA + 2 * VM_PAGE) },
				    GUEST_READ | GUEST_WRITE, false), 0);
	ck_assert_int_eq(space_make(program.space,
				    (struct guest_range){ guest_at(DATA + 2 * VM_PAGE),
							  guest_at(DATA + 3 * VM_PAGE) },
				    GUEST_READ, false), 0);
}

static void tear_down(void)
{
	fake_process_end(&program, &thread);
}

static struct loop_end play(struct fake_step *step, unsigned int steps)
{
	struct loop_end end;

	fake_play(step, steps);
	loop_run(&thread, &end);
	return end;
}

START_TEST(test_exit)
{
	struct fake_step step[] = {
		CALL(.number = SYS_getpid),
		CALL(.number = SYS_exit_group, .argument = { 0x107 }),
		CALL(.number = SYS_getpid),
	};
	struct loop_end end = play(step, COUNT(step));

	ck_assert_int_eq(program.status, 7);
	ck_assert_int_eq(end.signal, 0);
	ck_assert(!end.failed);
	ck_assert_int_eq(fake_runs(), 2);
	ck_assert_int_eq(step[0].result, getpid());
	ck_assert_int_eq(program.counts.call[SYS_getpid], 1);
}
END_TEST

START_TEST(test_fault)
{
	struct fake_step step[] = {
		{ .exit = { .why = VM_FAULT, .fault = { .signal = SIGBUS } } },
		CALL(.number = SYS_getpid),
	};
	struct loop_end end = play(step, COUNT(step));

	ck_assert_int_eq(end.signal, SIGBUS);
	ck_assert_int_eq(fake_runs(), 1);
}
END_TEST

START_TEST(test_off)
{
	struct loop_end end = play(NULL, 0);

	ck_assert(end.failed);
	ck_assert_str_eq(end.text, "the script is at its end");
}
END_TEST

START_TEST(test_interrupted)
{
	struct fake_step step[] = {
		{ .exit = { .why = VM_INTERRUPTED } },
		CALL(.number = SYS_exit),
	};
	struct loop_end end;

	vcpu_kick(thread.vcpu);
	end = play(step, COUNT(step));
	ck_assert(!end.failed);
	ck_assert_int_eq(fake_runs(), 2);
}
END_TEST

START_TEST(test_missing)
{
	struct fake_step step[] = {
		CALL(.number = 500),
		CALL(.number = UINT64_MAX),
		CALL(.number = CALLS_MAX),
	};

	play(step, COUNT(step));
	for (size_t i = 0; i < COUNT(step); i++)
		ck_assert_int_eq((int64_t)step[i].result, -ENOSYS);
	ck_assert_int_eq(program.counts.call[CALLS_MAX - 1], 2);
}
END_TEST

/* What a read of 8 bytes is where 3 may be written: some kernels' copying stops before the end. */
static int64_t cut_read(int fd)
{
	uint8_t *pages = mmap(NULL, 2 * VM_PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int64_t result;

	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages + VM_PAGE, VM_PAGE, PROT_NONE), 0);
	result = read(fd, pages + VM_PAGE - 3, 8);
	result = result < 0 ? -errno : result;
	munmap(pages, 2 * VM_PAGE);
	return result;
}

/* Through the crossing: what may be used, in one piece, in two, in part, not at all. */
START_TEST(test_memory)
{
	int zero = open("/dev/zero", O_RDONLY), file = memfd_create("file", 0);
	uint64_t out = (uint64_t)file, in = (uint64_t)zero;
	char bytes[8];

	struct fake_step step[] = {
		CALL(.number = SYS_read, .argument = { in, DATA, 8 }),
		CALL(.number = SYS_read, .argument = { in, DATA + VM_PAGE - 4, 8 }),
		CALL(.number = SYS_read, .argument = { in, DATA + 2 * VM_PAGE - 3, 8 }),
		CALL(.number = SYS_read, .argument = { in, DATA + 2 * VM_PAGE, 8 }),
		CALL(.number = SYS_read, .argument = { in, 0x7000000, 8 }),
		CALL(.number = SYS_read, .argument = { in, 0x7000000, 0 }),
		CALL(.number = SYS_read, .argument = { in, UINT64_MAX, 8 }),
		CALL(.number = SYS_write, .argument = { out, DATA + 3 * VM_PAGE - 2, 8 }),
		CALL(.number = SYS_write, .argument = { out, DATA + 2 * VM_PAGE - 2, UINT64_MAX }),
		CALL(.number = SYS_openat, .argument = { (uint64_t)AT_FDCWD, 0x7000000 }),
		CALL(.number = SYS_openat, .argument = { (uint64_t)AT_FDCWD, 0 }),
		CALL(.number = SYS_uname, .argument = { DATA + 2 * VM_PAGE - 100 }),
	};
	const int64_t want[] = { 8, 8, cut_read(zero), -EFAULT, -EFAULT, 0, -EFAULT, 2, -EFAULT,
				 -EFAULT, -EFAULT, -EFAULT };

	memset(bytes, 'x', sizeof bytes);
	space_write(program.space, guest_at(DATA + VM_PAGE - 4), bytes, sizeof bytes);
	play(step, COUNT(step));
	for (size_t i = 0; i < COUNT(step); i++)
		ck_assert_msg((int64_t)step[i].result == want[i], "step %zu: %lld", i,
			      (long long)step[i].result);
	space_read(program.space, bytes, guest_at(DATA + VM_PAGE - 4), sizeof bytes);
	ck_assert_mem_eq(bytes, "\0\0\0\0\0\0\0\0", 8);
	close(zero);
	close(file);
}
END_TEST

/* The runner's own descriptor is none, and a vector that ends too early is a short count. */
START_TEST(test_descriptors)
{
	int hidden = fds_hide(open("/dev/zero", O_RDONLY)), zero = open("/dev/zero", O_RDONLY);
	struct iovec vector[] = { { (void *)DATA, 8 }, { (void *)(DATA + 2 * VM_PAGE - 8), 16 },
				  { (void *)DATA, 8 } };
	struct fake_step step[] = {
		CALL(.number = SYS_read, .argument = { (uint64_t)hidden, DATA, 8 }),
		CALL(.number = SYS_close, .argument = { (uint64_t)hidden }),
		CALL(.number = SYS_close, .argument = { (uint64_t)hidden | 1ull << 40 }),
		CALL(.number = SYS_dup3, .argument = { 0, (uint64_t)hidden }),
		CALL(.number = SYS_ioctl, .argument = { (uint64_t)hidden, 0xae80 }),
		CALL(.number = SYS_readv, .argument = { (uint64_t)zero, DATA + 100, 3 }),
	};
	const int64_t want[] = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, 16 };

	space_write(program.space, guest_at(DATA + 100), vector, sizeof vector);
	play(step, COUNT(step));
	for (size_t i = 0; i < COUNT(step); i++)
		ck_assert_msg((int64_t)step[i].result == want[i], "step %zu: %lld", i,
			      (long long)step[i].result);
	ck_assert_int_eq(close(hidden), 0);
	close(zero);
}
END_TEST

/*
 * A handler ends a wait, and says what its result is. It is not called: this machine's
 * registers are not to be had, and what has no stack ends by SIGSEGV.
 */
static struct fake_step wait_for_alarm(int flags)
{
	struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	struct kernel_sigaction action = { .handler = 0x400000, .flags = SA_RESTORER | flags };
	struct fake_step step = CALL(.number = SYS_read);
	struct loop_end end;
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(signals_act(&thread, SIGALRM, &action, NULL), 0);
	step.argument[0] = (uint64_t)fd[0];
	step.argument[1] = DATA;
	step.argument[2] = 1;
	step.result = 1;
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	end = play(&step, 1);
	ck_assert_int_eq(end.signal, SIGSEGV);
	close(fd[0]);
	close(fd[1]);
	return step;
}

START_TEST(test_wait_ends)
{
	struct fake_step step = wait_for_alarm(0);

	ck_assert_int_eq((int64_t)step.result, -EINTR);
	ck_assert_int_eq(step.repeated, 0);
}
END_TEST

START_TEST(test_wait_restarts)
{
	struct fake_step step = wait_for_alarm(SA_RESTART);

	ck_assert_int_eq(step.result, 1);
	ck_assert_int_eq(step.repeated, 1);
}
END_TEST

/* What comes before the call is made, whatever its handler says, is no interruption of it. */
START_TEST(test_wait_not_made)
{
	const struct kernel_sigaction action = { .handler = 0x400000, .flags = SA_RESTORER };
	struct fake_step step = CALL(.number = SYS_read);
	struct loop_end end;
	char byte = 0;
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(write(fd[1], "x", 1), 1);
	signals_be(&thread);
	ck_assert_int_eq(signals_act(&thread, SIGUSR1, &action, NULL), 0);
	raise(SIGUSR1);
	step.argument[0] = (uint64_t)fd[0];
	step.argument[1] = DATA;
	step.argument[2] = 1;
	end = play(&step, 1);
	ck_assert_int_eq(end.signal, SIGSEGV);
	ck_assert_int_eq(step.repeated, 1);
	ck_assert_int_eq(read(fd[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* What is pending and blocked is seen; what is ignored is not, and is not there later. */
START_TEST(test_pending)
{
	const uint64_t both = signals_bit(SIGCHLD) | signals_bit(SIGUSR1), kill = signals_bit(SIGKILL);
	const struct kernel_sigaction none = { 0 };
	struct kernel_sigaction old;

	signals_be(&thread);
	raise(SIGCHLD);
	signals_set_blocked(&thread, both | kill);
	ck_assert_uint_eq(thread.blocked, both);
	ck_assert_uint_eq(signals_pending(&thread), 0);
	raise(SIGUSR1);
	ck_assert_uint_eq(signals_pending(&thread), signals_bit(SIGUSR1));
	signals_take(&thread);
	ck_assert_uint_eq(signals_pending(&thread), signals_bit(SIGUSR1));
	ck_assert_int_eq(signals_act(&thread, SIGNALS_KICK, NULL, &old), -EINVAL);
	ck_assert_int_eq(signals_act(&thread, SIGNALS_MAX + 1, NULL, &old), -EINVAL);
	ck_assert_int_eq(signals_act(&thread, SIGKILL, NULL, &old), 0);
	ck_assert_int_eq(signals_act(&thread, SIGKILL, &none, NULL), -EINVAL);
}
END_TEST

/* Who has used up all descriptors can still fork: the child closes its parent's machine first. */
START_TEST(test_descriptors_used_up)
{
	struct rlimit limit;
	int hidden, again;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	hidden = fds_hide(open("/dev/zero", O_RDONLY));
	ck_assert_int_ge(hidden, 0);
	while (dup(hidden) >= 0)
		;
	ck_assert_int_eq(errno, EMFILE);
	ck_assert_int_eq(fds_hide(open("/dev/zero", O_RDONLY)), -1);
	fds_close(hidden);
	again = fds_hide(open("/dev/zero", O_RDONLY));
	ck_assert_int_eq(again, hidden);
	ck_assert(fds_hidden((uint64_t)again));
	ck_assert_int_eq(fcntl(again, F_GETFD), FD_CLOEXEC);
}
END_TEST

#ifdef SYS_arch_prctl
#include <asm/prctl.h>

START_TEST(test_thread_pointer)
{
	struct fake_step step[] = {
		CALL(.number = SYS_arch_prctl, .argument = { ARCH_SET_FS, 0x1234 }),
		CALL(.number = SYS_arch_prctl, .argument = { ARCH_GET_FS, DATA }),
		CALL(.number = SYS_arch_prctl, .argument = { ARCH_SET_FS, 1ull << 63 }),
	};
	uint64_t base;

	play(step, COUNT(step));
	ck_assert_int_eq(step[0].result, 0);
	ck_assert_int_eq(space_read(program.space, &base, guest_at(DATA), sizeof base), 0);
	ck_assert_int_eq(base, 0x1234);
	ck_assert_int_eq((int64_t)step[2].result, -EPERM);
}
END_TEST
#endif

/*
 * The page tables say what the address space says, whatever was done before; what is
 * mapped twice has two pages; and all of it comes back.
 */
static void compare(void)
{
	static uint64_t seen[65536];
	struct space_area area;
	size_t pages = 0;

	for (size_t i = 0; space_area(program.space, i, &area); i++) {
		if (!area.prot)
			continue;
		for (uint64_t at = area.range.start.v; at < area.range.end.v; at += VM_PAGE) {
			unsigned int prot;

			ck_assert(fake_page(guest_at(at), &seen[pages], &prot));
			ck_assert_int_eq(prot, area.prot);
			for (size_t j = 0; j < pages; j++)
				ck_assert_int_ne(seen[j], seen[pages]);
			pages++;
		}
	}
	ck_assert_int_eq(fake_pages(), pages);
}

START_TEST(test_any_order)
{
	const uint64_t base = 0x100000, pages = 32;
	const int protection[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
	unsigned int random = 1;

	for (int i = 0; i < 3000; i++) {
		uint64_t at, size;
		int prot;

		random = random * 1103515245 + 12345;
		at = base + (random >> 8) % pages * VM_PAGE;
		size = (1 + (random >> 16) % 8) * VM_PAGE;
		prot = protection[random >> 20 & 3];
		if ((random >> 24) % 3 == 0)
			space_munmap(program.space, guest_at(at), size);
		else if ((random >> 24) % 3 == 1)
			space_mprotect(program.space, guest_at(at), size, prot);
		else
			ck_assert_int_eq(space_mmap(program.space, guest_at(at), size, prot,
						    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
					 (int64_t)at);
		compare();
	}
	ck_assert_int_eq(space_munmap(program.space, guest_at(base), (pages + 8) * VM_PAGE), 0);
	compare();
	ck_assert_int_eq(fake_pages(), 3);
}
END_TEST

START_TEST(test_sealed)
{
	const guest_addr at = guest_at(0x200000);
	size_t follow;

	space_make(program.space, (struct guest_range){ at, guest_at(at.v + VM_PAGE) },
		   GUEST_READ | GUEST_EXEC, true);
	ck_assert_int_eq(space_munmap(program.space, at, VM_PAGE), -EPERM);
	ck_assert_int_eq(space_munmap(program.space, guest_at(at.v - VM_PAGE), 3 * VM_PAGE), -EPERM);
	ck_assert_int_eq(space_mprotect(program.space, at, 1, PROT_READ), -EPERM);
	ck_assert_int_eq(space_mmap(program.space, at, 1, PROT_READ,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), -EPERM);
	ck_assert_ptr_nonnull(space_at(program.space, at, GUEST_READ, &follow));
	ck_assert_ptr_null(space_at(program.space, at, GUEST_WRITE, &follow));
}
END_TEST

/* The clock that this program's own code reads, in place of the C library's. */
static _Atomic long host_behind;	/* s */

int clock_gettime(clockid_t id, struct timespec *time)
{
	int failed = (int)syscall(SYS_clock_gettime, id, time);

	time->tv_sec -= host_behind;
	return failed;
}

static int64_t nsec_of(const struct timespec *time)
{
	return time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
}

/*
 * Who makes the call although there is a page gets what the page says: one timeline. The host's
 * clock goes back here, which the page's never does.
 */
START_TEST(test_clock_is_the_pages)
{
	const long back = 100;
	struct fake_step step[] = {
		CALL(.number = SYS_clock_gettime, .argument = { CLOCK_MONOTONIC, DATA }),
	};
	struct timespec before, after;
	struct timespec *told;
	struct runner_error error;
	guest_addr image;
	size_t follow;

	ck_assert_int_eq(clock_create(&program.clock, program.vm, program.space, 0, &image, &error), 0);
	if (!clock_read(program.clock, CLOCK_MONOTONIC, &before))
		return;	/* the host has no counter for a page */
	host_behind = back;
	ck_assert(clock_read(program.clock, CLOCK_MONOTONIC, &before));
	play(step, COUNT(step));
	ck_assert(clock_read(program.clock, CLOCK_MONOTONIC, &after));
	host_behind = 0;	/* the library check measures by it */
	clock_lock(program.clock);	/* what publishes stays: it writes no more */
	ck_assert_int_eq((int64_t)step[0].result, 0);
	told = space_at(program.space, guest_at(DATA), GUEST_READ, &follow);
	ck_assert_ptr_nonnull(told);
	ck_assert_int_ge(nsec_of(told), nsec_of(&before));
	ck_assert_int_le(nsec_of(told), nsec_of(&after));
}
END_TEST

/*
 * A child has its own page and its own publisher (X13): though the copy was made in the middle of a
 * publication, readers there do not wait for its end, which never comes.
 */
static bool child_reads(const struct clock_view *view)
{
	struct vdsogen_clock *block = (struct vdsogen_clock *)view->block;
	struct timespec time;
	struct runner_error error;

	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		block->line[i].seq |= 1;
	block->generation |= 1;
	if (clock_read(program.clock, CLOCK_MONOTONIC, &time) ||
	    clock_after_fork(program.clock, program.vm, &error))
		return false;
	for (int tries = 0; tries < 1000; tries++) {
		if (clock_read(program.clock, CLOCK_MONOTONIC, &time))
			return true;
		usleep(10000);
	}
	return false;
}

/* A machine that could not be given its parent's counter: what the page says is of no use there. */
static bool child_asks(const struct clock_view *view)
{
	struct runner_error error;
	struct clock_view own;
	struct vdsogen_time now;

	fake_has_counter = false;
	return !clock_after_fork(program.clock, program.vm, &error) &&
	       !clock_view(program.clock, &own) &&
	       vdsogen_clock_read(view->block, VDSOGEN_MONOTONIC, view->counter, &now);
}

static bool (*const in_child[])(const struct clock_view *view) = { child_reads, child_asks };

START_TEST(test_clock_of_a_child)
{
	struct runner_error error;
	struct clock_view view;
	guest_addr image;
	pid_t child;
	int status;

	ck_assert_int_eq(clock_create(&program.clock, program.vm, program.space, 0, &image, &error), 0);
	if (!clock_view(program.clock, &view))
		return;	/* the host has no counter for a page */
	clock_lock(program.clock);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(!in_child[_i](&view));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_exit, test_fault, test_off, test_interrupted, test_missing, test_memory,
		test_descriptors, test_descriptors_used_up, test_wait_ends, test_wait_restarts,
		test_wait_not_made, test_pending,
#ifdef SYS_arch_prctl
		test_thread_pointer,
#endif
		test_any_order, test_sealed, test_clock_is_the_pages,
	};
	Suite *suite = suite_create("loop");
	TCase *tcase = tcase_create("loop");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < COUNT(tests); i++)
		tcase_add_test(tcase, tests[i]);
	tcase_add_loop_test(tcase, test_clock_of_a_child, 0, COUNT(in_child));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_add_suite(runner, passage_suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
