#!/usr/bin/env python3
"""Makes tests/vectors/tpm: tpm2 evidence (docs/protocol, Decision 16), each vector with one fault or
none. Run it with Debian's python3 (python3-cryptography, python3-cbor2) from anywhere."""
import datetime
import hashlib
import sys
from pathlib import Path

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ObjectIdentifier

sys.path.insert(0, str(Path(__file__).parent))
from soft_tpm import *  # noqa: E402,F403

OUT = Path(__file__).parent.parent / "vectors" / "tpm"
AT = "2026-11-21T10:00:00Z"
BINDER = hashlib.sha256(b"a binder").digest()
BINDER48 = hashlib.sha384(b"a binder").digest()
OTHER = hashlib.sha256(b"another binder").digest()
AIK_USAGE, EK_USAGE, SERVER_USAGE = "2.23.133.8.3", "2.23.133.8.1", "1.3.6.1.5.5.7.3.1"

ECDSA = ("ecdsa", "sha256")
AK = ecc(0xA1, AK_ATTRIBUTES, ECDSA)
AK2 = ecc(0xA2, AK_ATTRIBUTES, ECDSA)
AK384 = ecc(0xA3, AK_ATTRIBUTES, ("ecdsa", "sha384"), "p384")
TIK = ecc(0x71, TIK_ATTRIBUTES)
TIK2 = ecc(0x72, TIK_ATTRIBUTES)
TIK384 = ecc(0x73, TIK_ATTRIBUTES, curve="p384")
RSA = rsa.generate_private_key(65537, 2048)
RSA_SMALL = rsa.generate_private_key(65537, 1024)
AK_RSA = Key(RSA, AK_ATTRIBUTES, ("rsassa", "sha256"))

PCRS = {(bank, i): digest(bank, b"pcr %d" % i) for bank in HASHES for i in range(24)}
BANKS = [("sha256", [0, 1, 7])]


# ---- certificates -------------------------------------------------------------------------------
def certificate(subject, key, issuer=None, usage=None, ca=False, begin="2026-01-01", end="2036-01-01", san=False,
                critical_usage=False):
    issuer_name, issuer_key = issuer or (subject, key)
    name = lambda cn: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, cn)] if cn else [])
    b = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer_name)).public_key(key.public_key())
         .serial_number(x509.random_serial_number()).not_valid_before(datetime.datetime.fromisoformat(begin))
         .not_valid_after(datetime.datetime.fromisoformat(end))
         .add_extension(x509.BasicConstraints(ca, None), critical=True)
         .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), critical=True))
    if usage:
        b = b.add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(usage)]), critical=critical_usage)
    if san:  # TCG EK Credential Profile: maker, model and version of the TPM, as a directory name, critical
        rdn = [x509.NameAttribute(ObjectIdentifier(f"2.23.133.2.{i}"), v)
               for i, v in ((1, "id:53454154"), (2, "soft"), (3, "id:00000001"))]
        b = b.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(x509.Name(rdn))]), critical=True)
    return b.sign(issuer_key, hashes.SHA256())


def der(c): return c.public_bytes(serialization.Encoding.DER)
def pem(c): return c.public_bytes(serialization.Encoding.PEM)


CA_KEY = ec.derive_private_key(0xCA, ec.SECP256R1())
MID_KEY = ec.derive_private_key(0xCB, ec.SECP256R1())
ROGUE_KEY = ec.derive_private_key(0xCC, ec.SECP256R1())
CA = certificate("AK CA", CA_KEY, ca=True)
MID = certificate("AK CA 2", MID_KEY, ("AK CA", CA_KEY), ca=True)
ROGUE = certificate("AK CA", ROGUE_KEY, ca=True)
EK_KEY = ec.derive_private_key(0xE1, ec.SECP256R1())
AK_CERT = certificate("ak", AK.private, ("AK CA", CA_KEY), AIK_USAGE)


def crl(revoked):
    b = (x509.CertificateRevocationListBuilder().issuer_name(CA.subject)
         .last_update(datetime.datetime(2026, 11, 1)).next_update(datetime.datetime(2027, 11, 1)))
    for c in revoked:
        b = b.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(c.serial_number)
                                      .revocation_date(datetime.datetime(2026, 11, 2)).build())
    return b.sign(CA_KEY, hashes.SHA256())


