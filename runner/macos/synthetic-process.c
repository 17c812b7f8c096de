/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What /proc says of the process: Linux Documentation/filesystems/proc.rst, fs/proc/array.c,
 * base.c, task_mmu.c. What nobody knows here is 0, as it is on a Linux that was built
 * without it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "calls-own.h"
#include "darwin-machine.h"
#include "descriptors.h"
#include "files.h"
#include "proc-own.h"
#include "synthetic.h"
#include "thread.h"

enum { TICKS = 100, CENT = 1000000000 / TICKS };	/* USER_HZ */

/* -------------------------------------------------------------------------
 * What it was started with, where the program has it.
 */
static void copy_memory(FILE *out, struct thread *thread, uint64_t from, uint64_t to)
{
	char some[4096];

	while (from < to) {
		const size_t size = to - from < sizeof some ? (size_t)(to - from) : sizeof some;

		if (calls_read(thread, some, from, size))
			return;
		fwrite(some, 1, size, out);
		from += size;
	}
}

void text_cmdline(FILE *out, struct thread *thread, const struct synthetic *file)
{
	const struct proc_start *start = proc_own_start();

	(void)file;
	copy_memory(out, thread, start->arguments, start->environment);
}

void text_environ(FILE *out, struct thread *thread, const struct synthetic *file)
{
	const struct proc_start *start = proc_own_start();

	(void)file;
	copy_memory(out, thread, start->environment, start->path);
}

void text_auxv(FILE *out, struct thread *thread, const struct synthetic *file)
{
	const struct proc_start *start = proc_own_start();

	(void)file;
	copy_memory(out, thread, start->vector, start->vector + start->vector_size);
}

void text_maps(FILE *out, struct thread *thread, const struct synthetic *file)
{
	char *text;
	size_t size;

	(void)file;
	if (space_maps(thread->process->space, &text, &size))
		return;
	fwrite(text, 1, size, out);
	free(text);
}

/* -------------------------------------------------------------------------
 * Numbers of it.
 */
struct numbers {
	char name[THREAD_NAME];
	unsigned int threads;
	uint64_t size, code;	/* of memory, in bytes */
	uint64_t resident;
	uint64_t user, system, children_user, children_system;	/* ticks */
	uint64_t blocked, pending, shared_pending, caught;
	struct rusage usage;
};

static uint64_t ticks_of(struct timeval time)
{
	return (uint64_t)time.tv_sec * TICKS + (uint64_t)time.tv_usec / (CENT / 1000);
}

static void name_of(const struct thread *thread, const struct thread *one,
		    char name[THREAD_NAME])
{
	const char *path = thread->process->path, *last = strrchr(path, '/');

	if (one && one->host && one->host->name[0])
		snprintf(name, THREAD_NAME, "%s", one->host->name);
	else
		snprintf(name, THREAD_NAME, "%.*s", THREAD_NAME - 1, last ? last + 1 : path);
}

static void of_threads(struct thread *thread, int number, struct numbers *numbers)
{
	struct process *process = thread->process;
	const struct thread *found = NULL;

	pthread_mutex_lock(&process->lock);
	for (const struct thread *one = process->first; one; one = one->next) {
		numbers->threads++;
		if (one->tid == number)
			found = one;
	}
	name_of(thread, found, numbers->name);
	if (found && found->host) {
		numbers->blocked = atomic_load(&found->host->blocked);
		numbers->pending = atomic_load(&found->host->pending.set);
	}
	pthread_mutex_unlock(&process->lock);
	if (!numbers->threads)
		numbers->threads = 1;
}

static void of_memory(struct thread *thread, struct numbers *numbers)
{
	struct space_area area;

	for (size_t i = 0; space_area(thread->process->space, i, &area); i++) {
		const uint64_t size = area.range.end.v - area.range.start.v;

		numbers->size += size;
		if (area.prot & GUEST_EXEC)
			numbers->code += size;
	}
}

