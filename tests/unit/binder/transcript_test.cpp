#include "binder/transcript.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "binder/early_binder.h"
#include "support/vector_file.h"

namespace seatls::binder {
namespace {

using Extent = Transcript::Extent;
using testing::VectorFile;

constexpr std::uint8_t kNewSessionTicket = 4, kEndOfEarlyData = 5, kEncryptedExtensions = 8,
                       kCertificate = 11, kCertificateRequest = 13, kFinished = 20, kKeyUpdate = 24;

Bytes message(std::uint8_t type, std::string_view body = "body") {
  Bytes out{type, 0, 0, static_cast<std::uint8_t>(body.size())};
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

VectorFile vector_file(const std::string& name) {
  return VectorFile(testing::vector_path("transcript", name));
}
Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& p : parts) out.insert(out.end(), p.begin(), p.end());
  return out;
}

// after_hellos returns a transcript that has seen ClientHello and ServerHello.
Transcript after_hellos(Extent extent = Extent::client_finished) {
  Transcript t(extent);
  for (const auto& m : vector_file("tls-sha256").all_hex("message")) EXPECT_TRUE(t.add(m).ok());
  return t;
}

TEST(Transcript, SaysNothingBeforeServerHello) {
  const auto messages = vector_file("tls-sha256-retry").all_hex("message");
  Transcript t;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_FALSE(t.complete());
    EXPECT_EQ(t.hash(Hash::sha256).error().code, Code::misuse);
    EXPECT_EQ(t.saw_hello_retry_request(), i >= 2);
    ASSERT_TRUE(t.add(messages[i]).ok());
  }
  EXPECT_TRUE(t.complete());
  EXPECT_TRUE(t.hash(Hash::sha256).ok());
}

TEST(Transcript, HasTheHashOfASuiteOnly) {
  const auto t = after_hellos();
  EXPECT_EQ(t.hash(Hash::sha256)->size(), 32u);
  EXPECT_EQ(t.hash(Hash::sha384)->size(), 48u);
  EXPECT_EQ(t.hash(Hash::sha1).error().code, Code::misuse);
  EXPECT_EQ(t.hash(Hash::sha512).error().code, Code::misuse);
}

// The catalogue of attacks, C12.
//= early-attestation#binder-transcript
TEST(Transcript, ClientHello1CountsAfterARetry) {
  for (const char* name : {"tls-sha256-retry", "tls-sha384-retry", "rfc8448-retry"}) {
    const auto v = vector_file(name);
    const Hash h = v.get("hash") == "sha384" ? Hash::sha384 : Hash::sha256;
    const auto m = v.all_hex("message");
    ASSERT_EQ(m.size(), 4u);
    const auto hash = v.get("transcript_hash");
    EXPECT_NE(base::to_hex(crypto::digest(h, concat({m[1], m[2], m[3]}))), hash);
    EXPECT_NE(base::to_hex(crypto::digest(h, concat({m[2], m[3]}))), hash);
    EXPECT_NE(base::to_hex(crypto::digest(h, concat({m[0], m[1], m[2], m[3]}))), hash);
    const Bytes header{254, 0, 0, static_cast<std::uint8_t>(size(h))};
    EXPECT_EQ(base::to_hex(crypto::digest(h, concat({header, crypto::digest(h, m[0]), m[1], m[2], m[3]}))),
              hash);
  }
}

TEST(Transcript, EveryByteOfTheHellosCounts) {
  const auto messages = vector_file("tls-sha256-retry").all_hex("message");
  const auto honest = vector_file("tls-sha256-retry").hex("transcript_hash");
  for (std::size_t which = 0; which < messages.size(); ++which)
    for (std::size_t i = 0; i < messages[which].size(); ++i) {
      auto changed = messages;
      changed[which][i] ^= 1;
      Transcript t;
      bool added = true;
      for (const auto& m : changed) added = added && t.add(m).ok();
      if (added) {
        EXPECT_NE(*t.hash(Hash::sha256), honest) << which << " " << i;
      }
    }
}

TEST(Transcript, ListensToServerHelloOnly) {
  auto t = after_hellos(Extent::server_hello);
  const Bytes hash = *t.hash(Hash::sha256);
  EXPECT_TRUE(t.add(message(kEncryptedExtensions)).ok());
  EXPECT_TRUE(t.add(Bytes{1}).ok());
  EXPECT_EQ(*t.hash(Hash::sha256), hash);
  EXPECT_EQ(t.post_handshake_hash(Hash::sha256, message(kCertificateRequest)).error().code, Code::misuse);
}

