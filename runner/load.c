/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "elf.h"
#include "fds.h"
#include "frame.h"
#include "platform.h"
#include "stack.h"
#include "startup.h"
#include "sysroot.h"

#ifndef ELIBBAD	/* macOS, whose next thing runner/macos/errors.c tells as ELIBBAD */
#define ELIBBAD ESHLIBVERS
#endif

#define STACK_SIZE (8ull << 20)
#define STACK_GAP (16ull * VM_PAGE)	/* to what is above */
const size_t load_strings_max = STACK_SIZE / 4;

/* Where Linux puts programs that can move, and their interpreter's first choice, is NEAR. */
#if defined __x86_64__
#define PLATFORM "x86_64"
#define PROGRAM_NEAR 0x555555554000ull
#define INTERPRETER_NEAR 0x7ffff7fc0000ull
static const struct elf_machine machine = { EM_X86_64, PLATFORM, VM_PAGE };
#elif defined __aarch64__
#define PLATFORM "aarch64"
#define PROGRAM_NEAR 0xaaaaaaaa0000ull
#define INTERPRETER_NEAR 0xfffff7fc0000ull
static const struct elf_machine machine = { EM_AARCH64, PLATFORM, VM_PAGE };
#else
#error "the runner does not know this machine's programs: add them here"
#endif

/* -------------------------------------------------------------------------
 * Segments.
 */
static int fill_segment(struct space *space, const struct elf_segment *segment, int fd,
			struct runner_error *error)
{
	/* from the page's start on, as Linux maps it */
	uint64_t before = segment->at.v - segment->pages.start.v;
	uint64_t at = segment->pages.start.v, offset = segment->offset - before;
	uint64_t left = segment->filesz ? segment->filesz + before : 0;
	uint8_t bytes[65536];

