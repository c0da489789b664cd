"""The transcript of RFC 8446, 4.4.1 and the binders of draft-fossati-seat-early-attestation-06."""
import hashlib
import hmac

from bugs import on
from codec import Refused

CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE_REQUEST, FINISHED = 1, 2, 4, 13, 20
BETWEEN_HELLO_AND_FINISHED = {8, 11, 13, 15, 25}  # EE, Certificate, CertificateRequest, CertificateVerify, compressed
RETRY_RANDOM = hashlib.sha256(b"HelloRetryRequest").digest()


def H(name: str, data: bytes) -> bytes:
    return hashlib.new("sha256" if on("always-sha256") else name, data).digest()


def is_retry(message: bytes) -> bool:
    return message[0] == SERVER_HELLO and message[6:38] == RETRY_RANDOM


def split_hellos(messages: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """[CH, SH] or [CH1, HRR, CH2, SH], and what comes after. Raises Refused."""
    for m in messages:
        if len(m) < 4 or int.from_bytes(m[1:4], "big") != len(m) - 4:
            raise Refused("malformed", ["transcript"])
    shape = "".join("R" if is_retry(m) else {CLIENT_HELLO: "C", SERVER_HELLO: "S"}.get(m[0], ".") for m in messages[:4])
    n = 4 if shape == "CRCS" else 2 if shape.startswith("CS") else 0
    if not n and not on("accept-any-order"):
        raise Refused("unexpected_message", ["transcript"])
    return messages[:n], messages[n:]


def hello_bytes(hellos: list[bytes], hash_name: str) -> list[bytes]:
    """The messages as they are hashed."""
    strip = (lambda m: m[4:]) if on("drop-headers") else (lambda m: m)
    last = hellos[:-1] if on("client-hello-only") else hellos
    if len(hellos) != 4:
        return [strip(m) for m in last]
    first = hellos[0] if on("raw-ch1") else b"\xfe\x00\x00" + bytes([len(H(hash_name, b""))]) + H(hash_name, hellos[0])
    rest = [strip(m) for m in last[1:]]
    return ([] if on("omit-ch1") else [first]) + (rest[1:] if on("omit-hrr") else rest)


def transcript_hash(messages: list[bytes], hash_name: str) -> bytes:
    """Hash(ClientHello..ServerHello)"""
    hellos, _ = split_hellos(messages)
    return H(hash_name, b"".join(hello_bytes(hellos, hash_name)))


def post_handshake_hash(messages: list[bytes], request: bytes, hash_name: str) -> bytes:
    """Hash(ClientHello..client Finished || CertificateRequest)"""
    hellos, rest = split_hellos(messages)
    if on("main-handshake-only"):
        return transcript_hash(messages, hash_name)
    hashed, finished = hello_bytes(hellos, hash_name), 0
    for m in rest:
        if finished == 2 or m[0] == NEW_SESSION_TICKET and not on("hash-tickets"):
            continue
        if m[0] not in BETWEEN_HELLO_AND_FINISHED | {FINISHED, NEW_SESSION_TICKET} or (finished and m[0] in (8, 13)):
            raise Refused("unexpected_message", ["transcript"])
        hashed.append(m)
        finished += m[0] == FINISHED
    if finished != 2:
        raise Refused("misuse", ["transcript"])
    if request[0] != CERTIFICATE_REQUEST:
        raise Refused("malformed", ["transcript"])
    return H(hash_name, b"".join(hashed) + (b"" if on("omit-request") else request))


def hkdf_expand_label(hash_name: str, dtls: bool, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    prefix = b"dtls13" if dtls and not on("tls-labels-in-dtls") else b"tls13 "
    if dtls and on("space-in-dtls-label"):
        prefix = b"dtls13 "
    label = prefix + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
    out, block, i = b"", b"", 0
    while len(out) < length:
        i += 1
        block = hmac.new(secret, block + info + bytes([i]), "sha256" if on("always-sha256") else hash_name).digest()
        out += block
    return out[:length]


def reencode(spki: bytes) -> bytes:
    """The same key as a library writes it: what a careless implementation hashes."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    key = serialization.load_der_public_key(spki)
    if isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)):
        key = key.public_numbers().public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def attest_base(hash_name: str, dtls: bool, transcript: bytes) -> bytes:
    size = len(H(hash_name, b""))
    return hkdf_expand_label(hash_name, dtls, bytes(size), b"attestation base", transcript, size)


def derive(hash_name: str, dtls: bool, transcript: bytes, spki: bytes, role: str, certificate: bytes = b"") -> bytes:
    """s_attest_binder or c_attest_binder; the role makes no difference."""
    size = len(H(hash_name, b""))
    base = bytes(size) if on("one-step") else attest_base(hash_name, dtls, transcript)
    if on("reencode-spki"):
        spki = reencode(spki)
    if on("hash-certificate") and certificate:
        spki = certificate
    label = (b"s attestation" if role == "server" else b"c attestation") if on("role-labels") else b"attestation"
    context = H(hash_name, (transcript if on("one-step") else b"") + spki)
    return hkdf_expand_label(hash_name, dtls, base, label, context, 32 if on("truncate-binder") else size)
