/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets' calls that carry bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "calls-own.h"
#include "descriptors.h"
#include "io.h"
#include "linux-descriptors.h"
#include "linux-time.h"
#include "poll.h"
#include "socket-address.h"
#include "socket-messages.h"
#include "wait.h"

/* One message on its way, either. */
struct message {
	struct thread *thread;
	int host, flags;	/* the host's */
	unsigned int guest_flags;
	struct io_parts parts;
	struct iovec part[IO_HOST_PARTS];
	struct msghdr header;
	struct socket_address address;
	struct socket_control control;
};

/* A socket's, with its descriptor held: NULL and what is wrong. */
static struct message *message_begin(struct thread *thread, uint64_t fd, unsigned int flags,
				     struct registry_held *held, int64_t *result)
{
	struct message *message;

	*result = descriptor_hold(fd, held);
	if (*result)
		return NULL;
	message = malloc(sizeof *message);
	if (!message)
		*result = -ENOMEM;
	else if (held->class == &path_class)
		*result = -EBADF;
	else if (held->host < 0)
		*result = -ENOTSOCK;
	if (*result) {
		descriptor_let_go(held);
		free(message);
		return NULL;
	}
	message->thread = thread;
	message->host = held->host;
	message->guest_flags = flags;
	message->header = (struct msghdr){ 0 };
	message->control.holding = 0;
	*result = socket_flags_to_host(flags, &message->flags);
	return message;
}

static void message_end(struct message *message, struct registry_held *held)
{
	socket_control_end(&message->control);
	descriptor_let_go(held);
	free(message);
}

/* What is done with a message that the program has told by a struct linux_msghdr. */
typedef int64_t message_fn(struct message *message, struct linux_msghdr *guest);

static int64_t do_one(struct thread *thread, uint64_t fd, struct linux_msghdr *guest,
		      unsigned int flags, message_fn *does)
{
	struct registry_held held;
	int64_t result;
	struct message *message = message_begin(thread, fd, flags, &held, &result);

	if (!message)
		return result;
	if (!result)
		result = does(message, guest);
	message_end(message, &held);
	return result;
}

static int set_parts(struct message *message, unsigned int prot)
{
	int count = io_host(message->thread, &message->parts, prot, message->part);

	message->header.msg_iov = message->part;
	message->header.msg_iovlen = count > 0 ? (unsigned int)count : 0;
	return count < 0 ? count : 0;
}

/* -------------------------------------------------------------------------
 * Sent.
 */
static int64_t host_send(void *context)
{
	const struct message *message = context;
	ssize_t n = sendmsg(message->host, &message->header, message->flags);

	return n < 0 ? -errno : n;
}

static int set_name(struct message *message, uint64_t at, int32_t size)
{
	char guest[LINUX_SOCKADDR_MAX];
	int error;

	if (!at)
		return 0;
	if (size < 0 || size > LINUX_SOCKADDR_MAX)
		return -EINVAL;
	if (calls_read(message->thread, guest, at, (size_t)size))
		return -EFAULT;
	error = socket_address_to_host(guest, (size_t)size, &message->address);
	message->header.msg_name = &message->address.any;
	message->header.msg_namelen = message->address.size;
	return error;
}

static int set_control(struct message *message, uint64_t at, uint64_t size)
{
	char guest[SOCKET_CONTROL];
	int error;

	if (!at || !size)
		return 0;
	if (size > sizeof guest)
		return -ENOBUFS;
	if (calls_read(message->thread, guest, at, size))
		return -EFAULT;
	error = socket_control_to_host(guest, size, &message->control);
	message->header.msg_control = message->control.size ? message->control.bytes : NULL;
	message->header.msg_controllen = (socklen_t)message->control.size;
	return error;
}

static int64_t send_it(struct message *message)
{
	int64_t result = set_parts(message, GUEST_READ);

	if (!result)
		result = wait_call(message->thread, host_send, message);
	if (message->guest_flags & LINUX_MSG_NOSIGNAL)
		return result;
	return io_piped(message->thread, result);
}

