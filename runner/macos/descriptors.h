/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's descriptors: slots of a registry (registry.h), of which a process has one.
 * A number of the guest's says nothing about the host's: what is open is held for a call,
 * and says which descriptor of the host it has, if any.
 *
 * Classes with a descriptor of the host: files (also pipes, terminals, sockets),
 * directories, and those that are only names (O_PATH). Their flags, O_NONBLOCK too, are the
 * host's own, as they are of what is open, and other processes may share it.
 * /dev/urandom has one, too, but its bytes are ours: entropy_class.
 * Classes of ours: eventfd, timerfd, signalfd, epoll, pidfd. They have no such descriptor: their
 * flags are the registry's. What makes them ready is a bell (bell.h). A child has no eventfd
 * and no timerfd, which on Linux it would share with its parent; the others it can have.
 *
 * All descriptors of the host are close-on-exec; what the guest keeps at execve(), is kept by
 * descriptors_save().
 *
 * Functions that can fail return -errno, as the host numbers it.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stdio.h>

#include "entropy.h"
#include "registry.h"
#include "vm.h"

struct thread;

extern struct registry descriptors;

/* What calls do by class. NULL: the host's descriptor does it, or nobody. */
struct descriptor_ops {
	const struct registry_class *class;
	const char *link;	/* where /proc/self/fd's link leads: "anon_inode:[eventfd]" */
	/* At once, as much as there is; -EAGAIN: it would wait. `thread`: who asks. */
	int64_t (*read)(struct thread *thread, void *payload, void *to, size_t size);
	int64_t (*write)(void *payload, const void *from, size_t size);
	/* What epoll would say, bits of enum linux_epoll_events. */
	uint32_t (*ready)(struct thread *thread, void *payload);
	/*
	 * A descriptor of the host that becomes readable when such events have become true; it
	 * stays the payload's. -1: it always is as it is.
	 */
	int (*bell)(void *payload, uint32_t events);
	/* In a child, which has no kqueue of its parent's: 0, or -errno and it is dropped. */
	int (*renew)(void *payload);
	/* At execve: writes its state, and makes what has that state, or NULL. */
	void (*save)(void *payload, FILE *to);
	void *(*restore)(FILE *from);
};

/* Never NULL. */
const struct descriptor_ops *descriptor_ops(const struct registry_class *class);

/*
 * With a descriptor of the host. A directory's payload is made when it is first read: its class is
 * where that is.
 */
extern const struct registry_class file_class, path_class, directory_class;
extern const struct descriptor_ops eventfd_ops, timerfd_ops, signalfd_ops, epoll_ops, pidfd_ops;

/* -------------------------------------------------------------------------
 * Beginning, fork, execve.
 */

/* Once, before the runner opens anything: numbers of the host become the guest's. */
int descriptors_begin(void);
/* The same in what a process has become: from descriptors_save(), of which it closes the file. */
int descriptors_restore(int file);
/* The machine is told of /dev/urandom from now on, and of what is open. NULL: none is. */
void descriptors_machine(struct vm *vm);

/*
 * Around fork(), in the thread that forks. Who opens descriptors of the host and has not given
 * them to the registry yet is waited for: see descriptors_opening().
 */
void descriptors_fork_begin(void);
void descriptors_fork_parent(void);
void descriptors_fork_child(void);

/*
 * Before the host's execve(), with one thread: what is to stay open does, and is described in
 * this file. If the execve() fails, descriptors_keep() makes all close-on-exec again.
 */
int descriptors_save(int file);
void descriptors_keep(void);

/* -------------------------------------------------------------------------
 * Opening.
 */

/* Between these nobody forks: they are short, and nothing between them waits. */
void descriptors_opening(void);
void descriptors_opened(void);

/*
 * Close-on-exec, and not one of the lowest three: what closes those is not the guest. `host`
 * itself, or another that takes its place, or -errno and it is closed. -1 stays -1.
 */
int descriptors_host(int host);

/*
 * The guest's number for a descriptor of the host, of any of the first three classes, or
 * NULL: what the host says it is. If it fails, the host's is closed.
 */
int descriptor_open(const struct registry_class *class, int host, bool cloexec);
/* With a payload; if it fails, the payload is released. */
int descriptor_open_own(const struct registry_class *class, void *payload, unsigned int flags,
			bool cloexec);

/* The process's random bytes. */
extern struct entropy *descriptors_entropy;

/* -------------------------------------------------------------------------
 * For a call. The low half of an argument counts.
 */
int descriptor_hold(uint64_t fd, struct registry_held *held);
void descriptor_let_go(struct registry_held *held);

/* The same, of what has a descriptor of the host: its number, or -EBADF and nothing is held. */
int descriptor_hold_host(uint64_t fd, struct registry_held *held);

/* What epoll would say of it now, bits of enum linux_epoll_events. */
uint32_t descriptor_ready(struct thread *thread, const struct registry_held *held);

#endif
