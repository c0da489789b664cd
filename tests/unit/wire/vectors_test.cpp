// The vectors of tests/vectors/remote_attestation, made by the Python twin.
#include "support/vector_file.h"

#include <gtest/gtest.h>

#include "wire/remote_attestation.h"

namespace seatls::wire {
namespace {

using testing::VectorFile;

// Scheme and Outcome are what a vector says, in its own words.
std::string words(const AttestationScheme& scheme) {
  if (const auto* verifier = std::get_if<VerifierIdentity>(&scheme.argument))
    return "result " + base::to_hex(view(verifier->name));
  const auto& type = std::get<EvidenceType>(scheme.argument);
  if (const auto* format = std::get_if<ContentFormat>(&type))
    return "content_format " + std::to_string(format->id);
  return "media_type " + base::to_hex(view(std::get<MediaType>(type).name));
}
std::vector<std::string> words(const std::vector<AttestationScheme>& schemes) {
  std::vector<std::string> out;
  for (const auto& s : schemes) out.push_back(words(s));
  return out;
}

std::string name_of(Alert alert) {
  switch (alert) {
    case Alert::decode_error: return "decode_error";
    case Alert::illegal_parameter: return "illegal_parameter";
    case Alert::unsupported_attestation_schemes: return "unsupported_attestation_schemes";
    default: return "alert " + std::to_string(static_cast<int>(alert));
  }
}

void compare(const VectorFile& v, const ClientOffer& offer) {
  EXPECT_EQ(words(offer.server_attester_schemes), v.all("server_attester_schemes"));
  EXPECT_EQ(words(offer.client_attester_schemes), v.all("client_attester_schemes"));
}
void compare(const VectorFile& v, const ServerChoice& choice) {
  EXPECT_EQ(words(choice.chosen_server_scheme), v.get("chosen_server_scheme"));
}
void compare(const VectorFile& v, const ClientChoice& choice) {
  EXPECT_EQ(words(choice.chosen_client_scheme), v.get("chosen_client_scheme"));
}
void compare(const VectorFile& v, const CertificateCredential& credential) {
  EXPECT_EQ(credential.cmw_payload, v.hex("cmw_payload"));
}

// accept is what the receiver asks beyond the form.
template <class T>
Result<void> accept(const T& value) {
  if constexpr (std::is_same_v<T, ClientOffer>)
    if (value.empty()) return Error{Code::empty_offer, "", ""};
  return {};
}

template <class T>
void check(const VectorFile& v) {
  const Bytes body = v.hex("body");
  const auto decoded = codec::decode<T>(body);
  Result<void> outcome;
  if (decoded)
    outcome = accept(*decoded);
  else
    outcome = decoded.error();
  if (!outcome) {
    EXPECT_EQ(name_of(alert(outcome.error().code)), v.get("expect")) << outcome.error().message();
    EXPECT_EQ(name(outcome.error().code), v.get("code"));
    EXPECT_EQ(outcome.error().path, v.get("path"));
    return;
  }
  ASSERT_EQ(v.get("expect"), "ok");
  compare(v, *decoded);
  EXPECT_EQ(*codec::encode(*decoded), body);
}

class RemoteAttestationVectors : public ::testing::TestWithParam<std::string> {};

//= early-attestation#body-parses-exactly
//= early-attestation#body-values-known
//= early-attestation#offer-in-preference-order
TEST_P(RemoteAttestationVectors, Holds) {
  const VectorFile v(testing::vector_path("remote_attestation", GetParam()));
  const auto message = v.get("message");
  if (message == "client_hello") return check<ClientOffer>(v);
  if (message == "encrypted_extensions") return check<ServerChoice>(v);
  if (message == "certificate_request") return check<ClientChoice>(v);
  if (message == "certificate") return check<CertificateCredential>(v);
  FAIL() << "message " << message;
}

INSTANTIATE_TEST_SUITE_P(All, RemoteAttestationVectors,
                         ::testing::ValuesIn(testing::vector_names("remote_attestation")),
                         testing::as_test_name);

}  // namespace
}  // namespace seatls::wire
