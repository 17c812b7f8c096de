/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "flat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/macos/darwin.h"
#include "runner/macos/deliver.h"
#include "runner/macos/folders.h"
#include "runner/macos/full.h"
#include "runner/macos/names.h"
#include "runner/macos/thread.h"
#include "runner/macos/wait.h"

struct thread *flat_thread;

/* -------------------------------------------------------------------------
 * Memory.
 */
static uintptr_t forbidden;

void flat_forbid(const void *from)
{
	forbidden = (uintptr_t)from;
}

/* How many bytes can be used there. */
static size_t usable(uint64_t at, size_t size)
{
	uint64_t end = (forbidden + VM_PAGE) / VM_PAGE * VM_PAGE;

	if (at < VM_PAGE || (forbidden && at >= forbidden && at < end))
		return 0;
	return forbidden && at < forbidden && size > forbidden - at ? forbidden - at : size;
}

int space_read(const struct space *space, void *to, guest_addr from, size_t size)
{
	(void)space;
	if (!size)
		return 0;
	if (usable(from.v, size) < size)
		return -EFAULT;
	memcpy(to, (const void *)(uintptr_t)from.v, size);
	return 0;
}

int space_write(const struct space *space, guest_addr to, const void *from, size_t size)
{
	(void)space;
	if (!size)
		return 0;
	if (usable(to.v, size) < size)
		return -EFAULT;
	memcpy((void *)(uintptr_t)to.v, from, size);
	return 0;
}

int space_parts(const struct space *space, guest_addr at, size_t size, unsigned int prot,
		struct iovec *part, int room)
{
	size_t n = usable(at.v, size);

	(void)space;
	(void)prot;
	if (!n)
		return -EFAULT;
	if (room < 1)
		return 0;
	*part = (struct iovec){ (void *)(uintptr_t)at.v, n };
	return 1;
}

/* -------------------------------------------------------------------------
 * Threads and signals.
 */
enum { SIGNALS = 64, THREADS = 64 };

static struct process process;
static struct flat {
	struct thread thread;
	struct thread_host host;
	uint64_t value[SIGNALS + 1];
	uint64_t pending;
} flat[THREADS];
static int flats;
static _Atomic int last_signal;
static pthread_mutex_t pending_lock = PTHREAD_MUTEX_INITIALIZER;

void (*deliver_told)(int number);

struct thread *flat_new_thread(void)
{
	struct flat *new;

	pthread_mutex_lock(&pending_lock);
	new = &flat[flats++];
	pthread_mutex_unlock(&pending_lock);
	memset(new, 0, sizeof *new);
	new->thread.process = &process;
	new->thread.host = &new->host;
	new->host.self = pthread_self();
	pthread_mutex_init(&new->host.lock, NULL);
	return &new->thread;
}

static struct flat *flat_of(const struct thread *thread)
{
	return (struct flat *)(uintptr_t)thread;
}

void flat_send(struct thread *thread, int number, uint64_t value)
{
	pthread_mutex_lock(&pending_lock);
	flat_of(thread)->pending |= 1ull << (number - 1);
	flat_of(thread)->value[number] = value;
	if (deliver_told)
		deliver_told(number);
	pthread_mutex_unlock(&pending_lock);
}

uint64_t deliver_pending(const struct thread *thread)
{
	return __atomic_load_n(&flat_of(thread)->pending, __ATOMIC_SEQ_CST);
}

bool deliver_take(struct thread *thread, uint64_t set, struct linux_siginfo *info)
{
	struct flat *of = flat_of(thread);
	int number = 0;

	pthread_mutex_lock(&pending_lock);
	if (of->pending & set)
		number = __builtin_ctzll(of->pending & set) + 1;
	if (number)
		of->pending &= ~(1ull << (number - 1));
	pthread_mutex_unlock(&pending_lock);
	*info = (struct linux_siginfo){ .signo = number, .code = LINUX_SI_QUEUE,
					.pid = getpid(), .value = of->value[number] };
	return number;
}

void deliver_to_self(struct thread *thread, int number)
{
	(void)thread;
	last_signal = number;
}

int flat_signal(void)
{
	return atomic_exchange(&last_signal, 0);
}

bool deliver_wanted(const struct thread *thread)
{
	(void)thread;
	return false;
}

void deliver_open_terminals(struct thread *thread)
{
	(void)thread;
}

void deliver_close_terminals(struct thread *thread)
{
	(void)thread;
}

void signals_lend_blocked(struct thread *thread, uint64_t blocked)
{
	thread->blocked = blocked;
}

uint64_t signals_block_all(void)
{
	return 0;
}

void vcpu_attention(struct vcpu *vcpu, uint32_t set, uint32_t clear)
{
	(void)vcpu;
	(void)set;
	(void)clear;
}

void vcpu_kick(struct vcpu *vcpu)
{
	(void)vcpu;
}

/* -------------------------------------------------------------------------
 * The machine, folders, and what is missed.
 */
static bool random_fd[REGISTRY_SIZE];

void vm_random_fd(struct vm *vm, unsigned int fd, bool is)
{
	(void)vm;
	random_fd[fd] = is;
}

bool flat_random(unsigned int fd)
{
	return random_fd[fd];
}

const struct registry_class directory_class = { .name = "directory" };
const struct registry_class synthetic_class = { .name = "synthetic" };
const struct descriptor_ops synthetic_ops = { .class = &synthetic_class };
static const struct registry_class full_class_of = { .name = "full" };
const struct descriptor_ops full_ops = { .class = &full_class_of };

void names_save(FILE *to)
{
	(void)to;
}

int names_restore(FILE *from)
{
	(void)from;
	return 0;
}

int64_t folder_seek(const struct registry_held *held, int64_t offset, int whence)
{
	(void)held;
	(void)whence;
	return offset;
}

void calls_miss(const struct thread *thread, const char *what, uint64_t number)
{
	(void)thread;
	(void)what;
	(void)number;
}

/* -------------------------------------------------------------------------
 * Beginning and end.
 */
static int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int n = -1;	/* the folder's own */

	while (readdir(folder))
		n++;
	closedir(folder);
	return n - 2;	/* "." and ".." */
}

static int before;

int flat_left(void)
{
	return count_descriptors() - before;
}

void flat_begin(void)
{
	int error;

	flats = 0;
	memset(&process, 0, sizeof process);
	pthread_mutex_init(&process.lock, NULL);
	process.threads = 1;
	forbidden = 0;
	signal(SIGPIPE, SIG_IGN);	/* as deliver_begin() has it */
	flat_thread = flat_new_thread();
	/* what the test's program has open is not the guest's */
	for (int fd = STDERR_FILENO + 1; fd < REGISTRY_SIZE; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	before = count_descriptors();
	error = descriptors_begin();
	ck_assert_int_eq(error, 0);
	descriptors_machine((struct vm *)&process);
}

void flat_end(void)
{
	for (int fd = STDERR_FILENO + 1; fd < REGISTRY_SIZE; fd++)
		registry_close(&descriptors, fd);
	ck_assert_int_eq(flat_left(), 0);
}
