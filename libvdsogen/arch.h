/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that the library asks of an architecture. It must provide, in its own
 * folder under arch/, one struct vdsogen_arch with
 *   - its name, ELF machine, symbol version and symbol prefix;
 *   - which functions, counter, getcpu and fallback forms it has;
 *   - one emitter per function, which writes the code through an assembler of
 *     the architecture's own (NAME-insn.h) and names the instruction of the
 *     fallback with vg_trap() and vg_resume(), and where it moves the stack
 *     pointer with vg_push() and vg_pop();
 *   - slots, padding between functions, and constants that the code loads, if any.
 * and one line in arch/archs.am.
 */
#ifndef VG_ARCH_H
#define VG_ARCH_H

#include "asm.h"
#include "vdsogen.h"

/* The image's own labels, below those that vg_new() gives. */
enum vg_function_label {
	VG_START, VG_END, VG_TRAP, VG_RESUME, VG_PUSH, VG_POP, VG_FDE, VG_FUNCTION_LABELS
};

static inline vg_label vg_function(unsigned int function, enum vg_function_label which)
{
	return function * VG_FUNCTION_LABELS + which;
}

#define VG_CLOCK (VDSOGEN_FUNCTIONS * VG_FUNCTION_LABELS) /* struct vdsogen_clock */
#define VG_RANDOM (VG_CLOCK + 1)	/* struct vdsogen_random */
#define VG_PROCESS (VG_CLOCK + 2)	/* struct vdsogen_process */
#define VG_CPU_WORD (VG_CLOCK + 3)	/* VDSOGEN_GETCPU_WORD's */
#define VG_CONSTANTS (VG_CLOCK + 4)	/* the architecture's */
#define VG_FIRST_PART_LABEL (VG_CONSTANTS + 1)

/* What a function does to the stack between VG_PUSH and VG_POP. */
struct vg_frame {
	uint32_t bytes;		/* the stack pointer is lower by so many */
	bool link;		/* and the return address is at its bottom */
};

/* What one emitter is told. */
struct vg_code {
	struct vg_asm *a;
	const struct vdsogen_config *config;
	unsigned int function;
	struct vg_frame *frame;
};

static inline void vg_trap(const struct vg_code *code)
{
	vg_bind(code->a, vg_function(code->function, VG_TRAP));
}

static inline void vg_resume(const struct vg_code *code)
{
	vg_bind(code->a, vg_function(code->function, VG_RESUME));
}

/* Behind the instruction that moves the stack pointer down by so many bytes, and back. */
static inline void vg_push(const struct vg_code *code, uint32_t bytes)
{
	code->frame->bytes = bytes;
	vg_bind(code->a, vg_function(code->function, VG_PUSH));
}

/* The same instruction has stored the link register where the stack pointer is now. */
static inline void vg_push_link(const struct vg_code *code, uint32_t bytes)
{
	code->frame->link = true;
	vg_push(code, bytes);
}

static inline void vg_pop(const struct vg_code *code)
{
	vg_bind(code->a, vg_function(code->function, VG_POP));
}

/* What unwind information has to say of a function's entry; registers by DWARF's numbers. */
struct vg_unwind {
	uint8_t stack_pointer, return_address;
	uint8_t pushed;		/* bytes that a call pushes: the return address, or 0 */
	uint8_t unit;		/* that all instructions are a multiple of, in bytes */
};

struct vdsogen_arch {
	const char *name;
	const char *version;	/* of every symbol */
	const char *prefix;	/* of every symbol */
	uint32_t bare_names;	/* functions that have a weak name without the prefix, too */
	uint16_t machine;	/* ELF e_machine */
	uint8_t counter_register; /* hardware number; see struct vdsogen_image */
	uint8_t code_align;
	struct vg_unwind unwind;
	uint32_t abi_version;	/* in NT_GNU_ABI_TAG: a<<16 | b<<8 | c */
	uint32_t property, property_bits; /* in .note.gnu.property, where there are landing pads */
	uint32_t landing_pads;	/* by default: enum vdsogen_landing_pads */
	uint32_t counters;	/* 1u << enum vdsogen_counter */
	uint32_t getcpus;	/* 1u << enum vdsogen_getcpu */
	uint32_t fallbacks;	/* 1u << enum vdsogen_fallback */
	bool (*thread_fits)(uint64_t at); /* as the distance of VDSOGEN_FALLBACK_THREAD */
	void (*emit[VDSOGEN_FUNCTIONS])(const struct vg_code *); /* NULL: has it not */
	/* What the code loads besides; at VG_CONSTANTS, a multiple of VDSOGEN_ALIGN. May be NULL. */
	void (*constants)(const struct vg_code *);
	/* A slot's instructions, VDSOGEN_SLOT_SIZE bytes at most: to the function, or -ENOSYS. */
	void (*slot)(struct vg_asm *, vg_label function);
	void (*no_slot)(struct vg_asm *);
	void (*landing_pad)(struct vg_asm *);
	void (*pad)(struct vg_asm *, uint32_t align);
};

