#include "attest/tpm2/endorsement.h"

#include <algorithm>

#include "attest/tpm2/templates.h"
#include "attest/tpm2/tpm.h"
#include "attest/tpm2/worker.h"
#include "crypto/x509.h"

namespace seatls::attest::tpm2 {
namespace {

const EkProfile& profile(EkKind kind) { return *std::ranges::find(ek_profiles(), kind, &EkProfile::kind); }

// An index has room for more than the certificate: cut what follows the outer SEQUENCE.
Bytes first_element(Bytes data) {
  if (data.size() < 4 || data[0] != 0x30 || data[1] != 0x82) return data;
  const std::size_t length = 4 + (static_cast<std::size_t>(data[2]) << 8 | data[3]);
  if (length < data.size()) data.resize(length);
  return data;
}

Result<Bytes> read_nv(Tpm& tpm, TPM2_HANDLE index) {
  SEATLS_TRY(const Object nv, tpm.stored(index));
  Owned<TPM2B_NV_PUBLIC> area;
  SEATLS_CHECK(tpm.check(
      Esys_NV_ReadPublic(tpm.esys(), nv.tr(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, area.out(), nullptr),
      "TPM2_NV_ReadPublic"));
  SEATLS_TRY(const std::uint32_t most, tpm.property(TPM2_PT_NV_BUFFER_MAX));
  const std::size_t size = area->nvPublic.dataSize;
  Bytes out;
  while (out.size() < size) {
    const auto piece = static_cast<UINT16>(std::min<std::size_t>(most, size - out.size()));
    Owned<TPM2B_MAX_NV_BUFFER> data;
    SEATLS_CHECK(tpm.check(Esys_NV_Read(tpm.esys(), nv.tr(), nv.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                        ESYS_TR_NONE, piece, static_cast<UINT16>(out.size()), data.out()),
                           "TPM2_NV_Read"));
    if (data->size == 0) return Error{Code::tpm, "the TPM returned nothing", "TPM2_NV_Read"};
    out.insert(out.end(), data->buffer, data->buffer + data->size);
  }
  return first_element(std::move(out));
}

// read_certificate returns an empty certificate when the TPM stores none.
Result<Bytes> read_certificate(Tpm& tpm, const EkProfile& p) {
  SEATLS_TRY(const bool there, tpm.has_handle(p.certificate_index));
  if (!there) return Bytes{};
  return read_nv(tpm, p.certificate_index);
}

// load_ek takes the key that is stored already, if it is the certified one: making RSA keys is slow.
Result<Object> load_ek(Tpm& tpm, const EkProfile& p, ByteView certificate, const TpmAccess& access) {
  SEATLS_TRY(const bool there, tpm.has_handle(p.persistent));
  if (there && !certificate.empty()) {
    SEATLS_TRY(Object stored, tpm.stored(p.persistent));
    SEATLS_TRY(const PublicArea area, tpm.read_public_area(stored));
    SEATLS_TRY(const auto parsed, crypto::Certificate::from_der(certificate));
    SEATLS_TRY(const auto certified, parsed.public_key());
    if (area.key.same_key(certified)) return stored;
  }
  return tpm.create_primary(ESYS_TR_RH_ENDORSEMENT, p.make_template(), access);
}

Result<EndorsementKey> read_ek(Tpm& tpm, const EkProfile& p, Bytes certificate, const TpmAccess& access) {
  SEATLS_TRY(const Object ek, load_ek(tpm, p, certificate, access));
  SEATLS_TRY(PublicArea area, tpm.read_public_area(ek));
  SEATLS_CHECK(check_endorsement_key(area));
  return EndorsementKey{p.kind, std::move(area.encoded), std::move(certificate)};
}

TPMI_ALG_HASH algorithm(Hash hash) { return hash == Hash::sha384 ? TPM2_ALG_SHA384 : TPM2_ALG_SHA256; }

// PolicySecret(TPM_RH_ENDORSEMENT): who knows the endorsement hierarchy's password may use the key.
Result<Object> endorsement_policy(Tpm& tpm, Hash hash, const TpmAccess& access) {
  TPMT_SYM_DEF no_encryption{};
  no_encryption.algorithm = TPM2_ALG_NULL;
  ESYS_TR tr = ESYS_TR_NONE;
  SEATLS_CHECK(tpm.check(
      Esys_StartAuthSession(tpm.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                            nullptr, TPM2_SE_POLICY, &no_encryption, algorithm(hash), &tr),
      "TPM2_StartAuthSession"));
  Object session = tpm.transient(tr);
  // It is flushed when the Object ends, and not by the command that uses it.
  SEATLS_CHECK(tpm.check(
      Esys_TRSess_SetAttributes(tpm.esys(), tr, TPMA_SESSION_CONTINUESESSION, TPMA_SESSION_CONTINUESESSION),
      "Esys_TRSess_SetAttributes"));
  SEATLS_CHECK(tpm.set_hierarchy_auth(ESYS_TR_RH_ENDORSEMENT, access));
  SEATLS_CHECK(
      tpm.check(Esys_PolicySecret(tpm.esys(), ESYS_TR_RH_ENDORSEMENT, tr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, nullptr, nullptr, nullptr, 0, nullptr, nullptr),
                "TPM2_PolicySecret"));
  return session;
}

Result<Bytes> activate_on(Tpm& tpm, const EkProfile& p, Key& attestation_key,
                          const crypto::TpmCredential& credential, const TpmAccess& access) {
  SEATLS_TRY(const auto id_object, unmarshal<TPM2B_ID_OBJECT>(credential.id_object, "TPM2B_ID_OBJECT",
                                                              Tss2_MU_TPM2B_ID_OBJECT_Unmarshal));
  SEATLS_TRY(const auto encrypted_secret,
             unmarshal<TPM2B_ENCRYPTED_SECRET>(credential.encrypted_secret, "TPM2B_ENCRYPTED_SECRET",
                                               Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal));
  SEATLS_TRY(const Bytes certificate, read_certificate(tpm, p));
  SEATLS_TRY(const Object ak, attestation_key.load(tpm));
  SEATLS_TRY(const Object ek, load_ek(tpm, p, certificate, access));
  SEATLS_TRY(const PublicArea area, tpm.read_public_area(ek));
  std::optional<Object> policy;
  if (!area.has(attribute::user_with_auth)) {
    SEATLS_TRY(Object session, endorsement_policy(tpm, area.name_hash, access));
    policy.emplace(std::move(session));
  }
  Owned<TPM2B_DIGEST> opened;
  SEATLS_CHECK(tpm.check(Esys_ActivateCredential(tpm.esys(), ak.tr(), ek.tr(), ESYS_TR_PASSWORD,
                                                 policy ? policy->tr() : ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                                 &id_object, &encrypted_secret, opened.out()),
                         "TPM2_ActivateCredential"));
  return bytes(content(*opened));
}

}  // namespace

std::string_view name(EkKind kind) { return profile(kind).name; }

Result<EndorsementKey> certified_endorsement_key(const TpmAccess& access) {
  return Worker::shared(access.tcti)->call<EndorsementKey>([&](Tpm& tpm) -> Result<EndorsementKey> {
    for (const EkProfile& p : ek_profiles()) {
      SEATLS_TRY(Bytes certificate, read_certificate(tpm, p));
      if (!certificate.empty()) return read_ek(tpm, p, std::move(certificate), access);
    }
    return Error{Code::configuration,
                 "the TPM stores no certificate of its endorsement key; take it from the maker or the cloud "
                 "provider, or pin the attestation key in the policy instead",
                 "endorsement key"};
  });
}

Result<EndorsementKey> endorsement_key(const TpmAccess& access, EkKind kind) {
  return Worker::shared(access.tcti)->call<EndorsementKey>([&](Tpm& tpm) -> Result<EndorsementKey> {
    SEATLS_TRY(Bytes certificate, read_certificate(tpm, profile(kind)));
    return read_ek(tpm, profile(kind), std::move(certificate), access);
  });
}

Result<Secret> activate_credential(const TpmAccess& access, EkKind kind, const KeyReference& attestation_key,
                                   const crypto::TpmCredential& credential) {
  Key key(attestation_key, access);
  SEATLS_TRY(Bytes opened, Worker::shared(access.tcti)->call<Bytes>([&](Tpm& tpm) {
    return activate_on(tpm, profile(kind), key, credential, access);
  }));
  return Secret(std::move(opened));
}

}  // namespace seatls::attest::tpm2
