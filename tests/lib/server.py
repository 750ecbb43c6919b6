"""A server kept for the length of a test: Herold, or Debian's Prosody to prove the tests themselves."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .patience import patience as stretched

ROOT = Path(__file__).resolve().parents[2]
# Loopback is not exempt from limits, so tests raise those they are not about.
LIMITS = {
    "connection_rate": 100000, "connection_burst": 100000, "connections_unauthenticated": 5000,
    "client_bandwidth": 1 << 30, "client_bandwidth_burst": 1 << 30, "scram_iterations": 4096,
    "auth_failures_pair": 1000, "registrations_per_prefix": 100000,
    "presence_rate": 10000, "presence_burst": 10000, "admin_connections": 200,
}


GIVEN_PORTS = set()


def free_port():
    """One that nobody listens on, and that this process was not given before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in GIVEN_PORTS:
            GIVEN_PORTS.add(port)
            return port


def default_binary():
    return os.environ.get("HEROLD_BIN", str(ROOT / "build/release/bin/herold"))


class Server:
    """What both have in common. `domains` maps a name to {registration, anonymous, admins}."""

    kind = "none"

    def __init__(self, domains, folder=None):
        self.domains = domains
        self.own_folder = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="herold-test-"))
        self.data = self.folder / "data"
        self.process, self.listeners = None, {}
        self.log = self.folder / "server.log"

    def pid(self):
        return self.process.pid

    def memory(self):
        """Resident bytes of the server's process."""
        text = Path(f"/proc/{self.pid()}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) * 1024

    def kill(self):
        """Ends it without a warning."""
        process = self.running()
        process.kill()
        process.wait()

    def stop(self, patience=15):
        """Asks the server to end, which it must do in time, and content (status 0)."""
        process = self.running()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(stretched(patience))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"the server did not end within {patience} s") from None
        if status and self.kind == "herold":
            raise RuntimeError(f"the server ended with status {status}:\n{self.log_tail()}")

    def running(self):
        """The process, which is to end now. That it has already is a failure, whatever it did."""
        process, self.process = self.process, None
        if process.poll() is not None:
            raise RuntimeError(f"the server ended by itself (status {process.returncode}):\n"
                               f"{self.log_tail()}")
        return process

    def logged(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.logged().splitlines()[-lines:])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        try:
            if self.process:
                self.stop()
        finally:
            if self.own_folder and not os.environ.get("HEROLD_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)


class Herold(Server):
    """The program under test, with the configuration that the documentation promises."""

    kind = "herold"

    # What the configuration calls a listener, and what tests call it.
    KINDS = {"client": "starttls", "client_tls": "tls", "client_plain": "plain",
             "component": "component"}
    PEER_KINDS = {"server": "s2s", "server_tls": "s2s_tls"}

    def __init__(self, domains, binary=None, folder=None, limits=None, extra="", data=None,
                 shards=0, federates=False):
        super().__init__(domains, folder)
        self.kinds = {**self.KINDS, **(self.PEER_KINDS if federates else {})}
        self.binary = binary or default_binary()
        self.data = Path(data) if data else self.data
        self.limits = {**LIMITS, **(limits or {})}
        self.extra, self.shards = extra, shards
        self.config = self.folder / "herold.toml"
        self.authority = str(self.data / "authority.pem")

    def write_config(self):
        lines = [f'data = "{self.data}"', f"shards = {self.shards}"]
        for name, options in self.domains.items():
            admins = ", ".join(f'"{admin}"' for admin in options.get("admins", []))
            lines += ["[[domain]]", f'name = "{name}"',
                      f'registration = "{options.get("registration", "closed")}"',
                      f"anonymous = {str(options.get('anonymous', False)).lower()}",
                      f"admins = [{admins}]"]
        ports = {kind: address[1] for kind, address in self.listeners.items()}
        lines += ["[listen]", *(f'{option} = ["127.0.0.1:{ports.get(kind, 0)}"]'
                                for option, kind in self.kinds.items())]
        lines += ["[limits]", *(f"{name} = {value}" for name, value in self.limits.items())]
        self.config.touch(mode=0o600)
        self.config.write_text("\n".join(lines) + "\n" + self.extra + "\n")

    def start(self, patience=30):
        self.write_config()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--config", str(self.config)], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True)
        watchdog = threading.Timer(stretched(patience), self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            words = line.split()
            if words[:1] == ["listening"] and words[1] in self.kinds:
                host, _, port = words[2].rpartition(":")
                self.listeners[self.kinds[words[1]]] = (host, int(port))
            if words[:1] == ["ready"]:
                break
        else:
            watchdog.cancel()
            raise RuntimeError(f"the server ended before it was ready:\n{self.log_tail()}")
        watchdog.cancel()
        threading.Thread(target=self.drain, args=(self.process.stdout,), daemon=True).start()

    @staticmethod
    def drain(pipe):
        with pipe:
            for _ in pipe:
                pass

    def command(self, *words, text=None):
        return subprocess.run([self.binary, "--config", str(self.config), *words], input=text,
                              capture_output=True, text=True, timeout=60)

    def add_user(self, jid, password):
        done = self.command("user", "add", jid, "--password-stdin", text=password + "\n")
        if done.returncode:
            raise RuntimeError(f"user add {jid}: {done.stdout}{done.stderr}")

    def add_users(self, users):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda user: self.add_user(*user), users))


