// Messages between the library inside of a program and the helper that `seatls exec` runs: one question
// and one answer per connection of a Unix socket, each a length of four bytes and a CBOR array. What can
// be known in one process alone (the TPM, keys, the policy, the evidence seen before) stays with the
// helper; what belongs to a connection (transcript, binder, verification) stays with the library.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/cmw.h"
#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/result.h"
#include "seatls/scheme.h"
#include "seatls/verifier.h"

namespace seatls::preload {

// A credential has at most 64 KiB; keys, claims and reasons go beside it.
inline constexpr std::size_t largest_message = 512 * 1024;

// ---- what the library is told first

// RoleSettings is what connections of one role show and demand.
struct RoleSettings {
  std::uint16_t extension_type = 0;
  std::chrono::milliseconds credential_timeout{};
  bool attests = false;
  std::size_t longest_binder = 0;
  std::optional<Require> require;            // without its verifier
  std::vector<AttestationScheme> appraises;  // what that verifier does
  std::string name;                          // that a server's certificate must have; empty: SNI's
  std::vector<std::string> suites;           // empty: the program's own
  std::vector<std::string> dangers;
};

struct Settings {
  std::optional<RoleSettings> client, server;
  bool danger_other_plain = false;  // a role without settings passes; otherwise it is refused
};

// ---- what becomes of connections

// Event is one connection's end of the handshake, for the log.
struct Event {
  Role role = Role::client;
  std::string address;  // of the peer; empty: not known
  std::optional<Error> refused;
  bool attested = false;
  std::string verdict, scheme, policy;  // of an attested peer
  std::vector<std::pair<std::string, std::string>> claims;
  bool pki_verified = false;
  std::string peer_name;
  std::string self_scheme;  // empty: this end did not attest itself
  std::string suite;
  std::vector<std::string> dangers;
};

// ---- questions

struct AskSettings {};
struct AskSchemes {  // that can be attested now
  Role role;
};
struct AskAttest {
  Role role;
  EvidenceRequest request;
};
struct AskAppraise {
  Role role;
  AppraisalRequest request;
};
struct Tell {
  Event event;
};
using Question = std::variant<AskSettings, AskSchemes, AskAttest, AskAppraise, Tell>;

[[nodiscard]] Result<Bytes> encode(const Question& question);
[[nodiscard]] Result<Question> parse_question(ByteView message);

// ---- answers: of the kind that the question asks for, or an error
struct Told {};
using Answer = std::variant<Settings, std::vector<AttestationScheme>, Cmw, AttestationResult, Told>;

[[nodiscard]] Result<Bytes> encode(const Result<Answer>& answer);
// parse_answer returns the error that the helper answered with as its own.
[[nodiscard]] Result<Answer> parse_answer(ByteView message);

}  // namespace seatls::preload