# ---- evidence -----------------------------------------------------------------------------------
def attests(ak=AK, tik=TIK, binder=BINDER, banks=BANKS, values=PCRS, hash_name=None, quote=None, certify=None):
    q = Attest("quote", ak.qualified_name(), binder, quote_body(banks, values, hash_name or (ak.scheme or ECDSA)[1]))
    c = Attest("certify", ak.qualified_name(), binder, certify_body(tik.name(), tik.qualified_name()), clock=q.clock + 3)
    return replace(q, **(quote or {})), replace(c, **(certify or {}))


def evidence(ak=AK, tik=TIK, banks=BANKS, values=PCRS, quote_bytes=None, certify_bytes=None, signer=None, scheme=None,
             strip_zeros=False, more=None, drop=(), **kw):
    """The map of Decision 16, still as a Python dict."""
    q, c = attests(ak, tik, banks=banks, values=values, **kw)
    q, c = quote_bytes or q.encode(), certify_bytes or c.encode()
    e = {1: q, 2: ak.sign(q, scheme, strip_zeros),
         3: [[HASHES[bank], i, values[(bank, i)]] for bank, pcrs in banks for i in sorted(pcrs)],
         4: c, 5: (signer or ak).sign(c, scheme, strip_zeros), 6: tik.public(), 7: ak.public()}
    e.update(more or {})
    for key in drop:
        del e[key]
    return e


def policy(ak=None, pcrs=None, head="", tail="", pins=True):
    lines = ['id = "vector"', 'schemes = ["tpm2"]', *([head] if head else []), "[tpm2]"]
    if pins:
        lines.append(f'ak = ["{(ak or AK).pin()}"]')
    lines += [tail] if tail and not tail.startswith("[") else []
    lines.append("[tpm2.pcrs.sha256]")
    lines += pcrs if pcrs is not None else [f'{i} = ["{PCRS[("sha256", i)].hex()}"]' for i in (0, 1, 7)]
    lines += tail.split("\n") if tail.startswith("[") else []
    return "\n".join(lines).split("\n")


count = 0


def vector(name, about, e, expect="ok", path=None, tik=TIK, binder=BINDER, rules=None, dangers=(), notes=()):
    """`expect` is the code of the first fatal reason, or ok. `e` is the map, or the encoded bytes."""
    global count
    count += 1
    raw = e if isinstance(e, bytes) else cbor2.dumps(e)
    lines = [f"# {about}", f"expect: {expect}"]
    lines += [f"path: {path}"] if path else []
    lines += [f"danger: {d}" for d in dangers]
    lines += [f"note: {n}" for n in notes]
    lines += [f"at: {AT}", f"binder: {binder.hex()}", f"tik: {(tik.spki() if isinstance(tik, Key) else tik).hex()}"]
    lines += [f"policy> {line}" for line in (rules or policy())]
    lines += [f"evidence: {raw.hex()}"]
    (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n")


def flip(data, at, bit=1):
    at %= len(data)
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]


