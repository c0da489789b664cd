"""What the tests of a network share: its hosts, and processes on them."""
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli")]
MALLORY = sys.argv.pop(1)
import hosts  # noqa: E402
import kit  # noqa: E402

SECRET = b"what only the attested server may know"
PORT = 8443


class Network(kit.Case):
    """An attester `there`, a relying party `here`, and the router between them."""

    use_case = "server-attests"

    def setUp(self) -> None:
        super().setUp()
        if why := hosts.missing():
            self.skipTest(why)
        self.router = self.host(hosts.Router())
        self.attester, self.relying_party = self.host(hosts.Host()), self.host(hosts.Host())
        self.there, self.here = self.router.join(self.attester), self.router.join(self.relying_party)
        self.seatls("init", "--use-case", self.use_case, "--tee", "software", "--name", self.there, "--listen", f"0.0.0.0:{PORT}",
                    "--connect", f"{self.there}:{PORT}", "-q")

    def host(self, host: hosts.Host) -> hosts.Host:
        self.addCleanup(host.end)
        return host

    def start(self, host: hosts.Host, *command, ready: str = "") -> subprocess.Popen:
        """A process on a host, once it has said that it is ready."""
        process = host.start(*map(str, command), cwd=self.folder, env=self.environment)
        said = []
        while ready:
            line = process.stdout.readline()
            said.append(line)
            if not line:
                self.fail(f"{command}: {said}")
            if ready in line:
                break
        return process

    def middle(self, mode: str, port: int, *more) -> subprocess.Popen:
        return self.start(self.router, sys.executable, HERE / "middle.py", mode, port, self.there, PORT, *more, ready="ready")

    def mallory(self) -> subprocess.Popen:
        """She can use the server's TLS key, and has the genuine server make evidence for her."""
        return self.start(self.router, MALLORY, "0.0.0.0:9000", f"{self.there}:{PORT}", self.folder, self.there, "software", ready="ready")
