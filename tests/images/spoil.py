# SPDX-License-Identifier: BSD-2-Clause
"""
A bad image for each rule of tools/check-rules.def, made from a good one. Each
function spoils one thing; its name is the rule's, with a word behind two
underscores if there are several. The table says which other rules that breaks,
too, because one field can be about several things.
"""
from image import DYN, EHDR, PHDR, SYM, VERSYM, DT, PT

X86_64, AARCH64 = 62, 183
SPOILERS = {}


def spoils(*also, machine=None):
    def register(function):
        rule = function.__name__.split('__')[0]
        SPOILERS[function.__name__] = (function, {rule, *also}, machine)
        return function
    return register


# ------------------------------------------------------------- the ELF header
@spoils()
def elf_wide(image):
    image.header('EI_CLASS', 1)


@spoils()
def elf_wide__short(image):
    del image.data[EHDR - 1:]


@spoils()
def elf_machine(image):
    image.header('e_machine', 0xfeed)


@spoils()
def elf_magic(image):
    image.put(1, 'B', ord('F'))


@spoils()
def elf_class(image):
    image.header('EI_CLASS', 3)


@spoils()
def elf_data(image):
    image.header('EI_DATA', 0)


@spoils()
def elf_version(image):
    image.header('EI_VERSION', 2)


@spoils()
def elf_osabi(image):
    image.header('EI_OSABI', 255)


@spoils()
def elf_abiversion(image):
    image.header('EI_ABIVERSION', 1)


@spoils()
def elf_type(image):
    image.header('e_type', 2)


@spoils()
def elf_ehsize(image):
    image.header('e_ehsize', 0)


@spoils('elf_phnum')
def elf_phoff(image):
    image.header('e_phoff', 0)
    image.header('e_phnum', 0)


@spoils()
def elf_phentsize(image):
    image.header('e_phentsize', 0)


@spoils()
def elf_phnum(image):
    image.header('e_phnum', 0xffff)


@spoils()
def elf_phnum__outside(image):
    image.header('e_phoff', len(image.data) - PHDR)


# ------------------------------------------------------------------ PT_LOAD
@spoils()
def load_present(image):
    image.segment('LOAD', 'p_type', 0)


def second_load(image, address, offset):
    image.segment('EH_FRAME', 'p_vaddr', address)
    image.segment('EH_FRAME', 'p_offset', offset)
    image.segment('EH_FRAME', 'p_filesz', 0)
    image.segment('EH_FRAME', 'p_memsz', 0)
    image.segment('EH_FRAME', 'p_type', PT['LOAD'])


@spoils('unwind_header')
def load_one(image):
    second_load(image, 0x1000, 0x1000)


@spoils('load_one', 'unwind_header')
def load_bias(image):
    second_load(image, 0x4000, 0x1000)


@spoils('load_one', 'unwind_header')
def load_order(image):
    second_load(image, 0x800, 0x800)


@spoils('load_headers', 'load_inside', 'symbol_above', 'symbol_load')
def load_offset(image):
    image.segment('LOAD', 'p_offset', 0x1000)
    image.segment('LOAD', 'p_vaddr', 0x1000)


@spoils('load_headers')
def load_offset__small(image):
    image.segment('LOAD', 'p_offset', 0x40)
    image.segment('LOAD', 'p_vaddr', 0x40)
    image.segment('LOAD', 'p_filesz', 0xf00)
    image.segment('LOAD', 'p_memsz', 0xf00)


@spoils('dynamic_place', ...)
def load_align(image):
    image.segment('LOAD', 'p_vaddr', 8)


@spoils()
def load_flags(image):
    image.segment('LOAD', 'p_flags', 4)


@spoils()
def load_sizes(image):
    image.segment('LOAD', 'p_memsz', 0x2000)


@spoils('load_sizes')
def load_inside(image):
    image.segment('LOAD', 'p_filesz', 0x2000)


@spoils('load_sizes')
def load_headers(image):
    image.segment('LOAD', 'p_filesz', EHDR + PHDR)


@spoils('unwind_header')
def no_interp(image):
    image.segment('EH_FRAME', 'p_type', PT['INTERP'])


