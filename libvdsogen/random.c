/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the emitted getrandom needs to know of the host's generator. A reader loads
 * the generation before it asks the host for a key, and once more when it is done:
 * so the release here, after the host's generator was seeded anew, makes that key
 * or the next one fresh.
 */
#include "block.h"

/* Linux include/uapi/asm-generic/mman-common.h, mman.h. */
enum { PROT_READ = 0x1, PROT_WRITE = 0x2, MAP_DROPPABLE = 0x08, MAP_ANONYMOUS = 0x20 };

/* 0 is what fresh states have. */
VG_INLINE_ATOMICS static void new_generation(struct vdsogen_random *random)
{
	uint64_t old = __atomic_load_n(&random->generation, __ATOMIC_RELAXED), next;

	do {
		next = VG_LE64(old) + 1;
		next += !next;
	} while (!__atomic_compare_exchange_n(&random->generation, &old, VG_LE64(next), false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

int vdsogen_random_start(struct vdsogen_random *random, uint32_t prot, uint32_t flags)
{
	if (vg_misaligned(random))
		return -VDSOGEN_ERR_ALIGN;
	/* mmap() takes no flags of 0, and who waits for a start finds it by them */
	if (!prot)
		prot = PROT_READ | PROT_WRITE;
	if (!flags)
		flags = MAP_DROPPABLE | MAP_ANONYMOUS;
	vg_store32(&random->prot, prot);
	/* a query takes what is not 0 for both */
	__atomic_store_n(&random->flags, VG_LE32(flags), __ATOMIC_RELEASE);
	new_generation(random);
	__atomic_store_n(&random->ready, VG_LE32(1u), __ATOMIC_RELEASE);
	return 0;
}

int vdsogen_random_reseed(struct vdsogen_random *random)
{
	if (vg_misaligned(random))
		return -VDSOGEN_ERR_ALIGN;
	new_generation(random);
	return 0;
}

int vdsogen_random_stop(struct vdsogen_random *random)
{
	if (vg_misaligned(random))
		return -VDSOGEN_ERR_ALIGN;
	__atomic_store_n(&random->ready, 0, __ATOMIC_RELAXED);
	return 0;
}
