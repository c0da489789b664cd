// Policies, endorsements and keys.
#include <gmock/gmock.h>

#include "fixture.h"

namespace seatls::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using RolledBack = std::optional<unsigned>;

TEST_P(StoreTest, PoliciesAreVersionsWithoutGaps) {
  EXPECT_EQ(add("default", "a"), 1U);
  EXPECT_EQ(add("default", "b"), 2U);
  EXPECT_EQ(add("default", "b"), 2U) << "the newest version's text makes no other version";
  EXPECT_EQ(add("default", "a"), 3U) << "an older one's does";
  EXPECT_EQ(add("Other", "a"), 1U);
  EXPECT_EQ(add("ärger", ""), 1U);
  const auto version = [](const std::string& name, unsigned number, const std::string& text) {
    return PolicyVersion{name, number, text, start, false};
  };
  EXPECT_THAT(replica().policies().value(),
              ElementsAre(version("Other", 1, "a"), version("default", 1, "a"), version("default", 2, "b"),
                          version("default", 3, "a"), version("ärger", 1, "")));
  EXPECT_THAT(active(), IsEmpty());
}

TEST_P(StoreTest, WhatIsNoPolicyIsRefused) {
  for (const auto& [name, text] : {std::pair<std::string, std::string>{"", "a"},
                                   {"a", std::string("a\0", 2)},
                                   {"a", "\xff"},
                                   {"\xff", "a"}}) {
    const auto added = store().add_policy(name, text, start);
    ASSERT_FALSE(added.ok());
    EXPECT_EQ(added.error().code, Code::misuse);
  }
  EXPECT_TRUE(store().policies()->empty());
  EXPECT_EQ(revision(), 0U);
}

TEST_P(StoreTest, OneVersionOfAPolicyJudges) {
  for (const std::string text : {"a", "b", "c"}) add("default", text);
  add("other", "x");
  EXPECT_FALSE(store().activate_policy("default", 4, start).value());
  EXPECT_FALSE(store().activate_policy("unknown", 1, start).value());
  EXPECT_FALSE(store().activate_policy("unknown", 0, start).value());
  EXPECT_TRUE(store().activate_policy("default", 2, start).value());
  EXPECT_TRUE(store().activate_policy("other", 1, start).value());
  EXPECT_THAT(active(), ElementsAre("default@2", "other@1"));
  EXPECT_TRUE(store().activate_policy("default", 1, start).value());
  EXPECT_THAT(active(), ElementsAre("default@1", "other@1"));
  EXPECT_EQ(replica().judging()->policies[0], (PolicyVersion{"default", 1, "a", start, true}));
  std::vector<bool> flags;
  const auto all = store().policies().value();
  for (const auto& p : all) flags.push_back(p.active);
  EXPECT_THAT(flags, ElementsAre(true, false, false, true));
  EXPECT_TRUE(store().activate_policy("default", 0, start).value());
  EXPECT_THAT(active(), ElementsAre("other@1"));
  EXPECT_EQ(add("default", "d"), 4U);
  EXPECT_THAT(active(), ElementsAre("other@1")) << "a version that is added does not judge";
}

TEST_P(StoreTest, RollingBackGoesTheWayOfTheActivationsBack) {
  const auto back = [&] { return store().roll_back_policy("default", start).value(); };
  EXPECT_EQ(back(), RolledBack()) << "there is no such policy";
  for (const std::string text : {"a", "b", "c"}) add("default", text);
  EXPECT_EQ(back(), RolledBack()) << "none was ever active";
  const auto activate = [&](unsigned version) {
    ASSERT_TRUE(store().activate_policy("default", version, start).value());
  };
  activate(1);
  EXPECT_EQ(back(), RolledBack()) << "none was active before";
  EXPECT_THAT(active(), ElementsAre("default@1"));
  activate(3);
  activate(3);  // no change
  activate(2);
  EXPECT_EQ(back(), RolledBack(3));
  EXPECT_THAT(active(), ElementsAre("default@3"));
  EXPECT_EQ(back(), RolledBack(1));
  EXPECT_EQ(back(), RolledBack());
  EXPECT_THAT(active(), ElementsAre("default@1"));
  activate(0);
  EXPECT_THAT(active(), IsEmpty());
  activate(2);
  EXPECT_EQ(back(), RolledBack(0));
  EXPECT_THAT(active(), IsEmpty());
  EXPECT_EQ(back(), RolledBack(1));
  activate(2);
  EXPECT_EQ(back(), RolledBack(1)) << "an activation after rolling back is undone like any other";
}

