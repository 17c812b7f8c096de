/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on their way to the host, on a machine that plays a script. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fds.h"
#include "linux/passage.h"
#include "runner-fake.h"
#include "tests/runner-suites.h"

/* Two areas to write to, one to read, then nothing. */
#define FIRST 0x10000ull
#define SECOND (FIRST + AREA)
#define THIRD (SECOND + AREA)
#define END (THIRD + AREA)
#define NOBODY 0x7000000ull
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { AREA = 64 * VM_PAGE };

static struct process program;
static struct thread thread;
static int hidden, zero, file;

static void make(uint64_t at, unsigned int prot)
{
	ck_assert_int_eq(space_make(program.space,
				    (struct guest_range){ guest_at(at), guest_at(at + AREA) }, prot,
				    false),
			 0);
}

static void set_up(void)
{
	fake_process_begin(&program, &thread);
	make(SECOND, GUEST_READ | GUEST_WRITE | GUEST_EXEC);
	make(FIRST, GUEST_READ | GUEST_WRITE);
	make(THIRD, GUEST_READ);
	hidden = fds_hide(open("/dev/zero", O_RDONLY));
	zero = open("/dev/zero", O_RDWR);
	file = memfd_create("file", 0);
	ck_assert_int_ge(hidden, 0);
	ck_assert_int_ge(file, 0);
}

static void tear_down(void)
{
	fds_close(hidden);
	close(zero);
	close(file);
	fake_process_end(&program, &thread);
}

static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
		    uint64_t f)
{
	const uint64_t argument[CALLS_ARGUMENTS] = { a, b, c, d, e, f };

	return calls_do(&thread, number, argument);
}

#define CALL(number, ...) CALL_(SYS_##number, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(number, a, b, c, d, e, f, ...)                                                       \
	call(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e),    \
	     (uint64_t)(f))

static void put(uint64_t at, const void *from, size_t size)
{
	ck_assert_int_eq(space_write(program.space, guest_at(at), from, size), 0);
}

static void get(void *to, uint64_t at, size_t size)
{
	ck_assert_int_eq(space_read(program.space, to, guest_at(at), size), 0);
}

/* -------------------------------------------------------------------------
 * One argument.
 */
