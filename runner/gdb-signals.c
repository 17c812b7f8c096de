/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers are those of GDB's include/gdb/signals.def. */
#define _GNU_SOURCE
#include "gdb-signals.h"

#include <signal.h>
#include <stddef.h>

static const struct {
	int gdb, host;
} pairs[] = {
	{ 1, SIGHUP },   { 2, SIGINT },   { 3, SIGQUIT },  { 4, SIGILL },    { 5, SIGTRAP },
	{ 6, SIGABRT },  { 8, SIGFPE },   { 9, SIGKILL },  { 10, SIGBUS },   { 11, SIGSEGV },
	{ 12, SIGSYS },  { 13, SIGPIPE }, { 14, SIGALRM }, { 15, SIGTERM },  { 16, SIGURG },
	{ 17, SIGSTOP }, { 18, SIGTSTP }, { 19, SIGCONT }, { 20, SIGCHLD },  { 21, SIGTTIN },
	{ 22, SIGTTOU }, { 23, SIGIO },   { 24, SIGXCPU }, { 25, SIGXFSZ },  { 26, SIGVTALRM },
	{ 27, SIGPROF }, { 28, SIGWINCH }, { 30, SIGUSR1 }, { 31, SIGUSR2 }, { 32, SIGPWR },
};

/* The real-time signals from 33 to 63 have numbers in a row, 32 and 64 have theirs. */
enum { GDB_REALTIME_33 = 45, GDB_REALTIME_32 = 77, GDB_REALTIME_64 = 78 };
enum { REALTIME = 32, REALTIME_LAST = 64 };

int gdb_signal_out(int host)
{
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (pairs[i].host == host)
			return pairs[i].gdb;
	if (host == REALTIME)
		return GDB_REALTIME_32;
	if (host == REALTIME_LAST)
		return GDB_REALTIME_64;
	return host > REALTIME && host < REALTIME_LAST ? host - (REALTIME + 1) + GDB_REALTIME_33
						       : 0;
}

int gdb_signal_in(int gdb)
{
	for (int host = 1; gdb && host <= REALTIME_LAST; host++)
		if (gdb_signal_out(host) == gdb)
			return host;
	return 0;
}
