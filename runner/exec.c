/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "exec-host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "stack.h"

enum {
	SCRIPT_MAX = 256,      /* Linux's BINPRM_BUF_SIZE: how much of a file is looked at */
	NESTING_MAX = 5,       /* interpreters that are scripts */
	AUXILIARY = 1024,      /* on the stack, besides strings and their pointers */
	RUNNER_ARGUMENTS = 16, /* besides its options and the program's */
};

/* -------------------------------------------------------------------------
 * Memory: given back at once.
 */
struct exec_block {
	struct exec_block *next;
	_Alignas(max_align_t) char bytes[];
};

struct exec *exec_create(void)
{
	static const char *none[] = { NULL };
	struct exec *exec = calloc(1, sizeof *exec);

	if (exec) {
		exec->program = -1;
		exec->arguments = exec->environment = none;
	}
	return exec;
}

void exec_free(struct exec *exec)
{
	if (!exec)
		return;
	while (exec->blocks) {
		struct exec_block *block = exec->blocks;

		exec->blocks = block->next;
		free(block);
	}
	free(exec);
}

static void *take(struct exec *exec, size_t size)
{
	struct exec_block *block = malloc(sizeof *block + size);

	if (!block)
		return NULL;
	block->next = exec->blocks;
	exec->blocks = block;
	return block->bytes;
}

static const char *copy(struct exec *exec, const char *string)
{
	size_t size = strlen(string) + 1;
	char *to = take(exec, size);

	return to ? memcpy(to, string, size) : NULL;
}

/* -------------------------------------------------------------------------
 * Arguments.
 */
static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static size_t room_of(const char *const *list)
{
	size_t room = sizeof(uint64_t);

	for (; *list; list++)
		room += strlen(*list) + 1 + sizeof(uint64_t);
	return room;
}

/* How many strings, and those that are there: no more than fit. */
static int count_strings(const struct space *space, guest_addr list, size_t *strings)
{
	uint64_t string = 0;

	for (*strings = 0; list.v; list.v += sizeof string, ++*strings) {
		if (space_read(space, &string, list, sizeof string))
			return -EFAULT;
		if (!string)
			break;
		if (*strings > load_strings_max / sizeof string)
			return -E2BIG;
	}
	return 0;
}

static int read_string(struct exec *exec, const struct space *space, guest_addr at, char *buffer,
		       const char **string)
{
	int failed = space_read_string(space, buffer, at, STACK_STRING_MAX);

	if (failed)
		return failed == -ENAMETOOLONG ? -E2BIG : failed;
	*string = copy(exec, buffer);
	return *string ? 0 : -ENOMEM;
}

/* Another thread may change the list: what was counted counts. */
static int read_list(struct exec *exec, const struct space *space, guest_addr list, size_t *left,
		     const char ***result)
{
	size_t strings, i;
	char *buffer = NULL;
	const char **to;
	int failed = count_strings(space, list, &strings);

	if (failed)
		return failed;
	to = take(exec, (strings + 1) * sizeof *to);
	buffer = malloc(STACK_STRING_MAX);
	if (!to || !buffer)
		failed = -ENOMEM;
	for (i = 0; i < strings && !failed; i++) {
		guest_addr string;

		failed = space_read(space, &string, guest_at(list.v + i * sizeof string),
				    sizeof string);
		if (!failed)
			failed = read_string(exec, space, string, buffer, &to[i]);
		if (!failed && strlen(to[i]) + sizeof string >= *left)
			failed = -E2BIG;
		if (!failed)
			*left -= strlen(to[i]) + 1 + sizeof string;
	}
	free(buffer);
	if (failed)
		return failed;
	to[strings] = NULL;
	*result = to;
	return 0;
}

int exec_read_arguments(struct exec *exec, const struct space *space, guest_addr argv,
			guest_addr envp)
{
	size_t left = load_strings_max;
	int failed = read_list(exec, space, argv, &left, &exec->arguments);

	return failed ? failed : read_list(exec, space, envp, &left, &exec->environment);
}

static const char **copy_list(struct exec *exec, char *const *list)
{
	size_t size = (count((const char *const *)list) + 1) * sizeof *list;
	const char **to = take(exec, size);

	return to ? memcpy(to, list, size) : NULL;
}

