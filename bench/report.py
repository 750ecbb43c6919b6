"""Writes what bench/run.py measured: medians, spread and ratios as Markdown, everything as JSON."""
import json
import os
import statistics
from pathlib import Path

# (title, key of the run, path to the number, better, decimals)
CORE = [
    ("chat TLS, 1 under way: deliveries/CPU s", "chat tls 1", "server.done_per_cpu_s", "more", 0),
    ("chat TLS, 4 under way: deliveries/CPU s", "chat tls 4", "server.done_per_cpu_s", "more", 0),
    ("chat plain, 1 under way: deliveries/CPU s", "chat plain 1", "server.done_per_cpu_s",
     "more", 0),
    ("chat plain, 4 under way: deliveries/CPU s", "chat plain 4", "server.done_per_cpu_s",
     "more", 0),
    ("chat TLS, stream management: deliveries/CPU s", "chat tls sm", "server.done_per_cpu_s",
     "more", 0),
    ("presence TLS, 20 contacts: deliveries/CPU s", "presence tls", "server.done_per_cpu_s",
     "more", 0),
    ("login TLS: CPU ms", "login tls", "server.cpu_ms_each", "less", 2),
    ("idle session TLS, 20 contacts: KB", "idle tls", "server.kb_per_session", "less", 1),
    ("server idle: MB", "start", "rss_mb", "less", 1),
    ("start to first login: s", "start", "seconds", "less", 3),
    ("chat TLS, 1 under way: p50 ms", "chat tls 1", "latency_ms.p50", "less", 2),
    ("chat TLS, 1 under way: p99 ms", "chat tls 1", "latency_ms.p99", "less", 2),
]
ROOMS = [(f"{title}, {writers} under way in each", f"{key} {writers}")
         for title, key in (("4 rooms of 50", "rooms 4x50"), ("1 room of 500", "rooms 1x500"))
         for writers in (1, 4)]
GROUPS = [
    *[(f"{title}: deliveries/CPU s", key, "server.done_per_cpu_s", "more", 0)
      for title, key in ROOMS],
    *[(f"{title}: p50 ms", key, "latency_ms.p50", "less", 2) for title, key in ROOMS],
    *[(f"{title}: p99 ms", key, "latency_ms.p99", "less", 2) for title, key in ROOMS],
    ("entering a room of 500: presences/CPU s", "rooms 1x500 1",
     "entering.server.done_per_cpu_s", "more", 0),
    ("entering a room of 500: p99 ms", "rooms 1x500 1", "entering.latency_ms.p99", "less", 2),
    ("presence TLS, 22 contacts: deliveries/CPU s", "presence tls", "server.done_per_cpu_s",
     "more", 0),
    ("presence TLS, 22 contacts: p99 ms", "presence tls", "latency_ms.p99", "less", 2),
    ("push: notifications/CPU s", "push tls", "server.done_per_cpu_s", "more", 0),
    ("push: p99 ms", "push tls", "latency_ms.p99", "less", 2),
]
ARCHIVE = [
    (f"{title}, archives {state}: {measured}", f"{key} {state}", path, better, decimals)
    for measured, path, better, decimals in (
        ("deliveries/CPU s", "server.done_per_cpu_s", "more", 0),
        ("p99 ms", "latency_ms.p99", "less", 2))
    for title, key in (("chat TLS, 1 under way", "chat 1"), ("chat TLS, 4 under way", "chat 4"),
                       ("4 rooms of 50, 1 under way in each", "rooms 4x50 1"),
                       ("1 room of 500, 1 under way", "rooms 1x500 1"))
    for state in ("off", "on")]
# Suite: (heading, file, rows).
SUITES = {"core": ("Sessions, chat and presence", "results.json", CORE),
          "groups": ("Rooms, presence and push", "results-groups.json", GROUPS),
          "archive": ("Archives off and on", "results-archive.json", ARCHIVE)}


def number(report, path):
    for step in path.split("."):
        report = report.get(step) if isinstance(report, dict) else None
    return report


def values(runs, key, path):
    found = [number(run.get(key, {}), path) for run in runs]
    return [value for value in found if value is not None]


def cell(found, decimals):
    if not found:
        return "–"
    text = f"{statistics.median(found):,.{decimals}f}"
    if len(found) > 1:
        text += f" ({min(found):,.{decimals}f}–{max(found):,.{decimals}f})"
    return text


def ratio(own, theirs, better):
    """How many times better Herold is, of medians."""
    if not own or not theirs:
        return "–"
    a, b = statistics.median(own), statistics.median(theirs)
    if better == "less":
        a, b = b, a
    return f"{a / b:.1f}" if b > 0 and a > 0 else "–"


def machine():
    memory = Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0]
    debian = Path("/etc/debian_version")
    return (f"{os.cpu_count()} cores, {int(memory) / 1024 / 1024:.0f} GB of memory, "
            f"Debian {debian.read_text().strip() if debian.exists() else '(another system)'}; "
            "servers and herold-load share the machine")


def table(results, rows):
    peers = [name for name in results if name != "herold"]
    lines = ["| | " + " | ".join(results) + " | " +
             " | ".join(f"times {name}" for name in peers) + " |",
             "|---" * (1 + len(results) + len(peers)) + "|"]
    for title, key, path, better, decimals in rows:
        found = {name: values(runs, key, path) for name, runs in results.items()}
        cells = [cell(found[name], decimals) for name in results]
        ratios = [ratio(found.get("herold", []), found[name], better) for name in peers]
        lines.append(f"| {title} | " + " | ".join(cells + ratios) + " |")
    return lines


def section(suite, output):
    """One suite's part of RESULTS.md, from what stands in its file."""
    heading, name, rows = SUITES[suite]
    if not (output / name).exists():
        return []
    found = json.loads((output / name).read_text())
    versions = ", ".join(f"{server} {version}" for server, version in found["versions"].items())
    return [f"## {heading}", "", f"- machine: {found['machine']}", f"- servers: {versions}",
            f"- made by: `bench/run.py {found['options']}`", "", *table(found["results"], rows), ""]


def write_report(options, versions, results):
    stated = f"--suite {options.suite} --servers {','.join(results)} --repeat {options.repeat} " \
             f"--users {options.users} --pairs {options.pairs} " \
             f"--logins {options.logins} --duration {options.duration} --warmup {options.warmup}"
    everything = {"machine": machine(), "versions": versions, "options": stated,
                  "results": results}
    name = SUITES[options.suite][1]
    (options.output / name).write_text(json.dumps(everything, indent=1) + "\n")
    write_results(options.output)


def write_results(output):
    """RESULTS.md of what all suites have found, and of what is known about it (NOTES.md)."""
    lines = ["# Measurements", "",
             "Medians (least–most) of runs in turn; \"times X\" is how many times better Herold is "
             "than X, of medians. CPU seconds are those of the server's whole process tree. "
             "How each figure is made: README.md.", ""]
    for suite in SUITES:
        lines += section(suite, output)
    notes = output / "NOTES.md"
    if notes.exists():
        lines += [notes.read_text().strip(), ""]
    (output / "RESULTS.md").write_text("\n".join(lines))
