/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The readers: what each demands of an image, what it costs if the image does
 * not do it, and where its source says so. A demand that several make is in a
 * list that they share. To add a reader: an entry of check_readers[], and a list
 * of what only it demands. The order of demands is the order of the report.
 */
#include <elf.h>

#include "check.h"

#define END { .cost = NULL }

static const char SYSTEM_CALLS[] = "silently uses system calls";
static const char GARBAGE[] = "reads outside of the image: a crash or garbage";
static const char OUTSIDE[] = "jumps outside of the image";
static const char NO_SYMBOLS[] = "no symbols of the vDSO";
static const char NO_BACKTRACE[] = "a backtrace ends at a frame in the vDSO";

/* What `check` itself needs to say anything. */
static const struct demand everyone[] = {
	{ .rule = RULE_elf_wide, REJECTED, "no vDSO of a 64-bit program" },
	{ .rule = RULE_elf_machine, REJECTED, "no vDSO of a machine that is known" },
	END
};

/* --------------------------------------------------------- C libraries -- */

static const struct demand glibc[] = {
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_load_present, REJECTED, "takes addresses for link addresses: SIGSEGV" },
	{ .rule = RULE_load_offset, REJECTED, "takes the image for p_vaddr: SIGSEGV" },
	{ .rule = RULE_no_tls, REJECTED, "an assertion fails: abort" },
	{ .rule = RULE_dynamic_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE, "elf/get-dynamic-info.h" },
	{ .rule = RULE_strtab, REJECTED, "SIGSEGV" },
	{ .rule = RULE_symtab, REJECTED, "SIGSEGV" },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_relaent, REJECTED, "an assertion fails: abort", "elf/get-dynamic-info.h" },
	{ .rule = RULE_hash_any, DEGRADED, SYSTEM_CALLS, "elf/dl-lookup.c" },
	{ .rule = RULE_gnu_hash_sound, REJECTED, GARBAGE, "elf/dl-lookup.c" },
	{ .rule = RULE_gnu_hash_mask, REJECTED, "an assertion fails: abort",
	  "elf/dl-setup_hash.c" },
	{ .rule = RULE_gnu_hash_filter, DEGRADED, SYSTEM_CALLS, "elf/dl-lookup.c" },
	{ .rule = RULE_gnu_hash_finds, DEGRADED, SYSTEM_CALLS, "elf/dl-lookup.c" },
	{ .rule = RULE_hash_sound, REJECTED, GARBAGE, "elf/dl-lookup.c", .when = WITHOUT_GNU_HASH },
	{ .rule = RULE_hash_finds, DEGRADED, SYSTEM_CALLS, "elf/dl-lookup.c",
	  .when = WITHOUT_GNU_HASH },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_clock_gettime, DEGRADED, "clock_gettime() is a system call",
	  "elf/dl-vdso-setup.h" },
	{ .rule = RULE_gettimeofday, DEGRADED, "gettimeofday() is a system call",
	  "elf/dl-vdso-setup.h" },
	{ .rule = RULE_time, DEGRADED, "time() is a system call", "elf/dl-vdso-setup.h" },
	{ .rule = RULE_clock_getres, DEGRADED, "clock_getres() is a system call",
	  "elf/dl-vdso-setup.h" },
	{ .rule = RULE_getcpu, DEGRADED, "getcpu() is a system call", "elf/dl-vdso-setup.h" },
	{ .rule = RULE_symbol_bind, DEGRADED, SYSTEM_CALLS, "elf/dl-lookup.c" },
	END
};

/* Static programs look up without versions, and have no list of libraries. */
static const struct demand glibc_dynamic[] = {
	{ .rule = RULE_verdef_versym, REJECTED, "SIGSEGV", "elf/dl-version.c" },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE, "elf/dl-version.c" },
	{ .rule = RULE_versym_sound, REJECTED, GARBAGE, "elf/dl-lookup.c" },
	{ .rule = RULE_soname, DEGRADED, "dlopen(\"linux-vdso.so.1\") fails" },
	END
};

/* Up to 2.40 gettimeofday and time of the shared libc are bound late, and by version. */
static const struct demand glibc_late[] = {
	{ .rule = RULE_version_name, DEGRADED, "gettimeofday() and time() are system calls",
	  "sysdeps/unix/sysv/linux/dl-vdso.h" },
	{ .rule = RULE_version_hash, DEGRADED, "gettimeofday() and time() are system calls",
	  "sysdeps/unix/sysv/linux/dl-vdso.h" },
	END
};

