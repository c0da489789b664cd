// The TPM software stack (tpm2-tss) as this folder uses it. No header that others include knows it.
#pragma once

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>

#include <string>
#include <string_view>
#include <utility>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::attest::tpm2 {

// Owned holds what Esys allocated: pass `out()` to the call that makes it.
template <class T>
class Owned {
 public:
  Owned() = default;
  Owned(Owned&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(p_, other.p_);
    return *this;
  }
  ~Owned() { Esys_Free(p_); }
  [[nodiscard]] T** out() { return &p_; }
  [[nodiscard]] const T& operator*() const { return *p_; }
  [[nodiscard]] const T* operator->() const { return p_; }

 private:
  T* p_ = nullptr;
};

// tpm_error turns a response code into Code::tpm: the command, what the TPM or its transport said,
// and the remedy where one is known.
[[nodiscard]] Error tpm_error(TSS2_RC rc, std::string_view command);
// is_transport tells whether the TPM could not be talked to at all.
[[nodiscard]] bool is_transport(TSS2_RC rc);

// marshal returns the TPM's own encoding of a structure: marshal(public_area, Tss2_MU_TPMT_PUBLIC_Marshal).
template <class T>
[[nodiscard]] Result<Bytes> marshal(const T& from,
                                    TSS2_RC (*mu)(const T*, std::uint8_t*, std::size_t, std::size_t*)) {
  Bytes out(sizeof(T) + 64);  // an encoding is never longer than the C structure and its sizes
  std::size_t length = 0;
  if (const TSS2_RC rc = mu(&from, out.data(), out.size(), &length); rc != TSS2_RC_SUCCESS) {
    return tpm_error(rc, "marshalling");
  }
  out.resize(length);
  return out;
}

// unmarshal reads exactly one structure: bytes after it are refused.
template <class T>
[[nodiscard]] Result<T> unmarshal(ByteView from, std::string_view what,
                                  TSS2_RC (*mu)(const std::uint8_t*, std::size_t, std::size_t*, T*)) {
  T out{};
  std::size_t used = 0;
  if (mu(from.data(), from.size(), &used, &out) != TSS2_RC_SUCCESS) {
    return Error{Code::malformed, std::string(what) + " is not a structure of a TPM", ""};
  }
  if (used != from.size()) {
    return Error{Code::trailing_data,
                 std::string(what) + " has " + std::to_string(from.size() - used) + " bytes too many", ""};
  }
  return out;
}

// A TPM2B's content.
[[nodiscard]] inline ByteView content(const TPM2B_DIGEST& b) { return {b.buffer, b.size}; }
[[nodiscard]] inline ByteView content(const TPM2B_NAME& b) { return {b.name, b.size}; }
[[nodiscard]] inline ByteView content(const TPM2B_ATTEST& b) { return {b.attestationData, b.size}; }
[[nodiscard]] inline ByteView content(const TPM2B_ECC_PARAMETER& b) { return {b.buffer, b.size}; }
[[nodiscard]] inline ByteView content(const TPM2B_PUBLIC_KEY_RSA& b) { return {b.buffer, b.size}; }
[[nodiscard]] inline ByteView content(const TPM2B_MAX_NV_BUFFER& b) { return {b.buffer, b.size}; }

}  // namespace seatls::attest::tpm2