TEST_P(StoreTest, TheRevisionGrowsWithEveryChangeAndNothingElse) {
  std::uint64_t last = revision();
  const auto changed = [&](const char* what) {
    const auto now = revision();
    EXPECT_GT(now, last) << what;
    last = now;
  };
  const auto same = [&](const char* what) { EXPECT_EQ(revision(), last) << what; };
  const Endorsement e = endorsement_of(1);
  Endorsement idle = endorsement_of(2);
  idle.active = false;

  add("default", "a");
  changed("a version");
  add("default", "a");
  same("the version again");
  add("default", "b");
  changed("another version");
  ASSERT_TRUE(store().activate_policy("default", 1, start).value());
  changed("an activation");
  ASSERT_TRUE(store().activate_policy("default", 1, start).value());
  same("the activation again");
  ASSERT_FALSE(store().activate_policy("default", 9, start).value());
  same("an activation of nothing");
  ASSERT_EQ(store().roll_back_policy("default", start).value(), RolledBack());
  same("rolling back to nothing");
  ASSERT_TRUE(store().activate_policy("default", 2, start).value());
  changed("an activation");
  ASSERT_EQ(store().roll_back_policy("default", start).value(), RolledBack(1));
  changed("rolling back");
  ASSERT_TRUE(store().activate_policy("default", 0, start).value());
  changed("an activation of none");
  ASSERT_TRUE(store().add_endorsement(e).ok());
  changed("an endorsement");
  ASSERT_TRUE(store().add_endorsement(e).ok());
  same("the endorsement again");
  ASSERT_TRUE(store().activate_endorsement(e.digest, false).value());
  changed("deactivation");
  ASSERT_TRUE(store().activate_endorsement(e.digest, false).value());
  same("deactivation again");
  ASSERT_TRUE(store().add_endorsement(e).ok());
  changed("adding it again");
  ASSERT_TRUE(store().add_endorsement(idle).ok());
  changed("an endorsement that is not active");
  ASSERT_TRUE(store().add_endorsement(idle).ok());
  same("that again");
  ASSERT_EQ(open(session_of(1)), Store::Opened::opened);
  ASSERT_TRUE(store().publish_key({"key", "{}", start}).ok());
  ASSERT_TRUE(store().sweep(start).ok());
  same("what has nothing to do with it");
}

TEST_P(StoreTest, EndorsementsAreKeptInTheirOrder) {
  Endorsement idle = endorsement_of(2);
  idle.active = false;
  const Endorsement first = endorsement_of(3), last = endorsement_of(1);
  for (const auto& e : {first, idle, last}) ASSERT_TRUE(store().add_endorsement(e).ok());
  EXPECT_THAT(replica().endorsements().value(), ElementsAre(first, idle, last));
  EXPECT_THAT(replica().judging()->endorsements, ElementsAre(first, last));

  EXPECT_TRUE(store().activate_endorsement(first.digest, false).value());
  EXPECT_TRUE(store().activate_endorsement(idle.digest, true).value());
  EXPECT_FALSE(store().activate_endorsement(digest_of("unknown"), true).value());
  EXPECT_EQ(replica().judging()->endorsements.size(), 2U);
  EXPECT_EQ(replica().judging()->endorsements[0].digest, idle.digest);

  Endorsement again = first;
  again.added = start + 1h;
  ASSERT_TRUE(store().add_endorsement(again).ok());
  EXPECT_EQ(replica().endorsements()->at(0), first) << "active again, and otherwise as it was";

  Endorsement wrong = first;
  wrong.digest.pop_back();
  EXPECT_EQ(store().add_endorsement(wrong).error().code, Code::misuse);
}

TEST_P(StoreTest, AKeyIsPublishedForLongerAndNeverForLess) {
  const PublishedKey first{"b", R"({"kty":"EC"})", start + 100s}, second{"a", "{}", start + 50s};
  ASSERT_TRUE(store().publish_key(first).ok());
  ASSERT_TRUE(store().publish_key(second).ok());
  EXPECT_THAT(replica().keys(start).value(), ElementsAre(first, second));
  EXPECT_THAT(replica().keys(start + 50s).value(), ElementsAre(first, second));
  EXPECT_THAT(replica().keys(start + 51s).value(), ElementsAre(first));
  EXPECT_THAT(replica().keys(start + 101s).value(), IsEmpty());

  ASSERT_TRUE(replica().publish_key({"b", first.jwk, start + 10s}).ok());
  EXPECT_THAT(store().keys(start).value(), ElementsAre(first, second));
  ASSERT_TRUE(replica().publish_key({"a", second.jwk, start + 200s}).ok());
  EXPECT_THAT(store().keys(start + 101s).value(), ElementsAre(PublishedKey{"a", "{}", start + 200s}));
  EXPECT_EQ(store().publish_key({"", "{}", start}).error().code, Code::misuse);
}

}  // namespace
}  // namespace seatls::service
