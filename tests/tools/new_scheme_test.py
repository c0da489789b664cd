"""tools/new_scheme makes a scheme that compiles, and that refuses everything."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMPILER = os.environ.get("CXX", "c++")


class NewScheme(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="seatls-scheme-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for path in ("src/appraise/registry.cpp", "src/wire/scheme.cpp", "fuzz/CMakeLists.txt"):
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.folder / path)

    def make(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, ROOT / "tools/new_scheme", *arguments, "--root", self.folder], capture_output=True,
                              text=True)

    def test_what_it_makes_compiles(self) -> None:
        done = self.make("acme-tee", "--type", "application/vnd.acme.report")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("refuses everything", done.stdout)
        registry = (self.folder / "src/appraise/registry.cpp").read_text()
        self.assertIn('Scheme{"acme-tee", false, stages<acme_tee::parse,', registry)
        includes = re.findall(r'#include "appraise/schemes/(\w+)/', registry)
        self.assertEqual(includes, sorted(includes))
        self.assertIn('t.set("acme-tee", MediaType{"application/vnd.acme.report"});', (self.folder / "src/wire/scheme.cpp").read_text())
        self.assertIn("seatls_fuzz(acme_tee_evidence", (self.folder / "fuzz/CMakeLists.txt").read_text())
        sources = sorted(self.folder.glob("src/appraise/schemes/acme_tee/*.cpp"))
        self.assertEqual([s.name for s in sources], ["appraise.cpp", "parse.cpp", "verify.cpp"])
        for source in [*sources, self.folder / "src/appraise/registry.cpp", self.folder / "fuzz/acme_tee_evidence.cpp"]:
            checked = subprocess.run([COMPILER, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{self.folder}/src",
                                      f"-I{ROOT}/src", f"-I{ROOT}/include", f"-I{ROOT}", source], capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_a_name_that_is_taken_or_none_is_refused(self) -> None:
        self.assertEqual(self.make("acme").returncode, 0)
        self.assertIn("already", self.make("acme").stderr)
        for name in ("Acme", "acme_tee", "-acme", "acme--tee", "1acme"):
            with self.subTest(name=name):
                self.assertNotEqual(self.make(name).returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
