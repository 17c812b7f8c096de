/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "synthetic.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"
#include "folders.h"
#include "darwin-files.h"
#include "darwin-machine.h"
#include "nameless.h"
#include "names.h"
#include "sysroot.h"

typedef int64_t link_fn(struct thread *thread, const struct synthetic *file, char *to,
			size_t room);

/*
 * In a name, '#' is a number: behind "/proc" the process's, behind "task" a thread's, behind "fd"
 * and "fdinfo" a descriptor's, behind "cpu" a processor's, behind "pts" a terminal's. An entry is
 * behind its folder.
 */
struct synthetic_entry {
	const char *name;
	enum synthetic_kind kind;
	uint16_t mode;
	const char *fixed;	/* a text, or where a link leads */
	synthetic_text_fn *text;
	link_fn *link;
};

static link_fn link_self, link_thread, link_program, link_folder, link_opened, link_memory;
static link_fn link_terminal;

/* -------------------------------------------------------------------------
 * What there is.
 */
enum { SEEN = 0555, READ = 0444, OWNED = 0400, CHANGED = 0644, ANY = 0777, DEVICE = 0666 };

#define FOLDER(name, mode) { name, SYNTHETIC_FOLDER, mode, NULL, NULL, NULL }
#define TEXT(name, mode, text) { name, SYNTHETIC_TEXT, mode, NULL, text, NULL }
#define FIXED(name, mode, text) { name, SYNTHETIC_TEXT, mode, text, NULL, NULL }
#define LINK(name, to) { name, SYNTHETIC_LINK, ANY, to, NULL, NULL }
#define LINK_BY(name, link) { name, SYNTHETIC_LINK, ANY, NULL, NULL, link }
#define HOST(name) { name, SYNTHETIC_HOST, DEVICE, name, NULL, NULL }
#define HOST_AS(name, host) { name, SYNTHETIC_HOST, DEVICE, host, NULL, NULL }

/* Of a process and of its threads. */
#define OF_TASK(in) \
	TEXT(in "/auxv", OWNED, text_auxv), TEXT(in "/cgroup", READ, text_cgroup), \
	TEXT(in "/cmdline", READ, text_cmdline), TEXT(in "/comm", CHANGED, text_comm), \
	LINK_BY(in "/cwd", link_folder), TEXT(in "/environ", OWNED, text_environ), \
	LINK_BY(in "/exe", link_program), FOLDER(in "/fd", 0500), \
	{ in "/fd/#", SYNTHETIC_OPENED, 0700, NULL, NULL, link_opened }, \
	FOLDER(in "/fdinfo", SEEN), TEXT(in "/fdinfo/#", READ, text_fdinfo), \
	TEXT(in "/gid_map", CHANGED, text_ids), TEXT(in "/io", OWNED, text_io), \
	TEXT(in "/limits", READ, text_limits), FIXED(in "/loginuid", CHANGED, "4294967295"), \
	TEXT(in "/maps", READ, text_maps), TEXT(in "/mountinfo", READ, text_mountinfo), \
	TEXT(in "/mounts", READ, text_mounts), FIXED(in "/oom_adj", CHANGED, "0\n"), \
	FIXED(in "/oom_score", READ, "0\n"), FIXED(in "/oom_score_adj", CHANGED, "0\n"), \
	FIXED(in "/personality", OWNED, "00000000\n"), LINK(in "/root", "/"), \
	TEXT(in "/setgroups", CHANGED, text_setgroups), TEXT(in "/stat", READ, text_stat), \
	TEXT(in "/statm", READ, text_statm), TEXT(in "/status", READ, text_status), \
	TEXT(in "/uid_map", CHANGED, text_ids), FIXED(in "/wchan", READ, "0")

