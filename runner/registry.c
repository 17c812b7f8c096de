/* SPDX-License-Identifier: BSD-2-Clause */
#include "registry.h"

#include <errno.h>
#include <stdlib.h>

#define READY 0x72656164u

struct registry_opened {
	const struct registry_class *class;
	void *payload;
	int host;
	unsigned int flags;
	unsigned long holders;	/* slots and calls */
	struct registry_opened *next, **link;	/* in registry->first's list */
};

static void enter(struct registry *registry)
{
	if (registry->ready != READY)
		abort();	/* ours: registry_init() comes first */
	pthread_mutex_lock(&registry->lock);
}

static void leave(struct registry *registry)
{
	pthread_mutex_unlock(&registry->lock);
}

/* -------------------------------------------------------------------------
 * What is open
 */

static struct registry_opened *opened_create(const struct registry_new *new)
{
	struct registry_opened *opened = malloc(sizeof *opened);

	if (opened)
		*opened = (struct registry_opened){
			.class = new->class,
			.payload = new->payload,
			.host = new->host,
			.flags = new->flags,
		};
	return opened;
}

static void opened_link(struct registry *registry, struct registry_opened *opened)
{
	opened->next = registry->first;
	opened->link = &registry->first;
	if (opened->next)
		opened->next->link = &opened->next;
	registry->first = opened;
}

static void opened_unlink(struct registry_opened *opened)
{
	*opened->link = opened->next;
	if (opened->next)
		opened->next->link = opened->link;
	opened->next = NULL;
}

/* With the lock. Who gets it back, and not NULL, cleans up once it has left. */
static struct registry_opened *opened_drop(struct registry *registry,
					   struct registry_opened *opened)
{
	if (--opened->holders)
		return NULL;
	opened_unlink(opened);
	registry->cleaning++;
	return opened;
}

/* Without the lock: it is nobody else's, and what cleans up takes its time. */
static void opened_clean_up(struct registry *registry, struct registry_opened *opened)
{
	if (!opened)
		return;
	if (opened->payload && opened->class->release)
		opened->class->release(opened->payload);
	if (opened->host >= 0)
		registry->host->close(opened->host);
	free(opened);
	enter(registry);
	if (!--registry->cleaning)
		pthread_cond_broadcast(&registry->clean);
	leave(registry);
}

/* -------------------------------------------------------------------------
 * Slots: with the lock
 */

static bool shown(const struct registry_opened *opened)
{
	return opened->class->random && (opened->flags & REGISTRY_READ);
}

static uint64_t bit_of(int fd)
{
	return 1ull << fd % 64;
}

static struct registry_slot *slot_at(struct registry *registry, int fd)
{
	if (fd < 0 || fd >= REGISTRY_SIZE || !registry->slot[fd].opened)
		return NULL;
	return &registry->slot[fd];
}

static int lowest_free(const struct registry *registry, int lowest)
{
	for (int fd = lowest; fd < registry->limit; fd++)
		if (!registry->slot[fd].opened)
			return fd;
	return -EMFILE;
}

static void show(struct registry *registry, int fd, bool is)
{
	_Atomic uint64_t *word = &registry->bits->word[fd / 64];

	if (is)
		atomic_fetch_or_explicit(word, bit_of(fd), memory_order_release);
	else
		atomic_fetch_and_explicit(word, ~bit_of(fd), memory_order_seq_cst);
	if (registry->host->shown)
		registry->host->shown(fd, is);
}

/* A class comes with what cleans up after it, so nobody sees one without the other. */
static uint64_t settle(struct registry *registry, int fd, struct registry_opened *opened,
		       bool cloexec)
{
	uint64_t generation = ++registry->generation;

	opened->holders++;
	registry->slot[fd] = (struct registry_slot){ opened, generation, cloexec };
	if (shown(opened))
		show(registry, fd, true);
	return generation;
}

/* The bit goes first: who reads without the lock never sees that of an earlier descriptor. */
static struct registry_opened *vacate(struct registry *registry, int fd)
{
	struct registry_slot *slot = &registry->slot[fd];
	struct registry_opened *opened = slot->opened;

	if (shown(opened))
		show(registry, fd, false);
	if (opened->payload && opened->class->leave)
		opened->class->leave(opened->payload, fd, slot->generation);
	slot->opened = NULL;
	return opened_drop(registry, opened);
}

/* -------------------------------------------------------------------------
 * Beginning and end
 */

