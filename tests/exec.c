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

unsigned int check_failures(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
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

/* The blocks together, at each place of the clock's; then apart. */
#define TOGETHER(data, distance) data, distance, data, distance
static const struct layout layouts[] = {
	{ "data inside", TOGETHER(VDSOGEN_DATA_INSIDE, 0) },
	{ "data before", TOGETHER(VDSOGEN_DATA_BEFORE, 0) },
	{ "data after", TOGETHER(VDSOGEN_DATA_AFTER, 0) },
	{ "data far before", TOGETHER(VDSOGEN_DATA_BEFORE, VDSOGEN_DISTANCE_MAX) },
	{ "data far after", TOGETHER(VDSOGEN_DATA_AFTER, VDSOGEN_DISTANCE_MAX) },
#define PLACES_OF_CLOCK 5
	{ "process before", VDSOGEN_DATA_INSIDE, 0, VDSOGEN_DATA_BEFORE, 0 },
	{ "process after", VDSOGEN_DATA_INSIDE, 0, VDSOGEN_DATA_AFTER, 0 },
	{ "process far before", VDSOGEN_DATA_INSIDE, 0,
	  VDSOGEN_DATA_BEFORE, VDSOGEN_DISTANCE_MAX },
	{ "process far after", VDSOGEN_DATA_INSIDE, 0, VDSOGEN_DATA_AFTER, VDSOGEN_DISTANCE_MAX },
	{ "clock before", VDSOGEN_DATA_BEFORE, 0, VDSOGEN_DATA_INSIDE, 0 },
	{ "clock far after", VDSOGEN_DATA_AFTER, VDSOGEN_DISTANCE_MAX, VDSOGEN_DATA_INSIDE, 0 },
	{ "clock before, process after", VDSOGEN_DATA_BEFORE, 0, VDSOGEN_DATA_AFTER, 0 },
	{ "clock far after, process before", VDSOGEN_DATA_AFTER, VDSOGEN_DISTANCE_MAX,
	  VDSOGEN_DATA_BEFORE, 0 },
	{ "process before the clock before", VDSOGEN_DATA_BEFORE, VDSOGEN_PAGE,
	  VDSOGEN_DATA_BEFORE, 2 * VDSOGEN_PAGE },
};
#define LAYOUTS (sizeof layouts / sizeof *layouts)

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); size_t layouts; } suites[] = {
		{ "calls", exec_calls, PLACES_OF_CLOCK },
		{ "states", exec_states, PLACES_OF_CLOCK },
		{ "faults", exec_faults, PLACES_OF_CLOCK },
		{ "arithmetic", exec_arithmetic, 1 },
		{ "exact", exec_exact, 1 },
		{ "signal", exec_signal, PLACES_OF_CLOCK },
		{ "torn", exec_torn, 1 },
		{ "threads", exec_threads, 1 },
		{ "fallback", exec_fallback, 1 },
		{ "anchor", exec_anchor, 1 },
		{ "identity", exec_identity, LAYOUTS },
		{ "uname", exec_uname, LAYOUTS },
		{ "change", exec_change, 1 },
		{ "clone", exec_clone, LAYOUTS },
		{ "getcpu", exec_getcpu, PLACES_OF_CLOCK },
		{ "slots", exec_slots, LAYOUTS },
		{ "random", exec_random, PLACES_OF_CLOCK },
		{ "random-keys", exec_random_keys, PLACES_OF_CLOCK },
		{ "random-output", exec_random_output, 1 },
	};

	catch_crashes();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		for (size_t l = 0; l < suites[i].layouts; l++) {
			page_layout = layouts[l];
			if (argc < 2 || !strcmp(argv[1], suites[i].name))
				suites[i].run();
		}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
