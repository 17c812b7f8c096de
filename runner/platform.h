/* SPDX-License-Identifier: BSD-2-Clause */
/* What hosts have each in a way of their own: in HOST/platform.c. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stddef.h>
#include <stdint.h>

/* What others see of the thread that calls this, or of its process. */
void platform_name_thread(const char *name);

/* As the host names an open file: to be freed. NULL and errno. */
char *platform_path(int fd);

/* A file that is open, has no name, and holds these bytes, from its start: -1 and errno. */
int platform_file(const void *bytes, size_t size);

/* Of a stream, as socket() and accept() have it; what this process becomes has it not. */
int platform_socket(int family);
int platform_accept(int listener);
/* Until the other side has closed its end, or so many ms. */
void platform_wait_closed(int connection, int patience);

#endif
