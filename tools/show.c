/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen show: what is in an image. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

enum { NO_DISASSEMBLY = 0x100, SELF };

static const struct tool_option options[] = {
	{ "pid", "N", "the vDSO of process N, read from its memory", 'p', NULL },
	{ "self", NULL, "the vDSO that this command was given: the running kernel's", SELF, NULL },
	{ "no-disassembly", NULL, "leave the disassembly out", NO_DISASSEMBLY, NULL },
	{ NULL, NULL, NULL, 0, NULL }
};

static const struct tool_syntax syntax = {
	.command = "show", .operands = "[FILE]", .options = options,
	.summary = "Shows what is in a vDSO image: FILE, of any origin ('-': standard input),\n"
		   "or the one mapped into a process.",
};

static void show_header(const struct view *v)
{
	const char *machine = machine_name(v);
	const char *soname = v->soname ? view_string(v, v->strings, v->soname) : NULL;

	print_name(v->source->name);
	if (v->ours)
		printf(": libvdsogen layout %u for %s", v->image.layout, machine ? machine : "?");
	else if (machine)
		printf(": a shared object for %s, not made by libvdsogen", machine);
	else
		printf(": a shared object for ELF machine %u, not made by libvdsogen",
		       v->header.e_machine);
	printf("\n  %zu bytes", v->source->size);
	if (!(v->source->size % VDSOGEN_PAGE))
		printf(" (%zu page%s)", v->source->size / VDSOGEN_PAGE,
		       v->source->size == VDSOGEN_PAGE ? "" : "s");
	if (v->source->address)
		printf(", mapped at 0x%" PRIx64, v->source->address);
	if (soname) {
		printf(", soname ");
		print_name(soname);
	}
	putchar('\n');
}

static int show(const struct source *source, bool disassembly)
{
	struct view view;
	int status = view_open(&view, source);

	if (status)
		return status;
	show_header(&view);
	show_map(&view);
	show_symbols(&view);
	show_notes(&view);
	show_unwind(&view);
	if (view.ours) {
		show_data(&view);
		show_config(&view);
		show_entries(&view);
	}
	if (disassembly)
		show_code(&view);
	view_close(&view);
	return EXIT_SUCCESS;
}

int cmd_show(int argc, char **argv)
{
	const char *pid = NULL;
	bool self = false, disassembly = true;
	struct source source;
	int option, status;

	while ((option = tool_option(&syntax, argc, argv, NULL)) != TOOL_END)
		switch (option) {
		case TOOL_HELP:
			return EXIT_SUCCESS;
		case TOOL_BAD:
			return EXIT_USAGE;
		case 'p':
			pid = optarg;
			break;
		case SELF:
			self = true;
			break;
		case NO_DISASSEMBLY:
			disassembly = false;
			break;
		}
	if (argc - optind > 1) {
		tool_error("show: '%s': one FILE at a time", argv[optind + 1]);
		return EXIT_USAGE;
	}
	status = source_get("show", argv[optind], pid, self, &source);
	if (status)
		return status;
	status = show(&source, disassembly);
	free(source.bytes);
	return status;
}
