/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fds.h"
#include "gdb-threads.h"
#include "platform.h"

struct gdb {
	struct gdb_target target;
	struct gdb_session session;
	struct gdb_packet packet;
	struct gdb_answer answer;
	int listener;
	int connection; /* -1: nobody is there */
	pthread_t speaker;
};

/* -------------------------------------------------------------------------
 * The socket.
 */
static int listen_at_port(unsigned long port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof name;
	const int yes = 1;
	int fd = fds_hide(platform_socket(AF_INET));

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (struct sockaddr *)&name, size) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&name, &size))
		return -1;
	fprintf(stderr, "vdsorun: waiting for a debugger at 127.0.0.1:%u\n", ntohs(name.sin_port));
	return fd;
}

static int listen_at_path(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof name.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(name.sun_path, path);
	fd = fds_hide(platform_socket(AF_UNIX));
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) || listen(fd, 1))
		return -1;
	fprintf(stderr, "vdsorun: waiting for a debugger at %s\n", path);
	return fd;
}

static int listen_at(const char *where)
{
	unsigned long port;
	char *end;

	if (strchr(where, '/'))
		return listen_at_path(where);
	port = strtoul(where, &end, 10);
	if (*end || end == where || port > UINT16_MAX) {
		errno = EINVAL;
		return -1;
	}
	return listen_at_port(port);
}

