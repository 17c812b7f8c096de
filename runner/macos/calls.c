/* SPDX-License-Identifier: BSD-2-Clause */
/* A call of the list goes to its function; the rest is ENOSYS. */
#include "../calls.h"

#include <errno.h>
#include <stdio.h>

#include "calls-own.h"
#include "linux-numbers.h"
#include "thread.h"

struct call {
	const char *name;
	call_fn *does;		/* NULL: nothing */
	unsigned int arguments;
};

#define CALL(name, arguments) [LINUX_NR_##name] = { #name, call_##name, arguments },
#define NONE(name, arguments) [LINUX_NR_##name] = { #name, NULL, arguments },
static const struct call calls[CALLS_MAX] = {
#include "calls-list.h"
};
#undef CALL
#undef NONE

static const struct call *find(uint64_t number)
{
	return number < CALLS_MAX && calls[number].name ? &calls[number] : NULL;
}

const char *calls_name(uint64_t number)
{
	const struct call *call = find(number);

	return call ? call->name : NULL;
}

unsigned int calls_arguments(uint64_t number)
{
	const struct call *call = find(number);

	return call ? call->arguments : CALLS_ARGUMENTS;
}

/* What was named is remembered, as far as there is room. The lock is one that a fork holds. */
void calls_miss(const struct thread *thread, const char *what, uint64_t number)
{
	enum { NAMED_MAX = 64 };
	static struct {
		const char *what;
		uint64_t number;
	} named[NAMED_MAX];
	static unsigned int count;
	pthread_mutex_t *lock = &thread->process->lock;
	unsigned int i;

	if (!thread->process->verbose)
		return;
	pthread_mutex_lock(lock);
	for (i = 0; i < count; i++)
		if (named[i].what == what && named[i].number == number)
			break;
	if (i == count && count < NAMED_MAX) {
		named[count].what = what;
		named[count++].number = number;
		fprintf(stderr, "vdsorun: %s %#llx is not there\n", what,
			(unsigned long long)number);
	}
	pthread_mutex_unlock(lock);
}

int64_t calls_do(struct thread *thread, uint64_t number, const uint64_t *argument)
{
	const struct call *call = find(number);
	const uint64_t times = stats_call(thread, number, argument);

	thread_begin_call(thread);
	if (!call || !call->does) {
		calls_name_missing(thread, number, times);
		return -LINUX_ENOSYS;
	}
	return errors_result(call->does(thread, argument));
}
