/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvdsogen - builds a vDSO in memory and publishes time to it.
 *
 * Four lines that decide the rest:
 *   - Nothing is allocated, printed or aborted; the caller hands the memory.
 *   - Nothing is kept: no writable static data, no pointer inside a struct.
 *   - Same configuration, same bytes, on every host.
 *   - An image describes itself; no user of one knows an offset by heart.
 *
 * Every function that can fail returns 0 or -VDSOGEN_ERR_x and then has
 * written nothing through its pointers, except where it says otherwise.
 * Every function may be called from any thread; two calls on the same memory
 * at the same time are allowed only where a function says so.
 */
#ifndef VDSOGEN_H
#define VDSOGEN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VDSOGEN_VERSION_MAJOR 0
#define VDSOGEN_VERSION_MINOR 1
#define VDSOGEN_VERSION_PATCH 0

/* -------------------------------------------------------------------------
 * Errors: 0 is good, -VDSOGEN_ERR_x is not. vdsogen_strerror() has the text,
 * which names the way out.
 */
enum vdsogen_error {
	/* the caller asked for something that cannot be */
	VDSOGEN_ERR_ARCH = 1,	/* no architecture given, or one not built in */
	VDSOGEN_ERR_FUNCTION,	/* the architecture has no such function */
	VDSOGEN_ERR_CLOCK,	/* no such clock, or one this page does not serve */
	VDSOGEN_ERR_OPTION,	/* an option the architecture does not have */
	VDSOGEN_ERR_NOSPACE,	/* the buffer is too small; *size says what is needed */
	VDSOGEN_ERR_ALIGN,	/* the memory is not aligned to VDSOGEN_ALIGN */
	VDSOGEN_ERR_FREQUENCY,	/* counter frequency not within VDSOGEN_HZ_MIN..MAX */
	VDSOGEN_ERR_VALUE,	/* a time or rate outside its range */

	/* the image or the clock block is not what it should be */
	VDSOGEN_ERR_TRUNCATED,	/* ends before its own headers say */
	VDSOGEN_ERR_NOTELF,	/* not a 64-bit little-endian ELF shared object */
	VDSOGEN_ERR_FOREIGN,	/* a vDSO, but not made by this library */
	VDSOGEN_ERR_LAYOUT,	/* made by a version whose layout is not known here */
	VDSOGEN_ERR_DAMAGED,	/* its tables contradict each other */
	VDSOGEN_ERR_NOSYMBOL,	/* the image has no symbol of that name */

	/* the clock cannot answer now; a guest would take its fallback */
	VDSOGEN_ERR_UNSEEDED,	/* never started, or reset since */
	VDSOGEN_ERR_BUSY,	/* a publisher is at work, or died at work */
	VDSOGEN_ERR_STALE,	/* the anchor is older than the age limit */

	/* a trap that proves nothing */
	VDSOGEN_ERR_UNTRUSTED,	/* not at a clock's fallback, or its counter cannot be */

	/* ours: please report */
	VDSOGEN_ERR_INTERNAL,	/* the emitter contradicted itself */

	VDSOGEN_ERR_MAX
};

/* The text of an error, positive or negative; never NULL. */
const char *vdsogen_strerror(int error);

/* -------------------------------------------------------------------------
 * Architectures. An architecture is known by its accessor; linking one pulls
 * in no other. vdsogen_arch_at() and _find() know all that were built in.
 */
struct vdsogen_arch;

const struct vdsogen_arch *vdsogen_arch_x86_64(void);
const struct vdsogen_arch *vdsogen_arch_aarch64(void);

/* The i-th architecture, NULL past the last; by name ("x86_64"), or NULL. */
const struct vdsogen_arch *vdsogen_arch_at(unsigned int i);
const struct vdsogen_arch *vdsogen_arch_find(const char *name);
const char *vdsogen_arch_name(const struct vdsogen_arch *arch);

/* All functions that it has, 1u << VDSOGEN_TIME ...; 0 for NULL. */
uint32_t vdsogen_arch_functions(const struct vdsogen_arch *arch);

/* -------------------------------------------------------------------------
 * What an image can hold.
 */

/* Functions, numbered alike on every architecture. */
enum vdsogen_function {
	VDSOGEN_CLOCK_GETTIME,
	VDSOGEN_GETTIMEOFDAY,
	VDSOGEN_TIME,
	VDSOGEN_CLOCK_GETRES,
	VDSOGEN_GETCPU,
	VDSOGEN_RT_SIGRETURN,	/* aarch64 only: x86_64 returns by SA_RESTORER */

