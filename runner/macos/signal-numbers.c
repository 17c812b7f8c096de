/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "signal-numbers.h"

#include <signal.h>

#include "linux-signal.h"

/* All that POSIX and BSD have; SIGSTKFLT, SIGPWR and the real-time ones are Linux's alone. */
#define SAME(name) { LINUX_##name, name }
static const struct translate_pair pairs[] = {
	SAME(SIGHUP), SAME(SIGINT), SAME(SIGQUIT), SAME(SIGILL), SAME(SIGTRAP), SAME(SIGABRT),
	SAME(SIGBUS), SAME(SIGFPE), SAME(SIGKILL), SAME(SIGUSR1), SAME(SIGSEGV), SAME(SIGUSR2),
	SAME(SIGPIPE), SAME(SIGALRM), SAME(SIGTERM), SAME(SIGCHLD), SAME(SIGCONT), SAME(SIGSTOP),
	SAME(SIGTSTP), SAME(SIGTTIN), SAME(SIGTTOU), SAME(SIGURG), SAME(SIGXCPU), SAME(SIGXFSZ),
	SAME(SIGVTALRM), SAME(SIGPROF), SAME(SIGWINCH), SAME(SIGIO), SAME(SIGSYS),
};
const struct translate signal_numbers = { pairs, sizeof pairs / sizeof pairs[0] };

int deliver_host_number(int guest)
{
	int64_t host;

	return translate_to_host(&signal_numbers, guest, &host) ? (int)host : 0;
}

int deliver_guest_number(int host)
{
	int64_t guest;

	return translate_to_guest(&signal_numbers, host, &guest) ? (int)guest : 0;
}
