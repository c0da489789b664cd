#!/usr/bin/env python3
"""Makes tests/vectors/{remote_attestation,transcript,key_schedule}: each vector is right, or wrong in one thing.

--check makes nothing and fails when a file differs from what would be made."""
import sys

from cryptography import x509

import binder
import rfc8448
from messages import (certificate_request, client_hello, ed25519_key, flight, hellos, new_session_ticket, p256,
                      p256_compressed, p384, server_hello, spki, u16, vector, without_null)
from vectorfile import VECTORS, render

made: dict[str, str] = {}


def put(name: str, about: str, rows: list[tuple[str, object]]) -> None:
    assert name not in made, name
    made[name] = render(about, rows)


# ---- remote_attestation -------------------------------------------------------------------------
# Bodies are put together from bytes here, so that the twin's own writer is not the judge of them.
CF = lambda n: b"\x00\x00" + u16(n)
MT = lambda s: b"\x00\x01" + vector(2, s)
RESULT = lambda s: b"\x01" + vector(2, s)
LIST = lambda *schemes: vector(2, b"".join(schemes))
TPM2, VERIFIER = b"application/vnd.seatls.tpm2+cbor", b"verifier.example"
CH, EE, CR, CT = "client_hello", "encrypted_extensions", "certificate_request", "certificate"


def good(name: str, about: str, message: str, body: bytes, *fields: tuple[str, object]) -> None:
    put(f"remote_attestation/{name}", about, [("message", message), ("body", body), ("expect", "ok"), *fields])


def bad(name: str, about: str, message: str, body: bytes, alert: str, code: str, path: str = "") -> None:
    put(f"remote_attestation/{name}", about,
        [("message", message), ("body", body), ("expect", alert), ("code", code), ("path", path)])


