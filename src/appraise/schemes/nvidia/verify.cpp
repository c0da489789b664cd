#include "appraise/schemes/nvidia/verify.h"

#include <algorithm>
#include <set>
#include <span>

#include "appraise/chain_cache.h"
#include "appraise/parts.h"
#include "appraise/schemes/nvidia/trust_anchors.h"
#include "base/encoding.h"
#include "codec/der.h"
#include "crypto/hash.h"
#include "tee/simulated_name.h"

namespace seatls::appraise::nvidia {
namespace {

namespace der = codec::der;

constexpr std::uint8_t sequence = 0x30, octet_string = 0x04, fwids = 0xa6;
constexpr std::string_view composite_device_id = "2.23.133.5.4.1";  // Hopper, LS10
constexpr std::string_view tcb_info = "2.23.133.5.4.1.1";           // TCG DICE, DiceTcbInfo: Blackwell

std::string sha256_of(const crypto::Certificate& certificate) {
  return "sha256:" + base::to_hex(crypto::digest(Hash::sha256, certificate.spki().der()));
}

// FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING }
Result<Bytes> read_fwid(ByteView content) {
  der::Reader fwid(content);
  SEATLS_CHECK(fwid.take(0x06));
  SEATLS_TRY(const ByteView digest, fwid.take(octet_string));
  if (!fwid.done()) return Error{Code::trailing_data, "", "FWID"};
  return bytes(digest);
}

// CompositeDeviceID ::= SEQUENCE { version INTEGER, SubjectPublicKeyInfo, FWID }
Result<Bytes> read_composite_device_id(ByteView extension) {
  SEATLS_TRY(const ByteView content, der::only(extension, sequence));
  der::Reader id(content);
  SEATLS_CHECK(id.take(0x02));
  SEATLS_CHECK(id.take(sequence));
  SEATLS_TRY(const ByteView fwid, id.take(sequence));
  if (!id.done()) return Error{Code::trailing_data, "", "CompositeDeviceID"};
  return read_fwid(fwid);
}

// DiceTcbInfo ::= SEQUENCE { …, fwids [6] IMPLICIT SEQUENCE OF FWID OPTIONAL, … }: the first is the firmware.
Result<Bytes> read_tcb_info(ByteView extension) {
  SEATLS_TRY(const ByteView content, der::only(extension, sequence));
  der::Reader info(content);
  while (!info.done()) {
    SEATLS_TRY(const auto element, info.next());
    if (element.tag != fwids) continue;
    SEATLS_TRY(const ByteView first, der::Reader(element.content).take(sequence));
    return read_fwid(first);
  }
  return Error{Code::malformed, "names no firmware", "DiceTcbInfo"};
}

void verify_signature(const Device& d, std::size_t i, Findings& findings) {
  const auto key = d.chain.front().public_key();
  const auto verified = key ? key->verify(crypto::SignatureAlgorithm::ecdsa_p384_sha384, d.report.signed_part,
                                          d.report.signature, crypto::EcdsaForm::fixed)
                            : Result<void>(key.error());
  if (!verified) findings.refuse(Stage::signature, Error(verified.error()).in(place(i, "Signature")));
}

bool ends_at_simulated_root(const Device& d, const Context& context) {
  if (d.chain.empty()) return false;
  const auto& last = d.chain.back();
  const auto& roots = context.policy.danger.simulated_roots;
  return std::ranges::any_of(roots, [&](const Bytes& der) { return std::ranges::equal(der, last.der()); }) &&
         tee::is_simulated_name(last.subject_common_name());
}

// The firmware certifies its own key, and the device that one's: of both NVIDIA publishes no revocation
// lists. It does of those above.
Result<void> verify_chain(const Device& d, bool simulated, const Context& context) {
  std::vector<crypto::Certificate> chain = d.chain;
  const crypto::Certificate root = simulated ? chain.back() : device_root();
  if (std::ranges::equal(chain.back().der(), root.der())) chain.pop_back();
  if (chain.size() < 2)
    return Error{Code::untrusted_attestation_key, "the chain lacks the device's own certificate", ""};
  chain.push_back(root);
  SEATLS_CHECK(verify_steps(std::span(chain).first(2), {}, context.now));
  return verify_steps(std::span(chain).subspan(1), context.policy.nvidia.crls, context.now);
}

void verify_firmware(const Device& d, std::size_t i, Findings& findings) {
  const auto* measured = d.report.field(Field::fwid);
  if (measured == nullptr) return;  // of older drivers, and of switches
  const auto certified = firmware_of(d.chain.front());
  if (!certified)
    findings.refuse(Stage::parse, as_malformed(Error(certified.error()).in(place(i, "certificate"))));
  else if (!*certified || **certified != *measured)
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "is " + base::to_hex(*measured) + "; the certificate of the attestation key is for " +
                        (*certified ? base::to_hex(**certified) : "no firmware"),
                    place(i, "FWID"));
}

// What stands around a report, and nobody signed, must not say otherwise.
void verify_wrapping(const Device& d, const DeviceClaims& claims, std::size_t i, Findings& findings) {
  if (!d.nonce.empty() && d.nonce != d.report.nonce)
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "is " + base::to_hex(d.nonce) + "; the report holds " + base::to_hex(d.report.nonce),
                    place(i, "nonce"));
  if (!d.architecture.empty() && d.architecture != claims.architecture)
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "is \"" + d.architecture + "\"; the certificates are of \"" + claims.chip + "\"",
                    place(i, "arch"));
}

