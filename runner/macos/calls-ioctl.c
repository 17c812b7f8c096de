/* SPDX-License-Identifier: BSD-2-Clause */
/* ioctl(): what any descriptor has, and terminals. What is not here, no driver has. */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "calls-own.h"
#include "descriptors.h"
#include "linux-descriptors.h"
#include "terminal.h"
#include "translate.h"
#include "wait.h"

/* -------------------------------------------------------------------------
 * Terminals.
 */
static int64_t get_settings(struct thread *thread, int host, uint64_t at, bool with_speeds)
{
	struct linux_termios2 guest;
	struct termios now;

	if (tcgetattr(host, &now))
		return -errno;
	terminal_to_guest(&now, &guest.termios);
	guest.input_speed = terminal_rate(cfgetispeed(&now));
	guest.output_speed = terminal_rate(cfgetospeed(&now));
	return calls_write(thread, at, &guest, with_speeds ? sizeof guest : sizeof guest.termios);
}

struct setting {
	int host, when;
	struct termios termios;
};

/* Output that is to be waited for may take as long as its reader does. */
static int64_t host_set(void *context)
{
	const struct setting *setting = context;

	return tcsetattr(setting->host, setting->when, &setting->termios) ? -errno : 0;
}

static int64_t set_settings(struct thread *thread, int host, uint64_t at, bool with_speeds,
			    int when)
{
	struct setting setting = { .host = host, .when = when };
	struct linux_termios2 guest;

	if (tcgetattr(host, &setting.termios))
		return -errno;
	if (calls_read(thread, &guest, at, with_speeds ? sizeof guest : sizeof guest.termios))
		return -EFAULT;
	terminal_to_host(&guest.termios, &setting.termios);
	if (with_speeds && (guest.termios.control & LINUX_CBAUD) == LINUX_BOTHER) {
		cfsetispeed(&setting.termios, terminal_speed(guest.input_speed));
		cfsetospeed(&setting.termios, terminal_speed(guest.output_speed));
	}
	return wait_call(thread, host_set, &setting);
}

static int64_t get_size(struct thread *thread, int host, uint64_t at)
{
	struct winsize now;
	struct linux_winsize guest;

	if (ioctl(host, TIOCGWINSZ, &now))
		return -errno;
	guest = (struct linux_winsize){ now.ws_row, now.ws_col, now.ws_xpixel, now.ws_ypixel };
	return calls_write(thread, at, &guest, sizeof guest);
}

static int64_t set_size(struct thread *thread, int host, uint64_t at)
{
	struct linux_winsize guest;
	struct winsize new;

	if (calls_read(thread, &guest, at, sizeof guest))
		return -EFAULT;
	new = (struct winsize){ guest.rows, guest.columns, guest.width, guest.height };
	return ioctl(host, TIOCSWINSZ, &new) ? -errno : 0;
}

static int64_t tell_int(struct thread *thread, uint64_t at, int64_t value)
{
	const int32_t guest = (int32_t)value;

	return value < 0 ? -errno : calls_write(thread, at, &guest, sizeof guest);
}

static int64_t set_group(struct thread *thread, int host, uint64_t at)
{
	int32_t group;

	if (calls_read(thread, &group, at, sizeof group))
		return -EFAULT;
	return tcsetpgrp(host, group) ? -errno : 0;
}

/* A pair's other end has a name; on Linux, that is /dev/pts/ and this number. */
static int64_t get_number(struct thread *thread, int host, uint64_t at)
{
	const char *name = ptsname(host);
	const char *end = name ? name + strlen(name) : NULL;

	if (!name)
		return -ENOTTY;
	while (end > name && end[-1] >= '0' && end[-1] <= '9')
		end--;
	return tell_int(thread, at, atoi(end));
}

static int64_t set_locked(struct thread *thread, int host, uint64_t at)
{
	int32_t locked;

	if (calls_read(thread, &locked, at, sizeof locked))
		return -EFAULT;
	if (locked)
		return 0;
	return grantpt(host) || unlockpt(host) ? -errno : 0;
}

static int64_t flush(int host, uint64_t which)
{
	static const int queues[] = { TCIFLUSH, TCOFLUSH, TCIOFLUSH };

	if (which >= sizeof queues / sizeof queues[0])
		return -EINVAL;
	return tcflush(host, queues[which]) ? -errno : 0;
}

static int64_t flow(int host, uint64_t what)
{
	static const int actions[] = { TCOOFF, TCOON, TCIOFF, TCION };

	if (what >= sizeof actions / sizeof actions[0])
		return -EINVAL;
	return tcflow(host, actions[what]) ? -errno : 0;
}

static int64_t drain(void *context)
{
	return tcdrain(*(const int *)context) ? -errno : 0;
}

