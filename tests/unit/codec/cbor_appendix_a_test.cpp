// RFC 8949, appendix A: every example is read as what it shows, and written again as it stands where it is
// deterministic.
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "codec/cbor.h"

namespace seatls::codec::cbor {
namespace {

enum Form { kDeterministic, kOther };
struct Row {
  const char *hex, *diagnostic;
  Form form = kDeterministic;
};

// The diagnostic column is the RFC's, but for floats in the shortest form that reads back (5.96…e-08 for
// 5.96…e-8), bignums as the tags that they are, and indefinite strings joined.
constexpr Row kRows[] = {
    {"00", "0"},
    {"01", "1"},
    {"0a", "10"},
    {"17", "23"},
    {"1818", "24"},
    {"1819", "25"},
    {"1864", "100"},
    {"1903e8", "1000"},
    {"1a000f4240", "1000000"},
    {"1b000000e8d4a51000", "1000000000000"},
    {"1bffffffffffffffff", "18446744073709551615"},
    {"c249010000000000000000", "2(h'010000000000000000')"},
    {"3bffffffffffffffff", "-18446744073709551616"},
    {"c349010000000000000000", "3(h'010000000000000000')"},
    {"20", "-1"},
    {"29", "-10"},
    {"3863", "-100"},
    {"3903e7", "-1000"},
    {"f90000", "0.0"},
    {"f98000", "-0.0"},
    {"f93c00", "1.0"},
    {"fb3ff199999999999a", "1.1"},
    {"f93e00", "1.5"},
    {"f97bff", "65504.0"},
    {"fa47c35000", "100000.0"},
    {"fa7f7fffff", "3.4028234663852886e+38"},
    {"fb7e37e43c8800759c", "1e+300"},
    {"f90001", "5.960464477539063e-08"},
    {"f90400", "6.103515625e-05"},
    {"f9c400", "-4.0"},
    {"fbc010666666666666", "-4.1"},
    {"f97c00", "Infinity"},
    {"f97e00", "NaN"},
    {"f9fc00", "-Infinity"},
    {"fa7f800000", "Infinity", kOther},
    {"fa7fc00000", "NaN", kOther},
    {"faff800000", "-Infinity", kOther},
    {"fb7ff0000000000000", "Infinity", kOther},
    {"fb7ff8000000000000", "NaN", kOther},
    {"fbfff0000000000000", "-Infinity", kOther},
    {"f4", "false"},
    {"f5", "true"},
    {"f6", "null"},
    {"f7", "undefined"},
    {"f0", "simple(16)"},
    {"f8ff", "simple(255)"},
    {"c074323031332d30332d32315432303a30343a30305a", "0(\"2013-03-21T20:04:00Z\")"},
    {"c11a514b67b0", "1(1363896240)"},
    {"c1fb41d452d9ec200000", "1(1363896240.5)"},
    {"d74401020304", "23(h'01020304')"},
    {"d818456449455446", "24(h'6449455446')"},
    {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", "32(\"http://www.example.com\")"},
    {"40", "h''"},
    {"4401020304", "h'01020304'"},
    {"60", "\"\""},
    {"6161", "\"a\""},
    {"6449455446", "\"IETF\""},
    {"62225c", "\"\\\"\\\\\""},
    {"62c3bc", "\"\u00fc\""},
    {"63e6b0b4", "\"\u6c34\""},
    {"64f0908591", "\"\U00010151\""},
    {"80", "[]"},
    {"83010203", "[1, 2, 3]"},
    {"8301820203820405", "[1, [2, 3], [4, 5]]"},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
     "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]"},
    {"a0", "{}"},
    {"a201020304", "{1: 2, 3: 4}"},
    {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
    {"826161a161626163", "[\"a\", {\"b\": \"c\"}]"},
    {"a56161614161626142616361436164614461656145",
     "{\"a\": \"A\", \"b\": \"B\", \"c\": \"C\", \"d\": \"D\", \"e\": \"E\"}"},
    {"5f42010243030405ff", "h'0102030405'", kOther},
    {"7f657374726561646d696e67ff", "\"streaming\"", kOther},
    {"9fff", "[]", kOther},
    {"9f018202039f0405ffff", "[1, [2, 3], [4, 5]]", kOther},
    {"9f01820203820405ff", "[1, [2, 3], [4, 5]]", kOther},
    {"83018202039f0405ff", "[1, [2, 3], [4, 5]]", kOther},
    {"83019f0203ff820405", "[1, [2, 3], [4, 5]]", kOther},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
     "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]", kOther},
    {"bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}", kOther},
    {"826161bf61626163ff", "[\"a\", {\"b\": \"c\"}]", kOther},
    {"bf6346756ef563416d7421ff", "{\"Fun\": true, \"Amt\": -2}", kOther},
};

TEST(CborAppendixA, IsReadAsShownAndWrittenAgain) {
  for (const Row& row : kRows) {
    const Bytes encoded = *base::from_hex(row.hex);
    const auto v = parse(encoded);
    ASSERT_TRUE(v) << row.hex << ": " << v.error().message();
    EXPECT_EQ(diagnose(*v), row.diagnostic) << row.hex;
    if (row.form == kDeterministic) {
      EXPECT_EQ(base::to_hex(*encode(*v)), row.hex);
    } else {
      const auto again = encode(*v);
      ASSERT_TRUE(again);
      EXPECT_LE(again->size(), encoded.size()) << row.hex;
      EXPECT_EQ(*encode(*parse(*again)), *again) << row.hex;
    }
  }
}

TEST(CborAppendixA, NoPrefixOfAnExampleIsRead) {
  for (const Row& row : kRows) {
    const Bytes encoded = *base::from_hex(row.hex);
    for (std::size_t n = 0; n < encoded.size(); ++n) {
      const auto v = parse(ByteView(encoded).first(n));
      ASSERT_FALSE(v) << row.hex << " cut to " << n;
      EXPECT_EQ(v.error().code, Code::truncated) << row.hex << " cut to " << n;
    }
  }
}

}  // namespace
}  // namespace seatls::codec::cbor
