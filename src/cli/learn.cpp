#include "cli/learn.h"

#include <array>
#include <future>
#include <map>

#include "appraise/schemes/software/parse.h"
#include "appraise/schemes/tpm/parse.h"
#include "base/encoding.h"
#include "cli/learn_sections.h"
#include "codec/cbor.h"
#include "crypto/hash.h"

namespace seatls::cli {
namespace {

std::string quoted(const std::string& s) { return "\"" + s + "\""; }

std::string head(const LearnOptions& options, std::string_view scheme) {
  return "# What evidence must say to be accepted. What stands here was read off good evidence; what is not\n"
         "# named is not accepted. `seatls policy test` tries it on evidence.\n"
         "id = " +
         quoted(options.id) +
         "                       # every result names the policy that judged\nschemes = [" +
         quoted(std::string(scheme)) + "]\n\n";
}

Result<std::string> learn_tpm2(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, appraise::tpm::parse(evidence));
  std::string out =
      "[tpm2]\n"
      "# The attestation key that is trusted, by its public key. With many machines, trust who certifies\n"
      "# their keys instead: ak_ca = \"ca.pem\" (`seatls enroll` makes such certificates).\n"
      "ak = [\"sha256:" +
      base::to_hex(crypto::digest(Hash::sha256, parsed->ak.key.spki().der())) +
      "\"]\n"
      "key = \"proven\"                        # the TLS key was made in the TPM and cannot leave it\n\n";
  return out + pcr_tables("tpm2", parsed->pcrs);
}

// measured-component = { 1: id, 2: digested-measurement [alg, bstr], … }
Result<Bytes> digest_of(ByteView component) {
  SEATLS_TRY(const auto map, codec::cbor::parse(component, {.depth = 4, .items = 64}));
  const auto* digested = map.find(2);
  if (digested == nullptr || digested->array() == nullptr || digested->array()->size() != 2)
    return Error{Code::malformed, "holds no digested-measurement [alg, digest]", "measurements"};
  SEATLS_TRY(const auto digest, (*digested->array())[1].as_bytes());
  return bytes(digest);
}

Result<std::string> learn_software(const Cmw& evidence, const LearnOptions& options) {
  SEATLS_TRY(const auto parsed, appraise::software::parse(evidence));
  const auto& claims = parsed->claims;
  std::string out =
      "[software]\nak = [" + quoted(options.software_key) + "]                  # whose signature counts\n";
  if (claims.swname) out += "swname = [" + quoted(*claims.swname) + "]\n";
  if (!claims.measurements.empty()) {
    std::string list;
    for (const auto& [format, component] : claims.measurements) {
      SEATLS_TRY(const auto digest, digest_of(component));
      list += (list.empty() ? "" : ", ") + quoted(base::to_hex(digest));
    }
    out += "measurements = [" + list + "]\n";
  }
  out +=
      "\n# Every weakening stands here, and shows in every result.\n[danger]\n"
      "software_evidence = true              # for development: any program can make such evidence\n";
  if (claims.dbgstat == rats::DebugStatus::enabled)
    out += "allow_debug = true                    # the attester says that a debugger can reach it\n";
  return out;
}

struct Learner {
  std::string_view scheme;
  Result<std::string> (*tables)(const Cmw& evidence);
};
constexpr std::array learners = {
    Learner{"tpm2", learn_tpm2},   Learner{"tdx", learn_tdx},     Learner{"sgx", learn_sgx},
    Learner{"sev-snp", learn_snp}, Learner{"nitro", learn_nitro}, Learner{"nvidia", learn_nvidia},
    Learner{"cca", learn_cca},     Learner{"psa", learn_psa},     Learner{"azure", learn_azure}};

// learn_tables returns the tables for one piece of evidence.
Result<std::string> learn_tables(const std::string& scheme, const Cmw& evidence,
                                 const LearnOptions& options) {
  if (scheme == "software") return learn_software(evidence, options);
  std::string names;
  for (const auto& learner : learners) {
    if (scheme == learner.scheme) return learner.tables(evidence);
    names += std::string(learner.scheme) + ", ";
  }
  return Error{Code::usage,
               "policies are learned from " + names + "software and compound evidence, and this is " + scheme,
               "evidence"};
}

std::string scheme_of(const CmwRecord& record) {
  return SchemeTable::defaults().name_of(record.type).value_or(describe(AttestationScheme{record.type}));
}

// Dangers gathers the lines of [danger], which stands last in the tables of a scheme and once in a policy.
class Dangers {
 public:
  // take cuts the table off.
  void take(std::string& tables) {
    const auto at = tables.find(title);
    if (at == std::string::npos) return;
    const std::string found = tables.substr(at + title.size());
    tables.resize(at);
    for (std::size_t i = 0; i < found.size();) {
      const auto end = std::min(found.find('\n', i), found.size());
      if (const std::string line = found.substr(i, end - i) + "\n"; lines_.find(line) == std::string::npos)
        lines_ += line;
      i = end + 1;
    }
  }
  [[nodiscard]] std::string text() const { return lines_.empty() ? "" : std::string(title) + lines_; }

