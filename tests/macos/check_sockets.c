/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: numbers, addresses, options and control messages, against Linux's own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "descriptor-suites.h"
#include "flat.h"
#include "runner/macos/linux-descriptors.h"
#include "runner/macos/linux-files.h"
#include "runner/macos/linux-signal.h"
#include "runner/macos/linux-sockets.h"
#include "runner/macos/poll.h"
#include "runner/macos/socket-address.h"
#include "runner/macos/socket-options.h"

#define SAME(name) _Static_assert((uint64_t)LINUX_##name == (uint64_t)name, #name)
SAME(AF_UNSPEC); SAME(AF_UNIX); SAME(AF_INET); SAME(AF_INET6); SAME(AF_MAX);
SAME(SOCK_STREAM); SAME(SOCK_DGRAM); SAME(SOCK_RAW); SAME(SOCK_RDM); SAME(SOCK_SEQPACKET);
SAME(SOCK_NONBLOCK); SAME(SOCK_CLOEXEC);
SAME(MSG_OOB); SAME(MSG_PEEK); SAME(MSG_DONTROUTE); SAME(MSG_CTRUNC); SAME(MSG_TRUNC);
SAME(MSG_DONTWAIT); SAME(MSG_EOR); SAME(MSG_WAITALL); SAME(MSG_CONFIRM); SAME(MSG_ERRQUEUE);
SAME(MSG_NOSIGNAL); SAME(MSG_MORE); SAME(MSG_WAITFORONE); SAME(MSG_FASTOPEN);
SAME(MSG_CMSG_CLOEXEC); SAME(SCM_RIGHTS); SAME(SCM_CREDENTIALS);
SAME(SOL_SOCKET); SAME(SOL_IP); SAME(SOL_TCP); SAME(SOL_IPV6);
SAME(SO_DEBUG); SAME(SO_REUSEADDR); SAME(SO_TYPE); SAME(SO_ERROR); SAME(SO_DONTROUTE);
SAME(SO_BROADCAST); SAME(SO_SNDBUF); SAME(SO_RCVBUF); SAME(SO_KEEPALIVE); SAME(SO_OOBINLINE);
SAME(SO_PRIORITY); SAME(SO_LINGER); SAME(SO_REUSEPORT); SAME(SO_PASSCRED); SAME(SO_PEERCRED);
SAME(SO_RCVLOWAT); SAME(SO_SNDLOWAT); SAME(SO_RCVTIMEO); SAME(SO_SNDTIMEO); SAME(SO_TIMESTAMP);
SAME(SO_ACCEPTCONN); SAME(SO_PROTOCOL); SAME(SO_DOMAIN);
SAME(IP_TOS); SAME(IP_TTL); SAME(IP_HDRINCL); SAME(IP_PKTINFO); SAME(IP_MTU_DISCOVER);
SAME(IP_RECVERR); SAME(IP_RECVTTL); SAME(IP_RECVTOS); SAME(IP_BIND_ADDRESS_NO_PORT);
SAME(IP_MULTICAST_IF); SAME(IP_MULTICAST_TTL); SAME(IP_MULTICAST_LOOP); SAME(IP_ADD_MEMBERSHIP);
SAME(IP_DROP_MEMBERSHIP);
SAME(IPV6_UNICAST_HOPS); SAME(IPV6_MULTICAST_IF); SAME(IPV6_MULTICAST_HOPS);
SAME(IPV6_MULTICAST_LOOP); SAME(IPV6_MTU_DISCOVER); SAME(IPV6_RECVERR); SAME(IPV6_V6ONLY);
SAME(IPV6_RECVPKTINFO); SAME(IPV6_PKTINFO); SAME(IPV6_RECVHOPLIMIT); SAME(IPV6_HOPLIMIT);
SAME(IPV6_RECVTCLASS); SAME(IPV6_TCLASS);
SAME(TCP_NODELAY); SAME(TCP_MAXSEG); SAME(TCP_CORK); SAME(TCP_KEEPIDLE); SAME(TCP_KEEPINTVL);
SAME(TCP_KEEPCNT); SAME(TCP_DEFER_ACCEPT); SAME(TCP_QUICKACK); SAME(TCP_USER_TIMEOUT);
_Static_assert(LINUX_IPV6_ADD_MEMBERSHIP == IPV6_JOIN_GROUP, "by another name");
_Static_assert(LINUX_IPV6_DROP_MEMBERSHIP == IPV6_LEAVE_GROUP, "by another name");
_Static_assert(sizeof(struct linux_msghdr) == sizeof(struct msghdr), "a message");
_Static_assert(offsetof(struct linux_msghdr, flags) == offsetof(struct msghdr, msg_flags), "flags");
_Static_assert(sizeof(struct linux_mmsghdr) == sizeof(struct mmsghdr), "several");
_Static_assert(sizeof(struct linux_cmsghdr) == sizeof(struct cmsghdr), "control");
_Static_assert(sizeof(struct linux_ucred) == sizeof(struct ucred), "credentials");

