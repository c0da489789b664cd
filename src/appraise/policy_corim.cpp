#include "appraise/policy_corim.h"

#include <algorithm>

#include "appraise/corim_match.h"
#include "appraise/corim_reference.h"
#include "appraise/toml_reader.h"
#include "base/encoding.h"

namespace seatls::appraise {
namespace {

// Every expectation that may be "from-corim".
std::vector<std::pair<std::string, const Expect<Bytes>*>> references_of(const Policy& p) {
  std::vector<std::pair<std::string, const Expect<Bytes>*>> out = {
      {"tdx.mr_td", &p.tdx.mr_td},
      {"tdx.mr_signer_seam", &p.tdx.mr_signer_seam},
      {"tdx.td_attributes", &p.tdx.td_attributes},
      {"sgx.mr_enclave", &p.sgx.mr_enclave},
      {"sgx.mr_signer", &p.sgx.mr_signer},
      {"sgx.attributes", &p.sgx.attributes},
      {"sev-snp.measurement", &p.snp.measurement},
      {"sev-snp.host_data", &p.snp.host_data},
      {"sev-snp.id_key_digest", &p.snp.id_key_digest},
      {"sev-snp.author_key_digest", &p.snp.author_key_digest},
      {"sev-snp.family_id", &p.snp.family_id},
      {"sev-snp.image_id", &p.snp.image_id},
      {"cca.initial_measurement", &p.cca.initial_measurement},
      {"cca.personalization", &p.cca.personalization},
      {"cca.components", &p.cca.components},
      {"cca.config", &p.cca.config},
      {"psa.components", &p.psa.components},
      {"psa.signers", &p.psa.signers}};
  for (std::size_t i = 0; i < p.tdx.rtmr.size(); ++i)
    out.emplace_back("tdx.rtmr" + std::to_string(i), &p.tdx.rtmr[i]);
  for (const auto& [index, expected] : p.cca.extensible_measurements)
    out.emplace_back("cca.extensible_measurements." + std::to_string(index), &expected);
  return out;
}

// read_row reads one [[corim]]: `file`, and who vouches for it: `key` or `sha256`.
void read_row(TomlReader& r, const Section& s, std::vector<CorimReference>& out) {
  r.refuse_unknown(s, {"file", "key", "sha256"});
  const auto keys = r.public_keys(s, "key");
  const auto pin = r.text(s, "sha256");
  if (keys.empty() == !pin) {
    if (r.find(s, "key") == nullptr || pin)
      r.mistake(
          s.line, "corim", pin ? "key and sha256 both vouch" : "nobody vouches for the document",
          "write key = \"signer.pem\" for a signed document, sha256 = \"HEX\" for one that is not signed");
    return;
  }
  const auto files = r.files(s, "file");
  if (files.empty() && r.find(s, "file") == nullptr)
    r.mistake(s.line, "corim.file", "no document is named", "write file = \"reference-values.cbor\"");
  for (const auto& [path, content] : files) {
    const auto digest = base::from_hex(pin.value_or(""));
    auto read = pin ? (digest ? CorimReference::pinned(view(content), *digest)
                              : Result<CorimReference>(Error{Code::malformed, "sha256 is not hex", ""}))
                    : CorimReference::verified_by(view(content), keys);
    if (read)
      out.push_back(std::move(*read));
    else
      r.mistake(s.line, "corim", path + ": " + read.error().message(),
                "`seatls inspect` tells what the document says, and who signed it");
  }
}

}  // namespace

std::vector<CorimReference> read_corim(TomlReader& r, const Section& top) {
  std::vector<CorimReference> out;
  const toml::node* node = r.find(top, "corim");
  if (node == nullptr) return out;
  const auto* rows = node->as_array();
  const auto is_table = [](const toml::node& n) { return n.is_table(); };
  if (rows == nullptr || !std::all_of(rows->begin(), rows->end(), is_table)) {
    r.wrong_type(*node, "corim", "tables: [[corim]], then file = \"…\" and key = \"…\" or sha256 = \"…\"");
    return out;
  }
  for (const auto& row : *rows) read_row(r, {row.as_table(), "corim", TomlReader::line_of(row)}, out);
  return out;
}

void check_corim(const Policy& policy, const Tell& mistake) {
  const auto no_document = [&](const std::string& key) {
    mistake(key, "is left to CoRIM documents, and there is none",
            "add [[corim]] with file and key (or sha256), or list the accepted values here");
  };
  if (policy.corim.empty()) {
    for (const auto& [key, expected] : references_of(policy))
      if (expected->is_from_corim()) no_document(key);
    if (policy.psa.iak_from_corim) no_document("psa.iak");
    if (policy.cca.cpak_from_corim) no_document("cca.cpak");
  }
}

}  // namespace seatls::appraise
