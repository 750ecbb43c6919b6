"""Compares a stanza with what a dialog expects: wildcards, optional extras, captured names.

In attributes and text of the expected XML, `{any}`, `{date}`, `{number}` stand for values of that
shape and `{maybe}` for an attribute that may be missing; any other `{name}` is captured on its
first use and must be equal afterwards. The text `{more}` allows further children, and a child
`<ABSENT>` holds children that must not be there. Attributes and children come in any order.
"""
import re

from .element import CLIENT, STANZAS, STREAMS, Element

SHAPES = {
    "any": r".+", "maybe": r".*", "number": r"[0-9]+",
    "date": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)",
    "hex": r"[0-9a-f]+",
}
NAME = re.compile(r"\{([a-zA-Z0-9_.-]+)\}")
# What a server may add by itself, and an expectation may leave unsaid.
UNSAID = {("urn:xmpp:sid:0", "stanza-id"), (STANZAS, "text"), (STREAMS, "text"),
          ("vcard-temp:x:update", "x")}
STANZA_NAMES = ("message", "presence", "iq")


def fill(text, names):
    """`text` with every known `{name}` replaced."""
    return NAME.sub(lambda m: names.get(m.group(1), m.group(0)), text)


class Matcher:
    """Matches for one receiving client, whose own addresses may stand unsaid in to and from."""

    def __init__(self, own_full, names):
        self.full = own_full or ""
        self.bare = self.full.partition("/")[0]
        self.names = dict(names)
        self.reason = ""

    def fail(self, reason):
        self.reason = self.reason or reason
        return False

    def value(self, expected, actual):
        """Matches one string, capturing new names."""
        groups, regex, last = [], "", 0
        for found in NAME.finditer(expected):
            regex += re.escape(expected[last:found.start()])
            last, name = found.end(), found.group(1)
            if name in SHAPES:
                regex += SHAPES[name]
            elif name in self.names:
                regex += re.escape(self.names[name])
            else:
                groups.append(name)
                regex += "(.+?)"
        got = re.fullmatch(regex + re.escape(expected[last:]), actual, re.S)
        if got:
            self.names.update(zip(groups, got.groups()))
        return bool(got)

    def unsaid_attribute(self, element, key, value):
        """Whether an attribute that is not expected is one that changes nothing."""
        if key == "xml:lang":
            return True
        if element.name == "error":
            return key in ("by", "code")
        if element.name not in STANZA_NAMES or element.namespace != CLIENT:
            return False
        if key == "to":
            return value in (self.full, self.bare)
        if key == "from":
            return value == self.bare and element.name == "iq"
        if key == "id":
            return element.name == "presence"
        return key == "type" and value == "normal" and element.name == "message"

    def own(self, element, key, want):
        """The receiver's own address, which needs no saying (RFC 6120 section 8.1)."""
        return want == self.bare and (key == "to" or (key == "from" and element.name == "iq"))

    def attributes(self, expected, actual):
        for key, want in expected.attributes.items():
            got = actual.attributes.get(key)
            if got is None and want != "{maybe}" and not self.own(actual, key, want):
                return self.fail(f"<{actual.name}> has no attribute {key}")
            if got is not None and not self.value(want, got):
                return self.fail(f"<{actual.name}> has {key}='{got}', expected '{want}'")
        for key, got in actual.attributes.items():
            if key not in expected.attributes and not self.unsaid_attribute(actual, key, got):
                return self.fail(f"<{actual.name}> has an unexpected {key}='{got}'")
        return True

    def element(self, expected, actual):
        if (expected.namespace, expected.name) != (actual.namespace, actual.name):
            return self.fail(f"<{actual.name} xmlns='{actual.namespace}'> came, expected "
                             f"<{expected.name} xmlns='{expected.namespace}'>")
        if not self.attributes(expected, actual):
            return False
        text, more = expected.text.strip(), False
        if "{more}" in text:
            text, more = text.replace("{more}", "").strip(), True
        if not self.value(text, actual.text.strip()) and not (more and not text):
            return self.fail(f"<{actual.name}> holds '{actual.text}', expected '{text}'")
        boxes = [child for child in expected.elements if child.name == "ABSENT"]
        for gone in [child for box in boxes for child in box.elements]:
            for child in actual.elements:
                if Matcher(self.full, self.names).element(gone, child):
                    return self.fail(f"<{actual.name}> holds {child}, which must not be there")
        wanted = [child for child in expected.elements if child.name != "ABSENT"]
        return self.children(wanted, actual, more)

    def children(self, wanted, actual, more):
        """Each wanted child takes one of the actual ones, in any order; tries all ways."""
        if not wanted:
            return True if more else self.leftover(actual, actual.elements)
        return self.assign(wanted, list(actual.elements), actual, more)

    def assign(self, wanted, left, parent, more):
        if not wanted:
            return more or self.leftover(parent, left)
        reason = f"<{parent.name}> lacks {wanted[0]}"
        for index, child in enumerate(left):
            saved = dict(self.names)
            trial = Matcher(self.full, self.names)
            if trial.element(wanted[0], child):
                self.names = trial.names
                if self.assign(wanted[1:], left[:index] + left[index + 1:], parent, more):
                    return True
                self.names = saved
            elif (child.namespace, child.name) == (wanted[0].namespace, wanted[0].name):
                reason = trial.reason
        return self.fail(reason)

    def leftover(self, parent, left):
        for child in left:
            if (child.namespace, child.name) in UNSAID:
                continue
            if parent.get("type") == "error" and child.name != "error":
                continue  # the original payload, RFC 6120 section 8.3.1
            if parent.name == "presence" and child.name == "delay":
                continue
            return self.fail(f"<{parent.name}> holds an unexpected {child}")
        return True


def match(expected, actual, own_full, names):
    """Returns (matches, names with captures, reason)."""
    matcher = Matcher(own_full, names)
    matched = matcher.element(expected, actual)
    return matched, matcher.names if matched else dict(names), matcher.reason


__all__ = ["fill", "match", "Element"]
