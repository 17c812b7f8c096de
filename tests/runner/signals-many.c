/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals among threads and processes: each scenario prints what it does on Linux. Without an
 * argument: their names. The second argument is how much of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4 };

static int times = 100;
static const char *self;

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(number, &action, NULL);
}

static void block(int how, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(how, &set, NULL);
}

static void nothing(int number)
{
	(void)number;
}

/* -------------------------------------------------------------------------
 * Each thread's own. One that waits, in each of the ways.
 */
static _Thread_local volatile int mine;
static volatile int got[THREADS];
static _Thread_local int number_of_thread;
static volatile int stop, ready;
static int pipes[2];

static void count_mine(int number)
{
	(void)number;
	mine = mine + 1;
	__atomic_store_n(&got[number_of_thread], mine, __ATOMIC_SEQ_CST);
}

static void *wait_somehow(void *argument)
{
	struct timespec some = { 0, 1000000 };
	sigset_t empty;
	char byte;

	number_of_thread = (int)(intptr_t)argument;
	sigemptyset(&empty);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!stop)
		switch (number_of_thread) {
		case 0:
			sched_yield();
			break;
		case 1:
			if (read(pipes[0], &byte, 1) > 0)
				puts("read");
			break;
		case 2:
			ppoll(NULL, 0, &some, &empty);
			break;
		default:
			break;	/* no call */
		}
	return NULL;
}

static void begin(pthread_t *thread)
{
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, wait_somehow, (void *)i);
	while (ready < THREADS)
		sched_yield();
}

