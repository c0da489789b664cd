#include "seatls/error.h"

#include <gtest/gtest.h>

namespace seatls {
namespace {

TEST(Error, EveryCodeHasANameThatLeadsBack) {
  for (int i = 0; i < 256; ++i) {
    const auto code = static_cast<Code>(i);
    if (code == Code::not_attested) {
      EXPECT_EQ(code_from_name("not_attested"), code);
      break;
    }
    EXPECT_EQ(code_from_name(name(code)), code);
    EXPECT_FALSE(sentence(code).empty());
  }
}

TEST(Error, AttestationRequiredTellsWhoRefuses) {
  const AlertMap map;
  EXPECT_EQ(map.number(alert(Code::attestation_required), Role::server), 116);
  EXPECT_EQ(map.number(alert(Code::attestation_required), Role::client), 40);
  EXPECT_EQ(map.number(alert(Code::binder_mismatch), Role::client), 49);
  EXPECT_EQ(map.number(alert(Code::unsupported_attestation_schemes), Role::server), 40);
  EXPECT_EQ(map.number(alert(Code::truncated), Role::server), 50);
}

TEST(Error, EveryRejectionOfACredentialLooksTheSameOutside) {
  for (int i = 0; i <= static_cast<int>(Code::not_attested); ++i) {
    const auto code = static_cast<Code>(i);
    if (category(code) != Category::appraisal_rejected) continue;
    EXPECT_EQ(alert(code), Alert::attestation_failed) << name(code);
  }
}

TEST(Error, PathGrowsOutwards) {
  const auto e = Error{Code::truncated, "need 4", "eat_nonce"}.in("cmw").in("server Certificate[0]");
  EXPECT_EQ(e.path, "server Certificate[0] > cmw > eat_nonce");
  EXPECT_EQ(e.message(),
            "The message ends before the field does. At server Certificate[0] > cmw > eat_nonce. need 4 "
            "[truncated]");
}

}  // namespace
}  // namespace seatls
