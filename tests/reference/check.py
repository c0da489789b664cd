#!/usr/bin/env python3
"""Checks the vectors of the wire and of the binder with a second implementation.

--bug NAME switches a bug of the twin on: the check must then fail. --every-bug shows that it does, for each.
"""
import argparse
import hashlib
import hmac
import re
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

import binder
import bugs
import codec
import rfc8448
from vectorfile import VECTORS, Vector, read_topic

problems: list[str] = []


def expect(v: Vector, what: str, got: object, wanted: object) -> None:
    if got != wanted:
        show = lambda x: x.hex() if isinstance(x, bytes) else x
        problems.append(f"{v.name}: {what} is {show(got)}; the vector says {show(wanted)}")


def text_of(scheme: tuple) -> str:
    kind, value = scheme
    return f"{kind} {value.hex() if isinstance(value, bytes) else value}"


def check_body(v: Vector) -> None:
    message, body = v.get("message"), v.hex("body")
    try:
        value = codec.decode(message, body)
        if message == "client_hello":
            codec.accept_offer(value)
    except codec.Refused as refusal:
        expect(v, "outcome", codec.ALERTS[refusal.code], v.get("expect"))
        expect(v, "code", refusal.code, v.get("code"))
        expect(v, "path", refusal.path, v.get("path"))
        return
    expect(v, "outcome", "ok", v.get("expect"))
    for field, got in value.items():
        got = [got.hex()] if isinstance(got, bytes) else [text_of(s) for s in (got if isinstance(got, list) else [got])]
        expect(v, field, got, v.all(field))
    expect(v, "body written again", codec.encode(message, value), body)


def check_transcript(v: Vector) -> None:
    hash_name, dtls, messages = v.get("hash"), v.get("protocol") == "dtls", [bytes.fromhex(m) for m in v.all("message")]
    try:
        base = binder.transcript_hash(messages, hash_name)
        expect(v, "outcome", "ok", v.get("expect"))
        if v.has("transcript_hash"):
            expect(v, "transcript_hash", base, v.hex("transcript_hash"))
        if v.has("attest_base"):
            expect(v, "attest_base", binder.attest_base(hash_name, dtls, base), v.hex("attest_base"))
        if v.has("certificate_request"):
            base = binder.post_handshake_hash(messages, v.hex("certificate_request"), hash_name)
            expect(v, "post_handshake_hash", base, v.hex("post_handshake_hash"))
    except codec.Refused as refusal:
        expect(v, "outcome", refusal.code, v.get("expect"))
        expect(v, "path", refusal.path, v.get("path"))
        return
    for role in ("server", "client"):
        if v.has(f"{role}_binder"):
            certificate = v.hex(f"{role}_certificate")
            got = binder.derive(hash_name, dtls, base, v.hex(f"{role}_spki"), role, certificate)
            expect(v, f"{role}_binder", got, v.hex(f"{role}_binder"))


def check_key_schedule(v: Vector) -> None:
    context = binder.transcript_hash([bytes.fromhex(m) for m in v.all("message")], v.get("hash"))
    got = binder.hkdf_expand_label(v.get("hash"), v.get("protocol") == "dtls", v.hex("secret"), v.get("label").encode(),
                                   context, len(v.hex("output")))
    expect(v, "output", got, v.hex("output"))


def check_traces() -> None:
    """The twin's transcript is the one that the stack behind RFC 8448 signed and MACed."""
    for name in ("SIMPLE", "RETRY", "CLIENT_AUTH"):
        trace = getattr(rfc8448, name)
        hellos = [trace[n] for n in ("client_hello", "hello_retry_request", "second_client_hello", "server_hello") if n in trace]
        rest = [trace[n] for n in ("encrypted_extensions", "certificate_request", "certificate") if n in trace]
        hashed = binder.H("sha256", b"".join(binder.hello_bytes(hellos, "sha256") + rest))
        if hashed != trace["signed_hash"]:
            problems.append(f"RFC 8448 {name}: the transcript is not the one that was signed")
        at = 4 + 1 + 3
        key = x509.load_der_x509_certificate(trace["certificate"][at + 3:at + 3 + int.from_bytes(trace["certificate"][at:at + 3], "big")]).public_key()
        signed = b" " * 64 + b"TLS 1.3, server CertificateVerify\x00" + hashed
        signature = trace["certificate_verify"][8:]
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
            else:
                key.verify(signature, signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        except Exception as e:  # InvalidSignature, or a signature of another form
            problems.append(f"RFC 8448 {name}: CertificateVerify does not verify: {e!r}")
    trace = rfc8448.SIMPLE
    key = binder.hkdf_expand_label("sha256", False, rfc8448.SIMPLE_SECRETS["server_handshake_traffic"], b"finished", b"", 32)
    hashed = hashlib.sha256(b"".join(trace[n] for n in ("client_hello", "server_hello", "encrypted_extensions", "certificate",
                                                        "certificate_verify"))).digest()
    if hmac.new(key, hashed, "sha256").digest() != trace["finished"][4:]:
        problems.append("RFC 8448 SIMPLE: the server's Finished does not verify")


def check_documents() -> None:
    """What docs/protocol quotes from a vector (a block marked ```vector NAME) is what the vector says."""
    for document in sorted((VECTORS.parent.parent / "docs/protocol").glob("*.md")):
        for name, block in re.findall(r"^```vector (\S+)\n(.*?)^```", document.read_text(), re.M | re.S):
            vector = Vector(VECTORS / f"{name}.txt")
            rows = re.findall(r"^(\w+):(.*(?:\n +.*)*)", block, re.M)
            for key in dict.fromkeys(key for key, _ in rows):
                quoted = ["".join(value.split()) for k, value in rows if k == key]
                expect(vector, f"{key} in {document.name}", quoted, vector.all(key))


TOPICS = {"remote_attestation": check_body, "transcript": check_transcript, "key_schedule": check_key_schedule}


def run() -> int:
    problems.clear()
    count = 0
    for topic, check in TOPICS.items():
        for vector in read_topic(topic):
            count += 1
            try:
                check(vector)
            except Exception as e:  # a bug may break the twin altogether
                problems.append(f"{vector.name}: {e!r}")
    check_traces()
    check_documents()
    return count


arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--bug", action="append", default=[], choices=sorted(bugs.BUGS), metavar="NAME")
arguments.add_argument("--every-bug", action="store_true")
arguments.add_argument("--list-bugs", action="store_true")
arguments = arguments.parse_args()

if arguments.list_bugs:
    print("\n".join(f"{name:24} {about}" for name, about in bugs.BUGS.items()))
elif arguments.every_bug:
    survivors = []
    for name in bugs.BUGS:
        bugs.active = {name}
        run()
        vectors = sorted({p.split(":")[0] for p in problems if p.split("/")[0] in TOPICS})
        print(f"{name:24} {len(vectors):3} vectors fail: {' '.join(vectors[:3])}{' …' if len(vectors) > 3 else ''}")
        if not vectors:
            survivors.append(name)
    print(f"not caught: {' '.join(survivors)}" if survivors else f"every one of {len(bugs.BUGS)} bugs is caught")
    sys.exit(bool(survivors))
else:
    bugs.active = set(arguments.bug)
    number = run()
    print("\n".join(problems) or f"{number} vectors hold")
    sys.exit(bool(problems) or number == 0)
