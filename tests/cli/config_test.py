"""Wrong configurations: every mistake at once, each with its line, its key and a remedy; and nothing starts."""
import kit


class Mistakes(kit.Case):
    def test_several_at_once(self) -> None:
        self.write("server.toml", '\n'.join([
            '[endpoint]',
            'role = "sever"',                   # 2
            'listen = "8443"',                  # 3
            'certifcate = "server.pem"',        # 4
            'key = "none.key"',                 # 5
            'suites = "TLS_AES_128_GCM_SHA256"',  # 6
            'extension_type = 99999',           # 7
            'credential_timeout = "soon"',      # 8
            '[atest]',                          # 9
            'attester = "tpm2"',
            '[require]',                        # 11
            'identity = "pki"',                 # 12
            'accept = ["contraindicated"]',     # 13
            'policy = "none.toml"',             # 14
            'timing = "late"',                  # 15
        ]) + "\n")
        found = self.mistakes("server.toml")
        told = {m["key"]: m for m in found}
        for key, line, remedy in (("endpoint.role", 2, '"server"'), ("endpoint.listen", 3, "HOST:PORT"),
                                  ("endpoint.certifcate", 4, '"certificate"'), ("endpoint.suites", 6, "list of texts"),
                                  ("endpoint.extension_type", 7, "65535"), ("endpoint.credential_timeout", 8, "10s"),
                                  ("atest", 9, "[attest]"), ("require.identity", 12, "pki+attested"),
                                  ("require.accept", 13, "affirming"), ("require.timing", 15, "intra")):
            self.assertIn(key, told)
            self.assertEqual(told[key]["line"], line, told[key])
            self.assertIn(remedy, told[key]["remedy"] + told[key]["what"], told[key])
        here = [m["line"] for m in found if m["file"] == "server.toml"]
        self.assertEqual(here, sorted(here))
        text = self.seatls("check", "server.toml", code=2)
        self.assertEqual(text.out, "")
        self.assertEqual(text.err.count("Remedy: "), len(found))
        self.assertEqual(self.seatls("serve", "--config", "server.toml", code=2).err, text.err, "serve tells the same")

    def test_files(self) -> None:
        self.assertIn("none.toml", self.seatls("check", "none.toml", code=2).err)
        self.seatls("check", ".", code=2)
        self.write("empty.toml", "")
        self.assertEqual(self.mistakes("empty.toml")[0]["key"], "endpoint")
        self.write("broken.toml", '[endpoint]\nrole = server\n')
        self.assertEqual(self.mistakes("broken.toml")[0]["line"], 2)
        self.write("twice.toml", '[endpoint]\nrole = "server"\nrole = "client"\n')
        self.assertEqual(self.mistakes("twice.toml")[0]["line"], 3)

    def test_a_good_one_with_one_thing_wrong(self) -> None:
        """Each row: what is changed in what `init` wrote, and which key is then told."""
        self.seatls("init", "--tee", "software", "--use-case", "mutual", "-q")
        self.write("rubbish.pem", "rubbish\n")
        for name, old, new, key in (
                ("server.toml", 'key = "server.key"', 'key = "client.key"', "endpoint.certificate"),
                ("server.toml", 'certificate = "server.pem"', 'certificate = "rubbish.pem"', "endpoint.certificate"),
                ("server.toml", 'certificate = "server.pem"', "", "endpoint.certificate"),
                ("server.toml", 'key = "server.key"', 'key = "rubbish.pem"', "endpoint.key"),
                ("server.toml", 'key = "server.key"', 'key = "tpm:0x81000001"', "endpoint.key"),
                ("server.toml", 'ca = "ca.pem"', 'ca = "rubbish.pem"', "endpoint.ca"),
                ("server.toml", 'ca = "ca.pem"', "", "endpoint.ca"),
                ("server.toml", '[endpoint] ', '[endpoint]\nconnect = "x:1"', "endpoint.connect"),
                ("server.toml", 'attester = "software"', 'attester = "softwar"', "attest.attester"),
                ("server.toml", 'attester = "software"', 'attester = "software"\nak = "x"', "attest.ak"),
                ("server.toml", 'attestation = "required"', 'attestation = "off"', "require.identity"),
                ("server.toml", 'identity = "pki+attested"', 'identity = "attested-key"', "require.identity"),
                ("server.toml", 'policy = "policy.toml"', "", "require.policy"),
                ("client.toml", 'policy = "policy.toml"', 'policy = "policy.toml"\nschemes = ["tpm2"]', "require.schemes"),
                ("client.toml", 'policy = "policy.toml"', 'policy = "policy.toml"\nmodel = "passport"', "require.model"),
                ("client.toml", 'policy = "policy.toml"', 'policy = "policy.toml"\npin = ["x"]', "require.pin"),
                ("client.toml", 'policy = "policy.toml"', 'policy = "policy.toml"\nreattest = "5m"', "require.reattest"),
                ("client.toml", 'policy = "policy.toml"', 'policy = "policy.toml"\n[verifier]\nurl = "https://v"', "require.policy"),
                ("client.toml", 'policy = "policy.toml"', 'policy = "policy.toml"\n[verifier]', "verifier.name"),
                ("client.toml", 'policy = "policy.toml"', 'policy = "policy.toml"\n[danger]\nallow_all = true', "danger.allow_all")):
            with self.subTest(name=name, new=new, old=old):
                before = (self.folder / name).read_text()
                self.assertIn(old, before)
                # [verifier] and [danger] end [require], so what follows there goes in front of them.
                changed = before.replace(old, "") + new + "\n" if "\n[" in new else before.replace(old, new)
                self.write("wrong.toml", changed)
                self.assertIn(key, [m["key"] for m in self.mistakes("wrong.toml")])

    def test_a_client_must_say_what_it_demands(self) -> None:
        self.write("client.toml", '[endpoint]\nrole = "client"\n')
        self.assertEqual(self.mistakes("client.toml")[0]["key"], "require")

    def test_policies(self) -> None:
        self.write("policy.toml", 'id = "x"\nschemes = ["tpm2", "sgx"]\n[tpm2]\npcr = 1\n[danger]\nall = true\n')
        found = self.mistakes("policy.toml")
        self.assertGreaterEqual(len(found), 3)
        self.write("empty.toml", 'schemes = ["software"]\n')
        self.assertTrue(self.mistakes("empty.toml"), "unset never means accepted")


if __name__ == "__main__":
    kit.main()
