"""Clients of the verification API that others wrote (github.com/veraison/apiclient and github.com/veraison/ear, in Go)
against `seatls verifier`: they get a result and verify it.

Their sources come from the Go module proxy, or from folders named apiclient and ear in SEATLS_VERAISON_SOURCES. Where
there is no Go, or neither, the test is SKIPPED and says why."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
import kit  # noqa: E402
import verifier_test  # noqa: E402


class Veraison(verifier_test.VerifierCase):
    def build(self) -> Path:
        go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
        if go is None:
            self.skipTest("Go is not installed")
        folder = self.folder / "veraison"
        shutil.copytree(HERE / "veraison", folder)
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}

        def run(*arguments: str) -> subprocess.CompletedProcess:
            return subprocess.run([go, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=280)

        if sources := os.environ.get("SEATLS_VERAISON_SOURCES"):
            for name in ("apiclient", "ear"):
                run("mod", "edit", f"-replace=github.com/veraison/{name}={Path(sources) / name}").check_returncode()
        got = run("mod", "download", "github.com/veraison/apiclient", "github.com/veraison/ear")
        if got.returncode == 0:
            got = run("mod", "tidy")
        if got.returncode != 0:
            self.skipTest("the Go modules cannot be had: " + got.stderr.strip().splitlines()[-1])
        built = run("build", "-o", "client", ".")
        self.assertEqual(built.returncode, 0, built.stderr)
        return folder / "client"

    def test_their_client_and_their_library(self) -> None:
        client = self.build()
        service = verifier_test.Service(self)
        discovery = service.ask("GET", "/.well-known/veraison/verification")[2]
        self.write("key.jwk", json.dumps(discovery["ear-verification-key"]))
        self.write("issue.toml", '[endpoint]\nrole = "server"\ncertificate = "server.pem"\nkey = "server.key"\n'
                                 '[attest]\nattester = "software"\nkey = "attester.key"\n')
        url = f"https://localhost:{service.port}" + discovery["api-endpoints"]["newChallengeResponseSession"]
        make = self.write("evidence.sh", f'{kit.PROGRAM} attest --config issue.toml -o made.cmw --force -q --binder "$1" >&2\ncat made.cmw\n')
        told = subprocess.run([client, url, "ca.pem", "key.jwk", "sh", make], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(told.stdout, "software warning init\n")
        service.until(lambda: len(service.lines) >= 4)
        self.assertEqual([line["status"] for line in service.lines], [200, 201, 200, 204])
        service.stop()


if __name__ == "__main__":
    kit.main()
