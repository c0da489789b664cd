// The conversation with a verifier service, as its client speaks it: Veraison's challenge-response API, and
// what seatls adds to it (docs/usage/remote-verifier.md). Requests are made and answers are read; nobody is
// asked here.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/http.h"
#include "seatls/bytes.h"
#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::remote {

inline constexpr std::size_t largest_answer = 1U << 20U;

// Trouble is why an answer brings the conversation no further, and what is worth doing about it.
struct Trouble {
  Error error{};           // verifier_unavailable
  bool may_pass = false;   // the same may be asked again, after a while
  bool its_fault = false;  // the service fails, and not on what was asked of it
  bool answered = false;   // it is there
  std::optional<std::chrono::milliseconds> retry_after{};
};
template <class T>
using Outcome = std::variant<T, Trouble>;

// trouble_of_exchange tells what it means that there is no answer at all.
[[nodiscard]] Trouble trouble_of_exchange(const Error& error);

// ---- POST …/newSession -------------------------------------------------------------------------

struct Opening {
  std::string base{};          // "https://verifier.example:8443"
  std::optional<Bytes> nonce;  // 8 to 64 bytes; nothing: the service makes one of 32
  Spki tik{Bytes{}};           // that the result is to be about
  bool binds_tik = false;      // evidence is made over nonce and TIK (docs/protocol, Decision 17)
};
[[nodiscard]] net::HttpRequest open_session(const Opening& opening);

// Session is one that waits for evidence.
struct Session {
  std::string url;
  Bytes nonce;
};
// read_session reads the answer to open_session. The nonce is the one that was given, and the session's
// address is of the same origin.
[[nodiscard]] Outcome<Session> read_session(const net::HttpResponse& response, const Opening& opening);

// ---- POST …/session/{id}, and GET --------------------------------------------------------------

struct Submission {
  std::string type;  // media type
  Bytes body;
};
[[nodiscard]] Result<Submission> submission_of(const Cmw& evidence);
[[nodiscard]] net::HttpRequest submit(const Session& session, const Submission& submission);
[[nodiscard]] net::HttpRequest poll(const Session& session);

struct Unsubmitted {};  // the session waits for evidence still
struct Pending {
  std::optional<std::chrono::milliseconds> retry_after;
};
struct Verdict {
  std::string ear;  // a JWT: nothing of it was looked at
};
using Progress = std::variant<Unsubmitted, Pending, Verdict>;
// read_progress reads the answer to `submit` or `poll`.
[[nodiscard]] Outcome<Progress> read_progress(const net::HttpResponse& response, const Session& session);

// ---- what the answers hold ---------------------------------------------------------------------

enum class Status : std::uint8_t { waiting, processing, complete, failed };
struct SessionBody {
  Status status = Status::failed;
  Bytes nonce;
  std::optional<std::string> expiry;
  std::vector<std::string> accept;  // media types
  std::optional<std::string> result;
};
// read_session_body reads the session's JSON strictly. Errors: category decode.
[[nodiscard]] Result<SessionBody> read_session_body(ByteView body);

// resolve makes an address of a Location header, which may be relative to `from`. It does not leave the
// origin. Errors: malformed.
[[nodiscard]] Result<std::string> resolve(const std::string& location, const std::string& from);

}  // namespace seatls::remote
