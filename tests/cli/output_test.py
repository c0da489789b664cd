"""What a sidecar says is written beside its work: nobody who does not read it holds up the data."""
import fcntl
import json
import os
import signal
import socket
import subprocess

import kit
from proxy_kit import Application, ProxyCase, Sidecar

F_SETPIPE_SZ = 1031
MOST_WAITING = 4096  # lines


class Stuck:
    """A `seatls proxy` whose stdout and stderr are a short pipe that is read when the test says so."""

    def __init__(self, case: ProxyCase, config: str) -> None:
        self.case = case
        out, into = os.pipe()
        fcntl.fcntl(into, F_SETPIPE_SZ, 4096)
        self.reader = os.fdopen(out, "rb")
        self.process = subprocess.Popen([kit.PROGRAM, "proxy", "--config", config, "--json", "--log-level", "info"],
                                        stdout=into, stderr=into, cwd=case.folder, env=case.environment)
        os.close(into)
        case.addCleanup(self.end)
        while not (line := self.reader.readline()).startswith(b"{"):
            case.assertTrue(line)
        self.hello = json.loads(line)

    port = Sidecar.port
    connect = Sidecar.connect
    operations = Sidecar.operations
    figure = Sidecar.figure

    def rest(self) -> list[dict]:
        """All that it still says until its end."""
        lines = self.reader.read().decode().splitlines()
        self.case.no_alarm("\n".join(lines))
        return [json.loads(line) for line in lines if line.startswith("{")]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.close()


class Output(ProxyCase):
    def stuck(self) -> tuple[Stuck, Sidecar]:
        self.configure("server", {"to": Application(self).address})
        near = Stuck(self, "server.toml")
        self.configure("client", {"to": f"localhost:{near.port()}"})
        return near, Sidecar(self, "client.toml")

    def test_data_passes_and_no_line_is_lost(self) -> None:
        near, far = self.stuck()
        for _ in range(10):  # two lines each, and the pipe holds about two
            self.assertEqual(self.exchange(far.connect(), b"x" * 10_000), b"x" * 10_000)
        self.assertEqual(near.operations("/ready")[0], 200)
        self.assertEqual(near.figure("seatls_proxy_log_lines_lost_total"), 0)
        far.stop()
        near.process.send_signal(signal.SIGTERM)
        events = [line["event"] for line in near.rest()]
        self.assertEqual((events.count("accepted"), events.count("closed")), (10, 10))
        self.assertEqual(near.process.wait(timeout=60), 0)

    def test_it_ends_although_nobody_reads(self) -> None:
        near, far = self.stuck()
        for _ in range(10):
            self.assertEqual(self.exchange(far.connect(), b"hello"), b"hello")
        far.stop()
        near.process.send_signal(signal.SIGTERM)
        self.assertEqual(near.process.wait(timeout=120), 0)

    def test_what_is_too_much_is_dropped_and_counted(self) -> None:
        near, far = self.stuck()
        visits = MOST_WAITING + 500
        for _ in range(visits):  # a line each
            with socket.create_connection(("127.0.0.1", near.port()), timeout=60):
                pass
        self.assertEqual(self.exchange(far.connect(), b"still"), b"still")
        far.stop()
        lost = near.figure("seatls_proxy_log_lines_lost_total")
        self.assertGreater(lost, 0)
        near.process.send_signal(signal.SIGTERM)
        lines = near.rest()
        told = sum(line["lines"] for line in lines if line["event"] == "lost")
        self.assertGreaterEqual(told, lost)
        self.assertEqual(sum(line["event"] in ("refused", "accepted", "closed") for line in lines) + told, visits + 2)
        self.assertEqual(near.process.wait(timeout=60), 0)

    def test_a_reader_that_is_gone(self) -> None:
        near, far = self.stuck()
        near.reader.close()
        for _ in range(5):
            self.assertEqual(self.exchange(far.connect(), b"hello"), b"hello")
        far.stop()
        near.process.send_signal(signal.SIGTERM)
        self.assertEqual(near.process.wait(timeout=60), 0)


if __name__ == "__main__":
    kit.main()
