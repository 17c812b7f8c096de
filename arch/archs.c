/* SPDX-License-Identifier: BSD-2-Clause */
/* All architectures that were built in: archs.def has a line ARCH(name) for each. */
#include <stddef.h>

#include "vdsogen.h"

static const struct vdsogen_arch *(*const archs[])(void) = {
#define ARCH(name) vdsogen_arch_##name,
#include "archs.def"
#undef ARCH
};

#define COUNT (sizeof archs / sizeof *archs)

const struct vdsogen_arch *vdsogen_arch_at(unsigned int i)
{
	return i < COUNT ? archs[i]() : NULL;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

const struct vdsogen_arch *vdsogen_arch_find(const char *name)
{
	for (unsigned int i = 0; name && i < COUNT; i++)
		if (same(vdsogen_arch_name(archs[i]()), name))
			return archs[i]();
	return NULL;
}
