// appraise: a file with evidence or with a result is judged by a policy.
#include "cli/judge.h"

#include "base/clock.h"
#include "cli/files.h"
#include "cli/inspect_types.h"
#include "cli/program.h"
#include "cli/session_report.h"
#include "config/text.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls appraise evidence.cmw --binder $B --tik server.pem --policy policy.toml\n"
    "  seatls appraise evidence.cmw --binder $B --policy policy.toml --sign verifier.key -o server.ear\n"
    "  seatls appraise server.ear --tik server.pem --policy passport.toml --at 2026-11-21T09:30:00Z\n"
    "Exit 0: accepted. Exit 1: refused, with every reason.\n";

struct AppraiseOptions {
  JudgeOptions judge;
  std::string output;
  std::string sign;
  std::string lifetime;
  std::string audience;
  std::vector<std::string> accept;
  bool force = false;
};

// What passes: affirming, and the warning that software evidence always gets where the policy has
// written down that it takes such evidence. --accept says it otherwise.
Result<bool> passes(const AttestationResult& result, const std::vector<Policy>& policies,
                    const std::vector<std::string>& accept) {
  std::vector<Tier> tiers = {Tier::affirming};
  const bool software =
      std::ranges::all_of(policies, [](const Policy& p) { return p.danger.software_evidence; });
  if (software && result->scheme == "software") tiers.push_back(Tier::warning);
  if (!accept.empty()) tiers.clear();
  for (const auto& word : accept) {
    const auto tier = tier_from_name(word);
    if (tier != Tier::affirming && tier != Tier::warning)
      return usage_error("--accept takes affirming or warning, not '" + word + "'");
    tiers.push_back(*tier);
  }
  return result.first_fatal() == nullptr &&
         std::find(tiers.begin(), tiers.end(), result.tier()) != tiers.end();
}

Result<EarOptions> ear_options(const AppraiseOptions& o, const std::optional<Spki>& tik) {
  EarOptions ear;
  ear.verifier_build = SEATLS_VERSION;
  ear.tik = tik;
  if (!o.audience.empty()) ear.audience = o.audience;
  if (!o.lifetime.empty()) {
    SEATLS_TRY(const auto lifetime, config::parse_duration(o.lifetime));
    ear.lifetime = std::chrono::duration_cast<std::chrono::seconds>(lifetime);
  }
  if (!o.sign.empty()) {
    SEATLS_TRY(ear.signing_key_pem, config::read_text_file(o.sign));
  }
  return ear;
}

Exit run(const Console& console, const AppraiseOptions& o) {
  const auto judged = judge(o.judge);
  if (!judged) return console.fail(judged.error());
  const auto good = passes(judged->result, judged->policies, o.accept);
  if (!good) return console.fail(good.error());

  const auto options = ear_options(o, judged->tik);
  if (!options) return console.fail(options.error());
  if (!o.output.empty()) {
    const auto ear = to_ear(judged->result, *options);
    if (!ear) return console.fail(ear.error());
    if (const auto written = write_output(o.output, *ear, Mode::shared, o.force); !written)
      return console.fail(written.error());
  }
  if (console.json()) {
    auto node = result_node(judged->result);
    auto unsigned_options = *options;
    unsigned_options.signing_key_pem.clear();
    if (const auto claims = to_ear(judged->result, unsigned_options))
      if (const auto shown = inspect_ear_claims(view(*claims))) node.set("ear", *shown->find("claims"));
    node.set("accepted", *good);
    console.json_line(node);
  } else {
    console.line(explain(judged->result));
  }
  return *good ? Exit::ok : Exit::refused;
}

}  // namespace

void add_appraise(Program& program) {
  auto& verb = program.verb("appraise", "judge evidence or a result by a policy", examples);
  auto o = std::make_shared<AppraiseOptions>();
  add_judge_options(verb, o->judge);
  verb.add_option("--accept", o->accept,
                  "verdicts that pass: affirming, warning (default: affirming, and warning\n"
                  "for software evidence that the policy takes)")
      ->type_name("TIER,…")
      ->delimiter(',');
  verb.add_option("-o,--output", o->output, "write the result as an EAR")->type_name("FILE");
  verb.add_option("--sign", o->sign, "sign the EAR with this key (P-256, P-384, Ed25519)")->type_name("FILE");
  verb.add_option("--lifetime", o->lifetime, "how long the EAR is valid: 1h, 1d (default: no end)")
      ->type_name("TIME");
  verb.add_option("--audience", o->audience, "whom the EAR is for")->type_name("NAME");
  verb.add_flag("--force", o->force, "replace the file");
  program.on(verb, [&program, o](const Console& console) {
    o->judge.config = program.common().config;
    return run(console, *o);
  });
}

}  // namespace seatls::cli
