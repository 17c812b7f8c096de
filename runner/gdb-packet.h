/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A debugger's packets, "$data#sum": GDB's manual, appendix E "GDB Remote Serial Protocol".
 * Nothing that comes in is trusted, and nothing is read past its end.
 */
#ifndef GDB_PACKET_H
#define GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GDB_PACKET_MAX = 16384 }; /* bytes of data, escaped or not */

/* -------------------------------------------------------------------------
 * What comes in, byte by byte. Zeros are a good start.
 */
struct gdb_packet {
	uint8_t data[GDB_PACKET_MAX]; /* without its escapes */
	size_t size;
	enum { GDB_IDLE, GDB_DATA, GDB_ESCAPED, GDB_SUM_HIGH, GDB_SUM_LOW } state;
	bool spoilt; /* it is too long, or its sum is no number */
	uint8_t sum, told;
};

enum gdb_event {
	GDB_MORE,      /* nothing yet */
	GDB_WHOLE,     /* a packet, until the next byte */
	GDB_DAMAGED,   /* one that has to be sent again */
	GDB_INTERRUPT, /* the program is to stop */
	GDB_RESEND,    /* the last answer did not come through */
};
enum gdb_event gdb_packet_take(struct gdb_packet *packet, uint8_t byte);

/* -------------------------------------------------------------------------
 * What is in one: each takes what it names off the front, or nothing and says false.
 */
struct gdb_text {
	const uint8_t *at;
	size_t size;
};

bool gdb_take_word(struct gdb_text *text, const char *word);
bool gdb_take_number(struct gdb_text *text, uint64_t *number); /* hexadecimal, at most 64 bits */
bool gdb_take_bytes(struct gdb_text *text, uint8_t *byte, size_t size); /* two digits each */
/* A string of such bytes up to a character, or the end, which stays; with its NUL. */
bool gdb_take_string(struct gdb_text *text, char *string, size_t room);
void gdb_skip_to(struct gdb_text *text, char end); /* and that, too */

/* -------------------------------------------------------------------------
 * An answer. What does not fit makes it an error.
 */
struct gdb_answer {
	uint8_t data[2 * GDB_PACKET_MAX + 4];
	size_t size;
	bool full;
};

void gdb_answer_start(struct gdb_answer *answer);
/* Escaped where it has to be. */
void gdb_put(struct gdb_answer *answer, const void *data, size_t size);
void gdb_print(struct gdb_answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Two digits each. */
void gdb_put_bytes(struct gdb_answer *answer, const uint8_t *byte, size_t size);
/* Of a bigger whole: GDB reads it in pieces, 'm' while there is more and 'l' for the last. */
void gdb_put_piece(struct gdb_answer *answer, const void *whole, size_t size, uint64_t offset,
		   uint64_t length);
/* Its frame around it: `data` is what goes out. */
void gdb_answer_end(struct gdb_answer *answer);

#endif