def remote_attestation() -> None:
    server, client = "server_attester_schemes", "client_attester_schemes"
    mt = lambda s: f"media_type {s.hex()}"
    result = lambda s: f"result {s.hex()}"
    good("ch-server-attests", "One scheme for the server.", CH, LIST(CF(263)) + LIST(), (server, "content_format 263"))
    good("ch-client-attests", "One scheme for the client.", CH, LIST() + LIST(MT(TPM2)), (client, mt(TPM2)))
    good("ch-mutual", "Schemes of every kind, for both.", CH, LIST(MT(TPM2), CF(263)) + LIST(RESULT(VERIFIER), MT(TPM2)),
         (server, mt(TPM2)), (server, "content_format 263"), (client, result(VERIFIER)), (client, mt(TPM2)))
    good("ch-order-and-repetition", "The order is the preference; a repeated scheme is no error.", CH,
         LIST(CF(2), CF(1), CF(2)) + LIST(), *[(server, f"content_format {n}") for n in (2, 1, 2)])
    good("ch-edges", "The ends of each range.", CH, LIST(CF(0), CF(65535), MT(b"a"), RESULT(b"\x00\xff\n")) + LIST(),
         (server, "content_format 0"), (server, "content_format 65535"), (server, mt(b"a")), (server, result(b"\x00\xff\n")))
    good("ch-long-name", "A media type of 300 bytes.", CH, LIST(MT(b"m" * 300)) + LIST(), (server, mt(b"m" * 300)))
    good("ee-evidence", "The server attests by evidence.", EE, MT(TPM2), ("chosen_server_scheme", mt(TPM2)))
    good("ee-result", "The server attests by a result.", EE, RESULT(VERIFIER), ("chosen_server_scheme", result(VERIFIER)))
    good("cr-evidence", "The client is to attest by evidence.", CR, CF(263), ("chosen_client_scheme", "content_format 263"))
    good("cr-result", "The client is to attest by a result.", CR, RESULT(VERIFIER), ("chosen_client_scheme", result(VERIFIER)))
    good("ct-one-byte", "The shortest credential.", CT, vector(3, b"\x82"), ("cmw_payload", b"\x82"))
    good("ct-300-bytes", "A length of more than one byte.", CT, vector(3, b"\x5a" * 300), ("cmw_payload", b"\x5a" * 300))

    bad("ch-both-empty", "Both lists are empty: it parses, and the server refuses it.", CH, LIST() + LIST(),
        "unsupported_attestation_schemes", "empty_offer")
    dec, ill, cut, trail, range_, unknown = ("decode_error", "illegal_parameter", "truncated", "trailing_data",
                                             "length_out_of_range", "unknown_value")
    bad("ch-nothing", "No byte at all.", CH, b"", dec, cut, server)
    bad("ch-half-a-length", "One byte of the first length.", CH, b"\x00", dec, cut, server)
    bad("ch-no-second-list", "The second list is missing.", CH, LIST(CF(263)), dec, cut, client)
    bad("ch-list-too-long", "The second list says one byte more than there is.", CH, LIST(CF(263)) + u16(5) + CF(263), dec, cut, client)
    bad("ch-trailing", "A byte after the second list.", CH, LIST(CF(263)) + LIST() + b"\x00", dec, trail)
    bad("ch-third-list", "A third, empty list.", CH, LIST(CF(263)) + LIST() + LIST(), dec, trail)
    bad("ch-unknown-mechanism", "AttestationMechanism 2 in the second scheme.", CH, LIST(CF(263), b"\x02" + vector(2, b"x")) + LIST(),
        ill, unknown, f"{server}[1] > mechanism")
    bad("ch-mechanism-255", "AttestationMechanism 255, for the client.", CH, LIST() + LIST(b"\xff\x00\x00\x00"), ill, unknown, f"{client}[0] > mechanism")
    bad("ch-unknown-encoding", "typeEncoding 2.", CH, LIST(b"\x00\x02\x00\x00") + LIST(), ill, unknown, f"{server}[0] > type_encoding")
    bad("ch-empty-media-type", "A media type without a name.", CH, LIST(CF(263), CF(264), MT(b"")) + LIST(), ill, unknown, f"{server}[2] > media_type")
    bad("ch-empty-identity", "A verifier without a name.", CH, LIST(CF(263)) + LIST(RESULT(b"")), ill, unknown, f"{client}[0] > verifier_identity")
    bad("ch-cut-after-mechanism", "A list ends after a mechanism.", CH, LIST(CF(263), b"\x00") + LIST(), dec, cut, f"{server}[1] > type_encoding")
    bad("ch-cut-in-content-format", "A list ends inside of a content format.", CH, LIST(b"\x00\x00\x01") + LIST(), dec, cut, f"{server}[0] > content_format")
    bad("ch-cut-in-media-type-length", "A list ends inside of a media type's length.", CH, LIST(b"\x00\x01\x00") + LIST(), dec, cut, f"{server}[0] > media_type")
    bad("ch-cut-in-media-type", "A media type reaches beyond its list.", CH, LIST(b"\x00\x01\x00\x05abcd") + LIST(b"\x00\x00\x00\x00"), dec, cut, f"{server}[0] > media_type")
    bad("ch-cut-in-identity", "An identity reaches beyond its list.", CH, LIST() + LIST(b"\x01\x00\x05abcd"), dec, cut, f"{client}[0] > verifier_identity")
    bad("ee-nothing", "No byte at all.", EE, b"", dec, cut, "chosen_server_scheme > mechanism")
    bad("ee-two-schemes", "Two schemes where one is due.", EE, CF(263) + CF(264), dec, trail)
    bad("ee-list", "A list where a scheme is due.", EE, LIST(CF(263)), ill, unknown, "chosen_server_scheme > type_encoding")
    bad("ee-unknown-mechanism", "AttestationMechanism 2.", EE, b"\x02\x00\x01x", ill, unknown, "chosen_server_scheme > mechanism")
    bad("ee-empty-media-type", "A media type without a name.", EE, MT(b""), ill, unknown, "chosen_server_scheme > media_type")
    bad("ee-cut", "A media type that ends early.", EE, MT(TPM2)[:-1], dec, cut, "chosen_server_scheme > media_type")
    bad("cr-nothing", "No byte at all.", CR, b"", dec, cut, "chosen_client_scheme > mechanism")
    bad("cr-trailing", "A byte after the scheme.", CR, RESULT(VERIFIER) + b"\x00", dec, trail)
    bad("cr-empty-identity", "A verifier without a name.", CR, RESULT(b""), ill, unknown, "chosen_client_scheme > verifier_identity")
    bad("cr-unknown-encoding", "typeEncoding 255.", CR, b"\x00\xff\x00\x00", ill, unknown, "chosen_client_scheme > type_encoding")
    bad("ct-nothing", "No byte at all.", CT, b"", dec, cut, "cmw_payload")
    bad("ct-empty", "A credential of no byte.", CT, vector(3, b""), dec, range_, "cmw_payload")
    bad("ct-cut", "A credential that ends early.", CT, vector(3, b"\x5a" * 9)[:-1], dec, cut, "cmw_payload")
    bad("ct-trailing", "A byte after the credential.", CT, vector(3, b"\x5a" * 9) + b"\x5a", dec, trail)
    bad("ct-longest-length", "The greatest length, with few bytes.", CT, b"\xff\xff\xff\x5a\x5a", dec, cut, "cmw_payload")
    bad("ct-two-byte-length", "The length of the post-handshake extension: two bytes.", CT, vector(2, b"\x5a" * 9), dec, cut, "cmw_payload")