static const struct demand glibc_note[] = {
	{ .rule = RULE_note_sound, REJECTED, GARBAGE, "sysdeps/unix/sysv/linux/dl-sysdep.c" },
	{ .rule = RULE_note_kernel, REJECTED, "FATAL: kernel too old",
	  "sysdeps/unix/sysv/linux/dl-sysdep.c" },
	END
};

static const struct demand glibc_in_place[] = {
	{ .rule = RULE_dynamic_readonly, REJECTED,
	  "relocates it in place: SIGSEGV, or wrong for the next process",
	  "elf/get-dynamic-info.h" },
	END
};

static const struct demand glibc_first_bias[] = {
	{ .rule = RULE_load_one, REJECTED, "takes the second for the first: SIGSEGV (BZ 32583)" },
	END
};

static const struct demand glibc_every_bias[] = {
	{ .rule = RULE_load_bias, REJECTED, "maps only one of them right" },
	END
};

static const struct demand musl[] = {
	{ .rule = RULE_elf_phentsize, REJECTED, "ld.so finds no PT_DYNAMIC: SIGSEGV",
	  "ldso/dynlink.c" },
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_load_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_load_bias, REJECTED, "takes the last for the first: SIGSEGV" },
	{ .rule = RULE_dynamic_present, REJECTED,
	  "ld.so: SIGSEGV at the start (static programs use "
	  "system calls)", "ldso/dynlink.c" },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE },
	{ .rule = RULE_strtab, REJECTED, "ld.so: SIGSEGV (static programs use system calls)",
	  "ldso/dynlink.c" },
	{ .rule = RULE_symtab, REJECTED, "ld.so: SIGSEGV (static programs use system calls)",
	  "ldso/dynlink.c" },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_hash_counts, REJECTED, GARBAGE },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE },
	{ .rule = RULE_versym_sound, REJECTED, GARBAGE },
	{ .rule = RULE_version_name, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_names, REJECTED, GARBAGE },
	{ .rule = RULE_symbol_bind, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_clock_gettime, DEGRADED, "clock_gettime() is a system call" },
	{ .rule = RULE_getcpu, DEGRADED, "sched_getcpu() is a system call", .machine = EM_X86_64 },
	END
};

static const struct demand musl_old[] = {
	{ .rule = RULE_hash, DEGRADED, SYSTEM_CALLS },
	END
};

static const struct demand musl_new[] = {
	{ .rule = RULE_hash_any, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_gnu_hash_sound, REJECTED, GARBAGE, .when = WITHOUT_HASH },
	END
};

static const struct demand bionic[] = {
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_load_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE },
	{ .rule = RULE_strtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_sections, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_sections_inside, REJECTED, "SIGSEGV" },
	{ .rule = RULE_sections_dynsym, DEGRADED, "counts the symbols by it: system calls" },
	{ .rule = RULE_symbol_names, REJECTED, GARBAGE },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_clock_gettime, DEGRADED, "clock_gettime() is a system call" },
	{ .rule = RULE_clock_getres, DEGRADED, "clock_getres() is a system call" },
	{ .rule = RULE_gettimeofday, DEGRADED, "gettimeofday() is a system call" },
	{ .rule = RULE_time, DEGRADED, "time() is a system call", .machine = EM_X86_64 },
	END
};

static const struct demand bionic_linker[] = {
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_present, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE },
	{ .rule = RULE_strtab, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_symtab, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_syment_size, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_hash_any, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_hash_sound, REJECTED, "CANNOT LINK EXECUTABLE", .when = WITHOUT_GNU_HASH },
	{ .rule = RULE_gnu_hash_sound, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_gnu_hash_mask, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE },
	{ .rule = RULE_verdef_format, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_no_textrel, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_no_rel, REJECTED, "CANNOT LINK EXECUTABLE" },
	{ .rule = RULE_soname, DEGRADED, "dlopen(\"linux-vdso.so.1\") fails" },
	END
};

static const struct demand uclibc[] = {
	{ .rule = RULE_elf_magic, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_elf_class, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_sections, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_sections_inside, REJECTED, GARBAGE },
	{ .rule = RULE_sections_named, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_sections_agree, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_verdef_small, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_func, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_clock_gettime, DEGRADED, "clock_gettime() is a system call" },
	{ .rule = RULE_gettimeofday, DEGRADED, "gettimeofday() is a system call" },
	END
};

