#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets from tests/vectors. Other files of a corpus are left
alone: inputs that once broke something stay there. --check makes nothing and fails when a seed differs."""
import base64
import json
import sys
from pathlib import Path
from urllib.parse import quote

root = Path(__file__).resolve().parent
sys.path.insert(0, str(root.parent / "tests/reference"))
from vectorfile import VECTORS, read_topic  # noqa: E402

TARGETS = {"client_hello": "client_offer", "encrypted_extensions": "server_choice",
           "certificate_request": "client_choice", "certificate": "certificate_credential"}

seeds = {root / "corpus" / TARGETS[v.get("message")] / v.name.split("/")[1]: v.hex("body")
         for v in read_topic("remote_attestation")}
seeds |= {root / "corpus/transcript" / v.name.split("/")[1]: bytes.fromhex("".join(v.all("message")))
          for v in read_topic("transcript")}

# Of the exported authenticators a few: they differ in little but their keys.
for v in read_topic("exported"):
    name = v.name.split("/")[1]
    if v.get("kind") == "request":
        seeds[root / "corpus/authenticator_request" / name] = v.hex("request")
        seeds[root / "corpus/exported_bodies" / name] = v.hex("request")[4:]
    elif not name.startswith("ok-") or "-sha256-server" in name:
        seeds[root / "corpus/authenticator" / name] = v.hex("authenticator")


def payload(token: bytes, form: str) -> bytes:
    """The claims set of a token: of a JWT its second part, of a CWT what lies between the header and the signature."""
    if form == "jwt":
        return base64.urlsafe_b64decode(token.split(b".")[1] + b"==")
    start = token.index(b"\xa0\x58") if b"\xa0\x58" in token[:16] else token.index(b"\xa0\x59")
    width = {0x58: 1, 0x59: 2}[token[start + 1]]
    size = int.from_bytes(token[start + 2:start + 2 + width], "big")
    return token[start + 2 + width:start + 2 + width + size]


# A seed in every format that it is, from the inside out.
for v in read_topic("rats"):
    name = v.name.split("/")[1]
    if v.get("kind") == "cmw":
        data = v.hex("cmw")
        seeds[root / "corpus/cmw" / name] = data
        seeds[root / "corpus" / ("json" if data[:1] in b"[{ " else "cbor") / name] = data
        continue
    token, form = v.hex("token"), v.get("form", "cwt")
    seeds[root / "corpus" / ("jws" if form == "jwt" else "cose_sign1") / name] = token
    if name == "eat-kid":  # its header is not empty
        continue
    claims = payload(token, form)
    seeds[root / "corpus" / v.get("kind") / name] = claims
    seeds[root / "corpus" / ("json" if form == "jwt" else "cbor") / name] = claims

# With its length an array of 256 items is a byte longer than without.
seeds[root / "corpus/cbor/array-without-length"] = b"\x9f" + bytes(256) + b"\xff"

for topic, field in (("tpm", "evidence"), ("software", "evidence"), ("result", "result")):
    for v in read_topic(topic):
        if v.get("expect") == "ok":
            seeds[root / "corpus/credential" / v.name.replace("/ok", "")] = v.hex(field)
        text = (VECTORS / f"{v.name}.txt").read_text().splitlines()
        policy = "".join(line.removeprefix("policy> ") + "\n" for line in text if line.startswith("policy> ")).encode()
        if policy not in seeds.values():
            seeds[root / "corpus/policy_toml" / v.name.replace("/", "-")] = policy

seeds |= {root / "corpus/corim" / v.name.split("/")[1]: v.hex("document") for v in read_topic("corim")}
for v in read_topic("interactive_passport"):
    if v.has("challenge"):
        seeds[root / "corpus/exported_bodies" / f"passport-{v.name.split('/')[1]}"] = v.hex("challenge")

# The pieces of a bundle as services answer with them: which item, the header, zero, the body.
bundle = json.loads((root / "corpus/intel_collateral/bundle").read_text())
for index, (name, key) in enumerate((("tcbInfo", "tcb_info"), ("enclaveIdentity", "qe_identity"))):
    body = f'{{"{name}":{bundle[key]},"signature":"{bundle[key + "_signature"]}"}}'
    chain = bundle[key + "_issuer_chain"]
    seeds[root / "corpus/collateral_answer" / key] = bytes([index]) + quote(chain, safe="").encode() + b"\0" + body.encode()
    entry = {"format": "seatls-collateral-1", "name": key, "what": key, "source": "https://pcs.example", "fetched": "2026-11-21T12:00:00Z",
             "issuer_chain": chain, "content": body}
    seeds[root / "corpus/collateral_answer" / f"file-{key}"] = json.dumps(entry, separators=(",", ":")).encode()
seeds[root / "corpus/collateral_answer/pck_crl"] = (b"\2" + quote(bundle["pck_crl_issuer_chain"], safe="").encode() + b"\0"
                                                   + bytes.fromhex(bundle["pck_crl"]))
seeds[root / "corpus/collateral_answer/root_crl"] = b"\3\0" + bundle["root_ca_crl"].encode()

# What a verifier service answers: to what (8: a new session, 16: for a given nonce) with which status, three
# headers' values, the body.
SESSION = "application/vnd.veraison.challenge-response-session+json"
NONCE = base64.urlsafe_b64encode(bytes([7]) * 32).rstrip(b"=").decode()
for name, first, headers, body in [
        ("session", 8 + 16 + 1, (SESSION, "session/1", ""),
         {"nonce": NONCE, "expiry": "2030-10-12T07:20:50.52Z", "accept": ["application/psa-attestation-token"], "status": "waiting"}),
        ("session_absolute", 8 + 1, (SESSION, "https://verifier.example:8443/challenge-response/v1/session/1", ""),
         {"nonce": "+/+/AAECAwQ=", "status": "waiting"}),
        ("session_elsewhere", 8 + 1, (SESSION, "https://evil.example/session/1", ""), {"nonce": NONCE, "status": "waiting"}),
        ("processing", 2, (SESSION, "", "2"), {"nonce": NONCE, "status": "processing"}),
        ("complete", 0, (SESSION + "; charset=utf-8", "", ""),
         {"nonce": NONCE, "status": "complete", "evidence": {"type": "application/cmw+cbor", "value": "AAEC"}, "result": "e30.e30.AA"}),
        ("failed", 0, (SESSION, "", ""), {"nonce": NONCE, "status": "failed"}),
        ("busy", 7, ("application/problem+json", "", "3"), {"type": "about:blank", "title": "Busy", "detail": "later", "status": 503})]:
    seeds[root / "corpus/verifier_answer" / name] = (bytes([first]) + "\n".join(headers).encode() + b"\n"
                                                     + json.dumps(body, separators=(",", ":")).encode())

# NVIDIA's forms, made up: a report of two measurements that nobody signed, and a manifest of one.
CERTIFICATE = (
    "MIIBzDCCAVKgAwIBAgIULXy3ySmt0ccqAc4SKAZFblbz4iQwCgYIKoZIzj0EAwMwHTEbMBkGA1UEAwwSR0gxMDAgQTAxIEdTUCBCUk9NMB4XDT"
    "I2MTEyMTIxMDE1MVoXDTM2MTExODIxMDE1MVowHTEbMBkGA1UEAwwSR0gxMDAgQTAxIEdTUCBCUk9NMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE"
    "u6CkyjmI6b1TQqDvOWSJfLVo7hMToIW4FiBjyRJmPiuTkN99pVsZiYVTtpSWyzWOOxxlskOehomvN5+QYTVAsPFR/62wsyMDK3Gy7GxH+r8W3+"
    "PLexu+2/rL2Oa+UXdbo1MwUTAdBgNVHQ4EFgQUoTRggx4W5BfQE+sc58auSc8NZ0wwHwYDVR0jBBgwFoAUoTRggx4W5BfQE+sc58auSc8NZ0ww"
    "DwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAwNoADBlAjEA6yzdTeO+meBC7nA2ZkemDoA54Uv+RywOUieHPM9b+5E1FyRjY7OYXdeRkNO85I"
    "1nAjBcUAU3B30h3TOvZ5d+NOXhUprhdr4bM5BUtEQGdd93FDCC02wJf63VI4qgqP+vWKc=")


def nvidia_report() -> bytes:
    """GET_MEASUREMENTS and MEASUREMENTS of SPDM 1.1, with a driver, a VBIOS and a signature of zeros."""
    blocks = b"".join(bytes([i, 1, 51, 0, 1, 48, 0]) + bytes([i]) * 48 for i in (1, 2))
    opaque = b"\x03\x00\x04\x00550\x00" + b"\x06\x00\x08\x00\x00\x74\x00\x96\x20\x00\x00\x00"
    return (b"\x11\xe0\x01\xff" + b"\x07" * 32 + b"\x00" + b"\x11\x60\x00\x00\x02" + len(blocks).to_bytes(3, "little") +
            blocks + b"\x4e" * 32 + len(opaque).to_bytes(2, "little") + opaque + bytes(96))


PEM = f"-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----\n".encode()
DEVICE = (b'{"arch": "HOPPER", "nonce": "' + b"07" * 32 + b'", "evidence": "' + base64.b64encode(nvidia_report()) +
          b'", "certificate": "' + base64.b64encode(PEM) + b'"}')
RIM = f"""<SoftwareIdentity xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd" \
xmlns:h="http://www.w3.org/2001/04/xmlenc#sha384" tagId="1"><Meta colloquialVersion="550" product="GH100"/><Payload>\
<Resource type="Measurement" index="0" active="True" alternatives="1" h:Hash0="{'01' * 48}"/>\
<Resource type="Measurement" index="1" active="False" alternatives="1" h:Hash0="{'00' * 48}"/></Payload>\
<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"><s:SignedInfo>\
<s:CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11"/>\
<s:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"/><s:Reference URI=""><s:Transforms>\
<s:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>\
<s:Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11"/></s:Transforms>\
<s:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"/><s:DigestValue>AA==</s:DigestValue></s:Reference>\
</s:SignedInfo><s:SignatureValue>AA==</s:SignatureValue><s:KeyInfo><s:X509Data>\
<s:X509Certificate>{CERTIFICATE}</s:X509Certificate></s:X509Data></s:KeyInfo></s:Signature></SoftwareIdentity>"""
seeds |= {root / "corpus/nvidia_evidence/sdk": b"[" + DEVICE + b"]",
          root / "corpus/nvidia_evidence/asked": b'{"evidence_list": [' + DEVICE + b']}',
          root / "corpus/nvidia_evidence/text": nvidia_report().hex().encode() + b"\n" + PEM,
          root / "corpus/nvidia_rim/manifest": RIM.encode()}


