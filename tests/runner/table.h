/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls with good and bad arguments: each pointer of a call in turn is put where it can be
 * used, in part, in two areas, or not at all. What comes of it is printed; natively and in
 * the machine it is the same. An argument with a hash has what the call wrote in it.
 */
#ifndef TABLE_H
#define TABLE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TABLE_PAGE = 4096, TABLE_AREA = 32 * TABLE_PAGE, TABLE_ARGUMENTS = 6 };

struct table_argument {
	enum { TABLE_NUMBER, TABLE_MEMORY, TABLE_SECRET } kind; /* secret: not hashed */
	long value;
	const void *data; /* NULL: rubbish */
	size_t size;
};

#define NUM(number)                                                                                \
	{                                                                                          \
		.kind = TABLE_NUMBER, .value = (long)(number)                                      \
	}
#define TEXT(string)                                                                               \
	{                                                                                          \
		.kind = TABLE_MEMORY, .data = (string), .size = sizeof(string)                     \
	}
#define DATA(object)                                                                               \
	{                                                                                          \
		.kind = TABLE_MEMORY, .data = &(object), .size = sizeof(object)                    \
	}
#define ROOM(bytes)                                                                                \
	{                                                                                          \
		.kind = TABLE_MEMORY, .size = (bytes)                                              \
	}
#define DATA_SECRET(object)                                                                        \
	{                                                                                          \
		.kind = TABLE_SECRET, .data = &(object), .size = sizeof(object)                    \
	}
#define SECRET(bytes)                                                                              \
	{                                                                                          \
		.kind = TABLE_SECRET, .size = (bytes)                                              \
	}

struct table_call {
	const char *name;
	long number;
	struct table_argument argument[TABLE_ARGUMENTS];
	void (*before)(void), (*after)(long result);
};

#define CALL(call, ...)                                                                            \
	{                                                                                          \
		.name = #call, .number = SYS_##call, .argument = { __VA_ARGS__ }                   \
	}
#define CALL_AFTER(call, last, ...)                                                                \
	{                                                                                          \
		.name = #call, .number = SYS_##call, .argument = { __VA_ARGS__ }, .after = last    \
	}
#define CALL_BETWEEN(call, first, last, ...)                                                       \
	{                                                                                          \
		.name = #call, .number = SYS_##call, .argument = { __VA_ARGS__ }, .before = first, \
		.after = last                                                                      \
	}

enum table_way {
	GOOD,
	ACROSS,
	TAIL,
	HALF,
	READ_ONLY,
	NO_ACCESS,
	UNMAPPED,
	NONE,
	BEYOND,
	TABLE_WAYS
};

static const char *const table_way_name[] = { "good",	   "across",   "tail", "half",	"read-only",
					      "no access", "unmapped", "NULL", "beyond" };

/* For each argument: two areas, then nothing. */
static uint8_t *table_area[TABLE_ARGUMENTS], *table_read_only, *table_no_access, *table_unmapped;

static uint8_t *table_map(size_t size, int prot)
{
	uint8_t *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(99);
	}
	return p;
}

static void table_start(void)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	for (int i = 0; i < TABLE_ARGUMENTS; i++) {
		table_area[i] = table_map(3 * (size_t)TABLE_AREA, PROT_READ | PROT_WRITE);
		mprotect(table_area[i] + TABLE_AREA, TABLE_AREA,
			 PROT_READ | PROT_WRITE | PROT_EXEC);
		mprotect(table_area[i] + 2 * (size_t)TABLE_AREA, TABLE_AREA, PROT_NONE);
	}
	table_read_only = table_map(2 * (size_t)TABLE_AREA, PROT_READ);
	table_no_access = table_map(2 * (size_t)TABLE_AREA, PROT_NONE);
	table_unmapped = table_map(2 * (size_t)TABLE_AREA, PROT_READ);
	munmap(table_unmapped, 2 * (size_t)TABLE_AREA);
}

static void table_fill(uint8_t *at, const struct table_argument *argument, size_t size)
{
	if (argument->data)
		memcpy(at, argument->data, size);
	else
		memset(at, 0x5a, size);
}

/* The bytes that can be read there are *good. */
static uint8_t *table_place(int number, const struct table_argument *argument, enum table_way way,
			    size_t *good)
{
	uint8_t *middle = table_area[number] + TABLE_AREA, *end = middle + TABLE_AREA, *at = NULL;

	*good = argument->size;
	switch (way) {
	case GOOD:
		at = table_area[number] + 64;
		break;
	case ACROSS:
		at = middle - argument->size / 2;
		break;
	case TAIL:
		*good = argument->size - 1;
		at = end - *good;
		break;
	case HALF:
		*good = argument->size / 2;
		at = end - *good;
		break;
	case READ_ONLY:
		mprotect(table_read_only, 2 * (size_t)TABLE_AREA, PROT_READ | PROT_WRITE);
		table_fill(table_read_only, argument, *good);
		mprotect(table_read_only, 2 * (size_t)TABLE_AREA, PROT_READ);
		return table_read_only;
	case NO_ACCESS:
		*good = 0;
		return table_no_access;
	case UNMAPPED:
		*good = 0;
		return table_unmapped;
	case BEYOND:
		*good = 0;
		return (uint8_t *)(uintptr_t)0xffff800000000000;
	case NONE:
	case TABLE_WAYS:
		*good = 0;
		return NULL;
	}
	table_fill(at, argument, *good);
	return at;
}

static uint32_t table_hash(const uint8_t *at, size_t size)
{
	uint32_t hash = 2166136261u;

	while (size--)
		hash = (hash ^ *at++) * 16777619u;
	return hash;
}

/* `bad` is the argument that is put somewhere; -1: none. */
static void table_try(const struct table_call *call, int bad, enum table_way way)
{
	uint8_t *at[TABLE_ARGUMENTS] = { 0 };
	size_t good[TABLE_ARGUMENTS] = { 0 };
	long a[TABLE_ARGUMENTS], result;

	if (call->before)
		call->before();
	for (int i = 0; i < TABLE_ARGUMENTS; i++) {
		const struct table_argument *argument = &call->argument[i];

		a[i] = argument->value;
		if (argument->kind == TABLE_NUMBER)
			continue;
		at[i] = table_place(i, argument, i == bad ? way : GOOD, &good[i]);
		a[i] = (long)at[i];
	}
	errno = 0;
	result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	printf("%s", call->name);
	if (bad >= 0)
		printf(", argument %d %s", bad, table_way_name[way]);
	printf(": %ld %s", result, strerror(errno));
	for (int i = 0; i < TABLE_ARGUMENTS; i++)
		if (call->argument[i].kind == TABLE_MEMORY && at[i])
			printf(" %08x", table_hash(at[i], good[i]));
	printf("\n");
	if (call->after)
		call->after(result);
}

static void table_do(const struct table_call *call)
{
	table_try(call, -1, GOOD);
	for (int i = 0; i < TABLE_ARGUMENTS; i++)
		for (enum table_way way = ACROSS;
		     call->argument[i].kind != TABLE_NUMBER && way < TABLE_WAYS; way++)
			table_try(call, i, way);
}

#define table_run(calls)                                                                           \
	do {                                                                                       \
		table_start();                                                                     \
		for (size_t table_i = 0; table_i < sizeof(calls) / sizeof((calls)[0]); table_i++)  \
			table_do(&(calls)[table_i]);                                               \
	} while (0)

#endif
