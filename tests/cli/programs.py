"""Programs of Debian as `seatls exec` runs them: started, talked with, ended by their process ids."""
import atexit
import glob
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import kit

RELAY = os.environ.get("SEATLS_EVIDENCE_RELAY", "")
ROOT = os.geteuid() == 0


def everybody_reaches(path: Path) -> bool:
    return path.stat().st_mode & stat.S_IROTH != 0 and all(p.stat().st_mode & stat.S_IXOTH for p in path.parents)


def program_and_library() -> tuple[Path, Path]:
    """Where programs that change their user reach the library, too: a checkout may lie below a folder that is root's alone."""
    built = Path(kit.PROGRAM).resolve()
    library = built.parent / "libseatls-preload.so"
    if not ROOT or everybody_reaches(library):
        return built, library
    folder = Path(tempfile.mkdtemp(prefix="seatls-exec-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    for file in (built, library):
        shutil.copy(file, folder)
        (folder / file.name).chmod(0o755)
    return folder / built.name, folder / library.name


SEATLS, LIBRARY = program_and_library()


def program(*places: str) -> str:
    for place in places:
        found = sorted(glob.glob(place)) if "/" in place else [shutil.which(place, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
        if found and found[-1]:
            return found[-1]
    raise unittest.SkipTest(f"{places[-1]} is not installed")


class Running:
    """A process whose output is read as it comes."""

    def __init__(self, case: "ExecCase", command: list[str], **options) -> None:
        self.case, self.said = case, ""
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        cwd=case.folder, env=case.environment, **options)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        case.addCleanup(self.end)

    def _read(self) -> None:
        while data := self.process.stdout.read1(65536):
            self.said += data.decode(errors="replace")

    def descendants(self) -> list[int]:
        found, todo = [], [self.process.pid]
        while todo:
            for task in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
                try:
                    children = [int(pid) for pid in task.read_text().split()]
                except OSError:
                    continue
                found += children
                todo += children
        return found

    def until(self, what, limit: float = 60) -> None:
        end = time.monotonic() + limit
        while not what():
            if self.process.poll() is not None or time.monotonic() > end:
                self.case.fail(f"{self.process.args}: {self.said}")
            time.sleep(0.02)

    def end(self, how: int = signal.SIGTERM) -> int:
        """Ends it, and what it has started and left behind."""
        left = self.descendants()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.reader.join(timeout=30)
        self.process.stdout.close()
        self.case.no_alarm(kit.tidy(self.said))
        return self.process.returncode


class ExecCase(kit.Case):
    """Keys, a policy, and configurations of both roles, each of which demands attestation of the other."""

    ENDPOINT = ""  # more for [exec]
    PREAMBLE: tuple[str, ...] = ()  # what comes ahead of TLS, for the relay

    def setUp(self) -> None:
        super().setUp()
        self.folder.chmod(0o755)
        self.seatls("init", "--use-case", "mutual", "--tee", "software", "--name", "localhost", "--name", "other.localhost", "-q")
        # A policy that nobody here satisfies.
        self.write("strict-policy.toml", (self.folder / "policy.toml").read_text().replace('swname = ["seatls"]', 'swname = ["another"]'))
        for role in ("server", "client"):
            text = (self.folder / f"{role}.toml").read_text()
            self.write(f"{role}.toml", f'{text}\n[exec]\nlog = "{role}.log"\n{self.ENDPOINT}')
            self.write(f"strict-{role}.toml", (self.folder / f"{role}.toml").read_text().replace('"policy.toml"', '"strict-policy.toml"'))

    def exec(self, config: str, *command: str) -> list[str]:
        """The command line that runs a program attested; as it is without a configuration."""
        return [str(SEATLS), "exec", "--json", "--config", config, "--", *command] if config else list(command)

    def start(self, config: str, *command: str, **options) -> Running:
        return Running(self, self.exec(config, *command), **options)

    def run_client(self, config: str, *command: str, limit: float = 120) -> tuple[int, str, str]:
        done = subprocess.run(self.exec(config, *command), stdin=subprocess.DEVNULL, capture_output=True, cwd=self.folder,
                              env=self.environment, timeout=limit, check=False)
        err = kit.tidy(done.stderr.decode(errors="replace"))
        self.no_alarm(err)
        return done.returncode, done.stdout.decode(errors="replace"), err

    def verdicts(self, role: str) -> list[dict]:
        log = self.folder / f"{role}.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def forget(self) -> None:
        for role in ("server", "client"):
            (self.folder / f"{role}.log").write_text("")  # the helper that has it open adds to its end

    def assert_attested(self, role: str) -> None:
        """The last attested connection of the side `role`: what it knows of its peer, and what it showed."""
        verdicts = self.settled(role, lambda v: any(e["peer"]["attested"] for e in v))
        last = [e for e in verdicts if e["peer"]["attested"]][-1]
        self.assertIsNone(last["refused"], last)
        self.assertTrue(last["self"]["attested"], last)
        self.assertTrue(last["peer"]["identity"]["pki"], last)
        self.assertEqual(last["role"], role)

    def assert_refused(self, role: str, code: str) -> None:
        self.settled(role, lambda v: any(e["refused"] and e["refused"]["code"] == code for e in v))
        self.assertFalse(any(e["peer"]["attested"] for e in self.verdicts(role)), self.verdicts(role))

    def settled(self, role: str, there) -> list[dict]:
        """The peer may know how it ends before this side has told."""
        end = time.monotonic() + 60
        while not there(self.verdicts(role)):
            self.assertLess(time.monotonic(), end, self.verdicts(role))
            time.sleep(0.02)
        return self.verdicts(role)

    def relay(self, whose: str, port: int) -> int:
        """An attacker who shows the evidence of the genuine client or server on another connection."""
        if not RELAY:
            self.skipTest("SEATLS_EVIDENCE_RELAY names no relay")
        relay = Running(self, [RELAY, whose, "server.toml", "client.toml", str(port), *self.PREAMBLE])
        relay.until(lambda: "\n" in relay.said)
        return int(relay.said.split("\n")[0])


def free_port() -> int:
    return kit.free_ports()


def nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid
