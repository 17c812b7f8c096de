/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory order of the clock protocol: every order in which one publisher
 * (two publications) and two readers (one try each) can be performed.
 *
 * A thread is a set of events and of orderings between them. An event may be
 * performed once all those that an ordering puts before it have been; it takes
 * effect for everybody at once, as Armv8 (other-multi-copy-atomic) and TSO have
 * it. A store that is delayed past later loads and counter readings is one in
 * a store buffer: no thread here loads what it has stored, so forwarding
 * from the buffer changes nothing.
 *
 * The counter grows at each reading, and nothing orders a reading but what
 * the tables below say. That the publisher's reading waits until the odd counts
 * are visible is what vdsogen.h asks of the caller (LFENCE, behind the library's
 * locked instruction or MFENCE; DSB ISH, ISB: a DMB orders no counter).
 *
 * Reader 0 hands its result to reader 1, which looks for it first. Checked when
 * a reader accepts: its fields are of one publication, that of the count; no
 * newer line begins before its counter; its time is not before the one that it
 * was handed. Then each ordering is taken out alone, and a fault must be found.
 *
 * A latch's readers do not wait at an odd count but read `saved`. They may go
 * past a new line's beginning: that the new line is not behind the old one as
 * long as that may be read is arithmetic (check_clock.c), not order.
 */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

enum { READERS = 2, LINES = 2, PUBLICATIONS = 2 };

/* Events. MESSAGE is reader 1's only; reader 0's message is sent as it accepts. */
enum { SEQ, COUNTER, RATE, BASE, RECHECK, MESSAGE, READER_EVENTS };
enum { CLOSE0, CLOSE1, FENCE, ANCHOR, RATE0, BASE0, RATE1, BASE1, OPEN0, OPEN1, PUBLISHER_EVENTS };
/* In a latch there is one line, and its copy. */
enum { SAVE_RATE = RATE1, SAVE_BASE = BASE1 };
enum { FIRST_PUBLISHER = READERS * READER_EVENTS,
       EVENTS = FIRST_PUBLISHER + PUBLICATIONS * PUBLISHER_EVENTS };
_Static_assert(EVENTS <= 32, "a set of events is a word");

#define READ(reader, event) ((reader) * READER_EVENTS + (event))
#define PUBLISH(publication, event) \
	(FIRST_PUBLISHER + (publication) * PUBLISHER_EVENTS + (event))

/* What can be taken out. ALWAYS: program text, data flow, coherence, the architecture. */
enum ordering {
	ALWAYS, COUNTER_AFTER_SEQ, FIELDS_AFTER_SEQ, RECHECK_AFTER_COUNTER, RECHECK_AFTER_RATE,
	RECHECK_AFTER_BASE, CLOSE_BEFORE_FENCE, ANCHOR_AFTER_FENCE, FIELDS_AFTER_FENCE,
	RELEASE_OPEN, RELEASE_CLOSE, RELEASE_LOCK
};
#define BIT(n) (UINT32_C(1) << (n))

struct edge {
	uint8_t before, after, ordering;
};

/* -------------------------------------------------------------------------
 * The protocol, as tables.
 */

/* x86: loads are performed in program order; the counter is not a load. */
static const struct edge x86_reader[] = {
	{ MESSAGE, SEQ, ALWAYS },
	{ SEQ, COUNTER, COUNTER_AFTER_SEQ },		/* LFENCE, or RDTSCP */
	{ SEQ, RATE, ALWAYS }, { RATE, BASE, ALWAYS }, { BASE, RECHECK, ALWAYS },
	{ COUNTER, RECHECK, RECHECK_AFTER_COUNTER },	/* the address */
};

/* arm64. The message is loaded with acquire; the two counts are one location. */
static const struct edge arm_reader[] = {
	{ MESSAGE, SEQ, ALWAYS }, { MESSAGE, RATE, ALWAYS }, { MESSAGE, BASE, ALWAYS },
	{ MESSAGE, RECHECK, ALWAYS }, { SEQ, RECHECK, ALWAYS },
	{ SEQ, COUNTER, COUNTER_AFTER_SEQ },		/* branch and ISB, or CNTVCTSS */
	{ SEQ, RATE, FIELDS_AFTER_SEQ },		/* branch and ISB, or LDAR */
	{ SEQ, BASE, FIELDS_AFTER_SEQ },
	{ COUNTER, RECHECK, RECHECK_AFTER_COUNTER },	/* the address */
	{ RATE, RECHECK, RECHECK_AFTER_RATE },
	{ BASE, RECHECK, RECHECK_AFTER_BASE },
};

