// Every sample of the manifest, and every recipe for negatives that applies to it.
#include <fstream>

#include "support/manifest.h"
#include "unit/coverage/table.h"

namespace seatls::testing::coverage {
namespace {

class Coverage : public ::testing::Test {
 protected:
  void SetUp() override { SEATLS_NEEDS_SAMPLES(); }

  static const Table& table() {
    static const Table whole = [] {
      Table t;
      cover_quotes(t);
      cover_snp(t);
      cover_nitro(t);
      cover_azure(t);
      cover_arm(t);
      cover_nvidia(t);
      cover_event_logs(t);
      cover_rest(t);
      return t;
    }();
    return whole;
  }
};

TEST_F(Coverage, OtherVerifiersAgree) {
  for (const auto& row : table().verdicts())
    EXPECT_TRUE(row.agrees) << row.sample << ", " << row.judged << ": " << row.expected
                            << "; seatls: " << row.given;
  EXPECT_GE(table().verdicts().size(), 150U);
}

TEST_F(Coverage, RecipesForNegativesEndAsTheySay) {
  for (const auto& row : table().recipes())
    EXPECT_TRUE(row.agrees) << row.sample << ", " << row.judged << ": " << row.expected
                            << "; seatls: " << row.given;
  EXPECT_GE(table().recipes().size(), 120U);
}

TEST_F(Coverage, EverySampleIsCoveredOrSaidNotToBe) {
  for (const auto& group : manifest()["samples"])
    EXPECT_TRUE(table().mentions(group["id"].get<std::string>())) << group["id"];
}

TEST_F(Coverage, TheDocumentSaysWhatIsFound) {
  const auto path = source_dir() / "docs/coverage.md";
  const auto found = table().markdown();
  if (std::getenv("SEATLS_WRITE_COVERAGE") != nullptr) std::ofstream(path, std::ios::binary) << found;
  EXPECT_EQ(text(read_file(path)), found) << "SEATLS_WRITE_COVERAGE=1 makes docs/coverage.md anew";
}

}  // namespace
}  // namespace seatls::testing::coverage
