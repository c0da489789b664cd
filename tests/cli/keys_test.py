"""Keys in files and in a TPM, requests for certificates, and enrolment."""
import shutil
import subprocess

import kit


def openssl(case: kit.Case, *arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=case.folder, capture_output=True, text=True, timeout=30, check=False)
    case.assertEqual(done.returncode, 0, done.stderr)
    return done.stdout


class Files(kit.Case):
    def test_every_kind_can_be_made_shown_and_requested_for(self) -> None:
        for kind, bits in (("p256", 256), ("p384", 384), ("ed25519", 256), ("rsa", 3072)):
            made = self.seatls("key", "create", "--type", kind, "-o", f"{kind}.key", "--json").json
            shown = self.seatls("key", "show", f"{kind}.key", "--json").json
            self.assertEqual((made["pin"], made["held"]), (shown["pin"], "in a file"))
            self.assertRegex(made["pin"], "^sha256:[0-9a-f]{64}$")
            self.assertEqual((self.folder / f"{kind}.key").stat().st_mode & 0o777, 0o600)
            public = self.seatls("key", "show", "--public", f"{kind}.key").out
            self.assertEqual(public, openssl(self, "pkey", "-in", f"{kind}.key", "-pubout"))
            self.write("public.pem", public)
            self.assertEqual(self.seatls("key", "show", "public.pem", "--json").json["pin"], made["pin"])
            self.seatls("key", "csr", f"{kind}.key", "--name", "www.example", "--name", "192.0.2.1", "-o", f"{kind}.csr")
            text = openssl(self, "req", "-in", f"{kind}.csr", "-verify", "-noout", "-text")
            for part in ("DNS:www.example", "IP Address:192.0.2.1", "CN = www.example"):
                self.assertIn(part, text)
            self.assertGreaterEqual(made["bits"], min(bits, 253))

    def test_a_certificate_is_shown_too(self) -> None:
        self.seatls("init", "--tee", "software", "-q")
        key, certificate = (self.seatls("key", "show", f"server.{kind}", "--json").json for kind in ("key", "pem"))
        self.assertEqual((key["pin"], certificate["held"]), (certificate["pin"], "in a certificate"))

    def test_a_key_is_not_overwritten(self) -> None:
        self.seatls("key", "create", "-o", "a.key")
        before = (self.folder / "a.key").read_bytes()
        self.assertIn("--force", self.seatls("key", "create", "-o", "a.key", code=2).err)
        self.assertEqual(before, (self.folder / "a.key").read_bytes())

    def test_what_is_no_key(self) -> None:
        self.assertIn("none.key", self.seatls("key", "show", "none.key", code=2).err)
        self.write("text.key", "no key at all\n")
        for verb in (["show", "text.key"], ["csr", "text.key", "--name", "x"]):
            self.assertNotEqual(self.seatls("key", *verb, "--json", code=2).json["error"]["code"], "internal")
        self.assertIn("--name", self.seatls("key", "csr", "text.key", code=2).err)


