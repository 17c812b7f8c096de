/* SPDX-License-Identifier: BSD-2-Clause */
/* Every suite that check_runner.c runs, and one that check_loop.c does. */
#ifndef RUNNER_SUITES_H
#define RUNNER_SUITES_H

#include <check.h>

Suite *elf_suite(void);
Suite *fds_suite(void);
Suite *stack_suite(void);
Suite *passage_suite(void);

#endif
