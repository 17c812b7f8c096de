/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories that are open: what has been read of them. A position is the number of
 * entries before it, for lseek() and d_off alike: what telldir() of the host says is for one
 * process and one DIR only.
 */
#ifndef MACOS_FOLDERS_H
#define MACOS_FOLDERS_H

#include "descriptors.h"
#include "synthetic.h"

/* A folder of synthetic.h, or another of its files by O_PATH: no descriptor of the host. */
extern const struct registry_class synthetic_class;
/* As its descriptor_ops have it. */
extern const struct descriptor_ops synthetic_ops;

/* NULL: it is none. As long as it is held. */
const struct synthetic *folder_synthetic(const struct registry_held *held);

/* A descriptor of the guest's, or -errno. */
int folder_open_synthetic(const struct synthetic *file, bool path, bool cloexec);

/* getdents64() into memory of ours: bytes, 0 at the end, or -errno. */
int64_t folder_read(struct thread *thread, const struct registry_held *held, void *to, size_t room);
/* lseek() on a directory. */
int64_t folder_seek(const struct registry_held *held, int64_t offset, int whence);

/* The payload of directory_class and synthetic_class: registry_class's release(). */
void folder_release(void *payload);

#endif
