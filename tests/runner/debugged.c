/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests/gdb.sh has a debugger look at. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct pair {
	int first;
	double second;
} pair = { 41, 2.5 };
volatile int chosen = 3;

__attribute__((noinline)) int twice(int value)
{
	int result = 2 * value;

	return result + chosen - chosen;
}

static void end(const char *how)
{
	if (!strcmp(how, "crash"))
		*(volatile int *)16 = 1;
	if (!strcmp(how, "loop"))
		for (;;)
			chosen++;
	if (!strcmp(how, "sleep"))
		sleep(1000);
}

int main(int argc, char **argv)
{
	struct timespec now;
	int sum = 0;

	for (int i = 1; i <= 3; i++)
		sum += twice(i);
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("sum %d chosen %d\n", sum, chosen);
	fflush(stdout);
	end(argc > 1 ? argv[1] : "");
	return 7;
}
