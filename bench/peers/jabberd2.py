"""Debian's jabberd2: router, session manager and client side as three processes, SQLite storage."""
import gzip
import re
import sqlite3
import time
from pathlib import Path

from .common import DOMAIN, FILES, Peer, free_port

SCHEMA = "/usr/share/doc/jabberd2/db-setup.sqlite.gz"


class Jabberd2(Peer):
    name = "jabberd2"
    packages = ["jabberd2"]
    program = "jabberd2-c2s"
    mechanism = "PLAIN"  # its packages offer no SCRAM
    has_management = False
    has_rooms = has_push = has_archives = False
    # When a connection's number is used again at once, the end of its old session hits the new one.
    retries = 1000000

    def __init__(self, folder, certificate):
        super().__init__(folder, certificate)
        self.ports["plain"] = self.ports["starttls"]  # one listener for both
        self.router_port = free_port()

    def configure(self):
        database = self.data / "sqlite.db"
        if not database.exists():
            connection = sqlite3.connect(database)
            connection.executescript(gzip.open(SCHEMA, "rt").read())
            connection.close()
        for name in ("router", "sm", "c2s"):
            (self.folder / f"{name}.xml").write_text(self.adapt(name))
        for name in ("router-users.xml", "router-filter.xml"):
            (self.folder / name).write_text(Path("/etc/jabberd2", name).read_text())

    def adapt(self, name):
        """Debian's own configuration with our folders, ports, certificate and no limits."""
        text = Path(f"/etc/jabberd2/{name}.xml").read_text()
        pem = f"{self.certificate}/server.pem"
        text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
        for folder in ("/etc/jabberd2", "/var/run/jabberd2", "/var/log/jabberd2"):
            text = text.replace(folder, str(self.folder))
        text = text.replace("/var/lib/jabberd2", str(self.data))
        text = text.replace("<ip>0.0.0.0</ip>", "<ip>127.0.0.1</ip>")
        text = text.replace("<port>5347</port>", f"<port>{self.router_port}</port>")
        text = text.replace("<max_fds>1024</max_fds>", f"<max_fds>{FILES}</max_fds>")
        text = text.replace("<stanzas>1000</stanzas>", "<stanzas>0</stanzas>")
        text = text.replace("<id register-enable='mu'>",
                            f"<id register-enable='mu' pemfile='{pem}'>")
        text = text.replace("localhost.localdomain", DOMAIN)
        return text.replace("<port>5222</port>", f"<port>{self.ports['starttls']}</port>"
                            f"<ssl-port>{self.ports['tls']}</ssl-port><pemfile>{pem}</pemfile>")

    def commands(self):
        for name in ("router", "sm", "c2s"):
            yield [f"jabberd2-{name}", "-c", str(self.folder / f"{name}.xml")], None
            if name == "router":
                self.wait_for(self.router_port, time.monotonic() + 10)
