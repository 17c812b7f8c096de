# SPDX-License-Identifier: BSD-2-Clause
"""A litmus test, in as much of herd7's syntax as the files here use, and its threads' paths.

On a path each load has taken one of the values that some store writes. A register
carries the loads that it depends on, twice: those by data, and those that only a
conditional select looked at (Arm's "pick" dependencies). Sizes are not modelled:
a location is one word.
"""
import os
import re
import sys

NONE = frozenset()


def fail(where, what):
    sys.exit(f'litmus.py: {where}: {what}')


def number(text):
    return int(text, 0) if re.fullmatch(r'-?\d\w*', text) else text


def canonical(register):
    return re.sub(r'^[WX](?=\d|ZR)', '', register.upper())


class Test:
    def __init__(self, path):
        try:
            with open(path, encoding='ascii') as file:
                text = file.read()
        except (OSError, UnicodeError) as error:
            fail(path, error)
        match = re.fullmatch(r'(\S+) (\S+)\n"[^"]*"\n\{(.*?)\}(.*?;)\s*exists\b(.*)', text, re.S)
        if not match:
            fail(path, 'not: ARCH NAME, "text", { values }, threads, exists (condition)')
        self.path, (self.arch, self.name, values, code, condition) = path, match.groups()
        if self.arch not in ('AArch64', 'X86'):
            fail(path, f'architecture {self.arch}, known are AArch64 and X86')
        if self.name + '.litmus' != os.path.basename(path):
            fail(path, f'its name is {self.name}: herd7 would report that')
        self.memory, self.registers = {}, {}
        for left, right in re.findall(r'([^;=\s]+)\s*=\s*([^;=\s]+)', values):
            thread, _, register = left.rpartition(':')
            if thread:
                self.registers[int(thread), canonical(register)] = number(right)
            else:
                self.memory[left] = number(right)
        rows = [row.split('|') for row in code.split(';')[1:-1]]
        self.threads = [[' '.join(cell.split()) for cell in column if cell.strip()]
                        for column in zip(*rows)]
        if len({len(row) for row in rows}) != 1:
            fail(path, 'rows of different length')
        # The condition becomes Python; nothing but these words and numbers is let through.
        for mark, word in (('/\\', ' and '), ('\\/', ' or ')):
            condition = condition.replace(mark, word)
        condition = re.sub(r'(\d):(\w+)\s*=\s*(\d+)',
                           lambda m: f'(reg({m[1]}, "{canonical(m[2])}") == {m[3]})', condition)
        condition = re.sub(r'\b([a-z]\w*)\s*=\s*(\d+)', r'(mem["\1"] == \2)', condition)
        self.condition = compile(condition.strip(), path, 'eval')

    def holds(self, runs, memory):
        return eval(self.condition, {'mem': memory, 'reg': lambda thread, register:
                                     runs[thread].regs.get(register, Value(0)).value})


class Value:
    """What a register holds, and the events (numbers) that it depends on."""
    def __init__(self, value, deps=NONE, picks=NONE):
        self.value, self.deps, self.picks = value, deps, picks


class Event:
    """R(ead), W(rite) or a barrier. Tags: A(cquire), Q (acquire, RCpc), L (release), X (atomic)."""
    def __init__(self, kind, loc=Value(None), value=Value(None), tags='', partner=None):
        self.kind, self.loc, self.value, self.tags = kind, loc, value, tags
        self.partner = partner          # of an atomic write: its read


LOADS = {'LDR': '', 'LDAR': 'A', 'LDAPR': 'Q', 'LDAXR': 'A'}
STORES = {'STR': '', 'STLR': 'L'}
BARRIERS = {'DMB ISH': 'full', 'DMB ISHLD': 'ld', 'DMB ISHST': 'st', 'ISB': 'isb', 'MFENCE': 'full'}
ARITHMETIC = {'ADD': lambda a, b: a if b == 0 else b + a, 'AND': lambda a, b: a & b,
              'EOR': lambda a, b: a ^ b, 'SUB': lambda a, b: a - b}


def combine(name, a, b):
    return Value(ARITHMETIC[name](a.value, b.value), a.deps | b.deps, a.picks | b.picks)