static uint64_t make_socket(int family, int type)
{
	int64_t fd = CALL(socket, (uint64_t)family, (uint64_t)type, 0);

	ck_assert_int_ge(fd, 0);
	return (uint64_t)fd;
}

static void make_pair(int type, int fd[2])
{
	ck_assert_int_eq(CALL(socketpair, LINUX_AF_UNIX, (uint64_t)type, 0, ADDRESS(fd)), 0);
}

static int host_of(uint64_t fd)
{
	struct registry_held held;
	int host = descriptor_hold_host(fd, &held);

	ck_assert_int_ge(host, 0);
	descriptor_let_go(&held);
	return host;
}

/* -------------------------------------------------------------------------
 * Addresses.
 */
START_TEST(addresses_go_there_and_back)
{
	struct sockaddr_in6 in6 = { AF_INET6, htons(80), 1, { { { 1, 2, 3 } } }, 4 };
	struct sockaddr_in in = { AF_INET, htons(80), { htonl(INADDR_LOOPBACK) }, { 0 } };
	struct sockaddr_un un = { AF_UNIX, "/tmp/name" };
	char back[LINUX_SOCKADDR_MAX];
	struct socket_address host;

	ck_assert_int_eq(socket_address_to_host(&in6, sizeof in6, &host), 0);
	ck_assert_uint_eq(socket_address_to_guest(&host, back), sizeof in6);
	ck_assert_mem_eq(back, &in6, sizeof in6);
	ck_assert_int_eq(socket_address_to_host(&in, sizeof in, &host), 0);
	ck_assert_uint_eq(socket_address_to_guest(&host, back), sizeof in);
	ck_assert_mem_eq(back, &in, sizeof in);
	/* with or without what is behind its name */
	for (size_t size = 2 + 9; size <= sizeof un; size += 50) {
		ck_assert_int_eq(socket_address_to_host(&un, size, &host), 0);
		ck_assert_str_eq(host.un.sun_path, "/tmp/name");
		ck_assert_uint_eq(socket_address_to_guest(&host, back), 2 + 9 + 1);
		ck_assert_mem_eq(back, &un, 2 + 9 + 1);
	}
	host = (struct socket_address){ .any = { .sa_family = AF_UNIX }, .size = 16 };
	ck_assert_uint_eq(socket_address_to_guest(&host, back), 2);
	host.size = 0;
	ck_assert_uint_eq(socket_address_to_guest(&host, back), 0);
}
END_TEST

START_TEST(addresses_that_are_wrong_are_refused)
{
	struct sockaddr_un un = { AF_UNIX, "\0hidden" };
	struct socket_address host;
	uint16_t netlink = 16;

	ck_assert_int_eq(socket_address_to_host(&un, sizeof un, &host), -ECONNREFUSED);
	ck_assert_int_eq(socket_address_to_host(&un, 1, &host), -EINVAL);
	ck_assert_int_eq(socket_address_to_host(&un, sizeof un + 1, &host), -EINVAL);
	ck_assert_int_eq(socket_address_to_host(&netlink, 2, &host), -EAFNOSUPPORT);
	memset(un.sun_path, 'x', sizeof un.sun_path);
	ck_assert_int_eq(socket_address_to_host(&un, sizeof un, &host), -ENAMETOOLONG);
}
END_TEST

