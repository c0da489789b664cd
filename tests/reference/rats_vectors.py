#!/usr/bin/env python3
"""Makes tests/vectors/rats: CMWs, EATs and EARs, right ones with what they say, and wrong ones with one fault each.
CBOR comes from cbor2, JSON from json, keys and curves from cryptography; signatures are deterministic (RFC 6979), so
that every run makes the same bytes. --check makes nothing and fails when a file differs."""
import base64
import hashlib
import hmac
import json
import sys

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vectorfile import publish, render

NOW = 1795255200
CURVES = {"p256": (ec.SECP256R1(), "sha256", 32, -7, "ES256", 1, "P-256",
                   0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
          "p384": (ec.SECP384R1(), "sha384", 48, -35, "ES384", 2, "P-384",
                   0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973)}
files: dict[str, str] = {}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self, name: str, curve: str = "p256"):
        self.curve, self.hash, self.width, self.cose, self.jose, self.cose_crv, self.jose_crv, self.n = CURVES[curve]
        self.d = int.from_bytes(hashlib.sha512(name.encode()).digest()[:self.width], "big") % (self.n - 1) + 1
        self.private = ec.derive_private_key(self.d, self.curve)
        numbers = self.private.public_key().public_numbers()
        self.x, self.y = (v.to_bytes(self.width, "big") for v in (numbers.x, numbers.y))

    def spki(self) -> bytes:
        return self.private.public_key().public_bytes(serialization.Encoding.DER,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """RFC 6979: k from the key and the message. The point k*G is that of a key whose private number is k."""
        z = hashlib.new(self.hash, message).digest()  # as long as n, for both curves
        mac = lambda k, *parts: hmac.new(k, b"".join(parts), self.hash).digest()
        seed = self.d.to_bytes(self.width, "big") + (int.from_bytes(z, "big") % self.n).to_bytes(self.width, "big")
        v, k = b"\x01" * len(z), b"\x00" * len(z)
        for byte in (b"\x00", b"\x01"):
            k = mac(k, v, byte, seed)
            v = mac(k, v)
        while True:
            v = mac(k, v)
            nonce = int.from_bytes(v, "big")
            if 0 < nonce < self.n:
                r = ec.derive_private_key(nonce, self.curve).public_key().public_numbers().x % self.n
                s = pow(nonce, -1, self.n) * (int.from_bytes(z, "big") + r * self.d) % self.n
                if r and s:
                    return r.to_bytes(self.width, "big") + s.to_bytes(self.width, "big")
            k = mac(k, v, b"\x00")
            v = mac(k, v)

    def cose_key(self) -> dict:
        return {1: 2, -1: self.cose_crv, -2: self.x, -3: self.y}

    def jwk(self) -> dict:
        return {"crv": self.jose_crv, "kty": "EC", "x": b64(self.x), "y": b64(self.y)}

    def ckt(self) -> bytes:  # RFC 9679
        return hashlib.sha256(cbor2.dumps(self.cose_key(), canonical=True)).digest()

    def jkt(self) -> str:  # RFC 7638
        return b64(hashlib.sha256(json.dumps(self.jwk(), separators=(",", ":"), sort_keys=True).encode()).digest())


AK, AK384, TIK = Key("attestation key"), Key("attestation key 384", "p384"), Key("tls key")


def add(name: str, about: str, rows: list[tuple[str, object]]) -> None:
    assert name not in files
    files[name] = render(about, rows)


# ---- CMW -----------------------------------------------------------------------------------------

def tn(ct: int) -> int:  # RFC 9277, appendix B
    return 0x63740101 + ct // 255 * 256 + ct % 255


def deterministic(value) -> bytes:
    """RFC 8949, 4.2.1: keys by their encoded bytes (cbor2's canonical form is the older, length-first one)."""
    def ordered(v):
        if isinstance(v, dict):
            return {k: ordered(v[k]) for k in sorted(v, key=cbor2.dumps)}
        return [ordered(item) for item in v] if isinstance(v, list) else v
    return cbor2.dumps(ordered(value))


def tag(ct: int, value: bytes) -> cbor2.CBORTag:
    return cbor2.CBORTag(tn(ct), value)


def rows_of(cmw, path: str = "root") -> list[tuple[str, object]]:
    """What a CMW holds, record by record: "place | type | value | indicator"."""
    if isinstance(cmw, cbor2.CBORTag):
        n = cmw.tag - 0x63740101
        return [("record", f"{path} | {(n >> 8) * 255 + (n & 0xff)} | {cmw.value.hex()} | 0 | tag")]
    if isinstance(cmw, list):
        value = cmw[1] if isinstance(cmw[1], bytes) else base64.urlsafe_b64decode(cmw[1] + "==")
        return [("record", f"{path} | {cmw[0]} | {value.hex()} | {cmw[2] if len(cmw) > 2 else 0}")]
    out = [("collection", f"{path} | {cmw.get('__cmwc_t', '')}")]
    for label in sorted((k for k in cmw if k != "__cmwc_t"), key=lambda k: (isinstance(k, str), k)):
        out += rows_of(cmw[label], f"{path}/{label}")
    return out


def cmw(name: str, about: str, value, encoded: bytes | None = None) -> None:
    """`encoded` is another encoding of the same; what is written again is the deterministic one."""
    canonical = deterministic(value)
    rows = [("kind", "cmw"), ("expect", "ok"), ("cmw", encoded or canonical), ("form", "cbor")]
    add(f"cmw-{name}", about, rows + ([("written", canonical)] if encoded else []) + rows_of(value))


def cmw_json(name: str, about: str, value) -> None:
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    pretty = json.dumps(value, indent=2).encode()
    add(f"cmw-{name}", about, [("kind", "cmw"), ("expect", "ok"), ("cmw", pretty), ("form", "json"), ("written", compact)] + rows_of(value))


def bad_cmw(name: str, about: str, encoded, code: str, path: str = "cmw") -> None:
    data = encoded if isinstance(encoded, bytes) else cbor2.dumps(encoded)
    add(f"cmw-bad-{name}", about, [("kind", "cmw"), ("expect", code), ("path", path), ("cmw", data)])


def make_cmw() -> None:
    evidence = bytes.fromhex("2347da55")
    cmw("record", "A record with a content format.", [64999, evidence])
    cmw("record-evidence", "An EAT, said to be evidence.", [263, evidence, 4])
    cmw("record-media-type", "A media type with a parameter.", ['application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"', evidence])
    cmw("record-all-indicators", "All five indicators at once.", [263, evidence, 31])
    cmw("record-formats", "The smallest and the largest content format.", {"a": [0, b""], "b": [65535, b"\x00"]})
    cmw("record-long", "A value of 300 bytes.", [263, bytes(range(250)) + bytes(50)])
    cmw("tag", "The draft's tag.", tag(64999, evidence))
    cmw("tag-edges", "The first and the last content format that has a tag, and those around a step of TN().",
        {i: tag(ct, bytes([i])) for i, ct in enumerate((0, 254, 255, 509, 510, 65024))})
    cmw("collection", "The draft's collection.",
        {"__cmwc_t": "tag:example.com,2024:composite-attester", 0: [64999, evidence, 4], 1: tag(64999, evidence), 2: ["application/eat+jwt", b"...", 8]})
    cmw("collection-oid", "A type that is an OID; labels below zero and beyond a byte.", {"__cmwc_t": "2.16.840.1", -1: [1, b"a"], 300: [2, b"b"], "c": [3, b"c"]})
    nest = [263, evidence]
    for _ in range(8):
        nest = {"inner": nest}
    cmw("nested", "Collections in collections, as deep as allowed.", nest)
    cmw("indefinite", "Indefinite lengths are bounded, not refused (attack F11).", [64999, evidence],
        bytes.fromhex("9f19fde75f422347" "42da55ffff"))
    cmw("longer-heads", "Heads at greater length than needed (attack F11).", [64999, evidence], bytes.fromhex("821a0000fde75b00000000000000042347da55"))
    cmw("key-order", "Labels in another order than the deterministic one.", {"b": [1, b"1"], "a": [2, b"2"]}, bytes.fromhex("a261628201413161618202" "4132"))
    cmw_json("json-record", "A JSON record.", ["application/vnd.example.rats-conceptual-msg", b64(evidence)])
    cmw_json("json-indicator", "A JSON record, said to be evidence.", ["application/eat+cwt", b64(evidence), 4])
    cmw_json("json-collection", "A JSON collection.", {"__cmwc_t": "tag:example.com,2024:x", "A": ["application/eat-ucs+json", b64(b"{}"), 4],
                                                       "ü\"": {"B": ["application/eat+jwt", b64(b"a.b.c"), 8]}})

    bad_cmw("empty", "Nothing.", b"", "truncated")
    bad_cmw("one-element", "A record of one element: no first byte of a CMW.", [263], "malformed")
    bad_cmw("four-elements", "A record of four elements, the array indefinite.", bytes.fromhex("9f190107400404ff"), "malformed")
    bad_cmw("format-large", "A content format of 17 bits.", [65536, b""], "malformed", "cmw > type")
    bad_cmw("format-negative", "A content format below zero.", [-1, b""], "malformed", "cmw > type")
    bad_cmw("type-empty", "An empty media type.", ["", b""], "malformed", "cmw > type")
    bad_cmw("type-none", "A text that is no media type.", ["eat", b""], "malformed", "cmw > type")
    bad_cmw("value-text", "A text where bytes are due.", [263, "x"], "malformed", "cmw > value")
    bad_cmw("indicator-zero", "An indicator of 0: it is left out when unknown.", [263, b"", 0], "malformed", "cmw > ind")
    bad_cmw("indicator-unassigned", "Bit 5, which is not assigned.", [263, b"", 32], "malformed", "cmw > ind")
    bad_cmw("indicator-float", "4.0 is no integer.", [263, b"", 4.0], "malformed", "cmw > ind")
    bad_cmw("collection-empty", "A collection without an entry.", {}, "malformed")
    bad_cmw("collection-type-only", "A collection of a type, without an entry.", {"__cmwc_t": "2.999"}, "malformed")
    bad_cmw("collection-type-relative", "A type that is neither an absolute URI nor an OID.", {"__cmwc_t": "x", 1: [1, b""]}, "malformed", "cmw > __cmwc_t")
    bad_cmw("label-twice", "A label twice (attack F11).", bytes.fromhex("a2018201410101820141" "02"), "malformed")
    bad_cmw("label-twice-longer", "A label twice, the second at greater length (attack F11).", bytes.fromhex("a20182014101180182014102"), "malformed")
    bad_cmw("label-bool", "A label that is neither an integer nor text.", {True: [1, b""]}, "malformed")
    bad_cmw("entry-number", "An entry that is no CMW.", {"a": 7}, "malformed", 'cmw > ["a"]')
    bad_cmw("tag-below", "A tag just below TN(0).", cbor2.CBORTag(0x63740100, b""), "malformed")
    bad_cmw("tag-gap", "A number that TN() leaves out.", cbor2.CBORTag(0x63740200, b""), "malformed")
    bad_cmw("tag-beyond", "A tag just beyond the registered range.", cbor2.CBORTag(0x63750001, b""), "malformed")
    bad_cmw("tag-text", "A tag around text.", cbor2.CBORTag(tn(263), "x"), "malformed", "cmw > value")
    bad_cmw("trailing", "A byte follows the record.", cbor2.dumps([263, b""]) + b"\x00", "trailing_data")
    bad_cmw("nested-deep", "One collection deeper than allowed.", {"outer": nest}, "limit_exceeded", 'cmw > ["outer"]' + ' > ["inner"]' * 7)
    bad_cmw("entries", "65 entries.", {i: [1, b""] for i in range(65)}, "limit_exceeded")
    bad_cmw("json-format", "A content format, which JSON never uses.", b'[263,"AA"]', "malformed", "cmw > type")
    bad_cmw("json-padding", "base64url with padding.", b'["a/b","AA=="]', "malformed", "cmw > value")
    bad_cmw("json-alphabet", "base64, not base64url.", b'["a/b","+/+/"]', "malformed", "cmw > value")
    bad_cmw("json-bits", "Trailing bits that are not zero.", b'["a/b","AB"]', "malformed", "cmw > value")
    bad_cmw("json-twice", "A label twice, the second escaped (attack F11).", b'{"a":["a/b","AA"],"\\u0061":["a/b","AA"]}', "malformed")
    bad_cmw("json-zero", "A zero byte, and more behind it.", b'["a/b","AA"]\x00["a/b","AA"]', "malformed")
    bad_cmw("json-space", "White space before the first byte.", b' ["a/b","AA"]', "malformed")


# ---- EAT -----------------------------------------------------------------------------------------

def cwt(claims: dict, key: Key = AK, unprotected: dict | None = None, outer=(18,)) -> bytes:
    protected, payload = cbor2.dumps({1: key.cose}), cbor2.dumps(claims)
    token = [protected, unprotected or {}, payload, key.sign(cbor2.dumps(["Signature1", protected, b"", payload]))]
    for number in outer:
        token = cbor2.CBORTag(number, token)
    return cbor2.dumps(token)


def eat(name: str, about: str, claims: dict, says: dict, key: Key = AK, **more) -> None:
    rows = [("kind", "eat"), ("expect", "ok"), ("key", key.spki()), ("token", cwt(claims, key, **more))]
    add(f"eat-{name}", about, rows + [(k, v) for k, values in says.items() for v in (values if isinstance(values, list) else [values])])


def bad_eat(name: str, about: str, claims: dict, path: str, code: str = "malformed") -> None:
    add(f"eat-bad-{name}", about, [("kind", "eat"), ("expect", code), ("path", path), ("key", AK.spki()), ("token", cwt(claims))])


def make_eat() -> None:
    nonce, nonce48 = hashlib.sha256(b"binder").digest(), hashlib.sha384(b"binder").digest()
    base = {10: nonce, 265: "tag:seatls,2026:software", 6: NOW, 8: {1: TIK.cose_key()}}
    says = {"nonce": nonce, "profile": "tag:seatls,2026:software", "iat": str(NOW), "names": TIK.spki()}
    eat("es256", "A nonce, a profile, a key.", base, says)
    eat("es384", "The same under a P-384 key, with a nonce of 48 bytes.", base | {10: nonce48}, says | {"nonce": nonce48}, AK384)
    eat("cwt-tag", "Tag 61 (CWT) around the COSE tag.", base, says, outer=(18, 61))
    eat("untagged", "Without a tag.", base, says, outer=())
    eat("kid", "A kid in the unprotected header says nothing.", base, says, unprotected={4: b"another key"})
    eat("thumbprint", "cnf by thumbprint (RFC 9679).", base | {8: {5: TIK.ckt()}}, says)
    eat("thumbprint-384", "The thumbprint of a P-384 key.", base | {8: {5: AK384.ckt()}}, says | {"names": AK384.spki()})
    attributes = {"extractable": False, "never-extractable": True, "sensitive": True, "local": True, "purpose": ["1.3.6.1.5.5.7.3.1"]}
    eat("key-attributes", "What the attester says of the key.", base | {"key-attributes": attributes},
        says | {"attribute": ["extractable=false", "never-extractable=true", "sensitive=true", "local=true", "purpose=1.3.6.1.5.5.7.3.1"]})
    eat("everything", "Every claim that is read.",
        base | {1: "issuer", 2: "subject", 3: "audience", 4: NOW + 60, 5: NOW - 60, 256: b"\x01" + bytes(16), 258: 64242, 259: b"model", 262: True, 263: 3,
                270: "name", 271: ["1.2.3", 1], 273: [[295, cbor2.dumps({1: ["c"], 2: ["sha-256", bytes(32)]})]],
                266: {"os": {262: True}}, 999: {"ignored": [1.5, None]}},
        says | {"iss": "issuer", "sub": "subject", "aud": "audience", "exp": str(NOW + 60), "nbf": str(NOW - 60), "ueid": b"\x01" + bytes(16),
                "hwmodel": b"model", "oemboot": "true", "dbgstat": "disabled-permanently", "swname": "name", "swversion": "1.2.3",
                "measurement": "295 " + cbor2.dumps({1: ["c"], 2: ["sha-256", bytes(32)]}).hex(), "submod": "os", "unknown": "1"})
    eat("profile-oid", "A profile that is an OID.", base | {265: bytes.fromhex("6086480186f84d011001")}, says | {"profile": "2.16.840.1.113741.1.16.1"})
    eat("two-nonces", "Two nonces are an EAT, and not one nonce (attack F10).", base | {10: [nonce, nonce48]}, says | {"nonce": [nonce, nonce48]})
    for number, name in ((4, "exp"), (5, "nbf"), (6, "iat")):
        bad_eat(f"{name}-float", f"{name} as a float.", base | {number: 1795255200.0}, f"eat > {name}")
    bad_eat("nonce-short", "A nonce of 7 bytes.", base | {10: bytes(7)}, "eat > eat_nonce", "length_out_of_range")
    bad_eat("nonce-long", "A nonce of 65 bytes.", base | {10: bytes(65)}, "eat > eat_nonce", "length_out_of_range")
    bad_eat("nonce-array-of-one", "One nonce in an array.", base | {10: [nonce]}, "eat > eat_nonce")
    bad_eat("cnf-both", "A key and a thumbprint.", base | {8: {1: TIK.cose_key(), 5: TIK.ckt()}}, "eat > cnf")
    bad_eat("cnf-kid", "A kid names no key.", base | {8: {3: b"k"}}, "eat > cnf")
    bad_eat("cnf-off-curve", "A point that is not on the curve.", base | {8: {1: TIK.cose_key() | {-3: bytes(32)}}}, "eat > cnf > public key")
    bad_eat("cnf-compressed", "A compressed point.", base | {8: {1: TIK.cose_key() | {-3: True}}}, "eat > cnf > COSE_Key")


# ---- EAR -----------------------------------------------------------------------------------------

def jwt(claims: dict, key: Key = AK) -> bytes:
    tbs = ".".join(b64(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": key.jose, "typ": "JWT"}, claims)).encode()
    return tbs + b"." + b64(key.sign(tbs)).encode()


def ear(name: str, about: str, form: str, claims: dict, says: list, key: Key = AK, expect: str = "ok") -> None:
    token = jwt(claims, key) if form == "jwt" else cwt(claims, key)
    add(f"ear-{name}", about, [("kind", "ear"), ("expect", expect), ("form", form), ("key", key.spki()), ("token", token)] + says)


def make_ear() -> None:
    profile, old = "tag:ietf.org,2026:rats/ear#03", "tag:github.com,2023:veraison/ear"
    claims = {"eat_profile": profile, "iat": NOW, "ear_verifier_id": {"developer": "d", "build": "b"}}
    claims_cbor = {265: profile, 6: NOW, 1004: {0: "d", 1: "b"}}
    common = [("iat", str(NOW)), ("developer", "d"), ("build", "b")]
    says = [("profile", profile)] + common
    all_claims = dict(zip(("instance-identity", "configuration", "executables", "file-system", "hardware", "runtime-opaque", "storage-opaque", "sourced-data"),
                          (2, 3, 33, -2, 32, -128, 127, 96)))
    one = {"ear_status": "contraindicated", "ear_trustworthiness_vector": all_claims, "ear_appraisal_policy_ids": ["p", "q"], "cnf": {"jkt": TIK.jkt()}}
    shown = [("submod", "s | contraindicated | 2 3 33 -2 32 -128 127 96 | p q"), ("names", TIK.spki())]
    ear("jwt", "A JWT in the draft's spelling.", "jwt", claims | {"submods": {"s": one}}, says + shown)
    cbor_one = {1000: 96, 1001: dict(enumerate(all_claims.values())), 1003: ["p", "q"], 8: {5: TIK.ckt()}}
    ear("cwt", "The same as CWT.", "cwt", claims_cbor | {266: {"s": cbor_one}}, says + shown)
    ear("cwt-es384", "The same under ES384, cnf by the key itself.", "cwt", claims_cbor | {266: {"s": cbor_one | {8: {1: TIK.cose_key()}}}}, says + shown, AK384)
    ear("jwt-es384", "A JWT under ES384, cnf by the key itself.", "jwt", claims | {"submods": {"s": one | {"cnf": {"jwk": TIK.jwk()}}}}, says + shown, AK384)
    ear("jwt-older", "The spelling that deployed verifiers use.", "jwt",
        {"eat_profile": old, "iat": NOW, "ear.verifier-id": {"developer": "d", "build": "b"}, "ear.raw-evidence": b64(b"raw"),
         "submods": {"s": {"ear.status": "contraindicated", "ear.trustworthiness-vector": all_claims, "ear.appraisal-policy-id": "p"}}},
        [("profile", old), *common, ("raw_evidence", b"raw"), ("submod", "s | contraindicated | 2 3 33 -2 32 -128 127 96 | p")])
    ear("jwt-everything", "Every claim of the token.", "jwt",
        claims | {"iss": "i", "sub": "x", "aud": ["a", "b"], "exp": NOW + 9, "nbf": NOW - 9, "ear_status": "warning", "ear_raw_evidence": b64(b"raw"),
                  "eat_nonce": b64(bytes(8)), "submods": {"b": {"ear_status": "none"}, "a": {"ear_status": "warning", "eat_nonce": b64(bytes(32))}}, "else": [1.5]},
        says + [("iss", "i"), ("aud", "a"), ("aud", "b"), ("exp", str(NOW + 9)), ("nbf", str(NOW - 9)), ("status", "warning"), ("raw_evidence", b"raw"),
                ("nonce", bytes(8)), ("submod", "b | none |  | "), ("submod", "a | warning |  | ")])
    ear("cwt-everything", "Every claim of the token.", "cwt",
        claims_cbor | {1: "i", 3: "a", 4: NOW + 9, 5: NOW - 9, 1000: 32, 1002: b"raw", 10: bytes(64), 266: {"a": {1000: 32}}, -70000: {"x": 1}},
        says + [("iss", "i"), ("aud", "a"), ("exp", str(NOW + 9)), ("nbf", str(NOW - 9)), ("status", "warning"), ("raw_evidence", b"raw"), ("nonce", bytes(64)),
                ("submod", "a | warning |  | ")])
    bad = lambda name, about, form, c, path, code="malformed": ear(f"bad-{name}", about, form, c, [("path", path)], expect=code)
    sub = {266: {"s": {1000: 2}}}
    bad("iat-float", "iat as a float.", "cwt", claims_cbor | sub | {6: 1795255200.0}, "ear > iat")
    bad("iat-fraction", "iat written with a fraction.", "jwt", claims | {"iat": 1795255200.0, "submods": {"s": {"ear_status": "none"}}}, "ear > iat")
    bad("status", "A status that is none.", "cwt", claims_cbor | {266: {"s": {1000: 3}}}, 'ear > submods > "s" > ear_status')
    bad("status-text", "A status in JSON's words.", "cwt", claims_cbor | {266: {"s": {1000: "affirming"}}}, 'ear > submods > "s" > ear_status')
    bad("claim-range", "A claim beyond a byte.", "cwt", claims_cbor | {266: {"s": {1000: 2, 1001: {4: 128}}}}, 'ear > submods > "s" > ear_trustworthiness_vector > hardware', "length_out_of_range")
    bad("claim-unknown", "A ninth claim: what it warns of must not be lost.", "cwt", claims_cbor | {266: {"s": {1000: 2, 1001: {8: 96}}}}, 'ear > submods > "s" > ear_trustworthiness_vector')
    bad("submods-none", "No submod.", "cwt", claims_cbor | {266: {}}, "ear > submods")
    bad("submod-label", "A submod without a name.", "cwt", claims_cbor | {266: {7: {1000: 2}}}, "ear > submods")
    bad("verifier", "No verifier.", "cwt", {265: profile, 6: NOW} | sub, "ear > ear_verifier_id")
    bad("both-spellings", "A claim in both spellings.", "jwt", claims | {"submods": {"s": {"ear_status": "warning", "ear.status": "affirming"}}}, 'ear > submods > "s" > ear_status')
    bad("better", "A status that is better than its worst claim.", "cwt", claims_cbor | {266: {"s": {1000: 2, 1001: {0: 2, 4: 32}}}}, 'ear > submods > "s" > ear_status', "evidence_inconsistent")
    bad("token-better", "A token's status that is better than the worst submod.", "cwt", claims_cbor | {1000: 2, 266: {"s": {1000: 2}, "t": {1000: 0}}}, "ear > ear_status", "evidence_inconsistent")
    bad("profile", "A profile that is not known.", "cwt", claims_cbor | sub | {265: "tag:example.com,2026:x"}, "ear > eat_profile", "result_profile")


for make in (make_cmw, make_eat, make_ear):
    make()
sys.exit(publish("rats", files, "--check" in sys.argv))
