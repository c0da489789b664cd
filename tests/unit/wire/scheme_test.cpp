#include "seatls/scheme.h"

#include <gtest/gtest.h>

namespace seatls {
namespace {

TEST(Scheme, Describes) {
  EXPECT_EQ(describe({ContentFormat{263}}), "evidence content-format 263");
  EXPECT_EQ(describe({MediaType{"application/eat+cwt"}}), "evidence application/eat+cwt");
  EXPECT_EQ(describe({VerifierIdentity{"verifier.example"}}), "result of verifier.example");
}

TEST(Scheme, WhatAPeerChoseCannotDisturbATerminal) {
  EXPECT_EQ(describe({MediaType{"a\x1b[2J\n\\\xc3\xa9"}}), "evidence a\\x1b[2J\\x0a\\x5c\\xc3\\xa9");
  EXPECT_EQ(describe({VerifierIdentity{std::string(65535, 'v')}}),
            "result of " + std::string(120, 'v') + "... (65535 bytes)");
}

TEST(Scheme, ComparesByteForByte) {
  EXPECT_NE(AttestationScheme{MediaType{"application/eat+cwt"}},
            AttestationScheme{MediaType{"application/EAT+cwt"}});
  EXPECT_NE(AttestationScheme{MediaType{"application/eat+cwt"}}, AttestationScheme{ContentFormat{263}});
  EXPECT_NE(AttestationScheme{MediaType{"v"}}, AttestationScheme{VerifierIdentity{"v"}});
  EXPECT_TRUE(AttestationScheme{VerifierIdentity{"v"}}.is_result());
  EXPECT_FALSE(AttestationScheme{ContentFormat{263}}.is_result());
}

// docs/protocol, Decision 16
TEST(SchemeTable, Defaults) {
  const std::pair<const char*, EvidenceType> rows[] = {
      {"software", ContentFormat{263}},
      {"tpm2", MediaType{"application/vnd.seatls.tpm2+cbor"}},
      {"tdx", MediaType{"application/vnd.seatls.tdx-quote"}},
      {"sev-snp", MediaType{"application/vnd.amd.sev-snp.attestation-report"}},
      {"compound", ContentFormat{273}},
  };
  const auto& table = SchemeTable::defaults();
  for (const auto& [name, type] : rows) {
    EXPECT_EQ(table.find(name), type) << name;
    EXPECT_EQ(table.name_of(type), name);
  }
}

TEST(SchemeTable, NoTwoNamesShareAType) {
  const auto& table = SchemeTable::defaults();
  for (const auto& name : table.names()) EXPECT_EQ(table.name_of(*table.find(name)), name);
}

TEST(SchemeTable, RowsMayBeReplaced) {
  SchemeTable table = SchemeTable::defaults();
  const auto before = table.names();
  table.set("tpm2", ContentFormat{65000});
  table.set("mine", MediaType{"application/x"});
  EXPECT_EQ(table.find("tpm2"), EvidenceType{ContentFormat{65000}});
  EXPECT_FALSE(table.name_of(MediaType{"application/vnd.seatls.tpm2+cbor"}));
  EXPECT_EQ(table.names().size(), before.size() + 1);
  EXPECT_FALSE(table.find("unknown"));
}

}  // namespace
}  // namespace seatls
