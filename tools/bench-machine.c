/* SPDX-License-Identifier: BSD-2-Clause */
/* What vdsogen bench says of the machine it was run on. */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"

/* "model name : ..." of the first processor; aarch64's kernel has no such line. */
static void read_processor(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	while (file && !*name && fgets(line, sizeof line, file))
		if (!strncmp(line, "model name", strlen("model name")) && strchr(line, ':')) {
			const char *text = strchr(line, ':') + 1;

			text += strspn(text, " \t");
			snprintf(name, size, "%.*s", (int)strcspn(text, "\n"), text);
		}
	if (file)
		fclose(file);
	if (!*name)
		snprintf(name, size, "unknown processor");
}

void bench_machine(struct bench_machine *machine)
{
	struct utsname host;

	*machine = (struct bench_machine){ .processors = sysconf(_SC_NPROCESSORS_ONLN) };
	read_processor(machine->processor, sizeof machine->processor);
	if (uname(&host))
		return;
	snprintf(machine->kernel, sizeof machine->kernel, "%s", host.release);
	snprintf(machine->architecture, sizeof machine->architecture, "%s", host.machine);
}
