/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getrandom's protocol: the query, what is refused, what is left to the host, and
 * with which arguments.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "exec-random.h"
#include "host.h"

/* -------------------------------------------------------------------------
 * What the suites share.
 */
struct random_page rp;
struct random_host host;

bool random_exists(void)
{
	if (vdsogen_arch_functions(host_arch()) >> VDSOGEN_GETRANDOM & 1)
		return true;
	puts("random: not run: the library has no getrandom for this architecture");
	return false;
}

void random_make(uint32_t options, enum page_traps traps)
{
	random_make_of(&(struct vdsogen_config){ .functions = 1u << VDSOGEN_GETRANDOM,
						 .options = options }, traps);
}

void random_make_of(const struct vdsogen_config *config, enum page_traps traps)
{
	page_make(&rp.page, config, traps);
	rp.block = (struct vdsogen_random *)((uint8_t *)rp.page.clock + rp.page.image.random -
					     rp.page.image.clock);
	CHECK(!vdsogen_random_start(rp.block, 0, 0), "vdsogen_random_start");
	rp.room = mmap(NULL, 2 * STATE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	CHECK(rp.room != MAP_FAILED, "no memory for states");
	rp.state = (struct random_state *)rp.room;
	random_host_reset();
	trap_answer_with(random_host_answer);
}

void random_free(void)
{
	trap_answer_with(ask);
	munmap(rp.room, 2 * STATE_PAGE);
	page_free(&rp.page);
}

long random_call_all(void *buf, size_t len, uint32_t flags, void *state, size_t size)
{
	/* the upper half of an unsigned int's register is anything */
	const uintptr_t args[PAGE_ARGUMENTS] = { (uintptr_t)buf, len,
						 flags | (uintptr_t)0xa5a5a5a5 << 32,
						 (uintptr_t)state, size };

	return page_call_all(&rp.page, VDSOGEN_GETRANDOM, args, NULL);
}

long random_call(void *buf, size_t len)
{
	return random_call_all(buf, len, 0, rp.state, sizeof *rp.state);
}

void random_host_reset(void)
{
	memset(&host, 0, sizeof host);
	host.key_result = KEY;
	trap.count = 0;
}

/* Runs in a signal handler, or in the place of a system call. */
long random_host_answer(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
	if (number != SYS_getrandom)
		host.strange = true;
	if (a != (uintptr_t)rp.state->key) {
		host.others++;
		host.args[0] = a;
		host.args[1] = b;
		host.args[2] = (uint32_t)c;
		return OTHER_RESULT;
	}
	if (b != KEY || c || rp.state->generation != rp.block->generation || !rp.state->in_use)
		host.strange = true;
	random_fill(host.key, KEY);
	memcpy((void *)a, host.key, host.key_result > 0 ? (size_t)host.key_result : 0);
	host.keys++;
	if (host.reseeds) {
		host.reseeds--;
		vdsogen_random_reseed(rp.block);
	}
	return host.key_result;
}

/* Knuth's 64-bit linear congruential generator. */
uint32_t random_number(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 32);
}

void random_fill(void *to, size_t size)
{
	for (uint8_t *byte = to; size; size--)
		*byte++ = (uint8_t)random_number();
}

/* -------------------------------------------------------------------------
 * Calls that do not touch the state.
 */
enum { LEN = 40, POISON = 0xcc };

static uint8_t buffer[LEN];
static struct random_state before;

static void prepare(void)
{
	random_fill(rp.state, sizeof *rp.state);
	rp.state->generation = rp.block->generation;
	rp.state->pos = 0;
	rp.state->in_use = 0;
	before = *rp.state;
	memset(buffer, POISON, sizeof buffer);
	random_host_reset();
}

static bool untouched(void)
{
	for (size_t i = 0; i < sizeof buffer; i++)
		if (buffer[i] != POISON)
			return false;
	return !memcmp(rp.state, &before, sizeof before);
}

