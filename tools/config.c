/* SPDX-License-Identifier: BSD-2-Clause */
/* struct vdsogen_config in the words of the command line, both ways. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char *word_at(const char *const *words, unsigned int count, unsigned int i)
{
	if (i >= count)
		return NULL;
	return words[i] ? words[i] : "";
}

#define WORD_AT(words, i) word_at(words, sizeof(words) / sizeof *(words), i)

const char *tool_clock_name(unsigned int clock_id)
{
	static const char *const words[VDSOGEN_CLOCK_IDS] = {
		[VDSOGEN_REALTIME] = "realtime",
		[VDSOGEN_MONOTONIC] = "monotonic",
		[VDSOGEN_MONOTONIC_RAW] = "monotonic-raw",
		[VDSOGEN_REALTIME_COARSE] = "realtime-coarse",
		[VDSOGEN_MONOTONIC_COARSE] = "monotonic-coarse",
		[VDSOGEN_BOOTTIME] = "boottime",
		[VDSOGEN_TAI] = "tai",
	};

	return WORD_AT(words, clock_id);
}

static const char *counter_name(unsigned int counter)
{
	static const char *const words[VDSOGEN_COUNTERS] = {
		[VDSOGEN_COUNTER_FENCED] = "fenced",
		[VDSOGEN_COUNTER_SELF_FENCED] = "self-fenced",
		[VDSOGEN_COUNTER_UNFENCED] = "unfenced",
	};

	return WORD_AT(words, counter);
}

static const char *getcpu_name(unsigned int getcpu)
{
	static const char *const words[VDSOGEN_GETCPUS] = {
		[VDSOGEN_GETCPU_FALLBACK] = "fallback",
		[VDSOGEN_GETCPU_ZERO] = "zero",
		[VDSOGEN_GETCPU_RDPID] = "rdpid",
		[VDSOGEN_GETCPU_RDTSCP] = "rdtscp",
		[VDSOGEN_GETCPU_TPIDRRO] = "tpidrro",
		[VDSOGEN_GETCPU_LSL] = "lsl",
		[VDSOGEN_GETCPU_WORD] = "word",
	};

	return WORD_AT(words, getcpu);
}

static const char *fallback_name(unsigned int fallback)
{
	static const char *const words[VDSOGEN_FALLBACKS] = {
		[VDSOGEN_FALLBACK_SYSCALL] = "syscall",
		[VDSOGEN_FALLBACK_HVC] = "hvc",
		[VDSOGEN_FALLBACK_OUT] = "out",
		[VDSOGEN_FALLBACK_VMCALL] = "vmcall",
		[VDSOGEN_FALLBACK_VMMCALL] = "vmmcall",
		[VDSOGEN_FALLBACK_JUMP] = "jump",
		[VDSOGEN_FALLBACK_THREAD] = "thread",
	};

	return WORD_AT(words, fallback);
}

static const char *landing_pads_name(unsigned int landing_pads)
{
	static const char *const words[VDSOGEN_LANDING_PADS] = {
		[VDSOGEN_LANDING_PADS_OFF] = "off",
		[VDSOGEN_LANDING_PADS_ON] = "on",
	};

	return WORD_AT(words, landing_pads);
}

static const char *data_name(unsigned int data)
{
	static const char *const words[VDSOGEN_DATA] = {
		[VDSOGEN_DATA_INSIDE] = "inside",
		[VDSOGEN_DATA_BEFORE] = "before",
		[VDSOGEN_DATA_AFTER] = "after",
	};

	return WORD_AT(words, data);
}

/* By the number of the bit in `options`, like the next. */
static const char *guard_name(unsigned int bit)
{
	static const char *const words[] = { "guard" };

	return WORD_AT(words, bit);
}

static const char *latch_name(unsigned int bit)
{
	static const char *const words[] = { [__builtin_ctz(VDSOGEN_LATCH)] = "latch" };

	return WORD_AT(words, bit);
}

static const char *slots_name(unsigned int bit)
{
	static const char *const words[] = { [__builtin_ctz(VDSOGEN_SLOTS)] = "slots" };

	return WORD_AT(words, bit);
}

