// What good evidence says, written down as a policy that accepts it again.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "seatls/attester.h"
#include "seatls/cmw.h"
#include "seatls/error.h"

namespace seatls::cli {

struct LearnOptions {
  std::string id = "learned";
  // software: the file with the public key that signs the evidence, as the policy is to name it
  std::string software_key = "tik";
};

// learn_policy returns a policy (TOML, commented) that accepts evidence with the same measurements,
// signed by the same key. It verifies nothing: what it is given must be trusted. Errors: decode, and
// usage for evidence of a kind that no policy of this version judges.
[[nodiscard]] Result<std::string> learn_policy(const Cmw& evidence, const LearnOptions& options);

// What a policy for CCA says of the key that no evidence brings along.
inline constexpr std::string_view cpak_of_its_maker =
    "# The public key that signs this platform's tokens: its maker publishes it.\n"
    "cpak = [\"cpak.pem\"]\n";

// The tables of a policy, for one scheme each.
[[nodiscard]] Result<std::string> learn_tdx(const Cmw& evidence);
[[nodiscard]] Result<std::string> learn_sgx(const Cmw& evidence);
[[nodiscard]] Result<std::string> learn_snp(const Cmw& evidence);
[[nodiscard]] Result<std::string> learn_nitro(const Cmw& evidence);
[[nodiscard]] Result<std::string> learn_azure(const Cmw& evidence);
[[nodiscard]] Result<std::string> learn_cca(const Cmw& evidence);
[[nodiscard]] Result<std::string> learn_psa(const Cmw& evidence);
[[nodiscard]] Result<std::string> learn_nvidia(const Cmw& evidence);

// attest_offline asks the attester for one piece of evidence over a binder that no connection has.
[[nodiscard]] Result<Cmw> attest_offline(Attester& attester, const AttestationScheme& scheme, Binder binder);

}  // namespace seatls::cli
