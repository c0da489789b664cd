"""Attestation after the handshake: timing, re-attestation, operations that demand fresh evidence, refusals on an
open connection, and peers that do not speak seatls/1."""
import json
import subprocess
import time

import kit
import openssl_test


class Talk:
    """A `seatls connect` that is talked with, and ended by its process id."""

    def __init__(self, case: kit.Case, *arguments: str) -> None:
        self.case = case
        self.process = subprocess.Popen([kit.PROGRAM, "connect", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=case.folder, env=case.environment)
        case.addCleanup(self.end)

    def say(self, text: str) -> None:
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def line(self) -> str:
        line = self.process.stdout.readline().decode()
        if not line:
            self.case.fail("it ended: " + kit.tidy(self.process.stderr.read().decode(errors="replace")))
        return line

    def finish(self, code: int) -> str:
        """What it said last; its stderr is looked at for alarms."""
        out, err = self.process.communicate(timeout=60)
        said = kit.tidy(err.decode(errors="replace"))
        self.case.no_alarm(said)
        self.case.assertEqual(self.process.returncode, code, out.decode() + said)
        return out.decode() + said

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Timing(kit.Case):
    """`timing` of either side, by configuration alone."""

    def setUp(self) -> None:
        super().setUp()
        self.seatls("init", "--use-case", "mutual", "--tee", "software", "-q")

    def times(self, client: str, server: str) -> None:
        for name, timing in (("client.toml", client), ("server.toml", server)):
            text = "".join(line for line in (self.folder / name).read_text().splitlines(True) if not line.startswith("timing"))
            self.write(name, text.replace("[require]", f'[require]\ntiming = "{timing}"\n#', 1))

    def test_each_with_each(self) -> None:
        for client_timing in ("intra", "post", "hybrid"):
            for server_timing in ("intra", "post", "hybrid"):
                with self.subTest(client=client_timing, server=server_timing):
                    self.times(client_timing, server_timing)
                    server = self.serve("server.toml", "--once", "--json")
                    # A client that keeps out of the handshake meets a server that asks it to attest there.
                    refused = client_timing == "post" and server_timing != "post"
                    client = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=b"hello\n",
                                         code=1 if refused else 0)
                    told = server.wait(1 if refused else 0)
                    if refused:
                        self.assertEqual(told[0]["error"]["code"], "attestation_required")
                        continue
                    self.assertEqual(client.out.splitlines()[1:], ["hello"])
                    for report, timing in ((client.json, client_timing), (told[0], server_timing)):
                        peer = report["peer"]
                        self.assertEqual((peer["attested"], peer["verdict"], peer["timing"], peer["standing"]),
                                         (True, "warning", timing, "trusted"))
                        self.assertEqual(peer["attested_again"], 0 if timing == "intra" else 1)
                    if client_timing == server_timing == "intra":
                        self.assertEqual(client.json["self"]["binder"], told[0]["peer"]["binder"])

    def test_an_attested_key_alone(self) -> None:
        """`attested-key` with timing `post`: the handshake leaves the certificate to the evidence that comes later."""
        self.times("post", "post")
        self.change("client.toml", "[require]", '[require]\nidentity = "attested-key"\n#')
        text = (self.folder / "client.toml").read_text()
        self.write("client.toml", "".join(line for line in text.splitlines(True) if not line.startswith('identity = "pki')))
        found = self.mistakes("client.toml")
        self.assertEqual(found[0]["key"], "require.identity", "software evidence proves no key: check says so")

    def test_attested_again_and_again(self) -> None:
        self.times("hybrid", "hybrid")
        for name in ("client.toml", "server.toml"):
            self.change(name, "[require]", '[require]\nreattest = "1s"')
        server = self.serve("server.toml", "--once", "--json")
        client = Talk(self, server.address, "--config", "client.toml", "--json")
        first = json.loads(client.line())["peer"]
        self.assertRegex(first["next_due"], r"^\d{4}-")
        time.sleep(3.5)
        client.say("still here\n")
        self.assertEqual(client.line(), "still here\n")
        client.process.stdin.close()
        client.process.stdin = None
        client.finish(0)
        told = server.wait(0)
        self.assertEqual([r["event"] for r in told], ["accepted"] + ["changed"] * (len(told) - 1))
        self.assertGreaterEqual(len(told), 3)
        self.assertEqual([r["peer"]["attested_again"] for r in told], list(range(1, len(told) + 1)))
        binders = {r["peer"]["binder"] for r in told}
        self.assertEqual(len(binders), len(told), "no evidence is shown twice")

    def test_an_operation_demands_fresh_evidence(self) -> None:
        self.times("intra", "intra")
        server = self.serve("server.toml", "--once", "--json")
        client = Talk(self, server.address, "--config", "client.toml", "--fresh", "1ms")
        for number in range(4):
            client.say(f"order {number}\n")
            self.assertEqual(client.line(), f"order {number}\n")
            time.sleep(0.01)  # evidence of this moment would be fresh enough for the next order
        client.process.stdin.close()
        client.process.stdin = None
        self.assertGreaterEqual(client.finish(0).count("attested again"), 3, "once for each order but the first")
        server.wait(0)

    def test_a_profile_for_deployed_peers(self) -> None:
        """Label, extension number and body differ by configuration alone; two profiles do not understand each other."""
        self.times("hybrid", "intra")
        for name in ("client.toml", "server.toml"):
            text = (self.folder / name).read_text()
            self.write(name, text + '\n[post]\nprofile = "deployed-ff00"\nlabel = "Another"\nbody = "cbor"\n')
        server = self.serve("server.toml", "--once", "--json")
        client = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=b"hello\n")
        self.assertEqual((client.json["peer"]["timing"], client.out.splitlines()[1:]), ("hybrid", ["hello"]))
        server.wait(0)
        self.change("server.toml", '"Another"', '"Yet another"')
        server = self.serve("server.toml", "--once", "--json")
        client = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=b"hello\n", code=1)
        self.assertEqual(client.json["error"]["code"], "binder_mismatch")
        self.assertEqual(server.wait(1)[0]["error"]["code"], "refused_by_peer")


