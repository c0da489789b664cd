"""Protocols that unmodified programs speak through two sidecars: HTTP/2 with nginx and curl, and gRPC."""
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import kit
from proxy_kit import Application, ProxyCase, Sidecar

try:
    import grpc
except ImportError:
    grpc = None


class Protocol(ProxyCase):
    def sidecars(self, port: int) -> tuple[Sidecar, Sidecar]:
        """Both peers are attested again every second."""
        self.configure("server", {"to": f"127.0.0.1:{port}"}, endpoint=self.timed("server", "hybrid", "1s"))
        near = Sidecar(self, "server.toml")
        self.configure("client", {"to": f"localhost:{near.port()}"}, endpoint=self.timed("client", "hybrid", "1s"))
        return near, Sidecar(self, "client.toml")


class Digest(Application):
    """Answers a request with the digest of its body."""

    def serve(self, connection: socket.socket) -> None:
        stream, size = connection.makefile("rb"), 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        answer = hashlib.sha256(stream.read(size)).hexdigest().encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(answer), answer))


class Http2(Protocol):
    def setUp(self) -> None:
        super().setUp()
        self.program, curl = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), shutil.which("curl")
        if not (self.program and curl):
            self.skipTest("not installed: " + ("curl" if self.program else "nginx"))

    def nginx(self) -> int:
        """nginx with HTTP/2 in the clear; its port."""
        port = kit.free_ports()
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        self.write("nginx.conf", f"""
            daemon off; worker_processes 1; {user} pid {self.folder}/nginx.pid; error_log stderr;
            events {{}}
            http {{ {temporary} access_log off; client_max_body_size 0; root {self.folder}/pages;
                server {{ listen 127.0.0.1:{port} http2;  location /upload {{ proxy_pass http://{Digest(self).address}; }} }} }}""")
        with open(self.folder / "nginx.log", "wb") as log:
            process = subprocess.Popen([self.program, "-e", "stderr", "-p", str(self.folder), "-c", f"{self.folder}/nginx.conf"],
                                       stdout=log, stderr=log)

        def end() -> None:
            process.send_signal(signal.SIGTERM)
            process.wait()
        self.addCleanup(end)
        deadline = time.monotonic() + 60
        while not (self.folder / "nginx.pid").exists():
            self.assertIsNone(process.poll(), (self.folder / "nginx.log").read_text())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        return port

    def curl(self, *arguments: str) -> subprocess.CompletedProcess:
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--http2-prior-knowledge", *arguments], capture_output=True, timeout=120,
                              cwd=self.folder, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_nginx_and_curl(self) -> None:
        pages = {f"page{number}": os.urandom(3_000_000 + number) for number in range(8)}
        (self.folder / "pages").mkdir()
        for name, content in pages.items():
            (self.folder / "pages" / name).write_bytes(content)
        near, far = self.sidecars(self.nginx())
        address = f"http://127.0.0.1:{far.port()}"
        # Each on a connection of its own: curl 7.88 reuses none after a --http2-prior-knowledge.
        done = self.curl("--parallel", "--parallel-immediate", "-w", "%{http_version} %{response_code}\n", f"{address}/page[0-7]", "-o", "got#1")
        self.assertEqual(done.stdout, b"2 200\n" * 8)
        for number in range(8):
            self.assertEqual(hashlib.sha256((self.folder / f"got{number}").read_bytes()).digest(),
                             hashlib.sha256(pages[f"page{number}"]).digest())
        (self.folder / "up").write_bytes(os.urandom(5_000_000))
        done = self.curl("--data-binary", "@up", f"{address}/upload")
        self.assertEqual(done.stdout.decode(), hashlib.sha256((self.folder / "up").read_bytes()).hexdigest())
        for entry in near.wait_for("closed", 9):
            self.assertNotIn("error", entry)
        far.stop()
        near.stop()


class Grpc(Protocol):
    def setUp(self) -> None:
        super().setUp()
        if grpc is None:
            self.skipTest("not installed: python3-grpcio")

    def service(self) -> int:
        """Answers a call with the digest of what it was sent, and a stream with each of its messages reversed; its port."""
        def unary(request: bytes, context) -> bytes:
            context.set_trailing_metadata((("seen", dict(context.invocation_metadata())["asks"]),))
            return hashlib.sha256(request).digest()

        def stream(requests, context):
            for request in requests:
                yield request[::-1]
            context.set_code(grpc.StatusCode.DATA_LOSS)

        server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("seatls.Test", {
            "Unary": grpc.unary_unary_rpc_method_handler(unary), "Stream": grpc.stream_stream_rpc_method_handler(stream)}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())
        return port

    def test_calls(self) -> None:
        near, far = self.sidecars(self.service())
        options = [("grpc.enable_http_proxy", 0)]
        with grpc.insecure_channel(f"127.0.0.1:{far.port()}", options=options) as channel:
            # Several calls beside each other: streams of one connection.
            unary = channel.unary_unary("/seatls.Test/Unary")
            bodies = [os.urandom(1_000_000 + number) for number in range(8)]
            calls = [unary.future(body, timeout=120, metadata=(("asks", f"me{number}"),)) for number, body in enumerate(bodies)]
            for number, call in enumerate(calls):
                self.assertEqual(call.result(), hashlib.sha256(bodies[number]).digest())
                self.assertIn(("seen", f"me{number}"), [tuple(pair) for pair in call.trailing_metadata()])

            # A stream that outlives several attestations.
            messages, sent = [os.urandom(50_000) for _ in range(10)], []
            turn = threading.Semaphore(4)

            def requests():
                while len(sent) < 100 or len(near.events("changed")) < 2:
                    turn.acquire()
                    sent.append(messages[len(sent) % 10])
                    yield sent[-1]
            count = 0
            answers = channel.stream_stream("/seatls.Test/Stream")(requests(), timeout=120)
            with self.assertRaises(grpc.RpcError) as end:
                for answer in answers:
                    self.assertEqual(answer[::-1], messages[count % 10])
                    count += 1
                    turn.release()
            self.assertEqual(end.exception.code(), grpc.StatusCode.DATA_LOSS, "the status comes behind the data")
            self.assertEqual(count, len(sent))
        self.assertNotIn("error", near.wait_for("closed")[0])
        self.assertEqual(len(near.events("accepted")), 1, "one connection for all of it")
        far.stop()
        near.stop()


if __name__ == "__main__":
    kit.main()
