"""What `seatls exec` cannot cover, and what it refuses: before a program runs, and around it."""
import os
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

import kit
import programs
from programs import ExecCase, program


class Refusals(ExecCase):
    """What cannot be covered is refused before it runs, and told."""

    def refused(self, *command: str, config: str = "client.toml", code: int = 2) -> str:
        return self.seatls("exec", "--config", config, "--", *command, code=code).err

    def test_what_the_handshake_alone_cannot_do(self) -> None:
        for line, key in (('timing = "post"', "require.timing"), ('timing = "hybrid"', "require.timing"),
                          ('timing = "hybrid"\nreattest = "5m"', "require.reattest")):
            text = (self.folder / "client.toml").read_text()
            self.write("later.toml", text.replace("[require]", f"[require]\n{line}\n"))
            found = {m["key"]: m["remedy"] for m in self.mistakes("later.toml")}
            self.assertIn("seatls proxy", found[key])
            # Also where the file does not say that it is for exec.
            self.write("later.toml", text.replace("[require]", f"[require]\n{line}\n").split("[exec]")[0])
            self.seatls("check", "later.toml")
            self.assertIn("seatls proxy", self.refused("/bin/true", config="later.toml"))
        self.write("framed.toml", (self.folder / "client.toml").read_text().replace("[endpoint]", '[endpoint]\nframing = "seatls/1"\n'))
        self.assertEqual([m["key"] for m in self.mistakes("framed.toml")], ["endpoint.framing"])

    def test_tpm_keys_are_not_the_programs(self) -> None:
        self.write("tpm.toml", '[endpoint]\nrole = "server"\ncertificate = "server.pem"\nkey = "tpm:0x81000001"\n[attest]\nattester = "tpm2"\n[exec]\n')
        self.assertIn("seatls proxy", str([m for m in self.mistakes("tpm.toml", code=None) if m["key"] == "attest.attester"]))

    def test_programs(self) -> None:
        self.assertIn("is no program", self.refused("/nonexistent"))
        self.assertIn("libssl.so.3", self.refused("/bin/true"))
        script = self.write("script", "#!/bin/sh\nexit 7\n")
        script.chmod(0o755)
        self.assertIn("loads_openssl_later", self.refused("./script"))
        text = self.write("text", "hello")
        text.chmod(0o755)
        self.assertIn("neither a program nor a script", self.refused("./text"))
        self.write("later.toml", (self.folder / "client.toml").read_text() + "loads_openssl_later = true\n")
        self.assertIn("nothing of it was attested", self.refused("./script", config="later.toml", code=7))

    def test_static(self) -> None:
        compiler = program("gcc", "cc")
        self.write("main.c", "int main(void) { return 0; }\n")
        built = subprocess.run([compiler, "-static", "-o", "static", "main.c"], cwd=self.folder, capture_output=True, check=False)
        if built.returncode != 0:
            self.skipTest("nothing can be linked statically here")
        self.assertIn("linked statically", self.refused("./static"))

    @unittest.skipUnless(programs.ROOT, "gives a file to another user")
    def test_privileged(self) -> None:
        copy = self.folder / "privileged"
        shutil.copy("/bin/true", copy)
        os.chown(copy, *programs.nobody())
        copy.chmod(0o4755)
        self.assertIn("setuid", self.refused("./privileged"))
        copy.chmod(0o2755)
        self.assertIn("setgid", self.refused("./privileged"))

    def test_the_library_alone_lets_nothing_pass(self) -> None:
        """As when somebody took away the variable that names the helper."""
        with socket.create_server(("127.0.0.1", 0)) as listener:  # programs may make their contexts once they are connected
            done = subprocess.run([program("curl"), "-sS", f"https://127.0.0.1:{listener.getsockname()[1]}/"], capture_output=True,
                                  text=True, check=False, env={**self.environment, "LD_PRELOAD": str(programs.LIBRARY)})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("seatls exec", done.stderr)

    def test_strangers_get_no_answer(self) -> None:
        self.write("later.toml", (self.folder / "client.toml").read_text() + "loads_openssl_later = true\n")
        running = self.start("later.toml", program("sleep"), "600")

        def environment() -> bytes:
            return b"\0".join(Path(f"/proc/{pid}/environ").read_bytes() for pid in running.descendants())

        running.until(lambda: b"SEATLS_EXEC_HELPER=" in environment())
        entry = next(e for e in environment().split(b"\0") if e.startswith(b"SEATLS_EXEC_HELPER="))
        name = entry.split(b"=")[1].split(b":")[0]
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(b"\0" + name)
            stranger.settimeout(60)
            try:
                stranger.sendall(b"\0\0\0\3\x82\1\0")  # the question that every library begins with
                self.assertEqual(stranger.recv(100), b"")
            except (BrokenPipeError, ConnectionResetError):
                pass
        running.end()

    def test_signals_and_exit_codes(self) -> None:
        self.write("later.toml", (self.folder / "client.toml").read_text() + "loads_openssl_later = true\n")
        self.refused("sh", "-c", "exit 42", config="later.toml", code=42)
        self.refused("sh", "-c", "kill -9 $$", config="later.toml", code=137)
        running = self.start("later.toml", "sh", "-c", "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.1; done")
        running.until(lambda: "ready" in running.said)
        self.assertEqual(running.end(), 5)
        self.assertIn("caught", running.said)


if __name__ == "__main__":
    kit.main()
