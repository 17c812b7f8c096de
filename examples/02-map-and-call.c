/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both sides of a vDSO in one process. The host's side builds the image,
 * starts its clock and publishes to it; the guest's side finds a function in
 * the image by its name and calls it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

#if defined(__x86_64__)
#define PREFIX "__vdso_"
#else
#define PREFIX "__kernel_"
#endif

typedef int clock_gettime_fn(clockid_t, struct timespec *);

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, vdsogen_strerror(error));
		exit(1);
	}
}

static void *map(int fd, int protection)
{
	void *page = mmap(NULL, VDSOGEN_PAGE, protection, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return page;
}

static const struct vdsogen_arch *this_machine(void)
{
#if defined(__x86_64__)
	return vdsogen_arch_x86_64();
#else
	return vdsogen_arch_aarch64();
#endif
}

/* Here only one call is made for each update; a publisher has a timer. */
static void publish(struct vdsogen_clock *clock)
{
	struct vdsogen_sample sample = host_sample();

	check(vdsogen_clock_update(clock, &sample, host_counter, NULL), "vdsogen_clock_update");
}

int main(void)
{
	struct vdsogen_source source = { .hz = host_counter_hz() };
	struct vdsogen_sample sample;
	struct vdsogen_image image;
	struct vdsogen_symbol symbol;
	struct vdsogen_clock *clock;
	clock_gettime_fn *guest_clock_gettime;
	struct timespec page_time, system_time;
	size_t size = VDSOGEN_PAGE;
	unsigned char *writable, *executable;
	int fd;

	/* One page, seen twice: the host writes it, the guest executes it. */
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, VDSOGEN_PAGE) < 0) {
		perror("memfd_create");
		return 1;
	}
	writable = map(fd, PROT_READ | PROT_WRITE);
	executable = map(fd, PROT_READ | PROT_EXEC);

	check(vdsogen_build(this_machine(), NULL, writable, &size), "vdsogen_build");

	/* The image describes itself: where its clock block is, for one. */
	check(vdsogen_open(writable, size, &image), "vdsogen_open");
	clock = (struct vdsogen_clock *)(writable + image.clock);

	sample = host_sample();
	check(vdsogen_clock_start(clock, &source, &sample), "vdsogen_clock_start");

	/* What a C library does at its start, with AT_SYSINFO_EHDR for the address. */
	check(vdsogen_symbol(&image, PREFIX "clock_gettime", &symbol), PREFIX "clock_gettime");
	guest_clock_gettime = (clock_gettime_fn *)(uintptr_t)(executable + symbol.value);

	for (int i = 0; i < 3; i++) {
		guest_clock_gettime(CLOCK_REALTIME, &page_time);
		clock_gettime(CLOCK_REALTIME, &system_time);
		printf("the page says %lld.%09ld, the system %lld.%09ld\n",
		       (long long)page_time.tv_sec, page_time.tv_nsec,
		       (long long)system_time.tv_sec, system_time.tv_nsec);
		publish(clock);
	}
	return 0;
}
