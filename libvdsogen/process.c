/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Publishing identity. `seq` is the publishers' lock and the readers' count: odd
 * while one works. It goes from even to odd by compare-exchange, so that two
 * publishers cannot both win; no store of the fields is seen before that (a full
 * fence), and none after the count is even again (a release).
 *
 * A reader of one word (pid and the like) heeds no count. For those order is made
 * by what starts the reader: a child or a thread runs after the call that tells of
 * it has returned.
 */
#include "env.h"
#include "block.h"

static uint32_t load_seq(const struct vdsogen_process *process)
{
	return VG_LE32(__atomic_load_n(&process->seq, __ATOMIC_ACQUIRE));
}

/* Locks; *seq is the count at rest. */
VG_INLINE_ATOMICS static int begin(struct vdsogen_process *process, uint32_t *seq)
{
	uint32_t was;

	*seq = load_seq(process);
	was = VG_LE32(*seq);
	if (*seq & 1 || !__atomic_compare_exchange_n(&process->seq, &was, VG_LE32(*seq | 1), false,
						     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return -VDSOGEN_ERR_BUSY;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}

/* Unlocks with the next count, or the old one where nothing was written. */
static void end(struct vdsogen_process *process, uint32_t seq)
{
	__atomic_store_n(&process->seq, VG_LE32(seq), __ATOMIC_RELEASE);
}

static uint32_t next_seq(uint32_t seq)
{
	return (seq | 1) + 1;
}

/* ---------------------------------------------------------------- fields -- */

static bool is_known(const struct vdsogen_identity *identity, unsigned int field)
{
	return identity->known >> field & 1;
}

/* A field as it is shown; 0: unknown. */
static uint32_t shown(const struct vdsogen_identity *identity, unsigned int field)
{
	const uint32_t value[VDSOGEN_FIELDS] = {
		[VDSOGEN_PID] = identity->pid,
		[VDSOGEN_PPID] = identity->ppid,
		[VDSOGEN_TID] = identity->tid,
		[VDSOGEN_PGID] = identity->pgid,
		[VDSOGEN_SID] = identity->sid,
		[VDSOGEN_NICE] = (uint32_t)VG_PRIORITY_OF_NICE(identity->nice),
		[VDSOGEN_UID] = identity->uid,
		[VDSOGEN_EUID] = identity->euid,
		[VDSOGEN_GID] = identity->gid,
		[VDSOGEN_EGID] = identity->egid,
	};

	return is_known(identity, field) ? value[field] + 1 : 0;
}

/* And back. */
static void take_shown(struct vdsogen_identity *identity, const uint32_t own[VDSOGEN_FIELDS])
{
	uint32_t value[VDSOGEN_FIELDS];

	identity->known = 0;
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++) {
		identity->known |= (uint32_t)(own[f] != 0) << f;
		value[f] = own[f] ? own[f] - 1 : 0;
	}
	identity->pid = value[VDSOGEN_PID];
	identity->ppid = value[VDSOGEN_PPID];
	identity->tid = value[VDSOGEN_TID];
	identity->pgid = value[VDSOGEN_PGID];
	identity->sid = value[VDSOGEN_SID];
	identity->nice = is_known(identity, VDSOGEN_NICE) ?
			 VG_PRIORITY_OF_NICE((int32_t)value[VDSOGEN_NICE]) : 0;
	identity->uid = value[VDSOGEN_UID];
	identity->euid = value[VDSOGEN_EUID];
	identity->gid = value[VDSOGEN_GID];
	identity->egid = value[VDSOGEN_EGID];
}

static bool good_name(const char *name)
{
	for (unsigned int i = 0; i < VDSOGEN_UTS_SIZE; i++)
		if (!name[i])
			return true;
	return false;
}

static bool good_uts(const struct vdsogen_utsname *uts)
{
	for (size_t at = 0; at < sizeof *uts; at += VDSOGEN_UTS_SIZE)
		if (!good_name((const char *)uts + at))
			return false;
	return true;
}

/* Ranges: pids of Linux are not negative; a user or group of all ones is none. */
static bool good_identity(const struct vdsogen_identity *identity, uint32_t fields)
{
	const uint32_t ids[] = { identity->pid, identity->ppid, identity->tid, identity->pgid,
				 identity->sid };
	const uint32_t users[] = { identity->uid, identity->euid, identity->gid, identity->egid };

	fields &= identity->known;
	for (unsigned int i = 0; i < sizeof ids / sizeof *ids; i++)
		if (fields >> (VDSOGEN_PID + i) & 1 && ids[i] > INT32_MAX)
			return false;
	for (unsigned int i = 0; i < sizeof users / sizeof *users; i++)
		if (fields >> (VDSOGEN_UID + i) & 1 && users[i] == UINT32_MAX)
			return false;
	if (fields >> VDSOGEN_NICE & 1 && (identity->nice < -20 || identity->nice > 19))
		return false;
	return !(fields >> VDSOGEN_UTSNAME & 1) || good_uts(&identity->uts);
}

#define ALL_FIELDS ((1u << VDSOGEN_FIELDS) - 1)

static bool good_fields(const struct vdsogen_identity *identity, uint32_t fields)
{
	return !(fields & ~ALL_FIELDS) && !(identity->known & ~ALL_FIELDS) &&
	       good_identity(identity, fields);
}

/* ----------------------------------------------------------------- block -- */

/* Shows all that is the process's own; to a child of vfork nothing. */
static void show(struct vdsogen_process *process)
{
	bool hide = vg_load32(&process->shared);

	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
		vg_store32(&process->shown[f], hide ? 0 : vg_load32(&process->own[f]));
}

#define UTS_WORDS (sizeof ((struct vdsogen_process *)0)->uts / sizeof(uint64_t))

/* Zeros behind the end, as in Linux: what the caller's memory held there is not the guest's. */
static void copy_name(char *to, const char *from)
{
	for (unsigned int i = 0; i < VDSOGEN_UTS_SIZE && from[i]; i++)
		to[i] = from[i];
}

/* The names as bytes, no byte order to mind; all zeros where they are not known. */
static void store_uts(struct vdsogen_process *process, const struct vdsogen_identity *identity)
{
	const char *names = (const char *)&identity->uts;
	uint64_t word[UTS_WORDS] = { 0 };

	if (is_known(identity, VDSOGEN_UTSNAME))
		for (size_t at = 0; at < sizeof identity->uts; at += VDSOGEN_UTS_SIZE)
			copy_name((char *)word + at, names + at);
	for (unsigned int i = 0; i < UTS_WORDS; i++)
		__atomic_store_n(&process->uts[i], word[i], __ATOMIC_RELAXED);
}

static void load_uts(const struct vdsogen_process *process, struct vdsogen_utsname *uts)
{
	uint64_t word[UTS_WORDS];

	for (unsigned int i = 0; i < UTS_WORDS; i++)
		word[i] = __atomic_load_n(&process->uts[i], __ATOMIC_RELAXED);
	memcpy(uts, word, sizeof *uts);
}

static void store_fields(struct vdsogen_process *process, uint32_t fields,
			 const struct vdsogen_identity *identity)
{
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
		if (fields >> f & 1)
			vg_store32(&process->own[f], shown(identity, f));
	if (fields >> VDSOGEN_UTSNAME & 1)
		store_uts(process, identity);
	show(process);
}

int vdsogen_process_set(struct vdsogen_process *process, const struct vdsogen_identity *identity)
{
	uint32_t seq;

	if (vg_misaligned(process))
		return -VDSOGEN_ERR_ALIGN;
	if (!good_fields(identity, ALL_FIELDS))
		return -VDSOGEN_ERR_VALUE;
	seq = load_seq(process);	/* whoever held it: it is a copy, or is dead */
	__atomic_store_n(&process->seq, VG_LE32(seq | 1), __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vg_store32(&process->shared, 0);
	store_fields(process, ALL_FIELDS, identity);
	end(process, next_seq(seq));
	return 0;
}

int vdsogen_process_get(const struct vdsogen_process *process, struct vdsogen_identity *identity)
{
	struct vdsogen_identity found;
	uint32_t own[VDSOGEN_FIELDS], seq;

	if (vg_misaligned(process))
		return -VDSOGEN_ERR_ALIGN;
	seq = load_seq(process);
	for (unsigned int f = 0; f < VDSOGEN_FIELDS; f++)
		own[f] = vg_load32(&process->own[f]);
	load_uts(process, &found.uts);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);	/* the recheck is loaded after the fields */
	if (seq & 1 || load_seq(process) != seq)
		return -VDSOGEN_ERR_BUSY;
	take_shown(&found, own);
	*identity = found;
	return 0;
}

int vdsogen_process_change(struct vdsogen_process *process, uint32_t fields,
			   const struct vdsogen_identity *identity)
{
	uint32_t seq;
	int error;

	if (vg_misaligned(process))
		return -VDSOGEN_ERR_ALIGN;
	if (!good_fields(identity, fields))
		return -VDSOGEN_ERR_VALUE;
	error = begin(process, &seq);
	if (error)
		return error;
	store_fields(process, fields, identity);
	end(process, next_seq(seq));
	return 0;
}

/* ------------------------------------------------- what happens to processes -- */

int vdsogen_process_fork(struct vdsogen_process *child, const struct vdsogen_process *parent,
			 uint32_t pid, uint32_t ppid)
{
	struct vdsogen_identity identity;
	int error = vdsogen_process_get(parent, &identity);

	if (error)
		return error;
	identity.pid = identity.tid = pid;
	identity.ppid = ppid;
	identity.known |= 1u << VDSOGEN_PID | 1u << VDSOGEN_TID | 1u << VDSOGEN_PPID;
	return vdsogen_process_set(child, &identity);
}

int vdsogen_process_exec(struct vdsogen_process *process, const struct vdsogen_process *old)
{
	const uint32_t pid = 1u << VDSOGEN_PID, tid = 1u << VDSOGEN_TID;
	struct vdsogen_identity identity;
	int error = vdsogen_process_get(old, &identity);

	if (error)
		return error;
	identity.tid = identity.pid;
	identity.known &= ~tid;
	if (identity.known & pid)
		identity.known |= tid;
	return vdsogen_process_set(process, &identity);
}

/* One more child that shares the block, or one less. */
static int share(struct vdsogen_process *process, bool more)
{
	uint32_t seq, shared;
	int error = vg_misaligned(process) ? -VDSOGEN_ERR_ALIGN : begin(process, &seq);

	if (error)
		return error;
	shared = vg_load32(&process->shared);
	if (shared == (more ? UINT32_MAX : 0)) {
		end(process, seq);
		return -VDSOGEN_ERR_VALUE;
	}
	vg_store32(&process->shared, more ? shared + 1 : shared - 1);
	show(process);
	end(process, next_seq(seq));
	return 0;
}

int vdsogen_process_vfork(struct vdsogen_process *process)
{
	return share(process, true);
}

int vdsogen_process_vfork_end(struct vdsogen_process *process)
{
	return share(process, false);
}

int vdsogen_process_thread(struct vdsogen_process *process)
{
	static const struct vdsogen_identity unknown;

	return vdsogen_process_change(process, 1u << VDSOGEN_TID, &unknown);
}
