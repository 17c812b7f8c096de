/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of the guest's descriptors: what they stand for, here, in children and after execve(). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor-suites.h"
#include "flat.h"
#include "runner/fds.h"
#include "runner/macos/linux-descriptors.h"
#include "runner/macos/linux-files.h"
#include "runner/macos/linux-signal.h"
#include "runner/macos/linux-time.h"

static int open_host(const char *name, int flags, bool cloexec)
{
	int fd = descriptor_open(NULL, descriptors_host(open(name, flags)), cloexec);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static int random_fd(int flags)
{
	return open_host("/dev/urandom", flags, false);
}

static int event_fd(unsigned int value, unsigned int flags)
{
	int fd = (int)CALL(eventfd2, value, flags);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static uint64_t take(int fd)
{
	uint64_t value = 0;

	return CALL(read, (uint64_t)fd, ADDRESS(&value), sizeof value) == sizeof value ? value : 0;
}

static int64_t close_fd(int fd)
{
	return CALL(close, (uint64_t)fd);
}

/* -------------------------------------------------------------------------
 * Numbers and flags.
 */
START_TEST(the_lowest_number_is_given)
{
	int fd[2];

	ck_assert_int_eq(event_fd(0, 0), 3);
	ck_assert_int_eq(CALL(dup, 3), 4);
	ck_assert_int_eq(close_fd(3), 0);
	ck_assert_int_eq(close_fd(3), -EBADF);
	ck_assert_int_eq(CALL(pipe2, ADDRESS(fd), 0), 0);
	ck_assert_int_eq(fd[0], 3);
	ck_assert_int_eq(fd[1], 5);
	ck_assert_int_eq(CALL(fcntl, 4, LINUX_F_DUPFD, 10), 10);
	ck_assert_int_eq(CALL(fcntl, 4, LINUX_F_DUPFD, REGISTRY_SIZE), -EINVAL);
	ck_assert_int_eq(CALL(fcntl, 4, LINUX_F_DUPFD, (uint64_t)-1), -EINVAL);
	ck_assert_int_eq(CALL(dup3, 4, 4, 0), -EINVAL);
	ck_assert_int_eq(CALL(dup3, 4, 20, LINUX_O_CLOEXEC), 20);
	ck_assert_int_eq(CALL(fcntl, 20, LINUX_F_GETFD), 1);
	ck_assert_int_eq(CALL(fcntl, 20, LINUX_F_SETFD, 0), 0);
	ck_assert_int_eq(CALL(fcntl, 20, LINUX_F_GETFD), 0);
	ck_assert_int_eq(CALL(close_range, 4, 30, LINUX_CLOSE_RANGE_CLOEXEC), 0);
	ck_assert_int_eq(CALL(fcntl, 20, LINUX_F_GETFD), 1);
	ck_assert_int_eq(CALL(close_range, 4, 30, 0), 0);
	ck_assert_int_eq(CALL(fcntl, 20, LINUX_F_GETFD), -EBADF);
	ck_assert_int_eq(CALL(fcntl, 3, LINUX_F_GETFD), 0);
	ck_assert_int_eq(CALL(close_range, 4, 3, 0), -EINVAL);
}
END_TEST

START_TEST(a_limit_is_kept)
{
	const struct rlimit five = { 5, REGISTRY_SIZE };
	int fd[2];

	ck_assert_int_eq(fds_limit(&five, NULL), 0);
	ck_assert_int_eq(event_fd(0, 0), 3);
	ck_assert_int_eq(CALL(pipe2, ADDRESS(fd), 0), -EMFILE);
	ck_assert_int_eq(CALL(fcntl, 4, LINUX_F_GETFD), -EBADF);
	ck_assert_int_eq(event_fd(0, 0), 4);
	ck_assert_int_eq(CALL(eventfd2, 0, 0), -EMFILE);
	ck_assert_int_eq(CALL(dup3, 3, 5, 0), -EBADF);
}
END_TEST

/* O_NONBLOCK and O_APPEND are of what is open: duplicates and other processes share them. */
START_TEST(flags_are_shared_by_duplicates)
{
	int fd[2], own = event_fd(0, 0), copy = (int)CALL(dup, (uint64_t)own);
	uint64_t value;

	ck_assert_int_eq(CALL(pipe2, ADDRESS(fd), LINUX_O_NONBLOCK), 0);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd[0], LINUX_F_GETFL), LINUX_O_NONBLOCK);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd[1], LINUX_F_GETFL),
			 LINUX_O_WRONLY | LINUX_O_NONBLOCK);
	ck_assert_int_eq(CALL(read, (uint64_t)fd[0], ADDRESS(&value), 1), -EAGAIN);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)own, LINUX_F_GETFL), LINUX_O_RDWR);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)copy, LINUX_F_SETFL, LINUX_O_NONBLOCK), 0);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)own, LINUX_F_GETFL),
			 LINUX_O_RDWR | LINUX_O_NONBLOCK);
	ck_assert_int_eq(CALL(read, (uint64_t)own, ADDRESS(&value), 8), -EAGAIN);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)own, LINUX_F_GETPIPE_SZ), -EBADF);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd[0], LINUX_F_GETPIPE_SZ), 65536);
}
END_TEST

