/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: forks.c [WHAT]. It prints what does not depend on chance. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static const char *self;

static int ended(pid_t pid)
{
	int status;

	CHECK(pid > 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---------------------------------------------------------------- by fork -- */
static void memory(void)
{
	int *common = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int *private = malloc(4096);
	pid_t child;

	CHECK(common != MAP_FAILED);
	*common = *private = 1;
	child = fork();
	if (!child) {
		CHECK(getppid() != getpid() && gettid() == getpid());
		*common = 2;
		*private = 2;
		_exit(7);
	}
	printf("memory: %d", ended(child));
	printf(" %d %d\n", *common, *private);
}

static void pipes(void)
{
	static const char all[] = "from a child, from a grandchild";
	char text[100] = "";
	size_t length = 0;
	ssize_t got;
	int end[2];
	pid_t child;

	CHECK(!pipe(end));
	child = fork();
	if (!child) {
		pid_t grandchild;

		CHECK(write(end[1], all, 12) == 12);
		grandchild = fork();
		if (!grandchild) {
			CHECK(write(end[1], all + 12, sizeof all - 12) == sizeof all - 12);
			_exit(3);
		}
		_exit(ended(grandchild));
	}
	close(end[1]);
	while ((got = read(end[0], text + length, sizeof text - length)) > 0)
		length += (size_t)got;
	close(end[0]);
	printf("pipes: %s %d\n", text, ended(child));
}

/* What is waited for, how it ended, and what it took. */
static void waits(void)
{
	struct rusage usage;
	siginfo_t info;
	int status;
	pid_t child = fork();

	if (!child)
		_exit(5);
	CHECK(!waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
	printf("waits: %d %d", info.si_pid == child, info.si_status);
	CHECK(wait4(child, &status, 0, &usage) == child);
	printf(" %d", WEXITSTATUS(status));
	child = fork();
	if (!child)
		for (;;)
			pause();
	CHECK(waitpid(child, &status, WNOHANG) == 0);
	kill(child, SIGKILL);
	printf(" %d", ended(child));
	child = fork();
	if (!child) {
		*(volatile int *)16 = 1;
		_exit(0);
	}
	printf(" %d", ended(child));
	child = fork();
	if (!child)
		abort();
	printf(" %d", ended(child));
	CHECK(waitpid(-1, &status, 0) == -1);
	printf(" %s\n", strerror(errno));
}

/* Sessions and groups. */
static void groups(void)
{
	pid_t child = fork();

	if (!child) {
		CHECK(getsid(0) != getpid());
		CHECK(setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid());
		_exit(setsid() == -1 && errno == EPERM ? 4 : 5);
	}
	printf("groups: %d", ended(child));
	child = fork();
	if (!child) {
		CHECK(!setpgid(0, 0) && getpgid(0) == getpid());
		_exit(6);
	}
	printf(" %d\n", ended(child));
}

/* A clock that goes on, in a child and its child. */
static void clocks(void)
{
	pid_t child = fork();

	if (!child) {
		const struct timespec pause = { .tv_nsec = 30000000 };
		struct timespec before, after;
		pid_t grandchild;

		clock_gettime(CLOCK_MONOTONIC, &before);
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_MONOTONIC, &after);
		CHECK(after.tv_sec > before.tv_sec ||
		      after.tv_nsec - before.tv_nsec >= pause.tv_nsec);
		grandchild = fork();
		if (!grandchild) {
			clock_gettime(CLOCK_MONOTONIC, &before);
			CHECK(before.tv_sec > after.tv_sec || before.tv_nsec >= after.tv_nsec);
			_exit(2);
		}
		_exit(ended(grandchild));
	}
	printf("clocks: %d\n", ended(child));
}

/* --------------------------------------------------------- while others run -- */
static atomic_bool stop;

static void *allocate(void *argument)
{
	while (!stop) {
		char *memory = malloc(200000);

		memory[0] = memory[199999] = 1;
		free(memory);
		memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
		CHECK(memory != MAP_FAILED);
		memory[5] = 1;
		munmap(memory, 65536);
	}
	return argument;
}

static void *fork_some(void *argument)
{
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (!child) {
			/* only this thread is there; what it had is there */
			char *memory = malloc(300000);

			memset(memory, 2, 300000);
			free(memory);
			_exit(i);
		}
		CHECK(ended(child) == i);
	}
	return argument;
}

static void threads(void)
{
	pthread_t thread[4];

	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&thread[i], NULL, i < 2 ? allocate : fork_some, NULL));
	pthread_join(thread[2], NULL);
	pthread_join(thread[3], NULL);
	stop = true;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	printf("threads: all\n");
}

