/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fds.h"
#include "proc-start.h"

enum { TEXT = 16384, OWN_THREADS = 8 };

static int proc_fd = -1; /* of /proc, wherever the guest changes its root to */
static struct {
	char path[PATH_MAX];
	size_t length;
	dev_t dev;
	ino_t ino;
} runner;

/* -------------------------------------------------------------------------
 * The runner's own threads, as long as it is that process: a child has others.
 */
static struct {
	pid_t process;
	pid_t thread[OWN_THREADS];
	unsigned int count;
} own;

void proc_hide_thread(void)
{
	unsigned int number;

	if (own.process != getpid()) {
		own.process = getpid();
		own.count = 0;
	}
	number = __atomic_fetch_add(&own.count, 1, __ATOMIC_RELAXED);
	if (number < OWN_THREADS)
		own.thread[number] = gettid();
}

/* Also one that the kernel gives to a process with a machine. */
static bool is_hidden_thread(pid_t thread)
{
	static const char kernels[] = "kvm-";
	unsigned int count = own.process != getpid()   ? 0
			     : own.count < OWN_THREADS ? own.count
						       : OWN_THREADS;
	char path[sizeof "self/task//comm" + 3 * sizeof thread], text[sizeof kernels] = "";
	int fd;

	for (unsigned int i = 0; i < count; i++)
		if (own.thread[i] == thread)
			return true;
	snprintf(path, sizeof path, "self/task/%d/comm", thread);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof text - 1) < 0)
		text[0] = 0;
	close(fd);
	return !strcmp(text, kernels);
}

static unsigned int hidden_threads(void)
{
	int fd = openat(proc_fd, "self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned int count = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && is_hidden_thread(atoi(entry->d_name)))
			count++;
	closedir(folder);
	return count;
}

/* -------------------------------------------------------------------------
 * Names of files.
 */
struct name {
	char text[PATH_MAX];
	const char *last; /* "maps" */
	pid_t process;	  /* 0: of none */
};

static bool is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && !text[digits];
}

/* Cuts off the last component. */
static char *cut(char *text)
{
	char *slash = strrchr(text, '/');

	if (!slash)
		return text;
	*slash = 0;
	return slash + 1;
}

/* ".../PROCESS/maps" or ".../PROCESS/task/THREAD/maps", of a descriptor of a file of /proc. */
static bool name_of(int fd, struct name *name)
{
	char link[sizeof "thread-self/fd/" + 3 * sizeof fd];
	const char *parent;
	ssize_t length;

	snprintf(link, sizeof link, "thread-self/fd/%d", fd);
	length = readlinkat(proc_fd, link, name->text, sizeof name->text - 1);
	if (length <= 0)
		return false;
	name->text[length] = 0;
	name->process = 0;
	name->last = cut(name->text);
	parent = cut(name->text);
	if (!is_number(parent))
		return true;
	name->process = atoi(parent);
	if (!strcmp(cut(name->text), "task")) {
		parent = cut(name->text);
		name->process = is_number(parent) ? atoi(parent) : 0;
	}
	return true;
}

/* Also by the number of another of its threads. */
static bool is_own(pid_t process)
{
	char task[sizeof "self/task/" + 3 * sizeof process];

	if (process == getpid())
		return true;
	snprintf(task, sizeof task, "self/task/%d", process);
	return process && !faccessat(proc_fd, task, F_OK, 0);
}

static bool is_proc(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

/* -------------------------------------------------------------------------
 * The program.
 */

/* The link itself: "/proc/self/exe", by any way there. */
static bool is_exe_link(int folder, const char *name, bool *proc)
{
	bool empty = !*name;
	int fd = empty ? folder : openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct name full;
	bool is = false;

	*proc = fd >= 0 && is_proc(fd);
	if (*proc && name_of(fd, &full))
		is = !strcmp(full.last, "exe") && is_own(full.process);
	if (!empty && fd >= 0)
		close(fd);
	return is;
}

/* A link to that link is one, too; one to a descriptor is not. */
bool proc_is_program(int folder, const char *name)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
	bool proc;
	int fd;

	if (is_exe_link(folder, name, &proc))
		return true;
	if (proc)
		return false;
	fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ELOOP;
}

