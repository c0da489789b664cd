#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rats/ear.h"
#include "seatls/attesters.h"

namespace seatls {
namespace {

using crypto::KeyType;
using crypto::PrivateKey;
using ::testing::HasSubstr;

constexpr std::int64_t kIat = 1'800'000'000, kExp = kIat + 3600;

class PassportHolder : public ::testing::Test {
 protected:
  PrivateKey tik = *PrivateKey::generate(KeyType::p256);
  PrivateKey verifier_key = *PrivateKey::generate(KeyType::p256);
  Time now{std::chrono::seconds(kIat + 60)};

  rats::EarClaims claims() {
    rats::EarClaims out;
    out.profile = rats::ear_profile::ietf_03;
    out.iat = kIat;
    out.exp = kExp;
    out.developer = "example";
    out.build = "1";
    out.status = Tier::affirming;
    rats::EarAppraisal appraisal;
    appraisal.submod = "tpm";
    appraisal.status = Tier::affirming;
    appraisal.vector.emplace();
    (*appraisal.vector)[TrustClaim::hardware] = 2;
    appraisal.cnf = rats::Confirmation();
    appraisal.cnf->key = tik.public_key();
    out.submods.push_back(appraisal);
    return out;
  }
  PassportHolderOptions options(Bytes result) {
    return {.verifier = "verifier.example",
            .result = std::move(result),
            .danger_unbound_result = false,
            .clock = [this] { return now; }};
  }
  Bytes jwt(const rats::EarClaims& c) { return bytes(*rats::sign_ear_jwt(c, verifier_key)); }
  Bytes cwt(const rats::EarClaims& c) { return *rats::sign_ear_cwt(c, verifier_key); }

  Result<Cmw> show(Attester& attester, const Spki& spki) {
    std::optional<Result<Cmw>> out;
    attester.attest({AttestationScheme{VerifierIdentity{"verifier.example"}},
                     danger::binder_from_bytes(Bytes(32), Hash::sha256, spki)},
                    [&](Result<Cmw> made) { out = std::move(made); });
    return *out;
  }
};

TEST_F(PassportHolder, ShowsTheVeryBytesAsAResult) {
  const std::pair<Bytes, std::uint16_t> tokens[] = {{jwt(claims()), 264}, {cwt(claims()), 263}};
  for (const auto& [token, format] : tokens) {
    const auto attester = make_passport_holder(options(token));
    ASSERT_TRUE(attester) << attester.error().message();
    EXPECT_EQ((*attester)->schemes(), std::vector{AttestationScheme{VerifierIdentity{"verifier.example"}}});
    const auto cmw = show(**attester, tik.public_key().spki());
    ASSERT_TRUE(cmw) << cmw.error().message();
    EXPECT_EQ(*cmw->record(), (CmwRecord{ContentFormat{format}, token, cmw_indicator::attestation_results}));
    EXPECT_EQ(cmw->form(), CmwForm::cbor);
  }
}

TEST_F(PassportHolder, AFilesLineBreakIsNoPartOfAJwt) {
  const Bytes token = jwt(claims());
  Bytes file = token;
  file.push_back('\n');
  const auto attester = make_passport_holder(options(file));
  ASSERT_TRUE(attester) << attester.error().message();
  EXPECT_EQ(show(**attester, tik.public_key().spki())->record()->value, token);
}

//= early-attestation#result-names-tik
TEST_F(PassportHolder, RefusesATikThatTheResultDoesNotName) {
  const auto other = PrivateKey::generate(KeyType::p256)->public_key().spki();
  for (const Bytes& token : {jwt(claims()), cwt(claims())}) {
    const auto attester = *make_passport_holder(options(token));
    for (const Spki& foreign : {other, verifier_key.public_key().spki(), Spki({1})}) {
      const auto refused = show(*attester, foreign);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::foreign_key);
    }
  }
}

TEST_F(PassportHolder, AResultWithoutAKeyIsShownAsADangerOnly) {
  auto c = claims();
  c.submods[0].cnf.reset();
  auto o = options(jwt(c));
  EXPECT_EQ(make_passport_holder(o).error().code, Code::result_unbound);
  o.danger_unbound_result = true;
  EXPECT_TRUE(show(**make_passport_holder(o), tik.public_key().spki()));
  // The allowance is for results without a key, not for those with another one.
  o.result = jwt(claims());
  EXPECT_EQ(show(**make_passport_holder(o), verifier_key.public_key().spki()).error().code,
            Code::foreign_key);
}

TEST_F(PassportHolder, AnEndedResultIsNotShown) {
  const auto attester = *make_passport_holder(options(jwt(claims())));
  now = Time(std::chrono::seconds(kExp - 1));
  EXPECT_EQ(attester->schemes().size(), 1u);
  now = Time(std::chrono::seconds(kExp));
  EXPECT_TRUE(attester->schemes().empty());
  const auto refused = show(*attester, tik.public_key().spki());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::result_expired);
  EXPECT_THAT(refused.error().message(), HasSubstr("2027-01-15T09:00:00Z"));
  EXPECT_EQ(make_passport_holder(options(jwt(claims()))).error().code, Code::result_expired);
}

TEST_F(PassportHolder, RefusesAnotherVerifiersScheme) {
  const auto attester = *make_passport_holder(options(jwt(claims())));
  std::optional<Result<Cmw>> out;
  attester->attest({AttestationScheme{VerifierIdentity{"other.example"}},
                    danger::binder_from_bytes(Bytes(32), Hash::sha256, tik.public_key().spki())},
                   [&](Result<Cmw> made) { out = std::move(made); });
  EXPECT_EQ(out->error().code, Code::misuse);
}

TEST_F(PassportHolder, ResultsThatAreNone) {
  Bytes cut = jwt(claims());
  cut.resize(cut.size() / 3);
  for (const Bytes& bad : {Bytes(), bytes("eyJ"), cut, Bytes{0xd2, 0x84}, bytes("{}")}) {
    const auto made = make_passport_holder(options(bad));
    ASSERT_FALSE(made);
    EXPECT_EQ(category(made.error().code), Category::decode) << made.error().message();
  }
  auto o = options(jwt(claims()));
  o.verifier.clear();
  EXPECT_EQ(make_passport_holder(o).error().code, Code::configuration);
}

}  // namespace
}  // namespace seatls
