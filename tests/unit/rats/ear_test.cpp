// EAR: what is read, what verifies, what is refused. Tokens and claims sets come from the draft, from
// Veraison and from Trustee (samples), and from here.
#include "rats/ear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "rats/jws.h"
#include "rats/key_format.h"
#include "rats/sign1.h"
#include "support/samples.h"

namespace seatls::rats {
namespace {

using crypto::KeyType;
using crypto::PrivateKey;
using crypto::PublicKey;
using ::testing::HasSubstr;

PrivateKey a_key(KeyType type = KeyType::p256) { return *PrivateKey::generate(type); }

EarClaims good_claims() {
  EarClaims c;
  c.iss = "verifier.example";
  c.aud = {"rp.example"};
  c.iat = 1'795'255'200;
  c.exp = c.iat + 3600;
  c.status = Tier::affirming;
  c.developer = "https://verifier.example";
  c.build = "1.0";
  EarAppraisal a;
  a.submod = "tpm2";
  a.status = Tier::affirming;
  a.vector = TrustVector{};
  (*a.vector)[TrustClaim::instance_identity] = 2;
  (*a.vector)[TrustClaim::hardware] = 2;
  a.policy_ids = {"policy-1", "policy-2"};
  c.submods = {a};
  return c;
}

std::string signed_json(const PrivateKey& key, std::string_view claims) {
  return *sign_jws(view(claims), key);
}
std::string with(std::string json, std::string_view what, std::string_view instead) {
  const auto at = json.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return json.replace(at, what.size(), instead);
}

Result<VerifiedEar> read_and_verify(ByteView token, TokenForm form, const PublicKey& key) {
  SEATLS_TRY(UnverifiedEar ear, parse_ear(token, form));
  return VerifiedEar::verify(std::move(ear), std::span(&key, 1));
}

void expect_refused(const Result<VerifiedEar>& r, Code code, std::string_view path) {
  ASSERT_FALSE(r);
  EXPECT_EQ(name(r.error().code), name(code)) << r.error().message();
  EXPECT_THAT(r.error().path, HasSubstr(std::string(path))) << r.error().message();
}

PublicKey jwk_sample(const std::string& name) {
  return *from_jwk(*codec::json::parse(testing::sample_text(name)));
}

// ---- tokens that others signed ------------------------------------------------------------------

TEST(EarSample, VeraisonTokenVerifies) {
  SEATLS_NEEDS_SAMPLES();
  const auto key = jwk_sample("ear/veraison-go/key.jwk.json");
  const auto ear = read_and_verify(testing::sample("ear/veraison-go/ear.jwt"), TokenForm::jwt, key);
  ASSERT_TRUE(ear) << ear.error().message();
  const EarClaims& c = ear->claims();
  EXPECT_EQ(c.profile, ear_profile::veraison_2023);
  EXPECT_EQ(c.iat, 1666091373);
  EXPECT_EQ(c.developer, "Acme Inc.");
  EXPECT_EQ(c.build, "rrtrap-v1.0.0");
  ASSERT_EQ(c.submods.size(), 1u);
  EXPECT_EQ(c.submods[0].submod, "test");
  EXPECT_EQ(c.submods[0].status, Tier::affirming);
  EXPECT_EQ(c.submods[0].policy_ids, std::vector<std::string>{"policy://test/01234"});
  EXPECT_EQ(c.submods[0].veraison_akpub, bytes("akpub\n"));
  EXPECT_FALSE(c.submods[0].vector);
  EXPECT_TRUE(ear->key().same_key(key));
}

TEST(EarSample, VeraisonTokensThatUpstreamRefusesAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  const auto key = jwk_sample("ear/veraison-go/key.jwk.json");
  // bad-0: HS256; bad-1: none; bad-2: nothing before the first dot; bad-3: {}; bad-4: a float in iat.
  for (int i = 0; i <= 4; ++i) {
    const auto token = testing::sample("ear/veraison-go/bad-" + std::to_string(i) + ".jwt");
    EXPECT_FALSE(read_and_verify(token, TokenForm::jwt, key)) << i;
  }
  const auto missing = parse_ear(testing::sample("ear/veraison-go/bad-3.jwt"), TokenForm::jwt);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().path, "ear > eat_profile");
}

TEST(EarSample, RustTokenVerifiesButItsProfileIsUnknown) {
  SEATLS_NEEDS_SAMPLES();
  const auto token = testing::sample("ear/veraison-rust-doc/ear.jwt");
  expect_refused(read_and_verify(token, TokenForm::jwt, jwk_sample("ear/veraison-rust-doc/key.jwk.json")),
                 Code::result_profile, "ear > eat_profile");
  expect_refused(read_and_verify(token, TokenForm::jwt, jwk_sample("ear/veraison-go/key.jwk.json")),
                 Code::signature_invalid, "ear > JWS > signature");
}

TEST(EarSample, ClaimsOfEverySpellingAreRead) {
  SEATLS_NEEDS_SAMPLES();
  for (const char* file :
       {"ear/draft-examples/ear-json-1.diag", "ear/draft-examples/ear-json-2.diag",
        "ear/draft-examples/ext-teep-json-1.diag", "ear/draft-examples/ext-veraison-json-1.diag",
        "ear/veraison-go/ear-claims.json", "ear/veraison-go/ear-claims-extension-ok.json",
        "ear/veraison-go/ear-claims-tv-ok.json", "ear/veraison-go/ear-claims-key-attestation-ok.json",
        "ear/veraison-rust-doc/claims.json", "ear/trustee-example/example.token.json"}) {
    const auto claims = parse_ear_claims(testing::sample(file), TokenForm::jwt);
    ASSERT_TRUE(claims) << file << ": " << claims.error().message();
    EXPECT_TRUE(is_ear_profile(claims->profile)) << file;
    EXPECT_TRUE(check_consistent(*claims)) << file;
  }
}

TEST(EarSample, ValuesAreThoseOfTheExamples) {
  SEATLS_NEEDS_SAMPLES();
  const auto tv = *parse_ear_claims(testing::sample("ear/veraison-go/ear-claims-tv-ok.json"), TokenForm::jwt);
  EXPECT_EQ(tv.raw_evidence, *base::from_hex("deadbeef"));
  const TrustVector all{{2, 2, 3, 2, 2, 2, 2, 2}};
  EXPECT_EQ(tv.submods.at(0).vector, all);

  const auto cmw = *parse_ear_claims(testing::sample("ear/veraison-rust-doc/claims.json"), TokenForm::jwt);
  EXPECT_EQ(cmw.raw_evidence, *base::from_hex("deadbeef"));
  EXPECT_EQ(cmw.submods.at(0).vector, all);

  const auto trustee =
      *parse_ear_claims(testing::sample("ear/trustee-example/example.token.json"), TokenForm::jwt);
  EXPECT_EQ(trustee.submods.at(0).submod, "cpu0");
  EXPECT_EQ(trustee.submods.at(0).status, Tier::contraindicated);
  const TrustVector expected{{0, 36, 33, 0, 97, 0, 0, 0}};
  EXPECT_EQ(trustee.submods.at(0).vector, expected);

  const auto two = *parse_ear_claims(testing::sample("ear/draft-examples/ear-json-2.diag"), TokenForm::jwt);
  ASSERT_EQ(two.submods.size(), 2u);
  EXPECT_EQ(two.submods[0].submod, "CCA Platform");
  EXPECT_EQ(two.submods[1].submod, "CCA Realm");
  EXPECT_EQ(two.worst_status(), Tier::affirming);
}

// ---- made and read back -------------------------------------------------------------------------

TEST(Ear, JwtAndCwtSayTheSame) {
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::ed25519}) {
    const auto key = a_key(type);
    const auto jwt = sign_ear_jwt(good_claims(), key);
    const auto cwt = sign_ear_cwt(good_claims(), key);
    ASSERT_TRUE(jwt) << jwt.error().message();
    ASSERT_TRUE(cwt) << cwt.error().message();
    const auto from_jwt = read_and_verify(view(*jwt), TokenForm::jwt, key.public_key());
    const auto from_cwt = read_and_verify(*cwt, TokenForm::cwt, key.public_key());
    ASSERT_TRUE(from_jwt) << from_jwt.error().message();
    ASSERT_TRUE(from_cwt) << from_cwt.error().message();
    for (const auto* ear : {&*from_jwt, &*from_cwt}) {
      const auto &c = ear->claims(), made = good_claims();
      EXPECT_EQ(c.profile, ear_profile::ietf_03);
      EXPECT_EQ(c.iss, made.iss);
      EXPECT_EQ(c.aud, made.aud);
      EXPECT_EQ(c.iat, made.iat);
      EXPECT_EQ(c.exp, made.exp);
      EXPECT_EQ(c.status, made.status);
      EXPECT_EQ(c.developer, made.developer);
      EXPECT_EQ(c.build, made.build);
      EXPECT_EQ(c.submods.at(0).vector, made.submods[0].vector);
      EXPECT_EQ(c.submods.at(0).policy_ids, made.submods[0].policy_ids);
    }
  }
}

