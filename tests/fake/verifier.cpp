#include "fake/verifier.h"

#include <algorithm>

#include "crypto/hash.h"

namespace seatls::fake {

ResultParts FakeVerifier::judge(const AppraisalRequest& request) const {
  ResultParts parts;
  parts.scheme = "fake";
  parts.evidence_digest = request.credential_digest;
  parts.binder = bytes(request.binder.bytes());
  const bool passport = request.scheme.is_result();
  parts.model = passport ? ConveyanceModel::passport : ConveyanceModel::background_check;
  parts.freshness = passport ? Freshness::lifetime : Freshness::binder;

  const auto refuse = [&](Code code, std::string path) {
    parts.tier = Tier::contraindicated;
    parts.reasons.push_back({code, "", std::move(path), true});
    return parts;
  };
  const auto evidence = FakeEvidence::decode(request.credential.record()->value);
  if (!evidence) return refuse(Code::evidence_malformed, "fake");
  parts.instance = {"ueid:" + evidence->ueid};

  const auto signed_by = [&](const crypto::PublicKey& key) {
    return key
        .verify(crypto::SignatureAlgorithm::ecdsa_p256_sha256, evidence->to_be_signed(), evidence->signature,
                crypto::EcdsaForm::der)
        .ok();
  };
  if (std::ranges::none_of(trusted, signed_by))
    return refuse(Code::untrusted_attestation_key, "fake > signature");
  if (!passport && compares_binder && !constant_time_equal(evidence->binder, request.binder.bytes()))
    return refuse(Code::binder_mismatch, "fake > binder");
  if (evidence->tik_hash != crypto::digest(Hash::sha256, request.binder.tik().der()))
    return refuse(Code::tik_mismatch, "fake > tik_hash");
  if (evidence->debug) return refuse(Code::debug_enabled, "fake > debug");
  if (evidence->measurement != good_measurement())
    return refuse(Code::reference_mismatch, "fake > measurement");
  if (pinned_ueid && evidence->ueid != *pinned_ueid) return refuse(Code::instance_mismatch, "fake > ueid");
  parts.tier = good;
  parts.key = proves;
  return parts;
}

Result<AttestationResult> FakeVerifier::answer(const AppraisalRequest& request) const {
  if (fails) return *fails;
  ResultParts parts = judge(request);
  if (lie) lie(parts);
  return danger::result_from_parts(std::move(parts));
}

void FakeVerifier::appraise(AppraisalRequest request, Done done) {
  asked.push_back(request);
  if (later) {
    waiting_.emplace_back(std::move(request), std::move(done));
    return;
  }
  done(answer(request));
}

void FakeVerifier::release() {
  for (auto& [request, done] : std::exchange(waiting_, {})) done(answer(request));
}

}  // namespace seatls::fake
