/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd, timerfd, signalfd, pidfd and how they are polled, against Linux's own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor-suites.h"
#include "flat.h"
#include "runner/macos/linux-descriptors.h"
#include "runner/macos/linux-files.h"
#include "runner/macos/linux-signal.h"
#include "runner/macos/linux-time.h"

/* -------------------------------------------------------------------------
 * What Linux's headers say. Those that are arm64's own are only so there.
 */
#define SAME(ours, theirs) _Static_assert((uint64_t)(ours) == (uint64_t)(theirs), #theirs)
SAME(LINUX_F_DUPFD, F_DUPFD);
SAME(LINUX_F_GETFD, F_GETFD);
SAME(LINUX_F_SETFD, F_SETFD);
SAME(LINUX_F_GETFL, F_GETFL);
SAME(LINUX_F_SETFL, F_SETFL);
SAME(LINUX_F_GETLK, F_GETLK);
SAME(LINUX_F_SETLK, F_SETLK);
SAME(LINUX_F_SETLKW, F_SETLKW);
SAME(LINUX_F_SETOWN, F_SETOWN);
SAME(LINUX_F_GETOWN, F_GETOWN);
SAME(LINUX_F_OFD_GETLK, F_OFD_GETLK);
SAME(LINUX_F_OFD_SETLK, F_OFD_SETLK);
SAME(LINUX_F_OFD_SETLKW, F_OFD_SETLKW);
SAME(LINUX_F_DUPFD_CLOEXEC, F_DUPFD_CLOEXEC);
SAME(LINUX_F_SETPIPE_SZ, F_SETPIPE_SZ);
SAME(LINUX_F_GETPIPE_SZ, F_GETPIPE_SZ);
SAME(LINUX_F_ADD_SEALS, F_ADD_SEALS);
SAME(LINUX_F_GET_SEALS, F_GET_SEALS);
SAME(LINUX_F_RDLCK, F_RDLCK);
SAME(LINUX_F_WRLCK, F_WRLCK);
SAME(LINUX_F_UNLCK, F_UNLCK);
SAME(sizeof(struct linux_record_lock), sizeof(struct flock));
SAME(offsetof(struct linux_record_lock, pid), offsetof(struct flock, l_pid));
SAME(LINUX_CLOSE_RANGE_UNSHARE, CLOSE_RANGE_UNSHARE);
SAME(LINUX_CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_CLOEXEC);
SAME(LINUX_RWF_HIPRI, RWF_HIPRI);
SAME(LINUX_RWF_DSYNC, RWF_DSYNC);
SAME(LINUX_RWF_SYNC, RWF_SYNC);
SAME(LINUX_RWF_NOWAIT, RWF_NOWAIT);
SAME(LINUX_RWF_APPEND, RWF_APPEND);
SAME(LINUX_POLLIN, POLLIN);
SAME(LINUX_POLLPRI, POLLPRI);
SAME(LINUX_POLLOUT, POLLOUT);
SAME(LINUX_POLLERR, POLLERR);
SAME(LINUX_POLLHUP, POLLHUP);
SAME(LINUX_POLLNVAL, POLLNVAL);
SAME(LINUX_POLLRDNORM, POLLRDNORM);
SAME(LINUX_POLLRDBAND, POLLRDBAND);
SAME(LINUX_POLLWRNORM, POLLWRNORM);
SAME(LINUX_POLLWRBAND, POLLWRBAND);
SAME(LINUX_POLLMSG, POLLMSG);
SAME(LINUX_POLLRDHUP, POLLRDHUP);
SAME(LINUX_EPOLLRDHUP, EPOLLRDHUP);
SAME(LINUX_EPOLLEXCLUSIVE, EPOLLEXCLUSIVE);
SAME(LINUX_EPOLLWAKEUP, EPOLLWAKEUP);
SAME(LINUX_EPOLLONESHOT, EPOLLONESHOT);
SAME(LINUX_EPOLLET, EPOLLET);
SAME(LINUX_EPOLL_CTL_ADD, EPOLL_CTL_ADD);
SAME(LINUX_EPOLL_CTL_DEL, EPOLL_CTL_DEL);
SAME(LINUX_EPOLL_CTL_MOD, EPOLL_CTL_MOD);
SAME(LINUX_EFD_SEMAPHORE, EFD_SEMAPHORE);
SAME(LINUX_O_NONBLOCK, EFD_NONBLOCK);
SAME(LINUX_O_CLOEXEC, EFD_CLOEXEC);
SAME(LINUX_TFD_TIMER_ABSTIME, TFD_TIMER_ABSTIME);
SAME(LINUX_TFD_TIMER_CANCEL_ON_SET, TFD_TIMER_CANCEL_ON_SET);
SAME(sizeof(struct linux_pollfd), sizeof(struct pollfd));
SAME(sizeof(struct linux_signalfd_siginfo), sizeof(struct signalfd_siginfo));
SAME(offsetof(struct linux_signalfd_siginfo, utime), offsetof(struct signalfd_siginfo, ssi_utime));
SAME(offsetof(struct linux_signalfd_siginfo, integer), offsetof(struct signalfd_siginfo, ssi_int));
SAME(offsetof(struct linux_signalfd_siginfo, address_lsb),
     offsetof(struct signalfd_siginfo, ssi_addr_lsb));
