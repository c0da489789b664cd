#include "attest/tpm2/tpm.h"

#include <tss2/tss2_tctildr.h>

#include <algorithm>

#include "attest/tpm2/templates.h"

namespace seatls::attest::tpm2 {

Object::~Object() {
  if (tr_ == ESYS_TR_NONE) return;
  if (kind_ == Kind::transient) {
    Esys_FlushContext(esys_, tr_);
  } else {
    Esys_TR_Close(esys_, &tr_);
  }
}

Result<void> Tpm::open() {
  if (esys_ != nullptr) return {};
  lost_ = false;
  if (const TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti_string_.c_str(), &tcti_); rc != TSS2_RC_SUCCESS) {
    tcti_ = nullptr;
    Error e = tpm_error(is_transport(rc) ? rc : TSS2_TCTI_RC_NO_CONNECTION, "connecting");
    e.path = "tcti " + tcti_string_;
    return e;
  }
  if (const TSS2_RC rc = Esys_Initialize(&esys_, tcti_, nullptr); rc != TSS2_RC_SUCCESS) {
    esys_ = nullptr;
    close();
    return tpm_error(rc, "Esys_Initialize");
  }
  return free_abandoned_slots();
}

// A program that is killed leaves its keys in the slots of a simulator, which has no resource manager
// to take them out. It serves one connection at a time, so nobody else can be using them now.
Result<void> Tpm::free_abandoned_slots() {
  if (!tcti_string_.starts_with("swtpm") && !tcti_string_.starts_with("mssim")) return {};
  TPMI_YES_NO more = 0;
  Owned<TPMS_CAPABILITY_DATA> data;
  SEATLS_CHECK(check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                        TPM2_TRANSIENT_FIRST, TPM2_MAX_CAP_HANDLES, &more, data.out()),
                     "TPM2_GetCapability"));
  const TPML_HANDLE& handles = data->data.handles;
  for (std::uint32_t i = 0; i < handles.count; ++i) {
    ESYS_TR tr = ESYS_TR_NONE;
    SEATLS_CHECK(
        check(Esys_TR_FromTPMPublic(esys_, handles.handle[i], ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr),
              "TPM2_ReadPublic"));
    SEATLS_CHECK(check(Esys_FlushContext(esys_, tr), "TPM2_FlushContext"));
  }
  return {};
}

void Tpm::close() {
  if (esys_ != nullptr) Esys_Finalize(&esys_);
  if (tcti_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_);
  esys_ = nullptr;
  tcti_ = nullptr;
  lost_ = false;
}

Result<void> Tpm::check(TSS2_RC rc, std::string_view command) {
  if (rc == TSS2_RC_SUCCESS) return {};
  if (is_transport(rc)) lost_ = true;
  return tpm_error(rc, command);
}

Result<Object> Tpm::stored(TPM2_HANDLE handle) {
  ESYS_TR tr = ESYS_TR_NONE;
  SEATLS_CHECK(check(Esys_TR_FromTPMPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr),
                     "TPM2_ReadPublic"));
  return Object(esys_, tr, Object::Kind::stored);
}

Result<void> Tpm::set_hierarchy_auth(ESYS_TR hierarchy, const TpmAccess& access) {
  const std::string& password =
      hierarchy == ESYS_TR_RH_OWNER ? access.owner_password : access.endorsement_password;
  TPM2B_AUTH value{};
  if (password.size() > sizeof(value.buffer)) {
    return Error{Code::configuration, "a TPM password has at most 64 bytes", "hierarchy password"};
  }
  value.size = static_cast<UINT16>(password.size());
  std::copy(password.begin(), password.end(), value.buffer);
  return check(Esys_TR_SetAuth(esys_, hierarchy, &value), "Esys_TR_SetAuth");
}

Result<Object> Tpm::create_primary(ESYS_TR hierarchy, const TPM2B_PUBLIC& public_template,
                                   const TpmAccess& access) {
  SEATLS_CHECK(set_hierarchy_auth(hierarchy, access));
  const TPM2B_SENSITIVE_CREATE no_password{};
  const TPM2B_DATA no_outside_info{};
  const TPML_PCR_SELECTION no_pcrs{};
  ESYS_TR tr = ESYS_TR_NONE;
  SEATLS_CHECK(check(Esys_CreatePrimary(esys_, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &no_password, &public_template, &no_outside_info, &no_pcrs, &tr,
                                        nullptr, nullptr, nullptr, nullptr),
                     "TPM2_CreatePrimary"));
  return transient(tr);
}

Result<Object> Tpm::parent(TPM2_HANDLE hierarchy_or_handle, const TpmAccess& access) {
  if (hierarchy_or_handle != owner_hierarchy && hierarchy_or_handle != endorsement_hierarchy) {
    return stored(hierarchy_or_handle);
  }
  if (const auto saved = parents_.find(hierarchy_or_handle); saved != parents_.end()) {
    if (auto object = restore(saved->second); object || lost_) return object;
    parents_.erase(saved);
  }
  const ESYS_TR hierarchy =
      hierarchy_or_handle == owner_hierarchy ? ESYS_TR_RH_OWNER : ESYS_TR_RH_ENDORSEMENT;
  SEATLS_TRY(Object object, create_primary(hierarchy, storage_key_template(), access));
  if (auto context = save(object)) parents_.emplace(hierarchy_or_handle, *context);
  return object;
}