static const struct synthetic_entry entries[] = {
	FOLDER("/proc", SEEN),
	FOLDER("/proc/#", SEEN),
	OF_TASK("/proc/#"),
	FOLDER("/proc/#/task", SEEN),
	FOLDER("/proc/#/task/#", SEEN),
	OF_TASK("/proc/#/task/#"),
	LINK_BY("/proc/self", link_self),
	LINK_BY("/proc/thread-self", link_thread),
	LINK("/proc/mounts", "self/mounts"),
	TEXT("/proc/cpuinfo", READ, text_cpuinfo),
	TEXT("/proc/filesystems", READ, text_filesystems),
	TEXT("/proc/loadavg", READ, text_loadavg),
	TEXT("/proc/meminfo", READ, text_meminfo),
	TEXT("/proc/stat", READ, text_machine_stat),
	TEXT("/proc/uptime", READ, text_uptime),
	TEXT("/proc/version", READ, text_version),
	FIXED("/proc/cmdline", READ, "\n"),
	FIXED("/proc/devices", READ, "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\n"
				     "Block devices:\n"),
	FIXED("/proc/swaps", READ, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
	FOLDER("/proc/sys", SEEN),
	FOLDER("/proc/sys/fs", SEEN),
	FIXED("/proc/sys/fs/file-max", CHANGED, "9223372036854775807\n"),
	FIXED("/proc/sys/fs/nr_open", CHANGED, "1048576\n"),
	FIXED("/proc/sys/fs/pipe-max-size", CHANGED, "1048576\n"),
	FOLDER("/proc/sys/kernel", SEEN),
	FIXED("/proc/sys/kernel/cap_last_cap", READ, "40\n"),
	FIXED("/proc/sys/kernel/core_pattern", CHANGED, "core\n"),
	FIXED("/proc/sys/kernel/domainname", CHANGED, "(none)\n"),
	TEXT("/proc/sys/kernel/hostname", CHANGED, text_hostname),
	FIXED("/proc/sys/kernel/ngroups_max", READ, "65536\n"),
	TEXT("/proc/sys/kernel/osrelease", READ, text_osrelease),
	FIXED("/proc/sys/kernel/ostype", READ, "Linux\n"),
	FIXED("/proc/sys/kernel/overflowgid", CHANGED, "65534\n"),
	FIXED("/proc/sys/kernel/overflowuid", CHANGED, "65534\n"),
	FIXED("/proc/sys/kernel/pid_max", CHANGED, "4194304\n"),
	FOLDER("/proc/sys/kernel/random", SEEN),
	TEXT("/proc/sys/kernel/random/boot_id", READ, text_boot_id),
	FIXED("/proc/sys/kernel/random/entropy_avail", READ, "256\n"),
	FIXED("/proc/sys/kernel/random/poolsize", READ, "256\n"),
	TEXT("/proc/sys/kernel/random/uuid", READ, text_uuid),
	FIXED("/proc/sys/kernel/randomize_va_space", CHANGED, "2\n"),
	FIXED("/proc/sys/kernel/threads-max", CHANGED, "63000\n"),
	FOLDER("/proc/sys/net", SEEN),
	FOLDER("/proc/sys/net/core", SEEN),
	FIXED("/proc/sys/net/core/somaxconn", CHANGED, "128\n"),
	FOLDER("/proc/sys/vm", SEEN),
	FIXED("/proc/sys/vm/max_map_count", CHANGED, "65530\n"),
	FIXED("/proc/sys/vm/mmap_min_addr", CHANGED, "65536\n"),
	FIXED("/proc/sys/vm/overcommit_memory", CHANGED, "0\n"),
	FIXED("/proc/sys/vm/overcommit_ratio", CHANGED, "50\n"),

	FOLDER("/sys", SEEN),
	FOLDER("/sys/devices", SEEN),
	FOLDER("/sys/devices/system", SEEN),
	FOLDER("/sys/devices/system/cpu", SEEN),
	FOLDER("/sys/devices/system/cpu/cpu#", SEEN),
	TEXT("/sys/devices/system/cpu/online", READ, text_cpus),
	TEXT("/sys/devices/system/cpu/possible", READ, text_cpus),
	TEXT("/sys/devices/system/cpu/present", READ, text_cpus),
	FOLDER("/sys/fs", SEEN),
	FOLDER("/sys/kernel", SEEN),
	FOLDER("/sys/kernel/mm", SEEN),
	FOLDER("/sys/kernel/mm/transparent_hugepage", SEEN),
	FIXED("/sys/kernel/mm/transparent_hugepage/enabled", CHANGED, "always madvise [never]\n"),
	FIXED("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", READ, "2097152\n"),

	FOLDER("/dev", 0755),
	LINK("/dev/fd", "/proc/self/fd"),
	{ "/dev/full", SYNTHETIC_FULL, DEVICE, NULL, NULL, NULL },
	HOST("/dev/null"),
	HOST("/dev/ptmx"),
	FOLDER("/dev/pts", 0755),
	{ "/dev/pts/#", SYNTHETIC_HOST, 0620, NULL, NULL, link_terminal },
	HOST_AS("/dev/pts/ptmx", "/dev/ptmx"),
	HOST("/dev/random"),
	{ "/dev/shm", SYNTHETIC_HOST, 01777, NULL, NULL, link_memory },
	LINK("/dev/stderr", "/proc/self/fd/2"),
	LINK("/dev/stdin", "/proc/self/fd/0"),
	LINK("/dev/stdout", "/proc/self/fd/1"),
	HOST("/dev/tty"),
	HOST("/dev/urandom"),
	HOST("/dev/zero"),
};

enum { ENTRIES = sizeof entries / sizeof *entries };

enum synthetic_kind synthetic_kind(const struct synthetic *file)
{
	return file->entry->kind;
}

struct saved {
	uint32_t entry;
	int32_t thread, number;
	char name[SYNTHETIC_NAME];
};

void synthetic_save(const struct synthetic *file, FILE *to)
{
	struct saved saved = { (uint32_t)(file->entry - entries), file->thread, file->number, "" };

	strcpy(saved.name, file->name);
	fwrite(&saved, sizeof saved, 1, to);
}

bool synthetic_restore(struct synthetic *file, FILE *from)
{
	struct saved saved;

	if (fread(&saved, sizeof saved, 1, from) != 1 || saved.entry >= ENTRIES ||
	    !memchr(saved.name, 0, sizeof saved.name))
		return false;
	*file = (struct synthetic){ &entries[saved.entry], saved.thread, saved.number, "" };
	strcpy(file->name, saved.name);
	return true;
}

/* -------------------------------------------------------------------------
 * Numbers.
 */
static bool is_thread(struct thread *thread, int number)
{
	struct process *process = thread ? thread->process : NULL;
	const struct thread *one;

	if (number == getpid())
		return true;
	if (!thread)
		return false;
	pthread_mutex_lock(&process->lock);
	for (one = process->first; one && one->tid != number; one = one->next)
		;
	pthread_mutex_unlock(&process->lock);
	return one;
}

static bool is_open(int number)
{
	struct registry_held held;

	if (descriptor_hold((uint64_t)number, &held))
		return false;
	descriptor_let_go(&held);
	return true;
}

/* Decimal, as the system writes it; -1: it is none. */
static int number_of(const char *text, size_t length)
{
	enum { DIGITS_MAX = 9 };
	int number = 0;

	if (!length || length > DIGITS_MAX || (text[0] == '0' && length > 1))
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return -1;
		number = 10 * number + (text[i] - '0');
	}
	return number;
}

