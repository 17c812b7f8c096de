/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#define __APPLE_USE_RFC_3542	/* macOS <netinet6/in6.h>: options as RFC 3542 has them */
#include "socket-messages.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"
#include "socket-options.h"
#include "translate.h"

/* Of a pair with 0, nothing needs to be said: the signal of EPIPE is ours. */
TRANSLATE(message_flags,
	{ LINUX_MSG_OOB, MSG_OOB },
	{ LINUX_MSG_PEEK, MSG_PEEK },
	{ LINUX_MSG_DONTROUTE, MSG_DONTROUTE },
	{ LINUX_MSG_CTRUNC, MSG_CTRUNC },
	{ LINUX_MSG_TRUNC, MSG_TRUNC },
	{ LINUX_MSG_DONTWAIT, MSG_DONTWAIT },
	{ LINUX_MSG_EOR, MSG_EOR },
	{ LINUX_MSG_WAITALL, MSG_WAITALL },
	{ LINUX_MSG_CONFIRM, 0 },
	{ LINUX_MSG_NOSIGNAL, 0 },
	{ LINUX_MSG_MORE, 0 },
	{ LINUX_MSG_WAITFORONE, 0 },
	{ LINUX_MSG_CMSG_CLOEXEC, 0 },
);

int socket_flags_to_host(unsigned int guest, int *host)
{
	if (guest & LINUX_MSG_FASTOPEN)
		return -EOPNOTSUPP;
	*host = (int)translate_flags_to_host(&message_flags, guest, NULL);
	return 0;
}

uint32_t socket_flags_to_guest(int host)
{
	return (uint32_t)translate_flags_to_guest(&message_flags, (unsigned int)host, NULL);
}

/* -------------------------------------------------------------------------
 * Sent.
 */
static void *append(struct socket_control *control, int level, int type, size_t size)
{
	struct cmsghdr *head = (struct cmsghdr *)(control->bytes + control->size);

	if (CMSG_SPACE(size) > sizeof control->bytes - control->size)
		return NULL;
	memset(head, 0, CMSG_SPACE(size));
	head->cmsg_len = CMSG_LEN(size);
	head->cmsg_level = level;
	head->cmsg_type = type;
	control->size += CMSG_SPACE(size);
	return CMSG_DATA(head);
}

/* What only this process has cannot be given to another: -EINVAL. */
static int give_rights(struct socket_control *control, const char *guest, size_t size)
{
	unsigned int count = (unsigned int)(size / sizeof(int));
	int *host;

	if (count > LINUX_SCM_MAX_FD - control->holding)
		return -EINVAL;
	host = append(control, SOL_SOCKET, SCM_RIGHTS, count * sizeof *host);
	if (!host)
		return -EINVAL;
	for (unsigned int i = 0; i < count; i++) {
		struct registry_held *held = &control->held[control->holding];
		int fd, error;

		memcpy(&fd, guest + i * sizeof fd, sizeof fd);
		error = descriptor_hold((uint64_t)fd, held);
		if (error)
			return error;
		control->holding++;
		if (held->host < 0)
			return -EINVAL;
		memcpy(host + i, &held->host, sizeof *host);
	}
	return 0;
}

/*
 * Who sends its own number and ids says what is so anyway; others' are the host's to judge,
 * which has no way to say them.
 */
static int give_credentials(const char *guest, size_t size)
{
	struct linux_ucred told;

	if (size != sizeof told)
		return -EINVAL;
	memcpy(&told, guest, sizeof told);
	if (told.pid != getpid() || (told.uid != getuid() && told.uid != geteuid()) ||
	    (told.gid != getgid() && told.gid != getegid()))
		return -EPERM;
	return 0;
}

static int give_one(struct socket_control *control, const struct linux_cmsghdr *head,
		    const char *guest, size_t size)
{
	const struct socket_option *option;
	void *host;

	if (head->level == LINUX_SOL_SOCKET && head->type == LINUX_SCM_RIGHTS)
		return give_rights(control, guest, size);
	if (head->level == LINUX_SOL_SOCKET && head->type == LINUX_SCM_CREDENTIALS)
		return give_credentials(guest, size);
	option = socket_option_find(head->level, head->type);
	if (!option || option->name < 0)
		return -EINVAL;
	host = append(control, option->level, option->name, size);
	if (!host)
		return -EINVAL;
	memcpy(host, guest, size);
	return 0;
}

