/* SPDX-License-Identifier: BSD-2-Clause */
/* Who am I, many times; and no register is lost by being asked. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { TIMES = 100000 };

/* All general registers but rax (the number), rsp, rcx and r11 (what `syscall` takes), and flags. */
struct state {
	uint64_t rbx, rdx, rsi, rdi, rbp, r8, r9, r10, r12, r13, r14, r15, flags, result;
};

static void ask(uint64_t number, const struct state *before, struct state *after)
{
	__asm__ volatile(
		"push %%rbp\n push %%rbx\n"
		"push %2\n"			/* where the state is put in the end */
		"push %%rax\n"
		"mov %1, %%rax\n"
		"push 96(%%rax)\n popfq\n"
		"mov 0(%%rax), %%rbx\n mov 8(%%rax), %%rdx\n mov 16(%%rax), %%rsi\n"
		"mov 24(%%rax), %%rdi\n mov 32(%%rax), %%rbp\n mov 40(%%rax), %%r8\n"
		"mov 48(%%rax), %%r9\n mov 56(%%rax), %%r10\n mov 64(%%rax), %%r12\n"
		"mov 72(%%rax), %%r13\n mov 80(%%rax), %%r14\n mov 88(%%rax), %%r15\n"
		"pop %%rax\n"
		"syscall\n"
		"pushfq\n"
		"mov 8(%%rsp), %%rcx\n"
		"popq 96(%%rcx)\n"
		"mov %%rbx, 0(%%rcx)\n mov %%rdx, 8(%%rcx)\n mov %%rsi, 16(%%rcx)\n"
		"mov %%rdi, 24(%%rcx)\n mov %%rbp, 32(%%rcx)\n mov %%r8, 40(%%rcx)\n"
		"mov %%r9, 48(%%rcx)\n mov %%r10, 56(%%rcx)\n mov %%r12, 64(%%rcx)\n"
		"mov %%r13, 72(%%rcx)\n mov %%r14, 80(%%rcx)\n mov %%r15, 88(%%rcx)\n"
		"mov %%rax, 104(%%rcx)\n"
		"pop %%rcx\n pop %%rbx\n pop %%rbp\n cld\n"
		: "+a"(number) : "r"(before), "r"(after)
		: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		  "memory", "cc");
}

#define CARRY 0x1
#define PARITY 0x4
#define ADJUST 0x10
#define ZERO 0x40
#define SIGN 0x80
#define DIRECTION 0x400
#define OVERFLOW 0x800
#define ALWAYS 0x202	/* bit 1, and interrupts are on */

static int kept(uint64_t number, uint64_t flags)
{
	struct state before, after;

	memset(&before, 0, sizeof before);
	for (unsigned int i = 0; i < 12; i++)
		((uint64_t *)&before)[i] = 0x0123456789abcdefull * (2 * i + 1);
	before.flags = flags | ALWAYS;
	ask(number, &before, &after);
	before.result = after.result;
	return !memcmp(&before, &after, sizeof before);
}

static void registers(const char *name, uint64_t number)
{
	static const uint64_t flags[] = { 0, CARRY, PARITY, ADJUST, ZERO, SIGN, DIRECTION, OVERFLOW,
		CARRY | PARITY | ADJUST | ZERO | SIGN | DIRECTION | OVERFLOW };
	unsigned int good = 0;

	for (unsigned int i = 0; i < sizeof flags / sizeof flags[0]; i++)
		good += kept(number, flags[i]);
	printf("%s: registers and flags kept %u times of %zu\n", name, good,
	       sizeof flags / sizeof flags[0]);
}

static void ids(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	printf("%d %d %d %d: %s\n", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid(),
	       getuid() == r && geteuid() == e && getgid() == rg && getegid() == eg ? "so it is" : "not so");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		long number;
	} call[] = {
		{ "getpid", SYS_getpid }, { "gettid", SYS_gettid }, { "getuid", SYS_getuid },
		{ "geteuid", SYS_geteuid }, { "getgid", SYS_getgid }, { "getegid", SYS_getegid },
		{ "getppid", SYS_getppid }, { "none", 4000 },
	};
	pid_t pid = getpid();
	char name[64];

	for (unsigned int i = 0; i < sizeof call / sizeof call[0]; i++)
		registers(call[i].name, (uint64_t)call[i].number);
	for (int i = argc > 1 ? atoi(argv[1]) : TIMES; i > 0; i--)
		if (getpid() != pid || syscall(SYS_gettid) != pid)
			puts("somebody else");
	snprintf(name, sizeof name, "/proc/%d", (int)pid);
	printf("%s\n", access(name, F_OK) ? "nobody" : "somebody");
	ids();
	if (setresuid(1, 2, 0) == 0)	/* only root may */
		ids();
	if (setresuid(0, 0, 0) == 0 && setresgid(3, 4, 5) == 0)
		ids();
	return 0;
}
