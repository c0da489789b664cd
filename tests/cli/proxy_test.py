"""The sidecar over real processes: two of them between a program and an application, which know nothing of it."""
import hashlib
import json
import os
import socket
import ssl
import struct
import subprocess
import threading

import kit
from proxy_kit import Application, ProxyCase, Recorder, Sidecar, TwoSidecars, Web

H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
WEBSOCKET = (b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")


class Passing(ProxyCase):
    def test_bytes_pass_as_they_are(self) -> None:
        application = Application(self)
        near, far = self.pair(application)
        for data in (b"x", b"", H2_PREFACE, WEBSOCKET, os.urandom(300_000)):
            self.assertEqual(self.exchange(far.connect(), data), data)
        accepted = near.wait_for("accepted", 5)[0]
        self.assertTrue(accepted["peer"]["attested"])
        self.assertEqual((accepted["peer"]["verdict"], accepted["peer"]["scheme"]), ("warning", "software"))
        closed = near.wait_for("closed", 5)[-1]
        self.assertNotIn("error", closed)
        self.assertEqual((closed["from_peer"], closed["to_peer"]), (300_000, 300_000))
        far.wait_for("closed", 5)
        far.stop()
        near.stop()

    def test_an_end_of_one_direction_passes(self) -> None:
        class Late(Application):
            """Says nothing before the program has ended."""

            def serve(self, connection: socket.socket) -> None:
                data = b""
                while part := connection.recv(65536):
                    data += part
                connection.sendall(hashlib.sha256(data).digest())

        near, far = self.pair(Late(self))
        data = os.urandom(100_000)
        self.assertEqual(self.exchange(far.connect(), data), hashlib.sha256(data).digest())
        far.stop()
        near.stop()

    def test_an_answer_passes_on_behind_the_end(self) -> None:
        """The program ends its direction while an answer is on its way, on plain TLS and on seatls/1."""
        class Talker(Application):
            def serve(self, connection: socket.socket) -> None:
                connection.sendall(bytes(20_000_000))
                while connection.recv(65536):
                    pass
        for use_case in ("mutual", "server-attests"):
            with self.subTest(use_case=use_case):
                self.endpoints(use_case, "software")
                near, far = self.pair(Talker(self))
                connection = far.connect()
                self.assertEqual(len(connection.recv(1)), 1)
                connection.shutdown(socket.SHUT_WR)
                count = 1
                while part := connection.recv(1 << 18):
                    count += len(part)
                self.assertEqual(count, 20_000_000)
                self.assertNotIn("error", near.wait_for("closed")[0])
                far.stop()
                near.stop()

    def test_every_timing(self) -> None:
        for timing in ("intra", "post", "hybrid"):
            with self.subTest(timing=timing):
                near, far = self.pair(Application(self), self.timed("server", timing), self.timed("client", timing))
                data = os.urandom(200_000)
                self.assertEqual(self.exchange(far.connect(), data), data)
                self.assertEqual(near.wait_for("accepted")[0]["peer"]["timing"], timing)
                far.stop()
                near.stop()

    def test_unix_sockets(self) -> None:
        application = Application(self, str(self.folder / "application.sock"))
        near, far = self.pair(application)
        self.assertEqual(self.exchange(far.connect(), b"over a Unix socket"), b"over a Unix socket")
        far.stop()
        self.configure("client", {"to": f"localhost:{near.port()}", "listen": f"unix:{self.folder}/program.sock"})
        for _ in range(2):  # the second finds the first one's socket, which nobody listens on
            far = Sidecar(self, "client.toml")
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(self.folder / "program.sock"))
            with connection:
                self.assertEqual(self.exchange(connection, b"hello"), b"hello")
            far.kill()
        near.stop()

    def test_both_roles_in_one_process(self) -> None:
        application = Application(self)
        port = kit.free_ports()
        self.configure("server", {"listen": f"127.0.0.1:{port}", "to": application.address},
                       {"to": f"localhost:{port}", "config": "client-endpoint.toml"})
        both = Sidecar(self, "server.toml")
        self.assertEqual(self.exchange(both.connect(1), b"there and back"), b"there and back")
        self.assertEqual(application.connections, 1)
        both.stop()

    def test_programs_that_name_their_server(self) -> None:
        application = Web(self)
        self.configure("server", {"to": application.address})
        near = Sidecar(self, "server.toml")
        target = f"localhost:{near.port()}"
        self.configure("client", {"mode": "socks5", "allow": [target]}, {"mode": "connect", "allow": [target]})
        far = Sidecar(self, "client.toml")
        for how in (["--socks5-hostname", f"127.0.0.1:{far.port(0)}"], ["--proxytunnel", "-x", f"http://127.0.0.1:{far.port(1)}"]):
            got = subprocess.run(["curl", "-sS", "--noproxy", "", *how, f"http://{target}/"], capture_output=True, timeout=60, check=False)
            self.assertEqual((got.returncode, got.stdout), (0, b"hello\n"), got.stderr)
        # To others it does not connect, and says so.
        socks = far.connect(0)
        socks.sendall(b"\x05\x01\x00")
        self.assertEqual(socks.recv(2), b"\x05\x00")
        socks.sendall(b"\x05\x01\x00\x03\x07example" + struct.pack(">H", 443))
        self.assertEqual(socks.recv(10)[:2], b"\x05\x02")
        tunnel = far.connect(1)
        tunnel.sendall(b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(tunnel.recv(4096).startswith(b"HTTP/1.1 403 Forbidden\r\n"))
        self.assertEqual(application.connections, 2)
        far.stop()
        near.stop()

    def test_names_choose_the_application(self) -> None:
        first, second = Application(self), Web(self)
        port = kit.free_ports()
        listen = f"127.0.0.1:{port}"
        self.configure("server", {"listen": listen, "to": first.address, "sni": ["localhost"]},
                       {"listen": listen, "to": second.address, "sni": "*.example"})
        near = Sidecar(self, "server.toml")
        self.configure("client", {"to": f"localhost:{port}"})
        far = Sidecar(self, "client.toml")
        self.assertEqual(self.exchange(far.connect(), b"hello"), b"hello")
        self.assertEqual((first.connections, second.connections), (1, 0))
        # A name that no listener has, and none: refused before TLS begins.
        for name in ("other.test", None):
            context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
            context.check_hostname = False
            with self.assertRaises(ssl.SSLError) as refused, socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
                context.wrap_socket(raw, server_hostname=name)
            self.assertIn("UNRECOGNIZED_NAME", str(refused.exception).upper().replace(" ", "_"))
        self.assertEqual([e["error"]["code"] for e in near.wait_for("refused", 2)], ["unknown_value", "unknown_value"])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as half:  # a ClientHello that stays half
            half.sendall(b"\x16\x03\x01\x02\x00\x01")
            half.shutdown(socket.SHUT_WR)
            self.cut_off(half)
        self.assertEqual(near.wait_for("refused", 3)[2]["error"]["code"], "closed")
        far.stop()
        near.stop()

    def test_the_application_hears_who_it_is(self) -> None:
        class Header(Application):
            """Reads a header of the PROXY protocol, then echoes."""

            def serve(self, connection: socket.socket) -> None:
                stream = connection.makefile("rb")
                head = stream.read(16)
                body = stream.read(struct.unpack(">H", head[14:])[0])
                self.heads.append((head, body))
                while data := stream.read1(65536):
                    connection.sendall(data)

        application = Header(self)
        near, far = self.pair(application, proxy_protocol=True)
        # What the peer sends is data, whatever it looks like.
        forged = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes([192, 0, 2, 1, 192, 0, 2, 2, 0, 1, 0, 2])
        self.assertEqual(self.exchange(far.connect(), forged), forged)
        (head, body), = application.heads
        self.assertEqual(head[:14], b"\r\n\r\n\x00\r\nQUIT\n\x21\x11")
        self.assertEqual((body[:4], body[4:8]), (socket.inet_aton("127.0.0.1"),) * 2)
        self.assertEqual(struct.unpack(">H", body[10:12])[0], near.port())
        parts, rest = {}, body[12:]
        while rest:
            size = struct.unpack(">H", rest[1:3])[0]
            parts[rest[0]], rest = rest[3:3 + size], rest[3 + size:]
        self.assertEqual(parts[0x02], b"localhost")
        self.assertEqual(parts[0x20][:5], b"\x07\x00\x00\x00\x00")  # TLS, with a certificate, verified
        self.assertIn(b"TLSv1.3", parts[0x20])
        verdict = json.loads(parts[0xE0])
        self.assertEqual((verdict["attested"], verdict["verdict"], verdict["scheme"]), (True, "warning", "software"))
        self.assertEqual(near.events("accepted")[0]["id"], parts[0x05].decode())
        far.stop()
        near.stop()


class Transfer(ProxyCase):
    def transfer(self, mebibytes: int) -> None:
        """That much, and on until the peer was attested again several times meanwhile."""
        near, far = self.pair(Application(self), self.timed("server", "hybrid", "1s"), self.timed("client", "hybrid", "1s"))
        connection = far.connect()
        sent, received = hashlib.sha256(), hashlib.sha256()
        block = os.urandom(1 << 20)

        def send() -> None:
            count = 0
            while count < mebibytes or len(near.events("changed")) < 2:
                connection.sendall(block)
                sent.update(block)
                count += 1
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        total = 0
        while part := connection.recv(1 << 18):
            received.update(part)
            total += len(part)
        sender.join()
        self.assertGreaterEqual(total, mebibytes << 20)
        self.assertEqual(received.digest(), sent.digest())
        self.assertGreaterEqual(near.wait_for("closed")[0]["from_peer"], mebibytes << 20)
        self.assertGreaterEqual(near.events("changed")[-1]["peer"]["attested_again"], 2)
        far.stop()
        near.stop()

    def test_much_passes_while_the_peer_is_attested_again(self) -> None:
        self.transfer(int(os.environ.get("SEATLS_TRANSFER_MIB", "64")))


class Refusal(ProxyCase):
    """A peer that is not what the configuration demands never reaches the application, which hears nothing of it."""

    def test_a_peer_without_evidence(self) -> None:
        application = Application(self)
        self.configure("server", {"to": application.address})
        near = Sidecar(self, "server.toml")
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        context.load_cert_chain(self.folder / "client.pem", self.folder / "client.key")
        with socket.create_connection(("127.0.0.1", near.port()), timeout=60) as raw, self.assertRaises((ssl.SSLError, OSError)):
            with context.wrap_socket(raw, server_hostname="localhost") as tls:
                tls.sendall(b"let me in")
                self.assertEqual(tls.recv(1), b"", "not a byte")
                raise OSError("it was closed")
        with near.connect() as plain:  # no TLS at all
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                while plain.recv(4096):  # an alert
                    pass
            except ConnectionResetError:
                pass
        self.assertEqual(near.wait_for("refused", 2)[0]["error"]["code"], "attestation_required")
        self.assertEqual(application.connections, 0)
        self.assertIn("seatls_proxy_refused_total", near.operations("/metrics")[1])
        near.stop()

    def test_a_peer_with_the_wrong_evidence(self) -> None:
        for timing in ("intra", "hybrid", "post"):
            with self.subTest(timing=timing):
                application = Application(self)
                client = self.timed("client", timing).replace('swname = "seatls"', 'swname = "other"')
                near, far = self.pair(application, self.timed("server", timing), client)
                self.refused(far, b"let me in")
                self.assertEqual(near.wait_for("refused")[0]["error"]["code"], "reference_mismatch")
                self.assertEqual(application.connections, 0)
                far.stop()
                near.stop()

    def test_a_server_with_the_wrong_evidence(self) -> None:
        """The program's first bytes wait until its server is known; then there is nobody to send them to."""
        application = Application(self)
        server = (self.folder / "server-endpoint.toml").read_text().replace('swname = "seatls"', 'swname = "other"')
        near, far = self.pair(application, server=server)
        self.refused(far, b"my password")
        self.assertEqual(far.wait_for("refused")[0]["error"]["code"], "reference_mismatch")
        self.assertEqual(application.connections, 0)
        self.assertEqual([e["from_peer"] for e in near.events("closed")], [0] * len(near.events("closed")))
        far.stop()
        near.stop()

    def test_silence_ends(self) -> None:
        application = Application(self)
        self.configure("server", {"to": application.address}, proxy={"handshake": "200ms"})
        near = Sidecar(self, "server.toml")
        with near.connect() as silent:
            self.assertEqual(silent.recv(1), b"")
        self.assertEqual(near.wait_for("refused")[0]["error"]["code"], "timed_out")
        near.stop()


class Machine(TwoSidecars, kit.TpmCase):
    """A server whose machine changes while a connection is open."""

    def changed_machine(self, application: Application, on_failure: str) -> tuple[Sidecar, Sidecar, socket.socket]:
        self.endpoints("server-attests", "tpm2")
        near, far = self.pair(application, client=self.timed("client", "hybrid", "1s", on_failure), drain="0s")
        program = far.connect()
        program.sendall(b"before")
        self.assertEqual(program.recv(6, socket.MSG_WAITALL), b"before")
        subprocess.run(["tpm2_pcrextend", "4:sha256=" + "ab" * 32], check=True, timeout=60, capture_output=True,
                       env={**self.environment, "TPM2TOOLS_TCTI": self.tpm.tcti})
        return near, far, program

    def test_a_restricted_peer_gets_nothing(self) -> None:
        application = Recorder(self)
        near, far, program = self.changed_machine(application, "restrict")
        far.until(lambda: any(e["peer"]["standing"] == "restricted" for e in far.events("changed")))
        program.sendall(b"after")
        program.shutdown(socket.SHUT_WR)
        far.stop()
        self.cut_off(program)
        near.wait_for("closed")
        self.assertEqual(application.got, b"before")
        near.stop()

    def test_a_refused_peer_is_broken_off(self) -> None:
        near, far, program = self.changed_machine(Application(self), "close")
        self.cut_off(program)
        self.assertEqual(far.wait_for("closed")[0]["error"]["code"], "reference_mismatch")
        self.assertEqual(near.wait_for("closed")[0]["error"]["code"], "refused_by_peer")
        far.stop()
        near.stop()


if __name__ == "__main__":
    kit.main()
