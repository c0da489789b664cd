#include "remote/challenge.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "codec/json.h"
#include "rats/media_type.h"

namespace seatls::remote {
namespace {

using std::chrono::milliseconds;
namespace json = codec::json;

constexpr std::string_view session_type = "application/vnd.veraison.challenge-response-session+json";
constexpr std::string_view problem_type = "application/problem+json";
constexpr std::string_view new_session = "/challenge-response/v1/newSession";
constexpr std::size_t longest_url = 2048;

Error unavailable(std::string what) {
  return {Code::verifier_unavailable, std::move(what), "remote verifier"};
}

// What a service says is told to people, and no more is done with it.
std::string printable(std::string_view text) {
  constexpr std::size_t longest = 200;
  std::string out(text.substr(0, longest));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return text.size() > longest ? out + "..." : out;
}

bool is_of_type(const net::HttpResponse& r, std::string_view wanted) {
  const auto type = rats::parse_media_type(r.header("content-type"));
  return type && type->type == wanted;
}

std::optional<milliseconds> retry_after(const net::HttpResponse& r) {
  const auto text = r.header("retry-after");  // seconds; a date is not worth two clocks
  if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::chrono::seconds(std::stoul(text));
}

// RFC 9457: {"type": …, "title": …, "status": …, "detail": …}
std::string told_problem(const net::HttpResponse& r) {
  std::string out;
  if (!is_of_type(r, problem_type)) return out;
  const auto problem = json::parse(text(r.body), {.depth = 8, .items = 1000});
  if (!problem) return out;
  for (const char* key : {"title", "detail"})
    if (const auto* member = problem->find(key))
      if (const auto said = member->as_text()) out += ": " + printable(*said);
  return out;
}

Trouble trouble_of_status(const net::HttpResponse& r, bool submitting) {
  Trouble t{.error = unavailable("it answers with status " + std::to_string(r.status) + told_problem(r)),
            .answered = true};
  if (r.status == 415 && !r.header("accept").empty())
    t.error.detail += "; it appraises " + printable(r.header("accept"));
  if (r.status >= 300 && r.status <= 399) t.error.detail += ", which is not followed";
  t.may_pass = r.status == 429 || r.status == 503;
  // Some services answer 500 to evidence that they cannot appraise: peers must not be able to have a verifier
  // taken for a broken one.
  t.its_fault = r.status >= 500 && !(submitting && r.status == 500);
  if (t.may_pass) t.retry_after = retry_after(r);
  return t;
}

Trouble nonsense(std::string what) {
  return {.error = unavailable(std::move(what)), .its_fault = true, .answered = true};
}

// "the code emits raw base64url", "docs example shows padded standard base64": both are read.
Result<Bytes> read_nonce(std::string_view text) {
  auto nonce = base::from_base64(text);
  if (!nonce) return std::move(nonce).error().in("nonce");
  if (nonce->size() < 8 || nonce->size() > 64)
    return Error{Code::length_out_of_range, "has " + std::to_string(nonce->size()) + " bytes; 8 to 64",
                 "nonce"};
  return nonce;
}

Result<Status> read_status(std::string_view text) {
  constexpr std::array<std::string_view, 4> names = {"waiting", "processing", "complete", "failed"};
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return Error{Code::unknown_value, "is \"" + printable(text) + "\"", "status"};
  return static_cast<Status>(found - names.begin());
}

Result<std::optional<std::string>> optional_text(const json::Value& object, const char* key) {
  const auto* member = object.find(key);
  if (member == nullptr) return std::optional<std::string>();
  const auto text = member->as_text();
  if (!text) return Error(text.error()).in(key);
  return std::optional(std::string(*text));
}

Result<std::vector<std::string>> read_accept(const json::Value& object) {
  std::vector<std::string> out;
  const auto* member = object.find("accept");
  if (member == nullptr) return out;
  if (member->array() == nullptr) return Error{Code::malformed, "is no list", "accept"};
  for (const auto& entry : *member->array()) {
    const auto type = entry.as_text();
    if (!type) return Error(type.error()).in("accept");
    out.emplace_back(*type);
  }
  return out;
}

// "evidence": {"type": …, "value": …} is what was sent; only its shape is looked at.
Result<void> check_echo(const json::Value& object) {
  const auto* echo = object.find("evidence");
  if (echo == nullptr) return {};
  if (echo->object() == nullptr) return Error{Code::malformed, "is no object", "evidence"};
  for (const char* key : {"type", "value"}) {
    const auto text = optional_text(*echo, key);
    if (!text) return Error(text.error()).in("evidence");
  }
  return {};
}

// The origin of an http or https address: "https://verifier.example:8443", the usual port written out.
struct Origin {
  std::string text;
  std::size_t size = 0;  // of what stands for it in the address
};
Result<Origin> origin_of(const std::string& url) {
  const bool https = url.starts_with("https://");
  if (!https && !url.starts_with("http://")) return Error{Code::malformed, "is no web address", "Location"};
  const std::size_t start = https ? 8 : 7;
  const std::size_t end = std::min(url.find_first_of("/?#", start), url.size());
  std::string text = url.substr(0, end);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  const auto colon = text.rfind(':');
  if (colon < start || text.ends_with(']')) text += https ? ":443" : ":80";
  if (text.find('@') != std::string::npos) return Error{Code::malformed, "names a user", "Location"};
  return Origin{std::move(text), end};
}

bool has_dots(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

std::string new_session_url(const std::string& base) {
  std::string url = base;
  while (url.ends_with('/')) url.pop_back();
  return url + std::string(new_session);
}

}  // namespace

Trouble trouble_of_exchange(const Error& error) {
  const bool passes = error.code == Code::network || error.code == Code::timed_out;
  return {.error = unavailable(error.detail),
          .may_pass = passes,
          .its_fault = passes || error.code == Code::limit_exceeded};
}

net::HttpRequest open_session(const Opening& o) {
  std::string query = o.nonce ? "?nonce=" + base::to_base64url(*o.nonce) : "?nonceSize=32";
  if (!o.tik.der().empty()) query += "&tik=" + base::to_base64url(o.tik.der());
  if (o.binds_tik) query += "&binds=tik";
  return {.method = "POST",
          .url = new_session_url(o.base) + query,
          .headers = {{"Accept", std::string(session_type)}, {"Content-Type", "application/octet-stream"}}};
}

Outcome<Session> read_session(const net::HttpResponse& r, const Opening& opening) {
  if (r.status != 201) return trouble_of_status(r, false);
  if (!is_of_type(r, session_type))
    return nonsense("what it calls a session is \"" + printable(r.header("content-type")) + "\"");
  auto url = resolve(r.header("location"), new_session_url(opening.base));
  if (!url) return nonsense("the session's address cannot be used: " + url.error().message());
  auto body = read_session_body(r.body);
  if (!body) return nonsense("the session cannot be read: " + body.error().message());
  if (body->status != Status::waiting) return nonsense("a new session does not wait for evidence");
  if (opening.nonce && body->nonce != *opening.nonce) return nonsense("the session is for another nonce");
  return Session{std::move(*url), std::move(body->nonce)};
}

Result<Submission> submission_of(const Cmw& evidence) {
  SEATLS_TRY(auto body, encode_cmw(evidence));
  return Submission{evidence.form() == CmwForm::json ? "application/cmw+json" : "application/cmw+cbor",
                    std::move(body)};
}

net::HttpRequest submit(const Session& session, const Submission& submission) {
  return {.method = "POST",
          .url = session.url,
          .headers = {{"Accept", std::string(session_type)}, {"Content-Type", submission.type}},
          .body = submission.body};
}

net::HttpRequest poll(const Session& session) {
  return {.url = session.url, .headers = {{"Accept", std::string(session_type)}}};
}

Outcome<Progress> read_progress(const net::HttpResponse& r, const Session& session) {
  if (r.status != 200 && r.status != 202) return trouble_of_status(r, true);
  if (!is_of_type(r, session_type))
    return nonsense("what it calls a session is \"" + printable(r.header("content-type")) + "\"");
  auto body = read_session_body(r.body);
  if (!body) return nonsense("the session cannot be read: " + body.error().message());
  if (body->nonce != session.nonce) return nonsense("the session is for another nonce");
  switch (body->status) {
    case Status::waiting: return Unsubmitted{};
    case Status::processing: return Pending{retry_after(r)};
    case Status::failed:
      return Trouble{.error = unavailable("it could not appraise the evidence: the session failed"),
                     .answered = true};
    case Status::complete: break;
  }
  if (!body->result) return nonsense("the session is complete, and has no result");
  return Verdict{std::move(*body->result)};
}

Result<SessionBody> read_session_body(ByteView body) {
  SEATLS_TRY(const auto object, json::parse(text(body), {.depth = 8, .items = 10'000}));
  if (object.object() == nullptr) return Error{Code::malformed, "is no object", "session"};
  SessionBody out;
  SEATLS_TRY(const auto status, optional_text(object, "status"));
  SEATLS_TRY(const auto nonce, optional_text(object, "nonce"));
  if (!status) return Error{Code::malformed, "is missing", "status"};
  if (!nonce) return Error{Code::malformed, "is missing", "nonce"};
  SEATLS_TRY(out.status, read_status(*status));
  SEATLS_TRY(out.nonce, read_nonce(*nonce));
  SEATLS_TRY(out.expiry, optional_text(object, "expiry"));
  SEATLS_TRY(out.accept, read_accept(object));
  SEATLS_CHECK(check_echo(object));
  SEATLS_TRY(out.result, optional_text(object, "result"));
  return out;
}

Result<std::string> resolve(const std::string& location, const std::string& from) {
  // Letters of a path, and no "%": what an encoded one means is the server's to say.
  const bool plain = std::ranges::all_of(location, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-._~:[]?=&").find(c) != std::string_view::npos;
  });
  if (location.empty() || location.size() > longest_url || !plain)
    return Error{Code::malformed, "\"" + printable(location) + "\" is no address of a session", "Location"};
  SEATLS_TRY(const auto own, origin_of(from));
  const std::string origin = from.substr(0, own.size);
  std::string out;
  if (location.find("://") != std::string::npos) {
    SEATLS_TRY(const auto theirs, origin_of(location));
    if (theirs.text != own.text)
      return Error{Code::malformed, "leads to another server, " + printable(theirs.text), "Location"};
    out = origin + location.substr(theirs.size);
  } else if (location.starts_with("//") || location.find(':') != std::string::npos) {
    return Error{Code::malformed, "\"" + printable(location) + "\" leads to another server", "Location"};
  } else if (location.starts_with('/')) {
    out = origin + location;
  } else {
    const auto path = std::string_view(from).substr(0, from.find_first_of("?#"));
    out = std::string(path.substr(0, path.rfind('/') + 1)) + location;
  }
  if (has_dots(std::string_view(out).substr(own.size)))
    return Error{Code::malformed, "\"" + printable(location) + "\" leads around", "Location"};
  return out;
}

}  // namespace seatls::remote
