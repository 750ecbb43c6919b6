"""Cases of the hostile catalogue that take more than sending bytes and reading the answer."""
import base64
import socket
import ssl
import threading
import time
import warnings

from lib import scram
from lib.client import Closed, Connection, Refused, Timeout
from lib.element import SASL

from expect import PATIENCE, Unexpected, Watcher, check


def restart_elsewhere(case):
    """11: after signing in, the stream is restarted for another domain."""
    connection = case.connect("stream")
    sign_in_without_restart(case, connection)
    connection.send(connection.header(to="elsewhere.test"))
    case.expect(Watcher(connection))


def sign_in_without_restart(case, connection):
    mechanism = "SCRAM-SHA-1"
    exchange = scram.begin(mechanism, case.user, case.password)
    connection.send(auth(mechanism, exchange.first))
    challenge = connection.read()
    connection.send(response(exchange.answer(scram.decode(challenge.text))))
    if connection.read().name != "success":
        raise Unexpected("could not sign in")
    connection.builder = type(connection.builder)(1)


def auth(mechanism, data):
    return f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{scram.encode(data)}</auth>"


def response(data):
    return f"<response xmlns='{SASL}'>{scram.encode(data)}</response>"


def attributes(case):
    """19: 100 different attributes on one element."""
    connection = case.connect("online")
    many = " ".join(f"a{number}='1'" for number in range(100))
    connection.send(f"<message id='many' to='{case.full}'><x xmlns='urn:x' {many}/></message>")
    case.expect(case.watcher(connection))


def split_every_byte(case):
    """22: the same stanza whole and byte by byte gives the same."""
    connection = case.connect("online")
    watcher = case.watcher(connection)
    text = (f"<message to='{case.full}' type='chat'><body>h\u00e9llo &amp; \U0001f600"
            f"<![CDATA[<]]></body></message>").encode()
    connection.send(text)
    for byte in text:
        connection.send(bytes([byte]))
    for _ in range(2):
        check(watcher, "receives body h\u00e9llo & \U0001f600<")


def silent_before_login(case):
    """28: nothing is sent after the features; the time before login is bounded."""
    case.expect(Watcher(case.connect("stream")))


def slow_through_all_phases(case):
    """28: half the time goes by before STARTTLS, which leaves half for the rest: somebody who came
    meanwhile and did nothing is there for longer."""
    slow = case.connect("connected")
    time.sleep(2)
    later = case.connect("connected")
    slow.secure_by_starttls()
    slow.open_stream()
    check(Watcher(slow), "stream connection-timeout")
    try:
        raise Unexpected(f"the one that came later was ended before: {later.read(0.05)}")
    except Timeout:
        pass


def pipelined_starttls(case):
    """29: what was sent in clear behind <starttls/> is not taken as if it were secured."""
    connection = case.connect("open")
    connection.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
                    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AA==</auth>")
    try:
        if connection.read().name == "proceed":
            connection.start_tls()
            connection.open_stream()
            came = connection.read(0.5)
            raise Unexpected(f"the pipelined bytes were answered: {came}")
    except (Closed, Timeout, OSError, Refused):
        pass


def refused_handshake(case, change, name=None):
    context = ssl.create_default_context(cafile=case.server.authority)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    change(context)
    with socket.create_connection(case.server.listeners["tls"], timeout=PATIENCE) as raw:
        try:
            secured = context.wrap_socket(raw, server_hostname=name or case.domain)
            return secured.recv(1) if secured.version() else b""
        except (ssl.SSLError, OSError):
            return None


def wrong_alpn(case):
    """33: a client that speaks only another protocol (XEP-0368)."""
    if refused_handshake(case, lambda c: c.set_alpn_protocols(["h2"])):
        raise Unexpected("the handshake with ALPN h2 went through")