START_TEST(test_places)
{
	struct passage passage = passage_begin(&thread);
	size_t follow;

	ck_assert_ptr_eq((void *)passage_memory(&passage, FIRST + 5, 100, GUEST_WRITE, 0),
			 space_at(program.space, guest_at(FIRST + 5), GUEST_WRITE, &follow));
	ck_assert_ptr_ne(
		(void *)passage_memory(&passage, FIRST + 5, 100, GUEST_WRITE, PASSAGE_PRIVATE),
		space_at(program.space, guest_at(FIRST + 5), GUEST_WRITE, &follow));
	ck_assert_int_eq(passage_memory(&passage, 0, 100, GUEST_READ, 0), 0);
	ck_assert_int_eq(passage_text(&passage, 0), 0);
	/* the host cannot use them either, and tells one from the other */
	ck_assert_int_eq(write(file, (void *)passage_memory(&passage, NOBODY, 1, GUEST_READ, 0), 1),
			 -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(
		write(file, (void *)passage_memory(&passage, UINT64_MAX, 1, GUEST_READ, 0), 0), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(write(file, (void *)passage_memory(&passage, NOBODY, 1, GUEST_READ, 0), 0),
			 0);
	passage_end(&passage, -1);
	ck_assert_ptr_null(passage.copies);
}
END_TEST

/* A copy of a part ends where the guest's memory does, as far from the end of the page. */
START_TEST(test_exact)
{
	for (size_t good = 1; good < 2 * VM_PAGE; good += 777) {
		struct passage passage = passage_begin(&thread);
		long host = passage_memory(&passage, END - good, good + 1, GUEST_READ, 0);

		ck_assert_int_eq(host % VM_PAGE, (long)((END - good) % VM_PAGE));
		ck_assert_int_eq(pwrite(file, (void *)host, good + 1, 0), (ssize_t)good);
		passage_end(&passage, -1);
	}
}
END_TEST

/* What is filled in part is written in part; the rest may be another thread's. */
START_TEST(test_filled)
{
	struct passage passage = passage_begin(&thread);
	uint64_t at = SECOND - 4;
	char bytes[8];
	long host = passage_memory(&passage, at, sizeof bytes, GUEST_WRITE, PASSAGE_FILLED);

	memcpy((void *)host, "abcdefgh", sizeof bytes);
	put(at, "12345678", sizeof bytes);
	passage_end(&passage, 5);
	get(bytes, at, sizeof bytes);
	ck_assert_mem_eq(bytes, "abcde678", sizeof bytes);

	host = passage_memory(&passage, at, sizeof bytes, GUEST_WRITE, PASSAGE_FILLED);
	memcpy((void *)host, "xxxxxxxx", sizeof bytes);
	passage_end(&passage, -1);
	get(bytes, at, sizeof bytes);
	ck_assert_mem_eq(bytes, "abcde678", sizeof bytes);
}
END_TEST

/* What cannot be written to can be read, where a call does both. */
START_TEST(test_read_only)
{
	struct passage passage = passage_begin(&thread);
	long host = passage_memory(&passage, THIRD + 8, 8, GUEST_WRITE, 0);

	ck_assert_int_eq(pwrite(file, (void *)host, 8, 0), 8);
	ck_assert_int_eq(pread(file, (void *)host, 8, 0), -1);
	ck_assert_int_eq(errno, EFAULT);
	passage_end(&passage, 8);
}
END_TEST

START_TEST(test_strings)
{
	static char name[PATH_MAX + 1];
	const uint64_t at = THIRD - 3;

	memset(name, 'n', sizeof name);
	name[0] = '/';
	put(FIRST, name, sizeof name);
	ck_assert_int_eq(CALL(faccessat, AT_FDCWD, FIRST, F_OK), -ENAMETOOLONG);
	put(at, "/\0", 2);
	ck_assert_int_eq(CALL(faccessat, AT_FDCWD, at, F_OK), 0);
	ck_assert_int_eq(CALL(faccessat, AT_FDCWD, NOBODY, F_OK), -EFAULT);
	ck_assert_int_eq(space_make(program.space,
				    (struct guest_range){ guest_at(THIRD), guest_at(END) }, 0,
				    false),
			 0);
	put(at, "///", 3);
	ck_assert_int_eq(CALL(faccessat, AT_FDCWD, at, F_OK), -EFAULT);
}
END_TEST

/* -------------------------------------------------------------------------
 * Buffers and vectors.
 */
START_TEST(test_large)
{
	static char bytes[2 * AREA];
	const size_t size = sizeof bytes;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 / 3);
	put(FIRST, bytes, size);
	ck_assert_int_eq(CALL(pwrite64, file, FIRST, size, 3), (int64_t)size);
	put(FIRST, bytes + 1, size - 1);
	ck_assert_int_eq(CALL(pread64, file, FIRST, size, 3), (int64_t)size);
	memset(bytes, 0, size);
	get(bytes, FIRST, size);
	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(bytes[i], (char)(i * 7 / 3));
	/* it goes as far as it can, and a size that nobody has is none */
	ck_assert_int_eq(CALL(write, file, SECOND, UINT32_MAX), 2 * AREA);
	ck_assert_int_eq(CALL(write, file, SECOND, UINT64_MAX), -EFAULT);
	ck_assert_int_eq(CALL(read, zero, SECOND, 2 * AREA), AREA);
}
END_TEST

START_TEST(test_vectors)
{
	struct iovec vector[] = { { (void *)(SECOND - 4), 8 },
				  { (void *)NOBODY, 8 },
				  { (void *)FIRST, 8 } };
	static struct iovec many[IOV_MAX];

	put(FIRST + 100, vector, sizeof vector);
	ck_assert_int_eq(CALL(readv, zero, FIRST + 100, 3), 8);
	ck_assert_int_eq(CALL(readv, zero, FIRST + 100, IOV_MAX + 1), -EINVAL);
	ck_assert_int_eq(CALL(readv, zero, THIRD - 8, 3), 0);
	ck_assert_int_eq(CALL(readv, zero, END - 8, 3), -EFAULT);
	vector[0].iov_len = SIZE_MAX;
	put(FIRST + 100, vector, sizeof vector);
	ck_assert_int_eq(CALL(readv, zero, FIRST + 100, 3), -EINVAL);
	/* each of them two of the host's: a short count */
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct iovec){ (void *)(SECOND - 1), 2 };
	put(FIRST, many, sizeof many);
	ck_assert_int_eq(CALL(writev, file, FIRST, IOV_MAX), IOV_MAX);
}
END_TEST