	/* identity: served from struct vdsogen_process */
	VDSOGEN_GETPID,
	VDSOGEN_GETPPID,
	VDSOGEN_GETTID,
	VDSOGEN_GETPGID,	/* of process 0, the caller's own; others take the fallback */
	VDSOGEN_GETSID,		/* likewise */
	VDSOGEN_GETPRIORITY,	/* of (PRIO_PROCESS, 0), as the system call has it: 20 - nice */
	VDSOGEN_GETUID,
	VDSOGEN_GETEUID,
	VDSOGEN_GETGID,
	VDSOGEN_GETEGID,
	VDSOGEN_UNAME,

	VDSOGEN_GETRANDOM,	/* Linux 6.11's: see struct vdsogen_random */
	VDSOGEN_FUNCTIONS
};

#define VDSOGEN_IDENTITY_FUNCTIONS \
	((2u << VDSOGEN_UNAME) - (1u << VDSOGEN_GETPID))
/* What a configuration without functions has, if the architecture does. */
#define VDSOGEN_DEFAULT_FUNCTIONS ((2u << VDSOGEN_RT_SIGRETURN) - 1)

/* "clock_gettime" for VDSOGEN_CLOCK_GETTIME and so on; NULL past the last. */
const char *vdsogen_function_name(unsigned int function);

/* Clock ids have Linux's numbers: include/uapi/linux/time.h. */
enum vdsogen_clock_id {
	VDSOGEN_REALTIME = 0,
	VDSOGEN_MONOTONIC = 1,
	VDSOGEN_MONOTONIC_RAW = 4,
	VDSOGEN_REALTIME_COARSE = 5,
	VDSOGEN_MONOTONIC_COARSE = 6,
	VDSOGEN_BOOTTIME = 7,
	VDSOGEN_TAI = 11,
	VDSOGEN_CLOCK_IDS = 12
};

/*
 * How the counter is read. A fence is what keeps time from running backwards
 * between processors; UNFENCED is right only for a guest with one vCPU.
 *
 *               x86_64              aarch64
 * FENCED        lfence; rdtsc       isb; mrs cntvct_el0
 * SELF_FENCED   rdtscp              mrs cntvctss_el0 (FEAT_ECV)
 * UNFENCED      rdtsc               mrs cntvct_el0
 */
enum vdsogen_counter {
	VDSOGEN_COUNTER_FENCED,
	VDSOGEN_COUNTER_SELF_FENCED,
	VDSOGEN_COUNTER_UNFENCED,
	VDSOGEN_COUNTERS
};

/*
 * Where getcpu finds its answer. The register forms hold cpu in bits 0..11
 * and node in the bits above, as Linux fills IA32_TSC_AUX.
 */
enum vdsogen_getcpu {
	VDSOGEN_GETCPU_FALLBACK,	/* ask, always */
	VDSOGEN_GETCPU_ZERO,		/* cpu 0, node 0: a guest with one vCPU */
	VDSOGEN_GETCPU_RDPID,		/* x86_64 */
	VDSOGEN_GETCPU_RDTSCP,		/* x86_64 without RDPID */
	VDSOGEN_GETCPU_TPIDRRO,		/* aarch64: TPIDRRO_EL0 */
	VDSOGEN_GETCPU_LSL,		/* x86_64: limit of the segment `getcpu_at`; 0: Linux's */
	VDSOGEN_GETCPU_WORD,		/* a word, `getcpu_at` bytes from the start of the image */
	VDSOGEN_GETCPUS
};

/*
 * How a function that cannot answer asks the host. In each form the number of
 * the system call and its arguments are where the architecture's system calls
 * have them, and so is the result, which goes to the caller unchanged; but OUT
 * needs the third argument's register and moves that to r8.
 *
 * JUMP and THREAD call code of the host as C would, with the number in eax or
 * w8: it may change what a C function may, and returns the result.
 */
enum vdsogen_fallback {
	VDSOGEN_FALLBACK_SYSCALL,	/* x86_64: syscall; aarch64: svc #0 */
	VDSOGEN_FALLBACK_HVC,		/* aarch64: hvc #fallback_at; EL0 may not */
	VDSOGEN_FALLBACK_OUT,		/* x86_64: out, eax to the port `fallback_at` */
	VDSOGEN_FALLBACK_VMCALL,	/* x86_64, Intel's */
	VDSOGEN_FALLBACK_VMMCALL,	/* x86_64, AMD's */
	VDSOGEN_FALLBACK_JUMP,		/* to the address `fallback_at` */
	VDSOGEN_FALLBACK_THREAD,	/* to the address that is `fallback_at` bytes from the
					 * thread pointer: fs base, TPIDR_EL0 */
	VDSOGEN_FALLBACKS
};

