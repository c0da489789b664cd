#include "session/resumption_guard.h"

#include <gtest/gtest.h>

namespace seatls::session {
namespace {

Config requiring(std::optional<Requirement> attestation) {
  Config config;
  if (attestation) {
    config.require.emplace();
    config.require->attestation = *attestation;
  }
  return config;
}

TEST(ResumptionGuard, RequiredMeansFullHandshakesOnly) {
  const Config required = requiring(Requirement::required);
  EXPECT_TRUE(full_handshakes_only(required));
  EXPECT_FALSE(may_issue_ticket(required, false));
  EXPECT_EQ(refuse_psk(required, true).error().code, Code::resumption_refused);
  EXPECT_TRUE(refuse_psk(required, false).ok());
  EXPECT_EQ(refuse_shortcut(required, true, false).error().code, Code::resumption_refused);
  EXPECT_EQ(refuse_shortcut(required, false, true).error().code, Code::early_data_refused);
  EXPECT_TRUE(refuse_shortcut(required, false, false).ok());
}

TEST(ResumptionGuard, OthersResumeButNotWhatWasAttested) {
  for (auto attestation : {std::optional<Requirement>{}, std::optional{Requirement::off},
                           std::optional{Requirement::optional}}) {
    const Config config = requiring(attestation);
    EXPECT_FALSE(full_handshakes_only(config));
    EXPECT_TRUE(may_issue_ticket(config, false));
    EXPECT_FALSE(may_issue_ticket(config, true));
    EXPECT_TRUE(refuse_psk(config, true).ok());
    EXPECT_TRUE(refuse_shortcut(config, true, true).ok());
  }
}

}  // namespace
}  // namespace seatls::session
