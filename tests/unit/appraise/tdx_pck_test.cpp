// Quotes that name their PCK and do not bring its chain (certification data of types 1 to 3): the collateral
// does.
#include <gmock/gmock.h>

#include "appraise/schemes/intel/collateral.h"
#include "appraise/schemes/intel/pck.h"
#include "attest/simulated/intel_platform.h"
#include "codec/json.h"
#include "unit/appraise/intel_kit.h"

namespace seatls::appraise {
namespace {

using attest::simulated::IntelPlatform;
using testing::has_reason;
using ::testing::HasSubstr;
using testing::reasons_of;

const Time now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

void put_u32(Bytes& out, std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i) out.at(at + i) = static_cast<std::uint8_t>(value >> (8 * i));
}

struct NamedPck : ::testing::Test {
  NamedPck() {
    report_data.resize(64, 0);
    own = platform.quote(report_data).value();
    const auto quote = intel::parse_quote(own).value();
    chain = text(quote.certification);
    pck = intel::read_pck(intel::read_pck_chain(quote.certification)->front()).value();
    policy = testing::policy_of(*quote.td(), {});
    policy.tdx.td_attributes = {};
    policy.danger.simulated_roots = {bytes(platform.root().der())};
    give(chain);
  }

  // give puts a chain into the collateral.
  void give(const std::string& pem) {
    using codec::json::Value;
    auto object = *codec::json::parse(platform.collateral())->object();
    object.emplace_back("pck_certificate_chain", Value(Value::Data(pem)));
    policy.tdx.tcb.collateral = {
        IntelCollateral::parse(codec::json::write(Value(Value::Data(object))).value()).value()};
  }

  [[nodiscard]] Bytes name(std::size_t ppid_size) const {
    Bytes out = ppid_size == 16 ? pck->ppid : Bytes(ppid_size, 0xee);
    out.insert(out.end(), pck->cpu_svn.begin(), pck->cpu_svn.end());
    out.push_back(static_cast<std::uint8_t>(pck->pce_svn));
    out.push_back(static_cast<std::uint8_t>(pck->pce_svn >> 8));
    out.insert(out.end(), pck->pce_id.begin(), pck->pce_id.end());
    return out;
  }

  // quote is the platform's own with other certification data (version 4; nothing signs that).
  [[nodiscard]] Bytes quote(std::uint8_t type, const Bytes& data) const {
    constexpr std::size_t body_end = 48 + 584;
    Bytes out = own;
    const std::string pem = "-----BEGIN";
    const auto at =
        static_cast<std::size_t>(std::search(out.begin(), out.end(), pem.begin(), pem.end()) - out.begin());
    const auto change = data.size() - chain.size();  // modulo 2^n, as are the sums below
    out.resize(at);
    out.insert(out.end(), data.begin(), data.end());
    out[at - 6] = type;
    put_u32(out, at - 4, data.size());
    const auto read = [&](std::size_t place) {
      return std::size_t{own[place]} | std::size_t{own[place + 1]} << 8 | std::size_t{own[place + 2]} << 16;
    };
    put_u32(out, body_end, read(body_end) + change);
    put_u32(out, body_end + 4 + 64 + 64 + 2, read(body_end + 4 + 64 + 64 + 2) + change);
    return out;
  }
  [[nodiscard]] AttestationResult judge(const Bytes& evidence) const {
    return testing::judge("tdx", evidence, policy, ByteView(report_data).first(32), now);
  }

  IntelPlatform platform = IntelPlatform::make({}).value();
  Bytes report_data = Bytes(32, 0xb1), own;
  std::string chain;
  std::optional<intel::Pck> pck;
  Policy policy;
};

TEST_F(NamedPck, EveryTypeIsAcceptedWithTheChainOfTheCollateral) {
  ASSERT_EQ(judge(own).first_fatal(), nullptr) << reasons_of(judge(own));
  for (const auto& [type, size] : {std::pair{1, 16}, std::pair{2, 256}, std::pair{3, 384}}) {
    const auto evidence = quote(static_cast<std::uint8_t>(type), name(static_cast<std::size_t>(size)));
    ASSERT_TRUE(intel::parse_quote(evidence)) << intel::parse_quote(evidence).error().message();
    const auto result = judge(evidence);
    EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
    EXPECT_EQ(testing::claim_of(result, "tdx.platform.ppid"),
              testing::claim_of(judge(own), "tdx.platform.ppid"));
  }
}

TEST_F(NamedPck, WithoutTheChainItIsRefused) {
  const auto evidence = quote(1, name(16));
  for (const auto& pem : {std::string(), std::string("rubbish")}) {
    give(pem);
    const auto result = judge(evidence);
    EXPECT_TRUE(has_reason(result, Code::untrusted_attestation_key)) << reasons_of(result);
    EXPECT_THAT(reasons_of(result), HasSubstr("pck_certificate_chain"));
  }
}

TEST_F(NamedPck, AnotherNameIsAnotherKey) {
  const auto good = name(16);
  for (const std::size_t at : {0U, 15U, 16U, 31U, 32U, 33U, 34U, 35U}) {
    auto other = good;
    other[at] ^= 1;
    EXPECT_TRUE(has_reason(judge(quote(1, other)), Code::untrusted_attestation_key)) << at;
  }
  for (const auto& [type, data] :
       {std::pair{1, Bytes(35, 0)}, std::pair{1, Bytes(37, 0)}, std::pair{2, name(16)},
        std::pair{4, name(16)}, std::pair{7, Bytes(10, 0)}})
    EXPECT_TRUE(
        has_reason(judge(quote(static_cast<std::uint8_t>(type), data)), Code::untrusted_attestation_key))
        << type;
}

// A chain of the same name whose key did not sign the quoting enclave's report.
TEST_F(NamedPck, TheKeyMustHaveSigned) {
  SimulatedTdxOptions o;
  o.platform = platform.state();
  const auto other = IntelPlatform::make(o).value();
  const auto theirs = intel::parse_quote(other.quote(report_data).value()).value();
  give(text(theirs.certification));
  for (const auto& [type, size] : {std::pair{1, 16}, std::pair{2, 256}})
    EXPECT_TRUE(
        has_reason(judge(quote(static_cast<std::uint8_t>(type), name(static_cast<std::size_t>(size)))),
                   Code::untrusted_attestation_key));
}

TEST_F(NamedPck, RootsThatNobodyNamedAreNone) {
  policy.danger.simulated_roots.clear();
  EXPECT_TRUE(has_reason(judge(quote(1, name(16))), Code::untrusted_attestation_key));
}

}  // namespace
}  // namespace seatls::appraise
