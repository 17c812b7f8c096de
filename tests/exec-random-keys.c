/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where getrandom's keys come from and when they are old: the host asked once for
 * each, before and after the generation changes, in the midst of a call, failing,
 * across a fork, and beside a thread that does nothing but make them old.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec-random.h"
#include "host.h"

enum { LEN = 300, POISON = 0xcc };

static uint8_t out[LEN], want[LEN];
static struct random_state model;

static void prepare(void)
{
	random_fill(rp.state, sizeof *rp.state);
	rp.state->in_use = 0;
	rp.state->pos = 10;
	model = *rp.state;
	random_host_reset();
	memset(out, POISON, sizeof out);
}

/* -------------------------------------------------------------------------
 * One call, and what it may have asked the host.
 */

/* Served by the key that the host gave last; the counter has gone on from `counter`. */
static void check_served(size_t len, unsigned int keys, uint64_t counter, const char *what)
{
	const uintptr_t args[PAGE_ARGUMENTS] = { (uintptr_t)out, len, 0, (uintptr_t)rp.state,
						 STATE_SIZE };
	const struct secret secrets[] = {
		{ "the host's key", host.key, KEY }, { "the key", rp.state->key, KEY },
		{ "the old key", model.key, KEY }, { 0 }
	};
	long value;

	random_host_reset();
	host.reseeds = keys ? keys - 1 : 0;
	value = page_call_all(&rp.page, VDSOGEN_GETRANDOM, args, secrets);
	CHECK(value == (long)len, "%s: returns %ld", what, value);
	CHECK(host.keys == keys && trap.count == keys && !host.strange,
	      "%s: %u keys, %lu system calls%s", what, host.keys, trap.count,
	      host.strange ? ", of which one is strange" : "");
	if (keys)
		model_seed(&model, rp.block->generation, host.key);
	model_serve(&model, want, len, &counter);
	CHECK(!memcmp(out, want, len), "%s: other output", what);
	CHECK(!memcmp(rp.state, &model, sizeof model), "%s: another state", what);
}

/* The host gives the output itself; the state is free again. */
static void check_given_up(unsigned int keys, uint64_t generation, const char *what)
{
	const uint32_t flags = 6;
	long value = random_call_all(out, LEN, flags, rp.state, STATE_SIZE);

	CHECK(value == OTHER_RESULT, "%s: returns %ld", what, value);
	CHECK(host.keys == keys && host.others == 1 && trap.count == keys + 1 && !host.strange,
	      "%s: %u keys, %u other calls%s", what, host.keys, host.others,
	      host.strange ? ", one is strange" : "");
	CHECK(host.args[0] == (uintptr_t)out && host.args[1] == LEN && host.args[2] == flags,
	      "%s: asks for %#lx, %lu, %#lx", what, (unsigned long)host.args[0],
	      (unsigned long)host.args[1], (unsigned long)host.args[2]);
	CHECK(!rp.state->in_use, "%s: the state stays in use", what);
	CHECK(rp.state->generation == generation, "%s: generation %lu, not %lu", what,
	      (unsigned long)rp.state->generation, (unsigned long)generation);
}

static void check_generations(void)
{
	prepare();
	memset(rp.state, 0, sizeof *rp.state);
	model = *rp.state;
	check_served(1, 1, 0, "a fresh state");
	for (unsigned int i = 0; i < 50; i++)
		check_served(i * 5, 0, 0, "the same key");
	vdsogen_random_reseed(rp.block);
	check_served(0, 0, 0, "nothing, with an old key");
	check_served(LEN, 1, 0, "an old key");
	check_served(LEN, 0, 0, "the new key");
	vdsogen_random_stop(rp.block);
	vdsogen_random_start(rp.block, 0, 0);
	check_served(5, 1, 0, "a host that started again");
	rp.block->generation = UINT64_MAX;
	vdsogen_random_reseed(rp.block);
	check_served(5, 1, 0, "the generations begin again");
}

/* Blocks that a call makes from a fresh key: whole ones, and two for the state. */
static uint64_t blocks(size_t len)
{
	return len / CHACHA_BLOCK + 2;
}

/* The key is old before the call is done: once more from the start, and not twice. */
static void check_changes(void)
{
	static const size_t lens[] = { 1, 63, 64, 65, 128, LEN };

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		prepare();
		model.in_use = 0;
		check_served(lens[i], 2, blocks(lens[i]), "a change within the call");
		check_served(lens[i], 0, 0, "after a change within the call");
	}
	prepare();
	host.reseeds = 2;
	check_given_up(2, rp.block->generation + 1, "two changes within the call");
	model = *rp.state;
	check_served(LEN, 1, 0, "after two changes within the call");
}