START_TEST(sockets_of_others_are_not_there)
{
	int fd[2];

	ck_assert_int_eq(CALL(socket, 16, LINUX_SOCK_RAW, 0), -EAFNOSUPPORT);
	ck_assert_int_eq(CALL(socket, 0, LINUX_SOCK_STREAM, 0), -EAFNOSUPPORT);
	ck_assert_int_eq(CALL(socket, 99, LINUX_SOCK_STREAM, 0), -EAFNOSUPPORT);
	ck_assert_int_eq(CALL(socket, LINUX_AF_UNIX, 0, 0), -EINVAL);
	ck_assert_int_eq(CALL(socket, LINUX_AF_UNIX, 9, 0), -EINVAL);
	ck_assert_int_eq(CALL(socket, LINUX_AF_UNIX, 1 | 1 << 20, 0), -EINVAL);
	ck_assert_int_eq(CALL(socketpair, LINUX_AF_INET, 1, 0, ADDRESS(fd)), -EOPNOTSUPP);
	ck_assert_int_eq(CALL(listen, 0, 1), -ENOTSOCK);
	ck_assert_int_eq(CALL(listen, 90, 1), -EBADF);
	ck_assert_int_eq(CALL(listen, (uint64_t)CALL(eventfd2, 0, 0), 1), -ENOTSOCK);
}
END_TEST

/* -------------------------------------------------------------------------
 * Connections.
 */
START_TEST(connections_are_made)
{
	struct sockaddr_in name = { AF_INET, 0, { htonl(INADDR_LOOPBACK) }, { 0 } }, peer;
	uint64_t listening = make_socket(LINUX_AF_INET, LINUX_SOCK_STREAM | LINUX_SOCK_NONBLOCK);
	uint64_t from = make_socket(LINUX_AF_INET, LINUX_SOCK_STREAM | LINUX_SOCK_CLOEXEC);
	int32_t size = sizeof name, small = 4;
	int64_t to;
	char text[8] = "";

	ck_assert_int_eq(CALL(fcntl, from, LINUX_F_GETFD), 1);
	ck_assert_int_eq(CALL(bind, listening, ADDRESS(&name), sizeof name), 0);
	ck_assert_int_eq(CALL(listen, listening, 5), 0);
	ck_assert_int_eq(CALL(accept, listening, 0, 0), -EAGAIN);
	ck_assert_int_eq(CALL(getsockname, listening, ADDRESS(&name), ADDRESS(&size)), 0);
	ck_assert_int_eq(size, sizeof name);
	ck_assert_int_eq(name.sin_family, AF_INET);
	ck_assert_int_eq(CALL(getpeername, listening, ADDRESS(&peer), ADDRESS(&size)), -ENOTCONN);
	ck_assert_int_eq(CALL(connect, from, ADDRESS(&name), sizeof name), 0);
	ck_assert_int_eq(CALL(connect, from, ADDRESS(&name), sizeof name), -EISCONN);
	to = CALL(accept4, listening, ADDRESS(&peer), ADDRESS(&size), LINUX_SOCK_CLOEXEC);
	ck_assert_int_ge(to, 0);
	/* not as its listener is */
	ck_assert_int_eq(CALL(fcntl, (uint64_t)to, LINUX_F_GETFL), LINUX_O_RDWR);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)to, LINUX_F_GETFD), 1);
	ck_assert_int_eq(CALL(accept4, listening, 0, 0, 3), -EINVAL);
	ck_assert_int_eq(CALL(getpeername, (uint64_t)to, ADDRESS(&peer), ADDRESS(&small)), 0);
	ck_assert_int_eq(small, sizeof peer);
	small = -1;
	ck_assert_int_eq(CALL(getpeername, (uint64_t)to, ADDRESS(&peer), ADDRESS(&small)), -EINVAL);
	ck_assert_int_eq(CALL(sendto, from, ADDRESS("hello"), 5, 0, 0, 0), 5);
	ck_assert_int_eq(CALL(recvfrom, (uint64_t)to, ADDRESS(text), 8, LINUX_MSG_PEEK, 0, 0), 5);
	ck_assert_int_eq(CALL(recvfrom, (uint64_t)to, ADDRESS(text), 8, 0, 0, 0), 5);
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(CALL(recvfrom, (uint64_t)to, ADDRESS(text), 8, LINUX_MSG_DONTWAIT, 0, 0),
			 -EAGAIN);
	ck_assert_int_eq(CALL(shutdown, (uint64_t)to, SHUT_WR), 0);
	ck_assert_int_eq(CALL(sendto, (uint64_t)to, ADDRESS("x"), 1, LINUX_MSG_NOSIGNAL, 0, 0),
			 -EPIPE);
	ck_assert_int_eq(flat_signal(), 0);
	ck_assert_int_eq(CALL(sendto, (uint64_t)to, ADDRESS("x"), 1, 0, 0, 0), -EPIPE);
	ck_assert_int_eq(flat_signal(), LINUX_SIGPIPE);
}
END_TEST