static const struct demand dietlibc[] = {
	{ .rule = RULE_sections, REJECTED, "jumps to NULL" },
	{ .rule = RULE_sections_inside, REJECTED, GARBAGE },
	{ .rule = RULE_sections_dynsym, REJECTED, "jumps to NULL" },
	{ .rule = RULE_sections_dynstr, REJECTED, "jumps to NULL" },
	{ .rule = RULE_sections_symbol, REJECTED, "jumps to a wrong address" },
	{ .rule = RULE_clock_gettime, REJECTED, "jumps to NULL" },
	{ .rule = RULE_gettimeofday, REJECTED, "jumps to NULL" },
	END
};

/* ---------------------------------------------------- language runtimes -- */

static const struct demand go[] = {
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_load_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_place, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE },
	{ .rule = RULE_strtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_hash_any, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_gnu_hash_sound, REJECTED, GARBAGE },
	{ .rule = RULE_gnu_hash_finds, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_hash_sound, REJECTED, GARBAGE, .when = WITHOUT_GNU_HASH },
	{ .rule = RULE_hash_finds, DEGRADED, SYSTEM_CALLS, .when = WITHOUT_GNU_HASH },
	{ .rule = RULE_verdef, REJECTED, "SIGSEGV before main" },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE },
	{ .rule = RULE_versym_sound, REJECTED, GARBAGE },
	{ .rule = RULE_version_name, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_version_hash, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_bind, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_kind, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_symbol_load, DEGRADED, "tracebacks and profiles do not know it" },
	{ .rule = RULE_clock_gettime, DEGRADED, "time.Now() is a system call" },
	{ .rule = RULE_gettimeofday, DEGRADED, "gettimeofday is a system call",
	  "runtime/vdso_linux_amd64.go", .machine = EM_X86_64 },
	END
};

/* The header: 0.38 asserts what 1.x only asks. */
#define RUSTIX_HEADER(consequence, cost) \
	{ .rule = RULE_elf_magic, consequence, cost }, \
	{ .rule = RULE_elf_class, consequence, cost }, \
	{ .rule = RULE_elf_data, consequence, cost }, \
	{ .rule = RULE_elf_version, consequence, cost }, \
	{ .rule = RULE_elf_osabi, consequence, cost }, \
	{ .rule = RULE_elf_abiversion, consequence, cost }, \
	{ .rule = RULE_elf_type, consequence, cost }, \
	{ .rule = RULE_elf_ehsize, consequence, cost }, \
	{ .rule = RULE_elf_phoff, consequence, cost }, \
	{ .rule = RULE_elf_phentsize, consequence, cost }, \
	{ .rule = RULE_elf_phnum, consequence, cost }

static const char RUSTIX_AUXV[] = "src/backend/linux_raw/param/auxv.rs";

static const struct demand rustix_header_old[] = {
	RUSTIX_HEADER(REJECTED, "panics"),
	END
};

static const struct demand rustix_header_new[] = {
	RUSTIX_HEADER(DEGRADED, SYSTEM_CALLS),
	END
};

static const struct demand rustix[] = {
	{ .rule = RULE_load_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_load_flags, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_no_interp, DEGRADED, SYSTEM_CALLS, RUSTIX_AUXV },
	{ .rule = RULE_no_relro, DEGRADED, SYSTEM_CALLS, RUSTIX_AUXV },
	{ .rule = RULE_dynamic_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_place, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_behind, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_aligned, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_ends, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_strtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_symtab_aligned, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_syment_size, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_hash_any, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_hash_aligned, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_gnu_hash_aligned, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_versym_sound, REJECTED, GARBAGE },
	{ .rule = RULE_versym_aligned, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE },
	{ .rule = RULE_verdef_aligned, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_verdef_format, REJECTED, "does not find the functions: panics" },
	{ .rule = RULE_version_name, REJECTED, "does not find the functions: panics" },
	{ .rule = RULE_version_hash, REJECTED, "does not find the functions: panics" },
	{ .rule = RULE_symbol_bind, REJECTED, "does not find the functions: panics" },
	{ .rule = RULE_symbol_kind, REJECTED, "does not find the functions: panics" },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_clock_gettime, REJECTED, "an assertion fails: panics",
	  "src/backend/linux_raw/vdso_wrappers.rs" },
	{ .rule = RULE_getcpu, REJECTED, "an assertion fails: panics",
	  "src/backend/linux_raw/vdso_wrappers.rs" },
	END
};

