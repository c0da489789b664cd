// Stage 1 of azure: an HCL report, what vouches for the processor's report in it, and a quote of the virtual
// TPM. Our own form, and the forms in which others write the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "appraise/findings.h"
#include "appraise/schemes/azure/forms.h"
#include "appraise/schemes/azure/hcl_report.h"
#include "appraise/schemes/snp/parse.h"
#include "appraise/schemes/tpm/statements.h"
#include "seatls/cmw.h"

namespace seatls::appraise::azure {

// Evidence is what all forms say.
struct Evidence : tpm::Quoted {
  Form form = Form::seatls;
  HclReport hcl;
  std::variant<snp::Evidence, intel::Quote> hardware;   // as the HCL report says: SNP or TDX
  std::optional<tpm::Certified> certified;              // of the TIK, by the virtual TPM
  std::optional<crypto::PublicKey> ak_certificate_key;  // of a certificate that came along
  bool binder_in_user_data = false;                     // the form says that it stands there too

  [[nodiscard]] const snp::Evidence* snp() const { return std::get_if<snp::Evidence>(&hardware); }
  [[nodiscard]] const intel::Quote* td_quote() const { return std::get_if<intel::Quote>(&hardware); }
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::azure
