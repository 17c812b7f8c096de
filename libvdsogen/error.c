/* SPDX-License-Identifier: BSD-2-Clause */
#include "vdsogen.h"

#define TEXT(error) [VDSOGEN_ERR_##error]

static const char *const texts[] = {
	[0] = "no error",
	TEXT(ARCH) = "no such architecture; vdsogen_arch_at() lists those built in",
	TEXT(FUNCTION) = "the architecture has no such function; leave it out or set functions to 0",
	TEXT(CLOCK) = "no such clock, or one this image does not serve",
	TEXT(OPTION) = "an option or a choice that this architecture does not have",
	TEXT(NOSPACE) = "the buffer is too small for the image; the size returned is what it needs",
	TEXT(ALIGN) = "memory not aligned to 64 bytes; give the start of a page",
	TEXT(FREQUENCY) = "counter frequency not between 1 MHz and 10 GHz",
	TEXT(VALUE) = "a time, a rate or an identity outside its range; nanoseconds are below 1000000000",
	TEXT(TRUNCATED) = "the image ends before its own headers say; read the whole of it",
	TEXT(NOTELF) = "not a 64-bit little-endian ELF shared object",
	TEXT(FOREIGN) = "a vDSO without libvdsogen's note: made by something else",
	TEXT(LAYOUT) = "made by a version of libvdsogen whose layout this one does not know",
	TEXT(DAMAGED) = "the image's tables contradict each other; build it anew",
	TEXT(NOSYMBOL) = "the image exports no symbol of this name",
	TEXT(UNSEEDED) = "the clock was not started; call vdsogen_clock_start()",
	TEXT(BUSY) = "a publisher is at work; if it died, call vdsogen_clock_recover() or vdsogen_process_set()",
	TEXT(STALE) = "the clock's anchor is older than its age limit; call vdsogen_clock_update()",
	TEXT(UNTRUSTED) = "not the trap of a clock, or not a counter of just now; take the host's own",
	TEXT(INTERNAL) = "libvdsogen contradicted itself; please report this",
};

_Static_assert(sizeof texts / sizeof *texts == VDSOGEN_ERR_MAX, "every error has a text");

const char *vdsogen_strerror(int error)
{
	unsigned int i = error < 0 ? -(unsigned int)error : (unsigned int)error;

	return i < VDSOGEN_ERR_MAX ? texts[i] : "no such error";
}
