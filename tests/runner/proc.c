/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc as a process sees itself there: its own program, arguments, threads, descriptors. */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "yes");
}

static long open_it(int folder, const char *name, int flags)
{
	int fd = openat(folder, name, flags);

	if (fd >= 0)
		close(fd);
	return fd;
}

static size_t read_it(const char *name, char *text, size_t room)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t size, all = 0;

	while (fd >= 0 && (size = read(fd, text + all, room - 1 - (size_t)all)) > 0)
		all += size;
	close(fd);
	text[all] = 0;
	return (size_t)all;
}

/* By every name there is for it. */
static void memory(void)
{
	char name[100];
	int self = open("/proc/self", O_RDONLY | O_DIRECTORY), task;

	say("mem", open_it(AT_FDCWD, "/proc/self/mem", O_RDONLY));
	say("mem, to write", open_it(AT_FDCWD, "/proc/self/mem", O_RDWR));
	say("mem, relative", open_it(self, "mem", O_RDWR));
	say("mem, roundabout", open_it(self, "../self/../thread-self/mem", O_RDWR));
	snprintf(name, sizeof name, "/proc/%d/mem", getpid());
	say("mem, by number", open_it(AT_FDCWD, name, O_RDWR));
	snprintf(name, sizeof name, "/proc/%d/task/%d/mem", getpid(), getpid());
	say("mem, of a thread", open_it(AT_FDCWD, name, O_RDWR));
	snprintf(name, sizeof name, "/proc/%d/mem", getppid());
	say("mem, another's", open_it(AT_FDCWD, name, O_RDONLY));
	unlink("to-memory");
	say("link", symlink("/proc/thread-self/mem", "to-memory"));
	say("mem, by a link", open_it(AT_FDCWD, "to-memory", O_RDWR));
	unlink("to-memory");
	task = openat(self, "task", O_RDONLY | O_DIRECTORY);
	snprintf(name, sizeof name, "%d/mem", getpid());
	say("mem, by a task", open_it(task, name, O_RDWR));
	say("open_how", syscall(SYS_openat2, self, "mem", (uint64_t[3]){ O_RDWR }, 24));
	say("there", chdir("/proc/self"));
	say("mem, from there", open_it(AT_FDCWD, "mem", O_RDWR));
	say("link", faccessat(AT_FDCWD, "exe", X_OK, 0));
	close(self);
	close(task);
}

static void links(const char *program)
{
	char link[PATH_MAX] = "", name[100], head[2][64] = { "", "" };
	static const char *const names[] = { "/proc/self/exe", "/proc/thread-self/exe",
					     "/proc/self/../self/exe" };
	int self = open("/proc/self", O_RDONLY | O_DIRECTORY), fd, magic;
	struct stat st, st2;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		ssize_t size = readlink(names[i], link, sizeof link - 1);

		link[size < 0 ? 0 : size] = 0;
		printf("%s %s\n", names[i], link);
	}
	printf("relative %zd\n", readlinkat(self, "exe", link, sizeof link));
	magic = openat(self, "exe", O_PATH | O_NOFOLLOW);
	printf("by the link itself %zd\n", readlinkat(magic, "", link, sizeof link));
	printf("short %zd %.5s\n", readlink("/proc/self/exe", link, 5), link);
	errno = 0;
	say("no memory", syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", 8, 100));
	snprintf(name, sizeof name, "/proc/%d/task/%d/exe", getpid(), getpid());
	printf("by number %zd\n", readlink(name, link, sizeof link));
	fd = open("/proc/self/exe", O_RDONLY);
	magic = open(program, O_RDONLY);
	printf("same file %d, same bytes %d\n",
	       !fstat(fd, &st) && !fstat(magic, &st2) && st.st_ino == st2.st_ino &&
		       st.st_dev == st2.st_dev,
	       read(fd, head[0], 64) == 64 && read(magic, head[1], 64) == 64 &&
		       !memcmp(head[0], head[1], 64));
	say("closed on exec",
	    fcntl(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), F_GETFD) == FD_CLOEXEC ? 0 : -1);
	say("to write", open_it(AT_FDCWD, "/proc/self/exe", O_RDWR));
	unlink("/tmp/to-program");
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	say("again, by its descriptor", open_it(AT_FDCWD, name, O_RDONLY));
	printf("own name %.4s\n", readlink(name, link, sizeof link) > 0 ? link : "?");
}