int64_t call_sendto(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result;
	struct message *message = message_begin(thread, a[0], (unsigned int)a[3], &held, &result);

	if (!message)
		return result;
	io_one(&message->parts, a[1], a[2]);
	if (!result)
		result = set_name(message, a[4], (int32_t)a[5]);
	if (!result)
		result = send_it(message);
	message_end(message, &held);
	return result;
}

static int64_t send_message(struct message *message, struct linux_msghdr *guest)
{
	int64_t result =
		io_vector(message->thread, &message->parts, guest->parts, guest->part_count);

	if (result == -EINVAL && guest->part_count > LINUX_IOV_MAX)
		result = -EMSGSIZE;
	if (!result)
		result = set_name(message, guest->name, guest->name_length);
	if (!result)
		result = set_control(message, guest->control, guest->control_length);
	return result ? result : send_it(message);
}

int64_t call_sendmsg(struct thread *thread, const uint64_t *a)
{
	struct linux_msghdr guest;

	if (calls_read(thread, &guest, a[1], sizeof guest))
		return -EFAULT;
	return do_one(thread, a[0], &guest, (unsigned int)a[2], send_message);
}

/* Those that were sent are; what was wrong with the next one, the next call finds. */
int64_t call_sendmmsg(struct thread *thread, const uint64_t *a)
{
	unsigned int count = (unsigned int)a[2], n;
	int64_t result = 0;

	count = count < LINUX_IOV_MAX ? count : LINUX_IOV_MAX;
	for (n = 0; n < count; n++) {
		uint64_t at = a[1] + n * sizeof(struct linux_mmsghdr);
		struct linux_mmsghdr guest;

		result = calls_read(thread, &guest, at, sizeof guest);
		if (!result)
			result = do_one(thread, a[0], &guest.message, (unsigned int)a[3],
					send_message);
		if (result < 0)
			break;
		guest.length = (uint32_t)result;
		result = calls_write(thread, at + offsetof(struct linux_mmsghdr, length),
				     &guest.length, sizeof guest.length);
		if (result)
			break;
	}
	return n ? (int64_t)n : result;
}

/* -------------------------------------------------------------------------
 * Received.
 */
static int64_t host_receive(void *context)
{
	struct message *message = context;
	ssize_t n;

	message->header.msg_namelen =
		message->header.msg_name ? sizeof message->address.storage : 0;
	message->header.msg_controllen =
		message->header.msg_control ? sizeof message->control.bytes : 0;
	n = recvmsg(message->host, &message->header, message->flags);
	return n < 0 ? -errno : n;
}

/*
 * Linux tells a datagram's whole size to who asks with MSG_TRUNC; another host tells it by an
 * option, and before.
 */
static int64_t receive_whole(struct message *message)
{
#ifdef SO_NREAD
	int type, whole = 0;
	socklen_t type_size = sizeof type, whole_size = sizeof whole;
	int64_t n;

	if (message->guest_flags & LINUX_MSG_TRUNC &&
	    !getsockopt(message->host, SOL_SOCKET, SO_TYPE, &type, &type_size) &&
	    type == SOCK_DGRAM) {
		struct pollfd fd = { .fd = message->host, .events = POLLIN };

		message->flags &= ~MSG_TRUNC;
		if (poll(&fd, 1, message->flags & MSG_DONTWAIT ? 0 : -1) < 0)
			return -errno;
		(void)getsockopt(message->host, SOL_SOCKET, SO_NREAD, &whole, &whole_size);
		n = host_receive(message);
		return n >= 0 && message->header.msg_flags & MSG_TRUNC && whole > n ? whole : n;
	}
#endif
	return host_receive(message);
}

static int64_t wait_receive(void *context)
{
	return receive_whole(context);
}

/* There is no queue of errors. */
static int64_t receive_it(struct message *message, bool name)
{
	int64_t result;

	if (message->guest_flags & LINUX_MSG_ERRQUEUE)
		return -EAGAIN;
	result = set_parts(message, GUEST_WRITE);
	if (result)
		return result;
	message->header.msg_name = name ? &message->address.any : NULL;
	return wait_call(message->thread, wait_receive, message);
}

