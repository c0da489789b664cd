// Config: what one endpoint shows and what it demands. The TOML file of the command line and of the
// library is read into this; an application may also fill it by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/attester.h"
#include "seatls/error.h"
#include "seatls/result.h"
#include "seatls/verifier.h"

namespace seatls {

enum class Requirement : std::uint8_t { required, optional, off };

// IdentityRule says how the peer is named. Attestation adds to PKI, it never replaces it silently: a
// certificate that nothing vouches for is refused under every rule.
enum class IdentityRule : std::uint8_t {
  pki_and_attested,  // certificate chain and name, and attestation where it is not optional or off
  attested_key,      // the evidence may vouch for the certificate instead, if it proves its key
  pki,               // only with attestation optional or off; a client must present a certificate
};

// Timing says when the peer attests itself.
enum class Timing : std::uint8_t {
  intra,   // inside the handshake
  post,    // after it, over an exported authenticator: nothing is offered or asked for before
  hybrid,  // both: the handshake establishes, an authenticator confirms it before the first byte of data
};
[[nodiscard]] std::string_view name(Timing timing);

// Require is what the peer must show.
struct Require {
  Requirement attestation = Requirement::required;
  IdentityRule identity = IdentityRule::pki_and_attested;
  std::vector<Tier> accept = {Tier::affirming};  // affirming, warning; others are refused by check
  std::shared_ptr<Verifier> verifier;            // needed unless attestation is off
  // post and hybrid: only with attestation required, and data passes through a Channel alone.
  Timing timing = Timing::intra;

  // What of it the handshake asks for.
  [[nodiscard]] bool asks_in_handshake() const {
    return attestation != Requirement::off && timing != Timing::post;
  }
  [[nodiscard]] bool needed_in_handshake() const {
    return attestation == Requirement::required && timing != Timing::post;
  }
};

// Config of one endpoint. Unset never means accepted: a client without `require` is refused by
// validate(); a server without one demands nothing, and every session says so.
struct Config {
  Role role = Role::client;
  std::shared_ptr<Attester> attester;  // null: this endpoint does not attest
  std::optional<Require> require;

  std::uint16_t extension_type = 0xFF5E;  // remoteAttestation; IANA has assigned none (Decision 1)
  AlertMap alerts;
  std::chrono::milliseconds credential_timeout{10'000};  // one attestation or appraisal
  std::vector<std::string> dangers;  // names of the weakenings in force, told in every session

  // validate returns what is wrong and how to mend it; Error configuration.
  [[nodiscard]] Result<void> validate() const;
};

}  // namespace seatls
