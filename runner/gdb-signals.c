/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers are those of GDB's include/gdb/signals.def. */
#include "gdb-signals.h"

#include <stdint.h>

#include "guest-signals.h"

static const uint8_t gdb_numbers[] = {
	[GUEST_SIGHUP] = 1,    [GUEST_SIGINT] = 2,   [GUEST_SIGQUIT] = 3,    [GUEST_SIGILL] = 4,
	[GUEST_SIGTRAP] = 5,   [GUEST_SIGABRT] = 6,  [GUEST_SIGFPE] = 8,     [GUEST_SIGKILL] = 9,
	[GUEST_SIGBUS] = 10,   [GUEST_SIGSEGV] = 11, [GUEST_SIGSYS] = 12,    [GUEST_SIGPIPE] = 13,
	[GUEST_SIGALRM] = 14,  [GUEST_SIGTERM] = 15, [GUEST_SIGURG] = 16,    [GUEST_SIGSTOP] = 17,
	[GUEST_SIGTSTP] = 18,  [GUEST_SIGCONT] = 19, [GUEST_SIGCHLD] = 20,   [GUEST_SIGTTIN] = 21,
	[GUEST_SIGTTOU] = 22,  [GUEST_SIGIO] = 23,   [GUEST_SIGXCPU] = 24,   [GUEST_SIGXFSZ] = 25,
	[GUEST_SIGVTALRM] = 26, [GUEST_SIGPROF] = 27, [GUEST_SIGWINCH] = 28, [GUEST_SIGUSR1] = 30,
	[GUEST_SIGUSR2] = 31,  [GUEST_SIGPWR] = 32,
};
enum { NUMBERS = sizeof gdb_numbers };

/* The real-time signals from 33 to 63 have numbers in a row, 32 and 64 have theirs. */
enum { GDB_REALTIME_33 = 45, GDB_REALTIME_32 = 77, GDB_REALTIME_64 = 78 };
enum { REALTIME = 32, REALTIME_LAST = 64 };

int gdb_signal_out(int guest)
{
	if (guest > 0 && guest < NUMBERS && gdb_numbers[guest])
		return gdb_numbers[guest];
	if (guest == REALTIME)
		return GDB_REALTIME_32;
	if (guest == REALTIME_LAST)
		return GDB_REALTIME_64;
	return guest > REALTIME && guest < REALTIME_LAST ? guest - (REALTIME + 1) + GDB_REALTIME_33
						       : 0;
}

int gdb_signal_in(int gdb)
{
	for (int guest = 1; gdb && guest <= REALTIME_LAST; guest++)
		if (gdb_signal_out(guest) == gdb)
			return guest;
	return 0;
}