@spoils('unwind_header')
def no_relro(image):
    image.segment('EH_FRAME', 'p_type', PT['RELRO'])


@spoils('unwind_header')
def no_tls(image):
    image.segment('EH_FRAME', 'p_type', PT['TLS'])


# -------------------------------------------------------- the dynamic segment
@spoils()
def dynamic_present(image):
    image.segment('DYNAMIC', 'p_type', 0)


@spoils('dynamic_place')
def dynamic_inside(image):
    image.segment('DYNAMIC', 'p_vaddr', len(image.data))


@spoils('unwind_header')
def dynamic_one(image):
    source, to = image.segment_at('DYNAMIC'), image.segment_at('EH_FRAME')
    image.data[to:to + PHDR] = image.data[source:source + PHDR]


@spoils()
def dynamic_readonly(image):
    image.segment('DYNAMIC', 'p_flags', 6)


@spoils()
def dynamic_place(image):
    image.segment('DYNAMIC', 'p_offset', image.segment('DYNAMIC', 'p_offset') + DYN)


@spoils('dynamic_place')
def dynamic_behind(image):
    image.segment('DYNAMIC', 'p_offset', 8)


@spoils('dynamic_place', ...)
def dynamic_aligned(image):
    image.segment('DYNAMIC', 'p_vaddr', image.segment('DYNAMIC', 'p_vaddr') + 4)


@spoils()
def dynamic_ends(image):
    image.retag('NULL', 'DEBUG')


@spoils('symbol_names', ...)
def strtab(image):
    image.retag('STRTAB', 'DEBUG')


@spoils(...)
def tables_inside(image):
    image.tag('STRTAB', 1 << 40)


@spoils()
def strsz(image):
    image.retag('STRSZ', 'DEBUG')


@spoils()
def strsz__outside(image):
    image.tag('STRSZ', len(image.data))


@spoils('sections_named')
def strtab_ends(image):
    # cut the table: every name but the last, a section's, is still there, and so is its end
    image.put(image.tag('STRTAB') + image.tag('STRSZ') - 1, 'B', ord('x'))


@spoils(...)
def symtab(image):
    image.retag('SYMTAB', 'DEBUG')


@spoils(...)
def tables_inside__symtab(image):
    image.tag('SYMTAB', len(image.data))


@spoils(...)
def symtab_aligned(image):
    image.tag('SYMTAB', image.tag('SYMTAB') + 4)


@spoils()
def syment(image):
    image.retag('SYMENT', 'DEBUG')


@spoils()
def syment_size(image):
    image.tag('SYMENT', 16)


@spoils()
def soname(image):
    image.retag('SONAME', 'DEBUG')


@spoils()
def soname__empty(image):
    image.tag('SONAME', 0)


@spoils('soname')
def no_textrel(image):
    image.retag('SONAME', 'TEXTREL')


@spoils('soname')
def no_rel(image):
    image.retag('SONAME', 'REL')


@spoils('soname')
def relaent(image):
    image.retag('SONAME', 'RELA')


# --------------------------------------------------------------- hash tables
@spoils('hash')
def hash_any(image):
    image.retag('HASH', 'DEBUG')
    image.retag('GNU_HASH', 'DEBUG')


@spoils()
def hash(image):
    image.retag('HASH', 'DEBUG')


def bucket(image, i):
    return image.tag('HASH') + 8 + 4 * i


def chain(image, i):
    return bucket(image, image.get(image.tag('HASH'), 'I') + i)


def used_bucket(image):
    i = 0
    while not image.get(bucket(image, i), 'I'):
        i += 1
    return i


@spoils('hash_counts', ...)
def hash_sound(image):
    image.tag('HASH', len(image.data) - 4)


@spoils(...)
def hash_sound__chain(image):
    image.put(bucket(image, used_bucket(image)), 'I', image.symbols())


@spoils()
def hash_sound__ring(image):
    first = image.get(bucket(image, used_bucket(image)), 'I')
    last = first
    while image.get(chain(image, last), 'I'):
        last = image.get(chain(image, last), 'I')
    image.put(chain(image, last), 'I', first)


@spoils()
def hash_sound__no_buckets(image):
    image.put(image.tag('HASH'), 'I', 0)