static bool is_cpu(int number)
{
	return (unsigned int)number < synthetic_cpus();
}

static bool is_terminal(int number)
{
	char name[DARWIN_TERMINAL];

	darwin_terminal(number, name);
	return !access(name, F_OK);
}

/* What a '#' is, by what is in front of it. */
static const struct {
	const char *before;
	bool (*is)(int number);
} numbers[] = {
	{ "/fd/", is_open },
	{ "/fdinfo/", is_open },
	{ "/cpu", is_cpu },
	{ "/pts/", is_terminal },
};

static bool ends_with(const char *text, size_t length, const char *end)
{
	const size_t size = strlen(end);

	return length >= size && !memcmp(text + length - size, end, size);
}

/* `before` is the pattern in front of it. */
static bool take_number(struct thread *thread, const char *before, size_t length, int number,
			struct synthetic *file)
{
	if (number < 0)
		return false;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (ends_with(before, length, numbers[i].before)) {
			file->number = number;
			return numbers[i].is(number);
		}
	file->thread = number;
	return is_thread(thread, number);
}

/* -------------------------------------------------------------------------
 * Names.
 */
static bool matches(struct thread *thread, const char *pattern, const char *name,
		    struct synthetic *file)
{
	const char *begin = pattern;

	while (*pattern) {
		if (*pattern != '#') {
			if (*pattern++ != *name++)
				return false;
			continue;
		}
		const size_t digits = strspn(name, "0123456789");

		if (!take_number(thread, begin, (size_t)(pattern - begin), number_of(name, digits),
				 file))
			return false;
		pattern++;
		name += digits;
	}
	return !*name;
}

