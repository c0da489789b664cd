// The commented configuration files that `init` writes.
#pragma once

#include <string>

namespace seatls::cli {

enum class UseCase : std::uint8_t { server_attests, mutual, onboarding, optional_server, passport };
enum class Tee : std::uint8_t { tpm2, software };

struct InitPlan {
  UseCase use_case = UseCase::server_attests;
  Tee tee = Tee::software;
  std::string tcti;
  std::string listen = "127.0.0.1:8443";
  std::string connect = "localhost:8443";
  std::string verifier = "verifier.local";  // passport

  [[nodiscard]] bool server_attests() const { return use_case != UseCase::onboarding; }
  [[nodiscard]] bool client_attests() const {
    return use_case == UseCase::mutual || use_case == UseCase::onboarding;
  }
  // client_has_certificate: one of the CA, not an ephemeral one.
  [[nodiscard]] bool client_has_certificate() const { return use_case == UseCase::mutual; }
};

[[nodiscard]] std::string server_toml(const InitPlan& plan);
[[nodiscard]] std::string client_toml(const InitPlan& plan);

}  // namespace seatls::cli
