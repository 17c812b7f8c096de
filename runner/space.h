/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's address space: which pages it has, and for what. Its page tables follow, and
 * all that the host reads or writes for the guest goes through here: what is not the
 * program's, as its page tables have it, cannot be reached.
 *
 * Several threads may use all of it at once. What one of them does is done when its
 * function returns: no vCPU uses a page that is gone, and a page whose rights change, or
 * that another takes the place of, is never missing meanwhile.
 *
 * Functions return 0 or -errno, as the system call of that name would.
 */
#ifndef SPACE_H
#define SPACE_H

#include <stddef.h>
#include <sys/uio.h>

#include "guest.h"
#include "vm.h"

struct space;

struct space *space_create(struct vm *vm);
void space_destroy(struct space *space);

/*
 * Around fork(): nobody else changes anything. Then the parent unlocks; the child, with one
 * thread, calls the other before all else, and its machine need not be there yet.
 */
void space_lock(struct space *space);
void space_unlock(struct space *space);
void space_after_fork(struct space *space);

/* -------------------------------------------------------------------------
 * The crossing.
 */

/*
 * The memory at `at` as the host sees it, and how many bytes of it follow there, as far as
 * they may be used as `prot` says. NULL: none.
 *
 * The host has memory there until the space is destroyed. A guest that unmaps it meanwhile,
 * in another thread, gets what it asked for: the bytes are nobody's any more, or are those
 * of what it mapped since. That may be memory that the host cannot write to, or of a file
 * that ends earlier: so such a pointer is for the host's kernel, which says EFAULT. To have
 * bytes copied there are the functions below.
 */
void *space_at(const struct space *space, guest_addr at, unsigned int prot, size_t *follow);

/* All of it or -EFAULT; a write of nothing reaches nothing. */
int space_read(const struct space *space, void *to, guest_addr from, size_t size);
int space_write(const struct space *space, guest_addr to, const void *from, size_t size);

/* With its NUL; -ENAMETOOLONG if that is not in the first `room` bytes. */
int space_read_string(const struct space *space, char *to, guest_addr from, size_t room);

/*
 * The parts of the memory that the host sees in one piece, up to where it cannot be used
 * so, or to `size`. The number of parts, at most `room`; -EFAULT if the first byte cannot be.
 */
int space_parts(const struct space *space, guest_addr at, size_t size, unsigned int prot,
		struct iovec *part, int room);

/* -------------------------------------------------------------------------
 * For the loader: memory of zeros, whatever was there. `sealed` areas stay as they are.
 */
int space_make(struct space *space, struct guest_range range, unsigned int prot, bool sealed);
/* Its bytes, also where the program may not write. */
int space_fill(struct space *space, guest_addr to, const void *from, size_t size);

/* What the program breaks behind. */
void space_set_break(struct space *space, guest_addr start);
/* What has been made so: it grows down. */
int space_set_stack(struct space *space, struct guest_range range);

/* Names are for space_maps() and live as long as the space. */
int space_set_name(struct space *space, struct guest_range range, const char *name);
/* What is the machine's own, also above user code: sealed, and nothing that can be used. */
int space_reserve(struct space *space, struct guest_range range, const char *name);

/* -------------------------------------------------------------------------
 * For the program: its system calls. Sizes are in bytes and need not be whole pages.
 */
uint64_t space_brk(struct space *space, guest_addr end);
/* An address, or -errno. */
int64_t space_mmap(struct space *space, guest_addr near, uint64_t size, int prot, int flags, int fd,
		   uint64_t offset);
int space_munmap(struct space *space, guest_addr at, uint64_t size);
int space_mprotect(struct space *space, guest_addr at, uint64_t size, int prot);
int64_t space_mremap(struct space *space, guest_addr old, uint64_t old_size, uint64_t new_size,
		     int flags, guest_addr new);
int space_madvise(struct space *space, guest_addr at, uint64_t size, int advice);
int space_mincore(struct space *space, guest_addr at, uint64_t size, guest_addr vector);
int space_msync(struct space *space, guest_addr at, uint64_t size, int flags);
/* mlock2(), and mlock() without flags. */
int space_mlock(struct space *space, guest_addr at, uint64_t size, unsigned int flags);
int space_munlock(struct space *space, guest_addr at, uint64_t size);
int space_mlockall(struct space *space, int flags);
int space_munlockall(struct space *space);

/*
 * Of VM_FAULT: true if the program may go on, as nothing happened. What the fault says is
 * then as Linux says it, which knows areas: it may be another than the machine told.
 */
bool space_fault(struct space *space, struct vm_exit *exit);

/* -------------------------------------------------------------------------
 * What there is.
 */

/* The areas, in order, one after the other: false at the end. */
struct space_area {
	struct guest_range range;
	unsigned int prot;
	bool sealed;
};
bool space_area(const struct space *space, size_t number, struct space_area *area);

/* As /proc/PID/maps, for the program: to be freed. -ENOMEM, or why the host's cannot be read. */
int space_maps(const struct space *space, char **text, size_t *size);

#endif