PROSODY = """
data_path = "{data}"
pidfile = "{folder}/prosody.pid"
log = {{ {{ levels = {{ min = "info" }}; to = "file"; filename = "{folder}/server.log" }} }}
run_as_root = true  -- of no account on loopback in a test
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {starttls} }}
c2s_direct_tls_ports = {{ {tls} }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = true
allow_registration = false
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "private", "vcard_legacy", "pep", "csi",
  "csi_simple", "blocklist", "carbons", "smacks", "version", "uptime", "time", "ping", "register",
  "lastactivity", "admin_adhoc", "announce", "server_contact_info", "posix", "offline", "presence",
  "message", "iq", "c2s" }}
modules_disabled = {{ "s2s" }}
contact_info = {{ admin = {{ "mailto:admin@xmpp.test" }}; abuse = {{ "mailto:abuse@xmpp.test" }} }}
ssl = {{ certificate = "{folder}/server.pem"; key = "{folder}/server.key" }}
c2s_direct_tls_ssl = {{ certificate = "{folder}/server.pem"; key = "{folder}/server.key" }}
"""


class Prosody(Server):
    """Debian's Prosody, in the foreground with a folder of its own. It has no plain listener."""

    kind, template = "prosody", PROSODY

    def __init__(self, domains, folder=None, **_):
        super().__init__(domains, folder)
        self.authority = str(self.folder / "authority.pem")

    def settings(self):
        """What else the template asks for."""
        return {}

    def make_certificates(self):
        names = ",".join(f"DNS:{name}" for name in self.domains)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch"]
        server = ["-keyout", "server.key", "-out", "server.csr"]
        (self.folder / "names").write_text(f"subjectAltName={names}\n")
        for command in (
                ["req", "-x509", *key, "-subj", "/CN=test authority", "-days", "30",
                 "-keyout", "authority.key", "-out", "authority.pem"],
                ["req", "-new", *key, "-subj", "/CN=test server", *server],
                ["x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey",
                 "authority.key", "-CAcreateserial", "-days", "30", "-extfile", "names",
                 "-out", "server.pem"]):
            subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)

    def write_config(self):
        for kind in ("starttls", "tls"):
            self.listeners.setdefault(kind, ("127.0.0.1", free_port()))
        text = self.template.format(data=self.data, folder=self.folder, **self.settings(),
                                    **{kind: port for kind, (_, port) in self.listeners.items()})
        for name, options in self.domains.items():
            admins = ", ".join(f'"{admin}"' for admin in options.get("admins", []))
            text += f'VirtualHost "{name}"\n  admins = {{ {admins} }}\n'
            if options.get("registration") == "open":
                text += "  allow_registration = true\n"
        (self.folder / "prosody.cfg.lua").write_text(text)

    def start(self, patience=30):
        if not Path(self.authority).exists():
            for folder in (self.data, self.folder / "certs"):
                folder.mkdir(parents=True, exist_ok=True)
            self.make_certificates()
        self.write_config()
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen(
                ["prosody", "-F", "--config", str(self.folder / "prosody.cfg.lua")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + stretched(patience)
        for address in self.listeners.values():
            while True:
                try:
                    socket.create_connection(address, 1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        output = (self.folder / "output.log").read_text()
                        raise RuntimeError(f"prosody did not start: {output}{self.logged()}")
                    time.sleep(0.05)

    def add_user(self, jid, password):
        user, domain = jid.split("@")
        folder = self.data / domain.replace(".", "%2e").replace("-", "%2d") / "accounts"
        folder.mkdir(parents=True, exist_ok=True)
        quoted = "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in user)
        (folder / f"{quoted}.dat").write_text(f'return {{ ["password"] = "{password}"; }};\n')

    def add_users(self, users):
        for user in users:
            self.add_user(*user)


def make(kind, domains, **options):
    return Prosody(domains, **options) if kind == "prosody" else Herold(domains, **options)
