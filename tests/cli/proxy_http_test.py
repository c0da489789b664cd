"""HTTP mode of the sidecar over real processes: an unmodified client, two sidecars, an unmodified web application."""
import base64
import http.client
import json
import socket
import subprocess
import threading

import kit
from proxy_kit import Application, ProxyCase, Sidecar

ROUTES = """
[[proxy.listener.route]]
path = "/v1/transfer"
methods = ["POST"]
max_age = "0s"
[[proxy.listener.route]]
path = "/v1/odd"
claims = ["eat.swname=somebody else"]
[[proxy.listener.route]]
path = "/status"
restricted = true
[[proxy.listener.route]]
path = "/closed/*"
deny = true
[[proxy.listener.route]]
path = "/*"
"""
PROBLEM = "application/problem+json"


class Web(Application):
    """Answers each request with what it was, and echoes behind an upgrade. `requests` is all it saw."""

    def __init__(self, case: kit.Case) -> None:
        self.requests: list[dict] = []
        super().__init__(case)

    def serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while line := stream.readline():
            method, target, _ = line.decode().split(" ")
            fields: list[tuple[str, str]] = []
            while (line := stream.readline().decode().rstrip("\r\n")):
                name, value = line.split(":", 1)
                fields.append((name.upper().replace("-", "_"), value.strip()))
            known = dict(fields)
            body = b""
            if known.get("TRANSFER_ENCODING") == "chunked":
                while size := int(stream.readline(), 16):
                    body += stream.read(size)
                    stream.readline()
                while stream.readline() not in (b"\r\n", b""):
                    pass
            else:
                body = stream.read(int(known.get("CONTENT_LENGTH", "0")))
            self.requests.append({"method": method, "target": target, "fields": fields, "body": len(body)})
            if known.get("UPGRADE") == "websocket":
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                while data := stream.read1(65536):
                    connection.sendall(data)
                return
            answer = json.dumps(self.requests[-1]).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer))
            if method != "HEAD":
                connection.sendall(answer)

    def targets(self) -> list[str]:
        return [request["target"] for request in self.requests]


class HttpCase(ProxyCase):
    def sidecars(self, routes: str = ROUTES, keys: dict | None = None, timing: str = "hybrid") -> None:
        self.web, self.clients = Web(self), []
        self.configure("server", {"to": self.web.address, "mode": "http", **(keys or {})},
                       endpoint=self.timed("server", timing, "1h", "restrict") if timing != "intra" else "", more=routes)
        self.near = Sidecar(self, "server.toml")
        self.configure("client", {"to": f"localhost:{self.near.port()}"}, endpoint=self.timed("client", "intra"))
        self.far = Sidecar(self, "client.toml")

    def client(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.far.port(), timeout=60)
        self.addCleanup(connection.close)
        self.clients.append(connection)
        return connection

    def ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None,
            status: int = 200, **fields) -> dict:
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        text = answer.read()
        self.assertEqual(answer.status, status, text)
        if status != 200:
            self.assertEqual(answer.getheader("Content-Type"), PROBLEM)
        return json.loads(text)

    def stop(self) -> None:
        for connection in self.clients:
            connection.close()
        self.far.stop()
        self.near.stop()


