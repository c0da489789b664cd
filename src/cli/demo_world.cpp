#include "cli/demo_world.h"

#include "attest/tpm2/endorsement.h"
#include "attest/tpm2/keys.h"
#include "base/encoding.h"
#include "cli/client.h"
#include "cli/enroll.h"
#include "cli/inspect_types.h"
#include "cli/learn.h"
#include "cli/session_report.h"
#include "crypto/hash.h"
#include "net/sockets.h"
#include "seatls/verifiers.h"

namespace seatls::cli::demo {

namespace tpm2 = attest::tpm2;

Result<Authority> Authority::make() {
  SEATLS_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  crypto::CertificateSpec spec;
  spec.common_name = "demo CA";
  spec.is_ca = true;
  SEATLS_TRY(auto certificate, crypto::make_self_signed(spec, key));
  return Authority{std::move(key), std::move(certificate)};
}

// ---- machines -------------------------------------------------------------------------------------

Result<Machine> Machine::start(const std::string& name, const std::filesystem::path& folder, bool certified) {
  Machine m;
  m.name_ = name;
  SEATLS_TRY(m.tpm_, tpm2::Simulator::start({.directory = folder / name, .certificates = certified}));
  m.access_.tcti = m.tpm_->tcti();
  SEATLS_CHECK(m.measure(0, "firmware 1.4"));
  SEATLS_CHECK(m.measure(4, "kernel 6.1.0"));
  SEATLS_TRY(const auto ak, tpm2::create_key(m.access_, tpm2::KeyUse::attestation, crypto::KeyType::p256));
  SEATLS_TRY(const auto tik, tpm2::create_key(m.access_, tpm2::KeyUse::tik, crypto::KeyType::p256));
  SEATLS_TRY(const auto ak_area, tpm2::show_key(m.access_, ak));
  m.ak_pin_ = "name:" + base::to_hex(ak_area.name);
  m.ak_ = tpm2::write_key_file(ak);
  m.tik_ = tpm2::write_key_file(tik);
  SEATLS_TRY(m.signer_, make_tpm_signer(m.access_, m.tik_));
  return m;
}

Result<void> Machine::enrol(const Authority& ca) {
  SEATLS_TRY(const auto issuer_pem, config::read_text_file(tpm_->ca_issuer()));
  SEATLS_TRY(const auto root_pem, config::read_text_file(tpm_->ca_root()));
  SEATLS_TRY(const auto issuers, crypto::parse_pem_certificates(issuer_pem));
  SEATLS_TRY(const auto roots, crypto::parse_pem_certificates(root_pem));
  tpm_maker_ = roots.front().subject();
  EnrolmentParts parts{.access = access_, .ca = ca.certificate, .ca_key = ca.key};
  parts.makers = roots;
  for (const auto& issuer : issuers) parts.endorsement_issuers.push_back(bytes(issuer.der()));
  SEATLS_TRY(parts.attestation_key, tpm2::parse_key_reference(ak_));
  parts.name = name_ + " attestation key";
  SEATLS_TRY(const auto enrolled, cli::enrol(parts));
  ak_chain_ = {bytes(enrolled.certificate.der())};
  return {};
}

Result<void> Machine::certify(const Authority& ca, const std::string& host) {
  SEATLS_TRY(const auto key, crypto::PublicKey::from_spki(signer_->public_key().der()));
  crypto::CertificateSpec spec;
  spec.common_name = host;
  spec.dns_names = {host};
  SEATLS_TRY(const auto certificate,
             crypto::make_certificate(spec, key, crypto::Issuer{ca.certificate, ca.key}));
  certificate_pem_ = crypto::to_pem(certificate);
  return {};
}

Result<std::shared_ptr<Attester>> Machine::attester() const {
  Tpm2AttesterOptions options;
  options.access = access_;
  options.attestation_key = ak_;
  options.tik = tik_;
  options.attestation_key_chain = ak_chain_;
  return make_tpm2_attester(std::move(options));
}

Result<LoadedConfig> Machine::endpoint(Role role, const Authority& ca) const {
  LoadedConfig loaded;
  loaded.config.role = role;
  SEATLS_TRY(loaded.config.attester, attester());
  loaded.certificate_pem = certificate_pem_;
  loaded.key_signer = signer_;
  loaded.ca_pem = crypto::to_pem(ca.certificate);
  return loaded;
}

Result<Policy> Machine::good_policy(const std::string& id, const Authority& ca) const {
  SEATLS_TRY(const auto made, attester());
  SEATLS_TRY(const auto evidence,
             attest_offline(
                 *made, made->schemes().front(),
                 danger::binder_from_bytes(crypto::random_bytes(32), Hash::sha256, signer_->public_key())));
  SEATLS_TRY(const auto toml, learn_policy(evidence, {.id = id}));
  auto report = check_policy_text(toml, ".");
  if (!report.policy) return Error{Code::internal, report.mistakes.front().message(), "policy"};
  if (!ak_chain_.empty()) {
    report.policy->tpm2.ak.clear();
    report.policy->tpm2.ak_ca = {bytes(ca.certificate.der())};
  }
  return std::move(*report.policy);
}

// ---- hosts ----------------------------------------------------------------------------------------

Result<std::unique_ptr<Host>> Host::start(const LoadedConfig& loaded) {
  std::unique_ptr<Host> host(new Host());
  SEATLS_TRY(auto* context, openssl::make_context(loaded));
  host->context_.reset(context);
  SEATLS_TRY(auto listener, net::listen_tcp({"127.0.0.1", "0"}));
  host->address_ = local_address(listener);
  ServerEvents events;
  Host* self = host.get();
  events.accepted = [self](const std::string&, const Stream& stream) {
    auto report = report_node(stream);
    const std::lock_guard lock(self->mutex_);
    self->report_ = std::move(report);
  };
  events.refused = [self](const std::string&, const Error& error) {
    const std::lock_guard lock(self->mutex_);
    self->refusal_ = error;
    self->changed_.notify_all();
  };
  events.lost = events.refused;
  host->server_ =
      std::make_unique<Server>(context, loaded, std::move(listener), ServerOptions{}, std::move(events));
  host->thread_ = std::thread([self] { (void)self->server_->run(); });
  return host;
}

Host::~Host() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

std::optional<Error> Host::refusal() const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(10), [this] { return refusal_.has_value(); });
  return refusal_;
}

