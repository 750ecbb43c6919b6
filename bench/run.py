#!/usr/bin/python3
"""Measures Herold beside Debian's servers in one run and writes RESULTS.md and results.json.

    bench/run.py [--suite core|groups|archive] [--repeat 3] [--servers herold,...] [--quick]

The core suite is about sessions, chat and presence; groups is about rooms, presence with 22
contacts, and push; archive is about chat and rooms with archives off and on. Needs
build/release/bin/herold-load and herold. Servers take turns (A B C A B C ...), each started afresh
on a copy of data that was prepared once: users and rosters made through the protocol.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from peers import PEERS, make_certificate  # noqa: E402
from report import write_report  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def load(options, peer, scenario, transport, *arguments):
    """One run of herold-load; returns its report, or {"error": text}."""
    command = [options.load, scenario, *peer.target(transport), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        say(f"  {peer.name} {scenario}: {done.stderr.strip()}")
        return {"error": done.stderr.strip()}
    return json.loads(done.stdout)


def contacts_of(options):
    return 20 if options.suite == "core" else 22


def befriended(options):
    """How many of the users have contacts: chat and rooms need none."""
    return {"core": options.users, "groups": 5 * (contacts_of(options) + 1), "archive": 0}[
        options.suite]


def prepare(options, kind, folder):
    """Users and rosters, once, kept in `folder` for all repetitions (and for later runs)."""
    stamp = f"{options.users} users, {befriended(options)} with {contacts_of(options)} contacts"
    if (folder / "ready").exists() and (folder / "ready").read_text() == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    peer = kind(folder, make_certificate(options.data / "certificate"))
    say(f"{peer.name}: preparing {stamp} each")
    peer.start()
    try:
        def run_load(*arguments):
            return load(options, *arguments)

        error = peer.make_users(run_load, options.users)
        if not error and befriended(options):
            error = load(options, peer, "befriend", "tls", "--sessions", befriended(options),
                         "--contacts", contacts_of(options)).get("error", "")
        if error:
            raise RuntimeError(f"{peer.name}: {error}")
    finally:
        peer.stop()
    (folder / "ready").write_text(stamp)


def first_login(options, peer):
    """Starts the server; seconds from exec to the end of the first successful login."""
    began = time.monotonic()
    peer.start()
    while True:
        done = load(options, peer, "login", "tls", "--count", 1, "--warmup", 0)
        if "error" not in done or time.monotonic() - began > 60:
            break
    seconds = time.monotonic() - began
    time.sleep(2)  # let it become quiet
    return {"seconds": seconds, "rss_mb": resident(peer.pids()) / 1024}


def resident(pids):
    """Kilobytes of the process trees."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    wanted, grown = set(pids), True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in wanted} - wanted
        grown = bool(more)
        wanted |= more
    total = 0
    for pid in wanted:
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0]) if "VmRSS:" in status else 0
    return total


def core(options, peer):
    """(name, scenario, transport, arguments): the matrix, memory first while the heap is young."""
    timed = ["--duration", options.duration, "--warmup", options.warmup]
    contacts = contacts_of(options)
    yield "idle tls", "idle", "tls", ["--sessions", options.users, "--contacts", contacts,
                                      "--duration", 3]
    yield "login tls", "login", "tls", ["--count", options.logins, "--warmup", 50,
                                        "--sessions", options.users]
    for transport in ("tls", "plain"):
        for window in (1, 4):
            yield (f"chat {transport} {window}", "chat", transport,
                   ["--pairs", options.pairs, "--window", window, *timed])
    if peer.has_management:
        yield "chat tls sm", "chat", "tls", ["--pairs", options.pairs, "--sm", 5, *timed]
    yield from presence(options, peer)


def presence(options, _):
    contacts = contacts_of(options)
    yield "presence tls", "presence", "tls", [
        "--sessions", 5 * (contacts + 1), "--contacts", contacts,
        "--duration", options.duration, "--warmup", options.warmup]


def groups(options, peer):
    timed = ["--duration", options.duration, "--warmup", options.warmup]
    yield from rooms(options, peer, (1, 4))
    yield from presence(options, peer)
    if peer.has_push:
        yield "push tls", "push", "tls", ["--pairs", options.pairs, *timed]


def rooms(options, peer, all_writers):
    """Four rooms of 50, and one of 500 where that many get in within a minute or so."""
    if not peer.has_rooms:
        return
    timed = ["--duration", options.duration, "--warmup", options.warmup]
    for name, count, occupants in (("4x50", 4, 50), ("1x500", 1, min(500, options.users))):
        if occupants > peer.largest_room:
            continue
        for writers in all_writers:
            yield (f"rooms {name} {writers}", "rooms", "tls",
                   ["--rooms", count, "--occupants", occupants, *peer.room_options(),
                    "--writers", writers, *timed])


