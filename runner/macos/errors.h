/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors of the host have numbers of the host's everywhere in the runner. They become Linux's
 * in one place, where a result goes to the program: calls_do().
 */
#ifndef MACOS_ERRORS_H
#define MACOS_ERRORS_H

#include <stdint.h>

#include "linux-errno.h"

/* More than any host has: results of -1 to -ERRORS_MAX are errors. */
enum { ERRORS_MAX = 256 };

/* Linux's number for the host's; EIO, if it has none for it. */
int errors_to_linux(int host);
/* Whether there is a number of Linux's for it. */
int errors_known(int host);

/*
 * For what the host has no error for: such a result is told as it is. Further down than
 * CALLS_DONE, and than anything else that is no error.
 */
#define ERRORS_LINUX(number) (-(int64_t)(1 << 16) - (number))

/* What the program gets for the result of a call. */
int64_t errors_result(int64_t result);

#endif
