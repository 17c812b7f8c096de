/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets' options: which of the host's it is, and how its value is translated. */
#ifndef SOCKET_OPTIONS_H
#define SOCKET_OPTIONS_H

#include <sys/socket.h>

enum socket_option_kind {
	SOCKET_INT,		/* the same on both */
	SOCKET_FLAG,		/* an int that a host may tell as another than 1 */
	SOCKET_BYTES,		/* the same structure */
	SOCKET_ERROR,		/* an error's number */
	SOCKET_TIME,		/* struct timeval */
	SOCKET_FAMILY,		/* that it was made of: the host has no such option */
	SOCKET_PEER,		/* struct ucred */
	SOCKET_NOTHING,		/* what it asks for is there, or does no harm if it is not */
};

struct socket_option {
	int guest_level, guest;
	int level, name;
	enum socket_option_kind kind;
};

/* NULL: there is none. */
const struct socket_option *socket_option_find(int level, int name);

/* With the guest's bytes: 0 or -errno. At most SOCKET_OPTION_MAX bytes; get: how many. */
enum { SOCKET_OPTION_MAX = 256 };
int socket_option_set(int host, const struct socket_option *option, const void *value, size_t size);
int socket_option_get(int host, const struct socket_option *option, void *value, size_t room);

/* Levels and types of control messages, which are such options. */
const struct socket_option *socket_option_of_host(int level, int name);

#endif
