/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the suites of the runner's parts that need no hypervisor, or those of its arguments' names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner-suites.h"

static const struct {
	const char *name;
	Suite *(*suite)(void);
} suites[] = {
	{ "elf", elf_suite },
	{ "fds", fds_suite },
	{ "stack", stack_suite },
};

/* Seconds for one test: enough for a busy machine, and the end of an endless loop. */
#define TIMEOUT "60"

#define SUITES (sizeof suites / sizeof *suites)

static size_t find(const char *name)
{
	size_t i = 0;

	while (i < SUITES && strcmp(suites[i].name, name) != 0)
		i++;
	return i;
}

static int unknown(const char *name)
{
	fprintf(stderr, "check_runner: no suite '%s'; there are:", name);
	for (size_t i = 0; i < SUITES; i++)
		fprintf(stderr, " %s", suites[i].name);
	putc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	SRunner *runner;
	int failed;

	for (int i = 1; i < argc; i++)
		if (find(argv[i]) == SUITES)
			return unknown(argv[i]);
	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT, 0);
	runner = srunner_create(NULL);
	for (size_t i = 0; argc < 2 && i < SUITES; i++)
		srunner_add_suite(runner, suites[i].suite());
	for (int i = 1; i < argc; i++)
		srunner_add_suite(runner, suites[find(argv[i])].suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