TEST(Ear, AKekIsNamedInBothForms) {
  const auto key = a_key(KeyType::p256), kek = a_key(KeyType::p384);
  auto claims = good_claims();
  EXPECT_FALSE(
      read_and_verify(view(*sign_ear_jwt(claims, key)), TokenForm::jwt, key.public_key())->claims().kek);
  claims.kek = kek.public_key();
  const auto jwt = read_and_verify(view(*sign_ear_jwt(claims, key)), TokenForm::jwt, key.public_key());
  const auto cwt = read_and_verify(*sign_ear_cwt(claims, key), TokenForm::cwt, key.public_key());
  for (const auto* ear : {&*jwt, &*cwt}) {
    ASSERT_TRUE(ear->claims().kek.has_value());
    EXPECT_TRUE(ear->claims().kek->same_key(kek.public_key()));
  }
  auto json = write_ear_json(claims).value();
  json.replace(json.find("P-384"), 5, "P-999");
  EXPECT_EQ(parse_ear_claims(view(json), TokenForm::jwt).error().path, "ear > seatls_kek > jwk > crv");
}

TEST(Ear, TheEvidenceThatItIsAboutIsNamedInAllForms) {
  const auto key = a_key(KeyType::p256);
  auto claims = good_claims();
  claims.submods[0].policy_ids = {"policy-1"};
  EXPECT_FALSE(parse_ear_claims(view(*write_ear_json(claims)), TokenForm::jwt)->evidence_digest);
  claims.evidence_digest = Bytes(32, 0xE7);
  for (const auto spelling : {EarSpelling::ietf_03, EarSpelling::veraison_2023})
    EXPECT_EQ(parse_ear_claims(view(*write_ear_json(claims, spelling)), TokenForm::jwt)->evidence_digest,
              claims.evidence_digest);
  const auto cwt = read_and_verify(*sign_ear_cwt(claims, key), TokenForm::cwt, key.public_key());
  EXPECT_EQ(cwt->claims().evidence_digest, claims.evidence_digest);
  claims.evidence_digest = Bytes(20, 0xE7);
  const auto short_one = parse_ear_claims(view(*write_ear_json(claims)), TokenForm::jwt);
  EXPECT_EQ(short_one.error().path, "ear > seatls_evidence_digest");
}

