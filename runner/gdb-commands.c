/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "gdb-commands.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gdb-signals.h"

/* Any number will do: GDB shows it. */
static void put_error(struct gdb_answer *answer, int number)
{
	gdb_print(answer, "E%02x", number & 0xff);
}

static void put_done(struct gdb_answer *answer, bool good)
{
	if (good)
		gdb_print(answer, "OK");
	else
		put_error(answer, EFAULT);
}

/* -------------------------------------------------------------------------
 * Threads: "p<process>.<thread>", or without the process. -1 is all, 0 any.
 */
enum { ALL = -1, ANY = 0 };

static void put_thread(const struct gdb_session *session, pid_t thread, struct gdb_answer *answer)
{
	if (session->many)
		gdb_print(answer, "p%x.", session->target->process);
	gdb_print(answer, "%x", thread);
}

static bool take_one(struct gdb_text *text, pid_t *number)
{
	uint64_t value;

	if (gdb_take_word(text, "-1")) {
		*number = ALL;
		return true;
	}
	if (!gdb_take_number(text, &value) || value > INT32_MAX)
		return false;
	*number = (pid_t)value;
	return true;
}

static bool take_thread(struct gdb_text *text, pid_t *thread)
{
	pid_t process;

	if (!gdb_take_word(text, "p"))
		return take_one(text, thread);
	*thread = ALL;
	return take_one(text, &process) && (!gdb_take_word(text, ".") || take_one(text, thread));
}

static bool is_thread(const struct gdb_target *target, pid_t thread)
{
	for (size_t i = 0; gdb_thread_at(target, i); i++)
		if (gdb_thread_at(target, i) == thread)
			return true;
	return false;
}

static void do_choose(struct gdb_session *session, struct gdb_text *text, struct gdb_answer *answer)
{
	const bool to_go = gdb_take_word(text, "c");
	pid_t thread;

	if ((!to_go && !gdb_take_word(text, "g")) || !take_thread(text, &thread)) {
		put_error(answer, EINVAL);
		return;
	}
	if (thread > 0 && !is_thread(session->target, thread)) {
		put_error(answer, ESRCH);
		return;
	}
	if (to_go)
		session->chosen_to_go = thread > 0 ? thread : 0;
	else if (thread > 0)
		session->chosen = thread;
	put_done(answer, true);
}

static void do_alive(const struct gdb_session *session, struct gdb_text *text,
		     struct gdb_answer *answer)
{
	pid_t thread;

	put_done(answer, take_thread(text, &thread) && is_thread(session->target, thread));
}

static void put_threads(const struct gdb_session *session, struct gdb_answer *answer)
{
	gdb_print(answer, "m");
	for (size_t i = 0; gdb_thread_at(session->target, i); i++) {
		if (i)
			gdb_print(answer, ",");
		put_thread(session, gdb_thread_at(session->target, i), answer);
	}
}

/* -------------------------------------------------------------------------
 * Registers.
 */
static void put_registers(const struct vm_registers *registers, unsigned int first,
			  unsigned int end, struct gdb_answer *answer)
{
	uint8_t value[GDB_REGISTER_MAX];

	if (!registers || !gdb_register_size(first)) {
		put_error(answer, ESRCH);
		return;
	}
	for (unsigned int i = first; i < end; i++) {
		gdb_register_get(registers, i, value);
		gdb_put_bytes(answer, value, gdb_register_size(i));
	}
}

/* Some of them, from the first on: older ones than this know fewer. */
static void set_registers(struct vm_registers *registers, struct gdb_text *text,
			  struct gdb_answer *answer)
{
	uint8_t value[GDB_REGISTER_MAX];

	for (unsigned int i = 0; registers && i < gdb_registers(); i++)
		if (gdb_take_bytes(text, value, gdb_register_size(i)))
			gdb_register_set(registers, i, value);
		else
			break;
	put_done(answer, registers && !text->size);
}

static void set_register(struct vm_registers *registers, struct gdb_text *text,
			 struct gdb_answer *answer)
{
	uint8_t value[GDB_REGISTER_MAX];
	uint64_t number;
	bool good = gdb_take_number(text, &number) && gdb_take_word(text, "=") &&
		    number < gdb_registers() &&
		    gdb_take_bytes(text, value, gdb_register_size((unsigned int)number)) &&
		    registers;

