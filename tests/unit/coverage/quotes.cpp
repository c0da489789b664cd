// Quotes of TDX and SGX.
#include "appraise/schemes/intel/status.h"
#include "support/manifest.h"
#include "unit/appraise/intel_kit.h"
#include "unit/coverage/table.h"

namespace seatls::testing::coverage {
namespace {

namespace intel = appraise::intel;
using nlohmann::json;

struct QuoteSample {
  std::string id, name;
  Bytes bytes;
  intel::Quote quote;
  json expected, group;
  std::vector<std::pair<std::string, json>> collateral;  // file, what is expected of it

  [[nodiscard]] const char* scheme() const { return quote.td() != nullptr ? "tdx" : "sgx"; }
  [[nodiscard]] Bytes report_data() const {
    const auto& field = quote.td() != nullptr ? quote.td()->report_data : quote.enclave()->report_data;
    return {field.begin(), field.end()};
  }
  [[nodiscard]] std::string text_of(const std::string& file) const { return sample_text(id + "/" + file); }
  [[nodiscard]] bool has_chain() const { return quote.certification_type == 5; }
  // A time at which its chain holds, and its collateral, if there is any.
  [[nodiscard]] Time at() const {
    return collateral.empty() ? moment(expected["chain_valid_from"]) + std::chrono::hours(24)
                              : unix_time(collateral.front().second["verify_at_unix"]);
  }
};

std::vector<QuoteSample> quotes() {
  std::vector<QuoteSample> list;
  for (const auto& group : groups_of("", "quotes")) {
    if (!group["expected"]["quotes"].is_object()) continue;
    const auto id = group["id"].get<std::string>();
    for (const auto& [file, expected] : group["expected"]["quotes"].items()) {
      const Bytes raw = sample(id + "/" + file);
      QuoteSample s{id, id + "/" + file, raw, intel::parse_quote(raw).value(), expected, group, {}};
      if (group["expected"].contains("collateral"))
        for (const auto& [name, about] : group["expected"]["collateral"].items())
          s.collateral.emplace_back(name, about);
      list.push_back(std::move(s));
    }
  }
  return list;
}

// policy_for accepts exactly this quote, on a platform of any status that is not revoked.
Policy policy_for(const intel::Quote& q, const std::vector<IntelCollateral>& collateral) {
  Policy p;
  if (q.td() != nullptr) {
    p = appraise::testing::policy_of(*q.td(), {});
  } else {
    p.id = "test";
    p.schemes = {"sgx"};
    p.sgx.mr_enclave = expect::Exactly<Bytes>{appraise::testing::raw(q.enclave()->mr_enclave)};
    p.sgx.config_id = expect::Exactly<Bytes>{appraise::testing::raw(q.enclave()->config_id)};
  }
  auto& tcb = q.td() != nullptr ? p.tdx.tcb : p.sgx.tcb;
  tcb.collateral = collateral;
  tcb.advisories = expect::Any{};
  tcb.tcb_status.clear();
  for (const auto& row : intel::tcb_statuses)
    if (row.status != intel::TcbStatus::revoked) tcb.tcb_status.emplace_back(row.name);
  return p;
}

Verdict judge(const QuoteSample& s, const Bytes& raw, const std::vector<IntelCollateral>& collateral,
              Time at) {
  const Bytes report_data = s.report_data();
  return testing::judge(s.scheme(), raw, {policy_for(s.quote, collateral), report_data, nullptr, "", at});
}

std::vector<IntelCollateral> collateral_of(const QuoteSample& s) {
  std::vector<IntelCollateral> list;
  for (const auto& [file, about] : s.collateral)
    if (auto read = IntelCollateral::parse(s.text_of(file))) list.push_back(std::move(*read));
  return list;
}

std::string claim(const Verdict& verdict, const std::string& name) {
  if (verdict.assessment)
    for (const auto& [key, value] : verdict.assessment->claims)
      if (key == name) return value;
  return "";
}

// What an own check in Python and go-tdx-guest say: signatures and the chain, without collateral.
void cover_signatures(const QuoteSample& s, const json& says, Table& table) {
  const auto result = says["result"].get<std::string>();
  const auto recorded = recorded_time(says);
  const Time at = recorded ? Time(std::chrono::seconds(*recorded))
                           : moment(s.expected["chain_valid_from"]) + std::chrono::hours(24);
  const auto verdict = judge(s, s.bytes, {}, at);
  const bool sound = !verdict.has(Code::evidence_malformed) && !verdict.has(Code::signature_invalid) &&
                     !verdict.has(Code::evidence_inconsistent);
  const bool chained = !verdict.has(Code::untrusted_attestation_key);
  // go-tdx-guest reads no version 5: it has no say there.
  const bool unread = result == "ERR quote format not supported";
  const bool theirs = result.starts_with("OK") && result.find("OTHER-root") == std::string::npos;
  table.verdict({s.name, "signatures and chain",
                 who_of(says) + ": " +
                     result.substr(0, std::min(result.find(" (val"), result.find(", should"))) +
                     (unread ? " (it reads no version 5)" : ""),
                 std::string(sound && chained ? "hold" : "do not hold") + "; " + outcome_of(verdict),
                 unread || theirs == (sound && chained)});
}

// dcap-qvl's verdict on the quote with collateral, at a time.
void cover_collateral(const QuoteSample& s, const std::string& file, const json& says, Table& table) {
  const auto result = says["result"].get<std::string>();
  const auto theirs = "dcap-qvl: " + result.substr(0, result.find(" at line"));
  auto collateral = IntelCollateral::parse(s.text_of(file));
  const std::string judged = file + " at " + std::to_string(recorded_time(says).value());
  if (!collateral) {
    table.verdict({s.name, judged, theirs, "collateral: " + std::string(name(collateral.error().code)),
                   result.starts_with("ERR")});
    return;
  }
  const auto verdict =
      judge(s, s.bytes, {std::move(*collateral)}, Time(std::chrono::seconds(recorded_time(says).value())));
  const std::string scheme = s.scheme();
  const auto contains = [&](std::string_view part) { return result.find(part) != std::string::npos; };
  if (result.starts_with("OK")) {
    const auto status = claim(verdict, scheme + ".tcb.status");
    auto advisories = claim(verdict, scheme + ".tcb.advisories");
    std::string listed = advisories.empty() ? "[]" : "['" + advisories + "']";
    for (auto at = listed.find(", "); at != std::string::npos; at = listed.find(", ", at + 4))
      listed.replace(at, 2, "', '");
    table.verdict({s.name, judged, theirs,
                   outcome_of(verdict) + (verdict.assessment ? ", " + status + " " + listed : ""),
                   result == "OK status=" + status + " advisories=" + listed});
    return;
  }
  const auto given = outcome_of(verdict);
  const bool agrees = contains("expired") || contains("in the future")
                          ? first_of(verdict) == "collateral_stale"
                      : contains("No matching TCB") ? first_of(verdict) == "tcb_rejected"
                                                    : !verdict.assessment;
  table.verdict({s.name, judged, theirs, given, agrees});
}

// ---- Recipes ---------------------------------------------------------------------------------------

struct Layout {
  explicit Layout(const intel::Quote& q) : size_field(q.signed_part.size()), data(size_field + 4) {
    const bool nested = q.version >= 4;
    qe_report = data + 128 + (nested ? 6 : 0);
    auth_size = qe_report + 384 + 64;
    chain_size = auth_size + 2 + q.qe_auth_data.size() + 2;
    nested_size = nested ? data + 128 + 2 : 0;
  }
  std::size_t size_field, data, qe_report = 0, auth_size = 0, chain_size = 0, nested_size = 0;
};

void put_u32(Bytes& raw, std::size_t at, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) raw[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}
std::uint32_t get_u32(const Bytes& raw, std::size_t at) {
  std::uint32_t value = 0;
  for (unsigned i = 4; i > 0; --i) value = value << 8 | raw[at + i - 1];
  return value;
}

void signature_recipes(const QuoteSample& s, Table& table) {
  const Layout layout(s.quote);
  const auto collateral = collateral_of(s);
  const auto outcome = [&](const Bytes& raw) { return first_of(judge(s, raw, collateral, s.at())); };
  Bytes changed = s.bytes;
  changed[(s.quote.version == 5 ? 54U : 48U) + (s.quote.td() != nullptr ? 136U : 64U)] ^= 1;
  table.recipe(s.name, "bit of the signed body", "signature_invalid", {outcome(changed)});

  std::set<std::string> outcomes;
  for (const std::size_t place : {std::size_t{0}, std::size_t{63}}) {
    changed = s.bytes;
    changed[layout.data + place] ^= 1;
    outcomes.insert(outcome(changed));
  }
  for (const auto& [offset, fill] : {std::pair{0U, 0}, std::pair{32U, 0}, std::pair{0U, 0xff}}) {
    changed = s.bytes;
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(layout.data + offset), 32,
                static_cast<std::uint8_t>(fill));
    outcomes.insert(outcome(changed));
  }
  table.recipe(s.name, "bad signature value", "signature_invalid", outcomes);

  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const auto signature =
      key.sign(crypto::SignatureAlgorithm::ecdsa_p256_sha256, s.quote.signed_part, crypto::EcdsaForm::fixed)
          .value();
  const auto point = key.public_key().point().value();
  changed = s.bytes;
  auto to = std::ranges::copy(signature, changed.begin() + static_cast<std::ptrdiff_t>(layout.data)).out;
  std::ranges::copy(point.y, std::ranges::copy(point.x, to).out);
  table.recipe(s.name, "another attestation key", "evidence_inconsistent", {outcome(changed)});
}

void swapped_chain(const QuoteSample& s, const std::vector<QuoteSample>& all, Table& table) {
  const Layout layout(s.quote);
  for (const auto& other : all) {
    if (!other.has_chain() || other.quote.certification == s.quote.certification ||
        other.expected["pck_issuer"] != s.expected["pck_issuer"] ||
        other.id.find("intel-qvl") != std::string::npos)
      continue;
    const auto& theirs = other.quote.certification;
    Bytes changed = s.bytes;
    const auto at = changed.begin() + static_cast<std::ptrdiff_t>(layout.chain_size + 4);
    const auto place = changed.erase(at, at + static_cast<std::ptrdiff_t>(s.quote.certification.size()));
    changed.insert(place, theirs.begin(), theirs.end());
    const auto more = static_cast<std::uint32_t>(theirs.size() - s.quote.certification.size());
    for (const std::size_t field : {layout.size_field, layout.nested_size, layout.chain_size})
      if (field != 0) put_u32(changed, field, get_u32(changed, field) + more);
    table.recipe(s.name, "chain of " + other.id, "signature_invalid",
                 {first_of(judge(s, changed, {}, s.at()))});
    return;
  }
}

void collateral_recipes(const QuoteSample& s, Table& table) {
  for (const auto& [file, about] : s.collateral) {
    auto collateral = IntelCollateral::parse(s.text_of(file));
    if (!collateral) continue;
    std::set<std::string> outcomes;
    for (const Time at : {moment(about["window_to"]) + std::chrono::seconds(1),
                          moment(about["window_from"]) - std::chrono::seconds(1)})
      outcomes.insert(first_of(judge(s, s.bytes, {*collateral}, at)));
    table.recipe(s.name, file + ", stale or early", "collateral_stale", outcomes);

    auto object = json::parse(s.text_of(file));
    auto info = object["tcb_info"].get<std::string>();
    auto& digit = info[info.find("\"svn\":") + 6];
    digit = digit == '1' ? '2' : '1';
    object["tcb_info"] = info;
    const auto tampered = IntelCollateral::parse(object.dump()).value();
    table.recipe(s.name, file + ", one SVN changed", "collateral_invalid",
                 {first_of(judge(s, s.bytes, {tampered}, unix_time(about["verify_at_unix"])))});
  }
}

// Quotes without collateral of their own, with what was published later about the same model.
void newer_collateral(const QuoteSample& s, const std::vector<QuoteSample>& all, Table& table) {
  if (!s.collateral.empty() || s.expected["debug"].get<bool>()) return;
  for (const auto& other : all)
    for (const auto& [file, about] : other.collateral) {
      std::string fmspc = about["fmspc"];
      std::ranges::transform(fmspc, fmspc.begin(),
                             [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
      auto collateral = IntelCollateral::parse(other.text_of(file));
      if (fmspc != s.expected["fmspc"].get<std::string>() || !collateral || about["valid"] != true) continue;
      const Time at = unix_time(about["verify_at_unix"]);
      if (at < moment(s.expected["chain_valid_from"])) continue;
      const Bytes report_data = s.report_data();
      Policy strict = policy_for(s.quote, {std::move(*collateral)});
      strict.tdx.tcb.tcb_status = strict.sgx.tcb.tcb_status = {"UpToDate"};
      table.recipe(s.name, "collateral of " + other.id, "tcb_rejected",
                   {first_of(testing::judge(s.scheme(), s.bytes, {strict, report_data, nullptr, "", at}))});
    }
}

void length_recipes(const QuoteSample& s, Table& table) {
  const Layout layout(s.quote);
  const auto whole = ByteView(s.bytes).first(s.bytes.size() - s.quote.padding);
  table.recipe(s.name, "cut anywhere", "evidence_malformed",
               prefixes(whole, [](const Bytes& cut) { return intel::parse_quote(cut).ok(); }));
  std::set<std::string> outcomes;
  for (const std::size_t field : {layout.size_field, layout.nested_size, layout.chain_size}) {
    if (field == 0) continue;
    for (const std::uint32_t value :
         {0U, 0xFFFFFFFFU, get_u32(s.bytes, field) + static_cast<std::uint32_t>(s.quote.padding) + 1}) {
      Bytes changed = s.bytes;
      put_u32(changed, field, value);
      outcomes.insert(first_of(judge(s, changed, {}, s.at())));
    }
  }
  table.recipe(s.name, "lengths of 0, most, and one more", "evidence_malformed", outcomes);
}

}  // namespace

void cover_quotes(Table& table) {
  const auto all = quotes();
  for (const auto& s : all) {
    for (const auto& says : s.group["verification"]) {
      const auto file = files_of(says);
      if (file == "quote.bin")
        cover_signatures(s, says, table);
      else if (file.starts_with("quote.bin + "))
        cover_collateral(s, file.substr(12), says, table);
    }
    length_recipes(s, table);
    Bytes other = s.report_data();
    other[63] ^= 1;
    const auto refused =
        testing::judge(s.scheme(), s.bytes, {policy_for(s.quote, {}), other, nullptr, "", s.at()});
    table.recipe(s.name, "another binder", "binder_mismatch",
                 {refused.has(Code::binder_mismatch) ? "binder_mismatch" : outcome_of(refused)});
    if (!s.has_chain() || s.id.find("intel-qvl") != std::string::npos) continue;
    signature_recipes(s, table);
    swapped_chain(s, all, table);
    collateral_recipes(s, table);
    newer_collateral(s, all, table);
  }
}

}  // namespace seatls::testing::coverage
