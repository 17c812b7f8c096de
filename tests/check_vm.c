/* SPDX-License-Identifier: BSD-2-Clause */
/* What runner/vm.h promises, on the back end that was linked. A guest is a few instructions. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runner/vm.h"
#include "tools/host.h"

enum { CODE = 0x10000, DATA = 0x20000, STACK = 0x30000, MEMORY = 64 * VM_PAGE };
enum { PATIENCE = 300 };	/* seconds, for a guest that goes where it should not */

/* Guest code, at CODE. Each piece ends in a system call, whose number says which. */
/* Not by way of the GOT, where a linker takes local symbols of one section for one another. */
#pragma GCC visibility push(hidden)
extern const uint8_t guest_code[], guest_code_end[], guest_load[], guest_store[], guest_call[];
extern const uint8_t guest_loop[], guest_storm[], guest_storm_asked[], guest_storm_told[];
extern const uint8_t guest_storm_end[], guest_steps[], guest_any[], guest_counter[];
extern const uint8_t guest_read_counter[];
#pragma GCC visibility pop


static struct vm *vm;
static struct vcpu *vcpu;
static uint8_t *memory;
static uint64_t physical;
static int failures, checks;

static void check(bool good, const char *what)
{
	checks++;
	if (!good) {
		failures++;
		printf("FAIL: %s\n", what);
	}
}

static void must(int failed, const struct runner_error *error)
{
	if (failed) {
		printf("FAIL: %s\n", error->text);
		exit(EXIT_FAILURE);
	}
}

static void map(uint64_t at, unsigned int page, unsigned int pages, unsigned int prot)
{
	struct runner_error error;

	must(vm_map(vm, guest_at(at), physical + page * VM_PAGE, pages * VM_PAGE, prot, &error), &error);
}

static struct vm_exit run(const uint8_t *code, uint64_t first, uint64_t second)
{
	struct vm_exit exit;

	vcpu_set(vcpu, VM_PC, CODE + (uint64_t)(code - guest_code));
	vcpu_set(vcpu, VM_ARGUMENT, first);
	vcpu_set(vcpu, VM_ARGUMENT + 1, second);
	do
		vcpu_run(vcpu, 0, &exit);
	while (exit.why == VM_INTERRUPTED);
	return exit;
}

static bool loads(uint64_t at, uint64_t value)
{
	struct vm_exit exit = run(guest_load, at, 0);

	return exit.why == VM_CALL && vcpu_get(vcpu, VM_NUMBER) == 1 &&
	       vcpu_get(vcpu, VM_ARGUMENT + 1) == value;
}

static bool stores(uint64_t at, uint64_t value)
{
	struct vm_exit exit = run(guest_store, at, value);

	return exit.why == VM_CALL && vcpu_get(vcpu, VM_NUMBER) == 2;
}

static bool faults(const uint8_t *code, uint64_t at, int signal_code)
{
	struct vm_exit exit = run(code, at, 0);

	return exit.why == VM_FAULT && exit.fault.signal == SIGSEGV && exit.fault.code == signal_code &&
	       exit.fault.address.v == at && vcpu_get(vcpu, VM_PC) == CODE + (uint64_t)(code - guest_code);
}

#if defined __x86_64__
#include "vm-x86_64.h"
#elif defined __aarch64__
#include "vm-aarch64.h"
#else
#error "guest code for this machine: add it here"
#endif

static void calls(void)
{
	struct vm_exit exit = run(guest_call, 11, 22);

	check(exit.why == VM_CALL && vcpu_get(vcpu, VM_NUMBER) == 3, "a system call");
	check(vcpu_get(vcpu, VM_ARGUMENT) == 11 && vcpu_get(vcpu, VM_ARGUMENT + 1) == 22, "its arguments");
	check(vcpu_get(vcpu, VM_SP) == STACK, "the stack pointer");
	vcpu_set(vcpu, VM_RESULT, 1234567890123);
	vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_CALL && vcpu_get(vcpu, VM_NUMBER) == 4, "the next one");
	check(vcpu_get(vcpu, VM_ARGUMENT) == 1234567890123, "the result of the first");
	vcpu_set(vcpu, VM_THREAD_POINTER, 0x123456789);
	check(vcpu_get(vcpu, VM_THREAD_POINTER) == 0x123456789, "the thread pointer");
}

