/* SPDX-License-Identifier: BSD-2-Clause */
/* The process block: what is told of a process, what readers find, and who may tell it. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bottle.h"
#include "steps.h"
#include "suites.h"
#include "threads.h"

#define ALL ((1u << VDSOGEN_FIELDS) - 1)
#define BIT(field) (1u << (field))
/* Without the padding. */
#define IDENTITY_SIZE (offsetof(struct vdsogen_identity, uts) + sizeof(struct vdsogen_utsname))

static void fill_name(char *name, char first, unsigned int n)
{
	for (unsigned int i = 0; i < VDSOGEN_UTS_SIZE - 1; i++)
		name[i] = (char)(first + (n + i) % 10);
	name[VDSOGEN_UTS_SIZE - 1] = 0;
}

/* All is known, and no field is like another's or that of another n. */
static struct vdsogen_identity someone(unsigned int n)
{
	struct vdsogen_identity identity = {
		.known = ALL, .pid = 1000 * n + 1, .ppid = 1000 * n + 2, .tid = 1000 * n + 3,
		.pgid = 1000 * n + 4, .sid = 1000 * n + 5, .nice = (int32_t)(n % 40) - 20,
		.uid = 1000 * n + 6, .euid = 1000 * n + 7, .gid = 1000 * n + 8, .egid = 1000 * n + 9,
	};

	fill_name(identity.uts.sysname, 'a', n);
	fill_name(identity.uts.nodename, 'k', n);
	fill_name(identity.uts.release, '0', n);
	fill_name(identity.uts.version, 'A', n);
	fill_name(identity.uts.machine, 'K', n);
	fill_name(identity.uts.domainname, 'p', n);
	return identity;
}

/* The fields one by one. */
static uint32_t *number_of(struct vdsogen_identity *identity, unsigned int field)
{
	switch (field) {
	case VDSOGEN_PID: return &identity->pid;
	case VDSOGEN_PPID: return &identity->ppid;
	case VDSOGEN_TID: return &identity->tid;
	case VDSOGEN_PGID: return &identity->pgid;
	case VDSOGEN_SID: return &identity->sid;
	case VDSOGEN_UID: return &identity->uid;
	case VDSOGEN_EUID: return &identity->euid;
	case VDSOGEN_GID: return &identity->gid;
	case VDSOGEN_EGID: return &identity->egid;
	}
	return NULL;
}

static const unsigned int pids[] = { VDSOGEN_PID, VDSOGEN_PPID, VDSOGEN_TID, VDSOGEN_PGID,
				     VDSOGEN_SID };
static const unsigned int users[] = { VDSOGEN_UID, VDSOGEN_EUID, VDSOGEN_GID, VDSOGEN_EGID };

static void copy_field(struct vdsogen_identity *to, struct vdsogen_identity *from,
		       unsigned int field)
{
	to->known = (to->known & ~BIT(field)) | (from->known & BIT(field));
	if (field == VDSOGEN_NICE)
		to->nice = from->nice;
	else if (field == VDSOGEN_UTSNAME)
		to->uts = from->uts;
	else
		*number_of(to, field) = *number_of(from, field);
}

/* What get() makes of it: zeros where nothing is known. */
static struct vdsogen_identity told(struct vdsogen_identity identity)
{
	struct vdsogen_identity result;

	memset(&result, 0, sizeof result);
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
		if (identity.known & BIT(f))
			copy_field(&result, &identity, f);
	return result;
}

static void expect(const struct vdsogen_process *process, struct vdsogen_identity expected)
{
	struct vdsogen_identity found;

	expected = told(expected);
	memset(&found, 0xa5, sizeof found);
	ck_assert_int_eq(vdsogen_process_get(process, &found), 0);
	ck_assert_mem_eq(&found, &expected, IDENTITY_SIZE);
}

/* A field as the emitted code reads it: a word that is its value and 1. */
static uint32_t shown_of(struct vdsogen_identity *identity, unsigned int field)
{
	if (!(identity->known & BIT(field)))
		return 0;
	if (field == VDSOGEN_NICE)
		return (uint32_t)(20 - identity->nice + 1);
	return field == VDSOGEN_UTSNAME ? 1 : *number_of(identity, field) + 1;
}

static void expect_shown(const struct vdsogen_process *process, struct vdsogen_identity identity)
{
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
		ck_assert_uint_eq(le32(process->shown[f]), shown_of(&identity, f));
	if (identity.known & BIT(VDSOGEN_UTSNAME))
		ck_assert_mem_eq(process->uts, &identity.uts, sizeof identity.uts);
}

