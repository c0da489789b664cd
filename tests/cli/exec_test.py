"""`seatls exec`: Debian's own programs, attested to each other, and refused when evidence is bad, absent or relayed."""
import os
import shutil
import signal
import socket
import subprocess
import sys

import kit
import programs
from programs import ExecCase, Running, free_port, program


class Pair:
    """A server and a client, unmodified. Every test of it is run for each pair below."""

    NAME = "localhost"

    def start_server(self, config: str) -> Running:
        """Starts it on self.port, attested by `config`; not attested without."""
        raise NotImplementedError

    def ask(self, config: str, port: int) -> tuple[bool, str]:
        """Whether the client got its answer, and what it said."""
        raise NotImplementedError

    def is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def serve(self, config: str) -> Running:
        self.port = free_port()
        server = self.start_server(config)
        server.until(self.is_up)
        return server

    def succeeds(self, config: str, port: int) -> None:
        good, said = self.ask(config, port)
        self.assertTrue(good, said + str(self.verdicts("client")) + str(self.verdicts("server")))

    def fails(self, config: str, port: int) -> None:
        good, said = self.ask(config, port)
        self.assertFalse(good, said)

    def test_attested(self) -> None:
        server = self.serve("server.toml")
        self.succeeds("client.toml", self.port)
        self.assert_attested("client")
        self.assert_attested("server")
        self.assertIn("seatls", self.verdicts("client")[-1]["peer"]["claims"].values())
        self.succeeds("client.toml", self.port)
        server.end()

    def test_bad_evidence(self) -> None:
        self.serve("server.toml")
        self.fails("strict-client.toml", self.port)
        self.assert_refused("client", "reference_mismatch")
        # The other way round.
        self.forget()
        self.serve("strict-server.toml")
        self.fails("client.toml", self.port)
        self.assert_refused("server", "reference_mismatch")

    def test_absent_evidence(self) -> None:
        self.serve("")
        self.succeeds("", self.port)
        self.fails("client.toml", self.port)
        self.assert_refused("client", "attestation_required")
        self.serve("server.toml")
        self.fails("", self.port)
        self.assert_refused("server", "attestation_required")

    def test_relayed_evidence(self) -> None:
        self.serve("server.toml")
        self.fails("client.toml", self.relay("server", self.port))
        self.assert_refused("client", "binder_mismatch")
        self.forget()
        self.fails("client.toml", self.relay("client", self.port))
        self.assert_refused("server", "binder_mismatch")