/*
 * Where the data are: the clock block, with struct vdsogen_random behind it if
 * the image has getrandom, and the process block. Outside of the image they start
 * a page, which the guest sees readable and neither writable nor executable, at a
 * fixed distance from the image; vdsogen_clock_init() fills a clock block there,
 * zeros are a good start for the others. Blocks that are to start the same page
 * follow one another: clock, random, process.
 */
enum vdsogen_data {
	VDSOGEN_DATA_INSIDE,
	VDSOGEN_DATA_BEFORE,	/* `distance` bytes before the start of the image */
	VDSOGEN_DATA_AFTER,	/* `distance` bytes behind the start of the image */
	VDSOGEN_DATA
};

/* How far it may be from the start of the image, in bytes. */
#define VDSOGEN_DISTANCE_MAX (512 * 1024)

/*
 * Landing pads for indirect branches (x86_64: ENDBR64; aarch64: BTI C) and the
 * .note.gnu.property that announces them. Default: ON where they are free,
 * x86_64; OFF on aarch64, where each call executes one instruction more.
 */
enum vdsogen_landing_pads {
	VDSOGEN_LANDING_PADS_DEFAULT,
	VDSOGEN_LANDING_PADS_OFF,
	VDSOGEN_LANDING_PADS_ON,
	VDSOGEN_LANDING_PADS
};

/* Options, and parts that can be left out (what that costs: README). */
#define VDSOGEN_GUARD		(1u << 0) /* heed the attention word and the age limit */
#define VDSOGEN_OMIT_HASH	(1u << 1) /* no DT_HASH */
#define VDSOGEN_OMIT_GNU_HASH	(1u << 2) /* no DT_GNU_HASH */
#define VDSOGEN_OMIT_VERSIONS	(1u << 3) /* no DT_VERSYM, no DT_VERDEF */
#define VDSOGEN_OMIT_SECTIONS	(1u << 4) /* no section headers */
#define VDSOGEN_LATCH		(1u << 5) /* nobody waits for a publisher that stopped */
#define VDSOGEN_OMIT_UNWIND	(1u << 6) /* no .eh_frame, no PT_GNU_EH_FRAME */
#define VDSOGEN_SLOTS		(1u << 7) /* a way into each function at a fixed offset */
#define VDSOGEN_OPTIONS		((1u << 8) - 1)

/*
 * Slots (VDSOGEN_SLOTS), for runtimes that generate code: a call of
 * AT_SYSINFO_EHDR + VDSOGEN_SLOT(VDSOGEN_GETPID) is one of getpid, in every image
 * of every architecture. A function that the image lacks returns -ENOSYS there.
 */
#define VDSOGEN_SLOTS_AT 512
#define VDSOGEN_SLOT_SIZE 16
#define VDSOGEN_SLOT(function) (VDSOGEN_SLOTS_AT + (function) * VDSOGEN_SLOT_SIZE)

/* All zero is a good configuration; a NULL pointer means the same. */
struct vdsogen_config {
	uint32_t functions;	 /* 1u << VDSOGEN_TIME ...; 0: VDSOGEN_DEFAULT_FUNCTIONS */
	uint32_t clocks;	 /* 1u << VDSOGEN_TAI ...; 0: all seven */
	uint32_t counter;	 /* enum vdsogen_counter */
	uint32_t getcpu;	 /* enum vdsogen_getcpu */
	int32_t getcpu_at;	 /* LSL: a selector; WORD: bytes, a multiple of 4, to outside */
	uint32_t fallback;	 /* enum vdsogen_fallback */
	uint64_t fallback_at;	 /* an immediate, a port, an address or a distance; else 0 */
	uint32_t landing_pads;	 /* enum vdsogen_landing_pads */
	uint32_t data;		 /* enum vdsogen_data */
	uint32_t distance;	 /* bytes, whole VDSOGEN_PAGEs; 0: the nearest page */
	uint32_t process;	 /* enum vdsogen_data, of struct vdsogen_process */
	uint32_t process_distance; /* as `distance`; in the clock's page it follows the clock */
	uint32_t options;	 /* VDSOGEN_GUARD ... */
	uint32_t kernel_version; /* in the "Linux" note: a<<16 | b<<8 | c; 0: 6.1.0 */
};

