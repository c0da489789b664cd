"""What was acknowledged under load, held against a replica that is new, and against the database."""
import base64
import hashlib
import json
import random
from collections import Counter

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from journal import DOUBT, Activations, Journal, Talk, claims_of
from load import API, Client
from postgres import Postgres


class Checks:
    def __init__(self, database: Postgres, name: str, policy: str, journal: Journal, client: Client, token: str, seed: int) -> None:
        self.database, self.name, self.policy = database, name, policy
        self.journal, self.client, self.seed = journal, client, seed
        self.authorization = {"Authorization": "Bearer " + token}
        self.verdicts: Counter = Counter()
        self.kept: Counter = Counter()

    def rows(self, sql: str) -> list[dict]:
        return self.database.rows(sql, self.name)

    def wrong(self, what: str, detail=None) -> None:
        self.journal.note("afterwards: " + what, detail)

    def ask(self, method: str, path: str, **headers) -> tuple:
        status, content = self.client.ask(0, method, path, **headers)
        return status, content[0] if content else None

    def all(self) -> None:
        self.check_policies()
        self.check_verdicts()
        self.check_sessions()
        self.check_nonces()
        self.check_signatures()
        for complaint in self.client.journal.wrong:
            self.wrong("a fresh replica: " + complaint)

    def check_policies(self) -> None:
        journal = self.journal
        kept = {row["version"]: row["body"]
                for row in self.rows(f"SELECT version, body FROM seatls.policy WHERE name = '{self.policy}' ORDER BY version")}
        for version, text in journal.texts.items():
            if kept.get(version) != text:
                self.wrong(f"version {version} of the policy is lost, or is another")
        for version in set(kept) - set(journal.texts):
            if kept[version] not in journal.lost_texts:
                self.wrong(f"there is a version {version} that nobody added")
        if sorted(kept) != list(range(1, len(kept) + 1)):
            self.wrong("versions have gaps", sorted(kept))
        _, answer = self.ask("GET", "/management/v1/policies", **self.authorization)
        log = self.rows("SELECT seq, version, before FROM seatls.activation ORDER BY seq")
        active = [one["version"] for one in answer["policies"] if one["active"]]
        if active != [entry["version"] for entry in log[-1:] if entry["version"]]:
            self.wrong("a fresh replica has another version active than the last one that was activated", active)
        self.activations = Activations(log, journal)
        for complaint in self.activations.wrong:
            self.wrong(complaint)
        self.kept["versions of a policy"] = len(journal.texts)
        self.kept["activations and rollbacks"] = sum(change.ended is not None for change in journal.changes)

    def tier_of(self, kind: str, version: int) -> str:
        """What evidence must be judged as, while this version of the policy is active."""
        knows_canary = version == 0 or "seatls-canary" in self.journal.texts[version]
        return "warning" if kind == "good" or kind == "canary" and knows_canary else "contraindicated"

    def check_verdicts(self) -> None:
        """Each verdict of the audit log is of a submission, is the one that it must be, and there is no other."""
        rows = self.rows("SELECT encode(session_digest, 'hex') AS session, encode(evidence_digest, 'hex') AS evidence, "
                         "tier, policies, key_id FROM seatls.verdict ORDER BY seq")
        talks = {talk.session_digest: talk for talk in self.journal.talks if talk.id}
        seen: dict[str, dict] = {}
        for row in rows:
            talk = talks.get(row["session"])
            if row["session"] in seen:
                self.wrong("a session was judged twice")
            seen[row["session"]] = row
            piece = talk.of_digest(bytes.fromhex(row["evidence"])) if talk else None
            if piece is None:
                self.wrong("there is a verdict about evidence that was not submitted")
                continue
            version = next((int(p.split("@")[1]) for p in json.loads(row["policies"]) if p.startswith(self.policy + "@")), 0)
            if version not in self.journal.texts and version != 0:
                self.wrong(f"version {version} judged, which was never acknowledged")
                continue
            expected = self.tier_of(piece.kind, version)
            self.verdicts[piece.kind, row["tier"]] += 1
            if row["tier"] != expected:
                self.wrong(f"{piece.kind} was judged {row['tier']} by version {version}")
            if not self.activations.may_have_judged(version, talk.begun, talk.ended):
                self.wrong(f"version {version} judged at a moment when it was not active")
            if talk.session:
                self.check_result(talk, row)
        for talk in self.journal.talks:
            if talk.session and talk.session_digest not in seen:
                self.wrong("lost: a verdict that was acknowledged")
            accepted = [end for _, end in talk.submitted].count(200)
            if accepted > 1:
                self.wrong("a session's evidence was acknowledged twice")
        self.kept["verdicts"] = sum(bool(talk.session) for talk in self.journal.talks)
        self.kept["verdicts beyond those (the answer was lost)"] = len(rows) - self.kept["verdicts"]

    def check_result(self, talk: Talk, row: dict) -> None:
        claims = claims_of(talk.session["result"])
        told = claims["submods"]["software"]
        if told["ear.status"] != row["tier"]:
            self.wrong(f"{row['tier']} was answered as {told['ear.status']}")
        if told.get("ear.appraisal-policy-id", "") != ", ".join(json.loads(row["policies"])):
            self.wrong("a result names other policies than the audit log", told)
        if base64.urlsafe_b64decode(claims["seatls_evidence_digest"] + "=").hex() != row["evidence"]:
            self.wrong("a result is about other evidence than its verdict")

    def check_sessions(self) -> None:
        sessions = self.rows("SELECT id, encode(nonce, 'hex') AS nonce, status FROM seatls.session")
        kept = {row["id"]: row for row in sessions}
        known = {talk.id for talk in self.journal.talks if talk.id}
        in_doubt = {talk.nonce.hex() for talk in self.journal.talks if talk.nonce and DOUBT in talk.opened}
        unnamed = sum(talk.nonce is None and DOUBT in talk.opened for talk in self.journal.talks)
        strangers = [row for row in sessions if row["id"] not in known and row["nonce"] not in in_doubt]
        if len(strangers) > unnamed:
            self.wrong(f"{len(strangers) - unnamed} sessions were opened that nobody asked for")
        twice = [nonce for nonce, times in Counter(row["nonce"] for row in sessions).items() if times > 1]
        if twice:
            self.wrong("nonces with two sessions", twice)
        for talk in self.journal.talks:
            if not talk.id:
                continue
            status, session = self.ask("GET", API + "session/" + talk.id)
            row = kept.get(talk.id)
            self.kept["sessions"] += 1
            if talk.deleted:
                if talk.deleted == "acknowledged" and (status != 404 or row):
                    self.wrong("a deletion that was acknowledged is undone")
            elif status != 200 or not row or session["status"] != row["status"]:
                self.wrong("lost: a session that was acknowledged", status)
            elif talk.session and session != talk.session:
                self.wrong("a result that was acknowledged is another now")
            elif not talk.submitted and session["status"] != "waiting":
                self.wrong("a session without evidence is not waiting any more")
            elif not talk.session:
                self.kept[f"sessions left {session['status']}"] += 1
        tally = self.rows("SELECT CAST(sum(sessions) AS bigint) AS sessions, CAST(sum(nonces) AS bigint) AS nonces FROM seatls.tally")
        spent = self.rows("SELECT count(*) AS nonces FROM seatls.spent_nonce")
        if tally != [{"sessions": len(sessions), **spent[0]}]:
            self.wrong("the database counts wrong", (tally, len(sessions), spent))

    def check_nonces(self) -> None:
        spent = {row["digest"] for row in self.rows("SELECT encode(digest, 'hex') AS digest FROM seatls.spent_nonce")}
        asked = random.Random(self.seed).sample(self.journal.talks, min(200, len(self.journal.talks)))
        for talk in self.journal.talks:
            if not talk.id:
                continue
            self.kept["nonces"] += 1
            if hashlib.sha256(talk.nonce).hexdigest() not in spent:
                self.wrong("lost: a nonce that was spent")
            if talk.opened.count(201) > 1:
                self.wrong("a nonce was acknowledged twice")
        for talk in asked:
            if talk.id:
                nonce = base64.urlsafe_b64encode(talk.nonce).decode().rstrip("=")
                if self.ask("POST", API + "newSession?nonce=" + nonce)[0] != 409:
                    self.wrong("a fresh replica takes a nonce that was spent")

    def check_signatures(self) -> None:
        """Every result verifies by the keys that a fresh replica publishes, whoever signed it with whichever."""
        _, published = self.ask("GET", "/.well-known/jwks.json")
        keys = {}
        for key in published["keys"]:
            x, y = (int.from_bytes(base64.urlsafe_b64decode(key[c] + "="), "big") for c in ("x", "y"))
            keys[key["kid"]] = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        for talk in self.journal.talks:
            if not talk.session:
                continue
            content, _, signature = talk.session["result"].rpartition(".")
            header = content.split(".")[0]
            kid = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
            raw = base64.urlsafe_b64decode(signature + "==")
            der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
            try:
                keys[kid].verify(der, content.encode(), ec.ECDSA(hashes.SHA256()))
            except (KeyError, InvalidSignature) as error:
                self.wrong("a result does not verify", repr(error))
        self.kept["keys that are published"] = len(keys)
