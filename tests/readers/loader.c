/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader started|unstarted IMAGE PROGRAM [ARGUMENT]... becomes PROGRAM on the
 * image, where no second process can see to it (qemu-user). It does what
 * execve() does: maps the program and its interpreter, and makes a stack whose
 * auxiliary vector has the image's address. sched_yield() says in a trace of
 * system calls that what follows is the program's. The clock is published once,
 * before, or never: then every function falls back.
 */
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

enum { STACK = 8 << 20, IMAGE_MAX = 2 * VDSOGEN_PAGE, SEGMENTS_MAX = 32, ENTRIES_MAX = 64 };

extern char **environ;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void *get(void *at, size_t size, int rights, int more)
{
	void *memory = mmap(at, size, rights, MAP_PRIVATE | MAP_ANONYMOUS | more, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

/* -------------------------------------------------------------------------
 * The page.
 */
static uintptr_t map_image(const char *name, bool started)
{
	const struct vdsogen_source source = { .hz = host_counter_hz() };
	unsigned char *memory = get(NULL, IMAGE_MAX, PROT_READ | PROT_WRITE, 0);
	FILE *file = fopen(name, "rbe");
	struct vdsogen_sample sample;
	struct vdsogen_image view;

	if (!file)
		die(name);
	if (vdsogen_open(memory, fread(memory, 1, IMAGE_MAX, file), &view)) {
		fprintf(stderr, "%s: not an image\n", name);
		exit(EXIT_FAILURE);
	}
	fclose(file);
	host_sample(&sample);
	if ((started && vdsogen_clock_start((struct vdsogen_clock *)(void *)(memory + view.clock),
					    &source, &sample)) ||
	    (started && view.random &&
	     vdsogen_random_start((struct vdsogen_random *)(void *)(memory + view.random), 0, 0)) ||
	    mprotect(memory, view.size, PROT_READ | PROT_EXEC))
		die(name);
	__builtin___clear_cache((char *)memory, (char *)memory + view.size);
	return (uintptr_t)memory;
}

/* -------------------------------------------------------------------------
 * A program, or its interpreter.
 */
struct loaded {
	uintptr_t bias, entry, phdr;
	uint16_t segments;
	char interpreter[256];		/* or "" */
};

static uintptr_t page_down(uintptr_t address)
{
	return address & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
}

static uintptr_t page_up(uintptr_t address)
{
	return page_down(address + (uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

static int rights_of(const Elf64_Phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Where all of it finds room: the bias of its addresses. */
static uintptr_t reserve(const Elf64_Ehdr *e, const Elf64_Phdr *p)
{
	uintptr_t first = UINTPTR_MAX, end = 0;

	for (unsigned int i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_vaddr < first)
			first = page_down(p[i].p_vaddr);
		if (p[i].p_vaddr + p[i].p_memsz > end)
			end = page_up(p[i].p_vaddr + p[i].p_memsz);
	}
	if (e->e_type == ET_EXEC) {
		get((void *)first, end - first, PROT_NONE, MAP_FIXED_NOREPLACE);
		return 0;
	}
	return (uintptr_t)get(NULL, end - first, PROT_NONE, 0) - first;
}

static void load_segment(int fd, const Elf64_Phdr *p, uintptr_t bias)
{
	uintptr_t start = page_down(bias + p->p_vaddr);
	uintptr_t end = page_up(bias + p->p_vaddr + p->p_memsz);

	get((void *)start, end - start, PROT_READ | PROT_WRITE, MAP_FIXED);
	if (pread(fd, (void *)(bias + p->p_vaddr), p->p_filesz, (off_t)p->p_offset) !=
	    (ssize_t)p->p_filesz)
		die("a segment");
	__builtin___clear_cache((char *)start, (char *)end);
	if (mprotect((void *)start, end - start, rights_of(p)))
		die("mprotect");
}

static void load(const char *name, struct loaded *l)
{
	Elf64_Phdr p[SEGMENTS_MAX];
	Elf64_Ehdr e;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &e, sizeof e, 0) != sizeof e || e.e_phnum > SEGMENTS_MAX ||
	    pread(fd, p, e.e_phnum * sizeof *p, (off_t)e.e_phoff) < 0)
		die(name);
	memset(l, 0, sizeof *l);
	l->segments = e.e_phnum;
	l->bias = reserve(&e, p);
	l->entry = l->bias + e.e_entry;
	for (unsigned int i = 0; i < e.e_phnum; i++)
		if (p[i].p_type == PT_LOAD) {
			load_segment(fd, &p[i], l->bias);
			if (e.e_phoff - p[i].p_offset < p[i].p_filesz)
				l->phdr = l->bias + p[i].p_vaddr + e.e_phoff - p[i].p_offset;
		} else if (p[i].p_type == PT_INTERP && p[i].p_filesz < sizeof l->interpreter) {
			if (pread(fd, l->interpreter, p[i].p_filesz, (off_t)p[i].p_offset) < 0)
				die(name);
		}
	close(fd);
}

/* -------------------------------------------------------------------------
 * The stack, from the bottom: argc, argv, NULL, the environment, NULL, pairs.
 */
static uintptr_t *put_strings(uintptr_t *sp, char **strings)
{
	while (*strings)
		*sp++ = (uintptr_t)*strings++;
	*sp++ = 0;
	return sp;
}

static uintptr_t *put(uintptr_t *sp, uintptr_t type, uintptr_t value)
{
	*sp++ = type;
	*sp++ = value;
	return sp;
}

/* What a program is told of the machine, it is told as this one was. */
static uintptr_t *put_machine(uintptr_t *sp)
{
	static const unsigned int same[] = { AT_PAGESZ, AT_HWCAP, AT_HWCAP2, AT_CLKTCK, AT_UID,
					     AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_RANDOM,
					     AT_PLATFORM };

	for (unsigned int i = 0; i < sizeof same / sizeof *same; i++)
		if (getauxval(same[i]) || same[i] == AT_SECURE)
			sp = put(sp, same[i], getauxval(same[i]));
	return sp;
}

static size_t count(char **strings)
{
	size_t n = 0;

	while (strings[n])
		n++;
	return n;
}

static uintptr_t *make_stack(char **argv, const struct loaded *program, uintptr_t base,
			     uintptr_t page)
{
	char *memory = get(NULL, STACK, PROT_READ | PROT_WRITE, 0);
	size_t words = count(argv) + count(environ) + ENTRIES_MAX;
	uintptr_t *bottom = (uintptr_t *)(void *)(memory + STACK) - (words & ~(size_t)1);
	uintptr_t *sp = bottom;

	*sp++ = count(argv);
	sp = put_strings(sp, argv);
	sp = put_strings(sp, environ);
	sp = put(sp, AT_SYSINFO_EHDR, page);
	sp = put(sp, AT_PHDR, program->phdr);
	sp = put(sp, AT_PHENT, sizeof(Elf64_Phdr));
	sp = put(sp, AT_PHNUM, program->segments);
	sp = put(sp, AT_BASE, base);
	sp = put(sp, AT_ENTRY, program->entry);
	sp = put(sp, AT_EXECFN, (uintptr_t)argv[0]);
	sp = put_machine(sp);
	put(sp, AT_NULL, 0);
	return bottom;
}

static _Noreturn void enter(uintptr_t entry, uintptr_t *stack)
{
	__asm__ volatile("mov sp, %0\n\tmov x0, xzr\n\tmov x29, xzr\n\tmov x30, xzr\n\tbr %1"
			 : : "r"(stack), "r"(entry) : "x0", "x30", "memory");
	__builtin_unreachable();
}

int main(int argc, char **argv)
{
	struct loaded program, interpreter = { 0 };
	uintptr_t page, *stack;

	if (argc < 4)
		return 2;
	page = map_image(argv[2], !strcmp(argv[1], "started"));
	load(argv[3], &program);
	if (*program.interpreter)
		load(program.interpreter, &interpreter);
	stack = make_stack(argv + 3, &program, interpreter.bias, page);
	fflush(NULL);
	sched_yield();
	enter(interpreter.entry ? interpreter.entry : program.entry, stack);
}
