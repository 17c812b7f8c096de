/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: with good and bad arguments, messages of several parts, descriptors sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#if __has_include(<linux/filter.h>)
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#endif

#include "table.h"

enum {
	LEFT_FD = 60,
	RIGHT_FD,
	STREAM_LEFT_FD,
	STREAM_RIGHT_FD,
	LISTEN_FD,
	CLIENT_FD,
	NET_FD,
	CLOSED_FD = 90
};

static struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
static struct sockaddr_in any = { .sin_family = AF_INET };
static const char text[] = "what is sent, more than some bytes";

static void become(int fd, int number)
{
	if (fd < 0 || dup2(fd, number) < 0) {
		perror("socket");
		exit(99);
	}
	close(fd);
}

static void pair(int type, int left, int right)
{
	int fd[2];

	if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd))
		exit(99);
	become(fd[0], left);
	become(fd[1], right);
}

/* Something waits on the right side, and one who connects. */
static void make(void)
{
	pair(SOCK_DGRAM, LEFT_FD, RIGHT_FD);
	pair(SOCK_STREAM, STREAM_LEFT_FD, STREAM_RIGHT_FD);
	for (int i = 0; i < 3; i++)
		if (write(LEFT_FD, text, sizeof text) < 0 ||
		    write(STREAM_LEFT_FD, text, sizeof text) < 0)
			exit(99);
	unlink("socket");
	unlink("client");
	become(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), LISTEN_FD);
	if (bind(LISTEN_FD, (struct sockaddr *)&address, sizeof address) || listen(LISTEN_FD, 5))
		exit(99);
	become(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), CLIENT_FD);
	strcpy(address.sun_path, "client");
	if (bind(CLIENT_FD, (struct sockaddr *)&address, sizeof address))
		exit(99);
	strcpy(address.sun_path, "socket");
	if (connect(CLIENT_FD, (struct sockaddr *)&address, sizeof address))
		exit(99);
	become(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), NET_FD);
}

static void close_it(long result)
{
	if (result >= 0)
		close((int)result);
}

static void close_others(long result)
{
	if (result >= 0)
		for (int fd = 3; fd < LEFT_FD; fd++)
			close(fd);
}

#define MAKE(call, ...) CALL_BETWEEN(call, make, NULL, __VA_ARGS__)
#define OPEN(call, ...) CALL_BETWEEN(call, make, close_it, __VA_ARGS__)

static const socklen_t length = sizeof(struct sockaddr_un), short_length = 3, no_length,
		       wrong_length = (socklen_t)-1;
static const int one = 1;
static const struct linger linger = { 1, 2 };
static const struct timeval second = { 1, 0 };
#ifdef BPF_RET
static struct sock_filter accept_all[] = { { BPF_RET | BPF_K, 0, 0, 0xffff } };
static struct sock_fprog filter = { 1, accept_all };
static struct sock_fprog no_filter = { 1, NULL };
#endif
static struct ifreq loopback = { .ifr_name = "lo" };

