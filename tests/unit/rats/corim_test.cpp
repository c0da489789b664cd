// CoRIM and CoMID: documents that others made, and the rules of matching.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>

#include "rats/comid_match.h"
#include "rats/corim.h"
#include "rats/key_format.h"
#include "rats/sign1.h"
#include "support/samples.h"
#include "support/vector_file.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
using cbor::Value;
using crypto::KeyType;
using crypto::PrivateKey;

// ---- documents made here ----------------------------------------------------------------------

Value digest(std::int64_t alg, const Bytes& value) {
  return cbor::array({cbor::integer(alg), cbor::bytes(value)});
}
Value digests(cbor::Array list) { return cbor::array(std::move(list)); }
Value measured(cbor::Map values, std::optional<Value> key = {}) {
  cbor::Map map{{cbor::integer(1), cbor::map(std::move(values))}};
  if (key) map.emplace_back(cbor::integer(0), *key);
  return cbor::map(std::move(map));
}
Value class_of(std::uint8_t id) {
  return cbor::map(
      {{cbor::integer(0), cbor::map({{cbor::integer(0), cbor::tag(560, cbor::bytes(Bytes(32, id)))}})}});
}
Value comid_with(cbor::Map triples) {
  return cbor::map({{cbor::integer(1), cbor::map({{cbor::integer(0), cbor::text("tag")}})},
                    {cbor::integer(4), cbor::map(std::move(triples))}});
}
Value reference(cbor::Array measurements) {
  return comid_with(
      {{cbor::integer(0), cbor::array({cbor::array({class_of(7), cbor::array(std::move(measurements))})})}});
}
Value corim_with(const Value& comid, cbor::Map more = {}) {
  more.emplace_back(cbor::integer(0), cbor::text("id"));
  more.emplace_back(cbor::integer(1),
                    cbor::array({cbor::tag(506, cbor::bytes(cbor::encode(comid).value()))}));
  return cbor::tag(501, cbor::map(std::move(more)));
}
Bytes sign(const Value& corim, const PrivateKey& key,
           cbor::Map claims = {{cbor::integer(1), cbor::text("acme")}}) {
  return sign_sign1(cbor::encode(corim).value(), key,
                    {{cbor::integer(3), cbor::text("application/rim+cbor")},
                     {cbor::integer(15), cbor::map(std::move(claims))}})
      .value();
}
const Value good =
    corim_with(reference({measured({{cbor::integer(2), digests({digest(1, Bytes(32, 1))})}})}));
Time time(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

TEST(Corim, IsWorthItsSignature) {
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::ed25519}) {
    const auto key = PrivateKey::generate(type).value(), other = PrivateKey::generate(type).value();
    const Bytes data = sign(good, key);
    const auto parsed = parse_corim(data);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message();
    EXPECT_TRUE(parsed->is_signed());
    EXPECT_EQ(parsed->signer(), "acme");
    const std::array keys{other.public_key(), key.public_key()};
    const auto verified = VerifiedCorim::verify(*parsed, keys);
    ASSERT_TRUE(verified.ok()) << verified.error().message();
    EXPECT_EQ((*verified)->comids.at(0).reference.size(), 1U);
    EXPECT_EQ(VerifiedCorim::verify(*parsed, std::span(keys).first(1)).error().code, Code::signature_invalid);
    EXPECT_EQ(VerifiedCorim::verify(*parsed, {}).error().code, Code::signature_invalid);
    EXPECT_EQ(VerifiedCorim::danger_unsigned(*parsed).error().code, Code::misuse);
    // Each byte of what is signed counts.
    Bytes changed = data;
    changed[changed.size() / 2] ^= 1;
    if (const auto still = parse_corim(changed)) {
      EXPECT_FALSE(VerifiedCorim::verify(*still, keys).ok());
    }
  }
}

TEST(Corim, UnsignedIsTakenOnlyAsADanger) {
  const auto parsed = parse_corim(cbor::encode(good).value());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_FALSE(parsed->is_signed());
  const std::array keys{PrivateKey::generate(KeyType::p256)->public_key()};
  const auto refused = VerifiedCorim::verify(*parsed, keys);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::collateral_invalid);
  EXPECT_NE(refused.error().detail.find("SHA-256"), std::string::npos);
  EXPECT_TRUE(VerifiedCorim::danger_unsigned(*parsed).ok());
}

// ---- documents of the second implementation ----------------------------------------------------

