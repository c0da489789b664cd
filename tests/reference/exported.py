"""RFC 9261 and draft-fossati-seat-expat-03, from the texts alone: authenticators made and checked.

Keys sign deterministically here (RFC 6979; PSS with a salt that follows from the message), so that vectors are
reproducible. Checking uses python3-cryptography's verification and nothing of the signing code.
"""
import hashlib
import hmac

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

CERTIFICATE, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY, CLIENT_CERTIFICATE_REQUEST, FINISHED = 11, 13, 15, 17, 20
SERVER_NAME, SIGNATURE_ALGORITHMS, SIGNATURE_ALGORITHMS_CERT, STATUS_REQUEST = 0, 13, 50, 5
P256_SHA256, P384_SHA384, P521_SHA512, PSS256, PSS384, PSS512, ED25519 = 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807
NAMES = {P256_SHA256: "ecdsa_secp256r1_sha256", P384_SHA384: "ecdsa_secp384r1_sha384", P521_SHA512: "ecdsa_secp521r1_sha512",
         PSS256: "rsa_pss_rsae_sha256", PSS384: "rsa_pss_rsae_sha384", PSS512: "rsa_pss_rsae_sha512", ED25519: "ed25519"}
HASH_OF = {P256_SHA256: "sha256", P384_SHA384: "sha384", P521_SHA512: "sha512", PSS256: "sha256", PSS384: "sha384", PSS512: "sha512"}
DEFAULT_SCHEMES = [P256_SHA256, P384_SHA384, ED25519, PSS256, PSS384, PSS512, P521_SHA512]
CURVES = {P256_SHA256: "secp256r1", P384_SHA384: "secp384r1", P521_SHA512: "secp521r1"}
ORDERS = {"secp256r1": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
          "secp384r1": 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,
          "secp521r1": 2**521 - 657877501894328237357444332315020117536923257219387276263472201219398408051703}
# Extensions of other messages: known, and not allowed in a request (RFC 8446, 4.2).
ELSEWHERE = {1, 10, 14, 15, 16, 19, 20, 21, 28, 35, 41, 42, 43, 44, 45, 49, 51}

BUGS = {"labels-swapped": "the exporter labels of client and server are swapped",
        "context-in-exporter": "the exporter is given the request's context",
        "request-not-hashed": "the transcript leaves the request out",
        "server-context-string": "CertificateVerify is signed as in a handshake",
        "finished-without-verify": "Finished leaves CertificateVerify out",
        "empty-without-certificate": "an empty authenticator's Finished hashes no Certificate",
        "key-not-in-binder": "the binder hashes the exported value alone",
        "binder-sha256": "the binder is always SHA-256",
        "skip-finished": "Finished is not checked", "skip-signature": "the signature is not checked",
        "any-scheme": "the scheme need not have been asked for", "any-extension": "extensions need not have been asked for"}
active: set[str] = set()


def on(bug: str) -> bool:
    assert bug in BUGS
    return bug in active


class Refused(Exception):
    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


