/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: who gets one, what is done about it, what the host makes of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "deliver.h"
#include "linux-errno.h"
#include "suites.h"
#include "tests/macos/guest.h"
#include "wait.h"

#define BIT(number) (1ull << ((number) - 1))

static struct thread *first;

static void act(int number, uint64_t handler, uint64_t flags)
{
	const struct kernel_sigaction action = { .handler = handler, .flags = flags };

	ck_assert_int_eq(signals_act(first, number, &action, NULL), 0);
}

#define HANDLER 0x1000ull

static void set_up(void)
{
	first = guest_begin();
	act(LINUX_SIGUSR1, HANDLER, 0);
	act(LINUX_SIGUSR2, HANDLER, LINUX_SA_RESTART);
}

static int send_process(int number)
{
	const struct linux_siginfo info = { .signo = number };
	int failed;

	pthread_mutex_lock(&guest_process.lock);
	failed = deliver_to_process(&guest_process, &info);
	pthread_mutex_unlock(&guest_process.lock);
	return failed;
}

START_TEST(who_does_not_block_it_is_told)
{
	struct thread *second = guest_thread();	/* and is looked at first */

	signals_set_blocked(second, BIT(LINUX_SIGUSR1));
	send_process(LINUX_SIGUSR1);
	ck_assert_uint_eq(guest_kicks(second), 0);
	ck_assert_uint_eq(guest_kicks(first), 1);
	ck_assert(guest_lane(first));
	ck_assert(deliver_wanted(first));
	ck_assert(!deliver_wanted(second));
	/* who was told blocks it: the next one is told */
	signals_set_blocked(second, 0);
	signals_set_blocked(first, BIT(LINUX_SIGUSR1));
	ck_assert_uint_eq(guest_kicks(second), 1);
	/* or it ends */
	signals_set_blocked(first, 0);
	guest_thread_end(second);
	ck_assert_uint_eq(guest_kicks(first), 2);
	signals_take(first);
	ck_assert_int_eq(guest_result(first)->signal, LINUX_SIGUSR1);
	ck_assert(!guest_lane(first));
}
END_TEST

START_TEST(a_thread_has_its_own)
{
	struct thread *second = guest_thread();
	const struct linux_siginfo info = { .signo = LINUX_SIGUSR1 };

	pthread_mutex_lock(&guest_process.lock);
	deliver_to_thread(second, &info);
	pthread_mutex_unlock(&guest_process.lock);
	ck_assert(!deliver_wanted(first));
	signals_take(first);
	ck_assert_uint_eq(guest_result(first)->frames, 0);
	signals_take(second);
	ck_assert_uint_eq(guest_result(second)->frames, 1);
}
END_TEST

START_TEST(blocked_ones_wait)
{
	signals_set_blocked(first, BIT(LINUX_SIGUSR1) | BIT(LINUX_SIGKILL));
	ck_assert_uint_eq(first->blocked, BIT(LINUX_SIGUSR1));
	send_process(LINUX_SIGUSR1);
	ck_assert_uint_eq(guest_kicks(first), 0);
	signals_take(first);
	ck_assert_uint_eq(guest_result(first)->frames, 0);
	ck_assert_uint_eq(signals_pending(first), BIT(LINUX_SIGUSR1));
	signals_set_blocked(first, 0);
	signals_after_call(first, 0);
	ck_assert_uint_eq(guest_result(first)->frames, 1);
	ck_assert_uint_eq(signals_pending(first), 0);
}
END_TEST

START_TEST(handlers_block_what_they_ask)
{
	struct kernel_sigaction action = { .handler = HANDLER,
					   .mask = { BIT(LINUX_SIGUSR2) | BIT(LINUX_SIGSTOP) } };

	signals_act(first, LINUX_SIGUSR1, &action, NULL);
	send_process(LINUX_SIGUSR1);
	send_process(LINUX_SIGUSR2);
	signals_take(first);
	ck_assert_uint_eq(guest_result(first)->frames, 1);
	ck_assert_uint_eq(guest_result(first)->blocked, 0);
	ck_assert_uint_eq(first->blocked, BIT(LINUX_SIGUSR1) | BIT(LINUX_SIGUSR2));
	signals_act(first, LINUX_SIGUSR1, NULL, &action);
	ck_assert_uint_eq(action.mask.bits, BIT(LINUX_SIGUSR2));
}
END_TEST

