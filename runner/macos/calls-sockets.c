/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets' calls, but for those that carry bytes: calls-messages.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calls-own.h"
#include "descriptors.h"
#include "linux-sockets.h"
#include "socket-address.h"
#include "socket-options.h"
#include "wait.h"

/* A socket, or what is wrong with it: the host says ENOTSOCK. */
static int hold(uint64_t fd, struct registry_held *held)
{
	int error = descriptor_hold(fd, held);

	if (error)
		return error;
	if (held->class == &path_class)
		error = -EBADF;
	else if (held->host < 0)
		error = -ENOTSOCK;
	if (error)
		descriptor_let_go(held);
	return error ? error : held->host;
}

/* -------------------------------------------------------------------------
 * Making them.
 */
enum { FLAGS = LINUX_SOCK_NONBLOCK | LINUX_SOCK_CLOEXEC };

/* What the host has made becomes the guest's. At accept(), a host may hand on O_NONBLOCK. */
static int open_socket(int host, unsigned int flags)
{
	int host_flags;

	host = descriptors_host(host);
	if (host < 0)
		return host;
	host_flags = fcntl(host, F_GETFL);
	host_flags =
		flags & LINUX_SOCK_NONBLOCK ? host_flags | O_NONBLOCK : host_flags & ~O_NONBLOCK;
	fcntl(host, F_SETFL, host_flags);
	return descriptor_open(&file_class, host, flags & LINUX_SOCK_CLOEXEC);
}

/* net/socket.c: the family is looked at before the type. */
static int translate(const uint64_t *a, int *family, int *type)
{
	unsigned int flags = (unsigned int)a[1] & ~(unsigned int)LINUX_SOCK_TYPE_MASK;

	if (flags & ~(unsigned int)FLAGS)
		return -EINVAL;
	*type = (int)a[1] & LINUX_SOCK_TYPE_MASK;
	*family = socket_family_to_host((int)a[0]);
	if (*family <= 0)
		return -EAFNOSUPPORT;
	if (*type < LINUX_SOCK_STREAM || *type > LINUX_SOCK_SEQPACKET)
		return -EINVAL;
	return 0;
}

int64_t call_socket(struct thread *thread, const uint64_t *a)
{
	int family, type, host, error = translate(a, &family, &type);

	(void)thread;
	if (error)
		return error;
	descriptors_opening();
	host = socket(family, type, (int)a[2]);
	error = host < 0 ? -errno : open_socket(host, (unsigned int)a[1]);
	descriptors_opened();
	return error;
}

int64_t call_socketpair(struct thread *thread, const uint64_t *a)
{
	int family, type, host[2], fd[2] = { -1, -1 }, error = translate(a, &family, &type);

	if (error)
		return error;
	descriptors_opening();
	error = socketpair(family, type, (int)a[2], host) ? -errno : 0;
	for (int i = 0; i < 2 && !error; i++)
		fd[i] = open_socket(host[i], (unsigned int)a[1]);
	descriptors_opened();
	if (!error)
		error = fd[0] < 0   ? fd[0]
			: fd[1] < 0 ? fd[1]
				    : calls_write(thread, a[3], fd, sizeof fd);
	for (int i = 0; i < 2 && error; i++)
		if (fd[i] >= 0)
			registry_close(&descriptors, fd[i]);
	return error;
}

/* -------------------------------------------------------------------------
 * Addresses.
 */
static int read_address(struct thread *thread, uint64_t at, uint64_t size,
			struct socket_address *host)
{
	char guest[LINUX_SOCKADDR_MAX];

	if ((int)size < 0 || (int)size > LINUX_SOCKADDR_MAX)
		return -EINVAL;
	if (calls_read(thread, guest, at, (size_t)(int)size))
		return -EFAULT;
	return socket_address_to_host(guest, (size_t)(int)size, host);
}

/* net/socket.c, move_addr_to_user(): as much as there is room for, and its whole size. */
static int tell_address(struct thread *thread, uint64_t at, uint64_t size_at,
			const struct socket_address *host)
{
	char guest[LINUX_SOCKADDR_MAX];
	int32_t room, size = (int32_t)socket_address_to_guest(host, guest);

	if (calls_read(thread, &room, size_at, sizeof room))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	room = room < size ? room : size;
	if (room && calls_write(thread, at, guest, (size_t)room))
		return -EFAULT;
	return calls_write(thread, size_at, &size, sizeof size);
}

int64_t call_bind(struct thread *thread, const uint64_t *a)
{
	struct socket_address address;
	struct registry_held held;
	int64_t result = hold(a[0], &held);

	if (result < 0)
		return result;
	result = read_address(thread, a[1], a[2], &address);
	if (result == -ECONNREFUSED)
		result = -EADDRNOTAVAIL;	/* a name that is in no folder */
	if (!result && bind(held.host, &address.any, address.size))
		/* Linux has one number for a name that is there already */
		result = errno == EEXIST ? -EADDRINUSE : -errno;
	descriptor_let_go(&held);
	return result;
}

int64_t call_listen(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result = hold(a[0], &held);

	(void)thread;
	if (result < 0)
		return result;
	result = listen(held.host, (int)a[1]) ? -errno : 0;
	descriptor_let_go(&held);
	return result;
}

static int64_t tell_name(struct thread *thread, const uint64_t *a,
			 int (*get)(int host, struct sockaddr *name, socklen_t *size))
{
	struct socket_address address = { .size = sizeof address.storage };
	struct registry_held held;
	int64_t result = hold(a[0], &held);

	if (result < 0)
		return result;
	result = get(held.host, &address.any, &address.size) ? -errno
		 : tell_address(thread, a[1], a[2], &address);
	descriptor_let_go(&held);
	return result;
}

