/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that Linux makes up, for a host that has none of them: /proc, of the process itself
 * and the machine; what C libraries and runtimes read of /sys; and /dev, where the host has
 * other names. A table says which there are and what is in them (synthetic.c); texts are
 * written when they are opened. What is not there does not exist: another process above all.
 */
#ifndef MACOS_SYNTHETIC_H
#define MACOS_SYNTHETIC_H

#include <stddef.h>
#include <stdio.h>

#include "../process.h"
#include "linux-files.h"

enum synthetic_kind {
	SYNTHETIC_FOLDER,
	SYNTHETIC_TEXT,
	SYNTHETIC_LINK,
	SYNTHETIC_OPENED,	/* a link to what a descriptor stands for, number[0] */
	SYNTHETIC_HOST,		/* a file or folder of the host's by another name */
	SYNTHETIC_FULL,		/* /dev/full */
};

enum { SYNTHETIC_NUMBERS = 2, SYNTHETIC_NAME = 128 };

struct synthetic {
	const struct synthetic_entry *entry;
	int thread;			/* number in .../task/N, or the process's */
	int number;			/* of .../fd/N or cpuN */
	char name[SYNTHETIC_NAME];	/* "/proc/1234/fd/5" */
};

/*
 * An absolute name without ".", ".." and slashes too many, whose links are followed but the
 * last: 1 if it is one of these; 0 if it is none of our business; -ENOENT or -ENOTDIR.
 */
int synthetic_find(struct thread *thread, const char *name, struct synthetic *found);
/* Whether a name may lead to one of these, so that it is worth the look. */
bool synthetic_may_be(const char *name);

enum synthetic_kind synthetic_kind(const struct synthetic *file);

/* What the process becomes at execve() has it, too. false: it is lost. */
void synthetic_save(const struct synthetic *file, FILE *to);
bool synthetic_restore(struct synthetic *file, FILE *from);

/* Where a link leads, or what the host calls it: the length, which may be more than `room`. */
int64_t synthetic_link(struct thread *thread, const struct synthetic *file, char *to, size_t room);

/* A descriptor of the host's with its text in a file that has no name, or -errno. */
int synthetic_open(struct thread *thread, const struct synthetic *file, uint64_t flags);

void synthetic_stat(const struct synthetic *file, struct linux_stat *status);

/* The folder's entry of that number: 0 and 1 are "." and "..". false: there are no more. */
struct synthetic_item {
	uint64_t ino;
	enum linux_type type;
	char name[64];
};
bool synthetic_item(struct thread *thread, const struct synthetic *folder, size_t number,
		    struct synthetic_item *item);

/* -------------------------------------------------------------------------
 * The table's own: texts of processes (synthetic-process.c) and of the machine
 * (synthetic-machine.c).
 */
unsigned int synthetic_cpus(void);

typedef void synthetic_text_fn(FILE *out, struct thread *thread, const struct synthetic *file);

synthetic_text_fn text_cmdline, text_environ, text_auxv, text_comm, text_stat, text_statm;
synthetic_text_fn text_status, text_maps, text_limits, text_mounts, text_mountinfo, text_io;
synthetic_text_fn text_cgroup, text_fdinfo, text_ids, text_setgroups;

synthetic_text_fn text_cpuinfo, text_meminfo, text_machine_stat, text_uptime, text_loadavg;
synthetic_text_fn text_version, text_filesystems, text_osrelease, text_hostname, text_uuid;
synthetic_text_fn text_boot_id, text_cpus;

#endif
