/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdsogen-resolve.h beside a C library, for tests/check-resolve.sh: good C11 and
 * good C++11. Compares with dlvsym(), where the C library knows the vDSO as an
 * object. Prints what it compared; exit status 77: no vDSO.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <vdsogen-resolve.h>
#include <vdsogen-resolve.h>	/* a second time */

#include <dlfcn.h>
#include <stdio.h>

static const char *const names[] = {
	"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time", "__vdso_clock_getres",
	"__vdso_getcpu", "__vdso_getrandom", "__vdso_getpid", "clock_gettime", "getcpu",
	"__kernel_clock_gettime", "__kernel_gettimeofday", "__kernel_clock_getres",
	"__kernel_rt_sigreturn", "__kernel_getrandom", "__kernel_getpid",
	"__vdso_clock_gettim", "__vdso_clock_gettime64"
};

static const char *const versions[] = {
	"LINUX_2.5", "LINUX_2.6", "LINUX_2.6.39", "LINUX_4.15", "LINUX_2.6.3", "LINUX", ""
};

int main(void)
{
	const void *vdso = vdsogen_vdso();
	unsigned int found = 0, compared = 0, wrong = 0;
	void *object = NULL;

	if (!vdso)
		return 77;
#ifdef __GLIBC__
	object = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
#endif
	for (size_t n = 0; n < sizeof names / sizeof *names; n++)
		for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
			void *there = vdsogen_resolve(vdso, names[n], versions[v]);

			found += there != NULL;
#ifdef __GLIBC__
			if (!object)
				continue;
			compared++;
			if (dlvsym(object, names[n], versions[v]) == there)
				continue;
			printf("%s@%s: %p, by dlvsym %p\n", names[n], versions[v], there,
			       dlvsym(object, names[n], versions[v]));
			wrong++;
#endif
		}
	printf("%u found, %u compared with dlvsym, %u wrong\n", found, compared, wrong);
	if (!vdsogen_resolve_prefixed(vdso, "clock_gettime"))
		return 1;
	return wrong || !found || (object && !compared);
}
