/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host has mapped where the guest's memory is, in pages of the host, which may be larger
 * than the guest's. Flags are the guest's: guest-memory.h. host-memory.c has what all hosts
 * share, HOST/host-memory.c the rest.
 *
 * Functions that can fail return 0 or -errno. Who is not said to take any range takes whole pages
 * of the host's.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A power of two, and at least VM_PAGE. */
size_t host_page(void);
/* For tests: as if the host had larger pages, from now on. 0: its own. */
void host_page_set(size_t size);

static inline uint64_t host_page_down(uint64_t at)
{
	return at & ~(uint64_t)(host_page() - 1);
}

static inline bool host_page_is_whole(const void *at, uint64_t size)
{
	return ((uintptr_t)at | size) % host_page() == 0;
}

static inline uint64_t host_page_up(uint64_t at)
{
	return host_page_down(at + host_page() - 1);
}

/* -------------------------------------------------------------------------
 * Memory of zeros, which takes none until it is used.
 */
void *host_zeros(size_t size);	/* NULL: there is none */
void host_unmap(void *at, size_t size);
/* In the place of whatever is mapped there; of what is not mapped, and stays so if it is. */
int host_renew(void *at, size_t size);
int host_renew_hole(void *at, size_t size);

/* -------------------------------------------------------------------------
 * A file, or memory that is shared with others, in the place of what is mapped there.
 */
struct host_file {
	int prot, flags, fd;
	uint64_t offset;
};
/*
 * As mmap() has it for its errors; then the host may read it, and write, if it ever may.
 * `may` loses what never can be done with it: of enum guest_prot.
 */
int host_map(void *at, size_t size, const struct host_file *file, uint8_t *may);
/*
 * mremap() to where something is mapped. -ENOMEM: this host cannot, or not this: pages that are
 * not whole ones of the host's are left alone.
 */
int host_move(void *from, size_t size, void *to, size_t new_size, int flags);

/* -------------------------------------------------------------------------
 * Of any range of memory that is mapped: what can only be done with whole pages is done with
 * those in it, or with those that it touches, as is right for the program.
 */

/*
 * madvise(). `file`: host_map() was there. Memory that becomes zeros does in all of the range;
 * -EINVAL, if that is not possible.
 */
int host_advise(void *at, size_t size, int advice, bool file);
int host_sync(void *at, size_t size, int flags);
/* mincore(): a byte for each page of the guest's. */
int host_resident(void *at, size_t size, uint8_t *vector);
int host_lock(void *at, size_t size, bool on_fault);
int host_unlock(void *at, size_t size);
/*
 * Of bytes of the runner's to such memory, or from there: how many could be. It may be of a file
 * that has become shorter, where to touch it would be this process's SIGBUS.
 */
size_t host_copy(void *to, const void *from, size_t size);

/* -------------------------------------------------------------------------
 * For host-memory.c and a host's own: whole pages.
 */
/* Of zeros, private; `flags` besides are those of the host's mmap(), and so is the result. */
void *host_map_zeros(void *at, size_t size, int flags);
int host_advise_pages(void *at, size_t size, int advice, bool file);
int host_sync_pages(void *at, size_t size, int flags);
/* A byte for each page of the host's own, as sysconf() has it. */
int host_resident_pages(void *at, size_t size, uint8_t *vector);

/* -------------------------------------------------------------------------
 * What the host calls what it has mapped, all of it as it is at one moment.
 */
struct host_mappings;
struct host_mapping {
	const char *name;	/* "": none; as long as the mappings are */
	uint64_t offset, inode;	/* of the byte that was asked about */
	unsigned int major, minor;
};

int host_mappings_read(struct host_mappings **mappings);
void host_mappings_free(struct host_mappings *mappings);
struct host_mapping host_mapping_at(struct host_mappings *mappings, const void *at);

#endif
