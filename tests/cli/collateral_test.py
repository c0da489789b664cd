"""Collateral by network: a folder is filled from services that are made up here, listed, judged with, and used by
connections."""
import http.server
import json
import os
import threading
import urllib.parse

import kit

BINDER = "5a" * 32
FMSPC = "514d554c0000"
FILES = ["intel-root-crl", "pck-crl.platform", "qe-identity.tdx", f"tcb-info.tdx.{FMSPC}"]


class Services(http.server.ThreadingHTTPServer):
    """What Intel's and AMD's services serve, on this machine: path -> (headers, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.pages: dict[str, tuple[dict, bytes]] = {}
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()

    def serve_bundle(self, bundle: dict, fmspc: str = FMSPC, tee: str = "tdx") -> None:
        def chain(key: str) -> str:
            return urllib.parse.quote(bundle[key + "_issuer_chain"], safe="")

        def document(name: str, key: str) -> bytes:
            return f'{{"{name}":{bundle[key]},"signature":"{bundle[key + "_signature"]}"}}'.encode()

        self.pages |= {
            f"/{tee}/certification/v4/tcb?fmspc={fmspc}": ({"TCB-Info-Issuer-Chain": chain("tcb_info")}, document("tcbInfo", "tcb_info")),
            f"/{tee}/certification/v4/qe/identity": ({"SGX-Enclave-Identity-Issuer-Chain": chain("qe_identity")},
                                                     document("enclaveIdentity", "qe_identity")),
            "/sgx/certification/v4/rootcacrl": ({}, bundle["root_ca_crl"].encode()),
        }
        for ca in ("platform", "processor"):
            self.pages[f"/sgx/certification/v4/pckcrl?ca={ca}&encoding=der"] = (
                {"SGX-PCK-CRL-Issuer-Chain": chain("pck_crl")}, bytes.fromhex(bundle["pck_crl"]))


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        headers, body = self.server.pages.get(self.path, (None, b""))
        self.send_response(404 if headers is None else 200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments) -> None:
        pass


class Platform(kit.Case):
    """A made-up platform with its maker's services, and a policy that has its collateral fetched."""

    def setUp(self) -> None:
        super().setUp()
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            self.environment.pop(name, None)
        self.seatls("init", "--tee", "software", "-q")
        self.seatls("simulate", "tdx", "-o", "sim", "-q")
        self.services = Services()
        self.addCleanup(self.services.end)
        self.services.serve_bundle(json.loads((self.folder / "sim/collateral.json").read_text()))
        (self.folder / "sim/collateral.json").rename(self.folder / "bundle.json")
        self.change("sim/policy.toml", 'collateral = ["collateral.json"]', 'collateral = "fetched"')
        self.seatls("attest", "--attester", "simulated-tdx", "--platform", "sim", "--tik", "server.key", "--binder", BINDER,
                    "-o", "evidence.cmw", "-q")

    def prefetch(self, *arguments: str, code: int = 0) -> dict:
        return self.seatls("collateral", "prefetch", "--cache", "cache", "--pcs", self.services.url, "--kds", self.services.url,
                           "--retries", "0", "--policy", "sim/policy.toml", *arguments, "--json", code=code).json

    def judge(self, *arguments: str, code: int = 0) -> dict:
        return self.seatls("appraise", "evidence.cmw", "--policy", "sim/policy.toml", "--tik", "server.pem", "--binder", BINDER,
                           "--accept", "warning", "--json", *arguments, code=code).json

    def fatal(self, *arguments: str) -> set[str]:
        return {r["code"] for r in self.judge(*arguments, code=1)["reasons"] if r["fatal"]}


