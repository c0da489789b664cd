"""Sidecars that depend on a verifier elsewhere, and what becomes of that one: it is down, slow, lies, has no room on its
disk. The application gets not one byte of a peer that is not attested, and service comes back by itself."""
import base64
import contextlib
import json
import os
import socket

import faults
import kit
from proxy_kit import ProxyCase, Recorder, Sidecar


class VerifierCase(ProxyCase):
    """Two sidecars, and a verifier elsewhere that can be reached by `way` alone."""

    def setUp(self) -> None:
        super().setUp()
        self.seatls("init", "--tee", "software", "--dir", "verifier", "-q")
        for name in ("attester.pem", "policy.toml"):
            self.write(f"verifier/{name}", (self.folder / name).read_text())
        self.seatls("key", "create", "-o", "verifier/results.key")
        self.write("verifier/results.pem", self.seatls("key", "show", "--public", "verifier/results.key").out)
        self.way = faults.Valve(self)
        self.application = Recorder(self)

    def verifier(self, key: str = "results.key", store: str = "memory:", more: str = "") -> kit.Daemon:
        self.write("verifier/verifier.toml", '[endpoint]\nrole = "server"\nlisten = "127.0.0.1:0"\ncertificate = "server.pem"\n'
                   f'key = "server.key"\n[service]\nstore = "{store}"\nsigning_key = "{key}"\nissuer = "verifier.example"\n'
                   f'policy = "policy.toml"\n{more}')
        return kit.Daemon(self, "verifier", "verifier/verifier.toml")

    @staticmethod
    def port_of(service: kit.Daemon) -> int:
        return int(service.hello["address"].rsplit(":", 1)[1])


class Asking(VerifierCase):
    """One of the sidecars has it judge its peers."""

    asks = ""

    def setUp(self) -> None:
        super().setUp()
        for name in ("server", "client"):
            text = (self.folder / f"{name}-endpoint.toml").read_text()
            if name == self.asks:
                text = text.replace("[attest]", 'credential_timeout = "50s"\n[attest]', 1).replace('policy = "policy.toml"', 'schemes = ["software"]')
                text += (f'[verifier]\nurl = "https://localhost:{self.way.port}"\nname = "verifier.example"\nkey = "verifier/results.pem"\n'
                         'ca = "verifier/ca.pem"\ntimeout = "4s"\nbudget = "6s"\n[danger]\nsoftware_evidence = true\n')
            self.write(f"{name}-endpoint.toml", text)
        self.near, self.far = self.pair(self.application)
        self.asking = self.near if self.asks == "server" else self.far

    def refused_for(self, *codes: str) -> None:
        before = len(self.asking.events("refused"))
        self.refused(self.far)
        self.assertIn(self.asking.wait_for("refused", before + 1)[-1]["error"]["code"], codes)

    def stop(self, got: bytes) -> None:
        """In the end the application has what attested peers sent, and no more."""
        self.far.stop()
        self.near.stop()
        self.assertEqual(self.application.got, got)
        for line in self.near.events("closed"):
            self.assertIn(line["from_peer"], (0, 5), line)

    def test_the_verifier_is_down(self) -> None:
        self.refused_for("verifier_unavailable")
        service = self.verifier()
        self.way.open(self.port_of(service))
        self.recovers(self.far)
        stays = self.far.connect()
        stays.sendall(b"stay")
        self.assertEqual(stays.recv(4, socket.MSG_WAITALL), b"stay")
        service.kill()
        self.refused_for("verifier_unavailable")
        stays.sendall(b"s")
        self.assertEqual(stays.recv(1), b"s", "who was judged before is served on")
        stays.close()
        self.way.lead_to(self.port_of(self.verifier()))
        self.recovers(self.far)
        self.stop(b"again" + b"stays" + b"again")

    def test_the_verifier_is_slow(self) -> None:
        self.way.open(self.port_of(self.verifier()))
        self.recovers(self.far)
        stays = self.far.connect()
        stays.sendall(b"stay")
        self.assertEqual(stays.recv(4, socket.MSG_WAITALL), b"stay")
        self.way.hold()
        came = self.way.came
        waiting = self.far.connect()
        waiting.sendall(b"later")
        self.asking.until(lambda: self.way.came > came)
        stays.sendall(b"s")
        self.assertEqual(stays.recv(1), b"s", "nobody else waits for it")
        stays.close()
        self.assertEqual(self.application.got, b"again" + b"stays")
        self.way.release()
        # Either the verdict came in time, or the peer was refused: it gets all or nothing.
        try:
            served = waiting.recv(5, socket.MSG_WAITALL)
        except ConnectionResetError:
            served = b""
        waiting.close()
        self.assertIn(served, (b"", b"later"))
        self.way.hold()
        self.refused_for("verifier_unavailable")
        self.way.release()
        self.recovers(self.far)
        self.stop(b"again" + b"stays" + served + b"again")

    def test_the_verifier_signs_with_another_key(self) -> None:
        self.seatls("key", "create", "-o", "verifier/hers.key")
        self.way.open(self.port_of(self.verifier("hers.key")))
        self.refused_for("signature_invalid")
        self.way.lead_to(self.port_of(self.verifier()))
        self.recovers(self.far)
        self.stop(b"again")

    def test_the_verifier_lies(self) -> None:
        liar = faults.Liar(self, self.folder / "verifier", self.port_of(self.verifier()))
        self.way.open(liar.port)
        told: list[str] = []

        def listen(status: int, body: bytes) -> tuple:
            told.extend(filter(None, [json.loads(body).get("result")]))
            return status, body

        def replay(status: int, body: bytes) -> tuple:
            """A genuine verdict, about a connection of before."""
            session = json.loads(body)
            return status, json.dumps(session | {"result": told[0]}).encode() if "result" in session else body

        def unsigned(status: int, body: bytes) -> tuple:
            session = json.loads(body)
            if "result" in session:
                header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
                session["result"] = f"{header}.{session['result'].split('.')[1]}."
            return status, json.dumps(session).encode()

        def rename(status: int, body: bytes) -> tuple:
            """The session is about another nonce from the start."""
            session = json.loads(body)
            return status, json.dumps(session | {"nonce": base64.b64encode(bytes(32)).decode()}).encode()

        liar.lie = listen
        self.recovers(self.far)
        self.assertTrue(told)
        count = 0
        for lie, codes in ((replay, ("evidence_inconsistent", "binder_mismatch")),
                           (unsigned, ("algorithm_not_allowed",)),
                           (rename, ("verifier_unavailable", "binder_mismatch")),
                           (lambda s, b: (s, os.urandom(len(b))), ("verifier_unavailable",)),
                           (lambda s, b: (s, b"{" * 300_000), ("verifier_unavailable",)),
                           (lambda s, b: (s, b'{"status":"complete","result":"yes"}'), ("verifier_unavailable", "malformed", "signature_invalid")),
                           (lambda s, b: (204, b""), ("verifier_unavailable",)),
                           (lambda s, b: (500, b), ("verifier_unavailable",))):
            with self.subTest(lie=count):
                liar.lie = lie
                self.refused_for(*codes)
                liar.lie = listen
                self.recovers(self.far)
                count += 1
        self.stop(b"again" * (count + 1))

    def test_the_verifiers_disk_is_full(self) -> None:
        disk = faults.Disk(self, self.folder / "small", "512k")
        service = self.verifier(store=f"sqlite:{disk.folder}/verifier.db")
        self.way.open(self.port_of(service))
        self.recovers(self.far)
        disk.fill()
        served = 0
        while not self.asking.events("refused"):  # what it has begun to write may still have room
            try:
                served += self.exchange(self.far.connect(), b"still") == b"still"
            except OSError:
                pass
        self.assertEqual(self.asking.events("refused")[0]["error"]["code"], "verifier_unavailable")
        disk.free()
        self.recovers(self.far)
        service.stop()
        self.stop(b"again" + b"still" * served + b"again")