// That a signature verified is remembered. It is remembered of this token, this key and these algorithms
// alone.
TEST(Ear, WhatVerifiedOnceStillNeedsTheSameKeyTokenAndAlgorithm) {
  const auto key = a_key(KeyType::p256), other = a_key(KeyType::p256);
  const auto jwt = sign_ear_jwt(good_claims(), key).value();
  const auto cwt = sign_ear_cwt(good_claims(), key).value();
  for (const auto& [token, form] :
       {std::pair{bytes(view(jwt)), TokenForm::jwt}, std::pair{cwt, TokenForm::cwt}}) {
    const auto verify = [&](const Bytes& t, const crypto::PublicKey& by, crypto::SignatureAlgorithm allowed) {
      return VerifiedEar::verify(parse_ear(t, form).value(), std::span(&by, 1), std::span(&allowed, 1)).ok();
    };
    constexpr auto es256 = crypto::SignatureAlgorithm::ecdsa_p256_sha256;
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(verify(token, key.public_key(), es256));
    EXPECT_FALSE(verify(token, other.public_key(), es256));
    EXPECT_FALSE(verify(token, key.public_key(), crypto::SignatureAlgorithm::ed25519));
    auto forged = token;
    forged[forged.size() - 20] ^= 1;
    const auto parsed = parse_ear(forged, form);
    EXPECT_FALSE(parsed && verify(forged, key.public_key(), es256));
  }
}

TEST(Ear, VeraisonSpellingIsWrittenAndRead) {
  auto claims = good_claims();
  EXPECT_EQ(write_ear_json(claims, EarSpelling::veraison_2023).error().code, Code::misuse) << "two policies";
  claims.submods[0].policy_ids = {"policy-1"};
  const auto json = write_ear_json(claims, EarSpelling::veraison_2023);
  ASSERT_TRUE(json);
  EXPECT_THAT(*json, HasSubstr("\"ear.status\":\"affirming\""));
  EXPECT_THAT(*json, HasSubstr("\"ear.appraisal-policy-id\":\"policy-1\""));
  const auto back = parse_ear_claims(view(*json), TokenForm::jwt);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->profile, ear_profile::veraison_2023);
  EXPECT_EQ(back->submods.at(0).vector, claims.submods[0].vector);
}

