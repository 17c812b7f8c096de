/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The identity functions: what each state of the process block makes of every
 * class of arguments, against the system call and, where there must be none,
 * without one. uname's buffers are tried in exec-uname.c.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "host.h"

#define GARBAGE 0xdead00000000u	/* arguments have 32 bits; the register has more */
#define POISON 0xa5
#define SOME_BIT 0x40u
#define LAST_USER 0xfffffffeu	/* the one above is none */
#define NICE_MIN (-20)
#define NICE_MAX 19

#define UNDER_COUNT (1u << VDSOGEN_GETUID | 1u << VDSOGEN_GETEUID | 1u << VDSOGEN_GETGID | \
		     1u << VDSOGEN_GETEGID | 1u << VDSOGEN_UNAME)

static const long numbers[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_GETPID] = SYS_getpid, [VDSOGEN_GETPPID] = SYS_getppid,
	[VDSOGEN_GETTID] = SYS_gettid, [VDSOGEN_GETPGID] = SYS_getpgid,
	[VDSOGEN_GETSID] = SYS_getsid, [VDSOGEN_GETPRIORITY] = SYS_getpriority,
	[VDSOGEN_GETUID] = SYS_getuid, [VDSOGEN_GETEUID] = SYS_geteuid,
	[VDSOGEN_GETGID] = SYS_getgid, [VDSOGEN_GETEGID] = SYS_getegid,
	[VDSOGEN_UNAME] = SYS_uname,
};

/* -------------------------------------------------------------------------
 * Who this is
 */
void identify(struct vdsogen_identity *identity)
{
	*identity = (struct vdsogen_identity){
		.known = ALL_FIELDS,
		.pid = (uint32_t)ask(SYS_getpid, 0, 0, 0),
		.ppid = (uint32_t)ask(SYS_getppid, 0, 0, 0),
		.tid = (uint32_t)ask(SYS_gettid, 0, 0, 0),
		.pgid = (uint32_t)ask(SYS_getpgid, 0, 0, 0),
		.sid = (uint32_t)ask(SYS_getsid, 0, 0, 0),
		.nice = 20 - (int32_t)ask(SYS_getpriority, 0, 0, 0),
		.uid = (uint32_t)ask(SYS_getuid, 0, 0, 0),
		.euid = (uint32_t)ask(SYS_geteuid, 0, 0, 0),
		.gid = (uint32_t)ask(SYS_getgid, 0, 0, 0),
		.egid = (uint32_t)ask(SYS_getegid, 0, 0, 0),
	};
	ask(SYS_uname, (uintptr_t)&identity->uts, 0, 0);
}

/* Each byte differs from its neighbours. */
void long_names(struct vdsogen_utsname *uts)
{
	char *bytes = (char *)uts;

	for (size_t i = 0; i < sizeof *uts; i++)
		bytes[i] = (i + 1) % VDSOGEN_UTS_SIZE ? (char)('A' + i % 57) : 0;
}

/* And all that is said is not so. */
static struct vdsogen_identity someone_else(void)
{
	struct vdsogen_identity identity = {
		.known = ALL_FIELDS, .pid = INT_MAX, .ppid = 0, .tid = INT_MAX - 1, .pgid = 1,
		.sid = 0x7f00ff01, .nice = NICE_MIN, .uid = 0x12345678, .euid = LAST_USER,
		.gid = 0, .egid = 0x80000000,
	};

	long_names(&identity.uts);
	return identity;
}

static long value_of(const struct vdsogen_identity *identity, unsigned int function)
{
	switch (function) {
	case VDSOGEN_GETPID: return identity->pid;
	case VDSOGEN_GETPPID: return identity->ppid;
	case VDSOGEN_GETTID: return identity->tid;
	case VDSOGEN_GETPGID: return identity->pgid;
	case VDSOGEN_GETSID: return identity->sid;
	case VDSOGEN_GETPRIORITY: return 20 - identity->nice;
	case VDSOGEN_GETUID: return identity->uid;
	case VDSOGEN_GETEUID: return identity->euid;
	case VDSOGEN_GETGID: return identity->gid;
	case VDSOGEN_GETEGID: return identity->egid;
	}
	return 0;	/* uname */
}