static void expect_hidden(const struct vdsogen_process *process)
{
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
		ck_assert_uint_eq(process->shown[f], 0);
}

static void set(struct vdsogen_process *process, struct vdsogen_identity identity)
{
	ck_assert_int_eq(vdsogen_process_set(process, &identity), 0);
	expect(process, identity);
	expect_shown(process, identity);
	ck_assert_uint_eq(le32(process->seq) & 1, 0);
	ck_assert_uint_eq(process->shared, 0);
}

static const struct vdsogen_identity nobody;

/* -------------------------------------------------------------------------
 * Fields.
 */
START_TEST(process_zeros_are_nothing_known)
{
	struct vdsogen_process process = { .seq = 0 };

	expect(&process, nobody);
	expect_hidden(&process);
	ck_assert_int_eq(vdsogen_process_set(&process, &nobody), 0);
	expect(&process, nobody);
	expect_hidden(&process);
}
END_TEST

START_TEST(process_get_gives_what_was_set)
{
	struct vdsogen_process process = { .seq = 0 };

	for (unsigned int known = 0; known <= ALL; known++) {
		struct vdsogen_identity identity = someone(known);

		identity.known = known;
		set(&process, identity);
	}
}
END_TEST

START_TEST(process_block_is_laid_out_for_the_guest)
{
	struct vdsogen_process process;
	struct vdsogen_identity identity = someone(7);

	memset(&process, 0, sizeof process);
	set(&process, identity);
	ck_assert_uint_eq(offsetof(struct vdsogen_process, seq), 0);
	ck_assert_uint_eq(sizeof process % VDSOGEN_ALIGN, 0);
	ck_assert_uint_eq(sizeof(struct vdsogen_utsname), 6 * VDSOGEN_UTS_SIZE);
	ck_assert_uint_eq(le32(process.shown[VDSOGEN_PID]), 7002);
	ck_assert_uint_eq(le32(process.shown[VDSOGEN_NICE]), 20 + 13 + 1);
	/* what is behind the names is read with the last of them */
	ck_assert_mem_eq((char *)process.uts + sizeof identity.uts, "\0\0", 2);
}
END_TEST

/* One field with this value alone. */
static struct vdsogen_identity only(unsigned int field, uint32_t value)
{
	struct vdsogen_identity identity = nobody;

	identity.known = BIT(field);
	if (field == VDSOGEN_NICE)
		identity.nice = (int32_t)value;
	else
		*number_of(&identity, field) = value;
	return identity;
}

static void refuse(struct vdsogen_identity identity)
{
	struct vdsogen_process process = { .seq = 0 }, before;

	set(&process, someone(1));
	before = process;
	ck_assert_int_eq(vdsogen_process_set(&process, &identity), -VDSOGEN_ERR_VALUE);
	ck_assert_int_eq(vdsogen_process_change(&process, ALL, &identity), -VDSOGEN_ERR_VALUE);
	ck_assert_int_eq(vdsogen_process_change(&process, identity.known & ALL, &identity),
			 -VDSOGEN_ERR_VALUE);
	ck_assert_mem_eq(&process, &before, sizeof process);
}

/* Taken when it is not known, or not to be changed. */
static void ignore(struct vdsogen_identity identity, unsigned int field)
{
	struct vdsogen_process process = { .seq = 0 };

	set(&process, someone(1));
	ck_assert_int_eq(vdsogen_process_change(&process, ALL & ~BIT(field), &identity), 0);
	identity.known = 0;
	ck_assert_int_eq(vdsogen_process_set(&process, &identity), 0);
	expect(&process, nobody);
}

