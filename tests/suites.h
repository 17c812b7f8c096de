/* SPDX-License-Identifier: BSD-2-Clause */
/* Every suite that check_main.c runs. */
#ifndef SUITES_H
#define SUITES_H

#include <check.h>

Suite *arch_suite(void);
Suite *asm_suite(void);
Suite *build_suite(void);
Suite *clock_suite(void);
Suite *flow_suite(void);
Suite *image_suite(void);
Suite *model_suite(void);
Suite *open_suite(void);
Suite *resolve_suite(void);
Suite *process_suite(void);
Suite *random_suite(void);
Suite *steer_suite(void);
Suite *trap_suite(void);
Suite *unwind_suite(void);

#endif