static const char *omit_name(unsigned int bit)
{
	static const char *const words[] = {
		[__builtin_ctz(VDSOGEN_OMIT_HASH)] = "hash",
		[__builtin_ctz(VDSOGEN_OMIT_GNU_HASH)] = "gnu-hash",
		[__builtin_ctz(VDSOGEN_OMIT_VERSIONS)] = "versions",
		[__builtin_ctz(VDSOGEN_OMIT_SECTIONS)] = "sections",
		[__builtin_ctz(VDSOGEN_OMIT_UNWIND)] = "unwind",
	};

	return WORD_AT(words, bit);
}

_Static_assert(VDSOGEN_OPTIONS == (VDSOGEN_GUARD | VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_GNU_HASH |
				   VDSOGEN_OMIT_VERSIONS | VDSOGEN_OMIT_SECTIONS |
				   VDSOGEN_OMIT_UNWIND | VDSOGEN_LATCH | VDSOGEN_SLOTS),
	       "every option has a word");

/* What the argument is, and what it does to the field. */
enum kind {
	LIST,		/* words; sets 1u << number of each */
	CHOICE,		/* a word; stores its number */
	FLAG,		/* no argument; sets the bit of its word */
	VERSION,	/* A.B.C */
	SIZE,		/* bytes, decimal or 0x hexadecimal; 0 is not printed, nor in the next two */
	NUMBER,		/* 32 bits, signed */
	ADDRESS,	/* 64 bits, or a number below 0 */
};

static const struct {
	struct tool_option option;
	enum kind kind;
	size_t field;			/* in struct vdsogen_config */
} table[] = {
#define FIELD(name) offsetof(struct vdsogen_config, name)
	{ { "functions", "LIST", "the functions to export (default: those that C libraries call, but getrandom)", 0,
	    vdsogen_function_name }, LIST, FIELD(functions) },
	{ { "clocks", "LIST", "the clocks to serve; others take the fallback (default: all)", 0,
	    tool_clock_name }, LIST, FIELD(clocks) },
	{ { "counter", "NAME", "how the counter is read (default: fenced)", 0,
	    counter_name }, CHOICE, FIELD(counter) },
	{ { "getcpu", "NAME", "where getcpu finds its answer (default: fallback)", 0,
	    getcpu_name }, CHOICE, FIELD(getcpu) },
	{ { "getcpu-at", "NUMBER", "lsl's selector; where word's is, in bytes from the image's start", 0,
	    NULL }, NUMBER, FIELD(getcpu_at) },
	{ { "fallback", "NAME", "how a function asks the host (default: syscall)", 0,
	    fallback_name }, CHOICE, FIELD(fallback) },
	{ { "fallback-at", "NUMBER", "hvc's immediate, out's port, jump's address, thread's distance "
	    "from the thread pointer", 0, NULL }, ADDRESS, FIELD(fallback_at) },
	{ { "landing-pads", "WORD", "for indirect branches (default: on for x86_64)", 0,
	    landing_pads_name }, CHOICE, FIELD(landing_pads) },
	{ { "data", "WORD", "where the clock block is (default: inside the image)", 0,
	    data_name }, CHOICE, FIELD(data) },
	{ { "distance", "BYTES", "from the image to a clock block outside (default: the nearest page)", 0,
	    NULL }, SIZE, FIELD(distance) },
	{ { "process", "WORD", "where the process block is (default: inside the image)", 0,
	    data_name }, CHOICE, FIELD(process) },
	{ { "process-distance", "BYTES", "from the image to a process block outside", 0,
	    NULL }, SIZE, FIELD(process_distance) },
	{ { "guard", NULL, "heed the attention word and the age limit", 0,
	    guard_name }, FLAG, FIELD(options) },
	{ { "latch", NULL, "let nobody wait for a publisher that stopped", 0,
	    latch_name }, FLAG, FIELD(options) },
	{ { "slots", NULL, "a way into each function at a fixed offset", 0,
	    slots_name }, FLAG, FIELD(options) },
	{ { "omit", "LIST", "the parts to leave out", 0,
	    omit_name }, LIST, FIELD(options) },
	{ { "kernel-version", "A.B.C", "the version in the \"Linux\" note (default: 6.1.0)", 0,
	    NULL }, VERSION, FIELD(kernel_version) },
#undef FIELD
};