static const struct demand rustix_hash_first[] = {
	{ .rule = RULE_hash_sound, REJECTED, GARBAGE },
	{ .rule = RULE_hash_finds, REJECTED, "does not find the functions: panics" },
	{ .rule = RULE_gnu_hash_sound, REJECTED, GARBAGE, .when = WITHOUT_HASH },
	{ .rule = RULE_gnu_hash_finds, REJECTED, "does not find the functions: panics",
	  .when = WITHOUT_HASH },
	END
};

static const struct demand rustix_gnu_hash_first[] = {
	{ .rule = RULE_gnu_hash_sound, REJECTED, GARBAGE },
	{ .rule = RULE_gnu_hash_finds, REJECTED, "does not find the functions: panics" },
	{ .rule = RULE_hash_sound, REJECTED, GARBAGE, .when = WITHOUT_GNU_HASH },
	{ .rule = RULE_hash_finds, REJECTED, "does not find the functions: panics",
	  .when = WITHOUT_GNU_HASH },
	END
};

static const char ABORTS[] = "an assertion fails: abort";

static const struct demand abseil[] = {
	{ .rule = RULE_elf_magic, REJECTED, ABORTS },
	{ .rule = RULE_elf_class, REJECTED, ABORTS },
	{ .rule = RULE_elf_data, REJECTED, ABORTS },
	{ .rule = RULE_elf_phentsize, REJECTED, ABORTS },
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_load_present, REJECTED, ABORTS },
	{ .rule = RULE_load_offset, REJECTED, "takes the image for p_vaddr: SIGSEGV" },
	{ .rule = RULE_dynamic_present, REJECTED, ABORTS },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE },
	{ .rule = RULE_strtab, REJECTED, ABORTS },
	{ .rule = RULE_strsz, REJECTED, ABORTS },
	{ .rule = RULE_symtab, REJECTED, ABORTS },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_versym, REJECTED, ABORTS },
	{ .rule = RULE_versym_sound, REJECTED, GARBAGE },
	{ .rule = RULE_verdef, REJECTED, ABORTS },
	{ .rule = RULE_verdefnum, REJECTED, ABORTS },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE },
	{ .rule = RULE_verdef_order, REJECTED, ABORTS },
	{ .rule = RULE_verdef_base, REJECTED, ABORTS },
	{ .rule = RULE_verdef_aux, REJECTED, ABORTS },
	{ .rule = RULE_symbol_names, REJECTED, ABORTS },
	{ .rule = RULE_symbol_above, REJECTED, ABORTS },
	{ .rule = RULE_version_name, DEGRADED, "does not find the functions" },
	{ .rule = RULE_symbol_func, DEGRADED, "does not find the functions" },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_getcpu, DEGRADED, "GetCPU() is a system call", "absl/debugging/internal/"
	  "vdso_support.cc" },
	{ .rule = RULE_rt_sigreturn, DEGRADED, "stack traces end at a signal handler",
	  "absl/debugging/internal/stacktrace_aarch64-inl.inc", .machine = EM_AARCH64 },
	END
};

static const struct demand abseil_hash[] = {
	{ .rule = RULE_hash, REJECTED, ABORTS },
	{ .rule = RULE_hash_counts, REJECTED, ABORTS },
	END
};

static const struct demand abseil_any_hash[] = {
	{ .rule = RULE_hash_any, REJECTED, ABORTS },
	{ .rule = RULE_hash_counts, REJECTED, ABORTS },
	{ .rule = RULE_gnu_hash_sound, REJECTED, GARBAGE, .when = WITHOUT_HASH },
	END
};

/* The reference parser's caller decides what a missing symbol means. */
static const char NOT_FOUND[] = "does not find the functions";

static const struct demand parse_vdso[] = {
	{ .rule = RULE_elf_class, DEGRADED, NOT_FOUND },
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_load_present, DEGRADED, NOT_FOUND },
	{ .rule = RULE_dynamic_present, DEGRADED, NOT_FOUND },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_place, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE },
	{ .rule = RULE_strtab, DEGRADED, NOT_FOUND },
	{ .rule = RULE_symtab, DEGRADED, NOT_FOUND },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_versym_sound, REJECTED, GARBAGE },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE },
	{ .rule = RULE_version_name, DEGRADED, NOT_FOUND },
	{ .rule = RULE_version_hash, DEGRADED, NOT_FOUND },
	{ .rule = RULE_symbol_bind, DEGRADED, NOT_FOUND },
	{ .rule = RULE_symbol_func, DEGRADED, NOT_FOUND },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	END
};