static void end(const pthread_t *thread)
{
	stop = 1;
	close(pipes[1]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void threads(void)
{
	pthread_t thread[THREADS];
	int wrong = 0;

	if (pipe(pipes))
		return;
	handle(SIGUSR1, count_mine, 0);
	begin(thread);
	for (int n = 1; n <= times; n++) {
		for (int i = 0; i < THREADS; i++)
			wrong += pthread_kill(thread[i], SIGUSR1) != 0;
		for (int i = 0; i < THREADS; i++)
			while (__atomic_load_n(&got[i], __ATOMIC_SEQ_CST) < n)
				sched_yield();
	}
	end(thread);
	for (int i = 0; i < THREADS; i++)
		wrong += got[i] != times;
	printf("wrong %d\n", wrong);
}

/* -------------------------------------------------------------------------
 * A thread waits, and another one changes what a signal does to that.
 */
static volatile int read_ended;

static void *read_one(void *result)
{
	char byte;

	__atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
	*(int *)result = read(pipes[0], &byte, 1) == 1 ? 1 : -errno;
	__atomic_store_n(&read_ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void change(int before, int after)
{
	const int some = 50000;
	pthread_t thread;
	int result = 0;

	ready = read_ended = 0;
	handle(SIGUSR1, nothing, before);
	pthread_create(&thread, NULL, read_one, &result);
	while (!ready)
		sched_yield();
	usleep(some);
	handle(SIGUSR1, nothing, after);
	pthread_kill(thread, SIGUSR1);
	usleep(some);
	if (after & SA_RESTART && write(pipes[1], "x", 1) != 1)
		puts("no write");
	while (!read_ended) {	/* it may not have begun to wait */
		pthread_kill(thread, SIGUSR1);
		usleep(some);
	}
	pthread_join(thread, NULL);
	printf("%d\n", result);
}

static void changes(void)
{
	if (pipe(pipes))
		return;
	change(0, SA_RESTART);
	change(SA_RESTART, 0);
}

/* -------------------------------------------------------------------------
 * Of a process, queued: any thread takes each, once.
 */
static volatile unsigned char seen[1 << 16];
static int taken;

static void see(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen[info->si_value.sival_int]++;
	__atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST);
}

static void queued(void)
{
	struct sigaction action = { .sa_sigaction = see, .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t thread[THREADS];
	int wrong = 0;

	if (pipe(pipes))
		return;
	sigaction(SIGRTMIN, &action, NULL);
	begin(thread);
	for (int i = 0; i < times; i++)
		while (sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }))
			sched_yield();
	while (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) < times)
		sched_yield();
	end(thread);
	for (int i = 0; i < times; i++)
		wrong += seen[i] != 1;
	printf("%d, wrong %d\n", taken, wrong);
}

/* The one that has it not blocked. */
static void *take_all(void *argument)
{
	number_of_thread = 1;
	block(SIG_UNBLOCK, SIGUSR1);
	while (got[1] < *(int *)argument)
		usleep(1000);
	return NULL;
}

static void chosen(void)
{
	pthread_t thread;

	handle(SIGUSR1, count_mine, 0);
	block(SIG_BLOCK, SIGUSR1);
	pthread_create(&thread, NULL, take_all, &times);
	while (got[1] < times) {
		kill(getpid(), SIGUSR1);
		sched_yield();
	}
	pthread_join(thread, NULL);
	printf("mine %d, the other's %d\n", got[0], got[1] >= times);
}

/* C libraries do these by signals of their own. */
static void *forever(void *argument)
{
	char byte;

	if (argument)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		if (!argument && read(pipes[0], &byte, 1) > 0)
			puts("read");
	return NULL;
}

static void *who_am_i(void *argument)
{
	while (!stop)
		sched_yield();
	*(uid_t *)argument = (uid_t)syscall(SYS_getuid);
	return NULL;
}

static void library(void)
{
	pthread_t thread;
	uid_t uid = 0;
	void *result;

	if (pipe(pipes))
		return;
	for (int i = 0; i < 20; i++) {
		pthread_create(&thread, NULL, forever, i % 2 ? &thread : NULL);
		usleep(i % 5 * 1000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		if (result != PTHREAD_CANCELED)
			puts("not cancelled");
	}
	pthread_create(&thread, NULL, who_am_i, &uid);
	if (getuid() == 0 && setuid(1234))
		puts("no setuid");
	stop = 1;
	pthread_join(thread, NULL);
	printf("the same user %d\n", uid == getuid());
}

/* -------------------------------------------------------------------------
 * Children.
 */
static volatile sig_atomic_t children;

static void reap(int number)
{
	const int kept = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		children = children + 1;
	errno = kept;
}

static void say_wait(const char *what)
{
	const int result = (int)wait(NULL);

	printf("%s: %d, %s\n", what, result, strerror(errno));
}

static void child_ends(void)
{
	sigset_t empty;
	int wrong = 0;

	sigemptyset(&empty);
	handle(SIGCHLD, reap, SA_RESTART | SA_NOCLDSTOP);
	block(SIG_BLOCK, SIGCHLD);
	for (int i = 0; i < 30; i++) {
		children = 0;
		for (int j = 0; j < 2; j++)
			if (fork() == 0)
				_exit(0);
		while (children < 2)
			wrong += sigsuspend(&empty) != -1 || errno != EINTR;
	}
	printf("wrong %d\n", wrong);
	handle(SIGCHLD, SIG_IGN, 0);
	if (fork() == 0)
		_exit(0);
	say_wait("nobody to wait for");
	handle(SIGCHLD, SIG_DFL, SA_NOCLDWAIT);
	if (fork() == 0)
		_exit(0);
	say_wait("nor now");
}

static void show(const char *what)
{
	struct sigaction usr1, usr2, hup;
	sigset_t set, pending;

	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGUSR2, NULL, &usr2);
	sigaction(SIGHUP, NULL, &hup);
	sigprocmask(SIG_SETMASK, NULL, &set);
	sigpending(&pending);
	printf("%s: handler %d, ignored %d, default %d, blocked %d, pending %d\n", what,
	       usr1.sa_handler == nothing, usr2.sa_handler == SIG_IGN, hup.sa_handler == SIG_DFL,
	       sigismember(&set, SIGTERM), sigismember(&pending, SIGTERM));
	fflush(stdout);
}

static void wait_for(pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	printf("status %#x\n", (unsigned int)status);
}

static void inherited(void)
{
	pid_t child;

	handle(SIGUSR1, nothing, 0);
	handle(SIGUSR2, SIG_IGN, 0);
	block(SIG_BLOCK, SIGTERM);
	raise(SIGTERM);
	show("parent");
	child = fork();
	if (child == 0) {
		show("child");
		kill(getpid(), SIGUSR1);
		kill(getpid(), SIGUSR2);
		raise(SIGTERM);
		execl(self, self, "exec_shows", NULL);
		_exit(127);
	}
	wait_for(child);
	show("parent");
	child = vfork();
	if (child == 0) {
		signal(SIGUSR1, SIG_DFL);
		signal(SIGUSR2, SIG_DFL);
		block(SIG_UNBLOCK, SIGHUP);
		execl(self, self, "exec_shows", NULL);
		_exit(127);
	}
	wait_for(child);
	show("parent");
}

static void exec_shows(void)
{
	show("after exec");
}

/* How children end, and stop, and go on. */
static void ends(void)
{
	const int numbers[] = { SIGKILL, SIGTERM, SIGSEGV, SIGUSR2, SIGRTMIN + 5, SIGPIPE };
	siginfo_t info;
	int status;
	pid_t child;

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		child = fork();
		if (child == 0)
			for (;;)
				pause();
		/* not all hosts have all signals */
		if (kill(child, numbers[i])) {
			printf("%d: %s\n", numbers[i], strerror(errno));
			kill(child, SIGKILL);
		}
		wait_for(child);
	}
	child = fork();
	if (child == 0)
		for (;;)
			sched_yield();
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	printf("stopped %#x\n", (unsigned int)status);
	kill(child, SIGCONT);
	waitpid(child, &status, WCONTINUED);
	printf("goes on %#x\n", (unsigned int)status);
	kill(child, SIGKILL);
	waitid(P_PID, (id_t)child, &info, WEXITED);
	printf("%d, code %d, status %d\n", info.si_signo, info.si_code, info.si_status);
}

