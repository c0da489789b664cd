#include "attacks/reencoded.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "binder/early_binder.h"
#include "binder/transcript.h"

namespace seatls::attacks {

Compressed compressed() {
  auto own = fake::certified();
  EVP_PKEY* key = nullptr;
  {
    const Secret pem = own.key.to_pem().value();
    BIO* in = BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size()));
    key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
    BIO_free(in);
  }
  EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed");
  const unsigned char* der = own.certificate.der().data();
  X509* x = d2i_X509(nullptr, &der, static_cast<long>(own.certificate.der().size()));
  X509_set_pubkey(x, key);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  X509_sign(x, key, EVP_sha256());
  unsigned char* out = nullptr;
  const int n = i2d_X509(x, &out);
  auto certificate = crypto::Certificate::from_der({out, static_cast<std::size_t>(n)}).value();
  OPENSSL_free(out);
  X509_free(x);
  EVP_PKEY_free(key);
  const Spki usual = own.key.public_key().spki();
  return {{std::move(own.key), std::move(certificate)}, usual};
}

void expect_b06_refused(const Compressed& odd, const std::shared_ptr<Verifier>& verifier,
                        const AttestationScheme& scheme,
                        const std::function<Cmw(const Binder& other)>& evidence) {
  constexpr int access_denied = 49;
  ASSERT_NE(odd.identity.certificate.spki(), odd.usual);
  auto relying = client(verifier);
  relying.config->require->identity = IdentityRule::attested_key;  // the certificate is self-signed
  binder::Transcript transcript;
  static binder::Transcript* heard = nullptr;
  heard = &transcript;
  auto attacker = server(
      odd.identity, std::make_shared<Teller>(scheme, [&](const EvidenceRequest& r) {
        return evidence(binder::derive_early_binder(r.binder.hash(), false,
                                                    transcript.hash(r.binder.hash()).value(), odd.usual)
                            .value());
      }));
  attacker.options.message_callback = [](int, int, int type, const void* data, std::size_t n, SSL*, void*) {
    const auto* p = static_cast<const std::uint8_t*>(data);
    if (type == SSL3_RT_HANDSHAKE && p[0] <= 2) std::ignore = heard->add({p, n});
  };
  fake::TlsPair pair(relying, attacker);
  pair.run_until_settled();
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::binder_mismatch)) << pair.client->error()->message();
  EXPECT_EQ(pair.client->read_last, fake::MessageType::certificate);
  EXPECT_EQ(pair.client->alert_sent, access_denied);
  EXPECT_EQ(pair.leak(), "");
}

}  // namespace seatls::attacks