START_TEST(names_in_folders_are_names)
{
	struct sockaddr_un name = { AF_UNIX, "" }, back;
	uint64_t a = make_socket(LINUX_AF_UNIX, LINUX_SOCK_DGRAM);
	uint64_t b = make_socket(LINUX_AF_UNIX, LINUX_SOCK_DGRAM);
	int32_t size = sizeof back;
	char text[4] = "", folder[] = "/tmp/vdsorun-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", folder);
	ck_assert_int_eq(CALL(bind, a, ADDRESS(&name), sizeof name), 0);
	ck_assert_int_eq(CALL(bind, b, ADDRESS(&name), sizeof name), -EADDRINUSE);
	ck_assert_int_eq(CALL(getsockname, a, ADDRESS(&back), ADDRESS(&size)), 0);
	ck_assert_int_eq(size, 2 + (int)strlen(name.sun_path) + 1);
	ck_assert_str_eq(back.sun_path, name.sun_path);
	ck_assert_int_eq(CALL(sendto, b, ADDRESS("abc"), 3, 0, ADDRESS(&name), sizeof name), 3);
	size = sizeof back;
	ck_assert_int_eq(CALL(recvfrom, a, ADDRESS(text), 2, LINUX_MSG_TRUNC, ADDRESS(&back),
			      ADDRESS(&size)),
			 3);
	ck_assert_mem_eq(text, "ab\0", 3);
	ck_assert_int_le(size, 2);	/* nobody's name */
	unlink(name.sun_path);
	rmdir(folder);
}
END_TEST

/* -------------------------------------------------------------------------
 * Control messages.
 */
struct rights {
	struct linux_cmsghdr head;
	int fd[6];
};

static int64_t send_rights(int to, const int *fd, unsigned int count, size_t extra)
{
	struct rights rights = { { sizeof(struct linux_cmsghdr) + count * sizeof(int) + extra,
				   LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS },
				 { 0 } };
	struct linux_iovec part = { ADDRESS("x"), 1 };
	struct linux_msghdr message = { .parts = ADDRESS(&part), .part_count = 1,
					.control = ADDRESS(&rights),
					.control_length = rights.head.length - extra };

	memcpy(rights.fd, fd, count * sizeof *fd);
	return CALL(sendmsg, (uint64_t)to, ADDRESS(&message), 0);
}

static int64_t receive_rights(int from, struct rights *rights, size_t room, unsigned int flags,
			      struct linux_msghdr *message)
{
	char byte;
	struct linux_iovec part = { ADDRESS(&byte), 1 };