bool proc_links_to_program(int folder, const char *name, const char *link, size_t size)
{
	bool proc;

	return size && size <= runner.length && !memcmp(link, runner.path, size) &&
	       is_exe_link(folder, name, &proc);
}

static int64_t open_program(const struct thread *thread, int fd, uint64_t flags)
{
	const uint64_t not_there = O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW;
	int program = open(thread->process->path, (int)(flags & ~not_there));
	int64_t result = program;

	if (program >= 0) {
		result = dup3(program, fd, (int)flags & O_CLOEXEC);
		close(program);
	}
	if (result < 0) {
		result = -errno;
		close(fd);
	}
	return result;
}

/* -------------------------------------------------------------------------
 * Files whose text is another.
 */

/* Read only, as they are. */
static int open_text(const char *name, const char *text, size_t size)
{
	char link[sizeof "thread-self/fd/" + 3 * sizeof(int)];
	int memory = memfd_create(name, MFD_CLOEXEC), result = -1;

	if (memory < 0)
		return -1;
	snprintf(link, sizeof link, "thread-self/fd/%d", memory);
	if (write(memory, text, size) == (ssize_t)size)
		result = openat(proc_fd, link, O_RDONLY | O_CLOEXEC);
	close(memory);
	return result;
}

/* In the descriptor's place; if there is no room for that, it is what it was. */
static int64_t replace(int fd, const char *name, const char *text, size_t size, uint64_t flags)
{
	int other = open_text(name, text, size);

	if (other >= 0) {
		dup3(other, fd, (int)flags & O_CLOEXEC);
		close(other);
	}
	return fd;
}

/* The number that begins at `at` becomes that less the runner's own. */
static size_t take_own(char *text, size_t size, size_t at)
{
	char *end, number[3 * sizeof(long)];
	long threads = strtol(text + at, &end, 10) - (long)hidden_threads();
	size_t digits = (size_t)snprintf(number, sizeof number, "%ld", threads);

	if (end == text + at || digits > (size_t)(end - (text + at)))
		return size;
	memcpy(text + at, number, digits);
	memmove(text + at + digits, end, size - (size_t)(end - text));
	return size - ((size_t)(end - (text + at)) - digits);
}

/* Behind the last parenthesis, which a program's name may have, too. */
static size_t find_in_stat(const char *text)
{
	enum { AFTER_NAME = 18 }; /* spaces in front of num_threads, the 20th */
	const char *at = strrchr(text, ')');

	for (int i = 0; at && i < AFTER_NAME; i++)
		at = strchr(at + 1, ' ');
	return at ? (size_t)(at + 1 - text) : 0;
}

static size_t find_in_status(const char *text)
{
	static const char label[] = "\nThreads:\t";
	const char *at = strstr(text, label);

	return at ? (size_t)(at - text) + sizeof label - 1 : 0;
}

static int64_t open_counted(int fd, const char *name, size_t (*find)(const char *), uint64_t flags)
{
	char *text = malloc(TEXT);
	ssize_t size = text ? pread(fd, text, TEXT - 1, 0) : -1;
	size_t at;

	if (size > 0) {
		text[size] = 0;
		at = find(text);
		if (at)
			replace(fd, name, text, take_own(text, (size_t)size, at), flags);
	}
	free(text);
	return fd;
}

static int64_t open_maps(const struct thread *thread, int fd, uint64_t flags)
{
	char *text = NULL;
	size_t size;
	int failed = space_maps(thread->process->space, &text, &size);

	if (failed) {
		close(fd);
		return failed;
	}
	replace(fd, "maps", text, size, flags);
	free(text);
	return fd;
}

static int64_t open_proc(const struct thread *thread, int fd, uint64_t flags)
{
	struct name name;

	if (!name_of(fd, &name) || !name.process)
		return fd;
	if (!strcmp(name.last, "mem")) {
		close(fd);
		return -EACCES;
	}
	if (!is_own(name.process) || flags & O_PATH)
		return fd;
	if (!strcmp(name.last, "maps"))
		return open_maps(thread, fd, flags);
	if (!strcmp(name.last, "stat"))
		return open_counted(fd, "stat", find_in_stat, flags);
	if (!strcmp(name.last, "status"))
		return open_counted(fd, "status", find_in_status, flags);
	return fd;
}

