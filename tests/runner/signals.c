/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals as a program knows them: each scenario prints what it does on Linux. Without an
 * argument: the names of scenarios. Those with "end" end by a signal, or with a status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { PAGE = 4096, MILLISECOND = 1000000 };
enum { SOON = 100 * MILLISECOND };	/* a program waits by then, on a busy machine, too */

static int times = 10000;	/* the second argument */
static volatile sig_atomic_t count;
static volatile siginfo_t last;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	count = count + 1;
	last = *info;
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	sigaction(number, &action, NULL);
}

static void block(int how, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(how, &set, NULL);
}

static const char *result(long value)
{
	static char text[32];

	if (value < 0)
		return strerror(errno);
	snprintf(text, sizeof text, "%ld", value);
	return text;
}

static void tick(long nanoseconds)
{
	const long us = nanoseconds / 1000;
	const struct itimerval timer = { .it_value = { us / 1000000, us % 1000000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * A signal after a millisecond, and again when that has been handled and the program has gone on:
 * on a slow machine, one each millisecond would leave it no time.
 */
static int ticked;

static void begin_ticks(void)
{
	count = ticked = 0;
	tick(MILLISECOND);
}

static void go_on_ticking(void)
{
	if (count == ticked)
		return;
	ticked = count;
	tick(MILLISECOND);
}

#if defined __x86_64__
#include "signals-x86_64.h"
#elif defined __aarch64__
#include "signals-aarch64.h"
#endif

/* -------------------------------------------------------------------------
 * What comes with a signal.
 */
static void show_last(const char *what)
{
	printf("%s: %d, code %d, from me %d, user %d, value %d\n", what, last.si_signo,
	       last.si_code, last.si_pid == getpid(), last.si_uid == getuid(),
	       last.si_code == SI_QUEUE ? last.si_value.sival_int : 0);
}

/* C libraries keep two for themselves. */
static void each(void)
{
	uint64_t action[4];

	handle(SIGUSR1, note, 0);
	syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, 8);
	for (int number = 1; number < 64; number++) {
		if (syscall(SYS_rt_sigaction, number, action, NULL, 8)) {
			printf("%d has no handler\n", number);
			continue;
		}
		last.si_signo = 0;
		kill(getpid(), number);
		if (last.si_signo != number)
			printf("%d did not come\n", number);
	}
}

static void info(void)
{
	siginfo_t own;

	handle(SIGUSR1, note, 0);
	kill(getpid(), SIGUSR1);
	show_last("kill");
	raise(SIGUSR1);
	show_last("raise");
	syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
	show_last("tkill");
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 42 });
	show_last("sigqueue");
	memset(&own, 0, sizeof own);
	own.si_signo = SIGUSR1;
	own.si_code = -77;
	own.si_value.sival_int = 43;
	printf("%s\n", result(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGUSR1,
				      &own)));
	printf("own: code %d, value %d\n", last.si_code, last.si_value.sival_int);
	printf("none: %s\n", result(kill(getpid(), 0)));
	printf("65: %s\n", result(kill(getpid(), 65)));
}

/* -------------------------------------------------------------------------
 * Actions.
 */
static void actions(void)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESETHAND },
			 old;

	sigfillset(&action.sa_mask);
	printf("0: %s\n", result(sigaction(0, &action, NULL)));
	printf("65: %s\n", result(sigaction(65, &action, NULL)));
	printf("kill: %s\n", result(sigaction(SIGKILL, &action, NULL)));
	printf("stop: %s\n", result(sigaction(SIGSTOP, &action, NULL)));
	printf("kill, old: %s\n", result(sigaction(SIGKILL, NULL, &old)));
	printf("bad address: %s\n", result(syscall(SYS_rt_sigaction, SIGUSR1, 8, NULL, 8)));
	printf("bad size: %s\n", result(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16)));
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR1, NULL, &old);
	printf("old: %d, flags %#x, kill %d, term %d\n", old.sa_sigaction == note,
	       (unsigned int)old.sa_flags & ~0x04000000u, sigismember(&old.sa_mask, SIGKILL),
	       sigismember(&old.sa_mask, SIGTERM));
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	printf("reset: %d\n", old.sa_handler == SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	block(SIG_BLOCK, SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);	/* forgets it */
	signal(SIGUSR1, SIG_DFL);
	block(SIG_UNBLOCK, SIGUSR1);
	puts("alive");
}