/* Every way in which the use of a page that was in use must end. */
static void changes(void)
{
	uint64_t *page = (uint64_t *)(memory + 8 * VM_PAGE);

	page[0] = 1;
	page[VM_PAGE / sizeof *page] = 2;
	map(DATA, 8, 1, GUEST_READ | GUEST_WRITE);
	check(loads(DATA, 1), "a page");
	check(stores(DATA, 5) && page[0] == 5, "a store");
	map(DATA, 9, 1, GUEST_READ | GUEST_WRITE);
	check(loads(DATA, 2), "another page in its place");
	map(DATA, 8, 1, GUEST_READ);
	check(loads(DATA, 5), "the first again");
	check(faults(guest_store, DATA, SEGV_ACCERR), "a store to a page to be read");
	map(DATA, 8, 1, GUEST_READ | GUEST_WRITE);
	check(stores(DATA, 6) && page[0] == 6, "a page that may be written again");
	vm_unmap(vm, guest_at(DATA), VM_PAGE);
	check(faults(guest_load, DATA, SEGV_MAPERR), "a page that is not there any more");
	check(faults(guest_load, DATA + 4 * VM_PAGE, SEGV_MAPERR), "a page that never was");
	map(DATA, 8, 2, GUEST_READ | GUEST_WRITE);
	check(loads(DATA, 6) && loads(DATA + VM_PAGE, 2), "two pages");
	vm_unmap(vm, guest_at(DATA), 2 * VM_PAGE);
	map(DATA, 8, 1, GUEST_READ | GUEST_WRITE);
	check(loads(DATA, 6) && faults(guest_load, DATA + VM_PAGE, SEGV_MAPERR), "one of them");
}

/* What is the host's to write, the guest sees. */
static void shared(void)
{
	uint64_t *page = (uint64_t *)(memory + 10 * VM_PAGE);

	map(DATA, 10, 1, GUEST_READ);
	for (uint64_t i = 0; i < 5; i++) {
		page[0] = i;
		check(loads(DATA, i), "a store of the host's");
	}
}

/* A file of one page that is mapped as two, read-only for the host. */
static uint8_t *map_file(unsigned int page)
{
	int fd = memfd_create("pages", 0), reader;
	uint64_t content = 0x1122334455667788;
	uint8_t *at = memory + page * VM_PAGE;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY);
	if (fd < 0 || ftruncate(fd, VM_PAGE) || pwrite(fd, &content, sizeof content, 0) < 0 ||
	    mmap(at, 2 * VM_PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, reader, 0) != at) {
		perror("FAIL: a file to map");
		exit(EXIT_FAILURE);
	}
	close(fd);
	close(reader);
	return at;
}

static bool kernel_can_write(void *at)
{
	int zero = open("/dev/zero", O_RDONLY);
	ssize_t got = read(zero, at, 1);

	close(zero);
	return got == 1;
}

/* What the host may only read is what it was before, when the guest has lost it. */
static void files(void)
{
	uint8_t *host = map_file(12);
	struct vm_exit exit;

	map(DATA, 12, 2, GUEST_READ);
	check(loads(DATA, 0x1122334455667788), "a page of a file");
	exit = run(guest_load, DATA + VM_PAGE + 8, 0);
	check(exit.why == VM_FAULT && exit.fault.signal == SIGBUS && exit.fault.code == BUS_ADRERR,
	      "a page behind the end of a file");
	check(vcpu_get(vcpu, VM_PC) == CODE + (uint64_t)(guest_load - guest_code), "where that was");
	vm_unmap(vm, guest_at(DATA + VM_PAGE), VM_PAGE);
	check(faults(guest_load, DATA + VM_PAGE + 8, SEGV_MAPERR), "its address, when it is not there");
	vm_unmap(vm, guest_at(DATA), VM_PAGE);
	check(faults(guest_load, DATA, SEGV_MAPERR), "a file's page that is gone");
	check(*(uint64_t *)host == 0x1122334455667788 && !kernel_can_write(host), "the host's mapping");
}

/* Other threads' system calls use the pages that the guest loses a right to, or just did. */
static int stop_writing, writes_failed;

static void *keep_writing(void *page)
{
	while (!__atomic_load_n(&stop_writing, __ATOMIC_RELAXED))
		if (!kernel_can_write(page))
			writes_failed++;
	return NULL;
}

