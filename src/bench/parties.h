// Who takes part in a benchmark: a little CA, identities below it, and what each side attests and demands.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "crypto/x509.h"
#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/policy.h"

namespace seatls::bench {

struct Identity {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
  [[nodiscard]] Result<void> use_in(SSL_CTX* ctx) const;
};

class Authority {
 public:
  [[nodiscard]] static Result<Authority> make();
  [[nodiscard]] Result<Identity> certify(const std::string& name) const;  // P-256
  [[nodiscard]] Result<void> trust_in(SSL_CTX* ctx) const;
  [[nodiscard]] std::string certificate_pem() const { return crypto::to_pem(self_.certificate); }

 private:
  explicit Authority(Identity self) : self_(std::move(self)) {}
  Identity self_;
};

struct Parties {
  std::shared_ptr<Attester> server_attester, client_attester;
  std::shared_ptr<Verifier> server_appraises, client_appraises;

  [[nodiscard]] Config client_config(bool mutual) const;
  [[nodiscard]] Config server_config(bool mutual) const;
};

// SoftwareMachine makes software evidence about a key, and `policy` accepts it.
struct SoftwareMachine {
  std::shared_ptr<Attester> attester;
  Policy policy;
};
// software_machine: the evidence is signed by an attestation key, or, without one, by the TIK itself, which
// is one key less to verify with and proves nothing of the key.
[[nodiscard]] Result<SoftwareMachine> software_machine(
    const crypto::PrivateKey& tik, const std::optional<crypto::PrivateKey>& attestation_key = {});

// software_parties make and appraise fresh evidence in every handshake: a CWT signed with P-256.
[[nodiscard]] Result<Parties> software_parties(const Identity& server, const Identity& client);
// passport_parties: the server shows one of so many signed results in turn, and the client verifies it: each
// is new when it is seen first, and known after that.
[[nodiscard]] Result<Parties> passport_parties(const Identity& server, std::size_t results);

}  // namespace seatls::bench
