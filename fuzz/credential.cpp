// Any bytes as a credential of each scheme: there is always a result; a refusal has a reason; and every
// result can be told and written down.
#include <array>

#include "crypto/signature.h"
#include "fuzz/fuzz.h"
#include "rats/ear.h"
#include "seatls/verifiers.h"

namespace seatls::fuzz {
namespace {

Policy make_policy() {
  // Scalar 0x71 on P-256: the key that the seeds are about. Nothing pins their signers, so nothing passes.
  const Spki stranger = crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki();
  Policy p;
  p.id = "fuzz";
  p.schemes = {"tpm2", "tdx", "sgx", "sev-snp", "nitro", "cca", "psa", "nvidia", "software", "result"};
  p.tpm2.ak = {KeyPin{KeyPin::Kind::spki_sha256, Bytes(32)}};
  p.tpm2.pcrs[Hash::sha256][0] = expect::Any{};
  p.software.ak = {stranger};
  p.software.swname = expect::OneOf<std::string>{{"echo"}};
  p.software.measurements = expect::OneOf<Bytes>{{Bytes(32)}};
  p.danger.software_evidence = true;
  p.result.verifiers = {{"verifier.example", {stranger}}};
  p.result.max_age = std::chrono::minutes(10);
  return p;
}

void judge(ByteView in, const char* type) {
  static const Policy policy = make_policy();
  OfflineCredential credential;
  credential.bytes = bytes(in);
  credential.type = type;
  credential.binder = Bytes(32);
  credential.tik = policy.software.ak.front();
  credential.at = Time{std::chrono::seconds{1795255200}};
  const auto result = appraise_offline(policy, credential);
  demand(result.ok());
  demand(result->first_fatal() != nullptr && result->tier() == Tier::contraindicated);
  demand(!explain(*result).empty());
  const auto ear = to_ear(*result, {});
  demand(ear.ok() && rats::parse_ear_claims(view(*ear), rats::TokenForm::jwt).ok());
}

}  // namespace
}  // namespace seatls::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const seatls::ByteView in{data, size};
  for (const char* type : {"tpm2", "tdx", "sgx", "sev-snp", "nitro", "cca", "psa", "nvidia", "software",
                           "application/eat+jwt", "application/eat+cwt"})
    seatls::fuzz::judge(in, type);
  return 0;
}
