/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's descriptors, for a host whose own cannot be given to it. A number is a slot of
 * a table. A slot stands for something that is open, which duplicates share, as on Linux:
 * so an eventfd's duplicates have one counter, and closing one leaves the others.
 *
 * What is open is held by its slots and by the calls that use it. The last one to let go
 * cleans up after it, by its class; nothing is closed under a call's feet.
 *
 * A number can stand for another thing of the same class with the same descriptor of the
 * host a moment later: close() and open() give the lowest ones again. Only a slot's
 * generation never comes again, so it is what tells the two apart. Who has made
 * something for a slot without the lock gives it to the slot by registry_attach(), which
 * takes it for this generation or not at all.
 *
 * Locks, in the order in which a thread may take them:
 *	1. the registry's, for every change of a slot and of the bits below;
 *	2. those of what a class keeps: a cache's of entropy.h, a counter's.
 * Under the first, leave() and shown() are called, and no other function of a class or of the
 * host: release() and close() may take their time, and may call the registry.
 *
 * Functions that can fail return -errno.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { REGISTRY_SIZE = 1024 };

/* What descriptors of a kind have in common. It stays as it is, and there, for ever. */
struct registry_class {
	const char *name;
	/* Nobody holds it any more; not called without a payload. */
	void (*release)(void *payload);
	/*
	 * A number does not stand for it any more. Under the registry's lock: be short. Not in
	 * a child for what it does not inherit, where a lock may be nobody's.
	 */
	void (*leave)(void *payload, int fd, uint64_t generation);
	bool local;	/* of this process: a child cannot have it, see registry_host */
	bool random;	/* readable ones have their bit in registry_bits */
};

/* What the registry knows of the host. */
struct registry_host {
	void (*close)(int host);
	/*
	 * A bit of registry_bits changes: for who has bits of another form. Under the registry's
	 * lock: be short. NULL: nobody asks.
	 */
	void (*shown)(int fd, bool is);
	/* A child inherits everything, as Linux has it: the host's own eventfd can be. */
	bool hands_on;
};

/*
 * For who answers reads of random bytes without a lock, in the guest: a bit is set only
 * while its number stands for a readable descriptor of a random class.
 */
struct registry_bits {
	_Atomic uint64_t word[REGISTRY_SIZE / 64];
};

enum registry_flags {
	REGISTRY_READ = 1,
	REGISTRY_WRITE = 2,
	REGISTRY_NONBLOCK = 4,	/* of all duplicates; the only one that can change */
};

/* What registry_open() is given. */
struct registry_new {
	const struct registry_class *class;
	int host;		/* -1: nothing of the host's */
	unsigned int flags;
	void *payload;
	bool cloexec;
};

/* What a call uses, as it was when it began. */
struct registry_held {
	struct registry_opened *opened;	/* the same for all duplicates */
	const struct registry_class *class;
	void *payload;
	uint64_t generation;
	int fd, host;
	unsigned int flags;
	bool cloexec;
};

struct registry {
	uint32_t ready;
	int limit;		/* numbers from here on are not given */
	pthread_mutex_t lock;
	pthread_cond_t clean;	/* `cleaning` has become 0 */
	unsigned long cleaning;	/* nobody's any more, and not cleaned up yet */
	const struct registry_host *host;
	struct registry_bits *bits;
	uint64_t generation;	/* the last one given */
	struct registry_opened *first;	/* all that is open, also without a slot */
	struct registry_slot {
		struct registry_opened *opened;
		uint64_t generation;
		bool cloexec;
	} slot[REGISTRY_SIZE];
};

/*
 * Before all else, on zeroed memory: every other function aborts without it. -EBUSY: it was
 * called already. `bits` are cleared.
 */
int registry_init(struct registry *registry, const struct registry_host *host,
		  struct registry_bits *bits);
/* Closes all. Nobody else uses it any more. */
void registry_end(struct registry *registry);
/* RLIMIT_NOFILE: more than REGISTRY_SIZE is as much. What is open beyond stays open. */
void registry_set_limit(struct registry *registry, uint64_t limit);

/*
 * The lowest number that is free; its generation, unless that is NULL. If it fails, the
 * host's descriptor and the payload are still the caller's.
 */
int registry_open(struct registry *registry, const struct registry_new *new, uint64_t *generation);
/* At this number: -EBUSY if it stands for something. For a child that is told what it inherits. */
int registry_open_at(struct registry *registry, const struct registry_new *new, int fd,
		     uint64_t *generation);

/*
 * A payload that was made since `generation` was seen, for something that has none. If it
 * fails, the payload is still the caller's, to be undone. -ESTALE: the number stands for
 * something else, or nothing. -EEXIST: it has one.
 */
int registry_attach(struct registry *registry, int fd, uint64_t generation, void *payload);

/* Each that succeeds is followed by registry_let_go(). */
int registry_hold(struct registry *registry, int fd, struct registry_held *held);
void registry_let_go(struct registry *registry, struct registry_held *held);

int registry_close(struct registry *registry, int fd);
/* F_DUPFD: the lowest number that is free, from `lowest` on; dup() is from 0 on. */
int registry_dup(struct registry *registry, int fd, int lowest, bool cloexec);
/* What `to` stood for is left, in the same moment. */
int registry_dup2(struct registry *registry, int fd, int to);
int registry_dup3(struct registry *registry, int fd, int to, bool cloexec);

int registry_set_cloexec(struct registry *registry, int fd, bool cloexec);
int registry_set_nonblock(struct registry *registry, int fd, bool nonblock);

/* At execve: closes what is to be closed. */
void registry_exec(struct registry *registry);

/*
 * At fork. A host that makes a child of the process by fork() calls the first before it and
 * one of the others after it, where the thread that forks holds nothing. Another one asks
 * which numbers to tell the child: registry_inherited() holds them as registry_hold() does.
 *
 * The child closes what it cannot have; calls of threads that it does not have hold nothing.
 * The first waits for what is being cleaned up, so that the child knows of all that is open:
 * it may not be called by release(). What the host has opened, and was not given to
 * registry_open() yet, is for who opens it to keep from the child.
 */
void registry_fork_begin(struct registry *registry);
void registry_fork_parent(struct registry *registry);
void registry_fork_child(struct registry *registry);
int registry_inherited(struct registry *registry, int fd, struct registry_held *held);

/* For tests and for who answers reads: no lock. */
static inline bool registry_random(const struct registry_bits *bits, unsigned int fd)
{
	return fd < REGISTRY_SIZE &&
	       atomic_load_explicit(&bits->word[fd / 64], memory_order_acquire) >> fd % 64 & 1;
}

#endif
