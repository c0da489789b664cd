"""What goes wrong around a program: the network, a verifier that lies, a disk that is full."""
import ctypes
import http.client
import os
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import kit

CLONE_NEWNS = 0x20000


def reset(connection: socket.socket) -> None:
    """Breaks it off, whoever waits on it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Valve:
    """A port of its own that leads to another one, once it is open. It keeps its port while it is shut: whoever
    connects then is refused."""

    def __init__(self, case: kit.Case, target: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.flows = threading.Event()
        self.flows.set()
        self.threads: list[threading.Thread] = []
        self.ends: list[socket.socket] = []
        self.came = 0
        case.addCleanup(self.end)
        if target is not None:
            self.open(target)

    def open(self, target: int) -> None:
        self.target = target
        self.socket.listen(64)
        self.threads.append(threading.Thread(target=self.accept))
        self.threads[-1].start()

    def lead_to(self, target: int) -> None:
        """Elsewhere from now on; what is open breaks off."""
        self.target = target
        self.cut()

    def shut(self) -> None:
        reset(self.socket)
        self.cut()

    def cut(self) -> None:
        for end in list(self.ends):
            reset(end)

    def hold(self) -> None:
        """What comes back from there waits."""
        self.flows.clear()

    def release(self) -> None:
        self.flows.set()

    def end(self) -> None:
        self.release()
        self.shut()
        self.socket.close()
        for thread in self.threads:
            thread.join()
        for end in self.ends:
            end.close()

    def accept(self) -> None:
        while True:
            try:
                here, _ = self.socket.accept()
            except OSError:
                return
            self.came += 1
            self.ends.append(here)
            try:
                there = socket.create_connection(("127.0.0.1", self.target), timeout=60)
            except OSError:
                reset(here)
                continue
            there.settimeout(None)
            self.ends.append(there)
            for pair in ((here, there, False), (there, here, True)):
                self.threads.append(threading.Thread(target=self.pass_on, args=pair))
                self.threads[-1].start()

    def pass_on(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        try:
            while data := source.recv(65536):
                if back:
                    self.flows.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            reset(sink)


class Liar:
    """A web server with the verifier's own TLS key. It asks the genuine verifier, and changes what that answers."""

    def __init__(self, case: kit.Case, folder: Path, genuine: int) -> None:
        self.lie = lambda status, body: (status, body)
        self.folder, self.genuine = folder, genuine
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, headers, answer = liar.ask(self.command, self.path, self.headers, body)
                status, answer = liar.lie(status, answer)
                self.send_response(status)
                for name in ("Location", "Content-Type"):
                    if name in headers:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # who asks may leave in the middle
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        case.addCleanup(self.end)

    def ask(self, method: str, path: str, headers, body: bytes) -> tuple:
        trust = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        connection = http.client.HTTPSConnection("localhost", self.genuine, context=trust, timeout=60)
        kept = {name: headers[name] for name in ("Accept", "Content-Type") if name in headers}
        connection.request(method, path, body, kept)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def end(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Disk:
    """A disk of its own, as small as it is said, in a mount namespace of this process alone."""

    def __init__(self, case: kit.Case, folder: Path, size: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if os.geteuid() != 0:
            case.skipTest("to mount a small disk needs root")
        if libc.unshare(CLONE_NEWNS) != 0:
            case.skipTest(f"no mount namespace here: {os.strerror(ctypes.get_errno())}")
        folder.mkdir()
        for mount in (["--make-rprivate", "/"], ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]):
            done = subprocess.run(["mount", *mount], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                case.skipTest(f"no small disk can be mounted here: {done.stderr.strip()}")
        case.addCleanup(subprocess.run, ["umount", "-l", str(folder)], check=False)
        self.folder, self.ballast = folder, folder / "ballast"

    def fill(self) -> None:
        """No page is left. A file still grows to the end of the page that it has begun."""
        with open(self.ballast, "ab", buffering=0) as ballast:
            for size in (1 << 16, 1):
                try:
                    while ballast.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def free(self) -> None:
        self.ballast.unlink()
