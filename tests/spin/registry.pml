/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runner/registry.c: two numbers, what is open under them, who uses it and who publishes for
 * it, and the guest that looks at a bit without the lock. All that is open has the same class
 * and the same descriptor of the host: what tells it apart is the generation.
 *
 * tests/spin.sh has the words that break it, one at a time.
 */
#define NUMBERS 2
#define OPENS 2		/* how often something is opened */
#define FREE 0

typedef number {
	byte opened;		/* what it stands for */
	byte generation
};
number slot[NUMBERS];
bool shown[NUMBERS];		/* the bits: no lock for the guest */
bool locked;
byte generation;

/* Of what is open, by its place; 0 is nothing. */
byte holders[OPENS + 1];
byte payload[OPENS + 1];	/* which it was made for */
bool random[OPENS + 1];
bool cleaned[OPENS + 1];
byte made, undone, attached;

#ifdef NO_LOCK
#define ENTER skip
#define LEAVE skip
#else
#define ENTER atomic { !locked -> locked = true }
#define LEAVE locked = false
#endif

inline settle(n, which)
{
	holders[which]++;
#ifdef BIT_BEFORE_SLOT
	shown[n] = random[which];
#endif
	generation++;
	slot[n].generation = generation;
	slot[n].opened = which;
#ifndef BIT_BEFORE_SLOT
	shown[n] = random[which]
#endif
}

inline drop(thing, dead)
{
	holders[thing]--;
	dead = (holders[thing] == 0 -> thing : 0)
}

inline vacate(n, left, last)
{
#ifndef SLOT_BEFORE_BIT
	shown[n] = false;
#endif
	left = slot[n].opened;
	slot[n].opened = FREE;
#ifdef SLOT_BEFORE_BIT
	shown[n] = false;
#endif
	drop(left, last)
}

inline clean_up(last)
{
	if
	:: last ->
		assert(!cleaned[last]);
		cleaned[last] = true;
		last = 0
	:: else
	fi
}

inline close_number(n, left, last)
{
	ENTER;
	if
	:: slot[n].opened -> vacate(n, left, last)
	:: else
	fi;
	LEAVE;
	clean_up(last)
}

/* Opens and closes the first number: the next one takes its place. */
active proctype opener()
{
	byte which = 0, left = 0, last = 0;

	do
	:: which < OPENS ->
		which++;
		if
		:: random[which] = true
		:: skip
		fi;
		ENTER;
		if
		:: !slot[0].opened -> settle(0, which)
		:: else
		fi;
		LEAVE;
		close_number(0, left, last)
	:: else -> break
	od
}

/* dup2(0, 1), and closes that. */
active proctype duplicator()
{
	byte left = 0, last = 0;

	ENTER;
	if
	:: slot[0].opened -> settle(1, slot[0].opened)
	:: else
	fi;
	LEAVE;
	close_number(1, left, last)
}

active [2] proctype publisher()
{
	byte seen_for = 0, seen = 0;

	ENTER;
	if
	:: slot[0].opened -> seen_for = slot[0].opened; seen = slot[0].generation
	:: else
	fi;
	LEAVE;
	if
	:: !seen_for -> goto done
	:: else -> made++
	fi;
	ENTER;
	if
#ifdef BY_DESCRIPTOR
	:: slot[0].opened && !payload[slot[0].opened] ->
#else
	:: slot[0].opened && slot[0].generation == seen && !payload[slot[0].opened] ->
#endif
		assert(slot[0].opened == seen_for);
		payload[slot[0].opened] = seen_for;
		attached++
	:: else -> undone++
	fi;
	LEAVE;
done:	skip
}

/* A call: what it uses is not cleaned up meanwhile. */
active proctype user()
{
	byte held = 0, last = 0;

	ENTER;
	if
	:: slot[0].opened ->
		held = slot[0].opened;
#ifndef NO_HOLD
		holders[held]++
#endif
	:: else
	fi;
	LEAVE;
	if
	:: held ->
		assert(!cleaned[held]);
#ifndef NO_HOLD
		ENTER;
		drop(held, last);
		LEAVE;
		clean_up(last)
#endif
	:: else
	fi
}

active proctype guest()
{
end:	do
	:: atomic { shown[0] -> assert(slot[0].opened && random[slot[0].opened]) }
	:: atomic { shown[1] -> assert(slot[1].opened && random[slot[1].opened]) }
	:: timeout -> break
	od;
	/* All others are done: nothing is left, or lost. */
	assert(!slot[0].opened && !slot[1].opened && !shown[0] && !shown[1]);
	assert(!holders[1] && !holders[2]);
	assert(made == attached + undone)
}