static void masks(void)
{
	sigset_t set;
	uint64_t word = ~0ull, old;

	printf("how: %s\n", result(syscall(SYS_rt_sigprocmask, 7, &word, NULL, 8)));
	printf("how, no set: %s\n", result(syscall(SYS_rt_sigprocmask, 7, NULL, &old, 8)));
	printf("size: %s\n", result(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &word, NULL, 4)));
	printf("address: %s\n", result(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8)));
	printf("address: %s\n", result(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, 8)));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &word, &old, 8);
	printf("before %#llx\n", (unsigned long long)old);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, &word, 8);
	printf("all %#llx\n", (unsigned long long)word);
	printf("pending, size: %s\n", result(syscall(SYS_rt_sigpending, &word, 16)));
	printf("pending, half: %s\n", result(syscall(SYS_rt_sigpending, &word, 4)));
	/* what is ignored is not there when somebody looks for it */
	raise(SIGCHLD);
	raise(SIGWINCH);
	block(SIG_BLOCK, SIGCHLD);
	block(SIG_BLOCK, SIGWINCH);
	raise(SIGWINCH);
	sigpending(&set);
	printf("SIGCHLD %d, SIGWINCH %d\n", sigismember(&set, SIGCHLD),
	       sigismember(&set, SIGWINCH));
	handle(SIGWINCH, note, 0);
	handle(SIGCHLD, note, 0);
	count = 0;
	block(SIG_UNBLOCK, SIGCHLD);
	block(SIG_UNBLOCK, SIGWINCH);
	printf("came %d\n", count);
	signal(SIGURG, SIG_DFL);
	raise(SIGURG);
	handle(SIGURG, note, 0);
	for (int i = 0; i < 10; i++)
		getppid();
	printf("came %d\n", count);
}

/* -------------------------------------------------------------------------
 * One in another.
 */
static volatile int depth;

static void nest(int number, siginfo_t *info, void *context)
{
	sigset_t now;
	int inner = number == SIGUSR1 ? SIGUSR2 : SIGRTMIN;

	(void)info;
	sigprocmask(SIG_SETMASK, NULL, &now);
	printf("%*s%d begins, blocked %d %d, was %d\n", 2 * depth, "", number,
	       sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2),
	       sigismember(&((ucontext_t *)context)->uc_sigmask, SIGUSR1));
	if (depth++ < 3)
		raise(inner);
	depth--;
	printf("%*s%d ends\n", 2 * depth, "", number);
}

static void nested(void)
{
	handle(SIGUSR1, nest, 0);
	handle(SIGUSR2, nest, SA_NODEFER);
	handle(SIGRTMIN, nest, SA_NODEFER);
	raise(SIGUSR1);
}

static void order(int number, siginfo_t *info, void *context)
{
	(void)context;
	printf("%d, value %d\n", number, info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}

static void several(void)
{
	const int numbers[] = { SIGUSR2, SIGUSR1, SIGTERM };
	sigset_t all, old;

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		handle(numbers[i], order, 0);
	handle(SIGRTMIN, order, 0);
	handle(SIGRTMIN + 1, order, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	for (int i = 0; i < 3; i++) {
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i });
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 10 + i });
		raise(numbers[i]);
		raise(numbers[i]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	puts("all");
}

/* -------------------------------------------------------------------------
 * Without a system call; a call that waits.
 */
static void loop(void)
{
	handle(SIGALRM, note, 0);
	begin_ticks();
	while (count < 20)
		go_on_ticking();
	tick(0);
	puts("ticked");
}

static volatile int pipe_end;

static void feed(int number, siginfo_t *info, void *context)
{
	const int kept = errno;

	note(number, info, context);
	if (write(pipe_end, "x", 1) != 1)
		puts("no write");
	errno = kept;
}

