/* SPDX-License-Identifier: BSD-2-Clause */
#include "gdb-packet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ESCAPE = '}', ESCAPE_BIT = 0x20, INTERRUPT = 3 };

/* -1: it is no digit. */
static int digit(uint8_t character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}

/* -------------------------------------------------------------------------
 * In.
 */
static void begin(struct gdb_packet *packet)
{
	packet->state = GDB_DATA;
	packet->size = 0;
	packet->sum = packet->told = 0;
	packet->spoilt = false;
}

static void add(struct gdb_packet *packet, uint8_t byte)
{
	if (packet->size < sizeof packet->data)
		packet->data[packet->size++] = byte;
	else
		packet->spoilt = true;
}

static void add_to_sum(struct gdb_packet *packet, uint8_t byte)
{
	int value = digit(byte);

	if (value < 0)
		packet->spoilt = true;
	packet->told = (uint8_t)(packet->told << 4 | (value & 0xf));
}

static enum gdb_event take_idle(struct gdb_packet *packet, uint8_t byte)
{
	switch (byte) {
	case '$':
		begin(packet);
		return GDB_MORE;
	case INTERRUPT:
		return GDB_INTERRUPT;
	case '-':
		return GDB_RESEND;
	default: /* '+', or between packets */
		return GDB_MORE;
	}
}

static void take_data(struct gdb_packet *packet, uint8_t byte)
{
	if (byte == '#') {
		packet->state = GDB_SUM_HIGH;
		return;
	}
	if (byte == '$') { /* the start of one whose predecessor was lost */
		begin(packet);
		return;
	}
	packet->sum += byte;
	if (byte == ESCAPE)
		packet->state = GDB_ESCAPED;
	else
		add(packet, byte);
}

enum gdb_event gdb_packet_take(struct gdb_packet *packet, uint8_t byte)
{
	switch (packet->state) {
	case GDB_IDLE:
		return take_idle(packet, byte);
	case GDB_DATA:
		take_data(packet, byte);
		return GDB_MORE;
	case GDB_ESCAPED:
		packet->sum += byte;
		add(packet, byte ^ ESCAPE_BIT);
		packet->state = GDB_DATA;
		return GDB_MORE;
	case GDB_SUM_HIGH:
		add_to_sum(packet, byte);
		packet->state = GDB_SUM_LOW;
		return GDB_MORE;
	case GDB_SUM_LOW:
		add_to_sum(packet, byte);
		packet->state = GDB_IDLE;
		return packet->spoilt || packet->sum != packet->told ? GDB_DAMAGED : GDB_WHOLE;
	}
	return GDB_MORE;
}

/* -------------------------------------------------------------------------
 * Taking apart.
 */
static void skip(struct gdb_text *text, size_t size)
{
	text->at += size;
	text->size -= size;
}

bool gdb_take_word(struct gdb_text *text, const char *word)
{
	size_t size = strlen(word);

	if (text->size < size || memcmp(text->at, word, size))
		return false;
	skip(text, size);
	return true;
}

bool gdb_take_number(struct gdb_text *text, uint64_t *number)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; digits < text->size && digit(text->at[digits]) >= 0; digits++) {
		if (value >> 60)
			return false;
		value = value << 4 | (uint64_t)digit(text->at[digits]);
	}
	if (!digits)
		return false;
	skip(text, digits);
	*number = value;
	return true;
}

bool gdb_take_bytes(struct gdb_text *text, uint8_t *byte, size_t size)
{
	if (size > text->size / 2)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit(text->at[2 * i]), low = digit(text->at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		byte[i] = (uint8_t)(high << 4 | low);
	}
	skip(text, 2 * size);
	return true;
}

bool gdb_take_string(struct gdb_text *text, char *string, size_t room)
{
	size_t size = 0;

	while (2 * size < text->size && digit(text->at[2 * size]) >= 0)
		size++;
	if (size >= room || !gdb_take_bytes(text, (uint8_t *)string, size))
		return false;
	string[size] = '\0';
	return true;
}

void gdb_skip_to(struct gdb_text *text, char end)
{
	const uint8_t *at = text->size ? memchr(text->at, end, text->size) : NULL;

	skip(text, at ? (size_t)(at - text->at) + 1 : text->size);
}

/* -------------------------------------------------------------------------
 * Out. The frame and the longest error always fit.
 */
enum { FRAME = 3 }; /* "#" and the sum */
static const char too_long[] = "E.too long";
_Static_assert(sizeof too_long + FRAME < GDB_PACKET_MAX, "an error fits");

void gdb_answer_start(struct gdb_answer *answer)
{
	answer->data[0] = '$';
	answer->size = 1;
	answer->full = false;
}

static void put(struct gdb_answer *answer, uint8_t byte)
{
	if (answer->size < sizeof answer->data - FRAME)
		answer->data[answer->size++] = byte;
	else
		answer->full = true;
}

/* '*' would say that the byte before comes more often. */
void gdb_put(struct gdb_answer *answer, const void *data, size_t size)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < size; i++) {
		if (byte[i] == '#' || byte[i] == '$' || byte[i] == '*' || byte[i] == ESCAPE) {
			put(answer, ESCAPE);
			put(answer, byte[i] ^ ESCAPE_BIT);
		} else {
			put(answer, byte[i]);
		}
	}
}

void gdb_print(struct gdb_answer *answer, const char *format, ...)
{
	char text[512];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= sizeof text)
		answer->full = true;
	else
		gdb_put(answer, text, (size_t)size);
}

static const char digits[] = "0123456789abcdef";

void gdb_put_bytes(struct gdb_answer *answer, const uint8_t *byte, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		put(answer, (uint8_t)digits[byte[i] >> 4]);
		put(answer, (uint8_t)digits[byte[i] & 0xf]);
	}
}

/* Escaped, it is up to twice as long, and still fits. */
void gdb_put_piece(struct gdb_answer *answer, const void *whole, size_t size, uint64_t offset,
		   uint64_t length)
{
	size_t left = offset < size ? size - (size_t)offset : 0;
	size_t some = left < length ? left : (size_t)length;

	if (some > GDB_PACKET_MAX - 1)
		some = GDB_PACKET_MAX - 1;
	put(answer, some < left ? 'm' : 'l');
	if (some)
		gdb_put(answer, (const uint8_t *)whole + offset, some);
}

void gdb_answer_end(struct gdb_answer *answer)
{
	uint8_t sum = 0;

	if (answer->full) {
		gdb_answer_start(answer);
		gdb_print(answer, "%s", too_long);
	}
	for (size_t i = 1; i < answer->size; i++)
		sum += answer->data[i];
	answer->data[answer->size++] = '#';
	answer->data[answer->size++] = (uint8_t)digits[sum >> 4];
	answer->data[answer->size++] = (uint8_t)digits[sum & 0xf];
}
