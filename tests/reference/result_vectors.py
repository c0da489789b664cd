#!/usr/bin/env python3
"""Makes tests/vectors/result: Attestation Results (EAR, as JWT and CWT), each vector with one fault or
none. Run it with Debian's python3 (python3-cryptography, python3-cbor2) from anywhere."""
import base64
import hashlib
import hmac
import json
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

OUT = Path(__file__).parent.parent / "vectors" / "result"
AT, NOW = "2026-11-21T10:00:00Z", 1795255200
PROFILE = "tag:ietf.org,2026:rats/ear#03"
JWT, CWT = "application/eat+jwt", "application/eat+cwt"
AFFIRMING, WARNING, CONTRAINDICATED, NONE = "affirming", "warning", "contraindicated", "none"

ARK = ec.derive_private_key(0xB1, ec.SECP256R1())
ARK384 = ec.derive_private_key(0xB2, ec.SECP384R1())
ARK2 = ec.derive_private_key(0xB3, ec.SECP256R1())
ROGUE = ec.derive_private_key(0xB4, ec.SECP256R1())
TIK = ec.derive_private_key(0x71, ec.SECP256R1())
TIK2 = ec.derive_private_key(0x72, ec.SECP256R1())


def b64(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
def spki(key): return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
def pem(key): return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def point(key):
    n = key.public_key().public_numbers()
    return n.x.to_bytes(32, "big"), n.y.to_bytes(32, "big")


def jwk(key):
    x, y = point(key)
    return {"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)}


def cose_key(key):
    x, y = point(key)
    return {1: 2, -1: 1, -2: x, -3: y}


def jkt(key):  # RFC 7638
    k = jwk(key)
    return b64(hashlib.sha256(json.dumps({n: k[n] for n in sorted(k)}, separators=(",", ":")).encode()).digest())


def ckt(key):  # RFC 9679
    return hashlib.sha256(cbor2.dumps(cose_key(key), canonical=True)).digest()


def ecdsa(key, data):
    h, width = (hashes.SHA256(), 32) if key.curve.key_size == 256 else (hashes.SHA384(), 48)
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(h)))
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def jwt(claims, key=ARK, alg=None, header=None, signature=None):
    head = {"alg": alg or ("ES256" if key.curve.key_size == 256 else "ES384"), "typ": "JWT"} | (header or {})
    tbs = (b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())).encode()
    return tbs + b"." + b64(ecdsa(key, tbs) if signature is None else signature(tbs)).encode()


def cwt(claims, key=ARK):
    protected, payload = cbor2.dumps({1: -7 if key.curve.key_size == 256 else -35}), cbor2.dumps(claims)
    signature = ecdsa(key, cbor2.dumps(["Signature1", protected, b"", payload]))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def submod(status=AFFIRMING, drop=(), **more):
    s = {"ear_status": status, "ear_trustworthiness_vector": {"instance-identity": 2, "executables": 3, "hardware": 2},
         "ear_appraisal_policy_ids": ["lab"], "cnf": {"jkt": jkt(TIK)}} | more
    return {k: v for k, v in s.items() if k not in drop}


def ear(drop=(), submods=None, **more):
    c = {"eat_profile": PROFILE, "iat": NOW - 60, "exp": NOW + 300, "ear_verifier_id": {"developer": "test", "build": "1"},
         "submods": submods or {"tpm2": submod()}} | more
    return {k: v for k, v in c.items() if k not in drop}


def ear_cbor(cnf=None, status=2, vector=None, **more):
    c = {265: PROFILE, 6: NOW - 60, 4: NOW + 300, 1004: {0: "test", 1: "1"},
         266: {"tpm2": {1000: status, 1001: vector or {0: 2, 2: 3, 4: 2}, 1003: ["lab"], 8: cnf or {5: ckt(TIK)}}}}
    return c | more


def policy(more=(), danger=(), verifiers=None, max_age="10m"):
    verifiers = verifiers or '[{ identity = "verifier.example", key = ["ark.pem", "ark384.pem"] }, { identity = "second.example", key = "ark2.pem" }]'
    return ['id = "vector"', 'schemes = ["result"]', "[result]", f"verifiers = {verifiers}", f'max_age = "{max_age}"', *more,
            *(["[danger]", *danger] if danger else [])]


count = 0