START_TEST(process_ranges_have_edges)
{
	static const uint32_t pids_taken[] = { 0, 1, INT32_MAX };
	static const uint32_t pids_refused[] = { (uint32_t)INT32_MAX + 1, UINT32_MAX };
	static const uint32_t users_taken[] = { 0, INT32_MAX, UINT32_MAX - 1 };
	struct vdsogen_process process = { .seq = 0 };

	for (unsigned int i = 0; i < COUNT(pids); i++) {
		for (unsigned int j = 0; j < COUNT(pids_taken); j++)
			set(&process, only(pids[i], pids_taken[j]));
		for (unsigned int j = 0; j < COUNT(pids_refused); j++) {
			refuse(only(pids[i], pids_refused[j]));
			ignore(only(pids[i], pids_refused[j]), pids[i]);
		}
	}
	for (unsigned int i = 0; i < COUNT(users); i++) {
		for (unsigned int j = 0; j < COUNT(users_taken); j++)
			set(&process, only(users[i], users_taken[j]));
		refuse(only(users[i], UINT32_MAX));
		ignore(only(users[i], UINT32_MAX), users[i]);
	}
	for (int nice = -20; nice <= 19; nice++)
		set(&process, only(VDSOGEN_NICE, (uint32_t)nice));
	refuse(only(VDSOGEN_NICE, (uint32_t)-21));
	refuse(only(VDSOGEN_NICE, 20));
	refuse(only(VDSOGEN_NICE, (uint32_t)INT32_MIN));
	ignore(only(VDSOGEN_NICE, 20), VDSOGEN_NICE);
}
END_TEST

START_TEST(process_unknown_fields_are_refused)
{
	struct vdsogen_process process = { .seq = 0 }, before;
	struct vdsogen_identity identity = someone(1);

	set(&process, identity);
	before = process;
	for (unsigned int f = VDSOGEN_FIELDS; f < 32; f++) {
		ck_assert_int_eq(vdsogen_process_change(&process, BIT(f), &identity),
				 -VDSOGEN_ERR_VALUE);
		identity.known = ALL | BIT(f);
		ck_assert_int_eq(vdsogen_process_set(&process, &identity), -VDSOGEN_ERR_VALUE);
		ck_assert_int_eq(vdsogen_process_change(&process, BIT(VDSOGEN_PID), &identity),
				 -VDSOGEN_ERR_VALUE);
		identity.known = ALL;
	}
	ck_assert_mem_eq(&process, &before, sizeof process);
}
END_TEST

static char *name_of(struct vdsogen_identity *identity, unsigned int i)
{
	return (char *)&identity->uts + i * sizeof identity->uts.sysname;
}

#define NAMES (sizeof(struct vdsogen_utsname) / VDSOGEN_UTS_SIZE)

START_TEST(process_names_end)
{
	struct vdsogen_process process = { .seq = 0 };

	for (unsigned int i = 0; i < NAMES; i++) {
		struct vdsogen_identity identity = someone(3);

		for (unsigned int size = 0; size < VDSOGEN_UTS_SIZE; size++) {
			memset(name_of(&identity, i), 0, VDSOGEN_UTS_SIZE);
			memset(name_of(&identity, i), -1, size);
			set(&process, identity);
		}
		memset(name_of(&identity, i), 'x', VDSOGEN_UTS_SIZE);
		refuse(identity);
		ignore(identity, VDSOGEN_UTSNAME);
	}
}
END_TEST

/* Nothing of the host's memory behind a name's end comes to the guest. */
START_TEST(process_bytes_behind_a_name_are_not_shown)
{
	struct vdsogen_process process = { .seq = 0 };
	struct vdsogen_identity clean = someone(3), dirty;

	memset(&clean.uts, 0, sizeof clean.uts);
	for (unsigned int i = 0; i < NAMES; i++)
		memcpy(name_of(&clean, i), "name", i);
	dirty = clean;
	for (unsigned int i = 0; i < NAMES; i++)
		memset(name_of(&dirty, i) + strlen(name_of(&clean, i)) + 1, 'x',
		       VDSOGEN_UTS_SIZE - 1 - strlen(name_of(&clean, i)));
	ck_assert_int_eq(vdsogen_process_set(&process, &dirty), 0);
	expect(&process, clean);
	ck_assert_int_eq(vdsogen_process_set(&process, &nobody), 0);
	ck_assert_int_eq(vdsogen_process_change(&process, ALL, &dirty), 0);
	expect(&process, clean);
	/* and names that are not known any more are gone */
	ck_assert_int_eq(vdsogen_process_change(&process, BIT(VDSOGEN_UTSNAME), &nobody), 0);
	for (unsigned int i = 0; i < COUNT(process.uts); i++)
		ck_assert_uint_eq(process.uts[i], 0);
}
END_TEST

START_TEST(process_set_heeds_nothing_that_was_there)
{
	for (unsigned int i = 0; i < 1000; i++) {
		struct vdsogen_process process;

		for (unsigned int j = 0; j < sizeof process / sizeof(uint64_t); j++)
			((uint64_t *)&process)[j] = random64();
		if (i < 4)	/* the counts' edges */
			process.seq = le32(UINT32_MAX - 1 + i);
		set(&process, someone(i));
		/* and life goes on */
		ck_assert_int_eq(vdsogen_process_thread(&process), 0);
	}
}
END_TEST

