"""Software evidence, made by hand: one that the program made is signed anew over other nonces, in a tenth of a
millisecond and without the program."""
import hashlib
import os
from dataclasses import dataclass

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

NONCE, SWNAME = 10, 270  # claims of an EAT (draft-ietf-rats-eat)


@dataclass(frozen=True)
class Evidence:
    kind: str
    body: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.body).digest()


class Maker:
    """What an attester makes, for any nonce."""

    def __init__(self, template: bytes, key_pem: bytes) -> None:
        self.content_format, inner, self.indicator = cbor2.loads(template)
        message = cbor2.loads(inner)
        self.protected, self.unprotected, payload, _ = message.value
        self.claims = cbor2.loads(payload)
        self.key = serialization.load_pem_private_key(key_pem, None)

    def make(self, nonce: bytes, swname: str, key=None) -> bytes:
        payload = cbor2.dumps({**self.claims, NONCE: nonce, SWNAME: swname})
        signed = cbor2.dumps(["Signature1", self.protected, b"", payload])
        r, s = utils.decode_dss_signature((key or self.key).sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        message = cbor2.CBORTag(18, [self.protected, self.unprotected, payload, signature])
        return cbor2.dumps([self.content_format, cbor2.dumps(message), self.indicator])


class Source:
    """Evidence of each kind. `own` is the attester that policies trust; `stranger` is a genuine one that they do not know."""

    def __init__(self, own: Maker, stranger: Maker) -> None:
        self.own, self.stranger = own, stranger
        self.liar = ec.generate_private_key(ec.SECP256R1())

    def make(self, kind: str, nonce: bytes) -> Evidence:
        if kind in ("good", "other key"):  # the latter: the session is about another key
            body = self.own.make(nonce, "seatls")
        elif kind == "canary":  # software that some versions of the policy know
            body = self.own.make(nonce, "seatls-canary")
        elif kind == "other software":
            body = self.own.make(nonce, "elsewhere")
        elif kind == "other nonce":
            body = self.own.make(os.urandom(32), "seatls")
        elif kind == "stranger":
            body = self.stranger.make(nonce, "seatls")
        elif kind == "forged":  # names the attester that is trusted, and another one signed it
            body = self.own.make(nonce, "seatls", self.liar)
        else:
            raise KeyError(kind)
        return Evidence(kind, body)
