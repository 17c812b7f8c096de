/* SPDX-License-Identifier: BSD-2-Clause */
/* The processes and threads of vdsogen run --identity. */
#define _GNU_SOURCE
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run-identity.h"

static struct process *processes;

struct process *process_first(void)
{
	return processes;
}

/* -------------------------------------------------------------------------
 * The table. Who cannot be kept in it would go on with another's identity.
 */
enum { BUCKETS = 1024 };

static struct thread *table[BUCKETS];

static struct thread **bucket_of(pid_t tid)
{
	return &table[(unsigned int)tid % BUCKETS];
}

struct thread *thread_find(pid_t tid)
{
	struct thread *thread = *bucket_of(tid);

	while (thread && thread->tid != tid)
		thread = thread->collision;
	return thread;
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (memory)
		return memory;
	tool_error("run: --identity: no memory for one more process; all of them end");
	exit(EXIT_FAILURE);
}

static struct thread *thread_add(struct process *process, pid_t tid)
{
	struct thread *thread = allocate(sizeof *thread), **bucket = bucket_of(tid);

	thread->tid = tid;
	thread->process = process;
	thread->next = process->threads;
	process->threads = thread;
	thread->collision = *bucket;
	*bucket = thread;
	return thread;
}

static void thread_remove(struct thread *thread)
{
	struct thread **link = &thread->process->threads;

	while (*link != thread)
		link = &(*link)->next;
	*link = thread->next;
	link = bucket_of(thread->tid);
	while (*link != thread)
		link = &(*link)->collision;
	*link = thread->collision;
	change_ends(thread);
	free(thread);
}

static struct process *process_add(pid_t pid)
{
	struct process *process = allocate(sizeof *process);

	process->pid = pid;
	process->next = processes;
	processes = process;
	thread_add(process, pid);
	return process;
}

/* Its children have another parent by now. */
static void process_remove(struct process *process)
{
	struct process **link = &processes;
	pid_t pid = process->pid;

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	page_leave(process);
	free(process);
	for (process = processes; process; process = process->next)
		if (process->parent == pid)
			process_publish(process, FIELD(PPID));
}

/* -------------------------------------------------------------------------
 * What is known of a process.
 */

/* Whether it would be noticed that this parent ends. */
static bool is_sure_parent(pid_t pid)
{
	const struct thread *leader = thread_find(pid);

	return leader ? !leader->process->ending : pid == 1 || pid == getpid();
}

/* What is so for all of its threads that go on; its parent as it is now. */
static void gather(struct process *process, struct vdsogen_identity *identity)
{
	struct truth truth;
	bool first = true;

	memset(identity, 0, sizeof *identity);
	for (const struct thread *t = process->threads; t; t = t->next) {
		if (t->ending)
			continue;
		truth_read(t->tid, &truth);
		process->parent = truth.parent;
		truth.identity.tid = truth.identity.pid;	/* if there is one thread only */
		if (first)
			*identity = truth.identity;
		else
			identity_intersect(identity, &truth.identity);
		first = false;
	}
	if (process->threaded)
		identity->known &= ~FIELD(TID);
	if (!is_sure_parent(process->parent))
		identity->known &= ~FIELD(PPID);
	identity->known &= ~changing_fields(process);
}

static bool is_owner(const struct process *process)
{
	return process->page && process->page->owner == process;
}

void process_hide(struct process *process, uint32_t fields)
{
	static const struct vdsogen_identity unknown;

	if (is_owner(process))
		vdsogen_process_change(process->page->block, fields, &unknown);
}

void process_publish(struct process *process, uint32_t fields)
{
	struct vdsogen_identity identity;

	if (!is_owner(process))
		return;
	gather(process, &identity);
	if (vdsogen_process_change(process->page->block, fields, &identity))
		process_hide(process, fields);
}

/* -------------------------------------------------------------------------
 * Birth.
 */

/* It may differ from the others: the kernel resets the nice of some. */
static void thread_born(struct process *process, pid_t tid)
{
	struct vdsogen_identity all;
	struct truth truth;
	uint32_t before;

	thread_add(process, tid);
	process->threaded = true;
	if (!is_owner(process))
		return;
	vdsogen_process_thread(process->page->block);
	if (vdsogen_process_get(process->page->block, &all))
		return process_hide(process, THREAD_FIELDS);
	truth_read(tid, &truth);
	before = all.known;
	identity_intersect(&all, &truth.identity);
	process_hide(process, before & ~all.known & THREAD_FIELDS);
}

