/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets' calls that have pointers in what their pointers point to. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "calls-own.h"
#include "fds.h"

/* -------------------------------------------------------------------------
 * Messages.
 */
enum direction { SENT = GUEST_READ, RECEIVED = GUEST_WRITE };

/* Descriptors that it would give away. */
static bool has_hidden(const void *control, size_t size)
{
	struct cmsghdr part;

	for (size_t at = 0; at + sizeof part <= size; at += CMSG_ALIGN(part.cmsg_len)) {
		const uint8_t *bytes = (const uint8_t *)control + at;

		memcpy(&part, bytes, sizeof part);
		if (part.cmsg_len < sizeof part || part.cmsg_len > size - at)
			return false;
		if (part.cmsg_level != SOL_SOCKET || part.cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = CMSG_LEN(0); i + sizeof(int) <= part.cmsg_len; i += sizeof(int)) {
			int fd;

			memcpy(&fd, bytes + i, sizeof fd);
			if (fds_hidden((uint64_t)fd))
				return true;
		}
	}
	return false;
}

/*
 * Nobody changes it between the look at it and the call. What is too large for a copy is
 * too large for Linux.
 */
static void *pass_control(struct passage *passage, const struct msghdr *guest, bool *hidden)
{
	const size_t most = 1 << 20;
	uint64_t at = (uintptr_t)guest->msg_control;
	void *control =
		guest->msg_controllen <= most ? passage_room(passage, guest->msg_controllen) : NULL;

	if (!at || !guest->msg_controllen)
		return NULL;
	if (!control || space_read(passage->thread->process->space, control, guest_at(at),
				   guest->msg_controllen))
		return (void *)passage_nowhere(passage, at);
	if (has_hidden(control, guest->msg_controllen))
		*hidden = true;
	return control;
}

/* Linux shortens a name, and refuses one of less than nothing. */
static size_t name_size(const struct msghdr *guest)
{
	return (int)guest->msg_namelen < 0 ? 0 : guest->msg_namelen;
}

static void translate(struct passage *passage, const struct msghdr *guest, enum direction direction,
		      struct msghdr *host, bool *hidden)
{
	uint64_t count = guest->msg_iovlen;

	*host = *guest;
	host->msg_name = (void *)passage_memory(passage, (uintptr_t)guest->msg_name,
						name_size(guest), direction, 0);
	host->msg_iov = (struct iovec *)passage_vector(passage, (uintptr_t)guest->msg_iov, &count,
						       direction);
	host->msg_iovlen = count;
	host->msg_control = direction == SENT
				    ? pass_control(passage, guest, hidden)
				    : (void *)passage_memory(passage, (uintptr_t)guest->msg_control,
							     guest->msg_controllen, direction, 0);
}

static int64_t ask_one(struct thread *thread, long number, const uint64_t *a,
		       enum direction direction)
{
	struct passage passage = passage_begin_wait(thread);
	struct msghdr guest, host;
	bool hidden = false;
	int64_t result;
	long at;

	if (space_read(thread->process->space, &guest, guest_at(a[1]), sizeof guest)) {
		at = a[1] ? passage_nowhere(&passage, a[1]) : 0;
	} else {
		translate(&passage, &guest, direction, &host, &hidden);
		at = (long)&host;
	}
	result = hidden ? -EBADF
			: PASSAGE_CALL(&passage, number, passage_descriptor(a[0]), at, (long)a[2]);
	if (result >= 0 && direction == RECEIVED) {
		guest.msg_namelen = host.msg_namelen;
		guest.msg_controllen = host.msg_controllen;
		guest.msg_flags = host.msg_flags;
		if (space_write(thread->process->space, guest_at(a[1]), &guest, sizeof guest))
			result = -EFAULT;
	}
	passage_end(&passage, -1);
	return result;
}

int64_t call_sendmsg(struct thread *thread, const uint64_t *a)
{
	return ask_one(thread, SYS_sendmsg, a, SENT);
}

int64_t call_recvmsg(struct thread *thread, const uint64_t *a)
{
	return ask_one(thread, SYS_recvmsg, a, RECEIVED);
}

/* -------------------------------------------------------------------------
 * Several of them. The host does as many as can be read and may be sent.
 */
static unsigned int translate_some(struct passage *passage, const uint64_t *a,
				   enum direction direction, struct mmsghdr *message, bool *hidden)
{
	unsigned int count = a[2] > IOV_MAX ? IOV_MAX : (unsigned int)a[2], n;

