/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *root;	/* without a slash at its end; NULL: none */

int sysroot_set(const char *directory)
{
	struct stat stat_of;

	root = realpath(directory, NULL);
	if (!root || stat(root, &stat_of))
		return -errno;
	return S_ISDIR(stat_of.st_mode) ? 0 : -ENOTDIR;
}

const char *sysroot_find(const char *name, char room[PATH_MAX])
{
	struct stat unused;
	int length;

	if (!root || name[0] != '/')
		return name;
	length = snprintf(room, PATH_MAX, "%s%s", root, name);
	if (length < 0 || length >= PATH_MAX || fstatat(AT_FDCWD, room, &unused, AT_SYMLINK_NOFOLLOW))
		return name;
	return room;
}

const char *sysroot_get(void)
{
	return root;
}

const char *sysroot_strip(const char *name)
{
	size_t length = root ? strlen(root) : 0;

	if (!length || strncmp(name, root, length))
		return name;
	if (!name[length])
		return "/";
	return name[length] == '/' ? name + length : name;
}
