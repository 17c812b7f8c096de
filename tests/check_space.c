/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address space on a machine that does nothing: what is reached and what is not, and
 * that page tables, memory and errors are what Linux makes of the same calls.
 */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-memory.h"
#include "runner-fake.h"
#include "space.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define PAGE ((uint64_t)VM_PAGE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define LARGE_PAGE ((size_t)16384)
#define BOTH (PROT_READ | PROT_WRITE)

static struct vm *vm;
static struct space *space;

static void set_up(void)
{
	struct runner_error error;

	ck_assert_int_eq(vm_create(&vm, &error), 0);
	space = space_create(vm);
	ck_assert_ptr_nonnull(space);
}

static void set_up_large(void)
{
	host_page_set(LARGE_PAGE);
	set_up();
}

static void tear_down(void)
{
	space_destroy(space);
	vm_destroy(vm);
}

static struct guest_range range(uint64_t start, uint64_t pages)
{
	return (struct guest_range){ guest_at(start), guest_at(start + pages * PAGE) };
}

static uint64_t map(uint64_t at, uint64_t pages, int prot, int flags, int fd)
{
	int64_t got =
		space_mmap(space, guest_at(at), pages * PAGE, prot,
			   flags | (fd < 0 ? MAP_ANONYMOUS : 0) | (at ? MAP_FIXED : 0), fd, 0);

	ck_assert_msg(got > 0, "mmap: %lld", (long long)got);
	return (uint64_t)got;
}

static char byte_at(uint64_t at)
{
	char byte = '!';

	ck_assert_int_eq(space_read(space, &byte, guest_at(at), 1), 0);
	return byte;
}

static void put(uint64_t at, char byte)
{
	ck_assert_int_eq(space_write(space, guest_at(at), &byte, 1), 0);
}

static uint64_t physical_at(uint64_t at)
{
	uint64_t physical = 0;
	unsigned int prot;

	fake_page(guest_at(at), &physical, &prot);
	return physical;
}

/*
 * What only a host with Linux's mremap() and madvise() can do: where check_space_macos is made,
 * it has macOS's files in their place.
 */
#ifdef CHECK_MACOS
#define LINUX_HOST false
#else
#define LINUX_HOST true
#endif

/* Otherwise mappings stay where they are, and in memory of one everything does. */
static bool is_exact(void)
{
	return LINUX_HOST && host_page() == VM_PAGE;
}

/* The machine hears of each mapping of the host's that takes another's place. */
static uint64_t told; /* how often, of the memory that was asked about last */

static bool tells(uint64_t physical, uint64_t pages)
{
	const uint64_t before = told;

	told = fake_changes(physical, pages * PAGE);
	return told > before;
}

static void ask(uint64_t physical, uint64_t pages)
{
	tells(physical, pages);
}

/* A file whose pages are 'a', 'b' ...; the last is half there. */
static int file_of(unsigned int pages)
{
	int fd = memfd_create("check_space", 0);
	char page[VM_PAGE];

	for (unsigned int i = 0; i < pages; i++) {
		size_t size = i + 1 < pages ? sizeof page : sizeof page / 2;

		memset(page, 'a' + (int)i, sizeof page);
		ck_assert_int_eq(write(fd, page, size), (ssize_t)size);
	}
	return fd;
}

/* -------------------------------------------------------------------------
 * What is not the program's: no call reaches, unmaps, moves, protects or advises it.
 */
#define SEALED 0x200000ull /* a page; the program's before and behind it */
#define OWN_PAGE 0x7ffffffff000ull
#define KERNEL 0xffff800000000000ull

static int64_t try_mmap(uint64_t at, uint64_t size)
{
	return space_mmap(space, guest_at(at), size, BOTH, ANONYMOUS | MAP_FIXED, -1, 0);
}

