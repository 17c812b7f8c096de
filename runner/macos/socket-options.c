/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#define __APPLE_USE_RFC_3542	/* macOS <netinet6/in6.h>: options as RFC 3542 has them */
#include "socket-options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "errors.h"
#include "linux-sockets.h"
#include "linux-time.h"
#include "socket-address.h"

/* macOS has seconds elsewhere: SO_LINGER counts ticks there. */
#ifdef SO_LINGER_SEC
#define LINGER SO_LINGER_SEC
#else
#define LINGER SO_LINGER
#endif
/* Others' names for it. */
#ifdef TCP_KEEPIDLE
#define KEEPIDLE TCP_KEEPIDLE
#else
#define KEEPIDLE TCP_KEEPALIVE
#endif
#ifdef TCP_CORK
#define CORK TCP_CORK
#else
#define CORK TCP_NOPUSH
#endif

#define OF_SOCKET(name, kind) { LINUX_SOL_SOCKET, LINUX_##name, SOL_SOCKET, name, kind }
#define OF_IP(name, kind) { LINUX_SOL_IP, LINUX_##name, IPPROTO_IP, name, kind }
#define OF_IPV6(guest, name, kind) { LINUX_SOL_IPV6, LINUX_##guest, IPPROTO_IPV6, name, kind }
#define OF_TCP(guest, name, kind) { LINUX_SOL_TCP, LINUX_##guest, IPPROTO_TCP, name, kind }
#define NOTHING(level, guest) { LINUX_SOL_##level, LINUX_##guest, -1, -1, SOCKET_NOTHING }

