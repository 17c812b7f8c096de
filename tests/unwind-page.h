/* SPDX-License-Identifier: BSD-2-Clause */
/* Backtraces out of a page: see unwind.c. Nothing but the C library and libgcc's unwinder. */
#ifndef UNWIND_PAGE_H
#define UNWIND_PAGE_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include "vdsogen.h"

struct page {
	uint8_t *code;
	size_t size;
	struct vdsogen_image image;
	bool ours;		/* mapped by this program, writable; else AT_SYSINFO_EHDR's */
};

/*
 * The page that this process was given, if libvdsogen made it; else one of this
 * program's own, with all functions.
 */
void page_find(struct page *page, uint32_t options);
void page_start(struct page *page);
void page_forget(struct page *page);

/* Makes libgcc find a page of this program's own: by its .eh_frame, or by .eh_frame_hdr. */
bool page_can_be_found_by_header(void);
void page_register(struct page *page, bool by_header);
void page_unregister(struct page *page);
unsigned long page_lookups(void);	/* in .eh_frame_hdr */

/* Whether it runs function f, and which; VDSOGEN_FUNCTIONS: none. */
unsigned int page_function_at(const struct page *page, uintptr_t address);
bool page_has_slots(const struct page *page);
bool page_is_slot(const struct page *page, uintptr_t address);

/* Calls it, every instruction trapped if that is `stepped`; it returns to page_return. */
enum { PAGE_ARGUMENTS = 5 };
long page_call(const void *fn, const uintptr_t args[PAGE_ARGUMENTS], unsigned long stepped);
extern const char page_return[];

/* Traps before each instruction: by the processor's flag, or by instructions in their place. */
extern const int step_signal;
extern const unsigned long step_flag;
bool steps_are_possible(const struct page *page);
void steps_begin(struct page *page);	/* of all calls that follow */
void steps_go_on(struct page *page, uintptr_t address); /* called at each */
void steps_end(struct page *page);

uintptr_t context_pc(const ucontext_t *context);

void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *why) __attribute__((noreturn));

#endif