int exec_set_arguments(struct exec *exec, char *const *argv, char *const *envp)
{
	const char **arguments = copy_list(exec, argv), **environment = copy_list(exec, envp);

	if (!arguments || !environment)
		return -ENOMEM;
	exec->arguments = arguments;
	exec->environment = environment;
	return 0;
}

/* -------------------------------------------------------------------------
 * Scripts: as Linux reads them (fs/binfmt_script.c).
 */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* In place, of a line without its end: true if there is an interpreter. */
static bool parse_line(char *line, const char **interpreter, const char **argument)
{
	size_t length = strlen(line);
	char *at;

	while (length && is_blank(line[length - 1]))
		line[--length] = '\0';
	for (at = line; is_blank(*at); at++)
		;
	*interpreter = at;
	while (*at && !is_blank(*at))
		at++;
	*argument = NULL;
	if (*at) {
		*at++ = '\0';
		while (is_blank(*at))
			at++;
		*argument = at;
	}
	return **interpreter;
}

/*
 * `text` is the file's beginning, ended by NUL: 1 if it is a script, 0 if not. A line that is
 * longer is cut in its argument, but not in the interpreter's name.
 */
static int parse_script(char *text, size_t size, const char **interpreter, const char **argument)
{
	char *end;

	if (size < 2 || memcmp(text, "#!", 2) != 0)
		return 0;
	text += 2;
	end = memchr(text, '\n', size - 2);
	if (end) {
		*end = '\0';
	} else if (size == SCRIPT_MAX) {
		size_t blank = strspn(text, " \t");

		if (!text[blank + strcspn(text + blank, " \t")])
			return -ENOEXEC;
	}
	return parse_line(text, interpreter, argument) ? 1 : -ENOEXEC;
}

/* interpreter [argument] script, and what follows the script's own first argument. */
static int put_before(struct exec *exec, const char *interpreter, const char *argument,
		      const char *script)
{
	const char *const *rest = exec->arguments + (exec->arguments[0] ? 1 : 0);
	size_t n = count(rest), i = 0;
	const char **to = take(exec, (n + 4) * sizeof *to);

	if (!to)
		return -ENOMEM;
	to[i++] = copy(exec, interpreter);
	if (argument)
		to[i++] = copy(exec, argument);
	to[i++] = copy(exec, script);
	for (size_t made = 0; made < i; made++)
		if (!to[made])
			return -ENOMEM;
	memcpy(to + i, rest, (n + 1) * sizeof *to);
	exec->arguments = to;
	return 0;
}

/* As another program can open it. */
static int name_file(struct exec *exec, int folder, const char *name, char *text, size_t room)
{
	if (folder == AT_FDCWD || *name == '/')
		snprintf(text, room, "%s", name);
	else if (*name)
		snprintf(text, room, "/dev/fd/%d/%s", folder, name);
	else
		snprintf(text, room, "/dev/fd/%d", folder);
	exec->name = copy(exec, text);
	return exec->name ? 0 : -ENOMEM;
}

static int read_start(int fd, char *text, size_t *size)
{
	ssize_t got = pread(fd, text, SCRIPT_MAX, 0);

	if (got < 0)
		return -errno;
	text[got] = '\0';
	*size = (size_t)got;
	return 0;
}

/* 1: there is an interpreter to be opened, which is in `name`. */
static int follow(struct exec *exec, int fd, bool lost, char *name, size_t room)
{
	const char *interpreter = NULL, *argument = NULL;
	char text[SCRIPT_MAX + 1];
	size_t size = 0;
	int script = read_start(fd, text, &size);

	if (!script)
		script = parse_script(text, size, &interpreter, &argument);
	if (script <= 0)
		return script;
	if (lost)
		return -ENOENT;
	script = put_before(exec, interpreter, argument, name);
	snprintf(name, room, "%s", interpreter);
	return script ? script : 1;
}