START_TEST(process_changes_of_any_fields_leave_the_others)
{
	struct vdsogen_identity a = someone(1), b = someone(2), now = a;
	struct vdsogen_process process = { .seq = 0 };

	set(&process, a);
	for (uint32_t fields = 0; fields <= ALL; fields++) {
		struct vdsogen_identity *to = fields & 1 ? &b : &a;

		/* some become unknown, and known again later */
		to->known = (uint32_t)random64() & ALL;
		ck_assert_int_eq(vdsogen_process_change(&process, fields, to), 0);
		for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
			if (fields & BIT(f))
				copy_field(&now, to, f);
		now = told(now);
		expect(&process, now);
		expect_shown(&process, now);
	}
}
END_TEST

START_TEST(process_fields_become_unknown_and_known)
{
	struct vdsogen_process process = { .seq = 0 };
	struct vdsogen_identity identity = someone(5), less;

	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++) {
		set(&process, identity);
		less = identity;
		less.known &= ~BIT(f);
		for (unsigned int i = 0; i < 2; i++) {
			ck_assert_int_eq(vdsogen_process_change(&process, BIT(f), &nobody), 0);
			expect(&process, less);
			expect_shown(&process, less);
		}
		ck_assert_int_eq(vdsogen_process_change(&process, BIT(f), &identity), 0);
		expect(&process, identity);
		expect_shown(&process, identity);
	}
}
END_TEST

START_TEST(process_misaligned_is_refused)
{
	struct vdsogen_process room[2] = { { .seq = 0 } }, before[2] = { { .seq = 0 } }, good;
	struct vdsogen_identity identity = someone(1);

	memset(&good, 0, sizeof good);
	for (unsigned int by = 0; by < VDSOGEN_ALIGN; by++) {
		struct vdsogen_process *bad = by ? (void *)((char *)room + by) : NULL;

		ck_assert_int_eq(vdsogen_process_set(bad, &identity), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_get(bad, &identity), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_change(bad, ALL, &identity), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_fork(bad, &good, 1, 1), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_fork(&good, bad, 1, 1), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_vfork(bad), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_vfork_end(bad), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_thread(bad), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_exec(bad, &good), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_process_exec(&good, bad), -VDSOGEN_ERR_ALIGN);
	}
	ck_assert_mem_eq(room, before, sizeof room);
	ck_assert_mem_eq(&good, before, sizeof good);
	ck_assert_uint_eq(identity.pid, someone(1).pid);
}
END_TEST

/* -------------------------------------------------------------------------
 * Events.
 */
static struct vdsogen_identity forked(struct vdsogen_identity parent, uint32_t pid, uint32_t ppid)
{
	parent.pid = parent.tid = pid;
	parent.ppid = ppid;
	parent.known |= BIT(VDSOGEN_PID) | BIT(VDSOGEN_TID) | BIT(VDSOGEN_PPID);
	return parent;
}

START_TEST(process_fork_gives_a_child)
{
	struct vdsogen_process parent = { .seq = 0 }, child, before;
	struct vdsogen_identity identity = someone(1);

	/* into zeros, garbage, and a copy of the parent's page */
	for (unsigned int i = 0; i < 3; i++) {
		set(&parent, identity);
		before = parent;
		memset(&child, i == 1 ? 0xff : 0, sizeof child);
		if (i == 2)
			child = parent;
		ck_assert_int_eq(vdsogen_process_fork(&child, &parent, 77, identity.pid), 0);
		expect(&child, forked(identity, 77, identity.pid));
		expect_shown(&child, forked(identity, 77, identity.pid));
		ck_assert_mem_eq(&parent, &before, sizeof parent);
	}
	/* the copy is at the parent's address */
	ck_assert_int_eq(vdsogen_process_fork(&parent, &parent, 78, identity.pid), 0);
	expect(&parent, forked(identity, 78, identity.pid));
	expect_shown(&parent, forked(identity, 78, identity.pid));
}
END_TEST