/*
 * Whether the numbers beside the forms of getcpu and of the fallback are in their
 * range on any architecture.
 */
static inline bool vg_numbers_fit(const struct vdsogen_config *c)
{
	bool getcpu, fallback;

	switch (c->getcpu) {
	case VDSOGEN_GETCPU_LSL:	/* a selector */
		getcpu = vg_fits_unsigned((uint64_t)(int64_t)c->getcpu_at, 16);
		break;
	case VDSOGEN_GETCPU_WORD:
		getcpu = c->getcpu_at && c->getcpu_at % (int32_t)sizeof(uint32_t) == 0 &&
			 c->getcpu_at >= -VDSOGEN_DISTANCE_MAX && c->getcpu_at <= VDSOGEN_DISTANCE_MAX;
		break;
	default:
		getcpu = !c->getcpu_at;
	}
	switch (c->fallback) {
	case VDSOGEN_FALLBACK_HVC: case VDSOGEN_FALLBACK_OUT:
		fallback = vg_fits_unsigned(c->fallback_at, 16);
		break;
	case VDSOGEN_FALLBACK_JUMP:
		fallback = c->fallback_at;
		break;
	case VDSOGEN_FALLBACK_THREAD:
		fallback = true;
		break;
	default:
		fallback = !c->fallback_at;
	}
	return getcpu && fallback;
}

/* Whether the process block starts no page of its own, but follows the clock's. */
static inline bool vg_process_follows_clock(const struct vdsogen_config *c)
{
	return c->process == c->data && c->process_distance == c->distance;
}

/* A fallback that jumps does not come back to where it was. */
static inline bool vg_fallback_jumps(const struct vdsogen_config *c)
{
	return c->fallback == VDSOGEN_FALLBACK_JUMP || c->fallback == VDSOGEN_FALLBACK_THREAD;
}

/*
 * Facts about clocks that every architecture's trampolines and the host's
 * reader share, so that they cannot disagree.
 */

#define VG_HRES_CLOCKS (1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC | \
			1u << VDSOGEN_MONOTONIC_RAW | 1u << VDSOGEN_BOOTTIME | 1u << VDSOGEN_TAI)
#define VG_COARSE_CLOCKS (1u << VDSOGEN_REALTIME_COARSE | 1u << VDSOGEN_MONOTONIC_COARSE)
#define VG_CLOCKS (VG_HRES_CLOCKS | VG_COARSE_CLOCKS)
#define VG_COARSE_LINE 3

/*
 * Where a clock's base is in struct vdsogen_clock, in units of one base (16
 * bytes). No base is at unit 0, so 0 means: no such clock.
 */
static inline unsigned int vg_base_unit(unsigned int clock_id)
{
	static const struct { uint8_t line, base; } place[VDSOGEN_CLOCK_IDS] = {
		[VDSOGEN_REALTIME] = { 0, 0 },
		[VDSOGEN_MONOTONIC] = { 0, 1 },
		[VDSOGEN_BOOTTIME] = { 1, 0 },
		[VDSOGEN_TAI] = { 1, 1 },
		[VDSOGEN_MONOTONIC_RAW] = { 2, 0 },
		[VDSOGEN_REALTIME_COARSE] = { VG_COARSE_LINE, 0 },
		[VDSOGEN_MONOTONIC_COARSE] = { VG_COARSE_LINE, 1 },
	};

	if (clock_id >= VDSOGEN_CLOCK_IDS || !(VG_CLOCKS >> clock_id & 1))
		return 0;
	return (unsigned int)((place[clock_id].line * sizeof(struct vdsogen_line) +
			       offsetof(struct vdsogen_line, base)) / sizeof(struct vdsogen_base) +
			      place[clock_id].base);
}

/* Four bits per clock id, its base's unit; 0 for a clock that is not served. */
#define VG_UNIT_BITS 4
_Static_assert(VDSOGEN_LINES * sizeof(struct vdsogen_line) / sizeof(struct vdsogen_base) ==
	       1u << VG_UNIT_BITS, "a base's unit has VG_UNIT_BITS bits");