class Prefetch(Platform):
    def test_a_folder_is_filled_listed_and_judged_with(self) -> None:
        self.assertEqual(self.fatal(), {"collateral_missing"})
        told = self.prefetch("--evidence", "evidence.cmw")
        self.assertEqual(sorted(c["name"] for c in told["collateral"]), FILES)
        self.assertTrue(all(c["renewed"] and c["holds"] for c in told["collateral"]), told)
        self.assertEqual((self.folder / "cache").stat().st_mode & 0o777, 0o700)
        self.assertEqual({(self.folder / "cache" / f).stat().st_mode & 0o777 for f in os.listdir(self.folder / "cache")}, {0o600})
        self.assertEqual(self.judge("--collateral", "cache")["verdict"], "warning")
        self.assertIn("collateral_stale", self.fatal("--collateral", "cache", "--at", "2099-01-01T00:00:00Z"))

        listed = self.seatls("collateral", "list", "--cache", "cache", "--json").json
        self.assertEqual([c["name"] for c in listed["collateral"]], FILES)
        self.assertTrue(all(c["holds"] and c["source"].startswith(self.services.url) for c in listed["collateral"]))
        later = self.seatls("collateral", "list", "--cache", "cache", "--at", "2099-01-01T00:00:00Z", "--json").json
        self.assertFalse(any(c["holds"] for c in later["collateral"]))
        shown = self.seatls("collateral", "show", "qe-identity.tdx", "--cache", "cache", "--json").json
        self.assertEqual(json.loads(shown["content"])["enclaveIdentity"]["id"], "TD_QE")
        self.assertIn("Intel SGX TCB Signing", shown["issuer_chain"][0])
        self.assertIn(FMSPC, self.seatls("collateral", "list", "--cache", "cache").out)
        self.assertIn("list", self.seatls("collateral", "show", "none", "--cache", "cache", code=2).err)

        asked = len(self.services.asked)
        self.prefetch("--evidence", "evidence.cmw")
        self.assertEqual(len(self.services.asked), asked, "what is there and not old is left")
        self.prefetch("--evidence", "evidence.cmw", "--renew")
        self.assertEqual(len(self.services.asked), asked + 4)

    def test_a_bundle_for_a_policy(self) -> None:
        self.prefetch("--fmspc", FMSPC, "--ca", "platform", "--tee", "tdx", "-o", "sim/made.json")
        self.change("sim/policy.toml", '"fetched"', '["made.json"]')
        self.assertEqual(self.judge()["verdict"], "warning")
        self.assertIn("--force", self.seatls("collateral", "prefetch", "--cache", "cache", "--pcs", self.services.url, "--fmspc",
                                             FMSPC, "--policy", "sim/policy.toml", "-o", "sim/made.json", code=2).err)

    def test_files_that_people_put_into_a_folder(self) -> None:
        (self.folder / "own").mkdir()
        (self.folder / "bundle.json").rename(self.folder / "own/bundle.json")
        (self.folder / "own/notes.txt").write_text("what is this")
        self.assertEqual(self.judge("--collateral", "own")["verdict"], "warning")
        listed = self.seatls("collateral", "list", "--cache", "own", "--json").json
        self.assertEqual((listed["collateral"], len(listed["ignored"])), ([], 1))
        self.assertIn("none", self.seatls("appraise", "evidence.cmw", "--policy", "sim/policy.toml", "--binder", BINDER,
                                          "--collateral", "none", code=2).err)

    def test_what_cannot_be_had(self) -> None:
        del self.services.pages[f"/tdx/certification/v4/tcb?fmspc={FMSPC}"]
        told = self.prefetch("--evidence", "evidence.cmw", code=3)
        self.assertEqual(told["error"]["code"], "collateral_missing")
        self.assertIn("404", told["error"]["detail"])
        self.assertEqual(len([c for c in told["collateral"] if "error" not in c]), 3, "what could be had is there")
        # Without the policy nobody vouches for the made-up maker.
        told = self.seatls("collateral", "prefetch", "--cache", "other", "--pcs", self.services.url, "--evidence", "evidence.cmw",
                           "--retries", "0", "--json", code=3).json
        self.assertIn("collateral_invalid", {c["error"]["code"] for c in told["collateral"] if "error" in c})
        self.services.end()
        told = self.prefetch("--fmspc", FMSPC, "--renew", code=3)
        self.assertIn("error", told)

    def test_mistakes_on_the_command_line(self) -> None:
        self.write("file", "x")
        for arguments, part in ((["--evidence", "none.cmw"], "none.cmw"), (["--fmspc", "xyz"], "--fmspc"), ([], "--fmspc"),
                                (["--product", "Rome"], "Milan"), (["--fmspc", FMSPC, "--ca", "own"], "processor"),
                                (["--evidence", "file"], "file"), (["--fmspc", FMSPC, "--pcs", "http://pcs.example"], "https"),
                                (["--fmspc", FMSPC, "--retries", "11"], "10"),
                                (["--fmspc", FMSPC, "--pcs", self.services.url, "--cache", "file", "--policy", "sim/policy.toml"], "file")):
            with self.subTest(arguments=arguments):
                cache = [] if "--cache" in arguments else ["--cache", "cache"]
                self.assertIn(part, self.seatls("collateral", "prefetch", *cache, *arguments, code=2).err)

    def test_the_cache_of_the_user(self) -> None:
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "xdg")
        self.seatls("collateral", "prefetch", "--pcs", self.services.url, "--fmspc", FMSPC, "--policy", "sim/policy.toml", "-q")
        self.assertEqual(len(os.listdir(self.folder / "xdg/seatls/collateral")), 4)
        self.assertEqual(len(self.seatls("collateral", "list", "--json").json["collateral"]), 4)


