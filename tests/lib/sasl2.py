"""Signing in by SASL2 (XEP-0388), with tokens (XEP-0484) and codes (RFC 6238), for the tests."""
import base64
import hashlib
import hmac
import re
import struct
import time

from . import scram

SASL2 = "urn:xmpp:sasl:2"
MFA = "urn:xmpp:mfa:0"


class HashedToken:
    """HT-SHA-256-ENDP and HT-SHA-256-NONE; Python has no tls-exporter."""

    def __init__(self, mechanism, user, token, connection):
        self.token = token.encode()
        end_point = mechanism.endswith("-ENDP")
        self.data = connection.end_point_binding()[1] if end_point else b""
        self.first = user.encode() + b"\0" + self.mac(b"Initiator")

    def mac(self, who):
        return hmac.new(self.token, who + self.data, hashlib.sha256).digest()

    def success(self, data):
        if data != self.mac(b"Responder"):
            raise ValueError("the server did not prove that it knows the token")


def begin(mechanism, user, secret, connection):
    if mechanism.startswith("HT-"):
        return HashedToken(mechanism, user, secret, connection)
    binding = connection.end_point_binding() if mechanism.endswith("-PLUS") else None
    return scram.begin(mechanism, user, secret, binding)


def encode(data):
    return base64.b64encode(data).decode()


def decode(element):
    return base64.b64decode(element.text, validate=True) if element else b""


def request(mechanism, exchange, children):
    return (f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'><initial-response>"
            f"{encode(exchange.first)}</initial-response>{children}</authenticate>")


def authenticate(connection, user, secret, mechanism, children=""):
    """Until <success/>, <failure/> or <continue/>, which is returned."""
    exchange = begin(mechanism, user, secret, connection)
    connection.send(request(mechanism, exchange, children))
    while (answer := connection.read()).name == "challenge":
        reply = encode(exchange.answer(base64.b64decode(answer.text)))
        connection.send(f"<response xmlns='{SASL2}'>{reply}</response>")
    if answer.name in ("success", "continue"):
        exchange.success(decode(answer.child("additional-data", SASL2)))
    return answer


def code(secret, now=None):
    """The six digits of RFC 6238; `secret` in base32, as in the URI that an authenticator scans."""
    padded = secret + "=" * (-len(secret) % 8)
    step = struct.pack(">Q", int(time.time() if now is None else now) // 30)
    mac = hmac.new(base64.b32decode(padded), step, "sha1").digest()
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset:offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1000000:06}"


def secret_of(uri):
    return re.search(r"[?&]secret=([A-Z2-7]+)", uri)[1]
