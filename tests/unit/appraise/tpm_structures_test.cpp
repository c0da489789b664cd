// The readers are strict: no prefix of a structure is one, and no byte can be changed unseen.
#include <set>

#include "appraise/schemes/tpm/parse.h"
#include "appraise/schemes/tpm/structures.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "tee/event_log.h"
#include "unit/appraise/vector_file.h"

namespace seatls::appraise::tpm {
namespace {

Bytes item(const std::string& vector, std::int64_t key) {
  const auto v = testing::read_vector(testing::vectors_folder("tpm") + "/" + vector + ".txt");
  const auto map = codec::cbor::parse(v.hex("evidence"));
  return bytes(*map->find(key)->as_bytes());
}

template <class F>
void no_prefix_and_no_suffix(const Bytes& good, F parse) {
  ASSERT_TRUE(parse(good));
  for (std::size_t n = 0; n < good.size(); ++n) {
    const auto cut = parse(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)));
    ASSERT_FALSE(cut) << n;
    EXPECT_FALSE(cut.error().detail.empty());
  }
  Bytes longer = good;
  longer.push_back(0);
  ASSERT_FALSE(parse(longer));
  EXPECT_EQ(parse(longer).error().code, Code::trailing_data);
}

TEST(TpmStructures, NoPrefixIsAStructure) {
  for (const char* vector : {"ok-p256", "ok-rsassa"}) {
    no_prefix_and_no_suffix(item(vector, 1), parse_attest);
    no_prefix_and_no_suffix(item(vector, 2), parse_signature);
    no_prefix_and_no_suffix(item(vector, 4), parse_attest);
    no_prefix_and_no_suffix(item(vector, 7), parse_public);
  }
}

// Whatever is changed in a public area is refused, or gives another Name.
TEST(TpmStructures, EveryByteOfAPublicAreaCounts) {
  const Bytes good = item("ok-p256", 6);
  const auto original = *parse_public(good);
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int bit : {0, 7}) {
      Bytes changed = good;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ (1 << bit));
      if (const auto parsed = parse_public(changed)) {
        EXPECT_NE(parsed->name(), original.name()) << i;
      }
    }
}

TEST(TpmStructures, NoPrefixOfEvidenceIsEvidence) {
  const auto v = testing::read_vector(testing::vectors_folder("tpm") + "/ok-p256.txt");
  const Bytes good = v.hex("evidence");
  const auto of = [](Bytes raw) { return Cmw(CmwRecord{MediaType{"x/y"}, std::move(raw), 0}); };
  ASSERT_TRUE(parse(of(good)));
  for (std::size_t n = 0; n < good.size(); ++n)
    ASSERT_FALSE(parse(of(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n))))) << n;
}

// A cut log is one that ends between two events: then replay tells.
TEST(TpmEventLog, AnEventIsThereWholeOrNotAtAll) {
  const Bytes good = item("ok-event-log", 10);
  const auto whole = *tee::parse_event_log(good);
  std::set<std::size_t> shorter;  // zeros that are left of an event are padding
  for (std::size_t n = 1; n < good.size(); ++n)
    if (const auto cut =
            tee::parse_event_log(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)))) {
      shorter.insert(cut->size);
      EXPECT_LT(cut->events.size(), whole.events.size());
      EXPECT_NE(tee::replay(*cut, Hash::sha256), tee::replay(whole, Hash::sha256));
    }
  EXPECT_EQ(shorter.size(), whole.events.size());
}

// Logs of firmware that knew SHA-1 alone consist of TCG_PCR_EVENTs.
TEST(TpmEventLog, OfSha1Alone) {
  const auto event = [](std::uint8_t pcr, std::uint8_t type, std::uint8_t digest, std::size_t size) {
    Bytes out = {pcr, 0, 0, 0, type, 0, 0, 0};
    out.insert(out.end(), 20, digest);
    out.insert(out.end(), {static_cast<std::uint8_t>(size), 0, 0, 0});
    out.insert(out.end(), size, 0x61);
    return out;
  };
  Bytes log = event(0, 8, 0x11, 3);
  const Bytes second = event(7, 4, 0x22, 0), nothing = event(0, 3, 0, 5);
  log.insert(log.end(), nothing.begin(), nothing.end());
  log.insert(log.end(), second.begin(), second.end());
  Bytes padded = log;
  padded.resize(padded.size() + 40, 0);
  for (const Bytes& raw : {log, padded}) {
    const auto parsed = tee::parse_event_log(raw);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->size, log.size());
    ASSERT_EQ(parsed->events.size(), 2U);
    const auto pcrs = tee::replay(*parsed, Hash::sha1);
    Bytes extended(20, 0);
    extended.insert(extended.end(), 20, 0x22);
    EXPECT_EQ(pcrs.at(7), crypto::digest(Hash::sha1, extended));
    EXPECT_TRUE(tee::replay(*parsed, Hash::sha256).empty());
  }
  for (std::size_t n = 1; n < event(0, 8, 0x11, 3).size(); ++n)
    EXPECT_FALSE(tee::parse_event_log(ByteView(log).first(n))) << n;
  EXPECT_FALSE(tee::parse_event_log({}));
  EXPECT_FALSE(tee::parse_event_log(Bytes(64, 0))) << "an event extends something";
  EXPECT_FALSE(tee::parse_event_log(event(24, 8, 0x11, 3))) << "PCRs are 0 to 23";
}

TEST(TpmEventLog, LengthsAreBoundedBeforeAnythingIsMade) {
  Bytes log = item("ok-event-log", 10);
  // The last event claims four gigabytes.
  for (std::size_t i = log.size() - 8; i < log.size() - 4; ++i) log[i] = 0xFF;
  const auto parsed = tee::parse_event_log(log);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Code::truncated);
}

}  // namespace
}  // namespace seatls::appraise::tpm
