/* SPDX-License-Identifier: BSD-2-Clause */
/* Who am I, many times; and no register is lost by being asked. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { TIMES = 100000 };

#if defined __x86_64__
#include "identity-x86_64.h"
#elif defined __aarch64__
#include "identity-aarch64.h"
#endif

static int kept(uint64_t number, uint64_t value)
{
	struct state before, after;

	memset(&before, 0, sizeof before);
	for (unsigned int i = 0; i < REGISTERS; i++)
		((uint64_t *)&before)[i] = 0x0123456789abcdefull * (2 * i + 1);
	before.flags = value | ALWAYS;
	after = before;
	ask(number, &before, &after);
	before.result = after.result;
	return !memcmp(&before, &after, sizeof before);
}

static void registers(const char *name, uint64_t number)
{
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