static void waiting(const char *name, int flags)
{
	struct timespec second = { 5, 0 }, rest = { 0 };
	struct pollfd one;
	fd_set set;
	char byte;
	int fd[2];

	if (pipe(fd))
		return;
	pipe_end = fd[1];
	handle(SIGALRM, feed, flags);
	puts(name);
	tick(SOON);
	printf("read: %s\n", result(read(fd[0], &byte, 1)));
	if (!flags)
		printf("again: %s\n", result(read(fd[0], &byte, 1)));
	tick(SOON);
	printf("nanosleep: %s\n", result(nanosleep(&second, &rest)));
	printf("rest: %d\n", rest.tv_sec == 4);
	printf("read: %s\n", result(read(fd[0], &byte, 1)));
	one = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	tick(SOON);
	printf("poll: %s\n", result(poll(&one, 1, 5000)));
	printf("poll: %s\n", result(poll(&one, 1, 5000)));
	printf("read: %s\n", result(read(fd[0], &byte, 1)));
	FD_ZERO(&set);
	FD_SET(fd[0], &set);
	tick(SOON);
	printf("select: %s\n",
	       result(select(fd[0] + 1, &set, NULL, NULL, &(struct timeval){ 5, 0 })));
	printf("select: %s\n",
	       result(select(fd[0] + 1, &set, NULL, NULL, &(struct timeval){ 5, 0 })));
	printf("read: %s\n", result(read(fd[0], &byte, 1)));
	tick(SOON);
	printf("pause: %s\n", result(pause()));
	close(fd[0]);
	close(fd[1]);
}

static void restart(void)
{
	waiting("no flag", 0);
	waiting("SA_RESTART", SA_RESTART);
}

/* While the parent waits in read() two come at once, and then a byte. */
static void stop_and_send(int begins, int to)
{
	const struct timespec some = { 0, 50 * MILLISECOND };
	const pid_t parent = getppid();
	char byte;

	if (read(begins, &byte, 1) != 1)
		_exit(1);
	nanosleep(&some, NULL);
	kill(parent, SIGSTOP);
	nanosleep(&some, NULL);	/* a stop is not at once */
	kill(parent, SIGUSR1);
	kill(parent, SIGUSR2);
	kill(parent, SIGCONT);
	nanosleep(&some, NULL);
	_exit(write(to, "x", 1) != 1);
}

static void say_number(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	printf("%d\n", number);
}

static void of_two(const char *name, int flags1, int flags2)
{
	int fd[2], begins[2];
	char byte = 0;
	pid_t child;

	if (pipe(fd) || pipe(begins))
		return;
	handle(SIGUSR1, say_number, flags1);
	handle(SIGUSR2, say_number, flags2);
	puts(name);
	fflush(stdout);
	child = fork();
	if (child == 0)
		stop_and_send(begins[0], fd[1]);
	if (write(begins[1], &byte, 1) != 1)
		return;
	printf("read: %s\n", result(read(fd[0], &byte, 1)));
	if (!(flags1 & SA_RESTART))
		printf("again: %s\n", result(read(fd[0], &byte, 1)));
	waitpid(child, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(fd[i]);
		close(begins[i]);
	}
}

/* The one that is taken first says whether the call is made again. */
static void two_flags(void)
{
	of_two("neither", 0, 0);
	of_two("the second", 0, SA_RESTART);
	of_two("the first", SA_RESTART, 0);
}

/* linux/futex.h, which not all C libraries have. */
enum { LOCK_PI = 6, UNLOCK_PI = 7, OWNER = 0x3fffffff };

/* The lock is its until it has slept. */
static void own_lock(uint32_t *word, int told)
{
	*word = (uint32_t)getpid();
	if (write(told, "x", 1) == 1)
		nanosleep(&(struct timespec){ 0, 200 * MILLISECOND }, NULL);
	_exit(syscall(SYS_futex, word, UNLOCK_PI, 0, NULL, NULL, 0) != 0);
}

/* Linux makes some calls again, whatever a handler says: this is ERESTARTNOINTR. */
static void lock(void)
{
	uint32_t *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	char byte;
	int fd[2];

	if (pipe(fd))
		return;
	handle(SIGALRM, note, 0);
	child = fork();
	if (child == 0)
		own_lock(word, fd[1]);
	printf("its: %s\n", result(read(fd[0], &byte, 1)));
	tick(20 * MILLISECOND);
	printf("lock: %s\n", result(syscall(SYS_futex, word, LOCK_PI, 0, NULL, NULL, 0)));
	printf("came %d, mine %d\n", count, (*word & OWNER) == (uint32_t)getpid());
	waitpid(child, NULL, 0);
}

