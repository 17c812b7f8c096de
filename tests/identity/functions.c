/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "identity.h"
#include "vdsogen-resolve.h"

static const struct {
	const char *name;
	long number;
} functions[FUNCTIONS] = {
	[GETPID] = { "getpid", SYS_getpid },
	[GETPPID] = { "getppid", SYS_getppid },
	[GETTID] = { "gettid", SYS_gettid },
	[GETPGID] = { "getpgid", SYS_getpgid },
	[GETSID] = { "getsid", SYS_getsid },
	[GETPRIORITY] = { "getpriority", SYS_getpriority },
	[GETUID] = { "getuid", SYS_getuid },
	[GETEUID] = { "geteuid", SYS_geteuid },
	[GETGID] = { "getgid", SYS_getgid },
	[GETEGID] = { "getegid", SYS_getegid },
	[UNAME] = { "uname", SYS_uname },
};

static uintptr_t code[FUNCTIONS];

const char *function_name(enum function function)
{
	return functions[function].name;
}

/* As far as its segment goes: the image's addresses start at 0. */
static unsigned long size_of(const void *image)
{
	const Elf64_Ehdr *eh = image;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)((const char *)image + eh->e_phoff);

	for (unsigned int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD)
			return ph[i].p_memsz;
	return 0;
}

bool find_functions(struct place *place)
{
	const void *image = vdsogen_vdso();

	for (int f = 0; f < FUNCTIONS; f++) {
		code[f] = (uintptr_t)vdsogen_resolve_prefixed(image, functions[f].name);
		if (!code[f]) {
			printf("the vDSO has no %s: is this vdsogen run --identity?\n",
			       functions[f].name);
			return false;
		}
	}
	place->at = (uintptr_t)image;
	place->size = size_of(image);
	return true;
}

/* -------------------------------------------------------------------------
 * Calling them. As the kernel has it: -errno is an error.
 */
static long hash(const struct utsname *names)
{
	const unsigned char *bytes = (const unsigned char *)names;
	unsigned long hash = 5381;

	for (size_t i = 0; i < sizeof *names; i++)
		hash = hash * 33 + bytes[i];
	return (long)(hash >> 1);
}

long by_page(enum function function)
{
	struct utsname names;
	int error;

	switch (function) {
	case GETPGID:
	case GETSID:
		return ((int (*)(int))code[function])(0);
	case GETPRIORITY:
		return ((int (*)(int, id_t))code[function])(PRIO_PROCESS, 0);
	case UNAME:
		memset(&names, 'x', sizeof names);
		error = ((int (*)(struct utsname *))code[function])(&names);
		return error ? error : hash(&names);
	default:
		return ((int (*)(void))code[function])();
	}
}

/* errno is left alone: a child of vfork shares it. */
long by_call(enum function function)
{
	long number = functions[function].number, result;
	int saved = errno;
	struct utsname names;

	switch (function) {
	case GETPRIORITY:
		result = syscall(number, PRIO_PROCESS, 0);
		break;
	case UNAME:
		memset(&names, 'x', sizeof names);
		result = syscall(number, &names) ? -errno : hash(&names);
		break;
	default:
		result = syscall(number, 0);
	}
	errno = saved;
	return result;
}