def vector(name, about, token, expect="ok", path=None, tier=AFFIRMING, kind=JWT, rules=None, verifier="verifier.example", tik=TIK,
           notes=(), dangers=(), valid_until=None, indicator=8):
    global count
    count += 1
    lines = [f"# {about}", f"expect: {expect}"] + ([f"path: {path}"] if path else []) + [f"tier: {tier}", f"type: {kind}"]
    lines += [f"note: {n}" for n in notes] + [f"danger: {d}" for d in dangers] + ([f"valid_until: {valid_until}"] if valid_until else [])
    lines += [f"at: {AT}", f"verifier: {verifier}", f"indicator: {indicator}", f"tik: {spki(tik).hex()}"]
    lines += [f"policy> {line}" for line in (rules or policy())] + [f"result: {token.hex()}"]
    (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n")


def good():
    vector("ok-jwt", "An affirming EAR, as JWT.", jwt(ear()), valid_until="2026-11-21T10:05:00Z")
    vector("ok-jwt-es384", "The verifier's other key: ES384.", jwt(ear(), ARK384))
    vector("ok-cwt", "The same as CWT; cnf holds a thumbprint (RFC 9679).", cwt(ear_cbor()), kind=CWT)
    vector("ok-cwt-key", "cnf holds the key itself.", cwt(ear_cbor({1: cose_key(TIK)})), kind=CWT)
    vector("ok-jwk", "cnf holds the key itself.", jwt(ear(submods={"tpm2": submod(cnf={"jwk": jwk(TIK)})})))
    vector("ok-older-type", "The type as EAR drafts spell it.", jwt(ear()), kind="application/eat-jwt")
    vector("ok-type-parameter", "The type with its profile.", jwt(ear()), kind=f'{JWT}; eat_profile="{PROFILE}"')
    vector("ok-second-verifier", "The other configured verifier.", jwt(ear(), ARK2), verifier="second.example")
    vector("ok-no-exp", "Without exp, max_age ends it.", jwt(ear(drop=["exp"])), valid_until="2026-11-21T10:09:00Z")
    vector("ok-warning", "A warning: the endpoint decides whether to accept it.", jwt(ear(submods={"tpm2": submod(WARNING)})), tier=WARNING)
    vector("ok-none", "No verdict: no endpoint accepts it.", jwt(ear(submods={"tpm2": submod(NONE, drop=["ear_trustworthiness_vector"])})), tier=NONE)
    vector("ok-contraindicated", "A refusal by the verifier.", jwt(ear(submods={"tpm2": submod(CONTRAINDICATED)})), tier=CONTRAINDICATED)
    vector("ok-worst-submod", "Two submods: the worse one counts.", jwt(ear(submods={"tpm2": submod(), "gpu": submod(WARNING)})), tier=WARNING)
    vector("ok-token-status", "The token's own status is the worst.", jwt(ear(ear_status=WARNING)), tier=WARNING)
    vector("ok-no-vector", "Without a vector the status stands alone.", jwt(ear(submods={"tpm2": submod(drop=["ear_trustworthiness_vector"])})))
    vector("ok-audience", "Made for this relying party, and another.", jwt(ear(aud=["other", "rp.example"])), rules=policy(['audience = "rp.example"']))
    vector("ok-submods", "The submod that the policy demands.", jwt(ear()), rules=policy(['submods = ["tpm2"]']))
    vector("ok-clock-skew", "Ended half a minute ago; clocks may differ by one.", jwt(ear(exp=NOW - 30)))
    vector("ok-unbound-allowed", "No cnf, where the policy allows it, and the result says so.", jwt(ear(submods={"tpm2": submod(drop=["cnf"])})),
           rules=policy(danger=["allow_unbound_result = true"]), notes=["result_unbound"], dangers=["allow_unbound_result"])
    vector("ok-no-indicator", "The CMW does not say what it holds.", jwt(ear()), indicator=0)


def lifetime():
    bad = lambda name, about, token, expect, path, **kw: vector(f"time-{name}", about, token, expect, path, tier=CONTRAINDICATED, **kw)
    bad("expired", "exp has passed (attack C01).", jwt(ear(exp=NOW - 60)), "result_expired", "ear > exp")
    bad("too-old", "Older than max_age, though exp lies ahead (attack C01).", jwt(ear(iat=NOW - 660)), "result_expired", "ear > iat")
    bad("no-exp-too-old", "Without exp, older than max_age (attack C01).", jwt(ear(drop=["exp"], iat=NOW - 3600)), "result_expired", "ear > iat")
    bad("future-iat", "Issued in the future (attack C01).", jwt(ear(iat=NOW + 61)), "result_not_yet_valid", "ear > iat")
    bad("future-nbf", "Not valid before a moment that lies ahead (attack C01).", jwt(ear(nbf=NOW + 61)), "result_not_yet_valid", "ear > nbf")
    bad("huge", "exp is the largest number that there is, iat the smallest.", cwt(ear_cbor() | {4: 2**63 - 1, 6: -2**63}), "result_expired", "ear > iat", kind=CWT)
    bad("strict-skew", "Ended half a minute ago, and no difference of clocks is allowed.", jwt(ear(exp=NOW - 30)), "result_expired", "ear > exp",
        rules=policy(['clock_skew = "0s"']))


def binding():
    bad = lambda name, about, token, expect, path="ear > cnf", **kw: vector(f"bound-{name}", about, token, expect, path, tier=CONTRAINDICATED, **kw)
    bad("other-tik", "The result of another workload (attacks C02, C03).", jwt(ear()), "tik_mismatch", tik=TIK2)
    bad("other-key", "cnf holds another key (attack C03).", jwt(ear(submods={"tpm2": submod(cnf={"jwk": jwk(TIK2)})})), "tik_mismatch")
    bad("other-cwt", "cnf of a CWT names another key (attack C03).", cwt(ear_cbor({5: ckt(TIK2)})), "tik_mismatch", kind=CWT)
    bad("one-of-two", "Of two submods one is about another key.", jwt(ear(submods={"tpm2": submod(), "b": submod(cnf={"jkt": jkt(TIK2)})})), "tik_mismatch")
    bad("none", "No cnf (attack C02).", jwt(ear(submods={"tpm2": submod(drop=["cnf"])})), "result_unbound")
    bad("other-audience", "Made for another relying party.", jwt(ear(aud="other")), "result_audience", "ear > aud", rules=policy(['audience = "rp.example"']))
    bad("no-audience", "Made for nobody in particular.", jwt(ear()), "result_audience", "ear > aud", rules=policy(['audience = "rp.example"']))
    bad("proven-demanded", "The policy demands a proven key, which a result cannot show.", jwt(ear()), "key_unproven",
        rules=['key = "proven"', *policy()])


def signatures():
    bad = lambda name, about, token, expect, path="ear", **kw: vector(f"signer-{name}", about, token, expect, path, **({"tier": CONTRAINDICATED} | kw))
    bad("rogue", "Signed by a key that nothing configures (attack F06).", jwt(ear(), ROGUE), "signature_invalid")
    bad("other-verifier", "Signed by another configured verifier than the negotiated one (attack F06).", jwt(ear(), ARK2), "unknown_verifier")
    bad("unknown", "A verifier was negotiated that the policy does not name.", jwt(ear()), "unknown_verifier", verifier="third.example")
    token = jwt(ear())
    bad("changed", "The claims were changed after signing.", token.replace(token.split(b".")[1], jwt(ear(exp=NOW + 9999)).split(b".")[1]), "signature_invalid")
    bad("none", "alg none (attack F12).", jwt(ear(), alg="none", signature=lambda _: b""), "algorithm_not_allowed")
    secret = pem(ARK)
    bad("hs256", "HMAC keyed with the public key (attack F12).", jwt(ear(), alg="HS256", signature=lambda d: hmac.new(secret, d, "sha256").digest()), "algorithm_not_allowed")
    key = rsa.generate_private_key(65537, 2048)
    bad("rs256", "RS256 is claimed for a P-256 key (attack F12).", jwt(ear(), alg="RS256", signature=lambda d: key.sign(d, padding.PKCS1v15(), hashes.SHA256())), "algorithm_not_allowed")
    bad("kid", "A kid, and the signer's own key, in the header lend no trust (attack F12).", jwt(ear(), ROGUE, header={"kid": "ark", "jwk": jwk(ROGUE)}), "signature_invalid")
    bad("profile", "A profile that is not known.", jwt(ear(eat_profile="tag:example.com,2026:verdict")), "result_profile")
    bad("inconsistent", "A status that is better than its worst claim.",
        jwt(ear(submods={"tpm2": submod(ear_trustworthiness_vector={"hardware": 97})})), "evidence_inconsistent")
    bad("submod-missing", "The submod that the policy demands is missing.", jwt(ear()), "reference_mismatch", rules=policy(['submods = ["tpm2", "gpu"]']))
    bad("not-a-token", "Text.", b"result", "evidence_malformed", "JWS")
    bad("cut", "The JWT's last part is missing.", token.rsplit(b".", 1)[0], "evidence_malformed", "JWS")
    bad("cwt-as-jwt", "A CWT where the type says JWT.", cwt(ear_cbor()), "evidence_malformed", "JWS")
    bad("iat-float", "iat with a fraction.", jwt(ear(iat=NOW + 0.5)), "evidence_malformed")
    bad("evidence-type", "Evidence where a result was negotiated (attack D07).", jwt(ear()), "credential_type_mismatch", "cmw > type", kind="application/vnd.seatls.tpm2+cbor")
    bad("indicator", "The CMW says that it holds evidence (attack D07).", jwt(ear()), "credential_type_mismatch", "cmw > type", indicator=4)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.txt"):
        old.unlink()
    for file, key in (("ark.pem", ARK), ("ark384.pem", ARK384), ("ark2.pem", ARK2)):
        (OUT / file).write_bytes(pem(key))
    for make in (good, lifetime, binding, signatures):
        make()
    print(f"{count} vectors in {OUT}")