def archive(options, peer):
    """Names end with the state of the archives: off or on."""
    state = "on" if peer.archives else "off"
    timed = ["--duration", options.duration, "--warmup", options.warmup]
    for window in (1, 4):
        yield (f"chat {window} {state}", "chat", "tls",
               ["--pairs", options.pairs, "--window", window, *timed])
    for name, *how in rooms(options, peer, (1,)):
        yield f"{name} {state}", *how


SUITES = {"core": core, "groups": groups, "archive": archive}


def measure(options, kind, prepared, results):
    """One turn of a server; in the suite about archives it is started once more, with them."""
    found = {}
    for archives in (False, True) if options.suite == "archive" else (False,):
        if not archives or kind.has_archives:
            found |= measure_one(options, kind, prepared, archives)
    results[kind.name].append(found)


def measure_one(options, kind, prepared, archives):
    with tempfile.TemporaryDirectory(prefix="herold-bench-") as folder:
        shutil.copytree(prepared / "data", Path(folder) / "data")
        peer = kind(folder, make_certificate(options.data / "certificate"))
        peer.archives = archives
        try:
            found = {"start": first_login(options, peer)}
            for name, scenario, transport, arguments in SUITES[options.suite](options, peer):
                found[name] = load(options, peer, scenario, transport, *arguments)
                say(f"  {peer.name}: {name}: {brief(found[name])}")
        finally:
            peer.stop()
        return found


def brief(report):
    if "error" in report:
        return "failed"
    server = report["server"]
    if report["scenario"] == "idle":
        return f"{server['kb_per_session']:.1f} KB a session"
    if report["scenario"] == "login":
        return f"{server['cpu_ms_each']:.2f} ms CPU a login"
    return f"{server.get('done_per_cpu_s', 0):.0f} deliveries a CPU second, " \
           f"p99 {report['latency_ms']['p99']:.1f} ms"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", default="core", choices=sorted(SUITES))
    parser.add_argument("--servers", help="herold,prosody,ejabberd,jabberd2 (the last core only)")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--users", type=int, help="core: 420, multiples of 21; else 506, of 23")
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--logins", type=int, default=1000)
    parser.add_argument("--duration", type=float, default=8)
    parser.add_argument("--warmup", type=float, default=2)
    parser.add_argument("--quick", action="store_true", help="small counts, for a first look")
    parser.add_argument("--load", default=str(ROOT / "build/release/bin/herold-load"))
    parser.add_argument("--data", type=Path, help="keeps prepared users here for later runs")
    parser.add_argument("--output", type=Path, default=ROOT / "bench",
                        help="folder of RESULTS.md and results.json")
    parser.add_argument("--install", action="store_true",
                        help="installs missing servers by package name (needs root)")
    options = parser.parse_args()
    is_core = options.suite == "core"
    circle = contacts_of(options) + 1
    options.users = options.users or (20 if is_core else 22) * circle
    options.servers = options.servers or "herold,prosody,ejabberd" + (",jabberd2" * is_core)
    if options.quick:
        options.users, options.logins, options.duration, options.warmup = 10 * circle, 300, 3, 1
    return options


def choose(options):
    kinds = []
    for name in options.servers.split(","):
        kind = PEERS[name]
        if not kind.is_installed() and options.install and kind.packages:
            say(f"installing {' '.join(kind.packages)}")
            subprocess.run(["apt-get", "install", "-y", "-q", *kind.packages], check=True,
                           stdout=subprocess.DEVNULL,
                           env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if kind.is_installed():
            kinds.append(kind)
        else:
            say(f"{name} is not here: left out ({' '.join(kind.packages) or 'build it'})")
    return kinds


def main():
    options = parse_arguments()
    kinds = choose(options)
    scratch = None
    if options.data is None:
        scratch = tempfile.TemporaryDirectory(prefix="herold-bench-data-")
        options.data = Path(scratch.name)
    options.data = options.data.resolve()
    results = {kind.name: [] for kind in kinds}
    for kind in kinds:
        prepare(options, kind, options.data / f"{kind.name}-{options.suite}")
    for repetition in range(options.repeat):
        for kind in kinds:
            say(f"{kind.name}, {repetition + 1} of {options.repeat}")
            measure(options, kind, options.data / f"{kind.name}-{options.suite}", results)
    versions = {kind.name: kind(options.data, options.data).version() for kind in kinds}
    write_report(options, versions, results)
    failed = [f"{name}: {key}: {report['error']}" for name, runs in results.items()
              for run in runs for key, report in run.items() if "error" in report]
    for line in failed:
        say(f"failed: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
