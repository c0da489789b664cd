"""What befalls a sidecar from outside. Each time the application gets not one byte of a peer that is not attested, and
service comes back by itself once the fault is gone: the sidecars are the same processes throughout.

    verifier down, slow, lying       proxy_verifier_test
    TPM gone                         Tpm2
    disk full                        Disk; proxy_verifier_test
    a sidecar killed                 Killed
    application gone                 proxy_operation_test: test_an_application_that_is_gone_comes_back
    reload with a broken file        proxy_operation_test: test_a_broken_configuration_changes_nothing
    descriptors exhausted            proxy_operation_test: test_without_descriptors_it_refuses_and_goes_on
    packets lost                     ../network/sidecar_test: Loss"""
import contextlib
import json
import os
import resource
import signal
import socket
from pathlib import Path

import faults
import kit
from proxy_kit import ProxyCase, Recorder, Sidecar, TwoSidecars


class Tpm2(TwoSidecars, kit.TpmCase):
    """The server's key and its evidence are of a TPM, which stops and comes back."""

    def setUp(self) -> None:
        super().setUp()
        self.endpoints("server-attests", "tpm2")
        self.application = Recorder(self)

    def test_new_connections(self) -> None:
        near, far = self.pair(self.application)
        self.recovers(far)
        self.tpm.kill()
        self.refused(far)
        self.refused(far)
        self.tpm.again()
        self.recovers(far)
        far.stop()
        near.stop()
        self.assertEqual(self.application.got, b"again" * 2)

    def watched(self) -> tuple[Sidecar, Sidecar, socket.socket]:
        """A connection whose peer is attested again all the time."""
        client = self.timed("client", "hybrid", "1s", "restrict")
        near, far = self.pair(self.application, client=client + '[post]\nattempts = 2\nback_off = "100ms"\nanswer_within = "1s"\n', drain="0s")
        program = far.connect()
        program.sendall(b"before")
        self.assertEqual(program.recv(6, socket.MSG_WAITALL), b"before")
        return near, far, program

    @staticmethod
    def standings(far: Sidecar) -> list[str]:
        return [entry["peer"]["standing"] for entry in far.events("changed")]

    def test_it_is_silent_while_a_connection_is_open(self) -> None:
        near, far, program = self.watched()
        os.kill(self.tpm.process.pid, signal.SIGSTOP)
        far.until(lambda: self.standings(far)[-1:] == ["restricted"])
        program.sendall(b"meanwhile")
        os.kill(self.tpm.process.pid, signal.SIGCONT)
        self.assertEqual(program.recv(9, socket.MSG_WAITALL), b"meanwhile")
        far.until(lambda: "trusted" in self.standings(far)[self.standings(far).index("restricted"):])  # lines come beside the data
        standings = self.standings(far)
        self.assertEqual(standings[standings.index("restricted") + 1], "trusted")
        program.close()
        far.stop()
        near.stop()
        self.assertEqual(self.application.got, b"before" + b"meanwhile")

    def test_it_begins_anew_while_a_connection_is_open(self) -> None:
        """A TPM that was reset proves nothing for what came before: a new connection may be made."""
        near, far, program = self.watched()
        self.tpm.kill()
        far.until(lambda: self.standings(far)[-1:] == ["restricted"])
        program.sendall(b"meanwhile")
        self.refused(far)
        self.tpm.again()
        self.recovers(far)
        self.assertEqual(self.standings(far)[-1], "restricted")
        far.stop()
        self.cut_off(program)
        near.stop()
        self.assertEqual(self.application.got, b"before" + b"again")


