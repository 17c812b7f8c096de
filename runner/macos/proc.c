/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ../proc.h where there is no /proc to show another of: it is made up (synthetic.c), of the
 * guest alone, so nothing is hidden from it. Files are found by their names (names.c).
 */
#include "../proc.h"

#include <sys/stat.h>
#include <unistd.h>

#include "darwin.h"
#include "proc-own.h"

static struct proc_start start;
static uint64_t began;

void proc_begin(const struct thread *thread)
{
	struct darwin_system system;

	proc_start_read(thread->process->space, vcpu_get(thread->vcpu, VM_SP), &start);
	darwin_system(&system);
	began = system.uptime;
}

const struct proc_start *proc_own_start(void)
{
	return &start;
}

uint64_t proc_own_age(void)
{
	return began;
}

/* There is no other way to ask: what another thread makes now is the owner's alone. */
unsigned int proc_own_umask(void)
{
	mode_t mask = umask(S_IRWXG | S_IRWXO);

	umask(mask);
	return mask;
}

uint64_t proc_own_capabilities(void)
{
	enum { CAPABILITIES = 41 };	/* include/uapi/linux/capability.h, CAP_LAST_CAP + 1 */

	return geteuid() ? 0 : (1ull << CAPABILITIES) - 1;
}

void proc_hide_thread(void)
{
}

int64_t proc_opened(const struct thread *thread, int fd, int folder, const char *name,
		    uint64_t flags)
{
	(void)thread, (void)folder, (void)name, (void)flags;
	return fd;
}

bool proc_is_program(int folder, const char *name)
{
	(void)folder, (void)name;
	return false;
}

bool proc_links_to_program(int folder, const char *name, const char *link, size_t size)
{
	(void)folder, (void)name, (void)link, (void)size;
	return false;
}

enum proc_folder proc_folder(int fd)
{
	(void)fd;
	return PROC_OTHER;
}

bool proc_hides(enum proc_folder folder, const char *name)
{
	(void)folder, (void)name;
	return false;
}
