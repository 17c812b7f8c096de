/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "passage.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fds.h"
#include "signals.h"
#include "sysroot.h"
#include "window.h"

#define PAGE ((size_t)VM_PAGE)

enum {
	PARTS = IOV_MAX,
	SMALL = 1 << 16, /* is copied rather than sent in parts */
	LARGE = 1 << 24, /* nothing of more than this is copied */
};

/* Of the guest's memory, for the time of a call. */
struct copy {
	struct copy *next;
	void *host;
	void *map; /* NULL: the copy is behind this structure */
	size_t mapped;
	uint64_t guest;
	size_t size; /* to be written back */
	unsigned int how;
};

/* Of a copy, beside enum passage_how: the host may not write to it, as the guest may not. */
enum { READ_ONLY = 1 << 16 };

/* -------------------------------------------------------------------------
 * What can be used.
 */

/*
 * An address that no program has memory at, as far from the next page; above all programs
 * if the guest's is: the host tells these two apart before it does anything.
 */
long passage_nowhere(const struct passage *passage, uint64_t at)
{
	const uint64_t beyond = UINT64_MAX - 2 * PAGE + 1;
	uint64_t end = vm_user_range(passage->thread->process->vm).end.v;

	return (long)((at < end ? PAGE : beyond) + at % PAGE);
}

static size_t usable(const struct space *space, uint64_t at, size_t size, unsigned int prot)
{
	size_t good = 0;

	while (good < size) {
		size_t follow;

		if (!space_at(space, guest_at(at + good), prot, &follow))
			return good;
		good += follow;
	}
	return size;
}

static void *in_one_piece(const struct space *space, uint64_t at, size_t size, unsigned int prot)
{
	size_t follow;
	void *host = space_at(space, guest_at(at), prot, &follow);

	return follow < size ? NULL : host;
}

bool passage_is_simple(const struct passage *passage, uint64_t at, size_t size, unsigned int prot)
{
	return size <= SMALL || (ssize_t)size < 0 ||
	       in_one_piece(passage->thread->process->space, at, size, prot);
}

/* -------------------------------------------------------------------------
 * Copies.
 */
static struct copy *add_copy(struct passage *passage, size_t size)
{
	struct copy *copy = malloc(sizeof *copy + size);

	if (!copy) {
		passage->failed = -ENOMEM;
		return NULL;
	}
	*copy = (struct copy){ .next = passage->copies, .host = copy + 1 };
	passage->copies = copy;
	return copy;
}

/* It ends with a page: who goes on behind it gets EFAULT, as the guest would. */
static struct copy *add_exact(struct passage *passage, size_t size)
{
	size_t whole = (size + PAGE - 1) / PAGE * PAGE;
	struct copy *copy = add_copy(passage, 0);
	uint8_t *map;

	if (!copy)
		return NULL;
	map = mmap(NULL, whole + PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		passage->failed = -ENOMEM;
		return NULL;
	}
	copy->map = map;
	copy->mapped = whole + PAGE;
	copy->host = map + whole - size;
	if (mprotect(map + whole, PAGE, PROT_NONE)) {
		passage->failed = -ENOMEM;
		return NULL;
	}
	return copy;
}

void *passage_room(struct passage *passage, size_t size)
{
	struct copy *copy = add_copy(passage, size);

	return copy ? copy->host : NULL;
}

static long copy_in(struct passage *passage, uint64_t at, size_t size, unsigned int prot,
		    unsigned int how)
{
	const struct space *space = passage->thread->process->space;
	struct copy *copy =
		how & PASSAGE_EXACT ? add_exact(passage, size) : add_copy(passage, size);

	if (!copy)
		return 0;
	if (!(how & PASSAGE_FILLED) && space_read(space, copy->host, guest_at(at), size))
		return passage_nowhere(passage, at);
	if (how & READ_ONLY && mprotect(copy->map, copy->mapped - PAGE, PROT_READ))
		passage->failed = -ENOMEM;
	if (prot & GUEST_WRITE) {
		copy->guest = at;
		copy->size = size;
		copy->how = how;
	}
	return (long)copy->host;
}

