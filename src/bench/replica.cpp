#include "bench/replica.h"

#include "base/clock.h"
#include "seatls/config_file.h"
#include "seatls/verifiers.h"

namespace seatls::bench {

Result<std::unique_ptr<Replica>> Replica::start(ReplicaOptions options, const Identity& identity) {
  LoadedConfig loaded;
  loaded.config.role = Role::server;
  loaded.certificate_pem = crypto::to_pem(identity.certificate);
  SEATLS_TRY(loaded.key_pem, identity.key.to_pem());
  SEATLS_TRY(auto* const context, openssl::make_context(loaded));
  const auto shared_context = std::shared_ptr<ssl_ctx_st>(context, SSL_CTX_free);
  SEATLS_TRY(auto store, service::open_store(options.store, {}));
  SEATLS_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  auto replica = std::unique_ptr<Replica>(new Replica(key.public_key().spki()));
  replica->context_ = shared_context;
  const auto clock = base::system_clock();
  SEATLS_TRY(auto signer, service::ResultSigner::make({.key = std::move(key), .issuer = name, .build = "1"},
                                                      store, clock()));
  LocalVerifierOptions local;
  local.evidence_cache = std::make_shared<EvidenceCache>();
  auto judge = std::make_shared<service::Judge>(
      service::JudgeOptions{{std::move(options.policy)}, {}, std::nullopt, std::move(local)}, store);
  auto metrics = std::make_shared<service::Metrics>();
  replica->api_ = std::make_unique<service::Api>(
      service::Parts{{}, std::move(store), std::move(judge), std::move(signer), metrics, clock});
  if (options.delay.count() > 0) replica->delay_ = std::make_unique<Delay>(options.delay);
  service::ServerLimits limits;
  limits.requests_per_second = 0;
  limits.connections_of_client = limits.connections;
  SEATLS_TRY(
      replica->server_,
      service::Server::start({{"127.0.0.1:0", [shared_context] { return shared_context; },
                               [self = replica.get()](service::Request request, service::Api::Done done) {
                                 self->handle(std::move(request), std::move(done));
                               }}},
                             limits, {}, metrics));
  const auto address = replica->server_->addresses().front();
  replica->url_ = "https://localhost" + address.substr(address.rfind(':'));
  replica->thread_ = std::thread([server = replica->server_.get()] { server->run(); });
  return replica;
}

Replica::~Replica() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

void Replica::handle(service::Request request, service::Api::Done done) {
  const bool verdict = request.method == "POST" && request.path.find("/session/") != std::string::npos;
  if (!delay_ || !verdict) return api_->handle(std::move(request), std::move(done));
  auto asked = std::make_shared<service::Request>(std::move(request));
  delay_->then([this, asked, done = std::move(done)] { api_->handle(std::move(*asked), done); });
}

}  // namespace seatls::bench