	memset(rights, 0, sizeof *rights);
	*message = (struct linux_msghdr){ .parts = ADDRESS(&part), .part_count = 1,
					  .control = ADDRESS(rights), .control_length = room };
	return CALL(recvmsg, (uint64_t)from, ADDRESS(message), flags);
}

START_TEST(descriptors_are_given_away)
{
	int pair[2], fd[3], pipe_fd[2];
	struct linux_msghdr message;
	struct rights rights;
	struct stat a, b;
	char byte = 0;

	make_pair(LINUX_SOCK_STREAM, pair);
	ck_assert_int_eq(CALL(pipe2, ADDRESS(pipe_fd), 0), 0);
	fd[0] = pipe_fd[1];
	fd[1] = descriptor_open(NULL, descriptors_host(open("/", O_RDONLY)), false);
	fd[2] = descriptor_open(NULL, descriptors_host(open("/dev/urandom", O_RDONLY)), false);
	ck_assert_int_eq(send_rights(pair[0], fd, 3, 0), 1);
	ck_assert_int_eq(receive_rights(pair[1], &rights, sizeof rights, LINUX_MSG_CMSG_CLOEXEC,
					&message),
			 1);
	ck_assert_uint_eq(message.control_length, LINUX_CMSG_ALIGN(16 + 3 * sizeof(int)));
	ck_assert_uint_eq(rights.head.length, 16 + 3 * sizeof(int));
	ck_assert_int_eq(message.flags & LINUX_MSG_CTRUNC, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(CALL(fcntl, (uint64_t)rights.fd[i], LINUX_F_GETFD), 1);
		ck_assert_int_ne(rights.fd[i], fd[i]);
		fstat(host_of((uint64_t)rights.fd[i]), &a);
		fstat(host_of((uint64_t)fd[i]), &b);
		ck_assert_uint_eq(a.st_ino, b.st_ino);
		ck_assert_int_eq(fcntl(host_of((uint64_t)rights.fd[i]), F_GETFD), FD_CLOEXEC);
	}
	ck_assert_int_eq(CALL(write, (uint64_t)rights.fd[0], ADDRESS("y"), 1), 1);
	ck_assert_int_eq(CALL(read, (uint64_t)pipe_fd[0], ADDRESS(&byte), 1), 1);
	ck_assert_int_eq(byte, 'y');
	/* the machine knows of what came */
	ck_assert(flat_random((unsigned int)rights.fd[2]));
}
END_TEST

START_TEST(too_many_descriptors_are_closed)
{
	int pair[2], fd[4] = { 0, 0, 0, 0 };
	struct linux_msghdr message;
	struct rights rights;
	int before;

	make_pair(LINUX_SOCK_STREAM, pair);
	before = flat_left();
	ck_assert_int_eq(send_rights(pair[0], fd, 4, 0), 1);
	ck_assert_int_eq(receive_rights(pair[1], &rights, 16 + 2 * sizeof(int), 0, &message), 1);
	ck_assert_uint_eq(rights.head.length, 16 + 2 * sizeof(int));
	ck_assert(message.flags & LINUX_MSG_CTRUNC);
	ck_assert_int_eq(flat_left(), before + 2);
	for (int i = 0; i < 2; i++)
		CALL(close, (uint64_t)rights.fd[i]);
	/* no room among the guest's numbers */
	registry_set_limit(&descriptors, 7);
	ck_assert_int_eq(send_rights(pair[0], fd, 4, 0), 1);
	ck_assert_int_eq(receive_rights(pair[1], &rights, sizeof rights, 0, &message), 1);
	ck_assert_uint_eq(rights.head.length, 16 + 2 * sizeof(int));
	ck_assert(message.flags & LINUX_MSG_CTRUNC);
	ck_assert_int_eq(flat_left(), before + 2);
	/* nobody wants them */
	ck_assert_int_eq(send_rights(pair[0], fd, 4, 0), 1);
	ck_assert_int_eq(receive_rights(pair[1], &rights, 0, 0, &message), 1);
	ck_assert_int_eq(flat_left(), before + 2);
}
END_TEST