START_TEST(flags_of_actions_count)
{
	struct kernel_sigaction action;

	act(LINUX_SIGUSR1, HANDLER, LINUX_SA_NODEFER | LINUX_SA_RESETHAND | 0x400);
	send_process(LINUX_SIGUSR1);
	signals_take(first);
	ck_assert_uint_eq(first->blocked, 0);
	signals_act(first, LINUX_SIGUSR1, NULL, &action);
	ck_assert_uint_eq(action.handler, LINUX_SIG_DFL);
	ck_assert_uint_eq(action.flags, LINUX_SA_NODEFER | LINUX_SA_RESETHAND);
	ck_assert_int_eq(signals_act(first, LINUX_SIGKILL, &action, NULL), -EINVAL);
	ck_assert_int_eq(signals_act(first, LINUX_SIGKILL, NULL, &action), 0);
	ck_assert_int_eq(signals_act(first, 0, NULL, &action), -EINVAL);
	ck_assert_int_eq(signals_act(first, LINUX_SIGRTMAX + 1, NULL, &action), -EINVAL);
}
END_TEST

START_TEST(ignored_ones_are_gone)
{
	send_process(LINUX_SIGCHLD);
	send_process(LINUX_SIGWINCH);
	ck_assert_uint_eq(atomic_load(&guest_process.host->pending.set), 0);
	/* not those that are blocked: a handler may come */
	signals_set_blocked(first, BIT(LINUX_SIGCHLD));
	send_process(LINUX_SIGCHLD);
	ck_assert_uint_eq(signals_pending(first), BIT(LINUX_SIGCHLD));
	act(LINUX_SIGCHLD, LINUX_SIG_IGN, 0);
	ck_assert_uint_eq(signals_pending(first), 0);
	signals_set_blocked(first, BIT(LINUX_SIGUSR1));
	send_process(LINUX_SIGUSR1);
	act(LINUX_SIGUSR1, LINUX_SIG_DFL, 0);
	ck_assert_uint_eq(signals_pending(first), BIT(LINUX_SIGUSR1));
}
END_TEST

START_TEST(stops_and_goings_on_undo_each_other)
{
	signals_set_blocked(first, UINT64_MAX);
	send_process(LINUX_SIGTSTP);
	send_process(LINUX_SIGTTIN);
	send_process(LINUX_SIGCONT);
	ck_assert_uint_eq(signals_pending(first), BIT(LINUX_SIGCONT));
	send_process(LINUX_SIGTTOU);
	ck_assert_uint_eq(signals_pending(first), BIT(LINUX_SIGTTOU));
}
END_TEST

START_TEST(default_is_the_end)
{
	send_process(LINUX_SIGRTMIN + 3);
	signals_take(first);
	ck_assert_int_eq(first->signal.killed_by, LINUX_SIGRTMIN + 3);
}
END_TEST

/* -------------------------------------------------------------------------
 * Calls that a signal ended.
 */
static const struct {
	int64_t result;
	int signal;	/* 0: it had none after all */
	bool once, again;
} interrupted[] = {
	{ CALLS_INTERRUPTED, LINUX_SIGUSR1, false, false },
	{ CALLS_INTERRUPTED, LINUX_SIGUSR2, false, true },
	{ CALLS_INTERRUPTED, LINUX_SIGUSR2, true, false },
	{ CALLS_INTERRUPTED, 0, false, true },
	{ CALLS_INTERRUPTED, 0, true, true },
	{ CALLS_AGAIN, LINUX_SIGUSR1, false, true },
	{ CALLS_AGAIN, LINUX_SIGUSR1, true, true },
};

START_TEST(calls_end_or_begin_again)
{
	const struct guest_result *result = guest_result(first);

	thread_begin_call(first);
	if (interrupted[_i].once)
		wait_once(first, interrupted[_i].result);
	if (interrupted[_i].signal)
		send_process(interrupted[_i].signal);
	signals_after_call(first, interrupted[_i].result);
	ck_assert_uint_eq(result->frames, interrupted[_i].signal ? 1 : 0);
	ck_assert_uint_eq(result->repeats, interrupted[_i].again);
	if (!interrupted[_i].again)
		ck_assert_int_eq((int64_t)result->result, -LINUX_EINTR);
	ck_assert(first->host->repeats == !interrupted[_i].signal);
}
END_TEST

/* rt_sigsuspend(): the frame gives back what was blocked before. */
START_TEST(lent_masks_come_back)
{
	signals_set_blocked(first, BIT(LINUX_SIGUSR1));
	send_process(LINUX_SIGUSR1);
	thread_begin_call(first);
	signals_lend_blocked(first, 0);
	ck_assert(deliver_wanted(first));
	signals_after_call(first, wait_once(first, CALLS_INTERRUPTED));
	ck_assert_uint_eq(guest_result(first)->blocked, BIT(LINUX_SIGUSR1));
	ck_assert_int_eq((int64_t)guest_result(first)->result, -LINUX_EINTR);
	ck_assert(!first->signal.lent);
}
END_TEST

