/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "gdb.h"
#include "random.h"
#include "signals.h"

/* -------------------------------------------------------------------------
 * Tracing: "name(0x1, 0x2) = 3". A call that does not return has its name shown, too.
 */
static void trace_call(uint64_t number, const uint64_t *argument)
{
	const char *name = calls_name(number);

	if (name)
		fprintf(stderr, "%s(", name);
	else
		fprintf(stderr, "call %" PRIu64 "(", number);
	for (unsigned int i = 0; i < calls_arguments(number); i++)
		fprintf(stderr, "%s%#" PRIx64, i ? ", " : "", argument[i]);
	fprintf(stderr, ")");
}

/* Errors as numbers below zero; addresses in hexadecimal. */
static void trace_result(int64_t result)
{
	const int64_t error_max = 4095;

	if (result == CALLS_AGAIN || result == CALLS_INTERRUPTED || result == CALLS_DONE)
		fprintf(stderr, " = ?\n");
	else if (result < 0 && result >= -error_max)
		fprintf(stderr, " = %" PRId64 " (%s)\n", result, strerror((int)-result));
	else
		fprintf(stderr, result > UINT16_MAX ? " = %#" PRIx64 "\n" : " = %" PRId64 "\n", result);
}

/* -------------------------------------------------------------------------
 * Exits.
 */
static void do_call(struct thread *thread)
{
	uint64_t argument[CALLS_ARGUMENTS], number = vcpu_get(thread->vcpu, VM_NUMBER);
	int64_t result;

	for (unsigned int i = 0; i < CALLS_ARGUMENTS; i++)
		argument[i] = vcpu_get(thread->vcpu, VM_ARGUMENT + i);
	if (thread->process->trace)
		trace_call(number, argument);
	result = calls_do(thread, number, argument);
	random_refill(thread);
	if (thread->process->trace)
		trace_result(result);
	if (result != CALLS_DONE && result != CALLS_AGAIN && result != CALLS_INTERRUPTED)
		vcpu_set(thread->vcpu, VM_RESULT, (uint64_t)result);
	signals_after_call(thread, result);
}

void loop_run(struct thread *thread, struct loop_end *end)
{
	struct vm_exit exit;

	*end = (struct loop_end){ 0 };
	signals_be(thread);
	while (!thread->ended && !thread->signal.killed_by) {
		gdb_before_run(thread);
		stats_run(thread, thread->blocked, &exit);
		if (!gdb_after_run(thread, &exit))
			continue;
		switch (exit.why) {
		case VM_CALL:
			do_call(thread);
			break;
		case VM_FAULT:
			if (!space_fault(thread->process->space, &exit))
				signals_fault(thread, &exit.fault);
			break;
		case VM_INTERRUPTED:
			signals_take(thread);
			break;
		case VM_OFF:
			memcpy(end->text, exit.text, sizeof end->text);
			end->failed = true;
			return;
		}
	}
	end->signal = thread->signal.killed_by;
}