START_TEST(process_fork_of_who_is_not_known)
{
	struct vdsogen_process parent = { .seq = 0 }, child;
	struct vdsogen_identity identity = nobody;

	ck_assert_int_eq(vdsogen_process_fork(&child, &parent, INT32_MAX, 0), 0);
	expect(&child, forked(identity, INT32_MAX, 0));
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++) {
		identity = someone(f);
		identity.known &= ~BIT(f);
		set(&parent, identity);
		ck_assert_int_eq(vdsogen_process_fork(&child, &parent, 5, 6), 0);
		expect(&child, forked(identity, 5, 6));
	}
}
END_TEST

START_TEST(process_fork_of_who_is_shared)
{
	struct vdsogen_process parent = { .seq = 0 }, child;
	struct vdsogen_identity identity = someone(4);

	set(&parent, identity);
	ck_assert_int_eq(vdsogen_process_vfork(&parent), 0);
	child = parent;
	ck_assert_int_eq(vdsogen_process_fork(&child, &parent, 5, 6), 0);
	expect(&child, forked(identity, 5, 6));
	expect_shown(&child, forked(identity, 5, 6));
	ck_assert_uint_eq(child.shared, 0);
	expect_hidden(&parent);
}
END_TEST

START_TEST(process_fork_has_errors)
{
	struct vdsogen_process parent = { .seq = 0 }, child, before;

	set(&parent, someone(1));
	memset(&child, 0x5a, sizeof child);
	before = child;
	ck_assert_int_eq(vdsogen_process_fork(&child, &parent, (uint32_t)INT32_MAX + 1, 1),
			 -VDSOGEN_ERR_VALUE);
	ck_assert_int_eq(vdsogen_process_fork(&child, &parent, 1, UINT32_MAX), -VDSOGEN_ERR_VALUE);
	parent.seq = le32(le32(parent.seq) + 1);
	ck_assert_int_eq(vdsogen_process_fork(&child, &parent, 1, 1), -VDSOGEN_ERR_BUSY);
	ck_assert_mem_eq(&child, &before, sizeof child);
}
END_TEST

START_TEST(process_vforks_are_counted)
{
	struct vdsogen_process process = { .seq = 0 };
	struct vdsogen_identity identity = someone(1);

	set(&process, identity);
	for (unsigned int deep = 1; deep <= 3; deep++) {
		ck_assert_int_eq(vdsogen_process_vfork(&process), 0);
		ck_assert_uint_eq(le32(process.shared), deep);
		expect_hidden(&process);
		expect(&process, identity);
	}
	for (unsigned int deep = 3; deep--;) {
		expect_hidden(&process);
		ck_assert_int_eq(vdsogen_process_vfork_end(&process), 0);
		ck_assert_uint_eq(le32(process.shared), deep);
		expect(&process, identity);
	}
	expect_shown(&process, identity);
}
END_TEST

START_TEST(process_vforks_have_ends)
{
	struct vdsogen_process process = { .seq = 0 }, before;

	set(&process, someone(1));
	before = process;
	ck_assert_int_eq(vdsogen_process_vfork_end(&process), -VDSOGEN_ERR_VALUE);
	ck_assert_mem_eq(&process, &before, sizeof process);
	process.shared = before.shared = UINT32_MAX;
	ck_assert_int_eq(vdsogen_process_vfork(&process), -VDSOGEN_ERR_VALUE);
	ck_assert_mem_eq(&process, &before, sizeof process);
	ck_assert_int_eq(vdsogen_process_vfork_end(&process), 0);
	ck_assert_uint_eq(le32(process.shared), UINT32_MAX - 1);
}
END_TEST

START_TEST(process_changes_while_shared_come_out_at_the_end)
{
	struct vdsogen_process process = { .seq = 0 };
	struct vdsogen_identity identity = someone(1), later = someone(2);

	for (uint32_t fields = 0; fields <= ALL; fields += 1 + fields / 8) {
		struct vdsogen_identity now = identity;

		set(&process, identity);
		ck_assert_int_eq(vdsogen_process_vfork(&process), 0);
		ck_assert_int_eq(vdsogen_process_change(&process, fields, &later), 0);
		for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
			if (fields & BIT(f))
				copy_field(&now, &later, f);
		expect_hidden(&process);
		expect(&process, now);
		ck_assert_int_eq(vdsogen_process_vfork_end(&process), 0);
		expect_shown(&process, now);
		expect(&process, now);
	}
}
END_TEST

