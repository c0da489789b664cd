"""A TPM 2.0 made of Python: just enough of Part 1 to 3 of the TPM library specification to make public
areas, quotes and certifications, right ones and wrong ones. Independent of seatls' own reader."""
import hashlib
import struct
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

HASHES = {"sha1": 0x0004, "sha256": 0x000B, "sha384": 0x000C, "sha512": 0x000D}
CURVES = {"p256": (0x0003, ec.SECP256R1(), 32), "p384": (0x0004, ec.SECP384R1(), 48), "p521": (0x0005, ec.SECP521R1(), 66)}
SCHEMES = {"rsassa": 0x0014, "rsapss": 0x0016, "ecdsa": 0x0018}
NULL = 0x0010
RH_ENDORSEMENT = 0x4000000B
MAGIC = 0xFF544347
ATTEST = {"certify": 0x8017, "quote": 0x8018, "creation": 0x801A}

FIXED_TPM, FIXED_PARENT, ORIGIN, USER_AUTH = 1 << 1, 1 << 4, 1 << 5, 1 << 6
RESTRICTED, DECRYPT, SIGN = 1 << 16, 1 << 17, 1 << 18
AK_ATTRIBUTES = FIXED_TPM | FIXED_PARENT | ORIGIN | USER_AUTH | RESTRICTED | SIGN
TIK_ATTRIBUTES = FIXED_TPM | FIXED_PARENT | ORIGIN | USER_AUTH | SIGN


def u8(v): return struct.pack(">B", v)
def u16(v): return struct.pack(">H", v)
def u32(v): return struct.pack(">I", v)
def u64(v): return struct.pack(">Q", v)
def tpm2b(b): return u16(len(b)) + b
def digest(name, data): return hashlib.new(name, data).digest()


def hash_object(name):
    return {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}[name]()


@dataclass
class Key:
    """One asymmetric TPM object."""
    private: object
    attributes: int
    scheme: tuple | None = None  # ("ecdsa", "sha256"), or None for TPM_ALG_NULL
    name_alg: str = "sha256"
    curve_id: int | None = None      # overrides, to make wrong public areas
    exponent: int = 0
    key_bits: int | None = None

    def public(self):
        """TPMT_PUBLIC"""
        p = self.private.public_key()
        is_rsa = isinstance(p, rsa.RSAPublicKey)
        out = u16(0x0001 if is_rsa else 0x0023) + u16(HASHES[self.name_alg]) + u32(self.attributes) + tpm2b(b"")
        storage = self.attributes & RESTRICTED and self.attributes & DECRYPT
        out += u16(0x0006) + u16(128) + u16(0x0043) if storage else u16(NULL)
        out += u16(NULL) if self.scheme is None else u16(SCHEMES[self.scheme[0]]) + u16(HASHES[self.scheme[1]])
        n = p.public_numbers()
        if is_rsa:
            size = p.key_size // 8
            return out + u16(self.key_bits or p.key_size) + u32(self.exponent) + tpm2b(n.n.to_bytes(size, "big"))
        curve_id, _, width = next(c for c in CURVES.values() if c[1].name == p.curve.name)
        return (out + u16(self.curve_id or curve_id) + u16(NULL) + tpm2b(n.x.to_bytes(width, "big")) +
                tpm2b(n.y.to_bytes(width, "big")))

    def name(self):
        return u16(HASHES[self.name_alg]) + digest(self.name_alg, self.public())

    def qualified_name(self):
        """of a primary object below the endorsement hierarchy"""
        return u16(HASHES[self.name_alg]) + digest(self.name_alg, u32(RH_ENDORSEMENT) + self.name())

    def spki(self):
        return self.private.public_key().public_bytes(serialization.Encoding.DER,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo)

    def pin(self):
        return "sha256:" + hashlib.sha256(self.spki()).hexdigest()

    def sign(self, message, scheme=None, strip_zeros=False):
        """TPMT_SIGNATURE"""
        kind, hash_name = scheme or self.scheme
        head = u16(SCHEMES[kind]) + u16(HASHES[hash_name])
        if kind == "ecdsa":
            width = (self.private.curve.key_size + 7) // 8
            r, s = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(hash_object(hash_name))))
            size = (lambda v: (v.bit_length() + 7) // 8) if strip_zeros else (lambda v: width)
            return head + tpm2b(r.to_bytes(size(r), "big")) + tpm2b(s.to_bytes(size(s), "big"))
        h = hash_object(hash_name)
        pad = padding.PKCS1v15() if kind == "rsassa" else padding.PSS(padding.MGF1(h), padding.PSS.MAX_LENGTH)
        return head + tpm2b(self.private.sign(message, pad, h))


def ecc(scalar, attributes, scheme=None, curve="p256", **more):
    return Key(ec.derive_private_key(scalar, CURVES[curve][1]), attributes, scheme, **more)


def selection(banks, size=3):
    """TPML_PCR_SELECTION of [(hash, [pcr…])…]"""
    out = u32(len(banks))
    for bank, pcrs in banks:
        bits = bytearray(size)
        for pcr in pcrs:
            bits[pcr // 8] |= 1 << pcr % 8
        out += u16(HASHES[bank]) + u8(size) + bytes(bits)
    return out


@dataclass
class Attest:
    """TPMS_ATTEST"""
    kind: str
    signer: bytes
    extra_data: bytes
    body: bytes
    clock: int = 1_913_548_331
    reset_count: int = 7
    restart_count: int = 2
    safe: int = 1
    firmware: int = 0x2019102300163636
    magic: int = MAGIC

    def encode(self):
        return (u32(self.magic) + u16(ATTEST[self.kind]) + tpm2b(self.signer) + tpm2b(self.extra_data) + u64(self.clock) +
                u32(self.reset_count) + u32(self.restart_count) + u8(self.safe) + u64(self.firmware) + self.body)


def quote_body(banks, values, hash_name):
    data = b"".join(values[(bank, pcr)] for bank, pcrs in banks for pcr in sorted(pcrs))
    return selection(banks) + tpm2b(digest(hash_name, data))


def certify_body(name, qualified_name):
    return tpm2b(name) + tpm2b(qualified_name)


@dataclass
class EventLog:
    """A crypto-agile TCG event log (little endian) and what it replays to."""
    banks: list
    events: list = field(default_factory=list)  # (pcr, type, data)
    startup_locality: int = 0

    def encode(self):
        sizes = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
        spec = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, len(self.banks))
        spec += b"".join(struct.pack("<HH", HASHES[b], sizes[b]) for b in self.banks) + b"\0"
        out = struct.pack("<II", 0, 3) + bytes(20) + struct.pack("<I", len(spec)) + spec
        rows = list(self.events)
        if self.startup_locality:
            rows.insert(0, (0, 3, b"StartupLocality\0" + bytes([self.startup_locality])))
        for pcr, kind, data in rows:
            out += struct.pack("<III", pcr, kind, len(self.banks))
            out += b"".join(struct.pack("<H", HASHES[b]) + (bytes(sizes[b]) if kind == 3 else digest(b, data))
                            for b in self.banks)
            out += struct.pack("<I", len(data)) + data
        return out

    def replay(self, bank, pcr):
        value = bytearray((b"\xff" if 17 <= pcr <= 22 else b"\0") * hashlib.new(bank).digest_size)
        if pcr == 0:
            value[-1] = self.startup_locality
        for index, kind, data in self.events:
            if index == pcr and kind != 3:
                value = digest(bank, bytes(value) + digest(bank, data))
        return bytes(value)


__all__ = [n for n in dir() if not n.startswith("_")] + ["replace"]