/* The host's answer is as long as the guest said, and the length is the host's. */
START_TEST(test_lengths)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t length = 1;
	char bytes[4];

	put(FIRST, "####", 4);
	put(FIRST + 8, &length, sizeof length);
	ck_assert_int_eq(CALL(getsockname, fd, FIRST, FIRST + 8), 0);
	get(bytes, FIRST, sizeof bytes);
	get(&length, FIRST + 8, sizeof length);
	ck_assert_int_eq(length, sizeof(sa_family_t));
	ck_assert_mem_eq(bytes + 1, "###", 3);
	ck_assert_int_eq(CALL(getsockname, fd, NOBODY, FIRST + 8), -EFAULT);
	ck_assert_int_eq(CALL(getsockname, fd, FIRST, NOBODY), -EFAULT);
	length = 0;
	put(FIRST + 8, &length, sizeof length);
	ck_assert_int_eq(CALL(getsockname, fd, NOBODY, FIRST + 8), 0);
	close(fd);
}
END_TEST

/* -------------------------------------------------------------------------
 * The runner's own descriptors are none.
 */
static int64_t give_away(int socket_fd, const int *fd, size_t count, uint64_t number)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .head = { CMSG_LEN(count * sizeof *fd), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { (void *)FIRST, 1 };
	struct mmsghdr message[2] = {
		{ .msg_hdr = { .msg_iov = (void *)(FIRST + 200), .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = (void *)(FIRST + 200),
			       .msg_iovlen = 1,
			       .msg_control = (void *)(FIRST + 300),
			       .msg_controllen = CMSG_SPACE(count * sizeof *fd) } },
	};

	memcpy(CMSG_DATA(&control.head), fd, count * sizeof *fd);
	put(FIRST + 200, &part, sizeof part);
	put(FIRST + 300, &control, sizeof control);
	put(FIRST + 400, message, sizeof message);
	if (number == SYS_sendmsg)
		return CALL(sendmsg, socket_fd, FIRST + 400 + sizeof message[0], 0);
	return CALL(sendmmsg, socket_fd, FIRST + 400, 2, 0);
}