/* What is ignored, or stops and goes on, ends no wait. */
static void ignored(void)
{
	struct timespec some = { 0, 60 * MILLISECOND };

	signal(SIGALRM, SIG_IGN);
	tick(20 * MILLISECOND);
	printf("nanosleep: %s\n", result(nanosleep(&some, NULL)));
}

/* What is there already is read, whatever signal comes. */
static void ready(void)
{
	int fd[2], wrong = 0;
	char byte = 0;

	if (pipe(fd))
		return;
	handle(SIGALRM, note, 0);
	begin_ticks();
	for (int i = 0; i < 2000 || count < 20; i++) {
		go_on_ticking();
		wrong += write(fd[1], &byte, 1) != 1 || read(fd[0], &byte, 1) != 1;
	}
	tick(0);
	printf("wrong %d\n", wrong);
}

/* -------------------------------------------------------------------------
 * Masks for the time of a call.
 */
static void look(int number, siginfo_t *info, void *context)
{
	sigset_t now;

	(void)info;
	count = count + 1;
	sigprocmask(SIG_SETMASK, NULL, &now);
	printf("%d: blocked %d %d, was %d %d\n", number, sigismember(&now, SIGUSR1),
	       sigismember(&now, SIGUSR2),
	       sigismember(&((ucontext_t *)context)->uc_sigmask, SIGUSR1),
	       sigismember(&((ucontext_t *)context)->uc_sigmask, SIGUSR2));
}

static void show_mask(void)
{
	sigset_t now;

	sigprocmask(SIG_SETMASK, NULL, &now);
	printf("after: blocked %d %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
}

static void calls_with_masks(void)
{
	struct timespec second = { 5, 0 }, none = { 0, 0 };
	struct epoll_event event;
	int epoll = epoll_create1(0);
	sigset_t empty, two;

	sigemptyset(&empty);
	sigemptyset(&two);
	sigaddset(&two, SIGUSR2);
	handle(SIGUSR1, look, 0);
	handle(SIGUSR2, look, SA_RESTART);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	printf("sigsuspend: %s\n", result(sigsuspend(&empty)));
	show_mask();
	raise(SIGUSR1);
	printf("ppoll: %s\n", result(ppoll(NULL, 0, &second, &two)));
	show_mask();
	raise(SIGUSR1);
	printf("ppoll, nothing: %s\n", result(ppoll(NULL, 0, &none, NULL)));
	printf("pselect: %s\n", result(pselect(0, NULL, NULL, NULL, &second, &empty)));
	raise(SIGUSR1);
	printf("epoll_pwait: %s\n", result(epoll_pwait(epoll, &event, 1, 5000, &empty)));
	block(SIG_BLOCK, SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR2);
	printf("both: %s\n", result(sigsuspend(&empty)));
	show_mask();
	printf("size: %s\n", result(syscall(SYS_rt_sigsuspend, &empty, 4)));
	printf("address: %s\n", result(syscall(SYS_rt_sigsuspend, NULL, 8)));
	printf("ppoll, size: %s\n", result(syscall(SYS_ppoll, NULL, 0, &none, &empty, 4)));
	close(epoll);
}

/* A signal that is there already, and one that comes at any time: none is waited for in vain. */
static void suspend(void)
{
	sigset_t empty;
	int wrong = 0;

	sigemptyset(&empty);
	handle(SIGUSR1, note, 0);
	handle(SIGALRM, note, 0);
	block(SIG_BLOCK, SIGUSR1);
	block(SIG_BLOCK, SIGALRM);
	count = 0;
	for (int i = 0; i < times; i++) {
		raise(SIGUSR1);
		wrong += sigsuspend(&empty) != -1 || errno != EINTR || count != i + 1;
	}
	printf("%d, wrong %d\n", count, wrong);
	count = 0;
	for (int i = 0; i < 1000; i++) {
		tick(i % 100 * 1000 + 1000);
		wrong += sigsuspend(&empty) != -1 || errno != EINTR || count != i + 1;
	}
	printf("%d, wrong %d\n", count, wrong);
}

static void wait_info(void)
{
	struct timespec none = { 0, 0 }, some = { 0, 200 * MILLISECOND }, longer = { 5, 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	handle(SIGALRM, note, SA_RESTART);
	raise(SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("none: %s\n", result(sigtimedwait(&set, &info, &none)));
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 7 });
	printf("one: %s\n", result(sigwaitinfo(&set, &info)));
	printf("value %d\n", info.si_value.sival_int);
	raise(SIGCHLD);
	printf("ignored: %s\n", result(sigtimedwait(&set, &info, &some)));
	tick(SOON);
	printf("another: %s\n", result(sigtimedwait(&set, &info, &longer)));
	handle(SIGUSR1, note, 0);
	raise(SIGUSR1);
	printf("with a handler: %s\n", result(sigtimedwait(&set, NULL, &none)));
}

static void descriptor(void)
{
	struct signalfd_siginfo info;
	struct pollfd one;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	printf("none: %s\n", result(read(fd, &info, sizeof info)));
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 8 });
	printf("one: %s\n", result(read(fd, &info, sizeof info)));
	printf("%u, value %d\n", info.ssi_signo, info.ssi_int);
	tick(20 * MILLISECOND);
	one = (struct pollfd){ .fd = fd, .events = POLLIN };
	printf("poll: %s\n", result(poll(&one, 1, 5000)));
	printf("alarm: %s\n", result(read(fd, &info, sizeof info)));
	printf("%u\n", info.ssi_signo);
	close(fd);
}

