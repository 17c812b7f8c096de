/* SPDX-License-Identifier: BSD-2-Clause */
#include "entropy.h"

#include <errno.h>

#include "wipe.h"

/* What Linux reads at once at most: whole pages in an int. */
#define READ_MAX ((uint64_t)0x7ffff000)

/* -------------------------------------------------------------------------
 * One cache
 */

/* The lock stays as it is: a reader may be waiting for it. */
static void empty(struct entropy_cache *cache, uint64_t from)
{
	pthread_mutex_lock(&cache->lock);
	cache->from = from;
	wipe(cache->bytes, cache->left);
	cache->left = 0;
	pthread_mutex_unlock(&cache->lock);
}

static void take(struct entropy_cache *cache, uint64_t generation, uint8_t *to, size_t *done,
		 size_t size)
{
	size_t n = size - *done;

	pthread_mutex_lock(&cache->lock);
	if (n > cache->left)
		n = cache->left;
	if (generation >= cache->from && n) {
		cache->left -= n;
		memcpy(to + *done, cache->bytes + cache->left, n);
		wipe(cache->bytes + cache->left, n);
		*done += n;
	}
	pthread_mutex_unlock(&cache->lock);
}

/* Unless another reader was faster, or the number has been left. */
static void keep(struct entropy_cache *cache, uint64_t generation, const uint8_t *fresh,
		 size_t size)
{
	pthread_mutex_lock(&cache->lock);
	if (generation >= cache->from && size > cache->left) {
		memcpy(cache->bytes, fresh, size);
		cache->left = size;
	}
	pthread_mutex_unlock(&cache->lock);
}

static void leave(void *payload, int fd, uint64_t generation)
{
	struct entropy *entropy = payload;

	empty(&entropy->cache[fd], generation + 1);
}

const struct registry_class entropy_class = {
	.name = "urandom",
	.leave = leave,
	.random = true,
};

/* -------------------------------------------------------------------------
 * Beginning, child
 */

static void refill(struct entropy *entropy)
{
	/* It is for speed only: a guest that finds nothing in it asks the host. */
	if (entropy->ring)
		(void)ring_refill(entropy->ring, entropy->source, entropy->context);
}

/* Locks are made anew: those of threads that a child does not have would stay locked. */
int entropy_renew(struct entropy *entropy)
{
	for (int fd = 0; fd < REGISTRY_SIZE; fd++) {
		struct entropy_cache *cache = &entropy->cache[fd];

		if (pthread_mutex_init(&cache->lock, NULL))
			return -ENOMEM;
		wipe(cache->bytes, cache->left);
		cache->left = 0;
	}
	if (entropy->ring)
		ring_reset(entropy->ring);
	refill(entropy);
	return 0;
}

int entropy_init(struct entropy *entropy, ring_source *source, void *context, struct ring *ring)
{
	entropy->source = source;
	entropy->context = context;
	entropy->ring = ring;
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		entropy->cache[fd].bytes = entropy->bytes[fd];
	return entropy_renew(entropy);
}

/* -------------------------------------------------------------------------
 * Bytes
 */

/* A whole cache's worth goes by it. */
static int draw(struct entropy *entropy, const struct registry_held *held, uint8_t *to, size_t size)
{
	struct entropy_cache *cache;
	uint8_t fresh[ENTROPY_CACHE];
	size_t done = 0;
	int error;

	if (!held || size == ENTROPY_CACHE)
		return entropy->source(entropy->context, to, size);
	cache = &entropy->cache[held->fd];
	take(cache, held->generation, to, &done, size);
	if (done == size)
		return 0;
	error = entropy->source(entropy->context, fresh, sizeof fresh);
	if (!error) {
		size_t kept = sizeof fresh - (size - done);

		memcpy(to + done, fresh + kept, size - done);
		keep(cache, held->generation, fresh, kept);
	}
	wipe(fresh, sizeof fresh);
	return error;
}

/* What arrived; less than `size`: *error says why. What did not arrive is lost. */
static uint64_t give(struct entropy *entropy, const struct registry_held *held,
		     struct entropy_part part, const struct entropy_memory *memory, int *error)
{
	uint8_t piece[ENTROPY_CACHE];
	uint64_t done = 0;

	*error = 0;
	while (done < part.size && !*error) {
		size_t n = part.size - done < sizeof piece ? part.size - done : sizeof piece;
		size_t arrived;

		*error = draw(entropy, held, piece, n);
		if (*error)
			break;
		arrived = memory->write(memory->context, guest_at(part.at.v + done), piece, n);
		done += arrived;
		if (arrived < n)
			*error = -EFAULT;
	}
	wipe(piece, sizeof piece);
	return done;
}

static int64_t give_all(struct entropy *entropy, const struct registry_held *held,
			const struct entropy_part *part, size_t parts,
			const struct entropy_memory *memory)
{
	uint64_t done = 0;
	int error = 0;

	for (size_t i = 0; i < parts && !error && done < READ_MAX; i++) {
		struct entropy_part now = part[i];

		if (now.size > READ_MAX - done)
			now.size = READ_MAX - done;
		done += give(entropy, held, now, memory, &error);
	}
	refill(entropy);
	return done ? (int64_t)done : error;
}

static bool too_much(const struct entropy_part *part, size_t parts)
{
	uint64_t total = 0;

	if (parts > ENTROPY_PARTS)
		return true;
	for (size_t i = 0; i < parts; i++) {
		if (part[i].size > INT64_MAX - total)
			return true;
		total += part[i].size;
	}
	return false;
}

int64_t entropy_readv(const struct registry_held *held, const struct entropy_part *part,
		      size_t parts, const struct entropy_memory *memory)
{
	if (held->class != &entropy_class || !(held->flags & REGISTRY_READ))
		return -EBADF;
	if (too_much(part, parts))
		return -EINVAL;
	return give_all(held->payload, held, part, parts, memory);
}

int64_t entropy_getrandom(struct entropy *entropy, guest_addr to, uint64_t size, unsigned int flags,
			  const struct entropy_memory *memory)
{
	const unsigned int either = ENTROPY_RANDOM | ENTROPY_INSECURE;
	struct entropy_part part = { to, size };

	if ((flags & ~(either | ENTROPY_NONBLOCK)) || (flags & either) == either)
		return -EINVAL;
	return give_all(entropy, NULL, &part, 1, memory);
}
