// docs/verifier-api.yaml against the routes that there are, and against every answer that the other tests
// got.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "kit.h"
#include "service/routes.h"
#include "support/source_dir.h"

namespace seatls::service {
namespace {

// Document holds the statuses of each route, read by the indentation that the file keeps to.
using Document = std::map<std::string, std::set<std::string>>;

Document read_document() {
  std::ifstream in(testing::source_dir() / "docs/verifier-api.yaml");
  Document out;
  std::string path, route;
  for (std::string line; std::getline(in, line);) {
    const auto depth = line.find_first_not_of(' ');
    if (line.starts_with("components:")) break;
    if (depth == 2 && line[2] == '/') path = line.substr(2, line.find(':') - 2);
    if (depth == 4 && !path.empty()) {
      auto method = line.substr(4, line.find(':') - 4);
      for (char& c : method) c = static_cast<char>(std::toupper(c));
      route = method;
      route += " " + path;
      out[route];
    }
    if (depth == 8 && line[8] == '"') out[route].insert(line.substr(9, 3));
  }
  return out;
}

TEST(ApiDocument, HasEveryRouteAndNoOther) {
  std::set<std::string> there, written;
  for (const auto& route : routes())
    there.insert(std::string(route.method) + " " + std::string(route.pattern));
  for (const auto& [route, statuses] : read_document()) written.insert(route);
  EXPECT_EQ(written, there);
}

// EveryAnswer looks at the end of all tests whether the document foretold what they were answered.
class EveryAnswer : public ::testing::Environment {
 public:
  void TearDown() override {
    const auto document = read_document();
    std::size_t told = 0;
    for (const auto& [route, status] : answers_seen()) {
      if (route == "none") continue;
      ++told;
      const auto found = document.find(route);
      ASSERT_NE(found, document.end()) << route;
      EXPECT_TRUE(found->second.contains(std::to_string(status))) << route << " answered " << status;
    }
    if (::testing::UnitTest::GetInstance()->successful_test_count() > 30) {
      EXPECT_GT(told, 40u);
    }
  }
};
[[maybe_unused]] const auto* const every_answer = ::testing::AddGlobalTestEnvironment(new EveryAnswer);

}  // namespace
}  // namespace seatls::service