START_TEST(a_path_can_only_be_named)
{
	int fd = descriptor_open(&path_class, descriptors_host(open("/dev/null", O_RDONLY)), false);
	char byte;

	ck_assert_int_eq(CALL(read, (uint64_t)fd, ADDRESS(&byte), 1), -EBADF);
	ck_assert_int_eq(CALL(lseek, (uint64_t)fd, 0, 0), -EBADF);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd, LINUX_F_GETFL), LINUX_O_PATH);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd, LINUX_F_SETFL, 0), -EBADF);
	ck_assert_int_eq(CALL(ioctl, (uint64_t)fd, 0x5401, 0), -EBADF);
}
END_TEST

START_TEST(locks_are_translated)
{
	FILE *file = tmpfile();
	int fd = descriptor_open(NULL, descriptors_host(dup(fileno(file))), false), status;
	struct linux_record_lock lock = { LINUX_F_WRLCK, LINUX_SEEK_SET, 10, 5, 0 };
	pid_t pid;

	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd, LINUX_F_SETLK, ADDRESS(&lock)), 0);
	pid = fork();
	if (!pid) {
		struct linux_record_lock theirs = { LINUX_F_RDLCK, LINUX_SEEK_SET, 0, 0, 0 };

		if (CALL(fcntl, (uint64_t)fd, LINUX_F_GETLK, ADDRESS(&theirs)))
			_exit(1);
		_exit(theirs.type != LINUX_F_WRLCK || theirs.start != 10 || theirs.length != 5 ||
		      theirs.pid != getppid());
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	lock.type = 7;
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd, LINUX_F_SETLK, ADDRESS(&lock)), -EINVAL);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd, LINUX_F_OFD_SETLK, ADDRESS(&lock)), -EINVAL);
	fclose(file);
}
END_TEST

/* -------------------------------------------------------------------------
 * Reading and writing.
 */
