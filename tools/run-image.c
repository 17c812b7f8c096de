/* SPDX-License-Identifier: BSD-2-Clause */
/* The image of vdsogen run: built, or from a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "run.h"

/* -------------------------------------------------------------------------
 * The image, in a memory file that is mapped here for writing.
 */
static void *map_image(struct run *run, size_t size)
{
	void *memory;

	run->image.size = size;
	run->image.fd = memfd_create("vdso", MFD_CLOEXEC);
	size += VDSOGEN_PAGE;	/* for the data, if they are outside of the image */
	if (run->image.fd < 0 || ftruncate(run->image.fd, (off_t)size)) {
		run_broken("memory for the image");
		return NULL;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, run->image.fd, 0);
	if (memory == MAP_FAILED) {
		run_broken("memory for the image");
		return NULL;
	}
	mlock(memory, size);	/* no page fault while readers wait; good if it can be had */
	return memory;
}

static void *build_image(struct run *run)
{
	size_t size = 0;
	int error = vdsogen_build(host_arch(), &run->config, NULL, &size);
	void *memory = error ? NULL : map_image(run, size);

	if (!error && !memory)
		return NULL;
	if (!error)
		error = vdsogen_build(host_arch(), &run->config, memory, &size);
	if (!error)
		return memory;
	tool_error("run: %s: %s", vdsogen_arch_name(host_arch()), vdsogen_strerror(error));
	return NULL;
}

enum { IMAGE_MAX = 1 << 20 };

static void *read_image(struct run *run)
{
	FILE *file = fopen(run->file, "rbe");
	static char bytes[IMAGE_MAX + 1];
	size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0, room;
	void *memory;

	if (!file || ferror(file)) {
		tool_error("%s: %s", run->file, strerror(errno));
		if (file)
			fclose(file);
		return NULL;
	}
	fclose(file);
	if (!size || size > IMAGE_MAX) {
		tool_error("%s: %s: this is no vDSO image", run->file,
			   size ? "larger than 1 MiB" : "empty");
		return NULL;
	}
	room = (size + VDSOGEN_PAGE - 1) / VDSOGEN_PAGE * VDSOGEN_PAGE;
	memory = map_image(run, room);
	return memory ? memcpy(memory, bytes, size) : NULL;
}

/* Of an image from a file. */
static bool fits_identity(const char *name, const struct vdsogen_image *image)
{
	const char *lacks = NULL;

	if (!image->process)
		lacks = "no identity function, such as getpid";
	else if (image->config.process != VDSOGEN_DATA_INSIDE)
		lacks = "its process block outside, where all processes would share it";
	else if (image->config.data == VDSOGEN_DATA_INSIDE)
		lacks = "its clock block inside, where each process would have its own";
	else
		return true;
	tool_error("%s: --identity: the image has %s; build one with vdsogen build --functions "
		   "getpid,... --process inside --data before, or leave --image out", name, lacks);
	return false;
}

bool run_make_image(struct run *run)
{
	const char *name = run->file ? run->file : "run: the image";
	const struct vdsogen_arch *arch;
	struct vdsogen_image image;
	unsigned char *memory = run->file ? read_image(run) : build_image(run);
	int error = memory ? vdsogen_open(memory, run->image.size, &image) : 0;

	if (!memory)
		return false;
	if (error) {
		tool_error("%s: %s", name, vdsogen_strerror(error));
		return false;
	}
	arch = tool_arch_of(image.machine);
	if (arch != host_arch()) {
		tool_error("%s: an image for %s does not run on this machine, %s", name,
			   arch ? vdsogen_arch_name(arch) : "another architecture",
			   vdsogen_arch_name(host_arch()));
		return false;
	}
	if (run->identity && !fits_identity(name, &image))
		return false;
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS && !run->image.trap; f++)
		run->image.trap = image.function[f].trap;
	run->config = image.config;
	run->memory = memory;
	run->process = image.process;
	if (image.config.data == VDSOGEN_DATA_INSIDE) {
		run->clock = (struct vdsogen_clock *)(void *)(memory + image.clock);
	} else {
		run->image.data = image.clock;
		run->image.data_memory = (char *)memory + run->image.size;
		run->clock = (struct vdsogen_clock *)(void *)(memory + run->image.size);
		vdsogen_clock_init(run->clock, &image);
	}
	if (image.random)	/* where it is from the clock, they are here, too */
		run->random = (struct vdsogen_random *)(void *)
			      ((char *)run->clock + (image.random - image.clock));
	return true;
}
