#include <gtest/gtest.h>

#include "attest/tpm2/key_reference.h"

namespace seatls::attest::tpm2 {
namespace {

KeyFile sample() {
  KeyFile file;
  file.public_area = Bytes(90, 0x11);
  file.private_area = Bytes(222, 0xEE);
  return file;
}

TEST(Tpm2KeyFile, ReadsWhatItWrites) {
  for (const std::uint32_t parent : {owner_hierarchy, endorsement_hierarchy, 0x81000001U}) {
    KeyFile file = sample();
    file.parent = parent;
    const std::string pem = write_key_file(file);
    EXPECT_TRUE(pem.starts_with("-----BEGIN TSS2 PRIVATE KEY-----\n"));
    const auto again = parse_key_file(pem);
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(*again, file);
  }
}

TEST(Tpm2KeyFile, RefusesEveryPrefix) {
  const std::string pem = write_key_file(sample());
  const std::size_t needed = pem.find("-----END") + std::string_view("-----END TSS2 PRIVATE KEY-----").size();
  for (std::size_t n = 0; n < needed; ++n) EXPECT_FALSE(parse_key_file(pem.substr(0, n)).ok()) << n;
}

// Made by hand with an ASN.1 tool: SEQUENCE { OID, …, parent, OCTET STRING 01, OCTET STRING 02 }.
TEST(Tpm2KeyFile, RefusesWhatAServerCannotUse) {
  const auto parse = [](const std::string& base64) {
    return parse_key_file("-----BEGIN TSS2 PRIVATE KEY-----\n" + base64 +
                          "\n-----END TSS2 PRIVATE KEY-----\n");
  };
  EXPECT_TRUE(parse("MBQGBmeBBQoBAwIEQAAAAQQBAQQBAg==").ok());      // without the optional fields
  EXPECT_TRUE(parse("MBkGBmeBBQoBA6ADAQEAAgRAAAABBAEBBAEC").ok());  // emptyAuth FALSE
  const std::pair<const char*, const char*> bad[] = {
      {"MBgGBmeBBQoBA6ECMAACBEAAAAEEAQEEAQI=", "policy"},
      {"MBkGBmeBBQoBA6IDBAF4AgRAAAABBAEBBAEC", "imported"},
      {"MBQGBmeBBQoBBQIEQAAAAQQBAQQBAg==", "loadable key"},  // 2.23.133.10.1.5
      {"MBQGBmeBBQoBAwIEQAAABwQBAQQBAg==", "parent"},        // the null hierarchy
      {"MBcGBmeBBQoBAwIEQAAAAQQBAQQBAgQBAQ==", "more fields"},
  };
  for (const auto& [base64, reason] : bad) {
    const auto refused = parse(base64);
    ASSERT_FALSE(refused.ok()) << reason;
    EXPECT_EQ(refused.error().code, Code::malformed);
    EXPECT_NE(refused.error().detail.find(reason), std::string::npos) << refused.error().detail;
  }
}

TEST(Tpm2KeyReference, IsAHandleOrAFile) {
  const auto handle = parse_key_reference("tpm:0x81000001\n");
  ASSERT_TRUE(handle.ok());
  EXPECT_EQ(std::get<PersistentHandle>(*handle).value, 0x81000001U);
  for (const char* bad :
       {"tpm:0x80000000", "tpm:0x", "tpm:0x8100000g", "tpm:0x181000001", "tpm:81000001", ""}) {
    EXPECT_FALSE(parse_key_reference(bad).ok()) << bad;
  }
  EXPECT_TRUE(parse_key_reference(write_key_file(sample())).ok());
}

}  // namespace
}  // namespace seatls::attest::tpm2
