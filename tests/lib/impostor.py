"""Other servers as a script plays them: streams that we open, and a listener that misbehaves."""
import socket
import ssl
import threading

from .client import Connection, Refused
from .element import STREAM
from .scram import encode
from .server import free_port

SERVER, DIALBACK = "jabber:server", "jabber:server:dialback"
EXTERNAL = "urn:ietf:params:xml:ns:xmpp-sasl"
HEADER = (f"<?xml version='1.0'?><stream:stream xmlns='{SERVER}' xmlns:stream='{STREAM}' "
          f"xmlns:db='{DIALBACK}' version='1.0'")


class PeerStream(Connection):
    """A stream that we open as the server of `own` to the server of `domain`."""

    def __init__(self, address, own, domain, certificate=None):
        super().__init__(address, domain, timeout=8, certificate=certificate)
        self.own = own

    def header(self, **attributes):
        known = {"xmlns": SERVER, "xmlns:db": DIALBACK, "from": self.own, **attributes}
        return super().header(**known)

    def start_tls(self, alpn=None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(*self.certificate)
        self.socket.settimeout(self.timeout)
        self.socket = context.wrap_socket(self.socket, server_hostname=self.domain)
        self.secure = True

    def sign_in(self):
        """By EXTERNAL, for both ways (XEP-0288); the stream is opened anew."""
        self.send("<bidi xmlns='urn:xmpp:bidi'/>"
                  f"<auth xmlns='{EXTERNAL}' mechanism='EXTERNAL'>"
                  f"{encode(self.own.encode())}</auth>")
        answer = self.read()
        if answer.name != "success":
            raise Refused(answer)
        self.open_stream()


class Impostor:
    """Listens as a server of `domain` and plays `script` with each that connects.

    Words of a script: wait (for bytes), header, tls (as the server), mute (until the other ends),
    close, and anything that begins with < , which is sent; {id} is the number of the stream.
    """

    def __init__(self, domain, script, certificate):
        self.domain, self.script, self.certificate = domain, script, certificate
        self.listeners = {"s2s": ("127.0.0.1", free_port())}
        self.ends = threading.Event()
        self.heard = b""
        self.listener = socket.create_server(self.listeners["s2s"])
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        self.listener.settimeout(0.2)
        while not self.ends.is_set():
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            thread = threading.Thread(target=self.play, args=(connection,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def play(self, connection):
        try:
            for word in self.script:
                connection = self.step(connection, word)
        except OSError:
            pass  # the other has had enough
        finally:
            connection.close()

    def step(self, connection, word):
        connection.settimeout(20)
        if word == "wait":
            self.heard += connection.recv(65536)
        elif word == "header":
            connection.sendall((HEADER + f" id='1' from='{self.domain}'>").encode())
        elif word == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            return context.wrap_socket(connection, server_side=True)
        elif word == "mute":
            while not self.ends.is_set() and (heard := connection.recv(65536)):
                self.heard += heard
        elif word != "close":
            connection.sendall(word.encode())
        return connection

    def stop(self):
        self.ends.set()
        self.listener.close()
