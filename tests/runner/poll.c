/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for descriptors, timers, events: with good and bad arguments. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#include "table.h"

enum { READ_FD = 20, WRITE_FD, EVENT_FD, TIMER_FD, EPOLL_FD, NOTIFY_FD, CLOSED_FD = 30 };

static int messages = -1, semaphores = -1;

static void become(int fd, int number)
{
	if (fd < 0 || dup2(fd, number) < 0) {
		perror("open");
		exit(99);
	}
	close(fd);
}

static void make(void)
{
	struct itimerspec later = { .it_value = { 1000, 0 } };
	struct epoll_event event = { .events = EPOLLIN, .data = { .u64 = 0x123456789abcdef } };
	const uint64_t one = 1;
	int fd[2];

	if (pipe(fd))
		exit(99);
	become(fd[0], READ_FD);
	become(fd[1], WRITE_FD);
	become(eventfd(0, EFD_NONBLOCK), EVENT_FD);
	become(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), TIMER_FD);
	become(epoll_create1(0), EPOLL_FD);
	become(inotify_init1(IN_NONBLOCK), NOTIFY_FD);
	timerfd_settime(TIMER_FD, 0, &later, NULL);
	if (write(WRITE_FD, "x", 1) < 0 || write(EVENT_FD, &one, sizeof one) < 0)
		exit(99);
	epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, READ_FD, &event);
	event.data.u64 = 7;
	epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, EVENT_FD, &event);
	if (inotify_add_watch(NOTIFY_FD, ".", IN_CREATE) >= 0) {
		close(open("noticed", O_CREAT | O_RDWR, 0600));
		unlink("noticed");
	}
}

/* One message, and three semaphores. */
static void make_queue(void)
{
	struct {
		long type;
		char text[20];
	} message = { 5, "nineteen characters" };
	unsigned short value[3] = { 1, 2, 3 };

	if (messages < 0)
		messages = msgget(IPC_PRIVATE, 0600);
	if (semaphores < 0)
		semaphores = semget(IPC_PRIVATE, 3, 0600);
	while (msgrcv(messages, &message, sizeof message.text, 0, IPC_NOWAIT) >= 0)
		;
	message.type = 5;
	strcpy(message.text, "nineteen characters");
	msgsnd(messages, &message, sizeof message.text, IPC_NOWAIT);
	semctl(semaphores, 0, SETALL, value);
}

static void close_it(long result)
{
	if (result >= 0)
		close((int)result);
}

#define MAKE(call, ...) CALL_BETWEEN(call, make, NULL, __VA_ARGS__)
#define OPEN(call, ...) CALL_BETWEEN(call, make, close_it, __VA_ARGS__)

static const struct pollfd list[] = { { READ_FD, POLLIN, 9 },
				      { WRITE_FD, POLLOUT | POLLIN, 9 },
				      { CLOSED_FD, POLLIN, 9 },
				      { -1, POLLIN, 9 },
				      { EVENT_FD, POLLIN, 0 } };
static const struct timespec soon = { 0, 1000 }, wrong_time = { 0, -1 };
#ifdef SYS_poll
static const struct timeval soon_too = { 0, 1 };
static const uint64_t closed = 1ull << CLOSED_FD;
#endif
static const struct itimerspec timer = { .it_value = { 100, 0 } },
			       wrong_timer = { .it_value = { 0, -1 } };
static const struct epoll_event event = { .events = EPOLLIN, .data = { .u64 = 1 } };
static const uint64_t reads = 1 << READ_FD, mask, two = 2, most = ~0ull;

