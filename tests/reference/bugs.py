"""Bugs that can be switched on in the twin, to show that the vectors catch each of them."""

BUGS = {
    # codec
    "accept-trailing": "bytes after the last field are ignored",
    "accept-truncated": "a field that ends early is taken as it is",
    "accept-empty-names": "an empty media type or verifier identity passes",
    "accept-empty-payload": "the lower bound of cmw_payload is ignored",
    "accept-unknown-values": "an unknown enumerator is taken for the last known one",
    "two-byte-payload-length": "cmw_payload has a two-byte length",
    "two-byte-enums": "enumerations take two bytes",
    "client-list-first": "client_attester_schemes is read before server_attester_schemes",
    "accept-empty-offer": "an offer without any scheme passes",
    # transcript
    "omit-ch1": "after a HelloRetryRequest the transcript starts with ClientHello2",
    "raw-ch1": "after a HelloRetryRequest ClientHello1 stays as it is",
    "omit-hrr": "the HelloRetryRequest is left out of the transcript",
    "drop-headers": "messages are hashed without their 4-byte header",
    "client-hello-only": "the transcript ends before ServerHello",
    "accept-any-order": "messages may come in any order",
    "omit-request": "post-handshake: the CertificateRequest is left out",
    "hash-tickets": "post-handshake: NewSessionTicket is part of the transcript",
    "main-handshake-only": "post-handshake: the base is ClientHello..ServerHello",
    # binder
    "always-sha256": "the suite's hash is not used",
    "truncate-binder": "a SHA-384 binder is cut to 32 bytes",
    "tls-labels-in-dtls": 'DTLS uses the label prefix "tls13 "',
    "space-in-dtls-label": 'DTLS uses the label prefix "dtls13 "',
    "reencode-spki": "the key is encoded anew before it is hashed",
    "hash-certificate": "the whole certificate is hashed where it is at hand, not its SubjectPublicKeyInfo",
    "one-step": "the binder is derived without attest_base",
    "role-labels": "client and server use labels of their own",
}

active: set[str] = set()


def on(name: str) -> bool:
    assert name in BUGS, name
    return name in active