def unknown_name(case):
    """33: an unknown name in SNI ends in an alert, or in host-unknown at the stream."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(case.server.listeners["tls"], timeout=PATIENCE) as raw:
        try:
            secured = context.wrap_socket(raw, server_hostname="elsewhere.test")
        except (ssl.SSLError, OSError):
            return
        connection = Connection.__new__(Connection)
        connection.__dict__.update(case.blank_connection(secured, "elsewhere.test"))
        connection.send(connection.header())
        check(Watcher(connection), "stream host-unknown")


def old_version(case, version):
    def change(context):
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    if refused_handshake(case, change) is not None:
        raise Unexpected(f"the handshake with {version.name} went through")


def tls_1_0(case):
    """33: TLS 1.0 is refused (RFC 8996)."""
    old_version(case, ssl.TLSVersion.TLSv1)


def tls_1_1(case):
    """33: TLS 1.1 is refused (RFC 8996)."""
    old_version(case, ssl.TLSVersion.TLSv1_1)


def pipelined_registration(case):
    """47: a registration with the login behind it in one write: answered in that order, and the
    answer does not land inside the login."""
    connection = case.connect("stream")
    user = f"new-{case.user}"
    exchange = scram.begin("SCRAM-SHA-1", user, case.password)
    connection.send("<iq type='set' id='r'><query xmlns='jabber:iq:register'>"
                    f"<username>{user}</username><password>{case.password}</password></query></iq>"
                    + auth("SCRAM-SHA-1", exchange.first))
    answers = [connection.read(), connection.read()]
    if [answer.name for answer in answers] != ["iq", "challenge"]:
        raise Unexpected(f"answered with {answers}")
    if answers[0].get("type") != "result":
        raise Unexpected(f"not registered: {answers[0]}")
    connection.send(response(exchange.answer(scram.decode(answers[1].text))))
    case.expect(case.watcher(connection))


def stalled_handshake(case):
    """34: half a ClientHello, then silence."""
    with socket.create_connection(case.server.listeners["tls"], timeout=PATIENCE) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        try:
            while raw.recv(4096):
                pass
        except TimeoutError:
            raise Unexpected("the stalled handshake was not ended") from None
        except OSError:
            pass


def scram_with(case, mechanism, tamper, binding=None, header=None):
    """Plays SCRAM with one message changed by `tamper(final)`."""
    connection = case.connect("stream")
    exchange = scram.Scram(mechanism, case.user, case.password, binding)
    if header:
        exchange.header = exchange.bound = header
        exchange.first = header + exchange.bare
    connection.send(auth(mechanism, exchange.first))
    watcher = Watcher(connection)
    answer = watcher.find(lambda e: e.namespace == SASL, "an answer")
    if answer.name == "challenge":
        connection.send(response(tamper(exchange.answer(scram.decode(answer.text)))))
    else:
        watcher.position = 0
    case.expect(watcher)


def scram_downgrade(case):
    """39: the flag y says "you offer no channel binding", which is not true (RFC 5802)."""
    scram_with(case, "SCRAM-SHA-1", lambda final: final, header=b"y,,")


def scram_wrong_binding(case):
    """40: the data of another TLS connection."""
    scram_with(case, "SCRAM-SHA-1-PLUS", lambda final: final,
               binding=("tls-server-end-point", b"\0" * 32))


def scram_wrong_nonce(case):
    """41: the final message carries another nonce."""
    scram_with(case, "SCRAM-SHA-1", lambda final: final.replace(b",r=", b",r=x", 1))


def scram_short_proof(case):
    """41: a proof of four bytes."""
    scram_with(case, "SCRAM-SHA-1",
               lambda final: final.split(b",p=")[0] + b",p=" + base64.b64encode(b"abcd"))


def unknown_user(case):
    """43: same salt each time, same count of iterations as for others, same failure."""
    challenges = []
    for _ in range(2):
        connection = case.connect("stream")
        exchange = scram.Scram("SCRAM-SHA-1", "nobody-here", "wrong")
        connection.send(auth("SCRAM-SHA-1", exchange.first))
        answer = connection.read()
        if answer.name != "challenge":
            raise Unexpected(f"an unknown user is told apart at once: {answer}")
        text = scram.decode(answer.text)
        challenges.append(text.split(b",", 1)[1])
        connection.send(response(exchange.answer(text)))
        case.expect(Watcher(connection))
    if challenges[0] != challenges[1]:
        raise Unexpected(f"the made-up salt changes: {challenges}")


def guessing(case):
    """46: ten wrong passwords; then not even the right one from here, but others sign in."""
    for _ in range(10):
        connection = case.connect("stream")
        exchange = scram.begin("SCRAM-SHA-1", case.user, "wrong")
        connection.send(auth("SCRAM-SHA-1", exchange.first))
        connection.send(response(exchange.answer(scram.decode(connection.read().text))))
        check(Watcher(connection), "sasl not-authorized")
        connection.drop()
    try:
        case.client().sign_in()
        raise Unexpected("the eleventh attempt was let in")
    except Refused as refusal:
        if not refusal.element.child("temporary-auth-failure"):
            raise Unexpected(f"refused with {refusal.element}") from None
    case.other_client().sign_in()


def disabled_account(case):
    """52: an account that the administration disabled."""
    case.administer("user", "disable", case.jid)
    try:
        case.client().sign_in()
        raise Unexpected("a disabled account signed in")
    except Refused as refusal:
        if not refusal.element.child("account-disabled"):
            raise Unexpected(f"refused with {refusal.element}") from None
    finally:
        case.administer("user", "enable", case.jid)


def resource_taken(case):
    """54: the newer session wins."""
    first, second = case.client("same"), case.client("same")
    first.connect()
    second.connect()
    case.expect(Watcher(first.connection))
    check(case.watcher(second.connection), "alive")


def too_many_resources(case):
    """56: the bound on resources an account."""
    for number in range(20):
        case.client(f"r{number}").connect()
    try:
        case.client("over").connect()
        raise Unexpected("the 21st resource was bound")
    except Refused as refusal:
        names = [child.name for child in refusal.element.child("error").elements]
        if "resource-constraint" not in names:
            raise Unexpected(f"refused with {refusal.element}") from None


def resume_foreign(case):
    """59: somebody else's session id tells nothing."""
    mine = case.client("mine").connect(managed=True)
    thief = case.other_client()
    thief.sign_in()
    thief.connection.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{mine.sm_id}' h='0'/>")
    case.expect(Watcher(thief.connection))
    check(case.watcher(mine.connection), "alive")