	if (good)
		gdb_register_set(registers, (unsigned int)number, value);
	put_done(answer, good);
}

static void do_register(const struct vm_registers *registers, struct gdb_text *text,
			struct gdb_answer *answer)
{
	uint64_t number;

	if (gdb_take_number(text, &number) && number < gdb_registers())
		put_registers(registers, (unsigned int)number, (unsigned int)number + 1, answer);
	else
		put_error(answer, EINVAL);
}

/* -------------------------------------------------------------------------
 * Memory: "address,size".
 */
static bool take_range(struct gdb_text *text, guest_addr *at, uint64_t *size)
{
	return gdb_take_number(text, &at->v) && gdb_take_word(text, ",") &&
	       gdb_take_number(text, size);
}

static void do_read(const struct gdb_target *target, struct gdb_text *text,
		    struct gdb_answer *answer)
{
	uint8_t bytes[GDB_PACKET_MAX / 2];
	guest_addr at;
	uint64_t size;

	if (!take_range(text, &at, &size)) {
		put_error(answer, EINVAL);
		return;
	}
	if (size > sizeof bytes)
		size = sizeof bytes;
	size = size ? gdb_breaks_read(&target->breaks, target->space, bytes, at, size) : 0;
	if (size)
		gdb_put_bytes(answer, bytes, size);
	else
		put_error(answer, EFAULT);
}

/* In digits, or as they are. */
static void do_write(struct gdb_target *target, struct gdb_text *text, bool digits,
		     struct gdb_answer *answer)
{
	uint8_t bytes[GDB_PACKET_MAX];
	guest_addr at;
	uint64_t size;

	if (!take_range(text, &at, &size) || !gdb_take_word(text, ":") || size > sizeof bytes ||
	    (digits ? !gdb_take_bytes(text, bytes, size) : size > text->size)) {
		put_error(answer, EINVAL);
		return;
	}
	if (!digits)
		memcpy(bytes, text->at, size);
	put_done(answer, gdb_breaks_write(&target->breaks, target->space, at, bytes, size));
}

static bool change_break(struct gdb_target *target, guest_addr at, bool set)
{
	if (set)
		return gdb_breaks_set(&target->breaks, target->space, at);
	gdb_breaks_clear(&target->breaks, target->space, at);
	return true;
}

static bool change_watch(struct gdb_target *target, guest_addr at, uint64_t size, bool set)
{
	if (set)
		return gdb_watches_set(&target->watches, target->space, at, size);
	gdb_watches_clear(&target->watches, at, size);
	return true;
}

/* "0,address,kind", of software, or "2,address,size", of what is written. There are no others. */
static void do_break(struct gdb_target *target, struct gdb_text *text, bool set,
		     struct gdb_answer *answer)
{
	const bool watch = gdb_take_word(text, "2,");
	guest_addr at;
	uint64_t size;

	if (!watch && !gdb_take_word(text, "0,"))
		return;
	if (!take_range(text, &at, &size))
		put_error(answer, EINVAL);
	else if (watch)
		put_done(answer, change_watch(target, at, size, set));
	else
		put_done(answer, change_break(target, at, set));
}

/* -------------------------------------------------------------------------
 * Going on.
 */
enum { TOLD = 4096 }; /* threads; more than that stay */

static void pace(struct gdb_session *session, pid_t thread, enum gdb_pace how, int signal,
		 bool *told)
{
	struct gdb_target *target = session->target;

	for (size_t i = 0; i < TOLD && gdb_thread_at(target, i); i++) {
		pid_t one = gdb_thread_at(target, i);

		if (told[i] || (thread > 0 && one != thread))
			continue;
		/* a signal for all is for the one that stands there with it */
		gdb_thread_pace(target, one, how,
				thread > 0 || one == session->stop.thread ? signal : 0);
		told[i] = true;
	}
}

