// FakeTee: an attested environment that a test can bend, and the evidence that it signs.
#pragma once

#include <string>
#include <vector>

#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::fake {

// FakeEvidence is what the machine's key signs.
struct FakeEvidence {
  Bytes binder;  // empty in a passport
  std::string ueid;
  Bytes measurement;
  bool debug = false;
  Bytes tik_hash;  // SHA-256 of the SPKI that the evidence names
  Bytes signature;

  [[nodiscard]] Bytes to_be_signed() const;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<FakeEvidence> decode(ByteView bytes);
};

inline const Bytes& good_measurement() {
  static const Bytes value(32, 0x60);
  return value;
}

struct FakeTee {
  explicit FakeTee(std::string ueid_ = "machine-1");

  // sign makes evidence over a binder and the key it commits to. Errors: foreign_key, unless the
  // environment is one that signs what it is given (checks_tik false: a split host, a quoting oracle).
  [[nodiscard]] Result<FakeEvidence> sign(ByteView binder, const Spki& tik) const;

  std::string ueid;
  crypto::PrivateKey machine_key;
  Bytes measurement = good_measurement();
  bool debug = false;
  bool checks_tik = true;
  std::vector<Spki> tiks;  // the keys that were made inside
};

}  // namespace seatls::fake
