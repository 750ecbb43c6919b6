"""Herold itself, with its durable storage on and only the limits on rates raised."""
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .common import DOMAIN, Peer

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
data = "{data}"
[[domain]]
name = "{domain}"
registration = "open"
[tls]
certificate = "{certificate}/server.crt"
key = "{certificate}/server.key"
[listen]
client = ["127.0.0.1:{starttls}"]
client_tls = ["127.0.0.1:{tls}"]
client_plain = ["127.0.0.1:{plain}"]
[limits]
connection_rate = 1000000
connection_burst = 1000000
connections_unauthenticated = 10000
unauthenticated_fd_percent = 90
client_bandwidth = 1000000000
client_bandwidth_burst = 1000000000
registrations_per_prefix = 1000000
presence_rate = 1000000
push_rate = 1000000
room_occupant_rate = 1000000
room_occupant_burst = 1000000
offline_messages = 1000000
offline_bytes = 1000000000
presence_burst = 1000000
strangers = 1000000
scram_iterations = 4096
[module.archive]
enabled = {archives}
"""


class Herold(Peer):
    name = "herold"
    binary = os.environ.get("HEROLD_BIN", str(ROOT / "build/release/bin/herold"))

    @classmethod
    def is_installed(cls):
        return Path(cls.binary).exists()

    def configure(self):
        (self.folder / "herold.toml").write_text(CONFIG.format(
            data=self.data, domain=DOMAIN, certificate=self.certificate,
            archives=str(self.archives).lower(), **self.ports))

    def room_options(self):
        return ["--room-field", f"muc#roomconfig_enablelogging={int(self.archives)}"]

    def commands(self):
        return [([self.binary, "serve", "--config", str(self.folder / "herold.toml")], None)]

    def make_users(self, run_load, count):
        if super().make_users(run_load, count) == "":
            return ""
        # Without in-band registration: one command a user, which the running server carries out.
        with ThreadPoolExecutor(2) as pool:
            errors = pool.map(self.add_user, range(count))
        return next((error for error in errors if error), "")

    def add_user(self, number):
        done = subprocess.run(
            [self.binary, "--config", str(self.folder / "herold.toml"), "user", "add",
             f"user{number}@{DOMAIN}", "--password-stdin"], input="secret\n", text=True,
            capture_output=True)
        return done.stdout + done.stderr if done.returncode else ""

    def version(self):
        done = subprocess.run([self.binary, "version"], capture_output=True, text=True)
        return done.stdout.split()[-1] if done.stdout.split() else "unknown"