	for (n = 0; n < count && !*hidden; n++) {
		struct mmsghdr guest;

		if (space_read(passage->thread->process->space, &guest,
			       guest_at(a[1] + n * sizeof guest), sizeof guest))
			break;
		message[n].msg_len = 0;
		translate(passage, &guest.msg_hdr, direction, &message[n].msg_hdr, hidden);
	}
	return *hidden ? n - 1 : n;
}

static int tell_some(const struct space *space, const uint64_t *a, enum direction direction,
		     const struct mmsghdr *message, int64_t count)
{
	int failed = 0;

	for (int64_t i = 0; i < count && !failed; i++) {
		uint64_t at = a[1] + (uint64_t)i * sizeof *message;
		struct mmsghdr guest;

		failed = space_read(space, &guest, guest_at(at), sizeof guest);
		guest.msg_len = message[i].msg_len;
		if (direction == RECEIVED) {
			guest.msg_hdr.msg_namelen = message[i].msg_hdr.msg_namelen;
			guest.msg_hdr.msg_controllen = message[i].msg_hdr.msg_controllen;
			guest.msg_hdr.msg_flags = message[i].msg_hdr.msg_flags;
		}
		if (!failed)
			failed = space_write(space, guest_at(at), &guest, sizeof guest);
	}
	return failed;
}

static int64_t ask_some(struct thread *thread, long number, const uint64_t *a,
			enum direction direction)
{
	struct passage passage = passage_begin_wait(thread);
	struct mmsghdr *message = passage_room(&passage, IOV_MAX * sizeof *message);
	bool hidden = false;
	unsigned int count = message ? translate_some(&passage, a, direction, message, &hidden) : 0;
	long at = (long)message;
	int64_t result;

	if (!count && a[2] && !hidden) {
		at = passage_nowhere(&passage, a[1]);
		count = 1;
	}
	if (hidden && !count)
		result = -EBADF;
	else
		result = PASSAGE_CALL(
			&passage, number, passage_descriptor(a[0]), at, count, (long)a[3],
			passage_memory(&passage, a[4], sizeof(struct timespec), GUEST_WRITE, 0));
	if (result > 0 && tell_some(thread->process->space, a, direction, message, result))
		result = -EFAULT;
	passage_end(&passage, -1);
	return result;
}

int64_t call_sendmmsg(struct thread *thread, const uint64_t *a)
{
	const uint64_t of_four[CALLS_ARGUMENTS] = { a[0], a[1], (unsigned int)a[2], a[3] };

	return ask_some(thread, SYS_sendmmsg, of_four, SENT);
}

int64_t call_recvmmsg(struct thread *thread, const uint64_t *a)
{
	const uint64_t of_five[CALLS_ARGUMENTS] = { a[0], a[1], (unsigned int)a[2], a[3], a[4] };

	return ask_some(thread, SYS_recvmmsg, of_five, RECEIVED);
}

/* -------------------------------------------------------------------------
 * One buffer: what is not in one piece goes as a message.
 */
static int64_t ask_message(struct thread *thread, long number, const uint64_t *a,
			   enum direction direction, socklen_t *length)
{
	struct passage passage = passage_begin_wait(thread);
	uint64_t count;
	struct msghdr message = { .msg_namelen = *length };
	int64_t result;

	message.msg_name =
		(void *)passage_memory(&passage, a[4], name_size(&message), direction, 0);
	message.msg_iov = (struct iovec *)passage_parts(&passage, a[1], a[2], direction, &count);
	message.msg_iovlen = count;
	result = PASSAGE_CALL(&passage, number, passage_descriptor(a[0]), (long)&message,
			      (long)a[3]);
	*length = message.msg_namelen;
	passage_end(&passage, -1);
	return result;
}

int64_t call_sendto(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, IN_BY(char, 2),     N,
							     N,	 IN_BY_INT(char, 5), N };
	struct passage look = passage_begin(thread);
	socklen_t length = (socklen_t)a[5];

	if (passage_is_simple(&look, a[1], a[2], GUEST_READ))
		return passage_wait(thread, SYS_sendto, is, a);
	return ask_message(thread, SYS_sendmsg, a, SENT, &length);
}