/* No key, or a part of one. */
static void check_failed_keys(void)
{
	static const long results[] = { -EAGAIN, -ENOSYS, -EINTR, 0, 1, KEY / 2, KEY - 1 };

	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		prepare();
		host.key_result = results[i];
		check_given_up(1, 0, "no key");
		model = *rp.state;
		check_served(LEN, 1, 0, "after there was no key");
	}
}

/* -------------------------------------------------------------------------
 * Fork. Parent and child read on, each its own way.
 */
enum { READ = 32 };

struct reading {
	uint8_t bytes[READ];
	unsigned long traps;
	long value;
};

static struct reading read_on(void)
{
	struct reading r;

	trap.count = 0;
	r.value = random_call(r.bytes, READ);
	r.traps = trap.count;
	return r;
}

/* What a child reads that did `first` before. */
static bool read_in_child(void (*first)(void), struct reading *r)
{
	int ends[2], status = -1;
	bool complete;
	pid_t pid;

	if (pipe(ends))
		return false;
	pid = fork();
	if (!pid) {
		first();
		*r = read_on();
		_exit(write(ends[1], r, sizeof *r) == sizeof *r ? 0 : 1);
	}
	close(ends[1]);
	complete = pid > 0 && read(ends[0], r, sizeof *r) == sizeof *r;
	close(ends[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status && complete;
}

static void nothing(void)
{
}

/* The child gets the page of the block for itself, and the host reseeds it. */
static void reseed_own_block(void)
{
	uint8_t *guests = rp.page.code + rp.page.image.random;
	uint8_t *page = (uint8_t *)((uintptr_t)guests & -(uintptr_t)VDSOGEN_PAGE);
	uint8_t *own = mmap(NULL, VDSOGEN_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (own == MAP_FAILED)
		_exit(2);
	memcpy(own, page, VDSOGEN_PAGE);
	vdsogen_random_reseed((struct vdsogen_random *)(own + (guests - page)));
	__builtin___clear_cache((char *)own, (char *)own + VDSOGEN_PAGE);
	if (mprotect(own, VDSOGEN_PAGE, PROT_READ | PROT_EXEC) ||
	    mremap(own, VDSOGEN_PAGE, VDSOGEN_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) != page)
		_exit(2);
	__builtin___clear_cache((char *)page, (char *)page + VDSOGEN_PAGE);
}

static void check_fork(void (*first)(void), bool same, const char *what)
{
	struct reading child = { { 0 }, 0, 0 }, parent;

	memset(rp.state, 0, sizeof *rp.state);
	parent = read_on();
	CHECK(parent.value == READ && parent.traps == 1, "%s: before the fork", what);
	CHECK(read_in_child(first, &child) && child.value == READ, "%s: the child", what);
	parent = read_on();
	CHECK(parent.value == READ && !parent.traps, "%s: the parent makes %lu system calls", what,
	      parent.traps);
	CHECK(child.traps == !same, "%s: the child makes %lu system calls", what, child.traps);
	CHECK(!memcmp(child.bytes, parent.bytes, READ) == same, "%s: %s", what,
	      same ? "this test would not see what is the same" : "the child reads the parent's");
}

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18	/* Linux include/uapi/asm-generic/mman-common.h */
#endif

/* Emulators may say yes and do nothing. */
static bool fork_wipes(void)
{
	int status = -1;
	pid_t pid;

	if (madvise(rp.room, 2 * STATE_PAGE, MADV_WIPEONFORK))
		return false;
	rp.room[0] = 1;
	pid = fork();
	if (!pid)
		_exit(rp.room[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* With the real host's keys. */
static void check_forks(void)
{
	trap_answer_with(ask);
	check_fork(nothing, true, "a fork that nobody heeds");
	check_fork(reseed_own_block, false, "a fork with a block of its own");
	if (fork_wipes())
		check_fork(nothing, false, "a fork that wipes states");
	else if (page_layout.data == VDSOGEN_DATA_INSIDE)	/* the first of the layouts */
		puts("random-keys: not tested: memory that a fork wipes (madvise MADV_WIPEONFORK)");
	trap_answer_with(random_host_answer);
}

/* -------------------------------------------------------------------------
 * A thread that makes keys old without pause, and two that read.
 */
enum { READERS = 2, DURATION = 300000000, CALLS_MIN = 100 };

static bool stop;

static void *make_old(void *unused)
{
	const struct timespec pause = { .tv_nsec = 20000 };

	for (unsigned int i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		vdsogen_random_reseed(rp.block);
		if (i % 2)
			nanosleep(&pause, NULL);
	}
	return unused;
}

static void *read_along(void *room)
{
	struct random_state *state = room;
	uint8_t bytes[2][LEN] = { { 0 } };
	unsigned long i;

	for (i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		uint8_t *now = bytes[i & 1], *last = bytes[~i & 1];
		size_t len = READ + i % (LEN - READ);
		long value = random_call_all(now, len, 0, state, STATE_SIZE);

		/* a system call for so little is not interrupted */
		if (value != (long)len || state->in_use || !memcmp(now, last, READ))
			CHECK(false, "call %lu of %zu bytes: %ld, in use %d, or the same again", i,
			      len, value, state->in_use);
	}
	CHECK(i >= CALLS_MIN, "only %lu calls", i);
	return NULL;
}

static void check_threads(void)
{
	const struct timespec duration = { .tv_nsec = DURATION };
	pthread_t writer, readers[READERS];

	trap_answer_with(ask);
	memset(rp.room, 0, 2 * STATE_PAGE);
	stop = false;
	pthread_create(&writer, NULL, make_old, NULL);
	for (unsigned int i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, read_along, rp.room + (size_t)i * STATE_PAGE);
	nanosleep(&duration, NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(writer, NULL);
	for (unsigned int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	trap_answer_with(random_host_answer);
}

/* -------------------------------------------------------------------------
 * A host that is a function in the guest's process: it clobbers what a function may.
 */
void exec_random_jump(void);
long exec_random_jumped(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t stack)
	__attribute__((used));

#define STACK_ALIGN 16

long exec_random_jumped(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t stack)
{
	CHECK(stack % STACK_ALIGN == 0, "the stack is not aligned: %#lx", (unsigned long)stack);
	trap.count++;
	return random_host_answer(number, a, b, c);
}

#if defined __x86_64__
/* The number is in rax, where a C function has no argument. */
__asm__(".text\n"
	".globl exec_random_jump\n"
	".type exec_random_jump, @function\n"
	"exec_random_jump:\n"
	"	lea 8(%rsp), %r8\n"
	"	mov %rdx, %rcx\n	mov %rsi, %rdx\n"
	"	mov %rdi, %rsi\n	mov %rax, %rdi\n"
	"	push %rbp\n		mov %rsp, %rbp\n	and $-16, %rsp\n"
	"	call exec_random_jumped\n"
	"	mov %rbp, %rsp\n	pop %rbp\n"
	"	mov $-1, %rcx\n		mov $-1, %rdx\n		mov $-1, %rsi\n"
	"	mov $-1, %rdi\n		mov $-1, %r8\n		mov $-1, %r9\n"
	"	mov $-1, %r10\n		mov $-1, %r11\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	pcmpeqd %xmm\\n, %xmm\\n\n"
	"	.endr\n"
	"	ret\n"
	".size exec_random_jump, . - exec_random_jump\n");
#elif defined __aarch64__
/* The number is in x8. The lower halves of v8 to v15 are the caller's. */
__asm__(".text\n"
	".globl exec_random_jump\n"
	".type exec_random_jump, %function\n"
	"exec_random_jump:\n"
	"	mov x4, sp\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	mov x3, x2\n	mov x2, x1\n	mov x1, x0\n	mov x0, x8\n"
	"	bl exec_random_jumped\n"
	"	ldp x29, x30, [sp], #16\n"
	"	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17\n"
	"	mov x\\n, #-1\n"
	"	.endr\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23\n"
	"	movi v\\n\\().16b, #255\n"
	"	.endr\n"
	"	.irp n, 24, 25, 26, 27, 28, 29, 30, 31\n"
	"	movi v\\n\\().16b, #255\n"
	"	.endr\n"
	"	.irp n, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	mov v\\n\\().d[1], x1\n"
	"	.endr\n"
	"	ret\n"
	".size exec_random_jump, . - exec_random_jump\n");
#endif

static void check_keys(void)
{
	check_generations();
	check_changes();
	check_failed_keys();
}

static void check_jump(void)
{
	check_about("getrandom's keys, from a function in the process");
	random_make_of(&(struct vdsogen_config){
		.functions = 1u << VDSOGEN_GETRANDOM, .fallback = VDSOGEN_FALLBACK_JUMP,
		.fallback_at = (uintptr_t)exec_random_jump }, PAGE_ASKS);
	check_keys();
	random_free();
}

void exec_random_keys(void)
{
	if (!random_exists())
		return;
	check_about("getrandom's keys");
	random_make(0, PAGE_COUNTS);
	check_keys();
	check_threads();
	check_forks();
	random_free();
	check_jump();
}
