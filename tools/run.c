/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen run: a program on a generated image in place of the kernel's vDSO. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host.h"
#include "run.h"

/* -------------------------------------------------------------------------
 * The command line.
 */
enum { OPTION_COUNT = 1, OPTION_ELSEWHERE, OPTION_FREEZE, OPTION_IDENTITY, OPTION_IMAGE,
       OPTION_OFFSET, OPTION_RATE };

static const struct tool_option options[] = {
	{ "offset", "SECONDS", "shift the time of day, such as by 86400 or -0.5", OPTION_OFFSET,
	  NULL },
	{ "rate", "FACTOR", "let all clocks run FACTOR times as fast", OPTION_RATE, NULL },
	{ "freeze", NULL, "let all clocks stand still", OPTION_FREEZE, NULL },
	{ "count", NULL, "say at the end how many calls of the image were system calls", OPTION_COUNT,
	  NULL },
	{ "identity", NULL, "tell each process who it is (getpid and the like), too",
	  OPTION_IDENTITY, NULL },
	{ "image", "FILE", "use the image in FILE instead of building one", OPTION_IMAGE, NULL },
	{ "elsewhere", NULL, "for testing: do not put the image at the kernel's vDSO's address",
	  OPTION_ELSEWHERE, NULL },
	{ NULL, NULL, NULL, 0, NULL }
};

static const struct tool_syntax syntax = {
	.command = "run", .operands = "[--] PROGRAM [ARGUMENT]...", .options = options,
	.config = true, .stops = true,
	.summary = "Starts PROGRAM on a generated vDSO in place of the kernel's. By default, the\n"
		   "image has the best getcpu and the version of this machine's kernel.",
};

/* Digits, and `places` more after an optional point, as one number; the rest of the text. */
static const char *decimal(const char *s, unsigned int places, uint64_t limit, uint64_t *number)
{
	const char *first = s;
	bool point = false;
	unsigned int digits = 0;

	*number = 0;
	for (; (*s >= '0' && *s <= '9') || (*s == '.' && !point); s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		if (*number > (limit - (uint64_t)(*s - '0')) / 10 || (point && !places))
			return first;
		*number = *number * 10 + (uint64_t)(*s - '0');
		places -= point;
		digits++;
	}
	for (; places; places--) {
		if (*number > limit / 10)
			return first;
		*number *= 10;
	}
	return digits ? s : first;
}

/* Within the bound of a time that the library takes, with room for the present. */
#define OFFSET_MAX 1000000000

static bool parse_offset(const char *text, struct change *change)
{
	bool negative = *text == '-';
	const char *start = text + (negative || *text == '+');
	uint64_t nsec;
	const char *end = decimal(start, 9, (uint64_t)OFFSET_MAX * NSEC_PER_SEC, &nsec);

	if (end == start || *end) {
		tool_error("run: --offset: '%s' is not a number of seconds between -%d and %d, "
			   "with up to 9 decimals", text, OFFSET_MAX, OFFSET_MAX);
		return false;
	}
	change->offset_sec = (int64_t)(nsec / NSEC_PER_SEC);
	change->offset_nsec = (uint32_t)(nsec % NSEC_PER_SEC);
	if (negative) {
		change->offset_sec = -change->offset_sec - (change->offset_nsec != 0);
		change->offset_nsec = change->offset_nsec ? NSEC_PER_SEC - change->offset_nsec : 0;
	}
	return true;
}

enum { RATE_MAX = 1000, RATE_DECIMALS = 6, RATE_UNIT = 1000000 };

static bool parse_rate(const char *text, struct change *change)
{
	uint64_t scale;
	const char *end = decimal(text, RATE_DECIMALS, (uint64_t)RATE_MAX * RATE_UNIT, &scale);

	if (end == text || *end || !scale) {
		tool_error("run: --rate: '%s' is not a factor between 0.000001 and %d, with up to "
			   "%d decimals%s", text, RATE_MAX, RATE_DECIMALS,
			   end != text && !*end ? "; use --freeze to stop the clocks" : "");
		return false;
	}
	change->scale = (uint32_t)scale;
	change->unit = RATE_UNIT;
	return true;
}

/* Whether /proc has this process where processes are looked for. */
static bool has_own_proc(void)
{
	char name[32];
	ssize_t length = readlink("/proc/self", name, sizeof name - 1);

	name[length > 0 ? length : 0] = '\0';
	if (atoi(name) == getpid())
		return true;
	tool_error("run: --identity: /proc is not of this PID namespace; mount it, such as by "
		   "unshare --mount-proc");
	return false;
}