class Run:
    """A thread on one path. It forks where it loads; the finished ones are in `done`."""
    def __init__(self, test, thread, domain, done):
        self.test, self.code, self.domain, self.done = test, test.threads[thread], domain, done
        self.regs = {reg: Value(value) for (t, reg), value in test.registers.items() if t == thread}
        self.events, self.pc, self.flags, self.exclusive = [], 0, Value(0), None
        self.ctrl = Value(None)

    def copy(self):
        other = object.__new__(Run)
        other.__dict__.update(self.__dict__, events=list(self.events), regs=dict(self.regs))
        return other

    def get(self, text):
        if text[0] in '#$':
            return Value(number(text[1:]))
        return self.regs.get(canonical(text), Value(0))

    def put(self, register, value):
        if canonical(register) != 'ZR':
            self.regs[canonical(register)] = value

    def address(self, text):
        """[Xn], or [Xn,Wm,SXTW] where Wm is zero; x86: [x]."""
        parts = text.strip('[]').split(',')
        if self.test.arch == 'X86':
            return Value(parts[0])
        value = self.get(parts[0])
        if len(parts) > 1:
            value = combine('ADD', value, self.get(parts[1]))
        if not isinstance(value.value, str):
            fail(self.test.path, f'{text} is no location')
        return value

    def emit(self, *args):
        self.events.append(Event(*args))
        self.events[-1].ctrl = self.ctrl
        return len(self.events) - 1

    def go(self):
        while self.pc < len(self.code):
            line = self.code[self.pc]
            self.pc += 1
            if line in BARRIERS:
                self.emit(BARRIERS[line])
            elif not line.endswith(':'):
                name, _, rest = line.partition(' ')
                args = re.findall(r'\[[^]]*\]|[^,\s]+', rest)
                step = self.x86 if self.test.arch == 'X86' else self.arm
                forks = step(name, args)
                if forks is not None:
                    for run in forks:
                        run.go()
                    return
        self.done.append(self)

    def x86(self, name, args):
        if name == 'XCHG':
            return self.atomic(args[1], None, self.get(args[1]), args[0], 'X', 'X')
        if name != 'MOV':
            fail(self.test.path, f'unknown instruction {name}')
        if args[1][0] == '[':
            return self.load(args[0], args[1], '')
        if args[0][0] == '[':
            self.emit('W', self.address(args[0]), self.get(args[1]))
        else:
            self.put(args[0], self.get(args[1]))
        return None

    def arm(self, name, args):
        """One instruction: nothing, or the runs to go on with."""
        a = [self.get(arg) for arg in args]
        if name in LOADS:
            return self.load(args[0], args[1], LOADS[name])
        if name == 'STLXR':
            return self.store_exclusive(args)
        if name in ('SWP', 'SWPA', 'SWPAL', 'CASL', 'CASAL'):
            read, write = ('X' + letter * (letter in name[3:]) for letter in 'AL')
            if name[:3] == 'SWP':
                return self.atomic(args[1], None, a[0], args[2], read, write)
            return self.atomic(args[0], a[0], a[1], args[2], read, write)
        if name in STORES:
            self.emit('W', self.address(args[1]), a[0], STORES[name])
        elif name == 'MOV':
            self.put(args[0], a[1])
        elif name in ARITHMETIC:
            self.put(args[0], combine(name, a[1], a[2]))
        elif name == 'CMP':
            self.flags = combine('SUB', a[0], a[1])
        elif name == 'CSEL':
            chosen = a[1] if (self.flags.value == 0) == (args[3] == 'EQ') else a[2]
            self.put(args[0], Value(chosen.value, chosen.deps,
                                    chosen.picks | self.flags.deps | self.flags.picks))
        elif name in ('CBZ', 'CBNZ'):
            self.branch(args[1], a[0], (a[0].value == 0) == (name == 'CBZ'))
        else:
            fail(self.test.path, f'unknown instruction {name}')
        return None

    def branch(self, label, on, taken):
        self.ctrl = Value(None, self.ctrl.deps | on.deps, self.ctrl.picks | on.picks)
        if taken:
            self.pc = self.code.index(label + ':', self.pc)      # forward only: no loops

    def load(self, register, address, tags):
        loc = self.address(address)
        for value in sorted(self.domain[loc.value]):
            run = self.copy()
            run.exclusive = run.emit('R', loc, Value(value), tags)
            run.put(register, Value(value, frozenset([run.exclusive])))
            yield run

    def atomic(self, register, expected, new, address, read_tags, write_tags):
        """A swap; if something is expected, only if it is there."""
        for run in self.load(register, address, read_tags):
            event = run.events[-1]
            if expected is None or expected.value == event.value.value:
                run.emit('W', event.loc, new, write_tags, run.exclusive)
            yield run

    def store_exclusive(self, args):
        for failed in 0, 1:
            run = self.copy()
            run.put(args[0], Value(failed))
            if not failed:
                run.emit('W', self.address(args[2]), self.get(args[1]), 'L', self.exclusive)
            yield run


def paths_of(test):
    """Every path of every thread: again, until no store writes a value that is new."""
    names = set(test.registers.values()) | set(re.findall(r'\[([a-z]\w*)\]', str(test.threads)))
    domain = {loc: {test.memory.get(loc, 0)} for loc in names if isinstance(loc, str)}
    size = 0
    while size != sum(map(len, domain.values())):
        size, paths = sum(map(len, domain.values())), []
        for thread in range(len(test.threads)):
            paths.append([])
            Run(test, thread, domain, paths[-1]).go()
        for event in (event for runs in paths for run in runs for event in run.events):
            if event.kind == 'W':
                domain[event.loc.value].add(event.value.value)
    return paths
