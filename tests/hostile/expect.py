"""The words of the hostile catalogue: what may be expected, and how it is checked.

    stream A|B [+ C]   a stream error with one of the conditions (and the special condition C)
    error A|B [+ C]    a stanza error          failed A    the failure of stream management
    sasl A|B           a SASL failure          tls failure the failure of STARTTLS
    closed             the connection ends     stream end  it ends without an error
    alive              a ping is answered, no error came      alive and nothing else
    result ID          the result of that IQ   receives NAME / body TEXT / iq with NAME
    header version V   the answering header's version
    other receives body TEXT [without A, B] / nothing / iq from me|error
Alternatives of different kinds are joined by | as well: "alive|stream policy-violation".
"""
import re
import time

from lib.client import PING, Closed, Timeout
from lib.element import SASL, SM, STANZAS, STREAM, TLS
from lib.patience import patience
from lib.sasl2 import SASL2

PATIENCE = patience(8.0)
KINDS = ("stream", "error", "sasl", "failed", "tls", "closed", "alive", "handshake")


class Unexpected(Exception):
    """The server answered otherwise; the text says how."""


def alternatives(text):
    """Splits at | where another kind begins: "alive|stream a|b" is ["alive", "stream a|b"]."""
    parts = []
    for part in text.split("|"):
        if parts and part.split()[0] not in KINDS:
            parts[-1] += "|" + part
        else:
            parts.append(part)
    return parts


class Watcher:
    """Reads from one connection and keeps all that came, so that alternatives can look again."""

    def __init__(self, connection, client=None):
        self.connection, self.client = connection, client
        self.seen, self.ended, self.position = [], False, 0

    def elements(self, deadline):
        """Everything from the last expectation on, as it arrives."""
        index = self.position
        while True:
            while index < len(self.seen):
                yield self.seen[index]
                index += 1
            if self.ended:
                return
            try:
                self.seen.append(self.connection.read(max(0, deadline - time.monotonic())))
            except Closed:
                self.ended = True

    def find(self, test, what):
        """The first element that passes; the position moves behind it."""
        deadline = time.monotonic() + PATIENCE
        try:
            for element in self.elements(deadline):
                if test(element):
                    self.position = self.seen.index(element) + 1
                    return element
        except Timeout:
            raise Unexpected(f"no {what} in time; came: {self.tail()}") from None
        raise Unexpected(f"the connection ended without {what}; came: {self.tail()}")

    def tail(self):
        return " ".join(str(element)[:300] for element in self.seen[self.position:]) or "nothing"

    def end(self):
        try:
            for _ in self.elements(time.monotonic() + PATIENCE):
                pass
        except Timeout:
            raise Unexpected(f"still connected; came: {self.tail()}") from None


def conditions_of(element):
    """The defined condition and all special ones of an error, failure or <failed/>."""
    box = element.child("error") if element.namespace not in (
        STREAM, SASL, SASL2, SM, TLS) else element
    return [child.name for child in box.elements if child.name != "text"] if box else []


def expect_condition(watcher, test, what, wanted):
    wanted, _, special = wanted.partition(" + ")
    element = watcher.find(test, f"{what} {wanted}")
    found = conditions_of(element)
    if not set(wanted.split("|")) & set(found):
        raise Unexpected(f"{what} with {found}, expected {wanted}: {str(element)[:300]}")
    if special and special not in found:
        raise Unexpected(f"{what} without {special}: {str(element)[:300]}")


def is_stanza_error(element):
    return element.get("type") == "error" and element.child("error")


def expect_alive(watcher, quiet):
    watcher.connection.send(f"<iq id='alive?' type='get' to='{watcher.connection.domain}'>"
                            f"<ping xmlns='{PING}'/></iq>")
    watcher.find(lambda e: e.get("id") == "alive?", "answer to a ping")
    others = [e for e in watcher.seen if e.get("id") != "alive?" and e.name != "presence"]
    if quiet and (extra := others[watcher.settled:]):
        raise Unexpected(f"something came: {extra}")


def one(watcher, text, other=None):
    """Checks a single expectation without alternatives of other kinds."""
    kind, _, rest = text.partition(" ")
    if kind == "stream" and rest == "end":
        return watcher.end()
    if kind == "stream":
        expect_condition(watcher, lambda e: e.namespace == STREAM and e.name == "error",
                         "stream error", rest)
        return watcher.end()
    if kind == "error":
        return expect_condition(watcher, is_stanza_error, "stanza error", rest)
    if kind == "sasl":
        return expect_condition(
            watcher, lambda e: e.namespace in (SASL, SASL2) and e.name == "failure",
            "SASL failure", rest)
    if kind == "failed":
        return expect_condition(watcher, lambda e: e.namespace == SM and e.name == "failed",
                                "failed", rest)
    if kind == "tls":
        return watcher.find(lambda e: e.namespace == TLS and e.name == "failure", "TLS failure")
    if kind == "closed":
        return watcher.end()
    if kind == "alive":
        return expect_alive(watcher, rest)
    if kind == "result":
        return watcher.find(lambda e: e.get("id") == rest and e.get("type") == "result", text)
    if kind == "receives":
        return receives(watcher, rest)
    if kind == "header":
        return header(watcher, rest)
    if kind == "no":
        return no_presence_of_other(watcher, other)
    if kind == "other":
        return other_receives(other, rest.removeprefix("receives "))
    raise ValueError(f"no such expectation: {text}")


def check(watcher, text, other=None):
    """Checks one expectation; any of its alternatives is enough."""
    problems = []
    for part in alternatives(text):
        try:
            return one(watcher, part, other)
        except (Unexpected, Closed) as error:
            problems.append(str(error))
    raise Unexpected(" / ".join(problems))


def receives(watcher, what):
    if what.startswith("body "):
        return watcher.find(
            lambda e: e.name == "message" and e.child("body") and e.child("body").text == what[5:],
            what)
    if found := re.fullmatch(r"iq with (\w+)", what):
        return watcher.find(lambda e: e.name == "iq" and e.child(found[1]), what)
    return watcher.find(lambda e: e.name == what, what)


def header(watcher, what):
    attribute, value = what.split()
    watcher.find(lambda e: e.name == "features", "features")
    got = watcher.connection.builder.header.get(attribute)
    if got != value:
        raise Unexpected(f"{attribute}='{got}' in the stream header, expected {value}")


def no_presence_of_other(watcher, other):
    expect_alive(watcher, "")
    for element in watcher.seen:
        if element.get("from", "").startswith(other.jid) and element.get("type") is None:
            raise Unexpected(f"a stranger learnt {element}")


def other_receives(other, what):
    other.settle(0.1)
    came = [e for e in other.queue if e.name != "presence"]
    other.queue.clear()
    if what == "nothing":
        if came:
            raise Unexpected(f"the other received {came}")
    elif found := re.fullmatch(r"body (\w+)(?: without (.+))?", what):
        bodies = [e for e in came if e.child("body") and e.child("body").text == found[1]]
        if len(bodies) != 1:
            raise Unexpected(f"the other received {came}, expected one body {found[1]}")
        for word in (found[2] or "").split(", "):
            if word and all(part in str(bodies[0]) for part in word.split(" ")):
                raise Unexpected(f"the other received {bodies[0]} with {word}")
    else:
        forged = [e for e in came if e.name == "iq" and "from" not in e.attributes]
        if forged:
            raise Unexpected(f"the other took it for the server's: {forged}")


__all__ = ["STANZAS", "Unexpected", "Watcher", "check"]