def resume_twice(case):
    """63: two sockets resume the same session at the same time."""
    first = case.client("one").connect(managed=True)
    first.drop()
    racers = [case.client("one") for _ in range(2)]
    for racer in racers:
        racer.sign_in()
    gate = threading.Barrier(2)
    outcomes = []

    def race(racer):
        gate.wait()
        racer.connection.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{first.sm_id}' h='0'/>")
        outcomes.append(racer.connection.read().name)

    threads = [threading.Thread(target=race, args=(racer,)) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The later one may resume what the earlier just resumed; never both live.
    alive = 0
    for racer in racers:
        try:
            check(case.watcher(racer.connection), "alive")
            alive += 1
        except (Unexpected, Closed):
            pass
    if "resumed" not in outcomes or alive > 1 and outcomes.count("resumed") != 1:
        raise Unexpected(f"outcomes {outcomes}, {alive} alive")


def resume_at_the_limit(case):
    """64: the client comes back just when its second is over: resumed with its message, or the
    message is handed over to the next session; never both, never neither."""
    sender = case.other_client().connect()
    for early in (0.06, 0.02, 0, -0.02):
        client = case.client("back").connect()
        client.available()
        client.send("<enable xmlns='urn:xmpp:sm:3' resume='true' max='1'/>")
        client.wait_for(lambda e: e.name == "enabled")
        ready = case.client("back")
        ready.sign_in()
        client.drop()
        dropped = time.monotonic()
        sender.send(f"<message to='{client.jid}' type='chat'><body>once</body></message>")
        time.sleep(max(0, dropped + 1 - early - time.monotonic()))
        ready.sm_id, ready.sm_in = client.sm_id, client.sm_in
        ready.connection.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{ready.sm_id}' "
                              f"h='{ready.sm_in}'/>")
        answer = ready.connection.read()
        ready.sm_enabled = answer.name == "resumed"
        if answer.name == "failed":
            ready.bind()
            ready.send("<presence/>")
        elif answer.name != "resumed":
            raise Unexpected(f"answered with {answer}")
        ready.settle(0.3)
        ready.settle(0.1)
        bodies = [e for e in ready.queue if e.name == "message" and e.child("body")]
        if len(bodies) != 1:
            raise Unexpected(f"{answer.name}, then {len(bodies)} messages: {ready.queue}")
        if ready.sm_enabled:
            ready.connection.send(f"<a xmlns='urn:xmpp:sm:3' h='{ready.sm_in}'/>")
        ready.disconnect()


