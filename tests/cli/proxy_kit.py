"""What the sidecar's tests share: applications behind it, and the sidecar as a process."""
import contextlib
import json
import socket
import threading

import kit


class Application:
    """A program behind the sidecar: echoes what comes on each connection, until that ends. `broken` counts those that were
    broken off."""

    def __init__(self, case: kit.Case, path: str | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.socket.bind(path or ("127.0.0.1", 0))
        self.socket.listen(256)
        self.connections, self.broken, self.heads = 0, 0, []
        self.address = f"unix:{path}" if path else f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.open: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()
        case.addCleanup(self.end)

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            self.threads.append(threading.Thread(target=self.guarded, args=(connection,)))
            self.threads[-1].start()

    def guarded(self, connection: socket.socket) -> None:
        try:
            self.serve(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:
            self.broken += 1
        finally:
            connection.close()

    def serve(self, connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(data)

    def end(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join()


class Recorder(Application):
    """Keeps what came, on whichever connection."""

    def serve(self, connection: socket.socket) -> None:
        while data := connection.recv(65536):
            self.heads.append(data)
            connection.sendall(data)

    @property
    def got(self) -> bytes:
        return b"".join(self.heads)


class Web(Application):
    """Answers one request on each connection with a page."""

    def serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                return
            head += data
        self.heads.append(head)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n")


class Sidecar(kit.Daemon):
    """A `seatls proxy`. More arguments are for its process."""

    def __init__(self, case: kit.Case, config: str, **more) -> None:
        super().__init__(case, "proxy", config, **more)

    def port(self, listener: int = 0) -> int:
        return int(self.hello["listeners"][listener].rsplit(":", 1)[1])

    def connect(self, listener: int = 0) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port(listener)), timeout=60)
        self.case.addCleanup(connection.close)
        return connection

    def events(self, kind: str) -> list[dict]:
        return [line for line in list(self.lines) if line["event"] == kind]

    def wait_for(self, kind: str, count: int = 1) -> list[dict]:
        self.until(lambda: len(self.events(kind)) >= count)
        return self.events(kind)


class TwoSidecars:
    """What a case does that has two endpoints: a test adds listeners to them."""

    def endpoints(self, use_case: str, tee: str) -> None:
        self.seatls("init", "--use-case", use_case, "--tee", tee, "-q", "--force")
        for name in ("server", "client"):
            (self.folder / f"{name}.toml").rename(self.folder / f"{name}-endpoint.toml")

    def configure(self, name: str, *listeners: dict, endpoint: str = "", proxy: dict | None = None, more: str = "") -> str:
        """NAME.toml: NAME's endpoint with listeners. `endpoint` replaces that file's text."""
        text = endpoint or (self.folder / f"{name}-endpoint.toml").read_text()
        settings = {"operations": "127.0.0.1:0", "drain": "20s", "handshake": "60s", "connect": "30s", **(proxy or {})}
        text += "\n[proxy]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in settings.items() if v is not None)
        for listener in listeners:
            text += "[[proxy.listener]]\n"
            text += "".join(f"{k} = {json.dumps(v)}\n" for k, v in {"listen": "127.0.0.1:0", **listener}.items())
        self.write(f"{name}.toml", text + more)
        return f"{name}.toml"

    def timed(self, name: str, timing: str, reattest: str = "", on_failure: str = "") -> str:
        """The text of NAME's endpoint with another timing."""
        text = (self.folder / f"{name}-endpoint.toml").read_text()
        more = f'timing = "{timing}"\n' + (f'reattest = "{reattest}"\n' if reattest else "")
        more += f'on_failure = "{on_failure}"\n' if on_failure else ""
        return text + more

    def pair(self, application: Application, server: str = "", client: str = "", drain: str = "20s", **listener) -> tuple[Sidecar, Sidecar]:
        """A sidecar before the application, and one before its clients."""
        self.configure("server", {"to": application.address, **listener}, endpoint=server)
        near = Sidecar(self, "server.toml")
        self.configure("client", {"to": f"localhost:{near.port()}"}, endpoint=client, proxy={"drain": drain})
        return near, Sidecar(self, "client.toml")

    def exchange(self, connection: socket.socket, data: bytes) -> bytes:
        """Sends, ends, and returns all that comes back."""
        def send() -> None:
            with contextlib.suppress(OSError):  # what comes back tells
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        parts = []
        try:
            while part := connection.recv(65536):
                parts.append(part)
        finally:
            sender.join()
        return b"".join(parts)

    def cut_off(self, connection: socket.socket) -> None:
        """The connection ends without a byte."""
        try:
            self.assertEqual(connection.recv(1), b"")
        except ConnectionResetError:
            pass

    def refused(self, far: Sidecar, data: bytes = b"not for you") -> None:
        """A program whose bytes get nowhere."""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # it may be over before it has begun
            program = far.connect()
            program.sendall(data)
            self.assertEqual(program.recv(1), b"")

    def recovers(self, far: Sidecar, data: bytes = b"again") -> None:
        """Sooner or later a program is served, without anybody's help."""
        def served() -> bool:
            try:
                return self.exchange(far.connect(), data) == data
            except OSError:
                return False
        far.until(served, 120)


class ProxyCase(TwoSidecars, kit.Case):
    """Two endpoints that attest each other with software evidence."""

    def setUp(self) -> None:
        super().setUp()
        self.endpoints("mutual", "software")