static int64_t try_replace(uint64_t at, uint64_t size)
{
	return space_mmap(space, guest_at(at), size, BOTH, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

static int64_t try_munmap(uint64_t at, uint64_t size)
{
	return space_munmap(space, guest_at(at), size);
}

static int64_t try_mprotect(uint64_t at, uint64_t size)
{
	return space_mprotect(space, guest_at(at), size, BOTH);
}

static int64_t try_protect_nothing(uint64_t at, uint64_t size)
{
	return space_mprotect(space, guest_at(at), size, PROT_NONE);
}

static int64_t try_source(uint64_t at, uint64_t size)
{
	return space_mremap(space, guest_at(at), size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    guest_at(0x900000));
}

static int64_t try_left_behind(uint64_t at, uint64_t size)
{
	return space_mremap(space, guest_at(at), size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
			    guest_at(0));
}

static int64_t try_shrink(uint64_t at, uint64_t size)
{
	return space_mremap(space, guest_at(at), size + PAGE, size, 0, guest_at(0));
}

static int64_t try_destination(uint64_t at, uint64_t size)
{
	return space_mremap(space, guest_at(0x800000), size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    guest_at(at));
}

static int64_t try_twice(uint64_t at, uint64_t size)
{
	return space_mremap(space, guest_at(at), 0, size, MREMAP_MAYMOVE, guest_at(0));
}

static int64_t try_dontneed(uint64_t at, uint64_t size)
{
	return space_madvise(space, guest_at(at), size, MADV_DONTNEED);
}

static int64_t try_wipe(uint64_t at, uint64_t size)
{
	return space_madvise(space, guest_at(at), size, MADV_WIPEONFORK);
}

static int64_t try_dontfork(uint64_t at, uint64_t size)
{
	return space_madvise(space, guest_at(at), size, MADV_DONTFORK);
}

static int64_t try_lock(uint64_t at, uint64_t size)
{
	return space_mlock(space, guest_at(at), size, 0);
}

static int64_t try_unlock(uint64_t at, uint64_t size)
{
	return space_munlock(space, guest_at(at), size);
}

static int64_t try_write(uint64_t at, uint64_t size)
{
	/* its last byte: what is in front of it may be the program's */
	return space_write(space, guest_at(at + size - 1), "x", 1);
}

static const struct {
	const char *name;
	int64_t (*call)(uint64_t at, uint64_t size);
	int sealed, outside; /* the error; 0: any */
} attempts[] = {
	{ "mmap", try_mmap, -EPERM, -ENOMEM },
	{ "mmap, not replacing", try_replace, -EEXIST, -ENOMEM },
	{ "munmap", try_munmap, -EPERM, -EINVAL },
	{ "mprotect", try_mprotect, -EPERM, -ENOMEM },
	{ "mprotect none", try_protect_nothing, -EPERM, -ENOMEM },
	{ "mremap from", try_source, -EINVAL, 0 },
	{ "mremap leaving", try_left_behind, -EINVAL, 0 },
	{ "mremap shrinking", try_shrink, -EINVAL, 0 },
	{ "mremap to", try_destination, -EINVAL, -EINVAL },
	{ "mremap twice", try_twice, -EINVAL, 0 },
	{ "madvise", try_dontneed, -EPERM, 0 },
	{ "madvise wipe", try_wipe, -EPERM, 0 },
	{ "madvise fork", try_dontfork, -EPERM, 0 },
	{ "mlock", try_lock, -EPERM, 0 },
	{ "munlock", try_unlock, -EPERM, 0 },
	{ "write", try_write, -EFAULT, -EFAULT },
};

static void prepare_sealed(void)
{
	ck_assert_int_eq(space_make(space, range(SEALED, 1), GUEST_READ | GUEST_EXEC, true), 0);
	ck_assert_int_eq(space_fill(space, guest_at(SEALED), "sealed", 6), 0);
	map(SEALED - 2 * PAGE, 2, BOTH, MAP_PRIVATE, -1);
	map(SEALED + PAGE, 2, BOTH, MAP_PRIVATE, -1);
	map(0x800000, 8, BOTH, MAP_PRIVATE, -1);
	ck_assert_int_eq(space_reserve(space, range(KERNEL, 6), "[shim-data]"), 0);
	ck_assert_int_eq(space_reserve(space, range(OWN_PAGE, 1), "[shim]"), 0);
}

static void check_sealed(const char *name, uint64_t physical, size_t pages)
{
	char bytes[6];
	unsigned int prot = 0;
	uint64_t now = 0;

	ck_assert_int_eq(space_read(space, bytes, guest_at(SEALED), sizeof bytes), 0);
	ck_assert_msg(!memcmp(bytes, "sealed", 6), "%s: other bytes", name);
	ck_assert_msg(fake_page(guest_at(SEALED), &now, &prot) && now == physical, "%s: moved",
		      name);
	ck_assert_msg(prot == (GUEST_READ | GUEST_EXEC), "%s: protection %u", name, prot);
	ck_assert_msg(fake_pages() == pages, "%s: %zu pages, not %zu", name, fake_pages(), pages);
}

static void attempt(size_t i, uint64_t at, uint64_t size, int want)
{
	uint64_t physical = physical_at(SEALED);
	size_t pages = fake_pages();
	int64_t got = attempts[i].call(at, size);

	ck_assert_msg(want ? got == want : got < 0, "%s %#llx, %llu: %lld", attempts[i].name,
		      (unsigned long long)at, (unsigned long long)size, (long long)got);
	check_sealed(attempts[i].name, physical, pages);
}

START_TEST(test_sealed)
{
	static const struct {
		uint64_t at, size;
	} places[] = { { SEALED, PAGE },
		       { SEALED, 1 },
		       { SEALED - PAGE, 2 * PAGE },
		       { SEALED - PAGE, PAGE + 1 },
		       { SEALED, 2 * PAGE },
		       { SEALED - 2 * PAGE, 5 * PAGE } };

	prepare_sealed();
	for (size_t i = 0; i < COUNT(attempts); i++)
		for (size_t j = 0; j < COUNT(places); j++) {
			uint64_t size = places[j].size;

			/* the program may write to the last byte where that is its own */
			if (attempts[i].call == try_write)
				size = SEALED + 1 - places[j].at;
			/* and a second mapping begins at the sealed page or is of another */
			if (attempts[i].call == try_twice && places[j].at != SEALED)
				continue;
			attempt(i, places[j].at, size, attempts[i].sealed);
		}
}
END_TEST

START_TEST(test_outside)
{
	static const uint64_t places[] = { OWN_PAGE,	      OWN_PAGE + PAGE, KERNEL,
					   KERNEL + 3 * PAGE, 0x800000000000,  (uint64_t)0 - PAGE };

	prepare_sealed();
	for (size_t i = 0; i < COUNT(attempts); i++)
		for (size_t j = 0; j < COUNT(places); j++)
			attempt(i, places[j], PAGE, attempts[i].outside);
}
END_TEST

/* An area that grows stops in front of what is sealed, or goes elsewhere. */
START_TEST(test_growing_tail)
{
	const uint64_t at = SEALED - 2 * PAGE;
	size_t pages;
	int64_t got;

	prepare_sealed();
	pages = fake_pages();
	ck_assert_int_eq(space_mremap(space, guest_at(at), 2 * PAGE, 3 * PAGE, 0, guest_at(0)),
			 -ENOMEM);
	check_sealed("grown", physical_at(SEALED), pages);
	got = space_mremap(space, guest_at(at), 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, guest_at(0));
	ck_assert_int_gt(got, 0);
	ck_assert_uint_ne((uint64_t)got, at);
	check_sealed("moved", physical_at(SEALED), pages + 1);
	/* the end of user code */
	map(OWN_PAGE - 2 * PAGE, 2, BOTH, MAP_PRIVATE, -1);
	ck_assert_int_eq(space_mremap(space, guest_at(OWN_PAGE - 2 * PAGE), 2 * PAGE, 4 * PAGE, 0,
				      guest_at(0)),
			 -ENOMEM);
	/* the heap */
	space_set_break(space, guest_at(SEALED - 8 * PAGE));
	ck_assert_uint_eq(space_brk(space, guest_at(SEALED + PAGE)), SEALED - 8 * PAGE);
	check_sealed("heap", physical_at(SEALED), pages + 3);
}
END_TEST

/* -------------------------------------------------------------------------
 * Files.
 */
START_TEST(test_file)
{
	int fd = file_of(3);
	const uint64_t private = map(0, 4, BOTH, MAP_PRIVATE, fd),
		       shared = map(0, 4, BOTH, MAP_SHARED, fd);
	char bytes[2 * VM_PAGE], byte;

	ck_assert_int_eq(byte_at(private), 'a');
	ck_assert_int_eq(byte_at(shared + 2 * PAGE), 'c');
	ck_assert_int_eq(byte_at(shared + 3 * PAGE - 1), 0);
	put(private, 'P');
	put(shared + PAGE, 'S');
	ck_assert_int_eq(pread(fd, &byte, 1, 0), 1);
	ck_assert_int_eq(byte, 'a');
	ck_assert_int_eq(pread(fd, &byte, 1, VM_PAGE), 1);
	ck_assert_int_eq(byte, 'S');
	/* behind its end, and across */
	ck_assert_int_eq(space_read(space, bytes, guest_at(shared + 3 * PAGE), 1), -EFAULT);
	ck_assert_int_eq(space_read(space, bytes, guest_at(shared + 3 * PAGE - 4), 8), -EFAULT);
	ck_assert_int_eq(space_read(space, bytes, guest_at(shared + 3 * PAGE - 4), 4), 0);
	ck_assert_int_eq(space_write(space, guest_at(shared + 3 * PAGE - 4), bytes, 8), -EFAULT);
	ck_assert_int_eq(space_write(space, guest_at(private + 3 * PAGE), bytes, 1), -EFAULT);
	ck_assert_int_eq(
		space_read_string(space, bytes, guest_at(private + 2 * PAGE), sizeof bytes), 0);
	ck_assert_uint_eq(strlen(bytes), PAGE / 2);
	memset(bytes, 'x', VM_PAGE);
	ck_assert_int_eq(space_write(space, guest_at(private + 2 * PAGE), bytes, VM_PAGE), 0);
	ck_assert_int_eq(
		space_read_string(space, bytes, guest_at(private + 2 * PAGE), sizeof bytes),
		-EFAULT);
	ck_assert_int_eq(space_read_string(space, bytes, guest_at(private + 2 * PAGE), 10),
			 -ENAMETOOLONG);
	/* it gets shorter */
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(space_read(space, bytes, guest_at(shared), 1), -EFAULT);
	close(fd);
}
END_TEST

/* The frames of a mapping that is gone are memory as any other. */
START_TEST(test_frames)
{
	for (int i = 0; i < 50; i++) {
		int fd = file_of(4);
		uint64_t file =
			map(0, 4, i % 2 ? BOTH : PROT_READ, i % 3 ? MAP_SHARED : MAP_PRIVATE, fd);
		uint64_t physical = physical_at(file), memory;

		close(fd);
		ck_assert_int_eq(space_munmap(space, guest_at(file + PAGE), PAGE), 0);
		ck_assert_int_eq(space_munmap(space, guest_at(file), 4 * PAGE), 0);
		memory = map(0, 4, BOTH, MAP_PRIVATE, -1);
		ck_assert_uint_eq(physical_at(memory), physical);
		for (uint64_t page = 0; page < 4; page++) {
			ck_assert_int_eq(byte_at(memory + page * PAGE), 0);
			put(memory + page * PAGE, 'm');
		}
		ck_assert_int_eq(space_munmap(space, guest_at(memory), 4 * PAGE), 0);
	}
}
END_TEST

/* Any page of a file, where the host's are larger; its neighbours there are nobody else's. */
START_TEST(test_pieces)
{
	const int fd = file_of(8);
	const int64_t at = space_mmap(space, guest_at(0), 6 * PAGE, BOTH, MAP_SHARED, fd, PAGE);
	const uint64_t first = (uint64_t)at, physical = physical_at(first);
	uint64_t memory;
	char byte;

	ck_assert_int_gt(at, 0);
	ck_assert_int_eq(byte_at(first), 'b');
	ck_assert_int_eq(byte_at(first + 5 * PAGE), 'g');
	put(first, 'B');
	ck_assert_int_eq(pread(fd, &byte, 1, VM_PAGE), 1);
	ck_assert_int_eq(byte, 'B');
	ck_assert_int_eq(space_munmap(space, guest_at(first + PAGE), 5 * PAGE), 0);
	memory = map(0, 16, BOTH, MAP_PRIVATE, -1);
	for (uint64_t page = memory; page < memory + 16 * PAGE; page += PAGE) {
		ck_assert_uint_ne(host_page_down(physical_at(page)), host_page_down(physical));
		ck_assert_int_eq(byte_at(page), 0);
		put(page, 'm');
	}
	ck_assert_int_eq(byte_at(first), 'B');
	for (int page = 0; page < 8; page++) {
		ck_assert_int_eq(pread(fd, &byte, 1, page * VM_PAGE), 1);
		ck_assert_int_eq(byte, page == 1 ? 'B' : 'a' + page);
	}
	/* all of them are zeros again when the last has gone */
	ck_assert_int_eq(space_munmap(space, guest_at(first), PAGE), 0);
	ck_assert(tells(host_page_down(physical), 1));
	ck_assert_uint_eq(physical_at(map(first, 1, BOTH, MAP_PRIVATE, -1)),
			  host_page_down(physical));
	ck_assert_int_eq(byte_at(first), 0);
	/* of memory, each page by itself */
	ck_assert_int_eq(space_madvise(space, guest_at(memory + PAGE), PAGE, MADV_DONTNEED), 0);
	ck_assert_int_eq(byte_at(memory), 'm');
	ck_assert_int_eq(byte_at(memory + PAGE), 0);
	ck_assert_int_eq(byte_at(memory + 2 * PAGE), 'm');
	close(fd);
}
END_TEST

static struct vm_exit fault(uint64_t at, int signal_number, int code)
{
	struct vm_exit exit = { .why = VM_FAULT };

	exit.fault.signal = signal_number;
	exit.fault.code = code;
	exit.fault.address = guest_at(at);
	return exit;
}

/* A page behind the end: hidden, then SIGBUS; and there again when the file has it. */
START_TEST(test_fault)
{
	int fd = file_of(3);
	const uint64_t at = map(0, 6, PROT_READ, MAP_SHARED, fd);
	struct vm_exit exit = fault(0, SIGBUS, BUS_ADRERR);

	ck_assert_uint_eq(fake_pages(), 6);
	ck_assert(space_fault(space, &exit));
	ck_assert_uint_eq(fake_pages(), 3);
	ck_assert_uint_ne(physical_at(at + 2 * PAGE), 0);
	ck_assert(!space_fault(space, &exit)); /* that was not it */
	exit = fault(at + 4 * PAGE + 5, SIGSEGV, SEGV_MAPERR);
	ck_assert(!space_fault(space, &exit));
	ck_assert_int_eq(exit.fault.signal, SIGBUS);
	ck_assert_int_eq(exit.fault.code, BUS_ADRERR);
	ck_assert_uint_eq(exit.fault.address.v, at + 4 * PAGE + 5);
	ck_assert_int_eq(ftruncate(fd, 5 * VM_PAGE), 0);
	exit = fault(at + 4 * PAGE + 5, SIGSEGV, SEGV_MAPERR);
	ck_assert(space_fault(space, &exit));
	ck_assert_uint_ne(physical_at(at + 4 * PAGE), 0);
	/* others are the program's own */
	exit = fault(at + 6 * PAGE, SIGSEGV, SEGV_MAPERR);
	ck_assert(!space_fault(space, &exit));
	ck_assert_int_eq(exit.fault.code, SEGV_MAPERR);
	exit = fault(at, SIGSEGV, SEGV_ACCERR);
	ck_assert(!space_fault(space, &exit));
	ck_assert_int_eq(space_mprotect(space, guest_at(at), PAGE, PROT_NONE), 0);
	exit = fault(at, SIGSEGV, SEGV_MAPERR);
	ck_assert(!space_fault(space, &exit));
	ck_assert_int_eq(exit.fault.code, SEGV_ACCERR);
	close(fd);
}
END_TEST

/* What a processor remembered of a page that may be written now. */
START_TEST(test_remembered)
{
	const uint64_t at = map(0, 2, PROT_READ, MAP_PRIVATE, -1);
	struct vm_exit exit = fault(at + 5, SIGSEGV, SEGV_ACCERR);

	exit.fault.prot = GUEST_WRITE;
	ck_assert(!space_fault(space, &exit));
	ck_assert_int_eq(space_mprotect(space, guest_at(at), PAGE, BOTH), 0);
	ck_assert(space_fault(space, &exit));
	exit.fault.prot = GUEST_EXEC;
	ck_assert(!space_fault(space, &exit));
	exit = fault(at + PAGE, SIGSEGV, SEGV_ACCERR);
	exit.fault.prot = GUEST_WRITE;
	ck_assert(!space_fault(space, &exit));
	ck_assert_int_eq(exit.fault.code, SEGV_ACCERR);
}
END_TEST

START_TEST(test_lazy)
{
	const uint64_t pages = (64ull << 20) / PAGE, at = map(0, pages, BOTH, MAP_PRIVATE, -1);
	struct vm_exit exit = fault(at + 5000 * PAGE, SIGSEGV, SEGV_MAPERR);
	uint64_t shown;

	ck_assert_uint_eq(fake_pages(), 0);
	put(at + 5000 * PAGE, 'x');
	ck_assert(space_fault(space, &exit));
	shown = fake_pages();
	ck_assert_uint_gt(shown, 1);
	ck_assert_uint_le(shown, 512);
	ck_assert_uint_ne(physical_at(at + 5000 * PAGE), 0);
	ck_assert_int_eq(space_mprotect(space, guest_at(at), pages * PAGE, PROT_READ), 0);
	ck_assert_uint_eq(fake_pages(), 0);
	ck_assert(space_fault(space, &exit));
	ck_assert_int_eq(byte_at(at + 5000 * PAGE), 'x');
	ck_assert_int_eq(space_munmap(space, guest_at(at), pages * PAGE), 0);
	ck_assert_uint_eq(fake_pages(), 0);
	ck_assert(!space_fault(space, &exit));
}
END_TEST

START_TEST(test_stack)
{
	const uint64_t top = 0x10000000;
	struct vm_exit exit = fault(top - 20 * PAGE + 8, SIGSEGV, SEGV_MAPERR);

	map(top - 4 * PAGE, 4, BOTH, MAP_PRIVATE, -1);
	ck_assert(!space_fault(space, &exit));
	ck_assert_int_eq(space_set_stack(space, range(top - 4 * PAGE, 4)), 0);
	ck_assert(space_fault(space, &exit));
	ck_assert_uint_eq(fake_pages(), 20);
	put(top - 20 * PAGE, 's');
	/* not as near as that to what is below */
	map(top - 300 * PAGE, 1, BOTH, MAP_PRIVATE, -1);
	exit = fault(top - 280 * PAGE, SIGSEGV, SEGV_MAPERR);
	ck_assert(!space_fault(space, &exit));
}
END_TEST

/* -------------------------------------------------------------------------
 * mremap.
 */
START_TEST(test_move)
{
	const uint64_t to = 0x500000, hole = map(0, 4, BOTH, MAP_PRIVATE, -1);
	const uint64_t at = map(0x400000, 3, BOTH, MAP_PRIVATE, -1), physical = physical_at(at);

	ck_assert_int_eq(space_munmap(space, guest_at(hole), 4 * PAGE), 0);
	for (uint64_t i = 0; i < 3; i++)
		put(at + i * PAGE, (char)('A' + i));
	ck_assert_int_eq(space_mremap(space, guest_at(at), 3 * PAGE, 3 * PAGE,
				      MREMAP_MAYMOVE | MREMAP_FIXED, guest_at(to)),
			 (int64_t)to);
	for (uint64_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(physical_at(to + i * PAGE), physical + i * PAGE);
		ck_assert_uint_eq(physical_at(at + i * PAGE), 0);
		ck_assert_int_eq(byte_at(to + i * PAGE), (char)('A' + i));
	}
	/* longer, in one piece in physical memory, too */
	ck_assert_int_eq(space_mremap(space, guest_at(to), 3 * PAGE, 5 * PAGE, 0, guest_at(0)),
			 (int64_t)to);
	ck_assert_uint_eq(physical_at(to + 4 * PAGE), physical + 4 * PAGE);
	ck_assert_int_eq(byte_at(to + 4 * PAGE), 0);
	ck_assert_uint_eq(fake_pages(), 5);
}
END_TEST

/* Of shared memory there is no more than at first, as of a file. */
START_TEST(test_grown)
{
	const uint64_t at = map(0x400000, 2, BOTH, MAP_SHARED, -1), physical = physical_at(at);
	const uint64_t other = map(0x600000, 2, BOTH, MAP_SHARED, -1);
	char byte;

	if (!is_exact()) {
		put(at + PAGE, 'x');
		ck_assert_int_eq(space_mremap(space, guest_at(at), 2 * PAGE, 3 * PAGE, 0,
					      guest_at(0)), -ENOMEM);
		ck_assert(LINUX_HOST || space_mremap(space, guest_at(other), 0, 3 * PAGE,
						     MREMAP_MAYMOVE, guest_at(0)) == -ENOMEM);
		ck_assert_uint_eq(physical_at(at), physical);
		ck_assert_int_eq(byte_at(at + PAGE), 'x');
		return;
	}
	put(at + PAGE, 'x');
	put(other + PAGE, 'x');
	ck_assert_int_eq(space_mremap(space, guest_at(at), 2 * PAGE, 3 * PAGE, 0, guest_at(0)),
			 (int64_t)at);
	ck_assert_int_eq(byte_at(at + PAGE), 'x');
	ck_assert_int_eq(space_read(space, &byte, guest_at(at + 2 * PAGE), 1), -EFAULT);
	/* where it was there is memory again */
	ck_assert_uint_eq(physical_at(map(0x700000, 2, BOTH, MAP_PRIVATE, -1)), physical);
	put(0x700000, 'y');
	ck_assert_int_eq(space_mremap(space, guest_at(other), 0, 3 * PAGE,
				      MREMAP_MAYMOVE | MREMAP_FIXED, guest_at(0x500000)),
			 0x500000);
	ck_assert_int_eq(byte_at(0x500000 + PAGE), 'x');
	ck_assert_int_eq(space_read(space, &byte, guest_at(0x500000 + 2 * PAGE), 1), -EFAULT);
}
END_TEST

START_TEST(test_told)
{
	int fd = file_of(4);
	uint64_t at = map(0x400000, 4, BOTH, MAP_PRIVATE, -1), physical = physical_at(at), moved;

	/* what is new is as the machine was given it */
	told = 0;
	ck_assert(!tells(physical, 1));
	put(at, 'm');
	ck_assert_int_eq(space_madvise(space, guest_at(at + PAGE), 2 * PAGE, MADV_DONTNEED), 0);
	ck_assert(!fake_changes(physical, PAGE));
	ck_assert(tells(physical + PAGE, 2));
	ask(physical + PAGE, 1);
	ck_assert_int_eq(space_madvise(space, guest_at(at + PAGE), PAGE, MADV_FREE), 0);
	ck_assert(tells(physical + PAGE, 1));
	ask(physical, 4);
	ck_assert_int_eq(space_munmap(space, guest_at(at), 4 * PAGE), 0);
	ck_assert(tells(physical, 4));
	/* a file, and what was a file's */
	at = map(0x400000, 4, BOTH, MAP_SHARED, fd);
	ck_assert_uint_eq(physical_at(at), physical);
	ck_assert(tells(physical, 4));
	if (LINUX_HOST) {
		ck_assert_int_eq(space_madvise(space, guest_at(at), 4 * PAGE, MADV_REMOVE), 0);
		ck_assert(tells(physical, 4));
	}
	ck_assert_int_eq(space_munmap(space, guest_at(at), 4 * PAGE), 0);
	ck_assert(tells(physical, 4));
	/* one that fails leaves zeros */
	ck_assert_int_lt(space_mmap(space, guest_at(0), 4 * PAGE, BOTH, MAP_SHARED, fd,
				    (uint64_t)INT64_MAX / PAGE * PAGE), 0);
	ck_assert(tells(physical, 4));
	if (!is_exact()) {
		close(fd);
		return;
	}
	/* moved: what is there, and what is left */
	at = map(0x400000, 2, BOTH, MAP_SHARED, -1);
	ck_assert_uint_eq(physical_at(at), physical);
	ask(physical, 2);
	ck_assert_int_eq(space_mremap(space, guest_at(at), 2 * PAGE, 3 * PAGE, 0, guest_at(0)),
			 (int64_t)at);
	ck_assert(tells(physical, 2));
	moved = physical_at(at);
	ck_assert_uint_ne(moved, physical);
	ck_assert(fake_changes(moved, 3 * PAGE));
	ck_assert_int_eq(space_mremap(space, guest_at(at), 0, 2 * PAGE,
				      MREMAP_MAYMOVE | MREMAP_FIXED, guest_at(0x500000)),
			 0x500000);
	ck_assert_uint_eq(physical_at(0x500000), physical);
	ck_assert(tells(physical, 2));
	close(fd);
}
END_TEST

/* -------------------------------------------------------------------------
 * The same calls on both: errors, and what can be read and written then.
 */
enum { PAGES = 48 };
static int steps = 3000; /* SPACE_STEPS, for machines that are emulated */
#define BASE 0x7a8000000000ull /* nobody's, natively, with sanitizers or not */

static unsigned int state = 1;

static unsigned int dice(unsigned int sides)
{
	state = state * 1103515245 + 12345;
	return (state >> 16) % sides;
}

static int64_t native(void *at)
{
	return at == MAP_FAILED ? -errno : (int64_t)(uintptr_t)at;
}

static int native_result(int result)
{
	return result ? -errno : 0;
}

/* Sanitizers have an mlock() of their own. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define LOCKS_NOTHING true
#elif defined __has_feature
#define LOCKS_NOTHING (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define LOCKS_NOTHING false
#endif

static int scratch; /* the kernel reads and writes as a program does */

static void compare_pages(int step, const char *what)
{
	for (uint64_t at = BASE; at < BASE + PAGES * PAGE; at += PAGE) {
		void *page = (void *)(uintptr_t)at;
		uint8_t ours = 0, theirs = 0;
		bool readable = pwrite(scratch, page, 1, 0) == 1, writable;

		ck_assert_msg(!space_read(space, &ours, guest_at(at), 1) == readable,
			      "step %d, %s: page %llu can be read: natively %d", step, what,
			      (unsigned long long)((at - BASE) / PAGE), readable);
		if (readable)
			ck_assert_int_eq(pread(scratch, &theirs, 1, 0), 1);
		ck_assert_msg(ours == theirs, "step %d, %s: page %llu is %d, natively %d", step,
			      what, (unsigned long long)((at - BASE) / PAGE), ours, theirs);
		if (!readable)
			continue;
		/* the same byte, but the page is a file's no more: in both */
		writable = pread(scratch, page, 1, 0) == 1;
		ck_assert_msg(!space_write(space, guest_at(at), &ours, 1) == writable,
			      "step %d, %s: page %llu can be written: natively %d", step, what,
			      (unsigned long long)((at - BASE) / PAGE), writable);
	}
}

static void clear_both(void)
{
	munmap((void *)(uintptr_t)BASE, 2 * PAGES * PAGE);
	ck_assert_int_eq(space_munmap(space, guest_at(BASE), 2 * PAGES * PAGE), 0);
}

/* -EFAULT is for areas that are two for one of them alone: both begin again. */
static bool remap_both(uint64_t at, uint64_t size, int64_t *ours, int64_t *theirs)
{
	static const int flags[] = { 0, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED, 64,
				     MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP };
	const uint64_t to = BASE + dice(PAGES) * PAGE, new_size = dice(3) ? size : dice(8) * PAGE;
	const int how = flags[dice(COUNT(flags))];

	*theirs = native(mremap((void *)(uintptr_t)at, size, new_size, how, (void *)(uintptr_t)to));
	if (*theirs == -EFAULT)
		return true;
	*ours = space_mremap(space, guest_at(at), size, new_size, how, guest_at(to));
	return *ours == -EFAULT || (*ours == -ENOMEM && !is_exact());
}

static void write_both(uint64_t at)
{
	uint8_t byte = (uint8_t)(1 + dice(255));
	int failed = space_write(space, guest_at(at), &byte, 1);

	ck_assert_int_eq(pwrite(scratch, &byte, 1, 0), 1);
	if (pread(scratch, (void *)(uintptr_t)at, 1, 0) != 1)
		ck_assert_int_eq(failed, -EFAULT);
	else
		ck_assert_int_eq(failed, 0);
}

/* Two files of the same bytes: what is written to one must not be seen in the other. */
static int file[2][2];

static void open_files(void)
{
	for (int i = 0; i < 2; i++) {
		char path[32];

		file[i][0] = file_of(is_exact() ? 6 : 8); /* and ends with a page of the host's */
		snprintf(path, sizeof path, "/proc/self/fd/%d", file[i][0]);
		file[i][1] = open(path, O_RDONLY);
		ck_assert_int_ge(file[i][1], 0);
	}
}

static void map_both(uint64_t at, uint64_t size, int prot, int64_t *ours, int64_t *theirs)
{
	static const int types[] = { MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE,	 ANONYMOUS,
				     ANONYMOUS,	  ANONYMOUS,  MAP_SHARED | MAP_ANONYMOUS };
	const int flags = types[dice(COUNT(types))] | (dice(4) ? MAP_FIXED : MAP_FIXED_NOREPLACE);
	const int which = (int)dice(2);
	const uint64_t offset = dice(4) * PAGE;

	*ours = space_mmap(space, guest_at(at), size, prot, flags, file[0][which], offset);
	*theirs = native(
		mmap((void *)(uintptr_t)at, size, prot, flags, file[1][which], (off_t)offset));
}

START_TEST(test_as_natively)
{
	static const int prots[] = { PROT_NONE, PROT_READ, BOTH, BOTH, PROT_READ | PROT_EXEC,
				     PROT_WRITE };
	static const int advices[] = { MADV_WILLNEED, MADV_FREE, 77, MADV_DONTFORK, MADV_DOFORK,
				       MADV_DONTNEED, MADV_DONTNEED };
	const unsigned int known = COUNT(advices) - (is_exact() ? 0 : 2);
	int again = 0;

	ck_assert_int_gt(steps, 0);
	state = (unsigned int)_i;
	open_files();
	scratch = memfd_create("scratch", 0);
	for (int step = 0; step < steps; step++) {
		const uint64_t at = BASE + dice(PAGES) * PAGE,
			       size = dice(8) * PAGE + (dice(4) ? 0 : 1);
		const int prot = prots[dice(COUNT(prots))];
		const char *what = "";
		int64_t ours = 0, theirs = 0;

		switch (dice(10)) {
		case 0:
		case 1:
			what = "mmap";
			map_both(at, size, prot, &ours, &theirs);
			break;
		case 2:
			what = "munmap";
			ours = space_munmap(space, guest_at(at), size);
			theirs = native_result(munmap((void *)(uintptr_t)at, size));
			break;
		case 3:
			what = "mprotect";
			ours = space_mprotect(space, guest_at(at), size, prot);
			theirs = native_result(mprotect((void *)(uintptr_t)at, size, prot));
			break;
		case 4:
			what = "mremap";
			if (remap_both(at, size, &ours, &theirs)) {
				clear_both();
				again++;
				continue;
			}
			break;
		case 5: {
			const int advice = advices[dice(known)];

			what = "madvise";
			ours = space_madvise(space, guest_at(at), size, advice);
			theirs = native_result(madvise((void *)(uintptr_t)at, size, advice));
			break;
		}
		case 6: {
			const int flags = dice(2) ? MS_SYNC : (int)dice(8);

			what = "msync";
			ours = space_msync(space, guest_at(at), size, flags);
			theirs = native_result(msync((void *)(uintptr_t)at, size, flags));
			break;
		}
		case 7:
			if (LOCKS_NOTHING)
				break;
			what = "mlock";
			if (dice(2)) {
				ours = space_munlock(space, guest_at(at), size);
				theirs = native_result(munlock((void *)(uintptr_t)at, size));
			} else {
				ours = space_mlock(space, guest_at(at), size, 0);
				theirs = native_result(mlock((void *)(uintptr_t)at, size));
			}
			break;
		default:
			write_both(at);
		}
		ck_assert_msg(ours == theirs,
			      "step %d, %s %#llx, %#llx, prot %d: %lld, natively %lld", step, what,
			      (unsigned long long)at, (unsigned long long)size, prot,
			      (long long)ours, (long long)theirs);
		compare_pages(step, what);
	}
	ck_assert_int_lt(again, steps / 4);
	clear_both();
	ck_assert_uint_eq(fake_pages(), 0);
}
END_TEST

/* -------------------------------------------------------------------------
 * Threads and children.
 */
enum { THREADS = 4, ROUNDS = 300 };

static void *use(void *argument)
{
	const uint64_t base = 0x40000000 + (uint64_t)(uintptr_t)argument * 0x1000000;
	int fd = file_of(3);

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t file_at = map(0, 3, PROT_READ, i % 2 ? MAP_SHARED : MAP_PRIVATE, fd);
		uint64_t at = map(base, 4, BOTH, MAP_PRIVATE, -1);

		put(at + PAGE, 'x');
		if (byte_at(file_at + PAGE) != 'b' || byte_at(at + PAGE) != 'x' || byte_at(at) != 0)
			return "other bytes";
		if (space_mremap(space, guest_at(at), 4 * PAGE, 6 * PAGE, 0, guest_at(0)) !=
			    (int64_t)at ||
		    space_mprotect(space, guest_at(at), PAGE, PROT_READ) ||
		    space_write(space, guest_at(at), "y", 1) != -EFAULT ||
		    space_munmap(space, guest_at(at), 6 * PAGE) ||
		    space_munmap(space, guest_at(file_at), 3 * PAGE))
			return "a call failed";
	}
	close(fd);
	return NULL;
}

START_TEST(test_threads)
{
	pthread_t thread[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, use, (void *)i), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(thread[i], &failed);
		ck_assert_msg(!failed, "%s", (const char *)failed);
	}
	ck_assert_uint_eq(fake_pages(), 0);
}
END_TEST

