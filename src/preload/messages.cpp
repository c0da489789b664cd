#include "preload/messages.h"

#include "preload/fields.h"
#include "preload/values.h"

namespace seatls::preload {

namespace cbor = codec::cbor;

namespace {

// The library and the helper are of one build; another one's messages are refused.
constexpr std::uint64_t version = 1;

enum class Kind : std::uint8_t { settings, schemes, attest, appraise, tell };
enum class Outcome : std::uint8_t { settings, schemes, credential, result, told, error };

template <class E>
cbor::Value number(E value) {
  return cbor::integer(static_cast<std::int64_t>(value));
}

struct Writer {
  Result<cbor::Array> operator()(const AskSettings&) const { return cbor::Array{number(Kind::settings)}; }
  Result<cbor::Array> operator()(const AskSchemes& q) const {
    return cbor::Array{number(Kind::schemes), number(q.role)};
  }
  Result<cbor::Array> operator()(const AskAttest& q) const {
    return cbor::Array{number(Kind::attest), number(q.role), to_value(q.request.scheme),
                       to_value(q.request.binder)};
  }
  Result<cbor::Array> operator()(const AskAppraise& q) const {
    SEATLS_TRY(auto credential, to_value(q.request.credential));
    return cbor::Array{number(Kind::appraise),     number(q.role),
                       to_value(q.request.scheme), std::move(credential),
                       to_value(q.request.binder), cbor::bytes(q.request.credential_digest)};
  }
  Result<cbor::Array> operator()(const Tell& q) const {
    return cbor::Array{number(Kind::tell), to_value(q.event)};
  }

  Result<cbor::Array> operator()(const Settings& a) const {
    return cbor::Array{number(Outcome::settings), to_value(a)};
  }
  Result<cbor::Array> operator()(const std::vector<AttestationScheme>& a) const {
    return cbor::Array{number(Outcome::schemes), to_value(a)};
  }
  Result<cbor::Array> operator()(const Cmw& a) const {
    SEATLS_TRY(auto credential, to_value(a));
    return cbor::Array{number(Outcome::credential), std::move(credential)};
  }
  Result<cbor::Array> operator()(const AttestationResult& a) const {
    return cbor::Array{number(Outcome::result), to_value(a)};
  }
  Result<cbor::Array> operator()(const Told&) const {
    return cbor::Array{number(Outcome::told), cbor::Value()};
  }
};

Result<Bytes> write(Result<cbor::Array> body) {
  if (!body) return std::move(body).error();
  cbor::Array message{number(version)};
  for (auto& item : *body) message.push_back(std::move(item));
  SEATLS_TRY(Bytes encoded, cbor::encode(cbor::array(std::move(message))));
  if (encoded.size() > largest_message)
    return Error{Code::limit_exceeded, "a message to or from the helper is too large", {}};
  return encoded;
}

bool known_role(Role role) { return role == Role::client || role == Role::server; }

Result<Question> read_question(Kind kind, Fields& f) {
  if (kind == Kind::settings) return Question(AskSettings{});
  if (kind == Kind::tell) {
    SEATLS_TRY(Event event, read_event(f.item()));
    return Question(Tell{std::move(event)});
  }
  const Role role = f.one_of<Role>(known_role);
  if (kind == Kind::schemes) return Question(AskSchemes{role});
  SEATLS_TRY(AttestationScheme scheme, read_scheme(f.item()));
  if (kind == Kind::attest) {
    SEATLS_TRY(Binder binder, read_binder(f.item()));
    return Question(AskAttest{role, {std::move(scheme), std::move(binder)}});
  }
  SEATLS_TRY(Cmw credential, read_cmw(f.item()));
  SEATLS_TRY(Binder binder, read_binder(f.item()));
  return Question(
      AskAppraise{role, {std::move(scheme), std::move(credential), std::move(binder), f.bytes()}});
}

Result<Answer> read_answer(Outcome outcome, Fields& f) {
  switch (outcome) {
    case Outcome::settings: {
      SEATLS_TRY(Settings settings, read_settings(f.item()));
      return Answer(std::move(settings));
    }
    case Outcome::schemes: {
      SEATLS_TRY(auto schemes, read_schemes(f.item()));
      return Answer(std::move(schemes));
    }
    case Outcome::credential: {
      SEATLS_TRY(Cmw credential, read_cmw(f.item()));
      return Answer(std::move(credential));
    }
    case Outcome::result: {
      SEATLS_TRY(AttestationResult result, read_result(f.item()));
      return Answer(std::move(result));
    }
    case Outcome::told:
      if (!f.null()) f.fail("says more than it should");
      return Answer(Told{});
    case Outcome::error: break;
  }
  return read_error(f.item());
}

// The version comes first, so that a helper of another build is told from a malformed message.
template <class Kinds, class T>
Result<T> read(ByteView message, Kinds last, Result<T> (*body)(Kinds, Fields&)) {
  SEATLS_TRY(const cbor::Value value, cbor::parse(message));
  Fields f(value, "a message");
  if (const auto theirs = f.number(255); f.ok() && theirs != version)
    return Error{Code::misuse, "the preload library and the helper are of different versions", {}};
  const auto kind = f.one_of<Kinds>([last](Kinds k) { return k <= last; });
  if (!f.ok()) return std::move(f.done()).error();
  Result<T> result = body(kind, f);
  if (result) SEATLS_CHECK(f.done());
  return result;
}

}  // namespace

Result<Bytes> encode(const Question& question) { return write(std::visit(Writer(), question)); }

Result<Bytes> encode(const Result<Answer>& answer) {
  if (answer) return write(std::visit(Writer(), *answer));
  return write(cbor::Array{number(Outcome::error), to_value(answer.error())});
}

Result<Question> parse_question(ByteView message) { return read(message, Kind::tell, read_question); }

Result<Answer> parse_answer(ByteView message) { return read(message, Outcome::error, read_answer); }

}  // namespace seatls::preload
