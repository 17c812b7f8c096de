/* SPDX-License-Identifier: BSD-2-Clause */
/* What an image of ours was built from, where its parts are, and what its clocks say. */
#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "show.h"

/* As include/vdsogen.h has it; -1: the line has one clock. */
static const int line_clocks[VDSOGEN_LINES][2] = {
	{ VDSOGEN_REALTIME, VDSOGEN_MONOTONIC },
	{ VDSOGEN_BOOTTIME, VDSOGEN_TAI },
	{ VDSOGEN_MONOTONIC_RAW, -1 },
	{ VDSOGEN_REALTIME_COARSE, VDSOGEN_MONOTONIC_COARSE },
};

/* Whether the library of today makes the same image, but for the clock block. */
static bool same_bytes(const struct view *v)
{
	const uint8_t *bytes = v->source->bytes;
	size_t size = 0, clock = v->image.size, after = clock;
	uint8_t *again = NULL;
	bool same = false;

	if (view_has_clock(v)) {
		clock = (size_t)v->image.clock;
		after = clock + sizeof(struct vdsogen_clock);
	}
	if (!vdsogen_build(v->arch, &v->image.config, NULL, &size) && size == v->image.size)
		again = aligned_alloc(VDSOGEN_PAGE, size);
	if (again && !vdsogen_build(v->arch, &v->image.config, again, &size))
		same = !memcmp(bytes, again, clock) &&
		       !memcmp(bytes + after, again + after, size - after);
	free(again);
	return same;
}

void show_config(const struct view *v)
{
	printf("\nConfiguration\n  vdsogen build --arch %s",
	       v->arch ? vdsogen_arch_name(v->arch) : "(not built in)");
	tool_config_print(stdout, &v->image.config, " \\\n    ");
	printf("\n  %s\n", !v->arch ? "" : same_bytes(v) ?
	       "This version of libvdsogen makes the same bytes (clock block apart)." :
	       "This version of libvdsogen makes other bytes (clock block apart).");
}

void show_entries(const struct view *v)
{
	puts("\nEntries\n  offset      bytes  trap      resume    function");
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &v->image.function[f];

		if (e->at)
			printf("  0x%06x %8u  0x%06x  0x%06x  %s\n", e->at, e->size, e->trap,
			       e->resume, vdsogen_function_name(f));
	}
	if (v->image.counter_register)
		printf("  At a trap of clock_gettime or gettimeofday, register %u holds the last "
		       "counter read.\n", v->image.counter_register);
}

/* --------------------------------------------------------------- clock -- */

/* Digits of a binary fraction of 64 bits. */
static uint64_t decimal(uint64_t fraction, uint64_t power_of_10)
{
	return (uint64_t)((unsigned __int128)fraction * power_of_10 >> 64);
}

static void print_base(const struct view *v, const struct vdsogen_base *base, int clock_id)
{
	int64_t sec = (int64_t)le64toh(base->sec);
	time_t date = (time_t)sec;
	struct tm utc;
	char text[40];

	printf("      %-16s %" PRId64 ".%09" PRIu64, tool_clock_name((unsigned int)clock_id), sec,
	       le64toh(base->nsec));
	if ((clock_id == VDSOGEN_REALTIME || clock_id == VDSOGEN_REALTIME_COARSE) &&
	    gmtime_r(&date, &utc) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc))
		printf("  %s", text);
	puts(v->image.config.clocks >> clock_id & 1 ? "" : "  (not served)");
}

static void print_line(const struct view *v, const struct vdsogen_line *line, unsigned int i)
{
	enum { NANO_DIGITS = 1000000000, FRACTION_DIGITS = 1000000 };
	uint32_t seq = le32toh(line->seq);

	printf("    line %u  sequence count %" PRIu32 ": %s\n", i, seq,
	       !seq ? "never written: the fallback answers" :
	       !(seq & 1) ? "readable" :
	       v->image.config.options & VDSOGEN_LATCH ?
	       "a publisher is at work, or died at work; its copy is read" :
	       "a publisher is at work, or died at work");
	if (!seq)
		return;
	printf("      anchor at counter %" PRIu64 ", rate %" PRIu32 ".%09" PRIu64 " ns a tick\n",
	       le64toh(line->last), le32toh(line->mult_int),
	       decimal(le64toh(line->mult), NANO_DIGITS));
	printf("      times at the anchor, with 0.%06" PRIu64 " ns to add:\n",
	       decimal(le64toh(line->frac), FRACTION_DIGITS));
	for (unsigned int b = 0; b < 2; b++)
		if (line_clocks[i][b] >= 0)
			print_base(v, &line->base[b], line_clocks[i][b]);
}

static void print_guard(const struct view *v, const struct vdsogen_clock *c)
{
	const uint32_t limits = VDSOGEN_GUARD | VDSOGEN_LATCH;
	const char *heeded = v->image.config.options & VDSOGEN_GUARD ? "" :
			     "  (not heeded: built without --guard)";
	const char *limited = v->image.config.options & limits ? "" :
			      "  (not heeded: built without --guard and --latch)";
	uint64_t zone = le64toh(c->timezone);

	printf("    attention word   0x%08" PRIx32 "%s\n", le32toh(c->attention), heeded);
	if (le64toh(c->max_age) == UINT64_MAX)
		printf("    age limit        none%s\n", limited);
	else
		printf("    age limit        %" PRIu64 " ticks%s\n", le64toh(c->max_age), limited);
	printf("    resolution       %" PRIu64 " ns, coarse %" PRIu64 " ns (0: the fallback answers)\n",
	       le64toh(c->res), le64toh(c->res_coarse));
	printf("    timezone         %" PRId32 " minutes west, daylight saving %" PRId32 "\n",
	       (int32_t)zone, (int32_t)(zone >> 32));
	printf("    generation       %" PRIu32 "\n", le32toh(c->generation));
}

void show_clock(const struct view *v)
{
	struct vdsogen_clock clock;

	if (!view_has_clock(v)) {
		printf("\nData\n  %+d bytes from the image: a clock block of %zu bytes, not shown\n",
		       v->image.clock, sizeof clock);
		return;
	}
	memcpy(&clock, v->source->bytes + v->image.clock, sizeof clock);
	printf("\nData\n  0x%06" PRIx32 "  clock block, %zu bytes\n", (uint32_t)v->image.clock,
	       sizeof clock);
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		print_line(v, &clock.line[i], i);
	print_guard(v, &clock);
}
