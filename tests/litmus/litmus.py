#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Verdicts on litmus tests, for machines without herd7.

    litmus.py FILE...       each one's verdict, how many executions show the condition, how
                            many do not, and the parts of the model that alone forbid one
    litmus.py --list FILE   compares with a list of verdicts, and wants every part of a model
                            to be one without which a verdict changes

A candidate execution is a path through every thread (paths.py), a store for every
load to read from (rf), and an order of the stores to each location (co). It is
allowed if
  - every location is coherent: program order on it, rf, co and fr have no cycle;
  - no other store comes between the load and the store of an atomic access;
  - the order in which things happen has no cycle: what other threads see (rfe,
    coe, fre) with what a thread keeps in order (models.py).
"""
import itertools
import os
import sys

from models import MODELS, Relation
from paths import Event, Test, Value, paths_of

RELATIONS = 'po addr data ctrl pick_addr pick_data pick_ctrl rmw'.split()


class Program:
    """The events of one path of each thread, numbered through, and their relations."""
    def __init__(self, test, runs):
        self.events, self.thread, self.init = [], [], {}
        pairs = {name: set() for name in RELATIONS}
        for thread, run in enumerate(runs):
            base = len(self.events)
            for at, event in enumerate(run.events, base):
                pairs['po'] |= {(before, at) for before in range(base, at)}
                for name, on in ('addr', event.loc), ('data', event.value), ('ctrl', event.ctrl):
                    if name != 'data' or event.kind == 'W':     # what was loaded is its own
                        pairs[name] |= {(base + dep, at) for dep in on.deps}
                        pairs['pick_' + name] |= {(base + dep, at) for dep in on.picks}
                if event.partner is not None:
                    pairs['rmw'].add((base + event.partner, at))
            self.events += run.events
            self.thread += [thread] * len(run.events)
        for loc in sorted({event.loc.value for event in self.events if event.loc.value}):
            self.init[loc] = len(self.events)
            self.events.append(Event('W', Value(loc), Value(test.memory.get(loc, 0))))
            self.thread.append(None)
        for name, relation in pairs.items():
            setattr(self, name, Relation(relation))
        for name in 'R W full ld st isb'.split():
            setattr(self, name.lower(), self.those(lambda event, name=name: event.kind == name))
        for tag in 'AQL':
            setattr(self, tag.lower(), self.those(lambda event, tag=tag: tag in event.tags))
        self.amo = self.rmw >> self.those(lambda event: 'X' in event.tags)
        self.po_loc = Relation(pair for pair in self.po if self.same(*pair))

    def those(self, test):
        return Relation((at, at) for at, event in enumerate(self.events) if test(event))

    def same(self, a, b):
        return self.events[a].loc.value == self.events[b].loc.value is not None

    def between_threads(self, pairs):
        return Relation((a, b) for a, b in pairs if self.thread[a] != self.thread[b])


def candidates(test):
    """Executions: the events, whether the condition holds, rf, co and fr."""
    for runs in itertools.product(*paths_of(test)):
        x = Program(test, runs)
        stores = [[w for w, _ in x.w if x.same(w, init) and w != init] for init in x.init.values()]
        sources = [[(w, r) for w, _ in x.w if x.same(w, r) and
                    x.events[w].value.value == x.events[r].value.value] for r, _ in x.r]
        for orders in itertools.product(*map(itertools.permutations, stores)):
            orders = [(init, *order) for init, order in zip(x.init.values(), orders)]
            co = Relation(pair for order in orders for pair in itertools.combinations(order, 2))
            last = {loc: x.events[order[-1]].value.value for loc, order in zip(x.init, orders)}
            shown = test.holds(runs, last)
            for rf in map(Relation, itertools.product(*sources)):
                yield x, shown, rf, co, Relation((r, w) for w, r in rf) >> co


class Result:
    """How many allowed executions show the condition, and how many do not.

    `parts` are those of the model; `needed` those without which one more would show it."""
    def __init__(self, test):
        self.arch, self.shown, self.others = test.arch, 0, 0
        self.parts, self.needed = {'coherence', 'atomicity'}, set()
        for x, shown, rf, co, fr in candidates(test):
            coherent = (x.po_loc | rf | co | fr).acyclic()
            atomic = not x.rmw & (x.between_threads(fr) >> x.between_threads(co))
            if not (shown or coherent and atomic):
                continue
            seen = x.between_threads(rf | co | fr)
            x.rfi = Relation(rf - seen)
            parts = MODELS[test.arch](x)
            self.parts.update(parts)
            ordered = Relation(seen.union(*parts.values())).acyclic()
            if coherent and atomic and ordered:
                self.shown, self.others = self.shown + shown, self.others + (not shown)
            elif shown:
                self.forbid(seen, parts, coherent, atomic, ordered)
        self.verdict = 'Sometimes' if self.shown else 'Never'

    def forbid(self, seen, parts, coherent, atomic, ordered):
        if ordered and coherent != atomic:
            self.needed.add('atomicity' if coherent else 'coherence')
        for name in parts if coherent and atomic else ():
            rest = (pairs for other, pairs in parts.items() if other != name)
            if Relation(seen.union(*rest)).acyclic():
                self.needed.add(name)


def compare(path):
    """The files of a list against what it says of them, and the models' parts against the files."""
    with open(path, encoding='ascii') as lines:
        rows = [line.split() for line in lines if line.strip() and line[0] != '#']
    failures, parts, needed = [], set(), set()
    for name, verdict, *source in rows:
        result = Result(Test(os.path.join(os.path.dirname(path), name)))
        if result.verdict != verdict:
            failures.append(f'{name}: {result.verdict}, but the list says {verdict}')
        counts = [str(result.shown), str(result.others)]
        if source[:1] == ['herd7'] and source[2:] != counts:
            failures.append(f'{name}: executions {counts}, but herd7 had {source[2:]}')
        parts |= {(result.arch, part) for part in result.parts}
        needed |= {(result.arch, part) for part in result.needed if verdict == 'Never'}
    failures += [f'{arch}: no verdict here changes without the part {part} of the model'
                 for arch, part in sorted(parts - needed)]
    for failure in failures:
        print('FAIL:', failure)
    print(f'{len(rows)} files, {len(failures)} failures')
    return bool(failures)


def main(args):
    if len(args) == 2 and args[0] == '--list':
        sys.exit(compare(args[1]))
    for path in args:
        result = Result(Test(path))
        print(path, result.verdict, result.shown, result.others, *sorted(result.needed))


if __name__ == '__main__':
    main(sys.argv[1:])
