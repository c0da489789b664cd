// Terminators: programs that end TLS for a service behind them. Each is a process of its own, so that the
// kernel counts its processor time and its memory apart from everybody else's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "seatls/error.h"

namespace seatls::bench {

// What all of them are given alike: TLS 1.3, one certificate and key (P-256), no tickets, no session cache,
// one thread or worker. The client chooses group and suite.
struct TerminatorSetup {
  std::filesystem::path folder;  // has server.pem, server.key and both.pem, and takes the configuration
  std::uint16_t port = 0;        // of 127.0.0.1, where it listens
  std::uint16_t upstream = 0;    // of 127.0.0.1, where it forwards to
};

// Kind is one program and how it is run.
struct Kind {
  std::string name;
  std::string program;  // its path; empty: not installed here
  // command writes the configuration and returns the arguments.
  std::vector<std::string> (*command)(const TerminatorSetup&);
};
// plain_kinds are seatls without attestation and the others, installed or not; attested_kind is seatls whose
// evidence is in the handshake.
[[nodiscard]] std::vector<Kind> plain_kinds();
[[nodiscard]] Kind attested_kind();

class Terminator {
 public:
  // start waits until connections are taken. Errors: io, timed_out with what the program wrote.
  [[nodiscard]] static Result<std::unique_ptr<Terminator>> start(const Kind& kind, TerminatorSetup setup);
  ~Terminator();
  Terminator(const Terminator&) = delete;
  Terminator& operator=(const Terminator&) = delete;

  [[nodiscard]] std::uint16_t port() const { return setup_.port; }
  // Of the process and its workers.
  [[nodiscard]] double cpu_seconds() const;
  [[nodiscard]] double memory_kib() const;  // proportional set size

 private:
  explicit Terminator(TerminatorSetup setup) : setup_(std::move(setup)) {}
  [[nodiscard]] std::vector<pid_t> processes() const;
  const TerminatorSetup setup_;
  pid_t pid_ = -1;
};

// free_port is one that nobody listens at.
[[nodiscard]] Result<std::uint16_t> free_port();

}  // namespace seatls::bench