static const struct table_call calls[] = {
	OPEN(socket, NUM(AF_UNIX), NUM(SOCK_STREAM), NUM(0)),
	OPEN(socket, NUM(-1), NUM(SOCK_STREAM), NUM(0)),
	OPEN(socket, NUM(AF_NETLINK), NUM(SOCK_RAW | SOCK_CLOEXEC), NUM(0)),
	OPEN(socket, NUM(AF_INET6), NUM(SOCK_DGRAM), NUM(0)),
	CALL_BETWEEN(socketpair, make, close_others, NUM(AF_UNIX), NUM(SOCK_STREAM), NUM(0),
		     SECRET(8)),
	MAKE(bind, NUM(CLIENT_FD), DATA(address), NUM(sizeof address)),
	MAKE(bind, NUM(NET_FD), DATA(any), NUM(sizeof any)),
	MAKE(bind, NUM(NET_FD), DATA(any), NUM(0)),
	MAKE(bind, NUM(NET_FD), DATA(any), NUM(-1)),
	MAKE(bind, NUM(NET_FD), DATA(any), NUM(1000)),
	MAKE(bind, NUM(CLOSED_FD), DATA(any), NUM(sizeof any)),
	MAKE(connect, NUM(CLIENT_FD), DATA(address), NUM(sizeof address)),
	MAKE(connect, NUM(LEFT_FD), DATA(address), NUM(sizeof address)),
	MAKE(listen, NUM(LEFT_FD), NUM(1)),
	MAKE(listen, NUM(CLOSED_FD), NUM(1)),
	OPEN(accept4, NUM(LISTEN_FD), ROOM(sizeof address), DATA(length), NUM(0)),
	OPEN(accept4, NUM(LISTEN_FD), ROOM(sizeof address), DATA(short_length), NUM(SOCK_CLOEXEC)),
	OPEN(accept4, NUM(LISTEN_FD), ROOM(sizeof address), DATA(wrong_length), NUM(0)),
	OPEN(accept4, NUM(LISTEN_FD), ROOM(sizeof address), DATA(length), NUM(-1)),
	OPEN(accept, NUM(LISTEN_FD), NUM(0), NUM(0)),
	OPEN(accept, NUM(LEFT_FD), ROOM(100), DATA(length)),
	MAKE(getsockname, NUM(LISTEN_FD), ROOM(sizeof address), DATA(length)),
	MAKE(getsockname, NUM(LISTEN_FD), ROOM(sizeof address), DATA(no_length)),
	MAKE(getsockname, NUM(NET_FD), ROOM(sizeof address), DATA(wrong_length)),
	MAKE(getpeername, NUM(CLIENT_FD), ROOM(sizeof address), DATA(short_length)),
	MAKE(getpeername, NUM(LISTEN_FD), ROOM(sizeof address), DATA(length)),
	MAKE(shutdown, NUM(STREAM_LEFT_FD), NUM(SHUT_WR)),
	MAKE(shutdown, NUM(STREAM_LEFT_FD), NUM(99)),

	MAKE(sendto, NUM(LEFT_FD), TEXT(text), NUM(sizeof text), NUM(0), NUM(0), NUM(0)),
	MAKE(sendto, NUM(LEFT_FD), ROOM(100000), NUM(100000), NUM(0), NUM(0), NUM(0)),
	MAKE(sendto, NUM(STREAM_LEFT_FD), ROOM(100000), NUM(100000), NUM(0), NUM(0), NUM(0)),
	MAKE(sendto, NUM(LEFT_FD), TEXT(text), NUM(sizeof text), NUM(0), DATA(address),
	     NUM(sizeof address)),
	MAKE(sendto, NUM(NET_FD), TEXT(text), NUM(sizeof text), NUM(MSG_NOSIGNAL), NUM(0), NUM(0)),
	MAKE(sendto, NUM(CLOSED_FD), TEXT(text), NUM(sizeof text), NUM(0), NUM(0), NUM(0)),
	MAKE(sendto, NUM(LEFT_FD), TEXT(text), NUM(-1), NUM(0), NUM(0), NUM(0)),
	MAKE(recvfrom, NUM(RIGHT_FD), ROOM(100), NUM(100), NUM(0), NUM(0), NUM(0)),
	MAKE(recvfrom, NUM(RIGHT_FD), ROOM(5), NUM(5), NUM(MSG_TRUNC), ROOM(100), DATA(length)),
	MAKE(recvfrom, NUM(STREAM_RIGHT_FD), ROOM(70), NUM(70), NUM(0), ROOM(100), DATA(length)),
	MAKE(recvfrom, NUM(STREAM_RIGHT_FD), ROOM(90000), NUM(90000), NUM(MSG_PEEK), NUM(0),
	     NUM(0)),
	MAKE(recvfrom, NUM(LEFT_FD), ROOM(100), NUM(100), NUM(MSG_DONTWAIT), NUM(0), NUM(0)),

	MAKE(setsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(SO_REUSEADDR), DATA(one), NUM(4)),
	MAKE(setsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(SO_LINGER), DATA(linger),
	     NUM(sizeof linger)),
	MAKE(setsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(SO_RCVTIMEO), DATA(second),
	     NUM(sizeof second)),
	MAKE(setsockopt, NUM(NET_FD), NUM(IPPROTO_TCP), NUM(TCP_NODELAY), DATA(one), NUM(4)),
	MAKE(setsockopt, NUM(NET_FD), NUM(IPPROTO_TCP), NUM(TCP_NODELAY), DATA(one), NUM(-1)),
	MAKE(setsockopt, NUM(NET_FD), NUM(IPPROTO_IP), NUM(IP_TTL), DATA(one), NUM(1)),
	MAKE(setsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(9999), DATA(one), NUM(4)),
	MAKE(setsockopt, NUM(CLOSED_FD), NUM(SOL_SOCKET), NUM(SO_REUSEADDR), DATA(one), NUM(4)),
	MAKE(setsockopt, NUM(NET_FD), NUM(9999), NUM(1), DATA(one), NUM(4)),
	MAKE(setsockopt, NUM(CLOSED_FD), NUM(9999), NUM(1), DATA(one), NUM(4)),
#ifdef BPF_RET
	MAKE(setsockopt, NUM(LEFT_FD), NUM(SOL_SOCKET), NUM(SO_ATTACH_FILTER), DATA_SECRET(filter),
	     NUM(sizeof filter)),
	MAKE(setsockopt, NUM(LEFT_FD), NUM(SOL_SOCKET), NUM(SO_ATTACH_FILTER), DATA_SECRET(filter),
	     NUM(5)),
	MAKE(setsockopt, NUM(LEFT_FD), NUM(SOL_SOCKET), NUM(SO_ATTACH_FILTER),
	     DATA_SECRET(no_filter), NUM(sizeof filter)),
#endif
	MAKE(getsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(SO_TYPE), ROOM(4), DATA(length)),
	MAKE(getsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(SO_LINGER), ROOM(8), DATA(short_length)),
	MAKE(getsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(SO_TYPE), ROOM(4), DATA(wrong_length)),
	MAKE(getsockopt, NUM(NET_FD), NUM(SOL_SOCKET), NUM(9999), ROOM(4), DATA(length)),
	MAKE(getsockopt, NUM(NET_FD), NUM(IPPROTO_TCP), NUM(TCP_MAXSEG), ROOM(4), DATA(length)),
	MAKE(getsockopt, NUM(STREAM_LEFT_FD), NUM(SOL_SOCKET), NUM(SO_PEERCRED), SECRET(12),
	     DATA(length)),
	MAKE(getsockopt, NUM(CLOSED_FD), NUM(SOL_SOCKET), NUM(SO_TYPE), ROOM(4), DATA(length)),

	MAKE(ioctl, NUM(NET_FD), NUM(SIOCGIFINDEX), DATA(loopback)),
	MAKE(ioctl, NUM(NET_FD), NUM(SIOCGIFFLAGS), DATA(loopback)),
	MAKE(ioctl, NUM(NET_FD), NUM(SIOCGIFADDR), DATA(loopback)),
	MAKE(ioctl, NUM(NET_FD), NUM(SIOCGIFMTU), DATA(loopback)),
	MAKE(ioctl, NUM(STREAM_RIGHT_FD), NUM(FIONREAD), ROOM(4)),
	MAKE(ioctl, NUM(STREAM_RIGHT_FD), NUM(TIOCOUTQ), ROOM(4)),
};