static const struct socket_option options[] = {
	OF_SOCKET(SO_DEBUG, SOCKET_FLAG), OF_SOCKET(SO_REUSEADDR, SOCKET_FLAG),
	OF_SOCKET(SO_TYPE, SOCKET_INT), OF_SOCKET(SO_ERROR, SOCKET_ERROR),
	OF_SOCKET(SO_DONTROUTE, SOCKET_FLAG), OF_SOCKET(SO_BROADCAST, SOCKET_FLAG),
	OF_SOCKET(SO_SNDBUF, SOCKET_INT), OF_SOCKET(SO_RCVBUF, SOCKET_INT),
	OF_SOCKET(SO_KEEPALIVE, SOCKET_FLAG), OF_SOCKET(SO_OOBINLINE, SOCKET_FLAG),
	OF_SOCKET(SO_REUSEPORT, SOCKET_FLAG), OF_SOCKET(SO_RCVLOWAT, SOCKET_INT),
	OF_SOCKET(SO_SNDLOWAT, SOCKET_INT), OF_SOCKET(SO_RCVTIMEO, SOCKET_TIME),
	OF_SOCKET(SO_SNDTIMEO, SOCKET_TIME), OF_SOCKET(SO_ACCEPTCONN, SOCKET_FLAG),
	{ LINUX_SOL_SOCKET, LINUX_SO_LINGER, SOL_SOCKET, LINGER, SOCKET_BYTES },
	{ LINUX_SOL_SOCKET, LINUX_SO_DOMAIN, SOL_SOCKET, -1, SOCKET_FAMILY },
	{ LINUX_SOL_SOCKET, LINUX_SO_PEERCRED, SOL_SOCKET, -1, SOCKET_PEER },
	NOTHING(SOCKET, SO_PRIORITY),

	OF_IP(IP_TOS, SOCKET_INT), OF_IP(IP_TTL, SOCKET_INT), OF_IP(IP_HDRINCL, SOCKET_INT),
	OF_IP(IP_PKTINFO, SOCKET_INT), OF_IP(IP_RECVTTL, SOCKET_INT), OF_IP(IP_RECVTOS, SOCKET_INT),
	OF_IP(IP_MULTICAST_IF, SOCKET_BYTES), OF_IP(IP_MULTICAST_TTL, SOCKET_INT),
	OF_IP(IP_MULTICAST_LOOP, SOCKET_INT), OF_IP(IP_ADD_MEMBERSHIP, SOCKET_BYTES),
	OF_IP(IP_DROP_MEMBERSHIP, SOCKET_BYTES),
	NOTHING(IP, IP_MTU_DISCOVER), NOTHING(IP, IP_RECVERR), NOTHING(IP, IP_BIND_ADDRESS_NO_PORT),

	OF_IPV6(IPV6_UNICAST_HOPS, IPV6_UNICAST_HOPS, SOCKET_INT),
	OF_IPV6(IPV6_MULTICAST_IF, IPV6_MULTICAST_IF, SOCKET_INT),
	OF_IPV6(IPV6_MULTICAST_HOPS, IPV6_MULTICAST_HOPS, SOCKET_INT),
	OF_IPV6(IPV6_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, SOCKET_INT),
	OF_IPV6(IPV6_ADD_MEMBERSHIP, IPV6_JOIN_GROUP, SOCKET_BYTES),
	OF_IPV6(IPV6_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP, SOCKET_BYTES),
	OF_IPV6(IPV6_V6ONLY, IPV6_V6ONLY, SOCKET_INT),
	OF_IPV6(IPV6_RECVPKTINFO, IPV6_RECVPKTINFO, SOCKET_INT),
	OF_IPV6(IPV6_PKTINFO, IPV6_PKTINFO, SOCKET_BYTES),
	OF_IPV6(IPV6_RECVHOPLIMIT, IPV6_RECVHOPLIMIT, SOCKET_INT),
	OF_IPV6(IPV6_HOPLIMIT, IPV6_HOPLIMIT, SOCKET_INT),
	OF_IPV6(IPV6_RECVTCLASS, IPV6_RECVTCLASS, SOCKET_INT),
	OF_IPV6(IPV6_TCLASS, IPV6_TCLASS, SOCKET_INT),
	NOTHING(IPV6, IPV6_MTU_DISCOVER), NOTHING(IPV6, IPV6_RECVERR),

	OF_TCP(TCP_NODELAY, TCP_NODELAY, SOCKET_FLAG), OF_TCP(TCP_MAXSEG, TCP_MAXSEG, SOCKET_INT),
	OF_TCP(TCP_CORK, CORK, SOCKET_FLAG), OF_TCP(TCP_KEEPIDLE, KEEPIDLE, SOCKET_INT),
	OF_TCP(TCP_KEEPINTVL, TCP_KEEPINTVL, SOCKET_INT),
	OF_TCP(TCP_KEEPCNT, TCP_KEEPCNT, SOCKET_INT),
	NOTHING(TCP, TCP_DEFER_ACCEPT), NOTHING(TCP, TCP_QUICKACK), NOTHING(TCP, TCP_USER_TIMEOUT),
};

const struct socket_option *socket_option_find(int level, int name)
{
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (options[i].guest_level == level && options[i].guest == name)
			return &options[i];
	return NULL;
}

const struct socket_option *socket_option_of_host(int level, int name)
{
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (options[i].name >= 0 && options[i].level == level && options[i].name == name)
			return &options[i];
	return NULL;
}

/* -------------------------------------------------------------------------
 * Values.
 */
static int set_bytes(int host, const struct socket_option *option, const void *value, size_t size)
{
	return setsockopt(host, option->level, option->name, value, (socklen_t)size) ? -errno : 0;
}

static int set_time(int host, const struct socket_option *option, const void *value, size_t size)
{
	struct linux_timeval guest;
	struct timeval time;

	if (size < sizeof guest)
		return -EINVAL;
	memcpy(&guest, value, sizeof guest);
	if ((uint64_t)guest.usec >= LINUX_USEC_PER_SEC)
		return -EDOM;
	/* net/core/sock.c: less than 0 is no time to wait, and 0 is for ever */
	time.tv_sec = guest.sec < 0 ? 0 : (time_t)guest.sec;
	time.tv_usec = guest.sec < 0 ? 1 : (suseconds_t)guest.usec;
	return set_bytes(host, option, &time, sizeof time);
}

