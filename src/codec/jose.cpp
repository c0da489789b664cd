#include "codec/jose.h"

#include <algorithm>

#include "base/encoding.h"

namespace seatls::codec::jose {
namespace {

Error malformed(std::string what) { return {Code::malformed, std::move(what), "JWS"}; }

Result<Bytes> part(std::string_view text, std::string_view name) {
  auto decoded = base::from_base64url(text);
  if (!decoded) return std::move(decoded).error().in("JWS > " + std::string(name));
  return decoded;
}

}  // namespace

std::optional<std::string> CompactJws::kid() const {
  const auto* v = header.find("kid");
  if (v == nullptr) return std::nullopt;
  const auto t = v->as_text();
  return t ? std::optional(std::string(*t)) : std::nullopt;
}

Result<CompactJws> parse_compact_jws(std::string_view input, const json::Limits& limits) {
  if (std::count(input.begin(), input.end(), '.') != 2) return malformed("has not exactly three parts");
  const auto first = input.find('.'), second = input.find('.', first + 1);
  SEATLS_TRY(const Bytes header, part(input.substr(0, first), "header"));
  CompactJws out;
  SEATLS_TRY(out.payload, part(input.substr(first + 1, second - first - 1), "payload"));
  SEATLS_TRY(out.signature, part(input.substr(second + 1), "signature"));
  out.signing_input = std::string(input.substr(0, second));

  auto parsed = json::parse(text(header), limits);
  if (!parsed) return std::move(parsed).error().in("JWS > header");
  out.header = std::move(parsed).value();
  if (out.header.object() == nullptr) return malformed("the header is no object");
  // Nothing that `crit` could name is understood here.
  if (out.header.find("crit") != nullptr)
    return Error{Code::unknown_critical, "the header marks parameters as critical", "JWS > crit"};
  const auto* algorithm = out.header.find("alg");
  if (algorithm == nullptr) return malformed("the header names no algorithm");
  auto name = algorithm->as_text();
  if (!name) return std::move(name).error().in("JWS > alg");
  out.algorithm = std::string(*name);
  return out;
}

Result<std::string> make_signing_input(const json::Value& header, ByteView payload) {
  SEATLS_TRY(const std::string written, json::write(header));
  return base::to_base64url(view(written)) + "." + base::to_base64url(payload);
}

std::string join_compact_jws(std::string_view signing_input, ByteView signature) {
  return std::string(signing_input) + "." + base::to_base64url(signature);
}

}  // namespace seatls::codec::jose
