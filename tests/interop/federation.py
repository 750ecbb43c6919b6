"""What a user here and one of another server do with each other, whatever that server is."""
import argparse
import base64
import hashlib
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True
from lib import peers  # noqa: E402
from lib.client import Client, Closed, Timeout, become_contacts  # noqa: E402

SKIPPED = 77
PASSWORD = "0123456789abcdef"
HERE, THERE = "herold.example", "peer.example"
INFO = "http://jabber.org/protocol/disco#info"
CAPS = "http://jabber.org/protocol/caps"
MUC = "http://jabber.org/protocol/muc"
PUBSUB = "http://jabber.org/protocol/pubsub"
DATA, METADATA = "urn:xmpp:avatar:data", "urn:xmpp:avatar:metadata"
# Publications of an account here reach contacts elsewhere, and theirs reach accounts here.
AVATARS_CROSS = True


class Failed(Exception):
    pass


class Person(Client):
    """Somebody whose client wants avatars and says so (XEP-0115)."""

    node, features = "https://herold.example/tests", sorted([INFO, CAPS, METADATA + "+notify"])

    def __init__(self, server, jid, resource):
        super().__init__(server, jid, PASSWORD, resource, timeout=20)
        self.caps = ""

    def comes_online(self):
        self.connect()
        self.roster()
        text = "client/pc//tests<" + "".join(f"{feature}<" for feature in self.features)
        version = base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()
        self.caps = f"<c xmlns='{CAPS}' hash='sha-1' node='{self.node}' ver='{version}'/>"
        self.available(self.caps)
        return self

    def filter(self, element):
        if super().filter(element):
            return True
        query = element.child("query", INFO) if element.name == "iq" else None
        if query is None or element.get("type") != "get":
            return False
        node = f" node='{query.get('node')}'" if query.get("node") else ""
        features = "".join(f"<feature var='{feature}'/>" for feature in self.features)
        self.send(f"<iq type='result' to='{element.get('from')}' id='{element.get('id')}'><query "
                  f"xmlns='{INFO}'{node}><identity category='client' type='pc' name='tests'/>"
                  f"{features}</query></iq>")
        return True

    def hears(self, what, **attributes):
        """The next stanza of that name with these attributes ("body" is its body's text)."""
        body = attributes.pop("body", None)
        attributes = {key.rstrip("_"): value for key, value in attributes.items()}

        def fits(element):
            return (element.name == what
                    and all(element.get(key) == value for key, value in attributes.items())
                    and (body is None or text_of(element, "body") == body))
        for element in self.queue:
            if fits(element):
                self.queue.remove(element)
                return element
        try:
            return self.wait_for(fits)
        except (Timeout, Closed) as error:
            raise Failed(f"{self.full} hears no {what} with {attributes}, body {body}: "
                         f"{error!r}; but {[str(e) for e in self.queue[-5:]]}") from error

    def says(self, to, body, kind="chat"):
        self.send(f"<message to='{to}' type='{kind}' id='m{time.monotonic_ns()}'>"
                  f"<body>{body}</body></message>")


def text_of(element, name):
    child = element.find(name)
    return child.text if child is not None else None


def expect(condition, text):
    if not condition:
        raise Failed(text)


def messages(one, other):
    """A message to the account and an answer to the client that wrote it."""
    one.says(other.jid, f"hello from {one.domain}")
    heard = other.hears("message", from_=one.full, body=f"hello from {one.domain}")
    other.says(heard.get("from"), f"answer from {other.domain}")
    one.hears("message", from_=other.full, body=f"answer from {other.domain}")


def many_messages(one, other, count=200):
    """All of them, once and in their order."""
    for number in range(count):
        one.says(other.full, f"{number} of {count}")
    heard = [text_of(other.hears("message", from_=one.full), "body") for _ in range(count)]
    expect(heard == [f"{number} of {count}" for number in range(count)], f"heard {heard}")


