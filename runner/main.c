/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsorun: a Linux program in a virtual machine without a kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vdsogen.h>

#include "exec.h"
#include "fds.h"
#include "gdb.h"
#include "load.h"
#include "loop.h"
#include "platform.h"
#include "proc.h"
#include "startup.h"
#include "sysroot.h"

extern char **environ;	/* not every <unistd.h> has it */

#define NAME "vdsorun"
#define VERSION_(major, minor, patch) #major "." #minor "." #patch
#define VERSION(major, minor, patch) VERSION_(major, minor, patch)

/* As shells have it: a program that cannot be started, one that is not there. */
enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_NOT_RUN = 126, STATUS_NOT_FOUND = 127 };

static const char usage[] =
	"usage: " NAME " [--trace] [--stats] [--startup-trace] [--gdb PORT] [--verbose]\n"
	"               [--sysroot DIRECTORY] [--argv0 NAME]\n"
	"               PROGRAM [ARGUMENT ...]\n"
	"Runs a Linux program in a virtual machine without a kernel.\n"
	"\n"
	"  --trace           print each system call\n"
	"  --stats           print how often the program left the machine for each of them\n"
	"  --no-fast-paths   ask the host for everything\n"
	"  --startup-trace   print what the time went to before the program began\n"
	"  --gdb PORT        wait for a debugger there, or at a path\n"
	"  --verbose         name what a program asks for and is not there\n"
	"  --sysroot DIRECTORY  look for files with absolute names there first\n"
	"  --argv0 NAME      tell the program this as its name, not PROGRAM\n"
	"  --version         print the version\n"
	"  --help            print this\n";

enum {
	OPTION_HELP = 'h',
	OPTION_TRACE = UCHAR_MAX + 1,
	OPTION_SLOW,
	OPTION_STATS,
	OPTION_STARTUP,
	OPTION_GDB,
	OPTION_VERBOSE,
	OPTION_VERSION,
	OPTION_ARGV0,
	OPTION_PROGRAM,
	OPTION_BLOCKED,
	OPTION_DESCRIPTORS,
	OPTION_HZ,
	OPTION_SYSROOT,
	OPTION_DEVICE,
};

static const char *debugger;	/* where it comes; NULL: nowhere */

/* What a runner that execve() made is told by the one before. */
struct told {
	const char *argv0;
	int program;		/* an open file; -1: the command names it */
	int descriptors;	/* another, of what is open; -1: what the host says is */
	bool is_blocked;
	uint64_t blocked;	/* signals */
	uint64_t hz;		/* of the host's counter; 0: not told */
};

/* For what the program becomes by execve(). */
static void keep_option(struct process *process, char *option)
{
	static char *options[8];
	static unsigned int kept;

	process->options = options;
	if (option && kept < sizeof options / sizeof options[0] - 1)
		options[kept++] = option;
}

static void set_sysroot(struct process *process, char *directory)
{
	int failed = sysroot_set(directory);

	if (failed) {
		fprintf(stderr, NAME ": --sysroot %s: %s\n", directory, strerror(-failed));
		exit(STATUS_USAGE);
	}
	keep_option(process, "--sysroot");
	keep_option(process, directory);
}