@spoils('hash_sound')
def hash_sound__many_buckets(image):
    image.put(image.tag('HASH'), 'I', 0xffffffff)


@spoils(...)
def hash_aligned(image):
    image.tag('HASH', image.tag('HASH') + 2)


@spoils(...)
def hash_counts(image):
    image.put(image.tag('HASH') + 4, 'I', image.symbols() + 2)


@spoils()
def hash_finds(image):
    index = image.symbol_index('clock_gettime')
    for i in range(image.get(image.tag('HASH'), 'I')):
        if image.get(bucket(image, i), 'I') == index:
            image.put(bucket(image, i), 'I', image.get(chain(image, index), 'I'))
    for i in range(image.symbols()):
        if image.get(chain(image, i), 'I') == index:
            image.put(chain(image, i), 'I', image.get(chain(image, index), 'I'))


def gnu_buckets(image):
    at = image.tag('GNU_HASH')
    return at + 16 + 8 * image.get(at + 8, 'I'), image.get(at, 'I')


@spoils('sections_agree')
def gnu_hash_sound(image):
    image.tag('GNU_HASH', len(image.data) - 8)


@spoils()
def gnu_hash_sound__masks(image):
    image.put(image.tag('GNU_HASH') + 8, 'I', 1 << 31)


@spoils('gnu_hash_finds')
def gnu_hash_sound__bucket(image):
    at, count = gnu_buckets(image)
    for i in range(count):
        if image.get(at + 4 * i, 'I'):
            image.put(at + 4 * i, 'I', 0x7fffffff)


@spoils(...)
def gnu_hash_sound__chain(image):
    at, count = gnu_buckets(image)
    for i in range(image.symbols()):
        value = image.get(at + 4 * (count + i), 'I')
        image.put(at + 4 * (count + i), 'I', value & ~1)


@spoils('gnu_hash_filter', ...)
def gnu_hash_aligned(image):
    image.tag('GNU_HASH', image.tag('GNU_HASH') + 4)


@spoils('gnu_hash_finds', ...)
def gnu_hash_mask(image):
    image.put(image.tag('GNU_HASH') + 8, 'I', 3)


@spoils()
def gnu_hash_filter(image):
    at = image.tag('GNU_HASH')
    for i in range(image.get(at + 8, 'I')):
        image.put(at + 16 + 8 * i, 'Q', 0)


@spoils()
def gnu_hash_finds(image):
    at, count = gnu_buckets(image)
    for i in range(count):
        image.put(at + 4 * i, 'I', 0)


# ------------------------------------------------------------------ versions
@spoils()
def verdef(image):
    image.retag('VERDEF', 'DEBUG')


@spoils('verdef_versym')
def versym(image):
    image.retag('VERSYM', 'DEBUG')


@spoils()
def verdefnum(image):
    image.retag('VERDEFNUM', 'DEBUG')


@spoils('versym')
def verdef_versym(image):
    image.retag('VERSYM', 'DEBUG')


@spoils('sections_agree')
def verdef_sound(image):
    image.tag('VERDEF', len(image.data))


@spoils('version_name')
def verdef_sound__next(image):
    image.verdef(0, 'vd_next', 0x7fffffff)


@spoils('version_name')
def verdef_sound__aux(image):
    image.verdef(1, 'vd_aux', 0xffffffff)


@spoils()
def verdef_sound__count(image):
    image.tag('VERDEFNUM', 3)


@spoils('version_name')
def verdef_sound__name(image):
    image.put(image.tag('VERDEF') + 28 + 20, 'I', image.tag('STRSZ'))


@spoils()
def verdef_format(image):
    image.verdef(1, 'vd_version', 2)


@spoils('verdef_aux')
def verdef_format__no_names(image):
    image.verdef(0, 'vd_cnt', 0)


@spoils()
def verdef_order(image):
    image.verdef(0, 'vd_ndx', 2)


@spoils()
def verdef_base(image):
    # no BASE: one definition, with index 2
    image.tag('VERDEF', image.tag('VERDEF') + 28)
    image.tag('VERDEFNUM', 1)
    image.section('.gnu.version_d', 'sh_addr', image.tag('VERDEF'))


