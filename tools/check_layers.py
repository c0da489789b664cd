#!/usr/bin/env python3
"""Every #include goes strictly down the layers of cmake/SeatlsModule.cmake, and only to a module that
the including module's CMakeLists.txt names (directly or through what it depends on)."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
src = root / "src"

table = (root / "cmake/SeatlsModule.cmake").read_text()
layers = {m[1]: int(m[2]) for m in re.finditer(r"^\s*((?:[a-z_]+=\d+\s*)+)", table, re.M)
          for m in re.finditer(r"([a-z_]+)=(\d+)", m[1])}


def module_of(path: str) -> str | None:
    """The module that owns src/<path>: the longest folder prefix that is a module."""
    parts = path.split("/")[:-1]
    for n in range(len(parts), 0, -1):
        name = "_".join(parts[:n])
        if name in layers:
            return name
    return None


depends: dict[str, set[str]] = {}
for cmake in src.rglob("CMakeLists.txt"):
    for call in re.finditer(r"seatls_module\(\s*(\w+)([^)]*)\)", cmake.read_text()):
        words = call[2].split()
        names = set()
        if "DEPENDS" in words:
            for w in words[words.index("DEPENDS") + 1:]:
                if w.isupper():
                    break
                names.add(w)
        depends[call[1]] = names


def closure(name: str) -> set[str]:
    seen, todo = set(), [name]
    while todo:
        for d in depends.get(todo.pop(), ()):
            if d not in seen:
                seen.add(d)
                todo.append(d)
    return seen


problems = []
for file in sorted([*src.rglob("*.h"), *src.rglob("*.cpp")]):
    own = module_of(str(file.relative_to(src)))
    if own is None:
        problems.append(f"{file.relative_to(root)}: belongs to no module of cmake/SeatlsModule.cmake")
        continue
    reachable = closure(own)
    for number, line in enumerate(file.read_text().splitlines(), 1):
        m = re.match(r'\s*#include "([^"]+)"', line)
        if not m or m[1].startswith("seatls/"):
            continue
        where = f"{file.relative_to(root)}:{number}"
        if not (src / m[1]).exists():
            problems.append(f"{where}: {m[1]} is not in src/; includes are written from src/")
            continue
        theirs = module_of(m[1])
        if theirs == own:
            continue
        if layers[theirs] >= layers[own]:
            problems.append(f"{where}: {own} (layer {layers[own]}) includes {theirs} (layer {layers[theirs]})")
        elif theirs not in reachable:
            problems.append(f"{where}: {own} includes {theirs} without DEPENDS {theirs}")

# Public headers include public headers and the standard library only: no dependency leaks.
for file in sorted((root / "include").rglob("*.h")):
    for number, line in enumerate(file.read_text().splitlines(), 1):
        m = re.match(r'\s*#include ["<]([^">]+)[">]', line)
        if m and ("/" in m[1] or m[1].endswith(".h")) and not m[1].startswith("seatls/"):
            problems.append(f"{file.relative_to(root)}:{number}: a public header includes {m[1]}")

print("\n".join(problems) or f"layers: {len(depends)} modules, every include goes down")
sys.exit(bool(problems))
