"""Evidence apart from connections: attest, inspect, appraise, and policies learned, tried and explained."""
import base64
import hashlib
import json
import re

import kit

BINDER = "5a" * 32


class RoundTrip:
    """The same for each kind of evidence."""

    tee = ""
    verdict = ""

    def make(self) -> None:
        self.seatls("init", "--tee", self.tee, "-q")
        told = self.seatls("attest", "--config", "server.toml", "--binder", BINDER, "-o", "evidence.cmw", "--json").json
        self.assertEqual((told["scheme"], told["binder"]), (self.tee, BINDER))
        self.assertEqual(told["size"], (self.folder / "evidence.cmw").stat().st_size)

    def appraise(self, *arguments: str, code: int = 0) -> dict:
        return self.seatls("appraise", "evidence.cmw", "--policy", "policy.toml", "--tik", "server.pem", *arguments, "--json",
                           code=code).json

    def test_good_evidence_is_accepted(self) -> None:
        self.make()
        told = self.appraise("--binder", BINDER)
        self.assertEqual((told["verdict"], told["scheme"], told["binder"]), (self.verdict, self.tee, BINDER))
        self.assertIn(f"Verdict: {self.verdict}", self.seatls("appraise", "evidence.cmw", "--config", "client.toml", "--binder", BINDER).out)

    def test_another_binder_is_refused(self) -> None:
        self.make()
        told = self.appraise("--binder", "5b" * 32, code=1)
        self.assertIn("binder_mismatch", [r["code"] for r in told["reasons"] if r["fatal"]])

    def test_another_key_is_refused(self) -> None:
        self.make()
        self.seatls("key", "create", "-o", "other.key")
        told = self.seatls("appraise", "evidence.cmw", "--policy", "policy.toml", "--tik", "other.key", "--binder", BINDER,
                           "--json", code=1).json
        self.assertTrue(any(r["fatal"] for r in told["reasons"]), told)

    def test_a_binder_must_be_named(self) -> None:
        self.make()
        self.assertIn("--binder", self.seatls("appraise", "evidence.cmw", "--policy", "policy.toml", code=2).err)
        self.assertIn("--policy", self.seatls("appraise", "evidence.cmw", "--binder", BINDER, code=2).err)

    def test_inspect_shows_and_does_not_judge(self) -> None:
        self.make()
        told = self.seatls("inspect", "evidence.cmw", "--json").json
        self.assertEqual(told["type"], "cmw")
        self.assertIn(BINDER, str(told), "the binder is somewhere in it")
        data = (self.folder / "evidence.cmw").read_bytes()
        self.assertEqual(self.seatls("inspect", "-", "--json", stdin=data).json["type"], "cmw")
        self.assertEqual(self.seatls("inspect", "-", "--hex", "--json", stdin=data.hex().encode()).json["type"], "cmw")
        self.assertIn("cmw", self.seatls("inspect", "evidence.cmw").out)

    def test_a_policy_is_learned_tried_and_explained(self) -> None:
        self.make()
        key = ["--key", "attester.pem"] if self.tee == "software" else []
        self.seatls("policy", "learn", "evidence.cmw", "-o", "learned.toml", "--id", "fleet", *key)
        checked = self.seatls("check", "learned.toml", "--json").json
        self.assertEqual((checked["policy"], checked["schemes"]), ("fleet", [self.tee]))
        judge = ["evidence.cmw", "--policy", "learned.toml", "--tik", "server.pem", "--binder"]
        told = self.seatls("policy", "test", *judge, BINDER, "--json").json
        self.assertEqual((told["verdict"], told["policy"]), (self.verdict, "fleet"))
        refused = self.seatls("policy", "test", *judge, "5b" * 32, code=1)
        self.assertIn("binder_mismatch", refused.out)
        explained = self.seatls("policy", "explain", *judge, "5b" * 32)
        self.assertIn("binder", explained.out)
        self.assertIn("explanation", self.seatls("policy", "explain", *judge, "5b" * 32, "--json").json)

    def test_a_result_is_made_of_it_and_accepted_as_a_passport(self) -> None:
        self.make()
        self.seatls("key", "create", "-o", "verifier.key")
        self.write("verifier.pem", self.seatls("key", "show", "--public", "verifier.key").out)
        self.appraise("--binder", BINDER, "-o", "server.ear", "--sign", "verifier.key", "--lifetime", "1h")
        self.assertEqual(self.seatls("inspect", "server.ear", "--json").json["type"], "ear-jwt")
        self.write("passport.toml", 'id = "passport"\nschemes = ["result"]\n[result]\nmax_age = "1h"\n'
                                    'verifiers = [{ identity = "verifier.example", key = "verifier.pem" }]\n')
        judge = ["appraise", "server.ear", "--policy", "passport.toml", "--tik", "server.pem", "--json", "--accept",
                 "affirming,warning"]
        self.assertEqual(self.seatls(*judge).json["verdict"], self.verdict)
        later = self.seatls(*judge, "--at", "2099-01-01T00:00:00Z", code=1).json["reasons"]
        self.assertEqual({r["code"] for r in later if r["fatal"]}, {"result_expired"})
        self.assertIn("--at", self.seatls(*judge, "--at", "yesterday", code=2).err)

    def test_every_prefix_and_every_changed_byte_fails_cleanly(self) -> None:
        self.make()
        data = (self.folder / "evidence.cmw").read_bytes()
        judge = ["appraise", "-", "--policy", "policy.toml", "--tik", "server.pem", "--binder", BINDER, "--json"]
        step = max(1, len(data) // 8)
        for cut in range(0, len(data), step):
            done = self.seatls(*judge, stdin=data[:cut], code=1)
            self.assertTrue("error" in done.json or any(r["fatal"] for r in done.json["reasons"]), done)
        for place in range(step // 2, len(data), step):
            self.seatls(*judge, stdin=data[:place] + bytes([data[place] ^ 1]) + data[place + 1:], code=1)


class Software(RoundTrip, kit.Case):
    tee = "software"
    verdict = "warning"

    def test_without_a_configuration(self) -> None:
        self.seatls("key", "create", "-o", "tls.key")
        self.seatls("attest", "--attester", "software", "--tik", "tls.key", "--binder", "01" * 48, "-o", "e.cmw")
        self.assertIn("--force", self.seatls("attest", "--attester", "software", "--tik", "tls.key", "--binder", "01" * 48,
                                             "-o", "e.cmw", code=2).err)
        self.assertIn("--tik", self.seatls("attest", "--attester", "software", "--binder", "01" * 48, "-o", "f.cmw",
                                           code=2).err)
        self.assertIn("--attester", self.seatls("attest", "--tik", "tls.key", "--binder", "01" * 48, "-o", "f.cmw",
                                                code=2).err)

    def test_what_is_no_evidence(self) -> None:
        self.seatls("init", "--tee", "software", "-q")
        for data in (b"", b"hello", b"\x82\x18", b"[]", b'["application/json", "!!"]', b"\xff" * 5000, b"eyJhbGciOiJub25lIn0.e30."):
            judged = self.seatls("appraise", "-", "--policy", "policy.toml", "--binder", BINDER, "--json", stdin=data, code=1)
            self.assertNotIn("internal", judged.out)
            shown = self.seatls("inspect", "-", "--json", stdin=data, code=None)
            self.assertIn(shown.code, (0, 2), "0: it is CBOR of some kind")
        self.assertIn("none.cmw", self.seatls("inspect", "none.cmw", code=2).err)
        self.assertIn("1048576", self.seatls("appraise", "-", "--policy", "policy.toml", "--binder", BINDER,
                                             stdin=b"x" * 1_100_000, code=2).err)


class Exported(kit.Case):
    """Requests and authenticators of RFC 9261: the vectors of the second implementation."""

    def shown(self, data: bytes, *arguments: str) -> dict:
        return self.seatls("inspect", "-", "--json", *arguments, stdin=data).json

    def test_every_vector_is_explained(self) -> None:
        seen = set()
        for path in sorted((kit.ROOT / "tests" / "vectors" / "exported").glob("attestation-*-client.txt")):
            rows = dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line and line[0] != "#")
            if rows["expect"] != "ok":
                continue
            with self.subTest(vector=path.name):
                request = self.shown(bytes.fromhex(rows["request"]))
                self.assertEqual((request["type"], request["message"], request["certificate_request_context"]),
                                 ("authenticator request", "CertificateRequest", rows["context"]))
                names = [e.get("name") for e in request["extensions"]]
                self.assertIn("signature_algorithms", names)
                self.assertIn("cmw_attestation", names)
                told = self.shown(bytes.fromhex(rows["authenticator"]))
                self.assertEqual((told["type"], told["empty"], told["certificate_request_context"]),
                                 ("authenticator", False, rows["context"]))
                cmw = told["certificate_list"][0]["extensions"][0]["cmw_data"]
                self.assertEqual((cmw["type"], cmw["form"]), ("cmw", rows["form"]))
                self.assertEqual(told["certificate_list"][0]["certificate"][0]["subject"][:3], "CN=")
                seen.add(rows["profile"])
        self.assertGreaterEqual(len(seen), 4)

    def test_an_empty_one_and_broken_ones(self) -> None:
        self.assertEqual(self.shown(b"\x14\0\0\x20" + bytes(32))["meaning"], "the request is declined")
        for data in (b"\x0d\0\0\x05ab", b"\x14\0\0\x01x" * 2, b"\x0b\0\0\0"):
            for kind in ("authenticator", "authenticator-request"):
                self.seatls("inspect", "-", "--type", kind, stdin=data, code=2)

    def test_frames(self) -> None:
        """The example of docs/protocol/framing.md."""
        told = self.shown(bytes.fromhex("03000002010000000002686900000000" + "0500"), "--type", "frames")
        self.assertEqual([f["frame"] for f in told["frames"]], ["verdict", "data", "data"])
        self.assertEqual((told["frames"][0]["standing"], told["frames"][2]["end"], told["left_over"]), ("trusted", True, 2))
        self.seatls("inspect", "-", "--type", "frames", stdin=b"\x09\0\0\0", code=1)


class Tpm2(RoundTrip, kit.TpmCase):
    tee = "tpm2"
    verdict = "affirming"

    def test_without_a_configuration(self) -> None:
        self.seatls("init", "--tee", "tpm2", "-q")
        self.seatls("attest", "--attester", "tpm2", "--ak", "ak.key", "--tik", "server.key", "--pcrs", "0,4", "--binder", BINDER,
                    "-o", "e.cmw")
        told = str(self.seatls("inspect", "e.cmw", "--json").json)
        self.assertIn("sha256", told)
        self.assertIn("--ak", self.seatls("attest", "--attester", "tpm2", "--tik", "server.key", "--binder", BINDER, "-o", "f",
                                          code=2).err)


class Tdx(kit.Case):
    """Quotes of made-up platforms: a seed of the fuzz targets, and one that is made here."""

    binder = "b1" * 32

    def setUp(self) -> None:
        super().setUp()
        self.quote = (kit.ROOT / "fuzz/corpus/intel_quote/tdx-v4").read_bytes()
        (self.folder / "quote.bin").write_bytes(self.quote)
        encoded = base64.urlsafe_b64encode(self.quote).rstrip(b"=").decode()
        (self.folder / "quote.cmw").write_text(json.dumps(["application/vnd.seatls.tdx-quote", encoded, 4]))

    def judge(self, file: str, *arguments: str, code: int = 0) -> dict:
        return self.seatls("appraise", file, "--policy", "policy.toml", "--binder", self.binder, "--json", *arguments, code=code).json

    def codes(self, *arguments: str) -> list:
        return [r["code"] for r in self.judge("quote.cmw", *arguments, code=1)["reasons"] if r["fatal"]]

    def test_inspect_tells_fields_chain_and_svns(self) -> None:
        told = self.seatls("inspect", "quote.bin", "--json").json
        self.assertEqual((told["type"], told["tee"], told["version"]), ("intel-quote", "TDX", 4))
        self.assertEqual(told["td_report"]["mr_td"], "7d" * 48)
        self.assertEqual(told["td_report"]["td_attributes_say"], "sept_ve_disable")
        self.assertEqual(len(told["certification"]["chain"]), 3)
        self.assertEqual(len(told["certification"]["platform"]["components"]), 16)
        self.assertIn("SIMULATED", self.seatls("inspect", "quote.cmw").out)

    def test_a_learned_policy_accepts_what_it_was_learned_from(self) -> None:
        self.seatls("simulate", "tdx", "-o", "sim", "-q")
        for name in ("collateral.json", "root.pem"):
            (self.folder / name).write_bytes((self.folder / "sim" / name).read_bytes())
        self.seatls("key", "create", "-o", "tls.key")
        self.seatls("attest", "--attester", "simulated-tdx", "--platform", "sim", "--tik", "tls.key", "--binder", self.binder,
                    "-o", "quote.cmw", "--force")
        self.seatls("policy", "learn", "quote.cmw", "-o", "policy.toml")
        policy = (self.folder / "policy.toml").read_text()
        self.assertIn("untrusted_attestation_key", self.codes())
        (self.folder / "policy.toml").write_text(policy + '\n[danger]\nsimulated_roots = "root.pem"\n')
        # No hardware stands behind it: whoever accepts that says so.
        self.assertFalse(self.judge("quote.cmw", code=1)["accepted"])
        told = self.judge("quote.cmw", "--accept", "warning")
        self.assertEqual((told["verdict"], told["scheme"]), ("warning", "tdx"))
        self.assertTrue(any("simulated" in d for d in told["dangers"]), told)
        self.assertIn("collateral_stale", self.codes("--at", "2099-01-01T00:00:00Z"))
        self.binder = "b2" * 32
        self.assertIn("binder_mismatch", self.codes())


class Sgx(kit.Case):
    def test_a_policy_is_learned_from_a_quote(self) -> None:
        quote = (kit.ROOT / "fuzz/corpus/intel_quote/sgx-v3").read_bytes()
        (self.folder / "quote.bin").write_bytes(quote)
        encoded = base64.urlsafe_b64encode(quote).rstrip(b"=").decode()
        (self.folder / "quote.cmw").write_text(json.dumps(["application/vnd.seatls.sgx-quote", encoded, 4]))
        told = self.seatls("inspect", "quote.bin", "--json").json
        self.assertEqual((told["type"], told["tee"], told["version"]), ("intel-quote", "SGX", 3))
        (self.folder / "collateral.json").write_bytes((kit.ROOT / "fuzz/corpus/intel_collateral/bundle").read_bytes())
        self.seatls("policy", "learn", "quote.cmw", "-o", "policy.toml")
        self.assertIn(f'mr_enclave = ["{"11" * 32}"]', (self.folder / "policy.toml").read_text())
        judged = self.seatls("appraise", "quote.bin", "--policy", "policy.toml", "--binder", "b1" * 32, "--json", code=1).json
        self.assertEqual(judged["scheme"], "sgx")
        # The collateral is about a TDX platform, and the quote is signed by nobody.
        fatal = [r["code"] for r in judged["reasons"] if r["fatal"]]
        self.assertEqual(fatal[0], "signature_invalid")
        self.assertIn("collateral_missing", fatal)


class Corim(kit.Case):
    """Reference values and endorsements: the vectors of the second implementation."""

    def test_each_that_is_right_is_explained(self) -> None:
        told = {}
        for path in sorted((kit.ROOT / "tests" / "vectors" / "corim").glob("ok-*.txt")):
            rows = dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line and line[0] != "#")
            with self.subTest(vector=path.name):
                told[path.stem] = shown = self.seatls("inspect", "-", "--json", stdin=bytes.fromhex(rows["document"])).json
                self.assertEqual((shown["type"], shown["id"], shown["signer"] or ""), ("corim", rows["id"], rows.get("signer", "")))
                self.assertEqual(shown["signed"], "signer" in rows)
        values = told["ok-every-value"]["comids"][0]["reference_values"][0]["measurements"][0]["values"]
        self.assertEqual((values["min_svn"], values["digests"][1]["value"], values["flag_3"]), ("4", "02" * 48, False))
        self.assertEqual(told["ok-every-triple"]["comids"][0]["triples_not_used"], [4, 5, 10])
        self.assertEqual(told["ok-meta"]["not_before"], None, "the document has no end; the signature has")


    def test_a_policy_leaves_its_values_to_a_document(self) -> None:
        binder = "b1" * 32
        self.seatls("simulate", "tdx", "-o", "sim", "-q")
        self.seatls("key", "create", "--type", "p256", "-o", "tls.key")
        self.seatls("attest", "--attester", "simulated-tdx", "--platform", "sim", "--tik", "tls.key", "--binder", binder, "-o", "td.cmw", "-q")
        listed = (self.folder / "sim" / "policy.toml").read_text()
        values = {key: bytes.fromhex(value) for key, value in re.findall(r'^(mr_td|rtmr\d) = \["([0-9a-f]{96})"\]', listed, re.M)}
        self.assertEqual(len(values), 5)
        left = re.sub(r'^(mr_td|rtmr\d) = .*$', r'\1 = "from-corim"', listed, flags=re.M)

        def judged(state: dict[str, bytes], code: int, digest: str | None = None) -> kit.Outcome:
            document = corim_of_td(state)
            (self.folder / "sim" / "values.cbor").write_bytes(document)
            pin = digest or hashlib.sha256(document).hexdigest()
            row = f'[[corim]]\nfile = "values.cbor"\nsha256 = "{pin}"\n'
            self.write("sim/corim.toml", left.replace("[danger]", row + "\n[danger]"))
            return self.seatls("appraise", "td.cmw", "--policy", "sim/corim.toml", "--binder", binder, "--accept", "warning", "--json",
                               code=code)

        self.assertEqual(judged(values, 0).json["key"], "measured")
        other = judged(values | {"rtmr1": bytes(48)}, 1).json
        self.assertEqual({r["code"] for r in other["reasons"] if r["fatal"]} - {"key_unproven"}, {"reference_mismatch"})
        self.assertIn("register 1", str(other["reasons"]))
        self.assertIn("another SHA-256", judged(values, 2, digest="00" * 32).err)
        self.seatls("inspect", "sim/values.cbor")


