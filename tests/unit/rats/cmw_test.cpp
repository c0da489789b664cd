// CMW in its three forms: examples of the draft and of Veraison, and everything that is none.
#include "seatls/cmw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "codec/cbor.h"
#include "support/diagnostic.h"
#include "support/samples.h"

namespace seatls {
namespace {

using testing::from_diagnostic;
using ::testing::HasSubstr;

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }

Result<Cmw> parse(std::string_view json) { return parse_cmw(view(json)); }

CmwCollection collection(std::vector<std::pair<CmwCollection::Label, Cmw>> entries, std::string type = "") {
  return {std::move(type), std::move(entries)};
}

void expect_refused(ByteView in, Code code, std::string_view why, const CmwLimits& limits = {}) {
  const auto cmw = parse_cmw(in, limits);
  ASSERT_FALSE(cmw) << base::to_hex(in);
  EXPECT_EQ(name(cmw.error().code), name(code)) << cmw.error().message();
  EXPECT_EQ(category(cmw.error().code), Category::decode);
  EXPECT_TRUE(cmw.error().path.starts_with("cmw")) << cmw.error().path;
  EXPECT_THAT(cmw.error().message(), HasSubstr(std::string(why))) << base::to_hex(in);
}

// ---- examples -----------------------------------------------------------------------------------

TEST(Cmw, RecordsOfAllFormsAreRead) {
  const auto record = parse_cmw(hex("8219fde7442347da55"));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->form(), CmwForm::cbor);
  EXPECT_EQ(*record->record(), (CmwRecord{ContentFormat{64999}, hex("2347da55"), 0}));

  const auto tagged = parse_cmw(hex("da6374ffe6442347da55"));
  ASSERT_TRUE(tagged) << tagged.error().message();
  EXPECT_EQ(tagged->form(), CmwForm::cbor_tag);
  EXPECT_EQ(*tagged->record(), *record->record());

  const auto json = parse(R"(["application/vnd.example.rats-conceptual-msg","I0faVQ"])");
  ASSERT_TRUE(json) << json.error().message();
  EXPECT_EQ(json->form(), CmwForm::json);
  EXPECT_EQ(*json->record(),
            (CmwRecord{MediaType{"application/vnd.example.rats-conceptual-msg"}, hex("2347da55"), 0}));

  const auto evidence = parse_cmw(hex("83190107420a0b04"));
  ASSERT_TRUE(evidence);
  EXPECT_EQ(*evidence->record(), (CmwRecord{ContentFormat{263}, hex("0a0b"), cmw_indicator::evidence}));
}

TEST(CmwSample, EveryExampleOfTheDraftIsReadAndWrittenAgain) {
  SEATLS_NEEDS_SAMPLES();
  for (const char* file : {"cmw-example-1", "cmw-example-2", "cmw-example-3", "cmw-example-tag-1",
                           "cmw-example-tag-2", "collection-example-1", "collection-example-2"}) {
    const auto path = std::string("cmw/draft-msg-wrap/") + file + ".diag";
    const Bytes encoded = from_diagnostic(testing::sample_text(path));
    const auto cmw = parse_cmw(encoded);
    ASSERT_TRUE(cmw) << file << ": " << cmw.error().message();
    EXPECT_EQ(*encode_cmw(*cmw), encoded) << file;
  }
  for (const char* file :
       {"cmw-example-1", "cmw-example-2", "collection-example-1", "collection-example-2"}) {
    const auto path = std::string("cmw/draft-msg-wrap/") + file + ".json";
    const auto cmw = parse_cmw(testing::sample(path));
    ASSERT_TRUE(cmw) << file << ": " << cmw.error().message();
    EXPECT_EQ(*parse_cmw(*encode_cmw(*cmw)), *cmw) << file;
  }
}

