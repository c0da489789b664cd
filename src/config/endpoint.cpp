// [endpoint]: role, addresses, suites.
#include <algorithm>

#include "config/draft.h"
#include "config/text.h"
#include "net/http.h"

namespace seatls::config {
namespace {

void read_role(Draft& d, std::optional<Role> expected) {
  const auto role = d.file.text("endpoint.role");
  if (role.empty()) {
    if (!d.file.mentioned("endpoint.role"))
      d.wrong("endpoint.role", "the role is missing",
              "write role = \"server\" or role = \"client\" below [endpoint]");
    if (expected) d.out.config.role = *expected;
    return;
  }
  d.out.config.role = role == "server" ? Role::server : Role::client;
  if (expected && *expected != d.out.config.role)
    d.wrong("endpoint.role", "this is a " + role + "'s configuration",
            *expected == Role::server ? "`seatls serve` needs one with role = \"server\""
                                      : "`seatls connect` needs one with role = \"client\"");
}

void read_address(Draft& d, std::string_view key, Role whose, std::string* into) {
  if (!d.file.has(key)) return;
  if (d.out.config.role != whose && !d.file.text("endpoint.role").empty()) {
    d.wrong(key, "the role " + d.file.text("endpoint.role") + " has no such key",
            whose == Role::server ? "a client writes connect = \"HOST:PORT\""
                                  : "a server writes listen = \"ADDRESS:PORT\"");
    return;
  }
  d.address(key, into);
}

}  // namespace

void Draft::wrong_file(std::string_view key, const Error& error, std::string remedy) {
  std::string what = std::string(sentence(error.code));
  if (!error.path.empty()) what += " At " + error.path + ".";
  if (!error.detail.empty()) what += " " + error.detail;
  if (what.ends_with('.')) what.pop_back();  // message() ends the sentence
  wrong(key, std::move(what), std::move(remedy), error.code);
}

std::optional<std::int64_t> Draft::number(std::string_view key, std::int64_t least, std::int64_t most,
                                          std::string_view remedy) {
  if (!file.has(key)) return std::nullopt;
  const auto value = file.number(key);
  if (value >= least && value <= most) return value;
  wrong(key,
        std::to_string(value) + " lies outside of " + std::to_string(least) + " to " + std::to_string(most),
        std::string(remedy));
  return std::nullopt;
}

void Draft::address(std::string_view key, std::string* into) {
  if (!file.has(key)) return;
  const auto text = file.text(key);
  if (const auto parsed = parse_host_port(text); !parsed)
    wrong(key, "this is no address", parsed.error().detail);
  else
    *into = text;
}

void Draft::count(std::string_view key, std::int64_t least, std::int64_t most, std::uint32_t* into) {
  const auto given = number(key, least, most, "leave the key out for " + std::to_string(*into));
  if (given) *into = static_cast<std::uint32_t>(*given);
}

void Draft::check_url(std::string_view key, const std::string& url, bool plain_http,
                      std::string_view danger) {
  if (const auto good = net::check_url(url, plain_http); !good)
    wrong(key, good.error().detail,
          "write an https address; http is for this machine alone, or with danger." + std::string(danger));
}

std::optional<std::chrono::milliseconds> Draft::duration(std::string_view key, const Between& limits,
                                                         std::string_view remedy) {
  if (!file.has(key)) return {};
  const auto value = parse_duration(file.text(key));
  if (!value)
    wrong(key, "this is no duration", value.error().detail);
  else if (*value < limits.least || *value > limits.most)
    wrong(key, "\"" + file.text(key) + "\" lies outside of " + std::string(limits.text), std::string(remedy));
  else
    return *value;
  return {};
}

std::optional<std::string> Draft::content(std::string_view key) {
  auto read = read_text_file(resolve(file.text(key)));
  if (read) return std::move(*read);
  wrong_file(
      key, read.error(),
      "give a readable file; names are looked for beside this one. `seatls init` makes what a start needs");
  return {};
}

void read_endpoint(Draft& d, std::optional<Role> role) {
  if (!d.file.has_table("endpoint") && !d.file.mentioned("endpoint"))
    d.mistakes.add(0, "endpoint", "the section [endpoint] is missing",
                   "write [endpoint] with role, certificate and key; `seatls init` makes an example");
  else
    read_role(d, role);
  read_address(d, "endpoint.listen", Role::server, &d.out.listen);
  read_address(d, "endpoint.connect", Role::client, &d.out.connect);

  d.out.suites = d.file.texts("endpoint.suites");
  if (d.file.has("endpoint.suites") && d.out.suites.empty())
    d.wrong("endpoint.suites", "no suite is left", "name at least one, or leave the key out");

  if (d.file.has("endpoint.extension_type")) {
    const auto type = d.file.number("endpoint.extension_type");
    if (type < 1 || type > 0xffff)
      d.wrong("endpoint.extension_type", std::to_string(type) + " is no TLS extension type",
              "write a number from 1 to 65535; the default is 0xFF5E");
    else
      d.out.config.extension_type = static_cast<std::uint16_t>(type);
  }
  using namespace std::chrono_literals;
  if (const auto limit =
          d.duration("endpoint.credential_timeout", {100ms, 10min, "100ms to 10m"}, "the default is \"10s\""))
    d.out.config.credential_timeout = *limit;
}

}  // namespace seatls::config