/* -------------------------------------------------------------------------
 * Timers.
 */
static void timers(void)
{
	struct itimerspec soon = { .it_value = { 0, 5 * MILLISECOND } }, left;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2,
				  .sigev_value = { .sival_int = 99 } };
	struct itimerval now;
	timer_t timer;

	handle(SIGRTMIN + 2, note, 0);
	handle(SIGALRM, note, 0);
	count = 0;
	printf("create: %s\n", result(timer_create(CLOCK_MONOTONIC, &event, &timer)));
	timer_settime(timer, 0, &soon, NULL);
	while (count < 1)	/* not pause(): it may have come before that */
		nanosleep(&(struct timespec){ 0, 20 * MILLISECOND }, NULL);
	printf("%d, code %d, value %d\n", last.si_signo, last.si_code, last.si_value.sival_int);
	printf("overrun: %s\n", result(timer_getoverrun(timer)));
	timer_gettime(timer, &left);
	printf("left %d\n", left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0);
	printf("delete: %s\n", result(timer_delete(timer)));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	printf("of a thread: %s\n", result(timer_create(CLOCK_REALTIME, &event, &timer)));
	timer_settime(timer, 0, &soon, NULL);
	while (count < 2)
		;
	timer_delete(timer);
	event.sigev_notify = SIGEV_NONE;
	printf("of nobody: %s\n", result(timer_create(CLOCK_MONOTONIC, &event, &timer)));
	timer_delete(timer);
	printf("alarm: %s\n", result(alarm(100)));
	getitimer(ITIMER_REAL, &now);
	printf("%d\n", now.it_value.tv_sec >= 98 && now.it_value.tv_sec <= 100);
	printf("alarm: %s\n", result(alarm(0)));
	printf("%d\n", count);
}

/* Two at the same time, in a call that waits: none gets lost. */
static void together(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL };
	struct itimerspec when = { .it_value = { 0, 0 } };
	timer_t timer[2];
	int lost = 0;

	for (int i = 0; i < 2; i++) {
		event.sigev_signo = SIGRTMIN + i;
		handle(event.sigev_signo, note, 0);
		timer_create(CLOCK_MONOTONIC, &event, &timer[i]);
	}
	for (int round = 0; round < 200; round++) {
		count = 0;
		clock_gettime(CLOCK_MONOTONIC, &when.it_value);
		when.it_value.tv_nsec += 2 * MILLISECOND;
		if (when.it_value.tv_nsec >= 1000 * MILLISECOND) {
			when.it_value.tv_nsec -= 1000 * MILLISECOND;
			when.it_value.tv_sec++;
		}
		for (int i = 0; i < 2; i++)
			timer_settime(timer[i], TIMER_ABSTIME, &when, NULL);
		for (int tries = 0; count < 2 && tries < 100; tries++)
			nanosleep(&(struct timespec){ 0, 20 * MILLISECOND }, NULL);
		lost += count != 2;
	}
	printf("lost %d\n", lost);
}

