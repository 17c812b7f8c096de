/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debugger sends, on any bytes, and on commands made of them that are nearly good:
 * nothing is read or written where it should not be, and each answer is a good packet.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb-commands.h"
#include "x86_64/registers.h"

#define CHECK(fact) do { if (!(fact)) fail(#fact, __LINE__); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *fact, int line)
{
	fprintf(stderr, "fuzz_gdb: line %d: not so: %s\n", line, fact);
	abort();
}

/* ------------------------------------------------------- a process -- */

/* Two areas that touch, then a hole, and one at the end of all addresses. */
#define LOW 0x10000ull
enum { AREA = 64, AREAS = 3, THREADS = 3 };

struct space {
	struct {
		uint64_t at;
		uint8_t *bytes;
	} area[AREAS];
};

static void *host_at(const struct space *space, guest_addr at, size_t *follow)
{
	*follow = 0;
	for (size_t i = 0; i < AREAS; i++)
		if (at.v - space->area[i].at < AREA) {
			*follow = AREA - (at.v - space->area[i].at);
			return space->area[i].bytes + (at.v - space->area[i].at);
		}
	return NULL;
}

static int copy(const struct space *space, guest_addr at, void *to, const void *from, size_t size)
{
	for (size_t done = 0; done < size;) {
		size_t follow;
		uint8_t *host = host_at(space, guest_at(at.v + done), &follow);

		if (!host)
			return -EFAULT;
		follow = follow < size - done ? follow : size - done;
		if (to)
			memcpy((uint8_t *)to + done, host, follow);
		else
			memcpy(host, (const uint8_t *)from + done, follow);
		done += follow;
	}
	return 0;
}

int space_read(const struct space *space, void *to, guest_addr from, size_t size)
{
	return copy(space, from, to, NULL, size);
}

int space_fill(struct space *space, guest_addr to, const void *from, size_t size)
{
	return copy(space, to, NULL, from, size);
}

static struct vm_registers *registers[THREADS];

pid_t gdb_thread_at(const struct gdb_target *target, size_t number)
{
	(void)target;
	return number < THREADS ? (pid_t)number + 1 : 0;
}

const struct vm_registers *gdb_thread_read(const struct gdb_target *target, pid_t thread)
{
	(void)target;
	return thread > 0 && thread <= THREADS ? registers[thread - 1] : NULL;
}

struct vm_registers *gdb_thread_change(struct gdb_target *target, pid_t thread)
{
	return (struct vm_registers *)gdb_thread_read(target, thread);
}

void gdb_thread_pace(struct gdb_target *target, pid_t thread, enum gdb_pace pace, int number)
{
	CHECK(gdb_thread_read(target, thread));
	CHECK(pace <= GDB_GO && number >= 0 && number <= 64);
}

int gdb_files_open(struct gdb_files *files, const struct space *space, pid_t process,
		   const char *path)
{
	(void)files;
	(void)space;
	(void)process;
	return strlen(path) % 2 ? 1 : -ENOENT;
}

ssize_t gdb_files_read(const struct gdb_files *files, uint64_t file, void *to, size_t size,
		       uint64_t offset)
{
	(void)files;
	(void)offset;
	memset(to, '#', size);
	return file == 1 ? (ssize_t)size : -EBADF;
}

int gdb_files_stat(const struct gdb_files *files, uint64_t file, struct stat *stat)
{
	(void)files;
	memset(stat, '}', sizeof *stat);
	return file == 1 ? 0 : -EBADF;
}

int gdb_files_close(struct gdb_files *files, uint64_t file)
{
	(void)files;
	return file == 1 ? 0 : -EBADF;
}

/* ------------------------------------------------------- what is told -- */

static struct gdb_packet packet, echo;
static struct gdb_answer answer;
static struct gdb_target target;
static struct gdb_session session;

/* On the heap, in just its size. */
static void command(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	enum gdb_outcome outcome;

	if (!exact)
		exit(99);
	memcpy(exact, data, size);
	outcome = gdb_command(&session, exact, size, &answer);
	free(exact);
	CHECK(outcome <= GDB_KILL);
	CHECK(answer.size >= 4 && answer.size <= sizeof answer.data);
	echo.state = GDB_IDLE;
	for (size_t i = 0; i + 1 < answer.size; i++)
		CHECK(gdb_packet_take(&echo, answer.data[i]) == GDB_MORE);
	CHECK(gdb_packet_take(&echo, answer.data[answer.size - 1]) == GDB_WHOLE ||
	      answer.size > GDB_PACKET_MAX);
	CHECK(session.chosen > 0 && session.chosen <= THREADS);
}

static void feed(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (gdb_packet_take(&packet, data[i]) == GDB_WHOLE)
			command(packet.data, packet.size);
	CHECK(packet.size <= GDB_PACKET_MAX);
}

/* ------------------------------------------------------- nearly good -- */

static const char *const words[] = {
	"m", "M", "X", "Z0,", "z0,", "Z2,", "z2,", "p", "P", "g", "G", "Hg", "Hc", "T",
	"vCont;", "vCont", "c", "s", "C05", "S", "vFile:open:", "vFile:pread:1,",
	"vFile:fstat:", "vFile:close:", "qXfer:", "auxv:read::", "features:read:target.xml:",
	"exec-file:read:", "qSupported:", "multiprocess+", "?", "D", "k", "qC", "qfThreadInfo",
	"p1.", "-1", "1", "2", "0", ",", ":", ";", "=", "0,", "4:", "10000", "1003f", "10040",
	"1007f", "ffffffffffffffff", "fffffffffffffff0", "ffffffffffffffc0", "10", "40", "41",
	"4000", "7fffffff", "80000000", "00112233445566778899aabbccddeeff",
};
enum { WORDS = sizeof words / sizeof words[0], LONGEST = 600 };

static void shaped(const uint8_t *data, size_t size)
{
	char text[LONGEST];
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		const char *word = words[data[i] % WORDS];

		if (data[i] >= 4 * WORDS || length + strlen(word) >= sizeof text) {
			command((const uint8_t *)text, length);
			length = 0;
		}
		length += (size_t)sprintf(text + length, "%s", word);
	}
	command((const uint8_t *)text, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t at[] = { LOW, LOW + AREA, 0 - (uint64_t)AREA };
	const struct gdb_stop stop = { .thread = 1, .signal = SIGTRAP };
	struct space space;

	for (size_t i = 0; i < AREAS; i++) {
		space.area[i].at = at[i];
		space.area[i].bytes = calloc(1, AREA);
	}
	for (size_t i = 0; i < THREADS; i++)
		registers[i] = gdb_registers_create();
	memset(&target, 0, sizeof target);
	memset(&packet, 0, sizeof packet);
	target.space = &space;
	target.process = 1;
	target.path = "/a/program";
	target.auxv_size = sizeof target.auxv;
	gdb_session_start(&session, &target, &stop);
	feed(data, size);
	command(data, size < GDB_PACKET_MAX ? size : GDB_PACKET_MAX);
	shaped(data, size < 2048 ? size : 2048);
	gdb_breaks_clear_all(&target.breaks, &space);
	for (size_t i = 0; i < AREAS; i++)
		free(space.area[i].bytes);
	for (size_t i = 0; i < THREADS; i++)
		free(registers[i]);
	return 0;
}
