// Whom NVIDIA's evidence and manifests are traced back to.
#pragma once

#include "crypto/x509.h"

namespace seatls::appraise::nvidia {

[[nodiscard]] const crypto::Certificate& device_root();  // of attestation keys
[[nodiscard]] const crypto::Certificate& rim_root();     // of whoever signs manifests

}  // namespace seatls::appraise::nvidia
