"""Runs the herold program as people do: commands, exit codes, both outputs and languages."""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from xml.etree import ElementTree

BINARY = None


class Cli(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="herold-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.data = self.folder + "/data"
        self.config = self.write("herold.toml", f"""
data = "{self.data}"
[[domain]]
name = "xmpp.test"
[listen]
client = ["127.0.0.1:0"]
[limits]
scram_iterations = 10000
""")

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def run_herold(self, *arguments, stdin="", language="C", config=True):
        command = [BINARY, *(["--config", self.config] if config else []), *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": language}
        environment.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        return subprocess.run(command, input=stdin, capture_output=True, text=True,
                              env=environment, timeout=60, check=False)

    def good(self, *arguments, **options):
        done = self.run_herold(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def bad(self, code, *arguments, **options):
        done = self.run_herold(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stderr

    def test_version_and_help(self):
        self.assertRegex(self.good("version", config=False), r"^herold \d+\.\d+\.\d+\n$")
        self.assertIn("version", json.loads(self.good("version", "--json", config=False))["result"])
        for arguments in (["help"], ["--help"], ["-h"]):
            text = self.good(*arguments, config=False)
            for command in ("serve", "check", "user", "status", "reload", "stop", "config",
                            "modules"):
                self.assertIn("  " + command + " ", text, arguments)
            self.assertNotIn("doap", text)
        self.assertIn("passwd", self.good("help", "user", config=False))
        self.assertIn("--password-stdin", self.good("help", "user", "add", config=False))
        self.assertIn("Konten", self.good("help", language="de_AT.UTF-8", config=False))

    def test_usage_errors(self):
        self.assertIn('did you mean "user"', self.bad(2, "usr", config=False))
        self.bad(2, config=False)
        self.bad(2, "user", config=False)
        self.bad(2, "user", "add", config=False)
        self.bad(2, "user", "add", "a@xmpp.test", "--password", "secret", config=False)
        self.bad(2, "help", "nothing", config=False)
        self.assertNotIn("\x1b", self.bad(2, "\x1b[31mred", config=False))

    def test_users_of_a_stopped_server(self):
        out = self.good("user", "list")
        self.assertIn("user add alice@xmpp.test", out)
        out = self.good("user", "add", "Alice@XMPP.test")
        self.assertRegex(out, r"^alice@xmpp\.test .*: ([a-z2-9]{4}-){4}[a-z2-9]{4}\n$")
        out = self.good("user", "add", "bob@xmpp.test", "--password-stdin", stdin="sésame\n")
        self.assertNotIn("sésame", out)
        self.assertIn("exists already", self.bad(1, "user", "add", "bob@xmpp.test"))
        self.assertEqual(self.good("user", "list"), "alice@xmpp.test\nbob@xmpp.test\n")
        self.good("user", "disable", "bob@xmpp.test")
        self.assertIn("bob@xmpp.test (disabled)", self.good("user", "list"))
        listed = json.loads(self.good("user", "list", "--domain", "xmpp.test", "--json"))
        self.assertEqual([(a["address"], a["enabled"]) for a in listed["result"]],
                         [("alice@xmpp.test", True), ("bob@xmpp.test", False)])
        self.good("user", "enable", "bob@xmpp.test")
        made = json.loads(self.good("user", "passwd", "bob@xmpp.test", "--json"))
        self.assertEqual(len(made["result"]["password"]), 24)
        self.good("user", "remove", "bob@xmpp.test")
        self.bad(1, "user", "remove", "bob@xmpp.test")
        self.bad(1, "user", "passwd", "bob@xmpp.test")
        self.assertEqual(self.good("user", "list"), "alice@xmpp.test\n")

    def test_an_account_is_exported(self):
        self.bad(1, "user", "export", "alice@xmpp.test")
        self.good("user", "add", "alice@xmpp.test", "--password-stdin", stdin="sesame\n")
        pie = "{urn:xmpp:pie:0}"
        root = ElementTree.fromstring(self.good("user", "export", "alice@xmpp.test"))
        self.assertEqual(root.tag, pie + "server-data")
        user = root.find(f"{pie}host[@jid='xmpp.test']/{pie}user[@name='alice']")
        keys = user.findall("{urn:xmpp:pie:0#scram}scram-credentials")
        self.assertIn("SCRAM-SHA-1", [key.get("mechanism") for key in keys])
        for key in keys:
            for name in ("iter-count", "salt", "server-key", "stored-key"):
                self.assertTrue(key.findtext("{urn:xmpp:pie:0#scram}" + name), name)
        self.assertIsNotNone(user.find("{jabber:iq:roster}query"))
        self.assertIsNotNone(user.find("{urn:xmpp:pie:0#mam}archive"))
        told = json.loads(self.good("user", "export", "alice@xmpp.test", "--json"))["result"]
        self.assertEqual(told["address"], "alice@xmpp.test")
        self.assertIn("<server-data", told["document"])

    def test_nothing_secret_is_stored_or_open(self):
        self.good("user", "add", "bob@xmpp.test", "--password-stdin", stdin="correct horse\n")
        self.assertEqual(os.stat(self.data).st_mode & 0o777, 0o700)
        for name in os.listdir(self.data):
            path = os.path.join(self.data, name)
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, name)
            with open(path, "rb") as file:
                self.assertNotIn(b"correct horse", file.read(), name)

    def test_refused_arguments(self):
        for address in ("alice", "alice@elsewhere.test", "alice@xmpp.test/phone", "@xmpp.test"):
            self.bad(1, "user", "add", address)
        self.bad(1, "user", "add", "a@xmpp.test", "--password-stdin", stdin="")
        self.bad(1, "user", "add", "a@xmpp.test", "--password-stdin", stdin="\n")
        self.bad(1, "user", "add", "a@xmpp.test", "--password-stdin", stdin="x" * 2000)
        self.bad(1, "user", "add", "a@xmpp.test", "--password-stdin", stdin="a\x01b\n")
        failed = self.run_herold("user", "list", "--domain", "elsewhere.test", "--json")
        self.assertEqual(failed.returncode, 1)
        self.assertEqual(json.loads(failed.stdout)["error"]["fault"], "invalid")
        self.assertEqual(self.good("user", "list", "--json"), '{"ok":true,"result":[]}\n')

    def test_keys_are_never_made_anew(self):
        self.good("user", "add", "bob@xmpp.test")
        os.remove(self.data + "/herold.keys")
        self.bad(1, "user", "list")
        self.assertFalse(os.path.exists(self.data + "/herold.keys"))
        self.assertIn("herold.keys", self.run_herold("check").stdout)

    def test_other_servers_are_blocked_and_allowed(self):
        os.makedirs(self.data, mode=0o700)
        self.good("user", "list")
        self.bad(3, "federation", "list")  # of a stopped server nobody knows
        self.assertIn("does not talk", self.good("federation", "block", "Spam.Example"))
        with open(self.data + "/federation.list") as file:
            self.assertEqual(file.read(), "block spam.example\n")
        blocked = json.loads(self.good("federation", "block", "*.b.example", "--json"))
        self.assertEqual(blocked["result"], {"domain": "*.b.example", "trust": "none"})
        self.assertIn("spricht mit", self.good("federation", "allow", "spam.example",
                                               language="de_DE.UTF-8"))
        self.bad(1, "federation", "block", "romeo@spam.example")

    def test_keys_are_changed(self):
        self.good("user", "add", "bob@xmpp.test")
        with open(self.data + "/herold.keys") as file:
            before = file.read()
        changed = json.loads(self.good("keys", "change", "--json"))
        self.assertEqual(changed["result"], {"key": 2, "accounts": 1})
        with open(self.data + "/herold.keys") as file:
            after = file.read()
        self.assertIn("current 2", after)
        self.assertEqual(after.count("key "), 1)
        self.good("user", "passwd", "bob@xmpp.test")  # reads what is sealed
        self.assertIn("backup", self.good("keys", "change"))
        with open(self.data + "/herold.keys", "w") as file:
            file.write(before)
        self.bad(1, "user", "passwd", "bob@xmpp.test")

    def test_erasing_is_asked_for_in_so_many_words(self):
        self.bad(2, "erase")
        self.good("user", "add", "bob@xmpp.test")
        self.good("user", "remove", "bob@xmpp.test")
        erased = json.loads(self.good("erase", "--now", "--json"))["result"]
        self.assertFalse(erased["running"])
        # The next start may still find something of him in rooms.
        self.assertEqual(erased["owed"], 1)
        self.assertEqual(os.path.getsize(self.data + "/herold.sqlite"), erased["database_bytes"])
        self.assertIn("1 accounts", self.good("erase", "--now"))

    def test_open_secrets_are_refused(self):
        self.good("user", "add", "bob@xmpp.test")
        os.chmod(self.data + "/herold.keys", 0o644)
        self.bad(1, "user", "list")
        os.chmod(self.data + "/herold.keys", 0o600)
        os.chmod(self.data, 0o755)
        self.assertIn("chmod 700", self.bad(1, "user", "list"))
        self.assertEqual(self.run_herold("check").returncode, 1)

    def test_not_running(self):
        for command in ("status", "reload", "stop"):
            self.assertIn("serve", self.bad(3, command))
            failed = self.run_herold(command, "--json")
            self.assertEqual(failed.returncode, 3)
            self.assertFalse(json.loads(failed.stdout)["ok"])
        self.assertIn("läuft nicht", self.bad(3, "status", language="de_DE.UTF-8"))

    def test_serve_says_what_to_type_next(self):
        with subprocess.Popen([BINARY, "serve", "--config", self.config], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env={**os.environ, "LC_ALL": "C"}) as server:
            lines = list(iter(server.stdout.readline, "ready\n"))
            [command] = [line.removeprefix("Add one: ") for line in lines
                         if line.startswith("Add one: ")]
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
            for change in ("disable", "enable"):  # says whom, as it does of a stopped server
                said = self.good("user", change, "alice@xmpp.test")
                self.assertTrue(said.startswith("alice@xmpp.test "), said)
            server.terminate()
        self.assertEqual(server.returncode, 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.good("user", "list"), "alice@xmpp.test\n")

    def test_commands_reach_the_socket(self):
        os.mkdir(self.data, 0o700)
        seen = []
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.data + "/herold.sock")
            listener.listen()

            def answer():
                for _ in range(3):
                    peer, _ = listener.accept()
                    with peer, peer.makefile("rwb") as stream:
                        seen.append(json.loads(stream.readline()))
                        stream.write(b'{"ok": true, "result": {"sessions": 3, '
                                     b'"database": {"jobs": 5, "waiting": 0}, '
                                     b'"shards": [{"accounts": 1}]}}\n')
            thread = threading.Thread(target=answer)
            thread.start()
            self.assertEqual(self.good("status"), "database: jobs 5, waiting 0\nsessions: 3\n"
                                                  "shards 0: accounts 1\n")
            self.good("user", "add", "a@xmpp.test", "--password-stdin", stdin="pw\n")
            self.good("reload")
            thread.join()
        self.assertEqual([request["command"] for request in seen], ["status", "user add", "reload"])
        self.assertEqual(seen[1]["args"], {"address": "a@xmpp.test", "password": "pw"})

    def test_configuration(self):
        printed = self.good("config", "print")
        self.assertIn(f'data = "{self.data}"  # {self.config}:2', printed)
        again = self.write("again.toml", printed)
        self.good("config", "print", "-c", again, config=False)
        values = json.loads(self.good("config", "print", "--json"))["values"]
        self.assertEqual(values["domain.0.name"]["value"], "xmpp.test")
        self.assertIn("ping", self.good("modules"))
        self.assertTrue(json.loads(self.good("modules", "--json"))["result"])

    def test_wrong_configuration(self):
        self.config = self.write("wrong.toml", "dta = 1\n[listen]\nclient = [\"x\"]\n")
        complaint = self.bad(1, "check")
        self.assertIn("wrong.toml:1:1: dta: unknown key (did you mean \"data\"?)", complaint)
        self.assertIn("wrong.toml:3:1: listen.client: ", complaint)
        self.config = self.folder + "/none.toml"
        self.bad(1, "check")
        self.bad(1, "serve")

    def test_config_option_before_and_after(self):
        for arguments in (["--config", self.config, "user", "list"],
                          ["user", "--config", self.config, "list"],
                          ["user", "list", "--config", self.config],
                          ["user", "list", "-c", self.config]):
            self.assertIn("xmpp.test", self.good(*arguments, config=False))

    def test_check(self):
        out = self.good("check")
        self.assertIn("this machine only", out)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.config = self.write("taken.toml", f"""
data = "{self.data}"
[[domain]]
name = "xmpp.test"
[domain.tls]
certificate = "cert.pem"
key = "key.pem"
[listen]
client = ["127.0.0.1:{port}"]
""")
            self.write("key.pem", "not a key", mode=0o644)
            done = self.run_herold("check", "--json")
        self.assertEqual(done.returncode, 1)
        problems = {finding["about"]: finding["text"]
                    for finding in json.loads(done.stdout)["result"]
                    if finding["grade"] == "problem"}
        self.assertIn("another program", problems["port"])
        self.assertIn("chmod 600", problems["tls"])

    def test_check_of_certificates(self):
        key, certificate = self.folder + "/key.pem", self.folder + "/cert.pem"
        def make(name, days):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                            "-out", certificate, "-subj", "/CN=" + name,
                            "-addext", "subjectAltName=DNS:" + name, "-days", str(days)],
                           check=True, capture_output=True)
            os.chmod(key, 0o600)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write('[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n')
        for name, days, code, expected in (("xmpp.test", 90, 0, "is good until"),
                                           ("xmpp.test", 3, 0, "ends soon"),
                                           ("*.test", 90, 0, "is good until"),
                                           ("*.xmpp.test", 90, 1, "is for other names"),
                                           ("other.test", 90, 1, "other.test")):
            make(name, days)
            done = self.run_herold("check")
            self.assertEqual(done.returncode, code, done.stdout)
            self.assertIn(expected, done.stdout)
        make("xmpp.test", 90)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write('client_authorities = "clients.pem"\n')
        for expected in ("cannot read", "clients.pem: authorities: there is none"):
            done = self.run_herold("check")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(expected, done.stdout)
            self.write("clients.pem", "no certificate")

    def test_documents(self):
        self.assertTrue(self.good("doc", "man").startswith(".TH HEROLD 1"))
        page = self.good("doc", "man-config")
        for name in ("stanza_bytes", "client_tls", "registration", "[module.ping]"):
            self.assertIn(name, page)
        for page in ("man", "man-config"):
            self.assertEqual([line for line in self.good("doc", page).splitlines()
                              if len(line) > 80 and line[0] != "."], [], page)
        self.assertIn("| ping |", self.good("doc", "modules"))
        self.assertEqual(self.good("doc", "doap"), self.good("doc", "doap"))

    def test_doap(self):
        """XEP-0453: RDF/XML with DOAP's own properties; each document once, with its status."""
        doap, xmpp = "{http://usefulinc.com/ns/doap#}", "{https://linkmauve.fr/ns/xmpp-doap#}"
        rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
        root = ElementTree.fromstring(self.good("doc", "doap"))
        self.assertEqual(root.tag, rdf + "RDF")
        [project] = root
        self.assertEqual(project.tag, doap + "Project")
        for name in ("name", "shortdesc", "description", "created", "os", "programming-language"):
            self.assertTrue(project.findtext(doap + name), name)
        links = [link.get(rdf + "resource") for link in project.findall(doap + "implements")]
        self.assertIn("https://xmpp.org/rfcs/rfc6120.html", links)
        numbers = []
        for xep in project.iter(xmpp + "SupportedXep"):
            link = xep.find(xmpp + "xep").get(rdf + "resource")
            numbers += re.findall(r"^https://xmpp\.org/extensions/xep-(\d{4})\.html$", link)
            self.assertIn(xep.findtext(xmpp + "status"), ("complete", "partial"), link)
            self.assertRegex(xep.findtext(xmpp + "version"), r"^\d+\.\d+(\.\d+)?$", link)
        self.assertEqual(len(numbers), len(links) - len([link for link in links if link]))
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertLessEqual({"0030", "0198", "0199", "0440", "0474"}, set(numbers))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    known, rest = parser.parse_known_args()
    BINARY = os.path.abspath(known.bin)
    unittest.main(argv=[sys.argv[0], *rest])
