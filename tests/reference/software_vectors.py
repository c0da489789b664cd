#!/usr/bin/env python3
"""Makes tests/vectors/software: EATs of the profile tag:seatls,2026:software, each vector with one
fault or none. Run it with Debian's python3 (python3-cryptography, python3-cbor2) from anywhere."""
import datetime
import hashlib
from pathlib import Path

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

OUT = Path(__file__).parent.parent / "vectors" / "software"
AT, NOW = "2026-11-21T10:00:00Z", 1795255200
BINDER = hashlib.sha256(b"a binder").digest()
BINDER48 = hashlib.sha384(b"a binder").digest()
PROFILE = "tag:seatls,2026:software"
ES256, ES384, EDDSA, PS256, HS256 = -7, -35, -8, -37, 5
NONCE, PROFILE_KEY, DBGSTAT, SWNAME, MEASUREMENTS, CNF, EXP, NBF, IAT, UEID = 10, 265, 263, 270, 273, 8, 4, 5, 6, 256
GOOD_DIGEST = hashlib.sha256(b"program").digest()

AK = ec.derive_private_key(0xA1, ec.SECP256R1())
AK2 = ec.derive_private_key(0xA2, ec.SECP256R1())
AK384 = ec.derive_private_key(0xA3, ec.SECP384R1())
ROGUE = ec.derive_private_key(0xA4, ec.SECP256R1())
TIK = ec.derive_private_key(0x71, ec.SECP256R1())
TIK2 = ec.derive_private_key(0x72, ec.SECP256R1())
TIK_ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def pin(key):
    return "sha256:" + hashlib.sha256(spki(key)).hexdigest()


def certificate(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "software attestation key")])
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
            .not_valid_before(datetime.datetime(2026, 1, 1)).not_valid_after(datetime.datetime(2036, 1, 1))
            .sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def cose_key(key):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {1: 1, -1: 6, -2: raw}
    n = key.public_key().public_numbers()
    width = (key.curve.key_size + 7) // 8
    return {1: 2, -1: {32: 1, 48: 2}[width], -2: n.x.to_bytes(width, "big"), -3: n.y.to_bytes(width, "big")}


def thumbprint(key):
    return hashlib.sha256(cbor2.dumps(cose_key(key), canonical=True)).digest()


def raw_signature(key, alg, data):
    if alg == EDDSA:
        return key.sign(data)
    h, width = {ES256: (hashes.SHA256(), 32), ES384: (hashes.SHA384(), 48)}[alg]
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(h)))
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def sign1(payload, key=AK, alg=ES256, headers=None, unprotected=None, shown_alg=None, signature=None, signed=None, tag=18):
    protected = cbor2.dumps({1: alg if shown_alg is None else shown_alg} | (headers or {}))
    tbs = cbor2.dumps(["Signature1", protected, b"", payload if signed is None else signed])
    body = [protected, unprotected or {}, payload, signature if signature is not None else raw_signature(key, alg, tbs)]
    return cbor2.dumps(cbor2.CBORTag(tag, body) if tag else body)


KEY_ATTRIBUTES = {"local": True, "extractable": False}


def claims(drop=(), **more):
    names = {"nonce": NONCE, "profile": PROFILE_KEY, "dbgstat": DBGSTAT, "swname": SWNAME, "measurements": MEASUREMENTS,
             "cnf": CNF, "exp": EXP, "nbf": NBF, "iat": IAT, "ueid": UEID, "key": "key-attributes"}
    c = {"nonce": BINDER, "profile": PROFILE, "dbgstat": 1, "swname": "echo", "iat": NOW - 5, "cnf": {1: cose_key(TIK)},
         "key": KEY_ATTRIBUTES, "ueid": b"\1" + bytes(16)} | more
    return {names[k]: v for k, v in c.items() if k not in drop}


def token(drop=(), sign=None, **more):
    return sign1(cbor2.dumps(claims(drop, **more)), **(sign or {}))


def component(digest=GOOD_DIGEST):
    return [295, cbor2.dumps({1: ["program"], 2: ["sha-256", digest]})]


