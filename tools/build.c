/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen build: writes an image. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

static const struct tool_option options[] = {
	{ "arch", "NAME", "the architecture (default: this machine's)", 'a', tool_arch_name },
	{ "output", "FILE", "write to FILE (default, and for '-': standard output)", 'o', NULL },
	{ NULL, NULL, NULL, 0, NULL }
};

static const struct tool_syntax syntax = {
	.command = "build", .operands = "", .options = options, .config = true,
	.summary = "Writes a vDSO image to a file or to standard output.",
};

#define STDOUT_NAME "standard output"

static int write_all(int fd, const char *name, const char *bytes, size_t size)
{
	while (size) {
		ssize_t done = write(fd, bytes, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			tool_error("%s: %s", name, strerror(errno));
			return EXIT_FAILURE;
		}
		bytes += done;
		size -= (size_t)done;
	}
	return EXIT_SUCCESS;
}

static int write_open(int fd, const char *name, const char *bytes, size_t size)
{
	if (isatty(fd)) {
		tool_error("%s: it is a terminal and an image is binary; give -o FILE or redirect it",
			   name);
		return EXIT_USAGE;
	}
	return write_all(fd, name, bytes, size);
}

/* A device or a pipe: nothing to put in its place. */
static int write_special(const char *name, const char *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_NOCTTY | O_CLOEXEC), status;

	if (fd < 0) {
		tool_error("%s: %s", name, strerror(errno));
		return EXIT_FAILURE;
	}
	status = write_open(fd, name, bytes, size);
	if (close(fd) && !status) {
		tool_error("%s: %s", name, strerror(errno));
		status = EXIT_FAILURE;
	}
	return status;
}

/* What open() would have given a new file, or what the old one has. */
static mode_t mode_for(const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	return old ? old->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO) :
		     (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH) & ~mask;
}

/* To a new file beside `name`, which then takes its place. */
static int replace(const char *name, mode_t mode, const char *bytes, size_t size)
{
	static const char tail[] = ".XXXXXX";
	char *temporary = malloc(strlen(name) + sizeof tail);
	int fd, status;

	if (!temporary) {
		tool_error("%s: %s", name, strerror(errno));
		return EXIT_FAILURE;
	}
	memcpy(stpcpy(temporary, name), tail, sizeof tail);
	fd = mkstemp(temporary);
	if (fd < 0) {
		tool_error("%s: %s", name, strerror(errno));
		free(temporary);
		return EXIT_FAILURE;
	}
	status = write_all(fd, name, bytes, size);
	if ((!status && fchmod(fd, mode)) | close(fd) ||
	    (!status && rename(temporary, name))) {
		tool_error("%s: %s", name, strerror(errno));
		status = EXIT_FAILURE;
	}
	if (status)
		unlink(temporary);
	free(temporary);
	return status;
}

/*
 * Signals wait until the file is whole or gone; it is a matter of a few pages.
 * A limit of the file size is told by EFBIG instead of by SIGXFSZ.
 */
static int write_file(const char *name, const char *bytes, size_t size)
{
	struct stat old;
	bool exists = !stat(name, &old);
	char *target;
	sigset_t all, before;
	int status;

	if (exists && !S_ISREG(old.st_mode))
		return write_special(name, bytes, size);
	target = exists ? realpath(name, NULL) : NULL;	/* a link stays one */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	signal(SIGXFSZ, SIG_IGN);
	status = replace(target ? target : name, mode_for(exists ? &old : NULL), bytes, size);
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(target);
	return status;
}

static int build_and_write(const struct vdsogen_arch *arch, const struct vdsogen_config *config,
			   const char *output)
{
	size_t size = 0;
	int error = vdsogen_build(arch, config, NULL, &size), status;
	void *image = error ? NULL : aligned_alloc(VDSOGEN_PAGE, size);

	if (!error && !image) {
		tool_error("build: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (!error)
		error = vdsogen_build(arch, config, image, &size);
	if (error) {
		tool_error("build: %s: %s", vdsogen_arch_name(arch), vdsogen_strerror(error));
		status = EXIT_FAILURE;
	} else if (!output || !strcmp(output, "-")) {
		status = write_open(STDOUT_FILENO, STDOUT_NAME, image, size);
	} else {
		status = write_file(output, image, size);
	}
	free(image);
	return status;
}

int cmd_build(int argc, char **argv)
{
	struct vdsogen_config config = { 0 };
	const struct vdsogen_arch *arch;
	const char *arch_name = NULL, *output = NULL;
	int option;

	while ((option = tool_option(&syntax, argc, argv, &config)) != TOOL_END)
		switch (option) {
		case TOOL_HELP:
			return EXIT_SUCCESS;
		case TOOL_BAD:
			return EXIT_USAGE;
		case 'a':
			arch_name = optarg;
			break;
		case 'o':
			output = optarg;
			break;
		}
	if (optind < argc) {
		tool_error("build: '%s': build takes no operand; is it an -o FILE?", argv[optind]);
		return EXIT_USAGE;
	}
	if (output && !*output) {
		tool_error("build: --output: the name is empty; give a file");
		return EXIT_USAGE;
	}
	arch = tool_arch("build", arch_name);
	if (!arch || !tool_config_fits("build", arch, &config))
		return EXIT_USAGE;
	return build_and_write(arch, &config, output);
}
