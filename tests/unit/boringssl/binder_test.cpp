// The binder, derived anew by somebody who only listens: the hellos pass in the clear.
#include "binder/early_binder.h"
#include "binder/transcript.h"

#include <string>
#include <tuple>

#include "codec/tls.h"
#include "fixture.h"

namespace seatls::boringssl {
namespace {

constexpr std::uint8_t handshake_record = 22;

// hellos_of_stream returns the handshake messages of TLSPlaintext records, with their 4-byte headers.
std::vector<Bytes> hellos_of_stream(const std::vector<Bytes>& pieces) {
  std::vector<Bytes> hellos;
  for (const Bytes& piece : pieces) {
    codec::Reader records(piece);
    while (!records.done() && !records.error()) {
      const auto type = records.u8("type");
      std::ignore = records.u16("version");
      const ByteView body = records.vector<0, 0xffff>("fragment");
      // ClientHello and ServerHello; what is encrypted has another type.
      if (type == handshake_record && !body.empty()) hellos.emplace_back(body.begin(), body.end());
    }
  }
  return hellos;
}

// hellos_of_datagrams does the same for DTLSPlaintext; no hello here is longer than a datagram. A message
// that is sent again is taken once.
std::vector<Bytes> hellos_of_datagrams(const std::vector<Bytes>& datagrams) {
  std::vector<Bytes> hellos;
  for (const Bytes& datagram : datagrams) {
    if (datagram.empty() || datagram[0] != handshake_record || datagram.size() < 13 + 12) continue;
    const std::size_t length = static_cast<std::size_t>(datagram[11] << 8 | datagram[12]);
    // type and length, without message_seq, fragment_offset, fragment_length (RFC 9147 5.2)
    Bytes message(datagram.begin() + 13, datagram.begin() + 13 + 4);
    message.insert(message.end(), datagram.begin() + 13 + 12,
                   datagram.begin() + 13 + static_cast<std::ptrdiff_t>(length));
    if (std::ranges::find(hellos, message) == hellos.end()) hellos.push_back(std::move(message));
  }
  return hellos;
}

using Shape = std::tuple<Carrier, Hash, bool>;
class Overheard : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Shape, Overheard,
                         testing::Combine(testing::Values(Carrier::stream, Carrier::datagrams),
                                          testing::Values(Hash::sha256, Hash::sha384), testing::Bool()),
                         [](const auto& shape) {
                           return name_of(std::get<0>(shape.param)) + "_" +
                                  std::string(name(std::get<1>(shape.param))) +
                                  (std::get<2>(shape.param) ? "_retry" : "");
                         });

//= early-attestation#binder-derivation
TEST_P(Overheard, TheBinderIsOfThisTranscriptCarrierAndKey) {
  const auto [carrier, hash, retry] = GetParam();
  Party c = client(carrier).demands(Requirement::required).identity(fake::certified()).attests();
  Party s = server(carrier).demands(Requirement::required).attests();
  c.setup.suites = hash;
  c.setup.groups = retry ? "P-256:X25519" : "X25519";
  s.setup.groups = "X25519";
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);

  const bool dtls = carrier == Carrier::datagrams;
  const auto hellos = dtls ? hellos_of_datagrams(pair.recorded()) : hellos_of_stream(pair.recorded());
  // Over datagrams the cookie brings a HelloRetryRequest of its own.
  ASSERT_EQ(hellos.size(), retry || dtls ? 4U : 2U);
  binder::Transcript transcript;
  for (const Bytes& hello : hellos) ASSERT_TRUE(transcript.add(hello).ok());
  const Bytes heard = transcript.hash(hash).value();
  const auto expect = [&](const Bytes& binder, const Party& attester) {
    const Spki& key = attester.setup.identity->certificate.spki();
    EXPECT_EQ(binder, bytes(binder::derive_early_binder(hash, dtls, heard, key)->bytes()));
    EXPECT_NE(binder, bytes(binder::derive_early_binder(hash, !dtls, heard, key)->bytes()));
  };
  expect(pair.client->connection().report().peer_binder, s);
  expect(pair.server->connection().report().peer_binder, c);
}

}  // namespace
}  // namespace seatls::boringssl
