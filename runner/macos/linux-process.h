/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes as arm64 Linux has them: include/uapi/linux/{wait,prctl,resource}.h,
 * include/uapi/asm-generic/resource.h.
 */
#ifndef MACOS_LINUX_PROCESS_H
#define MACOS_LINUX_PROCESS_H

#include "linux-time.h"

enum linux_wait {
	LINUX_WNOHANG = 1,
	LINUX_WUNTRACED = 2,	/* WSTOPPED */
	LINUX_WEXITED = 4,
	LINUX_WCONTINUED = 8,
	LINUX_WNOWAIT = 0x1000000,
	LINUX_WNOTHREAD = 0x20000000,
	LINUX_WALL = 0x40000000,
};
#define LINUX_WCLONE 0x80000000u

enum linux_id { LINUX_P_ALL, LINUX_P_PID, LINUX_P_PGID, LINUX_P_PIDFD };

enum linux_prctl {
	LINUX_PR_SET_PDEATHSIG = 1, LINUX_PR_GET_PDEATHSIG = 2, LINUX_PR_GET_DUMPABLE = 3,
	LINUX_PR_SET_DUMPABLE = 4, LINUX_PR_GET_KEEPCAPS = 7, LINUX_PR_SET_NAME = 15,
	LINUX_PR_GET_NAME = 16, LINUX_PR_GET_SECCOMP = 21, LINUX_PR_CAPBSET_READ = 23,
	LINUX_PR_SET_TIMERSLACK = 29, LINUX_PR_GET_TIMERSLACK = 30,
	LINUX_PR_SET_CHILD_SUBREAPER = 36, LINUX_PR_GET_CHILD_SUBREAPER = 37,
	LINUX_PR_SET_NO_NEW_PRIVS = 38, LINUX_PR_GET_NO_NEW_PRIVS = 39,
	LINUX_PR_GET_TID_ADDRESS = 40,
};

enum linux_rlimit {
	LINUX_RLIMIT_CPU, LINUX_RLIMIT_FSIZE, LINUX_RLIMIT_DATA, LINUX_RLIMIT_STACK,
	LINUX_RLIMIT_CORE, LINUX_RLIMIT_RSS, LINUX_RLIMIT_NPROC, LINUX_RLIMIT_NOFILE,
	LINUX_RLIMIT_MEMLOCK, LINUX_RLIMIT_AS, LINUX_RLIMIT_LOCKS, LINUX_RLIMIT_SIGPENDING,
	LINUX_RLIMIT_MSGQUEUE, LINUX_RLIMIT_NICE, LINUX_RLIMIT_RTPRIO, LINUX_RLIMIT_RTTIME,
	LINUX_RLIMITS,
};
#define LINUX_RLIM_INFINITY UINT64_MAX

struct linux_rlimit64 {
	uint64_t current, maximum;
};

enum linux_rusage_who { LINUX_RUSAGE_SELF = 0, LINUX_RUSAGE_CHILDREN = -1,
			LINUX_RUSAGE_THREAD = 1 };

struct linux_rusage {
	struct linux_timeval user, system;
	int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd,
		msgrcv, nsignals, nvcsw, nivcsw;
};
_Static_assert(sizeof(struct linux_rusage) == 144, "as 64-bit Linux has it");

enum linux_sched { LINUX_SCHED_OTHER, LINUX_SCHED_FIFO, LINUX_SCHED_RR, LINUX_SCHED_BATCH,
		   LINUX_SCHED_IDLE = 5 };

enum { LINUX_UTS_LENGTH = 65 };
struct linux_utsname {
	char sysname[LINUX_UTS_LENGTH], nodename[LINUX_UTS_LENGTH], release[LINUX_UTS_LENGTH],
		version[LINUX_UTS_LENGTH], machine[LINUX_UTS_LENGTH], domainname[LINUX_UTS_LENGTH];
};

struct linux_sysinfo {
	int64_t uptime;
	uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
};
_Static_assert(sizeof(struct linux_sysinfo) == 112, "as 64-bit Linux has it");

#endif
