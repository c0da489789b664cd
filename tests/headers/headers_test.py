#!/usr/bin/env python3
"""Every public header compiles alone, and draws in no header of a library that seatls only uses inside.

usage: headers_test.py COMPILER INCLUDE_FOLDER"""
import re
import subprocess
import sys
import unittest
from pathlib import Path

INCLUDE = Path(sys.argv.pop())
COMPILER = sys.argv.pop()
FOREIGN = re.compile(r"/(openssl|nlohmann|tss2|toml\+\+|spdlog|CLI)/")
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-I", str(INCLUDE), "-x", "c++"]


class PublicHeaders(unittest.TestCase):
    def run_compiler(self, *arguments: str, source: str) -> str:
        done = subprocess.run([COMPILER, *FLAGS, *arguments, "-"], input=source, text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


def add(header: Path) -> None:
    name = header.relative_to(INCLUDE).as_posix()

    def test(self: PublicHeaders) -> None:
        source = f'#include "{name}"\n#include "{name}"\n'  # twice: it guards itself
        self.run_compiler("-fsyntax-only", source=source)
        foreign = [f for f in self.run_compiler("-M", source=source).split() if FOREIGN.search(f)]
        self.assertEqual(foreign, [])

    setattr(PublicHeaders, "test_" + re.sub(r"\W", "_", name), test)


headers = sorted(INCLUDE.glob("seatls/*.h"))
assert len(headers) > 10, f"no headers in {INCLUDE}"
for header in headers:
    add(header)

if __name__ == "__main__":
    unittest.main(verbosity=2)