static const struct table_call calls[] = {
#ifdef SYS_poll
	MAKE(poll, DATA(list), NUM(5), NUM(0)),
	MAKE(poll, DATA(list), NUM(0), NUM(1)),
	MAKE(poll, DATA(list), NUM(-1), NUM(0)),
	MAKE(poll, DATA(list), NUM(5), NUM(-1)),
	MAKE(select, NUM(64), DATA(reads), NUM(0), DATA(reads), DATA_SECRET(soon_too)),
	MAKE(select, NUM(64), DATA(closed), NUM(0), NUM(0), DATA_SECRET(soon_too)),
	MAKE(select, NUM(-1), DATA(reads), NUM(0), NUM(0), DATA_SECRET(soon_too)),
	MAKE(epoll_wait, NUM(EPOLL_FD), ROOM(5 * sizeof event), NUM(5), NUM(0)),
#endif
	MAKE(ppoll, DATA(list), NUM(5), DATA_SECRET(soon), DATA(mask), NUM(8)),
	MAKE(ppoll, DATA(list), NUM(5), DATA(wrong_time), NUM(0), NUM(0)),
	MAKE(ppoll, DATA(list), NUM(5), DATA_SECRET(soon), DATA(mask), NUM(9)),
	MAKE(ppoll, DATA(list), NUM(100000000), DATA_SECRET(soon), NUM(0), NUM(8)),
	MAKE(pselect6, NUM(64), DATA(reads), DATA(reads), NUM(0), DATA_SECRET(soon), NUM(0)),
	MAKE(pselect6, NUM(64), DATA(reads), NUM(0), NUM(0), DATA(wrong_time), NUM(0)),
	MAKE(pselect6, NUM(64), DATA(reads), NUM(0), NUM(0), DATA_SECRET(soon), ROOM(16)),

	MAKE(epoll_ctl, NUM(EPOLL_FD), NUM(EPOLL_CTL_ADD), NUM(TIMER_FD), DATA(event)),
	MAKE(epoll_ctl, NUM(EPOLL_FD), NUM(EPOLL_CTL_ADD), NUM(READ_FD), DATA(event)),
	MAKE(epoll_ctl, NUM(EPOLL_FD), NUM(EPOLL_CTL_DEL), NUM(READ_FD), DATA(event)),
	MAKE(epoll_ctl, NUM(EPOLL_FD), NUM(EPOLL_CTL_ADD), NUM(CLOSED_FD), DATA(event)),
	MAKE(epoll_ctl, NUM(EPOLL_FD), NUM(99), NUM(READ_FD), DATA(event)),
	MAKE(epoll_pwait, NUM(EPOLL_FD), ROOM(5 * sizeof event), NUM(5), NUM(0), NUM(0), NUM(8)),
	MAKE(epoll_pwait, NUM(EPOLL_FD), ROOM(sizeof event), NUM(1), NUM(0), NUM(0), NUM(8)),
	MAKE(epoll_pwait, NUM(EPOLL_FD), ROOM(sizeof event), NUM(0), NUM(0), NUM(0), NUM(8)),
	MAKE(epoll_pwait, NUM(EPOLL_FD), ROOM(sizeof event), NUM(-1), NUM(0), NUM(0), NUM(8)),
	MAKE(epoll_pwait, NUM(EPOLL_FD), ROOM(2 * sizeof event), NUM(1000000), NUM(0), NUM(0),
	     NUM(8)),
	MAKE(epoll_pwait, NUM(READ_FD), ROOM(sizeof event), NUM(1), NUM(0), NUM(0), NUM(8)),
	MAKE(epoll_pwait2, NUM(EPOLL_FD), ROOM(5 * sizeof event), NUM(5), DATA_SECRET(soon), NUM(0),
	     NUM(8)),
	OPEN(epoll_create1, NUM(-1)),

	MAKE(timerfd_settime, NUM(TIMER_FD), NUM(0), DATA(timer), SECRET(sizeof timer)),
	MAKE(timerfd_settime, NUM(TIMER_FD), NUM(0), DATA(wrong_timer), ROOM(sizeof timer)),
	MAKE(timerfd_settime, NUM(READ_FD), NUM(0), DATA(timer), ROOM(sizeof timer)),
	MAKE(timerfd_gettime, NUM(TIMER_FD), SECRET(sizeof timer)),
	OPEN(timerfd_create, NUM(99), NUM(0)),
	MAKE(read, NUM(TIMER_FD), ROOM(8), NUM(8)),
	MAKE(read, NUM(EVENT_FD), ROOM(8), NUM(8)),
	MAKE(read, NUM(EVENT_FD), ROOM(7), NUM(7)),
	MAKE(write, NUM(EVENT_FD), DATA(two), NUM(8)),
	MAKE(write, NUM(EVENT_FD), DATA(most), NUM(8)),
	MAKE(read, NUM(NOTIFY_FD), ROOM(100), NUM(100)),
	MAKE(read, NUM(NOTIFY_FD), ROOM(10), NUM(10)),
	MAKE(inotify_add_watch, NUM(NOTIFY_FD), TEXT("."), NUM(IN_CREATE)),
	MAKE(inotify_rm_watch, NUM(NOTIFY_FD), NUM(9)),
	OPEN(eventfd2, NUM(0), NUM(-1)),
	OPEN(pidfd_open, NUM(1), NUM(-1)),
};

