/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "elf.h"
#include "fds.h"

#define STACK_SIZE (8ull << 20)
/* Where Linux puts programs that can move, and their interpreter's first choice. */
#define PROGRAM_NEAR 0x555555554000ull
#define INTERPRETER_NEAR 0x7ffff7fc0000ull

#if defined __x86_64__
#define PLATFORM "x86_64"
static const struct elf_machine machine = { EM_X86_64, PLATFORM, VM_PAGE };
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

static int load_file(const struct load *load, const char *path, uint64_t near, struct elf *elf,
		     struct elf_plan *plan, struct runner_error *error)
{
	struct elf_source source = { .fd = fds_hide(open(path, O_RDONLY | O_CLOEXEC)) };
	int failed;

	if (source.fd < 0)
		return runner_error(error, errno, "%s", strerror(errno));
	failed = elf_read(elf, &source, &machine, error);
	if (!failed)
		failed = place(load, elf, guest_at(near), plan, error);
	if (!failed)
		failed = map_plan(load->space, plan, source.fd, error);
	close(source.fd);
	return failed;
}

/* -------------------------------------------------------------------------
 * The stack: strings at the top, then the vectors that point to them.
 */
enum { AUXV_MAX = 24, RANDOM_SIZE = 16 };

struct stack {
	struct space *space;
	uint64_t low, sp;
	bool full;
};

static uint64_t push(struct stack *stack, const void *bytes, size_t size)
{
	if (size > stack->sp - stack->low) {
		stack->full = true;
		return 0;
	}
	stack->sp -= size;
	if (space_fill(stack->space, guest_at(stack->sp), bytes, size))
		stack->full = true;
	return stack->sp;
}

static size_t count(char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

/* From the last to the first, so that they lie in order. */
static void push_strings(struct stack *stack, char *const *list, uint64_t *at)
{
	for (size_t i = count(list); i-- > 0;)
		at[i] = push(stack, list[i], strlen(list[i]) + 1);
}

static size_t fill_auxv(Elf64_auxv_t *auxv, const struct load *load, const struct elf *elf,
			const struct elf_plan *plan, guest_addr base, struct stack *stack)
{
	uint8_t random[RANDOM_SIZE];
	const Elf64_auxv_t all[] = {
		{ AT_SYSINFO_EHDR, { load->vdso.v } },
		{ AT_HWCAP, { vm_hwcap(load->vm, 0) } },
		{ AT_PAGESZ, { VM_PAGE } },
		{ AT_CLKTCK, { (uint64_t)sysconf(_SC_CLK_TCK) } },
		{ AT_PHDR, { plan->phdr.v } },
		{ AT_PHENT, { sizeof(Elf64_Phdr) } },
		{ AT_PHNUM, { elf->headers } },
		{ AT_BASE, { base.v } },
		{ AT_FLAGS, { 0 } },
		{ AT_ENTRY, { plan->entry.v } },
		{ AT_UID, { getuid() } },
		{ AT_EUID, { geteuid() } },
		{ AT_GID, { getgid() } },
		{ AT_EGID, { getegid() } },
		{ AT_SECURE, { 0 } },
		{ AT_HWCAP2, { vm_hwcap(load->vm, 1) } },
		{ AT_EXECFN, { push(stack, load->path, strlen(load->path) + 1) } },
		{ AT_PLATFORM, { push(stack, PLATFORM, sizeof PLATFORM) } },
		{ AT_RANDOM, { getrandom(random, sizeof random, 0) == sizeof random ?
			       push(stack, random, sizeof random) : 0 } },
		{ AT_NULL, { 0 } },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i].a_type != AT_SYSINFO_EHDR || load->vdso.v)
			auxv[n++] = all[i];
	return n;
}

static int fill_stack(struct load *load, const struct elf *elf, const struct elf_plan *plan,
		      guest_addr base, struct stack *stack, struct runner_error *error)
{
	const size_t argc = count(load->arguments), envc = count(load->environment);
	const size_t words = 1 + argc + 1 + envc + 1;
	uint64_t *word = calloc(words + 1, sizeof *word), sp;
	Elf64_auxv_t auxv[AUXV_MAX];
	size_t entries;

	if (!word)
		return runner_error(error, ENOMEM, "no memory for arguments");
	word[0] = argc;
	push_strings(stack, load->environment, word + 1 + argc + 1);
	push_strings(stack, load->arguments, word + 1);
	entries = fill_auxv(auxv, load, elf, plan, base, stack);
	/* the stack pointer of a new program is a multiple of 16: System V ABI, 3.4.1 */
	sp = stack->sp - entries * sizeof auxv[0] - words * sizeof *word;
	stack->sp -= sp % 16;
	push(stack, auxv, entries * sizeof auxv[0]);
	load->sp = guest_at(push(stack, word, words * sizeof *word));
	free(word);
	return stack->full ? runner_error(error, E2BIG, "arguments and environment are too long") : 0;
}

static int make_stack(struct load *load, const struct elf *elf, const struct elf_plan *plan,
		      guest_addr base, struct runner_error *error)
{
	struct guest_range range;
	struct stack stack = { .space = load->space };
	int failed;

	range.end = load->vdso.v ? load->vdso : vm_user_range(load->vm).end;
	range.end.v -= 16 * VM_PAGE;
	range.start = guest_at(range.end.v - STACK_SIZE);
	stack.low = range.start.v;
	stack.sp = range.end.v;
	failed = space_make(load->space, range,
			    GUEST_READ | GUEST_WRITE | (elf->exec_stack ? GUEST_EXEC : 0), false);
	if (failed)
		return runner_error(error, -failed, "no room for the stack");
	return fill_stack(load, elf, plan, base, &stack, error);
}

int load_program(struct load *load, struct runner_error *error)
{
	struct elf elf, interpreter;
	struct elf_plan plan, other;
	guest_addr base = { 0 };
	int failed = load_file(load, load->path, PROGRAM_NEAR, &elf, &plan, error);

	if (failed)
		return failed;
	space_set_break(load->space, plan.pages.end);
	load->pc = plan.entry;
	if (elf.has_interpreter) {
		failed = load_file(load, elf.interpreter, INTERPRETER_NEAR, &interpreter, &other, error);
		if (failed)
			return failed;
		base = guest_at(other.bias);
		load->pc = other.entry;
	}
	return make_stack(load, &elf, &plan, base, error);
}
