/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running kernel's vDSO, the generated page and the bare ordered counter,
 * side by side in one process. Rounds are interleaved and the median of the
 * rounds' ratios is printed: times differ between machines and moments, the
 * ratios hardly do.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "vdsogen.h"

#define ROUNDS 501
#define CALLS 200

/* Any vDSO function, called through a pointer with two words. */
typedef long (*call)(long, void *);

static const struct subject {
	const char *text, *name;
	long argument;	/* the first one; POINTER: the result's place */
} subjects[] = {
#define POINTER -1
	{ "clock_gettime REALTIME", "clock_gettime", VDSOGEN_REALTIME },
	{ "clock_gettime MONOTONIC", "clock_gettime", VDSOGEN_MONOTONIC },
	{ "clock_gettime MONOTONIC_RAW", "clock_gettime", VDSOGEN_MONOTONIC_RAW },
	{ "clock_gettime BOOTTIME", "clock_gettime", VDSOGEN_BOOTTIME },
	{ "clock_gettime TAI", "clock_gettime", VDSOGEN_TAI },
	{ "clock_gettime REALTIME_COARSE", "clock_gettime", VDSOGEN_REALTIME_COARSE },
	{ "clock_gettime MONOTONIC_COARSE", "clock_gettime", VDSOGEN_MONOTONIC_COARSE },
	{ "gettimeofday", "gettimeofday", POINTER },
	{ "time", "time", POINTER },
	{ "clock_getres MONOTONIC", "clock_getres", VDSOGEN_MONOTONIC },
	{ "getcpu", "getcpu", POINTER },
};
#define SUBJECTS (sizeof subjects / sizeof *subjects)

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The floor: a call that reads the counter in order, as the page does. */
static long counter_call(long unused, void *result)
{
	(void)unused;
	(void)result;
	return (long)host_ordered_counter();
}

static double nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_calls(call function, const struct subject *subject)
{
	long result[4];
	double start = nanoseconds();

	for (int i = 0; i < CALLS; i++)
		if (subject->argument == POINTER)
			function((long)result, NULL);
		else
			function(subject->argument, result);
	return (nanoseconds() - start) / CALLS;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double values[ROUNDS], int percent)
{
	qsort(values, ROUNDS, sizeof *values, ascending);
	return values[(ROUNDS - 1) * percent / 100];
}

static void compare(const struct subject *subject, call kernel, call ours)
{
	static double k[ROUNDS], o[ROUNDS], to_kernel[ROUNDS], to_counter[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double counter = time_calls(counter_call, subject);

		o[i] = time_calls(ours, subject);
		k[i] = kernel ? time_calls(kernel, subject) : 0;
		to_counter[i] = o[i] / counter;
		to_kernel[i] = kernel ? o[i] / k[i] : 0;
	}
	printf("%-32s %8.1f", subject->text, quantile(o, 50));
	if (kernel)
		printf(" %8.1f   %5.3f [%5.3f %5.3f]", quantile(k, 50), quantile(to_kernel, 50),
		       quantile(to_kernel, 10), quantile(to_kernel, 90));
	else
		printf(" %8s   %5s %13s", "-", "-", "");
	printf("   %5.3f\n", quantile(to_counter, 50));
}

/* The page, mapped as a guest has it, its clock running. */
static const char *map_page(struct vdsogen_image *image)
{
	struct vdsogen_config config = { .getcpu = host_getcpu() };
	struct vdsogen_source source = { .hz = host_counter_hz() };
	struct vdsogen_sample sample;
	size_t size = VDSOGEN_PAGE;
	int fd = memfd_create("vdsogen-bench", MFD_CLOEXEC), error;
	char *page, *code;

	if (fd < 0 || ftruncate(fd, VDSOGEN_PAGE) < 0)
		die("memfd_create");
	page = mmap(NULL, VDSOGEN_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	code = mmap(NULL, VDSOGEN_PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED || code == MAP_FAILED)
		die("mmap");
	host_sample(&sample);
	error = vdsogen_build(host_arch(), &config, page, &size);
	if (!error)
		error = vdsogen_open(page, size, image);
	if (!error)
		error = vdsogen_clock_start((struct vdsogen_clock *)(page + image->clock), &source,
					    &sample);
	if (error) {
		fprintf(stderr, "bench: %s\n", vdsogen_strerror(error));
		exit(1);
	}
	return code;
}

/* The symbols of one function: __vdso_ on some architectures, __kernel_ on others. */
static call find_ours(const struct vdsogen_image *image, const char *code, const char *name)
{
	static const char *const prefixes[] = { "__vdso_", "__kernel_" };
	struct vdsogen_symbol symbol;
	char full[64];

	for (unsigned int i = 0; i < 2; i++) {
		snprintf(full, sizeof full, "%s%s", prefixes[i], name);
		if (!vdsogen_symbol(image, full, &symbol))
			return (call)(uintptr_t)(code + symbol.value);
	}
	return NULL;
}

static call find_kernels(const char *name)
{
	static const char *const prefixes[] = { "__vdso_", "__kernel_" };
	void *vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
	void *found = NULL;
	char full[64];

	for (unsigned int i = 0; vdso && !found && i < 2; i++) {
		snprintf(full, sizeof full, "%s%s", prefixes[i], name);
		found = dlsym(vdso, full);
	}
	return (call)(uintptr_t)found;
}

int main(void)
{
	struct vdsogen_image image;
	const char *code = map_page(&image);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);

	printf("%-32s %8s %8s   %-19s   %s\n", "", "page", "kernel", "page/kernel [10% 90%]",
	       "page/counter");
	printf("%-32s %8s %8s\n", "", "ns", "ns");
	for (size_t i = 0; i < SUBJECTS; i++)
		compare(&subjects[i], find_kernels(subjects[i].name),
			find_ours(&image, code, subjects[i].name));
	return 0;
}
