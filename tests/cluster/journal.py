"""What clients of a fleet were told, and what was left open.

A request has one of these ends:
  its answer   201, 200, 204, 404, 409: what it says is so, and must stay so
  "doubt"      it was sent, and no answer came, or 503: it was done, or was not, and may still be done by a replica
               that lives. Nothing may be claimed of it but that it was done once at most
  "unsent"     there was no connection to send it over: it was not done"""
import base64
import hashlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from evidence import Evidence

DOUBT, UNSENT = "doubt", "unsent"


def claims_of(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@dataclass
class Talk:
    """One nonce, and all that was said about it."""

    nonce: bytes | None  # None: the service was to make one, and its answer was lost
    id: str = ""  # of the session, once a 201 told it
    opened: list = field(default_factory=list)  # how each attempt to open ended
    submitted: list = field(default_factory=list)  # (evidence, how it ended), of each attempt
    begun: float = 0  # when the first of them began, and when the last one ended
    ended: float = 0
    session: dict | None = None  # complete, as it was told
    acknowledged: bool = False  # by a 200 to the submission, and not read afterwards
    deleted: str = ""  # "", "acknowledged" or "doubt"

    @property
    def session_digest(self) -> str:
        return hashlib.sha256(self.id.encode()).hexdigest()

    def of_digest(self, digest: bytes) -> Evidence | None:
        return next((e for e, _ in self.submitted if e.digest == digest), None)


@dataclass
class PolicyChange:
    """An activation or a rollback: the version that judges after it (None: not told), between which moments."""

    what: str
    version: int | None
    begun: float
    ended: float | None = None  # None: in doubt
    doubts: int = 0


class Journal:
    def __init__(self) -> None:
        self.talks: list[Talk] = []
        self.texts: dict[int, str] = {}  # of policy versions that were acknowledged
        self.lost_texts: set[str] = set()  # of those that were not
        self.changes: list[PolicyChange] = []
        self.wrong: list[str] = []
        self.contests: Counter = Counter()
        self.lock = threading.Lock()
        self.ends: Counter = Counter()
        self.successes: list[float] = []
        self.latencies: list[float] = []

    def note(self, what: str, detail=None) -> None:
        """Something that must not be."""
        self.wrong.append(what if detail is None else f"{what}: {detail}")

    def count(self, end: str, begun: float) -> None:
        now = time.monotonic()
        with self.lock:
            self.ends[end] += 1
            if end.startswith("2"):
                self.successes.append(now)
                self.latencies.append(now - begun)

    def longest_silence(self, begun: float, ended: float) -> float:
        moments = [begun, *sorted(s for s in self.successes if begun < s < ended), ended]
        return max(b - a for a, b in zip(moments, moments[1:]))

    def quantile(self, part: float) -> float:
        ordered = sorted(self.latencies) or [0.0]
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Activations:
    """Which version of the policy may have judged when: the database's log of activations gives the order, the journal
    the moments."""

    def __init__(self, log: list[dict], journal: Journal) -> None:
        self.wrong: list[str] = []
        self.versions = [0] + [entry["version"] for entry in log]  # 0: none of them judges yet
        count = len(self.versions)
        self.earliest = [float("-inf")] * count
        self.latest = [float("-inf")] + [float("inf")] * (count - 1)
        firsts = {version: at for at, version in reversed(list(enumerate(self.versions)))}
        doubts = sum(change.doubts for change in journal.changes)
        explained = {0}
        for number, change in enumerate(journal.changes):
            if change.what == "activate":
                at = firsts.get(change.version)
            else:
                at = self.rollback_entry(change, journal.changes[:number], journal.changes[number + 1:], firsts, explained)
            if at is None:
                if change.ended is not None:
                    self.wrong.append(f"lost: {change.what} to version {change.version}, which was acknowledged")
                continue
            explained.add(at)
            self.earliest[at] = change.begun
            if change.ended is not None:
                self.latest[at] = change.ended
        if len(set(range(count)) - explained) > doubts:
            self.wrong.append("the log of activations has more than was asked for")
        for at in range(1, count):
            self.earliest[at] = max(self.earliest[at], self.earliest[at - 1])
        for at in range(count - 2, -1, -1):
            self.latest[at] = min(self.latest[at], self.latest[at + 1])

    def rollback_entry(self, change: PolicyChange, before: list, after: list, firsts: dict, explained: set) -> int | None:
        """An acknowledged one stands between the activation before it and the one after it."""
        if change.version is None:
            return None
        first = max((firsts.get(c.version, 0) for c in before if c.what == "activate"), default=0)
        last = min((firsts[c.version] for c in after if c.what == "activate" and c.version in firsts),
                   default=len(self.versions))
        return next((at for at in range(first + 1, last) if self.versions[at] == change.version and at not in explained), None)

    def may_have_judged(self, version: int, begun: float, ended: float) -> bool:
        for at, active in enumerate(self.versions):
            over = self.latest[at + 1] if at + 1 < len(self.versions) else float("inf")
            if active == version and self.earliest[at] <= ended and over >= begun:
                return True
        return False
