"""A real client (romeo) meets a scripted one (juliet): accounts, contacts, and what must be seen."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True
from lib import server as servers  # noqa: E402
from lib.client import Client, Timeout, become_contacts  # noqa: E402
from lib.patience import patience  # noqa: E402

DOMAIN = "xmpp.test"
GUESTS = "guests.test"  # where one signs in without an account
ROMEO, JULIET = f"romeo@{DOMAIN}", f"juliet@{DOMAIN}"
PASSWORD = "correct-horse"
ROOM, ROOM_PASSWORD = f"balcony@conference.{DOMAIN}", "cauldronburn"
PATIENCE = patience(30.0)
SKIPPED = 77


class Failed(Exception):
    """The client did not do what it should; the text says what was missing."""


class Meeting:
    """The server, juliet online, and a folder that is the real client's home."""

    def __init__(self, server):
        self.server = server
        server.add_users([(ROMEO, PASSWORD), (JULIET, PASSWORD)])
        romeo = Client(server, ROMEO, PASSWORD, "setup").connect()
        self.juliet = Client(server, JULIET, PASSWORD, "balcony", timeout=PATIENCE).connect()
        romeo.available()
        self.juliet.available()
        become_contacts(romeo, self.juliet)
        romeo.disconnect()
        self.juliet.settle()
        self.juliet.queue.clear()
        self.host, self.port = server.listeners["starttls"]
        self.home = Path(tempfile.mkdtemp(prefix="herold-client-"))

    def sees_romeo_online(self):
        """Juliet receives his presence."""
        presence = self.juliet.wait_for(
            lambda e: e.name == "presence" and e.get("from", "").startswith(ROMEO + "/")
            and e.get("type") is None, PATIENCE)
        return presence.get("from")

    def says(self, text, to=ROMEO):
        self.juliet.send(f"<message to='{to}' type='chat'><body>{text}</body></message>")

    def hears(self, text):
        """Juliet receives a message with that text."""
        return self.juliet.wait_for(
            lambda e: e.name == "message" and e.child("body") is not None
            and text in e.child("body").text, PATIENCE)

    def opens_room(self):
        """A room of juliet's that asks for a password (XEP-0045 section 10.1.3)."""
        self.room = ROOM
        self.juliet.send(f"<presence to='{ROOM}/juliet'>"
                         "<x xmlns='http://jabber.org/protocol/muc'/></presence>")
        fields = {"passwordprotectedroom": "1", "roomsecret": ROOM_PASSWORD}
        form = "".join(f"<field var='muc#roomconfig_{name}'><value>{value}</value></field>"
                       for name, value in fields.items())
        self.juliet.send(f"<iq type='set' id='open' to='{ROOM}'>"
                         "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                         f"<x xmlns='jabber:x:data' type='submit'>{form}</x></query></iq>")
        answer = self.juliet.wait_for(lambda e: e.get("id") == "open", PATIENCE)
        if answer.get("type") != "result":
            raise Failed(f"the room did not open: {answer}")

    def sees_in_room(self, nick):
        self.juliet.wait_for(lambda e: e.name == "presence" and e.get("type") is None
                             and e.get("from") == f"{ROOM}/{nick}", PATIENCE)

    def says_in_room(self, text):
        self.juliet.send(f"<message to='{ROOM}' type='groupchat'><body>{text}</body></message>")
        self.hears(text)  # it comes back

    def close(self):
        self.juliet.drop()
        shutil.rmtree(self.home, ignore_errors=True)


def strange_authority(folder):
    """The file of an authority that signed nothing here: with it nobody may get in."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-batch", "-subj", "/CN=stranger",
                    "-keyout", "strange.key", "-out", "strange.pem"], cwd=folder, check=True,
                   capture_output=True)
    return str(Path(folder) / "strange.pem")


class Terminal:
    """A terminal program in a tmux of its own, driven by keys and read from the screen."""

    def __init__(self, folder, command, environment):
        self.socket = str(Path(folder) / "tmux")
        self.program = command[0]
        self.environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8",
                            **environment}
        self.tmux("new-session", "-d", "-x", "120", "-y", "40", "-s", "t", *command)

    def tmux(self, *words, check=True):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *words],
                              capture_output=True, text=True, check=check, env=self.environment)

    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", "t", check=False).stdout

    def line(self, text):
        """Types a line."""
        self.tmux("send-keys", "-t", "t", "-l", text)
        self.tmux("send-keys", "-t", "t", "Enter")

    def keys(self, *names):
        self.tmux("send-keys", "-t", "t", *names)

    def shows(self, *texts, patience=PATIENCE):
        """Waits until any of the texts is on the screen and returns it."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            screen = self.screen()
            for text in texts:
                if text in screen:
                    return text
            time.sleep(0.1)
        raise Failed(f"{self.program} never showed {' or '.join(texts)}; its screen:\n{screen}")

    def close(self):
        self.tmux("kill-server", check=False)


def namespace(*ways):
    """The first of the ways, as words, to start a program in a mount namespace of its own."""
    for words in ways:
        probe = [*words, "mount", "--bind", "/tmp", "/mnt"]
        if subprocess.run(probe, capture_output=True).returncode == 0:
            return words
    print("skipped: may not make a mount namespace here")
    sys.exit(SKIPPED)


def need(*programs):
    """Skips the test when a program is not installed."""
    for program in programs:
        if not shutil.which(program):
            print(f"skipped: {program} is not installed")
            sys.exit(SKIPPED)


def hold(play, *extra_arguments):
    """Starts a server, plays the meeting, and turns what happens into an exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", choices=["herold", "prosody"], default="herold")
    parser.add_argument("--bin", default=None)
    parser.add_argument("--shards", type=int, default=0, help="threads of the server")
    for argument in extra_arguments:
        parser.add_argument(argument)
    options = parser.parse_args()
    with servers.make(options.server, {DOMAIN: {}, GUESTS: {"anonymous": True}},
                      binary=options.bin, shards=options.shards) as server:
        meeting = Meeting(server)
        try:
            play(meeting, options)
        except (Failed, Timeout) as error:
            print(f"FAILED: {type(error).__name__} {error}")
            sys.exit(1)
        finally:
            meeting.close()
    print("signed in with the certificate verified, saw roster and presence, sent and received")
