/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the bytes come from: a file, or the memory of a process. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

static int failed(const struct source *source)
{
	tool_error("%s: %s", source->name, strerror(errno));
	return EXIT_FAILURE;
}

/* All of it, but no more than `limit` and one byte; for pipes and /proc, too. */
static int read_all(int fd, struct source *source, size_t limit)
{
	size_t room = 0;

	source->bytes = NULL;
	source->size = 0;
	for (;;) {
		uint8_t *more;
		ssize_t done;

		if (source->size == room) {
			room = room ? 2 * room : 2 * VDSOGEN_PAGE;
			more = realloc(source->bytes, room);
			if (!more)
				break;
			source->bytes = more;
		}
		done = read(fd, source->bytes + source->size, room - source->size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			break;
		source->size += (size_t)done;
		if (!done || source->size > limit)
			return 0;
	}
	free(source->bytes);
	source->bytes = NULL;
	return -1;
}

int source_file(const char *path, struct source *source)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC) : STDIN_FILENO;
	int error;

	*source = (struct source){ .bytes = NULL };
	snprintf(source->name, sizeof source->name, "%s",
		 fd == STDIN_FILENO ? "standard input" : path);
	if (fd < 0)
		return failed(source);
	error = read_all(fd, source, SOURCE_SIZE_MAX);
	if (error)
		failed(source);
	if (fd != STDIN_FILENO)
		close(fd);
	if (error)
		return EXIT_FAILURE;
	if (source->size <= SOURCE_SIZE_MAX)
		return EXIT_SUCCESS;
	tool_error("%s: larger than %u MiB: this is no vDSO", source->name, SOURCE_SIZE_MAX >> 20);
	free(source->bytes);
	return EXIT_FAILURE;
}

/* ---------------------------------------------------------- processes -- */

static int open_proc(const char *pid, const char *what, struct source *source)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%s/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		tool_error("%s: no such process (or /proc is not mounted)", source->name);
	else if (errno == EACCES || errno == EPERM)
		tool_error("%s: not permitted to read %s; do it as its owner or as root "
			   "(a container may also need the capability SYS_PTRACE)",
			   source->name, path);
	else
		tool_error("%s: %s: %s", source->name, path, strerror(errno));
	return -1;
}

/* The text or table of a /proc file, NUL-terminated. */
static int read_proc(const char *pid, const char *what, struct source *source)
{
	enum { MAPS_MAX = 64 << 20 };
	int fd = open_proc(pid, what, source), error;
	uint8_t *more;

	if (fd < 0)
		return EXIT_FAILURE;
	error = read_all(fd, source, MAPS_MAX);
	if (error && errno == ESRCH)
		tool_error("%s: it has no memory of its own: it has ended, or is a kernel thread",
			   source->name);
	else if (error)
		tool_error("%s: /proc/%s/%s: %s", source->name, pid, what, strerror(errno));
	close(fd);
	if (error)
		return EXIT_FAILURE;
	more = realloc(source->bytes, source->size + 1);
	if (!more) {
		free(source->bytes);
		return failed(source);
	}
	source->bytes = more;
	more[source->size] = '\0';
	return EXIT_SUCCESS;
}

/* AT_SYSINFO_EHDR of the process, 0 for none. A 32-bit one has pairs of 32 bits. */
static int read_address(const char *pid, struct source *source, uint64_t *address)
{
	size_t wide = sizeof(Elf64_auxv_t), narrow = sizeof(Elf32_auxv_t);
	Elf32_auxv_t small;
	Elf64_auxv_t large;

	*address = 0;
	if (read_proc(pid, "auxv", source))
		return EXIT_FAILURE;
	for (size_t at = 0; at + wide <= source->size; at += wide) {
		memcpy(&large, source->bytes + at, wide);
		if (large.a_type == AT_SYSINFO_EHDR)
			*address = large.a_un.a_val;
	}
	for (size_t at = 0; !*address && at + narrow <= source->size; at += narrow) {
		memcpy(&small, source->bytes + at, narrow);
		if (small.a_type == AT_SYSINFO_EHDR && small.a_un.a_val >= VDSOGEN_PAGE)
			*address = small.a_un.a_val;
	}
	free(source->bytes);
	return EXIT_SUCCESS;
}

