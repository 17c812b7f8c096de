/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exec.h"

#define LINES_MAX 50	/* of failed checks */
#define SECONDS_MAX 120	/* an endless loop in a trampoline ends here */

static unsigned int passed, failed;
static char about[128];

void check_about(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(about, sizeof about, format, args);
	va_end(args);
}

bool check_that(bool good, const char *file, int line, const char *format, ...)
{
	va_list args;

	if (good) {
		__atomic_fetch_add(&passed, 1, __ATOMIC_RELAXED);
		return true;
	}
	if (__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED) < LINES_MAX) {
		char text[256];

		va_start(args, format);
		vsnprintf(text, sizeof text, format, args);
		va_end(args);
		printf("FAIL: %s:%d: %s, %s: %s\n", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
		       line, page_layout.name, about, text);
	}
	return false;
}

/* A trampoline that crashes or does not end: say in what. */
static void on_crash(int signal_number, siginfo_t *info, void *context)
{
	static char text[256];
	int length = snprintf(text, sizeof text, "FAIL: %s: %s, address %p\n", about,
			      strsignal(signal_number),
			      signal_number == SIGALRM ? NULL : info->si_addr);

	(void)context;
	if (length < 0 || write(STDOUT_FILENO, text, (size_t)length) < length)
		_exit(1);
	raise(signal_number);
}

static void catch_crashes(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGALRM };
	const struct sigaction action = {
		.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_RESETHAND,
	};

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
	alarm(SECONDS_MAX);
}

static const struct layout layouts[] = {
	{ "data inside", VDSOGEN_DATA_INSIDE, 0 },
	{ "data before", VDSOGEN_DATA_BEFORE, 0 },
	{ "data after", VDSOGEN_DATA_AFTER, 0 },
	{ "data far before", VDSOGEN_DATA_BEFORE, VDSOGEN_DISTANCE_MAX },
	{ "data far after", VDSOGEN_DATA_AFTER, VDSOGEN_DISTANCE_MAX },
};
#define LAYOUTS (sizeof layouts / sizeof *layouts)

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); bool once; } suites[] = {
		{ "calls", exec_calls, false },
		{ "states", exec_states, false },
		{ "faults", exec_faults, false },
		{ "arithmetic", exec_arithmetic, true },
		{ "exact", exec_exact, true },
		{ "signal", exec_signal, false },
		{ "torn", exec_torn, true },
		{ "threads", exec_threads, true },
		{ "fallback", exec_fallback, true },
		{ "anchor", exec_anchor, true },
	};

	catch_crashes();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		for (size_t l = 0; l < (suites[i].once ? 1 : LAYOUTS); l++) {
			page_layout = layouts[l];
			if (argc < 2 || !strcmp(argv[1], suites[i].name))
				suites[i].run();
		}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
