/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the shims of all processors have: NAME/shim.h includes it, and says what struct shim,
 * struct shim_cpu and the struct shim_data of its vCPUs are.
 */
#ifndef SHIM_BOTH_H
#define SHIM_BOTH_H

#include <stdbool.h>
#include <stdint.h>

#include "vm.h"

struct pages;
struct shim;
struct shim_cpu;

enum { SHIM_CPUS = 1024 };

/* What it counts: answers, and random bytes that it was asked for and had to leave to the host. */
enum shim_answer {
	SHIM_PID,
	SHIM_TID,
	SHIM_UID,
	SHIM_EUID,
	SHIM_GID,
	SHIM_EGID,
	SHIM_RANDOM,
	SHIM_RANDOM_LEFT,
	SHIM_ANSWERS
};

/* Those that are in struct vm_answers: the field, the number. */
#define SHIM_EACH_ANSWER(DO) \
	DO(pid, PID) DO(tid, TID) DO(uid, UID) DO(euid, EUID) DO(gid, GID) DO(egid, EGID)

/*
 * The page behind a vCPU's data: random bytes that getrandom() and read() give out. A byte that is
 * asked for counts as gone before it is copied, and then is zero.
 */
enum { SHIM_POOL = 4096 - 64, SHIM_POOL_MOST = 256 };	/* most: at once */
struct shim_pool {
	uint32_t next;		/* SHIM_POOL: empty */
	uint8_t byte[SHIM_POOL];
};
_Static_assert(sizeof(struct shim_pool) <= VM_PAGE, "a page");

/* The next, the same for all vCPUs. */
struct shim_shared {
	uint32_t random[VM_RANDOM_FDS / 32];	/* bits: descriptors that give random bytes */
};

/* What the vCPU of that number has, now or already. false: out of memory. */
bool shim_add_cpu(struct shim *shim, struct pages *pages, unsigned int number, struct shim_cpu *cpu);
/* Whether it can write to these pages: it counts, and gives out random bytes. */
bool shim_writes(const struct shim *shim);
/* A word for what is counted so. */
const char *shim_answer_name(enum shim_answer answer);

/* As vm.h has them: vcpu_attention(), vm_random_fd(), for any thread, vcpu_answer() and others. */
void shim_attention(const struct shim_cpu *cpu, uint32_t set, uint32_t clear);
void shim_random_fd(const struct shim *shim, unsigned int fd, bool is);
void shim_answer(const struct shim_cpu *cpu, const struct vm_answers *answers);
void shim_random_fill(const struct shim_cpu *cpu, const void *bytes);
/* Another thread's program begins: nothing of the one before is answered or given out. */
void shim_renew(const struct shim_cpu *cpu);

#endif
