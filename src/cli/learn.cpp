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

std::string head(const LearnOptions& options, const std::string& scheme) {
  return "# What evidence must say to be accepted. What stands here was read off good evidence; what is not\n"
         "# named is not accepted. `seatls policy test` tries it on evidence.\n"
         "id = " +
         quoted(options.id) +
         "                       # every result names the policy that judged\nschemes = [" + quoted(scheme) +
         "]\n\n";
}

Result<std::string> learn_tpm2(const Cmw& evidence, const LearnOptions& options) {
  SEATLS_TRY(const auto parsed, appraise::tpm::parse(evidence));
  std::string out = head(options, "tpm2");
  out +=
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
  std::string out = head(options, "software");
  out +=
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
constexpr std::array learners = {Learner{"tdx", learn_tdx},     Learner{"sgx", learn_sgx},
                                 Learner{"sev-snp", learn_snp}, Learner{"nitro", learn_nitro},
                                 Learner{"cca", learn_cca},     Learner{"psa", learn_psa},
                                 Learner{"azure", learn_azure}};

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
  const auto* record = evidence.record();
  if (record == nullptr)
    return Error{Code::usage, "it is a CMW collection; a policy is learned from one record", "evidence"};
  const auto scheme = SchemeTable::defaults().name_of(record->type);
  if (scheme == "tpm2") return learn_tpm2(evidence, options);
  for (const auto& learner : learners)
    if (scheme == learner.scheme) {
      SEATLS_TRY(const auto tables, learner.tables(evidence));
      return head(options, std::string(learner.scheme)) + tables;
    }
  if (scheme == "software") return learn_software(evidence, options);
  return Error{
      Code::usage,
      "policies are learned from tpm2, tdx, sgx, sev-snp, nitro, cca, psa, azure and software evidence, "
      "and this is " +
          (scheme ? *scheme : describe(AttestationScheme{record->type})),
      "evidence"};
}

Result<Cmw> attest_offline(Attester& attester, const AttestationScheme& scheme, Binder binder) {
  // Shared: the waiter may be gone before set_value has returned.
  const auto made = std::make_shared<std::promise<Result<Cmw>>>();
  attester.attest({scheme, std::move(binder)}, [made](Result<Cmw> cmw) { made->set_value(std::move(cmw)); });
  return made->get_future().get();
}

}  // namespace seatls::cli
