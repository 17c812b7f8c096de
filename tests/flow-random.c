/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What getrandom may do with the caller's state and the host's generation, and when.
 * All that decides is known in a walk (struct flow_scene), and what comes from the
 * key or the batch may not decide. Vectors have no values: a bit tells what of.
 */
#ifdef HAVE_CAPSTONE
#include "flow.h"

#define ALL UINT64_MAX	/* bits */
#define SECRETS (VG_STATE(key) + sizeof((struct vg_random_state *)0)->key)
#define BATCH sizeof((struct vg_random_state *)0)->batch
#define KEY sizeof((struct vg_random_state *)0)->key

static struct value known(uint64_t bits)
{
	return value_with(value_from(FROM_ELSEWHERE, IS_ANYTHING), bits, ALL);
}

/* -------------------------------------------------------------------------
 * struct vdsogen_random.
 */
static uint64_t block_of(const struct flow *f)
{
	return FLOW_IMAGE + (uint64_t)(int64_t)f->image->random;
}

bool flow_in_random(const struct flow *f, uint64_t at, unsigned int size)
{
	return f->image->random && at >= block_of(f) &&
	       at + size <= block_of(f) + sizeof(struct vdsogen_random);
}

/* One look more. It counts for what the state has been loaded for before it. */
static struct value look(struct flow *f, struct state *s)
{
	struct flow_random *r = &s->random;
	uint32_t until = (2u << r->looks++) - 1;

	r->latest = FLOW_GENERATION + (uint64_t)__builtin_popcount(f->scene.changes & until);
	r->looked = f->machine->tso || !r->unordered;
	r->ordered = f->machine->tso;
	return known(r->latest);
}

struct value flow_random_load(struct flow *f, struct state *s, uint64_t at, unsigned int size,
			      bool acquire)
{
	size_t offset = (size_t)(at - block_of(f));

	if (f->function != VDSOGEN_GETRANDOM)
		flow_fail(f, "loads what is getrandom's");
	if (offset == VG_RND(generation) && size == sizeof(uint64_t))
		return look(f, s);
	if (size != sizeof(uint32_t))
		flow_fail(f, "loads %u bytes at %zu of the block of getrandom", size, offset);
	if (offset == VG_RND(prot) && s->random.flags_loaded)
		return known(3);
	if ((offset == VG_RND(flags) || offset == VG_RND(ready)) && !f->machine->tso && !acquire)
		flow_fail(f, "this word must be loaded with acquire");
	if (offset == VG_RND(flags)) {
		s->random.flags_loaded = 1;
		return known(f->scene.flags);
	}
	if (offset != VG_RND(ready))
		flow_fail(f, "loads the word at %zu of the block of getrandom", offset);
	return known(f->scene.ready);
}

/* -------------------------------------------------------------------------
 * The caller's state.
 */
bool flow_in_state(const struct flow *f, uint64_t at, unsigned int size)
{
	return f->function == VDSOGEN_GETRANDOM && at >= FLOW_STATE &&
	       at + size <= FLOW_STATE + sizeof(struct vg_random_state);
}

struct value flow_state_load(struct flow *f, struct state *s, uint64_t at, unsigned int size)
{
	struct flow_random *r = &s->random;
	size_t offset = (size_t)(at - FLOW_STATE);

	if (offset == VG_STATE(in_use) && size == 1)
		return known(r->in_use);
	if (f->scene.in_use || r->in_use != 1)
		flow_fail(f, "loads from a state that this call has not taken");
	if (offset == VG_STATE(generation) && size == sizeof(uint64_t)) {
		r->looked_own = f->machine->tso || !r->unordered;
		return known(r->generation);
	}
	if (offset == VG_STATE(pos) && size == 1)
		return known(r->pos);
	if (offset + size > SECRETS)
		flow_fail(f, "loads %u bytes at %zu of the state", size, offset);
	r->looked = r->looked_own = 0;
	r->unordered = 1;
	return value_from(offset < BATCH ? FROM_BATCH : FROM_KEY, IS_ANYTHING);
}

