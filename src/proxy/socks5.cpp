// SOCKS5 (RFC 1928): no authentication, CONNECT only.
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "proxy/preface.h"

namespace seatls::proxy {
namespace {

constexpr std::uint8_t version = 5, no_authentication = 0, none_acceptable = 0xff, connect = 1;
constexpr std::uint8_t ipv4 = 1, domain = 3, ipv6 = 4;
enum Answer : std::uint8_t {
  succeeded = 0,
  general_failure = 1,
  not_allowed = 2,
  host_unreachable = 4,
  command_unsupported = 7,
  address_unsupported = 8,
};
constexpr std::size_t most_rest = 64U << 10U;

class Socks5 final : public Preface {
 public:
  Result<std::optional<Target>> take(ByteView data) override {
    if (in_.size() + data.size() > most_rest)
      return Error{Code::limit_exceeded, "too much at once", "SOCKS5"};
    in_.insert(in_.end(), data.begin(), data.end());
    if (!greeted_) {
      SEATLS_TRY(greeted_, greet());
      if (!greeted_) return std::optional<Target>();
    }
    return request();
  }
  Bytes reply() override { return std::exchange(reply_, {}); }
  [[nodiscard]] ByteView rest() const override { return ByteView(in_).subspan(used_); }
  Bytes granted() override { return answer(succeeded); }
  Bytes refused(const Error& error) override {
    switch (category(error.code)) {
      case Category::unavailable: return answer(host_unreachable);
      case Category::local: return answer(error.code == Code::configuration ? not_allowed : general_failure);
      default: return answer(general_failure);
    }
  }

 private:
  // RFC 1928, section 6; the bound address is nobody's business.
  static Bytes answer(Answer code) { return {version, code, 0, ipv4, 0, 0, 0, 0, 0, 0}; }

  // say adds to the reply: a program that did not wait for the first answer gets both.
  void say(const Bytes& words) { reply_.insert(reply_.end(), words.begin(), words.end()); }

  Error refuse(Answer code, const std::string& what) {
    say(answer(code));
    return {Code::malformed, what, "SOCKS5"};
  }

  // greet reads VER NMETHODS METHODS.
  Result<bool> greet() {
    const auto in = rest();
    if (!in.empty() && in[0] != version) return Error{Code::malformed, "another version than 5", "SOCKS5"};
    if (in.size() < 2 || in.size() < 2U + in[1]) return false;
    const auto methods = in.subspan(2, in[1]);
    if (std::ranges::find(methods, no_authentication) == methods.end()) {
      say({version, none_acceptable});
      return Error{Code::malformed, "the program insists on authentication", "SOCKS5"};
    }
    used_ += 2 + methods.size();
    say({version, no_authentication});
    return true;
  }

  // request reads VER CMD RSV ATYP DST.ADDR DST.PORT.
  Result<std::optional<Target>> request() {
    const auto in = rest();
    if (!in.empty() && in[0] != version) return refuse(general_failure, "another version than 5");
    if (in.size() < 5) return std::optional<Target>();
    if (in[1] != connect) return refuse(command_unsupported, "another command than CONNECT");
    if (in[2] != 0) return refuse(general_failure, "the reserved byte is not 0");
    std::size_t start = 4, length = 0;
    switch (in[3]) {
      case ipv4: length = 4; break;
      case ipv6: length = 16; break;
      case domain:
        start = 5;
        length = in[4];
        break;
      default: return refuse(address_unsupported, "an unknown type of address");
    }
    if (in.size() < start + length + 2) return std::optional<Target>();
    const auto address = in.subspan(start, length);
    Target target;
    if (in[3] == domain) {
      target.host = text(address);
      const auto good = [](unsigned char c) { return c > ' ' && c < 0x7f; };
      if (target.host.empty() || !std::ranges::all_of(target.host, good))
        return refuse(address_unsupported, "this is no name of a host");
    } else {
      std::array<char, INET6_ADDRSTRLEN> written{};
      target.host =
          inet_ntop(in[3] == ipv4 ? AF_INET : AF_INET6, address.data(), written.data(), written.size());
    }
    const auto port = in.subspan(start + length, 2);
    target.port = static_cast<std::uint16_t>(port[0] << 8U | port[1]);
    used_ += start + length + 2;
    return std::optional(std::move(target));
  }

  Bytes in_, reply_;
  std::size_t used_ = 0;
  bool greeted_ = false;
};

}  // namespace

std::unique_ptr<Preface> make_socks5() { return std::make_unique<Socks5>(); }

}  // namespace seatls::proxy