#define ROWS (sizeof table / sizeof *table)

static uint32_t get_field(const struct vdsogen_config *config, size_t field)
{
	uint32_t value;

	memcpy(&value, (const char *)config + field, sizeof value);
	return value;
}

static void set_field(struct vdsogen_config *config, size_t field, uint32_t value)
{
	memcpy((char *)config + field, &value, sizeof value);
}

const struct tool_option *tool_config_option(unsigned int i)
{
	return i < ROWS ? &table[i].option : NULL;
}

/* What a number does to its field when the field was 0. */
static uint32_t value_of(unsigned int row, unsigned int number)
{
	return table[row].kind == CHOICE ? number : 1u << number;
}

/* All bits that the words of a LIST or FLAG stand for. */
static uint32_t bits_of(unsigned int row)
{
	const char *word;
	uint32_t bits = 0;

	for (unsigned int n = 0; (word = table[row].option.word(n)); n++)
		if (*word)
			bits |= value_of(row, n);
	return bits;
}

#define WORDS_ROOM 512

/* The words of a row; with an architecture only those that it has. */
static void join_words(char *to, size_t room, unsigned int row, const struct vdsogen_arch *arch)
{
	const char *word;
	size_t at = 0;

	*to = '\0';
	for (unsigned int n = 0; (word = table[row].option.word(n)); n++) {
		struct vdsogen_config config = { 0 };
		size_t size = 0;

		set_field(&config, table[row].field, value_of(row, n));
		tool_config_complete(&config);
		if (!*word || (arch && vdsogen_build(arch, &config, NULL, &size)))
			continue;
		at += (size_t)snprintf(to + at, room - at, "%s%s", at ? ", " : "", word);
		if (at >= room)
			return;
	}
}

static bool set_word(const char *command, unsigned int row, const char *text, size_t length,
		     struct vdsogen_config *config)
{
	char words[WORDS_ROOM];
	const char *word;

	for (unsigned int n = 0; length && (word = table[row].option.word(n)); n++)
		if (strlen(word) == length && !memcmp(word, text, length)) {
			uint32_t value = value_of(row, n);

			if (table[row].kind == LIST)
				value |= get_field(config, table[row].field);
			set_field(config, table[row].field, value);
			return true;
		}
	join_words(words, sizeof words, row, NULL);
	tool_error("%s: --%s: '%.*s' is not one of: %s", command, table[row].option.name,
		   (int)length, text, words);
	return false;
}

static bool set_version(const char *command, const char *name, const char *text, uint32_t *version)
{
	enum { PARTS = 3, PART_MAX = 255, PART_BITS = 8 };
	const char *s = text;
	uint32_t value = 0;

	for (unsigned int part = 0; part < PARTS; part++) {
		char *end;
		unsigned long number = strtoul(s, &end, 10);

		if (*s < '0' || *s > '9' || number > PART_MAX ||
		    *end != (part + 1 < PARTS ? '.' : '\0'))
			goto bad;
		value = value << PART_BITS | (uint32_t)number;
		s = end + 1;
	}
	if (value) {
		*version = value;
		return true;
	}
bad:
	tool_error("%s: --%s: '%s' is not a version A.B.C of numbers up to %d, such as 6.1.0",
		   command, name, text, PART_MAX);
	return false;
}

static bool set_size(const char *command, unsigned int row, const char *text,
		     struct vdsogen_config *config)
{
	char *end;
	unsigned long number = strtoul(text, &end, 0);

	if (*text >= '0' && *text <= '9' && !*end && number <= VDSOGEN_DISTANCE_MAX &&
	    number % VDSOGEN_PAGE == 0) {
		set_field(config, table[row].field, (uint32_t)number);
		return true;
	}
	tool_error("%s: --%s: '%s' is not a multiple of %d up to %d", command,
		   table[row].option.name, text, VDSOGEN_PAGE, VDSOGEN_DISTANCE_MAX);
	return false;
}

