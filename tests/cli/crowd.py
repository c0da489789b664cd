"""Processes that hold many connections, for the tests of a sidecar: `crowd.py application PATH` echoes on a Unix socket;
`crowd.py programs PORT…` obeys a line on stdin each, and answers it with a line:

  open N    N more connections, by turns to the ports; each says something and hears it again   → {"served": n, "refused": n}
  talk      each that is open does so once more                                                 → {"served": n, "refused": n}
  close N   so many end                                                                         → {"open": n}"""
import json
import resource
import selectors
import socket
import sys

WORD = b"hello"
AT_ONCE = 64


def echo(path: str) -> None:
    events = selectors.DefaultSelector()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(1024)
    listening.setblocking(False)
    events.register(listening, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in events.select():
            if key.fileobj is listening:
                connection, _ = listening.accept()
                events.register(connection, selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(4096)
                if data:
                    key.fileobj.sendall(data)
            except OSError:
                data = b""
            if not data:
                events.unregister(key.fileobj)
                key.fileobj.close()


class Programs:
    def __init__(self, ports: list[int]) -> None:
        self.ports, self.turn = ports, 0
        self.open: list[socket.socket] = []
        self.events = selectors.DefaultSelector()

    def connect(self) -> socket.socket:
        """One that is reset before this returns is told by reading from it."""
        self.turn += 1
        connection = socket.socket()
        connection.settimeout(120)
        try:
            connection.connect(("127.0.0.1", self.ports[self.turn % len(self.ports)]))
        except ConnectionResetError:
            pass
        return connection

    def talk(self, sockets) -> dict:
        """Each says the word and hears it, so many at a time; those that cannot are closed."""
        told = {"served": 0, "refused": 0}
        heard: dict[socket.socket, bytes] = {}
        self.open, waiting = [], iter(sockets)
        more = True
        while more or heard:
            while more and len(heard) < AT_ONCE:
                connection = next(waiting, None)
                if connection is None:
                    more = False
                    break
                heard[connection] = b""
                self.events.register(connection, selectors.EVENT_READ)
                try:
                    connection.sendall(WORD)
                except OSError:
                    pass  # reading tells
            for key, _ in self.events.select() if heard else ():
                connection = key.fileobj
                try:
                    data = connection.recv(len(WORD))
                except OSError:
                    data = b""
                heard[connection] += data
                if data and heard[connection] != WORD:
                    continue
                self.events.unregister(connection)
                served = heard.pop(connection) == WORD
                told["served" if served else "refused"] += 1
                self.open.append(connection) if served else connection.close()
        return told

    def obey(self, command: str, count: int) -> dict:
        if command == "open":
            before = self.open
            told = self.talk(self.connect() for _ in range(count))
            self.open += before
            return told
        if command == "talk":
            return self.talk(self.open)
        for connection in self.open[:count]:
            connection.close()
        self.open = self.open[count:]
        return {"open": len(self.open)}


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1] == "application":
        echo(sys.argv[2])
    programs = Programs([int(port) for port in sys.argv[2:]])
    for line in sys.stdin:
        command, _, count = line.strip().partition(" ")
        print(json.dumps(programs.obey(command, int(count or 0))), flush=True)


if __name__ == "__main__":
    main()
