// The Provisioning Certification Key's certificate: which platform signs a QE's report, and what its
// security versions were when Intel certified it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "crypto/x509.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::appraise::intel {

inline constexpr std::string_view pck_extension = "1.2.840.113741.1.13.1";

struct Pck {
  crypto::Certificate certificate;
  crypto::PublicKey key;
  Bytes ppid;                                // 16 bytes, one platform's
  std::array<std::uint16_t, 16> components;  // SVNs
  std::uint16_t pce_svn = 0;
  Bytes cpu_svn;          // 16 bytes
  Bytes pce_id;           // 2 bytes
  Bytes fmspc;            // 6 bytes, one model's
  unsigned sgx_type = 0;  // 0 standard, 1 scalable, 2 scalable with integrity
  // Platforms of several sockets, whose certificates the Platform CA issues, have these besides.
  std::optional<Bytes> platform_instance_id;
  std::optional<bool> dynamic_platform, cached_keys, smt_enabled;
};

// read_pck reads the certificate's extension, unverified. Errors: malformed and its like.
[[nodiscard]] Result<Pck> read_pck(const crypto::Certificate& certificate);

// read_pck_chain reads certification data of type 5: PEM, the PCK's own certificate first; zero bytes may
// end it. At least two and at most eight certificates.
[[nodiscard]] Result<std::vector<crypto::Certificate>> read_pck_chain(ByteView certification);

// PckName is what certification data of types 1 to 3 says instead of bringing the chain. The PPID is
// encrypted for Intel but in type 1.
struct PckName {
  std::optional<Bytes> ppid;
  Bytes cpu_svn, pce_id;
  std::uint16_t pce_svn = 0;
  [[nodiscard]] bool names(const Pck& pck) const {
    return (!ppid || *ppid == pck.ppid) && cpu_svn == pck.cpu_svn && pce_svn == pck.pce_svn &&
           pce_id == pck.pce_id;
  }
};
// read_pck_name returns nothing for data of other types, or of another size.
[[nodiscard]] std::optional<PckName> read_pck_name(std::uint16_t type, ByteView certification);

// claimed_pck_key is the key of the first certificate, which nothing vouches for: to tell a report that was
// changed from one whose platform is not known.
[[nodiscard]] std::optional<crypto::PublicKey> claimed_pck_key(ByteView certification);

}  // namespace seatls::appraise::intel
