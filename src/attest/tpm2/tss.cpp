#include "attest/tpm2/tss.h"

#include <tss2/tss2_rc.h>

namespace seatls::attest::tpm2 {
namespace {

// A format-one code carries the parameter, handle or session that it is about in its upper bits.
TSS2_RC without_position(TSS2_RC rc) { return (rc & TPM2_RC_FMT1) != 0 ? (rc & (TPM2_RC_FMT1 | 0x3fU)) : rc; }

std::string_view remedy(TSS2_RC rc) {
  if (is_transport(rc)) {
    return "; check the TCTI string, that the TPM is there, and that this user may open it (group tss)";
  }
  switch (without_position(rc & 0xffffU)) {
    case TPM2_RC_OBJECT_MEMORY:
      return "; other programs hold the TPM's object slots: use the resource manager (/dev/tpmrm0), or "
             "free them with tpm2_flushcontext --transient-object";
    case TPM2_RC_LOCKOUT: return "; the TPM is locked after wrong passwords: tpm2_dictionarylockout";
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_BAD_AUTH: return "; the key's or the hierarchy's password is not the configured one";
    case TPM2_RC_HANDLE: return "; nothing is stored at this handle";
    case TPM2_RC_INTEGRITY:
      return "; the key belongs to another TPM, or this TPM was cleared since: make a new key";
    case TPM2_RC_HIERARCHY: return "; the hierarchy is disabled in the firmware's settings";
    case TPM2_RC_CURVE: return "; the TPM does not know this curve: use P-256";
    default: return "";
  }
}

}  // namespace

bool is_transport(TSS2_RC rc) {
  const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TCTI_RC_LAYER || rc == TSS2_ESYS_RC_IO_ERROR;
}

Error tpm_error(TSS2_RC rc, std::string_view command) {
  std::string detail(command);
  detail.append(": ").append(Tss2_RC_Decode(rc)).append(remedy(rc));
  return {Code::tpm, std::move(detail), ""};
}

}  // namespace seatls::attest::tpm2
