// AMD's own certificates: root keys (ARK) and their intermediates (ASK for VCEKs, ASVK for VLEKs).
#pragma once

#include <vector>

#include "crypto/x509.h"
#include "seatls/snp_policy.h"

namespace seatls::appraise::snp {

[[nodiscard]] const crypto::Certificate& ark(SnpProduct product);
[[nodiscard]] const std::vector<crypto::Certificate>& intermediates();  // of all products

}  // namespace seatls::appraise::snp