def good():
    vector("ok-p256", "An ECDSA P-256 attestation key and a P-256 TIK.", evidence())
    vector("ok-p384", "An ECDSA P-384 attestation key: its hash is independent of the binder's.", evidence(ak=AK384),
           rules=policy(AK384))
    vector("ok-rsassa", "An RSASSA attestation key.", evidence(ak=AK_RSA), rules=policy(AK_RSA))
    pss = Key(RSA, AK_ATTRIBUTES, ("rsapss", "sha256"))
    vector("ok-rsapss", "An RSAPSS attestation key, salted with as many bytes as fit.", evidence(ak=pss), rules=policy(pss))
    vector("ok-binder-48", "The binder of a SHA-384 suite.", evidence(binder=BINDER48), binder=BINDER48)
    vector("ok-tik-p384", "A P-384 TIK.", evidence(tik=TIK384), tik=TIK384)
    tik_rsa = Key(RSA, TIK_ATTRIBUTES)
    vector("ok-tik-rsa", "An RSA TIK.", evidence(tik=tik_rsa), tik=tik_rsa)
    vector("ok-name-pin", "The attestation key pinned by its Name.", evidence(),
           rules=[line.replace(AK.pin(), "name:" + AK.name().hex()) for line in policy()])
    e = evidence(strip_zeros=True)
    while len(e[2]) == 4 + 2 + 32 + 2 + 32:  # until r or s has a leading zero byte
        e = evidence(strip_zeros=True)
    vector("ok-short-signature", "ECDSA numbers without their leading zero bytes.", e)
    vector("ok-more-quoted", "The quote covers PCRs that the policy does not judge.",
           evidence(banks=[("sha256", [0, 1, 2, 3, 7]), ("sha384", [0])]))
    vector("ok-indefinite", "The map written with indefinite length and its keys in another order.",
           b"\xbf" + b"".join(cbor2.dumps(k) + cbor2.dumps(v) for k, v in reversed(evidence().items())) + b"\xff")
    ca = policy(pins=False, tail='ak_ca = "ca.pem"')
    vector("ok-certificate", "The attestation key certified by a configured CA.", evidence(more={8: [der(AK_CERT)]}), rules=ca)
    leaf = certificate("ak", AK.private, ("AK CA 2", MID_KEY), AIK_USAGE)
    vector("ok-certificate-intermediate", "The same below an intermediate CA.", evidence(more={8: [der(leaf), der(MID)]}), rules=ca)
    ek = certificate("", EK_KEY, ("AK CA", CA_KEY), EK_USAGE, san=True)
    vector("ok-ek-certificate", "An EK certificate whose subjectAltName is critical, below a configured CA.",
           evidence(more={9: [der(ek)]}), rules=policy(tail='ek_ca = "ca.pem"'))
    vector("ok-expect-any", "A PCR whose value the policy accepts whatever it is.", evidence(),
           rules=policy(pcrs=['0 = "expect.any"']), dangers=["expect.any: tpm2.pcrs.sha256.0"])
    vector("ok-firmware", "The firmware that the policy demands at least.", evidence(),
           rules=policy(tail='firmware_at_least = "0x2019102300163636"'))
    vector("ok-machine", "The pinned instance.", evidence(), rules=policy(tail=f'[machine]\nid = ["ak:{AK.pin()}"]'))
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + TIK.private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    vector("ok-compressed-spki", "The certificate encodes the TIK's point compressed: the same key (attack B06).",
           evidence(), tik=compressed)


def logs():
    log = EventLog(["sha1", "sha256", "sha384"], [(0, 8, b"version"), (0, 1, b"blob"), (7, 0x80000001, b"SecureBoot"),
                                                 (0, 4, bytes(4)), (1, 4, bytes(4)), (7, 4, bytes(4))])
    def values(l, bank="sha256"):
        return PCRS | {(bank, i): l.replay(bank, i) for i in (0, 1, 7)}
    def rules(l, **kw):
        return policy(pcrs=[f'{i} = ["{l.replay("sha256", i).hex()}"]' for i in (0, 1, 7)], **kw)
    vector("ok-event-log", "An event log that replays to the quoted PCRs.", evidence(values=values(log), more={10: log.encode()}),
           rules=rules(log, tail='event_log = "required"'))
    padded = log.encode() + b"\xff" * 64
    vector("ok-event-log-padded", "The log's area is filled up with 0xFF.", evidence(values=values(log), more={10: padded}), rules=rules(log))
    three = EventLog(log.banks, log.events, startup_locality=3)
    vector("ok-event-log-locality", "The TPM was started from locality 3.",
           evidence(values=values(three), more={10: three.encode()}), rules=rules(three))
    drtm = EventLog(["sha256"], [(17, 0x500, b"drtm")])
    drtm_values = PCRS | {("sha256", 17): drtm.replay("sha256", 17)}
    vector("ok-event-log-pcr17", "PCR 17 starts with ones.", evidence(banks=[("sha256", [0, 17])], values=drtm_values, more={10: drtm.encode()}),
           rules=policy(pcrs=[f'17 = ["{drtm.replay("sha256", 17).hex()}"]']))
    for bank in ("sha1", "sha384"):
        mixed = values(log) | {(bank, i): log.replay(bank, i) for i in (0, 7)}
        vector(f"ok-event-log-{bank}", f"The log also replays to the {bank} bank.",
               evidence(banks=[("sha256", [0, 1, 7]), (bank, [0, 7])], values=mixed, more={10: log.encode()}), rules=rules(log))
        mixed[(bank, 7)] = digest(bank, b"otherwise")
        vector(f"log-{bank}-differs", f"One {bank} PCR is not what the log replays to.",
               evidence(banks=[("sha256", [0, 1, 7]), (bank, [0, 7])], values=mixed, more={10: log.encode()}),
               "evidence_inconsistent", "tpm2 > event log", rules=rules(log))
    changed = EventLog(log.banks, [(0, 8, b"version!"), *log.events[1:]])
    vector("log-differs", "An event was changed.", evidence(values=values(log), more={10: changed.encode()}),
           "evidence_inconsistent", "tpm2 > event log", rules=rules(log))
    vector("log-event-dropped", "An event was left out.", evidence(values=values(log), more={10: EventLog(log.banks, log.events[1:]).encode()}),
           "evidence_inconsistent", "tpm2 > event log", rules=rules(log))
    vector("log-missing", "The policy requires an event log.", evidence(), "reference_mismatch", "tpm2 > event log",
           rules=policy(tail='event_log = "required"'))
    raw = log.encode()
    for name, about, bad in [("cut", "The log ends within an event.", raw[:-1]),
                             ("legacy", "The log does not start with a Spec ID event.", raw[raw.index(b"Spec ID") + 50:]),
                             ("spec-id", "The first event has another signature.", raw.replace(b"Event03", b"Event02")),
                             ("padding", "Other bytes than 0xFF follow the end.", raw + b"\xff" * 8 + b"\0"),
                             ("empty", "The log is empty.", b"")]:
        vector(f"log-{name}", about, evidence(values=values(log), more={10: bad}), "evidence_malformed", rules=rules(log))


