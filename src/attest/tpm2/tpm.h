// Tpm: the connection that a worker's jobs use, on the worker's thread alone.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "attest/tpm2/key_reference.h"
#include "attest/tpm2/public_area.h"
#include "attest/tpm2/tss.h"
#include "seatls/attesters.h"

namespace seatls::attest::tpm2 {

// Object is a loaded object or session. It leaves the TPM's slot when it goes out of scope;
// persistent objects and NV indices only lose the stack's note about them.
class Object {
 public:
  enum class Kind : std::uint8_t { transient, stored };
  Object(ESYS_CONTEXT* esys, ESYS_TR tr, Kind kind) : esys_(esys), tr_(tr), kind_(kind) {}
  Object(Object&& other) noexcept
      : esys_(other.esys_), tr_(std::exchange(other.tr_, ESYS_TR_NONE)), kind_(other.kind_) {}
  Object& operator=(Object&&) = delete;
  ~Object();
  [[nodiscard]] ESYS_TR tr() const { return tr_; }

 private:
  ESYS_CONTEXT* esys_;
  ESYS_TR tr_;
  Kind kind_;
};

class Tpm {
 public:
  explicit Tpm(std::string tcti) : tcti_string_(std::move(tcti)) {}
  ~Tpm() { close(); }
  Tpm(const Tpm&) = delete;
  Tpm& operator=(const Tpm&) = delete;

  [[nodiscard]] Result<void> open();  // nothing to do when it is open
  void close();
  [[nodiscard]] bool is_open() const { return esys_ != nullptr; }
  [[nodiscard]] bool lost() const { return lost_; }  // the transport failed: close and open anew

  [[nodiscard]] ESYS_CONTEXT* esys() const { return esys_; }
  // check passes success, and turns everything else into Code::tpm.
  [[nodiscard]] Result<void> check(TSS2_RC rc, std::string_view command);
  [[nodiscard]] Object transient(ESYS_TR tr) const { return {esys_, tr, Object::Kind::transient}; }

  // stored opens a persistent object or an NV index by its handle.
  [[nodiscard]] Result<Object> stored(TPM2_HANDLE handle);
  // parent returns the storage key that keys are made and loaded under. A hierarchy stands for its
  // primary storage key (ECC P-256), which is the same one whenever it is made from the seed.
  [[nodiscard]] Result<Object> parent(TPM2_HANDLE hierarchy_or_handle, const TpmAccess& access);
  [[nodiscard]] Result<Object> create_primary(ESYS_TR hierarchy, const TPM2B_PUBLIC& public_template,
                                              const TpmAccess& access);
  // property reads one fixed property (TPM2_PT_…) of the TPM.
  [[nodiscard]] Result<std::uint32_t> property(TPM2_PT which);
  // has_handle tells whether something is stored at a persistent handle or an NV index.
  [[nodiscard]] Result<bool> has_handle(TPM2_HANDLE handle);
  // read_public_area asks the TPM for a loaded or stored object's public area.
  [[nodiscard]] Result<PublicArea> read_public_area(const Object& object);
  // set_hierarchy_auth tells the stack a hierarchy's password before it is used.
  [[nodiscard]] Result<void> set_hierarchy_auth(ESYS_TR hierarchy, const TpmAccess& access);

  // save and restore keep a loaded object outside of the TPM. The TPM takes it back until it is reset.
  [[nodiscard]] std::optional<TPMS_CONTEXT> save(const Object& object);
  [[nodiscard]] Result<Object> restore(const TPMS_CONTEXT& context);

 private:
  [[nodiscard]] Result<void> free_abandoned_slots();
  std::string tcti_string_;
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  bool lost_ = false;
  std::map<TPM2_HANDLE, TPMS_CONTEXT> parents_;
};

// Key is one key of the TPM and how it gets into a slot. It belongs to its worker's thread.
class Key {
 public:
  Key(KeyReference reference, TpmAccess access)
      : reference_(std::move(reference)), access_(std::move(access)) {}

  // public_area reads the key's public area, from the file or from the TPM.
  [[nodiscard]] Result<PublicArea> public_area(Tpm& tpm);
  // load brings the key into a slot, by the quickest way that works.
  [[nodiscard]] Result<Object> load(Tpm& tpm);

 private:
  [[nodiscard]] Result<Object> load_file(Tpm& tpm, const KeyFile& file);
  [[nodiscard]] Result<Object> load_handle(Tpm& tpm, TPM2_HANDLE handle);
  KeyReference reference_;
  TpmAccess access_;
  std::optional<TPMS_CONTEXT> saved_;
  Bytes name_;  // of a persistent key, when it was first seen
};

}  // namespace seatls::attest::tpm2
