/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "gdb-threads.h"

#include <pthread.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fds.h"
#include "guest-signals.h"

enum place {
	IN_MACHINE, /* it has to be kicked */
	IN_HOST,    /* it may wait there for long, with registers as they were when it left */
	PARKED,
};

struct gdb_thread {
	struct gdb_thread *next;
	struct thread *thread;
	pid_t id;
	enum place place;
	enum gdb_pace pace;
	bool by_steps;			/* that is how it is in the machine */
	bool stepped;			/* its step was a system call, which is being made */
	int signal;			/* that the debugger has for it */
	struct vm_registers *registers; /* when it is not in the machine */
	bool changed;
};

struct gdb_threads {
	pthread_mutex_t lock;
	pthread_cond_t go_on, quiet, turn;
	struct gdb_thread *first;
	bool stopped;	      /* nobody enters the machine */
	bool attached;	      /* somebody wants to know */
	struct gdb_stop stop; /* why */
	int event[2];	      /* a pipe with something in it */
};

static bool make_event(int event[2])
{
	bool good = !pipe(event);

	for (int i = 0; good && i < 2; i++) {
		event[i] = fds_hide(event[i]);
		good = event[i] >= 0 && !fcntl(event[i], F_SETFL, O_NONBLOCK);
	}
	return good;
}

bool gdb_threads_create(struct gdb_target *target)
{
	struct gdb_threads *threads = calloc(1, sizeof *threads);

	if (!threads)
		return false;
	pthread_mutex_init(&threads->lock, NULL);
	pthread_cond_init(&threads->go_on, NULL);
	pthread_cond_init(&threads->quiet, NULL);
	pthread_cond_init(&threads->turn, NULL);
	threads->stopped = threads->attached = true;
	threads->stop.signal = GUEST_SIGTRAP; /* as Linux has it where a program begins */
	target->threads = threads;
	return make_event(threads->event);
}

int gdb_threads_event(const struct gdb_target *target)
{
	return target->threads->event[0];
}

void gdb_threads_forked(struct gdb_target *target)
{
	close(target->threads->event[0]);
	close(target->threads->event[1]);
}

/* -------------------------------------------------------------------------
 * For the commands, while all stand still.
 */
static struct gdb_thread *find(const struct gdb_target *target, pid_t id)
{
	struct gdb_thread *one = target->threads->first;

	while (one && one->id != id)
		one = one->next;
	return one;
}

pid_t gdb_thread_at(const struct gdb_target *target, size_t number)
{
	const struct gdb_thread *one = target->threads->first;

	while (one && number--)
		one = one->next;
	return one ? one->id : 0;
}

const struct vm_registers *gdb_thread_read(const struct gdb_target *target, pid_t thread)
{
	const struct gdb_thread *one = find(target, thread);

	return one ? one->registers : NULL;
}

struct vm_registers *gdb_thread_change(struct gdb_target *target, pid_t thread)
{
	struct gdb_thread *one = find(target, thread);

	if (!one || one->place != PARKED)
		return NULL;
	one->changed = true;
	return one->registers;
}

void gdb_thread_pace(struct gdb_target *target, pid_t thread, enum gdb_pace pace, int signal)
{
	struct gdb_thread *one = find(target, thread);

	if (!one)
		return;
	one->pace = pace;
	one->signal = signal;
	one->stepped = pace == GDB_STEP && one->place == IN_HOST;
}

/* -------------------------------------------------------------------------
 * For who speaks with the debugger.
 */
static bool any_in_machine(const struct gdb_threads *threads)
{
	for (const struct gdb_thread *one = threads->first; one; one = one->next)
		if (one->place == IN_MACHINE)
			return true;
	return false;
}

static void forget_event(const struct gdb_threads *threads)
{
	char told;

	while (read(threads->event[0], &told, sizeof told) == sizeof told)
		;
}

struct gdb_stop gdb_threads_halt(struct gdb_target *target)
{
	struct gdb_threads *threads = target->threads;
	struct gdb_stop stop;

