"""As many connections as there are descriptors for, idle but attested, each with its own one to the application over a Unix
socket. Application, programs and the programs' sidecars are other processes.

SEATLS_DESCRIPTORS says how many descriptors the application's sidecar has."""
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import kit
from proxy_kit import ProxyCase, Sidecar

CROWD = Path(__file__).resolve().parent / "crowd.py"
DESCRIPTORS = int(os.environ.get("SEATLS_DESCRIPTORS", "800"))


class Idle(ProxyCase):
    def start(self, *arguments) -> subprocess.Popen:
        process = subprocess.Popen([sys.executable, str(CROWD), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def end() -> None:
            process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def obey(self, command: str) -> dict:
        self.programs.stdin.write(command + "\n")
        self.programs.stdin.flush()
        return json.loads(self.programs.stdout.readline())

    @staticmethod
    def resident(sidecar: Sidecar) -> int:
        """KiB of memory."""
        status = Path(f"/proc/{sidecar.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))

    def descriptors(self, sidecar: Sidecar) -> int:
        return len(os.listdir(f"/proc/{sidecar.process.pid}/fd"))

    def test_as_many_as_there_are_descriptors_for(self) -> None:
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < DESCRIPTORS:
            self.skipTest(f"a process may have no {DESCRIPTORS} descriptors here")
        path = self.folder / "application.sock"
        self.assertEqual(self.start("application", path).stdout.readline(), "ready\n")
        self.configure("server", {"to": f"unix:{path}"}, proxy={"connections": 100_000})
        near = Sidecar(self, "server.toml", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS)))
        self.configure("client", {"to": f"localhost:{near.port()}"}, proxy={"drain": "0s", "connections": 100_000})
        far = [Sidecar(self, "client.toml") for _ in range(2)]
        self.programs = self.start("programs", *(sidecar.port() for sidecar in far))

        self.assertEqual(self.obey("open 64"), {"served": 64, "refused": 0})  # what is set up once is in the memory of before
        before, begun = self.resident(near), time.monotonic()
        expected = DESCRIPTORS * 2 // 5  # two for each, and room for what else there is
        told = self.obey(f"open {expected - 64}")
        self.assertEqual(told, {"served": expected - 64, "refused": 0})
        took = time.monotonic() - begun
        each = (self.resident(near) - before) / told["served"]
        print(f"\n{expected} connections: {each:.1f} KiB each, {self.descriptors(near)} descriptors of {DESCRIPTORS}, "
              f"opened at {told['served'] / took:.0f} a second", file=sys.stderr)

        # On to the limit, and beyond.
        told = self.obey(f"open {DESCRIPTORS // 2 + 100 - expected}")
        served = expected + told["served"]
        self.assertGreater(told["refused"], 0)
        self.assertGreater(near.figure('seatls_proxy_limited_total{limit="descriptors"}'), 0)
        self.assertEqual(near.operations("/ready")[0], 200)
        print(f"{served} at the limit; {told['refused']} more were refused", file=sys.stderr)
        self.assertEqual(self.obey("talk"), {"served": served, "refused": 0}, "those that are open go on")
        self.assertEqual(self.obey("close 100"), {"open": served - 100})
        near.until(lambda: near.figure('seatls_proxy_connections{listener="127.0.0.1:0"}') == served - 100)
        self.assertEqual(self.obey("open 50"), {"served": 50, "refused": 0}, "there is room again")
        self.obey(f"close {served}")
        near.until(lambda: near.figure('seatls_proxy_connections{listener="127.0.0.1:0"}') == 0)
        # At the limit some were accepted that there was no other side for. Nobody else was broken off.
        broken = [entry["error"]["code"] for entry in near.events("closed") if "error" in entry]
        self.assertEqual(broken, ["io"] * len(broken))
        for sidecar in (*far, near):
            sidecar.stop()


if __name__ == "__main__":
    kit.main()
