"""Who sits in the middle without any key: passes bytes on, changes them, keeps them, plays them again.

middle.py MODE LISTEN_PORT TARGET_HOST TARGET_PORT [FILE]; it says "ready" once it listens. Modes:
  strip   the ClientHello's attestation extension becomes one that nobody knows
  record  passes everything on, and keeps what the server sent in FILE
  replay  answers with FILE, and asks nobody"""
import socket
import sys
import threading

REMOTE_ATTESTATION = b"\xff\x5e"


def strip(data: bytes) -> bytes:
    """The extension's number is changed where the client's list of extensions has it."""
    # Record header (5), handshake header (4), legacy_version (2), random (32), then three lists.
    at = 5 + 4 + 2 + 32
    at += 1 + data[at]
    at += 2 + int.from_bytes(data[at:at + 2], "big")
    at += 1 + data[at]
    end = at + 2 + int.from_bytes(data[at:at + 2], "big")
    at += 2
    while at + 4 <= end:
        if data[at:at + 2] == REMOTE_ATTESTATION:
            return data[:at] + b"\x4a\x4a" + data[at + 2:]
        at += 4 + int.from_bytes(data[at + 2:at + 4], "big")
    raise ValueError("there was nothing to strip")


def first_record(connection: socket.socket) -> bytes:
    data = b""
    while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big"):
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    return data


def pump(source: socket.socket, sink: socket.socket, keep=None) -> None:
    try:
        while data := source.recv(65536):
            if keep is not None:
                keep.write(data)
                keep.flush()
            sink.sendall(data)
    except OSError:
        pass
    for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def serve(mode: str, client: socket.socket, target: tuple, file: str) -> None:
    with client:
        if mode == "replay":
            # legacy_session_id_echo is the only thing in a ServerHello that a client compares with its own.
            at = 5 + 4 + 2 + 32 + 1
            session_id = first_record(client)[at:at + 32]
            with open(file, "rb") as kept:
                answer = kept.read()
            client.sendall(answer[:at] + session_id + answer[at + 32:])
            while client.recv(65536):
                pass
            return
        with socket.create_connection(target) as server:
            if mode == "strip":
                server.sendall(strip(first_record(client)))
                print("stripped", flush=True)
            keep = open(file, "wb") if mode == "record" else None
            back = threading.Thread(target=pump, args=(server, client, keep))
            back.start()
            pump(client, server)
            back.join()


def main() -> None:
    mode, port, host, target = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    file = sys.argv[5] if len(sys.argv) > 5 else ""
    with socket.create_server(("", port)) as listener:
        print("ready", flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(mode, client, (host, target), file), daemon=True).start()


if __name__ == "__main__":
    main()
