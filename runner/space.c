/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frames.h"

#define PAGE ((uint64_t)VM_PAGE)

/*
 * Pages with one protection and, in physical memory, in one piece. PROT_NONE has no
 * memory until it has been usable once; 0 says so.
 */
struct area {
	uint64_t start, end;
	uint64_t physical;
	unsigned int prot;
	bool sealed;		/* the program may not change it */
};

struct space {
	struct vm *vm;
	struct frames *frames;
	uint64_t low, high;	/* of user code */
	uint64_t break_start, break_end;
	struct area *area;	/* in order, none touches an other's pages */
	size_t areas, room;
};

/* -------------------------------------------------------------------------
 * The list.
 */
struct space *space_create(struct vm *vm)
{
	struct space *space = calloc(1, sizeof *space);
	struct guest_range user = vm_user_range(vm);

	if (!space)
		return NULL;
	space->vm = vm;
	space->low = user.start.v;
	space->high = user.end.v;
	space->frames = frames_create(vm);
	if (!space->frames) {
		free(space);
		return NULL;
	}
	return space;
}

void space_destroy(struct space *space)
{
	frames_destroy(space->frames);
	free(space->area);
	free(space);
}

/* The first area that ends behind `at`. */
static size_t search(const struct space *space, uint64_t at)
{
	size_t low = 0, high = space->areas;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (space->area[middle].end > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* So that an operation that adds `more` areas cannot fail in its middle. */
static int make_room(struct space *space, size_t more)
{
	size_t room = space->room ? space->room : 64;
	struct area *area;

	while (room < space->areas + more)
		room *= 2;
	if (room == space->room)
		return 0;
	area = realloc(space->area, room * sizeof *area);
	if (!area)
		return -ENOMEM;
	space->area = area;
	space->room = room;
	return 0;
}

static void insert(struct space *space, size_t number, struct area area)
{
	memmove(&space->area[number + 1], &space->area[number],
		(space->areas++ - number) * sizeof area);
	space->area[number] = area;
}

static void drop(struct space *space, size_t number)
{
	memmove(&space->area[number], &space->area[number + 1],
		(--space->areas - number) * sizeof space->area[0]);
}

/* An area begins at `at` or none is there. Needs room for one. */
static void split(struct space *space, uint64_t at)
{
	size_t number = search(space, at);
	struct area *area = &space->area[number], rest;

	if (number == space->areas || area->start >= at)
		return;
	rest = *area;
	rest.start = at;
	if (rest.physical)
		rest.physical += at - area->start;
	area->end = at;
	insert(space, number + 1, rest);
}

/* With the one before, if nothing tells them apart. */
static bool join(struct space *space, size_t number)
{
	struct area *before, *area;

	if (number == 0 || number >= space->areas)
		return false;
	area = &space->area[number];
	before = area - 1;
	if (before->end != area->start || before->prot != area->prot ||
	    before->sealed != area->sealed || !before->physical != !area->physical)
		return false;
	if (area->physical && before->physical + (before->end - before->start) != area->physical)
		return false;
	before->end = area->end;
	drop(space, number);
	return true;
}

static void join_around(struct space *space, uint64_t start, uint64_t end)
{
	size_t number = search(space, start ? start - 1 : 0);

	while (number < space->areas && space->area[number].start <= end)
		if (!join(space, number))
			number++;
}

bool space_area(const struct space *space, size_t number, struct space_area *area)
{
	const struct area *a = &space->area[number];

	if (number >= space->areas)
		return false;
	*area = (struct space_area){ { guest_at(a->start), guest_at(a->end) }, a->prot, a->sealed };
	return true;
}

/* -------------------------------------------------------------------------
 * Ranges that a system call names.
 */
static bool whole_pages(const struct space *space, uint64_t start, uint64_t *size)
{
	if (start % PAGE || *size > space->high)
		return false;
	*size = (*size + PAGE - 1) / PAGE * PAGE;
	return true;
}

static bool is_user(const struct space *space, uint64_t start, uint64_t size)
{
	return start >= space->low && start < space->high && size <= space->high - start;
}

static bool has_sealed(const struct space *space, uint64_t start, uint64_t end)
{
	for (size_t i = search(space, start); i < space->areas && space->area[i].start < end; i++)
		if (space->area[i].sealed)
			return true;
	return false;
}

/* -------------------------------------------------------------------------
 * Changes. The machine forgets a page before somebody else can have its memory.
 */
static void remove_pages(struct space *space, uint64_t start, uint64_t end)
{
	size_t number;

	split(space, start);
	split(space, end);
	number = search(space, start);
	while (number < space->areas && space->area[number].start < end) {
		struct area area = space->area[number];

		vm_unmap(space->vm, guest_at(area.start), area.end - area.start);
		if (area.physical)
			frames_give(space->frames, area.physical, area.end - area.start);
		drop(space, number);
	}
}

/* Needs room for one area. */
static int add_pages(struct space *space, uint64_t start, uint64_t end, unsigned int prot,
		     bool sealed)
{
	struct area area = { .start = start, .end = end, .prot = prot, .sealed = sealed };
	struct runner_error error;

	if (prot) {
		area.physical = frames_take(space->frames, end - start);
		if (!area.physical)
			return -ENOMEM;
		if (vm_map(space->vm, guest_at(start), area.physical, end - start, prot, &error)) {
			frames_give(space->frames, area.physical, end - start);
			return -ENOMEM;
		}
	}
	insert(space, search(space, start), area);
	return 0;
}

static int protect_area(struct space *space, struct area *area, unsigned int prot)
{
	struct runner_error error;
	uint64_t size = area->end - area->start;

	if (prot && !area->physical) {
		area->physical = frames_take(space->frames, size);
		if (!area->physical)
			return -ENOMEM;
	}
	if (area->prot != prot && area->physical &&
	    vm_map(space->vm, guest_at(area->start), area->physical, size, prot, &error))
		return -ENOMEM;
	area->prot = prot;
	return 0;
}

/* The most that one change adds: two splits and an area. */
enum { CHANGE = 3 };

static int replace(struct space *space, uint64_t start, uint64_t end, unsigned int prot, bool sealed)
{
	int failed = make_room(space, CHANGE);

	if (failed)
		return failed;
	remove_pages(space, start, end);
	failed = add_pages(space, start, end, prot, sealed);
	if (!failed)
		join_around(space, start, end);
	return failed;
}

int space_make(struct space *space, struct guest_range range, unsigned int prot, bool sealed)
{
	return replace(space, range.start.v, range.end.v, prot, sealed);
}

/* -------------------------------------------------------------------------
 * The crossing.
 */
static uint8_t *host_at(const struct space *space, const struct area *area, uint64_t at)
{
	return (uint8_t *)frames_at(space->frames, area->physical) + (at - area->start);
}

/* What may be executed or written can be read: the processors say so, or Linux does. */
static bool allows(unsigned int has, unsigned int wants)
{
	if (has)
		has |= GUEST_READ;
	return !(wants & ~has);
}

static const struct area *area_at(const struct space *space, uint64_t at)
{
	size_t number = search(space, at);

	return number < space->areas && space->area[number].start <= at ? &space->area[number] : NULL;
}

void *space_at(const struct space *space, guest_addr at, unsigned int prot, size_t *follow)
{
	const struct area *area = area_at(space, at.v);

	*follow = 0;
	if (!area || !area->physical || !allows(area->prot, prot))
		return NULL;
	*follow = area->end - at.v;
	return host_at(space, area, at.v);
}

int space_parts(const struct space *space, guest_addr at, size_t size, unsigned int prot,
		struct iovec *part, int room)
{
	int parts = 0;

	while (size && parts < room) {
		size_t follow;
		void *host = space_at(space, at, prot, &follow);

		if (!host)
			return parts ? parts : -EFAULT;
		if (follow > size)
			follow = size;
		part[parts++] = (struct iovec){ host, follow };
		at.v += follow;
		size -= follow;
	}
	return parts;
}

int space_read(const struct space *space, void *to, guest_addr from, size_t size)
{
	uint8_t *bytes = to;

	while (size) {
		size_t follow;
		const void *host = space_at(space, from, GUEST_READ, &follow);

		if (!host)
			return -EFAULT;
		if (follow > size)
			follow = size;
		memcpy(bytes, host, follow);
		bytes += follow;
		from.v += follow;
		size -= follow;
	}
	return 0;
}

static int put(const struct space *space, guest_addr to, const void *from, size_t size, unsigned int prot)
{
	const uint8_t *bytes = from;

	while (size) {
		size_t follow;
		void *host = space_at(space, to, prot, &follow);

		if (!host)
			return -EFAULT;
		if (follow > size)
			follow = size;
		memcpy(host, bytes, follow);
		bytes += follow;
		to.v += follow;
		size -= follow;
	}
	return 0;
}

int space_write(const struct space *space, guest_addr to, const void *from, size_t size)
{
	return put(space, to, from, size, GUEST_WRITE);
}

int space_fill(struct space *space, guest_addr to, const void *from, size_t size)
{
	return put(space, to, from, size, 0);
}

int space_read_string(const struct space *space, char *to, guest_addr from, size_t room)
{
	while (room) {
		size_t follow, length;
		const char *host = space_at(space, from, GUEST_READ, &follow);

		if (!host)
			return -EFAULT;
		if (follow > room)
			follow = room;
		length = strnlen(host, follow);
		memcpy(to, host, length < follow ? length + 1 : follow);
		if (length < follow)
			return 0;
		to += follow;
		from.v += follow;
		room -= follow;
	}
	return -ENAMETOOLONG;
}

/* -------------------------------------------------------------------------
 * System calls.
 */
void space_set_break(struct space *space, guest_addr start)
{
	space->break_start = space->break_end = (start.v + PAGE - 1) / PAGE * PAGE;
}

static bool is_free(const struct space *space, uint64_t start, uint64_t end)
{
	size_t number = search(space, start);

	return number == space->areas || space->area[number].start >= end;
}

/* The break as it is then. Its pages are the heap's, from the page behind the program on. */
uint64_t space_brk(struct space *space, guest_addr end)
{
	uint64_t old = (space->break_end + PAGE - 1) / PAGE * PAGE;
	uint64_t new = end.v > space->high ? 0 : (end.v + PAGE - 1) / PAGE * PAGE;

	if (new < space->break_start || (new > old && (!is_free(space, old, new) || new > space->high)))
		return space->break_end;
	if (make_room(space, CHANGE))
		return space->break_end;
	if (new < old)
		remove_pages(space, new, old);
	if (new > old && add_pages(space, old, new, GUEST_READ | GUEST_WRITE, false))
		return space->break_end;
	join_around(space, old, new);
	space->break_end = end.v;
	return end.v;
}

/* From above down, as Linux does, with room for the stack: 0 if there is none. */
static uint64_t find_room(const struct space *space, uint64_t size)
{
	const uint64_t above = 1ull << 27;
	uint64_t end = space->high - above;

	for (size_t i = space->areas; i-- > 0;) {
		const struct area *area = &space->area[i];

		if (area->start >= end)
			continue;
		if (area->end <= end && end - area->end >= size)
			break;
		end = area->start;
	}
	return end >= size + space->low ? end - size : 0;
}

static unsigned int to_guest(int prot)
{
	return (prot & PROT_READ ? GUEST_READ : 0) | (prot & PROT_WRITE ? GUEST_WRITE : 0) |
	       (prot & PROT_EXEC ? GUEST_EXEC : 0);
}

/* A private mapping is a copy from the start; behind the file's end there are zeros. */
static int copy_file(struct space *space, uint64_t start, uint64_t size, int fd, uint64_t offset)
{
	const struct area *area = area_at(space, start);
	uint8_t *host = host_at(space, area, start);

	while (size) {
		ssize_t got = pread(fd, host, size, (off_t)offset);

		if (got < 0 && errno != EINTR)
			return errno == EISDIR || errno == ESPIPE ? -ENODEV : -errno;
		if (got == 0)
			return 0;
		if (got > 0) {
			host += got;
			size -= (uint64_t)got;
			offset += (uint64_t)got;
		}
	}
	return 0;
}

/* MAP_PRIVATE, or anonymous memory that no fork shares; MAP_SHARED of a file is not there. */
static int check_flags(int prot, int flags, uint64_t offset)
{
	const int known = MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_NORESERVE |
			  MAP_STACK | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_POPULATE | MAP_LOCKED |
			  MAP_NONBLOCK;
	int type = flags & MAP_TYPE;

	if (offset % PAGE || prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	if (flags & ~known)
		return -EOPNOTSUPP;
	if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE)
		return flags & MAP_ANONYMOUS || !(prot & PROT_WRITE) ? 0 : -ENODEV;
	return type == MAP_PRIVATE ? 0 : -EINVAL;
}

int64_t space_mmap(struct space *space, guest_addr near, uint64_t size, int prot, int flags, int fd,
		   uint64_t offset)
{
	const bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	uint64_t at = near.v;
	int failed = check_flags(prot, flags, offset);

	if (failed)
		return failed;
	if (!size)
		return -EINVAL;
	if (!fixed)
		at = at / PAGE * PAGE;
	else if (at % PAGE)
		return -EINVAL;
	if (!whole_pages(space, at, &size))
		return -ENOMEM;
	if (fixed && !is_user(space, at, size))
		return at < space->low ? -EPERM : -ENOMEM;
	if (flags & MAP_FIXED_NOREPLACE && !is_free(space, at, at + size))
		return -EEXIST;
	if (fixed && has_sealed(space, at, at + size))
		return -EPERM;
	if (!fixed && (!at || !is_user(space, at, size) || !is_free(space, at, at + size)))
		at = find_room(space, size);
	if (!at)
		return -ENOMEM;
	failed = replace(space, at, at + size, to_guest(prot | (flags & MAP_ANONYMOUS ? 0 : PROT_READ)),
			 false);
	if (!failed && !(flags & MAP_ANONYMOUS))
		failed = copy_file(space, at, size, fd, offset);
	if (!failed && !(flags & MAP_ANONYMOUS) && !(prot & PROT_READ))
		failed = space_mprotect(space, guest_at(at), size, prot);
	if (failed) {
		if (!make_room(space, CHANGE))
			remove_pages(space, at, at + size);
		return failed;
	}
	return (int64_t)at;
}

int space_munmap(struct space *space, guest_addr at, uint64_t size)
{
	int failed;

	if (!size || !whole_pages(space, at.v, &size) || at.v > space->high ||
	    size > space->high - at.v)
		return -EINVAL;
	if (has_sealed(space, at.v, at.v + size))
		return -EPERM;
	failed = make_room(space, CHANGE);
	if (!failed)
		remove_pages(space, at.v, at.v + size);
	return failed;
}

/* Linux changes what comes before a hole, then says ENOMEM. */
int space_mprotect(struct space *space, guest_addr at, uint64_t size, int prot)
{
	uint64_t end;
	size_t number;
	int failed = 0;

	if (at.v % PAGE || prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	if (!size)
		return 0;
	if (!whole_pages(space, at.v, &size) || !is_user(space, at.v, size))
		return -ENOMEM;
	end = at.v + size;
	if (has_sealed(space, at.v, end))
		return -EPERM;
	failed = make_room(space, CHANGE);
	if (failed)
		return failed;
	split(space, at.v);
	split(space, end);
	number = search(space, at.v);
	for (uint64_t next = at.v; next < end && !failed; number++) {
		struct area *area = &space->area[number];

		if (number == space->areas || area->start != next) {
			failed = -ENOMEM;
			break;
		}
		next = area->end;
		failed = protect_area(space, area, to_guest(prot));
	}
	join_around(space, at.v, end);
	return failed;
}
