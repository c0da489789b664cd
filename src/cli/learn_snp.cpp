// A policy that accepts what a good SEV-SNP report says.
#include "appraise/schemes/snp/appraise.h"
#include "base/encoding.h"
#include "cli/learn.h"
#include "cli/learn_sections.h"

namespace seatls::cli {
namespace {

namespace snp = appraise::snp;

std::string quoted(const std::string& s) { return "\"" + s + "\""; }

// What nobody filled need not be named.
template <std::size_t N>
std::string given(std::string_view key, const std::array<std::uint8_t, N>& field) {
  if (appraise::is_zero(field)) return "";
  return std::string(key) + " = [" + quoted(base::to_hex(field)) + "]\n";
}

std::string level(std::string_view key, const SnpTcb& tcb, SnpProduct product) {
  const auto component = [](std::string_view name, std::uint8_t value) {
    return std::string(name) + " = " + std::to_string(value);
  };
  return std::string(key) + " = { " +
         (product == SnpProduct::turin ? component("fmc", tcb.fmc) + ", " : std::string()) +
         component("bootloader", tcb.bootloader) + ", " + component("tee", tcb.tee) + ", " +
         component("snp", tcb.snp) + ", " + component("microcode", tcb.microcode) + " }\n";
}

std::string permissions(const snp::Report& r) {
  std::string list;
  for (const auto& [name, bit] : snp::guest_policy_bits())
    if ((r.policy & bit &
         (seatls::snp::policy_smt | seatls::snp::policy_migrate_ma | seatls::snp::policy_cxl)) != 0)
      list += (list.empty() ? "" : ", ") + quoted(std::string(name));
  if (r.current != r.committed || r.current_tcb != r.committed_tcb)
    list += (list.empty() ? "" : ", ") + quoted("provisional_firmware");
  return list.empty() ? "" : "permit = [" + list + "]\n";
}

}  // namespace

Result<std::string> snp_section(const snp::Evidence& evidence) {
  const auto claims = snp::claims_of(evidence);
  if (!claims.product || !claims.tcbs)
    return Error{Code::usage,
                 "the report does not say of which product it is; send its VCEK along in a certificate table",
                 "evidence"};
  const auto& r = evidence.report;
  std::string line(name(*claims.product));
  line.front() = static_cast<char>(line.front() - 'A' + 'a');
  std::string out =
      "[sev-snp]\n# What was launched: the firmware image, and what its loader measured along with it.\n";
  out += "measurement = [" + quoted(base::to_hex(r.measurement)) + "]\n";
  out += given("host_data", r.host_data);
  out += given("id_key_digest", r.id_key_digest);
  out += given("author_key_digest", r.author_key_digest);
  out += given("family_id", r.family_id);
  out += given("image_id", r.image_id);
  if (r.vmpl != 0) out += "vmpl = [" + std::to_string(r.vmpl) + "]\n";
  out += permissions(r);
  if (r.signing_key == snp::SigningKey::vlek)
    out += "vlek = [" + quoted(claims.csp_id.empty() ? "expect.any" : claims.csp_id) + "]\n";
  out +=
      "\n# The lowest accepted levels of firmware; raise them when AMD publishes a bulletin.\n[sev-snp.tcb." +
      line + "]\n";
  out += level("reported", claims.tcbs->reported, *claims.product);
  return out;
}

Result<std::string> learn_snp(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, snp::parse(evidence));
  SEATLS_TRY(auto out, snp_section(*parsed));
  if ((parsed->report.policy & seatls::snp::policy_debug) != 0)
    out += "\n[danger]\nallow_debug = true                    # the host can read the guest's memory\n";
  return out;
}

}  // namespace seatls::cli