class Logging(Sidecar):
    """Its log goes to a file."""

    def __init__(self, case: kit.Case, config: str, log: Path) -> None:
        self.log = log
        with open(log, "ab") as file:
            super().__init__(case, config, stdout=file, stderr=file)
        self.until(lambda: self.entries("listening"))
        self.hello = self.entries("listening")[0]

    def entries(self, kind: str) -> list[dict]:
        """Lines of that kind. One that there was no more room for ends early, and spoils no other."""
        found = []
        for line in self.log.read_bytes().split(b"\n")[:-1]:
            with contextlib.suppress(json.JSONDecodeError):
                found += [entry for entry in [json.loads(line)] if entry["event"] == kind]
        return found


class Disk(ProxyCase):
    def logged(self, log: Path, fill, free) -> None:
        application = Recorder(self)
        self.configure("server", {"to": application.address})
        near = Logging(self, "server.toml", log)
        self.configure("client", {"to": f"localhost:{near.port()}"})
        far = Sidecar(self, "client.toml")
        self.assertEqual(self.exchange(far.connect(), b"1"), b"1")
        near.until(lambda: near.entries("closed"))
        fill(near)
        size, same, count = log.stat().st_size, 0, 1
        while same < 3:  # what it has begun may still have room
            self.assertEqual(self.exchange(far.connect(), b"1"), b"1")
            far.wait_for("closed", count := count + 1)
            same, size = (same + 1 if log.stat().st_size == size else 0), log.stat().st_size
        free(near)
        told = len(near.entries("closed"))
        for more in range(1, 4):
            self.assertEqual(self.exchange(far.connect(), b"1"), b"1")
            near.until(lambda: len(near.entries("closed")) >= told + more)
        self.assertLess(told, count)
        self.assertEqual(len(near.entries("closed")), told + 3)
        far.stop()
        near.stop()
        self.assertEqual(len(application.got), count + 3)

    def test_the_logs_disk_is_full(self) -> None:
        disk = faults.Disk(self, self.folder / "small", "64k")
        self.logged(disk.folder / "log", lambda _: disk.fill(), lambda _: disk.free())

    def test_the_log_may_grow_no_more(self) -> None:
        log, before = self.folder / "log", resource.getrlimit(resource.RLIMIT_FSIZE)

        def limit(near: Logging, size: int) -> None:
            resource.prlimit(near.process.pid, resource.RLIMIT_FSIZE, (size, before[1]))
        self.logged(log, lambda near: limit(near, log.stat().st_size + 100), lambda near: limit(near, before[0]))


class Killed(ProxyCase):
    def setUp(self) -> None:
        super().setUp()
        self.application = Recorder(self)
        self.configure("server", {"to": self.application.address})
        self.near = Sidecar(self, "server.toml")
        self.way = faults.Valve(self, self.near.port())
        self.configure("client", {"to": f"localhost:{self.way.port}"})
        self.far = Sidecar(self, "client.toml")

    def in_the_middle(self) -> socket.socket:
        program = self.far.connect()
        program.sendall(b"half of")
        self.assertEqual(program.recv(7, socket.MSG_WAITALL), b"half of")
        return program

    def test_the_servers_sidecar(self) -> None:
        program = self.in_the_middle()
        self.near.kill()
        with self.assertRaises(ConnectionResetError, msg="what was cut off looks like an end"):
            program.recv(1)
        self.near.until(lambda: self.application.broken == 1)
        self.refused(self.far)
        self.near = Sidecar(self, "server.toml")
        self.way.lead_to(self.near.port())
        self.recovers(self.far)
        self.stop()

    def test_the_clients_sidecar(self) -> None:
        program = self.in_the_middle()
        self.far.kill()
        with self.assertRaises(ConnectionResetError, msg="what was cut off looks like an end"):
            program.recv(1)
        self.assertEqual(self.near.wait_for("closed")[0]["error"]["code"], "closed")
        self.near.until(lambda: self.application.broken == 1)
        self.far = Sidecar(self, "client.toml")
        self.recovers(self.far)
        self.stop()

    def stop(self) -> None:
        self.far.stop()
        self.near.stop()
        self.assertEqual(self.application.got, b"half of" + b"again")


if __name__ == "__main__":
    kit.main()