class ServerAsks(Asking):
    asks = "server"


class ClientAsks(Asking):
    asks = "client"


class Passport(VerifierCase):
    """The server's sidecar shows results, which it fetches, renews and keeps."""

    def setUp(self) -> None:
        super().setUp()
        text = (self.folder / "server-endpoint.toml").read_text()
        whole, software = text.split("[attest]")[0], text.split("[attest]")[1].split("[require]")[0]
        self.cache = self.folder / "server.ear"
        self.server = (f'{whole}[attest]\nattester = "passport"\nverifier = "verifier.example"\nurl = "https://localhost:{self.way.port}"\n'
                       f'verifier_key = "verifier/results.pem"\nca = "verifier/ca.pem"\ncache = "CACHE"\n[attest.parts.machine]{software}')
        self.client = ('[endpoint]\nrole = "client"\nconnect = "localhost:1"\nca = "ca.pem"\n[require]\nmodel = "passport"\n'
                       'accept = ["affirming", "warning"]\n[verifier]\nname = "verifier.example"\nkey = "verifier/results.pem"\nmax_age = "1h"\n')

    def sidecars(self) -> tuple[Sidecar, Sidecar]:
        return self.pair(self.application, self.server.replace("CACHE", str(self.cache)), self.client)

    def test_the_verifier_is_down(self) -> None:
        service = self.verifier(more='result_lifetime = "10s"\n')
        self.way.open(self.port_of(service))
        near, far = self.sidecars()
        self.recovers(far)
        service.kill()
        # What was fetched is good until it ends, and no longer.
        served = 0
        while not far.events("refused"):
            with contextlib.suppress(OSError):
                served += self.exchange(far.connect(), b"still") == b"still"
        self.way.lead_to(self.port_of(self.verifier()))
        self.recovers(far)
        far.stop()
        near.stop()
        self.assertEqual(self.application.got, b"again" + b"still" * served + b"again")

    def test_the_disk_of_the_cache_is_full(self) -> None:
        disk = faults.Disk(self, self.folder / "small", "64k")
        self.cache = disk.folder / "server.ear"
        disk.fill()
        self.way.open(self.port_of(self.verifier(more='result_lifetime = "10s"\n')))
        near, far = self.sidecars()
        self.recovers(far)
        self.assertEqual([entry.name for entry in disk.folder.iterdir()], ["ballast"])
        disk.free()
        near.until(self.cache.exists, 120)  # with the next result
        self.assertEqual(self.cache.read_bytes().count(b"."), 2, "a whole result")
        far.stop()
        near.stop()
        self.assertEqual(self.application.got, b"again")


del VerifierCase, Asking


if __name__ == "__main__":
    kit.main()
