#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes one pair of files, vdsogen.c and vdsogen.h, of the library's sources.

    amalgamate.py --archs 'x86_64 aarch64' --out DIR SRCDIR FILE...

FILE... are the sources and headers of the library, relative to SRCDIR; files
of architectures that are not asked for are left out. What several files share
one translation unit for:

  - a header of the library is there once, before the first that includes it;
  - functions that the files call in each other become static;
  - a name at file scope that another file uses, too, gets the file's name
    before it. A header in arch/NAME belongs to all files of that folder;
  - macros of a .c file end where it does, those of a folder's headers with the
    folder.

This knows as much C as the library is written in. What it does not understand
stops it, with the file and the line; what it misunderstood does not compile,
and tests/amalgamation.sh compiles everything.
"""
import argparse
import os
import re
import sys

PUBLIC = 'vdsogen_'     # the prefix of what is exported
PUBLIC_HEADER = 'include/vdsogen.h'
TABLE = 'archs.def'     # made by the Makefile elsewhere; here, on the spot
# What the library needs from outside: libvdsogen/env.h.
OUTSIDE = {'memcpy', 'memmove', 'memset', 'memcmp'}

LEXER = re.compile(r'''
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<splice>\\\n)
  | (?P<newline>\n)
  | (?P<space>[ \t]+)
  | (?P<mark>->|\#\#|\.\.\.|.)
''', re.VERBOSE | re.DOTALL)
TAGGED = 'struct', 'union', 'enum'
PAIRS = {')': '(', ']': '[', '}': '{'}


class Misunderstood(Exception):
    pass


class Token:
    """A piece of the text. before, after: its neighbours that mean something, in
    the code or in its directive; mate: the bracket that belongs to this one."""

    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line
        self.before = self.after = self.mate = None
        self.at = 0             # its place in its list
        self.member = False     # names a member: not in the scope of other names
        self.new = None         # what is written instead

    def is_(self, *texts):
        return self.kind != 'string' and self.text in texts


def text_of(token):
    return token.text if token else None


class File:
    def __init__(self, path, text):
        self.path = path
        self.folder = os.path.dirname(path)
        self.header = path.endswith('.h')
        self.tokens = []
        self.code = []          # that means something, outside of directives
        self.directives = []    # each a list of tokens
        self.ordinary = {}      # name at file scope: its token
        self.tags = {}          # likewise, of a struct, union or enum
        self.functions = []     # (name token, first token, says static, has a body)
        self.renamed = {}       # (is a tag, name): new name
        self.lex(text)
        self.match(self.code, strict=True)
        for directive in self.directives:
            self.match(directive, strict=False)
        self.mark_members()

    def fail(self, token, why):
        raise Misunderstood(f'{self.path}:{token.line if token else 1}: {why}')

    # --- text to tokens -----------------------------------------------------

    def lex(self, text):
        line, directive, fresh = 1, None, True
        for found in LEXER.finditer(text):
            token = Token(found.lastgroup, found.group(), line)
            line += token.text.count('\n')
            self.tokens.append(token)
            if token.kind == 'newline':
                directive, fresh = None, True
            elif token.kind not in ('space', 'comment', 'splice'):
                if fresh and token.text == '#':
                    directive = []
                    self.directives.append(directive)
                (self.code if directive is None else directive).append(token)
                fresh = False

    def match(self, tokens, strict):
        opened = []
        for at, token in enumerate(tokens):
            token.at = at
            token.before = tokens[at - 1] if at else None
            token.after = tokens[at + 1] if at + 1 < len(tokens) else None
            if token.is_(*PAIRS.values()):
                opened.append(token)
            elif token.is_(*PAIRS):
                if opened and opened[-1].text == PAIRS[token.text]:
                    token.mate = opened.pop()
                    token.mate.mate = token
                elif strict:
                    self.fail(token, f"'{token.text}' closes nothing; "
                              'an #if around half a block is not understood')
        if opened and strict:
            self.fail(opened[-1], f"'{opened[-1].text}' is not closed; "
                      'an #if around half a block is not understood')

    # --- members of structs -------------------------------------------------

    def mark_members(self):
        for tokens in [self.code] + self.directives:
            for token in tokens:
                if token.kind == 'name' and text_of(token.before) in ('.', '->'):
                    token.member = True
                if token.is_('struct', 'union'):
                    body = token.after
                    if body and body.kind == 'name':
                        body = body.after
                    if body and body.is_('{') and body.mate:
                        self.mark_body(tokens, body)

    def mark_body(self, tokens, body):
        at = body.at + 1
        while at < body.mate.at:
            token = tokens[at]
            if token.is_('{', '[') or token.is_('(') and token.before.is_(')'):
                at = token.mate.at
            elif token.kind == 'name' and (token.after.is_(';', ',', '[', ':') or
                                           token.before.is_('*') and token.after.is_(')')):
                token.member = True
            at += 1

    # --- macros -------------------------------------------------------------

    def macros(self):
        """(name token, parameters or None, body) of each #define."""
        for directive in self.directives:
            if len(directive) < 3 or not directive[1].is_('define'):
                continue
            name, parameters, body = directive[2], None, directive[3:]
            # a function's parenthesis touches the name
            place = self.tokens.index(name) + 1
            if body and self.tokens[place] is body[0] and body[0].is_('('):
                end = body[0].mate.at
                parameters = [t.text for t in directive[4:end] if t.kind == 'name']
                body = directive[end + 1:]
            yield name, parameters, body

    def mark_arguments(self, takers):
        """Arguments that name a member; takers: of which macros, which. True: found one."""
        found = False
        for tokens in [self.code] + self.directives:
            for token in tokens:
                opening = token.after
                if token.text not in takers or not opening or not opening.is_('('):
                    continue
                number, at = 0, opening.at + 1
                end = opening.mate.at if opening.mate else len(tokens)
                while at < end:
                    inner = tokens[at]
                    if inner.is_('(', '[', '{') and inner.mate:
                        at = inner.mate.at
                    elif inner.is_(','):
                        number += 1
                    elif inner.kind == 'name' and number in takers[token.text]:
                        found |= not inner.member
                        inner.member = True
                    at += 1
        return found

    # --- names at file scope ------------------------------------------------

    def declarations(self):
        start = at = 0
        while at < len(self.code):
            token = self.code[at]
            if token.is_('(', '[', '{'):
                at = token.mate.at
            if token.is_(';') or token.is_('{') and text_of(token.before) == ')':
                yield self.code[start:at + 1]
                start = at + 1
            at += 1
        if start != at:
            self.fail(self.code[start], 'a declaration without an end')

    def read_names(self, static_macros):
        for declaration in self.declarations():
            first = declaration[0]
            if first.is_('_Static_assert', '__asm__', 'asm', ';'):
                continue
            body = declaration[-1].is_('}')
            if body:
                declaration = declaration[:declaration[-1].mate.at - first.at]
            self.read_types(declaration)
            flat = self.flatten(declaration)
            if not self.read_declarators(first, flat, body, static_macros) and \
                    not all(t.is_(*TAGGED, ';') for t in flat):
                self.fail(first, 'a declaration of nothing that is understood')

    def read_types(self, declaration):
        for token in declaration:
            if not token.is_(*TAGGED):
                continue
            body = token.after
            if body.kind == 'name':
                if body.after.is_('{'):
                    self.tags.setdefault(body.text, body)
                body = body.after
            if token.is_('enum') and body.is_('{'):
                at = body.at + 1
                while at < body.mate.at:
                    inner = self.code[at]
                    if inner.is_('(', '['):
                        at = inner.mate.at
                    elif inner.kind == 'name' and inner.before.is_('{', ','):
                        self.ordinary[inner.text] = inner
                    at += 1

    @staticmethod
    def flatten(declaration):
        """Without attributes, bodies, sizes and tags: what is declared."""
        flat, skip_to = [], -1
        for token in declaration:
            if token.at <= skip_to:
                continue
            if token.is_('__attribute__', '_Alignas'):
                skip_to = token.after.mate.at
            elif token.is_(*TAGGED):
                flat.append(token)
                skip_to = token.at + (token.after.kind == 'name')
            elif token.is_('{', '['):
                skip_to = token.mate.at
            else:
                flat.append(token)
        return flat

    def read_declarators(self, first, flat, body, static_macros):
        """Whether something is declared."""
        static = any(t.text == 'static' or t.text in static_macros for t in flat)
        typedef = flat[0].is_('typedef')
        head = []
        for token in flat:      # up to the first initializer or parenthesis
            if token.is_('=', '('):
                break
            head.append(token)
        rest = flat[len(head):]
        if rest and rest[0].is_('('):
            if rest[1].is_('*'):        # of a pointer to a function
                names = [t for t in rest if t.kind == 'name' and not t.is_('const')][:1]
            else:
                names = [t for t in head[-1:] if t.kind == 'name']
                if names and not typedef:
                    self.functions.append((names[0], first, static, body))
                    static = True       # or will be
        else:
            names = self.variables(flat)
        for name in names:
            self.ordinary.setdefault(name.text, name)
            if not static and not typedef:
                self.fail(name, f"'{name.text}' is a variable that all files see; "
                          'only functions can be shared here')
        return names

    @staticmethod
    def variables(flat):
        """The last name before each initializer: int a, b = 1, *c;"""
        names, last, initial, depth = [], None, False, 0
        for token in flat:
            depth += token.is_('(') - token.is_(')')
            if not depth and token.is_(',', ';', '='):
                names += [last] * (last is not None)
                last, initial = None, token.is_('=')
            elif token.kind == 'name' and not initial and not token.is_(*TAGGED):
                last = token
        return names

    # --- what it uses -------------------------------------------------------

    def uses(self):
        """(is a tag, name, token) of each name that is in the scope of the file's."""
        for tokens in [self.code] + self.directives:
            for token in tokens:
                if token.kind == 'name' and not token.member:
                    yield text_of(token.before) in TAGGED, token.text, token

    def scope(self):
        """Whose its file-scope names are: its own, its architecture's, or everybody's."""
        if not self.header:
            return self.path
        return self.folder if self.folder.startswith('arch/') else ''


