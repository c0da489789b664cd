"""Unmodified `openssl s_client` and `s_server` and endpoints that only offer attestation; and what becomes of
them where it is required."""
import re
import subprocess
import threading

import kit


class Talk:
    """An openssl program that is talked with, and ended by its process id."""

    def __init__(self, case: kit.Case, *arguments: str) -> None:
        self.process = subprocess.Popen(["openssl", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=case.folder)
        self.said = ""
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        case.addCleanup(self.end)

    def _read(self) -> None:
        while data := self.process.stdout.read1(65536):
            with self.changed:
                self.said += data.decode(errors="replace")
                self.changed.notify_all()
        with self.changed:
            self.said += "\n[ended]\n"
            self.changed.notify_all()

    def wait_for(self, pattern: str) -> re.Match:
        found = None

        def there() -> bool:
            nonlocal found
            found = re.search(pattern, self.said)
            return found is not None or "[ended]" in self.said

        with self.changed:
            self.changed.wait_for(there, timeout=30)
        if found is None:
            raise AssertionError(f"openssl did not say {pattern}: {self.said}")
        return found

    def say(self, text: str) -> None:
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(timeout=10)
        self.process.stdin.close()
        self.process.stdout.close()


class Client(kit.Case):
    """openssl s_client and `seatls serve`."""

    def talk(self, server: kit.Server, *options: str) -> Talk:
        return Talk(self, "s_client", "-connect", server.address, "-CAfile", "ca.pem", "-verify_return_error",
                    "-verify_hostname", "localhost", "-brief", *options)

    def test_is_served_where_attestation_is_optional(self) -> None:
        self.seatls("init", "--tee", "software", "--use-case", "optional-server", "-q")
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
            server = self.serve("server.toml", "--once", "--json")
            talk = self.talk(server, "-ciphersuites", suite)
            talk.wait_for("Verification: OK")
            talk.say("hello from openssl\n")
            talk.wait_for("hello from openssl")
            talk.end()
            report = server.wait(0)[0]
            self.assertEqual((report["peer"]["attested"], report["peer"]["verdict"], report["self"]["attested"]),
                             (False, "none", False))
            self.assertEqual(report["tls"]["cipher"], suite)

    def test_is_known_by_its_certificate_if_it_has_one(self) -> None:
        self.seatls("init", "--tee", "software", "--use-case", "optional-server", "-q")
        self.seatls("init", "--tee", "software", "--use-case", "mutual", "--dir", "other", "-q")
        self.change("server.toml", 'ca = "ca.pem"', 'ca = "other/ca.pem"')
        server = self.serve("server.toml", "--once", "--json")
        talk = self.talk(server, "-cert", "other/client.pem", "-key", "other/client.key")
        talk.wait_for("Verification: OK")
        talk.say("hello\n")
        talk.wait_for("hello")
        talk.end()
        peer = server.wait(0)[0]["peer"]
        self.assertEqual((peer["attested"], peer["identity"]), (False, {"pki": True, "name": "CN=client"}))

    def test_is_served_where_nothing_is_demanded(self) -> None:
        self.seatls("init", "--tee", "software", "-q")
        server = self.serve("server.toml", "--once", "--json")
        talk = self.talk(server)
        talk.wait_for("Verification: OK")
        talk.say("hello\n")
        talk.wait_for("hello")
        talk.end()
        server.wait(0)

    def test_is_refused_where_attestation_is_required(self) -> None:
        self.seatls("init", "--tee", "software", "--use-case", "mutual", "-q")
        server = self.serve("server.toml", "--once", "--json")
        talk = self.talk(server, "-cert", "client.pem", "-key", "client.key")
        talk.wait_for(r"alert number (40|116)")
        self.assertEqual(server.wait(1)[0]["error"]["code"], "attestation_required")


class Server(kit.Case):
    """openssl s_server and `seatls connect`."""

    def listen(self, *options: str) -> str:
        talk = Talk(self, "s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key", "-rev",
                    "-naccept", "1", *options)
        return f"127.0.0.1:{talk.wait_for(r'ACCEPT .*:([0-9]+)').group(1)}"

    def test_is_accepted_where_attestation_is_optional(self) -> None:
        self.seatls("init", "--tee", "software", "--use-case", "optional-server", "-q")
        for options, group in (([], "x25519"), (["-groups", "P-384"], "secp384r1"),  # the second one: HelloRetryRequest
                               (["-ciphersuites", "TLS_AES_128_GCM_SHA256"], "x25519"), (["-num_tickets", "0"], "x25519")):
            told = self.seatls("connect", self.listen(*options), "--config", "client.toml", "--json", stdin=b"hello\n")
            self.assertEqual(told.out.splitlines()[1:], ["olleh"])
            self.assertEqual((told.json["peer"]["attested"], told.json["peer"]["verdict"], told.json["tls"]["group"]),
                             (False, "none", group))
            self.assertTrue(told.json["peer"]["identity"]["pki"])

    def test_is_refused_where_attestation_is_required(self) -> None:
        self.seatls("init", "--tee", "software", "-q")
        told = self.seatls("connect", self.listen(), "--config", "client.toml", "--json", stdin=b"secret\n", code=1)
        self.assertEqual(told.json["error"]["code"], "attestation_required")

    def test_of_an_older_tls_is_refused(self) -> None:
        self.seatls("init", "--tee", "software", "--use-case", "optional-server", "-q")
        told = self.seatls("connect", self.listen("-tls1_2"), "--config", "client.toml", "--json", code=1)
        self.assertIn(told.json["error"]["code"], ("protocol_version", "refused_by_peer"))

    def test_of_another_authority_is_refused(self) -> None:
        self.seatls("init", "--tee", "software", "--use-case", "optional-server", "-q")
        self.seatls("init", "--tee", "software", "--dir", "other", "-q")
        self.change("client.toml", 'ca = "ca.pem"', 'ca = "other/ca.pem"')
        told = self.seatls("connect", self.listen(), "--config", "client.toml", "--json", code=1)
        self.assertEqual(told.json["error"]["code"], "identity_rejected")


if __name__ == "__main__":
    kit.main()