TEST(CmwSample, CollectionsHoldWhatTheExamplesShow) {
  SEATLS_NEEDS_SAMPLES();
  const auto cmw =
      parse_cmw(from_diagnostic(testing::sample_text("cmw/draft-msg-wrap/collection-example-2.diag")));
  const auto expected = collection(
      {{std::int64_t{0}, Cmw(CmwRecord{ContentFormat{64999}, hex("2347da55"), 4})},
       {std::int64_t{1}, Cmw(CmwRecord{ContentFormat{64999}, hex("2347da55"), 0}, CmwForm::cbor_tag)},
       {std::int64_t{2}, Cmw(CmwRecord{MediaType{"application/eat+jwt"}, bytes("..."), 8})}},
      "tag:example.com,2024:composite-attester");
  EXPECT_EQ(*cmw->collection(), expected);

  const auto json = parse_cmw(testing::sample("cmw/draft-msg-wrap/collection-example-2.json"));
  const auto expected_json = collection(
      {{"attester A", Cmw(CmwRecord{MediaType{"application/eat-ucs+json"}, bytes("{}\n"), 4}, CmwForm::json)},
       {"attester B", Cmw(CmwRecord{MediaType{"application/eat-ucs+cbor"}, hex("a0"), 4}, CmwForm::json)}},
      "tag:example.com,2024:another-composite-attester");
  EXPECT_EQ(*json->collection(), expected_json);
}

TEST(CmwSample, VeraisonCollectionsAreRead) {
  SEATLS_NEEDS_SAMPLES();
  const auto ok = parse_cmw(testing::sample("cmw/veraison/collection-cbor-ok.cbor"));
  ASSERT_TRUE(ok) << ok.error().message();
  EXPECT_EQ(ok->collection()->entries.size(), 3u);
  EXPECT_EQ(*encode_cmw(*ok), testing::sample("cmw/veraison/collection-cbor-ok.cbor"));
  // Upstream has labels of both kinds in its good example too; the draft's grammar allows them.
  EXPECT_TRUE(parse_cmw(testing::sample("cmw/veraison/collection-cbor-mixed-keys.cbor")));
  EXPECT_TRUE(parse_cmw(testing::sample("cmw/veraison/collection-ok.json")));
}

// F11: both encodings agree.
TEST(Cmw, FormsAgree) {
  for (const std::uint32_t indicator : {0u, 4u, 31u})
    for (const char* type : {"application/eat+cwt", "application/eat+cwt; eat_profile=\"tag:a,2023:b#c\""}) {
      const CmwRecord record{MediaType{type}, hex("00ff"), indicator};
      for (const auto form : {CmwForm::cbor, CmwForm::json}) {
        const auto encoded = encode_cmw(Cmw(record, form));
        ASSERT_TRUE(encoded) << encoded.error().message();
        const auto back = parse_cmw(*encoded);
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_EQ(back->form(), form);
        EXPECT_EQ(*back->record(), record);
      }
    }
  // Any well-formed encoding of a record is the same record: indefinite lengths, longer heads.
  for (const char* other : {"8219fde7442347da55", "9f19fde7442347da55ff", "821a0000fde7442347da55",
                            "8219fde75f4223474"
                            "2da55ff",
                            "8219fde75c",
                            "8219fde75804"
                            "2347da55"}) {
    const auto cmw = parse_cmw(hex(other));
    if (std::string_view(other).ends_with("5c")) {
      EXPECT_FALSE(cmw);
      continue;
    }
    ASSERT_TRUE(cmw) << other;
    EXPECT_EQ(*cmw->record(), (CmwRecord{ContentFormat{64999}, hex("2347da55"), 0})) << other;
  }
}

TEST(Cmw, LabelOrderDoesNotMatter) {
  const Cmw a(CmwRecord{ContentFormat{1}, hex("01")}), b(CmwRecord{ContentFormat{2}, hex("02")});
  EXPECT_EQ(Cmw(collection({{"a", a}, {"b", b}})), Cmw(collection({{"b", b}, {"a", a}})));
  EXPECT_FALSE(Cmw(collection({{"a", a}, {"b", b}})) == Cmw(collection({{"a", b}, {"b", a}})));
}

// ---- refused ------------------------------------------------------------------------------------

