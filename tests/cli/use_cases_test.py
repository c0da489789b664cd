"""Every use case that `init` writes works as written: check, serve, connect. And what connect and serve tell."""
import kit

PEER = ["attested", "verdict", "scheme", "timing", "model", "binder", "tee", "claims", "appraised_at", "valid_until",
        "key", "policy", "instance", "standing", "attested_again", "next_due", "identity", "reasons", "dangers"]


class UseCases:
    """The same for each kind of evidence; a class below says which."""

    tee = ""
    verdict = ""

    def start(self, use_case: str) -> None:
        self.seatls("init", "--use-case", use_case, "--tee", self.tee)
        for name in ("server.toml", "client.toml"):
            checked = self.seatls("check", name, "--json").json
            self.assertEqual((checked["ok"], checked["mistakes"]), (True, []))

    def meet(self, code: int = 0) -> tuple[dict, dict]:
        """One connection; what each side tells of it."""
        server = self.serve("server.toml", "--once", "--json")
        client = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=b"hello\n", code=code)
        if code == 0:
            self.assertEqual(client.out.splitlines()[1:], ["hello"], "the echo")
        reports = server.wait(code)
        self.assertEqual(len(reports), 1)
        for report in (client.json, reports[0]):
            if code == 0:
                self.has_shape(report)
        return client.json, reports[0]

    def has_shape(self, report: dict) -> None:
        """The contract with scripts."""
        self.assertEqual(list(report["peer"]), PEER)
        self.assertEqual(list(report["peer"]["identity"]), ["pki", "name"])
        self.assertEqual(list(report["self"]), ["role", "attested", "scheme", "binder", "requires"])
        self.assertEqual(list(report["tls"]), ["version", "cipher", "group", "resumed"])
        self.assertEqual((report["tls"]["version"], report["tls"]["resumed"]), ("TLSv1.3", False))
        for reason in report["peer"]["reasons"]:
            self.assertEqual(list(reason), ["code", "path", "detail", "fatal"])

    def is_attested(self, report: dict, scheme: str, model: str = "background-check") -> None:
        peer = report["peer"]
        self.assertEqual((peer["attested"], peer["verdict"], peer["scheme"], peer["tee"], peer["timing"], peer["model"]),
                         (True, self.verdict, scheme, scheme, "intra", model))
        self.assertRegex(peer["binder"], r"^([0-9a-f]{64}|[0-9a-f]{96})$")
        self.assertRegex(peer["appraised_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual("software evidence: development only" in peer["dangers"], scheme == "software")

    def is_nobody(self, report: dict) -> None:
        peer = report["peer"]
        self.assertEqual((peer["attested"], peer["verdict"], peer["scheme"], peer["binder"], peer["claims"]),
                         (False, "none", None, None, {}))

    def test_server_attests(self) -> None:
        self.start("server-attests")
        client, server = self.meet()
        self.is_attested(client, self.tee)
        self.assertEqual(client["peer"]["identity"], {"pki": True, "name": "127.0.0.1"})
        self.is_nobody(server)
        self.assertEqual((server["self"]["attested"], server["self"]["scheme"]), (True, self.tee))
        self.assertEqual(server["self"]["binder"], client["peer"]["binder"], "both sides derive the same binder")

    def test_mutual(self) -> None:
        self.start("mutual")
        client, server = self.meet()
        for report in (client, server):
            self.is_attested(report, self.tee)
            self.assertTrue(report["peer"]["identity"]["pki"])
        self.assertEqual(client["self"]["binder"], server["peer"]["binder"])
        self.assertNotEqual(client["self"]["binder"], client["peer"]["binder"], "each direction has its own")

    def test_optional_server(self) -> None:
        self.start("optional-server")
        client, server = self.meet()
        self.is_attested(client, self.tee)
        self.is_nobody(server)

    def test_passport(self) -> None:
        self.start("passport")
        client, _ = self.meet()
        self.is_attested(client, "result", "passport")
        self.assertRegex(client["peer"]["valid_until"], "Z$")

    def test_other_software_is_refused(self) -> None:
        """The policy names what may run; the server says something else of itself."""
        self.start("server-attests")
        if self.tee == "tpm2":
            self.change("policy.toml", "0" * 64, "1" * 64)
        else:
            self.change("server.toml", 'swname = "seatls"', 'swname = "other"')
        server = self.serve("server.toml", "--once", "--json")
        client = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=b"secret\n", code=1)
        self.assertEqual(client.json["error"]["code"], "reference_mismatch", client)
        self.assertEqual(len(client.out.splitlines()), 1)
        self.assertIn("reference_mismatch", client.err)
        self.assertEqual(server.wait(1)[0]["error"]["code"], "refused_by_peer")


class Software(UseCases, kit.Case):
    tee = "software"
    verdict = "warning"

    def test_onboarding_needs_evidence_that_proves_its_key(self) -> None:
        refused = self.seatls("init", "--use-case", "onboarding", "--tee", "software", code=2)
        self.assertIn("--tee tpm2", refused.err)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_client_without_evidence_is_refused(self) -> None:
        self.start("mutual")
        self.write("client.toml", '[endpoint]\nrole = "client"\nca = "ca.pem"\ncertificate = "client.pem"\n'
                                  'key = "client.key"\n[require]\nattestation = "off"\n')
        client, server = self.meet(code=1)
        self.assertEqual(client["error"]["code"], "refused_by_peer")
        self.assertEqual(server["error"]["code"], "attestation_required")

    def test_warning_is_refused_unless_written(self) -> None:
        self.start("server-attests")
        self.change("client.toml", 'accept = ["affirming", "warning"]', 'accept = ["affirming"]')
        server = self.serve("server.toml", "--once")
        client = self.seatls("connect", server.address, "--config", "client.toml", code=1)
        self.assertIn("tier_not_accepted", client.err)

    def test_another_name_is_refused(self) -> None:
        self.start("server-attests")
        server = self.serve("server.toml", "--once", "--json")
        client = self.seatls("connect", server.address, "--config", "client.toml", "--name", "other.example", "--json", code=1)
        self.assertEqual(client.json["error"]["code"], "identity_rejected")

    def test_for_people(self) -> None:
        """Without --json the summary goes to stderr and the data to stdout."""
        self.start("server-attests")
        server = self.serve("server.toml", "--once")
        client = self.seatls("connect", server.address, "--config", "client.toml", stdin=b"hello\n")
        self.assertEqual(client.out, "hello\n")
        for word in ("verdict", "warning", "binder", "danger"):
            self.assertIn(word, client.err)
        server.wait(0)
        self.assertTrue(server.out.startswith("listening on 127.0.0.1:"), server.out)
        self.assertIn("shows software", server.out)

    def test_a_page_with_the_verdict(self) -> None:
        self.start("mutual")
        server = self.serve("server.toml", "--http")
        page = self.seatls("connect", server.address, "--config", "client.toml", stdin=b"GET / HTTP/1.0\r\n\r\n")
        self.assertIn("200 OK", page.out)
        self.assertIn("warning", page.out)
        report = self.seatls("connect", server.address, "--config", "client.toml", "-q",
                             stdin=b"GET /report.json HTTP/1.0\r\n\r\n")
        self.assertIn('"verdict":"warning"', report.out)
        self.assertIn("404", self.seatls("connect", server.address, "--config", "client.toml",
                                         stdin=b"GET /nothing HTTP/1.0\r\n\r\n").out)

    def test_a_server_goes_on_after_a_refusal(self) -> None:
        self.start("server-attests")
        server = self.serve("server.toml", "--json")
        self.seatls("connect", server.address, "--config", "client.toml", "--name", "other.example", code=1)
        self.seatls("connect", server.address, "--config", "client.toml", stdin=b"x")
        server.end()
        self.assertEqual(server.process.returncode, 0)
        self.assertEqual([("error" in r) for r in server.reports()], [True, False])


class Tpm2(UseCases, kit.TpmCase):
    tee = "tpm2"
    verdict = "affirming"

    def test_onboarding(self) -> None:
        self.start("onboarding")
        client, server = self.meet()
        self.is_attested(server, "tpm2")
        self.assertEqual((server["peer"]["key"], server["peer"]["identity"]["pki"]), ("proven", False))
        self.is_nobody(client)
        self.assertEqual((client["self"]["attested"], client["peer"]["identity"]["pki"]), (True, True))

    def test_a_client_that_is_refused_does_not_tell_of_success(self) -> None:
        """The server judges after the client's handshake is over: it waits, and tells of the refusal."""
        self.start("onboarding")
        self.change("policy.toml", "0" * 64, "1" * 64)
        for stdin in (b"hello\n", b""):
            server = self.serve("server.toml", "--once", "--json")
            client = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=stdin, code=1)
            self.assertEqual(client.json["error"]["code"], "refused_by_peer")
            self.assertEqual(server.wait(1)[0]["error"]["code"], "reference_mismatch")


if __name__ == "__main__":
    kit.main()
