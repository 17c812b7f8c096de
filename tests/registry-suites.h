/* SPDX-License-Identifier: BSD-2-Clause */
/* Every suite that check_registry.c runs. */
#ifndef REGISTRY_SUITES_H
#define REGISTRY_SUITES_H

#include <check.h>

Suite *counter_suite(void);
Suite *entropy_suite(void);
Suite *races_suite(void);
Suite *registry_suite(void);
Suite *ring_suite(void);

#endif
