// What a made-up Intel publishes about a made-up platform.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/x509.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::attest::simulated {

inline constexpr std::string_view pck_extension_oid = "1.2.840.113741.1.13.1";
inline constexpr std::array<std::uint8_t, 16> intel_qe_vendor = {
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
inline constexpr std::array<std::uint8_t, 8> xfam = {0xe7, 0x02, 0x06, 0, 0, 0, 0, 0};
inline constexpr std::array<std::uint8_t, 16> qe_attributes = {0x11, 0, 0, 0, 0, 0, 0, 0,
                                                               0xe7, 0, 0, 0, 0, 0, 0, 0};
inline constexpr std::uint16_t qe_isv_prod_id = 2, qe_isv_svn = 6;
[[nodiscard]] Bytes qe_mr_signer();

// pck_extension returns the SGX extension of the PCK certificate of the platform that `ppid` names.
[[nodiscard]] Bytes pck_extension(ByteView ppid);

struct CollateralParts {
  bool tdx = true;  // or SGX
  const Bytes& pck_crl;
  const Bytes& root_ca_crl;
  std::string pck_crl_chain, signer_chain;  // PEM
  const crypto::PrivateKey& signer;
  crypto::Period period;
  std::string status;
  std::vector<std::string> advisories;
};
// make_collateral returns it as the JSON that DCAP tools keep.
[[nodiscard]] Result<std::string> make_collateral(const CollateralParts& parts);

}  // namespace seatls::attest::simulated