int socket_option_set(int host, const struct socket_option *option, const void *value, size_t size)
{
	switch (option->kind) {
	case SOCKET_INT:
	case SOCKET_FLAG:
		return size < sizeof(int) && option->level == SOL_SOCKET
			       ? -EINVAL
			       : set_bytes(host, option, value, size);
	case SOCKET_BYTES:
		return set_bytes(host, option, value, size);
	case SOCKET_TIME:
		return set_time(host, option, value, size);
	case SOCKET_NOTHING:
		return 0;
	default:
		return -ENOPROTOOPT;	/* they are told only */
	}
}

static int give(const void *from, size_t size, void *value, size_t room)
{
	size = size < room ? size : room;
	memcpy(value, from, size);
	return (int)size;
}

static int give_int(int number, void *value, size_t room)
{
	return give(&number, sizeof number, value, room);
}

static int get_bytes(int host, const struct socket_option *option, void *value, size_t room)
{
	socklen_t size = (socklen_t)room;

	return getsockopt(host, option->level, option->name, value, &size) ? -errno : (int)size;
}

static int get_flag(int host, const struct socket_option *option, void *value, size_t room)
{
	int flag = 0, failed = get_bytes(host, option, &flag, sizeof flag);

	return failed < 0 ? failed : give_int(flag != 0, value, room);
}

static int get_error(int host, const struct socket_option *option, void *value, size_t room)
{
	int error = 0, failed = get_bytes(host, option, &error, sizeof error);

	return failed < 0 ? failed : give_int(error ? errors_to_linux(error) : 0, value, room);
}

static int get_time(int host, const struct socket_option *option, void *value, size_t room)
{
	struct timeval time = { 0 };
	struct linux_timeval guest;
	int failed = get_bytes(host, option, &time, sizeof time);

	if (failed < 0)
		return failed;
	guest = (struct linux_timeval){ time.tv_sec, time.tv_usec };
	return give(&guest, sizeof guest, value, room);
}

static int get_family(int host, void *value, size_t room)
{
	struct socket_address address;
	int family;

	address.size = sizeof address.storage;
	if (getsockname(host, &address.any, &address.size))
		return -errno;
	family = socket_family_to_guest(address.any.sa_family);
	return family < 0 ? family : give_int(family, value, room);
}

static int get_peer(int host, void *value, size_t room)
{
	struct linux_ucred peer = { 0 };
#ifdef LOCAL_PEERPID
	socklen_t size = sizeof peer.pid;
	uid_t uid;
	gid_t gid;

	if (getpeereid(host, &uid, &gid))
		return -errno;
	peer.uid = uid;
	peer.gid = gid;
	(void)getsockopt(host, SOL_LOCAL, LOCAL_PEERPID, &peer.pid, &size);
#else
	struct ucred told;
	socklen_t size = sizeof told;

	if (getsockopt(host, SOL_SOCKET, SO_PEERCRED, &told, &size))
		return -errno;
	peer = (struct linux_ucred){ told.pid, told.uid, told.gid };
#endif
	return give(&peer, sizeof peer, value, room);
}

int socket_option_get(int host, const struct socket_option *option, void *value, size_t room)
{
	switch (option->kind) {
	case SOCKET_INT:
	case SOCKET_BYTES:
		return get_bytes(host, option, value, room);
	case SOCKET_FLAG:
		return get_flag(host, option, value, room);
	case SOCKET_ERROR:
		return get_error(host, option, value, room);
	case SOCKET_TIME:
		return get_time(host, option, value, room);
	case SOCKET_FAMILY:
		return get_family(host, value, room);
	case SOCKET_PEER:
		return get_peer(host, value, room);
	default:
		return give_int(0, value, room);
	}
}
