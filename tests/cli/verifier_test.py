"""The verifier service as its operator and its clients meet it: a process, TLS, HTTP, signals."""
import base64
import hashlib
import http.client
import json
import signal
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor

import kit

TOKEN = "a token"
SESSION = "application/vnd.veraison.challenge-response-session+json"


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der_of(fixed: bytes) -> bytes:
    """r and s of the same width, as Ecdsa-Sig-Value."""
    def integer(b: bytes) -> bytes:
        b = b.lstrip(b"\0") or b"\0"
        b = b"\0" + b if b[0] > 0x7f else b
        return bytes([2, len(b)]) + b
    both = integer(fixed[:len(fixed) // 2]) + integer(fixed[len(fixed) // 2:])
    return bytes([0x30, len(both)]) + both


class Service(kit.Daemon):
    """A `seatls verifier`."""

    def __init__(self, case: "VerifierCase", config: str = "verifier.toml", **more) -> None:
        super().__init__(case, "verifier", config, **more)

    @property
    def port(self) -> int:
        return int(self.hello["address"].rsplit(":", 1)[1])

    def connect(self) -> http.client.HTTPSConnection:
        trust = ssl.create_default_context(cafile=str(self.case.folder / "ca.pem"))
        return http.client.HTTPSConnection("localhost", self.port, context=trust, timeout=60)

    def ask(self, method: str, path: str, body: bytes | None = None, connection=None, **headers) -> tuple:
        """Status, headers, and the body as JSON, or as text."""
        own = connection or self.connect()
        try:
            own.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = own.getresponse()
            content = answer.read()
        finally:
            if connection is None:
                own.close()
        kind = answer.headers.get("Content-Type", "")
        return answer.status, answer.headers, json.loads(content) if "json" in kind else content.decode()

    def administer(self, method: str, path: str, body: bytes | None = None, **headers) -> tuple:
        return self.ask(method, path, body, Authorization="Bearer " + TOKEN, **headers)


class VerifierCase(kit.Case):
    STORE = "sqlite:verifier.db"

    def setUp(self) -> None:
        super().setUp()
        self.seatls("init", "--use-case", "passport", "--tee", "software", "-q")
        self.seatls("key", "create", "-o", "results.key")
        self.write("admins", "# tokens\nsha256:" + hashlib.sha256(TOKEN.encode()).hexdigest() + "\n")
        self.configure()

    def configure(self, name: str = "verifier.toml", more: str = "", endpoint: str = "", **service) -> None:
        keys = {"signing_key": "results.key", "issuer": "verifier.example", "policy": "verifier-policy.toml",
                "store": self.STORE, "administrators": "admins", "operations": "127.0.0.1:0", **service}
        lines = "".join(f"{k} = {json.dumps(v)}\n" for k, v in keys.items() if v is not None)
        self.write(name, '[endpoint]\nrole = "server"\nlisten = "127.0.0.1:0"\ncertificate = "server.pem"\nkey = "server.key"\n'
                         f"{endpoint}\n[service]\n{lines}\n{more}")

    def evidence(self, nonce: bytes) -> bytes:
        self.write("issue.toml", '[endpoint]\nrole = "server"\ncertificate = "server.pem"\nkey = "server.key"\n'
                                 '[attest]\nattester = "software"\nkey = "attester.key"\n')
        name = f"evidence-{nonce.hex()[:16]}.cmw"
        self.seatls("attest", "--config", "issue.toml", "--binder", nonce.hex(), "-o", name, "--force")
        return (self.folder / name).read_bytes()

    def result(self, service: Service, **kwargs) -> str:
        """A whole conversation; what the verifier signed."""
        status, headers, session = service.ask("POST", "/challenge-response/v1/newSession?nonceSize=32", Accept=SESSION, **kwargs)
        self.assertEqual(status, 201, session)
        nonce = base64.b64decode(session["nonce"])
        where = "/challenge-response/v1/" + headers["Location"]
        status, _, session = service.ask("POST", where, self.evidence(nonce), Content_Type="application/cmw+cbor")
        self.assertEqual((status, session["status"]), (200, "complete"), session)
        return session["result"]

    def judge(self, service: Service, **kwargs) -> dict:
        return json.loads(decoded(self.result(service, **kwargs).split(".")[1]))


class Conversations(VerifierCase):
    def test_a_result_is_given_and_verifies(self) -> None:
        service = Service(self)
        claims = self.judge(service)
        self.assertEqual((claims["eat_profile"], claims["iss"]), ("tag:github.com,2023:veraison/ear", "verifier.example"))
        self.assertEqual(claims["submods"]["software"]["ear.status"], "warning")
        status, headers, discovery = service.ask("GET", "/.well-known/veraison/verification")
        self.assertEqual((status, headers["Cache-Control"]), (200, "max-age=60"))
        self.assertEqual(discovery["api-endpoints"], {"newChallengeResponseSession": "/challenge-response/v1/newSession"})
        self.assertEqual(discovery["attestation-schemes"], ["software"])
        service.until(lambda: len(service.lines) >= 3)
        for line in service.lines:
            self.assertEqual(line["event"], "answered")
            self.assertRegex(line["id"], "^[0-9a-f]{16}$")
            self.assertNotIn("127.0.0.1", json.dumps(line), "no client is in the log")
        self.assertEqual(headers["X-Request-Id"], service.lines[2]["id"])
        service.stop()

    def test_many_at_once(self) -> None:
        service = Service(self)
        nonces = [bytes([n]) * 32 for n in range(16)]
        evidence = [self.evidence(n) for n in nonces]

        def one(n: int) -> tuple:
            connection = service.connect()
            query = base64.urlsafe_b64encode(nonces[n]).decode().rstrip("=")
            _, headers, _ = service.ask("POST", f"/challenge-response/v1/newSession?nonce={query}", connection=connection)
            _, _, session = service.ask("POST", "/challenge-response/v1/" + headers["Location"], evidence[n], connection,
                                        Content_Type="application/cmw+cbor")
            connection.close()
            return session["status"]

        with ThreadPoolExecutor(16) as pool:
            self.assertEqual(list(pool.map(one, range(16))), ["complete"] * 16)
        service.stop()

    def test_the_service_attests_itself(self) -> None:
        """Attested TLS: the verifier shows what it runs, and asks the same of its clients."""
        self.configure(more='[attest]\nattester = "software"\nkey = "attester.key"\n')
        service = Service(self)
        self.seatls("key", "show", "attester.key", "--json")
        claims = self.judge(service)  # a client that knows nothing of attestation is served
        self.assertEqual(claims["submods"]["software"]["ear.status"], "warning")
        service.stop()


class Operation(VerifierCase):
    def test_probes_and_figures(self) -> None:
        service = Service(self)
        self.assertEqual(service.operations("/live"), (200, "live\n"))
        self.assertEqual(service.operations("/ready"), (200, "ready\n"))
        self.judge(service)
        status, figures = service.operations("/metrics")
        self.assertEqual(status, 200)
        self.assertIn('seatls_verifier_verdicts_total{scheme="software",tier="warning"} 1', figures)
        self.assertIn('route="POST /challenge-response/v1/session/{id}"', figures)
        self.assertEqual(service.operations("/else")[0], 404)
        self.assertEqual(service.ask("GET", "/metrics")[0], 404, "clients do not see them")
        service.stop()

    def test_not_ready_without_a_policy(self) -> None:
        self.configure(policy=None)
        service = Service(self)
        self.assertEqual(service.operations("/ready"), (503, "no policy is active\n"))
        status, headers, _ = service.ask("POST", "/challenge-response/v1/newSession")
        self.assertEqual((status, headers["Retry-After"]), (503, "60"))
        service.stop()

    def test_reload(self) -> None:
        """Keys and policies change on SIGHUP; a configuration with a mistake changes nothing."""
        service = Service(self)
        first = service.ask("GET", "/.well-known/jwks.json")[2]["keys"]
        self.judge(service)
        self.seatls("key", "create", "-o", "other.key")
        self.configure(signing_key="other.key")
        service.process.send_signal(signal.SIGHUP)
        service.until(lambda: "read anew" in service.errors)
        second = service.ask("GET", "/.well-known/jwks.json")[2]["keys"]
        self.assertEqual(len(second), 2)
        self.assertIn(first[0], second, "results of before still verify")
        self.configure(signing_key="nothing.key")
        service.process.send_signal(signal.SIGHUP)
        service.until(lambda: "stays as it was" in service.errors)
        self.assertEqual(service.ask("GET", "/.well-known/jwks.json")[2]["keys"], second)
        self.judge(service)
        self.assertIn('seatls_verifier_reloads_total{result="bad"} 1', service.operations("/metrics")[1])
        service.stop()

    def test_a_tpm_signs_results(self) -> None:
        """The key is a file that one TPM alone can load; it takes over from a key of a file, and back."""
        if kit.Tpm.missing():
            self.skipTest(f"needs {kit.Tpm.missing()}")
        tpm = kit.Tpm()
        self.addCleanup(tpm.end)
        self.seatls("key", "create", "--tpm", "--tcti", tpm.tcti, "-o", "tpm.key")
        service = Service(self)
        of_file = service.ask("GET", "/.well-known/veraison/verification")[2]["ear-verification-key"]
        self.configure(signing_key="tpm.key", tcti=tpm.tcti)
        service.process.send_signal(signal.SIGHUP)
        service.until(lambda: "read anew" in service.errors)
        of_tpm = service.ask("GET", "/.well-known/veraison/verification")[2]["ear-verification-key"]
        self.assertNotEqual(of_tpm["kid"], of_file["kid"])
        self.assertEqual(service.ask("GET", "/.well-known/jwks.json")[2]["keys"], [of_tpm, of_file])
        header, payload, signature = self.result(service).split(".")
        self.assertEqual(json.loads(decoded(header)), {"alg": "ES256", "kid": of_tpm["kid"], "typ": "JWT"})
        public = self.seatls("key", "show", "--public", "tpm.key", "--tcti", tpm.tcti).out
        self.write("tpm.pem", public)
        (self.folder / "signature").write_bytes(der_of(decoded(signature)))
        verified = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "tpm.pem", "-signature", "signature"],
                                  input=f"{header}.{payload}".encode(), cwd=self.folder, capture_output=True)
        self.assertEqual(verified.returncode, 0, verified)
        service.stop()
        self.configure(signing_key="tpm.key", tcti=f"swtpm:host=127.0.0.1,port={kit.free_ports()}")
        self.assertEqual(self.mistakes("verifier.toml", code=3)[0]["key"], "service.signing_key", "it is not there")
        self.configure(tcti=tpm.tcti)
        self.assertEqual(self.mistakes("verifier.toml")[0]["key"], "service.tcti", "a TPM that nobody asks")

    def test_the_supervisor_is_told(self) -> None:
        where = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(where)
            supervisor.settimeout(60)
            service = Service(self, environment={"NOTIFY_SOCKET": where})
            self.assertEqual(supervisor.recv(100), b"READY=1")
            service.process.send_signal(signal.SIGTERM)
            self.assertEqual(supervisor.recv(100), b"STOPPING=1")
            service.wait()

    def test_mistakes(self) -> None:
        for change, key in (({"signing_key": None}, "service.signing_key"), ({"store": "mysql://x"}, "service.store"),
                            ({"signing_key": "none"}, "service.signing_key"), ({"policy": "none.toml"}, ""),
                            ({"result_lifetime": "1s"}, "service.result_lifetime"), ({"sessions": 0}, "service.sessions"),
                            ({"results": "other"}, "service.results"), ({"operations": "nowhere"}, "service.operations"),
                            ({"administrators": "results.key"}, "service.administrators"), ({"stor": "x"}, "service.stor")):
            with self.subTest(change=change):
                self.configure(**change)
                found = self.mistakes("verifier.toml")
                self.assertEqual(found[0]["key"], key, found)
                self.assertTrue(found[0]["remedy"])
        self.configure()
        self.assertEqual(self.seatls("check", "verifier.toml").code, 0)
        self.seatls("verifier", "--config", "server.toml", code=2)


