/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks, sleep, timers. Who asks although there is a page gets what the page would say, so
 * that no thread sees a clock go back when it changes from one to the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "calls-own.h"
#include "clocks.h"
#include "darwin.h"
#include "timers.h"
#include "translate.h"
#include "wait.h"

/* -------------------------------------------------------------------------
 * Readings.
 */
bool clocks_nanoseconds(const struct linux_timespec *time, uint64_t *nanoseconds)
{
	const uint64_t most = INT64_MAX / LINUX_NSEC_PER_SEC - 1;

	if (time->sec < 0 || time->nsec < 0 || (uint64_t)time->nsec >= LINUX_NSEC_PER_SEC)
		return false;
	*nanoseconds = (uint64_t)time->sec > most ? most * LINUX_NSEC_PER_SEC :
		       (uint64_t)time->sec * LINUX_NSEC_PER_SEC + (uint64_t)time->nsec;
	return true;
}

struct linux_timespec clocks_timespec(uint64_t nanoseconds)
{
	return (struct linux_timespec){ .sec = (int64_t)(nanoseconds / LINUX_NSEC_PER_SEC),
					.nsec = (int64_t)(nanoseconds % LINUX_NSEC_PER_SEC) };
}

static uint64_t nanoseconds_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * LINUX_NSEC_PER_SEC + (uint64_t)time->tv_nsec;
}

static bool host_clock(int clock, clockid_t *host)
{
	switch (clock) {
	case LINUX_CLOCK_REALTIME:
	case LINUX_CLOCK_REALTIME_COARSE:
	case LINUX_CLOCK_REALTIME_ALARM:
	case LINUX_CLOCK_TAI:	/* leap seconds are not known: Linux begins without, too */
		*host = CLOCK_REALTIME;
		return true;
	case LINUX_CLOCK_MONOTONIC:
	case LINUX_CLOCK_MONOTONIC_COARSE:
		*host = darwin_monotonic();
		return true;
	case LINUX_CLOCK_MONOTONIC_RAW:
		*host = CLOCK_MONOTONIC_RAW;
		return true;
	case LINUX_CLOCK_BOOTTIME:
	case LINUX_CLOCK_BOOTTIME_ALARM:
		*host = darwin_boottime();
		return true;
	case LINUX_CLOCK_PROCESS_CPUTIME_ID:
		*host = CLOCK_PROCESS_CPUTIME_ID;
		return true;
	case LINUX_CLOCK_THREAD_CPUTIME_ID:
		*host = CLOCK_THREAD_CPUTIME_ID;
		return true;
	default:
		return false;
	}
}

/*
 * Processor time of a process or thread by its number: Linux
 * include/linux/posix-timers_types.h. Only those of this process are known.
 */
enum { CPU_KIND = 3, CPU_THREAD = 4, CPU_NUMBER_SHIFT = 3, CPU_KIND_NONE = 3 };

static bool is_processor_clock(int clock)
{
	return clock < 0 && (clock & CPU_KIND) != CPU_KIND_NONE;
}

static int read_processor_clock(const struct thread *thread, int clock, uint64_t *now)
{
	struct process *process = thread->process;
	const pid_t number = ~(clock >> CPU_NUMBER_SHIFT);
	struct timespec time;
	int failed = -EINVAL;

	if (!(clock & CPU_THREAD)) {
		if (number && number != getpid())
			return -EINVAL;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
		*now = nanoseconds_of(&time);
		return 0;
	}
	pthread_mutex_lock(&process->lock);
	for (const struct thread *one = process->first; one; one = one->next)
		if (one->tid == number || (!number && one == thread)) {
			*now = darwin_thread_time(one->host->self);
			failed = 0;
			break;
		}
	pthread_mutex_unlock(&process->lock);
	return failed;
}

int clocks_read(const struct thread *thread, int clock, uint64_t *now)
{
	const struct clock *page = thread->process->clock;
	struct timespec time;
	clockid_t host;

	if (is_processor_clock(clock))
		return read_processor_clock(thread, clock, now);
	if (!(page && clock_read(page, clock, &time))) {
		if (!host_clock(clock, &host))
			return -EINVAL;
		if (clock_gettime(host, &time))
			return -errno;
	}
	*now = nanoseconds_of(&time);
	return 0;
}

int64_t call_clock_gettime(struct thread *thread, const uint64_t *a)
{
	struct linux_timespec time;
	uint64_t now;
	int failed = clocks_read(thread, (int)a[0], &now);

	if (failed)
		return failed;
	time = clocks_timespec(now);
	return calls_write(thread, a[1], &time, sizeof time);
}

