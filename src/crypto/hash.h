// Hashes, HMAC and HKDF over libcrypto.
#pragma once

#include <memory>
#include <string_view>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::crypto {

// digest and hmac abort when libcrypto cannot hash at all (out of memory, no provider): nothing that
// runs on would be safe.
[[nodiscard]] Bytes digest(Hash hash, ByteView data);
[[nodiscard]] Bytes hmac(Hash hash, ByteView key, ByteView data);

// Hasher hashes piece by piece; `current` gives the hash so far and lets it go on, `fork` a second
// one that goes on from here by itself.
class Hasher {
 public:
  explicit Hasher(Hash hash);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();
  void update(ByteView data);
  [[nodiscard]] Bytes current() const;
  [[nodiscard]] Hasher fork() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// RFC 5869. hkdf_expand gives up to 255 times the hash's size. Errors: misuse, crypto.
[[nodiscard]] Bytes hkdf_extract(Hash hash, ByteView salt, ByteView input_key);
[[nodiscard]] Result<Bytes> hkdf_expand(Hash hash, ByteView pseudorandom_key, ByteView info,
                                        std::size_t length);

// RFC 8446, 7.1: HKDF-Expand-Label, with the prefix of TLS ("tls13 ") or of DTLS ("dtls13").
enum class LabelPrefix : std::uint8_t { tls13, dtls13 };
[[nodiscard]] Result<Bytes> hkdf_expand_label(Hash hash, LabelPrefix prefix, ByteView secret,
                                              std::string_view label, ByteView context, std::size_t length);

// random_bytes returns `n` bytes of the CSPRNG, and aborts when there is none.
[[nodiscard]] Bytes random_bytes(std::size_t n);

}  // namespace seatls::crypto