START_TEST(process_thread_makes_the_tid_unknown)
{
	struct vdsogen_process process = { .seq = 0 };
	struct vdsogen_identity identity = someone(1);

	set(&process, identity);
	identity.known &= ~BIT(VDSOGEN_TID);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_int_eq(vdsogen_process_thread(&process), 0);
		expect(&process, identity);
		expect_shown(&process, identity);
	}
	ck_assert_int_eq(vdsogen_process_vfork(&process), 0);
	ck_assert_int_eq(vdsogen_process_thread(&process), 0);
	ck_assert_int_eq(vdsogen_process_vfork_end(&process), 0);
	expect_shown(&process, identity);
}
END_TEST

static void expect_exec(const struct vdsogen_process *process, struct vdsogen_identity identity)
{
	identity.tid = identity.pid;
	identity.known &= ~BIT(VDSOGEN_TID);
	identity.known |= identity.known & BIT(VDSOGEN_PID) ? BIT(VDSOGEN_TID) : 0;
	expect(process, identity);
	expect_shown(process, identity);
	ck_assert_uint_eq(process->shared, 0);
}

START_TEST(process_exec_has_one_thread)
{
	struct vdsogen_process old = { .seq = 0 }, new, before;
	struct vdsogen_identity identity = someone(1);

	/* all known; after a thread; of unknown pid; after a vfork that has ended */
	for (unsigned int i = 0; i < 4; i++) {
		set(&old, identity);
		if (i == 1)
			ck_assert_int_eq(vdsogen_process_thread(&old), 0);
		if (i == 2)
			ck_assert_int_eq(vdsogen_process_change(&old, BIT(VDSOGEN_PID), &nobody), 0);
		if (i == 3) {
			ck_assert_int_eq(vdsogen_process_vfork(&old), 0);
			ck_assert_int_eq(vdsogen_process_vfork_end(&old), 0);
		}
		identity = someone(1);
		identity.known &= ~(i == 2 ? BIT(VDSOGEN_PID) : 0);
		before = old;
		memset(&new, 0xff, sizeof new);
		ck_assert_int_eq(vdsogen_process_exec(&new, &old), 0);
		ck_assert_mem_eq(&old, &before, sizeof old);
		expect_exec(&new, identity);
		ck_assert_int_eq(vdsogen_process_exec(&old, &old), 0);
		expect_exec(&old, identity);
		identity = someone(1);
	}
	old.seq = le32(le32(old.seq) + 1);
	before = new;
	ck_assert_int_eq(vdsogen_process_exec(&new, &old), -VDSOGEN_ERR_BUSY);
	ck_assert_mem_eq(&new, &before, sizeof new);
}
END_TEST

/* -------------------------------------------------------------------------
 * Publishers, dead and alive.
 */
static void expect_busy(struct vdsogen_process *process)
{
	struct vdsogen_process before = *process, other;
	struct vdsogen_identity identity = someone(1), found = identity;

	ck_assert_int_eq(vdsogen_process_get(process, &found), -VDSOGEN_ERR_BUSY);
	ck_assert_mem_eq(&found, &identity, IDENTITY_SIZE);
	ck_assert_int_eq(vdsogen_process_change(process, ALL, &identity), -VDSOGEN_ERR_BUSY);
	ck_assert_int_eq(vdsogen_process_change(process, 0, &identity), -VDSOGEN_ERR_BUSY);
	ck_assert_int_eq(vdsogen_process_fork(&other, process, 1, 1), -VDSOGEN_ERR_BUSY);
	ck_assert_int_eq(vdsogen_process_vfork(process), -VDSOGEN_ERR_BUSY);
	ck_assert_int_eq(vdsogen_process_vfork_end(process), -VDSOGEN_ERR_BUSY);
	ck_assert_int_eq(vdsogen_process_thread(process), -VDSOGEN_ERR_BUSY);
	ck_assert_int_eq(vdsogen_process_exec(&other, process), -VDSOGEN_ERR_BUSY);
	ck_assert_mem_eq(process, &before, sizeof before);
}

START_TEST(process_has_one_publisher_at_a_time)
{
	static const uint32_t counts[] = { 1, 3, INT32_MAX, UINT32_MAX };
	struct vdsogen_process process = { .seq = 0 };

	for (unsigned int i = 0; i < COUNT(counts); i++) {
		ck_assert_int_eq(vdsogen_process_set(&process, &nobody), 0);
		process.seq = le32(counts[i]);
		expect_busy(&process);
		set(&process, someone(2));
		ck_assert_uint_eq(le32(process.seq), counts[i] + 1);
	}
}
END_TEST