/* Whether a new process sees the memory of one that uses the page; also if that cannot be told. */
static bool sees_memory(const struct page *page, pid_t pid)
{
	for (const struct process *p = processes; p; p = p->next)
		for (const struct thread *t = p->page == page ? p->threads : NULL; t; t = t->next)
			if (!t->ending) {
				long order = syscall(SYS_kcmp, t->tid, pid, KCMP_VM, 0, 0);

				if (order <= 0)
					return true;
				break;
			}
	return false;
}

/* From its parent's; else as the kernel has it. */
static void publish_fork(struct process *child, const struct page *from)
{
	struct vdsogen_identity identity;
	struct vdsogen_process *block = child->page->block;

	gather(child, &identity);
	if (from->owner && from->owner->pid == child->parent &&
	    !vdsogen_process_fork(block, from->block, identity.pid, identity.ppid))
		/* What its parent's threads did not agree on, what fork resets. */
		vdsogen_process_change(block, ALL_FIELDS, &identity);
	else
		vdsogen_process_set(block, &identity);
}

static bool give_own_page(struct run *run, struct process *child, const struct page *from,
			  uint64_t at)
{
	char why[TRACEE_WHY_ROOM] = "";
	struct page *page = at && !sees_memory(from, child->pid) ? page_new(run) : NULL;

	if (!page)
		return false;
	if (tracee_replace(child->pid, &run->image, page->fd, at, why) != TRACEE_INSTALLED) {
		page_discard(page);
		return false;
	}
	page_close(page);
	page_enter(page, child);
	publish_fork(child, from);
	return true;
}

static void process_born(struct run *run, pid_t pid)
{
	struct process *child = process_add(pid);
	uint64_t at;
	struct page *page = page_find(pid, &at);

	/* vfork(), and what cannot have its own: nothing is known to both. */
	if (page && !give_own_page(run, child, page, at))
		page_enter(page, child);
}

bool run_knows(pid_t tid)
{
	return thread_find(tid);
}

void run_born(struct run *run, pid_t tid)
{
	struct truth truth;
	const struct thread *leader;

	if (thread_find(tid))
		return;
	truth_read(tid, &truth);
	leader = truth.process != tid ? thread_find(truth.process) : NULL;
	if (leader)
		thread_born(leader->process, tid);
	else
		process_born(run, tid);
}

/* -------------------------------------------------------------------------
 * Another program.
 */

/* The only thread that is left has the process's pid. */
static struct process *only_thread(pid_t pid)
{
	struct thread *leader = thread_find(pid);
	struct process *process = leader ? leader->process : process_add(pid);

	for (struct thread *t = process->threads, *next; t; t = next) {
		next = t->next;
		if (t->tid != pid)
			thread_remove(t);
	}
	change_ends(process->threads);
	process->threads->ending = process->ending = process->threaded = false;
	return process;
}

static void publish_exec(struct process *process, struct vdsogen_process *block)
{
	struct vdsogen_identity identity;

	gather(process, &identity);
	if (is_owner(process) && !vdsogen_process_exec(block, process->page->block))
		/* A set-user-id program is another user. */
		vdsogen_process_change(block, ALL_FIELDS, &identity);
	else
		vdsogen_process_set(block, &identity);
}

enum tracee_result run_exec(struct run *run, pid_t pid, char why[TRACEE_WHY_ROOM])
{
	struct process *process = only_thread(pid);
	struct page *page = page_new(run);
	enum tracee_result result = TRACEE_REFUSED;

	if (page)
		result = tracee_install(pid, &run->image, page->fd, why);
	else
		snprintf(why, TRACEE_WHY_ROOM, "no memory for its image");
	if (result == TRACEE_INSTALLED)
		publish_exec(process, page->block);
	page_leave(process);
	if (result == TRACEE_INSTALLED) {
		page_close(page);
		page_enter(page, process);
	} else if (page) {
		page_discard(page);
	}
	return result;
}

/* -------------------------------------------------------------------------
 * The end.
 */
static bool all_end(const struct process *process)
{
	for (const struct thread *t = process->threads; t; t = t->next)
		if (!t->ending)
			return false;
	return true;
}

void run_ending(pid_t tid)
{
	struct thread *thread = thread_find(tid);
	struct process *process;

	if (!thread)
		return;
	thread->ending = true;
	process = thread->process;
	if (!all_end(process))
		return;
	process->ending = true;
	for (struct process *p = processes; p; p = p->next)
		if (p->parent == process->pid)
			process_hide(p, FIELD(PPID));
}

void run_ended(pid_t tid)
{
	struct thread *thread = thread_find(tid);
	struct process *process;

	if (!thread)
		return;
	process = thread->process;
	thread_remove(thread);
	if (!process->threads)
		process_remove(process);
}
