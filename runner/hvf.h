/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files hvf*.c, the back end for Apple's Hypervisor.framework on arm64, know of one another. */
#ifndef HVF_H
#define HVF_H

#include <Hypervisor/Hypervisor.h>
#include <pthread.h>

#include "aarch64/pages.h"
#include "aarch64/registers.h"
#include "aarch64/shim.h"
#include "vm.h"

enum {
	HVF_PAGE = 16384,	/* what the framework maps: pages of macOS */
	HVF_PIECES = 128,	/* of memory */
	HVF_IPA_BITS = 36,	/* of a guest's physical addresses, where nobody asks for more */
	HVF_START = 0,		/* where vCPUs start, physical and virtual */
};

/*
 * Memory is given in pages of 4 KiB. It is mapped with what is around it in pages of the host's,
 * and so at another address than it was given for: `ipa` is where the guest has it. No table
 * leads to what is around it.
 */
struct hvf_piece {
	uint64_t physical, ipa;
	uint8_t *host;
	size_t size;
};

struct vm {
	struct pages pages;
	struct shim shim;
	uint8_t *own;		/* the machine's memory: the start's page, then `pages` has */
	uint64_t start_table;	/* physical: TTBR0 of a vCPU that starts */
	struct hvf_piece piece[HVF_PIECES];
	unsigned int pieces;
	uint64_t next_ipa;
	pthread_mutex_t changing;	/* of the framework's mappings */
	uint64_t changes;		/* of them: they were missing meanwhile */
	bool created;			/* the framework has one */
	bool used;			/* a vCPU has run */
	uint32_t vcpus_max;
	uint64_t hwcap[2];
	bool has_counter;
	uint64_t counter_distance;
	uint64_t key[SHIM_KEYS];	/* of pointer authentication: a process' */
	bool has_keys;
	struct vcpu *flusher;		/* for threads that have no vCPU of their own */

	pthread_mutex_t lock;		/* of what follows */
	struct vcpu *vcpus;		/* all of them */
	struct vcpu *spare;		/* those that nobody uses */
	unsigned int numbers, live;	/* there have been, there are */
};

/*
 * Between runs, user code's registers are in the shim's frame, which is memory; but the vectors
 * are in the framework's vCPU while there is one. That is its thread's: it is made by the first
 * run, and ends with the last use in this thread.
 */
struct vcpu {
	unsigned int number;	/* from 0 on: the shim's */
	struct vm *vm;
	struct vcpu *next, *next_spare;
	struct shim_cpu shim;
	bool bound;		/* there is one: */
	hv_vcpu_t hv;
	hv_vcpu_exit_t *exit;
	bool starts;		/* it has not come to the shim */
	uint64_t start_control;	/* SCTLR_EL1, then */
	bool steps;		/* as MDSCR_EL1 is */
	struct hvf_vectors {
		hv_simd_fp_uchar16_t v[32];
		uint64_t fpsr, fpcr;
	} vectors;		/* if not */
	bool stepping;		/* as it is to be */
	bool in_between;	/* it goes on where it is, not from its frame */
	uint64_t changes;	/* of the mappings, before the run */
	int kicked, running;
};

/* An error of the framework's: "Hypervisor.framework: WHAT: why". */
int hvf_fails(struct runner_error *error, const char *what, hv_return_t result);

/* Where the guest has it; NULL: that is no memory. */
const struct hvf_piece *hvf_piece_at(const struct vm *vm, uint64_t ipa);

/* A vCPU of the shim's, without registers. */
int hvf_vcpu_create(struct vcpu **vcpu, struct vm *vm, struct runner_error *error);
/* All of them; nothing is said to the framework. */
void hvf_vcpus_forget(struct vm *vm);
/* The framework's vCPU, in this thread; and its end. */
hv_return_t hvf_bind(struct vcpu *vcpu);
void hvf_unbind(struct vcpu *vcpu);
/* What this thread has bound; NULL: nothing. */
struct vcpu *hvf_bound(void);

/* hvf-start.c: the code, at `host`, which is HVF_START for the guest. false: no memory. */
bool hvf_start_create(struct vm *vm, uint8_t *host);
/* A fresh vCPU gets its registers; is about to be entered there; has it gone on from there? */
hv_return_t hvf_start_prepare(struct vcpu *vcpu);
hv_return_t hvf_start_enter(const struct vcpu *vcpu);
bool hvf_start_is_over(uint64_t pc);

/* hvf-registers.c: the vectors, to and from the framework. */
hv_return_t hvf_take_vectors(const struct vcpu *vcpu, struct hvf_vectors *vectors);
hv_return_t hvf_give_vectors(const struct vcpu *vcpu, const struct hvf_vectors *vectors);
/* The processor's registers now, wherever it was left. */
hv_return_t hvf_now(const struct vcpu *vcpu, enum shim_place place, struct shim_now *now);

/* hvf-run.c: all uses of old entries of the tables end, by the vCPU that this thread has bound. */
bool hvf_flush(struct vcpu *vcpu);

/*
 * Where signals of the host are the guest's, they are to end runs of this thread: those that are
 * not blocked from now on; and whether one is pending. macOS's are not.
 */
void hvf_signals_begin(uint64_t blocked);
bool hvf_signals_wait(void);

#endif