def malformed():
    q, c = attests()
    bad = lambda name, about, e, path=None: vector(f"malformed-{name}", about, e, "evidence_malformed", path)
    bad("magic", "The quote lacks TPM_GENERATED (attack F12: a digest signed for something else).",
        evidence(quote={"magic": 0xFF544348}), "tpm2 > quote > magic")
    bad("certify-magic", "The certification lacks TPM_GENERATED.", evidence(certify={"magic": 0}), "tpm2 > certify > magic")
    bad("type", "The quote is of type creation.", evidence(quote={"kind": "creation"}), "tpm2 > quote > type")
    bad("types-swapped", "Quote and certification stand in each other's place.",
        evidence(quote_bytes=c.encode(), certify_bytes=q.encode()), "tpm2 > quote > type")
    bad("attest-trailing", "A byte follows the quote.", evidence(quote_bytes=q.encode() + b"\0"), "tpm2 > quote")
    bad("attest-cut", "The quote's last byte is missing.", evidence(quote_bytes=q.encode()[:-1]), "tpm2 > quote > pcrDigest")
    bad("safe", "TPMI_YES_NO with the value 2.", evidence(quote={"safe": 2}), "tpm2 > quote > clockInfo.safe")
    bad("bank-twice", "The quote selects one bank twice.", evidence(
        quote={"body": quote_body([("sha256", [0]), ("sha256", [1])], PCRS, "sha256")}), "tpm2 > quote > pcrSelect.hash")
    bad("extra-data-long", "extraData longer than a TPM2B_DATA.", evidence(binder=bytes(67)), "tpm2 > quote > extraData")
    bad("not-a-map", "An array.", cbor2.dumps([1, 2]), "tpm2")
    bad("not-cbor", "Text.", b"evidence")
    bad("trailing", "A byte follows the map.", cbor2.dumps(evidence()) + b"\0")
    bad("duplicate-key", "Key 1 stands there twice (attack F10).",
        b"\xa8" + cbor2.dumps(1) + cbor2.dumps(q.encode()) + cbor2.dumps(evidence())[1:])
    bad("unknown-key", "Key 11 is not of the map.", evidence(more={11: b""}), "tpm2")
    bad("text-key", "A key that is a text.", evidence(more={"quote": b""}), "tpm2")
    for key in range(1, 8):
        bad(f"without-{key}", f"Key {key} is missing.", evidence(drop=[key]))
    bad("quote-text", "The quote is a text string.", evidence(more={1: "quote"}), "tpm2 > quote")
    e = evidence()
    e[3].append(e[3][0])
    bad("pcr-twice", "A PCR value is given twice.", e, "tpm2 > pcrs[3]")
    e = evidence()
    e[3][1][2] = e[3][1][2][:-1]
    bad("pcr-short", "A PCR value is too short for its bank.", e, "tpm2 > pcrs[1] > value")
    e = evidence()
    e[3][1][0] = 0x0012
    bad("pcr-bank", "A PCR bank with a hash that is not supported.", e, "tpm2 > pcrs[1] > hashAlg")
    e = evidence()
    e[3][1][1] = 32
    bad("pcr-index", "PCR 32.", e, "tpm2 > pcrs[1] > pcr")
    bad("curve", "An unknown curve.", evidence(tik=replace(TIK, curve_id=0x0010)), "tpm2 > tik > parameters.curveID")
    bad("point", "A point that is not on its curve.", evidence(more={6: flip(TIK.public(), -1)}), "tpm2 > tik")
    bad("rsa-1024", "An RSA key of 1024 bits.", evidence(tik=Key(RSA_SMALL, TIK_ATTRIBUTES)), "tpm2 > tik > parameters.keyBits")
    bad("rsa-bits", "keyBits and modulus differ.", evidence(tik=Key(RSA, TIK_ATTRIBUTES, key_bits=3072)), "tpm2 > tik > parameters.keyBits")
    bad("rsa-exponent", "The exponent 3.", evidence(tik=Key(RSA, TIK_ATTRIBUTES, exponent=3)), "tpm2 > tik > parameters.exponent")
    bad("attributes", "Reserved attribute bits.", evidence(tik=replace(TIK, attributes=TIK_ATTRIBUTES | 1 << 31)), "tpm2 > tik > objectAttributes")
    bad("name-alg", "A Name that hangs on SHA-1.", evidence(tik=replace(TIK, name_alg="sha1")), "tpm2 > tik > nameAlg")
    bad("public-trailing", "A byte follows the public area.", evidence(more={7: AK.public() + b"\0"}), "tpm2 > ak")
    bad("public-keyedhash", "An HMAC key as attestation key (attack F12).", evidence(more={7: b"\0\x08" + AK.public()[2:]}), "tpm2 > ak > type")
    bad("signature-hmac", "A signature of type HMAC (attack F12).", evidence(more={2: u16(0x0005) + u16(0x000B) + bytes(32)}), "tpm2 > quote signature > sigAlg")
    bad("signature-trailing", "A byte follows the signature.", evidence(more={2: AK.sign(q.encode()) + b"\0"}), "tpm2 > quote signature")
    bad("chain-empty", "An empty certificate chain.", evidence(more={8: []}), "tpm2 > ak chain")
    bad("chain-long", "A chain of nine certificates.", evidence(more={8: [der(CA)] * 9}), "tpm2 > ak chain")
    bad("chain-der", "A certificate that is none.", evidence(more={8: [b"\x30\0"]}), "tpm2 > ak chain[0]")


