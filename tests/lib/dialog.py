"""Reads and plays `*.dialog` scripts: clients that send and expect, against a real server."""
import codecs
import re
import textwrap
import time
import xml.parsers.expat
from pathlib import Path

from . import sasl2
from .certificates import Authority
from .client import Client, Closed, Connection, Refused, Timeout, become_contacts
from .component import Component
from .element import SM, STREAM, parse
from .match import fill, match
from .patience import patience

PASSWORD = "r0m30 & <juliet>"
DEFAULT_DOMAIN = "xmpp.test"
# Bounds of a wait: long for what must come, short for what must not.
PATIENCE = 8.0
QUIET = 0.15


class Broken(Exception):
    """The script itself cannot be understood."""


class Failed(Exception):
    """The server did something else than the script says."""


class Step:
    """One sentence of a script with its block, at its line."""

    def __init__(self, line, sentence):
        self.line, self.sentence, self.block = line, sentence, ""


class Dialog:
    """A script: its declarations (who, which domains, what server) and its steps."""

    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.stem
        self.title = ""
        self.slug = self.name.replace("_", "-")
        self.clients = {}       # name -> (jid, resource, transport, managed, mechanism)
        self.components = {}    # name -> (domain, secret); further `config:` lines are of it
        self.accounts = {}      # as written -> as on the server
        self.unregistered = set()   # accounts that the dialog makes by itself, or never
        self.domains = {}       # as written -> (as on the server, options)
        self.skip = {}          # server kind -> reason
        self.certified = {}     # client name -> (name of the authority, addresses as written)
        self.limits, self.extra, self.own_server = {}, [], False
        self.steps = []
        self.read()

    def read(self):
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            if line.startswith("#"):
                self.title = self.title or line.lstrip("# ")
                continue
            if not line.strip():
                continue
            if line[0].isspace():
                if not self.steps:
                    raise Broken(f"{self.path}:{number}: a block without a sentence")
                self.steps[-1].block += line + "\n"
            elif not self.declare(line.strip(), number):
                self.steps.append(Step(number, line.strip()))

    def declare(self, line, number):
        """Takes a declaration; False when the line is a step."""
        if found := re.fullmatch(r"client (\w+) is (\S+@[^/\s]+)(?:/(\S+?))?((?:, [^,]+)*)", line):
            name, jid, resource, options = found.groups()
            chosen = [option.strip() for option in options.split(",") if option.strip()]
            transport = next((o[5:] for o in chosen if o.startswith("over ")), "starttls")
            mechanism = next((o[6:] for o in chosen if o.startswith("using ")), None)
            self.account(jid)
            if "unregistered" in chosen:
                self.unregistered.add(self.accounts[jid])
            self.clients[name] = (jid, resource or "", transport, "managed" in chosen, mechanism)
            for option in chosen:
                if found := re.fullmatch(r"certified by ([\w-]+)(?: as (.+))?", option):
                    names = re.findall(r"\S+@\S+", found[2] if found[2] else jid)
                    self.certified[name] = (found[1], names)
        elif found := re.fullmatch(r"account (\S+)", line):
            self.account(found[1])
        elif found := re.fullmatch(
                r"domain (\S+?):?((?: registration open| anonymous|,| admins \S+@\S+)*)", line):
            self.domain(found[1], found[2])
        elif found := re.fullmatch(r"not on (\w+): (.+)", line):
            self.skip[found[1]] = found[2]
        elif found := re.fullmatch(r"limit (\w+) = (\S+)", line):
            self.limits[found[1]], self.own_server = found[2], True
        elif found := re.fullmatch(r"config: (.+)", line):
            self.extra.append(found[1])
            self.own_server = True
        elif found := re.fullmatch(r"component (\w+) is ([\w.-]+)", line):
            name, domain = found.groups()
            if domain not in [known for known, _ in self.components.values()]:
                self.extra += ["[[component]]", f'name = "{domain}"', 'secret = "the frog"']
            self.components[name] = (domain, "the frog")
            self.skip["prosody"] = "components are configured otherwise"
            self.own_server = True
        elif line == "own server":
            self.own_server = True
        else:
            return False
        if self.steps:
            raise Broken(f"{self.path}:{number}: declarations come before the first step")
        return True

    def domain(self, name, options):
        actual = f"{self.slug}.{name}"
        admins = re.findall(r"admins (\S+?),?(?= |$)", options)
        for admin in admins:
            self.account(admin, actual)
        self.domains[name] = (actual, {
            "registration": "open" if "registration open" in options else "closed",
            "anonymous": " anonymous" in options,
            "admins": [self.accounts[admin] for admin in admins]})

    def account(self, jid, domain=None):
        user, written = jid.split("@")
        actual = domain or self.domains.get(written, (written, None))[0]
        self.accounts[jid] = f"{user}-{self.slug}@{actual}".lower()

    def make_authorities(self, folder):
        return {name: Authority(folder, name) for name, _ in self.certified.values()}

    def server_domains(self):
        found = {DEFAULT_DOMAIN: {}}
        found.update({actual: options for actual, options in self.domains.values()})
        return found

    def rewrite(self, text):
        """The script's addresses, as they are on the server."""
        for written, actual in self.accounts.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(written)}(?![\w.-])", actual, text)
        for written, (actual, _) in self.domains.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(written)}(?![\w-])", actual, text)
        return text


