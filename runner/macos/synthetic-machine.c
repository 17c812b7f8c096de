/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc and /sys say of the machine: Linux Documentation/filesystems/proc.rst. */
#define _GNU_SOURCE
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "darwin.h"
#include "descriptors.h"
#include "darwin-machine.h"
#include "linux-release.h"
#include "synthetic.h"

enum { KILO = 1024, TICKS = 100 };

/* -------------------------------------------------------------------------
 * The processors: c_show() in arch/arm64/kernel/cpuinfo.c, bits of AT_HWCAP and AT_HWCAP2.
 */
static const char *const hwcaps[] = {
	"fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "atomics", "fphp",
	"asimdhp", "cpuid", "asimdrdm", "jscvt", "fcma", "lrcpc", "dcpop", "sha3", "sm3", "sm4",
	"asimddp", "sha512", "sve", "asimdfhm", "dit", "uscat", "ilrcpc", "flagm", "ssbs", "sb",
	"paca", "pacg",
};
static const char *const hwcaps2[] = {
	"dcpodp", "sve2", "sveaes", "svepmull", "svebitperm", "svesha3", "svesm4", "flagm2",
	"frint", "svei8mm", "svef32mm", "svef64mm", "svebf16", "i8mm", "bf16", "dgh", "rng", "bti",
	"mte", "ecv", "afp", "rpres", "mte3", "sme", "smei16i64", "smef64f64", "smei8i32",
	"smef16f32", "smeb16f32", "smef32f32", "smefa64", "wfxt", "ebf16", "sveebf16",
};

unsigned int synthetic_cpus(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus > 0 ? (unsigned int)cpus : 1;
}

static void print_features(FILE *out, const char *const *name, unsigned int count, uint64_t bits)
{
	for (unsigned int i = 0; i < count; i++)
		if (bits >> i & 1)
			fprintf(out, " %s", name[i]);
}

void text_cpuinfo(FILE *out, struct thread *thread, const struct synthetic *file)
{
	enum { APPLE = 0x61 };	/* MIDR_EL1's implementer */
	const struct vm *vm = thread->process->vm;

	(void)file;
	for (unsigned int i = 0; i < synthetic_cpus(); i++) {
		fprintf(out, "processor\t: %u\nBogoMIPS\t: 48.00\nFeatures\t:", i);
		print_features(out, hwcaps, sizeof hwcaps / sizeof *hwcaps, vm_hwcap(vm, 0));
		print_features(out, hwcaps2, sizeof hwcaps2 / sizeof *hwcaps2, vm_hwcap(vm, 1));
		fprintf(out, "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\n", APPLE);
		fprintf(out, "CPU variant\t: 0x0\nCPU part\t: 0x000\nCPU revision\t: 0\n\n");
	}
}

void text_cpus(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	if (synthetic_cpus() == 1)
		fprintf(out, "0\n");
	else
		fprintf(out, "0-%u\n", synthetic_cpus() - 1);
}

/* -------------------------------------------------------------------------
 * Memory and time.
 */
void text_meminfo(FILE *out, struct thread *thread, const struct synthetic *file)
{
	static const char *const nothing[] = {
		"Buffers", "Cached", "SwapCached", "Active", "Inactive", "SwapTotal", "SwapFree",
		"Dirty", "Writeback", "AnonPages", "Mapped", "Shmem", "Slab", "SReclaimable",
		"SUnreclaim",
	};
	struct darwin_system system;

	(void)thread, (void)file;
	darwin_system(&system);
	fprintf(out, "MemTotal:       %8" PRIu64 " kB\n", system.memory / KILO);
	fprintf(out, "MemFree:        %8" PRIu64 " kB\n", system.unused / KILO);
	fprintf(out, "MemAvailable:   %8" PRIu64 " kB\n", system.unused / KILO);
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		fprintf(out, "%s:%*s       0 kB\n", nothing[i], (int)(16 - strlen(nothing[i])), "");
}

static int64_t boot_time(void)
{
	struct darwin_system system;

	darwin_system(&system);
	return (int64_t)time(NULL) - (int64_t)system.uptime;
}

/* All processors alike: the host says the sum. */
void text_machine_stat(FILE *out, struct thread *thread, const struct synthetic *file)
{
	const unsigned int cpus = synthetic_cpus();
	struct darwin_ticks ticks;

	(void)thread, (void)file;
	darwin_ticks(&ticks);
	fprintf(out,
		"cpu  %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " 0 0 0 0 0 0\n",
		ticks.user, ticks.nice, ticks.system, ticks.idle);
	for (unsigned int i = 0; i < cpus; i++)
		fprintf(out,
			"cpu%u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " 0 0 0 0 0 0\n", i,
			ticks.user / cpus, ticks.nice / cpus, ticks.system / cpus,
			ticks.idle / cpus);
	fprintf(out, "intr 0\nctxt 0\nbtime %" PRId64 "\nprocesses 1\nprocs_running 1\n",
		boot_time());
	fprintf(out, "procs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n");
}

void text_uptime(FILE *out, struct thread *thread, const struct synthetic *file)
{
	struct darwin_system system;
	struct darwin_ticks ticks;

	(void)thread, (void)file;
	darwin_system(&system);
	darwin_ticks(&ticks);
	fprintf(out, "%" PRIu64 ".00 %" PRIu64 ".%02u\n", system.uptime, ticks.idle / TICKS,
		(unsigned int)(ticks.idle % TICKS));
}

void text_loadavg(FILE *out, struct thread *thread, const struct synthetic *file)
{
	struct darwin_system system;

	(void)thread, (void)file;
	darwin_system(&system);
	fprintf(out, "%.2f %.2f %.2f 1/1 %d\n", system.load[0], system.load[1], system.load[2],
		(int)getpid());
}

/* -------------------------------------------------------------------------
 * What it is, and which.
 */
void text_version(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	fprintf(out, "Linux version %s (vdsorun) %s\n", LINUX_RELEASE, LINUX_VERSION);
}

void text_osrelease(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	fprintf(out, "%s\n", LINUX_RELEASE);
}

void text_hostname(FILE *out, struct thread *thread, const struct synthetic *file)
{
	enum { NAME = 64 };	/* include/uapi/linux/utsname.h */
	char name[NAME + 1] = "";

	(void)thread, (void)file;
	gethostname(name, sizeof name - 1);
	fprintf(out, "%s\n", name);
}

void text_filesystems(FILE *out, struct thread *thread, const struct synthetic *file)
{
	(void)thread, (void)file;
	fputs("nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n\text4\n", out);
}

void text_boot_id(FILE *out, struct thread *thread, const struct synthetic *file)
{
	char id[DARWIN_BOOT_ID];

	(void)thread, (void)file;
	darwin_boot_id(id);
	for (char *at = id; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	fprintf(out, "%s\n", *id ? id : "00000000-0000-4000-8000-000000000000");
}

/* Another each time: RFC 4122, version 4 */
void text_uuid(FILE *out, struct thread *thread, const struct synthetic *file)
{
	enum { SIZE = 16, VERSION_AT = 6, VERSION = 0x40, VARIANT_AT = 8, VARIANT = 0x80 };
	uint8_t byte[SIZE];

	(void)thread, (void)file;
	if (getentropy(byte, sizeof byte))
		return;
	byte[VERSION_AT] = (byte[VERSION_AT] & 0xf) | VERSION;
	byte[VARIANT_AT] = (byte[VARIANT_AT] & 0x3f) | VARIANT;
	for (int i = 0; i < SIZE; i++)
		fprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte[i]);
	fputc('\n', out);
}
