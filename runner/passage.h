/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system call on its way to the host, with its arguments translated: what is a pointer
 * into the guest becomes one into the host, through space.h alone.
 */
#ifndef PASSAGE_H
#define PASSAGE_H

#include "calls.h"

enum kind {
	NOTHING,
	NUMBER,		/* goes as it is */
	DESCRIPTOR,
	STRING,
	MEMORY,		/* `size` bytes, times argument `by` */
	VECTOR,		/* struct iovec, as many as the next argument says */
	BITS,		/* as many as the first argument says: fd_set */
	SIGNALS,	/* a mask for the time of the call, none: the thread's; its size is next */
	SIGNALS_PAIR,	/* the same, where there are its address and its size */
};

struct argument {
	uint8_t kind;
	uint8_t prot;		/* what the host does with it: GUEST_READ, GUEST_WRITE */
	uint8_t by;		/* 1 + the number of the argument that counts; 0: none */
	uint16_t size;
};

#define N { .kind = NUMBER }
#define FD { .kind = DESCRIPTOR }
#define STR { .kind = STRING }
#define IN(type) { .kind = MEMORY, .prot = GUEST_READ, .size = sizeof(type) }
#define OUT(type) { .kind = MEMORY, .prot = GUEST_WRITE, .size = sizeof(type) }
#define IN_BY(type, number) { .kind = MEMORY, .prot = GUEST_READ, .size = sizeof(type), .by = 1 + (number) }
#define OUT_BY(type, number) { .kind = MEMORY, .prot = GUEST_WRITE, .size = sizeof(type), .by = 1 + (number) }
#define VECTOR_IN { .kind = VECTOR, .prot = GUEST_READ }
#define VECTOR_OUT { .kind = VECTOR, .prot = GUEST_WRITE }

#define FD_BITS { .kind = BITS, .prot = GUEST_WRITE }
#define MASK { .kind = SIGNALS }
#define MASK_PAIR { .kind = SIGNALS_PAIR }

/* The host's result, or -errno. */
int64_t passage_ask(struct thread *thread, long number, const struct argument *is,
		    const uint64_t *argument);
/* The same for a call that may wait: signals interrupt it. Also one of CALLS_*. */
int64_t passage_wait(struct thread *thread, long number, const struct argument *is,
		     const uint64_t *argument);

#endif
