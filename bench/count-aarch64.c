/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For count-aarch64.sh: an aarch64 image with all functions at the address it was
 * told, its clock running, and calls of them. Writes the image to a file, and a
 * line for each call in their order: its text, how it finds its answer, and
 * the offset of its first instruction. Told "size", says the image's size.
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

typedef long call(long, long, long, long, long);

static char *page;
static size_t size;
static struct vdsogen_image image;

static void die(const char *what)
{
	fprintf(stderr, "count-aarch64: %s\n", what);
	exit(1);
}

/* Without MAP_FIXED: not all versions of qemu-user have what keeps it from replacing others. */
static char *map(int fd, void *where, int protection)
{
	char *memory = mmap(where, size, protection, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED || (where && memory != where))
		die("the page cannot be mapped where it was asked for");
	return memory;
}

static struct vdsogen_config everything(void)
{
	const struct vdsogen_arch *arch = vdsogen_arch_aarch64();
	struct vdsogen_config config = { .functions = vdsogen_arch_functions(arch) };

	if (vdsogen_build(arch, &config, NULL, &size))
		die("vdsogen_build");
	return config;
}

static void start_clock(char *writable)
{
	struct vdsogen_source source = { .hz = host_counter_hz() };
	struct vdsogen_sample sample;

	host_sample(&sample);
	/* far from the end of a second, so that no answer needs a carry */
	sample.realtime.nsec = sample.monotonic.nsec = sample.boottime.nsec = sample.raw.nsec = 0;
	if (vdsogen_clock_start((struct vdsogen_clock *)(void *)(writable + image.clock), &source,
				&sample))
		die("vdsogen_clock_start");
}

static void start_others(char *writable)
{
	static const struct vdsogen_identity identity = {
		.known = (1u << VDSOGEN_FIELDS) - 1, .pid = 1, .tid = 1,
	};

	if (image.process && vdsogen_process_set(
		    (struct vdsogen_process *)(void *)(writable + image.process), &identity))
		die("vdsogen_process_set");
	if (image.random && vdsogen_random_start(
		    (struct vdsogen_random *)(void *)(writable + image.random), 0, 0))
		die("vdsogen_random_start");
}

static void make_page(void *where, const char *file)
{
	const struct vdsogen_config config = everything();
	int fd = memfd_create("count", 0);
	char *writable;
	FILE *out;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die("memfd_create");
	writable = map(fd, NULL, PROT_READ | PROT_WRITE);
	if (vdsogen_build(vdsogen_arch_aarch64(), &config, writable, &size) ||
	    vdsogen_open(writable, size, &image))
		die("vdsogen_build");
	start_clock(writable);
	start_others(writable);
	page = map(fd, where, PROT_READ | PROT_EXEC);
	out = fopen(file, "wb");
	if (!out || fwrite(page, 1, size, out) != size || fclose(out))
		die(file);
}

static void count_all(const char *text, const char *kind, enum vdsogen_function function,
		      const long a[5])
{
	const struct vdsogen_entry *entry = &image.function[function];

	if (!entry->at)
		return;
	printf("%s:%s:%u\n", text, kind, entry->at);
	if (((call *)(void *)(page + entry->at))(a[0], a[1], a[2], a[3], a[4]) < 0)
		die(text);
}

static void count(const char *text, const char *kind, enum vdsogen_function function,
		  long a, long b)
{
	count_all(text, kind, function, (const long[]){ a, b, 0, 0, 0 });
}

/* A thread's state of getrandom: Linux's has 144 bytes, and lies in one page. */
static long state[144 / sizeof(long)] __attribute__((aligned(256)));

static void count_random(const char *text, size_t bytes)
{
	static char out[256];

	count_all(text, "other", VDSOGEN_GETRANDOM,
		  (const long[]){ (long)out, (long)bytes, 0, (long)state, sizeof state });
}

/* A batch has 96 bytes. */
static void count_randoms(void)
{
	count_random("getrandom 64 bytes, key fetched", 64);
	count_random("getrandom 16 bytes, of the batch", 16);
	count_random("getrandom 32 bytes, of the batch", 32);
	count_random("getrandom 48 bytes, of the batch", 48);
	count_random("getrandom 16 bytes, a new batch", 16);
	count_random("getrandom 80 bytes, of the batch", 80);
	count_random("getrandom 32 bytes, a new batch", 32);
}

static void count_identity(void)
{
	static struct vdsogen_utsname names;

	count("getpid", "other", VDSOGEN_GETPID, 0, 0);
	count("gettid", "other", VDSOGEN_GETTID, 0, 0);
	count("getpgid", "other", VDSOGEN_GETPGID, 0, 0);
	count("getpriority", "other", VDSOGEN_GETPRIORITY, 0, 0);
	count("getuid", "other", VDSOGEN_GETUID, 0, 0);
	count("uname", "other", VDSOGEN_UNAME, (long)&names, 0);
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

	if (argc == 2 && !strcmp(argv[1], "size")) {
		everything();
		printf("%zx\n", size);
		return 0;
	}
	if (argc != 3)
		die("usage: count-aarch64 ADDRESS FILE, or count-aarch64 size");
	make_page((void *)(uintptr_t)strtoull(argv[1], NULL, 16), argv[2]);
	for (unsigned int i = 0; i < sizeof clocks / sizeof *clocks; i++)
		count(clocks[i].text, clocks[i].kind, VDSOGEN_CLOCK_GETTIME, clocks[i].id, (long)result);
	count("gettimeofday", "plain", VDSOGEN_GETTIMEOFDAY, (long)result, 0);
	count("time", "plain", VDSOGEN_TIME, 0, 0);
	count("clock_getres monotonic", "plain", VDSOGEN_CLOCK_GETRES, VDSOGEN_MONOTONIC, (long)result);
	count_identity();
	count_randoms();
	return 0;
}