START_TEST(process_counts_grow_and_wrap)
{
	struct vdsogen_process process = { .seq = le32(UINT32_MAX - 5) };
	struct vdsogen_identity identity = someone(1);

	for (uint32_t seq = UINT32_MAX - 5; seq != 6; seq += 2) {
		ck_assert_uint_eq(le32(process.seq), seq);
		ck_assert_int_eq(vdsogen_process_change(&process, ALL, &identity), 0);
		expect(&process, identity);
	}
	ck_assert_int_eq(vdsogen_process_vfork(&process), 0);
	ck_assert_int_eq(vdsogen_process_vfork_end(&process), 0);
	ck_assert_int_eq(vdsogen_process_thread(&process), 0);
	ck_assert_int_eq(vdsogen_process_set(&process, &identity), 0);
	ck_assert_uint_eq(le32(process.seq), 6 + 4 * 2);
}
END_TEST

/* What a publisher does, one instruction at a time. */
static void act_set(void *block)
{
	struct vdsogen_identity identity = someone(2);

	vdsogen_process_set(block, &identity);
}

static void act_change(void *block)
{
	struct vdsogen_identity identity = someone(2);

	identity.known &= ~BIT(VDSOGEN_SID);
	vdsogen_process_change(block, ALL & ~BIT(VDSOGEN_GID), &identity);
}

static void act_vfork(void *block)
{
	vdsogen_process_vfork(block);
}

static void act_vfork_end(void *block)
{
	vdsogen_process_vfork_end(block);
}

static void act_thread(void *block)
{
	vdsogen_process_thread(block);
}

static void act_fork(void *block)
{
	vdsogen_process_fork(block, block, 5, 6);
}

static void act_exec(void *block)
{
	vdsogen_process_exec(block, block);
}

static const struct {
	void (*act)(void *block);
	bool in_the_middle;	/* of another publisher's work */
	bool shared;
} deeds[] = {
	{ act_set, false, false }, { act_set, true, false }, { act_change, false, false },
	{ act_vfork, false, false }, { act_vfork, false, true }, { act_vfork_end, false, true },
	{ act_change, false, true }, { act_thread, false, false }, { act_fork, false, false },
	{ act_exec, false, false },
};

/* All that is under the count. */
static bool same_counted(const struct vdsogen_process *a, const struct vdsogen_process *b)
{
	for (unsigned int f = VDSOGEN_UID; f <= VDSOGEN_UTSNAME; f++)
		if (a->shown[f] != b->shown[f])
			return false;
	return !a->shown[VDSOGEN_UTSNAME] || !memcmp(a->uts, b->uts, sizeof a->uts);
}

static void check_mid(const struct vdsogen_process *mid, const struct vdsogen_process *old,
		      const struct vdsogen_process *new)
{
	struct vdsogen_process process = *mid;
	struct vdsogen_identity found;

	/* a word of one process or of the other */
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
		ck_assert(mid->shown[f] == old->shown[f] || mid->shown[f] == new->shown[f]);
	if (!(le32(mid->seq) & 1)) {
		const struct vdsogen_process *whole = mid->seq == old->seq ? old : new;

		ck_assert_uint_eq(mid->seq, whole->seq);
		ck_assert(same_counted(mid, whole));
		ck_assert_int_eq(vdsogen_process_get(mid, &found), 0);
	} else {
		expect_busy(&process);
	}
	/* a publisher that died here: the next one mends it */
	set(&process, someone(3));
}

#define STATES_MAX 400

START_TEST(process_mends_death_at_every_instruction)
{
	static struct vdsogen_process states[STATES_MAX];
	struct vdsogen_process *process = shared_block(sizeof *process);
	const struct steps steps = { deeds[_i].act, process, sizeof *process, states, STATES_MAX };
	struct vdsogen_process old;
	unsigned int count;

	set(process, someone(1));
	if (deeds[_i].shared)
		ck_assert_int_eq(vdsogen_process_vfork(process), 0);
	if (deeds[_i].in_the_middle)
		process->seq = le32(le32(process->seq) + 1);
	old = *process;
	count = take_steps(&steps);
	ck_assert_msg(!count || count > 2, "%u states", count);
	for (unsigned int i = 0; i < count; i++)
		check_mid(&states[i], &old, process);
	if (count)
		ck_assert_uint_eq(le32(process->seq) & 1, 0);
	munmap(process, sizeof *process);
}
END_TEST

/* -------------------------------------------------------------------------
 * Threads.
 */