TEST(Cmw, FirstByteTellsTheFormAndNothingElseStartsOne) {
  for (unsigned first = 0; first < 256; ++first) {
    const bool possible = first == 0x82 || first == 0x83 || first == 0x9f || first == 0xda ||
                          (first >= 0xa0 && first <= 0xbb) || first == 0xbf || first == '[' || first == '{';
    const Bytes in = {static_cast<std::uint8_t>(first), 0x01, 0x41, 0x00};
    const auto cmw = parse_cmw(in);
    if (cmw) continue;
    EXPECT_EQ(cmw.error().detail.find("which no CMW does") == std::string::npos, possible) << first;
  }
}

TEST(Cmw, NoPrefixIsOne) {
  const Bytes whole[] = {
      hex("8319fde7442347da5504"),
      hex("da6374ffe6442347da55"),
      hex("9f19fde7442347da55ff"),
      *encode_cmw(Cmw(collection(
          {{"a", Cmw(CmwRecord{ContentFormat{263}, Bytes(300, 1), 4})},
           {std::int64_t{-1},
            Cmw(collection({{"b", Cmw(CmwRecord{ContentFormat{1}, hex("02")}, CmwForm::cbor_tag)}}))}},
          "2.999.1"))),
      bytes(R"(["application/eat+cwt","I0faVQ",4])"),
      bytes(R"({"__cmwc_t":"tag:x,2024:y","a":["a/b","AA"],"c":{"d":["a/b","AA"]}})")};
  for (const auto& cmw : whole) {
    ASSERT_TRUE(parse_cmw(cmw)) << parse_cmw(cmw).error().message();
    for (std::size_t n = 0; n < cmw.size(); ++n)
      EXPECT_FALSE(parse_cmw(ByteView(cmw).first(n))) << base::to_hex(cmw) << " cut to " << n;
  }
}

TEST(Cmw, EverySingleByteChangeFailsOrReadsBackTheSame) {
  const Bytes good[] = {
      *encode_cmw(
          Cmw(collection({{"a", Cmw(CmwRecord{ContentFormat{263}, hex("0102"), 4})},
                          {std::int64_t{1}, Cmw(CmwRecord{ContentFormat{1}, hex("02")}, CmwForm::cbor_tag)}},
                         "2.999"))),
      bytes(R"({"__cmwc_t":"a:b","x":["a/b","AQ",4]})")};
  for (const auto& whole : good)
    for (std::size_t i = 0; i < whole.size(); ++i)
      for (int change = 1; change < 256; ++change) {
        Bytes changed = whole;
        changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
        const auto cmw = parse_cmw(changed);
        if (!cmw) continue;
        const auto again = encode_cmw(*cmw);
        ASSERT_TRUE(again) << base::to_hex(changed) << again.error().message();
        ASSERT_EQ(*parse_cmw(*again), *cmw) << base::to_hex(changed);
      }
}

TEST(Cmw, CborThatIsNoneIsRefused) {
  const struct {
    const char *hex, *why;
    Code code = Code::malformed;
  } rows[] = {
      {"", "is empty", Code::truncated},
      {"80", "starts with byte 80"},
      {"8119fde7", "starts with byte 81"},
      {"8419fde741000404", "starts with byte 84"},
      {"9f19fde7ff", "a record of 1 elements"},
      {"9f19fde741000400ff", "a record of 4 elements"},
      {"821a000100004100", "content format of 16 bits"},
      {"82204100", "content format of 16 bits"},
      {"82f93c004100", "content format of 16 bits"},
      {"82604100", "is not a media type"},
      {"8261614100", "is not a media type"},
      {"8263612f624100"
       "00",
       "follow", Code::trailing_data},
      {"8219fde76100", "value"},
      {"8219fde7f6", "value"},
      {"8319fde7410000", "ind"},    // ind 0
      {"8319fde741001820", "ind"},  // ind 32: not assigned
      {"8319fde7410020", "ind"},    // ind -1
      {"8319fde74100f6", "ind"},    // ind null
      {"8319fde741006134", "ind"},  // ind as text
      {"a0", "without an entry"},
      {"bfff", "without an entry"},
      {"a1685f5f636d77635f7467322e3939392e31", "without an entry"},  // the type alone
      {"a2685f5f636d77635f746178616182014100", "__cmwc_t"},
      {"a1018101", "a record of 1 elements"},
      {"a10101", "neither record, collection nor tag"},
      {"a101f6", "neither record, collection nor tag"},
      {"a1f5820141"
       "00",
       "label that is neither"},
      {"a18101820141"
       "00",
       "label that is neither"},
      {"a11bffffffffffffffff82014100", "label that is neither"},
      {"a2018201410001820141"
       "01",
       "the key 1 stands twice"},
      {"a20182014100180182014101", "the key 1 stands twice"},
      {"a2616182014100616182014101", "the key \"a\" stands twice"},
      {"da6374ffe601", "value"},
      {"da6374ffe66100", "value"},
      {"da637401004100", "CBOR tag 1668546816 is no CMW tag"},  // below TN(0)
      {"da637402004100", "is no CMW tag"},                      // a number that TN leaves out
      {"da637501024100", "is no CMW tag"},                      // beyond TN(65535)
      {"d8184100", "starts with byte d8"},
      {"db000000006374ffe6442347da55", "starts with byte db"},
  };
  for (const auto& row : rows) expect_refused(hex(row.hex), row.code, row.why);
}

