/* SPDX-License-Identifier: BSD-2-Clause */
/* Architectures by name, by the host and by e_machine. */
#include <stdlib.h>
#include <sys/utsname.h>

#include "tool.h"

#define WORDS_ROOM 512

const char *tool_arch_name(unsigned int i)
{
	const struct vdsogen_arch *arch = vdsogen_arch_at(i);

	return arch ? vdsogen_arch_name(arch) : NULL;
}

const struct vdsogen_arch *tool_arch(const char *command, const char *name)
{
	const struct vdsogen_arch *arch;
	struct utsname host;
	const char *word;
	char words[WORDS_ROOM] = "";
	size_t at = 0;

	if (!name && !uname(&host))
		arch = vdsogen_arch_find(host.machine);
	else
		arch = vdsogen_arch_find(name);
	if (arch)
		return arch;
	for (unsigned int i = 0; (word = tool_arch_name(i)) && at < sizeof words; i++)
		at += (size_t)snprintf(words + at, sizeof words - at, "%s%s", at ? ", " : "", word);
	if (name)
		tool_error("%s: --arch: '%s' is not one of: %s", command, name, words);
	else
		tool_error("%s: there are no images for this machine; choose one by --arch: %s",
			   command, words);
	return NULL;
}

const struct vdsogen_arch *tool_arch_of(uint16_t machine)
{
	const struct vdsogen_arch *arch;

	for (unsigned int i = 0; (arch = vdsogen_arch_at(i)); i++) {
		struct vdsogen_image image;
		size_t size = 0;
		void *room;
		int error = vdsogen_build(arch, NULL, NULL, &size);

		if (error || !(room = aligned_alloc(VDSOGEN_PAGE, size)))
			continue;
		error = vdsogen_build(arch, NULL, room, &size);
		if (!error)
			error = vdsogen_open(room, size, &image);
		free(room);
		if (!error && image.machine == machine)
			return arch;
	}
	return NULL;
}