static void *end_process(void *argument)
{
	_exit(*(int *)argument);
}

/* A child's own threads, and its end by one of them. */
static void threads_of_child(void)
{
	pid_t child = fork();

	if (!child) {
		int status = 12;
		pthread_t thread;

		CHECK(!pthread_create(&thread, NULL, end_process, &status));
		pthread_join(thread, NULL);
		_exit(1);
	}
	printf("threads of a child: %d\n", ended(child));
}

/* ------------------------------------------------------- vfork and spawn -- */
static int spawn(const char *path, char **argv)
{
	pid_t child;
	int failed = posix_spawn(&child, path, NULL, NULL, argv, environ);

	return failed ? 2000 + failed : ended(child);
}

static void borrowed(void)
{
	char *status[] = { (char *)self, "status", "21", NULL };
	volatile int common = 1;
	pid_t child = vfork();

	if (!child) {
		common = 2;
		_exit(8);
	}
	printf("vfork: %d", ended(child));
	printf(" %d", common);
	child = vfork();
	if (!child) {
		execv(self, status);
		_exit(1);
	}
	printf(" %d", ended(child));
	child = vfork();
	if (!child) {
		execv("/nonexistent", status);
		common = errno;
		_exit(9);
	}
	printf(" %d", ended(child));
	printf(" %s\n", strerror(common));
	printf("spawn: %d", spawn(self, status));
	printf(" %s", strerror(spawn("/nonexistent", status) - 2000));
	printf(" %s\n", strerror(spawn("/etc/passwd", status) - 2000));
	child = vfork();
	if (!child) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	printf("killed: %d\n", ended(child));
}

static void shells(void)
{
	char line[100] = "";
	FILE *pipe;

	fflush(stdout);
	printf("system: %d", WEXITSTATUS(system("exit 17")));
	pipe = popen("echo one; exit 2", "r");
	CHECK(pipe && fgets(line, sizeof line, pipe));
	printf(" %d %s", WEXITSTATUS(pclose(pipe)), line);
	fflush(stdout);
	CHECK((pipe = popen("cat", "w")));
	fprintf(pipe, "through cat\n");
	printf("%d\n", pclose(pipe));
}

/* -------------------------------------------------------------- raw calls -- */
struct request {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, more[3];
	uint64_t later;
};

#define CLONE_HANDLERS_DEFAULT (1ull << 32)	/* CLONE_CLEAR_SIGHAND: <sched.h> may not have it */

static void on_signal(int number)
{
	(void)number;
}

static bool handles(int number, void (*handler)(int))
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == handler;
}

