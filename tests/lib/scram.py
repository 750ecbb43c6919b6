"""The client's side of SCRAM (RFC 5802, RFC 7677), PLAIN, EXTERNAL and ANONYMOUS for the tests."""
import base64
import hashlib
import hmac
import os

BEST_FIRST = ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256",
              "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN"]


def encode(data):
    return base64.b64encode(data).decode() if data else "="


def decode(text):
    return b"" if text in ("", "=") else base64.b64decode(text, validate=True)


class Plain:
    """One message, no answer."""

    def __init__(self, user, password):
        self.first = b"\0" + user.encode() + b"\0" + password.encode()

    def success(self, _data):
        pass


class Wordless:
    """EXTERNAL, where the certificate says it all, and ANONYMOUS, where there is nothing to say."""

    first = b""

    def success(self, _data):
        pass


class Scram:
    """`first` opens, `answer` replies to the challenge, `success` checks the server's signature."""

    def __init__(self, mechanism, user, password, binding=None):
        plus = mechanism.endswith("-PLUS")
        name = mechanism.removesuffix("-PLUS").removeprefix("SCRAM-").lower()
        self.hash = {"sha-1": "sha1", "sha-256": "sha256", "sha-512": "sha512"}[name]
        kind, data = binding if plus else ("", b"")
        self.header = f"p={kind},,".encode() if plus else b"n,,"
        self.bound = self.header + data
        self.password = password.encode()
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        escaped = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={escaped},r={self.nonce}".encode()
        self.first = self.header + self.bare
        self.signature = None

    def mac(self, key, data):
        return hmac.new(key, data, self.hash).digest()

    def answer(self, challenge):
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        if not fields["r"].startswith(self.nonce):
            raise ValueError("the server's nonce does not continue ours")
        salted = hashlib.pbkdf2_hmac(self.hash, self.password, base64.b64decode(fields["s"]),
                                     int(fields["i"]))
        client_key = self.mac(salted, b"Client Key")
        final = f"c={base64.b64encode(self.bound).decode()},r={fields['r']}".encode()
        message = self.bare + b"," + challenge + b"," + final
        mine = self.mac(hashlib.new(self.hash, client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, mine))
        self.signature = self.mac(self.mac(salted, b"Server Key"), message)
        return final + b",p=" + base64.b64encode(proof)

    def success(self, data):
        fields = dict(part.split("=", 1) for part in data.decode().split(","))
        if base64.b64decode(fields.get("v", "")) != self.signature:
            raise ValueError("the server did not prove that it knows the password")


def begin(mechanism, user, password, binding=None):
    if mechanism == "PLAIN":
        return Plain(user, password)
    if mechanism in ("EXTERNAL", "ANONYMOUS"):
        return Wordless()
    return Scram(mechanism, user, password, binding)
