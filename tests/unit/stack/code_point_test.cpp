// The extension's number: docs/protocol/wire.md, Decision 1.
#include "fixture.h"

namespace seatls::openssl {
namespace {

//= early-attestation#code-point-configurable
TEST(CodePoint, IsAPrivateOneUnlessConfigured) { EXPECT_EQ(Config{}.extension_type, 0xFF5E); }

//= early-attestation#code-point-configurable
TEST(CodePoint, BothEndsMustAgree) {
  Party c = client().demands(Requirement::required), s = server().attests();
  c.config().extension_type = s.config().extension_type = 0xFF70;
  TlsPair agree(c.setup, s.setup);
  agree.run();
  expect_traffic(agree);
  EXPECT_TRUE(agree.client->report()->peer.has_value());

  s.config().extension_type = 0xFF71;
  TlsPair differ(c.setup, s.setup);
  differ.run();
  expect_refusal(differ, Role::client, Code::attestation_required, 40);
}

}  // namespace
}  // namespace seatls::openssl