uint32_t identity_known(const struct page *page, const struct vdsogen_identity *identity)
{
	return identity->known << VDSOGEN_GETPID & page->image.config.functions;
}

/* -------------------------------------------------------------------------
 * One function
 */
static void check_call(const struct page *page, unsigned int function, uintptr_t a, uintptr_t b,
		       const struct vdsogen_identity *served)
{
	const char *name = vdsogen_function_name(function);
	long value, want;

	trap.count = 0;
	value = page_call(page, function, a, b, ~(uintptr_t)0);
	if (page->counts)
		CHECK(trap.count == !served, "%s(%#lx, %#lx): %lu fallbacks, %d expected", name,
		      (long)a, (long)b, trap.count, !served);
	if (page->counts && !served)
		CHECK(trap.number == numbers[function], "%s: system call %ld", name, trap.number);
	want = served ? value_of(served, function) : ask(numbers[function], a, b, 0);
	CHECK(value == want, "%s(%#lx, %#lx) = %#lx, not %#lx", name, (long)a, (long)b, value,
	      want);
}

/* Of process 0 the caller's own is meant: the low 32 bits are the argument. */
static void check_of_process(const struct page *page, unsigned int function,
			     const struct vdsogen_identity *served)
{
	const uintptr_t others[] = {
		(uintptr_t)ask(SYS_getpid, 0, 0, 0), 1, ~(uintptr_t)0, UINT_MAX,
		(uint32_t)INT_MIN, (uintptr_t)INT_MIN, INT_MAX, GARBAGE | 1,
	};

	check_call(page, function, 0, ~(uintptr_t)0, served);
	check_call(page, function, GARBAGE, 1, served);
	check_call(page, function, ~(uintptr_t)0 << 32, 0, served);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		check_call(page, function, others[i], 0, NULL);
}

static void check_priority(const struct page *page, const struct vdsogen_identity *served)
{
	const uintptr_t pid = (uintptr_t)ask(SYS_getpid, 0, 0, 0);
	const uintptr_t others[][2] = {
		{ 0, pid }, { 0, 1 }, { 0, UINT_MAX }, { 0, ~(uintptr_t)0 },
		{ 0, (uintptr_t)INT_MIN }, { 1, 0 }, { 2, 0 }, { 3, 0 }, { UINT_MAX, 0 },
		{ (uintptr_t)INT_MIN, 0 },
		{ GARBAGE | 1, GARBAGE }, { GARBAGE, GARBAGE | pid }, { 1, pid },
	};

	check_call(page, VDSOGEN_GETPRIORITY, 0, 0, served);
	check_call(page, VDSOGEN_GETPRIORITY, GARBAGE, GARBAGE, served);
	check_call(page, VDSOGEN_GETPRIORITY, ~(uintptr_t)0 << 32, 0, served);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		check_call(page, VDSOGEN_GETPRIORITY, others[i][0], others[i][1], NULL);
}

static void check_uname(const struct page *page, const struct vdsogen_identity *served)
{
	struct vdsogen_utsname got, want;

	memset(&got, POISON, sizeof got);
	check_call(page, VDSOGEN_UNAME, (uintptr_t)&got, ~(uintptr_t)0, served);
	if (served)
		want = served->uts;
	else
		ask(SYS_uname, (uintptr_t)&want, 0, 0);
	CHECK(!memcmp(&got, &want, sizeof got), "uname: %.64s %.64s, not %.64s %.64s", got.sysname,
	      got.nodename, want.sysname, want.nodename);
}

void check_identity(const struct page *page, const struct vdsogen_identity *identity, uint32_t fast)
{
	for (unsigned int f = VDSOGEN_GETPID; f <= VDSOGEN_UNAME; f++) {
		const struct vdsogen_identity *served = fast >> f & 1 ? identity : NULL;

		if (!(page->image.config.functions >> f & 1))
			continue;
		if (f == VDSOGEN_UNAME)
			check_uname(page, served);
		else if (f == VDSOGEN_GETPRIORITY)
			check_priority(page, served);
		else if (f == VDSOGEN_GETPGID || f == VDSOGEN_GETSID)
			check_of_process(page, f, served);
		else
			check_call(page, f, ~(uintptr_t)0, 1, served);
	}
}

