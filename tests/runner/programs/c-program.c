/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads, fork, signals, timers and files by a small C library. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 1000 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static int sum, at_work;
static _Thread_local int mine;
static volatile sig_atomic_t caught;

static void *work(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		sum++;
		pthread_mutex_unlock(&lock);
		mine++;
	}
	pthread_mutex_lock(&lock);
	if (!--at_work)
		pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	sem_post(&semaphore);
	return (void *)((long)argument * 2 + (mine != ROUNDS));
}

static void threads(void)
{
	pthread_t all[THREADS];
	long returned = 0;

	sem_init(&semaphore, 0, 0);
	at_work = THREADS;
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&all[i], NULL, work, (void *)i))
			exit(1);
	pthread_mutex_lock(&lock);
	while (at_work)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < THREADS; i++) {
		void *value;

		sem_wait(&semaphore);
		pthread_join(all[i], &value);
		returned += (long)value;
	}
	printf("threads: %d %ld, own data %d\n", sum, returned, mine);
}

static void *forever(void *unused)
{
	(void)unused;
	for (;;)
		sleep(1);
	return NULL;
}

static void cancel(void)
{
	pthread_t thread;
	void *value;

	if (pthread_create(&thread, NULL, forever, NULL))
		exit(1);
	pthread_cancel(thread);
	pthread_join(thread, &value);
	printf("cancelled: %d\n", value == PTHREAD_CANCELED);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	caught = number;
}

static void signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };
	struct itimerspec soon = { .it_value.tv_nsec = 10000000 };
	timer_t timer;
	sigset_t none;

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	raise(SIGUSR1);
	printf("raised: %d\n", caught == SIGUSR1);
	if (timer_create(CLOCK_MONOTONIC, NULL, &timer) || timer_settime(timer, 0, &soon, NULL))
		printf("no timer\n");
	sigemptyset(&none);
	while (caught != SIGALRM)
		usleep(1000);
	printf("timer: %d\n", caught == SIGALRM);
}

static void processes(void)
{
	int ends[2], status;
	char text[20] = "";
	pid_t child;

	fflush(stdout);
	if (pipe(ends))
		exit(1);
	child = fork();
	if (!child) {
		dup2(ends[1], 1);
		close(ends[0]);
		execl("/bin/echo", "echo", "from echo", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while (read(ends[0], text + strlen(text), sizeof text - 1 - strlen(text)) > 0)
		;
	waitpid(child, &status, 0);
	printf("%s%d\n", text, WEXITSTATUS(status));
	printf("system: %d\n", WEXITSTATUS(system("exit 3")));
}

int main(void)
{
	struct timespec time;

	threads();
	cancel();
	signals();
	processes();
	if (clock_gettime(CLOCK_MONOTONIC, &time))
		return 1;
	printf("%s\n", open("/nonesuch", O_RDONLY) < 0 ? strerror(errno) : "opened");
	return 11;
}
