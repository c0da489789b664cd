"""What all verbs share: help, versions, completion, exit codes, and mistakes on the command line."""
import contextlib
import shutil
import socket
import re
import subprocess

import kit

VERBS = ["demo", "init", "check", "serve", "connect", "key", "enroll", "attest", "appraise", "inspect", "policy", "bench",
         "completion", "manual", "version"]
NESTED = {"key": ["create", "csr", "import", "show"], "policy": ["learn", "test", "explain"]}


class Help(kit.Case):
    def test_every_verb_explains_itself(self) -> None:
        top = self.seatls("--help").out
        for verb in VERBS:
            self.assertRegex(top, rf"(?m)^  {verb} ")
            told = self.seatls(verb, "--help").out
            for word in ("Usage: seatls " + verb, "--json", "--config", "--log-level", "--quiet", "Examples:"):
                self.assertIn(word, told)
        for verb, nested in NESTED.items():
            for name in nested:
                self.assertIn(f"seatls {verb} {name}", self.seatls(verb, name, "--help").out)

    def test_versions(self) -> None:
        self.assertRegex(self.seatls("--version").out, r"^seatls \d+\.\d+\.\d+\n$")
        told = self.seatls("version", "--json").json
        self.assertRegex(told["seatls"], r"^\d+\.\d+\.\d+$")

    def test_nothing_at_all_is_answered_with_help(self) -> None:
        self.assertIn("Start here: seatls demo", self.seatls(code=2).err)

    def test_the_manual_is_complete_and_well_formed(self) -> None:
        page = self.seatls("manual").out
        for verb in VERBS:
            self.assertIn(f".SS seatls {verb}\n", page)
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-Wbreak"], input=page, capture_output=True, text=True, timeout=30,
                                  check=True)
            self.assertEqual(done.stderr, "")
            self.assertIn("EXIT STATUS", re.sub(r"\x1b\[\d+m|.\x08", "", done.stdout))  # bold, in either way

    def test_completion(self) -> None:
        script = self.write("complete.bash", self.seatls("completion", "bash").out)
        subprocess.run(["bash", "-n", str(script)], check=True, timeout=20)
        for words, expected in ((["seatls", "ch"], ["check"]), (["seatls", "key", "cr"], ["create"]),
                                (["seatls", "init", "--use-case", "mu"], ["mutual"]),
                                (["seatls", "connect", "--js"], ["--json"])):
            line = " ".join(words)
            probe = (f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMP_LINE='{line}'; "
                     f"COMP_POINT={len(line)}; $(complete -p seatls | sed 's/.*-F \\([^ ]*\\).*/\\1/'); "
                     'printf "%s\\n" "${COMPREPLY[@]}"')
            done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, check=True, timeout=20)
            self.assertEqual([w.strip() for w in done.stdout.split()], expected, done.stderr)