TEST(Cmw, JsonThatIsNoneIsRefused) {
  const struct {
    const char *text, *why;
    Code code = Code::malformed;
  } rows[] = {
      {"[]", "a record of 0 elements"},
      {R"(["a/b"])", "a record of 1 elements"},
      {R"(["a/b","AA",4,4])", "a record of 4 elements"},
      {R"([263,"AA"])", "type"},  // a content format, which JSON never uses
      {R"(["","AA"])", "is not a media type"},
      {R"(["a","AA"])", "is not a media type"},
      {R"(["a/b; q","AA"])", "is not a media type"},
      {R"(["a/b","AA=="])", "value"},
      {R"(["a/b","+/8"])", "value"},
      {R"(["a/b","AB"])", "value"},  // trailing bits that are not zero
      {R"(["a/b","A"])", "value"},
      {R"(["a/b",0])", "value"},
      {R"(["a/b",null])", "value"},
      {R"(["a/b","AA",0])", "ind"},
      {R"(["a/b","AA",32])", "ind"},
      {R"(["a/b","AA",4.0])", "ind"},
      {R"(["a/b","AA","4"])", "ind"},
      {"{}", "without an entry"},
      {R"({"__cmwc_t":"tag:x,2024:y"})", "without an entry"},
      {R"({"__cmwc_t":"relative","a":["a/b","AA"]})", "__cmwc_t"},
      {R"({"__cmwc_t":"3.1","a":["a/b","AA"]})", "__cmwc_t"},
      {R"({"__cmwc_t":"2.01","a":["a/b","AA"]})", "__cmwc_t"},
      {R"({"__cmwc_t":7,"a":["a/b","AA"]})", "__cmwc_t"},
      {R"({"a":7})", "neither a record nor a collection"},
      {R"({"a":["a/b","AA"],"a":["a/b","AQ"]})", "stands twice"},
      {R"({"a":["a/b","AA"],"\u0061":["a/b","AQ"]})", "stands twice"},
      {R"(["a/b","AA"]x)", "not JSON"},
      {R"( ["a/b","AA"])", "starts with byte 20"},
  };
  for (const auto& row : rows) expect_refused(view(row.text), row.code, row.why);
}

TEST(Cmw, ErrorsNameTheEntry) {
  EXPECT_EQ(parse(R"({"x":{"y":["a/b","AA",0]}})").error().path, "cmw > [\"x\"] > [\"y\"] > ind");
  EXPECT_EQ(parse_cmw(hex("a107820141")).error().path.substr(0, 3), "cmw");
  EXPECT_EQ(parse_cmw(hex("a1078261614100")).error().path, "cmw > [7] > type");
}

// ---- limits -------------------------------------------------------------------------------------

Bytes nested(std::size_t collections, CmwForm form) {
  if (form == CmwForm::json) {
    std::string out;
    for (std::size_t i = 0; i < collections; ++i) out += "{\"a\":";
    return bytes(out + "[\"a/b\",\"AA\"]" + std::string(collections, '}'));
  }
  Bytes out;
  for (std::size_t i = 0; i < collections; ++i) out.insert(out.end(), {0xa1, 0x00});
  const Bytes record = hex("82014100");
  out.insert(out.end(), record.begin(), record.end());
  return out;
}

