/* SPDX-License-Identifier: BSD-2-Clause */
#include "epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <sys/event.h>
#include <unistd.h>

#include "bell.h"
#include "descriptors.h"
#include "poll.h"

enum {
	ALWAYS = LINUX_EPOLLERR | LINUX_EPOLLHUP,
	ASKS_READS = LINUX_EPOLLIN | LINUX_EPOLLRDNORM | LINUX_EPOLLRDBAND,
	ASKS_WRITES = LINUX_EPOLLOUT | LINUX_EPOLLWRNORM | LINUX_EPOLLWRBAND,
	NEST_MAX = 5,		/* Linux fs/eventpoll.c: EP_MAX_NESTS and the set itself */
	BATCH = 64,
};

/* What a kqueue looks for. */
enum side { READS, WRITES, EXCEPTIONS, SIDES };
static const int filters[SIDES] = { EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT };
static const uint32_t asks[SIDES] = { ASKS_READS, ASKS_WRITES, LINUX_EPOLLPRI };

struct entry {
	struct epset *set;
	int fd;
	int host;		/* of the target; -1: it has none, and */
	void *payload;		/* is this */
	const struct registry_class *class;
	uint32_t events;
	uint64_t data;
	bool disabled;		/* its one shot was */
	int ident[SIDES];	/* the descriptor in the kqueue; -1: none */
	bool is_copy[SIDES];	/* it is this entry's own: another one has the first */
	bool listed;
	struct entry *next, *next_listed;
};

struct epset {
	int kqueue;		/* a bell: it rings while something is listed */
	bool rings;
	struct entry *entries;
	struct entry *listed, **last;	/* may be ready */
	struct epset *next;	/* in `sets` */
};

/* For all sets: they may be in each other. Under it, locks of what targets are. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct epset *sets;

/* -------------------------------------------------------------------------
 * The list of those that may be ready.
 */
static void list(struct entry *entry)
{
	struct epset *set = entry->set;

	if (entry->listed)
		return;
	entry->listed = true;
	entry->next_listed = NULL;
	*set->last = entry;
	set->last = &entry->next_listed;
}

static struct entry *unlist_first(struct epset *set)
{
	struct entry *entry = set->listed;

	if (!entry)
		return NULL;
	set->listed = entry->next_listed;
	if (!set->listed)
		set->last = &set->listed;
	entry->listed = false;
	return entry;
}

static void unlist(struct entry *entry)
{
	struct entry **link = &entry->set->listed;

	if (!entry->listed)
		return;
	while (*link != entry)
		link = &(*link)->next_listed;
	*link = entry->next_listed;
	if (!*link)
		entry->set->last = link;
	entry->listed = false;
}

/* Who waits for the set is told that something is listed. */
static void tell(struct epset *set)
{
	bool rings = set->listed;

	if (rings == set->rings)
		return;
	set->rings = rings;
	(rings ? bell_ring : bell_hush)(set->kqueue);
}

/*
 * Each is looked at for an end; what else it tells of is for those that have asked. Linux's
 * fs/eventpoll.c, ep_poll_callback(), leaves out what was not asked for, too: an edge is not of
 * what happens in the other direction.
 */
static bool concerns(const struct entry *entry, const struct kevent *event)
{
	bool is = event->flags & EV_EOF;

	for (enum side side = READS; side < SIDES; side++)
		if (entry->host < 0 ? (int)event->ident == entry->ident[side]
				    : event->filter == filters[side])
			is |= (entry->events & asks[side]) != 0;
	return is;
}

/* What the kqueue knows is listed. */
static void harvest(struct epset *set)
{
	static const struct timespec at_once;
	struct kevent event[BATCH];
	int n;

	do {
		n = kevent(set->kqueue, NULL, 0, event, BATCH, &at_once);
		for (int i = 0; i < n; i++) {
			struct entry *entry = event[i].udata;

			/* NULL: the bell's */
			if (entry && !entry->disabled && concerns(entry, &event[i]))
				list(entry);
		}
	} while (n == BATCH);
}

/* -------------------------------------------------------------------------
 * The kqueue.
 */
static bool has_ident(const struct epset *set, const struct entry *but, int ident)
{
	for (const struct entry *entry = set->entries; entry; entry = entry->next)
		for (int side = 0; side < SIDES && entry != but; side++)
			if (entry->ident[side] == ident)
				return true;
	return false;
}

