/* SPDX-License-Identifier: BSD-2-Clause */
/* What an image of ours was built from, and where its functions are. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

/* Whether the library of today makes the same image, but for the data blocks. */
static bool same_bytes(const struct view *v)
{
	struct block blocks[BLOCKS];
	size_t size = 0;
	uint8_t *again = NULL;
	bool same = false;

	if (!vdsogen_build(v->arch, &v->image.config, NULL, &size) && size == v->image.size)
		again = aligned_alloc(VDSOGEN_PAGE, size);
	if (again && !vdsogen_build(v->arch, &v->image.config, again, &size)) {
		view_blocks(v, blocks);
		for (unsigned int b = 0; b < BLOCKS; b++)
			if (blocks[b].inside)
				view_copy_block(v, &blocks[b], again + blocks[b].at);
		same = !memcmp(v->source->bytes, again, size);
	}
	free(again);
	return same;
}

void show_config(const struct view *v)
{
	printf("\nConfiguration\n  vdsogen build --arch %s",
	       v->arch ? vdsogen_arch_name(v->arch) : "(not built in)");
	tool_config_print(stdout, &v->image.config, " \\\n    ");
	printf("\n  %s\n", !v->arch ? "" : same_bytes(v) ?
	       "This version of libvdsogen makes the same bytes (data blocks apart)." :
	       "This version of libvdsogen makes other bytes (data blocks apart).");
}

/* How the functions ask the host. */
static void print_fallback(const struct vdsogen_config *c)
{
	uint64_t at = c->fallback_at;

	switch (c->fallback) {
	case VDSOGEN_FALLBACK_SYSCALL: printf("a system call"); break;
	case VDSOGEN_FALLBACK_HVC: printf("HVC #%" PRIu64, at); break;
	case VDSOGEN_FALLBACK_OUT: printf("OUT to port 0x%" PRIx64, at); break;
	case VDSOGEN_FALLBACK_VMCALL: printf("VMCALL"); break;
	case VDSOGEN_FALLBACK_VMMCALL: printf("VMMCALL"); break;
	case VDSOGEN_FALLBACK_JUMP: printf("a jump to 0x%" PRIx64, at); break;
	case VDSOGEN_FALLBACK_THREAD:
		printf("a jump to the address at the thread pointer %+" PRId64, (int64_t)at);
	}
}

static void show_slots(const struct view *v)
{
	puts("\nSlots\n  offset    leads to  function");
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		printf("  0x%06x  ", VDSOGEN_SLOT(f));
		if (v->image.function[f].at)
			printf("0x%06x", v->image.function[f].at);
		else
			printf("-ENOSYS ");
		printf("  %s\n", vdsogen_function_name(f));
	}
}

/* Nothing comes back from a jump. */
void show_entries(const struct view *v)
{
	bool jumps = view_jumps(v);

	printf("\nEntries: the host is asked by ");
	print_fallback(&v->image.config);
	printf("\n  offset      bytes  %s  function\n", jumps ? "jump    " : "trap      resume  ");
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &v->image.function[f];

		if (!e->at)
			continue;
		printf("  0x%06x %8u  0x%06x", e->at, e->size, e->trap);
		if (!jumps)
			printf("  0x%06x", e->resume);
		printf("  %s\n", vdsogen_function_name(f));
	}
	if (v->image.counter_register)
		printf("  At a %s of clock_gettime or gettimeofday, register %u holds the last "
		       "counter read.\n", jumps ? "jump" : "trap", v->image.counter_register);
	if (view_has_slots(v))
		show_slots(v);
}