int64_t call_recvfrom(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, OUT_BY(char, 2), N,
							     N,	 OUT_LENGTH(5),	  LEN };
	const struct space *space = thread->process->space;
	struct passage look = passage_begin(thread);
	socklen_t length = 0;
	int64_t result;

	if (passage_is_simple(&look, a[1], a[2], GUEST_WRITE))
		return passage_wait(thread, SYS_recvfrom, is, a);
	if (a[4] && space_read(space, &length, guest_at(a[5]), sizeof length))
		return -EFAULT;
	result = ask_message(thread, SYS_recvmsg, a, RECEIVED, &length);
	if (result >= 0 && a[4] && space_write(space, guest_at(a[5]), &length, sizeof length))
		return -EFAULT;
	return result;
}

/* -------------------------------------------------------------------------
 * Options. Those with a pointer inside are translated or refused.
 */

/* Levels whose options have none, up to `end`; others are not for programs. */
static bool is_plain(int level, int option)
{
	enum {
		TABLES = 64,
		ZEROCOPY_RECEIVE = 35,
		FANOUT_DATA = 22,
		SOL_ICMPV6_ = 58,
		SOL_UDPLITE_ = 136,
		SOL_RAW_ = 255,
		SOL_PACKET_ = 263,
		SOL_NETLINK_ = 270,
		SOL_TIPC_ = 271,
		SOL_BLUETOOTH_ = 274,
		SOL_ALG_ = 279,
		SOL_TLS_ = 282,
		AF_VSOCK_ = 40,
		ORIGINAL_DST = 80
	};

	switch (level) {
	case IPPROTO_IP:
		return option < TABLES || option == ORIGINAL_DST;
	case IPPROTO_IPV6:	/* two are of tables, and there are more above */
		return option < TABLES || (option > TABLES + 1 && option <= ORIGINAL_DST);
	case IPPROTO_TCP:
		return option != ZEROCOPY_RECEIVE;
	case SOL_PACKET_:
		return option != FANOUT_DATA;
	case SOL_SOCKET:
	case IPPROTO_UDP:
	case SOL_ICMPV6_:
	case SOL_UDPLITE_:
	case SOL_RAW_:
	case SOL_NETLINK_:
	case SOL_TIPC_:
	case SOL_BLUETOOTH_:
	case SOL_ALG_:
	case SOL_TLS_:
	case AF_VSOCK_:
		return true;
	default:
		return false;
	}
}

/* If there is a socket at all. */
static int64_t refuse(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin(thread);
	int type;
	socklen_t length = sizeof type;
	int64_t result = PASSAGE_CALL(&passage, SYS_getsockopt, passage_descriptor(a[0]),
				      SOL_SOCKET, SO_TYPE, (long)&type, (long)&length);

	if (passage_names(&passage, 1ull << 63 | a[1] << 32 | (uint32_t)a[2]))
		fprintf(stderr, "vdsorun: socket option %d of level %d is not there\n", (int)a[2],
			(int)a[1]);
	return result ? result : -ENOPROTOOPT;
}

static int64_t attach_filter(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin(thread);
	struct sock_fprog filter;
	long at = (long)&filter;
	int64_t result;

	if (space_read(thread->process->space, &filter, guest_at(a[3]), sizeof filter))
		at = a[3] ? passage_nowhere(&passage, a[3]) : 0;
	else
		filter.filter = (struct sock_filter *)passage_memory(
			&passage, (uintptr_t)filter.filter, filter.len * sizeof *filter.filter,
			GUEST_READ, 0);
	result = PASSAGE_CALL(&passage, SYS_setsockopt, passage_descriptor(a[0]), (long)a[1],
			      (long)a[2], at, (long)a[4]);
	passage_end(&passage, -1);
	return result;
}

int64_t call_setsockopt(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, N, N, IN_BY_INT(char, 4), N };
	int level = (int)a[1], option = (int)a[2];

	/* of another size, it is wrong, and nothing inside is looked at */
	if (level == SOL_SOCKET &&
	    (option == SO_ATTACH_FILTER || option == SO_ATTACH_REUSEPORT_CBPF) &&
	    (int)a[4] == sizeof(struct sock_fprog))
		return attach_filter(thread, a);
	if (!is_plain(level, option))
		return refuse(thread, a);
	return passage_ask(thread, SYS_setsockopt, is, a);
}

/* What the host gives to a filter is counted in its instructions, not in bytes. */
int64_t call_getsockopt(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, N, N, OUT_LENGTH(4), LEN };
	int level = (int)a[1], option = (int)a[2];

	if (!is_plain(level, option) || (level == SOL_SOCKET && option == SO_GET_FILTER))
		return refuse(thread, a);
	return passage_ask(thread, SYS_getsockopt, is, a);
}
