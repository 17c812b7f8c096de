/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that forges: it jumps to the instruction of a fallback with a counter of
 * its own making. A host that anchors its clock at what vdsogen_may_anchor() lets
 * pass is never off by more than the window.
 */
#include <sys/syscall.h>

#include "exec.h"
#include "host.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ROUNDS 50
#define WINDOWS_PER_SEC 10
#define BEGIN 1000000	/* s: what the host's clocks show at its first counter */

/* Jumps to pc with number, (id, time) and the counter where a fallback has them. */
long exec_forge(const uint8_t *pc, long number, uintptr_t id, uintptr_t time, uint64_t counter);

#if defined __x86_64__
__asm__(".text\n"
	".globl exec_forge\n"
	".type exec_forge, @function\n"
	"exec_forge:\n"
	"	mov %rdi, %r11\n	mov %rsi, %rax\n	mov %rdx, %rdi\n"
	"	mov %rcx, %rsi\n	mov %r8, %r10\n"
	"	jmp *%r11\n"
	".size exec_forge, . - exec_forge\n");
#elif defined __aarch64__
__asm__(".text\n"
	".globl exec_forge\n"
	".type exec_forge, %function\n"
	"exec_forge:\n"
	"	mov x16, x0\n	mov x8, x1\n	mov x0, x2\n"
	"	mov x1, x3\n	mov x9, x4\n"
	"	br x16\n"
	".size exec_forge, . - exec_forge\n");
#endif

static struct {
	struct page *page;
	uint64_t begin, window;
	uint64_t anchored;	/* the counter of the last anchor */
	bool gullible;		/* asks nobody whether it may */
	unsigned int trusted;
} host;

static int64_t nsec_at(uint64_t counter)
{
	return (int64_t)((__int128)(int64_t)(counter - host.begin) * NSEC_PER_SEC /
			 (int64_t)host.page->source.hz);
}

static int64_t nsec_of(const struct vdsogen_time *time)
{
	return (time->sec - BEGIN) * NSEC_PER_SEC + time->nsec;
}

/* The host's time at `now`, said to be that of another counter. */
static void anchor(uint64_t counter, uint64_t now)
{
	int64_t nsec = nsec_at(now);
	struct vdsogen_time time = { BEGIN + nsec / NSEC_PER_SEC, (uint32_t)(nsec % NSEC_PER_SEC) };
	struct vdsogen_sample sample = { .before = counter, .after = counter, .realtime = time,
					 .monotonic = time, .boottime = time, .raw = time };
	int error = vdsogen_clock_start(host.page->clock, &host.page->source, &sample);

	host.anchored = counter;
	CHECK(!error, "vdsogen_clock_start: %s", vdsogen_strerror(error));
}

/*
 * Not to before the last anchor: a clock does not go back, so each anchor before
 * another one would add to what the clock is ahead already.
 */
static uint64_t window_at(uint64_t now)
{
	return now - host.anchored < host.window ? now - host.anchored : host.window;
}

/* Answers a trap as an embedder does: anchors where it may, else by its own counter. */
static long answer(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
	uint64_t now = host_counter(NULL);
	bool gettime = number == SYS_clock_gettime;
	const struct vdsogen_trap said = {
		.pc = trap.pc, .clock_id = gettime ? (int32_t)a : 0, .counter = trap.counter,
		.now = now, .window = window_at(now),
	};
	bool good = host.gullible || !vdsogen_may_anchor(&host.page->image, &said);
	struct vdsogen_time time;
	struct timespec *out = (struct timespec *)(gettime ? b : a);

	(void)c;
	host.trusted += good;
	anchor(good ? trap.counter : now, now);
	if (vdsogen_clock_read(host.page->clock, VDSOGEN_REALTIME, now, &time))
		return -22;
	out->tv_sec = time.sec;
	out->tv_nsec = gettime ? (long)time.nsec : (long)time.nsec / 1000;
	return 0;
}

