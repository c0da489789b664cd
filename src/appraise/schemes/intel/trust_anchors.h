// Whom Intel's quotes and collateral go back to.
#pragma once

#include "crypto/x509.h"

namespace seatls::appraise::intel {

// intel_root returns "Intel SGX Root CA": serial 22650cd65a9d3489f383b49552bf501b392706ac, valid to 2049,
// published at https://certificates.trustedservices.intel.com.
[[nodiscard]] const crypto::Certificate& intel_root();

}  // namespace seatls::appraise::intel
