"""Attester, relying party, verifier and attacker are hosts, and the attacker carries the packets of the others. She
relays, strips, diverts and replays; each time the relying party refuses, and not a byte of its reaches her."""
import subprocess

from network_kit import PORT, SECRET, Network  # finds the others

import hosts
import kit


class Conversation(Network):
    def server(self, host: hosts.Host, config: str = "server.toml") -> None:
        self.start(host, kit.PROGRAM, "serve", "--config", config, ready="istening")

    def connect(self, config: str = "client.toml") -> tuple[int, dict]:
        done = subprocess.run(self.relying_party.inside(kit.PROGRAM, "connect", "--config", config, "--json"), input=SECRET,
                              capture_output=True, cwd=self.folder, env=self.environment, timeout=120, check=False)
        self.no_alarm(kit.tidy(done.stderr.decode()))
        lines = done.stdout.splitlines()
        self.assertTrue(lines, done)
        return done.returncode, kit.json.loads(lines[0]) | {"echoed": SECRET in done.stdout}

    def accepted(self, config: str = "client.toml") -> None:
        code, report = self.connect(config)
        self.assertEqual((code, report["peer"]["attested"], report["echoed"]), (0, True, True), report)

    def refused(self, why: str, config: str = "client.toml", exit_code: int = 1) -> None:
        code, report = self.connect(config)
        self.assertEqual((code, report["echoed"], report["error"]["code"]), (exit_code, False, why), report)


class Middle(Conversation):
    """No key is hers."""

    def test_a_router_that_carries_packets_is_no_attack(self) -> None:
        self.server(self.attester)
        self.accepted()

    def test_the_extension_is_stripped(self) -> None:
        self.server(self.attester)
        middle = self.middle("strip", 9000)
        self.router.divert(self.there, PORT, "9000")
        # The server sees an honest client without attestation; the two do not agree on what was said.
        self.refused("handshake_not_verified")
        self.assertEqual(middle.stdout.readline(), "stripped\n")
        self.router.relent()
        self.accepted()

    def test_an_honest_connection_is_played_again(self) -> None:
        self.server(self.attester)
        self.middle("record", 9000, "kept")
        self.router.divert(self.there, PORT, "9000")
        self.accepted()
        self.router.relent()
        self.assertGreater((self.folder / "kept").stat().st_size, 1000)
        self.middle("replay", 9001, "kept")
        self.router.divert(self.there, PORT, "9001")
        self.refused("handshake_not_verified")


class StolenKey(Conversation):
    """She can use the server's TLS key, and every certificate of its."""

    def test_evidence_is_relayed(self) -> None:
        self.server(self.attester)
        mallory = self.mallory()
        self.router.divert(self.there, PORT, "9000")
        self.refused("binder_mismatch")
        told = next(line for line in mallory.stdout if line.startswith(("refused: ", "taken in")))
        self.assertTrue(told.startswith("refused: "), "she learns an alert, and no more")
        self.router.relent()
        self.accepted()

    def test_connections_are_diverted_to_a_machine_of_hers(self) -> None:
        other = self.host(hosts.Host())
        address = self.router.join(other)
        self.server(self.attester)
        self.seatls("key", "create", "-o", "hers.key")
        self.write("hers.toml", (self.folder / "server.toml").read_text().replace('"attester.key"', '"hers.key"'))
        self.server(other, "hers.toml")
        self.router.divert(self.there, PORT, f"{address}:{PORT}")
        self.refused("untrusted_attestation_key")
        self.router.relent()
        self.accepted()

    def test_a_machine_of_hers_without_attestation(self) -> None:
        other = self.host(hosts.Host())
        address = self.router.join(other)
        self.write("bare.toml", (self.folder / "server.toml").read_text().split("[attest]")[0])
        self.server(other, "bare.toml")
        self.router.divert(self.there, PORT, f"{address}:{PORT}")
        self.refused("attestation_required")


class RemoteVerifier(Conversation):
    """The relying party asks a verifier, and the way there is hers, too."""

    def setUp(self) -> None:
        super().setUp()
        self.verifier = self.host(hosts.Host())
        self.judge_address = self.router.join(self.verifier)
        self.seatls("init", "--tee", "software", "--name", self.judge_address, "-q", "--dir", "verifier")
        self.seatls("key", "create", "-o", "verifier/results.key")
        self.write("verifier/results.pem", self.seatls("key", "show", "--public", "verifier/results.key").out)
        for name in ("attester.pem", "policy.toml"):
            self.write(f"verifier/{name}", (self.folder / name).read_text())
        self.judge_config("verifier.toml", "results.key")
        self.write("remote.toml", f"""[endpoint]
role = "client"
connect = "{self.there}:{PORT}"
ca = "ca.pem"
[require]
schemes = ["software"]
accept = ["affirming", "warning"]
[verifier]
url = "https://{self.judge_address}:{PORT}"
name = "verifier.example"
key = "verifier/results.pem"
ca = "verifier/ca.pem"
[danger]
software_evidence = true
""")
        self.server(self.attester)

    def judge_config(self, name: str, key: str) -> None:
        self.write(f"verifier/{name}", f"""[endpoint]
role = "server"
listen = "0.0.0.0:{PORT}"
certificate = "server.pem"
key = "server.key"
[service]
store = "memory:"
signing_key = "{key}"
issuer = "verifier.example"
policy = "policy.toml"
""")

    def judge(self, host: hosts.Host, config: str = "verifier.toml") -> subprocess.Popen:
        return self.start(host, kit.PROGRAM, "verifier", "--config", f"verifier/{config}", ready="istening")

    def test_its_verdict_counts(self) -> None:
        self.judge(self.verifier)
        self.accepted("remote.toml")

    def test_nobody_answers(self) -> None:
        self.refused("verifier_unavailable", "remote.toml", 3)

    def test_a_verifier_of_hers_signs_with_another_key(self) -> None:
        """She can even use the TLS key of the genuine one."""
        other = self.host(hosts.Host())
        address = self.router.join(other)
        self.judge(self.verifier)
        self.seatls("key", "create", "-o", "verifier/hers.key")
        self.judge_config("hers.toml", "hers.key")
        self.judge(other, "hers.toml")
        self.router.divert(self.judge_address, PORT, f"{address}:{PORT}")
        self.refused("signature_invalid", "remote.toml")
        self.router.relent()
        self.accepted("remote.toml")


del Conversation, Network


if __name__ == "__main__":
    kit.main()