TEST(CorimVectors, HoldHere) {
  const auto names = testing::vector_names("corim");
  ASSERT_GT(names.size(), 30U);
  for (const auto& name : names) {
    const testing::VectorFile v(testing::vector_path("corim", name));
    SCOPED_TRACE(name);
    std::vector<crypto::PublicKey> keys;
    if (v.has("key")) keys.push_back(crypto::PublicKey::from_spki(v.hex("key")).value());
    const auto parsed = parse_corim(v.hex("document"));
    std::optional<Error> error;
    if (!parsed) {
      error = parsed.error();
    } else if (!keys.empty()) {
      if (const auto verified = VerifiedCorim::verify(*parsed, keys); !verified) error = verified.error();
    }
    ASSERT_EQ(error ? seatls::name(error->code) : "ok", v.get("expect")) << (error ? error->message() : "");
    if (error) {
      if (v.has("path")) {
        EXPECT_EQ(error->path, v.get("path")) << error->message();
      }
      continue;
    }
    EXPECT_EQ(parsed->unverified().id, v.get("id"));
    EXPECT_EQ(parsed->unverified().profile.value_or(""), v.get("profile"));
    EXPECT_EQ(parsed->signer().value_or(""), v.get("signer"));
    std::string unread;
    for (const auto kind : parsed->unverified().comids.at(0).unread)
      unread += (unread.empty() ? "" : ",") + std::to_string(kind);
    EXPECT_EQ(unread, v.get("unread"));
    const auto document =
        keys.empty() ? VerifiedCorim::danger_unsigned(*parsed) : VerifiedCorim::verify(*parsed, keys);
    if (!v.has("not_before")) {
      EXPECT_TRUE(document->valid_at(time(0)).ok());
      continue;
    }
    const std::int64_t first = std::stoll(v.get("not_before")), last = std::stoll(v.get("not_after"));
    EXPECT_TRUE(document->valid_at(time(first)).ok());
    EXPECT_TRUE(document->valid_at(time(last)).ok());
    EXPECT_EQ(document->valid_at(time(first - 1)).error().code, Code::collateral_stale);
    EXPECT_EQ(document->valid_at(time(last + 1)).error().code, Code::collateral_stale);
  }
}

// ---- matching -----------------------------------------------------------------------------------

comid::Measurement measurement(cbor::Map values, std::optional<Value> key = {}) {
  auto read = comid::read_measurement(measured(std::move(values), std::move(key)));
  EXPECT_TRUE(read.ok()) << read.error().message();
  return std::move(read).value();
}
bool good_match(const comid::Measurement& condition, const comid::Measurement& actual) {
  return !comid::differs_in(condition, actual).has_value();
}

TEST(ComidMatch, DigestsShareAnAlgorithmAndAgreeInAll) {
  const auto with = [](cbor::Array list) {
    return measurement({{cbor::integer(2), digests(std::move(list))}});
  };
  const Value a1 = digest(1, Bytes(32, 1)), a2 = digest(1, Bytes(32, 2)), b1 = digest(7, Bytes(48, 1)),
              b2 = digest(7, Bytes(48, 2));
  EXPECT_TRUE(good_match(with({a1}), with({a1})));
  EXPECT_TRUE(good_match(with({a1, b1}), with({b1})));
  EXPECT_TRUE(good_match(with({a1}), with({a1, b1})));
  EXPECT_FALSE(good_match(with({a1}), with({a2})));
  EXPECT_FALSE(good_match(with({a1}), with({b1}))) << "no algorithm is common";
  EXPECT_FALSE(good_match(with({a1, b1}), with({a1, b2})))
      << "a broken algorithm does not stand in for another";
  EXPECT_FALSE(good_match(with({a1}), measurement({{cbor::integer(1), cbor::integer(0)}})));
  // By name and by number it is the same algorithm.
  EXPECT_TRUE(
      good_match(with({cbor::array({cbor::text("sha-256"), cbor::bytes(Bytes(32, 1))})}), with({a1})));
}

TEST(ComidMatch, SecurityVersions) {
  const auto with = [](Value svn) { return measurement({{cbor::integer(1), std::move(svn)}}); };
  const auto least = [&](std::int64_t n) { return with(cbor::tag(553, cbor::integer(n))); };
  const auto exactly = [&](std::int64_t n) { return with(cbor::tag(552, cbor::integer(n))); };
  EXPECT_TRUE(good_match(with(cbor::integer(3)), exactly(3)));
  EXPECT_FALSE(good_match(exactly(3), exactly(4)));
  EXPECT_TRUE(good_match(least(3), exactly(3)));
  EXPECT_TRUE(good_match(least(3), exactly(4)));
  EXPECT_FALSE(good_match(least(3), exactly(2)));
  EXPECT_FALSE(good_match(exactly(3), least(3)));
  EXPECT_TRUE(good_match(least(3), least(3)));
}

