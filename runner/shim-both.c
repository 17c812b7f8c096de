/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "shim.h"

const char *shim_answer_name(enum shim_answer answer)
{
	static const char *const names[SHIM_ANSWERS] = {
		"getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "random", "random_left",
	};

	return names[answer];
}

void shim_attention(const struct shim_cpu *cpu, uint32_t set, uint32_t clear)
{
	__atomic_or_fetch(&cpu->data->attention, set, __ATOMIC_SEQ_CST);
	__atomic_and_fetch(&cpu->data->attention, ~clear, __ATOMIC_RELEASE);
}

void shim_random_fd(const struct shim *shim, unsigned int fd, bool is)
{
	uint32_t *word = &shim->shared->random[fd / 32], bit = 1u << fd % 32;

	if (is)
		__atomic_or_fetch(word, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(word, ~bit, __ATOMIC_SEQ_CST);
}

void shim_answer(const struct shim_cpu *cpu, const struct vm_answers *answers)
{
	cpu->data->answers = *answers;
	shim_attention(cpu, 0, VM_ATTENTION_ANSWERS);
}

void shim_random_fill(const struct shim_cpu *cpu, const void *bytes)
{
	memcpy(cpu->pool->byte, bytes, cpu->pool->next);
	cpu->pool->next = 0;
}

void shim_renew(const struct shim_cpu *cpu)
{
	memset(cpu->pool, 0, sizeof *cpu->pool);
	cpu->pool->next = SHIM_POOL;
	shim_attention(cpu, VM_ATTENTION_ANSWERS, (uint32_t)~VM_ATTENTION_ANSWERS);
}
