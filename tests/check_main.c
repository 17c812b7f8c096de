/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs every suite of suites.h, or those of its arguments' names. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

static const struct {
	const char *name;
	Suite *(*suite)(void);
} suites[] = {
	{ "asm", asm_suite },
	{ "arch", arch_suite },
	{ "build", build_suite },
	{ "image", image_suite },
	{ "open", open_suite },
	{ "resolve", resolve_suite },
	{ "clock", clock_suite },
	{ "model", model_suite },
	{ "process", process_suite },
	{ "random", random_suite },
	{ "steer", steer_suite },
	{ "flow", flow_suite },
	{ "trap", trap_suite },
	{ "unwind", unwind_suite },
};

/* Seconds for one test: enough for a busy machine, and the end of an endless loop. */
#define TIMEOUT "60"

#define SUITES (sizeof suites / sizeof *suites)

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

static bool known(const char *name)
{
	for (size_t i = 0; i < SUITES; i++)
		if (!strcmp(suites[i].name, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	SRunner *runner;
	int failed;

	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT, 0);
	runner = srunner_create(NULL);

	for (int i = 1; i < argc; i++)
		if (!known(argv[i])) {
			fprintf(stderr, "check_vdsogen: no suite '%s'; there are:", argv[i]);
			for (size_t s = 0; s < SUITES; s++)
				fprintf(stderr, " %s", suites[s].name);
			putc('\n', stderr);
			return 2;
		}
	for (size_t i = 0; i < SUITES; i++)
		if (wanted(suites[i].name, argc, argv))
			srunner_add_suite(runner, suites[i].suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
