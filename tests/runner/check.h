/* SPDX-License-Identifier: BSD-2-Clause */
/* For programs that print what happens, and end where it must not. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition,                 \
			       strerror(errno));                                                   \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#endif
