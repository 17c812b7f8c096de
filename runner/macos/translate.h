/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and flags that the guest and the host have different ones for, by tables. */
#ifndef MACOS_TRANSLATE_H
#define MACOS_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct translate_pair {
	int64_t guest, host;
};

struct translate {
	const struct translate_pair *pair;
	size_t count;
};

/* A table of the pairs that follow, of this file alone. */
#define TRANSLATE(name, ...) \
	static const struct translate_pair name##_pairs[] = { __VA_ARGS__ }; \
	static const struct translate name = { \
		name##_pairs, sizeof name##_pairs / sizeof name##_pairs[0] \
	}

/* A number. false: the other side has none for it. Of several pairs the first is taken. */
bool translate_to_host(const struct translate *table, int64_t guest, int64_t *host);
bool translate_to_guest(const struct translate *table, int64_t host, int64_t *guest);

/*
 * Flags: each pair is a set of bits of the one side and what stands for it on the other, which
 * may be 0 where nothing needs to be said. Bits that no pair has are in `unknown`; NULL: they
 * are left out. A pair is in a value that has all of its bits, so one that another's bits are
 * part of comes first, and takes its bits with it.
 */
uint64_t translate_flags_to_host(const struct translate *table, uint64_t guest, uint64_t *unknown);
uint64_t translate_flags_to_guest(const struct translate *table, uint64_t host, uint64_t *unknown);

#endif
