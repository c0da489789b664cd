// A relying party with a made-up verifier service, without a network.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "crypto/hash.h"
#include "fake/http_loop.h"
#include "fake/verifier_service.h"
#include "remote/verifier.h"
#include "seatls/attesters.h"

namespace seatls::remote {

using std::chrono::milliseconds;

// Peer is an attester with software evidence.
struct Peer {
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  std::shared_ptr<Attester> attester = [this] {
    SoftwareAttesterOptions options;
    options.tiks.push_back(key.to_pem().value());
    return make_software_attester(std::move(options)).value();
  }();
  [[nodiscard]] Spki tik() const { return key.public_key().spki(); }
  [[nodiscard]] Binder binder(std::uint8_t of = 7) const {
    return danger::binder_from_bytes(Bytes(32, of), Hash::sha256, tik());
  }
  // request is what a relying party has in hand for a connection with this binder.
  [[nodiscard]] AppraisalRequest request(std::uint8_t of = 7) const { return shown(binder(of), binder(of)); }
  [[nodiscard]] AppraisalRequest shown(const Binder& made_over, const Binder& expected) const {
    std::optional<Cmw> evidence;
    const auto scheme = attester->schemes().front();
    attester->attest({scheme, made_over}, [&](Result<Cmw> made) { evidence = made.value(); });
    const auto digest = crypto::digest(Hash::sha256, encode_cmw(*evidence).value());
    return {scheme, *evidence, expected, digest};
  }
};

// World is one relying party, and what it is about to hear.
struct World {
  explicit World(const std::function<void(RemoteVerifierOptions&)>& change = {}) {
    RemoteVerifierOptions options;
    options.services = {{"verifier.example", "https://verifier.example:8443"}};
    options.schemes = {"software"};
    options.result.verifiers = {{"verifier.example", {service.key.public_key().spki()}}};
    options.result.max_age = std::chrono::minutes(5);
    options.danger.software_evidence = true;
    if (change) change(options);
    auto made_loop = std::make_shared<fake::FakeLoop>();
    loop = made_loop.get();
    verifier = make_verifier(std::move(options), std::move(made_loop), [] { return 1.0; }).value();
  }

  using Got = std::shared_ptr<std::optional<Result<AttestationResult>>>;
  Got ask(AppraisalRequest request) {
    auto got = std::make_shared<std::optional<Result<AttestationResult>>>();
    verifier->appraise(std::move(request), [got](auto r) {
      EXPECT_FALSE(*got) << "answered twice";
      got->emplace(std::move(r));
    });
    loop->turn();
    return got;
  }
  // serve answers the oldest request as the service does.
  void serve() {
    auto sent = loop->taken();
    sent.then(service.answer(sent.request));
    loop->turn();
  }
  void serve_all() {
    while (loop->waiting() > 0) serve();
  }
  void answer(Result<net::HttpResponse> response) {
    loop->taken().then(std::move(response));
    loop->turn();
  }
  Got judge(AppraisalRequest request) {
    auto got = ask(std::move(request));
    serve_all();
    return got;
  }

  Peer peer;
  fake::VerifierService service;
  fake::FakeLoop* loop = nullptr;
  std::shared_ptr<Verifier> verifier;
};

inline net::HttpResponse status(unsigned code, net::HttpHeaders headers = {}) {
  return fake::VerifierService::status(code, std::move(headers));
}
inline Error network() { return {Code::network, "connection refused", "http"}; }

}  // namespace seatls::remote
