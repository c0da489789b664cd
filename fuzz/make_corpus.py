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

differing = []
for path, content in seeds.items():
    if "--check" not in sys.argv:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    elif not path.exists() or path.read_bytes() != content:
        differing.append(f"{path.relative_to(root)} is not the vector of that name: run fuzz/make_corpus.py")
print("\n".join(differing) or f"{len(seeds)} seeds")
sys.exit(bool(differing))
