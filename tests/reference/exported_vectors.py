#!/usr/bin/env python3
"""Makes tests/vectors/exported: requests, authenticators and binders, each vector with one fault or none.

--check compares with what is there, checks each vector with the twin, and shows that every bug of the twin is noticed.
--check-maker PROGRAM checks the authenticators that another implementation makes.
"""
import base64
import datetime
import hashlib
import subprocess
import sys
from pathlib import Path

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import exported as ea
from exported import Connection, Refused
from vectorfile import VECTORS, Vector, read_topic, render

HERE = Path(__file__).resolve().parent
OTHER = {"client": "server", "server": "client"}
MEDIA_TYPE = "application/vnd.seatls.test.fake"
CMW_ATTESTATION, REMOTE_ATTESTATION = 0xFF5F, 0xFF5E
# name: exporter label, the exported value alone, its length, extension type, names the wanted schemes
PROFILES = {"expat-03": ("Attestation", False, 32, 0xFF5F, True), "expat-04": ("EXPORTER-cmw-attestation", False, 32, 0xFF5F, True),
            "legacy": ("Attestation Binding", True, 32, 0xFF5F, True), "deployed-ff00": ("Attestation", False, 32, 0xFF00, False),
            "deployed-ffff": ("Attestation Binding", True, 64, 0xFFFF, False)}


def seed(name: str) -> bytes:
    return hashlib.sha256(b"seatls exported: " + name.encode()).digest()


def ec_key(name: str, curve):
    return ec.derive_private_key(int.from_bytes(seed(name), "big") >> 8, curve)


RSA = serialization.load_pem_private_key((HERE / "rsa_test_key.pem").read_bytes(), None)
KEYS = {ea.P256_SHA256: ec_key("p256", ec.SECP256R1()), ea.P384_SHA384: ec_key("p384", ec.SECP384R1()),
        ea.P521_SHA512: ec_key("p521", ec.SECP521R1()), ea.ED25519: ed25519.Ed25519PrivateKey.from_private_bytes(seed("ed25519")),
        ea.PSS256: RSA, ea.PSS384: RSA, ea.PSS512: RSA}
CA = ed25519.Ed25519PrivateKey.from_private_bytes(seed("ca"))


def certificate(key, name: str) -> bytes:
    subject = lambda cn: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, cn)])
    return (x509.CertificateBuilder().subject_name(subject(name)).issuer_name(subject("test CA")).public_key(key.public_key())
            .serial_number(int.from_bytes(seed("serial " + name)[:8], "big") >> 1)
            .not_valid_before(datetime.datetime(2026, 1, 1)).not_valid_after(datetime.datetime(2036, 1, 1))
            .sign(CA, None).public_bytes(serialization.Encoding.DER))