static void queues(void)
{
	static const struct {
		long type;
		char text[20];
	} message = { 1, "something" }, bad = { -1, "something" };
	static const struct sembuf one = { 0, -1, IPC_NOWAIT }, wrong = { 9, -1, IPC_NOWAIT };
	static const unsigned short values[3] = { 4, 5, 6 };

	make_queue();
	const struct table_call call[] = {
#define QUEUE(call, ...) CALL_BETWEEN(call, make_queue, NULL, __VA_ARGS__)
		QUEUE(msgsnd, NUM(messages), DATA(message), NUM(20), NUM(IPC_NOWAIT)),
		QUEUE(msgsnd, NUM(messages), DATA(bad), NUM(20), NUM(IPC_NOWAIT)),
		QUEUE(msgsnd, NUM(messages), DATA(message), NUM(-1), NUM(IPC_NOWAIT)),
		QUEUE(msgsnd, NUM(-1), DATA(message), NUM(20), NUM(IPC_NOWAIT)),
		QUEUE(msgrcv, NUM(messages), ROOM(sizeof message), NUM(20), NUM(0),
		      NUM(IPC_NOWAIT)),
		QUEUE(msgrcv, NUM(messages), ROOM(100), NUM(100 - sizeof(long)), NUM(0),
		      NUM(IPC_NOWAIT)),
		QUEUE(msgrcv, NUM(messages), ROOM(13), NUM(5), NUM(0), NUM(IPC_NOWAIT)),
		QUEUE(msgrcv, NUM(messages), ROOM(13), NUM(5), NUM(0),
		      NUM(IPC_NOWAIT | MSG_NOERROR)),
		QUEUE(msgrcv, NUM(messages), ROOM(sizeof message), NUM(20), NUM(9),
		      NUM(IPC_NOWAIT)),
		QUEUE(msgctl, NUM(messages), NUM(IPC_STAT), SECRET(sizeof(struct msqid_ds))),
		QUEUE(msgctl, NUM(-1), NUM(IPC_STAT), ROOM(sizeof(struct msqid_ds))),
		QUEUE(semop, NUM(semaphores), DATA(one), NUM(1)),
		QUEUE(semop, NUM(semaphores), DATA(wrong), NUM(1)),
		QUEUE(semop, NUM(semaphores), DATA(one), NUM(0)),
		QUEUE(semop, NUM(semaphores), DATA(one), NUM(-1)),
		QUEUE(semtimedop, NUM(semaphores), DATA(one), NUM(1), DATA_SECRET(soon)),
		QUEUE(semctl, NUM(semaphores), NUM(0), NUM(GETALL), ROOM(6)),
		QUEUE(semctl, NUM(semaphores), NUM(0), NUM(SETALL), DATA(values)),
		QUEUE(semctl, NUM(semaphores), NUM(1), NUM(SETVAL), NUM(9)),
		QUEUE(semctl, NUM(semaphores), NUM(1), NUM(GETVAL), NUM(0)),
		QUEUE(semctl, NUM(semaphores), NUM(0), NUM(IPC_STAT),
		      SECRET(sizeof(struct semid_ds))),
		QUEUE(semctl, NUM(semaphores), NUM(9), NUM(GETVAL), NUM(0)),
	};

	if (messages < 0 || semaphores < 0) {
		puts("no queues");
		return;
	}
	for (size_t i = 0; i < sizeof call / sizeof call[0]; i++)
		table_do(&call[i]);
	msgctl(messages, IPC_RMID, NULL);
	semctl(semaphores, 0, IPC_RMID);
}

/* A list as long as the limit, and a set that is shorter than the number says. */
static void long_lists(void)
{
	struct rlimit limit;
	struct pollfd *fd;
	uint64_t *set = (uint64_t *)(table_area[0] + 2 * (size_t)TABLE_AREA - 16 * sizeof *set);
	struct timeval none = { 0, 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	fd = calloc(limit.rlim_cur + 1, sizeof *fd);
	for (rlim_t i = 0; i <= limit.rlim_cur; i++)
		fd[i] = (struct pollfd){ i % 2 ? EVENT_FD : CLOSED_FD, POLLIN, 0 };
	make();
	printf("poll %d", poll(fd, 1000, 0) - 1000);
	printf(" %d", poll(fd, limit.rlim_cur, 0) - (int)limit.rlim_cur);
	errno = 0;
	printf(" %d", poll(fd, limit.rlim_cur + 1, 0));
	printf(" %s, %d\n", strerror(errno), fd[limit.rlim_cur - 1].revents);
	memset(set, 0, 16 * sizeof *set);
	set[0] = reads;
	errno = 0;
	printf("select %d", select(FD_SETSIZE, (fd_set *)set, NULL, NULL, &none));
	printf(" %s %#llx\n", strerror(errno), (unsigned long long)set[0]);
}

int main(void)
{
	table_run(calls);
	queues();
	long_lists();
	return 0;
}