@spoils()
def verdef_aux(image):
    image.verdef(1, 'vd_cnt', 3)


@spoils('verdef_base')
def verdef_small(image):
    image.verdef(1, 'vd_ndx', 10)
    for i in range(1, image.symbols()):
        image.put(image.tag('VERSYM') + VERSYM * i, 'H', 10)


@spoils('sections_agree')
def verdef_aligned(image):
    # a copy in the free room at the end of the page
    at, size = image.tag('VERDEF'), image.section('.gnu.version_d', 'sh_size')
    to = len(image.data) - size - size % 4 - 2
    image.data[to:to + size] = image.data[at:at + size]
    image.tag('VERDEF', to)


@spoils('sections_agree', 'version_name')
def versym_sound(image):
    image.tag('VERSYM', len(image.data) - VERSYM)


@spoils(...)
def versym_aligned(image):
    image.tag('VERSYM', image.tag('VERSYM') + 1)


@spoils()
def version_name(image):
    at = image.tag('STRTAB') + image.get(image.tag('VERDEF') + 28 + 20, 'I')
    image.put(at, 'B', ord('M'))


@spoils()
def version_name__undefined(image):
    image.put(image.tag('VERSYM') + VERSYM * image.symbol_index('clock_gettime'), 'H', 7)


@spoils()
def version_hash(image):
    image.verdef(1, 'vd_hash', 1)


# ------------------------------------------------------------------- symbols
def missing(image, function):
    image.rename(image.prefix + function, image.prefix + function[:-1] + 'X')


@spoils()
def clock_gettime(image):
    missing(image, 'clock_gettime')


@spoils()
def gettimeofday(image):
    missing(image, 'gettimeofday')


@spoils(machine=X86_64)
def time(image):
    missing(image, 'time')


@spoils()
def clock_getres(image):
    missing(image, 'clock_getres')


@spoils(machine=X86_64)
def getcpu(image):
    missing(image, 'getcpu')


@spoils(machine=AARCH64)
def rt_sigreturn(image):
    missing(image, 'rt_sigreturn')


@spoils('sections_symbol', 'unwind_functions', ...)
def symbol_places(image):
    image.symbol('clock_gettime', 'st_value', len(image.data))


@spoils(...)
def symbol_load(image):
    image.segment('LOAD', 'p_memsz', image.symbol('clock_gettime', 'st_value'))


@spoils()
def symbol_bind(image):
    image.symbol('clock_gettime', 'st_info', 2)


@spoils('symbol_func')
def symbol_kind(image):
    image.symbol('clock_gettime', 'st_info', 0x11)


@spoils()
def symbol_func(image):
    for i in range(1, image.symbols()):
        image.put(image.tag('SYMTAB') + SYM * i + 4, 'B', 0x10)


@spoils('clock_gettime')
def symbol_names(image):
    image.symbol('clock_gettime', 'st_name', 0x7fffffff)


@spoils('sections_symbol', 'unwind_functions', ...)
def symbol_above(image):
    image.symbol('clock_gettime', 'st_value', 0)


@spoils(...)
def name_room(image):
    # a copy of the string table at the very end of the page
    at, size = image.tag('STRTAB'), image.tag('STRSZ')
    image.data[-size:] = image.data[at:at + size]
    image.tag('STRTAB', len(image.data) - size)
    name = bytearray((image.prefix + 'clock_gettime').encode() + b'\0')
    image.data[-len(name):] = name
    image.symbol('clock_gettime', 'st_name', size - len(name))


@spoils()
def entry_room(image):
    # something begins in it
    image.section('.eh_frame_hdr', 'sh_addr', image.symbol('clock_getres', 'st_value') + 15)


@spoils('sigreturn_code', ...)
def trap(image):
    at, size = image.section('.text', 'sh_offset'), image.section('.text', 'sh_size')
    trap = bytes.fromhex('0f05' if image.header('e_machine') == X86_64 else '010000d4')
    image.data[at:at + size] = image.data[at:at + size].replace(trap, trap[::-1])


# ----------------------------------------------------------- section headers
@spoils()
def sections(image):
    image.header('e_shnum', 0)


@spoils()
def sections_inside(image):
    image.header('e_shoff', len(image.data))


