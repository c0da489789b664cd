#!/usr/bin/env python3
"""Makes the seeds of the wire's and the binder's fuzz targets from tests/vectors. Other files of a corpus are left
alone: inputs that once broke something stay there. --check makes nothing and fails when a seed differs."""
import sys
from pathlib import Path

root = Path(__file__).resolve().parent
sys.path.insert(0, str(root.parent / "tests/reference"))
from vectorfile import read_topic  # noqa: E402

TARGETS = {"client_hello": "client_offer", "encrypted_extensions": "server_choice",
           "certificate_request": "client_choice", "certificate": "certificate_credential"}

seeds = {root / "corpus" / TARGETS[v.get("message")] / v.name.split("/")[1]: v.hex("body")
         for v in read_topic("remote_attestation")}
seeds |= {root / "corpus/transcript" / v.name.split("/")[1]: bytes.fromhex("".join(v.all("message")))
          for v in read_topic("transcript")}
differing = []
for path, content in seeds.items():
    if "--check" not in sys.argv:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    elif not path.exists() or path.read_bytes() != content:
        differing.append(f"{path.relative_to(root)} is not the vector of that name: run fuzz/make_corpus.py")
print("\n".join(differing) or f"{len(seeds)} seeds")
sys.exit(bool(differing))
