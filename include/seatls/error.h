// Result<T> and Error: how every function of seatls fails. No exception crosses a public function.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace seatls {

// Category says whose fault it is, and so who can mend it.
enum class Category : std::uint8_t {
  decode,              // the bytes cannot be parsed
  peer_misbehaved,     // the bytes parse, but break the protocol
  peer_incompatible,   // both sides are honest and do not fit
  appraisal_rejected,  // evidence or a result was judged and refused
  unavailable,         // a verifier, an attester, the network is not there
  local,               // configuration or environment of this endpoint
  misuse,              // the caller broke a contract
};

// Code names one reason, stable across versions: see errors.def.
enum class Code : std::uint8_t {
#define SEATLS_ERROR(code, category, alert, sentence) code,
#include "seatls/errors.def"
#undef SEATLS_ERROR
};

// Alert is what a peer is told. The last three are SEAT's: no number is assigned to them yet, so
// AlertMap turns them into numbers that a TLS stack can send.
enum class Alert : std::uint16_t {
  unexpected_message = 10,
  handshake_failure = 40,
  bad_certificate = 42,
  illegal_parameter = 47,
  decode_error = 50,
  decrypt_error = 51,
  protocol_version = 70,
  internal_error = 80,
  missing_extension = 109,
  unsupported_extension = 110,
  unsupported_attestation_schemes = 0x100,
  attestation_required = 0x101,
  attestation_failed = 0x102,
};

enum class Role : std::uint8_t { client, server };
constexpr Role other(Role r) { return r == Role::client ? Role::server : Role::client; }

// AlertMap gives SEAT's three alerts a number: docs/protocol, Decision 2.
struct AlertMap {
  std::uint8_t unsupported_attestation_schemes = 40;  // handshake_failure
  std::uint8_t attestation_required_of_client = 116;  // certificate_required: a server refuses a client
  std::uint8_t attestation_required_of_server = 40;   // handshake_failure: a client refuses a server
  std::uint8_t attestation_failed = 49;               // access_denied

  // number returns the alert description byte that an endpoint in `sender`'s role sends.
  [[nodiscard]] std::uint8_t number(Alert alert, Role sender) const;
};

[[nodiscard]] Category category(Code code);
[[nodiscard]] Alert alert(Code code);
[[nodiscard]] std::string_view name(Code code);  // "binder_mismatch"
[[nodiscard]] std::string_view name(Category category);
[[nodiscard]] std::string_view sentence(Code code);  // for operators
[[nodiscard]] std::optional<Code> code_from_name(std::string_view name);

// Error is a reason (`code`), the facts (`detail`: field, value, limit, remedy) and the place
// (`path`: "server Certificate[0] > remoteAttestation > cmw > eat_nonce").
struct Error {
  Code code = Code::internal;
  std::string detail;
  std::string path;

  // in returns the same error with `place` put before its path.
  [[nodiscard]] Error in(std::string_view place) &&;
  // message returns one line for an operator: sentence, path and detail.
  [[nodiscard]] std::string message() const;

  bool operator==(const Error&) const = default;
};

// Result<T> holds a T or the Error that prevented it. Reading the wrong side aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return v_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return expect(std::get_if<0>(&v_)); }
  [[nodiscard]] const T& value() const& { return expect(std::get_if<0>(&v_)); }
  [[nodiscard]] T&& value() && { return std::move(expect(std::get_if<0>(&v_))); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& { return expect(std::get_if<1>(&v_)); }
  [[nodiscard]] Error&& error() && { return std::move(expect(std::get_if<1>(&v_))); }

 private:
  template <class P>
  static P& expect(P* p) {
    if (p == nullptr) std::abort();
    return *p;
  }
  std::variant<T, Error> v_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (error_) std::abort();
  }
  [[nodiscard]] const Error& error() const& {
    if (!error_) std::abort();
    return *error_;
  }
  [[nodiscard]] Error&& error() && {
    if (!error_) std::abort();
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

// SEATLS_TRY(auto cmw, parse_cmw(bytes)) declares `cmw`, or returns the error from the enclosing
// function. SEATLS_CHECK(f()) does the same for a Result<void>.
#define SEATLS_CONCAT_(a, b) a##b
#define SEATLS_CONCAT(a, b) SEATLS_CONCAT_(a, b)
#define SEATLS_TRY(declaration, expression) \
  SEATLS_TRY_(declaration, expression, SEATLS_CONCAT(seatls_result_, __LINE__))
#define SEATLS_TRY_(declaration, expression, tmp) \
  auto tmp = (expression);                        \
  if (!tmp) return std::move(tmp).error();        \
  declaration = std::move(tmp).value()
#define SEATLS_CHECK(expression)                                                                    \
  do {                                                                                              \
    if (auto seatls_check_ = (expression); !seatls_check_) return std::move(seatls_check_).error(); \
  } while (false)

}  // namespace seatls
