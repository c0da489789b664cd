#include "appraise/schemes/arm/judge.h"

#include "appraise/ar4si.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "rats/sign1.h"
#include "tee/simulated_name.h"

namespace seatls::appraise::arm {
namespace {

// The high byte of a lifecycle is its state: RFC 9783, section 4.3.1.
enum State : std::uint8_t {
  unknown = 0x00,
  assembly_and_test = 0x10,
  rot_provisioning = 0x20,
  secured = 0x30,
  non_psa_rot_debug = 0x40,
  recoverable_psa_rot_debug = 0x50,
  decommissioned = 0x60,
};

}  // namespace

std::optional<Signer> verify_signer(const codec::cose::Sign1& message, const std::vector<Spki>& keys,
                                    const Context& context, const std::string& policy_key,
                                    const std::string& path, Findings& findings) {
  Error last{Code::untrusted_attestation_key, policy_key + " names no key that could have signed this", ""};
  const auto signed_by = [&](const Spki& spki) {
    const auto key = crypto::PublicKey::from_spki(spki.der());
    const auto verified = key ? rats::verify_sign1(message, *key, allowed_algorithms)
                              : Result<rats::VerifiedSign1>(key.error());
    // A key of the right kind under which the signature is wrong tells more than one of another kind.
    if (!verified && last.code != Code::signature_invalid) last = verified.error();
    return verified.ok();
  };
  const auto name_of = [](const Spki& spki) {
    return "sha256:" + base::to_hex(crypto::digest(Hash::sha256, spki.der()));
  };
  // Simulated ones first: a key is no better for being named a second time.
  for (const auto& der : context.policy.danger.simulated_roots) {
    const auto root = crypto::Certificate::from_der(der);
    if (root && tee::is_simulated_name(root->subject_common_name()) && signed_by(root->spki()))
      return Signer{name_of(root->spki()), true};
  }
  for (const auto& spki : keys)
    if (signed_by(spki)) return Signer{name_of(spki), false};
  findings.refuse(last.code == Code::untrusted_attestation_key ? Stage::trust : Stage::signature,
                  std::move(last).in(path));
  return std::nullopt;
}

std::string_view name_of(std::uint16_t lifecycle) {
  switch (lifecycle >> 8) {
    case unknown: return "unknown";
    case assembly_and_test: return "assembly-and-test";
    case rot_provisioning: return "rot-provisioning";
    case secured: return "secured";
    case non_psa_rot_debug: return "non-psa-rot-debug";
    case recoverable_psa_rot_debug: return "recoverable-psa-rot-debug";
    case decommissioned: return "decommissioned";
    default: return "not assigned";
  }
}

bool judge_lifecycle(std::uint16_t lifecycle, const Context& context, const std::string& path,
                     Findings& findings, std::vector<std::string>& dangers) {
  const auto state = lifecycle >> 8;
  const bool debug = state == non_psa_rot_debug || state == recoverable_psa_rot_debug;
  const std::string detail =
      "is " + std::to_string(lifecycle) + " (" + std::string(name_of(lifecycle)) + "), and not secured";
  if (judge_debug(debug, detail, context, path, findings, dangers)) return true;
  if (debug || state == secured) return false;
  findings.refuse(Stage::policy, Code::tcb_rejected, detail, path);
  return true;
}

void tell_components(const std::vector<Component>& components, const std::string& scheme, Assessment& a) {
  for (std::size_t i = 0; i < components.size(); ++i) {
    const auto& c = components[i];
    const std::string name = scheme + ".components." + std::to_string(i);
    a.claims.emplace_back(name, base::to_hex(c.value));
    a.claims.emplace_back(name + ".signer", base::to_hex(c.signer_id));
    if (!c.type.empty()) a.claims.emplace_back(name + ".type", c.type);
    if (!c.version.empty()) a.claims.emplace_back(name + ".version", c.version);
  }
}

}  // namespace seatls::appraise::arm
