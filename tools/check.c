/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen check: what the known readers of a vDSO make of an image. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { SELF = 0x100, READER, JSON, VERBOSE = 'v' };

static const char *reader_name(unsigned int i)
{
	return i < check_reader_count ? check_readers[i].name : NULL;
}

static const struct tool_option options[] = {
	{ "pid", "N", "the vDSO of process N, read from its memory", 'p', NULL },
	{ "self", NULL, "the vDSO that this command was given: the running kernel's", SELF, NULL },
	{ "reader", "NAME", "this reader only; may be repeated", READER, reader_name },
	{ "verbose", NULL, "name the rules that hold, too", VERBOSE, NULL },
	{ "json", NULL, "print a JSON object", JSON, NULL },
	{ NULL, NULL, NULL, 0, NULL }
};

static const struct tool_syntax syntax = {
	.command = "check", .operands = "[FILE]", .options = options,
	.summary = "Says what each known reader of a vDSO makes of an image: FILE, of any origin\n"
		   "('-': standard input), or the one mapped into a process. The exit status is\n"
		   "1 if one rejects it.",
};

struct request {
	const char *file, *pid;
	bool self, json, verbose, some;
	bool chosen[CHECK_READERS_MAX];
};

static bool choose(struct request *request, const char *name)
{
	enum { WORDS_ROOM = 1000 };
	char words[WORDS_ROOM] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < check_reader_count; i++) {
		if (strcmp(check_readers[i].name, name))
			continue;
		request->chosen[i] = request->some = true;
		return true;
	}
	for (unsigned int i = 0; i < check_reader_count && at < sizeof words; i++)
		at += (size_t)snprintf(words + at, sizeof words - at, "%s%s", at ? ", " : "",
				       check_readers[i].name);
	tool_error("check: --reader: '%s' is not one of: %s", name, words);
	return false;
}

/* EXIT_FAILURE if one of them rejects the image. */
static int judge(const struct source *source, const struct request *request)
{
	static struct check check;
	struct image image;
	int status = EXIT_SUCCESS;

	image_open(&image, source);
	check_judge(&check, &image);
	(request->json ? check_print_json : check_print)(stdout, &check, request->chosen,
							 request->verbose);
	for (unsigned int i = 0; i < check_reader_count; i++)
		if (request->chosen[i] && check_verdict(&check, &check_readers[i]) == REJECTED)
			status = EXIT_FAILURE;
	return status;
}

static bool parse(int argc, char **argv, struct request *request, int *status)
{
	int option;

	*status = EXIT_USAGE;
	while ((option = tool_option(&syntax, argc, argv, NULL)) != TOOL_END)
		switch (option) {
		case TOOL_HELP:
			*status = EXIT_SUCCESS;
			return false;
		case TOOL_BAD:
			return false;
		case 'p':
			request->pid = optarg;
			break;
		case SELF:
			request->self = true;
			break;
		case READER:
			if (!choose(request, optarg))
				return false;
			break;
		case JSON:
			request->json = true;
			break;
		case VERBOSE:
			request->verbose = true;
			break;
		}
	request->file = argv[optind];
	if (argc - optind > 1)
		tool_error("check: '%s': one FILE at a time", argv[optind + 1]);
	return argc - optind <= 1;
}

int cmd_check(int argc, char **argv)
{
	struct request request = { .file = NULL };
	struct source source;
	int status;

	if (!parse(argc, argv, &request, &status))
		return status;
	for (unsigned int i = 0; i < check_reader_count && !request.some; i++)
		request.chosen[i] = true;
	status = source_get("check", request.file, request.pid, request.self, &source);
	if (status)
		return status;
	status = judge(&source, &request);
	free(source.bytes);
	return status;
}