class Connections(Platform):
    """Whole attested handshakes with a policy that has collateral fetched."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tee-server.toml", '[endpoint]\nrole = "server"\ncertificate = "server.pem"\nkey = "server.key"\n'
                                      '[attest]\nattester = "simulated-tdx"\nplatform = "sim"\n')
        self.client()

    def client(self, more: str = "", danger: str = "") -> None:
        self.write("tee-client.toml", '[endpoint]\nrole = "client"\nca = "ca.pem"\n'
                                      '[require]\naccept = ["affirming", "warning"]\npolicy = "sim/policy.toml"\n'
                                      f'[collateral]\ncache = "kept"\npcs = "{self.services.url}"\nkds = "{self.services.url}"\n'
                                      f'retries = 0\n{more}{danger}')

    def meet(self, code: int = 0) -> dict:
        server = self.serve("tee-server.toml", "--once", "--json")
        return self.seatls("connect", server.address, "--name", "localhost", "--config", "tee-client.toml", "--json", code=code).json

    def test_an_empty_cache_is_filled_in_the_handshake(self) -> None:
        peer = self.meet()["peer"]
        self.assertEqual((peer["attested"], peer["verdict"], peer["scheme"]), (True, "warning", "tdx"))
        self.assertEqual(len(self.services.asked), 4)
        self.assertEqual(sorted(os.listdir(self.folder / "kept")), sorted(f + ".collateral" for f in FILES))
        self.services.end()
        self.assertEqual(self.meet()["peer"]["verdict"], "warning")
        self.client("offline = true\n")
        self.assertEqual(self.meet()["peer"]["verdict"], "warning")
        for name in os.listdir(self.folder / "kept"):
            (self.folder / "kept" / name).unlink()
        self.assertEqual(self.meet(1)["error"]["code"], "collateral_missing")

    def test_services_that_serve_something_else(self) -> None:
        page = f"/tdx/certification/v4/tcb?fmspc={FMSPC}"
        headers, body = self.services.pages[page]
        self.services.pages[page] = (headers, body.replace(b"UpToDate", b"Uptodate"))
        self.assertIn(self.meet(1)["error"]["code"], ("collateral_missing", "collateral_invalid"))
        self.services.pages[page] = (headers, b"<html>")
        self.assertEqual(self.meet(1)["error"]["code"], "collateral_missing")
        self.services.pages[page] = (headers, body)
        self.meet()

    def test_prefetch_by_configuration(self) -> None:
        self.seatls("collateral", "prefetch", "--config", "tee-client.toml", "--evidence", "evidence.cmw", "--policy",
                    "sim/policy.toml", "-q")
        self.assertEqual(len(self.seatls("collateral", "list", "--config", "tee-client.toml", "--json").json["collateral"]), 4)
        self.client("offline = true\n")
        self.services.asked.clear()
        self.meet()
        self.assertEqual(self.services.asked, [])

    def test_mistakes_are_told(self) -> None:
        self.seatls("check", "tee-client.toml")
        text = (self.folder / "tee-client.toml").read_text()
        self.write("tee-client.toml", text[:text.index("[collateral]")])
        self.assertIn("[collateral]", str(self.mistakes("tee-client.toml")))
        for line, key in (('pcs = "http://pcs.example"', "collateral.pcs"), ('retries = 11', "collateral.retries"),
                          ('timeout = "1ms"', "collateral.timeout"), ('ca = "sim/policy.toml"', "collateral.ca"),
                          ('refresh = "soon"', "collateral.refresh")):
            name = line.split(" ")[0]
            kept = "\n".join(row for row in text.splitlines() if not row.startswith(name + " =") or name == "ca" and "ca.pem" in row)
            self.write("tee-client.toml", kept + "\n" + line + "\n")
            self.assertEqual([m["key"] for m in self.mistakes("tee-client.toml")], [key])
        self.client(danger='pcs = "http://pcs.example"\n[danger]\ncollateral_over_http = true\n'.replace("pcs", "intel_root_crl"))
        self.seatls("check", "tee-client.toml")


class Samples(kit.Case):
    """Real quotes with the collateral of their time, where the samples are there."""

    def test_a_real_quote_with_what_was_served_then(self) -> None:
        samples = os.environ.get("SEATLS_SAMPLES") or str(kit.ROOT.parent / "shared/samples")
        folder = os.path.join(samples, "tdx/v4-flashbots-2025-12")
        if not os.path.isdir(folder):
            self.skipTest("the samples are not there")
        quote = os.path.join(folder, "quote.bin")
        services = Services()
        self.addCleanup(services.end)
        told = self.seatls("collateral", "prefetch", "--evidence", quote, "--cache", "cache", "--pcs", services.url, "--retries", "0",
                           "--json", code=3).json
        fmspc = next(c["name"] for c in told["collateral"] if c["name"].startswith("tcb-info.")).rsplit(".", 1)[1]
        with open(os.path.join(folder, "collateral.json"), encoding="utf-8") as file:
            services.serve_bundle(json.load(file), fmspc)
        # It held months ago: today nothing of it is taken.
        told = self.seatls("collateral", "prefetch", "--evidence", quote, "--cache", "cache", "--pcs", services.url, "--retries", "0",
                           "--json", code=3).json
        self.assertEqual({c["error"]["code"] for c in told["collateral"] if "error" in c}, {"collateral_stale"}, told)


if __name__ == "__main__":
    kit.main()
