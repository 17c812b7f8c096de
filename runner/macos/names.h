/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of files as the program gives them, and where the host is to look for them. What
 * the host cannot know is known here: another root (sysroot.h), whose symbolic links lead to
 * what is there, too; and folders that are made up (synthetic.h), /proc above all.
 *
 * Where neither comes into it, the host gets the program's name as it is, and says what is
 * wrong with it.
 */
#ifndef MACOS_NAMES_H
#define MACOS_NAMES_H

#include "descriptors.h"
#include "linux-files.h"
#include "synthetic.h"

enum place_how {
	PLACE_LINK = 1,		/* a link at the name's end is what is meant */
	PLACE_EMPTY = 2,	/* "" means what the descriptor stands for */
	PLACE_NEW = 4,		/* may be about to be made */
};

struct place {
	enum {
		PLACE_HOST,	/* `folder` and `name`, for the host's calls */
		PLACE_ITSELF,	/* `held`: "" or a link of /proc/self/fd */
		PLACE_SYNTHETIC,
	} kind;
	int folder;		/* also of what has no name: AT_FDCWD and "." */
	bool holds;
	struct registry_held held;
	struct synthetic synthetic;
	char name[LINUX_PATH_MAX + 1];
};

/* The program's memory: 0 or -errno. -ENOENT for "" without PLACE_EMPTY. */
int place_find(struct thread *thread, uint64_t folder, uint64_t name, unsigned int how,
	       struct place *place);
/* The same with a name of ours; also where there is no thread yet: NULL. */
int place_find_name(struct thread *thread, uint64_t folder, const char *name, unsigned int how,
		    struct place *place);
/* After each that succeeded. */
void place_end(struct place *place);

/* For calls of the host that know no folders: where `folder` is AT_FDCWD, it is `name`. */
int place_full_name(struct place *place);

/* Where the program is: its name, with its NUL, as long as the result says; or -errno. */
int64_t names_folder(char *name, size_t room);
/* The host is there, or it is a folder of ours; NULL: none. */
int names_set_folder(const char *synthetic);
/* At execve(): where it is if the host does not know. 0 or -EIO, -ENOMEM. */
void names_save(FILE *to);
int names_restore(FILE *from);

#endif