def corim_of_td(state: dict[str, bytes]) -> bytes:
    """A CoRIM of Intel's profile with one reference value: docs/protocol/corim.md."""

    def cbor(v: object) -> bytes:
        def head(major: int, n: int) -> bytes:
            if n < 24:
                return bytes([major << 5 | n])
            size = 1 if n < 0x100 else 2 if n < 0x10000 else 4
            return bytes([major << 5 | 23 + size.bit_length()]) + n.to_bytes(size, "big")

        match v:
            case int():
                return head(0, v) if v >= 0 else head(1, -1 - v)
            case bytes():
                return head(2, len(v)) + v
            case str():
                return head(3, len(v.encode())) + v.encode()
            case list():
                return head(4, len(v)) + b"".join(map(cbor, v))
            case dict():
                return head(5, len(v)) + b"".join(cbor(k) + cbor(w) for k, w in v.items())
            case (tag, content):
                return head(6, tag) + cbor(content)
        raise TypeError(v)

    registers = {i: [[7, state[f"rtmr{i}"]]] for i in range(4)}
    environment = {0: {1: "Intel Corporation", 2: "TDX TD"}}
    comid = {1: {0: "td"}, 4: {0: [[environment, [{1: {-83: [[7, state["mr_td"]]], 14: registers}}]]]}}
    profile = (111, bytes.fromhex("6086480186f84d011001"))
    return cbor((501, {0: "images", 1: [(506, cbor(comid))], 3: profile}))


