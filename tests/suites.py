# SPDX-License-Identifier: BSD-2-Clause
"""One module of Python's own tests, a line for each test as it begins and ends.

suites.py list MODULE           the names of its tests
suites.py run MODULE NAMES OUT  those in the file NAMES, a name a line; lines are added to OUT
"""
import sys
import unittest


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


class Lines(unittest.TestResult):
    """Each line is written at once: the process may not get further."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.outcome = None

    def say(self, word, test):
        with open(self.path, "a") as out:
            out.write("%s %s\n" % (word, str(test.id()).replace(" ", "_")))

    def startTest(self, test):
        super().startTest(test)
        self.outcome = "ok"
        self.say("begin", test)

    def stopTest(self, test):
        super().stopTest(test)
        self.say(self.outcome, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcome = "skip"
        if not hasattr(test, "_testMethodName"):  # of a class or a module
            self.say("skip", test)

    def failed(self, test, error):
        self.outcome = "FAIL"
        if not hasattr(test, "_testMethodName"):
            self.say("FAIL", test)
        sys.stderr.write("%s: %s\n" % (test.id(), self._exc_info_to_string(error, test)))

    def addError(self, test, error):
        super().addError(test, error)
        self.failed(test, error)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.failed(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self.failed(test, error)


def main():
    verb, module = sys.argv[1:3]
    from test import support

    support.use_resources = []
    loader = unittest.TestLoader()
    try:
        tests = list(flatten(loader.loadTestsFromName("test." + module)))
    except unittest.SkipTest as reason:
        sys.exit("not for this machine: %s" % reason)
    if loader.errors:
        sys.exit("cannot be loaded: %s" % loader.errors[0].strip().splitlines()[-1])
    if verb == "list":
        for test in tests:
            print(test.id().replace(" ", "_"))
        return
    with open(sys.argv[3]) as names:
        wanted = set(names.read().split())
    suite = unittest.TestSuite(t for t in tests if t.id().replace(" ", "_") in wanted)
    suite.run(Lines(sys.argv[4]))


if __name__ == "__main__":
    main()