_Static_assert(sizeof(struct vdsogen_line) == VDSOGEN_ALIGN, "a line is a cache line");
_Static_assert(offsetof(struct vdsogen_clock, attention) % VDSOGEN_ALIGN == 0,
	       "who sets it takes no line from readers");

static inline uint64_t vg_unit_table(uint32_t clocks)
{
	uint64_t table = 0;

	for (unsigned int id = 0; id < VDSOGEN_CLOCK_IDS; id++)
		if (clocks >> id & 1)
			table |= (uint64_t)vg_base_unit(id) << VG_UNIT_BITS * id;
	return table;
}

/* From a line to its copy in `saved`; the coarse line's is that of line 0. */
#define VG_TO_SAVED \
	(offsetof(struct vdsogen_clock, saved[0]) - offsetof(struct vdsogen_clock, line[0]))
#define VG_COARSE_TO_SAVED \
	(offsetof(struct vdsogen_clock, saved[0]) - \
	 offsetof(struct vdsogen_clock, line[VG_COARSE_LINE]))

static inline bool vg_has_age_limit(const struct vdsogen_config *config)
{
	return config->options & (VDSOGEN_GUARD | VDSOGEN_LATCH);
}

/* Offsets of what a trampoline reads and writes. */
#define VG_BLOCK(member) offsetof(struct vdsogen_clock, member)
#define VG_LINE(member) offsetof(struct vdsogen_line, member)
#define VG_BASE(member) offsetof(struct vdsogen_base, member)
/* struct timespec and timeval, 64-bit: Linux include/uapi/linux/time.h. */
#define VG_TS_SEC 0
#define VG_TS_NSEC 8

/*
 * A reader that meets a publisher this many times in a row takes the fallback.
 * A publication takes a fraction of a microsecond, most of it to get the cache
 * lines back from the readers; 128 tries outlast it (8 failed once in 150 of
 * 1000 updates a second), and cost little more than the fallback does when the
 * publisher lost its processor. The tries are counted in the register of the
 * clock id, above its bits.
 */
#define VG_TRIES_LOG2 7
#define VG_ID_MAX ((1 << VG_UNIT_BITS) - 1)
#define VG_ONE_TRY (1 << VG_UNIT_BITS)
#define VG_ALL_TRIES_BIT (VG_UNIT_BITS + VG_TRIES_LOG2)

/*
 * A register that holds cpu and node: cpu below, node above. As Linux fills
 * IA32_TSC_AUX: arch/x86/include/asm/segment.h, vdso_encode_cpunode().
 */
#define VG_CPU_BITS 12

/* A system call that there is not: Linux include/uapi/asm-generic/errno.h. */
#define VG_ENOSYS 38

/*
 * Identity. The functions and the fields that they serve are in the same order.
 * A field that is served holds its value and 1, so that zeros are unknown.
 */
static inline size_t vg_shown(unsigned int function)
{
	return offsetof(struct vdsogen_process, shown[0]) +
	       (function - VDSOGEN_GETPID) * sizeof(uint32_t);
}
_Static_assert(VDSOGEN_GETPPID - VDSOGEN_GETPID == VDSOGEN_PPID &&
	       VDSOGEN_GETTID - VDSOGEN_GETPID == VDSOGEN_TID &&
	       VDSOGEN_GETPGID - VDSOGEN_GETPID == VDSOGEN_PGID &&
	       VDSOGEN_GETSID - VDSOGEN_GETPID == VDSOGEN_SID &&
	       VDSOGEN_GETPRIORITY - VDSOGEN_GETPID == VDSOGEN_NICE &&
	       VDSOGEN_GETUID - VDSOGEN_GETPID == VDSOGEN_UID &&
	       VDSOGEN_GETEUID - VDSOGEN_GETPID == VDSOGEN_EUID &&
	       VDSOGEN_GETGID - VDSOGEN_GETPID == VDSOGEN_GID &&
	       VDSOGEN_GETEGID - VDSOGEN_GETPID == VDSOGEN_EGID &&
	       VDSOGEN_UNAME - VDSOGEN_GETPID == VDSOGEN_UTSNAME, "vg_shown's order");

#define VG_ID(member) offsetof(struct vdsogen_process, member)

/* getpriority()'s which and its range: Linux include/uapi/linux/resource.h, kernel/sys.c. */
#define VG_PRIORITY_OF_NICE(nice) (20 - (nice))

