#!/usr/bin/env python3
"""The interactive passport (docs/protocol/interactive-passport.md) and DHKEM (RFC 9180, 4.1), from the texts
alone. Makes tests/vectors/interactive_passport; --check makes nothing and fails when a file differs."""
import hashlib
import hmac
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import exported as ea
from vectorfile import publish, render

EXTENSION = 0xFF60
KEMS = {"secp256r1": (0x0010, "sha256", ec.SECP256R1()), "secp384r1": (0x0011, "sha384", ec.SECP384R1())}


# ---- DHKEM --------------------------------------------------------------------------------------
def extract(name: str, salt: bytes, ikm: bytes) -> bytes:
    return hmac.new(salt or b"\0" * hashlib.new(name).digest_size, ikm, name).digest()


def point(key) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def agree(own, peer, enc: bytes, recipient) -> bytes:
    kem_id, name, _ = KEMS[own.curve.name]
    suite, n = b"KEM" + kem_id.to_bytes(2, "big"), hashlib.new(name).digest_size
    dh = own.exchange(ec.ECDH(), peer)
    prk = extract(name, b"", b"HPKE-v1" + suite + b"eae_prk" + dh)
    return ea.expand(name, prk, n.to_bytes(2, "big") + b"HPKE-v1" + suite + b"shared_secret" + enc + point(recipient), n)


def encapsulate(kek, ephemeral) -> tuple[bytes, bytes]:
    enc = point(ephemeral.public_key())
    return enc, agree(ephemeral, kek, enc, kek)


def decapsulate(kek, enc: bytes) -> bytes:
    return agree(kek, ec.EllipticCurvePublicKey.from_encoded_point(kek.curve, enc), enc, kek.public_key())


# ---- challenge and answer -----------------------------------------------------------------------
def der(key) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def challenge(kek, enc: bytes) -> bytes:
    return ea.H("sha256", der(kek)) + ea.vector(2, enc)


def answer(c: ea.Connection, prover: str, request: bytes, tik: bytes, shared_secret: bytes) -> bytes:
    handshake_context, _ = c.keys(prover, b"")
    transcript = ea.H(c.hash, handshake_context + request)
    prk = extract(c.hash, b"", shared_secret)
    key = ea.expand_label(c.hash, prk, "seatls keK proof", transcript, len(transcript))
    return ea.vector(1, hmac.new(key, transcript + tik + shared_secret, c.hash).digest())


# ---- vectors ------------------------------------------------------------------------------------
def scalar(curve: str, name: str) -> ec.EllipticCurvePrivateKey:
    seed = hashlib.sha512(b"seatls interactive passport " + name.encode()).digest()
    return ec.derive_private_key(int.from_bytes(seed, "big") % (ea.ORDERS[curve] - 1) + 1, KEMS[curve][2])


def private(key) -> bytes:
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def rfc_9180() -> list:
    """A.3.1: DHKEM(P-256, HKDF-SHA256), base mode."""
    kek = ec.derive_private_key(int("f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2", 16), ec.SECP256R1())
    enc = bytes.fromhex("04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be86"
                        "3c403ce65c9bfcb9382657222d18c4")
    secret = bytes.fromhex("c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8")
    assert decapsulate(kek, enc) == secret
    return [("kek", private(kek)), ("enc", enc), ("shared_secret", secret)]


def vectors() -> dict[str, str]:
    out = {"kem-rfc9180-p256": render("RFC 9180, appendix A.3.1.", rfc_9180())}
    for curve in KEMS:
        kek, ephemeral = scalar(curve, "keK"), scalar(curve, "ephemeral")
        tik = scalar("secp256r1", "TIK").public_key()
        enc, secret = encapsulate(kek.public_key(), ephemeral)
        assert decapsulate(kek, enc) == secret
        for hash_name in ("sha256", "sha384"):
            for prover in ("client", "server"):
                c = ea.Connection(hash_name, ea.H(hash_name, f"{curve} {prover}".encode()))
                body = challenge(kek.public_key(), enc)
                requester = {"client": "server", "server": "client"}[prover]
                request = ea.make_request(requester, ea.H("sha256", curve.encode()), more=[(EXTENSION, body)])
                rows = [("kek", private(kek)), ("enc", enc), ("shared_secret", secret), ("hash", hash_name),
                        ("sender", prover), ("exporter_secret", c.secret), ("request", request), ("challenge", body),
                        ("spki", der(tik)), ("answer", answer(c, prover, request, der(tik), secret))]
                out[f"answer-{curve}-{hash_name}-{prover}"] = render(f"A {prover} answers a challenge for a keK on {curve}.", rows)
    return out


if __name__ == "__main__":
    sys.exit(publish("interactive_passport", vectors(), "--check" in sys.argv))
