/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel's vDSO, for vdsogen bench: its functions, and the memory they read. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "bench.h"
#include "show.h"

/* "time" for __vdso_time, or NULL: the names differ between architectures. */
static const char *suffix_of(const char *symbol)
{
	static const char *const prefixes[] = { "__vdso_", "__kernel_" };

	for (unsigned int i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (!strncmp(symbol, prefixes[i], strlen(prefixes[i])))
			return symbol + strlen(prefixes[i]);
	return NULL;
}

static void read_symbols(const struct view *view, bench_fn *function[VDSOGEN_FUNCTIONS])
{
	for (size_t i = 0; i < view->symbols; i++) {
		const char *name, *suffix, *known;
		GElf_Sym symbol;
		uint64_t at;

		if (!view_symbol(view, i, &symbol, &name) || symbol.st_shndx == SHN_UNDEF ||
		    !(suffix = suffix_of(name)) ||
		    !view_offset(view, symbol.st_value, symbol.st_size, &at))
			continue;
		for (unsigned int f = 0; (known = vdsogen_function_name(f)); f++)
			if (!strcmp(suffix, known))
				function[f] = (bench_fn *)(uintptr_t)(view->source->address + at);
	}
}

/*
 * Not all pages of the kernel's data need be there: that of a time namespace,
 * or of a hypervisor's clock, is mapped only where there is one, and a touch
 * would kill. A system call that reads it fails instead.
 */
static bool readable(uintptr_t address)
{
	bool good = false;
	int pipes[2];

	if (pipe(pipes))
		return false;
	good = write(pipes[1], (const void *)address, 1) == 1;
	close(pipes[0]);
	close(pipes[1]);
	return good;
}

static void add_span(struct bench_spans *spans, uintptr_t from, uintptr_t to)
{
	if (spans->count < BENCH_SPANS)
		spans->span[spans->count++] = (struct bench_span){ from, to };
}

/* The mappings that the kernel calls [vvar] or [vvar_something], page by page. */
static void find_data(struct bench *b)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[256];

	while (maps && fgets(line, sizeof line, maps)) {
		uintptr_t from, to;

		if (!strstr(line, " [vvar") || sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) != 2)
			continue;
		for (; from < to; from += VDSOGEN_PAGE)
			if (readable(from))
				add_span(&b->data, from, from + VDSOGEN_PAGE);
	}
	if (maps)
		fclose(maps);
}

bool bench_find_kernel(struct bench *b, bench_fn *function[VDSOGEN_FUNCTIONS])
{
	struct source source;
	struct view view;
	bool good;

	if (!getauxval(AT_SYSINFO_EHDR))
		return true;	/* a kernel without; the page is measured alone */
	if (source_self(&source))
		return false;
	good = !view_open(&view, &source);
	if (good) {
		read_symbols(&view, function);
		view_close(&view);
		b->kernel_code = (struct bench_span){ source.address, source.address + source.size };
		add_span(&b->text, b->kernel_code.from, b->kernel_code.to);
		find_data(b);
	}
	free(source.bytes);
	return good;
}
