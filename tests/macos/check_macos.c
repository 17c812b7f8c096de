/* SPDX-License-Identifier: BSD-2-Clause */
/* The macOS host's parts that Linux can try. */
#include <check.h>
#include <stdlib.h>

#include "suites.h"

/* Seconds for one test: enough for a busy machine, and the end of a wait that nobody ends. */
#define TIMEOUT "60"

int main(void)
{
	SRunner *runner;
	int failed;

	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT, 0);
	runner = srunner_create(tables_suite());
	srunner_add_suite(runner, pending_suite());
	srunner_add_suite(runner, waiting_suite());
	srunner_add_suite(runner, sending_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
