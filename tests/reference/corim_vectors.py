#!/usr/bin/env python3
"""Makes tests/vectors/corim: CoRIMs, signed and not, right ones, and wrong ones with one fault each. CBOR comes from
cbor2; signatures are deterministic. --check makes nothing and fails when a file differs."""
import hashlib
import sys

import cbor2
from cbor2 import CBORTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import exported as ea
from vectorfile import publish, render

CURVES = {"secp256r1": (ec.SECP256R1(), "sha256", -7, 32), "secp384r1": (ec.SECP384R1(), "sha384", -35, 48)}
files: dict[str, str] = {}


class Signer:
    def __init__(self, name: str, curve: str = "secp256r1"):
        self.curve, self.hash, self.alg, self.width = CURVES[curve]
        number = int.from_bytes(hashlib.sha512(b"corim " + name.encode()).digest(), "big") % (ea.ORDERS[curve] - 1) + 1
        self.key = ec.derive_private_key(number, self.curve)

    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(ea.ecdsa(self.key, ea.H(self.hash, message), self.hash))
        return r.to_bytes(self.width, "big") + s.to_bytes(self.width, "big")


ACME, OTHER, P384 = Signer("acme"), Signer("other"), Signer("acme", "secp384r1")


# ---- documents ----------------------------------------------------------------------------------
def digest(alg, fill: int, size: int = 32) -> list:
    return [alg, bytes([fill]) * size]


ENVIRONMENT = {0: {0: CBORTag(560, b"\x07" * 32), 1: "acme", 2: "gizmo"}}
EVERY_VALUE = {0: {0: "1.2.3", 1: 16384}, 1: CBORTag(553, 4), 2: [digest(1, 1), digest("sha-384", 2, 48)], 3: {3: False, 8: True},
               4: CBORTag(563, [b"\x10\x00", b"\xf0\x00"]), 8: "serial", 9: b"\x01" * 17, 10: b"\x02" * 16, 11: "BL",
               13: [CBORTag(557, digest(1, 9))], 14: {0: [digest(7, 3, 48)], "log": [digest(1, 4)]}, 15: CBORTag(564, [2, None])}


def reference(*measurements, environment=ENVIRONMENT) -> dict:
    return {0: [[environment, list(measurements)]]}


def comid(triples: dict, tag_id="tag") -> dict:
    return {1: {0: tag_id}, 4: triples}


def corim(triples: dict, **more) -> CBORTag:
    tags = [CBORTag(506, cbor2.dumps(comid(triples)))]
    return CBORTag(501, {0: "corim-1", 1: tags} | {int(k[1:]): v for k, v in more.items()})


def signed(document, signer: Signer = ACME, protected: dict | None = None, signature: bytes | None = None) -> bytes:
    head = cbor2.dumps({1: signer.alg, 3: "application/rim+cbor", 15: {1: "acme"}} if protected is None else {1: signer.alg} | protected)
    payload = cbor2.dumps(document)
    made = signer.sign(cbor2.dumps(["Signature1", head, b"", payload]))
    return cbor2.dumps(CBORTag(18, [head, {}, payload, signature or made]))


GOOD = reference({0: "fw", 1: {2: [digest(1, 1)]}})


def add(name: str, about: str, document: bytes, expect: str = "ok", key: Signer | None = None, **rows) -> None:
    files[name] = render(about, [("document", document), ("expect", expect)] + ([("key", key.spki())] if key else []) + list(rows.items()))