START_TEST(awaited_ones_are_for_who_awaits)
{
	struct thread *second = guest_thread();
	struct linux_siginfo info;

	signals_set_blocked(first, BIT(LINUX_SIGUSR1));
	signals_set_blocked(second, BIT(LINUX_SIGUSR1));
	deliver_await(first, BIT(LINUX_SIGUSR1));
	send_process(LINUX_SIGUSR1);
	ck_assert_uint_eq(guest_kicks(first), 1);
	ck_assert_uint_eq(guest_kicks(second), 0);
	ck_assert(deliver_take(first, BIT(LINUX_SIGUSR1), &info));
	ck_assert_int_eq(info.signo, LINUX_SIGUSR1);
}
END_TEST

/* -------------------------------------------------------------------------
 * The lane of attention: one thread sends, the other clears it and looks, as runs do. What is
 * there at the end has its lane, or was taken.
 */
enum { LAPS = 20000 };

static void *send_many(void *unused)
{
	(void)unused;
	signals_block_all();
	for (int i = 0; i < LAPS; i++)
		while (send_process(LINUX_SIGRTMIN))
			sched_yield();	/* too many wait */
	return NULL;
}

START_TEST(lanes_are_not_lost)
{
	const struct guest_result *result = guest_result(first);
	pthread_t thread;

	act(LINUX_SIGRTMIN, HANDLER, LINUX_SA_NODEFER);
	pthread_create(&thread, NULL, send_many, NULL);
	while (result->frames < LAPS)
		if (guest_lane(first))
			signals_take(first);
		else
			sched_yield();
	pthread_join(thread, NULL);
}
END_TEST

static void send_usr1(void)
{
	send_process(LINUX_SIGUSR1);
}

/* A signal whose lane is about to be cleared is one that is seen, or the lane is there. */
START_TEST(lanes_are_cleared_before_the_look)
{
	guest_before_clear = send_usr1;
	signals_take(first);
	ck_assert_uint_eq(guest_result(first)->frames, 1);
	guest_before_clear = send_usr1;
	signals_set_blocked(first, 0);
	signals_after_call(first, CALLS_INTERRUPTED);
	ck_assert_uint_eq(guest_result(first)->frames, 2);
}
END_TEST

/* -------------------------------------------------------------------------
 * The host's.
 */
static void wait_for_pending(uint64_t set)
{
	while ((atomic_load(&guest_process.host->pending.set) & set) != set)
		sched_yield();
}

static const struct {
	int host, guest;
} sent[] = { { SIGUSR1, LINUX_SIGUSR1 }, { SIGPIPE, LINUX_SIGPIPE } };

START_TEST(the_host_sends_here)
{
	struct linux_siginfo info;
	pid_t child;

	act(sent[_i].guest, HANDLER, 0);
	child = fork();
	if (!child)
		_exit(kill(getppid(), sent[_i].host));
	wait_for_pending(BIT(sent[_i].guest));
	ck_assert(deliver_take(first, BIT(sent[_i].guest), &info));
	ck_assert_int_eq(info.signo, sent[_i].guest);
	ck_assert_int_eq(info.code, LINUX_SI_USER);
	ck_assert_int_eq(info.pid, child);
	ck_assert_uint_eq(info.uid, getuid());
}
END_TEST

