/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "error.h"

int runner_error(struct runner_error *error, int number, const char *format, ...)
{
	va_list args;

	error->number = number;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return -number;
}