/* What the guest had when the call began it may have lost since: then that is its own doing. */
void passage_end(struct passage *passage, int64_t filled)
{
	while (passage->copies) {
		struct copy *copy = passage->copies;
		size_t size = copy->how & READ_ONLY ? 0 : copy->size;

		if (copy->how & PASSAGE_FILLED && filled < (int64_t)size)
			size = filled < 0 ? 0 : (size_t)filled;
		space_write(passage->thread->process->space, guest_at(copy->guest), copy->host,
			    size);
		passage->copies = copy->next;
		if (copy->map)
			munmap(copy->map, copy->mapped);
		free(copy);
	}
}

/* -------------------------------------------------------------------------
 * One argument.
 */
long passage_memory(struct passage *passage, uint64_t at, size_t size, unsigned int prot,
		    unsigned int how)
{
	const struct space *space = passage->thread->process->space;
	size_t good;
	void *host;

	if (!at)
		return 0;
	host = size ? in_one_piece(space, at, size, prot) : NULL;
	if (host && !(how & (PASSAGE_PRIVATE | PASSAGE_EXACT)))
		return (long)host;
	good = usable(space, at, size, prot);
	if (!good && prot & GUEST_WRITE) {
		good = usable(space, at, size, GUEST_READ);
		how |= READ_ONLY | PASSAGE_EXACT;
	}
	if (!good)
		return passage_nowhere(passage, at);
	/* what the host does before it finds out is done, and said by no result */
	if (good < size && good <= LARGE)
		how &= ~(unsigned int)PASSAGE_FILLED;
	if (good > LARGE && !(how & PASSAGE_FILLED))
		good = LARGE;
	return copy_in(passage, at, good, prot, good < size ? how | PASSAGE_EXACT : how);
}

long passage_name(struct passage *passage, uint64_t at)
{
	char room[PATH_MAX];
	long text = passage_text(passage, at);
	const char *name = (const char *)text, *found;

	/* what is not the program's memory, or has no end, has no name either */
	if (!passage->copies || passage->copies->host != name || passage->copies->map)
		return text;
	found = sysroot_find(name, room);
	if (found == room)
		strcpy(passage->copies->host, room);	/* which has PATH_MAX bytes */
	return text;
}

long passage_text(struct passage *passage, uint64_t at)
{
	const struct space *space = passage->thread->process->space;
	struct copy *copy;
	size_t good;

	if (!at)
		return 0;
	copy = add_copy(passage, PATH_MAX);
	if (!copy || space_read_string(space, copy->host, guest_at(at), PATH_MAX) != -EFAULT)
		return copy ? (long)copy->host : 0;
	/* the host finds no end, and then nothing */
	good = usable(space, at, PATH_MAX, GUEST_READ);
	return good ? copy_in(passage, at, good, GUEST_READ, PASSAGE_EXACT)
		    : passage_nowhere(passage, at);
}

long passage_mask(struct passage *passage, uint64_t at, uint64_t *size)
{
	passage->blocked = passage->thread->blocked;
	if (!at)
		*size = sizeof passage->blocked;
	else if (*size == sizeof passage->blocked &&
		 space_read(passage->thread->process->space, &passage->blocked, guest_at(at),
			    *size))
		return passage_nowhere(passage, at);
	passage->lends = true;
	return (long)&passage->blocked;
}

long passage_descriptor(uint64_t fd)
{
	return fds_hidden(fd) ? -1 : (long)fd;
}

/* -------------------------------------------------------------------------
 * Vectors.
 */

/* How many; what cannot be used is one of them, unless there is no room. */
static int add_parts(struct passage *passage, uint64_t at, size_t size, unsigned int prot,
		     struct iovec *part, int room)
{
	size_t sum = 0;
	int parts = 0;

