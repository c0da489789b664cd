"""Handshake messages and keys to make vectors with: all of them follow from their names, none is random."""
import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from binder import RETRY_RANDOM

SUITES = {"sha256": 0x1301, "sha384": 0x1302}
REMOTE_ATTESTATION = 0xFF5E


def vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def u16(n: int) -> bytes:
    return n.to_bytes(2, "big")


def seed(name: str) -> bytes:
    return hashlib.sha256(b"seatls vector: " + name.encode()).digest()


def handshake(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + vector(3, body)


def extensions(rows: list[tuple[int, bytes]]) -> bytes:
    return vector(2, b"".join(u16(kind) + vector(2, data) for kind, data in rows))


def client_hello(name: str, dtls: bool = False, group: int = 0x001D, attestation: bytes | None = None) -> bytes:
    rows = [(0, vector(2, b"\x00" + vector(2, b"server.example"))),
            (10, vector(2, u16(0x001D) + u16(0x0017))),
            (13, vector(2, u16(0x0403) + u16(0x0503) + u16(0x0807) + u16(0x0804))),
            (43, vector(1, u16(0xFEFC if dtls else 0x0304))),
            (51, vector(2, u16(group) + vector(2, key_share(name, group))))]
    if attestation is not None:
        rows.append((REMOTE_ATTESTATION, attestation))
    return handshake(1, (u16(0xFEFD) if dtls else u16(0x0303)) + seed(name + " random") + vector(1, b"") +
                     (vector(1, b"") if dtls else b"") + vector(2, u16(0x1301) + u16(0x1302)) + vector(1, b"\x00") +
                     extensions(rows))


def key_share(name: str, group: int) -> bytes:
    share = seed(name + " share")
    return share if group == 0x001D else b"\x04" + share + seed(name + " share y")


def server_hello(name: str, hash_name: str, dtls: bool = False, group: int = 0x001D, retry: bool = False) -> bytes:
    share = u16(group) + (b"" if retry else vector(2, key_share(name, group)))
    return handshake(2, (u16(0xFEFD) if dtls else u16(0x0303)) + (RETRY_RANDOM if retry else seed(name + " random")) +
                     vector(1, b"") + u16(SUITES[hash_name]) + b"\x00" +
                     extensions([(43, u16(0xFEFC if dtls else 0x0304)), (51, share)]))


def hellos(name: str, hash_name: str, dtls: bool = False, retry: bool = False, attestation: bytes | None = None) -> list:
    if not retry:
        return [client_hello(name, dtls, attestation=attestation), server_hello(name + " server", hash_name, dtls)]
    return [client_hello(name, dtls, attestation=attestation),
            server_hello(name, hash_name, dtls, group=0x0017, retry=True),
            client_hello(name, dtls, group=0x0017, attestation=attestation),
            server_hello(name + " server", hash_name, dtls, group=0x0017)]


def flight(name: str) -> list[bytes]:
    """EncryptedExtensions..client Finished. Nothing here is read but the headers."""
    certificate = lambda who: handshake(11, vector(1, b"") + vector(3, vector(3, seed(name + who)) + u16(0)))
    verify = lambda who: handshake(15, u16(0x0403) + vector(2, seed(name + who + " signature")))
    finished = lambda who: handshake(20, seed(name + who + " finished"))
    return [handshake(8, u16(0)), handshake(13, vector(1, b"") + extensions([(13, vector(2, u16(0x0403)))])),
            certificate("server"), verify("server"), finished("server"),
            certificate("client"), verify("client"), finished("client")]


def certificate_request(context: bytes, attestation: bytes) -> bytes:
    return handshake(13, vector(1, context) +
                     extensions([(13, vector(2, u16(0x0403))), (REMOTE_ATTESTATION, attestation)]))


def new_session_ticket(name: str) -> bytes:
    return handshake(4, (7200).to_bytes(4, "big") + seed(name)[:4] + vector(1, b"\x00") + vector(2, seed(name + " t")) + u16(0))


# ---- keys ---------------------------------------------------------------------------------------
def spki(public_key) -> bytes:
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def ec_key(name: str, curve) -> ec.EllipticCurvePublicKey:
    return ec.derive_private_key(int.from_bytes(seed(name), "big") >> 8, curve).public_key()


def p256(name: str) -> bytes:
    return spki(ec_key(name, ec.SECP256R1()))


def p384(name: str) -> bytes:
    return spki(ec_key(name, ec.SECP384R1()))


def ed25519_key(name: str) -> bytes:
    return spki(ed25519.Ed25519PrivateKey.from_private_bytes(seed(name)).public_key())


def p256_compressed(name: str) -> bytes:
    """SubjectPublicKeyInfo with the point in compressed form: valid DER that libraries write in another form."""
    point = ec_key(name, ec.SECP256R1()).public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    return bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point


def without_null(rsa_spki: bytes) -> bytes:
    """An RSA SubjectPublicKeyInfo without the NULL parameters that RFC 3279 demands."""
    oid = bytes.fromhex("06092a864886f70d010101")
    at = rsa_spki.index(b"\x30\x0d" + oid + b"\x05\x00")
    body = b"\x30\x0b" + oid + rsa_spki[at + 15:]
    return b"\x30\x81" + bytes([len(body)]) + body