void verify_device(const Device& d, const DeviceClaims& claims, std::size_t i, const Context& context,
                   Findings& findings) {
  compare_binder(d.report.nonce, BinderField::exact, context, place(i, "request > Nonce"), findings);
  if (d.chain.empty())
    return findings.refuse(Stage::trust, Code::untrusted_attestation_key,
                           "the report comes without the certificates of its key", place(i, "certificate"));
  verify_signature(d, i, findings);
  if (auto trusted = verify_chain(d, claims.simulated, context); !trusted)
    findings.refuse(Stage::trust, std::move(trusted).error().in(place(i, "certificate")));
  verify_firmware(d, i, findings);
  verify_wrapping(d, claims, i, findings);
}

}  // namespace

std::string place(std::size_t device, std::string_view field) {
  return "nvidia[" + std::to_string(device) + "] > " + std::string(field);
}

std::string architecture_of(std::string_view chip) {
  if (chip.starts_with("GH1")) return "HOPPER";
  if (chip.starts_with("GB1") || chip.starts_with("GB2")) return "BLACKWELL";
  if (chip == "LS_10" || chip == "LS10") return "LS10";
  return "";
}

// "GH100 A01 GSP BROM": the name of the device's own key, which NVIDIA certified. That of the attestation key
// is the firmware's choice.
std::string chip_of(const Device& device) {
  if (device.chain.size() < 2) return "";
  const std::string name = device.chain[1].subject_common_name();
  return name.substr(0, name.find(' '));
}

Result<std::optional<Bytes>> firmware_of(const crypto::Certificate& certificate) {
  SEATLS_TRY(const auto composite, certificate.extension(composite_device_id));
  SEATLS_TRY(const auto info, certificate.extension(tcb_info));
  if (composite && info)
    return Error{Code::malformed, "has both a CompositeDeviceID and a DiceTcbInfo", "extensions"};
  if (!composite && !info) return std::optional<Bytes>();
  SEATLS_TRY(auto digest, composite ? read_composite_device_id(*composite) : read_tcb_info(*info));
  return std::optional(std::move(digest));
}

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

Claims claims_of(const Evidence& evidence) {
  Claims claims;
  std::vector<Bytes> digests;
  std::vector<ByteView> parts;
  for (const auto& d : evidence.devices) {
    DeviceClaims c{d.report, chip_of(d), "", "", "", false};
    c.architecture = architecture_of(c.chip);
    if (!d.chain.empty()) c.attestation_key = sha256_of(d.chain[0]);
    if (d.chain.size() > 1) c.device_key = sha256_of(d.chain[1]);
    claims.devices.push_back(std::move(c));
    digests.push_back(crypto::digest(Hash::sha256, d.report.signed_part));
  }
  for (const auto& digest : digests) parts.emplace_back(digest);
  claims.fingerprint = name_of_parts(parts);
  return claims;
}

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  Claims claims = claims_of(*evidence);
  std::set<std::string> keys;
  for (std::size_t i = 0; i < evidence->devices.size(); ++i) {
    claims.devices[i].simulated = ends_at_simulated_root(evidence->devices[i], context);
    verify_device(evidence->devices[i], claims.devices[i], i, context, findings);
    // Reports of one device are not several devices.
    if (!keys.insert(claims.devices[i].device_key).second)
      findings.refuse(Stage::signature, Code::evidence_inconsistent,
                      "is the device of a report before this one", place(i, "certificate"));
  }
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(std::move(claims));
}

}  // namespace seatls::appraise::nvidia
