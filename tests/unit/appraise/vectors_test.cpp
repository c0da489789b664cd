// Every vector of tests/vectors/tpm and tests/vectors/software (made by tests/reference/*_vectors.py) has
// the outcome that it names.
#include "unit/appraise/vector_file.h"

namespace seatls::appraise {
namespace {

using testing::VectorFile;

AppraisalRequest request_of(const VectorFile& v, const std::string& scheme) {
  const Bytes binder = v.hex("binder");
  const Hash hash = binder.size() == 48 ? Hash::sha384 : Hash::sha256;
  const EvidenceType type = *SchemeTable::defaults().find(scheme);
  return {{type},
          Cmw(CmwRecord{type, v.hex("evidence"), cmw_indicator::evidence}),
          danger::binder_from_bytes(binder, hash, Spki(v.hex("tik"))),
          Bytes(32, 1)};
}

void expect_outcome(const std::string& topic, const std::string& file, const std::string& scheme,
                    Tier accepted) {
  const auto v = testing::read_vector(testing::vectors_folder(topic) + "/" + file + ".txt");
  SCOPED_TRACE(v.about);
  const auto report = check_policy_text(v.policy, testing::vectors_folder(topic), "vector");
  ASSERT_TRUE(report.policy) << (report.mistakes.empty() ? "" : report.mistakes.front().message());
  const auto result =
      testing::appraise_now(*report.policy, request_of(v, scheme), *base::from_rfc3339(v.get("at")));
  const Reason* fatal = result.first_fatal();
  EXPECT_EQ(fatal == nullptr ? "ok" : std::string(name(fatal->code)), v.get("expect")) << explain(result);
  if (fatal != nullptr) {
    EXPECT_TRUE(fatal->path.starts_with(v.get("path"))) << fatal->path;
  }
  for (const auto& note : v.all("note"))
    EXPECT_TRUE(testing::has_reason(result, *code_from_name(note), false));
  EXPECT_EQ(result->scheme, scheme);
  EXPECT_EQ(policies_of(*result), "vector");
  EXPECT_EQ(result->binder, v.hex("binder"));
  EXPECT_EQ(result->model, ConveyanceModel::background_check);
  EXPECT_EQ(result->freshness, Freshness::binder);
  if (v.get("expect") != "ok") {
    EXPECT_EQ(result.tier(), Tier::contraindicated);
    return;
  }
  EXPECT_EQ(result.tier(), accepted);
  EXPECT_EQ(result->dangers, v.all("danger"));
  const bool unproven = testing::has_reason(result, Code::key_unproven, false);
  EXPECT_EQ(name(result->key), unproven ? "none" : v.get("key").empty() ? "proven" : v.get("key"));
  EXPECT_FALSE(result->claims.empty());
  EXPECT_FALSE(result->instance.empty());
}

class TpmVector : public ::testing::TestWithParam<std::string> {};
//= early-attestation#binder-whole-field
//= early-attestation#key-provenance
//= early-attestation#tpm2-statements-agree
TEST_P(TpmVector, HasItsOutcome) { expect_outcome("tpm", GetParam(), "tpm2", Tier::affirming); }
INSTANTIATE_TEST_SUITE_P(Files, TpmVector, ::testing::ValuesIn(testing::vector_names("tpm")),
                         testing::as_test_name);

// Software evidence is never better than a warning: nothing vouches for the hardware.
class SoftwareVector : public ::testing::TestWithParam<std::string> {};
//= early-attestation#binder-whole-field
//= early-attestation#key-provenance
TEST_P(SoftwareVector, HasItsOutcome) { expect_outcome("software", GetParam(), "software", Tier::warning); }
INSTANTIATE_TEST_SUITE_P(Files, SoftwareVector, ::testing::ValuesIn(testing::vector_names("software")),
                         testing::as_test_name);

}  // namespace
}  // namespace seatls::appraise
