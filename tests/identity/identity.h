/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs for vdsogen run --identity: each asks the page who it is and compares
 * that with what the system calls say. A scenario is one file, `identity NAME`.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* -------------------------------------------------------------------------
 * functions.c: the functions of this process's page, and the system calls.
 */
enum function {
	GETPID, GETPPID, GETTID, GETPGID, GETSID, GETPRIORITY, GETUID, GETEUID, GETGID, GETEGID,
	UNAME, FUNCTIONS
};

#define ALL ((1u << FUNCTIONS) - 1)
#define BIT(function) (1u << (function))
#define USERS (BIT(GETUID) | BIT(GETEUID) | BIT(GETGID) | BIT(GETEGID))

/* Where the vDSO is. */
struct place {
	unsigned long at, size;
};

/* False, with a message: the vDSO lacks one of them. */
bool find_functions(struct place *place);

/* What a function returns, by the page or by the system call; UNAME: a hash of the names. */
long by_page(enum function function);
long by_call(enum function function);
const char *function_name(enum function function);

/* -------------------------------------------------------------------------
 * compare.c
 */

/* All functions; `where` is for the message. In any process, thread or child of vfork. */
void compare(const char *where);

/*
 * From now on, system calls of the page, in this process or thread and its children
 * to come, are counted. They take a filter: a child by fork() that has one from its
 * parent can be given a page of its own only by root.
 */
void count_calls(void);
/* Those of `fast` answer without a system call, those of `slow` with one. */
void expect(const char *where, unsigned int fast, unsigned int slow);
/* The same, tried again for a while: what is known again comes late. */
void expect_soon(const char *where, unsigned int fast);
/* Of a call that changes this process: it succeeds, and all are fast. */
void expect_after(int result, const char *call);

void failed(const char *where, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What has failed, in this process; for exit(). */
int failures(void);

/* Of a child: what it has found wrong, or its death, is counted here. */
void wait_for(const char *where, pid_t pid);
/* A child of fork() that returns by finish(). */
pid_t begin_child(void);
_Noreturn void finish(void);
/* One that does no more than that. */
void in_child(const char *where, void (*function)(void));
/* A child that may wait for a word of its parent: the one await_word(), the other give_word(). */
pid_t begin_waiting(int *word);
void await_word(int word);
void give_word(int word);

/*
 * The first thread ends, by the system call: musl's pthread_exit() leaves a lock
 * behind in a child of fork. The others go on.
 */
_Noreturn void end_first_thread(void);
void await_first_thread(void);

bool is_root(void);
extern const char *own_path;
/* Runs this program again, in this process. */
_Noreturn void exec_again(const char *scenario);

/* -------------------------------------------------------------------------
 * Scenarios.
 */
void test_start(void);
void test_compare(void);
void test_fork(void);
void test_vfork(void);
void test_threads(void);
void test_users(void);
void test_groups(void);
void test_nice(void);
void test_names(void);
void test_namespaces(void);
void test_exec(void);
void test_orphans(void);
void test_filter(void);
void test_many(void);
void test_storm(void);

#endif
