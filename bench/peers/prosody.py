"""Debian's Prosody: its epoll backend, files as storage, passwords as SCRAM-SHA-1 keys."""
from pathlib import Path

from .common import DOMAIN, Peer

PUSH = Path("/usr/lib/prosody/modules/mod_cloud_notify")  # of the package prosody-modules

CONFIG = """
data_path = "{data}"
pidfile = "{folder}/prosody.pid"
log = {{ warn = "{folder}/server.log" }}
run_as_root = true  -- of a benchmark on loopback
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {plain}, {starttls} }}
c2s_direct_tls_ports = {{ {tls} }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
network_backend = "epoll"
network_settings = {{ highest_allowed_fd = 20000 }}
authentication = "internal_hashed"
storage = "internal"
c2s_require_encryption = false
allow_registration = true
registration_throttle_max = 1000000
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "carbons", "smacks", "csi_simple",
  "private", "vcard_legacy", "pep", "blocklist", "version", "time", "ping", "lastactivity",
  "register", "posix"{more} }}
modules_disabled = {{ "s2s" }}
ssl = {{ certificate = "{certificate}/server.crt"; key = "{certificate}/server.key" }}
c2s_direct_tls_ssl = ssl
VirtualHost "{domain}"
Component "conference.{domain}" "muc"
restrict_room_creation = false
muc_room_default_public_jids = false
"""
ARCHIVES = """modules_enabled = { "muc_mam" }
"""


class Prosody(Peer):
    name = "prosody"
    packages = ["prosody", "lua-event", "lua-dbi-sqlite3"]
    program = "prosody"
    has_push = PUSH.exists()
    largest_room = 50  # 500 need more than four minutes

    def configure(self):
        (self.folder / "certs").mkdir(exist_ok=True)
        more = ["cloud_notify"] * self.has_push + ["mam"] * self.archives
        text = CONFIG.format(
            data=self.data, folder=self.folder, domain=DOMAIN, certificate=self.certificate,
            more="".join(f', "{name}"' for name in more), **self.ports)
        (self.folder / "prosody.cfg.lua").write_text(text + ARCHIVES * self.archives)

    def commands(self):
        return [(["prosody", "-F", "--config", str(self.folder / "prosody.cfg.lua")], None)]