/* Calls and clock readings, with signals between them and in them. */
static void ticks(void)
{
	struct timespec before = { 0 }, now;
	const pid_t me = getpid();
	int wrong = 0;

	handle(SIGALRM, note, SA_RESTART);
	begin_ticks();
	for (int i = 0; i < 5000 || count < 100; i++) {
		go_on_ticking();
		wrong += syscall(SYS_getpid) != me;
		wrong += clock_gettime(CLOCK_MONOTONIC, &now) != 0 || now.tv_sec < before.tv_sec ||
			 (now.tv_sec == before.tv_sec && now.tv_nsec < before.tv_nsec);
		before = now;
		wrong += syscall(SYS_close, -1) != -1 || errno != EBADF;
	}
	tick(0);
	printf("wrong %d\n", wrong);
}

static void many(void)
{
	handle(SIGUSR1, note, 0);
	count = 0;
	for (int i = 0; i < times; i++)
		raise(SIGUSR1);
	printf("%d\n", count);
}

/* -------------------------------------------------------------------------
 * The alternate stack.
 */
static sigjmp_buf back;
static char *stack;
enum { STACK = 64 * 1024 };

static void out_of_stack(int number, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	printf("%d, code %d, on it %d\n", number, info->si_code,
	       &here >= stack && &here < stack + STACK);
	siglongjmp(back, 1);
}

static int deeper(int n)
{
	volatile char page[PAGE];

	page[0] = (char)n;
	return n < 0 ? 0 : deeper(n + 1) + page[0];
}

static void show_stack(const char *what)
{
	stack_t now;

	sigaltstack(NULL, &now);
	printf("%s: %d, flags %#x, size %zu\n", what, now.ss_sp == stack,
	       (unsigned int)now.ss_flags, now.ss_size);
}

static void on_stack(int number, siginfo_t *info, void *context)
{
	const stack_t *told = &((ucontext_t *)context)->uc_stack;
	stack_t other = { .ss_sp = stack, .ss_size = STACK, .ss_flags = told->ss_flags };
	char here;

	(void)info;
	printf("%d: on it %d, told %d %#x %zu\n", number, &here >= stack && &here < stack + STACK,
	       told->ss_sp == stack, (unsigned int)told->ss_flags, told->ss_size);
	show_stack("in");
	printf("change: %s\n", result(sigaltstack(&other, NULL)));
	if (number == SIGUSR1)
		raise(SIGUSR2);
}

static void alternate(void)
{
	stack_t new = { .ss_size = STACK };

	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	new.ss_sp = stack;
	show_stack("first");
	new.ss_size = 2047;
	printf("small: %s\n", result(sigaltstack(&new, NULL)));
	new.ss_size = STACK;
	new.ss_flags = 8;
	printf("flags: %s\n", result(sigaltstack(&new, NULL)));
	printf("address: %s\n", result(syscall(SYS_sigaltstack, 8, NULL)));
	new.ss_flags = 0;
	printf("set: %s\n", result(sigaltstack(&new, NULL)));
	show_stack("set");
	handle(SIGUSR1, on_stack, SA_ONSTACK);
	handle(SIGUSR2, on_stack, SA_ONSTACK);
	raise(SIGUSR1);
	handle(SIGUSR1, on_stack, 0);
	raise(SIGUSR1);
	new.ss_flags = (int)SS_AUTODISARM;
	sigaltstack(&new, NULL);
	show_stack("disarms");
	handle(SIGUSR2, on_stack, SA_ONSTACK);
	raise(SIGUSR2);
	show_stack("after");
	new.ss_flags = 0;
	sigaltstack(&new, NULL);
	handle(SIGSEGV, out_of_stack, SA_ONSTACK);
	for (int i = 0; i < 2; i++)
		if (!sigsetjmp(back, 1))
			printf("%d\n", deeper(0));
	new.ss_flags = SS_DISABLE;
	sigaltstack(&new, NULL);
	show_stack("off");
}

