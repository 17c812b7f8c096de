/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated page, for vdsogen bench: with all functions, as a guest has it, its clock running. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "host.h"

static char *map(int fd, size_t size, int protection)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Two mappings of one memory file: the publisher's, and the guest's. */
static char *map_both(size_t size, const char **code)
{
	int fd = memfd_create("vdsogen-bench", MFD_CLOEXEC);
	char *page = fd < 0 || ftruncate(fd, (off_t)size) ? NULL :
		     map(fd, size, PROT_READ | PROT_WRITE);

	*code = page ? map(fd, size, PROT_READ | PROT_EXEC) : NULL;
	if (!*code)
		tool_error("bench: memory for the page: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return *code ? page : NULL;
}

static bool failed(int error)
{
	if (error)
		tool_error("bench: %s: %s", vdsogen_arch_name(host_arch()), vdsogen_strerror(error));
	return error;
}

static void add_span(struct bench_spans *spans, uintptr_t from, size_t size)
{
	spans->span[spans->count++] = (struct bench_span){ from, from + size };
}

/*
 * What is flushed before a cold call: always both, the page's and the
 * kernel's, so that every variant begins in the same state, whichever it is.
 * Code and data may share a page but no line.
 */
static void add_spans(struct bench *b)
{
	uintptr_t page = (uintptr_t)b->code;

	add_span(&b->data, page + b->image.clock, sizeof(struct vdsogen_clock));
	if (b->image.process)
		add_span(&b->data, page + b->image.process, sizeof(struct vdsogen_process));
	add_span(&b->text, page, b->image.size);
}

/* -------------------------------------------------------------------------
 * Who this process is, and its random numbers.
 */
static bool set_process(struct vdsogen_process *process)
{
	enum { NICE_0 = 20 };	/* as the system call has it: there is nothing below 0 */
	struct vdsogen_identity self = {
		.known = (1u << VDSOGEN_FIELDS) - 1,
		.pid = (uint32_t)getpid(), .ppid = (uint32_t)getppid(),
		.tid = (uint32_t)syscall(SYS_gettid),
		.pgid = (uint32_t)getpgid(0), .sid = (uint32_t)getsid(0),
		.nice = NICE_0 - (int32_t)syscall(SYS_getpriority, PRIO_PROCESS, 0),
		.uid = getuid(), .euid = geteuid(), .gid = getgid(), .egid = getegid(),
	};

	syscall(SYS_uname, &self.uts);
	return !failed(vdsogen_process_set(process, &self));
}

/* What the library has not for this architecture, is not measured. */
static bool start_others(struct bench *b, char *page)
{
	if (b->image.process &&
	    !set_process((struct vdsogen_process *)(void *)(page + b->image.process)))
		return false;
	if (!b->image.random)
		return true;
	b->random = (struct vdsogen_random *)(void *)(page + b->image.random);
	return !failed(vdsogen_random_start(b->random, 0, 0));
}

bool bench_make_page(struct bench *b)
{
	struct vdsogen_config config = { .functions = vdsogen_arch_functions(host_arch()),
					 .getcpu = host_getcpu() };
	struct vdsogen_source source = { .res_coarse = host_res_coarse() };
	struct vdsogen_sample sample;
	size_t size = 0;
	char *page;

	if (failed(vdsogen_build(host_arch(), &config, NULL, &size)))
		return false;
	page = map_both(size, &b->code);
	if (!page || failed(vdsogen_build(host_arch(), &config, page, &size)) ||
	    failed(vdsogen_open(page, size, &b->image)) || !start_others(b, page))
		return false;
	add_spans(b);
	__builtin___clear_cache((char *)(uintptr_t)b->code, (char *)(uintptr_t)b->code + size);
	b->clock = (struct vdsogen_clock *)(void *)(page + b->image.clock);
	b->hz = source.hz = host_counter_hz();
	host_sample(&sample);
	return !failed(vdsogen_clock_start(b->clock, &source, &sample));
}

/*
 * Without it, the anchor grows old: once a clock has passed the end of a second,
 * every call carries, and takes an eighth longer, if it happens in that run.
 */
void bench_publish(struct bench *b)
{
	struct vdsogen_sample sample;

	host_sample(&sample);
	vdsogen_clock_update(b->clock, &sample, host_counter, NULL);
}
