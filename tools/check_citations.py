#!/usr/bin/env python3
"""Every rule of docs/requirements/*.toml is cited in the code and in a test; no citation leads nowhere.

A missing citation is listed, and is a failure with --strict. `--list ID…` shows where rules are cited.
"""
import argparse
import re
import sys
import tomllib
from pathlib import Path

root = Path(__file__).resolve().parent.parent
arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--strict", action="store_true", help="a missing citation is a failure")
arguments.add_argument("--list", nargs="+", metavar="ID", default=[], help="show where these rules are cited")
arguments = arguments.parse_args()

problems: list[str] = []
rules: dict[str, dict] = {}
for file in sorted((root / "docs/requirements").glob("*.toml")):
    for rule in tomllib.loads(file.read_text())["must"]:
        key = f"{file.stem}#{rule['id']}"
        if key in rules or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule["id"]):
            problems.append(f"{file.relative_to(root)}: the id {rule['id']} is repeated or not of the form a-b-c")
        rules[key] = rule
specifications = {key.split("#")[0] for key in rules}

cited: dict[str, dict[str, list[str]]] = {key: {"src": [], "tests": []} for key in rules}
for folder, side in (("src", "src"), ("include", "src"), ("tests", "tests")):
    for file in sorted((root / folder).rglob("*")):
        if file.suffix not in (".cpp", ".h", ".def", ".py", ".sh", ".toml"):
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if not (m := re.match(r"\s*(?://|#)= (\S*)(.*)", line)):
                continue
            where = f"{file.relative_to(root)}:{number}"
            if m[1] in cited and not m[2].strip():
                cited[m[1]][side].append(where)
            elif m[1] in cited:
                problems.append(f"{where}: nothing may follow {m[1]} on its line")
            elif m[1].split("#")[0] in specifications or "early-attestation" in m[1]:
                problems.append(f"{where}: {m[1]} is no rule of docs/requirements (write //= early-attestation#<id>)")

for wanted in arguments.list:
    for key in (k for k in cited if k.split("#")[1] == wanted):
        print(f"{key}: {rules[key]['text']}")
        for where in cited[key]["src"] + cited[key]["tests"]:
            print(f"  {where}")

missing = [f"{key}: no citation in {'the code' if side == 'src' else 'a test'} ({rules[key]['text']})"
           for key in rules for side in ("src", "tests") if not cited[key][side]]
for line in problems + missing:
    print(line)
print(f"citations: {len(rules)} rules, {2 * len(rules) - len(missing)} of {2 * len(rules)} citations, "
      f"{len(problems)} that lead nowhere")
sys.exit(bool(problems) or (arguments.strict and bool(missing)))
