// Chains that verified are remembered, so that the next evidence of the same platform costs its own
// signatures only. A chain holds within a time, and with the very certificates and lists that it was
// verified with.
#pragma once

#include <span>
#include <vector>

#include "crypto/x509.h"

namespace seatls::appraise {

// verify_steps returns what crypto::verify_chain of each certificate by the next one returns; `chain` starts
// with the end-entity's certificate and ends with the anchor. The lists are held against all but that first
// one. What is remembered does not depend on who asked. Safe to use from many threads.
[[nodiscard]] Result<void> verify_steps(std::span<const crypto::Certificate> chain,
                                        const std::vector<Bytes>& crls, Time at);

}  // namespace seatls::appraise