/* "c", "s", or one with a signal: C05. */
static bool take_pace(struct gdb_text *text, enum gdb_pace *how, int *signal)
{
	uint8_t number = 0;
	char letter = text->size ? (char)text->at[0] : 0;

	if (!memchr("csCS", letter, 4) || !letter)
		return false;
	gdb_take_word(text, (char[]){ letter, 0 });
	if ((letter == 'C' || letter == 'S') && !gdb_take_bytes(text, &number, 1))
		return false;
	*how = letter == 'c' || letter == 'C' ? GDB_GO : GDB_STEP;
	*signal = gdb_signal_in(number);
	return true;
}

static void stay(struct gdb_target *target)
{
	for (size_t i = 0; gdb_thread_at(target, i); i++)
		gdb_thread_pace(target, gdb_thread_at(target, i), GDB_STAY, 0);
}

/* ";action:thread": the first that is about a thread is what it does. */
static enum gdb_outcome do_continue_many(struct gdb_session *session, struct gdb_text *text,
					 struct gdb_answer *answer)
{
	bool told[TOLD] = { false };

	stay(session->target);
	while (text->size) {
		enum gdb_pace how;
		pid_t thread = ALL;
		int signal;

		if (!gdb_take_word(text, ";") || !take_pace(text, &how, &signal) ||
		    (gdb_take_word(text, ":") && !take_thread(text, &thread))) {
			put_error(answer, EINVAL);
			return GDB_ANSWER;
		}
		pace(session, thread, how, signal, told);
	}
	return GDB_RESUME;
}

/* Of one thread or all; no other address than where it is. */
static enum gdb_outcome do_continue(struct gdb_session *session, struct gdb_text *text,
				    struct gdb_answer *answer)
{
	bool told[TOLD] = { false };
	enum gdb_pace how;
	int signal;

	if (!take_pace(text, &how, &signal) || text->size) {
		put_error(answer, EINVAL);
		return GDB_ANSWER;
	}
	stay(session->target);
	if (how == GDB_STEP && !session->chosen_to_go)
		pace(session, session->stop.thread, how, signal, told);
	else
		pace(session, session->chosen_to_go ? session->chosen_to_go : ALL, how, signal,
		     told);
	return GDB_RESUME;
}

/* -------------------------------------------------------------------------
 * Files: the answer is "F" and a number, or "F-1,errno".
 */
static void put_file_error(struct gdb_answer *answer, int number)
{
	const int unknown = 9999;

	/* GDB's numbers, which are Linux's where it has one */
	gdb_print(answer, "F-1,%x", number <= EROFS ? number : unknown);
}

static uint32_t big32(uint64_t value)
{
	return __builtin_bswap32((uint32_t)value);
}

static uint64_t big64(int64_t value)
{
	return __builtin_bswap64((uint64_t)value);
}

/* Numbers of 4 and 8 bytes, the highest byte first: appendix E.13.8 "struct stat". */
static void put_stat(const struct stat *stat, struct gdb_answer *answer)
{
	struct __attribute__((packed)) {
		uint32_t dev, ino, mode, nlink, uid, gid, rdev;
		uint64_t size, blksize, blocks;
		uint32_t atime, mtime, ctime;
	} out = {
		.mode = big32(stat->st_mode),
		.nlink = big32(1),
		.size = big64(stat->st_size),
		.blksize = big64(stat->st_blksize),
		.blocks = big64(stat->st_blocks),
		.mtime = big32((uint64_t)stat->st_mtime),
	};

	gdb_print(answer, "F%zx;", sizeof out);
	gdb_put(answer, &out, sizeof out);
}

static void do_file_open(struct gdb_target *target, struct gdb_text *text,
			 struct gdb_answer *answer)
{
	char path[4096];
	uint64_t flags;
	int file;

	if (!gdb_take_string(text, path, sizeof path) || !gdb_take_word(text, ",") ||
	    !gdb_take_number(text, &flags)) {
		put_file_error(answer, EINVAL);
		return;
	}
	file = flags ? -EACCES
		     : gdb_files_open(&target->files, target->space, target->process, path);
	if (file < 0)
		put_file_error(answer, -file);
	else
		gdb_print(answer, "F%x", file);
}

static void do_file_read(struct gdb_target *target, struct gdb_text *text,
			 struct gdb_answer *answer)
{
	uint8_t bytes[GDB_PACKET_MAX - 32];
	uint64_t file, size, offset;
	ssize_t got;

