// require.timing, require.reattest, require.on_failure and [post]: attestation after the handshake.
#include "config/draft.h"
#include "config/text.h"

namespace seatls::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view profiles =
    "\"expat-03\", \"expat-04\", \"legacy\", \"deployed-ff00\" or \"deployed-ffff\"";

void read_profile(Draft& d) {
  post::Profile& profile = d.out.channel.profile;
  if (d.file.has("post.profile")) {
    const auto known = post::profile_from_name(d.file.text("post.profile"));
    if (!known)
      d.wrong("post.profile", "there is no profile \"" + d.file.text("post.profile") + "\"",
              "write " + std::string(profiles));
    else
      profile = *known;
  }
  if (d.file.has("post.label")) {
    profile.exporter_label = d.file.text("post.label");
    // RFC 8446, 7.1: the label of HKDF-Expand-Label has 7 to 255 bytes with "tls13 " in front.
    if (profile.exporter_label.empty() || profile.exporter_label.size() > 249)
      d.wrong("post.label", "an exporter's label has 1 to 249 bytes", "leave it out for the profile's own");
  }
  if (const auto type = d.number("post.extension_type", 1, 0xffff))
    profile.cmw_attestation = static_cast<std::uint16_t>(*type);
  if (const auto body = d.file.text("post.body"); !body.empty())
    profile.body = body == "json" ? CmwForm::json : CmwForm::cbor;
  if (d.file.has("post.name_schemes")) profile.name_wanted_schemes = d.file.flag("post.name_schemes");
  // The scheme list of a request is the handshake's extension (Decision 15).
  if (d.file.has("endpoint.extension_type")) profile.remote_attestation = d.out.config.extension_type;

  if (profile.binder_input == post::BinderInput::exporter_alone && d.file.has_table("require")) {
    if (!d.file.flag("danger.allow_binder_without_key"))
      d.wrong("post.profile",
              "the binder of \"" + profile.name +
                  "\" leaves the key out: the evidence's own word is all that "
                  "names it",
              "write profile = \"expat-03\", or allow_binder_without_key = true below [danger]");
    else
      d.out.config.dangers.emplace_back("allow_binder_without_key");
  }
}

void read_plan(Draft& d) {
  reattest::Plan& plan = d.out.channel.plan;
  plan.jitter = static_cast<double>(d.number("post.jitter", 0, 90).value_or(20)) / 100;
  plan.attempts = static_cast<unsigned>(d.number("post.attempts", 1, 100).value_or(plan.attempts));
  plan.answer_within =
      d.duration("post.answer_within", {100ms, 10min, "100ms to 10m"}).value_or(plan.answer_within);
  plan.back_off = d.duration("post.back_off", {100ms, 1h, "100ms to 1h"}).value_or(plan.back_off);
  plan.longest_back_off = std::max(plan.longest_back_off, plan.back_off);
  for (const auto& claim : d.file.texts("post.may_change")) {
    if (claim.empty() || claim == "*" || claim == ".*")
      d.wrong("post.may_change", "\"" + claim + "\" would let every claim change",
              "name claims one by one, or as \"prefix.*\"");
    else
      plan.may_change.push_back(claim);
  }
}

}  // namespace

void read_post(Draft& d) {
  const auto framing = d.file.text("endpoint.framing");
  d.out.framing = framing == "seatls/1" ? Framing::seatls_1
                  : framing == "none"   ? Framing::none
                                        : Framing::automatic;
  read_profile(d);
  read_plan(d);
  if (!d.file.has_table("require")) return;

  const auto timing = d.file.text("require.timing");
  const bool later = timing == "post" || timing == "hybrid";
  if (later && d.out.framing == Framing::none)
    d.wrong(
        "endpoint.framing",
        "\"none\" leaves no way to attest after the handshake, which timing = \"" + timing + "\" asks for",
        "leave framing out, or write timing = \"intra\"");
  const auto needs_later = [&](std::string_view key, const std::string& what) {
    if (d.file.has(key) && !later && !(d.file.mentioned("require.timing") && timing.empty()))
      d.wrong(key, what + ", and timing is \"intra\": inside the handshake, once",
              "write timing = \"hybrid\" as well, or leave it out");
  };
  needs_later("require.reattest", "it asks for evidence again later on");
  if (d.file.text("require.on_failure") == "restrict")
    needs_later("require.on_failure", "\"restrict\" is for connections that are attested again");
  if (const auto every = d.duration("require.reattest", {1s, 24h * 30, "1s to 30d"}))
    d.out.channel.plan.every = *every;
  if (d.file.text("require.on_failure") == "restrict")
    d.out.channel.plan.on_failure = reattest::OnFailure::restrict;
}

}  // namespace seatls::config