	pthread_mutex_lock(&threads->lock);
	if (!threads->stopped)
		threads->stop =
			(struct gdb_stop){ .thread = threads->stop.thread, .signal = GUEST_SIGINT };
	threads->stopped = threads->attached = true;
	for (struct gdb_thread *one = threads->first; one; one = one->next)
		if (one->place == IN_MACHINE)
			vcpu_kick(one->thread->vcpu);
	while (any_in_machine(threads))
		pthread_cond_wait(&threads->quiet, &threads->lock);
	if (!find(target, threads->stop.thread) && threads->first)
		threads->stop.thread = threads->first->id;
	forget_event(threads);
	stop = threads->stop;
	pthread_mutex_unlock(&threads->lock);
	return stop;
}

void gdb_threads_resume(struct gdb_target *target)
{
	pthread_mutex_lock(&target->threads->lock);
	gdb_watches_begin(&target->watches, target->space);
	target->threads->stopped = false;
	pthread_cond_broadcast(&target->threads->go_on);
	pthread_cond_broadcast(&target->threads->turn);
	pthread_mutex_unlock(&target->threads->lock);
}

void gdb_threads_let_go(struct gdb_target *target)
{
	struct gdb_threads *threads = target->threads;

	pthread_mutex_lock(&threads->lock);
	for (struct gdb_thread *one = threads->first; one; one = one->next)
		gdb_thread_pace(target, one->id, GDB_GO, 0);
	threads->attached = false;
	pthread_mutex_unlock(&threads->lock);
	gdb_threads_resume(target);
}

/* -------------------------------------------------------------------------
 * For the threads themselves, each with the lock.
 */
static void tell(struct gdb_threads *threads, struct gdb_stop stop)
{
	const char something = 0;

	if (threads->stopped)
		return;
	threads->stopped = true;
	threads->stop = stop;
	if (write(threads->event[1], &something, sizeof something) < 0)
		abort(); /* a pipe has room for the one that was not read yet */
}

static bool must_wait(const struct gdb_threads *threads, const struct gdb_thread *self)
{
	return threads->stopped || self->pace == GDB_STAY;
}

static void park(struct gdb_threads *threads, struct gdb_thread *self)
{
	self->place = PARKED;
	while (must_wait(threads, self)) {
		pthread_cond_signal(&threads->quiet);
		pthread_cond_wait(&threads->go_on, &threads->lock);
	}
	self->place = IN_HOST;
	if (self->changed)
		vcpu_load(self->thread->vcpu, self->registers);
	self->changed = false;
}

/* By the program, or by a system call. */
static bool tell_if_changed(struct gdb_target *target, const struct gdb_thread *self)
{
	struct gdb_stop stop = { .thread = self->id, .signal = GUEST_SIGTRAP };

	if (!target->threads->attached ||
	    !gdb_watches_changed(&target->watches, target->space, &stop.watched))
		return false;
	tell(target->threads, stop);
	return true;
}

/* It is pending until the program runs. */
static void send_signal(struct gdb_thread *self)
{
	if (self->signal)
		signals_send(self->thread, self->signal);
	self->signal = 0;
}

/* Who changes watched memory is only known where one goes at a time. */
static void wait_for_turn(struct gdb_target *target, struct gdb_thread *self)
{
	struct gdb_threads *threads = target->threads;

	for (;;) {
		if (must_wait(threads, self)) {
			vcpu_save(self->thread->vcpu, self->registers);
			park(threads, self);
			send_signal(self);
		} else if (target->watches.count && any_in_machine(threads)) {
			pthread_cond_wait(&threads->turn, &threads->lock);
		} else {
			return;
		}
	}
}

void gdb_threads_before(struct gdb_target *target, struct gdb_thread *self)
{
	struct gdb_threads *threads = target->threads;

	pthread_mutex_lock(&threads->lock);
	if (self->stepped && threads->attached)
		tell(threads, (struct gdb_stop){ .thread = self->id, .signal = GUEST_SIGTRAP });
	tell_if_changed(target, self);
	self->stepped = false;
	wait_for_turn(target, self);
	self->by_steps = self->pace == GDB_STEP || target->watches.count;
	if (self->by_steps)
		vcpu_step(self->thread->vcpu, true);
	self->place = IN_MACHINE;
	pthread_mutex_unlock(&threads->lock);
}