/* A frame goes where the stack has not been yet, and makes it grow. */
static int grow(int n)
{
	volatile char room[1500];

	room[0] = 1;
	raise(SIGUSR1);
	return n ? grow(n - 1) + room[0] : 0;
}

static void growth(void)
{
	handle(SIGUSR1, note, 0);
	count = 0;
	printf("%d", grow(500));
	printf(" %d\n", count);
}

/* -------------------------------------------------------------------------
 * Faults.
 */
static char *page;

static void mend(int number, siginfo_t *info, void *context)
{
	printf("%d, code %d, there %d", number, info->si_code, info->si_addr == page + 5);
	show_fault(context, page + 5);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

static void faults(void)
{
	page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	handle(SIGSEGV, mend, 0);
	page[5] += page[6] + 1;	/* it is there already, and may not be written to */
	printf("%d\n", page[5]);
	mprotect(page, PAGE, PROT_NONE);
	page[5]++;
	printf("%d\n", page[5]);
	handle(SIGFPE, step_over, 0);
	handle(SIGILL, step_over, 0);
	handle(SIGTRAP, step_over, 0);
	handle(SIGSEGV, step_over, 0);
	instructions();
}

/* -------------------------------------------------------------------------
 * Registers.
 */
/* In a loop without a call: registers at any instruction. */
static void registers(void)
{
	long wrong = 0;

	handle(SIGALRM, spoil, 0);
	begin_ticks();
	while (count < 50) {
		go_on_ticking();
		long a = 0, b = 0;

		count_to_1000(&a, &b);
		wrong += a != 1000 || b != 1000;
	}
	tick(0);
	printf("wrong %ld\n", wrong);
}

static void frames(void)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&none, NULL);	/* what was there before is told, too */
	handle(SIGUSR1, frame_of, 0);
	block(SIG_BLOCK, SIGHUP);
	raise(SIGUSR1);
}

static void error(int number, siginfo_t *info, void *context)
{
	const int kept = errno;

	note(number, info, context);
	close(-1);
	errno = kept;
}

static void errors(void)
{
	handle(SIGUSR1, error, 0);
	errno = ENOTTY;
	raise(SIGUSR1);
	printf("%s\n", strerror(errno));
	printf("%s\n", result(syscall(SYS_restart_syscall)));
}

/* -------------------------------------------------------------------------
 * Ends.
 */
static void end_default(void)
{
	raise(SIGUSR1);
	puts("alive");
}

static void end_blocked_fault(void)
{
	handle(SIGSEGV, note, 0);
	block(SIG_BLOCK, SIGSEGV);
	*(volatile char *)8 = 1;
	puts("alive");
}

static void end_ignored_fault(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)8 = 1;
	puts("alive");
}

static void end_fault_in_handler(void)
{
	handle(SIGSEGV, (void (*)(int, siginfo_t *, void *))(uintptr_t)8, 0);
	*(volatile char *)8 = 1;
	puts("alive");
}

/* No stack for a handler, also not for that of SIGSEGV. */
static void end_no_stack(void)
{
	handle(SIGUSR1, note, 0);
	handle(SIGSEGV, note, 0);
	without_stack(SYS_kill, getpid(), SIGUSR1);
}

static void tell_end(int number)
{
	const char text[] = "no stack for the other\n";

	_exit(number == SIGSEGV && write(1, text, sizeof text - 1) > 0 ? 9 : 10);
}

/* But this one has a stack. */
static void end_other_stack(void)
{
	stack_t new = { .ss_sp = malloc(STACK), .ss_size = STACK };
	struct sigaction action = { .sa_handler = tell_end, .sa_flags = SA_ONSTACK };

	sigaltstack(&new, NULL);
	handle(SIGUSR1, note, 0);
	sigaction(SIGSEGV, &action, NULL);
	without_stack(SYS_kill, getpid(), SIGUSR1);
}

/* The same when a call has lent its mask: the frame keeps the thread's own. */
static void tell_mask(int number, siginfo_t *info, void *context)
{
	const sigset_t *kept = &((ucontext_t *)context)->uc_sigmask;

	(void)info;
	_exit(number == SIGSEGV && sigismember(kept, SIGUSR1) ? 9 : 10);
}

