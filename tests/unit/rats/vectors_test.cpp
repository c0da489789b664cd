// Every vector of tests/vectors/rats, made by tests/reference/rats_vectors.py with other people's CBOR, JSON
// and curves: what it says is read, what is wrong with it is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rats/ear.h"
#include "rats/eat.h"
#include "rats/sign1.h"
#include "seatls/cmw.h"
#include "support/vector_file.h"

namespace seatls::rats {
namespace {

using crypto::PublicKey;
using testing::VectorFile;
using Lines = std::vector<std::string>;

template <class T>
void expect_refused(const Result<T>& r, const VectorFile& v) {
  ASSERT_FALSE(r) << "is accepted";
  EXPECT_EQ(name(r.error().code), v.get("expect")) << r.error().message();
  EXPECT_EQ(r.error().path, v.get("path")) << r.error().message();
}

// ---- CMW ----------------------------------------------------------------------------------------

std::string shown(const EvidenceType& type) {
  if (const auto* format = std::get_if<ContentFormat>(&type)) return std::to_string(format->id);
  return std::get<MediaType>(type).name;
}
std::string shown(const CmwCollection::Label& label) {
  if (const auto* number = std::get_if<std::int64_t>(&label)) return std::to_string(*number);
  return std::get<std::string>(label);
}

// list writes what a CMW holds, a line per record and collection; the order of entries says nothing.
void list(const Cmw& cmw, const std::string& path, Lines& records, Lines& collections) {
  if (const auto* r = cmw.record()) {
    records.push_back(path + " | " + shown(r->type) + " | " + base::to_hex(r->value) + " | " +
                      std::to_string(r->indicator) + (cmw.form() == CmwForm::cbor_tag ? " | tag" : ""));
    return;
  }
  collections.push_back(path + " | " + cmw.collection()->type);
  for (const auto& [label, entry] : cmw.collection()->entries)
    list(entry, path + "/" + shown(label), records, collections);
}
// A line's trailing spaces are not kept in the file.
Lines trimmed(Lines lines) {
  for (auto& line : lines) line.erase(line.find_last_not_of(' ') + 1);
  return lines;
}

void check_cmw(const VectorFile& v) {
  const auto cmw = parse_cmw(v.hex("cmw"));
  if (v.get("expect") != "ok") return expect_refused(cmw, v);
  ASSERT_TRUE(cmw) << cmw.error().message();
  Lines records, collections;
  list(*cmw, "root", records, collections);
  EXPECT_THAT(trimmed(records), ::testing::UnorderedElementsAreArray(v.all("record")));
  EXPECT_THAT(trimmed(collections), ::testing::UnorderedElementsAreArray(v.all("collection")));
  EXPECT_EQ(cmw->form() == CmwForm::json ? "json" : "cbor", v.get("form"));
  EXPECT_EQ(base::to_hex(*encode_cmw(*cmw)), v.get(v.has("written") ? "written" : "cmw"));
}

// ---- EAT ----------------------------------------------------------------------------------------

Lines line(const std::optional<std::string>& v) { return v ? Lines{*v} : Lines{}; }
Lines line(const std::optional<std::int64_t>& v) { return v ? Lines{std::to_string(*v)} : Lines{}; }
Lines line(const std::optional<Bytes>& v) { return v ? Lines{base::to_hex(*v)} : Lines{}; }
Lines hex_of(const std::vector<Bytes>& all) {
  Lines out;
  for (const auto& one : all) out.push_back(base::to_hex(one));
  return out;
}

Lines attributes_of(const EatClaims& c) {
  Lines out;
  if (!c.key_attributes) return out;
  const auto flag = [&](const char* name, std::optional<bool> value) {
    if (value) out.push_back(std::string(name) + (*value ? "=true" : "=false"));
  };
  flag("extractable", c.key_attributes->extractable);
  flag("never-extractable", c.key_attributes->never_extractable);
  flag("sensitive", c.key_attributes->sensitive);
  flag("local", c.key_attributes->local);
  for (const auto& oid : c.key_attributes->purpose) out.push_back("purpose=" + oid);
  return out;
}

Result<EatClaims> read_verified(const VectorFile& v) {
  SEATLS_TRY(const PublicKey key, PublicKey::from_spki(v.hex("key")));
  SEATLS_TRY(auto token, codec::cose::parse_sign1(v.hex("token")));
  SEATLS_TRY(const VerifiedSign1 verified, verify_sign1(std::move(token), key, ear_algorithms));
  return read_eat(verified.payload());
}

void check_eat(const VectorFile& v) {
  const auto c = read_verified(v);
  if (v.get("expect") != "ok") return expect_refused(c, v);
  ASSERT_TRUE(c) << c.error().message();
  EXPECT_EQ(hex_of(c->nonces), v.all("nonce"));
  EXPECT_EQ(c->single_nonce().ok(), v.all("nonce").size() == 1);
  EXPECT_EQ(line(c->profile), v.all("profile"));
  EXPECT_EQ(line(c->iss), v.all("iss"));
  EXPECT_EQ(line(c->sub), v.all("sub"));
  EXPECT_EQ(line(c->aud), v.all("aud"));
  EXPECT_EQ(line(c->exp), v.all("exp"));
  EXPECT_EQ(line(c->nbf), v.all("nbf"));
  EXPECT_EQ(line(c->iat), v.all("iat"));
  EXPECT_EQ(line(c->ueid), v.all("ueid"));
  EXPECT_EQ(line(c->hwmodel), v.all("hwmodel"));
  EXPECT_EQ(line(c->swname), v.all("swname"));
  EXPECT_EQ(line(c->swversion), v.all("swversion"));
  EXPECT_EQ(c->oemboot.value_or(false) ? "true" : "", v.get("oemboot"));
  EXPECT_EQ(c->dbgstat ? name(*c->dbgstat) : "", v.get("dbgstat"));
  EXPECT_EQ(attributes_of(*c), v.all("attribute"));
  Lines measurements, submods;
  for (const auto& [format, message] : c->measurements)
    measurements.push_back(std::to_string(format) + " " + base::to_hex(message));
  for (const auto& submod : c->submods) submods.push_back(submod.first);
  EXPECT_EQ(measurements, v.all("measurement"));
  EXPECT_EQ(submods, v.all("submod"));
  EXPECT_EQ(c->unknown.size(), v.has("unknown") ? std::stoul(v.get("unknown")) : 0u);
  ASSERT_TRUE(c->cnf);
  EXPECT_TRUE(*c->cnf->names(*PublicKey::from_spki(v.hex("names"))));
  EXPECT_FALSE(*c->cnf->names(*PublicKey::from_spki(v.hex("key"))) && v.get("key") != v.get("names"));
}

// ---- EAR ----------------------------------------------------------------------------------------

// The nonce of a JWT stands there in base64url.
Lines nonces_of(const std::vector<Bytes>& nonces, TokenForm form) {
  Lines out;
  for (const auto& nonce : nonces)
    out.push_back(base::to_hex(form == TokenForm::jwt ? *base::from_base64url(text(nonce)) : nonce));
  return out;
}
std::string shown(const EarAppraisal& a) {
  std::string out = a.submod + " | " + std::string(name(a.status)) + " |";
  for (std::size_t i = 0; a.vector && i < trust_claim_count; ++i)
    out += " " + std::to_string(a.vector->value[i]);
  if (!a.vector) out += " ";
  out += " |";
  for (const auto& id : a.policy_ids) out += " " + id;
  return out;
}

Result<VerifiedEar> verified_ear(const VectorFile& v, TokenForm form) {
  SEATLS_TRY(const PublicKey key, PublicKey::from_spki(v.hex("key")));
  SEATLS_TRY(UnverifiedEar ear, parse_ear(v.hex("token"), form));
  return VerifiedEar::verify(std::move(ear), std::span(&key, 1));
}

void check_ear(const VectorFile& v) {
  const auto form = v.get("form") == "jwt" ? TokenForm::jwt : TokenForm::cwt;
  const auto ear = verified_ear(v, form);
  if (v.get("expect") != "ok") return expect_refused(ear, v);
  ASSERT_TRUE(ear) << ear.error().message();
  const EarClaims& c = ear->claims();
  EXPECT_EQ(c.profile, v.get("profile"));
  EXPECT_EQ(std::to_string(c.iat), v.get("iat"));
  EXPECT_EQ(c.developer, v.get("developer"));
  EXPECT_EQ(c.build, v.get("build"));
  EXPECT_EQ(line(c.iss), v.all("iss"));
  EXPECT_EQ(c.aud, v.all("aud"));
  EXPECT_EQ(line(c.exp), v.all("exp"));
  EXPECT_EQ(line(c.nbf), v.all("nbf"));
  EXPECT_EQ(c.status ? name(*c.status) : "", v.get("status"));
  EXPECT_EQ(line(c.raw_evidence), v.all("raw_evidence"));
  EXPECT_EQ(nonces_of(c.nonces, form), v.all("nonce"));
  for (const auto& nonce : v.all_hex("nonce")) EXPECT_TRUE(is_single_nonce(c.nonces, form, nonce));
  Lines submods;
  for (const auto& a : c.submods) submods.push_back(shown(a));
  EXPECT_THAT(trimmed(submods), ::testing::UnorderedElementsAreArray(v.all("submod")));
  if (v.has("names"))
    EXPECT_TRUE(*c.names(*PublicKey::from_spki(v.hex("names"))));
  else
    EXPECT_EQ(c.names(*PublicKey::from_spki(v.hex("key"))).error().code, Code::result_unbound);
}

class RatsVector : public ::testing::TestWithParam<std::string> {};
TEST_P(RatsVector, IsReadAsItSays) {
  const VectorFile v(testing::vector_path("rats", GetParam()));
  if (v.get("kind") == "cmw") return check_cmw(v);
  if (v.get("kind") == "eat") return check_eat(v);
  ASSERT_EQ(v.get("kind"), "ear");
  check_ear(v);
}
INSTANTIATE_TEST_SUITE_P(Files, RatsVector, ::testing::ValuesIn(testing::vector_names("rats")),
                         testing::as_test_name);

}  // namespace
}  // namespace seatls::rats
