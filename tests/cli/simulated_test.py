"""Simulated TEEs: platforms that are kept in a folder, served by configuration, and judged by policies that name
their root; by themselves, and through a file system that behaves as Linux's configfs-tsm."""
import errno
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import kit

BINDER = "5a" * 32
DANGER = "simulated_roots: no hardware stands behind this evidence"


class Platform(kit.Case):
    """A folder with certificates of `init`, and one with a platform."""

    tee = "tdx"

    def setUp(self) -> None:
        super().setUp()
        self.seatls("init", "--tee", "software", "-q")
        self.simulate(self.tee, "sim")
        self.configure(f'attester = "simulated-{self.tee}"\nplatform = "sim"\n')

    def simulate(self, tee: str, folder: str) -> dict:
        return self.seatls("simulate", tee, "-o", folder, "-q", "--json").json

    def configure(self, attest: str) -> None:
        self.write("tee-server.toml", '[endpoint]\nrole = "server"\ncertificate = "server.pem"\nkey = "server.key"\n'
                                      f'[attest]\n{attest}')
        self.write("tee-client.toml", '[endpoint]\nrole = "client"\nca = "ca.pem"\n'
                                      '[require]\naccept = ["affirming", "warning"]\npolicy = "sim/policy.toml"\n')

    def meet(self, code: int) -> dict:
        server = self.serve("tee-server.toml", "--once", "--json")
        return self.seatls("connect", server.address, "--name", "localhost", "--config", "tee-client.toml", "--json", code=code).json

    def accepted(self) -> None:
        peer = self.meet(0)["peer"]
        self.assertEqual((peer["attested"], peer["verdict"], peer["scheme"], peer["key"]), (True, "warning", self.tee, "measured"))
        self.assertIn(DANGER, peer["dangers"])

    def refused(self, code: str) -> None:
        self.assertEqual(self.meet(1)["error"]["code"], code)


class Handshakes:
    """The same for each kind."""

    # What decides about a measurement that no policy names: that it is none, or that nothing vouches for the key then.
    unknown_software = "reference_mismatch"
    foreign_root = "untrusted_attestation_key"
    measurement_size = 48
    # What a learned policy asks of its reader, and a simulated platform has not.
    cannot_be_learned = ""

    def test_accepted_with_the_root_and_refused_without(self) -> None:
        self.accepted()
        # The next server is another process with the same platform.
        self.accepted()
        policy = (self.folder / "sim" / "policy.toml").read_text()
        self.change("sim/policy.toml", 'simulated_roots = "root.pem"', "")
        self.refused_without_the_root()
        self.simulate(self.tee, "other")
        self.write("sim/policy.toml", policy.replace('"root.pem"', '"../other/root.pem"'))
        self.refused(self.foreign_root)

    def refused_without_the_root(self) -> None:
        self.refused("untrusted_attestation_key")

    def test_only_a_warning(self) -> None:
        self.change("tee-client.toml", 'accept = ["affirming", "warning"]', "")
        self.refused("tier_not_accepted")

    def test_other_software_is_refused(self) -> None:
        self.configure(f'attester = "simulated-{self.tee}"\nplatform = "sim"\nmeasurement = "{"66" * self.measurement_size}"\n')
        self.refused(self.unknown_software)

    def test_evidence_apart_from_connections(self) -> None:
        self.seatls("attest", "--attester", f"simulated-{self.tee}", "--platform", "sim", "--tik", "server.key", "--binder", BINDER,
                    "-o", "one.cmw", "-q")
        told = self.seatls("attest", "--config", "tee-server.toml", "--binder", BINDER, "-o", "two.cmw", "--json").json
        self.assertEqual((told["scheme"], told["binder"]), (self.tee, BINDER))
        for name in ("one.cmw", "two.cmw"):
            judged = self.seatls("appraise", name, "--policy", "sim/policy.toml", "--tik", "server.pem", "--binder", BINDER,
                                  "--accept", "warning", "--json").json
            self.assertEqual((judged["verdict"], judged["scheme"]), ("warning", self.tee))
            self.assertIn(DANGER, judged["dangers"])
            shown = self.seatls("inspect", name, "--json").json
            self.assertIn(BINDER, str(shown))
        other = self.seatls("appraise", "one.cmw", "--policy", "sim/policy.toml", "--binder", "5b" * 32, "--json", code=1).json
        self.assertIn("binder_mismatch", [r["code"] for r in other["reasons"] if r["fatal"]])

    def test_a_policy_is_learned(self) -> None:
        self.seatls("attest", "--config", "tee-server.toml", "--binder", BINDER, "-o", "good.cmw", "-q")
        learned = self.seatls("policy", "learn", "good.cmw", "-o", "sim/learned.toml", "--id", "fleet", "--json")
        text = (self.folder / "sim" / "learned.toml").read_text()
        if self.cannot_be_learned:
            self.assertIn(self.cannot_be_learned, text)
            text = text.replace(self.cannot_be_learned, "")
        self.write("sim/learned.toml", text + '\n[danger]\nsimulated_roots = "root.pem"\n')
        told = self.seatls("policy", "test", "good.cmw", "--policy", "sim/learned.toml", "--binder", BINDER, "--json").json
        self.assertEqual((told["verdict"], told["policy"]), ("warning", "fleet"), learned)

    def test_the_folder(self) -> None:
        told = self.simulate(self.tee, "new")
        names = sorted(Path(f["file"]).name for f in told["files"])
        self.assertEqual(sorted(os.listdir(self.folder / "new")), names)
        self.assertEqual("collateral.json" in names, self.tee in ("tdx", "sgx"))
        self.assertEqual((self.folder / "new" / "platform.key").stat().st_mode & 0o777, 0o600)
        before = (self.folder / "new" / "root.pem").read_text()
        self.assertIn("SEATLS-SIMULATED-", self.seatls("inspect", "new/root.pem").out)
        self.assertIn("--force", self.seatls("simulate", self.tee, "-o", "new", code=2).err)
        self.assertEqual((self.folder / "new" / "root.pem").read_text(), before)
        self.seatls("simulate", self.tee, "-o", "new", "--force", "-q")
        self.assertNotEqual((self.folder / "new" / "root.pem").read_text(), before)
        self.seatls("check", "new/policy.toml")