class Tree:
    def __init__(self, srcdir, paths, archs):
        self.srcdir, self.archs = srcdir, archs
        self.there = sorted({p.split('/')[1] for p in paths
                             if p.startswith('arch/') and p.count('/') > 1})
        for arch in archs:
            if arch not in self.there:
                raise Misunderstood(f"no architecture '{arch}'; there are: "
                                    + ' '.join(self.there))
        unwanted = tuple(f'arch/{arch}/' for arch in self.there if arch not in archs)
        self.paths = [p for p in paths if not p.startswith(unwanted)]
        self.files = {}         # the headers that are needed, before who needs them
        self.system = set()
        for path in self.paths:
            if path.endswith('.c'):
                self.load(path)

    def read(self, path):
        with open(os.path.join(self.srcdir, path), encoding='utf-8') as file:
            return file.read()

    def load(self, path, within=()):
        if path in self.files:
            return
        if path in within:
            raise Misunderstood(f'{path}: includes itself, by way of {within[-1]}')
        text = self.inline_tables(path, self.read(path))
        file = File(path, text)
        file.includes = []
        if file.header:
            self.drop_guard(file)
        self.drop_licence(file)
        self.take_includes(file, within)
        self.files[path] = file

    def find(self, name, file):
        """The file that an #include of it means: in its folder, else anywhere in the list."""
        if name == os.path.basename(PUBLIC_HEADER):
            return PUBLIC_HEADER
        found = [p for p in self.paths if os.path.basename(p) == name]
        near = [p for p in found if os.path.dirname(p) == os.path.dirname(file)]
        if len(near or found) != 1:
            raise Misunderstood(f'{file}: includes "{name}", which is '
                                + ('more than one' if found else 'none')
                                + ' of the files that were given; the lists are in Makefile.am'
                                ' and arch/*/arch.am')
        return (near or found)[0]

    def inline_tables(self, path, text):
        """Files of macro calls, NAME.def, are put where they are included."""
        def table(found):
            name = found.group(1)
            if name == TABLE:
                return ''.join(f'ARCH({arch})\n' for arch in self.archs)
            return self.read(self.find(name, path))
        return re.sub(r'^#include "([^"]*\.def)"\n', table, text, flags=re.MULTILINE)

    @staticmethod
    def drop(file, directive):
        """Takes a directive out of the text, and its line with it."""
        start = file.tokens.index(directive[0])
        end = file.tokens.index(directive[-1])
        while file.tokens[end].kind != 'newline':
            end += 1
        for token in file.tokens[start:end + 1]:
            token.new = ''
        file.directives.remove(directive)

    def drop_guard(self, file):
        d = file.directives
        if not (len(d) > 2 and d[0][1].is_('ifndef') and d[1][1].is_('define') and
                d[0][2].text == d[1][2].text and len(d[1]) == 3 and d[-1][1].is_('endif')):
            file.fail(None, 'a header without a guard: #ifndef, #define, #endif')
        for directive in d[0], d[1], d[-1]:
            self.drop(file, directive)

    @staticmethod
    def drop_licence(file):
        """One is enough, at the top."""
        for at, token in enumerate(file.tokens[:2]):
            if token.kind == 'comment' and 'SPDX-License-Identifier' in token.text:
                token.new = ''
                file.tokens[at + 1].new = ''

    def take_includes(self, file, within):
        """Headers of the library are loaded; those of the compiler go to the top, but for
        those that depend on something."""
        depth = 0
        for directive in list(file.directives):
            what = text_of(directive[0].after)
            depth += (what in ('if', 'ifdef', 'ifndef')) - (what == 'endif')
            if what != 'include':
                continue
            name = ''.join(t.text for t in directive[2:])
            if name.startswith('"'):
                if depth:
                    file.fail(directive[0], 'a header that is included on a condition')
                path = self.find(name.strip('"'), file.path)
                file.includes.append(path)
                if path != PUBLIC_HEADER:
                    self.load(path, within + (file.path,))
                self.drop(file, directive)
            elif name.startswith('<'):
                if not depth:
                    self.system.add(name)
                    self.drop(file, directive)
            else:
                file.fail(directive[0], 'an #include of something that is not a file name')

    # --- one scope ----------------------------------------------------------

    def prepare(self):
        files = list(self.files.values())
        self.public = File(PUBLIC_HEADER, self.read(PUBLIC_HEADER))
        takers = {'offsetof': {1}, '__builtin_offsetof': {1}}
        found = True
        while found:            # macros that hand a parameter on as a member's name
            found = False
            for file in files + [self.public]:
                found |= file.mark_arguments(takers)
                for name, parameters, body in file.macros():
                    for token in body:
                        if token.member and token.text in (parameters or ()):
                            takers.setdefault(name.text, set()).add(
                                parameters.index(token.text))
        self.static_macros = {name.text for file in files for name, parameters, body
                              in file.macros() if any(t.is_('static') for t in body)}
        for file in files:
            file.read_names(self.static_macros)

    def check_macros(self):
        """A macro of a header must not mean anything to files that do not include it."""
        for header in self.files.values():
            if not header.header:
                continue
            names = {name.text for name, _, _ in header.macros()}
            for file in self.files.values():
                if file is header or header.path in self.included(file):
                    continue
                apart = header.scope() and not file.path.startswith(header.scope())
                for token in file.code + [t for d in file.directives for t in d[1:]]:
                    if not apart and token.kind == 'name' and token.text in names:
                        file.fail(token, f"'{token.text}' is a macro of {header.path}, "
                                  'which is not included here; one of them needs another name')

    def included(self, file):
        found = set()
        for path in file.includes:
            if path in self.files and path not in found:
                found |= {path} | self.included(self.files[path])
        return found

    def rename(self):
        files = list(self.files.values())
        scopes = {}             # names at file scope, and where they first are
        for file in files:
            above = [self.files[path] for path in self.included(file)]
            for tag, names in (False, file.ordinary), (True, file.tags):
                for name, token in names.items():
                    # what a header declares is the header's
                    if not any(name in (h.tags if tag else h.ordinary) for h in above):
                        scopes.setdefault(file.scope(), {})[tag, name] = file, token
        every = {}              # name: the files that use it
        for file in files + [self.public]:
            for tag, name, _ in file.uses():
                every.setdefault((tag, name), set()).add(file.path)
        taken = {name for _, name in every}
        for scope, own in scopes.items():
            inside = [f for f in files if f.path == scope or
                      scope and f.folder == scope]
            paths = {f.path for f in inside}
            for key, (file, token) in own.items():
                if not scope or key[1].startswith(PUBLIC) or every[key] <= paths:
                    continue
                new = re.sub(r'\W', '_', os.path.splitext(os.path.basename(scope))[0])
                new = f'{new}_{key[1]}'
                if new in taken:
                    file.fail(token, f"'{key[1]}' is used elsewhere, too, and so is '{new}'")
                for other in inside:
                    self.check_pasting(other, key[1])
                    other.renamed[key] = new

    @staticmethod
    def check_pasting(file, name):
        """What ## and # make of a name is not seen."""
        for macro, parameters, body in file.macros():
            for token in body:
                if token.is_('##') and token.before and not (
                        token.before.kind == 'name' and token.before.text not in
                        (parameters or ()) and not name.startswith(token.before.text)):
                    file.fail(macro, f"'{name}' is used elsewhere, too; it might be what ## makes "
                              f"in '{macro.text}', and cannot be renamed")
                if token.is_('#') and parameters is not None:
                    file.fail(macro, f"'{name}' is used elsewhere, too; '{macro.text}' makes "
                              'strings of names, and it cannot be renamed')

    def apply_names(self):
        defined = {name.text for file in self.files.values()
                   for name, _, _, body in file.functions if body}
        for file in self.files.values():
            for tag, name, token in file.uses():
                if (tag, name) in file.renamed:
                    token.new = file.renamed[tag, name]
            for name, first, static, _ in file.functions:
                if static or name.text.startswith(PUBLIC):
                    continue
                if name.text in defined:
                    first.new = 'static ' + (first.text if first.new is None else first.new)
                elif name.text not in OUTSIDE:
                    file.fail(name, f"'{name.text}' is declared, and is in none of the files")

    # --- writing ------------------------------------------------------------

    def body_of(self, file):
        text = ''.join(t.text if t.new is None else t.new for t in file.tokens)
        text = re.sub(r'\n{3,}', '\n\n', text).strip('\n')
        rule = '-' * (71 - len(file.path))
        return f'\n/* --- {file.path} {rule} */\n{text}\n'

    @staticmethod
    def undefine(files):
        names = {}
        for file in files:
            for directive in file.directives:
                if len(directive) > 2 and directive[1].is_('define'):
                    names[directive[2].text] = True
                elif len(directive) > 2 and directive[1].is_('undef'):
                    names.pop(directive[2].text, None)
        return ''.join(f'#undef {name}\n' for name in names)

    def whole(self):
        self.prepare()
        self.check_macros()
        self.rename()
        self.apply_names()
        files = list(self.files.values())
        out = [self.head()]
        out += [self.body_of(f) for f in files if f.header and not f.scope()]
        folders = [''] + [f'arch/{arch}' for arch in self.archs]
        for folder in folders:
            own = [f for f in files if f.folder == folder or
                   not folder and not f.folder.startswith('arch')]
            headers = [f for f in own if f.header and f.scope()]
            out += [self.body_of(f) for f in headers]
            for file in own:
                if not file.header:
                    out += [self.body_of(file), self.undefine([file])]
            out.append(self.undefine(headers))
        for file in files:      # arch/archs.c: knows the others
            if file.folder == 'arch':
                out += [self.body_of(file), self.undefine([file])]
        return ''.join(out).rstrip('\n') + '\n'

    def head(self):
        version = '.'.join(re.findall(r'^#define VDSOGEN_VERSION_\w+ (\d+)$',
                                      self.read(PUBLIC_HEADER), re.MULTILINE))
        licence = ''.join(f' * {line}'.rstrip() + '\n'
                          for line in self.read('COPYING').splitlines())
        return HEAD.format(version=version, archs=' '.join(self.archs), licence=licence,
                           system=''.join(f'#include {name}\n' for name in sorted(self.system)))


