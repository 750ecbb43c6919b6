"""A small XMPP client for tests: stream, TLS, SASL, binding, stream management (RFC 6120, XEP-0198)."""
import hashlib
import itertools
import socket
import ssl
import time
import xml.parsers.expat

from . import scram
from .element import BIND, CLIENT, SASL, SM, STREAM, TLS, Builder, Element, parse
from .patience import patience

PING = "urn:xmpp:ping"
ROSTER = "jabber:iq:roster"
PREFIX = "herold-test-"  # ids of the client's own questions
numbers = itertools.count(1)


class Closed(Exception):
    """The server ended the connection."""


class Timeout(Exception):
    """Nothing (more) came in time."""


class Refused(Exception):
    """The server answered a step of the sign-in with an error; `element` is the answer."""

    def __init__(self, element):
        super().__init__(str(element))
        self.element = element


class Connection:
    """A socket with an XMPP stream on it; reads one top-level element at a time."""

    def __init__(self, address, domain, authority=None, timeout=10, source=None, certificate=None):
        self.domain, self.timeout, self.authority = domain, patience(timeout), authority
        self.certificate = certificate  # files of our own and of its key, or None
        self.socket = socket.create_connection(address, self.timeout, source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.secure, self.closed, self.features = False, False, None
        self.builder = Builder(1)
        self.trace = []         # (direction, text) of everything, for the transcript
        self.received_raw = b""

    def start_tls(self, alpn=None):
        context = ssl.create_default_context(cafile=self.authority)
        if self.certificate:
            context.load_cert_chain(*self.certificate)
        if alpn:
            context.set_alpn_protocols([alpn])
        self.socket.settimeout(self.timeout)
        self.socket = context.wrap_socket(self.socket, server_hostname=self.domain)
        self.secure = True

    def end_point_binding(self):
        """Data of tls-server-end-point (RFC 5929), for certificates signed with SHA-256."""
        return "tls-server-end-point", hashlib.sha256(self.socket.getpeercert(True)).digest()

    def send(self, data):
        if isinstance(data, Element):
            data = data.serialise()
        raw = data.encode() if isinstance(data, str) else data
        self.trace.append((">", raw.decode("utf-8", "backslashreplace")))
        try:
            self.socket.settimeout(self.timeout)
            self.socket.sendall(raw)
        except OSError as error:
            raise Closed(f"while sending: {error}") from error

    def pump(self, deadline):
        """Reads once from the socket; raises Timeout at the deadline and Closed at the end."""
        remaining = deadline - time.monotonic()
        if self.closed:
            raise Closed("the connection is closed")
        if remaining <= 0:
            raise Timeout()
        self.socket.settimeout(remaining)
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError) as error:
            raise Timeout() from error
        except OSError as error:
            self.closed = True
            raise Closed(str(error)) from error
        if not data:
            self.closed = True
            raise Closed("end of stream")
        self.received_raw = (self.received_raw + data)[-65536:]
        try:
            self.builder.feed(data)
        except xml.parsers.expat.ExpatError as error:
            raise Closed(f"not XML from the server: {error}: {data[:200]!r}") from error

    def pump_once(self):
        self.pump(time.monotonic() + self.timeout)

    def read(self, timeout=None):
        """The next top-level element. Raises Timeout, or Closed when no more can come."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while not self.builder.finished:
            if self.builder.ended:
                raise Closed("the server closed its stream")
            self.pump(deadline)
        element = self.builder.finished.pop(0)
        self.trace.append(("<", str(element)))
        return element

    def header(self, **attributes):
        known = {"to": self.domain, "version": "1.0", "xmlns": CLIENT, "xmlns:stream": STREAM}
        known.update(attributes)
        text = "".join(f" {key}='{value}'" for key, value in known.items() if value is not None)
        return f"<?xml version='1.0'?><stream:stream{text}>"

    def open_stream(self, **attributes):
        """Opens (or restarts) the stream and returns the server's features."""
        self.builder = Builder(1)
        self.send(self.header(**attributes))
        features = self.read()
        if features.name != "features":
            raise Refused(features)
        self.features = features
        return features

    def secure_by_starttls(self):
        self.open_stream()
        self.send(f"<starttls xmlns='{TLS}'/>")
        answer = self.read()
        if answer.name != "proceed":
            raise Refused(answer)
        self.start_tls()

    def mechanisms(self):
        box = self.features.child("mechanisms", SASL)
        return [child.text for child in box.elements] if box else []

    def log_in(self, user, password, mechanism=None):
        offered = self.mechanisms()
        if not mechanism:
            usable = [m for m in scram.BEST_FIRST
                      if m in offered and not m.endswith("-PLUS")]
            mechanism = usable[0]
        binding = self.end_point_binding() if mechanism.endswith("-PLUS") else None
        exchange = scram.begin(mechanism, user, password, binding)
        first = scram.encode(exchange.first)
        self.send(f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{first}</auth>")
        while (answer := self.read()).name == "challenge":
            reply = scram.encode(exchange.answer(scram.decode(answer.text)))
            self.send(f"<response xmlns='{SASL}'>{reply}</response>")
        if answer.name != "success":
            raise Refused(answer)
        exchange.success(scram.decode(answer.text))
        self.open_stream()

    def close(self):
        """Ends the stream politely and waits for the server's end."""
        try:
            self.send("</stream:stream>")
            deadline = time.monotonic() + self.timeout
            while not self.builder.ended:
                self.pump(deadline)
        except (Closed, Timeout):
            pass
        self.drop()

    def drop(self):
        """The connection is gone without a word."""
        self.closed = True
        self.socket.close()


class Client:
    """One resource of one account. `listeners` maps starttls, tls and plain to addresses."""

    def __init__(self, server, jid, password, resource="", transport="starttls", mechanism=None,
                 timeout=10):
        self.server, self.jid, self.password = server, jid, password
        self.user, self.domain = jid.split("@")
        self.resource, self.transport, self.mechanism = resource, transport, mechanism
        self.timeout = patience(timeout)
        self.unstretched = timeout
        self.full, self.connection = None, None
        self.certificate = None  # see Connection
        self.source = None      # a local address to connect from
        self.queue = []         # read, not yet asked for
        self.past = []          # transcripts of earlier connections
        self.answer_pings = True
        self.acknowledges = True
        self.sm_id, self.sm_in, self.sm_out, self.unacked = None, 0, 0, []
        self.sm_enabled = False
        self.sm_shown = set()   # acknowledgement elements that the test itself wants to see
        self.sm_hidden = []
        self.answered = set()  # of our own questions     # those that it did not ask for

    # Signing in

    def sign_in(self):
        """Connects, secures and authenticates; neither binds nor resumes."""
        if self.connection:
            self.past += self.connection.trace
        address = self.server.listeners[self.transport]
        self.connection = Connection(address, self.domain, self.server.authority, self.unstretched,
                                     self.source, self.certificate)
        if self.transport == "tls":
            self.connection.start_tls("xmpp-client")
        elif self.transport == "starttls":
            self.connection.secure_by_starttls()
        self.connection.open_stream()
        self.connection.log_in(self.user, self.password, self.mechanism)
        self.sm_enabled = False

    def bind(self):
        resource = f"<resource>{self.resource}</resource>" if self.resource else ""
        answer = self.ask("set", f"<bind xmlns='{BIND}'>{resource}</bind>")
        if answer.get("type") != "result":
            raise Refused(answer)
        self.full = answer.find("jid").text
        self.resource = self.full.partition("/")[2]

    def connect(self, managed=False, resumable=True):
        self.sign_in()
        self.bind()
        if managed:
            self.enable(resumable)
        return self

    def enable(self, resumable=True):
        """Turns stream management on."""
        resume = " resume='true'" if resumable else ""
        self.send(f"<enable xmlns='{SM}'{resume}/>")
        answer = self.wait_for(lambda e: e.namespace == SM and e.name in ("enabled", "failed"))
        if answer.name != "enabled":
            raise Refused(answer)

    def resume(self):
        """Signs in again and resumes; sends again what the server had not handled."""
        self.sign_in()
        self.connection.send(f"<resume xmlns='{SM}' previd='{self.sm_id}' h='{self.sm_in}'/>")
        answer = self.connection.read()
        if answer.name != "resumed":
            raise Refused(answer)
        self.sm_enabled = True
        self.acknowledged(int(answer.get("h")))
        for stanza in self.unacked:
            self.connection.send(stanza)
        return answer

    def available(self, inner=""):
        """Initial presence; returns once the server has sent it back, keeping what else came."""
        self.send(f"<presence>{inner}</presence>" if inner else "<presence/>")
        self.wait_for(lambda e: e.name == "presence" and e.get("from") == self.full
                      and e.get("type") is None)

    def roster(self):
        return self.ask("get", f"<query xmlns='{ROSTER}'/>")

    # Sending

    def send(self, data):
        """Sends a stanza (text or Element) and counts it when stream management is on."""
        if isinstance(data, Element):
            data = data.serialise()
        if data.startswith("<enable") and SM in data:
            self.sm_in, self.sm_out, self.unacked, self.sm_enabled = 0, 0, [], True
        if self.sm_enabled and data.lstrip().startswith(("<message", "<presence", "<iq")):
            self.sm_out += 1
            self.unacked.append(data)
        self.connection.send(data)

    def ask(self, kind, payload, to=None, timeout=None):
        """Sends an IQ and waits for its answer, keeping what else comes meanwhile."""
        number = f"{PREFIX}{next(numbers)}"
        target = f" to='{to}'" if to else ""
        self.send(f"<iq type='{kind}' id='{number}'{target}>{payload}</iq>")
        answer = self.wait_for(lambda e: e.name == "iq" and e.get("id") == number
                               and e.get("type") in ("result", "error"), timeout)
        self.answered.add(number)
        return answer

    def request_ack(self, timeout=None):
        self.connection.send(f"<r xmlns='{SM}'/>")
        want = self.sm_out
        deadline = time.monotonic() + (timeout or self.timeout)
        while self.unacked and self.sm_out == want:
            self.wait_step(deadline)

    # Receiving

    def acknowledged(self, h):
        done = (h - (self.sm_out - len(self.unacked))) % 2**32
        if done > len(self.unacked):
            raise ValueError(f"the server acknowledges {h}, we sent {self.sm_out}")
        taken, self.unacked = self.unacked[:done], self.unacked[done:]
        return taken

    def filter(self, element):
        """Handles what a client answers by itself; True when the element was dealt with."""
        if element.namespace == SM:
            return self.filter_management(element)
        if element.namespace == CLIENT:
            self.sm_in += 1
        # The question was sent again on resumption, so it is answered again.
        if element.name == "iq" and element.get("id") in self.answered:
            return True
        if (element.name == "iq" and element.get("type") == "get" and self.answer_pings
                and element.child("ping", PING)
                and element.get("from", self.domain) in (self.domain, self.jid)):
            self.send(Element(CLIENT, "iq", {
                "type": "result", "id": element.get("id"),
                **({"to": element.get("from")} if element.get("from") else {})}))
            return True
        return False

    def filter_management(self, element):
        if element.name in ("enabled", "resumed"):
            self.sm_id = element.get("id") or element.get("previd")
            self.sm_enabled = True
            return False
        if not self.sm_enabled or element.name not in ("r", "a"):
            return False
        if element.name == "a":
            self.acknowledged(int(element.get("h")))
        elif self.acknowledges:
            self.connection.send(f"<a xmlns='{SM}' h='{self.sm_in}'/>")
        if element.name in self.sm_shown:
            return False
        self.sm_hidden.append(element)
        return True

    def wait_step(self, deadline):
        element = self.connection.read(max(0, deadline - time.monotonic()))
        if not self.filter(element):
            self.queue.append(element)
            return element
        return None

    def wait_for(self, test, timeout=None):
        """The next arriving element that passes `test`; others stay queued."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            element = self.wait_step(deadline)
            if element is not None and test(element):
                self.queue.remove(element)
                return element

    def receive(self, timeout=None):
        """The next stanza that nobody has seen yet."""
        if self.queue:
            return self.queue.pop(0)
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while self.wait_step(deadline) is None:
            pass
        return self.queue.pop(0)

    def settle(self, quiet=0.05):
        """Waits until the server has handled what we sent, and for a short silence."""
        self.ask("get", f"<ping xmlns='{PING}'/>", to=self.domain)
        try:
            while True:
                self.wait_step(time.monotonic() + quiet)
        except Timeout:
            pass

    # Leaving

    def disconnect(self):
        self.connection.close()

    def drop(self):
        self.connection.drop()

    def transcript(self):
        return self.past + (self.connection.trace if self.connection else [])


def become_contacts(one, two):
    """Both see each other's presence afterwards (RFC 6121 section 3.1); both must be available."""
    for client in (one, two):
        client.roster()  # only interested resources are told of answers (RFC 6121 section 3.1.6)
    for asks, grants in ((one, two), (two, one)):
        asks.send(f"<presence type='subscribe' to='{grants.jid}'/>")
        grants.wait_for(lambda e, asks=asks: e.get("type") == "subscribe"
                        and e.get("from") == asks.jid)
        grants.send(f"<presence type='subscribed' to='{asks.jid}'/>")
        asks.wait_for(lambda e, grants=grants: e.get("type") == "subscribed"
                      and e.get("from") == grants.jid)


__all__ = ["Client", "Closed", "Connection", "Refused", "Timeout", "become_contacts", "parse"]