/* Images and clock blocks start at multiples of this; a page always does. */
#define VDSOGEN_ALIGN 64
/* An image fills whole pages of this size. */
#define VDSOGEN_PAGE 4096

/*
 * Builds an image. *size is the room in buf; on return, also on NOSPACE, it is
 * what the image needs, a multiple of VDSOGEN_PAGE. buf may be NULL to ask for
 * the size (the answer is 0, not NOSPACE). On an error buf is untouched
 * (INTERNAL: zeroed).
 * The bytes do not depend on where buf is.
 *
 * The guest sees the image at a page boundary, readable and executable and not
 * writable; its address goes into auxv as AT_SYSINFO_EHDR.
 *
 * Errors: ARCH, FUNCTION, CLOCK, OPTION, ALIGN, NOSPACE, INTERNAL.
 */
int vdsogen_build(const struct vdsogen_arch *arch, const struct vdsogen_config *config,
		  void *buf, size_t *size);

/* -------------------------------------------------------------------------
 * Reading an image back: from the bytes alone, which are not trusted.
 */
struct vdsogen_entry {
	uint32_t at;		/* offset of the first instruction in the image; 0: absent */
	uint32_t size;		/* in bytes */
	uint32_t trap;		/* offset of the instruction that asks the host: the fallback's */
	uint32_t resume;	/* offset of the instruction after it: the trap's return PC */
};

/* A view: valid while the image's memory is. */
struct vdsogen_image {
	const void *base;
	size_t size;
	uint16_t machine;	/* e_machine as it is: 62 x86_64, 183 aarch64; not checked */
	uint16_t layout;	/* version of struct vdsogen_clock and of this description */
	struct vdsogen_config config; /* what it was built from, defaults filled in */
	int32_t clock;		/* offset of struct vdsogen_clock; not inside: VDSOGEN_DATA_x */
	int32_t random;		/* of struct vdsogen_random; 0: the image has no getrandom */
	int32_t process;	/* of struct vdsogen_process; 0: it has no identity function */
	/*
	 * Hardware number of the register that, at a trap of clock_gettime or
	 * gettimeofday, holds the last counter read by the trampoline, or 0 if
	 * it read none. A hint: the guest can put anything there.
	 */
	uint32_t counter_register;
	uint32_t symbols;	/* in the dynamic symbol table, with the null symbol */
	uint32_t used;		/* bytes not padding */
	struct vdsogen_entry function[VDSOGEN_FUNCTIONS];
	uint32_t symtab, strtab, strsz;	/* offsets and size, checked */
};

/*
 * Checks the image in [base, base+size) and describes it. base needs no
 * alignment. Errors: TRUNCATED, NOTELF, FOREIGN, LAYOUT, DAMAGED.
 */
int vdsogen_open(const void *base, size_t size, struct vdsogen_image *image);

struct vdsogen_symbol {
	uint64_t value;		/* offset in the image */
	uint64_t size;
};

/* Finds an exported symbol by its name, without version. Errors: NOSYMBOL, DAMAGED. */
int vdsogen_symbol(const struct vdsogen_image *image, const char *name,
		   struct vdsogen_symbol *symbol);

/* -------------------------------------------------------------------------
 * The clock block: what the trampolines read and the host writes.
 *
 * A clock's time is a straight line over the counter:
 *
 *	ns = nsec + (frac + (counter - last) * (mult_int * 2^64 + mult)) / 2^64
 *	time = sec seconds and ns nanoseconds, ns brought below 10^9
 *
 * computed without loss for every counter value, so that two lines which meet
 * in one point with the same rate give the same answers to the bit. A counter
 * before `last` counts as `last`.
 *
 * Two clocks share a line (and a cache line); a reader needs no other. Every
 * line is under its own sequence count, in Linux's manner: 0 never written,
 * odd while a publisher works, even and not 0 when it may be read.
 *
 *	line 0	REALTIME		MONOTONIC
 *	line 1	BOOTTIME		TAI
 *	line 2	MONOTONIC_RAW		-
 *	line 3	REALTIME_COARSE		MONOTONIC_COARSE	(rate 0)
 *
 * A latch (VDSOGEN_LATCH) is never closed to its readers: at an odd count they
 * read the copy in `saved`, of line 0 for line 3. So a publisher may lose its
 * processor, be stopped or die anywhere, and every reader goes on at its first
 * try. The price: readers of the old line may follow it past the new anchor,
 * until it is older than max_age. So there is always an age limit, and where
 * the rate falls the new line begins so far ahead that it is behind the old
 * one at no counter within the limit: (old rate - new rate) * max_age. And
 * lines change over one after the other: between them two clocks can be apart
 * by that much, and a coarse one be behind time().
 *
 * All integers are little-endian, as the guest's are.
 */