START_TEST(bytes_go_where_they_should)
{
	FILE *file = tmpfile();
	int fd = descriptor_open(NULL, descriptors_host(dup(fileno(file))), false);
	char text[8] = "", more[8] = "";
	struct linux_iovec part[2] = { { ADDRESS("abc"), 3 }, { ADDRESS("defg"), 4 } };
	const uint64_t n = (uint64_t)fd;

	ck_assert_int_eq(CALL(writev, n, ADDRESS(part), 2), 7);
	ck_assert_int_eq(CALL(lseek, n, 2, LINUX_SEEK_SET), 2);
	ck_assert_int_eq(CALL(read, n, ADDRESS(text), 3), 3);
	ck_assert_str_eq(text, "cde");
	ck_assert_int_eq(CALL(pread64, n, ADDRESS(text), 3, 4), 3);
	ck_assert_str_eq(text, "efg");
	ck_assert_int_eq(CALL(pwrite64, n, ADDRESS("X"), 1, 0), 1);
	part[0] = (struct linux_iovec){ ADDRESS(text), 2 };
	part[1] = (struct linux_iovec){ ADDRESS(more), 8 };
	ck_assert_int_eq(CALL(preadv, n, ADDRESS(part), 2, 0, 0), 7);
	ck_assert_mem_eq(text, "Xb", 2);
	ck_assert_mem_eq(more, "cdefg", 5);
	ck_assert_int_eq(CALL(preadv2, n, ADDRESS(part), 2, (uint64_t)-1, 0, 0), 2);
	ck_assert_int_eq(CALL(preadv2, n, ADDRESS(part), 2, 0, 0, LINUX_RWF_NOWAIT), -EOPNOTSUPP);
	ck_assert_int_eq(CALL(lseek, n, 0, LINUX_SEEK_CUR), 7);
	ck_assert_int_eq(CALL(pread64, n, ADDRESS(text), 1, (uint64_t)-1), -EINVAL);
	ck_assert_int_eq(CALL(readv, n, ADDRESS(part), 1025), -EINVAL);
	ck_assert_int_eq(CALL(readv, n, 1, 1), -EFAULT);
	ck_assert_int_eq(CALL(read, n, 1, 1), -EFAULT);
	ck_assert_int_eq(CALL(readv, 77, 1, 1), -EBADF);
	fclose(file);
}
END_TEST

START_TEST(a_broken_pipe_makes_a_signal)
{
	int fd[2];

	ck_assert_int_eq(CALL(pipe2, ADDRESS(fd), 0), 0);
	close_fd(fd[0]);
	ck_assert_int_eq(CALL(write, (uint64_t)fd[1], ADDRESS("x"), 1), -EPIPE);
	ck_assert_int_eq(flat_signal(), LINUX_SIGPIPE);
}
END_TEST

/* -------------------------------------------------------------------------
 * /dev/urandom
 */
static bool is_empty(int fd)
{
	const struct entropy_cache *cache = &descriptors_entropy->cache[fd];

	for (size_t i = 0; i < ENTROPY_CACHE; i++)
		if (cache->bytes[i])
			return false;
	return !cache->left;
}

START_TEST(random_bytes_are_ours)
{
	int fd = random_fd(O_RDONLY), written = random_fd(O_WRONLY), copy;
	uint64_t a[2] = { 0 }, b[2] = { 0 };

	ck_assert(flat_random((unsigned int)fd));
	ck_assert(!flat_random((unsigned int)written));
	ck_assert_int_eq(CALL(read, (uint64_t)fd, ADDRESS(a), sizeof a), sizeof a);
	ck_assert_int_eq(CALL(read, (uint64_t)fd, ADDRESS(b), sizeof b), sizeof b);
	ck_assert_uint_ne(a[0], b[0]);
	ck_assert_int_eq(CALL(read, (uint64_t)written, ADDRESS(b), sizeof b), -EBADF);
	ck_assert(!is_empty(fd));
	copy = (int)CALL(dup, (uint64_t)fd);
	ck_assert(flat_random((unsigned int)copy));
	close_fd(fd);
	ck_assert(!flat_random((unsigned int)fd));
	ck_assert(is_empty(fd));
	ck_assert(flat_random((unsigned int)copy));
	CALL(dup3, 0, (uint64_t)copy, 0);
	ck_assert(!flat_random((unsigned int)copy));
}
END_TEST