static const struct demand parse_vdso_hash[] = {
	{ .rule = RULE_hash, DEGRADED, NOT_FOUND },
	{ .rule = RULE_hash_sound, REJECTED, GARBAGE },
	{ .rule = RULE_hash_finds, DEGRADED, NOT_FOUND },
	END
};

static const struct demand parse_vdso_any_hash[] = {
	{ .rule = RULE_hash_any, DEGRADED, NOT_FOUND },
	{ .rule = RULE_gnu_hash_sound, REJECTED, GARBAGE },
	{ .rule = RULE_gnu_hash_finds, DEGRADED, NOT_FOUND },
	{ .rule = RULE_hash_sound, REJECTED, GARBAGE, .when = WITHOUT_GNU_HASH },
	{ .rule = RULE_hash_finds, DEGRADED, NOT_FOUND, .when = WITHOUT_GNU_HASH },
	END
};

static const struct demand zig[] = {
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_load_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_load_bias, REJECTED, "takes the last for the first: SIGSEGV" },
	{ .rule = RULE_dynamic_present, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	{ .rule = RULE_dynamic_ends, REJECTED, GARBAGE },
	{ .rule = RULE_strtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symtab, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_tables_inside, REJECTED, GARBAGE },
	{ .rule = RULE_hash, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_hash_counts, REJECTED, GARBAGE },
	{ .rule = RULE_verdef_sound, REJECTED, GARBAGE },
	{ .rule = RULE_versym_sound, REJECTED, GARBAGE },
	{ .rule = RULE_version_name, DEGRADED, SYSTEM_CALLS },
	{ .rule = RULE_symbol_names, REJECTED, GARBAGE },
	{ .rule = RULE_symbol_places, REJECTED, OUTSIDE },
	{ .rule = RULE_clock_gettime, DEGRADED, "clock_gettime() is a system call" },
	END
};

/* ------------------------------------------------ debuggers, unwinders -- */

static const struct demand gdb[] = {
	{ .rule = RULE_elf_magic, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_elf_class, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_elf_data, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_elf_version, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_elf_phentsize, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_elf_phnum, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_load_present, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_load_one, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_load_headers, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_mapping_start, DEGRADED, NO_SYMBOLS, "gdb/linux-tdep.c" },
	{ .rule = RULE_mapping_whole, DEGRADED, NO_SYMBOLS, "gdb/linux-tdep.c" },
	{ .rule = RULE_sigreturn_code, DEGRADED, "a backtrace ends at a signal handler",
	  "gdb/aarch64-linux-tdep.c" },
	{ .rule = RULE_sections_eh_frame, DEGRADED, "guesses the frames of the vDSO",
	  "gdb/dwarf2/frame.c" },
	END
};

static const struct demand gdb_sections[] = {
	{ .rule = RULE_sections, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_sections_inside, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_sections_dynsym, DEGRADED, NO_SYMBOLS },
	END
};