def contacts(one, other):
    """Both subscribe, see each other come, change and leave."""
    become_contacts(one, other)
    for changes, sees in ((one, other), (other, one)):
        changes.send(f"<presence><show>away</show><status>tea</status>{changes.caps}</presence>")
        while text_of(sees.hears("presence", from_=changes.full), "show") != "away":
            pass
    items = {item.get("jid"): item.get("subscription")
             for item in one.roster().find("query").elements}
    expect(items.get(other.jid) == "both", f"the roster of {one.jid} is {items}")
    again = Person(other.server, other.jid, "second").comes_online()
    one.hears("presence", from_=again.full)
    again.hears("presence", from_=one.full)
    again.disconnect()
    one.hears("presence", from_=again.full, type="unavailable")


def queries(one, other):
    """What a client asks of a server and of somebody there."""
    version = one.ask("get", "<query xmlns='jabber:iq:version'/>", to=other.domain)
    expect(version.get("type") == "result", f"version: {version}")
    info = one.ask("get", f"<query xmlns='{INFO}'/>", to=other.domain)
    expect("server" in [e.get("category") for e in info.find("query").elements], f"disco: {info}")
    items = one.ask("get", "<query xmlns='http://jabber.org/protocol/disco#items'/>",
                    to=other.domain)
    expect(f"conference.{other.domain}" in [e.get("jid") for e in items.find("query").elements],
           f"items: {items}")
    ping = one.ask("get", "<ping xmlns='urn:xmpp:ping'/>", to=other.domain)
    expect(ping.get("type") == "result", f"ping: {ping}")
    nobody = one.ask("get", "<query xmlns='jabber:iq:version'/>", to=f"nobody@{other.domain}")
    expect(nobody.get("type") == "error" and nobody.find("service-unavailable"), f"iq: {nobody}")
    gone = one.ask("get", "<query xmlns='jabber:iq:version'/>", to=f"{other.jid}/not-there")
    expect(gone.get("type") == "error" and gone.find("service-unavailable"), f"iq: {gone}")
    one.says(f"nobody@{other.domain}", "anybody?")
    one.hears("message", from_=f"nobody@{other.domain}", type="error")


def room(owner, guest):
    """A room of `owner`, in which `guest` from elsewhere hears what was said and what is."""
    name = f"garden@conference.{owner.domain}"
    owner.send(f"<presence to='{name}/host'><x xmlns='{MUC}'/></presence>")
    owner.hears("presence", from_=f"{name}/host")
    owner.hears("message", from_=name)  # the subject
    owner.ask("set", "<query xmlns='http://jabber.org/protocol/muc#owner'>"
              "<x xmlns='jabber:x:data' type='submit'/></query>", to=name)
    owner.says(name, "before", "groupchat")
    owner.hears("message", from_=f"{name}/host", body="before")
    guest.send(f"<presence to='{name}/guest'><x xmlns='{MUC}'/></presence>")
    guest.hears("presence", from_=f"{name}/host")
    mine = guest.hears("presence", from_=f"{name}/guest")
    expect("110" in str(mine), f"own presence: {mine}")
    history = guest.hears("message", from_=f"{name}/host", body="before")
    expect(history.child("delay", "urn:xmpp:delay"), f"history: {history}")
    owner.hears("presence", from_=f"{name}/guest")
    guest.says(name, "from afar", "groupchat")
    for hears in (owner, guest):
        hears.hears("message", from_=f"{name}/guest", body="from afar")
    owner.says(name, "welcome", "groupchat")
    guest.hears("message", from_=f"{name}/host", body="welcome")
    guest.says(f"{name}/host", "between us")
    owner.hears("message", from_=f"{name}/guest", body="between us")
    guest.send(f"<presence to='{name}/guest' type='unavailable'/>")
    guest.hears("presence", from_=f"{name}/guest", type="unavailable")
    owner.hears("presence", from_=f"{name}/guest", type="unavailable")