/* The rest is the program's. Does not return where there is nothing to run. */
static void read_options(int argc, char **argv, struct process *process, struct told *told)
{
	static const struct option known[] = {
		{ "argv0", required_argument, NULL, OPTION_ARGV0 },
		{ "blocked", required_argument, NULL, OPTION_BLOCKED },
		{ "descriptors", required_argument, NULL, OPTION_DESCRIPTORS },
		{ "device", required_argument, NULL, OPTION_DEVICE },
		{ "gdb", required_argument, NULL, OPTION_GDB },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "hz", required_argument, NULL, OPTION_HZ },
		{ "no-fast-paths", no_argument, NULL, OPTION_SLOW },
		{ "program", required_argument, NULL, OPTION_PROGRAM },
		{ "startup-trace", no_argument, NULL, OPTION_STARTUP },
		{ "stats", no_argument, NULL, OPTION_STATS },
		{ "sysroot", required_argument, NULL, OPTION_SYSROOT },
		{ "trace", no_argument, NULL, OPTION_TRACE },
		{ "verbose", no_argument, NULL, OPTION_VERBOSE },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	keep_option(process, NULL);
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
			keep_option(process, "--trace");
			break;
		case OPTION_SLOW:
			process->slow = true;
			keep_option(process, "--no-fast-paths");
			break;
		case OPTION_STATS:
			process->stats = true;
			stats_begin(&process->counts);
			keep_option(process, "--stats");
			break;
		case OPTION_SYSROOT:
			set_sysroot(process, optarg);
			break;
		case OPTION_GDB:
			debugger = optarg;
			break;
		case OPTION_STARTUP:
			startup_begin();
			break;
		case OPTION_VERBOSE:
			process->verbose = true;
			keep_option(process, "--verbose");
			break;
		case OPTION_ARGV0:
			told->argv0 = optarg;
			break;
		case OPTION_PROGRAM:
			told->program = atoi(optarg);
			break;
		case OPTION_DESCRIPTORS:
			told->descriptors = atoi(optarg);
			break;
		case OPTION_BLOCKED:
			told->is_blocked = true;
			told->blocked = strtoull(optarg, NULL, 0);
			break;
		case OPTION_HZ:
			told->hz = strtoull(optarg, NULL, 0);
			break;
		case OPTION_DEVICE:
			vm_use_device(atoi(optarg));
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

/* -------------------------------------------------------------------------
 * The program's file.
 */

/* As the shell's command, where that does not name it in full. */
static int open_program(struct exec *exec, const char *name)
{
	char *path = find_program(name);
	int failed;

	if (!path) {
		fprintf(stderr, NAME ": %s: %s\n", name, strerror(errno));
		return STATUS_NOT_FOUND;
	}
	failed = exec_open(exec, AT_FDCWD, strchr(name, '/') ? name : path, 0, NULL);
	free(path);
	if (!failed)
		return 0;
	fprintf(stderr, NAME ": %s: %s\n", name, strerror(-failed));
	return failed == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
}

/* 0, or the status to end with. */
static int prepare(struct exec *exec, struct process *process, const struct told *told, char **argv)
{
	const char *name = argv[0];
	int failed;

	if (told->program >= 0)
		exec_show_environment(environ);
	if (told->argv0)
		argv[0] = (char *)told->argv0;
	if (exec_set_arguments(exec, argv, environ))
		return STATUS_FAILED;
	if (told->program >= 0) {
		exec->program = told->program;
		exec->name = name;
	} else {
		failed = open_program(exec, name);
		if (failed)
			return failed;
	}
	exec->program = fds_hide(exec->program);
	process->path = exec->program < 0 ? NULL : platform_path(exec->program);
	if (!process->path)
		fprintf(stderr, NAME ": %s: %s\n", name, strerror(errno));
	return process->path ? 0 : STATUS_NOT_RUN;
}

/* What others see of it, as Linux does; of a descriptor it tells the file's name, since 6.14. */
static void take_name(const char *name, const char *path)
{
	static const char unnamed[] = "/dev/fd/";
	const char *slash;

	if (strncmp(name, unnamed, sizeof unnamed - 1) == 0 &&
	    !strchr(name + sizeof unnamed - 1, '/'))
		name = path;
	slash = strrchr(name, '/');

	platform_name_thread(slash ? slash + 1 : name);
}

/* -------------------------------------------------------------------------
 * Its memory, its first thread and where that begins.
 */
static int create(struct thread *thread, const struct exec *exec, uint64_t hz,
		  struct runner_error *error)
{
	struct process *process = thread->process;
	struct load load = { .program = exec->program, .name = exec->name,
			     .arguments = (char *const *)exec->arguments,
			     .environment = (char *const *)exec->environment };
	int failed = vm_create(&process->vm, error);

	if (failed)
		return failed;
	process->space = space_create(process->vm);
	process->signals = signals_create();
	startup_step("memory");
	if (!process->space || !process->signals)
		return runner_error(error, ENOMEM, "no memory for an address space");
	failed = space_reserve(process->space, vm_own_range(process->vm), "[shim-data]");
	if (failed)
		return runner_error(error, -failed, "no room for the machine's own pages");
	failed = clock_create(&process->clock, process->vm, process->space, hz, &load.vdso, error);
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

static int start(struct thread *thread, const struct told *told, char **argv)
{
	struct process *process = thread->process;
	struct runner_error error = { 0 };
	struct exec *exec = exec_create();
	int failed;

	if (!exec)
		return STATUS_FAILED;
	exec_learn_runner();
	failed = prepare(exec, process, told, argv);
	if (failed)
		return failed;
	/* they are the guest's, and come to it when it runs */
	thread->blocked = signals_block_all();
	if (told->is_blocked)
		thread->blocked = told->blocked;
	take_name(exec->name, process->path);
	if (create(thread, exec, told->hz, &error)) {
		fprintf(stderr, NAME ": %s: %s\n", process->path, error.text);
		return process->vm ? STATUS_NOT_RUN : STATUS_FAILED;
	}
	startup_step("vCPU");
	proc_begin(thread);
	fds_close(exec->program);
	exec_free(exec);
	return 0;
}

int main(int argc, char **argv)
{
	static struct process process;
	struct told told = { .program = -1, .descriptors = -1 };
	struct thread *thread = calloc(1, sizeof *thread);
	struct runner_error error = { 0 };
	int failed;

	if (!thread)
		return STATUS_FAILED;
	read_options(argc, argv, &process, &told);
	startup_step("options");
	failed = fds_take_over(told.descriptors);
	if (failed) {
		fprintf(stderr, NAME ": what is open: %s\n", strerror(-failed));
		return STATUS_FAILED;
	}
	process_begin(&process, thread);
	fds_begin();
	failed = start(thread, &told, argv + optind);
	fds_end();
	if (failed)
		return failed;
	if (debugger && gdb_create(&process, debugger, &error)) {
		fprintf(stderr, NAME ": %s\n", error.text);
		return STATUS_USAGE;
	}
	startup_end();
	process_run(thread);
	return STATUS_FAILED;	/* not reached: the first thread stays */
}