START_TEST(random_bytes_end_where_memory_does)
{
	int fd = random_fd(O_RDONLY);
	char *page =
		mmap(NULL, 2 * VM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct linux_iovec part[3] = { { ADDRESS(page), 5 },
				       { ADDRESS(page + VM_PAGE - 7), 20 },
				       { ADDRESS(page), 100 } };

	flat_forbid(page + VM_PAGE);
	ck_assert_int_eq(CALL(readv, (uint64_t)fd, ADDRESS(part), 3), 12);
	ck_assert_int_eq(CALL(readv, (uint64_t)fd, ADDRESS(&part[1]), 1), 7);
	ck_assert_int_eq(CALL(read, (uint64_t)fd, ADDRESS(page + VM_PAGE), 1), -EFAULT);
	munmap(page, 2 * VM_PAGE);
}
END_TEST

/* -------------------------------------------------------------------------
 * fork(): F12, X9
 */
static int in_child(int (*body)(void *context), void *context)
{
	int status;
	pid_t pid;

	descriptors_fork_begin();
	pid = fork();
	if (!pid) {
		descriptors_fork_child();
		_exit(body(context));
	}
	descriptors_fork_parent();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "the child died of %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

struct inherited {
	int event, timer, file, random;
	uint64_t bytes;
};

static int look_at_inherited(void *context)
{
	struct inherited *parents = context;
	uint64_t bytes;

	if (CALL(fcntl, (uint64_t)parents->event, LINUX_F_GETFD) != -EBADF ||
	    CALL(fcntl, (uint64_t)parents->timer, LINUX_F_GETFD) != -EBADF)
		return 1;
	if (CALL(fcntl, (uint64_t)parents->file, LINUX_F_GETFD) != 0)
		return 2;
	if (CALL(read, (uint64_t)parents->random, ADDRESS(&bytes), sizeof bytes) != sizeof bytes)
		return 3;
	if (!flat_random((unsigned int)parents->random))
		return 4;
	parents->bytes = bytes;
	/* the lowest numbers are free again, 0 too */
	if (CALL(eventfd2, 0, 0) != parents->event)
		return 5;
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		close_fd(fd);
	return flat_left() ? 6 : 0;
}

START_TEST(a_child_has_what_can_be_inherited)
{
	struct inherited *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t first, own;

	close_fd(0);
	shared->event = event_fd(5, 0);
	ck_assert_int_eq(shared->event, 0);
	shared->timer = (int)CALL(timerfd_create, 1, 0);
	shared->file = open_host("/dev/null", O_RDONLY, false);
	shared->random = random_fd(O_RDONLY);
	CALL(read, (uint64_t)shared->random, ADDRESS(&first), sizeof first);
	ck_assert_int_eq(in_child(look_at_inherited, shared), 0);
	CALL(read, (uint64_t)shared->random, ADDRESS(&own), sizeof own);
	ck_assert_uint_ne(own, shared->bytes);
	ck_assert_uint_eq(take(shared->event), 5);
	close_fd(shared->event);
	munmap(shared, sizeof *shared);
}
END_TEST

/* Kqueues are gone in a child, and their numbers are others': those are not closed. */
START_TEST(a_child_keeps_what_it_has_opened)
{
	enum { OPENED = 40 };
	int status, number[OPENED];
	pid_t pid;

	for (int i = 0; i < 5; i++)
		event_fd(0, 0);
	descriptors_fork_begin();
	pid = fork();
	if (!pid) {
		for (int i = 0; i < OPENED; i++)
			number[i] = open("/dev/null", O_RDONLY);
		descriptors_fork_child();
		for (int i = 0; i < OPENED; i++)
			if (fcntl(number[i], F_GETFD) < 0)
				_exit(1);
		_exit(0);
	}
	descriptors_fork_parent();
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void *keep_opening(void *stop)
{
	struct thread *thread = flat_new_thread();

	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		int fd[2];

		if (!CALL_BY(thread, pipe2, ADDRESS(fd), 0))
			for (int i = 0; i < 2; i++)
				CALL_BY(thread, close, (uint64_t)fd[i]);
	}
	return NULL;
}

static int count_host(void *unused)
{
	int numbers = 0, distinct = 0;

	(void)unused;
	for (int fd = 0; fd < 64; fd++) {
		struct registry_held held;

		if (descriptor_hold((uint64_t)fd, &held))
			continue;
		numbers++;
		distinct += held.host >= 0;
		descriptor_let_go(&held);
	}
	for (int fd = 3; fd < 64; fd++)
		close_fd(fd);
	/* nothing that was being opened or closed is left */
	return flat_left() ? 1 : numbers != distinct;
}

START_TEST(what_is_being_opened_is_not_in_a_child)
{
	pthread_t opener;
	bool stop = false;

	pthread_create(&opener, NULL, keep_opening, &stop);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(in_child(count_host, NULL), 0);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(opener, NULL);
}
END_TEST

/* -------------------------------------------------------------------------
 * execve(): what is saved is there again, with what it was.
 */
static void become(void)
{
	const struct rlimit fresh = { REGISTRY_SIZE, REGISTRY_SIZE };
	int file = memfd_create("descriptors", 0);

	ck_assert_int_eq(descriptors_save(file), 0);
	fds_limit(&fresh, NULL);
	/* the host closes what is close-on-exec */
	for (int fd = 3; fd < REGISTRY_SIZE; fd++)
		if (fcntl(fd, F_GETFD) > 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC))
			close(fd);
	memset(&descriptors, 0, sizeof descriptors);
	ck_assert_int_eq(descriptors_restore(file), 0);
	descriptors_machine((struct vm *)&file);
}

/* Check's own are open over execve() as others' are, and none of ours. */
static void keep_others(void)
{
	for (int fd = 3; fd < REGISTRY_SIZE; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			fcntl(fd, F_SETFD, 0);
}

START_TEST(execve_keeps_what_is_kept)
{
	int fd[2], event, timer, set, gone, copy, random, signals;
	struct linux_itimerspec spec = { .value = { 1000, 0 }, .interval = { 1, 5 } }, now;
	struct linux_epoll_event one = { LINUX_EPOLLIN, 42 }, told[4];
	const struct rlimit limit = { 200, REGISTRY_SIZE };
	uint64_t mask = 1 << 9;

	keep_others();
	fds_limit(&limit, NULL);
	ck_assert_int_eq(CALL(pipe2, ADDRESS(fd), LINUX_O_NONBLOCK), 0);
	gone = (int)CALL(eventfd2, 1, LINUX_O_CLOEXEC);
	event = (int)CALL(eventfd2, 7, LINUX_EFD_SEMAPHORE | LINUX_O_NONBLOCK);
	timer = (int)CALL(timerfd_create, 1, 0);
	signals = (int)CALL(signalfd4, (uint64_t)-1, ADDRESS(&mask), 8, 0);
	random = random_fd(O_RDONLY);
	copy = (int)CALL(fcntl, (uint64_t)event, LINUX_F_DUPFD, 100);
	set = (int)CALL(epoll_create1, 0);
	CALL(timerfd_settime, (uint64_t)timer, 0, ADDRESS(&spec), 0);
	CALL(epoll_ctl, (uint64_t)set, LINUX_EPOLL_CTL_ADD, (uint64_t)fd[0], ADDRESS(&one));
	one.data = 43;
	CALL(epoll_ctl, (uint64_t)set, LINUX_EPOLL_CTL_ADD, (uint64_t)event, ADDRESS(&one));
	CALL(epoll_ctl, (uint64_t)set, LINUX_EPOLL_CTL_ADD, (uint64_t)gone, ADDRESS(&one));
	become();
	ck_assert_int_eq(CALL(fcntl, 0, LINUX_F_DUPFD, 200), -EINVAL);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)gone, LINUX_F_GETFD), -EBADF);
	ck_assert_int_eq(CALL(epoll_pwait, (uint64_t)set, ADDRESS(told), 4, 0), 1);
	ck_assert_uint_eq(told[0].data, 43);
	ck_assert_uint_eq(take(event), 1);
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(take(copy), 1);
	ck_assert_int_eq(CALL(read, (uint64_t)copy, ADDRESS(&mask), 8), -EAGAIN);
	ck_assert_int_eq(CALL(timerfd_gettime, (uint64_t)timer, ADDRESS(&now)), 0);
	ck_assert_int_eq(now.interval.nsec, 5);
	ck_assert_int_ge(now.value.sec, 900);
	ck_assert(flat_random((unsigned int)random));
	ck_assert_int_eq(CALL(write, (uint64_t)fd[1], ADDRESS("x"), 1), 1);
	ck_assert_int_eq(CALL(epoll_pwait, (uint64_t)set, ADDRESS(told), 4, 0), 1);
	ck_assert_uint_eq(told[0].data, 42);
	flat_send(flat_thread, 10, 0);
	CALL(fcntl, (uint64_t)signals, LINUX_F_SETFL, LINUX_O_NONBLOCK);
	{
		struct linux_signalfd_siginfo info;

		ck_assert_int_eq(CALL(read, (uint64_t)signals, ADDRESS(&info), sizeof info),
				 sizeof info);
		ck_assert_uint_eq(info.signo, 10);
	}
}
END_TEST