static void strings(int argc, char **argv)
{
	static char text[1 << 17];
	size_t size = read_it("/proc/self/cmdline", text, sizeof text), at = 0;
	int same = 1, n = 0;
	Elf64_auxv_t *pair = (Elf64_auxv_t *)text;

	for (int i = 0; i < argc; i++) {
		same &= at < size && !strcmp(text + at, argv[i]);
		at += strlen(text + at) + 1;
	}
	printf("arguments %d, all %d\n", same, at == size);
	size = read_it("/proc/self/environ", text, sizeof text);
	at = 0;
	for (char **e = environ; *e; e++) {
		same &= at < size && !strcmp(text + at, *e);
		at += strlen(text + at) + 1;
	}
	printf("environment %d, all %d\n", same, at == size);
	size = read_it("/proc/self/auxv", text, sizeof text);
	for (at = 0; at + sizeof *pair <= size && pair->a_type != AT_NULL;
	     at += sizeof *pair, pair++) {
		unsigned long value = getauxval(pair->a_type);

		same &= value == pair->a_un.a_val;
		n += pair->a_type == AT_ENTRY || pair->a_type == AT_RANDOM ||
		     pair->a_type == AT_PHDR;
	}
	printf("auxiliary vector %d, %d\n", same, n);
	argv[0][0] = '@';
	read_it("/proc/self/cmdline", text, sizeof text);
	printf("changed %c\n", text[0]);
}

/* The last number of a line. */
static void counts(void)
{
	char text[8192], *at, name[32] = "";
	int field = 2;

	read_it("/proc/self/status", text, sizeof text);
	at = strstr(text, "\nThreads:");
	printf("%.*s,%.*s\n", (int)strcspn(text, "\n"), text, at ? (int)strcspn(at + 1, "\n") : 0,
	       at ? at + 1 : "");
	read_it("/proc/self/stat", text, sizeof text);
	at = strrchr(text, ')');
	printf("%d %.*s", atoi(text) == getpid(), at ? (int)(at - strchr(text, '(')) : 0,
	       strchr(text, '('));
	for (; at && *at && field < 20; at++)
		field += *at == ' ';
	printf(" %d\n", at ? atoi(at) : -1);
	read_it("/proc/self/comm", text, sizeof text);
	printf("comm %s", text);
	prctl(PR_SET_NAME, "another name");
	prctl(PR_GET_NAME, name);
	read_it("/proc/self/comm", text, sizeof text);
	printf("comm %s, %s", name, text);
}

static void folder(const char *name)
{
	int count = 0, number = -1;
	DIR *list = opendir(name);

	for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
		count += entry->d_name[0] != '.';
		if (atoi(entry->d_name) > number)
			number = atoi(entry->d_name);
	}
	printf("%s: %d, %d", name, count, number == getpid() ? 0 : number);
	errno = 0;
	seekdir(list, 0);
	printf(", again %d\n", readdir(list) != NULL);
	closedir(list);
}

int main(int argc, char **argv)
{
	char program[PATH_MAX];

	for (int fd = 3; fd < 4096; fd++)
		close(fd);
	if (!realpath(argv[0], program))
		return 99;
	links(program);
	strings(argc, argv);
	counts();
	folder("/proc/self/fd");
	folder("/proc/self/fdinfo");
	folder("/proc/self/task");
	folder("/proc/thread-self/fd");
	if (argc > 1) /* not as it is for others: it is the machine's, too */
		memory();
	return 0;
}