static void read_numbers(struct thread *thread, int number, struct numbers *numbers)
{
	struct rusage children = { 0 };

	*numbers = (struct numbers){ 0 };
	of_threads(thread, number, numbers);
	of_memory(thread, numbers);
	getrusage(RUSAGE_SELF, &numbers->usage);
	getrusage(RUSAGE_CHILDREN, &children);
	numbers->user = ticks_of(numbers->usage.ru_utime);
	numbers->system = ticks_of(numbers->usage.ru_stime);
	numbers->children_user = ticks_of(children.ru_utime);
	numbers->children_system = ticks_of(children.ru_stime);
	numbers->resident = darwin_resident();
	if (numbers->resident > numbers->size)
		numbers->resident = numbers->size;
	if (thread->process->host)
		numbers->shared_pending = atomic_load(&thread->process->host->pending.set);
	if (thread->process->signals)
		numbers->caught = thread->process->signals->caught;
}

void text_comm(FILE *out, struct thread *thread, const struct synthetic *file)
{
	struct numbers numbers = { 0 };

	of_threads(thread, file->thread, &numbers);
	fprintf(out, "%s\n", numbers.name);
}

/* -------------------------------------------------------------------------
 * The same numbers in three forms.
 */
enum { PAGE_BYTES = VM_PAGE, KILO = 1024 };

void text_statm(FILE *out, struct thread *thread, const struct synthetic *file)
{
	struct numbers numbers;

	read_numbers(thread, file->thread, &numbers);
	fprintf(out, "%" PRIu64 " %" PRIu64 " 0 %" PRIu64 " 0 %" PRIu64 " 0\n",
		numbers.size / PAGE_BYTES, numbers.resident / PAGE_BYTES, numbers.code / PAGE_BYTES,
		(numbers.size - numbers.code) / PAGE_BYTES);
}

/* do_task_stat() in fs/proc/array.c */
void text_stat(FILE *out, struct thread *thread, const struct synthetic *file)
{
	const struct proc_start *start = proc_own_start();
	struct numbers numbers;

	read_numbers(thread, file->thread, &numbers);
	fprintf(out, "%d (%s) R %d %d %d 0 -1 4194304 ", file->thread, numbers.name,
		(int)getppid(), (int)getpgrp(), (int)getsid(0));
	fprintf(out, "%ld 0 %ld 0 ", numbers.usage.ru_minflt, numbers.usage.ru_majflt);
	fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ", numbers.user,
		numbers.system, numbers.children_user, numbers.children_system);
	/* priority, nice, threads, itrealvalue, starttime, memory */
	fprintf(out, "%d %d %u 0 %" PRIu64 " %" PRIu64 " %" PRIu64 " 18446744073709551615 ",
		20 + getpriority(PRIO_PROCESS, 0), getpriority(PRIO_PROCESS, 0), numbers.threads,
		proc_own_age() * TICKS, numbers.size, numbers.resident / PAGE_BYTES);
	/* code, stack, registers; signals of 31 bits; wchan, swap, exit_signal, processor */
	fprintf(out, "0 0 %" PRIu64 " 0 0 ", start->vector);
	fprintf(out, "%u %u 0 %u 0 0 0 17 0 ", (unsigned int)(numbers.pending & INT32_MAX),
		(unsigned int)(numbers.blocked & INT32_MAX),
		(unsigned int)(numbers.caught & INT32_MAX));
	/* policy, delays, data, break, arguments, environment, exit code */
	fprintf(out, "0 0 0 0 0 0 0 0 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " 0\n",
		start->arguments, start->environment, start->environment, start->path);
}

static void print_groups(FILE *out)
{
	int count = getgroups(0, NULL);
	gid_t *group = count > 0 ? malloc((size_t)count * sizeof *group) : NULL;

	fputs("Groups:\t", out);
	count = group ? getgroups(count, group) : 0;
	for (int i = 0; i < count; i++)
		fprintf(out, "%u ", (unsigned int)group[i]);
	fputc('\n', out);
	free(group);
}

