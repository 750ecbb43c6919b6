"""Profanity in a terminal of its own, with an account and the authority that it is to trust."""
import subprocess
from pathlib import Path

import meeting as m

PREFERENCES = """[ui]
splash=false
[connection]
tls.certpath={certificates}
[logging]
chlog=false
[omemo]
trustmode=blind
"""
ACCOUNT = """[{name}]
enabled=true
jid={name}@{domain}
server={host}
port={port}
password={password}
resource={resource}
tls.policy=force
"""


class Profanity(m.Terminal):
    """`name` is the account's; `device` its resource and the name of its folder."""

    def __init__(self, meeting, name, device, authority=None):
        self.name, home = name, meeting.home / device
        certificates = home / "certificates"
        config, data = home / "config/profanity", home / "data/profanity"
        for folder in (certificates, config, data):
            folder.mkdir(parents=True)
        authority = Path(authority or meeting.server.authority)
        (certificates / "authority.pem").write_text(authority.read_text())
        # OpenSSL looks for it under the name of its hash.
        subprocess.run(["openssl", "rehash", str(certificates)], check=True, capture_output=True)
        (config / "profrc").write_text(PREFERENCES.format(certificates=certificates))
        (data / "accounts").write_text(ACCOUNT.format(
            name=name, domain=m.DOMAIN, host=meeting.host, port=meeting.port,
            password=m.PASSWORD, resource=device))
        super().__init__(home, ["profanity"], {
            "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(home)})
        self.shows("Profanity", "/help")

    def connects(self):
        self.line(f"/connect {self.name}")
        shown = self.shows("logged in successfully", "certificate", "Login failed", "failed")
        if shown != "logged in successfully":
            raise m.Failed(f"Profanity did not sign in:\n{self.screen()}")
