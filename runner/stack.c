/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order and alignment: System V psABI for x86-64, figure 3.9 "Initial Process
 * Stack" and table 3.10; AAPCS64, section 6.4.5 (the stack pointer is a multiple
 * of 16). What they leave open, as Linux does it (fs/exec.c, bprm_mm_init() and
 * copy_strings(); fs/binfmt_elf.c, create_elf_tables()). From top down:
 *
 *	a zero word
 *	execfn, the environment's strings, the arguments' strings
 *	platform's string, 16 random bytes
 *	0 to 15 bytes, so that all below ends at a multiple of 16
 *	the auxiliary vector, envp, argv, argc
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "stack.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are written as they are");

enum { WORD = sizeof(uint64_t), STACK_ALIGN = 16, AUX_MAX = 24 };

/* argv or envp: how many strings, and the bytes they take. */
struct list {
	const char *const *strings;
	uint64_t count, bytes;
};

struct aux {
	size_t count;
	Elf64_auxv_t pair[AUX_MAX];
};

/* Where things go, in the guest; each grows upward from there. */
struct layout {
	guest_addr sp, random, platform, strings, execfn;
};

struct writer {
	uint8_t *buffer;
	guest_addr start;	/* of the buffer */
	guest_addr word, string;	/* the next ones */
};

static uint64_t size_of(const char *string)
{
	return string ? strlen(string) + 1 : 0;
}

static int measure(struct list *list, const char *what, const char *const *strings,
		   struct runner_error *error)
{
	*list = (struct list){ .strings = strings };
	for (; strings[list->count]; list->count++) {
		uint64_t size = size_of(strings[list->count]);

		if (size > STACK_STRING_MAX)
			return runner_error(error, E2BIG, "string %" PRIu64 " of the %s has %" PRIu64
					    " bytes, and no more than %d fit, as on Linux: pass "
					    "it in a file", list->count, what, size,
					    STACK_STRING_MAX);
		list->bytes += size;
	}
	return 0;
}

/* ------------------------------------------------------------- layout -- */

/* Linux's order. */
static void fill_aux(struct aux *aux, const struct stack_contents *c, const struct layout *l)
{
	const struct {
		uint64_t type, value;
		bool left_out;
	} values[] = {
		{ AT_SYSINFO_EHDR, c->vdso.v, !c->vdso.v },
		{ AT_MINSIGSTKSZ, c->minsigstksz, !c->minsigstksz },
		{ AT_HWCAP, c->hwcap, false },
		{ AT_PAGESZ, c->page, false },
		{ AT_CLKTCK, c->clktck, false },
		{ AT_PHDR, c->phdr.v, false },
		{ AT_PHENT, sizeof(Elf64_Phdr), false },
		{ AT_PHNUM, c->phnum, false },
		{ AT_BASE, c->base.v, false },
		{ AT_FLAGS, c->flags, false },
		{ AT_ENTRY, c->entry.v, false },
		{ AT_UID, c->uid, false },
		{ AT_EUID, c->euid, false },
		{ AT_GID, c->gid, false },
		{ AT_EGID, c->egid, false },
		{ AT_SECURE, c->secure, false },
		{ AT_RANDOM, l->random.v, false },
		{ AT_HWCAP2, c->hwcap2, !c->hwcap2 },
		{ AT_EXECFN, l->execfn.v, false },
		{ AT_PLATFORM, l->platform.v, !c->platform },
		{ AT_NULL, 0, false },
	};
	_Static_assert(sizeof values / sizeof *values <= AUX_MAX, "each has a place");

	aux->count = 0;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (!values[i].left_out)
			aux->pair[aux->count++] = (Elf64_auxv_t){
				.a_type = values[i].type, .a_un.a_val = values[i].value };
}

/* Sums may wrap, and then what comes out is not used: stack_build() knows what it takes. */
static struct layout lay_out(const struct stack_contents *c, guest_addr top, uint64_t strings,
			     uint64_t words)
{
	struct layout l;

	l.execfn = guest_at(top.v - WORD - size_of(c->execfn));
	l.strings = guest_at(l.execfn.v - strings);
	l.platform = guest_at(l.strings.v - size_of(c->platform));
	l.random = guest_at(l.platform.v - STACK_RANDOM);
	l.sp = guest_at((l.random.v - words * WORD) & ~(STACK_ALIGN - 1ull));
	return l;
}

/* ------------------------------------------------------------ writing -- */

static void put(const struct writer *w, guest_addr at, const void *bytes, size_t size)
{
	memcpy(w->buffer + (at.v - w->start.v), bytes, size);
}

static void put_word(struct writer *w, uint64_t value)
{
	put(w, w->word, &value, sizeof value);
	w->word.v += sizeof value;
}

/* Their words, and themselves. */
static void put_list(struct writer *w, const struct list *list)
{
	for (uint64_t i = 0; i < list->count; i++) {
		uint64_t size = size_of(list->strings[i]);

		put_word(w, w->string.v);
		put(w, w->string, list->strings[i], size);
		w->string.v += size;
	}
	put_word(w, 0);
}

static void put_all(struct writer *w, const struct stack_contents *c, const struct layout *l,
		    const struct list *args, const struct list *env, const struct aux *aux)
{
	static const uint64_t zero;

	w->word = l->sp;
	w->string = l->strings;
	put_word(w, args->count);
	put_list(w, args);
	put_list(w, env);
	put(w, w->word, aux->pair, aux->count * sizeof *aux->pair);
	put(w, l->random, c->random, sizeof c->random);
	if (c->platform)
		put(w, l->platform, c->platform, size_of(c->platform));
	put(w, l->execfn, c->execfn, size_of(c->execfn));
	put(w, guest_at(l->execfn.v + size_of(c->execfn)), &zero, sizeof zero);
}

int stack_build(const struct stack_contents *contents, guest_addr top, void *buffer, size_t size,
		guest_addr *sp, struct runner_error *error)
{
	static const char *const none[] = { "", NULL };
	const char *const *argv = contents->argv[0] ? contents->argv : none;
	struct writer w = { .buffer = buffer, .start = { top.v - size } };
	struct list args, env;
	struct layout l = { .sp = top };
	struct aux aux;
	uint64_t words, needed;
	int status = measure(&args, "arguments", argv, error);

	status = status ? status : measure(&env, "environment", contents->envp, error);
	if (status)
		return status;
	if (top.v < size)
		return runner_error(error, EINVAL, "a stack of %zu bytes cannot end at 0x%" PRIx64
				    ": give it a higher end", size, top.v);
	fill_aux(&aux, contents, &l);	/* for their number */
	words = 1 + args.count + 1 + env.count + 1 + 2 * aux.count;
	l = lay_out(contents, top, args.bytes + env.bytes, words);
	needed = top.v - l.sp.v;
	if (needed > size)
		return runner_error(error, E2BIG, "%" PRIu64 " arguments and %" PRIu64 " strings of the "
				    "environment take %" PRIu64 " bytes of stack, and there is room "
				    "for %zu: pass fewer, or allow a larger stack (ulimit -s)",
				    args.count, env.count, needed, size);
	fill_aux(&aux, contents, &l);
	put_all(&w, contents, &l, &args, &env, &aux);
	*sp = l.sp;
	return 0;
}