/* The host is asked for the output itself, with the caller's own arguments. */
static void check_asks(uint32_t flags, void *state, size_t size, const char *what)
{
	long value;

	value = random_call_all(buffer, LEN, flags, state, size);
	CHECK(value == OTHER_RESULT, "%s: %ld", what, value);
	CHECK(trap.count == 1 && host.others == 1 && !host.strange, "%s: %lu system calls", what,
	      trap.count);
	CHECK(host.args[0] == (uintptr_t)buffer && host.args[1] == LEN && host.args[2] == flags,
	      "%s: the host is asked for %#lx, %lu, %#lx", what, (unsigned long)host.args[0],
	      (unsigned long)host.args[1], (unsigned long)host.args[2]);
	CHECK(untouched(), "%s: something is written", what);
}

/* Answered here, without the host and without a change. */
static void check_answers(void *buf, size_t len, uint32_t flags, void *state, size_t size,
			  long want, const char *what)
{
	long value = random_call_all(buf, len, flags, state, size);

	CHECK(value == want, "%s: %ld, not %ld", what, value, want);
	CHECK(!trap.count, "%s: %lu system calls", what, trap.count);
	CHECK(untouched(), "%s: something is written", what);
}

static void check_flags(void)
{
	for (uint32_t flags = 0; flags <= 7; flags++) {
		prepare();
		CHECK(random_call_all(buffer, LEN, flags, rp.state, STATE_SIZE) == LEN &&
		      !trap.count, "flags %#x are not served", flags);
	}
	for (uint32_t bit = 8; bit; bit <<= 1) {
		prepare();
		check_asks(bit, rp.state, STATE_SIZE, "an unknown flag");
		prepare();
		check_asks(bit | 1, rp.state, STATE_SIZE, "a known and an unknown flag");
	}
}

static void check_sizes(void)
{
	static const size_t wrong[] = { 0, 1, STATE_SIZE - 1, STATE_SIZE + 1, STATE_PAGE,
					STATE_SIZE | (size_t)1 << 32, SIZE_MAX - 1, SIZE_MAX };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		prepare();
		check_asks(0, rp.state, wrong[i], "a state of the wrong size");
	}
}

static void check_straddling(void)
{
	static const uint32_t flags[] = { 0, 7, 8, UINT32_MAX };

	for (size_t at = STATE_PAGE - STATE_SIZE + 1; at < STATE_PAGE; at++)
		for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
			prepare();
			check_answers(buffer, LEN, flags[i], rp.room + at, STATE_SIZE, -EFAULT,
				      "a state in two pages");
		}
	prepare();
	rp.state = (struct random_state *)(rp.room + STATE_PAGE - STATE_SIZE);
	prepare();
	CHECK(random_call(buffer, LEN) == LEN, "a state at the end of a page is not served");
	rp.state = (struct random_state *)rp.room;
}

static void check_nothing_wanted(void)
{
	prepare();
	check_answers(buffer, 0, 0, rp.state, STATE_SIZE, 0, "no bytes");
	check_answers(NULL, 0, 7, rp.state, STATE_SIZE, 0, "no bytes, nowhere");
	rp.state->generation++;
	before = *rp.state;
	check_answers(buffer, 0, 0, rp.state, STATE_SIZE, 0, "no bytes of an old state");
	rp.state->in_use = 1;
	before = *rp.state;
	check_answers(buffer, 0, 0, rp.state, STATE_SIZE, 0, "no bytes within a call");
}

/* Somebody is at work with the state, and nobody is ready. */
static void check_not_now(void)
{
	prepare();
	rp.state->in_use = 1;
	before = *rp.state;
	check_asks(3, rp.state, STATE_SIZE, "a call within a call");
	prepare();
	vdsogen_random_stop(rp.block);
	check_asks(5, rp.state, STATE_SIZE, "not ready");
	vdsogen_random_start(rp.block, 0, 0);
}

/* -------------------------------------------------------------------------
 * The query.
 */
struct params {
	uint32_t size, prot, flags, reserved[13];
};

