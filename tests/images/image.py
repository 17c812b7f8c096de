# SPDX-License-Identifier: BSD-2-Clause
"""An image of libvdsogen to be spoilt: finds fields by their names in elf.h."""
import struct

HEADER = {  # offset and struct format
    'EI_CLASS': (4, 'B'), 'EI_DATA': (5, 'B'), 'EI_VERSION': (6, 'B'), 'EI_OSABI': (7, 'B'),
    'EI_ABIVERSION': (8, 'B'), 'e_type': (16, 'H'), 'e_machine': (18, 'H'), 'e_phoff': (32, 'Q'),
    'e_shoff': (40, 'Q'), 'e_ehsize': (52, 'H'), 'e_phentsize': (54, 'H'), 'e_phnum': (56, 'H'),
    'e_shentsize': (58, 'H'), 'e_shnum': (60, 'H'), 'e_shstrndx': (62, 'H'),
}
SEGMENT = {
    'p_type': (0, 'I'), 'p_flags': (4, 'I'), 'p_offset': (8, 'Q'), 'p_vaddr': (16, 'Q'),
    'p_filesz': (32, 'Q'), 'p_memsz': (40, 'Q'), 'p_align': (48, 'Q'),
}
SECTION = {
    'sh_name': (0, 'I'), 'sh_type': (4, 'I'), 'sh_flags': (8, 'Q'), 'sh_addr': (16, 'Q'),
    'sh_offset': (24, 'Q'), 'sh_size': (32, 'Q'), 'sh_link': (40, 'I'), 'sh_addralign': (48, 'Q'),
}
SYMBOL = {
    'st_name': (0, 'I'), 'st_info': (4, 'B'), 'st_other': (5, 'B'), 'st_shndx': (6, 'H'),
    'st_value': (8, 'Q'), 'st_size': (16, 'Q'),
}
VERDEF = {
    'vd_version': (0, 'H'), 'vd_flags': (2, 'H'), 'vd_ndx': (4, 'H'), 'vd_cnt': (6, 'H'),
    'vd_hash': (8, 'I'), 'vd_aux': (12, 'I'), 'vd_next': (16, 'I'),
}
EHDR, PHDR, SHDR, SYM, DYN, VERSYM = 64, 56, 64, 24, 16, 2
PT = {'LOAD': 1, 'DYNAMIC': 2, 'INTERP': 3, 'NOTE': 4, 'TLS': 7, 'EH_FRAME': 0x6474e550,
      'RELRO': 0x6474e552}
DT = {'NULL': 0, 'HASH': 4, 'STRTAB': 5, 'SYMTAB': 6, 'RELA': 7, 'STRSZ': 10, 'SYMENT': 11,
      'SONAME': 14, 'REL': 17, 'DEBUG': 21, 'TEXTREL': 22, 'GNU_HASH': 0x6ffffef5,
      'VERSYM': 0x6ffffff0, 'VERDEF': 0x6ffffffc, 'VERDEFNUM': 0x6ffffffd}
PREFIX = {62: '__vdso_', 183: '__kernel_'}


class Image:
    def __init__(self, data):
        self.data = bytearray(data)
        self.prefix = PREFIX[self.header('e_machine')]

    def get(self, at, form):
        return struct.unpack_from('<' + form, self.data, at)[0]

    def put(self, at, form, value):
        struct.pack_into('<' + form, self.data, at, value & (1 << 8 * struct.calcsize(form)) - 1)

    def field(self, base, fields, name, value=None):
        """The field, or the field set."""
        at, form = fields[name]
        if value is None:
            return self.get(base + at, form)
        self.put(base + at, form, value)

    def header(self, name, value=None):
        return self.field(0, HEADER, name, value)

    def segment_at(self, kind):
        for i in range(self.header('e_phnum')):
            at = self.header('e_phoff') + i * PHDR
            if self.get(at, 'I') == PT[kind]:
                return at
        raise KeyError(kind)

    def segment(self, kind, name, value=None):
        return self.field(self.segment_at(kind), SEGMENT, name, value)

    def tag_at(self, kind):
        at = self.segment('DYNAMIC', 'p_offset')
        while self.get(at, 'Q') != DT[kind]:
            if not self.get(at, 'Q'):
                raise KeyError(kind)
            at += DYN
        return at

    def tag(self, kind, value=None):
        at = self.tag_at(kind) + 8
        if value is None:
            return self.get(at, 'Q')
        self.put(at, 'Q', value)

    def retag(self, kind, new):
        """Another tag in its place: DEBUG, which no reader of a vDSO looks at, removes it."""
        self.put(self.tag_at(kind), 'Q', DT[new])

    def section_at(self, name):
        base, count = self.header('e_shoff'), self.header('e_shnum')
        names = self.field(base + self.header('e_shstrndx') * SHDR, SECTION, 'sh_offset')
        for i in range(count):
            at = base + i * SHDR
            text = names + self.field(at, SECTION, 'sh_name')
            if self.data[text:self.data.index(0, text)] == name.encode():
                return at
        raise KeyError(name)

    def section(self, section, name, value=None):
        return self.field(self.section_at(section), SECTION, name, value)

    def symbols(self, base=0):
        return self.get(self.tag('HASH') - base + 4, 'I')

    def symbol_index(self, function):
        wanted = (self.prefix + function).encode()
        for i in range(1, self.symbols()):
            at = self.tag('STRTAB') + self.get(self.tag('SYMTAB') + i * SYM, 'I')
            if self.data[at:self.data.index(0, at)] == wanted:
                return i
        raise KeyError(function)

    def symbol(self, function, name, value=None):
        return self.field(self.tag('SYMTAB') + self.symbol_index(function) * SYM, SYMBOL, name,
                          value)

    def verdef(self, i, name, value=None):
        return self.field(self.tag('VERDEF') + i * 28, VERDEF, name, value)

    def rename(self, old, new):
        """Every string that is `old`, by one of the same length."""
        at = self.data.index(b'\0' + old.encode() + b'\0', self.tag('STRTAB') - 1) + 1
        self.data[at:at + len(new)] = new.encode()