TEST(Transcript, TheFirstErrorIsFinal) {
  const auto messages = vector_file("tls-sha256").all_hex("message");
  Transcript t;
  EXPECT_EQ(t.add(messages[1]).error().code, Code::unexpected_message);
  EXPECT_EQ(t.add(messages[0]).error().code, Code::unexpected_message);
  EXPECT_EQ(t.add(messages[1]).error().code, Code::unexpected_message);
  EXPECT_EQ(t.hash(Hash::sha256).error().code, Code::unexpected_message);
}

TEST(Transcript, AnErrorAfterTheHellosIsFinalToo) {
  auto t = after_hellos();
  EXPECT_EQ(t.add(message(kKeyUpdate)).error().code, Code::unexpected_message);
  EXPECT_EQ(t.hash(Hash::sha256).error().code, Code::unexpected_message);
  EXPECT_EQ(t.post_handshake_hash(Hash::sha256, message(kCertificateRequest)).error().code,
            Code::unexpected_message);
}

TEST(Transcript, KnowsWhichMessagesAFlightMayHold) {
  struct Row {
    std::uint8_t type;
    bool before_finished, after_finished;
  };
  constexpr Row kRows[] = {{1, false, false},
                           {2, false, false},
                           {kNewSessionTicket, true, true},
                           {kEndOfEarlyData, false, true},
                           {kEncryptedExtensions, true, false},
                           {kCertificate, true, true},
                           {kCertificateRequest, true, false},
                           {15, true, true},
                           {kKeyUpdate, false, false},
                           {25, true, true},
                           {254, false, false}};
  for (const auto& row : kRows) {
    auto t = after_hellos();
    EXPECT_EQ(t.add(message(row.type)).ok(), row.before_finished) << int{row.type};
    t = after_hellos();
    ASSERT_TRUE(t.add(message(kFinished)).ok());
    EXPECT_EQ(t.add(message(row.type)).ok(), row.after_finished) << int{row.type};
  }
}

//= early-attestation#post-handshake-transcript
TEST(PostHandshakeTranscript, EndsWithTheClientsFinishedAndTheRequest) {
  const auto v = vector_file("post-handshake-sha256");
  const auto messages = v.all_hex("message");
  const Bytes request = v.hex("certificate_request");
  Transcript t(Extent::client_finished);
  for (const auto& m : messages) {
    EXPECT_EQ(t.post_handshake_hash(Hash::sha256, request).error().code, Code::misuse);
    ASSERT_TRUE(t.add(m).ok());
  }
  const Bytes hash = *t.post_handshake_hash(Hash::sha256, request);
  EXPECT_EQ(base::to_hex(hash), v.get("post_handshake_hash"));
  // What comes later is not part of it, and asking does not change it.
  EXPECT_TRUE(t.add(message(kNewSessionTicket)).ok());
  EXPECT_TRUE(t.add(request).ok());
  EXPECT_EQ(*t.post_handshake_hash(Hash::sha256, request), hash);
  EXPECT_EQ(base::to_hex(*t.hash(Hash::sha256)), v.get("transcript_hash"));
}

// The catalogue of attacks, C09: with ClientHello..ServerHello alone, evidence of the handshake would
// pass as fresh.
//= early-attestation#post-handshake-transcript
TEST(PostHandshakeTranscript, EachRequestGivesAnotherBinder) {
  const auto first = vector_file("post-handshake-sha256"), second = vector_file("post-handshake-second");
  ASSERT_EQ(first.all("message"), second.all("message"));
  EXPECT_NE(first.get("client_binder"), second.get("client_binder"));
  const auto main =
      derive_early_binder(Hash::sha256, false, first.hex("transcript_hash"), Spki(first.hex("client_spki")));
  EXPECT_NE(base::to_hex(main->bytes()), first.get("client_binder"));
}

TEST(PostHandshakeTranscript, WantsAWholeCertificateRequest) {
  const auto v = vector_file("post-handshake-sha256");
  Transcript t(Extent::client_finished);
  for (const auto& m : v.all_hex("message")) ASSERT_TRUE(t.add(m).ok());
  Bytes request = v.hex("certificate_request");
  EXPECT_EQ(t.post_handshake_hash(Hash::sha512, request).error().code, Code::misuse);
  request.push_back(0);
  EXPECT_EQ(t.post_handshake_hash(Hash::sha256, request).error().code, Code::malformed);
  EXPECT_EQ(t.post_handshake_hash(Hash::sha256, {}).error().code, Code::malformed);
  EXPECT_EQ(t.post_handshake_hash(Hash::sha256, message(kCertificate)).error().code, Code::malformed);
  EXPECT_TRUE(t.post_handshake_hash(Hash::sha256, v.hex("certificate_request")).ok());
}

}  // namespace
}  // namespace seatls::binder
