// A peer that breaks the protocol: plain OpenSSL with the extension's bodies written by the test.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "codec/tls.h"
#include "fake/attester.h"
#include "wire/remote_attestation.h"

namespace seatls::openssl {

// RawExtension sends a body in each place (message, index of the CertificateEntry) that it has one
// for, and takes whatever comes.
class RawExtension {
 public:
  std::map<std::pair<unsigned, std::size_t>, Bytes> bodies;
  std::uint16_t type = 0xFF5E;

  RawExtension& in(unsigned context, Bytes body, std::size_t index = 0) {
    bodies[{context, index}] = std::move(body);
    return *this;
  }
  // operator() registers with a context; the RawExtension must outlive it.
  void operator()(SSL_CTX* ctx) {
    constexpr unsigned places = SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO |
                                SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS | SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
                                SSL_EXT_TLS1_3_CERTIFICATE;
    SSL_CTX_add_custom_ext(ctx, type, places, add, nullptr, this, parse, nullptr);
  }

 private:
  static int add(SSL*, unsigned, unsigned context, const unsigned char** out, size_t* length, X509*,
                 size_t index, int*, void* self) {
    auto& bodies = static_cast<RawExtension*>(self)->bodies;
    const auto body = bodies.find({context, index});
    if (body == bodies.end()) return 0;
    *out = body->second.data();
    *length = body->second.size();
    return 1;
  }
  static int parse(SSL*, unsigned, unsigned, const unsigned char*, size_t, X509*, size_t, int*, void*) {
    return 1;
  }
};

template <class Body>
Bytes body_of(const Body& body) {
  return codec::encode(body).value();
}
inline Bytes server_choice(AttestationScheme scheme = fake::evidence_scheme()) {
  return body_of(wire::ServerChoice{std::move(scheme)});
}
inline Bytes client_choice(AttestationScheme scheme = fake::evidence_scheme()) {
  return body_of(wire::ClientChoice{std::move(scheme)});
}
inline Bytes client_offer() {
  return body_of(wire::ClientOffer{{fake::evidence_scheme()}, {fake::evidence_scheme()}});
}

}  // namespace seatls::openssl