/* In the child, the lock can be had, by this thread and by another. */
static void *one_change(void *unused)
{
	(void)unused;
	map(0x60000000, 1, BOTH, MAP_PRIVATE, -1);
	return NULL;
}

START_TEST(test_fork)
{
	const uint64_t private = map(0, 2, BOTH, MAP_PRIVATE, -1),
		       shared = map(0, 2, BOTH, MAP_SHARED, -1);
	const uint64_t wiped = map(0, 2, BOTH, MAP_PRIVATE, -1),
		       gone = map(0, 2, BOTH, MAP_PRIVATE, -1);
	int status;
	pid_t child;

	put(private, 'p');
	put(wiped, 'w');
	ck_assert_int_eq(space_madvise(space, guest_at(wiped), 2 * PAGE, MADV_WIPEONFORK), 0);
	ck_assert_int_eq(space_madvise(space, guest_at(gone), 2 * PAGE, MADV_DONTFORK), 0);
	space_lock(space);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		pthread_t thread;
		char byte = 0;
		bool good;

		alarm(20);
		space_after_fork(space);
		good = byte_at(private) == 'p' && byte_at(wiped) == 0 &&
		       space_read(space, &byte, guest_at(gone), 1) == -EFAULT && !physical_at(gone);
		put(private, 'c');
		put(shared, 'c');
		if (pthread_create(&thread, NULL, one_change, NULL) || pthread_join(thread, NULL))
			good = false;
		_exit(!good);
	}
	space_unlock(space);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(byte_at(private), 'p');
	ck_assert_int_eq(byte_at(shared), 'c');
	ck_assert_int_eq(byte_at(wiped), 'w');
	ck_assert_int_eq(byte_at(gone), 0);
}
END_TEST