static bool find(struct thread *thread, const char *name, struct synthetic *found)
{
	for (int i = 0; i < ENTRIES; i++) {
		*found = (struct synthetic){ .entry = &entries[i], .thread = getpid() };
		if (matches(thread, entries[i].name, name, found)) {
			strcpy(found->name, name);
			return true;
		}
	}
	return false;
}

static bool is_below(const char *name, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(name, folder, length) && (!name[length] || name[length] == '/');
}

/* Others of these, the host has. */
static int find_device(const char *name)
{
	return is_below(name, "/dev/fd") || is_below(name, "/dev/pts") ? -ENOENT : 0;
}

int synthetic_find(struct thread *thread, const char *name, struct synthetic *found)
{
	const bool device = is_below(name, "/dev");

	if (!device && !is_below(name, "/proc") && !is_below(name, "/sys"))
		return 0;
	if (strlen(name) < SYNTHETIC_NAME && find(thread, name, found))
		return 1;
	return device ? find_device(name) : -ENOENT;
}

bool synthetic_may_be(const char *name)
{
	static const char *const first[] = { "proc", "sys", "dev", ".", ".." };
	size_t length;

	name += strspn(name, "/");
	length = strcspn(name, "/");
	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		if (strlen(first[i]) == length && !memcmp(name, first[i], length))
			return true;
	return false;
}

/* -------------------------------------------------------------------------
 * Links.
 */
static int64_t give(const char *text, char *to, size_t room)
{
	size_t length = strlen(text);

	memcpy(to, text, length < room ? length : room);
	return (int64_t)length;
}

static int64_t link_self(struct thread *thread, const struct synthetic *file, char *to,
			 size_t room)
{
	char text[3 * sizeof(int) + 1];

	(void)thread, (void)file;
	snprintf(text, sizeof text, "%d", (int)getpid());
	return give(text, to, room);
}

static int64_t link_thread(struct thread *thread, const struct synthetic *file, char *to,
			   size_t room)
{
	char text[2 * 3 * sizeof(int) + sizeof "/task/"];

	(void)file;
	snprintf(text, sizeof text, "%d/task/%d", (int)getpid(),
		 thread ? (int)thread->tid : (int)getpid());
	return give(text, to, room);
}

static int64_t link_program(struct thread *thread, const struct synthetic *file, char *to,
			    size_t room)
{
	(void)file;
	if (!thread)
		return -ENOENT;
	return give(sysroot_strip(thread->process->path), to, room);
}

static int64_t link_folder(struct thread *thread, const struct synthetic *file, char *to,
			   size_t room)
{
	char name[LINUX_PATH_MAX];
	int64_t size = names_folder(name, sizeof name);

	(void)thread, (void)file;
	return size < 0 ? size : give(name, to, room);
}

static const char *describe(mode_t mode)
{
	return S_ISSOCK(mode) ? "socket" : S_ISFIFO(mode) ? "pipe" : NULL;
}

/* Of a descriptor of the host's: its name, or what it is where it has none. */
static int64_t link_host(int host, char *to, size_t room)
{
	char name[LINUX_PATH_MAX], *text = name;
	struct stat status;
	ssize_t length;

	if (fstat(host, &status))
		return -errno;
	length = darwin_name_of(host, name, sizeof name);
	if (length > 0 && name[0] == '/')
		return give(sysroot_strip(text), to, room);
	snprintf(name, sizeof name, "%s:[%llu]",
		 describe(status.st_mode) ? describe(status.st_mode) : "file",
		 (unsigned long long)status.st_ino);
	return give(text, to, room);
}