int exec_open(struct exec *exec, int folder, const char *name, int flags, const char *own)
{
	char text[PATH_MAX + EXEC_NUMBER + SCRIPT_MAX];
	int failed = name_file(exec, folder, name, text, sizeof text);
	bool lost = exec_is_lost(folder, name);

	if (own && exec_is_own(name))
		name = own;
	for (int depth = 0; !failed; depth++) {
		int fd;

		if (depth > NESTING_MAX)
			return -ELOOP;
		fd = exec_open_file(folder, name, flags);
		if (fd < 0)
			return fd;
		failed = follow(exec, fd, lost, text, sizeof text);
		if (!failed) {
			exec->program = fd;
			return 0;
		}
		close(fd);
		if (failed < 0)
			return failed;
		failed = 0;
		folder = AT_FDCWD;
		name = text;
		flags = 0;
		lost = false;
	}
	return failed;
}

int exec_check(const struct exec *exec, const struct vm *vm)
{
	const size_t room =
		room_of(exec->arguments) + room_of(exec->environment) + strlen(exec->name) + 1;
	struct runner_error error;

	if (room + AUXILIARY > load_strings_max)
		return -E2BIG;
	return load_check(vm, exec->program, &error);
}

/* -------------------------------------------------------------------------
 * The runner once more.
 */
static void put(struct exec_command *command, const char *word)
{
	command->word[command->words++] = word;
}

static void put_option(struct exec_command *command, const char *option, const char *value)
{
	put(command, option);
	put(command, value);
}

void exec_put_number(struct exec_command *command, const char *option, int number)
{
	char *text = command->number[command->numbers++];

	snprintf(text, EXEC_NUMBER, "%d", number);
	put_option(command, option, text);
}

static void put_all(struct exec_command *command, const char *const *words)
{
	while (*words)
		put(command, *words++);
}

/* What the program's file is called is only for who looks at the command. */
void exec_put_program(struct exec_command *command, const struct exec *exec)
{
	const char *const *arguments = exec->arguments;

	put_option(command, "--argv0", arguments[0] ? arguments[0] : "");
	put(command, "--");
	put(command, exec->name);
	if (arguments[0])
		put_all(command, arguments + 1);
	put(command, NULL);
}

/*
 * The runner's own loader and C library are not to do what the program's are told. Each such
 * string goes with a mark before it, and so does one that has that mark.
 */
static const char mark[] = "vdsorun:";

static bool begins(const char *string, const char *with)
{
	return strncmp(string, with, strlen(with)) == 0;
}

static bool is_for_libraries(const char *string)
{
	return begins(string, "LD_") || begins(string, "GLIBC_") || begins(string, "MALLOC_") ||
	       begins(string, mark);
}

static int hide_environment(struct exec *exec)
{
	for (const char **at = exec->environment; *at; at++) {
		const size_t size = strlen(*at) + 1;
		char *marked;

		if (!is_for_libraries(*at))
			continue;
		marked = take(exec, sizeof mark - 1 + size);
		if (!marked)
			return -ENOMEM;
		memcpy(marked, mark, sizeof mark - 1);
		memcpy(marked + sizeof mark - 1, *at, size);
		*at = marked;
	}
	return 0;
}

void exec_show_environment(char **environment)
{
	for (; *environment; environment++)
		if (begins(*environment, mark))
			*environment += sizeof mark - 1;
}

int exec_begin_command(struct exec_command *command, struct exec *exec, const struct thread *thread)
{
	const struct process *process = thread->process;
	const char *const *options = (const char *const *)process->options;
	const size_t words = count(options) + count(exec->arguments) + RUNNER_ARGUMENTS;
	char *text;

	*command = (struct exec_command){ .word = take(exec, words * sizeof *command->word) };
	if (!command->word || hide_environment(exec))
		return -ENOMEM;
	put(command, "vdsorun");
	put_all(command, options);
	text = command->number[command->numbers++];
	snprintf(text, EXEC_NUMBER, "%#llx", (unsigned long long)thread->blocked);
	put_option(command, "--blocked", text);
	text = command->number[command->numbers++];
	snprintf(text, EXEC_NUMBER, "%llu",
		 (unsigned long long)(process->clock ? clock_hz(process->clock) : 0));
	put_option(command, "--hz", text);
	return 0;
}
