/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsorun: a Linux program in a virtual machine without a kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vdsogen.h>

#include "load.h"
#include "loop.h"

#define NAME "vdsorun"
#define VERSION_(major, minor, patch) #major "." #minor "." #patch
#define VERSION(major, minor, patch) VERSION_(major, minor, patch)

/* As shells have it: a program that cannot be started, one that is not there. */
enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_NOT_RUN = 126, STATUS_NOT_FOUND = 127 };

static const char usage[] =
	"usage: " NAME " [--trace] [--stats] [--verbose] PROGRAM [ARGUMENT ...]\n"
	"Runs a Linux program in a virtual machine without a kernel.\n"
	"\n"
	"  --trace     print each system call\n"
	"  --stats     print how often the program left the machine for each of them\n"
	"  --verbose   name what a program asks for and is not there\n"
	"  --version   print the version\n"
	"  --help      print this\n";

struct options {
	bool trace, stats, verbose;
};

enum { OPTION_HELP = 'h', OPTION_TRACE = UCHAR_MAX + 1, OPTION_STATS, OPTION_VERBOSE, OPTION_VERSION };

/* The rest is the program's. Does not return where there is nothing to run. */
static void read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPTION_HELP },
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
			options->trace = true;
			break;
		case OPTION_STATS:
			options->stats = true;
			break;
		case OPTION_VERBOSE:
			options->verbose = true;
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

static void print_stats(const struct program *program)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < CALLS_MAX; i++)
		all += program->asked[i];
	fprintf(stderr, NAME ": %" PRIu64 " exits for system calls\n", all);
	for (unsigned int i = 0; i < CALLS_MAX; i++) {
		const char *name = calls_name(i);

		if (program->asked[i] && name)
			fprintf(stderr, "%8" PRIu64 " %s\n", program->asked[i], name);
		else if (program->asked[i])
			fprintf(stderr, "%8" PRIu64 " call %u, which is not there\n", program->asked[i], i);
	}
}

/* The same end for whoever waits for this process, and no core of the runner's. */
static int die(int signal_number)
{
	const struct rlimit none = { 0 };
	sigset_t one;

	setrlimit(RLIMIT_CORE, &none);
	signal(signal_number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(signal_number);
	return STATUS_FAILED;	/* not reached: it is one that ends a process */
}

static int start(struct program *program, char **arguments, struct runner_error *error)
{
	struct load load = { .vm = program->vm, .space = program->space, .path = program->path,
			     .name = arguments[0], .arguments = arguments, .environment = environ };
	int failed = clock_create(&program->clock, program->vm, program->space, &load.vdso, error);

	if (!failed)
		failed = load_program(&load, error);
	if (!failed)
		failed = vcpu_create(&program->vcpu, program->vm, load.pc, load.sp, error);
	return failed;
}

static int run(struct program *program, const struct options *options, struct loop_end *end)
{
	loop_run(program, options->trace, end);
	if (options->stats)
		print_stats(program);
	if (end->failed)
		fprintf(stderr, NAME ": %s: %s\n", program->path, end->text);
	return end->failed ? STATUS_FAILED : end->status;
}

static int run_program(struct program *program, const struct options *options, char **arguments,
		       struct loop_end *end)
{
	struct runner_error error = { 0 };
	int status = STATUS_FAILED;

	if (vm_create(&program->vm, &error)) {
		fprintf(stderr, NAME ": %s\n", error.text);
		return STATUS_FAILED;
	}
	program->space = space_create(program->vm);
	if (!program->space) {
		fprintf(stderr, NAME ": no memory for an address space\n");
	} else if (start(program, arguments, &error)) {
		fprintf(stderr, NAME ": %s: %s\n", program->path, error.text);
		status = STATUS_NOT_RUN;
	} else {
		status = run(program, options, end);
	}
	if (program->clock)
		clock_destroy(program->clock);
	vm_destroy(program->vm);
	if (program->space)
		space_destroy(program->space);
	return status;
}

int main(int argc, char **argv)
{
	static struct program program;
	struct options options = { 0 };
	struct loop_end end = { 0 };
	char *path;
	int status;

	read_options(argc, argv, &options);
	path = find_program(argv[optind]);
	if (!path) {
		fprintf(stderr, NAME ": %s: %s\n", argv[optind], strerror(errno));
		return STATUS_NOT_FOUND;
	}
	program.path = path;
	program.verbose = options.verbose;
	status = run_program(&program, &options, argv + optind, &end);
	free(path);
	return end.signal ? die(end.signal) : status;
}
