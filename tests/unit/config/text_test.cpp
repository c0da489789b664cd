// The small texts of a configuration: files, addresses, durations.
#include "config/text.h"

#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::HasSubstr;

TEST(Durations, AreAWholeNumberAndItsUnit) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("250ms").value(), milliseconds(250));
  EXPECT_EQ(parse_duration("10s").value(), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m").value(), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h").value(), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("30d").value(), milliseconds(2'592'000'000));
  EXPECT_EQ(parse_duration("0s").value(), milliseconds(0));
}

TEST(Durations, AnythingElseIsRefused) {
  for (const char* text : {"", "10", "s", "-1s", "+1s", "1.5h", "10 s", " 10s", "10s ", "10sec", "1H",
                           "0x10s", "100000001d", "99999999999999999999s"}) {
    const auto read = parse_duration(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Code::configuration);
    EXPECT_THAT(read.error().detail, HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(read.error().detail, HasSubstr("250ms"));
  }
}

TEST(Addresses, AreHostAndPort) {
  const auto is = [](const char* text, const char* host, const char* port) {
    const auto read = parse_host_port(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(read->host, host);
    EXPECT_EQ(read->port, port);
    EXPECT_EQ(to_text(*read), text);
  };
  is("localhost:8443", "localhost", "8443");
  is("127.0.0.1:0", "127.0.0.1", "0");
  is("[::1]:65535", "::1", "65535");
  is(":8443", "", "8443");
}

TEST(Addresses, AnythingElseIsRefused) {
  for (const auto& [text, why] : {std::pair{"localhost", "no port"},
                                  {"", "no port"},
                                  {"::1:8443", "brackets"},
                                  {"host:", "0 to 65535"},
                                  {"host:65536", "0 to 65535"},
                                  {"host:-1", "0 to 65535"},
                                  {"host:https", "0 to 65535"},
                                  {"host:80 ", "0 to 65535"}}) {
    const auto read = parse_host_port(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.error().detail, HasSubstr(why));
    EXPECT_THAT(read.error().detail, HasSubstr("HOST:PORT"));
  }
}

TEST(TextFiles, AreReadWholeOrRefusedWithTheReason) {
  const Files files;
  files.write("a", std::string("a\0b\r\n", 5));
  EXPECT_EQ(read_text_file(files.path("a")).value(), std::string("a\0b\r\n", 5));
  files.write("empty", "");
  EXPECT_EQ(read_text_file(files.path("empty")).value(), "");

  files.write("long", std::string(100'000, 'x'));
  EXPECT_EQ(read_text_file(files.path("long"), 100'000).value().size(), 100'000U);
  const auto over = read_text_file(files.path("long"), 99'999);
  ASSERT_FALSE(over.ok());
  EXPECT_THAT(over.error().detail, HasSubstr("99999"));
  EXPECT_EQ(over.error().code, Code::io);

  EXPECT_THAT(read_text_file(files.path("none")).error().detail, HasSubstr("No such file"));
  EXPECT_THAT(read_text_file(files.path(".")).error().detail, HasSubstr("folder"));
}

}  // namespace
}  // namespace seatls::config