/* What is mapped, from a line of maps: "" for nothing. It may have been named to be seen. */
static void keep_name(struct source *source, const char *line)
{
	int at = 0;

	source->line_name[0] = '\0';
	sscanf(line, "%*s %*s %*s %*s %*s %n", &at);
	if (!at)
		return;
	snprintf(source->line_name, sizeof source->line_name, "%s", line + at);
	for (char *s = source->line_name; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

/*
 * The mapping that holds `address`, or, for 0, the one the kernel calls [vdso].
 * *end stays 0 if there is none.
 */
static int find_mapping(const char *pid, struct source *source, uint64_t *address, uint64_t *end)
{
	char *line, *rest = NULL;

	*end = 0;
	if (read_proc(pid, "maps", source))
		return EXIT_FAILURE;
	for (line = strtok_r((char *)source->bytes, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *name = strrchr(line, ' ');
		uint64_t from, to;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
			continue;
		if (!*address && name && !strcmp(name, " [vdso]"))
			*address = from;
		if (!*address || *address < from || *address >= to)
			continue;
		*end = to;
		source->line_start = from;
		keep_name(source, line);
	}
	free(source->bytes);
	return EXIT_SUCCESS;
}

static bool read_memory(int fd, uint64_t address, uint8_t *to, size_t size)
{
	while (size) {
		ssize_t done = pread(fd, to, size, (off_t)address);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			errno = done ? errno : EIO;
			return false;
		}
		address += (size_t)done;
		to += done;
		size -= (size_t)done;
	}
	return true;
}

/* Whether the clock block is at rest and the same in two readings. */
static bool quiet(const uint8_t *a, const uint8_t *b, size_t size)
{
	struct vdsogen_image image;
	struct vdsogen_clock clock;

	if (vdsogen_open(a, size, &image) || image.config.data != VDSOGEN_DATA_INSIDE)
		return true;
	memcpy(&clock, a + image.clock, sizeof clock);
	return !(clock.line[0].seq & 1) && !memcmp(a + image.clock, b + image.clock, sizeof clock);
}

/* Reads it twice until no publisher was at work between; a dead one never rests. */
static bool read_quietly(int fd, struct source *source)
{
	enum { TRIES = 50, PAUSE_US = 500 };
	uint8_t *again = malloc(source->size);
	bool good = again && read_memory(fd, source->address, again, source->size);
	int error;

	for (int i = 0; good && i < TRIES; i++) {
		good = read_memory(fd, source->address, source->bytes, source->size);
		if (!good || quiet(source->bytes, again, source->size))
			break;
		memcpy(again, source->bytes, source->size);
		usleep(PAUSE_US);
	}
	error = errno;
	free(again);
	errno = error;
	return good;
}

/* One attempt; -1 if the process started another program meanwhile. */
static int try_memory(const char *pid, struct source *source)
{
	uint64_t end;
	int fd, status;

	if (read_address(pid, source, &source->address) ||
	    find_mapping(pid, source, &source->address, &end))
		return EXIT_FAILURE;
	if (!end || end - source->address > SOURCE_SIZE_MAX) {
		tool_error("%s: it has no vDSO: it has ended, or its kernel was started with vdso=0",
			   source->name);
		return EXIT_FAILURE;
	}
	fd = open_proc(pid, "mem", source);
	if (fd < 0)
		return EXIT_FAILURE;
	source->size = (size_t)(end - source->address);
	source->bytes = malloc(source->size);
	status = source->bytes && read_quietly(fd, source) ? EXIT_SUCCESS :
		 errno == EIO ? -1 : failed(source);
	if (status)
		free(source->bytes);
	close(fd);
	return status;
}

static int source_memory(const char *pid, struct source *source)
{
	enum { TRIES = 5 };

	for (int i = 0; i < TRIES; i++) {
		int status = try_memory(pid, source);

		if (status >= 0)
			return status;
	}
	tool_error("%s: it is starting one program after another; try again", source->name);
	return EXIT_FAILURE;
}

int source_process(const char *pid, struct source *source)
{
	*source = (struct source){ .bytes = NULL };
	snprintf(source->name, sizeof source->name, "process %s", pid);
	return source_memory(pid, source);
}

int source_self(struct source *source)
{
	*source = (struct source){ .name = "this process" };
	return source_memory("self", source);
}

static bool is_pid(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits && digits <= 10 && !s[digits] && *s != '0';
}

int source_get(const char *command, const char *file, const char *pid, bool self,
	       struct source *source)
{
	if (!!file + !!pid + self != 1) {
		tool_error("%s: give one of FILE, --pid N and --self; see vdsogen %s --help",
			   command, command);
		return EXIT_USAGE;
	}
	if (pid && !is_pid(pid)) {
		tool_error("%s: --pid: '%s' is not the number of a process", command, pid);
		return EXIT_USAGE;
	}
	return file ? source_file(file, source) : pid ? source_process(pid, source) :
	       source_self(source);
}