/* -------------------------------------------------------------------------
 * Messages: each of their pieces in turn is put somewhere.
 */
union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(4 * sizeof(int))];
};

enum piece { WHOLE, NAME, VECTOR, BUFFER, CONTROL, PIECES };

static const struct table_argument room[PIECES] = {
	[WHOLE] = ROOM(sizeof(struct msghdr)),	   [NAME] = DATA(address),
	[VECTOR] = ROOM(2 * sizeof(struct iovec)), [BUFFER] = ROOM(2 * sizeof text),
	[CONTROL] = ROOM(sizeof(union control)),
};

/* A byte that cannot be written is not: then the call sees what was there. */
static void put(void *to, const void *from, size_t size, size_t good, enum table_way way)
{
	if (way == READ_ONLY) {
		mprotect(table_read_only, TABLE_AREA, PROT_READ | PROT_WRITE);
		memcpy(to, from, size);
		mprotect(table_read_only, TABLE_AREA, PROT_READ);
	} else {
		memcpy(to, from, good < size ? good : size);
	}
}

static struct msghdr *build(enum piece bad, enum table_way way, bool name, const int *fd,
			    size_t fds)
{
	struct msghdr message = { 0 };
	union control control = { 0 };
	struct iovec vector[2];
	uint8_t *at[PIECES];
	size_t good[PIECES];

	for (int i = 0; i < PIECES; i++)
		at[i] = table_place(i, &room[i], i == (int)bad ? way : GOOD, &good[i]);
	vector[0] = (struct iovec){ at[BUFFER], 7 };
	vector[1] = (struct iovec){ at[BUFFER] + 7, 2 * sizeof text - 7 };
	put(at[VECTOR], vector, sizeof vector, good[VECTOR], bad == VECTOR ? way : GOOD);
	if (fds) {
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(fds * sizeof *fd),
						 .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), fd, fds * sizeof *fd);
		put(at[CONTROL], &control, sizeof control, good[CONTROL],
		    bad == CONTROL ? way : GOOD);
	}
	message.msg_name = name ? at[NAME] : NULL;
	message.msg_namelen = name ? sizeof address : 0;
	message.msg_iov = (struct iovec *)at[VECTOR];
	message.msg_iovlen = 2;
	message.msg_control = at[CONTROL];
	message.msg_controllen = fds ? CMSG_SPACE(fds * sizeof *fd) : sizeof control;
	put(at[WHOLE], &message, sizeof message, good[WHOLE], bad == WHOLE ? way : GOOD);
	return (struct msghdr *)at[WHOLE];
}

