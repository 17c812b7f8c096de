/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets' addresses. Linux's begin with two bytes of family; others' may begin with a byte
 * of length and one of family, and number families otherwise. Functions return 0 or -errno.
 */
#ifndef SOCKET_ADDRESS_H
#define SOCKET_ADDRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct socket_address {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
		char bytes[sizeof(struct sockaddr_storage) + 1];
	};
	socklen_t size;
};

/* Numbers of families; -EAFNOSUPPORT. */
int socket_family_to_host(int guest);
int socket_family_to_guest(int host);

/*
 * `size` bytes of the guest's for the host. Names of Linux's own that are in no folder (their
 * first byte is 0) are nobody's: -ECONNREFUSED.
 */
int socket_address_to_host(const void *guest, size_t size, struct socket_address *host);

/* The host's for the guest, at most LINUX_SOCKADDR_MAX bytes: how many. */
size_t socket_address_to_guest(const struct socket_address *host, void *guest);

#endif