TEST(ComidMatch, RawValuesUnderAMask) {
  const auto plain = [](Bytes value) {
    return measurement({{cbor::integer(4), cbor::tag(560, cbor::bytes(value))}});
  };
  const auto masked = [](Bytes value, Bytes mask) {
    return measurement(
        {{cbor::integer(4), cbor::tag(563, cbor::array({cbor::bytes(value), cbor::bytes(mask)}))}});
  };
  EXPECT_TRUE(good_match(plain({1, 2}), plain({1, 2})));
  EXPECT_FALSE(good_match(plain({1, 2}), plain({1, 3})));
  EXPECT_FALSE(good_match(plain({1, 2}), plain({1, 2, 0})));
  EXPECT_TRUE(good_match(masked({0x10, 0xff}, {0xf0, 0}), plain({0x1a, 7})));
  EXPECT_FALSE(good_match(masked({0x10, 0xff}, {0xf0, 1}), plain({0x1a, 6})));
  EXPECT_FALSE(good_match(plain({1, 2}), masked({1, 2}, {0xff, 0}))) << "evidence that leaves bits open";
}

TEST(ComidMatch, RegistersFlagsRangesAndTexts) {
  const auto registers = [](cbor::Map map) {
    return measurement({{cbor::integer(14), cbor::map(std::move(map))}});
  };
  const Value one = digests({digest(7, Bytes(48, 1))}), two = digests({digest(7, Bytes(48, 2))});
  EXPECT_TRUE(good_match(registers({{cbor::integer(0), one}}),
                         registers({{cbor::integer(0), one}, {cbor::integer(1), two}})));
  EXPECT_FALSE(good_match(registers({{cbor::integer(0), one}, {cbor::integer(1), two}}),
                          registers({{cbor::integer(0), one}})));
  EXPECT_FALSE(good_match(registers({{cbor::text("0"), one}}), registers({{cbor::integer(0), one}})))
      << "5 is not \"5\"";
  const auto flags = [](bool debug) {
    return measurement({{cbor::integer(3), cbor::map({{cbor::integer(3), cbor::boolean(debug)}})}});
  };
  EXPECT_TRUE(good_match(flags(false), flags(false)));
  EXPECT_FALSE(good_match(flags(false), flags(true)));
  EXPECT_FALSE(good_match(flags(false), measurement({{cbor::integer(1), cbor::integer(0)}})));
  const auto range = [](Value least, Value most) {
    return measurement(
        {{cbor::integer(15), cbor::tag(564, cbor::array({std::move(least), std::move(most)}))}});
  };
  const auto number = [](std::int64_t n) { return measurement({{cbor::integer(15), cbor::integer(n)}}); };
  EXPECT_TRUE(good_match(range(cbor::integer(2), Value{}), number(2)));
  EXPECT_FALSE(good_match(range(cbor::integer(2), Value{}), number(1)));
  EXPECT_TRUE(
      good_match(range(cbor::integer(2), cbor::integer(9)), range(cbor::integer(3), cbor::integer(4))));
  EXPECT_FALSE(good_match(range(cbor::integer(2), cbor::integer(9)), range(cbor::integer(3), Value{})));
  EXPECT_FALSE(good_match(number(2), number(3)));
  const auto named = [](const char* name) { return measurement({{cbor::integer(11), cbor::text(name)}}); };
  EXPECT_TRUE(good_match(named("BL"), named("BL")));
  EXPECT_FALSE(good_match(named("BL"), named("PRoT")));
}

TEST(ComidMatch, WhatAProfileAddedIsNeverSatisfied) {
  const auto added = measurement({{cbor::integer(-83), cbor::integer(1)}});
  EXPECT_FALSE(good_match(added, added));
}

TEST(ComidMatch, EveryMeasurementOfATripleMustBeThere) {
  const auto m = [](const char* key, std::uint8_t value) {
    return measurement({{cbor::integer(2), digests({digest(1, Bytes(32, value))})}}, cbor::text(key));
  };
  const comid::Triple triple{{}, {m("a", 1), m("b", 2)}};
  EXPECT_FALSE(comid::unmatched(triple, {m("b", 2), m("a", 1)}).has_value());
  EXPECT_FALSE(comid::unmatched(triple, {m("a", 9), m("a", 1), m("b", 2)}).has_value())
      << "one of several of a key";
  EXPECT_TRUE(comid::unmatched(triple, {m("a", 1)}).has_value());
  EXPECT_TRUE(comid::unmatched(triple, {m("a", 2), m("b", 1)}).has_value());
  EXPECT_TRUE(comid::unmatched(triple, {}).has_value());
}

