#include "attest/tpm2/keys.h"

#include <future>

#include "attest/tpm2/templates.h"
#include "attest/tpm2/tpm.h"
#include "attest/tpm2/worker.h"
#include "crypto/hash.h"

namespace seatls::attest::tpm2 {
namespace {

Result<KeyFile> create_on(Tpm& tpm, const TpmAccess& access, KeyUse use, crypto::KeyType type) {
  const std::uint32_t parent_handle = use == KeyUse::tik ? owner_hierarchy : endorsement_hierarchy;
  SEATLS_TRY(const TPM2B_PUBLIC wanted,
             use == KeyUse::tik ? tik_template(type) : attestation_key_template(type));
  SEATLS_TRY(const Object parent, tpm.parent(parent_handle, access));
  const TPM2B_SENSITIVE_CREATE no_password{};
  const TPM2B_DATA no_outside_info{};
  const TPML_PCR_SELECTION no_pcrs{};
  Owned<TPM2B_PRIVATE> made_private;
  Owned<TPM2B_PUBLIC> made_public;
  SEATLS_CHECK(tpm.check(Esys_Create(tpm.esys(), parent.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &no_password, &wanted, &no_outside_info, &no_pcrs, made_private.out(),
                                     made_public.out(), nullptr, nullptr, nullptr),
                         "TPM2_Create"));
  KeyFile out;
  out.parent = parent_handle;
  SEATLS_TRY(out.public_area, marshal(*made_public, Tss2_MU_TPM2B_PUBLIC_Marshal));
  SEATLS_TRY(out.private_area, marshal(*made_private, Tss2_MU_TPM2B_PRIVATE_Marshal));
  return out;
}

Result<void> persist_on(Tpm& tpm, const TpmAccess& access, Key& key, PersistentHandle handle) {
  SEATLS_TRY(const bool taken, tpm.has_handle(handle.value));
  if (taken) {
    return Error{Code::configuration, "a key is stored there already; choose another handle", "handle"};
  }
  SEATLS_TRY(const Object object, key.load(tpm));
  SEATLS_CHECK(tpm.set_hierarchy_auth(ESYS_TR_RH_OWNER, access));
  ESYS_TR stored = ESYS_TR_NONE;
  SEATLS_CHECK(tpm.check(Esys_EvictControl(tpm.esys(), ESYS_TR_RH_OWNER, object.tr(), ESYS_TR_PASSWORD,
                                           ESYS_TR_NONE, ESYS_TR_NONE, handle.value, &stored),
                         "TPM2_EvictControl"));
  Esys_TR_Close(tpm.esys(), &stored);
  return {};
}

}  // namespace

Result<KeyFile> create_key(const TpmAccess& access, KeyUse use, crypto::KeyType type) {
  return Worker::shared(access.tcti)->call<KeyFile>([&](Tpm& tpm) {
    return create_on(tpm, access, use, type);
  });
}

Result<PublicArea> show_key(const TpmAccess& access, const KeyReference& key) {
  return Worker::shared(access.tcti)->call<PublicArea>([&](Tpm& tpm) {
    return Key(key, access).public_area(tpm);
  });
}

Result<void> persist_key(const TpmAccess& access, const KeyReference& key, PersistentHandle handle) {
  if (handle.value < 0x81000000 || handle.value > 0x817FFFFF) {
    return Error{Code::configuration, "the owner's persistent handles are 0x81000000 to 0x817FFFFF",
                 "handle"};
  }
  Key loaded(key, access);
  return Worker::shared(access.tcti)->call<void>([&](Tpm& tpm) {
    return persist_on(tpm, access, loaded, handle);
  });
}

Result<KeyFile> import_key(const TpmAccess& access, ByteView public_file, ByteView private_file,
                           std::uint32_t parent) {
  KeyFile file{parent, bytes(public_file), bytes(private_file)};
  Key key(file, access);
  return Worker::shared(access.tcti)->call<KeyFile>([&](Tpm& tpm) -> Result<KeyFile> {
    SEATLS_TRY(const Object object, key.load(tpm));
    return file;
  });
}

crypto::ExternalSigner sign_with(std::shared_ptr<Signer> signer) {
  return [signer = std::move(signer)](ByteView message) {
    auto promise = std::make_shared<std::promise<Result<Bytes>>>();
    signer->sign(crypto::digest(signer->hash(), message),
                 [promise](Result<Bytes> signature) { promise->set_value(std::move(signature)); });
    return promise->get_future().get();
  };
}

}  // namespace seatls::attest::tpm2