# ---- transcript and binder ----------------------------------------------------------------------
OFFER = LIST(MT(TPM2)) + LIST(RESULT(VERIFIER))


def bound(name: str, about: str, messages: list[bytes], hash_name: str, dtls: bool = False, server: bytes = b"",
          client: bytes = b"", certificate: bytes = b"") -> None:
    transcript = binder.transcript_hash(messages, hash_name)
    rows = [("protocol", "dtls" if dtls else "tls"), ("hash", hash_name), *[("message", m) for m in messages],
            ("expect", "ok"), ("transcript_hash", transcript), ("attest_base", binder.attest_base(hash_name, dtls, transcript))]
    if certificate:
        rows.append(("server_certificate", certificate))
    for role, key in (("server", server), ("client", client)):
        if key:
            rows += [(f"{role}_spki", key), (f"{role}_binder", binder.derive(hash_name, dtls, transcript, key, role))]
    put(f"transcript/{name}", about, rows)


def post_handshake(name: str, about: str, messages: list[bytes], hash_name: str, request: bytes) -> None:
    transcript, key = binder.post_handshake_hash(messages, request, hash_name), p256("client")
    put(f"transcript/{name}", about,
        [("protocol", "tls"), ("hash", hash_name), *[("message", m) for m in messages], ("expect", "ok"),
         ("transcript_hash", binder.transcript_hash(messages, hash_name)), ("certificate_request", request),
         ("post_handshake_hash", transcript), ("client_spki", key),
         ("client_binder", binder.derive(hash_name, False, transcript, key, "client"))])


def refused(name: str, about: str, messages: list[bytes], code: str = "unexpected_message") -> None:
    put(f"transcript/{name}", about,
        [("protocol", "tls"), ("hash", "sha256"), *[("message", m) for m in messages], ("expect", code), ("path", "transcript")])