int registry_init(struct registry *registry, const struct registry_host *host,
		  struct registry_bits *bits)
{
	if (registry->ready == READY)
		return -EBUSY;
	if (pthread_mutex_init(&registry->lock, NULL) || pthread_cond_init(&registry->clean, NULL))
		return -ENOMEM;
	registry->host = host;
	registry->bits = bits;
	registry->limit = REGISTRY_SIZE;
	for (int i = 0; i < REGISTRY_SIZE / 64; i++)
		atomic_store(&bits->word[i], 0);
	registry->ready = READY;
	return 0;
}

void registry_end(struct registry *registry)
{
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		registry_close(registry, fd);
	pthread_cond_destroy(&registry->clean);
	pthread_mutex_destroy(&registry->lock);
	*registry = (struct registry){ 0 };
}

void registry_set_limit(struct registry *registry, uint64_t limit)
{
	enter(registry);
	registry->limit = limit < REGISTRY_SIZE ? (int)limit : REGISTRY_SIZE;
	leave(registry);
}

/* -------------------------------------------------------------------------
 * One descriptor
 */

/* At `fd`, or at the lowest number if that is negative. */
static int open_at(struct registry *registry, const struct registry_new *new, int fd,
		   uint64_t *generation)
{
	struct registry_opened *opened = opened_create(new);
	uint64_t given;

	if (!opened)
		return -ENOMEM;
	enter(registry);
	if (fd < 0)
		fd = lowest_free(registry, 0);
	else if (registry->slot[fd].opened)
		fd = -EBUSY;
	if (fd < 0) {
		leave(registry);
		free(opened);
		return fd;
	}
	opened_link(registry, opened);
	given = settle(registry, fd, opened, new->cloexec);
	leave(registry);
	if (generation)
		*generation = given;
	return fd;
}

int registry_open(struct registry *registry, const struct registry_new *new, uint64_t *generation)
{
	return open_at(registry, new, -1, generation);
}

int registry_open_at(struct registry *registry, const struct registry_new *new, int fd,
		     uint64_t *generation)
{
	if (fd < 0 || fd >= REGISTRY_SIZE)
		return -EBADF;
	return open_at(registry, new, fd, generation);
}

int registry_attach(struct registry *registry, int fd, uint64_t generation, void *payload)
{
	struct registry_slot *slot;
	int error = 0;

	enter(registry);
	slot = slot_at(registry, fd);
	if (!slot || slot->generation != generation)
		error = -ESTALE;
	else if (slot->opened->payload)
		error = -EEXIST;
	else
		slot->opened->payload = payload;
	leave(registry);
	return error;
}

static int hold(struct registry *registry, int fd, struct registry_held *held)
{
	struct registry_slot *slot = slot_at(registry, fd);
	struct registry_opened *opened;

	if (!slot)
		return -EBADF;
	opened = slot->opened;
	opened->holders++;
	*held = (struct registry_held){
		.opened = opened,
		.class = opened->class,
		.payload = opened->payload,
		.generation = slot->generation,
		.fd = fd,
		.host = opened->host,
		.flags = opened->flags,
		.cloexec = slot->cloexec,
	};
	return 0;
}

int registry_hold(struct registry *registry, int fd, struct registry_held *held)
{
	int error;

	enter(registry);
	error = hold(registry, fd, held);
	leave(registry);
	return error;
}

void registry_let_go(struct registry *registry, struct registry_held *held)
{
	struct registry_opened *last;

	enter(registry);
	last = opened_drop(registry, held->opened);
	leave(registry);
	held->opened = NULL;
	opened_clean_up(registry, last);
}

int registry_close(struct registry *registry, int fd)
{
	struct registry_opened *last = NULL;
	int error = -EBADF;

	enter(registry);
	if (slot_at(registry, fd)) {
		last = vacate(registry, fd);
		error = 0;
	}
	leave(registry);
	opened_clean_up(registry, last);
	return error;
}

/* -------------------------------------------------------------------------
 * Duplicates
 */

int registry_dup(struct registry *registry, int fd, int lowest, bool cloexec)
{
	struct registry_slot *slot;
	int to = -EBADF;

	enter(registry);
	slot = slot_at(registry, fd);
	if (slot && (lowest < 0 || lowest >= registry->limit))
		to = -EINVAL;
	else if (slot)
		to = lowest_free(registry, lowest);
	if (to >= 0)
		settle(registry, to, slot->opened, cloexec);
	leave(registry);
	return to;
}