START_TEST(an_execve_that_fails_leaves_all_as_it_was)
{
	int file = memfd_create("descriptors", MFD_CLOEXEC), fd = event_fd(3, 0);
	int null = open_host("/dev/null", O_RDONLY, false);
	struct registry_held held;

	ck_assert_int_eq(descriptors_save(file), 0);
	descriptor_hold((uint64_t)null, &held);
	ck_assert_int_eq(fcntl(held.host, F_GETFD), 0);
	descriptors_keep();
	ck_assert_int_eq(fcntl(held.host, F_GETFD), FD_CLOEXEC);
	descriptor_let_go(&held);
	ck_assert_uint_eq(take(fd), 3);
	close(file);
}
END_TEST

/* -------------------------------------------------------------------------
 * The host's.
 */
START_TEST(the_runner_keeps_its_standard_error)
{
	struct stat now, null;

	ck_assert_int_eq(close_fd(2), 0);
	ck_assert_int_eq(stat("/dev/null", &null), 0);
	ck_assert_int_eq(fstat(2, &now), 0);
	ck_assert_uint_eq(now.st_rdev, null.st_rdev);
	ck_assert_int_eq(event_fd(0, 0), 2);
	ck_assert_int_eq(close_fd(2), 0);
	ck_assert_int_eq(CALL(write, 2, ADDRESS("x"), 1), -EBADF);
}
END_TEST