int64_t call_clock_getres(struct thread *thread, const uint64_t *a)
{
	const struct clock *page = thread->process->clock;
	const int clock = (int)a[0];
	struct linux_timespec told = { .nsec = 1 };
	struct timespec resolution;
	clockid_t unused;

	if (!host_clock(clock, &unused) && !is_processor_clock(clock))
		return -EINVAL;
	if (page && clock_resolution(page, clock, &resolution))
		told = (struct linux_timespec){ resolution.tv_sec, resolution.tv_nsec };
	return calls_write_if(thread, a[1], &told, sizeof told);
}

int64_t call_gettimeofday(struct thread *thread, const uint64_t *a)
{
	static const struct {
		int32_t minutes_west, daylight;
	} zone;
	struct linux_timeval time;
	uint64_t now;
	int failed = clocks_read(thread, LINUX_CLOCK_REALTIME, &now);

	if (failed)
		return failed;
	time = (struct linux_timeval){
		.sec = (int64_t)(now / LINUX_NSEC_PER_SEC),
		.usec = (int64_t)(now % LINUX_NSEC_PER_SEC / LINUX_NSEC_PER_USEC),
	};
	failed = calls_write_if(thread, a[0], &time, sizeof time);
	return failed ? failed : calls_write_if(thread, a[1], &zone, sizeof zone);
}

/* The machine's clock is its owner's. */
static int64_t set_no_clock(struct thread *thread, uint64_t at)
{
	struct linux_timespec time;

	return calls_read(thread, &time, at, sizeof time) ? -EFAULT : -EPERM;
}

int64_t call_clock_settime(struct thread *thread, const uint64_t *a)
{
	clockid_t unused;

	return host_clock((int)a[0], &unused) ? set_no_clock(thread, a[1]) : -EINVAL;
}

int64_t call_settimeofday(struct thread *thread, const uint64_t *a)
{
	return a[0] ? set_no_clock(thread, a[0]) : -EPERM;
}

/* A hundred a second, whatever the host counts by: Linux USER_HZ. */
static int64_t ticks(clock_t host)
{
	const int64_t user_hz = 100, host_hz = sysconf(_SC_CLK_TCK);

	return (int64_t)host * user_hz / (host_hz > 0 ? host_hz : user_hz);
}

int64_t call_times(struct thread *thread, const uint64_t *a)
{
	struct tms times_now;
	const clock_t now = times(&times_now);
	const int64_t told[] = { ticks(times_now.tms_utime), ticks(times_now.tms_stime),
				 ticks(times_now.tms_cutime), ticks(times_now.tms_cstime) };
	int failed = calls_write_if(thread, a[0], told, sizeof told);

	return failed ? failed : ticks(now);
}

/* -------------------------------------------------------------------------
 * Sleep.
 */
static bool never(void *unused)
{
	(void)unused;
	return false;
}

static int64_t sleep_until(struct thread *thread, uint64_t deadline, uint64_t remaining)
{
	int64_t result = wait_until(thread, never, NULL, deadline);
	struct linux_timespec left;

	if (result == -ETIMEDOUT)
		return 0;
	left = clocks_timespec(wait_left(deadline));
	if (calls_write_if(thread, remaining, &left, sizeof left))
		return -EFAULT;
	return wait_once(thread, result);
}

static int64_t sleep_for(struct thread *thread, uint64_t request, uint64_t remaining)
{
	struct linux_timespec time;
	uint64_t nanoseconds;

	if (calls_read(thread, &time, request, sizeof time))
		return -EFAULT;
	if (!clocks_nanoseconds(&time, &nanoseconds))
		return -EINVAL;
	return sleep_until(thread, wait_deadline(thread, nanoseconds), remaining);
}

int64_t call_nanosleep(struct thread *thread, const uint64_t *a)
{
	return sleep_for(thread, a[0], a[1]);
}

int64_t call_clock_nanosleep(struct thread *thread, const uint64_t *a)
{
	struct linux_timespec time;
	uint64_t now, until;
	clockid_t unused;
	int failed;

	if ((int)a[0] == LINUX_CLOCK_THREAD_CPUTIME_ID || !host_clock((int)a[0], &unused))
		return -EINVAL;
	if (!((int)a[1] & LINUX_TIMER_ABSTIME))
		return sleep_for(thread, a[2], a[3]);
	if (calls_read(thread, &time, a[2], sizeof time))
		return -EFAULT;
	if (!clocks_nanoseconds(&time, &until))
		return -EINVAL;
	failed = clocks_read(thread, (int)a[0], &now);
	if (failed)
		return failed;
	return sleep_until(thread, wait_now() + (until > now ? until - now : 0), 0);
}

/* -------------------------------------------------------------------------
 * The three timers of a process are the host's: their signals come as others do.
 */
