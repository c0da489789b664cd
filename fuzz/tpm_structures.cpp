// One input, read as each of the TPM structures: what is read kept every byte, and can be used.
#include "appraise/schemes/tpm/structures.h"

#include <algorithm>

#include "fuzz/fuzz.h"

namespace seatls::fuzz {
namespace {

namespace tpm = appraise::tpm;

void attest(ByteView in) {
  const auto read = tpm::parse_attest(in);
  if (!read) return demand(!read.error().detail.empty());
  demand(std::ranges::equal(read->raw, in));
  demand((read->quote() != nullptr) != (read->certify() != nullptr));
  if (read->quote() != nullptr)
    for (const auto& selection : read->quote()->selection) demand(std::ranges::is_sorted(selection.pcrs));
}

void public_area(ByteView in) {
  const auto read = tpm::parse_public(in);
  if (!read) return demand(!read.error().detail.empty());
  demand(std::ranges::equal(read->raw, in));
  demand(read->name().size() == 2 + size(read->name_alg));
  demand(read->key.same_key(*crypto::PublicKey::from_spki(read->key.spki().der())));
}

void signature(ByteView in) {
  const auto read = tpm::parse_signature(in);
  if (!read) return demand(!read.error().detail.empty());
  demand((read->scheme.scheme == tpm::SigningScheme::ecdsa) == read->rsa.empty() || read->rsa.empty());
}

}  // namespace
}  // namespace seatls::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const seatls::ByteView in{data, size};
  seatls::fuzz::attest(in);
  seatls::fuzz::public_area(in);
  seatls::fuzz::signature(in);
  return 0;
}