class Player:
    """Plays one dialog on one server. Sentences are looked up in SENTENCES, first match wins."""

    def __init__(self, dialog, server):
        self.dialog, self.server = dialog, server
        self.names = {"domain": DEFAULT_DOMAIN, "password": PASSWORD.replace("&", "&amp;")
                      .replace("<", "&lt;")}
        self.clients, self.ignored, self.step = {}, {}, None
        for name, (jid, resource, transport, managed, mechanism) in dialog.clients.items():
            if transport not in server.listeners and transport == "plain":
                transport = "starttls"
            client = Client(server, dialog.accounts[jid], PASSWORD, resource, transport, mechanism,
                            timeout=PATIENCE)
            client.managed = managed
            self.clients[name], self.ignored[name] = client, []
            if name in dialog.certified:
                by, addresses = dialog.certified[name]
                client.certificate = dialog.make_authorities(server.folder)[by].certify(
                    name, [dialog.rewrite(address) for address in addresses])
            self.names[f"{name}.user"], self.names[f"{name}.jid"] = client.user, client.jid

        for name, (domain, secret) in dialog.components.items():
            component = Component(server, domain, secret, DEFAULT_DOMAIN, timeout=PATIENCE)
            component.managed = False
            self.clients[name], self.ignored[name] = component, []

    def accounts(self):
        return [(jid, PASSWORD) for jid in dict.fromkeys(self.dialog.accounts.values())
                if jid not in self.dialog.unregistered]

    def play(self):
        try:
            for self.step in self.dialog.steps:
                self.perform(self.step)
        except (Timeout, Closed, Refused, ValueError) as error:
            kind = {Timeout: "nothing came in time", Closed: "the connection ended"}
            raise Failed(f"{kind.get(type(error), 'refused')}: {error}") from error
        finally:
            for client in self.clients.values():
                if client.connection:
                    client.drop()

    def perform(self, step):
        for pattern, action in SENTENCES:
            if found := re.fullmatch(pattern, step.sentence):
                words = found.groups()
                if "client" not in pattern and words and words[0] not in self.clients:
                    continue
                return action(self, *words)
        raise Broken(f"no such sentence: {step.sentence}")

    def patterns(self):
        text = self.dialog.rewrite(self.step.block)
        try:
            found = parse(text)
        except xml.parsers.expat.ExpatError as error:
            raise Broken(f"the block is not XML: {error}") from error
        if not found:
            raise Broken("the block is empty")
        return found

    # Sentences

    def connects(self, name):
        client = self.clients[name]
        client.queue.clear()
        client.connect(client.managed)
        self.names[f"{name}.full"] = client.full

    def comes_online(self, name):
        client = self.clients[name]
        if not client.connection or client.connection.closed:
            self.connects(name)
        client.roster()
        client.available()

    def signs_in(self, name):
        self.clients[name].queue.clear()
        self.clients[name].sign_in()

    def opens(self, name):
        """Connected and secured, not signed in."""
        client = self.clients[name]
        client.queue.clear()
        client.connection = Connection(self.server.listeners[client.transport], client.domain,
                                       self.server.authority, PATIENCE,
                                       certificate=client.certificate)
        if client.transport == "tls":
            client.connection.start_tls("xmpp-client")
        elif client.transport == "starttls":
            client.connection.secure_by_starttls()
        client.connection.open_stream()

    def authenticates(self, name, mechanism, token=None):
        """SASL2 (XEP-0388) with what stands in the block; the answer is there to be looked at."""
        client = self.clients[name]
        children = fill(self.dialog.rewrite(textwrap.dedent(self.step.block)).strip(), self.names)
        secret = fill(token, self.names) if token else client.password
        answer = sasl2.authenticate(client.connection, client.user, secret, mechanism,
                                    re.sub(r">\s+<", "><", children))
        self.take_sign_in(client, answer)

    def takes_code(self, name, uri):
        """The second factor's task, with the code of now."""
        client = self.clients[name]
        code = sasl2.code(sasl2.secret_of(fill(uri, self.names)))
        client.connection.send(f"<next xmlns='{sasl2.SASL2}' task='TOTP'>"
                               f"<totp xmlns='{sasl2.MFA}'>{code}</totp></next>")
        self.take_sign_in(client, client.connection.read())

    def proves_code(self, name, uri):
        """Sets the second factor up with the code of now (XEP-0400 section 5.1)."""
        code = sasl2.code(sasl2.secret_of(fill(uri, self.names)))
        self.clients[name].send(f"<iq type='set' id='code'><setup xmlns='{sasl2.MFA}'>{code}"
                                "</setup></iq>")

    def take_sign_in(self, client, answer):
        client.queue.append(answer)
        if answer.name != "success":
            return
        client.full = answer.find("authorization-identifier").text
        client.resource = client.full.partition("/")[2]
        client.sm_enabled = False
        bound = answer.child("bound", "urn:xmpp:bind:0")
        enabled = bound.child("enabled", SM) if bound else None
        resumed = answer.child("resumed", SM)
        if enabled or resumed:
            client.sm_id = enabled.get("id") if enabled else resumed.get("previd")
            client.sm_enabled = True
        if enabled:
            client.sm_in, client.sm_out, client.unacked = 0, 0, []
        if not resumed:
            client.connection.features = client.connection.read()

    def features(self, name):
        """The features that stood in the last stream header's answer."""
        client = self.clients[name]
        [expected] = self.patterns()
        matched, self.names, reason = match(expected, client.connection.features, "", self.names)
        if not matched:
            raise Failed(f"{name} was offered\n    {client.connection.features}\n  {reason}")

    def cannot_sign_in(self, name, condition):
        try:
            self.clients[name].sign_in()
        except Refused as refusal:
            if not refusal.element.child(condition) and refusal.element.error() != condition:
                raise Failed(f"refused with {refusal.element}, expected {condition}") from None
            return
        raise Failed(f"{name} signed in, expected {condition}")

    def uses_password(self, name, password):
        self.clients[name].password = password

    def contacts(self, one, two):
        pair = []
        for name in (one, two):
            client = self.clients[name]
            other = Client(self.server, client.jid, PASSWORD, f"setup-{name}",
                           timeout=PATIENCE).connect()
            other.roster()
            other.available()
            pair.append(other)
        become_contacts(*pair)
        for client in pair:
            client.settle(0)
            client.disconnect()

    def sends(self, name):
        text = fill(self.dialog.rewrite(textwrap.dedent(self.step.block)).strip(), self.names)
        try:
            elements = parse(text)
        except xml.parsers.expat.ExpatError as error:
            raise Broken(f"the block is not XML: {error}") from error
        client = self.clients[name]
        for element in elements:
            client.send(element)

    def sends_bytes(self, name, quoted):
        raw = codecs.escape_decode(fill(self.dialog.rewrite(quoted), self.names).encode())[0]
        self.clients[name].connection.send(raw)

    def next_for(self, name, wanted, deadline):
        """The next element for one of `wanted`, past what is declared ignored."""
        client = self.clients[name]
        while True:
            element = client.receive(max(0, deadline - time.monotonic()))
            names = self.names
            if any(match(pattern, element, client.full, names)[0] for pattern in wanted):
                return element
            if not self.passed_over(name, element):
                return element

    def passed_over(self, name, element):
        """Declared ignored, or the optional answer to a probe of someone offline (RFC 6121)."""
        if (element.name == "presence" and element.get("type") == "unavailable"
                and "/" not in element.get("from", "/")):
            return True
        full = self.clients[name].full
        return any(match(pattern, element, full, {})[0] for pattern in self.ignored[name])

    def receives(self, name, seconds=None):
        for expected in self.patterns():
            self.expect(name, [expected], seconds)

    def receives_unordered(self, name, seconds=None):
        wanted = self.patterns()
        while wanted:
            wanted.remove(self.expect(name, wanted, seconds))

    def expect(self, name, wanted, seconds):
        """Waits for one of `wanted` and returns it."""
        client = self.clients[name]
        deadline = time.monotonic() + patience(float(seconds or PATIENCE))
        if wanted[0].namespace == SM and wanted[0].name in ("a", "r"):
            return self.expect_management(client, wanted[0], deadline)
        try:
            element = self.next_for(name, wanted, deadline)
        except Timeout:
            raise Failed(f"{name} received nothing, expected\n{show(wanted)}") from None
        except Closed as error:
            raise Failed(f"{name}'s connection ended ({error}), expected\n{show(wanted)}") from None
        reasons = []
        for expected in wanted:
            matched, names, reason = match(expected, element, client.full, self.names)
            if matched:
                self.names = names
                return expected
            reasons.append(reason)
        raise Failed(f"{name} received\n    {element}\nexpected\n{show(wanted)}\n"
                     + "\n".join(f"  {reason}" for reason in reasons))

    def expect_management(self, client, wanted, deadline):
        """An acknowledgement or a request for one; those before it are passed over."""
        came, client.sm_hidden = client.sm_hidden, []
        client.sm_shown = {wanted.name}
        try:
            while True:
                element = came.pop(0) if came else client.wait_for(
                    lambda e: e.namespace == SM, max(0, deadline - time.monotonic()))
                matched, names, _ = match(wanted, element, client.full, self.names)
                if matched:
                    self.names = names
                    client.sm_hidden = came
                    return wanted
        except Timeout:
            raise Failed(f"did not receive {wanted}") from None
        finally:
            client.sm_shown = set()

    def receives_nothing(self, name):
        for other in self.clients.values():
            if other.full and other.connection and not other.connection.closed:
                other.settle(0)
        client = self.clients[name]
        client.settle(QUIET)
        for element in client.queue:
            if not self.passed_over(name, element):
                raise Failed(f"{name} received\n    {element}\nexpected nothing")
        client.queue.clear()

    def ignores(self, name):
        self.ignored[name] += self.patterns()

    def settles(self, name):
        self.clients[name].settle(QUIET)
        self.clients[name].queue.clear()

    def everyone_settles(self):
        for _ in range(2):
            for client in self.clients.values():
                if client.full and client.connection and not client.connection.closed:
                    client.settle(QUIET / 2)
                    client.queue.clear()

    def disconnects(self, name):
        self.clients[name].disconnect()

    def loses(self, name):
        self.clients[name].drop()

    def resumes(self, name):
        self.clients[name].resume()

    def is_disconnected(self, name):
        client = self.clients[name]
        try:
            element = self.next_for(name, [], time.monotonic() + patience(PATIENCE))
        except Closed:
            client.drop()
            return
        except Timeout:
            raise Failed(f"{name} is still connected") from None
        if element.namespace == STREAM:
            client.drop()
            return
        raise Failed(f"{name} received\n    {element}\nexpected the end of the connection")

    def silent_acks(self, name):
        self.clients[name].acknowledges = False

    def silent_pings(self, name):
        self.clients[name].answer_pings = False

    def restarts(self, how):
        if not self.dialog.own_server:
            raise Broken("only a dialog with its own server may stop it")
        self.server.kill() if how == "is killed and restarts" else self.server.stop()
        self.server.start()

    def enters_room(self, name, room, nick):
        """Until the subject has come (XEP-0045 section 7.1); others look at it as they wish."""
        client, room = self.clients[name], self.dialog.rewrite(room)
        client.send(parse(f"<presence to='{room}/{nick}'>"
                          "<x xmlns='http://jabber.org/protocol/muc'/></presence>")[0])
        client.wait_for(lambda e: e.name == "message" and e.child("subject"), PATIENCE)
        client.queue.clear()

    def opens_room(self, name, room, nick):
        """An instant room (XEP-0045 section 10.1.2)."""
        self.enters_room(name, room, nick)
        client, room = self.clients[name], self.dialog.rewrite(room)
        client.send(parse(f"<iq type='set' id='open-room' to='{room}'>"
                          "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                          "<x xmlns='jabber:x:data' type='submit'/></query></iq>")[0])
        client.wait_for(lambda e: e.get("id") == "open-room", PATIENCE)
        client.queue.clear()

    def waits(self, seconds):
        time.sleep(float(seconds))


SENTENCES = [
    (r"(\w+) connects", Player.connects),
    (r"(\w+) comes online", Player.comes_online),
    (r"(\w+) signs in", Player.signs_in),
    (r"(\w+) authenticates with ([\w-]+):?", Player.authenticates),
    (r"(\w+) authenticates with ([\w-]+) and the token (\S+?):?", Player.authenticates),
    (r"(\w+) answers with the code of (\S+)", Player.takes_code),
    (r"(\w+) proves the code of (\S+)", Player.proves_code),
    (r"(\w+) is offered:", Player.features),
    (r"(\w+) cannot sign in: ([\w-]+)", Player.cannot_sign_in),
    (r"(\w+) uses the password (\S+)", Player.uses_password),
    (r"(\w+) opens a stream", Player.opens),
    (r"(\w+) and (\w+) are contacts", Player.contacts),
    (r"(\w+) sends:", Player.sends),
    (r"(\w+) sends bytes: (.+)", Player.sends_bytes),
    (r"(\w+) receives:", Player.receives),
    (r"(\w+) receives within ([\d.]+) s:", Player.receives),
    (r"(\w+) receives in any order:", Player.receives_unordered),
    (r"(\w+) receives nothing", Player.receives_nothing),
    (r"(\w+) ignores:", Player.ignores),
    (r"(\w+) opens the room (\S+) as (\S+)", Player.opens_room),
    (r"(\w+) enters the room (\S+) as (\S+)", Player.enters_room),
    (r"everyone settles", Player.everyone_settles),
    (r"(\w+) settles", Player.settles),
    (r"(\w+) disconnects", Player.disconnects),
    (r"(\w+) loses the connection", Player.loses),
    (r"(\w+) resumes", Player.resumes),
    (r"(\w+) is disconnected", Player.is_disconnected),
    (r"(\w+) acknowledges nothing", Player.silent_acks),
    (r"(\w+) answers no pings", Player.silent_pings),
    (r"(?#client)the server (restarts|is killed and restarts)", Player.restarts),
    (r"(?#client)wait ([\d.]+) s", Player.waits),
]


def show(patterns):
    return "\n".join(f"    {pattern}" for pattern in patterns)
