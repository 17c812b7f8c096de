/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One page made once and copied for each process: nothing but the process block
 * differs, and what happens to processes (fork, vfork, threads, exec) changes
 * who each of them is.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"

#define STACK_SIZE 65536
#define THREADS 3
#define OTHER_PID 77
#define OTHER_PPID 42

/* With all blocks, so that each is beside the process's somewhere. */
static const struct vdsogen_config config = {
	.functions = VDSOGEN_IDENTITY_FUNCTIONS | 1u << VDSOGEN_CLOCK_GETTIME |
		     1u << VDSOGEN_GETRANDOM,
};
static const uint32_t tid_function = 1u << VDSOGEN_GETTID;

#define GOOD(call) check_error((call), #call)

static void check_error(int error, const char *call)
{
	CHECK(!error, "%s: %s", call, vdsogen_strerror(error));
}

/* This process's, with its identity. */
static void make(struct page *page)
{
	struct vdsogen_identity self;

	page_make(page, &config, PAGE_COUNTS);
	identify(&self);
	GOOD(vdsogen_process_set(page->process, &self));
}

/* The page is this process's, and the system says the same; `fast` without being asked. */
static void check_self(const struct page *page, uint32_t fast)
{
	struct vdsogen_identity self;

	identify(&self);
	trap_watch(page);
	check_identity(page, &self, fast);
}

static uint32_t everything(const struct page *page)
{
	return VDSOGEN_IDENTITY_FUNCTIONS & page->image.config.functions;
}

/* -------------------------------------------------------------------------
 * Copies
 */
/* Outside of the process block there is no byte that differs; within it there is. */
static void check_difference(const struct page *one, const struct page *other)
{
	size_t start = (size_t)((const uint8_t *)one->process - one->data);
	size_t end = start + sizeof *one->process, differ = 0, outside = 0;

	for (size_t i = 0; i < page_bytes(one); i++)
		if (one->data[i] != other->data[i]) {
			differ++;
			outside += i < start || i >= end;
		}
	CHECK(!outside, "%zu bytes outside of the process block differ", outside);
	CHECK(differ, "the process block does not differ");
}

/* Two processes are played by this one; each page answers for its own. */
static void check_both(const struct page *template, const struct page *clone,
		       const struct vdsogen_identity *self, const struct vdsogen_identity *other)
{
	for (int round = 0; round < 2; round++) {
		trap_watch(template);
		check_identity(template, self, everything(template));
		trap_watch(clone);
		check_identity(clone, other, everything(clone));
	}
}

static void check_copy(void)
{
	struct vdsogen_identity self, other;
	struct page template, clone;

	check_about("clone: copied");
	make(&template);
	page_start(&template);
	page_clone(&clone, &template);
	CHECK(!memcmp(template.data, clone.data, page_bytes(&template)), "a copy that is none");
	identify(&self);
	other = self;
	other.pid = other.tid = OTHER_PID;
	other.euid = self.euid ^ 1;
	long_names(&other.uts);
	GOOD(vdsogen_process_set(clone.process, &other));
	check_difference(&template, &clone);
	check_both(&template, &clone, &self, &other);
	page_free(&clone);
	page_free(&template);
}

/* Built twice is as good as copied. */
static void check_built(void)
{
	struct vdsogen_identity self, other;
	struct page template, clone;

	check_about("clone: built");
	make(&template);
	page_make(&clone, &config, PAGE_COUNTS);
	identify(&self);
	other = self;
	other.sid = self.sid + 1;
	GOOD(vdsogen_process_set(clone.process, &other));
	check_difference(&template, &clone);
	check_both(&template, &clone, &self, &other);
	page_free(&clone);
	page_free(&template);
}

/* -------------------------------------------------------------------------
 * fork: the child gets its clone before it runs, where the parent's page is.
 */
static void run_child(struct page *page, const struct page *clone, int go)
{
	unsigned int failures = check_failures();
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(2);
	page_replace(page, clone);
	check_self(page, everything(page));
	_exit(check_failures() != failures);
}

static void check_child(pid_t child)
{
	int status = 0;

	CHECK(child > 0 && waitpid(child, &status, 0) == child && !status, "the child fails");
}