class InteractivePassport(kit.Case):
    """[experimental]: a result that is shown again and again counts only with the keK that it names."""

    BINDER = "5a" * 32

    def setUp(self) -> None:
        super().setUp()
        self.seatls("init", "--use-case", "passport", "--tee", "software", "-q")
        self.switch = "\n[experimental]\ninteractive_passport = true\n"
        self.server_text = (self.folder / "server.toml").read_text()
        self.client_text = (self.folder / "client.toml").read_text()

    def issue(self, kek: str) -> None:
        """The verifier's result of evidence that names a keK, or none."""
        named = f'kek = "{kek}"\n' if kek else ""
        self.write("issue.toml", '[endpoint]\nrole = "server"\ncertificate = "server.pem"\nkey = "server.key"\n'
                                 f'[attest]\nattester = "software"\nkey = "attester.key"\n{named}' + (self.switch if kek else ""))
        self.seatls("attest", "--config", "issue.toml", "--binder", self.BINDER, "-o", "evidence.cmw", "--force")
        self.seatls("appraise", "evidence.cmw", "--binder", self.BINDER, "--policy", "verifier-policy.toml", "--tik",
                    "server.pem", "--sign", "verifier.key", "--lifetime", "1h", "-o", "server.ear", "--force")

    def meet(self, timing: str, held: str, code: int = 0, demand: bool = True) -> dict:
        """What the client says of a server that holds this keK, or none."""
        own = f'kek = "{held}"\n' if held else ""
        self.write("server.toml", self.server_text.replace("[attest] ", own and f"[attest]\n{own}#" or "[attest] ", 1) +
                   (self.switch if held else ""))
        self.write("client.toml", self.client_text.replace("[require] ", f'[require]\ntiming = "{timing}"\n#', 1) +
                   (self.switch if demand else ""))
        server = self.serve("server.toml", "--once", "--json")
        client = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=b"hello\n", code=code)
        server.wait(code)
        self.assertEqual(client.out.splitlines()[1:], [] if code else ["hello"])
        return client.json

    def test_holder_and_thief(self) -> None:
        for name in ("kek.key", "other.key"):
            self.seatls("key", "create", "-o", name)
        self.issue("kek.key")
        self.assertIn("seatls_kek", self.seatls("inspect", "server.ear", "--json").out)
        for timing in ("hybrid", "post"):
            with self.subTest(timing=timing):
                peer = self.meet(timing, "kek.key")["peer"]
                self.assertEqual((peer["scheme"], peer["standing"], peer["attested_again"]), ("result", "trusted", 1))
                # Whoever has the result and the TLS key alone, or another keK besides.
                self.assertEqual(self.meet(timing, "", code=1)["error"]["code"], "possession_unproven")
                self.assertEqual(self.meet(timing, "other.key", code=1)["error"]["code"], "attestation_required")
                self.assertEqual(self.meet(timing, "", demand=False)["peer"]["standing"], "trusted")

    def test_a_result_without_a_kek(self) -> None:
        self.seatls("key", "create", "-o", "kek.key")
        self.issue("")
        self.assertEqual(self.meet("hybrid", "kek.key", code=1)["error"]["code"], "possession_unproven")

    def test_mistakes(self) -> None:
        self.seatls("key", "create", "-o", "kek.key")
        self.seatls("key", "create", "--type", "ed25519", "-o", "odd.key")
        with_kek = self.server_text.replace("[attest] ", '[attest]\nkek = "kek.key"\n#', 1)
        for name, text, key, what in (
                ("server.toml", with_kek, "attest.kek", "off"),
                ("server.toml", with_kek.replace("kek.key", "odd.key") + self.switch, "attest.kek", "P-256"),
                ("server.toml", with_kek.replace("kek.key", "none.key") + self.switch, "attest.kek", "none.key"),
                ("server.toml", self.server_text + self.switch, "experimental.interactive_passport", "keK"),
                ("client.toml", self.client_text + self.switch, "experimental.interactive_passport", "timing")):
            with self.subTest(key=key, what=what):
                self.write(name, text)
                found = self.mistakes(name)[0]
                self.assertEqual(found["key"], key)
                self.assertIn(what, found["what"] + found["remedy"])


