/* SPDX-License-Identifier: BSD-2-Clause */
/* Every suite that check_macos.c runs. */
#ifndef MACOS_SUITES_H
#define MACOS_SUITES_H

#include <check.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

Suite *tables_suite(void);
Suite *pending_suite(void);
Suite *waiting_suite(void);
Suite *sending_suite(void);

#endif
