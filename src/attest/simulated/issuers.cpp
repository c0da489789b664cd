#include "attest/simulated/issuers.h"

namespace seatls {
namespace {

using CertifiedKey = SimulatedPlatform::Impl::CertifiedKey;

constexpr std::string_view place = "simulated platform";
constexpr std::string_view key_begin = "-----BEGIN PRIVATE KEY-----", key_end = "-----END PRIVATE KEY-----";

Error malformed(std::string detail) { return {Code::malformed, std::move(detail), std::string(place)}; }

}  // namespace

// Each certificate is followed by its key, in PKCS#8.
Result<SimulatedPlatform> SimulatedPlatform::from_pem(std::string_view pem) {
  auto certificates = crypto::parse_pem_certificates(pem);
  if (!certificates) return std::move(certificates).error().in(place);
  auto state = std::make_shared<Impl>();
  for (auto& certificate : *certificates) {
    const auto begin = pem.find(key_begin), end = pem.find(key_end);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
      return malformed("the key of " + certificate.subject() + " is missing");
    auto key = crypto::PrivateKey::from_pem(pem.substr(begin, end + key_end.size() - begin));
    if (!key) return std::move(key).error().in(place);
    const auto certified = certificate.public_key();
    if (!certified || !certified->same_key(key->public_key()))
      return malformed("the key that follows " + certificate.subject() + " is not its own");
    state->issuers.push_back({std::move(certificate), std::move(*key)});
    pem.remove_prefix(end + key_end.size());
  }
  if (state->issuers.empty()) return malformed("there is no certificate in it");
  return SimulatedPlatform(std::move(state));
}

Result<Secret> SimulatedPlatform::to_pem() const {
  if (!impl_) return Error{Code::misuse, "there is none", std::string(place)};
  Bytes out;
  for (const auto& issuer : impl_->issuers) {
    const std::string certificate = crypto::to_pem(issuer.certificate);
    SEATLS_TRY(const Secret key, issuer.key.to_pem());
    out.reserve(out.size() + certificate.size() + key.size());
    out.insert(out.end(), certificate.begin(), certificate.end());
    out.insert(out.end(), key.reveal().begin(), key.reveal().end());
  }
  return Secret(std::move(out));
}

std::string SimulatedPlatform::root_pem() const {
  return impl_ ? crypto::to_pem(impl_->issuers.front().certificate) : std::string();
}

namespace attest::simulated {
namespace {

Result<SimulatedPlatform> make(crypto::KeyType type, const std::vector<std::string>& names, Time not_before) {
  auto state = std::make_shared<SimulatedPlatform::Impl>();
  for (const auto& name : names) {
    const crypto::CertificateSpec spec{
        .common_name = name, .is_ca = true, .lifetime = lifetime, .not_before = not_before};
    SEATLS_TRY(auto key, crypto::PrivateKey::generate(type));
    auto certificate = state->issuers.empty()
                           ? crypto::make_self_signed(spec, key)
                           : crypto::make_certificate(spec, key.public_key(), state->issuers.back().issuer());
    if (!certificate) return std::move(certificate).error();
    state->issuers.push_back({std::move(*certificate), std::move(key)});
  }
  return SimulatedPlatform(std::move(state));
}

}  // namespace

Result<SimulatedPlatform> with_issuers(const SimulatedPlatform& kept, crypto::KeyType type,
                                       const std::vector<std::string>& names, Time not_before) {
  if (kept.impl() == nullptr) return make(type, names, not_before);
  const auto& issuers = kept.impl()->issuers;
  const auto& root = issuers.front();
  const std::string found = root.certificate.subject_common_name();
  if (found != names.front())
    return Error{Code::configuration, "is that of \"" + found + "\"; this needs \"" + names.front() + "\"",
                 std::string(place)};
  bool same = issuers.size() == names.size();
  for (std::size_t i = 0; same && i < names.size(); ++i)
    same = issuers[i].certificate.subject_common_name() == names[i] &&
           issuers[i].key.public_key().type() == type;
  if (!same)
    return Error{Code::configuration, "its issuers below \"" + found + "\" are not those of this kind",
                 std::string(place)};
  return kept;
}

Result<void> check_size(std::string_view place, ByteView value, std::size_t size) {
  if (value.size() == size) return {};
  return Error{Code::configuration,
               "has " + std::to_string(value.size()) + " bytes; " + std::to_string(size) + " are needed",
               std::string(place)};
}

}  // namespace attest::simulated
}  // namespace seatls
