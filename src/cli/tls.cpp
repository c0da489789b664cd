#include "cli/tls.h"

#include <openssl/ssl.h>

#include "cli/session_report.h"
#include "crypto/x509.h"

namespace seatls::cli {
namespace {

class Recorder final : public Verifier {
 public:
  Recorder(std::shared_ptr<Verifier> verifier, std::shared_ptr<Verdicts> verdicts)
      : verifier_(std::move(verifier)), verdicts_(std::move(verdicts)) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return verifier_->schemes(); }
  void appraise(AppraisalRequest request, Done done) override {
    verifier_->appraise(std::move(request),
                        [verdicts = verdicts_, done = std::move(done)](Result<AttestationResult> result) {
                          if (result) verdicts->put(*result);
                          done(std::move(result));
                        });
  }

 private:
  std::shared_ptr<Verifier> verifier_;
  std::shared_ptr<Verdicts> verdicts_;
};

}  // namespace

void FreeContext::operator()(ssl_ctx_st* ctx) const { SSL_CTX_free(ctx); }

bool presents_certificate(const openssl::Connection& connection) {
  return SSL_get_certificate(connection.native()) != nullptr;
}

Result<Spki> end_entity_spki(const LoadedConfig& loaded) {
  SEATLS_TRY(const auto chain, crypto::parse_pem_certificates(loaded.certificate_pem));
  return chain.front().spki();
}

void Verdicts::put(const AttestationResult& result) {
  const std::lock_guard lock(mutex_);
  last_ = result;
}

std::optional<AttestationResult> Verdicts::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

Node Verdicts::node() const {
  const auto result = last();
  if (!result) return {};
  Node peer = Node::object().set("attested", false);
  const Node told = result_node(*result);
  for (const auto& [key, value] : *told.members()) peer.set(key, value);
  return Node::object().set("peer", std::move(peer));
}

std::shared_ptr<Verdicts> record_verdicts(LoadedConfig& loaded) {
  auto verdicts = std::make_shared<Verdicts>();
  if (auto& require = loaded.config.require; require && require->verifier)
    require->verifier = std::make_shared<Recorder>(require->verifier, verdicts);
  return verdicts;
}

}  // namespace seatls::cli