START_TEST(what_cannot_be_given_away_is_refused)
{
	int pair[2], own = (int)CALL(eventfd2, 0, 0), nobody = 99, zero = 0;

	make_pair(LINUX_SOCK_STREAM, pair);
	ck_assert_int_eq(send_rights(pair[0], &own, 1, 0), -EINVAL);
	ck_assert_int_eq(send_rights(pair[0], &nobody, 1, 0), -EBADF);
	ck_assert_int_eq(send_rights(pair[0], &zero, 1, 1), -EINVAL);
}
END_TEST

START_TEST(several_messages_go_at_once)
{
	int pair[2];
	char text[3][8] = { "", "", "" };
	struct linux_iovec out[3] = { { ADDRESS("a"), 1 }, { ADDRESS("bc"), 2 }, { 1, 2 } };
	struct linux_mmsghdr message[3] = { 0 };

	make_pair(LINUX_SOCK_DGRAM, pair);
	for (int i = 0; i < 3; i++)
		message[i].message = (struct linux_msghdr){ .parts = ADDRESS(&out[i]),
							    .part_count = 1 };
	ck_assert_int_eq(CALL(sendmmsg, (uint64_t)pair[0], ADDRESS(message), 3, 0), 2);
	ck_assert_uint_eq(message[1].length, 2);
	ck_assert_int_eq(CALL(sendmmsg, (uint64_t)pair[0], ADDRESS(&message[2]), 1, 0), -EFAULT);
	for (int i = 0; i < 3; i++)
		out[i] = (struct linux_iovec){ ADDRESS(text[i]), 8 };
	ck_assert_int_eq(CALL(recvmmsg, (uint64_t)pair[1], ADDRESS(message), 3,
			      LINUX_MSG_WAITFORONE, 0),
			 2);
	ck_assert_uint_eq(message[0].length, 1);
	ck_assert_uint_eq(message[1].length, 2);
	ck_assert_str_eq(text[1], "bc");
	ck_assert_int_eq(CALL(recvmmsg, (uint64_t)pair[1], ADDRESS(message), 3, LINUX_MSG_DONTWAIT,
			      0),
			 -EAGAIN);
}
END_TEST

/* -------------------------------------------------------------------------
 * Options.
 */
START_TEST(options_are_the_hosts)
{
	static const struct {
		int level, name, value;
	} some[] = {
		{ LINUX_SOL_SOCKET, LINUX_SO_REUSEADDR, 1 },
		{ LINUX_SOL_SOCKET, LINUX_SO_KEEPALIVE, 1 },
		{ LINUX_SOL_SOCKET, LINUX_SO_RCVBUF, 20000 },
		{ LINUX_SOL_SOCKET, LINUX_SO_REUSEPORT, 1 },
		{ LINUX_SOL_TCP, LINUX_TCP_NODELAY, 1 },
		{ LINUX_SOL_TCP, LINUX_TCP_KEEPIDLE, 77 },
		{ LINUX_SOL_TCP, LINUX_TCP_CORK, 1 },
		{ LINUX_SOL_IP, LINUX_IP_TTL, 33 },
		{ LINUX_SOL_IP, LINUX_IP_TOS, 16 },
	};
	uint64_t fd = make_socket(LINUX_AF_INET, LINUX_SOCK_STREAM);
	int host = host_of(fd);

	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
		int value = some[i].value, theirs = 0, size = sizeof value;
		socklen_t their_size = sizeof theirs;

		ck_assert_int_eq(CALL(setsockopt, fd, (uint64_t)some[i].level,
				      (uint64_t)some[i].name, ADDRESS(&value), sizeof value),
				 0);
		value = 0;
		ck_assert_int_eq(CALL(getsockopt, fd, (uint64_t)some[i].level,
				      (uint64_t)some[i].name, ADDRESS(&value), ADDRESS(&size)),
				 0);
		ck_assert_int_eq(
			getsockopt(host, some[i].level, some[i].name, &theirs, &their_size), 0);
		ck_assert_int_ge(theirs, some[i].value);
		ck_assert_int_eq(value, theirs);
		ck_assert_int_eq(size, sizeof value);
	}
}
END_TEST

