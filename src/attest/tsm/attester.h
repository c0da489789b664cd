// The attester below its public factory: with the kernel's files passed in.
#pragma once

#include "attest/tsm/report.h"
#include "seatls/configfs_tsm.h"

namespace seatls::attest::tsm {

[[nodiscard]] Result<std::shared_ptr<Attester>> make_attester(Site site, ConfigfsTsmOptions options);
[[nodiscard]] Result<Bytes> extend_rtmr(KernelFiles& files, ByteView digest, const RtmrOptions& options);

}  // namespace seatls::attest::tsm
