/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system call on its way to the host, with its arguments translated: what is a pointer
 * into the guest becomes one into the host, through space.h alone. What the guest may not
 * use so becomes one that the host cannot use either. So the host finds what is wrong with
 * a call, in its own order, and does as much of it as it would for a program of its own.
 */
#ifndef PASSAGE_H
#define PASSAGE_H

#include <sys/socket.h>

#include "calls.h"

/* -------------------------------------------------------------------------
 * Calls that a table can describe.
 */
enum kind {
	NOTHING,
	NUMBER,		/* goes as it is */
	DESCRIPTOR,
	NAME,		/* of a file, of at most PATH_MAX bytes */
	TEXT,		/* the same, of anything else */
	MEMORY,		/* `size` bytes, times what `count` says of argument `by` */
	VECTOR,		/* struct iovec, as many as the next argument says */
	LENGTH,		/* a socklen_t, before and after, of an argument before it */
	SIGNALS,	/* a mask for the time of the call, none: the thread's; its size is next */
};

enum count {
	COUNT_ONE,
	COUNT_LONG,
	COUNT_INT,
	COUNT_LENGTH,	/* the argument is a LENGTH */
};

struct argument {
	uint8_t kind;
	uint8_t prot;		/* what the host does with it: GUEST_READ, GUEST_WRITE */
	uint8_t count, by;
	uint8_t filled : 1;	/* as much of it as the result says */
	uint16_t size;
};

#define MEMORY_OF(type, ...) { .kind = MEMORY, .size = sizeof(type), __VA_ARGS__ }
#define N { .kind = NUMBER }
#define FD { .kind = DESCRIPTOR }
#define STR { .kind = NAME }
#define TXT { .kind = TEXT }
#define IN(type) MEMORY_OF(type, .prot = GUEST_READ)
#define OUT(type) MEMORY_OF(type, .prot = GUEST_WRITE)
#define IN_BY(type, number) MEMORY_OF(type, .prot = GUEST_READ, .count = COUNT_LONG, .by = (number))
#define IN_BY_INT(type, number) \
	MEMORY_OF(type, .prot = GUEST_READ, .count = COUNT_INT, .by = (number))
#define OUT_BY(type, number) \
	MEMORY_OF(type, .prot = GUEST_WRITE, .count = COUNT_LONG, .by = (number), .filled = 1)
#define OUT_BY_INT(type, number) \
	MEMORY_OF(type, .prot = GUEST_WRITE, .count = COUNT_INT, .by = (number), .filled = 1)
#define OUT_LENGTH(number) \
	MEMORY_OF(char, .prot = GUEST_WRITE, .count = COUNT_LENGTH, .by = (number))
#define LEN { .kind = LENGTH }
#define MASK { .kind = SIGNALS }
#define VECTOR_IN { .kind = VECTOR, .prot = GUEST_READ }
#define VECTOR_OUT { .kind = VECTOR, .prot = GUEST_WRITE }

/* The host's result, or -errno. */
int64_t passage_ask(struct thread *thread, long number, const struct argument *is,
		    const uint64_t *argument);
/* The same for a call that may wait: signals interrupt it. Also one of CALLS_*. */
int64_t passage_wait(struct thread *thread, long number, const struct argument *is,
		     const uint64_t *argument);

/* -------------------------------------------------------------------------
 * Others do it step by step. What a function below returns is an argument for the host:
 * NULL stays NULL. The call is not made if memory of the runner's own was missing.
 */
struct copy;

struct passage {
	struct thread *thread;
	struct copy *copies;	/* to be written back and freed */
	int failed;		/* -ENOMEM */
	bool waits;		/* signals interrupt it */
	bool lends;		/* with this mask */
	uint64_t blocked;
};

enum passage_how {
	PASSAGE_FILLED = 1 << 0,	/* written: as many bytes as passage_end() is told */
	PASSAGE_PRIVATE = 1 << 1,	/* a copy that nobody else changes meanwhile */
	PASSAGE_EXACT = 1 << 2,		/* a copy that ends where the host must not go on */
};

static inline struct passage passage_begin(struct thread *thread)
{
	return (struct passage){ .thread = thread };
}

static inline struct passage passage_begin_wait(struct thread *thread)
{
	return (struct passage){ .thread = thread, .waits = true };
}

/* What may only be read is, until the host goes to write to it. */
long passage_memory(struct passage *passage, uint64_t at, size_t size, unsigned int prot,
		    unsigned int how);
long passage_name(struct passage *passage, uint64_t at);
long passage_text(struct passage *passage, uint64_t at);
/* *count is the guest's and becomes the host's: one of its parts may be several of these. */
long passage_vector(struct passage *passage, uint64_t at, uint64_t *count, unsigned int prot);
/* One buffer as such a vector, *count long. */
long passage_parts(struct passage *passage, uint64_t at, size_t size, unsigned int prot,
		   uint64_t *count);
/* Whether the host sees all of it in one piece, or so little is left that it can be copied. */
bool passage_is_simple(const struct passage *passage, uint64_t at, size_t size, unsigned int prot);
/*
 * A signal mask for the time of the call, and the thread's if there is none, as the host's
 * own has nothing to do with it. *size is the guest's and becomes the host's.
 */
long passage_mask(struct passage *passage, uint64_t at, uint64_t *size);
/* Room that nobody writes back, NULL if there is none. */
void *passage_room(struct passage *passage, size_t size);
/* What cannot be used, in the guest's place. */
long passage_nowhere(const struct passage *passage, uint64_t at);
/* None of the runner's own. */
long passage_descriptor(uint64_t fd);

/* The one place where the host is asked for the guest: its result or -errno. */
int64_t passage_call(struct passage *passage, long number, const long *argument);
#define PASSAGE_CALL(passage, number, ...) \
	passage_call(passage, number, (const long[CALLS_ARGUMENTS]){ __VA_ARGS__ })

/* Whether it is the first time that @what is missed, if somebody wants to know at all. */
bool passage_names(const struct passage *passage, uint64_t what);

/* Writes back and frees. `filled` bytes of what is PASSAGE_FILLED; less than 0: none. */
void passage_end(struct passage *passage, int64_t filled);

#endif