static void raw(void)
{
	struct request request = { .flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
				   .exit_signal = SIGCHLD };
	int numbers[2] = { 0, 0 }, pidfd = -1;
	siginfo_t info;
	long child;

	request.pidfd = (uintptr_t)&pidfd;
	request.parent_tid = (uintptr_t)&numbers[0];
	request.child_tid = (uintptr_t)&numbers[1];
	child = syscall(SYS_clone3, &request, sizeof request - sizeof request.later);
	if (!child)
		_exit(numbers[1] == getpid() && numbers[0] == 0 ? 14 : 15);
	CHECK(child > 0 && numbers[0] == child && numbers[1] == 0);
	CHECK(pidfd >= 0 && !waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
	printf("clone3: %d", info.si_status);
	close(pidfd);
	signal(SIGHUP, on_signal);
	signal(SIGUSR2, SIG_IGN);
	request.flags = CLONE_HANDLERS_DEFAULT;
	child = syscall(SYS_clone3, &request, 88);
	if (!child)
		_exit(handles(SIGHUP, SIG_DFL) && handles(SIGUSR2, SIG_IGN) ? 15 : 16);
	CHECK(handles(SIGHUP, on_signal));
	printf(" %d", ended((pid_t)child));
	CHECK(syscall(SYS_clone3, &request, 8) == -1);
	printf(" %s,", strerror(errno));
	request.later = 1;
	CHECK(syscall(SYS_clone3, &request, sizeof request) == -1);
	printf(" %s,", strerror(errno));
	CHECK(syscall(SYS_clone3, 16, 88) == -1);
	printf(" %s,", strerror(errno));
	request.exit_signal = 100;
	CHECK(syscall(SYS_clone3, &request, 88) == -1);
	printf(" %s\n", strerror(errno));
}

static void names(void)
{
	char name[16] = "", text[32] = "";
	int fd = open("/proc/self/comm", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	CHECK(!prctl(PR_GET_NAME, name));
	printf("name: %s %s", name, text);
	CHECK(!prctl(PR_SET_NAME, "another name that is long"));
	CHECK(!prctl(PR_GET_NAME, name));
	printf("name: %s\n", name);
}

/* Of a child that asked for a signal then, nothing is left: its end of a pipe is closed. */
static void parent_ends(void)
{
	int asked[2], alive[2];
	char byte;

	CHECK(!pipe(asked) && !pipe(alive));
	if (!fork()) {
		if (!fork()) {
			CHECK(!prctl(PR_SET_PDEATHSIG, SIGTERM));
			CHECK(write(asked[1], "x", 1) == 1);
			for (;;)
				pause();
		}
		CHECK(read(asked[0], &byte, 1) == 1);
		_exit(0);
	}
	close(alive[1]);
	printf("a child of who ended: %d\n", (int)read(alive[0], &byte, 1));
}

/* Descriptors: none is left over, and none of what is not the program's can be met. */
static int descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void limits(void)
{
	struct rlimit before, small = { 40, 40 };
	int last = -1, fd;
	pid_t child;

	CHECK(!getrlimit(RLIMIT_NOFILE, &before));
	small.rlim_max = before.rlim_max;
	child = fork();
	if (!child) {
		CHECK(!setrlimit(RLIMIT_NOFILE, &small));
		while ((fd = dup(1)) >= 0)
			last = fd;
		printf("limits: %d %s", last, strerror(errno));
		CHECK(!syscall(SYS_close_range, 3, ~0u, 0));
		printf(" %d", descriptors());
		fflush(stdout);
		for (fd = 3; fd < 5000; fd++)
			close(fd);
		fd = fork();
		if (!fd)
			_exit(3);
		_exit(ended(fd));
	}
	printf(" %d\n", ended(child));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int before;

	self = argv[0];
	if (!strcmp(what, "status"))
		return atoi(argv[2]);
	if (!strcmp(what, "parent_ends")) {
		parent_ends();
		return 0;
	}
	before = descriptors();
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (!strcmp(what, "many")) {
		char *status[] = { argv[0], "status", "1", NULL };

		for (int i = 0; i < atoi(argv[2]); i++) {
			pid_t child = fork();

			if (!child) {
				execv(argv[0], status);
				_exit(2);
			}
			CHECK(ended(child) == 1);
		}
		printf("many: %d\n", descriptors() - before);
		return 0;
	}
	fflush(stdout);
	memory();
	fflush(stdout);
	pipes();
	fflush(stdout);
	waits();
	fflush(stdout);
	groups();
	clocks();
	fflush(stdout);
	threads();
	threads_of_child();
	fflush(stdout);
	borrowed();
	shells();
	fflush(stdout);
	raw();
	fflush(stdout);
	names();
	fflush(stdout);
	limits();
	printf("descriptors: %d\n", descriptors() - before);
	return 0;
}