class Tdx(Handshakes, Platform):
    tee = "tdx"


class Sgx(Handshakes, Platform):
    tee = "sgx"
    measurement_size = 32


class SevSnp(Handshakes, Platform):
    tee = "sev-snp"
    unknown_software = "key_unproven"


class Nitro(Handshakes, Platform):
    tee = "nitro"


class Cca(Handshakes, Platform):
    tee = "cca"
    measurement_size = 32
    unknown_software = "key_unproven"
    cannot_be_learned = 'cpak = ["cpak.pem"]\n'
    foreign_root = "signature_invalid"  # no certificate comes with a token

    def refused_without_the_root(self) -> None:
        self.assertIn("cca.cpak", self.meet(2)["error"]["detail"])


class Configurations(Platform):
    def test_mistakes(self) -> None:
        self.write("rubbish/platform.key", "rubbish\n")
        self.simulate("nitro", "nitro")
        for attest, key, remedy in (
                ('attester = "simulated-tdx"\n', "attest.platform", "seatls simulate tdx -o DIR"),
                ('attester = "simulated-tdx"\nplatform = "none"\n', "attest.platform", "seatls simulate tdx"),
                ('attester = "simulated-tdx"\nplatform = "rubbish"\n', "attest.platform", "seatls simulate tdx"),
                ('attester = "simulated-tdx"\nplatform = "nitro"\n', "attest.platform", "seatls simulate tdx"),
                ('attester = "simulated-tdx"\nplatform = "sim"\nmeasurement = "66"\n', "attest.measurement", "96"),
                ('attester = "simulated-tdx"\nplatform = "sim"\nak = "x"\n', "attest.ak", "leave it out"),
                ('attester = "tpm2"\nplatform = "sim"\n', "attest.platform", "leave it out"),
                ('attester = "simulated-psa"\n', "attest.attester", "simulated-cca"),
                ('attester = "simulated-tdk"\nplatform = "sim"\n', "attest.attester", "simulated-tdx"),
                ('attester = "configfs-tsm"\nprivlevel = 4\n', "attest.privlevel", "0 to 3"),
                ('attester = "configfs-tsm"\npath = "none"\n', "attest.attester", "confidential VM")):
            with self.subTest(attest=attest):
                self.configure(attest)
                told = {m["key"]: m for m in self.mistakes("tee-server.toml", code=None)}
                self.assertIn(key, told)
                self.assertIn(remedy, told[key]["remedy"])

    def test_where_there_is_no_tee(self) -> None:
        self.configure('attester = "configfs-tsm"\npath = "none"\n')
        refused = self.seatls("serve", "--config", "tee-server.toml", code=3)
        for word in ("none", "No such file", "configfs"):
            self.assertIn(word, refused.err)

    def test_it_is_a_danger(self) -> None:
        self.assertIn("simulated_attester", self.seatls("check", "tee-server.toml", "--json").out)


