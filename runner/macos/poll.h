/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting until descriptors are ready. What they are ready for is as Linux's poll() says it,
 * in bits of enum linux_poll, which are those of epoll, too.
 */
#ifndef MACOS_POLL_H
#define MACOS_POLL_H

#include <stddef.h>

#include "linux-descriptors.h"
#include "registry.h"

struct thread;

/* Whether what is there to be read, or the other end, or both ends are gone: poll_ends(). */
struct poll_ends {
	bool is_socket, is_pipe, is_written;	/* the last one: not read */
	bool reads_end, writes_end, writes_wait, failed;
	int left;	/* bytes to be read */
};

/* Of a descriptor of the host, now: some of `events`, and what is always told. */
uint32_t poll_host(int host, uint32_t events);
/* What has no way to be polled on Linux, and always is ready: /dev/null. */
bool poll_is_not_there(int host);

/*
 * A host's poll() may know no POLLRDHUP, and say POLLHUP where one of two directions has ended:
 * what Linux would say, of what the host said as Linux's bits and the ends.
 */
struct poll_ends poll_ends(int host);
uint32_t poll_hangup(uint32_t told, uint32_t events, const struct poll_ends *ends);

struct poll_item {
	const struct registry_held *held;	/* NULL: it is as `ready` says */
	uint32_t events, ready;
};

/*
 * Until one of them is ready, or wait_now() is the deadline: how many are, -errno, or one of
 * CALLS_*, of a call that may be made again. Without a thread, nothing interrupts it.
 */
int64_t poll_items(struct thread *thread, struct poll_item *item, size_t count, uint64_t deadline);
/* 0, once it is ready for one of `events`; -ETIMEDOUT; or as above. */
int64_t poll_one(struct thread *thread, const struct registry_held *held, uint32_t events,
		 uint64_t deadline);

/* A signal mask at `at`, if that is not 0, for the time of the call: 0 or -errno. */
int poll_lend_mask(struct thread *thread, uint64_t at, uint64_t size);
/* A deadline by a timespec at `at`; 0 is none: 0 or -errno. And what is left of it, to be told. */
int poll_deadline(struct thread *thread, uint64_t at, uint64_t *deadline);
void poll_tell_left(struct thread *thread, uint64_t at, uint64_t deadline);

#endif
