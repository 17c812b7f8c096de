/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls, by subject: CALL(name, how many arguments it has) where there is a
 * call_NAME(), NONE() for ENOSYS on purpose; what is not here is ENOSYS, too. Included where
 * these two are defined.
 */

/* --- core: calls-memory, -process, -thread, -identity, -time, -signals, -system -------------- */

/* --- files: names, attributes, folders ------------------------------------------------------ */

/* --- descriptors: what is open, sockets, polling -------------------------------------------- */
