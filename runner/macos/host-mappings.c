/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel tells of one mapping at a time: proc_pidinfo(), <sys/proc_info.h>. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <libproc.h>
#include <sys/types.h>
#endif

#include "../host-memory.h"

struct host_mappings {
	struct name {
		struct name *next;
		char text[];
	} *names;
};

int host_mappings_read(struct host_mappings **mappings)
{
	*mappings = calloc(1, sizeof **mappings);
	return *mappings ? 0 : -ENOMEM;
}

void host_mappings_free(struct host_mappings *mappings)
{
	while (mappings->names) {
		struct name *name = mappings->names;

		mappings->names = name->next;
		free(name);
	}
	free(mappings);
}

#ifdef __APPLE__
/* Out of memory, there is none. */
static const char *keep(struct host_mappings *mappings, const char *text)
{
	const size_t size = strlen(text) + 1;
	struct name *name = malloc(sizeof *name + size);

	if (!name)
		return "";
	memcpy(name->text, text, size);
	name->next = mappings->names;
	mappings->names = name;
	return name->text;
}

struct host_mapping host_mapping_at(struct host_mappings *mappings, const void *at)
{
	const uint64_t address = (uintptr_t)at;
	struct proc_regionwithpathinfo region;
	const struct vinfo_stat *about = &region.prp_vip.vip_vi.vi_stat;

	if (proc_pidinfo(getpid(), PROC_PIDREGIONPATHINFO, address, &region, sizeof region) <
		    (int)sizeof region ||
	    region.prp_prinfo.pri_address > address || !region.prp_vip.vip_path[0])
		return (struct host_mapping){ .name = "" };
	return (struct host_mapping){
		.name = keep(mappings, region.prp_vip.vip_path),
		.offset = region.prp_prinfo.pri_offset + (address - region.prp_prinfo.pri_address),
		.inode = about->vst_ino,
		.major = (unsigned int)major(about->vst_dev),
		.minor = (unsigned int)minor(about->vst_dev),
	};
}
#else
struct host_mapping host_mapping_at(struct host_mappings *mappings, const void *at)
{
	(void)mappings;
	(void)at;
	return (struct host_mapping){ .name = "" };
}
#endif