class Storage(VerifierCase):
    def test_nothing_acknowledged_is_lost(self) -> None:
        """A service that is killed knows afterwards what it had answered: sessions, spent nonces, policies, keys, verdicts."""
        service = Service(self)
        policy = (self.folder / "verifier-policy.toml").read_text()
        claims = self.judge(service)
        status, headers, _ = service.ask("POST", "/challenge-response/v1/newSession?nonce=" + "A" * 43)
        self.assertEqual(status, 201)
        waiting = "/challenge-response/v1/" + headers["Location"]
        keys = service.ask("GET", "/.well-known/jwks.json")[2]
        service.kill()

        service = Service(self)
        self.assertEqual(service.ask("POST", "/challenge-response/v1/newSession?nonce=" + "A" * 43)[0], 409)
        status, _, session = service.ask("POST", waiting, self.evidence(bytes(32)), Content_Type="application/cmw+cbor")
        self.assertEqual((status, session["status"]), (200, "complete"))
        self.assertEqual(service.ask("GET", "/.well-known/jwks.json")[2], keys)
        verdicts = service.administer("GET", "/management/v1/verdicts")[2]["verdicts"]
        self.assertEqual(len(verdicts), 2)
        self.assertEqual(verdicts[1]["evidence"],
                         base64.urlsafe_b64decode(claims["seatls_evidence_digest"] + "=").hex())
        self.assertTrue(policy)
        service.stop()


if __name__ == "__main__":
    kit.main()
