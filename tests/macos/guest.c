/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "tests/macos/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "darwin.h"
#include "deliver.h"
#include "frame.h"

uint32_t guest_word[GUEST_WORDS];
struct process guest_process;

/* -------------------------------------------------------------------------
 * The machine.
 */
struct vcpu {
	_Atomic unsigned int kicks;
	_Atomic uint32_t lanes;
	struct guest_result result;
};

void vcpu_kick(struct vcpu *vcpu)
{
	vcpu->kicks++;
}

void (*guest_before_clear)(void);

void vcpu_attention(struct vcpu *vcpu, uint32_t set, uint32_t clear)
{
	void (*before)(void) = guest_before_clear;

	if (clear & VM_ATTENTION_SIGNAL && before) {
		guest_before_clear = NULL;
		before();
	}
	vcpu->lanes |= set;
	vcpu->lanes &= ~clear;
}

uint64_t vcpu_get(const struct vcpu *vcpu, enum vm_register which)
{
	(void)vcpu, (void)which;
	return 0;
}

void vm_random_fd(struct vm *vm, unsigned int fd, bool is)
{
	(void)vm, (void)fd, (void)is;
}

uint64_t vm_hwcap(const struct vm *vm, unsigned int word)
{
	(void)vm, (void)word;
	return 0;
}

void vcpu_repeat(struct vcpu *vcpu)
{
	vcpu->result.repeats++;
}

void vcpu_set(struct vcpu *vcpu, enum vm_register which, uint64_t value)
{
	if (which == VM_RESULT)
		vcpu->result.result = value;
}

unsigned int guest_kicks(const struct thread *thread)
{
	return thread->vcpu->kicks;
}

bool guest_lane(const struct thread *thread)
{
	return thread->vcpu->lanes & VM_ATTENTION_SIGNAL;
}

struct guest_result *guest_result(const struct thread *thread)
{
	return &thread->vcpu->result;
}

/* -------------------------------------------------------------------------
 * Memory.
 */
int space_read(const struct space *space, void *to, guest_addr from, size_t size)
{
	(void)space;
	if (from.v < GUEST_MEMORY || from.v + size > GUEST_MEMORY + sizeof guest_word)
		return -EFAULT;
	memcpy(to, (uint8_t *)guest_word + (from.v - GUEST_MEMORY), size);
	return 0;
}

int space_write(const struct space *space, guest_addr to, const void *from, size_t size)
{
	(void)space;
	if (to.v < GUEST_MEMORY || to.v + size > GUEST_MEMORY + sizeof guest_word)
		return -EFAULT;
	memcpy((uint8_t *)guest_word + (to.v - GUEST_MEMORY), from, size);
	return 0;
}

int space_read_string(const struct space *space, char *to, guest_addr from, size_t room)
{
	for (size_t i = 0; i < room; i++) {
		if (space_read(space, to + i, guest_at(from.v + i), 1))
			return -EFAULT;
		if (!to[i])
			return 0;
	}
	return -ENAMETOOLONG;
}

int space_parts(const struct space *space, guest_addr at, size_t size, unsigned int prot,
		struct iovec *part, int room)
{
	size_t follow;
	void *host = space_at(space, at, prot, &follow);

	if (at.v < GUEST_MEMORY || at.v >= GUEST_MEMORY + sizeof guest_word)
		return -EFAULT;
	*part = (struct iovec){ host, size < follow ? size : follow };
	return room > 0;
}

bool space_area(const struct space *space, size_t number, struct space_area *area)
{
	(void)space;
	*area = (struct space_area){
		.range = { guest_at(GUEST_MEMORY), guest_at(GUEST_MEMORY + sizeof guest_word) },
		.prot = GUEST_READ | GUEST_WRITE,
	};
	return !number;
}

int space_maps(const struct space *space, char **text, size_t *size)
{
	(void)space;
	*text = strdup("00010000-00030000 rw-p 00000000 00:00 0 \n");
	*size = *text ? strlen(*text) : 0;
	return *text ? 0 : -ENOMEM;
}

void *space_at(const struct space *space, guest_addr at, unsigned int prot, size_t *follow)
{
	(void)space;
	(void)prot;
	*follow = GUEST_MEMORY + sizeof guest_word - at.v;
	return (uint8_t *)guest_word + (at.v - GUEST_MEMORY);
}

/* -------------------------------------------------------------------------
 * Frames: only that there is one.
 */
const uint64_t frame_stack_min = 2048;

int frame_push(struct thread *thread, const struct frame *frame)
{
	const struct linux_siginfo *info = frame->info;

	thread->vcpu->result.frames++;
	thread->vcpu->result.signal = info->signo;
	thread->vcpu->result.blocked = frame->blocked;
	return 0;
}

void frame_note_fault(struct thread *thread, const struct vm_fault *fault)
{
	thread->signal.fault = *fault;
}

/* -------------------------------------------------------------------------
 * The process.
 */
static struct thread_host *make_host(void)
{
	struct thread_host *host = calloc(1, sizeof *host);

	pthread_mutex_init(&host->lock, NULL);
	darwin_condition_begin(&host->woken);
	pending_begin(&host->pending);
	return host;
}

static pid_t began;	/* threads, also those that have ended: no two have one number */

struct thread *guest_thread(void)
{
	struct process *process = &guest_process;
	struct thread *thread = calloc(1, sizeof *thread);

	thread->host = make_host();
	thread->host->self = pthread_self();
	thread->vcpu = calloc(1, sizeof *thread->vcpu);
	thread->process = process;
	pthread_mutex_lock(&process->lock);
	thread->tid = getpid() + began++;
	process->threads++;
	thread->next = process->first;
	process->first = thread;
	pthread_mutex_unlock(&process->lock);
	return thread;
}

/* Its memory stays: who looks at what was told of it does so later. */
void guest_thread_end(struct thread *thread)
{
	struct process *process = &guest_process;
	struct thread **at = &process->first;

	pthread_mutex_lock(&process->lock);
	while (*at != thread)
		at = &(*at)->next;
	*at = thread->next;
	process->threads--;
	deliver_leave(process);
	pthread_mutex_unlock(&process->lock);
}

struct thread *guest_begin(void)
{
	memset(&guest_process, 0, sizeof guest_process);
	began = 0;
	pthread_mutex_init(&guest_process.lock, NULL);
	guest_process.host = calloc(1, sizeof *guest_process.host);
	pending_begin(&guest_process.host->pending);
	guest_process.signals = signals_create();
	deliver_begin(&guest_process);
	return guest_thread();
}
