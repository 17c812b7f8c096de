/* SPDX-License-Identifier: BSD-2-Clause */
#include "socket-address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "linux-sockets.h"
#include "translate.h"

TRANSLATE(families,
	{ LINUX_AF_UNSPEC, AF_UNSPEC },
	{ LINUX_AF_UNIX, AF_UNIX },
	{ LINUX_AF_INET, AF_INET },
	{ LINUX_AF_INET6, AF_INET6 },
);

/* Where the family's own part begins, in both. */
enum { BODY = 2 };
_Static_assert(offsetof(struct sockaddr, sa_data) == BODY, "as Linux has it");
_Static_assert(offsetof(struct sockaddr_un, sun_path) == LINUX_UNIX_PATH_AT, "as Linux has it");

int socket_family_to_host(int guest)
{
	int64_t host;

	return translate_to_host(&families, guest, &host) ? (int)host : -EAFNOSUPPORT;
}

int socket_family_to_guest(int host)
{
	int64_t guest;

	return translate_to_guest(&families, host, &guest) ? (int)guest : -EAFNOSUPPORT;
}

/* What the host checks against the size that it is given, if it has it at all. */
static void set_length(struct socket_address *host)
{
#ifdef SIN6_LEN
	host->un.sun_len = (unsigned char)host->size;
#else
	(void)host;
#endif
}

static int unix_to_host(const char *name, size_t length, struct socket_address *host)
{
	size_t used = strnlen(name, length);

	if (length && !used)
		return -ECONNREFUSED;
	if (used >= sizeof host->un.sun_path)
		return -ENAMETOOLONG;
	memcpy(host->un.sun_path, name, used);
	host->un.sun_path[used] = 0;
	host->size = (socklen_t)(LINUX_UNIX_PATH_AT + used + 1);
	return 0;
}

int socket_address_to_host(const void *guest, size_t size, struct socket_address *host)
{
	uint16_t guest_family;
	int family;

	memset(host, 0, sizeof *host);
	if (size > LINUX_SOCKADDR_MAX || size < sizeof guest_family)
		return -EINVAL;
	memcpy(&guest_family, guest, sizeof guest_family);
	family = socket_family_to_host(guest_family);
	if (family < 0)
		return family;
	if (family == AF_UNIX && size > LINUX_UNIX_PATH_AT + LINUX_UNIX_PATH_MAX)
		return -EINVAL;
	host->any.sa_family = (sa_family_t)family;
	host->size = (socklen_t)size;
	if (family == AF_UNIX) {
		int error = unix_to_host((const char *)guest + BODY, size - BODY, host);

		if (error)
			return error;
	} else {
		memcpy(host->bytes + BODY, (const char *)guest + BODY, size - BODY);
	}
	set_length(host);
	return 0;
}

/* Linux counts the NUL behind a name, and tells of no name at all by its size. */
static size_t unix_size(const struct socket_address *host)
{
	size_t room = host->size > BODY ? host->size - BODY : 0, used;

	room = room < sizeof host->un.sun_path ? room : sizeof host->un.sun_path;
	used = strnlen(host->un.sun_path, room);
	return used ? BODY + used + 1 : BODY;
}

size_t socket_address_to_guest(const struct socket_address *host, void *guest)
{
	int family =
		host->size < BODY ? LINUX_AF_UNSPEC : socket_family_to_guest(host->any.sa_family);
	uint16_t guest_family = (uint16_t)(family < 0 ? LINUX_AF_UNSPEC : family);
	size_t size = host->size;

	memset(guest, 0, LINUX_SOCKADDR_MAX);
	/* a host may tell of nobody by a family that is none */
	if (!size || guest_family == LINUX_AF_UNSPEC)
		return 0;
	if (guest_family == LINUX_AF_UNIX)
		size = unix_size(host);
	if (size > LINUX_SOCKADDR_MAX)
		size = LINUX_SOCKADDR_MAX;
	memcpy(guest, &guest_family, sizeof guest_family);
	memcpy((char *)guest + BODY, host->bytes + BODY, size - BODY);
	return size;
}
