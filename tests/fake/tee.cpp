#include "fake/tee.h"

#include <algorithm>

#include "codec/tls.h"
#include "crypto/hash.h"

namespace seatls::fake {
namespace {

constexpr auto kAlgorithm = crypto::SignatureAlgorithm::ecdsa_p256_sha256;

}  // namespace

Bytes FakeEvidence::to_be_signed() const {
  codec::Writer w;
  w.vector<0, 0xff>("binder", binder);
  w.vector<0, 0xff>("ueid", view(ueid));
  w.vector<0, 0xff>("measurement", measurement);
  w.u8(debug ? 1 : 0);
  w.vector<0, 0xff>("tik_hash", tik_hash);
  return std::move(w).take();
}

Bytes FakeEvidence::encode() const {
  codec::Writer w;
  w.bytes(to_be_signed());
  w.vector<0, 0xff>("signature", signature);
  return std::move(w).take();
}

Result<FakeEvidence> FakeEvidence::decode(ByteView in) {
  codec::Reader r(in);
  FakeEvidence e;
  e.binder = bytes(r.vector<0, 0xff>("binder"));
  e.ueid = text(r.vector<0, 0xff>("ueid"));
  e.measurement = bytes(r.vector<0, 0xff>("measurement"));
  e.debug = r.u8("debug") != 0;
  e.tik_hash = bytes(r.vector<0, 0xff>("tik_hash"));
  e.signature = bytes(r.vector<0, 0xff>("signature"));
  if (r.error()) return *r.error();
  if (!r.done()) return Error{Code::trailing_data, "", ""};
  return e;
}

FakeTee::FakeTee(std::string ueid_)
    : ueid(std::move(ueid_)), machine_key(crypto::PrivateKey::generate(crypto::KeyType::p256).value()) {}

Result<FakeEvidence> FakeTee::sign(ByteView binder, const Spki& tik) const {
  if (checks_tik && std::ranges::find(tiks, tik) == tiks.end())
    return Error{Code::foreign_key, "this environment made no such key", ""};
  FakeEvidence e{bytes(binder), ueid, measurement, debug, crypto::digest(Hash::sha256, tik.der()), {}};
  SEATLS_TRY(e.signature, machine_key.sign(kAlgorithm, e.to_be_signed(), crypto::EcdsaForm::der));
  return e;
}

}  // namespace seatls::fake
