/* SPDX-License-Identifier: BSD-2-Clause */
/* A back end that plays a script: what the guest asks, and what it was answered. */
#ifndef RUNNER_FAKE_H
#define RUNNER_FAKE_H

#include "runner/process.h"

struct fake_step {
	struct vm_exit exit;
	uint64_t number, argument[6];
	/* what the loop had set when it went on */
	uint64_t result;
	int resumed, repeated;
};

/* A process with one thread, and no memory yet; what a test changes is its own to undo. */
void fake_process_begin(struct process *process, struct thread *thread);
void fake_process_end(struct process *process, struct thread *thread);

/* The last step is followed by VM_OFF. */
void fake_play(struct fake_step *step, unsigned int steps);
/* Whether the guest's counter is the host's: true at first. */
extern bool fake_has_counter;
/* How often the machine ran. */
unsigned int fake_runs(void);
/* How often the machine was told that the host's mapping of all this memory changed. */
unsigned int fake_changes(uint64_t physical, size_t size);
/* Pages that are mapped now. */
size_t fake_pages(void);
/* The physical page and the protection there; false: none. */
int fake_page(guest_addr at, uint64_t *physical, unsigned int *prot);

#endif
