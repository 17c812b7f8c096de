/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of epoll, over kqueue. The kqueue says of which descriptors something has changed; those
 * are listed, and whether they are ready is asked when somebody wants to know: as Linux does
 * it, and with what follows from it for edges, one shots and duplicates.
 *
 * An entry is of a guest's number and of what it stood for: it goes when that is closed, by
 * its last duplicate, not with its number.
 *
 * Functions that can fail return -errno.
 */
#ifndef EPOLL_H
#define EPOLL_H

#include "linux-descriptors.h"
#include "registry.h"

struct epset;
struct thread;

/* NULL: errno says why. */
struct epset *epset_create(void);

/* epoll_ctl(), by enum linux_epoll_ctl. */
int epset_change(struct epset *set, int operation, const struct registry_held *target,
		 const struct linux_epoll_event *event);

/* Those that are ready now, at most `room`. */
int epset_collect(struct thread *thread, struct epset *set, struct linux_epoll_event *events,
		  int room);
/* Readable when there may be some. */
int epset_bell(const struct epset *set);

/*
 * What has this descriptor of the host, or else this payload, is not open any more: before
 * it is gone.
 */
void epoll_forget(int host, const void *payload);

/* Around fork(). In a child: kqueues are made again, of what it has. */
void epoll_fork_begin(void);
void epoll_fork_parent(void);
void epoll_fork_child(void);
void epoll_fork_renew(void);

/*
 * At execve: each entry of a set is told, and can be made again. The `opened` of a target is
 * what registry_hold() finds.
 */
struct epset_entry {
	int fd, host;
	void *payload;
	struct linux_epoll_event event;
};
void epset_each(struct epset *set, void (*tell)(void *context, const struct epset_entry *entry),
		void *context);
/* Of what is there again; what cannot be an entry any more is none. */
void epset_restore(struct epset *set, const struct epset_entry *entry,
		   const struct registry_class *class);

#endif