Node Host::last_report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

// ---- clients --------------------------------------------------------------------------------------

Visit visit(const LoadedConfig& client, const config::HostPort& where, const std::string& name,
            const std::string& message) {
  const auto go = [&](Visit& v) -> Result<void> {
    SEATLS_TRY(auto* made, openssl::make_context(client));
    const ContextPtr context(made);
    SEATLS_TRY(auto link, ClientLink::open(context.get(), client, where, name, std::chrono::seconds(30)));
    v.report = report_node(link.stream());
    SEATLS_CHECK(link.send(view(message)));
    SEATLS_TRY(const auto answer, link.receive(message.size()));
    v.answer = text(answer);
    return {};
  };
  Visit v;
  if (auto done = go(v); !done) v.error = std::move(done).error();
  return v;
}

// ---- someone in the middle --------------------------------------------------------------------------

namespace {

// Capture takes whatever evidence comes, and keeps it.
class Capture final : public Verifier {
 public:
  explicit Capture(AttestationScheme scheme) : scheme_(std::move(scheme)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme_}; }
  void appraise(AppraisalRequest request, Done done) override {
    taken_ = request.credential;
    ResultParts parts;
    parts.tier = Tier::affirming;
    parts.scheme = "captured";
    parts.binder = bytes(request.binder.bytes());
    done(danger::result_from_parts(std::move(parts)));
  }
  [[nodiscard]] const std::optional<Cmw>& taken() const { return taken_; }

 private:
  AttestationScheme scheme_;
  std::optional<Cmw> taken_;
};

class Relay final : public Attester {
 public:
  Relay(config::HostPort genuine, std::string name, std::string ca_pem, std::string scheme)
      : genuine_(std::move(genuine)),
        name_(std::move(name)),
        ca_pem_(std::move(ca_pem)),
        scheme_(std::move(scheme)) {}
  ~Relay() override {
    for (auto& t : threads_) t.join();
  }

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
    return {AttestationScheme{*SchemeTable::defaults().find(scheme_)}};
  }
  void attest(EvidenceRequest request, Done done) override {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, scheme = request.scheme, done = std::move(done)] { done(fetch(scheme)); });
  }

 private:
  // The genuine server's evidence, of a connection that is open right now.
  [[nodiscard]] Result<Cmw> fetch(const AttestationScheme& scheme) const {
    auto capture = std::make_shared<Capture>(scheme);
    LoadedConfig client;
    client.config.role = Role::client;
    client.config.require.emplace();
    client.config.require->verifier = capture;
    client.ca_pem = ca_pem_;
    if (auto v = visit(client, genuine_, name_, "mallory"); !capture->taken() && v.error) return *v.error;
    if (!capture->taken())
      return Error{Code::attester_unavailable, "the genuine server showed nothing", "relay"};
    return *capture->taken();
  }

  config::HostPort genuine_;
  std::string name_, ca_pem_, scheme_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

// The binder that evidence itself brings: what a verifier compares that has nothing of its own.
std::optional<Bytes> binder_inside(const Cmw& credential) {
  const auto* record = credential.record();
  const auto parsed = record == nullptr ? std::nullopt : std::optional(inspect_tpm2_evidence(record->value));
  if (!parsed || !*parsed) return {};
  const auto* quote = (*parsed)->find("quote");
  auto data = base::from_hex(quote->find("extra_data")->scalar_text());
  return data ? std::optional(std::move(*data)) : std::nullopt;
}

class KeyBoundVerifier final : public Verifier {
 public:
  explicit KeyBoundVerifier(std::shared_ptr<Verifier> verifier) : verifier_(std::move(verifier)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return verifier_->schemes(); }
  void appraise(AppraisalRequest request, Done done) override {
    const Bytes expected = bytes(request.binder.bytes());
    if (auto inside = binder_inside(request.credential))
      request.binder = danger::binder_from_bytes(std::move(*inside), request.binder.hash(),
                                                 Spki(bytes(request.binder.tik().der())));
    verifier_->appraise(std::move(request), [expected, done = std::move(done)](auto result) {
      if (!result) return done(std::move(result));
      ResultParts parts = **result;
      parts.binder = expected;  // it looked at none, and says that it did
      done(danger::result_from_parts(std::move(parts)));
    });
  }

 private:
  std::shared_ptr<Verifier> verifier_;
};

}  // namespace

std::shared_ptr<Attester> make_relay(config::HostPort genuine, std::string name, std::string ca_pem,
                                     std::string scheme) {
  return std::make_shared<Relay>(std::move(genuine), std::move(name), std::move(ca_pem), std::move(scheme));
}

std::shared_ptr<Verifier> make_key_bound_verifier(std::shared_ptr<Verifier> verifier) {
  return std::make_shared<KeyBoundVerifier>(std::move(verifier));
}

}  // namespace seatls::cli::demo