def cmw_record(media_type: bytes, value: bytes) -> bytes:
    return b"\x83\x78" + bytes([len(media_type)]) + media_type + b"\x59" + len(value).to_bytes(2, "big") + value + b"\x04"


LOG = (bytes(4) + b"\x03" + bytes(3) + bytes(20) + b"\x21" + bytes(3) + b"Spec ID Event03\x00" + bytes(4) + b"\x00\x02\x00\x02" +
       b"\x01\x00\x00\x00\x0c\x00\x30\x00\x00" + b"\x01\x00\x00\x00\x07\x00\x00\x80\x01\x00\x00\x00\x0c\x00" + b"\x11" * 48 +
       bytes(4) + b"\xff" * 8)
seeds |= {root / "corpus/compound/parts":
          b"\xa3" + b"\x63gpu" + cmw_record(b"application/vnd.seatls.nvidia-evidence+json", b"[" + DEVICE + b"]") +
          b"\x63log" + cmw_record(b"application/vnd.seatls.event-log", LOG) + b"\x00\x82\x19\x01\x07\x41\xd2",
          root / "corpus/compound/nested": b"\xa1\x63cpu\xa1\x63cpu\x82\x19\x01\x07\x41\xd2",
          root / "corpus/event_log/ccel": LOG}

# Requests to the verifier service, whose one session waits for the evidence of tests/vectors/software.
SESSION = "/challenge-response/v1/session/00000000-0000-4000-8000-000000000001"
ADMIN = {"authorization": "Bearer token"}