TEST(ComidMatch, EnvironmentsAreTheSameInWhatTheConditionNames) {
  const auto environment = [](cbor::Map map) {
    const auto read = comid::read_comid(comid_with(
        {{cbor::integer(0),
          cbor::array({cbor::array({cbor::map(std::move(map)),
                                    cbor::array({measured({{cbor::integer(1), cbor::integer(1)}})})})})}}));
    EXPECT_TRUE(read.ok()) << read.error().message();
    return read->reference.at(0).environment;
  };
  const Value id = cbor::tag(560, cbor::bytes(Bytes(32, 7))),
              other_id = cbor::tag(560, cbor::bytes(Bytes(32, 8)));
  const auto whole = environment(
      {{cbor::integer(0), cbor::map({{cbor::integer(0), id}, {cbor::integer(1), cbor::text("acme")}})},
       {cbor::integer(1), cbor::tag(550, cbor::bytes(Bytes(33, 1)))}});
  const auto by_class = environment({{cbor::integer(0), cbor::map({{cbor::integer(0), id}})}});
  const auto another = environment({{cbor::integer(0), cbor::map({{cbor::integer(0), other_id}})}});
  const auto by_instance = environment({{cbor::integer(1), cbor::tag(550, cbor::bytes(Bytes(33, 1)))}});
  EXPECT_TRUE(comid::matches(whole, whole));
  EXPECT_TRUE(comid::matches(by_class, whole));
  EXPECT_TRUE(comid::matches(by_instance, whole));
  EXPECT_FALSE(comid::matches(another, whole));
  EXPECT_FALSE(comid::matches(whole, by_class)) << "an instance that the evidence does not name";
}

// ---- documents of others ------------------------------------------------------------------------

// Those that upstream calls bad break the rules of a scheme, as a rule, and not those of CoRIM.
TEST(CorimSample, EveryOneIsReadButThoseThatBreakTheRulesOfCorim) {
  SEATLS_NEEDS_SAMPLES();
  const std::map<std::string, std::string> bad = {
      {"corim-enacttrust-bad-multiple-digests", "two digests of one algorithm"},
      {"cca-cca-platform-invalid-digests", "digest of 31 bytes"},
      {"corim-enacttrust-badta", "tag-id"},
      {"corim-cca-platform-bad-refval-instance", "a URI or an OID"},
  };
  std::size_t corims = 0, comids = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(testing::samples() / "corim")) {
    const std::string name = entry.path().stem();
    if (entry.path().extension() != ".cbor" || entry.path().string().find("coev") != std::string::npos)
      continue;
    SCOPED_TRACE(name);
    const Bytes data = testing::read_file(entry.path());
    const auto outer = cbor::parse(data, {.depth = 32, .items = 65'536});
    ASSERT_TRUE(outer.ok());
    std::optional<Error> error;
    if (outer->map() != nullptr) {
      ++comids;
      if (auto read = comid::read_comid(data); !read) error = read.error();
    } else {
      ++corims;
      if (auto read = parse_corim(data); !read) error = read.error();
    }
    const auto expected = bad.find(name);
    ASSERT_EQ(error.has_value(), expected != bad.end()) << (error ? error->message() : "it is read");
    if (error) {
      EXPECT_NE(error->message().find(expected->second), std::string::npos) << error->message();
    }
  }
  EXPECT_GT(corims, 30U);
  EXPECT_GT(comids, 10U);
}

TEST(CorimSample, SignedOneVerifies) {
  SEATLS_NEEDS_SAMPLES();
  const auto folder = testing::samples() / "corim/veraison-corim";
  const Bytes jwk = testing::read_file(folder / "src_ec-p256.jwk");
  const auto key = from_jwk(codec::json::parse(text(jwk)).value());
  ASSERT_TRUE(key.ok()) << key.error().message();
  const std::array keys{*key};
  for (const char* name : {"signed-good-corim.cbor", "signed-example-corim.cbor"}) {
    const auto parsed = parse_corim(testing::read_file(folder / name));
    ASSERT_TRUE(parsed.ok()) << parsed.error().message();
    const auto verified = VerifiedCorim::verify(*parsed, keys);
    EXPECT_TRUE(verified.ok()) << name << ": " << verified.error().message();
  }
}

}  // namespace
}  // namespace seatls::rats