	if (!gdb_take_number(text, &file) || !gdb_take_word(text, ",") ||
	    !gdb_take_number(text, &size) || !gdb_take_word(text, ",") ||
	    !gdb_take_number(text, &offset)) {
		put_file_error(answer, EINVAL);
		return;
	}
	got = gdb_files_read(&target->files, file, bytes, size < sizeof bytes ? size : sizeof bytes,
			     offset);
	if (got < 0) {
		put_file_error(answer, (int)-got);
		return;
	}
	gdb_print(answer, "F%zx;", (size_t)got);
	gdb_put(answer, bytes, (size_t)got);
}

static void do_file(struct gdb_target *target, struct gdb_text *text, struct gdb_answer *answer)
{
	struct stat stat;
	uint64_t file;
	int failed;

	if (gdb_take_word(text, "open:")) {
		do_file_open(target, text, answer);
	} else if (gdb_take_word(text, "pread:")) {
		do_file_read(target, text, answer);
	} else if (gdb_take_word(text, "setfs:")) {
		gdb_print(answer, "F0");
	} else if (gdb_take_word(text, "close:") && gdb_take_number(text, &file)) {
		failed = gdb_files_close(&target->files, file);
		if (failed)
			put_file_error(answer, -failed);
		else
			gdb_print(answer, "F0");
	} else if (gdb_take_word(text, "fstat:") && gdb_take_number(text, &file)) {
		failed = gdb_files_stat(&target->files, file, &stat);
		if (failed)
			put_file_error(answer, -failed);
		else
			put_stat(&stat, answer);
	}
}

/* -------------------------------------------------------------------------
 * Questions.
 */
static void put_features(struct gdb_session *session, struct gdb_text *text,
			 struct gdb_answer *answer)
{
	gdb_take_word(text, ":");
	while (text->size) {
		if (gdb_take_word(text, "multiprocess+"))
			session->many = true;
		gdb_skip_to(text, ';');
	}
	gdb_print(answer,
		  "PacketSize=%x;QStartNoAckMode+;multiprocess+;swbreak+;vContSupported+;"
		  "qXfer:auxv:read+;qXfer:features:read+;qXfer:exec-file:read+",
		  GDB_PACKET_MAX);
}

/* "object:read:name:offset,length" */
static void do_transfer(const struct gdb_target *target, struct gdb_text *text,
			struct gdb_answer *answer)
{
	const void *whole = NULL;
	size_t size = 0;
	guest_addr offset;
	uint64_t length;

	if (gdb_take_word(text, "auxv:read::")) {
		whole = target->auxv;
		size = target->auxv_size;
	} else if (gdb_take_word(text, "features:read:target.xml:")) {
		whole = gdb_registers_description(&size);
	} else if (gdb_take_word(text, "exec-file:read:")) {
		gdb_skip_to(text, ':');
		whole = target->path;
		size = strlen(target->path);
	}
	if (!whole)
		gdb_print(answer, "E00");
	else if (take_range(text, &offset, &length))
		gdb_put_piece(answer, whole, size, offset.v, length);
	else
		put_error(answer, EINVAL);
}

static void do_question(struct gdb_session *session, struct gdb_text *text,
			struct gdb_answer *answer)
{
	if (gdb_take_word(text, "Supported")) {
		put_features(session, text, answer);
	} else if (gdb_take_word(text, "Xfer:")) {
		do_transfer(session->target, text, answer);
	} else if (gdb_take_word(text, "fThreadInfo")) {
		put_threads(session, answer);
	} else if (gdb_take_word(text, "sThreadInfo")) {
		gdb_print(answer, "l");
	} else if (gdb_take_word(text, "Attached")) {
		gdb_print(answer, "0"); /* the program is here for the debugger: it goes with it */
	} else if (gdb_take_word(text, "Symbol:")) {
		put_done(answer, true);
	} else if (gdb_take_word(text, "C") && !text->size) {
		gdb_print(answer, "QC");
		put_thread(session, session->chosen, answer);
	}
}