int socket_control_to_host(const void *guest, size_t size, struct socket_control *control)
{
	struct linux_cmsghdr head;

	control->size = 0;
	control->holding = 0;
	for (size_t at = 0; at + sizeof head <= size; at += LINUX_CMSG_ALIGN(head.length)) {
		const char *bytes = (const char *)guest + at;
		int error;

		memcpy(&head, bytes, sizeof head);
		if (head.length < sizeof head || head.length > size - at)
			return -EINVAL;
		error = give_one(control, &head, bytes + sizeof head, head.length - sizeof head);
		if (error)
			return error;
	}
	return 0;
}

void socket_control_end(struct socket_control *control)
{
	while (control->holding)
		descriptor_let_go(&control->held[--control->holding]);
}

/* -------------------------------------------------------------------------
 * Received.
 */
struct arriving {
	char *guest;
	size_t size, room;
	bool cloexec, cut;
};

/* Room for the head and as much of the message as there is: how much, or 0 and it is cut. */
static size_t begin_one(struct arriving *arriving, int level, int type, size_t size)
{
	struct linux_cmsghdr head = { 0, level, type };
	size_t room = arriving->room - arriving->size;

	if (room < sizeof head + (size != 0)) {
		arriving->cut = true;
		return 0;
	}
	room -= sizeof head;
	if (size > room)
		arriving->cut = true;
	size = size < room ? size : room;
	head.length = sizeof head + size;
	memcpy(arriving->guest + arriving->size, &head, sizeof head);
	return size;
}

static void end_one(struct arriving *arriving, const void *bytes, size_t size)
{
	char *at = arriving->guest + arriving->size + sizeof(struct linux_cmsghdr);
	uint64_t whole = LINUX_CMSG_ALIGN(sizeof(struct linux_cmsghdr) + size);

	memcpy(at, bytes, size);
	arriving->size = whole < arriving->room - arriving->size ? arriving->size + whole
								 : arriving->room;
}

static void take_rights(struct arriving *arriving, const int *host, unsigned int count)
{
	int fd[LINUX_SCM_MAX_FD];
	unsigned int n = 0, room = 0;
	size_t left = arriving->room - arriving->size;

	if (left > sizeof(struct linux_cmsghdr))
		room = (unsigned int)((left - sizeof(struct linux_cmsghdr)) / sizeof fd[0]);
	for (unsigned int i = 0; i < count; i++) {
		int moved = descriptors_host(host[i]);

		if (moved >= 0 && n == i && n < room && n < LINUX_SCM_MAX_FD) {
			fd[n] = descriptor_open(NULL, moved, arriving->cloexec);
			n += fd[n] >= 0;
		} else if (moved >= 0) {
			close(moved);
		}
	}
	if (n < count)
		arriving->cut = true;
	if (!n)
		return;
	begin_one(arriving, LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS, n * sizeof fd[0]);
	end_one(arriving, fd, n * sizeof fd[0]);
}

static void take_one(struct arriving *arriving, const struct cmsghdr *head, const void *bytes,
		     size_t size)
{
	const struct socket_option *option;

	if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
		int host[LINUX_SCM_MAX_FD];
		unsigned int count = (unsigned int)(size / sizeof host[0]);

		count = count < LINUX_SCM_MAX_FD ? count : LINUX_SCM_MAX_FD;
		memcpy(host, bytes, count * sizeof host[0]);
		take_rights(arriving, host, count);
		return;
	}
	option = socket_option_of_host(head->cmsg_level, head->cmsg_type);
	if (option) {
		size_t room = begin_one(arriving, option->guest_level, option->guest, size);

		if (room || !size)
			end_one(arriving, bytes, room);
	}
}

size_t socket_control_to_guest(const struct msghdr *message, bool cloexec, void *guest, size_t room,
			       bool *cut)
{
	struct arriving arriving = { .guest = guest, .room = room, .cloexec = cloexec };

	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head;
	     head = CMSG_NXTHDR((struct msghdr *)(uintptr_t)message, head)) {
		const char *bytes = (const char *)CMSG_DATA(head);

		take_one(&arriving, head, bytes,
			 head->cmsg_len - (size_t)(bytes - (const char *)head));
	}
	*cut = arriving.cut;
	return arriving.size;
}