#define VDSOGEN_LINES 4

struct vdsogen_base {
	uint64_t nsec;		/* 0..999999999 */
	uint64_t sec;		/* two's complement */
};

struct vdsogen_line {
	uint32_t seq;
	uint32_t mult_int;	/* whole nanoseconds a tick */
	uint64_t last;		/* counter at the anchor */
	uint64_t mult;		/* 2^-64 nanoseconds a tick */
	uint64_t frac;		/* 2^-64 nanoseconds at the anchor */
	struct vdsogen_base base[2];
};

/*
 * Layout 2. Public so that it can be placed and sized; written only by the
 * functions below. It holds no pointer: it may be copied and mapped anywhere.
 */
struct vdsogen_clock {
	struct vdsogen_line line[VDSOGEN_LINES];

	/* the guard line: data that is not under a sequence count */
	uint32_t attention;	/* not 0: every function takes the fallback (VDSOGEN_GUARD) */
	uint32_t clocks;	/* which clocks the image serves; set when it is built */
	uint32_t options;	/* the image's VDSOGEN_LATCH; set when it is built */
	uint32_t generation;	/* the publishers': odd while one works, else the lines' count */
	uint64_t max_age;	/* ticks past `last` after which the fallback is taken (GUARD, LATCH) */
	uint64_t res;		/* clock_getres of the high-resolution clocks, ns; 0: fallback */
	uint64_t res_coarse;	/* clock_getres of the coarse clocks, ns; 0: fallback */
	uint64_t timezone;	/* struct timezone: minutes west, then daylight saving */
	uint64_t steered;	/* the publishers', in a latch: counter when its rates last changed */
	uint64_t reserved;	/* 0 */

	/* the publisher's own: no guest reads it, but for `saved` in a latch */
	struct vdsogen_line saved[VDSOGEN_LINES - 1]; /* lines 0..2 as they were; their seq is 0 */
	struct vdsogen_track {
		uint64_t nominal;	/* 2^-64 ns a tick, from the frequency */
		uint32_t nominal_int;
		uint32_t slew_ppm;
		uint64_t rate;		/* the host's, estimated */
		uint32_t rate_int;
		uint32_t samples;	/* seen since the start */
		uint64_t counter;	/* of the last sample */
		uint64_t nsec, sec;	/* the host's at the last sample, estimated */
		uint64_t doubt;		/* how far they may be off, ns squared */
	} track[2];		/* MONOTONIC, MONOTONIC_RAW */
} __attribute__((aligned(VDSOGEN_ALIGN)));

/* Counter frequencies, in Hz. */
#define VDSOGEN_HZ_MIN 1000000u
#define VDSOGEN_HZ_MAX 10000000000u

struct vdsogen_time {
	int64_t sec;
	uint32_t nsec;		/* 0..999999999 */
};

/* The host's clocks, read between two ordered readings of the counter. */
struct vdsogen_sample {
	uint64_t before, after;	/* the guest's counter around the reading */
	struct vdsogen_time realtime, monotonic, boottime, raw;
	int32_t tai_offset;	/* TAI - UTC, seconds */
};

/* What a clock starts from. All zero but `hz` is a good one. */
struct vdsogen_source {
	uint64_t hz;		/* counter frequency */
	uint32_t scale, unit;	/* guest seconds per host second = scale / unit;
				 * both 0: 1. scale 0, unit 1: a clock that stands still */
	uint32_t slew_ppm;	/* bound of a rate correction; 0: 500. At most 100000 */
	uint32_t res;		/* ns; 0: 1 */
	uint32_t res_coarse;	/* ns; 0: 4000000 */
	int32_t minutes_west, dst; /* gettimeofday's struct timezone */
	uint64_t max_age;	/* ns, for VDSOGEN_GUARD; 0: no limit, in a latch 10^9 */
};

/*
 * The block of an image that has it outside: as the image would have it, never
 * started. Errors: ALIGN.
 */
