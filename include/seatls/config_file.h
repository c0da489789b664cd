// The configuration file: one TOML file that the command line and the library read alike.
// docs/usage/configuration.md tells every key.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/channel.h"
#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/signer.h"

struct ssl_ctx_st;

namespace seatls {

// ConfigMistake is one thing that keeps a configuration from being used.
struct ConfigMistake {
  std::string file;
  unsigned line = 0;   // 0: the mistake is that something is missing from the file
  std::string key;     // "require.accept"
  std::string what;    // what is wrong, with the value and its limit
  std::string remedy;  // what to write instead
  // configuration: the file must be changed. Any other code: something that it names is not there
  // or cannot be used (tpm, io).
  Code code = Code::configuration;
  bool operator==(const ConfigMistake&) const = default;

  [[nodiscard]] std::string message() const;  // "client.toml:7: require.accept: … Remedy: …"
};

// LoadedConfig is a configuration with everything that it names opened: keys, certificates, the
// attester, the verifier and its policy.
// Framing says on which connections seatls/1 carries data and attestation (docs/protocol/framing.md).
enum class Framing : std::uint8_t {
  automatic,  // a client offers it when it attests itself or the peer after the handshake; a server takes it
              // up
  seatls_1,   // always: a peer without it is refused
  none,       // never: plain application data, and attestation in the handshake alone
};

struct LoadedConfig {
  std::string path;
  Config config;

  // What TLS presents: a chain with the end-entity certificate first (empty: none), and the key of
  // it, as PEM or as a signer that holds it elsewhere.
  std::string certificate_pem;
  std::optional<Secret> key_pem;
  std::shared_ptr<Signer> key_signer;

  // How attestation goes on after the handshake. Data passes through a Channel with these options where
  // seatls/1 was negotiated (Connection::alpn), or demanded.
  ChannelOptions channel;
  Framing framing = Framing::automatic;
  // Timing post or hybrid, or framing `seatls_1`: there is no connection without a Channel.
  [[nodiscard]] bool demands_channel() const;

  std::string ca_pem;               // whom to trust for the peer's certificate; empty: the system's
  std::vector<std::string> suites;  // TLS 1.3 suites in preference order; empty: the stack's own
  std::string listen;               // server: "127.0.0.1:8443"
  std::string connect;              // client: "localhost:8443"
  std::string name;                 // that the peer's certificate must have; empty: the name connected to
};

// ConfigReport is what check_config found: the opened configuration, or every mistake in it.
struct ConfigReport {
  std::optional<LoadedConfig> loaded;
  std::vector<ConfigMistake> mistakes;
};

// check_config reads the file and opens what it names. `role`: the one that the caller is about to
// play; a file for the other role is a mistake.
[[nodiscard]] ConfigReport check_config(const std::string& path, std::optional<Role> role = {});

// load_config does the same for a caller that goes on only when all is well. Its error lists every
// mistake, one a line; code: configuration, or another one (tpm, io) when the file itself is right.
[[nodiscard]] Result<LoadedConfig> load_config(const std::string& path, std::optional<Role> role = {});

namespace openssl {
// make_context returns an SSL_CTX with the certificate, key, trust anchors and suites of `loaded`,
// attached as it says, and offering or taking up seatls/1 (ALPN) as `framing` says. The caller owns it
// (SSL_CTX_free).
[[nodiscard]] Result<ssl_ctx_st*> make_context(const LoadedConfig& loaded);
}  // namespace openssl

}  // namespace seatls
