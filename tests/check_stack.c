/* SPDX-License-Identifier: BSD-2-Clause */
/* The initial stack: read back as a C library's start does, and given to real programs. */
#define _GNU_SOURCE
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf.h"
#include "runner-suites.h"
#include "stack.h"

#define TOP 0x7ffffffff000u
#define COUNT(array) (sizeof (array) / sizeof *(array))

enum { ROOM = 0x2000, UNTOUCHED = 0xa5, WORD = sizeof(uint64_t) };

static const char *const args[] = { "/bin/prog", "", "two words", NULL };
static const char *const env[] = { "PATH=/bin", "EMPTY=", NULL };
static const char *const none[] = { NULL };

static const struct stack_contents usual = {
	.argv = args, .envp = env, .execfn = "./prog", .platform = "x86_64",
	.random = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.phdr = { 0x400040 }, .entry = { 0x401000 }, .base = { 0x7f0000000000 },
	.vdso = { 0x7fff00000000 }, .phnum = 13, .page = 4096, .flags = 1, .hwcap = 0x178bfbff,
	.hwcap2 = 2, .clktck = 100, .minsigstksz = 3632,
	.uid = 1000, .euid = 1001, .gid = 1002, .egid = UINT32_MAX, .secure = true,
};

/* ----------------------------------------------- as a C library reads it -- */

/* The buffer is of just its size, so that sanitizers know its end. */
struct built {
	uint8_t *buffer;
	size_t size;
	guest_addr top, sp;
};

static struct built build_at(const struct stack_contents *c, guest_addr top, size_t size)
{
	struct built b = { .buffer = malloc(size), .size = size, .top = top };
	struct runner_error error = { .number = 0 };

	ck_assert_ptr_nonnull(b.buffer);
	memset(b.buffer, UNTOUCHED, size);
	ck_assert_msg(!stack_build(c, top, b.buffer, size, &b.sp, &error), "%s", error.text);
	ck_assert_uint_eq(b.sp.v % 16, 0);
	return b;
}

static const uint8_t *at(const struct built *b, uint64_t address, size_t size)
{
	uint64_t start = b->top.v - b->size;

	ck_assert_msg(address >= start && address <= b->top.v && size <= b->top.v - address,
		      "0x%llx is outside the stack", (unsigned long long)address);
	return b->buffer + (address - start);
}

static uint64_t word(const struct built *b, uint64_t *address)
{
	uint64_t value;

	memcpy(&value, at(b, *address, sizeof value), sizeof value);
	*address += sizeof value;
	return value;
}

static const char *string(const struct built *b, uint64_t address)
{
	const char *s = (const char *)at(b, address, 1);

	ck_assert_ptr_nonnull(memchr(s, 0, b->top.v - address));
	return s;
}

/* The words at *address, up to its NULL; the strings must follow one another from *next on. */
static void expect_list(const struct built *b, uint64_t *address, const char *const *strings,
			uint64_t *next)
{
	for (; *strings; strings++) {
		uint64_t here = word(b, address);

		ck_assert_str_eq(string(b, here), *strings);
		if (*next)
			ck_assert_uint_eq(here, *next);
		*next = here + strlen(*strings) + 1;
	}
	ck_assert_uint_eq(word(b, address), 0);
}

/* How often a type is in the vector, and its last value. */
static unsigned int find_aux(const struct built *b, uint64_t auxv, uint64_t wanted, uint64_t *value)
{
	unsigned int found = 0;

	for (;;) {
		uint64_t type = word(b, &auxv), v = word(b, &auxv);

		if (type == AT_NULL)
			return found;
		if (type == wanted) {
			*value = v;
			found++;
		}
	}
}

static uint64_t aux(const struct built *b, uint64_t auxv, uint64_t type)
{
	uint64_t value = 0;

	ck_assert_msg(find_aux(b, auxv, type, &value) == 1, "type %llu is not there just once",
		      (unsigned long long)type);
	return value;
}

static bool has_aux(const struct built *b, uint64_t auxv, uint64_t type)
{
	uint64_t value;

	return find_aux(b, auxv, type, &value) != 0;
}

/* Past argc, argv and envp: where the vector starts. */
static uint64_t expect_lists(const struct built *b, const char *const *argv,
			     const char *const *envp)
{
	uint64_t address = b->sp.v, argc = 0, next = 0;

	while (argv[argc])
		argc++;
	ck_assert_uint_eq(word(b, &address), argc);
	expect_list(b, &address, argv, &next);
	expect_list(b, &address, envp, &next);
	return address;
}