START_TEST(options_that_are_ours_are_told)
{
	int pair[2], value = -1, size = sizeof value;
	struct linux_ucred peer;
	struct timeval time = { 3, 250000 };
	struct { int64_t sec, usec; } told;

	make_pair(LINUX_SOCK_STREAM, pair);
	ck_assert_int_eq(CALL(getsockopt, (uint64_t)pair[0], 1, LINUX_SO_DOMAIN, ADDRESS(&value),
			      ADDRESS(&size)),
			 0);
	ck_assert_int_eq(value, LINUX_AF_UNIX);
	ck_assert_int_eq(CALL(getsockopt, (uint64_t)pair[0], 1, LINUX_SO_TYPE, ADDRESS(&value),
			      ADDRESS(&size)),
			 0);
	ck_assert_int_eq(value, LINUX_SOCK_STREAM);
	size = sizeof peer;
	ck_assert_int_eq(CALL(getsockopt, (uint64_t)pair[0], 1, LINUX_SO_PEERCRED, ADDRESS(&peer),
			      ADDRESS(&size)),
			 0);
	ck_assert_int_eq(peer.pid, getpid());
	ck_assert_int_eq(CALL(setsockopt, (uint64_t)pair[0], 1, LINUX_SO_RCVTIMEO, ADDRESS(&time),
			      sizeof time),
			 0);
	size = sizeof told;
	ck_assert_int_eq(CALL(getsockopt, (uint64_t)pair[0], 1, LINUX_SO_RCVTIMEO, ADDRESS(&told),
			      ADDRESS(&size)),
			 0);
	ck_assert_int_eq(told.sec, 3);
	ck_assert_int_ge(told.usec, 250000);
	time.tv_usec = 1000000;
	ck_assert_int_eq(CALL(setsockopt, (uint64_t)pair[0], 1, LINUX_SO_RCVTIMEO, ADDRESS(&time),
			      sizeof time),
			 -EDOM);
	ck_assert_int_eq(
		CALL(setsockopt, (uint64_t)pair[0], 1, LINUX_SO_PASSCRED, ADDRESS(&value), 4),
		-ENOPROTOOPT);
	ck_assert_int_eq(CALL(setsockopt, (uint64_t)pair[0], 1, LINUX_SO_TYPE, ADDRESS(&value), 4),
			 -ENOPROTOOPT);
	ck_assert_int_eq(CALL(setsockopt, (uint64_t)pair[0], 1, LINUX_SO_REUSEADDR, ADDRESS(&value),
			      1),
			 -EINVAL);
	ck_assert_int_eq(
		CALL(setsockopt, (uint64_t)pair[0], 1, LINUX_SO_PRIORITY, ADDRESS(&value), 4), 0);
}
END_TEST

START_TEST(an_error_is_a_linuxs)
{
	struct sockaddr_in name = { AF_INET, 0, { htonl(INADDR_LOOPBACK) }, { 0 } };
	uint64_t gone = make_socket(LINUX_AF_INET, LINUX_SOCK_STREAM);
	uint64_t fd = make_socket(LINUX_AF_INET, LINUX_SOCK_STREAM | LINUX_SOCK_NONBLOCK);
	struct linux_pollfd one = { (int)fd, POLLOUT, 0 };
	int32_t size = sizeof name, error = 0;

	ck_assert_int_eq(CALL(bind, gone, ADDRESS(&name), sizeof name), 0);
	CALL(getsockname, gone, ADDRESS(&name), ADDRESS(&size));
	ck_assert_int_eq(CALL(connect, fd, ADDRESS(&name), sizeof name), -EINPROGRESS);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&one), 1, 0, 0), 1);
	size = sizeof error;
	ck_assert_int_eq(CALL(getsockopt, fd, 1, LINUX_SO_ERROR, ADDRESS(&error), ADDRESS(&size)),
			 0);
	ck_assert_int_eq(error, 111);	/* Linux's ECONNREFUSED */
}
END_TEST

