/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For count-aarch64.sh: an aarch64 page at the address it was told, its clock
 * running, and one call of each function. Writes the page to a file, and a
 * line for each call in their order: its text, how it finds its answer, and
 * the offset of its first instruction.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

typedef long call(long, long, long);

static char *page;
static struct vdsogen_image image;

static void die(const char *what)
{
	fprintf(stderr, "count-aarch64: %s\n", what);
	exit(1);
}

/* Without MAP_FIXED: not all versions of qemu-user have what keeps it from replacing others. */
static char *map(int fd, void *where, int protection)
{
	char *memory = mmap(where, VDSOGEN_PAGE, protection, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED || (where && memory != where))
		die("the page cannot be mapped where it was asked for");
	return memory;
}

static void make_page(void *where, const char *file)
{
	struct vdsogen_source source = { .hz = host_counter_hz() };
	struct vdsogen_sample sample;
	size_t size = VDSOGEN_PAGE;
	int fd = memfd_create("count", 0);
	char *writable;
	FILE *out;

	if (fd < 0 || ftruncate(fd, VDSOGEN_PAGE))
		die("memfd_create");
	writable = map(fd, NULL, PROT_READ | PROT_WRITE);
	if (vdsogen_build(vdsogen_arch_aarch64(), NULL, writable, &size) ||
	    vdsogen_open(writable, size, &image))
		die("vdsogen_build");
	host_sample(&sample);
	/* far from the end of a second, so that no answer needs a carry */
	sample.realtime.nsec = sample.monotonic.nsec = sample.boottime.nsec = sample.raw.nsec = 0;
	if (vdsogen_clock_start((struct vdsogen_clock *)(void *)(writable + image.clock), &source,
				&sample))
		die("vdsogen_clock_start");
	page = map(fd, where, PROT_READ | PROT_EXEC);
	out = fopen(file, "wb");
	if (!out || fwrite(page, 1, size, out) != size || fclose(out))
		die(file);
}

static void count(const char *text, const char *kind, enum vdsogen_function function,
		  long a, long b)
{
	const struct vdsogen_entry *entry = &image.function[function];

	printf("%s:%s:%u\n", text, kind, entry->at);
	if (((call *)(void *)(page + entry->at))(a, b, 0) < 0)
		die(text);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *text, *kind;
		int id;
	} clocks[] = {
		{ "clock_gettime realtime", "counter", VDSOGEN_REALTIME },
		{ "clock_gettime monotonic", "counter", VDSOGEN_MONOTONIC },
		{ "clock_gettime monotonic-raw", "counter", VDSOGEN_MONOTONIC_RAW },
		{ "clock_gettime realtime-coarse", "plain", VDSOGEN_REALTIME_COARSE },
		{ "clock_gettime monotonic-coarse", "plain", VDSOGEN_MONOTONIC_COARSE },
		{ "clock_gettime boottime", "counter", VDSOGEN_BOOTTIME },
		{ "clock_gettime tai", "counter", VDSOGEN_TAI },
	};
	uint64_t result[2];

	if (argc != 3)
		die("usage: count-aarch64 ADDRESS FILE");
	make_page((void *)(uintptr_t)strtoull(argv[1], NULL, 16), argv[2]);
	for (unsigned int i = 0; i < sizeof clocks / sizeof *clocks; i++)
		count(clocks[i].text, clocks[i].kind, VDSOGEN_CLOCK_GETTIME, clocks[i].id, (long)result);
	count("gettimeofday", "plain", VDSOGEN_GETTIMEOFDAY, (long)result, 0);
	count("time", "plain", VDSOGEN_TIME, 0, 0);
	count("clock_getres monotonic", "plain", VDSOGEN_CLOCK_GETRES, VDSOGEN_MONOTONIC, (long)result);
	return 0;
}
