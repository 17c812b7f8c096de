/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts an image from a file to work by hand, where `vdsogen run` cannot:
 *
 *	demo-page FILE CALLS
 *
 * maps it, starts its clock and asks it the time CALLS times. The program's
 * own system calls are the same for any CALLS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

typedef int clock_gettime_fn(clockid_t, struct timespec *);

static void die(const char *what, const char *why)
{
	fprintf(stderr, "demo-page: %s: %s\n", what, why);
	exit(1);
}

static void check(const char *what, int error)
{
	if (error)
		die(what, vdsogen_strerror(error));
}

/* The file's page in memory that is shared between two mappings. */
static void map_file(const char *name, unsigned char **writable, unsigned char **executable)
{
	int fd = memfd_create("vdso", MFD_CLOEXEC);
	FILE *file = fopen(name, "rb");

	if (!file)
		die(name, strerror(errno));
	if (fd < 0 || ftruncate(fd, VDSOGEN_PAGE) < 0)
		die("memfd_create", strerror(errno));
	*writable = mmap(NULL, VDSOGEN_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	*executable = mmap(NULL, VDSOGEN_PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (*writable == MAP_FAILED || *executable == MAP_FAILED)
		die("mmap", strerror(errno));
	if (fread(*writable, 1, VDSOGEN_PAGE, file) != VDSOGEN_PAGE)
		die(name, "shorter than a page");
	fclose(file);
}

static void start_clock(struct vdsogen_clock *clock)
{
	struct vdsogen_source source = { .hz = host_counter_hz() };
	struct vdsogen_sample sample;

	host_sample(&sample);
	check("vdsogen_clock_start", vdsogen_clock_start(clock, &source, &sample));
	printf("counter: %llu Hz\n", (unsigned long long)source.hz);
}

int main(int argc, char **argv)
{
	unsigned char *writable, *executable;
	struct vdsogen_image image;
	struct timespec now = { 0 };
	clock_gettime_fn *ask;
	long calls;
	int failed = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: demo-page FILE CALLS\n");
		return 2;
	}
	calls = atol(argv[2]);
	map_file(argv[1], &writable, &executable);
	check(argv[1], vdsogen_open(writable, VDSOGEN_PAGE, &image));
	start_clock((struct vdsogen_clock *)(writable + image.clock));

	ask = (clock_gettime_fn *)(uintptr_t)(executable + image.function[VDSOGEN_CLOCK_GETTIME].at);
	for (long i = 0; i < calls; i++)
		failed |= ask(CLOCK_REALTIME, &now);
	printf("asked the page %ld times; %s", calls, calls ? ctime(&now.tv_sec) : "\n");
	return failed != 0;
}
