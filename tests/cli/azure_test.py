"""seatls inspect, policy learn and appraise with evidence of confidential VMs of Azure, in every form."""
import base64
import json

import kit


class Azure(kit.Case):
    """Made-up VMs of Azure, whose processors no policy here trusts: seeds of the fuzz target."""

    def told(self, seed: str, tee: str) -> dict:
        evidence = (kit.ROOT / "fuzz/corpus/azure_evidence" / seed).read_bytes()
        (self.folder / "evidence").write_bytes(evidence)
        encoded = base64.urlsafe_b64encode(evidence).rstrip(b"=").decode()
        (self.folder / "evidence.cmw").write_text(json.dumps(["application/vnd.seatls.azure+cbor", encoded, 4]))
        (self.folder / "collateral.json").write_bytes((kit.ROOT / "fuzz/corpus/intel_collateral/bundle").read_bytes())
        self.seatls("policy", "learn", "evidence.cmw", "-o", "policy.toml", "--force")
        self.assertIn(f'tees = ["{tee}"]', (self.folder / "policy.toml").read_text())
        for file in ("evidence", "evidence.cmw"):
            judged = self.seatls("appraise", file, "--policy", "policy.toml", "--binder", "b1" * 32, "--json", code=1).json
            self.assertEqual(judged["scheme"], "azure")
            fatal = {r["code"] for r in judged["reasons"] if r["fatal"]}
            # The learned policy objects to nothing else. The collateral is of another made-up platform.
            self.assertEqual(fatal, {"untrusted_attestation_key"} | ({"collateral_invalid"} if tee == "tdx" else set()), judged)
            other = self.seatls("appraise", file, "--policy", "policy.toml", "--binder", "6e6f6e6365", "--json", code=1).json
            self.assertIn("binder_mismatch", {r["code"] for r in other["reasons"]})
        return self.seatls("inspect", "evidence", "--json").json

    def test_every_form_is_inspected_learned_and_judged(self) -> None:
        for seed, form, tee in (("seatls-snp", "seatls", "sev-snp"), ("seatls-tdx", "seatls", "tdx"), ("coco-v0-snp", "coco", "sev-snp"),
                                ("coco-v0-tdx", "coco", "tdx"), ("coco-v1-snp", "coco", "sev-snp"), ("coco-v1-tdx", "coco", "tdx"),
                                ("flashbots", "flashbots", "tdx")):
            with self.subTest(seed=seed):
                shown = self.told(seed, tee)
                self.assertEqual((shown["type"], shown["form"], shown["hcl_report"]["tee"]), ("azure-evidence", form, tee))
                self.assertEqual(shown["hcl_report"]["variable_data"]["vm_configuration"]["secure-boot"], "true")
                self.assertEqual(shown["quote"]["extra_data"], "b1" * 32)
                self.assertEqual(shown["pcrs"]["sha256"]["7"], "17" * 32)
                self.assertEqual(shown["certified"] is not None, form == "seatls")

    def test_parts_alone_are_told(self) -> None:
        for seed, kind in (("hcl-report-snp", "azure-hcl-report"), ("hcl-report-tdx", "azure-hcl-report"), ("quote", "azure-vtpm-quote"),
                           ("quote-json", "azure-vtpm-quote")):
            shown = self.seatls("inspect", str(kit.ROOT / "fuzz/corpus/azure_evidence" / seed), "--json").json
            self.assertEqual(shown["type"], kind)
        broken = (kit.ROOT / "fuzz/corpus/azure_evidence/seatls-snp").read_bytes().replace(b'"HCLAkPub"', b'"HCLAkPuc"')
        shown = self.seatls("inspect", "-", "--json", stdin=broken).json
        self.assertIn("HCLAkPub", shown["hcl_report"]["unreadable"])


if __name__ == "__main__":
    kit.main()
