/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with two folders of its own: in one the kernel does what the tests ask for, in the
 * other the runner's calls do, with a guest's memory and descriptors.
 */
#ifndef MACOS_FILES_FIXTURE_H
#define MACOS_FILES_FIXTURE_H

#include <stddef.h>

#include "calls-own.h"

#define GUEST_PROGRAM "/usr/bin/program"

extern int native_folder;		/* descriptors of the host */
extern int guest_host_folder;
extern int guest_folder;		/* and of the guest */
extern char native_name[], guest_name[];

void files_begin(void);
void files_end(void);

/* Room in the guest's memory, until it is begun anew. */
void guest_room_begin(void);
uint64_t guest_room(size_t size);
uint64_t guest_text(const char *text);
void guest_put(uint64_t to, const void *from, size_t size);
void guest_get(void *to, uint64_t from, size_t size);

/* What the program gets. */
int64_t guest_call(call_fn *call, const uint64_t *argument);
#define GUEST_CALL(name, ...) guest_call(call_##name, (const uint64_t[6]){ __VA_ARGS__ })

int64_t guest_seek(int fd, int64_t offset);
int64_t guest_seek_current(int fd);
void guest_close(int fd);
/* The host's of the guest's, and the guest's for the host's. */
int guest_host(int fd);
int guest_descriptor(int host);

void make_file(int folder, const char *name, const char *text);

#endif
