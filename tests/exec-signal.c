/* SPDX-License-Identifier: BSD-2-Clause */
/* A signal handler that returns through the page's rt_sigreturn, where there is one. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec.h"

#define KERNEL_SA_RESTORER 0x04000000ul	/* Linux include/uapi/asm-generic/signal-defs.h */

/* The kernel's own struct sigaction: the C library's has another order and another restorer. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	page_fn *restorer;
	unsigned long mask;
};

static volatile sig_atomic_t received;

static void on_signal(int signal_number)
{
	received = signal_number;
}

void check_sigreturn(page_fn *restorer)
{
	struct kernel_sigaction action = { .handler = on_signal, .flags = KERNEL_SA_RESTORER,
					   .restorer = restorer };
	struct kernel_sigaction old;

	received = 0;
	CHECK(!syscall(SYS_rt_sigaction, SIGUSR1, &action, &old, sizeof action.mask),
	      "rt_sigaction");
	kill(getpid(), SIGUSR1);
	CHECK(received == SIGUSR1, "the handler was not called");
	syscall(SYS_rt_sigaction, SIGUSR1, &old, NULL, sizeof old.mask);
}

void exec_signal(void)
{
	struct page page;

	check_about("rt_sigreturn");
	page_make(&page, NULL, PAGE_ASKS);
	if (page.image.function[VDSOGEN_RT_SIGRETURN].at)
		check_sigreturn(page_function(&page, VDSOGEN_RT_SIGRETURN));
	page_free(&page);
}
