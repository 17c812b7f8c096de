/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "identity.h"

const char *own_path;

static struct place vdso;
static int failure_count;
static unsigned long compared;
static bool root;

/* One line in one write: processes share the output. */
void failed(const char *where, const char *format, ...)
{
	char line[512];
	int length = snprintf(line, sizeof line, "%s: ", where);
	va_list args;

	va_start(args, format);
	length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, args);
	va_end(args);
	line[length++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)length) < 0)
		abort();
	__atomic_add_fetch(&failure_count, 1, __ATOMIC_RELAXED);
}

int failures(void)
{
	return __atomic_load_n(&failure_count, __ATOMIC_RELAXED) != 0;
}

bool is_root(void)
{
	return root;
}

/* What changes meanwhile, by another process or thread, may be either. */
void compare(const char *where)
{
	for (enum function f = 0; f < FUNCTIONS; f++) {
		long before = by_call(f), page = by_page(f), after = by_call(f);

		if (page != before && page != after)
			failed(where, "%s: the page says %ld, the kernel %ld, in process %ld",
			       function_name(f), page, after, syscall(SYS_getpid));
	}
	__atomic_add_fetch(&compared, 1, __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------
 * Counting: calls from the page are caught, and made from here.
 */
static __thread volatile unsigned long caught;
static __thread bool counts;

#if defined __x86_64__
enum { RESULT = REG_RAX };
#define REGISTER(context, r) ((context)->uc_mcontext.gregs[r])
static const int argument_registers[] = { REG_RDI, REG_RSI, REG_RDX };
#define THIS_ARGUMENT(context, i) REGISTER(context, argument_registers[i])
#elif defined __aarch64__
enum { RESULT = 0 };
#define REGISTER(context, r) ((context)->uc_mcontext.regs[r])
#define THIS_ARGUMENT(context, i) REGISTER(context, i)
#endif

static void on_call(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	int saved = errno;
	long result;

	(void)number;
	caught++;
	result = syscall(info->si_syscall, THIS_ARGUMENT(uc, 0), THIS_ARGUMENT(uc, 1),
			 THIS_ARGUMENT(uc, 2));
	REGISTER(uc, RESULT) = result < 0 ? -errno : result;
	errno = saved;
}

static void filter_page(void)
{
	const uint32_t high = (uint32_t)(vdso.at >> 32), low = (uint32_t)vdso.at;
	const unsigned int pc = offsetof(struct seccomp_data, instruction_pointer);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pc + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pc),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, low, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, low + (uint32_t)vdso.size, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		failed("seccomp", "%s", strerror(errno));
}

void count_calls(void)
{
	struct sigaction action = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO };

	if (counts)
		return;
	counts = true;
	sigaction(SIGSYS, &action, NULL);
	filter_page();
}

static unsigned long calls_of(enum function function)
{
	unsigned long before = caught;

	by_page(function);
	return caught - before;
}

void expect(const char *where, unsigned int fast, unsigned int slow)
{
	count_calls();
	compare(where);
	for (enum function f = 0; f < FUNCTIONS; f++) {
		unsigned long calls = calls_of(f);

		if (fast & BIT(f) && calls)
			failed(where, "%s makes a system call", function_name(f));
		if (slow & BIT(f) && !calls)
			failed(where, "%s answers without a system call", function_name(f));
	}
}

void expect_after(int result, const char *call)
{
	if (result < 0)
		failed(call, "%s", strerror(errno));
	expect(call, ALL, 0);
}

void expect_soon(const char *where, unsigned int fast)
{
	enum { TRIES = 10000, PAUSE = 1000 };
	bool all = false;

	count_calls();
	for (int i = 0; i < TRIES && !all; i++) {
		all = true;
		compare(where);
		for (enum function f = 0; f < FUNCTIONS; f++)
			all &= !(fast & BIT(f) && calls_of(f));
		if (!all)
			usleep(PAUSE);
	}
	expect(where, fast, 0);
}

/* -------------------------------------------------------------------------
 * Children.
 */
pid_t begin_child(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		failed("fork", "%s", strerror(errno));
		exit(failures());
	}
	if (!pid)
		failure_count = 0;
	return pid;
}

_Noreturn void finish(void)
{
	fflush(stdout);
	_exit(failures());
}

void wait_for(const char *where, pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (status)
		failed(where, "child %d ended by status 0x%x", pid, status);
}

void in_child(const char *where, void (*function)(void))
{
	pid_t pid = begin_child();

	if (!pid) {
		function();
		finish();
	}
	wait_for(where, pid);
}

pid_t begin_waiting(int *word)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds)) {
		failed("pipe", "%s", strerror(errno));
		exit(failures());
	}
	pid = begin_child();
	*word = fds[!!pid];
	close(fds[!pid]);
	return pid;
}

void await_word(int word)
{
	char byte;

	if (read(word, &byte, 1) != 1)
		failed("pipe", "no word from the parent");
	close(word);
}

void give_word(int word)
{
	if (write(word, "", 1) != 1)
		failed("pipe", "%s", strerror(errno));
	close(word);
}

_Noreturn void end_first_thread(void)
{
	for (;;)
		syscall(SYS_exit, 0);
}

void await_first_thread(void)
{
	char path[64], state = 0;

	snprintf(path, sizeof path, "/proc/%ld/stat", syscall(SYS_getpid));
	while (state != 'Z') {
		FILE *file = fopen(path, "re");

		if (!file || fscanf(file, "%*d %*s %c", &state) != 1)
			state = 0;
		if (file)
			fclose(file);
	}
}

_Noreturn void exec_again(const char *scenario)
{
	execl(own_path, own_path, scenario, (char *)NULL);
	failed(scenario, "exec: %s", strerror(errno));
	_exit(1);
}

/* -------------------------------------------------------------------------
 * The scenarios.
 */
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "start", test_start },
	{ "compare", test_compare },
	{ "fork", test_fork },
	{ "vfork", test_vfork },
	{ "threads", test_threads },
	{ "users", test_users },
	{ "groups", test_groups },
	{ "nice", test_nice },
	{ "names", test_names },
	{ "namespaces", test_namespaces },
	{ "exec", test_exec },
	{ "orphans", test_orphans },
	{ "filter", test_filter },
	{ "many", test_many },
	{ "storm", test_storm },
};

/* As the first program, or as one that was forked or spawned and has nothing special. */
void test_start(void)
{
	compare("start");
	expect("start", ALL, 0);
}

/* Beside others that change it. */
void test_compare(void)
{
	compare("compare");
}

int main(int argc, char **argv)
{
	own_path = argv[0];
	root = !geteuid();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!find_functions(&vdso))
		return 1;
	for (unsigned int i = 0; i < sizeof tests / sizeof *tests; i++)
		if (argc == 2 && !strcmp(argv[1], tests[i].name)) {
			tests[i].run();
			if (!compared)
				failed(argv[1], "nothing was compared");
			return failures();
		}
	printf("no scenario '%s'\n", argc > 1 ? argv[1] : "");
	return 1;
}