static int own_name(int host, struct sockaddr *name, socklen_t *size)
{
	return getsockname(host, name, size);
}

static int peer_name(int host, struct sockaddr *name, socklen_t *size)
{
	return getpeername(host, name, size);
}

int64_t call_getsockname(struct thread *thread, const uint64_t *a)
{
	return tell_name(thread, a, own_name);
}

int64_t call_getpeername(struct thread *thread, const uint64_t *a)
{
	return tell_name(thread, a, peer_name);
}

/* -------------------------------------------------------------------------
 * connect(): one that is interrupted goes on, and may not be made again but waited for.
 */
struct connecting {
	int host;
	const struct socket_address *address;
	bool began;
};

static int64_t finish_connect(int host)
{
	struct pollfd fd = { .fd = host, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof error;

	if (poll(&fd, 1, -1) < 0 || getsockopt(host, SOL_SOCKET, SO_ERROR, &error, &size))
		return -errno;
	return -error;
}

static int64_t host_connect(void *context)
{
	struct connecting *connecting = context;

	if (connecting->began)
		return finish_connect(connecting->host);
	if (!connect(connecting->host, &connecting->address->any, connecting->address->size))
		return 0;
	if (errno == EALREADY && !(fcntl(connecting->host, F_GETFL) & O_NONBLOCK)) {
		connecting->began = true;
		return finish_connect(connecting->host);
	}
	connecting->began = errno == EINTR;
	return -errno;
}

int64_t call_connect(struct thread *thread, const uint64_t *a)
{
	struct socket_address address;
	struct connecting connecting = { .address = &address };
	struct registry_held held;
	bool again = thread->host->repeated;
	int64_t result = hold(a[0], &held);

	if (result < 0)
		return result;
	connecting.host = held.host;
	result = read_address(thread, a[1], a[2], &address);
	if (!result)
		result = wait_call(thread, host_connect, &connecting);
	if (result == -EISCONN && again)
		result = 0;
	descriptor_let_go(&held);
	return result;
}

/* -------------------------------------------------------------------------
 * accept()
 */
struct accepting {
	int host;
	struct socket_address address;
};

static int64_t host_accept(void *context)
{
	struct accepting *accepting = context;
	int host;

	accepting->address.size = sizeof accepting->address.storage;
	host = accept(accepting->host, &accepting->address.any, &accepting->address.size);
	return host < 0 ? -errno : host;
}

static int64_t accept_one(struct thread *thread, const uint64_t *a, unsigned int flags)
{
	struct accepting accepting;
	struct registry_held held;
	int64_t result = hold(a[0], &held), fd;

	if (result < 0)
		return result;
	accepting.host = held.host;
	fd = wait_call(thread, host_accept, &accepting);
	descriptor_let_go(&held);
	if (fd < 0)
		return fd;
	fd = open_socket((int)fd, flags);
	if (fd < 0 || !a[1])
		return fd;
	result = tell_address(thread, a[1], a[2], &accepting.address);
	if (result)
		registry_close(&descriptors, (int)fd);
	return result ? result : fd;
}

int64_t call_accept(struct thread *thread, const uint64_t *a)
{
	return accept_one(thread, a, 0);
}

int64_t call_accept4(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[3];

	return flags & ~(unsigned int)FLAGS ? -EINVAL : accept_one(thread, a, flags);
}

int64_t call_shutdown(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result = hold(a[0], &held);

	(void)thread;
	if (result < 0)
		return result;
	result = shutdown(held.host, (int)a[1]) ? -errno : 0;
	descriptor_let_go(&held);
	return result;
}

/* -------------------------------------------------------------------------
 * Options.
 */
static const struct socket_option *find(struct thread *thread, const uint64_t *a)
{
	const struct socket_option *option = socket_option_find((int)a[1], (int)a[2]);

	if (!option)
		calls_miss(thread, "socket option", a[1] << 32 | (uint32_t)a[2]);
	return option;
}

int64_t call_setsockopt(struct thread *thread, const uint64_t *a)
{
	const struct socket_option *option;
	char value[SOCKET_OPTION_MAX];
	struct registry_held held;
	int size = (int)a[4];
	int64_t result = hold(a[0], &held);

	if (result < 0)
		return result;
	option = find(thread, a);
	if (!option)
		result = -ENOPROTOOPT;
	else if (size < 0)
		result = -EINVAL;
	else if (size > SOCKET_OPTION_MAX)
		size = SOCKET_OPTION_MAX;
	if (result >= 0)
		result = calls_read(thread, value, a[3], (size_t)size);
	if (!result)
		result = socket_option_set(held.host, option, value, (size_t)size);
	descriptor_let_go(&held);
	return result;
}

static int64_t get_option(struct thread *thread, const struct registry_held *held,
			  const uint64_t *a)
{
	const struct socket_option *option = find(thread, a);
	char value[SOCKET_OPTION_MAX];
	int32_t size;

	if (!option)
		return -ENOPROTOOPT;
	if (calls_read(thread, &size, a[4], sizeof size))
		return -EFAULT;
	if (size < 0)
		return -EINVAL;
	size = size < SOCKET_OPTION_MAX ? size : SOCKET_OPTION_MAX;
	size = socket_option_get(held->host, option, value, (size_t)size);
	if (size < 0)
		return size;
	if (calls_write(thread, a[3], value, (size_t)size))
		return -EFAULT;
	return calls_write(thread, a[4], &size, sizeof size);
}

int64_t call_getsockopt(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result = hold(a[0], &held);

	if (result < 0)
		return result;
	result = get_option(thread, &held, a);
	descriptor_let_go(&held);
	return result;
}