/* -------------------------------------------------------------------------
 * space_maps().
 */
START_TEST(test_maps)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *text, line[512], path[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	size_t size;

	ck_assert_int_gt(length, 0);
	path[length] = 0;
	space_set_break(space, guest_at(0x100000));
	ck_assert_uint_eq(space_brk(space, guest_at(0x102000)), 0x102000);
	ck_assert_int_eq(space_mmap(space, guest_at(0x1ff000), 2 * PAGE, PROT_READ | PROT_EXEC,
				    MAP_PRIVATE | MAP_FIXED, fd, PAGE),
			 0x1ff000);
	ck_assert_int_eq(space_mprotect(space, guest_at(0x1ff000), PAGE, PROT_READ), 0);
	map(0x300000, 1, BOTH, MAP_SHARED, -1);
	map(0x400000, 1, PROT_NONE, MAP_PRIVATE, -1);
	map(0x500000, 4, BOTH, MAP_PRIVATE, -1);
	space_set_stack(space, range(0x500000, 4));
	space_make(space, range(0x7fffffff0000, 1), GUEST_READ | GUEST_EXEC, true);
	space_set_name(space, range(0x7fffffff0000, 1), "[vdso]");
	space_reserve(space, range(KERNEL, 2), "[shim-data]");
	ck_assert_int_eq(space_maps(space, &text, &size), 0);
	ck_assert_uint_eq(size, strlen(text));
	ck_assert(strstr(text, "00100000-00102000 rw-p 00000000 00:00 0 "
			       "                                 [heap]\n") == text);
	snprintf(line, sizeof line, "%s\n", path);
	ck_assert_ptr_nonnull(strstr(text, "\n00200000-00201000 r-xp 0000"));
	ck_assert_ptr_nonnull(strstr(text, "\n00300000-00301000 rw-s 00000000 "));
	if (LINUX_HOST) {	/* who has names for what is mapped */
		ck_assert_ptr_nonnull(strstr(text, "\n00200000-00201000 r-xp 00002000 "));
		ck_assert_ptr_nonnull(strstr(text, line));
		ck_assert_ptr_nonnull(strstr(text, "/dev/zero (deleted)\n"));
	}
	ck_assert_ptr_nonnull(strstr(text, "\n00400000-00401000 ---p 00000000 00:00 0 \n"));
	ck_assert_ptr_nonnull(strstr(text, "[stack]\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n7fffffff0000-7fffffff1000 r-xp 00000000 00:00 0 "
					   "                         [vdso]\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "\nffff800000000000-ffff800000002000 ---p 00000000 00:00 0 "));
	ck_assert_ptr_nonnull(strstr(text, " [shim-data]\n"));
	free(text);
	close(fd);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_sealed,  test_outside, test_growing_tail, test_file, test_frames,
		test_fault,   test_remembered, test_lazy,   test_stack,	       test_move, test_grown,
		test_threads, test_fork,    test_maps,	       test_told,
		test_pieces,
	};
	const struct {
		const char *name;
		void (*set_up)(void);
	} cases[] = { { "host's pages", set_up }, { "larger pages", set_up_large } };
	Suite *suite = suite_create("space");
	SRunner *runner;
	int failed;

	if (getenv("SPACE_STEPS"))
		steps = atoi(getenv("SPACE_STEPS"));
	for (size_t j = 0; j < COUNT(cases); j++) {
		TCase *tcase = tcase_create(cases[j].name);

		tcase_add_checked_fixture(tcase, cases[j].set_up, tear_down);
		tcase_set_timeout(tcase, 60);
		for (size_t i = 0; i < COUNT(tests); i++)
			tcase_add_test(tcase, tests[i]);
		tcase_add_loop_test(tcase, test_as_natively, 1, 5);
		suite_add_tcase(suite, tcase);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