/* A wait for children is ended, or goes on. */
static void waits(void)
{
	struct itimerval soon = { .it_value = { 0, 30000 } };
	int status, result;
	pid_t child = fork();

	if (child == 0) {
		usleep(400000);
		_exit(5);
	}
	handle(SIGALRM, nothing, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	result = (int)waitpid(child, &status, 0);
	printf("%d, %s\n", result, strerror(errno));
	handle(SIGALRM, nothing, SA_RESTART);
	setitimer(ITIMER_REAL, &soon, NULL);
	result = (int)waitpid(child, &status, 0);
	printf("%d, status %#x\n", result == child, (unsigned int)status);
}

/* Back and forth, as fast as it goes. */
static volatile sig_atomic_t turns;

static void turn(int number)
{
	(void)number;
	turns = turns + 1;
}

static void ping(void)
{
	const pid_t parent = getpid();
	sigset_t empty;
	pid_t child;

	sigemptyset(&empty);
	handle(SIGUSR1, turn, 0);
	block(SIG_BLOCK, SIGUSR1);
	child = fork();
	for (int i = 0; i < times; i++) {
		if (child)
			kill(child, SIGUSR1);
		while (turns <= i)
			sigsuspend(&empty);
		if (!child)
			kill(parent, SIGUSR1);
	}
	if (!child)
		_exit(0);
	wait_for(child);
	printf("turns %d\n", turns == times);
}

#define SCENARIO(name) { #name, name }
static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	SCENARIO(threads), SCENARIO(changes), SCENARIO(queued), SCENARIO(chosen), SCENARIO(library),
	SCENARIO(child_ends), SCENARIO(inherited), SCENARIO(ends), SCENARIO(waits), SCENARIO(ping),
	SCENARIO(exec_shows),
};

int main(int argc, char **argv)
{
	int found = 0;

	self = argv[0];
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