class Kernel:
    """The guest's kernel, mounted: everything from the system call on is real."""

    def setUp(self) -> None:
        stand_in = os.environ.get("SEATLS_TSM_STAND_IN", "")
        for missing, why in ((not stand_in, "built without libfuse3-dev"),
                             (not os.access("/dev/fuse", os.R_OK | os.W_OK), "/dev/fuse cannot be used here"),
                             (shutil.which("fusermount3") is None, "not installed: fuse3")):
            if missing:
                self.skipTest(why)
        super().setUp()
        self.stand_in = stand_in
        self.mount()

    def mount(self) -> None:
        self.mounted = self.folder / "tsm"
        self.mounted.mkdir()
        kernel = subprocess.Popen([self.stand_in, self.mounted, self.tee, self.folder / "sim" / "platform.key"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment)
        self.addCleanup(self.unmount, kernel)
        deadline = time.monotonic() + 60
        while not os.path.ismount(self.mounted):
            if kernel.poll() is not None:
                said = kernel.stderr.read().decode(errors="replace")
                if "mount failed" in said or "not permitted" in said or "ermission denied" in said:
                    self.skipTest("FUSE cannot mount here: " + kit.tidy(said).strip())
                self.fail(said)
            if time.monotonic() > deadline:
                self.fail("nothing was mounted")
            time.sleep(0.02)
        self.reports = self.mounted / "report"
        self.configure('attester = "configfs-tsm"\npath = "tsm/report"\n')

    def unmount(self, kernel: subprocess.Popen) -> None:
        kernel.terminate()
        try:
            _, err = kernel.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            kernel.kill()
            _, err = kernel.communicate()
        if os.path.ismount(self.mounted):
            subprocess.run(["fusermount3", "-u", "-z", self.mounted], check=False)
        self.no_alarm(kit.tidy(err.decode(errors="replace")))

    def test_a_guest_is_attested(self) -> None:
        self.accepted()
        self.assertEqual(os.listdir(self.reports), [], "entries are removed")
        self.simulate(self.tee, "other")
        self.change("sim/policy.toml", '"root.pem"', '"../other/root.pem"')
        self.refused("untrusted_attestation_key")

    def test_both_suites(self) -> None:
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"):
            self.configure('attester = "configfs-tsm"\npath = "tsm/report"\n')
            self.change("tee-server.toml", "[endpoint]", f'[endpoint]\nsuites = ["{suite}"]')
            self.accepted()

    def test_evidence_apart_from_connections(self) -> None:
        self.seatls("attest", "--attester", "configfs-tsm", "--path", "tsm/report", "--tik", "server.key", "--binder", BINDER,
                    "-o", "one.cmw", "-q")
        judged = self.seatls("appraise", "one.cmw", "--policy", "sim/policy.toml", "--binder", BINDER, "--accept", "warning", "--json").json
        self.assertEqual((judged["scheme"], judged["key"]), (self.tee, "measured"))

    def test_the_stand_in_behaves_as_the_kernel(self) -> None:
        entry = self.reports / "one"
        entry.mkdir()
        self.assertEqual((entry / "generation").read_text(), "0\n")
        with self.assertRaises(OSError) as early:
            (entry / "outblob").read_bytes()
        self.assertEqual(early.exception.errno, errno.EINVAL)
        (entry / "inblob").write_bytes(b"x" * 64)
        self.assertEqual((entry / "generation").read_text(), "1\n")
        first = (entry / "outblob").read_bytes()
        self.assertIn(b"x" * 64, first)
        self.assertEqual((entry / "outblob").read_bytes(), first, "it is kept until something is written")
        (entry / "inblob").write_bytes(b"y" * 63)
        self.assertEqual((entry / "generation").read_text(), "2\n")
        with self.assertRaises(OSError) as short:
            (entry / "outblob").read_bytes()
        self.assertEqual(short.exception.errno, errno.EINVAL)
        with self.assertRaises(OSError) as long:
            (entry / "inblob").write_bytes(b"z" * 65)
        self.assertEqual(long.exception.errno, errno.EFBIG)
        with self.assertRaises(PermissionError):
            (entry / "new").write_bytes(b"")
        entry.rmdir()
        self.assertEqual(os.listdir(self.reports), [])


class KernelTdx(Kernel, Platform):
    tee = "tdx"

    def test_what_is_measured_shows(self) -> None:
        self.write("app.conf", "safe = true\n")
        measure = ("measure", "app.conf", "--path", "tsm/measurements", "--json")
        told = self.seatls(*measure).json
        digest = hashlib.sha384(b"safe = true\n").digest()
        value = hashlib.sha384(bytes(48) + digest).hexdigest()
        self.assertEqual(told, {"register": "rtmr3", "measured": [{"file": "app.conf", "sha384": digest.hex()}], "value": value})
        self.refused("reference_mismatch")
        self.change("sim/policy.toml", f'rtmr3 = ["{"00" * 48}"]', f'rtmr3 = ["{value}"]')
        self.accepted()
        self.seatls(*measure)
        self.refused("reference_mismatch")
        # Nothing is extended when one of the files is not there.
        before = (self.mounted / "measurements" / "rtmr3:sha384").read_bytes()
        self.seatls("measure", "app.conf", "none.conf", "--path", "tsm/measurements", code=2)
        self.assertEqual((self.mounted / "measurements" / "rtmr3:sha384").read_bytes(), before)
        self.seatls("measure", "app.conf", "--register", "1", "--path", "tsm/measurements", code=2)
        self.assertIn("6.16", self.seatls("measure", "app.conf", "--path", "none", code=3).err)


class KernelSevSnp(Kernel, Platform):
    tee = "sev-snp"

    def test_levels(self) -> None:
        self.configure('attester = "configfs-tsm"\npath = "tsm/report"\nprivlevel = 2\n')
        self.refused("reference_mismatch")
        self.change("sim/policy.toml", "[sev-snp]\n", "[sev-snp]\nvmpl = [2]\n")
        self.accepted()


if __name__ == "__main__":
    kit.main()
