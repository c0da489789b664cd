#!/usr/bin/env python3
"""clang-tidy over the files of a build folder's compile_commands.json that changed since they were
last found clean. The cache key is the file, every header of ours that it reaches, .clang-tidy and
the tool's version; the cache lives in $XDG_CACHE_HOME/seatls/tidy."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("build")
parser.add_argument("--jobs", type=int, default=os.cpu_count())
parser.add_argument("--since", metavar="REVISION", help="only files that differ from that commit")
parser.add_argument("--tests", action="store_true", help="tests and benchmarks too")
args = parser.parse_args()
cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "seatls/tidy"
cache.mkdir(parents=True, exist_ok=True)
tool = "clang-tidy-16"
version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
salt = version + (root / ".clang-tidy").read_text()


def reach(path: Path, seen: dict[Path, str]) -> None:
    if path in seen:
        return
    seen[path] = text = path.read_text()
    for name in re.findall(r'#include "([^"]+)"', text):
        for base in (root / "src", root / "include", root / "tests", path.parent):
            if (base / name).exists():
                reach((base / name).resolve(), seen)
                break


def key(path: Path) -> str:
    seen: dict[Path, str] = {}
    reach(path, seen)
    digest = hashlib.sha256(salt.encode())
    for p in sorted(seen):
        digest.update(str(p.relative_to(root)).encode() + b"\0" + seen[p].encode() + b"\0")
    return digest.hexdigest()


folders = ("src/", "tests/", "bench/", "fuzz/", "examples/") if args.tests else ("src/",)
files = sorted({Path(c["file"]) for c in json.loads((Path(args.build) / "compile_commands.json").read_text())
                if str(Path(c["file"]).relative_to(root)).startswith(folders)})
if args.since:
    changed = subprocess.run(["git", "-C", root, "diff", "--name-only", args.since], capture_output=True, text=True)
    if changed.returncode != 0:
        print(f"clang-tidy: SKIPPED (there is no commit {args.since} to compare with)")
        sys.exit(0)
    names = set(changed.stdout.split())
    files = [f for f in files if str(f.relative_to(root)) in names]
todo = [(f, k) for f in files for k in [key(f)] if not (cache / k).exists()]


def check(item: tuple[Path, str]) -> str:
    file, k = item
    done = subprocess.run([tool, "-p", args.build, "--quiet", "--warnings-as-errors=*",
                           "--extra-arg=-Wno-unknown-warning-option", str(file)],
                          capture_output=True, text=True)
    if done.returncode == 0:
        (cache / k).touch()
        return ""
    return done.stdout or done.stderr


bad = 0
with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
    for output in pool.map(check, todo):
        if output:
            bad += 1
            print(output)
print(f"clang-tidy: {len(files)} files, {len(todo)} looked at, {bad} with findings")
sys.exit(bad > 0)