TEST(Ear, ConfirmationIsReadInBothFormsOfBothTokens) {
  const auto key = a_key(), tik = a_key(), other = a_key();
  for (const bool by_key : {true, false}) {
    for (const auto form : {TokenForm::jwt, TokenForm::cwt}) {
      Confirmation cnf;
      if (by_key) {
        cnf.key = tik.public_key();
      } else if (form == TokenForm::jwt) {
        cnf.thumbprint = *base::from_base64url(*jwk_thumbprint(tik.public_key()));
        cnf.jwk_thumbprint = true;
      } else {
        cnf.thumbprint = *cose_key_thumbprint(tik.public_key());
      }
      auto claims = good_claims();
      claims.submods[0].cnf = cnf;
      const Bytes token =
          form == TokenForm::jwt ? bytes(*sign_ear_jwt(claims, key)) : *sign_ear_cwt(claims, key);
      const auto ear = read_and_verify(token, form, key.public_key());
      ASSERT_TRUE(ear) << ear.error().message();
      EXPECT_TRUE(*ear->claims().names(tik.public_key()));
      EXPECT_FALSE(*ear->claims().names(other.public_key()));
    }
  }
}

TEST(Ear, NamesNoKeyWithoutConfirmationAndRefusesAnyThatDiffers) {
  const auto tik = a_key().public_key(), other = a_key().public_key();
  auto claims = good_claims();
  EXPECT_EQ(claims.names(tik).error().code, Code::result_unbound);
  claims.cnf = Confirmation{tik, std::nullopt, false};
  EXPECT_TRUE(*claims.names(tik));
  claims.submods[0].cnf = Confirmation{other, std::nullopt, false};
  EXPECT_FALSE(*claims.names(tik)) << "a submod is about another key";
}

TEST(Ear, ANonceIsOneNonce) {
  const Bytes nonce = bytes("0123456789abcdef");
  EXPECT_TRUE(is_single_nonce({nonce}, TokenForm::cwt, nonce));
  EXPECT_TRUE(is_single_nonce({bytes(base::to_base64url(nonce))}, TokenForm::jwt, nonce));
  EXPECT_FALSE(is_single_nonce({nonce}, TokenForm::jwt, nonce)) << "the characters are base64url";
  EXPECT_FALSE(is_single_nonce({nonce, nonce}, TokenForm::cwt, nonce));
  EXPECT_FALSE(is_single_nonce({}, TokenForm::cwt, nonce));
}

// ---- refused ------------------------------------------------------------------------------------

TEST(Ear, AStatusIsNeverBetterThanWhatItSumsUp) {
  //= draft-ietf-rats-ear-03#3.2 an appraisal is not better than its worst claim
  auto claims = good_claims();
  (*claims.submods[0].vector)[TrustClaim::executables] = 33;
  EXPECT_EQ(check_consistent(claims).error().code, Code::evidence_inconsistent);
  EXPECT_EQ(sign_ear_jwt(claims, a_key()).error().code, Code::evidence_inconsistent);
  claims.submods[0].status = Tier::warning;
  EXPECT_EQ(check_consistent(claims).error().path, "ear > ear_status")
      << "the token is better than the submod";
  claims.status = Tier::warning;
  EXPECT_TRUE(check_consistent(claims));
  claims.status = Tier::contraindicated;
  EXPECT_TRUE(check_consistent(claims)) << "worse is allowed";
  claims.submods.clear();
  EXPECT_FALSE(check_consistent(claims));

  // A verifier that signs such a token all the same.
  const auto key = a_key();
  const auto json = with(*write_ear_json(good_claims()), "\"hardware\":2", "\"hardware\":96");
  expect_refused(read_and_verify(view(signed_json(key, json)), TokenForm::jwt, key.public_key()),
                 Code::evidence_inconsistent, "ear > submods > \"tpm2\" > ear_status");
}

TEST(Ear, AClaimByBothOfItsNamesIsRefused) {
  const auto key = a_key();
  const auto json = with(*write_ear_json(good_claims()), "\"ear_status\":\"affirming\",\"ear_verifier",
                         "\"ear_status\":\"affirming\",\"ear.status\":\"none\",\"ear_verifier");
  expect_refused(read_and_verify(view(signed_json(key, json)), TokenForm::jwt, key.public_key()),
                 Code::malformed, "ear > ear_status");
}