def never_acknowledges(case):
    """65: 4 MB go to a client that reads and never acknowledges: all arrive, in order, and the
    session lives; it is only resumption that it may lose."""
    client = case.client("mute")
    client.acknowledges = False
    client.connect(managed=True)
    sender = case.other_client().connect()
    for first in range(0, 400, 40):
        numbers = range(first, first + 40)
        sender.send("".join(f"<message to='{client.full}' id='{number}'><body>{'x' * 10000}</body>"
                            "</message>" for number in numbers))
        for number in numbers:
            got = client.receive().get("id")
            if got != str(number):
                raise Unexpected(f"message {got} came, expected {number}")
    client.settle()
    if client.queue:
        raise Unexpected(f"something else came: {client.queue}")


def deleted_in_session(case):
    """67: the administration removes the account of somebody who is online."""
    client = case.client("here").connect()
    case.administer("user", "remove", case.jid)
    case.expect(Watcher(client.connection))


def presence_leak(case):
    """76: an IQ to an unknown account and one to an account that exists are answered alike."""
    connection = case.connect("online")
    answers = []
    watcher = case.watcher(connection)
    for target in (f"nobody@{case.domain}", case.other_jid):
        connection.send(f"<iq id='leak' type='get' to='{target}'><x xmlns='urn:example:x'/></iq>")
        answer = watcher.find(lambda e: e.get("id") == "leak", "an answer")
        answer.attributes.pop("from", None)
        answers.append(str(answer))
    if answers[0] != answers[1]:
        raise Unexpected(f"told apart: {answers}")


def long_id(case):
    """80: the id comes back as it was."""
    connection = case.connect("online")
    number = "\"'<>&\n\u00e9" * 40
    escaped = (number.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
               .replace("\n", "&#10;"))
    connection.send(f"<iq id='{escaped}' type='get' to='{case.domain}'>"
                    "<ping xmlns='urn:xmpp:ping'/></iq>")
    case.watcher(connection).find(lambda e: e.get("id") == number, "the same id")


def order(case):
    """81: 2,000 messages arrive in the order of sending."""
    sender = case.client("sender").connect()
    receiver = case.other_client().connect()
    total = 2000
    batch = "".join(f"<message to='{receiver.full}' id='{number}'><body>x</body></message>"
                    for number in range(total))
    threading.Thread(target=sender.connection.send, args=(batch,), daemon=True).start()
    for number in range(total):
        got = receiver.receive().get("id")
        if got != str(number):
            raise Unexpected(f"message {got} came, expected {number}")


def many_groups(case):
    """87: an item in 100 groups."""
    connection = case.connect("online")
    groups = "".join(f"<group>g{number}</group>" for number in range(100))
    connection.send(f"<iq id='g' type='set'><query xmlns='jabber:iq:roster'>"
                    f"<item jid='a@{case.domain}'>{groups}</item></query></iq>")
    case.expect(case.watcher(connection))


def subscription_storm(case):
    """88: what strangers ask is kept up to the limit, the rest is dropped."""
    for jid in case.strangers():
        stranger = case.client_of(jid, "s").connect()
        stranger.send(f"<presence type='subscribe' to='{case.jid}'/>")
        stranger.settle()
        stranger.disconnect()
    owner = case.client().connect()
    owner.available()
    owner.settle()
    asked = {e.get("from") for e in owner.queue if e.get("type") == "subscribe"}
    if len(asked) != 5:
        raise Unexpected(f"{len(asked)} requests came, expected 5")


def directed_storm(case):
    """95: directed presence to 10,000 different addresses."""
    connection = case.connect("online")
    connection.send("".join(f"<presence to='u{number}@{case.domain}'/>" for number in range(10000)))
    case.expect(case.watcher(connection))


