"""Clients of a fleet without a balancer: they try one replica, and go to the other one when it fails."""
import base64
import contextlib
import http.client
import json
import random
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from evidence import Evidence, Source
from journal import DOUBT, UNSENT, Journal, PolicyChange, Talk, claims_of

API = "/challenge-response/v1/"
CMW = {"Content-Type": "application/cmw+cbor"}
POLICY = {"Content-Type": "application/vnd.seatls.policy+toml"}
KINDS = ["good"] * 6 + ["canary"] * 4 + ["other nonce", "other key", "other software", "stranger", "forged"]


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Client:
    """Connections of one thread to each replica. `ports` changes when a replica is started anew."""

    def __init__(self, ports: list[int], trust: ssl.SSLContext, journal: Journal) -> None:
        self.ports, self.trust, self.journal = ports, trust, journal
        self.open: dict[int, http.client.HTTPSConnection] = {}

    def connection(self, port: int) -> http.client.HTTPSConnection:
        if port not in self.open:
            made = http.client.HTTPSConnection("localhost", port, context=self.trust, timeout=10)
            made.connect()
            made.sock.settimeout(60)
            self.open[port] = made
        return self.open[port]

    def ask(self, replica: int, method: str, path: str, body: bytes | None = None, **headers) -> tuple:
        """The status and the content; or "doubt", or "unsent"."""
        port, begun = self.ports[replica], time.monotonic()
        try:
            connection = self.connection(port)
        except OSError as error:
            self.journal.count(f"no connection ({type(error).__name__})", begun)
            return UNSENT, None
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.journal.count(f"lost ({type(error).__name__})", begun)
            self.open.pop(port).close()
            return DOUBT, None
        if answer.will_close:
            self.open.pop(port).close()
        self.journal.count(str(answer.status), begun)
        if answer.status == 503:
            return DOUBT, None
        if answer.status not in (200, 201, 204, 404, 409):
            self.journal.note(f"{method} {path.split('?')[0]} was answered with {answer.status}", content)
            return DOUBT, None
        kind = answer.headers.get("Content-Type", "")
        parsed = json.loads(content) if "json" in kind else content.decode()
        return answer.status, (parsed, answer.headers.get("Location"))

    def close(self) -> None:
        for connection in self.open.values():
            connection.close()