int64_t proc_opened(const struct thread *thread, int fd, int folder, const char *name,
		    uint64_t flags)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return fd;
	if (st.st_dev == runner.dev && st.st_ino == runner.ino && proc_is_program(folder, name))
		return open_program(thread, fd, flags);
	return !st.st_size && is_proc(fd) ? open_proc(thread, fd, flags) : fd;
}

/* -------------------------------------------------------------------------
 * Folders.
 */
enum proc_folder proc_folder(int fd)
{
	struct name name;

	if (!is_proc(fd) || !name_of(fd, &name) || !is_own(name.process))
		return PROC_OTHER;
	if (!strcmp(name.last, "fd") || !strcmp(name.last, "fdinfo"))
		return PROC_DESCRIPTORS;
	return !strcmp(name.last, "task") ? PROC_THREADS : PROC_OTHER;
}

bool proc_hides(enum proc_folder folder, const char *name)
{
	if (folder == PROC_OTHER || !is_number(name))
		return false;
	if (folder == PROC_DESCRIPTORS)
		return fds_hidden((uint64_t)atoi(name));
	return is_hidden_thread(atoi(name));
}

/* -------------------------------------------------------------------------
 * What others see: the host is told where the guest's strings are.
 */

/* Those that stay as they are; by their numbers in /proc/self/stat. */
static bool read_map(struct prctl_mm_map *map)
{
	enum {
		FIRST = 3,
		START_CODE = 26,
		END_CODE = 27,
		START_STACK = 28,
		START_DATA = 45,
		END_DATA = 46,
		START_BREAK = 47,
		FIELDS = 52
	};
	unsigned long long field[FIELDS + 1] = { 0 };
	char text[TEXT], *rest = NULL, *word;
	int fd = openat(proc_fd, "self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (size <= 0)
		return false;
	text[size] = 0;
	word = strrchr(text, ')');
	if (!word)
		return false;
	word = strtok_r(word + 1, " ", &rest);
	for (int i = FIRST; word && i <= FIELDS; i++, word = strtok_r(NULL, " ", &rest))
		field[i] = strtoull(word, NULL, 10);
	*map = (struct prctl_mm_map){
		.start_code = field[START_CODE],
		.end_code = field[END_CODE],
		.start_data = field[START_DATA],
		.end_data = field[END_DATA],
		.start_brk = field[START_BREAK],
		.brk = (uintptr_t)sbrk(0),
		.start_stack = field[START_STACK],
		.exe_fd = (uint32_t)-1,
	};
	return true;
}

/* A kernel that does not know how to goes on to show the runner's own. */
static void show_strings(const struct space *space, const struct proc_start *start)
{
	struct prctl_mm_map map;
	uint64_t size = start->path - start->arguments;
	size_t strings, vector;
	uint8_t *text = space_at(space, guest_at(start->arguments), GUEST_READ, &strings);
	void *auxiliary = space_at(space, guest_at(start->vector), GUEST_READ, &vector);

	if (!text || strings < size || !auxiliary || vector < start->vector_size || !read_map(&map))
		return;
	map.arg_start = (uintptr_t)text;
	map.arg_end = map.env_start = map.arg_start + (start->environment - start->arguments);
	map.env_end = map.arg_start + size;
	map.auxv = auxiliary;
	map.auxv_size = (uint32_t)start->vector_size;
	prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

void proc_begin(const struct thread *thread)
{
	const struct space *space = thread->process->space;
	struct proc_start start;
	struct stat st;
	ssize_t length;

	proc_fd = fds_hide(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
	length = readlinkat(proc_fd, "self/exe", runner.path, sizeof runner.path);
	runner.length = length < 0 ? 0 : (size_t)length;
	if (!fstatat(proc_fd, "self/exe", &st, 0)) {
		runner.dev = st.st_dev;
		runner.ino = st.st_ino;
	}
	proc_start_read(space, vcpu_get(thread->vcpu, VM_SP), &start);
	show_strings(space, &start);
}