class InATpm(kit.TpmCase):
    certified = True

    def test_a_tls_key_never_leaves(self) -> None:
        made = self.seatls("key", "create", "--tpm", "-o", "server.key", "--json").json
        self.assertEqual((made["held"], made["usable_as"]), ("in the TPM", "TLS key (TIK)"))
        for attribute in ("fixedTPM", "fixedParent", "sensitiveDataOrigin", "sign"):
            self.assertIn(attribute.lower(), [a.lower() for a in made["attributes"]])
        self.assertTrue((self.folder / "server.key").read_text().startswith("-----BEGIN TSS2 PRIVATE KEY-----"))
        self.seatls("key", "csr", "server.key", "--name", "www.example", "-o", "server.csr")
        self.assertIn("www.example", openssl(self, "req", "-in", "server.csr", "-verify", "-noout", "-text"))

    def test_a_key_can_stay_at_a_handle(self) -> None:
        made = self.seatls("key", "create", "--tpm", "--persist", "tpm:0x81000011", "--json").json
        self.assertEqual(self.seatls("key", "show", "tpm:0x81000011", "--json").json["pin"], made["pin"])
        self.seatls("key", "csr", "tpm:0x81000011", "--name", "x.example", "-o", "x.csr")
        openssl(self, "req", "-in", "x.csr", "-verify", "-noout")
        self.assertNotEqual(self.seatls("key", "show", "tpm:0x81000012", "--json", code=3).json["error"]["detail"], "")
        self.assertIn("tpm:0x81", self.seatls("key", "create", "--tpm", "--persist", "nowhere", code=2).err)

    def test_a_key_of_tpm2_tools_comes_in(self) -> None:
        if shutil.which("tpm2_create") is None:
            self.skipTest("not installed: tpm2_create (tpm2-tools)")
        environment = {**self.environment, "TPM2TOOLS_TCTI": self.tpm.tcti}
        for line in ("tpm2_createprimary -C o -G ecc256 -c parent.ctx", "tpm2_evictcontrol -C o -c parent.ctx 0x81000020",
                     "tpm2_create -C 0x81000020 -G ecc256:ecdsa-sha256 -u key.pub -r key.priv "
                     "-a fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"):
            done = subprocess.run(line.split(), cwd=self.folder, env=environment, capture_output=True, text=True, timeout=30,
                                  check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            subprocess.run(["tpm2_flushcontext", "-t"], env=environment, capture_output=True, timeout=30, check=False)
        told = self.seatls("key", "import", "--public", "key.pub", "--private", "key.priv", "--parent", "tpm:0x81000020",
                           "-o", "imported.key", "--json").json
        self.assertEqual(told["held"], "in the TPM")
        self.seatls("key", "csr", "imported.key", "--name", "x.example", "-o", "x.csr")
        openssl(self, "req", "-in", "x.csr", "-verify", "-noout")
        self.write("broken.pub", "x")
        self.assertNotEqual(self.seatls("key", "import", "--public", "broken.pub", "--private", "key.priv", "-o", "y.key",
                                        "--json", code=2).json["error"]["code"], "internal")

    def test_enrolment(self) -> None:
        """The TPM proves that the attestation key is its own; a policy can then trust the enrolling CA."""
        self.seatls("init", "--tee", "tpm2")
        makers = self.folder / "makers.pem"
        shutil.copy(self.tpm.makers, makers)
        enrolled = self.seatls("enroll", "--ca", "ca.pem", "--makers", "makers.pem", "--ak", "ak.key", "-o", "ak.pem",
                               "--name", "machine 7", "--json").json
        self.assertRegex(enrolled["attestation_key"], "^000b[0-9a-f]{64}$")
        self.assertIn("machine 7", openssl(self, "x509", "-in", "ak.pem", "-noout", "-subject"))
        openssl(self, "verify", "-CAfile", "ca.pem", "ak.pem")

        # A policy that names the CA in place of the key.
        self.change("server.toml", 'ak = "ak.key"', 'ak_certificate = "ak.pem"\nak = "ak.key"')
        policy = (self.folder / "policy.toml").read_text()
        lines = ['ak_ca = "ca.pem"' if line.startswith("ak = ") else line for line in policy.splitlines()]
        self.write("policy.toml", "\n".join(lines) + "\n")
        server = self.serve("server.toml", "--once")
        told = self.seatls("connect", server.address, "--config", "client.toml", "--json", stdin=b"x").json
        self.assertEqual(told["peer"]["claims"]["tpm2.ak_vouched_by"], "certificate CN=machine 7")

    def test_a_maker_that_is_not_trusted(self) -> None:
        self.seatls("init", "--tee", "tpm2")
        told = self.seatls("enroll", "--ca", "ca.pem", "--makers", "ca.pem", "--ak", "ak.key", "-o", "ak.pem", "--json",
                           code=1).json
        self.assertEqual(told["error"]["category"], "appraisal_rejected")
        self.assertFalse((self.folder / "ak.pem").exists())
        for arguments in (["--ca", "ca.pem"], ["--verifier", "https://verifier.example"]):
            self.seatls("enroll", "--ak", "ak.key", "-o", "ak.pem", *arguments, code=2)


if __name__ == "__main__":
    kit.main()
