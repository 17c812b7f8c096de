/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes through sockets beside their bytes: flags, and control messages, which give
 * descriptors away. Numbers of descriptors are the guest's on one side, and of another process
 * on the other: so they go through the registry.
 */
#ifndef SOCKET_MESSAGES_H
#define SOCKET_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "linux-sockets.h"
#include "registry.h"

/* Flags for the host; what it has nothing for is left out. -EOPNOTSUPP. */
int socket_flags_to_host(unsigned int guest, int *host);
uint32_t socket_flags_to_guest(int host);

enum { SOCKET_CONTROL = 8192 };

struct socket_control {
	_Alignas(struct cmsghdr) char bytes[SOCKET_CONTROL];
	size_t size;
	struct registry_held held[LINUX_SCM_MAX_FD];	/* until the message is sent */
	unsigned int holding;
};

/* The guest's bytes become the host's: 0 or -errno. In any case it is followed by the end. */
int socket_control_to_host(const void *guest, size_t size, struct socket_control *control);
void socket_control_end(struct socket_control *control);

/*
 * What came, in at most `room` bytes: how many. Descriptors become the guest's; those that it
 * has no room for are closed, and *cut says so.
 */
size_t socket_control_to_guest(const struct msghdr *message, bool cloexec, void *guest, size_t room,
			       bool *cut);

#endif