def transcript() -> None:
    names = ("client_hello", "hello_retry_request", "second_client_hello", "server_hello")
    for title, trace, section in (("simple", rfc8448.SIMPLE, 3), ("retry", rfc8448.RETRY, 5), ("client-auth", rfc8448.CLIENT_AUTH, 6)):
        certificate = certificate_of(trace["certificate"])
        bound(f"rfc8448-{title}", f"The messages and the certificate of RFC 8448, section {section}.",
              [trace[n] for n in names if n in trace], "sha256", certificate=certificate,
              server=spki(x509.load_der_x509_certificate(certificate).public_key()))

    keys = {"server": p256("server"), "client": p256("client")}
    bound("tls-sha256", "An offer in ClientHello; two P-256 keys.", hellos("a", "sha256", attestation=OFFER), "sha256", **keys)
    bound("tls-sha384", "SHA-384; P-384 and Ed25519.", hellos("a", "sha384", attestation=OFFER), "sha384",
          server=p384("server"), client=ed25519_key("client"))
    bound("tls-sha256-retry", "HelloRetryRequest.", hellos("a", "sha256", retry=True, attestation=OFFER), "sha256", **keys)
    bound("tls-sha384-retry", "HelloRetryRequest: message_hash of 48 bytes.", hellos("a", "sha384", retry=True, attestation=OFFER), "sha384", **keys)
    bound("tls-other-random", "As tls-sha256, in another connection.", hellos("b", "sha256", attestation=OFFER), "sha256", **keys)
    bound("dtls-sha256", "DTLS 1.3: messages with the header of TLS, labels of DTLS.", hellos("d", "sha256", dtls=True, attestation=OFFER), "sha256", dtls=True, **keys)
    bound("dtls-sha384-retry", "DTLS 1.3 with HelloRetryRequest.", hellos("d", "sha384", dtls=True, retry=True, attestation=OFFER), "sha384", dtls=True, **keys)
    bound("one-key-for-both", "One key in both roles gives one binder: such a peer is refused (Decision 6).", hellos("a", "sha256"), "sha256", server=p256("both"), client=p256("both"))
    bound("spki-compressed-point", "The key as it stands in the certificate: a compressed point stays one.", hellos("a", "sha256"), "sha256", server=p256_compressed("server"))
    rsa = spki(x509.load_der_x509_certificate(certificate_of(rfc8448.SIMPLE["certificate"])).public_key())
    bound("spki-without-null", "The key as it stands in the certificate: RSA without its NULL parameters.", hellos("a", "sha256"), "sha256", server=without_null(rsa))

    for hash_name, retry in (("sha256", False), ("sha384", True)):
        shook = hellos("p", hash_name, retry=retry, attestation=OFFER) + flight("p")
        title = f"post-handshake-{hash_name}" + ("-retry" if retry else "")
        post_handshake(title, "Post-handshake client authentication (Decision 8).", shook, hash_name, certificate_request(b"\x01", CF(263)))
    shook = hellos("p", "sha256", attestation=OFFER) + flight("p")
    post_handshake("post-handshake-second", "As post-handshake-sha256, and a second request.", shook, "sha256", certificate_request(b"\x02", CF(263)))
    early_ticket = shook[:-3] + [new_session_ticket("early")] + shook[-3:] + [new_session_ticket("late")]
    post_handshake("post-handshake-tickets", "As post-handshake-sha256: tickets are no part of the transcript.", early_ticket, "sha256", certificate_request(b"\x01", CF(263)))

    ch, sh = hellos("a", "sha256")
    ch1, hrr, ch2, sh2 = hellos("a", "sha256", retry=True)
    refused("server-hello-first", "ServerHello before ClientHello.", [sh, ch])
    refused("two-client-hellos", "A second ClientHello that nothing asked for.", [ch, ch, sh])
    refused("second-retry", "Two HelloRetryRequests.", [ch1, hrr, ch2, hrr, ch2, sh2])
    refused("retry-ignored", "ServerHello right after HelloRetryRequest.", [ch1, hrr, sh2])
    refused("retry-first", "HelloRetryRequest before ClientHello.", [hrr, ch2, sh2])
    refused("encrypted-extensions-early", "EncryptedExtensions in the place of ServerHello.", [ch, flight("a")[0]])
    refused("header-too-long", "A header that announces one byte more.", [ch[:3] + bytes([ch[3] + 1]) + ch[4:], sh], "malformed")
    refused("header-cut", "Three bytes.", [ch[:3], sh], "malformed")
    refused("header-of-dtls", "The 12-byte header of DTLS.", [ch[:4] + bytes(5) + ch[1:4] + ch[4:], sh], "malformed")


def certificate_of(message: bytes) -> bytes:
    """cert_data of the first CertificateEntry"""
    at = 4 + 1 + message[4] + 3
    return message[at + 3:at + 3 + int.from_bytes(message[at:at + 3], "big")]


# ---- key schedule -------------------------------------------------------------------------------
def key_schedule() -> None:
    trace, secrets = rfc8448.SIMPLE, rfc8448.SIMPLE_SECRETS
    for title, label in (("client_handshake_traffic", "c hs traffic"), ("server_handshake_traffic", "s hs traffic")):
        put(f"key_schedule/rfc8448-{title.replace('_', '-')}", "RFC 8448, section 3: Derive-Secret over ClientHello..ServerHello.",
            [("protocol", "tls"), ("hash", "sha256"), ("message", trace["client_hello"]), ("message", trace["server_hello"]),
             ("secret", secrets["handshake_secret"]), ("label", label), ("output", secrets[title])])


remote_attestation()
transcript()
key_schedule()
differing = []
for name, text in made.items():
    path = VECTORS / f"{name}.txt"
    if "--check" not in sys.argv:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        differing.append(f"{path.name} is not what make_vectors.py makes")
for topic in {name.split("/")[0] for name in made}:
    for path in (VECTORS / topic).glob("*.txt"):
        if f"{topic}/{path.stem}" not in made:
            differing.append(f"{topic}/{path.name} is not made by make_vectors.py")
print("\n".join(differing) or f"{len(made)} vectors")
sys.exit(bool(differing))
