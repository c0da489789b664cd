// The HCL report: what is read, and what is not.
#include "appraise/schemes/azure/hcl_report.h"

#include "appraise/schemes/intel/td_report.h"
#include "unit/azure/vm.h"

namespace seatls::testing::azure {
namespace {

using appraise::azure::parse_hcl_report;

Bytes report(const Told& t) { return World::vm().hardware(t).hcl_report; }

TEST(HclReport, IsReadWhole) {
  for (const bool tdx : {false, true}) {
    Told t;
    t.tdx = tdx;
    t.user_data = std::string(128, 'a');
    const auto read = parse_hcl_report(report(t));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->td() != nullptr, tdx);
    EXPECT_EQ(read->snp() != nullptr, !tdx);
    EXPECT_EQ(read->hardware_raw.size(), tdx ? 1024U : 1184U);
    EXPECT_EQ(read->variable.raw, Vm::variable_data(t));
    EXPECT_TRUE(read->variable.ak.same_key(t.ak->public_key()));
    EXPECT_EQ(read->variable.user_data, Bytes(64, 0xAA));
    ASSERT_EQ(read->variable.configuration.size(), 3U);
    EXPECT_EQ(read->variable.configuration[0], (std::pair<std::string, std::string>{"secure-boot", "true"}));
    EXPECT_EQ(read->variable.configuration[2], (std::pair<std::string, std::string>{"vmUniqueId", "0A1B"}));
    const auto expected = read->expected_report_data();
    EXPECT_EQ(expected.size(), 64U);
    if (tdx)
      EXPECT_TRUE(std::ranges::equal(expected, read->td()->report_data));
    else
      EXPECT_TRUE(std::ranges::equal(expected, read->snp()->report_data));
  }
}

TEST(HclReport, PaddingIsZeroAndMayBeAbsent) {
  const Told t;
  Bytes raw = report(t);
  const auto end = 1236 + Vm::variable_data(t).size();
  for (std::size_t n = 0; n < end; n += n < 1230 ? 37 : 1)
    EXPECT_FALSE(parse_hcl_report(ByteView(raw).first(n))) << n;
  EXPECT_TRUE(parse_hcl_report(ByteView(raw).first(end)));
  EXPECT_TRUE(parse_hcl_report(raw));
  raw.back() = 1;
  EXPECT_FALSE(parse_hcl_report(raw));
}

TEST(HclReport, WhatNobodyHasDescribedIsNotRead) {
  // At, value: signature, version (twice), report_size, status, reserved, data_size, its version,
  // report_type (twice), hash type (twice), variable_data_size (twice).
  const std::pair<std::size_t, std::uint8_t> rows[] = {
      {0, 'h'},  {4, 0},    {4, 3},    {8, 0},    {16, 1},   {20, 1},   {1216, 0},
      {1220, 2}, {1224, 3}, {1224, 0}, {1228, 0}, {1228, 4}, {1232, 0}, {1235, 0x7F}};
  for (const auto& [at, value] : rows) {
    Bytes raw = report({});
    raw[at] = value;
    EXPECT_FALSE(parse_hcl_report(raw)) << at;
  }
  // A TDREPORT is shorter than its place.
  Told t;
  t.tdx = true;
  Bytes raw = report(t);
  raw[32 + 1024] = 1;
  EXPECT_FALSE(parse_hcl_report(raw));
  for (const std::size_t at : {32U, 33U, 34U}) {
    raw = report(t);
    raw[at] ^= 0x7F;
    EXPECT_FALSE(parse_hcl_report(raw)) << at;
  }
}

TEST(HclReport, OneAttestationKeyIsNamed) {
  const auto key = [](const std::string& members) { return "{" + members + "}"; };
  const auto n = base::to_base64url(an_ak().public_key().rsa_modulus().value());
  const auto short_n = base::to_base64url(Bytes(128, 0xC3));
  const std::string ak = jwk(an_ak().public_key(), "HCLAkPub");
  const std::string rows[] = {
      " ",
      jwk(an_ak().public_key(), "HCLEkPub"),
      ak + "," + ak,
      key(R"("kid":"HCLAkPub","kty":"EC","e":"AQAB","n":")" + n + "\""),
      key(R"("kid":"HCLAkPub","kty":"RSA","e":"Aw","n":")" + n + "\""),
      key(R"("kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":")" + short_n + "\""),
      key(R"("kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"!")"),
      key(R"("kid":"HCLAkPub","kty":"RSA","e":"AQAB")"),
      key(R"("kid":"HCLAkPub","kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":")" + n + "\""),
      "1",
  };
  for (const auto& keys : rows) {
    Told t;
    t.keys = keys;
    EXPECT_FALSE(parse_hcl_report(report(t))) << keys;
  }
}

TEST(HclReport, UserDataAndConfigurationHaveTheirForm) {
  Told t;
  for (const char* configuration : {"1", "[]", "{\"a\":1,\"a\":2}", "{\"a\":[[[[[[1]]]]]]}"}) {
    t.configuration = configuration;
    EXPECT_FALSE(parse_hcl_report(report(t))) << configuration;
  }
  t = {};
  for (const auto& digits : {std::string(126, '0'), std::string(130, '0'), std::string(128, 'g')}) {
    t.user_data = digits;
    EXPECT_FALSE(parse_hcl_report(report(t))) << digits;
  }
}

TEST(TdReport, ItsFieldsAreToldApart) {
  Bytes raw(1024, 0);
  raw[0] = 0x81;
  const auto read = appraise::intel::parse_td_report(raw);
  ASSERT_TRUE(read) << read.error().message();
  auto other = *read;
  other.rtmr[2][5] = 1;
  other.xfam[0] = 1;
  EXPECT_EQ(appraise::intel::differences(*read, other), (std::vector<std::string_view>{"rtmr2", "xfam"}));
  EXPECT_FALSE(appraise::intel::parse_td_report(ByteView(raw).first(1023)));
  // Version 1 tells the service TD.
  raw[2] = 1;
  raw[512 + 400] = 0x5E;
  const auto newer = appraise::intel::parse_td_report(raw);
  ASSERT_TRUE(newer) << newer.error().message();
  EXPECT_EQ(newer->mr_service_td[0], 0x5E);
  auto quoted = *newer;
  quoted.mr_service_td[0] = 0;
  EXPECT_EQ(appraise::intel::differences(*newer, quoted), (std::vector<std::string_view>{"mr_service_td"}));
}

}  // namespace
}  // namespace seatls::testing::azure
