"""What all servers under measurement have in common: a folder, ports, a certificate, processes."""
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

DOMAIN = "bench.test"
FILES = 20000  # open files a server may have
GIVEN_PORTS = set()


def free_port():
    """One that nobody listens on, and that this process was not given before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in GIVEN_PORTS:
            GIVEN_PORTS.add(port)
            return port


def make_certificate(folder):
    """The one ECDSA P-256 certificate that every server of a run shows."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "server.pem").exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-batch", "-subj", f"/CN={DOMAIN}",
             "-addext", f"subjectAltName=DNS:{DOMAIN}", "-days", "30",
             "-keyout", "server.key", "-out", "server.crt"],
            cwd=folder, check=True, capture_output=True)
        joined = (folder / "server.crt").read_text() + (folder / "server.key").read_text()
        (folder / "server.pem").write_text(joined)
    return folder


class Peer:
    """One server with its own data. `ports` maps plain, starttls and tls to port numbers."""

    name = "none"
    packages = []  # Debian packages to install
    program = ""  # what has to be there
    mechanism = "SCRAM-SHA-1"  # what `login` uses with it
    has_management = True  # XEP-0198
    has_rooms = True  # XEP-0045
    has_push = True  # XEP-0357
    has_archives = True  # XEP-0313, also of rooms
    largest_room = 20000  # that many enter in a time that one can wait
    retries = 0  # logins of a run that may fail

    def __init__(self, folder, certificate):
        self.folder = Path(folder)
        self.certificate = Path(certificate)
        self.data = self.folder / "data"
        self.archives = False  # on: of all users, and of rooms
        self.processes = []
        self.ports = {kind: free_port() for kind in ("plain", "starttls", "tls")}

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program, path="/usr/bin:/usr/sbin:/bin:/sbin") is not None

    def configure(self):
        """Writes configuration into the folder; called before each start."""

    def commands(self):
        """The processes to start, in order: (command, environment or None)."""
        return []

    def room_options(self):
        """Of `rooms`, so that all servers' rooms do the same."""
        return []

    def start(self, patience=240):
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.configure()
        log = open(self.folder / "output.log", "ab")
        for command, environment in self.commands():
            self.processes.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                cwd=self.folder, start_new_session=True))
        log.close()
        deadline = time.monotonic() + patience
        for port in sorted(set(self.ports.values())):
            self.wait_for(port, deadline)

    def wait_for(self, port, deadline):
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                ended = any(process.poll() is not None for process in self.processes)
                if ended or time.monotonic() > deadline:
                    text = (self.folder / "output.log").read_text(errors="replace")
                    raise RuntimeError(f"{self.name} did not start:\n{text[-2000:]}") from None
                time.sleep(0.002)

    def stop(self, patience=20):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def pids(self):
        return [process.pid for process in self.processes]

    def target(self, transport):
        """Arguments for herold-load."""
        arguments = ["--server", f"127.0.0.1:{self.ports[transport]}", "--domain", DOMAIN,
                     "--transport", transport, "--mechanism", self.mechanism,
                     "--label", self.name, "--retries", str(self.retries)]
        for pid in self.pids():
            arguments += ["--pid", str(pid)]
        return arguments

    def make_users(self, run_load, count):
        """Registers user0 ... in band; `run_load` runs herold-load. Returns an error or ""."""
        return run_load(self, "register", "tls", "--sessions", count).get("error", "")

    def version(self):
        """As its Debian package says."""
        package = self.packages[0] if self.packages else self.name
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                              capture_output=True, text=True)
        return done.stdout.strip() or "unknown"