static void print_signals(FILE *out, const struct numbers *numbers)
{
	const struct {
		const char *name;
		uint64_t set;
	} line[] = {
		{ "SigPnd", numbers->pending },	    { "ShdPnd", numbers->shared_pending },
		{ "SigBlk", numbers->blocked },	    { "SigIgn", 0 },
		{ "SigCgt", numbers->caught },	    { "CapInh", 0 },
		{ "CapPrm", proc_own_capabilities() }, { "CapEff", proc_own_capabilities() },
		{ "CapBnd", proc_own_capabilities() }, { "CapAmb", 0 },
	};

	for (size_t i = 0; i < sizeof line / sizeof *line; i++)
		fprintf(out, "%s:\t%016" PRIx64 "\n", line[i].name, line[i].set);
}

/* proc_pid_status() in fs/proc/array.c */
void text_status(FILE *out, struct thread *thread, const struct synthetic *file)
{
	const unsigned int uid = getuid(), euid = geteuid(), gid = getgid(), egid = getegid();
	const unsigned int cpus = synthetic_cpus();
	struct numbers numbers;

	read_numbers(thread, file->thread, &numbers);
	fprintf(out, "Name:\t%s\nUmask:\t%04o\nState:\tR (running)\nTgid:\t%d\nNgid:\t0\n",
		numbers.name, proc_own_umask(), (int)getpid());
	fprintf(out, "Pid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", file->thread, (int)getppid());
	fprintf(out, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", uid, euid, euid, euid,
		gid, egid, egid, egid);
	fprintf(out, "FDSize:\t%d\n", REGISTRY_SIZE);
	print_groups(out);
	fprintf(out, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", (int)getpid(),
		file->thread, (int)getpgrp(), (int)getsid(0));
	fprintf(out, "VmPeak:\t%8" PRIu64 " kB\nVmSize:\t%8" PRIu64 " kB\n", numbers.size / KILO,
		numbers.size / KILO);
	fprintf(out, "VmLck:\t       0 kB\nVmPin:\t       0 kB\n");
	fprintf(out, "VmHWM:\t%8" PRIu64 " kB\nVmRSS:\t%8" PRIu64 " kB\n", numbers.resident / KILO,
		numbers.resident / KILO);
	fprintf(out, "VmData:\t%8" PRIu64 " kB\nVmSwap:\t       0 kB\n",
		(numbers.size - numbers.code) / KILO);
	fprintf(out, "Threads:\t%u\nSigQ:\t0/63000\n", numbers.threads);
	print_signals(out, &numbers);
	fprintf(out, "NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
	fprintf(out, "Cpus_allowed:\t%" PRIx64 "\nCpus_allowed_list:\t",
		cpus < 64 ? ((uint64_t)1 << cpus) - 1 : UINT64_MAX);
	text_cpus(out, thread, file);
	fprintf(out, "Mems_allowed:\t1\nMems_allowed_list:\t0\n");
	fprintf(out, "voluntary_ctxt_switches:\t%ld\nnonvoluntary_ctxt_switches:\t%ld\n",
		numbers.usage.ru_nvcsw, numbers.usage.ru_nivcsw);
}

/* -------------------------------------------------------------------------
 * Limits, and what is of no process in particular.
 */
static void print_limit(FILE *out, const char *name, rlim_t soft, rlim_t hard, const char *unit)
{
	char text[2][24];
	const rlim_t value[2] = { soft, hard };

	for (int i = 0; i < 2; i++) {
		if (value[i] == RLIM_INFINITY)
			snprintf(text[i], sizeof text[i], "unlimited");
		else
			snprintf(text[i], sizeof text[i], "%llu", (unsigned long long)value[i]);
	}
	fprintf(out, "%-25s %-20s %-20s %-10s\n", name, text[0], text[1], unit);
}

/* proc_pid_limits() in fs/proc/base.c; -1: the host has none */
void text_limits(FILE *out, struct thread *thread, const struct synthetic *file)
{
	static const struct {
		const char *name, *unit;
		int number;
	} limits[] = {
		{ "Max cpu time", "seconds", RLIMIT_CPU },
		{ "Max file size", "bytes", RLIMIT_FSIZE },
		{ "Max data size", "bytes", RLIMIT_DATA },
		{ "Max stack size", "bytes", RLIMIT_STACK },
		{ "Max core file size", "bytes", RLIMIT_CORE },
		{ "Max resident set", "bytes", -1 },
		{ "Max processes", "processes", RLIMIT_NPROC },
		{ "Max open files", "files", RLIMIT_NOFILE },
		{ "Max locked memory", "bytes", RLIMIT_MEMLOCK },
		{ "Max address space", "bytes", -1 },
		{ "Max file locks", "locks", -1 },
		{ "Max pending signals", "signals", -1 },
		{ "Max msgqueue size", "bytes", -1 },
		{ "Max nice priority", "", -1 },
		{ "Max realtime priority", "", -1 },
		{ "Max realtime timeout", "us", -1 },
	};

	(void)thread, (void)file;
	fprintf(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

		if (limits[i].number >= 0)
			getrlimit(limits[i].number, &limit);
		if (limits[i].number == RLIMIT_NOFILE)
			limit.rlim_cur = (rlim_t)descriptors.limit;
		print_limit(out, limits[i].name, limit.rlim_cur, limit.rlim_max, limits[i].unit);
	}
}

static const char *const mounts[][3] = {
	{ "/dev/root", "/", "ext4" },	{ "proc", "/proc", "proc" }, { "sysfs", "/sys", "sysfs" },
	{ "devtmpfs", "/dev", "devtmpfs" }, { "tmpfs", "/dev/shm", "tmpfs" },
};
enum { MOUNTS = sizeof mounts / sizeof *mounts };

void text_mounts(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	for (int i = 0; i < MOUNTS; i++)
		fprintf(out, "%s %s %s rw 0 0\n", mounts[i][0], mounts[i][1], mounts[i][2]);
}

void text_mountinfo(FILE *out, struct thread *thread, const struct synthetic *file)
{
	enum { FIRST = 21 };

	(void)thread, (void)file;
	for (int i = 0; i < MOUNTS; i++)
		fprintf(out, "%d %d 0:%d / %s rw - %s %s rw\n", FIRST + i, i ? FIRST : 1, FIRST + i,
			mounts[i][1], mounts[i][2], mounts[i][0]);
}

/* seq_show() in fs/proc/fd.c */
void text_fdinfo(FILE *out, struct thread *thread, const struct synthetic *file)
{
	enum { MOUNT = 21 };	/* text_mountinfo() */
	struct registry_held held;
	struct stat status = { 0 };
	uint64_t flags;
	off_t position;

	(void)thread;
	if (descriptor_hold((uint64_t)file->number, &held))
		return;
	position = held.host < 0 ? 0 : lseek(held.host, 0, SEEK_CUR);
	flags = held.host < 0 ? LINUX_O_RDWR : files_opened_flags(fcntl(held.host, F_GETFL));
	if (held.host >= 0)
		fstat(held.host, &status);
	fprintf(out, "pos:\t%lld\nflags:\t0%" PRIo64 "\nmnt_id:\t%d\nino:\t%llu\n",
		position < 0 ? 0ll : (long long)position,
		flags | (held.cloexec ? LINUX_O_CLOEXEC : 0), MOUNT,
		(unsigned long long)status.st_ino);
	descriptor_let_go(&held);
}

void text_io(FILE *out, struct thread *thread, const struct synthetic *file)
{
	static const char *const lines[] = { "rchar", "wchar", "syscr", "syscw", "read_bytes",
					     "write_bytes", "cancelled_write_bytes" };

	(void)thread, (void)file;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		fprintf(out, "%s: 0\n", lines[i]);
}

void text_cgroup(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	fputs("0::/\n", out);
}

/* uid_map and gid_map: everybody is who he is */
void text_ids(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	fprintf(out, "%10u %10u %10u\n", 0u, 0u, UINT32_MAX);
}

void text_setgroups(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	fputs("allow\n", out);
}
