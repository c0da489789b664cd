"""remoteAttestation, read and written from draft-fossati-seat-early-attestation-06 alone.

Values are tuples: a scheme is ("content_format", number), ("media_type", bytes) or ("result", bytes).
"""
from bugs import on

MAX_PAYLOAD = 65535 - 4 - 3  # extensions<0..2^16-1>, less the extension's header and the payload's length


class Refused(Exception):
    def __init__(self, code: str, path: list[str] | None = None):
        super().__init__(code)
        self.code, self.path = code, " > ".join(path or [])


ALERTS = {"truncated": "decode_error", "trailing_data": "decode_error", "length_out_of_range": "decode_error",
          "unknown_value": "illegal_parameter", "empty_offer": "unsupported_attestation_schemes"}


class Cursor:
    def __init__(self, data: bytes, place: tuple[str, ...] = ()):
        self.data, self.at, self.place = data, 0, place

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, n: int, field: str) -> bytes:
        if n > self.left() and not on("accept-truncated"):
            raise Refused("truncated", [*self.place, field])
        out = self.data[self.at:self.at + n]
        self.at += len(out)
        return out

    def number(self, width: int, field: str) -> int:
        return int.from_bytes(self.take(width, field), "big")

    def opaque(self, width: int, least: int, field: str) -> bytes:
        n = self.number(width, field)
        if n < least:
            raise Refused("length_out_of_range", [*self.place, field])
        return self.take(n, field)

    def enum(self, known: tuple[str, ...], field: str) -> str:
        value = self.number(2 if on("two-byte-enums") else 1, field)
        if value >= len(known):
            if on("accept-unknown-values"):
                return known[-1]
            raise Refused("unknown_value", [*self.place, field])
        return known[value]

    def name(self, field: str) -> bytes:
        value = self.opaque(2, 0, field)
        if not value and not on("accept-empty-names"):
            raise Refused("unknown_value", [*self.place, field])
        return value


def read_scheme(c: Cursor) -> tuple:
    if c.enum(("evidence", "result"), "mechanism") == "result":
        return "result", c.name("verifier_identity")
    if c.enum(("CONTENT_FORMAT", "MEDIA_TYPE"), "type_encoding") == "CONTENT_FORMAT":
        return "content_format", c.number(2, "content_format")
    return "media_type", c.name("media_type")


def read_schemes(c: Cursor, field: str) -> list[tuple]:
    block, out = Cursor(c.opaque(2, 0, field)), []
    while block.left():
        block.place = (f"{field}[{len(out)}]",)
        out.append(read_scheme(block))
    return out


def write_scheme(scheme: tuple) -> bytes:
    kind, value = scheme
    if kind == "content_format":
        return bytes([0, 0]) + value.to_bytes(2, "big")
    return (b"\x00\x01" if kind == "media_type" else b"\x01") + len(value).to_bytes(2, "big") + value


def write_schemes(schemes: list[tuple]) -> bytes:
    block = b"".join(map(write_scheme, schemes))
    return len(block).to_bytes(2, "big") + block


LISTS = ("server_attester_schemes", "client_attester_schemes")
CHOICES = {"encrypted_extensions": "chosen_server_scheme", "certificate_request": "chosen_client_scheme"}


def decode(message: str, body: bytes) -> dict:
    """The extension's body in `message`: {field: value}. Raises Refused."""
    c = Cursor(body)
    if message == "client_hello":
        out = {name: read_schemes(c, name) for name in (LISTS[::-1] if on("client-list-first") else LISTS)}
    elif message in CHOICES:
        c.place = (CHOICES[message],)
        out = {CHOICES[message]: read_scheme(c)}
    else:
        width = 2 if on("two-byte-payload-length") else 3
        out = {"cmw_payload": c.opaque(width, 0 if on("accept-empty-payload") else 1, "cmw_payload")}
    if c.left() and not on("accept-trailing"):
        raise Refused("trailing_data")
    return out


def encode(message: str, value: dict) -> bytes:
    if message == "client_hello":
        return b"".join(write_schemes(value[name]) for name in LISTS)
    if message in CHOICES:
        return write_scheme(value[CHOICES[message]])
    return len(value["cmw_payload"]).to_bytes(3, "big") + value["cmw_payload"]


def accept_offer(value: dict) -> None:
    """What a server asks of a ClientHello's offer beyond its form."""
    if not any(value.values()) and not on("accept-empty-offer"):
        raise Refused("empty_offer")
