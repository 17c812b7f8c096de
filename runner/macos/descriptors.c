/* SPDX-License-Identifier: BSD-2-Clause */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bell.h"
#include "epoll.h"
#include "fds-own.h"
#include "folders.h"
#include "full.h"
#include "linux-descriptors.h"
#include "names.h"
#include "poll.h"
#include "special.h"

/* What the host lets a process have open is more than the guest is told of. */
enum { HOST_DESCRIPTORS = 4 * REGISTRY_SIZE };

struct registry descriptors;
struct entropy *descriptors_entropy;

static struct registry_bits bits;
static pthread_rwlock_t opening = PTHREAD_RWLOCK_INITIALIZER;

/* -------------------------------------------------------------------------
 * Classes.
 */
const struct registry_class file_class = { .name = "file" };
const struct registry_class path_class = { .name = "path" };

static const struct descriptor_ops file_ops = { .class = &file_class };
static const struct descriptor_ops path_ops = { .class = &path_class };
static const struct descriptor_ops directory_ops = { .class = &directory_class };
static const struct descriptor_ops random_ops = { .class = &entropy_class };

/* Their order is what descriptors_save() calls them by. */
static const struct descriptor_ops *const classes[] = {
	&file_ops, &path_ops, &directory_ops, &random_ops, &eventfd_ops,
	&timerfd_ops, &signalfd_ops, &epoll_ops, &pidfd_ops, &synthetic_ops,
	&full_ops,
};
enum { CLASSES = sizeof classes / sizeof classes[0] };

static unsigned int number_of(const struct registry_class *class)
{
	unsigned int i = 0;

	while (i < CLASSES && classes[i]->class != class)
		i++;
	if (i == CLASSES)
		abort();	/* ours: the list above has all of them */
	return i;
}

const struct descriptor_ops *descriptor_ops(const struct registry_class *class)
{
	return classes[number_of(class)];
}

/* -------------------------------------------------------------------------
 * The host's.
 */

/* The runner has its own use for the lowest three, which are always something. */
static void close_host(int host)
{
	int null;

	epoll_forget(host, NULL);
	if (host > STDERR_FILENO) {
		close(host);
		return;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0)
		dup2(null, host);
	if (null >= 0)
		close(null);
}

static struct vm *machine;

static void tell_machine(int fd, bool is)
{
	if (machine)
		vm_random_fd(machine, (unsigned int)fd, is);
}

static const struct registry_host host_ops = { .close = close_host, .shown = tell_machine };

/* Who opens or closes one meanwhile tells of it, too, and has the registry's lock for that. */
void descriptors_machine(struct vm *vm)
{
	pthread_mutex_lock(&descriptors.lock);
	machine = vm;
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		if (registry_random(&bits, (unsigned int)fd))
			tell_machine(fd, true);
	pthread_mutex_unlock(&descriptors.lock);
}

