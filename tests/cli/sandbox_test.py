"""The sandbox over real processes: what still works under it, and what does not any more."""
import ctypes
import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import kit
from proxy_kit import Application, ProxyCase, Sidecar, TwoSidecars

LANDLOCK_CREATE_RULESET = 444
LANDLOCK = ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)


def needs_landlock(case: kit.Case) -> None:
    if LANDLOCK < 1:
        case.skipTest("this kernel has no Landlock, or it is not switched on")


class Sidecars(ProxyCase):
    def elsewhere(self) -> Path:
        """A folder that no configuration names."""
        folder = Path(tempfile.mkdtemp(prefix="seatls-elsewhere-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def test_it_is_on_without_a_word(self) -> None:
        near, far = self.pair(Application(self))
        for sidecar in (near, far):
            self.assertEqual(sidecar.hello["sandbox"], {"landlock": max(LANDLOCK, 0), "seccomp": True})
            self.assertEqual(sidecar.figure('seatls_proxy_sandbox{part="system_calls"}'), 1)
            self.assertEqual(sidecar.figure('seatls_proxy_sandbox{part="files"}'), int(LANDLOCK > 0))
            for task in Path(f"/proc/{sidecar.process.pid}/task").iterdir():  # each thread is bound
                status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
                self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"), task)
        self.assertEqual(self.exchange(far.connect(), b"x" * 100_000), b"x" * 100_000)
        far.stop()
        near.stop()

    def test_a_changed_policy_is_read(self) -> None:
        near, far = self.pair(Application(self))
        self.assertEqual(self.exchange(far.connect(), b"1"), b"1")
        # As an editor and as a program that renews do it: another file gets the name.
        policy = next(p for p in self.folder.glob("*policy*.toml") if p.name in (self.folder / "server.toml").read_text())
        text = policy.read_text()
        self.write("new", text.replace("swname", "swversion") if "swname" in text else text + "\nnonsense = 1\n")
        (self.folder / "new").rename(policy)
        near.until(lambda: "stays as it was" in near.errors or "was read anew" in near.errors)
        good = near.errors.count("was read anew")
        self.write("new", text)
        (self.folder / "new").rename(policy)
        near.until(lambda: near.errors.count("was read anew") > good)
        self.assertEqual(self.exchange(far.connect(), b"2"), b"2")
        far.stop()
        near.stop()

    def test_keys_that_are_links(self) -> None:
        """As certbot and Kubernetes keep them: a link to what is made anew, in another folder."""
        outside = self.elsewhere()
        (outside / "1").mkdir()
        certificate = self.folder / "server.pem"
        shutil.move(certificate, outside / "1" / "server.pem")
        certificate.symlink_to(outside / "1" / "server.pem")
        near, far = self.pair(Application(self))
        shutil.copy(outside / "1" / "server.pem", outside / "1" / "renewed.pem")
        (self.folder / "link").symlink_to(outside / "1" / "renewed.pem")
        (self.folder / "link").rename(certificate)
        near.until(lambda: "was read anew" in near.errors)
        self.assertEqual(self.exchange(far.connect(), b"renewed"), b"renewed")
        far.stop()
        near.stop()

    def test_what_lies_elsewhere_is_refused_and_told(self) -> None:
        needs_landlock(self)
        outside = self.elsewhere()
        near, far = self.pair(Application(self))
        text = (self.folder / "server.toml").read_text()
        shutil.copy(self.folder / "server.key", outside / "server.key")
        self.assertIn('key = "server.key"', text)
        elsewhere = text.replace('key = "server.key"', f'key = "{outside}/server.key"')
        self.write("server.toml", elsewhere)
        near.process.send_signal(signal.SIGHUP)
        near.until(lambda: "stays as it was" in near.errors)
        near.until(lambda: "lies outside of what was left" in near.errors)
        self.assertIn(str(outside), near.errors)
        self.assertEqual(self.exchange(far.connect(), b"as before"), b"as before")
        near.stop()
        # Said before, it is read later.
        self.write("server.toml", text.replace("[proxy]", f'[proxy]\nreadable = "{outside}"'))
        near = Sidecar(self, "server.toml")
        self.write("server.toml", elsewhere.replace("[proxy]", f'[proxy]\nreadable = "{outside}"'))
        near.process.send_signal(signal.SIGHUP)
        near.until(lambda: "was read anew" in near.errors)
        far.stop()
        near.stop()

    def test_a_folder_for_sockets(self) -> None:
        application = Application(self)
        self.configure("server", {"to": application.address})
        near = Sidecar(self, "server.toml")
        folder = self.elsewhere()
        listeners = [{"to": f"localhost:{near.port()}", "listen": f"unix:{folder}/{name}"} for name in ("one", "two")]
        self.configure("client", listeners[0])
        far = Sidecar(self, "client.toml")
        self.configure("client", *listeners)  # the second is opened under the sandbox
        far.process.send_signal(signal.SIGHUP)
        far.until(lambda: "was read anew" in far.errors)
        for name in ("one", "two"):
            program = socket.socket(socket.AF_UNIX)
            program.connect(str(folder / name))
            with program:
                self.assertEqual(self.exchange(program, name.encode()), name.encode())
        other = self.elsewhere()
        self.configure("client", {"to": f"localhost:{near.port()}", "listen": f"unix:{other}/three"})
        far.process.send_signal(signal.SIGHUP)
        if LANDLOCK > 0:
            far.until(lambda: "a restart changes that" in far.errors)
            self.assertEqual(os.listdir(other), [])
        far.stop()
        near.stop()

    def test_it_is_switched_off_by_a_danger(self) -> None:
        application = Application(self)
        self.configure("server", {"to": application.address}, more="[danger]\nno_sandbox = true\n")
        near = Sidecar(self, "server.toml")
        self.assertEqual(near.hello["sandbox"], {"landlock": 0, "seccomp": False})
        self.assertIn("Seccomp:\t0", Path(f"/proc/{near.process.pid}/status").read_text())
        self.assertEqual(near.figure('seatls_proxy_sandbox{part="system_calls"}'), 0)
        near.until(lambda: "no_sandbox is in force" in near.errors)
        # And not on the way: what was given up is given up.
        self.configure("server", {"to": application.address})
        near.process.send_signal(signal.SIGHUP)
        near.until(lambda: "another sandbox needs a restart" in near.errors)
        near.stop()

    def test_it_may_be_required(self) -> None:
        application = Application(self)
        self.configure("server", {"to": application.address}, proxy={"sandbox": "required"})
        if LANDLOCK > 0:
            near = Sidecar(self, "server.toml")
            near.stop()
        else:
            self.assertIn("Landlock", self.seatls("proxy", "--config", "server.toml", code=2).err)

    def test_mistakes_are_told(self) -> None:
        to = {"to": "127.0.0.1:1"}
        self.configure("server", to, proxy={"sandbox": "required"}, more="[danger]\nno_sandbox = true\n")
        self.assertEqual([m["key"] for m in self.mistakes("server.toml")], ["proxy.sandbox"])
        self.configure("server", to, proxy={"sandbox": "off"})
        self.assertEqual([m["key"] for m in self.mistakes("server.toml")], ["proxy.sandbox"])
        self.write("server.toml", (self.folder / "server-endpoint.toml").read_text() + "\n[danger]\nno_sandbox = true\n")
        self.assertEqual([m["key"] for m in self.mistakes("server.toml")], ["danger.no_sandbox"])
        # It is about the process, and so no matter of peers.
        self.seatls("init", "--use-case", "server-attests", "--tee", "software", "--force", "-q", code=None)
        self.configure("server", to, more="[danger]\nno_sandbox = true\n")
        self.assertIn("no_sandbox", self.seatls("check", "server.toml", "--json").json["dangers"])


class Tpm(TwoSidecars, kit.TpmCase):
    def test_a_tpm_attests_again(self) -> None:
        """The TPM's library is loaded and its socket is opened after the sandbox was entered."""
        self.endpoints("server-attests", "tpm2")
        near, far = self.pair(Application(self), client=self.timed("client", "hybrid", "1s", "close"), drain="0s")
        self.assertTrue(near.hello["sandbox"]["seccomp"])
        program = far.connect()
        for text in (b"before", b"after"):
            program.sendall(text)
            self.assertEqual(program.recv(len(text), socket.MSG_WAITALL), text)
            far.until(lambda: far.figure('seatls_proxy_reattestations_total{result="accepted"}') >= 2)
        # A reload opens the TPM anew.
        near.process.send_signal(signal.SIGHUP)
        near.until(lambda: "was read anew" in near.errors)
        self.assertEqual(self.exchange(far.connect(), b"anew"), b"anew")
        program.close()
        far.stop()
        near.stop()

    def test_a_tpm_that_is_started_as_a_program(self) -> None:
        self.endpoints("server-attests", "tpm2")
        endpoint = (self.folder / "server-endpoint.toml").read_text()
        command = endpoint.replace(self.tpm.tcti, "cmd:false")
        self.assertNotEqual(command, endpoint)
        self.configure("server", {"to": "127.0.0.1:1"}, endpoint=command)
        self.assertIn("attest.tcti", [m["key"] for m in self.mistakes("server.toml")])


class Service(kit.Case):
    def test_the_verifier_is_confined(self) -> None:
        folder = self.folder / "store"
        folder.mkdir()
        self.seatls("init", "--use-case", "server-attests", "--tee", "software", "-q")
        self.seatls("key", "create", "-o", "results.key", "-q")
        self.write("verifier.toml", '[endpoint]\nrole = "server"\nlisten = "127.0.0.1:0"\ncertificate = "server.pem"\nkey = "server.key"\n'
                                    '[service]\nstore = "sqlite:store/verifier.db"\nsigning_key = "results.key"\nsandbox = "available"\n')
        self.seatls("verifier", "--config", "verifier.toml", "--port-file", "ports/port", code=2)  # no such folder
        verifier = kit.Daemon(self, "verifier", "verifier.toml")
        self.assertEqual(verifier.hello["sandbox"], {"landlock": max(LANDLOCK, 0), "seccomp": True})
        self.assertTrue((folder / "verifier.db").exists())
        verifier.process.send_signal(signal.SIGHUP)
        verifier.until(lambda: "was read anew" in verifier.errors)
        verifier.stop()


if __name__ == "__main__":
    kit.main()
