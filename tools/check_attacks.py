#!/usr/bin/env python3
"""docs/attacks.md lists every row of the attack catalogue with the tests that show it. A row without a
test over real handshakes (tests/attacks), and a test of a row that is not listed, are mistakes.
`--write` makes the document anew."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
NAME = re.compile(r"^TEST(?:_[FP])?\((\w+),\s*(\w*?([A-H]\d\d|P0\d)[A-Z]\w*)\)", re.M)
problems = []


def rows() -> list[list[str]]:
    text = (root / "tests/attacks/rows.txt").read_text()
    return [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line and line[0] != "#"]


def tests() -> dict[str, list[tuple[str, str]]]:
    """Row → (file, suite.name), real handshakes first."""
    found: dict[str, list[tuple[str, str]]] = {}
    paths = sorted(root.glob("tests/**/*_test.cpp"), key=lambda p: ("tests/attacks" not in p.as_posix(), p))
    for path in paths:
        for suite, name, row in NAME.findall(path.read_text()):
            found.setdefault(row, []).append((path.relative_to(root).as_posix(), f"{suite}.{name}"))
    return found


def document() -> str:
    out = ["# The attack catalogue and its tests", "",
           "Generated from `tests/attacks/rows.txt` and the names of the tests by `tools/check_attacks.py --write`.", "",
           "Each test asserts the exact error, the message at which it stops, the alert that the peer sees, that no",
           "application byte comes out of either end, and an honest twin that goes through. Those in `tests/attacks`",
           "run over real handshakes of OpenSSL; a unit test of the same row drives the protocol core alone.", "",
           "| row | attack | stopped by | tests |", "|---|---|---|---|"]
    found = tests()
    for row, attack, stop, *reason in rows():
        names = found.pop(row, [])
        if not reason and not any(path.startswith("tests/attacks/") for path, _ in names):
            problems.append(f"{row}: no test over real handshakes; write one, or say why there is none in rows.txt")
        cell = "<br>".join(f"`{name}`" + ("" if path.startswith("tests/attacks/") else f" ({path.split('/')[2]})")
                           for path, name in names) or "none: " + " ".join(reason)
        out.append(f"| {row} | {attack} | {stop} | {cell} |")
    problems.extend(f"{row}: has tests ({names[0][1]}) and no line in tests/attacks/rows.txt" for row, names in found.items())
    return "\n".join(out) + "\n"


text = document()
path = root / "docs/attacks.md"
if "--write" in sys.argv:
    path.write_text(text)
elif not path.exists() or path.read_text() != text:
    problems.append("docs/attacks.md is not what the tests say: run tools/check_attacks.py --write")
print("\n".join(problems) or f"attacks: {len(rows())} rows, each with its tests")
sys.exit(bool(problems))