/* A number of 32 bits with its sign, or of 64 with or without. */
static bool set_number(const char *command, unsigned int row, const char *text,
		       struct vdsogen_config *config)
{
	bool wide = table[row].kind == ADDRESS, below = *text == '-';
	const char *digits = text + below;
	unsigned long long magnitude;
	uint64_t value;
	char *end;

	errno = 0;
	magnitude = strtoull(digits, &end, 0);
	value = below ? -magnitude : magnitude;
	if (*digits >= '0' && *digits <= '9' && !*end && !errno &&
	    (wide ? !below || magnitude <= INT64_MAX : magnitude <= INT32_MAX)) {
		memcpy((char *)config + table[row].field, &value,
		       wide ? sizeof value : sizeof(uint32_t));
		return true;
	}
	tool_error("%s: --%s: '%s' is not a number of %d bits", command, table[row].option.name, text,
		   wide ? 64 : 32);
	return false;
}

bool tool_config_set(const char *command, unsigned int i, const char *argument,
		     struct vdsogen_config *config)
{
	uint32_t before = get_field(config, table[i].field);
	const char *word = argument;

	switch (table[i].kind) {
	case FLAG:
		set_field(config, table[i].field, before | bits_of(i));
		return true;
	case VERSION:
		return set_version(command, table[i].option.name, argument, &config->kernel_version);
	case SIZE:
		return set_size(command, i, argument, config);
	case NUMBER:
	case ADDRESS:
		return set_number(command, i, argument, config);
	case CHOICE:
		return set_word(command, i, argument, strlen(argument), config);
	case LIST:
		break;
	}
	for (;; word++) {
		size_t length = strcspn(word, ",");

		if (!set_word(command, i, word, length, config))
			return false;
		word += length;
		if (!*word)
			return true;
	}
}

bool tool_config_fits(const char *command, const struct vdsogen_arch *arch,
		      const struct vdsogen_config *config)
{
	for (unsigned int row = 0; row < ROWS; row++) {
		uint32_t asked = get_field(config, table[row].field);
		const char *word;

		for (unsigned int n = 0; table[row].option.word && (word = table[row].option.word(n)); n++) {
			struct vdsogen_config one = { 0 };
			char words[WORDS_ROOM];
			size_t size = 0;

			if (table[row].kind == CHOICE ? asked != n : !(asked >> n & 1))
				continue;
			set_field(&one, table[row].field, value_of(row, n));
			tool_config_complete(&one);
			if (!*word || !vdsogen_build(arch, &one, NULL, &size))
				continue;
			join_words(words, sizeof words, row, arch);
			tool_error("%s: --%s: %s has no '%s'; it has: %s", command,
				   table[row].option.name, vdsogen_arch_name(arch), word, words);
			return false;
		}
	}
	return tool_config_numbers_fit(command, arch, config);
}

static void print_words(FILE *out, unsigned int row, uint32_t value)
{
	const char *word, *comma = " ";

	for (unsigned int n = 0; (word = table[row].option.word(n)); n++)
		if (*word && (table[row].kind == CHOICE ? value == n : value >> n & 1)) {
			fprintf(out, "%s%s", comma, word);
			comma = ",";
		}
}

void tool_config_print(FILE *out, const struct vdsogen_config *config, const char *before_each)
{
	for (unsigned int row = 0; row < ROWS; row++) {
		uint32_t value = get_field(config, table[row].field);

		if (table[row].kind == LIST || table[row].kind == FLAG)
			value &= bits_of(row);
		if (!value && table[row].kind != CHOICE &&
		    (table[row].kind != ADDRESS || !config->fallback_at))
			continue;
		fprintf(out, "%s--%s", before_each, table[row].option.name);
		if (table[row].kind == VERSION)
			fprintf(out, " %u.%u.%u", value >> 16, value >> 8 & 0xff, value & 0xff);
		else if (table[row].kind == SIZE)
			fprintf(out, " %u", value);
		else if (table[row].kind == NUMBER)
			fprintf(out, " %d", (int)(int32_t)value);
		else if (table[row].kind == ADDRESS)
			fprintf(out, " 0x%" PRIx64, config->fallback_at);
		else if (table[row].kind != FLAG)
			print_words(out, row, value);
	}
}
