"""Ends of connections at the sidecar that are nobody's fault."""
import http.client
import socket
import ssl

import kit
from proxy_kit import Application, ProxyCase, Sidecar


class Forgetful(Application):
    """Answers a request, says that the connection stays, and closes it all the same."""

    def serve(self, connection: socket.socket) -> None:
        head = b""
        while b"HTTP/1.1\r\n" not in head or not head.endswith(b"\r\n\r\n"):  # a PROXY header begins with line ends, too
            data = connection.recv(65536)
            if not data:
                return
            head += data
        self.heads.append(head)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")


class Ends(ProxyCase):
    def test_an_application_that_has_enough_of_waiting(self) -> None:
        application = Forgetful(self)
        self.configure("server", {"to": application.address, "mode": "http", "otherwise": "forward", "proxy_protocol": True})
        near = Sidecar(self, "server.toml")
        self.configure("client", {"to": f"localhost:{near.port()}"})
        far = Sidecar(self, "client.toml")
        program = http.client.HTTPConnection("127.0.0.1", far.port(), timeout=60)
        self.addCleanup(program.close)
        program.connect()
        first = program.sock
        for number in range(1, 6):
            program.request("GET", f"/{number}")
            answer = program.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, b"hello\n"))
            self.assertIs(program.sock, first, "the program's own connection stays")
            near.until(lambda: application.connections == number)
        program.close()
        self.assertEqual(len(near.wait_for("closed")), 1)
        self.assertNotIn("error", near.events("closed")[0])
        for head in application.heads:  # each begins as every connection does
            self.assertTrue(head.startswith(b"\r\n\r\n\x00\r\nQUIT\n"), head[:16])
        far.stop()
        near.stop()

    def test_one_that_is_gone_is_told_of(self) -> None:
        application = Forgetful(self)
        self.configure("server", {"to": application.address, "mode": "http", "otherwise": "forward"})
        near = Sidecar(self, "server.toml")
        self.configure("client", {"to": f"localhost:{near.port()}"})
        far = Sidecar(self, "client.toml")
        program = http.client.HTTPConnection("127.0.0.1", far.port(), timeout=60)
        self.addCleanup(program.close)
        program.request("GET", "/")
        self.assertEqual(program.getresponse().read(), b"hello\n")
        application.end()
        program.request("GET", "/")
        answer = program.getresponse()
        self.assertEqual((answer.status, answer.getheader("Content-Type")), (502, "application/problem+json"))
        program.close()
        far.stop()
        near.stop()

    def test_a_refused_name_is_told_by_an_alert(self) -> None:
        self.configure("server", {"to": Application(self).address, "sni": ["a.example"]})
        near = Sidecar(self, "server.toml")
        said, heard = ssl.MemoryBIO(), ssl.MemoryBIO()
        with self.assertRaises(ssl.SSLWantReadError):
            ssl.create_default_context().wrap_bio(heard, said, server_hostname="b.example").do_handshake()
        hello = said.read()
        for _ in range(20):
            with near.connect() as peer:
                peer.sendall(hello)
                answer = b""
                while part := peer.recv(64):  # up to an end that is no reset
                    answer += part
                self.assertEqual(answer, bytes.fromhex("15030300020270"))  # fatal, unrecognized_name
        near.stop()


if __name__ == "__main__":
    kit.main()