/* Who writes is told by what the call returns, here; io.c tells the program. */
START_TEST(a_broken_pipe_is_no_signal)
{
	int ends[2];

	act(LINUX_SIGPIPE, HANDLER, 0);
	act(LINUX_SIGTERM, HANDLER, 0);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	ck_assert_int_eq(write(ends[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	/* as if it were the process's, which some hosts make of it */
	kill(getpid(), SIGPIPE);
	kill(getpid(), SIGTERM);	/* comes behind it */
	wait_for_pending(BIT(LINUX_SIGTERM));
	ck_assert(!(atomic_load(&guest_process.host->pending.set) & BIT(LINUX_SIGPIPE)));
}
END_TEST

START_TEST(children_are_told)
{
	struct linux_siginfo info;
	pid_t child;
	int status;

	act(LINUX_SIGCHLD, HANDLER, 0);
	child = fork();
	if (!child)
		_exit(7);
	wait_for_pending(BIT(LINUX_SIGCHLD));
	ck_assert(deliver_take(first, UINT64_MAX, &info));
	ck_assert_int_eq(info.code, LINUX_CLD_EXITED);
	ck_assert_int_eq(info.child.status, 7);
	ck_assert_int_eq(info.pid, child);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	/* nobody waits for those that nobody wants */
	act(LINUX_SIGCHLD, LINUX_SIG_IGN, 0);
	child = fork();
	if (!child)
		_exit(7);
	ck_assert_int_eq(waitpid(child, &status, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

static const struct {
	int guest;
	bool exits;
	int told;
} deaths[] = {
	{ LINUX_SIGTERM, false, SIGTERM },
	{ LINUX_SIGSEGV, false, SIGSEGV },
	{ LINUX_SIGUSR2, false, SIGUSR2 },
	{ LINUX_SIGPIPE, false, SIGPIPE },
	{ LINUX_SIGABRT, false, SIGABRT },
	{ LINUX_SIGPWR, true, 128 + LINUX_SIGPWR },
	{ LINUX_SIGRTMIN, true, 128 + LINUX_SIGRTMIN },
};

START_TEST(parents_see_the_signal)
{
	const pid_t child = fork();
	int status;

	if (!child) {
		deliver_forked(&guest_process);
		deliver_die(deaths[_i].guest);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) == deaths[_i].exits);
	ck_assert_int_eq(deaths[_i].exits ? WEXITSTATUS(status) : WTERMSIG(status),
			 deaths[_i].told);
}
END_TEST

/* Stopped by the signal itself, goes on, and has its handler again. */
START_TEST(stopped_processes_go_on)
{
	const pid_t child = fork();
	int status;

	if (!child) {
		struct linux_siginfo info;

		setpgid(0, 0);
		deliver_forked(&guest_process);
		act(LINUX_SIGTSTP, LINUX_SIG_DFL, 0);
		send_process(LINUX_SIGTSTP);
		signals_take(first);
		act(LINUX_SIGTSTP, HANDLER, 0);
		kill(getpid(), SIGTSTP);
		wait_for_pending(BIT(LINUX_SIGTSTP));
		_exit(deliver_take(first, UINT64_MAX, &info) ? 5 : 6);
	}
	ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(WSTOPSIG(status), SIGTSTP);
	kill(child, SIGCONT);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

/* A process that reads a terminal that another has the use of. */
static int64_t read_terminal(void *terminal)
{
	char byte;

	return read(*(int *)terminal, &byte, 1) < 0 ? -errno : 0;
}

static int be_in_background(int terminal, uint64_t blocked)
{
	struct linux_siginfo info = { 0 };
	int64_t result;

	setpgid(0, 0);
	deliver_forked(&guest_process);
	signals_be(first);
	act(LINUX_SIGTTIN, HANDLER, 0);
	signals_set_blocked(first, blocked);
	result = wait_call(first, read_terminal, &terminal);
	deliver_noted(first);
	deliver_take(first, UINT64_MAX, &info);
	if (result == -EIO)
		return EIO;
	return result == CALLS_INTERRUPTED ? info.signo : 1;
}

static int have_terminal(uint64_t blocked)
{
	const int master = posix_openpt(O_RDWR | O_NOCTTY);
	int terminal, status;
	pid_t child;

	if (master < 0 || grantpt(master) || unlockpt(master) || setsid() < 0)
		return 2;
	terminal = open(ptsname(master), O_RDWR);
	child = fork();
	if (!child)
		_exit(be_in_background(terminal, blocked));
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static const struct {
	uint64_t blocked;
	int told;
} terminals[] = { { 0, LINUX_SIGTTIN }, { BIT(LINUX_SIGTTIN), EIO } };

START_TEST(terminals_send)
{
	const pid_t child = fork();
	int status;

	if (!child)
		_exit(have_terminal(terminals[_i].blocked));
	waitpid(child, &status, 0);
	ck_assert_int_eq(WEXITSTATUS(status), terminals[_i].told);
}
END_TEST

Suite *sending_suite(void)
{
	Suite *suite = suite_create("signals");
	TCase *tc = tcase_create("signals");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, who_does_not_block_it_is_told);
	tcase_add_test(tc, a_thread_has_its_own);
	tcase_add_test(tc, blocked_ones_wait);
	tcase_add_test(tc, handlers_block_what_they_ask);
	tcase_add_test(tc, flags_of_actions_count);
	tcase_add_test(tc, ignored_ones_are_gone);
	tcase_add_test(tc, stops_and_goings_on_undo_each_other);
	tcase_add_test(tc, default_is_the_end);
	tcase_add_loop_test(tc, calls_end_or_begin_again, 0, COUNT(interrupted));
	tcase_add_test(tc, lent_masks_come_back);
	tcase_add_test(tc, awaited_ones_are_for_who_awaits);
	tcase_add_test(tc, lanes_are_not_lost);
	tcase_add_test(tc, lanes_are_cleared_before_the_look);
	tcase_add_loop_test(tc, the_host_sends_here, 0, COUNT(sent));
	tcase_add_test(tc, a_broken_pipe_is_no_signal);
	tcase_add_test(tc, children_are_told);
	tcase_add_loop_test(tc, parents_see_the_signal, 0, COUNT(deaths));
	tcase_add_test(tc, stopped_processes_go_on);
	tcase_add_loop_test(tc, terminals_send, 0, COUNT(terminals));
	suite_add_tcase(suite, tc);
	return suite;
}