/* false: nobody is there any more. */
static bool send_all(const struct gdb *gdb, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t sent = send(gdb->connection, at, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* -------------------------------------------------------------------------
 * A debugger is there.
 */
enum goes { STANDS, RUNS, GONE };

static enum goes do_packet(struct gdb *gdb)
{
	const char *const good = "+";
	enum gdb_outcome outcome;

	if (!gdb->session.plain && !send_all(gdb, good, 1))
		return GONE;
	outcome = gdb_command(&gdb->session, gdb->packet.data, gdb->packet.size, &gdb->answer);
	if (outcome == GDB_RESUME) {
		gdb_threads_resume(&gdb->target);
		return RUNS;
	}
	if (!send_all(gdb, gdb->answer.data, gdb->answer.size))
		return GONE;
	if (outcome == GDB_KILL)
		kill(getpid(), SIGKILL);
	return outcome == GDB_DETACH ? GONE : STANDS;
}

static enum goes do_stop(struct gdb *gdb)
{
	const struct gdb_stop stop = gdb_threads_halt(&gdb->target);

	gdb_tell_stop(&gdb->session, &stop, &gdb->answer);
	return send_all(gdb, gdb->answer.data, gdb->answer.size) ? STANDS : GONE;
}

/* While it runs there is only the wish that it stop. */
static enum goes do_byte(struct gdb *gdb, uint8_t byte, enum goes now)
{
	switch (gdb_packet_take(&gdb->packet, byte)) {
	case GDB_WHOLE:
		return now == STANDS ? do_packet(gdb) : now;
	case GDB_DAMAGED:
		return send_all(gdb, "-", 1) ? now : GONE;
	case GDB_INTERRUPT:
		return now == RUNS ? do_stop(gdb) : now;
	case GDB_RESEND:
		if (now == STANDS && !send_all(gdb, gdb->answer.data, gdb->answer.size))
			return GONE;
		return now;
	default:
		return now;
	}
}

static enum goes do_input(struct gdb *gdb, enum goes now)
{
	uint8_t bytes[4096];
	ssize_t got = recv(gdb->connection, bytes, sizeof bytes, 0);

	if (got <= 0)
		return GONE;
	for (ssize_t i = 0; i < got && now != GONE; i++)
		now = do_byte(gdb, bytes[i], now);
	return now;
}

static void speak(struct gdb *gdb)
{
	struct pollfd wait[] = {
		{ .fd = gdb->connection, .events = POLLIN },
		{ .fd = gdb_threads_event(&gdb->target), .events = POLLIN },
	};
	struct gdb_stop stop = gdb_threads_halt(&gdb->target);
	enum goes now = STANDS;

	gdb_session_start(&gdb->session, &gdb->target, &stop);
	gdb->packet.state = GDB_IDLE;
	while (now != GONE) {
		if (poll(wait, now == RUNS ? 2 : 1, -1) < 0)
			continue;
		if (now == RUNS && wait[1].revents)
			now = do_stop(gdb);
		else if (wait[0].revents)
			now = do_input(gdb, now);
	}
}

/* One after the other; in between the process runs on. */
static void *speak_with_all(void *argument)
{
	struct gdb *gdb = argument;
	const int yes = 1;

	for (;;) {
		gdb->connection = fds_hide(platform_accept(gdb->listener));
		if (gdb->connection < 0)
			continue;
		setsockopt(gdb->connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
		speak(gdb);
		gdb_threads_halt(&gdb->target);
		gdb_breaks_clear_all(&gdb->target.breaks, gdb->target.space);
		gdb->target.watches.count = 0;
		gdb_files_close_all(&gdb->target.files);
		gdb_threads_let_go(&gdb->target);
		close(gdb->connection);
		gdb->connection = -1;
	}
	return NULL;
}

/* -------------------------------------------------------------------------
 * The stack of a program that has not begun: argc, argv, envp, then what we want.
 */
static void read_auxv(struct gdb_target *target, guest_addr sp)
{
	uint64_t word, pair[2], at = sp.v + sizeof word;

	for (unsigned int lists = 0; lists < 2; at += sizeof word) { /* argv, envp */
		if (space_read(target->space, &word, guest_at(at), sizeof word))
			return;
		lists += !word;
	}
	do {
		if (target->auxv_size + sizeof pair > sizeof target->auxv ||
		    space_read(target->space, pair, guest_at(at), sizeof pair))
			return;
		memcpy(target->auxv + target->auxv_size, pair, sizeof pair);
		target->auxv_size += sizeof pair;
		at += sizeof pair;
	} while (pair[0]);
}

/* The guest's signals are not for this thread. */
static int start_speaker(struct gdb *gdb)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&gdb->speaker, NULL, speak_with_all, gdb);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

int gdb_create(struct process *process, const char *where, struct runner_error *error)
{
	struct gdb *gdb = calloc(1, sizeof *gdb);

	if (!gdb || !gdb_threads_create(&gdb->target)) {
		free(gdb);
		return runner_error(error, ENOMEM, "no memory for a debugger");
	}
	gdb->target.process = getpid();
	gdb->target.space = process->space;
	gdb->target.path = process->path;
	gdb->connection = -1;
	gdb->listener = listen_at(where);
	if (gdb->listener < 0)
		return runner_error(error, errno,
				    "no debugger can come to '%s': %s: a port, or a path with a /",
				    where, strerror(errno));
	process->gdb = gdb;
	return 0;
}

/* -------------------------------------------------------------------------
 * The guest's threads.
 */
void gdb_thread_add(struct thread *thread)
{
	struct gdb *gdb = thread->process->gdb;
	const bool first = !gdb_thread_at(&gdb->target, 0) && !gdb->speaker;

	if (!gdb_threads_add(&gdb->target, thread)) {
		fputs("vdsorun: no memory for a thread of the debugger's\n", stderr);
		return;
	}
	if (!first)
		return;
	read_auxv(&gdb->target, guest_at(vcpu_get(thread->vcpu, VM_SP)));
	if (start_speaker(gdb)) {
		fputs("vdsorun: no thread for the debugger\n", stderr);
		gdb_threads_let_go(&gdb->target);
	}
}

void gdb_thread_remove(struct thread *thread)
{
	gdb_threads_remove(&thread->process->gdb->target, thread->gdb);
}

void gdb_before(struct thread *thread)
{
	gdb_threads_before(&thread->process->gdb->target, thread->gdb);
}

bool gdb_after(struct thread *thread, struct vm_exit *exit)
{
	return gdb_threads_after(&thread->process->gdb->target, thread->gdb, exit);
}

/* -------------------------------------------------------------------------
 * The process.
 */
/* Until it has been read, or for a second. */
void gdb_end(const struct process *process, int status, int signal)
{
	struct gdb *gdb = process->gdb;
	const int patience = 1000;

	if (!gdb || !gdb_threads_last(&gdb->target))
		return;
	gdb_tell_end(&gdb->session, status, signal, &gdb->answer);
	send_all(gdb, gdb->answer.data, gdb->answer.size);
	platform_wait_closed(gdb->connection, patience);
}

void gdb_forked(struct thread *thread)
{
	struct gdb *gdb = thread->process->gdb;

	if (!gdb)
		return;
	gdb_breaks_clear_all(&gdb->target.breaks, gdb->target.space);
	close(gdb->listener);
	close(gdb->connection);
	gdb_threads_forked(&gdb->target);
	thread->process->gdb = NULL;
	thread->gdb = NULL;
}