static void expect_values(const struct built *b, uint64_t auxv, const struct stack_contents *c)
{
	const struct {
		uint64_t type, value;
	} values[] = {
		{ AT_SYSINFO_EHDR, c->vdso.v }, { AT_MINSIGSTKSZ, c->minsigstksz },
		{ AT_HWCAP, c->hwcap }, { AT_PAGESZ, c->page }, { AT_CLKTCK, c->clktck },
		{ AT_PHDR, c->phdr.v }, { AT_PHENT, sizeof(Elf64_Phdr) }, { AT_PHNUM, c->phnum },
		{ AT_BASE, c->base.v }, { AT_FLAGS, c->flags }, { AT_ENTRY, c->entry.v },
		{ AT_UID, c->uid }, { AT_EUID, c->euid }, { AT_GID, c->gid },
		{ AT_EGID, c->egid }, { AT_SECURE, c->secure }, { AT_HWCAP2, c->hwcap2 },
	};

	for (size_t i = 0; i < COUNT(values); i++)
		ck_assert_uint_eq(aux(b, auxv, values[i].type), values[i].value);
	ck_assert_mem_eq(at(b, aux(b, auxv, AT_RANDOM), STACK_RANDOM), c->random, STACK_RANDOM);
	ck_assert_str_eq(string(b, aux(b, auxv, AT_EXECFN)), c->execfn);
	ck_assert_str_eq(string(b, aux(b, auxv, AT_PLATFORM)), c->platform);
}

START_TEST(stack_is_read_back)
{
	struct built b = build_at(&usual, guest_at(TOP), ROOM);
	uint64_t auxv = expect_lists(&b, args, env), last = TOP - WORD;

	expect_values(&b, auxv, &usual);
	ck_assert_uint_eq(word(&b, &last), 0);
	ck_assert_uint_eq(aux(&b, auxv, AT_EXECFN) + sizeof "./prog", TOP - WORD);
	for (uint64_t i = 0; i < b.sp.v - (TOP - ROOM); i++)
		ck_assert_uint_eq(b.buffer[i], UNTOUCHED);
	free(b.buffer);
}
END_TEST

/* Whatever their lengths and numbers, and wherever the top. */
START_TEST(stack_is_always_aligned)
{
	static const char *const lists[][5] = {
		{ "a", NULL }, { "a", "bc", NULL }, { "", "", "", NULL }, { "a", "b", "c", "d", NULL },
	};
	struct stack_contents c = usual;

	for (size_t i = 0; i < COUNT(lists); i++)
		for (size_t e = 0; e < COUNT(lists); e++)
			for (uint64_t under = 0; under < 17; under++) {
				struct built b;

				c.argv = lists[i];
				c.envp = lists[e];
				c.hwcap2 = under % 2;
				b = build_at(&c, guest_at(TOP - under), ROOM);
				expect_lists(&b, c.argv, c.envp);
				free(b.buffer);
			}
}
END_TEST

START_TEST(stack_leaves_out_what_is_not_told)
{
	static const uint64_t optional[] = { AT_SYSINFO_EHDR, AT_MINSIGSTKSZ, AT_HWCAP2,
					     AT_PLATFORM };
	struct stack_contents c = { .argv = args, .envp = none, .execfn = "" };
	struct built b = build_at(&c, guest_at(TOP), ROOM);
	uint64_t auxv = expect_lists(&b, args, none);

	for (size_t i = 0; i < COUNT(optional); i++)
		ck_assert(!has_aux(&b, auxv, optional[i]));
	ck_assert_uint_eq(aux(&b, auxv, AT_BASE), 0);
	ck_assert_uint_eq(aux(&b, auxv, AT_SECURE), 0);
	ck_assert_str_eq(string(&b, aux(&b, auxv, AT_EXECFN)), "");
	free(b.buffer);
}
END_TEST

/* CVE-2021-4034: programs that take argv[0] for granted find the environment there. */
START_TEST(stack_has_at_least_one_argument)
{
	static const char *const one[] = { "", NULL };
	struct stack_contents c = usual;
	struct built b;

	c.argv = none;
	b = build_at(&c, guest_at(TOP), ROOM);
	expect_lists(&b, one, env);
	free(b.buffer);
}
END_TEST

/* -------------------------------------------------------------- limits -- */

static void expect_refusal(const struct stack_contents *c, guest_addr top, size_t size,
			   int number, const char *part)
{
	uint8_t *buffer = malloc(size ? size : 1);
	struct runner_error error;
	guest_addr sp = { 1 };

	ck_assert_ptr_nonnull(buffer);
	memset(buffer, UNTOUCHED, size);
	ck_assert_int_eq(stack_build(c, top, buffer, size, &sp, &error), -number);
	ck_assert_int_eq(error.number, number);
	ck_assert_msg(strstr(error.text, part), "'%s' is not in '%s'", part, error.text);
	ck_assert_msg(strchr(error.text, ':'), "no way out in '%s'", error.text);
	ck_assert_uint_lt(strlen(error.text), sizeof error.text - 1);
	ck_assert_uint_eq(sp.v, 1);
	for (size_t i = 0; i < size; i++)
		ck_assert_uint_eq(buffer[i], UNTOUCHED);
	free(buffer);
}

