/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process becomes: execs.c [WHAT ...]. It prints what does not depend on chance. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static char *self; /* by its whole name */

/* ------------------------------------------------------- what it is told -- */
static void show(int argc, char **argv)
{
	char name[16] = "", exe[4096] = "";
	sigset_t blocked, pending;
	struct sigaction action;

	for (int i = 0; i < argc; i++)
		printf("    argument %d: <%s>\n", i, argv[i]);
	for (char **at = environ; *at; at++)
		printf("    environment: <%s>\n", *at);
	/* what a file without a name is called depends on the kernel */
	if (strncmp((char *)getauxval(AT_EXECFN), "/dev/fd/", 8) != 0)
		prctl(PR_GET_NAME, name);
	CHECK(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
	printf("    %s, of %s, is %d %s\n", (char *)getauxval(AT_EXECFN), name,
	       strcmp(exe, self) == 0, program_invocation_short_name);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigpending(&pending);
	sigaction(SIGUSR2, NULL, &action);
	printf("    blocked %d %d, pending %d %d, ignored %d", sigismember(&blocked, SIGUSR1),
	       sigismember(&blocked, SIGHUP), sigismember(&pending, SIGUSR1),
	       sigismember(&pending, SIGHUP), action.sa_handler == SIG_IGN);
	sigaction(SIGHUP, NULL, &action);
	printf(", default %d\n", action.sa_handler == SIG_DFL);
	printf("    descriptors:");
	for (int fd = 3; fd < 200; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			printf(" %d", fd);
	printf("\n");
}

static void show_end(pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	printf("    status %d, signal %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	fflush(stdout);
}

/* What it says is left, where it fails. */
static void fail(int result)
{
	printf("    %d %s\n", result, strerror(errno));
	fflush(stdout);
	_exit(100);
}

static pid_t child_of(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
	return fork();
}

/* ---------------------------------------------------------------- programs -- */
static char *show_it[] = { "another name", "show", "two words", "", "-x", "--", NULL };
static char *some[] = { "A=1", "", "LD_PRELOAD=/nonexistent", "no equals", "PATH=/bin", "A=2", NULL };

static void on_signal(int number)
{
	(void)number;
}

static void *exec_it(void *argument)
{
	fail(execve(argument, show_it, some));
	return NULL;
}

static void programs(void)
{
	static char *none[] = { NULL };
	pthread_t thread;
	pid_t child;

	child = child_of("arguments and environment");
	if (!child)
		fail(execve(self, show_it, some));
	show_end(child);

	child = child_of("nothing");
	if (!child)
		fail(execve(self, (char *[]){ "x", "show", NULL }, none));
	show_end(child);

	child = child_of("descriptors");
	if (!child) {
		CHECK(dup2(1, 50) == 50 && fcntl(1, F_DUPFD_CLOEXEC, 60) == 60);
		fail(execve(self, show_it, none));
	}
	show_end(child);

	child = child_of("signals");
	if (!child) {
		sigset_t set;

		signal(SIGUSR2, SIG_IGN);
		signal(SIGHUP, on_signal);
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGUSR1);
		fail(execve(self, show_it, none));
	}
	show_end(child);

	child = child_of("from a thread");
	if (!child) {
		CHECK(!pthread_create(&thread, NULL, exec_it, self));
		for (;;)
			pause();
	}
	show_end(child);

	child = child_of("its own name");
	if (!child)
		fail(execve("/proc/self/exe", show_it, none));
	show_end(child);
}

/* The same process: its number, folder, mask, limits and parent. */
static void same_process(char **argv)
{
	struct rlimit limit;
	char folder[4096];
	mode_t mask = umask(0);

	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	printf("    same: %d %s %o %d %d\n", getpid() == atoi(argv[2]),
	       getcwd(folder, sizeof folder), mask, (int)limit.rlim_cur, getsid(0) == getpid());
}

static void identity(void)
{
	pid_t child = child_of("the same process");

	if (!child) {
		struct rlimit limit;
		char number[20];

		snprintf(number, sizeof number, "%d", getpid());
		CHECK(!chdir("/usr") && umask(027) + 1 > 0 && setsid() == getpid());
		CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
		limit.rlim_cur = 77;
		CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
		fail(execl(self, self, "same", number, NULL));
	}
	show_end(child);
}

/* ------------------------------------------------------------ by descriptor -- */
static void by_descriptor(void)
{
	pid_t child = child_of("fexecve");
	int fd = open(self, O_RDONLY), closed = open(self, O_PATH | O_CLOEXEC);
	int folder = open("/", O_RDONLY | O_DIRECTORY);

	if (!child)
		fail((int)syscall(SYS_execveat, fd, "", show_it, some, AT_EMPTY_PATH));
	show_end(child);
	child = child_of("O_PATH");
	if (!child)
		fail((int)syscall(SYS_execveat, closed, "", show_it, some, AT_EMPTY_PATH));
	show_end(child);
	child = child_of("a folder");
	if (!child)
		fail((int)syscall(SYS_execveat, folder, self + 1, show_it, some, 0));
	show_end(child);
	close(fd);
	close(closed);
	close(folder);
}

/* ---------------------------------------------------------------- mistakes -- */
static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(!fchmod(fd, mode));
	close(fd);
}

static void try(const char *what, const char *name)
{
	int result = execve(name, show_it, some);

	printf("%s: %d %s\n", what, result, strerror(errno));
}

static char *repeat(char c, size_t times)
{
	char *string = malloc(times + 1);

	CHECK(string);
	memset(string, c, times);
	string[times] = '\0';
	return string;
}

static void mistakes(void)
{
	char *long_name = repeat('x', 5000), *long_part = repeat('y', 300),
	     *large = repeat('z', 200000);
	char *too_large[] = { "x", large, NULL };
	static char *many[3000];

	try("nothing", "/nonexistent");
	try("no name", "");
	try("a folder", "/");
	try("no folder", "/etc/passwd/x");
	try("a device", "/dev/null");
	try("not executable", "/etc/passwd");
	try("long", long_name);
	try("long part", long_part);
	write_file("empty", "", 0755);
	try("empty", "./empty");
	write_file("text", "no program\n", 0755);
	try("text", "./text");
	write_file("cut", "\177ELF", 0755);
	try("cut", "./cut");
	CHECK(!symlink("loop", "loop"));
	try("loop", "./loop");
	unlink("loop");
	CHECK(execve(self, too_large, some) == -1);
	printf("large: %s\n", strerror(errno));
	for (int i = 0; i < 2999; i++)
		many[i] = large + 100000;
	CHECK(execve(self, many, some) == -1);
	printf("all too large: %s\n", strerror(errno));
	CHECK(syscall(SYS_execve, 16, show_it, some) == -1);
	printf("bad name: %s\n", strerror(errno));
	CHECK(syscall(SYS_execve, self, 16, some) == -1);
	printf("bad arguments: %s\n", strerror(errno));
	CHECK(execve(self, show_it, (char *[]){ (char *)16, NULL }) == -1);
	printf("bad environment: %s\n", strerror(errno));
	CHECK(syscall(SYS_execveat, 77, "x", show_it, some, 0) == -1);
	printf("bad folder: %s\n", strerror(errno));
	CHECK(syscall(SYS_execveat, AT_FDCWD, self, show_it, some, 1) == -1);
	printf("bad flags: %s\n", strerror(errno));
	CHECK(!symlink(self, "link"));
	CHECK(syscall(SYS_execveat, AT_FDCWD, "link", show_it, some, AT_SYMLINK_NOFOLLOW) == -1);
	printf("not followed: %s\n", strerror(errno));
	unlink("link");
	unlink("empty");
	unlink("text");
	unlink("cut");
}

/* ----------------------------------------------------------------- scripts -- */
static void script(const char *what, const char *name, const char *text)
{
	static char *arguments[] = { "a name that is lost", "two words", "", NULL };
	pid_t child;

	if (text)
		write_file(name, text, 0755);
	child = child_of(what);
	if (!child)
		fail(execve(name, arguments, some));
	show_end(child);
}

static char *lines(const char *format, const char *rest)
{
	char *text = malloc(strlen(self) + 1000);

	CHECK(text);
	sprintf(text, format, self, rest);
	return text;
}

static void scripts(void)
{
	char name[20], text[40], *line = lines("#!%s show %s\nrest\n", "x y ");
	int fd;
	pid_t child;

	script("a script", "./script", lines("#!%s show%s\nrest\n", ""));
	script("its arguments are one", "./script",
	       lines("#! \t%s   \tshow %s \t \nrest\n", "x y "));
	script("no end of line", "./script", lines("#!%s show%s", ""));
	script("no interpreter", "./script", "#!\n");
	script("only blanks", "./script", "#! \t \n");
	script("not there", "./script", "#!/nonexistent x\n");
	script("a folder", "./script", "#!/usr\n");
	script("not executable", "./script", "#!/etc/passwd\n");
	memset(text, 'x', sizeof text);
	line = repeat('x', 400);
	memcpy(line, "#!/", 3);
	script("too long", "./script", line);
	line[3] = ' ';
	script("cut", "./script", line);
	for (int i = 1; i < 8; i++) {
		snprintf(name, sizeof name, "./nested%d", i);
		snprintf(text, sizeof text, "#!./nested%d\n", i - 1);
		script(i == 1 ? "nested" : "deeper", name,
		       i == 1 ? lines("#!%s show%s\n", "") : text);
	}
	for (int i = 1; i < 8; i++) {
		snprintf(name, sizeof name, "./nested%d", i);
		unlink(name);
	}
	script("itself", "./self", "#!./self\n");
	unlink("./self");
	write_file("script", lines("#!%s show%s\n", ""), 0755);
	fd = open("script", O_RDONLY);
	child = child_of("by descriptor");
	if (!child) {
		CHECK(dup2(fd, 40) == 40);
		fail((int)syscall(SYS_execveat, 40, "", show_it, some, AT_EMPTY_PATH));
	}
	show_end(child);
	child = child_of("by descriptor that is closed");
	if (!child) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fail((int)syscall(SYS_execveat, fd, "", show_it, some, AT_EMPTY_PATH));
	}
	show_end(child);
	close(fd);
	unlink("script");
}

int main(int argc, char **argv)
{
	static char exe[4096];
	const char *what = argc > 1 ? argv[1] : "";

	CHECK(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
	self = exe;
	if (!strcmp(what, "same")) {
		same_process(argv);
		return 4;
	}
	if (!strncmp(what, "show", 4)) {
		show(argc, argv);
		return 3;
	}
	programs();
	identity();
	by_descriptor();
	mistakes();
	scripts();
	return 0;
}
