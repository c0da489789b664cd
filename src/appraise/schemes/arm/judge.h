// What PSA and CCA tokens are judged by alike: whose key signed, and the state that a device is in.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "appraise/context.h"
#include "appraise/schemes/arm/claims.h"

namespace seatls::appraise::arm {

inline constexpr std::array allowed_algorithms = {crypto::SignatureAlgorithm::ecdsa_p256_sha256,
                                                  crypto::SignatureAlgorithm::ecdsa_p384_sha384,
                                                  crypto::SignatureAlgorithm::ecdsa_p521_sha512};

struct Signer {
  std::string key;         // "sha256:…"
  bool simulated = false;  // it is that of one of danger.simulated_roots
};
// verify_signer tells which of `keys` signed, or whether a simulated device did. Nothing in a token leads to
// its key, so that the policy names it, under `policy_key`.
[[nodiscard]] std::optional<Signer> verify_signer(const codec::cose::Sign1& message,
                                                  const std::vector<Spki>& keys, const Context& context,
                                                  const std::string& policy_key, const std::string& path,
                                                  Findings& findings);

// name_of names the state that a lifecycle is in: "secured", "non-psa-rot-debug", …
[[nodiscard]] std::string_view name_of(std::uint16_t lifecycle);

// judge_lifecycle refuses a device that is not secured, and returns whether it did.
[[nodiscard]] bool judge_lifecycle(std::uint16_t lifecycle, const Context& context, const std::string& path,
                                   Findings& findings, std::vector<std::string>& dangers);

// tell_components writes the components down as "SCHEME.components.0", ….
void tell_components(const std::vector<Component>& components, const std::string& scheme, Assessment& a);

}  // namespace seatls::appraise::arm
