// simulate: a made-up platform in a folder, for tests and CI of what attests with one.
#include <filesystem>

#include "cli/files.h"
#include "cli/learn.h"
#include "cli/program.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "crypto/x509.h"
#include "seatls/simulated.h"

namespace seatls::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* examples =
    "  seatls simulate tdx -o sim\n"
    "  then in server.toml:  [attest] attester = \"simulated-tdx\", platform = \"sim\"\n"
    "  and in client.toml:   [require] policy = \"sim/policy.toml\", accept = [\"affirming\", \"warning\"]\n"
    "No hardware stands behind such evidence: whoever has the folder makes any. The policy names its root "
    "below\n"
    "[danger], every result says so, and none comes to more than a warning.\n";

struct SimulateOptions {
  std::string tee;
  std::string dir;
  bool force = false;
};

struct File {
  std::string name;
  Bytes content;
  std::string purpose;
  Mode mode = Mode::shared;
};

// The policy is learned of one piece of evidence about a key that nobody keeps.
Result<std::string> policy_for(const Simulated& made, const Spki& tik) {
  const auto binder = danger::binder_from_bytes(crypto::random_bytes(32), Hash::sha256, tik);
  SEATLS_TRY(const auto evidence, attest_offline(*made.attester, made.attester->schemes().front(), binder));
  SEATLS_TRY(auto policy, learn_policy(evidence, {.id = "simulated", .software_key = ""}));
  // A pinned key would count as that of a real platform.
  if (const auto at = policy.find(cpak_of_its_maker); at != std::string::npos)
    policy.erase(at, cpak_of_its_maker.size());
  return policy + "\n# Every weakening stands here, and shows in every result.\n[danger]\n" +
         "simulated_roots = \"root.pem\"          # whoever has the platform's key makes any evidence\n";
}

Result<std::vector<File>> make_files(SimulatedTee tee) {
  SEATLS_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  const Spki tik = key.public_key().spki();
  SEATLS_TRY(const auto made, make_simulated({.tee = tee, .tiks = {tik}, .platform = {}, .measurement = {}}));
  SEATLS_TRY(const auto policy, policy_for(made, tik));
  SEATLS_TRY(const Secret state, made.platform.to_pem());
  std::vector<File> files;
  files.push_back({platform_file, bytes(state.reveal()),
                   "the platform: its issuers and their keys, for [attest] platform", Mode::secret});
  files.push_back({"root.pem", bytes(std::string_view(made.root_pem)),
                   "its root, for danger.simulated_roots of a policy"});
  if (!made.collateral.empty())
    files.push_back({"collateral.json", bytes(std::string_view(made.collateral)),
                     "what its maker publishes about it, for " + std::string(name(tee)) + ".collateral"});
  files.push_back({"policy.toml", bytes(std::string_view(policy)), "a policy that accepts its evidence"});
  return files;
}

Result<void> write(const fs::path& dir, const std::vector<File>& files, bool force) {
  std::error_code ignored, failed;
  for (const auto& f : files)
    if (fs::exists(dir / f.name, ignored) && !force)
      return Error{Code::io, f.name + " is there already; --force makes another platform in its place",
                   dir.string()};
  fs::create_directories(dir, failed);
  if (failed) return Error{Code::io, failed.message(), dir.string()};
  for (const auto& f : files) SEATLS_CHECK(write_output(dir / f.name, f.content, f.mode, force));
  return {};
}

Exit run(const Console& console, const SimulateOptions& o) {
  const auto files = make_files(simulated_tee(o.tee).value());
  if (!files) return console.fail(files.error());
  if (const auto written = write(o.dir, *files, o.force); !written) return console.fail(written.error());
  Node list = Node::array();
  for (const auto& f : *files)
    list.add(Node::object().set("file", (fs::path(o.dir) / f.name).string()).set("purpose", f.purpose));
  console.result(Node::object()
                     .set("tee", o.tee)
                     .set("attester", "simulated-" + o.tee)
                     .set("platform", o.dir)
                     .set("files", std::move(list)));
  console.note("Simulated hardware is for tests: whoever has this folder makes any evidence.");
  return Exit::ok;
}

}  // namespace

void add_simulate(Program& program) {
  auto& verb = program.verb("simulate", "make up a platform with a TEE, for tests", examples);
  auto o = std::make_shared<SimulateOptions>();
  choice(verb.add_option("TEE", o->tee, "what it is")->required(), "tdx|sgx|sev-snp|nitro|cca");
  verb.add_option("-o,--output", o->dir, "the folder to write to")->type_name("DIR")->required();
  verb.add_flag("--force", o->force, "replace the platform that is there");
  program.on(verb, [o](const Console& console) { return run(console, *o); });
}

}  // namespace seatls::cli
