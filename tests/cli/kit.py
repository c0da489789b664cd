"""What the command line's tests share: running the program, a server, a TPM, a place to work in.

Each test file is run as `FILE PROGRAM`, PROGRAM being the built seatls."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 and os.access(sys.argv[-1], os.X_OK) else "seatls"
ROOT = Path(__file__).resolve().parent.parent.parent
# A sanitizer that found something says one of these, whatever the exit code is.
ALARMS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "terminate called")
# Noise of the address sanitizer about jobs that run on stacks of their own.
NOISE = ("==WARNING: ASan is ignoring requested", "False positive error reports may follow", "google/sanitizers/issues/189")


def tidy(stderr: str) -> str:
    return "\n".join(line for line in stderr.splitlines() if not any(noise in line for noise in NOISE))


class Outcome:
    """What a run of the program left: exit code, texts, and stdout's first line as JSON."""

    def __init__(self, arguments: tuple, code: int, out: bytes, err: bytes) -> None:
        self.arguments, self.code, self.raw = arguments, code, out
        self.out, self.err = out.decode(errors="replace"), tidy(err.decode(errors="replace"))

    @property
    def json(self) -> dict:
        return json.loads(self.out.splitlines()[0])

    def __str__(self) -> str:
        return f"seatls {' '.join(self.arguments)}: exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Case(unittest.TestCase):
    """A test with a folder of its own, in which every run of the program happens."""

    maxDiff = None

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="seatls-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SEATLS_")}
        # Under load a process that used a TPM ends while libcrypto still holds 944 bytes of the TPM's thread, which
        # then counts as a leak. Leaks are looked for in the tests that call the same code; addresses and undefined
        # behaviour are looked for here, too.
        self.environment["ASAN_OPTIONS"] = self.environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

    def seatls(self, *arguments, code: int | None = 0, stdin: bytes = b"", limit: float = 60) -> Outcome:
        arguments = tuple(str(a) for a in arguments)
        done = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, cwd=self.folder,
                              env=self.environment, timeout=limit, check=False)
        outcome = Outcome(arguments, done.returncode, done.stdout, done.stderr)
        self.no_alarm(outcome.err)
        if code is not None:
            self.assertEqual(outcome.code, code, str(outcome))
        return outcome

    def no_alarm(self, stderr: str) -> None:
        for alarm in ALARMS:
            self.assertNotIn(alarm, stderr)

    def serve(self, config: str, *arguments) -> "Server":
        server = Server(self, config, tuple(str(a) for a in arguments))
        self.addCleanup(server.end)
        return server

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def change(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        self.assertIn(old, text, f"{name} does not hold what the test means to change")
        path.write_text(text.replace(old, new))

    def mistakes(self, name: str, code: int = 2) -> list[dict]:
        """What `check` finds wrong; each mistake is told completely."""
        found = self.seatls("check", name, "--json", code=code).json["mistakes"]
        for mistake in found:
            self.assertTrue(mistake["what"] and mistake["remedy"] and mistake["file"], mistake)
        return found


class Server:
    """A `seatls serve` on a free port, ended by its process id."""

    def __init__(self, case: Case, config: str, arguments: tuple) -> None:
        self.case = case
        port_file = case.folder / f"port-{time.monotonic_ns()}"
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", config, "--listen", "127.0.0.1:0", "--port-file", str(port_file), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=case.folder, env=case.environment)
        self.out = self.err = ""
        deadline = time.monotonic() + 60
        while not (port_file.exists() and port_file.read_text().endswith("\n")):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                case.fail(f"the server did not start: {self.out} {self.err}")
            time.sleep(0.02)
        self.port = int(port_file.read_text())
        self.address = f"127.0.0.1:{self.port}"

    def wait(self, code: int) -> list[dict]:
        """Waits for a server that ends by itself (--once); its lines of JSON."""
        self._finish(60)
        self.case.assertEqual(self.process.returncode, code, self.out + self.err)
        return self.reports()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        if not self.process.stdout.closed:
            self._finish(20)

    def reports(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    def _finish(self, limit: float) -> None:
        try:
            out, err = self.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        self.out, self.err = out.decode(errors="replace"), tidy(err.decode(errors="replace"))
        self.case.no_alarm(self.err)


class Daemon:
    """A verb of the program that runs until it is told to end, in a case's folder; ended by its process id.

    `hello` is its first line of stdout, `lines` are those behind it, `errors` is its stderr so far."""

    def __init__(self, case: Case, verb: str, config: str, environment: dict | None = None, before: list[str] | None = None,
                 **more) -> None:
        self.case = case
        self.readers: list[threading.Thread] = []
        self.lines: list[dict] = []
        self.errors = ""
        self.process = subprocess.Popen([*(before or []), PROGRAM, verb, "--config", config, "--json", "--log-level", "info"],
                                        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}, cwd=case.folder,
                                        env={**case.environment, **(environment or {})})
        case.addCleanup(self.end)
        if self.process.stdout is None:
            return  # its lines go elsewhere
        line = self.process.stdout.readline()
        if not line:
            case.fail("it ended: " + tidy(self.process.stderr.read().decode(errors="replace")))
        self.hello = json.loads(line)
        self.readers = [threading.Thread(target=self.read_out), threading.Thread(target=self.read_err)]
        for reader in self.readers:
            reader.start()

    def read_out(self) -> None:
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def read_err(self) -> None:
        for line in self.process.stderr:
            self.errors += line.decode(errors="replace")

    def operations(self, path: str) -> tuple:
        host, port = self.hello["operations"].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def figure(self, name: str) -> float:
        for line in self.operations("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0

    def until(self, what, limit: float = 60) -> None:
        end = time.monotonic() + limit
        while not what():
            self.case.assertLess(time.monotonic(), end, f"{self.errors[-3000:]}\n{self.lines[-5:]}")
            time.sleep(0.02)

    def wait(self, code: int = 0) -> None:
        self.process.wait(timeout=60)
        for reader in self.readers:
            reader.join()
        self.case.no_alarm(tidy(self.errors))
        self.case.assertEqual(self.process.returncode, code, self.errors)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.wait()

    def kill(self) -> None:
        """Gone in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()
        for stream in filter(None, (self.process.stdout, self.process.stderr)):
            stream.close()


def free_ports() -> int:
    """A port that is free, and the next one as well."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class Tpm:
    """A software TPM (swtpm) in a folder of its own. `certified`: with an endorsement certificate, as makers give."""

    @staticmethod
    def missing() -> str:
        return ", ".join(p for p in ("swtpm", "swtpm_setup") if shutil.which(p) is None)

    def __init__(self, certified: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="seatls-swtpm-"))
        state = self.folder / "state"
        state.mkdir()
        self.makers = self.folder / "makers.pem"
        if certified:
            self._certify(state)
        self.state = state
        for _ in range(5):  # another program may take the ports in between
            self.port = free_ports()
            if self._start():
                return
        raise RuntimeError("swtpm did not start")

    @property
    def tcti(self) -> str:
        return f"swtpm:host=127.0.0.1,port={self.port}"

    def _start(self) -> bool:
        pid = self.folder / "pid"
        pid.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.state}", "--flags", "not-need-init,startup-clear",
             "--server", f"type=tcp,port={self.port},bindaddr=127.0.0.1", "--ctrl", f"type=tcp,port={self.port + 1},bindaddr=127.0.0.1",
             "--pid", f"file={pid}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline and not pid.exists():
            time.sleep(0.02)
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def again(self) -> None:
        """The same TPM, after a restart of its machine."""
        deadline = time.monotonic() + 60
        while not self._start():  # another program may use its ports for a moment
            if time.monotonic() > deadline:
                raise RuntimeError("swtpm did not start again")
            time.sleep(0.1)

    def _certify(self, state: Path) -> None:
        authority = self.folder / "ca"
        authority.mkdir()
        options = self.folder / "localca.options"
        options.write_text("--platform-manufacturer seatls\n--platform-version 1\n--platform-model swtpm\n")
        local_ca = self.folder / "localca.conf"
        local_ca.write_text(f"statedir = {authority}\nsigningkey = {authority}/signkey.pem\n"
                            f"issuercert = {authority}/issuercert.pem\ncertserial = {authority}/certserial\n")
        setup = self.folder / "setup.conf"
        setup.write_text(f"create_certs_tool = {shutil.which('swtpm_localca') or '/usr/bin/swtpm_localca'}\n"
                         f"create_certs_tool_config = {local_ca}\ncreate_certs_tool_options = {options}\n")
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", f"dir://{state}", "--config", str(setup), "--create-ek-cert",
                        "--create-platform-cert", "--pcr-banks", "sha256,sha384", "--logfile", str(self.folder / "log")],
                       check=True, capture_output=True, timeout=60)
        self.makers.write_bytes(b"".join(p.read_bytes() for p in sorted(authority.glob("*cert.pem"))))

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class TpmCase(Case):
    """A test with a TPM of its own."""

    certified = False

    def setUp(self) -> None:
        super().setUp()
        if missing := Tpm.missing():
            self.skipTest(f"not installed: {missing}")
        self.tpm = Tpm(self.certified)
        self.addCleanup(self.tpm.end)
        self.environment["SEATLS_TCTI"] = self.tpm.tcti


def main() -> None:
    outcome = unittest.main(verbosity=2, exit=False).result
    if outcome.testsRun == len(outcome.skipped):
        sys.exit(77)  # nothing ran: ctest tells that as skipped
    sys.exit(not outcome.wasSuccessful())