/* With an argument it only waits. */
static int64_t send_break(struct thread *thread, int host, uint64_t argument)
{
	if (argument)
		return wait_call(thread, drain, &host);
	return tcsendbreak(host, 0) ? -errno : 0;
}

static int64_t simple(int host, unsigned long request)
{
	return ioctl(host, request, 0) ? -errno : 0;
}

static int64_t do_terminal(struct thread *thread, int host, unsigned int request, uint64_t argument)
{
	switch (request) {
	case LINUX_TCGETS:
	case LINUX_TCGETS2:
		return get_settings(thread, host, argument, request == LINUX_TCGETS2);
	case LINUX_TCSETS:
	case LINUX_TCSETS2:
		return set_settings(thread, host, argument, request == LINUX_TCSETS2, TCSANOW);
	case LINUX_TCSETSW:
	case LINUX_TCSETSW2:
		return set_settings(thread, host, argument, request == LINUX_TCSETSW2, TCSADRAIN);
	case LINUX_TCSETSF:
	case LINUX_TCSETSF2:
		return set_settings(thread, host, argument, request == LINUX_TCSETSF2, TCSAFLUSH);
	case LINUX_TCSBRK:
		return send_break(thread, host, argument);
	case LINUX_TCSBRKP:
		return send_break(thread, host, 0);
	case LINUX_TCXONC:
		return flow(host, argument);
	case LINUX_TCFLSH:
		return flush(host, argument);
	case LINUX_TIOCSBRK:
		return simple(host, TIOCSBRK);
	case LINUX_TIOCCBRK:
		return simple(host, TIOCCBRK);
	case LINUX_TIOCEXCL:
		return simple(host, TIOCEXCL);
	case LINUX_TIOCNXCL:
		return simple(host, TIOCNXCL);
	case LINUX_TIOCSCTTY:
		return simple(host, TIOCSCTTY);
	case LINUX_TIOCNOTTY:
		return simple(host, TIOCNOTTY);
	case LINUX_TIOCGWINSZ:
		return get_size(thread, host, argument);
	case LINUX_TIOCSWINSZ:
		return set_size(thread, host, argument);
	case LINUX_TIOCGPGRP:
		return tell_int(thread, argument, tcgetpgrp(host));
	case LINUX_TIOCSPGRP:
		return set_group(thread, host, argument);
	case LINUX_TIOCGSID:
		return tell_int(thread, argument, tcgetsid(host));
	case LINUX_TIOCGPTN:
		return get_number(thread, host, argument);
	case LINUX_TIOCSPTLCK:
		return set_locked(thread, host, argument);
	default:
		calls_miss(thread, "ioctl", request);
		return -ENOTTY;
	}
}

/* -------------------------------------------------------------------------
 * Any descriptor.
 */
static int64_t set_nonblock(struct thread *thread, const struct registry_held *held, uint64_t at)
{
	int32_t on;
	int flags;

	if (calls_read(thread, &on, at, sizeof on))
		return -EFAULT;
	if (held->host < 0)
		return registry_set_nonblock(&descriptors, held->fd, on);
	flags = fcntl(held->host, F_GETFL);
	return fcntl(held->host, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) ? -errno
											 : 0;
}

static int64_t count(struct thread *thread, int host, unsigned long request, uint64_t at)
{
	int n = 0;

	return ioctl(host, request, &n) ? -errno : tell_int(thread, at, n);
}

static int64_t do_ioctl(struct thread *thread, const struct registry_held *held,
			unsigned int request, uint64_t argument)
{
	switch (request) {
	case LINUX_FIOCLEX:
	case LINUX_FIONCLEX:
		return registry_set_cloexec(&descriptors, held->fd, request == LINUX_FIOCLEX);
	case LINUX_FIONBIO:
		return set_nonblock(thread, held, argument);
	case LINUX_FIOASYNC:
		return 0;
	}
	if (held->host < 0 || held->class == &entropy_class)
		return -ENOTTY;
	switch (request) {
	case LINUX_FIONREAD:
		return count(thread, held->host, FIONREAD, argument);
	case LINUX_TIOCOUTQ:
		return count(thread, held->host, TIOCOUTQ, argument);
	case LINUX_SIOCATMARK:
		return tell_int(thread, argument, sockatmark(held->host));
	default:
		return do_terminal(thread, held->host, request, argument);
	}
}

/* A host may say otherwise that it is no terminal. */
static int64_t no_terminal(int64_t result)
{
	return result == -ENODEV || result == -EOPNOTSUPP || result == -ENOTSUP ? -ENOTTY : result;
}

int64_t call_ioctl(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result = descriptor_hold(a[0], &held);

	if (result)
		return result;
	result = held.class == &path_class ? -EBADF
					   : do_ioctl(thread, &held, (unsigned int)a[1], a[2]);
	descriptor_let_go(&held);
	return no_terminal(result);
}
