"""Two verifiers on one PostgreSQL under mixed load, while either of them is killed and the database is restarted: no wrong
verdict, no nonce accepted twice, nothing lost that was acknowledged. Run as `FILE PROGRAM`, PROGRAM being the built seatls.

SEATLS_CLUSTER_SECONDS is how long the load lasts (60), SEATLS_CLUSTER_SEED what is done and when."""
from __future__ import annotations

import json
import os
import random
import signal
import ssl
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
import kit  # noqa: E402
import verifier_test  # noqa: E402

try:
    import evidence
    from checks import Checks
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from journal import Journal
    from load import Client, Load
    LACKS = ""
except ImportError as error:
    LACKS = f"Debian's python3-cryptography and python3-cbor2 are needed: {error}"
from postgres import Postgres  # noqa: E402

SECONDS = float(os.environ.get("SEATLS_CLUSTER_SECONDS", "60"))
SEED = int(os.environ.get("SEATLS_CLUSTER_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
DATABASE, POLICY = "fleet", "fleet"


class Replica(verifier_test.Service):
    """One of the fleet. What it writes to its log is drained, and not kept."""

    readers: list = []  # of one that did not start

    def read_out(self) -> None:
        for _ in self.process.stdout:
            pass


class Fleet:
    """Two replicas and their database, and what befalls them. Everything here happens on the test's own thread."""

    def __init__(self, case: "Replicas", database: Postgres) -> None:
        self.case, self.database = case, database
        self.replicas = [Replica(case), Replica(case)]
        self.past: list[Replica] = []
        self.ports = [replica.port for replica in self.replicas]
        self.done: Counter = Counter()
        self.chance = random.Random(SEED)
        self.keys = 1

    def start_replica(self, number: int) -> None:
        """As a supervisor does it: again and again, until the database lets it."""
        end = time.monotonic() + 90
        while time.monotonic() < end:
            try:
                self.replicas[number] = Replica(self.case)
            except AssertionError:
                self.done["starts of a replica in vain"] += 1
                time.sleep(0.2)
                continue
            self.ports[number] = self.replicas[number].port
            return
        self.case.fail("a replica does not start")

    def end_replica(self, number: int, how: signal.Signals) -> None:
        replica = self.replicas[number]
        self.past.append(replica)
        replica.process.send_signal(how)
        if how == signal.SIGTERM:
            replica.wait(0)
        else:
            replica.process.wait()

    def pause(self, least: float, most: float) -> None:
        time.sleep(self.chance.uniform(least, most))

    def kill_replica(self) -> None:
        number = self.chance.randrange(2)
        self.end_replica(number, signal.SIGKILL)
        self.done["replica killed (SIGKILL)"] += 1
        self.pause(0.1, 1.5)
        self.start_replica(number)

    def drain_replica(self) -> None:
        number = self.chance.randrange(2)
        self.end_replica(number, signal.SIGTERM)
        self.done["replica stopped (SIGTERM)"] += 1
        self.start_replica(number)

    def restart_database(self) -> None:
        self.database.stop(signal.SIGQUIT)
        self.done["database shut down at once (SIGQUIT)"] += 1
        self.pause(0.1, 2.5)
        self.database.start()

    def kill_database(self) -> None:
        self.database.stop(signal.SIGKILL)
        self.done["database killed (SIGKILL)"] += 1
        self.pause(0.1, 2.5)
        self.database.start()

    def kill_both(self) -> None:
        number = self.chance.randrange(2)
        self.database.stop(self.chance.choice([signal.SIGQUIT, signal.SIGKILL]))
        self.end_replica(number, signal.SIGKILL)
        self.done["database and replica killed together"] += 1
        self.pause(0.1, 1)
        self.database.start()
        self.start_replica(number)

    def rotate_key(self) -> None:
        """One replica after the other signs with a new key."""
        self.keys += 1
        self.case.seatls("key", "create", "-o", f"results-{self.keys}.key")
        self.case.configure_fleet(f"results-{self.keys}.key")
        for replica in self.replicas:
            replica.process.send_signal(signal.SIGHUP)
            self.pause(0.1, 0.5)
        self.done["signing key rotated (SIGHUP)"] += 1

    def deafen(self) -> None:
        """Ends the connections on which replicas hear of changes: what is changed in the next half second, they miss."""
        cut = self.database.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'", DATABASE)
        self.done["connections cut that listen for changes"] += cut.stdout.count("t")

    def trouble(self, seconds: float) -> None:
        """All of it, in any order, for so long; each kind once at least, however slow the machine is."""
        end = time.monotonic() + seconds
        kinds = [self.kill_replica, self.restart_database, self.kill_database, self.kill_replica]
        if seconds > 30:
            kinds += [self.rotate_key, self.kill_both, self.drain_replica, self.kill_replica]
        planned = self.chance.sample(kinds, len(kinds))
        first = len(planned)
        while time.monotonic() < end - 2 or first > 0:
            if not planned:
                planned = self.chance.sample(kinds, len(kinds))
            first -= 1
            self.pause(0.3, 1.5)
            planned.pop()()
        time.sleep(max(0.0, end - time.monotonic()))

    def stop(self) -> None:
        """As operators stop it; what was killed and what was stopped shows no sign of a bug."""
        for replica in self.replicas:
            replica.stop()
        for replica in self.past:
            replica.end()
            self.case.no_alarm(kit.tidy(replica.errors))


class Replicas(verifier_test.VerifierCase):
    def setUp(self) -> None:
        if missing := LACKS or Postgres.missing():
            self.skipTest(missing)
        self.database = Postgres()
        self.addCleanup(self.database.end)
        self.database.start()
        self.database.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        super().setUp()
        self.configure_fleet("results.key")

    def configure_fleet(self, key: str) -> None:
        fresh = self.folder / "next.toml"
        self.configure("next.toml", store=self.database.uri(DATABASE), signing_key=key, session_lifetime="1h",
                       result_lifetime="2h", sessions=500_000, requests_per_second=0)
        fresh.rename(self.folder / "verifier.toml")  # a replica that starts reads the one or the other

    def sources(self) -> evidence.Source:
        self.change("verifier-policy.toml", 'swname = ["seatls"]', 'swname = ["seatls", "seatls-canary"]')
        own = evidence.Maker(self.evidence(bytes(32)), (self.folder / "attester.key").read_bytes())
        self.seatls("key", "create", "-o", "stranger.key")
        self.seatls("attest", "--attester", "software", "--key", "stranger.key", "--tik", "server.key", "--binder", "00" * 32,
                    "-o", "stranger.cmw")
        stranger = evidence.Maker((self.folder / "stranger.cmw").read_bytes(), (self.folder / "stranger.key").read_bytes())
        return evidence.Source(own, stranger)

    def policy(self) -> str:
        """The policy of the configuration, as one that comes by network: it opens no file."""
        key = (self.folder / "attester.pem").read_text()
        text = (self.folder / "verifier-policy.toml").read_text()
        text = text.replace('"attester.pem"', json.dumps(key)).replace('["seatls", "seatls-canary"]', "SWNAMES")
        self.assertIn("SWNAMES", text)
        return text

    def test_nothing_is_wrong_and_nothing_is_lost(self) -> None:
        source, journal = self.sources(), Journal()
        fleet = Fleet(self, self.database)
        trust = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        other = ec.generate_private_key(ec.SECP256R1()).public_key()
        tik = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        load = Load(fleet.ports, trust, journal, source, tik, (POLICY, self.policy()), verifier_test.TOKEN, fleet.deafen, SEED)
        begun = time.monotonic()
        load.start(talkers=8, twins=2)
        try:
            fleet.trouble(SECONDS)
        finally:
            ended = time.monotonic()
            load.end()
        self.assertEqual(load.broken, [])
        fleet.stop()

        fresh = Replica(self)
        checks = Checks(self.database, DATABASE, POLICY, journal, Client([fresh.port] * 2, trust, Journal()), verifier_test.TOKEN, SEED)
        checks.all()
        checks.client.close()
        fresh.stop()
        print_figures(fleet, journal, checks, begun, ended)
        self.assertEqual(journal.wrong[:20], [], f"{len(journal.wrong)} things are wrong; SEATLS_CLUSTER_SEED={SEED}")
        # The load was one: everything that is to be shown was tried.
        for kind, tier in (("good", "warning"), ("canary", "warning"), ("canary", "contraindicated"), ("forged", "contraindicated")):
            self.assertGreater(checks.verdicts[kind, tier], 0, f"{kind} was never {tier}")
        for contest in ("nonce, both answered", "session, both answered"):
            self.assertGreater(journal.contests[contest], 0, contest)


def print_figures(fleet: Fleet, journal: Journal, checks: Checks, begun: float, ended: float) -> None:
    took = ended - begun
    requests = sum(journal.ends.values())
    lines: list[tuple] = [("seed", SEED), ("seconds of load", f"{took:.1f}"), ("requests", requests),
                          ("requests/s", f"{requests / took:.0f}"), ("successes/s", f"{len(journal.successes) / took:.0f}"),
                          ("latency of successes, median / 99 % (ms)",
                           f"{1000 * journal.quantile(0.5):.0f} / {1000 * journal.quantile(0.99):.0f}"),
                          ("longest time without any success (s)", f"{journal.longest_silence(begun, ended):.2f}")]
    for title, counts in (("what was done", fleet.done), ("how requests ended", journal.ends),
                          ("two at the same moment", journal.contests),
                          ("verdicts", Counter({f"{kind}: {tier}": n for (kind, tier), n in checks.verdicts.items()})),
                          ("acknowledged, and found afterwards", checks.kept)):
        lines += [(f"{title}:", "")] + [(f"  {name}", count) for name, count in sorted(counts.items())]
    lines.append(("wrong", len(journal.wrong)))
    print("\n" + "\n".join(f"{name:<52} {value:>12}" for name, value in lines), flush=True)


if __name__ == "__main__":
    kit.main()
