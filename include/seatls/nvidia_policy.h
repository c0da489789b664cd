// NvidiaPolicy: what evidence of an NVIDIA GPU or switch must say. Part of a Policy; docs/usage/policy.md
// tells every key.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/expect.h"

namespace seatls {

// NvidiaRim is a Reference Integrity Manifest: the measurements that one version of a driver or of a VBIOS
// may have, signed by NVIDIA. It is read here, and verified at the time of judgement.
class NvidiaRim {
 public:
  // parse reads the XML (SWID tag, NIST IR 8060, with an XML signature). Errors: decode.
  [[nodiscard]] static Result<NvidiaRim> parse(std::string_view xml);

  struct Impl;  // src/appraise
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit NvidiaRim(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// NvidiaPolicy names a device's measurements, by manifests or one by one: what neither names is refused. A
// device says nothing of the TLS key; it stands beside the evidence that does (CompoundPolicy).
struct NvidiaPolicy {
  std::vector<std::string> architectures;  // accepted: "HOPPER", "BLACKWELL", "LS10"; one must be set
  std::vector<NvidiaRim> rims;
  std::map<unsigned, Expect<Bytes>> measurements;  // 1 to 255, as in the report; a manifest's go after them
  Expect<std::string> driver;                      // version; must be set
  Expect<std::string> vbios;                       // version; must be set
  std::vector<Bytes> crls;                         // DER: when there is one, every issuer needs one
};

}  // namespace seatls