	if ((ssize_t)size > 0)
		parts = space_parts(passage->thread->process->space, guest_at(at), size, prot, part,
				    room);
	if (parts < 0)
		parts = 0;
	for (int i = 0; i < parts; i++)
		sum += part[i].iov_len;
	if (parts < room && (sum < size || !size))
		part[parts++] =
			(struct iovec){ (void *)passage_nowhere(passage, at + sum), size - sum };
	return parts;
}

long passage_parts(struct passage *passage, uint64_t at, size_t size, unsigned int prot,
		   uint64_t *count)
{
	struct copy *copy = add_copy(passage, PARTS * sizeof(struct iovec));

	if (!copy)
		return 0;
	*count = (uint64_t)add_parts(passage, at, size, prot, copy->host, PARTS);
	return (long)copy->host;
}

/* What comes too late for the host is a short count. */
long passage_vector(struct passage *passage, uint64_t at, uint64_t *count, unsigned int prot)
{
	const struct space *space = passage->thread->process->space;
	struct copy *copy;
	int parts = 0;

	if (!at)
		return 0;
	if (!*count || *count > PARTS ||
	    usable(space, at, *count * sizeof(struct iovec), GUEST_READ) <
		    *count * sizeof(struct iovec))
		return passage_nowhere(passage, at);
	copy = add_copy(passage, PARTS * sizeof(struct iovec));
	if (!copy)
		return 0;
	for (uint64_t i = 0; i < *count && parts < PARTS; i++) {
		struct iovec one;

		if (space_read(space, &one, guest_at(at + i * sizeof one), sizeof one))
			return passage_nowhere(passage, at);
		parts += add_parts(passage, (uintptr_t)one.iov_base, one.iov_len, prot,
				   (struct iovec *)copy->host + parts, PARTS - parts);
	}
	*count = (uint64_t)parts;
	return (long)copy->host;
}

/* -------------------------------------------------------------------------
 * The call.
 */
static int64_t ask(long number, const long *a)
{
	long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	return result == -1 ? -errno : result;
}

/* The host has the guest's mask until the call ends, and then all signals blocked again. */
static int64_t lend(struct passage *passage, long number, const long *a)
{
	const uint64_t blocked = passage->blocked;
	int64_t result;

	passage->blocked |= signals_bit(SIGNALS_KICK);
	result = ask(number, a);
	if (passage->thread->signal.taken.signo)
		signals_lend_blocked(passage->thread, blocked);
	return result;
}

int64_t passage_call(struct passage *passage, long number, const long *a)
{
	if (passage->failed)
		return passage->failed;
	if (passage->lends)
		return lend(passage, number, a);
	return passage->waits ? window_call(passage->thread, number, a) : ask(number, a);
}

/* What is missed more often than there is room for is named more often. */
bool passage_names(const struct passage *passage, uint64_t what)
{
	static _Atomic uint64_t named[64];
	const size_t room = sizeof named / sizeof named[0];

	if (!passage->thread->process->verbose)
		return false;
	for (size_t i = 0; i < room; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong(&named[i], &none, what) || none == what)
			return none != what;
	}
	return true;
}

/* A table's call, while its arguments are translated. */
struct asked {
	struct passage passage;
	long number;
	const struct argument *is;
	uint64_t guest[CALLS_ARGUMENTS];
	long host[CALLS_ARGUMENTS];
	socklen_t length[CALLS_ARGUMENTS];
	size_t unit; /* of what the result counts */
};

/* What is too much for a buffer is too much for memory; less than nothing is the host's affair. */
static size_t size_of(const struct asked *asked, const struct argument *is)
{
	const uint64_t most = 1ull << 62;
	uint64_t count = 1;

	if (is->count == COUNT_LONG)
		count = asked->guest[is->by];
	else if (is->count == COUNT_INT)
		count = (int)asked->guest[is->by] < 0 ? 0 : (uint64_t)(int)asked->guest[is->by];
	else if (is->count == COUNT_LENGTH)
		count = (int)asked->length[is->by] < 0 ? 0 : asked->length[is->by];
	return count > most / is->size ? SIZE_MAX : count * is->size;
}