def avatar(one, other):
    """A new avatar is told to the contact, who reads it."""
    for person in (one, other):
        person.settle(1)  # each server asks the other's client what it wants (XEP-0115)
    for publisher, reader in ((one, other), (other, one)):
        picture = f"the face of {publisher.jid}".encode()
        number = hashlib.sha1(picture).hexdigest()
        data = f"<data xmlns='{DATA}'>{base64.b64encode(picture).decode()}</data>"
        metadata = (f"<metadata xmlns='{METADATA}'><info id='{number}' bytes='{len(picture)}' "
                    "type='image/png'/></metadata>")
        for node, payload in ((DATA, data), (METADATA, metadata)):
            answer = publisher.ask("set", f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'>"
                                   f"<item id='{number}'>{payload}</item></publish></pubsub>")
            expect(answer.get("type") == "result", f"publishing: {answer}")
        event = reader.hears("message", from_=publisher.jid)
        expect(number in str(event), f"{reader.jid} is told {event}")
        items = reader.ask("get", f"<pubsub xmlns='{PUBSUB}'><items node='{DATA}'>"
                           f"<item id='{number}'/></items></pubsub>", to=publisher.jid)
        found = items.find("data")
        expect(found is not None and base64.b64decode(found.text) == picture, f"avatar: {items}")


def both_ways(juliet, romeo):
    """Everything, begun by each of them."""
    for step in (messages, many_messages, queries, room):
        for one, other in ((juliet, romeo), (romeo, juliet)):
            step(one, other)
            print(f"  {step.__name__:<14} {one.domain} -> {other.domain}: {step.__doc__}")
    contacts(juliet, romeo)
    print(f"  contacts       {contacts.__doc__}")
    if AVATARS_CROSS:
        avatar(juliet, romeo)
        print(f"  avatar         {avatar.__doc__}")
    else:
        print("  avatar         not yet: publications do not cross")


def log_lines(server, *words):
    return [line for line in server.logged().splitlines() if all(word in line for word in words)]


def meet(options, proof, make_peer, check):
    """Herold and a peer, where each shows `proof`; then `check`, which looks at both logs."""
    folder = Path(tempfile.mkdtemp(prefix="herold-federation-"))
    began = time.monotonic()
    try:
        federation = peers.Federation(folder, proof)
        here, there = peers.PeerHerold(federation, HERE, options.bin), make_peer(federation)
        with federation.serve_names(), there, here:
            try:
                here.add_users([(f"juliet@{HERE}", PASSWORD)])
                there.add_users([(f"romeo@{THERE}", PASSWORD)])
                print(f"{there.kind}, each side proven by {proof}:")
                juliet = Person(here, f"juliet@{HERE}", "balcony").comes_online()
                romeo = Person(there, f"romeo@{THERE}", "orchard").comes_online()
                both_ways(juliet, romeo)
                check(here, there, proof)
                for person in (juliet, romeo):
                    person.disconnect()
            except Exception:
                print(f"--- herold\n{here.log_tail(60)}\n--- {there.kind}\n{there.log_tail(80)}",
                      file=sys.stderr)
                raise
    finally:
        peers.remove(folder)
    print(f"  {time.monotonic() - began:.1f} s")


def accepted_by(here, proof):
    """Both sides were shown what they wanted."""
    lines = log_lines(here, "peer-accepted", THERE) + log_lines(here, "peer-connected", THERE)
    expect(lines, "no stream was accepted")
    wrong = [line for line in lines if proof not in line]
    expect(not wrong, f"proven otherwise than by {proof}: {wrong}")
    refused = log_lines(here, "peer-refused")
    expect(not refused, f"somebody was refused: {refused}")


def main(doc, packages, play):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--bin", default=None)
    options = parser.parse_args()
    missing = peers.missing_packages(*packages)
    if missing:
        print(f"skipped: not installed: {' '.join(missing)}")
        sys.exit(SKIPPED)
    play(options)
