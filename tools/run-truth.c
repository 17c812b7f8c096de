/* SPDX-License-Identifier: BSD-2-Clause */
/* Who a thread is, as the kernel has it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "run-identity.h"

/* -------------------------------------------------------------------------
 * /proc/PID/status: numbers behind names.
 */
enum { NUMBERS = 40 };		/* PID namespaces are nested 32 deep at most */

struct numbers {
	unsigned int count;
	unsigned long number[NUMBERS];
};

/* Those of a line that begins with the name; false if it does not, or has none. */
static bool numbers_of(const char *line, const char *name, struct numbers *n)
{
	size_t length = strlen(name);
	char *end;

	if (strncmp(line, name, length) || line[length] != ':')
		return false;
	line += length + 1;
	for (n->count = 0; n->count < NUMBERS; n->count++, line = end) {
		n->number[n->count] = strtoul(line, &end, 10);
		if (end == line)
			break;
	}
	return n->count > 0;
}

/* The innermost PID namespace comes last: the process's own. */
static uint32_t last(const struct numbers *n)
{
	return (uint32_t)n->number[n->count - 1];
}

static void take_line(const char *line, struct truth *truth)
{
	struct vdsogen_identity *id = &truth->identity;
	struct numbers n;

	if (numbers_of(line, "Tgid", &n)) {
		truth->process = (pid_t)n.number[0];
	} else if (numbers_of(line, "PPid", &n)) {
		truth->parent = (pid_t)n.number[0];
	} else if (numbers_of(line, "Uid", &n) && n.count > 1) {
		id->uid = (uint32_t)n.number[0];
		id->euid = (uint32_t)n.number[1];
		id->known |= FIELD(UID) | FIELD(EUID);
	} else if (numbers_of(line, "Gid", &n) && n.count > 1) {
		id->gid = (uint32_t)n.number[0];
		id->egid = (uint32_t)n.number[1];
		id->known |= FIELD(GID) | FIELD(EGID);
	} else if (numbers_of(line, "NStgid", &n)) {
		id->pid = last(&n);
		id->ppid = (uint32_t)truth->parent;
		id->known |= FIELD(PID) | (n.count == 1 ? FIELD(PPID) : 0);
	} else if (numbers_of(line, "NSpid", &n)) {
		id->tid = last(&n);
		id->known |= FIELD(TID);
	} else if (numbers_of(line, "NSpgid", &n)) {
		id->pgid = last(&n);
		id->known |= FIELD(PGID);
	} else if (numbers_of(line, "NSsid", &n)) {
		id->sid = last(&n);
		id->known |= FIELD(SID);
	}
}

static void read_status(pid_t tid, struct truth *truth)
{
	char path[TRACEE_PATH_ROOM], line[512];
	FILE *status;

	snprintf(path, sizeof path, "/proc/%d/status", tid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof line, status))
		take_line(line, truth);
	if (status)
		fclose(status);
}

/* -------------------------------------------------------------------------
 * What is told by other means, and is so in this process's namespaces only.
 */
static bool is_in_our(pid_t tid, const char *namespace)
{
	char ours[TRACEE_PATH_ROOM], theirs[TRACEE_PATH_ROOM];
	struct stat a, b;

	snprintf(ours, sizeof ours, "/proc/self/ns/%s", namespace);
	snprintf(theirs, sizeof theirs, "/proc/%d/ns/%s", tid, namespace);
	return !stat(ours, &a) && !stat(theirs, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* What uname(2) makes of the names: i686 for x86_64, 2.6 for any release. */
static bool has_our_personality(pid_t tid)
{
	const unsigned int names = PER_MASK | UNAME26;
	char path[TRACEE_PATH_ROOM];
	long theirs;

	snprintf(path, sizeof path, "/proc/%d/personality", tid);
	theirs = tracee_proc_number(path, "%lx");
	return theirs >= 0 && !(((unsigned int)theirs ^ (unsigned int)personality(~0u)) & names);
}

_Static_assert(sizeof(struct utsname) == sizeof(struct vdsogen_utsname), "the same six names");

static void read_names(pid_t tid, struct vdsogen_identity *id)
{
	struct utsname names;

	if (!is_in_our(tid, "uts") || !has_our_personality(tid) || uname(&names))
		return;
	memcpy(&id->uts, &names, sizeof id->uts);
	id->known |= FIELD(UTSNAME);
}

static void read_nice(pid_t tid, struct vdsogen_identity *id)
{
	errno = 0;
	id->nice = getpriority(PRIO_PROCESS, (id_t)tid);
	if (!errno)
		id->known |= FIELD(NICE);
}

void truth_read(pid_t tid, struct truth *truth)
{
	memset(truth, 0, sizeof *truth);
	read_status(tid, truth);
	if (!is_in_our(tid, "user"))
		truth->identity.known &= ~CREDENTIALS;
	read_nice(tid, &truth->identity);
	read_names(tid, &truth->identity);
}

/* -------------------------------------------------------------------------
 * Two threads.
 */
static uint32_t number_of(const struct vdsogen_identity *id, unsigned int field)
{
	switch (field) {
	case VDSOGEN_PID: return id->pid;
	case VDSOGEN_PPID: return id->ppid;
	case VDSOGEN_TID: return id->tid;
	case VDSOGEN_PGID: return id->pgid;
	case VDSOGEN_SID: return id->sid;
	case VDSOGEN_NICE: return (uint32_t)id->nice;
	case VDSOGEN_UID: return id->uid;
	case VDSOGEN_EUID: return id->euid;
	case VDSOGEN_GID: return id->gid;
	case VDSOGEN_EGID: return id->egid;
	}
	return 0;
}

void identity_intersect(struct vdsogen_identity *identity, const struct vdsogen_identity *other)
{
	identity->known &= other->known;
	for (unsigned int f = 0; f < VDSOGEN_UTSNAME; f++)
		if (number_of(identity, f) != number_of(other, f))
			identity->known &= ~(1u << f);
	if (memcmp(&identity->uts, &other->uts, sizeof identity->uts))
		identity->known &= ~FIELD(UTSNAME);
}