TRANSLATE(interval_timers, { LINUX_ITIMER_REAL, ITIMER_REAL },
	  { LINUX_ITIMER_VIRTUAL, ITIMER_VIRTUAL }, { LINUX_ITIMER_PROF, ITIMER_PROF });

static struct linux_itimerval itimer_to_guest(const struct itimerval *host)
{
	return (struct linux_itimerval){
		.interval = { host->it_interval.tv_sec, host->it_interval.tv_usec },
		.value = { host->it_value.tv_sec, host->it_value.tv_usec },
	};
}

static bool is_time(const struct linux_timeval *time)
{
	return time->sec >= 0 && time->usec >= 0 && (uint64_t)time->usec < LINUX_USEC_PER_SEC;
}

/* The host may not take as long a time as Linux does: macOS has a limit of 10^8 seconds. */
static struct timeval time_to_host(const struct linux_timeval *time)
{
	const int64_t most = 100000000;

	return (struct timeval){ .tv_sec = time->sec < most ? (time_t)time->sec : (time_t)most,
				 .tv_usec = (suseconds_t)time->usec };
}

int64_t call_getitimer(struct thread *thread, const uint64_t *a)
{
	struct linux_itimerval told;
	struct itimerval host;
	int64_t which;

	if (!translate_to_host(&interval_timers, (int)a[0], &which))
		return -EINVAL;
	if (getitimer((int)which, &host))
		return -errno;
	told = itimer_to_guest(&host);
	return calls_write(thread, a[1], &told, sizeof told);
}

int64_t call_setitimer(struct thread *thread, const uint64_t *a)
{
	struct linux_itimerval wish = { 0 }, told;
	struct itimerval new, old;
	int64_t which;

	if (a[1] && calls_read(thread, &wish, a[1], sizeof wish))
		return -EFAULT;
	if (!translate_to_host(&interval_timers, (int)a[0], &which) || !is_time(&wish.interval) ||
	    !is_time(&wish.value))
		return -EINVAL;
	new = (struct itimerval){ .it_interval = time_to_host(&wish.interval),
				  .it_value = time_to_host(&wish.value) };
	if (setitimer((int)which, &new, &old))
		return -errno;
	told = itimer_to_guest(&old);
	return calls_write_if(thread, a[2], &told, sizeof told);
}

/* -------------------------------------------------------------------------
 * timer_create() and its like.
 */
static int read_event(struct thread *thread, uint64_t at, struct timer_what *what)
{
	struct linux_sigevent event;

	*what = (struct timer_what){ .tells = true, .signo = LINUX_SIGALRM, .own_value = true };
	if (!at)
		return 0;
	if (calls_read(thread, &event, at, sizeof event))
		return -EFAULT;
	*what = (struct timer_what){ .tells = event.notify != LINUX_SIGEV_NONE,
				     .signo = event.signo, .value = event.value };
	if (event.notify == LINUX_SIGEV_THREAD_ID)
		what->thread = event.tid;
	else if (event.notify != LINUX_SIGEV_SIGNAL && event.notify != LINUX_SIGEV_NONE &&
		 event.notify != LINUX_SIGEV_THREAD)
		return -EINVAL;
	return what->tells && (event.signo < 1 || event.signo > LINUX_SIGRTMAX) ? -EINVAL : 0;
}

int64_t call_timer_create(struct thread *thread, const uint64_t *a)
{
	struct timer_what what;
	clockid_t unused;
	int failed = read_event(thread, a[1], &what);
	int32_t number;

	if (failed)
		return failed;
	if (!host_clock((int)a[0], &unused))
		return -EINVAL;
	number = timers_create(thread->process, (int)a[0], &what);
	if (number < 0)
		return number;
	failed = calls_write(thread, a[2], &number, sizeof number);
	if (failed)
		timers_delete(number);
	return failed;
}

int64_t call_timer_delete(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	return timers_delete((int)a[0]);
}

int64_t call_timer_settime(struct thread *thread, const uint64_t *a)
{
	struct linux_itimerspec new, old;
	uint64_t unused;
	int failed;

	if (calls_read(thread, &new, a[2], sizeof new))
		return -EFAULT;
	if (!clocks_nanoseconds(&new.value, &unused) || !clocks_nanoseconds(&new.interval, &unused))
		return -EINVAL;
	failed = timers_set(thread, (int)a[0], (int)a[1], &new, &old);
	return failed ? failed : calls_write_if(thread, a[3], &old, sizeof old);
}

int64_t call_timer_gettime(struct thread *thread, const uint64_t *a)
{
	struct linux_itimerspec now;
	int failed = timers_get((int)a[0], &now);

	return failed ? failed : calls_write(thread, a[1], &now, sizeof now);
}

int64_t call_timer_getoverrun(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	return timers_overrun((int)a[0]);
}