 private:
  static constexpr std::string_view title = "[danger]\n";
  std::string lines_;
};

// learn_compound names the parts by their labels. A log hangs on the first part that signs registers.
Result<std::string> learn_compound(const CmwCollection& collection, const LearnOptions& options) {
  std::map<std::string, std::string> schemes;
  std::string parts, tables, signer;
  Dangers dangers;
  for (const auto& [label, part] : collection.entries) {
    const auto* text = std::get_if<std::string>(&label);
    if (text == nullptr || part.record() == nullptr)
      return Error{Code::usage, "a policy is learned from parts that are records, with labels that are text",
                   "evidence"};
    const std::string scheme = scheme_of(*part.record());
    if (scheme == "event-log") continue;
    if (!schemes.emplace(scheme, *text).second)
      return Error{Code::usage, "two parts are of the scheme " + scheme + ", which has one table in a policy",
                   *text};
    parts += "[compound.parts." + quoted(*text) + "]\nschemes = [" + quoted(scheme) + "]\n\n";
    SEATLS_TRY(std::string learned, learn_tables(scheme, part, options));
    dangers.take(learned);
    tables += learned + (learned.ends_with("\n\n") ? "" : "\n");
    if (signer.empty() && (scheme == "tdx" || scheme == "tpm2" || scheme == "azure")) signer = *text;
  }
  for (const auto& [label, part] : collection.entries)
    if (part.record() != nullptr && scheme_of(*part.record()) == "event-log")
      parts += "[compound.parts." + quoted(std::get<std::string>(label)) +
               "]\nschemes = [\"event-log\"]\nof = " + quoted(signer) + "\n\n";
  return head(options, "compound") + parts + tables + dangers.text();
}

}  // namespace

std::string pcr_tables(const std::string& scheme, const std::vector<appraise::tpm::PcrValue>& pcrs) {
  std::string out;
  std::map<Hash, std::map<unsigned, Bytes>> banks;
  for (const auto& pcr : pcrs) banks[pcr.bank][pcr.pcr] = pcr.value;
  for (const auto& [bank, values] : banks) {
    out +=
        "# The accepted values of each register; add a value to a list before an update is rolled out.\n"
        "[" +
        scheme + ".pcrs." + std::string(name(bank)) + "]\n";
    for (const auto& [index, value] : values)
      out += std::to_string(index) + " = [" + quoted(base::to_hex(value)) + "]\n";
  }
  return out;
}

Result<std::string> learn_policy(const Cmw& evidence, const LearnOptions& options) {
  if (const auto* collection = evidence.collection()) return learn_compound(*collection, options);
  const std::string scheme = scheme_of(*evidence.record());
  SEATLS_TRY(auto tables, learn_tables(scheme, evidence, options));
  if (scheme == "nvidia")
    tables +=
        "\n[danger]\nallow_unproven_tik = true             # a device says nothing of the TLS key; as a part "
        "of a "
        "compound it need not\n";
  return head(options, scheme) + tables;
}

Result<Cmw> attest_offline(Attester& attester, const AttestationScheme& scheme, Binder binder) {
  // Shared: the waiter may be gone before set_value has returned.
  const auto made = std::make_shared<std::promise<Result<Cmw>>>();
  attester.attest({scheme, std::move(binder)}, [made](Result<Cmw> cmw) { made->set_value(std::move(cmw)); });
  return made->get_future().get();
}

}  // namespace seatls::cli