/* Linux epoll would say the same of all descriptors that say no here; a device is always ready. */
static int watch(struct entry *entry, enum side side, int ident)
{
	struct kevent add;

	if (has_ident(entry->set, entry, ident)) {
		ident = fcntl(ident, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (ident < 0)
			return -errno;
		entry->is_copy[side] = true;
	}
	EV_SET(&add, ident, entry->host < 0 ? EVFILT_READ : filters[side], EV_ADD | EV_CLEAR,
	       side == EXCEPTIONS ? NOTE_OOB : 0, 0, entry);
	if (!kevent(entry->set->kqueue, &add, 1, NULL, 0, NULL)) {
		entry->ident[side] = ident;
		return 0;
	}
	if (entry->is_copy[side])
		close(ident);
	entry->is_copy[side] = false;
	return errno == ENOMEM ? -ENOMEM : 0;
}

static void unwatch(struct entry *entry, enum side side)
{
	struct kevent delete;

	if (entry->ident[side] < 0)
		return;
	EV_SET(&delete, entry->ident[side], entry->host < 0 ? EVFILT_READ : filters[side],
	       EV_DELETE, 0, 0, NULL);
	(void)kevent(entry->set->kqueue, &delete, 1, NULL, 0, NULL);
	if (entry->is_copy[side])
		close(entry->ident[side]);
	entry->ident[side] = -1;
	entry->is_copy[side] = false;
}

/*
 * That a descriptor has hung up is wanted always, and seen where it is read; where it is only
 * written, there.
 */
static bool wants(const struct entry *entry, enum side side)
{
	bool only_written = entry->host >= 0 &&
			    (fcntl(entry->host, F_GETFL) & O_ACCMODE) == O_WRONLY;
	bool asked = entry->events & asks[side];

	switch (side) {
	case READS:
		return !only_written;
	case WRITES:
		return asked || only_written;
	default:
		return asked && entry->host >= 0;
	}
}

static int ident_of(const struct entry *entry, enum side side)
{
	const struct descriptor_ops *ops = descriptor_ops(entry->class);

	if (entry->host >= 0)
		return entry->host;
	return ops->bell ? ops->bell(entry->payload, asks[side]) : -1;
}

static int watch_all(struct entry *entry)
{
	int error = 0;

	for (enum side side = READS; side < SIDES && !error; side++) {
		bool wanted = wants(entry, side);
		int ident = wanted && entry->ident[side] < 0 ? ident_of(entry, side) : -1;

		if (ident >= 0)
			error = watch(entry, side, ident);
		else if (!wanted)
			unwatch(entry, side);
	}
	return error;
}

/* -------------------------------------------------------------------------
 * Sets.
 */
struct epset *epset_create(void)
{
	struct epset *set = malloc(sizeof *set);
	int bell = set ? bell_create() : -ENOMEM;

	if (bell < 0) {
		free(set);
		errno = -bell;
		return NULL;
	}
	*set = (struct epset){ .kqueue = bell, .last = &set->listed };
	pthread_mutex_lock(&lock);
	set->next = sets;
	sets = set;
	pthread_mutex_unlock(&lock);
	return set;
}

static void drop(struct entry **link)
{
	struct entry *entry = *link;

	for (enum side side = READS; side < SIDES; side++)
		unwatch(entry, side);
	unlist(entry);
	*link = entry->next;
	free(entry);
}

static void release(void *payload)
{
	struct epset *set = payload, **link = &sets;

	epoll_forget(-1, set);
	pthread_mutex_lock(&lock);
	while (set->entries)
		drop(&set->entries);
	while (*link != set)
		link = &(*link)->next;
	*link = set->next;
	pthread_mutex_unlock(&lock);
	bell_destroy(set->kqueue);
	free(set);
}

void epoll_forget(int host, const void *payload)
{
	pthread_mutex_lock(&lock);
	for (struct epset *set = sets; set; set = set->next) {
		struct entry **link = &set->entries;

		while (*link)
			if (host >= 0 ? (*link)->host == host :
					(*link)->host < 0 && (*link)->payload == payload)
				drop(link);
			else
				link = &(*link)->next;
		tell(set);
	}
	pthread_mutex_unlock(&lock);
}

int epset_bell(const struct epset *set)
{
	return set->kqueue;
}

/* -------------------------------------------------------------------------
 * epoll_ctl().
 */
static const struct registry_class epoll_class = { .name = "epoll", .release = release };

static struct epset *set_of(const struct entry *entry)
{
	return entry->class == &epoll_class ? entry->payload : NULL;
}

/* How many sets are in each other, with this one; more than NEST_MAX if one of them is `set`. */
static int depth(const struct epset *in, const struct epset *set, int room)
{
	int most = 0;

	if (in == set || room == 0)
		return NEST_MAX + 1;
	for (const struct entry *entry = in->entries; entry; entry = entry->next) {
		int below = set_of(entry) ? depth(set_of(entry), set, room - 1) : 0;

		most = below > most ? below : most;
	}
	return most + 1;
}

/* With those that it is in. */
static int height(const struct epset *set, int room)
{
	int most = 0;

	for (const struct epset *outer = sets; outer && room; outer = outer->next)
		for (const struct entry *entry = outer->entries; entry; entry = entry->next) {
			int above = entry->payload == set && set_of(entry) ? height(outer, room - 1)
									   : 0;

			most = above > most ? above : most;
		}
	return most + 1;
}

static bool same(const struct entry *entry, int fd, int host, const void *payload)
{
	return entry->fd == fd && entry->host == host && (host >= 0 || entry->payload == payload);
}

static struct entry **find(struct epset *set, const struct registry_held *target)
{
	struct entry **link = &set->entries;

	while (*link && !same(*link, target->fd, target->host, target->payload))
		link = &(*link)->next;
	return link;
}

static int add(struct epset *set, const struct epset_entry *new, const struct registry_class *class)
{
	struct entry *entry = malloc(sizeof *entry);
	int error;

	if (!entry)
		return -ENOMEM;
	*entry = (struct entry){
		.set = set,
		.fd = new->fd,
		.host = new->host,
		.payload = new->payload,
		.class = class,
		.events = new->event.events | ALWAYS,
		.data = new->event.data,
		.ident = { -1, -1, -1 },
		.next = set->entries,
	};
	set->entries = entry;
	error = watch_all(entry);
	if (error)
		drop(&set->entries);
	else
		list(entry);
	return error;
}

static int modify(struct entry *entry, const struct linux_epoll_event *event)
{
	entry->events = event->events | ALWAYS;
	entry->data = event->data;
	entry->disabled = false;
	list(entry);
	return watch_all(entry);
}

/* Linux asks whether a file has a way to be polled: files and directories have none. */
static bool can_be_polled(const struct registry_held *target)
{
	struct stat file;

	if (target->host < 0)
		return descriptor_ops(target->class)->ready;
	return !fstat(target->host, &file) && !S_ISREG(file.st_mode) && !S_ISDIR(file.st_mode) &&
	       !S_ISBLK(file.st_mode) && !poll_is_not_there(target->host);
}

/* With EPOLLEXCLUSIVE: EPOLLEXCLUSIVE_OK_BITS of fs/eventpoll.c. */
static bool is_exclusive_wrong(const struct registry_held *target, int operation, uint32_t events)
{
	const uint32_t right = LINUX_EPOLLIN | LINUX_EPOLLOUT | LINUX_EPOLLERR | LINUX_EPOLLHUP |
			       LINUX_EPOLLWAKEUP | LINUX_EPOLLET | LINUX_EPOLLEXCLUSIVE;

	if (!(events & LINUX_EPOLLEXCLUSIVE) || operation == LINUX_EPOLL_CTL_DEL)
		return false;
	return operation == LINUX_EPOLL_CTL_MOD || target->class == &epoll_class || events & ~right;
}

static int change(struct epset *set, int operation, const struct registry_held *target,
		  const struct linux_epoll_event *event)
{
	struct entry **link = find(set, target);

	if (operation == LINUX_EPOLL_CTL_ADD) {
		const struct epset_entry new = { target->fd, target->host, target->payload,
						 *event };

		if (*link)
			return -EEXIST;
		if (target->class == &epoll_class &&
		    depth(target->payload, set, NEST_MAX) + height(set, NEST_MAX) > NEST_MAX)
			return -ELOOP;
		return add(set, &new, target->class);
	}
	if (!*link)
		return -ENOENT;
	if (operation == LINUX_EPOLL_CTL_MOD)
		return (*link)->events & LINUX_EPOLLEXCLUSIVE ? -EINVAL : modify(*link, event);
	drop(link);
	return 0;
}

int epset_change(struct epset *set, int operation, const struct registry_held *target,
		 const struct linux_epoll_event *event)
{
	int error;

	if (target->class == &path_class)
		return -EBADF;
	if (!can_be_polled(target))
		return -EPERM;
	if (target->payload == set || is_exclusive_wrong(target, operation, event->events) ||
	    operation < LINUX_EPOLL_CTL_ADD || operation > LINUX_EPOLL_CTL_MOD)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	error = change(set, operation, target, event);
	tell(set);
	pthread_mutex_unlock(&lock);
	return error;
}

/* -------------------------------------------------------------------------
 * epoll_wait(), at once.
 */
static bool is_any_ready(struct thread *thread, struct epset *set);

static uint32_t ready(struct thread *thread, const struct entry *entry)
{
	uint32_t mask = entry->events & ~(uint32_t)(LINUX_EPOLLET | LINUX_EPOLLONESHOT |
						    LINUX_EPOLLEXCLUSIVE | LINUX_EPOLLWAKEUP);
	const struct descriptor_ops *ops = descriptor_ops(entry->class);

	if (entry->host >= 0)
		return poll_host(entry->host, mask) & mask;
	if (set_of(entry))
		return is_any_ready(thread, set_of(entry))
			       ? mask & (LINUX_EPOLLIN | LINUX_EPOLLRDNORM)
			       : 0;
	return ops->ready(thread, entry->payload) & mask;
}

/* Those that are found not to be ready are not listed any more. */
static bool is_any_ready(struct thread *thread, struct epset *set)
{
	bool is = false;

	harvest(set);
	while (set->listed && !is) {
		is = !set->listed->disabled && ready(thread, set->listed);
		if (!is)
			unlist_first(set);
	}
	tell(set);
	return is;
}

/* As Linux: one that is not told by edges stays listed, behind the others. */
int epset_collect(struct thread *thread, struct epset *set, struct linux_epoll_event *events,
		  int room)
{
	struct entry *again = NULL, **last = &again;
	int n = 0;

	pthread_mutex_lock(&lock);
	harvest(set);
	while (n < room && set->listed) {
		struct entry *entry = unlist_first(set);
		uint32_t now = entry->disabled ? 0 : ready(thread, entry);

		if (!now)
			continue;
		events[n++] = (struct linux_epoll_event){ now, entry->data };
		if (entry->events & LINUX_EPOLLONESHOT) {
			entry->disabled = true;
		} else if (!(entry->events & LINUX_EPOLLET)) {
			entry->next_listed = NULL;
			*last = entry;
			last = &entry->next_listed;
		}
	}
	while (again) {
		struct entry *entry = again;

		again = entry->next_listed;
		list(entry);
	}
	tell(set);
	pthread_mutex_unlock(&lock);
	return n;
}

static uint32_t set_ready(struct thread *thread, void *payload)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = is_any_ready(thread, payload);
	pthread_mutex_unlock(&lock);
	return is ? LINUX_EPOLLIN | LINUX_EPOLLRDNORM : 0;
}

