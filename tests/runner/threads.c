/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: threads.c WHAT. It prints what does not depend on chance. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { MANY = 1000, TOGETHER = 16, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static __thread int own = 5;
static __thread char large[3000];
static int shared, turn;
static atomic_int atomic_count;

static pthread_t start(void *(*function)(void *), void *argument)
{
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, function, argument);

	if (failed) {
		printf("pthread_create: %s\n", strerror(failed));
		exit(1);
	}
	return thread;
}

/* -------------------------------------------------------------- one by one -- */
static void *add(void *argument)
{
	pthread_mutex_lock(&mutex);
	shared++;
	own++;
	memset(large, 1, sizeof large);
	pthread_mutex_unlock(&mutex);
	CHECK(own == 6);
	return argument;
}

static void many(void)
{
	for (intptr_t i = 0; i < MANY; i++) {
		void *result;

		CHECK(!pthread_join(start(add, (void *)i), &result));
		CHECK((intptr_t)result == i);
	}
	printf("many: %d %d\n", shared, own);
}

/* ---------------------------------------------------------------- together -- */
static void *work(void *argument)
{
	intptr_t me = (intptr_t)argument;
	double sum = 0;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		shared++;
		pthread_mutex_unlock(&mutex);
		atomic_fetch_add(&atomic_count, 1);
		sum += 1.0 / (double)(1 + i + me);
	}
	pthread_barrier_wait(&barrier);
	CHECK(shared == TOGETHER * ROUNDS);
	return sum > 0 ? argument : NULL;
}

/* One after the other, in the order of their numbers, round after round. */
static void *take_turns(void *argument)
{
	intptr_t me = (intptr_t)argument;

	for (int round = 0; round < 20; round++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = (turn + 1) % TOGETHER;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void together(void *(*function)(void *))
{
	pthread_t thread[TOGETHER];

	for (intptr_t i = 0; i < TOGETHER; i++)
		thread[i] = start(function, (void *)i);
	for (intptr_t i = 0; i < TOGETHER; i++)
		CHECK(!pthread_join(thread[i], NULL));
}

static void all_together(void)
{
	shared = 0;
	pthread_barrier_init(&barrier, NULL, TOGETHER);
	together(work);
	together(take_turns);
	printf("together: %d %d %d\n", shared, atomic_count, turn);
}

/* --------------------------------------------------------- keys, numbers -- */
static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
	CHECK(*(int *)value == 42);
	free(value);
	destroyed++;
}

static void *have_key(void *argument)
{
	int *value = malloc(sizeof *value);

	*value = 42;
	pthread_setspecific(key, value);
	CHECK(gettid() != getpid() && syscall(SYS_getpid) == getpid());
	pthread_barrier_wait(&barrier);
	return argument;
}

static void keys(void)
{
	pthread_key_create(&key, destroy);
	together(have_key);
	CHECK(gettid() == getpid());
	printf("keys: %d\n", destroyed);
}

/* ------------------------------------------------------------- robustness -- */
static pthread_mutex_t *robust;

static void *leave_locked(void *argument)
{
	CHECK(!pthread_mutex_lock(robust));
	if (argument)
		pthread_exit(NULL);
	return NULL;
}

static void make_robust(void)
{
	pthread_mutexattr_t attributes;

	robust = mmap(NULL, sizeof *robust, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(robust != MAP_FAILED);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(robust, &attributes);
}

static void recover(const char *who)
{
	int result = pthread_mutex_lock(robust);

	printf("robust, %s: %s\n", who,
	       result == EOWNERDEAD ? "its owner is dead" : strerror(result));
	pthread_mutex_consistent(robust);
	pthread_mutex_unlock(robust);
}

/* By a thread that is not waited for first: it wakes who waits for its lock. */
static void *lock_and_sleep(void *argument)
{
	CHECK(!pthread_mutex_lock(robust));
	pthread_barrier_wait(&barrier);
	usleep(20000);
	return argument;
}

static void robustness(void)
{
	pthread_t thread;
	pid_t child;

	make_robust();
	pthread_join(start(leave_locked, NULL), NULL);
	recover("a thread");
	pthread_barrier_init(&barrier, NULL, 2);
	thread = start(lock_and_sleep, NULL);
	pthread_barrier_wait(&barrier);
	recover("a thread that is waited for");
	pthread_join(thread, NULL);
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		leave_locked(NULL);
		_exit(0);
	}
	CHECK(waitpid(child, NULL, 0) == child);
	recover("a process");
}

/* ---------------------------------------------------------- the raw calls -- */
static void raw(void)
{
	void *head = NULL;
	size_t size = 0;

	CHECK(!syscall(SYS_get_robust_list, 0, &head, &size));
	printf("raw: %d %zu\n", head != NULL, size);
	/* sharing memory with a process is for threads, and vfork */
	CHECK(syscall(SYS_clone, 0x00010000 /* CLONE_THREAD */, 0, 0, 0, 0) == -1 &&
	      errno == EINVAL);
	CHECK(syscall(SYS_clone, 0x00000800 /* CLONE_SIGHAND */, 0, 0, 0, 0) == -1 &&
	      errno == EINVAL);
	CHECK(syscall(SYS_set_robust_list, head, 8) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_set_tid_address, NULL) == gettid());
}

