/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands of `vdsogen` share. */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vdsogen.h"

/* Exit statuses: EXIT_SUCCESS, EXIT_FAILURE, and this for a misused command line. */
#define EXIT_USAGE 2

/* Subcommands: argv[0] is the subcommand's name; they return the exit status. */
int cmd_build(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_bench(int argc, char **argv);

/* "vdsogen: MESSAGE" and a newline on standard error. */
void tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Flushes standard output: EXIT_FAILURE with a message if anything could not be written. */
int tool_flush(void);

/* -------------------------------------------------------------------------
 * Options. One table of a subcommand drives its parsing and its help text.
 */
struct tool_option {
	const char *name;	/* without the dashes; NULL ends a table */
	const char *argument;	/* what the help calls it; NULL: takes none */
	const char *help;
	int value;		/* a letter is also the short option */
	/* Words that it takes, for the help: "" for a number without, NULL past the last. */
	const char *(*word)(unsigned int number);
};

struct tool_syntax {
	const char *command;
	const char *operands;	/* as the usage line has them, "" for none */
	const char *summary;
	const struct tool_option *options; /* --help needs no line */
	bool config;		/* takes the options of the configuration, too */
	bool stops;		/* at the first operand: what follows is not ours */
};

/* What tool_option() returns beside the values of the table. */
enum tool_end { TOOL_END = -1, TOOL_HELP = -2, TOOL_BAD = -3 };

/*
 * The next option's value, with optarg and optind as getopt_long() leaves them.
 * --help is answered and TOOL_HELP returned; a bad option is reported and
 * TOOL_BAD returned. Options of the configuration go into config.
 */
int tool_option(const struct tool_syntax *syntax, int argc, char **argv,
		struct vdsogen_config *config);

/* -------------------------------------------------------------------------
 * Words of the command line and struct vdsogen_config.
 */

/* "tai" for VDSOGEN_TAI; "" for a number that is no clock, NULL past the last. */
const char *tool_clock_name(unsigned int clock_id);

/*
 * The architecture of that name, or the host's for NULL. Unknown: reported
 * with the names of those built in, NULL returned.
 */
const struct vdsogen_arch *tool_arch(const char *command, const char *name);

/* The i-th architecture's name, NULL past the last. */
const char *tool_arch_name(unsigned int i);

/* The architecture whose images have this e_machine, or NULL. */
const struct vdsogen_arch *tool_arch_of(uint16_t machine);

/*
 * Whether the architecture has all that the configuration asks for. If not,
 * says which option and which word, and what words there are; or which number,
 * and what it may be.
 */
bool tool_config_fits(const char *command, const struct vdsogen_arch *arch,
		      const struct vdsogen_config *config);
/* The part about numbers, where all words are good. */
bool tool_config_numbers_fit(const char *command, const struct vdsogen_arch *arch,
			     const struct vdsogen_config *config);
/* Gives choices that cannot do without a number one that is good on every architecture. */
void tool_config_complete(struct vdsogen_config *config);

/* Options of the configuration: their parsing, their help, and a configuration as options. */
const struct tool_option *tool_config_option(unsigned int i); /* NULL past the last */
bool tool_config_set(const char *command, unsigned int i, const char *argument,
		     struct vdsogen_config *config);
void tool_config_print(FILE *out, const struct vdsogen_config *config,
		       const char *before_each);

#endif
