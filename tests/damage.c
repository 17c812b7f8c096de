/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <check.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "damage.h"
#include "vdsogen.h"

static size_t room_of(size_t size)
{
	return (size + VDSOGEN_PAGE - 1) / VDSOGEN_PAGE * VDSOGEN_PAGE;
}

unsigned char *at_the_edge(const void *image, size_t size)
{
	size_t room = room_of(size);
	unsigned char *map = mmap(NULL, room + VDSOGEN_PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mprotect(map + room, VDSOGEN_PAGE, PROT_NONE), 0);
	return memcpy(map + room - size, image, size);
}

void let_go(unsigned char *edge, size_t size)
{
	size_t room = room_of(size);

	munmap(edge + size - room, room + VDSOGEN_PAGE);
}

void change_each_byte(const void *image, size_t size, look_fn *look, int arch)
{
	unsigned char *edge = at_the_edge(image, size);

	for (size_t at = 0; at < size; at++) {
		unsigned char good = edge[at];

		for (unsigned int bit = 0; bit < 8; bit++) {
			edge[at] = good ^ (unsigned char)(1u << bit);
			look(edge, size, arch);
		}
		edge[at] = (unsigned char)~good;
		look(edge, size, arch);
		edge[at] = 0x7f;
		look(edge, size, arch);
		edge[at] = good;
	}
	let_go(edge, size);
}

void change_each_word(const void *image, size_t size, look_fn *look, int arch)
{
	static const uint64_t extremes[] = {
		0, 1, VDSOGEN_PAGE - 1, VDSOGEN_PAGE, VDSOGEN_PAGE + 1, INT32_MAX, UINT32_MAX,
		1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX - VDSOGEN_PAGE, UINT64_MAX - 7,
		UINT64_MAX
	};
	unsigned char *edge = at_the_edge(image, size);

	for (size_t at = 0; at + 8 <= size; at += 4)
		for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++)
			for (size_t width = 4; width <= 8; width += 4) {
				memcpy(edge + at, &extremes[i], width);
				look(edge, size, arch);
				memcpy(edge + at, (const char *)image + at, width);
			}
	let_go(edge, size);
}
