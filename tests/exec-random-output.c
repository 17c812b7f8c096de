/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The output of getrandom and what each call leaves in the state: compared with a
 * model for every length and position that differ, and with the running kernel's own
 * function where it has one.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exec-random.h"
#include "vdsogen-resolve.h"

/* -------------------------------------------------------------------------
 * The model.
 */
enum { WORDS = CHACHA_BLOCK / sizeof(uint32_t), DOUBLE_ROUNDS = 10 };

static uint32_t rotl(uint32_t v, unsigned int by)
{
	return v << by | v >> (32 - by);
}

/* RFC 8439, 2.1 */
static void quarter_round(uint32_t *x, unsigned int a, unsigned int b, unsigned int c,
			  unsigned int d)
{
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 7);
}

void model_block(const uint32_t input[WORDS], uint8_t *out)
{
	uint32_t x[WORDS];

	memcpy(x, input, sizeof x);
	for (unsigned int i = 0; i < DOUBLE_ROUNDS; i++) {
		for (unsigned int column = 0; column < 4; column++)
			quarter_round(x, column, 4 + column, 8 + column, 12 + column);
		for (unsigned int column = 0; column < 4; column++)
			quarter_round(x, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4,
				      12 + (column + 3) % 4);
	}
	for (unsigned int i = 0; i < WORDS; i++)
		for (unsigned int byte = 0; byte < 4; byte++)
			out[4 * i + byte] = (uint8_t)((x[i] + input[i]) >> 8 * byte);
}