def signatures():
    q, c = attests()
    at = q.encode().index(BINDER)
    vector("quote-changed", "One bit of the quote's extraData was flipped: the signature fails before any policy.",
           evidence(more={1: flip(q.encode(), at)}), "signature_invalid", "tpm2 > quote signature")
    vector("certify-changed", "One bit of the certified Name was flipped.",
           evidence(more={4: flip(c.encode(), -1)}), "signature_invalid", "tpm2 > certify signature")
    e = evidence()
    vector("signature-changed", "One bit of the signature was flipped.", evidence() | {1: e[1], 2: flip(e[2], -1)},
           "signature_invalid", "tpm2 > quote signature")
    vector("signature-zero", "r and s are zero.", evidence(more={2: e[2][:4] + tpm2b(bytes(32)) + tpm2b(bytes(32))}), "signature_invalid")
    vector("signature-long", "r is longer than the curve's order.",
           evidence(more={2: e[2][:4] + tpm2b(b"\1" + bytes(32)) + tpm2b(bytes(32))}), "signature_invalid")
    vector("certify-by-another", "The certification is signed by another attestation key.", evidence(signer=AK2), "signature_invalid",
           "tpm2 > certify signature")
    vector("algorithm-sha1", "RSASSA with SHA-1.", evidence(ak=Key(RSA, AK_ATTRIBUTES, ("rsassa", "sha1"))), "algorithm_not_allowed",
           rules=policy(AK_RSA))
    vector("algorithm-other-scheme", "The key is made for RSASSA, and the signature is RSAPSS (attack F12).",
           evidence(ak=AK_RSA, scheme=("rsapss", "sha256")), "algorithm_not_allowed", rules=policy(AK_RSA))
    vector("algorithm-other-key", "An ECDSA signature with an RSA key (attack F12).", evidence(ak=AK_RSA, more={2: evidence()[2]}),
           "algorithm_not_allowed", rules=policy(AK_RSA))
    vector("algorithm-curve-hash", "P-256 with SHA-512.", evidence(ak=ecc(0xA1, AK_ATTRIBUTES, ("ecdsa", "sha512"))), "algorithm_not_allowed")
    for name in ("reset_count", "restart_count", "firmware"):
        vector(f"{name.replace('_', '-')}-differs", f"The certification has another {name} than the quote.",
               evidence(certify={name: 99}), "evidence_inconsistent", "tpm2 > certify")
    vector("signer-differs", "The certification names another qualifiedSigner.", evidence(certify={"signer": AK2.qualified_name()}),
           "evidence_inconsistent", "tpm2 > certify")
    e = evidence()
    e[3][2][2] = digest("sha256", b"better")
    vector("pcr-value-changed", "A value that the quote does not cover (attack F04).", e, "evidence_inconsistent", "tpm2 > quote > pcrDigest")
    e = evidence()
    del e[3][2]
    vector("pcr-value-missing", "A quoted PCR has no value.", e, "evidence_inconsistent", "tpm2 > pcrs")
    e = evidence()
    e[3].append([HASHES["sha256"], 2, PCRS[("sha256", 2)]])
    vector("pcr-value-added", "A value that is not quoted.", e, "evidence_inconsistent", "tpm2 > pcrs")
    vector("pcr-digest-hash", "pcrDigest made with another hash than the signature's.", evidence(hash_name="sha384"),
           "evidence_inconsistent", "tpm2 > quote > pcrDigest")


