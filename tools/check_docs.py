#!/usr/bin/env python3
"""Documents that are made from the code are up to date, links between documents lead somewhere, and
no text of the project names a machine of ours. `--write` makes the generated ones anew."""
import re
import subprocess
import sys
from pathlib import Path

import draw_states

root = Path(__file__).resolve().parent.parent
write = "--write" in sys.argv
problems = []


def errors_md() -> str:
    text = (root / "include/seatls/errors.def").read_text()
    numbers = dict(re.findall(r"^\s+(\w+) = (\d+),", (root / "include/seatls/error.h").read_text(), re.M))
    seat = {"unsupported_attestation_schemes": "40", "attestation_required": "116 by a server, 40 by a client",
            "attestation_failed": "49"}
    rows = re.findall(r'SEATLS_ERROR\((\w+), (\w+), (\w+),\s*"([^"]*)"\)', text)
    out = ["# Errors", "",
           "Generated from `include/seatls/errors.def` by `tools/check_docs.py --write`.", "",
           "Codes and categories are stable; sentences are not. The peer is told the alert and nothing else.", "",
           "| code | category | alert | number | what it says |", "|---|---|---|---|---|"]
    for code, category, alert, sentence in rows:
        out.append(f"| `{code}` | {category} | {alert} | {seat.get(alert) or numbers[alert]} | {sentence} |")
    return "\n".join(out) + "\n"


for name, content in {"docs/errors.md": errors_md(), "docs/states.md": draw_states.document()}.items():
    path = root / name
    if write:
        path.write_text(content)
    elif not path.exists() or path.read_text() != content:
        problems.append(f"{name} is not what the code says: run tools/check_docs.py --write")

tracked = subprocess.run(["git", "ls-files"], cwd=root, text=True, capture_output=True, check=True).stdout.split("\n")
for name in tracked:
    path = root / name
    if not name.endswith(".md") or not path.exists():
        continue
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
            problems.append(f"{name}: the link to {target} leads nowhere")

print("\n".join(problems) or "docs: generated files are up to date, links lead somewhere")
sys.exit(bool(problems))