SAME(offsetof(struct linux_signalfd_siginfo, call_address),
     offsetof(struct signalfd_siginfo, ssi_call_addr));
#ifdef __aarch64__
SAME(sizeof(struct linux_epoll_event), sizeof(struct epoll_event));
#endif

static int64_t close_fd(int64_t fd)
{
	return CALL(close, (uint64_t)fd);
}

static int64_t result_of(int64_t result)
{
	return result < 0 ? -errno : result;
}

/* -------------------------------------------------------------------------
 * eventfd
 */
START_TEST(eventfd_counts_as_linuxs)
{
	static const uint64_t values[] = {
		0, 1, 2, 1000, UINT64_MAX - 2, UINT64_MAX - 1, UINT64_MAX
	};
	unsigned int flags = EFD_NONBLOCK | (_i ? EFD_SEMAPHORE : 0);
	int right = eventfd(3, (int)flags);
	uint64_t ours = (uint64_t)CALL(eventfd2, 3, flags);

	srand(1);
	for (int i = 0; i < 2000; i++) {
		uint64_t value = values[rand() % 7], got = 0, size = rand() % 20 ? 8 : 7;
		struct pollfd fd = { right, POLLIN | POLLOUT, 0 };
		struct linux_pollfd our_fd = { (int)ours, POLLIN | POLLOUT, 0 };
		const struct linux_timespec at_once = { 0 };

		if (rand() % 2) {
			ck_assert_int_eq(CALL(write, ours, ADDRESS(&value), size),
					 result_of(write(right, &value, size)));
		} else {
			ck_assert_int_eq(CALL(read, ours, ADDRESS(&got), size),
					 result_of(read(right, &value, size)));
			if (got)
				ck_assert_uint_eq(got, value);
		}
		ck_assert_int_eq(CALL(ppoll, ADDRESS(&our_fd), 1, ADDRESS(&at_once), 0),
				 poll(&fd, 1, 0));
		ck_assert_int_eq(our_fd.revents, fd.revents);
	}
	close(right);
	close_fd((int64_t)ours);
	ck_assert_int_eq(CALL(eventfd2, 0, 2), -EINVAL);
}
END_TEST

static void *act_later(void *context)
{
	const uint64_t *what = context;
	uint64_t value = what[1];
	struct thread *thread = flat_new_thread();

	usleep(20000);
	if (value)
		CALL_BY(thread, write, what[0], ADDRESS(&value), 8);
	else
		CALL_BY(thread, read, what[0], ADDRESS(&value), 8);
	return NULL;
}

START_TEST(eventfd_waits)
{
	uint64_t ours = (uint64_t)CALL(eventfd2, 0, 0), value = 0, full = UINT64_MAX - 1;
	uint64_t later[2] = { ours, 9 };
	struct linux_pollfd fd = { (int)ours, POLLOUT, 0 };
	pthread_t other;

	pthread_create(&other, NULL, act_later, later);
	ck_assert_int_eq(CALL(read, ours, ADDRESS(&value), 8), 8);
	ck_assert_uint_eq(value, 9);
	pthread_join(other, NULL);
	/* until there is room: a write, and poll() */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(CALL(write, ours, ADDRESS(&full), 8), 8);
		later[1] = 0;
		pthread_create(&other, NULL, act_later, later);
		if (i) {
			ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 0, 0), 1);
			ck_assert_int_eq(fd.revents, POLLOUT);
		} else {
			ck_assert_int_eq(CALL(write, ours, ADDRESS(&value), 8), 8);
			ck_assert_int_eq(CALL(read, ours, ADDRESS(&value), 8), 8);
		}
		pthread_join(other, NULL);
	}
}
END_TEST

