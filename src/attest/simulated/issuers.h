// The issuers of a made-up maker: what SimulatedPlatform holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/x509.h"
#include "seatls/simulated.h"

namespace seatls {

struct SimulatedPlatform::Impl {
  struct CertifiedKey {
    crypto::Certificate certificate;
    crypto::PrivateKey key;
    [[nodiscard]] crypto::Issuer issuer() const { return {certificate, key}; }
  };
  std::vector<CertifiedKey> issuers;  // the root first, each issued by the one before
};

namespace attest::simulated {

// Everything that is made up holds for so long: tests that keep a platform are not to end one day.
inline constexpr std::chrono::seconds lifetime{std::chrono::hours{24 * 3650}};

// with_issuers returns `kept` when its issuers have these names, or makes such a platform when there is none.
// Errors: configuration for one of another kind.
[[nodiscard]] Result<SimulatedPlatform> with_issuers(const SimulatedPlatform& kept, crypto::KeyType type,
                                                     const std::vector<std::string>& names, Time not_before);

// check_size demands that `value` has that many bytes. Errors: configuration.
[[nodiscard]] Result<void> check_size(std::string_view place, ByteView value, std::size_t size);

}  // namespace attest::simulated
}  // namespace seatls
