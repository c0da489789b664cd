// ResultSigner writes results as EARs and signs them. Its key may change from one result to the next:
// whatever signed a result is published until that result has ended.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "rats/ear.h"
#include "rats/jws.h"
#include "seatls/keys.h"
#include "seatls/result.h"
#include "service/store.h"

namespace seatls::service {

struct SignerOptions {
  rats::JwsKey key;  // P-256 (ES256), P-384 (ES384) or Ed25519 (EdDSA)
  std::chrono::seconds lifetime{600};
  std::string issuer;  // `iss`: the verifier's identity; empty: none
  std::string build;   // of ear_verifier_id
  rats::EarSpelling spelling = rats::EarSpelling::veraison_2023;
};

// SignedResult is an EAR as it is given out.
struct SignedResult {
  std::string token;   // compact JWS
  std::string key_id;  // JWK thumbprint of the key that signed
};

class ResultSigner {
 public:
  // make publishes the key before anything is signed with it. Errors: configuration for another kind of key,
  // and those of the store.
  [[nodiscard]] static Result<std::shared_ptr<ResultSigner>> make(SignerOptions options,
                                                                  std::shared_ptr<Store> store, Time now);

  // What a result is about, besides what it says itself.
  struct About {
    ByteView nonce;             // the session's
    ByteView evidence_digest;   // SHA-256 of what was submitted
    const Spki* tik = nullptr;  // null: the evidence vouches for no key, and the result names none
  };
  [[nodiscard]] Result<SignedResult> sign(const AttestationResult& result, const About& about, Time now);

  // jwk is the key that signs now: public, with kid, alg and use.
  [[nodiscard]] const std::string& jwk() const { return jwk_; }

 private:
  ResultSigner(SignerOptions options, std::shared_ptr<Store> store, std::string key_id, std::string jwk)
      : options_(std::move(options)),
        store_(std::move(store)),
        key_id_(std::move(key_id)),
        jwk_(std::move(jwk)) {}
  [[nodiscard]] Result<void> publish_until(Time end);

  const SignerOptions options_;
  const std::shared_ptr<Store> store_;
  const std::string key_id_, jwk_;
  std::mutex mutex_;
  Time published_until_{};
};

}  // namespace seatls::service