/* As much of the name as there is room for, and its size. */
static int tell_name(struct message *message, uint64_t at, int32_t room, int32_t *size)
{
	char guest[LINUX_SOCKADDR_MAX];

	message->address.size = message->header.msg_namelen;
	*size = (int32_t)socket_address_to_guest(&message->address, guest);
	if (room < 0)
		return -EINVAL;
	room = room < *size ? room : *size;
	return room && calls_write(message->thread, at, guest, (size_t)room) ? -EFAULT : 0;
}

int64_t call_recvfrom(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result;
	struct message *message = message_begin(thread, a[0], (unsigned int)a[3], &held, &result);
	int32_t room, size;

	if (!message)
		return result;
	io_one(&message->parts, a[1], a[2]);
	if (!result)
		result = receive_it(message, a[4]);
	if (result >= 0 && a[4]) {
		int error = calls_read(thread, &room, a[5], sizeof room);

		if (!error)
			error = tell_name(message, a[4], room, &size);
		if (!error)
			error = calls_write(thread, a[5], &size, sizeof size);
		result = error ? error : result;
	}
	message_end(message, &held);
	return result;
}

static int tell_control(struct message *message, struct linux_msghdr *guest)
{
	char bytes[SOCKET_CONTROL];
	size_t room = guest->control_length < sizeof bytes ? guest->control_length : sizeof bytes;
	bool cut = false;

	if (!message->header.msg_control) {
		guest->control_length = 0;
		return 0;
	}
	room = socket_control_to_guest(&message->header,
				       message->guest_flags & LINUX_MSG_CMSG_CLOEXEC, bytes, room,
				       &cut);
	if (cut)
		guest->flags |= LINUX_MSG_CTRUNC;
	guest->control_length = room;
	return room ? calls_write(message->thread, guest->control, bytes, room) : 0;
}

static int64_t receive_message(struct message *message, struct linux_msghdr *guest)
{
	int64_t result =
		io_vector(message->thread, &message->parts, guest->parts, guest->part_count);
	int error = 0;

	if (result == -EINVAL && guest->part_count > LINUX_IOV_MAX)
		result = -EMSGSIZE;
	if (result)
		return result;
	if (guest->control && guest->control_length)
		message->header.msg_control = message->control.bytes;
	result = receive_it(message, guest->name);
	if (result < 0)
		return result;
	guest->flags = socket_flags_to_guest(message->header.msg_flags) |
		       (message->guest_flags & LINUX_MSG_CMSG_CLOEXEC);
	if (guest->name)
		error = tell_name(message, guest->name, guest->name_length, &guest->name_length);
	else
		guest->name_length = 0;
	if (!error)
		error = tell_control(message, guest);
	return error ? error : result;
}

int64_t call_recvmsg(struct thread *thread, const uint64_t *a)
{
	struct linux_msghdr guest;
	int64_t result;

	if (calls_read(thread, &guest, a[1], sizeof guest))
		return -EFAULT;
	result = do_one(thread, a[0], &guest, (unsigned int)a[2], receive_message);
	if (result >= 0 && calls_write(thread, a[1], &guest, sizeof guest))
		return -EFAULT;
	return result;
}

/* The time is looked at between messages, as Linux does: recvmmsg(2), BUGS. */
int64_t call_recvmmsg(struct thread *thread, const uint64_t *a)
{
	unsigned int count = (unsigned int)a[2], flags = (unsigned int)a[3], n;
	uint64_t deadline;
	int64_t result = poll_deadline(thread, a[4], &deadline);

	if (result)
		return result;
	count = count < LINUX_IOV_MAX ? count : LINUX_IOV_MAX;
	for (n = 0; n < count && result >= 0; n++) {
		uint64_t at = a[1] + n * sizeof(struct linux_mmsghdr);
		struct linux_mmsghdr guest;

		result = calls_read(thread, &guest, at, sizeof guest);
		if (!result)
			result = do_one(thread, a[0], &guest.message, flags, receive_message);
		if (result < 0)
			break;
		guest.length = (uint32_t)result;
		result = calls_write(thread, at, &guest, sizeof guest);
		if (flags & LINUX_MSG_WAITFORONE)
			flags |= LINUX_MSG_DONTWAIT;
		if (!wait_left(deadline)) {
			n++;
			break;
		}
	}
	poll_tell_left(thread, a[4], deadline);
	return n ? (int64_t)n : result;
}