class Load:
    """The threads of the load. They end when `over` is set, each after what it is at."""

    def __init__(self, ports: list[int], trust: ssl.SSLContext, journal: Journal, source: Source, other_tik: bytes,
                 policy: tuple[str, str], token: str, deafen: Callable[[], None], seed: int) -> None:
        self.ports, self.trust, self.journal, self.source = ports, trust, journal, source
        self.other_tik, self.policy = base64url(other_tik), policy
        self.authorization = {"Authorization": "Bearer " + token}
        self.deafen, self.seed = deafen, seed
        self.over = threading.Event()
        self.given_up = float("inf")
        self.threads: list[threading.Thread] = []
        self.broken: list[BaseException] = []

    def start(self, talkers: int, twins: int) -> None:
        roles = [self.talk] * talkers + [self.contest] * twins + [self.administer]
        for number, role in enumerate(roles):
            self.threads.append(threading.Thread(target=self.run, args=(role, random.Random(self.seed * 1000 + number))))
        for thread in self.threads:
            thread.start()

    def run(self, role, chance: random.Random) -> None:
        client = Client(self.ports, self.trust, self.journal)
        try:
            while not self.over.is_set():
                role(client, chance)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.broken.append(error)
            raise
        finally:
            client.close()

    def end(self) -> None:
        self.over.set()
        self.given_up = time.monotonic() + 60
        for thread in self.threads:
            thread.join()

    def until_answered(self, client: Client, chance: random.Random, *request, first: int | None = None,
                       ends: list | None = None, **headers) -> tuple:
        """Asks one replica and then the other one until there is an answer. `ends` gets how each attempt ended. None: given up."""
        replica = chance.randrange(2) if first is None else first
        while time.monotonic() < self.given_up:
            status, content = client.ask(replica, *request, **headers)
            if ends is not None:
                ends.append(status)
            if status not in (DOUBT, UNSENT):
                return status, content
            replica = 1 - replica
            time.sleep(0.02 + 0.08 * chance.random())
        return None, None

    # --- conversations -----------------------------------------------------------------------------------------------

    def open_path(self, nonce: bytes | None, kind: str) -> str:
        query = "nonceSize=32" if nonce is None else "nonce=" + base64url(nonce)
        return f"{API}newSession?{query}" + (f"&tik={self.other_tik}" if kind == "other key" else "")

    def open(self, client: Client, chance: random.Random, kind: str, nonce: bytes | None) -> Talk | None:
        """A session that was acknowledged. Without a nonce the service makes one."""
        talk = Talk(nonce)
        self.journal.talks.append(talk)
        path = self.open_path(nonce, kind)
        if nonce is None:
            status, content = client.ask(chance.randrange(2), "POST", path)
            talk.opened.append(status)
        else:
            status, content = self.until_answered(client, chance, "POST", path, ends=talk.opened)
        if status == 409 and DOUBT not in talk.opened:
            self.journal.note("a nonce that nobody had used was refused")
        if status != 201:
            return None
        self.begin(talk, content)
        return talk

    def talk(self, client: Client, chance: random.Random) -> None:
        kind = chance.choice(KINDS)
        talk = self.open(client, chance, kind, None if chance.random() < 0.2 else chance.randbytes(32))
        if talk is None or chance.random() < 0.03:
            return  # some are left waiting
        evidence = self.source.make(kind, talk.nonce)
        self.submit(client, chance, talk, evidence)
        if talk.session and chance.random() < 0.5:
            self.read_back(client, chance, talk)
        if chance.random() < 0.1:
            self.replay(client, chance, talk, evidence)
        if chance.random() < 0.08:
            self.delete(client, chance, talk)

    def begin(self, talk: Talk, content: tuple) -> None:
        session, where = content
        nonce = base64.b64decode(session["nonce"])
        if session["status"] != "waiting" or (talk.nonce or nonce) != nonce:
            self.journal.note("a session was opened that is not as asked for", session)
        talk.nonce, talk.id = nonce, where.removeprefix("session/")

    def submit(self, client: Client, chance: random.Random, talk: Talk, evidence: Evidence, first: int | None = None) -> None:
        ends: list = []
        talk.begun = time.monotonic()
        status, content = self.until_answered(client, chance, "POST", API + "session/" + talk.id, evidence.body,
                                              first=first, ends=ends, **CMW)
        talk.ended = time.monotonic()
        talk.submitted += [(evidence, end) for end in ends]
        if status == 200:
            talk.session, talk.acknowledged = content[0], True
            self.check(talk)
        elif status == 404:
            self.journal.note("a session that was acknowledged is unknown")
        elif status == 409 and DOUBT not in ends:
            self.journal.note("a session that waited took no evidence")
        elif status == 409:
            self.recover(client, chance, talk)

    def recover(self, client: Client, chance: random.Random, talk: Talk) -> None:
        """An answer was lost, and the evidence had been taken: the session tells what became of it, or is spent."""
        status, content = self.until_answered(client, chance, "GET", API + "session/" + talk.id)
        talk.ended = time.monotonic()
        if status == 200 and content[0]["status"] == "complete":
            talk.session = content[0]
            self.check(talk)
        elif status == 404:
            self.journal.note("a session that was acknowledged is unknown")

    def check(self, talk: Talk) -> None:
        """What can be said of a result without knowing which policy judged."""
        session = talk.session
        if session["status"] != "complete" or "result" not in session:
            self.journal.note("a submission was answered by a session without a result", session)
            talk.session, talk.acknowledged = None, False
            return
        claims = claims_of(session["result"])
        digest = base64.urlsafe_b64decode(claims["seatls_evidence_digest"] + "=")
        if claims["eat_nonce"] != base64url(talk.nonce):
            self.journal.note("a result is about another nonce")
        if talk.of_digest(digest) is None:
            self.journal.note("a result is about other evidence")

    def read_back(self, client: Client, chance: random.Random, talk: Talk) -> None:
        """What one replica acknowledged, any other one knows at once."""
        status, content = self.until_answered(client, chance, "GET", API + "session/" + talk.id)
        if status is not None and (status != 200 or content[0] != talk.session):
            self.journal.note("a session reads otherwise than it was answered", (status, content))

    def replay(self, client: Client, chance: random.Random, talk: Talk, evidence: Evidence) -> None:
        status, _ = self.until_answered(client, chance, "POST", API + "session/" + talk.id, evidence.body, **CMW)
        if status not in (None, 409) and talk.session:
            self.journal.note(f"a session took evidence twice ({status})")
        status, _ = self.until_answered(client, chance, "POST", self.open_path(talk.nonce, evidence.kind))
        if status not in (None, 409):
            self.journal.note(f"a nonce was accepted twice ({status})")

    def delete(self, client: Client, chance: random.Random, talk: Talk) -> None:
        ends: list = []
        status, _ = self.until_answered(client, chance, "DELETE", API + "session/" + talk.id, ends=ends)
        talk.deleted = "acknowledged" if status == 204 else "doubt"
        if status == 404 and DOUBT not in ends:
            self.journal.note("a session that was acknowledged is unknown")
        if status in (204, 404):
            status, _ = self.until_answered(client, chance, "GET", API + "session/" + talk.id)
            if status not in (None, 404):
                self.journal.note(f"a session that was deleted is still there ({status})")

    # --- two at the same moment --------------------------------------------------------------------------------------

    def contest(self, client: Client, chance: random.Random) -> None:
        """The same nonce at both replicas, then the same session: one wins, never two."""
        talk = Talk(nonce=chance.randbytes(32))
        self.journal.talks.append(talk)
        answers = self.at_once(client, [("POST", self.open_path(talk.nonce, "good"))] * 2)
        talk.opened = [status for status, _ in answers]
        won = [content for status, content in answers if status == 201]
        self.judge_contest("nonce", talk.opened, 201)
        if UNSENT in talk.opened:
            time.sleep(0.1 * chance.random())
        if len(won) != 1:
            return
        self.begin(talk, won[0])
        pieces = [self.source.make(kind, talk.nonce) for kind in ("good", chance.choice(["good", "other software"]))]
        chance.shuffle(pieces)
        talk.begun = time.monotonic()
        answers = self.at_once(client, [("POST", API + "session/" + talk.id, piece.body) for piece in pieces], **CMW)
        talk.ended = time.monotonic()
        talk.submitted = [(piece, status) for piece, (status, _) in zip(pieces, answers)]
        self.judge_contest("session", [status for status, _ in answers], 200)
        for piece, (status, content) in zip(pieces, answers):
            if status == 200:
                talk.session, talk.acknowledged = content[0], True
                self.check(talk)
                digest = claims_of(content[0]["result"])["seatls_evidence_digest"]
                if digest != base64url(piece.digest):
                    self.journal.note("evidence was answered with a result about other evidence")
        if not talk.session and (talk.submitted[0][1] == DOUBT or talk.submitted[1][1] == DOUBT):
            self.recover(client, chance, talk)

    def at_once(self, client: Client, requests: list[tuple], **headers) -> list[tuple]:
        """One request to each replica, over connections that are open already. Two threads share the client, and no connection."""
        barrier = threading.Barrier(2)

        def one(replica: int) -> tuple:
            with contextlib.suppress(OSError):  # `ask` tells it
                client.connection(self.ports[replica])
            barrier.wait(timeout=60)
            return client.ask(replica, *requests[replica], **headers)

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(one, range(2)))

    def judge_contest(self, what: str, ends: list, win: int) -> None:
        wins = ends.count(win)
        answered = all(end not in (DOUBT, UNSENT) for end in ends)
        self.journal.contests[f"{what}, both answered" if answered else f"{what}, one or none answered"] += 1
        if wins > 1:
            self.journal.note(f"a {what} was accepted twice")
        elif wins == 0 and DOUBT not in ends and ends != [UNSENT, UNSENT]:
            self.journal.note(f"a {what} was refused that nobody had used", ends)

    # --- policies ----------------------------------------------------------------------------------------------------

    def administer(self, client: Client, chance: random.Random) -> None:
        """A new version, which knows the canary or does not; activated; and often rolled back."""
        name, text = self.policy
        number = len(self.journal.texts) + 1
        names = ["seatls", "seatls-canary"] if number % 2 else ["seatls"]
        text = f"# {number}\n" + text.replace("SWNAMES", json.dumps(names))
        path = f"/management/v1/policies/{name}"
        status, content = self.until_answered(client, chance, "POST", path, text.encode(), **POLICY, **self.authorization)
        if status != 201:
            self.journal.lost_texts.add(text)
            if status is not None:
                self.journal.note("a policy was not taken", (status, content))
            return
        version = content[0]["version"]
        if version in self.journal.texts:
            self.journal.note(f"version {version} was given out twice")
        self.journal.texts[version] = text
        waiting = self.open(client, chance, "canary", chance.randbytes(32))
        evidence = self.source.make("canary", waiting.nonce) if waiting else None
        if chance.random() < 0.5:
            self.deafen()
        change = PolicyChange("activate", version, time.monotonic())
        replica = self.change(client, chance, change, f"{path}/{version}/activate")
        if waiting:  # in the very moment after the answer, and where the change was not made
            self.submit(client, chance, waiting, evidence, first=None if replica is None else 1 - replica)
        if change.ended is None:
            return
        time.sleep(0.4 * chance.random())
        if chance.random() < 0.5:
            # Asked once: it undoes another activation each time.
            change = PolicyChange("rollback", None, time.monotonic())
            self.journal.changes.append(change)
            status, content = client.ask(chance.randrange(2), "POST", path + "/rollback", **self.authorization)
            if status == 200:
                change.version, change.ended = content[0]["active"], time.monotonic()
            elif status == DOUBT:
                change.doubts = 1
            elif status == 409 and len(self.journal.changes) > 2:
                self.journal.note("there was nothing to roll back to")
            time.sleep(0.4 * chance.random())

    def change(self, client: Client, chance: random.Random, change: PolicyChange, path: str) -> int | None:
        """Returns the replica that acknowledged it."""
        self.journal.changes.append(change)
        ends: list = []
        first = chance.randrange(2)
        status, content = self.until_answered(client, chance, "POST", path, first=first, ends=ends, **self.authorization)
        change.doubts = ends.count(DOUBT)
        if status == 200 and content[0]["active"] == change.version:
            change.ended = time.monotonic()
            return (first + len(ends) - 1) % 2
        if status is not None:
            self.journal.note(f"version {change.version} was not activated", (status, content))
        return None
