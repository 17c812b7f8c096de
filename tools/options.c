/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: parsing and help text from the same tables. */
#include <getopt.h>
#include <string.h>

#include "tool.h"

/* Of a subcommand, with those of the configuration. */
#define OPTIONS_MAX 40
#define LETTERS_MAX (4 + 2 * OPTIONS_MAX)

/* Values that no letter and no table has. */
enum { CONFIG_VALUE = 0x1000, HELP_VALUE = 0x2000 };

static bool is_letter(int value)
{
	return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z');
}

/* ---------------------------------------------------------------- help -- */

enum { HELP_COLUMN = 30, HELP_WIDTH = 80, WORDS_ROOM = 512 };

/* From where the line is to the column of the texts. */
static void print_gap(int width)
{
	if (width > HELP_COLUMN - 2) {
		putchar('\n');
		width = 0;
	}
	printf("%*s", HELP_COLUMN - width, "");
}

/* One word after another, a new line where one does not fit. */
static void print_wrapped(const char *text)
{
	int column = HELP_COLUMN;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + length > HELP_WIDTH) {
			print_gap(HELP_COLUMN);
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			putchar(' ');
			column++;
		}
		printf("%.*s", length, text);
		column += length;
		text += length + strspn(text + length, " ");
	}
	putchar('\n');
}

static void print_words(const char *(*word_of)(unsigned int))
{
	char words[WORDS_ROOM];
	const char *word;
	size_t at = 0;

	for (unsigned int n = 0; (word = word_of(n)) && at < sizeof words; n++)
		if (*word)
			at += (size_t)snprintf(words + at, sizeof words - at, "%s%s",
					       at ? ", " : "", word);
	print_gap(0);
	print_wrapped(words);
}

static void print_option(const struct tool_option *o)
{
	bool letter = is_letter(o->value);
	int width = printf("  %c%c%c --%s%s%s", letter ? '-' : ' ', letter ? o->value : ' ',
			   letter ? ',' : ' ', o->name, o->argument ? " " : "",
			   o->argument ? o->argument : "");

	print_gap(width);
	print_wrapped(o->help);
	if (o->argument && o->word)
		print_words(o->word);
}

static void print_help(const struct tool_syntax *s)
{
	static const struct tool_option help = { "help", NULL, "print this and exit", 'h',
						 NULL };

	printf("Usage: vdsogen %s [OPTION]...%s%s\n%s\n\nOptions:\n", s->command,
	       *s->operands ? " " : "", s->operands, s->summary);
	for (const struct tool_option *o = s->options; o->name; o++)
		print_option(o);
	for (unsigned int i = 0; s->config && tool_config_option(i); i++)
		print_option(tool_config_option(i));
	print_option(&help);
}

/* ------------------------------------------------------------- parsing -- */

struct table {
	struct option option[OPTIONS_MAX + 1];	/* the last one ends it */
	char letters[LETTERS_MAX + 1];
	unsigned int count;
	size_t letter_count;
};

static void add(struct table *t, const struct tool_option *o, int value)
{
	if (t->count == OPTIONS_MAX)
		return;
	t->option[t->count++] = (struct option){
		o->name, o->argument ? required_argument : no_argument, NULL, value
	};
	if (!is_letter(value))
		return;
	t->letters[t->letter_count++] = (char)value;
	if (o->argument)
		t->letters[t->letter_count++] = ':';
}

static void make_table(struct table *t, const struct tool_syntax *s)
{
	static const struct tool_option help = { "help", NULL, NULL, HELP_VALUE, NULL };

	*t = (struct table){ .count = 0 };
	if (s->stops)
		t->letters[t->letter_count++] = '+';
	t->letters[t->letter_count++] = ':';	/* tell a missing argument apart */
	t->letters[t->letter_count++] = 'h';
	for (const struct tool_option *o = s->options; o->name; o++)
		add(t, o, o->value);
	for (unsigned int i = 0; s->config && tool_config_option(i); i++)
		add(t, tool_config_option(i), CONFIG_VALUE + (int)i);
	add(t, &help, HELP_VALUE);
}

static const char *option_name(const struct table *t, int value)
{
	for (unsigned int i = 0; i < t->count; i++)
		if (t->option[i].val == value)
			return t->option[i].name;
	return "";
}

static void bad_option(const struct tool_syntax *s, const struct table *t, int result, char **argv)
{
	if (result == ':')
		tool_error("%s: --%s needs an argument; see vdsogen %s --help", s->command,
			   option_name(t, optopt), s->command);
	else if (is_letter(optopt) && !*option_name(t, optopt))
		tool_error("%s: unknown option '-%c'; see vdsogen %s --help", s->command, optopt,
			   s->command);
	else if (optopt)
		tool_error("%s: '%s': this option takes no argument; see vdsogen %s --help",
			   s->command, argv[optind - 1], s->command);
	else
		tool_error("%s: unknown or ambiguous option '%s'; see vdsogen %s --help",
			   s->command, argv[optind - 1], s->command);
}

int tool_option(const struct tool_syntax *s, int argc, char **argv, struct vdsogen_config *config)
{
	struct table t;
	int value;

	make_table(&t, s);
	opterr = 0;	/* its messages begin with argv[0], ours with the command */
	value = getopt_long(argc, argv, t.letters, t.option, NULL);
	while (value >= CONFIG_VALUE && value < HELP_VALUE) {
		if (!tool_config_set(s->command, (unsigned int)(value - CONFIG_VALUE), optarg, config))
			return TOOL_BAD;
		value = getopt_long(argc, argv, t.letters, t.option, NULL);
	}
	switch (value) {
	case -1:
		return TOOL_END;
	case 'h':
	case HELP_VALUE:
		print_help(s);
		return TOOL_HELP;
	case '?':
	case ':':
		bad_option(s, &t, value, argv);
		return TOOL_BAD;
	}
	return value;
}