/* The least room that does, and every smaller one. */
START_TEST(stack_needs_room)
{
	struct built b = build_at(&usual, guest_at(TOP), ROOM);
	size_t needed = (size_t)(TOP - b.sp.v);

	free(b.buffer);
	b = build_at(&usual, guest_at(TOP), needed);
	expect_lists(&b, args, env);
	free(b.buffer);
	for (size_t size = 0; size < needed; size++)
		expect_refusal(&usual, guest_at(TOP), size, E2BIG,
			       "3 arguments and 2 strings of the environment take");
	expect_refusal(&usual, guest_at(ROOM - 1), ROOM, EINVAL, "8192 bytes cannot end at 0x1fff");
	/* no room, and sums that wrap below address 0 */
	expect_refusal(&usual, guest_at(needed - 16), needed - 16, E2BIG, "allow a larger stack");
	b = build_at(&usual, guest_at(ROOM), ROOM);
	expect_lists(&b, args, env);
	free(b.buffer);
}
END_TEST

START_TEST(stack_strings_have_a_limit)
{
	char *longest = malloc(STACK_STRING_MAX + 1);
	const char *const list[] = { "a", longest, NULL };
	struct stack_contents c = usual;
	struct built b;

	ck_assert_ptr_nonnull(longest);
	memset(longest, 'x', STACK_STRING_MAX);
	longest[STACK_STRING_MAX - 1] = '\0';
	c.argv = c.envp = list;
	b = build_at(&c, guest_at(TOP), 3 * STACK_STRING_MAX);
	expect_lists(&b, list, list);
	free(b.buffer);
	longest[STACK_STRING_MAX - 1] = 'x';
	longest[STACK_STRING_MAX] = '\0';
	expect_refusal(&c, guest_at(TOP), ROOM, E2BIG, "string 1 of the arguments has 131073 bytes");
	c.argv = args;
	expect_refusal(&c, guest_at(TOP), ROOM, E2BIG, "string 1 of the environment has 131073");
	free(longest);
}
END_TEST

/* ----------------------------------------------------- real programs -- */

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

enum { STACK_SIZE = 1 << 20, FAILED = 99 };

static _Noreturn void enter(guest_addr entry, guest_addr sp)
{
#ifdef __x86_64__
	__asm__ volatile("mov %1, %%rsp\n\txor %%edx, %%edx\n\txor %%ebp, %%ebp\n\tjmp *%0"
			 : : "a"(entry.v), "c"(sp.v) : "memory", "rdx");
#else
	__asm__ volatile("mov sp, %1\n\tmov x0, xzr\n\tbr %0"
			 : : "r"(entry.v), "r"(sp.v) : "memory", "x0");
#endif
	__builtin_unreachable();
}

static void *host(guest_addr a)
{
	return (void *)(uintptr_t)a.v;	/* this process is the guest */
}

/* Maps a program where there is room in this process, as a plan says. */
static bool map_program(const char *path, struct elf *elf, struct elf_plan *plan)
{
#ifdef __x86_64__
	const struct elf_machine machine = { EM_X86_64, "x86_64", (uint64_t)getpagesize() };
#else
	const struct elf_machine machine = { EM_AARCH64, "aarch64", (uint64_t)getpagesize() };
#endif
	const struct elf_room room = { .limit = { UINT64_MAX } };
	struct elf_source source = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	struct runner_error error;
	uint8_t *area;

	if (elf_read(elf, &source, &machine, &error))
		return false;
	area = mmap(NULL, elf->high - elf->low + elf->align, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED ||
	    elf_place(elf, elf_start(elf, guest_at((uintptr_t)area)), &room, plan, &error))
		return false;
	for (unsigned int i = 0; i < plan->segments; i++) {
		const struct elf_segment *s = &plan->segment[i];
		size_t size = s->pages.end.v - s->pages.start.v;
		int prot = (s->prot & GUEST_READ ? PROT_READ : 0) |
			   (s->prot & GUEST_WRITE ? PROT_WRITE : 0) |
			   (s->prot & GUEST_EXEC ? PROT_EXEC : 0);

		if (mprotect(host(s->pages.start), size, PROT_READ | PROT_WRITE) ||
		    pread(source.fd, host(s->at), s->filesz, (off_t)s->offset) !=
		    (ssize_t)s->filesz || mprotect(host(s->pages.start), size, prot))
			return false;
	}
	close(source.fd);
	return true;
}

