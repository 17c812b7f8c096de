/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsorun: a Linux program in a virtual machine without a kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vdsogen.h>

#include "gdb.h"
#include "identity.h"
#include "load.h"
#include "loop.h"
#include "startup.h"

#define NAME "vdsorun"
#define VERSION_(major, minor, patch) #major "." #minor "." #patch
#define VERSION(major, minor, patch) VERSION_(major, minor, patch)

/* As shells have it: a program that cannot be started, one that is not there. */
enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_NOT_RUN = 126, STATUS_NOT_FOUND = 127 };

static const char usage[] =
	"usage: " NAME " [--trace] [--stats] [--startup-trace] [--gdb PORT] [--verbose]\n"
	"               PROGRAM [ARGUMENT ...]\n"
	"Runs a Linux program in a virtual machine without a kernel.\n"
	"\n"
	"  --trace     print each system call\n"
	"  --stats     print how often the program left the machine for each of them\n"
	"  --no-fast-paths  ask the host for everything\n"
	"  --startup-trace\n"
	"              print what the time went to before the program began\n"
	"  --gdb PORT  wait for a debugger there, or at a path\n"
	"  --verbose   name what a program asks for and is not there\n"
	"  --version   print the version\n"
	"  --help      print this\n";

enum { OPTION_HELP = 'h', OPTION_TRACE = UCHAR_MAX + 1, OPTION_SLOW, OPTION_STATS, OPTION_STARTUP,
       OPTION_GDB, OPTION_VERBOSE, OPTION_VERSION };

static const char *debugger;	/* where it comes; NULL: nowhere */

/* The rest is the program's. Does not return where there is nothing to run. */
static void read_options(int argc, char **argv, struct process *process)
{
	static const struct option known[] = {
		{ "gdb", required_argument, NULL, OPTION_GDB },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "no-fast-paths", no_argument, NULL, OPTION_SLOW },
		{ "startup-trace", no_argument, NULL, OPTION_STARTUP },
		{ "stats", no_argument, NULL, OPTION_STATS },
		{ "trace", no_argument, NULL, OPTION_TRACE },
		{ "verbose", no_argument, NULL, OPTION_VERBOSE },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+h", known, NULL)) != -1)
		switch (option) {
		case OPTION_HELP:
			fputs(usage, stdout);
			exit(0);
		case OPTION_VERSION:
			puts(NAME " " VERSION(VDSOGEN_VERSION_MAJOR, VDSOGEN_VERSION_MINOR,
					      VDSOGEN_VERSION_PATCH));
			exit(0);
		case OPTION_TRACE:
			process->trace = true;
			break;
		case OPTION_SLOW:
			process->slow = true;
			break;
		case OPTION_STATS:
			process->stats = true;
			stats_begin(&process->counts);
			break;
		case OPTION_GDB:
			debugger = optarg;
			break;
		case OPTION_STARTUP:
			startup_begin();
			break;
		case OPTION_VERBOSE:
			process->verbose = true;
			break;
		default:
			exit(STATUS_USAGE);
		}
	if (optind == argc) {
		fputs(NAME ": no program given\n", stderr);
		fputs(usage, stderr);
		exit(STATUS_USAGE);
	}
}

/* As a shell finds it. */
static char *find_program(const char *name)
{
	const char *list = getenv("PATH");
	char *path = NULL, *copy, *rest, *folder;

	if (strchr(name, '/'))
		return realpath(name, NULL);
	rest = copy = strdup(list ? list : "/bin:/usr/bin");
	while (copy && !path && (folder = strsep(&rest, ":"))) {
		char *candidate;

		if (asprintf(&candidate, "%s/%s", *folder ? folder : ".", name) < 0)
			break;
		if (!access(candidate, X_OK))
			path = realpath(candidate, NULL);
		free(candidate);
	}
	free(copy);
	return path;
}

/* Its memory, its first thread and where that begins. */
static int create(struct thread *thread, char **arguments, struct runner_error *error)
{
	struct process *process = thread->process;
	struct load load = { .path = process->path, .name = arguments[0], .arguments = arguments,
			     .environment = environ };
	int failed = vm_create(&process->vm, error);

	if (failed)
		return failed;
	process->space = space_create(process->vm);
	process->signals = signals_create();
	startup_step("memory");
	if (!process->space || !process->signals)
		return runner_error(error, ENOMEM, "no memory for an address space");
	failed = clock_create(&process->clock, process->vm, process->space, &load.vdso, error);
	startup_step("clock");
	load.vm = process->vm;
	load.space = process->space;
	if (!failed && process->slow)
		clock_stop_readers(process->clock);
	if (!failed)
		failed = load_program(&load, error);
	startup_step("stack");
	if (!failed)
		failed = vcpu_create(&thread->vcpu, process->vm, load.pc, load.sp, error);
	return failed;
}

int main(int argc, char **argv)
{
	static struct process process;
	struct thread thread = { .process = &process };
	struct runner_error error = { 0 };
	struct loop_end end;

	read_options(argc, argv, &process);
	process.path = find_program(argv[optind]);
	if (!process.path) {
		fprintf(stderr, NAME ": %s: %s\n", argv[optind], strerror(errno));
		return STATUS_NOT_FOUND;
	}
	/* they are the guest's, and come to it when it runs */
	thread.blocked = signals_block_all();
	startup_step("options");
	if (create(&thread, argv + optind, &error)) {
		fprintf(stderr, NAME ": %s: %s\n", process.path, error.text);
		return process.vm ? STATUS_NOT_RUN : STATUS_FAILED;
	}
	identity_tell(&thread);
	startup_step("vCPU");
	if (debugger && gdb_create(&process, debugger, &error)) {
		fprintf(stderr, NAME ": %s\n", error.text);
		return STATUS_USAGE;
	}
	gdb_thread_begin(&thread);
	startup_end();
	loop_run(&thread, &end);
	process_end(&process, &end);
}
