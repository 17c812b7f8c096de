/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen - builds, shows, checks and tries vDSO images. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "build", cmd_build, "write an image" },
	{ "show", cmd_show, "what is in an image, a process's vDSO or the running kernel's" },
	{ "check", cmd_check, "what the known readers of a vDSO make of an image" },
	{ "run", cmd_run, "start a program on a generated vDSO" },
	{ "bench", cmd_bench, "compare the generated page with the running kernel's vDSO" },
};

#define COMMANDS (sizeof commands / sizeof *commands)

void tool_error(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	flockfile(stderr);
	fputs("vdsogen: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
	funlockfile(stderr);
}

int tool_flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_SUCCESS;
	tool_error("standard output: %s", errno ? strerror(errno) : "could not be written");
	return EXIT_FAILURE;
}

static void usage(FILE *out)
{
	fputs("Usage: vdsogen COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n", out);
	for (unsigned int i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("\nvdsogen COMMAND --help tells more about a command; vdsogen --version\n"
	      "prints the version.\n", out);
}

static const struct command *find(const char *name)
{
	for (unsigned int i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	tool_error("unknown %s '%s'; vdsogen --help lists the commands",
		   *name == '-' ? "option" : "command", name);
	return EXIT_USAGE;
}

static int help(int argc, char **argv)
{
	static char help_option[] = "--help";
	const struct command *command;
	char *of_command[] = { NULL, help_option, NULL };

	if (argc < 2) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	command = find(argv[1]);
	if (!command)
		return unknown(argv[1]);
	of_command[0] = argv[1];
	return command->run(2, of_command);
}

static int dispatch(int argc, char **argv)
{
	const struct command *command;

	if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))
		return help(1, argv);
	if (!strcmp(argv[0], "help"))
		return help(argc, argv);
	if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-V")) {
		printf("vdsogen %d.%d.%d\n", VDSOGEN_VERSION_MAJOR, VDSOGEN_VERSION_MINOR,
		       VDSOGEN_VERSION_PATCH);
		return EXIT_SUCCESS;
	}
	command = find(argv[0]);
	return command ? command->run(argc, argv) : unknown(argv[0]);
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	status = dispatch(argc - 1, argv + 1);
	if (tool_flush() && status == EXIT_SUCCESS)
		status = EXIT_FAILURE;
	return status;
}