class Strangers(kit.Case):
    """Peers that know nothing of seatls/1 are refused where attestation comes after the handshake."""

    def setUp(self) -> None:
        super().setUp()
        self.seatls("init", "--use-case", "mutual", "--tee", "software", "-q")
        for name in ("client.toml", "server.toml"):
            self.change(name, "[require]", '[require]\ntiming = "post"')

    def test_a_server_without_it(self) -> None:
        port = kit.free_ports()
        server = openssl_test.Talk(self, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "server.pem", "-key", "server.key")
        server.wait_for("ACCEPT")
        client = self.seatls("connect", f"localhost:{port}", "--config", "client.toml", "--json", stdin=b"secret\n", code=1)
        self.assertEqual(client.json["error"]["code"], "attestation_required")
        self.assertNotIn("secret", server.said)

    def test_clients_without_it(self) -> None:
        for protocols in ([], ["-alpn", "h2"]):
            with self.subTest(protocols=protocols):
                server = self.serve("server.toml", "--once", "--json")
                client = openssl_test.Talk(self, "s_client", "-connect", server.address, "-CAfile", "ca.pem", "-cert", "client.pem",
                                           "-key", "client.key", *protocols)
                client.wait_for(r"\[ended\]|no application protocol|closed" if protocols else r"\[ended\]|closed")
                self.assertEqual(server.wait(1)[0]["error"]["code"], "attestation_required")
                if protocols:
                    self.assertIn("number 120", client.said)


class Tpm2(kit.TpmCase):
    """A machine that changes while a connection is open."""

    def test_both_ends_learn_of_the_refusal(self) -> None:
        self.seatls("init", "--use-case", "server-attests", "--tee", "tpm2", "-q")
        self.change("client.toml", "[require]", '[require]\ntiming = "hybrid"')
        server = self.serve("server.toml", "--once", "--json")
        client = Talk(self, server.address, "--config", "client.toml", "--fresh", "1ms")
        client.say("order 1\n")
        self.assertEqual(client.line(), "order 1\n")
        subprocess.run(["tpm2_pcrextend", "4:sha256=" + "ab" * 32], check=True, timeout=60, capture_output=True,
                       env={**self.environment, "TPM2TOOLS_TCTI": self.tpm.tcti})
        client.say("order 2\n")
        said = client.finish(1)
        self.assertIn("reference_mismatch", said)
        self.assertNotIn("order 2", said)
        told = server.wait(1)
        self.assertEqual((told[-1]["event"], told[-1]["error"]["code"]), ("lost", "refused_by_peer"))


if __name__ == "__main__":
    kit.main()
