#include "rats/credential_fit.h"

#include "rats/media_type.h"

namespace seatls::rats {
namespace {

// A collection is negotiated by its own media type or content format, in CBOR or in JSON.
std::optional<CmwForm> collection_form(const EvidenceType& type) {
  const auto base = rats::base_type(type);
  if (base == "application/cmw+cbor") return CmwForm::cbor;
  if (base == "application/cmw+json") return CmwForm::json;
  return std::nullopt;
}

}  // namespace

//= early-attestation#credential-type-equals-choice
//= early-attestation#payload-holds-credential
Result<void> fits(const AttestationScheme& scheme, const Cmw& cmw) {
  const auto mismatch = [&](std::string what) {
    return Error{Code::credential_type_mismatch,
                 "negotiated is " + describe(scheme) + "; the CMW " + std::move(what), "cmw"};
  };
  const auto* type = std::get_if<EvidenceType>(&scheme.argument);
  const std::optional<CmwForm> collection = type ? collection_form(*type) : std::nullopt;
  if (collection) {
    if (cmw.record() != nullptr) return mismatch("is a single record");
    if ((cmw.form() == CmwForm::json) != (*collection == CmwForm::json))
      return mismatch("is a collection in the other serialization");
    return {};
  }
  if (cmw.collection() != nullptr) return mismatch("is a collection");

  const CmwRecord& record = *cmw.record();
  if (type && record.type != *type) return mismatch("holds " + describe({record.type}));
  const std::uint32_t expected = type ? cmw_indicator::evidence : cmw_indicator::attestation_results;
  if (record.indicator != 0 && (record.indicator & expected) == 0)
    return mismatch("is marked as another conceptual message (indicator " + std::to_string(record.indicator) +
                    ")");
  return {};
}

}  // namespace seatls::rats