START_TEST(test_hidden)
{
	struct pollfd list[] = { { hidden, POLLIN, 0 }, { zero, POLLIN, 0 } };
	uint64_t set[(size_t)(hidden / 64) + 1];
	const int both[] = { zero, hidden };
	struct rlimit limit;
	int pair[2];

	/* select() looks at no more than there may be */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	memset(set, 0, sizeof set);
	set[hidden / 64] |= 1ull << hidden % 64;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	ck_assert_int_eq(CALL(read, hidden, FIRST, 8), -EBADF);
	ck_assert_int_eq(CALL(read, (uint64_t)hidden | 1ull << 40, FIRST, 8), -EBADF);
	ck_assert_int_eq(CALL(close, hidden), -EBADF);
	ck_assert_int_eq(CALL(ioctl, hidden, 0xae80), -EBADF);
	ck_assert_int_eq(CALL(fcntl, hidden, F_GETFD), -EBADF);
	ck_assert_int_eq(CALL(vmsplice, hidden, FIRST, 0), -EBADF);
	ck_assert_int_eq(CALL(getdents64, hidden, FIRST, 100), -EBADF);
	ck_assert_int_eq(CALL(copy_file_range, hidden, 0, file, 0, 8), -EBADF);
	ck_assert_int_eq(CALL(ioctl, file, FICLONE, hidden), -EBADF);
	ck_assert_int_eq(CALL(epoll_ctl, hidden, EPOLL_CTL_ADD, zero, FIRST), -EBADF);
	ck_assert_int_eq(CALL(openat, hidden, FIRST, O_RDONLY), -ENOENT);
	put(FIRST, "x", 2);
	ck_assert_int_eq(CALL(openat, hidden, FIRST, O_RDONLY), -EBADF);
	ck_assert_int_eq(CALL(setsockopt, hidden, 9999, 1, FIRST, 4), -EBADF);

	put(THIRD - 16, (uint64_t[2]){ 0 }, 16);
	put(FIRST, list, sizeof list);
	ck_assert_int_eq(CALL(ppoll, FIRST, 2, THIRD - 16), 2);
	get(list, FIRST, sizeof list);
	ck_assert_int_eq(list[0].fd, hidden);
	ck_assert_int_eq(list[0].revents, POLLNVAL);
	ck_assert_int_eq(list[1].revents, POLLIN);
	put(FIRST, set, sizeof set);
	ck_assert_int_eq(CALL(pselect6, hidden + 1, FIRST, 0, 0, THIRD - 16), -EBADF);
	ck_assert_int_eq(CALL(pselect6, hidden, FIRST, 0, 0, THIRD - 16), 0);
#ifdef SYS_poll
	put(FIRST, list, sizeof list);
	ck_assert_int_eq(CALL(poll, FIRST, 2, 0), 2);
	get(list, FIRST, sizeof list);
	ck_assert_int_eq(list[0].revents, POLLNVAL);
	put(FIRST, set, sizeof set);
	ck_assert_int_eq(CALL(select, hidden + 1, FIRST, 0, 0, THIRD - 16), -EBADF);
	ck_assert_int_eq(CALL(select, hidden, FIRST, 0, 0, THIRD - 16), 0);
#endif

	ck_assert_int_eq(give_away(pair[0], both, 1, SYS_sendmsg), 1);
	ck_assert_int_eq(give_away(pair[0], both, 2, SYS_sendmsg), -EBADF);
	ck_assert_int_eq(give_away(pair[0], both, 1, SYS_sendmmsg), 2);
	ck_assert_int_eq(give_away(pair[0], both, 2, SYS_sendmmsg), 1);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

/* What the guest calls an address is never one of the host's. */
START_TEST(test_addresses)
{
	char mine[256];
	struct sock_fprog filter = { 1, (struct sock_filter *)mine };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD,
				  .sigev_value = { .sival_ptr = mine } };
	struct iovec part = { mine, 8 };
	struct msghdr message = {
		.msg_name = mine, .msg_namelen = 8, .msg_iov = &part, .msg_iovlen = 1
	};
	const uint64_t at = (uintptr_t)mine;
	int pair[2];

	memset(mine, '#', sizeof mine);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	ck_assert_int_eq(write(pair[1], "12345678", 8), 8);
	ck_assert_int_eq(CALL(read, zero, at, 8), -EFAULT);
	ck_assert_int_eq(CALL(pread64, zero, at, 1 << 20, 0), -EFAULT);
	ck_assert_int_eq(CALL(getcwd, at, 100), -EFAULT);
	ck_assert_int_eq(CALL(ioctl, zero, _IOR('k', 1, long), at), -ENOTTY);
	ck_assert_int_eq(CALL(fcntl, zero, 9999, at), -EINVAL);
	ck_assert_int_eq(CALL(fcntl, file, F_GETLK, at), -EFAULT);
	put(FIRST, &part, sizeof part);
	ck_assert_int_eq(CALL(readv, zero, FIRST, 1), -EFAULT);
	put(FIRST, &message, sizeof message);
	ck_assert_int_eq(CALL(recvmsg, pair[0], FIRST, MSG_DONTWAIT), -EFAULT);
	message.msg_iov = (void *)(FIRST + 100);
	put(FIRST, &message, sizeof message);
	put(FIRST + 100, &part, sizeof part);
	ck_assert_int_eq(CALL(recvmsg, pair[0], FIRST, MSG_DONTWAIT), -EFAULT);
	put(FIRST, &filter, sizeof filter);
	ck_assert_int_eq(
		CALL(setsockopt, pair[0], SOL_SOCKET, SO_ATTACH_FILTER, FIRST, sizeof filter),
		-EFAULT);
	put(FIRST, &event, sizeof event);
	ck_assert_int_eq(CALL(mq_notify, zero, FIRST), -ENOSYS);
	ck_assert_int_eq(CALL(getpid, at, at, at, at), getpid());
	for (size_t i = 0; i < sizeof mine; i++)
		ck_assert_int_eq(mine[i], '#');
	close(pair[0]);
	close(pair[1]);
}
END_TEST

Suite *passage_suite(void)
{
	const TTest *const tests[] = {
		test_places, test_exact,   test_filled,	 test_read_only, test_strings,
		test_large,  test_vectors, test_lengths, test_hidden,	 test_addresses,
	};
	Suite *suite = suite_create("passage");
	TCase *tcase = tcase_create("passage");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < COUNT(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}
