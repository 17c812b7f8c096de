/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <sched.h>
#include <string.h>

#include "things.h"

static struct thing things[THINGS];
static _Atomic int hosts[THINGS];
static _Atomic int made, hosts_made;
static _Atomic long payloads_alive, hosts_alive, twice;

struct thing *thing_create(uint64_t generation)
{
	int n = atomic_fetch_add(&made, 1);

	must(n < THINGS);
	things[n].generation = generation;
	atomic_store(&things[n].state, THING_ALIVE);
	atomic_fetch_add(&payloads_alive, 1);
	return &things[n];
}

/* Both take their time, so that others can come in between. */
static void release(void *payload)
{
	struct thing *thing = payload;

	sched_yield();
	if (atomic_exchange(&thing->state, THING_RELEASED) == THING_ALIVE)
		atomic_fetch_sub(&payloads_alive, 1);
	else
		atomic_fetch_add(&twice, 1);
}

void thing_undo(struct thing *thing)
{
	release(thing);
}

bool thing_alive(const struct thing *thing)
{
	return atomic_load(&thing->state) == THING_ALIVE;
}

int thing_host(void)
{
	int n = atomic_fetch_add(&hosts_made, 1);

	must(n < THINGS);
	atomic_store(&hosts[n], THING_ALIVE);
	atomic_fetch_add(&hosts_alive, 1);
	return n;
}

static void close_host(int host)
{
	sched_yield();
	if (atomic_exchange(&hosts[host], THING_RELEASED) == THING_ALIVE)
		atomic_fetch_sub(&hosts_alive, 1);
	else
		atomic_fetch_add(&twice, 1);
}

const struct registry_class thing_class = { .name = "thing", .release = release };
const struct registry_class thing_local_class = {
	.name = "local thing", .release = release, .local = true,
};
const struct registry_class thing_random_class = {
	.name = "random thing", .release = release, .random = true,
};
static _Atomic bool shown[REGISTRY_SIZE];

static void show(int fd, bool is)
{
	atomic_store(&shown[fd], is);
}

bool thing_shown(unsigned int fd)
{
	return atomic_load(&shown[fd]);
}

const struct registry_host thing_host_drops = { .close = close_host, .shown = show };
const struct registry_host thing_host_hands_on = { .close = close_host, .hands_on = true };

struct thing_account thing_account(void)
{
	return (struct thing_account){
		.payloads = atomic_load(&payloads_alive),
		.hosts = atomic_load(&hosts_alive),
		.twice = atomic_load(&twice),
	};
}

void thing_end(struct registry *registry)
{
	struct thing_account account;

	registry_end(registry);
	account = thing_account();
	ck_assert_int_eq(account.payloads, 0);
	ck_assert_int_eq(account.hosts, 0);
	ck_assert_int_eq(account.twice, 0);
}

/* -------------------------------------------------------------------------
 * Serial numbers
 */

enum { SERIALS = 1 << 25 };
static _Atomic uint32_t serials;
static _Atomic uint64_t seen[SERIALS / 64];

int serial_source(void *context, void *to, size_t size)
{
	uint8_t *at = to;

	(void)context;
	for (size_t done = 0; done < size; done += 8) {
		uint64_t n = 1 + atomic_fetch_add(&serials, 1);

		must(n < SERIALS);
		n |= n << 32;
		memcpy(at + done, &n, size - done < 8 ? size - done : 8);
	}
	return 0;
}

bool serial_once(const void *bytes)
{
	uint64_t n;
	uint32_t low;

	memcpy(&n, bytes, sizeof n);
	low = (uint32_t)n;
	if (!low || low >= SERIALS || n >> 32 != low)
		return false;
	return !(atomic_fetch_or(&seen[low / 64], 1ull << low % 64) >> low % 64 & 1);
}