/* -------------------------------------------------------------------------
 * States of the block
 */
static void set(const struct page *page, const struct vdsogen_identity *identity)
{
	int error = vdsogen_process_set(page->process, identity);

	CHECK(!error, "vdsogen_process_set: %s", vdsogen_strerror(error));
}

static void change(const struct page *page, uint32_t fields,
		   const struct vdsogen_identity *identity)
{
	int error = vdsogen_process_change(page->process, fields, identity);

	CHECK(!error, "vdsogen_process_change(%#x): %s", fields, vdsogen_strerror(error));
}

/* Zeros, this process, another one, nobody. */
static void check_whole(const struct page *page)
{
	static const struct vdsogen_identity nobody;
	const struct vdsogen_identity other = someone_else();
	struct vdsogen_identity self;

	identify(&self);
	check_about("identity: zeros");
	check_identity(page, &nobody, 0);
	check_about("identity: this process");
	set(page, &self);
	check_identity(page, &self, identity_known(page, &self));
	check_about("identity: another process");
	set(page, &other);
	check_identity(page, &other, identity_known(page, &other));
	check_about("identity: nobody");
	set(page, &nobody);
	check_identity(page, &nobody, 0);
}

static void take_field(struct vdsogen_identity *to, unsigned int field,
		       const struct vdsogen_identity *from)
{
	static const size_t at[VDSOGEN_FIELDS] = {
		[VDSOGEN_PID] = offsetof(struct vdsogen_identity, pid),
		[VDSOGEN_PPID] = offsetof(struct vdsogen_identity, ppid),
		[VDSOGEN_TID] = offsetof(struct vdsogen_identity, tid),
		[VDSOGEN_PGID] = offsetof(struct vdsogen_identity, pgid),
		[VDSOGEN_SID] = offsetof(struct vdsogen_identity, sid),
		[VDSOGEN_NICE] = offsetof(struct vdsogen_identity, nice),
		[VDSOGEN_UID] = offsetof(struct vdsogen_identity, uid),
		[VDSOGEN_EUID] = offsetof(struct vdsogen_identity, euid),
		[VDSOGEN_GID] = offsetof(struct vdsogen_identity, gid),
		[VDSOGEN_EGID] = offsetof(struct vdsogen_identity, egid),
		[VDSOGEN_UTSNAME] = offsetof(struct vdsogen_identity, uts),
	};

	memcpy((char *)to + at[field], (const char *)from + at[field],
	       field == VDSOGEN_UTSNAME ? sizeof to->uts : sizeof to->pid);
}

/* One field is unknown, one is known, one is changed: no other function minds. */
static void check_each_field(const struct page *page)
{
	const struct vdsogen_identity other = someone_else();
	struct vdsogen_identity self;

	identify(&self);
	for (unsigned int field = 0; field < VDSOGEN_FIELDS; field++) {
		struct vdsogen_identity mixed = self;

		check_about("identity: field %u unknown", field);
		set(page, &self);
		mixed.known = ~(1u << field) & ALL_FIELDS;
		change(page, 1u << field, &mixed);
		check_identity(page, &self, identity_known(page, &mixed));

		check_about("identity: field %u known", field);
		mixed.known = 1u << field;
		set(page, &mixed);
		check_identity(page, &self, identity_known(page, &mixed));

		check_about("identity: field %u changed", field);
		change(page, ALL_FIELDS, &self);
		change(page, 1u << field, &other);
		mixed = self;
		take_field(&mixed, field, &other);
		check_identity(page, &mixed, identity_known(page, &mixed));
	}
}

/* Values at the ends of their ranges. */
static void check_values(const struct page *page)
{
	struct vdsogen_identity identity = someone_else();

	set(page, &identity);
	for (identity.nice = NICE_MIN; identity.nice <= NICE_MAX; identity.nice++) {
		check_about("identity: nice %d", identity.nice);
		change(page, 1u << VDSOGEN_NICE, &identity);
		check_identity(page, &identity, identity_known(page, &identity));
	}
	identity.nice = 0;
	for (int last = 0; last < 2; last++) {
		const uint32_t user = last ? LAST_USER : 0, process = last ? INT_MAX : 0;

		check_about("identity: all %#x and %#x", process, user);
		identity.pid = identity.ppid = identity.tid = process;
		identity.pgid = identity.sid = process;
		identity.uid = identity.euid = identity.gid = identity.egid = user;
		change(page, ALL_FIELDS, &identity);
		check_identity(page, &identity, identity_known(page, &identity));
	}
}