START_TEST(the_hosts_are_close_on_exec)
{
	int fd[2], before = 0;

	for (int i = 3; i < REGISTRY_SIZE; i++)
		before += fcntl(i, F_GETFD) == 0;
	ck_assert_int_eq(CALL(pipe2, ADDRESS(fd), 0), 0);
	CALL(socketpair, 1, 1, 0, ADDRESS(fd));
	event_fd(0, 0);
	CALL(epoll_create1, 0);
	for (int i = 3; i < REGISTRY_SIZE; i++)
		before -= fcntl(i, F_GETFD) == 0;
	ck_assert_int_eq(before, 0);
}
END_TEST

/* -------------------------------------------------------------------------
 * Threads that open and close the same few numbers: X36. What is left is counted at the end.
 */
enum { RACERS = 4, ROUNDS = 3000, NUMBERS = 12 };

static void race_once(struct thread *thread, unsigned int *seed, int set)
{
	uint64_t number = 3 + (uint64_t)rand_r(seed) % NUMBERS, bytes[2];
	struct linux_epoll_event event = { LINUX_EPOLLIN, number };
	int fd[2];

	switch (rand_r(seed) % 10) {
	case 0:
		descriptor_open(NULL, descriptors_host(open("/dev/urandom", O_RDONLY)), false);
		break;
	case 1:
		CALL_BY(thread, eventfd2, 1, LINUX_O_NONBLOCK);
		break;
	case 2:
		if (!CALL_BY(thread, pipe2, ADDRESS(fd), LINUX_O_NONBLOCK))
			CALL_BY(thread, close, (uint64_t)fd[rand_r(seed) % 2]);
		break;
	case 3:
		CALL_BY(thread, dup3, number, 3 + (uint64_t)rand_r(seed) % NUMBERS, 0);
		break;
	case 4:
		CALL_BY(thread, epoll_ctl, (uint64_t)set, LINUX_EPOLL_CTL_ADD, number,
			ADDRESS(&event));
		break;
	case 5:
		CALL_BY(thread, epoll_pwait, (uint64_t)set, ADDRESS(&event), 1, 0);
		break;
	case 6:
		/* never another's bytes: what is read is an eventfd's 1s, or random */
		bytes[0] = bytes[1] = 0;
		if (CALL_BY(thread, read, number, ADDRESS(bytes), sizeof bytes) > 8)
			ck_assert_uint_ne(bytes[1], 0);
		break;
	default:
		CALL_BY(thread, close, number);
	}
}

