/* SPDX-License-Identifier: BSD-2-Clause */
/* What the clocks of an image of ours say. */
#include <endian.h>
#include <inttypes.h>
#include <time.h>

#include "show.h"

/* As include/vdsogen.h has it; -1: the line has one clock. */
static const int line_clocks[VDSOGEN_LINES][2] = {
	{ VDSOGEN_REALTIME, VDSOGEN_MONOTONIC },
	{ VDSOGEN_BOOTTIME, VDSOGEN_TAI },
	{ VDSOGEN_MONOTONIC_RAW, -1 },
	{ VDSOGEN_REALTIME_COARSE, VDSOGEN_MONOTONIC_COARSE },
};

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

void show_clock(const struct view *v, const struct vdsogen_clock *clock)
{
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		print_line(v, &clock->line[i], i);
	print_guard(v, clock);
}