int descriptors_host(int host)
{
	int moved, error;

	if (host < 0)
		return host;
	if (host > STDERR_FILENO)
		return fcntl(host, F_SETFD, FD_CLOEXEC) ? -errno : host;
	moved = fcntl(host, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	error = errno;
	close(host);
	return moved < 0 ? -error : moved;
}

static bool is_random(const struct stat *file)
{
	static const char *const names[] = { "/dev/urandom", "/dev/random" };
	struct stat named;

	for (size_t i = 0; S_ISCHR(file->st_mode) && i < sizeof names / sizeof names[0]; i++)
		if (!stat(names[i], &named) && named.st_rdev == file->st_rdev)
			return true;
	return false;
}

static const struct registry_class *class_of(int host)
{
	struct stat file;

	if (fstat(host, &file))
		return &file_class;
	if (S_ISDIR(file.st_mode))
		return &directory_class;
	return is_random(&file) ? &entropy_class : &file_class;
}

static unsigned int registry_flags_of(int host)
{
	switch (fcntl(host, F_GETFL) & O_ACCMODE) {
	case O_RDONLY:
		return REGISTRY_READ;
	case O_WRONLY:
		return REGISTRY_WRITE;
	default:
		return REGISTRY_READ | REGISTRY_WRITE;
	}
}

static struct registry_new new_of(const struct registry_class *class, int host, bool cloexec)
{
	if (!class)
		class = class_of(host);
	return (struct registry_new){
		.class = class,
		.host = host,
		.flags = class == &path_class ? 0 : registry_flags_of(host),
		.payload = class == &entropy_class ? descriptors_entropy : NULL,
		.cloexec = cloexec,
	};
}

/* -------------------------------------------------------------------------
 * Opening.
 */
void descriptors_opening(void)
{
	pthread_rwlock_rdlock(&opening);
}

void descriptors_opened(void)
{
	pthread_rwlock_unlock(&opening);
}

int descriptor_open(const struct registry_class *class, int host, bool cloexec)
{
	const struct registry_new new = new_of(class, host, cloexec);
	int fd = registry_open(&descriptors, &new, NULL);

	if (fd < 0)
		close_host(host);
	return fd;
}

int descriptor_open_own(const struct registry_class *class, void *payload, unsigned int flags,
			bool cloexec)
{
	const struct registry_new new = {
		.class = class,
		.host = -1,
		.flags = REGISTRY_READ | REGISTRY_WRITE | flags,
		.payload = payload,
		.cloexec = cloexec,
	};
	int fd = registry_open(&descriptors, &new, NULL);

	if (fd < 0)
		class->release(payload);
	return fd;
}

/* -------------------------------------------------------------------------
 * Beginning.
 */
static int random_source(void *context, void *to, size_t size)
{
	enum { AT_ONCE = 256 };	/* getentropy(2) */
	char *bytes = to;

	(void)context;
	for (size_t done = 0; done < size; done += AT_ONCE)
		if (getentropy(bytes + done, size - done < AT_ONCE ? size - done : AT_ONCE))
			return -errno;
	return 0;
}

/* A host's own limit may be 256. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= HOST_DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < HOST_DESCRIPTORS ? limit.rlim_max : HOST_DESCRIPTORS;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int begin_empty(void)
{
	int error = registry_init(&descriptors, &host_ops, &bits);

	if (error)
		return error;
	raise_limit();
	fds_set_limit();
	descriptors_entropy = calloc(1, sizeof *descriptors_entropy);
	if (!descriptors_entropy)
		return -ENOMEM;
	return entropy_init(descriptors_entropy, random_source, NULL, NULL);
}

/* The runner's messages go nowhere else than where they went before. */
static void fill_lowest(void)
{
	int null = open("/dev/null", O_RDWR);

	while (null >= 0 && null <= STDERR_FILENO)
		null = open("/dev/null", O_RDWR);
	if (null >= 0)
		close(null);
}

/* What was open before the runner opened anything. */
static int adopt(int fd)
{
	struct registry_new new;
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || flags & FD_CLOEXEC)
		return 0;
	if (fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	new = new_of(NULL, fd, false);
	fd = registry_open_at(&descriptors, &new, fd, NULL);
	return fd < 0 ? fd : 0;
}

int descriptors_begin(void)
{
	int error = begin_empty();

	for (int fd = 0; fd < REGISTRY_SIZE && !error; fd++)
		error = adopt(fd);
	if (!error)
		fill_lowest();
	return error;
}

/* -------------------------------------------------------------------------
 * For a call.
 */
int descriptor_hold(uint64_t fd, struct registry_held *held)
{
	return registry_hold(&descriptors, (int)fd, held);
}

void descriptor_let_go(struct registry_held *held)
{
	registry_let_go(&descriptors, held);
}

int descriptor_hold_host(uint64_t fd, struct registry_held *held)
{
	int error = descriptor_hold(fd, held);

	if (error)
		return error;
	if (held->host >= 0 && held->class != &path_class)
		return held->host;
	descriptor_let_go(held);
	return -EBADF;
}

/* -------------------------------------------------------------------------
 * What is open, once each: its first slot, and how many there are.
 */
struct once {
	struct registry_held held[REGISTRY_SIZE];
	int of[REGISTRY_SIZE];	/* which of these a slot's is; -1: none */
	int count;
};

static struct once *once_begin(void)
{
	struct once *once = malloc(sizeof *once);

	if (!once)
		return NULL;
	once->count = 0;
	for (int fd = 0; fd < REGISTRY_SIZE; fd++) {
		struct registry_held *held = &once->held[once->count];
		int i = 0;

		once->of[fd] = -1;
		if (registry_hold(&descriptors, fd, held))
			continue;
		while (once->held[i].opened != held->opened)
			i++;
		once->of[fd] = i;
		if (i == once->count)
			once->count++;
		else
			registry_let_go(&descriptors, held);
	}
	return once;
}

static void once_end(struct once *once)
{
	for (int i = 0; i < once->count; i++)
		registry_let_go(&descriptors, &once->held[i]);
	free(once);
}

/* -------------------------------------------------------------------------
 * fork()
 */
void descriptors_fork_begin(void)
{
	pthread_rwlock_wrlock(&opening);
	registry_fork_begin(&descriptors);
	epoll_fork_begin();
}

void descriptors_fork_parent(void)
{
	epoll_fork_parent();
	registry_fork_parent(&descriptors);
	pthread_rwlock_unlock(&opening);
}

/* What cannot be made again is as if it had been closed. */
static void renew_all(void)
{
	struct once *once = once_begin();
	bool failed[REGISTRY_SIZE] = { false };

	if (!once)
		abort();	/* there is no child without what it inherits */
	for (int i = 0; i < once->count; i++) {
		const struct descriptor_ops *ops = descriptor_ops(once->held[i].class);

		failed[i] = ops->renew && ops->renew(once->held[i].payload);
	}
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		if (once->of[fd] >= 0 && failed[once->of[fd]])
			registry_close(&descriptors, fd);
	once_end(once);
}

void descriptors_fork_child(void)
{
	pthread_rwlock_init(&opening, NULL);
	signalfd_fork_child();
	epoll_fork_child();
	bell_forget(true);
	registry_fork_child(&descriptors);
	bell_forget(false);
	if (entropy_renew(descriptors_entropy))
		abort();	/* bytes of the parent's are no random bytes */
	renew_all();
	epoll_fork_renew();
}

/* -------------------------------------------------------------------------
 * execve(): a file of what is open once each, with its slots, and what sets of epoll have.
 */
struct saved {
	uint32_t class, flags, slots;
	int32_t host;
};

struct saved_entry {
	int32_t set, target, fd;	/* the first two count as the file does; -1: the end */
	struct linux_epoll_event event;
};

struct saving {
	FILE *to;
	struct once *once;
	int number[REGISTRY_SIZE];	/* in the file; -1: not there */
	int set;
};

static bool is_kept(const struct once *once, int fd, int i)
{
	struct registry_held held;
	bool kept;

	if (once->of[fd] != i || registry_hold(&descriptors, fd, &held))
		return false;
	kept = !held.cloexec;
	registry_let_go(&descriptors, &held);
	return kept;
}

static uint32_t kept_slots(const struct once *once, int i)
{
	uint32_t n = 0;

	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		n += is_kept(once, fd, i);
	return n;
}

static void save_one(struct saving *saving, int i)
{
	const struct registry_held *held = &saving->once->held[i];
	const struct descriptor_ops *ops = descriptor_ops(held->class);
	const struct saved saved = {
		number_of(held->class), held->flags, kept_slots(saving->once, i), held->host
	};

	if (held->host >= 0)
		fcntl(held->host, F_SETFD, 0);
	fwrite(&saved, sizeof saved, 1, saving->to);
	for (int32_t fd = 0; fd < REGISTRY_SIZE; fd++)
		if (is_kept(saving->once, fd, i))
			fwrite(&fd, sizeof fd, 1, saving->to);
	if (ops->save)
		ops->save(held->payload, saving->to);
}

static void save_entry(void *context, const struct epset_entry *entry)
{
	struct saving *saving = context;

	for (int i = 0; i < saving->once->count; i++) {
		const struct registry_held *held = &saving->once->held[i];
		const struct saved_entry saved = { saving->set, saving->number[i], entry->fd,
						   entry->event };

		if (saving->number[i] >= 0 && held->host == entry->host &&
		    (held->host >= 0 || held->payload == entry->payload))
			fwrite(&saved, sizeof saved, 1, saving->to);
	}
}

static void save_all(struct saving *saving)
{
	const struct saved_entry end = { .set = -1 };
	uint32_t count = 0;

	for (int i = 0; i < saving->once->count; i++) {
		bool kept = kept_slots(saving->once, i);

		saving->number[i] = kept ? (int)count : -1;
		count += kept;
	}
	fds_save(saving->to);
	names_save(saving->to);
	fwrite(&count, sizeof count, 1, saving->to);
	for (int i = 0; i < saving->once->count; i++)
		if (saving->number[i] >= 0)
			save_one(saving, i);
	for (int i = 0; i < saving->once->count; i++) {
		saving->set = saving->number[i];
		if (saving->set >= 0 && saving->once->held[i].class == epoll_ops.class)
			epset_each(saving->once->held[i].payload, save_entry, saving);
	}
	fwrite(&end, sizeof end, 1, saving->to);
}

int descriptors_save(int file)
{
	struct saving saving = { 0 };
	int copy = dup(file), error = 0;

	saving.to = copy < 0 ? NULL : fdopen(copy, "w");
	saving.once = saving.to ? once_begin() : NULL;
	if (saving.once) {
		save_all(&saving);
		once_end(saving.once);
	}
	if (!saving.once || fflush(saving.to) || ferror(saving.to))
		error = errno ? -errno : -EIO;
	if (saving.to)
		fclose(saving.to);
	else if (copy >= 0)
		close(copy);
	return lseek(file, 0, SEEK_SET) && !error ? -errno : error;
}

void descriptors_keep(void)
{
	for (int fd = 0; fd < REGISTRY_SIZE; fd++) {
		struct registry_held held;

		if (registry_hold(&descriptors, fd, &held))
			continue;
		if (held.host > STDERR_FILENO)
			fcntl(held.host, F_SETFD, FD_CLOEXEC);
		registry_let_go(&descriptors, &held);
	}
}

struct restored {
	int host;
	void *payload;
	const struct registry_class *class;
};

static void *payload_of(const struct descriptor_ops *ops, FILE *from)
{
	if (ops->class == &entropy_class)
		return descriptors_entropy;
	return ops->restore ? ops->restore(from) : NULL;
}

/* Of what could not be made again, the numbers are closed. */
static int restore_one(FILE *from, struct restored *restored)
{
	struct registry_new new = { 0 };
	const struct descriptor_ops *ops;
	struct saved saved;
	int32_t fd[REGISTRY_SIZE];
	int error = 0;

	if (fread(&saved, sizeof saved, 1, from) != 1 || saved.class >= CLASSES ||
	    saved.slots > REGISTRY_SIZE ||
	    fread(fd, sizeof fd[0], saved.slots, from) != saved.slots)
		return -EIO;
	ops = classes[saved.class];
	new = (struct registry_new){
		.class = ops->class,
		.host = saved.host,
		.flags = saved.flags,
		.payload = payload_of(ops, from),
	};
	if (saved.host > STDERR_FILENO)
		fcntl(saved.host, F_SETFD, FD_CLOEXEC);
	*restored = (struct restored){ new.host, new.payload, new.class };
	if (saved.host < 0 && !new.payload)
		return 0;
	for (uint32_t i = 0; i < saved.slots && error >= 0; i++)
		error = i ? registry_dup3(&descriptors, fd[0], fd[i], false)
			  : registry_open_at(&descriptors, &new, fd[0], NULL);
	return error < 0 ? error : 0;
}

static int restore_all(FILE *from)
{
	struct restored *restored;
	struct saved_entry entry;
	uint32_t count;
	int error = fds_restore(from);

	if (!error)
		error = names_restore(from);
	if (error)
		return error;
	if (fread(&count, sizeof count, 1, from) != 1 || count > REGISTRY_SIZE)
		return -EIO;
	restored = calloc(count + 1, sizeof *restored);
	if (!restored)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && !error; i++)
		error = restore_one(from, &restored[i]);
	while (!error && fread(&entry, sizeof entry, 1, from) == 1 && entry.set >= 0 &&
	       (uint32_t)entry.set < count && (uint32_t)entry.target < count) {
		const struct restored *target = &restored[entry.target];
		const struct epset_entry again = { entry.fd, target->host, target->payload,
						   entry.event };

		if (restored[entry.set].payload && (target->host >= 0 || target->payload))
			epset_restore(restored[entry.set].payload, &again, target->class);
	}
	free(restored);
	return error;
}

int descriptors_restore(int file)
{
	FILE *from = fdopen(file, "r");
	int error;

	if (!from)
		return -errno;
	error = begin_empty();
	if (!error)
		error = restore_all(from);
	fclose(from);
	if (!error)
		fill_lowest();
	return error;
}