/* How far each of the guest's clocks is from the host's time, the worst of them. */
static int64_t error_at(uint64_t counter)
{
	static const int ids[] = { VDSOGEN_REALTIME, VDSOGEN_MONOTONIC, VDSOGEN_MONOTONIC_RAW,
				   VDSOGEN_BOOTTIME, VDSOGEN_TAI };
	int64_t worst = 0;

	for (size_t i = 0; i < COUNT(ids); i++) {
		struct vdsogen_time time = { 0 };
		int error = vdsogen_clock_read(host.page->clock, ids[i], counter, &time);
		int64_t off = nsec_of(&time) - nsec_at(counter);

		CHECK(!error, "clock %d: %s", ids[i], vdsogen_strerror(error));
		off = off < 0 ? -off : off;
		worst = off > worst ? off : worst;
	}
	return worst;
}

static int64_t forge(unsigned int function, int id, uint64_t counter)
{
	const uint8_t *pc = host.page->code + host.page->image.function[function].trap;
	bool gettime = function == VDSOGEN_CLOCK_GETTIME;
	struct timespec time;

	trap.count = 0;
	if (gettime)
		exec_forge(pc, SYS_clock_gettime, (uintptr_t)id, (uintptr_t)&time, counter);
	else
		exec_forge(pc, SYS_gettimeofday, (uintptr_t)&time, 0, counter);
	CHECK(trap.count == 1 && trap.counter == counter, "the forgery did not get there");
	return error_at(host_counter(NULL));
}

/* Rounding and the last tick: on a slow counter, one is many nanoseconds. */
static int64_t allowed(void)
{
	return (int64_t)(host.window * NSEC_PER_SEC / host.page->source.hz) + 2 +
	       (int64_t)(2 * NSEC_PER_SEC / host.page->source.hz);
}

static void forget(void)
{
	host.anchored = 0;
	vdsogen_clock_reset(host.page->clock);
}

/* Of a clock that was never started, and of one that was a moment ago. */
static void check_forgeries(unsigned int function, int id)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t now = host_counter(NULL), w = host.window;
		const uint64_t counters[] = {
			0, 1, now, host.anchored, host.anchored - 1, now - w / 2, now - w,
			now - w - 1, now - 10 * w, now + w, now + 1000 * w, host.begin, now / 2,
			INT64_MAX, UINT64_MAX,
		};

		for (size_t c = 0; c < COUNT(counters); c++) {
			int64_t off;

			if (i % 2)
				forget();
			off = forge(function, id, counters[c]);
			CHECK(off <= allowed(), "%s(%d) with counter %#llx moves it by %lld ns, not %lld",
			      vdsogen_function_name(function), id, (unsigned long long)counters[c],
			      (long long)off, (long long)allowed());
		}
	}
}

static void begin(struct page *page)
{
	page->source.hz = host_counter_hz();
	host.page = page;
	host.trusted = 0;
	host.window = page->source.hz / WINDOWS_PER_SEC;
	/* so far back that all forged counters but one are after it */
	host.begin = host_counter(NULL) - 20 * host.window;
	forget();
}

void exec_anchor(void)
{
	struct timespec time;
	struct page page;

	check_about("forged counters");
	page_make(&page, NULL, PAGE_COUNTS);
	trap_answer_with(answer);
	begin(&page);
	check_forgeries(VDSOGEN_CLOCK_GETTIME, VDSOGEN_REALTIME);
	check_forgeries(VDSOGEN_CLOCK_GETTIME, VDSOGEN_TAI);
	check_forgeries(VDSOGEN_GETTIMEOFDAY, 0);
	CHECK(host.trusted, "no counter was trusted in %d rounds", ROUNDS);

	host.trusted = 0;
	check_forgeries(VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC_COARSE);
	check_forgeries(VDSOGEN_CLOCK_GETTIME, -1);
	CHECK(!host.trusted, "%u counters of clocks that read none were trusted", host.trusted);

	/* what an honest guest says when it has never seen a clock: nothing */
	begin(&page);
	page_call(&page, VDSOGEN_CLOCK_GETTIME, CLOCK_MONOTONIC, (uintptr_t)&time, 0);
	CHECK(!host.trusted && error_at(host_counter(NULL)) <= allowed(), "an honest guest");

	/* and that this test would notice */
	begin(&page);
	host.gullible = true;
	CHECK(forge(VDSOGEN_CLOCK_GETTIME, 0, host_counter(NULL) - 10 * host.window) > allowed(),
	      "a gullible host is not deceived");
	host.gullible = false;
	trap_answer_with(ask);
	page_free(&page);
}
