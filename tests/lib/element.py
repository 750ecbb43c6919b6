"""XML for the tests: elements with namespaces, read from a stream as they arrive (RFC 6120)."""
import xml.parsers.expat
from xml.sax.saxutils import escape, quoteattr

CLIENT = "jabber:client"
COMPONENT = "jabber:component:accept"
STREAM = "http://etherx.jabber.org/streams"
STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SM = "urn:xmpp:sm:3"
XML = "http://www.w3.org/XML/1998/namespace"
SEPARATOR = "\x1f"  # cannot occur in well-formed XML 1.0, so names never run together


def split(name):
    """A name as expat reports it, as (namespace, local name)."""
    namespace, _, local = name.rpartition(SEPARATOR)
    return namespace, local


class Element:
    """One element: namespace, name, attributes by name ("xml:lang" keeps its prefix), children."""

    def __init__(self, namespace, name, attributes=None, children=None):
        self.namespace, self.name = namespace, name
        self.attributes = dict(attributes or {})
        self.children = list(children or [])

    @property
    def elements(self):
        return [child for child in self.children if isinstance(child, Element)]

    @property
    def text(self):
        return "".join(child for child in self.children if isinstance(child, str))

    def get(self, attribute, default=None):
        return self.attributes.get(attribute, default)

    def child(self, name, namespace=None):
        """The first child of that name (and namespace, when given), or None."""
        for child in self.elements:
            if child.name == name and namespace in (None, child.namespace):
                return child
        return None

    def find(self, name, namespace=None):
        """The first descendant of that name, or None."""
        for child in self.elements:
            if child.name == name and namespace in (None, child.namespace):
                return child
            if found := child.find(name, namespace):
                return found
        return None

    def error(self):
        """The condition of a stanza or stream error, or None."""
        box = self if self.namespace == STREAM else self.child("error")
        for child in box.elements if box else []:
            if child.namespace in (STANZAS, STREAMS) and child.name != "text":
                return child.name
        return None

    def serialise(self, outer=CLIENT):
        """The element as XML text, below a parent whose default namespace is `outer`."""
        name, declared = self.name, ""
        if self.namespace == STREAM:
            name = "stream:" + name
        elif self.namespace != outer:
            declared = f" xmlns={quoteattr(self.namespace)}"
        inner = outer if self.namespace == STREAM else self.namespace
        attributes = "".join(f" {key}={quoteattr(value)}" for key, value in self.attributes.items())
        body = "".join(
            escape(child) if isinstance(child, str) else child.serialise(inner)
            for child in self.children)
        if not body:
            return f"<{name}{declared}{attributes}/>"
        return f"<{name}{declared}{attributes}>{body}</{name}>"

    __str__ = __repr__ = serialise


class Builder:
    """Expat's callbacks: collects what stands at depth `depth` (0 documents, 1 streams)."""

    def __init__(self, depth):
        self.depth = depth
        self.header = None      # the element around it, once its start tag has come
        self.finished = []      # whole elements, oldest first
        self.ended = False      # the outermost end tag has come
        self.stack = []
        self.parser = xml.parsers.expat.ParserCreate(namespace_separator=SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters

    def start(self, name, attributes):
        named = {}
        for key, value in attributes.items():
            namespace, local = split(key)
            named[f"xml:{local}" if namespace == XML else
                  f"{{{namespace}}}{local}" if namespace else local] = value
        namespace, local = split(name)
        # What components call their stanzas is the same to whoever looks at them.
        element = Element(CLIENT if namespace == COMPONENT else namespace, local, named)
        if self.depth == 1 and not self.stack:
            self.header = element
        elif len(self.stack) > self.depth:
            self.stack[-1].children.append(element)
        self.stack.append(element)

    def end(self, _name):
        element = self.stack.pop()
        if len(self.stack) == self.depth:
            self.finished.append(element)
        self.ended = not self.stack

    def characters(self, text):
        if len(self.stack) > self.depth:
            self.stack[-1].children.append(text)

    def feed(self, data):
        self.parser.Parse(data, False)


def parse(text, stream_prefix=True):
    """The elements written in `text`, as they would stand in a client's stream."""
    builder = Builder(1)
    prefix = f" xmlns:stream='{STREAM}'" if stream_prefix else ""
    builder.parser.Parse(f"<wrap xmlns='{CLIENT}'{prefix}>{text}</wrap>".encode(), True)
    return builder.finished