Result<std::uint32_t> Tpm::property(TPM2_PT which) {
  TPMI_YES_NO more = 0;
  Owned<TPMS_CAPABILITY_DATA> data;
  SEATLS_CHECK(check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_TPM_PROPERTIES, which, 1, &more, data.out()),
                     "TPM2_GetCapability"));
  const auto& properties = data->data.tpmProperties;
  if (properties.count != 1 || properties.tpmProperty[0].property != which) {
    return Error{Code::tpm, "the TPM does not tell its property " + std::to_string(which), ""};
  }
  return properties.tpmProperty[0].value;
}

Result<bool> Tpm::has_handle(TPM2_HANDLE handle) {
  TPMI_YES_NO more = 0;
  Owned<TPMS_CAPABILITY_DATA> data;
  SEATLS_CHECK(check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                        handle, 1, &more, data.out()),
                     "TPM2_GetCapability"));
  const TPML_HANDLE& handles = data->data.handles;
  return handles.count == 1 && handles.handle[0] == handle;
}

Result<PublicArea> Tpm::read_public_area(const Object& object) {
  Owned<TPM2B_PUBLIC> area;
  SEATLS_CHECK(check(Esys_ReadPublic(esys_, object.tr(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, area.out(),
                                     nullptr, nullptr),
                     "TPM2_ReadPublic"));
  SEATLS_TRY(const Bytes encoded, marshal(area->publicArea, Tss2_MU_TPMT_PUBLIC_Marshal));
  return parse_public_area(encoded);
}

std::optional<TPMS_CONTEXT> Tpm::save(const Object& object) {
  Owned<TPMS_CONTEXT> context;
  if (!check(Esys_ContextSave(esys_, object.tr(), context.out()), "TPM2_ContextSave")) return std::nullopt;
  return *context;
}

Result<Object> Tpm::restore(const TPMS_CONTEXT& context) {
  ESYS_TR tr = ESYS_TR_NONE;
  SEATLS_CHECK(check(Esys_ContextLoad(esys_, &context, &tr), "TPM2_ContextLoad"));
  return transient(tr);
}

Result<PublicArea> Key::public_area(Tpm& tpm) {
  if (const auto* file = std::get_if<KeyFile>(&reference_)) {
    SEATLS_TRY(const TPM2B_PUBLIC area,
               unmarshal<TPM2B_PUBLIC>(file->public_area, "TPM2B_PUBLIC", Tss2_MU_TPM2B_PUBLIC_Unmarshal));
    SEATLS_TRY(const Bytes encoded, marshal(area.publicArea, Tss2_MU_TPMT_PUBLIC_Marshal));
    return parse_public_area(encoded);
  }
  SEATLS_TRY(const Object object, load(tpm));
  return tpm.read_public_area(object);
}

Result<Object> Key::load(Tpm& tpm) {
  if (const auto* file = std::get_if<KeyFile>(&reference_)) return load_file(tpm, *file);
  return load_handle(tpm, std::get<PersistentHandle>(reference_).value);
}

Result<Object> Key::load_file(Tpm& tpm, const KeyFile& file) {
  if (saved_) {
    if (auto object = tpm.restore(*saved_); object || tpm.lost()) return object;
    saved_.reset();
  }
  SEATLS_TRY(const TPM2B_PUBLIC area,
             unmarshal<TPM2B_PUBLIC>(file.public_area, "TPM2B_PUBLIC", Tss2_MU_TPM2B_PUBLIC_Unmarshal));
  SEATLS_TRY(const TPM2B_PRIVATE sensitive,
             unmarshal<TPM2B_PRIVATE>(file.private_area, "TPM2B_PRIVATE", Tss2_MU_TPM2B_PRIVATE_Unmarshal));
  SEATLS_TRY(const Object parent, tpm.parent(file.parent, access_));
  ESYS_TR tr = ESYS_TR_NONE;
  SEATLS_CHECK(tpm.check(Esys_Load(tpm.esys(), parent.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &sensitive, &area, &tr),
                         "TPM2_Load"));
  Object object = tpm.transient(tr);
  saved_ = tpm.save(object);
  return object;
}

Result<Object> Key::load_handle(Tpm& tpm, TPM2_HANDLE handle) {
  SEATLS_TRY(Object object, tpm.stored(handle));
  Owned<TPM2B_NAME> name;
  SEATLS_CHECK(tpm.check(Esys_TR_GetName(tpm.esys(), object.tr(), name.out()), "Esys_TR_GetName"));
  if (name_.empty()) name_ = bytes(content(*name));
  // Certificates and evidence were made for the key that was there at first.
  if (!std::ranges::equal(name_, content(*name))) {
    return Error{Code::tpm, "another key was stored at this handle meanwhile; restart with the right one",
                 ""};
  }
  return object;
}

}  // namespace seatls::attest::tpm2