# ---- TLS ----------------------------------------------------------------------------------------
def H(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()


def vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def handshake(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + vector(3, body)


def extensions(rows) -> bytes:
    return vector(2, b"".join(kind.to_bytes(2, "big") + vector(2, data) for kind, data in rows))


def expand(name: str, prk: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand: RFC 5869"""
    out, block, i = b"", b"", 0
    while len(out) < length:
        i += 1
        block = hmac.new(prk, block + info + bytes([i]), name).digest()
        out += block
    return out[:length]


def expand_label(name: str, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    info = length.to_bytes(2, "big") + vector(1, b"tls13 " + label.encode()) + vector(1, context)
    return expand(name, secret, info, length)


def tls_exporter(name: str, exporter_secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """RFC 8446, 7.5"""
    derived = expand_label(name, exporter_secret, label, H(name, b""), len(H(name, b"")))
    return expand_label(name, derived, "exporter", H(name, context), length)


class Connection:
    def __init__(self, hash_name: str, secret: bytes):
        self.hash, self.secret = hash_name, secret

    def export(self, label: str, context: bytes = b"", length: int | None = None) -> bytes:
        return tls_exporter(self.hash, self.secret, label, context, length or len(H(self.hash, b"")))

    def keys(self, sender: str, context: bytes) -> tuple[bytes, bytes]:
        if on("labels-swapped"):
            sender = {"client": "server", "server": "client"}[sender]
        context = context if on("context-in-exporter") else b""
        return (self.export(f"EXPORTER-{sender} authenticator handshake context", context),
                self.export(f"EXPORTER-{sender} authenticator finished key", context))


# ---- signing ------------------------------------------------------------------------------------
def ecdsa(key, digest: bytes, hash_name: str) -> bytes:
    order = ORDERS[key.curve.name]
    size = (order.bit_length() + 7) // 8
    shift = max(0, len(digest) * 8 - order.bit_length())
    z = int.from_bytes(digest, "big") >> shift
    d = key.private_numbers().private_value
    seed = d.to_bytes(size, "big") + (z % order).to_bytes(size, "big")
    V, K = b"\x01" * len(H(hash_name, b"")), b"\0" * len(H(hash_name, b""))
    for i in (0, 1):
        K = hmac.new(K, V + bytes([i]) + seed, hash_name).digest()
        V = hmac.new(K, V, hash_name).digest()
    while True:
        T = b""
        while len(T) < size:
            V = hmac.new(K, V, hash_name).digest()
            T += V
        k = int.from_bytes(T[:size], "big") >> max(0, 8 * size - order.bit_length())
        if 0 < k < order:
            r = ec.derive_private_key(k, key.curve).public_key().public_numbers().x % order
            s = pow(k, -1, order) * (z + r * d) % order
            if r and s:
                break
        K = hmac.new(K, V + b"\0", hash_name).digest()
        V = hmac.new(K, V, hash_name).digest()
    number = lambda n: b"\x02" + der_length(n.bit_length() // 8 + 1) + n.to_bytes(n.bit_length() // 8 + 1, "big")
    body = number(r) + number(s)
    return b"\x30" + der_length(len(body)) + body


def der_length(n: int) -> bytes:
    return bytes([n]) if n < 128 else b"\x81" + bytes([n])


def pss(key, message: bytes, name: str, salt_length: int | None = None) -> bytes:
    n = key.private_numbers()
    modulus, length = n.public_numbers.n, len(H(name, b""))
    bits = modulus.bit_length() - 1
    size = (bits + 7) // 8
    salt = H("sha512", b"salt" + message)[:length if salt_length is None else salt_length]
    h = H(name, b"\0" * 8 + H(name, message) + salt)
    db = b"\0" * (size - len(salt) - length - 2) + b"\x01" + salt
    mask = b"".join(H(name, h + i.to_bytes(4, "big")) for i in range(size // length + 1))[:len(db)]
    masked = bytearray(a ^ b for a, b in zip(db, mask))
    masked[0] &= 0xff >> (8 * size - bits)
    return pow(int.from_bytes(bytes(masked) + h + b"\xbc", "big"), n.d, modulus).to_bytes((modulus.bit_length() + 7) // 8, "big")


def sign(key, scheme: int, message: bytes) -> bytes:
    if scheme == ED25519:
        return key.sign(message)
    return ecdsa(key, H(HASH_OF[scheme], message), HASH_OF[scheme]) if scheme in CURVES else pss(key, message, HASH_OF[scheme])


def goes_with(scheme: int, key) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return CURVES.get(scheme) == key.curve.name
    return scheme == ED25519 if isinstance(key, ed25519.Ed25519PublicKey) else isinstance(key, rsa.RSAPublicKey) and scheme in (PSS256, PSS384, PSS512)


def verify(key, scheme: int, message: bytes, signature: bytes) -> bool:
    if scheme not in NAMES or not goes_with(scheme, key):
        raise Refused("unknown_value")
    try:
        if scheme == ED25519:
            key.verify(signature, message)
        else:
            algorithm = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}[HASH_OF[scheme]]()
            if scheme in CURVES:
                key.verify(signature, message, ec.ECDSA(algorithm))
            else:
                key.verify(signature, message, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm)
        return True
    except InvalidSignature:
        return False


# ---- making -------------------------------------------------------------------------------------
def schemes_body(schemes) -> bytes:
    return vector(2, b"".join(s.to_bytes(2, "big") for s in schemes))


def make_request(requester: str, context: bytes, schemes=DEFAULT_SCHEMES, server_name: str | None = None, more=()) -> bytes:
    rows = [(SIGNATURE_ALGORITHMS, schemes_body(schemes))]
    if server_name is not None:
        rows.append((SERVER_NAME, vector(2, b"\0" + vector(2, server_name.encode()))))
    return request_of(requester, context, rows + list(more))


def request_of(requester: str, context: bytes, rows) -> bytes:
    kind = CLIENT_CERTIFICATE_REQUEST if requester == "client" else CERTIFICATE_REQUEST
    return handshake(kind, vector(1, context) + extensions(rows))


def certificate_message(context: bytes, chain) -> bytes:
    return handshake(CERTIFICATE, vector(1, context) +
                     vector(3, b"".join(vector(3, der) + extensions(rows) for der, rows in chain)))


def framed(name: str, transcript: bytes) -> bytes:
    label = b"TLS 1.3, server CertificateVerify" if on("server-context-string") else b"Exported Authenticator"
    return b"\x20" * 64 + label + b"\0" + H(name, transcript)


def make_authenticator(c: Connection, sender: str, request: bytes, context: bytes, chain, scheme: int, key, signature=None) -> bytes:
    handshake_context, finished_key = c.keys(sender, context)
    certificate = certificate_message(context, chain)
    transcript = handshake_context + (b"" if on("request-not-hashed") else request) + certificate
    signature = signature or sign(key, scheme, framed(c.hash, transcript))
    proof = handshake(CERTIFICATE_VERIFY, scheme.to_bytes(2, "big") + vector(2, signature))
    hashed = transcript + (b"" if on("finished-without-verify") else proof)
    return certificate + proof + handshake(FINISHED, hmac.new(finished_key, H(c.hash, hashed), c.hash).digest())


def make_empty(c: Connection, sender: str, request: bytes, context: bytes) -> bytes:
    handshake_context, finished_key = c.keys(sender, context)
    certificate = b"" if on("empty-without-certificate") else certificate_message(context, [])
    return handshake(FINISHED, hmac.new(finished_key, H(c.hash, handshake_context + request + certificate), c.hash).digest())


def binder(c: Connection, label: str, alone: bool, length: int, spki: bytes, context: bytes) -> bytes:
    exported = c.export(label, context, length)
    if alone or on("key-not-in-binder"):
        return exported
    return H("sha256" if on("binder-sha256") else c.hash, spki + exported)


# ---- checking -----------------------------------------------------------------------------------
class Cursor:
    def __init__(self, data: bytes):
        self.data = data

    def take(self, n: int) -> bytes:
        if n > len(self.data):
            raise Refused("truncated")
        out, self.data = self.data[:n], self.data[n:]
        return out

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def opaque(self, width: int, least: int = 0, most: int | None = None) -> bytes:
        n = self.number(width)
        if n < least or (most is not None and n > most):
            raise Refused("length_out_of_range")
        return self.take(n)

    def end(self) -> None:
        if self.data:
            raise Refused("trailing_data")


def read_messages(data: bytes, most: int) -> list[tuple[int, bytes, bytes]]:
    c, out = Cursor(data), []
    while c.data:
        if len(out) == most:
            raise Refused("trailing_data")
        kind, body = c.number(1), c.opaque(3)
        out.append((kind, body, handshake(kind, body)))
    if not out:
        raise Refused("truncated")
    return out


def read_extensions(block: bytes) -> list[tuple[int, bytes]]:
    c, out = Cursor(block), []
    while c.data:
        out.append((c.number(2), c.opaque(2)))
    return out


def read_request(requester: str, data: bytes) -> dict:
    kind, body, _ = read_messages(data, 1)[0]
    if kind != (CLIENT_CERTIFICATE_REQUEST if requester == "client" else CERTIFICATE_REQUEST):
        raise Refused("unexpected_message")
    c = Cursor(body)
    out = {"context": c.opaque(1), "extensions": read_extensions(c.opaque(2, 2))}
    c.end()
    seen = set()
    for kind, _ in out["extensions"]:
        if kind in seen:
            raise Refused("unknown_value")
        if kind in ELSEWHERE or (kind == SERVER_NAME and requester == "server"):
            raise Refused("misplaced_extension")
        seen.add(kind)
    found = dict(out["extensions"])
    if SIGNATURE_ALGORITHMS not in found:
        raise Refused("missing_extension")
    c = Cursor(found[SIGNATURE_ALGORITHMS])
    listed = Cursor(c.opaque(2, 2, 0xfffe))
    c.end()
    out["schemes"] = []
    while listed.data:
        out["schemes"].append(listed.number(2))
    if SERVER_NAME in found:
        c = Cursor(found[SERVER_NAME])
        names = Cursor(c.opaque(2, 1))
        if names.number(1) != 0:
            raise Refused("unknown_value")
        out["server_name"] = names.opaque(2, 1).decode()
        if names.data:
            raise Refused("unknown_value")
        c.end()
    return out


def check_authenticator(c: Connection, sender: str, request: bytes, data: bytes, offer: dict | None = None) -> dict:
    """The end-entity SPKI and what came with it; {"declined": True}; or Refused. `offer` for a spontaneous one."""
    requester = {"client": "server", "server": "client"}[sender]
    asked = offer or read_request(requester, request)
    messages = read_messages(data, 3)
    kinds = [kind for kind, _, _ in messages]
    if kinds == [FINISHED]:
        if offer:
            raise Refused("unexpected_authenticator")
        if len(messages[0][1]) != len(H(c.hash, b"")):
            raise Refused("length_out_of_range")
        if not hmac.compare_digest(make_empty(c, sender, request, asked["context"]), data) and not on("skip-finished"):
            raise Refused("finished_invalid")
        return {"declined": True}
    if kinds != [CERTIFICATE, CERTIFICATE_VERIFY, FINISHED]:
        raise Refused("unexpected_message")
    cursor = Cursor(messages[0][1])
    context, block, chain = cursor.opaque(1), Cursor(cursor.opaque(3)), []
    while block.data:
        chain.append((block.opaque(3, 1), read_extensions(block.opaque(2))))
    cursor.end()
    if not chain:
        raise Refused("length_out_of_range")
    cursor = Cursor(messages[1][1])
    scheme, signature = cursor.number(2), cursor.opaque(2)
    cursor.end()
    if not offer and context != asked["context"]:
        raise Refused("unknown_context")
    for _, rows in chain:
        types = [kind for kind, _ in rows]
        if not set(types) <= {kind for kind, _ in asked["extensions"]} and not on("any-extension"):
            raise Refused("unsolicited_extension")
        if len(types) != len(set(types)):
            raise Refused("unknown_value")
    if (scheme not in asked["schemes"] or scheme not in NAMES) and not on("any-scheme"):
        raise Refused("unknown_value")
    handshake_context, finished_key = c.keys(sender, context)
    transcript = handshake_context + (b"" if on("request-not-hashed") else request) + messages[0][2]
    hashed = transcript + (b"" if on("finished-without-verify") else messages[1][2])
    if len(messages[2][1]) != len(H(c.hash, b"")):
        raise Refused("length_out_of_range")
    if not hmac.compare_digest(hmac.new(finished_key, H(c.hash, hashed), c.hash).digest(), messages[2][1]) and not on("skip-finished"):
        raise Refused("finished_invalid")
    try:
        certificates = [x509.load_der_x509_certificate(der) for der, _ in chain]
    except ValueError:
        raise Refused("malformed") from None
    key = certificates[0].public_key()
    if not verify(key, scheme, framed(c.hash, transcript), signature) and not on("skip-signature"):
        raise Refused("certificate_verify_invalid")
    return {"context": context, "chain": chain, "scheme": scheme, "spki": key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)}