static void send_messages(void)
{
	static const int mine[] = { STREAM_LEFT_FD, LISTEN_FD },
			 closed[] = { CLOSED_FD, LISTEN_FD };

	for (int piece = 0; piece < PIECES; piece++)
		for (enum table_way way = GOOD; way < TABLE_WAYS; way++) {
			long result;

			make();
			errno = 0;
			result =
				syscall(SYS_sendmsg, LEFT_FD, build(piece, way, false, mine, 2), 0);
			printf("sendmsg, piece %d %s: %ld %s\n", piece, table_way_name[way], result,
			       strerror(errno));
			errno = 0;
			result = syscall(SYS_sendmsg, LEFT_FD, build(piece, way, true, closed, 2),
					 0);
			printf("sendmsg, closed: %ld %s\n", result, strerror(errno));
		}
}

static void receive_messages(void)
{
	static const int mine[] = { STREAM_LEFT_FD, LISTEN_FD };

	for (int piece = 0; piece < PIECES; piece++)
		for (enum table_way way = GOOD; way < TABLE_WAYS; way++) {
			struct msghdr *message;
			long result;

			make();
			while (read(RIGHT_FD, (char[100]){ 0 }, 100) > 0)
				;
			syscall(SYS_sendmsg, LEFT_FD, build(WHOLE, GOOD, false, mine, 2), 0);
			message = build(piece, way, true, NULL, 0);
			errno = 0;
			result = syscall(SYS_recvmsg, RIGHT_FD, message, 0);
			printf("recvmsg, piece %d %s: %ld %s", piece, table_way_name[way], result,
			       strerror(errno));
			if (result >= 0)
				printf(" %d %zu %#x", message->msg_namelen,
				       (size_t)message->msg_controllen, message->msg_flags);
			printf("\n");
			for (int fd = 3; fd < LEFT_FD; fd++)
				if (!close(fd))
					printf("got %d\n", fd);
		}
}

