/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests/gdb.sh has a debugger look at. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

/* Memory of this size is there when it is used: no fault that a debugger hears of. */
static int much(void)
{
	const size_t size = (size_t)1 << 30;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		return 0;
	for (size_t at = 0; at < size; at += size / 4)
		bytes[at] = 1;
	return bytes[size / 2] - 1;
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
	sum += much();
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("sum %d chosen %d\n", sum, chosen);
	fflush(stdout);
	end(argc > 1 ? argv[1] : "");
	return 7;
}