int vdsogen_clock_init(struct vdsogen_clock *clock, const struct vdsogen_image *image);

/*
 * An ordered reading of the guest's counter: one that no earlier load or store
 * of the caller can pass. A full fence is behind the library's stores already,
 * which leaves: x86_64: lfence; rdtsc. aarch64: dsb ish; isb; mrs (the fence is
 * a DMB, and that does not hold back what is no memory access).
 */
typedef uint64_t vdsogen_counter_fn(void *arg);

/*
 * First anchor. The clocks start where the sample says, at the nominal rate.
 * On a running clock it starts anew; MONOTONIC then does not go back if the
 * counter has gone on. One publisher at a time: others get BUSY.
 * Errors: ALIGN, FREQUENCY, VALUE, BUSY.
 */
int vdsogen_clock_start(struct vdsogen_clock *clock, const struct vdsogen_source *source,
			const struct vdsogen_sample *sample);

/*
 * A start for a guest that stood still: a snapshot restored, a machine moved to
 * another host. Its counter may be another one, of another frequency. `stopped`
 * is what the old counter was when the last of its processors stopped: from
 * sample->after on, MONOTONIC, MONOTONIC_RAW and BOOTTIME are not behind what
 * they were there. REALTIME and TAI are as the sample says.
 *
 * A new host's MONOTONIC has another origin: the embedder adds the distance,
 * of vdsogen_clock_read() at `stopped` to the new host, to this and all later
 * samples. A block copied while a publisher was at work goes through
 * vdsogen_clock_recover() first. Errors: those of start, UNSEEDED.
 */
int vdsogen_clock_resume(struct vdsogen_clock *clock, const struct vdsogen_source *source,
			 const struct vdsogen_sample *sample, uint64_t stopped);

/*
 * A later sample. MONOTONIC, MONOTONIC_RAW and BOOTTIME go on from where they
 * are and are slewed toward the sample by their rate, never stepped back;
 * REALTIME and TAI are stepped when their distance to MONOTONIC has changed.
 * `now` is called once, after the lines were closed to readers.
 *
 * Call it some 4 to 1000 times a second: the coarse clocks and time() stand
 * still between calls. One publisher at a time: others get BUSY.
 * Errors: ALIGN, VALUE, UNSEEDED, BUSY.
 */
int vdsogen_clock_update(struct vdsogen_clock *clock, const struct vdsogen_sample *sample,
			 vdsogen_counter_fn *now, void *arg);

/*
 * What the guest reads, at this counter value, to the bit. The host's own
 * answer to a fallback, so that there is one timeline. Attention is not
 * heeded: it only asks the guest to come here. May run beside a publisher.
 * Errors: ALIGN, CLOCK, UNSEEDED, BUSY, STALE.
 */
int vdsogen_clock_read(const struct vdsogen_clock *clock, int clock_id, uint64_t counter,
		       struct vdsogen_time *time);

/*
 * Sets, then clears bits of the attention word, atomically, and returns what
 * it was. Who owns which bit is the embedder's affair. Setting is sequentially
 * consistent, clearing is a release. May run beside anything.
 */
uint32_t vdsogen_clock_attention(struct vdsogen_clock *clock, uint32_t set, uint32_t clear);

/*
 * Back to never started, for the child of a fork or a restored snapshot: every
 * reader takes the fallback until the next start. Right whatever state the
 * block was copied in.
 */
void vdsogen_clock_reset(struct vdsogen_clock *clock);

/*
 * After a publisher died: finishes its work or takes it back, so that readers
 * go on where they were. The caller makes sure that it is dead. Harmless on a
 * clock at rest. Returns 1 if there was something to mend, else 0, or -ALIGN.
 */
int vdsogen_clock_recover(struct vdsogen_clock *clock);

/* -------------------------------------------------------------------------
 * Traps. A guest can jump to a fallback's instruction with anything in its
 * registers: that a trap comes from there proves little, and its counter nothing.
 */

/* Whose fallback traps or returns there. pc: from the start of the image. Errors: NOSYMBOL. */
int vdsogen_fallback_at(const struct vdsogen_image *image, uint64_t pc, unsigned int *function);

struct vdsogen_trap {
	uint64_t pc;		/* from the start of the image: entry.trap or entry.resume */
	int32_t clock_id;	/* clock_gettime's first argument */
	uint64_t counter;	/* what image->counter_register holds */
	uint64_t now;		/* the guest's counter, read by the host after the trap */
	uint64_t window;	/* how long before `now` the trap may have been, in ticks */
};