def policy(ak='["ak.pem", "ak384.pem"]', more=(), danger=("software_evidence = true",), tail=()):
    return ['id = "vector"', 'schemes = ["software"]', "[software]", f"ak = {ak}", 'swname = ["echo", "proxy"]', *more,
            "[danger]", *danger, *tail]


count = 0


def vector(name, about, evidence, expect="ok", path=None, tik=TIK, binder=BINDER, rules=None, notes=(), dangers=(), key=None):
    global count
    count += 1
    lines = [f"# {about}", f"expect: {expect}"] + ([f"path: {path}"] if path else [])
    lines += [f"key: {key}"] if key else []
    lines += [f"note: {n}" for n in notes] + [f"danger: {d}" for d in ["software evidence: development only", *dangers]]
    lines += [f"at: {AT}", f"binder: {binder.hex()}", f"tik: {spki(tik).hex()}"]
    lines += [f"policy> {line}" for line in (rules or policy())] + [f"evidence: {evidence.hex()}"]
    (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n")


def good():
    vector("ok-es256", "Signed with a configured P-256 key.", token())
    vector("ok-es384", "Signed with a configured P-384 key.", token(sign={"key": AK384, "alg": ES384}))
    vector("ok-tik", "Signed by the attested key itself.", token(sign={"key": TIK}), rules=policy('["tik"]'))
    vector("ok-tik-ed25519-attested", "An Ed25519 TIK, attested by another key.", token(cnf={1: cose_key(TIK_ED)}), tik=TIK_ED)
    x5chain = {4: hashlib.sha256(spki(AK2)).digest(), 33: certificate(AK2)}
    vector("ok-pin", "The key in x5chain, pinned by its hash.", token(sign={"key": AK2, "headers": x5chain}), rules=policy(f'["{pin(AK2)}"]'))
    vector("ok-pin-tik", "The attested key signs for itself, and is pinned.", token(sign={"key": TIK}), rules=policy(f'["{pin(TIK)}"]'))
    vector("ok-key-proven", "The policy demands a proven key, and the attester claims one.", token(), rules=policy(more=['key = "proven"']))
    vector("ok-key-silent", "Nothing is said about the key, and nothing demanded: this is software.", token(drop=["key"]), key="none")
    vector("ok-tik-thumbprint", "cnf holds a thumbprint (RFC 9679).", token(cnf={5: thumbprint(TIK)}, sign={"key": TIK}), rules=policy('["tik"]'))
    vector("ok-untagged", "COSE_Sign1 without its tag.", token(sign={"tag": None}))
    vector("ok-cwt-tag", "COSE_Sign1 below the CWT tag.", cbor2.dumps(cbor2.CBORTag(61, cbor2.loads(token()))))
    vector("ok-binder-48", "The binder of a SHA-384 suite.", token(nonce=BINDER48), binder=BINDER48)
    vector("ok-measurements", "A measured component with an accepted digest.", token(measurements=[component()]),
           rules=policy(more=[f'measurements = ["{GOOD_DIGEST.hex()}"]']))
    vector("ok-any-name", "Any software name, written out.", token(swname="whatever"),
           rules=["swname = \"expect.any\"" if line.startswith("swname") else line for line in policy()],
           dangers=["expect.any: software.swname"])
    vector("ok-debug-allowed", "Debug mode where the policy allows it, and the result says so.", token(dbgstat=0),
           rules=policy(danger=["software_evidence = true", "allow_debug = true"]), notes=["debug_enabled"], dangers=["allow_debug"])
    vector("ok-unproven-allowed", "A key of unknown origin where the policy allows it, and the result says so.", token(drop=["key"]),
           rules=policy(more=['key = "proven"'], danger=["software_evidence = true", "allow_unproven_tik = true"]), notes=["key_unproven"], dangers=["allow_unproven_tik"])
    vector("ok-machine", "The pinned instance.", token(), rules=policy(tail=["[machine]", f'id = ["ueid:01{"00" * 16}"]']))


def malformed():
    bad = lambda name, about, e, expect="evidence_malformed", path=None: vector(f"malformed-{name}", about, e, expect, path)
    bad("not-cose", "Text.", b"evidence")
    bad("trailing", "A byte follows the token.", token() + b"\0")
    payload = cbor2.dumps(claims())
    twice = bytes([payload[0] + 1]) + cbor2.dumps(NONCE) + cbor2.dumps(BINDER) + payload[1:]
    bad("nonce-twice", "The claim eat_nonce stands there twice (attack F10).", sign1(twice))
    bad("nonce-short", "A nonce of 7 bytes.", token(nonce=bytes(7)))
    bad("nonce-text", "A nonce that is a text.", token(nonce="a" * 32))
    bad("alg-unprotected", "The algorithm stands in the unprotected header (attack F12).",
        cbor2.dumps(cbor2.CBORTag(18, [b"", {1: ES256}, payload, bytes(64)])))
    bad("alg-none", "No algorithm (attack F12).", cbor2.dumps(cbor2.CBORTag(18, [b"", {}, payload, b""])))
    bad("payload-detached", "The payload is detached.", cbor2.dumps(cbor2.CBORTag(18, [cbor2.dumps({1: ES256}), {}, None, bytes(64)])))
    bad("crit", "A critical header that is not understood (attack F10).", token(sign={"headers": {2: [-70001], -70001: 1}}), "unknown_critical")
    bad("x5chain", "x5chain holds no certificate.", token(sign={"headers": {33: b"no"}}), path="eat > x5chain")
    bad("profile", "Another profile of EAT (attack D07).", token(profile="tag:example.com,2026:other"), "credential_type_mismatch", "eat > eat_profile")
    bad("profile-missing", "No profile.", token(drop=["profile"]), "credential_type_mismatch", "eat > eat_profile")


def signatures():
    good_payload = cbor2.dumps(claims())
    bad = lambda name, about, e, expect="signature_invalid", **kw: vector(f"signature-{name}", about, e, expect, "eat > signature", **kw)
    bad("changed", "A byte of the claims was changed.", sign1(cbor2.dumps(claims(swname="root")), signed=good_payload))
    bad("other-key", "Signed by a key that nothing names.", token(sign={"key": AK2}))
    bad("tik-not-named", "Signed by the attested key itself, which the policy does not name.", token(sign={"key": TIK}), "untrusted_attestation_key")
    bad("ed25519", "EdDSA is not among the algorithms of evidence.", token(cnf={1: cose_key(TIK_ED)}, sign={"key": TIK_ED, "alg": EDDSA}),
        "algorithm_not_allowed", tik=TIK_ED, rules=policy('["tik"]'))
    bad("x5chain-not-pinned", "The key in x5chain signed, and is not pinned (attack F12).",
        token(sign={"key": AK2, "headers": {33: certificate(AK2)}}), "untrusted_attestation_key")
    bad("x5chain-pinned-other", "The pinned key stands in x5chain, another key signed.",
        token(sign={"key": ROGUE, "headers": {33: certificate(AK2)}}), rules=policy(f'["{pin(AK2)}"]'))
    bad("tik-other", "cnf holds another key than the one that signed.", token(sign={"key": TIK2}), rules=policy('["tik"]'))
    bad("hmac", "An HMAC keyed with the public key (attack F12).", token(sign={"shown_alg": HS256, "signature": bytes(32)}), "algorithm_not_allowed")
    bad("ps256", "PS256 is claimed for a P-256 key (attack F12).", token(sign={"shown_alg": PS256}), "algorithm_not_allowed")
    bad("es384-p256", "ES384 is claimed for a P-256 key (attack F12).", token(sign={"shown_alg": ES384}), "signature_invalid")
    bad("empty", "An empty signature.", token(sign={"signature": b""}))
    raw = cbor2.loads(token()).value[3]
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    bad("der", "The signature is encoded as DER.", sign1(good_payload, signature=der))
    bad("zero", "r and s are zero.", token(sign={"signature": bytes(64)}))
    bad("kid", "A kid that names a configured key does not lend its trust (attack F12).", token(sign={"key": AK2, "unprotected": {4: b"ak"}}))
    vector("expired", "exp has passed.", token(exp=NOW - 61), "result_expired", "eat > exp")
    vector("not-yet", "nbf lies in the future.", token(nbf=NOW + 61), "result_not_yet_valid", "eat > nbf")
    vector("issued-later", "iat lies in the future.", token(iat=NOW + 61), "result_not_yet_valid", "eat > iat")


def binders():
    bad = lambda name, about, e, expect="binder_mismatch", **kw: vector(f"binder-{name}", about, e, expect, "eat", **kw)
    bad("other", "Evidence of another connection (attacks A01, A02, A04).", token(nonce=hashlib.sha256(b"another").digest()))
    bad("cut", "The binder without its last byte (attack F09).", token(nonce=BINDER[:-1]))
    bad("padded", "The binder and zeros up to 64 bytes (attack F09).", token(nonce=BINDER + bytes(32)))
    bad("missing", "No nonce (attack F10).", token(drop=["nonce"]), "nonce_ambiguous")
    bad("two", "Two nonces, the first being right (attack F10).", token(nonce=[BINDER, bytes(32)]), "nonce_ambiguous")
    bad("two-same", "The right nonce twice (attack F10).", token(nonce=[BINDER, BINDER]), "nonce_ambiguous")


def keys():
    bad = lambda name, about, e, expect="tik_mismatch", path="eat > cnf", **kw: vector(f"key-{name}", about, e, expect, path, **kw)
    bad("other", "cnf names another key (attack A05).", token(cnf={1: cose_key(TIK2)}))
    bad("other-thumbprint", "cnf holds another key's thumbprint.", token(cnf={5: thumbprint(TIK2)}))
    bad("missing", "No cnf.", token(drop=["cnf"]))
    at, proven = "eat > key-attributes", policy(more=['key = "proven"'])
    bad("unproven", "The evidence says nothing about the key (attack F08).", token(drop=["key"]), "key_unproven", at, rules=proven)
    bad("imported", "The key was made elsewhere (attack F08).", token(key={"local": False, "extractable": False}), "key_unproven", at, rules=proven)
    bad("extractable", "The key can leave (attack F08).", token(key={"local": True, "extractable": True}), "key_unproven", at, rules=proven)
    bad("contradiction", "Extractable and never-extractable at once.", token(key={"local": True, "extractable": True, "never-extractable": True}), "key_unproven", at, rules=proven)


def policies():
    vector("name-other", "Another software (attack F04).", token(swname="worm"), "reference_mismatch", "eat > swname")
    vector("name-missing", "No software name.", token(drop=["swname"]), "reference_mismatch", "eat > swname")
    rules = policy(more=[f'measurements = ["{GOOD_DIGEST.hex()}"]'])
    vector("measurement-other", "Another measurement (attack F04).", token(measurements=[component(bytes(32))]), "reference_mismatch", "eat > measurements[0]", rules=rules)
    vector("measurement-second", "The second measurement is another one.", token(measurements=[component(), component(bytes(32))]), "reference_mismatch",
           "eat > measurements[1]", rules=rules)
    vector("measurement-missing", "The policy lists digests, the evidence measures nothing.", token(), "reference_mismatch", "eat > measurements", rules=rules)
    vector("measurement-format", "A measurement in a format that is not understood.", token(measurements=[[258, b"x"]]), "reference_mismatch", "eat > measurements[0]", rules=rules)
    vector("measurement-unset", "The evidence measures, and the policy says nothing about it.", token(measurements=[component()]), "policy_unset", "eat > measurements")
    vector("debug", "The attester runs in debug mode (attack F01).", token(dbgstat=0), "debug_enabled", "eat > dbgstat")
    vector("debug-missing", "The attester does not say (attack F01).", token(drop=["dbgstat"]), "debug_enabled", "eat > dbgstat")
    vector("machine-other", "Another instance than the pinned one.", token(), "instance_mismatch", rules=policy(tail=["[machine]", 'id = ["ueid:01ff"]']))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.txt"):
        old.unlink()
    (OUT / "ak.pem").write_bytes(pem(AK))
    (OUT / "ak384.pem").write_bytes(pem(AK384))
    for make in (good, malformed, signatures, binders, keys, policies):
        make()
    print(f"{count} vectors in {OUT}")