static void check_query(uint32_t prot, uint32_t flags, const char *what)
{
	const struct params want = { .size = STATE_SIZE, .prot = prot, .flags = flags };
	struct { uint8_t before[8]; struct params params; uint8_t after[8]; } asked, other;
	long value;

	memset(&asked, POISON, sizeof asked);
	other = asked;
	other.params = want;
	random_host_reset();
	value = random_call_all(NULL, 0, 0, &asked.params, SIZE_MAX);
	CHECK(value == 0 && !trap.count, "%s: %ld, %lu system calls", what, value, trap.count);
	CHECK(!memcmp(&asked, &other, sizeof asked), "%s: size %u, prot %#x, flags %#x", what,
	      asked.params.size, asked.params.prot, asked.params.flags);
}

static void check_queries(void)
{
	check_query(PROT_READ | PROT_WRITE, MAP_ANONYMOUS | 0x08, "the query");
	vdsogen_random_start(rp.block, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE);
	check_query(PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, "the host's own flags");
	vdsogen_random_stop(rp.block);
	check_query(PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, "the query when stopped");
	vdsogen_random_start(rp.block, 0, 0);
	/* these are no queries, but calls with a wrong size */
	prepare();
	check_asks(0, rp.state, SIZE_MAX, "a buffer and a length in the query");
	prepare();
	CHECK(random_call_all(buffer, 0, 0, rp.state, SIZE_MAX) == OTHER_RESULT && untouched(),
	      "a buffer in the query");
	CHECK(random_call_all(NULL, LEN, 0, rp.state, SIZE_MAX) == OTHER_RESULT && untouched(),
	      "a length in the query");
	CHECK(random_call_all(NULL, 0, 1, rp.state, SIZE_MAX) == OTHER_RESULT && untouched(),
	      "flags in the query");
}

/* A block of zeros: the C library must not take the host's 0 for an answer. */
static void check_never_started(void)
{
	memset(rp.block, 0, sizeof *rp.block);
	prepare();
	check_answers(NULL, 0, 0, rp.state, SIZE_MAX, -ENOSYS, "the query, never started");
	check_asks(0, rp.state, STATE_SIZE, "never started");
	vdsogen_random_start(rp.block, 0, 0);
}

/* -------------------------------------------------------------------------
 * Who is told to come to the host comes; but not with the query, which it does not know.
 */
static void check_attention(void)
{
	check_about("getrandom, attention");
	random_make(VDSOGEN_GUARD, PAGE_COUNTS);
	prepare();
	CHECK(random_call(buffer, LEN) == LEN && !trap.count, "not served without attention");
	vdsogen_clock_attention(rp.page.clock, 1, 0);
	prepare();
	check_asks(2, rp.state, STATE_SIZE, "attention");
	check_query(PROT_READ | PROT_WRITE, MAP_ANONYMOUS | 0x08, "the query with attention");
	vdsogen_clock_attention(rp.page.clock, 0, 1);
	prepare();
	CHECK(random_call(buffer, LEN) == LEN && !trap.count, "not served after attention");
	random_free();
}

/* -------------------------------------------------------------------------
 * By the system call itself: Linux's own test does this, a thousand times 1263 bytes.
 */
static void check_linux_test(void)
{
	enum { CALLS = 1000, BYTES = 1263 };
	static uint8_t out[2][BYTES];

	check_about("getrandom, as Linux's test calls it");
	random_make(0, PAGE_ASKS);
	for (unsigned int i = 0; i < CALLS; i++) {
		long value = random_call(out[i & 1], BYTES);

		CHECK(value == BYTES, "call %u: %ld", i, value);
		CHECK(memcmp(out[0], out[1], BYTES), "call %u: the same again", i);
	}
	CHECK(rp.state->generation == rp.block->generation && !rp.state->in_use, "the state");
	CHECK(random_call_all(out[0], 64, 8, rp.state, STATE_SIZE) == -EINVAL, "an unknown flag");
	CHECK(random_call_all(out[0], 64, 0, rp.state, STATE_SIZE - 1) == 64, "a wrong size");
	random_free();
}

void exec_random(void)
{
	if (!random_exists())
		return;
	check_about("getrandom");
	random_make(0, PAGE_COUNTS);
	check_flags();
	check_sizes();
	check_straddling();
	check_nothing_wanted();
	check_not_now();
	check_queries();
	check_never_started();
	random_free();
	check_attention();
	check_linux_test();
}