/* Calls of one buffer, and those that take it in parts. */
static long in_parts(long number)
{
	switch (number) {
	case SYS_read:
		return SYS_readv;
	case SYS_write:
		return SYS_writev;
	case SYS_pread64:
		return SYS_preadv;
	case SYS_pwrite64:
		return SYS_pwritev;
	default:
		return 0;
	}
}

static void pass_memory(struct asked *asked, int i)
{
	const struct argument *is = &asked->is[i];
	struct passage *passage = &asked->passage;
	size_t size = size_of(asked, is);
	uint64_t count;

	if (is->filled)
		asked->unit = is->size;
	if (in_parts(asked->number) &&
	    !passage_is_simple(passage, asked->guest[i], size, is->prot)) {
		asked->host[i] = passage_parts(passage, asked->guest[i], size, is->prot, &count);
		asked->host[i + 1] = (long)count;
		asked->number = in_parts(asked->number);
	} else {
		asked->host[i] = passage_memory(passage, asked->guest[i], size, is->prot,
						is->filled ? PASSAGE_FILLED : 0);
	}
}

static void pass_length(struct asked *asked, int i)
{
	const struct copy *copy;

	asked->host[i] = passage_memory(&asked->passage, asked->guest[i], sizeof asked->length[i],
					GUEST_WRITE, PASSAGE_PRIVATE);
	copy = asked->passage.copies;
	if (copy && (long)copy->host == asked->host[i])
		memcpy(&asked->length[i], copy->host, copy->size);
}

static void pass(struct asked *asked, int i)
{
	uint64_t count, value = asked->guest[i];

	switch ((enum kind)asked->is[i].kind) {
	case DESCRIPTOR:
		asked->host[i] = passage_descriptor(value);
		break;
	case NAME:
		asked->host[i] = passage_name(&asked->passage, value);
		break;
	case TEXT:
		asked->host[i] = passage_text(&asked->passage, value);
		break;
	case MEMORY:
		pass_memory(asked, i);
		break;
	case LENGTH:
		pass_length(asked, i);
		break;
	case VECTOR:
		count = asked->guest[i + 1];
		asked->host[i] = passage_vector(&asked->passage, value, &count, asked->is[i].prot);
		asked->host[i + 1] = (long)count;
		break;
	case SIGNALS:
		count = asked->guest[i + 1];
		asked->host[i] = passage_mask(&asked->passage, value, &count);
		asked->host[i + 1] = (long)count;
		break;
	case NUMBER:
		break;
	case NOTHING:
		asked->host[i] = 0;
		break;
	}
}

/* From the last one on: a length comes behind what it is of. */
static int64_t go(struct asked *asked, const uint64_t *argument)
{
	int64_t result;

	memcpy(asked->guest, argument, sizeof asked->guest);
	memcpy(asked->host, argument, sizeof asked->host);
	for (int i = CALLS_ARGUMENTS; i-- > 0;)
		pass(asked, i);
	result = passage_call(&asked->passage, asked->number, asked->host);
	passage_end(&asked->passage, result < 0 ? -1 : result * (int64_t)asked->unit);
	return result;
}

int64_t passage_ask(struct thread *thread, long number, const struct argument *is,
		    const uint64_t *argument)
{
	struct asked asked = { .passage = passage_begin(thread), .number = number, .is = is };

	return go(&asked, argument);
}

int64_t passage_wait(struct thread *thread, long number, const struct argument *is,
		     const uint64_t *argument)
{
	struct asked asked = { .passage = passage_begin_wait(thread), .number = number, .is = is };

	return go(&asked, argument);
}
