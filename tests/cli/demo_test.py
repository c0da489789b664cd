"""The guided tour: for people, and as JSON."""
import kit


class Demo(kit.Case):
    def setUp(self) -> None:
        super().setUp()
        if missing := kit.Tpm.missing():
            self.skipTest(f"not installed: {missing}")

    def test_every_step_is_as_it_should_be(self) -> None:
        told = self.seatls("demo", "--json").json
        self.assertEqual((told["ok"], [s["step"] for s in told["steps"]]), (True, list(range(1, len(told["steps"]) + 1))))
        for step in told["steps"]:
            self.assertTrue(step["ok"] and step["title"] and step["story"] and step["outcome"] and step["why"], step)
        facts = [step["facts"] for step in told["steps"]]
        self.assertEqual([f["peer"]["verdict"] for f in facts if "peer" in f], ["affirming"] * 4)
        refused = [f for f in facts if "error" in f]
        self.assertEqual([f["application_bytes"] for f in refused], [0] * 4)
        self.assertEqual([f.get("server_error", f["error"])["code"] for f in refused],
                         ["attestation_required", "binder_mismatch", "refused_by_peer", "reference_mismatch"])
        mutual = next(f for f in facts if "server_saw" in f)
        self.assertEqual(mutual["self"]["binder"], mutual["server_saw"]["peer"]["binder"])

    def test_for_people(self) -> None:
        told = self.seatls("demo")
        self.assertNotIn("NOT AS EXPECTED", told.out)
        self.assertNotIn("\x1b", told.out, "colours are for terminals")
        self.assertIn("affirming", told.out)
        self.assertEqual(list(self.folder.iterdir()), [], "nothing is left behind")

    def test_without_swtpm_it_says_what_to_install(self) -> None:
        self.environment["PATH"] = str(self.folder)
        self.assertIn("apt-get install swtpm", self.seatls("demo", code=3).err)


if __name__ == "__main__":
    kit.main()