/*
 * What is not told, because another thread was first, happens again when this one goes on:
 * so an instruction of a breakpoint is not run yet, neither the debugger's nor the program's.
 */
static bool stop_for(struct gdb_target *target, struct gdb_thread *self, struct vm_exit *exit)
{
	struct gdb_threads *threads = target->threads;
	const bool broke = gdb_is_break(exit);
	const bool mine = broke && gdb_breaks_has(&target->breaks, gdb_break_at(self->registers));
	const bool stepped = self->by_steps && exit->fault.signal == GUEST_SIGTRAP && !broke;

	if (stepped && !tell_if_changed(target, self) && self->pace == GDB_GO)
		return false;
	if (mine || (broke && threads->stopped)) {
		gdb_break_rewind(self->registers);
		self->changed = true;
	}
	tell(threads, (struct gdb_stop){ .thread = self->id,
					 .signal = exit->fault.signal,
					 .breakpoint = mine });
	park(threads, self);
	if (!threads->attached)
		return !mine && !stepped;
	if (!self->signal)
		return false;
	if (exit->fault.signal != self->signal) {
		exit->fault.signal = self->signal;
		exit->fault.code = GUEST_SI_USER;
		exit->fault.address = guest_at(0);
	}
	self->signal = 0;
	return true;
}

bool gdb_threads_after(struct gdb_target *target, struct gdb_thread *self, struct vm_exit *exit)
{
	struct gdb_threads *threads = target->threads;
	bool exits = true;

	pthread_mutex_lock(&threads->lock);
	if (self->by_steps)
		vcpu_step(self->thread->vcpu, false);
	vcpu_save(self->thread->vcpu, self->registers);
	self->place = IN_HOST;
	pthread_cond_signal(&threads->quiet);
	pthread_cond_broadcast(&threads->turn);
	if (threads->attached && exit->why == VM_FAULT)
		exits = !space_fault(target->space, exit) && stop_for(target, self, exit);
	else
		self->stepped = self->pace == GDB_STEP && exit->why == VM_CALL;
	pthread_mutex_unlock(&threads->lock);
	return exits;
}

bool gdb_threads_add(struct gdb_target *target, struct thread *thread)
{
	struct gdb_threads *threads = target->threads;
	struct gdb_thread *self = calloc(1, sizeof *self), **last = &threads->first;

	if (!self)
		return false;
	*self = (struct gdb_thread){ .thread = thread,
				     .id = thread->tid,
				     .place = IN_HOST,
				     .pace = GDB_GO,
				     .registers = gdb_registers_create() };
	if (!self->registers) {
		free(self);
		return false;
	}
	pthread_mutex_lock(&threads->lock);
	vcpu_save(thread->vcpu, self->registers);
	while (*last)
		last = &(*last)->next;
	*last = self;
	pthread_mutex_unlock(&threads->lock);
	thread->gdb = self;
	return true;
}

/* Somebody is left who can go on, or the debugger is told of another one. */
static void tell_if_all_stay(struct gdb_threads *threads)
{
	const struct gdb_thread *one = threads->first;

	while (one && one->pace == GDB_STAY)
		one = one->next;
	if (!one && threads->first && threads->attached)
		tell(threads, (struct gdb_stop){ .thread = threads->first->id });
}

void gdb_threads_remove(struct gdb_target *target, struct gdb_thread *self)
{
	struct gdb_threads *threads = target->threads;
	struct gdb_thread **link = &threads->first;

	pthread_mutex_lock(&threads->lock);
	while (threads->stopped)
		pthread_cond_wait(&threads->go_on, &threads->lock);
	while (*link != self)
		link = &(*link)->next;
	*link = self->next;
	tell_if_all_stay(threads);
	pthread_mutex_unlock(&threads->lock);
	self->thread->gdb = NULL;
	free(self->registers);
	free(self);
}

bool gdb_threads_last(struct gdb_target *target)
{
	struct gdb_threads *threads = target->threads;

	pthread_mutex_lock(&threads->lock);
	while (threads->stopped)
		pthread_cond_wait(&threads->go_on, &threads->lock);
	return threads->attached;
}