def trust():
    vector("ak-not-pinned", "Another attestation key.", evidence(ak=AK2), "untrusted_attestation_key", "tpm2 > ak")
    other = replace(AK, attributes=AK_ATTRIBUTES | 1 << 10)
    vector("ak-name-not-pinned", "The pinned key with other attributes: its Name differs.", evidence(ak=other), "untrusted_attestation_key",
           rules=[line.replace(AK.pin(), "name:" + AK.name().hex()) for line in policy()])
    for name, bit in (("restricted", RESTRICTED), ("sign", SIGN), ("fixed-tpm", FIXED_TPM), ("fixed-parent", FIXED_PARENT), ("origin", ORIGIN)):
        vector(f"ak-without-{name}", f"An attestation key without {name}: it would sign anything, or its copy would.",
               evidence(ak=replace(AK, attributes=AK_ATTRIBUTES & ~bit)), "untrusted_attestation_key", "tpm2 > ak")
    vector("ak-decrypt", "An attestation key that decrypts too.", evidence(ak=replace(AK, attributes=AK_ATTRIBUTES | DECRYPT)),
           "untrusted_attestation_key", "tpm2 > ak")
    vector("ak-without-scheme", "An attestation key with no fixed scheme.", evidence(ak=replace(AK, scheme=None), scheme=ECDSA),
           "untrusted_attestation_key", "tpm2 > ak")
    ca = policy(pins=False, tail='ak_ca = "ca.pem"')
    bad = lambda name, about, e, expect="untrusted_attestation_key", rules=ca: vector(f"certificate-{name}", about, e, expect, "tpm2 > ak chain", rules=rules)
    issued = lambda **kw: [der(certificate("ak", AK.private, **({"issuer": ("AK CA", CA_KEY), "usage": AIK_USAGE} | kw)))]
    vector("certificate-none", "A CA is configured, and the evidence brings no certificate.", evidence(), "untrusted_attestation_key", rules=ca)
    bad("rogue", "A CA of the same name, with another key.", evidence(more={8: issued(issuer=("AK CA", ROGUE_KEY))}))
    bad("expired", "The certificate has ended.", evidence(more={8: issued(end="2026-11-20")}))
    bad("early", "The certificate is not valid yet.", evidence(more={8: issued(begin="2026-11-22")}))
    bad("tls-usage", "A certificate that the CA issued for a TLS server.", evidence(more={8: issued(usage=SERVER_USAGE)}))
    bad("no-usage", "A certificate without any usage.", evidence(more={8: issued(usage=None)}))
    bad("self-signed", "A self-signed certificate.", evidence(more={8: [der(certificate("ak", AK.private, usage=AIK_USAGE))]}))
    bad("other-key", "A good certificate, of another attestation key (attack A09).", evidence(ak=AK2, more={8: [der(AK_CERT)]}), "evidence_inconsistent")
    revoked = policy(pins=False, tail='ak_ca = "ca.pem"\nak_ca_crl = "revoked.pem"')
    bad("revoked", "The certificate is on the CA's list.", evidence(more={8: [der(AK_CERT)]}), "certificate_revoked", rules=revoked)
    fresh = issued()
    vector("ok-certificate-crl", "A certificate that is not on the CA's list.", evidence(more={8: fresh}), rules=revoked)
    bad("no-crl", "A list is configured, but not that of the intermediate CA.",
        evidence(more={8: [der(certificate("ak", AK.private, ("AK CA 2", MID_KEY), AIK_USAGE)), der(MID)]}), "collateral_missing", rules=revoked)
    ek = policy(tail='ek_ca = "ca.pem"')
    vector("ek-missing", "An EK certificate is demanded.", evidence(), "untrusted_attestation_key", "tpm2 > ek chain", rules=ek)
    for name, about, kw in [("usage", "An EK certificate without the EK usage.", {"usage": AIK_USAGE}),
                            ("rogue", "An EK certificate from an unknown CA.", {"issuer": ("AK CA", ROGUE_KEY)})]:
        c = certificate("", EK_KEY, **({"issuer": ("AK CA", CA_KEY), "usage": EK_USAGE, "san": True} | kw))
        vector(f"ek-{name}", about, evidence(more={9: [der(c)]}), "untrusted_attestation_key", "tpm2 > ek chain", rules=ek)