/* What 14 and later rebuild the symbols from when there are no section headers. */
static const struct demand gdb_dynamic[] = {
	{ .rule = RULE_dynamic_present, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_dynamic_inside, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_dynamic_ends, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_strtab, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_symtab, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_tables_inside, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_strsz, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_syment, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_syment_size, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_strtab_ends, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	{ .rule = RULE_hash_any, DEGRADED, NO_SYMBOLS, "bfd/elf.c" },
	END
};

static const struct demand lldb[] = {
	{ .rule = RULE_elf_magic, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_elf_phnum, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_load_present, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_sections, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_sections_inside, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_sections_dynsym, DEGRADED, NO_SYMBOLS },
	END
};

static const struct demand elfutils[] = {
	{ .rule = RULE_elf_magic, DEGRADED, "does not see the vDSO" },
	{ .rule = RULE_elf_phentsize, DEGRADED, "does not see the vDSO" },
	{ .rule = RULE_elf_phnum, DEGRADED, "does not see the vDSO" },
	{ .rule = RULE_load_present, DEGRADED, "does not see the vDSO" },
	{ .rule = RULE_load_align, REJECTED, "fails: Callback returned failure" },
	{ .rule = RULE_dynamic_present, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_dynamic_inside, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_strtab, DEGRADED, NO_SYMBOLS, "libdwfl/dwfl_module_getdwarf.c" },
	{ .rule = RULE_strsz, DEGRADED, "symbols without names", "libdwfl/dwfl_module_getdwarf.c" },
	{ .rule = RULE_symtab, DEGRADED, NO_SYMBOLS, "libdwfl/dwfl_module_getdwarf.c" },
	{ .rule = RULE_tables_inside, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_hash_any, DEGRADED, NO_SYMBOLS, "libdwfl/dwfl_module_getdwarf.c" },
	{ .rule = RULE_note_build_id, DEGRADED, "no build-id" },
	{ .rule = RULE_note_align, DEGRADED, "no build-id" },
	{ .rule = RULE_unwind_header, DEGRADED, NO_BACKTRACE },
	{ .rule = RULE_mapping_start, DEGRADED, "does not see the vDSO",
	  "libdwfl/linux-proc-maps.c" },
	END
};

static const struct demand systemd[] = {
	{ .rule = RULE_note_sound, DEGRADED, "the journal has no build-id" },
	{ .rule = RULE_note_build_id, DEGRADED,
	  "the journal says: Module [vdso] without build-id" },
	END
};

static const struct demand unwinders[] = {
	{ .rule = RULE_elf_phnum, REJECTED, GARBAGE },
	{ .rule = RULE_unwind_header, DEGRADED, NO_BACKTRACE },
	{ .rule = RULE_unwind_table, DEGRADED, NO_BACKTRACE },
	{ .rule = RULE_unwind_functions, DEGRADED, NO_BACKTRACE },
	{ .rule = RULE_sigreturn_code, DEGRADED, "a backtrace ends at a signal handler" },
	END
};

static const struct demand libgcc[] = {
	{ .rule = RULE_symbol_load, DEGRADED, NO_BACKTRACE, "glibc's elf/dl-find_object.c" },
	{ .rule = RULE_unwind_gap, REJECTED, "walks around in the trampoline's frame for ever" },
	END
};

static const struct demand libunwind[] = {
	{ .rule = RULE_dynamic_present, DEGRADED, NO_BACKTRACE },
	{ .rule = RULE_dynamic_inside, REJECTED, GARBAGE },
	END
};

static const struct demand perf[] = {
	{ .rule = RULE_elf_magic, DEGRADED, NO_SYMBOLS },
	{ .rule = RULE_sections, DEGRADED, NO_SYMBOLS, "tools/perf/util/symbol-elf.c" },
	{ .rule = RULE_sections_inside, DEGRADED, NO_SYMBOLS, "tools/perf/util/symbol-elf.c" },
	{ .rule = RULE_sections_dynsym, DEGRADED, NO_SYMBOLS, "tools/perf/util/symbol-elf.c" },
	{ .rule = RULE_note_build_id, DEGRADED, "no entry in the cache of build-ids" },
	{ .rule = RULE_mapping_name, DEGRADED, "does not see the vDSO" },
	END
};

/* --------------------------------------------- those that replace or patch -- */

static const struct demand criu[] = {
	{ .rule = RULE_elf_magic, REJECTED, "no checkpoint" },
	{ .rule = RULE_elf_class, REJECTED, "no checkpoint" },
	{ .rule = RULE_elf_data, REJECTED, "no checkpoint" },
	{ .rule = RULE_elf_version, REJECTED, "no checkpoint" },
	{ .rule = RULE_elf_osabi, REJECTED, "no checkpoint" },
	{ .rule = RULE_elf_phnum, REJECTED, "no checkpoint" },
	{ .rule = RULE_load_present, REJECTED, "no checkpoint" },
	{ .rule = RULE_load_one, REJECTED, "no checkpoint" },
	{ .rule = RULE_dynamic_present, REJECTED, "no checkpoint" },
	{ .rule = RULE_dynamic_inside, REJECTED, "no checkpoint" },
	{ .rule = RULE_dynamic_one, REJECTED, "no checkpoint" },
	{ .rule = RULE_dynamic_ends, REJECTED, "no checkpoint" },
	{ .rule = RULE_strtab, REJECTED, "no checkpoint: Not all dynamic entries are present" },
	{ .rule = RULE_symtab, REJECTED, "no checkpoint: Not all dynamic entries are present" },
	{ .rule = RULE_tables_inside, REJECTED, "no checkpoint" },
	{ .rule = RULE_strsz, REJECTED, "no checkpoint: Not all dynamic entries are present" },
	{ .rule = RULE_syment, REJECTED, "no checkpoint: Not all dynamic entries are present" },
	{ .rule = RULE_hash_sound, REJECTED, "no checkpoint" },
	{ .rule = RULE_hash_finds, DEGRADED, "does not redirect the functions after a restore" },
	{ .rule = RULE_name_room, DEGRADED, "does not redirect the functions after a restore" },
	{ .rule = RULE_symbol_places, REJECTED, "no checkpoint" },
	{ .rule = RULE_entry_room, REJECTED, "a restore overwrites what follows the function",
	  "criu/arch/*/vdso-pie.c" },
	{ .rule = RULE_mapping_name, REJECTED, "takes it for memory of the program" },
	END
};

static const struct demand criu_hash[] = {
	{ .rule = RULE_hash, REJECTED, "no checkpoint: Not all dynamic entries are present" },
	END
};

static const struct demand criu_any_hash[] = {
	{ .rule = RULE_hash_any, REJECTED, "no checkpoint: Not all dynamic entries are present" },
	{ .rule = RULE_gnu_hash_sound, REJECTED, "no checkpoint", .when = WITHOUT_HASH },
	{ .rule = RULE_gnu_hash_finds, DEGRADED, "does not redirect the functions after a restore",
	  .when = WITHOUT_HASH },
	END
};

static const struct demand rr[] = {
	{ .rule = RULE_trap, REJECTED, "an assertion fails: No syscall instruction found in VDSO" },
	{ .rule = RULE_mapping_name, REJECTED, "an assertion fails" },
	{ .rule = RULE_mapping_whole, REJECTED, "an assertion fails" },
	END
};

static const struct demand valgrind[] = {
	{ .rule = RULE_mapping_start, DEGRADED, "unmaps all of the mapping" },
	END
};

static const struct demand gvisor[] = {
	{ .rule = RULE_elf_phnum, REJECTED, "ENOEXEC" },
	{ .rule = RULE_load_present, REJECTED, "ENOEXEC" },
	{ .rule = RULE_load_offset, REJECTED, "ENOEXEC" },
	{ .rule = RULE_load_bias, REJECTED, "ENOEXEC" },
	{ .rule = RULE_load_sizes, REJECTED, "ENOEXEC" },
	{ .rule = RULE_load_inside, REJECTED, "ENOEXEC" },
	{ .rule = RULE_load_order, REJECTED, "ENOEXEC" },
	END
};

static const struct demand patcher[] = {
	{ .rule = RULE_entry_room, REJECTED,
	  "a jump of 16 bytes overwrites what follows the function" },
	END
};

/* ----------------------------------------------------------- the table -- */

static const char GLIBC[] = "sysdeps/unix/sysv/linux/dl-vdso-setup.c, elf/setup-vdso.h";
static const char MUSL[] = "src/internal/vdso.c";
static const char RUSTIX[] = "src/backend/linux_raw/vdso.rs";
static const char ABSEIL[] = "absl/debugging/internal/elf_mem_image.cc";
static const char PARSE_VDSO[] = "tools/testing/selftests/vDSO/parse_vdso.c";
static const char GDB[] = "gdb/symfile-mem.c, bfd/elfcode.h";
static const char CRIU[] = "criu/pie/util-vdso.c";

const struct reader check_readers[] = {
	{ .name = "glibc-2.31", "glibc 2.31 to 2.34, dynamic programs", GLIBC,
	  { everyone, glibc, glibc_dynamic, glibc_late, glibc_note, glibc_first_bias } },
	{ .name = "glibc-2.35", "glibc 2.35, dynamic programs", GLIBC,
	  { everyone, glibc, glibc_dynamic, glibc_late, glibc_note, glibc_in_place,
	    glibc_first_bias } },
	{ .name = "glibc-2.36", "glibc 2.36 to 2.40, dynamic programs", GLIBC,
	  { everyone, glibc, glibc_dynamic, glibc_late, glibc_in_place, glibc_first_bias } },
	{ .name = "glibc-2.41", "glibc 2.41 and 2.42, dynamic programs", GLIBC,
	  { everyone, glibc, glibc_dynamic, glibc_in_place, glibc_first_bias } },
	{ .name = "glibc-2.43", "glibc 2.43, dynamic programs", GLIBC,
	  { everyone, glibc, glibc_dynamic, glibc_in_place, glibc_every_bias } },
	{ .name = "glibc-static", "glibc 2.35 to 2.42, static programs", GLIBC,
	  { everyone, glibc, glibc_in_place, glibc_first_bias } },
	{ .name = "musl-1.2.5", "musl up to 1.2.5", MUSL, { everyone, musl, musl_old } },
	{ .name = "musl-1.2.6", "musl 1.2.6", MUSL, { everyone, musl, musl_new } },
	{ .name = "bionic", "Android's libc", "libc/bionic/vdso.cpp", { everyone, bionic } },
	{ .name = "bionic-linker", "Android's linker64", "linker/linker.cpp",
	  { everyone, bionic_linker } },
	{ .name = "uclibc-ng", "uClibc-ng 1.0", "ldso/ldso/dl-vdso.c", { everyone, uclibc } },
	{ .name = "dietlibc", "dietlibc 0.34", "lib/vdso_dlsym.c", { everyone, dietlibc },
	  .machine = EM_X86_64 },
	{ .name = "go", "Go 1.19 to 1.24", "runtime/vdso_linux.go", { everyone, go } },
	{ .name = "rustix-0.38", "rustix 0.35 to 0.38, linux_raw", RUSTIX,
	  { everyone, rustix_header_old, rustix, rustix_hash_first } },
	{ .name = "rustix-1", "rustix 1, linux_raw", RUSTIX,
	  { everyone, rustix_header_new, rustix, rustix_gnu_hash_first } },
	{ .name = "abseil-20220623", "abseil 20220623, with assertions", ABSEIL,
	  { everyone, abseil, abseil_hash } },
	{ .name = "abseil", "abseil of 2025, with assertions", ABSEIL,
	  { everyone, abseil, abseil_any_hash } },
	{ .name = "zig", "Zig's standard library", "std/os/linux/vdso.zig", { everyone, zig } },
	{ .name = "kernel-6.12", "the kernel's parse_vdso.c up to 6.12", PARSE_VDSO,
	  { everyone, parse_vdso, parse_vdso_hash } },
	{ .name = "kernel-7.1", "the kernel's parse_vdso.c of 7.1", PARSE_VDSO,
	  { everyone, parse_vdso, parse_vdso_any_hash } },
	{ .name = "gdb-13", "gdb up to 13", GDB, { everyone, gdb, gdb_sections } },
	{ .name = "gdb-16", "gdb 14 and later", GDB, { everyone, gdb, gdb_dynamic } },
	{ .name = "lldb", "lldb 14",
	  "source/Plugins/DynamicLoader/POSIX-DYLD/DynamicLoaderPOSIXDYLD.cpp",
	  { everyone, lldb } },
	{ .name = "elfutils", "elfutils 0.188 to 0.192", "libdwfl/elf-from-memory.c",
	  { everyone, elfutils } },
	{ .name = "systemd-coredump", "systemd 257", "src/shared/elf-util.c",
	  { everyone, systemd } },
	{ .name = "libgcc", "libgcc's unwinder, GCC 14", "libgcc/unwind-dw2-fde-dip.c",
	  { everyone, unwinders, libgcc } },
	{ .name = "llvm-libunwind", "LLVM's libunwind", "libunwind/src/UnwindCursor.hpp",
	  { everyone, unwinders } },
	{ .name = "libunwind", "libunwind 1.8", "src/dwarf/Gfind_proc_info-lsb.c",
	  { everyone, unwinders, libunwind } },
	{ .name = "perf", "perf 6.12", "tools/perf/util/vdso.c", { everyone, perf } },
	{ .name = "criu-3.17", "CRIU 3.17", CRIU, { everyone, criu, criu_hash } },
	{ .name = "criu", "CRIU 4.2", CRIU, { everyone, criu, criu_any_hash } },
	{ .name = "rr", "rr 5.9", "src/AddressSpace.cc", { everyone, rr },
	  .remark = "gives programs a vDSO of its own" },
	{ .name = "valgrind", "Valgrind 3.27", "coregrind/m_initimg/initimg-linux.c",
	  { everyone, valgrind },
	  .remark = "hides any vDSO from programs (x86_64, aarch64)" },
	{ .name = "gvisor", "gVisor's loader", "pkg/sentry/loader/vdso.go", { everyone, gvisor } },
	{ .name = "patcher", "whatever patches the entries", "criu/arch/x86/vdso-pie.c, for one",
	  { everyone, patcher } },
};

const unsigned int check_reader_count = sizeof check_readers / sizeof *check_readers;
_Static_assert(sizeof check_readers / sizeof *check_readers <= CHECK_READERS_MAX,
	       "a flag for each reader");
