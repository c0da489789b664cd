// Chains that verified are remembered, so that the next evidence of the same platform costs its own
// signatures only. A chain holds within a time, and with the very certificates and lists that it was
// verified with.
#pragma once

#include <span>
#include <vector>

#include "crypto/x509.h"

namespace seatls::appraise {

// verify_path returns what crypto::verify_chain returns of `chain`'s first certificate, with the last one as
// its anchor and those between as intermediates. What is remembered does not depend on who asked, here and
// below. Both are safe to use from many threads.
[[nodiscard]] Result<void> verify_path(std::span<const crypto::Certificate> chain, Time at);

// verify_steps returns what crypto::verify_chain of each certificate by the next one returns; `chain` starts
// with the end-entity's certificate and ends with the anchor. The lists are held against all but that first
// one: for chains that a maker's own rules hold together.
[[nodiscard]] Result<void> verify_steps(std::span<const crypto::Certificate> chain,
                                        const std::vector<Bytes>& crls, Time at);

}  // namespace seatls::appraise