static int64_t link_opened(struct thread *thread, const struct synthetic *file, char *to,
			   size_t room)
{
	struct registry_held held;
	const struct synthetic *folder;
	int64_t length = descriptor_hold((uint64_t)file->number, &held);

	(void)thread;
	if (length)
		return -ENOENT;
	folder = folder_synthetic(&held);
	if (folder)
		length = give(folder->name, to, room);
	else if (held.host >= 0)
		length = link_host(held.host, to, room);
	else
		length = give(descriptor_ops(held.class)->link, to, room);
	descriptor_let_go(&held);
	return length;
}

/* /dev/shm: memory that has names. A folder of the user's own, made when it is first used. */
static int64_t link_memory(struct thread *thread, const struct synthetic *file, char *to,
			   size_t room)
{
	char name[64];

	(void)thread, (void)file;
	snprintf(name, sizeof name, "/tmp/vdsorun-shm-%lu", (unsigned long)geteuid());
	if (mkdir(name, 0700) && errno != EEXIST)
		return -errno;
	return give(name, to, room);
}

static int64_t link_terminal(struct thread *thread, const struct synthetic *file, char *to,
			     size_t room)
{
	char name[DARWIN_TERMINAL];

	(void)thread;
	darwin_terminal(file->number, name);
	return give(name, to, room);
}

int64_t synthetic_link(struct thread *thread, const struct synthetic *file, char *to, size_t room)
{
	return file->entry->fixed ? give(file->entry->fixed, to, room)
				  : file->entry->link(thread, file, to, room);
}

/* -------------------------------------------------------------------------
 * Texts.
 */
/* Who writes to one is told that it worked. */
int synthetic_open(struct thread *thread, const struct synthetic *file, uint64_t flags)
{
	const bool writes = (flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY;
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	int fd, failed;

	if (writes && !(file->entry->mode & 0222))
		return -EACCES;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	if (file->entry->fixed)
		fputs(file->entry->fixed, out);
	else
		file->entry->text(out, thread, file);
	failed = fclose(out) ? -ENOMEM : 0;
	fd = failed ? failed : nameless_open(text, size, !writes);
	free(text);
	return fd;
}

/* -------------------------------------------------------------------------
 * What stat() says, and folders.
 */

/* FNV-1a: for numbers that stay the same, and of which two are hardly the same. */
static uint64_t number_for(const char *name)
{
	const uint64_t basis = 0xcbf29ce484222325, prime = 0x100000001b3;
	uint64_t number = basis;

	while (*name)
		number = (number ^ (unsigned char)*name++) * prime;
	return number;
}

static uint32_t type_of(enum synthetic_kind kind)
{
	switch (kind) {
	case SYNTHETIC_FOLDER:
		return LINUX_S_IFDIR;
	case SYNTHETIC_LINK:
	case SYNTHETIC_OPENED:
		return LINUX_S_IFLNK;
	case SYNTHETIC_TEXT:
		return LINUX_S_IFREG;
	default:
		return LINUX_S_IFCHR;
	}
}

void synthetic_stat(const struct synthetic *file, struct linux_stat *status)
{
	enum { DEVICE_PROC = 0x15, DEVICE_SYS = 0x16, DEVICE_DEV = 0x5, BLOCK = 1024 };
	struct timespec now;
	const bool own = is_below(file->name, "/proc") && isdigit((unsigned char)file->name[6]);

	clock_gettime(CLOCK_REALTIME, &now);
	*status = (struct linux_stat){
		.dev = is_below(file->name, "/proc")  ? DEVICE_PROC
		       : is_below(file->name, "/sys") ? DEVICE_SYS
						      : DEVICE_DEV,
		.ino = number_for(file->name),
		.mode = type_of(file->entry->kind) | file->entry->mode,
		.nlink = file->entry->kind == SYNTHETIC_FOLDER ? 2 : 1,
		.uid = own ? geteuid() : 0,
		.gid = own ? getegid() : 0,
		.rdev = file->entry->kind == SYNTHETIC_FULL ? LINUX_DEV_FULL : 0,
		.blksize = BLOCK,
		.atime = { now.tv_sec, now.tv_nsec },
	};
	status->mtime = status->ctime = status->atime;
}

static enum linux_type item_type(const struct synthetic_entry *entry)
{
	static const struct {
		const char *name;
		enum linux_type type;
	} hosts[] = { { "/dev/shm", LINUX_DT_DIR } };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (!strcmp(entry->name, hosts[i].name))
			return hosts[i].type;
	return (enum linux_type)(type_of(entry->kind) >> LINUX_DT_SHIFT);
}

static int next_thread(struct process *process, int after)
{
	int next = -1;

	pthread_mutex_lock(&process->lock);
	for (const struct thread *one = process->first; one; one = one->next)
		if (one->tid > after && (next < 0 || one->tid < next))
			next = one->tid;
	pthread_mutex_unlock(&process->lock);
	return next;
}

/* Of those that there are for an entry that ends with '#'; -1: there are no more. */
static int next_number(struct thread *thread, const struct synthetic_entry *entry, int after)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (!ends_with(entry->name, strlen(entry->name) - 1, numbers[i].before))
			continue;
		for (int number = after + 1; number < REGISTRY_SIZE; number++)
			if (numbers[i].is(number))
				return number;
		return -1;
	}
	if (strstr(entry->name, "/task/"))
		return next_thread(thread->process, after);
	return after < getpid() ? getpid() : -1;
}

