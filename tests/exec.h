/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The execution test: images are built, mapped and called on the processor
 * this program runs on. Nothing but the C library and the library under test,
 * so that it can be cross-compiled and run under an emulator.
 */
#ifndef EXEC_H
#define EXEC_H

#include <stdbool.h>
#include <time.h>

#include "vdsogen.h"

#define NSEC_PER_SEC 1000000000

/* -------------------------------------------------------------------------
 * Checks: one line for each that fails.
 */
#define CHECK(condition, ...) check_that((condition), __FILE__, __LINE__, __VA_ARGS__)

bool check_that(bool good, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* How many have failed: what the child of a fork has to tell. */
unsigned int check_failures(void);

/* What the following checks are about: part of every line. */
void check_about(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* -------------------------------------------------------------------------
 * A page: one image under two mappings, as a guest sees it and as its
 * publisher does. The guest's cannot be written: a trampoline that tries dies.
 */
#define PAGE_OUTSIDE 3		/* pages of data outside of the image: clock, process, cpu word */

struct page {
	uint8_t *code;		/* readable, executable */
	uint8_t *data;		/* readable, writable; the pages outside follow the image */
	int fd;			/* the memory of both */
	size_t size;		/* of the image */
	unsigned int outsides;
	int32_t outside[PAGE_OUTSIDE]; /* where the guest has them, from `code` on */
	struct vdsogen_image image;
	struct vdsogen_clock *clock;
	struct vdsogen_process *process; /* NULL: no identity function */
	uint32_t *cpu_word;	/* NULL: getcpu reads none */
	struct vdsogen_source source;
	struct timespec floor[2]; /* REALTIME and MONOTONIC before the last publication */
	bool counts;
	bool still;		/* do not publish between calls: the block was written by hand */
};

/* Where the blocks of the pages to come are; part of every page_make(). */
struct layout {
	const char *name;
	uint32_t data, distance;	/* as in struct vdsogen_config */
	uint32_t process, process_distance;
};
extern struct layout page_layout;

/* Whether fallbacks are made by the system call instruction or counted by a trap in its place. */
enum page_traps { PAGE_ASKS, PAGE_COUNTS };

void page_make(struct page *page, const struct vdsogen_config *config, enum page_traps traps);
void page_free(struct page *page);

/* Another page of the same bytes, memory of its own. */
void page_clone(struct page *clone, const struct page *page);
/* What this process has at the one's address becomes the other: exec, a child that gets its own. */
void page_replace(struct page *page, const struct page *by);
/* How many bytes `data` is long. */
size_t page_bytes(const struct page *page);

/* Whether this processor has what that form of the counter or of getcpu needs. */
bool counter_works(uint32_t counter);
bool getcpu_works(uint32_t getcpu);

#define ALL_CLOCKS (1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC | \
		    1u << VDSOGEN_MONOTONIC_RAW | 1u << VDSOGEN_REALTIME_COARSE | \
		    1u << VDSOGEN_MONOTONIC_COARSE | 1u << VDSOGEN_BOOTTIME | 1u << VDSOGEN_TAI)

/* Starts and updates the clock with the system's time. update returns what the library does. */
void page_start(struct page *page);
int page_update(struct page *page);

/* Calls a function of the page; checks what the calling convention preserves. */
long page_call(const struct page *page, unsigned int function, uintptr_t a, uintptr_t b,
	       uintptr_t c);

/* The same with all arguments that a function has; nothing secret is left in vector registers. */
#define PAGE_ARGUMENTS 5
struct secret {
	const char *name;
	const void *bytes;	/* of before the call or behind it: looked at when it returned */
	size_t size;		/* 0: the last one */
};
long page_call_all(const struct page *page, unsigned int function,
		   const uintptr_t arguments[PAGE_ARGUMENTS], const struct secret *secret);

/* The same without the checks, for speed. */
typedef long page_fn(uintptr_t a, uintptr_t b, uintptr_t c);
page_fn *page_function(const struct page *page, unsigned int function);

/* Both again, by way of the function's slot. */
long page_call_slot(const struct page *page, unsigned int function,
		    const uintptr_t arguments[PAGE_ARGUMENTS]);
page_fn *page_slot(const struct page *page, unsigned int function);

/* The system call itself: its value or -errno. */
long ask(long number, uintptr_t a, uintptr_t b, uintptr_t c);

/* -------------------------------------------------------------------------
 * Fallbacks of a page that counts. Each thread has its own count.
 */
struct trap {
	unsigned long count;
	unsigned int function;	/* whose fallback the last one was */
	long number;		/* of its system call */
	uint64_t counter;	/* the page's counter register then */
	uint64_t pc;		/* from the start of the image */
};
extern _Thread_local struct trap trap;

/* What answers a fallback: ask(), unless told otherwise. */
typedef long trap_answer_fn(long number, uintptr_t a, uintptr_t b, uintptr_t c);

void trap_watch(const struct page *page);
void trap_answer_with(trap_answer_fn *answer);
/* Puts the trap in place of every system call instruction of the page; checks that it is one. */
void trap_patch(const struct page *page);

/* -------------------------------------------------------------------------
 * What a page is expected to answer without a system call.
 */
struct expect {
	uint32_t clocks;	/* clock_gettime: 1u << id */
	uint32_t res;		/* clock_getres: 1u << id */
	bool gettimeofday;
	bool zone;		/* gettimeofday without a time */
	bool time;
	bool getcpu;
};
/* Everything of a started page of this configuration, or nothing. */
struct expect expect_all(const struct page *page);

/* Every function, clock id and NULL combination against the system call. */
void check_calls(struct page *page, const struct expect *expect);

/* -------------------------------------------------------------------------
 * Identity.
 */
#define ALL_FIELDS ((1u << VDSOGEN_FIELDS) - 1)

/* This process as the system has it; names of 64 characters if not. */
void identify(struct vdsogen_identity *identity);
void long_names(struct vdsogen_utsname *uts);

/* Which functions are answered without the system if all fields of that identity are shown. */
uint32_t identity_known(const struct page *page, const struct vdsogen_identity *identity);
/*
 * Every identity function of the page x every class of arguments: 1u << function in `fast`
 * answers what the identity says, all others what the system does.
 */
void check_identity(const struct page *page, const struct vdsogen_identity *identity, uint32_t fast);

/* A signal handler that returns there. */
void check_sigreturn(page_fn *restorer);

/* What the suites are; each makes its own pages. */
void exec_calls(void);
void exec_states(void);
void exec_faults(void);
void exec_arithmetic(void);
void exec_exact(void);
void exec_signal(void);
void exec_torn(void);
void exec_random(void);
void exec_random_keys(void);
void exec_random_output(void);
void exec_threads(void);
void exec_fallback(void);
void exec_anchor(void);
void exec_identity(void);
void exec_uname(void);
void exec_change(void);
void exec_clone(void);
void exec_getcpu(void);
void exec_slots(void);

#endif