TEST(Ear, EachMistakeInAClaimIsNamed) {
  const std::string good = *write_ear_json(good_claims());
  ASSERT_TRUE(parse_ear_claims(view(good), TokenForm::jwt));
  const struct {
    const char *what, *instead, *path;
  } rows[] = {
      {"\"iat\":1795255200", "\"iat\":1795255200.0", "ear > iat"},
      {"\"iat\":1795255200", "\"iat\":1.7e9", "ear > iat"},
      {"\"iat\":1795255200,", "", "ear > iat"},
      {"\"exp\":1795258800", "\"exp\":\"1795258800\"", "ear > exp"},
      {"\"exp\":1795258800", "\"exp\":99999999999999999999", "ear > exp"},
      {"\"aud\":\"rp.example\"", "\"aud\":[]", "ear > aud"},
      {"\"aud\":\"rp.example\"", "\"aud\":7", "ear > aud"},
      {"\"ear_status\":\"affirming\"", "\"ear_status\":\"Affirming\"", "ear > ear_status"},
      {"\"ear_status\":\"affirming\"", "\"ear_status\":2", "ear > ear_status"},
      {"\"hardware\":2", "\"hardware\":128", "ear_trustworthiness_vector > hardware"},
      {"\"hardware\":2", "\"hardware\":-129", "ear_trustworthiness_vector > hardware"},
      {"\"hardware\":2", "\"firmware\":2", "ear_trustworthiness_vector"},
      {"\"developer\":", "\"maker\":", "ear > ear_verifier_id > developer"},
      {"\"tpm2\":{", "\"tpm2\":{\"eat_nonce\":\"short\",", "\"tpm2\" > eat_nonce"},
      {"\"tpm2\":{", "\"tpm2\":{\"eat_nonce\":[\"0123456789\"],", "\"tpm2\" > eat_nonce"},
      {"\"tpm2\":{", "\"tpm2\":{\"cnf\":{},", "\"tpm2\" > cnf"},
      {"\"tpm2\":{", "\"tpm2\":{\"cnf\":{\"jkt\":\"AAAA\"},", "\"tpm2\" > cnf"},
      {"\"tpm2\":{", "\"tpm2\":{\"cnf\":{\"jkt\":\"=\"},", "\"tpm2\" > cnf > jkt"},
      {"\"tpm2\":{", "\"tpm2\":7,\"x\":{", "ear > submods > \"tpm2\""},
      {"\"eat_profile\":", "\"eat_profil\":", "ear > eat_profile"},
      {"\"iss\":", "\"iat\":1,\"iss\":", "ear"},  // the same key twice
  };
  for (const auto& row : rows) {
    const auto claims = parse_ear_claims(view(with(good, row.what, row.instead)), TokenForm::jwt);
    ASSERT_FALSE(claims) << row.instead;
    EXPECT_EQ(category(claims.error().code), Category::decode) << claims.error().message();
    EXPECT_THAT(claims.error().path, HasSubstr(row.path)) << row.instead;
  }
}

TEST(Ear, UnknownClaimsAreIgnored) {
  const auto json = with(*write_ear_json(good_claims()), "{", "{\"x\":{\"y\":[1.5,null]},");
  EXPECT_TRUE(parse_ear_claims(view(json), TokenForm::jwt));
}

TEST(Ear, ADecoyKeyIsTriedAndTheRightOneTells) {
  const auto key = a_key(), other = a_key(), p384 = a_key(KeyType::p384);
  const auto token = *sign_ear_jwt(good_claims(), key);
  const PublicKey keys[] = {p384.public_key(), other.public_key(), key.public_key()};
  const auto ear = VerifiedEar::verify(*parse_ear(view(token), TokenForm::jwt), keys);
  ASSERT_TRUE(ear) << ear.error().message();
  EXPECT_TRUE(ear->key().same_key(key.public_key()));
  expect_refused(VerifiedEar::verify(*parse_ear(view(token), TokenForm::jwt), std::span(keys, 2)),
                 Code::signature_invalid, "JWS > signature");
  expect_refused(VerifiedEar::verify(*parse_ear(view(token), TokenForm::jwt), std::span(keys, 1)),
                 Code::algorithm_not_allowed, "JWS > signature");
  EXPECT_FALSE(VerifiedEar::verify(*parse_ear(view(token), TokenForm::jwt), {}));
}

TEST(Ear, TypesOfTokensAreKnownByBothSpellings) {
  EXPECT_EQ(token_form_of(ContentFormat{264}), TokenForm::jwt);
  EXPECT_EQ(token_form_of(ContentFormat{263}), TokenForm::cwt);
  EXPECT_EQ(token_form_of(MediaType{"application/eat-jwt; eat_profile=\"x\""}), TokenForm::jwt);
  EXPECT_EQ(token_form_of(MediaType{"application/eat+cwt"}), TokenForm::cwt);
  EXPECT_EQ(token_form_of(MediaType{"application/cmw+cbor"}), std::nullopt);
  EXPECT_EQ(token_form_of(ContentFormat{1}), std::nullopt);
}

}  // namespace
}  // namespace seatls::rats