def binders():
    bad = lambda name, about, e, path="tpm2 > quote > extraData", **kw: vector(f"binder-{name}", about, e, "binder_mismatch", path, **kw)
    bad("other", "Evidence of another connection (attacks A01, A02, A04).", evidence(binder=OTHER))
    bad("other-quote", "Only the quote is of another connection.", evidence(quote={"extra_data": OTHER}))
    bad("other-certify", "Only the certification is of another connection.", evidence(certify={"extra_data": OTHER}), "tpm2 > certify > extraData")
    bad("empty", "extraData is empty.", evidence(binder=b""))
    bad("cut", "The binder without its last byte (attack F09).", evidence(binder=BINDER[:-1]))
    bad("padded", "The binder and a zero byte (attack F09).", evidence(binder=BINDER + b"\0"))
    bad("truncated-48", "A 48-byte binder cut to 32 (attack F09).", evidence(binder=BINDER48[:32]), binder=BINDER48)
    bad("hashed-48", "A 48-byte binder hashed to 32 (attack F09).", evidence(binder=hashlib.sha256(BINDER48).digest()), binder=BINDER48)
    bad("one-bit", "The last bit differs.", evidence(binder=flip(BINDER, -1)))


def keys():
    vector("tik-other-certified", "The TPM certified another key than the one shown (attack A05).",
           evidence(certify={"body": certify_body(TIK2.name(), TIK2.qualified_name())}), "tik_mismatch", "tpm2 > certify > name")
    vector("tik-other-shown", "A TPM key, but not that of the certificate (attack A05).", evidence(tik=TIK2), "tik_mismatch", "tpm2 > tik")
    vector("tik-other-type", "An RSA key is certified, the certificate has an EC key.", evidence(tik=Key(RSA, TIK_ATTRIBUTES)), "tik_mismatch", "tpm2 > tik")
    wrong = [("exportable", "fixedTPM is clear: the key can be duplicated (attack F08).", TIK_ATTRIBUTES & ~FIXED_TPM),
             ("moveable", "fixedParent is clear (attack F08).", TIK_ATTRIBUTES & ~FIXED_PARENT),
             ("imported", "sensitiveDataOrigin is clear: the key was made elsewhere (attack F08).", TIK_ATTRIBUTES & ~ORIGIN),
             ("restricted", "A restricted key cannot sign TLS digests: nobody signs with this one.", TIK_ATTRIBUTES | RESTRICTED),
             ("decrypt", "The key decrypts too.", TIK_ATTRIBUTES | DECRYPT),
             ("sign", "The key does not sign.", TIK_ATTRIBUTES & ~SIGN)]
    for name, about, attributes in wrong:
        tik = ecc(0x71, attributes, ECDSA if attributes & RESTRICTED else None)
        vector(f"key-{name}", about, evidence(tik=tik), "key_unproven", "tpm2 > tik > objectAttributes")
    tik = ecc(0x71, TIK_ATTRIBUTES & ~ORIGIN)
    vector("ok-key-unproven-allowed", "An imported key where the policy allows it, and the result says so.", evidence(tik=tik),
           rules=policy(tail="[danger]\nallow_unproven_tik = true"), dangers=["allow_unproven_tik"], notes=["key_unproven"])


