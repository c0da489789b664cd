// Every vector of tests/vectors/tpm (made by tests/reference/tpm_vectors.py) has its outcome.
#include "unit/appraise/vector_file.h"

namespace seatls::appraise {
namespace {

using testing::VectorFile;

AppraisalRequest request_of(const VectorFile& v) {
  const Bytes binder = v.hex("binder");
  const Hash hash = binder.size() == 48 ? Hash::sha384 : Hash::sha256;
  const EvidenceType type = *SchemeTable::defaults().find("tpm2");
  return {{type},
          Cmw(CmwRecord{type, v.hex("evidence"), cmw_indicator::evidence}),
          danger::binder_from_bytes(binder, hash, Spki(v.hex("tik"))),
          Bytes(32, 1)};
}

class TpmVector : public ::testing::TestWithParam<std::string> {};

TEST_P(TpmVector, HasItsOutcome) {
  const auto v = testing::read_vector(testing::vectors_folder("tpm") + "/" + GetParam() + ".txt");
  SCOPED_TRACE(v.about);
  const auto report = check_policy_text(v.policy, testing::vectors_folder("tpm"), "vector");
  ASSERT_TRUE(report.policy) << (report.mistakes.empty() ? "" : report.mistakes.front().message());
  const auto result = testing::appraise_now(*report.policy, request_of(v), *base::from_rfc3339(v.get("at")));
  const Reason* fatal = result.first_fatal();
  EXPECT_EQ(fatal == nullptr ? "ok" : std::string(name(fatal->code)), v.get("expect"))
      << testing::reasons(result);
  if (fatal != nullptr && !v.get("path").empty()) {
    EXPECT_TRUE(fatal->path.starts_with(v.get("path"))) << fatal->path;
  }
  for (const auto& note : v.all("note"))
    EXPECT_TRUE(testing::has_reason(result, *code_from_name(note), false));
  EXPECT_EQ(result->dangers, v.all("danger"));
  EXPECT_EQ(result->scheme, "tpm2");
  EXPECT_EQ(result->policy_id, "vector");
  if (v.get("expect") == "ok") {
    EXPECT_EQ(result.tier(), Tier::affirming);
    EXPECT_EQ(result->key, v.all("note").empty() ? KeyProvenance::proven : KeyProvenance::none);
    EXPECT_EQ(result->binder, v.hex("binder"));
    EXPECT_FALSE(result->claims.empty());
  } else {
    EXPECT_EQ(result.tier(), Tier::contraindicated);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TpmVector, ::testing::ValuesIn(testing::vector_names("tpm")),
                         testing::as_test_name);

}  // namespace
}  // namespace seatls::appraise