/* -------------------------------------------------------------------------
 * timerfd
 */
START_TEST(timerfd_says_what_is_wrong_as_linux)
{
	static const struct itimerspec specs[] = {
		{ { 0, 0 }, { 5, 0 } },		  { { 0, -1 }, { 5, 0 } },
		{ { 0, 0 }, { -1, 0 } },	  { { 0, 1000000000 }, { 5, 0 } },
		{ { 0, 0 }, { 0, 1000000000 } },  { { 5, 1 }, { 0, 0 } },
		{ { 1, 2 }, { INT64_MAX, 0 } },
	};
	static const int clocks[] = { 0, 1, 2, 3, 7, 10, 11, 100, -1 };
	int right = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t ours = (uint64_t)CALL(timerfd_create, 1, 0);
	int other = eventfd(0, 0);

	for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
		int fd = timerfd_create(clocks[i], 0);
		int64_t is = CALL(timerfd_create, (uint64_t)clocks[i], 0);

		ck_assert_msg((fd < 0 ? -errno : 0) == (is < 0 ? is : 0), "clock %d", clocks[i]);
		close(fd);
		close_fd(is);
	}
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
		for (int flags = 0; flags < 8; flags++) {
			struct itimerspec before, now;
			struct linux_itimerspec our_before, our_now;
			int failed = timerfd_settime(right, flags, &specs[i], &before) ? -errno : 0;

			ck_assert_int_eq(CALL(timerfd_settime, ours, (uint64_t)flags,
					      ADDRESS(&specs[i]), ADDRESS(&our_before)),
					 failed);
			timerfd_gettime(right, &now);
			ck_assert_int_eq(CALL(timerfd_gettime, ours, ADDRESS(&our_now)), 0);
			ck_assert_int_eq(our_now.interval.sec, now.it_interval.tv_sec);
			ck_assert_int_eq(our_now.interval.nsec, now.it_interval.tv_nsec);
			ck_assert_int_eq(our_now.value.sec != 0, now.it_value.tv_sec != 0);
		}
	ck_assert_int_eq(CALL(timerfd_settime, ours, 0, 1, 0), -EFAULT);
	ck_assert_int_eq(CALL(timerfd_settime, 0, 0, ADDRESS(&specs[0]), 0), -EINVAL);
	ck_assert_int_eq(CALL(timerfd_gettime, 77, ADDRESS(&specs[0])), -EBADF);
	ck_assert_int_eq(CALL(timerfd_create, 1, 1), -EINVAL);
	ck_assert_int_eq(CALL(write, ours, ADDRESS(&specs[0]), 8), -EINVAL);
	close(right);
	close(other);
}
END_TEST

/* Times that are gone: how often it has expired is known without waiting. */
START_TEST(timerfd_counts_as_linuxs)
{
	int right = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t ours = (uint64_t)CALL(timerfd_create, 1, LINUX_O_NONBLOCK), a, b;
	struct timespec now;
	struct itimerspec spec = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (int seconds = 0; seconds < 40; seconds += 13)
		for (int interval = 0; interval < 20; interval += 7) {
			spec.it_value.tv_sec = now.tv_sec > seconds ? now.tv_sec - seconds : 1;
			spec.it_interval.tv_sec = interval;
			timerfd_settime(right, TFD_TIMER_ABSTIME, &spec, NULL);
			ck_assert_int_eq(CALL(timerfd_settime, ours, TFD_TIMER_ABSTIME,
					      ADDRESS(&spec), 0),
					 0);
			ck_assert_int_eq(CALL(read, ours, ADDRESS(&a), 8),
					 result_of(read(right, &b, 8)));
			ck_assert_uint_eq(a, b);
			ck_assert_int_eq(CALL(read, ours, ADDRESS(&a), 8), -EAGAIN);
		}
	ck_assert_int_eq(CALL(read, ours, ADDRESS(&a), 7), -EINVAL);
	close(right);
}
END_TEST