/* x86: stores are seen in program order. */
static const struct edge x86_publisher[] = {
	{ CLOSE0, CLOSE1, ALWAYS }, { CLOSE1, RATE0, ALWAYS }, { RATE0, BASE0, ALWAYS },
	{ BASE0, RATE1, ALWAYS }, { RATE1, BASE1, ALWAYS }, { BASE1, OPEN0, ALWAYS },
	{ OPEN0, OPEN1, ALWAYS },
	{ ANCHOR, BASE0, ALWAYS }, { ANCHOR, BASE1, ALWAYS },
	{ CLOSE0, FENCE, CLOSE_BEFORE_FENCE }, { CLOSE1, FENCE, CLOSE_BEFORE_FENCE },
	{ FENCE, ANCHOR, ANCHOR_AFTER_FENCE }, { FENCE, RATE0, ALWAYS },
};

/* arm64. The rate need not depend on the counter; the bases do. */
static const struct edge arm_publisher[] = {
	{ CLOSE0, OPEN0, ALWAYS }, { CLOSE1, OPEN1, ALWAYS },
	{ ANCHOR, BASE0, ALWAYS }, { ANCHOR, BASE1, ALWAYS },
	{ CLOSE0, FENCE, CLOSE_BEFORE_FENCE }, { CLOSE1, FENCE, CLOSE_BEFORE_FENCE },
	{ FENCE, ANCHOR, ANCHOR_AFTER_FENCE },
	{ FENCE, RATE0, FIELDS_AFTER_FENCE }, { FENCE, RATE1, FIELDS_AFTER_FENCE },
	{ FENCE, BASE0, FIELDS_AFTER_FENCE }, { FENCE, BASE1, FIELDS_AFTER_FENCE },
	{ RATE0, OPEN0, RELEASE_OPEN }, { BASE0, OPEN0, RELEASE_OPEN },
	{ RATE0, OPEN1, RELEASE_OPEN }, { BASE0, OPEN1, RELEASE_OPEN },
	{ RATE1, OPEN1, RELEASE_OPEN }, { BASE1, OPEN1, RELEASE_OPEN },
	{ OPEN0, OPEN1, RELEASE_OPEN },
};

static const struct edge x86_latch[] = {
	{ SAVE_RATE, SAVE_BASE, ALWAYS }, { SAVE_BASE, CLOSE0, ALWAYS }, { CLOSE0, FENCE, ALWAYS },
	{ FENCE, RATE0, ALWAYS }, { RATE0, BASE0, ALWAYS }, { ANCHOR, BASE0, ALWAYS },
	{ BASE0, OPEN0, ALWAYS },
};

static const struct edge arm_latch[] = {
	{ SAVE_RATE, CLOSE0, RELEASE_CLOSE }, { SAVE_BASE, CLOSE0, RELEASE_CLOSE },
	{ CLOSE0, FENCE, ALWAYS }, { CLOSE0, OPEN0, ALWAYS },
	{ FENCE, RATE0, FIELDS_AFTER_FENCE }, { FENCE, BASE0, FIELDS_AFTER_FENCE },
	{ ANCHOR, BASE0, ALWAYS },
	{ RATE0, OPEN0, RELEASE_OPEN }, { BASE0, OPEN0, RELEASE_OPEN },
};

struct protocol {
	const struct edge *reader, *publisher;
	size_t readers, publishers;
	bool latch;
};
#define COUNT(table) (sizeof(table) / sizeof *(table))
#define PROTOCOL(reader, publisher, latch) \
	{ (reader), (publisher), COUNT(reader), COUNT(publisher), (latch) }
static const struct protocol x86 = PROTOCOL(x86_reader, x86_publisher, false);
static const struct protocol arm = PROTOCOL(arm_reader, arm_publisher, false);
static const struct protocol latch_on_x86 = PROTOCOL(x86_reader, x86_latch, true);
static const struct protocol latch_on_arm = PROTOCOL(arm_reader, arm_latch, true);

/* -------------------------------------------------------------------------
 * The states.
 */
struct reading {
	uint8_t seq, counter, rate, base;	/* fields: the publication that they are of */
};

struct state {
	uint32_t done;
	uint8_t counter, anchor[PUBLICATIONS + 1];
	uint8_t message, heard;
	struct reading reading[READERS];
	uint8_t zero[2];			/* no padding: states are compared as bytes */
};
_Static_assert(sizeof(struct state) == 20, "no padding");