static void unnoticed(void)
{
	uint8_t *page = memory + 14 * VM_PAGE;
	pthread_t thread;

	if (pthread_create(&thread, NULL, keep_writing, page))
		exit(EXIT_FAILURE);
	for (int i = 0; i < 2000; i++) {
		map(DATA, 14, 1, GUEST_READ | GUEST_WRITE | GUEST_EXEC);
		map(DATA, 14, 1, GUEST_READ | GUEST_WRITE);
	}
	__atomic_store_n(&stop_writing, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	check(writes_failed == 0, "system calls meanwhile");
}

/* Another vCPU is in the middle of its work when a page is taken from it. */
static struct vcpu *worker;
static struct vm_exit worker_end;

static unsigned int runs;	/* of a vCPU that is kicked */

static void *work(void *unused)
{
	do {
		__atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
		vcpu_run(worker, 0, &worker_end);
	} while (worker_end.why == VM_INTERRUPTED);
	return unused;
}

static bool counts(const uint64_t *counter)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t before = __atomic_load_n(counter, __ATOMIC_RELAXED);

	for (int tries = 0; tries < 5000; tries++) {
		nanosleep(&pause, NULL);
		if (__atomic_load_n(counter, __ATOMIC_RELAXED) != before)
			return true;
	}
	return false;
}

static bool stands_still(const uint64_t *counter)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	uint64_t before = __atomic_load_n(counter, __ATOMIC_RELAXED);

	nanosleep(&pause, NULL);
	return __atomic_load_n(counter, __ATOMIC_RELAXED) == before;
}

static void others(void)
{
	uint64_t *first = (uint64_t *)(memory + 16 * VM_PAGE), *second = first + VM_PAGE / sizeof *first;
	struct runner_error error;
	pthread_t thread;
	bool moved = true;

	map(DATA, 16, 1, GUEST_READ | GUEST_WRITE);
	must(vcpu_create(&worker, vm, guest_at(CODE + (uint64_t)(guest_loop - guest_code)),
			 guest_at(STACK), &error), &error);
	vcpu_set(worker, VM_ARGUMENT, DATA);
	if (pthread_create(&thread, NULL, work, NULL))
		exit(EXIT_FAILURE);
	for (int i = 0; i < 20 && moved; i++) {
		moved = counts(first);
		map(DATA, 17, 1, GUEST_READ | GUEST_WRITE);
		moved = moved && stands_still(first) && counts(second);
		map(DATA, 16, 1, GUEST_READ | GUEST_WRITE);
		moved = moved && stands_still(second);
	}
	check(moved, "another page under a vCPU that writes");
	map(DATA, 16, 1, GUEST_READ);
	check(stands_still(first), "a page that a vCPU may not write to any more");
	pthread_join(thread, NULL);
	check(worker_end.why == VM_FAULT && worker_end.fault.signal == SIGSEGV &&
	      worker_end.fault.address.v == DATA, "what that vCPU was told");
}

static void *kick_soon(void *loops)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (!__atomic_load_n((uint64_t *)loops, __ATOMIC_RELAXED))
		nanosleep(&pause, NULL);
	vcpu_kick(vcpu);
	return NULL;
}

static void kicks(void)
{
	uint64_t *loops = (uint64_t *)(memory + 11 * VM_PAGE);
	struct vm_exit exit;
	pthread_t thread;

	map(DATA, 11, 1, GUEST_READ | GUEST_WRITE);
	vcpu_set(vcpu, VM_PC, CODE + (uint64_t)(guest_loop - guest_code));
	vcpu_set(vcpu, VM_ARGUMENT, DATA);
	vcpu_kick(vcpu);
	vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_INTERRUPTED && *loops == 0, "a kick before the run");
	if (pthread_create(&thread, NULL, kick_soon, loops))
		exit.why = VM_OFF;
	else
		vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_INTERRUPTED && *loops > 0, "a kick in the middle of a run");
	pthread_join(thread, NULL);
	check(loads(DATA, *loops), "the run after a kick");
	/* the result of a call is not lost by a kick before it is there */
	run(guest_call, 0, 0);
	vcpu_set(vcpu, VM_RESULT, 77);
	vcpu_kick(vcpu);
	vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_INTERRUPTED, "a kick on the way back from a call");
	vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_CALL && vcpu_get(vcpu, VM_ARGUMENT) == 77, "the result of that call");
}

/* A single kick, when a run is about to begin, or just has: 100 of them, each in its turn. */
enum { TURNS = 100 };
static int turn;