/* A publisher at work, or dead: what is under its count waits. */
static void check_closed(const struct page *page)
{
	const struct vdsogen_identity other = someone_else();

	set(page, &other);
	page->process->seq++;
	check_about("identity: count %u", page->process->seq);
	check_identity(page, &other, identity_known(page, &other) & ~UNDER_COUNT);
	page->process->seq = UINT32_MAX;
	check_identity(page, &other, identity_known(page, &other) & ~UNDER_COUNT);
	page->process->seq++;	/* no count is special */
	check_identity(page, &other, identity_known(page, &other));
}

static void check_attention(const struct page *page)
{
	const struct vdsogen_identity other = someone_else();
	bool heeds = page->image.config.options & VDSOGEN_GUARD;

	set(page, &other);
	check_about("identity: attention, options %#x", page->image.config.options);
	vdsogen_clock_attention(page->clock, SOME_BIT, 0);
	check_identity(page, &other, heeds ? 0 : identity_known(page, &other));
	vdsogen_clock_attention(page->clock, 0, SOME_BIT);
	check_identity(page, &other, identity_known(page, &other));
}

/* -------------------------------------------------------------------------
 * The last user, by the system's own word, in a child that becomes it
 */
static void become_last_user(const struct page *page)
{
	struct vdsogen_identity identity;
	unsigned int failures = check_failures();
	long asked;

	check_about("identity: user %u", LAST_USER);
	if (ask(SYS_setresgid, LAST_USER, LAST_USER, LAST_USER) ||
	    ask(SYS_setresuid, LAST_USER, LAST_USER, LAST_USER))
		_exit(0);	/* only root may */
	identify(&identity);
	check_identity(page, &identity, 0);
	set(page, &identity);
	CHECK(identity.uid == LAST_USER, "user %#x, not %#x", identity.uid, LAST_USER);
	asked = ask(SYS_getegid, 0, 0, 0);	/* QEMU extends its sign, Linux does not */
	CHECK(asked == LAST_USER || asked == (int32_t)LAST_USER, "the system's: %#lx", asked);
	check_identity(page, &identity, identity_known(page, &identity));
	_exit(check_failures() != failures);
}

static void check_last_user(const struct page *page)
{
	static const struct vdsogen_identity nobody;
	int status = 0;
	pid_t child;

	set(page, &nobody);
	child = fork();
	if (!child)
		become_last_user(page);
	CHECK(child > 0 && waitpid(child, &status, 0) == child && !status,
	      "the child that is user %u fails", LAST_USER);
}

/* -------------------------------------------------------------------------
 * The configurations
 */
static void check_config(const struct vdsogen_config *config, void (*check)(const struct page *))
{
	for (int counts = PAGE_ASKS; counts <= PAGE_COUNTS; counts++) {
		struct page page;

		page_make(&page, config, (enum page_traps)counts);
		CHECK(page.process, "no process block");
		check(&page);
		page_free(&page);
	}
}

void exec_identity(void)
{
	const uint32_t all = VDSOGEN_IDENTITY_FUNCTIONS | VDSOGEN_DEFAULT_FUNCTIONS;
	static const uint32_t options[] = { 0, VDSOGEN_GUARD, VDSOGEN_LATCH };
	struct vdsogen_config config = { .functions = VDSOGEN_IDENTITY_FUNCTIONS };

	check_config(&config, check_values);
	check_config(&config, check_last_user);
	config.functions = all & vdsogen_arch_functions(host_arch());
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		config.options = options[i];
		check_config(&config, check_whole);
		check_config(&config, check_each_field);
		check_config(&config, check_closed);
		check_config(&config, check_attention);
	}
	config.landing_pads = VDSOGEN_LANDING_PADS_ON;
	check_config(&config, check_whole);
	for (unsigned int f = VDSOGEN_GETPID; f <= VDSOGEN_UNAME; f++)
		check_config(&(struct vdsogen_config){ .functions = 1u << f }, check_whole);
}
