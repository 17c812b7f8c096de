/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of a configuration that its choices, each of them good, have no room for. */
#include <inttypes.h>

#include "tool.h"

void tool_config_complete(struct vdsogen_config *config)
{
	if (config->getcpu == VDSOGEN_GETCPU_WORD)
		config->getcpu_at = -(int32_t)sizeof(uint32_t);
	if (config->fallback == VDSOGEN_FALLBACK_JUMP)
		config->fallback_at = VDSOGEN_PAGE;
}

static bool builds(const struct vdsogen_arch *arch, const struct vdsogen_config *config)
{
	size_t size = 0;

	return !vdsogen_build(arch, config, NULL, &size);
}

static bool getcpu_fits(const char *command, const struct vdsogen_arch *arch,
			const struct vdsogen_config *config)
{
	struct vdsogen_config one = { .functions = config->functions, .getcpu = config->getcpu,
				      .getcpu_at = config->getcpu_at };

	if (builds(arch, &one))
		return true;
	tool_error("%s: --getcpu-at: %" PRId32 ": %s", command, config->getcpu_at,
		   config->getcpu == VDSOGEN_GETCPU_LSL ? "lsl takes a selector, 0 to 65535" :
		   config->getcpu == VDSOGEN_GETCPU_WORD ?
		   "word takes a multiple of 4 that is outside of the image, up to 524288 bytes "
		   "before or behind its start" :
		   "only --getcpu lsl and word take a number; leave it out");
	return false;
}

static const char *fallback_range(const struct vdsogen_config *config)
{
	switch (config->fallback) {
	case VDSOGEN_FALLBACK_HVC:
		return "hvc takes an immediate, 0 to 65535";
	case VDSOGEN_FALLBACK_OUT:
		return "out takes a port, 0 to 65535";
	case VDSOGEN_FALLBACK_JUMP:
		return "jump takes an address that is not 0";
	case VDSOGEN_FALLBACK_THREAD:
		return "thread takes a distance: on x86_64 of 32 bits with its sign, on aarch64 a "
		       "multiple of 8 up to 32760";
	}
	return "only --fallback hvc, out, jump and thread take a number; leave it out";
}

static bool fallback_fits(const char *command, const struct vdsogen_arch *arch,
			  const struct vdsogen_config *config)
{
	struct vdsogen_config one = { .functions = config->functions, .fallback = config->fallback,
				      .fallback_at = config->fallback_at };

	if (builds(arch, &one))
		return true;
	tool_error("%s: --fallback-at: 0x%" PRIx64 ": %s", command, config->fallback_at,
		   fallback_range(config));
	return false;
}

/* One of the two places: --data or --process. */
static bool place_fits(const char *command, const struct vdsogen_arch *arch,
		       struct vdsogen_config one, const char *option, uint32_t data, uint32_t distance)
{
	if (builds(arch, &one))
		return true;
	if (data == VDSOGEN_DATA_INSIDE)
		tool_error("%s: --%s: %" PRIu32 ": what is inside the image has no distance; leave it "
			   "out or choose before or after", command, option, distance);
	else
		tool_error("%s: --%s: %" PRIu32 ": that is within the image; give more, or leave it out "
			   "for the nearest page", command, option, distance);
	return false;
}

static bool places_fit(const char *command, const struct vdsogen_arch *arch,
		       const struct vdsogen_config *c)
{
	struct vdsogen_config data = { .functions = c->functions, .options = c->options,
				       .data = c->data, .distance = c->distance };
	struct vdsogen_config process = { .functions = c->functions, .options = c->options,
					  .process = c->process,
					  .process_distance = c->process_distance };

	return place_fits(command, arch, data, "distance", c->data, c->distance) &&
	       place_fits(command, arch, process, "process-distance", c->process,
			  c->process_distance);
}

bool tool_config_numbers_fit(const char *command, const struct vdsogen_arch *arch,
			     const struct vdsogen_config *config)
{
	if (!getcpu_fits(command, arch, config) || !fallback_fits(command, arch, config) ||
	    !places_fit(command, arch, config))
		return false;
	if (builds(arch, config))
		return true;
	/* each of them fits, but not all of them */
	tool_error("%s: the image, the clock block (--distance), the process block (--process-distance) "
		   "or getcpu's word (--getcpu-at) overlap; put them further apart", command);
	return false;
}