/* The descriptors that come are usable; what was sent comes, by three at once. */
static void through(void)
{
	static const char *const word[] = { "one", "second", "the third" };
	int fd[2], got = -1;
	struct mmsghdr message[3];
	struct iovec part[3];
	char buffer[3][20], byte = 0;
	union control control;
	struct msghdr one_message = { .msg_iov = &(struct iovec){ &byte, 1 },
				      .msg_iovlen = 1,
				      .msg_control = &control,
				      .msg_controllen = sizeof control };
	int pipe_fd[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) || pipe(pipe_fd))
		exit(99);
	memset(message, 0, sizeof message);
	for (int i = 0; i < 3; i++) {
		part[i] = (struct iovec){ (void *)(uintptr_t)word[i], strlen(word[i]) };
		message[i].msg_hdr = (struct msghdr){ .msg_iov = &part[i], .msg_iovlen = 1 };
	}
	printf("sendmmsg %d", sendmmsg(fd[0], message, 3, 0));
	printf(" %u %u %u\n", message[0].msg_len, message[1].msg_len, message[2].msg_len);
	for (int i = 0; i < 3; i++)
		part[i] = (struct iovec){ buffer[i], sizeof buffer[i] };
	printf("recvmmsg %d", recvmmsg(fd[1], message, 3, 0, &(struct timespec){ 5, 0 }));
	printf(" %.3s %.6s %.9s\n", buffer[0], buffer[1], buffer[2]);
	errno = 0;
	printf("sendmmsg %ld", syscall(SYS_sendmmsg, fd[0], table_unmapped, 3, 0));
	printf(" %s\n", strerror(errno));
	message[1].msg_hdr.msg_iov = (struct iovec *)table_unmapped;
	errno = 0;
	printf("sendmmsg %d %s\n", sendmmsg(fd[0], message, 3, 0), strerror(errno));

	memset(&control, 0, sizeof control);
	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					 .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &pipe_fd[1], sizeof(int));
	one_message.msg_controllen = CMSG_LEN(sizeof(int));
	while (recv(fd[1], buffer, sizeof buffer, MSG_DONTWAIT) >= 0)
		;
	printf("sent %zd", sendmsg(fd[0], &one_message, 0));
	memset(&control, 0, sizeof control);
	one_message.msg_controllen = sizeof control;
	printf(" came %zd", recvmsg(fd[1], &one_message, 0));
	memcpy(&got, CMSG_DATA(&control.head), sizeof got);
	printf(" usable %zd\n", write(got, "x", 1));
}

#ifdef BPF_RET
static void links(void)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} ask = {
		.head = { .nlmsg_len = sizeof ask,
			  .nlmsg_type = RTM_GETLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .rtgen_family = AF_UNSPEC },
	};
	const int route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	static char buffer[32768];

	printf("netlink %zd", send(route, &ask, sizeof ask, 0));
	printf(" %d\n", recv(route, buffer, sizeof buffer, 0) > 0);
}
#endif

static void network(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } },
			   peer;
	socklen_t size = sizeof to, peer_size = sizeof peer;
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), got;
	struct ifconf list = { .ifc_len = sizeof table_area, .ifc_buf = NULL };
	static char buffer[32768];

	bind(server, (struct sockaddr *)&to, sizeof to);
	listen(server, 1);
	getsockname(server, (struct sockaddr *)&to, &size);
	printf("connect %d", connect(client, (struct sockaddr *)&to, size));
	got = accept(server, (struct sockaddr *)&peer, &peer_size);
	printf(" from %s, %zd", inet_ntoa(peer.sin_addr), send(client, text, sizeof text, 0));
	printf(" %zd %s\n", recv(got, buffer, sizeof buffer, 0), buffer);
	printf("interfaces %d", ioctl(server, SIOCGIFCONF, &list));
	list.ifc_buf = buffer;
	list.ifc_len = sizeof buffer;
	printf(" %d", ioctl(server, SIOCGIFCONF, &list));
	printf(" %d %s\n", list.ifc_len, list.ifc_req->ifr_name);
	list.ifc_buf = (char *)table_unmapped;
	errno = 0;
	printf("interfaces %d", ioctl(server, SIOCGIFCONF, &list));
	printf(" %s\n", strerror(errno));
}

int main(void)
{
	table_run(calls);
	send_messages();
	receive_messages();
	through();
	network();
#ifdef BPF_RET
	links();
#endif
	return 0;
}