	while (left) {
		ssize_t got = pread(fd, bytes, left < sizeof bytes ? left : sizeof bytes,
				    (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return runner_error(error, got ? errno : ENOEXEC, "the file cannot be read: %s",
					    got ? strerror(errno) : "it got shorter");
		if (space_fill(space, guest_at(at), bytes, (size_t)got))
			return runner_error(error, ENOMEM, "no room for the program");
		at += (uint64_t)got;
		offset += (uint64_t)got;
		left -= (uint64_t)got;
	}
	return 0;
}

static int map_plan(struct space *space, const struct elf_plan *plan, int fd,
		    struct runner_error *error)
{
	for (unsigned int i = 0; i < plan->segments; i++) {
		const struct elf_segment *segment = &plan->segment[i];
		int failed = space_make(space, segment->pages, segment->prot, false);

		if (failed)
			return runner_error(error, -failed, "no room for the program");
		if (segment->prot)
			failed = fill_segment(space, segment, fd, error);
		if (failed)
			return failed;
	}
	return 0;
}

/* For /proc/PID/maps: as the host calls the file, for as long as the space is. */
static int name_plan(struct space *space, const struct elf_plan *plan, int fd,
		     struct runner_error *error)
{
	char *kept = platform_path(fd);
	int failed = 0;

	if (!kept)
		return 0;
	for (unsigned int i = 0; !failed && i < plan->segments; i++)
		failed = space_set_name(space, plan->segment[i].pages, kept);
	return !failed ? 0 : runner_error(error, ENOMEM, "no memory for its name");
}

/* What is there already may not be overrun: the page of the clock. */
static int place(const struct load *load, const struct elf *elf, guest_addr near,
		 struct elf_plan *plan, struct runner_error *error)
{
	struct space_area area;
	struct guest_range taken[16];
	struct elf_room room = { .limit = vm_user_range(load->vm).end, .forbidden = taken };

	while (room.forbiddens < sizeof taken / sizeof taken[0] &&
	       space_area(load->space, room.forbiddens, &area))
		taken[room.forbiddens++] = area.range;
	return elf_place(elf, elf_start(elf, near), &room, plan, error);
}

/* As open_exec() has it. A descriptor, or -errno. */
static int open_interpreter(const char *path, struct runner_error *error)
{
	char room[PATH_MAX];
	int fd = fds_hide(open(sysroot_find(path, room), O_RDONLY | O_CLOEXEC));

	if (fd < 0)
		return runner_error(error, errno, "its interpreter: %s", strerror(errno));
	return fd;
}

static int load_file(const struct load *load, int fd, uint64_t near, struct elf *elf,
		     struct elf_plan *plan, struct runner_error *error)
{
	struct elf_source source = { .fd = fd };
	int failed = elf_read(elf, &source, &machine, error);

	if (!failed)
		failed = place(load, elf, guest_at(near), plan, error);
	if (!failed)
		failed = map_plan(load->space, plan, fd, error);
	return failed ? failed : name_plan(load->space, plan, fd, error);
}

static int load_interpreter(const struct load *load, const char *path, struct elf_plan *plan,
			    struct runner_error *error)
{
	struct elf elf;
	int fd = open_interpreter(path, error), failed;

	if (fd < 0)
		return fd;
	failed = load_file(load, fd, INTERPRETER_NEAR, &elf, plan, error);
	fds_close(fd);
	return failed;
}

/* -------------------------------------------------------------------------
 * Before that, whether it can be.
 */
static int check_file(const struct vm *vm, int fd, uint64_t near, struct elf *elf,
		      struct runner_error *error)
{
	struct elf_source source = { .fd = fd };
	struct elf_room room = { .limit = vm_user_range(vm).end };
	struct elf_plan plan;
	int failed = elf_read(elf, &source, &machine, error);

	if (!failed)
		failed = elf_place(elf, elf_start(elf, guest_at(near)), &room, &plan, error);
	return failed;
}

/* What is no ELF file of this machine is a broken library to Linux. */
static int check_interpreter(const struct vm *vm, const char *path, struct runner_error *error)
{
	char room[PATH_MAX];
	struct elf elf;
	int fd, failed;

	path = sysroot_find(path, room);
	if (access(path, X_OK))
		return runner_error(error, errno, "its interpreter: %s", strerror(errno));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return runner_error(error, errno, "its interpreter: %s", strerror(errno));
	failed = check_file(vm, fd, INTERPRETER_NEAR, &elf, error);
	close(fd);
	return failed == -ENOEXEC ? -ELIBBAD : failed;
}

int load_check(const struct vm *vm, int program, struct runner_error *error)
{
	struct elf elf;
	int failed = check_file(vm, program, PROGRAM_NEAR, &elf, error);

	if (failed || !elf.has_interpreter)
		return failed;
	return check_interpreter(vm, elf.interpreter, error);
}

/* -------------------------------------------------------------------------
 * The stack.
 */
static int fill_stack(struct load *load, const struct elf *elf, const struct elf_plan *plan,
		      guest_addr base, guest_addr top, struct runner_error *error)
{
	const size_t room = load_strings_max;	/* the rest is for the program itself */
	struct stack_contents contents = {
		.argv = (const char *const *)load->arguments,
		.envp = (const char *const *)load->environment,
		.execfn = load->name,
		.platform = PLATFORM,
		.phdr = plan->phdr, .entry = plan->entry, .base = base, .vdso = load->vdso,
		.phnum = elf->headers, .page = VM_PAGE,
		.hwcap = vm_hwcap(load->vm, 0), .hwcap2 = vm_hwcap(load->vm, 1),
		.clktck = (uint64_t)sysconf(_SC_CLK_TCK),
		.minsigstksz = frame_needs(load->vm),
		.uid = getuid(), .euid = geteuid(), .gid = getgid(), .egid = getegid(),
	};
	size_t follow;
	void *buffer = space_at(load->space, guest_at(top.v - room), GUEST_WRITE, &follow);

	if (getentropy(contents.random, sizeof contents.random))
		return runner_error(error, EIO, "getentropy: %s", strerror(errno));
	return stack_build(&contents, top, buffer, room, &load->sp, error);
}

static int make_stack(struct load *load, const struct elf *elf, const struct elf_plan *plan,
		      guest_addr base, struct runner_error *error)
{
	struct guest_range range;
	int failed;

	range.end = load->vdso.v ? load->vdso : vm_user_range(load->vm).end;
	range.end.v -= STACK_GAP;
	range.start = guest_at(range.end.v - STACK_SIZE);
	failed = space_make(load->space, range,
			    GUEST_READ | GUEST_WRITE | (elf->exec_stack ? GUEST_EXEC : 0), false);
	if (!failed)
		failed = space_set_stack(load->space, range);
	if (failed)
		return runner_error(error, -failed, "no room for the stack");
	return fill_stack(load, elf, plan, base, range.end, error);
}

int load_program(struct load *load, struct runner_error *error)
{
	struct elf elf;
	struct elf_plan plan, other;
	guest_addr base = { 0 };
	int failed = load_file(load, load->program, PROGRAM_NEAR, &elf, &plan, error);

	if (failed)
		return failed;
	startup_step("program");
	space_set_break(load->space, plan.pages.end);
	load->pc = plan.entry;
	if (elf.has_interpreter) {
		failed = load_interpreter(load, elf.interpreter, &other, error);
		if (failed)
			return failed;
		startup_step("interpreter");
		base = guest_at(other.bias);
		load->pc = other.entry;
	}
	return make_stack(load, &elf, &plan, base, error);
}