static void check_fork(void)
{
	struct page page, clone;
	pid_t child;
	int go[2];

	check_about("clone: fork");
	make(&page);
	page_clone(&clone, &page);
	CHECK(!pipe(go), "pipe");
	child = fork();
	if (!child)
		run_child(&page, &clone, go[0]);
	GOOD(vdsogen_process_fork(clone.process, page.process, (uint32_t)child,
				  (uint32_t)getpid()));
	check_difference(&page, &clone);
	CHECK(write(go[1], "", 1) == 1, "write");
	check_child(child);
	check_self(&page, everything(&page));
	close(go[0]);
	close(go[1]);
	page_free(&clone);
	page_free(&page);
}

/* -------------------------------------------------------------------------
 * vfork: two processes, one memory (under QEMU a copy of it, and one page).
 */
static int run_vfork_child(void *page)
{
	unsigned int failures = check_failures();

	check_self(page, 0);
	return check_failures() != failures;
}

static void check_vfork(void)
{
	uint8_t *stack = malloc(STACK_SIZE);
	struct page page;
	pid_t child;

	check_about("clone: vfork");
	make(&page);
	GOOD(vdsogen_process_vfork(page.process));
	child = clone(run_vfork_child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, &page);
	check_child(child);
	check_self(&page, 0);

	/* two children share it; what changes meanwhile is shown when both have gone */
	GOOD(vdsogen_process_vfork(page.process));
	GOOD(vdsogen_process_vfork_end(page.process));
	check_self(&page, 0);
	GOOD(vdsogen_process_thread(page.process));
	check_self(&page, 0);
	GOOD(vdsogen_process_vfork_end(page.process));
	check_self(&page, everything(&page) & ~tid_function);
	CHECK(vdsogen_process_vfork_end(page.process) == -VDSOGEN_ERR_VALUE, "one end too many");
	check_self(&page, everything(&page) & ~tid_function);
	page_free(&page);
	free(stack);
}

/* -------------------------------------------------------------------------
 * Threads: each has its own tid, which the one block cannot tell.
 */
static void *run_thread(void *page_)
{
	const struct page *page = page_;
	long tid = ask(SYS_gettid, 0, 0, 0), pid = ask(SYS_getpid, 0, 0, 0), value;

	trap.count = 0;
	value = page_call(page, VDSOGEN_GETTID, 0, 0, 0);
	CHECK(value == tid && value != pid, "gettid in a thread = %ld, not %ld", value, tid);
	CHECK(trap.count == 1, "gettid in a thread: %lu fallbacks", trap.count);
	value = page_call(page, VDSOGEN_GETPID, 0, 0, 0);
	CHECK(value == pid, "getpid in a thread = %ld, not %ld", value, pid);
	CHECK(trap.count == 1, "getpid in a thread: %lu fallbacks", trap.count - 1);
	return NULL;
}

static void check_threads(void)
{
	pthread_t threads[THREADS];
	struct page page, after;

	check_about("clone: threads");
	make(&page);
	for (int i = 0; i < THREADS; i++) {
		GOOD(vdsogen_process_thread(page.process));
		pthread_create(&threads[i], NULL, run_thread, &page);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	check_self(&page, everything(&page) & ~tid_function);

	check_about("clone: exec after threads");
	page_clone(&after, &page);
	GOOD(vdsogen_process_exec(after.process, page.process));
	check_difference(&page, &after);
	check_self(&after, everything(&after));
	GOOD(vdsogen_process_exec(page.process, page.process));
	check_self(&page, everything(&page));
	page_free(&after);
	page_free(&page);
}

/* -------------------------------------------------------------------------
 * A publisher that died at work: the copy's block is set anew all the same.
 */
static void check_busy(void)
{
	struct vdsogen_identity self;
	struct page page, clone;

	check_about("clone: of a block at work");
	make(&page);
	page.process->seq++;
	page_clone(&clone, &page);
	CHECK(vdsogen_process_fork(clone.process, page.process, OTHER_PID, OTHER_PPID) ==
	      -VDSOGEN_ERR_BUSY, "fork of a block at work");
	CHECK(vdsogen_process_exec(clone.process, page.process) == -VDSOGEN_ERR_BUSY,
	      "exec of a block at work");
	CHECK(!memcmp(page.process, clone.process, sizeof *page.process),
	      "a refused fork or exec writes");
	identify(&self);
	GOOD(vdsogen_process_set(clone.process, &self));
	check_self(&clone, everything(&clone));
	page_free(&clone);
	page_free(&page);
}

void exec_clone(void)
{
	check_copy();
	check_built();
	check_fork();
	check_vfork();
	check_threads();
	check_busy();
}