static void *kick_in_turn(void *unused)
{
	const long most = 400000, prime = 7919;

	for (int i = 1; i <= TURNS; i++) {
		const struct timespec pause = { .tv_nsec = i * prime % most };

		while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) < i)
			;
		nanosleep(&pause, NULL);
		vcpu_kick(vcpu);
	}
	return unused;
}

static void beginnings(void)
{
	struct vm_exit exit = { .why = VM_INTERRUPTED, .kicked = true };
	pthread_t thread;

	vcpu_set(vcpu, VM_PC, CODE + (uint64_t)(guest_loop - guest_code));
	vcpu_set(vcpu, VM_ARGUMENT, DATA);
	if (pthread_create(&thread, NULL, kick_in_turn, NULL))
		_exit(EXIT_FAILURE);
	for (int i = 1; i <= TURNS; i++) {
		__atomic_store_n(&turn, i, __ATOMIC_SEQ_CST);
		if (exit.why == VM_INTERRUPTED && exit.kicked)
			vcpu_run(vcpu, 0, &exit);
	}
	pthread_join(thread, NULL);
	check(exit.why == VM_INTERRUPTED && exit.kicked, "a kick when a run begins");
	vcpu_kick(vcpu);	/* what has been kicked is one run's, then */
	vcpu_run(vcpu, 0, &exit);
}

/*
 * Kicks at any moment: a run never ends where user code is not, and no call or fault is
 * lost, or told twice.
 */
enum { STORM_LAPS = 3000, STORM_PID = 12345, STORM_RESULT = 1000000 };
static int storm_over;

/*
 * Some time into a run, and one a run: what is kicked again whenever it has been looked at gets
 * nowhere. Each eighth one is left alone, for a processor that is slow to begin.
 */
static void *keep_kicking(void *whom)
{
	struct timespec pause = { 0 };
	unsigned int kicked = 0;

	while (!__atomic_load_n(&storm_over, __ATOMIC_RELAXED)) {
		const unsigned int run = __atomic_load_n(&runs, __ATOMIC_RELAXED);

		if (run == kicked || run % 8 == 0) {
			sched_yield();
			continue;
		}
		kicked = run;
		pause.tv_nsec = (pause.tv_nsec + 7919) % 50000;
		nanosleep(&pause, NULL);
		vcpu_kick(whom);
	}
	return NULL;
}

static bool is_at(const uint8_t *code)
{
	return vcpu_get(vcpu, VM_PC) == CODE + (uint64_t)(code - guest_code);
}

static bool is_in_storm(uint64_t last)
{
	const uint64_t offset = vcpu_get(vcpu, VM_PC) - CODE - (uint64_t)(guest_storm - guest_code);
	const uint64_t result = vcpu_get(vcpu, VM_RESULT);

	return offset < (uint64_t)(guest_storm_end - guest_storm) && vcpu_get(vcpu, VM_SP) == STACK &&
	       (!is_at(guest_storm_asked) || result == STORM_PID) &&
	       (!is_at(guest_storm_told) || result == last);
}

/* Until something else than an interruption, each of which is a signal's handler and its end. */
static bool weather(struct vm_exit *exit, uint64_t last, unsigned int *interruptions)
{
	struct vm_registers all;

	for (;;) {
		__atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
		vcpu_run(vcpu, 0, exit);
		if (exit->why != VM_INTERRUPTED)
			return true;
		++*interruptions;
		if (!is_in_storm(last) || vcpu_save(vcpu, &all))
			return false;
		vcpu_set(vcpu, VM_PC, CODE);
		vcpu_set(vcpu, VM_RESULT, 0);
		if (vcpu_load(vcpu, &all) || !is_in_storm(last))
			return false;
	}
}

/* One lap: the call, then the fault. */
static bool lap(uint64_t last, unsigned int *interruptions)
{
	struct vm_exit exit;

	if (!weather(&exit, last, interruptions) || exit.why != VM_CALL)
		return false;
	if (vcpu_get(vcpu, VM_NUMBER) != 5) {	/* an answer would not do just now */
		if (vcpu_get(vcpu, VM_NUMBER) != SYS_getpid || !is_at(guest_storm_asked))
			return false;
		vcpu_set(vcpu, VM_RESULT, STORM_PID);
		return lap(last, interruptions);
	}
	if (!is_at(guest_storm_told) || vcpu_get(vcpu, VM_ARGUMENT + 1) != STORM_PID)
		return false;
	vcpu_set(vcpu, VM_RESULT, ++last);
	if (!weather(&exit, last, interruptions) || exit.why != VM_FAULT || !is_at(guest_storm_told) ||
	    exit.fault.address.v != DATA)
		return false;
	vcpu_set(vcpu, VM_PC, CODE + (uint64_t)(guest_storm - guest_code));
	return true;
}

