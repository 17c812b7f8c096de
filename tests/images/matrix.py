# SPDX-License-Identifier: BSD-2-Clause
"""
What real programs did with spoilt images on x86_64 (Debian 12): V used the
vDSO, s silently used system calls or lost a part, X died. Rows that differ from
what was measured, or were not, say so.
"""
import spoil

COLUMNS = ('glibc-2.36', 'glibc-static', 'musl-1.2.5', 'go', 'rustix-0.38', 'abseil-20220623',
           'dietlibc')


def unversioned(image):
    image.retag('VERSYM', 'DEBUG')
    image.retag('VERDEF', 'DEBUG')
    image.retag('VERDEFNUM', 'DEBUG')


def prelinked(image):
    base = 0xffffffffff700000
    for kind in 'LOAD', 'DYNAMIC', 'NOTE', 'EH_FRAME':
        image.segment(kind, 'p_vaddr', image.segment(kind, 'p_vaddr') + base)
    for tag in 'HASH', 'GNU_HASH', 'STRTAB', 'SYMTAB', 'VERSYM', 'VERDEF':
        image.tag(tag, image.tag(tag) + base)
    for i in range(1, image.symbols(base)):
        at = image.tag('SYMTAB') - base + 24 * i + 8
        image.put(at, 'Q', image.get(at, 'Q') + base)
    for i in range(1, image.header('e_shnum')):
        at = image.header('e_shoff') + 64 * i + 16
        image.put(at, 'Q', image.get(at, 'Q') + base)


ROWS = {
    'as it is': (lambda image: None, 'VVVVVVV'),
    'no section headers': (spoil.sections, 'VVVVVVX'),
    'DT_HASH only': (lambda image: image.retag('GNU_HASH', 'DEBUG'), 'VVVVVVV'),
    'DT_GNU_HASH only': (spoil.hash, 'VVsVVXV'),
    'no hash': (spoil.hash_any, 'sssssXV'),
    'unversioned': (unversioned, 'VVVXVXV'),
    'VERSYM without VERDEF': (spoil.verdef, 'VVVXVXV'),
    'VERDEF without VERSYM': (spoil.versym, 'XVVVVXV'),
    # abseil: present, lookup fails
    'wrong version name': (spoil.version_name, 'sVssXsV'),
    'wrong vd_hash': (spoil.version_hash, 'sVVsXVV'),
    'no BASE': (spoil.verdef_base, 'VVVVVXV'),
    'no DT_STRSZ': (spoil.strsz, 'VVVVVXV'),
    'no DT_SYMENT': (spoil.syment, 'VVVVVVV'),
    # programs run, but glibc shows an empty name
    'no DT_SONAME': (spoil.soname, 'sVVVVVV'),
    'no PT_NOTE': (lambda image: image.segment('NOTE', 'p_type', 0), 'VVVVVVV'),
    'PF_W on PT_DYNAMIC': (spoil.dynamic_readonly, 'XXVVVVV'),
    'PT_LOAD without PF_X': (spoil.load_flags, 'VVVVsVV'),
    'two PT_LOAD': (spoil.load_bias, 'XXXVVVV'),
    'prelinked': (prelinked, 'VVVVVVV'),
    'no PT_DYNAMIC': (spoil.dynamic_present, 'ssXssXV'),
    'PT_TLS': (spoil.no_tls, 'XXVVVVV'),
    'OSABI 255': (spoil.elf_osabi, 'VVVVXVV'),
    'ET_EXEC': (spoil.elf_type, 'VVVVXVV'),
    'e_phentsize 0': (spoil.elf_phentsize, 'VVXVXXV'),
    'STT_NOTYPE functions': (spoil.symbol_func, 'VVVVVsV'),
    # one function less for those who only use system calls then
    'without getcpu': (spoil.getcpu, 'sssVXsV'),
    'without clock_gettime': (spoil.clock_gettime, 'ssssXVX'),
    # by their sources: who prefers the other table does not look at this one
    'DT_HASH without buckets': (spoil.hash_sound__no_buckets, 'VVVVXVV'),
    'DT_GNU_HASH out of the image': (spoil.gnu_hash_sound, 'XXVXVVV'),
}

HASH = {'musl-1.2.5': 's', 'abseil-20220623': 'X', 'zig': 's', 'kernel-6.12': 's', 'criu-3.17': 'X'}
VERSIONS = {'go': 'X', 'abseil-20220623': 'X', 'abseil': 'X', 'uclibc-ng': 's'}
SECTIONS = {'dietlibc': 'X', 'bionic': 's', 'uclibc-ng': 's', 'gdb-13': 's', 'lldb': 's', 'perf': 's'}
UNWIND = {'gdb-13': 's', 'gdb-16': 's', 'elfutils': 's', 'libgcc': 's', 'llvm-libunwind': 's',
          'libunwind': 's'}

# By --omit: who loses what; everybody else accepts.
OMITTED = {
    'hash': HASH,
    'gnu-hash': {},
    'versions': VERSIONS,
    'sections': SECTIONS,
    'unwind': UNWIND,
    'hash,versions': {**VERSIONS, **HASH},
}
