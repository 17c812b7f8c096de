/* SPDX-License-Identifier: BSD-2-Clause */
/* GDB has numbers of its own for signals, the same on all systems. */
#ifndef GDB_SIGNALS_H
#define GDB_SIGNALS_H

/* 0 stays 0; what the other side has no number for is 0. */
int gdb_signal_out(int guest);
int gdb_signal_in(int gdb);

#endif