TEST(Cmw, DepthIsLimited) {
  for (const auto form : {CmwForm::cbor, CmwForm::json}) {
    EXPECT_TRUE(parse_cmw(nested(8, form)));
    expect_refused(nested(9, form), Code::limit_exceeded, "nested deeper than 8");
    expect_refused(nested(20, form), Code::limit_exceeded, "deeper");
    expect_refused(nested(5000, form), Code::limit_exceeded, "deeper");
    EXPECT_TRUE(parse_cmw(nested(20, form), {.depth = 20}));
  }
}

TEST(Cmw, EntriesAreLimited) {
  for (const auto form : {CmwForm::cbor, CmwForm::json}) {
    CmwCollection c;
    for (int i = 0; i < 64; ++i)
      c.entries.emplace_back(std::to_string(i), Cmw(CmwRecord{MediaType{"a/b"}, {}}, form));
    const Bytes most = *encode_cmw(Cmw(c, form));
    EXPECT_TRUE(parse_cmw(most));
    expect_refused(most, Code::limit_exceeded, "a collection of 64 entries; the limit is 63",
                   {.entries = 63});
    c.entries.emplace_back("64", c.entries.front().second);
    EXPECT_EQ(encode_cmw(Cmw(c, form)).error().code, Code::limit_exceeded);
  }
}

TEST(Cmw, SizeIsLimited) {
  const Cmw most(CmwRecord{ContentFormat{263}, Bytes(65528 - 7, 0x5a)});  // 82 190107 59fff1 …
  const Bytes encoded = *encode_cmw(most);
  EXPECT_EQ(encoded.size(), 65528u);
  EXPECT_TRUE(parse_cmw(encoded));
  expect_refused(*encode_cmw(Cmw(CmwRecord{ContentFormat{263}, Bytes(65528 - 6, 0x5a)})),
                 Code::limit_exceeded, "65529 bytes; the limit is 65528");
}

// ---- writing ------------------------------------------------------------------------------------

TEST(Cmw, WriterRefusesWhatTheReaderWould) {
  const Cmw json(CmwRecord{MediaType{"a/b"}, {}}, CmwForm::json), cbor(CmwRecord{ContentFormat{1}, {}});
  const struct {
    Cmw cmw;
    const char* why;
  } rows[] = {
      {Cmw(CmwRecord{ContentFormat{263}, {}}, CmwForm::json), "needs a media type"},
      {Cmw(CmwRecord{MediaType{"a/b"}, {}}, CmwForm::cbor_tag), "has a content format"},
      {Cmw(CmwRecord{ContentFormat{263}, {}, 4}, CmwForm::cbor_tag), "no indicator"},
      {Cmw(CmwRecord{MediaType{""}, {}}), "is not a media type"},
      {Cmw(CmwRecord{ContentFormat{1}, {}, 32}), "assigned are 1 to 31"},
      {Cmw(CmwCollection{}), "without an entry"},
      {Cmw(collection({{"a", json}})), "JSON CMW inside of a CBOR"},
      {Cmw(collection({{"a", cbor}}), CmwForm::json), "CBOR CMW inside of a JSON"},
      {Cmw(collection({{std::int64_t{1}, json}}), CmwForm::json), "integer label"},
      {Cmw(collection({{"a", cbor}, {"a", cbor}})), "twice"},
      {Cmw(collection({{"a", json}, {"a", json}}), CmwForm::json), "twice"},
      {Cmw(collection({{"__cmwc_t", cbor}})), "is no label"},
      {Cmw(CmwRecord{ContentFormat{65025}, {}}, CmwForm::cbor_tag), "has no CBOR tag"},
      {Cmw(collection({{"a", cbor}}, "relative")), "absolute URI"},
  };
  for (const auto& row : rows) {
    const auto out = encode_cmw(row.cmw);
    ASSERT_FALSE(out) << row.why;
    EXPECT_THAT(out.error().message(), HasSubstr(row.why));
  }
}

}  // namespace
}  // namespace seatls
