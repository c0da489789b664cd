#include "exported/signature_scheme.h"

#include <algorithm>
#include <array>

namespace seatls::exported {
namespace {

using crypto::SignatureAlgorithm;

struct Row {
  SignatureScheme scheme;
  std::string_view name;  // RFC 8446's
  SignatureAlgorithm algorithm;
  std::optional<Hash> hash;
};
constexpr std::array<Row, 7> kRows = {{
    {SignatureScheme::ecdsa_secp256r1_sha256, "ecdsa_secp256r1_sha256", SignatureAlgorithm::ecdsa_p256_sha256,
     Hash::sha256},
    {SignatureScheme::ecdsa_secp384r1_sha384, "ecdsa_secp384r1_sha384", SignatureAlgorithm::ecdsa_p384_sha384,
     Hash::sha384},
    {SignatureScheme::ed25519, "ed25519", SignatureAlgorithm::ed25519, std::nullopt},
    {SignatureScheme::rsa_pss_rsae_sha256, "rsa_pss_rsae_sha256", SignatureAlgorithm::rsa_pss_sha256,
     Hash::sha256},
    {SignatureScheme::rsa_pss_rsae_sha384, "rsa_pss_rsae_sha384", SignatureAlgorithm::rsa_pss_sha384,
     Hash::sha384},
    {SignatureScheme::rsa_pss_rsae_sha512, "rsa_pss_rsae_sha512", SignatureAlgorithm::rsa_pss_sha512,
     Hash::sha512},
    {SignatureScheme::ecdsa_secp521r1_sha512, "ecdsa_secp521r1_sha512", SignatureAlgorithm::ecdsa_p521_sha512,
     Hash::sha512},
}};

const Row* find(SignatureScheme scheme) {
  const auto* at = std::ranges::find(kRows, scheme, &Row::scheme);
  return at == kRows.end() ? nullptr : at;
}

// id-RSASSA-PSS (1.2.840.113549.1.1.10) as the algorithm of a SubjectPublicKeyInfo.
bool marked_for_pss(const Spki& key) {
  constexpr std::array<std::uint8_t, 11> oid = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                0xf7, 0x0d, 0x01, 0x01, 0x0a};
  const ByteView head = key.der().first(std::min<std::size_t>(key.der().size(), 24));
  return !std::ranges::search(head, oid).empty();
}

}  // namespace

std::string name(SignatureScheme scheme) {
  if (const Row* row = find(scheme)) return std::string(row->name);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "0x";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += digits[static_cast<std::size_t>(static_cast<std::uint16_t>(scheme) >> shift & 0xf)];
  return out;
}

const std::vector<SignatureScheme>& supported_schemes() {
  static const std::vector<SignatureScheme> all = [] {
    std::vector<SignatureScheme> out;
    for (const Row& row : kRows) out.push_back(row.scheme);
    return out;
  }();
  return all;
}

std::optional<SignatureAlgorithm> algorithm_of(SignatureScheme scheme) {
  const Row* row = find(scheme);
  return row ? std::optional(row->algorithm) : std::nullopt;
}

std::optional<Hash> hash_of(SignatureScheme scheme) {
  const Row* row = find(scheme);
  return row ? row->hash : std::nullopt;
}

bool goes_with(SignatureScheme scheme, const Spki& key) {
  const Row* row = find(scheme);
  if (row == nullptr) return false;
  const auto opened = crypto::PublicKey::from_spki(key.der());
  if (!opened || opened->type() != crypto::key_type(row->algorithm)) return false;
  return opened->type() != crypto::KeyType::rsa || !marked_for_pss(key);
}

//= rfc9261#signature-scheme-from-request
std::optional<SignatureScheme> choose_scheme(std::span<const SignatureScheme> offered, const Spki& key,
                                             std::span<const SignatureScheme> own) {
  for (SignatureScheme scheme : offered)
    if ((own.empty() || std::ranges::find(own, scheme) != own.end()) && goes_with(scheme, key)) return scheme;
  return std::nullopt;
}

}  // namespace seatls::exported
