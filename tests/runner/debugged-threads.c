/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests/gdb.sh has a debugger look at, with threads, and children that have none. */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3 };

volatile int counters[THREADS];
volatile int go_on = 1;

static pthread_barrier_t all;

__attribute__((noinline)) void count(volatile int *counter)
{
	++*counter;
}

static void *work(void *number)
{
	pthread_barrier_wait(&all);
	while (go_on)
		count(&counters[(long)number]);
	return NULL;
}

static int wait_for(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

/* A breakpoint in count() is not for them. */
static int have_children(void)
{
	char *arguments[] = { "true", NULL }, *environment[] = { NULL };
	volatile int counter = 0;
	pid_t pid;

	if (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environment) || wait_for(pid))
		return 1;
	pid = fork();
	if (pid == 0) {
		count(&counter);
		_exit(counter != 1);
	}
	return wait_for(pid);
}

int main(void)
{
	pthread_t thread[THREADS];

	printf("children %d\n", have_children());
	fflush(stdout);
	pthread_barrier_init(&all, NULL, THREADS + 1);
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i))
			return 1;
	pthread_barrier_wait(&all);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	puts("done");
	return 5;
}
