/* SPDX-License-Identifier: BSD-2-Clause */
/* Time as 64-bit Linux has it: include/uapi/linux/time.h, time_types.h. */
#ifndef MACOS_LINUX_TIME_H
#define MACOS_LINUX_TIME_H

#include <stdint.h>

struct linux_timespec {
	int64_t sec, nsec;
};

struct linux_timeval {
	int64_t sec, usec;
};

struct linux_itimerspec {
	struct linux_timespec interval, value;
};

struct linux_itimerval {
	struct linux_timeval interval, value;
};

enum linux_clock {
	LINUX_CLOCK_REALTIME, LINUX_CLOCK_MONOTONIC, LINUX_CLOCK_PROCESS_CPUTIME_ID,
	LINUX_CLOCK_THREAD_CPUTIME_ID, LINUX_CLOCK_MONOTONIC_RAW, LINUX_CLOCK_REALTIME_COARSE,
	LINUX_CLOCK_MONOTONIC_COARSE, LINUX_CLOCK_BOOTTIME, LINUX_CLOCK_REALTIME_ALARM,
	LINUX_CLOCK_BOOTTIME_ALARM, LINUX_CLOCK_TAI = 11,
};

enum linux_timer { LINUX_TIMER_ABSTIME = 1 };
enum linux_itimer { LINUX_ITIMER_REAL, LINUX_ITIMER_VIRTUAL, LINUX_ITIMER_PROF };

#define LINUX_NSEC_PER_SEC 1000000000ull
#define LINUX_NSEC_PER_USEC 1000ull
#define LINUX_USEC_PER_SEC 1000000ull

#endif