/* To another number. The one that goes may be the same open thing: `fd` holds it. */
static int dup_to(struct registry *registry, int fd, int to, bool cloexec)
{
	struct registry_opened *last = NULL;
	struct registry_slot *slot;

	enter(registry);
	slot = slot_at(registry, fd);
	if (!slot || to < 0 || to >= registry->limit) {
		leave(registry);
		return -EBADF;
	}
	if (registry->slot[to].opened)
		last = vacate(registry, to);
	settle(registry, to, slot->opened, cloexec);
	leave(registry);
	opened_clean_up(registry, last);
	return to;
}

int registry_dup3(struct registry *registry, int fd, int to, bool cloexec)
{
	return fd == to ? -EINVAL : dup_to(registry, fd, to, cloexec);
}

int registry_dup2(struct registry *registry, int fd, int to)
{
	if (fd == to) {
		enter(registry);
		to = slot_at(registry, fd) ? fd : -EBADF;
		leave(registry);
		return to;
	}
	return dup_to(registry, fd, to, false);
}

/* -------------------------------------------------------------------------
 * Flags
 */

int registry_set_cloexec(struct registry *registry, int fd, bool cloexec)
{
	struct registry_slot *slot;

	enter(registry);
	slot = slot_at(registry, fd);
	if (slot)
		slot->cloexec = cloexec;
	leave(registry);
	return slot ? 0 : -EBADF;
}

int registry_set_nonblock(struct registry *registry, int fd, bool nonblock)
{
	struct registry_slot *slot;

	enter(registry);
	slot = slot_at(registry, fd);
	if (slot && nonblock)
		slot->opened->flags |= REGISTRY_NONBLOCK;
	else if (slot)
		slot->opened->flags &= ~(unsigned int)REGISTRY_NONBLOCK;
	leave(registry);
	return slot ? 0 : -EBADF;
}

/* -------------------------------------------------------------------------
 * Processes
 */

void registry_exec(struct registry *registry)
{
	for (int fd = 0; fd < REGISTRY_SIZE; fd++) {
		struct registry_opened *last = NULL;

		enter(registry);
		if (slot_at(registry, fd) && registry->slot[fd].cloexec)
			last = vacate(registry, fd);
		leave(registry);
		opened_clean_up(registry, last);
	}
}

static bool inherited(const struct registry *registry, const struct registry_opened *opened)
{
	return registry->host->hands_on || !opened->class->local;
}

int registry_inherited(struct registry *registry, int fd, struct registry_held *held)
{
	struct registry_slot *slot;
	int error = -EBADF;

	enter(registry);
	slot = slot_at(registry, fd);
	if (slot && inherited(registry, slot->opened))
		error = hold(registry, fd, held);
	leave(registry);
	return error;
}

void registry_fork_begin(struct registry *registry)
{
	enter(registry);
	while (registry->cleaning)
		pthread_cond_wait(&registry->clean, &registry->lock);
}

void registry_fork_parent(struct registry *registry)
{
	leave(registry);
}

/* What threads of the parent held, and no slot has, is nobody's here. */
static void count_slots(struct registry *registry)
{
	for (struct registry_opened *opened = registry->first; opened; opened = opened->next)
		opened->holders = 0;
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		if (registry->slot[fd].opened)
			registry->slot[fd].opened->holders++;
}

/* Not by leave(): it may want a lock that a thread of the parent had. */
static void forget_local(struct registry *registry)
{
	for (int fd = 0; fd < REGISTRY_SIZE; fd++) {
		struct registry_slot *slot = &registry->slot[fd];

		if (!slot->opened || inherited(registry, slot->opened))
			continue;
		if (shown(slot->opened))
			show(registry, fd, false);
		slot->opened = NULL;
	}
}

void registry_fork_child(struct registry *registry)
{
	struct registry_opened *gone = NULL, *next;

	/* Other threads of the parent may have waited, too. */
	pthread_cond_init(&registry->clean, NULL);
	forget_local(registry);
	count_slots(registry);
	for (struct registry_opened *opened = registry->first; opened; opened = next) {
		next = opened->next;
		if (opened->holders)
			continue;
		opened_unlink(opened);
		opened->next = gone;
		gone = opened;
		registry->cleaning++;
	}
	leave(registry);
	for (; gone; gone = next) {
		next = gone->next;
		opened_clean_up(registry, gone);
	}
}