struct racing {
	int set;
	unsigned int seed;
};

static void *race(void *context)
{
	struct racing *racing = context;
	struct thread *thread = flat_new_thread();

	for (int i = 0; i < ROUNDS; i++)
		race_once(thread, &racing->seed, racing->set);
	return NULL;
}

START_TEST(races_leave_nothing_behind)
{
	struct racing racing[RACERS];
	pthread_t thread[RACERS];
	int set = (int)CALL(epoll_create1, 0);

	set = (int)CALL(fcntl, (uint64_t)set, LINUX_F_DUPFD, 100);
	close_fd(3);
	for (int i = 0; i < RACERS; i++) {
		racing[i] = (struct racing){ set, (unsigned int)i + 1 };
		pthread_create(&thread[i], NULL, race, &racing[i]);
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(thread[i], NULL);
	for (int fd = 3; fd < REGISTRY_SIZE; fd++)
		close_fd(fd);
	for (unsigned int fd = 0; fd < REGISTRY_SIZE; fd++)
		ck_assert(!flat_random(fd));
}
END_TEST

Suite *fds_suite(void)
{
	Suite *suite = suite_create("fds");
	TCase *tc = tcase_create("numbers"), *exec = tcase_create("execve");

	tcase_add_checked_fixture(tc, flat_begin, flat_end);
	tcase_add_test(tc, the_lowest_number_is_given);
	tcase_add_test(tc, a_limit_is_kept);
	tcase_add_test(tc, flags_are_shared_by_duplicates);
	tcase_add_test(tc, a_path_can_only_be_named);
	tcase_add_test(tc, locks_are_translated);
	tcase_add_test(tc, bytes_go_where_they_should);
	tcase_add_test(tc, a_broken_pipe_makes_a_signal);
	tcase_add_test(tc, random_bytes_are_ours);
	tcase_add_test(tc, random_bytes_end_where_memory_does);
	tcase_add_test(tc, a_child_has_what_can_be_inherited);
	tcase_add_test(tc, a_child_keeps_what_it_has_opened);
	tcase_add_test(tc, what_is_being_opened_is_not_in_a_child);
	tcase_add_test(tc, an_execve_that_fails_leaves_all_as_it_was);
	tcase_add_test(tc, the_runner_keeps_its_standard_error);
	tcase_add_test(tc, the_hosts_are_close_on_exec);
	tcase_add_test(tc, races_leave_nothing_behind);
	suite_add_tcase(suite, tc);
	/* what it was is not there to be counted */
	tcase_add_checked_fixture(exec, flat_begin, NULL);
	tcase_add_test(exec, execve_keeps_what_is_kept);
	suite_add_tcase(suite, exec);
	return suite;
}
