/* SPDX-License-Identifier: BSD-2-Clause */
/* Why something was refused: a number for the guest, a sentence for the user. */
#ifndef ERROR_H
#define ERROR_H

struct runner_error {
	int number;		/* of errno.h */
	char text[256];		/* what, its value, what to do; no name of a file */
};

/* Fills in both and returns -number. Nothing of a guest's strings belongs into the text. */
int runner_error(struct runner_error *error, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
