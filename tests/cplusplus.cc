// SPDX-License-Identifier: BSD-2-Clause
// The library from C++, in each way that one would write it: exits 0 if it works.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "vdsogen.h"

static_assert(alignof(vdsogen_clock) == VDSOGEN_ALIGN, "the block is aligned in C++, too");
static_assert(VDSOGEN_OPTIONS & VDSOGEN_GUARD, "options are constants");

namespace {

struct alignas(VDSOGEN_PAGE) Page {
	unsigned char bytes[VDSOGEN_PAGE];
};

int failed;

void expect(bool good, const char *what, int error = 0)
{
	if (good)
		return;
	std::printf("FAIL: %s (%s)\n", what, vdsogen_strerror(error));
	failed = 1;
}

vdsogen_config small()
{
	vdsogen_config config{};

	config.functions = 1u << VDSOGEN_CLOCK_GETTIME;
	config.options = VDSOGEN_GUARD;
	return config;
}

void try_clock(vdsogen_clock *clock)
{
	std::uint64_t counter = 1000;
	vdsogen_source source{};
	vdsogen_sample sample{};
	vdsogen_time time{};
	int error;

	source.hz = VDSOGEN_HZ_MIN;
	sample.before = sample.after = counter;
	sample.realtime.sec = 1700000000;
	error = vdsogen_clock_start(clock, &source, &sample);
	expect(!error, "vdsogen_clock_start", error);

	// A function without captures; what it needs it finds behind the pointer.
	sample.before = sample.after = ++counter;
	error = vdsogen_clock_update(
		clock, &sample,
		[](void *arg) { return ++*static_cast<std::uint64_t *>(arg); }, &counter);
	expect(!error && counter == 1002, "vdsogen_clock_update", error);

	error = vdsogen_clock_read(clock, VDSOGEN_REALTIME, counter, &time);
	expect(!error && time.sec == 1700000000, "vdsogen_clock_read", error);
	error = vdsogen_clock_read(clock, VDSOGEN_CLOCK_IDS, counter, &time);
	expect(error == -VDSOGEN_ERR_CLOCK, "vdsogen_clock_read of no clock", error);
	expect(vdsogen_clock_attention(clock, 1, 0) == 0, "vdsogen_clock_attention");
}

void try_arch(const vdsogen_arch *arch)
{
	const vdsogen_config config = small();
	std::vector<unsigned char> copy;
	vdsogen_image image{};
	// struct: there is a function of this name, too
	struct vdsogen_symbol symbol{};
	static Page page;
	std::size_t size = sizeof page;
	int error;

	error = vdsogen_build(arch, &config, &page, &size);
	expect(!error && size == sizeof page, "vdsogen_build", error);
	error = vdsogen_open(&page, size, &image);
	expect(!error && image.config.functions == config.functions, "vdsogen_open", error);
	copy.assign(page.bytes, page.bytes + image.used);
	error = vdsogen_symbol(&image, "no such symbol", &symbol);
	expect(error == -VDSOGEN_ERR_NOSYMBOL, "vdsogen_symbol of none", error);
	expect(image.function[VDSOGEN_CLOCK_GETTIME].at != 0, "clock_gettime is there");
	expect(!std::memcmp(copy.data(), &page, copy.size()), "the page did not change");
	try_clock(reinterpret_cast<vdsogen_clock *>(page.bytes + image.clock));
}

} // namespace

int main()
{
	unsigned int count = 0;

	while (const vdsogen_arch *arch = vdsogen_arch_at(count)) {
		try_arch(arch);
		count++;
	}
	expect(count > 0, "there is an architecture");
	std::printf("%u architectures, C++ %ld\n", count, static_cast<long>(__cplusplus));
	return failed;
}