/* Never comes back: this process is the program from then on. */
static _Noreturn void become(const char *path, struct stack_contents *c)
{
	static struct elf elf, interpreter;
	static struct elf_plan plan, first;
	uint8_t *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct runner_error error;
	guest_addr sp;

	if (stack == MAP_FAILED || !map_program(path, &elf, &plan))
		_exit(FAILED);
	first = plan;
	if (elf.has_interpreter) {
		if (!map_program(elf.interpreter, &interpreter, &first))
			_exit(FAILED);
		c->base = guest_at(first.bias);
	}
	c->phdr = plan.phdr;
	c->phnum = elf.headers;
	c->entry = plan.entry;
	if (stack_build(c, guest_at((uintptr_t)stack + STACK_SIZE), stack, STACK_SIZE, &sp, &error))
		_exit(FAILED);
	enter(first.entry, sp);
}

/* What a program writes, if it is started so, and ends well. */
static void expect_output(const char *path, const char *const *argv, const char *const *envp,
			  const char *expected)
{
	struct stack_contents c = {
		.argv = argv, .envp = envp, .execfn = path, .platform = "loaded",
		.random = { 1, 2, 3 }, .page = (uint64_t)getpagesize(), .clktck = 100,
		.hwcap = getauxval(AT_HWCAP), .hwcap2 = getauxval(AT_HWCAP2),
		.vdso = { getauxval(AT_SYSINFO_EHDR) }, .minsigstksz = getauxval(AT_MINSIGSTKSZ),
		.uid = getuid(), .euid = geteuid(), .gid = getgid(), .egid = getegid(),
	};
	char output[1024] = "";
	size_t size = 0;
	int ends[2], status;
	ssize_t done;
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		become(path, &c);
	}
	close(ends[1]);
	while ((done = read(ends[0], output + size, sizeof output - 1 - size)) > 0)
		size += (size_t)done;
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "%s: status 0x%x", path, status);
	ck_assert_str_eq(output, expected);
}

/* Its interpreter and C library find all they need. */
START_TEST(stack_starts_dynamic_programs)
{
	static const char *const echo[] = { "echo", "a", "b c", "", NULL };
	static const char *const printenv[] = { "printenv", NULL };
	static const char *const variables[] = { "A=1", "B=", "LANG=C", NULL };

	expect_output("/bin/echo", echo, none, "a b c \n");
	expect_output("/usr/bin/printenv", printenv, variables, "A=1\nB=\nLANG=C\n");
}
END_TEST

static const char source[] =
	"#include <stdio.h>\n"
	"#include <sys/auxv.h>\n"
	"int main(int argc, char **argv) {\n"
	"	const unsigned char *r = (const unsigned char *)getauxval(AT_RANDOM);\n"
	"	printf(\"%d %s %s %s %d%d%d\", argc, argv[1], (char *)getauxval(AT_PLATFORM),\n"
	"	       argv[argc] ? \"more\" : \"end\", r[0], r[1], r[2]);\n"
	"	return getauxval(AT_PAGESZ) % 4096 != 0;\n"
	"}\n";

/* A static one that moves has no interpreter to help it. */
START_TEST(stack_starts_static_programs)
{
	static const char *const argv[] = { "program", "first", "second", NULL };
	char dir[] = "/tmp/check_stack-XXXXXX", path[64], command[256];
	const char *compiler = getenv("CC");
	FILE *pipe;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/program", dir);
	snprintf(command, sizeof command, "%s -static-pie -fPIE -x c -o '%s' - 2>/dev/null",
		 compiler ? compiler : "cc", path);
	pipe = popen(command, "w");
	ck_assert_ptr_nonnull(pipe);
	fputs(source, pipe);
	if (pclose(pipe))
		printf("not tried: the compiler cannot make a program with -static-pie\n");
	else
		expect_output(path, argv, none, "3 first loaded end 123");
	unlink(path);
	rmdir(dir);
}
END_TEST
#endif

Suite *stack_suite(void)
{
	Suite *suite = suite_create("stack");
	TCase *bytes = tcase_create("bytes");

	tcase_add_test(bytes, stack_is_read_back);
	tcase_add_test(bytes, stack_is_always_aligned);
	tcase_add_test(bytes, stack_leaves_out_what_is_not_told);
	tcase_add_test(bytes, stack_has_at_least_one_argument);
	tcase_add_test(bytes, stack_needs_room);
	tcase_add_test(bytes, stack_strings_have_a_limit);
	suite_add_tcase(suite, bytes);
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
	TCase *real = tcase_create("real");

	tcase_add_test(real, stack_starts_dynamic_programs);
	tcase_add_test(real, stack_starts_static_programs);
	suite_add_tcase(suite, real);
#endif
	return suite;
}
