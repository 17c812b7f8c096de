/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes for the guest: /dev/urandom and getrandom(). Each descriptor has a cache, so
 * that small reads cost no call of the host, and a lock of its own, so that two descriptors
 * do not wait for each other. No lock is held while bytes are made or given to the guest.
 *
 * No byte is given twice: what leaves a cache is zero there. A cache is wiped when its
 * number does not stand for the descriptor any more, and in a child. A read that is under
 * way then goes on with bytes that no cache has seen: it knows by the generation.
 */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"
#include "registry.h"
#include "ring.h"

enum {
	ENTROPY_CACHE = 4096,
	ENTROPY_PARTS = 1024,	/* of a readv: UIO_MAXIOV */
};

/* Flags of getrandom, as Linux has them. */
enum {
	ENTROPY_NONBLOCK = 1,
	ENTROPY_RANDOM = 2,
	ENTROPY_INSECURE = 4,
};

struct entropy {
	ring_source *source;
	void *context;
	struct ring *ring;	/* NULL: the guest has none */
	struct entropy_cache {
		pthread_mutex_t lock;
		uint64_t from;	/* generations before this one have left the number */
		size_t left;	/* the first ones of `bytes`; the others are zeros */
		uint8_t *bytes;
	} cache[REGISTRY_SIZE];
	uint8_t bytes[REGISTRY_SIZE][ENTROPY_CACHE];	/* apart: used by few */
};

/* The crossing: how many of the bytes arrived in the guest's memory, from the first one on. */
struct entropy_memory {
	size_t (*write)(void *context, guest_addr to, const void *from, size_t size);
	void *context;
};

struct entropy_part {
	guest_addr at;
	uint64_t size;
};

/* Its payload is the struct entropy. */
extern const struct registry_class entropy_class;

/* On zeroed memory; the ring is filled. */
int entropy_init(struct entropy *entropy, ring_source *source, void *context, struct ring *ring);
/* In a child and at exec, while there is one thread: nothing is left in the caches; a new ring. */
int entropy_renew(struct entropy *entropy);

/*
 * read() has one part. The bytes that arrived, less than asked for where the memory ends;
 * -EFAULT: none. -EBADF: not for reading, or not random. The ring is filled again.
 */
int64_t entropy_readv(const struct registry_held *held, const struct entropy_part *part,
		      size_t parts, const struct entropy_memory *memory);
/* Likewise. -EINVAL: flags that there are not, or that exclude each other. */
int64_t entropy_getrandom(struct entropy *entropy, guest_addr to, uint64_t size, unsigned int flags,
			  const struct entropy_memory *memory);

#endif