HEAD = '''\
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvdsogen {version}, the whole library in one file. Architectures: {archs}
 *
 * Made of the library's sources by `make amalgamation`, which writes this file
 * and vdsogen.h: change the sources, not this.
 *
 * Compile it as C11 with GNU extensions (-std=gnu11), by gcc or clang, for a
 * machine of 64 bits. It exports the functions of vdsogen.h, needs memcpy(),
 * memmove(), memset() and memcmp(), and keeps no data that can be written.
 *
 * The library's own build adds three flags, which a kernel has in its own:
 *	-ffreestanding		no C library: the four functions are all
 *	-mgeneral-regs-only	no floating point and no vector registers; the
 *				sources have none, but without this flag a compiler
 *				copies structures with vector registers
 *	-fno-stack-protector	else, where that is the compiler's default,
 *				__stack_chk_fail() is needed, too
 * Without them it compiles and works as well. On aarch64 it calls no functions
 * for atomic operations, with or without -mno-outline-atomics.
 *
{licence} */
#include "vdsogen.h"

{system}
/* Which of the inner functions are used depends on the architectures. */
#pragma GCC diagnostic ignored "-Wunused-function"
'''


def main():
    parser = argparse.ArgumentParser(
        description='Makes one pair of files of the library: vdsogen.c and vdsogen.h.')
    parser.add_argument('--archs', required=True, help='architectures, between blanks')
    parser.add_argument('--out', required=True, help='directory; made if it is not there')
    parser.add_argument('srcdir')
    parser.add_argument('files', nargs='+')
    arguments = parser.parse_args()
    try:
        tree = Tree(arguments.srcdir, arguments.files, arguments.archs.split())
        whole, header = tree.whole(), tree.read(PUBLIC_HEADER)
    except (Misunderstood, OSError) as error:
        sys.exit(f'amalgamate: {error}')
    os.makedirs(arguments.out, exist_ok=True)
    for name, text in ('vdsogen.c', whole), ('vdsogen.h', header):
        with open(os.path.join(arguments.out, name), 'w', encoding='utf-8') as file:
            file.write(text)


if __name__ == '__main__':
    main()
