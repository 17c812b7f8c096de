/* SPDX-License-Identifier: BSD-2-Clause */
/* Every suite that check_descriptors.c runs. */
#ifndef DESCRIPTOR_SUITES_H
#define DESCRIPTOR_SUITES_H

#include <check.h>

Suite *kqueue_suite(void);
Suite *fds_suite(void);
Suite *special_suite(void);
Suite *epoll_suite(void);
Suite *sockets_suite(void);
Suite *terminal_suite(void);

#endif
