// The vectors of tests/vectors/transcript and key_schedule, made by the Python twin from its own
// handshakes and from those of RFC 8448.
#include "support/vector_file.h"

#include <gtest/gtest.h>

#include "binder/early_binder.h"
#include "binder/transcript.h"
#include "crypto/hash.h"
#include "crypto/x509.h"

namespace seatls::binder {
namespace {

using testing::VectorFile;
using Extent = Transcript::Extent;

Hash hash_of(const VectorFile& v) { return v.get("hash") == "sha384" ? Hash::sha384 : Hash::sha256; }

Result<Transcript> feed(const std::vector<Bytes>& messages, Extent extent) {
  Transcript transcript(extent);
  for (const auto& m : messages) SEATLS_CHECK(transcript.add(m));
  return transcript;
}

void expect_binder(const VectorFile& v, const std::string& role, ByteView transcript_hash) {
  if (!v.has(role + "_binder")) return;
  const Spki spki(v.hex(role + "_spki"));
  const auto binder = derive_early_binder(hash_of(v), v.get("protocol") == "dtls", transcript_hash, spki);
  ASSERT_TRUE(binder.ok()) << binder.error().message();
  EXPECT_EQ(base::to_hex(binder->bytes()), v.get(role + "_binder"));
  EXPECT_EQ(binder->hash(), hash_of(v));
  EXPECT_EQ(binder->tik(), spki);
}

class TranscriptVectors : public ::testing::TestWithParam<std::string> {};

//= early-attestation#binder-transcript
//= early-attestation#binder-derivation
//= early-attestation#post-handshake-transcript
TEST_P(TranscriptVectors, Holds) {
  const VectorFile v(testing::vector_path("transcript", GetParam()));
  const auto transcript = feed(v.all_hex("message"), Extent::client_finished);
  if (v.get("expect") != "ok") {
    ASSERT_FALSE(transcript.ok());
    EXPECT_EQ(name(transcript.error().code), v.get("expect")) << transcript.error().message();
    EXPECT_EQ(transcript.error().path, v.get("path"));
    return;
  }
  ASSERT_TRUE(transcript.ok()) << transcript.error().message();
  Bytes base = *transcript->hash(hash_of(v));
  EXPECT_EQ(base::to_hex(base), v.get("transcript_hash"));
  if (v.has("certificate_request")) {
    const auto after = transcript->post_handshake_hash(hash_of(v), v.hex("certificate_request"));
    ASSERT_TRUE(after.ok()) << after.error().message();
    EXPECT_EQ(base::to_hex(*after), v.get("post_handshake_hash"));
    base = *after;
  }
  expect_binder(v, "server", base);
  expect_binder(v, "client", base);
}

INSTANTIATE_TEST_SUITE_P(All, TranscriptVectors, ::testing::ValuesIn(testing::vector_names("transcript")),
                         testing::as_test_name);

class CertificateVectors : public ::testing::TestWithParam<std::string> {};

// The key is cut out of the received certificate, byte for byte.
TEST_P(CertificateVectors, TheSpkiIsTheOneInTheCertificate) {
  const VectorFile v(testing::vector_path("transcript", GetParam()));
  const auto certificate = crypto::Certificate::from_der(v.hex("server_certificate"));
  ASSERT_TRUE(certificate.ok()) << certificate.error().message();
  EXPECT_EQ(base::to_hex(certificate->spki().der()), v.get("server_spki"));
}

INSTANTIATE_TEST_SUITE_P(All, CertificateVectors,
                         ::testing::Values("rfc8448-simple", "rfc8448-retry", "rfc8448-client-auth"),
                         testing::as_test_name);

class KeyScheduleVectors : public ::testing::TestWithParam<std::string> {};

// The transcript and HKDF-Expand-Label are those of TLS itself: the secrets of RFC 8448.
TEST_P(KeyScheduleVectors, Holds) {
  const VectorFile v(testing::vector_path("key_schedule", GetParam()));
  const auto transcript = feed(v.all_hex("message"), Extent::server_hello);
  ASSERT_TRUE(transcript.ok());
  const auto output = crypto::hkdf_expand_label(hash_of(v), crypto::LabelPrefix::tls13, v.hex("secret"),
                                                v.get("label"), *transcript->hash(hash_of(v)), 32);
  EXPECT_EQ(base::to_hex(*output), v.get("output"));
}

INSTANTIATE_TEST_SUITE_P(All, KeyScheduleVectors, ::testing::ValuesIn(testing::vector_names("key_schedule")),
                         testing::as_test_name);

}  // namespace
}  // namespace seatls::binder
