/* SPDX-License-Identifier: BSD-2-Clause */
/* The vDSOs of 64-bit machines, as Linux makes them. */
#include <elf.h>
#include <stdio.h>

#include "check.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

#define HAS(function) (1u << VDSOGEN_##function)

enum {
	COMMON = HAS(CLOCK_GETTIME) | HAS(GETTIMEOFDAY) | HAS(CLOCK_GETRES)
};

static const struct machine machines[] = {
	{
		.name = "x86_64", .number = EM_X86_64, .encoding = ELFDATA2LSB,
		.prefix = "__vdso_", .version = "LINUX_2.6",
		.functions = COMMON | HAS(TIME) | HAS(GETCPU), .hash_word = 4,
		.trap_size = 2, .trap = { 0x0f, 0x05 },			/* syscall */
	}, {
		.name = "aarch64", .number = EM_AARCH64, .encoding = ELFDATA2LSB,
		.prefix = "__kernel_", .version = "LINUX_2.6.39",
		.functions = COMMON | HAS(RT_SIGRETURN), .hash_word = 4,
		.trap_size = 4, .trap = { 0x01, 0x00, 0x00, 0xd4 },	/* svc #0 */
		.sigreturn_size = 8,					/* mov x8, #139; svc #0 */
		.sigreturn_code = { 0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4 },
	}, {
		.name = "riscv64", .number = EM_RISCV, .encoding = ELFDATA2LSB,
		.prefix = "__vdso_", .version = "LINUX_4.15",
		.functions = COMMON | HAS(GETCPU) | HAS(RT_SIGRETURN), .hash_word = 4,
		.trap_size = 4, .trap = { 0x73, 0x00, 0x00, 0x00 },	/* ecall */
		.sigreturn_size = 8,					/* li a7, 139; ecall */
		.sigreturn_code = { 0x93, 0x08, 0xb0, 0x08, 0x73, 0x00, 0x00, 0x00 },
	}, {
		.name = "loongarch64", .number = EM_LOONGARCH, .encoding = ELFDATA2LSB,
		.prefix = "__vdso_", .version = "LINUX_5.10",
		.functions = COMMON | HAS(GETCPU) | HAS(RT_SIGRETURN), .hash_word = 4,
	}, {
		.name = "ppc64", .number = EM_PPC64, .prefix = "__kernel_",
		.version = "LINUX_2.6.15", .functions = COMMON | HAS(TIME) | HAS(GETCPU) |
		HAS(RT_SIGRETURN), .sigreturn = "__kernel_sigtramp_rt64", .hash_word = 4,
	}, {
		.name = "s390x", .number = EM_S390, .encoding = ELFDATA2MSB, .prefix = "__kernel_",
		.version = "LINUX_2.6.29", .functions = COMMON | HAS(GETCPU) | HAS(RT_SIGRETURN),
		.hash_word = 8,
	},
};

const struct machine *machine_of(uint16_t number)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
		if (machines[i].number == number)
			return &machines[i];
	return NULL;
}

const char *machine_symbol(const struct machine *machine, unsigned int function, char *name)
{
	if (function == VDSOGEN_RT_SIGRETURN && machine->sigreturn)
		return machine->sigreturn;
	snprintf(name, MACHINE_NAME_SIZE, "%s%s", machine->prefix, vdsogen_function_name(function));
	return name;
}
