#include "appraise/schemes/tpm/statements.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::appraise::tpm {
namespace {

std::string place(std::string_view scheme, std::string_view field) {
  return std::string(scheme) + " > " + std::string(field);
}

// The quote signs a digest of the PCR values; the values are next to it, and must be exactly those that
// the quote selects.
void verify_pcr_digest(const Quoted& e, std::string_view scheme, Findings& findings) {
  const QuoteInfo& quote = *e.quote.quote();
  Bytes concatenated;
  std::size_t selected = 0;
  for (const auto& selection : quote.selection) {
    for (const unsigned pcr : selection.pcrs) {
      ++selected;
      const auto value = std::ranges::find_if(
          e.pcrs, [&](const PcrValue& v) { return v.bank == selection.bank && v.pcr == pcr; });
      if (value == e.pcrs.end()) {
        findings.refuse(Stage::signature, Code::evidence_inconsistent,
                        "the quote covers " + std::string(name(selection.bank)) + " PCR " +
                            std::to_string(pcr) + ", whose value is not given",
                        place(scheme, "pcrs"));
        return;
      }
      concatenated.insert(concatenated.end(), value->value.begin(), value->value.end());
    }
  }
  if (selected != e.pcrs.size()) {
    findings.refuse(
        Stage::signature, Code::evidence_inconsistent,
        std::to_string(e.pcrs.size()) + " values are given; the quote covers " + std::to_string(selected),
        place(scheme, "pcrs"));
    return;
  }
  const Bytes digest = crypto::digest(e.quote_signature.scheme.hash, concatenated);
  if (digest != quote.pcr_digest)
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "the values given hash to " + base::to_hex(digest) + "; the TPM quoted " +
                        base::to_hex(quote.pcr_digest),
                    place(scheme, "quote > pcrDigest"));
}

// PCRs that software extends after the firmware have no events in its log: the log explains only those
// PCRs that it mentions, but these exactly.
void verify_event_log(const Quoted& e, std::string_view scheme, Findings& findings) {
  if (!e.event_log) return;
  for (const auto& selection : e.quote.quote()->selection) {
    const auto replayed = tee::replay(*e.event_log, selection.bank);
    for (const auto& value : e.pcrs) {
      const auto expected = replayed.find(value.pcr);
      if (value.bank != selection.bank || expected == replayed.end() || expected->second == value.value)
        continue;
      findings.refuse(Stage::signature, Code::evidence_inconsistent,
                      std::string(name(value.bank)) + " PCR " + std::to_string(value.pcr) + " replays to " +
                          base::to_hex(expected->second) + "; the TPM quoted " + base::to_hex(value.value),
                      place(scheme, "event log"));
    }
  }
}

// Both structures come from one TPM between two of its resets.
//= early-attestation#tpm2-statements-agree
void verify_same_origin(const Attest& quote, const Attest& certify, std::string_view scheme,
                        Findings& findings) {
  const auto differ = [&](std::string_view what) {
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    std::string(what) + " differs between the quote and the certification",
                    place(scheme, "certify"));
  };
  if (quote.qualified_signer != certify.qualified_signer) differ("qualifiedSigner");
  if (quote.reset_count != certify.reset_count) differ("resetCount");
  if (quote.restart_count != certify.restart_count) differ("restartCount");
  if (quote.firmware_version != certify.firmware_version) differ("firmwareVersion");
}

}  // namespace

void verify_quoted(const Quoted& e, const Public& ak, const Context& context, std::string_view scheme,
                   Findings& findings) {
  if (auto r = verify_signature(ak, e.quote_signature, e.quote.raw); !r)
    findings.refuse(Stage::signature, std::move(r).error().in(place(scheme, "quote signature")));
  compare_binder(e.quote.extra_data, BinderField::exact, context, place(scheme, "quote > extraData"),
                 findings);
  verify_pcr_digest(e, scheme, findings);
  verify_event_log(e, scheme, findings);
}

void verify_certified(const Certified& e, const Attest& quote, const Public& ak, const Context& context,
                      std::string_view scheme, Findings& findings) {
  if (auto r = verify_signature(ak, e.certify_signature, e.certify.raw); !r)
    findings.refuse(Stage::signature, std::move(r).error().in(place(scheme, "certify signature")));
  verify_same_origin(quote, e.certify, scheme, findings);
  compare_binder(e.certify.extra_data, BinderField::exact, context, place(scheme, "certify > extraData"),
                 findings);
  if (e.certify.certify()->name != e.tik.name())
    findings.refuse(Stage::key, Code::tik_mismatch,
                    "the TPM certified the Name " + base::to_hex(e.certify.certify()->name) +
                        "; the public area given has " + base::to_hex(e.tik.name()),
                    place(scheme, "certify > name"));
  compare_tik(e.tik.key, context, place(scheme, "tik"), findings);
}

// The TIK signs TLS digests, so it cannot be restricted; it was made in the TPM and cannot leave it.
std::string objection_to_tik(const Public& tik) {
  using A = ObjectAttributes;
  return missing(tik.attributes, A::fixed_tpm | A::fixed_parent | A::sensitive_data_origin | A::sign,
                 A::restricted | A::decrypt);
}

std::string missing(const ObjectAttributes& attributes, std::uint32_t demanded, std::uint32_t forbidden) {
  static constexpr std::pair<std::uint32_t, std::string_view> names[] = {
      {ObjectAttributes::fixed_tpm, "fixedTPM"},
      {ObjectAttributes::fixed_parent, "fixedParent"},
      {ObjectAttributes::sensitive_data_origin, "sensitiveDataOrigin"},
      {ObjectAttributes::restricted, "restricted"},
      {ObjectAttributes::decrypt, "decrypt"},
      {ObjectAttributes::sign, "sign"},
  };
  std::string out;
  for (const auto& [bit, name] : names) {
    const bool set = attributes.has(bit);
    if ((demanded & bit) != 0 && !set) out += (out.empty() ? "" : ", ") + std::string(name) + " is clear";
    if ((forbidden & bit) != 0 && set) out += (out.empty() ? "" : ", ") + std::string(name) + " is set";
  }
  return out;
}

std::vector<unsigned> explained(const Quoted& e) {
  std::vector<unsigned> list;
  if (!e.event_log) return list;
  for (const auto& selection : e.quote.quote()->selection)
    for (const auto& [pcr, value] : tee::replay(*e.event_log, selection.bank))
      if (std::ranges::find(selection.pcrs, pcr) != selection.pcrs.end() &&
          std::ranges::find(list, pcr) == list.end())
        list.push_back(pcr);
  return list;
}

}  // namespace seatls::appraise::tpm