class Requests(HttpCase):
    def test_a_route_demands_fresh_evidence(self) -> None:
        self.sidecars(keys={"verdict_claims": ["eat.*"]})
        connection = self.client()
        seen = dict(self.ask(connection, "GET", "/v1/account?x=y")["fields"])
        self.assertEqual((seen["SEATLS_VERDICT"], seen["SEATLS_SCHEME"]), ("warning", "software"))
        self.assertIn("eat.swname=seatls", seen["SEATLS_CLAIMS"])
        self.assertEqual((seen["X_FORWARDED_FOR"], seen["X_FORWARDED_PROTO"]), ("127.0.0.1", "https"))
        before = len(self.near.events("changed"))
        for number in range(1, 4):
            self.assertEqual(self.ask(connection, "POST", "/v1/transfer", b"x" * 100_000)["body"], 100_000)
            self.near.wait_for("changed", before + number)
        self.ask(connection, "GET", "/v1/transfer")
        self.assertEqual(len(self.near.events("changed")), before + 3, "the method is not the route's")
        self.stop()

    def test_a_claim_that_is_not_there(self) -> None:
        self.sidecars()
        connection = self.client()
        problem = self.ask(connection, "POST", "/v1/odd", b"x" * 1000, status=403)
        self.assertEqual((problem["code"], problem["route"]), ("reference_mismatch", "/v1/odd"))
        self.ask(connection, "GET", "/v1/next")
        self.assertEqual(self.web.targets(), ["/v1/next"])
        self.stop()

    def test_curl(self) -> None:
        self.sidecars(timing="intra", routes='[[proxy.listener.route]]\npath = "/v1/*"\n')
        (self.folder / "large").write_bytes(b"x" * 3_000_000)
        address = f"http://127.0.0.1:{self.far.port()}"
        for more in ([], ["-H", "Transfer-Encoding: chunked"], ["--http1.0"]):
            got = subprocess.run(["curl", "-sS", "--noproxy", "*", "--data-binary", "@large", *more, f"{address}/v1/a"], timeout=60,
                                 capture_output=True, check=False, cwd=self.folder)
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertEqual(json.loads(got.stdout)["body"], 3_000_000)
        got = subprocess.run(["curl", "-sS", "--noproxy", "*", "--path-as-is", "-w", "%{http_code}", "-o", "/dev/null", f"{address}/v1/../admin"],
                             timeout=60, capture_output=True, check=False)
        self.assertEqual(got.stdout, b"400")
        self.assertEqual(self.web.targets(), ["/v1/a"] * 3)
        self.stop()

    def test_the_verdict_cannot_be_spoofed(self) -> None:
        self.sidecars()
        spoofed = {"Seatls-Verdict": "affirming", "seatls_verdict": "affirming", "SEATLS-Token": "x", "Seatls.Claims": "a=b",
                   "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
        fields = self.ask(self.client(), "GET", "/a", **spoofed)["fields"]
        self.assertEqual([v for n, v in fields if n == "SEATLS_VERDICT"], ["warning"])
        self.assertEqual([v for n, v in fields if n == "X_FORWARDED_FOR"], ["127.0.0.1"])
        self.assertFalse([n for n, _ in fields if n in ("SEATLS_TOKEN", "SEATLS_CLAIMS", "FORWARDED") or "." in n])
        problem = self.ask(self.client(), "GET", "/a", status=400, Connection="close, Seatls-Verdict")
        self.assertEqual(problem["code"], "malformed")
        self.stop()

    def test_what_has_two_readings_is_refused(self) -> None:
        self.sidecars()
        for head in (b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
                     b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                     b"GET //v1/transfer HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /v1/%74ransfer HTTP/1.1\r\nHost: a\r\n\r\n",
                     b"GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", b"GET /a HTTP/1.1\r\n\r\n"):
            answer = self.exchange(self.far.connect(), head)
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertEqual(answer.count(b"HTTP/1.1"), 1)
        self.assertEqual(self.web.requests, [])
        connection = self.client()
        self.assertEqual(self.ask(connection, "POST", "/V1/Transfer", status=403)["code"], "route_ambiguous")
        self.assertEqual(self.ask(connection, "GET", "/closed/a", status=403)["code"], "route_denied")
        self.assertEqual(self.web.requests, [])
        self.stop()

    def test_a_websocket_passes(self) -> None:
        self.sidecars()
        connection = self.far.connect()
        connection.sendall(b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        stream = connection.makefile("rb")
        self.assertIn(b" 101 ", stream.readline())
        while stream.readline() != b"\r\n":
            pass
        data = bytes(range(256)) * 1000
        sender = threading.Thread(target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
        sender.start()
        self.assertEqual(stream.read(), data)
        sender.join()
        stream.close()
        self.stop()

    def test_an_application_that_is_not_there(self) -> None:
        self.sidecars()
        self.web.end()
        self.assertEqual(self.ask(self.client(), "GET", "/a", status=502)["code"], "upstream")
        self.stop()

    def test_the_verdict_is_signed(self) -> None:
        self.seatls("key", "create", "-o", "verdict.key")
        self.sidecars(keys={"verdict_key": "verdict.key", "verdict_issuer": "near"})
        fields = self.ask(self.client(), "GET", "/a?b", Seatls_Token="x.y.z")["fields"]
        tokens = [value for name, value in fields if name == "SEATLS_TOKEN"]
        self.assertEqual(len(tokens), 1)
        header, payload, signature = (base64.urlsafe_b64decode(part + "==") for part in tokens[0].split("."))
        self.assertEqual(json.loads(header)["typ"], "seatls-verdict+jwt")
        said = json.loads(payload)
        self.assertEqual((said["iss"], said["htm"], said["target"], said["seatls"]["verdict"]), ("near", "GET", "/a?b", "warning"))
        self.assertEqual(len(signature), 64)
        self.stop()


class Tpm2(kit.TpmCase, HttpCase):
    """A machine that changes while a connection is open."""

    def setUp(self) -> None:
        kit.TpmCase.setUp(self)
        self.seatls("init", "--use-case", "mutual", "--tee", "tpm2", "-q", "--force")
        for name in ("server", "client"):
            (self.folder / f"{name}.toml").rename(self.folder / f"{name}-endpoint.toml")

    def test_a_changed_machine_is_told_why(self) -> None:
        self.sidecars()
        connection = self.client()
        self.ask(connection, "POST", "/v1/transfer", b"money")
        subprocess.run(["tpm2_pcrextend", "4:sha256=" + "ab" * 32], check=True, timeout=60, capture_output=True,
                       env={**self.environment, "TPM2TOOLS_TCTI": self.tpm.tcti})
        self.ask(connection, "GET", "/v1/account")
        problem = self.ask(connection, "POST", "/v1/transfer", b"more money", status=403)
        self.assertEqual((problem["status"], problem["code"], problem["route"]),
                         (403, "reference_mismatch", "POST /v1/transfer"))
        # From here on the connection is restricted.
        self.assertEqual(self.ask(connection, "GET", "/v1/account", status=403)["code"], "restricted")
        seen = dict(self.ask(connection, "GET", "/status")["fields"])
        self.assertEqual((seen["SEATLS_VERDICT"], seen["SEATLS_RESTRICTED"]), ("none", "reference_mismatch"))
        self.assertEqual(self.web.targets(), ["/v1/transfer", "/v1/account", "/status"])
        self.stop()


if __name__ == "__main__":
    kit.main()