class Mistakes(kit.Case):
    """Exit 2, and one clear text: what, and what to do."""

    def test_on_the_command_line(self) -> None:
        for arguments, expected in (
                (["conect"], "did you mean 'connect'?"), (["key", "creat"], "did you mean 'create'?"),
                (["init", "--use-case", "mutal"], "did you mean 'mutual'?"), (["serve", "--prot", "1"], "--help"),
                (["key"], "--help"), (["check"], "seatls check FILE"), (["connect", "--timeout", "x"], "--timeout"),
                (["attest", "--binder", "00", "-o", "x"], "32 or 48 bytes"), (["key", "create"], "-o FILE"),
                (["key", "create", "--tpm", "--ak", "-o", "x"], "--ak"), (["appraise"], "--help"),
                (["inspect", "x", "--type", "nothing"], "is not one of"), (["completion", "cobol"], "bash")):
            done = self.seatls(*arguments, code=2)
            self.assertIn(expected, done.err)
            self.assertEqual(done.out, "")
            told = self.seatls(*arguments, "--json", code=2).json["error"]
            self.assertEqual((told["code"], told["category"]), ("usage", "misuse"))
            self.assertIn(expected, told["detail"])

    def test_of_what_belongs_to_a_configuration(self) -> None:
        for verb in ("serve", "connect"):
            self.assertIn("seatls init", self.seatls(verb, code=2).err)
        self.seatls("init", "--tee", "software", "-q")
        self.assertIn("seatls connect", self.seatls("connect", "--config", "server.toml", code=2).err)
        self.assertIn("seatls serve", self.seatls("serve", "--config", "client.toml", code=2).err)
        for address in ("localhost", "localhost:http", "localhost:70000", "::1:8443"):
            self.assertIn("HOST:PORT", self.seatls("connect", address, code=2).err)

    def test_nothing_is_overwritten(self) -> None:
        self.seatls("init", "--tee", "software")
        before = {p.name: p.read_bytes() for p in self.folder.iterdir()}
        self.assertIn("--force", self.seatls("init", "--tee", "software", code=2).err)
        self.assertEqual(before, {p.name: p.read_bytes() for p in self.folder.iterdir()})
        self.seatls("init", "--tee", "software", "--force")
        self.assertNotEqual(before["server.key"], (self.folder / "server.key").read_bytes())

    def test_secrets_are_for_the_owner_alone(self) -> None:
        self.seatls("init", "--tee", "software", "--use-case", "mutual")
        for path in self.folder.iterdir():
            self.assertEqual(path.stat().st_mode & 0o077 == 0, path.suffix == ".key", path.name)


class Unavailable(kit.Case):
    """Exit 3: nothing is wrong, but something is not there."""

    def setUp(self) -> None:
        super().setUp()
        self.seatls("init", "--tee", "software", "-q")

    def test_nobody_listens(self) -> None:
        done = self.seatls("connect", f"127.0.0.1:{kit.free_ports()}", "--json", code=3)
        self.assertEqual(done.json["error"]["category"], "unavailable")
        self.assertIn("refused", done.err)

    def test_no_such_host(self) -> None:
        self.seatls("connect", "no-such-host.invalid:1", code=3)

    def test_nobody_answers(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            done = self.seatls("connect", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "200", "--json", code=3)
        self.assertEqual(done.json["error"]["code"], "timed_out")

    def test_the_port_is_taken(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assertIn(str(port), self.seatls("serve", "--listen", f"127.0.0.1:{port}", code=3).err)

    def test_there_is_no_tpm(self) -> None:
        where = f"swtpm:host=127.0.0.1,port={kit.free_ports()}"
        for arguments in (["key", "create", "--tpm", "-o", "x.key"], ["init", "--tee", "tpm2", "--dir", "t"]):
            done = self.seatls(*arguments, "--tcti", where, "--json", code=3)
            self.assertEqual(done.json["error"]["code"], "tpm")
            self.assertIn(where, done.err)
        self.assertFalse((self.folder / "t").exists())


class NotTls(kit.Case):
    """Exit 1: the peer is no TLS 1.3 peer."""

    def test_a_server_that_talks_something_else(self) -> None:
        self.seatls("init", "--tee", "software", "-q")
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            answer = subprocess.Popen(["python3", "-c", "import socket,sys; s=socket.socket(fileno=int(sys.argv[1]));"
                                       "c,_=s.accept(); c.sendall(b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'); c.recv(9999)",
                                       str(other.fileno())], pass_fds=[other.fileno()])
            done = self.seatls("connect", f"127.0.0.1:{other.getsockname()[1]}", "--json", code=1)
            answer.wait(timeout=20)
        self.assertIn(done.json["error"]["code"], ("protocol_version", "tls_failed"))

    def test_a_client_that_talks_something_else(self) -> None:
        self.seatls("init", "--tee", "software", "-q")
        server = self.serve("server.toml", "--once", "--json")
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
            raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
            raw.settimeout(20)
            with contextlib.suppress(ConnectionResetError):
                while raw.recv(4096):
                    pass
        self.assertEqual(server.wait(1)[0]["error"]["category"], "peer_incompatible")


if __name__ == "__main__":
    kit.main()
