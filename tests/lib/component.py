"""An external component for tests (XEP-0114): it speaks for its domain, and otherwise is a client."""
import hashlib

from .client import PING, Client, Connection, Refused
from .element import COMPONENT, Builder


class Component(Client):
    """The program of one domain. It answers pings, by which the server knows what it has read."""

    def __init__(self, server, name, secret, asks, timeout=10):
        super().__init__(server, f"component@{asks}", secret, timeout=timeout)
        self.name = self.jid = self.full = self.user = name

    def sign_in(self):
        if self.connection:
            self.past += self.connection.trace
        connection = Connection(self.server.listeners["component"], self.name, None,
                                self.unstretched)
        self.connection = connection
        connection.builder = Builder(1)
        connection.send(connection.header(xmlns=COMPONENT, version=None))
        while connection.builder.header is None and not connection.builder.finished:
            connection.pump_once()
        if not connection.builder.finished:
            number = connection.builder.header.get("id") + self.password
            digest = hashlib.sha1(number.encode()).hexdigest()
            connection.send(f"<handshake>{digest}</handshake>")
        answer = connection.read()
        if answer.name != "handshake":
            raise Refused(answer)

    def bind(self):
        pass

    def filter(self, element):
        is_ping = (element.name == "iq" and element.get("type") == "get" and self.answer_pings
                   and element.child("ping", PING))
        if is_ping:
            self.send(f"<iq type='result' id='{element.get('id')}' from='{self.name}' "
                      f"to='{element.get('from')}'/>")
        return bool(is_ping) or element.name == "iq" and element.get("id") in self.answered