START_TEST(timerfd_is_waited_for)
{
	const struct linux_itimerspec spec = { { 0, 5000000 }, { 0, 5000000 } };
	uint64_t ours = (uint64_t)CALL(timerfd_create, 1, 0), times, sum = 0;
	uint64_t set = (uint64_t)CALL(epoll_create1, 0);
	struct linux_epoll_event event = { LINUX_EPOLLIN | LINUX_EPOLLET, 1 };
	struct linux_pollfd fd = { (int)ours, POLLIN, 0 };

	CALL(epoll_ctl, set, LINUX_EPOLL_CTL_ADD, ours, ADDRESS(&event));
	ck_assert_int_eq(CALL(timerfd_settime, ours, 0, ADDRESS(&spec), 0), 0);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 0, 0), 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(CALL(read, ours, ADDRESS(&times), 8), 8);
		ck_assert_uint_ge(times, 1);
		sum += times;
	}
	ck_assert_uint_ge(sum, 3);
	/* each expiration is an edge, whether it is read or not */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(CALL(epoll_pwait, set, ADDRESS(&event), 1, (uint64_t)-1), 1);
	/* what is stopped does not ring any more */
	ck_assert_int_eq(CALL(timerfd_settime, ours, 0,
			      ADDRESS((&(struct linux_itimerspec){ { 0, 0 }, { 0, 0 } })), 0),
			 0);
	ck_assert_int_eq(CALL(epoll_pwait, set, ADDRESS(&event), 1, 20), 0);
}
END_TEST

/* -------------------------------------------------------------------------
 * signalfd
 */
START_TEST(signalfd_tells_of_signals)
{
	struct linux_signalfd_siginfo info[4];
	uint64_t mask = 1u << (LINUX_SIGUSR1 - 1) | 1u << (LINUX_SIGUSR2 - 1);
	uint64_t ours =
		(uint64_t)CALL(signalfd4, (uint64_t)-1, ADDRESS(&mask), 8, LINUX_O_NONBLOCK);
	struct linux_pollfd fd = { (int)ours, POLLIN, 0 };
	const struct linux_timespec at_once = { 0 };

	ck_assert_int_eq(CALL(read, ours, ADDRESS(info), sizeof info), -EAGAIN);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, ADDRESS(&at_once), 0), 0);
	flat_send(flat_thread, LINUX_SIGUSR1, 11);
	flat_send(flat_thread, LINUX_SIGUSR2, 22);
	flat_send(flat_thread, LINUX_SIGHUP, 33);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 0, 0), 1);
	ck_assert_int_eq(CALL(read, ours, ADDRESS(info), sizeof info), 2 * sizeof info[0]);
	ck_assert_uint_eq(info[0].signo, LINUX_SIGUSR1);
	ck_assert_int_eq(info[0].integer, 11);
	ck_assert_uint_eq(info[1].pointer, 22);
	ck_assert_int_eq(info[1].pid, getpid());
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, ADDRESS(&at_once), 0), 0);
	/* another set: what is pending is there at once */
	mask = 1u << (LINUX_SIGHUP - 1);
	ck_assert_int_eq(CALL(signalfd4, ours, ADDRESS(&mask), 8, 0), (int64_t)ours);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 0, 0), 1);
	ck_assert_int_eq(CALL(read, ours, ADDRESS(info), 127), -EINVAL);
	ck_assert_int_eq(CALL(signalfd4, 0, ADDRESS(&mask), 8, 0), -EINVAL);
	ck_assert_int_eq(CALL(signalfd4, 99, ADDRESS(&mask), 8, 0), -EBADF);
	ck_assert_int_eq(CALL(signalfd4, (uint64_t)-1, ADDRESS(&mask), 4, 0), -EINVAL);
}
END_TEST

static void *send_later(void *to)
{
	usleep(20000);
	flat_send(to, LINUX_SIGUSR1, 5);
	return NULL;
}