static void store_generation(struct flow *f, struct flow_random *r, uint64_t generation)
{
	if (generation && generation != r->latest)
		flow_fail(f, "tells the state a generation that was not loaded");
	r->generation = generation;
}

void flow_state_store(struct flow *f, struct state *s, uint64_t at, unsigned int size,
		      struct value v)
{
	struct flow_random *r = &s->random;
	size_t offset = (size_t)(at - FLOW_STATE);

	if (f->scene.in_use || (r->in_use != 1 && offset != VG_STATE(in_use)))
		flow_fail(f, "writes to a state that this call has not taken");
	if (offset + size <= SECRETS)
		return;
	if (!value_known(value_low(v, size), ALL))
		flow_fail(f, "tells the state what is not known");
	if (offset == VG_STATE(generation) && size == sizeof(uint64_t))
		store_generation(f, r, v.bits);
	else if (offset == VG_STATE(pos) && size == 1)
		r->pos = v.bits & UINT8_MAX;
	else if (offset == VG_STATE(in_use) && size == 1)
		r->in_use = v.bits & UINT8_MAX;
	else
		flow_fail(f, "stores %u bytes at %zu of the state", size, offset);
	if (r->pos > BATCH)
		flow_fail(f, "the position is %u", (unsigned int)r->pos);
}

/* -------------------------------------------------------------------------
 * Vectors.
 */
uint32_t flow_vector(const struct state *s, unsigned int vector)
{
	return (s->random.keyed >> vector & 1 ? FROM_KEY : 0) |
	       (s->random.served >> vector & 1 ? FROM_BATCH : 0);
}

void flow_vector_write(struct state *s, unsigned int vector, uint32_t from)
{
	uint32_t bit = UINT32_C(1) << vector;

	s->random.keyed = from & FROM_KEY ? s->random.keyed | bit : s->random.keyed & ~bit;
	s->random.served = from & FROM_BATCH ? s->random.served | bit : s->random.served & ~bit;
}

/* -------------------------------------------------------------------------
 * The host, and the way out.
 */
static bool is_argument(const struct flow *f, const struct state *s, unsigned int i, uint64_t bits)
{
	bool third = f->image->config.fallback == VDSOGEN_FALLBACK_OUT && i == FLOW_PASSED_ON - 1;
	struct value v = s->reg[third ? f->machine->third : f->machine->argument[i]];

	if (i == FLOW_PASSED_ON - 1)	/* an unsigned int */
		v = value_low(v, sizeof(uint32_t));
	return value_known(v, ALL) && v.bits == bits;
}

/* For a key: the generation that the state names is no newer than what the host has. */
struct value flow_ask(struct flow *f, struct state *s)
{
	struct flow_random *r = &s->random;

	if (!is_argument(f, s, 0, FLOW_STATE + VG_STATE(key)) || !is_argument(f, s, 1, KEY) ||
	    !is_argument(f, s, 2, 0))
		flow_fail(f, "asks for something else than a key");
	if (r->in_use != 1 || r->generation != r->latest)
		flow_fail(f, "asks for a key before the state knows whose");
	if (!r->ordered)
		flow_fail(f, "the generation may be loaded after the key is made");
	if (r->keyed)
		flow_fail(f, "the host could see the key in vectors %#x", r->keyed);
	r->asked++;
	f->traps++;
	return known((uint64_t)f->scene.key_result);
}

/* To the caller, or to the host with the caller's own arguments. */
void flow_random_leave(struct flow *f, const struct state *s, bool answers)
{
	const struct flow_random *r = &s->random;

	if (r->in_use != f->scene.in_use)
		flow_fail(f, "leaves a state that is in use");
	if (r->keyed)
		flow_fail(f, "leaves what was made of the key in vectors %#x", r->keyed);
	if (answers && s->stored[0][0] &&
	    (!r->looked || !r->looked_own || r->generation != r->latest))
		flow_fail(f, "answers without a last look at the generations");
}
#else
typedef int flow_random_without_capstone;
#endif
