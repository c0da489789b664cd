"""Two sidecars, and an attacker who carries the packets between them: what she relays, strips, diverts and replays is
refused, and neither a byte of the program's nor one for the application passes. A network that only loses packets is none."""
import hashlib
import os
import socket
import threading

from network_kit import PORT, SECRET, Network  # finds the others

import hosts
import kit
from proxy_kit import Application, Recorder, Sidecar, TwoSidecars


class Sidecars(TwoSidecars, Network):
    """The application with its sidecar is at the attester, the program with its own at the relying party."""

    use_case = "mutual"

    def setUp(self) -> None:
        super().setUp()
        for name in ("server", "client"):
            (self.folder / f"{name}.toml").rename(self.folder / f"{name}-endpoint.toml")

    def sidecar(self, host: hosts.Host, name: str, listener: dict, endpoint: str = "") -> Sidecar:
        return Sidecar(self, self.configure(name, listener, endpoint=endpoint, proxy={"operations": None}), before=host.inside())

    def server(self, host: hosts.Host, application: Application, endpoint: str = "", name: str = "server") -> Sidecar:
        return self.sidecar(host, name, {"listen": f"0.0.0.0:{PORT}", "to": application.address}, endpoint)

    def begin(self, timing: tuple = ()) -> None:
        self.application = self.attester.within(lambda: Recorder(self))
        self.near = self.server(self.attester, self.application, self.timed("server", *timing) if timing else "")
        self.far = self.sidecar(self.relying_party, "client", {"to": f"{self.there}:{PORT}"}, self.timed("client", *timing) if timing else "")

    def program(self) -> socket.socket:
        return self.relying_party.within(self.far.connect)

    def served(self) -> None:
        self.assertEqual(self.exchange(self.program(), b"hello"), b"hello")

    def refused_for(self, why: str) -> None:
        count = len(self.far.events("refused"))
        self.relying_party.within(lambda: self.refused(self.far, SECRET))
        self.assertEqual(self.far.wait_for("refused", count + 1)[-1]["error"]["code"], why)

    def stop(self, served: int) -> None:
        self.far.stop()
        self.near.stop()
        self.assertEqual(self.application.got, b"hello" * served)


class Middle(Sidecars):
    """No key is hers."""

    def test_the_extension_is_stripped(self) -> None:
        self.begin()
        self.served()
        middle = self.middle("strip", 9000)
        self.router.divert(self.there, PORT, "9000")
        self.refused_for("handshake_not_verified")
        self.assertEqual(middle.stdout.readline(), "stripped\n")
        self.router.relent()
        self.served()
        self.stop(2)

    def test_an_honest_connection_is_played_again(self) -> None:
        self.begin()
        self.middle("record", 9000, "kept")
        self.router.divert(self.there, PORT, "9000")
        self.served()
        self.router.relent()
        self.middle("replay", 9001, "kept")
        self.router.divert(self.there, PORT, "9001")
        self.refused_for("handshake_not_verified")
        self.router.relent()
        self.served()
        self.stop(2)


class StolenKey(Sidecars):
    """She can use the server's TLS key, and every certificate of its."""

    use_case = "server-attests"

    def test_evidence_is_relayed(self) -> None:
        self.begin()
        mallory = self.mallory()
        self.router.divert(self.there, PORT, "9000")
        self.refused_for("binder_mismatch")
        told = next(line for line in mallory.stdout if line.startswith(("refused: ", "taken in")))
        self.assertTrue(told.startswith("refused: "), told)
        self.router.relent()
        self.served()
        self.stop(1)

    def diverted(self, endpoint: str, why: str) -> None:
        """She has a machine with a sidecar and an application."""
        other = self.host(hosts.Host())
        address = self.router.join(other)
        self.begin()
        hers = other.within(lambda: Recorder(self))
        self.server(other, hers, endpoint, "hers")
        self.router.divert(self.there, PORT, f"{address}:{PORT}")
        self.refused_for(why)
        self.router.relent()
        self.served()
        self.assertEqual(hers.got, b"")
        self.stop(1)

    def test_connections_are_diverted_to_a_machine_of_hers(self) -> None:
        self.seatls("key", "create", "-o", "hers.key")
        self.diverted((self.folder / "server-endpoint.toml").read_text().replace('"attester.key"', '"hers.key"'), "untrusted_attestation_key")

    def test_a_machine_of_hers_without_attestation(self) -> None:
        self.diverted((self.folder / "server-endpoint.toml").read_text().split("[attest]")[0], "attestation_required")


class Loss(Sidecars):
    def test_one_packet_of_ten(self) -> None:
        self.begin(("hybrid", "1s"))
        self.router.lose(1)
        program, block = self.program(), os.urandom(100_000)
        program.settimeout(240)
        sent, received, total = hashlib.sha256(), hashlib.sha256(), 0

        def send() -> None:
            count = 0
            while count < 40 or not self.near.events("changed") or not self.far.events("changed"):
                program.sendall(block)
                sent.update(block)
                count += 1
            program.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        while part := program.recv(1 << 16):
            received.update(part)
            total += len(part)
        sender.join()
        self.assertEqual(received.digest(), sent.digest())
        self.assertGreater(self.router.lost(), 0)
        self.assertEqual(len(self.application.got), total)
        self.assertNotIn("error", self.near.wait_for("closed")[0])
        self.far.stop()
        self.near.stop()


del Sidecars, TwoSidecars, Network


if __name__ == "__main__":
    kit.main()