/*
 * The process block is each process's own; the clock block is everybody's, and so
 * outside of the image.
 */
static bool configure_identity(struct run *run)
{
	struct vdsogen_config *config = &run->config;
	uint32_t asked = config->functions ? config->functions : VDSOGEN_DEFAULT_FUNCTIONS;

	if (config->process != VDSOGEN_DATA_INSIDE) {
		tool_error("run: --identity: each process has an image with its own process block "
			   "inside; leave --process out");
		return false;
	}
	if (!has_own_proc())
		return false;
	if (run->file)
		return true;
	config->functions = (asked | VDSOGEN_IDENTITY_FUNCTIONS) &
			    vdsogen_arch_functions(host_arch());
	if (config->data == VDSOGEN_DATA_INSIDE)
		config->data = VDSOGEN_DATA_BEFORE;
	return true;
}

/* 0, or EXIT_USAGE, or TOOL_HELP. */
static int parse(struct run *run, int argc, char **argv)
{
	const struct vdsogen_config before = run->config;
	int option;

	while ((option = tool_option(&syntax, argc, argv, &run->config)) != TOOL_END)
		switch (option) {
		case TOOL_HELP:
			return TOOL_HELP;
		case TOOL_BAD:
			return EXIT_USAGE;
		case OPTION_OFFSET:
			if (!parse_offset(optarg, &run->change))
				return EXIT_USAGE;
			break;
		case OPTION_RATE:
			if (!parse_rate(optarg, &run->change))
				return EXIT_USAGE;
			run->rate = true;
			break;
		case OPTION_FREEZE:
			run->freeze = true;
			break;
		case OPTION_COUNT:
			run->count = true;
			break;
		case OPTION_IDENTITY:
			run->identity = true;
			break;
		case OPTION_IMAGE:
			run->file = optarg;
			break;
		case OPTION_ELSEWHERE:
			run->image.elsewhere = true;
			break;
		}
	if (run->rate && run->freeze) {
		tool_error("run: --rate and --freeze: clocks run or stand still; give one of them");
		return EXIT_USAGE;
	}
	if (run->freeze) {
		run->change.scale = 0;
		run->change.unit = 1;
	}
	if (run->file && memcmp(&before, &run->config, sizeof before)) {
		tool_error("run: --image: the image in %s is ready; leave the options out that "
			   "tell how to build one", run->file);
		return EXIT_USAGE;
	}
	if (run->identity && !configure_identity(run))
		return EXIT_USAGE;
	if (optind == argc) {
		tool_error("run: no PROGRAM to run; see vdsogen run --help");
		return EXIT_USAGE;
	}
	run->program = argv + optind;
	return 0;
}

bool run_changed(const struct run *run)
{
	return run->change.offset_sec || run->change.offset_nsec ||
	       run->change.scale != run->change.unit;
}

bool run_broken(const char *what)
{
	tool_error("run: %s: %s", what, strerror(errno));
	return false;
}

/* -------------------------------------------------------------------------
 * All together.
 */
static int run_program(struct run *run)
{
	struct sigaction sigchld;
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t mask;

	sigaction(SIGCHLD, &by_default, &sigchld);	/* ignored, there would be no statuses */
	run_hold_signals(&mask);
	/* The thread comes second: a fork copies only the caller. */
	if (!run_start_program(run, &mask, &sigchld) || !run_start_publisher(run)) {
		if (run->pid > 0)
			kill(run->pid, SIGKILL);
		return EXIT_FAILURE;
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	run_tend(run);
	if (run->count && run->started && !run->failed)
		run_print_count(run);
	return run_exit_like(run);
}

/* As uname(2) has it, "a.b.c" and anything after that. */
static uint32_t kernel_version(void)
{
	enum { PART_MAX = 255 };
	unsigned int a = 0, b = 0, c = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u.%u", &a, &b, &c) < 2 || a > PART_MAX)
		return 0;
	return a << 16 | (b > PART_MAX ? PART_MAX : b) << 8 | (c > PART_MAX ? PART_MAX : c);
}

int cmd_run(int argc, char **argv)
{
	static struct run run;
	int status;

	run.change.scale = run.change.unit = 1;
	run.config.getcpu = host_getcpu();
	run.config.kernel_version = kernel_version();
	status = parse(&run, argc, argv);
	if (status)
		return status == TOOL_HELP ? EXIT_SUCCESS : status;
	if (!run.file && !tool_config_fits("run", host_arch(), &run.config))
		return EXIT_USAGE;
	if (!run_make_image(&run) || !run_start_clock(&run))
		return EXIT_FAILURE;
	run_start_random(&run);
	return run_program(&run);
}