static void end_other_stack_lent(void)
{
	stack_t new = { .ss_sp = malloc(STACK), .ss_size = STACK };
	static const uint64_t empty;

	sigaltstack(&new, NULL);
	handle(SIGUSR1, note, 0);
	handle(SIGSEGV, tell_mask, SA_ONSTACK);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	without_stack(SYS_rt_sigsuspend, (long)(uintptr_t)&empty, sizeof empty);
}

/* An alternate stack that is not large enough. */
static void end_small_stack(void)
{
	stack_t new = { .ss_sp = malloc(STACK), .ss_size = 2048 };

	sigaltstack(&new, NULL);
	handle(SIGUSR1, note, SA_ONSTACK);
	raise(SIGUSR1);
	printf("%d\n", count);
}

static void end_bad_frame(void)
{
	without_stack(SYS_rt_sigreturn, 0, 0);
}

static void end_bad_vectors(void)
{
	handle(SIGUSR1, spoil_vectors, 0);
	raise(SIGUSR1);
	puts("alive");
}

static void end_bad_address(void)
{
	handle(SIGUSR1, spoil_address, 0);
	raise(SIGUSR1);
	puts("alive");
}

static void end_bad_state(void)
{
	handle(SIGUSR1, spoil_state, 0);
	raise(SIGUSR1);
	puts("alive");
}

static void end_bad_records(void)
{
	handle(SIGUSR1, spoil_records, 0);
	raise(SIGUSR1);
	puts("alive");
}

static void end_no_restorer(void)
{
	const struct {
		void (*handler)(int, siginfo_t *, void *);
		unsigned long flags, restorer, mask;
	} action = { note, SA_SIGINFO, 0, 0 };

	syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
	raise(SIGUSR1);
	puts("alive");
}

/* Until somebody else ends it; for signals from outside. */
static void serve(int number, siginfo_t *info, void *context)
{
	(void)context;
	printf("%d, code %d\n", number, info->si_code);
	if (number == SIGTERM)
		_exit(fflush(stdout) ? 1 : 4);
}

static void end_from_outside(void)
{
	handle(SIGUSR1, serve, SA_RESTART);
	handle(SIGCONT, serve, SA_RESTART);
	handle(SIGTERM, serve, SA_RESTART);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	for (;;)
		pause();
}

#define SCENARIO(name) { #name, name }
static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	SCENARIO(each),
	SCENARIO(info),
	SCENARIO(actions),
	SCENARIO(masks),
	SCENARIO(nested),
	SCENARIO(several),
	SCENARIO(loop),
	SCENARIO(restart),
	SCENARIO(two_flags),
	SCENARIO(lock),
	SCENARIO(ignored),
	SCENARIO(ready),
	SCENARIO(calls_with_masks),
	SCENARIO(suspend),
	SCENARIO(wait_info),
	SCENARIO(descriptor),
	SCENARIO(timers),
	SCENARIO(together),
	SCENARIO(ticks),
	SCENARIO(alternate),
	SCENARIO(growth),
	SCENARIO(faults),
	SCENARIO(vectors),
	SCENARIO(registers),
	SCENARIO(frames),
	SCENARIO(forgotten),
	SCENARIO(errors),
	SCENARIO(many),
	SCENARIO(end_default),
	SCENARIO(end_blocked_fault),
	SCENARIO(end_ignored_fault),
	SCENARIO(end_fault_in_handler),
	SCENARIO(end_no_stack),
	SCENARIO(end_other_stack),
	SCENARIO(end_other_stack_lent),
	SCENARIO(end_small_stack),
	SCENARIO(end_bad_frame),
	SCENARIO(end_bad_vectors),
	SCENARIO(end_bad_address),
	SCENARIO(end_bad_state),
	SCENARIO(end_bad_records),
	SCENARIO(end_no_restorer),
	SCENARIO(end_from_outside),
};

/* Without an argument: their names. */
int main(int argc, char **argv)
{
	int found = 0;

	if (argc > 2)
		times = atoi(argv[2]);
	for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
		if (argc < 2)
			puts(scenarios[i].name);
		else if (strcmp(argv[1], scenarios[i].name) == 0)
			found = 1, scenarios[i].run();
	}
	return argc >= 2 && !found;
}
