/* SPDX-License-Identifier: BSD-2-Clause */
#include "translate.h"

bool translate_to_host(const struct translate *table, int64_t guest, int64_t *host)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->pair[i].guest == guest) {
			*host = table->pair[i].host;
			return true;
		}
	return false;
}

bool translate_to_guest(const struct translate *table, int64_t host, int64_t *guest)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->pair[i].host == host) {
			*guest = table->pair[i].guest;
			return true;
		}
	return false;
}

/* Takes a pair's bits out of `rest`: what they stand for. */
static uint64_t take(uint64_t *rest, uint64_t bits, uint64_t stand_for)
{
	if (!bits || (*rest & bits) != bits)
		return 0;
	*rest &= ~bits;
	return stand_for;
}

uint64_t translate_flags_to_host(const struct translate *table, uint64_t guest, uint64_t *unknown)
{
	uint64_t host = 0;

	for (size_t i = 0; i < table->count; i++)
		host |= take(&guest, (uint64_t)table->pair[i].guest, (uint64_t)table->pair[i].host);
	if (unknown)
		*unknown = guest;
	return host;
}

uint64_t translate_flags_to_guest(const struct translate *table, uint64_t host, uint64_t *unknown)
{
	uint64_t guest = 0;

	for (size_t i = 0; i < table->count; i++)
		guest |= take(&host, (uint64_t)table->pair[i].host, (uint64_t)table->pair[i].guest);
	if (unknown)
		*unknown = host;
	return guest;
}
