"""A TCP relay that cuts what passes into small pieces and holds some of them back for a moment."""
import random
import socket
import threading
import time


class Relay:
    """Relay(port) listens on a free loopback port (`.port`) and forwards to 127.0.0.1:port."""

    def __init__(self, target: int, largest: int = 700, pause: float = 0.002, seed: int = 1):
        self._target, self._largest, self._pause, self._seed = target, largest, pause, seed
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.captured = bytearray()  # everything that passed, in both directions
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, seed in ((near, far, self._seed), (far, near, self._seed + 1)):
                threading.Thread(target=self._pump, args=(source, sink, random.Random(seed)), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, rng: random.Random) -> None:
        try:
            while data := source.recv(65536):
                with self._lock:
                    self.captured += data
                while data:
                    piece, data = data[:(n := rng.randint(1, self._largest))], data[n:]
                    sink.sendall(piece)
                    if rng.random() < 0.2:
                        time.sleep(rng.random() * self._pause)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                end.close()
