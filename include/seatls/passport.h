// A passport that renews itself: an attester that has its evidence judged by a verifier service before
// anybody asks, and shows the Result. docs/usage/remote-verifier.md.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "seatls/attester.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"

namespace seatls {

struct RenewingPassportOptions {
  std::shared_ptr<Attester> attester{};  // makes the evidence: its first scheme
  Spki tik{Bytes{}};                     // of this endpoint's certificate: whom the Result is to be about
  std::string identity{};                // the VerifierIdentity by which relying parties know the verifier
  std::vector<std::string> urls{};       // where it is asked, in this order
  std::vector<Spki> keys{};  // that sign its Results: what relying parties would refuse is not shown

  std::string cache{};                   // a file that keeps the Result between runs (mode 0600); empty: none
  std::string ca_pem{};                  // who vouches for the server; empty: whom the system trusts
  double renew_at = 2.0 / 3;             // of a Result's lifetime, and up to a tenth earlier
  std::chrono::seconds max_age{86'400};  // of a Result that does not say when it ends
  std::chrono::milliseconds timeout{5'000};             // one attempt
  std::chrono::milliseconds budget{30'000};             // one renewal, the making of evidence included
  std::chrono::milliseconds back_off{1'000};            // after a renewal that failed; it doubles …
  std::chrono::milliseconds longest_back_off{300'000};  // … up to this
  std::chrono::milliseconds wait_for_first{0};  // make_renewing_passport waits so long for a first Result
  std::function<void(const Error&)>
      on_trouble{};                      // each renewal that failed, on a thread of the attester's own
  std::function<Time()> clock{};         // empty: the system's
  bool danger_unnamed_evidence = false;  // Results that do not say which evidence they are about
  bool danger_plain_http = false;  // to other machines: evidence names a machine to whoever is on the line
};

// make_renewing_passport begins to fetch a Result and goes on renewing it. The attester's scheme is the
// verifier's identity; it offers none while it holds no Result that is current, about `tik`, signed by one of
// `keys` and not a refusal. No handshake ever waits for the verifier. That the verifier cannot be reached is
// no error here. Errors: configuration.
[[nodiscard]] Result<std::shared_ptr<Attester>> make_renewing_passport(RenewingPassportOptions options);

}  // namespace seatls