static void set_input(uint32_t input[WORDS], const uint8_t *key, uint64_t counter)
{
	static const char constants[] = "expand 32-byte k";
	uint8_t bytes[4 * WORDS] = { 0 };

	memcpy(bytes, constants, 16);
	memcpy(bytes + 16, key, KEY);
	for (unsigned int i = 0; i < sizeof counter; i++)
		bytes[48 + i] = (uint8_t)(counter >> 8 * i);
	for (unsigned int i = 0; i < WORDS; i++)
		input[i] = bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
			   (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
}

static void model_next(const uint8_t *key, uint64_t *counter, uint8_t *out)
{
	uint32_t input[WORDS];

	set_input(input, key, (*counter)++);
	model_block(input, out);
}

/* One byte after the other; a block at a time past what is left. */
void model_serve(struct random_state *s, uint8_t *out, size_t len, uint64_t *counter)
{
	uint8_t fresh[BATCH + KEY];

	for (;;) {
		for (; len && s->pos < BATCH; len--) {
			*out++ = s->batch[s->pos];
			s->batch[s->pos++] = 0;
		}
		if (!len)
			return;
		for (; len >= CHACHA_BLOCK; len -= CHACHA_BLOCK, out += CHACHA_BLOCK)
			model_next(s->key, counter, out);
		model_next(s->key, counter, fresh);
		model_next(s->key, counter, fresh + CHACHA_BLOCK);
		memcpy(s->batch, fresh, BATCH);
		memcpy(s->key, fresh + BATCH, KEY);
		s->pos = 0;
	}
}

void model_seed(struct random_state *s, uint64_t generation, const uint8_t *key)
{
	memcpy(s->key, key, KEY);
	s->generation = generation;
	s->pos = BATCH;
}

/* RFC 8439, 2.3.2, and A.1, test vectors 1 and 2 */
static void check_model(void)
{
	static const uint32_t example[WORDS] = {
		0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504,
		0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
		0x00000001, 0x09000000, 0x4a000000, 0x00000000,
	};
	static const uint8_t of_example[CHACHA_BLOCK] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20,
		0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a,
		0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2,
		0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9,
		0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	static const uint8_t of_zeros[2][CHACHA_BLOCK] = { {
		0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86,
		0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc,
		0x8b, 0x77, 0x0d, 0xc7, 0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24,
		0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c,
		0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86,
	}, {
		0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d,
		0x08, 0x0d, 0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e,
		0x32, 0xee, 0x7a, 0xed, 0x29, 0xb7, 0x21, 0x76, 0x9c, 0xe6, 0x4e, 0x43, 0xd5, 0x71,
		0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5, 0x31, 0xed, 0x1f, 0x28, 0x51, 0x0a, 0xfb, 0x45,
		0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f,
	} };
	const uint8_t zeros[KEY] = { 0 };
	uint64_t counter = 0;
	uint8_t out[CHACHA_BLOCK];

	check_about("the model's ChaCha20");
	model_block(example, out);
	CHECK(!memcmp(out, of_example, sizeof out), "not RFC 8439's 2.3.2");
	for (unsigned int i = 0; i < 2; i++) {
		model_next(zeros, &counter, out);
		CHECK(!memcmp(out, of_zeros[i], sizeof out), "not RFC 8439's A.1, %u", i + 1);
	}
}

/* -------------------------------------------------------------------------
 * One call against the model: output, state, nothing else written, no secret left.
 */
enum { LEN_MAX = 70000, EDGE = 32, POISON = 0xcc };

static uint8_t got[LEN_MAX + 3 * EDGE], want[LEN_MAX + 3 * EDGE];

/* A state in the midst of its life: what was handed out is zero. */
static void random_life(struct random_state *s, unsigned int pos)
{
	random_fill(s, sizeof *s);
	memset(s->batch, 0, pos);
	s->pos = (uint8_t)pos;
	s->in_use = 0;
	s->generation = rp.block->generation;
}

static void check_output(size_t len, unsigned int pos, unsigned int misaligned)
{
	const size_t room = EDGE + misaligned + len + EDGE;
	struct random_state model, old;
	uint64_t counter = 0;
	const uintptr_t args[PAGE_ARGUMENTS] = { (uintptr_t)got + EDGE + misaligned, len, 0,
						 (uintptr_t)rp.state, sizeof *rp.state };
	const struct secret secrets[] = {
		{ "the old key", old.key, KEY }, { "the new key", rp.state->key, KEY },
		{ "the next output", rp.state->batch, BATCH }, { 0 }
	};
	long value;

	random_life(rp.state, pos);
	model = old = *rp.state;
	memset(got, POISON, room);
	memset(want, POISON, room);
	model_serve(&model, want + EDGE + misaligned, len, &counter);
	value = page_call_all(&rp.page, VDSOGEN_GETRANDOM, args, secrets);
	CHECK(value == (long)len, "%zu bytes at %u: returns %ld", len, pos, value);
	CHECK(!memcmp(got, want, room), "%zu bytes at %u, misaligned by %u: other output", len, pos,
	      misaligned);
	CHECK(!memcmp(rp.state, &model, sizeof model), "%zu bytes at %u: another state", len, pos);
}

static void check_outputs(void)
{
	static const size_t big[] = { 383, 384, 385, 511, 512, 1024, 1263, 4095, 4096, 4097, 8192,
				      65535, 65536, LEN_MAX };

	check_about("output");
	for (unsigned int pos = 0; pos <= BATCH; pos++)
		for (size_t len = 0; len <= 300; len++)
			check_output(len, pos, 0);
	for (size_t i = 0; i < sizeof big / sizeof *big; i++)
		for (unsigned int pos = 0; pos <= BATCH; pos += 16)
			check_output(big[i], pos, (unsigned int)i);
	for (unsigned int misaligned = 0; misaligned < EDGE; misaligned++) {
		rp.state = (struct random_state *)(rp.room + misaligned * 5);
		check_output(200, BATCH - misaligned, misaligned);
	}
	rp.state = (struct random_state *)rp.room;
	CHECK(!trap.count, "%lu system calls", trap.count);
}

/* One state, call after call: the stream does not depend on how it is fetched from. */
static void check_life(void)
{
	struct random_state model;

	check_about("output, call after call");
	random_life(rp.state, BATCH);
	model = *rp.state;
	for (unsigned int i = 0; i < 3000; i++) {
		size_t len = random_number() % (i % 50 ? 64 : 700);
		uint64_t counter = 0;

		model_serve(&model, want, len, &counter);
		CHECK(random_call(got, len) == (long)len, "%zu bytes: returns something else", len);
		CHECK(!memcmp(got, want, len), "call %u of %zu bytes: other output", i, len);
	}
	CHECK(!memcmp(rp.state, &model, sizeof model), "another state");
}

/* -------------------------------------------------------------------------
 * No call gives more than Linux's limit. Two gigabytes of the same few pages.
 */
#if defined __x86_64__	/* an emulator takes minutes */
enum { WINDOW = 1 << 21, LIMIT = INT32_MAX & -STATE_PAGE };

static void check_limit(void)
{
	const size_t room = (size_t)LIMIT + WINDOW;
	uint8_t *all = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	FILE *file = tmpfile();
	bool mapped = all != MAP_FAILED && file && !ftruncate(fileno(file), WINDOW);

	check_about("more than the limit");
	for (size_t at = 0; mapped && at < LIMIT; at += WINDOW)
		mapped = mmap(all + at, LIMIT - at < WINDOW ? LIMIT - at : WINDOW,
			      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(file),
			      0) != MAP_FAILED;
	if (!mapped) {
		puts("random-output: the limit was not tested: no room for 2 GiB of addresses");
	} else {
		long value;

		random_life(rp.state, 0);
		value = random_call(all, SIZE_MAX / 2);
		CHECK(value == LIMIT, "returns %ld", value);
	}
	if (all != MAP_FAILED)
		munmap(all, room);
	if (file)
		fclose(file);
}
#else
static void check_limit(void)
{
}
#endif

/* -------------------------------------------------------------------------
 * The kernel's own function. Its generation changes now and then: not our matter.
 */
typedef long kernel_fn(void *, size_t, unsigned int, void *, size_t);

static bool same_as_kernels(kernel_fn *kernel, struct random_state *theirs, unsigned int i)
{
	const size_t len = random_number() % (i % 16 ? 400 : 9000);
	const unsigned int misaligned = random_number() % EDGE;
	long value, kernels;

	random_life(rp.state, random_number() % (BATCH + 1));
	*theirs = *rp.state;
	memset(want, POISON, EDGE + len + EDGE);
	memset(got, POISON, EDGE + len + EDGE);
	kernels = kernel(want + misaligned, len, i & 7, theirs, sizeof *theirs);
	if (theirs->generation != rp.block->generation) {
		rp.block->generation = theirs->generation;
		return true;
	}
	value = random_call_all(got + misaligned, len, i & 7, rp.state, sizeof *rp.state);
	return value == kernels && !memcmp(got, want, EDGE + len + EDGE) &&
	       !memcmp(rp.state, theirs, sizeof *theirs);
}

static void check_kernels(void)
{
	enum { CALLS = 20000 };
	struct random_state *theirs = (struct random_state *)(rp.room + STATE_PAGE);
	kernel_fn *kernel;

	check_about("the kernel's getrandom");
	*(void **)&kernel = vdsogen_resolve_prefixed(vdsogen_vdso(), "getrandom");
	if (!kernel || kernel(want, 1, 0, theirs, sizeof *theirs) != 1 || !theirs->generation) {
		puts("random-output: not compared with the kernel's, which has no such function");
		return;
	}
	rp.block->generation = theirs->generation;
	for (unsigned int i = 0; i < CALLS; i++)
		CHECK(same_as_kernels(kernel, theirs, i), "call %u differs", i);
}

void exec_random_output(void)
{
	check_about("getrandom");
	check_model();
	if (!random_exists())
		return;
	random_make(0, PAGE_COUNTS);
	check_outputs();
	check_life();
	check_limit();
	check_kernels();
	random_free();
}