static void put_stop(const struct gdb_session *session, const struct gdb_stop *stop,
		     struct gdb_answer *answer)
{
	gdb_print(answer, "T%02xthread:", gdb_signal_out(stop->signal));
	put_thread(session, stop->thread, answer);
	gdb_print(answer, stop->breakpoint ? ";swbreak:;" : ";");
	if (stop->watched.v)
		gdb_print(answer, "watch:%" PRIx64 ";", stop->watched.v);
}

/* -------------------------------------------------------------------------
 * Commands. What is not known gets an empty answer.
 */
static enum gdb_outcome do_v(struct gdb_session *session, struct gdb_text *text,
			     struct gdb_answer *answer)
{
	if (gdb_take_word(text, "Cont?"))
		gdb_print(answer, "vCont;c;C;s;S");
	else if (gdb_take_word(text, "Cont"))
		return do_continue_many(session, text, answer);
	else if (gdb_take_word(text, "File:"))
		do_file(session->target, text, answer);
	else if (gdb_take_word(text, "Kill")) {
		put_done(answer, true);
		return GDB_KILL;
	}
	return GDB_ANSWER;
}

static enum gdb_outcome do_letter(struct gdb_session *session, char letter, struct gdb_text *text,
				  struct gdb_answer *answer)
{
	struct gdb_target *target = session->target;

	switch (letter) {
	case '?':
		put_stop(session, &session->stop, answer);
		break;
	case 'g':
		put_registers(gdb_thread_read(target, session->chosen), 0, gdb_registers(), answer);
		break;
	case 'G':
		set_registers(gdb_thread_change(target, session->chosen), text, answer);
		break;
	case 'p':
		do_register(gdb_thread_read(target, session->chosen), text, answer);
		break;
	case 'P':
		set_register(gdb_thread_change(target, session->chosen), text, answer);
		break;
	case 'm':
		do_read(target, text, answer);
		break;
	case 'M':
	case 'X':
		do_write(target, text, letter == 'M', answer);
		break;
	case 'Z':
	case 'z':
		do_break(target, text, letter == 'Z', answer);
		break;
	case 'H':
		do_choose(session, text, answer);
		break;
	case 'T':
		do_alive(session, text, answer);
		break;
	case 'q':
		do_question(session, text, answer);
		break;
	case 'Q':
		session->plain = gdb_take_word(text, "StartNoAckMode") || session->plain;
		if (session->plain)
			put_done(answer, true);
		break;
	case 'v':
		return do_v(session, text, answer);
	case 'D':
		put_done(answer, true);
		return GDB_DETACH;
	case 'k':
		return GDB_KILL;
	default:
		break;
	}
	return GDB_ANSWER;
}

enum gdb_outcome gdb_command(struct gdb_session *session, const uint8_t *data, size_t size,
			     struct gdb_answer *answer)
{
	struct gdb_text text = { data, size };
	enum gdb_outcome outcome = GDB_ANSWER;

	gdb_answer_start(answer);
	if (size && memchr("csCS", data[0], 4))
		outcome = do_continue(session, &text, answer);
	else if (size)
		outcome = do_letter(session, (char)data[0],
				    &(struct gdb_text){ data + 1, size - 1 }, answer);
	gdb_answer_end(answer);
	return outcome;
}

/* -------------------------------------------------------------------------
 * What it tells by itself.
 */
void gdb_session_start(struct gdb_session *session, struct gdb_target *target,
		       const struct gdb_stop *stop)
{
	*session = (struct gdb_session){ .target = target, .stop = *stop, .chosen = stop->thread };
}

void gdb_tell_stop(struct gdb_session *session, const struct gdb_stop *stop,
		   struct gdb_answer *answer)
{
	session->stop = *stop;
	session->chosen = stop->thread;
	gdb_answer_start(answer);
	put_stop(session, stop, answer);
	gdb_answer_end(answer);
}

void gdb_tell_end(const struct gdb_session *session, int status, int signal,
		  struct gdb_answer *answer)
{
	gdb_answer_start(answer);
	if (signal)
		gdb_print(answer, "X%02x", gdb_signal_out(signal));
	else
		gdb_print(answer, "W%02x", status & 0xff);
	if (session->many)
		gdb_print(answer, ";process:%x", session->target->process);
	gdb_answer_end(answer);
}