class Arm(kit.Case):
    """Tokens of CCA and PSA, whose signatures are none: seeds of the fuzz targets."""

    def told(self, seed: str, record: bytes, *, scheme: str, key: str, kind: str) -> dict:
        token = (kit.ROOT / "fuzz/corpus" / seed).read_bytes()
        (self.folder / "token.bin").write_bytes(token)
        (self.folder / "token.cmw").write_bytes(record + b"\x59" + len(token).to_bytes(2, "big") + token)
        self.seatls("key", "create", "--type", kind, "-o", "any.key")
        self.write(key, self.seatls("key", "show", "--public", "any.key").out)
        self.seatls("policy", "learn", "token.cmw", "-o", "policy.toml")
        for file in ("token.bin", "token.cmw"):
            judged = self.seatls("appraise", file, "--policy", "policy.toml", "--binder", "b1" * 32, "--json", code=1).json
            self.assertEqual(judged["scheme"], scheme)
            fatal = {r["code"] for r in judged["reasons"] if r["fatal"]}
            self.assertEqual(fatal, {"signature_invalid"}, judged)  # the learned policy objects to nothing else
        return self.seatls("inspect", "token.bin", "--json").json

    def test_cca_is_inspected_learned_and_judged(self) -> None:
        media = b'application/eat-collection; profile="tag:arm.com,2023:cca_platform#1.0.0"'
        record = b"\x82\x78" + bytes([len(media)]) + media
        told = self.told("cca_token/tag-907", record, scheme="cca", key="cpak.pem", kind="p384")
        self.assertEqual((told["type"], told["platform"]["lifecycle"]), ("cca-token", "secured"))
        self.assertEqual(told["realm"]["initial_measurement"], "11" * 32)

    def test_psa_is_inspected_learned_and_judged(self) -> None:
        record = b"\x82\x19" + (10003).to_bytes(2, "big")
        told = self.told("psa_token/tfm", record, scheme="psa", key="iak.pem", kind="p256")
        self.assertEqual((told["type"], told["lifecycle"], told["client_id"]), ("psa-token", "secured", -1))
        self.assertEqual(told["components"][0]["measurement"], "22" * 32)


if __name__ == "__main__":
    kit.main()