/* -------------------------------------------------------------------------
 * Ends: what a host says that knows no POLLRDHUP becomes what Linux says.
 */
static uint32_t said_by_linux(int fd, uint32_t events)
{
	struct pollfd one = { fd, (short)events, 0 };

	poll(&one, 1, 0);
	return (uint16_t)one.revents;
}

/* As XNU's poll() says it: POLLHUP for one direction, and then no POLLOUT. */
static uint32_t said_by_other(int fd, uint32_t events)
{
	uint32_t told = said_by_linux(fd, events | POLLRDHUP);

	if (told & (POLLRDHUP | POLLHUP | POLLERR))
		told = (told | POLLHUP) & ~(uint32_t)(POLLOUT | POLLRDHUP | POLLERR);
	return told;
}

static void compare_ends(int fd)
{
	const uint32_t events = POLLIN | POLLOUT | POLLRDHUP;
	const struct poll_ends ends = poll_ends(fd);
	uint32_t right = said_by_linux(fd, events), told = said_by_other(fd, events);

	if (told & (POLLHUP | POLLIN))
		ck_assert_uint_eq(poll_hangup(told, events, &ends), right);
}

START_TEST(ends_are_told_apart)
{
	int pair[2];

	for (int bytes = 0; bytes < 2; bytes++)
		for (int how = 0; how < 4; how++) {
			ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
			if (bytes)
				ck_assert_int_eq(write(pair[1], "x", 1), 1);
			if (how == 1)
				shutdown(pair[1], SHUT_WR);
			else if (how == 2)
				shutdown(pair[0], SHUT_WR);
			else if (how == 3)
				shutdown(pair[1], SHUT_RDWR);
			compare_ends(pair[0]);
			close(pair[0]);
			close(pair[1]);
			ck_assert_int_eq(pipe(pair), 0);
			if (bytes)
				ck_assert_int_eq(write(pair[1], "x", 1), 1);
			if (how % 2)
				close(pair[1]);
			compare_ends(pair[0]);
			close(pair[0]);
			if (!(how % 2)) {
				compare_ends(pair[1]);
				close(pair[1]);
			}
		}
}
END_TEST

/* A connection that was refused, as XNU tells of it and as Linux does. */
START_TEST(an_error_is_told)
{
	const struct poll_ends ends = { .is_socket = true, .reads_end = true, .writes_end = true,
					.failed = true };

	ck_assert_uint_eq(poll_hangup(LINUX_POLLHUP, LINUX_POLLOUT, &ends),
			  LINUX_POLLOUT | LINUX_POLLERR | LINUX_POLLHUP);
}
END_TEST

Suite *sockets_suite(void)
{
	Suite *suite = suite_create("sockets");
	TCase *tc = tcase_create("as Linux's");

	tcase_add_checked_fixture(tc, flat_begin, flat_end);
	tcase_add_test(tc, addresses_go_there_and_back);
	tcase_add_test(tc, addresses_that_are_wrong_are_refused);
	tcase_add_test(tc, sockets_of_others_are_not_there);
	tcase_add_test(tc, connections_are_made);
	tcase_add_test(tc, names_in_folders_are_names);
	tcase_add_test(tc, descriptors_are_given_away);
	tcase_add_test(tc, too_many_descriptors_are_closed);
	tcase_add_test(tc, what_cannot_be_given_away_is_refused);
	tcase_add_test(tc, several_messages_go_at_once);
	tcase_add_test(tc, options_are_the_hosts);
	tcase_add_test(tc, options_that_are_ours_are_told);
	tcase_add_test(tc, an_error_is_a_linuxs);
	tcase_add_test(tc, ends_are_told_apart);
	tcase_add_test(tc, an_error_is_told);
	suite_add_tcase(suite, tc);
	return suite;
}