def too_many_strangers(case):
    """83: messages to more different people than may be written to; contacts are no strangers."""
    connection = case.connect("online")
    watcher = case.watcher(connection)
    most = 100
    connection.send("".join(f"<message to='u{number}-{case.user}@{case.domain}' id='{number}' "
                            "type='chat'><body>buy</body></message>"
                            for number in range(most + 5)))
    refused = []
    for _ in range(most + 5):
        answer = watcher.find(lambda e: e.name == "message" and e.get("type") == "error",
                              "an error")
        names = [child.name for child in answer.child("error").elements]
        if "unexpected-request" in names and "too-many-stanzas" in names:
            refused.append(int(answer.get("id")))
        elif "service-unavailable" not in names:
            raise Unexpected(f"refused with {answer}")
    if sorted(refused) != list(range(most, most + 5)):
        raise Unexpected(f"refused {sorted(refused)}")
    # What was written to before may be written to on.
    connection.send(f"<message to='u0-{case.user}@{case.domain}' type='chat'><body>x</body>"
                    "</message>")
    case.expect(watcher)


def presence_coalesced(case):
    """93: 300 presences at once reach others as about a hundred, the newest of them last."""
    watching = case.client("watching").connect()
    watching.available()
    connection = case.connect("online")
    watching.settle(0.2)
    watching.queue.clear()
    connection.send("".join(f"<presence><status>{number}</status></presence>"
                            for number in range(300)))
    count, deadline = 0, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        got = watching.receive()
        if got.name == "presence" and got.get("from") == case.full and got.child("status"):
            count += 1
            if got.child("status").text == "299":
                break
    else:
        raise Unexpected("the newest presence did not come")
    if not 50 <= count <= 130:
        raise Unexpected(f"{count} presences came")
    check(case.watcher(connection), "alive")


CAPS_VER = "QgayPKawpkPSDYmwT/WM94uAlu0="  # XEP-0115 section 5.2
CAPS_FEATURES = ["http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info",
                 "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc"]


def announce_caps(case, resource, features):
    """Signs in with a hash; answers with `features` when asked what it stands for, says whether."""
    client = case.client(resource).connect()
    client.connection.send("<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' "
                           f"node='http://code.google.com/p/exodus' ver='{CAPS_VER}'/></presence>")
    watcher = case.watcher(client.connection)
    check(watcher, "alive")
    asked = [e for e in watcher.seen if e.name == "iq" and e.get("type") == "get"]
    if not asked:
        return False
    node = asked[0].child("query").get("node")
    body = "".join(f"<feature var='{feature}'/>" for feature in features)
    client.connection.send(
        f"<iq type='result' id='{asked[0].get('id')}' to='{asked[0].get('from')}'>"
        f"<query xmlns='http://jabber.org/protocol/disco#info' node='{node}'>"
        f"<identity category='client' type='pc' name='Exodus 0.9.1'/>{body}</query></iq>")
    check(watcher, "alive")
    return True


def forged_caps(case):
    """92: whoever has the same hash is asked until somebody's answer has it; then nobody is."""
    lies = [*CAPS_FEATURES, "urn:example:forged"]
    asked = [announce_caps(case, "liar", lies), announce_caps(case, "honest", CAPS_FEATURES),
             announce_caps(case, "other", lies)]
    if asked != [True, True, False]:
        raise Unexpected(f"asked {asked}")


def anonymous_flood(case):
    """46: one place has as many anonymous sessions as the bound says, and others still get in."""
    most, flooder = 50, ("127.0.0.3", 0)
    guests = [case.guest(flooder) for _ in range(most)]
    try:
        case.guest(flooder)
        raise Unexpected(f"{most + 1} anonymous sessions from one place")
    except Refused as refusal:
        if not refusal.element.child("temporary-auth-failure"):
            raise Unexpected(f"refused with {refusal.element}") from None
    case.guest(("127.0.0.4", 0))
    guests[0].disconnect()
    case.guest(flooder)
    check(case.watcher(guests[1].connection), "alive")


def anonymous_resume(case):
    """59: an anonymous session has no token, and nobody resumes it by an empty or a made-up one."""
    guest = case.guest()
    guest.connection.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
    answer = guest.wait_for(lambda e: e.name == "enabled")
    if answer.get("id") or answer.get("resume"):
        raise Unexpected(f"offered resumption: {answer}")
    guest.drop()
    for token in ("", "AAAA"):
        again = case.client_of(guest.jid, "r")
        again.mechanism = "ANONYMOUS"
        again.sign_in()
        again.connection.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{token}' h='0'/>")
        refused = again.connection.read()
        if refused.name != "failed" or not refused.child("item-not-found"):
            raise Unexpected(f"resumption was answered {refused}")
