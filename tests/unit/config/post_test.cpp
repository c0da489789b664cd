// Attestation after the handshake, as the file says it.
#include <gmock/gmock.h>

#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct After : ConfigTest {
  // with returns the client's file with lines in [require], and sections behind it.
  [[nodiscard]] std::string with(const std::string& require, const std::string& sections = "") const {
    return changed(client_text, "[require]\n", "[require]\n" + require) + sections;
  }
};

TEST_F(After, NothingHappensUnlessItIsWritten) {
  const auto loaded = good(client_text);
  EXPECT_EQ(loaded.config.require->timing, Timing::intra);
  EXPECT_EQ(loaded.channel.plan.every, 0ms);
  EXPECT_FALSE(loaded.channel.plan.confirm);
  EXPECT_EQ(loaded.channel.plan.on_failure, reattest::OnFailure::close);
  EXPECT_EQ(loaded.channel.profile.name, "expat-03");
  EXPECT_EQ(loaded.framing, Framing::automatic);
}

TEST_F(After, WhatIsWrittenIsDone) {
  const auto loaded = good(with("timing = \"hybrid\"\nreattest = \"5m\"\non_failure = \"restrict\"\n",
                                "[post]\nprofile = \"expat-04\"\nextension_type = 0xff00\nbody = \"json\"\n"
                                "name_schemes = false\njitter = 50\nanswer_within = \"3s\"\nattempts = 7\n"
                                "back_off = \"2m\"\nmay_change = [\"software.swversion\"]\n"));
  EXPECT_EQ(loaded.config.require->timing, Timing::hybrid);
  const auto& plan = loaded.channel.plan;
  EXPECT_EQ(plan.every, 5min);
  EXPECT_EQ(plan.on_failure, reattest::OnFailure::restrict);
  EXPECT_EQ(plan.jitter, 0.5);
  EXPECT_EQ(plan.answer_within, 3s);
  EXPECT_EQ(plan.attempts, 7U);
  EXPECT_EQ(plan.back_off, 2min);
  EXPECT_TRUE(plan.validate().ok()) << "the longest pause follows";
  EXPECT_THAT(plan.may_change, Contains("software.swversion"));
  const auto& profile = loaded.channel.profile;
  EXPECT_EQ(profile.exporter_label, "EXPORTER-cmw-attestation");
  EXPECT_EQ(profile.cmw_attestation, 0xff00);
  EXPECT_EQ(profile.body, CmwForm::json);
  EXPECT_FALSE(profile.name_wanted_schemes);
}

TEST_F(After, TheExtensionOfTheHandshakeNamesTheSchemesToo) {
  const auto loaded = good(changed(client_text, "[endpoint]\n", "[endpoint]\nextension_type = 0xff77\n"));
  EXPECT_EQ(loaded.channel.profile.remote_attestation, 0xff77);
}

TEST_F(After, EachMistakeIsTold) {
  struct Wrong {
    std::string require, sections, key, what;
  };
  for (const auto& w : {
           Wrong{"reattest = \"5m\"\n", "", "require.reattest", "once"},
           Wrong{"timing = \"intra\"\nreattest = \"5m\"\n", "", "require.reattest", "once"},
           Wrong{"timing = \"hybrid\"\nreattest = \"10ms\"\n", "", "require.reattest", "outside of 1s"},
           Wrong{"timing = \"hybrid\"\nreattest = \"soon\"\n", "", "require.reattest", "no duration"},
           Wrong{"on_failure = \"restrict\"\n", "", "require.on_failure", "attested again"},
           Wrong{"timing = \"post\"\nattestation = \"optional\"\n", "", "require.timing", "optional"},
           Wrong{"", "[post]\nprofile = \"expat-99\"\n", "post.profile", "no profile"},
           Wrong{"", "[post]\nprofile = \"legacy\"\n", "post.profile", "leaves the key out"},
           Wrong{"", "[post]\nlabel = \"\"\n", "post.label", "1 to 249"},
           Wrong{"", "[post]\nextension_type = 70000\n", "post.extension_type", "65535"},
           Wrong{"", "[post]\nbody = \"xml\"\n", "post.body", "json, cbor"},
           Wrong{"", "[post]\njitter = 91\n", "post.jitter", "0 to 90"},
           Wrong{"", "[post]\nattempts = 0\n", "post.attempts", "1 to 100"},
           Wrong{"", "[post]\nanswer_within = \"1h\"\n", "post.answer_within", "10m"},
           Wrong{"", "[post]\nback_off = \"1ms\"\n", "post.back_off", "100ms"},
           Wrong{"", "[post]\nmay_change = [\"*\"]\n", "post.may_change", "every claim"},
       }) {
    const auto m = mistake(with(w.require, w.sections));
    EXPECT_EQ(m.key, w.key) << m.message();
    EXPECT_THAT(m.what, HasSubstr(w.what)) << m.message();
    EXPECT_FALSE(m.remedy.empty());
  }
  const auto m =
      mistake(changed(with("timing = \"post\"\n"), "[endpoint]\n", "[endpoint]\nframing = \"none\"\n"));
  EXPECT_EQ(m.key, "endpoint.framing");
}

TEST_F(After, ABinderWithoutTheKeyIsADanger) {
  const auto loaded =
      good(with("", "[post]\nprofile = \"legacy\"\n[danger]\nallow_binder_without_key = true\n"));
  EXPECT_THAT(loaded.config.dangers, Contains("allow_binder_without_key"));
}

}  // namespace
}  // namespace seatls::config
