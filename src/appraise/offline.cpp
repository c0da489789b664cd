// Credentials from files: their type is found out, then they go through the same pipeline.
#include "appraise/offline.h"
#include "appraise/pipeline.h"
#include "appraise/schemes/azure/forms.h"
#include "appraise/schemes/cca/parse.h"
#include "appraise/schemes/intel/quote.h"
#include "appraise/schemes/nitro/parse.h"
#include "appraise/schemes/nvidia/parse.h"
#include "appraise/schemes/psa/parse.h"
#include "appraise/schemes/snp/report.h"
#include "appraise/schemes/software/parse.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "rats/ear.h"
#include "rats/media_type.h"
#include "seatls/verifiers.h"

namespace seatls {
namespace {

constexpr std::size_t largest_file = 1 << 20;
constexpr std::size_t longest_binder = 64;  // a whole field of report data

bool is_ear(ByteView value, rats::TokenForm form) {
  const auto ear = rats::parse_ear(value, form);
  return ear.ok() && rats::is_ear_profile(ear->unverified_claims().profile);
}

bool is_software_token(ByteView value) {
  const auto message = codec::cose::parse_sign1(value);
  const auto claims = message ? rats::read_eat(message->payload) : Result<rats::EatClaims>(message.error());
  return claims.ok() && claims->profile == appraise::software::profile;
}

bool is_tpm2(ByteView value) {
  const auto map = codec::cbor::parse(value);
  const auto* quote = map ? map->find(1) : nullptr;
  const auto attest = quote == nullptr ? Result<ByteView>(Error{}) : quote->as_bytes();
  return attest.ok() && text(attest->first(std::min<std::size_t>(4, attest->size()))) == "\xffTCG";
}

bool is_snp(ByteView value) {
  return value.size() >= appraise::snp::report_size &&
         appraise::snp::parse_report(value.first(appraise::snp::report_size)).ok();
}

Cmw record(EvidenceType type, const Bytes& value) { return Cmw(CmwRecord{std::move(type), value, 0}); }

bool is_nitro(const Bytes& value) { return appraise::nitro::parse(record(MediaType{"any/any"}, value)).ok(); }

bool is_cca(const Bytes& value) { return appraise::cca::parse(record(MediaType{"any/any"}, value)).ok(); }

bool is_nvidia(const Bytes& value) {
  return appraise::nvidia::parse(record(MediaType{"any/any"}, value)).ok();
}

bool is_psa(const Bytes& value) { return appraise::psa::parse(record(MediaType{"any/any"}, value)).ok(); }

// as_named wraps raw bytes whose type the caller has told: a scheme's name or a media type.
Result<Cmw> as_named(const std::string& type, const Bytes& value, const SchemeTable& table) {
  if (auto known = table.find(type)) return record(std::move(*known), value);
  if (type == "result")
    return record(MediaType{text(ByteView(value).first(std::min<std::size_t>(2, value.size()))) == "ey"
                                ? "application/eat+jwt"
                                : "application/eat+cwt"},
                  value);
  if (type.find('/') != std::string::npos) return record(MediaType{type}, value);
  std::string names;
  for (const auto& name : table.names()) names += name + ", ";
  return Error{Code::misuse, "\"" + type + "\" is no type; write one of " + names + "result, or a media type",
               ""};
}

// detected tells what a file holds: a CMW says so itself, raw bytes are recognised by their form.
Result<Cmw> detected(const Bytes& value, const SchemeTable& table) {
  auto cmw = parse_cmw(value, {.size = largest_file});
  // A judgement apart from a connection has negotiated no form.
  if (cmw && cmw->collection() != nullptr) return Cmw(*cmw->collection());
  if (cmw) return cmw;
  if (is_ear(value, rats::TokenForm::jwt)) return record(MediaType{"application/eat+jwt"}, value);
  if (is_ear(value, rats::TokenForm::cwt)) return record(MediaType{"application/eat+cwt"}, value);
  if (const auto quote = appraise::intel::parse_quote(value))
    return as_named(quote->td() != nullptr ? "tdx" : "sgx", value, table);
  if (appraise::azure::is_evidence(value)) return as_named("azure", value, table);
  if (is_tpm2(value)) return as_named("tpm2", value, table);
  if (is_snp(value)) return as_named("sev-snp", value, table);
  if (is_nitro(value)) return as_named("nitro", value, table);
  if (is_cca(value)) return as_named("cca", value, table);
  if (is_psa(value)) return as_named("psa", value, table);
  if (is_nvidia(value)) return as_named("nvidia", value, table);
  if (is_software_token(value)) return as_named("software", value, table);
  auto error = std::move(cmw).error();
  error.detail += (error.detail.empty() ? "" : "; ") +
                  std::string("not recognised as raw evidence either: state its type");
  return error;
}

// scheme_of takes the credential's own type as the negotiated one. An EAT may be evidence or a result.
AttestationScheme scheme_of(const Cmw& credential, const std::optional<std::string>& verifier) {
  const auto* inner = credential.record();
  if (inner == nullptr) return {EvidenceType{ContentFormat{rats::content_format::cmw_cbor}}};
  const auto form = rats::token_form_of(inner->type);
  const bool result = (inner->indicator & cmw_indicator::attestation_results) != 0 ||
                      (form && (*form == rats::TokenForm::jwt || is_ear(inner->value, *form)));
  if (result) return {VerifierIdentity{verifier.value_or("")}};
  return {inner->type};
}

}  // namespace

Result<Cmw> appraise::credential_of_file(const Bytes& content, const std::optional<std::string>& type,
                                         const SchemeTable& table) {
  if (content.size() > largest_file)
    return Error{Code::limit_exceeded,
                 std::to_string(content.size()) + " bytes; at most " + std::to_string(largest_file), "file"};
  return type ? as_named(*type, content, table) : detected(content, table);
}

Result<AttestationResult> appraise_offline(const Policy& policy, const OfflineCredential& credential,
                                           const SchemeTable& table) {
  return appraise_offline(std::span(&policy, 1), credential, table);
}

Result<AttestationResult> appraise_offline(std::span<const Policy> policies,
                                           const OfflineCredential& credential, const SchemeTable& table) {
  if (policies.empty()) return Error{Code::misuse, "no policy is given", "policy"};
  SEATLS_TRY(const Cmw cmw, appraise::credential_of_file(credential.bytes, credential.type, table));
  const auto scheme = scheme_of(cmw, credential.verifier);
  if (!scheme.is_result() && !credential.binder)
    return Error{Code::misuse, "evidence is judged against a binder, and none is given", "binder"};
  // A connection's binder has 32 or 48 bytes. Evidence that was made for none holds the nonce of whoever
  // asked.
  if (credential.binder && (credential.binder->empty() || credential.binder->size() > longest_binder))
    return Error{Code::misuse,
                 std::to_string(credential.binder->size()) +
                     " bytes; a binder has 32 or 48, and another nonce 1 "
                     "to 64",
                 "binder"};
  std::vector<std::string> dangers = {"offline: tied to no connection"};
  if (!credential.tik) dangers.emplace_back("offline: no key was given, and none was compared");
  const Bytes digest = crypto::digest(Hash::sha256, credential.bytes);
  return appraise::run_all(
      {.scheme = scheme,
       .table = table,
       .credential = cmw,
       .digest = digest,
       .context = {policies.front(), credential.binder ? ByteView(*credential.binder) : ByteView(),
                   credential.tik ? &*credential.tik : nullptr, credential.verifier.value_or(""),
                   credential.at},
       .largest = largest_file,
       .dangers = std::move(dangers)},
      policies);
}

}  // namespace seatls
