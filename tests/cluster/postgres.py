"""A PostgreSQL of a test's own: in a temporary folder, on a socket there and no port, ended by its process id."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path


class Postgres:
    @staticmethod
    def programs() -> Path | None:
        """Where the server's programs are: the newest of Debian's folders, or PATH."""
        debian = Path("/usr/lib/postgresql")
        places = [version / "bin" for version in debian.iterdir()] if debian.exists() else []
        places.sort(key=lambda place: [int(n) for n in place.parent.name.split(".") if n.isdigit()], reverse=True)
        places += [Path(place) for place in os.environ.get("PATH", "").split(":")]
        for place in places:
            if all((place / name).exists() for name in ("initdb", "postgres", "psql")):
                return place
        return None

    @classmethod
    def missing(cls) -> str:
        if shutil.which("setpriv") is None:
            return "setpriv (Debian: util-linux) is not installed"
        return "" if cls.programs() else "PostgreSQL's server programs (Debian: postgresql) are not installed"

    def __init__(self) -> None:
        self.bin = self.programs()
        self.folder = Path(tempfile.mkdtemp(prefix="seatls-pg-"))
        self.folder.chmod(0o711)
        # A test that crashes leaves no server behind; and the server refuses to run as root.
        self.wrapped = ["setpriv", "--pdeathsig", "QUIT"]
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
            self.wrapped += ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        self.log = open(self.folder / "log", "ab")  # noqa: SIM115 - for as long as the server
        self.process: subprocess.Popen | None = None
        made = self.spawn("initdb", "-D", self.folder / "data", "-U", "seatls", "-A", "trust", "-E", "UTF8",
                          "--locale=C.UTF-8", "--no-sync")
        if made.wait(timeout=120) != 0:
            raise RuntimeError("initdb failed: " + self.told())

    def told(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def spawn(self, name: str, *arguments) -> subprocess.Popen:
        return subprocess.Popen([*self.wrapped, str(self.bin / name), *map(str, arguments)], cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def start(self, limit: float = 60) -> None:
        """Must be called by the thread that lives as long as the server is to live."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            # What is killed here is the server, never the machine: what was handed to the kernel survives without
            # fsync.
            self.process = self.spawn("postgres", "-D", self.folder / "data", "-k", self.folder, "-p", "5432",
                                      "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB",
                                      "-c", "max_connections=64")
            while self.process.poll() is None and time.monotonic() < end:
                if self.answers():
                    return
                time.sleep(0.05)
            # Processes of the one before that was killed may hold its memory for a moment.
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start: " + self.told())

    def answers(self) -> bool:
        return self.psql("SELECT 1", "postgres").returncode == 0

    def stop(self, how: signal.Signals) -> None:
        """SIGQUIT is PostgreSQL's immediate shutdown; SIGKILL meets the postmaster alone."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.stop(signal.SIGQUIT)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def uri(self, database: str) -> str:
        return f"postgresql:///{database}?user=seatls&host={self.folder}"

    def psql(self, sql: str, database: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(self.bin / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, self.uri(database)],
                              capture_output=True, text=True, timeout=120, check=False)

    def execute(self, sql: str, database: str = "postgres") -> str:
        done = self.psql(sql, database)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def rows(self, sql: str, database: str) -> list[dict]:
        """What a query finds, a dictionary for each row."""
        return json.loads(self.execute(f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found", database))
