#!/usr/bin/env python3
"""Two processes that attest each other through a relay that fragments and delays: both suites' hashes,
four kinds of certificate keys, with and without HelloRetryRequest, evidence of 60 KB; and no evidence in
clear text on the wire.

usage: interop_test.py PEER  (the interop_peer program)"""
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from relay import Relay  # noqa: E402

PEER = sys.argv.pop() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else "build/asan/tests/interop_peer"
MARKER = b"EVIDENCE-IN-CLEAR-TEXT"  # interop_peer pads its evidence with this


CREDENTIALS = tempfile.mkdtemp(prefix="seatls-interop-")
atexit.register(shutil.rmtree, CREDENTIALS, ignore_errors=True)


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=CREDENTIALS, check=True, capture_output=True)


def make_credentials() -> None:
    """A CA, and a certificate for interop.test with each kind of key: all made by the openssl program."""
    kinds = {"p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
             "ed25519": ["ED25519"], "rsa-pss": ["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]}
    Path(CREDENTIALS, "san.txt").write_text("subjectAltName=DNS:interop.test\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=interop CA", "-days", "2")
    for name, algorithm in ((f"{role}-{kind}", a) for kind, a in kinds.items() for role in ("server", "client")):
        openssl("genpkey", "-algorithm", *algorithm, "-out", f"{name}.key")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", "/CN=interop.test", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-extfile", "san.txt", "-days", "2", "-out", f"{name}.pem")


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([PEER, *arguments, "--credentials", CREDENTIALS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen) -> tuple[int, dict, str]:
    """Waits for a peer: exit code, its last JSON line, what it said on stderr."""
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"a peer hung: {out} {err}")
    lines = [line for line in out.splitlines() if line.startswith("{")]
    return process.returncode, json.loads(lines[-1]) if lines else {}, err


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        make_credentials()

    def run_pair(self, server: list[str], client: list[str]) -> tuple[dict, dict, bytes]:
        listening = start("server", *server)
        port = json.loads(listening.stdout.readline())["port"]
        relay = Relay(port, seed=len(server) + len(client))
        try:
            calling = start("client", "--port", str(relay.port), *client)
            code_c, client_says, err_c = end(calling)
            code_s, server_says, err_s = end(listening)
        finally:
            relay.close()
            for p in (listening,):
                if p.poll() is None:
                    p.kill()
                    p.communicate()
        self.assertEqual((code_c, code_s), (0, 0), f"client: {client_says} {err_c} server: {server_says} {err_s}")
        return server_says, client_says, bytes(relay.captured)

    def check(self, key: str, suite: str, hrr: bool, evidence: int) -> None:
        common = ["--key", key, "--suite", suite, "--evidence", str(evidence), "--mutual"]
        server = common + (["--groups", "P-256"] if hrr else [])
        client = common + (["--groups", "X25519:P-256"] if hrr else [])
        said_by_server, said_by_client, wire = self.run_pair(server, client)
        self.assertEqual(said_by_server["self_binder"], said_by_client["peer_binder"])
        self.assertEqual(said_by_server["peer_binder"], said_by_client["self_binder"])
        self.assertNotEqual(said_by_server["self_binder"], said_by_server["peer_binder"])
        self.assertEqual(len(bytes.fromhex(said_by_server["self_binder"])), 48 if suite.endswith("384") else 32)
        self.assertEqual(said_by_client["hello_retry_request"], hrr)
        self.assertEqual(said_by_client["echo"], "attested hello")
        self.assertNotIn(MARKER, wire)
        self.assertNotIn(bytes.fromhex(said_by_server["self_binder"]), wire)
        self.assertGreater(len(wire), 2 * evidence)

    # ---- the openssl program, which knows nothing of attestation, and an endpoint that only offers it ----

    def end_tool(self, tool: subprocess.Popen) -> str:
        try:
            out, _ = tool.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            tool.kill()
            out, _ = tool.communicate()
        return out.decode(errors="replace")

    def read_until(self, tool: subprocess.Popen, wanted: bytes) -> bytes:
        said = b""
        while wanted not in said:
            piece = os.read(tool.stdout.fileno(), 4096)
            self.assertTrue(piece, f"openssl ended after: {said!r}")
            said += piece
        return said

    def start_tool(self, *arguments: str) -> subprocess.Popen:
        tool = subprocess.Popen(["openssl", *arguments], cwd=CREDENTIALS, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(lambda: (tool.poll() is None and tool.kill(), tool.communicate() if not tool.stdout.closed else None))
        return tool

    def s_client(self, *certificate: str) -> dict:
        listening = start("server", "--offers")
        port = json.loads(listening.stdout.readline())["port"]
        tool = self.start_tool("s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", "ca.pem", "-tls1_3", "-quiet",
                               "-servername", "interop.test", "-verify_hostname", "interop.test",
                               "-verify_return_error", *certificate)
        tool.stdin.write(b"attested hello")
        tool.stdin.flush()
        self.read_until(tool, b"attested hello")  # the echo
        code, says, err = end(listening)
        self.end_tool(tool)
        self.assertEqual(code, 0, err)
        self.assertEqual(says["echo"], "attested hello")
        return says

    def test_openssl_s_client_talks_to_a_server_that_offers(self) -> None:
        for certificate in ([], ["-cert", "client-p256.pem", "-key", "client-p256.key"]):
            says = self.s_client(*certificate)
            self.assertFalse(says["attested"])
            self.assertFalse(says["self_attested"])

    def test_a_client_that_offers_talks_to_openssl_s_server(self) -> None:
        for ask in ([], ["-verify", "1"]):
            tool = self.start_tool("s_server", "-accept", "127.0.0.1:0", "-cert", "server-p256.pem", "-key",
                                   "server-p256.key", "-CAfile", "ca.pem", "-tls1_3", "-naccept", "1", *ask)
            said = self.read_until(tool, b"ACCEPT ")
            while not said.endswith(b"\n"):
                said += os.read(tool.stdout.fileno(), 4096)
            port = re.search(rb"ACCEPT \S*:(\d+)", said).group(1).decode()
            calling = start("client", "--port", port, "--offers")
            self.read_until(tool, b"attested hello")
            tool.stdin.write(b"attested hello")
            tool.stdin.flush()
            code, says, err = end(calling)
            tool.stdin.close()
            tool.kill()
            tool.wait()
            tool.stdout.close()
            self.assertEqual(code, 0, err)
            self.assertEqual(says["echo"], "attested hello")
            self.assertFalse(says["attested"])
            self.assertFalse(says["self_attested"])

    def test_the_same_endpoints_attest_to_each_other(self) -> None:
        server_says, client_says, _ = self.run_pair(["--offers"], ["--offers"])
        self.assertTrue(server_says["attested"] and client_says["attested"])


def add(key: str, suite: str, hrr: bool, evidence: int) -> None:
    name = f"test_{key}_{suite[-6:]}_{'hrr' if hrr else 'plain'}_{evidence}".replace("-", "_")
    setattr(Interop, name, lambda self: self.check(key, suite, hrr, evidence))


for _key in ("p256", "p384", "ed25519", "rsa-pss"):
    for _suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"):
        for _hrr in (False, True):
            add(_key, _suite, _hrr, 2_000)
add("p256", "TLS_AES_128_GCM_SHA256", False, 60_000)
add("p384", "TLS_AES_256_GCM_SHA384", True, 60_000)

if __name__ == "__main__":
    unittest.main(verbosity=2)