/* -------------------------------------------------- nothing is left behind -- */
static long resident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages;
}

static void *touch(void *argument)
{
	const size_t size = 64 << 10;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	memset(memory, 1, size);
	CHECK(!munmap(memory, size));
	return argument;
}

static void churn(void)
{
	const long bound = 4096; /* pages: a 64th of what they touch */
	long before;

	for (int i = 0; i < 50; i++)
		pthread_join(start(touch, NULL), NULL);
	before = resident();
	for (int i = 0; i < MANY; i++) {
		pthread_join(start(touch, NULL), NULL);
		touch(NULL);
	}
	printf("churn: %s\n", resident() - before < bound ? "bounded" : "grows");
}

/* -------------------------------------------------------------------- ends -- */
static void *print_later(void *argument)
{
	usleep(50000);
	printf("later, %s\n", (char *)argument);
	fflush(stdout);
	return NULL;
}

static pthread_t main_thread;

static void *join_main(void *argument)
{
	CHECK(!pthread_join(main_thread, NULL));
	printf("joined\n");
	exit((int)(intptr_t)argument);
}

static void *end_alone(void *argument)
{
	usleep(50000);
	return (void *)syscall(SYS_exit, (int)(intptr_t)argument);
}

static void *end_all(void *argument)
{
	exit((int)(intptr_t)argument);
}

static void *wait_for_ever(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static void *spin(void *argument)
{
	while (argument)
		;
	return argument;
}

static void *call_off(void *argument)
{
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	for (;;)
		pthread_testcancel();
	return argument;
}

static void *fork_it(void *argument)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	CHECK(waitpid(child, NULL, 0) == child);
	return argument;
}

/* Others look at the process after each round: each line that is read lets it go on. */
static void hold(void)
{
	char line[10];

	for (int round = 0; round < 3; round++) {
		/* the last is a child's: it has nothing of what its parent needs for its threads */
		if (round == 2 && fork()) {
			wait(NULL);
			return;
		}
		for (int i = 0; i < 100; i++) {
			pthread_join(start(touch, NULL), NULL);
			together(touch);
			if (i % 10 == 0)
				pthread_join(start(fork_it, NULL), NULL);
		}
		usleep(100000); /* for threads that have been joined, and are not quite gone */
		printf("round %d of %d\n", round, getpid());
		fflush(stdout);
		if (!fgets(line, sizeof line, stdin))
			exit(1);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "hold")) {
		hold();
		return 0;
	}

	if (!strcmp(what, "main-first")) {
		start(print_later, "from a thread");
		pthread_exit(NULL); /* the process ends with 0 */
	}
	if (!strcmp(what, "main-first-raw")) {
		start(print_later, "from a thread");
		syscall(SYS_exit, 3); /* and with this */
	}
	if (!strcmp(what, "join-main")) {
		main_thread = pthread_self();
		start(join_main, (void *)(intptr_t)6);
		pthread_exit(NULL);
	}
	if (!strcmp(what, "last")) {
		/* whose status it is depends on Linux's version */
		start(end_alone, (void *)(intptr_t)3);
		syscall(SYS_exit, 3);
	}
	if (!strcmp(what, "group")) {
		for (int i = 0; i < 4; i++)
			start(i % 2 ? spin : wait_for_ever, &shared);
		start(end_all, (void *)(intptr_t)9);
		wait_for_ever(NULL);
	}
	if (!strcmp(what, "group-waits")) {
		for (int i = 0; i < 4; i++)
			start(i % 2 ? spin : wait_for_ever, &shared);
		puts("started");
		fflush(stdout);
		wait_for_ever(NULL);
	}
	if (!strcmp(what, "fault")) {
		for (int i = 0; i < 4; i++)
			start(i % 2 ? spin : wait_for_ever, &shared);
		raise(SIGSEGV);
	}
	if (!strcmp(what, "cancel")) {
		pthread_t thread = start(call_off, NULL);
		void *result;

		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("cancelled: %d\n", result == PTHREAD_CANCELED);
		return 0;
	}
	if (!strcmp(what, "cancel-waiting")) {
		pthread_t thread = start(wait_for_ever, NULL);
		void *result;

		usleep(20000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("cancelled: %d\n", result == PTHREAD_CANCELED);
		return 0;
	}
	many();
	all_together();
	pthread_barrier_destroy(&barrier);
	pthread_barrier_init(&barrier, NULL, TOGETHER);
	keys();
	robustness();
	churn();
	raw();
	return 0;
}
