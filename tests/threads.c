/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <pthread.h>

#include "threads.h"

#define THREADS_MAX 8

struct thread {
	pthread_t id;
	pthread_barrier_t *begin;
	unsigned long (*work)(void);
	unsigned long successes;
};

static void *run(void *arg)
{
	struct thread *thread = arg;

	pthread_barrier_wait(thread->begin);
	thread->successes = thread->work();
	return NULL;
}

unsigned long do_at_once(unsigned int threads, unsigned long (*work)(void))
{
	struct thread thread[THREADS_MAX];
	unsigned long successes = 0;
	pthread_barrier_t begin;

	ck_assert_uint_le(threads, THREADS_MAX);
	ck_assert_int_eq(pthread_barrier_init(&begin, NULL, threads), 0);
	for (unsigned int i = 0; i < threads; i++) {
		thread[i].begin = &begin;
		thread[i].work = work;
		ck_assert_int_eq(pthread_create(&thread[i].id, NULL, run, &thread[i]), 0);
	}
	for (unsigned int i = 0; i < threads; i++) {
		ck_assert_int_eq(pthread_join(thread[i].id, NULL), 0);
		successes += thread[i].successes;
	}
	pthread_barrier_destroy(&begin);
	return successes;
}