START_TEST(signalfd_waits)
{
	struct linux_signalfd_siginfo info;
	uint64_t mask = 1u << (LINUX_SIGUSR1 - 1);
	uint64_t ours = (uint64_t)CALL(signalfd4, (uint64_t)-1, ADDRESS(&mask), 8, 0);
	pthread_t sender;

	pthread_create(&sender, NULL, send_later, flat_thread);
	ck_assert_int_eq(CALL(read, ours, ADDRESS(&info), sizeof info), sizeof info);
	ck_assert_int_eq(info.integer, 5);
	pthread_join(sender, NULL);
}
END_TEST

/* -------------------------------------------------------------------------
 * pidfd
 */
START_TEST(pidfd_tells_of_an_end)
{
	const struct linux_timespec at_once = { 0 };
	struct linux_pollfd fd = { .events = POLLIN };
	int wake[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(wake), 0);
	pid = fork();
	if (!pid)
		_exit(read(wake[0], &byte, 1) != 1);
	fd.fd = (int)CALL(pidfd_open, (uint64_t)pid, 0);
	ck_assert_int_ge(fd.fd, 0);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd.fd, LINUX_F_GETFD), 1);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, ADDRESS(&at_once), 0), 0);
	ck_assert_int_eq(write(wake[1], "", 1), 1);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 0, 0), 1);
	/* one of a process that has ended already */
	close_fd(fd.fd);
	fd.fd = (int)CALL(pidfd_open, (uint64_t)pid, 0);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 0, 0), 1);
	close_fd(fd.fd);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(CALL(pidfd_open, (uint64_t)pid, 0), -ESRCH);
	ck_assert_int_eq(CALL(pidfd_open, 0, 0), -EINVAL);
	ck_assert_int_eq(CALL(pidfd_open, 1, 1), -EINVAL);
	close(wake[0]);
	close(wake[1]);
}
END_TEST

/* -------------------------------------------------------------------------
 * poll() and select(), of the same pipes.
 */
enum { PIPES = 4, ENDS = 2 * PIPES };

struct pipes {
	int host[ENDS];
	uint64_t guest[ENDS];
};

static struct pipes make_pipes(void)
{
	struct pipes pipes;

	for (int i = 0; i < ENDS; i += 2)
		ck_assert_int_eq(pipe2(&pipes.host[i], O_NONBLOCK), 0);
	for (int i = 0; i < ENDS; i++)
		pipes.guest[i] = (uint64_t)descriptor_open(
			NULL, descriptors_host(dup(pipes.host[i])), false);
	return pipes;
}

static void stir(struct pipes *pipes)
{
	static char bytes[65536];
	int i = rand() % PIPES * 2;
	ssize_t n = 0;

	if (rand() % 2)
		n = write(pipes->host[i + 1], bytes, rand() % 3 ? 10 : sizeof bytes);
	else
		n = read(pipes->host[i], bytes, rand() % 3 ? 10 : sizeof bytes);
	(void)n;
	/* one end, of both */
	if (rand() % 100 == 0) {
		i += rand() % 2;
		close(pipes->host[i]);
		close_fd((int64_t)pipes->guest[i]);
		pipes->host[i] = -1;
		pipes->guest[i] = (uint64_t)-1;
	}
}

START_TEST(poll_is_linuxs)
{
	static const short asked[] = { POLLIN, POLLOUT, POLLIN | POLLOUT, POLLRDNORM, POLLWRNORM, 0,
				       POLLRDHUP };
	const struct linux_timespec at_once = { 0 };
	struct pipes pipes = make_pipes();

	srand(2);
	for (int round = 0; round < 2000; round++) {
		struct pollfd right[ENDS + 1] = { [ENDS] = { 999, POLLIN, 0 } };
		struct linux_pollfd is[ENDS + 1] = { [ENDS] = { 999, POLLIN, 0 } };

		stir(&pipes);
		for (int i = 0; i < ENDS; i++) {
			short events = asked[rand() % 7];

			right[i] = (struct pollfd){ pipes.host[i], events, 0 };
			is[i] = (struct linux_pollfd){ (int)pipes.guest[i], events, 0 };
		}
		ck_assert_int_eq(CALL(ppoll, ADDRESS(is), ENDS + 1, ADDRESS(&at_once), 0),
				 poll(right, ENDS + 1, 0));
		for (int i = 0; i <= ENDS; i++)
			ck_assert_int_eq(is[i].revents, right[i].revents);
	}
	for (int i = 0; i < ENDS; i++)
		close(pipes.host[i]);
}
END_TEST

