"""Servers that talk to each other: names, certificates, and Debian's Prosody and ejabberd as peers."""
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from .certificates import Authority
from .patience import patience as stretched
from .server import Herold, Prosody, Server, free_port

UNBOUND = """
server:
 interface: 127.0.0.1
 port: {port}
 username: ""
 chroot: ""
 pidfile: ""
 directory: "{folder}"
 use-syslog: no
 logfile: "{folder}/unbound.log"
 do-ip6: no
 module-config: "iterator"
 local-zone: "." static
{data}
remote-control:
 control-enable: no
"""


def missing_packages(*packages):
    """Those of Debian's packages that are not there, by a file of each."""
    files = {"unbound": "/usr/sbin/unbound", "prosody": "/usr/bin/prosody",
             "ejabberd": "/usr/sbin/ejabberdctl",
             "lua-unbound": "/usr/lib/x86_64-linux-gnu/lua/5.4/lunbound.so"}
    return [package for package in packages if not Path(files[package]).exists()]


class Names:
    """A name server in which each domain has SRV records; `servers` maps names to their server.

    Without a `target` each domain has a host of its own.
    """

    def __init__(self, folder, servers, target=None):
        self.folder, self.port, self.process = Path(folder), free_port(), None
        data = []
        for name, server in servers.items():
            host = target or f"s.{name}"
            data += [f'local-data: "s.{name}. 60 IN A 127.0.0.1"',
                     f'local-data: "_xmpp-server._tcp.{name}. 60 IN SRV 1 0 '
                     f'{server.listeners["s2s"][1]} {host}."']
            if "s2s_tls" in server.listeners:
                data.append(f'local-data: "_xmpps-server._tcp.{name}. 60 IN SRV 2 0 '
                            f'{server.listeners["s2s_tls"][1]} {host}."')
        (self.folder / "unbound.conf").write_text(UNBOUND.format(
            port=self.port, folder=self.folder, data="\n".join(f" {line}" for line in data)))

    def __enter__(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/unbound", "-d", "-c", str(self.folder / "unbound.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + stretched(15)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("unbound did not start") from None
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def names_of(domain):
    return [domain, f"conference.{domain}"]


class Federation:
    """What servers of one network have in common: a folder, authorities, names.

    Their `proof` is "certificate", where all trust the one authority and none speaks dialback, or
    "dialback", where nobody trusts the authority of anybody.
    """

    def __init__(self, folder, proof="certificate"):
        self.folder, self.proof = Path(folder), proof
        self.authority = Authority(self.folder, "authority")
        self.nobody = Authority(self.folder, "nobody")
        self.names = {}  # of all servers
        self.server_of, self.target = None, None

    @property
    def trusted(self):
        """The file of the authorities whose certificates count between servers."""
        chosen = self.authority if self.proof == "certificate" else self.nobody
        return str(self.folder / f"{chosen.name}.pem")

    def certificate(self, domain):
        made = self.folder / f"{domain}.pem"
        if not made.exists():
            self.authority.certify_server(domain, names_of(domain))
        return str(made), str(self.folder / f"{domain}.key")

    def enrol(self, server, domain):
        """The server's names, and a port for other servers that it keeps when it is restarted."""
        server.listeners["s2s"] = ("127.0.0.1", free_port())
        server.authority = str(self.folder / "authority.pem")
        self.names.update({name: server for name in names_of(domain)})

    def serve_names(self):
        """To be entered before servers start; afterwards no more may be enrolled."""
        self.server_of = Names(self.folder, self.names, self.target)
        return self.server_of

    def subfolder(self, name):
        made = self.folder / name
        made.mkdir(exist_ok=True)
        return made


class PeerHerold(Herold):
    """Herold with listeners for servers and a certificate of the network's authority.

    It is told where the others are: the network's name server signs nothing, so its word would
    count as forged.
    """

    def __init__(self, federation, domain, binary=None, limits=None, options=""):
        limits = {"peer_retry_first": 1, "peer_retry_most": 2, **(limits or {})}
        super().__init__({domain: {}}, binary, federation.subfolder(domain), limits,
                         federates=True)
        self.federation, self.domain, self.options = federation, domain, options
        self.listeners["s2s_tls"] = ("127.0.0.1", free_port())
        federation.enrol(self, domain)

    def others(self):
        """Where the other servers are."""
        return ["[federation.hosts]",
                *(f'"{name}" = ["127.0.0.1:{server.listeners["s2s"][1]}"]'
                  for name, server in self.federation.names.items() if server is not self)]

    def write_config(self):
        certificate, key = self.federation.certificate(self.domain)
        os.chmod(key, 0o600)
        self.extra = "\n".join([
            "[tls]", f'certificate = "{certificate}"', f'key = "{key}"',
            "[federation]", f'trust = "{self.federation.proof}"',
            f'authorities = "{self.federation.trusted}"', 'networks = ["127.0.0.0/8"]',
            self.options, *self.others()])
        super().write_config()


PROSODY = """
data_path = "{data}"
pidfile = "{folder}/prosody.pid"
log = {{ {{ levels = {{ min = "debug" }}, to = "file", filename = "{folder}/server.log" }} }}
run_as_root = true  -- of no account on loopback in a test
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {starttls} }}
c2s_direct_tls_ports = {{ {tls} }}
s2s_ports = {{ {s2s} }}
http_ports = {{ }}
https_ports = {{ }}
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = true
s2s_require_encryption = true
s2s_secure_auth = {secure}
s2s_timeout = 20
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "private", "vcard_legacy", "pep",
  "blocklist", "carbons", "smacks", "version", "uptime", "time", "ping", "lastactivity", "posix",
  "offline", "presence", "message", "iq", "c2s", "s2s", {modules} }}
unbound = {{ resolvconf = false, hoststxt = false, forward = {{ "127.0.0.1@{names}" }} }}
ssl = {{ certificate = "{certificate}", key = "{key}", cafile = "{trusted}" }}
c2s_direct_tls_ssl = {{ certificate = "{certificate}", key = "{key}" }}
"""


class PeerProsody(Prosody):
    """Debian's Prosody, which finds other servers by the network's names."""

    template = PROSODY

    def __init__(self, federation, domain, modules=("s2s_bidi",)):
        super().__init__({domain: {}}, federation.subfolder(domain))
        self.federation, self.domain = federation, domain
        self.modules = list(modules)
        if federation.proof == "dialback":
            self.modules.append("dialback")
        federation.enrol(self, domain)

    def make_certificates(self):
        """They are the network's."""

    def start(self, patience=30):
        self.data.mkdir(exist_ok=True)
        super().start(patience)

    def settings(self):
        certificate, key = self.federation.certificate(self.domain)
        return {"certificate": certificate, "key": key, "trusted": self.federation.trusted,
                "names": self.federation.server_of.port,
                "secure": "true" if self.federation.proof == "certificate" else "false",
                "modules": ", ".join(f'"{module}"' for module in self.modules)}

    def write_config(self):
        super().write_config()
        with open(self.folder / "prosody.cfg.lua", "a", encoding="utf-8") as file:
            file.write(f'Component "conference.{self.domain}" "muc"\n')


EJABBERD = """
hosts: ["{domain}"]
loglevel: debug
certfiles: ["{folder}/chain.pem"]
ca_file: "{trusted}"
s2s_cafile: "{trusted}"
s2s_use_starttls: required
s2s_timeout: 20
s2s_dns_timeout: 5
listen:
  - {{port: {starttls}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, starttls: true}}
  - {{port: {tls}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, tls: true}}
  - {{port: {s2s}, ip: "127.0.0.1", module: ejabberd_s2s_in}}
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
acl: {{local: {{user_regexp: ""}}}}
access_rules: {{}}
api_permissions: {{}}
modules:
  mod_adhoc: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_last: {{}}
  mod_muc:
    host: "conference.{domain}"
    access: all
    access_create: all
    access_persistent: all
  mod_offline: {{}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_pubsub: {{plugins: [flat, pep], pep_mapping: {{}}}}
  mod_register: {{access: all, ip_access: all}}
  mod_roster: {{}}
  {dialback}
  mod_stream_mgmt: {{}}
  mod_time: {{}}
  mod_vcard: {{search: false}}
  mod_version: {{}}
"""
INETRC = ('{{edns,0}}. {{resolv_conf,""}}. {{hosts_file,""}}. {{lookup,[dns]}}. '
          '{{nameserver,{{127,0,0,1}},{port}}}.\n')


class PeerEjabberd(Server):
    """Debian's ejabberd, without its command's change of user and without distribution."""

    kind = "ejabberd"

    def __init__(self, federation, domain):
        super().__init__({domain: {}}, federation.subfolder(domain))
        self.federation, self.domain = federation, domain
        for kind in ("starttls", "tls"):
            self.listeners[kind] = ("127.0.0.1", free_port())
        federation.enrol(self, domain)
        # It asks the name server for services, but the system for the addresses of hosts.
        federation.target = "localhost"

    def write_config(self):
        self.data.mkdir(exist_ok=True)
        certificate, key = self.federation.certificate(self.domain)
        (self.folder / "chain.pem").write_text(Path(certificate).read_text()
                                               + Path(key).read_text())
        dialback = "mod_s2s_dialback: {}" if self.federation.proof == "dialback" else ""
        (self.folder / "ejabberd.yml").write_text(EJABBERD.format(
            domain=self.domain, folder=self.folder, trusted=self.federation.trusted,
            dialback=dialback,
            **{kind: address[1] for kind, address in self.listeners.items()}))
        (self.folder / "inetrc").write_text(INETRC.format(port=self.federation.server_of.port))

    @staticmethod
    def program():
        """Its folder, of whatever version; to look for it as ERL_LIBS does takes minutes."""
        return str(next(Path("/usr/lib").glob("*-linux-gnu/ejabberd-*/ebin")))

    def start(self, patience=120):
        self.write_config()
        environment = {**os.environ, "HOME": str(self.folder), "ERL_MAX_PORTS": "4096",
                       "ERL_INETRC": str(self.folder / "inetrc"),
                       "EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"),
                       "EJABBERD_LOG_PATH": str(self.log),
                       "ERL_CRASH_DUMP": str(self.folder / "crash.dump")}
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen(
                ["erl", "+K", "true", "+sbwt", "none", "-noinput", "-pa", self.program(),
                 "-mnesia", "dir", f'"{self.data}"', "-s", "ejabberd"],
                env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + stretched(patience)
        for address in self.listeners.values():
            while True:
                try:
                    socket.create_connection(address, 1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        output = (self.folder / "output.log").read_text()
                        raise RuntimeError(f"ejabberd did not start: {output[-3000:]}"
                                           f"{self.log_tail()}") from None
                    time.sleep(0.1)

    def add_users(self, users):
        """By registering them from a client (XEP-0077)."""
        from .client import Connection
        for jid, password in users:
            user, domain = jid.split("@")
            connection = Connection(self.listeners["starttls"], domain, self.authority, 20)
            connection.secure_by_starttls()
            connection.open_stream()
            connection.send("<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>"
                            f"{user}</username><password>{password}</password></query></iq>")
            answer = connection.read()
            connection.close()
            if answer.get("type") != "result":
                raise RuntimeError(f"ejabberd registers nobody: {answer}")


def remove(folder):
    if not os.environ.get("HEROLD_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)
