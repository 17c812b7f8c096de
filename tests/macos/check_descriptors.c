/* SPDX-License-Identifier: BSD-2-Clause */
/* The macOS host's descriptors, on Linux, which is what they are compared with. */
#include <check.h>
#include <stdlib.h>

#include "descriptor-suites.h"

/* Seconds for one test: enough for a busy machine, and the end of a wait that nobody ends. */
#define TIMEOUT "60"

int main(void)
{
	SRunner *runner;
	int failed;

	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT, 0);
	runner = srunner_create(kqueue_suite());
	srunner_add_suite(runner, fds_suite());
	srunner_add_suite(runner, special_suite());
	srunner_add_suite(runner, epoll_suite());
	srunner_add_suite(runner, sockets_suite());
	srunner_add_suite(runner, terminal_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
