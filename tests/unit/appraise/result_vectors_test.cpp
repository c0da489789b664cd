// Every vector of tests/vectors/result (made by tests/reference/result_vectors.py) has the outcome that it
// names: attacks C01 to C03, D07, F06, F10 and F12, each beside its honest twin.
#include "unit/appraise/vector_file.h"

namespace seatls::appraise {
namespace {

class ResultVector : public ::testing::TestWithParam<std::string> {};

//= early-attestation#result-names-tik
TEST_P(ResultVector, HasItsOutcome) {
  const auto v = testing::read_vector(testing::vectors_folder("result") + "/" + GetParam() + ".txt");
  SCOPED_TRACE(v.about);
  const auto report = check_policy_text(v.policy, testing::vectors_folder("result"), "vector");
  ASSERT_TRUE(report.policy) << (report.mistakes.empty() ? "" : report.mistakes.front().message());
  const auto indicator = static_cast<std::uint32_t>(std::stoul(v.get("indicator")));
  // The binder is of this connection; a result was made before, and cannot hold it.
  const AppraisalRequest request{{VerifierIdentity{v.get("verifier")}},
                                 Cmw(CmwRecord{MediaType{v.get("type")}, v.hex("result"), indicator}),
                                 danger::binder_from_bytes(Bytes(32, 7), Hash::sha256, Spki(v.hex("tik"))),
                                 Bytes(32, 1)};
  const auto at = *base::from_rfc3339(v.get("at"));
  const auto result = testing::appraise_now(*report.policy, request, at);
  const Reason* fatal = result.first_fatal();
  EXPECT_EQ(fatal == nullptr ? "ok" : std::string(name(fatal->code)), v.get("expect")) << explain(result);
  EXPECT_TRUE(fatal == nullptr || fatal->path.starts_with(v.get("path"))) << fatal->path;
  EXPECT_EQ(name(result.tier()), v.get("tier"));
  for (const auto& note : v.all("note"))
    EXPECT_TRUE(testing::has_reason(result, *code_from_name(note), false));
  EXPECT_EQ(result->model, ConveyanceModel::passport);
  EXPECT_EQ(result->freshness, Freshness::lifetime);
  EXPECT_TRUE(result->binder.empty());
  if (v.get("expect") != "ok") return;
  EXPECT_EQ(result->dangers, v.all("danger"));
  EXPECT_EQ(result->key, v.all("note").empty() ? KeyProvenance::measured : KeyProvenance::none);
  ASSERT_TRUE(result->valid_until);
  if (!v.get("valid_until").empty()) {
    EXPECT_EQ(base::to_rfc3339(*result->valid_until), v.get("valid_until"));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, ResultVector, ::testing::ValuesIn(testing::vector_names("result")),
                         testing::as_test_name);

}  // namespace
}  // namespace seatls::appraise
