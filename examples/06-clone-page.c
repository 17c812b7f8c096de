/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two guest processes, one image. The image with its code and its clock is in
 * memory once and mapped for both; each has one page of its own before it, which
 * tells who the process is. The second page is a clone of the first: copied, and
 * one call, as a host does it for the guest's fork().
 *
 * Here both guests live in this program; whose function is called is a matter of
 * its address.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host.h"

typedef int number_fn(void);
typedef int uname_fn(struct utsname *);
typedef int clock_gettime_fn(clockid_t, struct timespec *);

/* One piece of memory, for the host to write and for guests to map. */
struct memory {
	int fd;
	size_t size;
	void *host;
};

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, vdsogen_strerror(error));
		exit(1);
	}
}

static void *map(void *at, const struct memory *memory, int protection)
{
	void *mapped = mmap(at, memory->size, protection, MAP_SHARED | (at ? MAP_FIXED : 0),
			    memory->fd, 0);

	if (mapped == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return mapped;
}

static struct memory new_memory(size_t size)
{
	struct memory memory = { .fd = memfd_create("vdso", MFD_CLOEXEC), .size = size };

	if (memory.fd < 0 || ftruncate(memory.fd, (off_t)size) < 0) {
		perror("memfd_create");
		exit(1);
	}
	memory.host = map(NULL, &memory, PROT_READ | PROT_WRITE);
	return memory;
}

/* A guest's view: its own page to be read, the image right behind it. Returns AT_SYSINFO_EHDR. */
static unsigned char *map_for_guest(const struct memory *page, const struct memory *image)
{
	unsigned char *at = mmap(NULL, page->size + image->size, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	map(at, page, PROT_READ);
	return map(at + page->size, image, PROT_READ | PROT_EXEC);
}

/* What code in the guest does. A slot needs no symbol, only the image's address. */
#define SLOT(type, ehdr, function) ((type *)(uintptr_t)((ehdr) + VDSOGEN_SLOT(function)))

static void ask(const char *who, unsigned char *ehdr)
{
	struct utsname names;
	struct timespec now;

	SLOT(uname_fn, ehdr, VDSOGEN_UNAME)(&names);
	SLOT(clock_gettime_fn, ehdr, VDSOGEN_CLOCK_GETTIME)(CLOCK_REALTIME, &now);
	printf("%s: pid %d, parent %d, uid %d, on %s, at %lld\n", who,
	       SLOT(number_fn, ehdr, VDSOGEN_GETPID)(), SLOT(number_fn, ehdr, VDSOGEN_GETPPID)(),
	       SLOT(number_fn, ehdr, VDSOGEN_GETUID)(), names.nodename, (long long)now.tv_sec);
}

int main(void)
{
	const struct vdsogen_arch *arch = vdsogen_arch_find(
#if defined(__x86_64__)
		"x86_64"
#else
		"aarch64"
#endif
		);
	/* A page of this machine: there are some with larger ones than VDSOGEN_PAGE. */
	const size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	const struct vdsogen_config config = {
		.functions = 1u << VDSOGEN_CLOCK_GETTIME | VDSOGEN_IDENTITY_FUNCTIONS,
		.process = VDSOGEN_DATA_BEFORE,
		.process_distance = (uint32_t)page_size,
		.options = VDSOGEN_SLOTS,
	};
	struct vdsogen_source source = { .hz = host_counter_hz() };
	struct vdsogen_sample sample = host_sample();
	struct vdsogen_identity identity = {
		.known = 1u << VDSOGEN_PID | 1u << VDSOGEN_PPID | 1u << VDSOGEN_TID |
			 1u << VDSOGEN_UID | 1u << VDSOGEN_UTSNAME,
		.pid = 1000, .tid = 1000, .ppid = 1, .uid = 0,
		.uts = { .sysname = "Linux", .nodename = "guest", .release = "6.1.0" },
	};
	struct vdsogen_image view;
	struct memory image, first, second;
	unsigned char *first_ehdr, *second_ehdr;
	size_t size = 0;

	check(vdsogen_build(arch, &config, NULL, &size), "vdsogen_build");
	image = new_memory(size);
	check(vdsogen_build(arch, &config, image.host, &size), "vdsogen_build");
	check(vdsogen_open(image.host, size, &view), "vdsogen_open");
	check(vdsogen_clock_start((void *)((char *)image.host + view.clock), &source, &sample),
	      "vdsogen_clock_start");

	/* The first process comes from nowhere. Outside of the image its block starts the page. */
	first = new_memory(page_size);
	check(vdsogen_process_set(first.host, &identity), "vdsogen_process_set");
	first_ehdr = map_for_guest(&first, &image);
	ask("first ", first_ehdr);

	/* It forks: a clone of its page, before the child runs. */
	second = new_memory(page_size);
	memcpy(second.host, first.host, page_size);
	check(vdsogen_process_fork(second.host, first.host, 1001, 1000), "vdsogen_process_fork");
	second_ehdr = map_for_guest(&second, &image);
	ask("second", second_ehdr);

	/* The child drops its privileges: told before its system call returns. */
	identity.uid = 65534;
	check(vdsogen_process_change(second.host, 1u << VDSOGEN_UID, &identity),
	      "vdsogen_process_change");
	ask("first ", first_ehdr);
	ask("second", second_ehdr);
	printf("the image is %zu bytes, once; each process has %zu of its own\n", image.size,
	       page_size);
	return 0;
}