def policies():
    vector("pcr-unknown", "A PCR has another value than the policy accepts (attack F04).", evidence(), "reference_mismatch", "tpm2 > pcrs > sha256 7",
           rules=policy(pcrs=[f'0 = ["{PCRS[("sha256", 0)].hex()}"]', f'7 = ["{PCRS[("sha256", 0)].hex()}"]']))
    vector("pcr-not-quoted", "The quote leaves out a PCR that the policy judges.", evidence(), "reference_mismatch", "tpm2 > pcrs > sha256 4",
           rules=policy(pcrs=[f'0 = ["{PCRS[("sha256", 0)].hex()}"]', '4 = "expect.any"']))
    vector("pcr-other-bank", "The quote covers another bank than the policy judges.", evidence(banks=[("sha1", [0, 1, 7])]), "reference_mismatch",
           "tpm2 > pcrs > sha256 0")
    vector("firmware-old", "The firmware is older than the policy accepts (attack F02).", evidence(), "tcb_rejected", "tpm2 > quote > firmwareVersion",
           rules=policy(tail='firmware_at_least = "0x2019102300163637"'))
    vector("machine-other", "Another instance than the pinned one (attacks A07, B01).", evidence(), "instance_mismatch",
           rules=policy(tail=f'[machine]\nid = ["ak:{AK2.pin()}"]'))
    everything = attests(binder=OTHER, certify={"reset_count": 1})
    tik = ecc(0x72, TIK_ATTRIBUTES & ~ORIGIN)
    vector("everything", "All of it is wrong: the first reason is the most fundamental one, and all are told.",
           evidence(ak=AK2, tik=tik, binder=OTHER, certify={"reset_count": 1}, more={2: AK.sign(everything[0].encode())}), "signature_invalid",
           rules=policy(pcrs=[f'0 = ["{PCRS[("sha256", 1)].hex()}"]']))


def seeds():
    """What the fuzz targets of single structures start from."""
    corpus = Path(__file__).parent.parent.parent / "fuzz" / "corpus"
    log = EventLog(["sha1", "sha256"], [(0, 8, b"version"), (7, 0x80000001, b"SecureBoot"), (0, 4, bytes(4))], startup_locality=3)
    for folder, files in {"tpm_structures": {"quote": evidence()[1], "certify": evidence()[4], "ecdsa": evidence()[2],
                                             "rsassa": evidence(ak=AK_RSA)[2], "ecc": TIK.public(), "rsa": AK_RSA.public()},
                          "event_log": {"small": log.encode(), "padded": log.encode() + b"\xff" * 8}}.items():
        (corpus / folder).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (corpus / folder / name).write_bytes(content)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.txt"):
        old.unlink()
    (OUT / "ca.pem").write_bytes(pem(CA))
    (OUT / "revoked.pem").write_bytes(pem(crl([AK_CERT])))
    for make in (good, logs, malformed, signatures, trust, binders, keys, policies):
        make()
    seeds()
    print(f"{count} vectors in {OUT}")
