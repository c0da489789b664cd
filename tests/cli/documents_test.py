"""What the documents tell is so: commands (```sh) are run in order, one shell per document; what they show
(```text) is found in their output, … standing for anything; configurations (```toml) pass `check`."""
import os
import re
import subprocess
import tempfile
from pathlib import Path

import kit

USAGE = kit.ROOT / "docs" / "usage"


def blocks(document: Path) -> list[tuple[str, str]]:
    """(kind, text) of every fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", document.read_text(), re.M | re.S)


class Commands(kit.Case):
    def run_document(self, document: Path) -> None:
        # A free port in place of the documents' 8443; and what `./run build` would make, made already.
        port = str(kit.free_ports())
        (self.folder / "build").mkdir()
        (self.folder / "build" / "seatls").symlink_to(kit.PROGRAM)
        run = self.write("run", '#!/bin/sh\n[ "$1" = build ]\n')
        run.chmod(0o755)
        environment = {**self.environment, "PATH": f"{self.folder / 'build'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        # Into a file: a server that a failed script leaves behind would hold a pipe open.
        output = tempfile.TemporaryFile()
        self.addCleanup(output.close)
        shell = subprocess.Popen(["bash", "-eu"], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                                 cwd=self.folder, env=environment, start_new_session=True)
        try:
            script, shown = [f"sleep() {{ for i in $(seq 300); do (: </dev/tcp/127.0.0.1/{port}) 2>/dev/null && return; "
                             "command sleep 0.1; done; }\n"], []
            found = blocks(document)
            self.assertIn("sh", [kind for kind, _ in found])
            for number, (kind, text) in enumerate(found):
                if kind == "sh":
                    script.append(text.replace("8443", port) + f"echo '[end of {number}]'\n")
                    shown.append((number, ""))
                elif kind == "text" and shown:
                    shown[-1] = (shown[-1][0], text.replace("8443", port))
            shell.communicate("".join(script).encode(), timeout=120)
        finally:
            self.end_session(shell.pid)
        output.seek(0)
        out = output.read()
        said = kit.tidy(out.decode(errors="replace"))
        self.no_alarm(said)
        self.assertEqual(shell.returncode, 0, said)
        for number, expected in shown:
            self.assertIn(f"[end of {number}]", said)
            part, said = said.split(f"[end of {number}]", 1)
            self.holds(part, expected)

    def end_session(self, leader: int) -> None:
        """Ends what the document's shell has left running: only what is of its own session."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if os.getsid(int(entry.name)) == leader:
                    os.kill(int(entry.name), 9)
            except (ProcessLookupError, PermissionError):
                continue

    def holds(self, said: str, expected: str) -> None:
        """Each line of `expected` is in what was said. (In any order: two programs say it.)"""
        lines = said.splitlines()
        for line in expected.splitlines():
            pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
            self.assertTrue(any(re.search(pattern, had) for had in lines), f"not said: {line}\nbut: {said}")

    def test_readme(self) -> None:
        self.run_document(kit.ROOT / "README.md")

    def test_first_connection(self) -> None:
        self.run_document(USAGE / "01-first-connection.md")

    def test_simulated_tee(self) -> None:
        self.run_document(USAGE / "02-simulated-tee.md")


class Configurations(kit.TpmCase):
    """The examples of configuration.md, beside the files that they name."""

    def test_examples(self) -> None:
        self.seatls("init", "--use-case", "mutual", "--tee", "tpm2", "-q")
        for use_case in ("passport", "mutual"):
            self.seatls("init", "--use-case", use_case, "--tee", "software", "--dir", use_case, "-q")
        for name in ("verifier.pem", "server.ear", "policy.toml"):
            self.write(f"passport-{name}", (self.folder / "passport" / name).read_text())
        for name in ("server.pem", "server.key", "client.pem", "client.key", "attester.key", "attester.pem", "policy.toml", "ca.pem"):
            self.write(f"dev-{name}", (self.folder / "mutual" / name).read_text().replace('"attester.pem"', '"dev-attester.pem"'))
        self.write("passport-policy.toml", (self.folder / "passport-policy.toml").read_text().replace('"verifier.pem"', '"passport-verifier.pem"'))
        seen = 0
        for kind, text in blocks(USAGE / "configuration.md"):
            if kind != "toml":
                continue
            seen += 1
            name = f"example-{seen}.toml"
            self.write(name, text.replace("device:/dev/tpmrm0", self.tpm.tcti))
            with self.subTest(name=name, text=text):
                told = self.seatls("check", name, "--json").json
                self.assertEqual((told["ok"], told["mistakes"]), (True, []))
        self.assertGreaterEqual(seen, 4)


class Completeness(kit.Case):
    def test_every_key_is_told(self) -> None:
        """The schema in the source and the tables in the document name the same keys, with the same choices."""
        source = (kit.ROOT / "src" / "config" / "schema.cpp").read_text()
        rows = re.findall(r'KeySpec\{\s*"([\w.]+)", "(\w+)"(?:, Kind::(\w+))?(?:,\s*"([^"]*)")?', source)
        known = {(table, key): choices.split("|") if choices else [] for table, key, _, choices in rows}
        document = (USAGE / "configuration.md").read_text()
        told = {}
        for table, text in re.findall(r"^## `\[+([\w.]+)\]+`[^\n]*\n(.*?)(?=^## |\Z)", document, re.M | re.S):
            for key, default, meaning in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", text, re.M):
                self.assertTrue(default and meaning)
                told[table, key] = meaning
        self.assertEqual(set(told), set(known))
        for place, choices in known.items():
            for choice in choices:
                self.assertIn(f'"{choice}"', told[place], f"{place}: a choice is not told")

    def test_every_verb_is_told(self) -> None:
        document = (USAGE / "cli.md").read_text()
        verbs = re.findall(r"^  (\w+) ", self.seatls("--help").out.split("Subcommands:")[1], re.M)
        self.assertGreater(len(verbs), 10)
        for verb in verbs:
            self.assertRegex(document, rf"`seatls {verb}\b")


if __name__ == "__main__":
    kit.main()