/*
 * May the host take the trap's counter as one that the guest has just read, in
 * order to anchor a clock there? 0 if the trap is at the fallback of clock_gettime
 * with a high-resolution clock, or of gettimeofday, and the counter is in now -
 * window .. now: a lie then moves the clock by no more than the window, which
 * must not begin before the last anchor, or lies add up. vdsogen_clock_start()
 * and _update() do not need it: they take the host's own sample. Errors:
 * UNTRUSTED.
 */
int vdsogen_may_anchor(const struct vdsogen_image *image, const struct vdsogen_trap *trap);

/* -------------------------------------------------------------------------
 * The process block: who the guest process is. One for each address space.
 *
 * Each field can be unknown; its function then takes the fallback. Credentials
 * and names change under a sequence count: through the page, who has seen a new
 * one sees no old one any more, and no name is torn. Each other field is one word.
 *
 * change, vfork, vfork_end and thread may run beside readers, also get, but one
 * of them at a time for each block: others get BUSY and have changed nothing. A
 * get, fork or exec that meets one gets BUSY, too. set, and fork and exec on the
 * block that they write, are for one that no guest reads yet.
 *
 * A page is cloned for another process by copying it and one of set, fork and exec
 * on the copy's block; nothing else differs. (A copy's struct vdsogen_random may
 * need a reseed: see there.)
 */
enum vdsogen_field {
	VDSOGEN_PID, VDSOGEN_PPID, VDSOGEN_TID, VDSOGEN_PGID, VDSOGEN_SID, VDSOGEN_NICE,
	VDSOGEN_UID, VDSOGEN_EUID, VDSOGEN_GID, VDSOGEN_EGID, VDSOGEN_UTSNAME,
	VDSOGEN_FIELDS
};

/* struct new_utsname: Linux include/uapi/linux/utsname.h. Each ends with a 0. */
#define VDSOGEN_UTS_SIZE 65
struct vdsogen_utsname {
	char sysname[VDSOGEN_UTS_SIZE], nodename[VDSOGEN_UTS_SIZE], release[VDSOGEN_UTS_SIZE];
	char version[VDSOGEN_UTS_SIZE], machine[VDSOGEN_UTS_SIZE], domainname[VDSOGEN_UTS_SIZE];
};

struct vdsogen_identity {
	uint32_t known;		/* 1u << VDSOGEN_PID ...: the fields below that are good */
	uint32_t pid, ppid, tid, pgid, sid; /* as the process's namespace has them */
	int32_t nice;		/* -20..19 */
	uint32_t uid, euid, gid, egid; /* not UINT32_MAX, which is no user */
	struct vdsogen_utsname uts;
};

/* Layout 2, as public as struct vdsogen_clock. Zeros: nothing is known. */
struct vdsogen_process {
	uint32_t seq;		/* odd while a publisher works */
	uint32_t shown[VDSOGEN_FIELDS];	/* what readers take: value + 1, 20 - nice + 1; 0: unknown */
	uint32_t shared;	/* the publishers': vfork children that see the same memory */
	uint32_t own[VDSOGEN_FIELDS];	/* the publishers': `shown` when there are none */
	uint64_t uts[(sizeof(struct vdsogen_utsname) + 7) / 8];
} __attribute__((aligned(VDSOGEN_ALIGN)));

/*
 * A process that comes from nowhere (the first one; exec by a vfork child), or
 * a block in whatever state: garbage, copied in the middle of a change, of a
 * publisher that died. Nobody else writes it. Errors: ALIGN, VALUE.
 */
int vdsogen_process_set(struct vdsogen_process *process, const struct vdsogen_identity *identity);

/*
 * What was set, shared or not; what is not known is 0, and so is what is behind
 * the end of a name. Errors: ALIGN, BUSY.
 */
int vdsogen_process_get(const struct vdsogen_process *process, struct vdsogen_identity *identity);

/*
 * The fields 1u << VDSOGEN_UID ... become what `identity` says, which may be
 * unknown: after setuid() and its kin, setpgid(), setsid(), setpriority(),
 * sethostname() (each process of the UTS namespace), and when a parent dies (ppid).
 * Call it before the system call returns to the guest. Other threads may ask by
 * system call meanwhile, and get the new one before the page has it: where that
 * matters, make the fields unknown before the change takes effect.
 *
 * Credentials and nice are a thread's own in Linux: while threads differ, they are
 * unknown. Of a block that is shared it is the parent's: what a vfork child does
 * to itself is not told. Errors: ALIGN, VALUE, BUSY.
 */
