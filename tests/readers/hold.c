/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold IMAGE STEPS PROGRAM [ARGUMENT]... starts PROGRAM on the image and lets
 * go of it, for debuggers to attach: it is stopped STEPS instructions after the
 * first one in the page that follows on its first breakpoint instruction.
 * Writes its process id to descriptor 3 and ends when and as the program does.
 *
 * The image goes into the kernel's mapping, over the kernel's own: what is
 * looked at is an image that a kernel has mapped, with that mapping's name
 * and rights. The clock is published once, before.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

enum { PID_TO = 3, IMAGE_MAX = 2 * VDSOGEN_PAGE };

static _Alignas(VDSOGEN_PAGE) unsigned char image[IMAGE_MAX];
static size_t image_size;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void make(const char *name)
{
	const struct vdsogen_source source = { .hz = host_counter_hz() };
	struct vdsogen_sample sample;
	struct vdsogen_image view;
	FILE *file = fopen(name, "rbe");

	if (!file)
		die(name);
	image_size = fread(image, 1, sizeof image, file);
	fclose(file);
	host_sample(&sample);
	if (!vdsogen_open(image, image_size, &view) &&
	    !vdsogen_clock_start((struct vdsogen_clock *)(void *)(image + view.clock), &source,
				 &sample))
		return;
	fprintf(stderr, "%s: not an image\n", name);
	exit(EXIT_FAILURE);
}

static _Noreturn void child(char **program)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(PID_TO);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execvp(program[0], program);
	die(program[0]);
}

static int next_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		return WSTOPSIG(status);
	fputs("hold: the program ended before it was in the page\n", stderr);
	exit(EXIT_FAILURE);
}

static uint64_t page_of(pid_t pid)
{
	uint64_t entry[2] = { 0 };
	char path[64];
	FILE *auxv;

	snprintf(path, sizeof path, "/proc/%d/auxv", pid);
	auxv = fopen(path, "rbe");
	while (auxv && fread(entry, sizeof entry, 1, auxv) && entry[0] != AT_SYSINFO_EHDR)
		;
	if (auxv)
		fclose(auxv);
	if (entry[0] == AT_SYSINFO_EHDR)
		return entry[1];
	fputs("hold: the kernel gives no vDSO to write over\n", stderr);
	exit(EXIT_FAILURE);
}

/* What the image does not need of a larger mapping is cleared, if it can be. */
static void install(pid_t pid, uint64_t page)
{
	for (size_t at = 0; at < sizeof image; at += sizeof(long)) {
		long word;

		memcpy(&word, image + at, sizeof word);
		if (ptrace(PTRACE_POKEDATA, pid, page + at, word) && at < image_size)
			die("PTRACE_POKEDATA");
	}
}

static void step(pid_t pid)
{
	ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	next_stop(pid);
}

static void step_into(pid_t pid, uint64_t page, int more)
{
	struct user_regs_struct r;

	do {
		step(pid);
		if (ptrace(PTRACE_GETREGS, pid, NULL, &r))
			die("PTRACE_GETREGS");
	} while (r.rip - page >= image_size);
	while (more-- > 0)
		step(pid);
}

int main(int argc, char **argv)
{
	uint64_t page;
	int status;
	pid_t pid;

	if (argc < 4)
		return 2;
	make(argv[1]);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		child(argv + 3);
	next_stop(pid);	/* exec */
	page = page_of(pid);
	install(pid, page);
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	while (next_stop(pid) != SIGTRAP)
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	step_into(pid, page, atoi(argv[2]));
	if (ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)SIGSTOP))
		die("PTRACE_DETACH");
	dprintf(PID_TO, "%d\n", pid);
	close(PID_TO);
	while (waitpid(pid, &status, 0) == pid && !WIFEXITED(status) && !WIFSIGNALED(status))
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
