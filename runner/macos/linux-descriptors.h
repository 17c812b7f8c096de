/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors as arm64 Linux has them: include/uapi/asm-generic/fcntl.h, poll.h,
 * include/uapi/linux/{fcntl,eventpoll,eventfd,timerfd,signalfd,close_range,uio,fs,pidfd}.h.
 */
#ifndef MACOS_LINUX_DESCRIPTORS_H
#define MACOS_LINUX_DESCRIPTORS_H

#include <stdint.h>

/* -------------------------------------------------------------------------
 * fcntl(), close_range()
 */
enum linux_fcntl {
	LINUX_F_DUPFD = 0,
	LINUX_F_GETFD = 1,
	LINUX_F_SETFD = 2,
	LINUX_F_GETFL = 3,
	LINUX_F_SETFL = 4,
	LINUX_F_GETLK = 5,
	LINUX_F_SETLK = 6,
	LINUX_F_SETLKW = 7,
	LINUX_F_SETOWN = 8,
	LINUX_F_GETOWN = 9,
	LINUX_F_OFD_GETLK = 36,
	LINUX_F_OFD_SETLK = 37,
	LINUX_F_OFD_SETLKW = 38,
	LINUX_F_DUPFD_CLOEXEC = 1030,
	LINUX_F_SETPIPE_SZ = 1031,
	LINUX_F_GETPIPE_SZ = 1032,
	LINUX_F_ADD_SEALS = 1033,
	LINUX_F_GET_SEALS = 1034,
};

enum { LINUX_FD_CLOEXEC = 1 };
enum linux_lock { LINUX_F_RDLCK = 0, LINUX_F_WRLCK = 1, LINUX_F_UNLCK = 2 };

struct linux_record_lock {
	int16_t type, whence;
	int64_t start, length;
	int32_t pid;
};
_Static_assert(sizeof(struct linux_record_lock) == 32,
	       "struct flock, which flock() has nothing to do with");

enum linux_close_range {
	LINUX_CLOSE_RANGE_UNSHARE = 1 << 1,
	LINUX_CLOSE_RANGE_CLOEXEC = 1 << 2,
};

enum { LINUX_PIPE_SIZE = 65536, LINUX_IOV_MAX = 1024 };

struct linux_iovec {
	uint64_t base, length;
};

enum linux_rwf {
	LINUX_RWF_HIPRI = 1,
	LINUX_RWF_DSYNC = 2,
	LINUX_RWF_SYNC = 4,
	LINUX_RWF_NOWAIT = 8,
	LINUX_RWF_APPEND = 16,
};

/* -------------------------------------------------------------------------
 * poll(), epoll
 */
enum linux_poll {
	LINUX_POLLIN = 0x001,
	LINUX_POLLPRI = 0x002,
	LINUX_POLLOUT = 0x004,
	LINUX_POLLERR = 0x008,
	LINUX_POLLHUP = 0x010,
	LINUX_POLLNVAL = 0x020,
	LINUX_POLLRDNORM = 0x040,
	LINUX_POLLRDBAND = 0x080,
	LINUX_POLLWRNORM = 0x100,
	LINUX_POLLWRBAND = 0x200,
	LINUX_POLLMSG = 0x400,
	LINUX_POLLRDHUP = 0x2000,
};

struct linux_pollfd {
	int32_t fd;
	int16_t events, revents;
};

/* Those of poll() have the same numbers. */
enum linux_epoll_events {
	LINUX_EPOLLIN = LINUX_POLLIN,
	LINUX_EPOLLPRI = LINUX_POLLPRI,
	LINUX_EPOLLOUT = LINUX_POLLOUT,
	LINUX_EPOLLERR = LINUX_POLLERR,
	LINUX_EPOLLHUP = LINUX_POLLHUP,
	LINUX_EPOLLRDNORM = LINUX_POLLRDNORM,
	LINUX_EPOLLRDBAND = LINUX_POLLRDBAND,
	LINUX_EPOLLWRNORM = LINUX_POLLWRNORM,
	LINUX_EPOLLWRBAND = LINUX_POLLWRBAND,
	LINUX_EPOLLMSG = LINUX_POLLMSG,
	LINUX_EPOLLRDHUP = LINUX_POLLRDHUP,
	LINUX_EPOLLEXCLUSIVE = 1 << 28,
	LINUX_EPOLLWAKEUP = 1 << 29,
	LINUX_EPOLLONESHOT = 1 << 30,
};
#define LINUX_EPOLLET (1u << 31)

enum linux_epoll_ctl { LINUX_EPOLL_CTL_ADD = 1, LINUX_EPOLL_CTL_DEL, LINUX_EPOLL_CTL_MOD };

/* Packed on x86_64 alone. */
struct linux_epoll_event {
	uint32_t events;
	uint64_t data;
};
_Static_assert(sizeof(struct linux_epoll_event) == 16, "as arm64 has it");

/* -------------------------------------------------------------------------
 * eventfd, timerfd, signalfd, pidfd. Their flags are those of open().
 */
enum linux_special {
	LINUX_EFD_SEMAPHORE = 1,
	LINUX_TFD_TIMER_ABSTIME = 1,
	LINUX_TFD_TIMER_CANCEL_ON_SET = 2,
};

struct linux_signalfd_siginfo {
	uint32_t signo;
	int32_t error, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, integer;
	uint64_t pointer, utime, stime, address;
	uint16_t address_lsb, pad2;
	int32_t syscall;
	uint64_t call_address;
	uint32_t arch;
	uint8_t pad[28];
};
_Static_assert(sizeof(struct linux_signalfd_siginfo) == 128, "signalfd.h: padded to 128");

#endif