int vdsogen_process_change(struct vdsogen_process *process, uint32_t fields,
			   const struct vdsogen_identity *identity);

/*
 * fork(), clone() without CLONE_VM: `child` is the block of the child's page (a
 * copy of the parent's page, or any memory), before the child runs. It is the
 * parent's with its own pid and tid, which are the same, and ppid: as the child's
 * namespace has them. With CLONE_NEWPID pgid and sid are others: change() next.
 * The child of a vfork child: set() is right.
 * Errors: ALIGN, VALUE, BUSY (the parent's).
 */
int vdsogen_process_fork(struct vdsogen_process *child, const struct vdsogen_process *parent,
			 uint32_t pid, uint32_t ppid);

/*
 * vfork(), clone() with CLONE_VM and without CLONE_THREAD: two processes see one
 * block. All is unknown from before the child runs until vfork_end(), when the
 * child has called exec or has ended; such children are counted. The parent's own
 * comes out again with the last of them.
 * Errors: ALIGN, BUSY; vfork_end without vfork: VALUE.
 */
int vdsogen_process_vfork(struct vdsogen_process *process);
int vdsogen_process_vfork_end(struct vdsogen_process *process);

/*
 * clone() with CLONE_THREAD: tid is unknown from before the thread runs, until
 * exec. Errors: ALIGN, BUSY.
 */
int vdsogen_process_thread(struct vdsogen_process *process);

/*
 * exec: `process` is the block of the new page, `old` that of the old one (the
 * same perhaps), which was not shared by vfork: there, set() is right. The caller
 * is the only thread, with the process's pid. A set-user-id program needs change()
 * next, before it runs. Errors: ALIGN, BUSY (the old one's).
 */
int vdsogen_process_exec(struct vdsogen_process *process, const struct vdsogen_process *old);

/* -------------------------------------------------------------------------
 * getrandom, as Linux 6.11 and later have it: Linux lib/vdso/getrandom.c.
 *
 *	ssize_t getrandom(void *buf, size_t len, unsigned flags, void *state, size_t size)
 *
 * Each thread brings a state of its own, in memory that the C library mapped as
 * the function asked (buf NULL, len 0, flags 0, size ~0: writes a struct
 * vgetrandom_opaque_params). The state's key is the host's own getrandom, and is
 * replaced with each batch of output (ChaCha20 with fast key erasure); it is
 * fetched anew whenever the generation is not the one that it was fetched under.
 *
 * Fork: a child must not go on with its parent's key. Either the state's memory is
 * wiped by fork (MAP_DROPPABLE, as Linux asks), or each process has a struct
 * vdsogen_random of its own, and the child's, a copy of its parent's, is reseeded
 * before it runs. (One that began at zeros could come to the parent's generation,
 * whose key the child's copied states still have.)
 */
struct vdsogen_random {
	uint64_t generation;	/* of the host's generator, never 0 when ready */
	uint32_t ready;		/* 0: every call takes the fallback */
	uint32_t prot, flags;	/* for mmap() of states */
	uint32_t reserved[11];
} __attribute__((aligned(VDSOGEN_ALIGN)));

/*
 * The host's getrandom does not block any more: readers begin, at first or after a
 * stop. C libraries ask once, when a program starts, how states are to be mapped;
 * so start before the guest runs. prot and flags are for the guest's mmap(), with
 * Linux's numbers; prot 0: PROT_READ | PROT_WRITE, flags 0: MAP_DROPPABLE |
 * MAP_ANONYMOUS. A start makes keys old as a reseed does. One start or stop at a
 * time; may run beside readers and reseeds. Errors: ALIGN.
 */
int vdsogen_random_start(struct vdsogen_random *random, uint32_t prot, uint32_t flags);

/*
 * All keys are old: after the host's generator was seeded anew (call it then, not
 * before), in the child of a fork, in a snapshot restored. A release, atomic: may
 * run beside anything, and none is lost. A guest that is in the middle of a call
 * notices before it returns. Errors: ALIGN.
 */
int vdsogen_random_reseed(struct vdsogen_random *random);

/*
 * Not ready any more: every reader takes the fallback. Keys are old when it starts
 * again. Errors: ALIGN.
 */
int vdsogen_random_stop(struct vdsogen_random *random);

#ifdef __cplusplus
}
#endif
#endif