#define CHANGES 100000
#define PERSONS 8
#define REST 64	/* loads between two changes, so that readers find it at rest */

static struct {
	struct vdsogen_process process;
	struct vdsogen_identity person[PERSONS];
	_Atomic bool done;
	_Atomic unsigned long reads;
} race;

static unsigned long change_often(void)
{
	unsigned long changes = 0;

	for (unsigned int i = 0; i < CHANGES; i++) {
		changes += !vdsogen_process_change(&race.process, ALL, &race.person[i % PERSONS]);
		for (unsigned int j = 0; j < REST; j++)
			(void)__atomic_load_n(&race.process.seq, __ATOMIC_RELAXED);
	}
	return changes;
}

/* An identity is one of those that were told, or the reader is told to ask again. */
static const char *get_once(void)
{
	struct vdsogen_identity found;
	int error = vdsogen_process_get(&race.process, &found);

	if (error)
		return error == -VDSOGEN_ERR_BUSY ? NULL : "an error that is not BUSY";
	race.reads++;
	if (memcmp(&found, &race.person[found.pid / 1000], IDENTITY_SIZE) != 0)
		return "a mixture";
	return NULL;
}

static void *get_often(void *arg)
{
	const char *fault = NULL;

	(void)arg;
	while (!race.done && !fault)
		fault = get_once();
	return (void *)fault;
}

START_TEST(process_get_beside_changes_gives_no_mixture)
{
	unsigned long changes;
	pthread_t reader;
	uint32_t seq;
	void *fault;

	for (unsigned int i = 0; i < PERSONS; i++)
		race.person[i] = someone(i);
	set(&race.process, race.person[0]);
	seq = le32(race.process.seq);
	ck_assert_int_eq(pthread_create(&reader, NULL, get_often, NULL), 0);
	changes = do_at_once(2, change_often);
	race.done = true;
	ck_assert_int_eq(pthread_join(reader, &fault), 0);
	ck_assert_msg(!fault, "%s", (const char *)fault);
	ck_assert_uint_gt(changes, 0);
	ck_assert_uint_gt(race.reads, 0);
	/* each change took two counts, and none was taken twice */
	ck_assert_uint_eq(le32(race.process.seq), seq + 2 * (uint32_t)changes);
}
END_TEST

static TCase *fields(void)
{
	TCase *tc = tcase_create("fields");

	tcase_add_test(tc, process_zeros_are_nothing_known);
	tcase_add_test(tc, process_get_gives_what_was_set);
	tcase_add_test(tc, process_block_is_laid_out_for_the_guest);
	tcase_add_test(tc, process_ranges_have_edges);
	tcase_add_test(tc, process_unknown_fields_are_refused);
	tcase_add_test(tc, process_names_end);
	tcase_add_test(tc, process_bytes_behind_a_name_are_not_shown);
	tcase_add_test(tc, process_set_heeds_nothing_that_was_there);
	tcase_add_test(tc, process_changes_of_any_fields_leave_the_others);
	tcase_add_test(tc, process_fields_become_unknown_and_known);
	tcase_add_test(tc, process_misaligned_is_refused);
	return tc;
}

static TCase *events(void)
{
	TCase *tc = tcase_create("events");

	tcase_add_test(tc, process_fork_gives_a_child);
	tcase_add_test(tc, process_fork_of_who_is_not_known);
	tcase_add_test(tc, process_fork_of_who_is_shared);
	tcase_add_test(tc, process_fork_has_errors);
	tcase_add_test(tc, process_vforks_are_counted);
	tcase_add_test(tc, process_vforks_have_ends);
	tcase_add_test(tc, process_changes_while_shared_come_out_at_the_end);
	tcase_add_test(tc, process_thread_makes_the_tid_unknown);
	tcase_add_test(tc, process_exec_has_one_thread);
	return tc;
}

static TCase *publishers(void)
{
	TCase *tc = tcase_create("publishers");

	tcase_add_test(tc, process_has_one_publisher_at_a_time);
	tcase_add_test(tc, process_counts_grow_and_wrap);
	tcase_add_loop_test(tc, process_mends_death_at_every_instruction, 0, COUNT(deeds));
	tcase_add_test(tc, process_get_beside_changes_gives_no_mixture);
	return tc;
}

Suite *process_suite(void)
{
	Suite *s = suite_create("process");

	suite_add_tcase(s, fields());
	suite_add_tcase(s, events());
	suite_add_tcase(s, publishers());
	return s;
}
