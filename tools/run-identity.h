/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdsogen run --identity: who each process is, in an image of its own.
 *
 *	run-processes.c	processes, threads, and what happens to them
 *	run-page.c	the image of an address space
 *	run-truth.c	what the kernel says of a thread
 *	run-changes.c	system calls that change it
 *
 * What cannot be known for sure is published as unknown, and what is about to
 * change is unknown until it has changed: a program is never told a wrong value.
 */
#ifndef RUN_IDENTITY_H
#define RUN_IDENTITY_H

#include "run.h"

#define FIELD(name) (1u << VDSOGEN_##name)
#define ALL_FIELDS ((1u << VDSOGEN_FIELDS) - 1)
#define CREDENTIALS (FIELD(UID) | FIELD(EUID) | FIELD(GID) | FIELD(EGID))
/* Those that each thread has for itself. */
#define THREAD_FIELDS (CREDENTIALS | FIELD(NICE) | FIELD(UTSNAME))

/* The image of one address space: a copy of the template in a memory file of its own. */
struct page {
	struct page *next;
	unsigned char *memory;
	size_t size;
	struct vdsogen_process *block;
	int fd;				/* -1: closed; what maps the file keeps it */
	dev_t device;
	ino_t inode;
	unsigned int users;		/* processes */
	struct process *owner;		/* whom the block is about; NULL: it left */
};

/* Whom a change of one process can reach. */
enum scope { ONLY_ITSELF, ITS_CHILDREN, EVERYONE };

struct thread {
	struct thread *next;		/* of its process */
	struct thread *collision;	/* in the table */
	pid_t tid;
	struct process *process;
	uint32_t changing;		/* fields, by a system call that runs */
	enum scope scope;
	bool ending;
};

struct process {
	struct process *next;
	pid_t pid, parent;
	struct page *page;		/* NULL: it has the kernel's vDSO */
	struct thread *threads;
	bool threaded;			/* since exec: tid is not known any more */
	bool ending;			/* all of its threads are: its children get another parent */
};

/* -------------------------------------------------------------------------
 * run-page.c
 */

/* What the memory files of images are called. */
#define IMAGE_NAME "vdso"

/* A new one, which nobody uses, with its file open; NULL if it cannot be had. */
struct page *page_new(const struct run *run);
void page_close(struct page *page);

/* The process begins to use it: as its owner if there is none, else as one who shares it. */
void page_enter(struct page *page, struct process *process);
/* The process has another page, or has ended. */
void page_leave(struct process *process);
void page_discard(struct page *page);

/*
 * The page that a process has mapped, NULL if none; *at is its address, or 0 if it
 * is not where and how it was put.
 */
struct page *page_find(pid_t pid, uint64_t *at);

/* -------------------------------------------------------------------------
 * run-truth.c: as the process itself would be told by system calls.
 */
struct truth {
	struct vdsogen_identity identity; /* ppid is known if it is of this PID namespace */
	pid_t process, parent;		/* here; 0 if nothing is known */
};

void truth_read(pid_t tid, struct truth *truth);
/* What both say. */
void identity_intersect(struct vdsogen_identity *identity, const struct vdsogen_identity *other);

/* -------------------------------------------------------------------------
 * run-processes.c
 */
struct thread *thread_find(pid_t tid);

/* These fields of a process are read and published, or made unknown. */
void process_publish(struct process *process, uint32_t fields);
void process_hide(struct process *process, uint32_t fields);
struct process *process_first(void);

/* -------------------------------------------------------------------------
 * run-changes.c
 */

/* Fields of the process that running system calls may change. */
uint32_t changing_fields(const struct process *process);
/* The system call that a thread was in has ended, or the thread has. */
void change_ends(struct thread *thread);

#endif