struct search {
	uint32_t prior[EVENTS];
	unsigned int line[READERS];	/* that each reads */
	bool latch;
	struct state *seen, *todo;
	bool *used;
	size_t todos, states;
	enum fault { NO_FAULT, TORN, PAST_ITS_END, BACKWARDS } fault;
};
enum { LOG2_SEEN = 20, SEEN = 1 << LOG2_SEEN };

static bool done(const struct state *s, unsigned int event)
{
	return s->done & BIT(event);
}

/* Memory is what the publisher has done: its stores to one location keep their order. */
static uint8_t seq_of(const struct state *s, unsigned int line)
{
	uint8_t seq = 0;

	for (unsigned int p = 0; p < PUBLICATIONS; p++) {
		if (done(s, PUBLISH(p, line ? CLOSE1 : CLOSE0)))
			seq = 2 * p + 1;
		if (done(s, PUBLISH(p, line ? OPEN1 : OPEN0)))
			seq = 2 * p + 2;
	}
	return seq;
}

static uint8_t field_of(const struct state *s, unsigned int event)
{
	uint8_t publication = 0;

	for (unsigned int p = 0; p < PUBLICATIONS; p++)
		if (done(s, PUBLISH(p, event)))
			publication = p + 1;
	return publication;
}

/* A reader that is through leaves nothing behind, so that fewer states differ. */
static void leave(struct state *s, unsigned int r)
{
	s->done |= (BIT(READER_EVENTS) - 1) << READ(r, 0);
	s->reading[r] = (struct reading){ 0 };
}

/* A copy is of the publication before the one that makes it; NOT_COPIED is of none. */
static uint8_t copy_of(const struct state *s, unsigned int event)
{
	const uint8_t NOT_COPIED = UINT8_MAX;
	uint8_t by = field_of(s, event);

	return by ? by - 1 : NOT_COPIED;
}

static enum fault accept(const struct search *search, struct state *s, unsigned int r)
{
	struct reading *got = &s->reading[r];
	unsigned int publication = got->seq / 2;
	uint8_t time = s->anchor[publication];

	if (got->rate != publication || got->base != publication)
		return TORN;
	for (unsigned int p = publication + 1; p <= PUBLICATIONS && !search->latch; p++)
		if (done(s, PUBLISH(p - 1, ANCHOR)) && s->anchor[p] < got->counter)
			return PAST_ITS_END;
	if (time < got->counter)
		time = got->counter;		/* else clamped to the anchor */
	if (r == 0)
		s->message = time;
	else if (time < s->heard)
		return BACKWARDS;
	return NO_FAULT;
}

static enum fault read_event(const struct search *search, struct state *s, unsigned int r,
			     unsigned int event)
{
	struct reading *got = &s->reading[r];
	unsigned int line = search->line[r];
	enum fault fault = NO_FAULT;
	bool copy = search->latch && got->seq & 1;

	switch (event) {
	case MESSAGE:
		s->heard = s->message;
		break;
	case SEQ:
		got->seq = seq_of(s, line);
		if (got->seq & 1 && !search->latch)
			leave(s, r);
		break;
	case COUNTER:
		got->counter = ++s->counter;
		break;
	case RATE:
		got->rate = copy ? copy_of(s, SAVE_RATE) : field_of(s, line ? RATE1 : RATE0);
		break;
	case BASE:
		got->base = copy ? copy_of(s, SAVE_BASE) : field_of(s, line ? BASE1 : BASE0);
		break;
	case RECHECK:
		/*
		 * Performed before what it should come after, it says what it
		 * saw; the rest of the reading is still to come.
		 */
		if (seq_of(s, line) != got->seq)
			leave(s, r);
		break;
	}
	if ((s->done >> READ(r, 0) & (BIT(READER_EVENTS) - 1)) == BIT(READER_EVENTS) - 1 &&
	    memcmp(got, &(struct reading){ 0 }, sizeof *got)) {
		fault = accept(search, s, r);
		leave(s, r);
	}
	return fault;
}

/* -------------------------------------------------------------------------
 * The search.
 */
