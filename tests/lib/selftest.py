#!/usr/bin/python3
"""The tests' own tools tested: they must also say no."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True
from lib.element import parse  # noqa: E402
from lib.match import match  # noqa: E402
from lib.server import Herold  # noqa: E402

ME = "juliet@xmpp.test/balcony"


def matches(expected, actual, names=None):
    return match(parse(expected)[0], parse(actual)[0], ME, names or {})[0]


class Matcher(unittest.TestCase):
    """Each rule once as it must pass and once as it must fail."""

    def test_attributes_in_any_order(self):
        self.assertTrue(matches("<iq a='1' b='2'/>", "<iq b='2' a='1'/>"))
        self.assertFalse(matches("<iq a='1'/>", "<iq a='2'/>"))
        self.assertFalse(matches("<iq a='1'/>", "<iq/>"))
        self.assertFalse(matches("<iq/>", "<iq a='1'/>"))

    def test_wildcards(self):
        self.assertTrue(matches("<iq id='{any}'/>", "<iq id='x'/>"))
        self.assertFalse(matches("<iq id='{any}'/>", "<iq/>"))
        self.assertTrue(matches("<iq ver='{maybe}'/>", "<iq/>"))
        self.assertTrue(matches("<d stamp='{date}'/>", "<d stamp='2026-01-02T03:04:05.678Z'/>"))
        self.assertFalse(matches("<d stamp='{date}'/>", "<d stamp='yesterday'/>"))
        self.assertFalse(matches("<d h='{number}'/>", "<d h='-1'/>"))

    def test_captures(self):
        self.assertTrue(matches("<iq a='{x}' b='{x}'/>", "<iq a='1' b='1'/>"))
        self.assertFalse(matches("<iq a='{x}' b='{x}'/>", "<iq a='1' b='2'/>"))
        self.assertFalse(matches("<iq a='{x}'/>", "<iq a='1'/>", {"x": "2"}))

    def test_children(self):
        self.assertTrue(matches("<m><a/><b/></m>", "<m><b/><a/></m>"))
        self.assertFalse(matches("<m><a/></m>", "<m><a/><a/></m>"))
        self.assertFalse(matches("<m><a/><a/></m>", "<m><a/></m>"))
        self.assertTrue(matches("<m><a/>{more}</m>", "<m><b/><a/></m>"))
        self.assertFalse(matches("<m><a/>{more}</m>", "<m><b/></m>"))
        self.assertTrue(matches("<m><a i='{x}'/><a i='2'/></m>", "<m><a i='2'/><a i='1'/></m>"))

    def test_absent(self):
        self.assertFalse(matches("<m>{more}<ABSENT><a/></ABSENT></m>", "<m><a/><b/></m>"))
        self.assertTrue(matches("<m>{more}<ABSENT><a/></ABSENT></m>", "<m><b/></m>"))

    def test_namespaces_and_text(self):
        self.assertFalse(matches("<m><a xmlns='urn:a'/></m>", "<m><a xmlns='urn:b'/></m>"))
        self.assertFalse(matches("<m>one</m>", "<m>two</m>"))

    def test_own_addresses_need_no_saying(self):
        self.assertTrue(matches("<message/>", f"<message to='{ME}'/>"))
        self.assertFalse(matches("<message/>", "<message to='romeo@xmpp.test'/>"))
        self.assertFalse(matches("<message/>", "<message from='romeo@xmpp.test'/>"))


class Servers(unittest.TestCase):
    """What a sanitizer found ends the server with a status; no test may miss it."""

    def run_one(self, program, end):
        with tempfile.TemporaryDirectory(prefix="herold-test-") as folder:
            binary = Path(folder) / "herold"
            binary.write_text(f"#!/bin/sh\n{program}\n")
            binary.chmod(0o755)
            with Herold({}, binary=binary, folder=folder) as server:
                end(server)

    def ends_by_itself(self, server):
        server.process.wait()

    def test_content_servers(self):
        waits = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done"
        for end in (lambda server: None, Herold.stop, Herold.kill):
            self.run_one(waits, end)

    def test_a_status_is_told(self):
        waits = "trap 'exit 66' TERM; echo ready; while :; do sleep 0.01; done"
        for end in (lambda server: None, Herold.stop):
            with self.assertRaisesRegex(RuntimeError, "ended with status 66"):
                self.run_one(waits, end)

    def test_an_early_end_is_told(self):
        for end in (self.ends_by_itself,
                    lambda server: (self.ends_by_itself(server), server.stop()),
                    lambda server: (self.ends_by_itself(server), server.kill())):
            with self.assertRaisesRegex(RuntimeError, "ended by itself"):
                self.run_one("echo ready; exit 66", end)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