/* How many arguments a function has that must be 0: the caller's own. */
static inline unsigned int vg_id_arguments(unsigned int function)
{
	if (function == VDSOGEN_GETPRIORITY)
		return 2;
	return function == VDSOGEN_GETPGID || function == VDSOGEN_GETSID;
}

/* Fields under the sequence count: they change together. */
static inline bool vg_is_credential(unsigned int function)
{
	return function >= VDSOGEN_GETUID && function <= VDSOGEN_GETEGID;
}

/*
 * getrandom. A thread's state, opaque to its owner; zeros are a fresh one. Linux
 * has the same (include/vdso/getrandom.h), so that a state can go from one to the other.
 */
struct vg_random_state {
	uint8_t batch[96];	/* output not handed out yet: from `pos` on; zeros before it */
	uint8_t key[32];
	uint64_t generation;	/* the block's when the key was fetched; 0: there is none */
	uint8_t pos;
	uint8_t in_use;		/* a call is at work: one in a signal handler then asks the host */
};

#define VG_STATE(member) offsetof(struct vg_random_state, member)
#define VG_CHACHA_BLOCK 64
_Static_assert(sizeof(struct vg_random_state) == 144, "the size that Linux tells");
_Static_assert(VG_STATE(key) == 96 && VG_STATE(generation) == 128 && VG_STATE(pos) == 136 &&
	       VG_STATE(in_use) == 137, "Linux's layout");
_Static_assert(VG_STATE(generation) == 2 * VG_CHACHA_BLOCK, "a refill: two blocks");

/* What a query is answered with: Linux include/vdso/getrandom.h. */
struct vg_random_params {
	uint32_t size, prot, flags;
	uint32_t reserved[13];
};
_Static_assert(sizeof(struct vg_random_params) == 64, "Linux's layout");

#define VG_RND(member) offsetof(struct vdsogen_random, member)
#define VG_PARAMS(member) offsetof(struct vg_random_params, member)

#define VG_EFAULT 14	/* Linux include/uapi/asm-generic/errno-base.h */
#define VG_RANDOM_PAGE 4096	/* a state that lies across two could be half wiped */
/* GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE: Linux include/uapi/linux/random.h. */
#define VG_RANDOM_FLAGS 7
/* A call gives so much at most: Linux fs/read_write.c, MAX_RW_COUNT. */
#define VG_RANDOM_MAX (INT32_MAX & -VG_RANDOM_PAGE)

#define VG_NSEC_PER_SEC 1000000000u
#define VG_NSEC_PER_USEC 1000u

/*
 * n / d by a reciprocal: M = 2^s / d rounded up, so M d = 2^s + e with 0 < e <= d,
 * and n M / 2^s = n / d + n e / (d 2^s). That has the same whole part as n / d
 * when n e < 2^s, because the fraction of n / d is at most 1 - 1/d.
 *
 * ns / 10^9 for every 64-bit ns: the 2^9 in 10^9 is shifted out first, which
 * leaves n < 2^55 and d = 5^9.
 */
#define VG_SEC_PRESHIFT 9
#define VG_SEC_POSTSHIFT 11
#define VG_SEC_DIVISOR (VG_NSEC_PER_SEC >> VG_SEC_PRESHIFT)
#define VG_SEC_POWER ((unsigned __int128)1 << (64 + VG_SEC_POSTSHIFT))
#define VG_SEC_RECIPROCAL ((uint64_t)(VG_SEC_POWER / VG_SEC_DIVISOR + 1))
_Static_assert(((unsigned __int128)VG_SEC_RECIPROCAL * VG_SEC_DIVISOR - VG_SEC_POWER)
	       << (64 - VG_SEC_PRESHIFT) <= VG_SEC_POWER, "n e < 2^s for n < 2^55");
_Static_assert(VG_SEC_DIVISOR << VG_SEC_PRESHIFT == VG_NSEC_PER_SEC, "only zeros are shifted out");
_Static_assert(VG_SEC_POWER / VG_SEC_DIVISOR < UINT64_MAX, "the reciprocal has 64 bits");

/* ns / 1000 for ns < 10^9. */
#define VG_USEC_SHIFT 38
#define VG_USEC_POWER ((uint64_t)1 << VG_USEC_SHIFT)
#define VG_USEC_RECIPROCAL ((uint32_t)(VG_USEC_POWER / VG_NSEC_PER_USEC + 1))
_Static_assert(((uint64_t)VG_USEC_RECIPROCAL * VG_NSEC_PER_USEC - VG_USEC_POWER) *
	       VG_NSEC_PER_SEC < VG_USEC_POWER, "n e < 2^s for n < 10^9");

#endif