def spki(key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


LEAF = {scheme: certificate(key, f"{ea.NAMES[scheme]}.example") for scheme, key in KEYS.items()}
ROOT = certificate(CA, "test CA")


class Case:
    """One exchange, right in every respect until a case bends it."""

    def __init__(self, name: str, hash_name="sha256", sender="server", scheme=ea.P256_SHA256):
        self.name, self.hash, self.sender, self.scheme = name, hash_name, sender, scheme
        self.secret = seed(f"secret {hash_name}") + (b"" if hash_name == "sha256" else seed("more")[:16])
        self.connection = Connection(hash_name, self.secret)
        self.context = seed(f"context {name}")
        self.request = ea.make_request(OTHER[sender], self.context)
        self.chain = [(LEAF[scheme], []), (ROOT, [])]
        self.key = KEYS[scheme]

    def made(self, **other) -> bytes:
        values = {"c": self.connection, "sender": self.sender, "request": self.request, "context": self.context,
                  "chain": self.chain, "scheme": self.scheme, "key": self.key} | other
        return ea.make_authenticator(**values)

    def rows(self, authenticator: bytes, expect: str, kind="authenticator") -> list[tuple[str, object]]:
        return [("kind", kind), ("hash", self.hash), ("sender", self.sender), ("exporter_secret", self.secret),
                ("request", self.request), ("authenticator", authenticator), ("expect", expect)]


def right(case: Case) -> list[tuple[str, object]]:
    context, key = case.connection.keys(case.sender, b"")
    pkcs8 = case.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return case.rows(case.made(), "ok") + [
        ("context", case.context), ("scheme", ea.NAMES[case.scheme]), ("spki", spki(case.key)), ("handshake_context", context),
        ("finished_key", key), ("certificate", case.chain[0][0]), ("private_key", base64.b64encode(pkcs8).decode())]


def cmw(form: str, evidence: bytes) -> bytes:
    if form == "cbor":
        return cbor2.dumps([MEDIA_TYPE, evidence, 4])
    return f'["{MEDIA_TYPE}","{base64.urlsafe_b64encode(evidence).decode().rstrip("=")}",4]'.encode()


def attested(profile: str, form: str, hash_name: str, sender: str) -> tuple[Case, list[tuple[str, object]]]:
    label, alone, length, extension, named = PROFILES[profile]
    case = Case(f"attested {profile} {form}", hash_name, sender)
    wanted = [(REMOTE_ATTESTATION, ea.vector(2, b"\0\1" + ea.vector(2, MEDIA_TYPE.encode())))] if named else []
    case.request = ea.make_request(OTHER[sender], case.context, more=[(extension, b""), *wanted])
    binder = ea.binder(case.connection, label, alone, length, spki(case.key), case.context)
    credential = cmw(form, b"evidence over " + binder)
    case.chain = [(LEAF[case.scheme], [(extension, ea.vector(2, credential))]), (ROOT, [])]
    return case, case.rows(case.made(), "ok", "attestation") + [
        ("context", case.context), ("profile", profile), ("form", form), ("spki", spki(case.key)), ("binder", binder), ("cmw", credential)]


def flip(data: bytes, at: int) -> bytes:
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def all_vectors() -> dict[str, tuple[str, list]]:
    out = {}
    for hash_name in ("sha256", "sha384"):
        for sender in ("client", "server"):
            for scheme in ea.NAMES:
                name = ea.NAMES[scheme].replace("_", "-")
                out[f"ok-{name}-{hash_name}-{sender}"] = (f"A {sender}'s authenticator by {ea.NAMES[scheme]}.",
                                                          right(Case(f"{name} {hash_name} {sender}", hash_name, sender, scheme)))
            empty = Case(f"empty {hash_name} {sender}", hash_name, sender)
            out[f"empty-{hash_name}-{sender}"] = ("An empty authenticator declines.", empty.rows(
                ea.make_empty(empty.connection, sender, empty.request, empty.context), "declined"))
        spontaneous = Case(f"spontaneous {hash_name}", hash_name, scheme=ea.ED25519)
        spontaneous.request = b""
        out[f"spontaneous-{hash_name}"] = ("A server authenticates itself without being asked.",
                                           spontaneous.rows(spontaneous.made(), "ok", "spontaneous") + [
                                               ("offer_schemes", ea.schemes_body([ea.ED25519])[2:]), ("context", spontaneous.context)])
    out |= variants() | faults() | request_faults()
    for profile in PROFILES:
        for form in ("json", "cbor"):
            for hash_name, sender in (("sha256", "server"), ("sha384", "client")):
                out[f"attestation-{profile}-{form}-{sender}"] = (f"Evidence for a request, profile {profile}, CMW in {form.upper()}.",
                                                                 attested(profile, form, hash_name, sender)[1])
    return out


def variants() -> dict:
    out = {}
    named = Case("server name")
    named.request = ea.make_request("client", named.context, server_name="server.example")
    out["ok-server-name"] = ("A client names the server that it means.", right(named))
    stapled = Case("stapled")
    stapled.request = ea.make_request("client", stapled.context, more=[(ea.STATUS_REQUEST, b""), (0xABCD, b"unknown")])
    stapled.chain = [(LEAF[stapled.scheme], [(ea.STATUS_REQUEST, b"\x01\0\0\x04ocsp")]), (ROOT, [])]
    out["ok-extension-asked-for"] = ("An extension that the request holds; an unknown one is ignored.", right(stapled))
    empty_context = Case("empty context")
    empty_context.context = b""
    empty_context.request = ea.make_request("client", b"")
    out["ok-context-empty"] = ("A context of no bytes is allowed by RFC 9261.", right(empty_context))
    long_context = Case("long context")
    long_context.context = b"c" * 255
    long_context.request = ea.make_request("client", long_context.context)
    out["ok-context-255"] = ("The longest context.", right(long_context))
    return out


def faults() -> dict:
    out = {}

    def fault(name: str, about: str, expect: str, authenticator: bytes, case: Case) -> None:
        out[f"bad-{name}"] = (about, case.rows(authenticator, expect))

    c = Case("fault")
    good = c.made()
    certificate = ea.certificate_message(c.context, c.chain)
    messages = ea.read_messages(good, 3)
    other_request = ea.make_request("client", c.context, more=[(ea.STATUS_REQUEST, b"")])
    stranger = Connection("sha256", seed("another connection"))
    fault("other-connection", "Made on another connection (E01).", "finished_invalid", c.made(c=stranger), c)
    fault("other-request", "Made for another request with the same context.", "finished_invalid", c.made(request=other_request), c)
    fault("other-context", "Answers another request (E10).", "unknown_context", c.made(context=seed("x")), c)
    fault("other-role", "Made with the exporter labels of a client: swapped direction.", "finished_invalid", c.made(sender="client"), c)
    fault("finished-changed", "A bit of verify_data.", "finished_invalid", flip(good, -1), c)
    fault("finished-short", "verify_data of 31 bytes.", "length_out_of_range", good[:-36] + ea.handshake(20, good[-32:-1]), c)
    fault("signature-changed", "A bit of the signature, and a Finished over it.", "certificate_verify_invalid",
          c.made(signature=flip(ea.sign(c.key, c.scheme, b"something else"), -1)), c)
    hc, _ = c.connection.keys("server", b"")
    transcript = hc + c.request + certificate
    handshake_label = b"\x20" * 64 + b"TLS 1.3, server CertificateVerify\0" + ea.H("sha256", transcript)
    fault("handshake-signature", "The context string of a handshake.", "certificate_verify_invalid",
          c.made(signature=ea.sign(c.key, c.scheme, handshake_label)), c)
    fault("signed-without-request", "The signature leaves the request out.", "certificate_verify_invalid",
          c.made(signature=ea.sign(c.key, c.scheme, ea.framed("sha256", hc + certificate))), c)
    fault("other-key", "Signed by another key than the certificate's.", "certificate_verify_invalid",
          c.made(key=ec_key("another", ec.SECP256R1())), c)
    fault("scheme-not-asked-for", "A scheme that the request does not list.", "unknown_value",
          *bent(Case("unasked"), lambda k: ea.make_request("client", k.context, [ea.ED25519])))
    p = Case("pkcs1", scheme=ea.PSS256)
    p.request = ea.make_request("client", p.context, [ea.PSS256, 0x0401])
    fault("pkcs1", "rsa_pkcs1_sha256, though asked for, is no scheme of TLS 1.3.", "unknown_value", p.made(scheme=0x0401, signature=b"s" * 256), p)
    s = Case("salt", scheme=ea.PSS256)
    context, _ = s.connection.keys("server", b"")
    signed = ea.framed("sha256", context + s.request + ea.certificate_message(s.context, s.chain))
    fault("pss-salt", "An RSA-PSS salt of another length than the digest's.", "certificate_verify_invalid",
          s.made(signature=ea.pss(s.key, signed, "sha256", 20)), s)
    fault("scheme-of-other-curve", "ecdsa_secp384r1_sha384 with a key on P-256.", "unknown_value",
          c.made(scheme=ea.P384_SHA384, signature=b"s" * 70), c)
    u = Case("unsolicited")
    u.chain = [(LEAF[u.scheme], [(CMW_ATTESTATION, ea.vector(2, cmw("cbor", b"evidence")))])]
    fault("unsolicited-attestation", "cmw_attestation that the request does not hold.", "unsolicited_extension", u.made(), u)
    t = Case("twice")
    t.request = ea.make_request("client", t.context, more=[(ea.STATUS_REQUEST, b"")])
    t.chain = [(LEAF[t.scheme], [(ea.STATUS_REQUEST, b"\x01\0\0\1a")] * 2)]
    fault("extension-twice", "An extension twice in one entry.", "unknown_value", t.made(), t)
    n = Case("no certificate")
    n.chain = []
    fault("certificate-list-empty", "A Certificate without entries, and a CertificateVerify.", "length_out_of_range", n.made(), n)
    d = Case("not der")
    d.chain = [(b"this is no certificate", [])]
    fault("certificate-malformed", "An end-entity certificate that is none.", "malformed", d.made(), d)
    fault("message-missing", "Certificate and Finished only.", "unexpected_message", messages[0][2] + messages[2][2], c)
    fault("message-order", "CertificateVerify first.", "unexpected_message", messages[1][2] + messages[0][2] + messages[2][2], c)
    fault("message-extra", "A fourth message.", "trailing_data", good + messages[2][2], c)
    fault("nothing", "No bytes at all.", "truncated", b"", c)
    fault("cut", "The last byte is missing.", "truncated", good[:-1], c)
    e = Case("empty fault")
    fault("empty-other-request", "An empty authenticator for another request.", "finished_invalid",
          ea.make_empty(e.connection, "server", other_request, c.context), e)
    fault("empty-other-role", "An empty authenticator of the other role.", "finished_invalid",
          ea.make_empty(e.connection, "client", e.request, e.context), e)
    return out


def bent(case: Case, request) -> tuple[bytes, Case]:
    case.request = request(case)
    return case.made(), case


def request_faults() -> dict:
    context, out = seed("request"), {}
    algorithms = (ea.SIGNATURE_ALGORITHMS, ea.schemes_body([ea.P256_SHA256]))
    name = (ea.SERVER_NAME, ea.vector(2, b"\0" + ea.vector(2, b"server.example")))

    def case(what: str, about: str, requester: str, request: bytes, expect: str) -> None:
        out[f"request-{what}"] = (about, [("kind", "request"), ("requester", requester), ("request", request), ("expect", expect)])

    good = ea.request_of("client", context, [algorithms])
    case("client", "A ClientCertificateRequest.", "client", good, "ok")
    case("server", "A CertificateRequest.", "server", ea.request_of("server", context, [algorithms]), "ok")
    case("unknown-extension", "An unknown extension is kept.", "client", ea.request_of("client", context, [algorithms, (0xEEEE, b"?")]), "ok")
    case("unknown-scheme", "An unknown scheme is ignored.", "client",
         ea.request_of("client", context, [(ea.SIGNATURE_ALGORITHMS, ea.schemes_body([0xFE00, ea.P256_SHA256]))]), "ok")
    case("wrong-role", "A CertificateRequest from a client.", "client", ea.request_of("server", context, [algorithms]), "unexpected_message")
    case("wrong-role-of-server", "A ClientCertificateRequest from a server.", "server", good, "unexpected_message")
    case("no-signature-algorithms", "signature_algorithms is mandatory.", "client", ea.request_of("client", context, [name]), "missing_extension")
    case("no-extensions", "No extension at all.", "client", ea.request_of("client", context, []), "length_out_of_range")
    case("extension-twice", "An extension twice.", "client", ea.request_of("client", context, [algorithms, algorithms]), "unknown_value")
    case("key-share", "An extension of other messages.", "client", ea.request_of("client", context, [algorithms, (51, b"")]), "misplaced_extension")
    case("server-name-of-server", "server_name in a CertificateRequest.", "server", ea.request_of("server", context, [algorithms, name]), "misplaced_extension")
    case("two-names", "Two names.", "client", ea.request_of("client", context, [
        algorithms, (ea.SERVER_NAME, ea.vector(2, (b"\0" + ea.vector(2, b"a.example")) * 2))]), "unknown_value")
    case("name-type", "A name of an unknown type.", "client", ea.request_of("client", context, [
        algorithms, (ea.SERVER_NAME, ea.vector(2, b"\1" + ea.vector(2, b"a.example")))]), "unknown_value")
    case("odd-schemes", "Half a scheme.", "client", ea.request_of("client", context, [
        (ea.SIGNATURE_ALGORITHMS, ea.vector(2, b"\4\3\4"))]), "truncated")
    case("no-schemes", "An empty list of schemes.", "client", ea.request_of("client", context, [
        (ea.SIGNATURE_ALGORITHMS, ea.vector(2, b""))]), "length_out_of_range")
    case("trailing", "A byte after the message.", "client", good + b"\0", "trailing_data")
    case("second", "Two requests in one.", "client", good + good, "trailing_data")
    case("trailing-in-body", "A byte after the extensions.", "client", ea.handshake(17, good[4:] + b"\0"), "trailing_data")
    case("cut", "The last byte is missing.", "client", good[:-1], "truncated")
    return out


# ---- checking -----------------------------------------------------------------------------------
def outcome(v: Vector) -> str:
    try:
        if v.get("kind") == "request":
            ea.read_request(v.get("requester"), v.hex("request"))
            return "ok"
        connection, offer = Connection(v.get("hash"), v.hex("exporter_secret")), None
        if v.get("kind") == "spontaneous":
            listed = v.hex("offer_schemes")
            offer = {"schemes": [int.from_bytes(listed[i:i + 2], "big") for i in range(0, len(listed), 2)], "extensions": []}
        found = ea.check_authenticator(connection, v.get("sender"), v.hex("request"), v.hex("authenticator"), offer)
    except Refused as refusal:
        return refusal.code
    if "declined" in found:
        return "declined"
    for field in ("context", "spki"):
        if v.has(field) and found[field] != v.hex(field):
            return f"{field} {found[field].hex()}"
    if v.has("handshake_context") and connection.keys(v.get("sender"), b"") != (v.hex("handshake_context"), v.hex("finished_key")):
        return "other keys"
    if v.has("profile"):
        label, alone, length, extension, _ = PROFILES[v.get("profile")]
        if ea.binder(connection, label, alone, length, found["spki"], found["context"]) != v.hex("binder"):
            return "other binder"
        if dict(found["chain"][0][1]).get(extension) != ea.vector(2, v.hex("cmw")):
            return "other cmw"
    return "ok"


def check(vectors: list[Vector]) -> list[str]:
    return [f"{v.name}: {got}; expected {v.get('expect')}" for v in vectors if (got := outcome(v)) != v.get("expect")]


def main() -> int:
    if "--check-maker" in sys.argv:
        text = subprocess.run([sys.argv[sys.argv.index("--check-maker") + 1]], check=True, capture_output=True, text=True).stdout
        vectors = []
        for block in text.strip().split("\n\n"):
            v = Vector.__new__(Vector)
            v.rows = [(k, value.strip()) for k, _, value in (line.partition(":") for line in block.splitlines())]
            v.name = v.get("name")
            vectors.append(v)
        problems = check(vectors)
        print("\n".join(problems) or f"{len(vectors)} authenticators of the other implementation hold")
        return bool(problems) or len(vectors) < 20
    problems, folder = [], VECTORS / "exported"
    if "--check" not in sys.argv:
        folder.mkdir(exist_ok=True)
        for stale in folder.glob("*.txt"):
            stale.unlink()
    for name, (about, rows) in all_vectors().items():
        path, text = folder / f"{name}.txt", render(about, rows)
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            problems.append(f"{name} differs from what is made")
    vectors = read_topic("exported")
    problems += check(vectors)
    for bug in ea.BUGS:
        ea.active = {bug}
        if not check(vectors):
            problems.append(f"the bug {bug} is not noticed")
    ea.active = set()
    print("\n".join(problems) or f"{len(vectors)} vectors hold; each of {len(ea.BUGS)} bugs is noticed")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
