#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check.py VDSOGEN RULES: what vdsogen check says of good and of bad images."""
import json
import pathlib
import re
import subprocess
import sys

from image import Image
from matrix import COLUMNS, OMITTED, ROWS
from spoil import SPOILERS

vdsogen, rules_file = sys.argv[1:]
rules = re.findall(r'^RULE\((\w+)', pathlib.Path(rules_file).read_text(), re.M)
ARCHS = 'x86_64', 'aarch64'
# These are about a mapping: tests/images/mapping.c.
MAPPING = {'mapping_start', 'mapping_name', 'mapping_whole'}
checks = failures = 0


def expect(fact, message):
    global checks, failures
    checks += 1
    if not fact:
        failures += 1
        print('FAIL:', message)


def build(*options):
    return subprocess.run([vdsogen, 'build', *options], check=True, stdout=subprocess.PIPE).stdout


def check(data):
    """The exit status, and for each reader the verdict and the rules that fail."""
    run = subprocess.run([vdsogen, 'check', '--json', '-'], input=data, stdout=subprocess.PIPE,
                         timeout=60)
    report = json.loads(run.stdout)
    return run.returncode, {r['reader']: (r['verdict'], {f['rule'] for f in r['rules']})
                            for r in report['readers']}


def broken(readers):
    return set().union(*(failed for _, failed in readers.values()))


def good(what, data):
    status, readers = check(data)
    expect(status == 0, f'{what}: status {status}')
    for name, (verdict, failed) in readers.items():
        expect(verdict in ('accepted', 'not here') and not failed,
               f'{what}: {name}: {verdict}, {failed}')


def check_good():
    for arch in ARCHS:
        base = '--arch', arch
        good(arch, build(*base))
        for counter in 'fenced', 'self-fenced', 'unfenced':
            for options in (), ('--guard',), ('--latch',), ('--guard', '--latch'):
                good(f'{arch} {counter} {options}', build(*base, '--counter', counter, *options))
        good(f'{arch} getcpu zero', build(*base, '--getcpu', 'zero'))
        good(f'{arch} without gnu-hash', build(*base, '--omit', 'gnu-hash'))


def check_spoilt():
    """Each spoiler breaks its rule and no others than it says."""
    covered = set()
    for arch in ARCHS:
        data = build('--arch', arch)
        for name, (spoil, expected, machine) in SPOILERS.items():
            image = Image(data)
            if machine and image.header('e_machine') != machine:
                continue
            spoil(image)
            status, readers = check(bytes(image.data))
            found, rule = broken(readers), name.split('__')[0]
            covered.add(rule)
            expect(rule in found, f'{arch} {name}: not caught; {found}')
            if ... not in expected:
                expect(found == expected, f'{arch} {name}: {found}, not {expected}')
            rejected = any(verdict == 'rejected' for verdict, _ in readers.values())
            expect(status == (1 if rejected else 0), f'{arch} {name}: status {status}')
    expect(covered == set(rules) - MAPPING,
           f'rules without a bad image: {set(rules) - MAPPING - covered}')


LETTERS = {'V': 'accepted', 's': 'degraded', 'X': 'rejected', '-': 'not here'}


def check_matrix():
    """What was measured with real programs."""
    data = build('--arch', 'x86_64')
    for name, (spoil, verdicts) in ROWS.items():
        image = Image(data)
        spoil(image)
        _, readers = check(bytes(image.data))
        for reader, letter in zip(COLUMNS, verdicts):
            expect(readers[reader][0] == LETTERS[letter],
                   f'{name}: {reader}: {readers[reader]}, not {LETTERS[letter]}')


def check_omitted():
    for arch in ARCHS:
        for parts, losses in OMITTED.items():
            _, readers = check(build('--arch', arch, '--omit', parts))
            for reader, (verdict, failed) in readers.items():
                wanted = LETTERS[losses.get(reader, 'V')]
                expect(verdict in (wanted, 'not here'),
                       f'{arch} without {parts}: {reader}: {verdict} {failed}, not {wanted}')


check_good()
check_spoilt()
check_matrix()
check_omitted()
print(f'{len(SPOILERS)} spoilt images for {len(rules)} rules: {checks} checks, {failures} failed')
sys.exit(failures != 0)
