/* SPDX-License-Identifier: BSD-2-Clause */
/* What the suites of getrandom share: a page that has it, a state, a host, and a model. */
#ifndef EXEC_RANDOM_H
#define EXEC_RANDOM_H

#include "exec.h"

enum { BATCH = 96, KEY = 32, CHACHA_BLOCK = 64, STATE_SIZE = 144, STATE_PAGE = 4096 };

/* Linux include/vdso/getrandom.h */
struct random_state {
	uint8_t batch[BATCH], key[KEY];
	uint64_t generation;
	uint8_t pos, in_use, pad[6];
} __attribute__((packed));	/* it may be anywhere */
_Static_assert(sizeof(struct random_state) == STATE_SIZE, "Linux's size");

/* One page with getrandom, and room for states: two pages. */
struct random_page {
	struct page page;
	struct vdsogen_random *block;
	uint8_t *room;
	struct random_state *state;	/* at the start of the room, unless moved */
};
extern struct random_page rp;

/* Whether there is such a function on this architecture; else says so. */
bool random_exists(void);
/* Made and started: with these options, of this configuration. */
void random_make(uint32_t options, enum page_traps traps);
void random_make_of(const struct vdsogen_config *config, enum page_traps traps);
void random_free(void);

/* The function, with the state of the page and no flags, and with everything. */
long random_call(void *buf, size_t len);
long random_call_all(void *buf, size_t len, uint32_t flags, void *state, size_t size);

/*
 * The host, where fallbacks are counted: it gives keys that are known, and is told
 * what to do wrong.
 */
struct random_host {
	uint8_t key[KEY];	/* of the last key call; each one has another */
	unsigned int keys;	/* key calls so far */
	unsigned int others;	/* calls of the host for the output itself so far */
	uintptr_t args[3];	/* the last such call's */
	unsigned int reseeds;	/* reseed the block within so many of the key calls to come */
	long key_result;	/* what a key call returns; so many bytes are written */
	bool strange;		/* a call with another number, or a key before its generation */
};
extern struct random_host host;

#define OTHER_RESULT 4242	/* of a call for the output itself, which writes nothing */

void random_host_reset(void);
long random_host_answer(long number, uintptr_t a, uintptr_t b, uintptr_t c);

/* Numbers that look random and are the same each time. */
uint32_t random_number(void);
void random_fill(void *to, size_t size);

/*
 * The model: RFC 8439's block function, and what a call makes of a state whose key is
 * good. The counter goes on when a call starts over.
 */
void model_block(const uint32_t input[CHACHA_BLOCK / sizeof(uint32_t)], uint8_t *out);
void model_serve(struct random_state *s, uint8_t *out, size_t len, uint64_t *counter);
/* The generation is another one: this key, and no batch. */
void model_seed(struct random_state *s, uint64_t generation, const uint8_t *key);

#endif
