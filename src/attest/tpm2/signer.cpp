// The TLS key of an endpoint, kept in a TPM.
#include <algorithm>

#include "attest/tpm2/tpm.h"
#include "attest/tpm2/worker.h"
#include "codec/der.h"
#include "seatls/attesters.h"

namespace seatls {
namespace attest::tpm2 {
namespace {

namespace der = codec::der;

TPMI_ALG_HASH algorithm(Hash hash) { return hash == Hash::sha384 ? TPM2_ALG_SHA384 : TPM2_ALG_SHA256; }

Result<Bytes> sign_on(Tpm& tpm, Key& key, Hash hash, const Bytes& digest) {
  SEATLS_TRY(const Object object, key.load(tpm));
  TPM2B_DIGEST to_sign{};
  to_sign.size = static_cast<UINT16>(digest.size());
  std::copy(digest.begin(), digest.end(), to_sign.buffer);
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_ECDSA;
  scheme.details.ecdsa.hashAlg = algorithm(hash);
  // A key that is not restricted needs no proof that the TPM made the digest.
  TPMT_TK_HASHCHECK no_ticket{};
  no_ticket.tag = TPM2_ST_HASHCHECK;
  no_ticket.hierarchy = TPM2_RH_NULL;
  Owned<TPMT_SIGNATURE> signature;
  SEATLS_CHECK(tpm.check(Esys_Sign(tpm.esys(), object.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &to_sign, &scheme, &no_ticket, signature.out()),
                         "TPM2_Sign"));
  if (signature->sigAlg != TPM2_ALG_ECDSA) {
    return Error{Code::tpm, "the TPM signed with another algorithm than asked for", "TPM2_Sign"};
  }
  const auto& rs = signature->signature.ecdsa;
  // Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
  return der::write(der::tag::sequence, {der::write_unsigned(content(rs.signatureR)),
                                         der::write_unsigned(content(rs.signatureS))});
}

class TpmSigner final : public Signer {
 public:
  TpmSigner(std::shared_ptr<Worker> worker, std::shared_ptr<Key> key, const crypto::PublicKey& public_key)
      : worker_(std::move(worker)),
        key_(std::move(key)),
        spki_(public_key.spki()),
        hash_(public_key.type() == crypto::KeyType::p384 ? Hash::sha384 : Hash::sha256) {}

  const Spki& public_key() const override { return spki_; }
  Hash hash() const override { return hash_; }

  void sign(Bytes digest, Done done) override {
    if (digest.size() != size(hash_)) {
      done(Error{Code::misuse,
                 "a digest of " + std::to_string(digest.size()) + " bytes; the key signs " +
                     std::string(name(hash_)),
                 "digest"});
      return;
    }
    worker_->post<Bytes>([key = key_, hash = hash_,
                          digest = std::move(digest)](Tpm& tpm) { return sign_on(tpm, *key, hash, digest); },
                         std::move(done));
  }

 private:
  std::shared_ptr<Worker> worker_;
  std::shared_ptr<Key> key_;  // used by the worker's jobs alone
  Spki spki_;
  Hash hash_;
};

Result<std::shared_ptr<Signer>> make_signer(const TpmAccess& access, const std::string& key_text) {
  SEATLS_TRY(KeyReference reference, parse_key_reference(key_text));
  auto worker = Worker::shared(access.tcti);
  auto key = std::make_shared<Key>(std::move(reference), access);
  SEATLS_TRY(const PublicArea area,
             worker->call<PublicArea>([&](Tpm& tpm) { return key->public_area(tpm); }));
  SEATLS_CHECK(check_tik(area));
  auto signer = std::make_shared<TpmSigner>(worker, key, area.key);
  if (area.signing_hash && *area.signing_hash != signer->hash()) {
    return Error{Code::configuration,
                 "the key signs " + std::string(name(*area.signing_hash)) + " alone; TLS needs " +
                     std::string(name(signer->hash())) + " with its curve",
                 "scheme"};
  }
  return std::shared_ptr<Signer>(std::move(signer));
}

}  // namespace
}  // namespace attest::tpm2

Result<std::shared_ptr<Signer>> make_tpm_signer(const TpmAccess& access, const std::string& key) {
  return attest::tpm2::make_signer(access, key);
}

}  // namespace seatls
