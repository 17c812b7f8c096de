# SPDX-License-Identifier: BSD-2-Clause
"""The memory models that litmus.py checks: what a thread keeps in order, by name of the part.

armv8: "locally ordered before", Arm Architecture Reference Manual, DDI 0487, B2.3.
x86_tso: all but store to load; Sewell et al., x86-TSO, CACM 2010.

    po, po_loc      program order, and of accesses to one location
    addr data ctrl  from a load to what depends on it; pick_*: by a conditional select only
    rmw, amo        from the load to the store of an atomic access; amo: of one instruction
    rfi             from a store to the loads of the same thread that it is forwarded to
    r w a q l       loads, stores, with acquire, with RCpc acquire, stores with release
    full ld st isb  barriers
"""


class Relation(frozenset):
    """Pairs of events; a set of events is its identity. a >> b is a, then b."""
    def __rshift__(self, other):
        steps = {}
        for b, c in other:
            steps.setdefault(b, []).append(c)
        return Relation((a, c) for a, b in self for c in steps.get(b, ()))

    def __or__(self, other):
        return Relation(frozenset.__or__(self, other))

    def acyclic(self):
        left = set(self)
        while left:
            heads = {a for a, _ in left}
            fewer = {(a, b) for a, b in left if b in heads}
            if len(fewer) == len(left):
                return False
            left = fewer
        return True


def armv8(x):
    r, w, a, q, l, po = x.r, x.w, x.a, x.q, x.l, x.po
    return {
        'lws': x.po_loc >> w,
        'addr': x.addr, 'data': x.data, 'ctrl': x.ctrl >> w,
        'addr-po': x.addr >> po >> w, 'dep-rfi': (x.addr | x.data) >> x.rfi,
        'isb': (x.ctrl | x.addr >> po) >> x.isb >> po >> r,
        'pick': (x.pick_addr | x.pick_data | x.pick_ctrl | x.pick_addr >> po) >> w,
        'pick-isb': (x.pick_ctrl | x.pick_addr >> po) >> x.isb >> po >> r,
        'atomic': x.rmw | x.rmw >> x.rfi >> (a | q),
        'dmb': po >> x.full >> po, 'dmb-ld': r >> po >> x.ld >> po,
        'dmb-st': w >> po >> x.st >> po >> w,
        'acquire': a >> po, 'acquire-pc': q >> po, 'release': po >> l,
        'release-acquire': l >> po >> a,
        'acquire-release': Relation((c, c) for _, c in a >> x.amo >> l) >> po,
    }


def x86_tso(x):
    locked = Relation((e, e) for pair in x.amo for e in pair)
    return {'from-read': x.r >> x.po, 'write-write': x.w >> x.po >> x.w,
            'mfence': x.w >> x.po >> x.full >> x.po >> x.r,
            'locked': locked >> x.po | x.po >> locked}


MODELS = {'AArch64': armv8, 'X86': x86_tso}
