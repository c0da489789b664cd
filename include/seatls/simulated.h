// Simulated hardware, for tests and CI: evidence in the exact form of the real thing, below a root that is
// made up. A relying party accepts it only where its policy names that root in danger.simulated_roots, and
// says so in every result. What a platform of each kind can be is told in simulated_tdx.h and its neighbours;
// this is what they share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls {

enum class SimulatedTee : std::uint8_t { tdx, sgx, sev_snp, nitro, cca };
[[nodiscard]] std::string_view name(SimulatedTee tee);  // the scheme's: "tdx", "sev-snp", …
[[nodiscard]] std::optional<SimulatedTee> simulated_tee(std::string_view name);

// SimulatedPlatform is what stays of a made-up platform when its program ends: the maker's certificates and
// their keys. Whoever has it makes evidence of any kind below its root.
class SimulatedPlatform {
 public:
  SimulatedPlatform() = default;  // none: one is made up where it is used
  // from_pem reads what to_pem wrote. Errors: malformed.
  [[nodiscard]] static Result<SimulatedPlatform> from_pem(std::string_view pem);
  [[nodiscard]] Result<Secret> to_pem() const;
  [[nodiscard]] std::string root_pem() const;  // empty for none

  struct Impl;  // src/attest
  [[nodiscard]] const Impl* impl() const { return impl_.get(); }
  explicit SimulatedPlatform(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

// The file of a platform's folder that holds it: readable by its owner alone.
inline constexpr const char* platform_file = "platform.key";

// Simulated is an attester, and what its relying parties need. The root's name starts with
// "SEATLS-SIMULATED-": a policy takes no root of another name for a simulated one.
struct Simulated {
  std::shared_ptr<Attester> attester;
  std::string root_pem;        // for danger.simulated_roots
  std::string collateral;      // for tdx.collateral; other kinds have none
  SimulatedPlatform platform;  // to go on with
};

// SimulatedOptions are those that every kind of platform has.
struct SimulatedOptions {
  SimulatedTee tee = SimulatedTee::tdx;
  std::vector<Spki> tiks;      // the keys that it attests
  SimulatedPlatform platform;  // none: one is made up
  // MRTD, MEASUREMENT or PCR 0 (48 bytes), MRENCLAVE or the realm's initial measurement (32). Empty: the
  // kind's default.
  Bytes measurement;
};
// make_simulated makes an attester of that kind. Errors: configuration.
[[nodiscard]] Result<Simulated> make_simulated(SimulatedOptions options);

}  // namespace seatls
