/* SPDX-License-Identifier: BSD-2-Clause */
/* abseil's reader: every symbol by its lookup, the time by what it has found, its getcpu. */
#include <absl/debugging/internal/vdso_support.h>
#include <elf.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <initializer_list>

using absl::debugging_internal::GetCPU;
using absl::debugging_internal::VDSOSupport;

static const void *find(const VDSOSupport &page, const char *name)
{
	VDSOSupport::SymbolInfo info;

	if (page.LookupSymbol(name, "LINUX_2.6", STT_FUNC, &info) && info.address)
		return info.address;
	fprintf(stderr, "%s is not found\n", name);
	exit(2);
}

static void check_getcpu()
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof one, &one) || GetCPU() == sched_getcpu())
		return;
	fprintf(stderr, "GetCPU() is %d, sched_getcpu() %d\n", GetCPU(), sched_getcpu());
	exit(2);
}

int main(int argc, char **argv)
{
	struct timespec real = {}, mono = {};
	int calls = argc > 1 ? atoi(argv[1]) : 0;

	VDSOSupport::Init();
	VDSOSupport page;
	if (!page.IsPresent())
		return 2;
	for (const char *name : { "__vdso_gettimeofday", "__vdso_time", "__vdso_clock_getres",
				  "__vdso_getcpu", "clock_gettime", "gettimeofday", "time",
				  "clock_getres", "getcpu" })
		find(page, name);
	auto get = reinterpret_cast<int (*)(clockid_t, struct timespec *)>(
		const_cast<void *>(find(page, "__vdso_clock_gettime")));
	for (int i = 0; i < calls; i++)
		if (get(CLOCK_REALTIME, &real) || get(CLOCK_MONOTONIC, &mono))
			return 2;
	check_getcpu();
	printf("%lld %lld\n", (long long)real.tv_sec, (long long)mono.tv_sec);
	return 0;
}