static bool is_new(struct search *search, const struct state *s)
{
	uint64_t hash = 0;
	uint32_t word[sizeof *s / sizeof(uint32_t)];
	size_t at;

	memcpy(word, s, sizeof word);
	for (size_t i = 0; i < COUNT(word); i++) {
		hash = (hash ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	for (at = hash % SEEN; search->used[at]; at = (at + 1) % SEEN)
		if (!memcmp(&search->seen[at], s, sizeof *s))
			return false;
	ck_assert_msg(++search->states < SEEN, "more than %d states: enlarge SEEN", SEEN);
	search->used[at] = true;
	search->seen[at] = *s;
	return true;
}

static void step(struct search *search, struct state s, unsigned int event)
{
	s.done |= BIT(event);
	if (event < FIRST_PUBLISHER) {
		search->fault = read_event(search, &s, event / READER_EVENTS,
					   event % READER_EVENTS);
	} else if ((event - FIRST_PUBLISHER) % PUBLISHER_EVENTS == ANCHOR) {
		s.anchor[(event - FIRST_PUBLISHER) / PUBLISHER_EVENTS + 1] = ++s.counter;
	}
	if (is_new(search, &s))
		search->todo[search->todos++] = s;
}

static void explore(struct search *search)
{
	struct state s = { .done = BIT(READ(0, MESSAGE)) };

	for (unsigned int p = 0; p < PUBLICATIONS && search->latch; p++)
		s.done |= BIT(PUBLISH(p, CLOSE1)) | BIT(PUBLISH(p, OPEN1));
	search->todo[search->todos++] = s;
	while (search->todos && !search->fault) {
		s = search->todo[--search->todos];
		for (unsigned int e = 0; e < EVENTS && !search->fault; e++)
			if (!done(&s, e) && !(search->prior[e] & ~s.done))
				step(search, s, e);
	}
}

static void order(struct search *search, const struct protocol *protocol, uint32_t out)
{
	for (unsigned int r = 0; r < READERS; r++)
		for (size_t i = 0; i < protocol->readers; i++) {
			const struct edge *e = &protocol->reader[i];

			if (!(out & BIT(e->ordering)))
				search->prior[READ(r, e->after)] |= BIT(READ(r, e->before));
		}
	for (unsigned int p = 0; p < PUBLICATIONS; p++)
		for (size_t i = 0; i < protocol->publishers; i++) {
			const struct edge *e = &protocol->publisher[i];

			if (!(out & BIT(e->ordering)))
				search->prior[PUBLISH(p, e->after)] |= BIT(PUBLISH(p, e->before));
		}
	/* Between publications: coherence, and `generation`, released and acquired. */
	search->prior[PUBLISH(1, CLOSE0)] |= BIT(PUBLISH(0, OPEN0));
	search->prior[PUBLISH(1, CLOSE1)] |= BIT(PUBLISH(0, OPEN1));
	for (unsigned int e = 0; e < PUBLISHER_EVENTS; e++) {
		search->prior[PUBLISH(1, e)] |= BIT(PUBLISH(0, e));
		for (unsigned int f = 0; f < PUBLISHER_EVENTS && !(out & BIT(RELEASE_LOCK)); f++)
			search->prior[PUBLISH(1, e)] |= BIT(PUBLISH(0, f));
	}
}

static enum fault find_fault(const struct protocol *protocol, uint32_t out, unsigned int line0,
			     unsigned int line1, size_t *states)
{
	struct search search = { .line = { line0, line1 }, .latch = protocol->latch };

	search.seen = malloc(SEEN * sizeof *search.seen);
	search.todo = malloc(SEEN * sizeof *search.todo);
	search.used = calloc(SEEN, sizeof *search.used);
	ck_assert(search.seen && search.todo && search.used);
	order(&search, protocol, out);
	explore(&search);
	free(search.seen);
	free(search.todo);
	free(search.used);
	*states = search.states;
	return search.fault;
}

/* The lines that the readers read: the same one, and one each. */
static const uint8_t lines[][READERS] = { { 0, 0 }, { 1, 1 }, { 0, 1 }, { 1, 0 } };

static size_t pairs_of_lines(const struct protocol *protocol)
{
	return protocol->latch ? 1 : COUNT(lines);
}

/* -------------------------------------------------------------------------
 * The tests.
 */
static const struct {
	const char *name;
	const struct protocol *protocol;
	uint32_t out;
} removals[] = {
	{ "x86 reader: LFENCE or RDTSCP", &x86, BIT(COUNTER_AFTER_SEQ) },
	{ "x86 reader: the recheck's dependency on the counter", &x86, BIT(RECHECK_AFTER_COUNTER) },
	{ "x86 publisher: full fence", &x86, BIT(CLOSE_BEFORE_FENCE) },
	{ "x86 publisher: counter after the fence", &x86, BIT(ANCHOR_AFTER_FENCE) },
	{ "arm64 reader: ISB", &arm, BIT(COUNTER_AFTER_SEQ) | BIT(FIELDS_AFTER_SEQ) },
	{ "arm64 reader: counter not read ahead", &arm, BIT(COUNTER_AFTER_SEQ) },
	{ "arm64 reader: acquire, in the forms without ISB", &arm, BIT(FIELDS_AFTER_SEQ) },
	{ "arm64 reader: the recheck's dependency on the counter", &arm,
	  BIT(RECHECK_AFTER_COUNTER) },
	{ "arm64 reader: the recheck's dependency on the rate", &arm, BIT(RECHECK_AFTER_RATE) },
	{ "arm64 reader: the recheck's dependency on the base", &arm, BIT(RECHECK_AFTER_BASE) },
	{ "arm64 publisher: full fence", &arm, BIT(CLOSE_BEFORE_FENCE) | BIT(FIELDS_AFTER_FENCE) },
	{ "arm64 publisher: odd counts before the fence", &arm, BIT(CLOSE_BEFORE_FENCE) },
	{ "arm64 publisher: counter after the fence", &arm, BIT(ANCHOR_AFTER_FENCE) },
	{ "arm64 publisher: fields after the odd counts", &arm, BIT(FIELDS_AFTER_FENCE) },
	{ "arm64 publisher: release of the even counts", &arm, BIT(RELEASE_OPEN) },
	{ "x86 latch: LFENCE or RDTSCP", &latch_on_x86, BIT(COUNTER_AFTER_SEQ) },
	{ "arm64 latch: ISB", &latch_on_arm, BIT(COUNTER_AFTER_SEQ) | BIT(FIELDS_AFTER_SEQ) },
	{ "arm64 latch: counter not read ahead", &latch_on_arm, BIT(COUNTER_AFTER_SEQ) },
	{ "arm64 latch: acquire", &latch_on_arm, BIT(FIELDS_AFTER_SEQ) },
	{ "arm64 latch: the recheck's dependency on the rate", &latch_on_arm,
	  BIT(RECHECK_AFTER_RATE) },
	{ "arm64 latch: the recheck's dependency on the base", &latch_on_arm,
	  BIT(RECHECK_AFTER_BASE) },
	{ "arm64 latch: fields after the odd count", &latch_on_arm, BIT(FIELDS_AFTER_FENCE) },
	{ "arm64 latch: release of the odd count", &latch_on_arm, BIT(RELEASE_CLOSE) },
	{ "arm64 latch: release of the even count", &latch_on_arm, BIT(RELEASE_OPEN) },
	{ "arm64 latch: release of the lock", &latch_on_arm, BIT(RELEASE_LOCK) },
};

static void has_no_fault(const struct protocol *protocol)
{
	for (size_t i = 0; i < pairs_of_lines(protocol); i++) {
		size_t states;
		enum fault fault = find_fault(protocol, 0, lines[i][0], lines[i][1], &states);

		ck_assert_msg(!fault, "lines %u and %u: fault %d after %zu states", lines[i][0],
			      lines[i][1], fault, states);
	}
}

START_TEST(model_x86_protocol_holds)
{
	has_no_fault(&x86);
}
END_TEST

START_TEST(model_arm64_protocol_holds)
{
	has_no_fault(&arm);
}
END_TEST

START_TEST(model_latch_holds)
{
	has_no_fault(&latch_on_x86);
	has_no_fault(&latch_on_arm);
}
END_TEST

START_TEST(model_every_ordering_is_needed)
{
	enum fault fault = NO_FAULT;
	size_t states;

	for (size_t i = 0; i < pairs_of_lines(removals[_i].protocol) && !fault; i++)
		fault = find_fault(removals[_i].protocol, removals[_i].out, lines[i][0],
				   lines[i][1], &states);
	ck_assert_msg(fault, "without this no fault is found: %s", removals[_i].name);
}
END_TEST

Suite *model_suite(void)
{
	Suite *suite = suite_create("model");
	TCase *tcase = tcase_create("order");

	tcase_add_test(tcase, model_x86_protocol_holds);
	tcase_add_test(tcase, model_arm64_protocol_holds);
	tcase_add_test(tcase, model_latch_holds);
	tcase_add_loop_test(tcase, model_every_ordering_is_needed, 0, COUNT(removals));
	suite_add_tcase(suite, tcase);
	return suite;
}