@spoils()
def sections_inside__size(image):
    image.header('e_shentsize', 40)


@spoils()
def sections_dynsym(image):
    image.section('.dynsym', 'sh_size', SYM)


@spoils()
def sections_dynsym__none(image):
    image.section('.dynsym', 'sh_type', 1)


@spoils(machine=X86_64)
def sections_dynstr(image):
    image.section('.gnu.hash', 'sh_type', 3)


@spoils('sections_named', machine=X86_64)
def sections_dynstr__none(image):
    image.section('.dynstr', 'sh_type', 1)


@spoils(machine=X86_64)
def sections_symbol(image):
    image.symbol('clock_gettime', 'st_shndx', image.header('e_shnum'))


@spoils(machine=X86_64)
def sections_symbol__other(image):
    image.symbol('clock_gettime', 'st_shndx', 1)


@spoils()
def sections_named(image):
    image.header('e_shstrndx', 0)


@spoils('sections_eh_frame')
def sections_named__dynamic(image):
    image.section('.dynamic', 'sh_name', 0)
    image.section('.eh_frame', 'sh_name', 0)


@spoils()
def sections_agree(image):
    image.section('.gnu.version', 'sh_addr', 0)


@spoils()
def sections_eh_frame(image):
    image.section('.eh_frame', 'sh_name', 0)


# --------------------------------------------------------------------- notes
def note_at(image, name, kind):
    at = image.segment('NOTE', 'p_offset')
    end = at + image.segment('NOTE', 'p_filesz')
    while at < end:
        namesz, descsz, this = (image.get(at + i, 'I') for i in (0, 4, 8))
        if this == kind and image.data[at + 12:at + 12 + namesz] == name.encode() + b'\0':
            return at
        at += 12 + (namesz + 3 & ~3) + (descsz + 3 & ~3)
    raise KeyError(name)


@spoils()
def note_sound(image):
    image.put(note_at(image, 'vdsogen', 256) + 4, 'I', 0x7fffffff)


@spoils('note_build_id')
def note_sound__outside(image):
    image.segment('NOTE', 'p_filesz', len(image.data))


@spoils()
def note_kernel(image):
    image.put(note_at(image, 'Linux', 0) + 20, 'I', 0x2061f)  # 2.6.31


@spoils()
def note_build_id(image):
    image.put(note_at(image, 'GNU', 3) + 8, 'I', 4)


@spoils()
def note_align(image):
    image.section('.note', 'sh_addralign', 8)


# -------------------------------------------------------- unwind information
@spoils()
def unwind_header(image):
    image.segment('EH_FRAME', 'p_type', 0)


@spoils()
def unwind_header__outside(image):
    image.segment('EH_FRAME', 'p_vaddr', len(image.data))


@spoils()
def unwind_header__version(image):
    image.put(image.segment('EH_FRAME', 'p_offset'), 'B', 2)


@spoils()
def unwind_table(image):
    image.put(image.segment('EH_FRAME', 'p_offset') + 3, 'B', 0xff)


@spoils()
def unwind_table__long(image):
    image.put(image.segment('EH_FRAME', 'p_offset') + 8, 'I', 0x7fffffff)


@spoils('unwind_functions')
def unwind_table__unsorted(image):
    at = image.segment('EH_FRAME', 'p_offset') + 12
    image.data[at:at + 16] = image.data[at + 8:at + 16] + image.data[at:at + 8]


def fde(image, i):
    header = image.segment('EH_FRAME', 'p_offset')
    return header + image.get(header + 12 + 8 * i + 4, 'i')


@spoils()
def unwind_functions(image):
    image.put(fde(image, 0) + 12, 'I', image.get(fde(image, 0) + 12, 'I') - 1)


@spoils(machine=AARCH64)
def unwind_gap(image):
    last = fde(image, image.get(image.segment('EH_FRAME', 'p_offset') + 8, 'I') - 1)
    image.put(last + 12, 'I', image.get(last + 12, 'I') + 4)


@spoils(machine=AARCH64)
def sigreturn_code(image):
    image.put(image.symbol('rt_sigreturn', 'st_value'), 'I', 0xd503201f)