/* The part of the entry's name behind the folder's, if it is in it. */
static const char *name_in(const struct synthetic_entry *entry,
			   const struct synthetic_entry *folder)
{
	size_t length = strlen(folder->name);

	if (strncmp(entry->name, folder->name, length) || entry->name[length] != '/' ||
	    strchr(entry->name + length + 1, '/'))
		return NULL;
	return entry->name + length + 1;
}

static void fill(struct synthetic_item *item, const struct synthetic_entry *entry,
		 const struct synthetic *folder, const char *name, int number)
{
	char full[SYNTHETIC_NAME + sizeof item->name + 1];

	if (number < 0)
		snprintf(item->name, sizeof item->name, "%s", name);
	else
		snprintf(item->name, sizeof item->name, "%.*s%d", (int)strcspn(name, "#"), name,
			 number);
	snprintf(full, sizeof full, "%s/%s", folder->name, item->name);
	item->ino = number_for(full);
	item->type = item_type(entry);
}

static bool dots(const struct synthetic *folder, size_t number, struct synthetic_item *item)
{
	char name[SYNTHETIC_NAME];

	strcpy(name, folder->name);
	if (number && strrchr(name, '/') != name)
		*strrchr(name, '/') = 0;
	item->ino = number_for(name);
	item->type = LINUX_DT_DIR;
	strcpy(item->name, number ? ".." : ".");
	return true;
}

/* Those of one entry, of which `skip` come before: how many are left to be skipped. */
static bool item_of(struct thread *thread, const struct synthetic *folder,
		    const struct synthetic_entry *entry, size_t *skip, struct synthetic_item *item)
{
	const char *name = name_in(entry, folder->entry);
	int number = -1;

	if (!name)
		return false;
	do {
		if (strchr(name, '#')) {
			number = next_number(thread, entry, number);
			if (number < 0)
				return false;
		}
		if (!*skip) {
			fill(item, entry, folder, name, number);
			return true;
		}
		--*skip;
	} while (number >= 0);
	return false;
}

bool synthetic_item(struct thread *thread, const struct synthetic *folder, size_t number,
		    struct synthetic_item *item)
{
	enum { DOTS = 2 };
	size_t skip = number - DOTS;

	if (number < DOTS)
		return dots(folder, number, item);
	for (int i = 0; i < ENTRIES; i++)
		if (item_of(thread, folder, &entries[i], &skip, item))
			return true;
	return false;
}
