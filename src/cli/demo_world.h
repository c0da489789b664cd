// The demo's world: machines with a TPM, endpoints that talk TLS over the loopback, and someone in the
// middle. Everything is real: swtpm, two TLS endpoints, sockets.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attest/tpm2/simulator.h"
#include "cli/server.h"
#include "cli/tls.h"
#include "crypto/x509.h"
#include "seatls/attesters.h"
#include "seatls/config_file.h"
#include "seatls/policy.h"

namespace seatls::cli::demo {

// Authority is the demo's little CA: it certifies TLS keys, and attestation keys of enrolled TPMs.
struct Authority {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
  [[nodiscard]] static Result<Authority> make();
};

// Machine has a TPM with an attestation key and a TLS key, both made inside it.
class Machine {
 public:
  // start powers the machine on, measures what it boots, and makes the keys.
  [[nodiscard]] static Result<Machine> start(const std::string& name, const std::filesystem::path& folder,
                                             bool certified);

  // enrol has the attestation key certified, by credential activation.
  [[nodiscard]] Result<void> enrol(const Authority& ca);
  // certify has the TLS key certified for `host`.
  [[nodiscard]] Result<void> certify(const Authority& ca, const std::string& host);
  [[nodiscard]] Result<void> measure(unsigned pcr, std::string_view what) const {
    return tpm_->measure(pcr, what);
  }

  // endpoint makes a configuration that shows this machine: its certificate, its TLS key, its attester.
  [[nodiscard]] Result<LoadedConfig> endpoint(Role role, const Authority& ca) const;
  // good_policy accepts exactly what this machine is now. Its attestation key is trusted through the CA
  // when it is enrolled, else by its own name.
  [[nodiscard]] Result<Policy> good_policy(const std::string& id, const Authority& ca) const;

  [[nodiscard]] const std::string& tpm_maker() const { return tpm_maker_; }
  [[nodiscard]] const std::string& ak_pin() const { return ak_pin_; }
  [[nodiscard]] const std::shared_ptr<Signer>& signer() const { return signer_; }
  [[nodiscard]] const std::string& certificate_pem() const { return certificate_pem_; }

 private:
  [[nodiscard]] Result<std::shared_ptr<Attester>> attester() const;
  std::string name_;
  std::unique_ptr<attest::tpm2::Simulator> tpm_;
  TpmAccess access_;
  std::string ak_, tik_;  // key files
  std::string ak_pin_, tpm_maker_;
  std::shared_ptr<Signer> signer_;
  std::vector<Bytes> ak_chain_;
  std::string certificate_pem_;
};

// Host runs a server on a thread of its own, until it goes away.
class Host {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Host>> start(const LoadedConfig& loaded);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  [[nodiscard]] const config::HostPort& address() const { return address_; }
  // refusal is why the last connection was refused, if one was. A client may know of its end first, so the
  // server's word is waited for.
  [[nodiscard]] std::optional<Error> refusal() const;
  // last_report is what is known of the last client that was accepted.
  [[nodiscard]] Node last_report() const;

 private:
  Host() = default;
  ContextPtr context_;
  config::HostPort address_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<Error> refusal_;
  Node report_;
};

// Visit is one connection to a host, seen by the client.
struct Visit {
  std::optional<Error> error;  // why there was no answer
  Node report;                 // of the session, when the handshake was accepted
  std::string answer;          // what the server echoed
};
[[nodiscard]] Visit visit(const LoadedConfig& client, const config::HostPort& where, const std::string& name,
                          const std::string& message);

// make_relay is Mallory's attester: she has no attestation key. Asked for evidence, she connects to the
// genuine server in the same moment, has it attest itself to her, and passes that on.
[[nodiscard]] std::shared_ptr<Attester> make_relay(config::HostPort genuine, std::string name,
                                                   std::string ca_pem, std::string scheme = "tpm2");

// make_key_bound_verifier judges as designs do that bind evidence to the certificate's key alone (RA-TLS):
// it believes whatever binder the evidence brings. It exists to be fooled.
[[nodiscard]] std::shared_ptr<Verifier> make_key_bound_verifier(std::shared_ptr<Verifier> verifier);

}  // namespace seatls::cli::demo