def documents() -> None:
    add("ok-p256", "Signed with P-256.", signed(corim(GOOD)), key=ACME, id="corim-1", signer="acme")
    add("ok-p384", "Signed with P-384.", signed(corim(GOOD), P384), key=P384, id="corim-1", signer="acme")
    add("ok-meta", "The older way to name a signer: corim-meta.",
        signed(corim(GOOD), protected={3: "application/rim+cbor", 8: cbor2.dumps({0: {0: "acme ltd"}, 1: {0: CBORTag(1, 100), 1: CBORTag(1, 200)}})}),
        key=ACME, id="corim-1", signer="acme ltd", not_before=100, not_after=200)
    add("ok-claims-times", "The signature is valid for a time.", signed(corim(GOOD), protected={15: {1: "acme", 5: 100, 4: 200}}), key=ACME,
        id="corim-1", signer="acme", not_before=100, not_after=200)
    add("ok-validity", "The document is valid for a time.", signed(corim(GOOD, _4={0: CBORTag(1, 100), 1: CBORTag(1, 200)})), key=ACME,
        id="corim-1", signer="acme", not_before=100, not_after=200)
    add("ok-unsigned", "Nobody signed it.", cbor2.dumps(corim(GOOD)), id="corim-1")
    add("ok-every-value", "Every value of a measurement.", cbor2.dumps(corim(reference({0: 641, 1: EVERY_VALUE}))), id="corim-1")
    add("ok-every-triple", "Every kind of triple; the later ones are not used.", cbor2.dumps(corim(GOOD | {
        1: [[ENVIRONMENT, [{1: {1: 5}}]]], 2: [[ENVIRONMENT, [CBORTag(554, "pem")]]], 3: [[ENVIRONMENT, [CBORTag(560, b"k")]]],
        4: [[ENVIRONMENT, [ENVIRONMENT]]], 5: [[ENVIRONMENT, [ENVIRONMENT]]], 10: [[[ENVIRONMENT, []]]]})), id="corim-1", unread="4,5,10")
    add("ok-profile", "With a profile.", cbor2.dumps(corim(GOOD, _3=CBORTag(32, "tag:acme.example,2026:gizmo"))), id="corim-1",
        profile="tag:acme.example,2026:gizmo")
    add("bad-other-key", "Signed by somebody else.", signed(corim(GOOD), OTHER), "signature_invalid", ACME)
    add("bad-other-curve", "A key of another curve.", signed(corim(GOOD), P384), "algorithm_not_allowed", ACME)
    add("bad-signature-zero", "A signature of zeros.", signed(corim(GOOD), signature=b"\0" * 64), "signature_invalid", ACME)
    add("bad-not-signed", "A key is named, and nobody signed.", cbor2.dumps(corim(GOOD)), "collateral_invalid", ACME)
    add("bad-hash-envelope", "The payload is a digest of a document elsewhere.",
        signed(corim(GOOD), protected={258: -16, 259: "application/rim+cbor", 15: {1: "acme"}}), "unknown_critical", ACME, path="corim")
    add("bad-no-signer", "Neither CWT claims nor corim-meta.", signed(corim(GOOD), protected={3: "application/rim+cbor"}), "malformed", ACME,
        path="corim > protected header")
    add("bad-two-signers", "CWT claims and corim-meta name two.",
        signed(corim(GOOD), protected={15: {1: "acme"}, 8: cbor2.dumps({0: {0: "somebody"}})}), "malformed", ACME, path="corim > protected header")
    wrong = lambda name, about, document, path: add(f"bad-{name}", about, cbor2.dumps(document), "malformed", path=path)
    wrong("tag", "Another tag.", CBORTag(500, {}), "corim")
    wrong("id", "No id.", CBORTag(501, {1: []}), "corim > id")
    wrong("no-tags", "No tags.", CBORTag(501, {0: "x", 1: []}), "corim > tags")
    wrong("tag-untagged", "A tag that is none.", CBORTag(501, {0: "x", 1: [b"x"]}), "corim > tags[0]")
    wrong("profile", "A profile that is no URI and no OID.", corim(GOOD, _3="text"), "corim > profile")
    wrong("validity", "A validity without an end.", corim(GOOD, _4={0: CBORTag(1, 1)}), "corim > rim-validity > not-after")
    inside = 'corim > tags[0] > comid "tag" > triples > reference-triples > [0]'
    wrong("environment-empty", "An environment of nothing is every environment.", corim(reference({1: {1: 1}}, environment={})), f"{inside} > environment")
    wrong("environment-unknown", "A member of an environment that is not known.", corim(reference({1: {1: 1}}, environment=ENVIRONMENT | {9: 1})), f"{inside} > environment")
    wrong("measurements-none", "A triple without a measurement would hold for everything.", corim(reference()), f"{inside} > measurements")
    at = f"{inside} > measurements[0]"
    wrong("mval-none", "A measurement without values.", corim(reference({0: "fw"})), f"{at} > mval")
    wrong("mval-empty", "Values that are none.", corim(reference({1: {}})), f"{at} > mval")
    wrong("digests-none", "No digest.", corim(reference({1: {2: []}})), f"{at} > mval > digests")
    wrong("digests-twice", "Two digests of one algorithm, by number and by name.", corim(reference({1: {2: [digest(1, 1), digest("sha-256", 2)]}})), f"{at} > mval > digests")
    wrong("digest-short", "A digest that is too short.", corim(reference({1: {2: [digest(7, 1, 47)]}})), f"{at} > mval > digests")
    wrong("mask-length", "A mask of another length.", corim(reference({1: {4: CBORTag(563, [b"ab", b"a"])}})), f"{at} > mval > raw-value")
    wrong("mask-alone", "A mask without a value.", corim(reference({1: {5: b"ab"}})), f"{at} > mval > raw-value-mask")
    wrong("svn-tag", "An SVN under another tag.", corim(reference({1: {1: CBORTag(560, 1)}})), f"{at} > mval > svn")
    wrong("range-empty", "A range that holds nothing.", corim(reference({1: {15: CBORTag(564, [3, 2])}})), f"{at} > mval > int-range")
    wrong("member-unknown", "A member of a measurement that is not known.", corim(reference({1: {1: 1}, 7: 1})), at)


if __name__ == "__main__":
    documents()
    sys.exit(publish("corim", files, "--check" in sys.argv))