static int set_bell(void *payload, uint32_t events)
{
	return events & (LINUX_EPOLLIN | LINUX_EPOLLRDNORM) ? epset_bell(payload) : -1;
}

/* -------------------------------------------------------------------------
 * fork() and execve().
 */
void epoll_fork_begin(void)
{
	pthread_mutex_lock(&lock);
	for (struct epset *set = sets; set; set = set->next)
		harvest(set);
}

void epoll_fork_parent(void)
{
	for (struct epset *set = sets; set; set = set->next)
		tell(set);
	pthread_mutex_unlock(&lock);
}

/* No kqueue is there, and none is to be closed: other things will have their numbers. */
void epoll_fork_child(void)
{
	pthread_mutex_init(&lock, NULL);
	for (struct epset *set = sets; set; set = set->next) {
		set->kqueue = -1;
		set->rings = false;
		for (struct entry *entry = set->entries; entry; entry = entry->next)
			for (enum side side = READS; side < SIDES; side++) {
				if (entry->is_copy[side] && entry->host >= 0)
					close(entry->ident[side]);
				entry->is_copy[side] = false;
				entry->ident[side] = -1;
			}
	}
}

/* What others have is there again. First all sets: some are in others. */
void epoll_fork_renew(void)
{
	for (struct epset *set = sets; set; set = set->next)
		set->kqueue = bell_create();
	for (struct epset *set = sets; set; set = set->next) {
		for (struct entry *entry = set->entries; entry; entry = entry->next)
			(void)watch_all(entry);
		tell(set);
	}
}

void epset_each(struct epset *set,
		void (*tell_entry)(void *context, const struct epset_entry *entry), void *context)
{
	pthread_mutex_lock(&lock);
	for (const struct entry *entry = set->entries; entry; entry = entry->next) {
		const struct epset_entry now = {
			entry->fd, entry->host, entry->payload, { entry->events, entry->data }
		};

		if (!entry->disabled)
			tell_entry(context, &now);
	}
	pthread_mutex_unlock(&lock);
}

void epset_restore(struct epset *set, const struct epset_entry *entry,
		   const struct registry_class *class)
{
	pthread_mutex_lock(&lock);
	(void)add(set, entry, class);
	tell(set);
	pthread_mutex_unlock(&lock);
}

/* It is empty; its entries are made again when what they are of is there. */
static void *restore(FILE *from)
{
	(void)from;
	return epset_create();
}

const struct descriptor_ops epoll_ops = {
	.class = &epoll_class,
	.link = "anon_inode:[eventpoll]",
	.ready = set_ready,
	.bell = set_bell,
	.restore = restore,
};