def http(method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    lines = [f"{method} {target}"] + [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\n".join(lines).encode() + b"\n\n" + body


def evidence_of(name: str) -> bytes:
    return next(v for v in read_topic("software") if v.name.endswith("/" + name)).hex("evidence")


EAT, CMW = {"content-type": "application/eat+cwt"}, {"content-type": "application/cmw+cbor"}
POLICY = b'id = "p"\nschemes = ["software"]\n[software]\nak = "sha256:' + b"07" * 32 + b'"\nswname = "x"\n[danger]\nsoftware_evidence = true\n'
requests = {
    "discovery": http("GET", "/.well-known/veraison/verification"), "keys": http("GET", "/.well-known/jwks.json"),
    "provisioning": http("GET", "/.well-known/veraison/provisioning", {"accept": "text/html;q=0, */*"}),
    "open": http("POST", "/challenge-response/v1/newSession?nonceSize=32"),
    "open-nonce": http("POST", "/challenge-response/v1/newSession?nonce=AAAAAAAAAAAAAAAA&binds=tik"),
    "open-escaped": http("POST", "/challenge-response/v1/newSession?nonce=%2B%2FAAAAAAAAAAAAA%3D", {"accept": "*/*"}),
    "read": http("GET", SESSION), "delete": http("DELETE", SESSION), "unknown": http("GET", SESSION[:-1] + "2"),
    "method": http("PUT", SESSION), "nowhere": http("GET", "/x//y?a=b&c"), "empty": http("POST", SESSION, CMW),
    "evidence": http("POST", SESSION, EAT, evidence_of("ok-es256")),
    "evidence-cmw": http("POST", SESSION, CMW, b"\x83\x19\x01\x07\x59" + len(evidence_of("ok-es256")).to_bytes(2, "big") +
                         evidence_of("ok-es256") + b"\x04"),
    "evidence-refused": http("POST", SESSION, EAT, evidence_of("debug")),
    "evidence-other": http("POST", SESSION, EAT, evidence_of("binder-other")),
    "evidence-json": http("POST", SESSION, {"content-type": "application/cmw+json"}, b'["application/eat+cwt","0oRDoQEmoEGg",4]'),
    "evidence-collection": http("POST", SESSION, CMW, b"\xa1\x63cpu\x82\x19\x01\x07\x41\xd2"),
    "stranger": http("GET", "/management/v1/policies"), "policies": http("GET", "/management/v1/policies", ADMIN),
    "policy": http("POST", "/management/v1/policies/p", ADMIN | {"content-type": "application/vnd.seatls.policy+toml"}, POLICY),
    "policy-wrong": http("POST", "/management/v1/policies/p", ADMIN | {"content-type": "application/vnd.seatls.policy+toml"}, b"id = 1\n[x]\n"),
    "activate": http("POST", "/management/v1/policies/p/1/activate", ADMIN), "rollback": http("POST", "/management/v1/policies/p/rollback", ADMIN),
    "verdicts": http("GET", "/management/v1/verdicts", ADMIN), "endorsements": http("GET", "/management/v1/endorsements", ADMIN),
    "endorsement-off": http("POST", f"/management/v1/endorsements/{'07' * 32}/deactivate", ADMIN),
    "corim": http("POST", "/endorsement-provisioning/v1/submit", ADMIN | {"content-type": "application/rim+cbor"},
                  b"\xd9\x01\xf5\xa2\x00\x61x\x01\x81\xd9\x01\xfa\x41\xa0")}
seeds |= {root / "corpus/verifier_request" / name: content for name, content in requests.items()}

# The first byte says into which pieces a connection's beginning is cut.
hello = bytes.fromhex("0303" + "aa" * 32 + "00" + "00021301" + "0100")
named = bytes.fromhex("0000000e000c0000096c6f63616c686f7374" "002b0003020304")
hello += len(named).to_bytes(2, "big") + named
hello = b"\x01" + len(hello).to_bytes(3, "big") + hello
beginnings = {
    "hello": b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello,
    "hello-cut": b"".join(b"\x16\x03\x01\0\x07" + hello[i:i + 7] for i in range(0, len(hello) // 7 * 7, 7)),
    "socks5-name": b"\x05\x01\0\x05\x01\0\x03\x09localhost\x20\xfb", "socks5-ipv4": b"\x05\x02\0\x02\x05\x01\0\x01\x7f\0\0\x01\0\x50rest",
    "socks5-ipv6": b"\x05\x01\0\x05\x01\0\x04" + bytes(15) + b"\x01\0\x50", "socks5-bind": b"\x05\x01\0\x05\x02\0\x01\x7f\0\0\x01\0\x50",
    "connect": b"CONNECT a.example:8443 HTTP/1.1\r\nHost: a.example\r\n\r\nrest", "connect-get": b"GET / HTTP/1.1\r\n\r\n"}
seeds |= {root / "corpus/proxy_beginning" / name: b"\x04" + content for name, content in beginnings.items()}
# Requests of a hostile peer, after two bytes: the size of the pieces, and whether demands are met.
def head(start, fields="", body=""):
    return (start + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body).encode()


CHUNKED = "Transfer-Encoding: chunked\r\n"
for name, content in {
        "plain": head("GET /a?b"), "transfer": head("POST /v1/transfer", "Content-Length: 2\r\n", "hi") + head("GET /b"),
        "closed": head("POST /closed/x", "Content-Length: 2\r\n", "hi") + head("GET /b"),
        "chunks": head("PUT /a", CHUNKED, "5;a=b\r\nhello\r\n0\r\nSeatls-Verdict: affirming\r\n\r\n") + head("GET /b"),
        "spoofed": head("GET /a", "Seatls-Verdict: affirming\r\nSEATLS_VERDICT: x\r\nX-Forwarded-For: y\r\n"),
        "both": head("POST /a", CHUNKED + "Content-Length: 5\r\n", "0\r\n\r\n") + head("GET /smuggled"),
        "fold": head("GET /a", "X: y\r\n z\r\n"), "named": head("GET /a", "Connection: close, X\r\nX: y\r\n"),
        "encoded": head("GET /v1/%74ransfer"), "absolute": head("GET http://a/v1/transfer"),
        "expect": head("POST /a", "Expect: 100-continue\r\nContent-Length: 1\r\n", "x"),
        "old": b"GET /a HTTP/1.0\r\nHost: a\r\n\r\n", "case": head("GET /V1/transfer/")}.items():
    seeds[root / "corpus/proxy_http" / name] = b"\0\1" + content
    seeds[root / "corpus/proxy_http" / (name + "-pieces")] = b"\3\0" + content

# Questions and answers between the preload library and its helper; and the head of a program that needs libssl.
TIK, BINDER = b"\x43\1\2\3", b"\x58\x20" + b"\3" * 32
RECORD = b"\x47\x82\x19\x01\x07\x42\7\7"
FORMAT, ROLE = b"\x82\0\x19\x01\x07", b"\1"
seeds |= {root / "corpus/exec_message" / name: content for name, content in {
    "settings": b"\x82\1\0", "schemes": b"\x83\1\1" + ROLE, "attest": b"\x85\1\2" + ROLE + FORMAT + b"\x83" + BINDER + b"\1" + TIK,
    "appraise": b"\x87\1\3" + ROLE + FORMAT + RECORD + b"\x83" + BINDER + b"\1" + TIK + BINDER,
    "tell": b"\x83\1\4\x8d\0\x61a\xf6\xf4\x60\x60\x60\x81\x82\x61b\x61c\xf5\x61n\x60\x60\x80",
    "tell-refused": b"\x83\1\4\x8d\1\x60\x83\x63tpm\x61d\x61p\xf4\x60\x60\x60\x80\xf4\x60\x60\x60\x80",
    "are-schemes": b"\x83\1\1\x83\x82\0\x19\x01\x07\x82\1\x61m\x82\2\x61v", "is-credential": b"\x83\1\2" + RECORD,
    "is-told": b"\x83\1\4\xf6", "is-error": b"\x83\1\5\x83\x63tpm\x61d\x61p",
    "are-settings": b"\x83\1\0\x83\xf6\x89\x19\xff\x5e\x19\x27\x10\xf5\x18\x20\x83\0\0\x81\2\x81\x82\0\x19\x01\x07\x60\x80\x80\xf4"}.items()}


def elf(order: str, kind: int) -> bytes:
    strings, word = b"\0libssl.so.3\0$ORIGIN/x\0", lambda *v: b"".join(x.to_bytes(8, order) for x in v)
    dynamic, start = word(1, 1, 29, 13, 5, 0x1000 + 280 + 80, 10, len(strings), 0, 0), 280
    head = (b"\x7fELF\2" + bytes([kind, 1]) + bytes(9) + (3).to_bytes(2, order) + (62).to_bytes(2, order) + (1).to_bytes(4, order) +
            word(0, 64, 0) + bytes(4) + b"".join(v.to_bytes(2, order) for v in (64, 56, 3, 0, 0, 0)))
    part = lambda of, at, address, size: (of.to_bytes(4, order) + bytes(4) + word(at, address, 0, size, size, 1))
    parts = part(1, 0, 0x1000, start + 80 + len(strings)) + part(2, start, 0, 80) + part(3, 0, 0, 0)
    return (head + parts).ljust(start, b"\0") + dynamic + strings


seeds |= {root / "corpus/elf/program": elf("little", 1), root / "corpus/elf/foreign": elf("big", 2), root / "corpus/elf/script": b"#!/bin/sh\n"}

differing = []
for path, content in seeds.items():
    if "--check" not in sys.argv:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    elif not path.exists() or path.read_bytes() != content:
        differing.append(f"{path.relative_to(root)} is not the vector of that name: run fuzz/make_corpus.py")
print("\n".join(differing) or f"{len(seeds)} seeds")
sys.exit(bool(differing))