class Nginx(Pair, ExecCase):
    """nginx with its workers, which run as another user, and two hosts; curl."""

    def start_server(self, config: str) -> Running:
        nginx, folder = program("nginx"), self.folder
        user = "user nobody nogroup;" if programs.ROOT else ""
        host = f"""
            listen 127.0.0.1:{self.port} ssl;
            ssl_certificate {folder}/server.pem;  ssl_certificate_key {folder}/server.key;
            ssl_client_certificate {folder}/ca.pem;  ssl_verify_client on;
            ssl_protocols TLSv1.2 TLSv1.3;"""
        temporary = "".join(f"{kind}_temp_path {folder}/nginx-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.write("nginx.conf", f"""
            daemon off;  worker_processes 2;  {user}  pid {folder}/nginx.pid;  error_log stderr info;
            events {{ worker_connections 64; }}
            http {{ access_log off;  {temporary}
                server {{ server_name localhost; {host}  location / {{ return 200 "hello from nginx\\n"; }} }}
                server {{ server_name other.localhost; {host}  location / {{ return 200 "hello from another\\n"; }} }}
            }}""")
        return self.start(config, nginx, "-e", "stderr", "-c", f"{folder}/nginx.conf")

    def curl(self, config: str, port: int, *more: str, name: str = "localhost") -> tuple[bool, str]:
        code, out, err = self.run_client(
            config, program("curl"), "-sS", "--resolve", f"{name}:{port}:127.0.0.1", "--cacert", "ca.pem", "--cert", "client.pem",
            "--key", "client.key", *more, f"https://{name}:{port}/")
        return code == 0 and out.startswith("hello from"), out + err

    def ask(self, config: str, port: int) -> tuple[bool, str]:
        return self.curl(config, port)

    def test_two_hosts(self) -> None:
        self.serve("server.toml")
        good, said = self.curl("client.toml", self.port, name="other.localhost")
        self.assertTrue(good and "another" in said, said)
        self.assert_attested("client")
        self.assert_attested("server")
        self.assertEqual(self.verdicts("client")[-1]["peer"]["identity"]["name"], "other.localhost")

    def test_insecure_weakens_nothing(self) -> None:
        self.serve("server.toml")
        good, said = self.curl("strict-client.toml", self.port, "-k")
        self.assertFalse(good, said)
        self.assert_refused("client", "reference_mismatch")
        self.forget()
        # A certificate of somebody else's: -k has curl accept it, and the configuration does not.
        self.seatls("init", "--dir", "elsewhere", "--use-case", "mutual", "--tee", "software", "-q")
        code, out, _ = self.run_client("client.toml", program("curl"), "-sSk", "--cacert", "elsewhere/ca.pem", "--cert", "client.pem",
                                       "--key", "client.key", f"https://localhost:{self.port}/")
        self.assertNotEqual((code, out), (0, "hello from nginx\n"))
        self.assert_refused("client", "identity_rejected")

    def test_tls_1_2_is_refused(self) -> None:
        self.serve("server.toml")
        good, said = self.curl("client.toml", self.port, "--tls-max", "1.2")
        self.assertFalse(good, said)
        self.assert_refused("client", "protocol_version")
        self.assertIn("excludes TLS 1.3", self.verdicts("client")[-1]["refused"]["detail"])
        good, said = self.curl("", self.port, "--tls-max", "1.2")
        self.assertFalse(good, said)

    def test_verbose_sees_its_messages(self) -> None:
        self.serve("server.toml")
        good, said = self.curl("client.toml", self.port, "-v")
        self.assertTrue(good, said)
        self.assertIn("TLS handshake, Server hello", said)

    def test_many_at_once(self) -> None:
        self.serve("server.toml")
        code, out, err = self.run_client(
            "client.toml", program("curl"), "-sS", "--no-progress-meter", "-Z", "--cacert", "ca.pem", "--cert", "client.pem", "--key", "client.key",
            f"https://localhost:{self.port}/[1-20]")
        self.assertEqual((code, out.count("hello")), (0, 20), out + err)


class Redis(Pair, ExecCase):
    """redis-server and redis-cli."""

    ENDPOINT = ""

    def start_server(self, config: str) -> Running:
        return self.start(config, program("redis-server"), "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1",
                          "--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--tls-ca-cert-file", "ca.pem",
                          "--tls-auth-clients", "yes", "--save", "", "--dir", str(self.folder))

    def ask(self, config: str, port: int, *more: str) -> tuple[bool, str]:
        code, out, err = self.run_client(config, program("redis-cli"), "-h", "localhost", "-p", str(port), "--tls", "--cacert", "ca.pem",
                                         "--cert", "client.pem", "--key", "client.key", *(more or ("--sni", "localhost")), "PING")
        return code == 0 and out.strip() == "PONG", out + err

    def test_a_name_is_demanded(self) -> None:
        self.serve("server.toml")
        good, said = self.ask("client.toml", self.port, "--no-auth-warning")
        self.assertFalse(good, said)
        self.assert_refused("client", "configuration")
        self.assertIn("write name", str(self.verdicts("client")))
        self.forget()
        self.change("client.toml", "[require]", '[require]\nname = "localhost"')
        good, said = self.ask("client.toml", self.port, "--no-auth-warning")
        self.assertTrue(good, said)
        self.assert_attested("client")


class Postgres(Pair, ExecCase):
    """PostgreSQL, a process per connection, and psql."""

    BIN = "/usr/lib/postgresql/*/bin/"
    ENDPOINT = "loads_openssl_later = true\n"  # the server is started by a program that changes the user
    PREAMBLE = ("postgres",)

    def start_server(self, config: str) -> Running:
        postgres, initdb = program(self.BIN + "postgres"), program(self.BIN + "initdb")
        data, key = self.folder / "data", self.folder / "postgres.key"
        as_user: list[str] = []
        if not data.exists():
            data.mkdir(mode=0o700)
            shutil.copy(self.folder / "server.key", key)
            key.chmod(0o600)
        if programs.ROOT:
            user, group = programs.nobody()
            os.chown(data, user, group)
            os.chown(key, user, group)
            as_user = [program("setpriv"), f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        if not (data / "PG_VERSION").exists():
            subprocess.run([*as_user, initdb, "-D", str(data), "-U", "test", "--auth=trust", "--no-sync"], check=True, capture_output=True, cwd="/")
            (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
        if (data / "postmaster.pid").exists():
            self.postgres.end(signal.SIGINT)
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "ssl": "on", "fsync": "off",
                    "ssl_cert_file": self.folder / "server.pem", "ssl_key_file": key, "ssl_ca_file": self.folder / "ca.pem"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.postgres = self.start(config, *as_user, postgres, "-D", str(data), *options)
        self.postgres.until(lambda: "ready to accept connections" in self.postgres.said)
        self.addCleanup(self.postgres.end, signal.SIGINT)
        return self.postgres

    def ask(self, config: str, port: int) -> tuple[bool, str]:
        where = (f"host=localhost hostaddr=127.0.0.1 port={port} dbname=postgres user=test sslmode=verify-full gssencmode=disable "
                 "sslrootcert=ca.pem sslcert=client.pem sslkey=client.key")
        code, out, err = self.run_client(config, program(self.BIN + "psql"), "-XAtd", where, "-c", "select 6 * 7")
        return code == 0 and out.strip() == "42", out + err


SERVER = """
import os, socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
context.load_verify_locations("ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.sendall(b"hello " + tls.recv(100))
        except OSError as error:
            print(error, flush=True)
"""
CLIENT = """
import socket, ssl, sys
context = ssl.create_default_context(cafile="ca.pem")
context.load_cert_chain("client.pem", "client.key")
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    with context.wrap_socket(connection, server_hostname="localhost") as tls:
        tls.sendall(b"world")
        print(tls.recv(100).decode())
"""


class Python(Pair, ExecCase):
    """Python's ssl, at both ends: an interpreter that loads OpenSSL later."""

    ENDPOINT = "loads_openssl_later = true\n"

    def start_server(self, config: str) -> Running:
        self.write("server.py", SERVER)
        return self.start(config, sys.executable, "server.py", str(self.port))

    def ask(self, config: str, port: int) -> tuple[bool, str]:
        self.write("client.py", CLIENT)
        code, out, err = self.run_client(config, sys.executable, "client.py", str(port))
        return code == 0 and out.strip() == "hello world", out + err

    def test_children_are_covered(self) -> None:
        """Also one that is started with an empty environment."""
        self.serve("server.toml")
        self.write("client.py", CLIENT)
        code, out, err = self.run_client("strict-client.toml", program("env"), "-i", sys.executable, "client.py", str(self.port))
        self.assertNotEqual((code, out), (0, "hello world\n"), err)
        self.assert_refused("client", "reference_mismatch")
        self.forget()
        self.write("parent.py", f"import subprocess\nsubprocess.run([{sys.executable!r}, 'client.py', '{self.port}'], env={{}}, check=True)\n")
        code, out, err = self.run_client("client.toml", sys.executable, "parent.py")
        self.assertEqual((code, out.strip()), (0, "hello world"), err)
        self.assert_attested("client")

    def test_without_its_helper_nothing_passes(self) -> None:
        server = self.serve("server.toml")
        left = server.descendants()
        server.process.kill()
        server.process.wait()
        try:
            self.fails("client.toml", self.port)
        finally:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        self.assertFalse([e for e in self.verdicts("client") if e["peer"]["attested"]])

    def test_the_other_role(self) -> None:
        """A file for clients alone: a server of the same program is refused, unless there is a file for it, too."""
        both = "exec_both.toml"
        self.write("server.py", SERVER)
        self.port = free_port()
        server = self.start("client.toml", sys.executable, "server.py", str(self.port))
        server.until(self.is_up)
        self.fails("client.toml", self.port)
        self.settled("client", lambda v: any(e["refused"] and e["refused"]["code"] == "misuse" for e in v))
        self.assertIn("other_config", str(self.verdicts("client")))
        server.end()
        self.forget()
        self.write(both, (self.folder / "client.toml").read_text() + 'other_config = "server.toml"\n')
        self.port = free_port()
        server = self.start(both, sys.executable, "server.py", str(self.port))
        server.until(self.is_up)
        self.succeeds("client.toml", self.port)
        self.assertEqual({"client", "server"}, {e["role"] for e in self.verdicts("client")}, self.verdicts("client"))
        server.end()

    def test_the_other_role_in_the_clear(self) -> None:
        self.write("plain.toml", (self.folder / "client.toml").read_text() + 'other_role = "danger-plain"\n')
        server = self.serve("plain.toml")
        self.succeeds("", self.port)
        self.fails("client.toml", self.port)
        server.end()
        self.assertIn("exec_other_role_plain", server.said)


if __name__ == "__main__":
    kit.main()