START_TEST(select_is_linuxs)
{
	const struct linux_timespec at_once = { 0 };
	struct pipes pipes = make_pipes();

	srand(3);
	for (int round = 0; round < 2000; round++) {
		struct timeval none = { 0 };
		fd_set right[3];
		uint64_t is[3][REGISTRY_SIZE / 64] = { 0 };

		stir(&pipes);
		for (int i = 0; i < 3; i++)
			FD_ZERO(&right[i]);
		for (int i = 0; i < ENDS; i++)
			for (int set = 0; set < 3; set++) {
				if (pipes.host[i] < 0 || rand() % 2)
					continue;
				FD_SET(pipes.host[i], &right[set]);
				is[set][pipes.guest[i] / 64] |= 1ull << pipes.guest[i] % 64;
			}
		ck_assert_int_eq(CALL(pselect6, REGISTRY_SIZE, ADDRESS(is[0]), ADDRESS(is[1]),
				      ADDRESS(is[2]), ADDRESS(&at_once), 0),
				 select(FD_SETSIZE, &right[0], &right[1], &right[2], &none));
		for (int i = 0; i < ENDS; i++)
			for (int set = 0; set < 3 && pipes.host[i] >= 0; set++)
				ck_assert_int_eq(is[set][pipes.guest[i] / 64] >>
							 pipes.guest[i] % 64 & 1,
						 FD_ISSET(pipes.host[i], &right[set]) != 0);
	}
	for (int i = 0; i < ENDS; i++)
		close(pipes.host[i]);
}
END_TEST

START_TEST(poll_and_select_say_what_is_wrong)
{
	struct linux_pollfd fd = { -1, POLLIN, 0x55 };
	struct linux_timespec bad = { 0, 1000000000 }, short_time = { 0, 3000000 };
	uint64_t set[REGISTRY_SIZE / 64] = { 0 }, mask[2] = { ADDRESS(set), 7 };

	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, ADDRESS(&bad), 0), -EINVAL);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 1, 0), -EFAULT);
	ck_assert_int_eq(CALL(ppoll, 1, 1, 0, 0), -EFAULT);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), REGISTRY_SIZE + 1, 0, 0), -EINVAL);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, 0, ADDRESS(set), 7), -EINVAL);
	ck_assert_int_eq(CALL(ppoll, ADDRESS(&fd), 1, ADDRESS(&short_time), 0), 0);
	ck_assert_int_eq(fd.revents, 0);
	ck_assert_int_eq(short_time.nsec, 0);
	ck_assert_int_eq(CALL(pselect6, (uint64_t)-1, 0, 0, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(CALL(pselect6, 10, ADDRESS(set), 0, 0, 0, ADDRESS(mask)), -EINVAL);
	set[0] = 1 << 9;
	ck_assert_int_eq(CALL(pselect6, 10, ADDRESS(set), 0, 0, 0, 0), -EBADF);
	short_time.nsec = 1000;
	ck_assert_int_eq(CALL(pselect6, 0, 0, 0, 0, ADDRESS(&short_time), 0), 0);
}
END_TEST

Suite *special_suite(void)
{
	Suite *suite = suite_create("special");
	TCase *tc = tcase_create("as Linux's");

	tcase_add_checked_fixture(tc, flat_begin, flat_end);
	tcase_add_loop_test(tc, eventfd_counts_as_linuxs, 0, 2);
	tcase_add_test(tc, eventfd_waits);
	tcase_add_test(tc, timerfd_says_what_is_wrong_as_linux);
	tcase_add_test(tc, timerfd_counts_as_linuxs);
	tcase_add_test(tc, timerfd_is_waited_for);
	tcase_add_test(tc, signalfd_tells_of_signals);
	tcase_add_test(tc, signalfd_waits);
	tcase_add_test(tc, pidfd_tells_of_an_end);
	tcase_add_test(tc, poll_is_linuxs);
	tcase_add_test(tc, select_is_linuxs);
	tcase_add_test(tc, poll_and_select_say_what_is_wrong);
	suite_add_tcase(suite, tc);
	return suite;
}
