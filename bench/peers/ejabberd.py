"""Debian's ejabberd: its Mnesia storage, passwords as SCRAM-SHA-1 keys, no limits on rates."""
import os

from .common import DOMAIN, FILES, Peer

CONFIG = """
hosts: ["{domain}"]
loglevel: warning
certfiles: ["{certificate}/server.pem"]
listen:
  - {{port: {plain}, ip: "127.0.0.1", module: ejabberd_c2s, shaper: none, access: all,
     backlog: 1000}}
  - {{port: {starttls}, ip: "127.0.0.1", module: ejabberd_c2s, shaper: none, access: all,
     backlog: 1000, starttls: true}}
  - {{port: {tls}, ip: "127.0.0.1", module: ejabberd_c2s, shaper: none, access: all,
     backlog: 1000, tls: true}}
auth_method: internal
auth_password_format: scram
registration_timeout: infinity
acl: {{local: {{user_regexp: ""}}}}
access_rules: {{}}
shaper_rules:
  max_user_offline_messages: infinity
modules:
  mod_adhoc: {{}}
  mod_blocking: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco: {{}}
  mod_last: {{}}
  mod_muc:
    access: all
    access_create: all
    access_persistent: all
    max_users: 20000
    max_users_presence: 20000
    max_user_conferences: 100
    user_message_shaper: none
    user_presence_shaper: none
    room_shaper: none
    default_room_options: {{max_users: 20000, anonymous: true, logging: false, mam: {archives}}}
  mod_offline: {{access_max_user_messages: max_user_offline_messages}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_push: {{}}
  mod_register: {{access: all, ip_access: all}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{}}
  mod_time: {{}}
  mod_vcard: {{search: false}}
  mod_version: {{}}
"""
ARCHIVES = """  mod_mam: {default: always}
"""


class Ejabberd(Peer):
    name = "ejabberd"
    packages = ["ejabberd"]
    program = "ejabberdctl"
    libraries = "/usr/lib/x86_64-linux-gnu"  # as Debian's ejabberdctl says
    emulator = []  # more options for Erlang

    def configure(self):
        text = CONFIG.format(domain=DOMAIN, certificate=self.certificate,
                             archives=str(self.archives).lower(), **self.ports)
        (self.folder / "ejabberd.yml").write_text(text + ARCHIVES * self.archives)

    def commands(self):
        # What Debian's ejabberdctl runs, without changing the user and without distribution.
        environment = {**os.environ, "ERL_LIBS": self.libraries, "HOME": str(self.folder),
                       "EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"),
                       "EJABBERD_LOG_PATH": str(self.folder / "server.log"),
                       "ERL_MAX_PORTS": str(FILES + 12000),
                       "ERL_CRASH_DUMP": str(self.folder / "crash.dump")}
        return [(["erl", "+K", "true", "+P", "250000", *self.emulator, "-noinput", "-mnesia", "dir",
                  f'"{self.data}"', "-s", "ejabberd"], environment)]


class EjabberdNoWait(Ejabberd):
    """The same without Erlang's busy waiting, which costs CPU time when there is little to do."""

    name = "ejabberd-nowait"
    emulator = ["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]
