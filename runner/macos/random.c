/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes for the vCPU; which descriptors give them, the registry says: descriptors.h. */
#define _GNU_SOURCE
#include "../random.h"

#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

#include "../wipe.h"

enum { REFILL = 1024, ROOM_MAX = VM_PAGE, AT_ONCE = 256 };	/* getentropy(2) */

static bool fill(uint8_t *bytes, size_t size)
{
	for (size_t done = 0; done < size; done += AT_ONCE)
		if (getentropy(bytes + done, size - done < AT_ONCE ? size - done : AT_ONCE))
			return false;
	return true;
}

void random_refill(struct thread *thread)
{
	uint8_t bytes[ROOM_MAX];
	size_t room = vcpu_random_room(thread->vcpu);

	if (room < REFILL || room > sizeof bytes)
		return;
	if (fill(bytes, room))
		vcpu_random_fill(thread->vcpu, bytes);
	wipe(bytes, sizeof bytes);
}

/* The registry's bits are the child's own, and so is its machine. */
void random_forked(struct process *process)
{
	(void)process;
}
