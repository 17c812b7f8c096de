/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of `vdsogen run` share. */
#ifndef RUN_H
#define RUN_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "tool.h"
#include "tracee.h"

#define NSEC_PER_SEC 1000000000

/* The program's clock as a function of the host's. */
struct change {
	int64_t offset_sec;
	uint32_t offset_nsec;
	uint32_t scale, unit;		/* rate */
};

struct run {
	struct vdsogen_config config;
	struct change change;
	const char *file;		/* the image's, or NULL */
	bool count, freeze, identity, rate;
	char **program;

	struct tracee_image image;
	unsigned char *memory;		/* the image */
	int32_t process;		/* offset in it of the process block */
	struct vdsogen_clock *clock;
	struct vdsogen_random *random;	/* behind it; NULL: the image has no getrandom */
	struct vdsogen_sample first;	/* of the host */
	struct vdsogen_source source;
	pthread_t publisher;
	pid_t pid;
	int exec_error;			/* descriptor that has errno if exec fails */
	bool started;			/* exec has been seen */
	int status;			/* wait status of the program */
	bool told_32bit;
	int failed;			/* exit status of our own, if not 0 */
	uint64_t calls[VDSOGEN_FUNCTIONS][VDSOGEN_CLOCK_IDS + 1];
};

/* Whether the program's clock is another than the host's. */
bool run_changed(const struct run *run);

/* Says what failed, by errno; false. */
bool run_broken(const char *what);

/* The image and, in it, the clock block. False: it has been reported, as by the others. */
bool run_make_image(struct run *run);

/* The clock, and the thread that goes on to publish it. */
bool run_start_clock(struct run *run);
void run_start_random(struct run *run);
bool run_start_publisher(struct run *run);

/* A stopped call of the image's function: not made but answered, if the page has the clock. */
void run_answer(const struct run *run, pid_t tid, unsigned int function,
		const uint64_t argument[2]);

/* In the program's process: clock calls and the like stop from now on. 0, or errno. */
int run_filter_calls(const struct run *run);
/* One has stopped. */
void run_call(struct run *run, pid_t tid);
void run_print_count(const struct run *run);

/*
 * --identity: what happens to processes and threads. All are told of at a stop of
 * the one in question, but run_ended().
 */

bool run_knows(pid_t tid);
/* Does nothing for one that is known. */
void run_born(struct run *run, pid_t tid);
/* As tracee_install() does it. */
enum tracee_result run_exec(struct run *run, pid_t pid, char why[TRACEE_WHY_ROOM]);
/* PTRACE_EVENT_EXIT. */
void run_ending(pid_t tid);
void run_ended(pid_t tid);

/* System calls that change who a process is: at most RUN_CHANGE_CALLS; their count. */
enum { RUN_CHANGE_CALLS = 15 };
size_t run_change_calls(int numbers[RUN_CHANGE_CALLS]);
/* One of them has stopped: true, and its return is to stop, too. */
bool run_change_begins(pid_t tid);
void run_change_ends(pid_t tid);

/* Blocks the signals that go on to the program; *mask is what was blocked before. */
void run_hold_signals(sigset_t *mask);
/* The program's process; `mask` and `sigchld` are what it is to have. */
bool run_start_program(struct run *run, const sigset_t *mask, const struct sigaction *sigchld);
/* Until the last process has ended. */
void run_tend(struct run *run);
/* The exit status that tells how the program ended, or an end by its signal. */
int run_exit_like(const struct run *run);

#endif