static void storm(void)
{
	const struct vm_answers answers = { .pid = STORM_PID };
	unsigned int interruptions = 0, laps = 0;
	pthread_t thread;

	vm_unmap(vm, guest_at(DATA), VM_PAGE);
	vcpu_answer(vcpu, &answers);
	vcpu_set(vcpu, VM_PC, CODE + (uint64_t)(guest_storm - guest_code));
	vcpu_set(vcpu, VM_ARGUMENT + 2, DATA);
	if (pthread_create(&thread, NULL, keep_kicking, vcpu))
		exit(EXIT_FAILURE);
	while (laps < STORM_LAPS && lap(STORM_RESULT + laps, &interruptions))
		laps++;
	__atomic_store_n(&storm_over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	run(guest_call, 0, 0);	/* the last kick has been seen then */
	check(laps == STORM_LAPS, "calls and faults in a storm of kicks");
	check(interruptions > 0, "a kick in that storm");
	if (laps < STORM_LAPS)
		printf("lap %u: pc %#lx, result %#lx\n", laps, (unsigned long)vcpu_get(vcpu, VM_PC),
		       (unsigned long)vcpu_get(vcpu, VM_RESULT));
}

enum { STEPS = sizeof steps_at / sizeof *steps_at };

static bool is_at_step(unsigned int step)
{
	return vcpu_get(vcpu, VM_PC) == CODE + (uint64_t)(guest_steps - guest_code) + steps_at[step];
}

static bool steps_to(struct vm_exit *exit, unsigned int step)
{
	vcpu_run(vcpu, 0, exit);
	return exit->why == VM_FAULT && exit->fault.signal == SIGTRAP && exit->fault.code == TRAP_TRACE &&
	       is_at_step(step);
}

static void *kick_often(void *stop)
{
	const struct timespec pause = { .tv_nsec = 50000 };

	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		vcpu_kick(vcpu);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Through calls, too: wherever a kick comes, each instruction is run once. */
static void kick_steps(uint64_t at)
{
	uint64_t pc = CODE + (uint64_t)(guest_steps - guest_code);
	bool stop = false, good = true;
	unsigned int next = 0, kicked = 0;
	struct vm_exit exit;
	pthread_t thread;

	vcpu_set(vcpu, VM_PC, pc);
	vcpu_set(vcpu, VM_ARGUMENT, at);
	if (pthread_create(&thread, NULL, kick_often, &stop))
		_exit(EXIT_FAILURE);
	for (unsigned int i = 0; i < 1000 && good; i++) {
		vcpu_step(vcpu, true);
		vcpu_run(vcpu, 0, &exit);
		kicked += exit.why == VM_INTERRUPTED;
		if (exit.why != VM_INTERRUPTED)
			next = (next + 1) % STEPS;
		vcpu_step(vcpu, false);
		good = is_at_step(next) && (exit.why == VM_INTERRUPTED ||
					    exit.why == (next == STEP_CALL ? VM_CALL : VM_FAULT));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	check(good && kicked, "steps between kicks");
}

static void steps(void)
{
	uint64_t *page = (uint64_t *)(memory + 20 * VM_PAGE), before;
	struct vm_exit exit;

	map(DATA, 20, 1, GUEST_READ | GUEST_WRITE);
	before = page[0];
	vcpu_set(vcpu, VM_PC, CODE + (uint64_t)(guest_steps - guest_code));
	vcpu_set(vcpu, VM_ARGUMENT, DATA);
	vcpu_step(vcpu, true);
	check(steps_to(&exit, STEP_FIRST) && page[0] == before, "a step");
	for (unsigned int step = STEP_FIRST + 1; step <= STEP_STORED; step++) {
		vcpu_step(vcpu, true);
		check(steps_to(&exit, step) && page[0] == before + (step == STEP_STORED),
		      "a step that stores");
	}
	vcpu_kick(vcpu);
	vcpu_step(vcpu, true);
	vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_INTERRUPTED, "a kick before a step");
	check(steps_to(&exit, STEP_STORED + 1), "that step, then");
	vcpu_step(vcpu, true);
	vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_CALL && vcpu_get(vcpu, VM_NUMBER) == 5, "a step that is a call");
	vcpu_set(vcpu, VM_RESULT, 99);
	vcpu_step(vcpu, true);
	check(steps_to(&exit, STEP_CALL + 1) && vcpu_get(vcpu, VM_RESULT) == 99, "a step behind a call");
	vcpu_step(vcpu, false);
	vcpu_run(vcpu, 0, &exit);
	check(exit.why == VM_CALL && page[0] == before + 2, "steps no more");
	kick_steps(DATA);
}

/* -------------------------------------------------------------------------
 * What the machine answers itself.
 */
enum { ANY = 6, ANY_CHANGED = 7 };	/* the numbers with which guest_any ends */

/* The call, whatever it is. Whether the host was asked, with all registers as they were. */
static bool asks_host(uint64_t number, uint64_t first, uint64_t second, uint64_t third)
{
	struct vm_exit exit;

	vcpu_set(vcpu, VM_ARGUMENT + 2, third);
	vcpu_set(vcpu, VM_ARGUMENT + 4, number);
	exit = run(guest_any, first, second);
	return exit.why == VM_CALL && vcpu_get(vcpu, VM_NUMBER) == number &&
	       vcpu_get(vcpu, VM_ARGUMENT) == first && vcpu_get(vcpu, VM_ARGUMENT + 1) == second &&
	       vcpu_get(vcpu, VM_ARGUMENT + 2) == third;
}

/* Whether the program went on with that result, and its registers. */
static bool has_got(uint64_t result)
{
	return vcpu_get(vcpu, VM_NUMBER) == ANY && vcpu_get(vcpu, VM_ARGUMENT + 1) == result;
}

static bool goes_on(uint64_t result)
{
	struct vm_exit exit;

	vcpu_set(vcpu, VM_RESULT, result);
	do
		vcpu_run(vcpu, 0, &exit);
	while (exit.why == VM_INTERRUPTED);
	return exit.why == VM_CALL && has_got(result);
}

static bool is_answered(uint64_t number, uint64_t result)
{
	return !asks_host(number, 1, 2, 3) && has_got(result);
}

static void answers(void)
{
	const struct vm_answers answers = { 21, 22, 23, 24, 25, 26 };

	vcpu_attention(vcpu, VM_ATTENTION_ANSWERS, 0);
	check(asks_host(SYS_getpid, 1, 2, 3) && goes_on(5), "a call that nobody can answer");
	vcpu_answer(vcpu, &answers);
	check(is_answered(SYS_getpid, 21) && is_answered(SYS_gettid, 22) &&
		      is_answered(SYS_getuid, 23) && is_answered(SYS_geteuid, 24) &&
		      is_answered(SYS_getgid, 25) && is_answered(SYS_getegid, 26),
	      "calls that the machine answers");
	check(asks_host(SYS_getppid, 1, 2, 3) && goes_on(77), "one that it does not");
	vcpu_attention(vcpu, VM_ATTENTION_TRACE, 0);
	check(asks_host(SYS_getpid, 1, 2, 3) && goes_on(0), "a call that is to be seen");
	vcpu_attention(vcpu, VM_ATTENTION_OFF, VM_ATTENTION_TRACE);
	check(asks_host(SYS_gettid, 1, 2, 3), "a call while another lane is set");
	vcpu_attention(vcpu, 0, VM_ATTENTION_OFF);
	check(is_answered(SYS_getegid, 26), "answers again");
}

/* Whether this process has these bytes anywhere that is not the program's. */
static bool still_has(const uint8_t *bytes, size_t size)
{
	static uint8_t piece[64 * VM_PAGE];
	FILE *maps = fopen("/proc/self/maps", "r");
	int all = open("/proc/self/mem", O_RDONLY);
	unsigned long start, end;
	bool found = false;
	char line[512], writes;

	while (fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx r%c", &start, &end, &writes) == 3 && writes == 'w' &&
		    !strstr(line, "[stack]"))
			for (; start < end; start += sizeof piece) {
				size_t most = end - start < sizeof piece ? end - start : sizeof piece;

				if (start <= (uintptr_t)piece && (uintptr_t)piece < start + most)
					continue;
				if ((start >= (uintptr_t)memory && start < (uintptr_t)memory + MEMORY) ||
				    pread(all, piece, most, (off_t)start) != (ssize_t)most)
					continue;
				found |= memmem(piece, most, bytes, size) != NULL;
			}
	fclose(maps);
	close(all);
	return found;
}

enum { TAKEN = 64, URANDOM = 37 };

static void fill_pool(uint8_t *pool, size_t size)
{
	uint32_t state = 1;

	for (size_t i = 0; i < size; i++) {	/* xorshift: nothing comes twice */
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		pool[i] = (uint8_t)state;
	}
	vcpu_random_fill(vcpu, pool);
}

static void randoms(void)
{
	uint8_t *page = memory + 24 * VM_PAGE, pool[VM_PAGE], taken[TAKEN];
	size_t size = vcpu_random_room(vcpu);

	if (!size)	/* nothing of this machine's can be hidden from programs */
		return;
	map(DATA, 24, 1, GUEST_READ | GUEST_WRITE);
	check(asks_host(SYS_getrandom, DATA, TAKEN, 0) && goes_on(9), "random bytes that there are not");
	fill_pool(pool, size);
	check(!asks_host(SYS_getrandom, DATA, TAKEN, 0) && has_got(TAKEN) &&
		      !memcmp(page, pool, TAKEN) && vcpu_random_room(vcpu) == TAKEN,
	      "random bytes");
	check(!asks_host(SYS_getrandom, DATA + 8, TAKEN, 1) && has_got(TAKEN) &&
		      !memcmp(page + 8, pool + TAKEN, TAKEN),
	      "the next ones");
	check(asks_host(SYS_getrandom, DATA, TAKEN, 2) && asks_host(SYS_getrandom, DATA, 0, 0) &&
		      asks_host(SYS_getrandom, DATA, VM_PAGE, 0) &&
		      asks_host(SYS_getrandom, DATA, UINT64_MAX, 0),
	      "what the host decides");
	check(vcpu_random_room(vcpu) == 2 * TAKEN, "random bytes are left");
	check(asks_host(SYS_read, URANDOM, DATA, 1) && asks_host(SYS_read, UINT32_MAX, DATA, 1),
	      "a descriptor that is something else");
	vm_random_fd(vm, URANDOM, true);
	check(!asks_host(SYS_read, URANDOM, DATA, TAKEN) && has_got(TAKEN) &&
		      !memcmp(page, pool + 2 * TAKEN, TAKEN),
	      "a descriptor that is random");
	check(asks_host(SYS_read, URANDOM + 1, DATA, 1) && asks_host(SYS_read, URANDOM + 32, DATA, 1) &&
		      asks_host(SYS_read, VM_RANDOM_FDS, DATA, 1),
	      "those beside it");
	vm_random_fd(vm, URANDOM, false);
	check(asks_host(SYS_read, URANDOM, DATA, TAKEN), "one that is not any more");

	/* to where there is no memory, or not for this: nothing is given twice */
	check(asks_host(SYS_getrandom, DATA + VM_PAGE - TAKEN / 2, TAKEN, 0) && goes_on(3) &&
		      vcpu_random_room(vcpu) == 4 * TAKEN,
	      "random bytes for a page that is not there");
	check(!still_has(pool + 4 * TAKEN - TAKEN / 4, TAKEN / 4), "those that did not get there");
	map(DATA, 24, 1, GUEST_READ);
	check(asks_host(SYS_getrandom, DATA, TAKEN, 0) && goes_on(4), "for a page to be read");
	check(asks_host(SYS_getrandom, vm_own_range(vm).start.v, TAKEN, 0) && goes_on(4) &&
		      asks_host(SYS_getrandom, UINT64_MAX - TAKEN / 2, TAKEN, 0) && goes_on(4),
	      "for pages that no program has");
	map_file(26);
	map(DATA, 26, 2, GUEST_READ | GUEST_WRITE);
	check(asks_host(SYS_getrandom, DATA + VM_PAGE, TAKEN, 0) && goes_on(4),
	      "for a page behind the end of a file");
	map(DATA, 24, 1, GUEST_READ | GUEST_WRITE);
	while (!asks_host(SYS_getrandom, DATA, TAKEN, 0))
		memcpy(taken, page, TAKEN);
	check(vcpu_random_room(vcpu) + TAKEN > size, "all of them");
	memset(pool, 0, sizeof pool);
	memset(page, 0, VM_PAGE);
	check(!still_has(taken, TAKEN / 2), "random bytes that were given are gone");
}

/* -------------------------------------------------------------------------
 * The counter, also while there are more vCPUs.
 */
static bool is_the_counter(void)
{
	uint64_t before, told, after, distance;

	if (vm_counter_distance(vm, &distance))
		return true;
	before = host_ordered_counter() + distance;
	run(guest_read_counter, 0, 0);
	told = vcpu_get(vcpu, VM_ARGUMENT + 1);
	after = host_ordered_counter() + distance;
	return told >= before && told <= after;
}

static void counters(void)
{
	uint64_t *loops = (uint64_t *)(memory + 28 * VM_PAGE);
	struct vcpu *others[4], *mine = vcpu;
	struct runner_error error;
	pthread_t thread, kicker;

	check(is_the_counter(), "the counter");
	map(DATA, 28, 1, GUEST_READ | GUEST_WRITE);
	must(vcpu_create(&worker, vm, guest_at(CODE + (uint64_t)(guest_counter - guest_code)),
			 guest_at(STACK), &error), &error);
	vcpu_set(worker, VM_ARGUMENT, DATA);
	storm_over = 0;
	if (pthread_create(&thread, NULL, work, NULL) ||
	    pthread_create(&kicker, NULL, keep_kicking, worker))
		exit(EXIT_FAILURE);
	for (unsigned int i = 0; i < sizeof others / sizeof *others; i++) {
		counts(loops);
		must(vcpu_create(&others[i], vm, guest_at(CODE), guest_at(STACK), &error), &error);
		vcpu = others[i];
		check(is_the_counter(), "the counter of another vCPU");
		vcpu = mine;
	}
	check(counts(loops), "a vCPU while others are made");
	__atomic_store_n(&storm_over, 1, __ATOMIC_RELAXED);
	pthread_join(kicker, NULL);
	vm_unmap(vm, guest_at(DATA), VM_PAGE);
	pthread_join(thread, NULL);
	check(worker_end.why == VM_FAULT, "the counter only goes on");
}

/* Who gets a vCPU that was somebody's finds nothing of it. */
static void again(void)
{
	const struct vm_answers answers = { 1, 2, 3, 4, 5, 6 };
	struct vm_registers zero, fresh;
	struct runner_error error;

	run(guest_any, 1, 2);
	vcpu_answer(vcpu, &answers);
	vcpu_set(vcpu, VM_THREAD_POINTER, 1);
	vcpu_release(vcpu);
	must(vcpu_create(&vcpu, vm, guest_at(CODE), guest_at(STACK), &error), &error);
	check(vcpu_get(vcpu, VM_PC) == CODE && vcpu_get(vcpu, VM_SP) == STACK &&
		      !vcpu_get(vcpu, VM_ARGUMENT) && !vcpu_get(vcpu, VM_THREAD_POINTER),
	      "first registers");
	must(vcpu_create(&worker, vm, guest_at(CODE), guest_at(STACK), &error), &error);
	memset(&zero, 0, sizeof zero);
	memset(&fresh, 0, sizeof fresh);
	check(!vcpu_save(vcpu, &fresh) && !vcpu_save(worker, &zero) && !memcmp(&fresh, &zero, sizeof zero),
	      "those of a vCPU that was used");
	check(asks_host(SYS_getpid, 1, 2, 3), "answers for somebody else");
}

int main(void)
{
	struct runner_error error;
	uint64_t end;

	if (access("/dev/kvm", R_OK | W_OK)) {
		puts("SKIP: no /dev/kvm that can be used");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(PATIENCE);
	must(vm_create(&vm, &error), &error);
	vm_physical_range(vm, &physical, &end);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return EXIT_FAILURE;
	must(vm_add_memory(vm, physical, memory, MEMORY, &error), &error);
	memcpy(memory, guest_code, (size_t)(guest_code_end - guest_code));
	map(CODE, 0, 1, GUEST_READ | GUEST_EXEC);
	must(vcpu_create(&vcpu, vm, guest_at(CODE), guest_at(STACK), &error), &error);
	calls();
	changes();
	shared();
	files();
	unnoticed();
	others();
	kicks();
	beginnings();
	storm();
	steps();
	answers();
	randoms();
	counters();
	processor();
	again();
	vm_destroy(vm);
	munmap(memory, MEMORY);
	printf("%d of %d passed\n", checks - failures, checks);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
